//! Words on the side that nobody saw, with the reading network of `models/`.

use std::sync::Arc;

use candle_core::Device;
use glam::{Vec2, Vec3};
use gridvox_car::testing::box_car;
use gridvox_car::{AtlasMaps, bundled};
use gridvox_vision::color::{LinearRgb, delta_e};
use gridvox_vision::complete::{Completed, Readers, complete};
use gridvox_vision::delight::{Ink, Palette};
use gridvox_vision::net::{LetteringNetwork, ReadingNetwork, weights};
use gridvox_vision::synth::lettering::Word;

const WHITE: LinearRgb = [0.8, 0.8, 0.8];
const RED: LinearRgb = [0.5, 0.03, 0.03];
/// Of no ink.
const FAINT: LinearRgb = [0.5, 0.5, 0.5];

struct Networks {
    finder: LetteringNetwork,
    reader: ReadingNetwork,
}

impl Networks {
    fn load() -> Self {
        let models = bundled::models_dir();
        Self {
            finder: weights::load(&models, &Device::Cpu).expect("the weights fit"),
            reader: weights::load(&models, &Device::Cpu).expect("the weights fit"),
        }
    }

    fn readers(&self) -> Readers<'_> {
        Readers { finder: Some(&self.finder), reader: Some(&self.reader) }
    }

    fn reader_alone(&self) -> Readers<'_> {
        Readers { reader: Some(&self.reader), ..Readers::default() }
    }
}

/// A word on the car's sides: its middle along the car and in height, and its height, metres.
struct Lettered {
    word: Arc<Word>,
    middle: Vec2,
    height: f32,
    /// As in a mirror.
    backward: bool,
}

impl Lettered {
    fn new(text: &str, height: f32) -> Self {
        Self { word: Word::new(text, 1, 160), middle: Vec2::new(0.2, 0.58), height, backward: false }
    }

    /// Whether a stroke covers a place on either side, as its reader sees it.
    fn covers(&self, p: Vec3) -> bool {
        let right = if (p.x > 0.0) != self.backward { self.middle.x - p.z } else { p.z - self.middle.x };
        let at = Vec2::new(right / (self.height * self.word.aspect()), (self.middle.y - p.y) / self.height) + 0.5;
        p.x.abs() > 0.9 && self.word.coverage(at.x, at.y) > 0.5
    }
}

/// Shows the box car's left side alone, and completes it.
fn completed(paint: impl Fn(Vec3) -> LinearRgb, readers: Readers<'_>) -> (AtlasMaps, Completed) {
    let maps = AtlasMaps::compute(&box_car(), 1024);
    let mut color = vec![[0.0; 3]; maps.part.len()];
    let mut weight = vec![0.0; maps.part.len()];
    for i in (0..maps.part.len()).filter(|&i| maps.part[i] != 0 && maps.normal[i].x > 0.5) {
        (color[i], weight[i]) = (paint(maps.position[i]), 0.8);
    }
    let palette = Palette { inks: vec![Ink { color: WHITE, share: 0.7 }, Ink { color: RED, share: 0.3 }] };
    let done = complete(color, &weight, &maps, &palette, None, readers).expect("it runs");
    (maps, done)
}

/// Texels of the unseen side where `paint` and its mirror image differ, and those among them that are not as painted.
fn wrong(maps: &AtlasMaps, done: &Completed, paint: impl Fn(Vec3) -> LinearRgb) -> (usize, usize) {
    let (mut all, mut wrong) = (0, 0);
    for i in (0..maps.part.len()).filter(|&i| maps.part[i] != 0 && maps.normal[i].x < -0.5) {
        let p = maps.position[i];
        let there = p * Vec3::new(-1.0, 1.0, 1.0);
        let near_edge = [(0.008, 0.0), (-0.008, 0.0), (0.0, 0.008), (0.0, -0.008)]
            .iter()
            .any(|&(dz, dy)| paint(p + Vec3::new(0.0, dy, dz)) != paint(p));
        if paint(p) != paint(there) && !near_edge {
            all += 1;
            wrong += usize::from(delta_e(done.color[i], paint(p)) > 6.0);
        }
    }
    (all, wrong)
}

