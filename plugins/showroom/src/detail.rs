//! Levels of detail: where no view is large enough to show the whole mesh, the car is drawn from a simpler one.
//!
//! All copies of the car share one level, that of the view that needs the finest. The simpler meshes are made on a worker, the
//! first time that they would do.

use crate::angle::fov;
use crate::car::{self, CarPart};
use crate::layout::ViewId;
use crate::stage::OnStage;
use crate::views::Views;
use bevy::prelude::*;
use gridvox_car::{CarModel, detail};

/// Metres that surfaces of the simpler car lie off at most.
const OFF_M: f32 = 0.003;

/// Pixels that a surface may lie off without being seen.
const UNSEEN_PX: f32 = 0.4;

/// Nearer than this, in metres, a camera is in the car.
const NEAREST_M: f32 = 0.2;

/// The meshes of a car's parts; `None` where a part has nothing to show.
pub(crate) type PartMeshes = Vec<Option<Handle<Mesh>>>;

/// The car's meshes, shared by its copies in the lights.
#[derive(Default)]
pub(crate) struct Levels {
    whole: PartMeshes,
    simple: Option<PartMeshes>,
    asked: bool,
    shows_simple: bool,
}

impl Levels {
    /// Those of a car that comes on stage.
    pub fn of(whole: PartMeshes) -> Self {
        Self { whole, ..Self::default() }
    }

    /// The ones that are drawn now.
    pub fn shown(&self) -> &PartMeshes {
        self.simple.as_ref().filter(|_| self.shows_simple).unwrap_or(&self.whole)
    }

    /// The simpler ones are made.
    pub fn add(&mut self, simple: PartMeshes) {
        self.simple = Some(simple);
    }
}

/// The simpler car's meshes.
pub(crate) fn simple_meshes(model: &CarModel) -> Vec<Option<Mesh>> {
    car::meshes_of(&detail::simplified(model, OFF_M))
}

/// Pixels that a metre of the car takes at most in a picture of this height, from a camera at `eye` with this vertical field of
/// view in radians.
fn px_per_metre(height_px: f32, fov: f32, eye: Vec3, bounds: (Vec3, Vec3)) -> f32 {
    let distance = eye.distance(eye.clamp(bounds.0, bounds.1)).max(NEAREST_M);
    height_px / (2.0 * (0.5 * fov).tan() * distance)
}

/// Takes the level that the views need.
pub(crate) fn choose_level(
    mut stage: ResMut<OnStage>,
    views: Res<Views>,
    cameras: Query<(&ViewId, &Projection, &Transform)>,
    mut parts: Query<(&CarPart, &mut Mesh3d)>,
) {
    // nothing that hangs on the stage changes
    let stage = stage.bypass_change_detection();
    let bounds = stage.bounds();
    let shown = cameras.iter().filter(|(view, ..)| views.layout.shows(**view));
    let scales = shown.map(|(view, projection, transform)| {
        let height = views.images[view.index()].drawn.y as f32;
        fov(projection).map_or(f32::INFINITY, |fov| px_per_metre(height, fov, transform.translation, bounds))
    });
    let Some(finest) = scales.reduce(f32::max) else { return };
    let simple_does = finest * OFF_M <= UNSEEN_PX;
    if simple_does && !stage.levels.asked {
        stage.levels.asked = true;
        stage.simplify_car();
    }
    let simple = simple_does && stage.levels.simple.is_some();
    if stage.levels.shows_simple == simple {
        return;
    }
    stage.levels.shows_simple = simple;
    let shown = stage.levels.shown();
    for (part, mut mesh) in &mut parts {
        if let Some(Some(level)) = shown.get(part.0) {
            mesh.0 = level.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metre_is_larger_from_near_and_through_a_long_lens() {
        let bounds = (Vec3::new(-1.0, 0.0, -2.0), Vec3::new(1.0, 1.2, 2.0));
        let fov = 30_f32.to_radians();
        let px = |height, fov, z| px_per_metre(height, fov, Vec3::new(0.0, 0.6, z), bounds);
        // 6 m from the nearest corner, where half of the height is 1.608 m
        assert!((px(720.0, fov, 8.0) - 360.0 / 1.6077).abs() < 0.1);
        assert!(px(720.0, fov, 4.0) > 2.9 * px(720.0, fov, 8.0));
        assert!(px(720.0, 0.5 * fov, 8.0) > 1.9 * px(720.0, fov, 8.0));
        assert!(px(720.0, fov, 0.0).is_finite());
    }

    #[test]
    fn the_whole_car_shows_until_a_simpler_one_is_there() {
        let mut levels = Levels::of(vec![None]);
        levels.shows_simple = true;
        assert_eq!(levels.shown().len(), 1);
        levels.add(vec![None, None]);
        assert_eq!(levels.shown().len(), 2);
    }
}
