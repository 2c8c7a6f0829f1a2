//! Pictures of the car as files: stills, sheets of eight angles and turntables, alike for the window and the command line.

use crate::sheet;
use crate::stills::{Darkroom, StillCamera, StillError, StillScene, StillShot};
use gridvox_car::files::{FileError, ensure_writable, write_atomic};
use gridvox_car::{PhotoCamera, ViewPreset, frame_camera};
use glam::{Mat4, Vec3};
use image::codecs::gif::{GifEncoder, Repeat};
use image::codecs::jpeg::JpegEncoder;
use image::{Delay, DynamicImage, Frame, ImageError, ImageFormat, RgbaImage};
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Sizes that painters ask for: name, width and height in pixels. `ams2` is Automobilista 2's menu picture, `ac` Assetto
/// Corsa's preview.
pub const SIZES: [(&str, u32, u32); 7] = [
    ("hd", 1920, 1080),
    ("2k", 2560, 1440),
    ("4k", 3840, 2160),
    ("8k", 7680, 4320),
    ("square", 2048, 2048),
    ("ams2", 2048, 600),
    ("ac", 1022, 575),
];

/// Frames a second of a turntable.
pub const FRAMES_PER_SECOND: u32 = 25;

/// Frames of a turntable, at most.
pub const MOST_FRAMES: u32 = 720;

/// Pictures are for looking at, so no artefact may show.
const JPEG_QUALITY: u8 = 93;

/// How carefully colours of a GIF are chosen, 1..30; 1 is slow and best.
const GIF_SPEED: i32 = 8;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureKind {
    /// One picture.
    Still,
    /// Eight angles in one picture as large as the shot; see [`sheet`].
    Sheet,
    /// Once around the car in so many frames, 2 to [`MOST_FRAMES`].
    Turntable(u32),
}

/// Pictures to draw and the file or folder that they go to.
#[derive(Debug, Clone)]
pub struct PictureJob {
    /// What stands on stage.
    pub scene: StillScene,
    /// How it is taken; a sheet has its own angles, a turntable goes around at this one's height.
    pub shot: StillShot,
    /// What is drawn.
    pub kind: PictureKind,
    /// A file that ends in .png, .jpg or .webp; for a turntable one that ends in .gif, or a folder for numbered PNG files.
    pub out: PathBuf,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It could not be drawn.
    #[error(transparent)]
    Still(#[from] StillError),
    /// It could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file's ending names no format for it.
    #[error("the file {} does not end in a format for this picture: use {wanted}", .path.display())]
    Ending {
        /// The file asked for.
        path: PathBuf,
        /// Endings that fit.
        wanted: &'static str,
    },
    /// JPEG has no alpha.
    #[error("the file {} would lose its transparent background: use .png or .webp", .path.display())]
    Opaque {
        /// The file asked for.
        path: PathBuf,
    },
    /// A turntable has too few or too many frames.
    #[error("a turntable has 2 to {MOST_FRAMES} frames, not {0}")]
    Frames(u32),
    /// The format can't hold it.
    #[error("the picture can't be written as {} ({reason}): use .png", .path.display())]
    Encoding {
        /// The file asked for.
        path: PathBuf,
        /// What the encoder said.
        reason: ImageError,
    },
}

impl PictureJob {
    /// Fails before long work when the picture could not be written afterwards.
    pub fn check(&self) -> Result<(), PictureError> {
        let path = self.out.clone();
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match self.kind {
            PictureKind::Turntable(frames) if !(2..=MOST_FRAMES).contains(&frames) => return Err(PictureError::Frames(frames)),
            PictureKind::Turntable(_) if ending.is_empty() => {
                std::fs::create_dir_all(&path).map_err(|error| FileError::making(&path, error))?;
                return Ok(ensure_writable(&frame_path(&path, 0))?);
            }
            PictureKind::Turntable(_) if ending != "gif" => {
                return Err(PictureError::Ending { path, wanted: ".gif, or a folder for numbered PNG files" });
            }
            PictureKind::Turntable(_) => {}
            _ if !["png", "jpg", "jpeg", "webp"].contains(&ending.as_str()) => {
                return Err(PictureError::Ending { path, wanted: ".png, .jpg or .webp" });
            }
            _ if self.shot.transparent && ending.starts_with('j') => return Err(PictureError::Opaque { path }),
            _ => {}
        }
        Ok(ensure_writable(&self.out)?)
    }

