//! Paint of few inks: what the network found, made to agree with the photo.
//!
//! The network says of every place what it may be painted with, a bit different each time, and leaves veils of what the
//! lacquer mirrors. But a livery is printed with few inks, and one light falls on all of it. So three things are found in
//! turn: the light that leads from the paint to the photo ([`Probe`]), the ink that explains each place best under that
//! light and beside its neighbours (mean field of a conditional random field, Krähenbühl and Koltun 2011, here of the four
//! neighbours), and the colour of each ink; inks without an edge between them are a gradient ([`fades`]). Then each texel is
//! given to an ink by itself ([`Inked::at`]), so that edges are as sharp as the photo shows them and fields are even.

use rayon::prelude::*;

use super::fades;
use super::field::{Graph, to_shares};
use super::fit::{Observation, schlick};
use super::inks::{MAX_INKS, Sample, cluster, distance2, scaled_lab};
use super::probe::{CLIPPED, FLOOR, Lit, Probe};
use crate::color::{LinearRgb, luminance};
use crate::timed::timed;

/// Fewer places tell no light.
const LEAST_PLACES: usize = 200;
/// Steps of the light before the first round, and before each other; four times as many find no better inks.
const FIRST_STEPS: usize = 45;
const STEPS: usize = 15;
/// Rounds of light, places and inks.
const ROUNDS: usize = 4;
/// Lab distance of two inks and what lightness counts in it.
const APART: f32 = 10.0;
const APART_LIGHTNESS: f32 = 0.8;
/// Difference of logarithms between photo and drawing that speaks against an ink.
const UNLIKE: f32 = 0.2;
/// A photo that is lighter than the drawing may show a mirror image too sharp for the probe: by this share of the usual light,
/// straight on, it is half explained, and all that it is off by counts this much still.
const VEIL: f32 = 0.3;
const STILL_UNLIKE: f32 = 0.05;
/// What an ink's share of the car counts for it, as a power: a mirror image that looks like an ink of its own is rare.
const COMMON: f32 = 0.6;
/// No ink is rarer than this.
const RARE: f32 = 1e-3;
/// Lab distance from what the network said that speaks against an ink, and what lightness counts in it.
const FAR: f32 = 12.0;
const FAR_LIGHTNESS: f32 = 0.4;
/// What the light says of an ink's colour; the network says the rest. The more of it, the better photos by the showroom are, whose
/// light no network learned from, and the worse those by the training renderer. With 0.8, 0.6 and 0.4, means over 32 photos of the one,
/// true cameras, are 6.07, 6.13 and 6.23 after a gain and 7.24, 7.15 and 7.18 as it is; over 24 of the other 6.59, 6.36 and 6.24, and
/// 8.16, 7.41 and 6.95.
const BY_LIGHT: f32 = 0.5;
/// Belief in an ink that is nowhere near a texel, for lettering finer than a place.
const NOT_NEAR: f32 = 0.01;
/// What an ink that is nothing like the texel is held against beside the logarithm, so that thin lines of it stay.
const GROSS: f32 = 0.05;
/// How much more decided a texel is than a place.
const DECIDED: f32 = 2.0;
/// An ink whose share could not be more than this, as a logarithm and below that of another, is not tried.
const HOPELESS: f32 = 7.0;
/// A texel like an ink that this much of its surroundings have is of that ink.
const ALL_AROUND: f32 = 0.95;
/// Of a place that has more than one ink.
const SEVERAL: u8 = u8::MAX;
/// Where an ink lies among the colours of its places, as a quantile of each channel: what the lacquer mirrors lightens paint, and
/// little darkens it. By the middle, black inks of 64 tuning photos were 8 of Lab's lightness too light (mean), and seen paint
/// 8.9 off instead of 8.0.
const DARKER: f32 = 0.35;
/// Belief from which a place tells its ink's colour, and places that are needed for it.
const SURE: f32 = 0.8;
const ENOUGH: usize = 20;
/// No paint is darker or lighter, linear.
const PAINT: (f32, f32) = (0.003, 0.95);

/// The inks of a livery, and where they are.
pub struct Inked {
    /// Albedo of each place, linear.
    pub paint: Vec<LinearRgb>,
    inks: Vec<LinearRgb>,
    /// (places, inks); a place's sum is 1.
    belief: Vec<f32>,
    /// The ink that a place has but for less than [`ALL_AROUND`] allows; [`SEVERAL`] where there is none.
    sole: Vec<u8>,
    lit: Vec<Lit>,
    /// Of each place, see [`VEIL`].
    veils: Vec<f32>,
    /// Which inks run into others, and what these look like on each place; empty where none does.
    fades: [bool; MAX_INKS],
    faded: Vec<LinearRgb>,
}

