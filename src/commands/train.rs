//! `gridvox train`: train the correspondence network on a car.

use color_eyre::eyre::Result;
use gridvox_car::CarPack;
use gridvox_vision::Cancel;
use gridvox_vision::train::{self, TrainOptions, TrainProgress};

use crate::cli::TrainArgs;

/// Runs the command; the weights, their card and the loss curve are in the output folder afterwards.
pub fn run(args: &TrainArgs) -> Result<()> {
    let car = CarPack::find(&args.car)?;
    let resume = if args.resume { "--resume " } else { "" };
    let options = TrainOptions {
        minutes: args.minutes,
        resume: args.resume,
        command: format!("gridvox train --car {} {resume}--minutes {}", car.manifest.id, args.minutes),
        ..TrainOptions::new(args.out.clone())
    };
    let metrics = train::run(&[car], &options, &Cancel::new(), &mut say)?;
    eprintln!("validation: {metrics:?}");
    eprintln!("weights: {}", args.out.join("correspond").display());
    Ok(())
}

fn say(progress: TrainProgress) {
    eprintln!(
        "{:5.1} %  step {}, {} pictures at {:.1} a second, loss {:.3}",
        100.0 * progress.fraction,
        progress.step,
        progress.samples,
        progress.samples_per_second,
        progress.loss.total()
    );
    if let Some(metrics) = progress.metrics {
        eprintln!("        checkpoint: {metrics:?}");
    }
}
