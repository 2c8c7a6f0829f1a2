"""Cuts that leave panel gaps, openings and windows, and gives each panel its rounded inward edge."""
import numpy as np
import mesh
import outline
import skin
from mesh import Surface

GAP, EDGE = 0.0036, 0.0022      # metres: width of a panel gap, radius of a panel's edge
DEEP = 0.014                    # metres: how far a panel's edge reaches inward
CRUMB = 0.001                   # metres: border edges shorter than this count less


class Cutter:
    """Splits surfaces and collects the dark strips that close the gaps from behind."""

    def __init__(self):
        self.strips = []

    def gap(self, s, g, limit=0.032):
        """(inside, outside) with a panel gap between them."""
        g = outline.even(g)
        s = mesh.refine_near(s, g, limit, 0.006)
        w = GAP / 2 + EDGE
        inside, rest = mesh.clip(s, g, -w)
        strip, outside = mesh.clip(rest, g, w)
        self.strips.append(strip)
        return inside, outside

    def opening(self, s, g, limit=0.018):
        """(what was cut out, the panel around it); the piece reaches just behind the panel's edge."""
        g = outline.even(g)
        s = mesh.refine_near(s, g, limit, 0.006)
        piece, rest = mesh.clip(s, g, -0.0)
        if len(rest.t) == 0 or len(piece.t) == 0:
            return piece, rest
        _, outside = mesh.clip(rest, g, EDGE)
        return piece, outside

    def window(self, s, g, limit=0.026):
        g = outline.even(g)
        s = mesh.refine_near(s, g, limit, 0.006)
        piece, rest = mesh.clip(s, g, 0.0)
        _, outside = mesh.clip(rest, g, EDGE)
        return piece, outside


def outward(s, crumb=CRUMB):
    """Border vertices, their normals and the direction out of the surface; the plane x = 0 is no border."""
    e = mesh.boundary_edges(s.t)
    keep = ~((s.v[e[:, 0], 0] < 1e-5) & (s.v[e[:, 1], 0] < 1e-5))
    e = e[keep]
    n = skin.normal(s.v)
    d = s.v[e[:, 1]] - s.v[e[:, 0]]
    step = np.linalg.norm(d, axis=1, keepdims=True)
    d /= np.maximum(step, 1e-9)
    if crumb:
        d *= np.clip(step / crumb, 0, 1)           # crumbs of a border say little about its direction
    out = np.zeros_like(s.v)
    for k in (0, 1):
        np.add.at(out, e[:, k], np.cross(d, n[e[:, k]]))
    length = np.linalg.norm(out, axis=1, keepdims=True)
    out = out / np.maximum(length, 1e-9) * np.clip(2.0 / np.maximum(length, 1e-9), 1.0, 1.3)
    out[s.v[:, 0] < 1e-5, 0] = 0
    return e, n, out


def edged(s, deep=DEEP, crumb=CRUMB):
    """(paint surface with rounded edge, normals), (dark inner flange, normals)."""
    e, n, out = outward(s, crumb)
    border = np.unique(e)
    index = np.full(len(s.v), -1)
    index[border] = np.arange(len(border))
    p1 = s.v[border] + out[border] * EDGE - n[border] * EDGE
    uv = None
    if s.uv is not None:
        target = s.v[border] + out[border] * EDGE * 1.3
        fake = mesh.carry_uv(s, border, target)
        uv = np.concatenate([s.uv, fake.uv[border]])
    k = len(s.v)
    a, b = e[:, 0], e[:, 1]
    ia, ib = index[a] + k, index[b] + k
    ring = np.concatenate([np.stack([b, a, ia], 1), np.stack([b, ia, ib], 1)])
    v = np.concatenate([s.v, p1])
    normals = np.concatenate([n, out[border]])
    paint = Surface(v, np.concatenate([s.t, ring]), uv, False)
    p2 = p1 - n[border] * deep
    m = len(border)
    ja, jb = index[a], index[b]
    inner_t = np.concatenate([np.stack([jb, ja, ja + m], 1), np.stack([jb, ja + m, jb + m], 1)])
    return paint, normals, np.concatenate([p1, p2]), inner_t, np.concatenate([out[border], out[border]])


def recess(piece, direction, depth, crumb=CRUMB):
    """An opening's inside: the piece moved inward as floor, and walls up to just behind the panel's edge."""
    direction = np.array(direction, float)
    direction /= np.linalg.norm(direction)
    n = skin.normal(piece.v)
    floor = piece.v - direction * depth
    e, n, out = outward(piece, crumb)
    border = np.unique(e)
    index = np.full(len(piece.v), -1)
    index[border] = np.arange(len(border))
    top = piece.v[border] - n[border] * 0.004
    bottom = floor[border]
    m = len(border)
    a, b = index[e[:, 0]], index[e[:, 1]]
    t = np.concatenate([np.stack([a, b, b + m], 1), np.stack([a, b + m, a + m], 1)])
    wall_n = np.concatenate([-out[border]] * 2)
    return (floor, piece.t, n), (np.concatenate([top, bottom]), t, wall_n)
