//! Draws test photos with the training renderer: plain sets with liveries of the family that training never sees, and the
//! stress cells.

use color_eyre::eyre::Result;
use gridvox_car::{AtlasMaps, CarModel, PhotoCamera};
use gridvox_vision::synth::livery::{self, HELD_OUT, derive_seed};
use gridvox_vision::synth::photo::{Conditions, render_under};
use gridvox_vision::synth::{stress, view};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use super::set::{Metadata, PhotoSet, as_jpeg};

/// A set of photos that nothing is wrong with.
pub struct Plain {
    /// What the names of its photos begin with.
    pub prefix: &'static str,
    conditions: fn(u64, &PhotoCamera) -> Conditions,
}

/// Light, paint and cameras as those that paint is learned from.
pub const TRAINING: Plain = Plain { prefix: "training_", conditions: Conditions::learned };
/// Any light, finish and filter.
pub const WILD: Plain = Plain { prefix: "wild_", conditions: Conditions::random };
/// What the names of the stress cells' photos begin with.
pub const STRESS: &str = "stress_";
/// Photo size in pixels, and samples per pixel along each axis.
const PHOTO: (u32, u32) = (1200, 800);
const SUPERSAMPLE: u32 = 2;
/// The camera's own compression is part of its character; the file adds next to nothing.
const JPEG_QUALITY: u8 = 95;

/// Draws the plain photos that are not there yet and names them all; which ones a set has depends on `seed` alone.
pub fn plain(
    set: &PhotoSet,
    car: &CarModel,
    maps: &AtlasMaps,
    plain: &Plain,
    count: usize,
    seed: u64,
) -> Result<Vec<String>> {
    let names: Vec<String> = (0..count).map(|index| format!("{}{index:05}", plain.prefix)).collect();
    for (index, name) in names.iter().enumerate().filter(|(_, name)| !set.has(name)) {
        eprintln!("drawing test photo {} of {count}", index + 1);
        let seed = derive_seed(seed, index as u64);
        let paint = livery::random(seed, HELD_OUT, car, maps);
        let camera = view::around(car.bounds(), PHOTO.0, PHOTO.1, &mut Pcg64Mcg::seed_from_u64(seed));
        let picture = render_under(car, &paint, &camera, &(plain.conditions)(seed, &camera), SUPERSAMPLE);
        set.save(name, &as_jpeg(&picture, JPEG_QUALITY)?, &Metadata::of_one(&camera), &paint)?;
    }
    Ok(names)
}

/// Draws `count` photos of each cell where they are not there yet and names them all, cell by cell.
pub fn stress(set: &PhotoSet, car: &CarModel, maps: &AtlasMaps, count: usize, seed: u64) -> Result<Vec<String>> {
    let mut names = Vec::with_capacity(count * stress::CELLS.len());
    for (number, cell) in stress::CELLS.iter().enumerate() {
        for index in 0..count {
            let name = format!("{STRESS}{}_{index:04}", cell.name);
            if !set.has(&name) {
                eprintln!("drawing {}, photo {} of {count}", cell.name, index + 1);
                let seed = derive_seed(derive_seed(seed, 1 + number as u64), index as u64);
                let photo = stress::draw(cell.stress, seed, car, maps);
                let metadata = Metadata {
                    camera: (&photo.cameras[0]).into(),
                    other_camera: photo.cameras.get(1).map(Into::into),
                    cell: Some(cell.name.to_owned()),
                    seed: Some(seed),
                };
                set.save(&name, &as_jpeg(&photo.picture, photo.jpeg_quality)?, &metadata, &photo.livery)?;
            }
            names.push(name);
        }
    }
    Ok(names)
}
