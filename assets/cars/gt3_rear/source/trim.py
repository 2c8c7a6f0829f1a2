"""Everything bolted on: splitter, canards, diffuser, wing, mirrors, lamps, exhaust, wiper, tow hooks."""
import numpy as np
import outline
import shape
from details_base import box, grid, join, lathe, mirrored, moved, plate, smooth, tube

AERO = "carbon_satin"


def surface_x(y, z):
    """Half width of the body at (y, z)."""
    y, z = np.broadcast_arrays(np.asarray(y, float), np.asarray(z, float))
    lo, hi = np.full(y.shape, 0.0), np.full(y.shape, 1.3)
    for _ in range(40):
        mid = 0.5 * (lo + hi)
        out = shape.field(np.stack([mid, y, z], -1)) > 0
        lo, hi = np.where(out, lo, mid), np.where(out, mid, hi)
    return lo


def surface_y(x, z):
    x, z = np.broadcast_arrays(np.asarray(x, float), np.asarray(z, float))
    lo, hi = np.full(x.shape, 0.4), np.full(x.shape, 1.4)
    for _ in range(40):
        mid = 0.5 * (lo + hi)
        out = shape.field(np.stack([x, mid, z], -1)) > 0
        lo, hi = np.where(out, lo, mid), np.where(out, mid, hi)
    return lo


def mirror_points(half):
    half = np.array(half, float)
    other = half[::-1].copy()
    other[:, 0] *= -1
    keep = other[:, 0] < -1e-6
    return np.concatenate([half, other[keep]])


def splitter():
    x = np.linspace(0, 0.955, 25)
    front = np.stack([x, 2.31 - 0.36 * (x / 0.955) ** 2.7], 1)
    half = np.concatenate([front, [(0.985, 1.88), (0.985, 1.66), (0.90, 1.64)]])
    slab = moved(plate(mirror_points(half), 0.018, 0.006), (0, 0.051, 0))
    fences = []
    for sx in (1, -1):
        o = [(1.68, 0.06), (1.97, 0.06), (1.93, 0.125), (1.70, 0.150)]
        f = moved(plate(outline.fillet(o, 0.015), 0.008, 0.002, axis=0), (0.978, 0, 0))
        fences.append(f if sx > 0 else mirrored(f))
    return join([slab] + fences)


def blade_skirt():
    z = np.linspace(0.84, -0.80, 24)
    edge = np.minimum(surface_x(0.16, z) + 0.030, 1.02)
    o = np.concatenate([np.stack([edge, z], 1), [(0.86, -0.80), (0.86, 0.84)]])
    return moved(plate(o, 0.014, 0.004), (0, 0.056, 0))


def canard(points, reach):
    """A dive plane along (z, y) points on the bumper's side."""
    p = np.array(points)
    s = np.linspace(0, 1, 15)
    z, y = np.interp(s, np.linspace(0, 1, len(p)), p[:, 0]), np.interp(s, np.linspace(0, 1, len(p)), p[:, 1])
    k = np.array([0.25, 0.5, 0.25])
    y = np.convolve(np.pad(y, 1, mode="edge"), k, "valid")
    on = np.stack([surface_x(y, z), y, z], 1)
    n = shape.normal(on)
    n[:, 1] *= 0.2
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    width = reach * np.clip(np.minimum(s / 0.25, 1.0), 0.12, 1) ** 0.7 * (1 - 0.25 * (1 - s))
    rows = []
    for i in range(len(s)):
        a = on[i] - n[i] * 0.012
        tip = on[i] + n[i] * width[i]
        over = max(0.0, tip[0] - 1.018)
        tip = tip - n[i] * over / max(n[i, 0], 0.3)
        lip = np.array([0, 0.016 * s[i], 0])
        rows.append([a, 0.5 * (a + tip), tip + lip, tip + lip + [0, -0.006, 0], 0.5 * (a + tip) + [0, -0.006, 0], a + [0, -0.006, 0]])
    p = np.array(rows)
    g = grid(p, close_v=True, angle=35)
    caps = []
    for k in (0, -1):
        tri = np.array([[0, 1, 4], [0, 4, 5], [1, 2, 3], [1, 3, 4]])
        caps.append(smooth(p[k], tri, 20))
    v, t, nn = g
    mid = p.mean(1)[np.argmin(((v[:, None] - p.mean(1)[None]) ** 2).sum(-1), axis=1)]
    if ((v - mid) * nn).sum() < 0:
        g = (v, t[:, ::-1], -nn)
    caps[0] = caps[0] if caps[0][2][:, 2].sum() > 0 else (caps[0][0], caps[0][1][:, ::-1], -caps[0][2])
    caps[1] = caps[1] if caps[1][2][:, 2].sum() < 0 else (caps[1][0], caps[1][1][:, ::-1], -caps[1][2])
    return join([g] + caps)


