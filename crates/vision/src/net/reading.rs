//! The reading network: whether something on the car is writing, and whether it reads forward or is mirror writing.
//!
//! Words have to be turned back where the livery is mirrored, and a photo that was flipped left to right gives a livery whose
//! words nobody can read. The network sees one line at a time, cut out of the car's side laid flat and normalised to strokes on
//! ground, and collects evidence by small convolutions. It looks at the picture and at its mirror image. Whether it is writing
//! is the sum of what it says of both. Which way it reads is the difference, so the mirror image always gets the opposite
//! answer, and what is its own mirror image says exactly nothing.

use candle_core::{Device, Module, Result, Tensor};
use candle_nn::VarBuilder;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::layers::{Conv, Norm, Residual};
use super::shuffle::pixels_to_channels;
use super::spread::pooled;
use super::weights::Model;

/// Pixels per row of a word's picture.
pub const WIDTH: usize = 96;
/// Rows of a word's picture.
pub const HEIGHT: usize = 32;
/// Lines that are read at a time.
const BATCH: usize = 32;
/// One line's log odds are held within this: what was found to be writing may be none.
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
            head: Conv::new(1, c[2], 2, vb.pp("head"))?,
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
    /// Log odds that lines are mirrored and that they are writing, (2, count), from [`batch`]'s pictures: each line, then each
    /// one's mirror image.
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
        let evidence = pooled(&cells)?.reshape((2 * count, 2))?.t()?.contiguous()?;
        let (there, back) = (evidence.narrow(1, 0, count)?, evidence.narrow(1, count, count)?);
        let mirrored = (there.narrow(0, 0, 1)? - back.narrow(0, 0, 1)?)?;
        let writing = (there.narrow(0, 1, 1)? + back.narrow(0, 1, 1)?)?;
        Tensor::cat(&[mirrored, writing], 0)
    }

    /// What each line is.
    pub fn read(&self, lines: &[WordPicture]) -> Result<Vec<Reading>> {
        let some = |lines: &[WordPicture]| {
            let odds = self.forward(&batch(lines, &Device::Cpu)?)?.to_vec2::<f32>()?;
            Ok(odds[0].iter().zip(&odds[1]).map(|(&mirrored, &writing)| Reading { mirrored, writing }).collect())
        };
        let readings = lines.par_chunks(BATCH).map(some).collect::<Result<Vec<Vec<Reading>>>>()?;
        Ok(readings.concat())
    }
}

/// What a line is, in natural log odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// That it is mirror writing, if it is writing.
    pub mirrored: f32,
    /// That it is writing.
    pub writing: f32,
}

/// Log odds that the writing of one photo is mirrored, all lines taken together; `None` for no lines.
pub fn mirrored_log_odds(lines: &[Reading]) -> Option<f32> {
    let each = |line: &Reading| line.mirrored.clamp(-MAX_LOG_ODDS, MAX_LOG_ODDS);
    (!lines.is_empty()).then(|| lines.iter().map(each).sum())
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
    use crate::net::check::check_all_learn;

    fn word(seed: usize) -> WordPicture {
        WordPicture((0..WIDTH * HEIGHT).map(|i| (i * (7 + seed) % 23) as f32 / 23.0).collect())
    }

    #[test]
    fn the_mirror_image_gets_the_opposite_direction_and_is_writing_just_as_much() {
        let vars = VarMap::new();
        let vb = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
        let network = ReadingNetwork::new(&ReadingConfig::standard(), vb).unwrap();
        let read = |line: WordPicture| network.read(&[line]).unwrap()[0];
        let (forward, backward) = (read(word(1)), read(word(1).mirrored()));
        assert!(forward.mirrored != 0.0 && (forward.mirrored + backward.mirrored).abs() < 1e-4, "{forward:?} {backward:?}");
        assert!(forward.writing != 0.0 && (forward.writing - backward.writing).abs() < 1e-4, "{forward:?} {backward:?}");
        let (there, back) = (word(2), word(2).mirrored());
        let symmetric = WordPicture(there.0.iter().zip(&back.0).map(|(a, b)| a + b).collect());
        assert_eq!(read(symmetric).mirrored, 0.0);
        let many: Vec<WordPicture> = (0..BATCH + 3).map(word).collect();
        let readings = network.read(&many).unwrap();
        assert!(readings.len() == many.len() && (readings[BATCH + 1].writing - read(word(BATCH + 1)).writing).abs() < 1e-4);
    }

    #[test]
    fn one_line_weighs_no_more_than_its_limit() {
        let line = |mirrored| Reading { mirrored, writing: 3.0 };
        assert_eq!(mirrored_log_odds(&[line(90.0), line(-1.0), line(0.5)]), Some(MAX_LOG_ODDS - 0.5));
        assert_eq!(mirrored_log_odds(&[]), None);
    }

    #[test]
    fn it_is_small_and_every_weight_gets_a_gradient() {
        let vars = VarMap::new();
        let vb = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
        let network = ReadingNetwork::new(&ReadingConfig::standard(), vb).unwrap();
        let count: usize = vars.all_vars().iter().map(|var| var.elem_count()).sum();
        assert!(count < 150_000, "{count} parameters");
        let output = network.forward(&batch(&[word(1), word(2), word(3)], &Device::Cpu).unwrap()).unwrap();
        assert_eq!(output.dims(), [2, 3]);
        check_all_learn(&vars, &output.sqr().unwrap().sum_all().unwrap(), &[]);
    }
}
