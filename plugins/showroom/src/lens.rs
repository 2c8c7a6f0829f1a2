//! A lens that draws exactly what a [`PhotoCamera`] sees.

use bevy::camera::{CameraProjection, SubCameraView};
use bevy::math::{Mat4, Vec2, Vec3A, Vec4};
use bevy::prelude::*;
use gridvox_car::PhotoCamera;

/// Nearest distance that is drawn, in metres.
const NEAR_M: f32 = 0.05;

/// Farthest distance that counts for culling and shadows, in metres.
const FAR_M: f32 = 1000.0;

/// The projection of a photo's camera: any principal point, one focal length, no distortion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PhotoLens {
    /// Focal length over half the picture's width and height.
    scale: Vec2,
    /// Where the axis meets the picture, in normalized device coordinates.
    centre: Vec2,
}

impl PhotoLens {
    /// The lens of a camera. Its distortion is left out: pictures are rendered as by a perfect pinhole.
    pub fn new(camera: &PhotoCamera) -> Self {
        let size = Vec2::new(camera.width as f32, camera.height as f32);
        let centre = camera.principal_point / size * 2.0 - 1.0;
        Self { scale: 2.0 * camera.focal_px / size, centre: Vec2::new(centre.x, -centre.y) }
    }

    /// Where the camera stands.
    pub fn transform(camera: &PhotoCamera) -> Transform {
        Transform::from_matrix(camera.world_from_camera)
    }
}

impl CameraProjection for PhotoLens {
    fn get_clip_from_view(&self) -> Mat4 {
        // Depth along the axis is -z; Bevy's depth runs from 1 at the near plane to 0 at infinity.
        Mat4::from_cols(
            Vec4::new(self.scale.x, 0.0, 0.0, 0.0),
            Vec4::new(0.0, self.scale.y, 0.0, 0.0),
            Vec4::new(-self.centre.x, -self.centre.y, 0.0, -1.0),
            Vec4::new(0.0, 0.0, NEAR_M, 0.0),
        )
    }

    fn get_clip_from_view_for_sub(&self, _: &SubCameraView) -> Mat4 {
        self.get_clip_from_view()
    }

    fn update(&mut self, _width: f32, _height: f32) {
        // The picture's size is part of the camera, and targets are made to fit it.
    }

    fn far(&self) -> f32 {
        FAR_M
    }

    fn get_frustum_corners(&self, z_near: f32, z_far: f32) -> [Vec3A; 8] {
        let at = |ndc: Vec2, z: f32| ((ndc - self.centre) / self.scale * z.abs()).extend(z).into();
        let corners = [Vec2::new(1.0, -1.0), Vec2::new(1.0, 1.0), Vec2::new(-1.0, 1.0), Vec2::new(-1.0, -1.0)];
        let [a, b, c, d] = corners.map(|ndc| at(ndc, z_near));
        let [e, f, g, h] = corners.map(|ndc| at(ndc, z_far));
        [a, b, c, d, e, f, g, h]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::camera::PerspectiveProjection;

    #[test]
    fn points_land_where_the_photo_camera_puts_them() {
        let mut camera =
            PhotoCamera::look_at(Vec3::new(4.0, 1.5, 6.0), Vec3::new(0.1, 0.6, 0.2), Vec3::Y, 1500.0, 1200, 800);
        camera.principal_point = Vec2::new(431.0, 512.0);
        let lens = PhotoLens::new(&camera);
        let view_from_world = PhotoLens::transform(&camera).to_matrix().inverse();
        for point in [Vec3::ZERO, Vec3::new(1.0, 0.3, 2.2), Vec3::new(-0.9, 1.2, -1.8)] {
            let expected = camera.project(point).expect("in front");
            let clip = lens.get_clip_from_view() * view_from_world * point.extend(1.0);
            let ndc = clip.truncate() / clip.w;
            let px = Vec2::new((ndc.x + 1.0) * 600.0, (1.0 - ndc.y) * 400.0);
            assert!((px - expected.truncate()).length() < 0.01, "{px} is not {expected}");
            assert!(ndc.z > 0.0 && ndc.z < 1.0);
            assert!((clip.w - expected.z).abs() < 1e-4);
        }
    }

    #[test]
    fn a_centred_lens_is_the_usual_perspective() {
        let camera = PhotoCamera::look_at(Vec3::Z * 5.0, Vec3::ZERO, Vec3::Y, 900.0, 1600, 900);
        let usual = PerspectiveProjection {
            fov: 2.0 * (450.0_f32 / 900.0).atan(),
            aspect_ratio: 1600.0 / 900.0,
            near: NEAR_M,
            ..default()
        };
        let lens = PhotoLens::new(&camera);
        assert!(lens.get_clip_from_view().abs_diff_eq(usual.get_clip_from_view(), 1e-5));
        let corners = lens.get_frustum_corners(-0.5, -20.0).into_iter().zip(usual.get_frustum_corners(-0.5, -20.0));
        for (ours, theirs) in corners {
            assert!(ours.abs_diff_eq(theirs, 1e-3), "{ours} {theirs}");
        }
    }
}
