//! Sides of invented cars laid flat, as a photo gives them back: unevenly lit, blurred, with gaps, vents and holes; and which
//! words are where. They are what words are looked for in.

use std::ops::Range;

use glam::{Vec2, Vec3};
use gridvox_car::PartClass;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::livery::{Design, Detail, Family, Spot};
use super::noise;

/// Cells of one side, at most.
const MOST_CELLS: f32 = 90_000.0;
/// Share of pieces that are cut out around a word, where there is one.
const AROUND_WORDS: f64 = 0.75;

/// A piece of a car's side.
#[derive(Clone)]
pub struct FlatSide {
    /// Cells per row; rows go from below.
    pub across: usize,
    /// Edge of a cell in metres.
    pub cell_m: f32,
    /// Cube roots of linear RGB; not a number where nothing is to be seen.
    pub tone: Vec<[f32; 3]>,
    /// The word whose strokes cover a cell; `u16::MAX` elsewhere.
    pub word: Vec<u16>,
    /// The word that a cell is inside of, on its strokes or between; `u16::MAX` elsewhere. Empty where nobody asked.
    pub inside: Vec<u16>,
    /// Whether a reader's right is where the cells of a row go.
    pub rightward: bool,
    /// Whether a reader's up is where the rows go.
    pub upright: bool,
}

/// Marks cells without a word in [`FlatSide::word`].
pub const NO_WORD: u16 = u16::MAX;

/// Where the cells of a side lie: the axes of rows and columns, the axis it looks along and towards which end of it.
#[derive(Clone, Copy)]
struct Plane {
    right: usize,
    up: usize,
    out: usize,
    sign: f32,
    rightward: bool,
    upright: bool,
}

const LEFT: Plane = Plane { right: 2, up: 1, out: 0, sign: 1.0, rightward: false, upright: true };
const RIGHT: Plane = Plane { sign: -1.0, rightward: true, ..LEFT };
const FRONT: Plane = Plane { right: 0, up: 1, out: 2, sign: 1.0, rightward: true, upright: true };
const REAR: Plane = Plane { sign: -1.0, rightward: false, ..FRONT };
/// Read from before the car.
const TOP: Plane = Plane { right: 0, up: 2, out: 1, sign: 1.0, rightward: true, upright: false };

impl Plane {
    /// A place on it, a little below the car's bounds.
    fn spot(self, at: Vec2, bounds: (Vec3, Vec3)) -> Spot {
        let (mut position, mut normal) = (Vec3::ZERO, Vec3::ZERO);
        normal[self.out] = self.sign;
        position[self.right] = at.x;
        position[self.up] = at.y;
        position[self.out] = if self.out == 1 { 0.8 * bounds.1.y } else { 0.92 * self.sign * bounds.1[self.out] };
        Spot { position, normal, class: PartClass::Other }
    }

    /// Its lower corner, and its size.
    fn extent(self, bounds: (Vec3, Vec3)) -> (Vec2, Vec2) {
        let of = |v: Vec3| Vec2::new(v[self.right], v[self.up]);
        let (first, size) = (of(bounds.0), of(bounds.1) - of(bounds.0));
        // Roofs are narrower than sides are long.
        (first, if self.up == 1 { size * Vec2::new(1.0, 0.75) } else { size })
    }

    /// Somewhere on a word.
    fn word(self, design: &Design, first: Vec2, size: Vec2, bounds: (Vec3, Vec3), rng: &mut impl Rng) -> Option<Vec2> {
        let tries = 600;
        let at = |rng: &mut _| first + size * Vec2::new(Rng::random(rng), Rng::random(rng));
        (0..tries).map(|_| at(rng)).find(|&at| design.word_at(&self.spot(at, bounds)).is_some())
    }
}

/// Pieces of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Cells per row.
    pub across: usize,
    /// Rows.
    pub down: usize,
    /// Edge of a cell in metres.
    pub cell_m: Range<f32>,
}

/// An endless, seeded row of sides.
pub struct FlatStream {
    rng: Pcg64Mcg,
    families: Vec<Family>,
    frame: Option<Frame>,
}

