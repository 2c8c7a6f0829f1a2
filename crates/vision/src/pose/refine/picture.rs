//! The photo at a working size, smoothed a little, for sampling between pixels.

use crate::net::CropRect;
use crate::pose::model::CameraModel;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use gridvox_car::PhotoCamera;
use image::RgbImage;
use nalgebra::Vector2;
use rayon::prelude::*;

/// A rectangle of a photo at a working size; sRGB values in 0..1, row-major.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Top left corner in photo pixels.
    pub origin: Vector2<f64>,
    /// Picture pixels per photo pixel, in x and y.
    pub scale: Vector2<f64>,
    data: Vec<[f32; 3]>,
}

impl Picture {
    /// The part of the photo in `rect`, so that its long side has `long_side` pixels, never enlarged, smoothed by a
    /// 1-2-1 filter.
    pub fn new(photo: &RgbImage, rect: CropRect, long_side: u32) -> Self {
        let (w, h) = (photo.width() as f32, photo.height() as f32);
        let (left, top) = (rect.x.clamp(0.0, w - 1.0).floor(), rect.y.clamp(0.0, h - 1.0).floor());
        let right = (rect.x + rect.w).clamp(left + 1.0, w).ceil();
        let bottom = (rect.y + rect.h).clamp(top + 1.0, h).ceil();
        let (w, h) = (f64::from(right - left), f64::from(bottom - top));
        let ratio = (f64::from(long_side) / w.max(h)).min(1.0);
        let size = |v: f64| ((v * ratio).round() as u32).max(1);
        let cut = [left, top, right - left, bottom - top].map(|v| v as u32);
        let small = resized(photo, cut, size(w), size(h));
        let (width, height) = (small.width() as usize, small.height() as usize);
        let data: Vec<[f32; 3]> = small.pixels().map(|p| p.0.map(|v| f32::from(v) / 255.0)).collect();
        Self {
            width,
            height,
            origin: Vector2::new(f64::from(left), f64::from(top)),
            scale: Vector2::new(width as f64 / w, height as f64 / h),
            data: smooth(&data, width, height),
        }
    }

    /// A place of the photo in picture pixels.
    pub fn place(&self, photo_px: Vector2<f64>) -> Vector2<f64> {
        (photo_px - self.origin).component_mul(&self.scale)
    }

    /// The camera of this picture when `model` is the photo's.
    pub fn camera(&self, model: &CameraModel) -> PhotoCamera {
        let seen = CameraModel {
            focal_px: model.focal_px * self.scale.x,
            principal_point: self.place(model.principal_point),
            width: self.width as u32,
            height: self.height as u32,
            ..*model
        };
        seen.to_camera()
    }

    /// The colour at a place in picture pixels, bilinear, or `None` outside.
    pub fn sample(&self, at: Vector2<f64>) -> Option<[f32; 3]> {
        let (x, y) = (at.x - 0.5, at.y - 0.5);
        if !(x >= 0.0 && y >= 0.0 && x < (self.width - 1) as f64 && y < (self.height - 1) as f64) {
            return None;
        }
        let (x0, y0) = (x as usize, y as usize);
        let (fx, fy) = ((x - x0 as f64) as f32, (y - y0 as f64) as f32);
        let i = y0 * self.width + x0;
        let (a, b) = (&self.data[i], &self.data[i + 1]);
        let (c, d) = (&self.data[i + self.width], &self.data[i + self.width + 1]);
        Some(std::array::from_fn(|k| {
            let top = a[k] + (b[k] - a[k]) * fx;
            let bottom = c[k] + (d[k] - c[k]) * fx;
            top + (bottom - top) * fy
        }))
    }
}

/// The rectangle `[left, top, width, height]` of a photo at another size.
fn resized(photo: &RgbImage, cut: [u32; 4], width: u32, height: u32) -> RgbImage {
    let [left, top, w, h] = cut;
    let part = || image::imageops::crop_imm(photo, left, top, w, h).to_image();
    if (w, h) == (width, height) {
        return part();
    }
    let resize = || -> Option<RgbImage> {
        let source = ImageRef::new(photo.width(), photo.height(), photo.as_raw(), PixelType::U8x3).ok()?;
        let mut target = Image::new(width, height, PixelType::U8x3);
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
            .crop(f64::from(left), f64::from(top), f64::from(w), f64::from(h));
        Resizer::new().resize(&source, &mut target, &options).ok()?;
        RgbImage::from_raw(width, height, target.into_vec())
    };
    resize().unwrap_or_else(|| image::imageops::thumbnail(&part(), width, height))
}

/// 1-2-1 in both directions.
fn smooth(data: &[[f32; 3]], width: usize, height: usize) -> Vec<[f32; 3]> {
    let mix = |a: [f32; 3], b: [f32; 3], c: [f32; 3]| std::array::from_fn(|k| 0.25 * (a[k] + 2.0 * b[k] + c[k]));
    let mut across = vec![[0.0; 3]; data.len()];
    across.par_chunks_mut(width).zip(data.par_chunks(width)).for_each(|(to, from)| {
        for x in 0..width {
            to[x] = mix(from[x.saturating_sub(1)], from[x], from[(x + 1).min(width - 1)]);
        }
    });
    let mut down = vec![[0.0; 3]; data.len()];
    down.par_chunks_mut(width).enumerate().for_each(|(y, to)| {
        let row = |y: usize| &across[y * width..(y + 1) * width];
        let (above, here, below) = (row(y.saturating_sub(1)), row(y), row((y + 1).min(height - 1)));
        for x in 0..width {
            to[x] = mix(above[x], here[x], below[x]);
        }
    });
    down
}
