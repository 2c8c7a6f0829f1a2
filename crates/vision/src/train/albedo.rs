//! The albedo network's training: points of photos, and how near the paint is that the network reads off them.

use std::marker::PhantomData;

use candle_core::{Device, Result, Tensor};
use gridvox_car::CarModel;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use super::known::with_gradient;
use super::plot::Curve;
use super::{Task, TrainOptions};
use crate::color::{self, LinearRgb};
use crate::net::{AlbedoConfig, AlbedoNetwork, Model};
use crate::net::albedo::{CONTEXT, FEATURES};
use crate::net::conv::with_values;
use crate::synth::livery::derive_seed;
use crate::synth::points::PointSubject;
use crate::synth::{Family, HELD_OUT, PointSample, PointStream};

/// Seed of the validation samples, apart from every training seed.
const VALIDATION_SEED: u64 = 0x7a11_d001;
/// Weights of the colour as it is and after one gain: exposure is guesswork, the ratios of the inks are not.
const ABSOLUTE: f32 = 0.4;
const ALIGNED: f32 = 1.0;
/// Share of photos under harsh light that the network for it learns from.
pub(super) const HARSH: f64 = 0.45;
/// Lab units that count as 1 in the loss.
const UNIT: f32 = 10.0;

/// An albedo network, for usual or for harsh light.
pub(super) trait TellsPaint: Model<Config = AlbedoConfig> + AsRef<AlbedoNetwork> + Send + Sync + 'static {}

impl<M: Model<Config = AlbedoConfig> + AsRef<AlbedoNetwork> + Send + Sync + 'static> TellsPaint for M {}

/// The task; see the module.
pub(super) struct Albedo<M> {
    /// Share of photos under harsh light.
    harsh: f64,
    model: PhantomData<fn() -> M>,
    cars: Vec<PointSubject>,
    /// Of the cars' own shapes, with liveries of the held-out family: under the light of the other networks, and harsh light.
    validation: [Vec<Described>; 2],
}

impl<M> Albedo<M> {
    pub(super) fn new(cars: &[&CarModel], harsh: f64, options: &TrainOptions) -> Self {
        let mut rng = Pcg64Mcg::seed_from_u64(derive_seed(options.seed, 0x5a9f));
        let own: Vec<PointSubject> = cars.iter().flat_map(|car| PointSubject::family(car, 0, &mut rng)).collect();
        let validation = [0.0, 1.0].map(|harsh| {
            let mut stream = PointStream::under(harsh, VALIDATION_SEED, &[HELD_OUT]);
            (0..options.validation).map(|_| stream.next(&own).into()).collect()
        });
        let cars = cars.iter().flat_map(|car| PointSubject::family(car, options.shapes, &mut rng)).collect();
        Self { harsh, model: PhantomData, cars, validation }
    }
}

/// A sample with what the network sees of it, which takes as long as drawing it.
pub(super) struct Described {
    sample: PointSample,
    features: Vec<f32>,
}

impl From<PointSample> for Described {
    fn from(sample: PointSample) -> Self {
        let mut features = Vec::with_capacity(sample.points.len() * FEATURES);
        sample.points.iter().for_each(|point| point.features(&mut features));
        Self { sample, features }
    }
}

impl<M: TellsPaint> Task for Albedo<M> {
    type Model = M;
    type Sample = Described;
    type Stream = PointStream;
    const LOSSES: &'static [&'static str] = &["absolute", "aligned"];
    /// Mean CIEDE2000 of the asked points as they are, after one gain per photo, and what the photo's own colours have
    /// after one gain; then the same under harsh light.
    const METRICS: &'static [&'static str] = &[
        "delta_e_absolute",
        "delta_e_aligned",
        "delta_e_photo",
        "delta_e_harsh_absolute",
        "delta_e_harsh_aligned",
        "delta_e_harsh_photo",
    ];
    const CURVES: &'static [Curve] = &[
        Curve { metric: 0, shown: |delta_e| delta_e / UNIT, colour: [20, 20, 20] },
        Curve { metric: 1, shown: |delta_e| delta_e / UNIT, colour: [40, 80, 210] },
        Curve { metric: 4, shown: |delta_e| delta_e / UNIT, colour: [150, 180, 240] },
    ];

    fn stream(&self, seed: u64) -> PointStream {
        PointStream::under(self.harsh, seed, &Family::TRAINING)
    }

    fn draw(&self, stream: &mut PointStream, count: usize) -> Result<Vec<Described>> {
        Ok((0..count).map(|_| stream.next(&self.cars).into()).collect())
    }

    fn loss(&self, network: &M, samples: &[Described], device: &Device) -> Result<(Tensor, Vec<f32>)> {
        let output = network.as_ref().forward(&input(samples, device)?, CONTEXT.total())?;
        let (parts, grad) = with_values(&output, |values| Ok(evaluate(values, samples, &gains(values, samples))))?;
        Ok((with_gradient(&output, parts.iter().sum(), grad)?, parts.to_vec()))
    }

    fn validate(&self, network: &M) -> Result<Vec<f32>> {
        let network = network.as_ref();
        let mut measured = Vec::new();
        for samples in &self.validation {
            let each = samples
                .par_iter()
                .map(|sample| {
                    let output = network.forward(&input(std::slice::from_ref(sample), &Device::Cpu)?, CONTEXT.total())?;
                    Ok(with_values(&output, |values| Ok(measure(values, &sample.sample)))?)
                })
                .collect::<Result<Vec<[f32; 3]>>>()?;
            let mean = |k: usize| each.iter().map(|m| m[k]).sum::<f32>() / each.len().max(1) as f32;
            measured.extend((0..3).map(mean));
        }
        Ok(measured)
    }
}

