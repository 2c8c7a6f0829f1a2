//! Training of the correspondence network on photos made in the program.
//!
//! Samples are made on the threads that train: each of a few lanes draws its own seeded pictures, runs forward and
//! backward on them, and the gradients are added in a fixed order. [`run`] writes a checkpoint to go on from, the
//! averaged weights as a models folder that [`crate::net::CorrespondenceNet`] loads, a table of losses and its plot.

mod checkpoint;
pub mod loss;
mod optimizer;
mod plot;
pub mod validate;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use gridvox_car::{CarModel, CarPack};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use crate::Cancel;
use crate::cancel::Cancelled;
use crate::net::network::INPUT_CHANNELS;
use crate::net::{ModelError, Network, NetworkConfig, look, weights};
use crate::synth::livery::derive_seed;
use crate::synth::{Family, Sample, SampleStream, Subject, Target};

pub use loss::LossParts;
pub use validate::Metrics;

use optimizer::Optimizer;

/// Steps over which the learning rate rises to its full value.
const WARMUP_STEPS: usize = 150;
/// The learning rate ends at this share of its full value.
const FINAL_RATE: f32 = 0.02;

/// What to train and for how long.
#[derive(Debug, Clone)]
pub struct TrainOptions {
    /// Where checkpoint, weights, `log.csv` and `loss.png` go.
    pub out: PathBuf,
    /// How long to train, all resumed runs taken together, in minutes. The learning rate falls along it.
    pub minutes: f32,
    /// Ends after this many steps as well, if given; then the learning rate falls along them.
    pub steps: Option<usize>,
    /// Goes on from the checkpoint in `out`, if there is one.
    pub resume: bool,
    /// Of the network; a checkpoint has to have the same.
    pub network: NetworkConfig,
    /// Pictures per step.
    pub batch: usize,
    /// Streams of pictures that run in parallel; at most `batch`. Results depend on it, not on the number of threads.
    pub lanes: usize,
    /// Largest learning rate.
    pub rate: f32,
    /// For weights, pictures and shapes.
    pub seed: u64,
    /// Other shapes of each car to train on beside its own.
    pub shapes: usize,
    /// Minutes between checkpoints with validation.
    pub checkpoint_minutes: f32,
    /// Pictures for validation.
    pub validation: usize,
    /// The command to note in the manifest.
    pub command: String,
}

impl TrainOptions {
    /// The settings that the shipped weights were trained with.
    pub fn new(out: PathBuf) -> Self {
        Self {
            out,
            minutes: 75.0,
            steps: None,
            resume: false,
            network: NetworkConfig::standard(),
            batch: 8,
            lanes: 4,
            rate: 1.6e-3,
            seed: 1,
            shapes: 15,
            checkpoint_minutes: 4.0,
            validation: 96,
            command: "gridvox train".into(),
        }
    }
}

/// How training goes.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainProgress {
    /// Steps taken in all.
    pub step: usize,
    /// Pictures seen in all.
    pub samples: usize,
    /// Share of the training that is done, 0..1.
    pub fraction: f32,
    /// Pictures per second since the last report.
    pub samples_per_second: f32,
    /// Mean loss since the last report.
    pub loss: LossParts,
    /// Measured with the averaged weights, when a checkpoint was just written.
    pub metrics: Option<Metrics>,
}

