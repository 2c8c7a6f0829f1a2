"""Paint atlas: charts flattened as rigidly as possible, packed by hand order, and checked by rasterising."""
import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

SIZE = 2048


def cotangents(v, t):
    out = np.empty((len(t), 3))
    for c in range(3):
        a, b = v[t[:, (c + 1) % 3]] - v[t[:, c]], v[t[:, (c + 2) % 3]] - v[t[:, c]]
        out[:, c] = (a * b).sum(1) / np.maximum(np.linalg.norm(np.cross(a, b), axis=1), 1e-10)
    return np.clip(out, 0.02, 20)


def components(n, t):
    g = sp.coo_matrix((np.ones(t.size), (t.ravel(), np.roll(t, -1, 1).ravel())), (n, n))
    return sp.csgraph.connected_components(g, directed=False)[1]


def flatten(s, start, symmetric, rounds=60, hold=None):
    """As-rigid-as-possible flattening (Liu et al. 2008) from a start with the wanted orientation.

    With `symmetric`, vertices in the plane x = 0 keep u = 0, so that the mirrored half joins on. `hold` is a pair (3D
    direction that should run along -u, weight): it keeps long charts straight at the cost of a little stretch.
    """
    v, t = s.v, s.t
    n = len(v)
    cot = cotangents(v, t)
    # Rest shape of each triangle in its own plane.
    e1, e2 = v[t[:, 1]] - v[t[:, 0]], v[t[:, 2]] - v[t[:, 0]]
    l1 = np.linalg.norm(e1, axis=1)
    x2 = (e1 * e2).sum(1) / np.maximum(l1, 1e-12)
    y2 = np.sqrt(np.maximum((e2 * e2).sum(1) - x2 ** 2, 1e-16))
    rest = np.zeros((len(t), 3, 2))
    rest[:, 1, 0], rest[:, 2, 0], rest[:, 2, 1] = l1, x2, y2
    uv = start.copy()
    d1, d2 = uv[t[:, 1]] - uv[t[:, 0]], uv[t[:, 2]] - uv[t[:, 0]]
    if (d1[:, 0] * d2[:, 1] - d1[:, 1] * d2[:, 0]).sum() < 0:
        rest[:, 2, 1] *= -1
    rows, cols, vals = [], [], []
    for c in range(3):
        i, j, w = t[:, (c + 1) % 3], t[:, (c + 2) % 3], cot[:, c]
        rows += [i, j, i, j]
        cols += [j, i, i, j]
        vals += [-w, -w, w, w]
    lap = sp.coo_matrix((np.concatenate(vals), (np.concatenate(rows), np.concatenate(cols))), (n, n)).tocsc()
    comp = components(n, t)
    solvers = []
    for axis in (0, 1):
        pin = np.zeros(n, bool)
        value = uv[:, axis].copy()
        if axis == 0 and symmetric:
            pin = v[:, 0] < 1e-5
            value[:] = 0
        for k in np.unique(comp):
            members = np.flatnonzero(comp == k)
            if not pin[members].any():
                pin[members[0]] = True
        free = np.flatnonzero(~pin)
        solvers.append((pin, free, splu(lap[free][:, free] + sp.identity(len(free)) * 1e-9), value))
    prior = None
    if hold is not None:
        axis3, weight = np.array(hold[0], float), hold[1]
        nrm = np.cross(e1, e2)
        nrm /= np.maximum(np.linalg.norm(nrm, axis=1, keepdims=True), 1e-15)
        tu = -(axis3 - (nrm @ axis3)[:, None] * nrm)
        strength = weight * np.linalg.norm(tu, axis=1)
        tu /= np.maximum(np.linalg.norm(tu, axis=1, keepdims=True), 1e-9)
        f1 = e1 / np.maximum(l1, 1e-12)[:, None]
        f2 = np.cross(nrm, f1) * np.sign(rest[:, 2, 1])[:, None]
        # Rotation that takes the triangle's own plane to (u, v) with tu on u.
        ca, sa = (tu * f1).sum(1), (tu * f2).sum(1)
        prior = (ca, -sa, strength)
    for _ in range(rounds):
        cov = np.zeros((len(t), 2, 2))
        for c in range(3):
            i, j = (c + 1) % 3, (c + 2) % 3
            d = uv[t[:, i]] - uv[t[:, j]]
            r = rest[:, i] - rest[:, j]
            cov += cot[:, c, None, None] * d[:, :, None] * r[:, None, :]
        a, b = cov[:, 0, 0] + cov[:, 1, 1], cov[:, 1, 0] - cov[:, 0, 1]
        h = np.maximum(np.hypot(a, b), 1e-15)
        if prior is not None:
            a, b = a / h + prior[2] * prior[0], b / h + prior[2] * prior[1]
            h = np.maximum(np.hypot(a, b), 1e-15)
        rot = np.stack([np.stack([a / h, -b / h], -1), np.stack([b / h, a / h], -1)], 1)
        rhs = np.zeros((n, 2))
        for c in range(3):
            i, j = (c + 1) % 3, (c + 2) % 3
            q = cot[:, c, None] * np.einsum("nij,nj->ni", rot, rest[:, i] - rest[:, j])
            np.add.at(rhs, t[:, i], q)
            np.add.at(rhs, t[:, j], -q)
        new = uv.copy()
        for axis, (pin, free, solve, value) in enumerate(solvers):
            new[pin, axis] = value[pin]
            new[free, axis] = solve.solve(rhs[free, axis] - lap[free][:, np.flatnonzero(pin)] @ value[pin])
        if np.abs(new - uv).max() < 2e-5:
            uv = new
            break
        uv = new
    return uv


