//! What the albedo network says of a photo's paint.
//!
//! The network tells reflections from paint far better than the fit does, but it sees no edges: now and then it takes a
//! dark field of the livery for light paint in the shade. So its answers are made to agree with few inks under one light
//! ([`inked`]), which do not explain such a field, and they are then nearer to the truth than the fit on every photo that was
//! looked at.

use candle_core::{Device, Tensor};
use glam::Vec3;
use gridvox_car::{AtlasMaps, MaterialKind};
use rayon::prelude::*;

use super::coarse::{Coarse, Paint};
use super::fit::{Light, Observation, fit_known, schlick};
use super::inked::{Inked, inked};
use crate::bake::Baked;
use crate::color::{LinearRgb, delta_e};
use crate::net::albedo::{FEATURES, Point};
use crate::net::conv::with_values;
use crate::net::{AlbedoNetwork, ModelError};
use crate::timed::timed;

/// How often a network is asked for an answer, each time of every other place and with other points of the context: what one
/// draw of these misleads is half of the places, wherever they lie, and their neighbours speak against it.
pub const LOOKS: usize = 2;
/// Answers of each network to a livery that counts, by the texture's edge. Which inks there are, and where, hangs by what the
/// network happened to see: means over 64 tuning photos with solved cameras, of 2 and 3 answers, are 6.22 and 6.14 after a gain,
/// 7.77 and 7.56 as it is. But each texel is given an ink by every answer, which takes long where there are many.
pub fn answers(size: u32) -> usize {
    if size > 2048 { 2 } else { 3 }
}
/// Points that are asked for at once.
const ASKED_AT_ONCE: usize = 1024;
/// No paint is lighter, linear.
const LIGHTEST: f32 = 0.95;

/// The networks find paint a bit paler than it is where the light is not of their training's making: with exponents on linear light
/// of 1 and 1.05, means over 64 tuning photos with solved cameras are 5.71 and 5.68 after a gain, 7.02 and 7.00 as it is.
const CONTRAST: f32 = 1.05;

/// How fast trust falls with the distance between answers and few inks, as a power.
const DISTRUST: f32 = 4.0;
/// An answer that counts less than this beside the one that counts most is left out.
const FAINT: f32 = 0.1;

/// What the network judges the light by.
pub struct Scene<'a> {
    /// The networks, at least one, and one alone where answers are not made to agree: the nearer its answers lie to few inks, the
    /// more one is believed.
    pub networks: &'a [&'a AlbedoNetwork],
    /// Answers asked of each network; at least one.
    pub answers: usize,
    /// Points of the photo on and around the car, [`LOOKS`] times as many as the network takes for each answer; each of them in
    /// turn belongs to the next look.
    pub context: &'a [Point],
    /// Smallest and largest corner of the car, metres.
    pub bounds: (Vec3, Vec3),
    /// The camera's place.
    pub eye: Vec3,
    /// Whether the answers are made to agree with few inks, which takes as long as the rest.
    pub agree: bool,
}

/// What the network made of a photo, and the inks of that.
pub struct Learned {
    /// Albedo of each seen texel; of the others what the photo has.
    pub color: Vec<LinearRgb>,
    /// The light that leads from there back to the photo.
    pub light: Light,
    /// Mean CIEDE2000 between what the network said and what the inks made of it; `None` where they were not asked.
    pub scatter: Option<f32>,
    /// See [`LightEvidence::networks_apart`](super::LightEvidence::networks_apart).
    pub networks_apart: Option<f32>,
}

