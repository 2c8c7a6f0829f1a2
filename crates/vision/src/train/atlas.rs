//! The completion network's training: liveries that are partly seen, and how near the inks come that the network puts on
//! what is not.

use candle_core::{D, Device, Result, Tensor};
use gridvox_car::CarModel;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use super::plot::Curve;
use super::{Task, TrainOptions};
use crate::complete::vote;
use crate::delight::MAX_INKS;
use crate::net::AtlasNetwork;
use crate::net::atlas::Encoded;
use crate::net::spread::{spread, total};
use crate::synth::cells::{ASKED, CellSubject};
use crate::synth::livery::derive_seed;
use crate::synth::{CellSample, CellStream, Family, HELD_OUT};

/// Seed of the validation samples, apart from every training seed.
const VALIDATION_SEED: u64 = 0x0a71_a500;
/// CIEDE2000 that counts as 1 in the loss.
const UNIT: f32 = 10.0;
/// Weight of the cross entropy with the nearest ink beside the expected difference.
const ENTROPY: f64 = 0.15;
/// Inks whose CIEDE2000 differs by less than this are about as near.
const ALIKE: f32 = 3.0;

/// The task; see the module.
pub(super) struct Atlas {
    cars: Vec<CellSubject>,
    /// Of the cars' own shapes: liveries of the held-out family, and of those that training draws from.
    validation: [Vec<CellSample>; 2],
}

impl Atlas {
    pub(super) fn new(cars: &[&CarModel], options: &TrainOptions) -> Self {
        let mut rng = Pcg64Mcg::seed_from_u64(derive_seed(options.seed, 0x5a9f));
        let own: Vec<CellSubject> = cars.iter().map(|car| CellSubject::new(car)).collect();
        let validation = [&[HELD_OUT][..], &Family::TRAINING].map(|families| {
            let mut stream = CellStream::new(VALIDATION_SEED, families);
            (0..options.validation).map(|_| stream.next(&own)).collect()
        });
        let cars = cars.iter().flat_map(|car| CellSubject::family(car, options.shapes, &mut rng)).collect();
        Self { cars, validation }
    }
}

/// The difference that is expected when inks are drawn by their shares, plus cross entropy with the nearest inks.
fn loss(scores: &Tensor, samples: &[CellSample], device: &Device) -> Result<(Tensor, Vec<f32>)> {
    let shape = (samples.len(), ASKED, MAX_INKS);
    let cost: Vec<f32> = samples.iter().flat_map(|s| s.cost.iter().flatten().map(|c| c / UNIT)).collect();
    let nearest: Vec<f32> = samples.iter().flat_map(|s| s.cost.iter().flat_map(|c| nearest(c, s.palette.inks.len()))).collect();
    let cost = Tensor::from_vec(cost, shape, device)?;
    let nearest = Tensor::from_vec(nearest, shape, device)?;
    let places = (samples.len() * ASKED) as f64;
    let distance = ((AtlasNetwork::shares(scores)? * cost)?.sum_all()? / places)?;
    let centred = scores.broadcast_sub(&scores.detach().max_keepdim(D::Minus1)?)?;
    let logarithm = (&centred - spread(&total(&centred.exp()?, 2)?.log()?, centred.dims())?)?;
    let entropy = ((logarithm * nearest)?.sum_all()? * (-ENTROPY / places))?;
    let parts = vec![distance.to_scalar::<f32>()?, entropy.to_scalar::<f32>()?];
    Ok(((distance + entropy)?, parts))
}

/// How well each ink would do, as shares.
fn nearest(cost: &[f32; MAX_INKS], inks: usize) -> [f32; MAX_INKS] {
    let least = cost[..inks].iter().copied().fold(f32::MAX, f32::min);
    let fit: [f32; MAX_INKS] = std::array::from_fn(|k| if k < inks { ((least - cost[k]) / ALIKE).exp() } else { 0.0 });
    let total: f32 = fit.iter().sum();
    fit.map(|f| f / total)
}

