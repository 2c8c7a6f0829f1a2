"""The painted shell and everything cut into it, as named half parts (x >= 0)."""
import numpy as np
from skimage.measure import marching_cubes
import mesh
import panels as pn
import shape
import uv
from mesh import Surface


class Body:
    """Collects half parts: `paint[name] = (Surface, normals)`, `solid[name] = (material, [(v, t, n)])`."""

    def __init__(self):
        self.paint, self.solid = {}, {}
        self.cut = pn.Cutter()

    def add(self, name, material, *pieces):
        self.solid.setdefault(name, (material, []))[1].extend(p for p in pieces if len(p[1]))

    def hole(self, s, g, name, material, wall, direction, depth, floor_name=None, limit=0.018):
        """Cuts an opening, sets its floor back and walls it."""
        piece, rest = self.cut.opening(s, g, limit)
        if len(piece.t):
            piece = mesh.merge_short(piece, 0.011, 5)
            floor, sides = pn.recess(piece, direction, depth)
            self.add(name, material, floor)
            self.add("intake_walls", wall, sides)
        return rest

    def pane(self, s, g, name, material="glass_window", sink=0.003):
        piece, rest = self.cut.window(s, g)
        piece = mesh.merge_short(piece, 0.009)
        n = shape.normal(piece.v)
        self.add(name, material, (piece.v - n * sink, piece.t, n))
        return rest


