//! The lettering network's training: where strokes and words are on pieces of faces, and how many words come out of it.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor};

use super::known::with_gradient;
use super::loss::softplus;
use super::plot::Curve;
use super::{Task, TrainOptions};
use crate::complete::lettering::regions::{Region, regions};
use crate::net::LetteringNetwork;
use crate::net::conv::with_values;
use crate::net::look::sigmoid;
use crate::net::lettering::{INPUTS, OUTPUTS, input};
use crate::synth::faces::{ACROSS, DOWN, FacePiece, FaceStream};
use crate::synth::flat::NO_WORD;
use crate::synth::{Family, HELD_OUT};

/// Seed of the validation pieces, apart from every training seed.
const VALIDATION_SEED: u64 = 0x7a11_d004;
/// What overlap counts beside each cell's cross entropy.
const DICE_WEIGHT: f32 = 0.5;
/// Cells that are wrong at no cost to the overlap, so that pieces without words have a gentle term.
const DICE_CELLS: f32 = 60.0;
/// Fewer cells of words in a piece than this count less.
const LEAST_NEAR: f32 = 400.0;
/// Less of a word's inside is no word that could be found.
const LEAST_INSIDE: usize = 60;
/// A word is found when a region has this share of its inside and not more than the rest beside it; a region is imagined when less
/// than the second share of it is inside words.
const FOUND: f32 = 0.6;
const IMAGINED: f32 = 0.3;

/// The task; see the module.
pub(super) struct Lettering {
    /// Liveries of the held-out family.
    validation: Vec<FacePiece>,
}

impl Lettering {
    pub(super) fn new(options: &TrainOptions) -> Self {
        let mut stream = FaceStream::new(VALIDATION_SEED, &[HELD_OUT]);
        Self { validation: (0..options.validation).map(|_| stream.next()).collect() }
    }
}

impl Task for Lettering {
    type Model = LetteringNetwork;
    type Sample = FacePiece;
    type Stream = FaceStream;
    const LOSSES: &'static [&'static str] = &["strokes", "words"];
    /// Intersection over union of the strokes' cells and of the words' insides; share of words that are found as one piece; found
    /// pieces that are no writing, for each piece of a face.
    const METRICS: &'static [&'static str] = &["stroke_iou", "word_iou", "words_found", "words_imagined"];
    const CURVES: &'static [Curve] = &[
        Curve { metric: 0, shown: |iou| 1.0 - iou, colour: [20, 20, 20] },
        Curve { metric: 2, shown: |share| 1.0 - share, colour: [40, 80, 210] },
        Curve { metric: 3, shown: |count| count, colour: [30, 150, 60] },
    ];

    fn stream(&self, seed: u64) -> FaceStream {
        // Most words are on cars with sponsors.
        let families: Vec<Family> = Family::TRAINING.iter().flat_map(|&f| vec![f; if f == Family::Sponsors { 3 } else { 1 }]).collect();
        FaceStream::new(seed, &families)
    }

    fn draw(&self, stream: &mut FaceStream, count: usize) -> Result<Vec<FacePiece>> {
        Ok((0..count).map(|_| stream.next()).collect())
    }

    fn loss(&self, network: &LetteringNetwork, samples: &[FacePiece], device: &Device) -> Result<(Tensor, Vec<f32>)> {
        let logits = network.forward(&batch(samples, device)?)?;
        let (parts, grad) = with_values(&logits, |values| Ok(evaluate(values, samples)))?;
        Ok((with_gradient(&logits, parts.iter().sum(), grad)?, parts.to_vec()))
    }

    fn validate(&self, network: &LetteringNetwork) -> Result<Vec<f32>> {
        let mut counts = Counts::default();
        for piece in &self.validation {
            let seen = network.look(ACROSS, &piece.tone)?;
            counts.cells(0, &seen.stroke, &piece.word, &piece.tone);
            counts.cells(1, &seen.word, &piece.inside, &piece.tone);
            counts.words(&regions(ACROSS, &seen.word).0, piece);
        }
        let iou = |k: usize| counts.both[k] as f32 / counts.either[k].max(1) as f32;
        let (words, pieces) = (counts.all.max(1) as f32, self.validation.len().max(1) as f32);
        Ok(vec![iou(0), iou(1), counts.found as f32 / words, counts.imagined as f32 / pieces])
    }
}

#[derive(Default)]
struct Counts {
    both: [usize; OUTPUTS],
    either: [usize; OUTPUTS],
    all: usize,
    found: usize,
    imagined: usize,
}

impl Counts {
    fn cells(&mut self, channel: usize, logits: &[f32], truth: &[u16], tone: &[[f32; 3]]) {
        for ((logit, truth), _) in logits.iter().zip(truth).zip(tone).filter(|(_, tone)| !tone[0].is_nan()) {
            let (said, there) = (*logit > 0.0, *truth != NO_WORD);
            self.both[channel] += usize::from(said && there);
            self.either[channel] += usize::from(said || there);
        }
    }

