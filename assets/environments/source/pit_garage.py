"""A pit garage: LED lines below a dark ceiling, cabinets and tyres along the walls, the door open to daylight."""

import numpy as np

from traced import begin, box, boxes, cards, cylinder, light, mesh, panel, set_sky, strip, surface, trace

HALF_WIDTH = 8.0
BACK = 9.5
DOOR = -9.0
CEILING = 4.3


def pit_garage():
    begin()
    set_sky((6.2, 6.7, 7.3))
    epoxy = surface((0.27, 0.274, 0.28), 0.26, 0.4, mottle=((0.7, 0.05), (5.0, 0.04)), joints=(1.0, 1.0, 0.022, 0.55, "xy"))
    border = surface((0.045, 0.048, 0.055), 0.25, 0.45)
    accent = surface((0.62, 0.10, 0.02), 0.3)
    wall = surface((0.56, 0.57, 0.58), 0.55, mottle=((0.6, 0.05),), joints=(1.25, 1.25, 0.02, 0.5, "yz"))
    back = surface((0.56, 0.57, 0.58), 0.55, mottle=((0.6, 0.05),), joints=(1.25, 1.25, 0.02, 0.5, "xz"))
    charcoal = surface((0.050, 0.052, 0.056), 0.45)
    ceiling = surface((0.075, 0.077, 0.08), 0.8, joints=(1.2, 4.0, 0.04, 0.5, "xy"))
    steel = surface((0.45, 0.46, 0.47), 0.3, metallic=1.0)

    depth, middle = BACK - DOOR, (BACK + DOOR) / 2
    box(epoxy, (0.0, middle, -0.05), (2 * HALF_WIDTH, depth, 0.1))
    boxes(border, [((side * 7.1, middle, 0.001), (1.8, depth, 0.004)) for side in (-1, 1)])
    box(border, (0.0, BACK - 0.9, 0.001), (12.4, 1.8, 0.004))
    boxes(accent, [((side * 6.12, middle - 0.9, 0.002), (0.12, depth - 1.8, 0.005)) for side in (-1, 1)])
    box(accent, (0.0, BACK - 1.86, 0.002), (12.36, 0.12, 0.005))
    box(ceiling, (0.0, middle, CEILING + 0.05), (2 * HALF_WIDTH, depth, 0.1))
    boxes(wall, [((side * (HALF_WIDTH + 0.05), middle, CEILING / 2), (0.1, depth, CEILING)) for side in (-1, 1)])
    box(back, (0.0, BACK + 0.05, CEILING / 2), (2 * HALF_WIDTH, 0.1, CEILING))
    # a dark dado, an accent line above it
    boxes(charcoal, [((side * 7.98, middle, 0.75), (0.06, depth, 1.5)) for side in (-1, 1)])
    boxes(accent, [((side * 7.97, middle, 1.56), (0.06, depth, 0.08)) for side in (-1, 1)])
    box(charcoal, (0.0, BACK - 0.02, 0.75), (16.0, 0.06, 1.5))
    box(accent, (0.0, BACK - 0.03, 1.56), (16.0, 0.06, 0.08))
    # the door's frame, rolled up leaf and the pillar of the next bay
    boxes(charcoal, [((side * 7.2, DOOR, CEILING / 2), (1.6, 0.35, CEILING)) for side in (-1, 1)])
    box(charcoal, (0.0, DOOR, 3.95), (16.0, 0.35, 0.7))
    box(steel, (0.0, DOOR + 0.35, 3.75), (12.8, 0.36, 0.36))

    lamps(steel)
    cabinets(charcoal, steel)
    outside()
    return trace(samples=14, bounces=5)


def lamps(steel):
    """Lines of light along the bay and across it, in slim housings below the ceiling."""
    led = light((0.96, 0.99, 1.04), 46.0)
    fields, housings = [], []
    for x in (-5.4, -1.9, 1.9, 5.4):
        for y in np.arange(-6.6, 8.0, 2.9):
            fields.append(((x, y, 3.595), (0.14, 2.6, 0.012)))
            housings.append(((x, y, 3.66), (0.20, 2.7, 0.11)))
    for y in (-5.15, 6.45):
        for x in (-3.65, 0.0, 3.65):
            fields.append(((x, y, 3.595), (3.1, 0.14, 0.012)))
            housings.append(((x, y, 3.66), (3.2, 0.20, 0.11)))
    boxes(led, fields)
    boxes(steel, housings)
    # trusses and trays between lamps and ceiling
    tubes = [((x, 0.3, 4.0), (0.06, 17.0, 0.06)) for x in (-3.8, -3.4, 3.4, 3.8)]
    tubes += [((0.0, y, 4.1), (15.8, 0.08, 0.12)) for y in np.arange(-7.5, 9.0, 2.5)]
    boxes(steel, tubes)


