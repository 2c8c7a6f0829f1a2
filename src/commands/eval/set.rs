//! A folder of test photos with the truth about them: `photos/NAME.jpg`, `liveries/NAME.png` and `metadata/NAME.json`,
//! which holds the camera as `report.json` writes it.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr};
use gridvox_car::PhotoCamera;
use gridvox_car::files::write_atomic;
use gridvox_vision::photo::{self, Photo};
use gridvox_vision::report::CameraReport;
use image::{ImageFormat, RgbaImage};
use serde::{Deserialize, Serialize};

use super::super::{make_folder, write_json};

/// One photo and how it was made.
pub struct TestPhoto {
    /// The photo as a painter would hand it in.
    pub photo: Photo,
    /// Its true camera.
    pub camera: PhotoCamera,
    /// Its true paint.
    pub livery: RgbaImage,
}

#[derive(Serialize, Deserialize)]
struct Metadata {
    camera: CameraReport,
}

/// The folder.
pub struct PhotoSet {
    folder: PathBuf,
}

impl PhotoSet {
    /// Opens a set, making its folders where they are missing.
    pub fn open(folder: &Path) -> Result<Self> {
        for part in ["photos", "liveries", "metadata"] {
            make_folder(&folder.join(part))?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// The names of all photos, sorted.
    pub fn names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.folder.join("metadata"))? {
            let path = entry?.path();
            if let (Some(stem), Some("json")) = (path.file_stem(), path.extension().and_then(|e| e.to_str())) {
                names.push(stem.to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Whether a photo is complete; its metadata is written last.
    pub fn has(&self, name: &str) -> bool {
        self.path("metadata", name, "json").is_file()
    }

    /// Adds a photo, given as a JPEG file.
    pub fn save(&self, name: &str, jpeg: &[u8], camera: &PhotoCamera, livery: &RgbaImage) -> Result<()> {
        write_atomic(&self.path("photos", name, "jpg"), jpeg)?;
        let mut png = Cursor::new(Vec::new());
        livery.write_to(&mut png, ImageFormat::Png)?;
        write_atomic(&self.path("liveries", name, "png"), png.get_ref())?;
        write_json(&self.path("metadata", name, "json"), &Metadata { camera: camera.into() })
    }

    /// Reads a photo and its truth.
    pub fn load(&self, name: &str) -> Result<TestPhoto> {
        let read = |path: PathBuf| std::fs::read(&path).wrap_err_with(|| format!("{} cannot be read.", path.display()));
        let metadata: Metadata = serde_json::from_slice(&read(self.path("metadata", name, "json"))?)
            .wrap_err_with(|| format!("The metadata of test photo {name} is not as expected."))?;
        let livery = image::load_from_memory(&read(self.path("liveries", name, "png"))?)
            .wrap_err_with(|| format!("The livery of test photo {name} is not a picture."))?;
        Ok(TestPhoto {
            photo: photo::load(&self.path("photos", name, "jpg"))?,
            camera: metadata.camera.to_camera(),
            livery: livery.to_rgba8(),
        })
    }

    fn path(&self, part: &str, name: &str, ending: &str) -> PathBuf {
        self.folder.join(part).join(format!("{name}.{ending}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_comes_back_as_it_was_saved() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let set = PhotoSet::open(folder.path()).expect("an empty set");
        assert!(set.names().expect("readable").is_empty());
        let camera = gridvox_car::frame_camera((glam::Vec3::NEG_ONE, glam::Vec3::ONE), 30.0, 10.0, 20.0, 640, 480);
        let livery = RgbaImage::from_fn(4, 4, |x, y| image::Rgba([x as u8, y as u8, 7, 255]));
        let mut jpeg = Cursor::new(Vec::new());
        image::RgbImage::new(640, 480).write_to(&mut jpeg, ImageFormat::Jpeg).expect("a picture");
        set.save("00003", jpeg.get_ref(), &camera, &livery).expect("saved");
        assert_eq!(set.names().expect("readable"), ["00003"]);
        let back = set.load("00003").expect("loaded");
        assert_eq!((back.photo.rgb.dimensions(), &back.livery), ((640, 480), &livery));
        assert!(back.camera.world_from_camera.abs_diff_eq(camera.world_from_camera, 1e-6));
        assert_eq!((back.camera.focal_px, back.camera.width), (camera.focal_px, camera.width));
        assert!(set.load("00004").is_err());
    }
}
