//! Points that a painter marked on the photo and on the car: the camera that they give, and whether a camera keeps to them.

use super::adjust::{Adjusted, Free, LensPrior, PointTerm, Terms, adjust};
use super::model::{CameraModel, vector};
use super::solve::{focal_px_of, is_plausible, lens_prior};
use super::{PointPair, PoseFailure, PoseHints, PreparedCar, p3p, reference_scale};
use crate::net::{Correspondence, CropRect};
use glam::{Vec2, Vec3};
use gridvox_car::PhotoCamera;
use gridvox_car::raster::RasterOptions;
use nalgebra::{Vector2, Vector3};

/// So many pairs give a camera without a network.
pub const ENOUGH_PAIRS: usize = 4;
/// So many are believed against the network and without the photo's edges.
pub const SURE_PAIRS: usize = 6;
/// A camera that misses a pair by more, in pixels of a photo whose long side is 1600, does not keep to it.
pub const LARGEST_MISS_PX: f32 = 48.0;

/// A click is good to this, in pixels at 1600: painters click on a small copy of the photo, and cars differ by centimetres.
const CLICK_SIGMA_PX: f64 = 4.0;
/// 35 mm equivalents that cameras start from.
const FOCALS_35MM: [f64; 10] = [18.0, 26.0, 37.0, 53.0, 75.0, 105.0, 150.0, 215.0, 300.0, 450.0];
/// A triangle of pairs with a smaller area, as a share of the pairs' own spread, fixes no camera.
const LEAST_AREA: f64 = 0.1;
/// Starts that are adjusted to all pairs.
const KEPT: usize = 40;
/// Sizes of the grid of [`expected`], cells.
const GRID: (usize, usize) = (224, 128);

/// The pairs as terms.
pub(super) fn terms(photo_size: (u32, u32), pairs: &[PointPair]) -> Vec<PointTerm> {
    let sigma_px = CLICK_SIGMA_PX * reference_scale(photo_size.0, photo_size.1);
    let term = |pair: &PointPair| PointTerm {
        point: vector(pair.car_point.as_dvec3()),
        pixel: Vector2::new(f64::from(pair.photo_px.x), f64::from(pair.photo_px.y)),
        inv_sigma: 1.0 / sigma_px,
        weight: 1.0,
    };
    pairs.iter().map(term).collect()
}

