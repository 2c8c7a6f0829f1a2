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
//!     "edge_residual_px": 0.8, "silhouette_iou": 0.97, "agreeing": 0.95
//!   },
//!   "timings_secs": { "analyse": 0.12, "total": 2.9 },
//!   "warnings": ["..."]
//! }
//! ```
//!
//! `world_from_camera` is a rigid transform in the coordinates of the exported GLB (metres, +Y up, nose to +Z), written
//! as rows; the camera looks along its own -Z with +Y up. Pixels run right and down from the top left corner of the
//! upright photo, and a point `(x, y, z)` of the camera's space lands on
//! `principal_point + focal_px * (1 + k1 * r2) * (x / -z, -y / -z)` with `r2 = (x² + y²) / z²`.

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
    /// 0..100: how well the drawn car lies on the photo's. `100 * edges * outline * certainty`, where `edges` falls from 1
    /// at an edge residual of 0.5 pixels to 0 at 8 (of a photo 1600 pixels large), `outline` rises from 0 at an
    /// intersection over union of 0.5 to 1 at 0.95, and `certainty` from 0 for a camera that the photo's edges support
    /// as weakly as a wrong one to 1 where none was ever wrong. Where the camera was given: `100 * agreeing`; where points
    /// set by hand gave it: `100 * agreeing * certainty`.
    pub accuracy: f32,
    /// 0..100: share of the car's pixels where the drawn part is the one that the network sees; 100 without a network.
    pub semantic: f32,
    /// 0..100: `100 - 5 * colour_delta_e`, not below 0.
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
}

/// Below this accuracy a result is doubtful. Of 32 stress photos the one wrong camera scored 10; right ones of a single car
/// scored above 60, and one of two cars 35.
pub const DOUBTFUL_ACCURACY: f32 = 40.0;

impl Scores {
    /// Whether the car lies so loosely on the photo that the whole livery may be wrong; the report warns of it then. Cameras
    /// that were given are not doubted.
    pub fn is_doubtful(&self) -> bool {
        self.edge_residual_px.is_some() && self.accuracy < DOUBTFUL_ACCURACY
    }
}

/// A drawn pixel counts as agreeing below this CIEDE2000.
const AGREEING_DELTA_E: f32 = 10.0;

/// Draws the livery from each camera and compares it with the photo.
pub(crate) fn score(
    views: &[SolvedView<'_>],
    lights: &[Delit],
    livery: &[LinearRgb],
    maps: &AtlasMaps,
    car: &CarPack,
) -> Scores {
    let mut total = Scores::default();
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
        let pose = view.pose.as_ref();
        let edges = pose.and_then(|p| p.edge_residual_px).map(|px| 1.0 - ((px - 0.5) / 7.5).clamp(0.0, 1.0));
        let outline = pose.and_then(|p| p.silhouette_iou).map(|iou| ((iou - 0.5) / 0.45).clamp(0.0, 1.0));
        let sure = pose.and_then(|p| p.certainty()).unwrap_or(1.0);
        let placed = edges.zip(outline).map_or(agreeing, |(e, o)| e * o) * sure;
        total.accuracy += weight * 100.0 * placed;
        total.semantic += weight * 100.0 * semantic(view, car);
        total.colour += weight * (100.0 - 5.0 * delta_e).max(0.0);
        total.colour_delta_e += weight * delta_e;
        total.agreeing += weight * agreeing;
        weights += weight;
    }
    let mean = |sum: f32| if weights > 0.0 { sum / weights } else { 0.0 };
    let first = views.first().and_then(|view| view.pose.as_ref());
    let (accuracy, semantic, colour) = (mean(total.accuracy), mean(total.semantic), mean(total.colour));
    Scores {
        accuracy,
        semantic,
        colour,
        colour_delta_e: mean(total.colour_delta_e),
        overall: (accuracy + semantic + colour) / 3.0,
        edge_residual_px: first.and_then(|p| p.edge_residual_px),
        silhouette_iou: first.and_then(|p| p.silhouette_iou),
        agreeing: mean(total.agreeing),
    }
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

/// Share of the network's car cells whose part is the drawn one.
fn semantic(view: &SolvedView<'_>, car: &CarPack) -> f32 {
    let Some(net) = &view.net else { return 1.0 };
    let (mut same, mut all) = (0.0f32, 0.0f32);
    for cell in 0..net.mask.len() {
        let at = net.photo_px(cell % net.width, cell / net.width) / view.drawn_step;
        if net.mask[cell] < 0.5 || at.min_element() < 0.0 {
            continue;
        }
        let (x, y) = (at.x as usize, at.y as usize);
        if x >= view.drawn.width as usize || y >= view.drawn.height as usize {
            continue;
        }
        let part = view.drawn.part[y * view.drawn.width as usize + x];
        all += 1.0;
        same += f32::from(u8::from(part != 0 && car.model.parts[usize::from(part) - 1].class == net.part_class(cell)));
    }
    if all > 0.0 { same / all } else { 0.0 }
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
