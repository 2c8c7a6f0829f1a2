//! The open livery: commands change it, the car's paint follows, and files are read and written beside the window.
//!
//! The document itself lives on a thread named `editor`, because placing a picture, compositing 2048 x 2048 texels and
//! filtering their mips takes longer than a frame. [`OpenLivery`] is the latest finished state of it; its tiles are
//! shared, so reading and keeping it costs nothing. What changed comes back as texture patches, and
//! [`EditorSystems::Upload`] hands a bounded number of bytes per frame to the showroom's paint.
//!
//! Undo keeps whole documents whose unchanged tiles are shared. A preview of a running job is one step with the result
//! that replaces it, and goes away with the job when that is stopped.

mod document;
mod thread;
mod upload;
mod waker;

pub use document::DOCUMENT_PX;
pub use upload::UploadsPending;
pub use waker::WindowWaker;

use std::path::PathBuf;
use std::sync::Arc;

use bevy::prelude::*;
use gridvox_livery::TiledImage;
use image::RgbaImage;

use document::Open;
use thread::{Desk, News};

/// What can be done to the open livery.
#[derive(Message, Debug, Clone)]
pub enum EditorCommand {
    /// Puts a generated livery on the car; any size, resampled to the document's.
    PlaceGenerated {
        /// The texture, square, opaque.
        image: Arc<RgbaImage>,
        /// Which run it belongs to; the pictures of one run are one step of undo.
        job: u64,
        /// False for a preview.
        complete: bool,
    },
    /// Takes a preview off again because its run was stopped.
    DiscardGenerated {
        /// The run.
        job: u64,
    },
    /// Reads a livery from a PNG.
    OpenLivery(PathBuf),
    /// Writes the livery to a PNG.
    SaveLivery(PathBuf),
    /// Back to the plain base colour.
    Clear,
    /// One step back.
    Undo,
    /// One step forward again.
    Redo,
    /// The colour below the livery, sRGB.
    SetBaseColor([u8; 3]),
    /// Shows another texture on the car without touching the livery, such as the confidence map; `None` ends it.
    ShowMap(Option<Arc<RgbaImage>>),
}

/// What happened to the open livery.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub enum EditorEvent {
    /// The paint shows something else now.
    LiveryChanged,
    /// A livery was read from this file.
    LiveryOpened(PathBuf),
    /// The livery was written to this file.
    LiverySaved(PathBuf),
    /// One sentence for the painter.
    Failed(String),
}

/// The latest finished state of the open livery. This plugin owns it; others read it.
#[derive(Resource, Debug, Clone)]
pub struct OpenLivery {
    /// The flattened livery, as shared tiles: cheap to clone and to hand to an exporter.
    pub image: TiledImage,
    /// Where it was read from or last written to.
    pub path: Option<PathBuf>,
    /// Something changed since it was read or written.
    pub unsaved: bool,
    /// Nothing but the base colour.
    pub blank: bool,
    /// The step that undo would take back.
    pub undo: Option<String>,
    /// The step that redo would do again.
    pub redo: Option<String>,
    /// The colour below the livery, sRGB.
    pub base_color: [u8; 3],
    /// Another texture is shown on the car instead.
    pub shows_map: bool,
    /// Grows with every change.
    pub revision: u64,
}

/// When this plugin does its part of a frame.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub enum EditorSystems {
    /// Takes the thread's news into [`OpenLivery`] and passes commands on (in `PreUpdate`).
    Apply,
    /// Hands patches to the paint, a bounded amount per frame (in `PostUpdate`).
    Upload,
}

/// The plugin; it owns the thread named `editor`.
pub struct EditorPlugin;

impl Plugin for EditorPlugin {
    fn build(&self, app: &mut App) {
        app.add_message::<EditorCommand>()
            .add_message::<EditorEvent>()
            .init_resource::<upload::UploadsPending>()
            .insert_resource(Open::blank().snapshot())
            .add_systems(PreUpdate, (pass_commands_on, take_news).chain().in_set(EditorSystems::Apply))
            .add_systems(PostUpdate, upload::upload_pending.in_set(EditorSystems::Upload));
    }

    fn finish(&self, app: &mut App) {
        let waker = WindowWaker::of(app);
        app.insert_resource(thread::start(waker));
    }
}

/// Said when the editor's queue is full.
const BUSY: &str = "The livery is still being worked on; wait a moment and try again.";

fn pass_commands_on(
    mut commands: MessageReader<EditorCommand>,
    desk: Res<Desk>,
    mut events: MessageWriter<EditorEvent>,
) {
    for command in commands.read() {
        let is_preview = matches!(command, EditorCommand::PlaceGenerated { complete: false, .. });
        if !desk.send(command.clone()) && !is_preview {
            events.write(EditorEvent::Failed(BUSY.into()));
        }
    }
}

fn take_news(
    desk: Res<Desk>,
    mut open: ResMut<OpenLivery>,
    mut pending: ResMut<upload::UploadsPending>,
    mut events: MessageWriter<EditorEvent>,
) {
    while let Some(news) = desk.next_news() {
        match news {
            News::Changed { livery, patches } => {
                *open = *livery;
                pending.add(patches);
                events.write(EditorEvent::LiveryChanged);
            }
            News::Opened(path) => {
                events.write(EditorEvent::LiveryOpened(path));
            }
            News::Saved(path) => {
                open.path = Some(path.clone());
                open.unsaved = false;
                events.write(EditorEvent::LiverySaved(path));
            }
            News::Failed(message) => {
                events.write(EditorEvent::Failed(message));
            }
        }
    }
}

#[cfg(test)]
mod tests;
