#!/usr/bin/env python3
"""Makes the bundled environments: soft_studio.hdr, overcast.hdr and clear_sky.hdr.

Everything is computed from formulas below, so the pictures carry no rights of anybody else. Needs numpy only:

    python3 environments.py [folder]

Frame: +Y up, right-handed, as in the rest of GridVox. The middle of the picture looks to -Z, its right side to +X, and
the eye stands EYE metres above the ground, which the showroom relies on when it lays the picture's lower half on the
ground. Radiance is relative: `exposure` in environments.toml says how many stops it takes to a picture.
"""

import sys
from pathlib import Path

import numpy as np

WIDTH, HEIGHT = 2048, 1024
EYE = 1.6


# --- directions, noise, files -------------------------------------------------------------------------------------


def directions():
    u = (np.arange(WIDTH) + 0.5) / WIDTH
    v = (np.arange(HEIGHT) + 0.5) / HEIGHT
    azimuth = (u - 0.5) * 2.0 * np.pi
    polar = v * np.pi
    sin = np.sin(polar)[:, None]
    x = sin * np.sin(azimuth)[None, :]
    z = -sin * np.cos(azimuth)[None, :]
    y = np.repeat(np.cos(polar)[:, None], WIDTH, 1)
    return np.stack([x, y, z], -1).astype(np.float32)


def hash01(ix, iy, iz, seed):
    n = (ix * 374761393 + iy * 668265263 + iz * 2147483647 + seed * 144665) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    n = ((n ^ (n >> 16)) * 2246822519) & 0xFFFFFFFF
    return ((n ^ (n >> 15)) & 0xFFFFFF).astype(np.float32) / float(0xFFFFFF)


def value_noise(p, seed):
    """Smooth noise in 0..1 at points p (..., 3)."""
    base = np.floor(p).astype(np.int64)
    f = (p - base).astype(np.float32)
    f = f * f * f * (f * (f * 6.0 - 15.0) + 10.0)
    total = np.zeros(p.shape[:-1], np.float32)
    for dx in (0, 1):
        wx = f[..., 0] if dx else 1.0 - f[..., 0]
        for dy in (0, 1):
            wy = f[..., 1] if dy else 1.0 - f[..., 1]
            for dz in (0, 1):
                wz = f[..., 2] if dz else 1.0 - f[..., 2]
                total += wx * wy * wz * hash01(base[..., 0] + dx, base[..., 1] + dy, base[..., 2] + dz, seed)
    return total


def fbm(p, seed, octaves=5, gain=0.5):
    total, amplitude, norm = 0.0, 1.0, 0.0
    for octave in range(octaves):
        total = total + amplitude * value_noise(p * (2.0**octave), seed + octave * 17)
        norm += amplitude
        amplitude *= gain
    return total / norm


