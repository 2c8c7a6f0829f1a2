//! The turntable: a view's camera goes around the car by itself until a hand takes it or it is switched off.

use crate::commands::ShowroomCommand;
use crate::views::{Framed, Views, apply_view_commands};
use bevy::prelude::*;
use bevy_panorbit_camera::PanOrbitCamera;
use std::f32::consts::TAU;
use std::time::Duration;

/// Seconds once around the car: slow enough to read its words.
const ROUND_SECS: f32 = 20.0;

/// The longest step: after a slow frame the car goes on, and does not jump.
const LONGEST_STEP: Duration = Duration::from_millis(200);

/// A camera on the turntable.
#[derive(Component, Debug, Clone, Copy, Default)]
pub struct Turning;

fn switch(
    mut messages: MessageReader<ShowroomCommand>,
    views: Res<Views>,
    mut commands: Commands,
    mut framed: Query<&mut Framed>,
) {
    for message in messages.read() {
        let (view, on) = match *message {
            ShowroomCommand::Turn { view, on } => (view, on),
            // what puts a camera elsewhere also stops it
            ShowroomCommand::SetView { view, .. }
            | ShowroomCommand::SetAngle { view, .. }
            | ShowroomCommand::LookThrough { view, .. } => (view, false),
            _ => continue,
        };
        let camera = views.view(view).camera;
        if on {
            commands.entity(camera).insert(Turning);
            if let Ok(mut framed) = framed.get_mut(camera) {
                framed.set_if_neq(Framed(None));
            }
        } else {
            commands.entity(camera).remove::<Turning>();
        }
    }
}

fn turn(time: Res<Time<Real>>, views: Res<Views>, mut cameras: Query<&mut PanOrbitCamera, With<Turning>>) {
    let step = time.delta().min(LONGEST_STEP).as_secs_f32() * TAU / ROUND_SECS;
    for shown in views.shown() {
        if let Ok(mut orbit) = cameras.get_mut(shown.camera) {
            orbit.target_yaw += step;
            orbit.yaw = orbit.yaw.map(|yaw| yaw + step);
            orbit.force_update = true;
        }
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(Update, (switch, turn).chain().after(apply_view_commands));
}
