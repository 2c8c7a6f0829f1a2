"""The outer body as one smooth implicit surface: `field(p) < 0` is inside.

A low wedge with its cabin far ahead: a short nose, fenders that stand above the bonnet, a long engine cover between two
buttresses and a tail wider than the nose. Only the half x >= 0 is modelled; the car is its own mirror image. Metres; +X the
car's left, +Y up, +Z the nose.
"""
import numpy as np
from curves import curve, flare, smax, smin, step

FRONT_AXLE_Z, REAR_AXLE_Z = 1.235, -1.415
FRONT_TYRE_R, REAR_TYRE_R = 0.340, 0.355
FRONT_ARCH_R, REAR_ARCH_R = 0.366, 0.386
FRONT_HUB = np.array([0.825, FRONT_TYRE_R, FRONT_AXLE_Z])
REAR_HUB = np.array([0.842, REAR_TYRE_R, REAR_AXLE_Z])
WHEELS = {"front": (FRONT_HUB, FRONT_TYRE_R, 0.305, FRONT_ARCH_R), "rear": (REAR_HUB, REAR_TYRE_R, 0.330, REAR_ARCH_R)}
ARCH_INNER = 0.64                                  # metres: where the wheel wells end inward
GRID = (1.12, 0.02, 1.28, -2.32, 2.36)             # metres: x to, y from, to, z from, to where the body is meshed

half_width = curve((2.3, 0.955), (1.9, 0.975), (1.55, 0.990), (1.235, 0.998), (0.95, 0.985), (0.75, 0.945), (0.5, 0.905), (0.2, 0.900),
                   (-0.15, 0.915), (-0.45, 0.955), (-0.80, 1.010), (-1.10, 1.030), (-1.45, 1.034), (-1.8, 1.022), (-2.05, 1.000), (-2.3, 0.97), sigma=0.05)
crest_y = curve((2.4, 0.36), (2.15, 0.472), (1.95, 0.575), (1.75, 0.672), (1.5, 0.758), (1.235, 0.812), (1.0, 0.808), (0.7, 0.778), (0.4, 0.772),
                (0.0, 0.80), (-0.4, 0.845), (-0.8, 0.890), (-1.2, 0.918), (-1.55, 0.918), (-1.9, 0.898), (-2.15, 0.885), (-2.3, 0.875), sigma=0.06)
crest_x = curve((2.4, 0.76), (1.9, 0.80), (1.235, 0.825), (0.7, 0.80), (0.2, 0.80), (-0.4, 0.83), (-1.2, 0.865), (-1.8, 0.86), (-2.3, 0.84), sigma=0.1)
crest_sharp = curve((2.4, 1.6), (1.8, 2.2), (1.235, 2.3), (0.7, 1.8), (0.0, 1.2), (-0.8, 1.3), (-1.4, 1.6), (-2.3, 1.3), sigma=0.1)
deck_y = curve((2.5, 0.315), (2.25, 0.385), (2.05, 0.450), (1.8, 0.538), (1.5, 0.645), (1.25, 0.722), (1.05, 0.765), (0.8, 0.77), (0.3, 0.76),
               (-0.5, 0.80), (-1.0, 0.84), (-1.4, 0.862), (-1.8, 0.868), (-2.0, 0.872), (-2.15, 0.892), (-2.3, 0.915), sigma=0.05)
roof_y = curve((2.1, 0.12), (1.75, 0.395), (1.5, 0.54), (1.30, 0.655), (1.15, 0.742), (1.0, 0.825), (0.8, 0.930), (0.6, 1.024), (0.42, 1.095),
               (0.28, 1.145), (0.12, 1.178), (-0.04, 1.192), (-0.25, 1.188), (-0.5, 1.160), (-0.8, 1.106), (-1.1, 1.044), (-1.4, 0.980), (-1.7, 0.918),
               (-2.0, 0.85), (-2.25, 0.79), sigma=0.05)
cabin_x = curve((1.5, 0.52), (1.15, 0.635), (0.8, 0.715), (0.45, 0.762), (0.1, 0.778), (-0.3, 0.770), (-0.7, 0.735), (-1.1, 0.685), (-1.5, 0.635),
                (-1.9, 0.59), (-2.3, 0.56), sigma=0.1)


def side_x(y, z):
    """Half width of the lower body at height y."""
    w = half_width(z)
    w = w - 0.60 * np.clip(0.30 - y, 0, None) ** 2 - 0.50 * np.clip(y - 0.56, 0, None) ** 2
    # The door hollows towards the intake behind it; the sill stands out below.
    door = step(0.92, 0.45, z) * step(-0.95, -0.40, z)
    w = w - 0.060 * door * np.exp(-((y - 0.46 + 0.10 * z) / 0.14) ** 2) + 0.034 * door * np.exp(-((y - 0.16) / 0.085) ** 2)
    w = w + flare(y, z, FRONT_HUB, FRONT_ARCH_R, 0.018, 0.045) + flare(y, z, REAR_HUB, REAR_ARCH_R, 0.012, 0.05)
    return w - 0.003


def lower_body(x, y, z):
    side = (x - side_x(y, z)) * 0.97
    # A shallow channel down the middle of the nose.
    deck = deck_y(z) - 0.05 * x * x + 0.020 * step(0.16, 0.42, x) * step(0.9, 1.4, z) * step(2.02, 1.70, z)
    crest = crest_y(z) - crest_sharp(z) * (x - crest_x(z)) ** 2 * np.where(x > crest_x(z), 0.75, 1.0)
    top = (y - smax(deck, crest, 0.025) + 0.008) * 0.93
    nose = 2.262 - 0.42 * np.abs(x / 0.97) ** 2.8 - 0.55 * np.clip(y - 0.30, 0, None) ** 2 - 0.9 * np.clip(0.22 - y, 0, None) ** 2
    tail = -2.215 + 0.15 * np.abs(x / 1.0) ** 3.6 + 0.42 * np.clip(0.80 - y, 0, None) ** 2
    f = smax(side, top, 0.055)
    f = smax(f, (z - nose) * 0.97, 0.05)
    f = smax(f, (tail - z) * 0.97, 0.03)
    return smax(f, 0.070 - y, 0.02)


def cabin_faces(x, y, z):
    """(top, side) of the cabin, without the blend between them."""
    bend = x * x
    zz = z + 0.42 * bend * step(0.15, 0.6, z)
    # Behind the roof the middle falls away between the buttresses.
    sunk = 0.10 * step(-0.42, -0.95, z) * step(0.52, 0.30, x)
    top = (y - roof_y(zz) + 0.085 * bend * step(-1.2, -0.2, z) + sunk) * 0.90
    lift = smax(y - 0.82, -0.05, 0.03)
    return top, (x - cabin_x(z) + 0.62 * lift + 0.60 * np.clip(lift, 0, None) ** 2) * 0.86


def cabin(x, y, z):
    top, side = cabin_faces(x, y, z)
    f = smax(top, side, 0.065)
    f = smax(f, 0.45 - y, 0.05)
    return smax(f, -2.10 - z, 0.05)


def field(p):
    x, y, z = np.abs(p[..., 0]), p[..., 1], p[..., 2]
    return smin(lower_body(x, y, z), cabin(x, y, z), 0.035)
