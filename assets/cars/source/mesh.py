"""Triangle surfaces with attributes: meshing the field, adaptive refinement, exact cuts, panel edges."""
from dataclasses import dataclass
import numpy as np
from skimage.measure import marching_cubes
import shape
import skin


@dataclass
class Surface:
    v: np.ndarray                                   # (n, 3) positions
    t: np.ndarray                                   # (m, 3) indices
    uv: np.ndarray = None                           # (n, 2) metres in the chart, or None
    on_body: bool = True                            # vertices lie on the field's surface

    def copy(self):
        return Surface(self.v.copy(), self.t.copy(), None if self.uv is None else self.uv.copy(), self.on_body)


def compact(s):
    used = np.unique(s.t)
    back = np.full(len(s.v), -1)
    back[used] = np.arange(len(used))
    return Surface(s.v[used], back[s.t], None if s.uv is None else s.uv[used], s.on_body)


def edges_of(t):
    """Unique undirected edges (k, 2), and per triangle the edge ids of (01, 12, 20)."""
    a = t.ravel().astype(np.int64)
    b = np.roll(t, -1, 1).ravel().astype(np.int64)
    n = int(t.max()) + 1
    u, inverse = np.unique(np.minimum(a, b) * n + np.maximum(a, b), return_inverse=True)
    return np.stack([u // n, u % n], 1), inverse.reshape(-1, 3)


def boundary_edges(t):
    """Directed edges that belong to one triangle only."""
    a = t.ravel().astype(np.int64)
    b = np.roll(t, -1, 1).ravel().astype(np.int64)
    n = int(t.max()) + 1
    _, first, count = np.unique(np.minimum(a, b) * n + np.maximum(a, b), return_index=True, return_counts=True)
    k = first[count == 1]
    return np.stack([a[k], b[k]], 1)


def boundary_loops(t):
    """Closed loops of vertices along the border."""
    after = {int(a): int(b) for a, b in boundary_edges(t)}
    loops = []
    while after:
        loop = [next(iter(after))]
        while loop[-1] in after:
            b = after.pop(loop[-1])
            if b == loop[0]:
                break
            loop.append(b)
        loops.append(np.array(loop))
    return loops


def merge_short(s, limit, rounds=4, turn=0.6):
    """Collapses edges shorter than `limit`: slivers that cuts leave. Borders keep their curve, corners stay.

    `turn` is the smallest cosine between a triangle's normal before and after.
    """
    for _ in range(rounds):
        v, t = s.v, s.t
        e, _ = edges_of(t)
        length = np.linalg.norm(v[e[:, 0]] - v[e[:, 1]], axis=1)
        short = np.flatnonzero(length < limit)
        if not len(short):
            break
        rank = np.zeros(len(v), int)
        be = boundary_edges(t)
        on_border = set(map(tuple, np.sort(be, 1).tolist()))
        rank[be] = 1
        come, go = np.zeros_like(v), np.zeros_like(v)
        d = v[be[:, 1]] - v[be[:, 0]]
        d /= np.maximum(np.linalg.norm(d, axis=1, keepdims=True), 1e-12)
        go[be[:, 0]], come[be[:, 1]] = d, d
        rank[(rank == 1) & ((come * go).sum(1) < 0.8)] = 2
        order = np.argsort(t.ravel(), kind="stable")
        first = np.searchsorted(t.ravel()[order], np.arange(len(v) + 1))
        face = order // 3
        busy = np.zeros(len(v), bool)
        target = np.arange(len(v))
        done = 0
        for k in short[np.argsort(length[short])]:
            a, b = e[k]
            if busy[a] or busy[b]:
                continue
            if rank[a] < rank[b]:
                a, b = b, a                        # a stays
            if rank[b] == 2 or (rank[b] == 1 and (min(a, b), max(a, b)) not in on_border):
                continue
            fb = t[face[first[b]:first[b + 1]]]
            ring = np.unique(fb)
            stay = fb[(fb != a).all(1)]
            # Two sheets must not be glued: only the triangles on the edge may share the neighbours.
            fa = np.unique(t[face[first[a]:first[a + 1]]])
            if len(np.intersect1d(ring, fa)) != 2 + (len(fb) - len(stay)):
                continue
            if len(stay):
                new = np.where(stay == b, a, stay)
                n0 = np.cross(v[stay[:, 1]] - v[stay[:, 0]], v[stay[:, 2]] - v[stay[:, 0]])
                n1 = np.cross(v[new[:, 1]] - v[new[:, 0]], v[new[:, 2]] - v[new[:, 0]])
                l0, l1 = np.linalg.norm(n0, axis=1), np.linalg.norm(n1, axis=1)
                if ((n0 * n1).sum(1) < turn * l0 * l1).any():
                    continue
                if s.uv is not None:
                    q = s.uv
                    c1 = np.cross(q[new[:, 1]] - q[new[:, 0]], q[new[:, 2]] - q[new[:, 0]])
                    if (c1 > 0).any():
                        continue
            target[b] = a
            busy[ring] = True
            done += 1
        if not done:
            break
        t = target[t]
        t = t[(t[:, 0] != t[:, 1]) & (t[:, 1] != t[:, 2]) & (t[:, 2] != t[:, 0])]
        s = compact(Surface(v, t, s.uv, s.on_body))
    return s


def base_surface(cell=0.028, chord=0.0006):
    """The whole half body, x >= 0, as an even triangle mesh that is finer where it bends more."""
    x1, y0, y1, z0, z1 = shape.GRID
    xs = np.arange(-2, int(x1 / cell) + 1) * cell
    ys, zs = np.arange(y0, y1, cell), np.arange(z0, z1, cell)
    grid = np.stack(np.meshgrid(xs, ys, zs, indexing="ij"), -1)
    v, t, _, _ = marching_cubes(shape.field(grid), 0.0)
    v = skin.project(v * cell + [xs[0], ys[0], zs[0]], 6)
    n = skin.normal(v)
    face = np.cross(v[t[:, 1]] - v[t[:, 0]], v[t[:, 2]] - v[t[:, 0]])
    if (face * n[t[:, 0]]).sum() < 0:
        t = t[:, ::-1]
    s = Surface(v, t.astype(np.int64))
    for _ in range(8):
        s = relax(s)
    s = clip(s, lambda p: -p[:, 0], 0.0)[0]
    s.v[np.abs(s.v[:, 0]) < 1e-6, 0] = 0.0
    s.v = skin.project(s.v)
    for _ in range(4):
        e, _ = edges_of(s.t)
        mid = 0.5 * (s.v[e[:, 0]] + s.v[e[:, 1]])
        off = np.abs(shape.field(mid)) / np.maximum(np.linalg.norm(skin.gradient(mid), axis=1), 0.3)
        length = np.linalg.norm(s.v[e[:, 0]] - s.v[e[:, 1]], axis=1)
        mark = (off > chord) & (length > 0.007)
        if not mark.any():
            break
        s = split_edges(s, e, mark)
    return s


def relax(s):
    """One step of tangential smoothing on the field's surface."""
    e, _ = edges_of(s.t)
    total, count = np.zeros_like(s.v), np.zeros(len(s.v))
    for a, b in ((0, 1), (1, 0)):
        np.add.at(total, e[:, a], s.v[e[:, b]])
        np.add.at(count, e[:, a], 1)
    move = total / np.maximum(count, 1)[:, None] - s.v
    n = skin.normal(s.v)
    move -= (move * n).sum(1, keepdims=True) * n
    border = np.unique(boundary_edges(s.t))
    move[border] = 0
    s.v = skin.project(s.v + 0.5 * move, 2)
    return s


def flip(s, rounds=10, sharpest=0.16):
    """Turns edges so that they join the points whose normals are most alike: reflections then run without ruffles.

    Borders stay; no triangle turns over, on the body or in the chart, or gets a sine below `sharpest` that had none before.
    """
    n = skin.normal(s.v)
    t = s.t.copy()

    def shape_of(a, b, c):
        """(area vector, smallest sine) of triangles."""
        p, q, r = s.v[b] - s.v[a], s.v[c] - s.v[b], s.v[a] - s.v[c]
        f = np.cross(p, -r)
        l = np.stack([np.linalg.norm(k, axis=1) for k in (p, q, r)], 1)
        order = np.sort(l, 1)
        return f, np.linalg.norm(f, axis=1) / np.maximum(order[:, 1] * order[:, 2], 1e-15)

    def turned(a, b, c):
        if s.uv is None:
            return np.zeros(len(a), bool)
        p, q = s.uv[b] - s.uv[a], s.uv[c] - s.uv[a]
        return p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0] >= -1e-9
    for _ in range(rounds):
        e, per = edges_of(t)
        order = np.argsort(per.ravel(), kind="stable")
        ids = per.ravel()[order]
        first = np.flatnonzero((ids[:-1] == ids[1:]))
        f0, f1 = order[first] // 3, order[first + 1] // 3
        k0, k1 = order[first] % 3, order[first + 1] % 3
        a, b, c, d = t[f0, k0], t[f0, (k0 + 1) % 3], t[f0, (k0 + 2) % 3], t[f1, (k1 + 2) % 3]
        gain = ((n[a] - n[b]) ** 2).sum(1) - ((n[c] - n[d]) ** 2).sum(1)
        (fa, sa), (fb, sb) = shape_of(c, a, d), shape_of(c, d, b)
        (_, ra), (_, rb) = shape_of(a, b, c), shape_of(b, a, d)
        least = np.minimum(sharpest, np.minimum(ra, rb))
        mean = n[a] + n[b] + n[c] + n[d]
        mean /= np.linalg.norm(mean, axis=1, keepdims=True)
        good = (gain > 2e-5) & (np.minimum(sa, sb) >= least) & ((fa * mean).sum(1) > 0.5 * np.linalg.norm(fa, axis=1))
        good &= ((fb * mean).sum(1) > 0.5 * np.linalg.norm(fb, axis=1)) & ~turned(c, a, d) & ~turned(c, d, b)
        code = np.minimum(c, d) * np.int64(len(s.v)) + np.maximum(c, d)
        good &= ~np.isin(code, e[:, 0] * np.int64(len(s.v)) + e[:, 1])
        gain = np.where(good, gain, -1.0)
        best = np.full(len(t), -1.0)
        np.maximum.at(best, f0, gain)
        np.maximum.at(best, f1, gain)
        take = np.flatnonzero(good & (gain == best[f0]) & (gain == best[f1]))
        _, one = np.unique(code[take], return_index=True)
        take = take[one]
        # Equal gains: a triangle may still be wanted twice.
        seen = np.zeros(len(t), int)
        np.add.at(seen, f0[take], 1)
        np.add.at(seen, f1[take], 1)
        take = take[(seen[f0[take]] == 1) & (seen[f1[take]] == 1)]
        if not len(take):
            break
        t[f0[take]] = np.stack([c[take], a[take], d[take]], 1)
        t[f1[take]] = np.stack([c[take], d[take], b[take]], 1)
    return Surface(s.v, t, s.uv, s.on_body)


def split_edges(s, e, mark):
    """Splits the marked edges in their middles and rebuilds the triangles around, without cracks."""
    _, per = edges_of(s.t)
    mid = np.full(len(e), -1)
    ids = np.flatnonzero(mark)
    mid[ids] = len(s.v) + np.arange(len(ids))
    p = 0.5 * (s.v[e[ids, 0]] + s.v[e[ids, 1]])
    if s.on_body:
        p = skin.project(p, 3)
    v = np.concatenate([s.v, p])
    uv = None if s.uv is None else np.concatenate([s.uv, 0.5 * (s.uv[e[ids, 0]] + s.uv[e[ids, 1]])])
    m = mid[per]
    bits = (m >= 0) @ np.array([1, 2, 4])
    out = [s.t[bits == 0]]
    for b in range(1, 8):
        sel = bits == b
        if not sel.any():
            continue
        t, k = s.t[sel], m[sel]
        turn = {1: 0, 2: 1, 4: 2, 3: 0, 6: 1, 5: 2, 7: 0}[b]
        t, k = np.roll(t, -turn, 1), np.roll(k, -turn, 1)
        a, bb, c = t.T
        ab, bc, ca = k.T
        if b in (1, 2, 4):
            out += [np.stack([a, ab, c], 1), np.stack([ab, bb, c], 1)]
        elif b == 7:
            out += [np.stack(q, 1) for q in ((a, ab, ca), (ab, bb, bc), (ca, bc, c), (ab, bc, ca))]
        else:
            out += [np.stack([ab, bb, bc], 1)]
            short = np.linalg.norm(v[a] - v[bc], axis=1) < np.linalg.norm(v[ab] - v[c], axis=1)
            one = [np.stack([a, ab, bc], 1), np.stack([a, bc, c], 1)]
            two = [np.stack([a, ab, c], 1), np.stack([ab, bc, c], 1)]
            out += [np.where(short[:, None], one[i], two[i]) for i in range(2)]
    return Surface(v, np.concatenate(out), uv, s.on_body)


def refine_near(s, g, limit, reach):
    """Splits edges longer than `limit` that come within `reach` of the cut g = 0."""
    for _ in range(6):
        e, _ = edges_of(s.t)
        d = g(s.v)
        length = np.linalg.norm(s.v[e[:, 0]] - s.v[e[:, 1]], axis=1)
        da, db = d[e[:, 0]], d[e[:, 1]]
        near = (np.minimum(np.abs(da), np.abs(db)) < reach) | (da * db < 0)
        mark = near & (length > limit)
        if not mark.any():
            break
        s = split_edges(s, e, mark)
    return s


def clip(s, g, level=0.0, snap=0.18):
    """Cuts along g = level and returns (side below, side above). New vertices lie on the curve and on the body."""
    if len(s.t) == 0:
        return s, s
    d = g(s.v) - level
    e, _ = edges_of(s.t)
    length = np.linalg.norm(s.v[e[:, 0]] - s.v[e[:, 1]], axis=1)
    local = np.full(len(s.v), 1e9)
    np.minimum.at(local, e[:, 0], length)
    np.minimum.at(local, e[:, 1], length)
    border = np.zeros(len(s.v), bool)
    border[np.unique(boundary_edges(s.t))] = True
    near = np.abs(d) < snap * local
    move = np.flatnonzero(near & ~border)
    if len(move):
        p0 = s.v[move]
        p = p0.copy()
        for _ in range(5):
            h = 0.0005
            q = np.stack([(g(p + h * a) - g(p - h * a)) / (2 * h) for a in np.eye(3)], -1)
            if s.on_body:
                n = skin.normal(p)
                q -= (q * n).sum(1, keepdims=True) * n
            p = p - ((g(p) - level) / np.maximum((q * q).sum(1), 0.05))[:, None] * q
            if s.on_body:
                p = skin.project(p, 1)
        good = (np.linalg.norm(p - p0, axis=1) < 0.45 * local[move]) & (np.abs(g(p) - level) < 2e-4)
        v = s.v.copy()
        v[move[good]] = p[good]
        if s.uv is not None:
            s = carry_uv(s, move[good], p[good])
        s = Surface(v, s.t, s.uv, s.on_body)
        d = g(s.v) - level
        d[move[good]] = 0.0
    d[border & (np.abs(d) < 0.02 * local)] = 0.0
    d[np.abs(d) < 1e-6] = 0.0
    sign = np.sign(d).astype(int)
    cross = sign[e[:, 0]] * sign[e[:, 1]] < 0
    ids = np.flatnonzero(cross)
    a, b = e[ids, 0], e[ids, 1]
    da, db = d[a].copy(), d[b].copy()
    lo, hi = np.zeros(len(ids)), np.ones(len(ids))
    w = da / (da - db)
    for _ in range(12):
        p = s.v[a] + w[:, None] * (s.v[b] - s.v[a])
        dp = g(p) - level
        left = dp * da > 0
        lo, hi = np.where(left, w, lo), np.where(left, hi, w)
        w = 0.5 * (lo + hi)
    p = s.v[a] + w[:, None] * (s.v[b] - s.v[a])
    if s.on_body and len(p):
        p = skin.project(p, 2)
        p[(s.v[a][:, 0] == 0) & (s.v[b][:, 0] == 0), 0] = 0.0
    mid = np.full(len(e), -1)
    mid[ids] = len(s.v) + np.arange(len(ids))
    v = np.concatenate([s.v, p])
    uv = None if s.uv is None else np.concatenate([s.uv, s.uv[a] + w[:, None] * (s.uv[b] - s.uv[a])])
    _, per = edges_of(s.t)
    m = mid[per]
    st = sign[s.t]
    below = [s.t[(st <= 0).all(1) & ~(st == 0).all(1)]]
    above = [s.t[(st >= 0).all(1) & ~(st == 0).all(1)]]
    flat = (st == 0).all(1)
    if flat.any():
        centre = g(s.v[s.t[flat]].mean(1)) - level
        below.append(s.t[flat][centre <= 0])
        above.append(s.t[flat][centre > 0])
    cutting = (m >= 0).any(1)
    n_cut = (m >= 0).sum(1)
    # One cut edge: the opposite corner lies on the curve.
    for r in range(3):
        sel = cutting & (n_cut == 1) & (m[:, r] >= 0)
        if sel.any():
            t = np.roll(s.t[sel], -r, 1)
            k = m[sel, r]
            first, second = np.stack([t[:, 0], k, t[:, 2]], 1), np.stack([k, t[:, 1], t[:, 2]], 1)
            neg = sign[t[:, 0]] < 0
            below += [first[neg], second[~neg]]
            above += [first[~neg], second[neg]]
        # Two cut edges: corner r is alone.
        sel = cutting & (n_cut == 2) & (m[:, r] >= 0) & (m[:, (r + 2) % 3] >= 0)
        if sel.any():
            t = np.roll(s.t[sel], -r, 1)
            k1, k2 = m[sel, r], m[sel, (r + 2) % 3]
            tip = np.stack([t[:, 0], k1, k2], 1)
            q1, q2 = np.stack([k1, t[:, 1], t[:, 2]], 1), np.stack([k1, t[:, 2], k2], 1)
            neg = sign[t[:, 0]] < 0
            below += [tip[neg], q1[~neg], q2[~neg]]
            above += [tip[~neg], q1[neg], q2[neg]]
    return (compact(Surface(v, np.concatenate(below), uv, s.on_body)),
            compact(Surface(v, np.concatenate(above), uv, s.on_body)))


def carry_uv(s, moved, p):
    """Updates the UV of moved vertices with the affine map of a neighbouring triangle."""
    uv = s.uv.copy()
    # Each vertex takes its largest triangle; slivers would send it astray.
    big = np.argsort(np.linalg.norm(np.cross(s.v[s.t[:, 1]] - s.v[s.t[:, 0]], s.v[s.t[:, 2]] - s.v[s.t[:, 0]]), axis=1))
    first = np.full(len(s.v), -1)
    first[s.t[big].ravel()] = np.repeat(big, 3)
    tri = s.t[first[moved]]
    a, b, c = s.v[tri[:, 0]], s.v[tri[:, 1]], s.v[tri[:, 2]]
    e1, e2, q = b - a, c - a, p - a
    d11, d12, d22 = (e1 * e1).sum(1), (e1 * e2).sum(1), (e2 * e2).sum(1)
    q1, q2 = (q * e1).sum(1), (q * e2).sum(1)
    det = np.maximum(d11 * d22 - d12 * d12, 1e-14)
    w1, w2 = (d22 * q1 - d12 * q2) / det, (d11 * q2 - d12 * q1) / det
    ua, ub, uc = s.uv[tri[:, 0]], s.uv[tri[:, 1]], s.uv[tri[:, 2]]
    ok = (np.abs(w1) < 3) & (np.abs(w2) < 3)
    uv[moved[ok]] = (ua + w1[:, None] * (ub - ua) + w2[:, None] * (uc - ua))[ok]
    return Surface(s.v, s.t, uv, s.on_body)
