//! The albedo network: which paint a place on the car has, told from how it and everything around it look in the photo.
//!
//! Camera and mesh are known by now, so the network does not see a picture but points: each with its colour in the photo
//! and its place, normal, mirrored direction and material. A few latent vectors gather from all of them what the light
//! and the inks are, and every point reads from the latents (induced set attention, Lee et al. 2019). That costs as much
//! for a point as two small layers, wherever it lies, and works on any car.

use candle_core::{Module, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use glam::Vec3;
use gridvox_car::MaterialKind;
use serde::{Deserialize, Serialize};

use super::layers::{Conv, Norm, Residual, SetLayer, for_each_of};
use super::weights::Model;
use crate::color::LinearRgb;

/// What a point shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The car, made of this.
    Car(MaterialKind),
    /// What lies around it.
    Surroundings,
}

impl Shown {
    fn index(self) -> usize {
        match self {
            Self::Car(MaterialKind::Paint) => 0,
            Self::Car(MaterialKind::Glass) => 1,
            Self::Car(MaterialKind::Lamp) => 2,
            Self::Car(MaterialKind::Rubber) => 3,
            Self::Car(MaterialKind::Metal) => 4,
            Self::Car(MaterialKind::Carbon) => 5,
            Self::Car(MaterialKind::Interior) => 6,
            Self::Surroundings => 7,
        }
    }
}

/// A place that the photo shows.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Linear light in the photo, 0..=1.
    pub rgb: LinearRgb,
    /// What is there.
    pub shown: Shown,
    /// Unit normal in the car's space; zero for surroundings.
    pub normal: Vec3,
    /// Where a mirror there would look, unit length; for surroundings the direction that they are seen in.
    pub mirrored: Vec3,
    /// Cosine between normal and the direction to the camera; 0 for surroundings.
    pub facing: f32,
    /// Place by the car's bounding box, -1..1; zero for surroundings.
    pub place: Vec3,
    /// 0 (shut in) to 1 (open).
    pub occlusion: f32,
}

/// How many points of each kind tell about the light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mix {
    /// On painted parts.
    pub paint: usize,
    /// On other parts.
    pub other: usize,
    /// Beside the car.
    pub surroundings: usize,
}

impl Mix {
    /// All of them.
    pub const fn total(self) -> usize {
        self.paint + self.other + self.surroundings
    }
}

/// What the network is trained with and should be given.
pub const CONTEXT: Mix = Mix { paint: 320, other: 112, surroundings: 80 };

const KINDS: usize = 8;
/// Octaves of the sines and cosines of place and mirrored direction.
const OCTAVES: usize = 3;
/// Numbers that describe a point.
pub const FEATURES: usize = 6 + KINDS + 3 + 3 + 3 + 3 + 2 * 6 * OCTAVES;
/// Keeps logarithms of black finite.
const DARK: f32 = 0.004;

impl Point {
    /// A place on the car that is seen from `eye`, still without its colour.
    pub fn on_car(kind: MaterialKind, position: Vec3, normal: Vec3, place: Vec3, eye: Vec3, occlusion: f32) -> Self {
        let to_eye = (eye - position).normalize_or(Vec3::Y);
        let facing = normal.dot(to_eye);
        let mirrored = (2.0 * facing * normal - to_eye).normalize_or(normal);
        Self { rgb: [0.0; 3], shown: Shown::Car(kind), normal, mirrored, facing: facing.max(0.0), place, occlusion }
    }

    /// What lies in a direction beside the car, still without its colour.
    pub fn surroundings(direction: Vec3) -> Self {
        Self {
            rgb: [0.0; 3],
            shown: Shown::Surroundings,
            normal: Vec3::ZERO,
            mirrored: direction,
            facing: 0.0,
            place: Vec3::ZERO,
            occlusion: 1.0,
        }
    }

    /// The same point of the mirrored scene.
    pub fn mirrored_car(&self) -> Self {
        let flip = |v: Vec3| Vec3::new(-v.x, v.y, v.z);
        Self { normal: flip(self.normal), mirrored: flip(self.mirrored), place: flip(self.place), ..*self }
    }

