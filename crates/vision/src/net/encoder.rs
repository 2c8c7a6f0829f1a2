//! The way down from a picture that several networks share: half the size and more channels from level to level, with residual
//! blocks between.

use candle_core::{Module, Result, Tensor};
use candle_nn::VarBuilder;

use super::layers::{Conv, Residual};
use super::shuffle::pixels_to_channels;

/// Its layers; the picture is (batch, height, width, inputs).
pub(super) struct Encoder {
    stem: Conv,
    down: [Conv; 3],
    blocks: [Vec<Residual>; 3],
}

impl Encoder {
    /// `channels` at 1/2, 1/4, 1/8 and 1/16 of the picture's size, and `blocks` at the last three.
    pub(super) fn new(inputs: usize, channels: [usize; 4], blocks: [usize; 3], vb: &VarBuilder) -> Result<Self> {
        let c = channels;
        let down = |i: usize| Conv::new(1, 4 * c[i], c[i + 1], vb.pp(format!("down.{i}")));
        let level = |i: usize| -> Result<Vec<Residual>> {
            let vb = vb.pp(format!("encoder.{i}"));
            (0..blocks[i]).map(|block| Residual::new(3, c[i + 1], c[i + 1], vb.pp(block))).collect()
        };
        Ok(Self {
            stem: Conv::new(3, 4 * inputs, c[0], vb.pp("stem"))?,
            down: [down(0)?, down(1)?, down(2)?],
            blocks: [level(0)?, level(1)?, level(2)?],
        })
    }

    /// What it sees at 1/2, 1/4, 1/8 and 1/16 of the size.
    pub(super) fn forward(&self, x: &Tensor) -> Result<[Tensor; 4]> {
        let x0 = self.stem.rectified(&pixels_to_channels(x)?)?;
        let x1 = self.level(0, &x0)?;
        let x2 = self.level(1, &x1)?;
        let x3 = self.level(2, &x2)?;
        Ok([x0, x1, x2, x3])
    }

    fn level(&self, index: usize, x: &Tensor) -> Result<Tensor> {
        let x = self.down[index].forward(&pixels_to_channels(x)?)?;
        self.blocks[index].iter().try_fold(x, |x, block| block.forward(&x))
    }
}
