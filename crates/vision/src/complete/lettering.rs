//! Keeps letters and numbers readable where the livery is mirrored.
//!
//! Each face of the car is laid flat, so that words run on over panel gaps. Lettering is found there as connected pieces
//! of one ink, with thin strokes, wholly in sight; pieces of like height in a row are a word. Its mirror image is taken
//! out (what lies around goes on below it) and the word is set in the same place again, turned back about its own middle,
//! so it reads from front to back as it does on the seen side.

mod pictures;

use std::collections::{HashMap, HashSet, VecDeque};

use glam::Vec2;
use gridvox_car::AtlasMaps;
use rayon::prelude::*;

use super::sheet::{Face, Sheet};
use crate::color::{LinearRgb, delta_e};
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
/// Cells around strokes that still hold their blurred edge.
const EDGE_CELLS: usize = 3;

const UNSEEN: u8 = u8::MAX;
const NO_WORD: u16 = u16::MAX;

/// All words that were found.
#[derive(Default)]
pub struct Lettering {
    leaves: Vec<Leaf>,
}

/// A face with its words.
struct Leaf {
    sheet: Sheet,
    /// The word of each cell, with its blurred edges; [`NO_WORD`] elsewhere.
    word: Vec<u16>,
    /// Below words, a texel of the ground that goes on there.
    ground: HashMap<u32, u32>,
    boxes: Vec<WordBox>,
}

/// Smallest and largest place of a word in its face, in metres.
struct WordBox {
    low: Vec2,
    high: Vec2,
}

/// A connected piece of one ink.
struct Piece {
    cells: Vec<u32>,
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

impl Lettering {
    /// Finds the words among the known texels.
    pub fn find(color: &[LinearRgb], known: &[bool], maps: &AtlasMaps, palette: &Palette) -> Self {
        if palette.inks.len() < 2 {
            return Self::default();
        }
        let labs = palette.labs();
        let letter_ink = alike(palette);
        let leaves = Face::ALL
            .into_par_iter()
            .filter_map(|face| {
                let sheet = Sheet::new(face, known, maps)?;
                let ink_of = |&t: &u32| if t == u32::MAX { UNSEEN } else { letter_ink[labs.nearest(color[t as usize])] };
                let inks: Vec<u8> = sheet.texel.iter().map(ink_of).collect();
                Leaf::read(sheet, &inks)
            })
            .collect();
        Self { leaves }
    }

    /// How many words and numbers there are.
    pub fn words(&self) -> usize {
        self.leaves.iter().map(|leaf| leaf.boxes.len()).sum()
    }

    /// Sets the words on the mirrored side. `mirrored` are pairs (texel to fill, texel that it mirrors), `color` holds the
    /// mirrored colours already and the seen side.
    pub fn set_readable(&self, color: &mut [LinearRgb], mirrored: &[(usize, usize)], maps: &AtlasMaps) {
        let seen = &*color;
        let changes: Vec<(usize, LinearRgb)> = mirrored
            .par_iter()
            .filter_map(|&(to, from)| {
                let face = Face::of(maps.normal[from]);
                let leaf = self.leaves.iter().find(|leaf| leaf.sheet.face == face)?;
                leaf.reset(from, seen, maps).map(|c| (to, c))
            })
            .collect();
        for (to, c) in changes {
            color[to] = c;
        }
    }
}

impl Leaf {
    fn read(sheet: Sheet, inks: &[u8]) -> Option<Self> {
        let mut visited = vec![false; inks.len()];
        let mut pieces = Vec::new();
        for start in 0..inks.len() {
            if inks[start] == UNSEEN || visited[start] {
                continue;
            }
            let cells = flood(start, inks, &mut visited, &sheet);
            if let Some(piece) = judge(cells, inks, &sheet) {
                pieces.push(piece);
            }
        }
        let words = words(&pieces);
        if words.is_empty() {
            return None;
        }
        let mut leaf = Self { word: vec![NO_WORD; inks.len()], sheet, ground: HashMap::new(), boxes: Vec::new() };
        for members in words {
            let index = leaf.boxes.len() as u16;
            let low = members.iter().fold(Vec2::MAX, |low, &p| low.min(pieces[p].low));
            let high = members.iter().fold(Vec2::MIN, |high, &p| high.max(pieces[p].high));
            leaf.boxes.push(WordBox { low, high });
            for p in members {
                leaf.mark(&pieces[p].cells, index);
            }
        }
        leaf.lay_ground();
        Some(leaf)
    }

