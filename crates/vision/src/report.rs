//! What `report.json` says about a finished livery.
//!
//! ```json
//! {
//!   "camera": {
//!     "world_from_camera": [[r00, r01, r02, tx], [r10, r11, r12, ty], [r20, r21, r22, tz], [0, 0, 0, 1]],
//!     "focal_px": 2310.5, "principal_point": [960.0, 640.0], "width": 1920, "height": 1280, "k1": 0.0
//!   },
//!   "cameras": [ ... one per photo, in the order given; "camera" is the first ... ],
//!   "coverage": { "seen": 0.41, "mirrored": 0.36, "invented": 0.23 },
//!   "scores": {
//!     "accuracy": 93.1, "semantic": 97.8, "colour": 91.0, "colour_delta_e": 1.8, "overall": 94.0,
//!     "edge_residual_px": 0.8, "silhouette_iou": 0.97, "agreeing": 0.95,
//!     "expected_texels": 1.1, "expected_delta_e": 4.0, "mirrored_log_odds": -9.5
//!   },
//!   "evidence": [ ... what the scores are made of, one per photo that was used, see [`Evidence`] ... ],
//!   "timings_secs": { "analyse": 0.12, "total": 2.9 },
//!   "warnings": ["..."]
//! }
//! ```
//!
//! `world_from_camera` is a rigid transform in the coordinates of the exported GLB (metres, +Y up, nose to +Z), written
//! as rows; the camera looks along its own -Z with +Y up. Pixels run right and down from the top left corner of the
//! upright photo, and a point `(x, y, z)` of the camera's space lands on
//! `principal_point + focal_px * (1 + k1 * r2) * (x / -z, -y / -z)` with `r2 = (x² + y²) / z²`.

mod evidence;

pub use evidence::Evidence;

use std::collections::BTreeMap;

use glam::{Mat4, Vec2};
use gridvox_car::{AtlasMaps, CarPack, PhotoCamera};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::color::{self, LinearRgb};
use crate::delight::Delit;
use crate::pipeline::SolvedView;

/// The whole report; serialise it with `serde_json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The solved camera of the first photo.
    pub camera: CameraReport,
    /// The solved camera of each photo, in the order given.
    pub cameras: Vec<CameraReport>,
    /// How much of the painted surface each source covers.
    pub coverage: Coverage,
    /// How well the livery matches the photos.
    pub scores: Scores,
    /// What the scores are made of, one per photo that was used.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// Seconds of wall time per stage, and `total`.
    pub timings_secs: BTreeMap<String, f64>,
    /// What the painter should know, one sentence each.
    pub warnings: Vec<String>,
}

/// A camera as `report.json` writes it; the page of this module gives the conventions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CameraReport {
    /// Rows of the rigid transform from the camera's space to the car's.
    pub world_from_camera: [[f32; 4]; 4],
    /// Focal length in pixels of the upright photo.
    pub focal_px: f32,
    /// Where the optical axis meets the photo, in pixels.
    pub principal_point: [f32; 2],
    /// Photo width in pixels.
    pub width: u32,
    /// Photo height in pixels.
    pub height: u32,
    /// Radial distortion.
    pub k1: f32,
}

/// Shares of the painted surface by area; they sum to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Copied from a photo.
    pub seen: f32,
    /// Taken from the other side of the car.
    pub mirrored: f32,
    /// Continued from the livery's inks.
    pub invented: f32,
}

