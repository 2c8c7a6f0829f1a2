"""Packs the flattened islands into one square and checks the result."""
import numpy as np
from scipy import ndimage, signal
import uv as uvlib

CELL = 8                                           # packing works on 8 px cells of the 2048 px atlas
SIZE = uvlib.SIZE
PADDING_PX = 16
BORDER_PX = 12


class Island:
    """Triangles in metres. `mirror_of` names the island whose mirror image this is; it shares its u about 0.5."""

    def __init__(self, name, pieces, mirror_of=None):
        # pieces: list of (part name, uv (n, 2), triangles)
        self.name, self.pieces, self.mirror_of = name, pieces, mirror_of
        self.masks = {}

    def bounds(self):
        q = np.concatenate([u[np.unique(t)] for _, u, t in self.pieces])
        return q.min(0), q.max(0)

    def mask(self, density):
        if density in self.masks:
            return self.masks[density]
        lo, hi = self.bounds()
        n = int(np.ceil((hi - lo).max() * density / CELL)) + 2
        out = np.zeros((n * CELL, n * CELL), bool)
        for _, u, t in self.pieces:
            out |= uvlib.coverage(t, ((u - lo) * density + CELL) / (n * CELL), n * CELL) > 0
        m = out.reshape(n, CELL, n, CELL).any((1, 3))
        w, h = np.ceil((hi - lo) * density / CELL).astype(int) + 2
        self.masks = {density: m[:h, :w]}
        return m[:h, :w]


def place(islands, density, leans=None):
    """Puts the islands one after the other at the lowest free spot; {name: (row, column)} in cells, or None.

    `leans` says per island whether it goes to the left (1) or the right (-1) among equally low spots.
    """
    n = SIZE // CELL
    full = np.zeros((n, n), np.float32)
    border = -(-BORDER_PX // CELL)
    full[:border] = full[-border:] = full[:, :border] = full[:, -border:] = 1
    pad = -(-PADDING_PX // CELL)
    grow = ndimage.generate_binary_structure(2, 2)
    spots = {}

    def free_for(m):
        return signal.fftconvolve(full, m[::-1, ::-1].astype(np.float32), mode="valid") < 0.5

    def mark(m, spot):
        fat = ndimage.binary_dilation(np.pad(m, pad), grow, pad)
        r, c = spot[0] - pad, spot[1] - pad
        sub = fat[max(0, -r):n - r, max(0, -c):n - c]
        view = full[max(r, 0):max(r, 0) + sub.shape[0], max(c, 0):max(c, 0) + sub.shape[1]]
        np.maximum(view, sub, out=view)

    for isl in islands:
        if isl.name in spots:
            continue
        m = isl.mask(density)
        h, w = m.shape
        if h > n or w > n:
            return None
        r, c = np.nonzero(free_for(m))
        if not len(r):
            return None
        score = (r + h) * 1000 + c * (leans or {}).get(isl.name, 1)
        twin = next((o for o in islands if o.mirror_of == isl.name), None)
        if twin is None:
            k = np.argmin(score)
            spots[isl.name] = (r[k], c[k])
            mark(m, spots[isl.name])
            continue
        # The mirror image lies in the column mirrored about the middle; both must fit.
        other = free_for(m[:, ::-1])
        for k in np.argsort(score)[::11]:
            col = n - c[k] - w
            rows = np.flatnonzero(other[:, col]) if 0 <= col < other.shape[1] else np.zeros(0, int)
            if not (col >= c[k] + w + pad or col + w + pad <= c[k]):
                rows = nested(m, rows, r[k], col - c[k], pad, grow)
            if len(rows):
                spots[isl.name], spots[twin.name] = (r[k], c[k]), (rows[0], col)
                mark(m, spots[isl.name])
                mark(m[:, ::-1], spots[twin.name])
                break
        else:
            return None
    return spots


def nested(m, rows, r, shift, pad, grow):
    """Those rows at which the mirrored mask, `shift` cells to the right, keeps clear of the mask at row r."""
    fat = ndimage.binary_dilation(np.pad(m, pad), grow, pad)
    twin = m[:, ::-1]
    out = []
    for q in rows:
        dr, dc = q - r + pad, shift + pad
        a = fat[max(dr, 0):dr + twin.shape[0], max(dc, 0):dc + twin.shape[1]]
        b = twin[max(-dr, 0):, max(-dc, 0):][:a.shape[0], :a.shape[1]]
        if a.size == 0 or not (a[:b.shape[0], :b.shape[1]] & b).any():
            out.append(q)
            break
    return np.array(out, int)


def random_orders(islands, last, count, seed=1):
    """Orders and leans to try: large islands shuffled, the small ones of `last` at the end."""
    rng = np.random.default_rng(seed)
    large = [k for k in islands if k not in last and islands[k].mirror_of is None]
    for _ in range(count):
        order = []
        for k in rng.permutation(large).tolist():
            order += [k] + [o for o in islands if islands[o].mirror_of == k]
        yield order + list(last), {k: int(rng.choice([-1, 1])) for k in large + [k for k in last if islands[k].mirror_of is None]}


def pack(islands, orders):
    """Largest density (texels per metre) at which one of the (order, leans) pairs fits; sets each island's offset."""
    best = (0, None, None)
    for order, leans in orders:
        seq = [islands[k] for k in order]
        lo, hi = max(best[0], 300.0), 620.0
        if best[0]:
            spots = place(seq, best[0] * 1.01, leans)
            if spots is None:
                continue
            best = (best[0] * 1.01, spots, (order, leans))
            lo = best[0]
        while hi - lo > 2.5:
            mid = 0.5 * (lo + hi)
            spots = place(seq, mid, leans)
            if spots:
                lo, best = mid, (mid, spots, (order, leans))
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
            sign = 1 if p.name.endswith("_left") else -1
            # The affine map from (z, y) that fits best.
            z, y = np.linalg.lstsq(np.column_stack([p.v[:, 2], p.v[:, 1], np.ones(len(p.v))]), p.uv, rcond=None)[0][:2]
            # The nose must lie at the picture's left on the car's left side and at its right on the right side; up is -v.
            upright[p.name] = bool(z[0] * sign < -0.8 * np.hypot(*z) and y[1] < -0.8 * np.hypot(*y))
    print(f"atlas: {over} texels covered twice, fill {fill:.3f}, mean {mean:.0f} px/m, area within 25 % {within:.4f}, "
          f"1..99 % {np.percentile(dens, 1) / mean:.2f}..{np.percentile(dens, 99) / mean:.2f}, "
          f"mean stretch {(w * s1 / np.maximum(s2, 0.05 * s1)).sum():.3f}, flipped area {flips:.6f}, padding {gap:.1f} px, border {margin} px")
    print("upright:", upright)
    return {"overlap_texels": over, "fill": fill, "mean_px_per_m": mean, "within_25": within, "padding_px": gap, "border_px": margin,
            "upright": all(upright.values())}
