//! Words from what the lettering network says of each cell.

use std::collections::{BTreeSet, VecDeque};

use crate::pieces::{four_around, pieces};

/// Fewer cells inside a word are none.
const LEAST_CELLS: usize = 12;
/// Least height of a word's inside in cells.
const LEAST_HEIGHT: u32 = 4;
/// A word's strokes are no farther from its inside than this share of that one's height, and what it stands on begins there and
/// reaches to the second share.
const RIM: f32 = 0.2;
const AROUND: f32 = 0.32;

/// A word or number.
pub(crate) struct Region {
    /// Cells of its inside.
    pub inside: Vec<u32>,
    /// Mean logit of its inside.
    pub sure: f32,
}

/// What a cell is to the region nearest to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Between or on its strokes.
    Inside,
    /// Strokes may reach there.
    Rim,
    /// It shows what the word stands on.
    Around,
}

/// The words of a face of `across` cells per row by their logits, and for each cell near one which and how; `None` elsewhere.
pub(crate) fn regions(across: usize, word: &[f32]) -> (Vec<Region>, Vec<Option<(u32, Zone)>>) {
    let count = word.len();
    let mut near: Vec<Option<(u32, Zone)>> = vec![None; count];
    let mut found = Vec::new();
    let mut queue: VecDeque<(u32, f32)> = VecDeque::new();
    for inside in pieces(count, |cell| four_around(cell, across, count), |_, to| word[to] > 0.0) {
        let height = height(&inside, across);
        if inside.len() < LEAST_CELLS || height < LEAST_HEIGHT {
            continue;
        }
        let sure = inside.iter().map(|&cell| word[cell as usize]).sum::<f32>() / inside.len() as f32;
        for &cell in &inside {
            near[cell as usize] = Some((found.len() as u32, Zone::Inside));
            queue.push_back((cell, 1.0 / height as f32));
        }
        found.push((Region { inside, sure }, height as f32));
    }
    // Outward ring by ring; where two words meet they share.
    while let Some((cell, far)) = queue.pop_front() {
        let Some((region, _)) = near[cell as usize] else { continue };
        let zone = match far {
            far if far <= RIM => Zone::Rim,
            far if far <= AROUND => Zone::Around,
            _ => continue,
        };
        for n in four_around(cell as usize, across, count) {
            if near[n].is_none() {
                near[n] = Some((region, zone));
                queue.push_back((n as u32, far + 1.0 / found[region as usize].1));
            }
        }
    }
    (found.into_iter().map(|(region, _)| region).collect(), near)
}

/// Of a column of it, on average: a word may climb.
fn height(cells: &[u32], across: usize) -> u32 {
    let columns: BTreeSet<u32> = cells.iter().map(|cell| cell % across as u32).collect();
    (cells.len() / columns.len().max(1)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two words beside each other, and a speck.
    fn logits() -> Vec<f32> {
        let (across, down) = (80usize, 30usize);
        let logit = |i: usize| {
            let (x, y) = (i % across, i / across);
            let inside = [8, 44].iter().any(|low| (low + 1..low + 25).contains(&x)) && (10..18).contains(&y);
            if inside || (x == 76 && y == 14) { 2.0 } else { -4.0 }
        };
        (0..across * down).map(logit).collect()
    }

    #[test]
    fn words_have_an_inside_a_rim_and_what_they_stand_on() {
        let (regions, near) = regions(80, &logits());
        assert_eq!(regions.len(), 2);
        assert!(regions.iter().all(|region| region.inside.len() == 24 * 8 && (region.sure - 2.0).abs() < 1e-5));
        let at = |x: usize, y: usize| near[y * 80 + x];
        assert_eq!([at(20, 12), at(20, 18), at(20, 19)], [Some((0, Zone::Inside)), Some((0, Zone::Rim)), Some((0, Zone::Around))]);
        assert_eq!([at(60, 12), at(60, 9), at(60, 2)], [Some((1, Zone::Inside)), Some((1, Zone::Rim)), None]);
    }
}
