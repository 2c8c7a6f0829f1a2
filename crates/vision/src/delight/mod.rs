//! Takes the light off the paint: what is left is the ink's own colour.
//!
//! One photo shows paint times light. The normals are known and a livery has few inks, so a smooth light (spherical
//! harmonics of the normal, order 2) that makes places of one ink alike can be told from the paint: inks are found as
//! colour clusters, the light is fitted robustly so that each cluster becomes tight, and both are repeated while the
//! tolerance for lightness shrinks. The mirror image of the surroundings in the clearcoat is a second smooth light of the
//! reflected direction, added with Schlick's factor. A fit that explains nothing leaves the photo as it is.
//!
//! That fit leaves veils where sharp reflections lie on dark paint. Then the albedo network is asked, which sees the same
//! places with their materials and all that surrounds them ([`learned`]). Its answers, a sharper light ([`probe`]) and the
//! livery's inks are then made to agree ([`inked`]).

mod coarse;
mod doubt;
mod fades;
mod field;
mod fit;
mod harmonics;
mod inked;
mod inks;
mod learned;
mod probe;

pub use doubt::LightEvidence;
pub(crate) use field::to_shares;
pub use fit::Light;
pub use learned::{LOOKS, Scene, answers};
pub use inks::{Clusters, Ink, MAX_INKS, Palette, PaletteLabs, Sample, cluster};

use glam::Vec3;
use gridvox_car::AtlasMaps;
use rayon::prelude::*;

use crate::bake::Baked;
use crate::color::{self, LinearRgb};
use crate::net::ModelError;
use crate::timed::timed;
use fit::{Observation, fit_light, schlick};

/// At most this many texels are looked at to find the light.
const OBSERVATIONS: usize = 14_000;
/// Texels with less weight are too slanted or too near to edges to judge the light by.
const MIN_WEIGHT: f32 = 0.03;
/// A colour this much brighter than the brightest ink is a highlight.
const HIGHLIGHT_OVER_INK: f32 = 1.3;
/// Inks smaller than this share do not say how bright paint can be.
const BRIGHT_INK_SHARE: f32 = 0.004;
/// Colour distance, in Lab units, at which two peaks are two inks.
pub(crate) const INKS_APART: f32 = 12.0;
/// What lightness counts between inks: less than hue, for it is what is left of the light.
pub(crate) const INK_LIGHTNESS: f32 = 0.8;

/// Linear values above this are clipped (253 of 255 in sRGB).
const CLIPPED: f32 = 0.98;
/// Less of the seen paint than this, all channels clipped, is glare rather than overexposed white.
const GLARE_SHARE: f32 = 0.06;

/// What was found out about a photo's light.
#[derive(Debug, Clone)]
pub struct Delit {
    /// The light, so that the finished livery can be compared with the photo.
    pub light: Light,
    /// The inks, as albedo.
    pub palette: Palette,
    /// Share of the seen texels that were highlights, 0..1.
    pub highlights: f32,
    /// What tells how far off the paint may be.
    pub evidence: LightEvidence,
}

/// Luminance of the photo where it shows things of known darkness, and their albedo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DarkReference {
    /// Median linear luminance of tyres in the photo.
    pub luminance: f32,
}

/// Albedo of a used tyre.
const TYRE_ALBEDO: f32 = 0.045;
/// Albedo of white car paint.
const WHITE_ALBEDO: f32 = 0.82;
/// A lightest ink with less Lab chroma than this is taken for white or grey.
const NEUTRAL_CHROMA: f32 = 17.0;
/// How far the colour cast of a white ink is taken off.
const NEUTRALISE: f32 = 0.8;

/// Replaces a baked photo's colours by albedo and takes highlights out (weight 0).
///
/// # Errors
/// Where the network cannot run.
pub fn delight(
    baked: &mut Baked,
    maps: &AtlasMaps,
    scene: &Scene<'_>,
    tyres: Option<DarkReference>,
) -> Result<Delit, ModelError> {
    let photo = baked.clone();
    let mut delit = by_fit(baked, maps, scene.eye, tyres);
    let (mut paint_by_fit, mut scatter, mut networks_apart) = (None, None, None);
    if let Some(learned) = learned::learned(&photo, maps, scene)? {
        paint_by_fit = Some(std::mem::replace(&mut baked.color, learned.color));
        baked.weight.copy_from_slice(&photo.weight);
        (scatter, networks_apart) = (learned.scatter, learned.networks_apart);
        let palette = palette_of(baked, maps);
        let highlights = without_highlights(baked, &palette);
        delit = Delit { light: learned.light, palette, highlights, ..delit };
    }
    let evidence = doubt::weigh(&photo, paint_by_fit.as_ref().unwrap_or(&baked.color), baked, &delit.palette, maps, tyres);
    // the inks made that paint even
    let evidence = LightEvidence { scatter: scatter.unwrap_or(evidence.scatter), networks_apart, ..evidence };
    Ok(Delit { evidence, ..delit })
}

