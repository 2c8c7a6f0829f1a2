//! Runs the photo engine beside the window: one worker thread, jobs with ids, progress and previews streamed back.
//!
//! Other plugins write an [`InferenceCommand`] and read [`InferenceEvent`]s; previews and results also go to the editor as
//! [`EditorCommand::PlaceGenerated`], so the paint changes while the painter watches. Nothing here blocks the window:
//! commands leave over a bounded channel, updates come back over another, previews through a slot that keeps the latest
//! only, and the worker wakes the sleeping window whenever it has news. Results of a job that was cancelled or replaced
//! are dropped by their id.
//!
//! The engine itself arrives as boxed functions ([`Engine`]), which is how the tests run without weights.

mod engine;
mod worker;

pub use engine::{Analyzed, Engine, EngineFactory, FinishedLivery, GenerateRequest};
pub use gridvox_vision::pose::{ENOUGH_PAIRS, PointPair};
pub use gridvox_vision::{Analysis, GenerateOptions, Generated, Quality, Stage};

use std::path::PathBuf;
use std::sync::Arc;

use bevy::prelude::*;
use gridvox_editor::{EditorCommand, EditorSystems, WindowWaker};
use gridvox_vision::Cancel;
use image::RgbaImage;

use worker::{Job, Mailbox, Work, WorkerUpdate};

/// Names one job; ids grow, so the newest job of a kind has the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// What can be asked of the engine.
#[derive(Message, Debug, Clone)]
pub enum InferenceCommand {
    /// Reads a photo and says what it shows.
    Analyze(PathBuf),
    /// Makes a livery; replaces a run that is still going.
    Generate(Box<GenerateRequest>),
    /// Stops the running livery.
    Cancel,
}

/// What the engine found or did.
#[derive(Message, Debug, Clone)]
pub enum InferenceEvent {
    /// The photo was read.
    Analyzed(Arc<Analyzed>),
    /// A photo could not be read or analysed; one sentence for the painter.
    AnalysisFailed {
        /// The photo asked for.
        photo: PathBuf,
        /// One sentence that says what to do.
        message: String,
    },
    /// A livery run began.
    Started(JobId),
    /// A run moved on; fractions are of the whole run, 0..=1.
    Progress {
        /// The run.
        job: JobId,
        /// What it is doing.
        stage: Stage,
        /// 0..=1.
        fraction: f32,
    },
    /// The run analysed its photo with the chosen car.
    PhotoAnalyzed(JobId, Box<Analysis>),
    /// A partial livery reached the paint.
    Preview(JobId),
    /// The livery is complete and on the car.
    Finished(JobId, Arc<FinishedLivery>),
    /// The painter stopped the run.
    Cancelled(JobId),
    /// The run failed; one sentence for the painter.
    Failed {
        /// The run.
        job: JobId,
        /// One sentence that says what to do.
        message: String,
    },
}

/// When this plugin does its part of a frame.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub enum InferenceSystems {
    /// Takes the worker's news (in `PreUpdate`).
    Drain,
    /// Sends commands to the worker (in `PostUpdate`, after the panels spoke).
    Dispatch,
}

/// The plugin; it owns the thread named `inference`.
pub struct InferencePlugin {
    /// Builds the engine on the worker thread, at the first job and again after a panic.
    pub engine: EngineFactory,
}

impl InferencePlugin {
    /// The real engine, with its weights from the bundled models folder.
    pub fn with_bundled_models() -> Self {
        Self { engine: engine::bundled() }
    }
}

impl Plugin for InferencePlugin {
    fn build(&self, app: &mut App) {
        app.add_message::<InferenceCommand>()
            .add_message::<InferenceEvent>()
            .add_message::<EditorCommand>()
            .configure_sets(PreUpdate, InferenceSystems::Drain.before(EditorSystems::Apply))
            .add_systems(PreUpdate, drain_worker_updates.in_set(InferenceSystems::Drain))
            .add_systems(PostUpdate, dispatch_commands.in_set(InferenceSystems::Dispatch));
    }

    fn finish(&self, app: &mut App) {
        let waker = WindowWaker::of(app);
        let mailbox = worker::start(self.engine.clone(), waker);
        app.insert_resource(Jobs { mailbox, next: 0, analyses: Vec::new(), run: None });
    }
}

/// Which jobs are out, and the way to the worker.
#[derive(Resource)]
struct Jobs {
    mailbox: Mailbox,
    next: u64,
    analyses: Vec<JobId>,
    run: Option<Run>,
}

struct Run {
    id: JobId,
    cancel: Cancel,
}

