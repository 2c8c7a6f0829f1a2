//! The reading network: whether a word on the car reads forward or is mirror writing.
//!
//! A photo that was flipped left to right gives a livery whose words nobody can read. The network sees one word or number
//! at a time, cut out of the car's side laid flat and normalised to strokes on ground, and collects evidence by small
//! convolutions. It looks at the picture and at its mirror image and answers with the difference, so the mirror image
//! always gets the opposite answer, and what is its own mirror image says exactly nothing.

use candle_core::{Device, Module, Result, Tensor};
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};

use super::layers::{Conv, Norm, Residual};
use super::shuffle::pixels_to_channels;
use super::weights::Model;

/// Pixels per row of a word's picture.
pub const WIDTH: usize = 96;
/// Rows of a word's picture.
pub const HEIGHT: usize = 32;
/// One word's log odds are held within this: what was found to be a word may be none.
const MAX_LOG_ODDS: f32 = 4.0;

/// A word as it is seen from outside the car: strokes 1, ground 0; row-major from the top, [`HEIGHT`] rows of [`WIDTH`].
#[derive(Debug, Clone, PartialEq)]
pub struct WordPicture(pub Vec<f32>);

impl WordPicture {
    /// Its mirror image.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        Self(self.0.chunks_exact(WIDTH).flat_map(|row| row.iter().rev().copied()).collect())
    }
}

/// Size of the network; `config.json` beside the weights holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadingConfig {
    /// Channels at 1/2, 1/4 and 1/8 of the picture's size.
    pub channels: [usize; 3],
    /// Residual blocks at 1/4 and 1/8.
    pub blocks: [usize; 2],
}

impl ReadingConfig {
    /// The network that ships.
    pub fn standard() -> Self {
        Self { channels: [24, 32, 56], blocks: [1, 2] }
    }

    /// A network for tests that trains in moments.
    pub fn tiny() -> Self {
        Self { channels: [8, 8, 12], blocks: [1, 1] }
    }
}

/// The network with its weights.
pub struct ReadingNetwork {
    config: ReadingConfig,
    stem: Conv,
    down: [Conv; 2],
    blocks: [Vec<Residual>; 2],
    norm: Norm,
    head: Conv,
}

impl Model for ReadingNetwork {
    type Config = ReadingConfig;
    const NAME: &'static str = "reading";

    fn new(config: &ReadingConfig, vb: VarBuilder) -> Result<Self> {
        let c = config.channels;
        let blocks = |level: usize| -> Result<Vec<Residual>> {
            let vb = vb.pp(format!("blocks.{level}"));
            (0..config.blocks[level]).map(|i| Residual::new(3, c[level + 1], c[level + 1], vb.pp(i))).collect()
        };
        Ok(Self {
            config: config.clone(),
            stem: Conv::new(3, 4, c[0], vb.pp("stem"))?,
            down: [Conv::new(1, 4 * c[0], c[1], vb.pp("down.0"))?, Conv::new(1, 4 * c[1], c[2], vb.pp("down.1"))?],
            blocks: [blocks(0)?, blocks(1)?],
            norm: Norm::new(c[2], vb.pp("norm"))?,
            head: Conv::new(1, c[2], 1, vb.pp("head"))?,
        })
    }

    fn problem(config: &ReadingConfig) -> Option<String> {
        let wrong = config.channels.iter().any(|&c| c == 0 || c > 1024) || config.blocks.iter().any(|&b| b > 16);
        wrong.then(|| "channels go from 1 to 1024 and blocks up to 16".into())
    }

    fn config(&self) -> &ReadingConfig {
        &self.config
    }
}

impl ReadingNetwork {
    /// Log odds that words are mirrored, (count), from [`batch`]'s pictures: each word, then each one's mirror image.
    pub fn forward(&self, pictures: &Tensor) -> Result<Tensor> {
        let count = pictures.dim(0)? / 2;
        let mut x = self.stem.rectified(&pixels_to_channels(pictures)?)?;
        for (down, blocks) in self.down.iter().zip(&self.blocks) {
            x = down.forward(&pixels_to_channels(&x)?)?;
            for block in blocks {
                x = block.forward(&x)?;
            }
        }
        let cells = self.head.forward(&self.norm.forward(&x)?)?;
        let evidence = cells.mean_keepdim(1)?.mean_keepdim(2)?.flatten_all()?;
        evidence.narrow(0, 0, count)? - evidence.narrow(0, count, count)?
    }

    /// Natural log odds that words of one photo are mirrored, all taken together; `None` for no words.
    pub fn mirrored_log_odds(&self, words: &[WordPicture]) -> Result<Option<f32>> {
        if words.is_empty() {
            return Ok(None);
        }
        let each = self.forward(&batch(words, &Device::Cpu)?)?.to_vec1::<f32>()?;
        Ok(Some(each.iter().map(|odds| odds.clamp(-MAX_LOG_ODDS, MAX_LOG_ODDS)).sum()))
    }
}

/// Words and then their mirror images as the network's input, (2 * count, [`HEIGHT`], [`WIDTH`], 1).
pub fn batch(words: &[WordPicture], device: &Device) -> Result<Tensor> {
    let mirrored: Vec<WordPicture> = words.iter().map(WordPicture::mirrored).collect();
    let values: Vec<f32> = words.iter().chain(&mirrored).flat_map(|word| &word.0).map(|v| 2.0 * v - 1.0).collect();
    Tensor::from_vec(values, (2 * words.len(), HEIGHT, WIDTH, 1), device)
}

#[cfg(test)]
mod tests {
    use candle_core::DType;
    use candle_nn::VarMap;

    use super::*;

    fn word(seed: usize) -> WordPicture {
        WordPicture((0..WIDTH * HEIGHT).map(|i| (i * (7 + seed) % 23) as f32 / 23.0).collect())
    }

    #[test]
    fn the_mirror_image_gets_the_opposite_answer_and_what_is_symmetric_none() {
        let vars = VarMap::new();
        let vb = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
        let network = ReadingNetwork::new(&ReadingConfig::standard(), vb).unwrap();
        let odds = |word: WordPicture| network.mirrored_log_odds(&[word]).unwrap().expect("one word");
        let (forward, backward) = (odds(word(1)), odds(word(1).mirrored()));
        assert!(forward != 0.0 && (forward + backward).abs() < 1e-4, "{forward} {backward}");
        let (there, back) = (word(2), word(2).mirrored());
        let symmetric = WordPicture(there.0.iter().zip(&back.0).map(|(a, b)| a + b).collect());
        assert_eq!(odds(symmetric), 0.0);
        assert_eq!(network.mirrored_log_odds(&[]).unwrap(), None);
    }

    #[test]
    fn it_is_small_and_every_weight_gets_a_gradient() {
        let vars = VarMap::new();
        let vb = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
        let network = ReadingNetwork::new(&ReadingConfig::standard(), vb).unwrap();
        let count: usize = vars.all_vars().iter().map(|var| var.elem_count()).sum();
        assert!(count < 150_000, "{count} parameters");
        let output = network.forward(&batch(&[word(1), word(2), word(3)], &Device::Cpu).unwrap()).unwrap();
        assert_eq!(output.dims(), [3]);
        let grads = output.sqr().unwrap().sum_all().unwrap().backward().unwrap();
        for (name, var) in vars.data().lock().unwrap().iter() {
            let grad = grads.get(var).unwrap_or_else(|| panic!("{name} has no gradient"));
            let size = grad.abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
            // The same constant for a word and its mirror image cancels.
            assert!(size.is_finite() && (size > 0.0 || name == "head.bias"), "the gradient of {name} is {size}");
        }
    }
}