/// Asks the networks about a baked photo. `None` where there is nothing that they could judge the light by.
///
/// # Errors
/// Where the network cannot run.
pub fn learned(
    photo: &Baked,
    maps: &AtlasMaps,
    scene: &Scene<'_>,
) -> Result<Option<Learned>, ModelError> {
    if scene.context.is_empty() {
        return Ok(None);
    }
    timed!("network");
    let coarse = Coarse::new(photo, maps);
    let seen = coarse.seen();
    let points: Vec<Point> = seen.iter().map(|&cell| point(&coarse, cell, maps, scene)).collect();
    let observations: Vec<Observation> = points.iter().zip(&seen).map(|(p, &cell)| observation(p, &coarse, cell, maps)).collect();
    let neighbours = scene.agree.then(|| coarse.neighbours(&seen));
    let answer = |asked: usize| -> Result<Answer, ModelError> {
        let (network, answer) = (asked / scene.answers, asked % scene.answers);
        let found = found(&points, scene, network, answer)?;
        let inked = neighbours.as_ref().and_then(|neighbours| inked(&observations, &found, neighbours));
        Ok(Answer::new(network, found, inked))
    };
    let asked = 0..scene.networks.len() * scene.answers;
    let answers: Vec<Answer> = asked.into_par_iter().map(answer).collect::<Result<_, _>>()?;
    let Some(answers) = Weighed::new(answers) else { return Ok(None) };
    let networks_apart = (scene.networks.len() > 1).then(|| answers.apart());
    let found: Vec<LinearRgb> = (0..points.len()).map(|place| answers.paint(|answer| answer.paint()[place])).collect();
    let mut color = photo.color.clone();
    let paint = Paint { color: &mut color, weight: &photo.weight };
    if answers.have_inks() {
        let mut places = vec![0; coarse.color.len()];
        seen.iter().enumerate().for_each(|(place, &cell)| places[cell] = place);
        coarse.replace(paint, maps, |rgb, around| {
            let around = around.iter().filter(|(_, w)| *w > 0.0).map(|&(cell, w)| (places[cell], w));
            answers.paint(|answer| answer.inked.as_ref().map_or([0.0; 3], |inked| inked.at(rgb, around.clone())))
        });
    } else {
        let mut answer = vec![[0.0f32; 3]; coarse.color.len()];
        seen.iter().zip(&found).for_each(|(&cell, &albedo)| answer[cell] = albedo);
        coarse.carry(&answer, paint, maps);
    }
    let light = fit_known(&observations, &found);
    Ok(Some(Learned { color, light, scatter: answers.scatter(), networks_apart }))
}

/// What a network said of each place, and what its inks made of that.
struct Answer {
    /// Its index among those asked.
    network: usize,
    found: Vec<LinearRgb>,
    inked: Option<Inked>,
    /// Mean CIEDE2000 between the two.
    scatter: Option<f32>,
}

impl Answer {
    fn new(network: usize, found: Vec<LinearRgb>, inked: Option<Inked>) -> Self {
        let scatter = inked.as_ref().map(|inked| mean_delta_e(&inked.paint, &found));
        Self { network, found, inked, scatter }
    }

    /// Albedo of each place, before [`CONTRAST`].
    fn paint(&self) -> &[LinearRgb] {
        self.inked.as_ref().map_or(&self.found, |inked| &inked.paint)
    }
}

fn mean_delta_e(one: &[LinearRgb], other: &[LinearRgb]) -> f32 {
    // summed in order, or its last digits would depend on the threads
    let apart: Vec<f32> = one.par_iter().zip(other).map(|(a, b)| delta_e(*a, *b)).collect();
    apart.iter().sum::<f32>() / apart.len().max(1) as f32
}

/// Answers, each of which counts the less the farther it lies from few inks.
struct Weighed(Vec<(Answer, f32)>);

impl Weighed {
    /// Leaves out what hardly counts; `None` where there is no answer.
    fn new(answers: Vec<Answer>) -> Option<Self> {
        let weights: Vec<f32> = answers.iter().map(|answer| answer.scatter.unwrap_or(1.0).max(0.1).powf(-DISTRUST)).collect();
        let most = weights.iter().copied().fold(0.0, f32::max);
        let mut answers: Vec<(Answer, f32)> = answers.into_iter().zip(weights).filter(|(_, weight)| *weight > FAINT * most).collect();
        let total: f32 = answers.iter().map(|(_, weight)| weight).sum();
        answers.iter_mut().for_each(|(_, weight)| *weight /= total);
        (!answers.is_empty()).then_some(Self(answers))
    }

    fn have_inks(&self) -> bool {
        self.0.iter().all(|(answer, _)| answer.inked.is_some())
    }

    fn scatter(&self) -> Option<f32> {
        self.0.iter().map(|(answer, weight)| Some(answer.scatter? * weight)).sum()
    }

    /// Mean CIEDE2000 between the paint of the first network and of the last; 0 where all that counts is of one.
    fn apart(&self) -> f32 {
        let [(first, _), .., (last, _)] = self.0.as_slice() else { return 0.0 };
        let of = |network: usize| -> Vec<LinearRgb> {
            let of_it = self.0.iter().filter(|(answer, _)| answer.network == network);
            (0..first.paint().len()).map(|place| mean(of_it.clone(), |answer| answer.paint()[place]).map(|v| v.powi(3))).collect()
        };
        if first.network == last.network { 0.0 } else { mean_delta_e(&of(first.network), &of(last.network)) }
    }

    /// The mean of what the answers say, as albedo.
    fn paint(&self, said: impl Fn(&Answer) -> LinearRgb) -> LinearRgb {
        if let [(answer, _)] = self.0.as_slice() {
            return said(answer).map(|v| v.powf(CONTRAST));
        }
        mean(self.0.iter(), said).map(|v| v.powf(3.0 * CONTRAST))
    }
}

