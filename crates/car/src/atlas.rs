//! What lies under each texel of the paint: place, normal, part, size and mirror partner.
//!
//! The maps are computed once per car and size. Texels whose centre lies in a triangle hold exact values; texels that a
//! triangle only touches hold those of its nearest point, so that what is baked reaches the edges of UV islands.

mod mirror;
mod report;

pub use report::AtlasReport;

use crate::model::CarModel;
use glam::{Vec2, Vec3, Vec3Swizzles};
use rayon::prelude::*;

/// Rows in a band of the parallel raster.
const BAND_ROWS: usize = 32;
/// A texel is touched when a triangle comes this near to its centre, in texels: half of its diagonal.
const TOUCH_PX: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// Marks a texel without paint in index maps.
pub const NONE: u32 = u32::MAX;

/// Maps over the paint's texture, row-major from the top left, `size * size` entries each.
#[derive(Debug, Clone, PartialEq)]
pub struct AtlasMaps {
    /// Texels per row and rows.
    pub size: u32,
    /// Metres, in the car's space; zero without paint.
    pub position: Vec<Vec3>,
    /// Unit length; zero without paint.
    pub normal: Vec<Vec3>,
    /// Part index + 1; 0 without paint.
    pub part: Vec<u16>,
    /// The texel at the mirrored place on the car's other side, or [`NONE`].
    pub mirror: Vec<u32>,
    /// A texel's edge on the car, in metres; zero without paint.
    pub texel_m: Vec<f32>,
    /// Baked ambient occlusion, 0 (shut in) to 1 (open).
    pub occlusion: Vec<f32>,
    /// Texels along a metre of paint, on average by area.
    pub mean_texels_per_metre: f32,
}

/// A painted triangle, in texels and in metres.
#[derive(Debug, Clone)]
struct PaintTriangle {
    px: [Vec2; 3],
    position: [Vec3; 3],
    normal: [Vec3; 3],
    occlusion: [f32; 3],
    part: u16,
    texel_m: f32,
}

impl AtlasMaps {
    /// Computes the maps of a car's paint at `size` texels a side.
    pub fn compute(model: &CarModel, size: u32) -> Self {
        let triangles = paint_triangles(model, size);
        let owner = owners(&triangles, size as usize);
        let weights = weights(&triangles, &owner, size);
        let mean_texels_per_metre = mean_texels_per_metre(&triangles);
        let covered = Covered { triangles: &triangles, owner: &owner, weights: &weights };
        let mut maps = Self {
            size,
            position: covered.map(Vec3::ZERO, |t, w| mix(t.position, w)),
            normal: covered.map(Vec3::ZERO, |t, w| mix(t.normal, w).normalize_or(t.normal[0])),
            part: covered.map(0, |t, _| t.part + 1),
            mirror: Vec::new(),
            texel_m: covered.map(0.0, |t, _| t.texel_m),
            occlusion: covered.map(1.0, |t, w| Vec3::from(t.occlusion).dot(w)),
            mean_texels_per_metre,
        };
        maps.mirror = mirror::texels(model, &triangles, &owner, &maps);
        maps
    }

    /// Whether a texel carries paint.
    pub fn covered(&self, texel: usize) -> bool {
        self.part[texel] != 0
    }

    /// Share of the texture that carries paint, 0..1.
    pub fn coverage(&self) -> f32 {
        self.part.iter().filter(|&&part| part != 0).count() as f32 / self.part.len().max(1) as f32
    }
}

/// Each texel's triangle and the weights of its corners.
struct Covered<'a> {
    triangles: &'a [PaintTriangle],
    owner: &'a [u32],
    weights: &'a [Vec2],
}

