//! The correspondence network's training: pictures of cars, and how well the network understands those that training
//! never sees.

use std::borrow::Borrow;

use candle_core::{Device, Result, Tensor};
use gridvox_car::CarModel;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use super::loss::{car_loss, dense_loss};
use super::plot::Curve;
use super::{Task, TrainOptions};
use crate::net::network::INPUT_CHANNELS;
use crate::net::{CropRect, Model, Network, NetworkConfig, look};
use crate::synth::livery::derive_seed;
use crate::synth::{Family, HELD_OUT, Sample, SampleStream, Subject, Target};

/// Seed of the validation pictures, apart from every training seed.
const VALIDATION_SEED: u64 = 0x7a11_d000;
/// Pictures per forward pass of the validation.
const BATCH: usize = 4;

/// The task; see the module.
pub(super) struct Correspond {
    subjects: Vec<Subject>,
    /// Of the cars' own shapes, with liveries of the held-out family.
    validation: Vec<Sample>,
    width: usize,
    height: usize,
}

impl Correspond {
    pub(super) fn new(cars: &[&CarModel], network: &NetworkConfig, options: &TrainOptions) -> Self {
        let (width, height) = (network.width, network.height);
        let own: Vec<Subject> = cars.iter().map(|car| Subject::new(car)).collect();
        let mut stream = SampleStream::new(VALIDATION_SEED, width, height, &[HELD_OUT]);
        let validation = (0..options.validation).map(|_| stream.next(&own)).collect();
        Self { subjects: shapes(cars, options).iter().map(Subject::new).collect(), validation, width, height }
    }
}

impl Task for Correspond {
    type Model = Network;
    type Sample = Sample;
    type Stream = SampleStream;
    const LOSSES: &'static [&'static str] = &["mask", "part", "coord", "car"];
    /// In order: cells in both masks by cells in either; share of the car's cells with the right part; median and 90th
    /// percentile of the coordinates' error, in half extents of the bounding box; mean signed error on the worst axis;
    /// share of cells put on the wrong side (where |x| > 0.3); share of errors per axis within one predicted standard
    /// deviation (about 0.75 for a Laplace distribution); share of pictures rightly called with or without a car.
    const METRICS: &'static [&'static str] = &[
        "mask_iou",
        "part_accuracy",
        "coord_median",
        "coord_p90",
        "coord_bias",
        "side_errors",
        "within_sigma",
        "car_accuracy",
    ];
    const CURVES: &'static [Curve] = &[
        Curve { metric: 0, shown: |iou| 1.0 - iou, colour: [20, 20, 20] },
        Curve { metric: 1, shown: |share| 1.0 - share, colour: [40, 80, 210] },
        Curve { metric: 2, shown: |error| error, colour: [30, 150, 60] },
    ];

    fn stream(&self, seed: u64) -> SampleStream {
        SampleStream::new(seed, self.width, self.height, &Family::TRAINING)
    }

    fn draw(&self, stream: &mut SampleStream, count: usize) -> Result<Vec<Sample>> {
        Ok((0..count).map(|_| stream.next(&self.subjects)).collect())
    }

    fn loss(&self, network: &Network, samples: &[Sample], device: &Device) -> Result<(Tensor, Vec<f32>)> {
        loss_of(network, samples, device)
    }

    fn validate(&self, network: &Network) -> Result<Vec<f32>> {
        measure(network, &self.validation)
    }
}

/// The loss on samples: a scalar to go backward from, and its parts.
pub(super) fn loss_of(network: &Network, samples: &[Sample], device: &Device) -> Result<(Tensor, Vec<f32>)> {
    let output = network.forward(&batch_input(samples, device)?)?;
    let targets: Vec<&Target> = samples.iter().map(|s| &s.target).collect();
    let (dense, parts) = dense_loss(&output.dense, &targets)?;
    let (car, value) = car_loss(&output.car, &targets)?;
    Ok(((dense + car)?, vec![parts.mask, parts.part, parts.coord, value]))
}

