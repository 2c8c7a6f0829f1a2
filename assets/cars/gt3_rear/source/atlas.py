"""Packs the flattened islands into one square and checks the result."""
import numpy as np
from scipy import ndimage, signal
import uv as uvlib

CELL = 4                                           # packing works on 4 px cells of the 2048 px atlas
SIZE = uvlib.SIZE
PADDING_PX = 16
BORDER_PX = 12


class Island:
    """Triangles in metres. `mirror_of` names the island whose mirror image this is; it shares its u about 0.5."""

    def __init__(self, name, pieces, mirror_of=None):
        # pieces: list of (part name, uv (n, 2), triangles)
        self.name, self.pieces, self.mirror_of = name, pieces, mirror_of
        self.at = None

    def bounds(self):
        q = np.concatenate([u[np.unique(t)] for _, u, t in self.pieces])
        return q.min(0), q.max(0)

    def mask(self, density):
        lo, hi = self.bounds()
        n = int(np.ceil((hi - lo).max() * density / CELL)) + 2
        out = np.zeros((n * CELL, n * CELL), bool)
        for _, u, t in self.pieces:
            out |= uvlib.coverage(t, ((u - lo) * density + CELL) / (n * CELL), n * CELL) > 0
        m = out.reshape(n, CELL, n, CELL).any((1, 3))
        m = m[:, np.flatnonzero(m.any(0))[0]:np.flatnonzero(m.any(0))[-1] + 1] if False else m
        w, h = np.ceil((hi - lo) * density / CELL).astype(int) + 2
        return m[:h, :w]


def place(islands, density, tall_first=True):
    n = SIZE // CELL
    full = np.zeros((n, n), bool)
    border = -(-BORDER_PX // CELL)
    full[:border], full[-border:], full[:, :border], full[:, -border:] = True, True, True, True
    grow = ndimage.generate_binary_structure(2, 2)
    spots = {}
    pad = -(-PADDING_PX // CELL) + 0
    for isl in islands:
        m = isl.mask(density)
        h, w = m.shape
        if h > n or w > n:
            return None
        fat = np.pad(m, pad)
        fat = ndimage.binary_dilation(fat, grow, pad)
        hits = signal.fftconvolve(full.astype(np.float32), m[::-1, ::-1].astype(np.float32), mode="valid")
        free = hits < 0.5
        if isl.mirror_of:
            col = n - spots[isl.mirror_of][1] - w
            if not 0 <= col < free.shape[1]:
                return None
            rows = np.flatnonzero(free[:, col])
            if not len(rows):
                return None
            spot = (rows[0], col)
        else:
            r, c = np.nonzero(free)
            if not len(r):
                return None
            # Lowest skyline first, then towards the middle for wide islands and the edge for small ones.
            score = (r + h) * 1000 + np.abs(c + w / 2 - n / 2) * (1 if w > n * 0.6 else -0.2)
            k = np.argmin(score)
            spot = (r[k], c[k])
        spots[isl.name] = spot
        r, c = spot
        r0, c0 = r - pad, c - pad
        fr0, fc0 = max(0, -r0), max(0, -c0)
        sub = fat[fr0:fr0 + n - max(r0, 0), fc0:fc0 + n - max(c0, 0)]
        full[max(r0, 0):max(r0, 0) + sub.shape[0], max(c0, 0):max(c0, 0) + sub.shape[1]] |= sub
    return spots


def pack(islands, orders):
    """Largest density (texels per metre) at which one of the orders fits; sets each island's offset."""
    best = (0, None, None)
    for order in orders:
        seq = [islands[k] for k in order]
        lo, hi = max(best[0], 300.0), 620.0
        if best[0] and place(seq, best[0] * 1.01) is None:
            continue
        while hi - lo > 2.5:
            mid = 0.5 * (lo + hi)
            spots = place(seq, mid)
            if spots:
                lo, best = mid, (mid, spots, order)
            else:
                hi = mid
    density, spots, order = best
    print(f"packed at {density:.0f} px/m with order {order}")
    for isl in islands.values():
        lo, _ = isl.bounds()
        r, c = spots[isl.name]
        isl.scale = density / SIZE
        isl.offset = (np.array([c, r]) * CELL + CELL) / SIZE - lo * isl.scale
    return density


def check(parts, islands):
    """Overlap, padding, density and uprightness of the finished paint parts; prints and returns the numbers."""
    v, t, q, part_of = [], [], [], []
    base = 0
    for i, p in enumerate(parts):
        v.append(p.v), q.append(p.uv), t.append(p.t + base), part_of.append(np.full(len(p.t), i))
        base += len(p.v)
    v, t, q, part_of = np.concatenate(v), np.concatenate(t), np.concatenate(q), np.concatenate(part_of)
    q = q.astype(np.float32).astype(float)
    count = uvlib.coverage(t, q)
    over = int((count > 1).sum())
    area, dens, s1, s2, det = uvlib.stretch(v, t, q)
    dens = dens * SIZE
    w = area / area.sum()
    mean = (w * dens).sum()
    within = w[np.abs(dens / mean - 1) < 0.25].sum()
    fill = (count > 0).mean()
    label = np.zeros((SIZE, SIZE), np.int32)
    for k, isl in enumerate(islands.values(), 1):
        for _, u, tri in isl.pieces:
            label[uvlib.coverage(tri, u * isl.scale + isl.offset) > 0] = k
    gap = 1e9
    for k in range(1, len(islands) + 1):
        dist = ndimage.distance_transform_edt(label != k)
        other = (label > 0) & (label != k)
        gap = min(gap, dist[other].min())
    used = np.argwhere(count > 0)
    margin = min(used.min(), SIZE - 1 - used.max())
    flips = w[det > 0].sum()                       # v runs down, so an unflipped triangle has a negative determinant
    upright = {}
    for p in parts:
        if p.name.endswith(("_left", "_right")) and p.name.split("_left")[0].split("_right")[0] in ("door", "front_wing", "rear_quarter", "skirt"):
            e1, e2 = p.v[p.t[:, 1]] - p.v[p.t[:, 0]], p.v[p.t[:, 2]] - p.v[p.t[:, 0]]
            d1, d2 = p.uv[p.t[:, 1]] - p.uv[p.t[:, 0]], p.uv[p.t[:, 2]] - p.uv[p.t[:, 0]]
            sign = 1 if p.name.endswith("_left") else -1
            z = (d1 * e1[:, 2:3] + d2 * e2[:, 2:3]).sum(0)
            y = (d1 * e1[:, 1:2] + d2 * e2[:, 1:2]).sum(0)
            # The nose must lie at the picture's left on the car's left side and at its right on the right side; up is -v.
            upright[p.name] = bool(z[0] * sign < -0.8 * np.hypot(*z) and y[1] < -0.8 * np.hypot(*y))
    print(f"atlas: {over} texels covered twice, fill {fill:.3f}, mean {mean:.0f} px/m, area within 25 % {within:.4f}, "
          f"1..99 % {np.percentile(dens, 1) / mean:.2f}..{np.percentile(dens, 99) / mean:.2f}, "
          f"mean stretch {(w * s1 / np.maximum(s2, 1e-9)).sum():.3f}, flipped area {flips:.6f}, padding {gap:.1f} px, border {margin} px")
    print("upright:", upright)
    return {"overlap_texels": over, "fill": fill, "mean_px_per_m": mean, "within_25": within, "padding_px": gap, "border_px": margin,
            "upright": all(upright.values())}