def stretch(v, t, uv):
    """Per triangle: linear density sqrt(UV area / area), and the larger over the smaller singular value."""
    e1, e2 = v[t[:, 1]] - v[t[:, 0]], v[t[:, 2]] - v[t[:, 0]]
    area = 0.5 * np.linalg.norm(np.cross(e1, e2), axis=1)
    l1 = np.maximum(np.linalg.norm(e1, axis=1), 1e-12)
    x2 = (e1 * e2).sum(1) / l1
    y2 = np.maximum(2 * area / l1, 1e-12)
    d1, d2 = uv[t[:, 1]] - uv[t[:, 0]], uv[t[:, 2]] - uv[t[:, 0]]
    jx = d1 / l1[:, None]
    jy = (d2 - jx * x2[:, None]) / y2[:, None]
    det = jx[:, 0] * jy[:, 1] - jx[:, 1] * jy[:, 0]
    a, c, b = (jx ** 2).sum(1), (jy ** 2).sum(1), (jx * jy).sum(1)
    disc = np.sqrt(np.maximum((a - c) ** 2 / 4 + b * b, 0))
    s1, s2 = np.sqrt((a + c) / 2 + disc), np.sqrt(np.maximum((a + c) / 2 - disc, 1e-15))
    return area, np.sqrt(np.abs(det)), s1, s2, det


def coverage(t, uv, size=SIZE):
    """How many triangles hold each texel's centre (size, size)."""
    count = np.zeros(size * size, np.int32)
    p = uv[t] * size
    x0, y0 = np.floor(p.min(1)).astype(int).T
    x1, y1 = np.ceil(p.max(1)).astype(int).T
    span = np.maximum(x1 - x0, y1 - y0)
    d = (p[:, 1, 0] - p[:, 0, 0]) * (p[:, 2, 1] - p[:, 0, 1]) - (p[:, 1, 1] - p[:, 0, 1]) * (p[:, 2, 0] - p[:, 0, 0])
    for lo, hi in ((0, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 128), (128, 4096)):
        sel = np.flatnonzero((span >= lo) & (span < hi) & (np.abs(d) > 1e-9))
        if not len(sel):
            continue
        for part in np.array_split(sel, max(1, int(len(sel) * min(hi, 600) ** 2 / 4e6))):
            k = int(span[part].max()) + 1
            oy, ox = np.mgrid[0:k, 0:k]
            gx, gy = x0[part, None] + ox.ravel(), y0[part, None] + oy.ravel()
            q, D = p[part], d[part, None]
            cx, cy = gx + 0.5, gy + 0.5
            w1 = ((cx - q[:, None, 0, 0]) * (q[:, None, 2, 1] - q[:, None, 0, 1]) - (q[:, None, 2, 0] - q[:, None, 0, 0]) * (cy - q[:, None, 0, 1])) / D
            w2 = ((q[:, None, 1, 0] - q[:, None, 0, 0]) * (cy - q[:, None, 0, 1]) - (cx - q[:, None, 0, 0]) * (q[:, None, 1, 1] - q[:, None, 0, 1])) / D
            eps = 1e-7
            hit = (w1 > eps) & (w2 > eps) & (w1 + w2 < 1 - eps) & (gx >= 0) & (gy >= 0) & (gx < size) & (gy < size)
            np.add.at(count, (gy * size + gx)[hit], 1)
    return count.reshape(size, size)
