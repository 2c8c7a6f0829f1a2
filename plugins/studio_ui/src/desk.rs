//! The thread named `files`: it reads cars, lists folders, looks at dropped files and writes packages, so that no system
//! and no panel touches the disk.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy::prelude::*;
use crossbeam_channel::{Receiver, Sender, bounded};
use gridvox_car::files::read_limited;
use gridvox_car::manifest::THUMBNAIL_NAME;
use gridvox_car::{CarPack, PhotoCamera, bundled};
use gridvox_editor::WindowWaker;
use gridvox_inference::PointPair;
use gridvox_livery::{MipPatch, TiledImage, mips};
use gridvox_showroom::{AnglesError, EnvironmentId, SavedAngles, StillScene, stills};
use gridvox_sims::ams2;
use gridvox_vision::pose::{self, PoseHints};
use image::{GrayImage, ImageReader, Limits, RgbaImage};

use crate::browser::{self, Listing};
use crate::command::{Ask, ExportForm};
use crate::difference::{self, Difference};
use crate::marks::Picker;
use crate::model::{Choice, ExportDone, KeptVersion};
use crate::notices::capitalized;
use crate::outline;
use crate::settings::WindowSettings;
use crate::spec_map::{self, SpecMap};

/// Requests that may wait.
const QUEUED: usize = 32;

/// Side of a kept version's picture in pixels.
const THUMBNAIL_PX: u32 = 256;

/// What the thread is asked for.
pub(crate) enum Request {
    ListBundled,
    LoadCar(String),
    Export { car: Arc<CarPack>, livery: TiledImage, spec: Option<Arc<RgbaImage>>, form: ExportForm, light: EnvironmentId },
    ColorConfidence(Arc<GrayImage>),
    /// Every level of a livery, for the texture of the kept version.
    Levels { livery: TiledImage, revision: u64 },
    /// Where two versions differ; `of` are their revisions.
    Compare { newest: TiledImage, kept: TiledImage, of: (u64, u64) },
    ReadSpecMap(PathBuf),
    ReadSettings,
    WriteSettings(WindowSettings),
    /// What finds the spots of a car that are clicked on.
    Picker { car: Arc<CarPack>, hidden: Vec<usize> },
    /// The car's outline over a photo, `size` pixels large.
    Outline { photo: PathBuf, car: Arc<CarPack>, size: (u32, u32), source: OutlineSource },
    LookAt(Vec<PathBuf>),
    ReadAngles,
    WriteAngles(SavedAngles),
    ListFolder { ask: Ask, folder: PathBuf },
    ShowFolder(PathBuf),
}

/// Where an outline's camera comes from.
pub(crate) enum OutlineSource {
    /// A run solved it.
    Camera(PhotoCamera),
    /// Points that the painter set give it.
    Points { pairs: Vec<PointPair>, photo_size: (u32, u32) },
}

/// What the thread says.
pub(crate) enum Answer {
    Bundled { cars: Vec<Choice>, environments: Vec<Choice> },
    Car(Arc<CarPack>),
    CarFailed(String),
    Exported(ExportDone),
    ExportFailed(String),
    Confidence(Arc<RgbaImage>),
    Levels { kept: KeptVersion, patches: Vec<MipPatch> },
    Compared { difference: Difference, of: (u64, u64) },
    SpecMap(Result<SpecMap, String>),
    Settings(WindowSettings),
    Picker(Arc<Picker>),
    /// The camera and its outline, or why there is none; `points` is how many were set when they gave it.
    Outline { photo: PathBuf, points: Option<usize>, seen: Result<(PhotoCamera, Arc<RgbaImage>), String> },
    Angles(SavedAngles),
    Dropped { path: PathBuf, kind: DroppedKind },
    Folder(Listing),
    Failed(String),
}

/// What a dropped file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DroppedKind {
    Photo,
    /// A square picture whose side is a power of two.
    PhotoOrLivery,
    Environment,
    Car,
    /// What a car can be made of.
    Mesh,
    Unknown,
}

/// The way to the thread.
#[derive(Resource)]
pub(crate) struct Desk {
    requests: Sender<Request>,
    answers: Receiver<Answer>,
}

impl Desk {
    /// False when too much waits already.
    pub fn ask(&self, request: Request) -> bool {
        self.requests.try_send(request).is_ok()
    }

    pub fn next_answer(&self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }
}

pub(crate) fn start(waker: WindowWaker) -> Desk {
    let (request_sender, requests) = bounded::<Request>(QUEUED);
    let (answer_sender, answers) = bounded(QUEUED);
    let work = move || {
        while let Ok(request) = requests.recv() {
            for answer in answer(request) {
                if answer_sender.send(answer).is_err() {
                    return;
                }
            }
            waker.wake();
        }
    };
    if let Err(error) = std::thread::Builder::new().name("files".into()).spawn(work) {
        tracing::error!(%error, "the files thread did not start");
    }
    Desk { requests: request_sender, answers }
}