def smooth(a, b, x):
    t = np.clip((x - a) / (b - a), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def mix(a, b, t):
    t = np.asarray(t)[..., None] if np.ndim(t) == np.ndim(a) - 1 and np.ndim(a) else t
    return a * (1.0 - t) + b * t


def write_hdr(path, rgb):
    """Radiance RGBE with run-length coded scanlines."""
    rgb = np.maximum(rgb, 0.0).astype(np.float32)
    peak = rgb.max(-1)
    mantissa, exponent = np.frexp(peak)
    scale = np.where(peak > 1e-32, mantissa * 256.0 / np.maximum(peak, 1e-32), 0.0)
    rgbe = np.zeros(rgb.shape[:2] + (4,), np.uint8)
    rgbe[..., :3] = np.clip(rgb * scale[..., None], 0, 255).astype(np.uint8)
    rgbe[..., 3] = np.where(peak > 1e-32, exponent + 128, 0).astype(np.uint8)
    height, width = peak.shape
    out = bytearray(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n" + f"-Y {height} +X {width}\n".encode())
    for row in rgbe:
        out += bytes((2, 2, width >> 8, width & 255))
        for channel in range(4):
            out += run_length(row[:, channel])
    path.write_bytes(out)
    print(f"{path.name}: {len(out) / 1e6:.2f} MB, peak {peak.max():.1f}, mean {rgb.mean():.3f}")


def run_length(values):
    out = bytearray()
    starts = np.flatnonzero(np.diff(values)) + 1
    starts = np.concatenate([[0], starts, [len(values)]])
    literal = bytearray()

    def flush():
        for i in range(0, len(literal), 128):
            part = literal[i : i + 128]
            out.append(len(part))
            out.extend(part)
        literal.clear()

    for a, b in zip(starts[:-1], starts[1:]):
        n, value = int(b - a), int(values[a])
        if n < 4:
            literal.extend([value] * n)
            continue
        flush()
        while n > 0:
            part = min(n, 127)
            out.append(128 + part)
            out.append(value)
            n -= part
    flush()
    return bytes(out)


# --- ground -------------------------------------------------------------------------------------------------------


def ground_points(d):
    """Where the rays meet the ground, as (..., 3) with y = 0, and the distance along the ground."""
    t = EYE / np.maximum(-d[..., 1], 1e-4)
    p = d * t[..., None]
    p[..., 1] = 0.0
    return p, np.hypot(p[..., 0], p[..., 2])


def asphalt(p, r, seed):
    """Albedo of an old, even paddock surface."""
    near = np.clip(1.0 - r / 60.0, 0.0, 1.0)
    tone = 0.185 + 0.036 * (fbm(p * 0.22 + 31.0, seed, 4) - 0.5) * 2.0
    tone += 0.018 * near * (fbm(p * 2.1, seed + 5, 3) - 0.5) * 2.0
    tone += 0.022 * near * (value_noise(p * 17.0, seed + 9) - 0.5) * smooth(14.0, 4.0, r)
    # lanes of the paver and their joints
    lane = np.abs(((p[..., 0] + 30.0 + 0.05 * fbm(p * 0.8, seed + 3, 2)) % 6.0) - 3.0)
    tone *= 1.0 - 0.10 * smooth(0.06, 0.02, np.abs(lane - 2.97)) * smooth(40.0, 8.0, r)
    return np.clip(tone, 0.03, 0.3)[..., None] * np.array([1.0, 0.985, 0.965], np.float32)


def grass(p, seed):
    tone = 0.6 + 0.8 * fbm(p * 0.05, seed, 3) * fbm(p * 0.6, seed + 2, 3)
    return tone[..., None] * np.array([0.060, 0.082, 0.030], np.float32)


def horizon(d, seed, low, high, roughness):
    """Height above the horizon, in radians, of a silhouette that runs once around."""
    azimuth = np.arctan2(d[..., 0], -d[..., 2])
    ring = np.stack([np.cos(azimuth), np.sin(azimuth), np.zeros_like(azimuth)], -1)
    broad = fbm(ring * 2.3 + 11.0, seed, 4)
    fine = fbm(ring * roughness, seed + 40, 4, 0.6)
    return low + (high - low) * np.clip(0.55 * broad + 0.45 * fine, 0.0, 1.0)


# --- the environments ---------------------------------------------------------------------------------------------


def outdoors(d, sky, sky_light, sun_light, seed, haze):
    """Adds ground, hills and trees to a sky; the lights are irradiances (rgb) on the open, level ground."""
    elevation = np.arcsin(np.clip(d[..., 1], -1.0, 1.0))
    p, r = ground_points(d)
    light = sky_light + sun_light
    road = smooth(27.0, 25.5, np.abs(p[..., 0] * 0.35 + p[..., 2] * 0.06) + 0.62 * r + 2.0 * fbm(p * 0.06, seed + 7, 3))
    ground = mix(grass(p, seed + 60), asphalt(p, r, seed), road) * (light / np.pi)
    # a painted line around the paddock
    line = np.abs(np.abs(p[..., 0] * 0.35 + p[..., 2] * 0.06) + 0.62 * r + 2.0 * fbm(p * 0.06, seed + 7, 3) - 24.6)
    ground = mix(ground, np.full(3, 0.42, np.float32) * (light / np.pi), 0.75 * smooth(0.16, 0.1, line))

    hills = horizon(d, seed + 100, 0.010, 0.062, 5.0)
    hill_tone = (0.35 + 0.3 * fbm(d * 14.0, seed + 130, 4))[..., None] * np.array([0.055, 0.072, 0.050], np.float32)
    hill_tone = hill_tone * light / np.pi
    trees = horizon(d, seed + 200, 0.006, 0.044, 34.0)
    leaves = fbm(d * 90.0, seed + 230, 4)
    top_light = smooth(0.0, 1.0, elevation / np.maximum(trees, 1e-3))
    tree_tone = ((0.25 + 1.3 * leaves) * (0.35 + 0.65 * top_light))[..., None] * np.array([0.040, 0.056, 0.024], np.float32)
    tree_tone = tree_tone * light / np.pi

    edge = 0.0022
    out = sky
    out = mix(out, mix(hill_tone, haze, 0.55), smooth(edge, -edge, elevation - hills))
    wobble = trees * (0.86 + 0.28 * fbm(d * 60.0, seed + 260, 3))
    out = mix(out, mix(tree_tone, haze, 0.10), smooth(edge, -edge, elevation - wobble))
    far = smooth(40.0, 220.0, r)
    ground = mix(ground, mix(ground, haze, 0.35), far)
    out = mix(out, ground, smooth(0.0008, -0.0008, elevation))
    return out


def level_irradiance(d, sky):
    """Irradiance (rgb) on level ground from the upper half of a picture."""
    y = np.clip(d[..., 1], 0.0, None)
    row = np.sin((np.arange(HEIGHT) + 0.5) / HEIGHT * np.pi)[:, None]
    solid = row * (np.pi / HEIGHT) * (2.0 * np.pi / WIDTH)
    return (sky * (y * solid)[..., None]).sum((0, 1)).astype(np.float32)


def overcast():
    d = directions()
    up = np.clip(d[..., 1], 0.0, 1.0)
    # CIE overcast sky: three times brighter overhead than at the horizon
    base = (1.0 + 2.0 * up) / 3.0
    plane = d / np.maximum(up, 0.06)[..., None]
    plane[..., 1] = 0.0
    clouds = fbm(plane * 0.55 + 7.0, 3, 6, 0.55)
    deep = fbm(plane * 0.16 + 40.0, 8, 4)
    shade = 1.0 + 0.55 * (clouds - 0.5) + 0.7 * (deep - 0.5)
    warm = np.array([1.02, 1.0, 0.985], np.float32)
    cool = np.array([0.93, 0.985, 1.06], np.float32)
    sky = (base * shade)[..., None] * mix(np.broadcast_to(cool, d.shape), warm, np.clip(shade - 0.5, 0.0, 1.0))
    # the place behind which the sun stands
    glow = np.clip((d * unit(-0.55, 0.62, 0.56)).sum(-1), 0.0, 1.0)
    sky = sky * (1.0 + 1.5 * glow**6 + 1.3 * glow**40)[..., None]
    sky = sky.astype(np.float32)
    light = level_irradiance(d, sky)
    haze = np.array([0.36, 0.385, 0.41], np.float32)
    return outdoors(d, sky, light, np.zeros(3, np.float32), 500, haze)


def unit(x, y, z):
    v = np.array([x, y, z], np.float32)
    return v / np.linalg.norm(v)


SUN = unit(-0.62, 0.58, 0.53)


def perez(theta_cos, gamma, a, b, c, e, f):
    return (1.0 + a * np.exp(b / theta_cos)) * (1.0 + c * np.exp(e * gamma) + f * np.cos(gamma) ** 2)


def clear_sky():
    """The daylight model of Preetham, Shirley and Smits (1999), with a sun and thin high clouds added."""
    d = directions()
    turbidity = 2.6
    up = np.clip(d[..., 1], 0.015, 1.0)
    cos_gamma = np.clip((d * SUN).sum(-1), -1.0, 1.0)
    gamma = np.arccos(cos_gamma)
    theta_s = np.arccos(SUN[1])
    t = turbidity
    coefficients = {
        "Y": (0.1787 * t - 1.4630, -0.3554 * t + 0.4275, -0.0227 * t + 5.3251, 0.1206 * t - 2.5771, -0.0670 * t + 0.3703),
        "x": (-0.0193 * t - 0.2592, -0.0665 * t + 0.0008, -0.0004 * t + 0.2125, -0.0641 * t - 0.8989, -0.0033 * t + 0.0452),
        "y": (-0.0167 * t - 0.2608, -0.0950 * t + 0.0092, -0.0079 * t + 0.2102, -0.0441 * t - 1.6537, -0.0109 * t + 0.0529),
    }
    chi = (4.0 / 9.0 - t / 120.0) * (np.pi - 2.0 * theta_s)
    zenith_Y = (4.0453 * t - 4.9710) * np.tan(chi) - 0.2155 * t + 2.4192
    s = np.array([theta_s**3, theta_s**2, theta_s, 1.0])
    zx = np.array([t * t, t, 1.0]) @ np.array(
        [[0.00166, -0.00375, 0.00209, 0.0], [-0.02903, 0.06377, -0.03202, 0.00394], [0.11693, -0.21196, 0.06052, 0.25886]]
    ) @ s
    zy = np.array([t * t, t, 1.0]) @ np.array(
        [[0.00275, -0.00610, 0.00317, 0.0], [-0.04214, 0.08970, -0.04153, 0.00516], [0.15346, -0.26756, 0.06670, 0.26688]]
    ) @ s

    def value(name, zenith):
        k = coefficients[name]
        return zenith * perez(up, gamma, *k) / perez(1.0, theta_s, *k)

    Y, x, y = value("Y", zenith_Y), value("x", zx), value("y", zy)
    X, Z = x / y * Y, (1.0 - x - y) / y * Y
    to_rgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    sky = np.clip(np.stack([X, Y, Z], -1) @ to_rgb.T, 0.0, None).astype(np.float32)
    sky *= 0.42 / float(np.median(sky[: HEIGHT // 2]))
    # a little less saturated, as cameras render it
    grey = sky.mean(-1, keepdims=True)
    sky = grey + (sky - grey) * 0.82

    plane = d / np.maximum(np.clip(d[..., 1], 0.0, 1.0), 0.09)[..., None]
    plane[..., 1] = 0.0
    streaks = plane * np.array([0.30, 0.0, 0.85], np.float32)
    veil = smooth(0.52, 0.80, fbm(streaks * 0.6 + 3.0, 21, 6, 0.58)) * smooth(0.0, 0.22, d[..., 1])
    puffs = smooth(0.585, 0.75, fbm(plane * 0.45 + 19.0, 71, 6, 0.55)) * smooth(0.02, 0.16, d[..., 1])
    bright = 1.45 * np.array([1.0, 0.985, 0.96], np.float32) * (0.75 + 0.6 * np.clip(cos_gamma, 0, 1) ** 4)[..., None]
    shaded = 0.62 * np.array([0.93, 0.97, 1.04], np.float32)
    body = mix(np.broadcast_to(shaded, sky.shape), bright, fbm(plane * 1.6 + 5.0, 91, 4))
    sky = mix(sky, bright, 0.40 * veil)
    sky = mix(sky, body, 0.85 * puffs)

    sky_light = level_irradiance(d, sky)
    # sunlight through a thin veil: the shadows keep their drawing
    sun_colour = np.array([1.06, 1.0, 0.90], np.float32)
    sun_on_level = 2.3 * sky_light.mean() * sun_colour
    haze = np.array([0.62, 0.70, 0.80], np.float32)
    out = outdoors(d, sky, sky_light, sun_on_level, 900, haze)

    radius = np.radians(0.55)
    disc = 2.0 * np.pi * (1.0 - np.cos(radius))
    radiance = sun_on_level / SUN[1] / disc
    angle = gamma
    edge = np.radians(0.09)
    inside = smooth(radius + edge, radius - edge, angle)
    out = out + inside[..., None] * radiance
    return out.astype(np.float32)


def soft_studio():
    """A black-walled studio of 16 x 20 x 6 m: an overhead softbox, side strips, fills, a bright seamless floor."""
    d = directions()
    eye = np.array([0.0, 1.05, 0.0], np.float32)  # the middle of the car, whose reflections this is for
    out = np.zeros_like(d)

    # walls: a soft wash that rises from the floor and dies away upwards
    elevation = np.arcsin(np.clip(d[..., 1], -1.0, 1.0))
    wash = 0.075 + 0.42 * np.exp(-np.clip(elevation, 0.0, None) / 0.16) + 0.05 * smooth(0.2, 1.2, elevation)
    azimuth = np.arctan2(d[..., 0], -d[..., 2])
    wash *= 1.0 + 0.12 * np.cos(2.0 * azimuth)
    out[:] = wash[..., None] * np.array([0.985, 0.995, 1.02], np.float32)

    # floor: brightest under the overhead light
    p, r = ground_points(d)
    floor = (0.30 + 0.52 * np.exp(-((p[..., 0] / 4.6) ** 2 + (p[..., 2] / 6.4) ** 2)))[..., None]
    floor = floor * np.array([1.0, 0.995, 0.985], np.float32)
    seam = smooth(0.0, -0.09, elevation)
    out = mix(out, floor, seam)

    def panel(centre, right, up, half_w, half_h, colour, power, rim=0.10, frame=True):
        """A rectangle of light: bright core, a fall-off towards its rim, a thin dark frame."""
        nonlocal out
        centre, right, up = (np.array(v, np.float32) for v in (centre, right, up))
        normal = np.cross(right, up)
        distance = ((centre - eye) @ normal) / (d @ normal + 1e-9)
        hit = eye + d * distance[..., None]
        a = ((hit - centre) @ right) / half_w
        b = ((hit - centre) @ up) / half_h
        front = distance > 0.0
        scale = min(half_w, half_h)
        da = (1.0 - np.abs(a)) * half_w / scale
        db = (1.0 - np.abs(b)) * half_h / scale
        inside = smooth(-0.012, 0.02, da) * smooth(-0.012, 0.02, db) * front
        core = (0.55 + 0.45 * smooth(0.0, 0.75, np.minimum(da, db))) * (0.82 + 0.18 * np.exp(-1.2 * (a * a + b * b)))
        if frame:
            border = smooth(-rim, -rim * 0.7, da) * smooth(-rim, -rim * 0.7, db) * front
            out = mix(out, np.full(3, 0.012, np.float32), border)
        light = (power * core)[..., None] * np.array(colour, np.float32)
        out = mix(out, light, inside)

    neutral, cool, warm = (1.0, 0.99, 0.97), (0.93, 0.98, 1.06), (1.06, 1.0, 0.92)
    panel((0.0, 4.6, 0.1), (1, 0, 0), (0, 0, 1), 1.75, 4.3, neutral, 9.0)
    panel((6.2, 2.55, 0.0), (0, 0, 1), (0, 1, 0), 5.6, 0.62, cool, 6.2)
    panel((-6.2, 2.55, 0.0), (0, 0, 1), (0, 1, 0), 5.6, 0.62, warm, 6.2)
    panel((-3.4, 2.3, 8.2), unit(1.0, 0.0, 0.42), (0, 1, 0), 1.0, 1.5, neutral, 4.2)
    panel((3.4, 2.3, 8.2), unit(1.0, 0.0, -0.42), (0, 1, 0), 1.0, 1.5, neutral, 4.2)
    panel((-3.6, 2.4, -8.2), unit(1.0, 0.0, -0.42), (0, 1, 0), 1.0, 1.6, cool, 4.6)
    panel((3.6, 2.4, -8.2), unit(1.0, 0.0, 0.42), (0, 1, 0), 1.0, 1.6, warm, 4.6)
    return out.astype(np.float32)


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    folder.mkdir(parents=True, exist_ok=True)
    for make in (soft_studio, overcast, clear_sky):
        write_hdr(folder / f"{make.__name__}.hdr", make())


if __name__ == "__main__":
    main()
