//! What the panels show. One resource, filled from the other plugins' facts and never by a panel.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use bevy::prelude::Resource;
use bevy_egui::egui::TextureHandle;
use gridvox_car::{CarPack, PhotoCamera};
use gridvox_livery::TiledImage;
use gridvox_inference::{Analyzed, ENOUGH_PAIRS, FinishedLivery, Quality, Stage};
use gridvox_showroom::{EnvironmentId, Inspection, PaintFinish, SavedAngles, Softbox, ViewLight};
use image::RgbaImage;

use crate::browser::Browser;
use crate::command::ExportForm;
use crate::dock::Dock;
use crate::imports::ImportState;
use crate::marks::{self, Mark, Picker, Sheet};
use crate::notices::Notices;
use crate::pictures::PictureState;
use crate::settings::WindowSettings;
use crate::spec_map::SpecState;

/// The studio as the panels see it.
#[derive(Resource)]
pub struct Studio {
    /// Bundled cars, and the user's own.
    pub cars: Vec<Choice>,
    /// Bundled environments.
    pub environments: Vec<Choice>,
    /// The car in the showroom.
    pub car: CarState,
    /// The default car is to be shown as soon as the list is there.
    pub wants_default_car: bool,
    /// The light.
    pub light: LightState,
    /// The photos, in the painter's order.
    pub photos: Vec<PhotoEntry>,
    /// Index of the photo whose analysis is shown.
    pub selected_photo: usize,
    /// Points are being set on the selected photo.
    pub marking: bool,
    /// How the picture lies that points are set on.
    pub sheet: Sheet,
    /// What finds the spots of the car that are clicked on, once it is made for the car on stage.
    pub picker: Option<Arc<Picker>>,
    /// The car's outline is drawn over the photos, once their cameras are known.
    pub shows_outline: bool,
    /// Draft or high.
    pub quality: Quality,
    /// Saturation of the paint, 0.5..=1.5.
    pub color_boost: f32,
    /// The run in progress.
    pub run: Option<RunState>,
    /// The latest finished livery.
    pub result: Option<Arc<FinishedLivery>>,
    /// The car shows where texels come from instead of the livery.
    pub shows_confidence: bool,
    /// How the paint is finished.
    pub finish: PaintFinish,
    /// What the car shows in place of its paint.
    pub inspection: Inspection,
    /// What finishes the paint by texel.
    pub spec: SpecState,
    /// The version of the livery that was kept for comparing.
    pub kept: Option<KeptVersion>,
    /// The car shows where the livery differs from the kept one.
    pub difference: Option<DifferenceState>,
    /// The export panel.
    pub export: ExportState,
    /// The picture panel.
    pub picture: PictureState,
    /// Parts of the car that are hidden, by their index in its model.
    pub hidden_parts: Vec<usize>,
    /// Angles that were saved, once they are read.
    pub angles: Option<SavedAngles>,
    /// The list of saved angles is open.
    pub shows_angles: bool,
    /// Sentences for the painter.
    pub notices: Notices,
    /// A dropped picture that could be two things.
    pub dropped: Option<PathBuf>,
    /// A mesh that is to become a car.
    pub import: Option<ImportState>,
    /// Files hover over the window.
    pub drag_hovers: bool,
    /// The studio's own file browser, where the system has none.
    pub browser: Option<Browser>,
    /// The list of shortcuts is open.
    pub shows_help: bool,
    /// The list of notices is open.
    pub shows_log: bool,
    /// The panels are open.
    pub shows_panels: bool,
    /// What the window remembers.
    pub settings: WindowSettings,
    /// It has changed since it was written.
    pub settings_unsaved: bool,
    /// Height of the window in points as it is drawn.
    pub window_height: f32,
}

/// A bundled car or environment.
#[derive(Clone)]
pub struct Choice {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What it looks like, where a picture came with it.
    pub picture: Option<Arc<RgbaImage>>,
    /// The same, once it was uploaded.
    pub texture: Option<TextureHandle>,
}

