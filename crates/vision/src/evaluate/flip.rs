//! FLIP: the difference that an eye sees when two pictures take turns on a screen (Andersson, Nilsson, Akenine-Möller, Oskarsson,
//! Åström and Fairchild, "FLIP: A Difference Evaluator for Alternating Images", Proc. ACM Comput. Graph. Interact. Tech. 3(2),
//! 2020), for pictures in sRGB.
//!
//! Both pictures are blurred as the eye blurs lightness and the two colour axes from where it sits, compared by HyAB in a
//! colour space with Hunt's effect, and the difference is raised where edges or points are in one picture alone.

use super::filter::{columns, rows, separable};

/// Pixels per degree of visual angle of the paper's observer: a screen 0.7 m wide with 3840 pixels, seen from 0.7 m.
pub const PIXELS_PER_DEGREE: f32 = 67.020_64;

type Rgb = [f32; 3];

/// Linear RGB to XYZ and back, IEC 61966-2-1, and the white of both.
const TO_XYZ: [[f32; 3]; 3] = [[0.412_456_4, 0.357_576_1, 0.180_437_5], [0.212_672_9, 0.715_152_2, 0.072_175], [0.019_333_9, 0.119_192, 0.950_304_1]];
const TO_RGB: [[f32; 3]; 3] = [[3.240_454_2, -1.537_138_5, -0.498_531_4], [-0.969_266, 1.876_010_8, 0.041_556], [0.055_643_4, -0.204_025_9, 1.057_225_2]];
const WHITE: [f32; 3] = [0.950_47, 1.0, 1.088_83];

/// Contrast sensitivity in space: each term is `a * sqrt(pi / b) * exp(-pi² * degrees² / b)`; of lightness, red to green, and
/// blue to yellow.
const SENSITIVITY: [&[(f32, f32)]; 3] = [&[(1.0, 0.0047)], &[(1.0, 0.0053)], &[(34.1, 0.04), (13.5, 0.025)]];
/// Width of the detector of edges and points, degrees.
const DETECTOR_DEG: f32 = 0.082;
/// Exponent on colour differences, what of the largest one is mapped apart, and to where.
const COLOUR_EXPONENT: f32 = 0.7;
const KNEE: f32 = 0.4;
const KNEE_AT: f32 = 0.95;
/// Exponent on feature differences.
const FEATURE_EXPONENT: f32 = 0.5;

/// The difference at each pixel of two pictures whose channels hold sRGB in 0..=1, row by row: 0 for none, 1 for the largest.
pub fn difference_map(a: &[Vec<f32>; 3], b: &[Vec<f32>; 3], width: usize, pixels_per_degree: f32) -> Vec<f32> {
    let [a, b] = [a, b].map(|picture| Seen::new(picture, width, pixels_per_degree));
    let largest = hyab(adapted([0.0, 1.0, 0.0]), adapted([0.0, 0.0, 1.0])).powf(COLOUR_EXPONENT);
    let pixels = a.colour.iter().zip(&b.colour).zip(a.features.iter().zip(&b.features));
    pixels
        .map(|((&colour_a, &colour_b), (features_a, features_b))| {
            let colour = spread(hyab(colour_a, colour_b).powf(COLOUR_EXPONENT), largest);
            let [edge, point] = [0, 1].map(|i| (features_a[i] - features_b[i]).abs());
            let feature = (edge.max(point) * std::f32::consts::FRAC_1_SQRT_2).powf(FEATURE_EXPONENT).clamp(0.0, 1.0);
            colour.powf(1.0 - feature)
        })
        .collect()
}

/// Small differences get most of the range, for the largest hardly occur.
fn spread(difference: f32, largest: f32) -> f32 {
    let knee = KNEE * largest;
    if difference < knee {
        difference / knee * KNEE_AT
    } else {
        KNEE_AT + (difference - knee) / (largest - knee) * (1.0 - KNEE_AT)
    }
}

/// A picture as the eye has it.
struct Seen {
    /// Blurred, in CIELAB with Hunt's effect.
    colour: Vec<[f32; 3]>,
    /// Strength of edges and of points.
    features: Vec<[f32; 2]>,
}

