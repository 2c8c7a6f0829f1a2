//! Draws test photos with the showroom: cameras as a spectator would hold them, liveries of the family that training never
//! sees, every environment in turn.

use std::path::PathBuf;
use std::sync::Arc;

use color_eyre::eyre::Result;
use gridvox_car::{AtlasMaps, CarPack, PhotoCamera, frame_camera};
use gridvox_showroom::stills::{self, StillScene, StillShot};
use gridvox_showroom::{EnvironmentId, bundled_environments};
use gridvox_vision::synth::livery::{self, HELD_OUT, derive_seed};
use glam::{Mat4, Vec2, Vec3};
use image::RgbaImage;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::set::{Metadata, PhotoSet, as_jpeg};

/// Photos drawn per start of the renderer, so that their liveries fit into memory together.
const BATCH: usize = 10;
/// Photo size in pixels.
const PHOTO: (u32, u32) = (1600, 1066);
/// Height of a full-frame sensor in millimetres, for focal lengths as photographers say them.
const SENSOR_HEIGHT_MM: f32 = 24.0;

struct Case {
    name: String,
    camera: PhotoCamera,
    livery: Arc<RgbaImage>,
    environment: usize,
    rotation_deg: f32,
    exposure_stops: f32,
    jpeg_quality: u8,
}

/// Draws the photos of a set that are not there yet; which ones a set has depends on `seed` and the environments alone.
pub fn complete(
    set: &PhotoSet,
    car: &Arc<CarPack>,
    maps: &AtlasMaps,
    count: usize,
    seed: u64,
    more_environments: &[PathBuf],
) -> Result<()> {
    let environments = environments(more_environments)?;
    let missing: Vec<usize> = (0..count).filter(|&index| !set.has(&name(index))).collect();
    for (done, batch) in missing.chunks(BATCH).enumerate() {
        eprintln!("drawing test photos {} to {} of {}", done * BATCH + 1, done * BATCH + batch.len(), missing.len());
        let cases: Vec<Case> = batch.iter().map(|&index| case(seed, index, car, maps, environments.len())).collect();
        for (case, jpeg) in cases.iter().zip(photograph(car, &environments, &cases)?) {
            set.save(&case.name, &jpeg, &Metadata::of_one(&case.camera), &case.livery)?;
        }
    }
    Ok(())
}

fn name(index: usize) -> String {
    format!("{index:05}")
}

fn environments(more: &[PathBuf]) -> Result<Vec<EnvironmentId>> {
    let bundled = bundled_environments()?.into_iter().map(|info| EnvironmentId::Bundled(info.id));
    Ok(bundled.chain(more.iter().cloned().map(EnvironmentId::File)).collect())
}

/// A camera as a spectator would hold it: any side, standing or from a stand, 28 to 135 mm, not quite level or centred.
fn case(seed: u64, index: usize, car: &CarPack, maps: &AtlasMaps, environments: usize) -> Case {
    let seed = derive_seed(seed, index as u64);
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let focal_mm = 28.0 * (135.0f32 / 28.0).powf(rng.random());
    let fov_deg = 2.0 * (0.5 * SENSOR_HEIGHT_MM / focal_mm).atan().to_degrees();
    let azimuth_deg = rng.random_range(0.0..360.0);
    let elevation_deg = 1.0 + 24.0 * rng.random::<f32>().powi(2);
    let mut camera = frame_camera(car.model.bounds(), azimuth_deg, elevation_deg, fov_deg, PHOTO.0, PHOTO.1);
    let centre = (car.model.bounds().0 + car.model.bounds().1) * 0.5;
    let fill: f32 = rng.random_range(0.6..1.02);
    let eye = centre + (camera.eye() - centre) / fill;
    let roll = Mat4::from_rotation_z(rng.random_range(-3.0f32..3.0).to_radians());
    let slack = 0.5 * (1.0 - fill).max(0.0) * PHOTO.0 as f32 / camera.focal_px;
    let aim = Vec2::new(rng.random_range(-slack..=slack), 0.5 * rng.random_range(-slack..=slack));
    let turn = Mat4::from_rotation_y(aim.x) * Mat4::from_rotation_x(aim.y);
    let mut placed = camera.world_from_camera;
    placed.w_axis = eye.max(Vec3::new(f32::MIN, 0.15, f32::MIN)).extend(1.0);
    camera.world_from_camera = placed * turn * roll;
    Case {
        name: name(index),
        camera,
        livery: Arc::new(livery::random(seed, HELD_OUT, &car.model, maps)),
        environment: index % environments,
        rotation_deg: rng.random_range(0.0..360.0),
        exposure_stops: rng.random_range(-0.4..0.4),
        jpeg_quality: rng.random_range(80..=95),
    }
}

fn photograph(car: &Arc<CarPack>, environments: &[EnvironmentId], cases: &[Case]) -> Result<Vec<Vec<u8>>> {
    let scene = StillScene {
        car: Arc::clone(car),
        liveries: cases.iter().map(|case| Arc::clone(&case.livery)).collect(),
        spec: None,
        environments: environments.to_vec(),
        hidden: Vec::new(),
    };
    let shots: Vec<StillShot> = cases
        .iter()
        .enumerate()
        .map(|(livery, case)| StillShot {
            livery,
            environment: case.environment,
            rotation_deg: case.rotation_deg,
            exposure_stops: case.exposure_stops,
            ..StillShot::photo(case.camera)
        })
        .collect();
    let pictures = stills::render(&scene, &shots)?;
    let jpegs = pictures.into_iter().zip(cases);
    jpegs.map(|(picture, case)| as_jpeg(&image::DynamicImage::from(picture).to_rgb8(), case.jpeg_quality)).collect()
}
