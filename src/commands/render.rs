//! `gridvox render`: a car in a picture, without a window.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use color_eyre::eyre::{Result, eyre};
use gridvox_car::{CarPack, ViewPreset, detail};
use gridvox_showroom::aperture::SENSOR_MM;
use gridvox_showroom::stills::{self, StillCamera, StillScene, StillShot};
use gridvox_showroom::{Aperture, EnvironmentId, PictureJob, PictureKind};
use image::RgbaImage;
use indicatif::ProgressBar;

use crate::cli::RenderArgs;

/// Runs the command.
pub fn run(args: &RenderArgs) -> Result<()> {
    let car = Arc::new(CarPack::find(&args.car)?);
    let livery = args.livery.as_deref().map(gridvox_livery::load_livery).transpose()?.map(Arc::new);
    let spec = args.spec.as_deref().map(gridvox_livery::load_livery).transpose();
    let spec = spec.map_err(|error| eyre!("the spec map can't be used: {error}"))?.map(Arc::new);
    let environment = args.env.as_deref().map(EnvironmentId::parse).unwrap_or_default();
    let scene = StillScene { spec, ..StillScene::new(car, livery, environment) };
    let (width, height) = args.size;
    let samples = args.samples;
    let aperture = args.aperture.map(|f_number| Aperture { f_number, focus_m: args.focus, samples });
    let shot = StillShot {
        finish: args.finish,
        inspection: args.inspect,
        softbox: args.softbox,
        transparent: args.transparent,
        supersample: args.supersample,
        aperture,
        ..StillShot::new(camera(args)?, width, height)
    };
    let kind = match (args.sheet, args.turntable) {
        (Some(_), _) => PictureKind::Sheet,
        (None, Some(frames)) => PictureKind::Turntable(frames),
        (None, None) => PictureKind::Still,
    };
    let files = watched(&PictureJob { scene, shot, kind, out: args.out.clone() })?;
    match files.as_slice() {
        [_] => eprintln!("picture: {}", args.out.display()),
        files => eprintln!("pictures: {} in {}", files.len(), args.out.display()),
    }
    Ok(())
}

/// Draws under a progress bar, where standard error is a terminal.
fn watched(job: &PictureJob) -> Result<Vec<PathBuf>> {
    const STEPS: f32 = 1000.0;
    let bar = ProgressBar::new(STEPS as u64);
    let files = job.make(&mut |share| {
        bar.set_position((share * STEPS) as u64);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    Ok(files?)
}

fn no_picture() -> color_eyre::Report {
    eyre!("The renderer returned no picture: please report this.")
}

/// Renders a single shot.
pub fn one_picture(scene: &StillScene, shot: StillShot) -> Result<RgbaImage> {
    stills::render(scene, &[shot])?.pop().ok_or_else(no_picture)
}

/// The picture that a car is chosen by, as `scripts/thumbnails` draws those of the bundled ones.
pub fn thumbnail(car: &CarPack) -> Result<RgbaImage> {
    const SIZE: (u32, u32) = (320, 180);
    /// A quarter of a pixel, in metres.
    const UNSEEN_M: f32 = 0.004;
    let car = Arc::new(CarPack { model: detail::simplified(&car.model, UNSEEN_M), ..car.clone() });
    let preset = ViewPreset::FrontLeft;
    let camera = StillCamera::Orbit {
        azimuth_deg: preset.azimuth_deg(),
        elevation_deg: preset.elevation_deg(),
        fov_deg: fov_of_lens(60.0, SIZE),
    };
    let scene = StillScene::new(car, None, EnvironmentId::parse("soft_studio"));
    one_picture(&scene, StillShot { transparent: true, supersample: 4, ..StillShot::new(camera, SIZE.0, SIZE.1) })
}

/// Vertical field of view in degrees behind a lens of so many millimetres.
fn fov_of_lens(mm: f32, (width, height): (u32, u32)) -> f32 {
    2.0 * (0.5 * SENSOR_MM * height as f32 / width as f32 / mm).atan().to_degrees()
}

fn camera(args: &RenderArgs) -> Result<StillCamera> {
    let preset = match &args.view {
        Some(name) => name.parse::<ViewPreset>().map_err(|reason| eyre!("{reason}."))?,
        None => ViewPreset::FrontLeft,
    };
    let fov = args.fov.or(args.lens.map(|mm| fov_of_lens(mm, args.size)));
    if args.azimuth.is_none() && args.elevation.is_none() && fov.is_none() {
        return Ok(StillCamera::Preset(preset));
    }
    let camera = StillCamera::Orbit {
        azimuth_deg: args.azimuth.unwrap_or_else(|| preset.azimuth_deg()),
        elevation_deg: args.elevation.unwrap_or_else(|| preset.elevation_deg()),
        fov_deg: fov.unwrap_or_else(|| preset.fov_deg()),
    };
    match camera {
        StillCamera::Orbit { azimuth_deg, elevation_deg, fov_deg }
            if azimuth_deg.is_finite() && (-89.0..=90.0).contains(&elevation_deg) && (1.0..=120.0).contains(&fov_deg) =>
        {
            Ok(camera)
        }
        _ => Err(eyre!("The view is out of range: elevation goes from -89 to 90 degrees, the field of view from 1 to 120.")),
    }
}