/// The weighted mean of what answers say, as cube roots, which are nearer to what the eye sees.
fn mean<'a>(answers: impl Iterator<Item = &'a (Answer, f32)>, said: impl Fn(&Answer) -> LinearRgb) -> [f32; 3] {
    let (mut sum, mut total) = ([0.0f32; 3], 0.0);
    for (answer, weight) in answers {
        let said = said(answer);
        (0..3).for_each(|k| sum[k] += weight * said[k].cbrt());
        total += weight;
    }
    sum.map(|v| v / total)
}

fn observation(point: &Point, coarse: &Coarse, cell: usize, maps: &AtlasMaps) -> Observation {
    let texel = coarse.texel[cell] as usize;
    Observation {
        rgb: point.rgb,
        normal: point.normal,
        mirrored: point.mirrored,
        fresnel: schlick(point.facing),
        occlusion: point.occlusion,
        weight: maps.texel_m[texel].powi(2) * 1e4,
        part: maps.part[texel],
        cell: [0; 2],
    }
}

fn point(coarse: &Coarse, cell: usize, maps: &AtlasMaps, scene: &Scene<'_>) -> Point {
    let texel = coarse.texel[cell] as usize;
    let (low, high) = scene.bounds;
    let position = maps.position[texel];
    let place = (position - (low + high) * 0.5) / ((high - low) * 0.5).max(Vec3::splat(1e-6));
    let on_car = Point::on_car(MaterialKind::Paint, position, maps.normal[texel], place, scene.eye, maps.occlusion[texel]);
    Point { rgb: coarse.color[cell], ..on_car }
}

/// How a network is shown a photo. How looks at one scene differ is error alone, which evens out.
#[derive(Clone, Copy)]
struct Look {
    mirrored: bool,
    /// Which of the draws of the context.
    draw: usize,
}

impl Look {
    /// The first draw of the photo as it is.
    const PLAIN: Self = Self { mirrored: false, draw: 0 };

    /// One of an answer's.
    fn of(look: usize, answer: usize) -> Self {
        Self { mirrored: (look + answer) % 2 == 1, draw: answer * LOOKS + look }
    }

    fn seen(self, point: &Point) -> Point {
        if self.mirrored { point.mirrored_car() } else { *point }
    }
}

/// What a network says of all places, by its index and that of the answer among its own. One look serves all places where answers
/// are not made to agree, for nothing evens out what looks differ by.
fn found(points: &[Point], scene: &Scene<'_>, network: usize, answer: usize) -> Result<Vec<LinearRgb>, ModelError> {
    let network = scene.networks[network];
    let mut found = vec![[0.0; 3]; points.len()];
    for at in 0..LOOKS {
        let look = if scene.agree { Look::of(at, answer) } else { Look::PLAIN };
        let context = scene.context.iter().skip(look.draw).step_by(LOOKS * scene.answers);
        let context: Vec<Point> = context.map(|point| look.seen(point)).collect();
        let asked: Vec<Point> = points.iter().skip(at).step_by(LOOKS).map(|point| look.seen(point)).collect();
        let said = albedo(network, &context, &asked)?;
        found.iter_mut().skip(at).step_by(LOOKS).zip(said).for_each(|(found, said)| *found = said);
    }
    Ok(found)
}

/// The albedo of places, linear RGB, under the light that the context tells.
fn albedo(network: &AlbedoNetwork, context: &[Point], places: &[Point]) -> Result<Vec<LinearRgb>, ModelError> {
    let gathered = network.gather(&input(context)?)?;
    let parts = places
        .par_chunks(ASKED_AT_ONCE)
        .map(|points| {
            let output = network.read(&input(points)?, &gathered)?;
            with_values(&output, |values| {
                let answers = points.iter().zip(values.chunks_exact(3));
                Ok(answers.map(|(point, output)| point.albedo(output).map(|v| v.min(LIGHTEST))).collect::<Vec<_>>())
            })
        })
        .collect::<candle_core::Result<Vec<_>>>()?;
    Ok(parts.concat())
}

