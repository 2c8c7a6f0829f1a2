//! The correspondence network: an encoder and decoder with attention at the coarsest level.
//!
//! Four levels at 1/2, 1/4, 1/8 and 1/16 of the input, residual blocks of two 3x3 convolutions, and transformer layers
//! over the coarsest level, whose every cell sees the whole car: that is what tells the left side from the right one.
//! Resolution changes by moving pixels to channels and back. Only operations with checked gradients are used.

use candle_core::{D, Module, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use gridvox_car::PartClass;
use serde::{Deserialize, Serialize};

use super::conv::conv2d;
use super::norm::channel_norm;
use super::shuffle::{channels_to_pixels, pixels_to_channels};

/// Channels of the input: red, green, blue, 1 inside the photo and 0 on the letterbox bars, and x and y in -1..1.
pub const INPUT_CHANNELS: usize = 6;

/// Channels of the output: mask logit, part logits, three coordinates, logarithm of the Laplace scale.
pub const OUTPUT_CHANNELS: usize = 1 + PartClass::ALL.len() + 4;

/// First channel of the part logits.
pub const PART: usize = 1;
/// First channel of the coordinates.
pub const COORD: usize = PART + PartClass::ALL.len();
/// Channel of the logarithm of the Laplace scale of the coordinates.
pub const LOG_SCALE: usize = COORD + 3;

/// Size of the network; `config.json` beside the weights holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Input width in pixels, a multiple of 16.
    pub width: usize,
    /// Input height in pixels, a multiple of 16.
    pub height: usize,
    /// Channels at 1/2, 1/4, 1/8 and 1/16 of the input's size.
    pub channels: [usize; 4],
    /// Residual blocks of the encoder at 1/4, 1/8 and 1/16.
    pub blocks: [usize; 3],
    /// Transformer layers at 1/16.
    pub attention: usize,
    /// Heads of each transformer layer; divides the last of `channels`.
    pub heads: usize,
}

impl NetworkConfig {
    /// The network that ships: 0.7 GFLOP for one look.
    pub fn standard() -> Self {
        Self { width: 224, height: 128, channels: [24, 32, 64, 128], blocks: [1, 2, 2], attention: 2, heads: 4 }
    }

    /// A network for tests that trains in moments.
    pub fn tiny() -> Self {
        Self { width: 64, height: 32, channels: [8, 8, 16, 16], blocks: [1, 1, 1], attention: 1, heads: 2 }
    }

    /// Why this configuration cannot be built, if so.
    pub fn problem(&self) -> Option<String> {
        let sizes = [self.width, self.height];
        if sizes.iter().any(|&s| s == 0 || s % 16 != 0 || s > 1024) {
            return Some(format!("{} x {} is not a multiple of 16 up to 1024", self.width, self.height));
        }
        if self.channels.iter().any(|&c| c == 0 || c > 1024) || self.blocks.iter().any(|&b| b > 16) {
            return Some("channels go from 1 to 1024 and blocks up to 16".into());
        }
        if self.heads == 0 || self.channels[3] % self.heads != 0 || self.attention > 16 {
            return Some(format!("{} heads do not divide {} channels", self.heads, self.channels[3]));
        }
        None
    }

    /// Width and height of the output grid, in cells.
    pub fn grid(&self) -> (usize, usize) {
        (self.width / 2, self.height / 2)
    }
}

struct Conv {
    weight: Tensor,
    bias: Tensor,
}

impl Conv {
    fn new(kernel: usize, c_in: usize, c_out: usize, vb: VarBuilder) -> Result<Self> {
        let fan_in = kernel * kernel * c_in;
        let init = Init::Randn { mean: 0.0, stdev: (2.0 / fan_in as f64).sqrt() };
        Ok(Self {
            weight: vb.get_with_hints((fan_in, c_out), "weight", init)?,
            bias: vb.get_with_hints(c_out, "bias", Init::Const(0.0))?,
        })
    }

    fn rectified(&self, x: &Tensor) -> Result<Tensor> {
        conv2d(x, &self.weight, &self.bias, true)
    }
}

impl Module for Conv {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        conv2d(x, &self.weight, &self.bias, false)
    }
}

struct Norm {
    gain: Tensor,
    offset: Tensor,
}