    /// The shots, in order.
    fn shots(&self) -> Vec<StillShot> {
        match self.kind {
            PictureKind::Still => vec![self.shot],
            PictureKind::Sheet => {
                let (columns, rows) = sheet::GRID;
                let (width, height) = (self.shot.width.div_euclid(columns).max(1), self.shot.height.div_euclid(rows).max(1));
                sheet::shots_like(&StillShot { width, height, ..self.shot })
            }
            PictureKind::Turntable(frames) => {
                let bounds = self.scene.car.model.bounds();
                let first = first_camera(&self.shot, bounds);
                let around = |frame| turned(&first, bounds, std::f32::consts::TAU * frame as f32 / frames as f32);
                (0..frames).map(|frame| StillShot { camera: StillCamera::Photo(around(frame)), ..self.shot }).collect()
            }
        }
    }

    /// Draws and writes. `progress` hears which share is done, 0..=1, and may stop the work. Returns the files.
    pub fn make(&self, progress: &mut dyn FnMut(f32) -> ControlFlow<()>) -> Result<Vec<PathBuf>, PictureError> {
        self.check()?;
        let shots = self.shots();
        let mut darkroom = Darkroom::open(&self.scene)?;
        let mut frames = Frames::new(self)?;
        let count = shots.len() as f32;
        for (index, shot) in shots.iter().enumerate() {
            let picture = darkroom.shoot_watched(shot, &mut |drawn, all| {
                progress((index as f32 + drawn as f32 / all.max(1) as f32) / count)
            })?;
            frames.take(index as u32, picture)?;
        }
        frames.finish()
    }
}

/// What becomes of the shots as they are drawn, so that a long turntable never lies in memory as a whole.
enum Frames<'a> {
    /// They make one picture.
    Picture { out: &'a Path, sheet: bool, drawn: Vec<RgbaImage> },
    /// Each is a file of its own.
    Files { folder: &'a Path, written: Vec<PathBuf> },
    /// They make an animation.
    Gif { out: &'a Path, encoder: Box<GifEncoder<GifBytes>>, bytes: GifBytes },
}

impl<'a> Frames<'a> {
    fn new(job: &'a PictureJob) -> Result<Self, PictureError> {
        let out = job.out.as_path();
        Ok(match job.kind {
            PictureKind::Turntable(_) if out.extension().is_none() => Self::Files { folder: out, written: Vec::new() },
            PictureKind::Turntable(_) => {
                let bytes = GifBytes::default();
                let mut encoder = GifEncoder::new_with_speed(bytes.clone(), GIF_SPEED);
                encoder.set_repeat(Repeat::Infinite).map_err(|reason| unencoded(out, reason))?;
                Self::Gif { out, encoder: Box::new(encoder), bytes }
            }
            kind => Self::Picture { out, sheet: kind == PictureKind::Sheet, drawn: Vec::new() },
        })
    }

    fn take(&mut self, index: u32, picture: RgbaImage) -> Result<(), PictureError> {
        match self {
            Self::Picture { drawn, .. } => drawn.push(picture),
            Self::Files { folder, written } => {
                let path = frame_path(folder, index);
                save(&path, &picture.into())?;
                written.push(path);
            }
            Self::Gif { out, encoder, .. } => {
                let delay = Delay::from_saturating_duration(Duration::from_millis(u64::from(1000 / FRAMES_PER_SECOND)));
                let frame = Frame::from_parts(picture, 0, 0, delay);
                encoder.encode_frame(frame).map_err(|reason| unencoded(out, reason))?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<PathBuf>, PictureError> {
        match self {
            Self::Picture { out, sheet: true, drawn } => save(out, &sheet::compose(&drawn).into()).map(|()| vec![out.to_owned()]),
            Self::Picture { out, drawn, .. } => {
                for picture in drawn {
                    save(out, &picture.into())?;
                }
                Ok(vec![out.to_owned()])
            }
            Self::Files { written, .. } => Ok(written),
            Self::Gif { out, encoder, bytes } => {
                // the encoder writes the end of the file when it goes
                drop(encoder);
                write_atomic(out, &bytes.take())?;
                Ok(vec![out.to_owned()])
            }
        }
    }
}

/// Bytes that an encoder writes and that are still there when it is gone.
#[derive(Clone, Default)]
struct GifBytes(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

impl GifBytes {
    fn take(&self) -> Vec<u8> {
        self.0.take()
    }
}

impl std::io::Write for GifBytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn frame_path(folder: &Path, index: u32) -> PathBuf {
    folder.join(format!("{index:04}.png"))
}

fn unencoded(path: &Path, reason: ImageError) -> PictureError {
    PictureError::Encoding { path: path.to_owned(), reason }
}

/// Where a turntable begins: the shot's own camera, or one as far away as the car's longest side needs.
fn first_camera(shot: &StillShot, bounds: (Vec3, Vec3)) -> PhotoCamera {
    let (azimuth, elevation, fov) = match shot.camera {
        StillCamera::Photo(camera) => return camera.scaled_to(shot.width, shot.height),
        StillCamera::Preset(preset) => (preset.azimuth_deg(), preset.elevation_deg(), preset.fov_deg()),
        StillCamera::Orbit { azimuth_deg, elevation_deg, fov_deg } => (azimuth_deg, elevation_deg, fov_deg),
    };
    let side = ViewPreset::Left.azimuth_deg();
    let camera = frame_camera(bounds, side, elevation, fov, shot.width, shot.height);
    turned(&camera, bounds, (azimuth - side).to_radians())
}

/// A camera taken so many radians around the car's middle, towards the car's left when it stood in front.
fn turned(camera: &PhotoCamera, (least, most): (Vec3, Vec3), radians: f32) -> PhotoCamera {
    let middle = Vec3::new((least.x + most.x) * 0.5, 0.0, (least.z + most.z) * 0.5);
    let turn = Mat4::from_translation(middle) * Mat4::from_rotation_y(radians) * Mat4::from_translation(-middle);
    PhotoCamera { world_from_camera: turn * camera.world_from_camera, ..*camera }
}

/// Writes a picture in the format that the file's ending names.
pub fn save(path: &Path, picture: &DynamicImage) -> Result<(), PictureError> {
    let unnamed = |_| PictureError::Ending { path: path.to_owned(), wanted: ".png, .jpg or .webp" };
    let format = ImageFormat::from_path(path).map_err(unnamed)?;
    let mut bytes = Cursor::new(Vec::new());
    let encoded = match format {
        ImageFormat::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
            picture.to_rgb8().write_with_encoder(encoder)
        }
        other => picture.write_to(&mut bytes, other),
    };
    encoded.map_err(|reason| unencoded(path, reason))?;
    Ok(write_atomic(path, bytes.get_ref())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::EnvironmentId;
    use gridvox_car::testing::box_pack;
    use std::sync::Arc;

    fn job(kind: PictureKind, out: impl Into<PathBuf>) -> PictureJob {
        let scene = StillScene::new(Arc::new(box_pack()), None, EnvironmentId::default());
        let shot = StillShot::new(StillCamera::Preset(ViewPreset::FrontLeft), 640, 360);
        PictureJob { scene, shot, kind, out: out.into() }
    }

    #[test]
    fn what_could_not_be_written_is_refused_before_it_is_drawn() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let at = |name: &str| folder.path().join(name);
        for (kind, name, fits) in [
            (PictureKind::Still, "car.png", true),
            (PictureKind::Sheet, "car.WEBP", true),
            (PictureKind::Still, "car.gif", false),
            (PictureKind::Still, "nowhere/car.png", false),
            (PictureKind::Turntable(8), "car.gif", true),
            (PictureKind::Turntable(8), "frames", true),
            (PictureKind::Turntable(8), "car.png", false),
            (PictureKind::Turntable(1), "car.gif", false),
        ] {
            assert_eq!(job(kind, at(name)).check().is_ok(), fits, "{kind:?} as {name}");
        }
        let mut clear = job(PictureKind::Still, at("car.jpg"));
        assert!(clear.check().is_ok());
        clear.shot.transparent = true;
        assert!(matches!(clear.check(), Err(PictureError::Opaque { .. })));
        let left: Vec<_> = std::fs::read_dir(folder.path()).expect("readable").flatten().collect();
        assert_eq!(left.len(), 1, "only the folder for frames was made: {left:?}");
    }

    #[test]
    fn a_turntable_goes_once_around_and_keeps_the_car_in_the_picture() {
        let job = job(PictureKind::Turntable(36), "unused");
        let (least, most) = job.scene.car.model.bounds();
        let middle = (least + most) * 0.5;
        let mut angles = Vec::new();
        for shot in job.shots() {
            let StillCamera::Photo(camera) = shot.camera else { panic!("{:?}", shot.camera) };
            for corner in 0..8 {
                let pick = |axis: usize| if corner >> axis & 1 == 0 { least[axis] } else { most[axis] };
                let seen = camera.project(Vec3::new(pick(0), pick(1), pick(2))).expect("in front");
                assert!((0.0..640.0).contains(&seen.x) && (0.0..360.0).contains(&seen.y), "{seen}");
            }
            let from = camera.eye() - middle;
            angles.push(from.x.atan2(from.z).to_degrees());
        }
        assert!((angles[0] - ViewPreset::FrontLeft.azimuth_deg()).abs() < 0.1, "{}", angles[0]);
        for pair in angles.windows(2) {
            assert!(((pair[1] - pair[0]).rem_euclid(360.0) - 10.0).abs() < 0.05, "{pair:?}");
        }
    }
}