    /// Appends the [`FEATURES`] numbers that the network sees.
    pub fn features(&self, out: &mut Vec<f32>) {
        out.extend(self.rgb.map(|v| 2.0 * v.max(0.0).powf(1.0 / 2.2) - 1.0));
        out.extend(self.rgb.map(|v| 0.35 * (v.max(0.0) + DARK).ln() + 0.8));
        let kind = self.shown.index();
        out.extend((0..KINDS).map(|k| f32::from(u8::from(k == kind))));
        out.extend(self.normal.to_array());
        out.extend(self.mirrored.to_array());
        out.extend([self.facing, (1.0 - self.facing.clamp(0.0, 1.0)).powi(5), self.occlusion]);
        out.extend(self.place.to_array());
        for vector in [self.place, self.mirrored] {
            for octave in 0..OCTAVES {
                let scaled = vector * (std::f32::consts::PI * (1 << octave) as f32);
                out.extend(scaled.to_array().map(f32::sin));
                out.extend(scaled.to_array().map(f32::cos));
            }
        }
    }

    /// The albedo that the network's three outputs stand for, linear RGB: they are what to add to the cube root of the
    /// photo's colour.
    pub fn albedo(&self, output: &[f32]) -> LinearRgb {
        std::array::from_fn(|k| answer(self.rgb[k].max(0.0).cbrt() + output[k]).0)
    }

    /// The albedo and its derivative by each output.
    pub fn albedo_with_slope(&self, output: &[f32]) -> (LinearRgb, [f32; 3]) {
        let both: [(f32, f32); 3] = std::array::from_fn(|k| answer(self.rgb[k].max(0.0).cbrt() + output[k]));
        (both.map(|b| b.0), both.map(|b| b.1))
    }
}

/// The cube of `x` and its slope, ending softly at 0 so that no answer is without a gradient.
fn answer(x: f32) -> (f32, f32) {
    const CORNER: f32 = 0.02;
    let length = (x * x + CORNER * CORNER).sqrt();
    let soft = 0.5 * (x + length);
    (soft.powi(3), 3.0 * soft * soft * 0.5 * (1.0 + x / length))
}

/// Size of the network; `config.json` beside the weights holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlbedoConfig {
    /// Channels of points and latents.
    pub channels: usize,
    /// Latent vectors.
    pub latents: usize,
    /// Rounds of gathering and reading.
    pub layers: usize,
    /// Heads of the attention; divides `channels`.
    pub heads: usize,
}

impl AlbedoConfig {
    /// The network that ships.
    pub fn standard() -> Self {
        Self { channels: 128, latents: 64, layers: 4, heads: 4 }
    }

    /// A network for tests that trains in moments.
    pub fn tiny() -> Self {
        Self { channels: 16, latents: 4, layers: 1, heads: 2 }
    }
}

/// The network with its weights.
pub struct AlbedoNetwork {
    config: AlbedoConfig,
    embed: Conv,
    start: Residual,
    latents: Tensor,
    layers: Vec<SetLayer>,
    head_norm: Norm,
    head: Conv,
}

/// What the latents learned from a photo, layer by layer; each (batch, 1, latents, channels).
pub struct Gathered(Vec<Tensor>);

impl Model for AlbedoNetwork {
    type Config = AlbedoConfig;
    const NAME: &'static str = "albedo";

    fn new(config: &AlbedoConfig, vb: VarBuilder) -> Result<Self> {
        let c = config.channels;
        let vb_layers = vb.pp("layers");
        let layer = |i: usize| SetLayer::new(c, config.heads, vb_layers.pp(i));
        Ok(Self {
            config: config.clone(),
            embed: Conv::new(1, FEATURES, c, vb.pp("embed"))?,
            start: Residual::new(1, c, 2 * c, vb.pp("start"))?,
            latents: vb.get_with_hints((1, 1, config.latents, c), "latents", Init::Randn { mean: 0.0, stdev: 0.5 })?,
            layers: (0..config.layers).map(layer).collect::<Result<_>>()?,
            head_norm: Norm::new(c, vb.pp("head_norm"))?,
            head: Conv::new(1, c, 3, vb.pp("head"))?,
        })
    }

    fn problem(config: &AlbedoConfig) -> Option<String> {
        let sizes = [config.channels, config.latents, config.layers];
        if sizes.iter().any(|&s| s == 0 || s > 1024) {
            return Some("channels, latents and layers go from 1 to 1024".into());
        }
        (config.heads == 0 || config.channels % config.heads != 0)
            .then(|| format!("{} heads do not divide {} channels", config.heads, config.channels))
    }

    fn config(&self) -> &AlbedoConfig {
        &self.config
    }
}

/// The same network, trained to half on harsh light: dark rooms with a lamp, rows of lamps, a low sun. Under a
/// photographer's lamp it is far better than the other; both are asked, for their mistakes differ.
pub struct HarshAlbedo(AlbedoNetwork);