    fn words(&mut self, regions: &[Region], piece: &FacePiece) {
        let mut sizes = BTreeMap::<u16, usize>::new();
        piece.inside.iter().filter(|&&word| word != NO_WORD).for_each(|&word| *sizes.entry(word).or_default() += 1);
        let of_word = |region: &Region, word: u16| region.inside.iter().filter(|&&cell| piece.inside[cell as usize] == word).count() as f32;
        for (&word, &size) in sizes.iter().filter(|(_, size)| **size >= LEAST_INSIDE) {
            self.all += 1;
            let fits = |region: &&Region| {
                let shared = of_word(region, word);
                shared > FOUND * size as f32 && shared > FOUND * region.inside.len() as f32
            };
            self.found += usize::from(regions.iter().any(|region| fits(&region)));
        }
        let written = |region: &&Region| 1.0 - of_word(region, NO_WORD) / region.inside.len() as f32;
        self.imagined += regions.iter().filter(|region| written(region) < IMAGINED).count();
    }
}

fn batch(samples: &[FacePiece], device: &Device) -> Result<Tensor> {
    let values: Vec<f32> = samples.iter().flat_map(|piece| &piece.tone).flat_map(|&tone| input(tone)).collect();
    Tensor::from_vec(values, (samples.len(), DOWN, ACROSS, INPUTS), device)
}

/// Cross entropy and Dice of both channels, and the gradient. What is not seen has no strokes to find, but words go on there.
fn evaluate(values: &[f32], samples: &[FacePiece]) -> ([f32; OUTPUTS], Vec<f32>) {
    let mut grad = vec![0.0f32; values.len()];
    let mut parts = [0.0f32; OUTPUTS];
    let batch = samples.len() as f32;
    for (b, piece) in samples.iter().enumerate() {
        let cells = piece.tone.len();
        for channel in 0..OUTPUTS {
            let truth = if channel == 0 { &piece.word } else { &piece.inside };
            let at = |cell: usize| (b * cells + cell) * OUTPUTS + channel;
            let counts = |cell: usize| channel == 1 || !piece.tone[cell][0].is_nan();
            // What matters for strokes is to tell them from the ground of their word: that counts as much as all the rest.
            let near = |cell: usize| channel == 0 && (piece.word[cell] != NO_WORD || piece.inside[cell] != NO_WORD);
            let (mut overlap, mut sum, mut all, mut all_near) = (0.0f32, 0.0f32, 0.0f32, 0.0f32);
            for cell in (0..cells).filter(|&cell| counts(cell)) {
                let (p, t) = (sigmoid(values[at(cell)]), f32::from(u8::from(truth[cell] != NO_WORD)));
                overlap += p * t;
                sum += p + t;
                let counted = if near(cell) { &mut all_near } else { &mut all };
                *counted += 1.0;
            }
            let (top, bottom) = (2.0 * overlap + DICE_CELLS, sum + DICE_CELLS);
            parts[channel] += DICE_WEIGHT * (1.0 - top / bottom) / batch;
            let (share, share_near) = (1.0 / (batch * all.max(1.0)), 1.0 / (batch * all_near.max(LEAST_NEAR)));
            for cell in (0..cells).filter(|&cell| counts(cell)) {
                let (logit, t) = (values[at(cell)], f32::from(u8::from(truth[cell] != NO_WORD)));
                let p = sigmoid(logit);
                let share = if near(cell) { share_near } else { share };
                parts[channel] += share * (softplus(logit) - t * logit);
                let dice = -DICE_WEIGHT / batch * (2.0 * t * bottom - top) / (bottom * bottom);
                grad[at(cell)] = share * (p - t) + dice * p * (1.0 - p);
            }
        }
    }
    (parts, grad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gradient_matches_finite_differences() {
        let tone = |i: usize| if i == 3 { [f32::NAN; 3] } else { [0.4; 3] };
        let word = |i: usize| if i % 3 == 0 { 1 } else { NO_WORD };
        let piece = FacePiece {
            tone: (0..8).map(tone).collect(),
            word: (0..8).map(word).collect(),
            inside: (0..8).map(|i| if i < 5 { 1 } else { NO_WORD }).collect(),
        };
        let pieces = [piece.clone(), FacePiece { word: vec![NO_WORD; 8], ..piece }];
        let base: Vec<f32> = (0..2 * 8 * OUTPUTS).map(|i| (i as f32 * 0.77).sin()).collect();
        let grad = evaluate(&base, &pieces).1;
        for i in 0..base.len() {
            let at = |delta: f32| {
                let mut values = base.clone();
                values[i] += delta;
                f64::from(evaluate(&values, &pieces).0.iter().sum::<f32>())
            };
            let expected = ((at(1e-2) - at(-1e-2)) / 2e-2) as f32;
            assert!((grad[i] - expected).abs() < 1e-3, "{i}: {} is not {expected}", grad[i]);
        }
        // A stroke that nobody can see.
        assert_eq!(grad[3 * OUTPUTS], 0.0);
    }
}