impl FlatStream {
    /// A stream with liveries of these families.
    pub fn new(seed: u64, families: &[Family]) -> Self {
        Self { rng: Pcg64Mcg::seed_from_u64(seed), families: families.to_vec(), frame: None }
    }

    /// A stream of pieces of one size, with what is inside words. They may reach beyond the car, where nothing is known.
    pub fn framed(seed: u64, families: &[Family], frame: Frame) -> Self {
        Self { frame: Some(frame), ..Self::new(seed, families) }
    }

    /// The next side.
    ///
    /// # Panics
    /// When there is no family.
    pub fn next(&mut self) -> FlatSide {
        let mut side = self.painted();
        weather(&mut side, &mut self.rng);
        side
    }

    /// The next so many of a kind: the same piece under other light.
    ///
    /// # Panics
    /// When there is no family.
    pub fn next_alike(&mut self, count: usize) -> Vec<FlatSide> {
        let side = self.painted();
        let mut alike = vec![side; count];
        alike.iter_mut().for_each(|side| weather(side, &mut self.rng));
        alike
    }

    fn painted(&mut self) -> FlatSide {
        let rng = &mut self.rng;
        let half = Vec3::new(rng.random_range(0.9..1.05), rng.random_range(0.55..0.7), rng.random_range(2.0..2.5));
        let bounds = (Vec3::new(-half.x, 0.0, -half.z), Vec3::new(half.x, 2.0 * half.y, half.z));
        let family = self.families[rng.random_range(0..self.families.len())];
        let design = Design::random(rng.random(), family, bounds, Detail::Fine);
        let plane = match rng.random_range(0..10) {
            0..4 => LEFT,
            4..8 => RIGHT,
            8 => TOP,
            _ => [FRONT, REAR][rng.random_range(0..2)],
        };
        let window = match &self.frame {
            None => {
                let cell_m = 0.0025 * (9.0f32 / 2.5).powf(rng.random());
                Window::random(&design, bounds, plane, cell_m, rng)
            }
            Some(frame) => Window::framed(frame, &design, bounds, plane, rng),
        };
        window.paint(&design, plane, bounds, self.frame.is_some())
    }
}

/// All that lies between a livery and what a photo gives back of it.
fn weather(side: &mut FlatSide, rng: &mut impl Rng) {
    vents(side, rng);
    smears(side, rng);
    light(side, rng);
    blur(side, rng);
    gaps(side, rng);
    let grain = if rng.random_bool(0.6) { rng.random_range(0.0..0.02f32) } else { 0.0 };
    for tone in side.tone.iter_mut().filter(|tone| !tone[0].is_nan()) {
        let common = grain * (rng.random::<f32>() - 0.5) * 3.0;
        *tone = tone.map(|v| (v + common + grain * (rng.random::<f32>() - 0.5)).clamp(0.0, 1.0));
    }
}

struct Window {
    low: Vec2,
    across: usize,
    down: usize,
    cell_m: f32,
}

impl Window {
    fn random(design: &Design, bounds: (Vec3, Vec3), plane: Plane, cell_m: f32, rng: &mut impl Rng) -> Self {
        let (first, size) = plane.extent(bounds);
        let area = MOST_CELLS * cell_m * cell_m;
        let height = rng.random_range(0.3..0.9f32).min(size.y).min(2.0 * area.sqrt());
        let shown = Vec2::new((area / height).clamp(0.3, size.x), height);
        let low = Self::somewhere(shown, design, plane, bounds, rng).min(first + size - shown).max(first);
        Self { low, across: (shown.x / cell_m) as usize, down: (shown.y / cell_m) as usize, cell_m }
    }

    fn framed(frame: &Frame, design: &Design, bounds: (Vec3, Vec3), plane: Plane, rng: &mut impl Rng) -> Self {
        let cell_m = rng.random_range(frame.cell_m.clone());
        let shown = Vec2::new(frame.across as f32, frame.down as f32) * cell_m;
        let low = Self::somewhere(shown, design, plane, bounds, rng);
        Self { low, across: frame.across, down: frame.down, cell_m }
    }