def build(cell=0.040, chord=0.0012):
    b = Body()
    cut = b.cut
    s = mesh.base_surface(cell, chord)
    # Wheel arches first: they take side and floor alike.
    for hub, r in ((shape.FRONT_HUB, shape.FRONT_ARCH_R), (shape.REAR_HUB, shape.REAR_ARCH_R)):
        _, s = cut.opening(s, pn.arch(hub, r), 0.016)
    # Diffuser tunnel: the ramp is a part of its own.
    _, s = cut.opening(s, pn.diffuser_hole, 0.02)
    floor, s = cut.opening(s, lambda p: p[:, 1] - 0.108, 0.04)
    floor = mesh.merge_short(floor, 0.08, 8, 0.985)
    b.add("underbody", "carbon_satin", (floor.v, floor.t, shape.normal(floor.v)))
    # Openings that lie across several panels.
    lamp, s = cut.opening(s, pn.headlamp, 0.012)
    b.lamp = lamp
    s = b.hole(s, pn.light_bar, "light_bar", "lamp_red", "carbon_dark", (0, 0, -1), 0.010, limit=0.012)
    # Charts.
    front, s = cut.gap(s, pn.front_bumper)
    rear, s = cut.gap(s, pn.rear_bumper)
    roof, s = cut.gap(s, pn.roof)
    bonnet, s = cut.gap(s, pn.bonnet)
    cover, side = cut.gap(s, pn.engine_cover)

    roof = b.pane(roof, pn.windscreen, "windscreen")
    roof = b.pane(roof, pn.rear_window, "rear_window")
    glass, roof = cut.window(roof, pn.side_glass)
    a, c = cut.gap(Surface(glass.v, glass.t), pn.door_glass)
    for name, piece in (("side_glass", a), ("quarter_glass", c)):
        piece = mesh.merge_short(piece, 0.009)
        n = shape.normal(piece.v)
        b.add(name, "glass_window", (piece.v - n * 0.003, piece.t, n))

    front = b.hole(front, pn.centre_intake, "front_grille", "carbon_mesh", "carbon_dark", (0, 0, 1), 0.11)
    front = b.hole(front, pn.outer_intake, "front_grille", "carbon_mesh", "carbon_dark", (0.25, 0, 1), 0.09)
    front = b.hole(front, pn.bumper_slot, "front_slot", "carbon_dark", "carbon_dark", (0, 0, 1), 0.05)
    bonnet = b.hole(bonnet, pn.bonnet_vent, "bonnet_duct", "carbon_mesh", "carbon_dark", (0, 1, 0.15), 0.055)
    bonnet = b.hole(bonnet, pn.bonnet_slot, "bonnet_duct", "carbon_mesh", "carbon_dark", (0, 1, 0.3), 0.03)
    for g in pn.wing_louvres:
        side = b.hole(side, g, "wing_louvre_floor", "carbon_dark", "carbon_dark", (0, 1, 0), 0.035, limit=0.012)
    side = b.hole(side, pn.side_outlet, "side_outlet_floor", "carbon_mesh", "carbon_dark", (1, 0, 0.35), 0.06)
    side = b.hole(side, pn.rear_intake, "side_intake_floor", "carbon_mesh", "carbon_dark", (1, 0, -0.35), 0.08)
    for g in pn.cover_louvres:
        cover = b.hole(cover, g, "engine_louvre_floor", "carbon_mesh", "carbon_dark", (0, 1, 0), 0.04)
    rear = b.hole(rear, pn.rear_grille, "rear_grille", "carbon_mesh", "carbon_dark", (0, 0, -1), 0.06)
    rear = b.hole(rear, pn.rear_outlet, "rear_grille", "carbon_mesh", "carbon_dark", (0.3, 0, -1), 0.08)
    rear = b.hole(rear, pn.exhaust_hole, "exhaust_recess", "carbon_dark", "carbon_dark", (0, 0, -1), 0.12)

    starts = {
        "front_bumper": (front, lambda v: np.stack([v[:, 0] + 0.9 * np.clip(2.02 - v[:, 2], 0, None), -v[:, 1]], 1), True),
        "rear_bumper": (rear, lambda v: np.stack([-v[:, 0] - 0.9 * np.clip(2.0 + v[:, 2], 0, None), -v[:, 1]], 1), True),
        "bonnet": (bonnet, lambda v: np.stack([v[:, 0], v[:, 2]], 1), True),
        "roof": (roof, lambda v: np.stack([v[:, 0], v[:, 2]], 1), True),
        "engine_cover": (cover, lambda v: np.stack([-v[:, 0], -v[:, 2]], 1), True),
        "side": (side, lambda v: np.stack([-v[:, 2], -(v[:, 1] + 0.8 * (1.0 - v[:, 0]))], 1), False),
    }
    charts = {}
    for name, (chart, start, symmetric) in starts.items():
        chart = drop_crumbs(chart)
        q = uv.flatten(chart, start(chart.v), symmetric, hold=((0, 0, 1), 10.0) if name == "side" else None)
        chart.uv = q
        area, dens, s1, s2, _ = uv.stretch(chart.v, chart.t, chart.uv)
        w = area / area.sum()
        lo, hi = np.percentile(dens, [1, 99])
        print(f"chart {name}: {len(chart.t)} triangles, {area.sum():.2f} m2, density {lo:.2f}..{hi:.2f} "
              f"stretch {(w * s1 / s2).sum():.3f}, size {np.ptp(chart.uv, 0).round(2)}")
        charts[name] = chart
    side = charts.pop("side")
    skirt, side = cut.gap(side, pn.skirt)
    door, side = cut.gap(side, pn.door)
    door = b.hole(door, pn.door_handle, "door_handle", "carbon_satin", "carbon_dark", (1, 0, 0), 0.012, limit=0.012)
    ahead, behind = cut.gap(side, lambda p: 0.1 - p[:, 2])
    charts.update(skirt=skirt, door=door, front_wing=ahead, rear_quarter=behind)
    for name, chart in charts.items():
        chart = mesh.merge_short(drop_crumbs(chart), 0.0075)
        paint, n, fv, ft, fn = pn.edged(chart, 0.030 if name == "roof" else pn.DEEP)
        b.paint[name] = (paint, n)
        b.add("panel_gaps", "carbon_dark", (fv, ft, fn))
    for strip in cut.strips:
        if len(strip.t):
            strip = mesh.merge_short(strip, 0.022, 6)
            n = shape.normal(strip.v)
            b.add("panel_gaps", "carbon_dark", (strip.v - n * 0.012, strip.t, n))
    return b


def drop_crumbs(s, least=40):
    """Removes stray slivers that a cut left behind."""
    comp = uv.components(len(s.v), s.t)
    size = np.bincount(comp[s.t[:, 0]], minlength=comp.max() + 1)
    return mesh.compact(Surface(s.v, s.t[size[comp[s.t[:, 0]]] >= least], s.uv, s.on_body))


