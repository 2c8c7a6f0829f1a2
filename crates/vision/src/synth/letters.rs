//! What the finder of words takes for lines of letters on invented cars, and what it really is.

use std::collections::HashMap;

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::flat::{FlatSide, FlatStream, NO_WORD};
use super::livery::Family;
use super::writing::Writing;
use crate::complete::lettering::lines::{Line, Reader, lines};
use crate::complete::lettering::strokes::Raster;

/// A line is writing when words have this share of its strokes, and none when they have no more than the second; what lies
/// between teaches nothing.
const WRITING: f32 = 0.65;
const NO_WRITING: f32 = 0.25;
/// Lines without writing from one side, at most: there are many more of them.
const MOST_OTHERS: usize = 10;
/// Less than this share of the words that a line touches is a fragment, which teaches nothing either.
const FRAGMENT: f32 = 0.4;

/// An endless, seeded row of lines.
pub(super) struct LetterStream {
    sides: FlatStream,
    rng: Pcg64Mcg,
    waiting: Vec<Writing>,
}

impl LetterStream {
    /// Lines on liveries of these families.
    pub fn new(seed: u64, families: &[Family]) -> Self {
        let rng = Pcg64Mcg::seed_from_u64(seed ^ 0x6c69_6e65);
        Self { sides: FlatStream::new(seed, families), rng, waiting: Vec::new() }
    }

    /// The next line.
    pub fn next(&mut self) -> Writing {
        loop {
            if let Some(writing) = self.waiting.pop() {
                return writing;
            }
            self.look();
        }
    }

    fn look(&mut self) {
        let side = self.sides.next();
        let raster = Raster { across: side.across, cell_m: side.cell_m, tone: side.tone.clone() };
        let mut sizes: HashMap<u16, usize> = HashMap::new();
        side.word.iter().for_each(|&word| *sizes.entry(word).or_default() += 1);
        let (mut writing, mut others) = (Vec::new(), Vec::new());
        for line in lines(&raster) {
            let (share, whole) = side.share_of_words(&line, &sizes);
            if share > WRITING && whole > FRAGMENT {
                writing.push(line);
            } else if share <= NO_WRITING {
                others.push(line);
            }
        }
        while others.len() > MOST_OTHERS {
            let any = self.rng.random_range(0..others.len());
            others.swap_remove(any);
        }
        let reader = Reader { rightward: side.rightward, upright: side.upright };
        for (is_writing, line) in writing.iter().map(|l| (true, l)).chain(others.iter().map(|l| (false, l))) {
            let Some(picture) = line.picture(&raster, reader) else { continue };
            let mirrored = self.rng.random_bool(0.5);
            let picture = if mirrored { picture.mirrored() } else { picture };
            let mirrored = if is_writing { f32::from(u8::from(mirrored)) } else { 0.5 };
            self.waiting.push(Writing { picture, mirrored, is_writing });
        }
        let count = self.waiting.len();
        (1..count).for_each(|i| self.waiting.swap(i, self.rng.random_range(0..=i)));
    }
}

impl FlatSide {
    /// Share of a line's strokes that are strokes of words, and share of those words that it has.
    fn share_of_words(&self, line: &Line, sizes: &HashMap<u16, usize>) -> (f32, f32) {
        let mut counts: HashMap<u16, usize> = HashMap::new();
        for &cell in &line.cells {
            *counts.entry(self.word[cell as usize]).or_default() += 1;
        }
        counts.remove(&NO_WORD);
        let written = counts.values().sum::<usize>() as f32;
        let all: usize = counts.keys().filter_map(|word| sizes.get(word)).sum();
        (written / line.cells.len().max(1) as f32, written / all.max(1) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_seeded_and_of_both_kinds() {
        let (mut stream, mut again) = (LetterStream::new(5, &[Family::Sponsors]), LetterStream::new(5, &[Family::Sponsors]));
        let (mut writing, mut mirrored) = (0, 0);
        for _ in 0..60 {
            let one = stream.next();
            assert_eq!(one, again.next());
            assert_eq!(one.is_writing, one.mirrored != 0.5);
            writing += usize::from(one.is_writing);
            mirrored += usize::from(one.mirrored == 1.0);
        }
        assert!((10..55).contains(&writing) && mirrored > 2, "{writing} of 60 are writing, {mirrored} of them mirrored");
    }
}
