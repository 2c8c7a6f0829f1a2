//! Paint of few inks: what the network found, made to agree with the photo.
//!
//! The network says of every place what it may be painted with, a bit different each time, and leaves veils of what the
//! lacquer mirrors. But a livery is printed with few inks, and one light falls on all of it. So three things are found in
//! turn: the light that leads from the paint to the photo ([`Probe`]), the ink that explains each place best under that
//! light and beside its neighbours (mean field of a conditional random field, Krähenbühl and Koltun 2011, here of the four
//! neighbours), and the colour of each ink.

use rayon::prelude::*;

use super::fit::Observation;
use super::inks::{Sample, cluster, distance2, scaled_lab};
use super::probe::{CLIPPED, FLOOR, Lit, Probe};
use crate::color::LinearRgb;
use crate::timed::timed;

/// Fewer places tell no light.
const LEAST_PLACES: usize = 200;
/// Steps of the light before the first round, and before each other.
const FIRST_STEPS: usize = 180;
const STEPS: usize = 60;
/// Rounds of light, places and inks.
const ROUNDS: usize = 4;
/// Lab distance of two inks and what lightness counts in it.
const APART: f32 = 10.0;
const APART_LIGHTNESS: f32 = 0.8;
/// Difference of logarithms between photo and drawing that speaks against an ink.
const UNLIKE: f32 = 0.2;
/// Lab distance from what the network said that speaks against an ink, and what lightness counts in it.
const FAR: f32 = 12.0;
const FAR_LIGHTNESS: f32 = 0.6;
/// What a neighbour's opinion counts, and the difference in the photo, in Lab, that makes it no neighbour.
const NEIGHBOUR: f32 = 2.0;
const EDGE: f32 = 6.0;
/// Passes in which neighbours are asked.
const PASSES: usize = 12;
/// Belief from which a place tells its ink's colour, and places that are needed for it.
const SURE: f32 = 0.8;
const ENOUGH: usize = 20;
/// No paint is darker or lighter, linear.
const PAINT: (f32, f32) = (0.003, 0.95);

/// The albedo of each place, linear, from `found`, the network's answers; the photo's colours are among the observations.
/// `neighbours` are pairs of places that touch.
pub fn inked(observations: &[Observation], found: &[LinearRgb], neighbours: &[(u32, u32)]) -> Vec<LinearRgb> {
    if observations.len() < LEAST_PLACES {
        return found.to_vec();
    }
    timed!("inks");
    let samples: Vec<Sample> = found.iter().map(|&rgb| Sample::new(rgb, 1.0, APART_LIGHTNESS)).collect();
    let mut inks: Vec<LinearRgb> = cluster(&samples, APART_LIGHTNESS, APART).palette.inks.iter().map(|ink| ink.color).collect();
    let labs: Vec<[f32; 3]> = found.iter().map(|&rgb| scaled_lab(rgb, FAR_LIGHTNESS)).collect();
    let graph = Graph::new(observations, neighbours);
    let mut probe = Probe::new(observations);
    let mut paint = found.to_vec();
    for round in 0..ROUNDS {
        probe.fit(&paint, if round == 0 { FIRST_STEPS } else { STEPS });
        let lit = probe.lit();
        let against = against(observations, &labs, &lit, &inks);
        let belief = graph.agree(&against, inks.len());
        recolour(&mut inks, observations, found, &lit, &belief);
        paint = belief.par_chunks(inks.len()).map(|belief| mixed(belief, &inks)).collect();
    }
    paint
}

/// What speaks against each ink on each place: (places, inks), 0 or more.
fn against(observations: &[Observation], labs: &[[f32; 3]], lit: &[Lit], inks: &[LinearRgb]) -> Vec<f32> {
    let ink_labs: Vec<[f32; 3]> = inks.iter().map(|&ink| scaled_lab(ink, FAR_LIGHTNESS)).collect();
    let places = observations.par_iter().zip(labs).zip(lit);
    places
        .flat_map_iter(|((o, at), lit)| {
            inks.iter().zip(&ink_labs).map(move |(ink, ink_lab)| {
                let unlike: f32 = (0..3)
                    .map(|k| {
                        let drawn = ink[k] * lit.diffuse[k] + lit.mirrored[k];
                        let off = ((drawn + FLOOR) / (o.rgb[k] + FLOOR)).ln();
                        if o.rgb[k] > CLIPPED { off.min(0.0).powi(2) } else { off * off }
                    })
                    .sum();
                (unlike / (UNLIKE * UNLIKE)).ln_1p() + (distance2(*at, *ink_lab) / (FAR * FAR)).ln_1p()
            })
        })
        .collect()
}

/// Neighbours of each place with what their opinion counts.
struct Graph {
    /// Where each place's neighbours begin, and the end.
    starts: Vec<u32>,
    edges: Vec<(u32, f32)>,
}

impl Graph {
    fn new(observations: &[Observation], neighbours: &[(u32, u32)]) -> Self {
        let labs: Vec<[f32; 3]> = observations.par_iter().map(|o| scaled_lab(o.rgb, 1.0)).collect();
        let weight = |a: u32, b: u32| {
            NEIGHBOUR * (-distance2(labs[a as usize], labs[b as usize]) / (EDGE * EDGE)).exp()
        };
        let mut lists = vec![Vec::new(); observations.len()];
        for &(a, b) in neighbours {
            let weight = weight(a, b);
            lists[a as usize].push((b, weight));
            lists[b as usize].push((a, weight));
        }
        let mut starts = vec![0];
        starts.extend(lists.iter().scan(0, |end, list| {
            *end += list.len() as u32;
            Some(*end)
        }));
        Self { starts, edges: lists.concat() }
    }

