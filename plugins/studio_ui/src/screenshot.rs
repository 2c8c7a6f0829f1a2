//! `--screenshot`: a picture of the whole window once everything asked for is there.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use gridvox_editor::UploadsPending;

use crate::command::StudioCommand;
use crate::model::{CarState, PhotoState, Studio};
use crate::pacing::Pacing;

/// Frames between the last change and the picture, so that the views and the panels have settled.
const QUIET_FRAMES: u32 = 12;
/// After this long the picture is taken as things are.
const PATIENCE: Duration = Duration::from_secs(300);

/// Where the picture goes, and how far it is.
#[derive(Resource)]
pub struct ScreenshotTo {
    path: PathBuf,
    asked: bool,
    quiet: u32,
    taken: bool,
    since: Instant,
}

pub(crate) fn plugin(app: &mut App, path: PathBuf) {
    app.insert_resource(ScreenshotTo { path, asked: false, quiet: 0, taken: false, since: Instant::now() })
        .add_systems(PostUpdate, take_when_ready);
    app.world_mut().resource_mut::<Pacing>().restless = true;
}

fn take_when_ready(
    mut shot: ResMut<ScreenshotTo>,
    studio: Res<Studio>,
    pacing: Res<Pacing>,
    pending: Res<UploadsPending>,
    mut wishes: MessageWriter<StudioCommand>,
    mut commands: Commands,
) {
    if shot.taken {
        return;
    }
    let read = studio.photos.iter().all(|photo| !matches!(photo.state, PhotoState::Reading));
    if !shot.asked && read && studio.can_generate() {
        wishes.write(StudioCommand::Generate);
        shot.asked = true;
        return;
    }
    let loaded = !matches!(studio.car, CarState::Loading { .. }) && !studio.light.preparing && read;
    let ready = loaded && !pacing.is_starting() && studio.run.is_none() && pending.is_empty();
    shot.quiet = if ready { shot.quiet + 1 } else { 0 };
    if shot.quiet > QUIET_FRAMES || shot.since.elapsed() > PATIENCE {
        shot.taken = true;
        commands.spawn(Screenshot::primary_window()).observe(save_and_quit);
    }
}

fn save_and_quit(captured: On<ScreenshotCaptured>, shot: Res<ScreenshotTo>, mut exit: MessageWriter<AppExit>) {
    let saved = captured
        .image
        .clone()
        .try_into_dynamic()
        .map_err(|error| error.to_string())
        .and_then(|picture| picture.to_rgb8().save(&shot.path).map_err(|error| error.to_string()));
    match saved {
        Ok(()) => {
            info!("the window's picture is in {}", shot.path.display());
            exit.write(AppExit::Success);
        }
        Err(error) => {
            error!("the window's picture could not be saved ({error}): choose another file than {}", shot.path.display());
            exit.write(AppExit::error());
        }
    }
}
