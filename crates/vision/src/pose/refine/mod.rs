//! The camera to about one texel: the car's own edges are laid on the edges of the photo.
//!
//! From coarse to fine, the car is rendered from the current camera, its edges are taken as points in space, and the photo
//! is searched along each edge's normal. A livery has edges too, and stronger ones, so each point keeps several candidates
//! with soft weights that sharpen as the camera settles (expectation maximisation): livery edges disagree with one another,
//! the car's edges agree. The network's mask guides the outline and its coordinates hold the camera where edges are few.

mod candidates;
mod coarse;
mod contour;
mod drift;
mod evidence;
mod picture;
mod search;

use super::adjust::{Free, Information, LensPrior, LineTerm, PointTerm, Terms, adjust};
use super::model::CameraModel;
use super::solve::{lens_prior, whiten_field};
use super::{LEAST_SUPPORT, reference_scale, PoseFailure, PoseHints, PoseSolution, hand, solve};
pub use drift::EdgeEvidence;
pub use evidence::silhouette_iou;
use evidence::{edge_score, kind_weight, support};
use crate::net::{Correspondence, CropRect};
use glam::Vec3;
use gridvox_car::raster::{RasterOptions, RasterScene};
use gridvox_car::{CarModel, MaterialKind, PartClass};
use image::RgbImage;
use crate::timed::timed;
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
    /// Weight of the network's places, which err together, against what independent points would have.
    anchor: f64,
    /// Weight of the network's mask for the outline against a perfect edge.
    guide: f64,
}

const LEVELS: [Level; 3] = [
    Level { long_side: 400, rounds: 3, reach: (12.0, 6.0), spread: (6.0, 1.5), budget: 1500, anchor: 0.1, guide: 0.2 },
    Level { long_side: 800, rounds: 2, reach: (8.0, 5.0), spread: (3.0, 1.2), budget: 2500, anchor: 0.1, guide: 0.1 },
    Level { long_side: 1600, rounds: 2, reach: (8.0, 4.0), spread: (3.0, 0.8), budget: 4000, anchor: 0.1, guide: 0.1 },
];
/// Soft assignment steps per round.
const STEPS: usize = 5;
/// A car whose outline covers less of the network's mask than this is refused.
const LEAST_OVERLAP: f64 = 0.55;
/// How much a free principal point must add to the support to be believed.
const CROPPED_GAIN: f64 = 0.02;
/// Weight of "none of the candidates" against a perfect candidate.
const NONE_OF_THEM: f64 = 0.08;
/// Free space around the network's crop, as a share of it.
const MARGIN: f32 = 0.06;
/// An EXIF focal length this far, in logarithms, from the solved one was contradicted by the car.
const CONTRADICTION: f64 = 0.2;

/// Moves a solved camera until the car's edges lie on the photo's.
///
/// `photo` is the upright photo that `start` was solved for. A camera that points marked by hand gave is kept as it is,
/// with a support of 0, where the photo's edges do not lead to one that keeps to the points.
///
/// # Errors
/// Refuses a camera that the photo's edges do not support or from which the car does not cover what the network takes for
/// the car, and points by hand that contradict what the photo shows.
pub fn refine(
    car: &PreparedCar,
    photo: &RgbImage,
    field: &Correspondence,
    start: &PoseSolution,
    hints: &PoseHints,
) -> Result<PoseSolution, PoseFailure> {
    let pairs = &hints.point_pairs;
    if start.by_hand {
        return refine_by_hand(car, photo, start, hints);
    }
    let refined = lay(car, photo, field, start, hints);
    if pairs.is_empty() || refined.as_ref().is_ok_and(|found| hand::keeps_to(&found.camera, pairs)) {
        return refined;
    }
    if pairs.len() >= hand::ENOUGH_PAIRS {
        let camera = hand::camera(car.bounds, photo.dimensions(), hints)?.model.to_camera();
        let contradicting = refined.into_iter().map(|found| found.camera).collect();
        let start = PoseSolution { camera, by_hand: true, alternatives: contradicting, ..start.clone() };
        return refine_by_hand(car, photo, &start, hints);
    }
    let plain = PoseHints { point_pairs: Vec::new(), ..hints.clone() };
    let alone = solve(field, car.bounds, photo.dimensions(), &plain).and_then(|start| lay(car, photo, field, &start, &plain));
    match alone {
        Ok(alone) if hand::keeps_to(&alone.camera, pairs) => Ok(alone),
        Ok(alone) => Err(hand::astray(&alone.camera, pairs)),
        Err(_) => Err(refined.map_or_else(|failure| failure, |found| hand::astray(&found.camera, pairs))),
    }
}