fn answer(request: Request) -> Vec<Answer> {
    match request {
        Request::ListBundled => {
            let cars = bundled::list_all().into_iter();
            let cars = cars.map(|car| Choice { picture: small_picture(&car.dir.join(THUMBNAIL_NAME)), ..Choice::new(car.id, car.name) }).collect();
            match gridvox_showroom::bundled_environments() {
                Ok(list) => {
                    let folder = bundled::environments_dir();
                    let picture = |id: &str| small_picture(&folder.join(format!("{id}.jpg")));
                    let environments = list.into_iter();
                    let environments = environments.map(|info| Choice { picture: picture(&info.id), ..Choice::new(info.id, info.name) }).collect();
                    vec![Answer::Bundled { cars, environments }]
                }
                Err(error) => vec![
                    Answer::Bundled { cars, environments: Vec::new() },
                    Answer::Failed(error.to_string()),
                ],
            }
        }
        Request::LoadCar(id_or_dir) => vec![match CarPack::find(&id_or_dir) {
            Ok(pack) => Answer::Car(Arc::new(pack)),
            Err(error) => Answer::CarFailed(error.to_string()),
        }],
        Request::Export { car, livery, spec, form, light } => vec![match export(&car, &livery, spec, &form, light) {
            Ok(done) => Answer::Exported(done),
            Err(message) => Answer::ExportFailed(message),
        }],
        Request::ColorConfidence(map) => vec![Answer::Confidence(Arc::new(crate::confidence::colored(&map)))],
        Request::Levels { livery, revision } => {
            let patches = mips::whole(&livery.to_rgba());
            let thumbnail = Arc::new(thumbnail(&patches));
            vec![Answer::Levels { kept: KeptVersion { image: livery, spec: None, revision, thumbnail, texture: None }, patches }]
        }
        Request::Compare { newest, kept, of } => {
            vec![Answer::Compared { difference: difference::between(&newest, &kept), of }]
        }
        Request::ReadSpecMap(path) => vec![Answer::SpecMap(spec_map::read(&path))],
        Request::ReadSettings => match WindowSettings::path().and_then(|path| WindowSettings::read(&path)) {
            Ok(settings) => vec![Answer::Settings(settings)],
            Err(error) => vec![Answer::Failed(error.to_string())],
        },
        Request::WriteSettings(settings) => {
            let written = WindowSettings::path().and_then(|path| settings.write(&path));
            written.err().map(|error| Answer::Failed(error.to_string())).into_iter().collect()
        }
        Request::Picker { car, hidden } => vec![Answer::Picker(Arc::new(Picker::new(car, hidden)))],
        Request::Outline { photo, car, size, source } => {
            let (points, camera) = match source {
                OutlineSource::Camera(camera) => (None, Ok(camera)),
                OutlineSource::Points { pairs, photo_size } => {
                    let hints = PoseHints { point_pairs: pairs, ..PoseHints::default() };
                    let camera = pose::from_points(car.model.bounds(), photo_size, &hints);
                    (Some(hints.point_pairs.len()), camera.map_err(|failure| capitalized(format!("{failure}."))))
                }
            };
            let seen = camera.map(|camera| (camera, Arc::new(outline::draw(&car.model, &camera, size))));
            vec![Answer::Outline { photo, points, seen }]
        }
        Request::ReadAngles => match SavedAngles::path().and_then(|path| SavedAngles::read(&path)) {
            Ok(angles) => vec![Answer::Angles(angles)],
            // it was copied aside
            Err(error @ AnglesError::Broken { .. }) => {
                vec![Answer::Angles(SavedAngles::default()), Answer::Failed(error.to_string())]
            }
            Err(error) => vec![Answer::Failed(error.to_string())],
        },
        Request::WriteAngles(angles) => {
            let written = SavedAngles::path().and_then(|path| angles.write(&path));
            written.err().map(|error| Answer::Failed(error.to_string())).into_iter().collect()
        }
        Request::LookAt(paths) => paths
            .into_iter()
            .map(|path| Answer::Dropped { kind: look_at(&path), path })
            .collect(),
        Request::ListFolder { ask, folder } => vec![Answer::Folder(browser::list(ask, &folder))],
        Request::ShowFolder(folder) => show_folder(&folder).err().map(Answer::Failed).into_iter().collect(),
    }
}

/// A picture to choose by; none where there is no such file, or a broken one.
fn small_picture(path: &Path) -> Option<Arc<RgbaImage>> {
    const LIMIT_BYTES: u64 = 1 << 20;
    let bytes = read_limited(path, LIMIT_BYTES).ok()?;
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(1024), Some(1024));
    reader.limits(limits);
    Some(Arc::new(reader.decode().ok()?.into_rgba8()))
}

/// The level of a livery that is large enough for a panel.
fn thumbnail(levels: &[MipPatch]) -> RgbaImage {
    let small = levels.iter().find(|patch| patch.width <= THUMBNAIL_PX);
    small.and_then(|patch| RgbaImage::from_raw(patch.width, patch.height, patch.rgba.clone())).unwrap_or_default()
}

