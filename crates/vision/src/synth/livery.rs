//! Invented liveries: families of designs as functions of a place on the car.
//!
//! A design is evaluated in the car's space, so it runs across panel gaps as a real livery does and needs no atlas;
//! [`paint`] evaluates it once per texel of an atlas to get a texture. Numbers and sponsors are decals projected along
//! the car's axes. The family [`HELD_OUT`] is never used in training and serves evaluation.

use std::sync::Arc;

use glam::{Vec2, Vec3};
use gridvox_car::{AtlasMaps, CarModel, PartClass};
use image::{Rgba, RgbaImage};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::inks::{self, luminance, to_srgb};
use super::lettering::Word;
use super::noise;
use super::patterns::{self, Pattern};

/// Families of liveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// One ink, perhaps with decals.
    Plain,
    /// Stripes along, across or around the car.
    Stripes,
    /// One ink running into the next, smoothly or in dots.
    Gradient,
    /// Organic or blocky camouflage.
    Camouflage,
    /// Two or three large fields of colour with many sponsors.
    Sponsors,
    /// Splashes, flames and spatter.
    Splash,
    /// Each panel in its own ink.
    Panels,
    /// Facets like broken glass; kept out of training.
    Polygons,
}

impl Family {
    /// What training draws from.
    pub const TRAINING: [Self; 7] = [
        Self::Plain,
        Self::Stripes,
        Self::Gradient,
        Self::Camouflage,
        Self::Sponsors,
        Self::Splash,
        Self::Panels,
    ];
}

/// The family that training never sees.
pub const HELD_OUT: Family = Family::Polygons;

/// A place on the car that asks for its ink.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    /// Metres in the car's space.
    pub position: Vec3,
    /// Unit length, outward.
    pub normal: Vec3,
    /// The panel.
    pub class: PartClass,
}

/// From which side a decal is projected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plane {
    Left,
    Right,
    Top,
    Front,
    Rear,
}

impl Plane {
    /// Rightward and upward coordinates as a reader sees them, or `None` where the surface faces away.
    fn project(self, spot: &Spot) -> Option<Vec2> {
        let (p, n) = (spot.position, spot.normal);
        let (facing, at) = match self {
            Self::Left => (n.x, Vec2::new(-p.z, p.y)),
            Self::Right => (-n.x, Vec2::new(p.z, p.y)),
            Self::Top => (n.y, Vec2::new(p.x, -p.z)),
            Self::Front => (n.z, Vec2::new(p.x, p.y)),
            Self::Rear => (-n.z, Vec2::new(-p.x, p.y)),
        };
        (facing > 0.4).then_some(at)
    }
}

#[derive(Debug, Clone)]
enum Mark {
    Word(Arc<Word>),
    Disc,
    Bar,
    Chevron,
}

#[derive(Debug, Clone)]
struct Decal {
    plane: Plane,
    centre: Vec2,
    half: Vec2,
    /// Rightward unit vector of the decal on its plane.
    along: Vec2,
    mark: Mark,
    ink: Vec3,
}

/// What [`Design::word_around`] leaves away at a word's ends, above and below, as a share of its height.
const INSIDE: f32 = 0.12;

impl Decal {
    /// A place on the decal, -1..1 along both axes within it; `None` where the surface faces away.
    fn local(&self, spot: &Spot) -> Option<Vec2> {
        let d = self.plane.project(spot)? - self.centre;
        Some(Vec2::new(d.dot(self.along), d.dot(self.along.perp())) / self.half)
    }

    fn is_inside(&self, spot: &Spot) -> bool {
        let reach = 1.0 - 2.0 * INSIDE * self.half.y / self.half;
        self.local(spot).is_some_and(|local| local.abs().cmplt(reach).all())
    }

    fn coverage(&self, spot: &Spot) -> f32 {
        let Some(local) = self.local(spot) else { return 0.0 };
        if local.x.abs() > 1.0 || local.y.abs() > 1.0 {
            return 0.0;
        }
        match &self.mark {
            Mark::Word(word) => word.coverage(local.x * 0.5 + 0.5, 0.5 - local.y * 0.5),
            Mark::Disc => f32::from(local.length_squared() < 1.0),
            Mark::Bar => 1.0,
            Mark::Chevron => f32::from((local.x * 3.0 - local.y.abs() * 2.0).rem_euclid(2.0) < 1.0),
        }
    }
}

