//! `gridvox train`: train a network on cars.

use color_eyre::eyre::{Result, bail};
use gridvox_car::CarPack;
use gridvox_vision::Cancel;
use gridvox_vision::net::{AlbedoConfig, AtlasConfig, DirectConfig, LetteringConfig, NetworkConfig, ReadingConfig};
use gridvox_vision::train::{self, KnownPhotos, TrainOptions, TrainProgress};

use crate::cli::{TrainArgs, TrainedNetwork, TrainingDevice};

/// Runs the command; the weights, their card and the loss curve are in the output folder afterwards.
pub fn run(args: &TrainArgs) -> Result<()> {
    let packs: Vec<CarPack> = args.car.iter().map(|car| CarPack::find(car)).collect::<Result<_, _>>()?;
    let cars: Vec<_> = packs.iter().map(|pack| &pack.model).collect();
    let named: String = packs.iter().map(|pack| format!(" --car {}", pack.manifest.id)).collect();
    let photos = match (&args.from, packs.as_slice()) {
        (None, _) => None,
        (Some(_), _) if args.network != TrainedNetwork::Correspond => {
            bail!("Only the correspondence network is trained on a folder of photos: leave --from or --network away.")
        }
        (Some(dir), [pack]) => Some(KnownPhotos::open(dir, pack)?),
        (Some(_), _) => bail!("A folder holds photos of one car: name that one alone with --car."),
    };
    let from = args.from.as_ref().map(|dir| format!(" --from {}", dir.display())).unwrap_or_default();
    let resume = if args.resume { " --resume" } else { "" };
    let start = args.start_from.as_ref().map(|dir| format!(" --start-from {}", dir.display())).unwrap_or_default();
    let (network, minutes) = (args.network.name(), args.minutes);
    let mut command = format!("gridvox train --network {network}{named}{from}{start}{resume} --minutes {minutes}");
    if args.device == TrainingDevice::Gpu {
        command += " --device gpu";
    }
    let numbers = [("batch", args.batch), ("lanes", args.lanes)];
    numbers.iter().filter_map(|(name, value)| Some((name, (*value)?))).for_each(|(name, value)| command += &format!(" --{name} {value}"));
    if let Some(rate) = args.rate {
        if !(rate > 0.0 && rate < 1.0) {
            bail!("A learning rate lies between 0 and 1: leave --rate away for the network's own.");
        }
        command += &format!(" --rate {rate}");
    }
    let defaults = match args.network {
        TrainedNetwork::Correspond => TrainOptions::correspondence(args.out.clone()),
        TrainedNetwork::Albedo | TrainedNetwork::AlbedoHarsh => TrainOptions::albedo(args.out.clone()),
        TrainedNetwork::Atlas => TrainOptions::atlas(args.out.clone()),
        TrainedNetwork::Direct => TrainOptions::direct(args.out.clone()),
        TrainedNetwork::Lettering => TrainOptions::lettering(args.out.clone()),
        TrainedNetwork::Reading => TrainOptions::reading(args.out.clone()),
    };
    let start = args.start_from.clone();
    let device = match args.device {
        TrainingDevice::Cpu => defaults.device.clone(),
        TrainingDevice::Gpu => train::graphics_processor()?,
    };
    let (batch, lanes) = (args.batch.unwrap_or(defaults.batch), args.lanes.unwrap_or(defaults.lanes));
    let rate = args.rate.unwrap_or(defaults.rate);
    let options = TrainOptions { minutes: args.minutes, resume: args.resume, start, command, device, batch, lanes, rate, ..defaults };
    let cancel = Cancel::new();
    if let Some(photos) = &photos {
        let (training, validation) = photos.counts();
        eprintln!("photos: {training} to train on, {validation} to validate with");
    }
    let metrics = match (args.network, &photos) {
        (_, Some(photos)) => {
            train::correspondence_from(photos, &NetworkConfig::standard(), &options, &cancel, &mut say)?
        }
        (TrainedNetwork::Correspond, None) => train::correspondence(&cars, &NetworkConfig::standard(), &options, &cancel, &mut say)?,
        (TrainedNetwork::Albedo, None) => train::albedo(&cars, &AlbedoConfig::standard(), &options, &cancel, &mut say)?,
        (TrainedNetwork::AlbedoHarsh, None) => train::albedo_harsh(&cars, &AlbedoConfig::standard(), &options, &cancel, &mut say)?,
        (TrainedNetwork::Atlas, None) => train::atlas(&cars, &AtlasConfig::standard(), &options, &cancel, &mut say)?,
        (TrainedNetwork::Direct, None) => {
            let [pack] = packs.as_slice() else { bail!("The direct network paints one car's texture: name one alone with --car.") };
            train::direct(&pack.model, &DirectConfig::standard(&pack.manifest.id), &options, &cancel, &mut say)?
        }
        (TrainedNetwork::Lettering, None) => train::lettering(&LetteringConfig::standard(), &options, &cancel, &mut say)?,
        (TrainedNetwork::Reading, None) => train::reading(&ReadingConfig::standard(), &options, &cancel, &mut say)?,
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
