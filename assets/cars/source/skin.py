"""The surface of the car whose `shape.py` is first on the path: normals, projection, and where it lies."""
import numpy as np
import shape


def gradient(p, h=0.0025):
    g = np.empty_like(p)
    for a in range(3):
        d = np.zeros(3)
        d[a] = h
        g[..., a] = (shape.field(p + d) - shape.field(p - d)) / (2 * h)
    return g


def normal(p):
    g = gradient(p)
    return g / np.linalg.norm(g, axis=-1, keepdims=True)


def project(p, rounds=4):
    """Moves points onto the surface; points in the plane x = 0 stay in it."""
    p = p.copy()
    for _ in range(rounds):
        g = gradient(p)
        p -= (shape.field(p) / np.maximum((g * g).sum(-1), 0.05))[..., None] * g
    return p


def surface_x(y, z):
    """Half width of the body at (y, z)."""
    y, z = np.broadcast_arrays(np.asarray(y, float), np.asarray(z, float))
    lo, hi = np.full(y.shape, 0.0), np.full(y.shape, 1.3)
    for _ in range(40):
        mid = 0.5 * (lo + hi)
        out = shape.field(np.stack([mid, y, z], -1)) > 0
        lo, hi = np.where(out, lo, mid), np.where(out, mid, hi)
    return lo


def surface_y(x, z):
    x, z = np.broadcast_arrays(np.asarray(x, float), np.asarray(z, float))
    lo, hi = np.full(x.shape, 0.4), np.full(x.shape, 1.4)
    for _ in range(40):
        mid = 0.5 * (lo + hi)
        out = shape.field(np.stack([x, mid, z], -1)) > 0
        lo, hi = np.where(out, lo, mid), np.where(out, mid, hi)
    return lo


def surface_z(x, y, tail=False):
    """Where the nose, or the tail, lies at (x, y)."""
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    sign = -1.0 if tail else 1.0
    lo, hi = np.full(x.shape, 1.2), np.full(x.shape, 2.6)
    for _ in range(40):
        mid = 0.5 * (lo + hi)
        out = shape.field(np.stack([x, y, sign * mid], -1)) > 0
        lo, hi = np.where(out, lo, mid), np.where(out, mid, hi)
    return sign * lo