/// Training could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// No car was given.
    #[error("there is no car to train on; name one with --car")]
    NoCar,
    /// The options do not fit together.
    #[error("training cannot start: {0}")]
    BadOptions(String),
    /// A file of the training could not be read or written.
    #[error("the training cannot use {path}: {reason}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The checkpoint belongs to another network.
    #[error("the checkpoint in {path} does not fit: {reason}; choose another folder or train without --resume")]
    BadCheckpoint {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Writing the weights failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// candle failed, for example for lack of memory.
    #[error("training broke off: {0}")]
    Run(#[from] candle_core::Error),
    /// Somebody asked to stop; the last checkpoint stays.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Trains on cars until the time or the steps are used up, and returns the last validation.
pub fn run(
    cars: &[CarPack],
    options: &TrainOptions,
    cancel: &Cancel,
    report: &mut dyn FnMut(TrainProgress),
) -> Result<Metrics, TrainError> {
    let models: Vec<&CarModel> = cars.iter().map(|car| &car.model).collect();
    run_models(&models, options, cancel, report)
}

/// As [`run`], on bare models.
pub fn run_models(
    cars: &[&CarModel],
    options: &TrainOptions,
    cancel: &Cancel,
    report: &mut dyn FnMut(TrainProgress),
) -> Result<Metrics, TrainError> {
    if cars.is_empty() {
        return Err(TrainError::NoCar);
    }
    let lanes = options.lanes.clamp(1, options.batch.max(1));
    if let Some(problem) = options.network.problem() {
        return Err(TrainError::BadOptions(problem));
    }
    if options.batch % lanes != 0 || options.batch == 0 {
        return Err(TrainError::BadOptions(format!("{} pictures cannot be shared by {lanes} lanes", options.batch)));
    }
    std::fs::create_dir_all(&options.out)
        .map_err(|e| TrainError::File { path: options.out.clone(), reason: e.to_string() })?;
    Training::start(cars, options, lanes)?.run(cancel, report)
}

struct Training<'a> {
    options: &'a TrainOptions,
    network: Network,
    optimizer: Optimizer,
    subjects: Vec<Subject>,
    streams: Vec<SampleStream>,
    validation: Vec<Sample>,
    log: Vec<checkpoint::LogRow>,
    /// Seconds of earlier runs.
    before: f32,
}

impl<'a> Training<'a> {
    fn start(cars: &[&CarModel], options: &'a TrainOptions, lanes: usize) -> Result<Self, TrainError> {
        let vars = VarMap::new();
        let network = Network::new(&options.network, VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu))?;
        let named: Vec<_> = {
            let data = vars.data().lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            data.iter().map(|(name, var)| (name.clone(), var.clone())).collect()
        };
        let mut optimizer = Optimizer::new(named)?;
        start_weights(&mut optimizer, options.seed)?;
        let (mut log, mut before) = (Vec::new(), 0.0);
        if options.resume && checkpoint::exists(&options.out) {
            (log, before) = checkpoint::load(&options.out, &mut optimizer)?;
        }
        let subjects: Vec<Subject> = shapes(cars, options).iter().map(Subject::new).collect();
        // A resumed run draws new pictures.
        let stream_seed = derive_seed(options.seed, optimizer.step as u64);
        let (width, height) = (options.network.width, options.network.height);
        let stream = |lane| SampleStream::new(derive_seed(stream_seed, lane as u64), width, height, &Family::TRAINING);
        Ok(Self {
            options,
            network,
            streams: (0..lanes).map(stream).collect(),
            validation: validate::pictures(cars, width, height, options.validation),
            optimizer,
            subjects,
            log,
            before,
        })
    }

    fn run(mut self, cancel: &Cancel, report: &mut dyn FnMut(TrainProgress)) -> Result<Metrics, TrainError> {
        const REPORT_SECONDS: f32 = 10.0;
        let begun = Instant::now();
        let (mut last_report, mut last_checkpoint) = (Instant::now(), Instant::now());
        let (mut sum, mut count) = (LossParts::default(), 0usize);
        loop {
            let elapsed = self.before + begun.elapsed().as_secs_f32();
            let by_steps = self.options.steps.map(|steps| self.optimizer.step as f32 / steps.max(1) as f32);
            let by_time = elapsed / (self.options.minutes * 60.0).max(1e-3);
            let fraction = by_steps.unwrap_or(by_time).min(1.0);
            let done = fraction >= 1.0 || by_time >= 1.0;
            let stopped = cancel.is_cancelled();
            let due = last_checkpoint.elapsed().as_secs_f32() > self.options.checkpoint_minutes * 60.0;
            let reporting = last_report.elapsed().as_secs_f32() > REPORT_SECONDS;
            if done || stopped || due || reporting {
                let n = count.max(1) as f32;
                let loss =
                    LossParts { mask: sum.mask / n, part: sum.part / n, coord: sum.coord / n, car: sum.car / n };
                let samples_per_second = (count * self.options.batch) as f32 / last_report.elapsed().as_secs_f32().max(1e-6);
                let metrics = if done || due || stopped { Some(self.checkpoint(elapsed, loss)?) } else { None };
                report(TrainProgress {
                    step: self.optimizer.step,
                    samples: self.optimizer.step * self.options.batch,
                    fraction,
                    samples_per_second,
                    loss,
                    metrics,
                });
                if stopped {
                    return Err(Cancelled.into());
                }
                if let (true, Some(metrics)) = (done, metrics) {
                    return Ok(metrics);
                }
                if metrics.is_some() {
                    last_checkpoint = Instant::now();
                }
                (sum, count, last_report) = (LossParts::default(), 0, Instant::now());
            }
            let rate = self.options.rate * schedule(fraction, self.optimizer.step);
            let loss = self.step(rate)?;
            sum.mask += loss.mask;
            sum.part += loss.part;
            sum.coord += loss.coord;
            sum.car += loss.car;
            count += 1;
        }
    }

    fn step(&mut self, rate: f32) -> Result<LossParts, TrainError> {
        let lanes = self.streams.len();
        let share = self.options.batch / lanes;
        let (network, optimizer, subjects) = (&self.network, &self.optimizer, &self.subjects);
        let results: Vec<(LossParts, Vec<Vec<f32>>)> = self
            .streams
            .par_iter_mut()
            .map(|stream| {
                let samples: Vec<Sample> = (0..share).map(|_| stream.next(subjects)).collect();
                gradients(network, optimizer, &samples)
            })
            .collect::<candle_core::Result<_>>()?;
        let scale = 1.0 / lanes as f32;
        let mut loss = LossParts::default();
        let mut total: Vec<Vec<f32>> = optimizer.slots.iter().map(|s| vec![0.0; s.average.len()]).collect();
        for (parts, grads) in &results {
            loss.mask += parts.mask * scale;
            loss.part += parts.part * scale;
            loss.coord += parts.coord * scale;
            loss.car += parts.car * scale;
            for (total, grad) in total.iter_mut().zip(grads) {
                total.iter_mut().zip(grad).for_each(|(t, g)| *t += g * scale);
            }
        }
        self.optimizer.step(&total, rate)?;
        Ok(loss)
    }

    fn checkpoint(&mut self, elapsed: f32, loss: LossParts) -> Result<Metrics, TrainError> {
        let arrays: BTreeMap<_, _> = self
            .optimizer
            .slots
            .iter()
            .map(|s| (s.name.clone(), (s.var.dims().to_vec(), s.average.clone())))
            .collect();
        let averaged: std::collections::HashMap<String, Tensor> = arrays
            .iter()
            .map(|(name, (shape, values))| {
                Ok((name.clone(), Tensor::from_slice(values, shape.as_slice(), &Device::Cpu)?))
            })
            .collect::<candle_core::Result<_>>()?;
        let network = weights::build(&self.options.network, averaged, &Device::Cpu)
            .map_err(TrainError::BadOptions)?;
        let metrics = validate::measure(&network, &self.validation)?;
        self.log.push(checkpoint::LogRow {
            step: self.optimizer.step,
            seconds: elapsed,
            loss,
            metrics,
        });
        checkpoint::save(&self.options.out, &self.optimizer, &self.log, elapsed)?;
        let mut named = metrics.named();
        named.insert("training_samples".into(), (self.optimizer.step * self.options.batch) as f64);
        named.insert("training_minutes".into(), (f64::from(elapsed) / 6.0).round() / 10.0);
        weights::save(&self.options.out, &self.options.network, &arrays, &self.options.command, named)?;
        plot::losses(&self.log, &self.options.out.join("loss.png"))
            .map_err(|reason| TrainError::File { path: self.options.out.join("loss.png"), reason })?;
        Ok(metrics)
    }
}

