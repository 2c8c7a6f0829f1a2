//! Measures the camera solver over made-up photos: `pose_eval [--car ID] [--count N] [--out FOLDER] [--seed N]`.
//!
//! Prints the project's measures before and after refinement and writes the worst photos with the car's edges over them.
#![expect(clippy::print_stdout, reason = "a report for the terminal")]

use gridvox_car::raster::RasterOptions;
use gridvox_car::{AtlasMaps, CarModel, CarPack, PhotoCamera};
use gridvox_vision::evaluate::{EvalTable, Estimate, Evaluator, Truth};
use gridvox_vision::pose::simulate::{self, Faults};
use gridvox_vision::pose::{self, PoseHints, PreparedCar};
use image::{Rgb, RgbImage, RgbaImage};
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

struct Options {
    car: Option<String>,
    count: u64,
    seed: u64,
    out: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let model: CarModel = match &options.car {
        Some(car) => CarPack::find(car)?.model,
        None => gridvox_car::testing::box_car(),
    };
    let car = PreparedCar::new(&model);
    let maps = AtlasMaps::compute(&model, 1024);
    let evaluator = Evaluator::new(&model, &maps);
    let livery = RgbaImage::new(8, 8);
    let (mut solved, mut refined) = (EvalTable::default(), EvalTable::default());
    let (mut solving, mut refining) = (Duration::ZERO, Duration::ZERO);
    let mut shown: Vec<(f32, String, RgbImage)> = Vec::new();
    for seed in options.seed..options.seed + options.count {
        let camera = simulate::random_camera(seed, (1600, 1067));
        let photo = simulate::photo(&car, &camera, seed);
        let field = simulate::field(&car, &camera, Faults::TYPICAL, seed);
        let truth = Truth { camera: &camera, livery: &livery };
        let hints = PoseHints::default();
        let clock = Instant::now();
        let start = pose::solve(&field, car.bounds(), photo.dimensions(), &hints);
        solving += clock.elapsed();
        let clock = Instant::now();
        let found = start.clone().and_then(|start| pose::refine(&car, &photo, &field, &start, &hints));
        refining += clock.elapsed();
        let score = |found: &Result<pose::PoseSolution, pose::PoseFailure>| match found {
            Ok(found) => evaluator.score(truth, Ok(Estimate { camera: &found.camera, livery: None })),
            Err(reason) => evaluator.score(truth, Err(&reason.to_string())),
        };
        let name = format!("{seed:04}");
        let (before, after) = (score(&start), score(&found));
        let (deg, focal) = after.pose.map_or((f32::NAN, f32::NAN), |p| (p.rotation_deg, p.focal_percent));
        let quality = found.as_ref().map_or((0.0, 0.0, 0.0), |f| {
            let value = |v: Option<f32>| v.unwrap_or(f32::NAN);
            (value(f.silhouette_iou), value(f.edge_residual_px), value(f.edge_support))
        });
        println!(
            "{name}: {:6.2} -> {:6.2} texels (P90 {:6.2}), {deg:.3} deg, focal {focal:.2} %, IoU {:.3}, residual {:.2} px, support {:.2}",
            before.correspondence.median, after.correspondence.median, after.correspondence.p90, quality.0, quality.1, quality.2
        );
        if let Ok(found) = &found {
            shown.push((after.correspondence.median, name.clone(), overlay(&car, &photo, &found.camera)));
            shown.sort_by(|a, b| b.0.total_cmp(&a.0));
            shown.truncate(6);
        }
        solved.push(name.clone(), before);
        refined.push(name, after);
    }
    println!("\ncorrespondences alone, {:.3} s each\n{solved}", solving.as_secs_f64() / options.count as f64);
    println!("refined, {:.3} s each\n{refined}", refining.as_secs_f64() / options.count as f64);
    if let Some(out) = &options.out {
        std::fs::create_dir_all(out)?;
        for (error, name, picture) in &shown {
            picture.save(out.join(format!("{name}_{error:.1}.png")))?;
        }
    }
    Ok(())
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options { car: None, count: 20, seed: 0, out: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or("an option without a value")?;
        match word.as_str() {
            "--car" => options.car = Some(value),
            "--count" => options.count = value.parse()?,
            "--seed" => options.seed = value.parse()?,
            "--out" => options.out = Some(value.into()),
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