/// How finely letters are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// For pictures a few hundred pixels wide.
    Coarse,
    /// For textures of 2048 texels and photos.
    Fine,
}

/// A whole livery as a function of the place on the car.
#[derive(Debug, Clone)]
pub struct Design {
    centre: Vec3,
    half: Vec3,
    inks: Vec<Vec3>,
    left: Pattern,
    /// Where the right side differs.
    right: Option<Pattern>,
    /// Panels that have an ink of their own: mirrors, skirts, the wing.
    trim: [Option<Vec3>; PartClass::ALL.len()],
    decals: Vec<Decal>,
    /// Number and sponsors.
    words: Vec<String>,
}

impl Design {
    /// Invents a livery for a car with these bounds (smallest and largest corner, metres).
    pub fn random(seed: u64, family: Family, bounds: (Vec3, Vec3), detail: Detail) -> Self {
        let mut rng = Pcg64Mcg::seed_from_u64(seed ^ 0x6c69_7665_7279);
        let rng = &mut rng;
        let inks = inks::palette(rng);
        let asymmetric = rng.random_bool(0.3);
        let left = patterns::random(family, &inks, asymmetric, rng);
        let right = (asymmetric && rng.random_bool(0.5)).then(|| patterns::random(family, &inks, true, rng));
        let mut trim = [None; PartClass::ALL.len()];
        if family != Family::Plain && rng.random_bool(0.6) {
            let ink = inks[rng.random_range(0..inks.len())];
            let groups: [&[PartClass]; 4] = [
                &[PartClass::MirrorLeft, PartClass::MirrorRight],
                &[PartClass::SkirtLeft, PartClass::SkirtRight],
                &[PartClass::RearWing],
                &[PartClass::Roof],
            ];
            for class in groups.into_iter().filter(|_| rng.random_bool(0.45)).flatten() {
                trim[*class as usize] = Some(ink);
            }
        }
        let mut design = Self {
            centre: (bounds.0 + bounds.1) * 0.5,
            half: ((bounds.1 - bounds.0) * 0.5).max(Vec3::splat(1e-3)),
            inks,
            left,
            right,
            trim,
            decals: Vec::new(),
            words: Vec::new(),
        };
        let decals = match family {
            Family::Sponsors => true,
            Family::Plain => rng.random_bool(0.3),
            _ => rng.random_bool(0.75),
        };
        if decals {
            design.add_decals(rng, family == Family::Sponsors, asymmetric, detail);
        }
        design
    }

    /// The palette in sRGB, the main ink first.
    pub fn colours(&self) -> Vec<[u8; 3]> {
        self.inks.iter().map(|ink| ink.to_array().map(|v| (to_srgb(v) * 255.0 + 0.5) as u8)).collect()
    }

    /// What is written on the car: the number, then the sponsors; empty on a car without decals.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The ink at a place, linear RGB.
    pub fn ink(&self, spot: &Spot) -> Vec3 {
        let mut ink = self.ground(spot);
        for decal in &self.decals {
            let coverage = decal.coverage(spot);
            if coverage > 0.0 {
                ink = ink.lerp(decal.ink, coverage);
            }
        }
        ink
    }

    /// The word or number whose strokes cover a place: one index for each time that one is set on the car.
    pub fn word_at(&self, spot: &Spot) -> Option<usize> {
        let top = self.decals.iter().rposition(|decal| decal.coverage(spot) > 0.5)?;
        matches!(self.decals[top].mark, Mark::Word(_)).then_some(top)
    }

    /// The word that a place lies inside, on a stroke or between strokes; its outermost parts do not count, so that words beside each
    /// other stay apart.
    pub fn word_around(&self, spot: &Spot) -> Option<usize> {
        let covers = |decal: &Decal| match decal.mark {
            Mark::Word(_) => decal.is_inside(spot),
            _ => decal.coverage(spot) > 0.5,
        };
        let top = self.decals.iter().rposition(covers)?;
        matches!(self.decals[top].mark, Mark::Word(_)).then_some(top)
    }