def diffuser():
    z = np.linspace(-1.42, -2.185, 22)
    q = (z[0] - z) / (z[0] - z[-1])
    y = 0.088 + 0.225 * q ** 1.35
    x = np.linspace(-0.705, 0.705, 3)
    ramp = grid(np.stack([np.stack([np.full(3, 0) + x, np.full(3, a), np.full(3, b)], 1) for a, b in zip(y, z)]), angle=60)
    v, t, n = ramp
    if n[:, 1].sum() > 0:
        ramp = (v, t[:, ::-1], -n)
    pieces = [ramp]
    for xs in (-0.690, 0.690):
        o = [(-1.40, 0.060), (-2.215, 0.085), (-2.225, 0.36), (-2.10, 0.40), (-1.40, 0.14)]
        pieces.append(moved(plate(outline.fillet(o, 0.02), 0.012, 0.003, axis=0), (xs - 0.006, 0, 0)))
    for xs in (-0.41, -0.14, 0.14, 0.41):
        o = [(-1.55, 0.092), (-2.235, 0.095), (-2.245, 0.20), (-2.185, 0.322), (-1.56, 0.13)]
        pieces.append(moved(plate(outline.fillet(o, 0.012), 0.009, 0.003, axis=0), (xs - 0.0045, 0, 0)))
    lip = [(-0.70, -2.19), (0.70, -2.19), (0.68, -2.225), (-0.68, -2.225)]
    pieces.append(moved(plate(outline.fillet(lip, 0.01), 0.016, 0.004), (0, 0.312, 0)))
    back = box((0, 0.335, -2.10), (1.38, 0.03, 0.16))
    pieces.append(back)
    return join(pieces)


WING_SPAN, WING_LE, WING_TE = 0.905, -1.965, -2.302


def wing_section():
    """(z, y) of the plane's section, from the trailing edge over the top to the leading edge and back below."""
    c = np.linspace(0, np.pi, 17)
    q = 0.5 * (1 - np.cos(c))                      # 0 leading edge, 1 trailing edge
    thick = 0.30 * 0.30 * (2.97 * np.sqrt(q) - 1.26 * q - 3.52 * q ** 2 + 2.84 * q ** 3 - 1.03 * q ** 4) * 0.42
    camber = -0.030 * 4 * q * (1 - q) + 0.055 * q
    z = WING_LE + (WING_TE - WING_LE) * q
    top, bottom = np.stack([z, camber + thick * 0.8], 1), np.stack([z, camber - thick], 1)
    return top, bottom


