//! Equirectangular pictures with high dynamic range.
//!
//! The middle of the picture looks to -Z, its right side to +X, its upper edge is +Y.

use super::EnvironmentError;
use glam::Vec3;
use image::{ImageFormat, ImageReader, Limits};
use std::f32::consts::{PI, TAU};
use std::io::Cursor;
use std::path::Path;

/// Largest file that is read: an 8192 x 4096 picture in EXR with all its channels.
pub const MAX_FILE_BYTES: u64 = 512 << 20;

/// Widest picture that is read; wider ones show nothing more in a 512 px cubemap.
pub const MAX_WIDTH: u32 = 8192;

/// Brightest radiance that is kept; 16-bit floats end at 65504.
pub const MAX_RADIANCE: f32 = 60000.0;

/// A picture of all directions, linear RGB radiance, row by row from the top.
#[derive(Debug, Clone, PartialEq)]
pub struct Equirect {
    /// Pixels; twice the height.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// Finite and not negative.
    pub pixels: Vec<Vec3>,
}

impl Equirect {
    /// Decodes an `.hdr` or `.exr` file. Not-numbers and negative values become 0, infinite ones [`MAX_RADIANCE`].
    pub fn decode(bytes: &[u8], path: &Path) -> Result<Self, EnvironmentError> {
        let failed = |reason: String| EnvironmentError::Decode { reason, path: path.to_owned() };
        let reader = || ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        let format = reader().map_err(|error| failed(error.to_string()))?.format();
        if !matches!(format, Some(ImageFormat::Hdr | ImageFormat::OpenExr)) {
            return Err(failed("it has no high dynamic range".to_owned()));
        }
        let (width, height) = reader()
            .map_err(|error| failed(error.to_string()))?
            .into_dimensions()
            .map_err(|error| failed(error.to_string()))?;
        if width > MAX_WIDTH {
            return Err(EnvironmentError::TooLarge { width, height, path: path.to_owned() });
        }
        if width != height * 2 || height < 2 {
            return Err(EnvironmentError::NotEquirectangular { width, height, path: path.to_owned() });
        }
        let mut reader = reader().map_err(|error| failed(error.to_string()))?;
        let mut limits = Limits::default();
        limits.max_image_width = Some(MAX_WIDTH);
        limits.max_image_height = Some(MAX_WIDTH / 2);
        limits.max_alloc = Some(2 << 30);
        reader.limits(limits);
        let picture = reader.decode().map_err(|error| failed(error.to_string()))?.into_rgb32f();
        let clean = |value: f32| if value.is_nan() { 0.0 } else { value.clamp(0.0, MAX_RADIANCE) };
        let pixels: Vec<_> = picture.pixels().map(|p| Vec3::from(p.0.map(clean))).collect();
        if pixels.iter().all(|p| p.max_element() <= 0.0) {
            return Err(EnvironmentError::Black { path: path.to_owned() });
        }
        Ok(Self { width: width as usize, height: height as usize, pixels })
    }

    /// A picture computed from directions.
    pub fn from_fn(height: usize, radiance: impl Fn(Vec3) -> Vec3) -> Self {
        let mut picture = Self { width: height * 2, height, pixels: vec![Vec3::ZERO; height * height * 2] };
        for y in 0..height {
            for x in 0..picture.width {
                picture.pixels[y * picture.width + x] = radiance(picture.direction(x, y));
            }
        }
        picture
    }

    /// The unit direction through the middle of a pixel.
    pub fn direction(&self, x: usize, y: usize) -> Vec3 {
        let azimuth = ((x as f32 + 0.5) / self.width as f32 - 0.5) * TAU;
        let polar = (y as f32 + 0.5) / self.height as f32 * PI;
        Vec3::new(polar.sin() * azimuth.sin(), polar.cos(), -polar.sin() * azimuth.cos())
    }

    /// Solid angle of each pixel of a row, in steradians.
    pub fn solid_angle(&self, y: usize) -> f32 {
        let (top, bottom) = (y as f32 / self.height as f32 * PI, (y + 1) as f32 / self.height as f32 * PI);
        (top.cos() - bottom.cos()) * TAU / self.width as f32
    }