impl Choice {
    /// One without a picture.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), picture: None, texture: None }
    }
}

/// A version of the livery that was kept.
#[derive(Clone)]
pub struct KeptVersion {
    /// The whole livery.
    pub image: TiledImage,
    /// What finished it by texel.
    pub spec: Option<Arc<RgbaImage>>,
    /// The livery's revision that it was.
    pub revision: u64,
    /// For the panel.
    pub thumbnail: Arc<RgbaImage>,
    /// The same, once it was uploaded.
    pub texture: Option<TextureHandle>,
}

/// Where the livery differs from the kept one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DifferenceState {
    /// The revisions of both that were compared last.
    pub of: (u64, u64),
    /// What was found: share of the texels that differ, mean and largest CIEDE2000.
    pub found: Option<(f32, f32, f32)>,
}

/// The car in the showroom.
#[derive(Default, Clone)]
pub enum CarState {
    /// Nothing chosen yet.
    #[default]
    None,
    /// Being read; the car before it stays on stage meanwhile.
    Loading {
        /// The car before.
        before: Option<Arc<CarPack>>,
    },
    /// On stage.
    Shown(Arc<CarPack>),
}

impl CarState {
    /// The car, once it is there.
    pub fn pack(&self) -> Option<&Arc<CarPack>> {
        match self {
            Self::Shown(pack) => Some(pack),
            Self::Loading { before } => before.as_ref(),
            Self::None => None,
        }
    }
}

/// The light and the backdrop.
#[derive(Debug, Clone, PartialEq)]
pub struct LightState {
    /// Which environment.
    pub light: EnvironmentId,
    /// Degrees.
    pub rotation_deg: f32,
    /// Stops.
    pub exposure_ev: f32,
    /// The softbox beside the car as it was set last.
    pub softbox: Softbox,
    /// The softbox stands there.
    pub softbox_on: bool,
    /// The environment is still being prepared.
    pub preparing: bool,
}

impl LightState {
    /// As views have it that have no light of their own.
    pub fn common(&self) -> ViewLight {
        ViewLight { environment: self.light.clone(), rotation_deg: self.rotation_deg, exposure_stops: self.exposure_ev }
    }
}

/// One photo on the list.
#[derive(Clone)]
pub struct PhotoEntry {
    /// The file.
    pub path: PathBuf,
    /// What is known about it.
    pub state: PhotoState,
    /// The thumbnail as the panels draw it, once it was uploaded.
    pub texture: Option<TextureHandle>,
    /// The larger picture, uploaded while points are set on it.
    pub sheet_texture: Option<TextureHandle>,
    /// Points set on it and on the car.
    pub marks: Vec<Mark>,
    /// Why the points give no camera; one sentence.
    pub marks_problem: Option<String>,
    /// The car's outline from the photo's camera, as large as the thumbnail.
    pub outline: Option<Arc<RgbaImage>>,
    /// The camera that took it, from a run or from points.
    pub camera: Option<PhotoCamera>,
    /// The outline as the panels draw it, once it was uploaded.
    pub outline_texture: Option<TextureHandle>,
}

impl PhotoEntry {
    /// A photo of which nothing else is known.
    pub fn new(path: PathBuf, state: PhotoState) -> Self {
        Self {
            path,
            state,
            texture: None,
            sheet_texture: None,
            marks: Vec::new(),
            marks_problem: None,
            outline: None,
            camera: None,
            outline_texture: None,
        }
    }

    /// What was read, once it was.
    pub fn read(&self) -> Option<&Arc<Analyzed>> {
        match &self.state {
            PhotoState::Read(read) => Some(read),
            PhotoState::Reading | PhotoState::Unreadable(_) => None,
        }
    }

    /// Takes another camera with the outline that it sees, or none.
    pub fn set_camera(&mut self, seen: Option<(PhotoCamera, Arc<RgbaImage>)>) {
        (self.camera, self.outline) = seen.unzip();
        self.outline_texture = None;
    }

