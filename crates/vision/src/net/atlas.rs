//! The completion network: which of the livery's inks lies on a place that neither a photo nor the mirror shows.
//!
//! The car is seen as cells of a five-view orthographic atlas, the same for every car (`complete::cells`). A few latent
//! vectors gather from the seen cells what kind of livery it is (induced set attention, Lee et al. 2019), and each open
//! cell reads from them and looks at the seen ones. Then it points: each of a few heads weighs the seen cells by a
//! distance whose axes the network chooses for that cell (along the car, in height, from the centre line, by the turn of
//! the surface, by the panel), and the inks found there are its evidence. Inks have no order and no colour is made up:
//! the answer is a share of each ink, judged from the evidence, the ink's colour and how much of the car it covers.

mod question;

pub use question::{Encoded, FEATURES, Place, Question, Seen};

use candle_core::{D, Device, Module, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use glam::Vec3;
use serde::{Deserialize, Serialize};

use super::layers::{Conv, CrossAttention, Norm, Residual, SetLayer, for_each_of};
use super::softmax::softmax;
use super::spread::spread;
use super::weights::Model;
use crate::delight::MAX_INKS;
use question::{AXES, CLASS_AT, CLASSES, INK_FEATURES, Rows};

/// A share of evidence this small counts as none.
const FAINT: f64 = 0.01;

/// What each head weighs distances by before training, 1/m2 for places, and what the same panel adds: near and wide
/// neighbours, bands of height, bands beside the centre line, bands along the car, the same panel, all of the car, and
/// neighbours on the same side. The network scales these for each place.
const HEADS: [([f32; AXES], f32); 8] = [
    ([100.0, 1.0, 100.0, 16.0, 6.0, 6.0, 6.0], 0.5),
    ([12.0, 0.3, 12.0, 2.0, 0.8, 0.8, 0.8], 0.2),
    ([1.0, 0.1, 150.0, 0.5, 3.0, 3.0, 3.0], 0.0),
    ([150.0, 0.1, 1.0, 0.5, 5.0, 10.0, 5.0], 0.0),
    ([0.5, 0.1, 2.0, 60.0, 1.0, 1.0, 1.0], 0.0),
    ([3.0, 0.1, 3.0, 2.0, 0.5, 0.5, 0.5], 4.0),
    ([1.0, 0.1, 1.0, 0.3, 0.2, 0.2, 0.2], 0.0),
    ([0.1, 10.0, 10.0, 2.0, 0.5, 0.5, 0.5], 0.2),
];
/// How far, as a power of e, the network can scale these.
const SCALE_LIMIT: f64 = 3.0;

/// Places as tensors.
struct Places {
    /// (batch, 1, count, [`FEATURES`]).
    features: Tensor,
    /// (batch, count, [`AXES`]).
    axes: Tensor,
}

/// Rows of numbers below each other.
fn stacked<'a>(rows: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
    rows.flatten().copied().collect()
}

impl Places {
    fn new<'a>(rows: impl Iterator<Item = &'a Rows> + Clone, device: &Device) -> Result<Self> {
        let batch = rows.clone().count();
        let features = stacked(rows.clone().map(|r| r.features.as_slice()));
        let axes = stacked(rows.map(|r| r.axes.as_slice()));
        let count = axes.len() / (AXES * batch.max(1));
        Ok(Self {
            features: Tensor::from_vec(features, (batch, 1, count, FEATURES), device)?,
            axes: Tensor::from_vec(axes, (batch, count, AXES), device)?,
        })
    }

    /// The panels alone, (batch, count, [`CLASSES`]).
    fn classes(&self) -> Result<Tensor> {
        self.features.narrow(3, CLASS_AT, CLASSES)?.squeeze(1)?.contiguous()
    }
}

/// Size of the network; `config.json` beside the weights holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtlasConfig {
    /// Channels of cells and latents.
    pub channels: usize,
    /// Latent vectors.
    pub latents: usize,
    /// Rounds of gathering and reading.
    pub layers: usize,
    /// Heads of the attention in these; divides `channels`.
    pub heads: usize,
    /// Channels of a key by which an open cell finds seen ones, beside the distance.
    pub key: usize,
    /// Channels in which an ink is judged for a cell.
    pub judge: usize,
}

