"""The outer body as one smooth implicit surface: `field(p) < 0` is inside.

A long bonnet before a cabin that sits on the rear axle: an upright nose, two ridges along the bonnet, broad shoulders and a
short tail with a lip. Only the half x >= 0 is modelled; the car is its own mirror image. Metres; +X the car's left, +Y up,
+Z the nose.
"""
import numpy as np
from curves import curve, flare, smax, smin, step

FRONT_AXLE_Z, REAR_AXLE_Z = 1.42, -1.23
FRONT_TYRE_R, REAR_TYRE_R = 0.345, 0.355
FRONT_ARCH_R, REAR_ARCH_R = 0.375, 0.386
FRONT_HUB = np.array([0.822, FRONT_TYRE_R, FRONT_AXLE_Z])
REAR_HUB = np.array([0.838, REAR_TYRE_R, REAR_AXLE_Z])
WHEELS = {"front": (FRONT_HUB, FRONT_TYRE_R, 0.31, FRONT_ARCH_R), "rear": (REAR_HUB, REAR_TYRE_R, 0.325, REAR_ARCH_R)}
ARCH_INNER = 0.50                                  # metres: where the wheel wells end inward
GRID = (1.12, 0.02, 1.36, -2.32, 2.44)             # metres: x to, y from, to, z from, to where the body is meshed

half_width = curve((2.4, 0.965), (2.1, 0.985), (1.75, 0.995), (1.42, 0.998), (1.15, 0.988), (0.95, 0.955), (0.75, 0.915), (0.45, 0.895),
                   (-0.1, 0.900), (-0.45, 0.925), (-0.75, 0.985), (-1.02, 1.018), (-1.30, 1.024), (-1.65, 1.012), (-1.95, 0.985),
                   (-2.3, 0.94), sigma=0.055)
crest_y = curve((2.4, 0.60), (2.25, 0.668), (2.1, 0.722), (1.9, 0.785), (1.65, 0.842), (1.40, 0.868), (1.1, 0.868), (0.8, 0.862), (0.4, 0.862),
                (0.0, 0.875), (-0.4, 0.905), (-0.8, 0.955), (-1.15, 0.982), (-1.5, 0.972), (-1.8, 0.940), (-2.05, 0.912), (-2.3, 0.89), sigma=0.07)
crest_x = curve((2.4, 0.76), (1.9, 0.80), (1.4, 0.83), (0.8, 0.80), (0.2, 0.79), (-0.4, 0.81), (-1.1, 0.855), (-1.8, 0.84), (-2.3, 0.80), sigma=0.1)
crest_sharp = curve((2.4, 1.5), (1.7, 1.7), (1.2, 1.8), (0.6, 1.3), (-0.2, 1.2), (-1.1, 1.7), (-2.3, 1.3), sigma=0.1)
deck_y = curve((2.5, 0.575), (2.32, 0.632), (2.2, 0.672), (2.0, 0.738), (1.7, 0.812), (1.4, 0.862), (1.1, 0.896), (0.8, 0.922), (0.5, 0.940),
               (0.2, 0.92), (-0.4, 0.88), (-1.2, 0.90), (-1.6, 0.918), (-1.85, 0.918), (-2.02, 0.932), (-2.15, 0.958), (-2.3, 0.985), sigma=0.05)
roof_y = curve((2.0, 0.2), (1.3, 0.52), (1.0, 0.69), (0.8, 0.805), (0.62, 0.905), (0.45, 0.997), (0.25, 1.097), (0.08, 1.168), (-0.08, 1.216),
               (-0.28, 1.252), (-0.50, 1.262), (-0.75, 1.246), (-1.0, 1.203), (-1.3, 1.124), (-1.6, 1.030), (-1.85, 0.945), (-2.1, 0.85), sigma=0.05)
cabin_x = curve((1.0, 0.60), (0.65, 0.695), (0.3, 0.752), (-0.1, 0.778), (-0.5, 0.775), (-0.9, 0.730), (-1.3, 0.650), (-1.7, 0.565), (-2.1, 0.50),
                sigma=0.1)


def side_x(y, z):
    """Half width of the lower body at height y."""
    w = half_width(z)
    w = w - 0.50 * np.clip(0.33 - y, 0, None) ** 2 - 0.42 * np.clip(y - 0.60, 0, None) ** 2
    door = step(1.00, 0.55, z) * step(-0.80, -0.35, z)
    # The flank falls inward below a shoulder line and comes out again at the sill.
    w = w - 0.034 * door * np.exp(-((y - 0.50 - 0.05 * z) / 0.15) ** 2) + 0.030 * door * np.exp(-((y - 0.17) / 0.10) ** 2)
    w = w + flare(y, z, FRONT_HUB, FRONT_ARCH_R, 0.018, 0.045) + flare(y, z, REAR_HUB, REAR_ARCH_R, 0.016, 0.05)
    return w - 0.003


def lower_body(x, y, z):
    side = (x - side_x(y, z)) * 0.97
    ridge = 0.024 * np.exp(-((x - 0.36 - 0.05 * (1.4 - z)) / 0.085) ** 2) * step(2.25, 1.6, z) * step(0.62, 1.15, z)
    deck = deck_y(z) - 0.075 * x * x + ridge
    crest = crest_y(z) - crest_sharp(z) * (x - crest_x(z)) ** 2 * np.where(x > crest_x(z), 0.8, 1.0)
    top = (y - smax(deck, crest, 0.035) + 0.010) * 0.93
    nose = 2.318 - 0.30 * np.abs(x / 0.98) ** 3.2 - 0.9 * np.clip(y - 0.56, 0, None) ** 2 - 0.35 * np.clip(0.52 - y, 0, None) ** 2
    tail = -2.205 + 0.20 * np.abs(x / 1.0) ** 3.4 + 0.42 * np.clip(0.86 - y, 0, None) ** 2
    f = smax(side, top, 0.07)
    f = smax(f, (z - nose) * 0.97, 0.055)
    f = smax(f, (tail - z) * 0.97, 0.035)
    return smax(f, 0.072 - y, 0.02)


def cabin_faces(x, y, z):
    """(top, side) of the cabin, without the blend between them."""
    bend = x * x
    zz = z + 0.36 * bend * step(-0.35, 0.1, z) - 0.18 * bend * step(-0.6, -1.15, z)
    top = (y - roof_y(zz) + 0.080 * bend) * 0.90
    lift = smax(y - 0.90, -0.05, 0.03)
    return top, (x - cabin_x(z) + 0.58 * lift + 0.55 * np.clip(lift, 0, None) ** 2) * 0.86


def cabin(x, y, z):
    top, side = cabin_faces(x, y, z)
    f = smax(top, side, 0.07)
    f = smax(f, 0.5 - y, 0.05)
    return smax(f, -2.10 - z, 0.05)


def field(p):
    x, y, z = np.abs(p[..., 0]), p[..., 1], p[..., 2]
    return smin(lower_body(x, y, z), cabin(x, y, z), 0.04)
