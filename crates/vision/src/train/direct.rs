//! The direct network's training: photos of one car, and how near the texture is that the network paints from them.

use std::borrow::Borrow;

use candle_core::{Device, Result, Tensor};
use gridvox_car::{AtlasMaps, CarModel, PartClass};

use super::correspond::batch_input;
use super::plot::Curve;
use super::{Task, TrainOptions};
use crate::net::direct::painted_nearby;
use crate::net::{DirectConfig, DirectNetwork};
use crate::synth::inks::to_srgb;
use crate::synth::livery::{Design, Spot, classes};
use crate::synth::{Family, HELD_OUT, Sample, SampleStream, Subject};

/// Seed of the validation pictures, apart from every training seed.
const VALIDATION_SEED: u64 = 0x7a11_d002;
/// Pictures per forward pass of the validation.
const BATCH: usize = 4;

/// A photo with the texture that its car wears.
pub(super) struct Painted {
    photo: Sample,
    /// sRGB 0..1 of (texture, texture, 3); 0 where nothing is painted.
    texture: Vec<f32>,
}

impl Borrow<Sample> for Painted {
    fn borrow(&self) -> &Sample {
        &self.photo
    }
}

/// The task; see the module.
pub(super) struct Direct {
    subject: [Subject; 1],
    classes: Vec<PartClass>,
    maps: AtlasMaps,
    /// A painted texel for each of the texture, see [`painted_nearby`].
    nearby: Vec<u32>,
    /// What each channel of each texel counts in the loss; they sum to 1.
    share: Vec<f32>,
    size: (usize, usize),
    validation: Vec<Painted>,
}

impl Direct {
    pub(super) fn new(car: &CarModel, network: &DirectConfig, options: &TrainOptions) -> Self {
        let maps = AtlasMaps::compute(car, network.texture as u32);
        let nearby = painted_nearby(&maps);
        let painted = nearby.iter().filter(|&&from| from != u32::MAX).count().max(1);
        let weight = |&from: &u32| if from == u32::MAX { 0.0 } else { 1.0 / (3 * painted) as f32 };
        let share = nearby.iter().flat_map(|from| [weight(from); 3]).collect();
        let (subject, size) = ([Subject::new(car)], (network.width, network.height));
        let mut task = Self { subject, classes: classes(car), maps, nearby, share, size, validation: Vec::new() };
        let mut stream = SampleStream::as_designed(VALIDATION_SEED, size.0, size.1, &[HELD_OUT]);
        task.validation = task.painted(&mut stream, options.validation);
        task
    }

    fn painted(&self, stream: &mut SampleStream, count: usize) -> Vec<Painted> {
        let mut next = || {
            let (photo, design) = stream.next_with_design(&self.subject);
            Painted { photo, texture: self.texture(&design) }
        };
        (0..count).map(|_| next()).collect()
    }

    fn texture(&self, design: &Design) -> Vec<f32> {
        let ink = |&from: &u32| {
            let texel = from as usize;
            let Some(id) = self.maps.part.get(texel) else { return [0.0; 3] };
            let class = self.classes[usize::from(*id) - 1];
            let spot = Spot { position: self.maps.position[texel], normal: self.maps.normal[texel], class };
            design.ink(&spot).to_array().map(to_srgb)
        };
        self.nearby.iter().flat_map(ink).collect()
    }

    /// Mean distance per channel of painted texels, in sRGB 0..1.
    fn distance(&self, output: &Tensor, samples: &[Painted], device: &Device) -> Result<Tensor> {
        let edge = self.maps.size as usize;
        let truth: Vec<f32> = samples.iter().flat_map(|sample| &sample.texture).copied().collect();
        let truth = Tensor::from_vec(truth, (samples.len(), edge, edge, 3), device)?;
        let share = Tensor::from_slice(&self.share, (1, edge, edge, 3), device)?;
        (output - truth)?.abs()?.broadcast_mul(&share)?.sum_all()? / samples.len() as f64
    }
}

impl Task for Direct {
    type Model = DirectNetwork;
    type Sample = Painted;
    type Stream = SampleStream;
    const LOSSES: &'static [&'static str] = &["texture"];
    /// Mean absolute error of painted texels in sRGB 0..1, and that of the best single colour per photo.
    const METRICS: &'static [&'static str] = &["texture_error", "one_colour_error"];
    const CURVES: &'static [Curve] = &[Curve { metric: 0, shown: |error| error, colour: [40, 80, 210] }];

    fn stream(&self, seed: u64) -> SampleStream {
        SampleStream::as_designed(seed, self.size.0, self.size.1, &Family::TRAINING)
    }

    fn draw(&self, stream: &mut SampleStream, count: usize) -> Result<Vec<Painted>> {
        Ok(self.painted(stream, count))
    }

    fn loss(&self, network: &DirectNetwork, samples: &[Painted], device: &Device) -> Result<(Tensor, Vec<f32>)> {
        let loss = self.distance(&network.forward(&batch_input(samples, device)?)?, samples, device)?;
        let value = loss.to_scalar::<f32>()?;
        Ok((loss, vec![value]))
    }

    fn validate(&self, network: &DirectNetwork) -> Result<Vec<f32>> {
        let (mut error, mut one_colour) = (0.0, 0.0);
        for samples in self.validation.chunks(BATCH) {
            let output = network.forward(&batch_input(samples, &Device::Cpu)?)?;
            error += self.distance(&output, samples, &Device::Cpu)?.to_scalar::<f32>()? * samples.len() as f32;
            one_colour += samples.iter().map(|sample| self.one_colour_error(&sample.texture)).sum::<f32>();
        }
        let count = self.validation.len().max(1) as f32;
        Ok(vec![error / count, one_colour / count])
    }
}

impl Direct {
    /// What the median of each channel is off by.
    fn one_colour_error(&self, texture: &[f32]) -> f32 {
        let channel = |k: usize| {
            let mut values: Vec<f32> =
                (k..texture.len()).step_by(3).filter(|&i| self.share[i] > 0.0).map(|i| texture[i]).collect();
            values.sort_by(f32::total_cmp);
            let median = values.get(values.len() / 2).copied().unwrap_or_default();
            values.iter().map(|v| (v - median).abs()).sum::<f32>() / values.len().max(1) as f32
        };
        (0..3).map(channel).sum::<f32>() / 3.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_truth_costs_nothing_and_unpainted_texels_do_not_count() {
        let car = gridvox_car::testing::box_car();
        let options = TrainOptions { validation: 3, ..TrainOptions::direct("".into()) };
        let task = Direct::new(&car, &DirectConfig::tiny("box"), &options);
        let edge = task.maps.size as usize;
        for sample in &task.validation {
            let mut values = sample.texture.clone();
            values.iter_mut().zip(&task.share).filter(|(_, share)| **share == 0.0).for_each(|(v, _)| *v = 9.0);
            let distance = |values: &[f32]| {
                let output = Tensor::from_slice(values, (1, edge, edge, 3), &Device::Cpu).unwrap();
                task.distance(&output, std::slice::from_ref(sample), &Device::Cpu).unwrap().to_scalar::<f32>().unwrap()
            };
            assert_eq!(distance(&values), 0.0);
            values.iter_mut().for_each(|v| *v += 0.25);
            assert!((distance(&values) - 0.25).abs() < 1e-4);
            assert!(sample.photo.target.car, "every photo shows the car");
        }
        // A car with one colour has no error by it.
        let flat: Vec<f32> = task.share.iter().map(|_| 0.4).collect();
        assert!(task.one_colour_error(&flat) < 1e-6 && task.one_colour_error(&task.validation[0].texture) > 1e-3);
    }
}
