//! Several photos become one: gains from where they overlap, then a blend in two bands.
//!
//! Broad differences (what is left of the light) are mixed softly over wide borders; fine detail comes from the best
//! photo alone, so lettering that two cameras place half a texel apart is not doubled.

use gridvox_car::AtlasMaps;
use rayon::prelude::*;

use super::Baked;
use crate::color::{LinearRgb, luminance};

/// The blend of all photos.
#[derive(Debug, Clone)]
pub struct Blended {
    /// Colour in linear light; black where the weight is 0.
    pub color: Vec<LinearRgb>,
    /// The best photo's weight, 0 (not seen) to 1.
    pub weight: Vec<f32>,
    /// What each photo was multiplied with to match the others.
    pub gains: Vec<LinearRgb>,
}

/// Texels on the border between the bands, at a livery of 2048.
const BAND_TEXELS_AT_2048: f32 = 20.0;
/// How decidedly fine detail comes from the best photo.
const SHARP_POWER: i32 = 10;
/// Overlaps smaller than this many texels say nothing about gains.
const MIN_OVERLAP: usize = 200;
/// Weights under this are too poor to compare colours.
const COMPARE_WEIGHT: f32 = 0.05;

/// Blends photos that were baked on the same maps.
pub fn blend(mut photos: Vec<Baked>, maps: &AtlasMaps) -> Blended {
    if photos.len() == 1 {
        let Baked { color, weight } = photos.remove(0);
        return Blended { color, weight, gains: vec![[1.0; 3]] };
    }
    let gains = gains(&photos);
    for (photo, gain) in photos.iter_mut().zip(&gains) {
        photo.color.par_iter_mut().for_each(|c| *c = std::array::from_fn(|k| c[k] * gain[k]));
    }
    let texels = maps.part.len();
    let size = maps.size as usize;
    let radius = ((BAND_TEXELS_AT_2048 * size as f32 / 2048.0) as usize).max(2);
    let mut color = vec![[0.0f32; 3]; texels];
    let mut weight = vec![0.0f32; texels];
    let mut soft_sum = vec![0.0f32; texels];
    let mut sharp_sum = vec![0.0f32; texels];
    let mut sharp = vec![[0.0f32; 3]; texels];
    for photo in &photos {
        let low = chart_blur(&photo.color, &photo.weight, &maps.part, size, radius);
        let soft_weight = smooth_weight(&photo.weight, &maps.part, size, radius);
        color
            .par_iter_mut()
            .zip(&mut weight)
            .zip(&mut soft_sum)
            .zip(&mut sharp_sum)
            .zip(&mut sharp)
            .enumerate()
            .for_each(|(i, ((((color, weight), soft_sum), sharp_sum), sharp))| {
                let w = photo.weight[i];
                if w <= 0.0 {
                    return;
                }
                let soft = soft_weight[i].max(1e-6);
                let keen = (w + 1e-3).powi(SHARP_POWER) + 1e-30;
                for k in 0..3 {
                    color[k] += soft * low[i][k];
                    sharp[k] += keen * (photo.color[i][k] - low[i][k]);
                }
                *soft_sum += soft;
                *sharp_sum += keen;
                *weight = weight.max(w);
            });
    }
    color.par_iter_mut().enumerate().for_each(|(i, c)| {
        if soft_sum[i] > 0.0 {
            *c = std::array::from_fn(|k| (c[k] / soft_sum[i] + sharp[i][k] / sharp_sum[i]).max(0.0));
        }
    });
    Blended { color, weight, gains }
}

/// Gains per photo and channel whose logarithms explain the overlaps and are zero on average.
fn gains(photos: &[Baked]) -> Vec<LinearRgb> {
    let count = photos.len();
    let mut matrix = nalgebra::DMatrix::<f64>::identity(count, count) * 1e-3;
    let mut right = vec![nalgebra::DVector::<f64>::zeros(count); 3];
    for a in 0..count {
        for b in a + 1..count {
            let Some((ratio, texels)) = log_ratio(&photos[a], &photos[b]) else { continue };
            let trust = (texels as f64).sqrt();
            matrix[(a, a)] += trust;
            matrix[(b, b)] += trust;
            matrix[(a, b)] -= trust;
            matrix[(b, a)] -= trust;
            for k in 0..3 {
                right[k][a] -= trust * f64::from(ratio[k]);
                right[k][b] += trust * f64::from(ratio[k]);
            }
        }
    }
    let Some(decomposed) = matrix.cholesky() else { return vec![[1.0; 3]; count] };
    let solved: Vec<_> = right.iter().map(|r| decomposed.solve(r)).collect();
    (0..count).map(|i| std::array::from_fn(|k| (solved[k][i] as f32).clamp(-1.5, 1.5).exp())).collect()
}

/// Median of `ln(a / b)` per channel over texels that both see well, and their number.
fn log_ratio(a: &Baked, b: &Baked) -> Option<([f32; 3], usize)> {
    let both: Vec<usize> = (0..a.weight.len())
        .filter(|&i| a.weight[i] > COMPARE_WEIGHT && b.weight[i] > COMPARE_WEIGHT)
        .filter(|&i| luminance(a.color[i]).min(luminance(b.color[i])) > 0.01)
        .collect();
    if both.len() < MIN_OVERLAP {
        return None;
    }
    let ratio = std::array::from_fn(|k| {
        let mut logs: Vec<f32> =
            both.iter().map(|&i| ((a.color[i][k] + 0.005) / (b.color[i][k] + 0.005)).ln()).collect();
        let middle = logs.len() / 2;
        *logs.select_nth_unstable_by(middle, f32::total_cmp).1
    });
    Some((ratio, both.len()))
}

