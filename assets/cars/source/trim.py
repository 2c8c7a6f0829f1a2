"""Primitives for everything bolted on: plates, dive planes, wings, mirrors, lamps, exhausts, tow hooks."""
from dataclasses import dataclass
import numpy as np
import cutting
import mesh
import outline
import shape
import skin
from solids import grid, join, lathe, moved, plate, smooth, tube

AERO = "carbon_satin"


def mirror_points(half):
    half = np.array(half, float)
    other = half[::-1].copy()
    other[:, 0] *= -1
    keep = other[:, 0] < -1e-6
    return np.concatenate([half, other[keep]])


def splitter(half, y=0.051, thick=0.018):
    """A flat tray from its half outline (x, z), nose first."""
    return moved(plate(mirror_points(half), thick, 0.006), (0, y, 0))


def fins(points, at, thick=0.009, radius=0.012, bevel=0.003):
    """Upright plates from one (z, y) outline at several x."""
    return [moved(plate(outline.fillet(points, radius), thick, bevel, axis=0), (x, 0, 0)) for x in at]


def blade_skirt(ahead, behind, inner=0.86, widest=1.02):
    """A flat blade below the sill, between two z."""
    z = np.linspace(ahead, behind, 24)
    edge = np.minimum(skin.surface_x(0.16, z) + 0.030, widest)
    o = np.concatenate([np.stack([edge, z], 1), [(inner, behind), (inner, ahead)]])
    return moved(plate(o, 0.014, 0.004), (0, 0.056, 0))


def canard(points, reach, widest=1.018):
    """A dive plane along (z, y) points on the bumper's side; it stays within the half width `widest`."""
    p = np.array(points)
    s = np.linspace(0, 1, 15)
    z, y = np.interp(s, np.linspace(0, 1, len(p)), p[:, 0]), np.interp(s, np.linspace(0, 1, len(p)), p[:, 1])
    k = np.array([0.25, 0.5, 0.25])
    y = np.convolve(np.pad(y, 1, mode="edge"), k, "valid")
    on = np.stack([skin.surface_x(y, z), y, z], 1)
    n = skin.normal(on)
    n[:, 1] *= 0.2
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    width = reach * np.clip(np.minimum(s / 0.25, 1.0), 0.12, 1) ** 0.7 * (1 - 0.25 * (1 - s))
    rows = []
    for i in range(len(s)):
        a = on[i] - n[i] * 0.012
        tip = on[i] + n[i] * width[i]
        over = max(0.0, tip[0] - widest)
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


def ramp(ahead, behind, rise, half, low=0.088, power=1.35):
    """The diffuser's floor between two z, rising by `rise`; it looks down."""
    z = np.linspace(ahead, behind, 22)
    q = (z[0] - z) / (z[0] - z[-1])
    y = low + rise * q ** power
    x = np.linspace(-half, half, 3)
    v, t, n = grid(np.stack([np.stack([np.full(3, 0) + x, np.full(3, a), np.full(3, b)], 1) for a, b in zip(y, z)]), angle=60)
    return (v, t[:, ::-1], -n) if n[:, 1].sum() > 0 else (v, t, n)


@dataclass
class Wing:
    """A rear wing: half span, z of its edges, height, droop at its ends, and its section."""
    span: float
    leading: float
    trailing: float
    y: float
    endplate: list                                  # outline (z, y) of the end plates
    droop: float = 0.022
    camber: float = 0.030
    rise: float = 0.055
    thick: float = 0.30
    corner: float = 0.03

    def section(self):
        """(z, y) of the plane's section, top and bottom, from the leading edge."""
        c = np.linspace(0, np.pi, 17)
        q = 0.5 * (1 - np.cos(c))                  # 0 leading edge, 1 trailing edge
        thick = self.thick * 0.30 * (2.97 * np.sqrt(q) - 1.26 * q - 3.52 * q ** 2 + 2.84 * q ** 3 - 1.03 * q ** 4) * 0.42
        camber = -self.camber * 4 * q * (1 - q) + self.rise * q
        z = self.leading + (self.trailing - self.leading) * q
        return np.stack([z, camber + thick * 0.8], 1), np.stack([z, camber - thick], 1)

    def plane(self):
        """Two half surfaces (top, bottom), x >= 0, with UVs in metres in the plane's own frame."""
        x = np.linspace(0, self.span - 0.004, 15)
        out = []
        for side, line in zip(("top", "bottom"), self.section()):
            y0 = self.y - self.droop * (x / self.span) ** 2
            pts = np.stack([np.stack([np.full(len(line), a), line[:, 1] + b, line[:, 0]], 1) for a, b in zip(x, y0)])
            v, t, n = grid(pts, angle=70)
            up = 1 if side == "top" else -1
            if n[:, 1].sum() * up < 0:
                v, t, n = v, t[:, ::-1], -n
            arc = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
            w = np.interp(-v[:, 2], -line[:, 0], arc)
            out.append((v, t, n, np.stack([v[:, 0], w], 1)))
        return out

    def endplate_outline(self):
        return outline.fillet(self.endplate, self.corner)

    def endplate_piece(self):
        return moved(plate(self.endplate_outline(), 0.009, 0.0025, axis=0, angle=60), (self.span - 0.005, 0, 0))


