//! How good a texture layout is: overlap, room between islands, evenness.

use super::{
    BAND_ROWS, NONE, PaintTriangle, Sides, bin_rows, for_each_texel, mean_texels_per_metre, mix, nearest, paint_triangles,
};
use crate::groups::Groups;
use crate::model::CarModel;
use glam::Vec2;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::HashMap;

/// A texel's centre counts as inside a triangle only this far from its edges, in texels, so that neighbours which share
/// an edge are no overlap.
const EDGE_MARGIN_PX: f32 = 0.05;
/// Distances between islands are measured up to this, in texels.
const MAX_PADDING_PX: u32 = 32;
/// Islands are neighbours on the car when they are no farther apart there than this many times their room in the texture.
const NEIGHBOUR_STRETCH: f32 = 4.0;

/// What [`AtlasReport::measure`] finds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtlasReport {
    /// Texels a side at which it was measured.
    pub size: u32,
    /// Connected pieces of the layout. Panels cut from one chart count each.
    pub islands: usize,
    /// Share of the texture that carries paint, 0..1.
    pub coverage: f32,
    /// Share of the painted texels that two or more triangles claim, 0..1.
    pub overlap: f32,
    /// Least free room in texels between islands that are no neighbours on the car; `None` where it is more than 32.
    /// Panels cut from one chart may touch: what bleeds over their gap comes from the other side of the same gap.
    pub padding_px: Option<u32>,
    /// Texels along a metre of paint, on average by area.
    pub mean_texels_per_metre: f32,
    /// 5th and 95th percentile of the texels along a metre, by area.
    pub density_range: (f32, f32),
    /// Painted surface in square metres.
    pub paint_m2: f32,
}

impl AtlasReport {
    /// Measures a car's layout at a texture size.
    pub fn measure(model: &CarModel, size: u32) -> Self {
        let triangles = paint_triangles(model, size);
        let island_of = islands(&triangles);
        let (counts, owner) = claims(&triangles, size as usize);
        let covered = counts.iter().filter(|&&count| count > 0).count();
        let doubled = counts.iter().filter(|&&count| count > 1).count();
        let area_m2 = |t: &PaintTriangle| (t.position[1] - t.position[0]).cross(t.position[2] - t.position[0]).length() * 0.5;
        Self {
            size,
            islands: island_of.iter().max().map_or(0, |last| *last as usize + 1),
            coverage: covered as f32 / counts.len().max(1) as f32,
            overlap: doubled as f32 / covered.max(1) as f32,
            padding_px: padding(&owner, &triangles, &island_of, size as usize),
            mean_texels_per_metre: mean_texels_per_metre(&triangles),
            density_range: density_range(&triangles, area_m2),
            paint_m2: triangles.iter().map(area_m2).sum(),
        }
    }
}

fn density_range(triangles: &[PaintTriangle], area_m2: impl Fn(&PaintTriangle) -> f32) -> (f32, f32) {
    let mut densities: Vec<(f32, f32)> =
        triangles.iter().filter(|t| t.texel_m > 0.0).map(|t| (1.0 / t.texel_m, area_m2(t))).collect();
    densities.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f32 = densities.iter().map(|d| d.1).sum();
    let at = |share: f32| {
        let mut sum = 0.0;
        let found = densities.iter().find(|d| {
            sum += d.1;
            sum >= total * share
        });
        found.or(densities.last()).map_or(0.0, |d| d.0)
    };
    (at(0.05), at(0.95))
}

/// The island of each triangle: triangles that share an edge's place in the texture and in space belong together.
fn islands(triangles: &[PaintTriangle]) -> Vec<u32> {
    let mut groups = Groups::new(triangles.len());
    let mut seen: HashMap<[i32; 5], usize> = HashMap::new();
    for (index, t) in triangles.iter().enumerate() {
        for (px, p) in t.px.iter().zip(&t.position) {
            let px = (*px * 20.0).round().as_ivec2();
            let p = (*p * 2e3).round().as_ivec3();
            groups.join(index, *seen.entry([px.x, px.y, p.x, p.y, p.z]).or_insert(index));
        }
    }
    let mut number = HashMap::new();
    (0..triangles.len())
        .map(|i| {
            let next = number.len() as u32;
            *number.entry(groups.first(i)).or_insert(next)
        })
        .collect()
}

/// For each texel, how many triangles hold its centre (up to 255; neighbours that share an edge count once), and the
/// last of them or [`NONE`].
fn claims(triangles: &[PaintTriangle], size: usize) -> (Vec<u8>, Vec<u32>) {
    let mut counts = vec![0u8; size * size];
    let mut owner = vec![NONE; size * size];
    if size == 0 {
        return (counts, owner);
    }
    let bands = bin_rows(triangles, size, BAND_ROWS);
    counts
        .par_chunks_mut(size * BAND_ROWS)
        .zip(owner.par_chunks_mut(size * BAND_ROWS))
        .zip(&bands)
        .enumerate()
        .for_each(|(band, ((counts, owner), list))| {
            for &index in list {
                let px = triangles[index as usize].px;
                let sides = Sides::new(px);
                for_each_texel(px, size, band * BAND_ROWS, counts.len() / size, |at, center| {
                    let depth = sides.depth(center);
                    if depth >= 0.0 {
                        owner[at] = index;
                    }
                    counts[at] = counts[at].saturating_add(u8::from(depth > EDGE_MARGIN_PX));
                });
            }
            for (count, owner) in counts.iter_mut().zip(owner) {
                *count = (*count).max(u8::from(*owner != NONE));
            }
        });
    (counts, owner)
}

/// Least number of free texels between two islands that are no neighbours on the car.
fn padding(owner: &[u32], triangles: &[PaintTriangle], island_of: &[u32], size: usize) -> Option<u32> {
    // Each texel knows the painted texel that it grew from; islands grow by a ring at a time until two meet.
    let mut seed: Vec<u32> = (0u32..).zip(owner).map(|(texel, &id)| if id == NONE { NONE } else { texel }).collect();
    let place = |texel: u32| {
        let t = &triangles[owner[texel as usize] as usize];
        let (x, y) = (texel as usize % size, texel as usize / size);
        mix(t.position, nearest(t.px, Vec2::new(x as f32 + 0.5, y as f32 + 0.5)).0)
    };
    let strangers = |a: u32, b: u32, ring: u32| {
        let [first, second] = [a, b].map(|texel| owner[texel as usize] as usize);
        let reach = (2 * ring + 2) as f32 * NEIGHBOUR_STRETCH * triangles[first].texel_m.max(triangles[second].texel_m);
        island_of[first] != island_of[second] && place(a).distance(place(b)) > reach
    };
    for ring in 0..=MAX_PADDING_PX / 2 {
        let meet = |a: usize, b: usize| seed[a] != NONE && seed[b] != NONE && strangers(seed[a], seed[b], ring);
        let any = (0..size * size).into_par_iter().any(|at| {
            (at % size + 1 < size && meet(at, at + 1)) || (at / size + 1 < size && meet(at, at + size))
        });
        if any {
            return Some(2 * ring);
        }
        let grow = |at: usize| {
            let (x, y) = (at % size, at / size);
            let around = [
                (x > 0).then(|| seed[at - 1]),
                (x + 1 < size).then(|| seed[at + 1]),
                (y > 0).then(|| seed[at - size]),
                (y + 1 < size).then(|| seed[at + size]),
            ];
            if seed[at] != NONE { seed[at] } else { around.into_iter().flatten().min().unwrap_or(NONE) }
        };
        seed = (0..size * size).into_par_iter().map(grow).collect();
    }
    None
}