/// How well the finished livery, drawn again from the solved cameras under the fitted light, matches the photos. The
/// first five are means over the photos, weighted by the car's size in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// 0..100: how well the drawn car lies on the photo's, `100 * exp(-expected_texels / 20)`. Where the camera was given, or
    /// points set by hand gave it and no edges were found: `100 * agreeing`, times the camera's certainty.
    pub accuracy: f32,
    /// 0..100: share of the seen paint that is expected to come from the same part of the car.
    pub semantic: f32,
    /// 0..100: how near the seen paint is expected to be to the true one, `100 * exp(-expected_delta_e / 20)`.
    pub colour: f32,
    /// Median CIEDE2000 between the drawn paint and the photo.
    pub colour_delta_e: f32,
    /// 0..100: the mean of accuracy, semantic and colour.
    pub overall: f32,
    /// Median distance between the car's edges and the first photo's, in pixels of a photo 1600 pixels large.
    pub edge_residual_px: Option<f32>,
    /// Intersection over union of the drawn car and the network's mask, first photo.
    pub silhouette_iou: Option<f32>,
    /// Share of the drawn paint that differs from the photo by less than a CIEDE2000 of 10.
    pub agreeing: f32,
    /// Expected median correspondence error, in texels of a 2048 texture; `None` where no edges were looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_texels: Option<f32>,
    /// Expected mean CIEDE2000 of the seen paint against the true one, without any gain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_delta_e: Option<f32>,
    /// Natural log odds that the writing on the photos is mirror writing; `None` where no writing was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirrored_log_odds: Option<f32>,
}

/// Below this accuracy (7 expected texels) a result is doubtful. Of 58 cameras in the calibration, none off by more than
/// 14 texels scored above 10, and no right one of a refined photo below 60; of 48 photos of eight cars that no network was
/// trained on, wrong ones reached 66 and all right ones but two had more than 75.
pub const DOUBTFUL_ACCURACY: f32 = 70.0;

/// From these log odds on (20 to 1) the writing counts as mirror writing. Of 40 tuning photos one has as much, a word upside
/// down on a deck, and the next 1.3; of the same 40 flipped 19 have, and 18 have no writing that is found. One clear word
/// reaches 4.
pub const MIRRORED_LOG_ODDS: f32 = 3.0;

impl Scores {
    /// Whether the whole livery may be wrong; the report warns of it then.
    pub fn is_doubtful(&self) -> bool {
        self.is_loose() || self.reads_backwards()
    }

    /// Whether the car lies only loosely on the photo. Cameras that were given are not doubted.
    pub fn is_loose(&self) -> bool {
        self.edge_residual_px.is_some() && self.accuracy < DOUBTFUL_ACCURACY
    }

    /// Whether the writing says that the photo was flipped left to right.
    pub fn reads_backwards(&self) -> bool {
        self.mirrored_log_odds.is_some_and(|odds| odds >= MIRRORED_LOG_ODDS)
    }
}

/// Expected texels at which the accuracy score has fallen to a third.
const ACCURACY_TEXELS: f32 = 20.0;
/// Expected CIEDE2000 at which the colour score has.
const COLOUR_DELTA_E: f32 = 20.0;

/// A drawn pixel counts as agreeing below this CIEDE2000.
const AGREEING_DELTA_E: f32 = 10.0;

