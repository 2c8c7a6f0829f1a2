"""A road tunnel of concrete with two rows of lamps, open to daylight at one end and bending away at the other."""

import numpy as np

from traced import begin, box, boxes, cards, extrusion, light, set_sky, strip, surface, trace

HALF_WIDTH = 6.6
WALL = 3.0
CROWN = 5.9
EXIT = 46.0


def way(offset=0.0):
    """The tunnel's axis, or a line beside it: straight ahead and to the exit, bending away behind."""
    along = np.linspace(-90.0, EXIT, 137)
    bend = np.clip(-along - 30.0, 0.0, None)
    x = -(bend**2) / 110.0
    line = np.stack([x, along], 1)
    tangent = np.gradient(line, axis=0)
    right = np.stack([tangent[:, 1], -tangent[:, 0]], 1) / np.linalg.norm(tangent, axis=1)[:, None]
    return line + right * offset


def arch():
    """The vault above the wall panels, from the left springing to the right."""
    turn = np.linspace(np.pi, 0.0, 33)
    return [(HALF_WIDTH * np.cos(t), WALL + (CROWN - WALL) * np.sin(t) ** 0.85) for t in turn]


def tunnel():
    begin()
    set_sky((0.0, 0.0, 0.0))
    road = surface((0.105, 0.104, 0.102), 0.5, 0.35, mottle=((0.35, 0.18), (1.2, 0.25, (1.0, 0.06, 1.0)), (9.0, 0.16)))
    concrete = surface((0.33, 0.32, 0.30), 0.85, 0.3, mottle=((0.5, 0.22), (3.0, 0.12), (0.8, 0.18, (1.0, 0.15, 1.6))))
    tiles = surface((0.66, 0.65, 0.61), 0.22, 0.5, mottle=((0.4, 0.06),), joints=(1.2, 1.5, 0.05, 0.7, "yz"))
    plinth = surface((0.05, 0.052, 0.055), 0.6, mottle=((1.5, 0.2),))
    kerb = surface((0.36, 0.35, 0.33), 0.8, mottle=((2.0, 0.2),))
    paint = surface((0.68, 0.67, 0.63), 0.55, mottle=((3.0, 0.12),))
    steel = surface((0.32, 0.33, 0.34), 0.35, metallic=1.0)
    black = surface((0.02, 0.02, 0.02), 0.6)

    extrusion(road, [(-HALF_WIDTH, 0.0), (HALF_WIDTH, 0.0)], way())
    extrusion(concrete, arch(), way())
    for side in (-1.0, 1.0):
        extrusion(kerb, [(side * 5.5, 0.0), (side * 5.5, 0.18), (side * HALF_WIDTH, 0.18)], way())
        extrusion(plinth, [(side * 6.58, 0.18), (side * 6.58, 0.75)], way())
        extrusion(tiles, [(side * 6.6, 0.75), (side * 6.6, WALL)], way())
        extrusion(plinth, [(side * 6.56, WALL - 0.06), (side * 6.5, WALL), (side * 6.56, WALL + 0.1)], way())
        strip(paint, way(side * 5.0), 0.16, 0.004)
        # cable tray under the crown
        extrusion(steel, [(side * 4.6, 4.62), (side * 4.6, 4.7), (side * 4.15, 4.95), (side * 4.15, 4.87)], way())
    centre = way()
    for start in range(2, len(centre) - 3, 9):
        strip(paint, centre[start : start + 4], 0.14, 0.004)

    # lamps: a housing, a bright field in it; denser towards the exit, as tunnels are lit
    lamp = light((1.0, 0.93, 0.80), 62.0)
    for offset in (-2.55, 2.55):
        line = way(offset)
        reach = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        housings, fields = [], []
        for place in np.arange(1.2, reach[-1] - 2.0, 3.6):
            x, y = (np.interp(place, reach, line[:, k]) for k in (0, 1))
            ahead = [np.interp(place + 0.1, reach, line[:, k]) for k in (0, 1)]
            turn = np.degrees(np.arctan2(ahead[1] - y, ahead[0] - x)) - 90.0
            housings.append(((x, y, 5.34), (0.52, 1.75, 0.16), turn))
            fields.append(((x, y, 5.255), (0.34, 1.55, 0.012), turn))
        boxes(steel, housings)
        boxes(lamp, fields)

    # signs, niches and hydrants along the walls
    green = light((0.04, 0.9, 0.35), 2.2)
    red = surface((0.55, 0.03, 0.02), 0.35)
    for y in (-24.0, -6.5, 14.0, 33.0):
        box(green, (6.5, y, 2.3), (0.06, 0.75, 0.32))
        box(black, (-6.52, y + 5.0, 1.45), (0.10, 1.3, 1.7))
        box(red, (-6.5, y + 7.0, 1.15), (0.16, 0.6, 0.8))
    for y in np.arange(-40.0, 44.0, 8.0):
        for side in (-1, 1):
            box(steel, (side * 6.45, y, 1.0), (0.05, 0.12, 0.12))

    daylight_outside(road, paint)
    return trace(samples=12, bounces=4)


def daylight_outside(road, paint):
    """What is seen through the exit: road, banks, trees, a bright sky."""
    sky = light((0.90, 0.97, 1.06), 30.0)
    far = light((0.95, 0.98, 1.0), 24.0)
    boxes(sky, [((0.0, EXIT + 90.0, 40.0), (160.0, 0.1, 90.0)), ((0.0, EXIT + 45.0, 60.0), (160.0, 90.0, 0.1))])
    strip(road, [(0.0, EXIT), (0.0, EXIT + 30.0), (2.0, EXIT + 90.0)], 13.2)
    grass = surface((0.10, 0.16, 0.05), 0.9, mottle=((0.6, 0.4),))
    for side in (-1.0, 1.0):
        extrusion(grass, [(side * 6.6, 0.0), (side * 9.0, 0.6), (side * 22.0, 6.0)], [(0.0, EXIT), (0.0, EXIT + 90.0)])
        strip(paint, [(side * 5.0, EXIT), (side * 5.0, EXIT + 60.0)], 0.16, 0.004)
    rng = np.random.default_rng(5)
    n = 2600
    leaves = surface((0.06, 0.09, 0.03), 0.8, through=0.3)
    centres = np.stack([rng.uniform(-26, 26, n), EXIT + 62.0 + rng.normal(0, 3.0, n), rng.uniform(0.0, 1.0, n)], 1)
    crown = 4.6 + 1.8 * np.sin(centres[:, 0] * 0.55) + 1.2 * np.sin(centres[:, 0] * 1.37 + 2.0)
    centres[:, 2] *= crown
    cards(leaves, centres, rng.normal(0, 0.45, (n, 3)), rng.normal(0, 0.45, (n, 3)))
    box(far, (0.0, EXIT + 88.0, 1.0), (160.0, 0.1, 4.0))
