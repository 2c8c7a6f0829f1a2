"""Cut curves: signed distance functions of points, negative inside, in metres."""
import numpy as np
import shape
import skin
from curves import curve, smax


def fillet(points, radius):
    """A closed polygon with its corners rounded; returns a dense polyline."""
    p = np.array(points, float)
    out = []
    for i in range(len(p)):
        a, b, c = p[i - 1], p[i], p[(i + 1) % len(p)]
        la, lc = np.linalg.norm(a - b), np.linalg.norm(c - b)
        da, dc = (a - b) / la, (c - b) / lc
        half = 0.5 * np.arccos(np.clip(da @ dc, -0.9999, 0.9999))
        d = min(radius / np.tan(half), 0.49 * la, 0.49 * lc)
        for t in np.linspace(0, 1, 7):
            out.append((1 - t) ** 2 * (b + da * d) + 2 * t * (1 - t) * b + t * t * (b + dc * d))
    return np.array(out)


def polygon_distance(q, poly):
    """Signed distance of (n, 2) points to a closed polyline."""
    best = np.full(len(q), 1e9)
    inside = np.zeros(len(q), bool)
    lo, hi = poly.min(0) - 0.12, poly.max(0) + 0.12
    far = ((q < lo) | (q > hi)).any(1)
    near = np.flatnonzero(~far)
    best[far] = np.linalg.norm(np.maximum(np.maximum(lo + 0.12 - q[far], q[far] - hi + 0.12), 0), axis=1)
    s, b = q[near], np.full(len(near), 1e9)
    ins = np.zeros(len(near), bool)
    for p0, p1 in zip(poly, np.roll(poly, -1, 0)):
        d = p1 - p0
        w = np.clip(((s - p0) @ d) / max(d @ d, 1e-12), 0, 1)
        b = np.minimum(b, np.hypot(*(s - p0 - w[:, None] * d).T))
        cross = (p0[1] > s[:, 1]) != (p1[1] > s[:, 1])
        if cross.any():
            ins ^= cross & (s[:, 0] < (p1[0] - p0[0]) * (s[:, 1] - p0[1]) / (p1[1] - p0[1] + 1e-15) + p0[0])
    best[near], inside[near] = b, ins
    return np.where(inside, -best, best)


AXES = {"side": (2, 1), "top": (0, 2), "front": (0, 1)}


def prism(view, points, radius=0.02, where=None):
    """A polygon projected from the side (z, y), the top (x, z) or the front (x, y); `where` limits it, negative inside."""
    poly = fillet(points, radius)
    a, b = AXES[view]

    def g(p):
        d = polygon_distance(np.stack([p[:, a], p[:, b]], 1), poly)
        return d if where is None else np.maximum(d, where(p))
    return g


def graph(view, knots, sigma=0.02):
    """Distance-like field of the curve a = f(b) in a projection: negative where a > f(b). Knots are (b, a)."""
    c = curve(*knots, sigma=sigma)
    a, b = AXES[view]
    h = 0.002
    return lambda p: (c(p[:, b]) - p[:, a]) / np.sqrt(1 + ((c(p[:, b] + h) - c(p[:, b] - h)) / (2 * h)) ** 2)


def ellipse(centre, e1, e2, r1, r2, power=2.0):
    c, e1, e2 = np.array(centre), np.array(e1) / np.linalg.norm(e1), np.array(e2) / np.linalg.norm(e2)

    def g(p):
        a, b = (p - c) @ e1 / r1, (p - c) @ e2 / r2
        k = (np.abs(a) ** power + np.abs(b) ** power) ** (1 / power)
        return (k - 1) * min(r1, r2)
    return g


def even(g, reach=0.03):
    """Scales a field so that its slope along the body is 1 near the cut: cuts at a level then lie at that distance."""
    def scaled(p):
        d = g(p)
        near = np.flatnonzero(np.abs(d) < reach)
        if len(near):
            h, q0 = 0.001, p[near]
            q = np.stack([(g(q0 + h * a) - g(q0 - h * a)) / (2 * h) for a in np.eye(3)], -1)
            n = skin.normal(q0)
            q -= (q * n).sum(1, keepdims=True) * n
            d[near] = d[near] / np.clip(np.linalg.norm(q, axis=1), 0.35, 3.0)
        return d
    return scaled


def within(*fields, k=0.02):
    """Where all fields are negative, with corners rounded over about `k` metres."""
    def g(p):
        v = fields[0](p)
        for f in fields[1:]:
            v = smax(v, f(p), k)
        return v + 0.0
    return g


def arch(hub, radius):
    """A wheel arch's circle in the car's side."""
    return prism("side", [(hub[2] + radius * np.cos(a), hub[1] + radius * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 41)[:-1]],
                 0.02, lambda p: shape.ARCH_INNER - p[:, 0])


def cabin_sides(p):
    """(side - top) of the cabin: 0 on the roof rail and pillars' ridge, negative on screen and roof."""
    top, side = shape.cabin_faces(np.abs(p[:, 0]), p[:, 1], p[:, 2])
    return side - top


def crease(p):
    """Negative on the cabin, positive on the lower body."""
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    return 0.7 * (shape.cabin(x, y, z) - shape.lower_body(x, y, z))
