//! What a shot shows: the scene, the camera, and all that can be asked of one picture.

use super::StillError;
use crate::aperture::Aperture;
use crate::environment::EnvironmentId;
use crate::finish::PaintFinish;
use crate::inspect::Inspection;
use crate::softbox::Softbox;
use crate::spec;
use gridvox_car::{CarPack, PhotoCamera, ViewPreset, frame_camera};
use image::RgbaImage;
use std::sync::Arc;

/// Largest edge of a shot in pixels; common devices end at 8192.
pub(crate) const MAX_EDGE: u32 = 8192;

/// What stands on stage for a series of shots.
#[derive(Debug, Clone)]
pub struct StillScene {
    /// The car.
    pub car: Arc<CarPack>,
    /// Liveries that shots choose from; without any, the car is in primer.
    pub liveries: Vec<Arc<RgbaImage>>,
    /// Metal, roughness and clear coat by texel, in the place of the finish's own; see [`spec`].
    pub spec: Option<Arc<RgbaImage>>,
    /// Surroundings that shots choose from.
    pub environments: Vec<EnvironmentId>,
    /// Parts of the car that are left out, by their index in its model.
    pub hidden: Vec<usize>,
}

impl StillScene {
    /// A scene with one livery, or primer, and one environment.
    pub fn new(car: Arc<CarPack>, livery: Option<Arc<RgbaImage>>, environment: EnvironmentId) -> Self {
        Self { car, liveries: livery.into_iter().collect(), spec: None, environments: vec![environment], hidden: Vec::new() }
    }
}

/// Where a shot is taken from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StillCamera {
    /// Exactly this camera, without its distortion, at its own size.
    Photo(PhotoCamera),
    /// A named view that frames the car.
    Preset(ViewPreset),
    /// Around the car: degrees as in [`frame_camera`], framing the car.
    Orbit {
        /// 0 = front, 90 = the car's left.
        azimuth_deg: f32,
        /// Above the horizon.
        elevation_deg: f32,
        /// Vertical field of view.
        fov_deg: f32,
    },
}

/// One picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StillShot {
    /// Where it is taken from.
    pub camera: StillCamera,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Index in [`StillScene::liveries`]; ignored without liveries.
    pub livery: usize,
    /// How the paint is finished.
    pub finish: PaintFinish,
    /// Index in [`StillScene::environments`].
    pub environment: usize,
    /// Degrees added to the surroundings' own rotation.
    pub rotation_deg: f32,
    /// Stops added to the surroundings' own exposure.
    pub exposure_stops: f32,
    /// How blurred the distance is, 0..1; `None` is the surroundings' own.
    pub backdrop_blur: Option<f32>,
    /// A softbox beside the car.
    pub softbox: Option<Softbox>,
    /// False colours in place of paint; such a picture has one sample.
    pub inspection: Inspection,
    /// Leaves ground and distance out; the picture has straight alpha.
    pub transparent: bool,
    /// Points of each pixel that are averaged in linear light; 1 is what the views draw. An aperture's own samples smooth edges
    /// as well. From 8 samples on light is gathered by rays through the car, where views take what was baked.
    pub supersample: u32,
    /// Depth of field; everything is sharp without it.
    pub aperture: Option<Aperture>,
}

impl StillShot {
    /// A shot of the first livery in the first environment.
    pub fn new(camera: StillCamera, width: u32, height: u32) -> Self {
        Self {
            camera,
            width,
            height,
            livery: 0,
            finish: PaintFinish::default(),
            environment: 0,
            rotation_deg: 0.0,
            exposure_stops: 0.0,
            backdrop_blur: None,
            softbox: None,
            inspection: Inspection::default(),
            transparent: false,
            supersample: 1,
            aperture: None,
        }
    }

    /// A shot with a photo's camera, at its own size.
    pub fn photo(camera: PhotoCamera) -> Self {
        Self::new(StillCamera::Photo(camera), camera.width, camera.height)
    }

    /// The camera of the shot, for a car.
    pub fn photo_camera(&self, car: &CarPack) -> PhotoCamera {
        let bounds = car.model.bounds();
        match self.camera {
            StillCamera::Photo(camera) => camera.scaled_to(self.width, self.height),
            StillCamera::Preset(preset) => preset.camera(bounds, self.width, self.height),
            StillCamera::Orbit { azimuth_deg, elevation_deg, fov_deg } => {
                frame_camera(bounds, azimuth_deg, elevation_deg, fov_deg, self.width, self.height)
            }
        }
    }
}

/// The wide picture of a car for a simulator's menu: Automobilista 2 asks for 2048 x 600 pixels.
pub fn menu_shot() -> StillShot {
    StillShot::new(StillCamera::Preset(ViewPreset::FrontLeft), 2048, 600)
}

/// Refuses what can't be drawn.
pub(super) fn check(scene: &StillScene, shot: &StillShot) -> Result<(), StillError> {
    let (width, height) = (shot.width, shot.height);
    if !(1..=MAX_EDGE).contains(&width) || !(1..=MAX_EDGE).contains(&height) {
        return Err(StillError::Size { width, height });
    }
    if shot.livery >= scene.liveries.len().max(1) {
        return Err(StillError::Missing { what: "livery", index: shot.livery, count: scene.liveries.len() });
    }
    if shot.environment >= scene.environments.len() {
        return Err(StillError::Missing {
            what: "environment",
            index: shot.environment,
            count: scene.environments.len(),
        });
    }
    let camera = shot.photo_camera(&scene.car);
    let lens_is_real = shot.aperture.is_none_or(|lens| {
        let real = |value: f32| value.is_finite() && value > 0.0;
        real(lens.f_number) && lens.focus_m.is_none_or(real)
    });
    if !(camera.focal_px.is_finite() && camera.focal_px > 0.0 && camera.world_from_camera.is_finite() && lens_is_real) {
        return Err(StillError::Camera);
    }
    Ok(())
}

/// Edge of the texture that holds the largest of the scene's liveries.
pub(super) fn livery_size(scene: &StillScene) -> Result<u32, StillError> {
    let mut largest = 0;
    for livery in &scene.liveries {
        let (width, height) = livery.dimensions();
        if !spec::fits(livery) {
            return Err(StillError::Livery { width, height });
        }
        largest = largest.max(width);
    }
    Ok(if largest == 0 { 64 } else { largest })
}
