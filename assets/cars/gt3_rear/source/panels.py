"""Where this car's body is cut: panels, windows, lamps, intakes."""
import numpy as np
import shape
from curves import curve, smax, step
from outline import ellipse, graph, prism, within


def cabin_sides(p):
    """(side - top) of the cabin: 0 on the roof rail and pillars' ridge, negative on screen and roof."""
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    bend = x * x
    zz = z + 0.34 * bend * step(0.0, 0.45, z) - 0.20 * bend * step(-0.35, -0.9, z)
    top = (y - shape.roof_y(zz) + 0.085 * bend) * 0.90
    lift = smax(y - 0.88, -0.05, 0.03)
    side = (x - shape.cabin_x(z) + 0.56 * lift + 0.55 * np.clip(lift, 0, None) ** 2) * 0.86
    return side - top


def crease(p):
    """Negative on the cabin, positive on the lower body."""
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    return 0.7 * (shape.cabin(x, y, z) - shape.lower_body(x, y, z))


front_bumper = graph("side", [(0.0, 1.49), (0.40, 1.50), (0.47, 1.56), (0.52, 1.65), (0.56, 1.745), (0.60, 1.84), (0.635, 1.95), (0.66, 2.04),
                              (0.72, 2.3), (0.9, 2.7)], sigma=0.015)
_rear = graph("side", [(0.0, 1.47), (0.38, 1.48), (0.46, 1.55), (0.54, 1.66), (0.61, 1.79), (0.665, 1.90), (0.70, 2.00), (0.718, 2.08),
                       (0.728, 2.4), (0.9, 2.7)], sigma=0.015)
rear_bumper = lambda p: _rear(p * [1, 1, -1])
roof = within(lambda p: crease(p), lambda p: (-0.985 - p[:, 2]), lambda p: p[:, 2] - 1.3, k=0.004)
_bonnet_x = curve((2.3, 0.49), (1.95, 0.515), (1.6, 0.56), (1.3, 0.605), (1.05, 0.645), (0.9, 0.67), (0.5, 0.70))
bonnet = within(lambda p: p[:, 0] - _bonnet_x(p[:, 2]), lambda p: 0.5 - p[:, 2], k=0.004)
_cover_x = curve((-0.9, 0.505), (-1.2, 0.515), (-1.6, 0.55), (-1.9, 0.60), (-2.3, 0.66))
engine_cover = within(lambda p: p[:, 0] - _cover_x(p[:, 2]), lambda p: p[:, 2] + 0.6, k=0.004)
windscreen = within(lambda p: cabin_sides(p) + 0.030, lambda p: crease(p) + 0.022, lambda p: 0.275 - 0.16 * p[:, 0] ** 2 - p[:, 2], k=0.03)
rear_window = within(lambda p: cabin_sides(p) + 0.055, lambda p: p[:, 2] + 0.47 + 0.10 * p[:, 0] ** 2, lambda p: -0.925 - p[:, 2], k=0.04)
side_glass = within(lambda p: -cabin_sides(p) + 0.024, lambda p: crease(p) + 0.024,
                lambda p: (-0.80 + 0.52 * (p[:, 1] - 0.95)) - p[:, 2], lambda p: p[:, 2] - 0.95, k=0.022)
door_glass = lambda p: (-0.415 + 0.10 * (p[:, 1] - 0.95)) - p[:, 2]

LAMP_C = np.array([0.722, 0.665, 1.885])
headlamp = ellipse(LAMP_C, (0.97, 0.10, -0.22), (0.05, 0.62, -0.78), 0.118, 0.150, 2.15)

door = prism("side", [(0.665, 0.268), (0.665, 0.62), (0.690, 1.2), (-0.50, 1.2), (-0.475, 0.80), (-0.395, 0.268)], 0.07)
skirt = within(lambda p: p[:, 1] - 0.218, lambda p: p[:, 2] - 0.95, lambda p: -0.95 - p[:, 2], k=0.004)

