"""A start straight with what stands beside it, for the open-air places that are traced.

The straight runs along Y through the origin; the pits lie on the left (-X), the grandstand and trees around them.
"""

import numpy as np

from traced import boxes, box, cards, cylinder, extrusion, mesh, strip, surface

HALF_TRACK = 7.5


def ground(rng):
    """Asphalt with a darker racing line and rubber marks, kerbs, painted lines, run-off and grass."""
    asphalt = surface((0.135, 0.132, 0.128), 0.80, 0.20, mottle=((0.25, 0.12), (0.9, 0.13, (1.0, 0.12, 1.0)), (11.0, 0.14)))
    runoff = surface((0.19, 0.187, 0.18), 0.85, 0.25, mottle=((0.2, 0.12), (2.5, 0.08)))
    grass = surface((0.075, 0.115, 0.032), 0.9, 0.15, mottle=((0.05, 0.25), (0.6, 0.30), (6.0, 0.25)))
    paint = surface((0.66, 0.65, 0.62), 0.55, mottle=((2.0, 0.14),))
    red = surface((0.42, 0.035, 0.028), 0.6, mottle=((2.0, 0.18),))
    rubber = surface((0.080, 0.078, 0.076), 0.62, 0.32, mottle=((1.2, 0.25), (9.0, 0.2)))

    plane(grass, 900.0, 900.0, -0.03)
    boxes(runoff, [((0.0, 0.0, -0.06), (46.0, 640.0, 0.1))])
    boxes(asphalt, [((0.0, 0.0, -0.05), (2 * HALF_TRACK, 700.0, 0.1))])
    # rubber laid by the field: darker and smoother step by step towards the racing line
    for k, width in enumerate((4.6, 4.1, 3.6, 3.1, 2.6, 2.1)):
        tone = 0.128 - 0.006 * k
        groove = surface((tone, tone * 0.98, tone * 0.955), 0.79 - 0.012 * k, 0.20, mottle=((0.9, 0.13, (1.0, 0.12, 1.0)), (11.0, 0.14)))
        strip(groove, [(2.4 + 1.2 * np.sin(y / 60.0), y) for y in np.linspace(-340, 340, 171)], width, 0.00002 * (k + 1))
    for side in (-1.0, 1.0):
        strip(paint, [(side * 7.2, y) for y in (-350.0, 0.0, 350.0)], 0.15, 0.004)
    places = np.arange(-120.0, 120.0, 1.6)
    boxes(red, [((7.95, y, 0.012), (0.85, 0.8, 0.05)) for y in places])
    boxes(paint, [((7.95, y + 0.8, 0.012), (0.85, 0.8, 0.05)) for y in places])
    # grid boxes, two by two, and tyre marks
    marks = []
    for k, y in enumerate(np.arange(-44.0, 92.0, 8.0)):
        x = -3.3 if k % 2 else 3.3
        marks += [((x, y + 5.2, 0.005), (2.5, 0.12, 0.004)), ((x - 1.25, y + 4.8, 0.005), (0.12, 0.9, 0.004))]
        marks += [((x + 1.25, y + 4.8, 0.005), (0.12, 0.9, 0.004))]
    boxes(paint, marks)
    for _ in range(7):
        x, y, length = rng.uniform(-5, 5), rng.uniform(-30, 30), rng.uniform(8, 22)
        sway = rng.uniform(-0.5, 0.5)
        for offset in (-0.8, 0.8):
            strip(rubber, [(x + offset + sway * t * t, y + length * t) for t in np.linspace(0, 1, 12)], 0.17, 0.00016)


def plane(material, wide, deep, height):
    x, y = wide / 2, deep / 2
    mesh(material, [(-x, -y, height), (x, -y, height), (x, y, height), (-x, y, height)], [(0, 1, 2, 3)])