    fn ground(&self, spot: &Spot) -> Vec3 {
        if let Some(ink) = self.trim[spot.class as usize] {
            return ink;
        }
        let pattern = match &self.right {
            Some(right) if spot.position.x < 0.0 => right,
            _ => &self.left,
        };
        let q = (spot.position - self.centre) / self.half;
        pattern.ink(spot, q, &self.inks)
    }

    fn add_decals(&mut self, rng: &mut impl Rng, many: bool, asymmetric: bool, detail: Detail) {
        let letters_px = if detail == Detail::Fine { 160 } else { 40 };
        let typeface = rng.random_range(0..super::lettering::TYPEFACES);
        let number = rng.random_range(1..=999).to_string();
        let (low, size) = (self.centre - self.half, self.half * 2.0);
        let at_side = |along: f32, up: f32| Vec2::new((along - 0.5) * size.z, low.y + up * size.y);
        let slant = if rng.random_bool(0.4) { rng.random_range(-0.12..0.12) } else { 0.0 };

        let word = Word::new(&number, typeface, letters_px);
        self.words.push(number);
        let height = rng.random_range(0.26..0.42f32);
        let spot = at_side(rng.random_range(0.42..0.58), rng.random_range(0.40..0.48));
        let panel = rng.random_range(0..4);
        for plane in [Plane::Left, Plane::Right] {
            self.number(plane, spot, slant, height, &word, panel, rng);
        }
        if rng.random_bool(0.7) {
            let spot = Vec2::new(rng.random_range(-0.1..0.1), -size.z * rng.random_range(0.26..0.36));
            self.number(Plane::Top, spot, 0.0, height * 0.9, &word, panel, rng);
        }
        if rng.random_bool(0.5) {
            self.number(Plane::Top, Vec2::new(0.0, size.z * 0.06), 0.0, height * 0.9, &word, panel, rng);
        }

        let sponsors = if many { rng.random_range(5..11) } else { rng.random_range(1..5) };
        for _ in 0..sponsors {
            let name = super::lettering::SPONSORS[rng.random_range(0..super::lettering::SPONSORS.len())];
            self.words.push(name.to_owned());
            let word = Word::new(name, rng.random_range(0..super::lettering::TYPEFACES), letters_px);
            let height = rng.random_range(0.05..0.17f32);
            match rng.random_range(0..10) {
                0..6 => {
                    let spot = at_side(rng.random_range(0.1..0.9), rng.random_range(0.16..0.62));
                    let sides: &[Plane] = match (asymmetric, rng.random_bool(0.5)) {
                        (true, true) => &[Plane::Left],
                        (true, false) => &[Plane::Right],
                        _ => &[Plane::Left, Plane::Right],
                    };
                    for &plane in sides {
                        // The same distance from the nose on both sides: readers' "right" is opposite there.
                        let spot = if plane == Plane::Right { Vec2::new(-spot.x, spot.y) } else { spot };
                        self.word(plane, spot, slant, height, &word, rng);
                    }
                }
                6..8 => {
                    let spot = Vec2::new(rng.random_range(-0.2..0.2), rng.random_range(-0.45..0.48) * size.z);
                    self.word(Plane::Top, spot, 0.0, height * 1.3, &word, rng);
                }
                8 => self.word(Plane::Front, Vec2::new(0.0, low.y + size.y * 0.3), 0.0, height, &word, rng),
                _ => self.word(Plane::Rear, Vec2::new(0.0, low.y + size.y * 0.45), 0.0, height, &word, rng),
            }
        }
    }

