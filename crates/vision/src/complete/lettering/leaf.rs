//! A face with its words: what lies below them, and what stands where once they are turned back.

use std::collections::{HashMap, VecDeque};

use glam::Vec2;
use gridvox_car::AtlasMaps;

use super::super::sheet::Sheet;
use super::{EDGE_CELLS, Found};
use crate::color::LinearRgb;

const NO_WORD: u16 = u16::MAX;

/// A face with its words.
pub(super) struct Leaf {
    pub sheet: Sheet,
    /// The word of each cell, with its blurred edges; [`NO_WORD`] elsewhere.
    word: Vec<u16>,
    /// Below words, a texel of the ground that goes on there.
    ground: HashMap<u32, u32>,
    pub boxes: Vec<WordBox>,
}

/// Smallest and largest place of a word in its face, in metres.
pub(super) struct WordBox {
    pub low: Vec2,
    pub high: Vec2,
}

impl WordBox {
    /// From the middle of the outermost cells.
    pub fn around(cells: &[u32], sheet: &Sheet) -> Self {
        let places = || cells.iter().map(|&cell| sheet.place(cell as usize));
        Self { low: places().fold(Vec2::MAX, Vec2::min), high: places().fold(Vec2::MIN, Vec2::max) }
    }

    pub fn holds(&self, place: Vec2) -> bool {
        place.cmpge(self.low).all() && place.cmple(self.high).all()
    }

    pub fn area(&self) -> f32 {
        (self.high - self.low).element_product()
    }

    pub fn shared(&self, other: &Self) -> f32 {
        (self.high.min(other.high) - self.low.max(other.low)).max(Vec2::ZERO).element_product()
    }
}

impl Leaf {
    pub fn new(sheet: Sheet) -> Self {
        Self { word: vec![NO_WORD; sheet.texel.len()], sheet, ground: HashMap::new(), boxes: Vec::new() }
    }

    pub fn add(&mut self, word: Found) {
        let index = self.boxes.len() as u16;
        self.mark(&word.strokes, index);
        self.boxes.push(word.extent);
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
    pub fn lay_ground(&mut self) {
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
    pub fn reset(&self, from: usize, color: &[LinearRgb], maps: &AtlasMaps) -> Option<LinearRgb> {
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
