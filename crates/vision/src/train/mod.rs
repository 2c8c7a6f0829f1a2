//! Training of the networks on photos made in the program.
//!
//! Samples are made in the program, or cut from photos of a folder ([`KnownPhotos`]), by a few lanes that each draw their
//! own seeded ones. On the processor a lane also runs forward and backward on them, and the gradients are added in a fixed
//! order; a graphics processor takes the samples of all lanes together while they draw the next ones. [`correspondence`],
//! [`albedo`] and the others write a checkpoint to go on from, the averaged weights as a models folder, a table of losses and
//! its plot.

mod albedo;
mod atlas;
mod checkpoint;
mod correspond;
mod direct;
mod folder;
mod known;
mod lettering;
pub mod loss;
mod optimizer;
mod plot;
mod reading;
mod supply;

pub use folder::KnownPhotos;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use gridvox_car::CarModel;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use crate::Cancel;
use crate::cancel::Cancelled;
use crate::net::{AlbedoConfig, AtlasConfig, DirectConfig, LetteringConfig, Model, ModelError, NetworkConfig, ReadingConfig, weights};
use crate::synth::livery::derive_seed;

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
    /// Starts from the weights in this models folder instead of from chance, at half the learning rate. What the
    /// network has more inputs for than they do starts without effect.
    pub start: Option<PathBuf>,
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
    /// Where the network is trained. Samples are drawn, and the averaged weights validated, on the processor.
    pub device: Device,
}

impl TrainOptions {
    /// The settings that the shipped correspondence network was trained with.
    pub fn correspondence(out: PathBuf) -> Self {
        Self {
            out,
            minutes: 75.0,
            steps: None,
            resume: false,
            start: None,
            batch: 8,
            lanes: 4,
            rate: 1.6e-3,
            seed: 1,
            shapes: 15,
            checkpoint_minutes: 4.0,
            validation: 96,
            command: "gridvox train".into(),
            device: Device::Cpu,
        }
    }

    /// The settings that the shipped albedo network was trained with.
    pub fn albedo(out: PathBuf) -> Self {
        Self { batch: 16, rate: 1.2e-3, shapes: 7, validation: 192, ..Self::correspondence(out) }
    }

    /// The settings that the shipped completion network was trained with.
    pub fn atlas(out: PathBuf) -> Self {
        Self { batch: 16, rate: 1.5e-3, shapes: 7, validation: 192, ..Self::correspondence(out) }
    }

    /// The settings for the direct network. It knows one car, so it sees no other shapes.
    pub fn direct(out: PathBuf) -> Self {
        Self { shapes: 0, ..Self::correspondence(out) }
    }

    /// The settings that the shipped lettering network was trained with.
    pub fn lettering(out: PathBuf) -> Self {
        Self { batch: 8, lanes: 2, rate: 2e-3, validation: 192, ..Self::correspondence(out) }
    }

    /// The settings that the shipped reading network was trained with.
    pub fn reading(out: PathBuf) -> Self {
        Self { batch: 64, rate: 2e-3, validation: 1024, minutes: 20.0, ..Self::correspondence(out) }
    }
}

/// The first graphics processor, for [`TrainOptions::device`].
///
/// # Errors
/// Where the program was built without one or none is there.
pub fn graphics_processor() -> Result<Device, TrainError> {
    let device = if cfg!(feature = "metal") { Device::new_metal(0) } else { Device::new_cuda(0) };
    device.map_err(|error| TrainError::NoGraphicsProcessor(error.to_string().lines().next().unwrap_or_default().to_owned()))
}

/// Named numbers, in a fixed order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measures(pub Vec<(&'static str, f32)>);

impl Measures {
    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<f32> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
    }

    /// Their sum.
    pub fn sum(&self) -> f32 {
        self.0.iter().map(|(_, value)| value).sum()
    }

    /// Adds a share of others with the same names; an empty one takes the names over.
    fn add(&mut self, other: &Self, share: f32) {
        if self.0.is_empty() {
            self.0 = other.0.iter().map(|&(name, _)| (name, 0.0)).collect();
        }
        self.0.iter_mut().zip(&other.0).for_each(|((_, sum), (_, value))| *sum += share * value);
    }
}

