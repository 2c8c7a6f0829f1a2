//! Measures the camera solver over photos with known cameras.
//!
//! `pose_eval [--car ID] [--count N] [--seed N] [--photos FOLDER] [--faults network|typical|weak] [--out FOLDER]`
//!
//! Photos and cameras are read from `FOLDER/NAME.{png,jpg}` and `FOLDER/NAME.camera.json`; without `--photos` they are made
//! up, with a livery of the family that training never sees, and kept in the folder of `--out`. Correspondences come from
//! the bundled network, or from a simulated one. Prints the project's measures before and after refinement and writes the
//! worst photos with the car's edges over them.
#![expect(clippy::print_stdout, reason = "a report for the terminal")]

use candle_core::Device;
use glam::{Mat4, Vec2};
use gridvox_car::raster::RasterOptions;
use gridvox_car::{AtlasMaps, CarPack, PhotoCamera, bundled};
use gridvox_vision::evaluate::{EvalTable, Estimate, Evaluator, Truth};
use gridvox_vision::net::CorrespondenceNet;
use gridvox_vision::pose::simulate::{self, Faults};
use gridvox_vision::pose::{self, PoseFailure, PoseHints, PoseSolution, PreparedCar};
use gridvox_vision::report::CameraReport;
use gridvox_vision::synth::{HELD_OUT, livery, photo};
use image::{Rgb, RgbImage, RgbaImage};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

struct Options {
    car: String,
    count: usize,
    seed: u64,
    photos: Option<PathBuf>,
    out: PathBuf,
    faults: Option<Faults>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let pack = if options.car == "box" { gridvox_car::testing::box_pack() } else { CarPack::find(&options.car)? };
    let model = &pack.model;
    let car = PreparedCar::new(model);
    let maps = AtlasMaps::compute(model, 1024);
    let evaluator = Evaluator::new(model, &maps);
    std::fs::create_dir_all(&options.out)?;
    let network = match options.faults {
        None => Some(CorrespondenceNet::load(&bundled::models_dir(), &Device::Cpu)?),
        Some(_) => None,
    };
    let folder = options.photos.clone().unwrap_or_else(|| options.out.clone());
    if options.photos.is_none() {
        for seed in options.seed..options.seed + options.count as u64 {
            let name = folder.join(format!("{seed:04}.png"));
            if !name.exists() {
                let camera = simulate::random_camera(seed, (1600, 1067));
                let paint = livery::random(seed, HELD_OUT, model, &maps);
                photo::render(model, &paint, &camera, photo::Look::Random(seed), 2).save(&name)?;
                let json = serde_json::to_string_pretty(&CameraReport::from(&camera))?;
                std::fs::write(name.with_extension("camera.json"), json)?;
            }
        }
    }
    let empty = RgbaImage::new(8, 8);
    let (mut solved, mut refined) = (EvalTable::default(), EvalTable::default());
    let (mut solving, mut refining) = (Duration::ZERO, Duration::ZERO);
    let mut shown: Vec<(f32, String, RgbImage)> = Vec::new();
    for (index, (name, picture, camera)) in photos(&folder)?.into_iter().take(options.count).enumerate() {
        let seed = options.seed + index as u64;
        let field = match (&network, options.faults) {
            (Some(network), _) => network.correspond(&picture)?,
            (None, faults) => simulate::field(&car, &camera, faults.unwrap_or(Faults::TYPICAL), seed),
        };
        let truth = Truth { camera: &camera, livery: &empty };
        let hints = PoseHints::default();
        let clock = Instant::now();
        let start = pose::solve(&field, car.bounds(), picture.dimensions(), &hints);
        solving += clock.elapsed();
        let clock = Instant::now();
        let found = start.clone().and_then(|start| pose::refine(&car, &picture, &field, &start, &hints));
        refining += clock.elapsed();
        let score = |found: &Result<PoseSolution, PoseFailure>| match found {
            Ok(found) => evaluator.score(truth, Ok(Estimate { camera: &found.camera, livery: None })),
            Err(reason) => evaluator.score(truth, Err(&reason.to_string())),
        };
        let (before, after) = (score(&start), score(&found));
        let (deg, focal) = after.pose.map_or((f32::NAN, f32::NAN), |p| (p.rotation_deg, p.focal_percent));
        let share = start.as_ref().map_or(0.0, |s| s.inlier_share);
        let value = |v: Option<f32>| v.unwrap_or(f32::NAN);
        let (iou, residual, support) = found.as_ref().map_or((0.0, 0.0, 0.0), |f| {
            (value(f.silhouette_iou), value(f.edge_residual_px), value(f.edge_support))
        });
        println!(
            "{name}: {:6.2} -> {:6.2} texels (P90 {:6.2}), {deg:.3} deg, focal {focal:.2} %, agree {share:.2}, IoU {iou:.3}, \
             residual {residual:.2} px, support {support:.2} {}",
            before.correspondence.median,
            after.correspondence.median,
            after.correspondence.p90,
            after.failure.as_deref().unwrap_or("")
        );
        let shown_camera = found.as_ref().or(start.as_ref()).map(|f| f.camera);
        if let Ok(shown_camera) = shown_camera {
            shown.push((after.correspondence.median, name.clone(), overlay(&car, &picture, &shown_camera)));
            shown.sort_by(|a, b| b.0.total_cmp(&a.0));
            shown.truncate(6);
        }
        solved.push(name.clone(), before);
        refined.push(name, after);
    }
    let each = |time: Duration| time.as_secs_f64() / solved.cases.len().max(1) as f64;
    println!("\ncorrespondences alone, {:.3} s each\n{solved}", each(solving));
    println!("refined, {:.3} s each\n{refined}", each(refining));
    let worst = options.out.join("worst");
    std::fs::create_dir_all(&worst)?;
    for (error, name, picture) in &shown {
        picture.save(worst.join(format!("{name}_{error:.1}.png")))?;
    }
    Ok(())
}

