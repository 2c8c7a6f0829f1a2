"""The sample's invented livery, painted in the car's space and baked into its atlas: `livery.py car.glb livery.png`.

Bands follow the car over every panel; words and numbers are flat decals projected from the side, the top, the front or the
rear, so they stay readable on both sides. All names are made up.
"""
import os
import sys
import numpy as np
from PIL import Image, ImageDraw, ImageFont

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "cars", "source"))
import glb                                          # noqa: E402
from preview import raster                          # noqa: E402

SIZE = 2048
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
FONT_ITALIC = "/usr/share/fonts/truetype/dejavu/DejaVuSans-BoldOblique.ttf"
WHITE, NAVY, ORANGE, TEAL, INK = (240, 240, 236), (13, 33, 66), (250, 84, 24), (20, 178, 166), (14, 16, 22)


def atlas_maps(parts):
    """Position, normal and hit mask per texel."""
    base = np.cumsum([0] + [len(p.v) for p in parts])
    v, n, q = (np.concatenate([getattr(p, k) for p in parts]) for k in ("v", "n", "uv"))
    t = np.concatenate([p.t + b for p, b in zip(parts, base)])
    ids, w = raster(v, t, SIZE, SIZE, q[:, 0] * SIZE, q[:, 1] * SIZE, np.ones(len(v)))
    hit = ids >= 0
    w = w[hit][..., None]
    tri = t[ids[hit]]
    return hit, (v[tri] * w).sum(1), (n[tri] * w).sum(1)


def word(text, colour, height_px=160, font=FONT):
    f = ImageFont.truetype(font, height_px)
    box = f.getbbox(text)
    im = Image.new("RGBA", (box[2] - box[0] + 8, box[3] - box[1] + 8), (*colour, 0))
    ImageDraw.Draw(im).text((4 - box[0], 4 - box[1]), text, font=f, fill=(*colour, 255))
    return im


def number_plate(text):
    im = Image.new("RGBA", (520, 480), (0, 0, 0, 0))
    d = ImageDraw.Draw(im)
    d.rounded_rectangle((6, 6, 513, 473), 70, fill=(*WHITE, 255), outline=(*INK, 255), width=10)
    f = ImageFont.truetype(FONT_ITALIC, 330)
    box = f.getbbox(text)
    d.text((260 - (box[0] + box[2]) / 2, 240 - (box[1] + box[3]) / 2), text, font=f, fill=(*INK, 255))
    return im


def stamp(colour, u, v, mask, image, centre, width, turn=0.0):
    """Blends an RGBA image, `width` metres wide, where the projected coordinates (right, up) fall on it."""
    c, s = np.cos(turn), np.sin(turn)
    du, dv = u - centre[0], v - centre[1]
    a, b = c * du + s * dv, -s * du + c * dv
    px = a / width * image.width + image.width / 2 - 0.5
    py = -b / width * image.width + image.height / 2 - 0.5
    inside = mask & (px > 0) & (py > 0) & (px < image.width - 1) & (py < image.height - 1)
    im = np.asarray(image).astype(float)
    x, y = px[inside], py[inside]
    x0, y0 = x.astype(int), y.astype(int)
    fx, fy = (x - x0)[:, None], (y - y0)[:, None]
    c4 = ((im[y0, x0] * (1 - fx) + im[y0, x0 + 1] * fx) * (1 - fy) + (im[y0 + 1, x0] * (1 - fx) + im[y0 + 1, x0 + 1] * fx) * fy)
    alpha = c4[:, 3:] / 255
    colour[inside] = colour[inside] * (1 - alpha) + c4[:, :3] * alpha


