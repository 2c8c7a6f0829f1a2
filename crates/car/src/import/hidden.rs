//! Paint that nobody can see: insides of panels and what lies under them. It would take room in the texture.

use std::collections::HashSet;

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

/// Gives hidden painted triangles a plain material of their own, and takes away backs of sheets that are seen; says how much
/// that was.
pub(super) fn take_out(model: &mut CarModel) -> Option<String> {
    let bvh = Bvh::of_car(model);
    let directions = directions();
    let seen: Vec<Vec<bool>> = (0..model.parts.len())
        .map(|index| if model.is_paint(index) { visible(&model.parts[index].mesh, &bvh, &directions) } else { Vec::new() })
        .collect();
    let (mut hidden_m2, mut all_m2) = (0.0, 0.0);
    for (part, seen) in model.parts.iter().zip(&seen) {
        for (triangle, &seen) in part.mesh.indices.chunks_exact(3).zip(seen) {
            let area = part.mesh.area(triangle);
            all_m2 += area;
            hidden_m2 += if seen { 0.0 } else { area };
        }
    }
    if hidden_m2 < WORTHWHILE * all_m2 || hidden_m2 >= all_m2 {
        return None;
    }
    let outsides: HashSet<[[i32; 3]; 3]> = model
        .parts
        .iter()
        .zip(&seen)
        .flat_map(|(part, seen)| {
            let shown = part.mesh.indices.chunks_exact(3).zip(seen).filter(|(_, seen)| **seen);
            shown.map(|(t, _)| place(&part.mesh, t))
        })
        .collect();
    let material = model.materials.len();
    model.materials.push(Material::of_kind("hidden", MaterialKind::Interior));
    let mut insides = Vec::new();
    for (part, seen) in model.parts.iter_mut().zip(&seen).filter(|(_, seen)| seen.contains(&false)) {
        // The back of a sheet that is seen, in the same place, would only flicker through it.
        let mesh = &part.mesh;
        let behind = |triangle: usize| outsides.contains(&place(mesh, &mesh.indices[3 * triangle..3 * triangle + 3]));
        let inside = mesh.pick(|triangle| !seen[triangle] && !behind(triangle));
        part.mesh = part.mesh.pick(|triangle| seen[triangle]);
        if inside.indices.is_empty() {
            continue;
        }
        insides.push(Part { name: format!("{}_inside", part.name), class: PartClass::Other, material, mesh: inside, mirror: None });
    }
    model.parts.retain(|part| !part.mesh.indices.is_empty());
    model.parts.extend(insides);
    Some(format!("{:.0} % of the painted surface can't be seen from outside and carries no livery.", 100.0 * hidden_m2 / all_m2))
}

/// Equal for triangles with the same corners in any order.
fn place(mesh: &Mesh, t: &[u32]) -> [[i32; 3]; 3] {
    let mut corners = mesh.corners(t).map(Mesh::weld_key);
    corners.sort_unstable();
    corners
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::box_car;

    #[test]
    fn backs_of_seen_sheets_go_and_other_insides_stay() {
        let mut car = box_car();
        let doors = [car.part_index("door_left").expect("has doors"), car.part_index("door_right").expect("has doors")];
        let before = car.triangle_count();
        for (door, shift) in doors.into_iter().zip([0.0, 0.02]) {
            let mesh = &mut car.parts[door].mesh;
            let (count, corners) = (mesh.positions.len() as u32, mesh.indices.clone());
            let backs: Vec<Vec3> = mesh.positions.iter().map(|p| *p + Vec3::X * shift).collect();
            mesh.positions.extend(backs);
            mesh.normals.extend(mesh.normals.iter().map(|n| -*n).collect::<Vec<_>>());
            mesh.uvs.extend(mesh.uvs.clone());
            mesh.indices.extend(corners.chunks_exact(3).flat_map(|t| [count + t[0], count + t[2], count + t[1]]));
        }
        let note = take_out(&mut car).expect("insides are found");
        assert!(note.contains("can't be seen"), "{note}");
        let inside = car.part_index("door_right_inside").expect("what lies 2 cm behind stays");
        assert_eq!(car.part_index("door_left_inside"), None);
        assert_eq!(car.triangle_count(), before + car.parts[inside].mesh.indices.len() / 3);
    }
}
