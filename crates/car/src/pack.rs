//! A car pack: a folder with `car.toml` and a mesh.

use crate::error::CarError;
use crate::files::{read_limited, FileError};
use crate::manifest::{CarManifest, MANIFEST_NAME};
use crate::model::CarModel;
use crate::{bundled, glb};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// A loaded car.
#[derive(Debug, Clone)]
pub struct CarPack {
    /// The pack's folder.
    pub dir: PathBuf,
    /// What `car.toml` says.
    pub manifest: CarManifest,
    /// The geometry.
    pub model: CarModel,
    /// SHA-256 of the mesh and the manifest in hexadecimal: names caches of what is computed from them.
    pub hash: String,
}

/// A car pack's name card, without its mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarPackInfo {
    /// Short name.
    pub id: String,
    /// The name shown to people.
    pub name: String,
    /// Racing class.
    pub class: String,
    /// The pack's folder.
    pub dir: PathBuf,
}

impl CarPack {
    /// Loads the car pack in a folder.
    pub fn load(dir: &Path) -> Result<Self, CarError> {
        let manifest = CarManifest::load(dir)?;
        let path = dir.join(&manifest.mesh);
        let bytes = read_limited(&path, glb::MAX_GLB_BYTES)?;
        let model = glb::read(&bytes, &manifest).map_err(|reason| CarError::Mesh { path, reason })?;
        let mut hash = Sha256::new();
        hash.update(&bytes);
        hash.update(manifest.to_toml().as_bytes());
        let hash = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { dir: dir.to_owned(), manifest, model, hash })
    }

    /// Loads a bundled or imported car by its id, or the pack in a folder (or the one of a `car.toml`).
    pub fn find(id_or_dir: &str) -> Result<Self, CarError> {
        let path = Path::new(id_or_dir);
        if path.file_name().is_some_and(|name| name == MANIFEST_NAME) && path.is_file() {
            let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
            return Self::load(dir.unwrap_or(Path::new(".")));
        }
        // A folder of the current directory that happens to have a bundled car's name is no car pack by itself.
        if path.join(MANIFEST_NAME).is_file() {
            return Self::load(path);
        }
        let bundled = bundled::cars_dir().join(id_or_dir);
        if path.components().count() == 1 && bundled.join(MANIFEST_NAME).is_file() {
            return Self::load(&bundled);
        }
        if let Some(info) = bundled::list_all().into_iter().find(|car| car.id == id_or_dir) {
            return Self::load(&info.dir);
        }
        if path.is_dir() {
            return Err(FileError::NotFound { path: path.join(MANIFEST_NAME) }.into());
        }
        let known = bundled::list_all().into_iter().map(|car| car.id).collect();
        Err(CarError::UnknownCar { asked: id_or_dir.to_owned(), known })
    }
}