/// Gives each place an ink, from `found`, the network's answers; the photo's colours are among the observations. `neighbours`
/// are pairs of places that touch. `None` where there are too few places.
pub fn inked(observations: &[Observation], found: &[LinearRgb], neighbours: &[(u32, u32)]) -> Option<Inked> {
    if observations.len() < LEAST_PLACES {
        return None;
    }
    timed!("inks");
    let samples: Vec<Sample> = found.iter().map(|&rgb| Sample::new(rgb, 1.0, APART_LIGHTNESS)).collect();
    let inks: Vec<LinearRgb> = cluster(&samples, APART_LIGHTNESS, APART).palette.inks.iter().map(|ink| ink.color).collect();
    let labs: Vec<[f32; 3]> = found.iter().map(|&rgb| scaled_lab(rgb, FAR_LIGHTNESS)).collect();
    let graph = Graph::new(observations, neighbours);
    let mut probe = Probe::new(observations);
    let mut shares = vec![1.0 / inks.len() as f32; inks.len()];
    let mut inked = Inked {
        paint: found.to_vec(),
        inks,
        belief: Vec::new(),
        sole: Vec::new(),
        lit: Vec::new(),
        veils: Vec::new(),
        fades: [false; MAX_INKS],
        faded: Vec::new(),
    };
    for round in 0..ROUNDS {
        probe.fit(&inked.paint, if round == 0 { FIRST_STEPS } else { STEPS });
        inked.lit = probe.lit();
        inked.veils = veils(observations, &inked.lit);
        let against = inked.against(observations, &labs, &shares);
        inked.belief = graph.agree(&against, inked.inks.len());
        shares = shares_of(&inked.belief, inked.inks.len());
        inked.recolour(observations, found);
        inked.paint = inked.belief.par_chunks(inked.inks.len()).map(|belief| inked.mixed(belief, [0.0; 3])).collect();
    }
    let sole = |belief: &[f32]| belief.iter().position(|&b| b > ALL_AROUND).map_or(SEVERAL, |k| k as u8);
    inked.sole = inked.belief.chunks_exact(inked.inks.len()).map(sole).collect();
    inked.fade(observations, found, &graph);
    Some(inked)
}

/// How bright a sharp mirror image may be on each place.
fn veils(observations: &[Observation], lit: &[Lit]) -> Vec<f32> {
    let usual = quantile(0.5, lit.iter().map(|lit| luminance(lit.diffuse)));
    observations.iter().map(|o| (VEIL * usual * o.fresnel / schlick(1.0)).max(1e-4)).collect()
}

/// Share of the places that have each ink.
fn shares_of(belief: &[f32], inks: usize) -> Vec<f32> {
    let places = (belief.len() / inks) as f32;
    (0..inks).map(|k| belief.iter().skip(k).step_by(inks).sum::<f32>() / places).collect()
}

/// How unlike a photo's colour is what an ink looks like under a light: sum over channels of squared differences of
/// logarithms, in units of [`UNLIKE`].
fn unlike(ink: LinearRgb, lit: &Lit, veil: f32, rgb: LinearRgb) -> f32 {
    let channel = |k: usize| {
        let drawn = ink[k] * lit.diffuse[k] + lit.mirrored[k];
        let off = (((drawn + FLOOR) / (rgb[k] + FLOOR)).ln() / UNLIKE).powi(2);
        match drawn >= rgb[k] {
            true if rgb[k] > CLIPPED => 0.0,
            true => off,
            false => off.min(((rgb[k] - drawn) / veil).powi(2) + STILL_UNLIKE * off),
        }
    };
    channel(0) + channel(1) + channel(2)
}

/// What a channel of the paint is, going by the light alone.
fn by_light(photo: f32, lit: &Lit, channel: usize) -> f32 {
    ((photo - lit.mirrored[channel]) / lit.diffuse[channel]).clamp(PAINT.0, PAINT.1)
}