/// The camera of points by hand, with what it shows of the car in the network's place.
fn refine_by_hand(
    car: &PreparedCar,
    photo: &RgbImage,
    start: &PoseSolution,
    hints: &PoseHints,
) -> Result<PoseSolution, PoseFailure> {
    let pairs = &hints.point_pairs;
    let expected = hand::expected(car, &start.camera);
    let own = PoseSolution { alternatives: Vec::new(), ..start.clone() };
    match (lay(car, photo, &expected, &own, hints), start.alternatives.first()) {
        (Ok(found), _) if hand::keeps_to(&found.camera, pairs) => Ok(PoseSolution { silhouette_iou: None, ..found }),
        // Few points can be made to fit a wrong camera, and here both network and edges speak against it.
        (_, Some(seen)) if pairs.len() < hand::SURE_PAIRS => Err(hand::astray(seen, pairs)),
        _ => Ok(PoseSolution { support: Some(0.0), ..own }),
    }
}

/// Lays the car's edges on the photo's, from a camera nearby.
fn lay(
    car: &PreparedCar,
    photo: &RgbImage,
    field: &Correspondence,
    start: &PoseSolution,
    hints: &PoseHints,
) -> Result<PoseSolution, PoseFailure> {
    let told = lens_prior(photo.dimensions(), hints);
    let is_believed = (f64::from(start.camera.focal_px).ln() - told.log_focal.0).abs() < CONTRADICTION;
    let prior = if is_believed { told } else { lens_prior(photo.dimensions(), &PoseHints::default()) };
    let pairs = hand::terms(photo.dimensions(), &hints.point_pairs);
    let fit = Fit { car, photo, field, outline_known: !start.by_hand, prior, pairs: &pairs };
    let chosen = {
        timed!("choose");
        candidates::choose(&fit, start)
    };
    let mut free = Free::PINHOLE;
    let fine = &LEVELS[1];
    let picture = fit.picture(fine.long_side);
    let (mut model, held, _) = fit.follow(fine, &picture, &chosen[0].0, free);
    if hints.exif_focal_35mm.is_none() {
        // A cropped photo has its optical axis anywhere; photos that are whole gain nothing.
        let loose = Free { principal_point: true, ..free };
        let (moved, after, _) = fit.follow(fine, &picture, &model, loose);
        if support(&after, &moved) > support(&held, &model) + CROPPED_GAIN {
            (model, free) = (moved, loose);
        }
    }
    timed!("finest");
    let finest = &LEVELS[2];
    free.k1 = true;
    let picture = fit.picture(finest.long_side);
    let (model, last, information) = fit.follow(finest, &picture, &model, free);
    let support = support(&last, &model);
    if support < f64::from(LEAST_SUPPORT) {
        return Err(PoseFailure::NoEdges { support: (support * 100.0) as f32 });
    }
    let overlap = silhouette_iou(car, &model.to_camera(), field);
    if overlap < LEAST_OVERLAP {
        return Err(PoseFailure::PoorOverlap { overlap: (overlap * 100.0) as f32 });
    }
    let (edge_residual_px, edge_support) = edge_score(&last, &model, photo);
    let evidence = fit.evidence(&picture, &model, Some(information));
    Ok(PoseSolution {
        camera: model.to_camera(),
        alternatives: Vec::new(),
        followed: chosen.into_iter().map(|(_, followed)| followed).collect(),
        silhouette_iou: Some(overlap as f32),
        support: Some(support as f32),
        edge_residual_px: Some(edge_residual_px as f32),
        edge_support: Some(edge_support as f32),
        evidence: Some(evidence),
        ..start.clone()
    })
}

/// A camera as it is, with what the photo's edges and the network's places say about it.
pub fn weighed(car: &PreparedCar, photo: &RgbImage, field: &Correspondence, start: PoseSolution) -> PoseSolution {
    let prior = lens_prior(photo.dimensions(), &PoseHints::default());
    let fit = Fit { car, photo, field, outline_known: !start.by_hand, prior, pairs: &[] };
    let model = CameraModel::from_camera(&start.camera, fit.centre());
    let evidence = fit.evidence(&fit.picture(LEVELS[2].long_side), &model, None);
    PoseSolution { evidence: Some(evidence), ..start }
}

