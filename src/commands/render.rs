//! `gridvox render`: a car in a picture, without a window.

use std::sync::Arc;

use color_eyre::eyre::{Result, eyre};
use gridvox_car::{CarPack, ViewPreset};
use gridvox_showroom::stills::{self, StillCamera, StillScene, StillShot};
use gridvox_showroom::{EnvironmentId, sheet};
use image::RgbaImage;

use super::{ensure_writable, save_picture};
use crate::cli::RenderArgs;

/// Runs the command.
pub fn run(args: &RenderArgs) -> Result<()> {
    ensure_writable(&args.out)?;
    let car = Arc::new(CarPack::find(&args.car)?);
    let livery = args.livery.as_deref().map(gridvox_livery::load_livery).transpose()?.map(Arc::new);
    let environment = args.env.as_deref().map(EnvironmentId::parse).unwrap_or_default();
    let camera = camera(args)?;
    let scene = StillScene::new(car, livery, environment);
    let (width, height) = args.size;
    let picture = match args.sheet {
        Some(_) => sheet::sheet(&scene, width / sheet::GRID.0, height / sheet::GRID.1)?,
        None => one_picture(&scene, StillShot::new(camera, width, height))?,
    };
    save_picture(&args.out, &picture.into())?;
    eprintln!("picture: {}", args.out.display());
    Ok(())
}

/// Renders a single shot.
pub fn one_picture(scene: &StillScene, shot: StillShot) -> Result<RgbaImage> {
    stills::render(scene, &[shot])?.pop().ok_or_else(|| eyre!("The renderer returned no picture: please report this."))
}

fn camera(args: &RenderArgs) -> Result<StillCamera> {
    let preset = match &args.view {
        Some(name) => name.parse::<ViewPreset>().map_err(|reason| eyre!("{reason}."))?,
        None => ViewPreset::FrontLeft,
    };
    if args.azimuth.is_none() && args.elevation.is_none() && args.fov.is_none() {
        return Ok(StillCamera::Preset(preset));
    }
    let camera = StillCamera::Orbit {
        azimuth_deg: args.azimuth.unwrap_or_else(|| preset.azimuth_deg()),
        elevation_deg: args.elevation.unwrap_or_else(|| preset.elevation_deg()),
        fov_deg: args.fov.unwrap_or_else(|| preset.fov_deg()),
    };
    match camera {
        StillCamera::Orbit { azimuth_deg, elevation_deg, fov_deg }
            if azimuth_deg.is_finite() && (-89.0..=90.0).contains(&elevation_deg) && (5.0..=120.0).contains(&fov_deg) =>
        {
            Ok(camera)
        }
        _ => Err(eyre!("The view is out of range: elevation goes from -89 to 90 degrees, the field of view from 5 to 120.")),
    }
}
