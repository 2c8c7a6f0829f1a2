"""Path-traces the cases with Cycles. usage: python trace.py <folder> [name part]; SAMPLES sets the samples per pixel."""
import os
import sys
import tomllib

import bpy
import numpy as np
from PIL import Image

import scene as scenes


def neutral(c):
    """Khronos PBR Neutral, the showroom's tone curve."""
    c = np.maximum(c, 0)
    low = c.min(-1, keepdims=True)
    c = c - np.where(low < 0.08, low - 6.25 * low * low, 0.04)
    peak = c.max(-1, keepdims=True)
    d = 1 - 0.76
    pressed = 1 - d * d / (peak + d - 0.76)
    grey = 1 - 1 / (0.15 * (peak - pressed) + 1)
    return np.where(peak < 0.76, c, c * pressed / np.maximum(peak, 1e-6) * (1 - grey) + pressed * grey)


def encoded(c):
    c = np.clip(c, 0, 1)
    return np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055)


def save(path, share):
    Image.fromarray((np.clip(share, 0, 1) * 255 + 0.5).astype(np.uint8)).save(path)


def rendered(scene, path):
    scene.render.filepath = path
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(path)
    a = scenes.pixels(image).copy()
    bpy.data.images.remove(image)
    os.unlink(path)
    return a


def main(folder, wanted=""):
    os.makedirs(folder, exist_ok=True)
    here = os.path.dirname(os.path.abspath(__file__))
    for case in tomllib.load(open(os.path.join(here, "cases.toml"), "rb"))["case"]:
        out = os.path.join(folder, case["name"])
        if wanted not in case["name"] or os.path.exists(out + ".mask.png"):
            continue
        scene, ground, gain = scenes.build(case, int(os.environ.get("SAMPLES", "32")))
        light = rendered(scene, out + ".exr")[..., :3]
        save(out + ".png", encoded(neutral(light * gain)))
        # what of the picture is car
        ground.hide_render, scene.render.film_transparent = True, True
        scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.max_bounces = 4, False, 0
        save(out + ".mask.png", rendered(scene, out + ".exr")[..., 3])
        print(case["name"], flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
