//! The photos that went worst, as a picture: what was shown, what was there, what was found, and which measure is to blame.

use glam::Vec2;
use gridvox_car::AtlasMaps;
use image::{Rgb, RgbImage, RgbaImage, imageops};

use super::canvas::{Align, Canvas, INK, PAPER, Rgb8, SOFT, WRONG};
use super::{Case, CaseScore, Verdict, delta_e};
use crate::synth::stress::Shows;

/// Edge of a livery, and size that a photo fits into, in pixels.
const LIVERY: u32 = 210;
const PHOTO: (u32, u32) = (316, LIVERY);
const GAP: u32 = 14;
const MARGIN: u32 = 40;
const HEAD: u32 = 108;
const WORDS: u32 = 430;
/// What is aimed for: median correspondence in texels, and CIEDE2000 of what is seen, mirrored and unseen, after a gain.
const AIM: [f32; 4] = [2.0, 5.0, 8.0, 14.0];
/// A measure counts at most this many times its aim.
const MOST: f32 = 5.0;
/// CIEDE2000 that is drawn darkest.
const DARKEST: f32 = 40.0;

/// Collects photos and keeps the worst.
pub struct Worst<'a> {
    maps: &'a AtlasMaps,
    most: usize,
    kept: Vec<Kept>,
}

struct Kept {
    badness: f32,
    case: Case,
    photo: RgbImage,
    truth: RgbImage,
    found: Option<RgbImage>,
}

impl<'a> Worst<'a> {
    /// Keeps up to `most` photos of the car that the maps are of.
    pub fn new(maps: &'a AtlasMaps, most: usize) -> Self {
        Self { maps, most, kept: Vec::new() }
    }

    /// Looks at one more photo; photos of no car, which have no measures, only count where a livery was made of them.
    pub fn consider(&mut self, case: &Case, photo: &RgbImage, truth: &RgbaImage, found: Option<&RgbaImage>) {
        let badness = badness(case);
        if badness <= 0.0 || (self.kept.len() == self.most && self.kept.last().is_some_and(|last| last.badness >= badness)) {
            return;
        }
        let small = |livery: &RgbaImage| {
            let rgb = image::DynamicImage::from(livery.clone()).into_rgb8();
            imageops::resize(&rgb, LIVERY, LIVERY, imageops::FilterType::Triangle)
        };
        let scale = (PHOTO.0 as f32 / photo.width() as f32).min(PHOTO.1 as f32 / photo.height() as f32);
        let edge = |v: u32| ((v as f32 * scale).round() as u32).max(1);
        let photo = imageops::resize(photo, edge(photo.width()), edge(photo.height()), imageops::FilterType::Triangle);
        let kept = Kept { badness, case: case.clone(), photo, truth: small(truth), found: found.map(small) };
        let place = self.kept.partition_point(|other| other.badness >= badness);
        self.kept.insert(place, kept);
        self.kept.truncate(self.most);
    }

    /// One row each, the worst first; `title` says of which set.
    pub fn draw(&self, title: &str) -> RgbImage {
        let columns = [0, PHOTO.0 + GAP, PHOTO.0 + LIVERY + 2 * GAP, PHOTO.0 + 2 * LIVERY + 3 * GAP, PHOTO.0 + 3 * LIVERY + 4 * GAP]
            .map(|x| (MARGIN + x) as f32);
        let width = columns[4] as u32 + WORDS + MARGIN;
        let row = LIVERY + GAP;
        let mut canvas = Canvas::new((width, HEAD + row * self.kept.len().max(1) as u32 + MARGIN), PAPER);
        canvas.text(title, Vec2::new(columns[0], 48.0), 26.0, INK, Align::Left);
        let heads = ["photo", "true livery", "livery found", "difference, to \u{394}E 40", "what went wrong"];
        for (x, words) in columns.into_iter().zip(heads) {
            canvas.text(words, Vec2::new(x, HEAD as f32 - 16.0), 16.0, SOFT, Align::Left);
        }
        for (index, kept) in self.kept.iter().enumerate() {
            let y = (HEAD + row * index as u32) as f32;
            canvas.picture(&kept.photo, Vec2::new(columns[0], y));
            canvas.picture(&kept.truth, Vec2::new(columns[1], y));
            if let Some(found) = &kept.found {
                canvas.picture(found, Vec2::new(columns[2], y));
                canvas.picture(&self.difference(&kept.truth, found), Vec2::new(columns[3], y));
            }
            for (line, (words, size, colour)) in in_words(&kept.case).into_iter().enumerate() {
                canvas.text(&words, Vec2::new(columns[4], y + 24.0 + 27.0 * line as f32), size, colour, Align::Left);
            }
        }
        canvas.finish()
    }

    /// White where a part's paint is right, dark red where it is not, grey where no part is.
    fn difference(&self, truth: &RgbImage, found: &RgbImage) -> RgbImage {
        RgbImage::from_fn(LIVERY, LIVERY, |x, y| {
            let at = |v: u32| ((f64::from(v) + 0.5) * f64::from(self.maps.size) / f64::from(LIVERY)) as usize;
            if self.maps.part[at(y) * self.maps.size as usize + at(x)] == 0 {
                return Rgb([225, 228, 233]);
            }
            let off = (delta_e(truth.get_pixel(x, y).0, found.get_pixel(x, y).0) / DARKEST).min(1.0);
            Rgb([1.0 - 0.45 * off, 1.0 - off, 1.0 - (1.6 * off).min(1.0)].map(|v| (255.0 * v) as u8))
        })
    }
}

