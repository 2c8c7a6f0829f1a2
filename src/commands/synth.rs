//! `gridvox synth`: a folder of invented photos with the truth about them, to train on or to measure with.
//!
//! For each number it writes `photos/00000.png`, `uv_textures/00000.dds` and, last, `metadata/00000.json`; what has its
//! metadata is kept, so that a run that was stopped goes on where it stopped. One seed gives one folder.

use std::io::Cursor;
use std::path::Path;

use color_eyre::eyre::Result;
use gridvox_car::files::write_atomic;
use gridvox_car::{AtlasMaps, CarPack};
use gridvox_livery::mips;
use gridvox_sims::dds::{self, Format};
use gridvox_vision::report::CameraReport;
use gridvox_vision::synth::livery::{self, Detail, derive_seed};
use gridvox_vision::synth::photo::{self, Conditions};
use gridvox_vision::synth::{Design, Family, view};
use image::ImageFormat;
use indicatif::{ProgressBar, ProgressStyle};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

use super::{make_folder, write_json};
use crate::cli::SynthArgs;

/// Photo size in pixels: three by two, as most cameras.
const PHOTO: (u32, u32) = (1024, 683);
/// Edge of the textures.
const TEXTURE_PX: u32 = 2048;
/// Samples per pixel along each axis.
const SUPERSAMPLE: u32 = 2;

/// What is known about a photo.
#[derive(Debug, Serialize)]
struct Metadata<'a> {
    car: &'a str,
    seed: u64,
    family: Family,
    camera: CameraReport,
    /// sRGB in hexadecimal.
    colours: Vec<String>,
    sponsors: &'a [String],
    light: Light,
}

#[derive(Debug, Serialize)]
struct Light {
    /// Unit vector from the car to the sun.
    sun_direction: [f32; 3],
    /// Linear RGB; zero is no sun.
    sun_irradiance: [f32; 3],
    /// Linear RGB from all around on an upward surface, without the sun.
    sky_irradiance: [f32; 3],
}

/// Runs the command.
pub fn run(args: &SynthArgs) -> Result<()> {
    let car = CarPack::find(&args.car)?;
    for part in ["photos", "uv_textures", "metadata"] {
        make_folder(&args.out.join(part))?;
    }
    let maps = AtlasMaps::compute(&car.model, TEXTURE_PX);
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len}  {elapsed}, {eta} left").expect("the template is fixed");
    let progress = ProgressBar::new(args.count.into()).with_style(style);
    for index in 0..args.count {
        if !path(&args.out, "metadata", index, "json").is_file() {
            one(args, &car, &maps, index)?;
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    eprintln!("photos: {} in {}", args.count, args.out.display());
    Ok(())
}

fn one(args: &SynthArgs, car: &CarPack, maps: &AtlasMaps, index: u32) -> Result<()> {
    let seed = derive_seed(args.seed, index.into());
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let family = Family::TRAINING[rng.random_range(0..Family::TRAINING.len())];
    let design = Design::random(seed, family, car.model.bounds(), Detail::Fine);
    let texture = livery::paint(&design, maps, &livery::classes(&car.model));
    let camera = view::around(car.model.bounds(), PHOTO.0, PHOTO.1, &mut rng);
    let conditions = Conditions::random(seed, &camera);
    let picture = photo::render_under(&car.model, &texture, &camera, &conditions, SUPERSAMPLE);

    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png)?;
    write_atomic(&path(&args.out, "photos", index, "png"), png.get_ref())?;
    let dds = dds::encode(&mips::chain(&texture), Format::Dxt1);
    write_atomic(&path(&args.out, "uv_textures", index, "dds"), &dds)?;
    let (sun, sky) = conditions.light();
    let metadata = Metadata {
        car: &car.manifest.id,
        seed,
        family,
        camera: (&camera).into(),
        colours: design.colours().iter().map(|[r, g, b]| format!("#{r:02x}{g:02x}{b:02x}")).collect(),
        sponsors: design.words(),
        light: Light {
            sun_direction: sun.direction.to_array(),
            sun_irradiance: sun.irradiance.to_array(),
            sky_irradiance: sky.to_array(),
        },
    };
    write_json(&path(&args.out, "metadata", index, "json"), &metadata)
}

fn path(out: &Path, part: &str, index: u32, ending: &str) -> std::path::PathBuf {
    out.join(part).join(format!("{index:05}.{ending}"))
}
