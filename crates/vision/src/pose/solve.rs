//! The camera from correspondences alone: RANSAC over focal lengths, local optimisation, robust least squares.

use super::adjust::{Adjusted, Free, LensPrior, PointTerm, Terms, adjust};
use super::model::{CameraModel, vector};
use super::{PoseFailure, PoseHints, PoseSolution, hand, p3p, reference_scale};
use crate::net::Correspondence;
use glam::Vec3;
use nalgebra::{Vector2, Vector3};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// 35 mm equivalents that hypotheses start from: from a phone's wide angle to a tele lens behind the fence.
const FOCALS_35MM: [f64; 12] = [15.0, 21.0, 29.0, 40.0, 55.0, 76.0, 105.0, 145.0, 200.0, 280.0, 400.0, 600.0];
/// Diagonal of a 35 mm frame in millimetres: EXIF's equivalent focal lengths refer to it.
const DIAGONAL_35MM: f64 = 43.267;
/// Belief without EXIF: most photos of race cars lie between 25 and 250 mm.
const FOCAL_BELIEF_35MM: (f64, f64) = (80.0, 1.1);
/// EXIF rounds to millimetres, and phones crop a little when they stabilise.
const EXIF_SIGMA: f64 = 0.05;
/// EXIF is believed while it costs at most this factor in agreement.
const EXIF_TOLERANCE: f64 = 1.1;
/// Fewer certain pixels than this do not make a car.
const LEAST_SAMPLES: usize = 60;
/// Neighbouring pixels err together; so many independent points are all of them worth.
const EFFECTIVE_POINTS: f64 = 160.0;
/// Correspondences within this distance on the car agree with a camera ...
const AGREE_M: f64 = 0.15;
/// ... or within so many of their own standard deviations, up to a limit: an unsure network is believed less, not refused.
const AGREE_SIGMAS: f64 = 2.5;
const AGREE_AT_MOST_M: f64 = 0.6;
/// Share of agreeing correspondences below which the car is refused.
const LEAST_AGREEING: f64 = 0.45;
const DRAWS: usize = 90;
const KEPT_HYPOTHESES: usize = 12;
/// Other cameras that explain the correspondences nearly as well, for refinement to choose from.
const OTHERS: usize = 3;
/// They may cost this factor more than the best.
const OTHERS_COST: f64 = 1.6;

/// One usable pixel of the network's output.
#[derive(Debug, Clone, Copy)]
struct Sample {
    point: Vector3<f64>,
    pixel: Vector2<f64>,
    sigma_m: f64,
    weight: f64,
}

/// Finds the photo's camera from the network's correspondences.
///
/// `bounds` are the car's smallest and largest corner in metres, `photo_size` is width and height in pixels.
///
/// # Errors
/// Says in one sentence why there is no camera: no car, too little of it, another car, two cars, or points by hand that
/// contradict each other or the photo.
pub fn solve(
    field: &Correspondence,
    bounds: (Vec3, Vec3),
    photo_size: (u32, u32),
    hints: &PoseHints,
) -> Result<PoseSolution, PoseFailure> {
    let scene = Scene::new(field, bounds, photo_size, hints);
    let pairs = &hints.point_pairs;
    if pairs.is_empty() {
        return scene.solve(field);
    }
    let alone = || {
        let hints = PoseHints { point_pairs: Vec::new(), ..hints.clone() };
        Scene::new(field, bounds, photo_size, &hints).solve(field)
    };
    if pairs.len() >= hand::ENOUGH_PAIRS {
        let marked = hand::camera(bounds, photo_size, hints).map_err(|failure| match (failure, alone()) {
            (PoseFailure::PointsApart { .. }, Ok(seen)) => hand::astray(&seen.camera, pairs),
            (failure, _) => failure,
        })?;
        let joint = scene.near(&marked.model);
        if joint.share >= LEAST_AGREEING && hand::keeps_to(&joint.adjusted.model.to_camera(), pairs) {
            return Ok(scene.solution(&joint));
        }
        let contradicting = alone().ok().map(|solution| solution.camera);
        let found = scene.judge(&scene.samples, marked, Vec::new());
        let alternatives = contradicting.into_iter().collect();
        return Ok(PoseSolution { by_hand: true, alternatives, ..scene.solution(&found) });
    }
    let joint = scene.solve(field);
    if joint.as_ref().is_ok_and(|solution| hand::keeps_to(&solution.camera, pairs)) {
        return joint;
    }
    match alone() {
        Ok(solution) if hand::keeps_to(&solution.camera, pairs) => Ok(solution),
        Ok(solution) => Err(hand::astray(&solution.camera, pairs)),
        Err(failure) => Err(failure),
    }
}

