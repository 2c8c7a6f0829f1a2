"""A quick z-buffer preview of a GLB: `preview.py car.glb out.png view ...`; for modelling, not for beauty."""
import math
import sys
import numpy as np
from PIL import Image
import glb

VIEWS = {"front": (0, 5), "rear": (180, 7), "left": (90, 3), "right": (270, 3), "front_left": (38, 12), "front_right": (322, 12),
         "rear_left": (142, 14), "rear_right": (218, 14), "top": (90, 89), "high_front": (25, 35), "high_rear": (155, 35),
         "bottom": (90, -88), "low_front": (20, -2), "low_rear": (165, 0)}


def raster(v, t, width, height, px, py, depth):
    """Nearest triangle per pixel: (ids, barycentrics). px, py, depth are per vertex."""
    zbuf, ids = np.full(width * height, np.inf), np.full(width * height, -1)
    bary = np.zeros((width * height, 3), np.float32)
    x, y, d = px[t], py[t], depth[t]
    x0, x1 = np.floor(x.min(1)).astype(int), np.ceil(x.max(1)).astype(int)
    y0, y1 = np.floor(y.min(1)).astype(int), np.ceil(y.max(1)).astype(int)
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    ok = (d.min(1) > 0.1) & (x1 >= 0) & (y1 >= 0) & (x0 < width) & (y0 < height) & (np.abs(area) > 1e-9)
    size = np.maximum(x1 - x0, y1 - y0)
    for lo, hi in ((0, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 4096)):
        sel = np.flatnonzero(ok & (size >= lo) & (size < hi))
        for part in np.array_split(sel, max(1, int(len(sel) * min(hi, 400) ** 2 / 4e6))):
            if not len(part):
                continue
            k = int(size[part].max()) + 1
            oy, ox = np.mgrid[0:k, 0:k]
            gx, gy = x0[part, None] + ox.ravel(), y0[part, None] + oy.ravel()
            cx, cy = gx + 0.5, gy + 0.5
            X, Y, A = x[part], y[part], area[part, None]
            w1 = ((cx - X[:, :1]) * (Y[:, 2:3] - Y[:, :1]) - (X[:, 2:3] - X[:, :1]) * (cy - Y[:, :1])) / A
            w2 = ((X[:, 1:2] - X[:, :1]) * (cy - Y[:, :1]) - (cx - X[:, :1]) * (Y[:, 1:2] - Y[:, :1])) / A
            w0 = 1 - w1 - w2
            hit = (w0 >= 0) & (w1 >= 0) & (w2 >= 0) & (gx >= 0) & (gy >= 0) & (gx < width) & (gy < height)
            r, c = np.nonzero(hit)
            pix = gy[r, c] * width + gx[r, c]
            D = d[part]
            z = 1 / (w0[r, c] / D[r, 0] + w1[r, c] / D[r, 1] + w2[r, c] / D[r, 2])
            order = np.argsort(-z)
            pix, z, r, c = pix[order], z[order], r[order], c[order]
            last = np.full(width * height, -1)
            last[pix] = np.arange(len(pix))
            win = last[last >= 0]
            better = z[win] < zbuf[pix[win]]
            win = win[better]
            zbuf[pix[win]], ids[pix[win]] = z[win], part[r[win]]
            bary[pix[win]] = np.stack([w0[r[win], c[win]], w1[r[win], c[win]], w2[r[win], c[win]]], 1)
    return ids, bary


def picture(parts, az, el, width=800, height=450, dist=9.0, fov=30.0, target=(0, 0.6, 0), livery=None, hide=()):
    parts = [p for p in parts if not any(h in p.name for h in hide)]
    base = np.cumsum([0] + [len(p.v) for p in parts])
    v, n = np.concatenate([p.v for p in parts]), np.concatenate([p.n for p in parts])
    t = np.concatenate([p.t + b for p, b in zip(parts, base)])
    mat = np.concatenate([np.full(len(p.t), list(glb.MATERIALS).index(p.material)) for p in parts])
    ao = np.concatenate([np.ones(len(p.v)) if p.ao is None else p.ao for p in parts])
    uv = np.concatenate([np.zeros((len(p.v), 2)) if p.uv is None else p.uv for p in parts])
    a, e = math.radians(az), math.radians(el)
    back = np.array([math.sin(a) * math.cos(e), math.sin(e), math.cos(a) * math.cos(e)])
    right = np.cross([0, 1, 0], back)
    right /= np.linalg.norm(right)
    up = np.cross(back, right)
    q = v - (np.array(target) + back * dist)
    depth = -(q @ back)
    f = 0.5 * width / math.tan(math.radians(fov) / 2)
    px, py = width / 2 + f * (q @ right) / depth, height / 2 - f * (q @ up) / depth
    ids, bary = raster(v, t, width, height, px, py, depth)
    hit = ids >= 0
    tri = t[ids[hit]]
    w = bary[hit][..., None]
    nn = (n[tri] * w).sum(1)
    nn /= np.maximum(np.linalg.norm(nn, axis=1, keepdims=True), 1e-9)
    pos = (v[tri] * w).sum(1)
    view = (np.array(target) + back * dist) - pos
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    front = (nn * view).sum(1)
    face = np.cross(v[tri[:, 1]] - v[tri[:, 0]], v[tri[:, 2]] - v[tri[:, 0]])
    backface = (face * view).sum(1) < 0
    colours = np.array([m[0][:3] for m in glb.MATERIALS.values()])
    base_c = colours[mat[ids[hit]]].copy()
    paint = np.array([m.startswith("paint") for m in glb.MATERIALS])[mat[ids[hit]]]
    base_c[paint] = 0.45
    if livery is not None:
        im = np.asarray(livery.convert("RGB")) / 255.0
        q = (uv[tri] * w).sum(1)[paint]
        k = np.clip((q * im.shape[0]).astype(int), 0, im.shape[0] - 1)
        base_c[paint] = im[k[:, 1], k[:, 0]] ** 2.2
    sun = np.array([0.45, 0.75, 0.5])
    sun /= np.linalg.norm(sun)
    light = 0.30 + 0.25 * nn[:, 1] + 0.65 * np.clip(nn @ sun, 0, 1)
    refl = 2 * front[:, None] * nn - view
    band = 0.5 + 0.5 * np.tanh((refl[:, 1] - 0.12) * 9)
    fres = 0.04 + 0.5 * np.clip(1 - front, 0, 1) ** 4
    c = base_c * light[:, None] * (ao[tri] * w[..., 0]).sum(1)[:, None] + (fres * band * 0.8)[:, None]
    c[backface] = (0.8, 0.0, 0.8)
    out = np.full((width * height, 3), 0.55)
    out[hit] = np.clip(c, 0, 1) ** (1 / 2.2)
    return Image.fromarray((out.reshape(height, width, 3) * 255).astype(np.uint8))


def main():
    parts = glb.read(sys.argv[1])
    livery = None
    args = sys.argv[3:]
    if args and args[0].endswith(".png"):
        livery = Image.open(args.pop(0))
    pics = []
    for name in args:
        if "," in name:
            x, y, z, az, el, dist = map(float, name.split(","))
            pics.append(picture(parts, az, el, dist=dist, target=(x, y, z), livery=livery))
        else:
            pics.append(picture(parts, *VIEWS[name], livery=livery))
    w, h = pics[0].size
    sheet = Image.new("RGB", (w * min(2, len(pics)), h * ((len(pics) + 1) // 2)))
    for i, p in enumerate(pics):
        sheet.paste(p, ((i % 2) * w, (i // 2) * h))
    sheet.save(sys.argv[2])


if __name__ == "__main__":
    main()
