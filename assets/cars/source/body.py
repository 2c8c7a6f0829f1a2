"""The painted shell and everything cut into it, as named half parts (x >= 0)."""
import numpy as np
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes
import cutting
import mesh
import outline
import shape
import skin
import uv
from curves import smax
from mesh import Surface
from solids import grid, join


class Body:
    """Collects half parts: `paint[name] = (Surface, normals)`, `solid[name] = (material, [(v, t, n)])`.

    `calm` turns edges along the reflections and thins what lies in the gaps; without it a car stays as it was built before.
    """

    def __init__(self, calm=True):
        self.paint, self.solid = {}, {}
        self.calm, self.crumb = calm, cutting.CRUMB if calm else 0.0
        self.cut = cutting.Cutter()

    def add(self, name, material, *pieces):
        self.solid.setdefault(name, (material, []))[1].extend(p for p in pieces if len(p[1]))

    def hole(self, s, g, name, material, wall, direction, depth, limit=0.018):
        """Cuts an opening, sets its floor back and walls it."""
        piece, rest = self.cut.opening(s, g, limit)
        if len(piece.t):
            piece = mesh.merge_short(piece, 0.011, 5)
            floor, sides = cutting.recess(piece, direction, depth, self.crumb)
            self.add(name, material, floor)
            self.add("intake_walls", wall, sides)
        return rest

    def glass(self, piece, name, sink=0.003):
        piece = mesh.merge_short(piece, 0.009)
        n = skin.normal(piece.v)
        self.add(name, "glass_window", (piece.v - n * sink, piece.t, n))

    def pane(self, s, g, name):
        piece, rest = self.cut.window(s, g)
        self.glass(piece, name)
        return rest

    def base(self, tunnel, cell=0.040, chord=0.0012):
        """The body without wheel arches, floor and the diffuser's `tunnel`, which are parts of their own."""
        s = mesh.base_surface(cell, chord)
        # Wheel arches first: they take side and floor alike.
        for hub, _, _, r in shape.WHEELS.values():
            _, s = self.cut.opening(s, outline.arch(hub, r), 0.016)
        _, s = self.cut.opening(s, tunnel, 0.02)
        floor, s = self.cut.opening(s, lambda p: p[:, 1] - 0.108, 0.04)
        floor = mesh.merge_short(floor, 0.08, 8, 0.985)
        self.add("underbody", "carbon_satin", (floor.v, floor.t, skin.normal(floor.v)))
        return s

    def finish(self, charts, deep):
        """Gives the painted panels their edges and closes the gaps from behind; `deep` says how far an edge reaches in."""
        for name, chart in charts.items():
            chart = mesh.merge_short(drop_crumbs(chart), 0.0075)
            chart = mesh.flip(chart) if self.calm else chart
            paint, n, fv, ft, fn = cutting.edged(chart, deep.get(name, cutting.DEEP), self.crumb)
            self.paint[name] = (paint, n)
            self.add("panel_gaps", "carbon_dark", thinned(fv, ft, fn) if self.calm else (fv, ft, fn))
        for strip in self.cut.strips:
            if len(strip.t):
                strip = mesh.merge_short(strip, 0.022, 6)
                n = skin.normal(strip.v)
                self.add("panel_gaps", "carbon_dark", (strip.v - n * 0.012, strip.t, n))


    def side_windows(self, roof, panels):
        """A roof panel's side windows, parted into door and quarter glass."""
        glass, roof = self.cut.window(roof, panels.side_glass)
        door, quarter = self.cut.gap(Surface(glass.v, glass.t), panels.door_glass)
        self.glass(door, "side_glass")
        self.glass(quarter, "quarter_glass")
        return roof

    def flanks(self, side, panels, split):
        """The flattened side as skirt, door, and the wings before and behind z = `split`."""
        skirt, side = self.cut.gap(side, panels.skirt)
        door, side = self.cut.gap(side, panels.door)
        door = self.hole(door, panels.door_handle, "door_handle", "carbon_satin", "carbon_dark", (1, 0, 0), 0.012, limit=0.012)
        ahead, behind = self.cut.gap(side, lambda p: split - p[:, 2])
        return {"skirt": skirt, "door": door, "front_wing": ahead, "rear_quarter": behind}


def thinned(v, t, n):
    """A panel's dark inner edge with longer steps; it lies behind the painted edge."""
    s = mesh.merge_short(Surface(v, t, None, False), 0.020, 3, 0.97)
    return s.v, s.t, n[cKDTree(v).query(s.v)[1]]