/// What one photo's refinement works on.
struct Fit<'a> {
    car: &'a PreparedCar,
    photo: &'a RgbImage,
    field: &'a Correspondence,
    /// Whether the field's mask is a sight of the photo, or only where points by hand would put the car.
    outline_known: bool,
    prior: LensPrior,
    pairs: &'a [PointTerm],
}

impl Fit<'_> {
    /// What the rotation turns about.
    fn centre(&self) -> Vec3 {
        (self.car.bounds.0 + self.car.bounds.1) * 0.5
    }

    /// The car's surroundings at a size.
    fn picture(&self, long_side: u32) -> Picture {
        let crop = self.field.crop;
        let rect = CropRect {
            x: crop.x - MARGIN * crop.w,
            y: crop.y - MARGIN * crop.h,
            w: crop.w * (1.0 + 2.0 * MARGIN),
            h: crop.h * (1.0 + 2.0 * MARGIN),
        };
        Picture::new(self.photo, rect, long_side)
    }

    /// What the photo shows along the car's edges.
    fn matches(&self, level: &Level, picture: &Picture, model: &CameraModel, reach_px: f64) -> Vec<Match> {
        let camera = picture.camera(model);
        let buffer = self.car.scene.render(&camera, RasterOptions::default());
        let contour = contour::extract(self.car, &buffer, &camera, level.budget);
        search(&contour, model, picture, self.outline_known.then_some(self.field), reach_px)
    }

    /// How far off the camera may be; without the normal equations that it came from, those of the edges nearby.
    fn evidence(&self, picture: &Picture, model: &CameraModel, information: Option<Information>) -> EdgeEvidence {
        timed!("evidence");
        let finest = &LEVELS[2];
        let unit = reference_scale(self.photo.width(), self.photo.height());
        let wide = self.matches(finest, picture, model, drift::REACH_PX * unit);
        let information = information.unwrap_or_else(|| {
            let pixel_px = 1.0 / picture.scale.x;
            let lines = assign(&wide, model, finest.spread.1 * pixel_px, pixel_px, self.field, finest.guide);
            let terms = Terms { points: &[], lines: &lines, pairs: self.pairs, prior: self.prior };
            adjust(model, &terms, Free::PINHOLE, 0).information
        });
        drift::weigh(&wide, model, &information, &whiten_field(self.field, self.car.bounds, model), unit)
    }

    /// Lays the edges on the photo's at one size: the camera, what the last search found, and the last normal equations.
    fn follow(
        &self,
        level: &Level,
        picture: &Picture,
        start: &CameraModel,
        free: Free,
    ) -> (CameraModel, Vec<Match>, Information) {
        let pixel_px = 1.0 / picture.scale.x;
        let at = |ends: (f64, f64), step: usize, of: usize| {
            ends.0 * (ends.1 / ends.0).powf(step as f64 / (of.max(2) - 1) as f64) * pixel_px
        };
        let (mut model, mut matches, mut information) = (*start, Vec::new(), Information::identity());
        for round in 0..level.rounds {
            matches = self.matches(level, picture, &model, at(level.reach, round, level.rounds));
            let mut anchor = whiten_field(self.field, self.car.bounds, &model);
            for term in &mut anchor {
                term.weight *= level.anchor;
            }
            for step in 0..STEPS {
                let spread = at(level.spread, round * STEPS + step, level.rounds * STEPS);
                let lines = assign(&matches, &model, spread, pixel_px, self.field, level.guide);
                let terms = Terms { points: &anchor, lines: &lines, pairs: self.pairs, prior: self.prior };
                let adjusted = adjust(&model, &terms, free, 3);
                (model, information) = (adjusted.model, adjusted.information);
            }
        }
        (model, matches, information)
    }
}

/// The candidates as least squares terms, weighted by how likely each is under the current camera.
fn assign(matches: &[Match], model: &CameraModel, spread_px: f64, pixel_px: f64, field: &Correspondence, guide: f64) -> Vec<LineTerm> {
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
            add(end, cell, trust * guide / (1.0 + r * r));
        }
    }
    lines
}

#[cfg(test)]
mod tests;