impl Jobs {
    fn next_id(&mut self) -> JobId {
        self.next += 1;
        JobId(self.next)
    }

    fn is_current_run(&self, id: JobId) -> bool {
        self.run.as_ref().is_some_and(|run| run.id == id)
    }

    fn stop_run(&mut self) -> Option<JobId> {
        self.run.take().map(|run| {
            run.cancel.cancel();
            run.id
        })
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.stop_run();
    }
}

/// Said when the worker's short queue is full, which takes a painter who clicks faster than photos open.
const BUSY: &str = "The engine is still busy with earlier photos; wait a moment and try again.";

fn dispatch_commands(
    mut commands: MessageReader<InferenceCommand>,
    mut jobs: ResMut<Jobs>,
    mut events: MessageWriter<InferenceEvent>,
    mut editor: MessageWriter<EditorCommand>,
) {
    for command in commands.read() {
        match command {
            InferenceCommand::Analyze(photo) => {
                let id = jobs.next_id();
                let work = Work::Analyze(photo.clone());
                if jobs.mailbox.send(Job { id, work, cancel: Cancel::default() }) {
                    jobs.analyses.push(id);
                } else {
                    events.write(InferenceEvent::AnalysisFailed { photo: photo.clone(), message: BUSY.into() });
                }
            }
            InferenceCommand::Generate(request) => {
                if let Some(replaced) = jobs.stop_run() {
                    editor.write(EditorCommand::DiscardGenerated { job: replaced.0 });
                    events.write(InferenceEvent::Cancelled(replaced));
                }
                let id = jobs.next_id();
                let cancel = Cancel::default();
                let work = Work::Generate(request.clone());
                if jobs.mailbox.send(Job { id, work, cancel: cancel.clone() }) {
                    jobs.run = Some(Run { id, cancel });
                    events.write(InferenceEvent::Started(id));
                } else {
                    events.write(InferenceEvent::Failed { job: id, message: BUSY.into() });
                }
            }
            InferenceCommand::Cancel => {
                if let Some(id) = jobs.stop_run() {
                    editor.write(EditorCommand::DiscardGenerated { job: id.0 });
                    events.write(InferenceEvent::Cancelled(id));
                }
            }
        }
    }
}

fn drain_worker_updates(
    mut jobs: ResMut<Jobs>,
    mut events: MessageWriter<InferenceEvent>,
    mut editor: MessageWriter<EditorCommand>,
) {
    while let Some((id, update)) = jobs.mailbox.next_update() {
        if let Some(place) = jobs.analyses.iter().position(|&job| job == id) {
            jobs.analyses.swap_remove(place);
            match update {
                WorkerUpdate::Analyzed(analyzed) => {
                    events.write(InferenceEvent::Analyzed(analyzed));
                }
                WorkerUpdate::AnalysisFailed { photo, message } => {
                    events.write(InferenceEvent::AnalysisFailed { photo, message });
                }
                _ => {}
            }
            continue;
        }
        if !jobs.is_current_run(id) {
            continue;
        }
        match update {
            WorkerUpdate::Progress { stage, fraction } => {
                events.write(InferenceEvent::Progress { job: id, stage, fraction });
            }
            WorkerUpdate::PhotoAnalyzed(analysis) => {
                events.write(InferenceEvent::PhotoAnalyzed(id, analysis));
            }
            WorkerUpdate::Finished(finished) => {
                jobs.run = None;
                editor.write(EditorCommand::PlaceGenerated {
                    image: finished.livery.clone(),
                    job: id.0,
                    complete: true,
                });
                events.write(InferenceEvent::Finished(id, finished));
            }
            WorkerUpdate::Failed(message) => {
                jobs.run = None;
                editor.write(EditorCommand::DiscardGenerated { job: id.0 });
                events.write(InferenceEvent::Failed { job: id, message });
            }
            WorkerUpdate::Analyzed(_) | WorkerUpdate::AnalysisFailed { .. } => {}
        }
    }
    if let Some((id, image)) = jobs.mailbox.take_preview()
        && jobs.is_current_run(id)
    {
        place_preview(id, image, &mut editor, &mut events);
    }
}

fn place_preview(
    id: JobId,
    image: Arc<RgbaImage>,
    editor: &mut MessageWriter<EditorCommand>,
    events: &mut MessageWriter<InferenceEvent>,
) {
    editor.write(EditorCommand::PlaceGenerated { image, job: id.0, complete: false });
    events.write(InferenceEvent::Preview(id));
}

#[cfg(test)]
mod tests;
