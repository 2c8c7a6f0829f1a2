//! `gridvox eval`: photos drawn by the showroom, whose cameras and liveries are known, measured against what is found.
//!
//! The showroom's renderer, its environments and the livery family have no part in training, so the numbers say how the
//! method does on pictures that it was not made from.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

use color_eyre::eyre::Result;
use gridvox_car::{AtlasMaps, CarPack, PhotoCamera, bundled, frame_camera};
use gridvox_showroom::stills::{self, StillScene, StillShot};
use gridvox_showroom::{EnvironmentId, bundled_environments};
use gridvox_vision::evaluate::{CaseScore, Estimate, EvalTable, Evaluator, Truth};
use gridvox_vision::synth::livery::{self, HELD_OUT, derive_seed};
use gridvox_vision::{Cancel, GenerateOptions, Photo, Vision, generate};
use glam::{Mat4, Vec2, Vec3};
use image::codecs::jpeg::JpegEncoder;
use image::{RgbImage, RgbaImage};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::save_picture;
use crate::cli::EvalArgs;

/// Photos drawn per start of the renderer, so that their liveries fit into memory together.
const BATCH: usize = 10;
/// Photo size in pixels.
const PHOTO: (u32, u32) = (1600, 1066);
/// Edge of liveries, true and found.
const LIVERY_PX: u32 = 2048;
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

/// Runs the command.
#[expect(clippy::print_stdout, reason = "the table is this command's output")]
pub fn run(args: &EvalArgs) -> Result<()> {
    let car = Arc::new(CarPack::find(&args.car)?);
    let vision = Vision::load(&bundled::models_dir())?;
    if let Some(out) = &args.out {
        std::fs::create_dir_all(out)?;
    }
    let maps = AtlasMaps::compute(&car.model, LIVERY_PX);
    let evaluator = Evaluator::new(&car.model, &maps);
    let environments = environments(&args.env)?;
    let mut table = EvalTable::default();
    for first in (0..args.count as usize).step_by(BATCH) {
        let last = (first + BATCH).min(args.count as usize);
        let cases: Vec<Case> =
            (first..last).map(|index| case(args.seed, index, &car, &maps, environments.len())).collect();
        let photos = photograph(&car, &environments, &cases)?;
        for (case, photo) in cases.iter().zip(photos) {
            let score = measure(args, &vision, &car, &evaluator, case, photo)?;
            eprintln!("{}: {}", case.name, in_words(&score));
            table.push(case.name.clone(), score);
        }
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&table)?);
    } else {
        print!("{table}");
    }
    Ok(())
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
        name: format!("{index:03}"),
        camera,
        livery: Arc::new(livery::random(seed, HELD_OUT, &car.model, maps)),
        environment: index % environments,
        rotation_deg: rng.random_range(0.0..360.0),
        exposure_stops: rng.random_range(-0.4..0.4),
        jpeg_quality: rng.random_range(80..=95),
    }
}

fn photograph(car: &Arc<CarPack>, environments: &[EnvironmentId], cases: &[Case]) -> Result<Vec<RgbImage>> {
    let scene = StillScene {
        car: Arc::clone(car),
        liveries: cases.iter().map(|case| Arc::clone(&case.livery)).collect(),
        environments: environments.to_vec(),
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
    pictures.into_iter().zip(cases).map(|(picture, case)| through_jpeg(picture, case.jpeg_quality)).collect()
}

fn through_jpeg(picture: RgbaImage, quality: u8) -> Result<RgbImage> {
    let rgb = image::DynamicImage::from(picture).to_rgb8();
    let mut bytes = Cursor::new(Vec::new());
    rgb.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))?;
    Ok(image::load_from_memory(bytes.get_ref())?.to_rgb8())
}

fn measure(
    args: &EvalArgs,
    vision: &Vision,
    car: &CarPack,
    evaluator: &Evaluator<'_>,
    case: &Case,
    photo: RgbImage,
) -> Result<CaseScore> {
    let photo = Photo::from_rgb(photo, case.name.clone());
    let truth = Truth { camera: &case.camera, livery: &case.livery };
    let options = GenerateOptions { size: Some(LIVERY_PX), ..GenerateOptions::default() };
    let outcome = generate(vision, car, std::slice::from_ref(&photo), &options, &Cancel::new(), &mut |_| {});
    let score = match &outcome {
        Ok(generated) => {
            let camera = generated.report.camera.to_camera();
            evaluator.score(truth, Ok(Estimate { camera: &camera, livery: Some(&generated.livery) }))
        }
        Err(error) => evaluator.score(truth, Err(&error.to_string())),
    };
    if let Some(out) = &args.out {
        save_picture(&out.join(format!("{}_photo.jpg", case.name)), &photo.rgb.clone().into())?;
        save_picture(&out.join(format!("{}_truth.jpg", case.name)), &(*case.livery).clone().into())?;
        if let Ok(generated) = &outcome {
            save_picture(&out.join(format!("{}_livery.jpg", case.name)), &generated.livery.clone().into())?;
            super::write_json(&out.join(format!("{}_report.json", case.name)), &generated.report)?;
        }
    }
    Ok(score)
}

fn in_words(score: &CaseScore) -> String {
    match &score.failure {
        Some(reason) => format!("failed: {reason}"),
        None => format!(
            "correspondence {:.2} texels, semantic {:.1} %, delta E {:.1}{}",
            score.correspondence.median,
            100.0 * score.semantic_accuracy,
            score.color.as_ref().and_then(|color| color.visible_aligned).unwrap_or(f32::NAN),
            if score.wrong_pose { ", WRONG POSE" } else { "" }
        ),
    }
}