    /// Belief in each ink on each place, (places, inks); a place's sum is 1.
    fn agree(&self, against: &[f32], inks: usize) -> Vec<f32> {
        let mut belief = against.to_vec();
        belief.par_chunks_mut(inks).for_each(|scores| {
            scores.iter_mut().for_each(|s| *s = -*s);
            to_shares(scores);
        });
        for _ in 0..PASSES {
            let said = &belief;
            let mut next = vec![0.0; against.len()];
            next.par_chunks_mut(inks).zip(against.par_chunks(inks)).enumerate().for_each(|(place, (scores, against))| {
                scores.iter_mut().zip(against).for_each(|(s, a)| *s = -a);
                for &(other, weight) in &self.edges[self.starts[place] as usize..self.starts[place + 1] as usize] {
                    let opinion = &said[other as usize * inks..][..inks];
                    scores.iter_mut().zip(opinion).for_each(|(s, o)| *s += weight * o);
                }
                to_shares(scores);
            });
            belief = next;
        }
        belief
    }
}

fn to_shares(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    scores.iter_mut().for_each(|s| *s = (*s - most).exp());
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|s| *s /= sum);
}

/// Gives each ink the middle of what its places have, by the light and by the network.
fn recolour(inks: &mut [LinearRgb], observations: &[Observation], found: &[LinearRgb], lit: &[Lit], belief: &[f32]) {
    let count = inks.len();
    inks.par_iter_mut().enumerate().for_each(|(k, ink)| {
        let sure: Vec<usize> = (0..found.len()).filter(|place| belief[place * count + k] > SURE).collect();
        if sure.len() <= ENOUGH {
            return;
        }
        *ink = std::array::from_fn(|channel| {
            let by_light = |&place: &usize| {
                let left = observations[place].rgb[channel] - lit[place].mirrored[channel];
                (left / lit[place].diffuse[channel]).clamp(PAINT.0, PAINT.1)
            };
            0.5 * (median(sure.iter().map(by_light)) + median(sure.iter().map(|&place| found[place][channel])))
        });
    });
}

fn median(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

fn mixed(belief: &[f32], inks: &[LinearRgb]) -> LinearRgb {
    std::array::from_fn(|k| belief.iter().zip(inks).map(|(belief, ink)| belief * ink[k]).sum())
}

#[cfg(test)]
mod tests {
    use glam::Vec3;

    use super::*;
    use crate::color::delta_e;
    use crate::delight::fit::schlick;

    const SIZE: usize = 60;
    const INKS: [LinearRgb; 3] = [[0.75, 0.75, 0.75], [0.5, 0.03, 0.03], [0.01, 0.012, 0.015]];

    /// A bent sheet of broad stripes that mirrors a window, as the photo and as a network sees it that takes a part of the
    /// mirror image for paint.
    fn sheet() -> (Vec<Observation>, Vec<LinearRgb>, Vec<LinearRgb>, Vec<(u32, u32)>) {
        let (mut places, mut truth, mut found, mut neighbours) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for i in 0..SIZE * SIZE {
            let (x, y) = (i % SIZE, i / SIZE);
            let (u, v) = (x as f32 / SIZE as f32 * 2.0 - 1.0, y as f32 / SIZE as f32 * 2.0 - 1.0);
            let normal = Vec3::new(u, v, 1.0).normalize();
            let facing = normal.z;
            let mirrored = (2.0 * facing * normal - Vec3::Z).normalize();
            let paint = INKS[(x / 7) % 3];
            let window = if mirrored.x.abs() < 0.5 && mirrored.y > 0.1 { 1.0 } else { 0.1 };
            let veil = window * schlick(facing);
            let rgb = paint.map(|p| p * (0.75 + 0.25 * normal.y) + veil);
            places.push(Observation { rgb, normal, mirrored, fresnel: schlick(facing), occlusion: 1.0, weight: 1.0, part: 1, cell: [0; 2] });
            let noise = 1.0 + 0.25 * ((i * 7919 % 101) as f32 / 50.0 - 1.0);
            found.push(paint.map(|p| (p + 0.5 * veil) * noise));
            truth.push(paint);
            neighbours.extend((x + 1 < SIZE).then_some((i as u32, i as u32 + 1)));
            neighbours.extend((y + 1 < SIZE).then_some((i as u32, (i + SIZE) as u32)));
        }
        (places, found, truth, neighbours)
    }

    fn error(found: &[LinearRgb], truth: &[LinearRgb]) -> f32 {
        found.iter().zip(truth).map(|(a, b)| delta_e(*a, *b)).sum::<f32>() / truth.len() as f32
    }

    #[test]
    fn veils_come_off_and_inks_become_one() {
        let (places, found, truth, neighbours) = sheet();
        let before = error(&found, &truth);
        let after = error(&inked(&places, &found, &neighbours), &truth);
        assert!(after < 0.6 * before, "{before} became {after}");
    }

    #[test]
    fn few_places_stay_as_they_were_found() {
        let (places, found, _, _) = sheet();
        assert_eq!(inked(&places[..100], &found[..100], &[]), found[..100]);
    }
}