/// Draws the livery from each camera and compares it with the photo.
pub(crate) fn score(
    views: &[SolvedView<'_>],
    lights: &[Delit],
    livery: &[LinearRgb],
    maps: &AtlasMaps,
    car: &CarPack,
) -> (Scores, Vec<Evidence>) {
    let mut total = Scores::default();
    let (mut evidence, mut expected) = (Vec::new(), (0.0, 0.0));
    let mut weights = 0.0;
    for (view, light) in views.iter().zip(lights) {
        let mut differences = differences(view, light, livery, maps, car);
        if differences.is_empty() {
            continue;
        }
        let weight = differences.len() as f32;
        let agreeing = differences.iter().filter(|&&d| d < AGREEING_DELTA_E).count() as f32 / weight;
        let middle = differences.len() / 2;
        let delta_e = *differences.select_nth_unstable_by(middle, f32::total_cmp).1;
        let told = Evidence::of(view, light, delta_e, maps, car);
        let (texels, delta_e_expected) = (told.expected_texels(), told.expected_delta_e());
        // What has no edges to judge by was given, or set by hand.
        let placed = texels.map_or(agreeing * told.certainty, |texels| (-texels / ACCURACY_TEXELS).exp());
        total.accuracy += weight * 100.0 * placed;
        total.semantic += weight * 100.0 * told.expected_same_part();
        total.colour += weight * 100.0 * (-delta_e_expected / COLOUR_DELTA_E).exp();
        total.colour_delta_e += weight * delta_e;
        expected.0 += weight * texels.unwrap_or(0.0);
        expected.1 += weight * delta_e_expected;
        evidence.push(told);
        total.agreeing += weight * agreeing;
        weights += weight;
    }
    let mean = |sum: f32| if weights > 0.0 { sum / weights } else { 0.0 };
    let first = views.first().and_then(|view| view.pose.as_ref());
    let (accuracy, semantic, colour) = (mean(total.accuracy), mean(total.semantic), mean(total.colour));
    let scores = Scores {
        accuracy,
        semantic,
        colour,
        colour_delta_e: mean(total.colour_delta_e),
        overall: (accuracy + semantic + colour) / 3.0,
        edge_residual_px: first.and_then(|p| p.edge_residual_px),
        silhouette_iou: first.and_then(|p| p.silhouette_iou),
        agreeing: mean(total.agreeing),
        expected_texels: evidence.iter().any(|told| told.edges.is_some()).then(|| mean(expected.0)),
        expected_delta_e: Some(mean(expected.1)),
        mirrored_log_odds: None,
    };
    (scores, evidence)
}

/// CIEDE2000 per drawn paint pixel.
fn differences(view: &SolvedView<'_>, light: &Delit, livery: &[LinearRgb], maps: &AtlasMaps, car: &CarPack) -> Vec<f32> {
    let (drawn, eye) = (&view.drawn, view.camera.eye());
    let size = maps.size as usize;
    (0..drawn.part.len())
        .into_par_iter()
        .filter(|&i| drawn.part[i] != 0 && car.model.is_paint(usize::from(drawn.part[i]) - 1))
        .filter_map(|i| {
            let at = (drawn.uv[i] * size as f32).floor().clamp(Vec2::ZERO, Vec2::splat(size as f32 - 1.0));
            let texel = at.y as usize * size + at.x as usize;
            if maps.part[texel] == 0 || !view.is_clear(i) {
                return None;
            }
            let to_eye = (eye - drawn.position[i]).normalize();
            let again = light.light.apply(livery[texel], drawn.normal[i], to_eye, maps.occlusion[texel]);
            Some(color::delta_e(again.map(|c| c.min(1.0)), view.photo_color(i)?))
        })
        .collect()
}

impl From<&PhotoCamera> for CameraReport {
    fn from(camera: &PhotoCamera) -> Self {
        // glam stores columns.
        let columns = camera.world_from_camera.transpose().to_cols_array_2d();
        Self {
            world_from_camera: columns,
            focal_px: camera.focal_px,
            principal_point: camera.principal_point.to_array(),
            width: camera.width,
            height: camera.height,
            k1: camera.k1,
        }
    }
}

impl CameraReport {
    /// The camera that was written down.
    pub fn to_camera(&self) -> PhotoCamera {
        PhotoCamera {
            world_from_camera: Mat4::from_cols_array_2d(&self.world_from_camera).transpose(),
            focal_px: self.focal_px,
            principal_point: Vec2::from_array(self.principal_point),
            width: self.width,
            height: self.height,
            k1: self.k1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::Vec3;

    #[test]
    fn solved_cameras_are_doubted_and_given_ones_are_not() {
        let solved = |accuracy| Scores { accuracy, edge_residual_px: Some(2.0), ..Scores::default() };
        assert!(solved(DOUBTFUL_ACCURACY - 0.1).is_doubtful() && !solved(DOUBTFUL_ACCURACY).is_doubtful());
        assert!(!Scores { edge_residual_px: None, ..solved(5.0) }.is_doubtful());
        let reading = |odds| Scores { mirrored_log_odds: Some(odds), ..solved(90.0) };
        assert!(reading(MIRRORED_LOG_ODDS).is_doubtful() && !reading(MIRRORED_LOG_ODDS - 0.1).is_doubtful());
    }

    #[test]
    fn the_matrix_is_written_as_rows() {
        let camera = PhotoCamera::look_at(Vec3::new(1.0, 2.0, 8.0), Vec3::Y, Vec3::Y, 900.0, 640, 480);
        let report = CameraReport::from(&camera);
        let eye: Vec<f32> = report.world_from_camera.iter().map(|row| row[3]).collect();
        assert_eq!(eye, [1.0, 2.0, 8.0, 1.0], "the last column holds the camera's place");
        assert_eq!(report.to_camera(), camera);
    }
}
