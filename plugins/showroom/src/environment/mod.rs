//! The surroundings that light the car: bundled ones by name, and the user's own `.hdr` and `.exr` pictures.
//!
//! A picture is read and filtered on a worker thread ([`PreparedEnvironment::load`]) into what image-based light needs,
//! and kept on disk under its content's hash, so that a second start reads it in milliseconds. Nothing here touches the
//! GPU; [`crate::light`] hands the result to Bevy.

pub mod cache;
pub mod cubemap;
pub mod equirect;
pub mod sun;

use cubemap::Cubemap;
use equirect::Equirect;
use gridvox_car::bundled;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
pub use sun::Sun;

/// Which surroundings: a bundled name, or a file of the user's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EnvironmentId {
    /// An `id` of `assets/environments/environments.toml`.
    Bundled(String),
    /// An equirectangular `.hdr` or `.exr` picture.
    File(PathBuf),
}

impl EnvironmentId {
    /// Reads what a person typed: a path when it ends in `.hdr` or `.exr`, else a bundled name.
    pub fn parse(text: &str) -> Self {
        let path = Path::new(text);
        let is_picture = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("hdr") || extension.eq_ignore_ascii_case("exr"));
        if is_picture { Self::File(path.to_owned()) } else { Self::Bundled(text.to_owned()) }
    }
}

impl Default for EnvironmentId {
    fn default() -> Self {
        Self::Bundled("soft_studio".to_owned())
    }
}

impl fmt::Display for EnvironmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled(id) => f.write_str(id),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Why surroundings could not be used.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// No bundled surroundings have this name.
    #[error("there is no environment `{asked}`: use one of {} or the path of an .hdr or .exr picture", .known.join(", "))]
    Unknown {
        /// The name asked for.
        asked: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The list of bundled surroundings is broken.
    #[error("the list of environments is broken ({reason}): restore {}", .path.display())]
    List {
        /// The list's path.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The picture's file can't be read.
    #[error(transparent)]
    File(#[from] gridvox_car::FileError),
    /// The picture can't be decoded.
    #[error("the environment picture can't be decoded ({reason}): use an .hdr or .exr picture, {}", .path.display())]
    Decode {
        /// What the decoder said.
        reason: String,
        /// The picture.
        path: PathBuf,
    },
    /// The picture is not twice as wide as high.
    #[error("an environment picture is twice as wide as high, this one has {width} x {height} pixels: {}", .path.display())]
    NotEquirectangular {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// The picture.
        path: PathBuf,
    },
    /// The picture has more pixels than are read.
    #[error(
        "the environment picture has {width} x {height} pixels and the limit is {} x {}: scale it down, {}",
        equirect::MAX_WIDTH, equirect::MAX_WIDTH / 2, .path.display()
    )]
    TooLarge {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// The picture.
        path: PathBuf,
    },
    /// The system refuses to do more at once.
    #[error("the surroundings can't be read because the system refuses a thread: close other programs and choose them again")]
    NoThread,
    /// The picture holds no light.
    #[error("the environment picture is black, so nothing would be seen: {}", .path.display())]
    Black {
        /// The picture.
        path: PathBuf,
    },
}

/// How surroundings are shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnvironmentLook {
    /// Stops added to the picture's own brightness; without a value the showroom measures the picture.
    pub exposure: Option<f32>,
    /// Turn about the vertical axis, in degrees; positive turns the surroundings from the front to the car's left.
    pub rotation: f32,
    /// What the car stands on.
    pub ground: GroundLook,
}

impl Default for EnvironmentLook {
    fn default() -> Self {
        Self { exposure: None, rotation: 0.0, ground: GroundLook::default() }
    }
}

