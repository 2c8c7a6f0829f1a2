//! `gridvox demo`: the whole chain on the bundled sample photo.

use std::path::Path;
use std::sync::Arc;

use color_eyre::eyre::Result;
use gridvox_car::{CarPack, bundled};
use gridvox_livery::save_livery;
use gridvox_showroom::stills::{self, StillScene};
use gridvox_showroom::{EnvironmentId, sheet};
use gridvox_sims::ams2::{self, Ams2Options};
use gridvox_vision::{GenerateOptions, photo};

use super::{export, generate, make_folder, save_picture, write_json};
use crate::cli::DemoArgs;

/// The car that the sample photo shows.
const SAMPLE_CAR: &str = bundled::DEFAULT_CAR;
/// One picture of the sheet, in pixels.
const SHEET_PICTURE: (u32, u32) = (960, 540);

/// The bundled sample photo.
fn sample_photo() -> std::path::PathBuf {
    bundled::assets_dir().join("samples").join("photo_front_left.jpg")
}

/// Runs the command.
pub fn run(args: &DemoArgs) -> Result<()> {
    let out = &args.out;
    make_folder(out)?;
    let car = Arc::new(CarPack::find(SAMPLE_CAR)?);
    let photo = photo::load(&sample_photo())?;
    let options = GenerateOptions { quality: args.quality.into(), previews: false, ..GenerateOptions::default() };
    let generated = generate::run_job(&car, &[photo], &options)?;
    save_livery(&generated.livery, &out.join("livery.png"))?;
    save_picture(&out.join("confidence.png"), &generated.confidence.clone().into())?;
    write_json(&out.join("report.json"), &generated.report)?;
    generate::summarise(&generated);

    let livery = Arc::new(generated.livery);
    let scene = StillScene::new(Arc::clone(&car), Some(Arc::clone(&livery)), EnvironmentId::default());
    let mut shots = sheet::shots(SHEET_PICTURE.0, SHEET_PICTURE.1);
    shots.push(stills::menu_shot());
    let mut pictures = stills::render(&scene, &shots)?;
    let preview = pictures.pop();
    save_picture(&out.join("sheet.png"), &sheet::compose(&pictures).into())?;

    let report = ams2::export(
        export::ams2_target(&car)?,
        &livery,
        &Ams2Options {
            out: out.join("ams2"),
            install: None,
            slot: None,
            name: "GridVox demo".into(),
            size: None,
            preview,
        },
    )?;
    for file in ["livery.png", "confidence.png", "report.json", "sheet.png"] {
        say(&out.join(file));
    }
    export::say(&report);
    Ok(())
}

fn say(path: &Path) {
    eprintln!("wrote: {}", path.display());
}