#[test]
fn a_faint_word_without_an_ink_of_its_own_stays_readable() {
    let word = Lettered::new("TORVAN", 0.12);
    let paint = |p: Vec3| if word.covers(p) { FAINT } else { WHITE };
    let (maps, done) = completed(paint, Networks::load().readers());
    let (all, off) = wrong(&maps, &done, paint);
    assert!(all > 200 && off * 12 < all, "{off} of {all} texels are wrong");
    // By its inks alone nobody would find it.
    let (maps, done) = completed(paint, Readers::default());
    let (all, off) = wrong(&maps, &done, paint);
    assert!(done.words == 0 && off * 2 > all, "{off} of {all} texels are wrong");
}

#[test]
fn a_number_keeps_its_place_on_its_roundel() {
    let number = Lettered::new("27", 0.16);
    let paint = |p: Vec3| {
        let from = Vec2::new(p.z, p.y).distance(number.middle);
        if number.covers(p) { [0.02; 3] } else if from < 0.19 { WHITE } else { RED }
    };
    let (maps, done) = completed(paint, Networks::load().readers());
    let (all, off) = wrong(&maps, &done, paint);
    assert!(all > 300 && off * 12 < all, "{off} of {all} texels are wrong");
    // Beside it nothing moves.
    for i in (0..maps.part.len()).filter(|&i| maps.part[i] != 0 && maps.normal[i].x < -0.5) {
        let p = maps.position[i];
        if Vec2::new(p.z, p.y).distance(number.middle) > 0.165 && (maps.mirror[i] as usize) < maps.part.len() {
            assert_eq!(done.color[i], done.color[maps.mirror[i] as usize], "at {p}");
        }
    }
}

/// A number that touches a line of its own ink is no piece of that ink alone.
#[test]
fn a_number_with_a_line_of_its_ink_through_it_stays_readable() {
    let number = Lettered::new("457", 0.3);
    let line = |p: Vec3| p.x.abs() > 0.9 && (p.y - number.middle.y - 0.05).abs() < 0.012;
    let paint = |p: Vec3| if number.covers(p) || line(p) { RED } else { WHITE };
    let networks = Networks::load();
    let (maps, done) = completed(paint, networks.readers());
    let (all, off) = wrong(&maps, &done, paint);
    assert!(all > 300 && off * 4 < all, "{off} of {all} texels are wrong");
    let (maps, done) = completed(paint, networks.reader_alone());
    let (all, off) = wrong(&maps, &done, paint);
    assert!(off * 2 > all, "{off} of {all} texels are wrong without the lettering network");
}

#[test]
fn chevrons_stripes_and_discs_are_mirrored_as_they_are() {
    let (chevrons, stripes, discs) = (
        |p: Vec3| (p.z * 6.0 - (p.y - 0.55).abs() * 8.0).rem_euclid(2.0) < 1.0 && (p.y - 0.55).abs() < 0.08,
        |p: Vec3| (p.y * 14.0).rem_euclid(1.0) < 0.4,
        |p: Vec3| Vec2::new((p.z * 5.0).rem_euclid(1.0) - 0.5, (p.y - 0.55) * 5.0).length() < 0.35,
    );
    let shapes: [&dyn Fn(Vec3) -> bool; 3] = [&chevrons, &stripes, &discs];
    let networks = Networks::load();
    for (index, shape) in shapes.iter().enumerate() {
        for ink in [RED, FAINT] {
            let (maps, done) = completed(|p| if shape(p) && p.x.abs() > 0.9 { ink } else { WHITE }, networks.readers());
            let moved = (0..maps.part.len())
                .filter(|&i| maps.part[i] != 0 && maps.normal[i].x < -0.5 && (maps.mirror[i] as usize) < maps.part.len())
                .filter(|&i| delta_e(done.color[i], done.color[maps.mirror[i] as usize]) > 3.0)
                .count();
            assert_eq!(moved, 0, "shape {index} of ink {ink:?}: {} words", done.words);
        }
    }
}

#[test]
fn mirror_writing_is_told_from_writing() {
    let networks = Networks::load();
    for backward in [false, true] {
        let word = Lettered { backward, ..Lettered::new("KESTRO 27", 0.16) };
        let (_, done) = completed(|p| if word.covers(p) { FAINT } else { WHITE }, networks.readers());
        let odds = done.mirrored_log_odds.expect("a word is found");
        assert!(if backward { odds > 1.0 } else { odds < -1.0 }, "log odds {odds} of {backward}");
    }
}