    /// The lower corner of a piece, most often around a word.
    fn somewhere(shown: Vec2, design: &Design, plane: Plane, bounds: (Vec3, Vec3), rng: &mut impl Rng) -> Vec2 {
        let (first, size) = plane.extent(bounds);
        let middle = match plane.word(design, first, size, bounds, rng) {
            Some(word) if rng.random_bool(AROUND_WORDS) => {
                word + shown * Vec2::new(rng.random_range(-0.4..0.4), rng.random_range(-0.4..0.4))
            }
            _ => first + size * Vec2::new(rng.random(), rng.random()),
        };
        middle - 0.5 * shown
    }

    fn paint(&self, design: &Design, plane: Plane, bounds: (Vec3, Vec3), inside: bool) -> FlatSide {
        let count = self.across * self.down;
        let (first, size) = plane.extent(bounds);
        let mut side = FlatSide {
            across: self.across,
            cell_m: self.cell_m,
            tone: Vec::with_capacity(count),
            word: Vec::with_capacity(count),
            inside: Vec::new(),
            rightward: plane.rightward,
            upright: plane.upright,
        };
        for i in 0..count {
            let at = self.low + (Vec2::new((i % self.across) as f32, (i / self.across) as f32) + 0.5) * self.cell_m;
            let spot = plane.spot(at, bounds);
            if inside && (at.cmplt(first).any() || at.cmpgt(first + size).any()) {
                side.tone.push([f32::NAN; 3]);
                side.word.push(NO_WORD);
                side.inside.push(NO_WORD);
                continue;
            }
            side.tone.push(design.ink(&spot).to_array().map(f32::cbrt));
            side.word.push(design.word_at(&spot).map_or(NO_WORD, |word| word as u16));
            if inside {
                side.inside.push(design.word_around(&spot).map_or(NO_WORD, |word| word as u16));
            }
        }
        side
    }
}

impl FlatSide {
    fn down(&self) -> usize {
        self.tone.len() / self.across
    }

    /// Cells of a box around a place, in metres from the corner.
    fn boxed(&self, low: Vec2, high: Vec2) -> impl Iterator<Item = (usize, Vec2)> + use<> {
        let (across, down, cell_m) = (self.across, self.down(), self.cell_m);
        let to = |v: f32, end: usize| ((v / cell_m).max(0.0) as usize).min(end);
        let (x, y) = (to(low.x, across)..to(high.x, across), to(low.y, down)..to(high.y, down));
        y.flat_map(move |y| {
            x.clone().map(move |x| (y * across + x, (Vec2::new(x as f32, y as f32) + 0.5) * cell_m))
        })
    }

    fn size_m(&self) -> Vec2 {
        Vec2::new(self.across as f32, self.down() as f32) * self.cell_m
    }

    fn somewhere(&self, rng: &mut impl Rng) -> Vec2 {
        self.size_m() * Vec2::new(rng.random(), rng.random())
    }

    /// Covers words and all.
    fn cover(&mut self, cell: usize, tone: [f32; 3]) {
        self.tone[cell] = tone;
        self.word[cell] = NO_WORD;
        if let Some(inside) = self.inside.get_mut(cell) {
            *inside = NO_WORD;
        }
    }
}

/// Rows of slots, lamps, caps and handles: what looks like letters to an eye for shapes.
fn vents(side: &mut FlatSide, rng: &mut impl Rng) {
    for _ in 0..rng.random_range(0..4) {
        let at = side.somewhere(rng);
        let grey = rng.random_range(0.0..0.5f32);
        let tone = if rng.random_bool(0.8) { [grey; 3] } else { [rng.random(), rng.random(), rng.random()] };
        let count = rng.random_range(1..9);
        let (tall, wide) = (rng.random_range(0.02..0.16f32), rng.random_range(0.008..0.06f32));
        let (step, lean) = (wide * rng.random_range(1.4..3.0f32), rng.random_range(-1.0..1.0f32));
        let standing = rng.random_bool(0.6);
        let round = rng.random_bool(0.3);
        let ring = if rng.random_bool(0.3) { rng.random_range(0.3..0.8f32) } else { 0.0 };
        let reach = Vec2::splat(count as f32 * step + tall);
        let cells: Vec<usize> = side
            .boxed(at - reach, at + reach)
            .filter(|&(_, p)| {
                let d = if standing { p - at } else { (p - at).perp() };
                let across = d.x - lean * d.y;
                let nth = (across / step).round();
                if nth.abs() > 0.5 * count as f32 {
                    return false;
                }
                let d = Vec2::new((across - nth * step) / (0.5 * wide), d.y / (0.5 * tall));
                if round { (ring * ring..1.0).contains(&d.length_squared()) } else { d.abs().max_element() < 1.0 }
            })
            .map(|(cell, _)| cell)
            .collect();
        cells.into_iter().for_each(|cell| side.cover(cell, tone));
    }
}

