"""Builds a place out of boxes, strips and cards, and traces its panorama with Cycles.

Lengths are metres in Blender's frame: +Z up, the panorama's middle looks to +Y, its right side to +X. In GridVox's frame
these are +Y, -Z and +X, so a car's front points to -Y here and its left side to +X. The eye stands above the origin.
"""

import os
import tempfile
from pathlib import Path

import bpy
import numpy as np

from picture import EYE, HEIGHT, WIDTH

SEED = 7


def begin():
    """An empty scene; a place starts with this."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.world = bpy.data.worlds.new("world")
    scene.world.use_nodes = True
    set_sky((0.0, 0.0, 0.0))
    return scene


def set_sky(colour):
    background(bpy.context.scene.world).inputs["Color"].default_value = (*colour, 1.0)


def background(world):
    return next(node for node in world.node_tree.nodes if node.type == "BACKGROUND")


# --- materials ----------------------------------------------------------------------------------------------------


def surface(colour, roughness=0.7, specular=0.5, metallic=0.0, mottle=(), joints=None, through=0.0):
    """A surface with world-space texture.

    mottle: (scale in 1/m, share by which the colour varies, stretch along x, y, z) for each layer of noise
    joints: (size x, size y, width, darkness, axes) of a grid of joints; axes name the plane, such as "xy"
    through: share of light that passes, for leaves
    """
    material = bpy.data.materials.new("surface")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    shader = nodes["Principled BSDF"]
    shader.inputs["Roughness"].default_value = roughness
    shader.inputs["Specular IOR Level"].default_value = specular
    shader.inputs["Metallic"].default_value = metallic
    shader.inputs["Base Color"].default_value = (*colour, 1.0)
    position = nodes.new("ShaderNodeNewGeometry").outputs["Position"]
    tone = None
    for scale, share, *stretch in mottle:
        stretched = nodes.new("ShaderNodeVectorMath")
        stretched.operation = "MULTIPLY"
        stretched.inputs[1].default_value = stretch[0] if stretch else (1.0, 1.0, 1.0)
        links.new(position, stretched.inputs[0])
        noise = nodes.new("ShaderNodeTexNoise")
        noise.inputs["Scale"].default_value = scale
        noise.inputs["Detail"].default_value = 2.0
        links.new(stretched.outputs[0], noise.inputs["Vector"])
        span = nodes.new("ShaderNodeMapRange")
        for key, value in (("From Min", 0.3), ("From Max", 0.7), ("To Min", 1.0 - share), ("To Max", 1.0 + share)):
            span.inputs[key].default_value = value
        links.new(noise.outputs["Fac"], span.inputs["Value"])
        tone = times(nodes, links, tone, span.outputs["Result"])
    if joints:
        tone = times(nodes, links, tone, joint_tone(nodes, links, position, *joints))
    if tone:
        tinted = nodes.new("ShaderNodeVectorMath")
        tinted.operation = "SCALE"
        tinted.inputs[0].default_value = colour
        links.new(tone, tinted.inputs["Scale"])
        links.new(tinted.outputs[0], shader.inputs["Base Color"])
    if through:
        passing = nodes.new("ShaderNodeBsdfTranslucent")
        passing.inputs["Color"].default_value = (*(min(1.0, c * 1.6) for c in colour), 1.0)
        blend = nodes.new("ShaderNodeMixShader")
        blend.inputs[0].default_value = through
        links.new(shader.outputs[0], blend.inputs[1])
        links.new(passing.outputs[0], blend.inputs[2])
        links.new(blend.outputs[0], nodes["Material Output"].inputs["Surface"])
    return material


def times(nodes, links, a, b):
    if a is None:
        return b
    product = nodes.new("ShaderNodeMath")
    product.operation = "MULTIPLY"
    links.new(a, product.inputs[0])
    links.new(b, product.inputs[1])
    return product.outputs[0]


def joint_tone(nodes, links, position, size_a, size_b, width, darkness, axes):
    """1 within a tile, 1 - darkness in the joints around it."""
    apart = nodes.new("ShaderNodeSeparateXYZ")
    links.new(position, apart.inputs[0])
    nearest = None
    for axis, size in zip(axes, (size_a, size_b)):
        folded = nodes.new("ShaderNodeMath")
        folded.operation = "PINGPONG"
        folded.inputs[1].default_value = size * 0.5
        links.new(apart.outputs[axis.upper()], folded.inputs[0])
        if nearest is None:
            nearest = folded.outputs[0]
            continue
        least = nodes.new("ShaderNodeMath")
        least.operation = "MINIMUM"
        links.new(nearest, least.inputs[0])
        links.new(folded.outputs[0], least.inputs[1])
        nearest = least.outputs[0]
    edge = nodes.new("ShaderNodeMapRange")
    for key, value in (("From Min", width * 0.4), ("From Max", width * 0.6), ("To Min", 1.0 - darkness), ("To Max", 1.0)):
        edge.inputs[key].default_value = value
    links.new(nearest, edge.inputs["Value"])
    return edge.outputs["Result"]


def light(colour, radiance):
    """A surface that shines evenly to its front and back."""
    material = bpy.data.materials.new("light")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.remove(nodes["Principled BSDF"])
    emission = nodes.new("ShaderNodeEmission")
    emission.inputs["Color"].default_value = (*colour, 1.0)
    emission.inputs["Strength"].default_value = radiance
    links.new(emission.outputs[0], nodes["Material Output"].inputs["Surface"])
    return material


# --- shapes -------------------------------------------------------------------------------------------------------


def mesh(material, vertices, faces):
    data = bpy.data.meshes.new("mesh")
    data.from_pydata([tuple(map(float, v)) for v in vertices], [], [tuple(map(int, f)) for f in faces])
    data.materials.append(material)
    thing = bpy.data.objects.new("thing", data)
    bpy.context.collection.objects.link(thing)
    return thing


BOX_FACES = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))


def boxes(material, placed):
    """Boxes as one mesh; each is (centre, size) or (centre, size, turn about +Z in degrees)."""
    vertices, faces = [], []
    for centre, size, *turn in placed:
        angle = np.radians(turn[0]) if turn else 0.0
        c, s = np.cos(angle), np.sin(angle)
        start = len(vertices)
        for sx in (-0.5, 0.5):
            for sy in (-0.5, 0.5):
                for sz in (-0.5, 0.5):
                    x, y, z = sx * size[0], sy * size[1], sz * size[2]
                    vertices.append((centre[0] + c * x - s * y, centre[1] + s * x + c * y, centre[2] + z))
        faces += [tuple(start + i for i in face) for face in BOX_FACES]
    return mesh(material, vertices, faces)


def box(material, centre, size, turn=0.0):
    return boxes(material, [(centre, size, turn)])


def strip(material, line, width, height=0.0):
    """A flat band along a line of (x, y) points, `width` wide, at a height."""
    line = np.asarray(line, float)
    along = np.gradient(line, axis=0)
    side = np.stack([-along[:, 1], along[:, 0]], 1) / np.linalg.norm(along, axis=1)[:, None] * width * 0.5
    vertices = [(*p, height) for p in line + side] + [(*p, height) for p in line - side]
    n = len(line)
    return mesh(material, vertices, [(i, i + 1, n + i + 1, n + i) for i in range(n - 1)])


def extrusion(material, profile, path):
    """A profile of (across, up) points pulled along a path of (x, y) points."""
    path = np.asarray(path, float)
    along = np.gradient(path, axis=0)
    right = np.stack([along[:, 1], -along[:, 0]], 1) / np.linalg.norm(along, axis=1)[:, None]
    vertices = [(*(p + r * across), up) for p, r in zip(path, right) for across, up in profile]
    n = len(profile)
    faces = [(k * n + i, k * n + i + 1, (k + 1) * n + i + 1, (k + 1) * n + i) for k in range(len(path) - 1) for i in range(n - 1)]
    return mesh(material, vertices, faces)


def cylinder(material, centre, radius, height, sides=28):
    """An upright cylinder; the centre is the middle of its foot."""
    turn = np.arange(sides) * 2.0 * np.pi / sides
    ring = np.stack([centre[0] + radius * np.cos(turn), centre[1] + radius * np.sin(turn)], 1)
    vertices = [(*p, centre[2]) for p in ring] + [(*p, centre[2] + height) for p in ring]
    faces = [(i, (i + 1) % sides, sides + (i + 1) % sides, sides + i) for i in range(sides)]
    faces += [tuple(range(sides, 2 * sides))]
    return mesh(material, vertices, faces)


def cards(material, centres, right, up):
    """Rectangles, each spanned by two half edges; arrays of (n, 3)."""
    corners = np.stack([centres - right - up, centres + right - up, centres + right + up, centres - right + up], 1)
    faces = np.arange(len(centres) * 4).reshape(-1, 4)
    return mesh(material, corners.reshape(-1, 3), faces)


def panel(material, centre, towards, width, height, roll=None):
    """One rectangle that faces a point; its width stays level."""
    centre, towards = np.asarray(centre, float), np.asarray(towards, float)
    normal = (towards - centre) / np.linalg.norm(towards - centre)
    level = np.cross((0.0, 0.0, 1.0), normal) if roll is None else np.asarray(roll, float)
    right = level / np.linalg.norm(level)
    up = np.cross(normal, right)
    return cards(material, centre[None], right[None] * width / 2, up[None] * height / 2)


# --- the picture --------------------------------------------------------------------------------------------------


def trace(samples, bounces=4, clamp=12.0):
    """The panorama from the eye as (HEIGHT, WIDTH, 3) radiance.

    With GRIDVOX_PREVIEW set it is traced in half the size with few samples and enlarged, to judge a place by.
    """
    scene = bpy.context.scene
    shrink = 2 if os.environ.get("GRIDVOX_PREVIEW") else 1
    samples = max(samples // 3, 6) if shrink > 1 else samples
    width, height = WIDTH // shrink, HEIGHT // shrink
    camera = bpy.data.cameras.new("eye")
    camera.type = "PANO"
    camera.panorama_type = "EQUIRECTANGULAR"
    camera.clip_end = 2000.0
    eye = bpy.data.objects.new("eye", camera)
    eye.location = (0.0, 0.0, EYE)
    eye.rotation_euler = (np.pi / 2, 0.0, 0.0)
    scene.collection.objects.link(eye)
    scene.camera = eye
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.seed = SEED
    cycles.samples = samples
    cycles.use_adaptive_sampling = True
    cycles.adaptive_threshold = 0.05
    cycles.max_bounces = bounces
    cycles.diffuse_bounces = bounces
    cycles.glossy_bounces = 3
    cycles.caustics_reflective = False
    cycles.sample_clamp_indirect = clamp
    cycles.use_light_tree = True
    cycles.use_denoising = True
    cycles.denoiser = "OPENIMAGEDENOISE"
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
    render.image_settings.file_format = "OPEN_EXR"
    render.image_settings.color_depth = "32"
    scene.view_settings.view_transform = "Raw"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.exr"
        render.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(str(path))
        image.colorspace_settings.name = "Non-Color"
        rgba = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(rgba)
    rgb = rgba.reshape(height, width, 4)[::-1, :, :3].repeat(shrink, 0).repeat(shrink, 1)
    return even_poles(np.maximum(np.nan_to_num(rgb, posinf=0.0), 0.0))


def even_poles(rgb):
    """Averages each row over the width that one pixel of the equator has there; the poles hold no finer detail."""
    out = rgb.copy()
    sin = np.sin((np.arange(HEIGHT) + 0.5) / HEIGHT * np.pi)
    for y in np.flatnonzero(sin < 0.4):
        reach = min(int(round(0.5 / sin[y])), WIDTH // 4)
        padded = np.concatenate([rgb[y, -reach:], rgb[y], rgb[y, :reach]]).astype(np.float64)
        total = np.concatenate([np.zeros((1, 3)), padded.cumsum(0)])
        span = 2 * reach + 1
        out[y] = (total[span:] - total[:-span]) / span
    return out