/// The correspondences as terms for least squares around `model`: thinned, whitened and weighted so that all of them
/// together count as `EFFECTIVE_POINTS` independent points.
pub(super) fn whiten_field(field: &Correspondence, bounds: (Vec3, Vec3), model: &CameraModel) -> Vec<PointTerm> {
    whiten(&thin(&samples(field, bounds), 800), model)
}

/// As [`whiten_field`] with few points, for a quick look.
pub(super) fn whiten_thinly(field: &Correspondence, bounds: (Vec3, Vec3), model: &CameraModel) -> Vec<PointTerm> {
    whiten(&thin(&samples(field, bounds), 200), model)
}

/// `model` shifted, without turning or zooming, to where the correspondences put the car.
pub(super) fn settled(field: &[PointTerm], model: &CameraModel, prior: LensPrior) -> CameraModel {
    let shift = Free { rotation: false, zoom: false, ..Free::PINHOLE };
    adjust(model, &Terms { points: field, lines: &[], pairs: &[], prior }, shift, 8).model
}

/// Belief about the lens for this photo size and these hints.
pub(super) fn lens_prior(photo_size: (u32, u32), hints: &PoseHints) -> LensPrior {
    let diagonal = f64::from(photo_size.0).hypot(f64::from(photo_size.1));
    let (focal, sigma) = match hints.exif_focal_35mm {
        Some(f) if (5.0..=2000.0).contains(&f) => (f64::from(f), EXIF_SIGMA),
        _ => FOCAL_BELIEF_35MM,
    };
    LensPrior {
        log_focal: ((focal / DIAGONAL_35MM * diagonal).ln(), sigma),
        k1_sigma: 0.03,
        principal_sigma_px: 0.02 * diagonal,
    }
}

/// A 35 mm equivalent focal length in pixels of a photo.
pub(super) fn focal_px_of(focal_35mm: f64, photo_size: (u32, u32)) -> f64 {
    focal_35mm / DIAGONAL_35MM * f64::from(photo_size.0).hypot(f64::from(photo_size.1))
}

fn samples(field: &Correspondence, bounds: (Vec3, Vec3)) -> Vec<Sample> {
    let centre = vector(((bounds.0 + bounds.1) * 0.5).as_dvec3());
    let half = vector(((bounds.1 - bounds.0) * 0.5).as_dvec3());
    let metres = half.norm() / 3f64.sqrt();
    let mut all = Vec::new();
    for y in 0..field.height {
        for x in 0..field.width {
            let i = field.index(x, y);
            let (mask, sigma) = (f64::from(field.mask[i]), f64::from(field.sigma[i]));
            let coords = field.coords[i];
            if mask < 0.5 || !sigma.is_finite() || !(coords.abs().max_element() <= 1.3) {
                continue;
            }
            let pixel = field.photo_px(x, y);
            all.push(Sample {
                point: centre + vector(coords.as_dvec3()).component_mul(&half),
                pixel: Vector2::new(f64::from(pixel.x), f64::from(pixel.y)),
                sigma_m: (sigma * metres).clamp(0.005, 1.0),
                weight: mask * mask,
            });
        }
    }
    all
}

/// At most `count` samples, evenly taken.
fn thin(samples: &[Sample], count: usize) -> Vec<Sample> {
    let step = (samples.len() as f64 / count as f64).max(1.0);
    (0..samples.len().min(count)).map(|i| samples[((i as f64 * step) as usize).min(samples.len() - 1)]).collect()
}

