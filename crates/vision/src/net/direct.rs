//! The direct network: paints a car's whole texture from one look at a photo, without camera or mesh.
//!
//! This is the obvious way to a livery and the baseline that evaluation sets beside the project's own: an encoder like the
//! correspondence network's over the photo, learned queries on a grid over the texture that look at what it found
//! (cross-attention, twice at 1/16 and once at 1/8 of the texture's size), and a decoder up to the texture. It is about as
//! large as the correspondence network, and it knows one car: the layout of its texture is in its weights. No job but
//! the evaluation's loads it.

use std::path::Path;

use candle_core::{Device, Module, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use glam::Vec2;
use gridvox_car::AtlasMaps;
use image::{Rgba, RgbaImage, RgbImage};
use serde::{Deserialize, Serialize};

use super::encoder::Encoder;
use super::layers::{Attention, Conv, CrossAttention, Norm, Residual, for_each_of};
use super::look;
use super::network::INPUT_CHANNELS;
use super::shuffle::channels_to_pixels;
use super::spread::spread;
use super::weights::Model;
use super::{CropRect, ModelError, weights};

/// Size of the network, and whose texture it paints; `config.json` beside the weights holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectConfig {
    /// Id of the car.
    pub car: String,
    /// Input width in pixels, a multiple of 16.
    pub width: usize,
    /// Input height in pixels, a multiple of 16.
    pub height: usize,
    /// Edge of the painted texture in texels, a multiple of 16.
    pub texture: usize,
    /// Channels of the photo at 1/2, 1/4, 1/8 and 1/16 of its size.
    pub channels: [usize; 4],
    /// Residual blocks of the encoder at 1/4, 1/8 and 1/16.
    pub blocks: [usize; 3],
    /// Channels of the texture at 1/4 and 1/2 of its size; at 1/16 and 1/8 they are the photo's last two.
    pub fine: [usize; 2],
    /// Rounds of looking at the photo at 1/16 of the texture's size.
    pub looks: usize,
    /// Heads of each attention; divides the last two of `channels`.
    pub heads: usize,
}

impl DirectConfig {
    /// A network for a car, of the correspondence network's size.
    pub fn standard(car: &str) -> Self {
        Self {
            car: car.to_owned(),
            width: 288,
            height: 192,
            texture: 256,
            channels: [24, 32, 64, 128],
            blocks: [1, 2, 1],
            fine: [48, 32],
            looks: 2,
            heads: 4,
        }
    }

    /// A network for tests that trains in moments.
    pub fn tiny(car: &str) -> Self {
        Self {
            width: 64,
            height: 32,
            texture: 32,
            channels: [8, 8, 16, 16],
            blocks: [1, 1, 1],
            fine: [8, 8],
            looks: 1,
            heads: 2,
            ..Self::standard(car)
        }
    }
}

/// One round of the texture's queries: they look at the photo, at each other, and think.
struct Look {
    photo: CrossAttention,
    mix: Attention,
    think: Residual,
}

/// The network with its weights.
pub struct DirectNetwork {
    config: DirectConfig,
    encoder: Encoder,
    position: Tensor,
    attention: (Attention, Residual),
    queries: Tensor,
    looks: Vec<Look>,
    details: Tensor,
    closer: CrossAttention,
    up: [Conv; 3],
    decoder: [Residual; 3],
    head_norm: Norm,
    head: Conv,
}

impl Model for DirectNetwork {
    type Config = DirectConfig;
    const NAME: &'static str = "direct";

    fn new(config: &DirectConfig, vb: VarBuilder) -> Result<Self> {
        let (c, f, heads) = (config.channels, config.fine, config.heads);
        let look = |vb: VarBuilder| -> Result<Look> {
            Ok(Look {
                photo: CrossAttention::new(c[3], heads, vb.pp("photo"))?,
                mix: Attention::new(c[3], heads, vb.pp("mix"))?,
                think: Residual::new(1, c[3], 2 * c[3], vb.pp("think"))?,
            })
        };
        let cells = (config.height / 16, config.width / 16);
        let coarse = config.texture / 16;
        let near = |name: &str, shape: (usize, usize, usize, usize)| {
            vb.pp(name).get_with_hints(shape, "position", Init::Randn { mean: 0.0, stdev: 0.1 })
        };
        Ok(Self {
            config: config.clone(),
            encoder: Encoder::new(INPUT_CHANNELS, c, config.blocks, &vb)?,
            position: near("photo", (1, cells.0, cells.1, c[3]))?,
            attention: (
                Attention::new(c[3], heads, vb.pp("attention.mix"))?,
                Residual::new(1, c[3], 3 * c[3], vb.pp("attention.think"))?,
            ),
            queries: near("queries", (1, coarse, coarse, c[3]))?,
            looks: (0..config.looks).map(|i| look(vb.pp(format!("looks.{i}")))).collect::<Result<_>>()?,
            details: near("details", (1, 2 * coarse, 2 * coarse, c[2]))?,
            closer: CrossAttention::new(c[2], heads, vb.pp("closer"))?,
            up: [
                Conv::new(1, c[3], 4 * c[2], vb.pp("up.0"))?,
                Conv::new(1, c[2], 4 * f[0], vb.pp("up.1"))?,
                Conv::new(1, f[0], 4 * f[1], vb.pp("up.2"))?,
            ],
            decoder: [
                Residual::new(3, c[2], c[2], vb.pp("decoder.0"))?,
                Residual::new(3, f[0], f[0], vb.pp("decoder.1"))?,
                Residual::new(3, f[1], f[1], vb.pp("decoder.2"))?,
            ],
            head_norm: Norm::new(f[1], vb.pp("head_norm"))?,
            head: Conv::new(1, f[1], 12, vb.pp("head"))?,
        })
    }

