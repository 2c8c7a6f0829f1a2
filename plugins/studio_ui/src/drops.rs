//! Files dropped on the window.

use std::path::PathBuf;

use bevy::prelude::*;
use bevy::window::FileDragAndDrop;

use crate::command::StudioCommand;
use crate::desk::{Desk, DroppedKind, Request};
use crate::model::{Studio, file_name};
use crate::notices::Weight;

/// Hands dropped files to the files thread, which looks at what they are.
pub(crate) fn take_drops(mut drops: MessageReader<FileDragAndDrop>, mut studio: ResMut<Studio>, desk: Res<Desk>) {
    let mut dropped: Vec<PathBuf> = Vec::new();
    let mut hovers = studio.drag_hovers;
    for drop in drops.read() {
        match drop {
            FileDragAndDrop::DroppedFile { path_buf, .. } => {
                dropped.push(path_buf.clone());
                hovers = false;
            }
            FileDragAndDrop::HoveredFile { .. } => hovers = true,
            FileDragAndDrop::HoveredFileCanceled { .. } => hovers = false,
        }
    }
    if hovers != studio.drag_hovers {
        studio.drag_hovers = hovers;
    }
    if !dropped.is_empty() {
        desk.ask(Request::LookAt(dropped));
    }
}

/// What a dropped file means, once it was looked at.
pub(crate) fn meaning(path: PathBuf, kind: DroppedKind, studio: &mut Studio) -> Option<StudioCommand> {
    match kind {
        DroppedKind::Photo => Some(StudioCommand::AddPhotos(vec![path])),
        DroppedKind::Environment => Some(StudioCommand::SetLight(gridvox_showroom::EnvironmentId::File(path))),
        DroppedKind::Car => Some(StudioCommand::OpenCar(path)),
        DroppedKind::Mesh => Some(StudioCommand::BringIn(path)),
        DroppedKind::PhotoOrLivery => {
            studio.dropped = Some(path);
            None
        }
        DroppedKind::Unknown => {
            let name = file_name(&path);
            let text = format!("{name} is nothing the studio can open: drop a photo, a livery, an .hdr or .exr, a car's .glb or a car pack folder.");
            studio.notices.say(Weight::Warning, text);
            None
        }
    }
}
