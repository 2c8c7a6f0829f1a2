//! Colour arithmetic: sRGB to linear light and back by table, and CIEDE2000 differences.

use std::sync::LazyLock;

use palette::color_difference::Ciede2000;
use palette::{FromColor, Lab, LinSrgb};

/// Linear RGB of sRGB primaries; 1 is the picture's white, more is allowed.
pub type LinearRgb = [f32; 3];

static DECODE: LazyLock<[f32; 256]> = LazyLock::new(|| std::array::from_fn(|i| decode_exact(i as f32 / 255.0)));

/// Entries of the encoding table: the curve is steepest near black, where a step is 0.2 of an 8-bit level.
const ENCODE_STEPS: usize = 16384;
static ENCODE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    (0..=ENCODE_STEPS).map(|i| (encode_exact(i as f32 / ENCODE_STEPS as f32) * 255.0).round() as u8).collect()
});

fn decode_exact(v: f32) -> f32 {
    if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

fn encode_exact(v: f32) -> f32 {
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

/// Linear light of an 8-bit sRGB value, 0..1.
pub fn decode(value: u8) -> f32 {
    DECODE[usize::from(value)]
}

/// Linear light of an 8-bit sRGB colour.
pub fn decode_rgb(rgb: [u8; 3]) -> LinearRgb {
    rgb.map(decode)
}

/// 8-bit sRGB of linear light; clips to 0..1.
pub fn encode(linear: f32) -> u8 {
    ENCODE[(linear.clamp(0.0, 1.0) * ENCODE_STEPS as f32 + 0.5) as usize]
}

/// 8-bit sRGB of a linear colour.
pub fn encode_rgb(linear: LinearRgb) -> [u8; 3] {
    linear.map(encode)
}

/// Relative luminance, Rec. 709 weights.
pub fn luminance(rgb: LinearRgb) -> f32 {
    0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]
}

/// CIE L*a*b* for D65.
pub fn lab(rgb: LinearRgb) -> Lab {
    Lab::from_color(LinSrgb::new(rgb[0], rgb[1], rgb[2]))
}

/// CIEDE2000 between two linear colours; about 1 is the smallest difference an eye sees.
pub fn delta_e(a: LinearRgb, b: LinearRgb) -> f32 {
    lab(a).difference(lab(b))
}

/// Scales a colour's distance from its own grey; 1 changes nothing. Works in linear light and keeps luminance.
pub fn boost_saturation(rgb: LinearRgb, boost: f32) -> LinearRgb {
    let grey = luminance(rgb);
    rgb.map(|c| (grey + (c - grey) * boost).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_8_bit_value_survives_the_tables() {
        for value in 0..=255 {
            assert_eq!(encode(decode(value)), value);
        }
    }

    #[test]
    fn known_values() {
        // IEC 61966-2-1: mid grey 128 is 0.2158605 in linear light.
        assert!((decode(128) - 0.215_860_5).abs() < 1e-6);
        // CIE D65 white and sRGB red, Lindbloom's calculator.
        let red = lab([1.0, 0.0, 0.0]);
        assert!((red.l - 53.24).abs() < 0.05 && (red.a - 80.09).abs() < 0.1 && (red.b - 67.2).abs() < 0.1, "{red:?}");
        assert!(delta_e([0.3; 3], [0.3; 3]) < 1e-3);
        assert!(delta_e([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]) > 80.0);
    }

    #[test]
    fn a_boost_keeps_luminance_and_grey() {
        let rgb = [0.4, 0.1, 0.05];
        assert_eq!(boost_saturation(rgb, 1.0).map(|c| (c * 1e4).round()), rgb.map(|c| (c * 1e4).round()));
        assert!((luminance(boost_saturation(rgb, 0.5)) - luminance(rgb)).abs() < 1e-6);
        assert_eq!(boost_saturation([0.2; 3], 1.5).map(|c| (c * 1e4).round()), [2000.0; 3]);
    }
}
