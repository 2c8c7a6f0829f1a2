"""Where this car's body is cut: panels, windows, lamps, intakes."""
import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from curves import curve
from outline import cabin_sides, crease, graph, prism, within

front_bumper = graph("side", [(0.0, 1.47), (0.35, 1.485), (0.39, 1.55), (0.412, 1.68), (0.428, 1.83), (0.443, 1.97), (0.46, 2.06), (0.49, 2.3),
                              (0.7, 2.9)], sigma=0.012)
_rear = graph("side", [(0.0, 1.63), (0.38, 1.645), (0.47, 1.73), (0.56, 1.83), (0.64, 1.91), (0.71, 1.99), (0.765, 2.07), (0.80, 2.14), (0.82, 2.25),
                       (0.84, 2.6), (0.95, 2.9)], sigma=0.015)
rear_bumper = lambda p: _rear(p * [1, 1, -1])
roof = within(crease, lambda p: -0.45 - p[:, 2], lambda p: p[:, 2] - 1.6, k=0.004)
_bonnet_x = curve((2.4, 0.49), (2.0, 0.515), (1.6, 0.55), (1.3, 0.585), (1.0, 0.63), (0.7, 0.67))
bonnet = within(lambda p: p[:, 0] - _bonnet_x(p[:, 2]), lambda p: 0.55 - p[:, 2], k=0.004)
_cover_x = curve((-0.3, 0.555), (-0.7, 0.545), (-1.1, 0.545), (-1.5, 0.56), (-1.9, 0.60), (-2.3, 0.68))
engine_cover = within(lambda p: p[:, 0] - _cover_x(p[:, 2]), lambda p: p[:, 2] + 0.2, k=0.004)

windscreen = within(lambda p: cabin_sides(p) + 0.030, lambda p: crease(p) + 0.022, lambda p: 0.14 - 0.16 * p[:, 0] ** 2 - p[:, 2], k=0.03)
rear_window = within(lambda p: p[:, 0] - 0.335, lambda p: p[:, 2] + 0.53, lambda p: -0.875 - p[:, 2], k=0.03)
side_glass = within(lambda p: -cabin_sides(p) + 0.026, lambda p: crease(p) + 0.024, lambda p: (-0.385 + 0.34 * (p[:, 1] - 0.90)) - p[:, 2],
                    lambda p: p[:, 2] - 1.05, k=0.022)
door_glass = lambda p: (-0.20 + 0.10 * (p[:, 1] - 0.90)) - p[:, 2]



def blade(points, widths):
    """Outline of a slim shape around a smooth line; widths are half, in metres."""
    k = np.arange(len(points))
    at = np.linspace(0, k[-1], 25)
    line, w = CubicSpline(k, np.array(points))(at), PchipInterpolator(k, widths)(at)
    d = np.gradient(line, axis=0)
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    side = np.stack([-d[:, 1], d[:, 0]], 1) * w[:, None]
    return np.concatenate([line + side, (line - side)[::-1]])


# Along the nose's edge and up the fender.
LAMP_LINE = [(0.585, 2.044), (0.685, 2.005), (0.785, 1.925), (0.855, 1.810), (0.893, 1.680), (0.908, 1.545)]
headlamp = prism("top", blade(LAMP_LINE, (0.012, 0.034, 0.040, 0.034, 0.024, 0.009)), 0.006, lambda p: 0.36 - p[:, 1])
tail_lamp = prism("front", [(0.610, 0.715), (0.675, 0.668), (0.875, 0.668), (0.935, 0.715), (0.895, 0.765), (0.665, 0.765)], 0.012,
                  lambda p: p[:, 2] + 1.85)

door = prism("side", [(0.610, 0.268), (0.605, 0.60), (0.67, 1.2), (-0.375, 1.2), (-0.365, 0.78), (-0.275, 0.268)], 0.07)
door_handle = prism("side", [(-0.13, 0.690), (-0.265, 0.704), (-0.265, 0.731), (-0.13, 0.717)], 0.012, lambda p: 0.6 - p[:, 0])
skirt = within(lambda p: p[:, 1] - 0.218, lambda p: p[:, 2] - 0.95, lambda p: -1.12 - p[:, 2], k=0.004)

centre_intake = prism("front", [(-0.40, 0.135), (0.40, 0.135), (0.47, 0.235), (0.40, 0.262), (-0.40, 0.262), (-0.47, 0.235)], 0.02,
                      lambda p: 1.2 - p[:, 2])
# Tall openings that lean outward under the lamps.
outer_intake = prism("front", [(0.530, 0.135), (0.885, 0.140), (0.935, 0.375), (0.890, 0.400), (0.600, 0.335), (0.555, 0.255)], 0.028,
                     lambda p: 1.2 - p[:, 2])
nose_slot = prism("front", [(-0.42, 0.330), (0.42, 0.330), (0.45, 0.352), (-0.45, 0.352)], 0.010, lambda p: 1.2 - p[:, 2])
bonnet_vent = prism("top", [(0.050, 1.44), (0.345, 1.375), (0.420, 1.47), (0.385, 1.665), (0.080, 1.745), (0.050, 1.71)], 0.032,
                    lambda p: 0.3 - p[:, 1])
wing_vent = prism("top", [(0.700, 1.050), (0.905, 1.075), (0.915, 1.370), (0.720, 1.400)], 0.035, lambda p: 0.6 - p[:, 1])
side_outlet = prism("side", [(0.822, 0.262), (0.832, 0.44), (0.806, 0.570), (0.742, 0.610), (0.690, 0.575), (0.715, 0.44), (0.735, 0.262)], 0.03,
                    lambda p: 0.6 - p[:, 0])
side_intake = prism("side", [(-0.425, 0.345), (-0.452, 0.590), (-0.515, 0.735), (-0.800, 0.805), (-0.905, 0.785), (-0.800, 0.575), (-0.760, 0.345),
                             (-0.680, 0.305), (-0.480, 0.305)], 0.030, lambda p: 0.6 - p[:, 0])
shoulder_slot = prism("side", [(-0.60, 0.878), (-0.90, 0.925), (-1.06, 0.950), (-1.06, 0.975), (-0.88, 0.962), (-0.64, 0.925)], 0.012,
                      lambda p: 0.4 - p[:, 0])
cover_louvres = [prism("top", [(-x, z - 0.02), (0, z + 0.03), (x, z - 0.02), (x, z + 0.025), (0, z + 0.075), (-x, z + 0.025)], 0.012,
                       lambda p: 0.5 - p[:, 1]) for x, z in ((0.335, -1.050), (0.350, -1.150), (0.365, -1.250), (0.380, -1.350), (0.395, -1.450),
                                                             (0.410, -1.550))]
rear_panel = prism("front", [(-0.49, 0.555), (0.49, 0.555), (0.545, 0.665), (0.50, 0.765), (-0.50, 0.765), (-0.545, 0.665)], 0.03,
                   lambda p: p[:, 2] + 1.2)
rear_outlet = prism("front", [(0.785, 0.20), (0.945, 0.22), (0.965, 0.50), (0.905, 0.590), (0.640, 0.590), (0.595, 0.525), (0.775, 0.475)], 0.03,
                    lambda p: p[:, 2] + 1.2)
rain_light = prism("front", [(-0.030, 0.405), (0.030, 0.405), (0.030, 0.495), (-0.030, 0.495)], 0.012, lambda p: p[:, 2] + 1.2)
diffuser_hole = prism("front", [(-0.74, 0.02), (0.74, 0.02), (0.69, 0.365), (-0.69, 0.365)], 0.05, lambda p: p[:, 2] + 1.64)