    /// The file's name without its folder.
    pub fn name(&self) -> String {
        file_name(&self.path)
    }

    /// Read, with a car in it, or with enough points to find one.
    pub fn is_usable(&self) -> bool {
        self.read().is_some_and(|read| {
            let seen = read.analysis.has_car && read.analysis.refusal.is_none();
            seen || marks::pairs(&self.marks).len() >= ENOUGH_PAIRS
        })
    }
}

/// What is known about a photo.
#[derive(Clone)]
pub enum PhotoState {
    /// On the inference thread.
    Reading,
    /// It could not be read; one sentence.
    Unreadable(String),
    /// Read and analysed.
    Read(Arc<Analyzed>),
}

/// A run in progress.
#[derive(Clone)]
pub struct RunState {
    /// The car whose livery is made.
    pub car: Arc<CarPack>,
    /// The photos that it is made from.
    pub photos: Vec<PathBuf>,
    /// What it is doing.
    pub stage: Stage,
    /// 0..=1 of the whole.
    pub fraction: f32,
    /// When it began.
    pub since: Instant,
    /// A partial livery is on the car.
    pub previewed: bool,
}

/// The export panel.
#[derive(Default, Clone)]
pub struct ExportState {
    /// What will be written.
    pub form: ExportForm,
    /// The package is being written.
    pub running: bool,
    /// The last package.
    pub done: Option<ExportDone>,
}

/// A written package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportDone {
    /// The folder with the files.
    pub folder: PathBuf,
    /// Number of files written.
    pub files: usize,
    /// What the player does now, one sentence each.
    pub next_steps: Vec<String>,
    /// What to know, one sentence each.
    pub warnings: Vec<String>,
}

impl Studio {
    /// Whether a livery can be made now.
    pub fn can_generate(&self) -> bool {
        self.run.is_none() && self.car.pack().is_some() && self.photos.iter().any(PhotoEntry::is_usable)
    }

    /// Where the panels lie.
    pub fn dock(&self) -> Dock {
        self.settings.panels.clone().unwrap_or_else(|| Dock::standard(self.window_height))
    }

    /// The photo that is shown large.
    pub fn selected(&self) -> Option<&PhotoEntry> {
        self.photos.get(self.selected_photo)
    }

    /// The photo that points are being set on.
    pub fn marked_photo(&self) -> Option<&PhotoEntry> {
        self.selected().filter(|photo| self.marking && photo.read().is_some())
    }

    /// The entry of a file, where it is on the list.
    pub fn photo_mut(&mut self, path: &Path) -> Option<&mut PhotoEntry> {
        self.photos.iter_mut().find(|photo| photo.path == path)
    }
}

impl Default for Studio {
    fn default() -> Self {
        Self {
            cars: Vec::new(),
            environments: Vec::new(),
            car: CarState::None,
            wants_default_car: false,
            light: LightState {
                light: EnvironmentId::default(),
                rotation_deg: 0.0,
                exposure_ev: 0.0,
                softbox: Softbox::default(),
                softbox_on: false,
                preparing: true,
            },
            photos: Vec::new(),
            selected_photo: 0,
            marking: false,
            sheet: Sheet::default(),
            picker: None,
            shows_outline: true,
            quality: Quality::High,
            color_boost: 1.0,
            run: None,
            result: None,
            shows_confidence: false,
            finish: PaintFinish::default(),
            inspection: Inspection::default(),
            spec: SpecState::None,
            kept: None,
            difference: None,
            export: ExportState::default(),
            picture: PictureState::default(),
            hidden_parts: Vec::new(),
            angles: None,
            shows_angles: false,
            notices: Notices::default(),
            dropped: None,
            import: None,
            drag_hovers: false,
            browser: None,
            shows_help: false,
            shows_log: false,
            shows_panels: true,
            settings: WindowSettings::default(),
            settings_unsaved: false,
            window_height: 1000.0,
        }
    }
}

/// The last part of a path, for display.
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