impl AtlasConfig {
    /// The network that ships.
    pub fn standard() -> Self {
        Self { channels: 64, latents: 32, layers: 3, heads: 4, key: 16, judge: 32 }
    }

    /// A network for tests that trains in moments.
    pub fn tiny() -> Self {
        Self { channels: 16, latents: 4, layers: 1, heads: 2, key: 4, judge: 8 }
    }
}

struct Layer {
    /// Among the seen cells.
    seen: SetLayer,
    /// From the open ones.
    ask: CrossAttention,
    look: CrossAttention,
    conclude: Residual,
}

/// The network with its weights.
pub struct AtlasNetwork {
    config: AtlasConfig,
    embed: Conv,
    embed_ink: Conv,
    think_ink: Residual,
    latents: Tensor,
    layers: Vec<Layer>,
    seen_norm: Norm,
    open_norm: Norm,
    key: Conv,
    query: Conv,
    /// Scales of each head's axes, and of its panel.
    scales: Conv,
    judge_place: Conv,
    judge_ink: Conv,
    judge_evidence: Conv,
    judge: Residual,
    verdict: Conv,
}

/// What the network learned from the seen cells of liveries.
pub struct Gathered {
    /// By layer: latents (batch, 1, latents, channels) and seen cells (batch, 1, count, channels).
    layers: Vec<(Tensor, Tensor)>,
    /// (batch, heads, count, key).
    keys: Tensor,
    /// (batch, heads, count, [`MAX_INKS`]).
    seen_inks: Tensor,
    /// (batch, 1, [`MAX_INKS`], channels).
    inks: Tensor,
    /// Added to the scores: 0, or very little where there is no ink; (batch, 1, [`MAX_INKS`]).
    absent: Tensor,
}

impl Model for AtlasNetwork {
    type Config = AtlasConfig;
    const NAME: &'static str = "atlas";

    fn new(config: &AtlasConfig, vb: VarBuilder) -> Result<Self> {
        let (c, heads, e) = (config.channels, HEADS.len(), config.judge);
        let vb_layers = vb.pp("layers");
        let layer = |i: usize| {
            let vb = vb_layers.pp(i);
            Ok(Layer {
                seen: SetLayer::new(c, config.heads, vb.clone())?,
                ask: CrossAttention::new(c, config.heads, vb.pp("ask"))?,
                look: CrossAttention::new(c, config.heads, vb.pp("look"))?,
                conclude: Residual::new(1, c, 2 * c, vb.pp("conclude"))?,
            })
        };
        Ok(Self {
            config: config.clone(),
            embed: Conv::new(1, FEATURES, c, vb.pp("embed"))?,
            embed_ink: Conv::new(1, INK_FEATURES, c, vb.pp("embed_ink"))?,
            think_ink: Residual::new(1, c, 2 * c, vb.pp("think_ink"))?,
            latents: vb.get_with_hints((1, 1, config.latents, c), "latents", Init::Randn { mean: 0.0, stdev: 0.5 })?,
            layers: (0..config.layers).map(layer).collect::<Result<_>>()?,
            seen_norm: Norm::new(c, vb.pp("seen_norm"))?,
            open_norm: Norm::new(c, vb.pp("open_norm"))?,
            key: Conv::new(1, c, heads * config.key, vb.pp("key"))?,
            query: Conv::new(1, c, heads * config.key, vb.pp("query_last"))?,
            scales: Conv::new(1, c, heads * (AXES + 1), vb.pp("scales_last"))?,
            judge_place: Conv::new(1, c, e, vb.pp("judge_place"))?,
            judge_ink: Conv::new(1, c, e, vb.pp("judge_ink"))?,
            judge_evidence: Conv::new(1, 2 * heads, e, vb.pp("judge_evidence"))?,
            judge: Residual::new(1, e, 2 * e, vb.pp("judge"))?,
            verdict: Conv::new(1, e, 1, vb.pp("verdict_last"))?,
        })
    }

    fn problem(config: &AtlasConfig) -> Option<String> {
        let sizes = [config.channels, config.latents, config.layers, config.key, config.judge];
        if sizes.iter().any(|&s| s == 0 || s > 1024) {
            return Some("channels, latents, layers, key and judge go from 1 to 1024".into());
        }
        (config.heads == 0 || config.channels % config.heads != 0)
            .then(|| format!("{} heads do not divide {} channels", config.heads, config.channels))
    }

