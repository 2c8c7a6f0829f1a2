//! How alike two liveries look on the car in its own colours, without light, from eight sides: structural similarity (Wang,
//! Bovik, Sheikh and Simoncelli 2004) and [FLIP](super::flip).

use gridvox_car::raster::{Outputs, RasterScene};
use gridvox_car::{CarModel, RasterOptions};
use glam::Vec2;
use image::{RgbaImage, imageops};
use rayon::prelude::*;

use super::filter::separable;
use super::flip::{PIXELS_PER_DEGREE, difference_map};
use crate::synth::view;

/// Size of each view in pixels.
const VIEW: (u32, u32) = (480, 240);
/// Samples per pixel along each axis.
const SUPERSAMPLE: u32 = 2;
/// Liveries are looked at in this size: about a texel per sample.
const TEXTURE_PX: u32 = 1024;
const ELEVATION_DEG: f32 = 12.0;
const FOCAL_35MM: f32 = 70.0;
/// sRGB of what carries no livery, and behind the car.
const PLAIN: f32 = 60.0;
const BEHIND: f32 = 190.0;

/// How alike two liveries look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    /// Mean structural similarity of the three channels of sRGB: 1 for the same picture.
    pub ssim: f32,
    /// Mean FLIP on a screen of 67 pixels per degree: 0 for the same picture, 1 at most.
    pub flip: f32,
}

/// A car seen from eight sides, ready to wear liveries.
#[derive(Debug, Clone)]
pub struct Looks {
    views: Vec<Vec<Sample>>,
}

#[derive(Debug, Clone, Copy)]
enum Sample {
    Behind,
    Plain,
    Paint(Vec2),
}

impl Looks {
    /// Draws the car from azimuths 0, 45, .. 315.
    pub fn new(model: &CarModel) -> Self {
        let scene = RasterScene::new(model);
        let options = RasterOptions { outputs: Outputs::Surface, supersample: SUPERSAMPLE, ..RasterOptions::default() };
        let views = (0..8).into_par_iter().map(|side| {
            let azimuth = 45.0 * side as f32;
            let camera = view::orbit(model.bounds(), azimuth, ELEVATION_DEG, FOCAL_35MM, 0.96, VIEW.0, VIEW.1);
            let drawn = scene.render(&camera, options);
            let sample = |(&part, &uv): (&u16, &Vec2)| match part {
                0 => Sample::Behind,
                part if model.is_paint(usize::from(part) - 1) => Sample::Paint(uv),
                _ => Sample::Plain,
            };
            drawn.part.iter().zip(&drawn.uv).map(sample).collect()
        });
        Self { views: views.collect() }
    }

    /// Compares two liveries over the pixels that show paint.
    pub fn compare(&self, a: &RgbaImage, b: &RgbaImage) -> Likeness {
        let small = |livery: &RgbaImage| match livery.width() {
            TEXTURE_PX => livery.clone(),
            _ => imageops::resize(livery, TEXTURE_PX, TEXTURE_PX, imageops::FilterType::Triangle),
        };
        let (a, b) = rayon::join(|| small(a), || small(b));
        let sums: Vec<[f64; 3]> = self
            .views
            .par_iter()
            .map(|view| {
                let width = VIEW.0 as usize;
                let ((a, paint), (b, _)) = (picture(view, &a), picture(view, &b));
                let over_paint = |map: &[f32]| map.iter().zip(&paint).filter(|(_, paint)| **paint).map(|(v, _)| f64::from(*v)).sum::<f64>();
                let ssim: f64 = (0..3).map(|channel| over_paint(&similarity_map(&a[channel], &b[channel], width))).sum();
                let unit = |picture: [Vec<f32>; 3]| picture.map(|channel| channel.into_iter().map(|v| v / 255.0).collect::<Vec<f32>>());
                let flip = over_paint(&difference_map(&unit(a), &unit(b), width, PIXELS_PER_DEGREE));
                [ssim / 3.0, flip, paint.iter().filter(|paint| **paint).count() as f64]
            })
            .collect();
        let [ssim, flip, count] = sums.into_iter().fold([0.0; 3], |all, one| [0, 1, 2].map(|i| all[i] + one[i]));
        Likeness { ssim: (ssim / count.max(1.0)) as f32, flip: (flip / count.max(1.0)) as f32 }
    }
}

