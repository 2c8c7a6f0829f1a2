//! Mip levels against values worked out by hand from the sRGB curve.

use gridvox_livery::mips::{self, AlphaUse};
use image::{Rgba, RgbaImage};

fn smallest(image: &RgbaImage) -> [u8; 4] {
    mips::chain(image).last().expect("there is a last level").get_pixel(0, 0).0
}

#[test]
fn a_checkerboard_averages_to_half_of_the_light() {
    let board = RgbaImage::from_fn(64, 64, |x, y| if (x + y) % 2 == 0 { Rgba([255; 4]) } else { Rgba([0, 0, 0, 255]) });
    for level in &mips::chain(&board)[1..] {
        assert!(level.pixels().all(|p| p.0 == [188, 188, 188, 255]), "half of the light is 188, not 128");
    }
}

#[test]
fn flat_colours_stay_as_they_are_at_every_level() {
    for value in 0..=255u8 {
        let color = [value, 255 - value, value / 3, 255];
        assert!(mips::chain(&RgbaImage::from_pixel(16, 16, Rgba(color))).iter().all(|l| l.pixels().all(|p| p.0 == color)));
    }
}

#[test]
fn small_levels_do_not_drift() {
    // One white texel in each 16 x 16: rounding every level from the rounded one before it would pile up errors.
    let mut image = RgbaImage::from_pixel(1024, 1024, Rgba([0, 0, 0, 255]));
    for y in 0..64 {
        for x in 0..64 {
            image.put_pixel(x * 16, y * 16, Rgba([255; 4]));
        }
    }
    // 1/256 of the light: 1.055 (1/256)^(1/2.4) - 0.055 = 0.0497, times 255 = 12.7.
    assert_eq!(smallest(&image), [13, 13, 13, 255]);
}

#[test]
fn hidden_texels_do_not_bleed() {
    let image = RgbaImage::from_fn(4, 4, |x, _| if x % 2 == 0 { Rgba([200, 40, 90, 255]) } else { Rgba([0, 255, 0, 0]) });
    for level in &mips::chain(&image)[1..] {
        assert!(level.pixels().all(|p| p.0 == [200, 40, 90, 128]), "{:?}", level.get_pixel(0, 0));
    }
}

#[test]
fn areas_without_coverage_keep_their_colour() {
    assert_eq!(smallest(&RgbaImage::from_pixel(32, 32, Rgba([200, 40, 90, 0]))), [200, 40, 90, 0]);
}

#[test]
fn alpha_as_a_value_leaves_colours_alone() {
    let image = RgbaImage::from_fn(4, 4, |x, _| if x % 2 == 0 { Rgba([255; 4]) } else { Rgba([0, 0, 0, 0]) });
    for level in &mips::chain_with(&image, AlphaUse::Value)[1..] {
        assert!(level.pixels().all(|p| p.0 == [188, 188, 188, 128]));
    }
}

#[test]
fn odd_sides_weigh_every_texel_alike() {
    let mut image = RgbaImage::from_pixel(5, 3, Rgba([0, 0, 0, 255]));
    for (at, value) in [(0, 255), (4, 255)] {
        image.put_pixel(at, 1, Rgba([value, value, value, 255]));
    }
    let levels = mips::chain(&image);
    assert_eq!(levels.iter().map(RgbaImage::dimensions).collect::<Vec<_>>(), [(5, 3), (2, 1), (1, 1)]);
    // 2 of 15 texels are white: 1.055 (2/15)^(1/2.4) - 0.055 = 0.4007, times 255 = 102.2.
    assert_eq!(smallest(&image), [102, 102, 102, 255]);
}

#[test]
fn every_level_down_to_one_texel_is_there() {
    assert_eq!(mips::chain(&RgbaImage::new(2048, 2048)).len(), 12);
    assert_eq!(mips::chain(&RgbaImage::new(1, 1)).len(), 1);
    assert_eq!(mips::chain(&RgbaImage::new(0, 0)).len(), 1);
    let levels = mips::chain(&RgbaImage::new(2048, 600));
    assert_eq!((levels.len(), levels[11].dimensions()), (12, (1, 1)));
    assert_eq!(mips::whole(&RgbaImage::new(8, 8)).iter().map(|p| (p.level, p.width, p.rgba.len())).collect::<Vec<_>>(),
        [(0, 8, 256), (1, 4, 64), (2, 2, 16), (3, 1, 4)]);
}