/// What the car stands on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GroundLook {
    /// Height of the picture's camera above its ground, in metres.
    pub eye_m: f32,
    /// Distance in metres from the middle at which the ground gives way to the distant picture.
    pub reach_m: f32,
    /// Strength of the stone grain added to the ground, 0..1.
    pub grain: f32,
    /// 0 shows the picture as backdrop, 1 a seamless paper curve in the colours below.
    pub seamless: f32,
    /// Linear RGB radiance of the paper below the car, in the picture's unit.
    pub floor: [f32; 3],
    /// Linear RGB radiance of the paper behind the car, in the picture's unit.
    pub wall: [f32; 3],
    /// How blurred the distance is, 0..1; a photographer's open aperture.
    pub blur: f32,
    /// How much the ground mirrors the car, 0..1.
    pub gloss: f32,
}

impl Default for GroundLook {
    fn default() -> Self {
        Self {
            eye_m: 1.6,
            reach_m: 60.0,
            grain: 0.0,
            seamless: 0.0,
            floor: [0.5; 3],
            wall: [0.5; 3],
            blur: 0.35,
            gloss: 0.0,
        }
    }
}

/// One bundled environment's card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentInfo {
    /// The name in commands and files.
    pub id: String,
    /// The name shown to people.
    pub name: String,
    /// The picture's file name beside the list.
    pub file: PathBuf,
    /// How it is shown.
    #[serde(flatten)]
    pub look: LookFields,
}

/// [`EnvironmentLook`] as `environments.toml` writes it; `flatten` and `deny_unknown_fields` exclude each other.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LookFields {
    /// See [`EnvironmentLook::exposure`].
    #[serde(default)]
    pub exposure: Option<f32>,
    /// See [`EnvironmentLook::rotation`].
    #[serde(default)]
    pub rotation: f32,
    /// See [`EnvironmentLook::ground`].
    #[serde(default)]
    pub ground: GroundLook,
}

impl From<&LookFields> for EnvironmentLook {
    fn from(fields: &LookFields) -> Self {
        Self { exposure: fields.exposure, rotation: fields.rotation, ground: fields.ground.clone() }
    }
}

#[derive(Deserialize)]
struct EnvironmentList {
    environment: Vec<EnvironmentInfo>,
}

/// File name of the list of bundled environments.
pub const LIST_NAME: &str = "environments.toml";

/// The bundled environments, in the list's order.
pub fn bundled_environments() -> Result<Vec<EnvironmentInfo>, EnvironmentError> {
    let path = bundled::environments_dir().join(LIST_NAME);
    let bytes = gridvox_car::files::read_limited(&path, 1 << 20)?;
    let broken = |reason: String| EnvironmentError::List { path: path.clone(), reason };
    let text = String::from_utf8(bytes).map_err(|error| broken(error.to_string()))?;
    let list: EnvironmentList = toml::from_str(&text).map_err(|error| broken(error.message().to_owned()))?;
    Ok(list.environment)
}

/// Everything that lighting the scene needs, ready for the GPU.
#[derive(Debug, Clone)]
pub struct PreparedEnvironment {
    /// Which surroundings these are.
    pub id: EnvironmentId,
    /// How they are shown.
    pub look: EnvironmentLook,
    /// Light, filtered.
    pub light: Arc<FilteredLight>,
}

/// Brightness of a perfectly white sheet on the ground; the tone curve takes what is above 0.8 gently to white.
const METER: f32 = 1.25;

/// A picture of surroundings, filtered for image-based light. Radiance is in the picture's own unit.
#[derive(Debug, Clone, PartialEq)]
pub struct FilteredLight {
    /// GGX-filtered radiance: level `k` of `n` is for perceptual roughness `k / (n - 1)`; level 0 is the picture itself.
    pub specular: Cubemap,
    /// Cosine-filtered radiance (irradiance divided by pi), one level.
    pub diffuse: Cubemap,
    /// A compact, strong source that was taken out of the picture.
    pub sun: Option<Sun>,
    /// Irradiance on open, level ground without the sun, linear RGB.
    pub sky_irradiance: [f32; 3],
}

