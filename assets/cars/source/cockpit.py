"""The dark cockpit: seat, steering wheel, dash and roll cage.

Everything is drawn for a hoop at z = -0.34 m and then shifted up by `dy` and ahead by `dz`.
"""
import numpy as np
from skin import surface_x, surface_y
from solids import box, grid, join, mirrored, moved, tube

SEAT_X = 0.36                                      # the driver sits on the left


def seat():
    q = np.array([(0.30, 0.30), (0.22, 0.275), (0.05, 0.265), (-0.10, 0.285), (-0.17, 0.36), (-0.23, 0.52), (-0.29, 0.70), (-0.34, 0.84),
                  (-0.375, 0.95), (-0.39, 1.02)])          # (z, y) along cushion and back
    s = np.linspace(0, len(q) - 1, 34)
    z, y = np.interp(s, np.arange(len(q)), q[:, 0]), np.interp(s, np.arange(len(q)), q[:, 1])
    k = np.ones(5) / 5
    z, y = (np.convolve(np.pad(a, 2, mode="edge"), k, "valid") for a in (z, y))
    d = np.stack([np.gradient(z), np.gradient(y)], 1)
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    nz, ny = d[:, 1], -d[:, 0]
    if ny[5] < 0:
        nz, ny = -nz, -ny
    u = np.linspace(-1, 1, 17)
    t = s / s[-1]
    half = 0.225 + 0.03 * np.sin(np.pi * np.clip(t, 0, 0.9)) - 0.09 * np.clip((t - 0.78) / 0.22, 0, 1)
    wing = 0.055 + 0.07 * np.exp(-((t - 0.55) / 0.10) ** 2) + 0.09 * np.exp(-((t - 0.90) / 0.08) ** 2)
    front = np.stack([np.stack([SEAT_X + half[i] * u, y[i] + ny[i] * wing[i] * np.abs(u) ** 3.5, z[i] + nz[i] * wing[i] * np.abs(u) ** 3.5], 1)
                      for i in range(len(s))])
    shell = grid(front, angle=70)
    if (shell[2][:, 1] * ny[5]).sum() < 0:
        shell = (shell[0], shell[1][:, ::-1], -shell[2])
    back = (shell[0] - shell[2] * 0.02, shell[1][:, ::-1], -shell[2])
    belts = []
    for dx in (-0.07, 0.07):
        i = np.arange(11, 31)
        on = np.stack([np.full(len(i), SEAT_X + dx), y[i] + ny[i] * 0.018, z[i] + nz[i] * 0.018], 1)
        row = np.stack([on - [0.025, 0, 0], on + [0.025, 0, 0]], 1)
        b = grid(row, angle=70)
        if b[2][:, 2].sum() < 0:
            b = (b[0], b[1][:, ::-1], -b[2])
        belts.append(b)
    return join([shell, back]), join(belts)


def steering():
    c, tilt = np.array([SEAT_X, 0.775, 0.335]), 0.42
    a = np.linspace(0, 2 * np.pi, 41)[:-1]
    r = 0.135 * (1 - 0.22 * np.clip(np.abs(np.sin(a)) - 0.75, 0, 1) / 0.25)
    pts = np.stack([r * np.cos(a), r * np.sin(a) * np.cos(tilt), r * np.sin(a) * np.sin(tilt)], 1)
    rim = tube(c + pts, 0.014, 10, caps=False, closed=True)
    hub = box((0, 0, 0), (0.17, 0.09, 0.03), 0.012)
    turn = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    hub = moved(hub, c, turn)
    bars = [tube(np.array([c + [-0.13, 0, 0], c + [0.13, 0, 0]]), 0.010, 8)]
    column = tube(np.array([c, c + [0, -0.10, 0.25]]), 0.022, 10)
    return join([rim, hub, column] + bars)


