//! Where the files that come with the program lie.
//!
//! `GRIDVOX_HOME` wins, then the folder of the executable, then the source checkout that it was built from.

use crate::manifest::{CarManifest, MANIFEST_NAME};
use crate::pack::CarPackInfo;
use std::env;
use std::path::{Path, PathBuf};

/// The folder with `assets/` and `models/` in it, or the source checkout where neither is found.
pub fn home_dir() -> PathBuf {
    if let Some(home) = env::var_os("GRIDVOX_HOME").filter(|home| !home.is_empty()) {
        return PathBuf::from(home);
    }
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let beside_executable = env::current_exe().ok().and_then(|exe| Some(exe.parent()?.to_owned()));
    beside_executable
        .filter(|folder| folder.join("assets").is_dir())
        .unwrap_or_else(|| checkout.canonicalize().unwrap_or(checkout))
}

/// Cars, environments, fonts, samples and shaders.
pub fn assets_dir() -> PathBuf {
    home_dir().join("assets")
}

/// Trained weights, one folder each.
pub fn models_dir() -> PathBuf {
    home_dir().join("models")
}

/// One folder for each bundled car.
pub fn cars_dir() -> PathBuf {
    assets_dir().join("cars")
}

/// One folder for each car that its user imported: `GRIDVOX_CARS`, else the user's own data folder; none where the system has no
/// such folder.
pub fn own_cars_dir() -> Option<PathBuf> {
    if let Some(folder) = env::var_os("GRIDVOX_CARS").filter(|folder| !folder.is_empty()) {
        return Some(PathBuf::from(folder));
    }
    Some(directories::ProjectDirs::from("", "", "gridvox")?.data_dir().join("cars"))
}

/// High dynamic range pictures of surroundings.
pub fn environments_dir() -> PathBuf {
    assets_dir().join("environments")
}

/// The bundled car that opens when none is named: the one that the sample photos show.
pub const DEFAULT_CAR: &str = "gt3_rear";

/// The bundled cars, sorted by id. A car whose manifest can't be read is logged and left out.
pub fn list() -> Vec<CarPackInfo> {
    list_in(&cars_dir())
}

/// The cars that the user imported, sorted by id.
pub fn list_own() -> Vec<CarPackInfo> {
    own_cars_dir().map(|folder| list_in(&folder)).unwrap_or_default()
}

/// The bundled cars, then the user's own.
pub fn list_all() -> Vec<CarPackInfo> {
    [list(), list_own()].concat()
}

/// An id made of a name: lowercase letters, digits, `_` and `-`.
pub fn id_of(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '_' };
    name.chars().map(plain).take(64).collect()
}

/// A folder for a new car of the user's own, and the id that it has to have: made of its name, and no other car's.
pub fn own_place(name: &str) -> Option<(String, PathBuf)> {
    let mut wanted = id_of(name.trim());
    // room for a number
    wanted.truncate(60);
    if !wanted.chars().any(|c| c.is_ascii_alphanumeric()) {
        wanted = "car".into();
    }
    let folder = own_cars_dir()?;
    let taken = |id: &str| folder.join(id).exists() || cars_dir().join(id).exists();
    let numbered = |number: u32| if number == 1 { wanted.clone() } else { format!("{wanted}-{number}") };
    (1..1000).map(numbered).find(|id| !taken(id)).map(|id| (id.clone(), folder.join(id)))
}

/// The car packs in a folder, sorted by id.
pub fn list_in(folder: &Path) -> Vec<CarPackInfo> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut cars: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|dir| dir.join(MANIFEST_NAME).is_file())
        .filter_map(|dir| match CarManifest::load(&dir) {
            Ok(manifest) => Some(CarPackInfo { id: manifest.id, name: manifest.name, class: manifest.class, dir }),
            Err(error) => {
                tracing::warn!("left a car out: {error}");
                None
            }
        })
        .collect();
    cars.sort_by(|a, b| a.id.cmp(&b.id));
    cars
}