fn export(
    car: &Arc<CarPack>,
    livery: &TiledImage,
    spec: Option<Arc<RgbaImage>>,
    form: &ExportForm,
    light: EnvironmentId,
) -> Result<ExportDone, String> {
    let folder = form.folder.clone().ok_or("Choose a folder for the package first.")?;
    let mut options = ams2::Ams2Options {
        out: folder.clone(),
        install: form.install.clone(),
        slot: Some(form.slot),
        name: form.name.trim().to_owned(),
        size: Some(form.size_px),
        preview: None,
    };
    let target = car.manifest.sims.ams2.as_ref().ok_or("This car does not exist in Automobilista 2; choose one that does.")?;
    let livery = Arc::new(livery.to_rgba());
    ams2::check(target, &livery, &options).map_err(|error| error.to_string())?;
    let scene = StillScene { spec, ..StillScene::new(car.clone(), Some(livery.clone()), light) };
    let drawn = stills::render(&scene, &[stills::menu_shot()]);
    let note = drawn.as_ref().err().map(|reason| format!("The game's menu shows the texture and not the car: {reason}."));
    options.preview = drawn.ok().and_then(|mut pictures| pictures.pop());
    let report = ams2::export(target, &livery, &options).map_err(|error| error.to_string())?;
    Ok(ExportDone {
        folder,
        files: report.files.len(),
        next_steps: report.next_steps,
        warnings: report.warnings.into_iter().chain(note).collect(),
    })
}

/// Endings of pictures that may be photos.
pub(crate) const PHOTO_ENDINGS: [&str; 9] = ["jpg", "jpeg", "png", "webp", "bmp", "tga", "tif", "tiff", "heic"];
/// Endings of panoramas.
pub(crate) const ENVIRONMENT_ENDINGS: [&str; 2] = ["hdr", "exr"];
/// Endings of meshes that a car can be made of.
pub(crate) const MESH_ENDINGS: [&str; 1] = ["glb"];
/// Endings of liveries.
pub(crate) const LIVERY_ENDINGS: [&str; 7] = ["png", "tga", "tif", "tiff", "bmp", "webp", "dds"];

pub(crate) fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    endings.contains(&ending.as_str())
}

fn look_at(path: &Path) -> DroppedKind {
    let is_manifest = path.file_name().is_some_and(|name| name == "car.toml");
    if is_manifest || path.join("car.toml").is_file() {
        return DroppedKind::Car;
    }
    if has_ending(path, &MESH_ENDINGS) {
        return DroppedKind::Mesh;
    }
    if has_ending(path, &ENVIRONMENT_ENDINGS) {
        return DroppedKind::Environment;
    }
    if has_ending(path, &["png", "tga", "dds"]) {
        let square = image::image_dimensions(path).is_ok_and(|(width, height)| {
            width == height && width.is_power_of_two() && width >= gridvox_livery::tile::MIN_SIZE
        });
        if square {
            return DroppedKind::PhotoOrLivery;
        }
    }
    if has_ending(path, &PHOTO_ENDINGS) { DroppedKind::Photo } else { DroppedKind::Unknown }
}

fn show_folder(folder: &Path) -> Result<(), String> {
    let opener = if cfg!(target_os = "windows") {
        "explorer"
    } else if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let spawned = std::process::Command::new(opener).arg(folder).spawn();
    spawned.map(drop).map_err(|_| format!("No file manager could be started; the package lies in {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_to_choose_by_are_small_or_none() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let at = |name: &str| folder.path().join(name);
        RgbaImage::new(192, 108).save(at("car.png")).expect("written");
        RgbaImage::new(4000, 10).save(at("wide.png")).expect("written");
        std::fs::write(at("broken.png"), "no picture").expect("written");
        assert_eq!(small_picture(&at("car.png")).map(|picture| picture.dimensions()), Some((192, 108)));
        for name in ["wide.png", "broken.png", "nowhere.png"] {
            assert!(small_picture(&at(name)).is_none(), "{name}");
        }
    }

    #[test]
    fn every_bundled_car_and_environment_has_a_picture() {
        let answers = answer(Request::ListBundled);
        let [Answer::Bundled { cars, environments }] = answers.as_slice() else { panic!("the lists are part of the source") };
        assert!(cars.len() >= 3 && environments.len() >= 8);
        for choice in cars.iter().chain(environments) {
            assert!(choice.picture.is_some(), "{} has none: scripts/thumbnails draws it", choice.id);
        }
    }

    #[test]
    fn dropped_files_are_told_apart() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let at = |name: &str| folder.path().join(name);
        RgbaImage::new(512, 512).save(at("square.png")).expect("written");
        RgbaImage::new(640, 480).save(at("photo.png")).expect("written");
        std::fs::create_dir(at("pack")).expect("made");
        std::fs::write(at("pack/car.toml"), "").expect("written");
        for (name, kind) in [
            ("square.png", DroppedKind::PhotoOrLivery),
            ("photo.png", DroppedKind::Photo),
            ("Car.JPG", DroppedKind::Photo),
            ("sky.EXR", DroppedKind::Environment),
            ("car.GLB", DroppedKind::Mesh),
            ("pack", DroppedKind::Car),
            ("pack/car.toml", DroppedKind::Car),
            ("notes.txt", DroppedKind::Unknown),
        ] {
            assert_eq!(look_at(&at(name)), kind, "{name}");
        }
    }
}
