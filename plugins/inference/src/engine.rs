//! The engine as the worker sees it: two boxed functions, built on the worker thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridvox_car::{CarPack, PhotoCamera};
use gridvox_vision::{Analysis, Cancel, GenerateOptions, Generated, Report, Update, Vision, photo};
use image::{GrayImage, RgbImage, RgbaImage};

/// Longest side of the thumbnail that the photo panel shows, in pixels.
const THUMBNAIL_PX: u32 = 720;
/// Longest side of the picture that points are set on, in pixels.
const PICTURE_PX: u32 = 1600;

/// Everything one run needs.
#[derive(Debug, Clone)]
pub struct GenerateRequest {
    /// The car whose texture is made.
    pub car: Arc<CarPack>,
    /// Photos of one real car, in the painter's order.
    pub photos: Vec<PathBuf>,
    /// Size, quality and colour.
    pub options: GenerateOptions,
}

/// What a photo shows.
#[derive(Debug, Clone)]
pub struct Analyzed {
    /// The file.
    pub photo: PathBuf,
    /// Width and height in pixels, upright.
    pub size_px: (u32, u32),
    /// A small upright copy.
    pub thumbnail: Arc<RgbaImage>,
    /// A larger one, to set points on.
    pub picture: Arc<RgbaImage>,
    /// View, quality and warnings.
    pub analysis: Analysis,
}

/// A finished livery, shared between the panels and the editor.
#[derive(Debug, Clone)]
pub struct FinishedLivery {
    /// The texture, square, opaque.
    pub livery: Arc<RgbaImage>,
    /// Where each texel comes from; [`Generated::confidence`] says how to read it.
    pub confidence: Arc<GrayImage>,
    /// The camera of each of the run's photos in their order; `None` where a photo was left out.
    pub cameras: Vec<Option<PhotoCamera>>,
    /// Cameras, scores, timings, warnings.
    pub report: Report,
}

impl From<Generated> for FinishedLivery {
    fn from(generated: Generated) -> Self {
        Self {
            livery: Arc::new(generated.livery),
            confidence: Arc::new(generated.confidence),
            cameras: generated.cameras,
            report: generated.report,
        }
    }
}

type AnalyzeFn = dyn FnMut(&Path) -> Result<Analyzed, String>;
type GenerateFn = dyn FnMut(&GenerateRequest, &Cancel, &mut dyn FnMut(Update)) -> Result<Generated, String>;

/// The functions that do the work. They never leave the worker thread, so they need not be `Send`.
pub struct Engine {
    /// Reads and analyses a photo; the error is one sentence for the painter.
    pub analyze: Box<AnalyzeFn>,
    /// Makes a livery; the error is one sentence for the painter.
    pub generate: Box<GenerateFn>,
}

/// Builds an [`Engine`] on the worker thread.
pub type EngineFactory = Arc<dyn Fn() -> Result<Engine, String> + Send + Sync>;

/// The real engine with the bundled weights.
pub(crate) fn bundled() -> EngineFactory {
    Arc::new(|| {
        let vision = Arc::new(Vision::load(&gridvox_car::bundled::models_dir()).map_err(|error| error.to_string())?);
        let for_analysis = vision.clone();
        Ok(Engine {
            analyze: Box::new(move |path| analyze(&for_analysis, path)),
            generate: Box::new(move |request, cancel, update| generate(&vision, request, cancel, update)),
        })
    })
}

fn analyze(vision: &Vision, path: &Path) -> Result<Analyzed, String> {
    let photo = photo::load(path).map_err(|error| error.to_string())?;
    let analysis = gridvox_vision::analyze(vision, &photo).map_err(|error| error.to_string())?;
    Ok(Analyzed {
        photo: path.to_path_buf(),
        size_px: photo.rgb.dimensions(),
        thumbnail: Arc::new(reduced(&photo.rgb, THUMBNAIL_PX)),
        picture: Arc::new(reduced(&photo.rgb, PICTURE_PX)),
        analysis,
    })
}

fn generate(
    vision: &Vision,
    request: &GenerateRequest,
    cancel: &Cancel,
    update: &mut dyn FnMut(Update),
) -> Result<Generated, String> {
    let photos = request
        .photos
        .iter()
        .map(|path| photo::load(path))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    gridvox_vision::generate(vision, &request.car, &photos, &request.options, cancel, update)
        .map_err(|error| error.to_string())
}

fn reduced(photo: &RgbImage, longest_side: u32) -> RgbaImage {
    let (width, height) = photo.dimensions();
    let scale = longest_side as f32 / width.max(height).max(1) as f32;
    let small = if scale < 1.0 {
        let side = |px: u32| ((px as f32 * scale).round() as u32).max(1);
        image::imageops::thumbnail(photo, side(width), side(height))
    } else {
        photo.clone()
    };
    image::DynamicImage::ImageRgb8(small).into_rgba8()
}