impl Seen {
    fn new(picture: &[Vec<f32>; 3], width: usize, pixels_per_degree: f32) -> Self {
        let count = picture[0].len();
        let mut opponent = [(); 3].map(|()| Vec::with_capacity(count));
        for i in 0..count {
            let values = opponent_of([0, 1, 2].map(|channel| linear(picture[channel][i])));
            opponent.iter_mut().zip(values).for_each(|(channel, value)| channel.push(value));
        }
        let lightness: Vec<f32> = opponent[0].iter().map(|y| (y + 16.0) / 116.0).collect();
        let blurred = [0, 1, 2].map(|channel| as_sensed(&opponent[channel], width, SENSITIVITY[channel], pixels_per_degree));
        let colour = (0..count).map(|i| {
            let rgb = rgb_of([0, 1, 2].map(|channel| blurred[channel][i]));
            adapted(rgb.map(|value| value.clamp(0.0, 1.0)))
        });
        Self { colour: colour.collect(), features: features(&lightness, width, pixels_per_degree) }
    }
}

/// Blurs a channel by the contrast sensitivity.
fn as_sensed(channel: &[f32], width: usize, terms: &[(f32, f32)], pixels_per_degree: f32) -> Vec<f32> {
    use std::f32::consts::PI;
    let widest = SENSITIVITY.iter().flat_map(|terms| terms.iter()).fold(0.0f32, |widest, term| widest.max(term.1));
    let reach = (3.0 * (widest / (2.0 * PI * PI)).sqrt() * pixels_per_degree).ceil() as i32;
    let kernels: Vec<(f32, Vec<f32>)> = terms
        .iter()
        .map(|&(a, b)| {
            let weight = |i: i32| (-(PI * i as f32 / pixels_per_degree).powi(2) / b).exp();
            (a * (PI / b).sqrt(), (-reach..=reach).map(weight).collect())
        })
        .collect();
    // the weights in the plane are to sum to 1
    let total: f32 = kernels.iter().map(|(strength, line)| strength * line.iter().sum::<f32>().powi(2)).sum();
    let mut sum = vec![0.0f32; channel.len()];
    for (strength, line) in &kernels {
        let part = separable(channel, width, line, line);
        sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += strength / total * part);
    }
    sum
}

/// Strength of edges and of points around each pixel of a lightness in 0..=1.
fn features(lightness: &[f32], width: usize, pixels_per_degree: f32) -> Vec<[f32; 2]> {
    let deviation = 0.5 * DETECTOR_DEG * pixels_per_degree;
    let reach = (3.0 * deviation).ceil() as i32;
    let bell = |i: i32| (-(i as f32).powi(2) / (2.0 * deviation * deviation)).exp();
    let line = |of: &dyn Fn(i32) -> f32| -> Vec<f32> { (-reach..=reach).map(of).collect() };
    let smooth = line(&bell);
    let total: f32 = smooth.iter().sum();
    let smooth: Vec<f32> = smooth.iter().map(|weight| weight / total).collect();
    let slope = evened(line(&|i| -i as f32 * bell(i)));
    let bend = evened(line(&|i| ((i as f32 / deviation).powi(2) - 1.0) * bell(i)));
    let smoothed = rows(lightness, width, &smooth);
    let strength = |detector: &[f32]| -> Vec<f32> {
        let across = columns(&rows(lightness, width, detector), width, &smooth);
        let down = columns(&smoothed, width, detector);
        across.iter().zip(&down).map(|(across, down)| across.hypot(*down)).collect()
    };
    strength(&slope).into_iter().zip(strength(&bend)).map(|(edge, point)| [edge, point]).collect()
}

/// Scales positive weights to sum to 1 and negative ones to -1.
fn evened(mut weights: Vec<f32>) -> Vec<f32> {
    let sum = |sign: f32| weights.iter().map(|weight| (sign * weight).max(0.0)).sum::<f32>();
    let (above, below) = (sum(1.0), sum(-1.0));
    weights.iter_mut().for_each(|weight| *weight /= if *weight > 0.0 { above } else { below });
    weights
}

fn linear(srgb: f32) -> f32 {
    if srgb <= 0.04045 { srgb / 12.92 } else { ((srgb + 0.055) / 1.055).powf(2.4) }
}

