//! The loaded models, and what is kept between jobs.

use std::path::Path;
use std::sync::{Arc, Mutex};

use candle_core::Device;
use gridvox_car::{AtlasMaps, CarPack, RasterScene};
use image::RgbImage;

use crate::complete::Readers;
use crate::net::{AlbedoNetwork, AtlasNetwork, Correspondence, CorrespondenceNet, HarshAlbedo, LetteringNetwork, ModelError, Proportions, ReadingNetwork, weights};
use crate::pose;
use crate::timed::timed;

/// Owns the networks and the device they run on; make one per process and share it between jobs.
pub struct Vision {
    network: Option<CorrespondenceNet>,
    albedo: AlbedoNetwork,
    albedo_harsh: Option<HarshAlbedo>,
    atlas: Option<AtlasNetwork>,
    lettering: Option<LetteringNetwork>,
    reading: Option<ReadingNetwork>,
    cars: Mutex<Option<Arc<KeptCar>>>,
}

/// A car with what every job on it needs.
pub(crate) struct KeptCar {
    hash: String,
    edges: pose::PreparedCar,
    maps: Mutex<Vec<Arc<AtlasMaps>>>,
}

/// Maps of this many sizes are kept: the preview's and the livery's.
const KEPT_MAPS: usize = 2;

impl Vision {
    /// Loads the weights from a `models` folder, normally `gridvox_car::bundled::models_dir()`.
    pub fn load(models_dir: &Path) -> Result<Self, ModelError> {
        timed!("weights");
        let (network, others) =
            rayon::join(|| CorrespondenceNet::load(models_dir, &Device::Cpu), || Self::for_known_cameras(models_dir));
        Ok(Self { network: Some(network?), ..others? })
    }

    /// Loads what works on photos whose cameras are given, and on no others.
    pub fn for_known_cameras(models_dir: &Path) -> Result<Self, ModelError> {
        // most of the time goes into their checksums
        let ((albedo, albedo_harsh), (atlas, (lettering, reading))) = rayon::join(
            || rayon::join(|| weights::load(models_dir, &Device::Cpu), || weights::load_if_listed(models_dir, &Device::Cpu)),
            || {
                let words = || (weights::load_if_listed(models_dir, &Device::Cpu), weights::load_if_listed(models_dir, &Device::Cpu));
                rayon::join(|| weights::load_if_listed(models_dir, &Device::Cpu), words)
            },
        );
        Ok(Self {
            network: None,
            albedo: albedo?,
            albedo_harsh: albedo_harsh?,
            atlas: atlas?,
            lettering: lettering?,
            reading: reading?,
            cars: Mutex::new(None),
        })
    }

    /// The networks that tell paint from light, the usual one first; models folders of older versions have no other.
    pub(crate) fn albedo(&self) -> Vec<&AlbedoNetwork> {
        std::iter::once(&self.albedo).chain(self.albedo_harsh.as_ref().map(AsRef::as_ref)).collect()
    }

    /// The network that puts inks on what nothing shows; models folders of older versions have none.
    pub(crate) fn atlas(&self) -> Option<&AtlasNetwork> {
        self.atlas.as_ref()
    }

    /// The networks that know words; models folders of older versions lack one or both.
    pub fn readers(&self) -> Readers<'_> {
        Readers { finder: self.lettering.as_ref(), reader: self.reading.as_ref() }
    }

    /// What the network sees in a photo of a car of such proportions.
    pub fn correspond(&self, photo: &RgbImage, proportions: Proportions) -> Result<Correspondence, ModelError> {
        match &self.network {
            Some(network) => network.correspond(photo, proportions),
            None => {
                let reason = "it was not loaded".to_owned();
                Err(ModelError::Unreadable { path: Path::new("models").to_path_buf(), reason })
            }
        }
    }

    /// The car's drawing lists, from the last job where it was the same car.
    pub(crate) fn prepare(&self, car: &CarPack) -> Arc<KeptCar> {
        let mut slot = self.cars.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(kept) = slot.as_ref().filter(|kept| kept.hash == car.hash) {
            return kept.clone();
        }
        timed!("car");
        let edges = pose::PreparedCar::new(&car.model);
        let prepared = Arc::new(KeptCar { hash: car.hash.clone(), edges, maps: Mutex::default() });
        *slot = Some(prepared.clone());
        prepared
    }
}

impl KeptCar {
    /// The car's maps at a size, computed once.
    pub fn maps(&self, car: &CarPack, size: u32) -> Arc<AtlasMaps> {
        let mut kept = self.maps.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(maps) = kept.iter().find(|maps| maps.size == size) {
            return maps.clone();
        }
        timed!("maps");
        let maps = Arc::new(AtlasMaps::compute(&car.model, size));
        if kept.len() == KEPT_MAPS {
            // The small preview maps are cheap to keep; another large size replaces the last.
            let largest = (0..kept.len()).max_by_key(|&i| kept[i].size).unwrap_or(0);
            kept.remove(largest);
        }
        kept.push(maps.clone());
        maps
    }

    /// Flattened for drawing.
    pub fn scene(&self) -> &RasterScene {
        self.edges.scene()
    }

    /// Prepared for laying its edges on photos.
    pub fn edges(&self) -> &pose::PreparedCar {
        &self.edges
    }
}
