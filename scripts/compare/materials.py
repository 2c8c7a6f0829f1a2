"""The showroom's materials (plugins/showroom/src/finish.rs and coat.rs) for Cycles."""
import bpy

GLASS = 1.52
COATS = {
    "gloss": {"rough": 0.45},
    "satin": {"rough": 0.45, "coat": 0.8, "coat_rough": 0.42},
    "matte": {"rough": 0.85, "coat": 0},
    "metallic": {"rough": 0.38, "metal": 0.7},
    "chrome": {"rough": 0.1, "metal": 1, "coat": 0},
    "candy": {"rough": 0.32, "metal": 0.95, "candy": True},
    "wrap": {"rough": 0.6, "coat_rough": 0.2},
}
SILVER = 0.92
# Width of fibres along and across, and what they reflect; see assets/shaders/finish.wgsl.
ALONG, ACROSS, FIBRE = 0.12, 0.36, 0.09
UNIT = 1.2  # the showroom shows a luminance of 1.2 as 1


def calculator(tree):
    def calculate(kind, *values):
        node = tree.nodes.new("ShaderNodeMath")
        node.operation = kind
        for socket, value in zip(node.inputs, values):
            if isinstance(value, (int, float)):
                socket.default_value = value
            else:
                tree.links.new(value, socket)
        return node.outputs[0]
    return calculate


def show(tree, shader):
    tree.links.new(shader, next(n for n in tree.nodes if n.type == "OUTPUT_MATERIAL").inputs[0])


def added(tree, shaders):
    total = shaders[0]
    for shader in shaders[1:]:
        node = tree.nodes.new("ShaderNodeAddShader")
        tree.links.new(total, node.inputs[0])
        tree.links.new(shader, node.inputs[1])
        total = node.outputs[0]
    return total


def dress(finish, livery):
    for material in bpy.data.materials:
        if not material.use_nodes:
            continue
        tree = material.node_tree
        surface = next((n for n in tree.nodes if n.type == "BSDF_PRINCIPLED"), None)
        if not surface:
            continue
        surface.inputs["Emission Strength"].default_value /= UNIT
        if material.name.startswith("paint"):
            paint(tree, surface, COATS[finish], livery)
        elif material.name.startswith("glass"):
            glass(tree, surface)
        elif material.name.startswith("carbon"):
            carbon(tree, surface)
        elif material.name.startswith(("rubber", "interior")):
            surface.inputs["IOR"].default_value = 1.325  # reflectance 0.35
        elif material.name.startswith("lamp"):
            surface.inputs["IOR"].default_value = 1.778  # reflectance 0.7
            surface.inputs["Coat Weight"].default_value = 0.5
            surface.inputs["Coat Roughness"].default_value = 0.04


def paint(tree, surface, coat, livery):
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = livery
    values = {"Roughness": coat["rough"], "Metallic": coat.get("metal", 0), "Coat Weight": coat.get("coat", 1),
              "Coat Roughness": coat.get("coat_rough", 0.03), "Coat IOR": 1.5, "IOR": 1.5}
    for name, value in values.items():
        surface.inputs[name].default_value = value
    if coat.get("candy"):
        surface.inputs["Base Color"].default_value = (SILVER, SILVER, SILVER, 1)
    tree.links.new(texture.outputs["Color"], surface.inputs["Coat Tint" if coat.get("candy") else "Base Color"])


