"""Everything bolted on to this car."""
import numpy as np
import cutting
import skin
import trim
from cockpit import parts as cockpit
from solids import box, join, mirrored, moved, tube
from trim import AERO

WING = trim.Wing(0.905, -1.985, -2.298, 1.070, [(-1.960, 0.935), (-2.235, 0.895), (-2.292, 0.930), (-2.298, 1.150), (-2.225, 1.172), (-2.020, 1.150),
                                                (-1.950, 1.075)], droop=-0.018, camber=0.034, rise=0.066, thick=0.28, corner=0.035)
# Hung from above: up from the engine cover, over the leading edge and down on the plane.
SWAN_NECK = [(-1.56, 0.80), (-1.76, 0.80), (-1.80, 0.92), (-1.86, 1.02), (-1.93, 1.085), (-1.99, 1.110), (-2.045, 1.105), (-2.06, 1.060),
             (-2.135, 1.060), (-2.165, 1.100), (-2.15, 1.128), (-2.06, 1.148), (-1.96, 1.148), (-1.86, 1.118), (-1.75, 1.030), (-1.66, 0.91)]


def mirror():
    return trim.mirror((0.935, 0.925, 0.690), (0.078, 0.044, 0.105), 0.795, 0.745)


def splitter():
    x = np.linspace(0, 0.955, 25)
    front = np.stack([x, 2.298 - 0.03 * np.exp(-(x / 0.16) ** 2) - 0.37 * (x / 0.955) ** 2.9], 1)
    tray = trim.splitter(np.concatenate([front, [(0.995, 1.86), (0.995, 1.64), (0.90, 1.62)]]))
    fence, = trim.fins([(1.66, 0.06), (1.97, 0.06), (1.90, 0.165), (1.70, 0.190)], [0.987], 0.008, 0.02, 0.002)
    inner, = trim.fins([(1.98, 0.06), (2.10, 0.06), (2.02, 0.130), (1.98, 0.130)], [0.495], 0.008, 0.012, 0.002)
    return join([tray, fence, mirrored(fence), inner, mirrored(inner)])


def diffuser():
    outer = [(-1.62, 0.060), (-2.255, 0.075), (-2.275, 0.345), (-2.18, 0.415), (-1.62, 0.14)]
    inner = [(-1.70, 0.085), (-2.268, 0.085), (-2.280, 0.235), (-2.215, 0.350), (-1.71, 0.12)]
    lip = trim.outline.fillet([(-0.735, -2.16), (0.735, -2.16), (0.70, -2.235), (-0.70, -2.235)], 0.01)
    return join([trim.ramp(-1.600, -2.205, 0.274, 0.730, 0.064, 1.6)] + trim.fins(outer, (-0.734, 0.722), 0.012, 0.02)
                + trim.fins(inner, (-0.5645, -0.3645, -0.1545, 0.1455, 0.3555, 0.5555)) + [moved(trim.plate(lip, 0.016, 0.004), (0, 0.338, 0)),
                box((0, 0.354, -2.10), (1.43, 0.03, 0.14))])


def on_top(x, z, sink):
    """A point `sink` metres under the body's top."""
    return np.array([x, float(skin.surface_y(x, z)) - sink, z])


def headlamp(piece):
    """A dark tub with two lamp units in the blade's foot, a bright line around, and rungs up the fender."""
    floor, walls = cutting.recess(piece, (0.12, 0.80, 0.59), 0.055)
    aim = (0.10, 0.30, 0.95)
    units = [trim.lamp_unit(on_top(x, z, 0.022), aim, k) for x, z, k in ((0.690, 2.000, 0.52), (0.775, 1.933, 0.56))]
    rungs = []
    for x, z in ((0.840, 1.842), (0.860, 1.795), (0.874, 1.750), (0.885, 1.708), (0.893, 1.668)):
        across = np.array([0.030, 0.008]) * (0.45 + 0.55 * (z - 1.66) / 0.18)
        ends = [on_top(x + k * across[0], z + k * across[1], 0.020) for k in (-0.62, 0.62)]
        rungs.append(tube(np.stack(ends), 0.0032, 6))
    return (join([floor, walls]), join([trim.border_strip(piece, 0.009, 0.008, 0.0050, 96)] + rungs), join([u[0] for u in units]),
            join([u[1] for u in units]))