def wing_plane():
    """Two half surfaces (top, bottom), x >= 0, with UVs in metres in the plane's own frame."""
    x = np.linspace(0, WING_SPAN - 0.004, 15)
    out = []
    for side, line in zip(("top", "bottom"), wing_section()):
        y0 = 1.176 - 0.022 * (x / WING_SPAN) ** 2
        pts = np.stack([np.stack([np.full(len(line), a), line[:, 1] + b, line[:, 0]], 1) for a, b in zip(x, y0)])
        g = grid(pts, angle=70)
        v, t, n = g
        up = 1 if side == "top" else -1
        if n[:, 1].sum() * up < 0:
            v, t, n = v, t[:, ::-1], -n
        arc = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
        w = np.interp(-v[:, 2], -line[:, 0], arc)
        out.append((v, t, n, np.stack([v[:, 0], w], 1)))
    return out


def endplate_outline():
    o = [(-1.945, 1.00), (-2.255, 0.965), (-2.305, 1.00), (-2.31, 1.235), (-2.29, 1.262), (-2.02, 1.262), (-1.955, 1.235), (-1.935, 1.12)]
    return outline.fillet(o, 0.03)


def endplate():
    return moved(plate(endplate_outline(), 0.009, 0.0025, axis=0, angle=60), (WING_SPAN - 0.005, 0, 0))


def swan_neck():
    top = 1.262
    o = [(-1.50, 0.90), (-1.62, 0.86), (-1.66, 0.95), (-1.72, 1.06), (-1.80, 1.155), (-1.90, 1.215), (-2.00, 1.228), (-2.055, 1.205),
         (-2.06, 1.165), (-2.13, 1.165), (-2.15, 1.20), (-2.14, 1.235), (-2.06, top), (-1.93, top), (-1.80, 1.225), (-1.68, 1.13), (-1.60, 1.03)]
    o = np.array(o)
    q = np.concatenate([outline.fillet(o, 0.03)])
    return moved(plate(q, 0.014, 0.003, axis=0), (0.43, 0, 0))


def mirror():
    """(cap surface with open back, stalk and housing piece, mirror glass)."""
    c = np.array([0.925, 0.985, 0.615])
    half = np.array([0.088, 0.060, 0.075])
    th = np.linspace(0.04, np.pi / 2, 9)
    ph = np.linspace(0, 2 * np.pi, 33)[:-1]
    sg = lambda a, e: np.sign(a) * np.abs(a) ** e
    rows = []
    for a in th:
        rows.append([c + half * [sg(np.cos(b), 0.7) * np.sin(a) ** 0.8, sg(np.sin(b), 0.7) * np.sin(a) ** 0.8, np.cos(a)] for b in ph])
    rows.append([c + half * [sg(np.cos(b), 0.7), sg(np.sin(b), 0.7), -0.35] for b in ph])
    cap = grid(np.array(rows), close_v=True, angle=60)
    v, t, n = cap
    if ((v - c) * n).sum() < 0:
        cap = (v, t[:, ::-1], -n)
    tip = np.concatenate([np.array(rows[0]), np.mean(rows[0], axis=0)[None]])
    i = np.arange(32)
    tri = np.stack([i, (i + 1) % 32, np.full(32, 32)], 1)
    if np.cross(tip[1] - tip[0], tip[32] - tip[0])[2] < 0:
        tri = tri[:, ::-1]
    v, t, n = cap
    # The cap's tip shares the first ring, so that flattening sees one sheet.
    first = np.array([np.argmin(((v - q) ** 2).sum(1)) for q in rows[0]])
    ids = np.append(first, len(v))
    cap = (np.concatenate([v, tip[32:]]), np.concatenate([t, ids[tri]]), np.concatenate([n, [[0, 0, 1.0]]]))
    back_ring = np.array(rows[-1])
    inner = c + (back_ring - c) * [0.88, 0.86, 1] + [0, 0, 0.006]
    frame = grid(np.stack([back_ring, inner]), close_v=True, angle=20)
    if frame[2][:, 2].sum() > 0:
        frame = (frame[0], frame[1][:, ::-1], -frame[2])
    glass_v = np.concatenate([inner, inner.mean(0)[None]])
    tri = np.stack([i, (i + 1) % 32, np.full(32, 32)], 1)
    if np.cross(glass_v[1] - glass_v[0], glass_v[32] - glass_v[0])[2] > 0:
        tri = tri[:, ::-1]
    glass = (glass_v, tri, np.tile([0, 0, -1.0], (33, 1)))
    foot_z, foot_y = 0.66, 0.90
    foot = np.array([surface_x(foot_y, foot_z) - 0.03, foot_y, foot_z])
    path = [foot + (c - [0.03, 0.035, 0] - foot) * q for q in np.linspace(0, 1, 5)]
    stalk = tube(path, np.linspace(0.021, 0.014, 5), 12)
    v, t, n = stalk
    return cap, join([frame, stalk]), glass


