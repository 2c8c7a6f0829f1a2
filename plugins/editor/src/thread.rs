//! The thread named `editor`: it owns the document, works through the commands in order and sends back what changed.

use std::path::PathBuf;

use bevy::prelude::Resource;
use crossbeam_channel::{Receiver, Sender, bounded};
use gridvox_livery::{LiveryError, MipPatch};

use crate::document::Open;
use crate::{EditorCommand, OpenLivery, WindowWaker};

/// Commands that may wait; previews are dropped beyond that, other commands are refused with a sentence.
const QUEUED_COMMANDS: usize = 16;
/// News that may wait for a frame; the thread pauses beyond that.
const QUEUED_NEWS: usize = 16;

pub(crate) enum News {
    Changed { livery: Box<OpenLivery>, patches: Vec<MipPatch> },
    Opened(PathBuf),
    Saved(PathBuf),
    Failed(String),
}

/// The window's ends of the channels.
#[derive(Resource)]
pub(crate) struct Desk {
    commands: Sender<EditorCommand>,
    news: Receiver<News>,
}

impl Desk {
    pub fn send(&self, command: EditorCommand) -> bool {
        self.commands.try_send(command).is_ok()
    }

    pub fn next_news(&self) -> Option<News> {
        self.news.try_recv().ok()
    }
}

pub(crate) fn start(waker: WindowWaker) -> Desk {
    let (command_sender, commands) = bounded(QUEUED_COMMANDS);
    let (news_sender, news) = bounded(QUEUED_NEWS);
    let spawned = std::thread::Builder::new().name("editor".into()).spawn(move || work(&commands, &news_sender, &waker));
    if let Err(error) = spawned {
        tracing::error!(%error, "the editor thread did not start");
    }
    Desk { commands: command_sender, news }
}

fn work(commands: &Receiver<EditorCommand>, news: &Sender<News>, waker: &WindowWaker) {
    let mut open = Open::blank();
    let mut next = None;
    // The car starts with the same base colour as the document.
    let mut outgoing = vec![changed(&mut open)];
    loop {
        for item in outgoing.drain(..) {
            if news.send(item).is_err() {
                return;
            }
        }
        waker.wake();
        let Some(command) = next.take().or_else(|| commands.recv().ok()) else { return };
        if is_preview(&command)
            && let Ok(newer) = commands.try_recv()
        {
            // A preview that has a successor already is not worth a composite.
            let outdated = is_preview(&newer) || matches!(newer, EditorCommand::PlaceGenerated { .. });
            next = Some(newer);
            if outdated {
                continue;
            }
        }
        outgoing = perform(&mut open, command);
    }
}

fn is_preview(command: &EditorCommand) -> bool {
    matches!(command, EditorCommand::PlaceGenerated { complete: false, .. })
}

fn perform(open: &mut Open, command: EditorCommand) -> Vec<News> {
    match try_to(open, command) {
        Ok(Some(fact @ News::Saved(_))) => vec![fact],
        Ok(fact) => std::iter::once(changed(open)).chain(fact).collect(),
        Err(error) => vec![News::Failed(error.to_string())],
    }
}

fn try_to(open: &mut Open, command: EditorCommand) -> Result<Option<News>, LiveryError> {
    match command {
        EditorCommand::PlaceGenerated { image, job, complete } => open.place_generated(&image, job, complete)?,
        EditorCommand::DiscardGenerated { job } => open.discard_generated(job),
        EditorCommand::OpenLivery(path) => {
            open.place_file(&gridvox_livery::load_livery(&path)?, path.clone())?;
            return Ok(Some(News::Opened(path)));
        }
        EditorCommand::SaveLivery(path) => {
            gridvox_livery::save_livery(&open.flattened(), &path)?;
            open.saved_to(path.clone());
            return Ok(Some(News::Saved(path)));
        }
        EditorCommand::Clear => open.clear(),
        EditorCommand::Undo => open.undo(),
        EditorCommand::Redo => open.redo(),
        EditorCommand::SetBaseColor(color) => open.set_base_color(color),
        EditorCommand::ShowMap(map) => open.show_map(map)?,
    }
    Ok(None)
}

fn changed(open: &mut Open) -> News {
    let patches = open.changed_patches();
    News::Changed { livery: Box::new(open.snapshot()), patches }
}
