//! Where two versions of a livery differ, in false colours on the car: how much as CIEDE2000, on the newest in dark grey.
//!
//! Colours go from violet to yellow with growing lightness, so that colour-blind painters read them too. What differs less
//! than an eye can see stays grey.

use bevy_egui::egui::Color32;
use gridvox_livery::TiledImage;
use gridvox_livery::tile::TILE_PX;
use gridvox_vision::color::{decode_rgb, delta_e, luminance};
use image::{Rgba, RgbaImage};

/// Smallest difference that an eye sees.
pub const LEAST: f32 = 1.0;
/// From here on the colour stays the same.
pub const MOST: f32 = 20.0;
/// Marks of the scale.
pub const MARKS: [f32; 4] = [1.0, 5.0, 10.0, 20.0];

/// The colours at even steps from [`LEAST`] to [`MOST`] on the scale of [`place`]: the upper part of matplotlib's
/// "plasma" (van der Walt and Smith, CC0), whose lightness grows evenly.
const STEPS: [[u8; 3]; 6] = [[94, 1, 166], [156, 23, 158], [204, 71, 120], [237, 121, 83], [253, 180, 47], [240, 249, 33]];

/// The colour differences of two versions.
#[derive(Debug, Clone)]
pub struct Difference {
    /// What the car shows.
    pub map: RgbaImage,
    /// Share of the texture's texels that differ visibly, 0..=1.
    pub share: f32,
    /// Mean CIEDE2000 of these; 0 where there are none.
    pub mean: f32,
    /// The largest.
    pub most: f32,
}

/// Where a difference lies on the scale, 0..=1; small ones get more room, because painters hunt for them.
pub fn place(delta_e: f32) -> f32 {
    ((delta_e / LEAST).max(1.0).ln() / (MOST / LEAST).ln()).min(1.0)
}

/// The colour at a place of the scale.
pub fn color_at(place: f32) -> [u8; 3] {
    let at = place.clamp(0.0, 1.0) * (STEPS.len() - 1) as f32;
    let below = (at as usize).min(STEPS.len() - 2);
    let t = at - below as f32;
    std::array::from_fn(|k| (f32::from(STEPS[below][k]) * (1.0 - t) + f32::from(STEPS[below + 1][k]) * t + 0.5) as u8)
}

/// The same for the panels.
pub fn color32_at(place: f32) -> Color32 {
    let [r, g, b] = color_at(place);
    Color32::from_rgb(r, g, b)
}

/// The newest as dark grey, on which differences stand out.
fn grey(rgb: [u8; 3]) -> [u8; 3] {
    let light = luminance(decode_rgb(rgb)).sqrt();
    [(28.0 + 62.0 * light) as u8; 3]
}

/// Compares two liveries of one size; tiles that both share cost no comparison.
pub fn between(newest: &TiledImage, kept: &TiledImage) -> Difference {
    let size = newest.size();
    let mut map = RgbaImage::new(size, size);
    let (mut count, mut sum, mut most) = (0_u64, 0.0_f64, 0.0_f32);
    // flat colours are the rule: the last pair is likely to come again
    let mut last = ([0_u8; 3], [0_u8; 3], 0.0_f32);
    for (index, tile) in newest.tiles().iter().enumerate() {
        let other = kept.tiles().get(index).filter(|other| !std::sync::Arc::ptr_eq(tile, other));
        let corner = newest.tile_rect(index);
        for (texel, &[r, g, b, _]) in tile.texels().iter().enumerate() {
            let now = [r, g, b];
            let before = other.map_or(now, |other| {
                let [r, g, b, _] = other.texels()[texel];
                [r, g, b]
            });
            let shown = if now == before {
                grey(now)
            } else {
                if (now, before) != (last.0, last.1) {
                    last = (now, before, delta_e(decode_rgb(now), decode_rgb(before)));
                }
                let difference = last.2;
                if difference < LEAST {
                    grey(now)
                } else {
                    count += 1;
                    sum += f64::from(difference);
                    most = most.max(difference);
                    color_at(place(difference))
                }
            };
            let (x, y) = (texel as u32 % TILE_PX, texel as u32 / TILE_PX);
            map.put_pixel(corner.x + x, corner.y + y, Rgba([shown[0], shown[1], shown[2], 255]));
        }
    }
    let texels = f64::from(size) * f64::from(size);
    Difference {
        map,
        share: (count as f64 / texels) as f32,
        mean: if count > 0 { (sum / count as f64) as f32 } else { 0.0 },
        most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_eye_sees_is_coloured() {
        let kept = RgbaImage::from_pixel(512, 512, Rgba([120, 120, 120, 255]));
        let mut newest = kept.clone();
        for y in 0..512 {
            newest.put_pixel(10, y, Rgba([121, 120, 120, 255]));
            newest.put_pixel(300, y, Rgba([126, 120, 120, 255]));
            newest.put_pixel(400, y, Rgba([200, 20, 20, 255]));
        }
        let tiled = |picture: &RgbaImage| TiledImage::from_rgba(picture).expect("a livery's size");
        let found = between(&tiled(&newest), &tiled(&kept));
        let at = |x: u32| found.map.get_pixel(x, 77).0;
        let is_grey = |[r, g, b, a]: [u8; 4]| r == g && g == b && a == 255;
        assert!(is_grey(at(200)) && is_grey(at(10)), "{:?} {:?}", at(200), at(10));
        assert!(!is_grey(at(300)) && at(400) == [240, 249, 33, 255], "{:?} {:?}", at(300), at(400));
        assert!((found.share - 2.0 / 512.0).abs() < 1e-6);
        let expected = delta_e(decode_rgb([200, 20, 20]), decode_rgb([120; 3]));
        assert_eq!(found.most, expected);
        assert!(found.mean > expected * 0.4 && found.mean < expected);
    }

    #[test]
    fn the_same_livery_has_no_difference() {
        let livery = TiledImage::filled(512, [30, 60, 90, 255]).expect("a livery's size");
        let found = between(&livery, &livery.clone());
        assert_eq!((found.share, found.mean, found.most), (0.0, 0.0, 0.0));
    }

    #[test]
    fn the_scale_grows_in_lightness() {
        let lightness: Vec<f32> = (0..=20).map(|k| luminance(decode_rgb(color_at(k as f32 / 20.0)))).collect();
        assert!(lightness.windows(2).all(|pair| pair[1] > pair[0]), "{lightness:?}");
        assert!(MARKS.windows(2).all(|pair| place(pair[1]) > place(pair[0]) + 0.15), "the marks stand apart");
        assert_eq!((place(0.3), place(99.0)), (0.0, 1.0));
    }
}