impl FilteredLight {
    /// Filters a picture: takes the sun out, then fills the cubemaps.
    pub fn filter(mut picture: Equirect) -> Self {
        let sun = sun::take_out(&mut picture);
        let base = Cubemap::from_equirect(&picture, cubemap::SPECULAR_PX);
        let specular = base.prefilter_specular(cubemap::SPECULAR_LEVELS);
        let diffuse = base.prefilter_diffuse(cubemap::DIFFUSE_PX);
        let up = diffuse.sample(0, glam::Vec3::Y) * std::f32::consts::PI;
        Self { specular, diffuse, sun, sky_irradiance: up.to_array() }
    }

    /// Irradiance on level ground with the sun.
    pub fn level_irradiance(&self) -> glam::Vec3 {
        let sun = self.sun.map_or(glam::Vec3::ZERO, |sun| glam::Vec3::from(sun.irradiance) * sun.direction[1].max(0.0));
        glam::Vec3::from(self.sky_irradiance) + sun
    }

    /// Share of the sun in the light on open, level ground.
    pub fn sun_share(&self) -> f32 {
        let weights = glam::Vec3::new(0.2126, 0.7152, 0.0722);
        let sky = glam::Vec3::from(self.sky_irradiance).dot(weights);
        1.0 - sky / self.level_irradiance().dot(weights).max(1e-6)
    }

    /// The factor that shows a white sheet on the ground as white: a light meter that knows that cars are bright.
    pub fn metered_gain(&self) -> f32 {
        let e = self.level_irradiance();
        let luminance = e.dot(glam::Vec3::new(0.2126, 0.7152, 0.0722)).max(1e-6);
        METER * std::f32::consts::PI / luminance
    }
}

impl PreparedEnvironment {
    /// Reads surroundings, from the cache where they were filtered before. Blocks: call it on a worker.
    pub fn load(id: &EnvironmentId) -> Result<Self, EnvironmentError> {
        let (path, look) = match id {
            EnvironmentId::File(path) => (path.clone(), EnvironmentLook::default()),
            EnvironmentId::Bundled(name) => {
                let known = bundled_environments()?;
                let Some(info) = known.iter().find(|info| info.id == *name) else {
                    let known = known.into_iter().map(|info| info.id).collect();
                    return Err(EnvironmentError::Unknown { asked: name.clone(), known });
                };
                (bundled::environments_dir().join(&info.file), EnvironmentLook::from(&info.look))
            }
        };
        let bytes = gridvox_car::files::read_limited(&path, equirect::MAX_FILE_BYTES)?;
        let key = cache::key(&bytes);
        let light = match cache::read(&key) {
            Some(light) => light,
            None => {
                let light = FilteredLight::filter(Equirect::decode(&bytes, &path)?);
                cache::write(&key, &light);
                light
            }
        };
        Ok(Self { id: id.clone(), look, light: Arc::new(light) })
    }

    /// The factor between the picture's radiance and what a picture of it shows.
    pub fn gain(&self) -> f32 {
        self.look.exposure.map_or_else(|| self.light.metered_gain(), f32::exp2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_types_is_a_name_or_a_picture() {
        assert_eq!(EnvironmentId::parse("overcast"), EnvironmentId::Bundled("overcast".into()));
        assert_eq!(EnvironmentId::parse("my/garage.HDR"), EnvironmentId::File("my/garage.HDR".into()));
        assert_eq!(EnvironmentId::parse("sky.exr"), EnvironmentId::File("sky.exr".into()));
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = PreparedEnvironment::load(&EnvironmentId::Bundled("moon".into())).expect_err("there is no moon");
        let text = error.to_string();
        assert!(text.contains("moon") && text.contains("soft_studio") && text.contains("clear_sky"), "{text}");
    }

    #[test]
    fn every_bundled_environment_has_its_picture() {
        let list = bundled_environments().expect("the list is part of the source");
        assert!(list.len() >= 3);
        for info in list {
            let path = bundled::environments_dir().join(&info.file);
            assert!(path.is_file(), "{} is missing", path.display());
            let megabytes = path.metadata().expect("just seen").len() as f64 / 1e6;
            assert!(megabytes < 6.0, "{} has {megabytes} MB", info.id);
        }
    }
}