impl fmt::Display for Measures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        f.write_str(&words.join(", "))
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
    /// Mean loss since the last report, by what it is made of.
    pub loss: Measures,
    /// Measured with the averaged weights, when a checkpoint was just written.
    pub metrics: Option<Measures>,
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
    /// There is none, or the program cannot use it.
    #[error("no graphics processor can be used ({0}); build with --features cuda or metal where its toolkit is installed, or leave --device away")]
    NoGraphicsProcessor(String),
    /// A file of the training could not be read or written.
    #[error("the training cannot use {path}: {reason}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The checkpoint, or the weights to start from, belong to another network.
    #[error("the weights in {path} do not fit: {reason}; choose another folder or start anew")]
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

/// One network and what it learns from.
trait Task: Sync + Sized {
    /// The network's configuration and name.
    type Model: Model;
    /// What the network learns from at a time.
    type Sample: Send;
    /// A seeded row of samples.
    type Stream: Send;
    /// Names of the loss's parts.
    const LOSSES: &'static [&'static str];
    /// Names of what validation measures.
    const METRICS: &'static [&'static str];
    /// What the plot shows beside the loss: which metric, how, and in which colour.
    const CURVES: &'static [plot::Curve];

    /// Samples from a seed.
    fn stream(&self, seed: u64) -> Self::Stream;

    /// The next samples of a stream.
    fn draw(&self, stream: &mut Self::Stream, count: usize) -> candle_core::Result<Vec<Self::Sample>>;

    /// The loss on samples: a scalar on `device`, where the network is, to go backward from, and its parts.
    fn loss(&self, network: &Self::Model, samples: &[Self::Sample], device: &Device) -> candle_core::Result<(Tensor, Vec<f32>)>;

    /// How good a network on the processor is on what training never sees.
    fn validate(&self, network: &Self::Model) -> candle_core::Result<Vec<f32>>;
}

/// Trains the correspondence network on cars until the time or the steps are used up; returns the last validation.
pub fn correspondence(
    cars: &[&CarModel],
    network: &NetworkConfig,
    options: &TrainOptions,
    cancel: &Cancel,
    report: &mut dyn FnMut(TrainProgress),
) -> Result<Measures, TrainError> {
    check::<crate::net::Network>(cars.len(), network, options)?;
    let task = correspond::Correspond::new(cars, network, options);
    Training::start(task, network, options)?.run(cancel, report)
}

/// Trains the correspondence network on photos from a folder, likewise.
pub fn correspondence_from(
    photos: &KnownPhotos,
    network: &NetworkConfig,
    options: &TrainOptions,
    cancel: &Cancel,
    report: &mut dyn FnMut(TrainProgress),
) -> Result<Measures, TrainError> {
    check::<crate::net::Network>(1, network, options)?;
    let task = folder::FromFolder::new(photos, network, options)?;
    Training::start(task, network, options)?.run(cancel, report)
}

/// Trains the albedo network, likewise.
pub fn albedo(
    cars: &[&CarModel],
    network: &AlbedoConfig,
    options: &TrainOptions,
    cancel: &Cancel,
    report: &mut dyn FnMut(TrainProgress),
) -> Result<Measures, TrainError> {
    albedo_under::<crate::net::AlbedoNetwork>(0.0, cars, network, options, cancel, report)
}

/// Trains the albedo network for harsh light, likewise; it can start from the usual one's weights.
pub fn albedo_harsh(
    cars: &[&CarModel],
    network: &AlbedoConfig,
    options: &TrainOptions,
    cancel: &Cancel,
    report: &mut dyn FnMut(TrainProgress),
) -> Result<Measures, TrainError> {
    albedo_under::<crate::net::HarshAlbedo>(albedo::HARSH, cars, network, options, cancel, report)
}