    fn config(&self) -> &AtlasConfig {
        &self.config
    }
}

impl AtlasNetwork {
    /// Scores of every ink on every open place, (batch, open, [`MAX_INKS`]); their softmax is each ink's share. All questions
    /// have as many seen places and as many open ones.
    ///
    /// # Errors
    /// Where the counts differ or the device gives up.
    pub fn forward(&self, questions: &[&Encoded], device: &Device) -> Result<Tensor> {
        let open = Places::new(questions.iter().map(|q| &q.open), device)?;
        self.point_at(&self.gather(questions, device)?, &open)
    }

    /// Learns from what is seen.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn gather(&self, questions: &[&Encoded], device: &Device) -> Result<Gathered> {
        let batch = questions.len();
        let seen = Places::new(questions.iter().map(|q| &q.seen), device)?;
        let count = seen.axes.dim(1)?;
        let shares = stacked(questions.iter().map(|q| q.seen_inks.as_slice()));
        let shares = Tensor::from_vec(shares, (batch, count, MAX_INKS), device)?;
        let inks = stacked(questions.iter().map(|q| q.inks.as_slice()));
        let inks = Tensor::from_vec(inks, (batch, 1, MAX_INKS, INK_FEATURES), device)?;
        let absent = stacked(questions.iter().map(|q| q.absent.as_slice()));
        let inks = self.think_ink.forward(&self.embed_ink.forward(&inks)?)?;
        let painted = shares.matmul(&inks.squeeze(1)?.contiguous()?)?.unsqueeze(1)?;
        let mut x = (self.embed.forward(&seen.features)? + painted)?;
        let mut latents = for_each_of(batch, &self.latents)?;
        let mut layers = Vec::new();
        for layer in &self.layers {
            latents = layer.seen.gather(&latents, &x)?;
            x = layer.seen.read(&x, &latents)?;
            layers.push((latents.clone(), x.clone()));
        }
        let heads = HEADS.len();
        let learned = self.key.forward(&self.seen_norm.forward(&x)?)?;
        let learned = learned.reshape((batch, count, heads, self.config.key))?.transpose(1, 2)?.contiguous()?;
        // A squared distance is a product of vectors: 2ab - b2, the rest is the same for all that are weighed.
        let shared = Tensor::cat(&[&seen.axes, &seen.axes.sqr()?, &seen.classes()?], 2)?;
        let width = shared.dim(2)?;
        let shared = shared.unsqueeze(1)?.broadcast_as((batch, heads, count, width))?.contiguous()?;
        Ok(Gathered {
            layers,
            keys: Tensor::cat(&[&shared, &learned], 3)?,
            seen_inks: shares.unsqueeze(1)?.broadcast_as((batch, heads, count, MAX_INKS))?.contiguous()?,
            inks,
            absent: Tensor::from_vec(absent, (batch, 1, MAX_INKS), device)?,
        })
    }

    /// Scores of every ink on more places of the one livery that was gathered from, (1, places, [`MAX_INKS`]).
    ///
    /// # Errors
    /// Where the device gives up.
    pub fn point(&self, gathered: &Gathered, open: &[Place], bounds: (Vec3, Vec3)) -> Result<Tensor> {
        let rows = Rows::new(open.iter().copied(), bounds);
        self.point_at(gathered, &Places::new(std::iter::once(&rows), gathered.inks.device())?)
    }

    fn point_at(&self, gathered: &Gathered, open: &Places) -> Result<Tensor> {
        let batch = open.axes.dim(0)?;
        let count = open.axes.dim(1)?;
        let mut x = self.embed.forward(&open.features)?;
        for (layer, (latents, seen)) in self.layers.iter().zip(&gathered.layers) {
            x = layer.look.forward(&layer.ask.forward(&x, latents)?, seen)?;
            x = layer.conclude.forward(&x)?;
        }
        let x = self.open_norm.forward(&x)?;
        let evidence = self.evidence(&x, open, gathered)?;

        // What is near in the usual sense is the first guess; the judgement moves it.
        let near = ((evidence.narrow(3, 0, 1)? * 0.6)? + (evidence.narrow(3, 1, 1)? * 0.4)?)?.squeeze(3)?;
        let guess = (near + FAINT)?.log()?;
        let weighed = Tensor::cat(&[&evidence, &((&evidence + FAINT)?.log()? * 0.3)?], 3)?;
        let place = self.judge_place.forward(&x)?.reshape((batch, count, 1, self.config.judge))?;
        let ink = self.judge_ink.forward(&gathered.inks)?;
        let judged = self.judge_evidence.forward(&weighed)?;
        let judged = (&judged + spread(&place, judged.dims())?)?;
        let judged = (&judged + spread(&ink, judged.dims())?)?.relu()?;
        let verdict = self.verdict.forward(&self.judge.forward(&judged)?)?.squeeze(3)?;
        (guess + verdict)?.broadcast_add(&gathered.absent)
    }

    /// The share of each ink among the seen cells that each head points at: (batch, open, inks, heads).
    fn evidence(&self, x: &Tensor, open: &Places, gathered: &Gathered) -> Result<Tensor> {
        let (batch, count, heads) = (open.axes.dim(0)?, open.axes.dim(1)?, HEADS.len());
        let device = x.device();
        let start: Vec<f32> = HEADS.iter().flat_map(|(axes, _)| *axes).collect();
        let start = Tensor::from_vec(start, (1, 1, heads, AXES), device)?;
        let panel = Tensor::from_vec(HEADS.map(|(_, panel)| panel).to_vec(), (1, 1, heads, 1), device)?;
        let scales = self.scales.forward(x)?.reshape((batch, count, heads, AXES + 1))?;
        let limited = ((scales.narrow(3, 0, AXES)? / SCALE_LIMIT)?.tanh()? * SCALE_LIMIT)?;
        let weights = limited.exp()?.broadcast_mul(&start)?;
        let panel = scales.narrow(3, AXES, 1)?.broadcast_add(&panel)?;
        let panel = spread(&panel, &[batch, count, heads, CLASSES])?;
        let axes = open.axes.unsqueeze(2)?;
        let toward = (weights.broadcast_mul(&axes)? * 2.0)?;
        let panel = panel.broadcast_mul(&open.classes()?.unsqueeze(2)?)?;
        let learned = self.query.forward(x)?.reshape((batch, count, heads, self.config.key))?;
        let query = Tensor::cat(&[&toward, &weights.neg()?, &panel, &learned], 3)?;
        let query = query.transpose(1, 2)?.contiguous()?;
        let scores = query.matmul(&gathered.keys.transpose(2, 3)?.contiguous()?)?;
        let found = softmax(&scores, 1.0)?.matmul(&gathered.seen_inks)?;
        found.permute((0, 2, 3, 1))?.contiguous()
    }

    /// Shares of the inks by their scores, both (.., [`MAX_INKS`]).
    ///
    /// # Errors
    /// Where the device gives up.
    pub fn shares(scores: &Tensor) -> Result<Tensor> {
        debug_assert_eq!(scores.dim(D::Minus1)?, MAX_INKS);
        softmax(scores, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::DType;
    use candle_nn::VarMap;

    use gridvox_car::PartClass;

    use super::*;
    use crate::net::check::check_all_learn;
    use crate::delight::{Ink, Palette};

    const BOUNDS: (Vec3, Vec3) = (Vec3::new(-1.0, 0.0, -2.3), Vec3::new(1.0, 1.28, 2.3));

    fn place(i: usize) -> Place {
        let t = i as f32;
        let at = |speed: f32| (t * speed).sin();
        Place {
            position: Vec3::new(at(1.3), 0.6 + 0.5 * at(0.7), 2.2 * at(2.1)),
            normal: Vec3::new(at(0.3), 0.4, at(0.9)).normalize(),
            class: PartClass::ALL[i % CLASSES],
        }
    }

    fn palette(inks: &[[f32; 3]]) -> Palette {
        let share = 1.0 / inks.len() as f32;
        Palette { inks: inks.iter().map(|&color| Ink { color, share }).collect() }
    }

    fn seen(count: usize, inks: usize) -> Vec<Seen> {
        let pure = |i: usize| std::array::from_fn(|k| f32::from(u8::from(k == i % inks)));
        (0..count).map(|i| Seen { place: place(3 * i), inks: pure(i) }).collect()
    }

    fn network() -> (VarMap, AtlasNetwork) {
        let vars = VarMap::new();
        let vb = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
        let network = AtlasNetwork::new(&AtlasConfig::tiny(), vb).unwrap();
        (vars, network)
    }

    #[test]
    fn every_weight_gets_a_gradient() {
        let (vars, network) = network();
        let palette = palette(&[[0.8; 3], [0.5, 0.03, 0.03], [0.02; 3]]);
        let (seen, open): (_, Vec<Place>) = (seen(14, 3), (0..9).map(|i| place(7 * i + 1)).collect());
        let question = Question { bounds: BOUNDS, palette: &palette, seen: &seen, open: &open };
        let scores = network.forward(&[&question.encoded(), &question.encoded()], &Device::Cpu).unwrap();
        assert_eq!(scores.dims(), [2, 9, MAX_INKS]);
        let shares = AtlasNetwork::shares(&scores).unwrap();
        let found = shares.narrow(2, 0, 3).unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
        assert!((found - 18.0).abs() < 1e-3, "all of it goes to inks that are there, not {found} of 18");
        // A bias that moves all scores alike changes nothing.
        check_all_learn(&vars, &shares.sqr().unwrap().sum_all().unwrap(), &["verdict_last.bias"]);
    }

    #[test]
    fn the_order_of_the_inks_does_not_matter() {
        let (_, network) = network();
        let colours = [[0.8; 3], [0.5, 0.03, 0.03], [0.02; 3]];
        let turned = [colours[2], colours[0], colours[1]];
        let open: Vec<Place> = (0..5).map(place).collect();
        let cells = seen(20, 3);
        let moved: Vec<Seen> = cells
            .iter()
            .map(|s| {
                let mut inks = s.inks;
                (inks[0], inks[1], inks[2]) = (s.inks[2], s.inks[0], s.inks[1]);
                Seen { inks, ..*s }
            })
            .collect();
        let ask = |colours: &[[f32; 3]], seen: &[Seen]| {
            let palette = palette(colours);
            let question = Question { bounds: BOUNDS, palette: &palette, seen, open: &open };
            let shares = AtlasNetwork::shares(&network.forward(&[&question.encoded()], &Device::Cpu).unwrap()).unwrap();
            shares.squeeze(0).unwrap().to_vec2::<f32>().unwrap()
        };
        for (a, b) in ask(&colours, &cells).iter().zip(ask(&turned, &moved)) {
            assert!((a[2] - b[0]).abs() + (a[0] - b[1]).abs() + (a[1] - b[2]).abs() < 1e-3, "{a:?} {b:?}");
        }
    }

    #[test]
    fn pointing_later_says_the_same_as_all_at_once() {
        let (_, network) = network();
        let palette = palette(&[[0.8; 3], [0.5, 0.03, 0.03]]);
        let (seen, open): (_, Vec<Place>) = (seen(11, 2), (0..8).map(|i| place(5 * i + 2)).collect());
        let question = Question { bounds: BOUNDS, palette: &palette, seen: &seen, open: &open };
        let whole = network.forward(&[&question.encoded()], &Device::Cpu).unwrap();
        let gathered = network.gather(&[&question.encoded()], &Device::Cpu).unwrap();
        let later = network.point(&gathered, &open[5..], BOUNDS).unwrap();
        let off = (whole.narrow(1, 5, 3).unwrap() - later).unwrap().abs().unwrap().max_all().unwrap();
        assert!(off.to_scalar::<f32>().unwrap() < 1e-3);
    }

    #[test]
    fn a_place_has_as_many_features_as_it_says_and_both_sides_differ_in_one() {
        let (left, mut right) = (place(4), place(4));
        right.position.x *= -1.0;
        right.normal.x *= -1.0;
        right.class = right.class.mirrored();
        let of = |place: &Place| {
            let mut features = Vec::new();
            place.features(BOUNDS, &mut features);
            features
        };
        let (a, b) = (of(&left), of(&right));
        assert_eq!(a.len(), FEATURES);
        assert!(a.iter().all(|v| v.is_finite() && v.abs() < 3.0), "{a:?}");
        assert_eq!(a.iter().zip(&b).filter(|(a, b)| (**a - **b).abs() > 1e-5).count(), 1);
    }
}
