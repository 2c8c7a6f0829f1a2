"""Puts a car together: painted parts with their atlas, fittings, wheels, occlusion, and the files."""
import argparse
import os
import time
from dataclasses import dataclass
from typing import Callable
import numpy as np
import ao
import atlas
import body
import glb
import mesh
import shape
import skin
import trim
import uv
import wheels
from glb import Part
from manifest import write_manifest
from solids import join


@dataclass
class Car:
    """What one car brings along besides its `shape.py`."""
    id: str
    name: str
    size: tuple                                     # metres: length, width without mirrors beyond it, height
    body: Callable                                  # () -> body.Body, cut and flattened
    fittings: Callable                              # (Fittings, Body): adds what is bolted on
    wing: trim.Wing
    mirror: Callable                                # () -> cap, stalk, glass
    spokes: wheels.Spokes
    orders: list                                    # packings of the atlas to try: (names in order, leans)
    well_reach: float = 0.81                        # radians below the axle that the wheel wells reach


FLIP = np.array([-1.0, 1.0, 1.0])
CENTRE = ("front_bumper", "bonnet", "roof", "engine_cover", "rear_bumper")
PAIRS = ("front_wing", "door", "rear_quarter", "skirt")
# Half parts of the body that stay two parts; all others join over the middle.
APART = {"side_glass", "quarter_glass"}
SMALL = ["endplate_outer_left", "endplate_outer_right", "endplate_inner_left", "endplate_inner_right", "mirror_left", "mirror_right"]


def weld_halves(v, t, n, uv=None):
    """A half and its mirror image as one mesh; vertices in the plane x = 0 are shared."""
    mid = v[:, 0] < 1e-6
    other = np.where(mid, np.arange(len(v)), len(v) + np.cumsum(~mid) - 1)
    n = n.copy()
    n[mid, 0] = 0
    v2, n2 = v[~mid] * FLIP, n[~mid] * FLIP
    full_uv = None if uv is None else np.concatenate([uv, uv[~mid] * [-1, 1]])
    return np.concatenate([v, v2]), np.concatenate([t, other[t][:, ::-1]]), np.concatenate([n, n2]), full_uv


def endplate_islands(wing):
    """Outer face with the rim folded out around it, and inner face; both as (v, t, n, uv)."""
    v, t, n = wing.endplate_piece()
    f = np.cross(v[t[:, 1]] - v[t[:, 0]], v[t[:, 2]] - v[t[:, 0]])
    f /= np.linalg.norm(f, axis=1, keepdims=True)
    inner = f[:, 0] < -0.9
    out = []
    for sel, name in ((~inner, "outer"), (inner, "inner")):
        s = t[sel]
        used = np.unique(s)
        back = np.full(len(v), -1)
        back[used] = np.arange(len(used))
        a, m = v[used], n[used]
        if name == "outer":
            d = a[:, 0].max() - a[:, 0]
            o = wing.endplate_outline()
            o = o if np.cross(o - o.mean(0), np.roll(o, -1, 0) - o.mean(0)).sum() > 0 else o[::-1]
            tang = np.roll(o, -1, 0) - np.roll(o, 1, 0)
            tang /= np.linalg.norm(tang, axis=1, keepdims=True)
            near = np.argmin(((a[:, None, [2, 1]] - o[None]) ** 2).sum(-1), axis=1)
            flat = np.stack([tang[near, 1], -tang[near, 0]], 1)
            q = np.stack([-a[:, 2], -a[:, 1]], 1) - flat * d[:, None] * 1.7
        else:
            q = np.stack([a[:, 2], -a[:, 1]], 1)
        out.append((a, back[s], m, q))
    return out


