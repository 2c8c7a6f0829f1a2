//! The first steps of refinement, on the network's grid: a weak network gives several cameras that are far off, and its
//! mask and parts tell which one to follow and bring it near.

use super::contour::{self, EdgeKind};
use super::search::mask_end;
use super::PreparedCar;
use crate::net::{Correspondence, CropRect};
use crate::pose::adjust::{Free, LensPrior, LineTerm, PointTerm, Terms, adjust};
use crate::pose::model::CameraModel;
use crate::pose::solve::whiten_field;
use gridvox_car::PhotoCamera;
use gridvox_car::raster::RasterOptions;
use nalgebra::Vector2;

/// Rounds of rendering and adjusting.
const ROUNDS: usize = 4;
/// Search for the mask's end, cells, in the first and in the last round.
const REACH: (f64, f64) = (16.0, 5.0);
/// Scale of the robust weights, cells, in the first and in the last round.
const SCALE: (f64, f64) = (5.0, 1.5);
/// Outline points.
const BUDGET: usize = 1200;

/// Brings the outline near the mask's, with the correspondences.
pub fn align(
    car: &PreparedCar,
    field: &Correspondence,
    start: &CameraModel,
    prior: LensPrior,
    pairs: &[PointTerm],
) -> CameraModel {
    let cell = f64::from(field.cell_px().max_element());
    let mut model = *start;
    let free = Free::PINHOLE;
    for round in 0..ROUNDS {
        let t = round as f64 / (ROUNDS - 1) as f64;
        let at = |ends: (f64, f64)| ends.0 * (ends.1 / ends.0).powf(t) * cell;
        let camera = grid_camera(&model, field, 2.0);
        let buffer = car.scene().render(&camera, RasterOptions::default());
        let outline: Vec<_> = contour::extract(car, &buffer, &camera, BUDGET)
            .into_iter()
            .filter(|point| point.kind == EdgeKind::Silhouette)
            .collect();
        let ends: Vec<_> = outline
            .iter()
            .filter_map(|point| {
                let pixel = model.project(&point.point)?;
                Some((point, pixel, mask_end(field, pixel, point.normal, at(REACH))?))
            })
            .collect();
        for _ in 0..3 {
            let anchor = whiten_field(field, car.bounds(), &model);
            let lines: Vec<LineTerm> = ends
                .iter()
                .filter_map(|(point, pixel, end)| {
                    let moved = (model.project(&point.point)? - pixel).dot(&point.normal);
                    let r = (end - moved) / at(SCALE);
                    Some(LineTerm {
                        point: point.point,
                        pixel: pixel + point.normal * *end,
                        normal: point.normal,
                        inv_sigma: 1.0 / (1.5 * cell),
                        weight: point.trust * 0.5 / (1.0 + r * r).powi(2),
                    })
                })
                .collect();
            let terms = Terms { points: &anchor, lines: &lines, pairs, prior };
            model = adjust(&model, &terms, free, 4).model;
        }
    }
    model
}

/// Mean log likelihood per cell of what the network says, if `model` were the camera: mask, part and coordinates against
/// the rendered car.
pub fn agreement(car: &PreparedCar, field: &Correspondence, model: &CameraModel) -> f64 {
    let camera = grid_camera(model, field, 1.0);
    let buffer = car.scene().render(&camera, RasterOptions::default());
    let (low, high) = car.bounds();
    let (centre, half) = ((low + high) * 0.5, (high - low) * 0.5);
    let (mut sum, mut count) = (0.0f64, 0usize);
    for y in 0..field.height {
        for x in 0..field.width {
            let p = field.photo_px(x, y);
            if p.x < 0.0 || p.y < 0.0 || p.x >= model.width as f32 || p.y >= model.height as f32 {
                continue;
            }
            let i = field.index(x, y);
            let mask = field.mask[i].clamp(0.02, 0.98);
            if buffer.part[i] == 0 {
                if mask > 0.5 {
                    count += 1;
                    sum += f64::from((1.0 - mask).ln()) - 1.0;
                }
                continue;
            }
            count += 1;
            if mask <= 0.5 {
                sum += f64::from(mask.ln()) - 1.0;
                continue;
            }
            let same = car.class(buffer.part[i]) as u8 == field.part[i];
            let sure = field.part_prob[i].clamp(0.05, 0.95);
            sum += 0.5 * f64::from(if same { sure } else { (1.0 - sure) / 8.0 }.ln());
            let seen = (buffer.position[i] - centre) / half;
            let r2 = (seen - field.coords[i]).length_squared() / (3.0 * field.sigma[i].max(0.03).powi(2));
            sum -= 0.5 * f64::from(r2.min(9.0));
        }
    }
    if count == 0 { f64::NEG_INFINITY } else { sum / count as f64 }
}

/// The camera whose pixels are the field's cells, `factor` times as fine.
fn grid_camera(model: &CameraModel, field: &Correspondence, factor: f64) -> PhotoCamera {
    let CropRect { x, y, w, .. } = field.crop;
    let scale = factor * field.width as f64 / f64::from(w);
    let seen = CameraModel {
        focal_px: model.focal_px * scale,
        principal_point: (model.principal_point - Vector2::new(f64::from(x), f64::from(y))) * scale,
        width: (field.width as f64 * factor) as u32,
        height: (field.height as f64 * factor) as u32,
        ..*model
    };
    seen.to_camera()
}