def barriers():
    """Pit wall with its stands on the left, guard rail, boards and a fence on the right."""
    concrete = surface((0.40, 0.39, 0.37), 0.85, mottle=((0.5, 0.14), (2.0, 0.08)))
    white = surface((0.62, 0.62, 0.60), 0.5)
    steel = surface((0.40, 0.41, 0.42), 0.35, metallic=1.0)
    hues = ((0.03, 0.10, 0.34), (0.55, 0.06, 0.03), (0.60, 0.58, 0.54), (0.60, 0.36, 0.03), (0.03, 0.20, 0.13), (0.04, 0.04, 0.05))
    boards = [surface(hue, 0.45) for hue in hues]

    boxes(concrete, [((-11.5, 0.0, 0.5), (0.35, 420.0, 1.05))])
    boxes(white, [((-11.3, 0.0, 1.0), (0.03, 420.0, 0.12))])
    boxes(concrete, [((15.0, 0.0, 0.45), (0.4, 640.0, 0.9))])
    for k, y in enumerate(np.arange(-156.0, 160.0, 6.0)):
        box(boards[(k * 5 + k // 7) % len(boards)], (14.76, y, 0.5), (0.06, 5.9, 0.78))
    posts = [((15.3, y, 2.0), (0.09, 0.09, 4.0)) for y in np.arange(-240.0, 240.0, 4.0)]
    rails = [((15.3, 0.0, z), (0.03, 480.0, 0.03)) for z in (1.3, 1.9, 2.5, 3.1, 3.7)]
    boxes(steel, posts + rails)
    # timing stands on the pit wall
    dark = surface((0.06, 0.065, 0.075), 0.5)
    for y in np.arange(-60.0, 90.0, 12.0):
        boxes(dark, [((-12.5, y, 2.9), (2.0, 4.2, 0.12)), ((-13.2, y, 1.6), (0.08, 4.0, 0.5))])
        boxes(steel, [((-12.5 + dx, y + dy, 1.5), (0.07, 0.07, 2.9)) for dx in (-0.9, 0.9) for dy in (-2.0, 2.0)])


def pit_building(x=-34.0, glass=None, doors=None):
    """A long building of two floors with garage doors and a terrace; returns the doors' middles."""
    wall = surface((0.46, 0.46, 0.45), 0.7, mottle=((0.3, 0.06),))
    dark = surface((0.06, 0.065, 0.07), 0.5)
    glass = glass or surface((0.03, 0.04, 0.05), 0.08, 0.6)
    doors = doors or surface((0.10, 0.11, 0.12), 0.5)
    middle, length = 18.0, 150.0
    box(wall, (x - 7.0, middle, 2.3), (14.0, length, 4.6))
    box(dark, (x - 6.0, middle, 4.75), (17.0, length + 2.0, 0.35))
    box(wall, (x - 9.0, middle, 6.4), (10.0, length, 3.4))
    box(glass, (x - 3.95, middle, 6.4), (0.12, length - 2.0, 2.4))
    box(dark, (x - 7.5, middle, 8.3), (14.5, length + 3.0, 0.4))
    places = np.arange(middle - 72.0, middle + 73.0, 6.0)
    boxes(doors, [((x + 0.03, y, 1.8), (0.08, 4.9, 3.5)) for y in places])
    boxes(dark, [((x - 3.85, y, 6.4), (0.12, 0.18, 2.5)) for y in places])
    boxes(surface((0.35, 0.36, 0.37), 0.4, metallic=1.0), [((x + 2.2, y, 5.45), (0.04, 0.04, 1.1)) for y in places])
    return [(x, y) for y in places]


def grandstand(x, y, length, turn=1.0, rows=16):
    """Steps full of seats below a cantilevered roof; `turn` 1 faces -X, -1 faces +X."""
    concrete = surface((0.34, 0.335, 0.32), 0.85, mottle=((0.4, 0.1),))
    roof = surface((0.30, 0.31, 0.33), 0.55)
    steel = surface((0.25, 0.26, 0.27), 0.4, metallic=0.8)
    rng = np.random.default_rng(19)
    steps, seats = [], [[], [], [], []]
    for row in range(rows):
        depth, up = 0.85 * row, 1.6 + 0.48 * row
        steps.append(((x + turn * depth, y, up / 2), (0.86, length, up)))
        for place in np.arange(y - length / 2 + 0.6, y + length / 2 - 0.5, 1.1):
            if rng.random() < 0.8 and (place - y) % 14.0 > 1.4:
                seats[int(rng.integers(4))].append(((x + turn * depth, place, up + 0.35), (0.45, 0.5, 0.7 + 0.3 * rng.random())))
    boxes(concrete, steps)
    for hue, group in zip(((0.30, 0.05, 0.04), (0.05, 0.09, 0.22), (0.40, 0.38, 0.34), (0.09, 0.09, 0.10)), seats):
        if group:
            boxes(surface(hue, 0.8), group)
    top, back = 1.6 + 0.48 * rows + 4.2, x + turn * 0.85 * rows
    box(roof, (back - turn * 6.4, y, top), (15.0, length + 2.0, 0.35))
    box(roof, (back + turn * 0.6, y, top / 2), (0.4, length, top))
    girders = [((back - turn * 6.0, place, top + 0.8), (13.0, 0.3, 0.5)) for place in np.arange(y - length / 2, y + length / 2 + 1, 7.5)]
    boxes(steel, girders)


def gantry(y):
    """A start gantry across the track."""
    dark = surface((0.05, 0.055, 0.065), 0.45)
    boxes(dark, [((0.0, y, 7.2), (24.0, 1.1, 1.5)), ((-11.6, y, 3.6), (0.6, 0.8, 7.2)), ((13.2, y, 3.6), (0.6, 0.8, 7.2))])
    boxes(surface((0.55, 0.55, 0.53), 0.5), [((0.0, y - 0.57, 7.2), (15.0, 0.04, 1.0))])


def forest(rng, rows):
    """Trees as clouds of leaf cards; each row is (centre line of (x, y) points, count, lowest and highest height)."""
    shades = [surface(c, 0.8, 0.2, through=0.3) for c in ((0.040, 0.058, 0.020), (0.055, 0.072, 0.022), (0.032, 0.046, 0.022))]
    groups = [[] for _ in shades]
    bark = surface((0.06, 0.045, 0.035), 0.9)
    for line, count, low, high in rows:
        line = np.asarray(line, float)
        for place in rng.uniform(0.0, len(line) - 1.001, count):
            k = int(place)
            x, y = line[k] + (line[k + 1] - line[k]) * (place - k) + rng.normal(0, 5.0, 2)
            height, far = rng.uniform(low, high), np.hypot(x, y)
            leaves = int(np.clip(40000.0 / far, 150, 420))
            slender = rng.random() < 0.25
            width = height * (0.16 if slender else rng.uniform(0.28, 0.42))
            lobes = rng.normal(0.0, 1.0, (6, 3)) * (width * 0.45, width * 0.45, height * 0.13)
            lobes += (x, y, height * 0.58)
            around = rng.normal(0.0, 1.0, (leaves, 3))
            around /= np.linalg.norm(around, axis=1)[:, None]
            spread = np.array([width * 0.55, width * 0.55, height * (0.36 if slender else 0.26)]) * rng.uniform(0.6, 1.0, (leaves, 1)) ** 0.5
            centres = lobes[rng.integers(0, len(lobes), leaves)] * (1, 1, 1) + around * spread
            centres[:, 2] = np.clip(centres[:, 2], 0.6, height)
            groups[int(rng.integers(len(groups)))].append((centres, 0.05 * height * np.sqrt(far / 110.0)))
            if far < 110.0:
                cylinder(bark, (x, y, 0.0), 0.018 * height, height * 0.5, 8)
    for shade, trees in zip(shades, groups):
        centres = np.concatenate([c for c, _ in trees])
        size = np.concatenate([np.full(len(c), s) for c, s in trees])[:, None]
        cards(shade, centres, rng.normal(0, 0.5, centres.shape) * size, rng.normal(0, 0.5, centres.shape) * size)


def hills():
    """Distant rises all around, in the tone that haze gives them."""
    turn = np.linspace(0.0, 2.0 * np.pi, 241)
    for distance, base, wave, tone in ((700.0, 22.0, 10.0, (0.050, 0.062, 0.050)), (420.0, 7.0, 4.0, (0.045, 0.060, 0.028))):
        material = surface(tone, 0.95, 0.1, mottle=((0.02, 0.3), (0.15, 0.25)))
        height = base + wave * (np.sin(3 * turn + 1.0) + 0.6 * np.sin(7 * turn + distance) + 0.3 * np.sin(17 * turn))
        inner = [(distance * 0.72 * np.cos(t), distance * 0.72 * np.sin(t), -1.0) for t in turn]
        outer = [(distance * np.cos(t), distance * np.sin(t), max(h, 1.0)) for t, h in zip(turn, height)]
        n = len(turn)
        mesh(material, inner + outer, [(i, i + 1, n + i + 1, n + i) for i in range(n - 1)])
