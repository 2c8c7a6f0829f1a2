//! Measures the camera solver over photos with known cameras.
//!
//! `pose_eval [--car ID] [--count N] [--first N] [--set FOLDER] [--stress crop|dark|black|pair|empty]
//! [--faults network|typical|weak] [--out FOLDER]`
//!
//! `FOLDER` is a set that `gridvox eval --set` drew; without one, photos are made up with a livery of the family that
//! training never sees. Correspondences come from the bundled network, or from a simulated one. Prints the project's
//! measures before and after refinement and each photo's cameras with what spoke for them; writes the worst photos with
//! the car's edges over them. `--stress` makes photos hard or impossible: cropped tightly, taken at night, of a black
//! car, with a second car, without a car.
#![expect(clippy::print_stdout, reason = "a report for the terminal")]

use candle_core::Device;
use glam::Vec3;
use gridvox_car::raster::RasterOptions;
use gridvox_car::{AtlasMaps, CarModel, CarPack, PhotoCamera, bundled};
use gridvox_vision::Photo;
use gridvox_vision::analyze;
use gridvox_vision::evaluate::{Case, EvalTable, Estimate, Evaluator, Truth, pose_error};
use gridvox_vision::net::{CorrespondenceNet, Proportions};
use gridvox_vision::pose::simulate::{self, Faults};
use gridvox_vision::pose::{self, PoseFailure, PoseHints, PoseSolution, PreparedCar};
use gridvox_vision::report::CameraReport;
use gridvox_vision::synth::{HELD_OUT, livery, photo};
use image::{Rgb, RgbImage, RgbaImage};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Deserialize;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

struct Options {
    car: String,
    count: usize,
    first: usize,
    set: Option<PathBuf>,
    out: PathBuf,
    faults: Option<Faults>,
    stress: String,
}

#[derive(Deserialize)]
struct Metadata {
    camera: CameraReport,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let pack = if options.car == "box" { gridvox_car::testing::box_pack() } else { CarPack::find(&options.car)? };
    let model = &pack.model;
    let car = PreparedCar::new(model);
    let maps = AtlasMaps::compute(model, 1024);
    let evaluator = Evaluator::new(model, &maps);
    let network = match options.faults {
        None => Some(CorrespondenceNet::load(&bundled::models_dir(), &Device::Cpu)?),
        Some(_) => None,
    };
    let names = match &options.set {
        Some(set) => names(set)?,
        None => (0..options.first + options.count).map(|seed| format!("{seed:05}")).collect(),
    };
    let empty = RgbaImage::new(8, 8);
    let centre = (car.bounds().0 + car.bounds().1) * 0.5;
    let (mut solved, mut refined) = (EvalTable::default(), EvalTable::default());
    let (mut solving, mut refining) = (Duration::ZERO, Duration::ZERO);
    let worst = options.out.join("worst");
    std::fs::create_dir_all(&worst)?;
    for (index, name) in names.into_iter().enumerate().skip(options.first).take(options.count) {
        let (picture, camera) = match &options.set {
            Some(set) => read(set, &name)?,
            None => made_up(index as u64, model, &maps),
        };
        let (picture, camera) = stressed(&options.stress, &car, picture, camera);
        let field = match (&network, options.faults) {
            (Some(network), _) => network.correspond(&picture, Proportions::USUAL)?,
            (None, faults) => simulate::field(&car, &camera, faults.unwrap_or(Faults::TYPICAL), index as u64),
        };
        let truth = Truth { camera: &camera, livery: &empty };
        let hints = PoseHints::default();
        let clock = Instant::now();
        let seen = analyze::from_correspondence(&Photo::from_rgb(picture.clone(), "photo"), &field);
        if let Some(reason) = seen.refusal {
            println!("{name}: refused, {reason}");
            continue;
        }
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
        println!(
            "{name}: {:6.2} -> {:6.2} texels (P90 {:6.2}), {}",
            before.median_texels().unwrap_or(f32::NAN),
            after.median_texels().unwrap_or(f32::NAN),
            after.correspondence.map_or(f32::NAN, |c| c.p90),
            after.failure.as_deref().unwrap_or("")
        );
        let describe = |label: &str, found: &PoseSolution| {
            let value = |v: Option<f32>| v.unwrap_or(f32::NAN);
            println!(
                "    {label}: {}, agree {:.2}, IoU {:.3}, residual {:.2} px, {:.2} of edges, support {:.3}",
                view(&camera, &found.camera, centre),
                found.inlier_share,
                value(found.silhouette_iou),
                value(found.edge_residual_px),
                value(found.edge_support),
                value(found.support)
            );
            for f in &found.followed {
                println!("        {}, agreement {:.3}, support {:.3}", view(&camera, &f.camera, centre), f.agreement, f.support);
            }
        };
        if let Ok(start) = &start {
            println!("    solved: {}, {} others", view(&camera, &start.camera, centre), start.alternatives.len());
        }
        if let Ok(found) = &found {
            describe("found", found);
        }
        let shown = found.as_ref().or(start.as_ref()).map(|f| f.camera);
        if let (Ok(shown), true) = (shown, after.median_texels() > Some(2.5)) {
            let error = after.median_texels().unwrap_or(f32::NAN);
            overlay(&car, &picture, &shown).save(worst.join(format!("{name}_{error:.1}.jpg")))?;
        }
        solved.push(Case::of_camera(&name, before));
        refined.push(Case::of_camera(&name, after));
    }
    let each = |time: Duration| time.as_secs_f64() / solved.cases.len().max(1) as f64;
    println!("\ncorrespondences alone, {:.3} s each\n{solved}", each(solving));
    println!("refined, {:.3} s each\n{refined}", each(refining));
    Ok(())
}