def headlamp_inner(piece, centre):
    """Bowl behind the cover: dark tub, chrome reflector rings, four lamp units and a light strip."""
    import panels as pn
    (floor), walls = pn.recess(piece, (0.10, 0.35, 0.94), 0.105)
    aim = np.array([0.12, 0.10, 0.985])
    aim /= np.linalg.norm(aim)
    side = np.cross([0, 1, 0], aim)
    side /= np.linalg.norm(side)
    up = np.cross(aim, side)
    turn = np.stack([aim, up, side], 1)            # lathe axis X becomes the aim
    chrome, white = [], []
    for a, b in ((-0.040, 0.040), (0.042, 0.036), (-0.042, -0.040), (0.036, -0.044)):
        # Stand each unit as far forward as the cover allows.
        base = centre + side * a + up * b * 0.9 + aim * 0.03
        rim = [aim * 0.017 + 0.038 * (side * np.cos(q) + up * np.sin(q)) for q in np.linspace(0, 2 * np.pi, 12)]
        rim += [r - aim * 0.03 for r in rim]
        while shape.field(base + np.array(rim)).max() > -0.012:
            base = base - aim * 0.003 - np.array([0, 0.001, 0])
        ring = lathe([(-0.03, 0.037), (0.012, 0.037), (0.016, 0.034), (0.012, 0.031), (-0.012, 0.024)], 32, 30)
        v, t, n = ring
        ring = fix_ring(ring)
        lens = lathe([(-0.012, 0.0245), (-0.004, 0.020), (0.001, 0.012), (0.003, 0.0005)], 28, 60)
        v, t, n = lens
        if n[:, 0].sum() < 0:
            lens = (v, t[:, ::-1], -n)
        chrome.append(moved((ring[0] @ np.eye(3), ring[1], ring[2]), base, turn))
        white.append(moved(lens, base, turn))
    return floor, walls, join(chrome), join(white)


def light_strip(piece):
    """The daylight strip: a thin bright tube just behind the cover, along its border."""
    import mesh
    import panels as pn
    loop = max(mesh.boundary_loops(piece.t), key=len)
    n = shape.normal(piece.v)
    c = piece.v.mean(0)
    p = piece.v[loop]
    inner = p + (c - p) * 0.13 - n[loop] * 0.020
    s = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(np.vstack([inner, inner[:1]]), axis=0), axis=1))])
    q = np.linspace(0, s[-1], 65)[:-1]
    ring = np.stack([np.interp(q, s, np.append(inner[:, k], inner[0, k])) for k in range(3)], 1)
    for _ in range(6):
        ring = 0.25 * np.roll(ring, 1, 0) + 0.5 * ring + 0.25 * np.roll(ring, -1, 0)
    return tube(ring, 0.0045, 6, caps=False, closed=True)


def intake_vanes():
    """Horizontal slats and uprights in the front intakes."""
    out = []
    for y in (0.245, 0.325):
        out.append(box((0, y, 2.185), (1.06 - (y - 0.245) * 0.5, 0.010, 0.05), 0.003))
    for x in (-0.26, 0.26):
        out.append(box((x, 0.29, 2.175), (0.010, 0.25, 0.05), 0.003))
    for sx in (-1, 1):
        for y in (0.24, 0.32):
            out.append(moved(box((0, 0, 0), (0.26, 0.009, 0.035), 0.003), (sx * 0.75, y, 1.985),
                             np.array([[0.92, 0, sx * 0.39], [0, 1, 0], [-sx * 0.39, 0, 0.92]])))
    return join(out)


