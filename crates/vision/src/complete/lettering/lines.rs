//! Rows of pieces that could be words or numbers, and their pictures.

use glam::Vec2;
use gridvox_car::groups::Groups;

use super::strokes::{CellBox, Piece, Raster, pieces};
use crate::net::reading::WordPicture;
use crate::synth::writing::{MARGIN, framed};

/// What may be a word or a number.
#[derive(Clone)]
pub(crate) struct Line {
    /// Cells of its strokes.
    pub cells: Vec<u32>,
    pub extent: CellBox,
}

/// How a reader stands before a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reader {
    /// The reader's right is where the cells of a row go.
    pub rightward: bool,
    /// The reader's up is where the rows go.
    pub upright: bool,
}

/// Words are not longer than this, in metres.
const LENGTH_M: f32 = 2.2;
/// What stands alone is a number when it is at least this tall, in metres.
const LONE_HEIGHT_M: f32 = 0.07;
/// Letters that ran into each other are at least so many heights long.
const LONE_LENGTH: f32 = 1.7;
/// Lines beyond this many are texture.
const MOST_LINES: usize = 64;

/// How alike neighbours in a line are.
struct Alike {
    /// The smaller one's height, and how much of it is beside the other, as shares of the taller and the smaller height.
    height: f32,
    beside: f32,
    /// Widest gap in heights, and widest overlap in widths.
    gap: f32,
    overlap: f32,
    /// Difference of their tones, and more of it by share of their contrast.
    tone: f32,
    by_contrast: f32,
}

/// What most words keep to, and what still holds faint or broken ones together. Both make lines, of which the reader likes one
/// better.
const CLOSELY: Alike = Alike { height: 0.55, beside: 0.55, gap: 0.6, overlap: 0.45, tone: 0.08, by_contrast: 0.6 };
const LOOSELY: Alike = Alike { height: 0.45, beside: 0.4, gap: 1.0, overlap: 0.65, tone: 0.14, by_contrast: 0.8 };

/// Every line of a face.
pub(crate) fn lines(raster: &Raster) -> Vec<Line> {
    let (dark, light) = rayon::join(|| pieces(raster, false), || pieces(raster, true));
    let joined = |pieces: &[Piece], alike: &Alike| joined(pieces, alike, raster);
    let mut lines = [joined(&dark, &CLOSELY), joined(&dark, &LOOSELY), joined(&light, &CLOSELY), joined(&light, &LOOSELY)].concat();
    lines.sort_by_key(|line| (std::cmp::Reverse(line.cells.len()), line.extent.x, line.extent.y));
    lines.dedup_by(|a, b| a.cells == b.cells);
    lines.truncate(MOST_LINES);
    lines
}

fn joined(pieces: &[Piece], alike: &Alike, raster: &Raster) -> Vec<Line> {
    let mut groups = Groups::new(pieces.len());
    let mut by_left: Vec<usize> = (0..pieces.len()).collect();
    by_left.sort_by_key(|&i| pieces[i].extent.x.0);
    for (n, &i) in by_left.iter().enumerate() {
        // Nothing that begins farther right than this can be beside it.
        let reach = u32::from(pieces[i].extent.x.1) + 2 * pieces[i].extent.height();
        for &j in by_left[n + 1..].iter().take_while(|&&j| u32::from(pieces[j].extent.x.0) <= reach) {
            if beside(&pieces[i], &pieces[j], alike) {
                groups.join(i, j);
            }
        }
    }
    groups.members().into_iter().filter_map(|members| line(&members, pieces, raster)).collect()
}

/// Whether two pieces belong to one word: side by side, alike in height and tone.
fn beside(a: &Piece, b: &Piece, alike: &Alike) -> bool {
    let (ha, hb) = (a.extent.height() as f32, b.extent.height() as f32);
    let (tall, small) = (ha.max(hb), ha.min(hb));
    let (ya, yb) = (a.extent.y, b.extent.y);
    let overlap = f32::from(ya.1.min(yb.1)) - f32::from(ya.0.max(yb.0)) + 1.0;
    let (xa, xb) = (a.extent.x, b.extent.x);
    let gap = f32::from(xa.0.max(xb.0)) - f32::from(xa.1.min(xb.1)) - 1.0;
    let apart: f32 = (0..3).map(|k| (a.tone[k] - b.tone[k]).powi(2)).sum::<f32>().sqrt();
    let contrast = f32::from(a.span.min(b.span)) / 255.0;
    let narrow = a.extent.width().min(b.extent.width()) as f32;
    small > alike.height * tall
        && overlap > alike.beside * small
        && gap < alike.gap * tall + 1.0
        && gap > -alike.overlap * narrow
        && apart < alike.tone + alike.by_contrast * contrast
}

