//! One module per command; each parses nothing and computes nothing, it only joins engine calls and reports.

pub mod analyze;
pub mod car;
pub mod demo;
pub mod eval;
pub mod export;
pub mod generate;
pub mod points;
pub mod progress;
pub mod render;
pub mod studio;
pub mod synth;
pub mod train;

use std::path::Path;

use color_eyre::eyre::{Result, eyre};
pub use gridvox_car::files::ensure_writable;
use gridvox_car::files::write_atomic;
pub use gridvox_showroom::picture::save as save_picture;

/// Writes pretty JSON; `what` names it in the error.
pub fn write_json(path: &Path, what: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(what)?;
    write_atomic(path, text.as_bytes())?;
    Ok(())
}

/// Makes a folder for results, and those above it.
pub fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path)
        .map_err(|error| eyre!("The folder {} cannot be made ({error}): choose another.", path.display()))
}
