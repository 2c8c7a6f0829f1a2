//! Pictures without a window: one start of the renderer draws many shots.
//!
//! The same stage as in the studio, drawn by a program of its own that is stepped by hand, so it works without a display
//! and on software Vulkan, and draws the same picture each time.

mod darkroom;
mod error;
mod scenery;
mod shot;
mod target;
mod tiles;

pub use darkroom::{Darkroom, Progress};
pub use error::StillError;
pub(crate) use shot::MAX_EDGE;
pub use shot::{StillCamera, StillScene, StillShot, menu_shot};

use image::RgbaImage;

/// Draws shots, in order.
pub fn render(scene: &StillScene, shots: &[StillShot]) -> Result<Vec<RgbaImage>, StillError> {
    let mut pictures = Vec::with_capacity(shots.len());
    render_each(scene, shots, |_, picture| pictures.push(picture))?;
    Ok(pictures)
}

/// Draws shots and hands over each picture as soon as it is ready.
pub fn render_each(
    scene: &StillScene,
    shots: &[StillShot],
    mut ready: impl FnMut(usize, RgbaImage),
) -> Result<(), StillError> {
    for shot in shots {
        shot::check(scene, shot)?;
    }
    let mut darkroom = Darkroom::open(scene)?;
    for (index, shot) in shots.iter().enumerate() {
        ready(index, darkroom.shoot(shot)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aperture::Aperture;
    use crate::environment::EnvironmentId;
    use bevy::math::Vec3;
    use gridvox_car::testing::box_pack;
    use gridvox_car::{PhotoCamera, ViewPreset};
    use std::sync::Arc;

    fn scene() -> StillScene {
        StillScene::new(Arc::new(box_pack()), None, EnvironmentId::default())
    }

    #[test]
    fn impossible_shots_are_refused_before_anything_starts() {
        let preset = StillCamera::Preset(ViewPreset::Front);
        let refused = |shot| render(&scene(), &[shot]).expect_err("impossible");
        assert!(matches!(refused(StillShot::new(preset, 0, 100)), StillError::Size { .. }));
        assert!(matches!(refused(StillShot::new(preset, 100, 9000)), StillError::Size { .. }));
        let shot = StillShot { livery: 1, ..StillShot::new(preset, 64, 64) };
        assert!(matches!(refused(shot), StillError::Missing { what: "livery", .. }));
        let shot = StillShot { environment: 1, ..StillShot::new(preset, 64, 64) };
        assert!(matches!(refused(shot), StillError::Missing { what: "environment", .. }));
        let mut camera = PhotoCamera::look_at(Vec3::ONE, Vec3::ZERO, Vec3::Y, 100.0, 64, 64);
        camera.focal_px = f32::NAN;
        assert!(matches!(refused(StillShot::photo(camera)), StillError::Camera));
    }

    #[test]
    fn a_spec_map_and_a_lens_that_cannot_be_are_refused() {
        let shot = StillShot::new(StillCamera::Preset(ViewPreset::Front), 64, 64);
        let mapped = StillScene { spec: Some(Arc::new(RgbaImage::new(64, 32))), ..scene() };
        assert!(matches!(render(&mapped, &[shot]), Err(StillError::SpecMap { width: 64, height: 32 })));
        for (f_number, focus_m) in [(0.0, None), (f32::NAN, None), (2.8, Some(-1.0)), (2.8, Some(f32::INFINITY))] {
            let aperture = Some(Aperture { f_number, focus_m, samples: 4 });
            assert!(matches!(render(&scene(), &[StillShot { aperture, ..shot }]), Err(StillError::Camera)));
        }
    }

    #[test]
    fn a_livery_that_is_not_square_is_refused() {
        let mut scene = scene();
        scene.liveries = vec![Arc::new(RgbaImage::new(64, 32))];
        let shot = StillShot::new(StillCamera::Preset(ViewPreset::Front), 64, 64);
        assert!(matches!(render(&scene, &[shot]), Err(StillError::Livery { width: 64, height: 32 })));
    }
}
