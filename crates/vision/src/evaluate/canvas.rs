//! A small drawing surface: smooth dots, lines and words on paper.

use ab_glyph::{Font, FontRef, ScaleFont, point};
use glam::Vec2;
use image::{Rgb, RgbImage, imageops};

/// sRGB.
pub type Rgb8 = [u8; 3];

/// What sheets are drawn on and with.
pub const PAPER: Rgb8 = [255, 255, 255];
pub const INK: Rgb8 = [38, 43, 51];
pub const SOFT: Rgb8 = [106, 113, 124];
/// Of what went wrong without a warning: vermilion of Okabe and Ito's palette, which colour-blind readers tell apart.
pub const WRONG: Rgb8 = [213, 94, 0];

/// Under the SIL Open Font License; see `assets/CREDITS.md`.
const FONT: &[u8] = include_bytes!("../../../../assets/fonts/inter/Inter-Medium.otf");
/// Everything is drawn this many times larger and averaged.
const FACTOR: f32 = 2.0;

/// On which side of its place a word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// It begins there.
    Left,
    /// Its middle is there.
    Middle,
    /// It ends there.
    Right,
}

/// A sheet of paper; all places and sizes are in pixels of the finished picture.
pub struct Canvas {
    size: (u32, u32),
    sheet: RgbImage,
}

impl Canvas {
    pub fn new(size: (u32, u32), paper: Rgb8) -> Self {
        let factor = FACTOR as u32;
        Self { size, sheet: RgbImage::from_pixel(size.0 * factor, size.1 * factor, Rgb(paper)) }
    }

    /// The picture.
    pub fn finish(self) -> RgbImage {
        imageops::resize(&self.sheet, self.size.0, self.size.1, imageops::FilterType::Triangle)
    }

    fn blend(&mut self, x: i64, y: i64, colour: Rgb8, share: f32) {
        let inside = x >= 0 && y >= 0 && x < i64::from(self.sheet.width()) && y < i64::from(self.sheet.height());
        if !inside || share <= 0.0 {
            return;
        }
        let pixel = self.sheet.get_pixel_mut(x as u32, y as u32);
        for (under, over) in pixel.0.iter_mut().zip(colour) {
            *under = (f32::from(*under) + (f32::from(over) - f32::from(*under)) * share.min(1.0)).round() as u8;
        }
    }

    /// Covers the pixels of a box by what `share` says at their middles.
    fn cover(&mut self, low: Vec2, high: Vec2, colour: Rgb8, share: impl Fn(Vec2) -> f32) {
        let (low, high) = (low.floor(), high.ceil());
        for y in low.y as i64..high.y as i64 {
            for x in low.x as i64..high.x as i64 {
                self.blend(x, y, colour, share(Vec2::new(x as f32 + 0.5, y as f32 + 0.5)));
            }
        }
    }

    /// A picture with its upper left corner at `place`.
    pub fn picture(&mut self, picture: &RgbImage, place: Vec2) {
        let factor = FACTOR as u32;
        let larger = imageops::resize(picture, picture.width() * factor, picture.height() * factor, imageops::FilterType::Nearest);
        imageops::replace(&mut self.sheet, &larger, (place.x * FACTOR) as i64, (place.y * FACTOR) as i64);
    }

    /// A filled rectangle.
    pub fn fill(&mut self, low: Vec2, high: Vec2, colour: Rgb8) {
        self.cover(low * FACTOR, high * FACTOR, colour, |_| 1.0);
    }

    /// A dot with a thin pale rim, so that dots above one another stay apart.
    pub fn dot(&mut self, centre: Vec2, radius: f32, colour: Rgb8, opacity: f32) {
        let (centre, radius) = (centre * FACTOR, radius * FACTOR);
        for (radius, colour, opacity) in [(radius + FACTOR, [255; 3], 0.8 * opacity), (radius, colour, opacity)] {
            let reach = Vec2::splat(radius + 1.0);
            self.cover(centre - reach, centre + reach, colour, |p| (radius + 0.5 - p.distance(centre)).clamp(0.0, 1.0) * opacity);
        }
    }

    /// A line of some width; `dash` is the length of dashes and gaps, 0 draws through.
    pub fn line(&mut self, from: Vec2, to: Vec2, width: f32, colour: Rgb8, dash: f32) {
        let (from, to, half, dash) = (from * FACTOR, to * FACTOR, width * FACTOR * 0.5, dash * FACTOR);
        let along = (to - from).normalize_or(Vec2::X);
        let length = from.distance(to);
        let reach = Vec2::splat(half + 1.0);
        self.cover(from.min(to) - reach, from.max(to) + reach, colour, |p| {
            let (t, off) = ((p - from).dot(along), (p - from).perp_dot(along).abs());
            let drawn = (0.0..=length).contains(&t) && (dash == 0.0 || t.rem_euclid(2.0 * dash) < dash);
            if drawn { (half + 0.5 - off).clamp(0.0, 1.0) } else { 0.0 }
        });
    }

