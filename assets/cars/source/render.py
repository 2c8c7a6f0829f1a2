"""Preview pictures of a GLB with Cycles: `render.py car.glb out_dir [view ...] [--livery png] [--size WxH] [--samples n]`."""
import argparse
import math
import os
import bpy
import numpy as np
from mathutils import Matrix, Vector
import glb

VIEWS = {  # azimuth (0 front, 90 the car's left), elevation, distance
    "front": (0, 6, 9.0), "rear": (180, 8, 9.0), "left": (90, 4, 11.5), "right": (270, 4, 11.5), "front_left": (38, 12, 11.0),
    "front_right": (322, 12, 11.0), "rear_left": (142, 14, 11.0), "rear_right": (218, 14, 11.0), "top": (90.001, 88, 12.0),
    "high_front": (25, 32, 10.5), "high_rear": (155, 32, 10.5), "low_rear": (165, 2, 8.0),
}
TO_BLENDER = Matrix(((1, 0, 0, 0), (0, 0, -1, 0), (0, 1, 0, 0), (0, 0, 0, 1)))


def material(name, livery=None, clay=False):
    colour, metallic, rough, extra = glb.MATERIALS[name]
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    b = m.node_tree.nodes["Principled BSDF"]
    b.inputs["Base Color"].default_value = colour
    b.inputs["Metallic"].default_value = metallic
    b.inputs["Roughness"].default_value = rough
    if name.startswith("paint"):
        b.inputs["Coat Weight"].default_value = 1.0
        b.inputs["Coat Roughness"].default_value = 0.03
        if livery:
            tex = m.node_tree.nodes.new("ShaderNodeTexImage")
            tex.image = bpy.data.images.load(os.path.abspath(livery))
            m.node_tree.links.new(tex.outputs["Color"], b.inputs["Base Color"])
    if name.startswith("glass"):
        m.node_tree.nodes.remove(b)
        n, out = m.node_tree.nodes, m.node_tree.nodes["Material Output"]
        clear, gloss, mix, fresnel = (n.new("ShaderNodeBsdfTransparent"), n.new("ShaderNodeBsdfGlossy"),
                                      n.new("ShaderNodeMixShader"), n.new("ShaderNodeFresnel"))
        t = 0.34 if name == "glass_window" else 0.93
        clear.inputs["Color"].default_value = (t * 0.95, t, t, 1)
        gloss.inputs["Roughness"].default_value = 0.02
        fresnel.inputs["IOR"].default_value = 1.45
        link = m.node_tree.links.new
        link(fresnel.outputs[0], mix.inputs[0])
        link(clear.outputs[0], mix.inputs[1])
        link(gloss.outputs[0], mix.inputs[2])
        link(mix.outputs[0], out.inputs["Surface"])
    if "emissiveFactor" in extra:
        b.inputs["Emission Color"].default_value = (*extra["emissiveFactor"], 1)
        b.inputs["Emission Strength"].default_value = 1.0
    return m


def load_car(parts, livery=None):
    mats = {}
    for p in parts:
        if p.material not in mats:
            mats[p.material] = material(p.material, livery)
        me = bpy.data.meshes.new(p.name)
        me.vertices.add(len(p.v))
        me.vertices.foreach_set("co", np.stack([p.v[:, 0], -p.v[:, 2], p.v[:, 1]], 1).astype(np.float32).ravel())
        me.loops.add(p.t.size)
        me.loops.foreach_set("vertex_index", p.t.astype(np.int32).ravel())
        me.polygons.add(len(p.t))
        me.polygons.foreach_set("loop_start", np.arange(0, p.t.size, 3, dtype=np.int32))
        if p.uv is not None:
            layer = me.uv_layers.new(name="uv")
            uv = np.stack([p.uv[:, 0], 1 - p.uv[:, 1]], 1)[p.t.ravel()]
            layer.data.foreach_set("uv", uv.astype(np.float32).ravel())
        me.update()
        me.validate()
        n = np.stack([p.n[:, 0], -p.n[:, 2], p.n[:, 1]], 1)
        n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)
        if len(me.vertices) == len(n):
            me.normals_split_custom_set_from_vertices(n.tolist())
        me.materials.append(mats[p.material])
        bpy.context.scene.collection.objects.link(bpy.data.objects.new(p.name, me))


def sky(strength=1.0):
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.use_nodes = True
    n = world.node_tree.nodes
    tex = n.new("ShaderNodeTexSky")
    tex.sky_type = "NISHITA"
    tex.sun_elevation, tex.sun_rotation = math.radians(42), math.radians(120)
    tex.sun_size, tex.sun_intensity = math.radians(4), 0.5
    tex.sun_disc = True
    world.node_tree.links.new(tex.outputs[0], n["Background"].inputs[0])
    n["Background"].inputs[1].default_value = 0.10 * strength
    return tex


def setup(width, height, samples):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    sc = bpy.context.scene
    sc.render.engine = "CYCLES"
    sc.cycles.device = "CPU"
    sc.cycles.samples = samples
    sc.cycles.use_denoising = True
    sc.cycles.max_bounces = 6
    sc.cycles.transparent_max_bounces = 12
    sc.render.resolution_x, sc.render.resolution_y = width, height
    sc.view_settings.view_transform = "AgX"
    sc.render.use_persistent_data = True
    return sc


def ground():
    bpy.ops.mesh.primitive_plane_add(size=80)
    g = bpy.context.object
    m = bpy.data.materials.new("ground")
    m.use_nodes = True
    b = m.node_tree.nodes["Principled BSDF"]
    b.inputs["Base Color"].default_value = (0.16, 0.16, 0.17, 1)
    b.inputs["Roughness"].default_value = 0.7
    g.data.materials.append(m)


def camera(az, el, dist, fov=26.0, target=(0, 0.58, 0)):
    a, e = math.radians(az), math.radians(el)
    d = Vector((math.sin(a) * math.cos(e), math.sin(e), math.cos(a) * math.cos(e)))
    to_b = lambda q: Vector((q[0], -q[2], q[1]))
    eye = Vector(target) + d * dist
    cam = bpy.data.objects.get("cam")
    if cam is None:
        cam = bpy.data.objects.new("cam", bpy.data.cameras.new("cam"))
        bpy.context.scene.collection.objects.link(cam)
        bpy.context.scene.camera = cam
    cam.data.angle = math.radians(fov)
    cam.location = to_b(eye)
    cam.rotation_euler = (to_b(Vector(target)) - to_b(eye)).to_track_quat("-Z", "Y").to_euler()
    return cam


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("glb")
    ap.add_argument("out")
    ap.add_argument("views", nargs="*")
    ap.add_argument("--livery")
    ap.add_argument("--size", default="720x405")
    ap.add_argument("--samples", type=int, default=16)
    ap.add_argument("--zoom", help="x,y,z,azimuth,elevation,distance: one close-up named zoom")
    a = ap.parse_args()
    w, h = map(int, a.size.split("x"))
    sc = setup(w, h, a.samples)
    load_car(glb.read(a.glb), a.livery)
    ground()
    sky()
    if a.zoom:
        x, y, z, az, el, d = map(float, a.zoom.split(","))
        camera(az, el, d, target=(x, y, z))
        sc.render.filepath = os.path.join(a.out, "zoom.png")
        bpy.ops.render.render(write_still=True)
        return
    for name in a.views or VIEWS:
        az, el, dist = VIEWS[name]
        camera(az, el, dist)
        sc.render.filepath = os.path.join(a.out, f"{name}.png")
        bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    main()