def starts(front, rear, bonnet, roof, cover, side, nose, tail):
    """Rough texture coordinates for each chart; bumpers are unrolled around x from z = `nose` and -z = `tail`."""
    return {
        "front_bumper": (front, lambda v: np.stack([v[:, 0] + 0.9 * np.clip(nose - v[:, 2], 0, None), -v[:, 1]], 1), True),
        "rear_bumper": (rear, lambda v: np.stack([-v[:, 0] - 0.9 * np.clip(tail + v[:, 2], 0, None), -v[:, 1]], 1), True),
        "bonnet": (bonnet, lambda v: np.stack([v[:, 0], v[:, 2]], 1), True),
        "roof": (roof, lambda v: np.stack([v[:, 0], v[:, 2]], 1), True),
        "engine_cover": (cover, lambda v: np.stack([-v[:, 0], -v[:, 2]], 1), True),
        "side": (side, lambda v: np.stack([-v[:, 2], -(v[:, 1] + 0.8 * (1.0 - v[:, 0]))], 1), False),
    }


def flattened(starts):
    """Charts with texture coordinates in metres, from {name: (surface, rough coordinates of points, symmetric)}."""
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
    return charts


def drop_crumbs(s, least=40):
    """Removes stray slivers that a cut left behind."""
    comp = uv.components(len(s.v), s.t)
    size = np.bincount(comp[s.t[:, 0]], minlength=comp.max() + 1)
    return mesh.compact(Surface(s.v, s.t[size[comp[s.t[:, 0]]] >= least], s.uv, s.on_body))


def inner_shell(windows, ahead, behind, floor=lambda z: 0.17, half=lambda z: 0.80, coarse=0.045):
    """The cockpit's lining: the body's surface 27 mm further in, seen from inside, closed at floor and bulkheads.

    The bulkheads stand at z = `ahead` and `behind`, the floor at y = `floor(z)`, the walls at x = `half(z)`; `windows` are the cuts that it leaves open.
    """
    cell = 0.06
    xs, ys, zs = np.arange(-1, 25) * cell, np.arange(0.05, 1.32, cell), np.arange(behind - 0.33, ahead + 0.42, cell)
    g = np.stack(np.meshgrid(xs, ys, zs, indexing="ij"), -1)

    def f(p):
        x, y, z = p[..., 0], p[..., 1], p[..., 2]
        r = smax(shape.field(p) + 0.027, floor(z) - y, 0.02)
        r = smax(r, z - ahead, 0.02)
        r = smax(r, behind - z, 0.02)
        return smax(r, np.abs(x) - half(z), 0.02)
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
    lift = lambda g: (lambda p: g(p + skin.normal(p) * 0.027))
    for g in windows:
        g = lift(g)
        s = mesh.refine_near(s, g, 0.035, 0.01)
        # Refined points must stay on the lining, so they are not projected on the body.
        _, s = mesh.clip(s, g, 0.0)
    s = mesh.merge_short(s, coarse, 6)
    n = -grad(s.v)
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    return s.v, s.t, n


def wheel_well(hub, radius, reach):
    """Liner of a wheel arch: the tunnel's roof and its inner wall, down to `reach` radians below the axle."""
    a = np.linspace(-reach, np.pi + reach, 61)
    y, z = hub[1] + (radius + 0.0006) * np.sin(a), hub[2] + (radius + 0.0006) * np.cos(a)
    inner = shape.ARCH_INNER
    lo, hi = np.full(len(a), inner), np.full(len(a), 1.2)
    for _ in range(30):
        mid = 0.5 * (lo + hi)
        out = shape.field(np.stack([mid, np.maximum(y, 0.0975), z], 1)) > 0
        lo, hi = np.where(out, lo, mid), np.where(out, mid, hi)
    edge = np.maximum(lo - 0.008, inner + 0.06)
    w = np.linspace(0, 1, 4)
    pts = np.stack([np.stack([inner - 0.002 + k * (edge - inner + 0.002), y, z], 1) for k in w])
    roof = grid(pts)
    centre = np.array([inner, 0.32, hub[2]])
    if ((roof[2] * (np.array([0, hub[1], hub[2]]) - roof[0]) * [0, 1, 1]).sum()) < 0:
        roof = (roof[0], roof[1][:, ::-1], -roof[2])
    ring = np.stack([np.full(len(a), inner), y, z], 1)
    v = np.concatenate([ring, centre[None]])
    i = np.arange(len(a) - 1)
    t = np.concatenate([np.stack([i, i + 1, np.full(len(i), len(a))], 1), [[len(a) - 1, 0, len(a)]]])
    n = np.tile([1.0, 0, 0], (len(v), 1))
    f = np.cross(v[t[0, 1]] - v[t[0, 0]], v[t[0, 2]] - v[t[0, 0]])
    if f[0] < 0:
        t = t[:, ::-1]
    return join([roof, (v, t, n)])
