//! Automobilista 2: a body texture, a preview picture and an entry in the car's list of liveries.
//!
//! The game reads `Vehicles/Textures/CustomLiveries/Overrides/<car>/<car>.xml`; the textures lie in a folder beside it.
//! An entry takes the place of one of the car's own liveries, by number; the game can't get additional ones. What
//! textures and base liveries a car has is said in its `<car>_dist.xml`.
//!
//! [`export`] always makes a package folder of the same shape as the game's, with a zip to pass on, and puts the livery
//! into the game as well where its folder is given.

mod dist;
mod game;
mod markup;
mod overrides;
mod pictures;

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use gridvox_car::Ams2Target;
use gridvox_car::files;
use image::RgbaImage;

use crate::dds::Format;
use crate::staging::Staging;
use crate::{ExportError, ExportReport};
use overrides::{Entry, FOLDER_PREFIX, Merged};

/// Lists of liveries are a few kilobytes; what is larger is something else.
const MAX_XML_BYTES: u64 = 4 << 20;
/// Longer names run out of the game's menu.
const MAX_NAME_CHARS: usize = 64;

/// What to export, and where to.
#[derive(Debug, Clone, Default)]
pub struct Ams2Options {
    /// Folder for the package; it is made where it is missing.
    pub out: PathBuf,
    /// The game's own folder, or one inside it, to put the livery in right away.
    pub install: Option<PathBuf>,
    /// Number of the livery to replace, 1 to 999; the car's first one for players where it is `None`.
    pub slot: Option<u32>,
    /// The livery's name in the game's menu.
    pub name: String,
    /// The texture's side in pixels, 1024 to 8192; the livery's own between 2048 and 4096 where it is `None`.
    pub size: Option<u32>,
    /// A picture of the car for the menu, best 2048 x 600; the texture itself where it is `None`.
    pub preview: Option<RgbaImage>,
}

/// Finds what would make an export fail before anything is drawn, encoded or written.
pub fn check(target: &Ams2Target, livery: &RgbaImage, options: &Ams2Options) -> Result<(), ExportError> {
    let slot = options.slot.unwrap_or(target.slots_from);
    if !(1..=999).contains(&slot) {
        return Err(ExportError::Slot(slot));
    }
    if !game::is_folder_name(&target.vehicle) {
        return Err(ExportError::VehicleName(target.vehicle.clone()));
    }
    game_folder(target, options)?;
    pictures::check(livery, options.size)?;
    // A stage that is dropped takes its files and folders away again.
    Staging::default().add(options.out.join("gridvox_write_test"), b"x")
}

fn game_folder(target: &Ams2Target, options: &Ams2Options) -> Result<Option<PathBuf>, ExportError> {
    options.install.as_deref().map(|install| game::car_folder(install, &target.vehicle)).transpose()
}

/// Exports a livery for Automobilista 2. On an error nothing has been changed.
pub fn export(target: &Ams2Target, livery: &RgbaImage, options: &Ams2Options) -> Result<ExportReport, ExportError> {
    check(target, livery, options)?;
    let slot = options.slot.unwrap_or(target.slots_from);
    let installed = game_folder(target, options)?;
    let body = pictures::body(livery, options.size);
    let preview = pictures::preview(options.preview.as_ref(), livery);
    let mut report = ExportReport { warnings: body.warnings.clone(), ..ExportReport::default() };

    let name = menu_name(&options.name);
    let folder = format!("{FOLDER_PREFIX}{slot}_{}", slug(&name));
    let entry = Entry {
        slot,
        name,
        base_livery: target.base_livery.clone(),
        preview_path: format!("{folder}\\preview.dds"),
        body_texture: target.body_texture.clone(),
        body_path: format!("{folder}\\body.dds"),
    };
    if slot < target.slots_from {
        report.warnings.push(format!(
            "Liveries for players start at {} in this car; number {slot} may belong to the game.",
            target.slots_from
        ));
    }
    if let Some(car_folder) = &installed {
        report.warnings.extend(check_with_game(car_folder, target, &entry));
    }

    let package = game::OVERRIDES.iter().fold(options.out.clone(), |folder, name| folder.join(name)).join(&target.vehicle);
    let mut staging = Staging::default();
    let mut lists = Vec::new();
    for (car_folder, is_game) in [(Some(&package), false), (installed.as_ref(), true)] {
        let Some(car_folder) = car_folder else { continue };
        staging.add(car_folder.join(&folder).join("body.dds"), &body.dds)?;
        staging.add(car_folder.join(&folder).join("preview.dds"), &preview)?;
        let list = add_to_list(car_folder, target, &entry, is_game, &mut report)?;
        lists.push(list);
    }
    let steps = next_steps(target, &entry, options, &package);
    let help = steps.iter().zip(1..).map(|(step, number)| format!("{number}. {step}\n")).collect::<String>();
    let parts = [("body.dds", body.dds.as_slice()), ("preview.dds", preview.as_slice())];
    let zip = zip_package(target, &entry, &folder, &parts)?;
    staging.add(options.out.join(format!("{}_{folder}.zip", target.vehicle)), &zip)?;
    staging.add(options.out.join("how_to_install.txt"), help.as_bytes())?;
    // The lists come last: they name the textures, which have to be there first.
    for (path, bytes) in &lists {
        staging.add(path.clone(), bytes)?;
    }
    commit(staging, &lists, &mut report)?;
    report.next_steps = steps;
    tracing::info!(slot, side = body.side, format = ?body.format, files = report.files.len(), "exported for Automobilista 2");
    Ok(report)
}

