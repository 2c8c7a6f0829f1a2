//! The two facts of a photo's EXIF block that matter here: which way is up, and the focal length.

use std::io::Cursor;

use exif::{Exif, In, Tag, Value};
use image::metadata::Orientation;

/// What the file says about itself.
#[derive(Debug, Default, PartialEq)]
pub struct Facts {
    pub orientation: Option<Orientation>,
    pub focal_35mm: Option<f32>,
}

/// Focal lengths outside are typing errors or telescopes.
const PLAUSIBLE_FOCAL_35MM: std::ops::RangeInclusive<f32> = 8.0..=1200.0;

/// Reads the facts; anything missing or damaged is simply not there. `width` and `height` are the stored picture's.
pub fn read(file: &[u8], width: u32, height: u32) -> Facts {
    let mut reader = exif::Reader::new();
    reader.continue_on_error(true);
    let found = reader
        .read_from_container(&mut Cursor::new(file))
        .or_else(|error| error.distill_partial_result(|_| ()));
    let Ok(exif) = found else { return Facts::default() };
    let orientation =
        uint(&exif, Tag::Orientation).and_then(|o| u8::try_from(o).ok()).and_then(Orientation::from_exif);
    let focal_35mm = if is_cropped(&exif, width, height) { None } else { focal_35mm(&exif) };
    Facts { orientation, focal_35mm: focal_35mm.filter(|f| PLAUSIBLE_FOCAL_35MM.contains(f)) }
}

/// A picture with another aspect than the camera wrote was cropped, and its focal length no longer says the angle.
fn is_cropped(exif: &Exif, width: u32, height: u32) -> bool {
    let (Some(x), Some(y)) = (uint(exif, Tag::PixelXDimension), uint(exif, Tag::PixelYDimension)) else {
        return false;
    };
    if x == 0 || y == 0 || width == 0 || height == 0 {
        return false;
    }
    let long_over_short = |a: u32, b: u32| f64::from(a.max(b)) / f64::from(a.min(b));
    (long_over_short(x, y) / long_over_short(width, height) - 1.0).abs() > 0.02
}

fn focal_35mm(exif: &Exif) -> Option<f32> {
    if let Some(f) = uint(exif, Tag::FocalLengthIn35mmFilm).filter(|&f| f > 0) {
        return Some(f as f32);
    }
    // Older cameras give the sensor's pixel pitch instead.
    let focal_mm = number(exif, Tag::FocalLength)?;
    let pixels_per_unit = number(exif, Tag::FocalPlaneXResolution).filter(|&r| r > 0.0)?;
    let unit_mm = match uint(exif, Tag::FocalPlaneResolutionUnit) {
        Some(3) => 10.0,
        Some(4) => 1.0,
        _ => 25.4,
    };
    let sensor_mm = f64::from(uint(exif, Tag::PixelXDimension)?) / pixels_per_unit * unit_mm;
    (sensor_mm > 1.0).then(|| (focal_mm * 36.0 / sensor_mm) as f32)
}

fn uint(exif: &Exif, tag: Tag) -> Option<u32> {
    exif.get_field(tag, In::PRIMARY)?.value.get_uint(0)
}

fn number(exif: &Exif, tag: Tag) -> Option<f64> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Rational(v) => v.first().map(|r| r.to_f64()),
        Value::SRational(v) => v.first().map(|r| r.to_f64()),
        _ => None,
    }
    .filter(|v| v.is_finite())
}
