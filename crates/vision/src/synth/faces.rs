//! Pieces of faces for the lettering network: what a photo gives back of them, and where letters and words are.

use glam::Vec3;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::flat::{FlatSide, FlatStream, Frame};
use super::livery::Family;
use super::noise;
use crate::net::lettering::CELL_M;

/// Cells of a piece.
pub const ACROSS: usize = 256;
/// Rows of a piece.
pub const DOWN: usize = 144;
/// Pieces of one livery under different light.
const ALIKE: usize = 3;
/// Share of pieces that are painted with few inks, as albedo is by the time that words are looked for.
const INKED: f64 = 0.6;

/// A piece of a face, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct FacePiece {
    /// Cube roots of linear RGB; not a number where nothing is to be seen.
    pub tone: Vec<[f32; 3]>,
    /// The word whose strokes cover a cell, else [`NO_WORD`](super::flat::NO_WORD).
    pub word: Vec<u16>,
    /// The word that a cell is inside of, else [`NO_WORD`](super::flat::NO_WORD).
    pub inside: Vec<u16>,
}

/// An endless, seeded row of pieces.
pub struct FaceStream {
    sides: FlatStream,
    rng: Pcg64Mcg,
    waiting: Vec<FacePiece>,
}

impl FaceStream {
    /// Pieces with liveries of these families.
    pub fn new(seed: u64, families: &[Family]) -> Self {
        let frame = Frame { across: ACROSS, down: DOWN, cell_m: 0.7 * CELL_M..1.25 * CELL_M };
        let rng = Pcg64Mcg::seed_from_u64(seed ^ 0x6661_6365);
        Self { sides: FlatStream::framed(seed, families, frame), rng, waiting: Vec::new() }
    }

    /// The next piece.
    pub fn next(&mut self) -> FacePiece {
        loop {
            if let Some(piece) = self.waiting.pop() {
                return piece;
            }
            for mut side in self.sides.next_alike(ALIKE) {
                if self.rng.random_bool(INKED) {
                    few_inks(&mut side, &mut self.rng);
                }
                let upside_down = !side.upright && self.rng.random_bool(0.5);
                self.waiting.push(turned(side, self.rng.random_bool(0.5), upside_down));
            }
        }
    }
}

/// Gives each cell the nearest of a few tones that are found on the side, where they are unevenly lit: fields get blotches of
/// wrong inks, with sharp edges.
fn few_inks(side: &mut FlatSide, rng: &mut impl Rng) {
    let known: Vec<[f32; 3]> = side.tone.iter().copied().filter(|tone| !tone[0].is_nan()).collect();
    if known.is_empty() {
        return;
    }
    let inks: Vec<[f32; 3]> = (0..rng.random_range(3..14)).map(|_| known[rng.random_range(0..known.len())]).collect();
    let (seed, uneven) = (rng.random(), rng.random_range(0.0..0.15f32));
    let size = rng.random_range(0.05..0.4f32);
    let share = if rng.random_bool(0.7) { 1.0 } else { rng.random_range(0.6..1.0f32) };
    let across = side.across;
    for (i, tone) in side.tone.iter_mut().enumerate().filter(|(_, tone)| !tone[0].is_nan()) {
        let p = Vec3::new((i % across) as f32, (i / across) as f32, 0.0) * (side.cell_m / size);
        let off = uneven * (noise::fractal(p, 2, seed) - 0.5);
        let distance = |ink: &[f32; 3]| (0..3).map(|k| (ink[k] - tone[k] - off).powi(2)).sum::<f32>();
        if let Some(ink) = inks.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))) {
            *tone = std::array::from_fn(|k| tone[k] + (ink[k] - tone[k]) * share);
        }
    }
}

fn turned(side: FlatSide, mirrored: bool, upside_down: bool) -> FacePiece {
    fn of<T: Copy>(cells: &[T], across: usize, mirrored: bool, upside_down: bool) -> Vec<T> {
        let down = cells.len() / across;
        let at = |i: usize| {
            let (x, y) = (i % across, i / across);
            let (x, y) = (if mirrored { across - 1 - x } else { x }, if upside_down { down - 1 - y } else { y });
            cells[y * across + x]
        };
        (0..cells.len()).map(at).collect()
    }
    FacePiece {
        tone: of(&side.tone, side.across, mirrored, upside_down),
        word: of(&side.word, side.across, mirrored, upside_down),
        inside: of(&side.inside, side.across, mirrored, upside_down),
    }
}

#[cfg(test)]
mod tests {
    use super::super::flat::NO_WORD;
    use super::*;

    #[test]
    fn pieces_are_seeded_and_strokes_are_inside_words() {
        let (mut stream, mut again) = (FaceStream::new(3, &Family::TRAINING), FaceStream::new(3, &Family::TRAINING));
        let (mut strokes, mut outside, mut between, mut written) = (0, 0, 0, 0);
        for _ in 0..24 {
            let (piece, twin) = (stream.next(), again.next());
            assert!(piece.word == twin.word && piece.inside == twin.inside);
            assert_eq!((piece.tone.len(), piece.word.len(), piece.inside.len()), (ACROSS * DOWN, ACROSS * DOWN, ACROSS * DOWN));
            written += usize::from(piece.word.iter().any(|&word| word != NO_WORD));
            for (&word, &inside) in piece.word.iter().zip(&piece.inside) {
                strokes += usize::from(word != NO_WORD);
                outside += usize::from(word != NO_WORD && inside != word);
                between += usize::from(word == NO_WORD && inside != NO_WORD);
            }
        }
        assert!(written > 8, "{written} of 24 pieces have words");
        assert!(strokes > 5000 && between > strokes / 2, "{strokes} cells are strokes, {between} lie between");
        // A word's rim is left away.
        assert!(outside * 2 < strokes && outside > 0, "{outside} of {strokes} cells of strokes are outside of their word");
    }
}
