//! How far off a refined camera may be, told from what the photo shows once it is found.
//!
//! Where mesh and car differ, no camera lays all edges on the photo's: patch by patch they would lie better somewhere else.
//! For every patch of the car the displacement of its edges is weighed by how much of the photo's edges it explains; the
//! expected length of that displacement is large both where the edges agree on another place and where they agree on none.
//! Beside it stand the edges' residuals by kind, what the normal equations leave open, and how the network's places fit.

use nalgebra::Vector2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::contour::EdgeKind;
use super::evidence::{kind_weight, support};
use super::search::Match;
use crate::pose::adjust::{Information, PointTerm};
use crate::pose::model::{CameraModel, PARAMETERS};
use crate::pose::solve::median;

/// Evidence on how well the car lies on the photo; lengths in pixels at 1600.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct EdgeEvidence {
    /// Expected displacement of the car's patches by their own edges: the median patch.
    pub drift_px: f32,
    /// The same of the patch that nine tenths stay below.
    pub drift_p90_px: f32,
    /// Root mean square of the displacements that each patch's edges like best.
    pub flow_px: f32,
    /// Median distance of outlines from the photo's edges.
    pub outline_px: f32,
    /// The same of borders between materials.
    pub border_px: f32,
    /// The same of panel gaps and creases.
    pub seam_px: f32,
    /// Expected error on the car that the normal equations leave open, if every edge point spoke for itself.
    pub open_px: f32,
    /// Mean strength of the photo's edges under the car's, 0..1.
    pub support: f32,
    /// Median distance of the network's places from where the camera has them, by their own standard deviation.
    pub places_sigmas: f32,
}

/// Reach of the search for displacements to both sides, pixels at 1600.
pub const REACH_PX: f64 = 12.0;
/// Patches across the longer and the shorter side of the car in the picture.
const PATCHES: (usize, usize) = (7, 3);
/// Edge points that speak for a patch, at most.
const POINTS: usize = 240;
/// Fewer edge points say nothing.
const LEAST_POINTS: usize = 25;
/// How near an edge has to be to be explained, pixels at 1600.
const NEAR_PX: f64 = 1.5;
/// Logarithm of how much likelier a displacement is that explains all edges than one that explains none.
const FIRMNESS: f64 = 60.0;
/// Displacements are expected to be about this long, pixels at 1600.
const USUAL_PX: f64 = 4.0;
/// A residual is looked for as far as this, pixels at 1600.
const FAR_PX: f64 = 8.0;

/// An edge point with where the photo's edges lie along its normal.
struct Witness {
    place: Vector2<f64>,
    normal: Vector2<f64>,
    worth: f64,
    kind: EdgeKind,
    /// Offset in pixels at 1600, and weight.
    edges: Vec<(f64, f64)>,
}

/// Weighs the matches of a search [`REACH_PX`] far from the refined camera; `unit` is photo pixels per pixel at 1600.
pub fn weigh(
    matches: &[Match],
    model: &CameraModel,
    information: &Information,
    places: &[PointTerm],
    unit: f64,
) -> EdgeEvidence {
    let witnesses: Vec<Witness> = matches
        .iter()
        .filter_map(|m| {
            let now = model.project(&m.contour.point)?;
            let moved = (now - m.pixel).dot(&m.contour.normal);
            Some(Witness {
                place: now / unit,
                normal: m.contour.normal,
                worth: m.contour.trust * kind_weight(m.contour.kind),
                kind: m.contour.kind,
                edges: m.candidates.iter().map(|c| ((c.offset_px - moved) / unit, c.weight)).collect(),
            })
        })
        .collect();
    let mut patches: Vec<(f64, Vector2<f64>)> = patches(&witnesses);
    patches.sort_by(|a, b| a.0.total_cmp(&b.0));
    let drift = |share: f64| match patches.len() {
        0 => USUAL_PX,
        count => patches[(share * (count - 1) as f64).round() as usize].0,
    };
    let flow = patches.iter().map(|(_, best)| best.norm_squared()).sum::<f64>() / patches.len().max(1) as f64;
    let residual = |kinds: &[EdgeKind]| residual(&witnesses, kinds) as f32;
    let mut sigmas: Vec<f64> = places
        .iter()
        .filter_map(|term| Some((model.project(&term.point)? - term.pixel).norm() * term.inv_sigma))
        .collect();
    EdgeEvidence {
        drift_px: drift(0.5) as f32,
        drift_p90_px: drift(0.9) as f32,
        flow_px: flow.sqrt() as f32,
        outline_px: residual(&[EdgeKind::Silhouette, EdgeKind::Occlusion]),
        border_px: residual(&[EdgeKind::Material]),
        seam_px: residual(&[EdgeKind::Seam, EdgeKind::Crease]),
        open_px: (open(matches, model, information) / unit) as f32,
        support: support(matches, model) as f32,
        places_sigmas: if sigmas.is_empty() { 0.0 } else { median(&mut sigmas) as f32 },
    }
}

/// Median distance of edge points of these kinds from the nearest fair edge; the far end where none is near.
fn residual(witnesses: &[Witness], kinds: &[EdgeKind]) -> f64 {
    let mut distances: Vec<f64> = witnesses
        .iter()
        .filter(|w| kinds.contains(&w.kind))
        .map(|w| w.edges.iter().filter(|e| e.1 > 0.1).map(|e| e.0.abs()).fold(FAR_PX, f64::min))
        .collect();
    if distances.is_empty() { 0.0 } else { median(&mut distances) }
}