def tail_lamp(piece):
    """A red outline with two round lamps inside."""
    floor, walls = cutting.recess(piece, (0.1, 0, -1), 0.040)
    rounds = []
    for x in (0.712, 0.835):
        z = float(skin.surface_z(x, 0.716, tail=True)) + 0.022
        for r in (0.027, 0.014):
            a = np.linspace(0, 2 * np.pi, 17)[:-1]
            ring = np.stack([x + r * np.cos(a), 0.716 + r * np.sin(a), np.full(16, z)], 1)
            rounds.append(tube(ring, 0.0050, 6, caps=False, closed=True))
    return join([floor, walls]), join([trim.border_strip(piece, 0.010, 0.008, 0.0050, 64)] + rounds)


def intake_vanes():
    """A slat and uprights in the centre intake, leaning blades in the outer ones."""
    out = [box((0, 0.198, 2.178), (0.84, 0.009, 0.05), 0.003)]
    out += [box((x, 0.198, 2.172), (0.009, 0.12, 0.04), 0.003) for x in (-0.24, 0.0, 0.24)]
    for sx in (-1, 1):
        for y in (0.205, 0.270):
            x = np.linspace(0.575, 0.885, 6)
            z = skin.surface_z(x, np.full(6, y)) - 0.050
            out.append(tube(np.stack([sx * x, y + 0.03 * (x - 0.575), z], 1), 0.0075, 8))
    return join(out)


def intake_blade():
    """An upright blade that parts the intake behind the door."""
    y = np.linspace(0.330, 0.770, 7)
    z = -0.600 - 0.10 * (y - 0.33)
    x = skin.surface_x(y, z) - 0.030
    return join([tube(np.stack([x, y, z], 1), 0.009, 8), tube(np.stack([x - 0.012, y, z - 0.018], 1), 0.009, 8)])


def add(out, b):
    out.headlamp(b.lamp, *headlamp(b.lamp))
    out.tail_lamp(b.tail, *tail_lamp(b.tail))
    out.one("splitter", AERO, splitter())
    out.pair("skirt_blade", AERO, trim.blade_skirt(0.82, -0.98, widest=1.022))
    out.pair("canard_upper", AERO, trim.canard([(1.98, 0.425), (1.86, 0.432), (1.74, 0.460), (1.64, 0.505)], 0.075, 1.015))
    out.pair("canard_lower", AERO, trim.canard([(1.86, 0.255), (1.77, 0.265), (1.69, 0.295), (1.62, 0.340)], 0.075, 1.015))
    out.one("diffuser", AERO, diffuser())
    out.pair("rear_wing_support", AERO, trim.support(SWAN_NECK, 0.30))
    out.one("intake_vanes", AERO, intake_vanes())
    out.pair("side_intake_blade", AERO, intake_blade())
    out.one("bonnet_vanes", AERO, trim.slats([(1.47, 0.058, 0.405), (1.55, 0.058, 0.395), (1.63, 0.058, 0.380)], 0.044, 0.030))
    out.one("wing_vanes", AERO, trim.slats([(z, 0.712, 0.905) for z in (1.125, 1.185, 1.245, 1.305, 1.365)], 0.036, 0.024))
    out.one("exhaust", "metal_exhaust", join([trim.pipe((x, 0.660, -2.165), (0, 0.05, -1), 0.056) for x in (-0.20, 0.20)]))
    out.one("tow_hook_front", "metal_tow", trim.tow_hook((0.50, 0.300, 2.150), 1))
    out.one("tow_hook_rear", "metal_tow", trim.tow_hook((0.48, 0.48, -2.135), -1))
    out.one("wiper", "rubber_seal", trim.wiper((0.26, -0.12), (0.80, 1.00), (0.02, 1.155), (0.02, 0.80, 1.12)))
    for name, (material, piece) in cockpit(-0.085, 0.13, 0.028).items():
        out.one(name, material, piece)