def painted(b, car):
    """Paint parts as {part: (v, t, n, uv in metres)} and the islands."""
    parts, isl = {}, {}
    for name in CENTRE:
        s, n = b.paint[name]
        v, t, nn, q = weld_halves(s.v, s.t, n, s.uv)
        parts[name] = (v, t, nn, q)
        isl[name] = atlas.Island(name, [(name, q, t)])
    left = [(f"{k}_left", b.paint[k][0].uv, b.paint[k][0].t) for k in PAIRS]
    for k in PAIRS:
        s, n = b.paint[k]
        parts[f"{k}_left"] = (s.v, s.t, n, s.uv)
        parts[f"{k}_right"] = (s.v * FLIP, s.t[:, ::-1], n * FLIP, s.uv * [-1, 1])
    isl["side_left"] = atlas.Island("side_left", left)
    isl["side_right"] = atlas.Island("side_right", [(p.replace("left", "right"), q * [-1, 1], t[:, ::-1]) for p, q, t in left], "side_left")
    for (v, t, n, q), face in zip(car.wing.plane(), ("top", "bottom")):
        q = q * [-1, 1] if face == "top" else q
        v, t, n, q = weld_halves(v, t, n, q)
        parts[f"rear_wing_{face}"] = (v, t, n, q)
        isl[f"wing_{face}"] = atlas.Island(f"wing_{face}", [(f"rear_wing_{face}", q, t)])
    for (v, t, n, q), face in zip(endplate_islands(car.wing), ("outer", "inner")):
        parts[f"endplate_{face}_left"] = (v, t, n, q)
        parts[f"endplate_{face}_right"] = (v * FLIP, t[:, ::-1], n * FLIP, q * [-1, 1])
        isl[f"endplate_{face}_left"] = atlas.Island(f"endplate_{face}_left", [(f"endplate_{face}_left", q, t)])
        isl[f"endplate_{face}_right"] = atlas.Island(f"endplate_{face}_right", [(f"endplate_{face}_right", q * [-1, 1], t[:, ::-1])],
                                                     f"endplate_{face}_left")
    cap, _, _ = car.mirror()
    v, t, n = cap
    c = v.mean(0)
    start = np.stack([v[:, 0] - c[0], c[1] - v[:, 1]], 1) * (1 + 6 * (v[:, 2].max() - v[:, 2:3]))
    q = uv.flatten(mesh.Surface(v, t, None, False), start, False)
    parts["mirror_left"] = (v, t, n, q)
    parts["mirror_right"] = (v * FLIP, t[:, ::-1], n * FLIP, q * [-1, 1])
    isl["mirror_left"] = atlas.Island("mirror_left", [("mirror_left", q, t)])
    isl["mirror_right"] = atlas.Island("mirror_right", [("mirror_right", q * [-1, 1], t[:, ::-1])], "mirror_left")
    return parts, isl


def merge_paint(parts, names, into):
    v, t, n, q, base = [], [], [], [], 0
    for k in names:
        a = parts.pop(k)
        v.append(a[0]), t.append(a[1] + base), n.append(a[2]), q.append(a[3])
        base += len(a[0])
    parts[into] = tuple(np.concatenate(x) for x in (v, t, n, q))


class Fittings:
    """Collects unpainted parts."""

    def __init__(self):
        self.parts = []

    def one(self, name, material, piece):
        self.parts.append(Part(name, material, *piece))

    def pair(self, name, material, piece):
        v, t, n = piece
        self.one(f"{name}_left", material, piece)
        self.one(f"{name}_right", material, (v * FLIP, t[:, ::-1], n * FLIP))

    def headlamp(self, cover, bowl, strip, reflector, lens):
        """A lamp behind its cut-out `cover` (a Surface)."""
        self.pair("headlamp_bowl", "lamp_housing", bowl)
        self.pair("headlamp_strip", "lamp_white", strip)
        self.pair("headlamp_reflector", "lamp_chrome", reflector)
        self.pair("headlamp_lens", "lamp_white", lens)
        self.cover("headlamp_cover", cover)

    def tail_lamp(self, cover, bowl, strip):
        self.pair("tail_lamp_bowl", "lamp_housing", bowl)
        self.pair("tail_lamp", "lamp_red", strip)
        self.cover("tail_lamp_cover", cover)

    def cover(self, name, piece):
        n = skin.normal(piece.v)
        self.pair(name, "glass_lamp", (piece.v - n * 0.001, piece.t, n))


