//! `gridvox eval`: photos whose cameras and liveries are known, measured against what is found.
//!
//! The photos are read from a folder, or drawn by the showroom, whose renderer, environments and livery family have no
//! part in training: the numbers say how the method does on pictures that it was not made from.

mod draw;
mod set;

use std::sync::Arc;

use color_eyre::eyre::{Result, eyre};
use gridvox_car::{AtlasMaps, CarPack, bundled};
use gridvox_vision::evaluate::{CaseScore, Estimate, EvalTable, Evaluator, Truth};
use gridvox_vision::{Cancel, GenerateOptions, Vision, generate};

use self::set::{PhotoSet, TestPhoto};
use super::{make_folder, save_picture, write_json};
use crate::cli::EvalArgs;

/// Photos of a set that is drawn anew.
const DEFAULT_COUNT: usize = 50;
/// Edge of liveries, true and found.
const LIVERY_PX: u32 = 2048;

/// Runs the command.
#[expect(clippy::print_stdout, reason = "the table is this command's output")]
pub fn run(args: &EvalArgs) -> Result<()> {
    let car = Arc::new(CarPack::find(&args.car)?);
    let vision = Vision::load(&bundled::models_dir())?;
    if let Some(out) = &args.out {
        make_folder(out)?;
    }
    let maps = AtlasMaps::compute(&car.model, LIVERY_PX);
    let scratch = tempfile::tempdir()?;
    let set = PhotoSet::open(args.set.as_deref().unwrap_or(scratch.path()))?;
    let count = args.count.map(|count| count as usize);
    if count.is_some() || set.names()?.is_empty() {
        draw::complete(&set, &car, &maps, count.unwrap_or(DEFAULT_COUNT), args.seed, &args.env)?;
    }
    let evaluator = Evaluator::new(&car.model, &maps);
    let mut table = EvalTable::default();
    for name in set.names()?.into_iter().take(count.unwrap_or(usize::MAX)) {
        let score = measure(args, &vision, &car, &evaluator, &name, &set.load(&name)?)?;
        eprintln!("{name}: {}", in_words(&score));
        table.push(name, score);
    }
    if table.cases.is_empty() {
        return Err(eyre!("There is no photo to measure: name a folder with metadata, photos and liveries."));
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&table)?);
    } else {
        print!("{table}");
    }
    Ok(())
}

fn measure(
    args: &EvalArgs,
    vision: &Vision,
    car: &CarPack,
    evaluator: &Evaluator<'_>,
    name: &str,
    case: &TestPhoto,
) -> Result<CaseScore> {
    let truth = Truth { camera: &case.camera, livery: &case.livery };
    let options = GenerateOptions { size: Some(LIVERY_PX), ..GenerateOptions::default() };
    let outcome = generate(vision, car, std::slice::from_ref(&case.photo), &options, &Cancel::new(), &mut |_| {});
    let score = match &outcome {
        Ok(generated) => {
            let camera = generated.report.camera.to_camera();
            evaluator.score(truth, Ok(Estimate { camera: &camera, livery: Some(&generated.livery) }))
        }
        Err(error) => evaluator.score(truth, Err(&error.to_string())),
    };
    if let (Some(out), Ok(generated)) = (&args.out, &outcome) {
        save_picture(&out.join(format!("{name}_livery.jpg")), &generated.livery.clone().into())?;
        write_json(&out.join(format!("{name}_report.json")), &generated.report)?;
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
