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
//!   "scores": { "accuracy": 96, "semantic": 98, "colour": 91, "colour_delta_e": 3.4, "overall": 95 },
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

use gridvox_car::PhotoCamera;
use serde::{Deserialize, Serialize};

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

/// How well the finished livery, drawn again from the solved cameras, matches the photos. Higher is better except for
/// `colour_delta_e`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// 0..100: how well edges of the re-drawn car meet edges of the photo.
    pub accuracy: f32,
    /// 0..100: share of the car's pixels where the mesh and the network agree on the part.
    pub semantic: f32,
    /// 0..100: `100 - 5 * colour_delta_e`, not below 0.
    pub colour: f32,
    /// Median CIEDE2000 between the re-drawn paint under the fitted light and the photo.
    pub colour_delta_e: f32,
    /// 0..100: the mean of accuracy, semantic and colour.
    pub overall: f32,
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

#[cfg(test)]
mod tests {
    use super::*;
    use glam::Vec3;

    #[test]
    fn the_matrix_is_written_as_rows() {
        let camera = PhotoCamera::look_at(Vec3::new(1.0, 2.0, 8.0), Vec3::Y, Vec3::Y, 900.0, 640, 480);
        let report = CameraReport::from(&camera);
        let eye: Vec<f32> = report.world_from_camera.iter().map(|row| row[3]).collect();
        assert_eq!(eye, [1.0, 2.0, 8.0, 1.0], "the last column holds the camera's place");
    }
}