    /// Writes with the baseline at `place`; the font's size is given. Returns the words' width.
    pub fn text(&mut self, words: &str, place: Vec2, size: f32, colour: Rgb8, align: Align) -> f32 {
        let (width, ink) = written(words, size);
        let shift = match align {
            Align::Left => 0.0,
            Align::Middle => width * 0.5,
            Align::Right => width,
        };
        let origin = place * FACTOR - Vec2::new(shift, 0.0);
        for (p, share) in ink {
            self.blend((origin.x + p.x).round() as i64, (origin.y + p.y).round() as i64, colour, share);
        }
        width / FACTOR
    }

    /// Writes from bottom to top with the middle of the baseline at `place`.
    pub fn text_upward(&mut self, words: &str, place: Vec2, size: f32, colour: Rgb8) {
        let (width, ink) = written(words, size);
        let origin = place * FACTOR + Vec2::new(0.0, width * 0.5);
        for (p, share) in ink {
            self.blend((origin.x + p.y).round() as i64, (origin.y - p.x).round() as i64, colour, share);
        }
    }
}

/// The width of words and their pixels with coverage, from the start of the baseline, in enlarged pixels.
fn written(words: &str, size: f32) -> (f32, Vec<(Vec2, f32)>) {
    let font = FontRef::try_from_slice(FONT).expect("the bundled font is valid");
    // Fonts give their size from ascent to descent; readers expect it as the em.
    let scale = size * FACTOR * font.height_unscaled() / font.units_per_em().unwrap_or(1000.0);
    let scaled = font.as_scaled(scale);
    let (mut pen, mut last, mut ink) = (0.0, None, Vec::new());
    for letter in words.chars() {
        let id = font.glyph_id(letter);
        if let Some(last) = last {
            pen += scaled.kern(last, id);
        }
        if let Some(glyph) = font.outline_glyph(id.with_scale_and_position(scale, point(pen, 0.0))) {
            let corner = glyph.px_bounds().min;
            glyph.draw(|x, y, share| ink.push((Vec2::new(corner.x + x as f32, corner.y + y as f32), share)));
        }
        pen += scaled.h_advance(id);
        last = Some(id);
    }
    (pen, ink)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_where_they_are_put() {
        let dark = |image: &RgbImage| -> Vec<(u32, u32)> {
            image.enumerate_pixels().filter(|(_, _, p)| p.0[0] < 128).map(|(x, y, _)| (x, y)).collect()
        };
        let mut canvas = Canvas::new((200, 100), [255; 3]);
        let width = canvas.text("HELLO", Vec2::new(150.0, 60.0), 20.0, [0; 3], Align::Right);
        let ink = dark(&canvas.finish());
        assert!((50.0..80.0).contains(&width), "{width}");
        assert!(ink.iter().all(|&(x, y)| x < 150 && x as f32 + 2.0 > 150.0 - width && (43..61).contains(&y)), "{ink:?}");
        let mut upward = Canvas::new((100, 200), [255; 3]);
        upward.text_upward("HELLO", Vec2::new(60.0, 100.0), 20.0, [0; 3]);
        let turned = dark(&upward.finish());
        assert!(turned.len().abs_diff(ink.len()) < ink.len() / 3);
        assert!(turned.iter().all(|&(x, y)| (43..62).contains(&x) && (y as f32 - 100.0).abs() < 0.5 * width + 2.0));
    }

    #[test]
    fn dashes_leave_gaps_and_dots_are_round() {
        let mut canvas = Canvas::new((100, 40), [255; 3]);
        canvas.line(Vec2::new(0.0, 10.0), Vec2::new(100.0, 10.0), 2.0, [0; 3], 10.0);
        canvas.dot(Vec2::new(50.0, 28.0), 6.0, [0; 3], 1.0);
        let image = canvas.finish();
        let black = (0..100).filter(|&x| image.get_pixel(x, 10).0[0] < 128).count();
        assert!((40..60).contains(&black), "{black}");
        let dot = (16..40).flat_map(|y| (0..100).map(move |x| (x, y))).filter(|&(x, y)| image.get_pixel(x, y).0[0] < 128).count();
        assert!((95..130).contains(&dot), "{dot} is not the area of a dot");
    }
}