/// As [`delight`], by the fit alone. `eye` is the camera's place.
fn by_fit(baked: &mut Baked, maps: &AtlasMaps, eye: Vec3, tyres: Option<DarkReference>) -> Delit {
    timed!("fit");
    let clipped: Vec<bool> = baked.color.par_iter().map(|c| c.iter().all(|&v| v > CLIPPED)).collect();
    let seen = baked.weight.iter().filter(|&&w| w > 0.0).count();
    let burnt = clipped.iter().zip(&baked.weight).filter(|&(&c, &w)| c && w > 0.0).count();
    // White paint may be blown out as a whole; a little of it is glare, and must not steer the fit.
    let ignore_clipped = (burnt as f32) < GLARE_SHARE * seen as f32;
    let mut observations = observe(baked, maps, eye);
    if ignore_clipped {
        observations.retain(|o| o.rgb.iter().any(|&v| v <= CLIPPED));
    }
    let mut light = fit_light(&observations);
    let relight = |rgb: LinearRgb, texel: usize, light: &Light| {
        let normal = maps.normal[texel];
        light.remove(rgb, normal, (eye - maps.position[texel]).normalize(), maps.occlusion[texel])
    };
    baked.color.par_iter_mut().zip(&baked.weight).enumerate().for_each(|(texel, (c, &w))| {
        if w > 0.0 {
            *c = relight(*c, texel, &light);
        }
    });
    let mut palette = palette_without_glare(baked, maps, &clipped);
    let gain = anchor(&palette, tyres);
    light.gain = gain;
    let scaled = |c: LinearRgb| std::array::from_fn(|k| c[k] * gain[k]);
    for ink in &mut palette.inks {
        ink.color = scaled(ink.color);
    }
    baked.color.par_iter_mut().zip(&baked.weight).filter(|(_, w)| **w > 0.0).for_each(|(c, _)| *c = scaled(*c));
    let highlights = without_highlights(baked, &palette);
    Delit { light, palette, highlights, evidence: LightEvidence::default() }
}

/// Takes out what is brighter than any ink; returns its share of the seen texels.
fn without_highlights(baked: &mut Baked, palette: &Palette) -> f32 {
    let brightest = palette
        .inks
        .iter()
        .filter(|ink| ink.share > BRIGHT_INK_SHARE)
        .map(|ink| color::luminance(ink.color))
        .fold(0.0, f32::max);
    let limit = if brightest > 0.0 { brightest * HIGHLIGHT_OVER_INK } else { f32::INFINITY };
    let (seen, lost) = baked
        .color
        .par_iter()
        .zip(&mut baked.weight)
        .filter(|(_, w)| **w > 0.0)
        .map(|(c, w)| {
            let lost = color::luminance(*c) > limit;
            if lost {
                *w = 0.0;
            }
            (1usize, usize::from(lost))
        })
        .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    lost as f32 / seen.max(1) as f32
}

/// A spread of well-seen texels.
fn observe(baked: &Baked, maps: &AtlasMaps, eye: Vec3) -> Vec<Observation> {
    let size = maps.size as usize;
    let seen = baked.weight.iter().filter(|&&w| w > MIN_WEIGHT).count();
    let stride = ((seen as f32 / OBSERVATIONS as f32).sqrt().ceil() as usize).max(1);
    let mut observations = Vec::new();
    for y in (stride / 2..size).step_by(stride) {
        for x in (stride / 2..size).step_by(stride) {
            let texel = y * size + x;
            if baked.weight[texel] <= MIN_WEIGHT {
                continue;
            }
            let view = (eye - maps.position[texel]).normalize();
            let normal = maps.normal[texel];
            observations.push(Observation {
                rgb: baked.color[texel],
                normal,
                mirrored: (2.0 * normal.dot(view) * normal - view).normalize_or(normal),
                fresnel: schlick(normal.dot(view)),
                occlusion: maps.occlusion[texel],
                weight: baked.weight[texel].sqrt() * maps.texel_m[texel].powi(2) * 1e4,
                part: maps.part[texel],
                cell: [(x / stride) as u16, (y / stride) as u16],
            });
        }
    }
    observations
}