/// Photos with cameras, by name.
fn photos(folder: &Path) -> Result<Vec<(String, RgbImage, PhotoCamera)>, Box<dyn Error>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let json = file.with_extension("camera.json");
        let is_picture = file.extension().is_some_and(|e| e == "png" || e == "jpg");
        if is_picture && json.exists() {
            let told: CameraReport = serde_json::from_str(&std::fs::read_to_string(json)?)?;
            let camera = PhotoCamera {
                world_from_camera: Mat4::from_cols_array_2d(&told.world_from_camera).transpose(),
                focal_px: told.focal_px,
                principal_point: Vec2::from(told.principal_point),
                width: told.width,
                height: told.height,
                k1: told.k1,
            };
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            all.push((name, image::open(&file)?.into_rgb8(), camera));
        }
    }
    Ok(all)
}

fn options() -> Result<Options, Box<dyn Error>> {
    let out = std::env::temp_dir().join("pose_eval");
    let mut options = Options { car: "gt3_rear".to_owned(), count: 20, seed: 0, photos: None, out, faults: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or("an option without a value")?;
        match word.as_str() {
            "--car" => options.car = value,
            "--count" => options.count = value.parse()?,
            "--seed" => options.seed = value.parse()?,
            "--photos" => options.photos = Some(value.into()),
            "--out" => options.out = value.into(),
            "--faults" => {
                options.faults = match value.as_str() {
                    "network" => None,
                    "typical" => Some(Faults::TYPICAL),
                    "weak" => Some(Faults::WEAK),
                    _ => return Err(format!("unknown faults {value}").into()),
                }
            }
            _ => return Err(format!("unknown option {word}").into()),
        }
    }
    Ok(options)
}

/// The photo with the borders between the car's parts in green.
fn overlay(car: &PreparedCar, photo: &RgbImage, camera: &PhotoCamera) -> RgbImage {
    let buffer = car.scene().render(camera, RasterOptions::visibility());
    let mut picture = photo.clone();
    let width = buffer.width as usize;
    for i in 0..buffer.part.len() - width - 1 {
        if buffer.part[i] != buffer.part[i + 1] || buffer.part[i] != buffer.part[i + width] {
            picture.put_pixel((i % width) as u32, (i / width) as u32, Rgb([0, 255, 60]));
        }
    }
    picture
}
