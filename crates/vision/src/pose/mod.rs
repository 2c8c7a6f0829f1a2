//! Where the photo was taken from: the camera of a photo of a known car.
//!
//! [`solve`] finds it from the network's dense correspondences alone (RANSAC over unknown focal lengths, then robust
//! least squares), which places the livery to about ten texels. [`refine`] then moves the camera until the car's own
//! edges lie on the edges of the photo, which places it to about one. Both are deterministic.
//!
//! Points marked by hand ([`PointPair`]) go into both: one to three steer the camera, four or more give it without the
//! network. Points that contradict each other, or the photo, are refused by their number.
//!
//! Not here: several photos at once, lenses with more than one distortion term, and cars that bend.

mod adjust;
mod hand;
mod model;
mod p3p;
mod refine;
#[doc(hidden)]
pub mod simulate;
mod solve;

pub use hand::{ENOUGH_PAIRS, LARGEST_MISS_PX, SURE_PAIRS, from_points, worst_miss};
pub use refine::{EdgeEvidence, PreparedCar, refine, silhouette_iou, weighed};
pub use solve::solve;

use glam::{Vec2, Vec3};
use gridvox_car::PhotoCamera;
use serde::{Deserialize, Serialize};

/// What is known about the camera besides the picture.
#[derive(Debug, Clone, Default)]
pub struct PoseHints {
    /// 35 mm equivalent focal length from EXIF, millimetres.
    pub exif_focal_35mm: Option<f32>,
    /// Points that the user marked on the photo and on the car.
    pub point_pairs: Vec<PointPair>,
    /// Seed of the random draws.
    pub seed: u64,
}

/// One point marked by hand, on the photo and on the car.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PointPair {
    /// Pixels of the photo.
    pub photo_px: Vec2,
    /// The same point on the car, metres.
    pub car_point: Vec3,
}

/// A camera with the evidence behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PoseSolution {
    /// The photo's camera.
    pub camera: PhotoCamera,
    /// Share of the correspondences that agree with the camera, 0..1.
    pub inlier_share: f32,
    /// Root mean square distance of the agreeing correspondences, pixels of a photo whose long side is 1600.
    pub rms_px: f32,
    /// Relative standard deviation of the focal length.
    pub focal_uncertainty: f32,
    /// The camera is the one that the points marked by hand give; the network did not recognise the car from there.
    pub by_hand: bool,
    /// Other cameras that explain the correspondences nearly as well; [`refine`] looks at them too and drops them. For
    /// a camera by hand the one that the network would have, which contradicts it.
    #[serde(skip)]
    pub alternatives: Vec<PhotoCamera>,
    /// The cameras that [`refine`] followed to the first size of the photo, best first; the first became `camera`.
    #[serde(skip)]
    pub followed: Vec<Followed>,
    /// How well the car's outline covers the network's car mask, intersection over union; `None` before [`refine`] and for
    /// cameras by hand.
    pub silhouette_iou: Option<f32>,
    /// Mean strength of the photo's edges under the car's, 0..1: from right cameras about 0.45 (0.3 at night), from wrong
    /// ones below 0.25; 0 where a camera by hand was kept as it was; `None` before [`refine`].
    pub support: Option<f32>,
    /// Median distance between the car's edges and the photo's, pixels at 1600; `None` before [`refine`].
    pub edge_residual_px: Option<f32>,
    /// Share of the car's edge points that found an edge in the photo, 0..1; `None` before [`refine`].
    pub edge_support: Option<f32>,
    /// What tells how far off the camera may be; `None` before [`refine`].
    #[serde(default)]
    pub evidence: Option<EdgeEvidence>,
}

/// A camera that fewer of the photo's edges support is refused: wrong ones lie below, see [`PoseSolution::support`].
pub(crate) const LEAST_SUPPORT: f32 = 0.25;
/// With this much support no camera was wrong.
const SURE_SUPPORT: f32 = 0.35;

impl PoseSolution {
    /// How sure it is that the camera is the right one, 0..1; `None` before [`refine`].
    pub fn certainty(&self) -> Option<f32> {
        self.support.map(|support| ((support - LEAST_SUPPORT) / (SURE_SUPPORT - LEAST_SUPPORT)).clamp(0.0, 1.0))
    }
}

/// A camera that was followed, with what speaks for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Followed {
    /// The camera after the first size of the photo.
    pub camera: PhotoCamera,
    /// Mean log likelihood per cell of the network's view.
    pub agreement: f64,
    /// Mean strength of the photo's edges under the car's, 0..1.
    pub support: f64,
}

/// Why no camera was found. Each sentence says what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PoseFailure {
    /// The network saw next to no car.
    #[error("there is no car in this photo ({share:.1} % of it looks like one): choose a photo that shows the car large")]
    NoCar {
        /// Share of the photo under the car mask, per cent.
        share: f32,
    },
    /// Car is there, but too few pixels are certain.
    #[error("only {found} spots of the car could be recognised, {needed} are needed: choose a sharper or closer photo")]
    TooFewCorrespondences {
        /// Usable correspondences.
        found: usize,
        /// Least number that a camera is looked for with.
        needed: usize,
    },
    /// No camera explains the correspondences.
    #[error(
        "the car in this photo does not fit the chosen car ({agreeing:.0} % of it agrees): choose the car that \
         it shows, or set four points by hand"
    )]
    NotThisCar {
        /// Share of agreeing correspondences, per cent.
        agreeing: f32,
    },
    /// Two cars compete.
    #[error("this photo shows two cars of similar size: crop it to the one you want")]
    TwoCars,
    /// After refinement too few of the car's edges lie on edges of the photo.
    #[error(
        "the car's edges were not found in the photo ({support:.0} of 100): choose the car that it \
         shows, a sharper photo, or set four points by hand"
    )]
    NoEdges {
        /// Mean strength of the photo's edges under the car's, per cent.
        support: f32,
    },
    /// After refinement the car's outline does not cover the photo's car.
    #[error(
        "the car's outline covers only {overlap:.0} % of the car in the photo: choose the car that \
         it shows, or set four points by hand"
    )]
    PoorOverlap {
        /// Intersection over union, per cent.
        overlap: f32,
    },
    /// The points marked by hand fix no camera.
    #[error("the points set by hand lie on one line or on one spot: spread them over the car")]
    PointsOnLine,
    /// No camera keeps to all points marked by hand.
    #[error(
        "no camera keeps to all {count} points set by hand: check that each marks the same spot on the photo and on the car"
    )]
    PointsApart {
        /// How many there are.
        count: usize,
    },
    /// One of the points marked by hand contradicts the others or the photo.
    #[error(
        "point {number} set by hand lies {miss:.0} pixels from the spot that it marks on the car: set it again or remove it"
    )]
    PointAstray {
        /// Its place in the list, from 1.
        number: usize,
        /// Distance in pixels at 1600.
        miss: f32,
    },
}

/// The long side of the photo size that pixel measures are quoted at.
pub const REFERENCE_LONG_SIDE: f64 = 1600.0;

/// Pixels of a `width` x `height` photo per pixel of the reference size.
pub(crate) fn reference_scale(width: u32, height: u32) -> f64 {
    f64::from(width.max(height)) / REFERENCE_LONG_SIDE
}
