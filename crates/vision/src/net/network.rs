//! The correspondence network: an encoder and decoder with attention at the coarsest level.
//!
//! Four levels at 1/2, 1/4, 1/8 and 1/16 of the input, residual blocks of two 3x3 convolutions, and transformer layers
//! over the coarsest level, whose every cell sees the whole car: that is what tells the left side from the right one.
//! Resolution changes by moving pixels to channels and back. Only operations with checked gradients are used.

use candle_core::{Module, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use gridvox_car::PartClass;
use serde::{Deserialize, Serialize};

use super::encoder::Encoder;
use super::layers::{Attention, Conv, Norm, Residual};
use super::shuffle::channels_to_pixels;
use super::spread::{pooled, spread};
use super::weights::Model;

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

    /// Width and height of the output grid, in cells.
    pub fn grid(&self) -> (usize, usize) {
        (self.width / 2, self.height / 2)
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
    encoder: Encoder,
    position: Tensor,
    attention: Vec<(Attention, Residual)>,
    car_norm: Norm,
    car: Conv,
    up: [Conv; 3],
    decoder: [Residual; 2],
    finest: Conv,
    head: Conv,
}

impl Model for Network {
    type Config = NetworkConfig;
    const NAME: &'static str = "correspond";

    fn new(config: &NetworkConfig, vb: VarBuilder) -> Result<Self> {
        let c = config.channels;
        let vb_attention = vb.pp("attention");
        let attention = (0..config.attention)
            .map(|i| {
                let vb = vb_attention.pp(i);
                let mix = Attention::new(c[3], config.heads, vb.pp("mix"))?;
                Ok((mix, Residual::new(1, c[3], 3 * c[3], vb.pp("think"))?))
            })
            .collect::<Result<_>>()?;
        let up = |i: usize| Conv::new(1, c[i + 1], 4 * c[i], vb.pp(format!("up.{i}")));
        let cells = (config.height / 16, config.width / 16);
        Ok(Self {
            config: config.clone(),
            encoder: Encoder::new(INPUT_CHANNELS, c, config.blocks, &vb)?,
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

    fn problem(config: &NetworkConfig) -> Option<String> {
        let sizes = [config.width, config.height];
        if sizes.iter().any(|&s| s == 0 || s % 16 != 0 || s > 1024) {
            return Some(format!("{} x {} is not a multiple of 16 up to 1024", config.width, config.height));
        }
        if config.channels.iter().any(|&c| c == 0 || c > 1024) || config.blocks.iter().any(|&b| b > 16) {
            return Some("channels go from 1 to 1024 and blocks up to 16".into());
        }
        if config.heads == 0 || config.channels[3] % config.heads != 0 || config.attention > 16 {
            return Some(format!("{} heads do not divide {} channels", config.heads, config.channels[3]));
        }
        None
    }

    fn config(&self) -> &NetworkConfig {
        &self.config
    }
}

impl Network {
    /// Runs on `x`: (batch, height, width, [`INPUT_CHANNELS`]), f32.
    pub fn forward(&self, x: &Tensor) -> Result<Output> {
        let [x0, x1, x2, x3] = self.encoder.forward(x)?;
        let mut x3 = (&x3 + spread(&self.position, x3.dims())?)?;
        for (mix, think) in &self.attention {
            x3 = think.forward(&mix.forward(&x3)?)?;
        }
        let car = self.car.forward(&pooled(&self.car_norm.forward(&x3)?)?)?.flatten_all()?;
        let y2 = self.decoder[1].forward(&(x2 + channels_to_pixels(&self.up[2].forward(&x3)?)?)?)?;
        let y1 = self.decoder[0].forward(&(x1 + channels_to_pixels(&self.up[1].forward(&y2)?)?)?)?;
        let y0 = (x0 + channels_to_pixels(&self.up[0].forward(&y1)?)?)?;
        let dense = self.head.forward(&self.finest.rectified(&y0)?)?;
        Ok(Output { dense, car })
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
        let config = NetworkConfig::tiny();
        let vars = VarMap::new();
        let network = Network::new(&config, VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).unwrap();
        let output = network.forward(&noise(&[2, config.height, config.width, INPUT_CHANNELS], 1)).unwrap();
        let (w, h) = config.grid();
        assert_eq!(output.dense.dims(), [2, h, w, OUTPUT_CHANNELS]);
        assert_eq!(output.car.dims(), [2]);
        let score = (output.dense.sqr().unwrap().sum_all().unwrap() + output.car.sum_all().unwrap()).unwrap();
        check_all_learn(&vars, &score, &[]);
    }

    #[test]
    fn impossible_configurations_are_named() {
        let problem = |config| Network::problem(&config);
        assert!(problem(NetworkConfig::standard()).is_none() && problem(NetworkConfig::tiny()).is_none());
        assert!(problem(NetworkConfig { width: 100, ..NetworkConfig::tiny() }).unwrap().contains("multiple of 16"));
        assert!(problem(NetworkConfig { heads: 3, ..NetworkConfig::tiny() }).unwrap().contains("do not divide"));
    }
}
