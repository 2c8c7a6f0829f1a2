//! For each texel, the texel at the mirrored place.
//!
//! The mirrored point of a texel is looked up on the painted surface of the partner part. Neighbouring texels mostly
//! find the same triangle, so the last one is tried first.

use super::{AtlasMaps, NONE, PaintTriangle};
use crate::bvh::{Bvh, nearest_on_triangle};
use crate::model::CarModel;
use glam::{Vec2, Vec3};
use rayon::prelude::*;

const FLIP: Vec3 = Vec3::new(-1.0, 1.0, 1.0);
/// A mirrored point farther than this from any paint, in metres, has no partner.
const MAX_DISTANCE_M: f32 = 0.02;
/// Surfaces are partners when their normals agree to within 60 degrees.
const MIN_NORMAL_DOT: f32 = 0.5;
/// A triangle this near, in metres, is the one; a texel is ten times larger.
const EXACT_M: f32 = 1e-4;

/// [`AtlasMaps::mirror`].
pub(super) fn texels(model: &CarModel, triangles: &[PaintTriangle], owner: &[u32], maps: &AtlasMaps) -> Vec<u32> {
    let size = maps.size as usize;
    let corners: Vec<[Vec3; 3]> = triangles.iter().map(|t| t.position).collect();
    let faces: Vec<Vec3> =
        corners.iter().map(|[a, b, c]| (*b - *a).cross(*c - *a).normalize_or_zero()).collect();
    let partner: Vec<Option<u16>> = model.parts.iter().map(|part| part.mirror.map(|m| m as u16)).collect();
    let bvh = Bvh::new(&corners);
    let mut mirror = vec![NONE; owner.len()];
    mirror.par_chunks_mut(size.max(1)).enumerate().for_each(|(y, row)| {
        let mut last = NONE;
        for x in 0..size {
            let here = y * size + x;
            if owner[here] == NONE {
                continue;
            }
            let (point, normal) = (maps.position[here] * FLIP, maps.normal[here] * FLIP);
            let wanted = partner[triangles[owner[here] as usize].part as usize];
            let accept = |id: u32| {
                let id = id as usize;
                wanted.is_none_or(|part| triangles[id].part == part) && faces[id].dot(normal) > MIN_NORMAL_DOT
            };
            let exact = (last != NONE && accept(last))
                .then(|| nearest_on_triangle(corners[last as usize], point))
                .filter(|(_, distance2)| *distance2 < EXACT_M * EXACT_M);
            let weights = match exact {
                Some((weights, _)) => weights,
                None => match bvh.nearest(point, MAX_DISTANCE_M, accept) {
                    Some(found) => {
                        last = found.triangle;
                        found.weights
                    }
                    None => continue,
                },
            };
            let t = &triangles[last as usize];
            let px = t.px[0] * weights.x + t.px[1] * weights.y + t.px[2] * weights.z;
            row[x] = texel_of(px, t.part, maps);
        }
    });
    mirror
}

/// The texel that holds a place of the texture and shows the part, or a neighbour that does.
fn texel_of(px: Vec2, part: u16, maps: &AtlasMaps) -> u32 {
    let last = maps.size as i32 - 1;
    let (x, y) = ((px.x as i32).clamp(0, last), (px.y as i32).clamp(0, last));
    let around = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, -1), (-1, 1), (1, 1)];
    around
        .into_iter()
        .map(|(dx, dy)| ((x + dx).clamp(0, last), (y + dy).clamp(0, last)))
        .map(|(x, y)| y as u32 * maps.size + x as u32)
        .find(|&texel| maps.part[texel as usize] == part + 1)
        .unwrap_or(NONE)
}
