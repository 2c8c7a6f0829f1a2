"""A case of cases.toml as a Blender scene: the same car, camera, materials, light and ground as the showroom's."""
import json
import math
import os
import struct
import tempfile
import tomllib

import bpy
import numpy as np
from mathutils import Matrix, Vector

import materials

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SIZE = (640, 360)
FILL = 0.92  # share of the picture that a framed car fills, as gridvox_car::frame_camera has it
METER = 1.25  # as plugins/showroom/src/environment/mod.rs has it
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def pixels(image):
    a = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(a)
    return a.reshape(image.size[1], image.size[0], 4)[::-1]


def without_colours(path):
    """The car's GLB without the light that is baked into vertex colours; Blender would multiply it into the paint."""
    data = open(path, "rb").read()
    size = struct.unpack_from("<I", data, 12)[0]
    doc = json.loads(data[20:20 + size])
    for mesh in doc["meshes"]:
        for primitive in mesh["primitives"]:
            primitive["attributes"].pop("COLOR_0", None)
    text = json.dumps(doc).encode()
    text += b" " * (-len(text) % 4)
    out = tempfile.NamedTemporaryFile(suffix=".glb", delete=False)
    rest = data[20 + size:]
    out.write(struct.pack("<4sII", b"glTF", 2, 20 + len(text) + len(rest)) + struct.pack("<II", len(text), 0x4E4F534A) + text + rest)
    out.close()
    return out.name