impl Inked {
    /// The albedo of a texel that has this colour in the photo, linear. `around` are the places around it, with weights that
    /// sum to 1.
    pub fn at(&self, rgb: LinearRgb, around: impl Iterator<Item = (usize, f32)> + Clone) -> LinearRgb {
        let inks = self.inks.len();
        let mut lit = Lit { diffuse: [0.0; 3], mirrored: [0.0; 3] };
        let (mut veil, mut faded, mut sole) = (0.0, [0.0f32; 3], None);
        for (place, weight) in around.clone() {
            if let Some(here) = self.faded.get(place) {
                (0..3).for_each(|k| faded[k] += weight * here[k]);
            }
            (0..3).for_each(|k| lit.diffuse[k] += weight * self.lit[place].diffuse[k]);
            (0..3).for_each(|k| lit.mirrored[k] += weight * self.lit[place].mirrored[k]);
            veil += weight * self.veils[place];
            let here = self.sole[place];
            sole = Some(if sole.is_none_or(|sole| sole == here) { here } else { SEVERAL });
        }
        let unlike = |k: usize| unlike(self.looks(k, faded), &lit, veil, rgb);
        // most texels lie within a field, and need no more
        if let Some(k) = sole.filter(|&k| k != SEVERAL).map(usize::from).filter(|&k| unlike(k) < 1.0) {
            return self.looks(k, faded);
        }
        let mut near = [0.0f32; MAX_INKS];
        for (place, weight) in around {
            let belief = &self.belief[place * inks..][..inks];
            near.iter_mut().zip(belief).for_each(|(near, belief)| *near += weight * belief);
        }
        if let Some(k) = (0..inks).find(|&k| near[k] > ALL_AROUND).filter(|&k| unlike(k) < 1.0) {
            return self.looks(k, faded);
        }
        let mut scores = [0.0f32; MAX_INKS];
        let scores = &mut scores[..inks];
        let mut best = f32::MIN;
        for is_near in [true, false] {
            for k in (0..inks).filter(|&k| (near[k] > NOT_NEAR) == is_near) {
                let most = DECIDED * (near[k] + NOT_NEAR).ln();
                scores[k] = if most < best - HOPELESS {
                    f32::MIN
                } else {
                    let unlike = unlike(k);
                    most - DECIDED * ((1.0 + unlike).ln() + GROSS * unlike)
                };
                best = best.max(scores[k]);
            }
        }
        to_shares(scores);
        self.mixed(scores, faded)
    }

    /// Gives inks that run into each other the colours between them.
    fn fade(&mut self, observations: &[Observation], found: &[LinearRgb], graph: &Graph) {
        let inks = self.inks.len();
        let most = |belief: &[f32]| (0..inks).max_by(|&a, &b| belief[a].total_cmp(&belief[b])).unwrap_or(0);
        let most: Vec<usize> = self.belief.chunks_exact(inks).map(most).collect();
        let pairs = fades::pairs(&most, graph);
        if pairs.is_empty() {
            return;
        }
        pairs.iter().for_each(|&(a, b)| (self.fades[a], self.fades[b]) = (true, true));
        let by_both = |place: usize| -> LinearRgb {
            std::array::from_fn(|k| {
                let by_light = by_light(observations[place].rgb[k], &self.lit[place], k);
                (BY_LIGHT * by_light.cbrt() + (1.0 - BY_LIGHT) * found[place][k].cbrt()).powi(3)
            })
        };
        let colors: Vec<LinearRgb> = (0..observations.len()).map(by_both).collect();
        let fading: Vec<bool> = most.iter().map(|&ink| self.fades[ink]).collect();
        let ends: Vec<_> = pairs.iter().map(|&(a, b)| (self.inks[a], self.inks[b])).collect();
        self.faded = fades::colors(&colors, &fading, &ends, graph);
        for place in 0..observations.len() {
            self.paint[place] = self.mixed(&self.belief[place * inks..][..inks], self.faded[place]);
        }
    }

    /// An ink's colour on a place that has this one where inks run into each other.
    fn looks(&self, ink: usize, faded: LinearRgb) -> LinearRgb {
        if self.fades[ink] { faded } else { self.inks[ink] }
    }

    /// What a place looks like that has these shares of the inks, and this colour where they run into each other.
    fn mixed(&self, shares: &[f32], faded: LinearRgb) -> LinearRgb {
        let mut sum = [0.0; 3];
        for (k, share) in shares.iter().enumerate() {
            let looks = self.looks(k, faded);
            (0..3).for_each(|c| sum[c] += share * looks[c]);
        }
        sum
    }

    /// What speaks against each ink on each place: (places, inks).
    fn against(&self, observations: &[Observation], labs: &[[f32; 3]], shares: &[f32]) -> Vec<f32> {
        let inks: Vec<(LinearRgb, [f32; 3], f32)> = self
            .inks
            .iter()
            .zip(shares)
            .map(|(&ink, share)| (ink, scaled_lab(ink, FAR_LIGHTNESS), COMMON * share.max(RARE).ln()))
            .collect();
        let places = observations.par_iter().zip(labs).zip(self.lit.par_iter().zip(&self.veils));
        places
            .flat_map_iter(|((o, at), (lit, &veil))| {
                inks.iter().map(move |(ink, lab, common)| {
                    unlike(*ink, lit, veil, o.rgb).ln_1p() + (distance2(*at, *lab) / (FAR * FAR)).ln_1p() - common
                })
            })
            .collect()
    }