impl Covered<'_> {
    /// A map with `value` where there is paint and `empty` elsewhere.
    fn map<T: Copy + Send + Sync>(&self, empty: T, value: impl Fn(&PaintTriangle, Vec3) -> T + Sync) -> Vec<T> {
        let texel = |(&owner, w): (&u32, &Vec2)| match self.triangles.get(owner as usize) {
            Some(t) => value(t, Vec3::new(1.0 - w.x - w.y, w.x, w.y)),
            None => empty,
        };
        self.owner.par_iter().zip(self.weights).map(texel).collect()
    }
}

/// For each texel, the weights of its triangle's second and third corner.
fn weights(triangles: &[PaintTriangle], owner: &[u32], size: u32) -> Vec<Vec2> {
    let weights = |(texel, &owner): (usize, &u32)| match triangles.get(owner as usize) {
        Some(t) => {
            let (x, y) = (texel as u32 % size, texel as u32 / size);
            nearest(t.px, Vec2::new(x as f32 + 0.5, y as f32 + 0.5)).0.yz()
        }
        None => Vec2::ZERO,
    };
    owner.par_iter().enumerate().map(weights).collect()
}

fn mix(v: [Vec3; 3], w: Vec3) -> Vec3 {
    v[0] * w.x + v[1] * w.y + v[2] * w.z
}

/// All painted triangles, in the order of parts and indices.
fn paint_triangles(model: &CarModel, size: u32) -> Vec<PaintTriangle> {
    let mut triangles = Vec::new();
    for (index, part) in model.parts.iter().enumerate().filter(|&(index, _)| model.is_paint(index)) {
        let mesh = &part.mesh;
        for t in mesh.indices.chunks_exact(3) {
            let t = [t[0] as usize, t[1] as usize, t[2] as usize];
            let px = t.map(|i| mesh.uvs[i] * size as f32);
            let position = t.map(|i| mesh.positions[i]);
            let area_px = (px[1] - px[0]).perp_dot(px[2] - px[0]).abs();
            let area_m2 = (position[1] - position[0]).cross(position[2] - position[0]).length();
            triangles.push(PaintTriangle {
                px,
                position,
                normal: t.map(|i| mesh.normals[i]),
                occlusion: t.map(|i| mesh.occlusion.get(i).copied().unwrap_or(1.0)),
                part: index as u16,
                texel_m: if area_px > 1e-9 { (area_m2 / area_px).sqrt() } else { 0.0 },
            });
        }
    }
    triangles
}

fn mean_texels_per_metre(triangles: &[PaintTriangle]) -> f32 {
    let (mut px, mut m2) = (0.0f64, 0.0f64);
    for t in triangles {
        px += f64::from((t.px[1] - t.px[0]).perp_dot(t.px[2] - t.px[0]).abs());
        m2 += f64::from((t.position[1] - t.position[0]).cross(t.position[2] - t.position[0]).length());
    }
    if m2 > 0.0 { (px / m2).sqrt() as f32 } else { 0.0 }
}

/// For each texel the triangle that it shows: one that holds its centre, else the nearest that touches it, else [`NONE`].
fn owners(triangles: &[PaintTriangle], size: usize) -> Vec<u32> {
    let mut owner = vec![NONE; size * size];
    if size == 0 {
        return owner;
    }
    let bands = bin_rows(triangles, size, BAND_ROWS);
    owner.par_chunks_mut(size * BAND_ROWS).zip(&bands).enumerate().for_each(|(band, (owner, list))| {
        let mut best = vec![TOUCH_PX * TOUCH_PX; owner.len()];
        for &index in list {
            let t = &triangles[index as usize];
            let sides = Sides::new(t.px);
            for_each_texel(t.px, size, band * BAND_ROWS, owner.len() / size, |at, center| {
                let depth = sides.depth(center);
                if depth < -TOUCH_PX || best[at] == 0.0 {
                    return;
                }
                let distance = if depth >= 0.0 { 0.0 } else { nearest(t.px, center).1 };
                if distance < best[at] {
                    (best[at], owner[at]) = (distance, index);
                }
            });
        }
    });
    owner
}