def trimmings(b, car):
    out = Fittings()
    for hub, _, _, r in shape.WHEELS.values():
        b.add("wheel_wells", "carbon_dark", body.wheel_well(hub, r, car.well_reach))
    for name, (material, pieces) in b.solid.items():
        v, t, n = join(pieces)
        if name in APART:
            out.pair(name, material, (v, t, n))
        else:
            out.one(name, material, weld_halves(v, t, n)[:3])
    _, stalk, mirror_glass = car.mirror()
    out.pair("mirror_stalk", trim.AERO, stalk)
    out.pair("mirror_glass", "lamp_chrome", mirror_glass)
    car.fittings(out, b)
    for end, (hub, r, width, _) in shape.WHEELS.items():
        for k, (material, (v, t, n)) in wheels.wheel(hub, r, width, end == "front", car.spokes).items():
            out.one(f"{k}_{end}_left", material, (v, t, n))
            out.one(f"{k}_{end}_right", material, (v * FLIP, t[:, ::-1], n * FLIP))
    return out.parts


def main(car, out):
    ap = argparse.ArgumentParser()
    ap.add_argument("--no-ao", action="store_true")
    ap.add_argument("--rays", type=int, default=40)
    ap.add_argument("--search", type=int, default=0, help="random packings of the atlas to try")
    ap.add_argument("--out", default=out)
    a = ap.parse_args()
    t0 = time.time()
    assemble(car, a.out, 0 if a.no_ao else a.rays, a.search)
    print(f"{time.time() - t0:.0f} s")


def assemble(car, out, rays, search=0):
    b = car.body()
    rest = trimmings(b, car)
    paint, islands = painted(b, car)
    atlas.pack(islands, car.orders + list(atlas.random_orders(islands, SMALL, search)))
    for isl in islands.values():
        for part, _, _ in isl.pieces:
            v, t, n, q = paint[part]
            paint[part] = (v, t, n, q * isl.scale + isl.offset)
    merge_paint(paint, ["rear_wing_top", "rear_wing_bottom"], "rear_wing")
    for side in ("left", "right"):
        merge_paint(paint, [f"endplate_outer_{side}", f"endplate_inner_{side}"], f"rear_wing_endplate_{side}")
    parts = [Part(k, "paint_body", v, t, n, q) for k, (v, t, n, q) in paint.items()]
    atlas.check(parts, islands)
    parts += rest
    fit(parts, car.size)
    for p in sorted(parts, key=lambda p: -len(p.t))[:24]:
        print(f"  {p.name} {len(p.t)}", end="")
    print()
    print(f"{sum(len(p.t) for p in parts)} triangles in {len(parts)} parts")
    if rays:
        ao.bake(parts, rays)
        ao.daylight(parts)
    glb.write(os.path.join(out, "car.glb"), parts, car.id)
    write_manifest(os.path.join(out, "car.toml"), parts, car)
    print(f"{os.path.getsize(os.path.join(out, 'car.glb')) / 1e6:.1f} MB")


def fit(parts, size):
    """Removes the last tenths of a millimetre to the stated size; says when that is more than it should be."""
    lo = np.min([p.v.min(0) for p in parts], axis=0)
    hi = np.max([p.v.max(0) for p in parts], axis=0)
    print("bounds", lo.round(4), hi.round(4))
    length, width, height = size
    want = np.array([width / (hi[0] - lo[0]), height / hi[1], length / (hi[2] - lo[2])])
    print("fit", want.round(5))
    shift = -0.5 * (lo[2] + hi[2])
    for p in parts:
        p.v = p.v.copy()
        p.v[:, 2] += shift
        p.v *= want
