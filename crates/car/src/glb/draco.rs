//! Geometry compressed with Draco.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use draco_oxide_core::attribute::{Attribute, AttributeId, ComponentDataType};
use draco_oxide_core::mesh::Mesh as Decoded;
use glam::{Vec2, Vec3};

use super::accessor::Buffer;
use super::chunks::Packed;
use super::{MAX_TRIANGLES, check_count};
use crate::error::MeshError;
use crate::model::Mesh;

/// Reads the vertices and triangles of a compressed primitive.
pub(super) fn read(buffer: Buffer<'_>, part: &str, packed: &Packed) -> Result<Mesh, MeshError> {
    let broken = || MeshError::Compressed { part: part.to_owned() };
    let view = buffer.document.views().nth(packed.view).ok_or_else(broken)?;
    let bytes = buffer.view(&view).ok_or_else(broken)?;
    // The decoder checks its input, but a file from anywhere must not end the program.
    let decoded = catch_unwind(AssertUnwindSafe(|| draco_oxide_decoder::decode_mesh(bytes)))
        .map_err(|_| broken())?
        .map_err(|_| broken())?;
    check_count("triangles", decoded.get_faces().len() as u64, MAX_TRIANGLES)?;
    let find = |semantic: &str| {
        let id = AttributeId::new(*packed.attributes.get(semantic)?);
        decoded.get_attributes().iter().find(|attribute| attribute.get_id() == id)
    };
    let positions = find("POSITION").ok_or_else(broken)?;
    let (used, indices) = points(&decoded);
    let floats = |attribute: &Attribute, width: usize| values(attribute, width, &used).ok_or_else(broken);
    let mut mesh = Mesh { indices, ..Mesh::default() };
    mesh.positions = floats(positions, 3)?.iter().map(|v| Vec3::from_slice(v)).collect();
    if let Some(normals) = find("NORMAL") {
        mesh.normals = floats(normals, 3)?.iter().map(|v| Vec3::from_slice(v)).collect();
    }
    if let Some(uvs) = find("TEXCOORD_0") {
        mesh.uvs = floats(uvs, 2)?.iter().map(|v| Vec2::from_slice(v)).collect();
    }
    Ok(mesh)
}

/// The points that faces use, and the faces in terms of these.
fn points(decoded: &Decoded) -> (Vec<usize>, Vec<u32>) {
    let mut index_of = HashMap::new();
    let mut points = Vec::new();
    let corners = decoded.get_faces().iter().flatten();
    let indices = corners
        .map(|&point| {
            *index_of.entry(point).or_insert_with(|| {
                points.push(usize::from(point));
                points.len() as u32 - 1
            })
        })
        .collect();
    (points, indices)
}

/// The values of an attribute at points, `width` numbers each.
fn values(attribute: &Attribute, width: usize, points: &[usize]) -> Option<Vec<[f32; 3]>> {
    if attribute.get_component_type() != ComponentDataType::F32 || attribute.get_num_components() != width {
        return None;
    }
    let data = attribute.get_data_as_bytes();
    points
        .iter()
        .map(|&point| {
            if point >= attribute.len() {
                return None;
            }
            let value = usize::from(attribute.get_unique_val_idx(point.into()));
            let bytes = data.get(value * width * 4..(value + 1) * width * 4)?;
            let mut out = [0.0; 3];
            for (out, b) in out.iter_mut().zip(bytes.chunks_exact(4)) {
                *out = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
            }
            Some(out)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::glb::{Rules, is_compressed, read_parts};
    use crate::model::{MaterialKind, PartClass};
    use crate::testing::{box_car, box_manifest};

    /// The box car as Blender's exporter compresses it: positions in 16 bits, texture coordinates in 14.
    const BOX: &[u8] = include_bytes!("../../tests/data/box_draco.glb");

    struct Plain;

    impl Rules for Plain {
        fn kind(&self, part: &str, material: &str) -> Option<MaterialKind> {
            Rules::kind(&box_manifest(), part, material)
        }

        fn class(&self, part: &str) -> PartClass {
            Rules::class(&box_manifest(), part)
        }

        fn needs_uvs(&self) -> bool {
            true
        }

        fn reads_compressed(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_compressed_mesh_is_the_mesh() {
        assert!(is_compressed(BOX));
        let packed = read_parts(BOX, &Plain).expect("read");
        let plain = box_car();
        assert_eq!((packed.parts.len(), packed.triangle_count()), (plain.parts.len(), plain.triangle_count()));
        for part in &plain.parts {
            let found = &packed.parts[packed.part_index(&part.name).expect("named alike")];
            assert_eq!(found.class, part.class);
            let size = part.mesh.positions.iter().fold(0.0f32, |size, p| size.max(p.abs().max_element()));
            for (position, uv) in found.mesh.positions.iter().zip(&found.mesh.uvs) {
                let same = part.mesh.positions.iter().zip(&part.mesh.uvs).any(|(p, t)| {
                    p.distance(*position) < 4.0 * size / 65_536.0 && t.distance(*uv) < 2.0 / 16_384.0
                });
                assert!(same, "{}: no vertex at {position} with {uv}", part.name);
            }
        }
    }

    #[test]
    fn damaged_streams_are_refused_or_read() {
        let json_end = 20 + u32::from_le_bytes(BOX[12..16].try_into().expect("four bytes")) as usize;
        let refused = (0..100).filter(|step| {
            let mut bytes = BOX.to_vec();
            let at = json_end + 8 + step * 7919 % (BOX.len() - json_end - 8);
            bytes[at] ^= 1 << (step % 8);
            read_parts(&bytes, &Plain).is_err_and(|error| !error.to_string().contains('\n'))
        });
        assert!(refused.count() > 3);
    }
}
