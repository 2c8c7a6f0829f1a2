"""Ambient occlusion per vertex: cosine-weighted rays against the whole car and the ground."""
import numpy as np
import bpy  # noqa: F401, makes mathutils importable
from mathutils import Vector
from mathutils.bvhtree import BVHTree


def bake(parts, rays=40, reach=1.2, skip=("glass",)):
    """Sets `ao` of the parts with x >= 0 vertices only and mirrors the rest; expects both halves present."""
    solid = [p for p in parts if not p.material.startswith(skip)]
    base = np.cumsum([0] + [len(p.v) for p in solid])
    v = np.concatenate([p.v for p in solid])
    t = np.concatenate([p.t + b for p, b in zip(solid, base)])
    k = len(v)
    v = np.concatenate([v, [(-6, 0, -6), (6, 0, -6), (6, 0, 6), (-6, 0, 6)]])
    t = np.concatenate([t, [[k, k + 2, k + 1], [k, k + 3, k + 2]]])
    tree = BVHTree.FromPolygons(v.tolist(), t.tolist())
    i = np.arange(rays)
    r, phi = np.sqrt((i + 0.5) / rays), i * 2.399963
    local = np.stack([r * np.cos(phi), r * np.sin(phi), np.sqrt(1 - r * r)], 1)
    cache = {}
    cast = tree.ray_cast
    for p in parts:
        key = np.round(np.stack([np.abs(p.v[:, 0]), p.v[:, 1], p.v[:, 2], p.n[:, 0] * np.where(p.v[:, 0] < 0, -1, 1), p.n[:, 1], p.n[:, 2]], 1), 3)
        out = np.empty(len(p.v))
        for j in range(len(p.v)):
            kk = key[j].tobytes()
            hit = cache.get(kk)
            if hit is None:
                n = p.n[j] / max(np.linalg.norm(p.n[j]), 1e-9)
                a = np.cross(n, [0, 1, 0] if abs(n[1]) < 0.9 else [1, 0, 0])
                a /= np.linalg.norm(a)
                b = np.cross(n, a)
                d = local[:, :1] * a + local[:, 1:2] * b + local[:, 2:] * n
                o = Vector(p.v[j] + n * 0.003)
                lost = 0.0
                for q in d.tolist():
                    h = cast(o, q, reach)[3]
                    if h is not None:
                        lost += 1.0 - 0.75 * h / reach
                hit = cache[kk] = 1.0 - lost / rays
            out[j] = hit
        p.ao = soften(p.t, out)


def soften(t, ao, rounds=2):
    """Averages with the neighbours, against the grain of few rays."""
    for _ in range(rounds):
        total, count = ao.copy(), np.ones(len(ao))
        for a, b in ((0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)):
            np.add.at(total, t[:, a], ao[t[:, b]])
            np.add.at(count, t[:, a], 1)
        ao = total / count
    return ao