def support(points, x, thick=0.014):
    """A wing's upright from its (z, y) outline."""
    return moved(plate(outline.fillet(np.array(points), 0.03), thick, 0.003, axis=0), (x, 0, 0))


def mirror(centre, half, foot_y, foot_z):
    """(cap surface with open back, stalk and housing piece, mirror glass); the stalk stands on the body at (foot_y, foot_z)."""
    c, half = np.array(centre), np.array(half)
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
    foot = np.array([skin.surface_x(foot_y, foot_z) - 0.03, foot_y, foot_z])
    path = [foot + (c - [0.03, 0.035, 0] - foot) * q for q in np.linspace(0, 1, 5)]
    stalk = tube(path, np.linspace(0.021, 0.014, 5), 12)
    v, t, n = stalk
    return cap, join([frame, stalk]), glass


def frame_of(aim):
    """Rotation that takes a lathe's axis X to the direction `aim`; its columns are aim, up and side."""
    aim = np.array(aim, float)
    aim /= np.linalg.norm(aim)
    side = np.cross([0, 1, 0], aim)
    side /= np.linalg.norm(side)
    return np.stack([aim, np.cross(aim, side), side], 1)


def lamp_unit(at, aim, size=1.0):
    """(chrome ring, bright lens) of a round lamp of 37 mm radius times `size`, set back until it clears the cover."""
    turn = frame_of(aim)
    aim, up, side = turn.T
    base = np.array(at, float)
    rim = [aim * 0.017 * size + 0.038 * size * (side * np.cos(q) + up * np.sin(q)) for q in np.linspace(0, 2 * np.pi, 12)]
    rim += [r - aim * 0.03 * size for r in rim]
    while shape.field(base + np.array(rim)).max() > -0.012:
        base = base - aim * 0.003 - np.array([0, 0.001, 0])
    ring = [(-0.03, 0.037), (0.012, 0.037), (0.016, 0.034), (0.012, 0.031), (-0.012, 0.024)]
    lens = [(-0.012, 0.0245), (-0.004, 0.020), (0.001, 0.012), (0.003, 0.0005)]
    ring = fix_ring(lathe(np.array(ring) * size, 32, 30), 0.0365 * size)
    v, t, n = lens = lathe(np.array(lens) * size, 28, 60)
    if n[:, 0].sum() < 0:
        lens = (v, t[:, ::-1], -n)
    return moved(ring, base, turn), moved(lens, base, turn)


def fix_ring(p, radius):
    """Turns a lamp's ring so that its rim, beyond `radius`, looks outward."""
    v, t, n = p
    r = np.hypot(v[:, 1], v[:, 2])
    out = np.concatenate([np.zeros((len(v), 1)), v[:, 1:] / np.maximum(r, 1e-9)[:, None]], 1)
    k = r > radius
    return (v, t[:, ::-1], -n) if (out[k] * n[k]).sum() < 0 else p


def light_strip(piece, inset=0.13, behind=0.020, radius=0.0045):
    """A thin bright tube behind a lamp's cover, along its border: `inset` is a share of the way to the middle."""
    loop = max(mesh.boundary_loops(piece.t), key=len)
    n = skin.normal(piece.v)
    c = piece.v.mean(0)
    p = piece.v[loop]
    inner = p + (c - p) * inset - n[loop] * behind
    s = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(np.vstack([inner, inner[:1]]), axis=0), axis=1))])
    q = np.linspace(0, s[-1], 65)[:-1]
    ring = np.stack([np.interp(q, s, np.append(inner[:, k], inner[0, k])) for k in range(3)], 1)
    for _ in range(6):
        ring = 0.25 * np.roll(ring, 1, 0) + 0.5 * ring + 0.25 * np.roll(ring, -1, 0)
    return tube(ring, radius, 6, caps=False, closed=True)


