//! The two chunks of a GLB, and what its JSON says in extensions that the glTF crate has no types for.

use super::one_line;
use crate::error::MeshError;
use std::collections::{BTreeMap, HashSet};

const DRACO: &str = "KHR_draco_mesh_compression";

/// Extensions that a file may require: read here, or without a say in the shape.
const KNOWN_EXTENSIONS: [&str; 14] = [
    DRACO,
    "EXT_mesh_gpu_instancing",
    "KHR_mesh_quantization",
    "EXT_texture_webp",
    "KHR_texture_basisu",
    "KHR_materials_clearcoat",
    "KHR_materials_transmission",
    "KHR_materials_ior",
    "KHR_materials_emissive_strength",
    "KHR_materials_specular",
    "KHR_materials_sheen",
    "KHR_materials_volume",
    "KHR_materials_anisotropy",
    "KHR_texture_transform",
];

/// The JSON and the binary chunk of a GLB.
pub(super) fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), MeshError> {
    const HEADER: usize = 12;
    let word = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    if bytes.get(..4) != Some(b"glTF") || word(4) != Some(2) {
        return Err(MeshError::NotGlb);
    }
    let total = u64::from(word(8).ok_or(MeshError::NotGlb)?);
    if total > bytes.len() as u64 {
        return Err(MeshError::Truncated { expected: total, found: bytes.len() as u64 });
    }
    let mut at = HEADER;
    let mut chunk = |kind: &[u8; 4]| -> Result<Option<&[u8]>, MeshError> {
        let Some(length) = word(at) else { return Ok(None) };
        if bytes.get(at + 4..at + 8) != Some(kind.as_slice()) {
            return Ok(None);
        }
        let end = at as u64 + 8 + u64::from(length);
        if end > bytes.len() as u64 {
            return Err(MeshError::Truncated { expected: end, found: bytes.len() as u64 });
        }
        let data = &bytes[at + 8..end as usize];
        at = (end as usize).next_multiple_of(4);
        Ok(Some(data))
    };
    let json = chunk(b"JSON")?.ok_or(MeshError::NotGlb)?;
    let bin = chunk(b"BIN\0")?.unwrap_or(&[]);
    Ok((json, bin))
}

/// The description, with required extensions checked and taken off.
pub(super) fn parse(json: &[u8], extensions: &Extensions) -> Result<gltf::json::Root, MeshError> {
    let mut root: gltf::json::Root =
        serde_json::from_slice(json).map_err(|e| MeshError::Json(one_line(&e.to_string())))?;
    if let Some(unknown) = root.extensions_required.iter().find(|e| !KNOWN_EXTENSIONS.contains(&e.as_str())) {
        return Err(MeshError::Extension(unknown.clone()));
    }
    root.extensions_required.clear();
    // The glTF crate looks these up while it validates, without asking whether they are there.
    let accessors = root.accessors.len();
    let mut named = root.meshes.iter().flat_map(|mesh| &mesh.primitives).flat_map(|p| p.attributes.values());
    if let Some(beyond) = named.find(|index| index.value() >= accessors) {
        return Err(MeshError::Json(format!("it names accessor {} of {accessors}", beyond.value())));
    }
    if root.buffers.iter().any(|buffer| buffer.uri.is_some()) || root.buffers.len() > 1 {
        return Err(MeshError::ExternalBuffer);
    }
    stand_in_for_packed(&mut root, extensions);
    Ok(root)
}

/// Lets accessors without data name a buffer view: those of compressed primitives need none, but the glTF crate refuses
/// that. Accessors of plain primitives stay as they are.
fn stand_in_for_packed(root: &mut gltf::json::Root, extensions: &Extensions) {
    if !extensions.any_draco() || root.buffer_views.is_empty() {
        return;
    }
    let mut plain = HashSet::new();
    for (m, mesh) in root.meshes.iter().enumerate() {
        for (p, primitive) in mesh.primitives.iter().enumerate() {
            if extensions.draco(m, p).is_none() {
                plain.extend(primitive.attributes.values().chain(&primitive.indices).map(gltf::json::Index::value));
            }
        }
    }
    for (index, accessor) in root.accessors.iter_mut().enumerate() {
        if accessor.sparse.is_none() && !plain.contains(&index) {
            accessor.buffer_view.get_or_insert(gltf::json::Index::new(0));
        }
    }
}

/// Where a compressed primitive's data lie.
pub(super) struct Packed {
    /// Index of the buffer view with the stream.
    pub view: usize,
    /// The stream's number of each attribute, by the attribute's name in glTF.
    pub attributes: BTreeMap<String, usize>,
}

/// What the JSON says in extensions.
pub(super) struct Extensions {
    root: serde_json::Value,
}

impl Extensions {
    pub(super) fn read(json: &[u8]) -> Self {
        Self { root: serde_json::from_slice(json).unwrap_or_default() }
    }

    /// Strength and roughness of a material's lacquer.
    pub(super) fn clearcoat(&self, material: usize) -> Option<(f32, f32)> {
        let coat = self.root["materials"].get(material)?["extensions"].get("KHR_materials_clearcoat")?;
        let number = |value: &serde_json::Value| value.as_f64().unwrap_or(0.0).clamp(0.0, 1.0) as f32;
        Some((number(&coat["clearcoatFactor"]), number(&coat["clearcoatRoughnessFactor"])))
    }

    /// Whether anything is compressed with Draco.
    pub(super) fn any_draco(&self) -> bool {
        let used = |list: &str| self.root[list].as_array().is_some_and(|names| names.iter().any(|name| name == DRACO));
        used("extensionsUsed") || used("extensionsRequired")
    }

    /// The Draco stream that holds a primitive.
    pub(super) fn draco(&self, mesh: usize, primitive: usize) -> Option<Packed> {
        let primitive = self.root["meshes"].get(mesh)?["primitives"].get(primitive)?;
        let packed = primitive["extensions"].get(DRACO)?;
        // A view or an attribute that is no number is found missing when the stream is read.
        let number = |value: &serde_json::Value| value.as_u64().map_or(usize::MAX, |n| n as usize);
        let named = packed["attributes"].as_object().into_iter().flatten();
        Some(Packed {
            view: number(&packed["bufferView"]),
            attributes: named.map(|(name, value)| (name.clone(), number(value))).collect(),
        })
    }

    /// Accessors of translation, rotation and scale of a node that stands in several places.
    pub(super) fn instances(&self, node: usize) -> Option<[Option<usize>; 3]> {
        let attributes = &self.root["nodes"].get(node)?["extensions"].get("EXT_mesh_gpu_instancing")?["attributes"];
        Some(["TRANSLATION", "ROTATION", "SCALE"].map(|name| attributes[name].as_u64().map(|n| n as usize)))
    }
}
