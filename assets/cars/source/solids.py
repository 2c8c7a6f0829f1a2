"""Small solids: lathes, sweeps, plates and boxes with smooth or crisp normals."""
import numpy as np
from outline import fillet


def join(pieces):
    """Concatenates (v, t, n) triples."""
    pieces = [p for p in pieces if len(p[1])]
    base = np.cumsum([0] + [len(p[0]) for p in pieces])
    return (np.concatenate([p[0] for p in pieces]), np.concatenate([p[1] + b for p, b in zip(pieces, base)]),
            np.concatenate([p[2] for p in pieces]))


def moved(piece, offset=(0, 0, 0), turn=None):
    v, t, n = piece
    if turn is not None:
        v, n = v @ np.array(turn).T, n @ np.array(turn).T
    return v + np.array(offset), t, n


def mirrored(piece):
    v, t, n = piece
    f = np.array([-1.0, 1, 1])
    return v * f, t[:, ::-1], n * f


def smooth(v, t, angle=40.0):
    """Splits vertices where faces meet at more than `angle` degrees and averages normals within each group."""
    v, t = np.asarray(v, float), np.asarray(t)
    f = np.cross(v[t[:, 1]] - v[t[:, 0]], v[t[:, 2]] - v[t[:, 0]])
    area = np.linalg.norm(f, axis=1)
    t, f, area = t[area > 1e-14], f[area > 1e-14], area[area > 1e-14]
    unit = f / area[:, None]
    cos = np.cos(np.radians(angle))
    corner_v = t.ravel()
    corner_f = np.repeat(np.arange(len(t)), 3)
    order = np.argsort(corner_v, kind="stable")
    starts = np.searchsorted(corner_v[order], np.arange(len(v) + 1))
    out_v, out_n, new = [], [], np.empty(len(corner_v), int)
    for i in range(len(v)):
        ids = order[starts[i]:starts[i + 1]]
        groups = []
        for c in ids:
            u = unit[corner_f[c]]
            for gset in groups:
                if any(unit[corner_f[k]] @ u > cos for k in gset):
                    gset.append(c)
                    break
            else:
                groups.append([c])
        for gset in groups:
            total = f[corner_f[gset]].sum(0)
            new[gset] = len(out_v)
            out_v.append(v[i])
            out_n.append(total / max(np.linalg.norm(total), 1e-12))
    return np.array(out_v), new.reshape(-1, 3), np.array(out_n)


def grid(points, close_u=False, close_v=False, angle=40.0, flip=False):
    """A surface through a (rows, columns, 3) grid of points."""
    p = np.asarray(points, float)
    r, c = p.shape[:2]
    i, j = np.mgrid[0:r if close_u else r - 1, 0:c if close_v else c - 1]
    a, b = i * c + j, ((i + 1) % r) * c + j
    d, e = i * c + (j + 1) % c, ((i + 1) % r) * c + (j + 1) % c
    t = np.concatenate([np.stack([a, b, e], -1).reshape(-1, 3), np.stack([a, e, d], -1).reshape(-1, 3)])
    if flip:
        t = t[:, ::-1]
    return smooth(p.reshape(-1, 3), t, angle)


def lathe(profile, steps=64, angle=35.0, axis=0):
    """Turns (axial, radius) points around X; the surface looks to the left of the profile's way."""
    prof = np.array(profile, float)
    a = np.linspace(0, 2 * np.pi, steps + 1)[:-1]
    pts = np.stack([np.repeat(prof[:, :1], steps, 1), prof[:, 1:] * np.sin(a), prof[:, 1:] * np.cos(a)], -1)
    return grid(pts, close_v=True, angle=angle, flip=True)


def tube(path, radius, steps=10, caps=True, closed=False):
    """A round bar along a polyline; radius may be per point."""
    p = np.array(path, float)
    d = np.gradient(p, axis=0) if not closed else np.roll(p, -1, 0) - np.roll(p, 1, 0)
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    s = np.empty_like(d)
    ref = np.eye(3)[np.argmin(np.abs(d[0]))]
    for k in range(len(p)):                        # the frame is carried along, so bars do not twist
        ref = ref - (ref @ d[k]) * d[k]
        ref /= np.linalg.norm(ref)
        s[k] = ref
    u = np.cross(s, d)
    a = np.linspace(0, 2 * np.pi, steps + 1)[:-1]
    rad = np.broadcast_to(radius, len(p))[:, None, None]
    pts = p[:, None] + rad * (np.cos(a)[None, :, None] * s[:, None] + np.sin(a)[None, :, None] * u[:, None])
    piece = grid(pts, close_u=closed, close_v=True, angle=60, flip=True)
    if caps and not closed:
        ends = []
        for k, sign in ((0, -1), (-1, 1)):
            ring = np.concatenate([pts[k], p[k][None]])
            i = np.arange(steps)
            tri = np.stack([i, (i + 1) % steps, np.full(steps, steps)], 1)
            if sign > 0:
                tri = tri[:, ::-1]
            ends.append((ring, tri[:, ::-1], np.tile(sign * d[k], (steps + 1, 1))))
        piece = join([piece] + ends)
    return fix_outward(piece)


