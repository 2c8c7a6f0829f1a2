//! Paint that nobody can see: insides of panels and what lies under them. It would take room in the texture.

use glam::{Quat, Vec3};
use rayon::prelude::*;

use crate::bvh::Bvh;
use crate::model::{CarModel, Material, MaterialKind, Mesh, Part, PartClass};

/// Directions in which each triangle looks for the open.
const RAYS: usize = 24;
/// Rays start this far off the surface, metres.
const LIFT_M: f32 = 0.003;
/// Farther than any car is long, metres.
const FAR_M: f32 = 20.0;
/// Less hidden paint than this share is left where it is.
const WORTHWHILE: f32 = 0.01;

/// Gives hidden painted triangles a plain material of their own; says how much that was.
pub(super) fn take_out(model: &mut CarModel) -> Option<String> {
    let bvh = Bvh::of_car(model);
    let directions = directions();
    let seen: Vec<Vec<bool>> = (0..model.parts.len())
        .map(|index| if model.is_paint(index) { visible(&model.parts[index].mesh, &bvh, &directions) } else { Vec::new() })
        .collect();
    let (mut hidden_m2, mut all_m2) = (0.0, 0.0);
    for (part, seen) in model.parts.iter().zip(&seen) {
        for (triangle, &seen) in part.mesh.indices.chunks_exact(3).zip(seen) {
            let area = area(&part.mesh, triangle);
            all_m2 += area;
            hidden_m2 += if seen { 0.0 } else { area };
        }
    }
    if hidden_m2 < WORTHWHILE * all_m2 || hidden_m2 >= all_m2 {
        return None;
    }
    let material = model.materials.len();
    model.materials.push(Material::of_kind("hidden", MaterialKind::Interior));
    let mut insides = Vec::new();
    for (part, seen) in model.parts.iter_mut().zip(&seen).filter(|(_, seen)| seen.contains(&false)) {
        let inside = part.mesh.pick(|triangle| !seen[triangle]);
        part.mesh = part.mesh.pick(|triangle| seen[triangle]);
        insides.push(Part { name: format!("{}_inside", part.name), class: PartClass::Other, material, mesh: inside, mirror: None });
    }
    model.parts.retain(|part| !part.mesh.indices.is_empty());
    model.parts.extend(insides);
    Some(format!("{:.0} % of the painted surface can't be seen from outside and carries no livery.", 100.0 * hidden_m2 / all_m2))
}

fn area(mesh: &Mesh, t: &[u32]) -> f32 {
    let [a, b, c] = mesh.corners(t);
    (b - a).cross(c - a).length() * 0.5
}

/// Whether each triangle sees the open from its front side.
fn visible(mesh: &Mesh, bvh: &Bvh, directions: &[Vec3]) -> Vec<bool> {
    mesh.indices
        .par_chunks_exact(3)
        .map(|t| {
            let [a, b, c] = mesh.corners(t);
            let normal = (b - a).cross(c - a).normalize_or_zero();
            if normal == Vec3::ZERO {
                return false;
            }
            let turn = Quat::from_rotation_arc(Vec3::Y, normal);
            let origin = (a + b + c) / 3.0 + normal * LIFT_M;
            directions.iter().any(|&direction| {
                let direction = turn * direction;
                // Nobody looks at a car from under the ground.
                (direction.y > -0.2 || origin.y > 0.5) && !bvh.any_hit(origin, direction, FAR_M)
            })
        })
        .collect()
}

/// Directions over the hemisphere about +Y, evenly spread, straight up first.
fn directions() -> Vec<Vec3> {
    const GOLDEN_TURN: f32 = 2.399_963_2;
    (0..RAYS)
        .map(|i| {
            let y = 1.0 - 0.94 * i as f32 / RAYS as f32;
            let (sin, cos) = (GOLDEN_TURN * i as f32).sin_cos();
            Vec3::new((1.0 - y * y).sqrt() * cos, y, (1.0 - y * y).sqrt() * sin)
        })
        .collect()
}
