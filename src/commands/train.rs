//! `gridvox train`: train a network on cars.

use color_eyre::eyre::Result;
use gridvox_car::CarPack;
use gridvox_vision::Cancel;
use gridvox_vision::net::{AlbedoConfig, NetworkConfig};
use gridvox_vision::train::{self, TrainOptions, TrainProgress};

use crate::cli::{TrainArgs, TrainedNetwork};

/// Runs the command; the weights, their card and the loss curve are in the output folder afterwards.
pub fn run(args: &TrainArgs) -> Result<()> {
    let packs: Vec<CarPack> = args.car.iter().map(|car| CarPack::find(car)).collect::<Result<_, _>>()?;
    let cars: Vec<_> = packs.iter().map(|pack| &pack.model).collect();
    let named: String = packs.iter().map(|pack| format!(" --car {}", pack.manifest.id)).collect();
    let resume = if args.resume { " --resume" } else { "" };
    let start = if args.start_from.is_some() { " --start-from models" } else { "" };
    let command =
        format!("gridvox train --network {}{named}{start}{resume} --minutes {}", args.network.name(), args.minutes);
    let defaults = match args.network {
        TrainedNetwork::Correspond => TrainOptions::correspondence(args.out.clone()),
        TrainedNetwork::Albedo => TrainOptions::albedo(args.out.clone()),
    };
    let start = args.start_from.clone();
    let options = TrainOptions { minutes: args.minutes, resume: args.resume, start, command, ..defaults };
    let cancel = Cancel::new();
    let metrics = match args.network {
        TrainedNetwork::Correspond => train::correspondence(&cars, &NetworkConfig::standard(), &options, &cancel, &mut say)?,
        TrainedNetwork::Albedo => train::albedo(&cars, &AlbedoConfig::standard(), &options, &cancel, &mut say)?,
    };
    eprintln!("validation: {metrics}");
    eprintln!("weights: {}", args.out.join(args.network.name()).display());
    Ok(())
}

fn say(progress: TrainProgress) {
    eprintln!(
        "{:5.1} %  step {}, {} pictures at {:.1} a second, loss {:.3}",
        100.0 * progress.fraction,
        progress.step,
        progress.samples,
        progress.samples_per_second,
        progress.loss.sum()
    );
    if let Some(metrics) = progress.metrics {
        eprintln!("        checkpoint: {metrics}");
    }
}
