//! Letters that have an ink of their own: connected pieces of one ink with thin strokes, wholly in sight, and rows of them.

use std::collections::VecDeque;

use glam::Vec2;
use gridvox_car::groups::Groups;

use super::super::sheet::Sheet;
use super::{EDGE_CELLS, UNSEEN};
use crate::color::delta_e;
use crate::delight::Palette;

/// Heights of letters and numbers, in metres.
const LETTER_HEIGHT_M: std::ops::Range<f32> = 0.02..0.65;
/// A letter is not wider than this, in metres.
const LETTER_WIDTH_M: f32 = 0.8;
/// A letter's strokes are thinner than this share of its height.
const STROKE_SHARE: f32 = 0.5;
/// Words are not longer than this, in metres.
const WORD_LENGTH_M: f32 = 2.2;
/// Share of the rim around a piece that has to be one ink for a number, or a word of two letters.
const PLAIN_SHARE: f32 = 0.75;
/// The same for a word of more letters, which may lie across two grounds.
const MIXED_SHARE: f32 = 0.45;
/// A piece that stands alone is a number when it is at least this tall, in metres.
const LONE_HEIGHT_M: f32 = 0.09;
/// Share of a piece's rim that may be out of sight.
const OPEN_SHARE: f32 = 0.03;
/// Inks nearer than this CIEDE2000 are one ink to a reader.
const ALIKE_DELTA_E: f32 = 14.0;

/// A connected piece of one ink.
pub(super) struct Piece {
    pub cells: Vec<u32>,
    ink: u8,
    low: Vec2,
    high: Vec2,
    plain: f32,
    lone: bool,
}

impl Piece {
    fn height(&self) -> f32 {
        self.high.y - self.low.y
    }

    /// Whether two pieces belong to one word: side by side, alike in height.
    fn beside(&self, other: &Self) -> bool {
        let (a, b) = (self.height(), other.height());
        let tall = a.max(b);
        let overlap = self.high.y.min(other.high.y) - self.low.y.max(other.low.y);
        let gap = self.low.x.max(other.low.x) - self.high.x.min(other.high.x);
        self.ink == other.ink && a.min(b) > 0.5 * tall && overlap > 0.5 * a.min(b) && gap < 0.6 * tall
    }
}

/// Inks that lettering does not tell apart: a number's strokes may shine a little differently from end to end.
pub(super) fn alike(palette: &Palette) -> Vec<u8> {
    let mut same: Vec<u8> = Vec::new();
    for (k, ink) in palette.inks.iter().enumerate() {
        let near = |&j: &usize| same[j] == j as u8 && delta_e(palette.inks[j].color, ink.color) < ALIKE_DELTA_E;
        let first = (0..k).find(near).unwrap_or(k);
        same.push(first as u8);
    }
    same
}

/// A number for each cell of a sheet, of which few at a time are not 0.
pub(super) struct Marks {
    of: Vec<u32>,
    marked: Vec<u32>,
}

impl Marks {
    /// All 0.
    pub fn new(cells: usize) -> Self {
        Self { of: vec![0; cells], marked: Vec::new() }
    }

    fn get(&self, cell: usize) -> u32 {
        self.of[cell]
    }

    /// Sets a number above 0; returns whether there was none.
    fn set(&mut self, cell: u32, mark: u32) -> bool {
        let before = std::mem::replace(&mut self.of[cell as usize], mark);
        if before == 0 {
            self.marked.push(cell);
        }
        before == 0
    }

    fn clear(&mut self) {
        self.marked.drain(..).for_each(|cell| self.of[cell as usize] = 0);
    }
}