def bonnet_vanes():
    """Turning vanes across the bonnet's outlets."""
    out = []
    for z in (1.30, 1.38, 1.46):
        for sx in (-1, 1):
            x = np.linspace(0.10 if z > 1.27 else 0.2, 0.435 if z < 1.40 else 0.40, 8)
            y = surface_y(x, np.full(8, z)) - 0.012
            rows = [[(sx * a, b, z + 0.016), (sx * a, b - 0.028, z - 0.018), (sx * a, b - 0.031, z - 0.015), (sx * a, b - 0.003, z + 0.019)]
                    for a, b in zip(x, y)]
            g = grid(np.array(rows), close_v=True, angle=40)
            v, t, n = g
            mid = np.array(rows).mean(1)
            near = mid[np.argmin(((v[:, None] - mid[None]) ** 2).sum(-1), axis=1)]
            out.append((v, t[:, ::-1], -n) if ((v - near) * n).sum() < 0 else g)
    return join(out)


def fix_ring(p):
    v, t, n = p
    r = np.hypot(v[:, 1], v[:, 2])
    out = np.concatenate([np.zeros((len(v), 1)), v[:, 1:] / np.maximum(r, 1e-9)[:, None]], 1)
    k = r > 0.0365
    return (v, t[:, ::-1], -n) if (out[k] * n[k]).sum() < 0 else p


def exhaust():
    out = []
    for x in (-0.066, 0.066):
        pr = [(-0.10, 0.044), (0.055, 0.050), (0.058, 0.0485), (0.055, 0.046), (-0.10, 0.041)]
        p = lathe(pr, 40, 40)
        v, t, n = p
        r = np.hypot(v[:, 1], v[:, 2])
        k = r > 0.0495
        rad = v[:, 1:] / r[:, None]
        if (rad[k] * n[k, 1:]).sum() < 0:
            p = (v, t[:, ::-1], -n)
        turn = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]], float)   # X becomes -Z
        out.append(moved(p, (x, 0.467, -2.165), turn))
    return join(out)


def tow_hook(at, forward):
    a = np.linspace(0, 2 * np.pi, 25)[:-1]
    ring = [(0, 0.024 * np.sin(q), forward * (0.030 + 0.024 * np.cos(q))) for q in a]
    p = tube(np.array(ring) + at, 0.006, 8, caps=False, closed=True)
    stem = tube(np.array([[0, 0, -forward * 0.05], [0, 0, forward * 0.008]]) + at, 0.007, 8)
    return join([p, stem])


def wiper():
    xs = np.linspace(0.30, -0.12, 16)
    zs = np.linspace(0.60, 0.86, 16)
    on = np.stack([xs, surface_y(xs, zs), zs], 1)
    n = shape.normal(on)
    blade = tube(on + n * 0.014, 0.007, 6)
    arm = np.array([on[8] + n[8] * 0.022, on[8] * 0.45 + np.array([0.02, 0.905, 0.96]) * 0.55 + [0, 0.03, 0.0],
                    [0.02, float(surface_y(0.02, 0.985)) + 0.012, 0.985]])
    q = np.linspace(0, 1, 9)[:, None]
    arm = (1 - q) ** 2 * arm[0] + 2 * q * (1 - q) * arm[1] + q * q * arm[2]
    lift = np.maximum(0, 0.014 - np.array([float(shape.field(a)) for a in arm]))
    arm = arm + shape.normal(arm) * lift[:, None]
    return join([blade, tube(arm, np.linspace(0.006, 0.010, 9), 8)])
