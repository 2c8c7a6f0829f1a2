//! The thread named `inference` and the channels to and from it.
//!
//! The thread lives as long as the window. A panic inside the engine becomes one sentence, and the engine is built anew
//! for the next job, because its state can no longer be trusted.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};
use gridvox_editor::WindowWaker;
use gridvox_vision::{Analysis, Cancel, Stage, Update};
use image::RgbaImage;

use crate::JobId;
use crate::engine::{Analyzed, Engine, EngineFactory, FinishedLivery, GenerateRequest};

/// Jobs that may wait; more than a few means that the painter is ahead of the machine.
const QUEUED_JOBS: usize = 8;
/// Updates that may wait for the next frame; progress beyond that is dropped, results wait.
const QUEUED_UPDATES: usize = 64;

pub(crate) struct Job {
    pub id: JobId,
    pub work: Work,
    pub cancel: Cancel,
}

pub(crate) enum Work {
    Analyze(PathBuf),
    Generate(Box<GenerateRequest>),
}

pub(crate) enum WorkerUpdate {
    Analyzed(Arc<Analyzed>),
    AnalysisFailed { photo: PathBuf, message: String },
    Progress { stage: Stage, fraction: f32 },
    PhotoAnalyzed(Box<Analysis>),
    Finished(Arc<FinishedLivery>),
    Failed(String),
}

type PreviewSlot = Arc<Mutex<Option<(JobId, Arc<RgbaImage>)>>>;

/// The window's end of the channels. The default one leads nowhere.
#[derive(Default)]
pub(crate) struct Mailbox {
    ends: Option<(Sender<Job>, Receiver<(JobId, WorkerUpdate)>)>,
    preview: PreviewSlot,
}

impl Mailbox {
    /// False when the queue is full or the worker is gone.
    pub fn send(&self, job: Job) -> bool {
        self.ends.as_ref().is_some_and(|(jobs, _)| jobs.try_send(job).is_ok())
    }

    pub fn next_update(&self) -> Option<(JobId, WorkerUpdate)> {
        self.ends.as_ref().and_then(|(_, updates)| updates.try_recv().ok())
    }

    pub fn take_preview(&self) -> Option<(JobId, Arc<RgbaImage>)> {
        self.preview.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Starts the thread. Where the system refuses one, jobs are refused with a sentence.
pub(crate) fn start(factory: EngineFactory, waker: WindowWaker) -> Mailbox {
    let (job_sender, jobs) = bounded(QUEUED_JOBS);
    let (updates, update_receiver) = bounded(QUEUED_UPDATES);
    let preview = PreviewSlot::default();
    let slot = preview.clone();
    // The engine is built, used and dropped on that thread, so nothing of it has to be `Send`.
    let work = move || Worker { factory, engine: None, updates, preview: slot, waker }.run(&jobs);
    match std::thread::Builder::new().name("inference".into()).spawn(work) {
        Ok(_) => Mailbox { ends: Some((job_sender, update_receiver)), preview },
        Err(error) => {
            tracing::error!(%error, "the inference thread did not start");
            Mailbox::default()
        }
    }
}

struct Worker {
    factory: EngineFactory,
    engine: Option<Engine>,
    updates: Sender<(JobId, WorkerUpdate)>,
    preview: PreviewSlot,
    waker: WindowWaker,
}

impl Worker {
    fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            if job.cancel.is_cancelled() {
                continue;
            }
            let id = job.id;
            let update = match job.work {
                Work::Analyze(photo) => match self.guarded(|engine, _| (engine.analyze)(&photo)) {
                    Ok(analyzed) => WorkerUpdate::Analyzed(Arc::new(analyzed)),
                    Err(message) => WorkerUpdate::AnalysisFailed { photo, message },
                },
                Work::Generate(request) => {
                    let result = self.guarded(|engine, outlet| {
                        (engine.generate)(&request, &job.cancel, &mut |update| outlet.pass_on(id, update))
                    });
                    match result {
                        Ok(result) => WorkerUpdate::Finished(Arc::new(result.into())),
                        Err(message) => WorkerUpdate::Failed(message),
                    }
                }
            };
            if self.updates.send((id, update)).is_err() {
                return;
            }
            self.waker.wake();
        }
    }

    fn guarded<T>(
        &mut self,
        job: impl FnOnce(&mut Engine, &Outlet) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut engine = match self.engine.take() {
            Some(engine) => engine,
            None => catch_unwind(AssertUnwindSafe(|| (self.factory)())).unwrap_or_else(|cause| Err(sentence(&*cause)))?,
        };
        let outlet = Outlet { updates: &self.updates, preview: &self.preview, waker: &self.waker };
        let result = catch_unwind(AssertUnwindSafe(|| job(&mut engine, &outlet)));
        match result {
            Ok(result) => {
                self.engine = Some(engine);
                result
            }
            Err(cause) => Err(sentence(&*cause)),
        }
    }
}

/// What the engine's callback may reach while a job runs.
struct Outlet<'a> {
    updates: &'a Sender<(JobId, WorkerUpdate)>,
    preview: &'a PreviewSlot,
    waker: &'a WindowWaker,
}

impl Outlet<'_> {
    fn pass_on(&self, id: JobId, update: Update) {
        match update {
            Update::Stage { stage, fraction } => {
                // A lost step of a progress bar costs nothing; a blocked engine would.
                let _ = self.updates.try_send((id, WorkerUpdate::Progress { stage, fraction }));
            }
            Update::Preview(image) => {
                *self.preview.lock().unwrap_or_else(PoisonError::into_inner) = Some((id, image));
            }
            Update::Analysis(analysis) => {
                let _ = self.updates.try_send((id, WorkerUpdate::PhotoAnalyzed(Box::new(analysis))));
            }
        }
        self.waker.wake();
    }
}

fn sentence(cause: &(dyn Any + Send)) -> String {
    let detail = cause
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no detail".into());
    format!("The engine stopped unexpectedly on this photo ({detail}); it was restarted, so try again or use another photo.")
}
