//! From where a car is seen: of a camera that is known, or without a car model from correspondences alone, as the
//! weak-perspective view that explains them best.

use glam::{Mat3, Vec2, Vec3};
use gridvox_car::PhotoCamera;

use crate::net::Correspondence;

/// A camera's direction seen from the car, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Direction {
    /// 0 = front, 90 = the car's left side.
    pub azimuth_deg: f32,
    /// Above the horizon.
    pub elevation_deg: f32,
}

/// The middle of a car, in metres: what a camera's direction is measured from.
pub const CAR_MIDDLE: Vec3 = Vec3::new(0.0, 0.6, 0.0);
/// Half the size of a usual race car, in metres: turns the network's normalised places into a shape.
const HALF_EXTENT: Vec3 = Vec3::new(1.0, 0.64, 2.3);
/// Cells that are used at most.
const MAX_CELLS: usize = 600;

impl Direction {
    /// Where a camera stands.
    pub fn of_camera(camera: &PhotoCamera) -> Self {
        let eye = camera.eye() - CAR_MIDDLE;
        Self {
            azimuth_deg: eye.x.atan2(eye.z).to_degrees().rem_euclid(360.0),
            elevation_deg: eye.y.atan2(eye.x.hypot(eye.z)).to_degrees(),
        }
    }

    /// The best direction, or `None` where too few cells show the car.
    pub fn find(net: &Correspondence) -> Option<Self> {
        let shown: Vec<usize> = (0..net.mask.len()).filter(|&i| net.mask[i] > 0.6).collect();
        if shown.len() < 12 {
            return None;
        }
        let stride = shown.len().div_ceil(MAX_CELLS);
        let pairs: Vec<(Vec3, Vec2, f32)> = shown
            .iter()
            .step_by(stride)
            .map(|&i| {
                let px = net.photo_px(i % net.width, i / net.width);
                (net.coords[i] * HALF_EXTENT, Vec2::new(px.x, -px.y), 1.0 / (net.sigma[i].powi(2) + 0.01))
            })
            .collect();
        let cost = |azimuth: f32, elevation: f32| misfit(&pairs, azimuth, elevation);
        let mut best = (f32::INFINITY, 0.0, 0.0);
        for azimuth in (0..360).step_by(10) {
            for elevation in [-5.0, 5.0, 15.0, 30.0, 50.0, 75.0] {
                let c = cost(azimuth as f32, elevation);
                if c < best.0 {
                    best = (c, azimuth as f32, elevation);
                }
            }
        }
        for step in [5.0f32, 2.5, 1.25] {
            let (_, azimuth, elevation) = best;
            for da in [-step, 0.0, step] {
                for de in [-step, 0.0, step] {
                    let c = cost(azimuth + da, elevation + de);
                    if c < best.0 {
                        best = (c, azimuth + da, elevation + de);
                    }
                }
            }
        }
        Some(Self { azimuth_deg: best.1.rem_euclid(360.0), elevation_deg: best.2 })
    }
}

/// Squared distance that a scaled and shifted view from a direction leaves, relative to the picture's spread.
fn misfit(pairs: &[(Vec3, Vec2, f32)], azimuth_deg: f32, elevation_deg: f32) -> f32 {
    let (sa, ca) = azimuth_deg.to_radians().sin_cos();
    let (se, ce) = elevation_deg.to_radians().sin_cos();
    let back = Vec3::new(sa * ce, se, ca * ce);
    let right = Vec3::Y.cross(back).normalize();
    let view = Mat3::from_cols(right, back.cross(right), back).transpose();
    let (mut sw, mut sp, mut sq, mut spp, mut sqq, mut spq) = (0.0f32, Vec2::ZERO, Vec2::ZERO, 0.0, 0.0, 0.0);
    for &(point, px, w) in pairs {
        let p = (view * point).truncate();
        sw += w;
        sp += w * p;
        sq += w * px;
        spp += w * p.length_squared();
        sqq += w * px.length_squared();
        spq += w * p.dot(px);
    }
    let (mp, mq) = (sp / sw, sq / sw);
    let (var_p, var_q, cov) =
        (spp / sw - mp.length_squared(), sqq / sw - mq.length_squared(), spq / sw - mp.dot(mq));
    // The best scale is cov / var_p; a picture is never mirrored, so it is positive.
    let scale = (cov / var_p.max(1e-6)).max(0.0);
    (var_q - 2.0 * scale * cov + scale * scale * var_p) / var_q.max(1e-6)
}
