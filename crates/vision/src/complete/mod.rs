//! Turns what the photos show into a whole livery: close gaps, mirror, invent, and spread beyond the islands' edges.
//!
//! What stands where is kept in a confidence map, so a painter knows what to check.

mod agree;
pub(crate) mod cells;
mod dilate;
mod fill;
mod learned;
pub(crate) mod lettering;
mod nearest;
mod sheet;
mod symmetry;
mod votes;

pub use fill::vote;
pub use learned::Guide;
pub use symmetry::Symmetry;

use gridvox_car::AtlasMaps;
use rayon::prelude::*;

use crate::color::{LinearRgb, delta_e};
use crate::delight::Palette;
use crate::net::{LetteringNetwork, ModelError, ReadingNetwork};
use crate::report::Coverage;
use crate::timed::timed;
use lettering::Lettering;

/// Gaps in what is seen up to this wide, in texels of a livery of 2048, are closed from their rim.
const GAP_TEXELS_AT_2048: usize = 6;
/// Confidence of seen texels: from this, for the poorest source, to 255.
pub const SEEN_FROM: u8 = 200;
/// Confidence of mirrored texels: from this to [`MIRRORED_TO`].
pub const MIRRORED_FROM: u8 = 120;
/// See [`MIRRORED_FROM`].
pub const MIRRORED_TO: u8 = 170;
/// Below this weight (about 65 degrees off) a place is seen poorly.
const POOR_WEIGHT: f32 = 0.12;
/// Both sides wear the same paint when they differ by less than this CIEDE2000.
const SAME_PAINT_DELTA_E: f32 = 18.0;
/// Confidence of invented texels.
pub const INVENTED: u8 = 40;

/// A whole livery.
pub struct Completed {
    /// Albedo in linear light, for every texel of the square.
    pub color: Vec<LinearRgb>,
    /// See [`Generated::confidence`](crate::Generated::confidence).
    pub confidence: Vec<u8>,
    /// Shares by area.
    pub coverage: Coverage,
    /// How alike both sides are.
    pub symmetry: Symmetry,
    /// Words and numbers that were kept readable on the mirrored side.
    pub words: usize,
    /// Natural log odds that the writing on faces that are read standing up is mirror writing; `None` where none was found, or
    /// nobody read it.
    pub mirrored_log_odds: Option<f32>,
}

/// The networks that know words: one finds them, one tells which way they read.
#[derive(Clone, Copy, Default)]
pub struct Readers<'a> {
    /// Without it words are looked for by their inks, and by what stands out where there is a reader.
    pub finder: Option<&'a LetteringNetwork>,
    /// Without it nobody knows which way words read.
    pub reader: Option<&'a ReadingNetwork>,
}

/// Completes a livery. `weight` is 0 where no photo shows the texel. What neither a photo nor the mirror shows is invented with
/// the `guide`, or by a vote of the nearest known places where there is none. The `reader` says what is writing; without it only
/// words and numbers count that have an ink of their own.
///
/// # Errors
/// Where a network cannot run.
pub fn complete(
    mut color: Vec<LinearRgb>,
    weight: &[f32],
    maps: &AtlasMaps,
    palette: &Palette,
    guide: Option<&Guide<'_>>,
    readers: Readers<'_>,
) -> Result<Completed, ModelError> {
    let size = maps.size as usize;
    let scale = size as f32 / 2048.0;
    let mut confidence: Vec<u8> = weight
        .par_iter()
        .map(|&w| if w > 0.0 { SEEN_FROM + (w.min(1.0) * f32::from(255 - SEEN_FROM)) as u8 } else { 0 })
        .collect();
    let mut known: Vec<bool> = confidence.par_iter().map(|&c| c > 0).collect();
    close_gaps(&mut color, &mut confidence, &mut known, maps, ((GAP_TEXELS_AT_2048 as f32 * scale) as usize).max(2));
    let symmetry = symmetry::measure(&color, &known, maps);
    let lettering = Lettering::find(&color, &known, maps, palette, readers)?;

    soften(&mut color, weight, maps);

    let mirrored: Vec<(usize, usize)> = (0..color.len())
        .into_par_iter()
        .filter(|&i| maps.part[i] != 0 && !known[i])
        .filter_map(|i| {
            let source = maps.mirror[i] as usize;
            (source < known.len() && known[source]).then_some((i, source))
        })
        .collect();
    let level = MIRRORED_FROM + (symmetry.trust() * f32::from(MIRRORED_TO - MIRRORED_FROM)) as u8;
    for &(to, from) in &mirrored {
        color[to] = color[from];
        confidence[to] = level;
    }
    lettering.set_readable(&mut color, &mirrored, maps);
    for &(to, _) in &mirrored {
        known[to] = true;
    }
    close_gaps(&mut color, &mut confidence, &mut known, maps, ((GAP_TEXELS_AT_2048 as f32 * scale) as usize).max(2));

    let seen: Vec<bool> = confidence.par_iter().map(|&c| c >= SEEN_FROM).collect();
    fill::fill(&mut color, fill::Knowledge { known: &known, seen: &seen }, maps, palette, guide)?;
    confidence.par_iter_mut().enumerate().filter(|(i, _)| maps.part[*i] != 0 && !known[*i]).for_each(|(_, c)| *c = INVENTED);
    let coverage = coverage(&confidence, maps);
    beyond_islands(&mut color, maps);
    let (words, mirrored_log_odds) = (lettering.words(), lettering.mirrored_log_odds());
    Ok(Completed { color, confidence, coverage, symmetry, words, mirrored_log_odds })
}