/// Expected length of each patch's displacement, and the displacement that it likes best.
fn patches(witnesses: &[Witness]) -> Vec<(f64, Vector2<f64>)> {
    if witnesses.is_empty() {
        return Vec::new();
    }
    let low = witnesses.iter().fold(Vector2::repeat(f64::MAX), |low, w| low.inf(&w.place));
    let high = witnesses.iter().fold(Vector2::repeat(f64::MIN), |high, w| high.sup(&w.place));
    let size = high - low;
    let (across, down) = if size.x > size.y { PATCHES } else { (PATCHES.1, PATCHES.0) };
    let step = size.component_div(&Vector2::new(across as f64, down as f64));
    (0..across * down)
        .into_par_iter()
        .filter_map(|i| {
            let middle = low + step.component_mul(&Vector2::new((i % across) as f64 + 0.5, (i / across) as f64 + 0.5));
            let near: Vec<&Witness> =
                witnesses.iter().filter(|w| (w.place - middle).component_div(&step).amax() < 0.75).collect();
            (near.len() >= LEAST_POINTS).then(|| patch(&near))
        })
        .collect()
}

fn patch(near: &[&Witness]) -> (f64, Vector2<f64>) {
    let stride = near.len().div_ceil(POINTS);
    let near: Vec<&Witness> = near.iter().step_by(stride).copied().collect();
    let total: f64 = near.iter().map(|w| w.worth).sum::<f64>().max(1e-9);
    let explained = |d: Vector2<f64>| {
        let of = |w: &&Witness| {
            let along = d.dot(&w.normal);
            let best = w.edges.iter().map(|e| e.1 * (-0.5 * ((e.0 - along) / NEAR_PX).powi(2)).exp());
            w.worth * best.fold(0.0, f64::max)
        };
        near.iter().map(of).sum::<f64>() / total
    };
    let reach = REACH_PX as i32 - 1;
    let each: Vec<(Vector2<f64>, f64)> = (-reach..=reach)
        .flat_map(|y| (-reach..=reach).map(move |x| Vector2::new(f64::from(x), f64::from(y))))
        .filter(|d| d.norm() <= f64::from(reach))
        .map(|d| (d, FIRMNESS * explained(d) - 0.5 * d.norm_squared() / (USUAL_PX * USUAL_PX)))
        .collect();
    let (best, most) = each.iter().fold((Vector2::zeros(), f64::MIN), |best, (d, v)| if *v > best.1 { (*d, *v) } else { best });
    let (mut sum, mut length) = (0.0, 0.0);
    for (d, value) in &each {
        let p = (value - most).exp();
        sum += p;
        length += p * d.norm();
    }
    (length / sum, best)
}

/// Root mean square over the edge points of the error that the normal equations leave open, photo pixels.
fn open(matches: &[Match], model: &CameraModel, information: &Information) -> f64 {
    let Some(mut covariance) = information.try_inverse() else { return USUAL_PX };
    // Parameters that were held fixed stand alone on the diagonal.
    for i in 0..PARAMETERS {
        if information.row(i).iter().enumerate().all(|(k, &v)| v == f64::from(u8::from(k == i))) {
            covariance[(i, i)] = 0.0;
        }
    }
    let (mut sum, mut count) = (0.0, 0.0);
    for m in matches.iter().step_by(7) {
        if let Some((_, jacobian)) = model.project_with_jacobian(&m.contour.point) {
            sum += (jacobian * covariance * jacobian.transpose()).trace().max(0.0);
            count += 1.0;
        }
    }
    f64::sqrt(sum / f64::max(count, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Edge points on a grid of crossing lines whose edges in the photo are displaced by `flow`, beside others at random.
    fn witnesses(flow: impl Fn(Vector2<f64>) -> Vector2<f64>, clear: f64) -> Vec<Witness> {
        let mut rng = 1u64;
        let mut random = || {
            rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (rng >> 33) as f64 / (1u64 << 31) as f64
        };
        (0..3000)
            .map(|_| {
                let place = Vector2::new(1400.0 * random(), 500.0 * random());
                let normal = if random() < 0.5 { Vector2::new(1.0, 0.0) } else { Vector2::new(0.2, 0.98) };
                let mut edges = vec![(flow(place).dot(&normal), clear), (24.0 * random() - 12.0, 0.5)];
                edges.push((24.0 * random() - 12.0, 0.4));
                Witness { place, normal, worth: 1.0, kind: EdgeKind::Material, edges }
            })
            .collect()
    }

    #[test]
    fn patches_find_their_own_displacement() {
        let drift = |witnesses: &[Witness]| {
            let patches = patches(witnesses);
            assert_eq!(patches.len(), PATCHES.0 * PATCHES.1);
            patches.iter().map(|p| p.0).sum::<f64>() / patches.len() as f64
        };
        let still = drift(&witnesses(|_| Vector2::zeros(), 0.8));
        let bent = drift(&witnesses(|p| Vector2::new(5.0 * (p.x / 300.0).sin(), 4.0), 0.8));
        let nowhere = drift(&witnesses(|_| Vector2::zeros(), 0.0));
        assert!(still < 0.5, "{still} where all is in its place");
        assert!((4.0..7.0).contains(&bent), "{bent} where patches lie 4 to 6.4 pixels off");
        assert!(nowhere > 2.0, "{nowhere} where no edge is the car's");
        assert!(residual(&witnesses(|_| Vector2::new(3.0, 3.0), 0.8), &[EdgeKind::Material]) > 1.0);
        assert_eq!(residual(&[], &[EdgeKind::Seam]), 0.0);
    }
}
