//! Writes a car as a self-contained GLB for other programs.
//!
//! Names of painted materials begin with `paint` and no others do, so that a renderer finds where the livery goes.
//! Vertex colours are left out: most viewers would multiply the baked occlusion into the livery.

use crate::error::CarError;
use crate::files::write_atomic;
use crate::model::{CarModel, Material, MaterialKind, Part};
use crate::pack::CarPack;
use bytemuck::cast_slice;
use glam::Vec3;
use serde_json::{Value, json};
use std::path::Path;

/// The prefix of painted materials' names.
pub const PAINT_PREFIX: &str = "paint";

// glTF's numbers for component types and buffer targets.
const FLOAT: u32 = 5126;
const UNSIGNED_INT: u32 = 5125;
const ARRAY_BUFFER: u32 = 34962;
const ELEMENT_ARRAY_BUFFER: u32 = 34963;

/// Writes the car's mesh with the paint's texture coordinates to a GLB file.
pub fn export_glb(pack: &CarPack, path: &Path) -> Result<(), CarError> {
    Ok(write_atomic(path, &glb_bytes(&pack.model, &pack.manifest.name))?)
}

/// The car as the bytes of a GLB; `name` names the scene.
pub fn glb_bytes(model: &CarModel, name: &str) -> Vec<u8> {
    let mut writer = Writer::default();
    let meshes: Vec<Value> = model.parts.iter().map(|part| writer.mesh(part)).collect();
    let nodes: Vec<Value> =
        model.parts.iter().enumerate().map(|(i, part)| json!({ "name": part.name, "mesh": i })).collect();
    let all_nodes: Vec<usize> = (0..nodes.len()).collect();
    let root = json!({
        "asset": { "version": "2.0", "generator": concat!("GridVox ", env!("CARGO_PKG_VERSION")) },
        "extensionsUsed": ["KHR_materials_clearcoat", "KHR_materials_emissive_strength"],
        "scene": 0,
        "scenes": [{ "name": name, "nodes": all_nodes }],
        "nodes": nodes,
        "meshes": meshes,
        "materials": model.materials.iter().map(material).collect::<Vec<_>>(),
        "accessors": writer.accessors,
        "bufferViews": writer.views,
        "buffers": [{ "byteLength": writer.bin.len() }],
    });
    assemble(root.to_string().into_bytes(), writer.bin)
}

/// The name under which a material is exported.
pub fn export_name(material: &Material) -> String {
    let is_paint = material.kind == MaterialKind::Paint;
    match (is_paint, material.name.starts_with(PAINT_PREFIX)) {
        (true, false) => format!("{PAINT_PREFIX}_{}", material.name),
        (false, true) => format!("plain_{}", material.name),
        _ => material.name.clone(),
    }
}

fn material(material: &Material) -> Value {
    let strength = material.emissive.max_element().max(1.0);
    let mut extensions = json!({
        "KHR_materials_clearcoat": {
            "clearcoatFactor": material.clearcoat,
            "clearcoatRoughnessFactor": material.clearcoat_roughness,
        },
    });
    if strength > 1.0 {
        extensions["KHR_materials_emissive_strength"] = json!({ "emissiveStrength": strength });
    }
    json!({
        "name": export_name(material),
        "pbrMetallicRoughness": {
            "baseColorFactor": material.base_color.to_array(),
            "metallicFactor": material.metallic,
            "roughnessFactor": material.roughness,
        },
        "emissiveFactor": (material.emissive / strength).to_array(),
        "alphaMode": if material.base_color.w < 1.0 { "BLEND" } else { "OPAQUE" },
        "doubleSided": material.double_sided,
        "extensions": extensions,
    })
}

#[derive(Default)]
struct Writer {
    bin: Vec<u8>,
    views: Vec<Value>,
    accessors: Vec<Value>,
}

impl Writer {
    fn mesh(&mut self, part: &Part) -> Value {
        let mesh = &part.mesh;
        let count = mesh.positions.len();
        let (low, high) =
            mesh.positions.iter().fold((Vec3::MAX, Vec3::MIN), |(low, high), &p| (low.min(p), high.max(p)));
        let positions = self.accessor(cast_slice(&mesh.positions), count, FLOAT, "VEC3", ARRAY_BUFFER);
        self.accessors[positions]["min"] = json!(low.to_array());
        self.accessors[positions]["max"] = json!(high.to_array());
        let normals = self.accessor(cast_slice(&mesh.normals), count, FLOAT, "VEC3", ARRAY_BUFFER);
        let uvs = self.accessor(cast_slice(&mesh.uvs), count, FLOAT, "VEC2", ARRAY_BUFFER);
        let indices = &mesh.indices;
        let indices =
            self.accessor(cast_slice(indices), indices.len(), UNSIGNED_INT, "SCALAR", ELEMENT_ARRAY_BUFFER);
        json!({
            "name": part.name,
            "primitives": [{
                "attributes": { "POSITION": positions, "NORMAL": normals, "TEXCOORD_0": uvs },
                "indices": indices,
                "material": part.material,
            }],
        })
    }

    fn accessor(&mut self, bytes: &[u8], count: usize, component: u32, kind: &str, target: u32) -> usize {
        self.views.push(json!({
            "buffer": 0,
            "byteOffset": self.bin.len(),
            "byteLength": bytes.len(),
            "target": target,
        }));
        self.bin.extend_from_slice(bytes);
        self.accessors.push(json!({
            "bufferView": self.views.len() - 1,
            "componentType": component,
            "count": count,
            "type": kind,
        }));
        self.accessors.len() - 1
    }
}

fn assemble(mut json: Vec<u8>, mut bin: Vec<u8>) -> Vec<u8> {
    json.resize(json.len().next_multiple_of(4), b' ');
    bin.resize(bin.len().next_multiple_of(4), 0);
    let total = 12 + 8 + json.len() + 8 + bin.len();
    let mut glb = Vec::with_capacity(total);
    glb.extend_from_slice(b"glTF");
    for word in [2, total as u32, json.len() as u32] {
        glb.extend_from_slice(&word.to_le_bytes());
    }
    glb.extend_from_slice(b"JSON");
    glb.extend_from_slice(&json);
    glb.extend_from_slice(&(bin.len() as u32).to_le_bytes());
    glb.extend_from_slice(b"BIN\0");
    glb.extend_from_slice(&bin);
    glb
}