fn whiten(samples: &[Sample], model: &CameraModel) -> Vec<PointTerm> {
    let total: f64 = samples.iter().map(|s| s.weight).sum();
    let scale = (EFFECTIVE_POINTS / total.max(1e-9)).min(1.0);
    samples
        .iter()
        .map(|s| PointTerm {
            point: s.point,
            pixel: s.pixel,
            inv_sigma: 1.0 / (s.sigma_m * model.magnification()).max(1e-3),
            weight: s.weight * scale,
        })
        .collect()
}

impl Sample {
    /// The same place on the car's other side.
    fn mirrored(self, centre: &Vector3<f64>) -> Self {
        Self { point: Vector3::new(2.0 * centre.x - self.point.x, self.point.y, self.point.z), ..self }
    }

    /// How far the camera's prediction may lie off.
    fn agree_m(&self) -> f64 {
        (AGREE_SIGMAS * self.sigma_m).clamp(AGREE_M, AGREE_AT_MOST_M)
    }

    /// Distance of the camera's prediction from the pixel, as metres on the car.
    fn distance_m(&self, model: &CameraModel) -> f64 {
        model.project(&self.point).map_or(f64::INFINITY, |p| (p - self.pixel).norm() / model.magnification())
    }
}

struct Scene<'a> {
    samples: Vec<Sample>,
    pairs: Vec<PointTerm>,
    centre: Vector3<f64>,
    half: Vector3<f64>,
    photo_size: (u32, u32),
    hints: &'a PoseHints,
}

struct Found {
    adjusted: Adjusted,
    others: Vec<CameraModel>,
    share: f64,
    rms_px: f64,
}

impl<'a> Scene<'a> {
    fn new(field: &Correspondence, bounds: (Vec3, Vec3), photo_size: (u32, u32), hints: &'a PoseHints) -> Self {
        Self {
            samples: samples(field, bounds),
            pairs: hand::terms(photo_size, &hints.point_pairs),
            centre: vector(((bounds.0 + bounds.1) * 0.5).as_dvec3()),
            half: vector(((bounds.1 - bounds.0) * 0.5).as_dvec3()),
            photo_size,
            hints,
        }
    }

    fn require_enough(&self, field: &Correspondence) -> Result<(), PoseFailure> {
        let under_mask = field.mask.iter().filter(|&&m| m > 0.5).count();
        let photo_px = f64::from(self.photo_size.0) * f64::from(self.photo_size.1);
        let cell = field.cell_px();
        let share = 100.0 * under_mask as f64 * f64::from(cell.x * cell.y) / photo_px.max(1.0);
        if under_mask < LEAST_SAMPLES / 2 || share < 0.3 {
            return Err(PoseFailure::NoCar { share: share as f32 });
        }
        if self.samples.len() < LEAST_SAMPLES {
            return Err(PoseFailure::TooFewCorrespondences { found: self.samples.len(), needed: LEAST_SAMPLES });
        }
        Ok(())
    }

    /// The camera that explains the correspondences best, from either side of the car.
    fn solve(&self, field: &Correspondence) -> Result<PoseSolution, PoseFailure> {
        self.require_enough(field)?;
        let seed = self.hints.seed;
        let pairs = &self.hints.point_pairs;
        let mut best = self.search(&self.samples, seed);
        let mut is_swapped = false;
        let share_of = |found: &Option<Found>| found.as_ref().map_or(0.0, |found| found.share);
        let misses = |found: &Option<Found>| found.as_ref().is_some_and(|f| !hand::keeps_to(&f.adjusted.model.to_camera(), pairs));
        if share_of(&best) < 0.75 || misses(&best) {
            // Cars are symmetric: a network that takes one side for the other sees the mirror image of what is there.
            let swapped: Vec<Sample> = self.samples.iter().map(|s| s.mirrored(&self.centre)).collect();
            let other = self.search(&swapped, seed);
            if share_of(&other) > share_of(&best) + 0.15 || (misses(&best) && !misses(&other)) {
                best = other;
                is_swapped = true;
            }
        }
        let share = share_of(&best);
        let Some(found) = best.filter(|found| found.share >= LEAST_AGREEING) else {
            return Err(PoseFailure::NotThisCar { agreeing: (share * 100.0) as f32 });
        };
        if pairs.is_empty() && !is_swapped && self.has_second_car(&found, seed) {
            return Err(PoseFailure::TwoCars);
        }
        Ok(self.solution(&found))
    }