impl Task for Atlas {
    type Model = AtlasNetwork;
    type Sample = CellSample;
    type Stream = CellStream;
    const LOSSES: &'static [&'static str] = &["distance", "entropy"];
    /// Mean CIEDE2000 of what is not seen, on the held-out family and on those of training: as the network has it, by the
    /// vote of the nearest seen cells, and with the best ink on each place.
    const METRICS: &'static [&'static str] = &[
        "delta_e",
        "delta_e_voting",
        "delta_e_best_ink",
        "delta_e_trained",
        "delta_e_trained_voting",
        "delta_e_trained_best_ink",
    ];
    const CURVES: &'static [Curve] = &[
        Curve { metric: 0, shown: |delta_e| delta_e / UNIT, colour: [20, 20, 20] },
        Curve { metric: 3, shown: |delta_e| delta_e / UNIT, colour: [40, 80, 210] },
        Curve { metric: 4, shown: |delta_e| delta_e / UNIT, colour: [150, 180, 240] },
    ];

    fn stream(&self, seed: u64) -> CellStream {
        CellStream::new(seed, &Family::TRAINING)
    }

    fn draw(&self, stream: &mut CellStream, count: usize) -> Result<Vec<CellSample>> {
        Ok((0..count).map(|_| stream.next(&self.cars)).collect())
    }

    fn loss(&self, network: &AtlasNetwork, samples: &[CellSample], device: &Device) -> Result<(Tensor, Vec<f32>)> {
        let questions: Vec<&Encoded> = samples.iter().map(|s| &s.question).collect();
        loss(&network.forward(&questions, device)?, samples, device)
    }

    fn validate(&self, network: &AtlasNetwork) -> Result<Vec<f32>> {
        let mut measured = Vec::new();
        for samples in &self.validation {
            let each = samples.par_iter().map(|sample| measure(network, sample)).collect::<Result<Vec<[f32; 3]>>>()?;
            let mean = |k: usize| each.iter().map(|m| m[k]).sum::<f32>() / each.len().max(1) as f32;
            measured.extend((0..3).map(mean));
        }
        Ok(measured)
    }
}

