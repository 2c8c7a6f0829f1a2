//! Running the program and looking at what it left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gridvox_car::bundled;

/// The car of the bundled sample photo.
pub const CAR: &str = "gt3_rear";

/// The program with its arguments; it sees no display and no settings of the developer's.
pub fn gridvox(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gridvox"));
    command.args(arguments).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("RUST_LOG");
    command.env("RUST_BACKTRACE", "0");
    command
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Output {
    gridvox(arguments).output().expect("the program starts")
}

/// Standard error as text.
pub fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// A path for the command line.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("scratch paths are Unicode")
}

/// The bundled photo.
pub fn sample_photo() -> PathBuf {
    bundled::assets_dir().join("samples/photo_front_left.jpg")
}

/// The paint that the bundled photo shows.
pub fn sample_livery() -> PathBuf {
    bundled::assets_dir().join("samples/photo_front_left.livery.png")
}

/// Whether there are weights to generate with; says so where there are none.
pub fn has_weights() -> bool {
    let found = gridvox_vision::Vision::load(&bundled::models_dir());
    if let Err(reason) = &found {
        eprintln!("SKIPPED: no trained weights ({reason})");
    }
    found.is_ok()
}

/// A scratch folder.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a scratch folder")
}

/// Every file and folder below, sorted.
pub fn listing(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    found
}