    /// Marks strokes and their blurred edges.
    fn mark(&mut self, strokes: &[u32], index: u16) {
        let mut ring = strokes.to_vec();
        for &cell in strokes {
            self.word[cell as usize] = index;
        }
        for _ in 0..EDGE_CELLS {
            let mut next = Vec::new();
            for &cell in &ring {
                for n in self.sheet.around(cell as usize).take(4) {
                    if self.word[n] == NO_WORD && self.sheet.texel[n] != u32::MAX {
                        self.word[n] = index;
                        next.push(n as u32);
                    }
                }
            }
            ring = next;
        }
    }

    /// Lets what lies around words go on below them.
    fn lay_ground(&mut self) {
        let mut open: Vec<u32> = Vec::new();
        for cell in 0..self.word.len() {
            if self.word[cell] == NO_WORD
                && self.sheet.texel[cell] != u32::MAX
                && self.sheet.around(cell).any(|n| self.word[n] != NO_WORD)
            {
                self.ground.insert(cell as u32, self.sheet.texel[cell]);
                open.push(cell as u32);
            }
        }
        let mut queue: VecDeque<u32> = open.into();
        while let Some(cell) = queue.pop_front() {
            let texel = self.ground[&cell];
            for n in self.sheet.around(cell as usize) {
                if self.word[n] != NO_WORD && !self.ground.contains_key(&(n as u32)) {
                    self.ground.insert(n as u32, texel);
                    queue.push_back(n as u32);
                }
            }
        }
    }

    /// The colour of the mirror image of `from` when words are turned back; `None` where no word is near.
    fn reset(&self, from: usize, color: &[LinearRgb], maps: &AtlasMaps) -> Option<LinearRgb> {
        let at = self.sheet.face.project(maps.position[from]);
        let cell = self.sheet.cell(at)?;
        // First the mirrored letters go, then the turned ones come.
        let mut new = (self.word[cell] != NO_WORD)
            .then(|| self.ground.get(&(cell as u32)).map(|&t| color[t as usize]))
            .flatten();
        let margin = self.sheet.cell_m * (EDGE_CELLS as f32 + 1.0);
        for (index, word) in self.boxes.iter().enumerate() {
            if at.cmplt(word.low - margin).any() || at.cmpgt(word.high + margin).any() {
                continue;
            }
            let turned = Vec2::new(word.low.x + word.high.x - at.x, at.y);
            if let Some((c, share)) = self.sample(turned, index as u16, color, maps) {
                let below = new.unwrap_or(color[from]);
                new = Some(std::array::from_fn(|k| c[k] + below[k] * (1.0 - share)));
            }
        }
        new
    }