def fix_outward(piece):
    """Turns a closed piece so that it looks outward (positive volume)."""
    v, t, n = piece
    vol = (np.cross(v[t[:, 0]], v[t[:, 1]]) * v[t[:, 2]]).sum()
    c = v.mean(0)
    w = v - c
    vol = (np.cross(w[t[:, 0]], w[t[:, 1]]) * w[t[:, 2]]).sum()
    if vol < 0:
        return v, t[:, ::-1], -n
    return piece


def plate(outline, thickness, bevel=0.003, axis=1, angle=30.0):
    """A flat plate: a 2D outline (n, 2), extruded along an axis with bevelled edges. Star-shaped outlines only.

    axis 0: outline is (z, y); axis 1: (x, z); axis 2: (x, y). It spans 0..thickness on the axis.
    """
    o = np.array(outline, float)
    area = 0.5 * np.sum(o[:, 0] * np.roll(o[:, 1], -1) - np.roll(o[:, 0], -1) * o[:, 1])
    if area < 0:
        o = o[::-1]
    tang = np.roll(o, -1, 0) - np.roll(o, 1, 0)
    tang /= np.linalg.norm(tang, axis=1, keepdims=True)
    inward = np.stack([-tang[:, 1], tang[:, 0]], 1)
    rows = [(o + inward * bevel, 0.0), (o, bevel), (o, thickness - bevel), (o + inward * bevel, thickness)]

    def lift(q, h):
        a = np.full(len(q), h)
        return {0: np.stack([a, q[:, 1], q[:, 0]], 1), 1: np.stack([q[:, 0], a, q[:, 1]], 1), 2: np.stack([q[:, 0], q[:, 1], a], 1)}[axis]

    pts = np.stack([lift(*r) for r in rows])
    n = len(o)
    v = pts.reshape(-1, 3)
    i = np.arange(n)
    tris = []
    for k in range(3):
        a, b = k * n + i, k * n + (i + 1) % n
        tris += [np.stack([a, b, b + n], 1), np.stack([a, b + n, a + n], 1)]
    caps = ear_clip(o)
    v = np.concatenate([v])
    tris += [caps[:, ::-1], caps + 3 * n]
    t = np.concatenate(tris)
    piece = smooth(v, t, angle)
    return fix_outward(piece)


def ear_clip(poly):
    """Triangles of a simple polygon given counter-clockwise."""
    idx = list(range(len(poly)))
    out = []
    cross = lambda a, b, c: (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    while len(idx) > 3:
        best = None
        for k in range(len(idx)):
            i, j, l = idx[k - 1], idx[k], idx[(k + 1) % len(idx)]
            a, b, c = poly[i], poly[j], poly[l]
            if cross(a, b, c) <= 1e-12:
                continue
            rest = poly[[m for m in idx if m not in (i, j, l)]]
            inside = ((cross_v(a, b, rest) > 0) & (cross_v(b, c, rest) > 0) & (cross_v(c, a, rest) > 0))
            if inside.any():
                continue
            d = np.linalg.norm(c - a)
            if best is None or d < best[0]:
                best = (d, k, (i, j, l))
        if best is None:
            k = 1
            best = (0, 1, (idx[0], idx[1], idx[2]))
        out.append(best[2])
        idx.pop(best[1])
    out.append(tuple(idx))
    return np.array(out)


def cross_v(a, b, p):
    return (b[0] - a[0]) * (p[:, 1] - a[1]) - (b[1] - a[1]) * (p[:, 0] - a[0])


def box(centre, size, bevel=0.004):
    x, y, z = np.array(size, float) / 2
    o = [(-x, -z), (x, -z), (x, z), (-x, z)]
    v, t, n = plate(fillet(o, min(bevel * 2, x * 0.4, z * 0.4)), 2 * y, min(bevel, y * 0.4))
    return v + np.array(centre) - [0, y, 0], t, n
