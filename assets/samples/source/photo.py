"""The sample photo: the car in the invented livery at a race track, path-traced with Cycles.

`photo.py car.glb livery.png photo_front_left.jpg [--samples 48]` also writes the true camera beside the picture as JSON.
"""
import argparse
import json
import math
import os
import sys
import bpy
import numpy as np
from mathutils import Vector
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "cars", "source"))
import glb                                          # noqa: E402
import render                                       # noqa: E402

WIDTH, HEIGHT, FOCAL_35MM = 1600, 1000, 66.0
EYE, TARGET = np.array([5.15, 1.42, 7.05]), np.array([0.02, 0.56, 0.05])


def shader(name, colour, rough=0.7, noise=None, metallic=0.0, bump=0.0):
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    nodes, link = m.node_tree.nodes, m.node_tree.links.new
    b = nodes["Principled BSDF"]
    b.inputs["Base Color"].default_value = (*colour, 1)
    b.inputs["Roughness"].default_value = rough
    b.inputs["Metallic"].default_value = metallic
    if noise:
        scale, other = noise
        coord, tex, ramp = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeMix")
        ramp.data_type = "RGBA"
        tex.inputs["Scale"].default_value = scale
        tex.inputs["Detail"].default_value = 10
        tex.inputs["Roughness"].default_value = 0.75
        link(coord.outputs["Object"], tex.inputs["Vector"])
        link(tex.outputs["Fac"], ramp.inputs[0])
        ramp.inputs[6].default_value, ramp.inputs[7].default_value = (*colour, 1), (*other, 1)
        link(ramp.outputs[2], b.inputs["Base Color"])
        if bump:
            fine, bn = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeBump")
            fine.inputs["Scale"].default_value = 240
            bn.inputs["Strength"].default_value = bump
            bn.inputs["Distance"].default_value = 0.004
            link(coord.outputs["Object"], fine.inputs["Vector"])
            link(fine.outputs["Fac"], bn.inputs["Height"])
            link(bn.outputs["Normal"], b.inputs["Normal"])
    return m


def block(x, y, z, sx, sy, sz, m, turn=0.0):
    """A box in the car's frame (centre, size)."""
    bpy.ops.mesh.primitive_cube_add(size=1, location=(x, -z, y), rotation=(0, 0, turn))
    o = bpy.context.object
    o.scale = (sx, sz, sy)
    o.data.materials.append(m)
    return o