/// Either of them, with this share of photos under harsh light.
fn albedo_under<M: albedo::TellsPaint>(
    harsh: f64,
    cars: &[&CarModel],
    network: &AlbedoConfig,
    options: &TrainOptions,
    cancel: &Cancel,
    report: &mut dyn FnMut(TrainProgress),
) -> Result<Measures, TrainError> {
    check::<M>(cars.len(), network, options)?;
    let task = albedo::Albedo::<M>::new(cars, harsh, options);
    Training::start(task, network, options)?.run(cancel, report)
}

/// Trains the completion network, likewise.
pub fn atlas(
    cars: &[&CarModel],
    network: &AtlasConfig,
    options: &TrainOptions,
    cancel: &Cancel,
    report: &mut dyn FnMut(TrainProgress),
) -> Result<Measures, TrainError> {
    check::<crate::net::AtlasNetwork>(cars.len(), network, options)?;
    let task = atlas::Atlas::new(cars, options);
    Training::start(task, network, options)?.run(cancel, report)
}

/// Trains the direct network on the car that its configuration names, likewise.
pub fn direct(
    car: &CarModel,
    network: &DirectConfig,
    options: &TrainOptions,
    cancel: &Cancel,
    report: &mut dyn FnMut(TrainProgress),
) -> Result<Measures, TrainError> {
    check::<crate::net::DirectNetwork>(1, network, options)?;
    let task = direct::Direct::new(car, network, options);
    Training::start(task, network, options)?.run(cancel, report)
}

/// Trains the lettering network, which needs no car, likewise.
pub fn lettering(
    network: &LetteringConfig,
    options: &TrainOptions,
    cancel: &Cancel,
    report: &mut dyn FnMut(TrainProgress),
) -> Result<Measures, TrainError> {
    check::<crate::net::LetteringNetwork>(1, network, options)?;
    Training::start(lettering::Lettering::new(options), network, options)?.run(cancel, report)
}

/// Trains the reading network, which needs no car, likewise.
pub fn reading(
    network: &ReadingConfig,
    options: &TrainOptions,
    cancel: &Cancel,
    report: &mut dyn FnMut(TrainProgress),
) -> Result<Measures, TrainError> {
    check::<crate::net::ReadingNetwork>(1, network, options)?;
    Training::start(reading::Reading::new(options), network, options)?.run(cancel, report)
}

fn check<M: Model>(cars: usize, network: &M::Config, options: &TrainOptions) -> Result<(), TrainError> {
    if cars == 0 {
        return Err(TrainError::NoCar);
    }
    if let Some(problem) = M::problem(network) {
        return Err(TrainError::BadOptions(problem));
    }
    if options.batch == 0 || options.batch % options.lanes_used() != 0 {
        let (batch, lanes) = (options.batch, options.lanes_used());
        return Err(TrainError::BadOptions(format!("{batch} pictures cannot be shared by {lanes} lanes")));
    }
    std::fs::create_dir_all(&options.out)
        .map_err(|e| TrainError::File { path: options.out.clone(), reason: e.to_string() })
}

impl TrainOptions {
    fn lanes_used(&self) -> usize {
        self.lanes.clamp(1, self.batch.max(1))
    }
}

struct Training<'a, T: Task> {
    task: Arc<T>,
    options: &'a TrainOptions,
    network: T::Model,
    optimizer: Optimizer,
    streams: Vec<T::Stream>,
    log: Vec<checkpoint::LogRow>,
    /// Seconds of earlier runs.
    before: f32,
}