fn line(members: &[usize], pieces: &[Piece], raster: &Raster) -> Option<Line> {
    let extent = members.iter().map(|&m| pieces[m].extent).reduce(|a, b| a.join(&b))?;
    let (w, h) = (extent.width() as f32 * raster.cell_m, extent.height() as f32 * raster.cell_m);
    let alone = members.len() == 1;
    if w > LENGTH_M || (alone && h < LONE_HEIGHT_M && w < LONE_LENGTH * h) || (alone && w < 0.2 * h) || (!alone && w < 0.5 * h) {
        return None;
    }
    let mut cells: Vec<u32> = members.iter().flat_map(|&m| pieces[m].cells.iter().copied()).collect();
    cells.sort_unstable();
    cells.dedup();
    Some(Line { cells, extent })
}

/// This share of a word's cells is fainter than what counts as full strokes: most of the rest are blurred edges.
const EDGES_SHARE: f32 = 0.7;
/// Strokes and ground nearer than this, in cube roots of linear light, cannot be told apart.
const LEAST_CONTRAST: f32 = 0.03;

impl Line {
    /// As a reader sees it, strokes 1 and ground 0; `None` where they cannot be told apart.
    pub fn picture(&self, raster: &Raster, reader: Reader) -> Option<WordPicture> {
        let (low, high) = self.corners();
        let margin = MARGIN * (high.y - low.y);
        let tones = self.tones(raster, margin)?;
        let (across, down) = (raster.across as f32, raster.down() as f32);
        let turned = |p: Vec2| Vec2::new(if reader.rightward { p.x } else { -p.x }, if reader.upright { -p.y } else { p.y });
        let (a, b) = (turned(low), turned(high));
        let at = |p: Vec2| {
            let p = turned(p);
            if p.x < 0.0 || p.y < 0.0 || p.x >= across || p.y >= down {
                return 0.0;
            }
            let cell = p.y as usize * raster.across + p.x as usize;
            if raster.knows(cell) { tones.value(raster.tone[cell]).clamp(0.0, 1.0) } else { 0.0 }
        };
        Some(framed(a.min(b), a.max(b), MARGIN, at))
    }

    /// Its box's corners, in cells.
    fn corners(&self) -> (Vec2, Vec2) {
        let CellBox { x, y } = self.extent;
        (Vec2::new(f32::from(x.0), f32::from(y.0)), Vec2::new(f32::from(x.1) + 1.0, f32::from(y.1) + 1.0))
    }

    /// Its strokes, to be asked cell by cell.
    pub fn strokes(&self, raster: &Raster) -> Strokes {
        let (low, across) = ((self.extent.x.0, self.extent.y.0), self.extent.width() as usize);
        let mut there = vec![false; across * self.extent.height() as usize];
        for &cell in &self.cells {
            let (x, y) = (cell as usize % raster.across, cell as usize / raster.across);
            there[(y - usize::from(low.1)) * across + x - usize::from(low.0)] = true;
        }
        Strokes { low: low.into(), across, there }
    }

    fn tones(&self, raster: &Raster, margin: f32) -> Option<Tones> {
        let (low, high) = self.corners();
        let (low, high) = ((low - margin).max(Vec2::ZERO), high + margin);
        let (mut strokes, mut ground) = (Vec::new(), Vec::new());
        // Next to strokes is neither.
        let of_line = self.strokes(raster);
        let edge = |x: usize, y: usize| {
            let near = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
            near.iter().any(|&(x, y)| of_line.has(x, y))
        };
        for y in low.y as usize..(high.y.ceil() as usize).min(raster.down()) {
            for x in low.x as usize..(high.x.ceil() as usize).min(raster.across) {
                let cell = y * raster.across + x;
                if !raster.knows(cell) {
                    continue;
                }
                if of_line.has(x, y) {
                    strokes.push(raster.tone[cell]);
                } else if !edge(x, y) {
                    ground.push(raster.tone[cell]);
                }
            }
        }
        Tones::of(&strokes, &ground)
    }
}