/// A camera in words, with its errors.
fn view(truth: &PhotoCamera, camera: &PhotoCamera, centre: Vec3) -> String {
    let error = pose_error(truth, camera, centre);
    let eye = camera.eye() - centre;
    format!(
        "azimuth {:3.0}, elevation {:2.0}, {:4.0} mm, off {:.2} deg, focal {:.1} %",
        eye.x.atan2(eye.z).to_degrees().rem_euclid(360.0),
        (eye.y / eye.length()).asin().to_degrees(),
        camera.focal_px / (camera.width as f32).hypot(camera.height as f32) * 43.267,
        error.rotation_deg,
        error.focal_percent
    )
}

fn names(set: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(set.join("metadata"))? {
        names.extend(entry?.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// A photo of a set and its camera.
fn read(set: &Path, name: &str) -> Result<(RgbImage, PhotoCamera), Box<dyn Error>> {
    let told = std::fs::read_to_string(set.join("metadata").join(format!("{name}.json")))?;
    let told: Metadata = serde_json::from_str(&told)?;
    let picture = image::open(set.join("photos").join(format!("{name}.jpg")))?.into_rgb8();
    Ok((picture, told.camera.to_camera()))
}

/// A photo made hard, with its camera.
fn stressed(kind: &str, car: &PreparedCar, photo: RgbImage, camera: PhotoCamera) -> (RgbImage, PhotoCamera) {
    let (width, height) = photo.dimensions();
    let buffer = car.scene().render(&camera, RasterOptions::visibility());
    let is_car = |x: u32, y: u32| buffer.part[(y * width + x) as usize] != 0;
    let mut random = Pcg64Mcg::seed_from_u64(7);
    let mut darker = |c: Rgb<u8>, factor: f32, noise: f32| {
        Rgb(c.0.map(|v| {
            let linear = (f32::from(v) / 255.0).powf(2.2) * factor;
            (255.0 * linear.powf(1.0 / 2.2) + noise * random.random_range(-1.7f32..1.7)).clamp(0.0, 255.0) as u8
        }))
    };
    let mut low = (width, height);
    let mut high = (0, 0);
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).filter(|&(x, y)| is_car(x, y)) {
        low = (low.0.min(x), low.1.min(y));
        high = (high.0.max(x + 1), high.1.max(y + 1));
    }
    match kind {
        "crop" => {
            // a little free space around the car, and its last tenth cut off
            let (x, y) = (low.0.saturating_sub(20), low.1.saturating_sub(20));
            let (w, h) = ((high.0 - x) - (high.0 - low.0) / 10, (high.1 + 20).min(height) - y);
            let cut = image::imageops::crop_imm(&photo, x, y, w, h).to_image();
            let principal_point = camera.principal_point - glam::Vec2::new(x as f32, y as f32);
            (cut, PhotoCamera { width: w, height: h, principal_point, ..camera })
        }
        "dark" => {
            let mut night = photo;
            night.pixels_mut().for_each(|c| *c = darker(*c, 0.06, 4.0));
            (night, camera)
        }
        "black" => {
            let mut black = photo;
            black.enumerate_pixels_mut().filter(|(x, y, _)| is_car(*x, *y)).for_each(|(_, _, c)| *c = darker(*c, 0.08, 0.5));
            (black, camera)
        }
        "pair" => {
            let turned = image::imageops::flip_horizontal(&photo);
            let mut both = RgbImage::new(width, height);
            for (side, half) in [&photo, &turned].into_iter().enumerate() {
                let x = low.0.min(width / 2);
                let from = if side == 0 { x } else { width / 2 - x };
                let half = image::imageops::crop_imm(half, from, 0, width / 2, height).to_image();
                image::imageops::replace(&mut both, &half, i64::from(width / 2) * side as i64, 0);
            }
            (both, camera)
        }
        "empty" => {
            let (above, left, right) = (low.1, low.0, width - high.0);
            let (x, y, w, h) = if above > left.max(right) {
                (0, 0, width, above)
            } else if left > right {
                (0, 0, left, height)
            } else {
                (high.0, 0, right, height)
            };
            let cut = image::imageops::crop_imm(&photo, x, y, w.max(8), h.max(8)).to_image();
            (image::imageops::resize(&cut, width, height, image::imageops::FilterType::Triangle), camera)
        }
        _ => (photo, camera),
    }
}

fn made_up(seed: u64, model: &CarModel, maps: &AtlasMaps) -> (RgbImage, PhotoCamera) {
    let camera = simulate::random_camera(seed, (1600, 1067));
    let paint = livery::random(seed, HELD_OUT, model, maps);
    (photo::render(model, &paint, &camera, photo::Look::Random(seed), 2), camera)
}

fn options() -> Result<Options, Box<dyn Error>> {
    let out = std::env::temp_dir().join("pose_eval");
    let mut options = Options { car: "gt3_rear".to_owned(), count: 20, first: 0, set: None, out, faults: None, stress: String::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or("an option without a value")?;
        match word.as_str() {
            "--car" => options.car = value,
            "--count" => options.count = value.parse()?,
            "--first" => options.first = value.parse()?,
            "--set" => options.set = Some(value.into()),
            "--stress" => options.stress = value,
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
