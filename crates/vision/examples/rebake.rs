//! Bakes made photos with their true cameras: what the steps after the pose cost in colour, and what they look like.
//!
//! `cargo run --release -p gridvox_vision --example rebake -- gt3_rear OUT_DIR [SIZE] [FIRST_SEED] [COUNT] [studio|flat|random] [solve]`
//!
//! With `solve` the cameras are found by the network and the pose solver, as in real life.

use std::path::PathBuf;

use gridvox_car::{AtlasMaps, CarPack, bundled};
use gridvox_vision::evaluate::{Estimate, Evaluator, Truth};
use gridvox_vision::synth::{Family, livery, photo, view};
use gridvox_vision::{Cancel, GenerateOptions, Photo, Quality, Vision, generate};
use image::{RgbImage, imageops};

#[expect(clippy::print_stdout, reason = "an example talks to its terminal")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let car = CarPack::find(&args.next().ok_or("which car?")?)?;
    let out = PathBuf::from(args.next().ok_or("which folder?")?);
    let size: u32 = args.next().map_or(Ok(2048), |s| s.parse())?;
    let first: u64 = args.next().map_or(Ok(1), |s| s.parse())?;
    let count: u64 = args.next().map_or(Ok(1), |s| s.parse())?;
    let look = args.next().unwrap_or_else(|| "studio".into());
    let solve = args.next().is_some_and(|word| word == "solve");
    std::fs::create_dir_all(&out)?;
    let maps = AtlasMaps::compute(&car.model, size);
    let evaluator = Evaluator::new(&car.model, &maps);
    let families = [Family::Sponsors, Family::Stripes, Family::Polygons, Family::Panels, Family::Camouflage, Family::Splash];
    let vision = if solve { Vision::load(&bundled::models_dir())? } else { Vision::without_network() };
    for seed in first..first + count {
        let family = families[(seed % families.len() as u64) as usize];
        let truth = livery::random(seed, family, &car.model, &maps);
        let azimuth = [40.0, 320.0, 140.0, 90.0, 60.0, 215.0][(seed % 6) as usize];
        let camera = view::orbit(car.model.bounds(), azimuth, 12.0, 50.0, 0.85, 1920, 1200);
        let look = match look.as_str() {
            "flat" => photo::Look::Flat,
            "random" => photo::Look::Random(seed),
            _ => photo::Look::Studio,
        };
        let picture = photo::render(&car.model, &truth, &camera, look, 2);
        let options = GenerateOptions {
            quality: Quality::High,
            size: Some(size),
            cameras: if solve { Vec::new() } else { vec![Some(camera)] },
            ..GenerateOptions::default()
        };
        let made = generate(&vision, &car, &[Photo::from_rgb(picture.clone(), "made")], &options, &Cancel::new(), &mut |_| {});
        let made = match made {
            Ok(made) => made,
            Err(error) => {
                println!("{seed} {family:?} refused: {error}");
                picture.save(out.join(format!("{seed}_refused.png")))?;
                continue;
            }
        };
        let solved = made.report.camera.to_camera();
        let score = evaluator.score(Truth { camera: &camera, livery: &truth }, Ok(Estimate { camera: &solved, livery: Some(&made.livery) }));
        let color = score.color.unwrap_or_default();
        println!(
            "{seed} {family:?} median {:.1} texels, visible {:.1}/{:.1} mirrored {:.1}/{:.1} unseen {:.1} (aligned/absolute), {:?}, {:?}, {:?}",
            score.correspondence.median,
            color.visible_aligned.unwrap_or(-1.0),
            color.visible_absolute.unwrap_or(-1.0),
            color.mirrored_aligned.unwrap_or(-1.0),
            color.mirrored_absolute.unwrap_or(-1.0),
            color.unseen_aligned.unwrap_or(-1.0),
            made.report.coverage,
            made.report.scores,
            made.report.timings_secs,
        );
        for warning in &made.report.warnings {
            println!("  {warning}");
        }
        made.livery.save(out.join(format!("{seed}_livery.png")))?;
        truth.save(out.join(format!("{seed}_truth.png")))?;
        made.confidence.save(out.join(format!("{seed}_confidence.png")))?;
        let mut sheet = RgbImage::new(1920, 1800);
        imageops::replace(&mut sheet, &imageops::thumbnail(&picture, 960, 600), 0, 0);
        let views = [(azimuth, 12.0), (azimuth, 12.0), (360.0 - azimuth, 12.0), (180.0 - azimuth, 25.0), (180.0 + azimuth, 25.0)];
        for (i, (azimuth, elevation)) in views.into_iter().enumerate() {
            let camera = view::orbit(car.model.bounds(), azimuth, elevation, 50.0, 0.9, 960, 600);
            let texture = if i == 1 { &truth } else { &made.livery };
            let drawn = photo::render(&car.model, texture, &camera, photo::Look::Flat, 2);
            let place = [1, 0, 3, 4, 5][i];
            let place = if i == 1 { 2 } else { place };
            imageops::replace(&mut sheet, &drawn, i64::from(place % 2) * 960, i64::from(place / 2) * 600);
        }
        sheet.save(out.join(format!("{seed}_sheet.png")))?;
    }
    Ok(())
}