    /// Gives each ink what its places have, by the light and by the network, a bit below the middle.
    fn recolour(&mut self, observations: &[Observation], found: &[LinearRgb]) {
        let count = self.inks.len();
        let (lit, belief) = (&self.lit, &self.belief);
        self.inks.par_iter_mut().enumerate().for_each(|(k, ink)| {
            let sure: Vec<usize> = (0..found.len()).filter(|place| belief[place * count + k] > SURE).collect();
            if sure.len() <= ENOUGH {
                return;
            }
            *ink = std::array::from_fn(|channel| {
                let by_light = |&place: &usize| by_light(observations[place].rgb[channel], &lit[place], channel);
                let by_network = |&place: &usize| found[place][channel];
                BY_LIGHT * quantile(DARKER, sure.iter().map(by_light)) + (1.0 - BY_LIGHT) * quantile(DARKER, sure.iter().map(by_network))
            });
        });
    }
}

/// The value that this share of them, below 1, lies under.
fn quantile(share: f32, values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    let at = (share * values.len() as f32) as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use glam::Vec3;

    use super::*;
    use crate::color::delta_e;

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
        let after = error(&inked(&places, &found, &neighbours).expect("enough places").paint, &truth);
        assert!(after < 0.6 * before, "{before} became {after}");
    }

    #[test]
    fn few_places_tell_nothing() {
        let (places, found, _, _) = sheet();
        assert!(inked(&places[..100], &found[..100], &[]).is_none());
    }

    #[test]
    fn texels_are_sharper_than_places() {
        let (places, found, truth, neighbours) = sheet();
        let inked = inked(&places, &found, &neighbours).expect("enough places");
        // between a light and a dark stripe: each texel is of one of the two
        let (light, dark) = (SIZE * 30 + 27, SIZE * 30 + 28);
        assert_ne!(truth[light], truth[dark]);
        for own in [light, dark] {
            let made = inked.at(places[own].rgb, [(light, 0.5), (dark, 0.5)].into_iter());
            let due = inked.paint[own];
            assert!(delta_e(made, due) < 3.0, "{made:?}, not {due:?}");
        }
        // a thin line of another ink, which no place around it has
        let white = (0..SIZE).find(|&i| truth[i] == INKS[0]).expect("white");
        let far = (0..SIZE * SIZE).find(|&i| truth[i] == INKS[2] && places[i].normal.y > 0.2).expect("black");
        let rgb = INKS[0].map(|p| p * (0.75 + 0.25 * places[far].normal.y) + 0.1 * places[far].fresnel);
        let made = inked.at(rgb, std::iter::once((far, 1.0)));
        assert!(delta_e(made, inked.paint[white]) < 5.0, "{made:?} on {:?}", inked.paint[far]);
    }

    #[test]
    fn a_gradient_has_no_steps_and_stripes_have_no_gradient() {
        let (mut places, _, truth, neighbours) = sheet();
        assert_eq!(inked(&places, &truth, &neighbours).expect("enough places").faded.len(), 0);
        let paint = |i: usize| -> LinearRgb {
            let t = (i % SIZE) as f32 / (SIZE - 1) as f32;
            [0.1 + 0.6 * t, 0.1, 0.7 - 0.6 * t]
        };
        let truth: Vec<LinearRgb> = (0..SIZE * SIZE).map(paint).collect();
        for (place, paint) in places.iter_mut().zip(&truth) {
            place.rgb = paint.map(|p| p * (0.75 + 0.25 * place.normal.y) + 0.1 * place.fresnel);
        }
        let inked = inked(&places, &truth, &neighbours).expect("enough places");
        let texel = |i: usize| inked.at(places[i].rgb, std::iter::once((i, 1.0)));
        let row = SIZE * SIZE / 2;
        let steps: Vec<f32> = (row + 5..row + SIZE - 5).map(|i| delta_e(texel(i), texel(i + 1))).collect();
        let widest = steps.iter().copied().fold(0.0, f32::max);
        assert!(inked.inks.len() > 2 && widest < 5.0, "{} inks, {widest}", inked.inks.len());
    }

    #[test]
    fn a_sharp_mirror_image_on_black_is_no_grey() {
        let lit = Lit { diffuse: [0.8; 3], mirrored: [0.02; 3] };
        let [black, grey] = [[0.01; 3], [0.15; 3]].map(|ink| unlike(ink, &lit, 0.2, [0.12; 3]));
        assert!(black < 8.0 && grey < black, "{black} beside {grey}");
        let (white, black) = ([0.75; 3], [0.01; 3]);
        let lighter = unlike(black, &lit, 0.2, [0.62; 3]);
        let darker = unlike(white, &lit, 0.2, [0.03; 3]);
        assert!(lighter > 10.0 && darker > 3.0 * lighter, "{lighter} {darker}");
    }
}
