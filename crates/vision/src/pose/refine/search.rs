//! Where the photo has edges near the car's: candidates along each edge's normal.

use super::contour::{ContourPoint, EdgeKind};
use super::picture::Picture;
use crate::net::Correspondence;
use crate::pose::model::CameraModel;
use nalgebra::Vector2;
use rayon::prelude::*;

/// Candidates kept per edge point.
const KEPT: usize = 4;
/// Distance between samples along a normal, picture pixels.
const STEP: f64 = 0.5;
/// Change of colour per pixel that makes a candidate half as strong as can be, sRGB in 0..1.
const HALF_STRENGTH: f32 = 0.04;
/// Weaker changes are noise.
const LEAST_CHANGE: f32 = 0.008;

/// An edge of the photo near an edge of the car.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    /// Along the normal from the edge point's place, photo pixels.
    pub offset_px: f64,
    /// How much it looks like the edge, 0..1.
    pub weight: f64,
}

/// An edge point with what the photo and the network show around it.
#[derive(Debug, Clone)]
pub struct Match {
    /// The edge point.
    pub contour: ContourPoint,
    /// Where the edge point lay when it was searched, photo pixels.
    pub pixel: Vector2<f64>,
    /// Photo edges.
    pub candidates: Vec<Candidate>,
    /// Photo pixels per pixel of the picture that was searched.
    pub pixel_px: f64,
    /// Where the network's mask ends, along the normal, photo pixels; only for silhouettes.
    pub mask_offset_px: Option<f64>,
}

/// Searches `reach_px` photo pixels to both sides of every edge point; `field` tells where the outline is likely.
pub fn search(
    contour: &[ContourPoint],
    model: &CameraModel,
    picture: &Picture,
    field: Option<&Correspondence>,
    reach_px: f64,
) -> Vec<Match> {
    contour
        .par_iter()
        .filter_map(|point| {
            let pixel = model.project(&point.point)?;
            let mut candidates = along(point, pixel, picture, reach_px)?;
            let mut mask_offset_px = None;
            if let (Some(field), EdgeKind::Silhouette) = (field, point.kind) {
                let cell = f64::from(field.cell_px().max_element());
                mask_offset_px = mask_end(field, pixel, point.normal, reach_px.max(3.0 * cell));
                if let Some(end) = mask_offset_px {
                    for c in &mut candidates {
                        let r = (c.offset_px - end) / (1.2 * cell);
                        c.weight *= 0.15 + 0.85 * (-0.5 * r * r).exp();
                    }
                }
            }
            Some(Match { contour: *point, pixel, candidates, pixel_px: 1.0 / picture.scale.x, mask_offset_px })
        })
        .collect()
}

fn along(point: &ContourPoint, pixel: Vector2<f64>, picture: &Picture, reach_px: f64) -> Option<Vec<Candidate>> {
    let scale = picture.scale.x;
    let centre = picture.place(pixel);
    let reach = (reach_px * scale / STEP).ceil() as i32 + 2;
    let mut profile = Vec::with_capacity(2 * reach as usize + 1);
    for k in -reach..=reach {
        profile.push(picture.sample(centre + point.normal * (f64::from(k) * STEP)));
    }
    profile[reach as usize]?;
    let change: Vec<f32> = if point.kind == EdgeKind::Seam { dark_line(&profile) } else { step(&profile) };
    let tangent = Vector2::new(-point.normal.y, point.normal.x);
    let mut found = Vec::new();
    for k in 1..change.len() - 1 {
        let (before, here, after) = (change[k - 1], change[k], change[k + 1]);
        if here < LEAST_CHANGE || here < before || here <= after {
            continue;
        }
        let bend = before - 2.0 * here + after;
        let shift = if bend < -1e-6 { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 };
        let offset = (k as f64 - f64::from(reach) + f64::from(shift)) * STEP;
        let place = centre + point.normal * offset;
        let along_edge = match (picture.sample(place + tangent), picture.sample(place - tangent)) {
            (Some(a), Some(b)) => distance(a, b) * 0.5,
            _ => 0.0,
        };
        // an edge that runs another way changes along the tangent too
        let agreement = here * here / (here * here + along_edge * along_edge);
        let strength = here / (here + HALF_STRENGTH);
        found.push(Candidate { offset_px: offset / scale, weight: f64::from(strength * agreement * agreement) });
    }
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    found.truncate(KEPT);
    Some(found)
}

/// Change of colour per pixel.
fn step(profile: &[Option<[f32; 3]>]) -> Vec<f32> {
    let at = |k: usize| match (profile.get(k.wrapping_sub(1)).copied().flatten(), profile.get(k + 1).copied().flatten()) {
        (Some(a), Some(b)) => distance(a, b) / (2.0 * STEP as f32),
        _ => 0.0,
    };
    (0..profile.len()).map(at).collect()
}

/// How much darker a place is than both sides, two pixels away.
fn dark_line(profile: &[Option<[f32; 3]>]) -> Vec<f32> {
    let luma = |c: [f32; 3]| 0.3 * c[0] + 0.6 * c[1] + 0.1 * c[2];
    let get = |k: usize| profile.get(k).copied().flatten().map(luma);
    let at = |k: usize| match (get(k.wrapping_sub(4)), get(k), get(k + 4)) {
        (Some(a), Some(b), Some(c)) => (a.min(c) - b).max(0.0),
        _ => 0.0,
    };
    (0..profile.len()).map(at).collect()
}

fn distance(a: [f32; 3], b: [f32; 3]) -> f32 {
    let d: [f32; 3] = std::array::from_fn(|k| a[k] - b[k]);
    (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt()
}

/// Where the mask falls through one half along the normal, nearest to the start.
pub fn mask_end(field: &Correspondence, pixel: Vector2<f64>, normal: Vector2<f64>, reach_px: f64) -> Option<f64> {
    let step = f64::from(field.cell_px().max_element()) * 0.5;
    let count = (reach_px / step).ceil() as i32;
    let at = |k: i32| mask_at(field, pixel + normal * (f64::from(k) * step));
    let mut best: Option<f64> = None;
    for k in -count..count {
        let (Some(a), Some(b)) = (at(k), at(k + 1)) else { continue };
        if a >= 0.5 && b < 0.5 {
            let offset = (f64::from(k) + f64::from((a - 0.5) / (a - b))) * step;
            if best.is_none_or(|o| offset.abs() < o.abs()) {
                best = Some(offset);
            }
        }
    }
    best
}

/// The mask between its cells, or `None` outside the crop.
fn mask_at(field: &Correspondence, pixel: Vector2<f64>) -> Option<f32> {
    let cell = field.cell_px();
    let x = (pixel.x as f32 - field.crop.x) / cell.x - 0.5;
    let y = (pixel.y as f32 - field.crop.y) / cell.y - 0.5;
    if !(x >= 0.0 && y >= 0.0 && x < (field.width - 1) as f32 && y < (field.height - 1) as f32) {
        return None;
    }
    let i = field.index(x as usize, y as usize);
    let (fx, fy) = (x.fract(), y.fract());
    let m = &field.mask;
    let top = m[i] + (m[i + 1] - m[i]) * fx;
    let bottom = m[i + field.width] + (m[i + field.width + 1] - m[i + field.width]) * fx;
    Some(top + (bottom - top) * fy)
}
