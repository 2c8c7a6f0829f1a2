//! Which camera to follow.
//!
//! The network's places and mask err together, so the camera that they give can be off by ten degrees and a factor of
//! three in focal length, and they speak for that camera more than for the true one. The photo's edges do not: from the
//! true camera far more of the car's edges lie on edges of the photo. So cameras all around the solved ones, and those
//! from where the car would look much the same (front for rear, left for right), are laid on the photo's edges at a
//! small size, the best of them at larger sizes, and the edges have the main say in which one is kept.

use super::evidence::support;
use super::{Fit, LEVELS, Level, coarse};
use crate::pose::Followed;
use crate::pose::PoseSolution;
use crate::pose::hand;
use crate::pose::adjust::Free;
use crate::pose::model::CameraModel;
use crate::pose::solve::{differ, focal_px_of, settled, whiten_thinly, with_focal};
use nalgebra::{Matrix3, Vector2, Vector3};
use rayon::prelude::*;

/// The first look at every start.
const FIRST: Level = Level { long_side: 200, rounds: 1, reach: (10.0, 10.0), spread: (5.0, 2.0), budget: 400, anchor: 0.1, guide: 0.3 };
/// A second one at the better of them.
const SECOND: Level = Level { long_side: 280, rounds: 2, reach: (8.0, 5.0), spread: (4.0, 1.5), budget: 800, anchor: 0.1, guide: 0.3 };
/// Degrees around the car from the solved azimuth.
const AZIMUTHS_DEG: [f64; 5] = [-10.0, -5.0, 0.0, 5.0, 10.0];
/// Degrees up from the solved elevation.
const ELEVATIONS_DEG: [f64; 2] = [0.0, 4.0];
/// 35 mm equivalents: half a step of perspective apart.
const FOCALS_35MM: [f64; 5] = [28.0, 42.0, 65.0, 100.0, 160.0];
/// A camera with this much support needs no others beside it; wrong ones reach 0.38.
const SETTLED: f64 = 0.47;
/// With less support than this the best camera is only nearer to the right one: the search goes on around it.
const LOST: f64 = 0.33;
/// So many cameras are followed at the first real size.
const FOLLOWED: usize = 3;
/// What a full support by the photo's edges is worth against log likelihood per cell of the network's view.
const SUPPORT_WORTH: f64 = 10.0;
/// What missing points by hand costs, per [`hand::misfit`].
const MISFIT_COST: f64 = 3.0;

/// A worse agreement tells no more.
const LEAST_AGREEMENT: f64 = -3.0;
/// Cameras of each size that are followed to the next: after the first and after the second look.
const KEPT: (usize, usize) = (12, 4);

/// A camera on its way, with what speaks for it.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    model: CameraModel,
    agreement: f64,
    support: f64,
    misfit: f64,
}

impl Candidate {
    fn worth(&self) -> f64 {
        self.agreement.max(LEAST_AGREEMENT) + SUPPORT_WORTH * self.support - MISFIT_COST * self.misfit
    }
}

