//! A view that looks through a photo's lens, so that the render lies exactly over the photo.
//!
//! The whole photo is seen in the view's middle, as large as fits, and what the photo cuts off is drawn around it. Lens
//! distortion is left out; [`bend_px`] says how far that puts the photo's corners off.

use crate::angle::ViewAngle;
use crate::layout::ViewId;
use crate::lens::PhotoLens;
use crate::views::{Framed, StandTogether, Views};
use bevy::prelude::*;
use bevy_panorbit_camera::PanOrbitCameraSystemSet;
use gridvox_car::PhotoCamera;

/// The camera of a photo that a view looks through.
#[derive(Component, Debug, Clone, Copy)]
pub(crate) struct Matched {
    pub camera: PhotoCamera,
    /// The view's size that its lens was made for.
    pub made_for: Option<UVec2>,
    /// Where the view stood before.
    pub stood: (ViewAngle, Framed),
}

/// Where a photo of `photo` pixels lies in a view of `view` pixels: its upper left corner and the scale, in view pixels.
pub fn letterbox(photo: (u32, u32), view: Vec2) -> (Vec2, f32) {
    let photo = Vec2::new(photo.0.max(1) as f32, photo.1.max(1) as f32);
    let scale = (view / photo).min_element();
    ((view - photo * scale) * 0.5, scale)
}

/// The camera that sees in a view of another shape what `camera` sees, with the photo in the middle. No distortion.
pub fn letterboxed(camera: &PhotoCamera, view: UVec2) -> PhotoCamera {
    let (corner, scale) = letterbox((camera.width, camera.height), view.as_vec2());
    PhotoCamera {
        focal_px: camera.focal_px * scale,
        principal_point: camera.principal_point * scale + corner,
        width: view.x,
        height: view.y,
        k1: 0.0,
        ..*camera
    }
}

/// How far the lens's distortion moves the photo's farthest corner, in pixels of the photo.
pub fn bend_px(camera: &PhotoCamera) -> f32 {
    let size = Vec2::new(camera.width as f32, camera.height as f32);
    let reach = camera.principal_point.max(size - camera.principal_point).length() / camera.focal_px;
    (camera.focal_px * camera.k1 * reach.powi(3)).abs()
}

/// The lens follows the view's size.
fn stand_at_photo(
    views: Res<Views>,
    mut cameras: Query<(&ViewId, &mut Matched, &mut Transform, &mut Projection)>,
) {
    for (view, mut matched, mut stands, mut lens) in &mut cameras {
        let size = views.view(*view).size;
        if matched.made_for != Some(size) {
            matched.made_for = Some(size);
            let camera = letterboxed(&matched.camera, size);
            *stands = PhotoLens::transform(&camera);
            *lens = Projection::custom(PhotoLens::new(&camera));
        }
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(PostUpdate, stand_at_photo.after(PanOrbitCameraSystemSet).in_set(StandTogether));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo() -> PhotoCamera {
        let eye = Vec3::new(4.0, 1.5, 6.0);
        let camera = PhotoCamera::look_at(eye, Vec3::new(0.1, 0.6, 0.2), Vec3::Y, 1500.0, 1200, 800);
        PhotoCamera { principal_point: Vec2::new(431.0, 512.0), ..camera }
    }

    #[test]
    fn a_photo_lies_in_the_middle_as_large_as_fits() {
        assert_eq!(letterbox((1200, 800), Vec2::new(600.0, 900.0)), (Vec2::new(0.0, 250.0), 0.5));
        assert_eq!(letterbox((1200, 800), Vec2::new(2000.0, 400.0)), (Vec2::new(700.0, 0.0), 0.5));
    }

    #[test]
    fn a_point_of_the_car_lies_on_its_place_of_the_photo_in_every_view() {
        let camera = photo();
        for view in [UVec2::new(1200, 800), UVec2::new(972, 956), UVec2::new(2000, 300), UVec2::new(301, 977)] {
            let seen = letterboxed(&camera, view);
            let (corner, scale) = letterbox((camera.width, camera.height), view.as_vec2());
            for point in [Vec3::ZERO, Vec3::new(1.0, 0.3, 2.2), Vec3::new(-0.9, 1.2, -1.8)] {
                let on_photo = camera.project(point).expect("in front").truncate();
                let on_view = seen.project(point).expect("in front").truncate();
                assert!((corner + on_photo * scale - on_view).length() < 0.01, "{view}: {on_photo} {on_view}");
            }
        }
    }

    #[test]
    fn distortion_is_measured_at_the_farthest_corner() {
        assert_eq!(bend_px(&photo()), 0.0);
        let camera = PhotoCamera { k1: 0.05, ..photo() };
        let bent = bend_px(&camera);
        // the corner as the photo's own projection moves it
        let ray = PhotoCamera { k1: 0.0, ..camera }.ray(Vec2::new(1200.0, 0.0));
        let moved = camera.project(camera.eye() + ray * 9.0).expect("in front").truncate();
        assert!((moved.distance(Vec2::new(1200.0, 0.0)) - bent).abs() < 0.05 * bent, "{moved} {bent}");
    }
}
