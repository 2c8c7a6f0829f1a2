//! How far off the paint may be, told from the photo and from what the ways to it make of it.
//!
//! That the livery looks like the photo again under the light that was found says little: light and paint were fitted to
//! look so. What tells more is whether paint of one ink came out alike, whether networks and fit agree, how much of the
//! photo is burnt out or lost in the dark, and whether something of known colour anchors the exposure.

use gridvox_car::AtlasMaps;
use serde::{Deserialize, Serialize};

use super::{CLIPPED, DarkReference, NEUTRAL_CHROMA, Palette, chroma};
use crate::bake::Baked;
use crate::color::{LinearRgb, delta_e, lab, luminance};

/// Evidence on the colours of one photo's paint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LightEvidence {
    /// Mean CIEDE2000 between the paint that was found and its nearest ink, before the inks had a say.
    pub scatter: f32,
    /// Mean CIEDE2000 between the paint by the two networks, after the inks had a say; 0 where only one of them counts, `None`
    /// where one alone was asked.
    #[serde(default)]
    pub networks_apart: Option<f32>,
    /// Mean CIEDE2000 between the paint by the fit and by the network, after one gain.
    pub apart: f32,
    /// Factor between their exposures, at least 1.
    pub gain_apart: f32,
    /// Share of the seen paint with a channel at its end, 0..1.
    pub clipped: f32,
    /// Share of the seen paint taken for highlights, 0..1.
    pub highlights: f32,
    /// Median linear luminance of the seen paint in the photo.
    pub luminance: f32,
    /// Mean CIEDE2000 between neighbouring texels of the photo: noise, sharp reflections and fine patterns.
    pub unrest: f32,
    /// Whether white paint anchors the exposure.
    pub white: bool,
    /// Whether tyres anchor it.
    pub tyres: bool,
    /// Mean CIELAB lightness of the paint that was found, 0..=100.
    #[serde(default)]
    pub lightness: f32,
}

/// About so many texels are looked at.
const LOOKED_AT: usize = 6000;

/// `photo`, `fitted` and `found` hold the paint as the photo shows it, by the fit, and as it is used; `palette` is of
/// the last.
pub fn weigh(
    photo: &Baked,
    fitted: &[LinearRgb],
    found: &Baked,
    palette: &Palette,
    maps: &AtlasMaps,
    tyres: Option<DarkReference>,
) -> LightEvidence {
    let seen: Vec<usize> = (0..photo.weight.len()).filter(|&t| photo.weight[t] > 0.0).collect();
    let stride = (seen.len() / LOOKED_AT).max(1) | 1;
    let texels: Vec<usize> = seen.into_iter().step_by(stride).collect();
    if texels.is_empty() || palette.inks.is_empty() {
        return LightEvidence { tyres: tyres.is_some(), gain_apart: 1.0, ..LightEvidence::default() };
    }
    let mean = |of: &dyn Fn(usize) -> f32| texels.iter().map(|&t| of(t)).sum::<f32>() / texels.len() as f32;
    let labs = palette.labs();
    let gain = gain(texels.iter().map(|&t| (fitted[t], found.color[t])));
    let mut lights: Vec<f32> = texels.iter().map(|&t| luminance(photo.color[t])).collect();
    lights.sort_by(f32::total_cmp);
    let size = maps.size as usize;
    let beside = |t: usize| {
        let next = t + 2.max(size / 700);
        let same = next < photo.weight.len() && photo.weight[next] > 0.0 && maps.part[next] == maps.part[t];
        if same { delta_e(photo.color[t], photo.color[next]) } else { 0.0 }
    };
    let large = palette.inks.iter().filter(|ink| ink.share > 0.01);
    let brightest = large.max_by(|a, b| luminance(a.color).total_cmp(&luminance(b.color)));
    LightEvidence {
        scatter: mean(&|t| delta_e(found.color[t], palette.inks[labs.nearest(found.color[t])].color)),
        networks_apart: None,
        apart: mean(&|t| delta_e(std::array::from_fn(|k| (fitted[t][k] * gain).min(1.0)), found.color[t])),
        gain_apart: gain.max(1.0 / gain.max(1e-3)),
        clipped: mean(&|t| f32::from(u8::from(photo.color[t].iter().any(|&v| v > CLIPPED)))),
        highlights: mean(&|t| f32::from(u8::from(found.weight[t] <= 0.0))),
        luminance: lights[lights.len() / 2],
        unrest: mean(&beside),
        white: brightest.is_some_and(|ink| chroma(ink.color) < NEUTRAL_CHROMA && luminance(ink.color) > 0.4),
        tyres: tyres.is_some(),
        lightness: mean(&|t| lab(found.color[t]).l),
    }
}

/// The factor that brings one paint nearest to another.
fn gain(pairs: impl Iterator<Item = (LinearRgb, LinearRgb)>) -> f32 {
    let (mut cross, mut square) = (1e-6, 1e-6);
    for (from, to) in pairs {
        for k in 0..3 {
            cross += from[k] * to[k];
            square += from[k] * from[k];
        }
    }
    cross / square
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delight::Ink;

    #[test]
    fn scatter_and_disagreement_are_told_apart_from_a_gain() {
        let maps = AtlasMaps::compute(&gridvox_car::testing::box_car(), 64);
        let weight: Vec<f32> = maps.part.iter().map(|&part| f32::from(u8::from(part != 0))).collect();
        let paint = |lift: f32| Baked { color: (0..weight.len()).map(|i| [0.3 + lift * (i % 3) as f32; 3]).collect(), weight: weight.clone() };
        let palette = Palette { inks: vec![Ink { color: [0.3; 3], share: 1.0 }] };
        let even = weigh(&paint(0.0), &paint(0.0).color, &paint(0.0), &palette, &maps, None);
        assert!(even.scatter < 0.1 && even.apart < 0.1 && (even.gain_apart - 1.0).abs() < 1e-3 && !even.white, "{even:?}");
        let mut dark = paint(0.0);
        dark.color.iter_mut().for_each(|c| *c = c.map(|v| v * 0.5));
        let gained = weigh(&paint(0.0), &dark.color, &paint(0.0), &palette, &maps, None);
        assert!(gained.apart < 0.1 && (gained.gain_apart - 2.0).abs() < 0.01, "{gained:?}");
        // CIELAB's lightness of 0.3 of white
        assert!((gained.lightness - 61.65).abs() < 0.1, "{gained:?}");
        let rough = weigh(&paint(0.1), &paint(0.0).color, &paint(0.1), &palette, &maps, None);
        assert!(rough.scatter > 2.0 && rough.apart > 2.0 && rough.unrest > 2.0, "{rough:?}");
    }
}