/// The channels of a view in 0..255, and which pixels show paint.
fn picture(view: &[Sample], livery: &RgbaImage) -> ([Vec<f32>; 3], Vec<bool>) {
    let (width, factor) = (VIEW.0 as usize, SUPERSAMPLE as usize);
    let mut channels = [(); 3].map(|()| vec![0.0f32; width * VIEW.1 as usize]);
    let mut paint = vec![false; width * VIEW.1 as usize];
    let share = 1.0 / (factor * factor) as f32;
    for (i, sample) in view.iter().enumerate() {
        let pixel = i / (width * factor) / factor * width + i % (width * factor) / factor;
        let rgb = match sample {
            Sample::Behind => [BEHIND; 3],
            Sample::Plain => [PLAIN; 3],
            Sample::Paint(uv) => {
                paint[pixel] = true;
                let at = (*uv * TEXTURE_PX as f32).floor().clamp(Vec2::ZERO, Vec2::splat(TEXTURE_PX as f32 - 1.0));
                let [r, g, b, _] = livery.get_pixel(at.x as u32, at.y as u32).0;
                [r, g, b].map(f32::from)
            }
        };
        channels.iter_mut().zip(rgb).for_each(|(channel, value)| channel[pixel] += value * share);
    }
    (channels, paint)
}

/// Structural similarity around each pixel of two grey pictures in 0..255: a Gaussian window of 11 pixels with a deviation of
/// 1.5, constants 0.01 and 0.03. At the border the window repeats the outermost pixels.
pub fn similarity_map(a: &[f32], b: &[f32], width: usize) -> Vec<f32> {
    const C1: f32 = (0.01 * 255.0) * (0.01 * 255.0);
    const C2: f32 = (0.03 * 255.0) * (0.03 * 255.0);
    let product = |x: &[f32], y: &[f32]| -> Vec<f32> { x.iter().zip(y).map(|(x, y)| x * y).collect() };
    let window = window();
    let blurred = |picture: &[f32]| separable(picture, width, &window, &window);
    let [a1, b1] = [a, b].map(blurred);
    let [aa, bb, ab] = [product(a, a), product(b, b), product(a, b)].map(|p| blurred(&p));
    (0..a.len())
        .map(|i| {
            let (ma, mb) = (a1[i], b1[i]);
            let (va, vb, cov) = (aa[i] - ma * ma, bb[i] - mb * mb, ab[i] - ma * mb);
            (2.0 * ma * mb + C1) * (2.0 * cov + C2) / ((ma * ma + mb * mb + C1) * (va + vb + C2))
        })
        .collect()
}

fn window() -> Vec<f32> {
    const REACH: i32 = 5;
    let weights: Vec<f32> = (-REACH..=REACH).map(|i| (-((i * i) as f32) / (2.0 * 1.5 * 1.5)).exp()).collect();
    let total: f32 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridvox_car::testing::box_car;
    use image::Rgba;

    /// Numbers of `skimage.metrics.structural_similarity` with `gaussian_weights`, scikit-image 0.26.0.
    #[test]
    fn it_agrees_with_an_independent_implementation() {
        let (width, height) = (48, 40);
        let fill = |f: &dyn Fn(usize, usize) -> usize| -> Vec<f32> {
            (0..width * height).map(|i| (f(i % width, i / width) % 256) as f32).collect()
        };
        let a = fill(&|x, y| x * 7 + y * 3);
        let b = fill(&|x, y| x * 7 + y * 5 + x / 9 * 20);
        let map = similarity_map(&a, &b, width);
        for ((x, y), expected) in [((24, 20), 0.103_607_87), ((10, 12), 0.834_927_7), ((40, 30), -0.136_138_08)] {
            let found = map[y * width + x];
            assert!((found - expected).abs() < 2e-3, "{found} is not {expected}");
        }
        let inner: Vec<f32> = (5..height - 5).flat_map(|y| map[y * width + 5..(y + 1) * width - 5].to_vec()).collect();
        let mean = inner.iter().sum::<f32>() / inner.len() as f32;
        assert!((mean - 0.286_778_57).abs() < 1e-3, "{mean}");
    }

    #[test]
    fn the_same_livery_looks_the_same_and_a_moved_one_does_not() {
        let looks = Looks::new(&box_car());
        let stripes = |shift: u32| {
            RgbaImage::from_fn(512, 512, |x, _| if (x + shift) / 8 % 2 == 0 { Rgba([220, 30, 30, 255]) } else { Rgba([240, 240, 240, 255]) })
        };
        let [same, little, far] = [0, 1, 8].map(|shift| looks.compare(&stripes(0), &stripes(shift)));
        assert!((same.ssim - 1.0).abs() < 1e-5 && same.flip < 1e-5, "{same:?}");
        assert!(little.ssim < 0.97 && far.ssim < 0.6 && far.ssim < little.ssim, "{little:?} {far:?}");
        assert!(little.flip > 0.02 && far.flip > 0.3 && far.flip > little.flip, "{little:?} {far:?}");
    }
}
