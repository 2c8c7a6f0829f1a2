"""Light per vertex: ambient occlusion against the near car and the ground, and daylight past the whole car."""
import numpy as np
import bpy  # noqa: F401, makes mathutils importable
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from glb import MATERIALS

GLASS = 1.52
PAINT = 0.4  # what a livery reflects, on average


def hemisphere(rays):
    i = np.arange(rays)
    r, phi = np.sqrt((i + 0.5) / rays), i * 2.399963
    return np.stack([r * np.cos(phi), r * np.sin(phi), np.sqrt(1 - r * r)], 1)


def around(n):
    """Two unit vectors square to a normal and to each other."""
    a = np.cross(n, [0, 1, 0] if abs(n[1]) < 0.9 else [1, 0, 0])
    a /= np.linalg.norm(a)
    return a, np.cross(n, a)


def through(cosine, clearness):
    """Share of light that passes a pane, as plugins/showroom/src/pane.rs has it."""
    inside = (1 - (1 - cosine * cosine) / GLASS**2) ** 0.5
    across, along = (cosine - GLASS * inside) / (cosine + GLASS * inside), (GLASS * cosine - inside) / (GLASS * cosine + inside)
    face, tint = 0.5 * (across**2 + along**2), clearness ** (1 / inside)
    return (1 - face) ** 2 * tint / (1 - (face * tint) ** 2)


def daylight(parts, rays=64, bounces=3):
    """Sets `daylight` of the parts: where an even sky's light, all around, comes from past the car and through its windows, and
    its share, with what the car's surfaces pass on. The ground is left to whoever shows the car."""
    base = np.cumsum([0] + [len(p.v) for p in parts])
    v = np.concatenate([p.v for p in parts])
    t = np.concatenate([p.t + b for p, b in zip(parts, base)])
    cast = BVHTree.FromPolygons(v.tolist(), t.tolist()).ray_cast
    owner = np.repeat(np.arange(len(parts)), [len(p.t) for p in parts])
    clear = [1 - min(max(MATERIALS[p.material][0][3], 0.15), 0.8) if p.material.startswith("glass") else 0 for p in parts]
    clear = [clear[k] for k in owner]
    reflects = np.array([PAINT if p.material.startswith("paint") else np.mean(MATERIALS[p.material][0][:3]) for p in parts])
    local = hemisphere(rays)
    seen, direct, first = {}, [], np.empty(len(v), int)
    whose, what, share, free = [], [], [], []
    for p, b in zip(parts, base):
        side = np.where(p.v[:, 0] < 0, -1, 1)
        key = np.round(np.concatenate([p.v * np.stack([side, side**2, side**2], 1), p.n * np.stack([side, side**2, side**2], 1)], 1), 3)
        for j in range(len(p.v)):
            place = seen.setdefault(key[j].tobytes(), len(direct))
            first[b + j] = place
            if place < len(direct):
                continue
            n = p.n[j] / max(np.linalg.norm(p.n[j]), 1e-9)
            a, c = around(n)
            open_share, free_way = 0.0, 1e-3 * n
            for q in (local[:, :1] * a + local[:, 1:2] * c + local[:, 2:] * n).tolist():
                q, o, left = Vector(q), Vector(p.v[j] + n * 0.002), 1.0
                for _ in range(6):
                    at, normal, hit, _ = cast(o, q)
                    if hit is None:
                        open_share += left
                        free_way = free_way + left * np.array(q)
                        break
                    if not clear[hit]:
                        whose.append(place)
                        what.append(hit)
                        share.append(left)
                        break
                    left *= through(max(abs(normal.dot(q)), 1e-3), clear[hit])
                    o = at + q * 1e-4
            direct.append(open_share / rays)
            free.append(free_way / np.linalg.norm(free_way) * [side[j], 1, 1])
    direct, free, whose, what = np.array(direct), np.array(free), np.array(whose), np.array(what)
    share = np.array(share) * reflects[owner[what]] / rays
    light = direct
    for _ in range(bounces):
        light = direct + np.bincount(whose, share * light[first[t[what]]].mean(1), len(direct))
    for p, b in zip(parts, base):
        at = first[b:b + len(p.v)]
        way = free[at] * np.where(p.v[:, :1] < 0, [[-1, 1, 1]], 1)
        way = np.stack([soften(p.t, way[:, k]) for k in range(3)], 1)
        way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
        p.daylight = np.concatenate([way, soften(p.t, light[at])[:, None]], 1)


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
    local = hemisphere(rays)
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
                a, b = around(n)
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