impl<'a, T: Task> Training<'a, T>
where
    T::Model: Sync,
{
    fn start(task: T, config: &<T::Model as Model>::Config, options: &'a TrainOptions) -> Result<Self, TrainError> {
        let vars = VarMap::new();
        let network = T::Model::new(config, VarBuilder::from_varmap(&vars, DType::F32, &options.device))?;
        let named: Vec<_> = {
            let data = vars.data().lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            data.iter().map(|(name, var)| (name.clone(), var.clone())).collect()
        };
        let mut optimizer = Optimizer::new(named)?;
        start_weights(&mut optimizer, options.seed)?;
        if let Some(models_dir) = &options.start {
            take_weights::<T::Model>(&mut optimizer, models_dir)?;
        }
        let (mut log, mut before) = (Vec::new(), 0.0);
        if options.resume && checkpoint::exists(&options.out) {
            (log, before) = checkpoint::load(&options.out, &mut optimizer, T::LOSSES.len(), T::METRICS.len())?;
        }
        // A resumed run draws new pictures.
        let stream_seed = derive_seed(options.seed, optimizer.step as u64);
        let streams = (0..options.lanes_used()).map(|lane| task.stream(derive_seed(stream_seed, lane as u64))).collect();
        Ok(Self { task: Arc::new(task), options, network, optimizer, streams, log, before })
    }

    fn run(mut self, cancel: &Cancel, report: &mut dyn FnMut(TrainProgress)) -> Result<Measures, TrainError> {
        let streams = std::mem::take(&mut self.streams);
        let share = self.options.batch / streams.len();
        let task = Arc::clone(&self.task);
        if self.options.device.is_cpu() {
            let mut lanes = streams;
            return self.learn(&mut |training| training.step_in_lanes(&mut lanes, share), cancel, report);
        }
        supply::with_supply(&*task, streams, share, |supply| {
            self.learn(&mut |training| training.step_on_device(supply), cancel, report)
        })
    }

    /// Takes steps until time or steps are used up. A step returns its loss and gradients.
    fn learn(
        &mut self,
        step: &mut dyn FnMut(&Self) -> candle_core::Result<(Measures, Vec<Vec<f32>>)>,
        cancel: &Cancel,
        report: &mut dyn FnMut(TrainProgress),
    ) -> Result<Measures, TrainError> {
        const REPORT_SECONDS: f32 = 10.0;
        let begun = Instant::now();
        let (mut last_report, mut last_checkpoint) = (Instant::now(), Instant::now());
        let (mut sum, mut count) = (Measures::default(), 0usize);
        loop {
            let elapsed = self.before + begun.elapsed().as_secs_f32();
            let by_steps = self.options.steps.map(|steps| match steps {
                0 => 1.0,
                steps => self.optimizer.step as f32 / steps as f32,
            });
            let by_time = elapsed / (self.options.minutes * 60.0).max(1e-3);
            let fraction = by_steps.unwrap_or(by_time).min(1.0);
            let done = fraction >= 1.0 || by_time >= 1.0;
            let stopped = cancel.is_cancelled();
            let due = last_checkpoint.elapsed().as_secs_f32() > self.options.checkpoint_minutes * 60.0;
            let reporting = last_report.elapsed().as_secs_f32() > REPORT_SECONDS;
            if done || stopped || due || reporting {
                let mut loss = Measures(T::LOSSES.iter().map(|&name| (name, 0.0)).collect());
                loss.add(&sum, 1.0 / count.max(1) as f32);
                let samples_per_second = (count * self.options.batch) as f32 / last_report.elapsed().as_secs_f32().max(1e-6);
                let metrics = if done || due || stopped { Some(self.checkpoint(elapsed, &loss)?) } else { None };
                report(TrainProgress {
                    step: self.optimizer.step,
                    samples: self.optimizer.step * self.options.batch,
                    fraction,
                    samples_per_second,
                    loss,
                    metrics: metrics.clone(),
                });
                if stopped {
                    return Err(Cancelled.into());
                }
                if metrics.is_some() {
                    last_checkpoint = Instant::now();
                }
                if let (true, Some(metrics)) = (done, metrics) {
                    return Ok(metrics);
                }
                (sum, count, last_report) = (Measures::default(), 0, Instant::now());
            }
            let full = if self.options.start.is_some() { 0.5 * self.options.rate } else { self.options.rate };
            let rate = full * schedule(fraction, self.optimizer.step);
            let (loss, gradients) = step(self)?;
            self.optimizer.step(&gradients, rate)?;
            sum.add(&loss, 1.0);
            count += 1;
        }
    }

    fn step_in_lanes(&self, lanes: &mut [T::Stream], share: usize) -> candle_core::Result<(Measures, Vec<Vec<f32>>)> {
        let (task, network, optimizer) = (&*self.task, &self.network, &self.optimizer);
        let results: Vec<(Vec<f32>, Vec<Vec<f32>>)> = lanes
            .par_iter_mut()
            .map(|stream| {
                let samples = task.draw(stream, share)?;
                let (loss, parts) = task.loss(network, &samples, &Device::Cpu)?;
                Ok((parts, gradients(&loss, optimizer)?))
            })
            .collect::<candle_core::Result<_>>()?;
        let scale = 1.0 / results.len() as f32;
        let mut loss = Measures::default();
        let mut total: Vec<Vec<f32>> = self.optimizer.slots.iter().map(|s| vec![0.0; s.average.len()]).collect();
        for (parts, grads) in results {
            loss.add(&Measures(T::LOSSES.iter().copied().zip(parts).collect()), scale);
            for (total, grad) in total.iter_mut().zip(&grads) {
                total.iter_mut().zip(grad).for_each(|(t, g)| *t += g * scale);
            }
        }
        Ok((loss, total))
    }

    fn step_on_device(&self, supply: &supply::Supply<T::Sample>) -> candle_core::Result<(Measures, Vec<Vec<f32>>)> {
        let samples = supply.take()?;
        let (loss, parts) = self.task.loss(&self.network, &samples, &self.options.device)?;
        Ok((Measures(T::LOSSES.iter().copied().zip(parts).collect()), gradients(&loss, &self.optimizer)?))
    }

    fn checkpoint(&mut self, elapsed: f32, loss: &Measures) -> Result<Measures, TrainError> {
        let arrays: BTreeMap<_, _> = self
            .optimizer
            .slots
            .iter()
            .map(|s| (s.name.clone(), (s.var.dims().to_vec(), s.average.clone())))
            .collect();
        let averaged: HashMap<String, Tensor> = arrays
            .iter()
            .map(|(name, (shape, values))| {
                Ok((name.clone(), Tensor::from_slice(values, shape.as_slice(), &Device::Cpu)?))
            })
            .collect::<candle_core::Result<_>>()?;
        let config = self.network.config();
        let network: T::Model = weights::build(config, averaged, &Device::Cpu).map_err(TrainError::BadOptions)?;
        let metrics = self.task.validate(&network)?;
        self.log.push(checkpoint::LogRow {
            step: self.optimizer.step,
            seconds: elapsed,
            loss: loss.0.iter().map(|(_, value)| *value).collect(),
            metrics: metrics.clone(),
        });
        let columns: Vec<String> = T::LOSSES.iter().map(|name| format!("loss_{name}")).collect();
        let columns = columns.iter().map(String::as_str).chain(T::METRICS.iter().copied());
        checkpoint::save(&self.options.out, &self.optimizer, columns, &self.log, elapsed)?;
        let metrics = Measures(T::METRICS.iter().copied().zip(metrics).collect());
        let mut named: BTreeMap<String, f64> =
            metrics.0.iter().map(|(name, v)| ((*name).to_owned(), (f64::from(*v) * 1e4).round() / 1e4)).collect();
        named.insert("training_samples".into(), (self.optimizer.step * self.options.batch) as f64);
        named.insert("training_minutes".into(), (f64::from(elapsed) / 6.0).round() / 10.0);
        weights::save::<T::Model>(&self.options.out, config, &arrays, &self.options.command, named)?;
        plot::losses(&self.log, T::CURVES, &self.options.out.join("loss.png"))
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
            name if name.ends_with("position") => 0.1,
            "latents" => 0.5,
            _ => continue,
        };
        let mut normal = || {
            let (a, b): (f32, f32) = (rng.random_range(1e-7..1.0), rng.random());
            spread * (-2.0 * a.ln()).sqrt() * (std::f32::consts::TAU * b).cos()
        };
        slot.average = (0..slot.average.len()).map(|_| normal()).collect();
        slot.var.set(&Tensor::from_slice(&slot.average, dims.as_slice(), slot.var.device())?)?;
    }
    Ok(())
}