def border_strip(piece, inset, behind, radius, points=96):
    """A bright tube that follows an opening's border at `inset` metres from it."""
    loop = max(mesh.boundary_loops(piece.t), key=len)
    _, n, out = cutting.outward(piece)
    p = piece.v[loop] - out[loop] * inset - n[loop] * behind
    s = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(np.vstack([p, p[:1]]), axis=0), axis=1))])
    q = np.linspace(0, s[-1], points + 1)[:-1]
    ring = np.stack([np.interp(q, s, np.append(p[:, k], p[0, k])) for k in range(3)], 1)
    for _ in range(3):
        ring = 0.25 * np.roll(ring, 1, 0) + 0.5 * ring + 0.25 * np.roll(ring, -1, 0)
    return tube(ring, radius, 6, caps=False, closed=True)


def bar(x, y, behind, radius):
    """A round bar behind the nose through points (x, y), `behind` metres from the surface."""
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    return tube(np.stack([x, y, skin.surface_z(x, y) - behind], 1), radius, 6)


def slats(lines, chord, drop, thick=0.003):
    """Turning vanes across an opening of the body's top: each line is (z, inner x, outer x)."""
    out = []
    for z, x0, x1 in lines:
        for sx in (-1, 1):
            x = np.linspace(x0, x1, 8)
            y = skin.surface_y(x, np.full(8, z)) - 0.012
            h = chord / 2
            rows = [[(sx * a, b, z + h), (sx * a, b - drop, z - h), (sx * a, b - drop - thick, z - h + thick), (sx * a, b - thick, z + h + thick)]
                    for a, b in zip(x, y)]
            v, t, n = g = grid(np.array(rows), close_v=True, angle=40)
            mid = np.array(rows).mean(1)
            near = mid[np.argmin(((v[:, None] - mid[None]) ** 2).sum(-1), axis=1)]
            out.append((v, t[:, ::-1], -n) if ((v - near) * n).sum() < 0 else g)
    return join(out)


def pipe(at, aim, radius=0.050, length=0.155):
    """An exhaust's end: a thin-walled pipe whose mouth lies 55 mm ahead of `at` along `aim`."""
    r = radius
    pr = [(0.055 - length, r - 0.006), (0.055, r), (0.058, r - 0.0015), (0.055, r - 0.004), (0.055 - length, r - 0.009)]
    v, t, n = p = lathe(pr, 40, 40)
    rr = np.hypot(v[:, 1], v[:, 2])
    k = rr > r - 0.0005
    if ((v[k, 1:] / rr[k, None]) * n[k, 1:]).sum() < 0:
        p = (v, t[:, ::-1], -n)
    return moved(p, at, frame_of(aim) * [1, 1, -1])


def tow_hook(at, forward):
    a = np.linspace(0, 2 * np.pi, 25)[:-1]
    ring = [(0, 0.024 * np.sin(q), forward * (0.030 + 0.024 * np.cos(q))) for q in a]
    p = tube(np.array(ring) + at, 0.006, 8, caps=False, closed=True)
    stem = tube(np.array([[0, 0, -forward * 0.05], [0, 0, forward * 0.008]]) + at, 0.007, 8)
    return join([p, stem])


def wiper(xs, zs, foot, knee):
    """Blade along (x, z) on the windscreen, and its arm from `foot` (x, z) past `knee` (x, y, z)."""
    xs, zs = np.linspace(*xs, 16), np.linspace(*zs, 16)
    on = np.stack([xs, skin.surface_y(xs, zs), zs], 1)
    n = skin.normal(on)
    blade = tube(on + n * 0.014, 0.007, 6)
    fx, fz = foot
    fy = float(skin.surface_y(fx, fz))
    arm = np.array([on[8] + n[8] * 0.022, on[8] * 0.45 + np.array(knee) * 0.55 + [0, 0.03, 0.0], [fx, fy + 0.012, fz]])
    q = np.linspace(0, 1, 9)[:, None]
    arm = (1 - q) ** 2 * arm[0] + 2 * q * (1 - q) * arm[1] + q * q * arm[2]
    lift = np.maximum(0, 0.014 - np.array([float(shape.field(a)) for a in arm]))
    arm = arm + skin.normal(arm) * lift[:, None]
    return join([blade, tube(arm, np.linspace(0.006, 0.010, 9), 8)])
