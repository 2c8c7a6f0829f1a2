"""Reads and writes the car's GLB: one node and mesh per part, with baked occlusion and daylight as vertex colours."""
import json
import struct
from dataclasses import dataclass
import numpy as np


@dataclass
class Part:
    name: str
    material: str
    v: np.ndarray
    t: np.ndarray
    n: np.ndarray
    uv: np.ndarray = None
    ao: np.ndarray = None
    daylight: np.ndarray = None


# name: (linear base colour, metallic, roughness, extra)
MATERIALS = {
    "paint_body": ((0.80, 0.80, 0.80, 1.0), 0.0, 0.42, {"extensions": {"KHR_materials_clearcoat": {
        "clearcoatFactor": 1.0, "clearcoatRoughnessFactor": 0.05}}}),
    "glass_window": ((0.030, 0.036, 0.040, 0.55), 0.0, 0.04, {"alphaMode": "BLEND"}),
    "glass_lamp": ((0.03, 0.032, 0.035, 0.10), 0.0, 0.03, {"alphaMode": "BLEND"}),
    "lamp_white": ((0.90, 0.92, 0.95, 1.0), 0.1, 0.20, {"emissiveFactor": [0.55, 0.57, 0.60]}),
    "lamp_chrome": ((0.75, 0.76, 0.78, 1.0), 1.0, 0.12, {}),
    "lamp_housing": ((0.10, 0.105, 0.11, 1.0), 0.6, 0.35, {}),
    "lamp_red": ((0.45, 0.010, 0.012, 1.0), 0.0, 0.15, {"emissiveFactor": [0.35, 0.01, 0.01]}),
    "rubber_band": ((0.42, 0.42, 0.40, 1.0), 0.0, 0.80, {}),
    "rubber_tyre": ((0.012, 0.012, 0.013, 1.0), 0.0, 0.82, {}),
    "rubber_seal": ((0.008, 0.008, 0.009, 1.0), 0.0, 0.70, {}),
    "metal_rim": ((0.035, 0.036, 0.040, 1.0), 0.75, 0.32, {}),
    "metal_alloy": ((0.55, 0.55, 0.56, 1.0), 1.0, 0.30, {}),
    "metal_disc": ((0.28, 0.27, 0.26, 1.0), 1.0, 0.38, {}),
    "metal_caliper": ((0.50, 0.030, 0.020, 1.0), 0.1, 0.35, {}),
    "metal_exhaust": ((0.42, 0.36, 0.30, 1.0), 1.0, 0.28, {}),
    "metal_tow": ((0.62, 0.05, 0.02, 1.0), 0.2, 0.40, {}),
    "carbon_satin": ((0.022, 0.022, 0.024, 1.0), 0.1, 0.34, {}),
    "carbon_dark": ((0.006, 0.006, 0.006, 1.0), 0.0, 0.85, {}),
    "carbon_mesh": ((0.014, 0.014, 0.015, 1.0), 0.3, 0.55, {}),
    "interior_dark": ((0.018, 0.018, 0.019, 1.0), 0.0, 0.80, {}),
    "interior_cage": ((0.30, 0.31, 0.32, 1.0), 0.1, 0.45, {}),
    "interior_seat": ((0.030, 0.030, 0.034, 1.0), 0.0, 0.90, {}),
    "interior_belt": ((0.45, 0.02, 0.02, 1.0), 0.0, 0.85, {}),
    "interior_screen": ((0.02, 0.05, 0.08, 1.0), 0.0, 0.20, {"emissiveFactor": [0.02, 0.07, 0.10]}),
}


