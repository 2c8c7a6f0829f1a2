"""Builds car.glb and car.toml: `python build.py [--no-ao] [--out folder]`. Deterministic; a few minutes on one core."""
import argparse
import os
import time
import numpy as np
import ao
import atlas
import body
import cockpit
import details_base as db
import glb
import mesh
import panels
import shape
import trim
import uv
import wheels
from glb import Part
from manifest import write_manifest

FLIP = np.array([-1.0, 1.0, 1.0])
CENTRE = ("front_bumper", "bonnet", "roof", "engine_cover", "rear_bumper")
PAIRS = ("front_wing", "door", "rear_quarter", "skirt")
# Half parts that join over the middle into one part.
JOINED = {"windscreen", "rear_window", "underbody", "panel_gaps", "front_grille", "intake_walls", "front_slot", "bonnet_duct",
          "wing_louvre_floor", "side_outlet_floor", "side_intake_floor", "engine_louvre_floor", "light_bar", "rear_grille",
          "exhaust_recess", "door_handle", "cockpit_lining", "wheel_wells"}

# Orders and leans that packed best in a random search.
SMALL = ["endplate_outer_left", "endplate_outer_right", "endplate_inner_left", "endplate_inner_right", "mirror_left", "mirror_right"]
ORDERS = [(["roof", "front_bumper", "engine_cover", "rear_bumper", "wing_bottom", "bonnet", "wing_top", "side_left", "side_right"] + SMALL,
           {"side_left": -1, "roof": -1, "engine_cover": -1, "rear_bumper": -1, "endplate_outer_left": -1}),
          (["side_left", "side_right", "roof", "front_bumper", "rear_bumper", "bonnet", "engine_cover", "wing_top", "wing_bottom"] + SMALL, {})]


def weld_halves(v, t, n, uv=None):
    """A half and its mirror image as one mesh; vertices in the plane x = 0 are shared."""
    mid = v[:, 0] < 1e-6
    other = np.where(mid, np.arange(len(v)), len(v) + np.cumsum(~mid) - 1)
    n = n.copy()
    n[mid, 0] = 0
    v2, n2 = v[~mid] * FLIP, n[~mid] * FLIP
    full_uv = None if uv is None else np.concatenate([uv, uv[~mid] * [-1, 1]])
    return np.concatenate([v, v2]), np.concatenate([t, other[t][:, ::-1]]), np.concatenate([n, n2]), full_uv


def endplate_islands(piece):
    """Outer face with the rim folded out around it, and inner face; both as (v, t, n, uv)."""
    v, t, n = piece
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
            o = trim.endplate_outline()
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


def painted(b):
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
    for (v, t, n, q), face in zip(trim.wing_plane(), ("top", "bottom")):
        q = q * [-1, 1] if face == "top" else q
        v, t, n, q = weld_halves(v, t, n, q)
        parts[f"rear_wing_{face}"] = (v, t, n, q)
        isl[f"wing_{face}"] = atlas.Island(f"wing_{face}", [(f"rear_wing_{face}", q, t)])
    for (v, t, n, q), face in zip(endplate_islands(trim.endplate()), ("outer", "inner")):
        parts[f"endplate_{face}_left"] = (v, t, n, q)
        parts[f"endplate_{face}_right"] = (v * FLIP, t[:, ::-1], n * FLIP, q * [-1, 1])
        isl[f"endplate_{face}_left"] = atlas.Island(f"endplate_{face}_left", [(f"endplate_{face}_left", q, t)])
        isl[f"endplate_{face}_right"] = atlas.Island(f"endplate_{face}_right", [(f"endplate_{face}_right", q * [-1, 1], t[:, ::-1])],
                                                     f"endplate_{face}_left")
    cap, _, _ = trim.mirror()
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


def pair(out, name, material, piece):
    v, t, n = piece
    out.append(Part(f"{name}_left", material, v, t, n))
    out.append(Part(f"{name}_right", material, v * FLIP, t[:, ::-1], n * FLIP))


def one(out, name, material, piece):
    out.append(Part(name, material, *piece))


