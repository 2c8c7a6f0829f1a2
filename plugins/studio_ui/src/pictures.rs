//! Pictures of the car that the painter takes: one at a time, on a thread of its own, drawn as `gridvox render` draws them.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use crossbeam_channel::{Receiver, Sender, unbounded};
use gridvox_car::CarPack;
use gridvox_editor::WindowWaker;
use gridvox_livery::TiledImage;
use gridvox_showroom::{EnvironmentId, PictureError, PictureJob, PictureKind, StillError, StillScene, StillShot, picture};
use image::{Rgba, RgbaImage};

use crate::StudioSystems;
use crate::command::Ask;
use crate::model::Studio;
use crate::notices::{Weight, capitalized};

/// How often the window hears how far a picture is.
const TOLD_EVERY: Duration = Duration::from_millis(100);

/// What a picture is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PictureForm {
    /// One view, eight angles, or once around.
    pub kind: PictureKind,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Without ground and distance.
    pub transparent: bool,
    /// Points of each pixel that are averaged.
    pub supersample: u32,
    /// A turntable becomes a GIF, or else numbered PNG files.
    pub gif: bool,
}

impl Default for PictureForm {
    fn default() -> Self {
        Self { kind: PictureKind::Still, size: (3840, 2160), transparent: false, supersample: 16, gif: true }
    }
}

impl PictureForm {
    /// The question where the picture goes.
    pub fn ask(&self) -> Ask {
        match (self.kind, self.gif) {
            (PictureKind::Turntable(_), true) => Ask::Turntable,
            (PictureKind::Turntable(_), false) => Ask::TurntableFolder,
            _ => Ask::Picture,
        }
    }

    /// Whether the background can be left out of such a picture.
    pub fn can_be_transparent(&self) -> bool {
        !matches!((self.kind, self.gif), (PictureKind::Sheet, _) | (PictureKind::Turntable(_), true))
    }
}

/// The pictures panel.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PictureState {
    /// What will be taken.
    pub form: PictureForm,
    /// How much of the picture is drawn, 0..=1, while one is.
    pub running: Option<f32>,
    /// The files of the last one.
    pub done: Vec<PathBuf>,
}

/// What stands before the camera.
pub(crate) struct Subject {
    pub car: Arc<CarPack>,
    pub livery: TiledImage,
    /// Shows where the livery is transparent, sRGB.
    pub base_color: [u8; 3],
    pub spec: Option<Arc<RgbaImage>>,
    pub environment: EnvironmentId,
    pub hidden: Vec<usize>,
}

impl Subject {
    fn scene(self) -> StillScene {
        let mut livery = self.livery.to_rgba();
        let [r, g, b] = self.base_color;
        for texel in livery.pixels_mut().filter(|texel| texel.0[3] < u8::MAX) {
            let over = *texel;
            *texel = Rgba([r, g, b, u8::MAX]);
            image::Pixel::blend(texel, &over);
        }
        let scene = StillScene::new(self.car, Some(Arc::new(livery)), self.environment);
        StillScene { spec: self.spec, hidden: self.hidden, ..scene }
    }
}

enum Fact {
    Drawn(f32),
    Done(Vec<PathBuf>),
    Failed(PictureError),
}

/// The thread that draws, and what it says.
#[derive(Resource)]
pub(crate) struct PictureDesk {
    sender: Sender<Fact>,
    facts: Receiver<Fact>,
    waker: WindowWaker,
    stopped: Arc<AtomicBool>,
}

impl PictureDesk {
    pub fn new(waker: WindowWaker) -> Self {
        let (sender, facts) = unbounded();
        Self { sender, facts, waker, stopped: Arc::default() }
    }

