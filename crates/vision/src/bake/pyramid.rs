//! A piece of a photo in linear light with its smaller copies, sampled with the footprint of a texel.
//!
//! Where a texel is smaller than a pixel the photo is interpolated with a cubic that keeps edges crisp; where it is
//! larger, several samples lie along the footprint's long axis in a copy whose pixels match the short one.

use glam::{Mat2, Vec2};
use image::RgbImage;
use rayon::prelude::*;

use crate::color::{self, LinearRgb};

/// Linear-light copies of a rectangle of a photo, each half the size of the one before.
pub struct PhotoPyramid {
    levels: Vec<Level>,
    /// Left top corner of the rectangle, in photo pixels.
    origin: Vec2,
    /// Pixels of level 0 per photo pixel: 1, or less where the photo has far more than the livery needs.
    scale: f32,
}

struct Level {
    width: usize,
    height: usize,
    pixels: Vec<LinearRgb>,
}

/// A rectangle of whole photo pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelRect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width, above 0.
    pub width: u32,
    /// Height, above 0.
    pub height: u32,
}

/// Most samples along a footprint; at cos 0.2 a texel's footprint is five times longer than wide.
const MAX_SAMPLES: f32 = 8.0;

impl PhotoPyramid {
    /// Takes a rectangle of the photo, which is shrunk by whole halvings until it has at most `max_pixels`.
    pub fn new(photo: &RgbImage, rect: PixelRect, max_pixels: usize) -> Self {
        let (width, height) = (rect.width as usize, rect.height as usize);
        let mut pixels = vec![[0.0; 3]; width * height];
        pixels.par_chunks_mut(width).enumerate().for_each(|(y, row)| {
            for (x, out) in row.iter_mut().enumerate() {
                *out = color::decode_rgb(photo.get_pixel(rect.x + x as u32, rect.y + y as u32).0);
            }
        });
        let mut first = Level { width, height, pixels };
        let mut scale = 1.0;
        while first.width * first.height > max_pixels && first.width.min(first.height) > 2 {
            first = first.half();
            scale *= 0.5;
        }
        let mut levels = vec![first];
        while levels.last().is_some_and(|l| l.width.min(l.height) > 8) {
            levels.push(levels.last().expect("not empty").half());
        }
        Self { levels, origin: Vec2::new(rect.x as f32, rect.y as f32), scale }
    }

    /// Pixels of the finest copy per photo pixel.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// Colour around a photo position, averaged over a texel's footprint. `photo_from_texel` has the movements in photo
    /// pixels for a step of one texel along each of two directions on the surface.
    pub fn sample(&self, photo_px: Vec2, photo_from_texel: Mat2) -> LinearRgb {
        let at = (photo_px - self.origin) * self.scale;
        let (long_axis, long, short) = axes(photo_from_texel);
        let (long, short) = (long * self.scale, short * self.scale);
        if long <= 1.25 {
            return self.levels[0].cubic(at);
        }
        // Blur no more than the sample count can bridge.
        let width = short.max(long / MAX_SAMPLES).max(1.0);
        let count = (long / width).ceil().clamp(1.0, MAX_SAMPLES);
        let mut sum = [0.0; 3];
        for i in 0..count as usize {
            let t = (i as f32 + 0.5) / count - 0.5;
            let c = self.at_width(at + long_axis * (long * t), width);
            sum = std::array::from_fn(|k| sum[k] + c[k]);
        }
        sum.map(|c| c / count)
    }

    /// Between the two copies whose pixels are next to `width`.
    fn at_width(&self, at: Vec2, width: f32) -> LinearRgb {
        let level = width.log2().clamp(0.0, (self.levels.len() - 1) as f32);
        let fine = level.floor() as usize;
        let t = level - fine as f32;
        let scaled = |l: usize| at / (1u32 << l) as f32;
        let a = if fine == 0 { self.levels[0].cubic(at) } else { self.levels[fine].linear(scaled(fine)) };
        if t < 0.02 || fine + 1 == self.levels.len() {
            return a;
        }
        let b = self.levels[fine + 1].linear(scaled(fine + 1));
        std::array::from_fn(|k| a[k] + (b[k] - a[k]) * t)
    }
}

/// Direction and length of the longer axis of the ellipse that a matrix makes of the unit circle, and the shorter
/// one's length.
pub(super) fn axes(m: Mat2) -> (Vec2, f32, f32) {
    let (a, b) = (m.x_axis, m.y_axis);
    let (xx, xy, yy) = (a.x * a.x + b.x * b.x, a.x * a.y + b.x * b.y, a.y * a.y + b.y * b.y);
    let (mean, half) = (0.5 * (xx + yy), (0.25 * (xx - yy) * (xx - yy) + xy * xy).sqrt());
    let (long, short) = ((mean + half).max(0.0), (mean - half).max(0.0));
    let direction = if half < 1e-9 {
        Vec2::X
    } else if xx >= yy {
        Vec2::new(long - yy, xy)
    } else {
        Vec2::new(xy, long - xx)
    };
    (direction.normalize_or(Vec2::X), long.sqrt(), short.sqrt())
}

impl Level {
    fn half(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut pixels = vec![[0.0; 3]; width * height];
        pixels.par_chunks_mut(width).enumerate().for_each(|(y, row)| {
            for (x, out) in row.iter_mut().enumerate() {
                let (x0, y0) = (2 * x, 2 * y);
                let (x1, y1) = ((x0 + 1).min(self.width - 1), (y0 + 1).min(self.height - 1));
                let four = [self.pixel(x0, y0), self.pixel(x1, y0), self.pixel(x0, y1), self.pixel(x1, y1)];
                *out = std::array::from_fn(|k| 0.25 * (four[0][k] + four[1][k] + four[2][k] + four[3][k]));
            }
        });
        Self { width, height, pixels }
    }

