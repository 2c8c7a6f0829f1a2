//! Pictures of words, forward and mirrored, as they are cut out of a car's side: bent, cut off, blurred and of low
//! resolution; of shapes that look like words and have no direction; and of what the finder of words finds on invented cars.
//!
//! Everything but the letters themselves is drawn symmetrically (slant, bend, where something is missing), so that letters
//! are all that tells a word from its mirror image.

use glam::Vec2;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::lettering::{SPONSORS, TYPEFACES, Word};
use super::letters::LetterStream;
use super::livery::Family;
use crate::net::reading::{HEIGHT, WIDTH, WordPicture};

/// Height of letters as they are drawn, in pixels.
const LETTERS_PX: u32 = 56;
/// Share of pictures that are found on cars; the others are drawn.
const FOUND: f64 = 0.7;
/// Share of drawn pictures that show no word, or one that stands on end or on its head.
const SHAPES: f64 = 0.3;
/// Edge of the canvas that words are bent on, by its height.
const CANVAS: (usize, usize) = (320, 96);
/// Space around a word, as a share of its height; the same where words are cut out of a livery.
pub const MARGIN: f32 = 0.12;

/// A picture and what it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Writing {
    /// The picture.
    pub picture: WordPicture,
    /// 1 for mirror writing, 0 for a word that reads forward, 0.5 for what has no direction.
    pub mirrored: f32,
    /// Whether it is a word or number that stands upright.
    pub is_writing: bool,
}

/// An endless, seeded row of pictures.
pub struct WritingStream {
    rng: Pcg64Mcg,
    found: LetterStream,
}

impl WritingStream {
    /// A stream from a seed; what is found on cars is on liveries of these families.
    pub fn new(seed: u64, families: &[Family]) -> Self {
        // Most words are on cars with sponsors.
        let families: Vec<Family> = families.iter().flat_map(|&f| vec![f; if f == Family::Sponsors { 4 } else { 1 }]).collect();
        Self { rng: Pcg64Mcg::seed_from_u64(seed), found: LetterStream::new(seed, &families) }
    }

    /// The next picture.
    pub fn next(&mut self) -> Writing {
        let rng = &mut self.rng;
        if rng.random_bool(FOUND) {
            return self.found.next();
        }
        let shape = rng.random_bool(SHAPES);
        let mut canvas = loop {
            let mut canvas = match (shape, rng.random_range(0..5)) {
                (false, _) => written(rng),
                (true, 0) => turned(&written(rng), rng),
                (true, _) => shapes(rng),
            };
            wear(&mut canvas, rng);
            if canvas.ink_box().is_some() {
                break canvas;
            }
        };
        if rng.random_bool(0.3) {
            clutter(&mut canvas, rng);
        }
        let (low, high) = canvas.ink_box().unwrap_or((Vec2::ZERO, Vec2::ONE));
        let mut picture = framed(low, high, MARGIN, |at| canvas.at(at));
        photograph(&mut picture.0, rng);
        let mirrored = rng.random_bool(0.5);
        let picture = if mirrored { picture.mirrored() } else { picture };
        let mirrored = if shape { 0.5 } else { f32::from(u8::from(mirrored)) };
        Writing { picture, mirrored, is_writing: !shape }
    }
}

/// Samples a box into a word's picture: its shape is kept, it fills the picture in one direction and lies in the middle.
/// `at` gives 0..1 at a place; places and the margin around the box are in the box's unit, with y downward.
pub fn framed(low: Vec2, high: Vec2, margin: f32, at: impl Fn(Vec2) -> f32) -> WordPicture {
    /// Samples per pixel along each axis.
    const FINE: usize = 3;
    let size = (high - low).max(Vec2::splat(1e-6));
    let shown = size + 2.0 * margin * size.y;
    let step = (shown / Vec2::new(WIDTH as f32, HEIGHT as f32)).max_element();
    let corner = (low + high) * 0.5 - Vec2::new(WIDTH as f32, HEIGHT as f32) * (0.5 * step);
    let pixel = |i: usize| {
        let mut sum = 0.0;
        for k in 0..FINE * FINE {
            let inside = Vec2::new((k % FINE) as f32 + 0.5, (k / FINE) as f32 + 0.5) / FINE as f32;
            sum += at(corner + (Vec2::new((i % WIDTH) as f32, (i / WIDTH) as f32) + inside) * step);
        }
        (sum / (FINE * FINE) as f32).clamp(0.0, 1.0)
    };
    WordPicture((0..WIDTH * HEIGHT).map(pixel).collect())
}