/// Samples as the network's input.
fn input(samples: &[Described], device: &Device) -> Result<Tensor> {
    let values: Vec<f32> = samples.iter().flat_map(|sample| &sample.features).copied().collect();
    let count = values.len() / (FEATURES * samples.len());
    Tensor::from_vec(values, (samples.len(), 1, count, FEATURES), device)
}

/// Linear light to the white-relative XYZ of D65, rows sum to 1 (IEC 61966-2-1).
const XYZ: [[f32; 3]; 3] =
    [[0.433_96, 0.376_22, 0.189_83], [0.212_64, 0.715_17, 0.072_19], [0.017_76, 0.109_47, 0.872_77]];
/// Lifts the cube root off its vertical start; CIELAB has a straight piece there.
const LIFT: f32 = 0.004;

/// CIELAB but for its straight piece near black, and its derivative by linear RGB.
fn lab(rgb: [f32; 3]) -> ([f32; 3], [[f32; 3]; 3]) {
    let f: [f32; 3] = std::array::from_fn(|i| {
        let v: f32 = (0..3).map(|k| XYZ[i][k] * rgb[k]).sum();
        (v.max(0.0) + LIFT).cbrt()
    });
    let slope: [f32; 3] = std::array::from_fn(|i| 1.0 / (3.0 * f[i] * f[i]));
    let mix = |f: [f32; 3]| [116.0 * f[1], 500.0 * (f[0] - f[1]), 200.0 * (f[1] - f[2])];
    let mut by_rgb = [[0.0; 3]; 3];
    for k in 0..3 {
        let column = mix(std::array::from_fn(|i| slope[i] * XYZ[i][k]));
        (0..3).for_each(|i| by_rgb[i][k] = column[i]);
    }
    (mix(f), by_rgb)
}

/// What the network says of each point of a sample that has paint: index, linear RGB, its derivative, the truth.
fn answers<'a>(
    values: &'a [f32],
    sample: &'a PointSample,
) -> impl Iterator<Item = (usize, LinearRgb, [f32; 3], LinearRgb)> + 'a {
    sample.albedo.iter().enumerate().filter_map(|(i, truth)| {
        let (found, slope) = sample.points[i].albedo_with_slope(&values[3 * i..3 * i + 3]);
        truth.map(|truth| (i, found, slope, truth))
    })
}

/// The gain per channel that brings colours nearest to the truth.
fn gain(pairs: impl Iterator<Item = (LinearRgb, LinearRgb)>) -> [f32; 3] {
    let (mut cross, mut square) = ([0.0f32; 3], [1e-6f32; 3]);
    for (found, truth) in pairs {
        for k in 0..3 {
            cross[k] += found[k] * truth[k];
            square[k] += found[k] * found[k];
        }
    }
    std::array::from_fn(|k| (cross[k] / square[k]).clamp(0.25, 4.0))
}

/// Each sample's gain.
fn gains(values: &[f32], samples: &[Described]) -> Vec<[f32; 3]> {
    let each = values.chunks_exact(values.len() / samples.len()).zip(samples);
    each.map(|(values, sample)| gain(answers(values, &sample.sample).map(|(_, found, _, truth)| (found, truth)))).collect()
}