def write(path, parts, name):
    names = [m for m in MATERIALS if any(p.material == m for p in parts)]
    blob, views, accessors, meshes, nodes = bytearray(), [], [], [], []

    def add(a, target, kind, component, bounds=False):
        while len(blob) % 4:
            blob.append(0)
        views.append({"buffer": 0, "byteOffset": len(blob), "byteLength": a.nbytes, "target": target})
        blob.extend(a.tobytes())
        acc = {"bufferView": len(views) - 1, "componentType": component, "count": len(a), "type": kind}
        if bounds:
            acc["min"], acc["max"] = a.min(0).tolist(), a.max(0).tolist()
        if component == 5121:
            acc["normalized"] = True
        accessors.append(acc)
        return len(accessors) - 1

    for p in parts:
        n = p.n / np.maximum(np.linalg.norm(p.n, axis=1, keepdims=True), 1e-12)
        uv = np.zeros((len(p.v), 2)) if p.uv is None else p.uv
        ao = np.ones(len(p.v)) if p.ao is None else np.clip(p.ao, 0, 1)
        colour = np.repeat(np.round(ao * 255).astype(np.uint8)[:, None], 4, 1)
        colour[:, 3] = 255
        attributes = {"POSITION": add(p.v.astype("<f4"), 34962, "VEC3", 5126, True),
                      "NORMAL": add(n.astype("<f4"), 34962, "VEC3", 5126),
                      "TEXCOORD_0": add(uv.astype("<f4"), 34962, "VEC2", 5126),
                      "COLOR_0": add(colour, 34962, "VEC4", 5121)}
        if p.daylight is not None:
            share = np.concatenate([p.daylight[:, :3] * 0.5 + 0.5, p.daylight[:, 3:]], 1)
            attributes["COLOR_1"] = add(np.round(np.clip(share, 0, 1) * 255).astype(np.uint8), 34962, "VEC4", 5121)
        index = add(p.t.astype("<u4").reshape(-1), 34963, "SCALAR", 5125)
        meshes.append({"name": p.name, "primitives": [{"attributes": attributes, "indices": index,
                                                       "material": names.index(p.material)}]})
        nodes.append({"name": p.name, "mesh": len(meshes) - 1})
    materials = []
    for m in names:
        colour, metallic, rough, extra = MATERIALS[m]
        if m.startswith(("carbon", "interior", "rubber_seal", "lamp", "metal_rim")):
            extra = {**extra, "doubleSided": True}
        materials.append({"name": m, "pbrMetallicRoughness": {"baseColorFactor": list(colour), "metallicFactor": metallic,
                                                              "roughnessFactor": rough}, **extra})
    doc = {"asset": {"version": "2.0", "generator": f"{name} build.py"}, "scene": 0,
           "extensionsUsed": ["KHR_materials_clearcoat"],
           "scenes": [{"nodes": list(range(len(nodes)))}], "nodes": nodes, "meshes": meshes, "materials": materials,
           "accessors": accessors, "bufferViews": views, "buffers": [{"byteLength": len(blob)}]}
    text = json.dumps(doc, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    blob.extend(b"\0" * (-len(blob) % 4))
    with open(path, "wb") as f:
        f.write(struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(blob)))
        f.write(struct.pack("<II", len(text), 0x4E4F534A) + text)
        f.write(struct.pack("<II", len(blob), 0x004E4942) + blob)


def read(path):
    data = open(path, "rb").read()
    size = struct.unpack_from("<I", data, 12)[0]
    doc = json.loads(data[20:20 + size])
    blob = data[28 + size:]

    def get(i):
        a = doc["accessors"][i]
        view = doc["bufferViews"][a["bufferView"]]
        kind = {5126: "<f4", 5125: "<u4", 5121: "u1"}[a["componentType"]]
        k = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}[a["type"]]
        return np.frombuffer(blob, kind, a["count"] * k, view["byteOffset"]).reshape(-1, k)

    parts = []
    for node in doc["nodes"]:
        prim = doc["meshes"][node["mesh"]]["primitives"][0]
        at = prim["attributes"]
        parts.append(Part(node["name"], doc["materials"][prim["material"]]["name"], get(at["POSITION"]).astype(float),
                          get(prim["indices"]).reshape(-1, 3).astype(int), get(at["NORMAL"]).astype(float),
                          get(at["TEXCOORD_0"]).astype(float), get(at["COLOR_0"])[:, 0] / 255.0))
    return parts
