"""Everything bolted on to this car."""
import numpy as np
import cutting
import skin
import trim
from cockpit import parts as cockpit
from solids import box, join, mirrored, moved, tube
from trim import AERO

WING = trim.Wing(0.915, -2.045, -2.374, 1.150, [(-2.01, 1.02), (-2.30, 1.00), (-2.372, 1.06), (-2.374, 1.225), (-2.35, 1.246), (-2.14, 1.246),
                                                (-2.03, 1.20), (-2.005, 1.11)], droop=0.0, camber=0.036, rise=0.062, corner=0.025)
# An upright below the plane, leaning back.
UPRIGHT = [(-1.90, 0.90), (-2.07, 0.90), (-2.115, 0.99), (-2.19, 1.09), (-2.235, 1.128), (-2.23, 1.150), (-2.09, 1.150), (-2.065, 1.11),
           (-2.00, 1.02)]


def mirror():
    return trim.mirror((0.930, 0.985, 0.235), (0.086, 0.054, 0.085), 0.905, 0.30)


def splitter():
    x = np.linspace(0, 0.965, 25)
    front = np.stack([x, 2.374 - 0.29 * (x / 0.965) ** 3.4], 1)
    tray = trim.splitter(np.concatenate([front, [(0.998, 2.02), (0.998, 1.82), (0.91, 1.80)]]))
    fence, = trim.fins([(1.83, 0.06), (2.13, 0.06), (2.10, 0.105), (1.98, 0.150), (1.84, 0.165)], [0.990], 0.008, 0.015, 0.002)
    return join([tray, fence, mirrored(fence)])


def diffuser():
    outer = [(-1.44, 0.060), (-2.245, 0.085), (-2.265, 0.30), (-2.12, 0.385), (-1.44, 0.14)]
    inner = [(-1.58, 0.092), (-2.265, 0.095), (-2.275, 0.19), (-2.185, 0.332), (-1.59, 0.13)]
    lip = trim.outline.fillet([(-0.72, -2.16), (0.72, -2.16), (0.69, -2.225), (-0.69, -2.225)], 0.01)
    return join([trim.ramp(-1.45, -2.19, 0.253, 0.710, 0.070)] + trim.fins(outer, (-0.714, 0.702), 0.012, 0.02)
                + trim.fins(inner, (-0.5045, -0.3045, -0.1045, 0.0955, 0.2955, 0.4955)) + [moved(trim.plate(lip, 0.016, 0.004), (0, 0.322, 0)),
                box((0, 0.340, -2.08), (1.40, 0.03, 0.14))])


def headlamp(piece):
    """A dark tub with three small lamp units in a row and a light strip along its whole border."""
    floor, walls = cutting.recess(piece, (0.22, 0.18, 0.96), 0.095)
    aim = np.array([0.16, 0.06, 0.985])
    at = [np.array([x, y, z]) for x, y, z in ((0.655, 0.618, 2.19), (0.748, 0.630, 2.15), (0.846, 0.647, 2.10))]
    units = [trim.lamp_unit(p, aim, k) for p, k in zip(at, (0.60, 0.66, 0.72))]
    return join([floor, walls]), trim.border_strip(piece, 0.010, 0.010, 0.0045), join([u[0] for u in units]), join([u[1] for u in units])


def tail_lamp(piece):
    """A red line of light around a dark bowl."""
    floor, walls = cutting.recess(piece, (0, 0, -1), 0.035)
    return join([floor, walls]), trim.border_strip(piece, 0.0125, 0.010, 0.0070, 90)


def intake_vanes():
    """Upright bars in the grille, a slat in the lower intake, blades in the outer ones."""
    out = []
    for x in np.linspace(-0.42, 0.42, 15):
        y = np.linspace(0.232, 0.598 - 1.0 * max(0.0, abs(x) - 0.385), 7)
        out.append(trim.bar(x, y, 0.032, 0.0080))
    out.append(box((0, 0.163, 2.215), (1.04, 0.010, 0.05), 0.003))
    for sx in (-1, 1):
        for y in (0.235, 0.315):
            out.append(moved(box((0, 0, 0), (0.32, 0.010, 0.045), 0.003), (sx * 0.765, y, 2.075),
                             np.array([[0.94, 0, sx * 0.33], [0, 1, 0], [-sx * 0.33, 0, 0.94]])))
    return join(out)


def gill_vanes():
    """Blades across the opening behind the front wheel."""
    out = []
    for y, z0, z1 in ((0.345, 1.015, 0.785), (0.445, 1.02, 0.775), (0.545, 1.01, 0.745), (0.635, 0.99, 0.680)):
        z = np.linspace(z0, z1, 6)
        x = skin.surface_x(np.full(6, y), z) - 0.022
        out.append(tube(np.stack([x, y + 0.012 * np.linspace(0, 1, 6), z], 1), 0.007, 8))
    return join(out)


def side_pipes():
    """Two exhaust ends in the left sill."""
    aim = np.array([0.90, -0.10, -0.42])
    at = [np.array([float(skin.surface_x(0.165, z)) - 0.045, 0.166, z]) for z in (0.118, 0.232)]
    return join([trim.pipe(p, aim, 0.0335, 0.115) for p in at])


def add(out, b):
    out.headlamp(b.lamp, *headlamp(b.lamp))
    out.tail_lamp(b.tail, *tail_lamp(b.tail))
    out.one("splitter", AERO, splitter())
    out.pair("skirt_blade", AERO, trim.blade_skirt(0.98, -0.80))
    out.pair("canard_upper", AERO, trim.canard([(2.12, 0.520), (2.02, 0.524), (1.90, 0.548), (1.81, 0.590)], 0.080, 1.012))
    out.pair("canard_lower", AERO, trim.canard([(2.03, 0.30), (1.95, 0.31), (1.87, 0.335), (1.80, 0.375)], 0.075, 1.012))
    out.one("diffuser", AERO, diffuser())
    out.pair("rear_wing_support", AERO, trim.support(UPRIGHT, 0.36))
    out.one("intake_vanes", AERO, intake_vanes())
    out.pair("gill_vanes", AERO, gill_vanes())
    out.one("bonnet_vanes", AERO, trim.slats([(1.05, 0.060, 0.265), (1.13, 0.060, 0.270), (1.21, 0.060, 0.265), (1.29, 0.065, 0.255)], 0.040, 0.034))
    out.pair("exhaust", "metal_exhaust", side_pipes())
    out.one("tow_hook_front", "metal_tow", trim.tow_hook((0.545, 0.50, 2.235), 1))
    out.one("tow_hook_rear", "metal_tow", trim.tow_hook((0.52, 0.53, -2.135), -1))
    out.one("wiper", "rubber_seal", trim.wiper((0.30, -0.14), (0.28, 0.50), (0.02, 0.665), (0.02, 0.955, 0.64)))
    for name, (material, piece) in cockpit(-0.02, -0.43).items():
        out.one(name, material, piece)