def trimmings(b):
    out = []
    b.add("cockpit_lining", "interior_dark", body.inner_shell())
    for hub, r in ((shape.FRONT_HUB, shape.FRONT_ARCH_R), (shape.REAR_HUB, shape.REAR_ARCH_R)):
        b.add("wheel_wells", "carbon_dark", body.wheel_well(hub, r))
    floor, walls, chrome, white = trim.headlamp_inner(b.lamp, panels.LAMP_C)
    pair(out, "headlamp_bowl", "lamp_housing", db.join([floor, walls]))
    pair(out, "headlamp_strip", "lamp_white", trim.light_strip(b.lamp))
    pair(out, "headlamp_reflector", "lamp_chrome", chrome)
    pair(out, "headlamp_lens", "lamp_white", white)
    n = shape.normal(b.lamp.v)
    pair(out, "headlamp_cover", "glass_lamp", (b.lamp.v - n * 0.001, b.lamp.t, n))
    for name, (material, pieces) in b.solid.items():
        v, t, n = db.join(pieces)
        if name in JOINED:
            v, t, n, _ = weld_halves(v, t, n)
            one(out, name, material, (v, t, n))
        else:
            pair(out, name, material, (v, t, n))
    one(out, "splitter", trim.AERO, trim.splitter())
    pair(out, "skirt_blade", trim.AERO, trim.blade_skirt())
    pair(out, "canard_upper", trim.AERO, trim.canard([(2.10, 0.455), (1.95, 0.465), (1.80, 0.50), (1.70, 0.545)], 0.085))
    pair(out, "canard_lower", trim.AERO, trim.canard([(2.06, 0.30), (1.92, 0.31), (1.78, 0.345), (1.66, 0.40)], 0.085))
    one(out, "diffuser", trim.AERO, trim.diffuser())
    pair(out, "rear_wing_support", trim.AERO, trim.swan_neck())
    _, stalk, mirror_glass = trim.mirror()
    pair(out, "mirror_stalk", trim.AERO, stalk)
    pair(out, "mirror_glass", "lamp_chrome", mirror_glass)
    one(out, "intake_vanes", trim.AERO, trim.intake_vanes())
    one(out, "bonnet_vanes", trim.AERO, trim.bonnet_vanes())
    one(out, "exhaust", "metal_exhaust", trim.exhaust())
    one(out, "tow_hook_front", "metal_tow", trim.tow_hook((0.44, 0.455, 2.165), 1))
    one(out, "tow_hook_rear", "metal_tow", trim.tow_hook((0.50, 0.48, -2.165), -1))
    one(out, "wiper", "rubber_seal", trim.wiper())
    shell, belts = cockpit.seat()
    one(out, "seat", "interior_seat", shell)
    one(out, "belts", "interior_belt", belts)
    one(out, "steering_wheel", "interior_dark", cockpit.steering())
    one(out, "dashboard", "interior_dark", cockpit.dash())
    one(out, "dash_screen", "interior_screen", cockpit.screen())
    one(out, "roll_cage", "interior_cage", cockpit.cage())
    for end, hub, r, w in (("front", shape.FRONT_HUB, shape.FRONT_TYRE_R, 0.31), ("rear", shape.REAR_HUB, shape.REAR_TYRE_R, 0.325)):
        for k, (material, piece) in wheels.wheel(hub, r, w, end == "front").items():
            out.append(Part(f"{k}_{end}_left", material, *piece))
            v, t, n = piece
            out.append(Part(f"{k}_{end}_right", material, v * FLIP, t[:, ::-1], n * FLIP))
    return out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--no-ao", action="store_true")
    ap.add_argument("--rays", type=int, default=40)
    ap.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    a = ap.parse_args()
    t0 = time.time()
    assemble(body.build(), a.out, 0 if a.no_ao else a.rays)
    print(f"{time.time() - t0:.0f} s")


def assemble(b, out, rays):
    rest = trimmings(b)
    paint, islands = painted(b)
    atlas.pack(islands, ORDERS)
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
    fit(parts)
    for p in sorted(parts, key=lambda p: -len(p.t))[:24]:
        print(f"  {p.name} {len(p.t)}", end="")
    print()
    print(f"{sum(len(p.t) for p in parts)} triangles in {len(parts)} parts")
    if rays:
        ao.bake(parts, rays)
    glb.write(os.path.join(out, "car.glb"), parts)
    write_manifest(os.path.join(out, "car.toml"), parts)
    print(f"{os.path.getsize(os.path.join(out, 'car.glb')) / 1e6:.1f} MB")


def fit(parts):
    """Removes the last tenths of a millimetre to the stated size; says when that is more than it should be."""
    lo = np.min([p.v.min(0) for p in parts], axis=0)
    hi = np.max([p.v.max(0) for p in parts], axis=0)
    print("bounds", lo.round(4), hi.round(4))
    want = np.array([2.05 / (hi[0] - lo[0]), 1.28 / hi[1], 4.62 / (hi[2] - lo[2])])
    print("fit", want.round(5))
    shift = -0.5 * (lo[2] + hi[2])
    for p in parts:
        p.v = p.v.copy()
        p.v[:, 2] += shift
        p.v *= want


if __name__ == "__main__":
    main()