/// Copies lists aside that are about to change, then lets all files appear; where that fails the copies go again.
fn commit(staging: Staging, lists: &[(PathBuf, Vec<u8>)], report: &mut ExportReport) -> Result<(), ExportError> {
    let mut backups = Vec::new();
    let result = lists
        .iter()
        .filter(|(path, _)| staging.replaces(path))
        .try_for_each(|(path, _)| {
            backups.extend(files::backup(path).map_err(|e| file_error(path, e))?);
            Ok(())
        })
        .and_then(|()| staging.commit());
    match result {
        Ok(files) => {
            report.files = files;
            report.backups = backups;
            Ok(())
        }
        Err(error) => {
            backups.iter().for_each(|copy| drop(fs::remove_file(copy)));
            Err(error)
        }
    }
}

/// The list of liveries of one car folder with the entry in it.
fn add_to_list(
    car_folder: &Path,
    target: &Ams2Target,
    entry: &Entry,
    is_game: bool,
    report: &mut ExportReport,
) -> Result<(PathBuf, Vec<u8>), ExportError> {
    let file_name = format!("{}.xml", target.vehicle);
    let path = game::existing(car_folder, &file_name).unwrap_or_else(|| car_folder.join(file_name));
    let existing = match files::read_limited(&path, MAX_XML_BYTES) {
        Ok(bytes) => Some(bytes),
        Err(files::FileError::NotFound { .. }) => None,
        Err(error) => return Err(file_error(&path, error)),
    };
    let merged = overrides::merge(existing.as_deref(), entry)
        .map_err(|reason| ExportError::BrokenXml { path: path.clone(), reason })?;
    report.warnings.extend(list_warnings(&path, entry, &merged, is_game, target.slots_from));
    Ok((path, merged.bytes))
}

fn list_warnings(path: &Path, entry: &Entry, merged: &Merged, is_game: bool, slots_from: u32) -> Vec<String> {
    let mut warnings = Vec::new();
    for replaced in &merged.replaced {
        let free = (slots_from..).find(|slot| *slot != entry.slot && !merged.other_slots.contains(slot));
        let hint = free.map(|slot| format!(" Number {slot} is not used in that list.")).unwrap_or_default();
        warnings.push(format!(
            "Livery {} was \"{replaced}\" in {}; its entry was replaced, its textures are still there, and the list as it \
             was is kept beside it.{hint}",
            entry.slot,
            path.display()
        ));
    }
    if merged.closed_root && is_game {
        warnings.push(format!("The list {} had no closing tag at its end; it was added.", path.display()));
    }
    warnings
}

/// Compares with what the game itself says about the car.
fn check_with_game(car_folder: &Path, target: &Ams2Target, entry: &Entry) -> Vec<String> {
    if !car_folder.is_dir() {
        return vec![format!(
            "The game has no folder {} yet: check that the car is called \"{}\" there.",
            car_folder.display(),
            target.vehicle
        )];
    }
    let notes = game::existing(car_folder, &format!("{}_dist.xml", target.vehicle));
    let Some(text) = notes.and_then(|path| files::read_limited(&path, MAX_XML_BYTES).ok()) else {
        return Vec::new();
    };
    let bases = dist::base_liveries(&text);
    if bases.is_empty() {
        return Vec::new();
    }
    let names = |names: Vec<&str>| names.join(", ");
    match bases.iter().find(|base| base.name == entry.base_livery) {
        None => vec![format!(
            "The game knows no base livery \"{}\" for this car; it has {}.",
            entry.base_livery,
            names(bases.iter().map(|base| base.name.as_str()).collect())
        )],
        Some(base) if !base.textures.is_empty() && !base.textures.contains(&entry.body_texture) => vec![format!(
            "The base livery \"{}\" has no texture {}; it has {}.",
            base.name,
            entry.body_texture,
            names(base.textures.iter().map(String::as_str).collect())
        )],
        Some(_) => Vec::new(),
    }
}