    /// The word's colour at a place of its face, between texels, times the share of it there; `None` beside the word.
    fn sample(&self, at: Vec2, own: u16, color: &[LinearRgb], maps: &AtlasMaps) -> Option<(LinearRgb, f32)> {
        let cell = self.sheet.cell(at)?;
        let near = self.sheet.texel[cell];
        if near == u32::MAX {
            return None;
        }
        let near = near as usize;
        let size = maps.size as usize;
        let (x, y) = (near % size, near / size);
        if x == 0 || y == 0 || x + 2 >= size || y + 2 >= size {
            return None;
        }
        let place = |t: usize| self.sheet.face.project(maps.position[t]);
        let same = |t: usize| maps.part[t] == maps.part[near];
        let four_around = [near - 1, near + 1, near - size, near + size];
        let (mut u, mut v) = (0.0, 0.0);
        if four_around.into_iter().all(same) {
            let (dx, dy) = ((place(near + 1) - place(near - 1)) * 0.5, (place(near + size) - place(near - size)) * 0.5);
            let determinant = dx.perp_dot(dy);
            let off = at - place(near);
            if determinant.abs() > 1e-12 {
                u = (off.perp_dot(dy) / determinant).clamp(-1.5, 1.5);
                v = (dx.perp_dot(off) / determinant).clamp(-1.5, 1.5);
            }
        }
        let (fx, fy) = (x as f32 + u, y as f32 + v);
        let (x0, y0) = (fx.floor() as usize, fy.floor() as usize);
        let (tx, ty) = (fx - x0 as f32, fy - y0 as f32);
        let mut sum = [0.0f32; 3];
        let mut share = 0.0;
        for (t, w) in [
            (y0 * size + x0, (1.0 - tx) * (1.0 - ty)),
            (y0 * size + x0 + 1, tx * (1.0 - ty)),
            ((y0 + 1) * size + x0, (1.0 - tx) * ty),
            ((y0 + 1) * size + x0 + 1, tx * ty),
        ] {
            // Beyond a panel's edge its neighbour's texel stands in.
            let t = if same(t) { t } else { near };
            if self.sheet.cell(place(t)).is_some_and(|cell| self.word[cell] == own) {
                sum = std::array::from_fn(|k| sum[k] + w * color[t][k]);
                share += w;
            }
        }
        (share > 0.0).then_some((sum, share))
    }
}

/// Inks that lettering does not tell apart: a number's strokes may shine a little differently from end to end.
fn alike(palette: &Palette) -> Vec<u8> {
    let mut same: Vec<u8> = Vec::new();
    for (k, ink) in palette.inks.iter().enumerate() {
        let near = |&j: &usize| same[j] == j as u8 && delta_e(palette.inks[j].color, ink.color) < ALIKE_DELTA_E;
        let first = (0..k).find(near).unwrap_or(k);
        same.push(first as u8);
    }
    same
}

fn flood(start: usize, inks: &[u8], visited: &mut [bool], sheet: &Sheet) -> Vec<u32> {
    let mut cells = vec![start as u32];
    visited[start] = true;
    let mut next = 0;
    while next < cells.len() {
        for n in sheet.around(cells[next] as usize) {
            if !visited[n] && inks[n] == inks[start] {
                visited[n] = true;
                cells.push(n as u32);
            }
        }
        next += 1;
    }
    cells
}

/// Whether a piece could be a letter or a number.
fn judge(cells: Vec<u32>, inks: &[u8], sheet: &Sheet) -> Option<Piece> {
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
    let stroke = 2.0 * thickness(&cells, sheet) * sheet.cell_m;
    if stroke > STROKE_SHARE * extent.y.max(extent.x).min(1.2 * extent.y) {
        return None;
    }
    let ink = inks[cells[0] as usize];
    let (ground, plain, open) = rim(&cells, inks, sheet);
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
fn rim(cells: &[u32], inks: &[u8], sheet: &Sheet) -> (u8, f32, f32) {
    // The first rings are the blurred edge, whose colours lie between two inks.
    let mut ring: Vec<u32> = cells.to_vec();
    let mut reached: HashSet<u32> = cells.iter().copied().collect();
    let mut open = 0;
    for _ in 0..=EDGE_CELLS {
        let mut next = Vec::new();
        for &cell in &ring {
            for n in sheet.around(cell as usize).take(4) {
                if reached.insert(n as u32) {
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
fn thickness(cells: &[u32], sheet: &Sheet) -> f32 {
    let mut distance: HashMap<u32, u32> = cells.iter().map(|&cell| (cell, u32::MAX)).collect();
    let mut queue = VecDeque::new();
    for &cell in cells {
        if sheet.around(cell as usize).take(4).any(|n| !distance.contains_key(&(n as u32))) {
            queue.push_back((cell, 1));
        }
    }
    for &(cell, d) in &queue {
        distance.insert(cell, d);
    }
    let mut most = 0;
    while let Some((cell, d)) = queue.pop_front() {
        most = most.max(d);
        for n in sheet.around(cell as usize).take(4) {
            if distance.get(&(n as u32)) == Some(&u32::MAX) {
                distance.insert(n as u32, d + 1);
                queue.push_back((n as u32, d + 1));
            }
        }
    }
    most as f32
}

/// Joins pieces into words: indices of each word's pieces.
fn words(pieces: &[Piece]) -> Vec<Vec<usize>> {
    let mut group: Vec<usize> = (0..pieces.len()).collect();
    for i in 0..pieces.len() {
        for j in 0..i {
            if group[i] != group[j] && pieces[i].beside(&pieces[j]) {
                let (from, to) = (group[i].max(group[j]), group[i].min(group[j]));
                for g in &mut group {
                    if *g == from {
                        *g = to;
                    }
                }
            }
        }
    }
    (0..pieces.len())
        .map(|root| (0..pieces.len()).filter(|&i| group[i] == root).collect::<Vec<_>>())
        .filter(|members| {
            let low = members.iter().fold(f32::MAX, |low, &p| low.min(pieces[p].low.x));
            let high = members.iter().fold(f32::MIN, |high, &p| high.max(pieces[p].high.x));
            let plain = members.iter().filter(|&&p| pieces[p].plain > PLAIN_SHARE).count();
            let believable = match members.len() {
                0 => false,
                1 => pieces[members[0]].lone,
                2 => plain == 2,
                count => plain * 2 >= count,
            };
            believable && high - low <= WORD_LENGTH_M
        })
        .collect()
}
