//! Eight angles of a car in one picture.

use crate::stills::{StillCamera, StillShot};
use gridvox_car::ViewPreset;
use image::{Rgba, RgbaImage, imageops};

/// The angles, row by row: three quarters first, because they say most.
pub const SHEET_VIEWS: [ViewPreset; 8] = [
    ViewPreset::FrontLeft,
    ViewPreset::FrontRight,
    ViewPreset::RearLeft,
    ViewPreset::RearRight,
    ViewPreset::Left,
    ViewPreset::Right,
    ViewPreset::Front,
    ViewPreset::Rear,
];

/// Columns and rows.
pub const GRID: (u32, u32) = (2, 4);

/// Space between and around the pictures, as a share of one picture's width.
const GAP: f32 = 0.014;

/// The paper between the pictures, sRGB.
const PAPER: [u8; 4] = [24, 25, 27, 255];

/// The shots of a sheet; each picture is `width` x `height` pixels.
pub fn shots(width: u32, height: u32) -> Vec<StillShot> {
    shots_like(&StillShot::new(StillCamera::Preset(ViewPreset::Front), width, height))
}

/// The shots of a sheet; each is as `like`, but for its camera.
pub fn shots_like(like: &StillShot) -> Vec<StillShot> {
    SHEET_VIEWS.map(|view| StillShot { camera: StillCamera::Preset(view), ..*like }).to_vec()
}

/// Lays pictures of one size out in two columns, row by row.
pub fn compose(pictures: &[RgbaImage]) -> RgbaImage {
    let Some(first) = pictures.first() else { return RgbaImage::new(1, 1) };
    let (width, height) = first.dimensions();
    let gap = (width as f32 * GAP).round().max(1.0) as u32;
    let rows = (pictures.len() as u32).div_ceil(GRID.0).min(GRID.1.max(1));
    let mut sheet = RgbaImage::from_pixel(
        GRID.0 * width + (GRID.0 + 1) * gap,
        rows * height + (rows + 1) * gap,
        Rgba(PAPER),
    );
    for (index, picture) in pictures.iter().enumerate() {
        let (column, row) = (index as u32 % GRID.0, index as u32 / GRID.0);
        let (x, y) = (gap + column * (width + gap), gap + row * (height + gap));
        imageops::replace(&mut sheet, picture, i64::from(x), i64::from(y));
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_has_its_place() {
        let pictures: Vec<_> =
            (0..8).map(|i| RgbaImage::from_pixel(100, 60, Rgba([10 * i as u8 + 60, 0, 0, 255]))).collect();
        let sheet = compose(&pictures);
        assert_eq!(sheet.dimensions(), (203, 245));
        for i in 0..8u32 {
            let (column, row) = (i % 2, i / 2);
            let pixel = sheet.get_pixel(1 + column * 101 + 50, 1 + row * 61 + 30);
            assert_eq!(pixel.0[0], 10 * i as u8 + 60, "picture {i}");
        }
        assert_eq!(sheet.get_pixel(0, 0).0, PAPER);
    }
}
