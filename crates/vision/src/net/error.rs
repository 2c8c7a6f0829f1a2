//! What can go wrong with trained weights.

use std::path::PathBuf;

/// A model could not be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file of the model is not there or not readable.
    #[error("the model file {path} cannot be read ({reason}); install GridVox again or train with `gridvox train`")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The weights are not those that the manifest names.
    #[error("the weights in {path} have SHA-256 {found}, but the manifest says {expected}; install GridVox again")]
    WrongHash {
        /// Which file.
        path: PathBuf,
        /// Hash by the manifest, in hexadecimal.
        expected: String,
        /// Hash of the file, in hexadecimal.
        found: String,
    },
    /// `config.json` or `manifest.toml` is not what this version understands.
    #[error("{path} does not describe a model that this version can use: {reason}")]
    BadConfig {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A tensor is missing or has another shape than the configuration asks for.
    #[error("the weights in {path} do not fit their configuration: {reason}")]
    BadWeights {
        /// Which file.
        path: PathBuf,
        /// Which tensor, and what is wrong with it.
        reason: String,
    },
    /// The photo has no pixels.
    #[error("the photo is empty ({width} x {height} pixels); choose another one")]
    EmptyPhoto {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// candle failed while running the network, for example for lack of memory.
    #[error("the network could not run: {0}")]
    Run(#[from] candle_core::Error),
}
