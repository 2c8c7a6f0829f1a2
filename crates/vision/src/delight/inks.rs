//! The livery's inks: the few colours that most of its surface is painted with.

use palette::Lab;
use palette::color_difference::Ciede2000;

use crate::color::{self, LinearRgb};

/// One paint of the livery.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ink {
    /// Albedo in linear light.
    pub color: LinearRgb,
    /// Share of the looked-at surface, 0..1.
    pub share: f32,
}

/// The inks of a livery, by how much of it lies close to each, the most first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Palette {
    /// At least one, at most [`MAX_INKS`], for any non-empty surface.
    pub inks: Vec<Ink>,
}

/// More would be gradients and noise, not paints.
pub const MAX_INKS: usize = 12;
/// Inks smaller than this share are lettering edges and dirt.
const MIN_SHARE: f32 = 0.003;
/// Edge of the Lab cells that peaks are looked for in.
const CELL: f32 = 6.0;

/// A colour with its Lab value, so that it is computed once.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Linear light.
    pub rgb: LinearRgb,
    /// Lightness scaled for the distance in use.
    pub lab: [f32; 3],
    /// Surface that it stands for, any unit.
    pub weight: f32,
}

impl Sample {
    /// `lightness_weight` below 1 lets shading differences within one ink pass.
    pub fn new(rgb: LinearRgb, weight: f32, lightness_weight: f32) -> Self {
        Self { rgb, lab: scaled_lab(rgb, lightness_weight), weight }
    }
}

/// Lab with lightness counting so much.
pub(super) fn scaled_lab(rgb: LinearRgb, lightness_weight: f32) -> [f32; 3] {
    let lab = color::lab(rgb);
    [lab.l * lightness_weight, lab.a, lab.b]
}

/// Squared distance of two of these.
pub(super) fn distance2(a: [f32; 3], b: [f32; 3]) -> f32 {
    (0..3).map(|k| (a[k] - b[k]) * (a[k] - b[k])).sum()
}

/// The palette and, for each sample, its ink and the distance to it in scaled Lab units.
pub struct Clusters {
    /// The inks.
    pub palette: Palette,
    /// Index in the palette, one per sample.
    pub ink: Vec<u16>,
    /// Distance to the ink, one per sample.
    pub distance: Vec<f32>,
}

/// Finds inks as peaks of the colour histogram that are at least `apart` from each other, then moves each to the
/// trimmed mean of its samples.
pub fn cluster(samples: &[Sample], lightness_weight: f32, apart: f32) -> Clusters {
    let mut centers = peaks(samples, apart);
    if centers.is_empty() {
        centers.push([60.0 * lightness_weight, 0.0, 0.0]);
    }
    let mut ink = vec![0u16; samples.len()];
    let mut distance = vec![0.0f32; samples.len()];
    for round in 0..5 {
        for (i, sample) in samples.iter().enumerate() {
            let (best, d2) = nearest(&centers, sample.lab);
            ink[i] = best as u16;
            distance[i] = d2.sqrt();
        }
        if round == 4 {
            break;
        }
        let mut sums = vec![([0.0f64; 3], 0.0f64); centers.len()];
        for (i, sample) in samples.iter().enumerate() {
            // Samples between two inks are blurred edges; they must not pull.
            let pull = sample.weight / (1.0 + (distance[i] / (0.35 * apart)).powi(4));
            let (sum, weight) = &mut sums[usize::from(ink[i])];
            for k in 0..3 {
                sum[k] += f64::from(pull * sample.lab[k]);
            }
            *weight += f64::from(pull);
        }
        for (center, (sum, weight)) in centers.iter_mut().zip(sums) {
            if weight > 0.0 {
                *center = sum.map(|s| (s / weight) as f32);
            }
        }
    }
    let palette = palette_of(samples, &ink, &distance, centers.len(), apart);
    Clusters { palette, ink, distance }
}