fn input(points: &[Point]) -> candle_core::Result<Tensor> {
    let mut values = Vec::with_capacity(points.len() * FEATURES);
    points.iter().for_each(|point| point.features(&mut values));
    Tensor::from_vec(values, (1, 1, points.len(), FEATURES), &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use candle_core::DType;
    use candle_nn::{VarBuilder, VarMap};

    use super::*;
    use crate::net::check::noise;
    use crate::net::{AlbedoConfig, Model};

    /// Points of no two of which anything is alike.
    fn spread(count: usize, seed: f32) -> Vec<Point> {
        let at = |i: usize| Vec3::new((i as f32 + seed).sin(), (1.7 * i as f32 + seed).cos(), 0.4).normalize();
        let point = |i: usize| Point::on_car(MaterialKind::Paint, at(i), at(i + 3), 0.5 * at(i), Vec3::new(2.0, 3.0, 9.0), 0.8);
        (0..count).map(|i| Point { rgb: [0.1 + 0.8 * (i as f32 / count as f32), 0.3, 0.5], ..point(i) }).collect()
    }

    /// A network whose weights are the same at every run.
    fn seeded() -> AlbedoNetwork {
        let vars = VarMap::new();
        let network = AlbedoNetwork::new(&AlbedoConfig::tiny(), VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu)).unwrap();
        let data = vars.data().lock().unwrap();
        let mut named: Vec<_> = data.iter().collect();
        named.sort_by_key(|(name, _)| name.as_str());
        for (seed, (_, var)) in (0..).zip(named) {
            var.set(&(noise(var.dims(), seed) * 0.3).unwrap()).unwrap();
        }
        network
    }

    #[test]
    fn each_look_is_at_every_other_place_and_each_place_keeps_its_own_answer() {
        let network = seeded();
        let (points, context) = (spread(9, 0.2), spread(40, 5.0));
        let networks = [&network];
        let scene = |agree| Scene { networks: &networks, answers: 2, context: &context, bounds: (-Vec3::ONE, Vec3::ONE), eye: Vec3::Z, agree };
        let found = |agree, answer| found(&points, &scene(agree), 0, answer).unwrap();
        // one place alone
        let alone = |i: usize, look: Look| {
            let draw: Vec<Point> = context.iter().skip(look.draw).step_by(4).map(|point| look.seen(point)).collect();
            albedo(&network, &draw, &[look.seen(&points[i])]).unwrap()[0]
        };
        let same = |a: LinearRgb, b: LinearRgb| (0..3).all(|k| (a[k] - b[k]).abs() < 1e-5);
        let (preview, first, second) = (found(false, 0), found(true, 0), found(true, 1));
        for i in 0..points.len() {
            assert!(same(preview[i], alone(i, Look::PLAIN)), "place {i} of a preview");
            let odd = i % 2;
            assert!(same(first[i], alone(i, Look { mirrored: odd == 1, draw: odd })), "place {i} of the first answer");
            assert!(same(second[i], alone(i, Look { mirrored: odd == 0, draw: 2 + odd })), "place {i} of the second answer");
        }
        let tell_apart = |i: usize| !same(alone(i, Look { mirrored: true, draw: 1 }), alone(i, Look { mirrored: false, draw: 1 }));
        assert!((0..points.len()).any(tell_apart), "the mirrored scene is another one");
    }

    #[test]
    fn answers_far_from_few_inks_count_little() {
        let by = |network: usize, paint: f32, scatter| Answer { network, found: vec![[paint; 3]; 2], inked: None, scatter };
        let of = |paint: f32, scatter| by(0, paint, scatter);
        let said = |answers: Vec<Answer>| {
            let weighed = Weighed::new(answers).expect("one at least");
            (weighed.paint(|answer| answer.paint()[1])[0].powf(1.0 / CONTRAST), weighed.scatter())
        };
        assert!(Weighed::new(vec![]).is_none());
        let (alone, scatter) = said(vec![of(0.4, None)]);
        assert!((alone - 0.4).abs() < 1e-5 && scatter.is_none(), "one that nobody judged is taken as it is, not {alone}");
        let (even, scatter) = said(vec![of(0.027, Some(3.0)), of(0.125, Some(3.0))]);
        assert!((even - 0.064).abs() < 1e-5 && (scatter.expect("judged") - 3.0).abs() < 1e-5, "{even:?}");
        let (doubted, _) = said(vec![of(0.027, Some(3.0)), of(0.125, Some(4.5))]);
        assert!(doubted > 0.027 && doubted < 0.045, "{doubted:?}");
        let apart = |scatter| Weighed::new(vec![of(0.027, Some(3.0)), by(1, 0.125, Some(scatter))]).expect("two").apart();
        assert!((apart(3.0) - delta_e([0.027; 3], [0.125; 3])).abs() < 1e-4 && apart(6.0) == 0.0, "what is left out differs from nobody");
        let three = [of(0.027, Some(3.0)), of(0.125, Some(3.0)), by(1, 0.125, Some(3.0))];
        let of_both = Weighed::new(three.into()).expect("three").apart();
        assert!((of_both - delta_e([0.064; 3], [0.125; 3])).abs() < 1e-3, "a network's answers count together, not {of_both}");
        let (left_out, _) = said(vec![of(0.027, Some(3.0)), of(0.125, Some(6.0))]);
        assert!((left_out - 0.027).abs() < 1e-5, "{left_out:?}");
    }
}