/// The pair that `camera` misses most: its place in the list and the distance in pixels at 1600; infinite behind it.
pub fn worst_miss(camera: &PhotoCamera, pairs: &[PointPair]) -> Option<(usize, f32)> {
    let unit = reference_scale(camera.width, camera.height) as f32;
    let miss = |pair: &PointPair| camera.project(pair.car_point).map_or(f32::INFINITY, |p| p.truncate().distance(pair.photo_px) / unit);
    pairs.iter().map(miss).enumerate().max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Whether `camera` keeps to every pair.
pub(super) fn keeps_to(camera: &PhotoCamera, pairs: &[PointPair]) -> bool {
    worst_miss(camera, pairs).is_none_or(|(_, miss)| miss <= LARGEST_MISS_PX)
}

/// The refusal that names the pair which `camera` misses most.
pub(super) fn astray(camera: &PhotoCamera, pairs: &[PointPair]) -> PoseFailure {
    let (index, miss) = worst_miss(camera, pairs).unwrap_or((0, 0.0));
    PoseFailure::PointAstray { number: index + 1, miss: miss.min(9999.0) }
}

/// How badly a camera misses the pairs, 0 for not at all, 1 where each lies at the limit.
pub(super) fn misfit(model: &CameraModel, pairs: &[PointTerm]) -> f64 {
    let limit = f64::from(LARGEST_MISS_PX) * reference_scale(model.width, model.height);
    let miss = |pair: &PointTerm| model.project(&pair.point).map_or(4.0, |p| ((p - pair.pixel).norm() / limit).powi(2).min(4.0));
    pairs.iter().map(miss).sum::<f64>() / pairs.len().max(1) as f64
}

/// The camera that the points of `hints`, at least [`ENOUGH_PAIRS`], give without a look at the photo.
///
/// `bounds` are the car's smallest and largest corner in metres, `photo_size` is width and height in pixels.
///
/// # Errors
/// As [`super::solve`], for points that fix no camera.
pub fn from_points(bounds: (Vec3, Vec3), photo_size: (u32, u32), hints: &PoseHints) -> Result<PhotoCamera, PoseFailure> {
    Ok(camera(bounds, photo_size, hints)?.model.to_camera())
}

/// The camera that at least [`ENOUGH_PAIRS`] pairs give by themselves.
///
/// # Errors
/// When they lie on one line, or when no camera keeps to all of them; names the one that does not fit where the others do.
pub(super) fn camera(bounds: (Vec3, Vec3), photo_size: (u32, u32), hints: &PoseHints) -> Result<Adjusted, PoseFailure> {
    let pairs = &hints.point_pairs;
    let told = lens_prior(photo_size, hints);
    let weak = lens_prior(photo_size, &PoseHints::default());
    let table = Table { bounds, photo_size };
    let all = terms(photo_size, pairs);
    let spread2 = spread_squared(&all);
    if triples(all.len()).all(|triple| area(&triple.map(|i| all[i])) <= LEAST_AREA * spread2) {
        return Err(PoseFailure::PointsOnLine);
    }
    // A cropped photo keeps its EXIF, so a focal length that the points contradict is left out.
    let fits = |found: &Adjusted| keeps_to(&found.model.to_camera(), pairs);
    if let Some(found) = [told, weak].into_iter().filter_map(|prior| table.fit(&all, prior)).find(fits) {
        return Ok(found);
    }
    if pairs.len() >= SURE_PAIRS {
        let without = |left_out: usize| {
            let mut rest = pairs.clone();
            rest.remove(left_out);
            let fitted = table.fit(&terms(photo_size, &rest), weak)?;
            keeps_to(&fitted.model.to_camera(), &rest).then_some(fitted)
        };
        let best = (0..pairs.len()).filter_map(|i| Some((i, without(i)?))).min_by(|a, b| a.1.cost.total_cmp(&b.1.cost));
        if let Some((index, fitted)) = best {
            let miss = worst_miss(&fitted.model.to_camera(), &pairs[index..=index]).map_or(0.0, |(_, miss)| miss);
            return Err(PoseFailure::PointAstray { number: index + 1, miss: miss.min(9999.0) });
        }
    }
    Err(PoseFailure::PointsApart { count: pairs.len() })
}

/// Mean squared distance of the pairs from their middle on the photo.
fn spread_squared(pairs: &[PointTerm]) -> f64 {
    let count = pairs.len().max(1) as f64;
    let mean = pairs.iter().map(|p| p.pixel).sum::<Vector2<f64>>() / count;
    pairs.iter().map(|p| (p.pixel - mean).norm_squared()).sum::<f64>() / count
}

/// Twice the area of a triangle of pairs on the photo.
fn area(corners: &[PointTerm; 3]) -> f64 {
    let (u, v) = (corners[1].pixel - corners[0].pixel, corners[2].pixel - corners[0].pixel);
    (u.x * v.y - u.y * v.x).abs()
}

/// What cameras through pairs are looked for with.
struct Table {
    bounds: (Vec3, Vec3),
    photo_size: (u32, u32),
}

impl Table {
    /// The camera that is nearest to all pairs, or `None` when none sees the car as photos do.
    fn fit(&self, pairs: &[PointTerm], prior: LensPrior) -> Option<Adjusted> {
        let half = vector(((self.bounds.1 - self.bounds.0) * 0.5).as_dvec3());
        let mut starts = self.through_three(pairs, &half);
        starts.sort_by(|a, b| a.0.total_cmp(&b.0));
        starts.truncate(KEPT);
        let terms = Terms { points: &[], lines: &[], pairs, prior };
        starts
            .into_iter()
            .map(|(_, start)| adjust(&start, &terms, Free::PINHOLE, 40))
            .filter(|found| is_plausible(&found.model, &half) && faces(&found.model, pairs, &half))
            .min_by(|a, b| a.cost.total_cmp(&b.cost))
    }

    /// Cameras exactly through three pairs each, with how badly they miss the others.
    fn through_three(&self, pairs: &[PointTerm], half: &Vector3<f64>) -> Vec<(f64, CameraModel)> {
        let centre = vector(((self.bounds.0 + self.bounds.1) * 0.5).as_dvec3());
        let middle = Vector2::new(f64::from(self.photo_size.0), f64::from(self.photo_size.1)) * 0.5;
        let spread2 = spread_squared(pairs);
        let mut found = Vec::new();
        for drawn in triples(pairs.len()).map(|triple| triple.map(|i| pairs[i])) {
            if area(&drawn) <= LEAST_AREA * spread2 {
                continue;
            }
            let points = drawn.map(|p| p.point - centre);
            for focal_px in FOCALS_35MM.map(|focal| focal_px_of(focal, self.photo_size)) {
                let rays = drawn.map(|p| {
                    let n = (p.pixel - middle) / focal_px;
                    Vector3::new(n.x, n.y, 1.0).normalize()
                });
                for (rotation, translation) in p3p::solve(&points, &rays) {
                    let (width, height) = self.photo_size;
                    let model = CameraModel { rotation, translation, centre, focal_px, principal_point: middle, k1: 0.0, width, height };
                    if is_plausible(&model, half) && faces(&model, pairs, half) {
                        let miss = |p: &PointTerm| model.project(&p.point).map_or(1e6, |at| ((at - p.pixel).norm() * p.inv_sigma).min(200.0));
                        found.push((pairs.iter().map(miss).sum(), model));
                    }
                }
            }
        }
        found
    }
}

/// Every three of `count`, or with many of them enough threes of neighbours in the list.
fn triples(count: usize) -> impl Iterator<Item = [usize; 3]> {
    const MOST: usize = 120;
    let all = (0..count).flat_map(move |a| (a + 1..count).flat_map(move |b| (b + 1..count).map(move |c| [a, b, c])));
    let total = count * count.saturating_sub(1) * count.saturating_sub(2) / 6;
    all.step_by(total.div_ceil(MOST).max(1))
}

/// Whether the camera is outside the sides of the car that most pairs lie on: nobody marks what cannot be seen.
fn faces(model: &CameraModel, pairs: &[PointTerm], half: &Vector3<f64>) -> bool {
    let eye = -(model.rotation.transpose() * model.translation);
    let seen = pairs.iter().filter(|pair| {
        let place = (pair.point - model.centre).component_div(half);
        let most = place.amax();
        (0..3).any(|axis| {
            let out = place[axis].signum();
            place[axis].abs() > 0.6 * most && out * (eye[axis] - (pair.point - model.centre)[axis]) > 0.0
        })
    });
    seen.count() * 4 >= pairs.len() * 3
}

/// What the network would say if `camera` were right: stands in for it where it did not recognise the car.
pub(super) fn expected(car: &PreparedCar, camera: &PhotoCamera) -> Correspondence {
    const MARGIN: f32 = 0.09;
    /// Of the bounding box's half extents: about how far a camera through a few clicks puts things off.
    const SIGMA: f32 = 0.08;
    let (low, high) = car.bounds();
    let corners = (0..8).filter_map(|i| {
        let pick = |k: usize| if i >> k & 1 == 0 { low[k] } else { high[k] };
        Some(camera.project(Vec3::new(pick(0), pick(1), pick(2)))?.truncate())
    });
    let (min, max) = corners.fold((Vec2::MAX, Vec2::MIN), |(a, b), p| (a.min(p), b.max(p)));
    let photo = Vec2::new(camera.width as f32, camera.height as f32);
    let margin = (max - min) * MARGIN;
    let (min, max) = ((min - margin).clamp(Vec2::ZERO, photo), (max + margin).clamp(Vec2::ZERO, photo));
    let shape = Vec2::new(GRID.0 as f32, GRID.1 as f32);
    let scale = ((max - min) / shape).max_element().max(1e-3);
    let corner = (min + max) * 0.5 - shape * scale * 0.5;
    let crop = CropRect { x: corner.x, y: corner.y, w: shape.x * scale, h: shape.y * scale };
    let seen = PhotoCamera {
        focal_px: camera.focal_px / scale,
        principal_point: (camera.principal_point - corner) / scale,
        width: GRID.0 as u32,
        height: GRID.1 as u32,
        ..*camera
    };
    let buffer = car.scene().render(&seen, RasterOptions::default());
    let (centre, half) = ((low + high) * 0.5, (high - low) * 0.5);
    let on_car = |i: usize| buffer.part[i] != 0;
    let cells = GRID.0 * GRID.1;
    Correspondence {
        width: GRID.0,
        height: GRID.1,
        crop,
        car_probability: 1.0,
        mask: (0..cells).map(|i| if on_car(i) { 0.95 } else { 0.05 }).collect(),
        part: (0..cells).map(|i| if on_car(i) { car.class(buffer.part[i]) as u8 } else { 0 }).collect(),
        part_prob: vec![0.7; cells],
        coords: (0..cells).map(|i| if on_car(i) { (buffer.position[i] - centre) / half } else { Vec3::ZERO }).collect(),
        sigma: vec![SIGMA; cells],
    }
}

#[cfg(test)]
mod tests;