/// Weighted mean colour in a square around each texel, not leaving its part; the texel's own colour where nothing else
/// is seen.
pub fn chart_blur(color: &[LinearRgb], weight: &[f32], part: &[u16], size: usize, radius: usize) -> Vec<LinearRgb> {
    let mut sums: Vec<[f32; 4]> = color
        .par_iter()
        .zip(weight)
        .map(|(c, &w)| if w > 0.0 { [c[0], c[1], c[2], 1.0] } else { [0.0; 4] })
        .collect();
    // Twice a box is nearly a tent, which hides the square.
    for _ in 0..2 {
        sums = box_pass(&sums, part, size, radius);
    }
    sums.par_iter()
        .zip(color)
        .map(|(s, c)| if s[3] > 1e-6 { [s[0] / s[3], s[1] / s[3], s[2] / s[3]] } else { *c })
        .collect()
}

/// Weights that fall softly to zero where a photo's sight of a part ends.
fn smooth_weight(weight: &[f32], part: &[u16], size: usize, radius: usize) -> Vec<f32> {
    let sums: Vec<[f32; 4]> = weight.par_iter().map(|&w| [w, 0.0, 0.0, 0.0]).collect();
    let blurred = box_pass(&sums, part, size, radius);
    blurred.par_iter().zip(weight).map(|(b, &w)| (b[0] * w).max(0.0)).collect()
}

/// Means over a box, rows then columns, not across borders of parts.
fn box_pass(values: &[[f32; 4]], part: &[u16], size: usize, radius: usize) -> Vec<[f32; 4]> {
    let rows = row_pass(values, part, size, radius);
    let turned_part = transpose(part, size);
    transpose(&row_pass(&transpose(&rows, size), &turned_part, size, radius), size)
}

fn row_pass(values: &[[f32; 4]], part: &[u16], size: usize, radius: usize) -> Vec<[f32; 4]> {
    let mut out = vec![[0.0; 4]; values.len()];
    out.par_chunks_mut(size).zip(values.par_chunks(size)).zip(part.par_chunks(size)).for_each(|((out, row), part)| {
        let mut start = 0;
        while start < size {
            let mut end = start + 1;
            while end < size && part[end] == part[start] {
                end += 1;
            }
            if part[start] != 0 {
                run_mean(&row[start..end], radius, &mut out[start..end]);
            }
            start = end;
        }
    });
    out
}

fn run_mean(values: &[[f32; 4]], radius: usize, out: &mut [[f32; 4]]) {
    let n = values.len();
    let mut sum = [0.0f64; 4];
    for value in &values[..radius.min(n)] {
        for k in 0..4 {
            sum[k] += f64::from(value[k]);
        }
    }
    for i in 0..n {
        if i + radius < n {
            for k in 0..4 {
                sum[k] += f64::from(values[i + radius][k]);
            }
        }
        if i > radius {
            for k in 0..4 {
                sum[k] -= f64::from(values[i - radius - 1][k]);
            }
        }
        let width = ((i + radius).min(n - 1) - i.saturating_sub(radius) + 1) as f64;
        out[i] = std::array::from_fn(|k| (sum[k] / width) as f32);
    }
}

fn transpose<T: Copy + Send + Sync + Default>(values: &[T], size: usize) -> Vec<T> {
    let mut out = vec![T::default(); values.len()];
    // Blocks of rows keep both sides in the cache.
    out.par_chunks_mut(size * 16).enumerate().for_each(|(block, rows)| {
        for y in 0..size {
            let source = &values[y * size + block * 16..];
            for (x, row) in rows.chunks_mut(size).enumerate() {
                row[y] = source[x];
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat_maps(size: u32) -> AtlasMaps {
        let texels = (size * size) as usize;
        AtlasMaps {
            size,
            position: vec![glam::Vec3::ZERO; texels],
            normal: vec![glam::Vec3::Y; texels],
            part: vec![1; texels],
            mirror: vec![u32::MAX; texels],
            texel_m: vec![0.005; texels],
            occlusion: vec![1.0; texels],
            mean_texels_per_metre: 200.0,
        }
    }

    #[test]
    fn one_photo_passes_untouched() {
        let maps = flat_maps(16);
        let photo = Baked { color: (0..256).map(|i| [i as f32; 3]).collect(), weight: vec![0.5; 256] };
        assert_eq!(blend(vec![photo.clone()], &maps).color, photo.color);
    }

    #[test]
    fn two_exposures_of_one_paint_meet_without_a_step() {
        let size = 64usize;
        let maps = flat_maps(size as u32);
        let paint = |x: usize| if (x / 8).is_multiple_of(2) { [0.5, 0.1, 0.1] } else { [0.2, 0.3, 0.6] };
        let photo = |gain: f32, seen: std::ops::Range<usize>| Baked {
            color: (0..size * size).map(|i| if seen.contains(&(i % size)) { paint(i % size).map(|c| c * gain) } else { [0.0; 3] }).collect(),
            weight: (0..size * size).map(|i| if seen.contains(&(i % size)) { 0.6 } else { 0.0 }).collect(),
        };
        let blended = blend(vec![photo(1.0, 0..44), photo(2.0, 20..64)], &maps);
        let ratio = blended.gains[0][0] / blended.gains[1][0];
        assert!((ratio - 2.0).abs() < 0.05, "{:?}", blended.gains);
        let scale = blended.color[0][0] / 0.5;
        for x in 0..size {
            let got = blended.color[30 * size + x];
            let expected = paint(x).map(|c| c * scale);
            let off = (0..3).map(|k| (got[k] - expected[k]).abs()).fold(0.0, f32::max);
            assert!(off < 0.02, "column {x}: {got:?} is not {expected:?}");
        }
    }
}
