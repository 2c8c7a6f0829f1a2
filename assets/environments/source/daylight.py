"""A paddock with grass, trees and hills around it, under an overcast sky or a clear one."""

import numpy as np

from picture import HEIGHT, directions, fbm, ground_points, level_irradiance, mix, smooth, unit, value_noise


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
