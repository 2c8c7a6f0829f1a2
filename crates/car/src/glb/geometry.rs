//! The geometry of one primitive: read, checked, moved to the car's space.

use glam::{Mat3, Mat4, Vec2, Vec3};
use gltf::{Primitive, Semantic};

use super::accessor::Buffer;
use super::chunks::Packed;
use super::{MAX_VERTICES, check_count, draco};
use crate::error::MeshError;
use crate::model::Mesh;
use crate::normals::smooth_normals;

/// How far texture coordinates may leave 0..1 by rounding.
const UV_TOLERANCE: f32 = 1e-3;

/// What texture coordinates have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UvNeed {
    /// There, and inside the texture.
    Inside,
    /// Missing ones become zero, and any range will do.
    Any,
}

/// Reads a primitive's triangles in its own space.
pub(super) fn read(
    buffer: Buffer<'_>,
    part: &str,
    primitive: &Primitive,
    packed: Option<&Packed>,
    need: UvNeed,
) -> Result<Mesh, MeshError> {
    let mut mesh = match packed {
        Some(packed) => draco::read(buffer, part, packed)?,
        None => read_vertices(buffer, part, primitive)?,
    };
    let count = mesh.positions.len();
    if mesh.uvs.is_empty() {
        if need == UvNeed::Inside {
            return Err(MeshError::NoUvs { part: part.to_owned() });
        }
        mesh.uvs = vec![Vec2::ZERO; count];
    }
    let same_length = (mesh.normals.is_empty() || mesh.normals.len() == count)
        && mesh.uvs.len() == count
        && (mesh.occlusion.is_empty() || mesh.occlusion.len() == count)
        && (mesh.daylight.is_empty() || mesh.daylight.len() == count);
    if !same_length {
        return Err(MeshError::Accessor { part: part.to_owned(), what: "vertex data of different lengths" });
    }
    check_uvs(part, &mut mesh.uvs, need)?;
    if let Some(&index) = mesh.indices.iter().find(|&&index| index as usize >= count) {
        return Err(MeshError::Index { part: part.to_owned(), index, count });
    }
    let whole = |t: &&[u32]| t[0] != t[1] && t[1] != t[2] && t[2] != t[0];
    mesh.indices = mesh.indices.chunks_exact(3).filter(whole).flatten().copied().collect();
    Ok(mesh)
}

fn read_vertices(buffer: Buffer<'_>, part: &str, primitive: &Primitive) -> Result<Mesh, MeshError> {
    let missing = || MeshError::Accessor { part: part.to_owned(), what: "no positions or positions" };
    let positions = primitive.get(&Semantic::Positions).ok_or_else(missing)?;
    check_count("vertices", positions.count() as u64, MAX_VERTICES)?;
    let mut mesh = Mesh {
        positions: buffer.floats::<3>(part, "positions", &positions)?.map(Vec3::from).collect(),
        ..Mesh::default()
    };
    if let Some(accessor) = primitive.get(&Semantic::Normals) {
        mesh.normals = buffer.floats::<3>(part, "normals", &accessor)?.map(Vec3::from).collect();
    }
    if let Some(accessor) = primitive.get(&Semantic::TexCoords(0)) {
        mesh.uvs = buffer.floats::<2>(part, "texture coordinates", &accessor)?.map(Vec2::from).collect();
    }
    if let Some(accessor) = primitive.get(&Semantic::Colors(0)) {
        mesh.occlusion = buffer.reds(part, &accessor)?;
    }
    if let Some(accessor) = primitive.get(&Semantic::Colors(1)) {
        (mesh.daylight_from, mesh.daylight) = buffer.daylight(part, &accessor)?;
    }
    mesh.indices = match primitive.indices() {
        Some(accessor) => buffer.indices(part, &accessor)?,
        None => (0..mesh.positions.len() as u32).collect(),
    };
    Ok(mesh)
}

fn check_uvs(part: &str, uvs: &mut [Vec2], need: UvNeed) -> Result<(), MeshError> {
    for uv in uvs {
        if need == UvNeed::Any {
            *uv = if uv.is_finite() { *uv } else { Vec2::ZERO };
            continue;
        }
        if !uv.is_finite() {
            return Err(MeshError::NotFinite { part: part.to_owned(), what: "texture coordinates" });
        }
        if uv.min_element() < -UV_TOLERANCE || uv.max_element() > 1.0 + UV_TOLERANCE {
            return Err(MeshError::UvRange { part: part.to_owned() });
        }
        *uv = uv.clamp(Vec2::ZERO, Vec2::ONE);
    }
    Ok(())
}

/// Moves a mesh from its node to the car.
pub(super) fn transform(mesh: &mut Mesh, car_from_node: Mat4) {
    let linear = Mat3::from_mat4(car_from_node);
    let determinant = linear.determinant();
    let normal_matrix = if determinant.abs() > 1e-12 { linear.inverse().transpose() } else { Mat3::IDENTITY };
    for p in &mut mesh.positions {
        *p = car_from_node.transform_point3(*p);
    }
    for n in mesh.normals.iter_mut().chain(&mut mesh.daylight_from) {
        *n = normal_matrix * *n;
    }
    // A mirroring transform turns triangles inside out.
    if determinant < 0.0 {
        mesh.indices.chunks_exact_mut(3).for_each(|t| t.swap(1, 2));
    }
}

/// Makes every normal unit length; missing and unusable ones are computed from the triangles around.
pub(super) fn repair_normals(mesh: &mut Mesh) {
    let usable = |n: &Vec3| n.is_finite() && n.length_squared() > 1e-12;
    if mesh.normals.len() == mesh.positions.len() && mesh.normals.iter().all(usable) {
        mesh.normals.iter_mut().for_each(|n| *n = n.normalize());
        return;
    }
    let computed = smooth_normals(&mesh.positions, &mesh.indices);
    if mesh.normals.len() != mesh.positions.len() {
        mesh.normals = computed;
        return;
    }
    for (n, computed) in mesh.normals.iter_mut().zip(computed) {
        *n = if usable(n) { n.normalize() } else { computed };
    }
}

