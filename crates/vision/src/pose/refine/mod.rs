//! The camera to about one texel: the car's own edges are laid on the edges of the photo.
//!
//! From coarse to fine, the car is rendered from the current camera, its edges are taken as points in space, and the photo
//! is searched along each edge's normal. A livery has edges too, and stronger ones, so each point keeps several candidates
//! with soft weights that sharpen as the camera settles (expectation maximisation): livery edges disagree with one another,
//! the car's edges agree. The network's mask guides the outline and its coordinates hold the camera where edges are few.

mod coarse;
mod contour;
mod picture;
mod search;

use super::adjust::{Free, LensPrior, LineTerm, PointTerm, Terms, adjust};
use super::model::CameraModel;
use super::solve::{differ, lens_prior, median, pair_terms, whiten_field, with_focal};
use super::{PoseFailure, PoseHints, PoseSolution, reference_scale};
use crate::net::{Correspondence, CropRect};
use contour::EdgeKind;
use glam::Vec3;
use gridvox_car::raster::{GBuffer, RasterOptions, RasterScene};
use gridvox_car::{CarModel, MaterialKind, PartClass};
use image::RgbImage;
use picture::Picture;
use rayon::prelude::*;
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
    /// Long side of the car's surroundings, pixels.
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
    Level { long_side: 800, rounds: 2, reach: (8.0, 5.0), spread: (3.0, 1.2), budget: 2500 },
    Level { long_side: 1600, rounds: 2, reach: (8.0, 4.0), spread: (3.0, 0.8), budget: 4000 },
];
/// Soft assignment steps per round.
const STEPS: usize = 5;
/// A car whose outline covers less of the network's mask than this is refused.
const LEAST_OVERLAP: f64 = 0.55;
/// Weight of "none of the candidates" against a perfect candidate.
const NONE_OF_THEM: f64 = 0.08;
/// Focal lengths that are tried besides the solved one, at equal size in the picture.
const FOCAL_FACTORS: [f64; 2] = [0.6, 1.7];
/// So many cameras are followed to the first size of the photo.
const FOLLOWED: usize = 3;
/// Free space around the network's crop, as a share of it.
const MARGIN: f32 = 0.06;
/// An EXIF focal length this far, in logarithms, from the solved one was contradicted by the car.
const CONTRADICTION: f64 = 0.2;
/// What a full support by the photo's edges is worth against log likelihood per cell of the network's view.
const SUPPORT_WORTH: f64 = 4.0;

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
    let told = lens_prior(photo.dimensions(), hints);
    let is_believed = (f64::from(start.camera.focal_px).ln() - told.log_focal.0).abs() < CONTRADICTION;
    let prior = if is_believed { told } else { lens_prior(photo.dimensions(), &PoseHints::default()) };
    let pairs = pair_terms(photo.dimensions(), hints);
    let fit = Fit { car, photo, field, prior, pairs: &pairs };
    let (mut model, mut last) = (fit.choose(start), Vec::new());
    for (index, level) in LEVELS.iter().enumerate().skip(1) {
        let free = Free { zoom: true, k1: index + 1 == LEVELS.len(), principal_point: false };
        (model, last) = fit.follow(level, &model, free);
    }
    let overlap = silhouette_iou(car, &model.to_camera(), field);
    if overlap < LEAST_OVERLAP {
        return Err(PoseFailure::PoorOverlap { overlap: (overlap * 100.0) as f32 });
    }
    let (edge_residual_px, edge_support) = edge_score(&last, &model, photo);
    Ok(PoseSolution {
        camera: model.to_camera(),
        alternatives: Vec::new(),
        silhouette_iou: Some(overlap as f32),
        edge_residual_px: Some(edge_residual_px as f32),
        edge_support: Some(edge_support as f32),
        ..start.clone()
    })
}

/// What one photo's refinement works on.
struct Fit<'a> {
    car: &'a PreparedCar,
    photo: &'a RgbImage,
    field: &'a Correspondence,
    prior: LensPrior,
    pairs: &'a [PointTerm],
}

impl Fit<'_> {
    /// The most convincing camera at the first size: the network's view decides which ones are followed, the photo's edges
    /// which one is kept.
    fn choose(&self, start: &PoseSolution) -> CameraModel {
        let centre = (self.car.bounds.0 + self.car.bounds.1) * 0.5;
        let solved = CameraModel::from_camera(&start.camera, centre);
        let others = start.alternatives.iter().map(|camera| CameraModel::from_camera(camera, centre));
        let zoomed = FOCAL_FACTORS.iter().map(|factor| with_focal(&solved, solved.focal_px * factor));
        let starts: Vec<CameraModel> = std::iter::once(solved).chain(others).chain(zoomed).collect();
        let mut ranked: Vec<(f64, CameraModel)> = starts
            .par_iter()
            .map(|start| {
                let near = coarse::align(self.car, self.field, start, self.prior, self.pairs);
                (coarse::agreement(self.car, self.field, &near), near)
            })
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut distinct: Vec<(f64, CameraModel)> = Vec::new();
        for (agreement, model) in ranked {
            if distinct.len() < FOLLOWED && distinct.iter().all(|(_, known)| differ(known, &model)) {
                distinct.push((agreement, model));
            }
        }
        let free = Free { zoom: true, k1: false, principal_point: false };
        let followed = distinct.iter().map(|(_, model)| {
            let (model, matches) = self.follow(&LEVELS[0], model, free);
            let agreement = coarse::agreement(self.car, self.field, &model);
            (agreement + SUPPORT_WORTH * support(&matches, &model), model)
        });
        followed.reduce(|best, next| if next.0 > best.0 { next } else { best }).map_or(solved, |(_, model)| model)
    }

    /// Lays the edges on the photo's at one size.
    fn follow(&self, level: &Level, start: &CameraModel, free: Free) -> (CameraModel, Vec<Match>) {
        let crop = self.field.crop;
        let rect = CropRect {
            x: crop.x - MARGIN * crop.w,
            y: crop.y - MARGIN * crop.h,
            w: crop.w * (1.0 + 2.0 * MARGIN),
            h: crop.h * (1.0 + 2.0 * MARGIN),
        };
        let picture = Picture::new(self.photo, rect, level.long_side);
        let pixel_px = 1.0 / picture.scale.x;
        let at = |ends: (f64, f64), step: usize, of: usize| {
            ends.0 * (ends.1 / ends.0).powf(step as f64 / (of.max(2) - 1) as f64) * pixel_px
        };
        let (mut model, mut matches) = (*start, Vec::new());
        for round in 0..level.rounds {
            let camera = picture.camera(&model);
            let buffer = self.car.scene.render(&camera, RasterOptions::default());
            let contour = contour::extract(self.car, &buffer, &camera, level.budget);
            matches = search(&contour, &model, &picture, self.field, at(level.reach, round, level.rounds));
            let anchor = whiten_field(self.field, self.car.bounds, &model);
            for step in 0..STEPS {
                let spread = at(level.spread, round * STEPS + step, level.rounds * STEPS);
                let lines = assign(&matches, &model, spread, pixel_px, self.field);
                let terms = Terms { points: &anchor, lines: &lines, pairs: self.pairs, prior: self.prior };
                model = adjust(&model, &terms, free, 3).model;
            }
        }
        (model, matches)
    }
}

/// How well the photo's edges support the camera, 0..1: the mean strength of each edge point's nearest candidate.
fn support(matches: &[Match], model: &CameraModel) -> f64 {
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
