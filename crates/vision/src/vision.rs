//! The loaded models, and what is kept between jobs.

use std::path::Path;

use crate::net::ModelError;

/// Owns the network and the device it runs on; make one per process and share it between jobs.
#[derive(Debug)]
pub struct Vision {}

impl Vision {
    /// Loads the weights from a `models` folder, normally `gridvox_car::bundled::models_dir()`.
    pub fn load(models_dir: &Path) -> Result<Self, ModelError> {
        let manifest = models_dir.join("manifest.toml");
        std::fs::metadata(&manifest)
            .map_err(|error| ModelError::Unreadable { path: manifest, reason: error.to_string() })?;
        Ok(Self {})
    }
}