centre_intake = prism("front", [(-0.56, 0.165), (0.56, 0.165), (0.50, 0.385), (0.30, 0.42), (-0.30, 0.42), (-0.50, 0.385)], 0.035,
                      lambda p: 1.2 - p[:, 2])
outer_intake = prism("front", [(0.625, 0.165), (0.895, 0.175), (0.905, 0.33), (0.83, 0.435), (0.575, 0.395)], 0.03,
                     lambda p: 1.2 - p[:, 2])
bumper_slot = prism("front", [(-0.40, 0.49), (0.40, 0.49), (0.36, 0.522), (-0.36, 0.522)], 0.012, lambda p: 1.2 - p[:, 2])
bonnet_vent = prism("top", [(0.085, 1.30), (0.40, 1.20), (0.455, 1.30), (0.40, 1.50), (0.13, 1.585), (0.085, 1.52)], 0.035,
                    lambda p: 0.4 - p[:, 1])
bonnet_slot = prism("top", [(-0.16, 1.76), (0.16, 1.76), (0.13, 1.80), (-0.13, 1.80)], 0.015, lambda p: 0.4 - p[:, 1])
fuel_cap = ellipse((0.36, 0.8, 1.05), (1, 0, 0), (0, 0, 1), 0.055, 0.055)
wing_louvres = [prism("top", [(x0, z), (x0 + w, z - 0.012), (x0 + w + 0.01, z + 0.022), (x0 + 0.008, z + 0.034)], 0.010,
                      lambda p: 0.7 - p[:, 1]) for x0, w, z in
                ((0.715, 0.155, 1.075), (0.712, 0.165, 1.145), (0.710, 0.170, 1.215), (0.710, 0.170, 1.285), (0.712, 0.165, 1.355),
                 (0.714, 0.155, 1.425))]
side_outlet = prism("side", [(0.850, 0.24), (0.864, 0.44), (0.852, 0.585), (0.795, 0.66), (0.728, 0.635), (0.735, 0.40), (0.765, 0.24)],
                    0.03, lambda p: 0.6 - p[:, 0])
rear_intake = prism("side", [(-0.595, 0.40), (-0.545, 0.60), (-0.585, 0.775), (-0.665, 0.825), (-0.745, 0.79), (-0.725, 0.62), (-0.765, 0.42),
                             (-0.70, 0.36)], 0.05, lambda p: 0.6 - p[:, 0])
door_handle = prism("side", [(-0.29, 0.762), (-0.425, 0.772), (-0.425, 0.800), (-0.29, 0.790)], 0.012, lambda p: 0.6 - p[:, 0])
cover_louvres = [prism("top", [(-x1, z), (x1, z), (x1, z + 0.045), (-x1, z + 0.045)], 0.02, lambda p: 0.5 - p[:, 1])
                 for x1, z in ((0.375, -1.155), (0.385, -1.235), (0.395, -1.315), (0.405, -1.395), (0.415, -1.475))]
light_bar = prism("front", [(-0.885, 0.696), (0.885, 0.696), (0.90, 0.722), (0.86, 0.744), (-0.86, 0.744), (-0.9, 0.722)], 0.014,
                  lambda p: p[:, 2] + 1.8)
rear_grille = prism("front", [(-0.70, 0.572), (0.70, 0.572), (0.78, 0.648), (-0.78, 0.648)], 0.018, lambda p: p[:, 2] + 1.2)
rear_outlet = prism("front", [(0.76, 0.26), (0.915, 0.26), (0.93, 0.48), (0.86, 0.55), (0.79, 0.50)], 0.03, lambda p: p[:, 2] + 1.2)
exhaust_hole = prism("front", [(-0.155, 0.405), (0.155, 0.405), (0.155, 0.53), (-0.155, 0.53)], 0.045, lambda p: p[:, 2] + 1.2)
diffuser_hole = prism("front", [(-0.70, 0.02), (0.70, 0.02), (0.655, 0.345), (-0.655, 0.345)], 0.05, lambda p: p[:, 2] + 1.45)