    fn place(&self, plane: Plane, at: Vec2) -> Spot {
        // Where the decal's middle lies roughly, to ask for the ground's ink there.
        let (position, normal) = match plane {
            Plane::Left => (Vec3::new(self.half.x, at.y, -at.x), Vec3::X),
            Plane::Right => (Vec3::new(-self.half.x, at.y, at.x), -Vec3::X),
            Plane::Top => (Vec3::new(at.x, self.half.y * 2.0, -at.y), Vec3::Y),
            Plane::Front => (Vec3::new(at.x, at.y, self.half.z), Vec3::Z),
            Plane::Rear => (Vec3::new(-at.x, at.y, -self.half.z), -Vec3::Z),
        };
        Spot { position, normal, class: PartClass::Other }
    }

    fn word(&mut self, plane: Plane, centre: Vec2, slant: f32, height: f32, word: &Arc<Word>, rng: &mut impl Rng) {
        let ground = self.ground(&self.place(plane, centre));
        let half = Vec2::new(height * word.aspect(), height) * 0.5;
        let along = Vec2::from_angle(slant);
        let mut ink = inks::readable(ground, &self.inks, rng);
        if rng.random_bool(0.15) {
            let bar = ink;
            self.decals.push(Decal { plane, centre, half: half * Vec2::new(1.1, 1.35), along, mark: Mark::Bar, ink: bar });
            ink = inks::readable(bar, &self.inks, rng);
        } else if rng.random_bool(0.1) {
            let behind = centre - along * (half.x + height);
            let half = Vec2::splat(height * 0.5);
            self.decals.push(Decal { plane, centre: behind, half, along, mark: Mark::Chevron, ink });
        }
        self.decals.push(Decal { plane, centre, half, along, mark: Mark::Word(word.clone()), ink });
    }

    #[expect(clippy::too_many_arguments, reason = "one call describes one number on the car")]
    fn number(
        &mut self,
        plane: Plane,
        centre: Vec2,
        slant: f32,
        height: f32,
        word: &Arc<Word>,
        panel: u32,
        rng: &mut impl Rng,
    ) {
        let centre = if plane == Plane::Right { Vec2::new(-centre.x, centre.y) } else { centre };
        let ground = self.ground(&self.place(plane, centre));
        let half = Vec2::new(height * word.aspect(), height) * 0.5;
        let along = Vec2::from_angle(slant);
        let under = match panel {
            0 => None,
            1 => Some((Mark::Disc, Vec2::splat(half.length() * 1.12))),
            _ => Some((Mark::Bar, half + Vec2::splat(height * 0.16))),
        };
        let mut ink = inks::readable(ground, &self.inks, rng);
        if let Some((mark, half)) = under {
            let panel = if luminance(ground) > 0.3 { Vec3::splat(0.012) } else { Vec3::splat(0.87) };
            self.decals.push(Decal { plane, centre, half, along, mark, ink: panel });
            ink = inks::readable(panel, &[], rng);
        }
        self.decals.push(Decal { plane, centre, half, along, mark: Mark::Word(word.clone()), ink });
    }
}

/// Paints a design on a car's atlas: sRGB, opaque; texels without paint carry the ink of the nearest painted rows.
pub fn paint(design: &Design, atlas: &AtlasMaps, classes: &[PartClass]) -> RgbaImage {
    let size = atlas.size;
    let mut image = RgbaImage::from_pixel(size, size, Rgba([128, 128, 128, 255]));
    // Four samples per texel keep letters' edges smooth; neighbours' positions stand in for the places between.
    image.as_mut().par_chunks_mut(4 * size as usize).enumerate().for_each(|(y, row)| {
        for x in 0..size as usize {
            let texel = y * size as usize + x;
            let id = atlas.part[texel];
            if id == 0 {
                continue;
            }
            let class = classes.get(id as usize - 1).copied().unwrap_or(PartClass::Other);
            let here = atlas.position[texel];
            let step = |next: Option<usize>| match next {
                Some(next) if next < atlas.part.len() && atlas.part[next] == id => {
                    let d = atlas.position[next] - here;
                    if d.length_squared() < 0.0025 { d } else { Vec3::ZERO }
                }
                _ => Vec3::ZERO,
            };
            let right = step((x + 1 < size as usize).then_some(texel + 1));
            let down = step(Some(texel + size as usize));
            let mut sum = Vec3::ZERO;
            for (dx, dy) in [(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)] {
                let position = here + right * dx + down * dy;
                sum += design.ink(&Spot { position, normal: atlas.normal[texel], class });
            }
            let ink = sum * 0.25;
            for (channel, value) in row[4 * x..4 * x + 3].iter_mut().zip(ink.to_array()) {
                *channel = (to_srgb(value) * 255.0 + 0.5) as u8;
            }
        }
    });
    image
}