fn nearest(centers: &[[f32; 3]], lab: [f32; 3]) -> (usize, f32) {
    centers
        .iter()
        .enumerate()
        .map(|(k, &c)| (k, distance2(c, lab)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .expect("at least one centre")
}

/// Histogram peaks, the heaviest first, none nearer than `apart` to a heavier one.
fn peaks(samples: &[Sample], apart: f32) -> Vec<[f32; 3]> {
    let mut cells = std::collections::BTreeMap::<[i32; 3], ([f64; 3], f64)>::new();
    let mut total = 0.0f64;
    for sample in samples {
        let key = sample.lab.map(|v| (v / CELL).floor() as i32);
        let (sum, weight) = cells.entry(key).or_default();
        for k in 0..3 {
            sum[k] += f64::from(sample.weight * sample.lab[k]);
        }
        *weight += f64::from(sample.weight);
        total += f64::from(sample.weight);
    }
    // A peak may fall on a cell's border: each cell counts its neighbours, too.
    let mut heavy: Vec<([f32; 3], f64)> = cells
        .iter()
        .map(|(key, (sum, weight))| {
            let mut around = 0.0;
            for dx in -1..=1 {
                for dy in -1..=1 {
                    for dz in -1..=1 {
                        let share = if (dx, dy, dz) == (0, 0, 0) { 1.0 } else { 0.5 };
                        let near = cells.get(&[key[0] + dx, key[1] + dy, key[2] + dz]);
                        around += share * near.map_or(0.0, |n| n.1);
                    }
                }
            }
            (sum.map(|s| (s / weight) as f32), around)
        })
        .collect();
    heavy.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut chosen: Vec<[f32; 3]> = Vec::new();
    for (lab, weight) in heavy {
        if chosen.len() == MAX_INKS || weight < f64::from(MIN_SHARE) * total {
            break;
        }
        if chosen.iter().all(|&c| distance2(c, lab) > apart * apart) {
            chosen.push(lab);
        }
    }
    chosen
}

/// Mean colours in linear light, of the samples near their centre.
fn palette_of(samples: &[Sample], ink: &[u16], distance: &[f32], count: usize, apart: f32) -> Palette {
    let mut sums = vec![([0.0f64; 3], 0.0f64, 0.0f64); count];
    let mut total = 0.0f64;
    for (i, sample) in samples.iter().enumerate() {
        let (sum, core, all) = &mut sums[usize::from(ink[i])];
        let pull = f64::from(sample.weight / (1.0 + (distance[i] / (0.35 * apart)).powi(4)));
        for k in 0..3 {
            sum[k] += pull * f64::from(sample.rgb[k]);
        }
        *core += pull;
        *all += f64::from(sample.weight);
        total += f64::from(sample.weight);
    }
    let inks = sums
        .into_iter()
        .map(|(sum, core, all)| Ink {
            color: sum.map(|s| (s / core.max(1e-12)) as f32),
            share: (all / total.max(1e-12)) as f32,
        })
        .collect();
    Palette { inks }
}

impl Palette {
    /// The inks that cover at least this share, and the largest in any case; for each ink of the whole its index among these.
    pub fn main(&self, least: f32) -> (Self, Vec<Option<usize>>) {
        let most = self.inks.iter().map(|ink| ink.share).fold(0.0, f32::max);
        let mut inks = Vec::new();
        let index = self.inks.iter().map(|ink| {
            (ink.share >= least.min(most)).then(|| {
                inks.push(*ink);
                inks.len() - 1
            })
        });
        let index = index.collect();
        (Self { inks }, index)
    }

    /// The ink nearest to a colour, by CIEDE2000, and the difference.
    pub fn nearest(&self, rgb: LinearRgb) -> (usize, f32) {
        let lab: Lab = color::lab(rgb);
        self.inks
            .iter()
            .enumerate()
            .map(|(k, ink)| (k, color::lab(ink.color).difference(lab)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((0, f32::INFINITY))
    }
}

/// A palette's Lab values, for many comparisons.
pub struct PaletteLabs(Vec<[f32; 3]>);

impl Palette {
    /// Prepares many comparisons.
    pub fn labs(&self) -> PaletteLabs {
        PaletteLabs(self.inks.iter().map(|ink| scaled_lab(ink.color, LABEL_LIGHTNESS)).collect())
    }
}

/// What is left of the light changes lightness more than hue.
const LABEL_LIGHTNESS: f32 = 0.7;

impl PaletteLabs {
    /// Index of the nearest ink by plain Lab distance; 0 for an empty palette.
    pub fn nearest(&self, rgb: LinearRgb) -> usize {
        self.nearest_with_distance(rgb).0
    }

    /// As [`Self::nearest`], with the distance in Lab units.
    pub fn nearest_with_distance(&self, rgb: LinearRgb) -> (usize, f32) {
        if self.0.is_empty() {
            return (0, f32::INFINITY);
        }
        let (k, d2) = nearest(&self.0, scaled_lab(rgb, LABEL_LIGHTNESS));
        (k, d2.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_inks_are_left_out_and_the_largest_never() {
        let ink = |share: f32| Ink { color: [share; 3], share };
        let palette = Palette { inks: [0.5, 0.01, 0.3, 0.19].map(ink).to_vec() };
        let (main, index) = palette.main(0.04);
        assert_eq!(main.inks, [0.5, 0.3, 0.19].map(ink));
        assert_eq!(index, [Some(0), None, Some(1), Some(2)]);
        let (one, index) = palette.main(0.9);
        assert_eq!((one.inks, index), (vec![ink(0.5)], vec![Some(0), None, None, None]));
    }

    #[test]
    fn three_paints_with_noise_are_three_inks() {
        let paints = [[0.8, 0.8, 0.8], [0.6, 0.05, 0.04], [0.02, 0.03, 0.2]];
        let mut samples = Vec::new();
        for i in 0..3000usize {
            let paint = paints[[0, 0, 0, 1, 1, 2][i % 6]];
            let noise = 1.0 + 0.06 * ((i * 7919 % 101) as f32 / 50.0 - 1.0);
            samples.push(Sample::new(paint.map(|c| c * noise), 1.0, 1.0));
        }
        let found = cluster(&samples, 1.0, 14.0);
        assert_eq!(found.palette.inks.len(), 3, "{:?}", found.palette);
        for (paint, share) in paints.iter().zip([0.5, 0.333, 0.167]) {
            let (k, difference) = found.palette.nearest(*paint);
            assert!(difference < 1.5, "{paint:?} became {:?}", found.palette.inks[k]);
            assert!((found.palette.inks[k].share - share).abs() < 0.01);
        }
    }
}