fn by(matrix: &[[f32; 3]; 3], v: [f32; 3]) -> [f32; 3] {
    matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

/// Linear RGB as YCxCz, a CIELAB without its cube root (Flohr, Kolpatzik, Balasubramanian, Carrara, Bouman and Allebach 1993).
fn opponent_of(rgb: Rgb) -> [f32; 3] {
    let xyz = by(&TO_XYZ, rgb);
    let [x, y, z] = [0, 1, 2].map(|i| xyz[i] / WHITE[i]);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn rgb_of([luma, cx, cz]: [f32; 3]) -> Rgb {
    let y = (luma + 16.0) / 116.0;
    let relative = [y + cx / 500.0, y, y - cz / 200.0];
    by(&TO_RGB, [0, 1, 2].map(|i| relative[i] * WHITE[i]))
}

/// CIELAB of linear RGB, its colour the weaker the darker it is (Hunt 1952).
fn adapted(rgb: Rgb) -> [f32; 3] {
    const EDGE: f32 = 6.0 / 29.0;
    let xyz = by(&TO_XYZ, rgb);
    let [x, y, z] = [0, 1, 2].map(|i| {
        let relative = xyz[i] / WHITE[i];
        if relative > EDGE.powi(3) { relative.cbrt() } else { relative / (3.0 * EDGE * EDGE) + 4.0 / 29.0 }
    });
    let lightness = 116.0 * y - 16.0;
    [lightness, 0.01 * lightness * 500.0 * (x - y), 0.01 * lightness * 200.0 * (y - z)]
}

/// City-block distance in lightness, Euclidean in colour (Abasi, Amani Tehran and Fairchild 2020).
fn hyab(a: [f32; 3], b: [f32; 3]) -> f32 {
    (a[0] - b[0]).abs() + (a[1] - b[1]).hypot(a[2] - b[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (i64, i64) = (96, 64);

    fn picture(of: impl Fn(i64, i64) -> [i64; 3]) -> [Vec<f32>; 3] {
        let at = |i: i64| of(i % SIZE.0, i / SIZE.0);
        [0, 1, 2].map(|channel| (0..SIZE.0 * SIZE.1).map(|i| at(i)[channel] as f32 / 255.0).collect())
    }

    fn noise(x: i64, y: i64, seed: i64) -> i64 {
        let hash = (x * 374_761_393 + y * 668_265_263 + seed * 974_634_777) & 0xffff_ffff;
        let hash = ((hash ^ (hash >> 13)) * 1_274_126_177) & 0xffff_ffff;
        (hash ^ (hash >> 16)) & 255
    }

    fn gradient(x: i64, y: i64) -> [i64; 3] {
        [x * 255 / 95, y * 255 / 63, (x + y) * 255 / 158]
    }

    fn boxes(x: i64, y: i64) -> [i64; 3] {
        let [red, green] = if (x / 12 + y / 12) % 2 == 0 { [220, 40] } else { [30, 60] };
        [red, green, if x / 24 % 2 == 0 { 50 } else { 200 }]
    }

    /// Numbers of flip-evaluator 1.7 of PyPI, the authors' own: `flip_evaluator.evaluate(a / 255, b / 255, "LDR",
    /// applyMagma=False)` on these pictures as float32 arrays (64, 96, 3): the mean and the map at [10, 10], [32, 48] and [50, 80].
    #[test]
    fn it_agrees_with_the_authors_program() {
        let tinted = |x, y| {
            let [red, green, blue] = gradient(x, y);
            [red, (green + 12).min(255), (blue + 30).min(255)]
        };
        let moved = |x: i64, y| boxes((x - 2).rem_euclid(SIZE.0), y);
        let cases = [
            ("gradients", picture(gradient), picture(tinted), [0.326_948, 0.269_138, 0.333_217, 0.376_826]),
            ("boxes", picture(boxes), picture(moved), [0.293_452, 0.172_112, 0.571_877, 0.043_255]),
            ("noise", picture(|x, y| [1, 2, 3].map(|seed| noise(x, y, seed))), picture(|_, _| [128; 3]), [0.477_507, 0.525_916, 0.620_905, 0.493_776]),
            ("black and white", picture(|_, _| [0; 3]), picture(|_, _| [255; 3]), [0.967_388; 4]),
        ];
        for (name, a, b, expected) in cases {
            let map = difference_map(&a, &b, SIZE.0 as usize, PIXELS_PER_DEGREE);
            let mean = map.iter().sum::<f32>() / map.len() as f32;
            let found = [mean, map[10 * 96 + 10], map[32 * 96 + 48], map[50 * 96 + 80]];
            let close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 2e-4);
            assert!(close, "{name}: {found:?} is not {expected:?}");
        }
    }

    #[test]
    fn a_picture_does_not_differ_from_itself() {
        let same = difference_map(&picture(boxes), &picture(boxes), SIZE.0 as usize, PIXELS_PER_DEGREE);
        assert!(same.iter().all(|&value| value == 0.0));
    }
}