/// Which cells of a line's box are strokes.
pub(crate) struct Strokes {
    low: [u16; 2],
    across: usize,
    there: Vec<bool>,
}

impl Strokes {
    /// Whether a cell of the raster, inside the box or not, is one.
    pub fn has(&self, x: usize, y: usize) -> bool {
        let (x, y) = (x.wrapping_sub(usize::from(self.low[0])), y.wrapping_sub(usize::from(self.low[1])));
        // What lies before the box has become large, too.
        x < self.across && y < self.there.len() / self.across && self.there[y * self.across + x]
    }
}

/// What tells a word's strokes from its ground.
struct Tones {
    ground: [f32; 3],
    /// From ground to full strokes, by its squared length.
    along: [f32; 3],
}

impl Tones {
    fn of(strokes: &[[f32; 3]], ground: &[[f32; 3]]) -> Option<Self> {
        if strokes.is_empty() || ground.is_empty() {
            return None;
        }
        let mean = |of: &[[f32; 3]]| -> [f32; 3] {
            std::array::from_fn(|k| of.iter().map(|c| c[k]).sum::<f32>() / of.len() as f32)
        };
        let (middle, ground) = (mean(strokes), mean(ground));
        let along: [f32; 3] = std::array::from_fn(|k| middle[k] - ground[k]);
        let square = dot(along, along);
        if square < LEAST_CONTRAST * LEAST_CONTRAST {
            return None;
        }
        let tones = Self { ground, along: along.map(|v| v / square) };
        let mut each: Vec<f32> = strokes.iter().map(|&c| tones.value(c)).collect();
        each.sort_by(f32::total_cmp);
        let full = each[(EDGES_SHARE * (each.len() - 1) as f32) as usize].max(0.2);
        Some(Self { along: tones.along.map(|v| v / full), ..tones })
    }

    fn value(&self, c: [f32; 3]) -> f32 {
        dot(self.along, std::array::from_fn(|k| c[k] - self.ground[k]))
    }
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(x: u16, y: u16, width: u16, height: u16, tone: f32) -> Piece {
        let extent = CellBox { x: (x, x + width - 1), y: (y, y + height - 1) };
        let cells = (y..y + height).flat_map(|y| (x..x + width / 3).map(move |x| u32::from(y) * 400 + u32::from(x))).collect();
        Piece { cells, extent, span: 60, tone: [tone; 3] }
    }

    #[test]
    fn pieces_of_like_height_and_tone_in_a_row_are_one_line() {
        let raster = Raster { across: 400, cell_m: 0.004, tone: vec![[0.5; 3]; 400 * 200] };
        // A word that climbs, a letter of another tone behind it, a tall and a small thing, and a word below.
        let mut pieces: Vec<Piece> = (0..5).map(|i| piece(40 + 24 * i, 100 + 3 * i, 18, 26, 0.9)).collect();
        pieces.extend([piece(164, 112, 18, 26, 0.3), piece(16, 90, 18, 60, 0.9), piece(30, 104, 8, 8, 0.9)]);
        pieces.extend((0..3).map(|i| piece(40 + 20 * i, 40, 14, 18, 0.9)));
        let mut found: Vec<CellBox> = joined(&pieces, &CLOSELY, &raster).into_iter().map(|line| line.extent).collect();
        found.retain(|extent| extent.width() > 30);
        found.sort_by_key(|extent| extent.width());
        assert_eq!(found, [CellBox { x: (40, 93), y: (40, 57) }, CellBox { x: (40, 153), y: (100, 137) }]);
    }

    #[test]
    fn a_line_is_shown_as_its_reader_sees_it() {
        let word = [piece(100, 80, 24, 30, 0.9), piece(130, 80, 24, 30, 0.9)];
        let mut tone = vec![[0.4; 3]; 400 * 200];
        word.iter().flat_map(|piece| &piece.cells).for_each(|&cell| tone[cell as usize] = [0.9; 3]);
        let raster = Raster { across: 400, cell_m: 0.004, tone };
        let line = &joined(&word, &CLOSELY, &raster)[0];
        let [there, back] = [true, false].map(|rightward| line.picture(&raster, Reader { rightward, upright: true }).unwrap());
        assert_eq!(back, there.mirrored());
        assert!(there != back && there.0.iter().any(|&v| v > 0.95) && there.0.iter().any(|&v| v < 0.05));
    }
}