def dash(lift):
    x = np.linspace(-0.68, 0.68, 21)
    line = np.array([(0.93, 0.80), (0.80, 0.835), (0.66, 0.835), (0.585, 0.815), (0.565, 0.77), (0.60, 0.66), (0.68, 0.55), (0.72, 0.40)])
    hood = 0.030 * np.exp(-((x - SEAT_X) / 0.17) ** 2)
    pts = np.stack([np.stack([np.full(len(line), a), line[:, 1] + h * np.array([0, .6, 1, 1, .5, 0, 0, 0]), line[:, 0] - 0.08 * (a / 0.68) ** 2], 1)
                    for a, h in zip(x, hood)])
    top = grid(pts, angle=45)
    if top[2][:, 1].sum() < 0:
        top = (top[0], top[1][:, ::-1], -top[2])
    tunnel = box((0.0, 0.30 + lift, 0.10), (0.20, 0.30, 1.3), 0.03)
    return join([top, tunnel])


def screen():
    return box((SEAT_X, 0.775, 0.555), (0.19, 0.075, 0.012), 0.004)


def cage(dy, dz, lean):
    """Roll cage bars; the left half and the centre bars. The bars at the windscreen stand `lean` further inside."""
    def inside(y, z, gap=0.075):
        return float(surface_x(y + dy, z + dz)) - gap

    def roof(x, z, gap):
        return float(surface_y(x, z + dz)) - gap - dy
    r, bars = 0.019, []
    hoop = [(min(inside(y, -0.34), 0.70), y, -0.34) for y in (0.24, 0.45, 0.65, 0.85, 0.95, 1.05, 1.12)]
    top_y = roof(0.0, -0.34, 0.075)
    hoop += [(0.43, top_y - 0.030, -0.34), (0.30, top_y - 0.012, -0.34), (0.0, top_y, -0.34)]
    hoop[0:4] = [(0.69, hoop[i][1], -0.34) for i in range(4)]
    bars.append(smooth_tube(hoop, r))
    side = [(0.665, 0.25, 0.86), (0.67, 0.55, 0.84), (0.66, 0.80, 0.80)]
    for z in (0.62, 0.45, 0.30, 0.18):
        y = roof(0.50, z, 0.062 + lean)
        side.append((min(inside(y, z, 0.06 + lean), 0.62), y, z))
    side += [(0.475, 1.150, 0.0), (0.455, 1.155, -0.2), (0.44, top_y - 0.035, -0.34)]
    bars.append(smooth_tube(side, r))
    bars.append(tube(np.array([(0.43, top_y - 0.03, -0.34), (0.52, 0.86, -0.75), (0.55, 0.62, -0.98)]), r, 8))
    bars.append(tube(np.array([(0.68, 0.36, 0.84), (0.70, 0.55, 0.25), (0.69, 0.75, -0.34)]), r, 8))
    bars.append(tube(np.array([(0.66, 0.74, 0.82), (0.70, 0.55, 0.25), (0.69, 0.34, -0.34)]), r, 8))
    half = join(bars)
    f_y = roof(0.0, 0.20, 0.070)
    front_bar = tube(np.array([(-0.47, f_y - 0.035, 0.16), (0, f_y, 0.19), (0.47, f_y - 0.035, 0.16)]), r, 8)
    cross = [tube(np.array([(-0.69, 0.72, -0.34), (0.69, 0.72, -0.34)]), r, 8),
             tube(np.array([(0.42, top_y - 0.03, -0.34), (-0.69, 0.30, -0.34)]), r, 8),
             tube(np.array([(-0.40, top_y - 0.03, -0.34), (0.40, f_y - 0.035, 0.15)]), r, 8)]
    return moved(join([half, mirrored(half), front_bar] + cross), (0, dy, dz))


def smooth_tube(points, radius):
    p = np.array(points, float)
    for _ in range(2):
        q = np.empty((2 * len(p), 3))
        q[0], q[-1] = p[0], p[-1]
        q[1:-1:2], q[2:-1:2] = 0.75 * p[:-1] + 0.25 * p[1:], 0.25 * p[:-1] + 0.75 * p[1:]
        p = q
    return tube(p, radius, 7)


def parts(dy=0.0, dz=0.0, lean=0.0):
    """{part: (material, piece)}."""
    shell, belts = seat()
    shift = lambda piece: moved(piece, (0, dy, dz))
    return {"seat": ("interior_seat", shift(shell)), "belts": ("interior_belt", shift(belts)),
            "steering_wheel": ("interior_dark", shift(steering())), "dashboard": ("interior_dark", shift(dash(max(0.0, -0.03 - dy)))),
            "dash_screen": ("interior_screen", shift(screen())), "roll_cage": ("interior_cage", cage(dy, dz, lean))}