def bounds(scene):
    """Smallest and largest corner in the car's frame: x to its left, y up, z to the front."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for o in scene.objects:
        if o.type != "MESH":
            continue
        v = np.empty(len(o.data.vertices) * 3, np.float32)
        o.data.vertices.foreach_get("co", v)
        v = v.reshape(-1, 3) @ np.array(o.matrix_world.to_3x3()).T + np.array(o.matrix_world.translation)
        low, high = np.minimum(low, v.min(0)), np.maximum(high, v.max(0))
    return np.array([low[0], low[2], -high[1]]), np.array([high[0], high[2], -low[1]])


def camera(scene, case):
    """Frames the car as gridvox_car::frame_camera does."""
    low, high = bounds(scene)
    azimuth, elevation = math.radians(case["azimuth_deg"]), math.radians(case["elevation_deg"])
    back = np.array([math.sin(azimuth) * math.cos(elevation), math.sin(elevation), math.cos(azimuth) * math.cos(elevation)])
    right = np.array([math.cos(azimuth), 0, -math.sin(azimuth)])
    up = np.cross(back, right)
    focal = SIZE[1] * 0.5 / math.tan(math.radians(case["fov_deg"]) / 2)
    slope = np.array(SIZE) * 0.5 * FILL / focal
    middle = (low + high) / 2
    most, least = np.full(2, -np.inf), np.full(2, -np.inf)
    for i in range(8):
        c = np.array([(low, high)[i >> k & 1][k] for k in range(3)]) - middle
        xy, z = np.array([c @ right, c @ up]), c @ back
        most, least = np.maximum(most, xy + slope * z), np.maximum(least, -xy + slope * z)
    shift, distance = (most - least) / 2, ((most + least) / (2 * slope)).max()
    eye = middle + right * shift[0] + up * shift[1] + back * distance
    made = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(made)
    scene.camera = made
    matrix = Matrix.Identity(4)
    for column, v in enumerate((right, up, back, eye)):
        for row, value in enumerate(Vector((v[0], -v[2], v[1]))):
            matrix[row][column] = value
    made.matrix_world = matrix
    made.data.sensor_fit, made.data.sensor_width, made.data.lens = "HORIZONTAL", 36, focal / SIZE[0] * 36
    made.data.clip_start = 0.05


def surroundings(scene, case):
    """The picture as sky, and a ground that shows what the picture holds of it. Returns the ground and the exposure."""
    folder = os.path.join(ROOT, "assets", "environments")
    listed = tomllib.load(open(os.path.join(folder, "environments.toml"), "rb"))["environment"]
    look = next(e for e in listed if e["id"] == case["environment"])
    image = bpy.data.images.load(os.path.join(folder, look["file"]))
    picture = pixels(image)[..., :3]
    height, width = picture.shape[:2]
    polar = (np.arange(height) + 0.5) / height * math.pi
    solid = np.sin(polar) * (math.pi / height) * (2 * math.pi / width)
    level = (picture * (solid * np.maximum(np.cos(polar), 0))[:, None, None]).sum((0, 1))  # irradiance
    gain = 2 ** look["exposure"] if "exposure" in look else METER * math.pi / (level @ LUMINANCE)
    turn = -math.pi / 2 - math.radians(look.get("rotation", 0))

    def lookup(tree, direction):
        mapping = tree.nodes.new("ShaderNodeMapping")
        mapping.inputs["Rotation"].default_value = (0, 0, turn)
        texture = tree.nodes.new("ShaderNodeTexEnvironment")
        texture.image = image
        tree.links.new(direction, mapping.inputs[0])
        tree.links.new(mapping.outputs[0], texture.inputs[0])
        return texture.outputs[0]

    world = bpy.data.worlds.new("surroundings")
    scene.world, world.use_nodes = world, True
    tree = world.node_tree
    coordinate = tree.nodes.new("ShaderNodeTexCoord")
    colour = lookup(tree, coordinate.outputs["Generated"])
    studio = look.get("ground", {}) if look.get("ground", {}).get("seamless", 0) > 0 else None
    if studio:
        split = tree.nodes.new("ShaderNodeSeparateXYZ")
        tree.links.new(coordinate.outputs["Generated"], split.inputs[0])
        colour = seen_by_camera(tree, colour, paper(tree, studio, split.outputs[2]))
    tree.links.new(colour, tree.nodes["Background"].inputs[0])
    world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", 2048

    paint = bpy.data.materials.new("ground")
    paint.use_nodes = True
    tree = paint.node_tree
    tree.nodes.clear()
    link, vector = tree.links.new, lambda: tree.nodes.new("ShaderNodeVectorMath")
    place, from_eye, direction, albedo = tree.nodes.new("ShaderNodeNewGeometry"), vector(), vector(), vector()
    from_eye.operation, direction.operation, albedo.operation = "SUBTRACT", "NORMALIZE", "MULTIPLY"
    from_eye.inputs[1].default_value = (0, 0, look.get("ground", {}).get("eye_m", 1.6))
    albedo.inputs[1].default_value = [math.pi / e for e in level]
    link(place.outputs["Position"], from_eye.inputs[0])
    link(from_eye.outputs[0], direction.inputs[0])
    colour = lookup(tree, direction.outputs[0])
    if studio:
        split = tree.nodes.new("ShaderNodeSeparateXYZ")
        link(place.outputs["Incoming"], split.inputs[0])
        rise = materials.calculator(tree)("MULTIPLY", split.outputs[2], -1.0)
        colour = seen_by_camera(tree, colour, paper(tree, studio, rise, place.outputs["Position"]))
    link(colour, albedo.inputs[0])
    diffuse, out = tree.nodes.new("ShaderNodeBsdfDiffuse"), tree.nodes.new("ShaderNodeOutputMaterial")
    link(albedo.outputs[0], diffuse.inputs[0])
    link(diffuse.outputs[0], out.inputs[0])
    bpy.ops.mesh.primitive_circle_add(radius=look.get("ground", {}).get("reach_m", 60), fill_type="NGON", vertices=64)
    ground = bpy.context.object
    ground.data.materials.append(paint)
    return ground, gain


def seen_by_camera(tree, usual, shown):
    """A colour for rays from the camera, also through glass, and the usual one for all others."""
    path, mix = tree.nodes.new("ShaderNodeLightPath"), tree.nodes.new("ShaderNodeMixRGB")
    tree.links.new(path.outputs["Is Camera Ray"], mix.inputs[0])
    tree.links.new(usual, mix.inputs[1])
    tree.links.new(shown, mix.inputs[2])
    return mix.outputs[0]


def paper(tree, look, rise, place=None):
    """The seamless paper that a studio shows to the camera alone, as assets/shaders/backdrop.wgsl has it: radiance by the height
    of the ray's direction and, on the ground, by the place."""
    calculate = materials.calculator(tree)
    t = calculate("MINIMUM", calculate("MAXIMUM", calculate("DIVIDE", calculate("ADD", rise, 0.16), 0.58), 0.0), 1.0)
    smooth = calculate("MULTIPLY", calculate("MULTIPLY", t, t), calculate("SUBTRACT", 3.0, calculate("MULTIPLY", t, 2.0)))
    dims = calculate("SUBTRACT", 1.0, calculate("MULTIPLY", smooth, 0.58))
    pool = 0.0
    if place is not None:
        split = tree.nodes.new("ShaderNodeSeparateXYZ")
        tree.links.new(place, split.inputs[0])
        x, y = split.outputs[0], split.outputs[1]
        distance2 = calculate("ADD", calculate("MULTIPLY", x, x), calculate("MULTIPLY", y, y))
        pool = calculate("EXPONENT", calculate("DIVIDE", distance2, -46.0))
    colour = tree.nodes.new("ShaderNodeCombineXYZ")
    for socket, wall, floor in zip(colour.inputs, look["wall"], look["floor"]):
        behind = calculate("MULTIPLY", dims, wall)
        below = calculate("MULTIPLY", calculate("SUBTRACT", floor, behind), pool)
        tree.links.new(calculate("ADD", behind, below), socket)
    return colour.outputs[0]


def build(case, samples):
    """Returns the scene, its ground, and the factor from radiance to what is shown."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    glb = without_colours(os.path.join(ROOT, "assets", "cars", case["car"], "car.glb"))
    bpy.ops.import_scene.gltf(filepath=glb)
    os.unlink(glb)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = *SIZE, 100
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = "OPEN_EXR", "32"
    scene.view_settings.view_transform = "Raw"
    cycles = scene.cycles
    cycles.device, cycles.samples, cycles.use_denoising = "CPU", samples, True
    cycles.use_adaptive_sampling, cycles.adaptive_threshold = True, 0.02
    cycles.pixel_filter_type, cycles.filter_width = "BOX", 1.0
    cycles.max_bounces, cycles.transparent_max_bounces, cycles.sample_clamp_indirect = 8, 12, 10
    camera(scene, case)
    livery = bpy.data.images.load(os.path.join(ROOT, case["livery"]))
    materials.dress(case["finish"], livery)
    return scene, *surroundings(scene, case)