/// Each car as it is and in other shapes.
fn shapes(cars: &[&CarModel], options: &TrainOptions) -> Vec<CarModel> {
    let mut rng = Pcg64Mcg::seed_from_u64(derive_seed(options.seed, 0x5a9e));
    let mut out: Vec<CarModel> = Vec::new();
    for car in cars {
        out.push((*car).clone());
        out.extend((0..options.shapes).map(|_| crate::synth::subject::varied(car, &mut rng)));
    }
    out
}

/// Pictures as the network's input.
pub(super) fn batch_input(samples: &[impl Borrow<Sample>], device: &Device) -> Result<Tensor> {
    let (width, height) = samples[0].borrow().image.dimensions();
    let (width, height) = (width as usize, height as usize);
    let mut values = Vec::with_capacity(samples.len() * width * height * INPUT_CHANNELS);
    for sample in samples.iter().map(Borrow::borrow) {
        let pixels: Vec<f32> = sample.image.as_raw().iter().map(|&v| f32::from(v)).collect();
        let (low, high) = sample.photo;
        values.extend(look::input(&pixels, width, height, |x, y| {
            let p = glam::Vec2::new(x as f32 + 0.5, y as f32 + 0.5);
            p.cmpge(low).all() && p.cmple(high).all()
        }));
    }
    Tensor::from_vec(values, (samples.len(), height, width, INPUT_CHANNELS), device)
}

/// Runs the network on pictures and compares.
pub(super) fn measure(network: &Network, pictures: &[Sample]) -> Result<Vec<f32>> {
    let (width, height) = network.config().grid();
    let (mut both, mut either, mut cars) = (0usize, 0usize, 0usize);
    let (mut right_part, mut wrong_side, mut sided, mut within) = (0usize, 0usize, 0usize, 0usize);
    let mut errors = Vec::new();
    let mut sum = glam::Vec3::ZERO;
    for samples in pictures.chunks(BATCH) {
        let output = network.forward(&batch_input(samples, &Device::Cpu)?)?;
        let car = output.car.to_vec1::<f32>()?;
        let dense = output.dense.flatten_all()?.to_vec1::<f32>()?;
        for ((sample, dense), car) in samples.iter().zip(dense.chunks_exact(dense.len() / samples.len())).zip(car) {
            let crop = CropRect { x: 0.0, y: 0.0, w: 1.0, h: 1.0 };
            let seen = look::read_out(dense, width, height, crop, 1.0);
            cars += usize::from((car > 0.0) == sample.target.car);
            for i in 0..seen.mask.len() {
                let (found, there) = (seen.mask[i] > 0.5, sample.target.mask[i] > 0.5);
                both += usize::from(found && there);
                either += usize::from(found || there);
                if !there {
                    continue;
                }
                let off = seen.coords[i] - sample.target.coords[i];
                right_part += usize::from(seen.part[i] == sample.target.part[i]);
                errors.push(off.length());
                sum += off;
                within += off.to_array().iter().filter(|e| e.abs() <= seen.sigma[i]).count();
                let x = sample.target.coords[i].x;
                if x.abs() > 0.3 {
                    sided += 1;
                    wrong_side += usize::from(x * seen.coords[i].x < 0.0);
                }
            }
        }
    }
    errors.sort_by(f32::total_cmp);
    let n = errors.len().max(1) as f32;
    let at = |share: f32| errors.get((share * (errors.len().max(1) - 1) as f32) as usize).copied().unwrap_or(f32::NAN);
    Ok(vec![
        both as f32 / either.max(1) as f32,
        right_part as f32 / n,
        at(0.5),
        at(0.9),
        (sum / n).abs().max_element(),
        wrong_side as f32 / sided.max(1) as f32,
        within as f32 / (3.0 * n),
        cars as f32 / pictures.len().max(1) as f32,
    ])
}
