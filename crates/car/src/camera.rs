//! The pinhole camera of a photo, with one radial distortion term.

use glam::{Mat4, Vec2, Vec3};
use serde::{Deserialize, Serialize};

/// A photo's camera: it looks along its own -Z with +Y up, as in glTF.
///
/// Pixel coordinates run right and down from the image's top left corner; the centre of the first pixel is (0.5, 0.5).
/// A point `(x, y, z)` in the camera's space lands on
/// `principal_point + focal_px * (1 + k1 * r2) * (x / -z, -y / -z)` with `r2 = (x² + y²) / z²`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PhotoCamera {
    /// Rigid transform from the camera's space to the car's.
    pub world_from_camera: Mat4,
    /// Focal length in pixels of this image size.
    pub focal_px: f32,
    /// Where the optical axis meets the image, in pixels.
    pub principal_point: Vec2,
    /// Image width in pixels.
    pub width: u32,
    /// Image height in pixels.
    pub height: u32,
    /// Radial distortion, without unit; 0 is a perfect pinhole, positive bends outward.
    pub k1: f32,
}

impl PhotoCamera {
    /// A camera at `eye` that looks at `target`, with the principal point in the middle and no distortion.
    pub fn look_at(eye: Vec3, target: Vec3, up: Vec3, focal_px: f32, width: u32, height: u32) -> Self {
        Self {
            world_from_camera: Mat4::look_at_rh(eye, target, up).inverse(),
            focal_px,
            principal_point: Vec2::new(width as f32, height as f32) * 0.5,
            width,
            height,
            k1: 0.0,
        }
    }

    /// The camera's place in the car's space, in metres.
    pub fn eye(&self) -> Vec3 {
        self.world_from_camera.w_axis.truncate()
    }

    /// Rigid transform from the car's space to the camera's.
    pub fn camera_from_world(&self) -> Mat4 {
        self.world_from_camera.inverse()
    }

    /// Projects a point of the car's space: `(x_px, y_px, depth_metres)`, or `None` behind the camera.
    pub fn project(&self, point: Vec3) -> Option<Vec3> {
        self.project_view(self.camera_from_world().transform_point3(point))
    }

    /// As [`Self::project`], for a point that is in the camera's space already.
    pub fn project_view(&self, point: Vec3) -> Option<Vec3> {
        let depth = -point.z;
        if depth <= 1e-4 {
            return None;
        }
        let n = Vec2::new(point.x, -point.y) / depth;
        let px = self.principal_point + self.focal_px * (1.0 + self.k1 * n.length_squared()) * n;
        Some(px.extend(depth))
    }

    /// The unit direction, in the car's space, of the ray through a pixel position.
    pub fn ray(&self, pixel: Vec2) -> Vec3 {
        let distorted = (pixel - self.principal_point) / self.focal_px;
        let mut n = distorted;
        if self.k1 != 0.0 {
            for _ in 0..8 {
                n = distorted / (1.0 + self.k1 * n.length_squared());
            }
        }
        self.world_from_camera.transform_vector3(Vec3::new(n.x, -n.y, -1.0)).normalize()
    }

    /// The same camera for a copy of the image that was scaled to another size.
    pub fn scaled_to(&self, width: u32, height: u32) -> Self {
        let s = Vec2::new(width as f32 / self.width as f32, height as f32 / self.height as f32);
        Self { focal_px: self.focal_px * s.x, principal_point: self.principal_point * s, width, height, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ray_goes_through_the_pixel_it_was_made_for() {
        let mut camera = PhotoCamera::look_at(Vec3::new(4.0, 1.5, 6.0), Vec3::Y * 0.6, Vec3::Y, 1800.0, 1600, 1000);
        for k1 in [-0.05, 0.0, 0.05] {
            camera.k1 = k1;
            for pixel in [Vec2::new(10.0, 20.0), Vec2::new(800.0, 500.0), Vec2::new(1500.0, 990.0)] {
                let back = camera.project(camera.eye() + camera.ray(pixel) * 7.0).expect("in front of the camera");
                assert!((back.truncate() - pixel).length() < 0.02, "{back} is not {pixel}");
            }
        }
    }

    #[test]
    fn what_is_left_of_the_axis_lands_left() {
        let camera = PhotoCamera::look_at(Vec3::new(0.0, 1.0, 8.0), Vec3::Y, Vec3::Y, 1000.0, 1000, 500);
        // Seen from the front, the car's left side (+X) is on the right of the picture.
        assert!(camera.project(Vec3::new(1.0, 1.0, 0.0)).expect("in front").x > 500.0);
        assert!(camera.project(Vec3::new(0.0, 2.0, 0.0)).expect("in front").y < 250.0);
        assert!(camera.project(Vec3::new(0.0, 1.0, 9.0)).is_none());
    }
}
