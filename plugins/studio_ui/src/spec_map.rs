//! A livery's spec map as the panel shows it, read on the files thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy_egui::egui::TextureHandle;
use gridvox_showroom::{StillError, spec};
use image::RgbaImage;
use image::imageops::{self, FilterType};

/// Side of the panel's picture in pixels, enough for screens of twice the usual density.
const THUMBNAIL_PX: u32 = 192;

/// What is known of the livery's spec map.
#[derive(Clone, Default)]
pub enum SpecState {
    /// There is none.
    #[default]
    None,
    /// It is being read.
    Reading {
        /// Its file.
        path: PathBuf,
        /// What finishes the paint meanwhile.
        before: Option<SpecMap>,
    },
    /// It finishes the paint.
    Shown(SpecMap),
    /// The last one could not be used; one sentence. The one before stays.
    Refused {
        /// Why.
        reason: String,
        /// What still finishes the paint.
        before: Option<SpecMap>,
    },
}

impl SpecState {
    /// The map that finishes the paint.
    pub fn map(&self) -> Option<&SpecMap> {
        match self {
            Self::Shown(map) => Some(map),
            Self::Reading { before, .. } | Self::Refused { before, .. } => before.as_ref(),
            Self::None => None,
        }
    }

    /// The same, to give it a texture.
    pub(crate) fn map_mut(&mut self) -> Option<&mut SpecMap> {
        match self {
            Self::Shown(map) => Some(map),
            Self::Reading { before, .. } | Self::Refused { before, .. } => before.as_mut(),
            Self::None => None,
        }
    }
}

/// A spec map.
#[derive(Clone)]
pub struct SpecMap {
    /// Its file.
    pub path: PathBuf,
    /// The whole map.
    pub picture: Arc<RgbaImage>,
    /// Means over the map, 0..=1: metal, roughness, clear coat that is there.
    pub means: [f32; 3],
    /// For the panel.
    pub thumbnail: Arc<RgbaImage>,
    /// The same, once it was uploaded.
    pub texture: Option<TextureHandle>,
}

fn unusable(error: impl std::fmt::Display) -> String {
    format!("The spec map can't be used: {error}.")
}

/// Reads a map, or says in one sentence why it can't be used.
pub(crate) fn read(path: &Path) -> Result<SpecMap, String> {
    let picture = gridvox_livery::load_livery(path).map_err(unusable)?;
    if !spec::fits(&picture) {
        let (width, height) = picture.dimensions();
        return Err(unusable(StillError::SpecMap { width, height }));
    }
    let mut sums = [0_u64; 3];
    for texel in picture.pixels() {
        sums.iter_mut().zip(texel.0).for_each(|(sum, value)| *sum += u64::from(value));
    }
    let share = |sum: u64| (sum as f64 / (f64::from(picture.width()) * f64::from(picture.height()) * 255.0)) as f32;
    let means = [share(sums[0]), share(sums[1]), 1.0 - share(sums[2])];
    // the map's alpha says nothing about what it finishes
    let mut thumbnail = imageops::resize(&picture, THUMBNAIL_PX, THUMBNAIL_PX, FilterType::Triangle);
    thumbnail.pixels_mut().for_each(|texel| texel.0[3] = u8::MAX);
    Ok(SpecMap { path: path.to_owned(), picture: Arc::new(picture), means, thumbnail: Arc::new(thumbnail), texture: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgba;

    #[test]
    fn a_map_is_read_with_its_means() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("spec.png");
        let half = |x: u32, value: u8| if x < 256 { value } else { 0 };
        RgbaImage::from_fn(512, 512, |x, _| Rgba([half(x, 255), 51, half(x, 102), 0])).save(&path).expect("written");
        let map = read(&path).expect("it fits");
        for (mean, expected) in map.means.into_iter().zip([0.5, 0.2, 0.8]) {
            assert!((mean - expected).abs() < 1e-3, "{:?}", map.means);
        }
        assert_eq!(map.thumbnail.get_pixel(10, 10).0, [255, 51, 102, 255]);
    }

    #[test]
    fn what_is_no_spec_map_is_refused_in_one_sentence() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let at = |name: &str| folder.path().join(name);
        RgbaImage::new(640, 480).save(at("wide.png")).expect("written");
        std::fs::write(at("text.png"), "not a picture").expect("written");
        for name in ["wide.png", "text.png", "nowhere.png"] {
            let Err(reason) = read(&at(name)) else { panic!("{name} was read") };
            assert!(reason.contains(name) && reason.starts_with("The spec map") && !reason.contains('\n'), "{reason}");
        }
    }
}