/// What the player does next.
fn next_steps(target: &Ams2Target, entry: &Entry, options: &Ams2Options, package: &Path) -> Vec<String> {
    let mut steps = Vec::new();
    if options.install.is_none() {
        let list = format!("{}.xml", target.vehicle);
        steps.push(format!(
            "Copy the folder {} into the folder of Automobilista 2 (in Steam: Manage, Browse local files).",
            options.out.join(game::OVERRIDES[0]).display()
        ));
        steps.push(format!(
            "If the game asks whether to replace {list}, don't: other liveries are listed in it. Copy the LIVERY_OVERRIDE \
             lines from {} into it, or export again with the game's folder, which merges them and keeps a copy.",
            package.join(&list).display()
        ));
    }
    steps.push("Start Automobilista 2, or restart it if it is running: it reads its lists of liveries at the start.".into());
    steps.push(format!(
        "Choose the car ({}) and there the livery \"{}\"; it stands in the place of livery {}.",
        target.vehicle, entry.name, entry.slot
    ));
    steps.push(format!(
        "If it does not show up, start the game with the option -showLiveryIDs, look up a number that this car has, and \
         export with that one in place of {}.",
        entry.slot
    ));
    steps.push(
        "After the next export under the same name and number, go back to the main menu and load the car again; restart \
         the game if the old paint is still there."
            .into(),
    );
    steps
}

/// The package as one file to pass on, laid out as the game's folder.
fn zip_package(
    target: &Ams2Target,
    entry: &Entry,
    folder: &str,
    parts: &[(&str, &[u8])],
) -> Result<Vec<u8>, ExportError> {
    let list = overrides::merge(None, entry)
        .map_err(|reason| ExportError::BrokenXml { path: PathBuf::from(format!("{}.xml", target.vehicle)), reason })?;
    let root = format!("{}/{}", game::OVERRIDES.join("/"), target.vehicle);
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    // Stored, with the format's first date: the same livery gives the same bytes.
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    let mut add = |name: String, bytes: &[u8]| {
        zip.start_file(name, options).map_err(std::io::Error::other)?;
        zip.write_all(bytes)
    };
    let packed = parts
        .iter()
        .try_for_each(|(name, bytes)| add(format!("{root}/{folder}/{name}"), bytes))
        .and_then(|()| add(format!("{root}/{}.xml", target.vehicle), &list.bytes))
        .and_then(|()| zip.finish().map_err(std::io::Error::other));
    packed.map(Cursor::into_inner).map_err(|e| ExportError::file(Path::new("the zip"), e))
}

/// The name as the menu can show it: one line, not empty, not endless.
fn menu_name(name: &str) -> String {
    let one_line = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = one_line.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
    if short.is_empty() { "GridVox livery".into() } else { short }
}

/// A folder name made from the livery's name: lowercase ASCII letters, digits and single underscores.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => slug.push(c),
            _ if !slug.is_empty() && !slug.ends_with('_') => slug.push('_'),
            _ => {}
        }
    }
    let slug: String = slug.trim_end_matches('_').chars().take(32).collect();
    if slug.is_empty() { "livery".into() } else { slug.trim_end_matches('_').into() }
}

fn file_error(path: &Path, error: files::FileError) -> ExportError {
    use files::FileError;
    let path = path.to_owned();
    match error {
        FileError::NoPermission { .. } => ExportError::NoPermission(path),
        FileError::DiskFull { .. } => ExportError::DiskFull(path),
        FileError::NotAFile { .. } => ExportError::InTheWay(path),
        FileError::TooLarge { bytes, .. } => {
            ExportError::BrokenXml { path, reason: format!("it has {bytes} bytes, far too many for a list of liveries") }
        }
        other => ExportError::File { path, source: std::io::Error::other(other) },
    }
}

/// The formats are part of what players ask about, so the report's readers can name them.
impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Dxt1 => "DXT1",
            Self::Dxt3 => "DXT3",
            Self::Dxt5 => "DXT5",
        })
    }
}