def inner_shell():
    """The cockpit's lining: the body's surface 28 mm further in, seen from inside, closed at floor and bulkheads."""
    cell = 0.06
    xs, ys, zs = np.arange(-1, 25) * cell, np.arange(0.05, 1.32, cell), np.arange(-1.35, 1.35, cell)
    g = np.stack(np.meshgrid(xs, ys, zs, indexing="ij"), -1)

    def f(p):
        x, y, z = p[..., 0], p[..., 1], p[..., 2]
        r = shape.smax(shape.field(p) + 0.027, 0.17 - y, 0.02)
        r = shape.smax(r, z - 0.93, 0.02)
        r = shape.smax(r, -1.02 - z, 0.02)
        return shape.smax(r, np.abs(x) - 0.80, 0.02)
    v, t, _, _ = marching_cubes(f(g), 0.0)
    v = v * cell + [xs[0], ys[0], zs[0]]

    def grad(p):
        return np.stack([(f(p + 0.003 * a) - f(p - 0.003 * a)) / 0.006 for a in np.eye(3)], -1)
    for _ in range(4):
        q = grad(v)
        v = v - (f(v) / np.maximum((q * q).sum(1), 0.05))[:, None] * q
    face = np.cross(v[t[:, 1]] - v[t[:, 0]], v[t[:, 2]] - v[t[:, 0]])
    if (face * grad(v)[t[:, 0]]).sum() > 0:
        t = t[:, ::-1]
    s = Surface(v, t, None, False)
    _, s = mesh.clip(s, lambda p: p[:, 0], 0.0)
    s.v[np.abs(s.v[:, 0]) < 1e-6, 0] = 0
    lift = lambda g: (lambda p: g(p + shape.normal(p) * 0.027))
    for g in (pn.windscreen, pn.rear_window, pn.side_glass):
        g = lift(g)
        s = mesh.refine_near(s, g, 0.035, 0.01)
        # Refined points must stay on the lining, so they are not projected on the body.
        _, s = mesh.clip(s, g, 0.0)
    s = mesh.merge_short(s, 0.045, 6)
    n = -grad(s.v)
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    return s.v, s.t, n


def wheel_well(hub, radius):
    """Liner of a wheel arch: the tunnel's roof and its inner wall."""
    a = np.linspace(-0.72, np.pi + 0.72, 61)
    y, z = hub[1] + (radius + 0.0006) * np.sin(a), hub[2] + (radius + 0.0006) * np.cos(a)
    y = np.maximum(y, 0.085)
    lo, hi = np.full(len(a), 0.5), np.full(len(a), 1.2)
    for _ in range(30):
        mid = 0.5 * (lo + hi)
        out = shape.field(np.stack([mid, y, z], 1)) > 0
        lo, hi = np.where(out, lo, mid), np.where(out, mid, hi)
    edge = np.maximum(lo - 0.008, 0.56)
    from details_base import grid, join
    w = np.linspace(0, 1, 4)
    pts = np.stack([np.stack([0.498 + k * (edge - 0.498), y, z], 1) for k in w])
    roof = grid(pts)
    centre = np.array([0.5, 0.32, hub[2]])
    if ((roof[2] * (np.array([0, hub[1], hub[2]]) - roof[0]) * [0, 1, 1]).sum()) < 0:
        roof = (roof[0], roof[1][:, ::-1], -roof[2])
    ring = np.stack([np.full(len(a), 0.5), y, z], 1)
    v = np.concatenate([ring, centre[None]])
    i = np.arange(len(a) - 1)
    t = np.concatenate([np.stack([i, i + 1, np.full(len(i), len(a))], 1), [[len(a) - 1, 0, len(a)]]])
    n = np.tile([1.0, 0, 0], (len(v), 1))
    f = np.cross(v[t[0, 1]] - v[t[0, 0]], v[t[0, 2]] - v[t[0, 0]])
    if f[0] < 0:
        t = t[:, ::-1]
    return join([roof, (v, t, n)])
