//! What the albedo network says, and whether to believe it.
//!
//! The network tells reflections from paint far better than the fit does, but it sees no edges: now and then it takes a
//! dark field of the livery for light paint in the shade. The fit never does that, so where the two differ so on a good
//! part of the car, the network is not believed. Where it is, its answers are made to agree with few inks ([`inked`]).

use candle_core::{Device, Tensor};
use glam::Vec3;
use gridvox_car::{AtlasMaps, MaterialKind};
use rayon::prelude::*;

use super::coarse::Coarse;
use super::fit::{Light, Observation, fit_known, schlick};
use super::inked::{Inked, inked};
use crate::bake::Baked;
use crate::color::{LinearRgb, delta_e, luminance};
use crate::net::albedo::{FEATURES, Point};
use crate::net::conv::with_values;
use crate::net::{AlbedoNetwork, ModelError};
use crate::timed::timed;

/// How often the network is asked, each time with other points of the context.
pub const LOOKS: usize = 2;
/// Points that are asked for at once.
const ASKED_AT_ONCE: usize = 1024;
/// No paint is lighter, linear.
const LIGHTEST: f32 = 0.95;
/// Paint that the network makes this many times as light as the fit does is in the shade, or not understood.
const SHADE: f32 = 2.5;
/// Keeps black out of that comparison.
const DARK: f32 = 0.03;
/// So much of the seen paint may lie in the shade: of 24 tuning photos 0.183 of one, on which the fit was nearer to the
/// truth (a CIEDE2000 of 19.2 and not 21.7), and at most 0.165 of the others.
const MOST_SHADE: f32 = 0.17;

/// The network finds paint a bit paler than it is where the light is not of its training's making: of exponents on linear light
/// this one is best both on 23 tuning photos by the showroom (mean CIEDE2000 after a gain 6.2 and not 7.0 without) and on
/// seven path-traced ones.
const CONTRAST: f32 = 1.1;

/// How fast trust falls with the distance between answers and few inks, as a power.
const DISTRUST: f32 = 4.0;
/// An answer that counts less than this beside the one that counts most is left out.
const FAINT: f32 = 0.1;

/// What the network judges the light by.
pub struct Scene<'a> {
    /// The networks, at least one, and one alone where answers are not made to agree: the nearer its answers lie to few inks, the
    /// more one is believed.
    pub networks: &'a [&'a AlbedoNetwork],
    /// Points of the photo on and around the car, [`LOOKS`] times as many as the network takes; each of them in turn belongs to
    /// the next look.
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
    /// Albedo of each seen texel; weights as before.
    pub baked: Baked,
    /// The light that leads from there back to the photo.
    pub light: Light,
    /// Mean CIEDE2000 between what the network said and what the inks made of it; `None` where they were not asked.
    pub scatter: Option<f32>,
}

/// Asks the network about a baked photo; `fitted` holds what the fit made of the same. `None` where it is not believed.
///
/// # Errors
/// Where the network cannot run.
pub fn learned(
    mut photo: Baked,
    fitted: &Baked,
    maps: &AtlasMaps,
    scene: &Scene<'_>,
) -> Result<Option<Learned>, ModelError> {
    if scene.context.is_empty() {
        return Ok(None);
    }
    timed!("network");
    let coarse = Coarse::new(&photo, maps);
    let seen = coarse.seen();
    let points: Vec<Point> = seen.iter().map(|&cell| point(&coarse, cell, maps, scene)).collect();
    let by_fit = Coarse::new(fitted, maps);
    let fitted: Vec<LinearRgb> = seen.iter().map(|&cell| by_fit.color[cell]).collect();
    let observations: Vec<Observation> = points.iter().zip(&seen).map(|(p, &cell)| observation(p, &coarse, cell, maps)).collect();
    let neighbours = scene.agree.then(|| coarse.neighbours(&seen));
    let answer = |network: &&AlbedoNetwork| -> Result<Option<Answer>, ModelError> {
        let found = from_all_looks(network, scene.context, &points)?;
        if shade(&found, &fitted) > MOST_SHADE {
            return Ok(None);
        }
        let inked = neighbours.as_ref().and_then(|neighbours| inked(&observations, &found, neighbours));
        Ok(Some(Answer::new(found, inked)))
    };
    let answers: Vec<Answer> = scene.networks.par_iter().map(answer).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let Some(answers) = Weighed::new(answers) else { return Ok(None) };
    let found: Vec<LinearRgb> = (0..points.len()).map(|place| answers.paint(|answer| answer.paint()[place])).collect();
    if answers.have_inks() {
        let mut places = vec![0; coarse.color.len()];
        seen.iter().enumerate().for_each(|(place, &cell)| places[cell] = place);
        coarse.replace(&mut photo, maps, |rgb, around| {
            let around = around.iter().filter(|(_, w)| *w > 0.0).map(|&(cell, w)| (places[cell], w));
            answers.paint(|answer| answer.inked.as_ref().map_or([0.0; 3], |inked| inked.at(rgb, around.clone())))
        });
    } else {
        let mut answer = vec![[0.0f32; 3]; coarse.color.len()];
        seen.iter().zip(&found).for_each(|(&cell, &albedo)| answer[cell] = albedo);
        coarse.carry(&answer, &mut photo, maps);
    }
    Ok(Some(Learned { baked: photo, light: fit_known(&observations, &found), scatter: answers.scatter() }))
}

