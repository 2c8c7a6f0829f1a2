//! What the network saw of a photo and the camera that came of it; and other looks where the first gave no sure camera.

use super::GenerateError;
use crate::net::{Correspondence, Proportions};
use crate::pose::{PoseFailure, PoseSolution};

/// A look at a photo that led to a camera.
pub(super) struct Sight {
    pub net: Correspondence,
    pub solution: PoseSolution,
}

/// What came of one look.
pub(super) type Look = Result<Sight, PoseFailure>;

/// A camera with this much support is not looked for again: wrong ones have less, right ones mostly more.
const ENOUGH_SUPPORT: f32 = 0.4;
/// Another look has to be better supported by this much than an earlier one.
const GAIN: f32 = 0.02;

impl Sight {
    fn is_sure(&self) -> bool {
        self.solution.certainty() == Some(1.0) && self.solution.support >= Some(ENOUGH_SUPPORT)
    }
}

/// The best supported camera. Where the first is not sure, the photo is looked at as if the car were taller or flatter: the
/// network takes another car's places amiss in another way then, and the photo's edges tell which look was right.
pub(super) fn surest(
    first: Look,
    usual: Proportions,
    mut look: impl FnMut(Proportions) -> Result<Look, GenerateError>,
) -> Result<Look, GenerateError> {
    let mut best = first;
    for other in usual.others() {
        if best.as_ref().is_ok_and(Sight::is_sure) {
            break;
        }
        let support = |look: &Look| look.as_ref().map_or(f32::MIN, |sight| sight.solution.support.unwrap_or(0.0));
        let again = look(other)?;
        if support(&again) > support(&best) + GAIN {
            best = again;
        }
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::CropRect;

    fn look(support: Option<f32>) -> Look {
        let Some(support) = support else { return Err(PoseFailure::TwoCars) };
        let camera = gridvox_car::PhotoCamera::look_at(glam::Vec3::X * 8.0, glam::Vec3::ZERO, glam::Vec3::Y, 900.0, 640, 400);
        let solution = PoseSolution {
            camera,
            inlier_share: 0.9,
            rms_px: 1.0,
            focal_uncertainty: 0.1,
            by_hand: false,
            alternatives: Vec::new(),
            followed: Vec::new(),
            silhouette_iou: Some(0.9),
            support: Some(support),
            edge_residual_px: Some(0.5),
            edge_support: Some(0.9),
            evidence: None,
        };
        let crop = CropRect { x: 0.0, y: 0.0, w: 1.0, h: 1.0 };
        let net = crate::net::read_out(&[], 0, 0, crop, 1.0);
        Ok(Sight { net, solution })
    }

    /// The support of the camera that is kept, and how often was looked again.
    fn kept(first: Option<f32>, others: &[Option<f32>]) -> (Option<f32>, usize) {
        let mut looks = 0;
        let best = surest(look(first), Proportions::USUAL, |_| {
            looks += 1;
            Ok(look(others[looks - 1]))
        });
        (best.expect("nothing is cancelled").ok().and_then(|sight| sight.solution.support), looks)
    }

    #[test]
    fn a_sure_camera_needs_no_other_look() {
        assert_eq!(kept(Some(0.45), &[]), (Some(0.45), 0));
    }

    #[test]
    fn an_unsure_or_missing_camera_gives_way_to_a_better_one() {
        assert_eq!(kept(None, &[Some(0.5)]), (Some(0.5), 1));
        assert_eq!(kept(Some(0.38), &[Some(0.39), None]), (Some(0.38), 2));
        assert_eq!(kept(Some(0.27), &[None, Some(0.41)]), (Some(0.41), 2));
        assert_eq!(kept(Some(0.30), &[Some(0.31), Some(0.26)]), (Some(0.30), 2));
        assert_eq!(kept(None, &[None, None]), (None, 2));
    }

    #[test]
    fn cancelling_ends_the_search() {
        let cancelled = surest(look(None), Proportions::USUAL, |_| Err(crate::cancel::Cancelled.into()));
        assert!(matches!(cancelled, Err(GenerateError::Cancelled(_))));
    }
}