/// The learning rate's share at this point: up from 0, then down along a cosine.
fn schedule(fraction: f32, step: usize) -> f32 {
    let warm = ((step + 1) as f32 / WARMUP_STEPS as f32).min(1.0);
    let fall = 0.5 * (1.0 + (std::f32::consts::PI * fraction.clamp(0.0, 1.0)).cos());
    warm * (FINAL_RATE + (1.0 - FINAL_RATE) * fall)
}

/// Seeded weights: normal by fan-in, with the ends of residual branches small so that the network starts simple.
fn start_weights(optimizer: &mut Optimizer, seed: u64) -> candle_core::Result<()> {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    for slot in &mut optimizer.slots {
        let dims = slot.var.dims().to_vec();
        let spread = match slot.name.as_str() {
            name if name.ends_with("last.weight") || name == "head.weight" || name == "car.weight" => {
                0.3 / (dims[0] as f32).sqrt()
            }
            name if name.ends_with("weight") => (2.0 / dims[0] as f32).sqrt(),
            "position" => 0.1,
            _ => continue,
        };
        let mut normal = || {
            let (a, b): (f32, f32) = (rng.random_range(1e-7..1.0), rng.random());
            spread * (-2.0 * a.ln()).sqrt() * (std::f32::consts::TAU * b).cos()
        };
        slot.average = (0..slot.average.len()).map(|_| normal()).collect();
        slot.var.set(&Tensor::from_slice(&slot.average, dims.as_slice(), &Device::Cpu)?)?;
    }
    Ok(())
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
pub(crate) fn batch_input(samples: &[Sample]) -> candle_core::Result<Tensor> {
    let (width, height) = samples[0].image.dimensions();
    let (width, height) = (width as usize, height as usize);
    let mut values = Vec::with_capacity(samples.len() * width * height * INPUT_CHANNELS);
    for sample in samples {
        let pixels: Vec<f32> = sample.image.as_raw().iter().map(|&v| f32::from(v)).collect();
        let (low, high) = sample.photo;
        values.extend(look::input(&pixels, width, height, |x, y| {
            let p = glam::Vec2::new(x as f32 + 0.5, y as f32 + 0.5);
            p.cmpge(low).all() && p.cmple(high).all()
        }));
    }
    Tensor::from_vec(values, (samples.len(), height, width, INPUT_CHANNELS), &Device::Cpu)
}

/// Loss and its gradients in the optimiser's order.
fn gradients(network: &Network, optimizer: &Optimizer, samples: &[Sample]) -> candle_core::Result<(LossParts, Vec<Vec<f32>>)> {
    let output = network.forward(&batch_input(samples)?)?;
    let targets: Vec<&Target> = samples.iter().map(|s| &s.target).collect();
    let (dense, mut parts) = loss::dense_loss(&output.dense, &targets)?;
    let (car, value) = loss::car_loss(&output.car, &targets)?;
    parts.car = value;
    let grads = (dense + car)?.backward()?;
    let ordered = optimizer.slots.iter().map(|slot| match grads.get(&slot.var) {
        Some(grad) => grad.flatten_all()?.to_vec1::<f32>(),
        None => Ok(vec![0.0; slot.average.len()]),
    });
    Ok((parts, ordered.collect::<candle_core::Result<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(out: PathBuf) -> TrainOptions {
        TrainOptions {
            minutes: 5.0,
            steps: Some(12),
            network: NetworkConfig::tiny(),
            batch: 2,
            lanes: 2,
            shapes: 1,
            validation: 4,
            ..TrainOptions::new(out)
        }
    }

    #[test]
    fn a_short_training_lowers_the_loss_and_can_be_resumed() {
        let dir = tempfile::tempdir().unwrap();
        let car = gridvox_car::testing::box_car();
        let options = options(dir.path().to_owned());
        let mut reports = Vec::new();
        run_models(&[&car], &options, &Cancel::new(), &mut |p| reports.push(p)).unwrap();
        let last = reports.last().unwrap();
        assert_eq!((last.step, last.samples), (12, 24));
        assert!(last.metrics.is_some() && last.loss.total().is_finite());
        let net = crate::net::CorrespondenceNet::load(dir.path(), &Device::Cpu).expect("the weights can be used");
        net.correspond(&image::RgbImage::new(30, 20)).unwrap();

        let more = TrainOptions { steps: Some(16), resume: true, ..options };
        run_models(&[&car], &more, &Cancel::new(), &mut |p| reports.push(p)).unwrap();
        assert_eq!(reports.last().unwrap().step, 16);
        assert!(dir.path().join("loss.png").exists() && dir.path().join("log.csv").exists());
        let other = TrainOptions { network: NetworkConfig { blocks: [2, 1, 1], ..NetworkConfig::tiny() }, ..more };
        let refused = run_models(&[&car], &other, &Cancel::new(), &mut |_| ());
        assert!(matches!(refused, Err(TrainError::BadCheckpoint { .. })));
    }

    #[test]
    fn stopping_keeps_a_checkpoint() {
        let dir = tempfile::tempdir().unwrap();
        let car = gridvox_car::testing::box_car();
        let cancel = Cancel::new();
        cancel.cancel();
        let stopped = run_models(&[&car], &options(dir.path().to_owned()), &cancel, &mut |_| ());
        assert!(matches!(stopped, Err(TrainError::Cancelled(_))));
        assert!(dir.path().join("checkpoint.safetensors").exists());
        assert!(matches!(run_models(&[], &options(dir.path().into()), &cancel, &mut |_| ()), Err(TrainError::NoCar)));
    }

    #[test]
    fn the_rate_rises_then_falls() {
        assert!(schedule(0.0, 0) < 0.01 && schedule(0.0, WARMUP_STEPS) > 0.99);
        assert!(schedule(0.5, 9999) < 0.6 && (schedule(1.0, 9999) - FINAL_RATE).abs() < 1e-6);
    }
}
