//! For each texel, the texel at the mirrored place.
//!
//! The mirrored point of a texel is looked up on the painted surface of the partner part. Most triangles have an exact
//! counterpart, found once by its centroid; the others are searched, starting with what neighbours have found.

use super::{AtlasMaps, BAND_ROWS, NONE, PaintTriangle};
use crate::bvh::{Bvh, nearest_on_triangle};
use crate::model::CarModel;
use glam::{Vec2, Vec3};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::LazyLock;

const FLIP: Vec3 = Vec3::new(-1.0, 1.0, 1.0);
/// A mirrored point farther than this from any paint, in metres, has no partner.
const MAX_DISTANCE_M: f32 = 0.02;
/// Surfaces are partners when their normals agree to within 60 degrees.
const MIN_NORMAL_DOT: f32 = 0.5;
/// A triangle this near, in metres, is the one; a texel is ten times larger.
const EXACT_M: f32 = 1e-4;
/// Grid on which centroids are compared, per metre.
const CENTROID_GRID: f32 = 2_000.0;

/// [`AtlasMaps::mirror`].
pub(super) fn texels(model: &CarModel, triangles: &[PaintTriangle], owner: &[u32], maps: &AtlasMaps) -> Vec<u32> {
    let size = maps.size as usize;
    let corners: Vec<[Vec3; 3]> = triangles.iter().map(|t| t.position).collect();
    let faces: Vec<Vec3> =
        corners.iter().map(|[a, b, c]| (*b - *a).cross(*c - *a).normalize_or_zero()).collect();
    let partner: Vec<Option<u16>> = model.parts.iter().map(|part| part.mirror.map(|m| m as u16)).collect();
    let counterpart = counterparts(&corners);
    // A mirror-symmetric mesh never needs it.
    let bvh = LazyLock::new(|| Bvh::new(&corners));
    let mut mirror = vec![NONE; owner.len()];
    mirror.par_chunks_mut(size.max(1) * BAND_ROWS).enumerate().for_each(|(band, mirror)| {
        // What the texel above and the texel before found.
        let (mut above, mut last) = (vec![NONE; size], NONE);
        for (index, mirror) in mirror.iter_mut().enumerate() {
            let (here, x) = (band * BAND_ROWS * size + index, index % size);
            if owner[here] == NONE {
                continue;
            }
            let (point, normal) = (maps.position[here] * FLIP, maps.normal[here] * FLIP);
            let wanted = partner[triangles[owner[here] as usize].part as usize];
            let accept = |id: u32| {
                let id = id as usize;
                wanted.is_none_or(|part| triangles[id].part == part) && faces[id].dot(normal) > MIN_NORMAL_DOT
            };
            let exact = |id: u32| {
                let (weights, distance2) = nearest_on_triangle(*corners.get(id as usize)?, point);
                (accept(id) && distance2 < EXACT_M * EXACT_M).then_some((id, weights))
            };
            let searched = || {
                let found = bvh.nearest(point, MAX_DISTANCE_M, accept)?;
                Some((found.triangle, found.weights))
            };
            let first = counterpart[owner[here] as usize];
            let found = exact(first).or_else(|| exact(last)).or_else(|| exact(above[x])).or_else(searched);
            let Some((id, weights)) = found else { continue };
            (last, above[x]) = (id, id);
            let t = &triangles[id as usize];
            let px = t.px[0] * weights.x + t.px[1] * weights.y + t.px[2] * weights.z;
            *mirror = texel_of(px, t.part, maps);
        }
    });
    mirror
}

/// For each triangle one with the mirrored centroid, or [`NONE`].
fn counterparts(corners: &[[Vec3; 3]]) -> Vec<u32> {
    let key = |center: Vec3| (center * CENTROID_GRID).round().as_ivec3().to_array();
    let centers: Vec<Vec3> = corners.iter().map(|[a, b, c]| (*a + *b + *c) / 3.0).collect();
    let by_center: HashMap<[i32; 3], u32> = centers.iter().zip(0u32..).map(|(&center, id)| (key(center), id)).collect();
    centers.par_iter().map(|&center| by_center.get(&key(center * FLIP)).copied().unwrap_or(NONE)).collect()
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
