//! The reading network's training: words forward and mirrored and what is no word, and how often the network tells which.

use candle_core::{Device, Result, Tensor};

use super::plot::Curve;
use super::{Task, TrainOptions};
use crate::net::ReadingNetwork;
use crate::net::reading::{WordPicture, batch};
use crate::synth::writing::{Writing, WritingStream};
use crate::synth::{Family, HELD_OUT};

/// Seed of the validation pictures, apart from every training seed.
const VALIDATION_SEED: u64 = 0x7a11_d003;
/// Pictures per forward pass of the validation.
const BATCH: usize = 32;
/// Log odds from which an answer is a firm one.
const FIRM: f32 = 2.0;

/// The task; see the module.
pub(super) struct Reading {
    /// What is found on cars is on liveries of the held-out family.
    validation: Vec<Writing>,
}

impl Reading {
    pub(super) fn new(options: &TrainOptions) -> Self {
        let mut stream = WritingStream::new(VALIDATION_SEED, &[HELD_OUT]);
        Self { validation: (0..options.validation).map(|_| stream.next()).collect() }
    }
}

impl Task for Reading {
    type Model = ReadingNetwork;
    type Sample = Writing;
    type Stream = WritingStream;
    const LOSSES: &'static [&'static str] = &["direction", "writing"];
    /// Share of words whose direction is called right; shares of words that are firmly called right and wrong (log odds of 2 or
    /// more); share of shapes without direction that get a firm answer; mean cross-entropy of words, nats; shares of words and
    /// of other shapes that are called writing.
    const METRICS: &'static [&'static str] =
        &["right", "firmly_right", "firmly_wrong", "firm_on_shapes", "cross_entropy", "writing_found", "writing_imagined"];
    const CURVES: &'static [Curve] = &[
        Curve { metric: 0, shown: |share| 1.0 - share, colour: [20, 20, 20] },
        Curve { metric: 2, shown: |share| share, colour: [40, 80, 210] },
        Curve { metric: 4, shown: |nats| nats, colour: [30, 150, 60] },
    ];

    fn stream(&self, seed: u64) -> WritingStream {
        WritingStream::new(seed, &Family::TRAINING)
    }

    fn draw(&self, stream: &mut WritingStream, count: usize) -> Result<Vec<Writing>> {
        Ok((0..count).map(|_| stream.next()).collect())
    }

    fn loss(&self, network: &ReadingNetwork, samples: &[Writing], device: &Device) -> Result<(Tensor, Vec<f32>)> {
        let odds = network.forward(&input(samples, device)?)?;
        let losses = (0..2)
            .map(|k| cross_entropy(&odds.get(k)?, &truths(samples)[k], device)?.mean_all())
            .collect::<Result<Vec<Tensor>>>()?;
        let values = losses.iter().map(Tensor::to_scalar::<f32>).collect::<Result<_>>()?;
        Ok(((&losses[0] + &losses[1])?, values))
    }

    fn validate(&self, network: &ReadingNetwork) -> Result<Vec<f32>> {
        let (mut words, mut shapes, mut found, mut imagined) = (0.0f32, 0.0f32, 0.0f32, 0.0f32);
        let (mut right, mut firmly_right, mut firmly_wrong, mut firm, mut nats) = (0.0f32, 0.0f32, 0.0f32, 0.0f32, 0.0f32);
        for samples in self.validation.chunks(BATCH) {
            let odds = network.forward(&input(samples, &Device::Cpu)?)?;
            let each = cross_entropy(&odds.get(0)?, &truths(samples)[0], &Device::Cpu)?.to_vec1::<f32>()?;
            let odds = odds.to_vec2::<f32>()?;
            for (i, (sample, entropy)) in samples.iter().zip(each).enumerate() {
                let (odds, is_writing) = (odds[0][i], odds[1][i] > 0.0);
                if !sample.is_writing {
                    shapes += 1.0;
                    firm += f32::from(odds.abs() >= FIRM);
                    imagined += f32::from(is_writing);
                    continue;
                }
                let toward_truth = if sample.mirrored > 0.5 { odds } else { -odds };
                words += 1.0;
                found += f32::from(is_writing);
                right += f32::from(toward_truth > 0.0);
                firmly_right += f32::from(toward_truth >= FIRM);
                firmly_wrong += f32::from(toward_truth <= -FIRM);
                nats += entropy;
            }
        }
        let (words, shapes) = (words.max(1.0), shapes.max(1.0));
        let of_words = [right, firmly_right, firmly_wrong].map(|count| count / words);
        Ok([&of_words[..], &[firm / shapes, nats / words, found / words, imagined / shapes]].concat())
    }
}

fn input(samples: &[Writing], device: &Device) -> Result<Tensor> {
    let words: Vec<WordPicture> = samples.iter().map(|sample| sample.picture.clone()).collect();
    batch(&words, device)
}

/// What the pictures are: mirrored, and writing.
fn truths(samples: &[Writing]) -> [Vec<f32>; 2] {
    let of = |f: fn(&Writing) -> f32| samples.iter().map(f).collect();
    [of(|sample| sample.mirrored), of(|sample| f32::from(u8::from(sample.is_writing)))]
}

/// Of log odds and the truth, in nats, one by one: `ln(1 + exp(odds)) - truth * odds`, written so that nothing overflows.
fn cross_entropy(odds: &Tensor, truth: &[f32], device: &Device) -> Result<Tensor> {
    let truth = Tensor::from_slice(truth, truth.len(), device)?;
    let soft = ((odds.abs()?.neg()?.exp()? + 1.0)?.log()? + odds.relu()?)?;
    soft - (odds * truth)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::check::check_gradients;

    #[test]
    fn cross_entropy_is_that_of_the_odds_and_so_is_its_gradient() {
        let truth = [0.0f32, 1.0, 0.5, 1.0, 0.0];
        let odds = [-1.3f32, 0.4, 2.0, -30.0, 0.7];
        let tensor = Tensor::from_slice(&odds, 5, &Device::Cpu).unwrap();
        let found = cross_entropy(&tensor, &truth, &Device::Cpu).unwrap().to_vec1::<f32>().unwrap();
        for ((found, odds), truth) in found.iter().zip(odds).zip(truth) {
            let p = 1.0 / (1.0 + f64::from(-odds).exp());
            let t = f64::from(truth);
            let expected = -(t * p.ln() + (1.0 - t) * (1.0 - p).ln());
            assert!((f64::from(*found) - expected).abs() < 1e-4, "{found} and not {expected}");
        }
        check_gradients(&[tensor], |t| cross_entropy(&t[0], &truth, &Device::Cpu));
    }
}
