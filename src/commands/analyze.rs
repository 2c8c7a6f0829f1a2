//! `gridvox analyze`: what a photo shows, and how well it will do.

use color_eyre::eyre::{Result, eyre};
use gridvox_car::CarPack;
use gridvox_car::bundled::models_dir;
use gridvox_vision::{Vision, analyze, photo};

use super::progress::in_words;
use crate::cli::AnalyzeArgs;

/// Runs the command; a photo without a car is an error. As JSON its analysis is printed all the same.
#[expect(clippy::print_stdout, reason = "the analysis is this command's output")]
pub fn run(args: &AnalyzeArgs) -> Result<()> {
    let photo = photo::load(&args.photo)?;
    if let Some(car) = &args.car {
        CarPack::find(car)?;
    }
    let vision = Vision::load(&models_dir())?;
    let analysis = analyze(&vision, &photo)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&analysis)?);
    }
    if let Some(refusal) = analysis.refusal {
        return Err(eyre!(refusal));
    }
    if !args.json {
        println!("{}", in_words(&analysis));
        for warning in &analysis.warnings {
            println!("  {warning}");
        }
    }
    Ok(())
}