    fn pixel(&self, x: usize, y: usize) -> LinearRgb {
        self.pixels[y * self.width + x]
    }

    fn clamped(&self, x: i32, y: i32) -> LinearRgb {
        self.pixel(x.clamp(0, self.width as i32 - 1) as usize, y.clamp(0, self.height as i32 - 1) as usize)
    }

    /// Catmull-Rom; kept within its four nearest pixels' range, so that no edge gets a halo.
    fn cubic(&self, at: Vec2) -> LinearRgb {
        let p = at - 0.5;
        let base = p.floor();
        let f = p - base;
        let (x, y) = (base.x as i32, base.y as i32);
        let (wx, wy) = (catmull_rom(f.x), catmull_rom(f.y));
        let mut sum = [0.0; 3];
        let (mut low, mut high) = ([f32::MAX; 3], [f32::MIN; 3]);
        for (j, &v) in wy.iter().enumerate() {
            for (i, &u) in wx.iter().enumerate() {
                let c = self.clamped(x + i as i32 - 1, y + j as i32 - 1);
                for k in 0..3 {
                    sum[k] += c[k] * u * v;
                    if (1..3).contains(&i) && (1..3).contains(&j) {
                        low[k] = low[k].min(c[k]);
                        high[k] = high[k].max(c[k]);
                    }
                }
            }
        }
        std::array::from_fn(|k| sum[k].clamp(low[k], high[k]))
    }

    fn linear(&self, at: Vec2) -> LinearRgb {
        let p = at - 0.5;
        let base = p.floor();
        let f = p - base;
        let (x, y) = (base.x as i32, base.y as i32);
        let four = [self.clamped(x, y), self.clamped(x + 1, y), self.clamped(x, y + 1), self.clamped(x + 1, y + 1)];
        std::array::from_fn(|k| {
            let top = four[0][k] + (four[1][k] - four[0][k]) * f.x;
            let bottom = four[2][k] + (four[3][k] - four[2][k]) * f.x;
            top + (bottom - top) * f.y
        })
    }
}

fn catmull_rom(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t3 + 2.0 * t2 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (-3.0 * t3 + 4.0 * t2 + t),
        0.5 * (t3 - t2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(photo: &RgbImage) -> PixelRect {
        PixelRect { x: 0, y: 0, width: photo.width(), height: photo.height() }
    }

    #[test]
    fn pixel_centres_are_copied_exactly() {
        let photo = RgbImage::from_fn(40, 30, |x, y| image::Rgb([(x * 6) as u8, (y * 8) as u8, ((x * y) % 256) as u8]));
        let rect = PixelRect { x: 4, y: 3, width: 30, height: 20 };
        let pyramid = PhotoPyramid::new(&photo, rect, usize::MAX);
        for (x, y) in [(10, 10), (20, 5), (25, 18)] {
            let c = pyramid.sample(Vec2::new(x as f32 + 0.5, y as f32 + 0.5), Mat2::IDENTITY * 0.5);
            assert_eq!(color::encode_rgb(c), photo.get_pixel(x, y).0);
        }
    }

    #[test]
    fn a_large_texel_sees_the_mean_of_a_chessboard_in_linear_light() {
        let photo = RgbImage::from_fn(256, 256, |x, y| image::Rgb([if (x + y) % 2 == 0 { 255 } else { 0 }; 3]));
        let pyramid = PhotoPyramid::new(&photo, whole(&photo), usize::MAX);
        for m in [Mat2::from_diagonal(Vec2::splat(6.0)), Mat2::from_cols(Vec2::new(9.0, 9.0), Vec2::new(-2.0, 2.0))] {
            let c = pyramid.sample(Vec2::splat(128.3), m);
            assert!((c[0] - 0.5).abs() < 0.03, "{c:?}");
        }
        let shrunk = PhotoPyramid::new(&photo, whole(&photo), 100 * 100);
        assert_eq!(shrunk.scale(), 0.25);
        assert!((shrunk.sample(Vec2::splat(100.0), Mat2::IDENTITY)[1] - 0.5).abs() < 1e-3);
    }

    #[test]
    fn a_slanted_texel_blurs_only_along_its_long_axis() {
        // Stripes along x: a footprint that is long in x must keep them.
        let photo = RgbImage::from_fn(128, 128, |_, y| image::Rgb([if (y / 4) % 2 == 0 { 255 } else { 0 }; 3]));
        let pyramid = PhotoPyramid::new(&photo, whole(&photo), usize::MAX);
        let flat = Mat2::from_diagonal(Vec2::new(5.0, 0.8));
        assert!(pyramid.sample(Vec2::new(64.0, 66.0), flat)[0] > 0.95);
        assert!(pyramid.sample(Vec2::new(64.0, 70.0), flat)[0] < 0.05);
    }

    #[test]
    fn axes_of_a_turned_ellipse() {
        let turn = Mat2::from_angle(0.6);
        let (direction, long, short) = axes(turn * Mat2::from_diagonal(Vec2::new(3.0, 0.5)));
        assert!((long - 3.0).abs() < 1e-4 && (short - 0.5).abs() < 1e-4);
        assert!(direction.dot(turn * Vec2::X).abs() > 0.9999);
    }
}