/// Leads poorly seen paint over to its better seen mirror image, so that no step shows where sight ends.
fn soften(color: &mut [LinearRgb], weight: &[f32], maps: &AtlasMaps) {
    let blends: Vec<(usize, LinearRgb)> = (0..color.len())
        .into_par_iter()
        .filter(|&i| weight[i] > 0.0 && weight[i] < POOR_WEIGHT)
        .filter_map(|i| {
            let m = maps.mirror[i] as usize;
            let better = m < weight.len() && weight[m] > 2.0 * weight[i];
            if !better || delta_e(color[i], color[m]) > SAME_PAINT_DELTA_E {
                return None;
            }
            let t = 1.0 - weight[i] / POOR_WEIGHT;
            Some((i, std::array::from_fn(|k| color[i][k] + (color[m][k] - color[i][k]) * t)))
        })
        .collect();
    for (i, c) in blends {
        color[i] = c;
    }
}

/// Continues the rim of narrow gaps, on the same part and the same smooth surface.
fn close_gaps(color: &mut [LinearRgb], confidence: &mut [u8], known: &mut [bool], maps: &AtlasMaps, rings: usize) {
    timed!("gaps");
    let smooth = |from: usize, to: usize| {
        maps.part[from] == maps.part[to]
            && maps.position[from].distance(maps.position[to]) < 3.0 * maps.texel_m[from].max(maps.texel_m[to])
            && maps.normal[from].dot(maps.normal[to]) > 0.8
    };
    for (to, from) in dilate::spread(known, maps.size as usize, rings, smooth) {
        let (to, from) = (to as usize, from as usize);
        (color[to], confidence[to]) = (color[from], confidence[from]);
    }
}

/// Colours around islands, and the mean colour where nothing is near.
fn beyond_islands(color: &mut [LinearRgb], maps: &AtlasMaps) {
    timed!("margins");
    let mut known: Vec<bool> = maps.part.iter().map(|&p| p != 0).collect();
    let painted = known.iter().filter(|&&k| k).count().max(1) as f64;
    let mut mean = [0.0f64; 3];
    for (c, _) in color.iter().zip(&known).filter(|(_, k)| **k) {
        for k in 0..3 {
            mean[k] += f64::from(c[k]) / painted;
        }
    }
    let rings = (dilate::MARGIN_TEXELS_AT_2048 * maps.size as usize / 2048).max(8);
    for (to, from) in dilate::spread(&mut known, maps.size as usize, rings, |_, _| true) {
        color[to as usize] = color[from as usize];
    }
    let mean = mean.map(|m| m as f32);
    color.par_iter_mut().zip(&known).filter(|(_, known)| !**known).for_each(|(c, _)| *c = mean);
}

fn coverage(confidence: &[u8], maps: &AtlasMaps) -> Coverage {
    let mut areas = [0.0f64; 3];
    for (i, &c) in confidence.iter().enumerate().filter(|&(i, _)| maps.part[i] != 0) {
        let class = if c >= SEEN_FROM { 0 } else { usize::from(c < MIRRORED_FROM) + 1 };
        areas[class] += f64::from(maps.texel_m[i]).powi(2);
    }
    let total: f64 = areas.iter().sum::<f64>().max(1e-12);
    let [seen, mirrored, invented] = areas.map(|a| (a / total) as f32);
    Coverage { seen, mirrored, invented }
}

#[cfg(test)]
mod tests;