    /// Radiance from a unit direction, bilinear; the left and right edges meet.
    pub fn sample(&self, direction: Vec3) -> Vec3 {
        let azimuth = direction.x.atan2(-direction.z);
        let x = (azimuth / TAU + 0.5) * self.width as f32 - 0.5;
        let y = (direction.y.clamp(-1.0, 1.0).acos() / PI * self.height as f32 - 0.5).clamp(0.0, self.height as f32 - 1.0);
        let (x0, y0) = (x.floor(), y.floor());
        let (fx, fy) = (x - x0, y - y0);
        let column = |x: f32| (x as i64).rem_euclid(self.width as i64) as usize;
        let (xa, xb) = (column(x0), column(x0 + 1.0));
        let (ya, yb) = (y0 as usize, (y0 as usize + 1).min(self.height - 1));
        let at = |x: usize, y: usize| self.pixels[y * self.width + x];
        at(xa, ya).lerp(at(xb, ya), fx).lerp(at(xa, yb).lerp(at(xb, yb), fx), fy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, Rgb32FImage};

    fn encoded(picture: &Rgb32FImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::DynamicImage::ImageRgb32F(picture.clone()).write_to(&mut bytes, format).expect("writes to memory");
        bytes.into_inner()
    }

    #[test]
    fn a_direction_finds_its_own_pixel() {
        let picture = Equirect::from_fn(64, |d| d);
        for (x, y) in [(3, 5), (127, 40), (64, 20), (0, 33)] {
            let d = picture.direction(x, y);
            assert!((picture.sample(d) - d).length() < 1e-3);
        }
        let whole: f32 = (0..64).map(|y| picture.solid_angle(y) * 128.0).sum();
        assert!((whole - 4.0 * PI).abs() < 1e-3, "{whole}");
    }

    #[test]
    fn both_formats_are_read_and_odd_values_are_cleaned() {
        let mut picture = Rgb32FImage::from_pixel(8, 4, Rgb([0.5, 1.0, 2.0]));
        let from_hdr = Equirect::decode(&encoded(&picture, ImageFormat::Hdr), Path::new("a.hdr")).expect("an .hdr");
        assert!((from_hdr.pixels[9] - Vec3::new(0.5, 1.0, 2.0)).length() < 0.02, "{}", from_hdr.pixels[9]);
        picture.put_pixel(1, 1, Rgb([f32::NAN, f32::INFINITY, -3.0]));
        let from_exr = Equirect::decode(&encoded(&picture, ImageFormat::OpenExr), Path::new("a.exr")).expect("an .exr");
        assert_eq!(from_exr.pixels[9], Vec3::new(0.0, MAX_RADIANCE, 0.0));
        assert_eq!(from_exr.pixels[0], Vec3::new(0.5, 1.0, 2.0));
    }

    #[test]
    fn wrong_pictures_are_refused_in_words() {
        let square = encoded(&Rgb32FImage::from_pixel(8, 8, Rgb([1.0; 3])), ImageFormat::OpenExr);
        let error = Equirect::decode(&square, Path::new("a.exr")).expect_err("not 2:1");
        assert!(matches!(error, EnvironmentError::NotEquirectangular { width: 8, height: 8, .. }), "{error}");
        let black = encoded(&Rgb32FImage::from_pixel(8, 4, Rgb([0.0; 3])), ImageFormat::OpenExr);
        assert!(matches!(Equirect::decode(&black, Path::new("a.exr")), Err(EnvironmentError::Black { .. })));
        let png = encoded_png();
        assert!(matches!(Equirect::decode(&png, Path::new("a.hdr")), Err(EnvironmentError::Decode { .. })));
        assert!(matches!(Equirect::decode(&square[..60], Path::new("a.exr")), Err(EnvironmentError::Decode { .. })));
        assert!(matches!(Equirect::decode(b"", Path::new("a.exr")), Err(EnvironmentError::Decode { .. })));
    }

    fn encoded_png() -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::RgbImage::new(8, 4).write_to(&mut bytes, ImageFormat::Png).expect("writes to memory");
        bytes.into_inner()
    }
}