    fn problem(config: &DirectConfig) -> Option<String> {
        let sizes = [config.width, config.height, config.texture];
        if sizes.iter().any(|&s| s == 0 || s % 16 != 0 || s > 1024) {
            return Some(format!("{sizes:?} are not multiples of 16 up to 1024"));
        }
        let channels = || config.channels.iter().chain(&config.fine);
        if channels().any(|&c| c == 0 || c > 1024) || config.blocks.iter().any(|&b| b > 16) || config.looks > 16 {
            return Some("channels go from 1 to 1024, blocks and looks up to 16".into());
        }
        let heads = config.heads;
        (heads == 0 || config.channels[2] % heads != 0 || config.channels[3] % heads != 0)
            .then(|| format!("{heads} heads do not divide the channels"))
    }

    fn config(&self) -> &DirectConfig {
        &self.config
    }
}

impl DirectNetwork {
    /// Runs on `x`: (batch, height, width, [`INPUT_CHANNELS`]), f32. Returns sRGB of (batch, texture, texture, 3); 0 to 1,
    /// but not held there.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let [_, _, x2, x3] = self.encoder.forward(x)?;
        let x3 = (&x3 + spread(&self.position, x3.dims())?)?;
        let x3 = self.attention.1.forward(&self.attention.0.forward(&x3)?)?;
        let mut y = for_each_of(x.dim(0)?, &self.queries)?;
        for look in &self.looks {
            y = look.think.forward(&look.mix.forward(&look.photo.forward(&y, &x3)?)?)?;
        }
        let y = channels_to_pixels(&self.up[0].forward(&y)?)?;
        let y = (&y + spread(&self.details, y.dims())?)?;
        let y = self.decoder[0].forward(&self.closer.forward(&y, &x2)?)?;
        let y = self.decoder[1].forward(&channels_to_pixels(&self.up[1].forward(&y)?)?)?;
        let y = self.decoder[2].forward(&channels_to_pixels(&self.up[2].forward(&y)?)?)?;
        channels_to_pixels(&self.head.forward(&self.head_norm.forward(&y)?)?)? + 0.5
    }
}

/// For each texel of a small texture one that is painted: itself, or beside an island its painted neighbour; `u32::MAX`
/// where there is none.
pub fn painted_nearby(maps: &AtlasMaps) -> Vec<u32> {
    let size = maps.size as isize;
    let painted = |x: isize, y: isize| {
        let inside = x >= 0 && y >= 0 && x < size && y < size;
        (inside && maps.part[(y * size + x) as usize] != 0).then_some((y * size + x) as u32)
    };
    let around = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, -1), (-1, 1), (1, 1)];
    (0..size * size)
        .map(|i| around.iter().find_map(|(dx, dy)| painted(i % size + dx, i / size + dy)).unwrap_or(u32::MAX))
        .collect()
}

/// The network, ready to paint.
pub struct DirectPainter {
    network: DirectNetwork,
}

impl DirectPainter {
    /// Loads the weights from a models folder; `None` where there are none.
    ///
    /// # Errors
    /// Where they cannot be used.
    pub fn load(models_dir: &Path) -> std::result::Result<Option<Self>, ModelError> {
        if !weights::manifest(models_dir)?.models.contains_key(DirectNetwork::NAME) {
            return Ok(None);
        }
        Ok(Some(Self { network: weights::load(models_dir, &Device::Cpu)? }))
    }

    /// Id of the car that it paints.
    pub fn car(&self) -> &str {
        &self.network.config().car
    }

