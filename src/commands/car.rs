//! `gridvox car`: list, describe, import and export cars.

use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Stdio};

use color_eyre::eyre::{Result, WrapErr, eyre};
use gridvox_car::import::{self, ImportOptions};
use gridvox_car::info::CarInfo;
use gridvox_car::manifest::{MANIFEST_NAME, THUMBNAIL_NAME};
use gridvox_car::{CarError, CarPack, bundled, export_glb, files, glb};
use image::ImageFormat;
use regex::Regex;

use super::ensure_writable;
use crate::cli::{CarCommand, ImportArgs};

/// The car whose parts' names and shapes an imported one is compared with.
const KNOWN_CAR: &str = bundled::DEFAULT_CAR;

/// Runs the command.
#[expect(clippy::print_stdout, reason = "the list is this command's output")]
pub fn run(command: &CarCommand) -> Result<()> {
    match command {
        CarCommand::List => {
            for car in bundled::list_all() {
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
        CarCommand::Look { file, json, contained } => look(file, *json, *contained)?,
        CarCommand::Import(args) => import(args)?,
        CarCommand::Export { car, out } => {
            ensure_writable(out)?;
            export_glb(&CarPack::find(car)?, out)?;
            eprintln!("car: {}", out.display());
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the list is this command's output")]
fn look(file: &Path, json: bool, contained: bool) -> Result<()> {
    let bytes = files::read_limited(file, glb::MAX_GLB_BYTES)?;
    if glb::is_compressed(&bytes) && !contained {
        print!("{}", in_own_process(file)?.0);
        return Ok(());
    }
    let materials = import::look(&bytes).map_err(|reason| CarError::Mesh { path: file.to_owned(), reason })?;
    if json {
        println!("{}", serde_json::to_string_pretty(&materials)?);
        return Ok(());
    }
    for material in materials {
        let paint = if material.is_likely_paint { "  probably paint" } else { "" };
        println!("{:>5.1} %  {}{paint}", 100.0 * material.share, material.name);
    }
    Ok(())
}

fn import(args: &ImportArgs) -> Result<()> {
    let stem = args.file.file_stem().map_or_else(|| "car".into(), |stem| stem.to_string_lossy().into_owned());
    let name = args.name.clone().unwrap_or_else(|| stem.replace(['_', '-'], " "));
    let out = match &args.out {
        Some(out) => out.clone(),
        None => bundled::own_place(&name).ok_or_else(|| eyre!("There is no folder for your own cars: name one with --out."))?.1,
    };
    if out.join(MANIFEST_NAME).exists() {
        return Err(eyre!("There is a car pack in {} already: choose another folder.", out.display()));
    }
    let paint = Regex::new(&args.paint).map_err(|_| eyre!("The pattern {} is no regular expression.", args.paint))?;
    if let Some(length) = args.length.filter(|length| !(0.3..=30.0).contains(length)) {
        return Err(eyre!("A length of {length} m is out of range: cars measure 0.3 to 30 metres."));
    }
    let bytes = files::read_limited(&args.file, glb::MAX_GLB_BYTES)?;
    if glb::is_compressed(&bytes) && !args.contained {
        eprint!("{}", in_own_process(&args.file)?.1);
        return Ok(());
    }
    let folder = out.file_name().map_or(stem, |name| name.to_string_lossy().into_owned());
    let options = ImportOptions { id: bundled::id_of(&folder), name, paint, length_m: args.length, nose: args.nose };
    let known = CarPack::find(KNOWN_CAR)?;
    let imported = import::import(&bytes, &options, Some(&known.model))
        .map_err(|reason| CarError::Mesh { path: args.file.clone(), reason })?;
    imported.write(&out)?;
    let pack = CarPack::load(&out)?;
    for note in &imported.notes {
        eprintln!("note: {note}");
    }
    eprint!("{}", CarInfo::of(&pack));
    if let Err(error) = write_thumbnail(&pack, &out.join(THUMBNAIL_NAME)) {
        eprintln!("note: The car has no picture to choose it by: {error}");
    }
    eprintln!("car: {}", out.display());
    Ok(())
}

fn write_thumbnail(car: &CarPack, path: &Path) -> Result<()> {
    let mut bytes = Cursor::new(Vec::new());
    super::render::thumbnail(car)?.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(files::write_atomic(path, bytes.get_ref())?)
}

/// Runs this command again in a process of its own, which a hostile file may end; what it said on both outputs.
fn in_own_process(file: &Path) -> Result<(String, String)> {
    let output = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .arg("--contained")
        .stdin(Stdio::null())
        .output()
        .wrap_err("The mesh is compressed, and the process that decodes it could not be started: try again.")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        return Ok((String::from_utf8_lossy(&output.stdout).into_owned(), said));
    }
    let reason = said.lines().find_map(|line| line.strip_prefix("error: "));
    Err(match reason {
        Some(reason) => eyre!("{reason}"),
        None => eyre!("The compressed geometry of {} can't be decoded: export the mesh without mesh compression.", file.display()),
    })
}