def paint(p, n):
    x, y, z = p.T
    out = np.tile(np.array(WHITE, float), (len(p), 1))
    ax = np.abs(x)
    # One sweeping band: low at the nose, high over the rear haunch; on top it becomes a chevron.
    line = 0.36 + 0.30 / (1 + np.exp((z - 0.15) * 3.2)) + 0.55 * np.clip((-0.9 - z) / 1.3, 0, 1) ** 1.4
    h = line - y + 0.10 * np.clip(ax - 0.6, 0, None)

    def layer(mask, c):
        out[mask] = c
    soft = lambda d: np.clip(d / 0.0012 + 0.5, 0, 1)[:, None]
    for edge, c in ((0.0, ORANGE), (0.075, NAVY)):
        k = soft(h - edge)
        out[:] = out * (1 - k) + np.array(c, float) * k
    k = soft(h + 0.040) * (1 - soft(h + 0.022))
    out[:] = out * (1 - k) + np.array(TEAL, float) * k
    # Centre stripes over nose, bonnet, roof and tail.
    top = y > 0.50
    for lo, hi, c in ((0.115, 0.215, NAVY), (0.225, 0.245, ORANGE)):
        k = soft(ax - lo) * soft(hi - ax) * (top & (n[:, 1] > 0.12))[:, None]
        out[:] = out * (1 - k) + np.array(c, float) * k
    # Rear wing: navy with orange tips; mirror caps orange.
    wing = (z < -1.90) & (y > 0.96)
    out[wing] = NAVY
    out[wing & (ax > 0.80) & (ax < 0.8995)] = ORANGE
    out[(ax > 0.80) & (z > 0.45) & (y > 0.90) & (y < 1.06)] = ORANGE

    plate = number_plate("27")
    for sign in (1, -1):
        side = (x * sign > 0.5) & (n[:, 0] * sign > 0.25) & ~wing
        right = -z * sign
        spot = lambda at_z: -at_z * sign
        stamp(out, right, y, side, plate, (spot(0.26), 0.60), 0.46)
        stamp(out, right, y, side, word("NORDWIND", WHITE, 200, FONT_ITALIC), (spot(-0.02), 0.305), 1.05)
        stamp(out, right, y, side, word("HALVIK", INK, 160, FONT_ITALIC), (spot(-0.22), 0.715), 0.30)
        stamp(out, right, y, side, word("TORVAN", INK, 160), (spot(-0.80), 0.865), 0.26)
        stamp(out, right, y, side, word("ornix", WHITE, 160, FONT_ITALIC), (spot(-1.86), 0.53), 0.30)
        stamp(out, right, y, side, word("velkar", ORANGE, 160), (spot(1.84), 0.475), 0.20)
        plate_end = wing & (n[:, 0] * sign > 0.7)
        stamp(out, right, y, plate_end, word("NW", WHITE, 200, FONT_ITALIC), (spot(-2.12), 1.12), 0.22)
        inner = wing & (n[:, 0] * sign > 0.7) & (x * sign < 0)
        stamp(out, right, y, inner, word("NW", WHITE, 200, FONT_ITALIC), (spot(-2.12), 1.12), 0.22)
    bonnet = (n[:, 1] > 0.5) & (z > 0.85) & ~wing
    stamp(out, x, -z, bonnet, plate, (0.0, -1.672), 0.165)
    stamp(out, x, -z, bonnet, word("KESTRO", INK, 160), (0.37, -1.70), 0.20)
    stamp(out, x, -z, bonnet, word("KESTRO", INK, 160), (-0.37, -1.70), 0.20)
    front = (n[:, 2] > 0.35) & (z > 1.7)
    stamp(out, x, y, front, word("NORDWIND", INK, 160, FONT_ITALIC), (0.0, 0.462), 0.56)
    roof = (n[:, 1] > 0.7) & (z < 0.4) & (z > -0.6) & ~wing
    stamp(out, x, -z, roof, plate, (0.0, 0.12), 0.42)
    rear = (n[:, 2] < -0.35) & (z < -1.8) & ~wing
    stamp(out, -x, y, rear, word("HALVIK", WHITE, 160), (0.45, 0.50), 0.30)
    stamp(out, -x, y, rear, word("TORVAN", WHITE, 160), (-0.45, 0.50), 0.30)
    on_wing = wing & (n[:, 1] > 0.5) & (ax < 0.8)
    stamp(out, -x, z, on_wing, word("NORDWIND RACING", WHITE, 160, FONT_ITALIC), (0.0, -2.14), 1.25)
    return out


def main():
    parts = [p for p in glb.read(sys.argv[1]) if p.material.startswith("paint")]
    hit, p, n = atlas_maps(parts)
    image = np.tile(np.array(WHITE, np.uint8), (SIZE * SIZE, 1))
    image[hit] = np.clip(np.round(paint(p, n)), 0, 255)
    # Colours run on a few texels beyond each island, so that filtering finds no seam.
    from scipy import ndimage
    grid = hit.reshape(SIZE, SIZE)
    dist, (iy, ix) = ndimage.distance_transform_edt(~grid, return_indices=True)
    image = image.reshape(SIZE, SIZE, 3)
    image = np.where((dist < 8)[..., None], image[iy, ix], image)
    Image.fromarray(image).save(sys.argv[2], optimize=True)


if __name__ == "__main__":
    main()