    /// The texture of the car in the photo, `size` texels wide: bilinear between the texels that the network paints.
    ///
    /// # Errors
    /// Where the photo is empty or the network cannot run.
    pub fn paint(&self, photo: &RgbImage, size: u32) -> std::result::Result<RgbaImage, ModelError> {
        let (pw, ph) = photo.dimensions();
        if pw == 0 || ph == 0 {
            return Err(ModelError::EmptyPhoto { width: pw, height: ph });
        }
        let config = self.network.config();
        let shape = Vec2::new(config.width as f32, config.height as f32);
        let photo_size = Vec2::new(pw as f32, ph as f32);
        let frame = shape * (photo_size / shape).max_element();
        let corner = (photo_size - frame) * 0.5;
        let crop = CropRect { x: corner.x, y: corner.y, w: frame.x, h: frame.y };
        let pixels = look::resampled(photo, crop, config.width, config.height);
        let input = look::input(&pixels, config.width, config.height, |x, y| {
            let at = corner + (Vec2::new(x as f32, y as f32) + 0.5) * frame / shape;
            at.cmpge(Vec2::ZERO).all() && at.cmple(photo_size).all()
        });
        let x = Tensor::from_vec(input, (1, config.height, config.width, INPUT_CHANNELS), &Device::Cpu)?;
        let values = self.network.forward(&x)?.flatten_all()?.to_vec1::<f32>()?;
        Ok(enlarged(&values, config.texture, size))
    }
}

/// Texels of 0..1, three channels, at another size.
fn enlarged(values: &[f32], from: usize, size: u32) -> RgbaImage {
    let last = from as f32 - 1.0;
    RgbaImage::from_fn(size, size, |x, y| {
        let at = ((Vec2::new(x as f32, y as f32) + 0.5) * from as f32 / size as f32 - 0.5).clamp(Vec2::ZERO, Vec2::splat(last));
        let (x0, y0) = (at.x as usize, at.y as usize);
        let (x1, y1) = ((x0 + 1).min(from - 1), (y0 + 1).min(from - 1));
        let t = at.fract();
        let rgb: [u8; 3] = std::array::from_fn(|k| {
            let value = |x: usize, y: usize| values[3 * (y * from + x) + k];
            let top = value(x0, y0) * (1.0 - t.x) + value(x1, y0) * t.x;
            let bottom = value(x0, y1) * (1.0 - t.x) + value(x1, y1) * t.x;
            ((top * (1.0 - t.y) + bottom * t.y).clamp(0.0, 1.0) * 255.0 + 0.5) as u8
        });
        Rgba([rgb[0], rgb[1], rgb[2], 255])
    })
}

#[cfg(test)]
mod tests {
    use candle_core::DType;
    use candle_nn::VarMap;

    use super::*;
    use crate::net::check::{check_all_learn, noise};
    use crate::net::{Network, NetworkConfig};

    fn parameters<M: Model>(config: &M::Config) -> usize {
        let vars = VarMap::new();
        M::new(config, VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).expect("it can be built");
        vars.all_vars().iter().map(|var| var.elem_count()).sum()
    }

    #[test]
    fn it_is_as_large_as_the_correspondence_network() {
        let ours = parameters::<Network>(&NetworkConfig::standard()) as f32;
        let direct = parameters::<DirectNetwork>(&DirectConfig::standard("a_car")) as f32;
        assert!((direct / ours - 1.0).abs() < 0.1, "{direct} parameters and not {ours}");
    }

    #[test]
    fn every_weight_gets_a_gradient() {
        let config = DirectConfig::tiny("a_car");
        let vars = VarMap::new();
        let network = DirectNetwork::new(&config, VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).unwrap();
        let output = network.forward(&noise(&[2, config.height, config.width, INPUT_CHANNELS], 1)).unwrap();
        assert_eq!(output.dims(), [2, config.texture, config.texture, 3]);
        check_all_learn(&vars, &output.sqr().unwrap().sum_all().unwrap(), &[]);
    }

    #[test]
    fn a_texture_is_enlarged_without_a_shift() {
        let values: Vec<f32> = (0..16).flat_map(|i| [if i % 4 < 2 { 0.0 } else { 1.0 }, 0.5, 0.2]).collect();
        let large = enlarged(&values, 4, 64);
        assert_eq!((large.get_pixel(4, 30).0, large.get_pixel(60, 30).0), ([0, 128, 51, 255], [255, 128, 51, 255]));
        let edge = [31, 32].map(|x| i32::from(large.get_pixel(x, 9).0[0]));
        assert!((edge[0] + edge[1] - 255).abs() <= 1, "{edge:?} lie beside the middle");
    }

    #[test]
    fn beside_islands_their_rim_is_painted_too() {
        let maps = AtlasMaps::compute(&gridvox_car::testing::box_car(), 64);
        let nearby = painted_nearby(&maps);
        let mut rim = 0;
        for (i, &from) in nearby.iter().enumerate().filter(|(_, from)| **from != u32::MAX) {
            assert!(maps.part[from as usize] != 0 && (maps.part[i] == 0 || from as usize == i));
            rim += usize::from(maps.part[i] == 0);
        }
        assert!(rim > 50, "{rim}");
    }
}