impl Norm {
    fn new(channels: usize, vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            gain: vb.get_with_hints(channels, "gain", Init::Const(1.0))?,
            offset: vb.get_with_hints(channels, "offset", Init::Const(0.0))?,
        })
    }
}

impl Module for Norm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        channel_norm(x, &self.gain, &self.offset)
    }
}

/// `x + conv(relu(conv(norm(x))))`; as a transformer's second half with 1x1 kernels.
struct Residual {
    norm: Norm,
    first: Conv,
    last: Conv,
}

impl Residual {
    fn new(kernel: usize, channels: usize, hidden: usize, vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            norm: Norm::new(channels, vb.pp("norm"))?,
            first: Conv::new(kernel, channels, hidden, vb.pp("first"))?,
            last: Conv::new(kernel, hidden, channels, vb.pp("last"))?,
        })
    }
}

impl Module for Residual {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x + self.last.forward(&self.first.rectified(&self.norm.forward(x)?)?)?
    }
}

struct Attention {
    norm: Norm,
    qkv: Conv,
    last: Conv,
    heads: usize,
}

impl Attention {
    fn new(channels: usize, heads: usize, vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            norm: Norm::new(channels, vb.pp("norm"))?,
            qkv: Conv::new(1, channels, 3 * channels, vb.pp("qkv"))?,
            last: Conv::new(1, channels, channels, vb.pp("last"))?,
            heads,
        })
    }
}

impl Module for Attention {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (b, h, w, c) = x.dims4()?;
        let (cells, size) = (h * w, c / self.heads);
        let qkv = self.qkv.forward(&self.norm.forward(x)?)?.reshape((b, cells, 3, self.heads, size))?;
        let part = |i: usize| qkv.narrow(2, i, 1)?.squeeze(2)?.transpose(1, 2)?.contiguous();
        let (q, k, v) = (part(0)?, part(1)?, part(2)?);
        let scores = (q.matmul(&k.transpose(2, 3)?.contiguous()?)? * (size as f64).sqrt().recip())?;
        // The maximum only guards against overflow and carries no gradient.
        let scores = scores.broadcast_sub(&scores.detach().max_keepdim(D::Minus1)?)?.exp()?;
        let weights = scores.broadcast_div(&scores.sum_keepdim(D::Minus1)?)?;
        let mixed = weights.matmul(&v)?.transpose(1, 2)?.contiguous()?.reshape((b, h, w, c))?;
        x + self.last.forward(&mixed)?
    }
}

/// What one forward pass returns.
pub struct Output {
    /// (batch, height / 2, width / 2, [`OUTPUT_CHANNELS`]).
    pub dense: Tensor,
    /// Logit of "there is a car", (batch).
    pub car: Tensor,
}

/// The network with its weights.
pub struct Network {
    config: NetworkConfig,
    stem: Conv,
    down: [Conv; 3],
    encoder: [Vec<Residual>; 3],
    position: Tensor,
    attention: Vec<(Attention, Residual)>,
    car_norm: Norm,
    car: Conv,
    up: [Conv; 3],
    decoder: [Residual; 2],
    finest: Conv,
    head: Conv,
}

impl Network {
    /// Takes the weights from `vb`, or makes them there when it is backed by a `VarMap`.
    pub fn new(config: &NetworkConfig, vb: VarBuilder) -> Result<Self> {
        let c = config.channels;
        let blocks = |level: usize, vb: VarBuilder| -> Result<Vec<Residual>> {
            (0..config.blocks[level - 1]).map(|i| Residual::new(3, c[level], c[level], vb.pp(i))).collect()
        };
        let vb_attention = vb.pp("attention");
        let attention = (0..config.attention)
            .map(|i| {
                let vb = vb_attention.pp(i);
                let mix = Attention::new(c[3], config.heads, vb.pp("mix"))?;
                Ok((mix, Residual::new(1, c[3], 3 * c[3], vb.pp("think"))?))
            })
            .collect::<Result<_>>()?;
        let down = |i: usize| Conv::new(1, 4 * c[i], c[i + 1], vb.pp(format!("down.{i}")));
        let up = |i: usize| Conv::new(1, c[i + 1], 4 * c[i], vb.pp(format!("up.{i}")));
        let cells = (config.height / 16, config.width / 16);
        Ok(Self {
            config: config.clone(),
            stem: Conv::new(3, 4 * INPUT_CHANNELS, c[0], vb.pp("stem"))?,
            down: [down(0)?, down(1)?, down(2)?],
            encoder: [
                blocks(1, vb.pp("encoder.0"))?,
                blocks(2, vb.pp("encoder.1"))?,
                blocks(3, vb.pp("encoder.2"))?,
            ],
            position: vb.get_with_hints(
                (1, cells.0, cells.1, c[3]),
                "position",
                Init::Randn { mean: 0.0, stdev: 0.1 },
            )?,
            attention,
            car_norm: Norm::new(c[3], vb.pp("car_norm"))?,
            car: Conv::new(1, c[3], 1, vb.pp("car"))?,
            up: [up(0)?, up(1)?, up(2)?],
            decoder: [
                Residual::new(3, c[1], c[1], vb.pp("decoder.0"))?,
                Residual::new(3, c[2], c[2], vb.pp("decoder.1"))?,
            ],
            finest: Conv::new(3, c[0], c[0], vb.pp("finest"))?,
            head: Conv::new(1, c[0], OUTPUT_CHANNELS, vb.pp("head"))?,
        })
    }