/// Where the photo looks past the side, few of its pixels are drawn out over many cells.
fn smears(side: &mut FlatSide, rng: &mut impl Rng) {
    for _ in 0..rng.random_range(0..3) {
        let (at, lean) = (side.somewhere(rng), rng.random_range(-0.6..0.6f32));
        let half = Vec2::new(rng.random_range(0.02..0.2), rng.random_range(0.1..0.6));
        let (half, lying) = if rng.random_bool(0.3) { (half.perp().abs(), true) } else { (half, false) };
        let (out, along) = (rng.random_range(4.0..20.0f32), rng.random_range(0.002..0.02f32));
        let shown = side.tone.clone();
        let (across, down) = (side.across, side.down());
        let cells: Vec<(usize, Vec2)> = side.boxed(at - half, at + half).collect();
        for (cell, p) in cells {
            let d = p - at;
            let d = if lying { Vec2::new(d.x, d.y / out) } else { Vec2::new(d.x / out, d.y) };
            let d = if lying { d + Vec2::X * lean * d.y } else { d + Vec2::Y * lean * d.x };
            // Of what is drawn out only so many pixels are there.
            let from = (at + (d / along).round() * along) / side.cell_m;
            let from = from.clamp(Vec2::ZERO, Vec2::new(across as f32, down as f32) - 1.0);
            let tone = shown[from.y as usize * across + from.x as usize];
            side.cover(cell, tone);
        }
    }
}

/// What is left of light and shade, and glints.
fn light(side: &mut FlatSide, rng: &mut impl Rng) {
    let seed: u32 = rng.random();
    let (depth, size) = (rng.random_range(0.0..0.3f32), rng.random_range(0.2..1.2f32));
    let (veil, grey) = if rng.random_bool(0.4) { (rng.random_range(0.0..0.45f32), rng.random_range(0.2..0.8f32)) } else { (0.0, 0.0) };
    let glints = if rng.random_bool(0.4) { rng.random_range(0.0..0.5f32) } else { 0.0 };
    let across = side.across;
    for (i, tone) in side.tone.iter_mut().enumerate() {
        let p = Vec2::new((i % across) as f32, (i / across) as f32) * side.cell_m;
        let slow = noise::fractal(Vec3::new(p.x, 2.0 * p.y, 0.0) / size, 2, seed) - 0.5;
        let fast = noise::fractal(Vec3::new(p.x, 3.0 * p.y, 7.0) * 4.0, 3, seed) - 0.72;
        let shine = glints * (fast * 12.0).clamp(0.0, 1.0);
        *tone = tone.map(|v| {
            let v = v * (1.0 + 2.0 * depth * slow);
            let v = v + (grey - v) * veil;
            (v + shine * (1.0 - v)).clamp(0.0, 1.0)
        });
    }
}