/// Loss as it is and after each sample's gain, and the gradient by the outputs. The distance is that of CIELAB with chroma
/// compressed as CIE94 does it; the gains carry no gradient.
fn evaluate(values: &[f32], samples: &[Described], gains: &[[f32; 3]]) -> ([f32; 2], Vec<f32>) {
    let mut grad = vec![0.0f32; values.len()];
    let mut parts = [0.0f32; 2];
    let per_sample = values.len() / samples.len();
    for (s, Described { sample, .. }) in samples.iter().enumerate() {
        let values = &values[s * per_sample..][..per_sample];
        let grad = &mut grad[s * per_sample..][..per_sample];
        let gain = gains[s];
        let painted = sample.albedo.iter().flatten().count().max(1) as f32;
        let share = 1.0 / (painted * samples.len() as f32 * UNIT);
        for (i, found, slope, truth) in answers(values, sample) {
            let (target, _) = lab(truth);
            let squeeze = 1.0 / (1.0 + 0.03 * target[1].hypot(target[2])).powi(2);
            for (part, (weight, gain)) in [(ABSOLUTE, [1.0; 3]), (ALIGNED, gain)].into_iter().enumerate() {
                let (seen, by_rgb) = lab(std::array::from_fn(|k| found[k] * gain[k]));
                let off: [f32; 3] = std::array::from_fn(|c| seen[c] - target[c]);
                let length = (off[0].powi(2) + squeeze * (off[1].powi(2) + off[2].powi(2)) + 1.0).sqrt();
                parts[part] += weight * share * (length - 1.0);
                let by_lab = [off[0] / length, squeeze * off[1] / length, squeeze * off[2] / length];
                for k in 0..3 {
                    let by_found: f32 = (0..3).map(|c| by_lab[c] * by_rgb[c][k]).sum();
                    grad[3 * i + k] += weight * share * by_found * gain[k] * slope[k];
                }
            }
        }
    }
    (parts, grad)
}

/// Mean CIEDE2000 of the asked points, in the order of the metrics.
fn measure(values: &[f32], sample: &PointSample) -> [f32; 3] {
    let asked: Vec<_> = answers(values, sample).filter(|(i, ..)| *i >= CONTEXT.total()).collect();
    let mean = |gain: [f32; 3], colour: &dyn Fn(usize, LinearRgb) -> LinearRgb| {
        let sum: f32 = asked
            .iter()
            .map(|&(i, found, _, truth)| {
                let c = colour(i, found);
                color::delta_e(std::array::from_fn(|k| (c[k] * gain[k]).clamp(0.0, 1.0)), truth)
            })
            .sum();
        sum / asked.len().max(1) as f32
    };
    let found = |_: usize, found: LinearRgb| found;
    let photo = |i: usize, _: LinearRgb| sample.points[i].rgb;
    let of_found = gain(asked.iter().map(|a| (a.1, a.3)));
    let of_photo = gain(asked.iter().map(|a| (sample.points[a.0].rgb, a.3)));
    [mean([1.0; 3], &found), mean(of_found, &found), mean(of_photo, &photo)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(count: usize) -> Vec<Described> {
        let mut rng = Pcg64Mcg::seed_from_u64(5);
        let cars = PointSubject::family(&gridvox_car::testing::box_car(), 0, &mut rng);
        let mut stream = PointStream::under(0.5, 2, &Family::TRAINING);
        (0..count).map(|_| stream.next(&cars).into()).collect()
    }

    #[test]
    fn the_gradient_matches_finite_differences_but_for_the_gain() {
        let samples = samples(2);
        let n = 3 * samples[0].sample.points.len() * 2;
        let values: Vec<f32> = (0..n).map(|i| 0.2 * (i as f32 * 0.77).sin()).collect();
        let gains = gains(&values, &samples);
        let (_, grad) = evaluate(&values, &samples, &gains);
        let painted = (0..n).filter(|i| samples[i / (n / 2)].sample.albedo[i % (n / 2) / 3].is_some());
        let (mut checked, mut off) = (0, 0);
        for i in painted.step_by(31) {
            let at = |delta: f32| {
                let mut values = values.clone();
                values[i] += delta;
                f64::from(evaluate(&values, &samples, &gains).0.iter().sum::<f32>())
            };
            let expected = ((at(1e-2) - at(-1e-2)) / 2e-2) as f32;
            checked += 1;
            off += usize::from((grad[i] - expected).abs() > 1e-4 + 0.2 * expected.abs());
        }
        assert!(checked > 30 && off * 8 < checked, "{off} of {checked} are off");
    }

    #[test]
    fn the_truth_costs_nothing_and_measures_zero() {
        let sample = samples(1).remove(0);
        let values: Vec<f32> = sample
            .sample
            .points
            .iter()
            .zip(&sample.sample.albedo)
            .flat_map(|(point, albedo)| {
                let truth = albedo.unwrap_or([0.0; 3]).map(f32::cbrt);
                std::array::from_fn::<f32, 3, _>(|k| truth[k] - point.rgb[k].cbrt())
            })
            .collect();
        let samples = std::slice::from_ref(&sample);
        let (parts, _) = evaluate(&values, samples, &gains(&values, samples));
        assert!(parts.iter().sum::<f32>() < 0.02, "{parts:?}");
        let [absolute, aligned, photo] = measure(&values, &sample.sample);
        assert!(absolute < 0.5 && aligned < 0.5 && photo > 1.0, "{absolute} {aligned} {photo}");
    }
}