    /// Starts a picture; the caller sees to it that there is one at a time.
    pub fn take(&mut self, subject: Subject, shot: StillShot, kind: PictureKind, out: PathBuf) {
        let (facts, waker) = (self.sender.clone(), self.waker.clone());
        self.stopped = Arc::default();
        let stopped = self.stopped.clone();
        let work = move || {
            let mut told = Instant::now();
            let mut progress = |share: f32| {
                if told.elapsed() > TOLD_EVERY {
                    told = Instant::now();
                    // nobody listens when the window is gone
                    let _ = facts.send(Fact::Drawn(share));
                    waker.wake();
                }
                if stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let made = PictureJob { scene: subject.scene(), shot, kind, out }.make(&mut progress);
            let _ = facts.send(made.map_or_else(Fact::Failed, Fact::Done));
            waker.wake();
        };
        if let Err(error) = std::thread::Builder::new().name("pictures".into()).spawn(work) {
            let _ = self.sender.send(Fact::Failed(StillError::Device(error.to_string()).into()));
        }
    }

    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

fn take_picture_facts(desk: Res<PictureDesk>, mut studio: ResMut<Studio>) {
    while let Ok(fact) = desk.facts.try_recv() {
        let picture = &mut studio.picture;
        match fact {
            Fact::Drawn(share) => picture.running = Some(share),
            Fact::Done(files) => {
                picture.running = None;
                let place = files.first().map(|file| file.display().to_string()).unwrap_or_default();
                let text = match files.len() {
                    1 => format!("Picture saved as {place}"),
                    count => format!("{count} pictures saved, beginning with {place}"),
                };
                picture.done = files;
                studio.notices.say(Weight::Good, text);
            }
            Fact::Failed(PictureError::Still(StillError::Stopped)) => {
                picture.running = None;
                studio.notices.say(Weight::Good, "The picture was stopped; nothing was written.");
            }
            Fact::Failed(error) => {
                picture.running = None;
                studio.notices.say(Weight::Error, capitalized(format!("{error}.")));
            }
        }
    }
}

/// The first of `turntable`, `turntable-2`, .. that is not there yet, so that no frame is written over.
pub(crate) fn fresh_folder(parent: &Path) -> PathBuf {
    let name = |count: u32| if count == 1 { "turntable".to_owned() } else { format!("turntable-{count}") };
    (1..).map(|count| parent.join(name(count))).find(|folder| !folder.exists()).unwrap_or_else(|| parent.to_owned())
}

/// Sizes for the panel: name, width and height.
pub(crate) fn sizes(kind: PictureKind) -> Vec<(&'static str, (u32, u32))> {
    match kind {
        // animations in full size are too large for what shows them
        PictureKind::Turntable(_) => vec![("Small", (640, 360)), ("720p", (1280, 720)), ("HD", (1920, 1080))],
        PictureKind::Sheet => vec![("HD", (1920, 2160)), ("4K", (3840, 4320))],
        PictureKind::Still => {
            let name = |name| match name {
                "hd" => "HD",
                "2k" => "2K",
                "4k" => "4K",
                "8k" => "8K",
                "square" => "Square",
                "ams2" => "AMS2",
                "ac" => "AC",
                other => other,
            };
            picture::SIZES.iter().map(|&(id, width, height)| (name(id), (width, height))).collect()
        }
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(Update, take_picture_facts.in_set(StudioSystems::Facts));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_shows_the_livery_over_its_base_colour_without_hidden_parts() {
        let livery = TiledImage::from_rgba(&RgbaImage::from_pixel(512, 512, Rgba([200, 100, 0, 0]))).expect("a livery's size");
        let subject = Subject {
            car: Arc::new(gridvox_car::testing::box_pack()),
            livery,
            base_color: [10, 20, 30],
            spec: None,
            environment: EnvironmentId::default(),
            hidden: vec![2],
        };
        let scene = subject.scene();
        assert_eq!(scene.liveries[0].get_pixel(5, 5).0, [10, 20, 30, 255]);
        assert_eq!(scene.hidden, [2]);
    }

    #[test]
    fn frames_never_go_where_others_lie() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let first = fresh_folder(folder.path());
        std::fs::create_dir(&first).expect("made");
        assert_eq!(fresh_folder(folder.path()), folder.path().join("turntable-2"));
    }
}