def scene():
    """A paddock lane: asphalt, painted lines, kerb, wall with a catch fence's posts, trees behind."""
    rng = np.random.default_rng(11)
    bpy.ops.mesh.primitive_plane_add(size=400)
    bpy.context.object.data.materials.append(shader("asphalt", (0.050, 0.050, 0.053), 0.62, (3.0, (0.105, 0.103, 0.10)), bump=0.5))
    white = shader("line", (0.62, 0.62, 0.60), 0.6, (9.0, (0.42, 0.42, 0.41)))
    turn = math.radians(-18)
    block(-3.0, 0.0015, -2.2, 0.14, 0.003, 60, white, turn)
    kerb_a, kerb_b = shader("kerb_red", (0.42, 0.035, 0.03), 0.55, (6.0, (0.28, 0.03, 0.03))), shader("kerb_white", (0.60, 0.60, 0.58), 0.55, (6.0, (0.4, 0.4, 0.4)))
    grass = shader("grass", (0.040, 0.075, 0.018), 0.95, (1.5, (0.075, 0.11, 0.03)))
    d = np.array([math.sin(turn) * -1, math.cos(turn)])       # along the wall in (x, -z)
    right = np.array([d[1], -d[0]])

    def at(along, across):
        q = d * along + right * across
        return q[0], -q[1]
    for i in range(-40, 60):
        x, z = at(i * 1.0, -5.6)
        block(x, 0.02, z, 0.9, 0.05, 1.0, kerb_a if i % 2 else kerb_b, turn)
    x, z = at(0, -11.0)
    block(x, 0.004, z, 10, 0.012, 200, grass, turn)
    concrete = shader("concrete", (0.36, 0.35, 0.33), 0.85, (2.0, (0.25, 0.245, 0.23)))
    blue, pale = shader("board_blue", (0.02, 0.07, 0.20), 0.5), shader("board_pale", (0.55, 0.55, 0.52), 0.5)
    x, z = at(0, -16.5)
    block(x, 0.5, z, 0.5, 1.0, 200, concrete, turn)
    steel = shader("steel", (0.30, 0.31, 0.32), 0.45, metallic=0.8)
    for i in range(-24, 40):
        x, z = at(i * 3.0, -16.5)
        block(x, 2.1, z, 0.08, 2.4, 0.08, steel, turn)
        if i % 3 == 0:
            x, z = at(i * 3.0 + 1.5, -16.22)
            block(x, 0.5, z, 0.03, 0.7, 4.4, blue if (i // 3) % 2 else pale, turn)
    for y in (1.5, 2.1, 2.7, 3.25):
        x, z = at(0, -16.5)
        block(x, y, z, 0.012, 0.012, 200, steel, turn)
    leaf = [shader(f"leaf{k}", c, 0.9, (1.2, tuple(0.5 * a for a in c))) for k, c in
            enumerate(((0.030, 0.060, 0.018), (0.045, 0.075, 0.022), (0.025, 0.048, 0.020)))]
    clumps = []
    for k in range(9):
        bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=4, radius=1.0, location=(0, 0, -30))
        me = bpy.context.object.data
        v = np.empty(len(me.vertices) * 3)
        me.vertices.foreach_get("co", v)
        v = v.reshape(-1, 3) * rng.normal(1.0, 0.11, (len(me.vertices), 1))
        me.vertices.foreach_set("co", v.ravel())
        me.materials.append(leaf[k % 3])
        clumps.append(me)
    for i in range(240):                            # a tree is a heap of leafy clumps
        x, z = at(rng.uniform(-70, 120), rng.uniform(-66, -38))
        tall = rng.uniform(5, 11)
        for _ in range(9):
            r = rng.uniform(0.7, 1.7)
            o = bpy.data.objects.new("clump", clumps[rng.integers(9)])
            o.location = (x + rng.normal(0, 1.5), -z + rng.normal(0, 1.5), tall * rng.uniform(0.12, 1.0))
            o.scale = (r, r, r * rng.uniform(0.7, 1.1))
            o.rotation_euler = rng.uniform(0, 6.28, 3)
            bpy.context.scene.collection.objects.link(o)
    # A pit building behind the camera's left gives the paint something to reflect.
    block(24, 3.0, 16, 6, 6, 60, pale, math.radians(20))
    glass = shader("windows", (0.02, 0.03, 0.04), 0.1)
    block(20.9, 3.4, 15, 0.2, 1.4, 56, glass, math.radians(20))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("car")
    ap.add_argument("livery")
    ap.add_argument("out")
    ap.add_argument("--samples", type=int, default=48)
    ap.add_argument("--scale", type=float, default=1.0)
    a = ap.parse_args()
    width, height = int(WIDTH * a.scale), int(HEIGHT * a.scale)
    sc = render.setup(width, height, a.samples)
    render.load_car(glb.read(a.car), a.livery)
    scene()
    tex = render.sky(0.9)
    tex.sun_elevation, tex.sun_rotation = math.radians(36), math.radians(62)
    tex.sun_size, tex.sun_intensity = math.radians(0.8), 0.55
    tex.air_density, tex.dust_density = 1.3, 1.6
    back = EYE - TARGET
    back /= np.linalg.norm(back)
    right = np.cross([0, 1, 0], back)
    right /= np.linalg.norm(right)
    up = np.cross(back, right)
    cam = render.camera(0, 0, 1)
    to_b = lambda q: Vector((q[0], -q[2], q[1]))
    cam.location = to_b(EYE)
    cam.rotation_euler = (to_b(TARGET) - to_b(EYE)).to_track_quat("-Z", "Y").to_euler()
    cam.data.sensor_fit, cam.data.sensor_width, cam.data.lens = "HORIZONTAL", 36.0, FOCAL_35MM
    cam.data.dof.use_dof, cam.data.dof.focus_distance, cam.data.dof.aperture_fstop = True, float(np.linalg.norm(EYE - TARGET)) - 1.2, 2.8
    sc.view_settings.look = "AgX - Medium High Contrast"
    sc.view_settings.exposure = 0.25
    raw = a.out + ".tmp.png"
    sc.render.filepath = os.path.abspath(raw)
    bpy.ops.render.render(write_still=True)
    im = np.asarray(Image.open(raw).convert("RGB")).astype(float)
    os.remove(raw)
    rng = np.random.default_rng(5)
    yy, xx = np.mgrid[0:height, 0:width]
    r2 = ((xx - width / 2) ** 2 + (yy - height / 2) ** 2) / (width / 2) ** 2
    im = im * (1 - 0.10 * r2)[..., None]            # a lens's fall-off, and a sensor's noise
    im += rng.normal(0, 1.6, im.shape[:2])[..., None] + rng.normal(0, 1.1, im.shape)
    picture = Image.fromarray(np.clip(im, 0, 255).astype(np.uint8))
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "GridVox", "Path-traced sample"
    sub = exif.get_ifd(0x8769)
    sub[0x920A], sub[0xA405], sub[0x829D] = FOCAL_35MM, int(FOCAL_35MM), 2.8
    picture.save(a.out, quality=90, exif=exif)
    m = np.eye(4)
    m[:3, 0], m[:3, 1], m[:3, 2], m[:3, 3] = right, up, back, EYE
    truth = {"world_from_camera": m.tolist(), "focal_px": FOCAL_35MM / 36.0 * width, "principal_point": [width / 2, height / 2],
             "width": width, "height": height, "k1": 0.0}
    with open(os.path.splitext(a.out)[0] + ".camera.json", "w") as f:
        json.dump(truth, f, indent=1)


if __name__ == "__main__":
    main()