impl Model for HarshAlbedo {
    type Config = AlbedoConfig;
    const NAME: &'static str = "albedo_harsh";
    const STARTS_FROM: &'static str = AlbedoNetwork::NAME;

    fn new(config: &AlbedoConfig, vb: VarBuilder) -> Result<Self> {
        AlbedoNetwork::new(config, vb).map(Self)
    }

    fn problem(config: &AlbedoConfig) -> Option<String> {
        AlbedoNetwork::problem(config)
    }

    fn config(&self) -> &AlbedoConfig {
        self.0.config()
    }
}

impl AsRef<AlbedoNetwork> for AlbedoNetwork {
    fn as_ref(&self) -> &AlbedoNetwork {
        self
    }
}

impl AsRef<AlbedoNetwork> for HarshAlbedo {
    fn as_ref(&self) -> &AlbedoNetwork {
        &self.0
    }
}

impl AlbedoNetwork {
    /// Runs on points of (batch, 1, count, [`FEATURES`]), of which the first `context` tell about the light; returns what
    /// [`Point::albedo`] takes for each, (batch, 1, count, 3).
    pub fn forward(&self, points: &Tensor, context: usize) -> Result<Tensor> {
        let mut x = self.embedded(points)?;
        let mut latents = for_each_of(points.dim(0)?, &self.latents)?;
        for layer in &self.layers {
            latents = layer.gather(&latents, &x.narrow(2, 0, context)?.contiguous()?)?;
            x = layer.read(&x, &latents)?;
        }
        self.head.forward(&self.head_norm.forward(&x)?)
    }

    /// Learns the light from the points of one photo, (1, 1, count, [`FEATURES`]).
    pub fn gather(&self, points: &Tensor) -> Result<Gathered> {
        let mut x = self.embedded(points)?;
        let mut latents = for_each_of(points.dim(0)?, &self.latents)?;
        let mut gathered = Vec::new();
        for layer in &self.layers {
            latents = layer.gather(&latents, &x)?;
            gathered.push(latents.clone());
            x = layer.read(&x, &latents)?;
        }
        Ok(Gathered(gathered))
    }

    /// As [`Self::forward`], for more points under a light that is known.
    pub fn read(&self, points: &Tensor, gathered: &Gathered) -> Result<Tensor> {
        let mut x = self.embedded(points)?;
        for (layer, latents) in self.layers.iter().zip(&gathered.0) {
            x = layer.read(&x, latents)?;
        }
        self.head.forward(&self.head_norm.forward(&x)?)
    }

    fn embedded(&self, points: &Tensor) -> Result<Tensor> {
        self.start.forward(&self.embed.forward(points)?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use candle_nn::VarMap;

    use super::*;
    use crate::net::check::{check_all_learn, noise};

    #[test]
    fn every_weight_gets_a_gradient() {
        let vars = VarMap::new();
        let vb = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
        let network = AlbedoNetwork::new(&AlbedoConfig::tiny(), vb).unwrap();
        let output = network.forward(&noise(&[2, 1, 12, FEATURES], 1), 8).unwrap();
        assert_eq!(output.dims(), [2, 1, 12, 3]);
        check_all_learn(&vars, &output.sqr().unwrap().sum_all().unwrap(), &[]);
    }

    #[test]
    fn reading_later_says_the_same_as_all_at_once() {
        let vars = VarMap::new();
        let vb = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
        let network = AlbedoNetwork::new(&AlbedoConfig::tiny(), vb).unwrap();
        let points = noise(&[1, 1, 12, FEATURES], 1);
        let whole = network.forward(&points, 8).unwrap().narrow(2, 8, 4).unwrap();
        let gathered = network.gather(&points.narrow(2, 0, 8).unwrap().contiguous().unwrap()).unwrap();
        let later = network.read(&points.narrow(2, 8, 4).unwrap().contiguous().unwrap(), &gathered).unwrap();
        let off = (whole - later).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(off < 1e-5, "{off}");
    }

    #[test]
    fn a_point_has_as_many_features_as_it_says() {
        let point = Point {
            rgb: [0.2, 0.0, 1.0],
            shown: Shown::Car(MaterialKind::Paint),
            normal: Vec3::Y,
            mirrored: Vec3::Z,
            facing: 0.7,
            place: Vec3::new(0.1, -0.4, 0.9),
            occlusion: 1.0,
        };
        let mut features = Vec::new();
        point.features(&mut features);
        assert_eq!(features.len(), FEATURES);
        assert!(features.iter().all(|v| v.is_finite() && v.abs() < 3.0), "{features:?}");
    }
}
