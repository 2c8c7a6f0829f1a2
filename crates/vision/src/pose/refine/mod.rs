//! The camera to about one texel: the car's own edges are laid on the edges of the photo.
//!
//! From coarse to fine, the car is rendered from the current camera, its edges are taken as points in space, and the photo
//! is searched along each edge's normal. A livery has edges too, and stronger ones, so each point keeps several candidates
//! with soft weights that sharpen as the camera settles (expectation maximisation): livery edges disagree with one another,
//! the car's edges agree. The network's mask guides the outline and its coordinates hold the camera where edges are few.

mod contour;
mod picture;
mod search;

use super::adjust::{Free, LineTerm, Terms, adjust};
use super::model::CameraModel;
use super::solve::{lens_prior, median, point_terms};
use super::{PoseFailure, PoseHints, PoseSolution, reference_scale};
use crate::net::Correspondence;
use contour::EdgeKind;
use glam::Vec3;
use gridvox_car::raster::{GBuffer, RasterOptions, RasterScene};
use gridvox_car::{CarModel, MaterialKind, PartClass};
use image::RgbImage;
use picture::Picture;
use search::{Match, search};

/// A car prepared for laying its edges on photos.
#[derive(Debug, Clone)]
pub struct PreparedCar {
    scene: RasterScene,
    bounds: (Vec3, Vec3),
    /// By part index.
    kinds: Vec<MaterialKind>,
    classes: Vec<PartClass>,
}

impl PreparedCar {
    /// Flattens a car.
    pub fn new(model: &CarModel) -> Self {
        Self {
            scene: RasterScene::new(model),
            bounds: model.bounds(),
            kinds: model.parts.iter().map(|part| model.materials[part.material].kind).collect(),
            classes: model.parts.iter().map(|part| part.class).collect(),
        }
    }

    /// Smallest and largest corner, metres.
    pub fn bounds(&self) -> (Vec3, Vec3) {
        self.bounds
    }

    /// The rasteriser's view of the car.
    pub fn scene(&self) -> &RasterScene {
        &self.scene
    }

    /// Class of a part by its G-buffer id, which is not 0.
    pub(super) fn class(&self, id: u16) -> PartClass {
        self.classes[id as usize - 1]
    }

    /// Material of a part by its G-buffer id, which is not 0.
    pub(super) fn kind(&self, id: u16) -> MaterialKind {
        self.kinds[id as usize - 1]
    }
}

/// One size of the photo to work at.
struct Level {
    /// Long side, pixels.
    long_side: u32,
    /// How often the car is rendered anew.
    rounds: usize,
    /// Search on both sides, level pixels, in the first and in the last round.
    reach: (f64, f64),
    /// Spread of the soft weights, level pixels, in the first and in the last step.
    spread: (f64, f64),
    /// Edge points.
    budget: usize,
}

const LEVELS: [Level; 3] = [
    Level { long_side: 400, rounds: 3, reach: (12.0, 6.0), spread: (6.0, 1.5), budget: 1500 },
    Level { long_side: 800, rounds: 2, reach: (8.0, 5.0), spread: (3.0, 1.2), budget: 3000 },
    Level { long_side: 1600, rounds: 3, reach: (8.0, 4.0), spread: (3.0, 0.8), budget: 5000 },
];
/// Soft assignment steps per round.
const STEPS: usize = 5;
/// A car whose outline covers less of the network's mask than this is refused.
const LEAST_OVERLAP: f64 = 0.55;
/// Weight of "none of the candidates" against a perfect candidate.
const NONE_OF_THEM: f64 = 0.08;

