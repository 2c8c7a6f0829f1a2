//! The confidence map in colours that stay apart for colour-blind painters too.

use bevy_egui::egui::Color32;
use image::{GrayImage, Rgba, RgbaImage};

/// Copied from a photo.
pub const SEEN: [u8; 3] = [54, 178, 136];
/// Taken from the other side.
pub const MIRRORED: [u8; 3] = [82, 134, 236];
/// Filled in.
pub const INVENTED: [u8; 3] = [232, 164, 58];
/// Outside the paint.
const OUTSIDE: [u8; 3] = [40, 40, 40];

/// First value of texels that a photo shows.
const FROM_SEEN: u8 = 200;
/// First value of texels that were mirrored.
const FROM_MIRRORED: u8 = 100;

/// One of the map's colours for the panels.
pub fn color32([r, g, b]: [u8; 3]) -> Color32 {
    Color32::from_rgb(r, g, b)
}

/// The map as a texture for the car: its colour says where a texel comes from, its lightness how sure that is.
pub fn colored(confidence: &GrayImage) -> RgbaImage {
    RgbaImage::from_fn(confidence.width(), confidence.height(), |x, y| {
        let value = confidence.get_pixel(x, y).0[0];
        let (color, sureness) = match value {
            0 => (OUTSIDE, 1.0),
            FROM_SEEN.. => (SEEN, f32::from(value - FROM_SEEN) / f32::from(u8::MAX - FROM_SEEN)),
            FROM_MIRRORED.. => (MIRRORED, 1.0),
            _ => (INVENTED, 1.0),
        };
        let [r, g, b] = color.map(|channel| (f32::from(channel) * (0.65 + 0.35 * sureness)) as u8);
        Rgba([r, g, b, 255])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    #[test]
    fn each_source_has_its_colour() {
        let map = GrayImage::from_fn(4, 1, |x, _| Luma([[0, 40, 150, 255][x as usize]]));
        let colored = colored(&map);
        for (x, color) in [(0, OUTSIDE), (1, INVENTED), (2, MIRRORED), (3, SEEN)] {
            let [r, g, b, a] = colored.get_pixel(x, 0).0;
            assert_eq!(([r, g, b], a), (color, 255));
        }
    }
}