/// Invents a livery of a family and paints it on a car's atlas: what evaluation, synthesis and tests use.
pub fn random(seed: u64, family: Family, model: &CarModel, atlas: &AtlasMaps) -> RgbaImage {
    let design = Design::random(seed, family, model.bounds(), Detail::Fine);
    paint(&design, atlas, &classes(model))
}

/// Each part's class, as [`paint`] asks for them.
pub fn classes(model: &CarModel) -> Vec<PartClass> {
    model.parts.iter().map(|part| part.class).collect()
}

/// The seed of one of many related random things.
pub fn derive_seed(seed: u64, index: u64) -> u64 {
    u64::from(noise::hash(seed as u32 as i32, (seed >> 32) as i32, index as i32, 0x5eed)) << 32
        | u64::from(noise::hash(index as i32, (index >> 32) as i32, seed as i32, 0xfeed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: (Vec3, Vec3) = (Vec3::new(-1.0, 0.0, -2.3), Vec3::new(1.0, 1.28, 2.3));

    fn spots() -> impl Iterator<Item = Spot> {
        (0..600).map(|i| {
            let t = i as f32 / 600.0;
            let position = Vec3::new(0.95, 0.2 + 0.5 * (t * 37.0).fract(), -2.2 + 4.4 * t);
            Spot { position, normal: Vec3::X, class: PartClass::DoorLeft }
        })
    }

    #[test]
    fn one_seed_is_one_livery_and_another_is_another() {
        for family in Family::TRAINING.into_iter().chain([HELD_OUT]) {
            let colours = |seed| -> Vec<Vec3> {
                let design = Design::random(seed, family, BOUNDS, Detail::Coarse);
                spots().map(|s| design.ink(&s)).collect()
            };
            assert_eq!(colours(3), colours(3));
            assert_ne!(colours(3), colours(4));
            assert!(colours(5).iter().all(|c| c.is_finite() && c.min_element() >= 0.0 && c.max_element() <= 1.0));
        }
        assert!(!Family::TRAINING.contains(&HELD_OUT));
    }

    #[test]
    fn about_three_in_ten_liveries_differ_between_the_sides() {
        let differ = |seed: u64| {
            let design = Design::random(seed, Family::Stripes, BOUNDS, Detail::Coarse);
            spots().any(|spot| {
                let other = Spot {
                    position: spot.position * Vec3::new(-1.0, 1.0, 1.0),
                    normal: -Vec3::X,
                    class: PartClass::DoorRight,
                };
                design.ground(&spot) != design.ground(&other)
            })
        };
        let share = (0..200).filter(|&seed| differ(seed)).count() as f32 / 200.0;
        assert!((0.1..0.4).contains(&share), "{share}");
    }

    #[test]
    fn letters_read_from_left_to_right_on_both_sides() {
        let word = Word::new("L", 0, 40);
        for (plane, toward_reader, normal) in [(Plane::Left, -1.0, Vec3::X), (Plane::Right, 1.0, -Vec3::X)] {
            let mark = Mark::Word(word.clone());
            let decal = Decal { plane, centre: Vec2::ZERO, half: Vec2::ONE, along: Vec2::X, mark, ink: Vec3::ONE };
            // An L has its stroke at the reader's left, above; a reader's right is -z on the car's left side.
            let at = |right: f32| {
                let position = Vec3::new(normal.x, 0.5, right * toward_reader);
                decal.coverage(&Spot { position, normal, class: PartClass::Other })
            };
            assert!(at(-0.8) > 0.9 && at(0.5) < 0.1, "{plane:?}: {} {}", at(-0.8), at(0.5));
        }
    }
}