/// What a network said of each place, and what its inks made of that.
struct Answer {
    found: Vec<LinearRgb>,
    inked: Option<Inked>,
    /// Mean CIEDE2000 between the two.
    scatter: Option<f32>,
}

impl Answer {
    fn new(found: Vec<LinearRgb>, inked: Option<Inked>) -> Self {
        let scatter = inked.as_ref().map(|inked| {
            // summed in order, or its last digits would depend on the threads
            let apart: Vec<f32> = inked.paint.par_iter().zip(&found).map(|(a, b)| delta_e(*a, *b)).collect();
            apart.iter().sum::<f32>() / found.len().max(1) as f32
        });
        Self { found, inked, scatter }
    }

    /// Albedo of each place, before [`CONTRAST`].
    fn paint(&self) -> &[LinearRgb] {
        self.inked.as_ref().map_or(&self.found, |inked| &inked.paint)
    }
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

    /// The mean of what the answers say, as albedo.
    fn paint(&self, said: impl Fn(&Answer) -> LinearRgb) -> LinearRgb {
        if let [(answer, _)] = self.0.as_slice() {
            return said(answer).map(|v| v.powf(CONTRAST));
        }
        let mut sum = [0.0f32; 3];
        for (answer, weight) in &self.0 {
            let said = said(answer);
            (0..3).for_each(|k| sum[k] += weight * said[k].cbrt());
        }
        sum.map(|v| v.powf(3.0 * CONTRAST))
    }
}

/// Share of the places that are much lighter by the network than by the fit, after one gain.
fn shade(found: &[LinearRgb], fitted: &[LinearRgb]) -> f32 {
    let ratio = |(found, fitted): (&LinearRgb, &LinearRgb)| (luminance(*found) + DARK) / (luminance(*fitted) + DARK);
    let mut ratios: Vec<f32> = found.iter().zip(fitted).map(ratio).collect();
    if ratios.is_empty() {
        return 0.0;
    }
    let middle = ratios.len() / 2;
    let usual = *ratios.select_nth_unstable_by(middle, f32::total_cmp).1;
    ratios.iter().filter(|&&r| r > SHADE * usual.max(1.0)).count() as f32 / ratios.len() as f32
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

/// The mean of what the network says with several draws of the context, every other time of the mirrored scene: how these
/// answers differ is error alone.
fn from_all_looks(network: &AlbedoNetwork, context: &[Point], points: &[Point]) -> Result<Vec<LinearRgb>, ModelError> {
    let mirrored: Vec<Point> = points.iter().map(Point::mirrored_car).collect();
    let mut sums = vec![[0.0f32; 3]; points.len()];
    for look in 0..LOOKS {
        let seen = context.iter().skip(look).step_by(LOOKS);
        let found = if look % 2 == 0 {
            albedo(network, &seen.copied().collect::<Vec<_>>(), points)?
        } else {
            albedo(network, &seen.map(Point::mirrored_car).collect::<Vec<_>>(), &mirrored)?
        };
        sums.iter_mut().zip(&found).for_each(|(sum, found)| (0..3).for_each(|k| sum[k] += found[k].cbrt()));
    }
    Ok(sums.into_iter().map(|sum| sum.map(|s| (s / LOOKS as f32).powi(3))).collect())
}

/// The albedo of points, linear RGB, under the light that the context tells.
fn albedo(network: &AlbedoNetwork, context: &[Point], points: &[Point]) -> Result<Vec<LinearRgb>, ModelError> {
    let gathered = network.gather(&input(context)?)?;
    let parts = points
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
    use super::*;

    /// Navy on `navy` of 100 places and white on the others, as the fit finds them.
    fn fitted(navy: usize) -> Vec<LinearRgb> {
        (0..100).map(|i| if i < navy { [0.01, 0.02, 0.08] } else { [0.8, 0.8, 0.8] }).collect()
    }

    #[test]
    fn dark_fields_that_become_light_are_shade_and_one_gain_is_not() {
        assert!((shade(&[[0.7; 3]; 100], &fitted(25)) - 0.25).abs() < 1e-6);
        let brighter: Vec<LinearRgb> = fitted(25).iter().map(|c| c.map(|v| 1.15 * v)).collect();
        assert_eq!(shade(&brighter, &fitted(25)), 0.0);
        assert_eq!(shade(&[], &[]), 0.0);
    }

    #[test]
    fn answers_far_from_few_inks_count_little() {
        let of = |paint: f32, scatter| Answer { found: vec![[paint; 3]; 2], inked: None, scatter };
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
        let (left_out, _) = said(vec![of(0.027, Some(3.0)), of(0.125, Some(6.0))]);
        assert!((left_out - 0.027).abs() < 1e-5, "{left_out:?}");
    }

    #[test]
    fn veils_that_come_off_dark_paint_are_no_shade() {
        let found: Vec<LinearRgb> = fitted(60).iter().map(|c| c.map(|v| 0.3 * v)).collect();
        assert_eq!(shade(&found, &fitted(60)), 0.0);
    }
}