def cabinets(charcoal, steel):
    """Roller cabinets, a bench with screens, tyre stacks, crates: what stands along the walls."""
    rng = np.random.default_rng(11)
    red = surface((0.42, 0.025, 0.02), 0.28)
    grey = surface((0.20, 0.21, 0.22), 0.35)
    blue = surface((0.03, 0.09, 0.24), 0.3)
    rubber = surface((0.018, 0.018, 0.018), 0.75)
    yellow = surface((0.62, 0.42, 0.03), 0.4)
    screen = light((0.30, 0.55, 1.0), 1.6)
    for x in np.arange(-6.2, 6.3, 1.02):
        body = (red, grey, charcoal, grey, charcoal)[int(rng.integers(5))]
        high = 0.95 if abs(x) < 4 else 2.05
        box(body, (x, BACK - 0.42, high / 2 + 0.05), (0.98, 0.62, high))
        boxes(steel, [((x, BACK - 0.74, z), (0.8, 0.025, 0.025)) for z in np.arange(0.22, high, 0.19)])
    box(steel, (0.0, BACK - 0.42, 1.03), (8.1, 0.7, 0.05))
    for x in (-2.9, -2.0, 2.2):
        box(charcoal, (x, BACK - 0.3, 1.95), (0.86, 0.05, 0.52))
        panel(screen, (x, BACK - 0.335, 1.95), (x, 0.0, 1.95), 0.80, 0.46)
    for side in (-1, 1):
        for y in np.arange(-6.8, 7.4, 1.35):
            kind = int(rng.integers(5))
            x = side * (HALF_WIDTH - 0.5)
            if kind == 0:
                for k in range(4):
                    cylinder(rubber, (x, y, 0.02 + 0.31 * k), 0.35, 0.29)
                    cylinder(steel, (x, y, 0.03 + 0.31 * k), 0.22, 0.29)
            elif kind == 4:
                box((yellow, blue)[int(rng.integers(2))], (x, y, 0.35), (0.6, 0.9, 0.7))
            else:
                body = (grey, red, charcoal)[kind - 1] if side > 0 else (grey, charcoal, charcoal)[kind - 1]
                high = (1.0, 1.45, 2.0)[int(rng.integers(3))]
                box(body, (x, y, high / 2 + 0.06), (0.62, 1.15, high))
                boxes(steel, [((x - side * 0.32, y, z), (0.025, 0.95, 0.025)) for z in np.arange(0.25, high, 0.2)])


def outside():
    """Pit lane, pit wall, and the far side of the track, in soft daylight."""
    asphalt = surface((0.17, 0.168, 0.165), 0.8, 0.3, mottle=((0.3, 0.15), (3.0, 0.1)))
    paint = surface((0.70, 0.69, 0.66), 0.6)
    concrete = surface((0.42, 0.41, 0.39), 0.85, mottle=((0.8, 0.12),))
    grass = surface((0.07, 0.11, 0.035), 0.9, mottle=((0.2, 0.3),))
    leaves = surface((0.045, 0.065, 0.024), 0.8, through=0.3)
    stand = surface((0.10, 0.11, 0.13), 0.7)
    mesh(asphalt, [(-150, DOOR, -0.02), (150, DOOR, -0.02), (150, DOOR - 45, -0.02), (-150, DOOR - 45, -0.02)], [(0, 3, 2, 1)])
    mesh(grass, [(-200, DOOR - 45, -0.02), (200, DOOR - 45, -0.02), (200, -170, -0.02), (-200, -170, -0.02)], [(0, 3, 2, 1)])
    for y, wide in ((DOOR - 4.0, 0.15), (DOOR - 13.0, 0.2), (DOOR - 34.0, 0.2)):
        strip(paint, [(-150.0, y), (0.0, y), (150.0, y)], wide, 0.0)
    box(concrete, (0.0, DOOR - 16.0, 0.5), (300.0, 0.3, 1.05))
    box(concrete, (0.0, DOOR - 40.0, 0.5), (300.0, 0.3, 1.0))
    box(stand, (-6.0, DOOR - 16.6, 1.9), (3.6, 1.4, 1.9))
    rng = np.random.default_rng(3)
    n = 9000
    centres = np.stack([rng.uniform(-150, 150, n), -120.0 + rng.normal(0, 4, n), rng.uniform(0.0, 1.0, n)], 1)
    centres[:, 2] *= 8.0 + 2.5 * np.sin(centres[:, 0] * 0.21) + 1.8 * np.sin(centres[:, 0] * 0.53 + 1.0)
    cards(leaves, centres, rng.normal(0, 0.6, (n, 3)), rng.normal(0, 0.6, (n, 3)))