/// The photo's resolution, poorer along one direction where it looks past the side.
fn blur(side: &mut FlatSide, rng: &mut impl Rng) {
    let base = rng.random_range(0.3..1.0f32).max(rng.random_range(0.0..0.0045f32) / side.cell_m);
    let slanted = if rng.random_bool(0.4) { rng.random_range(1.0..2.2f32) } else { 1.0 };
    let (across, down) = (side.across, side.down());
    let horizontal = rng.random_bool(0.7);
    for (step, along, lines, line_step, sigma) in [
        (1usize, across, down, across, if horizontal { base * slanted } else { base }),
        (across, down, across, 1usize, if horizontal { base } else { base * slanted }),
    ] {
        let reach = (2.5 * sigma).ceil() as isize;
        let weights: Vec<f32> = (-reach..=reach).map(|d| (-0.5 * (d as f32 / sigma).powi(2)).exp()).collect();
        let total: f32 = weights.iter().sum();
        let mut row = vec![[0.0f32; 3]; along];
        for line in 0..lines {
            let at = |i: usize| line * line_step + i * step;
            (0..along).for_each(|i| row[i] = side.tone[at(i)]);
            for i in 0..along {
                let mut sum = [0.0f32; 3];
                for (w, d) in weights.iter().zip(-reach..=reach) {
                    let from = row[(i as isize + d).clamp(0, along as isize - 1) as usize];
                    sum = std::array::from_fn(|k| sum[k] + w * from[k]);
                }
                side.tone[at(i)] = sum.map(|v| v / total);
            }
        }
    }
}

/// Panel gaps, which show as a jump or a dark line, and what is not seen at all.
fn gaps(side: &mut FlatSide, rng: &mut impl Rng) {
    let size = side.size_m();
    for _ in 0..rng.random_range(0..3) {
        let (at, lean, bend) = (side.somewhere(rng), rng.random_range(-0.5..0.5f32), rng.random_range(-0.4..0.4f32));
        let lying = rng.random_bool(0.3);
        let wide = rng.random_range(0.002..0.007f32).max(side.cell_m);
        let dark: f32 = rng.random_range(0.2..0.9);
        let cells: Vec<usize> = side
            .boxed(Vec2::ZERO, size)
            .filter(|&(_, p)| {
                let d = if lying { (p - at).perp() } else { p - at };
                (d.x - lean * d.y - bend * d.y * d.y).abs() < 0.5 * wide
            })
            .map(|(cell, _)| cell)
            .collect();
        for cell in cells {
            side.tone[cell] = side.tone[cell].map(|v| v * dark);
        }
    }
    for _ in 0..rng.random_range(0..3) {
        let (at, radius) = (side.somewhere(rng), rng.random_range(0.05..0.4f32));
        let round = rng.random_bool(0.6);
        let stretch = Vec2::new(rng.random_range(0.5..1.5), rng.random_range(0.5..1.5));
        let cells: Vec<usize> = side
            .boxed(at - 1.5 * radius, at + 1.5 * radius)
            .filter(|&(_, p)| {
                let d = (p - at) * stretch;
                if round { d.length() < radius } else { d.abs().max_element() < 0.6 * radius }
            })
            .map(|(cell, _)| cell)
            .collect();
        // A word goes on where a gap hides a piece of it.
        cells.into_iter().for_each(|cell| (side.tone[cell], side.word[cell]) = ([f32::NAN; 3], NO_WORD));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_seeded_and_words_stand_out_on_them() {
        let (mut stream, mut again) = (FlatStream::new(3, &Family::TRAINING), FlatStream::new(3, &Family::TRAINING));
        let (mut written, mut standing_out, mut words) = (0, 0, 0);
        for _ in 0..12 {
            let (side, twin) = (stream.next(), again.next());
            assert!(side.word == twin.word && side.tone.iter().zip(&twin.tone).all(|(a, b)| a == b || a[0].is_nan()));
            assert!(side.tone.len() % side.across == 0 && side.tone.len() > 5000);
            for cell in (1..side.word.len()).filter(|&cell| side.word[cell] != side.word[cell - 1] && cell % side.across > 4) {
                if side.word[cell] == NO_WORD || side.tone[cell - 4][0].is_nan() || cell % side.across + 3 >= side.across {
                    continue;
                }
                words += 1;
                let off: f32 = (0..3).map(|k| (side.tone[cell + 2][k] - side.tone[cell - 3][k]).abs()).sum();
                standing_out += usize::from(off > 0.1);
            }
            written += usize::from(side.word.iter().any(|&word| word != NO_WORD));
        }
        assert!(written > 4, "only {written} of 12 sides have words");
        assert!(standing_out * 3 > words * 2, "{standing_out} of {words} strokes stand out");
    }
}
