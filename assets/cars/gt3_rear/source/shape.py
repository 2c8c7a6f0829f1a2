"""The outer body as one smooth implicit surface: `field(p) < 0` is inside.

Longitudinal curves (height, half width, crest lines) are blended with smooth minima and maxima, so that normals taken from
the field's gradient are continuous over every panel gap. Only the half x >= 0 is modelled; the car is its own mirror image.
Metres; +X the car's left, +Y up, +Z the nose.
"""
import numpy as np
from curves import curve, flare, smax, smin, step

FRONT_AXLE_Z, REAR_AXLE_Z = 1.265, -1.245
FRONT_TYRE_R, REAR_TYRE_R = 0.345, 0.355
FRONT_ARCH_R, REAR_ARCH_R = 0.372, 0.385
FRONT_HUB = np.array([0.812, FRONT_TYRE_R, FRONT_AXLE_Z])
REAR_HUB = np.array([0.832, REAR_TYRE_R, REAR_AXLE_Z])
WHEELS = {"front": (FRONT_HUB, FRONT_TYRE_R, 0.31, FRONT_ARCH_R), "rear": (REAR_HUB, REAR_TYRE_R, 0.325, REAR_ARCH_R)}
ARCH_INNER = 0.50                                  # metres: where the wheel wells end inward
GRID = (1.12, 0.02, 1.36, -2.36, 2.40)             # metres: x to, y from, to, z from, to where the body is meshed

half_width = curve((2.4, 0.93), (1.95, 0.955), (1.60, 0.975), (1.27, 0.985), (0.98, 0.98), (0.82, 0.955), (0.66, 0.925),
                   (0.35, 0.918), (-0.25, 0.922), (-0.50, 0.945), (-0.78, 0.995), (-1.05, 1.022), (-1.30, 1.027),
                   (-1.65, 1.015), (-2.0, 0.985), (-2.4, 0.94), sigma=0.06)
crest_y = curve((2.4, 0.47), (2.2, 0.575), (2.05, 0.635), (1.9, 0.69), (1.75, 0.735), (1.5, 0.79), (1.27, 0.818), (1.0, 0.826),
                (0.7, 0.828), (0.3, 0.838), (0.0, 0.850), (-0.4, 0.885), (-0.8, 0.932), (-1.12, 0.950), (-1.5, 0.932),
                (-1.9, 0.868), (-2.15, 0.815), (-2.4, 0.76), sigma=0.08)
crest_x = curve((2.4, 0.70), (1.9, 0.745), (1.3, 0.80), (0.8, 0.80), (0.2, 0.78), (-0.4, 0.80), (-1.1, 0.845), (-1.8, 0.82),
                (-2.4, 0.76), sigma=0.1)
crest_sharp = curve((2.4, 2.2), (1.7, 2.1), (1.2, 2.0), (0.6, 1.6), (-0.2, 1.4), (-1.1, 1.7), (-2.4, 1.5), sigma=0.1)
deck_y = curve((2.5, 0.455), (2.3, 0.515), (2.15, 0.562), (1.95, 0.632), (1.6, 0.722), (1.3, 0.785), (1.0, 0.845), (0.8, 0.87),
               (0.3, 0.85), (-0.6, 0.85), (-1.2, 0.87), (-1.6, 0.845), (-2.0, 0.80), (-2.4, 0.76), sigma=0.06)
roof_y = curve((2.0, 0.2), (1.6, 0.50), (1.35, 0.66), (1.10, 0.785), (0.95, 0.868), (0.8, 0.947), (0.6, 1.051), (0.4, 1.152), (0.25, 1.221), (0.12, 1.260),
               (-0.08, 1.284), (-0.3, 1.281), (-0.6, 1.240), (-0.9, 1.164), (-1.2, 1.073), (-1.5, 0.982), (-1.8, 0.897),
               (-2.05, 0.838), (-2.3, 0.79), sigma=0.05)
cabin_x = curve((1.3, 0.60), (0.95, 0.70), (0.6, 0.765), (0.2, 0.79), (-0.3, 0.79), (-0.8, 0.735), (-1.2, 0.655), (-1.6, 0.57),
                (-2.0, 0.50), (-2.4, 0.46), sigma=0.1)


def side_x(y, z):
    """Half width of the lower body at height y."""
    w = half_width(z)
    w = w - 0.55 * np.clip(0.33 - y, 0, None) ** 2 - 0.50 * np.clip(y - 0.56, 0, None) ** 2
    door = step(0.85, 0.45, z) * step(-0.75, -0.25, z)
    w = w - 0.030 * door * np.exp(-((y - 0.47) / 0.13) ** 2) + 0.022 * door * np.exp(-((y - 0.17) / 0.09) ** 2)
    w = w + flare(y, z, FRONT_HUB, FRONT_ARCH_R, 0.016, 0.05) + flare(y, z, REAR_HUB, REAR_ARCH_R, 0.014, 0.05)
    return w - 0.003


def lower_body(x, y, z):
    side = (x - side_x(y, z)) * 0.97
    deck = deck_y(z) - 0.10 * x * x
    crest = crest_y(z) - crest_sharp(z) * (x - crest_x(z)) ** 2 * np.where(x > crest_x(z), 0.8, 1.0)
    top = (y - smax(deck, crest, 0.045) + 0.012) * 0.93
    nose = 2.262 - 0.34 * np.abs(x / 0.95) ** 2.6 - 0.75 * np.clip(y - 0.36, 0, None) ** 2 - 0.5 * np.clip(0.24 - y, 0, None) ** 2
    tail = -2.205 + 0.27 * np.abs(x / 1.0) ** 3.2 + 0.55 * np.clip(0.62 - y, 0, None) ** 2
    f = smax(side, top, 0.085)
    f = smax(f, (z - nose) * 0.95, 0.07)
    f = smax(f, (tail - z) * 0.95, 0.055)
    return smax(f, 0.072 - y, 0.02)


def cabin_faces(x, y, z):
    """(top, side) of the cabin, without the blend between them."""
    bend = x * x
    zz = z + 0.34 * bend * step(0.0, 0.45, z) - 0.20 * bend * step(-0.35, -0.9, z)
    top = (y - roof_y(zz) + 0.085 * bend) * 0.90
    lift = smax(y - 0.88, -0.05, 0.03)
    return top, (x - cabin_x(z) + 0.56 * lift + 0.55 * np.clip(lift, 0, None) ** 2) * 0.86


def cabin(x, y, z):
    top, side = cabin_faces(x, y, z)
    f = smax(top, side, 0.075)
    f = smax(f, 0.5 - y, 0.05)
    return smax(f, -2.14 - z, 0.05)


def field(p):
    x, y, z = np.abs(p[..., 0]), p[..., 1], p[..., 2]
    return smin(lower_body(x, y, z), cabin(x, y, z), 0.045)