/// Whether a piece could be a letter or a number. `marks` are all 0, and are again afterwards.
pub(super) fn judge(cells: Vec<u32>, inks: &[u8], sheet: &Sheet, marks: &mut Marks) -> Option<Piece> {
    let area = cells.len() as f32 * sheet.cell_m * sheet.cell_m;
    if cells.len() < 12 || area > 0.3 {
        return None;
    }
    let (mut low, mut high) = (Vec2::MAX, Vec2::MIN);
    for &cell in &cells {
        let p = sheet.place(cell as usize);
        (low, high) = (low.min(p), high.max(p));
    }
    let extent = high - low + sheet.cell_m;
    if !LETTER_HEIGHT_M.contains(&extent.y) || extent.x > LETTER_WIDTH_M || extent.x < 0.005 {
        return None;
    }
    let stroke = 2.0 * thickness(&cells, sheet, marks) * sheet.cell_m;
    marks.clear();
    if stroke > STROKE_SHARE * extent.y.max(extent.x).min(1.2 * extent.y) {
        return None;
    }
    let ink = inks[cells[0] as usize];
    let (ground, plain, open) = rim(&cells, inks, sheet, marks);
    marks.clear();
    if plain < MIXED_SHARE || open > OPEN_SHARE || ground == ink {
        return None;
    }
    let filled = area / (extent.x * extent.y);
    let aspect = extent.x / extent.y;
    let lone = plain > PLAIN_SHARE
        && extent.y > LONE_HEIGHT_M
        && (0.15..1.3).contains(&aspect)
        && filled < 0.75
        && stroke < 0.4 * extent.y;
    Some(Piece { cells, ink, low, high, plain, lone })
}

/// The ink that most of a piece's surroundings have, its share, and the share of surroundings that are not in sight.
fn rim(cells: &[u32], inks: &[u8], sheet: &Sheet, reached: &mut Marks) -> (u8, f32, f32) {
    // The first rings are the blurred edge, whose colours lie between two inks.
    let mut ring: Vec<u32> = cells.to_vec();
    for &cell in cells {
        reached.set(cell, 1);
    }
    let mut open = 0;
    for _ in 0..=EDGE_CELLS {
        let mut next = Vec::new();
        for &cell in &ring {
            for n in sheet.around(cell as usize).take(4) {
                if reached.set(n as u32, 1) {
                    if inks[n] != UNSEEN {
                        next.push(n as u32);
                    } else {
                        open += 1;
                    }
                }
            }
        }
        ring = next;
    }
    let mut counts = [0usize; 256];
    for &cell in &ring {
        counts[usize::from(inks[cell as usize])] += 1;
    }
    let (ink, count) = counts.iter().enumerate().max_by_key(|c| c.1).map_or((0, 0), |c| (c.0, *c.1));
    let all = (ring.len() + open).max(1) as f32;
    (ink as u8, count as f32 / ring.len().max(1) as f32, open as f32 / all)
}

/// Greatest distance of a cell of the piece from its rim, in cells.
fn thickness(cells: &[u32], sheet: &Sheet, distance: &mut Marks) -> f32 {
    for &cell in cells {
        distance.set(cell, u32::MAX);
    }
    let mut queue = VecDeque::new();
    for &cell in cells {
        if sheet.around(cell as usize).take(4).any(|n| distance.get(n) == 0) {
            queue.push_back((cell, 1));
        }
    }
    for &(cell, d) in &queue {
        distance.set(cell, d);
    }
    let mut most = 0;
    while let Some((cell, d)) = queue.pop_front() {
        most = most.max(d);
        for n in sheet.around(cell as usize).take(4) {
            if distance.get(n) == u32::MAX {
                distance.set(n as u32, d + 1);
                queue.push_back((n as u32, d + 1));
            }
        }
    }
    most as f32
}

/// Joins pieces into words: indices of each word's pieces.
pub(super) fn words(pieces: &[Piece]) -> Vec<Vec<usize>> {
    let mut groups = Groups::new(pieces.len());
    for i in 0..pieces.len() {
        (0..i).filter(|&j| pieces[i].beside(&pieces[j])).for_each(|j| groups.join(i, j));
    }
    groups
        .members()
        .into_iter()
        .filter(|members| {
            let low = members.iter().fold(f32::MAX, |low, &p| low.min(pieces[p].low.x));
            let high = members.iter().fold(f32::MIN, |high, &p| high.max(pieces[p].high.x));
            let plain = members.iter().filter(|&&p| pieces[p].plain > PLAIN_SHARE).count();
            let believable = match members.len() {
                1 => pieces[members[0]].lone,
                2 => plain == 2,
                count => plain * 2 >= count,
            };
            believable && high - low <= WORD_LENGTH_M
        })
        .collect()
}
