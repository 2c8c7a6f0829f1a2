//! The lettering network: which cells of a face laid flat are strokes of letters, and where words are.
//!
//! Letters are told from other shapes by what they look like and what stands beside them, whatever their ink: a number that
//! shares an edge with paint of its own colour, or lies across several inks, is no connected piece of anything. So a network
//! with an encoder and a decoder looks at the whole face. It does not know which way words read, since faces are also
//! mirrored; the reading network does.

use candle_core::{Device, Module, Result, Tensor};
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};

use super::encoder::Encoder;
use super::layers::{Conv, Residual};
use super::shuffle::channels_to_pixels;
use super::weights::Model;

/// Edge of a cell in metres.
pub const CELL_M: f32 = 0.005;
/// Channels of the input: tone (cube roots of linear red, green and blue, less a half), and 1 where something is known. All are 0
/// where nothing is.
pub const INPUTS: usize = 4;
/// Channels of the output: logit of a stroke, logit of the inside of a word.
pub const OUTPUTS: usize = 2;
/// Sizes of the input are multiples of this.
const STEP: usize = 16;

/// Size of the network; `config.json` beside the weights holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetteringConfig {
    /// Channels at 1/2, 1/4, 1/8 and 1/16 of the face's size.
    pub channels: [usize; 4],
    /// Residual blocks at 1/4, 1/8 and 1/16.
    pub blocks: [usize; 3],
}

impl LetteringConfig {
    /// The network that ships.
    pub fn standard() -> Self {
        Self { channels: [24, 32, 48, 80], blocks: [1, 2, 3] }
    }

    /// A network for tests that trains in moments.
    pub fn tiny() -> Self {
        Self { channels: [8, 8, 12, 16], blocks: [1, 1, 1] }
    }
}

/// The network with its weights.
pub struct LetteringNetwork {
    config: LetteringConfig,
    encoder: Encoder,
    up: [Conv; 3],
    decoder: [Residual; 3],
    finest: Conv,
    head: Conv,
}

impl Model for LetteringNetwork {
    type Config = LetteringConfig;
    const NAME: &'static str = "lettering";

    fn new(config: &LetteringConfig, vb: VarBuilder) -> Result<Self> {
        let c = config.channels;
        let up = |i: usize| Conv::new(1, c[i + 1], 4 * c[i], vb.pp(format!("up.{i}")));
        let decoder = |i: usize| Residual::new(3, c[i], c[i], vb.pp(format!("decoder.{i}")));
        Ok(Self {
            config: config.clone(),
            encoder: Encoder::new(INPUTS, c, config.blocks, &vb)?,
            up: [up(0)?, up(1)?, up(2)?],
            decoder: [decoder(0)?, decoder(1)?, decoder(2)?],
            finest: Conv::new(3, c[0], 2 * c[0], vb.pp("finest"))?,
            head: Conv::new(1, 2 * c[0], 4 * OUTPUTS, vb.pp("head"))?,
        })
    }

    fn problem(config: &LetteringConfig) -> Option<String> {
        let wrong = config.channels.iter().any(|&c| c == 0 || c > 1024) || config.blocks.iter().any(|&b| b > 16);
        wrong.then(|| "channels go from 1 to 1024 and blocks up to 16".into())
    }

    fn config(&self) -> &LetteringConfig {
        &self.config
    }
}

/// What the network says of a face: logits of strokes and of words' insides for each cell, in the face's order.
pub struct Seen {
    /// Of strokes.
    pub stroke: Vec<f32>,
    /// Of the inside of a word.
    pub word: Vec<f32>,
}

impl LetteringNetwork {
    /// Runs on (batch, height, width, [`INPUTS`]), height and width multiples of 16; returns (batch, height, width, [`OUTPUTS`]).
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let [x0, x1, x2, x3] = self.encoder.forward(x)?;
        let y2 = self.decoder[2].forward(&(x2 + channels_to_pixels(&self.up[2].forward(&x3)?)?)?)?;
        let y1 = self.decoder[1].forward(&(x1 + channels_to_pixels(&self.up[1].forward(&y2)?)?)?)?;
        let y0 = self.decoder[0].forward(&(x0 + channels_to_pixels(&self.up[0].forward(&y1)?)?)?)?;
        channels_to_pixels(&self.head.forward(&self.finest.rectified(&y0)?)?)
    }

    /// Looks at a face of `across` cells of [`CELL_M`] per row: cube roots of linear RGB, not a number where nothing is known.
    pub fn look(&self, across: usize, tone: &[[f32; 3]]) -> Result<Seen> {
        let down = tone.len() / across;
        let (wide, high) = (across.next_multiple_of(STEP), down.next_multiple_of(STEP));
        let mut values = vec![0.0; wide * high * INPUTS];
        for (row, out) in tone.chunks_exact(across).zip(values.chunks_exact_mut(wide * INPUTS)) {
            row.iter().zip(out.chunks_exact_mut(INPUTS)).for_each(|(tone, out)| out.copy_from_slice(&input(*tone)));
        }
        let x = Tensor::from_vec(values, (1, high, wide, INPUTS), &Device::Cpu)?;
        let logits = self.forward(&x)?.flatten_all()?.to_vec1::<f32>()?;
        let of = |channel: usize| {
            let cell = |i: usize| logits[((i / across) * wide + i % across) * OUTPUTS + channel];
            (0..across * down).map(cell).collect()
        };
        Ok(Seen { stroke: of(0), word: of(1) })
    }
}

/// A cell as the network gets it.
pub(crate) fn input(tone: [f32; 3]) -> [f32; INPUTS] {
    if tone[0].is_nan() { [0.0; INPUTS] } else { [tone[0] - 0.5, tone[1] - 0.5, tone[2] - 0.5, 1.0] }
}

#[cfg(test)]
mod tests {
    use candle_core::DType;
    use candle_nn::VarMap;

    use super::*;
    use crate::net::check::{check_all_learn, noise};

    #[test]
    fn it_is_small_and_every_weight_gets_a_gradient() {
        let vars = VarMap::new();
        let network = LetteringNetwork::new(&LetteringConfig::standard(), VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).unwrap();
        let count: usize = vars.all_vars().iter().map(|var| var.elem_count()).sum();
        assert!(count < 800_000, "{count} parameters");
        let output = network.forward(&noise(&[2, 32, 48, INPUTS], 1)).unwrap();
        assert_eq!(output.dims(), [2, 32, 48, OUTPUTS]);
        check_all_learn(&vars, &output.sqr().unwrap().sum_all().unwrap(), &[]);
    }

    #[test]
    fn faces_of_any_size_come_back_cell_by_cell() {
        let vars = VarMap::new();
        let network = LetteringNetwork::new(&LetteringConfig::tiny(), VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).unwrap();
        let tone = |across: usize, i: usize| if i % across < 40 && i / across < 20 { [(i % 7) as f32 / 7.0; 3] } else { [f32::NAN; 3] };
        let [small, large] = [(40usize, 20usize), (48, 32)].map(|(across, down)| {
            let tones: Vec<[f32; 3]> = (0..across * down).map(|i| tone(across, (i / across) * across + i % across)).collect();
            (across, network.look(across, &tones).unwrap())
        });
        assert_eq!((small.1.stroke.len(), large.1.word.len()), (800, 1536));
        // What is beyond the face is as the unknown.
        let same = |i: usize| tone(40, i)[0] == tone(48, (i / 40) * 48 + i % 40)[0];
        assert!((0..7).all(same) && small.1.stroke.iter().all(|v| v.is_finite()));
    }
}