/// The most convincing cameras after the first size of the photo, best first; at least one.
pub fn choose(fit: &Fit<'_>, start: &PoseSolution) -> Vec<(CameraModel, Followed)> {
    let centre = fit.centre();
    let solved: Vec<CameraModel> = std::iter::once(&start.camera)
        .chain(&start.alternatives)
        .map(|camera| CameraModel::from_camera(camera, centre))
        .collect();
    let mut near: Vec<Candidate> = solved
        .par_iter()
        .map(|start| {
            let model = coarse::align(fit.car, fit.field, start, fit.prior, fit.pairs);
            let agreement = coarse::agreement(fit.car, fit.field, &model);
            Candidate { model, agreement, support: 0.0, misfit: hand::misfit(&model, fit.pairs) }
        })
        .collect();
    let promise = |c: &Candidate| c.agreement - MISFIT_COST * c.misfit;
    near.sort_by(|a, b| promise(b).total_cmp(&promise(a)));
    let usual: Vec<CameraModel> = near.iter().map(|c| c.model).collect();
    let mut followed = follow_all(fit, &LEVELS[0], &usual, FOLLOWED);
    let mut middle = usual[0];
    for enough in [SETTLED, LOST] {
        if followed.first().is_some_and(|best| best.support >= enough) {
            break;
        }
        let starts: Vec<CameraModel> = usual.iter().chain(&solved).copied().chain(around(fit, &middle)).collect();
        let first = models(follow_all(fit, &FIRST, &starts, KEPT.0));
        let second = models(follow_all(fit, &SECOND, &first, KEPT.1));
        followed.extend(follow_all(fit, &LEVELS[0], &second, FOLLOWED));
        followed.sort_by(|a, b| b.worth().total_cmp(&a.worth()));
        followed.truncate(FOLLOWED);
        middle = followed.first().map_or(middle, |best| best.model);
    }
    if followed.is_empty() {
        followed.push(near[0]);
    }
    let told = |c: Candidate| Followed { camera: c.model.to_camera(), agreement: c.agreement, support: c.support };
    followed.into_iter().map(|c| (c.model, told(c))).collect()
}

fn models(candidates: Vec<Candidate>) -> Vec<CameraModel> {
    candidates.into_iter().map(|candidate| candidate.model).collect()
}

/// Lays the edges of each start on the photo's, and gives the `count` best that differ, best first.
fn follow_all(fit: &Fit<'_>, level: &Level, starts: &[CameraModel], count: usize) -> Vec<Candidate> {
    let picture = fit.picture(level.long_side);
    let mut moved: Vec<Candidate> = starts
        .par_iter()
        .map(|start| {
            let (model, matches, _) = fit.follow(level, &picture, start, Free::PINHOLE);
            let agreement = coarse::agreement(fit.car, fit.field, &model);
            Candidate { model, agreement, support: support(&matches, &model), misfit: hand::misfit(&model, fit.pairs) }
        })
        .collect();
    moved.sort_by(|a, b| b.worth().total_cmp(&a.worth()));
    let mut distinct: Vec<Candidate> = Vec::new();
    for candidate in moved {
        if distinct.len() < count && distinct.iter().all(|known| differ(&known.model, &candidate.model)) {
            distinct.push(candidate);
        }
    }
    distinct
}

/// Cameras around a solved one, and those from where the car has about the same outline; each where the network's places
/// put the car.
fn around(fit: &Fit<'_>, model: &CameraModel) -> Vec<CameraModel> {
    let (azimuth, elevation) = direction(model);
    let mut starts = Vec::new();
    let focals = FOCALS_35MM.map(|focal| focal_px_of(focal, (model.width, model.height)));
    for focal_px in focals {
        for azimuth_step in AZIMUTHS_DEG {
            for elevation_step in ELEVATIONS_DEG {
                let turned = (azimuth + azimuth_step, elevation.max(1.0) + elevation_step);
                let seen = seen_from(model, turned, focal_px);
                starts.push(settled(&whiten_thinly(fit.field, fit.car.bounds, &seen), &seen, fit.prior));
            }
        }
    }
    for turned in [180.0 - azimuth, azimuth + 180.0, -azimuth] {
        for focal_px in [focals[1], focals[3]] {
            starts.push(seen_from(model, (turned, elevation.max(1.0)), focal_px));
        }
    }
    starts
}

/// Azimuth and elevation in degrees, as the project's views have them.
fn direction(model: &CameraModel) -> (f64, f64) {
    let back = -(model.rotation.transpose() * model.translation).normalize();
    (back.x.atan2(back.z).to_degrees(), back.y.clamp(-1.0, 1.0).asin().to_degrees())
}

