"""A photo studio: a white cyclorama on three sides, a great soft box overhead, strips of light and black flags."""

import numpy as np

from traced import begin, box, boxes, extrusion, light, panel, set_sky, surface, trace

HALF_WIDTH = 9.0
BACK = 11.0
FRONT = -13.0
HEIGHT = 6.4
COVE = 2.2


def cove():
    """From the floor up into the wall, as (across, up)."""
    turn = np.linspace(0.0, np.pi / 2, 17)
    return [(-COVE * 1.1, -0.02)] + [(COVE * (np.sin(t) - 1.0), COVE * (1.0 - np.cos(t))) for t in turn] + [(0.0, HEIGHT)]


def outline():
    """The cyclorama's foot: along the left side, round the corners, along the right side."""
    radius = 3.2
    turn = np.linspace(0.0, np.pi / 2, 13)
    left = [(-HALF_WIDTH + radius * (1 - np.cos(t)), BACK - radius * (1 - np.sin(t))) for t in turn]
    right = [(-x, y) for x, y in reversed(left)]
    return [(-HALF_WIDTH, FRONT)] + left + right + [(HALF_WIDTH, FRONT)]


def white_cyclorama():
    begin()
    set_sky((0.0, 0.0, 0.0))
    white = surface((0.80, 0.80, 0.79), 0.55, 0.3, mottle=((0.5, 0.012), (4.0, 0.008)))
    dark = surface((0.022, 0.022, 0.024), 0.8, 0.3)
    cloth = surface((0.012, 0.012, 0.012), 0.95, 0.1)
    steel = surface((0.25, 0.25, 0.26), 0.4, metallic=1.0)

    box(white, (0.0, (BACK + FRONT) / 2, -0.06), (2 * HALF_WIDTH, BACK - FRONT, 0.1))
    extrusion(white, [(-across, up) for across, up in cove()], outline())
    # the studio around: dark walls and a dark grid above
    box(dark, (0.0, FRONT - 5.0, 3.5), (30.0, 0.2, 9.0))
    box(dark, (0.0, FRONT - 2.5, -0.06), (30.0, 5.2, 0.1))
    boxes(dark, [((side * 14.0, 0.0, 3.5), (0.2, 40.0, 9.0)) for side in (-1, 1)])
    box(dark, (0.0, 0.0, 8.0), (30.0, 40.0, 0.2))
    boxes(steel, [((0.0, y, 6.6), (18.0, 0.08, 0.08)) for y in np.arange(-12.0, 11.0, 2.4)])
    boxes(steel, [((x, 0.0, 6.75), (0.08, 24.0, 0.08)) for x in (-6.0, -2.0, 2.0, 6.0)])

    overhead(cloth, steel)
    wall_wash(cloth)
    for side in (-1.0, 1.0):
        strip_box(cloth, (side * 6.4, 0.4, 1.95), 7.4, 0.62, 15.0)
        strip_box(cloth, (side * 5.2, -7.6, 1.9), 0.55, 3.0, 17.0)
    strip_box(cloth, (0.0, -9.4, 3.6), 4.2, 0.55, 8.0)
    # black flags beside the lights cut dark lines between light and wall
    flags = [
        ((-6.6, 5.0, 1.25), (0.04, 1.3, 2.5), -12.0),
        ((6.6, 5.0, 1.25), (0.04, 1.3, 2.5), 12.0),
        ((-6.3, -4.4, 1.25), (0.04, 1.2, 2.5), 10.0),
        ((6.3, -4.4, 1.25), (0.04, 1.2, 2.5), -10.0),
        ((-6.75, 0.4, 1.34), (0.04, 7.4, 0.28), 0.0),
        ((6.75, 0.4, 1.34), (0.04, 7.4, 0.28), 0.0),
        ((-3.3, 9.2, 1.2), (0.9, 0.04, 2.4), 8.0),
        ((3.3, 9.2, 1.2), (0.9, 0.04, 2.4), -8.0),
    ]
    boxes(cloth, flags)
    return trace(samples=9, bounces=6)


def wall_wash(cloth):
    """Lamps along the cyclorama's top that face its wall; black backs keep them from the car."""
    lamp = light((1.0, 1.0, 1.0), 34.0)
    rows = [((side * (HALF_WIDTH - 2.6), -0.5, 6.3), (side * HALF_WIDTH, -0.5, 4.1), 17.0) for side in (-1, 1)]
    rows.append(((0.0, BACK - 2.6, 6.3), (0.0, BACK, 4.1), 11.0))
    for centre, aim, length in rows:
        centre, aim = np.asarray(centre), np.asarray(aim)
        away = (centre - aim) / np.linalg.norm(centre - aim)
        panel(lamp, centre, aim, length, 0.9)
        panel(cloth, centre + 0.03 * away, aim, length + 0.2, 1.2)


def overhead(cloth, steel):
    """The bank: bright cloth in two layers, brighter where its lamps stand, within a black skirt."""
    z, half_x, half_y = 5.1, 1.75, 4.0
    for k in range(4):
        y = -half_y + (k + 0.5) * half_y / 2.0
        box(light((1.0, 0.99, 0.975), 9.6 + 1.3 * (k % 2)), (0.0, y, z), (2 * half_x, half_y / 2.0 + 0.001, 0.02))
    skirt = [((side * half_x, 0.0, z), (0.06, 2 * half_y + 0.06, 0.4)) for side in (-1, 1)]
    skirt += [((0.0, side * half_y, z), (2 * half_x, 0.06, 0.4)) for side in (-1, 1)]
    boxes(cloth, skirt + [((0.0, 0.0, z + 0.35), (2 * half_x, 2 * half_y, 0.04))])
    boxes(steel, [((x, y, 5.8), (0.04, 0.04, 1.8)) for x in (-1.9, 1.9) for y in (-4.0, 4.0)])


def strip_box(cloth, centre, width, height, radiance):
    """An upright soft box that faces the car, with a brighter middle and a black rim and back."""
    centre = np.asarray(centre, float)
    aim = np.array([0.0, np.clip(centre[1], -0.4, 0.4), centre[2] - 0.25])
    if width > height and abs(centre[0]) < 1.0:
        aim = np.array([0.0, 0.0, 1.0])
    away = (centre - aim) / np.linalg.norm(centre - aim)
    panel(cloth, centre + 0.06 * away, aim, width + 0.12, height + 0.12)
    panel(light((1.0, 0.99, 0.97), radiance * 0.62), centre, aim, width, height)
    panel(light((1.0, 0.99, 0.97), radiance), centre - 0.01 * away, aim, width - 0.16, height - 0.16)
