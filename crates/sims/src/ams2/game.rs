//! Where Automobilista 2 keeps liveries.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::ExportError;

/// From the game's folder to the folder that holds one folder per car.
pub(crate) const OVERRIDES: [&str; 4] = ["Vehicles", "Textures", "CustomLiveries", "Overrides"];

/// The car's folder below a folder of the game, which must be there. Any folder inside the game's will do, and letter case
/// does not matter, since the game is at home on Windows and runs elsewhere.
pub(crate) fn car_folder(install: &Path, vehicle: &str) -> Result<PathBuf, ExportError> {
    let start = fs::canonicalize(install).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => ExportError::NoInstallFolder(install.to_owned()),
        _ => ExportError::file(install, e),
    })?;
    let is_game = |folder: &&Path| {
        let textures = OVERRIDES[..2].iter().try_fold(folder.to_path_buf(), |folder, name| existing(&folder, name));
        textures.is_some()
    };
    let game = start.ancestors().find(is_game).ok_or_else(|| ExportError::NotTheGame(install.to_owned()))?;
    // The path is given back as the player wrote it wherever that is the game's own folder.
    let game = if game == start { install } else { game };
    Ok(OVERRIDES.iter().chain([&vehicle]).fold(game.to_path_buf(), |folder, name| {
        existing(&folder, name).unwrap_or_else(|| folder.join(name))
    }))
}

/// A file or folder of that name in any letter case; the exact one first.
pub(crate) fn existing(folder: &Path, name: &str) -> Option<PathBuf> {
    let exact = folder.join(name);
    if exact.exists() {
        return Some(exact);
    }
    let mut alike: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|found| found.eq_ignore_ascii_case(name)))
        .collect();
    alike.sort();
    alike.into_iter().next()
}

/// Whether a car pack's vehicle name is one plain folder name on every system.
pub(crate) fn is_folder_name(name: &str) -> bool {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' '));
    let mut parts = Path::new(name).components();
    let single = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
    plain && single && name.trim() == name && !name.ends_with('.')
}