    /// The best camera near one that is known roughly.
    fn near(&self, start: &CameraModel) -> Found {
        let prior = lens_prior(self.photo_size, &PoseHints::default());
        let adjusted = self.polish(&thin(&self.samples, 4000), start, prior, Free::PINHOLE);
        self.judge(&self.samples, adjusted, Vec::new())
    }

    fn solution(&self, found: &Found) -> PoseSolution {
        PoseSolution {
            camera: found.adjusted.model.to_camera(),
            inlier_share: found.share as f32,
            rms_px: (found.rms_px / reference_scale(self.photo_size.0, self.photo_size.1)) as f32,
            focal_uncertainty: found.adjusted.zoom_sigma() as f32,
            by_hand: false,
            alternatives: found.others.iter().map(CameraModel::to_camera).collect(),
            followed: Vec::new(),
            silhouette_iou: None,
            support: None,
            edge_residual_px: None,
            edge_support: None,
            evidence: None,
        }
    }

    /// The best camera for these samples, or `None` when no draw gave one.
    fn search(&self, samples: &[Sample], seed: u64) -> Option<Found> {
        let hypotheses = self.hypotheses(samples, seed);
        let few = thin(samples, 500);
        let weak = lens_prior(self.photo_size, &PoseHints::default());
        let zoom = Free::PINHOLE;
        let score = |model: &CameraModel| self.score(&few, model, f64::INFINITY);
        let mut ranked: Vec<(f64, CameraModel)> = Vec::new();
        for model in hypotheses {
            let points = whiten(&few, &model);
            let terms = Terms { points: &points, lines: &[], pairs: &self.pairs, prior: weak };
            let polished = adjust(&model, &terms, zoom, 12).model;
            if is_plausible(&polished, &self.half) && sees_near_side(&few, &polished) {
                ranked.push((score(&polished), polished));
            }
        }
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        let &(least, model) = ranked.first()?;
        let mut others: Vec<CameraModel> = Vec::new();
        for (cost, other) in &ranked[1..] {
            let is_new = others.iter().chain([&model]).all(|known| differ(known, other));
            if *cost < OTHERS_COST * least && is_new && others.len() < OTHERS {
                others.push(*other);
            }
        }
        let many = thin(samples, 4000);
        let mut adjusted = self.polish(&many, &model, weak, zoom);
        if self.hints.exif_focal_35mm.is_some() {
            let told = lens_prior(self.photo_size, self.hints);
            let obedient = self.polish(&many, &with_focal(&adjusted.model, told.log_focal.0.exp()), told, zoom);
            let cost = |a: &Adjusted| self.score(&many, &a.model, f64::INFINITY);
            // a cropped photo keeps its EXIF, so a focal length that the car contradicts is left out
            if cost(&obedient) < EXIF_TOLERANCE * cost(&adjusted) && is_plausible(&obedient.model, &self.half) {
                adjusted = obedient;
            }
        }
        Some(self.judge(samples, adjusted, others))
    }

    /// Least squares with the scale of the noise taken from the residuals, twice.
    fn polish(&self, samples: &[Sample], start: &CameraModel, prior: LensPrior, free: Free) -> Adjusted {
        let mut model = *start;
        let mut scale = 1.0;
        let mut adjusted = None;
        for _ in 0..2 {
            let mut points = whiten(samples, &model);
            for term in &mut points {
                term.inv_sigma /= scale;
            }
            let terms = Terms { points: &points, lines: &[], pairs: &self.pairs, prior };
            let result = adjust(&model, &terms, free, 20);
            model = result.model;
            let mut whitened: Vec<f64> = points
                .iter()
                .filter_map(|t| Some((model.project(&t.point)? - t.pixel).norm() * t.inv_sigma * scale))
                .collect();
            // median of a Rayleigh variable is 1.177 sigma
            scale = (median(&mut whitened) / 1.177).clamp(0.3, 20.0);
            adjusted = Some(result);
        }
        adjusted.expect("two rounds were made")
    }

