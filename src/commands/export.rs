//! `gridvox export`: a livery becomes a package for a simulator.

use std::sync::Arc;

use color_eyre::eyre::{Result, eyre};
use gridvox_car::manifest::Ams2Target;
use gridvox_car::CarPack;
use gridvox_showroom::EnvironmentId;
use gridvox_showroom::stills::{StillScene, menu_shot};
use gridvox_sims::ExportReport;
use gridvox_sims::ams2::{self, Ams2Options};

use super::render::one_picture;
use crate::cli::{ExportArgs, Simulator};

/// Runs the command.
pub fn run(args: &ExportArgs) -> Result<()> {
    let car = Arc::new(CarPack::find(&args.car)?);
    let livery = Arc::new(gridvox_livery::load_livery(&args.livery)?);
    let report = match args.sim {
        Simulator::Ams2 => {
            let target = ams2_target(&car)?;
            let mut options = Ams2Options {
                out: args.out.clone(),
                install: args.install.clone(),
                slot: args.slot,
                name: args.name.clone(),
                size: args.size,
                preview: None,
            };
            ams2::check(target, &livery, &options)?;
            let scene = StillScene::new(Arc::clone(&car), Some(Arc::clone(&livery)), EnvironmentId::default());
            let drawn = one_picture(&scene, menu_shot());
            if let Err(reason) = &drawn {
                eprintln!("note: the game's menu will show the texture instead of the car, because {reason}");
            }
            options.preview = drawn.ok();
            ams2::export(target, &livery, &options)?
        }
    };
    say(&report);
    Ok(())
}

/// What Automobilista 2 calls the car.
pub fn ams2_target(car: &CarPack) -> Result<&Ams2Target> {
    car.manifest.sims.ams2.as_ref().ok_or_else(|| {
        eyre!("The car {} has no Automobilista 2 target: add [sims.ams2] with its vehicle to car.toml.", car.manifest.id)
    })
}

/// Tells what was written and what the player does next.
pub fn say(report: &ExportReport) {
    for file in &report.files {
        eprintln!("wrote: {}", file.display());
    }
    for backup in &report.backups {
        eprintln!("backup: {}", backup.display());
    }
    for warning in &report.warnings {
        eprintln!("note: {warning}");
    }
    for (index, step) in report.next_steps.iter().enumerate() {
        eprintln!("{}. {step}", index + 1);
    }
}