/// The inks of the seen texels as their colours stand.
pub fn palette_of(baked: &Baked, maps: &AtlasMaps) -> Palette {
    let size = maps.size as usize;
    let seen = baked.weight.iter().filter(|&&w| w > 0.0).count();
    let stride = ((seen as f32 / 30_000.0).sqrt().ceil() as usize).max(1);
    let mut samples = Vec::new();
    for y in (stride / 2..size).step_by(stride) {
        for x in (stride / 2..size).step_by(stride) {
            let texel = y * size + x;
            if baked.weight[texel] > 0.0 {
                let area = maps.texel_m[texel].powi(2) * 1e4;
                samples.push(Sample::new(baked.color[texel], area, INK_LIGHTNESS));
            }
        }
    }
    cluster(&samples, INK_LIGHTNESS, INKS_APART).palette
}

/// The inks, without those that are nothing but clipped glare while a darker white or grey is there to compare with.
fn palette_without_glare(baked: &Baked, maps: &AtlasMaps, clipped: &[bool]) -> Palette {
    let mut palette = palette_of(baked, maps);
    let labs = palette.labs();
    let mut counts = vec![(0usize, 0usize); palette.inks.len()];
    for texel in (0..clipped.len()).step_by(7).filter(|&t| baked.weight[t] > 0.0) {
        let count = &mut counts[labs.nearest(baked.color[texel])];
        count.0 += 1;
        count.1 += usize::from(clipped[texel]);
    }
    let is_clipped = |k: usize| counts[k].1 * 10 > counts[k].0 * 6;
    let neutral_below = palette
        .inks
        .iter()
        .enumerate()
        .filter(|&(k, ink)| !is_clipped(k) && ink.share > 0.01 && chroma(ink.color) < NEUTRAL_CHROMA)
        .map(|(_, ink)| color::luminance(ink.color))
        .fold(0.0, f32::max);
    let mut k = 0;
    palette.inks.retain(|ink| {
        let glare = is_clipped(k)
            && ink.share < GLARE_SHARE
            && neutral_below > 0.0
            && color::luminance(ink.color) > HIGHLIGHT_OVER_INK * neutral_below;
        k += 1;
        !glare
    });
    palette
}

/// Lab chroma of a colour made as light as white paint.
fn chroma(rgb: LinearRgb) -> f32 {
    let lab = color::lab(rgb.map(|c| c * WHITE_ALBEDO / color::luminance(rgb).max(1e-3)));
    lab.a.hypot(lab.b)
}

/// Gains that put the relative albedos on an absolute scale.
fn anchor(palette: &Palette, tyres: Option<DarkReference>) -> LinearRgb {
    let large = || palette.inks.iter().filter(|ink| ink.share > 0.01);
    let brightest = large().max_by(|a, b| color::luminance(a.color).total_cmp(&color::luminance(b.color)));
    let Some(brightest) = brightest else { return [1.0; 3] };
    let top = color::luminance(brightest.color).max(1e-3);
    let neutral = chroma(brightest.color) < NEUTRAL_CHROMA;
    let from_white = WHITE_ALBEDO / top;
    let from_tyres = tyres.filter(|t| t.luminance > 1e-3).map(|t| TYRE_ALBEDO / t.luminance);
    let highest_channel = large().flat_map(|ink| ink.color).fold(1e-3, f32::max);
    let ceiling = 0.92 / highest_channel;
    let gain = match (neutral, from_tyres) {
        (true, Some(t)) if t < 0.45 * from_white => t,
        (true, _) => from_white,
        (false, Some(t)) => t,
        (false, None) => 1.0,
    }
    .min(ceiling)
    .clamp(0.2, 5.0);
    if !neutral || gain < 0.5 * from_white {
        return [gain; 3];
    }
    std::array::from_fn(|k| gain * (top / brightest.color[k].max(1e-3)).powf(NEUTRALISE))
}

#[cfg(test)]
mod tests;