    fn judge(&self, samples: &[Sample], adjusted: Adjusted, others: Vec<CameraModel>) -> Found {
        let model = &adjusted.model;
        let (mut agreeing, mut all, mut squares) = (0.0, 0.0, 0.0);
        for s in samples {
            let distance = s.distance_m(model);
            all += s.weight;
            if distance < s.agree_m() {
                agreeing += s.weight;
                squares += s.weight * (distance * model.magnification()).powi(2);
            }
        }
        let share = if all > 0.0 { agreeing / all } else { 0.0 };
        Found { adjusted, others, share, rms_px: (squares / agreeing.max(1e-9)).sqrt() }
    }

    /// Truncated squared error; stops once it exceeds `limit`.
    fn score(&self, samples: &[Sample], model: &CameraModel, limit: f64) -> f64 {
        let magnification = model.magnification();
        let mut cost = 0.0;
        for s in samples {
            let sigma = s.sigma_m.max(0.02) * magnification;
            let r2 = model.project(&s.point).map_or(f64::INFINITY, |p| (p - s.pixel).norm_squared() / (sigma * sigma));
            cost += s.weight * r2.min(12.0);
            if cost > limit {
                return f64::INFINITY;
            }
        }
        for pair in &self.pairs {
            let r2 = model
                .project(&pair.point)
                .map_or(f64::INFINITY, |p| (p - pair.pixel).norm_squared() * pair.inv_sigma * pair.inv_sigma);
            cost += 20.0 * (0.01 * r2).min(12.0);
        }
        cost
    }

    /// The best few cameras through three samples each.
    fn hypotheses(&self, samples: &[Sample], seed: u64) -> Vec<CameraModel> {
        let pool = thin(samples, 2000);
        if pool.len() < 3 {
            return Vec::new();
        }
        let judges = thin(samples, 160);
        let mut rng = Pcg64Mcg::seed_from_u64(seed ^ 0x9e37_79b9);
        let spread = spread_px(&pool);
        let diagonal = f64::from(self.photo_size.0).hypot(f64::from(self.photo_size.1));
        let middle = Vector2::new(f64::from(self.photo_size.0), f64::from(self.photo_size.1)) * 0.5;
        let mut kept: Vec<(f64, CameraModel)> = Vec::new();
        for _ in 0..DRAWS {
            let Some(drawn) = draw(&pool, spread, &mut rng) else { continue };
            let points = drawn.map(|s| s.point - self.centre);
            for focal_35mm in FOCALS_35MM {
                let focal_px = focal_35mm / DIAGONAL_35MM * diagonal;
                let rays = drawn.map(|s| {
                    let n = (s.pixel - middle) / focal_px;
                    Vector3::new(n.x, n.y, 1.0).normalize()
                });
                for (rotation, translation) in p3p::solve(&points, &rays) {
                    let model = CameraModel {
                        rotation,
                        translation,
                        centre: self.centre,
                        focal_px,
                        principal_point: middle,
                        k1: 0.0,
                        width: self.photo_size.0,
                        height: self.photo_size.1,
                    };
                    if !is_plausible(&model, &self.half) || !sees_near_side(&judges, &model) {
                        continue;
                    }
                    let limit = if kept.len() < KEPT_HYPOTHESES { f64::INFINITY } else { kept[kept.len() - 1].0 };
                    let cost = self.score(&judges, &model, limit);
                    if cost < limit {
                        let at = kept.partition_point(|(c, _)| *c <= cost);
                        kept.insert(at, (cost, model));
                        kept.truncate(KEPT_HYPOTHESES);
                    }
                }
            }
        }
        kept.into_iter().map(|(_, model)| model).collect()
    }