    /// The size that this network was built with.
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// Runs on `x`: (batch, height, width, [`INPUT_CHANNELS`]), f32.
    pub fn forward(&self, x: &Tensor) -> Result<Output> {
        let x0 = self.stem.rectified(&pixels_to_channels(x)?)?;
        let x1 = self.level(0, &x0)?;
        let x2 = self.level(1, &x1)?;
        let mut x3 = self.level(2, &x2)?.broadcast_add(&self.position)?;
        for (mix, think) in &self.attention {
            x3 = think.forward(&mix.forward(&x3)?)?;
        }
        let pooled = self.car_norm.forward(&x3)?.mean_keepdim(1)?.mean_keepdim(2)?;
        let car = self.car.forward(&pooled)?.flatten_all()?;
        let y2 = self.decoder[1].forward(&(x2 + channels_to_pixels(&self.up[2].forward(&x3)?)?)?)?;
        let y1 = self.decoder[0].forward(&(x1 + channels_to_pixels(&self.up[1].forward(&y2)?)?)?)?;
        let y0 = (x0 + channels_to_pixels(&self.up[0].forward(&y1)?)?)?;
        let dense = self.head.forward(&self.finest.rectified(&y0)?)?;
        Ok(Output { dense, car })
    }

    fn level(&self, index: usize, x: &Tensor) -> Result<Tensor> {
        let mut x = self.down[index].forward(&pixels_to_channels(x)?)?;
        for block in &self.encoder[index] {
            x = block.forward(&x)?;
        }
        Ok(x)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use candle_nn::VarMap;

    use super::*;
    use crate::net::check::noise;

    #[test]
    fn every_weight_gets_a_gradient() {
        let config = NetworkConfig::tiny();
        let vars = VarMap::new();
        let network = Network::new(&config, VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).unwrap();
        let output = network.forward(&noise(&[2, config.height, config.width, INPUT_CHANNELS], 1)).unwrap();
        let (w, h) = config.grid();
        assert_eq!(output.dense.dims(), [2, h, w, OUTPUT_CHANNELS]);
        assert_eq!(output.car.dims(), [2]);
        let score = (output.dense.sqr().unwrap().sum_all().unwrap() + output.car.sum_all().unwrap()).unwrap();
        let grads = score.backward().unwrap();
        for (name, var) in vars.data().lock().unwrap().iter() {
            let grad = grads.get(var).unwrap_or_else(|| panic!("{name} has no gradient"));
            let size = grad.abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(size.is_finite() && size > 0.0, "the gradient of {name} is {size}");
        }
    }

    #[test]
    fn attention_has_the_right_gradient() {
        let vars = VarMap::new();
        let layer = Attention::new(6, 2, VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).unwrap();
        crate::net::check::check_gradients(&[noise(&[2, 2, 3, 6], 3)], |t| layer.forward(&t[0]));
    }

    #[test]
    fn impossible_configurations_are_named() {
        assert!(NetworkConfig::standard().problem().is_none() && NetworkConfig::tiny().problem().is_none());
        assert!(NetworkConfig { width: 100, ..NetworkConfig::tiny() }.problem().unwrap().contains("multiple of 16"));
        assert!(NetworkConfig { heads: 3, ..NetworkConfig::tiny() }.problem().unwrap().contains("do not divide"));
    }
}
