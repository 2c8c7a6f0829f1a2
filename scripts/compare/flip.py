"""Compares the showroom's pictures with the traced ones. usage: python flip.py <traced> <showroom> [sheet.jpg name..]

Prints FLIP (Andersson et al., 2020, for 67 pixels per degree) as a mean over the car's pixels, and lays traced, shown and the
map of differences side by side beside the showroom's pictures; with names, these cases into one sheet."""
import os
import sys
import tomllib

import flip_evaluator
import numpy as np
from PIL import Image

SIZE = (640, 360)


def linear(c):
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def encoded(c):
    return np.where(c <= 0.0031308, 12.92 * c, 1.055 * np.maximum(c, 1e-9) ** (1 / 2.4) - 0.055)


def picture(path):
    """At the size of the comparison; larger ones are averaged in linear light, as a path tracer averages its samples."""
    a = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
    k = a.shape[0] // SIZE[1]
    if k > 1:
        a = encoded(linear(a).reshape(SIZE[1], k, SIZE[0], k, 3).mean((1, 3)))
    return a.astype(np.float32)


def main(traced, shown, sheet=None, *names):
    here = os.path.dirname(os.path.abspath(__file__))
    means, rows = [], []
    for case in tomllib.load(open(os.path.join(here, "cases.toml"), "rb"))["case"]:
        name = case["name"]
        paths = [os.path.join(traced, name + end) for end in (".png", ".mask.png")] + [os.path.join(shown, name + ".png")]
        if not all(map(os.path.exists, paths)):
            continue
        a, b = picture(paths[0]), picture(paths[2])
        car = np.asarray(Image.open(paths[1]).convert("L")) > 127
        error = np.asarray(flip_evaluator.evaluate(a, b, "LDR", applyMagma=False)[0]).reshape(SIZE[1], SIZE[0], -1)[..., :1]
        means.append(error[car].mean())
        print(f"{name:42} {means[-1]:.4f}", flush=True)
        row = np.concatenate([a, b, np.repeat(np.clip(2 * error * (0.3 + 0.7 * car[..., None]), 0, 1), 3, 2)], 1)
        row = Image.fromarray((row * 255 + 0.5).astype(np.uint8))
        row.save(os.path.join(shown, name + ".pair.png"))
        if name in names:
            rows.append(row)
    if means:
        print(f"mean {np.mean(means):.4f}, highest {max(means):.4f}, {len(means)} pictures")
    if sheet and rows:
        whole = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)))
        for k, row in enumerate(rows):
            whole.paste(row, (0, k * row.height))
        whole.save(sheet, quality=88)


if __name__ == "__main__":
    main(*sys.argv[1:])