def glass(tree, surface):
    """A thin, tinted pane that is one layer of triangles: both faces and all light between them, from either side."""
    calculate, link = calculator(tree), tree.links.new
    clearness = 1 - min(max(surface.inputs["Alpha"].default_value, 0.15), 0.8)
    place, dot = tree.nodes.new("ShaderNodeNewGeometry"), tree.nodes.new("ShaderNodeVectorMath")
    dot.operation = "DOT_PRODUCT"
    link(place.outputs["Normal"], dot.inputs[0])
    link(place.outputs["Incoming"], dot.inputs[1])
    cosine = calculate("ABSOLUTE", dot.outputs["Value"])
    sine2 = calculate("SUBTRACT", 1.0, calculate("MULTIPLY", cosine, cosine))
    inside = calculate("SQRT", calculate("SUBTRACT", 1.0, calculate("DIVIDE", sine2, GLASS**2)))

    def amplitude(a, b):
        return calculate("DIVIDE", calculate("SUBTRACT", a, b), calculate("ADD", a, b))

    across = amplitude(cosine, calculate("MULTIPLY", inside, GLASS))
    along = amplitude(calculate("MULTIPLY", cosine, GLASS), inside)
    face = calculate("MULTIPLY", calculate("ADD", calculate("MULTIPLY", across, across), calculate("MULTIPLY", along, along)), 0.5)
    tint = calculate("POWER", clearness, calculate("DIVIDE", 1.0, inside))
    enters = calculate("SUBTRACT", 1.0, face)
    both = calculate("MULTIPLY", enters, enters)
    returned = calculate("MULTIPLY", face, tint)
    rest = calculate("SUBTRACT", 1.0, calculate("MULTIPLY", returned, returned))
    passed = calculate("DIVIDE", calculate("MULTIPLY", both, tint), rest)
    mirrored = calculate("ADD", face, calculate("MULTIPLY", passed, returned))
    clear, mirror = tree.nodes.new("ShaderNodeBsdfTransparent"), tree.nodes.new("ShaderNodeBsdfGlossy")
    mirror.distribution, mirror.inputs["Roughness"].default_value = "GGX", 0.045
    link(passed, clear.inputs[0])
    link(mirrored, mirror.inputs[0])
    show(tree, added(tree, [clear.outputs[0], mirror.outputs[0]]))


def carbon(tree, surface):
    """Fibres along and across the cloth, each an anisotropic mirror, below resin."""
    calculate, link = calculator(tree), tree.links.new
    tint = [min(v / 0.022, 1) for v in surface.inputs["Base Color"].default_value[:3]]
    place, split = tree.nodes.new("ShaderNodeNewGeometry"), tree.nodes.new("ShaderNodeSeparateXYZ")
    link(place.outputs["Normal"], split.inputs[0])
    x, y, z = (calculate("ABSOLUTE", split.outputs[k]) for k in range(3))
    side = calculate("GREATER_THAN", x, calculate("MAXIMUM", y, z))
    top = calculate("MULTIPLY", calculate("SUBTRACT", 1.0, side), calculate("GREATER_THAN", z, y))

    def axis(*values):
        node = tree.nodes.new("ShaderNodeCombineXYZ")
        for socket, value in zip(node.inputs, values):
            if isinstance(value, float):
                socket.default_value = value
            else:
                link(value, socket)
        return node.outputs[0]

    weft = axis(calculate("SUBTRACT", 1.0, side), side, 0.0)
    warp = axis(0.0, top, calculate("SUBTRACT", 1.0, top))
    diffuse = tree.nodes.new("ShaderNodeBsdfDiffuse")
    diffuse.inputs[0].default_value = [v * 0.006 for v in tint] + [1]
    shaders = [diffuse.outputs[0]]
    for tangent in (weft, warp):
        tow = tree.nodes.new("ShaderNodeBsdfAnisotropic")
        # half of either kind, seams that leave 94 %, resin that is passed twice, and its tint
        tow.inputs["Color"].default_value = [0.5 * FIBRE * 0.94 * 0.97 * v**1.1 for v in tint] + [1]
        tow.inputs["Roughness"].default_value = (ALONG * ACROSS) ** 0.25
        tow.inputs["Anisotropy"].default_value = 1 - (ALONG / ACROSS) ** 0.5
        link(tangent, tow.inputs["Tangent"])
        shaders.append(tow.outputs[0])
    fresnel, resin, mix = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("Fresnel", "BsdfGlossy", "MixShader"))
    fresnel.inputs[0].default_value = 1.5
    resin.distribution, resin.inputs["Roughness"].default_value = "GGX", 0.12
    resin.inputs[0].default_value = (1, 1, 1, 1)
    link(calculate("MULTIPLY", fresnel.outputs[0], 0.35), mix.inputs[0])
    link(added(tree, shaders), mix.inputs[1])
    link(resin.outputs[0], mix.inputs[2])
    show(tree, mix.outputs[0])