/// Each measure by what it should at most be, with the words for it.
fn blame(score: &CaseScore) -> [(f32, String); 4] {
    let color = score.color.unwrap_or_default();
    let texels = score.median_texels().unwrap_or(0.0);
    let words = |what: &str, value: Option<f32>| format!("{what}: \u{394}E {:.1}", value.unwrap_or(0.0));
    [
        (texels / AIM[0], format!("the camera: {texels:.1} texels")),
        (color.visible_aligned.unwrap_or(0.0) / AIM[1], words("light taken for paint", color.visible_aligned)),
        (color.mirrored_aligned.unwrap_or(0.0) / AIM[2], words("the sides differ", color.mirrored_aligned)),
        (color.unseen_aligned.unwrap_or(0.0) / AIM[3], words("invented where nothing shows", color.unseen_aligned)),
    ]
}

/// 0 for what cannot be told or went as it should; a refused photo of a car is as bad as can be but for a confident error.
fn badness(case: &Case) -> f32 {
    let confident = if case.verdict == Verdict::ConfidentWrong { 5.0 * MOST } else { 0.0 };
    match &case.score {
        _ if case.shows == Shows::NoCar => confident,
        _ if case.refusal.is_some() => if case.shows == Shows::Car { 4.0 * MOST } else { 0.0 },
        Some(score) => confident + blame(score).iter().map(|(ratio, _)| ratio.min(MOST)).sum::<f32>(),
        None => confident,
    }
}

/// Lines about a photo with their size and colour: its name, the verdict, and the measures, the one to blame first.
fn in_words(case: &Case) -> Vec<(String, f32, Rgb8)> {
    let mut lines = vec![(case.name.clone(), 18.0, INK)];
    let verdict_colour = if case.verdict == Verdict::ConfidentWrong { WRONG } else { SOFT };
    let accuracy = case.painter.map_or(String::new(), |painter| format!(", accuracy score {:.0}", painter.accuracy));
    lines.push((format!("{}{accuracy}", case.verdict.label()), 16.0, verdict_colour));
    if let Some(refusal) = &case.refusal {
        lines.extend(wrapped(refusal, 52).into_iter().map(|words| (words, 16.0, INK)));
    } else if let Some(score) = &case.score {
        let mut measures = blame(score);
        measures.sort_by(|a, b| b.0.total_cmp(&a.0));
        let colour = |ratio: f32| if ratio > 1.0 { INK } else { SOFT };
        lines.extend(measures.into_iter().map(|(ratio, words)| (words, 16.0, colour(ratio))));
    }
    lines
}

/// Lines of at most `most` letters where words allow it.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::tests::made_up_case;
    use super::*;

    fn looked_at(names_and_texels: &[(&str, f32)]) -> Vec<String> {
        let maps = AtlasMaps::compute(&gridvox_car::testing::box_car(), 64);
        let mut worst = Worst::new(&maps, 2);
        for &(name, texels) in names_and_texels {
            let case = made_up_case(name, 90.0, texels, Verdict::Right);
            worst.consider(&case, &RgbImage::new(64, 40), &RgbaImage::new(32, 32), Some(&RgbaImage::new(32, 32)));
        }
        worst.kept.iter().map(|kept| kept.case.name.clone()).collect()
    }

    #[test]
    fn the_worst_are_kept_in_order() {
        assert_eq!(looked_at(&[("fair", 1.0), ("poor", 6.0), ("good", 0.2), ("bad", 9.0), ("fine", 0.5)]), ["bad", "poor"]);
    }

    #[test]
    fn what_is_most_to_blame_comes_first() {
        let mut case = made_up_case("a", 90.0, 1.0, Verdict::Right);
        let color = super::super::ColorScore { visible_aligned: Some(6.0), unseen_aligned: Some(30.0), ..Default::default() };
        case.score = case.score.map(|score| CaseScore { color: Some(color), ..score });
        let lines = in_words(&case);
        assert!(lines[2].0.contains("invented") && lines[2].0.contains("30.0"), "{lines:?}");
        assert!(lines[3].0.contains("light taken for paint"), "{lines:?}");
    }

    #[test]
    fn the_difference_is_drawn_where_paint_is() {
        let maps = AtlasMaps::compute(&gridvox_car::testing::box_car(), 64);
        let mut worst = Worst::new(&maps, 10);
        let sheet = |value| RgbaImage::from_pixel(64, 64, image::Rgba([value, value, value, 255]));
        let case = made_up_case("a", 90.0, 8.0, Verdict::Right);
        worst.consider(&case, &RgbImage::new(64, 40), &sheet(250), Some(&sheet(0)));
        let red = |picture: &RgbImage| picture.pixels().filter(|p| p.0[0] > 110 && p.0[1] < 40 && p.0[2] < 40).count();
        let wrong = red(&worst.draw("a set"));
        let mut right = Worst::new(&maps, 10);
        right.consider(&case, &RgbImage::new(64, 40), &sheet(250), Some(&sheet(250)));
        assert!(wrong > 2000 && red(&right.draw("a set")) == 0, "{wrong}");
    }
}