/// Coverage on a grid, row-major from the top.
struct Canvas {
    width: usize,
    height: usize,
    ink: Vec<f32>,
}

impl Canvas {
    fn from_fn(width: usize, height: usize, f: impl Fn(Vec2) -> f32) -> Self {
        let at = |i: usize| f(Vec2::new((i % width) as f32 + 0.5, (i / width) as f32 + 0.5));
        Self { width, height, ink: (0..width * height).map(at).collect() }
    }

    /// Bilinear; 0 beyond its edges.
    fn at(&self, p: Vec2) -> f32 {
        let q = p - 0.5;
        let (x0, y0) = (q.x.floor(), q.y.floor());
        let value = |x: f32, y: f32| {
            let inside = x >= 0.0 && y >= 0.0 && (x as usize) < self.width && (y as usize) < self.height;
            if inside { self.ink[y as usize * self.width + x as usize] } else { 0.0 }
        };
        let (fx, fy) = (q.x - x0, q.y - y0);
        let top = value(x0, y0) * (1.0 - fx) + value(x0 + 1.0, y0) * fx;
        let bottom = value(x0, y0 + 1.0) * (1.0 - fx) + value(x0 + 1.0, y0 + 1.0) * fx;
        top * (1.0 - fy) + bottom * fy
    }

    /// Smallest and largest corner of what is inked; `None` where nothing but specks is.
    fn ink_box(&self) -> Option<(Vec2, Vec2)> {
        let inked = || (0..self.ink.len()).filter(|&i| self.ink[i] > 0.5);
        let place = |i: usize| Vec2::new((i % self.width) as f32, (i / self.width) as f32);
        let low = inked().map(place).reduce(Vec2::min)?;
        let high = inked().map(place).reduce(Vec2::max)? + 1.0;
        (inked().count() > 40 && (high - low).min_element() > 6.0).then_some((low, high))
    }

    /// Averages over squares of `2 * radius + 1` pixels.
    fn blur(&mut self, radius: usize) {
        let (w, h) = (self.width as isize, self.height as isize);
        for (step, along, count) in [(1isize, w, h), (w, h, w)] {
            let across = if step == 1 { w } else { 1 };
            for line in 0..count {
                let start = line * across;
                let row: Vec<f32> = (0..along).map(|i| self.ink[(start + i * step) as usize]).collect();
                for i in 0..along {
                    let (from, to) = ((i - radius as isize).max(0), (i + radius as isize).min(along - 1));
                    let sum: f32 = row[from as usize..=to as usize].iter().sum();
                    self.ink[(start + i * step) as usize] = sum / (2 * radius + 1) as f32;
                }
            }
        }
    }
}