/// Puts a trained network's weights in place. Rows that a matrix of theirs lacks at its end become zero.
fn take_weights<M: Model>(optimizer: &mut Optimizer, models_dir: &Path) -> Result<(), TrainError> {
    let (_, tensors) = weights::read_start::<M>(models_dir, &Device::Cpu)?;
    let bad = |reason: String| TrainError::BadCheckpoint { path: models_dir.join(M::NAME), reason };
    for slot in &mut optimizer.slots {
        let dims = slot.var.dims().to_vec();
        let tensor = tensors.get(&slot.name).ok_or_else(|| bad(format!("`{}` is missing", slot.name)))?;
        let found = tensor.dims();
        let fewer_rows = dims.len() == 2 && found.len() == 2 && found[1] == dims[1] && found[0] < dims[0];
        if found != dims && !fewer_rows {
            return Err(bad(format!("`{}` is {found:?} and not {dims:?}", slot.name)));
        }
        let mut values = tensor.flatten_all()?.to_vec1::<f32>()?;
        values.resize(slot.average.len(), 0.0);
        slot.var.set(&Tensor::from_slice(&values, dims.as_slice(), slot.var.device())?)?;
        slot.average = values;
    }
    Ok(())
}

/// Gradients in the optimiser's order.
fn gradients(loss: &Tensor, optimizer: &Optimizer) -> candle_core::Result<Vec<Vec<f32>>> {
    let grads = loss.backward()?;
    let ordered = optimizer.slots.iter().map(|slot| match grads.get(&slot.var) {
        Some(grad) => grad.flatten_all()?.to_vec1::<f32>(),
        None => Ok(vec![0.0; slot.average.len()]),
    });
    ordered.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(out: PathBuf) -> TrainOptions {
        TrainOptions {
            minutes: 5.0,
            steps: Some(12),
            batch: 2,
            lanes: 2,
            shapes: 1,
            validation: 4,
            ..TrainOptions::correspondence(out)
        }
    }

    #[test]
    fn a_short_training_lowers_the_loss_and_can_be_resumed() {
        let dir = tempfile::tempdir().unwrap();
        let car = gridvox_car::testing::box_car();
        let options = options(dir.path().to_owned());
        let mut reports = Vec::new();
        correspondence(&[&car], &NetworkConfig::tiny(), &options, &Cancel::new(), &mut |p| reports.push(p)).unwrap();
        let last = reports.last().unwrap();
        assert_eq!((last.step, last.samples), (12, 24));
        assert!(last.metrics.is_some() && last.loss.sum().is_finite());
        let net = crate::net::CorrespondenceNet::load(dir.path(), &Device::Cpu).expect("the weights can be used");
        net.correspond(&image::RgbImage::new(30, 20), crate::net::Proportions::USUAL).unwrap();

        let more = TrainOptions { steps: Some(16), resume: true, ..options };
        correspondence(&[&car], &NetworkConfig::tiny(), &more, &Cancel::new(), &mut |p| reports.push(p)).unwrap();
        assert_eq!(reports.last().unwrap().step, 16);
        assert!(dir.path().join("loss.png").exists() && dir.path().join("log.csv").exists());
        let other = NetworkConfig { blocks: [2, 1, 1], ..NetworkConfig::tiny() };
        let refused = correspondence(&[&car], &other, &more, &Cancel::new(), &mut |_| ());
        assert!(matches!(refused, Err(TrainError::BadCheckpoint { .. })));
    }

    #[test]
    fn the_albedo_network_learns_in_the_same_way() {
        let dir = tempfile::tempdir().unwrap();
        let car = gridvox_car::testing::box_car();
        let options = TrainOptions { steps: Some(10), ..options(dir.path().to_owned()) };
        let mut reports = Vec::new();
        let measured = albedo(&[&car], &AlbedoConfig::tiny(), &options, &Cancel::new(), &mut |p| reports.push(p)).unwrap();
        assert_eq!(reports.last().unwrap().samples, 20);
        assert!(measured.get("delta_e_aligned").is_some_and(|d| d > 0.0 && d < 100.0), "{measured}");
        let network: crate::net::AlbedoNetwork = weights::load(dir.path(), &Device::Cpu).expect("the weights can be used");
        assert_eq!(network.config(), &AlbedoConfig::tiny());
    }

    #[test]
    fn the_completion_network_learns_in_the_same_way() {
        let dir = tempfile::tempdir().unwrap();
        let car = gridvox_car::testing::box_car();
        let options = TrainOptions { steps: Some(6), ..options(dir.path().to_owned()) };
        let mut reports = Vec::new();
        let measured = atlas(&[&car], &AtlasConfig::tiny(), &options, &Cancel::new(), &mut |p| reports.push(p)).unwrap();
        assert_eq!(reports.last().unwrap().samples, 12);
        let value = |name| measured.get(name).unwrap();
        assert!(value("delta_e") >= value("delta_e_best_ink") && value("delta_e") < 100.0, "{measured}");
        let loaded = weights::load_if_listed::<crate::net::AtlasNetwork>(dir.path(), &Device::Cpu).expect("the weights can be used");
        assert_eq!(loaded.map(|network| network.config().clone()), Some(AtlasConfig::tiny()));
        let without = weights::load_if_listed::<crate::net::AlbedoNetwork>(dir.path(), &Device::Cpu);
        assert!(without.is_ok_and(|network| network.is_none()), "a folder without a network is none that is broken");
    }

    #[test]
    fn samples_drawn_ahead_teach_the_same_in_every_run() {
        let dir = tempfile::tempdir().unwrap();
        let car = gridvox_car::testing::box_car();
        let options = TrainOptions { steps: Some(5), batch: 4, ..options(dir.path().to_owned()) };
        let learn = || {
            let task = albedo::Albedo::<crate::net::AlbedoNetwork>::new(&[&car], 0.0, &options);
            let mut training = Training::start(task, &AlbedoConfig::tiny(), &options).unwrap();
            let (streams, task) = (std::mem::take(&mut training.streams), Arc::clone(&training.task));
            let mut losses = Vec::new();
            let measured = supply::with_supply(&*task, streams, 2, |supply| {
                let step = &mut |training: &Training<'_, albedo::Albedo<crate::net::AlbedoNetwork>>| {
                    let (loss, gradients) = training.step_on_device(supply)?;
                    losses.push(loss.sum());
                    Ok((loss, gradients))
                };
                training.learn(step, &Cancel::new(), &mut |_| ())
            });
            (measured.unwrap(), losses)
        };
        let first = learn();
        assert_eq!(first, learn());
        assert!(first.1.len() == 5 && first.1.iter().all(|loss| loss.is_finite()), "{:?}", first.1);
    }

    #[test]
    fn the_direct_network_learns_one_car() {
        let dir = tempfile::tempdir().unwrap();
        let car = gridvox_car::testing::box_car();
        let options = TrainOptions { steps: Some(10), ..options(dir.path().to_owned()) };
        let config = DirectConfig::tiny("box");
        let measured = direct(&car, &config, &options, &Cancel::new(), &mut |_| ()).unwrap();
        assert!(measured.get("texture_error").is_some_and(|e| e > 0.0 && e < 1.0), "{measured}");
        let painter = crate::net::DirectPainter::load(dir.path()).expect("the weights can be used").expect("and are there");
        assert_eq!((painter.car(), painter.paint(&image::RgbImage::new(30, 20), 64).unwrap().width()), ("box", 64));
    }

    #[test]
    fn the_reading_network_learns_without_a_car() {
        let dir = tempfile::tempdir().unwrap();
        let options = TrainOptions { steps: Some(6), validation: 40, ..options(dir.path().to_owned()) };
        let measured = reading(&ReadingConfig::tiny(), &options, &Cancel::new(), &mut |_| ()).unwrap();
        assert!(measured.get("right").is_some_and(|share| (0.0..=1.0).contains(&share)), "{measured}");
        let network: crate::net::ReadingNetwork = weights::load(dir.path(), &Device::Cpu).expect("the weights can be used");
        assert_eq!(network.config(), &ReadingConfig::tiny());
    }

    #[test]
    fn the_lettering_network_learns_without_a_car() {
        let dir = tempfile::tempdir().unwrap();
        let options = TrainOptions { steps: Some(4), validation: 6, ..options(dir.path().to_owned()) };
        let measured = lettering(&LetteringConfig::tiny(), &options, &Cancel::new(), &mut |_| ()).unwrap();
        assert!(measured.get("stroke_iou").is_some_and(|share| (0.0..=1.0).contains(&share)), "{measured}");
        let network: crate::net::LetteringNetwork = weights::load(dir.path(), &Device::Cpu).expect("the weights can be used");
        assert_eq!(network.config(), &LetteringConfig::tiny());
    }

    #[test]
    fn training_can_start_from_weights_of_fewer_inputs() {
        let dir = tempfile::tempdir().unwrap();
        let car = gridvox_car::testing::box_car();
        let options = |out: &str, steps| TrainOptions { steps: Some(steps), ..options(dir.path().join(out)) };
        let config = AlbedoConfig::tiny();
        let validated = albedo(&[&car], &config, &options("a", 3), &Cancel::new(), &mut |_| ()).unwrap();
        let first = dir.path().join("a");
        let again = TrainOptions { start: Some(first.clone()), ..options("b", 0) };
        let same = albedo(&[&car], &config, &again, &Cancel::new(), &mut |_| ()).unwrap();
        let off = (same.get("delta_e_aligned").unwrap() - validated.get("delta_e_aligned").unwrap()).abs();
        assert!(off < 0.05, "{same} after {validated}");

        // Weights that know 7 inputs less give the others no effect.
        let (_, tensors) = weights::read_model::<crate::net::AlbedoNetwork>(&first, &Device::Cpu).unwrap();
        let arrays: BTreeMap<_, _> = tensors
            .iter()
            .map(|(name, tensor)| {
                let mut dims = tensor.dims().to_vec();
                let mut values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                if name == "embed.weight" {
                    values.truncate(values.len() - 7 * dims[1]);
                    dims[0] -= 7;
                }
                (name.clone(), (dims, values))
            })
            .collect();
        weights::save::<crate::net::AlbedoNetwork>(&first, &config, &arrays, "", BTreeMap::new()).unwrap();
        let shorter = TrainOptions { start: Some(first), ..options("c", 0) };
        albedo(&[&car], &config, &shorter, &Cancel::new(), &mut |_| ()).unwrap();
        let (_, grown) = weights::read_model::<crate::net::AlbedoNetwork>(&dir.path().join("c"), &Device::Cpu).unwrap();
        let rows = grown["embed.weight"].to_vec2::<f32>().unwrap();
        assert!(rows[rows.len() - 7..].iter().flatten().all(|&v| v == 0.0) && rows[0].iter().any(|&v| v != 0.0));
        let wider = AlbedoConfig { channels: 32, ..config };
        let refused = albedo(&[&car], &wider, &shorter, &Cancel::new(), &mut |_| ());
        assert!(matches!(refused, Err(TrainError::BadCheckpoint { .. })));
    }

    #[test]
    fn stopping_keeps_a_checkpoint() {
        let dir = tempfile::tempdir().unwrap();
        let car = gridvox_car::testing::box_car();
        let cancel = Cancel::new();
        cancel.cancel();
        let stopped = correspondence(&[&car], &NetworkConfig::tiny(), &options(dir.path().to_owned()), &cancel, &mut |_| ());
        assert!(matches!(stopped, Err(TrainError::Cancelled(_))));
        assert!(dir.path().join("checkpoint.safetensors").exists());
        assert!(matches!(correspondence(&[], &NetworkConfig::tiny(), &options(dir.path().into()), &cancel, &mut |_| ()), Err(TrainError::NoCar)));
    }

    #[test]
    fn the_rate_rises_then_falls() {
        assert!(schedule(0.0, 0) < 0.01 && schedule(0.0, WARMUP_STEPS) > 0.99);
        assert!(schedule(0.5, 9999) < 0.6 && (schedule(1.0, 9999) - FINAL_RATE).abs() < 1e-6);
    }
}
