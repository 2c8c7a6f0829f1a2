"""The start straight at night: masts with banks of floodlights, lit asphalt, lights in the pit garages."""

import numpy as np

import circuit
from picture import EYE, directions, smooth
from traced import begin, boxes, light, mesh, panel, set_sky, surface, trace

# (x, y, height) of the masts; the straight is lit from both sides
MASTS = (
    (26.0, -17.0, 21.0), (26.0, 27.0, 21.0), (27.0, 72.0, 21.0), (27.0, -66.0, 21.0), (28.0, 130.0, 21.0), (28.0, -125.0, 21.0),
    (-24.0, 5.0, 19.0), (-24.0, 50.0, 19.0), (-24.0, -42.0, 19.0), (-24.0, 105.0, 19.0), (-24.0, -98.0, 19.0),
    (90.0, 190.0, 28.0), (-90.0, 210.0, 28.0), (110.0, -190.0, 28.0), (-100.0, -180.0, 28.0), (150.0, 40.0, 28.0),
)


def night_track():
    begin()
    set_sky((0.0035, 0.0045, 0.0085))
    rng = np.random.default_rng(29)
    circuit.ground(rng)
    circuit.barriers()
    garage = light((1.0, 0.93, 0.80), 1.5)
    lounge = light((1.0, 0.80, 0.52), 0.8)
    circuit.pit_building(glass=lounge, doors=garage)
    circuit.grandstand(34.0, -45.0, 70.0)
    circuit.gantry(58.0)
    circuit.hills()
    circuit.forest(rng, [([(75, 120), (110, 20), (130, -120), (0, -220), (-100, -200)], 60, 8.0, 15.0)])
    masts()
    panels_of_light()
    out = trace(samples=10, bounces=2, clamp=6.0)
    return night_air(out)


def masts():
    """Poles with a bank of round lamps each, aimed at the track beside them."""
    steel = surface((0.30, 0.31, 0.32), 0.45, metallic=0.8)
    lamp = light((0.97, 0.99, 1.05), 1050.0)
    turn = np.arange(12) * 2.0 * np.pi / 12
    vertices, faces = [], []
    for x, y, height in MASTS:
        boxes(steel, [((x, y, height / 2), (0.32, 0.32, height))])
        far = abs(x) > 60.0
        aim = np.array([0.0, y * (0.7 if far else 0.92), 0.0])
        centre = np.array([x, y, height])
        normal = (aim - centre) / np.linalg.norm(aim - centre)
        right = np.cross((0.0, 0.0, 1.0), normal)
        right /= np.linalg.norm(right)
        up = np.cross(normal, right)
        panel(steel, centre - 0.12 * normal, aim, 4.2, 2.1)
        radius = 0.30
        for column in range(5):
            for row in range(2):
                middle = centre + right * (column - 2) * 0.82 + up * (row - 0.5) * 0.95
                start = len(vertices)
                vertices += [middle + radius * (np.cos(t) * right + np.sin(t) * up) for t in turn]
                faces.append(tuple(range(start, start + len(turn))))
    mesh(lamp, vertices, faces)


def panels_of_light():
    """Smaller lights: the gantry's signals, boards behind the track, lamps under the grandstand's roof."""
    green = light((0.05, 1.0, 0.35), 9.0)
    board = light((0.25, 0.45, 1.0), 0.9)
    warm = light((1.0, 0.86, 0.62), 24.0)
    boxes(green, [((x, 57.4, 6.6), (0.45, 0.05, 0.45)) for x in (-2.4, -1.2, 0.0, 1.2, 2.4)])
    boxes(board, [((22.0, y, 4.6), (0.1, 9.0, 2.2)) for y in (10.0, 44.0)])
    boxes(warm, [((40.0, y, 13.3), (0.25, 1.6, 0.08)) for y in np.arange(-76.0, -12.0, 6.0)])
    red = light((1.0, 0.04, 0.02), 14.0)
    boxes(red, [((-11.5, y, 1.12), (0.14, 0.3, 0.1)) for y in np.arange(-90.0, 120.0, 15.0)])


def night_air(out):
    """Light scattered in damp air: a glow around each bank, and the town's along the horizon."""
    d = directions()
    glow = np.zeros(d.shape[:2], np.float32)
    for x, y, height in MASTS:
        towards = np.array([x, height - EYE, -y], np.float32)
        distance = np.linalg.norm(towards)
        cos = np.clip((d * (towards / distance)).sum(-1), -1.0, 1.0)
        angle = np.arccos(cos)
        strength = (45.0 / distance) ** 2
        glow += strength * (0.14 * np.exp(-angle / 0.035) + 0.026 * np.exp(-angle / 0.16) + 0.007 * np.exp(-angle / 0.6))
    town = 0.016 * np.exp(-np.clip(d[..., 1], 0.0, 1.0) / 0.10) * smooth(-0.01, 0.01, d[..., 1])
    out = out + glow[..., None] * np.array([0.95, 0.98, 1.06], np.float32)
    return (out + town[..., None] * np.array([1.0, 0.72, 0.48], np.float32)).astype(np.float32)