/// Mean difference by the network, by the vote, and at best.
fn measure(network: &AtlasNetwork, sample: &CellSample) -> Result<[f32; 3]> {
    let inks = sample.palette.inks.len();
    let scores = network.forward(&[&sample.question], &Device::Cpu)?.squeeze(0)?.to_vec2::<f32>()?;
    let voted = vote(&sample.fine, &sample.open);
    let best = |shares: &[f32]| (0..inks).max_by(|&a, &b| shares[a].total_cmp(&shares[b])).unwrap_or(0);
    let mut sums = [0.0; 3];
    for ((cost, scores), voted) in sample.cost.iter().zip(&scores).zip(&voted) {
        let least = cost[..inks].iter().copied().fold(f32::MAX, f32::min);
        let found = [cost[best(scores)], cost[best(voted)], least];
        sums.iter_mut().zip(found).for_each(|(sum, cost)| *sum += cost / sample.cost.len() as f32);
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Var};
    use candle_nn::{VarBuilder, VarMap};
    use glam::Vec3;
    use gridvox_car::PartClass;
    use rand::Rng;

    use super::super::{Optimizer, gradients, start_weights};
    use super::*;
    use crate::color::{self, LinearRgb};
    use crate::delight::{Ink, Palette};
    use crate::net::atlas::{Place, Question, Seen};
    use crate::net::check::{check_gradients, noise};
    use crate::net::{AtlasConfig, Model};
    use crate::synth::cells::SEEN;

    fn samples(count: usize) -> Vec<CellSample> {
        let cars = [CellSubject::new(&gridvox_car::testing::box_car())];
        let mut stream = CellStream::new(2, &Family::TRAINING);
        (0..count).map(|_| stream.next(&cars)).collect()
    }

    #[test]
    fn the_loss_has_the_right_gradient() {
        let samples = samples(1);
        // A few places are enough; each entry is differenced.
        let rows = 6;
        let few = |s: &CellSample| CellSample { cost: s.cost.iter().cycle().take(ASKED).copied().collect(), ..s.clone() };
        let samples: Vec<CellSample> = samples.iter().map(few).collect();
        let start = noise(&[1, rows, MAX_INKS], 3);
        check_gradients(&[start], |t| {
            let rest = Tensor::zeros((1, ASKED - rows, MAX_INKS), t[0].dtype(), &Device::Cpu)?;
            let (loss, _) = loss(&Tensor::cat(&[&t[0], &rest], 1)?, &samples, &Device::Cpu)?;
            loss.reshape(1)? * ASKED as f64
        });
    }

    #[test]
    fn the_best_inks_cost_least() {
        let samples = samples(3);
        let inks = |s: &CellSample| s.palette.inks.len();
        let scores = |sign: f32| {
            let each = samples.iter().flat_map(|s| {
                s.cost.iter().flat_map(move |c| (0..MAX_INKS).map(move |k| if k < inks(s) { sign * c[k] } else { -1e4 }))
            });
            Var::from_vec(each.collect::<Vec<f32>>(), (3, ASKED, MAX_INKS), &Device::Cpu).unwrap()
        };
        let (best, _) = loss(&scores(-4.0), &samples, &Device::Cpu).unwrap();
        let (worst, _) = loss(&scores(4.0), &samples, &Device::Cpu).unwrap();
        let (best, worst) = (best.to_scalar::<f32>().unwrap(), worst.to_scalar::<f32>().unwrap());
        assert!(best < 0.3 * worst && best.is_finite(), "{best} {worst}");
    }

    /// A car of two inks whose tail always wears the rarer one: what no vote of its nose can tell.
    fn rule(rng: &mut Pcg64Mcg) -> CellSample {
        let mut colour = || -> LinearRgb { std::array::from_fn(|_| rng.random_range(0.02..0.9)) };
        let colours = [colour(), colour()];
        let palette =
            Palette { inks: vec![Ink { color: colours[0], share: 0.75 }, Ink { color: colours[1], share: 0.25 }] };
        let mut place = |front: f32| Place {
            position: Vec3::new(rng.random_range(-0.9..0.9), 1.0, front * rng.random_range(0.1..2.2)),
            normal: Vec3::Y,
            class: PartClass::Other,
        };
        let pure = |ink: usize| std::array::from_fn(|k| f32::from(u8::from(k == ink)));
        let seen: Vec<Seen> = (0..SEEN).map(|i| Seen { place: place(1.0), inks: pure(usize::from(i % 4 == 0)) }).collect();
        let open: Vec<Place> = (0..ASKED).map(|_| place(-1.0)).collect();
        let bounds = (Vec3::new(-1.0, 0.0, -2.3), Vec3::new(1.0, 1.3, 2.3));
        let question = Question { bounds, palette: &palette, seen: &seen, open: &open }.encoded();
        let mut cost = [0.0; MAX_INKS];
        cost[0] = color::delta_e(colours[0], colours[1]);
        let (truth, cost) = (vec![colours[1]; ASKED], vec![cost; ASKED]);
        CellSample { palette, fine: seen.clone(), seen, open, truth, cost, question }
    }

    #[test]
    fn a_small_network_learns_what_no_vote_can_tell() {
        let vars = VarMap::new();
        let vb = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
        let network = AtlasNetwork::new(&AtlasConfig::tiny(), vb).unwrap();
        let named = vars.data().lock().unwrap().iter().map(|(name, var)| (name.clone(), var.clone())).collect();
        let mut optimizer = Optimizer::new(named).unwrap();
        start_weights(&mut optimizer, 4).unwrap();
        let mut rng = Pcg64Mcg::seed_from_u64(6);
        let tests: Vec<CellSample> = (0..8).map(|_| rule(&mut rng)).collect();
        let error = || {
            let each = tests.iter().map(|sample| {
                let [learned, voted, _] = measure(&network, sample).unwrap();
                learned / voted
            });
            each.sum::<f32>() / 8.0
        };
        let before = error();
        for _ in 0..60 {
            let samples: Vec<CellSample> = (0..4).map(|_| rule(&mut rng)).collect();
            let questions: Vec<&Encoded> = samples.iter().map(|s| &s.question).collect();
            let scores = network.forward(&questions, &Device::Cpu).unwrap();
            let (loss, _) = loss(&scores, &samples, &Device::Cpu).unwrap();
            optimizer.step(&gradients(&loss, &optimizer).unwrap(), 4e-3).unwrap();
        }
        let after = error();
        assert!(before > 0.5 && after < 0.1, "{before} of the vote's error became {after}");
    }
}