/// A level camera that sees the car from another direction (azimuth and elevation in degrees) at the same place and size
/// in the picture.
fn seen_from(model: &CameraModel, (azimuth, elevation): (f64, f64), focal_px: f64) -> CameraModel {
    let (sa, ca) = azimuth.to_radians().sin_cos();
    let (se, ce) = elevation.clamp(-5.0, 85.0).to_radians().sin_cos();
    let back = Vector3::new(sa * ce, se, ca * ce);
    let right = Vector3::new(ca, 0.0, -sa);
    let down = -back.cross(&right);
    // The view's axis goes through the picture's middle, not through the car.
    let zoomed = with_focal(model, focal_px);
    let aside = zoomed.translation.normalize();
    let aim = nalgebra::Rotation3::rotation_between(&Vector3::z(), &aside).unwrap_or_else(nalgebra::Rotation3::identity);
    let level = Matrix3::from_rows(&[right.transpose(), down.transpose(), -back.transpose()]);
    let mut turned = CameraModel { rotation: aim.matrix() * level, ..zoomed };
    let Some(target) = extent(model) else { return turned };
    for _ in 0..3 {
        let Some(now) = extent(&turned) else { break };
        turned.translation.z *= (now.1 / target.1).clamp(0.5, 2.0);
        let Some(now) = extent(&turned) else { break };
        let shift = (target.0 - now.0) / turned.magnification();
        turned.translation += Vector3::new(shift.x, shift.y, 0.0);
    }
    turned
}

/// Middle and size in pixels of a car of usual shape.
fn extent(model: &CameraModel) -> Option<(Vector2<f64>, f64)> {
    let (mut low, mut high) = (Vector2::repeat(f64::MAX), Vector2::repeat(f64::MIN));
    for [x, y, z] in OUTLINE {
        for x in [-x, x] {
            let pixel = model.project(&(model.centre + Vector3::new(x, y, z)))?;
            low = low.inf(&pixel);
            high = high.sup(&pixel);
        }
    }
    let size = high - low;
    Some(((low + high) * 0.5, (size.x * size.y).sqrt()))
}

/// Corners of a car from its middle, metres: sills, shoulders and roof.
const OUTLINE: [[f64; 3]; 6] =
    [[0.95, -0.6, 2.1], [0.95, -0.6, -2.1], [0.85, 0.15, 2.0], [0.95, 0.35, -2.2], [0.55, 0.6, 0.3], [0.55, 0.6, -0.9]];

#[cfg(test)]
mod tests {
    use super::*;
    use glam::Vec3;
    use gridvox_car::PhotoCamera;

    #[test]
    fn other_views_keep_the_car_where_it_is() {
        let mut camera =
            PhotoCamera::look_at(Vec3::new(5.0, 1.2, 6.0), Vec3::new(0.8, 0.5, -0.6), Vec3::Y, 2400.0, 1600, 1067);
        camera.principal_point.x += 60.0;
        let model = CameraModel::from_camera(&camera, Vec3::new(0.0, 0.65, 0.0));
        let (middle, size) = extent(&model).expect("in front");
        for view in [(45.0, 3.0), (140.0, 12.0), (-60.0, 1.0), (300.0, 20.0)] {
            for focal_35mm in [28.0, 160.0] {
                let seen = seen_from(&model, view, focal_px_of(focal_35mm, (1600, 1067)));
                let (azimuth, elevation) = direction(&seen);
                let off = (azimuth - view.0 + 180.0).rem_euclid(360.0) - 180.0;
                // Near cars off the middle of the picture are seen from a little beside the view that was asked for.
                assert!(off.abs() < 10.0 && (elevation - view.1).abs() < 4.0, "{azimuth} {elevation} is not {view:?}");
                let (m, s) = extent(&seen).expect("in front");
                assert!((m - middle).norm() < 0.03 * size && (s / size - 1.0).abs() < 0.03, "{m} {s}");
                assert!((seen.rotation.determinant() - 1.0).abs() < 1e-9);
            }
        }
    }
}