    /// Whether what does not fit `found` is a second car of its own.
    fn has_second_car(&self, found: &Found, seed: u64) -> bool {
        if found.share > 0.72 {
            return false;
        }
        let model = &found.adjusted.model;
        let rest: Vec<Sample> = self.samples.iter().filter(|s| s.distance_m(model) > 2.0 * s.agree_m()).copied().collect();
        let total: f64 = self.samples.iter().map(|s| s.weight).sum();
        let left: f64 = rest.iter().map(|s| s.weight).sum();
        if left < 0.25 * total || rest.len() < LEAST_SAMPLES {
            return false;
        }
        let Some(second) = self.search(&rest, seed) else { return false };
        let other = &second.adjusted.model;
        let apart = match (model.project(&self.centre), other.project(&self.centre)) {
            (Some(a), Some(b)) => (a - b).norm() / model.magnification().max(other.magnification()),
            _ => 0.0,
        };
        second.share * left > 0.6 * left && apart > 0.5 * self.half.z
    }
}

/// In front of the camera, upright, and not from inside the car or from far below its wheels; `half` is half the car's
/// extent in metres.
pub(super) fn is_plausible(model: &CameraModel, half: &Vector3<f64>) -> bool {
    let eye = -(model.rotation.transpose() * model.translation);
    let inside = (0..3).all(|i| eye[i].abs() < half[i]);
    let finite = model.translation.iter().chain(model.rotation.iter()).all(|v| v.is_finite());
    let up_in_image = -model.rotation[(1, 1)];
    finite
        && model.translation.z > 0.5
        && model.translation.z < 1000.0
        && !inside
        && up_in_image > 0.2
        && eye.y > -half.y - 0.3 - 0.12 * model.translation.z
}

/// Root mean square distance of the samples from their mean, in pixels.
fn spread_px(samples: &[Sample]) -> f64 {
    let n = samples.len().max(1) as f64;
    let mean = samples.iter().fold(Vector2::zeros(), |sum, s| sum + s.pixel) / n;
    (samples.iter().map(|s| (s.pixel - mean).norm_squared()).sum::<f64>() / n).sqrt()
}

/// Whether the samples lie on the side of the car that faces the camera. Under a long lens a car seen through itself from
/// behind looks like its mirror image.
fn sees_near_side(samples: &[Sample], model: &CameraModel) -> bool {
    samples.iter().map(|s| s.weight * (model.to_view(&s.point).z - model.translation.z)).sum::<f64>() <= 0.0
}

/// The same picture size of the car through another focal length.
pub(super) fn with_focal(model: &CameraModel, focal_px: f64) -> CameraModel {
    let mut translation = model.translation;
    translation.z *= focal_px / model.focal_px;
    CameraModel { focal_px, translation, ..*model }
}

/// Whether two cameras are more than a small step apart.
pub(super) fn differ(a: &CameraModel, b: &CameraModel) -> bool {
    let cosine = ((a.rotation.transpose() * b.rotation).trace() - 1.0) * 0.5;
    cosine < 0.996 || (a.focal_px / b.focal_px).ln().abs() > 0.3
}

/// Three certain samples that span a fair triangle in the picture.
fn draw(pool: &[Sample], spread: f64, rng: &mut Pcg64Mcg) -> Option<[Sample; 3]> {
    for _ in 0..30 {
        let picked: [Sample; 3] = std::array::from_fn(|_| {
            let (a, b) = (pool[rng.random_range(0..pool.len())], pool[rng.random_range(0..pool.len())]);
            if a.sigma_m <= b.sigma_m { a } else { b }
        });
        let (u, v) = (picked[1].pixel - picked[0].pixel, picked[2].pixel - picked[0].pixel);
        if (u.x * v.y - u.y * v.x).abs() > 0.25 * spread * spread {
            return Some(picked);
        }
    }
    None
}

/// The middle value; 0 for nothing. Reorders its argument.
pub(super) fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests;
