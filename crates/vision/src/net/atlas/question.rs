//! What the completion network is asked: places on the car with the inks that are seen there, as rows of numbers.

use glam::Vec3;
use gridvox_car::PartClass;

use crate::color;
use crate::delight::{MAX_INKS, Palette};

/// A piece of the painted surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Metres, in the car's space.
    pub position: Vec3,
    /// Unit length, outward.
    pub normal: Vec3,
    /// The panel.
    pub class: PartClass,
}

/// A place that is seen, with the share of each ink on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Where.
    pub place: Place,
    /// By the palette's order; sums to 1.
    pub inks: [f32; MAX_INKS],
}

/// What the network is told of one livery.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Smallest and largest corner of the car, metres.
    pub bounds: (Vec3, Vec3),
    /// At least one ink.
    pub palette: &'a Palette,
    /// What is seen; at least one place.
    pub seen: &'a [Seen],
    /// What is asked for.
    pub open: &'a [Place],
}

pub(super) const CLASSES: usize = PartClass::ALL.len();
/// Octaves of the place's sines and cosines.
const OCTAVES: usize = 3;
/// Where the panel's class begins among a place's numbers.
pub(super) const CLASS_AT: usize = 4 + 6 * OCTAVES + 4;
/// Numbers that describe a place.
pub const FEATURES: usize = CLASS_AT + CLASSES;
/// Numbers that distances are measured by: from the centre line, across, in height, along the car, and the normal.
pub(super) const AXES: usize = 7;
/// Numbers that describe an ink.
pub(super) const INK_FEATURES: usize = 5;
/// Added to the score of an ink that is not there.
const ABSENT: f32 = -1e4;

impl Place {
    /// Both sides are told apart by one number alone; else they are the same.
    fn folded(&self) -> (Vec3, Vec3, f32) {
        let side = if self.position.x < 0.0 { -1.0 } else { 1.0 };
        let fold = Vec3::new(side, 1.0, 1.0);
        (self.position * fold, self.normal * fold, side)
    }

    /// Appends the [`FEATURES`] numbers that the network sees.
    pub fn features(&self, bounds: (Vec3, Vec3), out: &mut Vec<f32>) {
        let (position, normal, side) = self.folded();
        let (low, high) = bounds;
        let place = (position - (low + high) * 0.5) / ((high - low) * 0.5).max(Vec3::splat(1e-6));
        out.extend(place.to_array());
        // The side counts for little near the centre line.
        out.push(side * (place.x.abs() * 4.0).min(1.0));
        for octave in 0..OCTAVES {
            let scaled = place * (std::f32::consts::PI * (1 << octave) as f32);
            out.extend(scaled.to_array().map(f32::sin));
            out.extend(scaled.to_array().map(f32::cos));
        }
        out.extend(normal.to_array());
        out.push(place.length());
        let class = (self.class as usize).min(self.class.mirrored() as usize);
        let named = self.class != PartClass::Other;
        out.extend((0..CLASSES).map(|c| f32::from(u8::from(named && c == class))));
    }

    fn axes(&self, out: &mut Vec<f32>) {
        let (position, normal, _) = self.folded();
        out.extend([position.x, self.position.x, position.y, position.z]);
        out.extend(normal.to_array());
    }
}

/// Places as rows of numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    /// [`FEATURES`] a row.
    pub features: Vec<f32>,
    /// [`AXES`] a row.
    pub axes: Vec<f32>,
}

impl Rows {
    pub fn new(places: impl Iterator<Item = Place>, bounds: (Vec3, Vec3)) -> Self {
        let mut rows = Self::default();
        for place in places {
            place.features(bounds, &mut rows.features);
            place.axes(&mut rows.axes);
        }
        rows
    }
}

/// Questions as numbers: what is made where they are drawn, so that who computes does not wait for it.
#[derive(Debug, Clone)]
pub struct Encoded {
    pub(super) seen: Rows,
    pub(super) seen_inks: Vec<f32>,
    pub(super) open: Rows,
    pub(super) inks: Vec<f32>,
    /// What is added to the score of each ink.
    pub(super) absent: Vec<f32>,
}

impl Question<'_> {
    /// As the network takes it.
    pub fn encoded(&self) -> Encoded {
        let mut inks = Vec::with_capacity(MAX_INKS * INK_FEATURES);
        ink_features(self.palette, &mut inks);
        Encoded {
            seen: Rows::new(self.seen.iter().map(|s| s.place), self.bounds),
            seen_inks: self.seen.iter().flat_map(|s| s.inks).collect(),
            open: Rows::new(self.open.iter().copied(), self.bounds),
            inks,
            absent: (0..MAX_INKS).map(|k| if k < self.palette.inks.len() { 0.0 } else { ABSENT }).collect(),
        }
    }
}

fn ink_features(palette: &Palette, out: &mut Vec<f32>) {
    for k in 0..MAX_INKS {
        match palette.inks.get(k) {
            Some(ink) => {
                let lab = color::lab(ink.color);
                out.extend([lab.l / 50.0 - 1.0, lab.a / 50.0, lab.b / 50.0, ink.share, 0.3 * (ink.share + 0.003).ln()]);
            }
            None => out.extend([0.0; INK_FEATURES]),
        }
    }
}
