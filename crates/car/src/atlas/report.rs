//! How good a texture layout is: overlap, room between islands, evenness.

use super::{BAND_ROWS, PaintTriangle, Sides, bin_rows, for_each_texel, mean_texels_per_metre, paint_triangles};
use crate::model::CarModel;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::HashMap;

/// A texel's centre counts as inside a triangle only this far from its edges, in texels, so that neighbours which share
/// an edge are no overlap.
const EDGE_MARGIN_PX: f32 = 0.05;
/// Distances between islands are measured up to this, in texels.
const MAX_PADDING_PX: u32 = 32;

/// What [`AtlasReport::measure`] finds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtlasReport {
    /// Texels a side at which it was measured.
    pub size: u32,
    /// Connected pieces of the layout.
    pub islands: usize,
    /// Share of the texture that carries paint, 0..1.
    pub coverage: f32,
    /// Share of the painted texels that two or more triangles claim, 0..1.
    pub overlap: f32,
    /// Least distance between two islands in texels, at most 32; `None` with fewer than two islands near each other.
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
        let (counts, island) = claims(&triangles, &island_of, size as usize);
        let covered = counts.iter().filter(|&&count| count > 0).count();
        let doubled = counts.iter().filter(|&&count| count > 1).count();
        let area_m2 = |t: &PaintTriangle| (t.position[1] - t.position[0]).cross(t.position[2] - t.position[0]).length() * 0.5;
        Self {
            size,
            islands: island_of.iter().max().map_or(0, |last| *last as usize + 1),
            coverage: covered as f32 / counts.len().max(1) as f32,
            overlap: doubled as f32 / covered.max(1) as f32,
            padding_px: padding(&island, size as usize),
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
    fn root(parent: &mut [u32], mut i: u32) -> u32 {
        while parent[i as usize] != i {
            parent[i as usize] = parent[parent[i as usize] as usize];
            i = parent[i as usize];
        }
        i
    }
    let mut parent: Vec<u32> = (0..triangles.len() as u32).collect();
    let mut seen: HashMap<[i32; 5], u32> = HashMap::new();
    for (index, t) in triangles.iter().enumerate() {
        for (px, p) in t.px.iter().zip(&t.position) {
            let px = (*px * 20.0).round().as_ivec2();
            let p = (*p * 2e3).round().as_ivec3();
            let first = *seen.entry([px.x, px.y, p.x, p.y, p.z]).or_insert(index as u32);
            let (a, b) = (root(&mut parent, index as u32), root(&mut parent, first));
            parent[a.max(b) as usize] = a.min(b);
        }
    }
    let mut number = HashMap::new();
    (0..triangles.len() as u32)
        .map(|i| {
            let next = number.len() as u32;
            *number.entry(root(&mut parent, i)).or_insert(next)
        })
        .collect()
}

/// For each texel, how many triangles hold its centre (up to 255; neighbours that share an edge count once), and
/// island + 1 of the last.
fn claims(triangles: &[PaintTriangle], island_of: &[u32], size: usize) -> (Vec<u8>, Vec<u32>) {
    let mut counts = vec![0u8; size * size];
    let mut island = vec![0u32; size * size];
    if size == 0 {
        return (counts, island);
    }
    let bands = bin_rows(triangles, size, BAND_ROWS);
    counts
        .par_chunks_mut(size * BAND_ROWS)
        .zip(island.par_chunks_mut(size * BAND_ROWS))
        .zip(&bands)
        .enumerate()
        .for_each(|(band, ((counts, island), list))| {
            for &index in list {
                let px = triangles[index as usize].px;
                let sides = Sides::new(px);
                for_each_texel(px, size, band * BAND_ROWS, counts.len() / size, |at, center| {
                    let depth = sides.depth(center);
                    if depth >= 0.0 {
                        island[at] = island_of[index as usize] + 1;
                    }
                    counts[at] = counts[at].saturating_add(u8::from(depth > EDGE_MARGIN_PX));
                });
            }
            for (count, island) in counts.iter_mut().zip(island) {
                *count = (*count).max(u8::from(*island != 0));
            }
        });
    (counts, island)
}

/// Least number of free texels between two islands.
fn padding(island: &[u32], size: usize) -> Option<u32> {
    // Grow all islands one ring at a time; where two meet, the rings tell the room between them.
    let mut grown = island.to_vec();
    for ring in 0..=MAX_PADDING_PX / 2 {
        let here = |x: usize, y: usize| grown[y * size + x];
        let neighbours = |x: usize, y: usize| {
            let mut around = [0u32; 2];
            if x + 1 < size {
                around[0] = here(x + 1, y);
            }
            if y + 1 < size {
                around[1] = here(x, y + 1);
            }
            around
        };
        let meet = (0..size).into_par_iter().any(|y| {
            (0..size).any(|x| {
                let own = here(x, y);
                own != 0 && neighbours(x, y).iter().any(|&other| other != 0 && other != own)
            })
        });
        if meet {
            return Some(2 * ring);
        }
        let mut next = grown.clone();
        next.par_chunks_mut(size).enumerate().for_each(|(y, row)| {
            for (x, texel) in row.iter_mut().enumerate().filter(|(_, texel)| **texel == 0) {
                let left = if x > 0 { grown[y * size + x - 1] } else { 0 };
                let right = if x + 1 < size { grown[y * size + x + 1] } else { 0 };
                let up = if y > 0 { grown[(y - 1) * size + x] } else { 0 };
                let down = if y + 1 < size { grown[(y + 1) * size + x] } else { 0 };
                *texel = left.max(right).max(up).max(down);
            }
        });
        grown = next;
    }
    None
}
