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

use std::io::Cursor;
use std::path::Path;

use color_eyre::eyre::{Result, eyre};
use gridvox_car::files::write_atomic;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat};

/// Pictures are for looking at, so no artefact may show.
const JPEG_QUALITY: u8 = 93;

/// Writes pretty JSON; `what` names it in the error.
pub fn write_json(path: &Path, what: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(what)?;
    write_atomic(path, text.as_bytes())?;
    Ok(())
}

/// Writes a picture in the format that the file's ending names.
pub fn save_picture(path: &Path, picture: &DynamicImage) -> Result<()> {
    let format = ImageFormat::from_path(path)
        .map_err(|_| eyre!("{} does not end in a picture format: use .png or .jpg.", path.display()))?;
    let mut bytes = Cursor::new(Vec::new());
    match format {
        ImageFormat::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
            picture.to_rgb8().write_with_encoder(encoder)?;
        }
        other => picture.write_to(&mut bytes, other)?,
    }
    write_atomic(path, bytes.get_ref())?;
    Ok(())
}

/// Makes a folder for results, and those above it.
pub fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path)
        .map_err(|error| eyre!("The folder {} cannot be made ({error}): choose another.", path.display()))
}

/// Fails before long work when `path` could not be written afterwards.
pub fn ensure_writable(path: &Path) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(eyre!("The folder {} does not exist: create it or choose another place.", folder.display()));
    }
    if path.is_dir() {
        return Err(eyre!("{} is a folder: name a file in it.", path.display()));
    }
    let probe = folder.join(format!(".gridvox-write-test-{}", std::process::id()));
    match std::fs::File::create_new(&probe) {
        Ok(file) => {
            drop(file);
            std::fs::remove_file(&probe)?;
            Ok(())
        }
        Err(error) => Err(eyre!("Nothing can be written into {} ({error}): choose another folder.", folder.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_told_before_the_work() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(ensure_writable(&folder.path().join("livery.png")).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 0, "the probe was left behind");
        assert!(ensure_writable(&folder.path().join("no/such/livery.png")).is_err());
        assert!(ensure_writable(folder.path()).is_err());
    }
}
