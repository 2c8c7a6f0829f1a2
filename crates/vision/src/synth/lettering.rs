//! Words and numbers as masks, for sponsors and start numbers on invented liveries.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use ab_glyph::{Font, FontRef, ScaleFont, point};

/// Fonts under the SIL Open Font License; see `assets/CREDITS.md`.
const FONT_FILES: [&[u8]; 2] = [
    include_bytes!("../../../../assets/fonts/bebas_neue/BebasNeue-Bold.otf"),
    include_bytes!("../../../../assets/fonts/league_spartan/LeagueSpartan-Black.otf"),
];

/// How many typefaces there are.
pub const TYPEFACES: usize = FONT_FILES.len();

/// Invented sponsors; none is meant to be a real company.
pub const SPONSORS: [&str; 40] = [
    "VELOXA", "NORDVIND", "APEXIO", "KORVIN", "LUMETRA", "OKTAN OIL", "BRAVADA", "TORQUO", "ZENTRIX", "HELIOR",
    "PISTONE", "ARGENTO", "FULGOR", "MIRAVEL", "QUANTEL 9", "RAPTIDE", "SOLVANE", "TRAKTA", "ULTRION", "VANTORA",
    "WYNDEX", "XALTO", "YORVIK GT", "ZEPHYRA", "ALPENGAS", "BOREAL", "CINDRA", "DRIVANT", "ECHELO", "FERROX",
    "GRIPTEC", "HYPERIA", "IGNIVA", "JETLUX", "KINETO", "LOGISTA", "MONDIAL X", "NEXORA", "ORBITAL", "PROVELO",
];

/// A word drawn as coverage, cropped to its ink.
#[derive(Debug, PartialEq)]
pub struct Word {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// 0 outside to 255 inside, row-major from the top.
    pub mask: Vec<u8>,
}

impl Word {
    /// Draws `text` in a typeface (`0..TYPEFACES`) with capitals about `size_px` high. Drawn words are kept.
    pub fn new(text: &str, typeface: usize, size_px: u32) -> Arc<Self> {
        type Drawn = Mutex<BTreeMap<(String, usize, u32), Arc<Word>>>;
        static DRAWN: OnceLock<Drawn> = OnceLock::new();
        let typeface = typeface % TYPEFACES;
        let key = (text.to_owned(), typeface, size_px);
        let mut drawn =
            DRAWN.get_or_init(Drawn::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        drawn.entry(key).or_insert_with(|| Arc::new(Self::draw(text, typeface, size_px))).clone()
    }

    /// As [`Self::new`], without keeping it.
    pub fn draw(text: &str, typeface: usize, size_px: u32) -> Self {
        let font = FontRef::try_from_slice(FONT_FILES[typeface]).expect("the bundled fonts are valid");
        let scale = size_px as f32 * 1.4;
        let scaled = font.as_scaled(scale);
        let (mut pen, mut glyphs, mut last) = (0.0, Vec::new(), None);
        for letter in text.chars() {
            let id = font.glyph_id(letter);
            if let Some(last) = last {
                pen += scaled.kern(last, id);
            }
            glyphs.extend(font.outline_glyph(id.with_scale_and_position(scale, point(pen, scaled.ascent()))));
            pen += scaled.h_advance(id);
            last = Some(id);
        }
        let bounds = glyphs.iter().map(|g| g.px_bounds()).reduce(|a, b| ab_glyph::Rect {
            min: point(a.min.x.min(b.min.x), a.min.y.min(b.min.y)),
            max: point(a.max.x.max(b.max.x), a.max.y.max(b.max.y)),
        });
        let Some(bounds) = bounds else { return Self { width: 1, height: 1, mask: vec![0] } };
        let (width, height) = (bounds.width().ceil() as usize + 1, bounds.height().ceil() as usize + 1);
        let mut mask = vec![0u8; width * height];
        for glyph in &glyphs {
            let corner = glyph.px_bounds().min - bounds.min;
            glyph.draw(|x, y, coverage| {
                let (x, y) = (x as usize + corner.x as usize, y as usize + corner.y as usize);
                if x < width && y < height {
                    let value = &mut mask[y * width + x];
                    *value = (*value).max((coverage * 255.0) as u8);
                }
            });
        }
        Self { width, height, mask }
    }

    /// Width divided by height.
    pub fn aspect(&self) -> f32 {
        self.width as f32 / self.height as f32
    }

    /// Coverage in 0..1 at `u`, `v` in 0..1 from the top left, bilinear.
    pub fn coverage(&self, u: f32, v: f32) -> f32 {
        let (x, y) = (u * self.width as f32 - 0.5, v * self.height as f32 - 0.5);
        let (x0, y0) = (x.floor(), y.floor());
        let at = |x: f32, y: f32| {
            if x < 0.0 || y < 0.0 || x as usize >= self.width || y as usize >= self.height {
                return 0.0;
            }
            f32::from(self.mask[y as usize * self.width + x as usize]) / 255.0
        };
        let (fx, fy) = (x - x0, y - y0);
        let top = at(x0, y0) * (1.0 - fx) + at(x0 + 1.0, y0) * fx;
        let bottom = at(x0, y0 + 1.0) * (1.0 - fx) + at(x0 + 1.0, y0 + 1.0) * fx;
        top * (1.0 - fy) + bottom * fy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wide_and_have_ink() {
        for typeface in 0..TYPEFACES {
            let word = Word::new("LUMETRA", typeface, 48);
            assert!(word.aspect() > 1.5 && (40..90).contains(&word.height), "{} x {}", word.width, word.height);
            let ink = word.mask.iter().filter(|&&m| m > 128).count() as f32 / word.mask.len() as f32;
            assert!((0.2..0.9).contains(&ink), "{ink}");
        }
        assert!(Arc::ptr_eq(&Word::new("7", 0, 48), &Word::new("7", 0, 48)));
    }

    #[test]
    fn an_l_has_its_ink_at_the_left_and_bottom() {
        let word = Word::new("L", 1, 64);
        assert!(word.coverage(0.15, 0.2) > 0.9 && word.coverage(0.8, 0.95) > 0.9);
        assert!(word.coverage(0.8, 0.2) < 0.1 && word.coverage(-0.5, 0.5) == 0.0);
    }
}
