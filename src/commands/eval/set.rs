//! A folder of test photos with the truth about them: `photos/NAME.jpg`, `liveries/NAME.png` and `metadata/NAME.json`,
//! which holds the camera as `report.json` writes it, and what a stress cell needs.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, WrapErr, eyre};
use gridvox_car::PhotoCamera;
use gridvox_car::files::write_atomic;
use gridvox_vision::photo::{self, Photo};
use gridvox_vision::report::CameraReport;
use gridvox_vision::synth::stress::{Cell, Shows};
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage, RgbaImage};
use serde::{Deserialize, Serialize};

use super::super::{make_folder, write_json};

/// One photo and how it was made.
pub struct TestPhoto {
    /// The photo as a painter would hand it in.
    pub photo: Photo,
    /// Its true paint.
    pub livery: RgbaImage,
    /// The cell that it stresses.
    pub cell: Option<&'static Cell>,
    /// The seed that a cell's photo was drawn from.
    pub seed: u64,
    /// The true camera; of two cars one each.
    pub cameras: Vec<PhotoCamera>,
}

impl TestPhoto {
    /// What the photo shows.
    pub fn shows(&self) -> Shows {
        self.cell.map_or(Shows::Car, |cell| cell.stress.shows())
    }
}

/// What is known about a photo beside its paint.
#[derive(Serialize, Deserialize)]
pub struct Metadata {
    /// The true camera.
    pub camera: CameraReport,
    /// In the space of the other car, where there are two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_camera: Option<CameraReport>,
    /// Name of the stress cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// The seed that a stress cell's photo was drawn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Metadata {
    /// Of a photo of one car that belongs to no cell.
    pub fn of_one(camera: &PhotoCamera) -> Self {
        Self { camera: camera.into(), other_camera: None, cell: None, seed: None }
    }
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
    pub fn save(&self, name: &str, jpeg: &[u8], metadata: &Metadata, livery: &RgbaImage) -> Result<()> {
        write_atomic(&self.path("photos", name, "jpg"), jpeg)?;
        let mut png = Cursor::new(Vec::new());
        livery.write_to(&mut png, ImageFormat::Png)?;
        write_atomic(&self.path("liveries", name, "png"), png.get_ref())?;
        write_json(&self.path("metadata", name, "json"), metadata)
    }

    /// Reads a photo and its truth.
    pub fn load(&self, name: &str) -> Result<TestPhoto> {
        let read = |path: PathBuf| std::fs::read(&path).wrap_err_with(|| format!("{} cannot be read.", path.display()));
        let metadata: Metadata = serde_json::from_slice(&read(self.path("metadata", name, "json"))?)
            .wrap_err_with(|| format!("The metadata of test photo {name} is not as expected."))?;
        let livery = image::load_from_memory(&read(self.path("liveries", name, "png"))?)
            .wrap_err_with(|| format!("The livery of test photo {name} is not a picture."))?;
        let cell = metadata.cell.as_deref().map(|cell| {
            Cell::named(cell).ok_or_else(|| eyre!("Test photo {name} belongs to the cell {cell}, which this version does not know."))
        });
        let cameras = std::iter::once(&metadata.camera).chain(&metadata.other_camera);
        Ok(TestPhoto {
            photo: photo::load(&self.path("photos", name, "jpg"))?,
            livery: livery.to_rgba8(),
            cell: cell.transpose()?,
            seed: metadata.seed.unwrap_or_default(),
            cameras: cameras.map(CameraReport::to_camera).collect(),
        })
    }

    fn path(&self, part: &str, name: &str, ending: &str) -> PathBuf {
        self.folder.join(part).join(format!("{name}.{ending}"))
    }
}

/// A photo as a file.
pub fn as_jpeg(picture: &RgbImage, quality: u8) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))?;
    Ok(bytes.into_inner())
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
        let jpeg = as_jpeg(&RgbImage::new(640, 480), 90).expect("a picture");
        set.save("00003", &jpeg, &Metadata::of_one(&camera), &livery).expect("saved");
        let of_two = Metadata {
            other_camera: Some((&camera).into()),
            cell: Some("two_cars".into()),
            seed: Some(u64::MAX - 3),
            ..Metadata::of_one(&camera)
        };
        set.save("stress_two_cars_0000", &jpeg, &of_two, &livery).expect("saved");
        assert_eq!(set.names().expect("readable"), ["00003", "stress_two_cars_0000"]);
        let back = set.load("00003").expect("loaded");
        assert_eq!((back.photo.rgb.dimensions(), &back.livery, back.shows()), ((640, 480), &livery, Shows::Car));
        assert!(back.cameras[0].world_from_camera.abs_diff_eq(camera.world_from_camera, 1e-6));
        assert_eq!((back.cameras[0].focal_px, back.cameras[0].width), (camera.focal_px, camera.width));
        let two = set.load("stress_two_cars_0000").expect("loaded");
        assert_eq!((two.shows(), two.cameras.len(), two.seed), (Shows::TwoCars, 2, u64::MAX - 3));
        let unknown = Metadata { cell: Some("snow".into()), ..Metadata::of_one(&camera) };
        set.save("00004", &jpeg, &unknown, &livery).expect("saved");
        assert!(set.load("00004").is_err() && set.load("00005").is_err());
    }
}