fn text(rng: &mut impl Rng) -> String {
    let letters = |count: usize, alphabet: &[u8], rng: &mut dyn FnMut(usize) -> usize| -> String {
        (0..count).map(|_| char::from(alphabet[rng(alphabet.len())])).collect()
    };
    let (kind, count, digits) = (rng.random_range(0..10), rng.random_range(1..10), rng.random_range(1..4));
    let mut pick = |n: usize| rng.random_range(0..n);
    match kind {
        0..2 => SPONSORS[pick(SPONSORS.len())].to_owned(),
        2..5 => letters(digits, b"0123456789", &mut pick),
        5..7 => letters(count, b"abcdefghijklmnopqrstuvwxyz", &mut pick),
        7..9 => letters(count, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", &mut pick),
        _ => letters(count, b"ABCDEFGHJKLNPRSZabcdefghknrs0123456789-./", &mut pick),
    }
}

/// A word on a bent and slanted line, of any weight.
fn written(rng: &mut impl Rng) -> Canvas {
    let word = Word::draw(&text(rng), rng.random_range(0..TYPEFACES), LETTERS_PX);
    let stretch = rng.random_range(0.65..1.5f32);
    let slant = if rng.random_bool(0.5) { rng.random_range(-0.35..0.35f32) } else { 0.0 };
    let turn = if rng.random_bool(0.5) { rng.random_range(-0.15..0.15f32) } else { 0.0 };
    let bend = if rng.random_bool(0.3) { rng.random_range(-0.3..0.3f32) } else { 0.0 };
    let (width, height) = CANVAS;
    let size = Vec2::new(word.width as f32 * stretch, word.height as f32);
    let fit = (Vec2::new(width as f32 * 0.85, height as f32 * 0.62) / size).min_element();
    let middle = Vec2::new(width as f32, height as f32) * 0.5;
    let mut canvas = Canvas::from_fn(width, height, |p| {
        let d = (p - middle) / (fit * size);
        let across = d.x * size.x / size.y;
        let y = d.y + turn * across + bend * (d.x * d.x - 0.12);
        word.coverage(d.x + slant * y * size.y / size.x + 0.5, y + 0.5)
    });
    if rng.random_bool(0.4) {
        canvas.blur(rng.random_range(1..4));
        let level = rng.random_range(0.25..0.75f32);
        canvas.ink.iter_mut().for_each(|v| *v = ((*v - level) * 5.0 + 0.5).clamp(0.0, 1.0));
    }
    if rng.random_bool(0.12) {
        outline(&mut canvas);
    }
    canvas
}

/// Leaves the rim of the strokes.
fn outline(canvas: &mut Canvas) {
    let whole = canvas.ink.clone();
    canvas.blur(3);
    for (v, whole) in canvas.ink.iter_mut().zip(whole) {
        *v = (whole - ((*v - 0.85) * 8.0).clamp(0.0, 1.0)).max(0.0);
    }
}

/// Standing on end or on its head.
fn turned(canvas: &Canvas, rng: &mut impl Rng) -> Canvas {
    let (w, h) = (canvas.width as f32, canvas.height as f32);
    match rng.random_range(0..3) {
        0 => Canvas::from_fn(canvas.height, canvas.width, |p| canvas.at(Vec2::new(p.y, h - p.x))),
        1 => Canvas::from_fn(canvas.height, canvas.width, |p| canvas.at(Vec2::new(w - p.y, p.x))),
        _ => Canvas::from_fn(canvas.width, canvas.height, |p| canvas.at(Vec2::new(w - p.x, h - p.y))),
    }
}

/// A row of things that are no letters.
fn shapes(rng: &mut impl Rng) -> Canvas {
    let count = rng.random_range(1..6);
    let (width, height) = CANVAS;
    let tall = rng.random_range(24.0..56.0f32);
    let (step, kind) = (tall * rng.random_range(0.6..1.6f32), rng.random_range(0..6));
    let mut figures: Vec<Vec<Vec2>> = Vec::new();
    let mut discs: Vec<(Vec2, f32, f32)> = Vec::new();
    for i in 0..count {
        let middle = Vec2::new(width as f32 * 0.5 + (i as f32 - 0.5 * (count - 1) as f32) * step, height as f32 * 0.5);
        let size = tall * 0.5 * rng.random_range(0.7..1.0f32);
        let corner = |x: f32, y: f32| middle + Vec2::new(x, y) * size;
        match kind {
            // Facets and splinters.
            0 | 1 => {
                let corners = rng.random_range(3..9);
                let mut angles: Vec<f32> = (0..corners).map(|_| rng.random_range(0.0..std::f32::consts::TAU)).collect();
                angles.sort_by(f32::total_cmp);
                figures.push(angles.into_iter().map(|a| corner(a.cos(), a.sin()) * 1.0).collect());
            }
            // Arrows and chevrons.
            2 => figures.push(
                [(-1.0, -1.0), (0.2, -1.0), (1.0, 0.0), (0.2, 1.0), (-1.0, 1.0), (-0.2, 0.0)].map(|(x, y)| corner(x, y)).to_vec(),
            ),
            // Slashes.
            3 => {
                let (lean, thick) = (rng.random_range(-0.8..0.8f32), rng.random_range(0.1..0.4f32));
                let ends = [(lean - thick, -1.0), (lean + thick, -1.0), (thick - lean, 1.0), (-thick - lean, 1.0)];
                figures.push(ends.map(|(x, y)| corner(x, y)).to_vec());
            }
            // Rings and drops.
            4 => discs.push((middle, size, size * rng.random_range(0.0..0.85f32))),
            // Torn blots: a polygon whose corners jump in and out.
            _ => {
                let corners = rng.random_range(7..22);
                let at = |k: usize, r: f32| {
                    let a = std::f32::consts::TAU * k as f32 / corners as f32;
                    corner(r * a.cos(), r * a.sin())
                };
                figures.push((0..corners).map(|k| at(k, rng.random_range(0.15..1.2))).collect());
            }
        }
    }
    Canvas::from_fn(width, height, |p| {
        let in_disc = discs.iter().any(|(middle, outer, inner)| (*inner..*outer).contains(&p.distance(*middle)));
        f32::from(u8::from(in_disc || figures.iter().any(|figure| contains(figure, p))))
    })
}

/// Whether a polygon contains a place, by the even-odd rule.
fn contains(figure: &[Vec2], p: Vec2) -> bool {
    let mut inside = false;
    for (i, a) in figure.iter().enumerate() {
        let b = figure[(i + 1) % figure.len()];
        if (a.y > p.y) != (b.y > p.y) && p.x < a.x + (p.y - a.y) / (b.y - a.y) * (b.x - a.x) {
            inside = !inside;
        }
    }
    inside
}

/// Takes pieces away: cut off at one end, hidden in the middle, or scratched.
fn wear(canvas: &mut Canvas, rng: &mut impl Rng) {
    let Some((low, high)) = canvas.ink_box() else { return };
    let size = high - low;
    let mut hidden: Vec<(Vec2, Vec2)> = Vec::new();
    if rng.random_bool(0.25) {
        let cut = size.x * rng.random_range(0.05..0.45f32);
        let (from, to) = if rng.random_bool(0.5) { (low.x, low.x + cut) } else { (high.x - cut, high.x) };
        hidden.push((Vec2::new(from, low.y), Vec2::new(to, high.y)));
    }
    if rng.random_bool(0.15) {
        let at = low + size * Vec2::new(rng.random(), rng.random());
        hidden.push((at, at + size * Vec2::new(rng.random_range(0.02..0.25), rng.random_range(0.1..0.8))));
    }
    if rng.random_bool(0.15) {
        let (from, up) = (low.y + size.y * rng.random::<f32>(), rng.random_bool(0.5));
        let to = from + size.y * rng.random_range(0.03..0.3f32) * if up { -1.0 } else { 1.0 };
        hidden.push((Vec2::new(low.x, from.min(to)), Vec2::new(high.x, from.max(to))));
    }
    for (i, v) in canvas.ink.iter_mut().enumerate() {
        let p = Vec2::new((i % canvas.width) as f32, (i / canvas.width) as f32);
        if hidden.iter().any(|(low, high)| p.cmpge(*low).all() && p.cmple(*high).all()) {
            *v = 0.0;
        }
    }
}

/// Other things around: what lies beside a line has another tone, which may be the strokes' own.
fn clutter(canvas: &mut Canvas, rng: &mut impl Rng) {
    let normal = Vec2::from_angle(rng.random_range(0.0..std::f32::consts::TAU));
    let Some((low, high)) = canvas.ink_box() else { return };
    let middle = (low + high) * 0.5;
    let size = high - low;
    let reach = (normal.abs() * size).element_sum() * 0.5;
    let from = reach * rng.random_range(0.2..1.1f32);
    let (tone, thick) = (rng.random_range(0.1..0.7f32), size.y * rng.random_range(0.1..2.0f32));
    for (i, v) in canvas.ink.iter_mut().enumerate() {
        let p = Vec2::new((i % canvas.width) as f32, (i / canvas.width) as f32);
        if (from..from + thick).contains(&(p - middle).dot(normal)) {
            *v = v.max(tone * (1.0 - *v));
        }
    }
}

/// What is lost on the way: resolution, sharpness, contrast; and what is added, noise.
fn photograph(picture: &mut Vec<f32>, rng: &mut impl Rng) {
    let mut canvas = Canvas { width: WIDTH, height: HEIGHT, ink: std::mem::take(picture) };
    let coarse = if rng.random_bool(0.5) { rng.random_range(0.28..0.9f32) } else { 1.0 };
    if coarse < 1.0 {
        let small = ((WIDTH as f32 * coarse) as usize, (HEIGHT as f32 * coarse) as usize);
        let by = Vec2::new(WIDTH as f32 / small.0 as f32, HEIGHT as f32 / small.1 as f32);
        let few = Canvas::from_fn(small.0, small.1, |p| {
            let quarter = by * 0.25;
            let corners = [Vec2::new(-1.0, -1.0), Vec2::new(1.0, -1.0), Vec2::new(-1.0, 1.0), Vec2::ONE];
            corners.iter().map(|c| canvas.at(p * by + *c * quarter)).sum::<f32>() * 0.25
        });
        canvas = Canvas::from_fn(WIDTH, HEIGHT, |p| few.at(p / by));
    }
    if rng.random_bool(0.3) {
        canvas.blur(1);
    }
    let noise = if rng.random_bool(0.5) { rng.random_range(0.0..0.12f32) } else { 0.0 };
    let (strokes, ground) = (rng.random_range(0.7..1.15f32), rng.random_range(-0.1..0.2f32));
    let slope = Vec2::new(rng.random_range(-0.2..0.2f32), rng.random_range(-0.2..0.2f32));
    for (i, v) in canvas.ink.iter_mut().enumerate() {
        let d = Vec2::new((i % WIDTH) as f32 / WIDTH as f32, (i / WIDTH) as f32 / HEIGHT as f32) - 0.5;
        let grain = noise * (rng.random::<f32>() + rng.random::<f32>() + rng.random::<f32>() - 1.5) * 2.0;
        *v = (ground + *v * (strokes - ground) * (1.0 + slope.dot(d)) + grain).clamp(0.0, 1.0);
    }
    *picture = canvas.ink;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_seeded_and_of_all_kinds() {
        let (mut stream, mut again) = (WritingStream::new(4, &[Family::Sponsors]), WritingStream::new(4, &[Family::Sponsors]));
        let mut kinds = [0; 3];
        for _ in 0..320 {
            let one = stream.next();
            assert_eq!(one, again.next());
            assert_eq!(one.picture.0.len(), WIDTH * HEIGHT);
            assert!(one.picture.0.iter().all(|v| (0.0..=1.0).contains(v)));
            let (least, most) = one.picture.0.iter().fold((1.0f32, 0.0f32), |(a, b), v| (a.min(*v), b.max(*v)));
            assert!(most - least > 0.25, "something is to be seen: {least} to {most}");
            kinds[(2.0 * one.mirrored) as usize] += 1;
        }
        assert!(kinds.iter().all(|&k| k > 35), "{kinds:?}");
    }

    #[test]
    fn a_box_is_framed_in_the_middle_with_its_shape() {
        // The left half of a square is inked.
        let picture = framed(Vec2::new(10.0, 20.0), Vec2::new(14.0, 24.0), 0.0, |p| {
            let inside = p.cmpgt(Vec2::new(10.0, 20.0)).all() && p.cmplt(Vec2::new(12.0, 24.0)).all();
            f32::from(u8::from(inside))
        });
        let (rows, middle) = (HEIGHT, WIDTH / 2);
        let inked: f32 = picture.0.iter().sum();
        assert!((inked - (rows * rows / 2) as f32).abs() < 2.0, "{inked}");
        assert_eq!((picture.0[5 * WIDTH + middle - 2], picture.0[5 * WIDTH + middle + 2]), (1.0, 0.0));
    }

    #[test]
    fn outlines_and_turns_keep_some_ink() {
        let mut rng = Pcg64Mcg::seed_from_u64(1);
        let word = Word::draw("8", 0, LETTERS_PX);
        let whole = Canvas::from_fn(60, 90, |p| word.coverage(p.x / 60.0, p.y / 90.0));
        let ink = |canvas: &Canvas| canvas.ink.iter().sum::<f32>();
        let mut rim = Canvas { ink: whole.ink.clone(), ..whole };
        outline(&mut rim);
        let left = ink(&rim) / ink(&whole);
        assert!((0.1..0.9).contains(&left), "{left}");
        for _ in 0..6 {
            assert!((ink(&turned(&whole, &mut rng)) / ink(&whole) - 1.0).abs() < 0.02);
        }
    }
}
