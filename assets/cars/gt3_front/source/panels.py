"""Where this car's body is cut: panels, windows, lamps, intakes."""
import numpy as np
import shape
from curves import curve
from outline import graph, prism, within


def cabin_sides(p):
    """(side - top) of the cabin: 0 on the roof rail and pillars' ridge, negative on screen and roof."""
    top, side = shape.cabin_faces(np.abs(p[:, 0]), p[:, 1], p[:, 2])
    return side - top


def crease(p):
    """Negative on the cabin, positive on the lower body."""
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    return 0.7 * (shape.cabin(x, y, z) - shape.lower_body(x, y, z))


front_bumper = graph("side", [(0.0, 1.66), (0.42, 1.67), (0.50, 1.74), (0.56, 1.84), (0.60, 1.95), (0.628, 2.06), (0.648, 2.18), (0.70, 2.5),
                              (0.9, 2.9)], sigma=0.015)
_rear = graph("side", [(0.0, 1.45), (0.38, 1.46), (0.47, 1.55), (0.56, 1.66), (0.65, 1.76), (0.73, 1.86), (0.79, 1.96), (0.83, 2.06),
                       (0.855, 2.17), (0.875, 2.5), (0.95, 2.9)], sigma=0.015)
rear_bumper = lambda p: _rear(p * [1, 1, -1])
roof = within(crease, lambda p: -1.03 - p[:, 2], lambda p: p[:, 2] - 1.1, k=0.004)
_bonnet_x = curve((2.4, 0.545), (2.1, 0.575), (1.7, 0.61), (1.3, 0.64), (0.9, 0.655), (0.5, 0.68), (0.2, 0.70))
bonnet = within(lambda p: p[:, 0] - _bonnet_x(p[:, 2]), lambda p: 0.15 - p[:, 2], k=0.004)
_cover_x = curve((-0.9, 0.505), (-1.2, 0.52), (-1.6, 0.575), (-1.9, 0.63), (-2.3, 0.70))
engine_cover = within(lambda p: p[:, 0] - _cover_x(p[:, 2]), lambda p: p[:, 2] + 0.6, k=0.004)

windscreen = within(lambda p: cabin_sides(p) + 0.030, lambda p: crease(p) + 0.022, lambda p: -0.075 - 0.16 * p[:, 0] ** 2 - p[:, 2], k=0.03)
rear_window = within(lambda p: cabin_sides(p) + 0.060, lambda p: p[:, 2] + 1.10 + 0.10 * p[:, 0] ** 2, lambda p: -1.60 - p[:, 2], k=0.04)
side_glass = within(lambda p: -cabin_sides(p) + 0.026, lambda p: crease(p) + 0.024, lambda p: (-0.955 + 0.34 * (p[:, 1] - 0.95)) - p[:, 2],
                    lambda p: p[:, 2] - 0.62, k=0.022)
door_glass = lambda p: (-0.655 + 0.10 * (p[:, 1] - 0.95)) - p[:, 2]

headlamp = prism("front", [(0.560, 0.612), (0.640, 0.578), (0.845, 0.592), (0.955, 0.640), (0.985, 0.705), (0.90, 0.700), (0.72, 0.662),
                           (0.60, 0.645)], 0.018, lambda p: 1.93 - p[:, 2])
# A thin blade that turns down at its outer end.
tail_lamp = prism("front", [(0.44, 0.778), (0.855, 0.765), (0.868, 0.66), (0.905, 0.665), (0.925, 0.775), (0.905, 0.815), (0.86, 0.822),
                            (0.44, 0.812)], 0.012, lambda p: p[:, 2] + 1.80)

door = prism("side", [(0.385, 0.268), (0.375, 0.62), (0.42, 1.2), (-0.735, 1.2), (-0.715, 0.82), (-0.625, 0.268)], 0.07)
door_handle = prism("side", [(-0.50, 0.762), (-0.635, 0.776), (-0.635, 0.803), (-0.50, 0.789)], 0.012, lambda p: 0.6 - p[:, 0])
skirt = within(lambda p: p[:, 1] - 0.222, lambda p: p[:, 2] - 1.15, lambda p: -0.95 - p[:, 2], k=0.004)
exhaust = prism("side", [(0.045, 0.125), (0.315, 0.125), (0.315, 0.204), (0.045, 0.204)], 0.038, lambda p: 0.6 - p[:, 0])

grille = prism("front", [(-0.50, 0.240), (0.50, 0.240), (0.455, 0.535), (0.395, 0.590), (-0.395, 0.590), (-0.455, 0.535)], 0.04,
               lambda p: 1.2 - p[:, 2])
lower_intake = prism("front", [(-0.52, 0.128), (0.52, 0.128), (0.515, 0.198), (-0.515, 0.198)], 0.02, lambda p: 1.2 - p[:, 2])
outer_intake = prism("front", [(0.610, 0.150), (0.900, 0.155), (0.925, 0.40), (0.885, 0.485), (0.800, 0.440), (0.585, 0.330)], 0.03,
                     lambda p: 1.2 - p[:, 2])
bonnet_vent = prism("top", [(0.050, 1.03), (0.245, 0.94), (0.285, 1.00), (0.265, 1.30), (0.090, 1.41), (0.050, 1.35)], 0.03,
                    lambda p: 0.4 - p[:, 1])
bonnet_side_vent = prism("top", [(0.47, 0.84), (0.555, 0.81), (0.575, 0.88), (0.555, 1.10), (0.505, 1.12), (0.475, 1.08)], 0.025,
                         lambda p: 0.4 - p[:, 1])
_louvre = [(0.697, 1.235, 0.195), (0.693, 1.325, 0.205), (0.692, 1.415, 0.205), (0.695, 1.505, 0.195), (0.70, 1.595, 0.18)]
wing_louvres = [prism("top", [(x, z + 0.03), (x + w, z - 0.03), (x + w + 0.005, z + 0.005), (x + 0.006, z + 0.066)], 0.010, lambda p: 0.7 - p[:, 1])
                for x, z, w in _louvre]
# The arch opens rearward into a gill that runs back along the flank.
side_outlet = prism("side", [(1.000, 0.262), (1.020, 0.44), (0.995, 0.60), (0.915, 0.700), (0.60, 0.742), (0.545, 0.722), (0.70, 0.640),
                             (0.770, 0.52), (0.800, 0.262)], 0.03, lambda p: 0.6 - p[:, 0])
rear_duct = prism("side", [(-0.790, 0.54), (-0.765, 0.70), (-0.80, 0.775), (-0.865, 0.745), (-0.865, 0.58)], 0.03, lambda p: 0.6 - p[:, 0])
rear_grille = prism("front", [(-0.68, 0.540), (0.68, 0.540), (0.80, 0.695), (-0.80, 0.695)], 0.018, lambda p: p[:, 2] + 1.2)
rear_outlet = prism("front", [(0.79, 0.24), (0.93, 0.24), (0.945, 0.50), (0.905, 0.56), (0.83, 0.52)], 0.03, lambda p: p[:, 2] + 1.2)
rain_light = prism("front", [(-0.080, 0.425), (0.080, 0.425), (0.080, 0.475), (-0.080, 0.475)], 0.012, lambda p: p[:, 2] + 1.2)
diffuser_hole = prism("front", [(-0.72, 0.02), (0.72, 0.02), (0.68, 0.355), (-0.68, 0.355)], 0.05, lambda p: p[:, 2] + 1.47)
