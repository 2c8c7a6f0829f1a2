//! Depth of field in views: a blur by depth over the finished picture, quick enough to turn the car under.
//!
//! It is a preview. Edges of what is near do not spread over what is far, and reflections are as sharp as the surface that
//! shows them; pictures taken with [`crate::aperture`] have both right.

use crate::aperture::SENSOR_MM;
use crate::angle::fov;
use crate::commands::ShowroomCommand;
use crate::layout::ViewId;
use crate::pace::RedrawNeeded;
use crate::rig::light_views;
use crate::stage::OnStage;
use crate::views::{StandTogether, Views};
use bevy::post_process::dof::{DepthOfField, DepthOfFieldMode};
use bevy::prelude::*;

/// Widest blur in pixels: beyond, the picture costs more than it shows.
const WIDEST_PX: f32 = 28.0;
/// Everything farther counts as this far, in metres.
const FARTHEST_M: f32 = 60.0;
/// Distances that differ by less are one: the blur of both looks the same.
const SAME: f32 = 0.01;

/// Openings that a lens can have.
const F_NUMBERS: std::ops::RangeInclusive<f32> = 0.7..=32.0;

/// How far the lens of each view is open, by [`ViewId::index`]; none where it is a pinhole.
#[derive(Resource, Default)]
pub(crate) struct Openings(pub [Option<f32>; ViewId::COUNT]);

/// The distance along the axis from a camera to where the middle of its picture meets a box, or to the box's middle.
fn focus_m(camera: &Transform, bounds: (Vec3, Vec3)) -> f32 {
    let (eye, ahead) = (camera.translation, camera.forward().as_vec3());
    // the box of a car is fuller than the car
    let middle = (bounds.0 + bounds.1) * 0.5;
    let half = (bounds.1 - bounds.0) * 0.5 * 0.92;
    let inverse = ahead.recip();
    let (a, b) = ((middle - half - eye) * inverse, (middle + half - eye) * inverse);
    let (near, far) = (a.min(b).max_element(), a.max(b).min_element());
    let hit = if near > 0.0 && near <= far { near } else { (middle - eye).dot(ahead) };
    if hit.is_finite() { hit.max(0.1) } else { 1.0 }
}

fn open_apertures(mut messages: MessageReader<ShowroomCommand>, mut openings: ResMut<Openings>, mut redraw: ResMut<RedrawNeeded>) {
    for message in messages.read() {
        let ShowroomCommand::OpenAperture { view, f_number } = *message else { continue };
        let wanted = f_number.filter(|f| f.is_finite()).map(|f| f.clamp(*F_NUMBERS.start(), *F_NUMBERS.end()));
        let opening = &mut openings.0[view.index()];
        if *opening != wanted {
            *opening = wanted;
            redraw.view_changed(view);
        }
    }
}

/// Cameras with an open lens follow what they look at.
fn focus(
    openings: Res<Openings>,
    (views, stage): (Res<Views>, Res<OnStage>),
    cameras: Query<(&ViewId, &Transform, &Projection, Option<&DepthOfField>)>,
    mut commands: Commands,
) {
    for (view, stands, lens, has) in &cameras {
        let shown = views.view(*view);
        // both sides of a wipe are one view to the eye
        let index = if views.layout == crate::ViewLayout::Wipe { 0 } else { view.index() };
        let opening = openings.0[index].filter(|_| fov(lens).is_some());
        let mut camera = commands.entity(shown.camera);
        match (opening, has) {
            (None, None) => {}
            (None, Some(_)) => {
                camera.remove::<DepthOfField>();
            }
            (Some(f_number), has) => {
                let focal_distance = focus_m(stands, stage.bounds());
                let sensor_height = SENSOR_MM * 1e-3 / shown.aspect().max(0.1);
                let near = |a: f32, b: f32| (a / b - 1.0).abs() < SAME;
                let same = has.is_some_and(|has| {
                    near(has.focal_distance, focal_distance)
                        && near(has.sensor_height, sensor_height)
                        && has.aperture_f_stops == f_number
                });
                if !same {
                    camera.insert(DepthOfField {
                        mode: DepthOfFieldMode::Gaussian,
                        focal_distance,
                        sensor_height,
                        aperture_f_stops: f_number,
                        max_circle_of_confusion_diameter: WIDEST_PX,
                        max_depth: FARTHEST_M,
                    });
                }
            }
        }
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<Openings>()
        .add_systems(Update, open_apertures.before(light_views))
        .add_systems(PostUpdate, focus.after(StandTogether));
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: (Vec3, Vec3) = (Vec3::new(-1.0, 0.0, -2.3), Vec3::new(1.0, 1.2, 2.3));

    #[test]
    fn the_near_side_of_the_car_is_sharp() {
        let at = |eye: Vec3| focus_m(&Transform::from_translation(eye).looking_at(Vec3::new(0.0, 0.6, 0.0), Vec3::Y), BOUNDS);
        assert!((at(Vec3::new(0.0, 0.6, 9.0)) - (9.0 - 2.3 * 0.92)).abs() < 1e-3);
        assert!((at(Vec3::new(6.0, 0.6, 0.0)) - (6.0 - 0.92)).abs() < 1e-3);
        // beside the car, its middle
        let beside = Transform::from_xyz(0.0, 0.6, 9.0).looking_to(Vec3::new(1.0, 0.0, -1.0), Vec3::Y);
        assert!((focus_m(&beside, BOUNDS) - 9.0 * std::f32::consts::FRAC_1_SQRT_2).abs() < 1e-3);
        // within it, something that a lens can focus on
        assert!(focus_m(&Transform::from_xyz(0.0, 0.6, 0.0), BOUNDS) > 0.0);
    }
}