/// Moves a solved camera until the car's edges lie on the photo's.
///
/// `photo` is the upright photo that `start` was solved for.
///
/// # Errors
/// Refuses a camera from which the car does not cover what the network takes for the car.
pub fn refine(
    car: &PreparedCar,
    photo: &RgbImage,
    field: &Correspondence,
    start: &PoseSolution,
    hints: &PoseHints,
) -> Result<PoseSolution, PoseFailure> {
    let centre = (car.bounds.0 + car.bounds.1) * 0.5;
    let first = CameraModel::from_camera(&start.camera, centre);
    let anchor = point_terms(field, car.bounds, &first);
    let prior = lens_prior(photo.dimensions(), hints);
    let mut model = first;
    let mut last = Vec::new();
    for (index, level) in LEVELS.iter().enumerate() {
        let picture = Picture::new(photo, level.long_side);
        let fine = index + 1 == LEVELS.len();
        let free = Free { zoom: true, k1: fine, principal_point: false };
        for round in 0..level.rounds {
            let at = |ends: (f64, f64), step: usize, of: usize| {
                let t = step as f64 / (of.max(2) - 1) as f64;
                ends.0 * (ends.1 / ends.0).powf(t)
            };
            let reach_px = at(level.reach, round, level.rounds) / picture.scale.x;
            let matches = matched(car, &model, &picture, field, reach_px, level.budget);
            for step in 0..STEPS {
                let spread = at(level.spread, round * STEPS + step, level.rounds * STEPS) / picture.scale.x;
                let lines = assign(&matches, &model, spread, 1.0 / picture.scale.x, field);
                let terms = Terms { points: &anchor, lines: &lines, pairs: &[], prior };
                model = adjust(&model, &terms, free, 3).model;
            }
            last = matches;
        }
    }
    let overlap = silhouette_iou(car, &model.to_camera(), field);
    if overlap < LEAST_OVERLAP {
        return Err(PoseFailure::PoorOverlap { overlap: (overlap * 100.0) as f32 });
    }
    let (edge_residual_px, edge_support) = edge_score(&last, &model, photo);
    Ok(PoseSolution {
        camera: model.to_camera(),
        silhouette_iou: Some(overlap as f32),
        edge_residual_px: Some(edge_residual_px as f32),
        edge_support: Some(edge_support as f32),
        ..start.clone()
    })
}

fn matched(
    car: &PreparedCar,
    model: &CameraModel,
    picture: &Picture,
    field: &Correspondence,
    reach_px: f64,
    budget: usize,
) -> Vec<Match> {
    let camera = model.scaled_to(picture.width as u32, picture.height as u32).to_camera();
    let buffer = car.scene.render(&camera, RasterOptions::default());
    search(&contour::extract(car, &buffer, &camera, budget), model, picture, field, reach_px)
}

/// The candidates as least squares terms, weighted by how likely each is under the current camera.
fn assign(matches: &[Match], model: &CameraModel, spread_px: f64, pixel_px: f64, field: &Correspondence) -> Vec<LineTerm> {
    let cell = f64::from(field.cell_px().max_element());
    let mut lines = Vec::with_capacity(matches.len() * 2);
    for m in matches {
        let Some(now) = model.project(&m.contour.point) else { continue };
        let moved = (now - m.pixel).dot(&m.contour.normal);
        let likelihood = |c: &search::Candidate| {
            let r = (c.offset_px - moved) / spread_px;
            c.weight * (-0.5 * r * r).exp()
        };
        let sum: f64 = NONE_OF_THEM + m.candidates.iter().map(likelihood).sum::<f64>();
        let trust = m.contour.trust * kind_weight(m.contour.kind);
        let mut add = |offset: f64, sigma: f64, weight: f64| {
            if weight > 0.01 {
                lines.push(LineTerm {
                    point: m.contour.point,
                    pixel: m.pixel + m.contour.normal * offset,
                    normal: m.contour.normal,
                    inv_sigma: 1.0 / sigma,
                    weight,
                });
            }
        };
        for c in &m.candidates {
            add(c.offset_px, spread_px.max(pixel_px), trust * likelihood(c) / sum);
        }
        if let Some(end) = m.mask_offset_px {
            let r = (end - moved) / (2.0 * cell);
            add(end, cell, trust * 0.5 / (1.0 + r * r));
        }
    }
    lines
}

fn kind_weight(kind: EdgeKind) -> f64 {
    match kind {
        EdgeKind::Silhouette => 1.0,
        EdgeKind::Occlusion | EdgeKind::Material => 0.8,
        EdgeKind::Seam => 0.6,
        EdgeKind::Crease => 0.15,
    }
}

/// Median distance of the car's edges from their best photo edge, pixels at 1600, and the share that has one within 3.
fn edge_score(matches: &[Match], model: &CameraModel, photo: &RgbImage) -> (f64, f64) {
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


#[cfg(test)]
mod tests;
