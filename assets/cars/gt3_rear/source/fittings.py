"""Everything bolted on to this car."""
import numpy as np
import cutting
import panels
import trim
from cockpit import parts as cockpit
from solids import box, join, mirrored, moved
from trim import AERO

WING = trim.Wing(0.905, -1.965, -2.302, 1.176, [(-1.945, 1.00), (-2.255, 0.965), (-2.305, 1.00), (-2.31, 1.235), (-2.29, 1.262),
                                                (-2.02, 1.262), (-1.955, 1.235), (-1.935, 1.12)])
SWAN_NECK = [(-1.50, 0.90), (-1.62, 0.86), (-1.66, 0.95), (-1.72, 1.06), (-1.80, 1.155), (-1.90, 1.215), (-2.00, 1.228), (-2.055, 1.205),
             (-2.06, 1.165), (-2.13, 1.165), (-2.15, 1.20), (-2.14, 1.235), (-2.06, 1.262), (-1.93, 1.262), (-1.80, 1.225), (-1.68, 1.13),
             (-1.60, 1.03)]


def mirror():
    return trim.mirror((0.925, 0.985, 0.615), (0.088, 0.060, 0.075), 0.90, 0.66)


def splitter():
    x = np.linspace(0, 0.955, 25)
    front = np.stack([x, 2.31 - 0.36 * (x / 0.955) ** 2.7], 1)
    tray = trim.splitter(np.concatenate([front, [(0.985, 1.88), (0.985, 1.66), (0.90, 1.64)]]))
    fence, = trim.fins([(1.68, 0.06), (1.97, 0.06), (1.93, 0.125), (1.70, 0.150)], [0.978], 0.008, 0.015, 0.002)
    return join([tray, fence, mirrored(fence)])


def diffuser():
    outer = [(-1.40, 0.060), (-2.215, 0.085), (-2.225, 0.36), (-2.10, 0.40), (-1.40, 0.14)]
    inner = [(-1.55, 0.092), (-2.235, 0.095), (-2.245, 0.20), (-2.185, 0.322), (-1.56, 0.13)]
    lip = trim.outline.fillet([(-0.70, -2.19), (0.70, -2.19), (0.68, -2.225), (-0.68, -2.225)], 0.01)
    return join([trim.ramp(-1.42, -2.185, 0.225, 0.705)] + trim.fins(outer, (-0.696, 0.684), 0.012, 0.02)
                + trim.fins(inner, (-0.4145, -0.1445, 0.1355, 0.4055)) + [moved(trim.plate(lip, 0.016, 0.004), (0, 0.312, 0)),
                box((0, 0.335, -2.10), (1.38, 0.03, 0.16))])


def headlamp(piece):
    """Bowl behind the cover: dark tub, four lamp units with chrome rings, and a light strip around."""
    floor, walls = cutting.recess(piece, (0.10, 0.35, 0.94), 0.105, 0.0)
    aim, up, side = trim.frame_of((0.12, 0.10, 0.985)).T
    units = [trim.lamp_unit(panels.LAMP_C + side * a + up * b * 0.9 + aim * 0.03, aim)
             for a, b in ((-0.040, 0.040), (0.042, 0.036), (-0.042, -0.040), (0.036, -0.044))]
    return join([floor, walls]), trim.light_strip(piece), join([u[0] for u in units]), join([u[1] for u in units])


def intake_vanes():
    """Horizontal slats and uprights in the front intakes."""
    out = [box((0, y, 2.185), (1.06 - (y - 0.245) * 0.5, 0.010, 0.05), 0.003) for y in (0.245, 0.325)]
    out += [box((x, 0.29, 2.175), (0.010, 0.25, 0.05), 0.003) for x in (-0.26, 0.26)]
    for sx in (-1, 1):
        for y in (0.24, 0.32):
            out.append(moved(box((0, 0, 0), (0.26, 0.009, 0.035), 0.003), (sx * 0.75, y, 1.985),
                             np.array([[0.92, 0, sx * 0.39], [0, 1, 0], [-sx * 0.39, 0, 0.92]])))
    return join(out)


def add(out, b):
    out.headlamp(b.lamp, *headlamp(b.lamp))
    out.one("splitter", AERO, splitter())
    out.pair("skirt_blade", AERO, trim.blade_skirt(0.84, -0.80))
    out.pair("canard_upper", AERO, trim.canard([(2.10, 0.455), (1.95, 0.465), (1.80, 0.50), (1.70, 0.545)], 0.085))
    out.pair("canard_lower", AERO, trim.canard([(2.06, 0.30), (1.92, 0.31), (1.78, 0.345), (1.66, 0.40)], 0.085))
    out.one("diffuser", AERO, diffuser())
    out.pair("rear_wing_support", AERO, trim.support(SWAN_NECK, 0.43))
    out.one("intake_vanes", AERO, intake_vanes())
    out.one("bonnet_vanes", AERO, trim.slats([(z, 0.10, 0.435 if z < 1.40 else 0.40) for z in (1.30, 1.38, 1.46)], 0.034, 0.028))
    out.one("exhaust", "metal_exhaust", join([trim.pipe((x, 0.467, -2.165), (0, 0, -1)) for x in (-0.066, 0.066)]))
    out.one("tow_hook_front", "metal_tow", trim.tow_hook((0.44, 0.455, 2.165), 1))
    out.one("tow_hook_rear", "metal_tow", trim.tow_hook((0.50, 0.48, -2.165), -1))
    out.one("wiper", "rubber_seal", trim.wiper((0.30, -0.12), (0.60, 0.86), (0.02, 0.985), (0.02, 0.905, 0.96)))
    for name, (material, piece) in cockpit().items():
        out.one(name, material, piece)
