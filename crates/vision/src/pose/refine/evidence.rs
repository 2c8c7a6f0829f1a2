//! What speaks for a camera: how many of the car's edges lie on edges of the photo, and how the outline covers the mask.

use super::PreparedCar;
use super::contour::EdgeKind;
use super::search::Match;
use crate::net::Correspondence;
use crate::pose::model::CameraModel;
use crate::pose::reference_scale;
use crate::pose::solve::median;
use gridvox_car::raster::{GBuffer, RasterOptions};
use image::RgbImage;

/// How well the photo's edges support the camera, 0..1: the mean strength of each edge point's nearest candidate.
pub fn support(matches: &[Match], model: &CameraModel) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for m in matches {
        let Some(now) = model.project(&m.contour.point) else { continue };
        let moved = (now - m.pixel).dot(&m.contour.normal);
        let spread = 1.5 * m.pixel_px;
        let best = m.candidates.iter().map(|c| c.weight * (-0.5 * ((c.offset_px - moved) / spread).powi(2)).exp());
        let worth = m.contour.trust * kind_weight(m.contour.kind);
        sum += worth * best.fold(0.0, f64::max);
        total += worth;
    }
    sum / f64::max(total, 1e-9)
}

/// How much an edge counts by its kind.
pub fn kind_weight(kind: EdgeKind) -> f64 {
    match kind {
        EdgeKind::Silhouette => 1.0,
        EdgeKind::Occlusion | EdgeKind::Material => 0.8,
        EdgeKind::Seam => 0.6,
        EdgeKind::Crease => 0.15,
    }
}

/// Median distance of the car's edges from their best photo edge, pixels at 1600, and the share that has one within 3.
pub fn edge_score(matches: &[Match], model: &CameraModel, photo: &RgbImage) -> (f64, f64) {
    let unit = reference_scale(photo.width(), photo.height());
    let mut distances: Vec<f64> = matches
        .iter()
        .filter(|m| m.contour.kind != EdgeKind::Crease)
        .filter_map(|m| {
            let moved = (model.project(&m.contour.point)? - m.pixel).dot(&m.contour.normal);
            let near = m.candidates.iter().filter(|c| c.weight > 0.1).map(|c| (c.offset_px - moved).abs() / unit);
            Some(near.fold(f64::INFINITY, f64::min))
        })
        .collect();
    let total = distances.len().max(1) as f64;
    distances.retain(|&d| d < 3.0);
    let support = distances.len() as f64 / total;
    (median(&mut distances), support)
}

/// Intersection over union of the car's outline and the network's car mask, inside the photo, 0..1.
pub fn silhouette_iou(car: &PreparedCar, camera: &gridvox_car::PhotoCamera, field: &Correspondence) -> f64 {
    let long_side = 400.0f32.min(camera.width.max(camera.height) as f32);
    let ratio = long_side / camera.width.max(camera.height) as f32;
    let size = |v: u32| ((v as f32 * ratio).round() as u32).max(1);
    let small = camera.scaled_to(size(camera.width), size(camera.height));
    let buffer: GBuffer = car.scene.render(&small, RasterOptions::visibility());
    let (sx, sy) = (small.width as f32 / camera.width as f32, small.height as f32 / camera.height as f32);
    let (mut both, mut either) = (0usize, 0usize);
    for y in 0..field.height {
        for x in 0..field.width {
            let p = field.photo_px(x, y);
            let (px, py) = ((p.x * sx).floor(), (p.y * sy).floor());
            if px < 0.0 || py < 0.0 || px >= small.width as f32 || py >= small.height as f32 {
                continue;
            }
            let car = buffer.part[py as usize * small.width as usize + px as usize] != 0;
            let mask = field.mask[field.index(x, y)] > 0.5;
            both += usize::from(car && mask);
            either += usize::from(car || mask);
        }
    }
    both as f64 / either.max(1) as f64
}