/// Triangles by bands of rows, in order.
fn bin_rows(triangles: &[PaintTriangle], size: usize, band_rows: usize) -> Vec<Vec<u32>> {
    let mut bands = vec![Vec::new(); size.div_ceil(band_rows)];
    for (index, t) in triangles.iter().enumerate() {
        let low = t.px[0].y.min(t.px[1].y).min(t.px[2].y) - 0.5 - TOUCH_PX;
        let high = t.px[0].y.max(t.px[1].y).max(t.px[2].y) - 0.5 + TOUCH_PX;
        let first = low.ceil().clamp(0.0, size as f32 - 1.0) as usize / band_rows;
        let last = high.floor().clamp(0.0, size as f32 - 1.0) as usize / band_rows;
        for band in &mut bands[first..=last] {
            band.push(index as u32);
        }
    }
    bands
}

/// Calls `visit(index in the band, texel centre)` for each texel that the triangle may touch.
fn for_each_texel(px: [Vec2; 3], size: usize, first_row: usize, rows: usize, mut visit: impl FnMut(usize, Vec2)) {
    let low = px[0].min(px[1]).min(px[2]) - 0.5 - TOUCH_PX;
    let high = px[0].max(px[1]).max(px[2]) - 0.5 + TOUCH_PX;
    let last = size as f32 - 1.0;
    let (x0, x1) = (low.x.ceil().max(0.0) as usize, high.x.floor().min(last).max(0.0) as usize);
    let y0 = (low.y.ceil().max(0.0) as usize).max(first_row);
    let y1 = (high.y.floor().max(0.0) as usize).min(first_row + rows - 1);
    for y in y0..=y1 {
        for x in x0..=x1 {
            visit((y - first_row) * size + x, Vec2::new(x as f32 + 0.5, y as f32 + 0.5));
        }
    }
}

/// A triangle's edges as lines with unit normals that look inward.
struct Sides {
    normals: [Vec2; 3],
    offsets: [f32; 3],
}

impl Sides {
    fn new(px: [Vec2; 3]) -> Self {
        let turn = (px[1] - px[0]).perp_dot(px[2] - px[0]).signum();
        let normals = [0, 1, 2].map(|i| (px[(i + 1) % 3] - px[i]).perp().normalize_or_zero() * turn);
        Self { normals, offsets: [0, 1, 2].map(|i| normals[i].dot(px[i])) }
    }

    /// How far a point lies inside, in texels; negative outside, where the triangle is at least as far away.
    fn depth(&self, p: Vec2) -> f32 {
        let side = |i: usize| self.normals[i].dot(p) - self.offsets[i];
        side(0).min(side(1)).min(side(2))
    }
}

/// Barycentric weights of the point of a triangle nearest to `p`, and its squared distance: 0 inside.
fn nearest(px: [Vec2; 3], p: Vec2) -> (Vec3, f32) {
    let [a, b, c] = px;
    let area = (b - a).perp_dot(c - a);
    if area.abs() > 1e-12 {
        let wb = (p - a).perp_dot(c - a) / area;
        let wc = (b - a).perp_dot(p - a) / area;
        let w = Vec3::new(1.0 - wb - wc, wb, wc);
        if w.min_element() >= 0.0 {
            return (w, 0.0);
        }
    }
    let along = |from: Vec2, to: Vec2| {
        let edge = to - from;
        let t = ((p - from).dot(edge) / edge.length_squared().max(1e-20)).clamp(0.0, 1.0);
        (t, p.distance_squared(from + edge * t))
    };
    let (ab, bc, ca) = (along(a, b), along(b, c), along(c, a));
    if ab.1 <= bc.1 && ab.1 <= ca.1 {
        (Vec3::new(1.0 - ab.0, ab.0, 0.0), ab.1)
    } else if bc.1 <= ca.1 {
        (Vec3::new(0.0, 1.0 - bc.0, bc.0), bc.1)
    } else {
        (Vec3::new(ca.0, 0.0, 1.0 - ca.0), ca.1)
    }
}
