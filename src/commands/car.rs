//! `gridvox car`: list, describe and export cars.

use color_eyre::eyre::Result;
use gridvox_car::info::CarInfo;
use gridvox_car::{CarPack, bundled, export_glb};

use super::ensure_writable;
use crate::cli::CarCommand;

/// Runs the command.
#[expect(clippy::print_stdout, reason = "the list is this command's output")]
pub fn run(command: &CarCommand) -> Result<()> {
    match command {
        CarCommand::List => {
            for car in bundled::list() {
                println!("{:<16} {}", car.id, car.name);
            }
        }
        CarCommand::Info { car, json } => {
            let info = CarInfo::of(&CarPack::find(car)?);
            if *json {
                println!("{}", serde_json::to_string_pretty(&info)?);
            } else {
                print!("{info}");
            }
        }
        CarCommand::Export { car, out } => {
            ensure_writable(out)?;
            export_glb(&CarPack::find(car)?, out)?;
            eprintln!("car: {}", out.display());
        }
    }
    Ok(())
}
