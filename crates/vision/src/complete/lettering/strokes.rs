//! Pieces that could be letters, of whatever ink: what stands out from its surroundings over many levels of light.
//!
//! The face's light is taken as a landscape. Flooded from its peaks down (and upside down, for dark letters) its hills grow
//! into each other, which is a max-tree (Salembier et al. 1998; built by union-find after Najman and Couprie 2006). A letter is a
//! hill whose outline stays the same over many levels, as maximally stable extremal regions are (Matas et al. 2002), but measured
//! by its box, which blurred edges move little.

use crate::color::luminance;
use crate::pieces::four_around;

/// A face's light on a grid, in rows from below.
pub(crate) struct Raster {
    /// Cells per row.
    pub across: usize,
    /// Edge of a cell in metres.
    pub cell_m: f32,
    /// Cube roots of linear RGB; not a number where nothing is known.
    pub tone: Vec<[f32; 3]>,
}

impl Raster {
    /// Rows.
    pub fn down(&self) -> usize {
        self.tone.len() / self.across
    }

    /// Whether something is known of a cell.
    pub fn knows(&self, cell: usize) -> bool {
        !self.tone[cell][0].is_nan()
    }
}

/// A box of cells, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CellBox {
    pub x: (u16, u16),
    pub y: (u16, u16),
}

impl CellBox {
    const NONE: Self = Self { x: (u16::MAX, 0), y: (u16::MAX, 0) };

    pub fn width(&self) -> u32 {
        u32::from(self.x.1 - self.x.0) + 1
    }

    pub fn height(&self) -> u32 {
        u32::from(self.y.1 - self.y.0) + 1
    }

    pub fn join(&self, other: &Self) -> Self {
        let join = |a: (u16, u16), b: (u16, u16)| (a.0.min(b.0), a.1.max(b.1));
        Self { x: join(self.x, other.x), y: join(self.y, other.y) }
    }
}

/// Something that stands out.
pub(crate) struct Piece {
    pub cells: Vec<u32>,
    pub extent: CellBox,
    /// Levels of 255 over which it keeps its shape.
    pub span: u8,
    /// Mean tone.
    pub tone: [f32; 3],
}

/// Heights of letters and numbers, in metres.
const HEIGHT_M: std::ops::RangeInclusive<f32> = 0.018..=0.65;
/// Fewer cells make no letter.
const LEAST_CELLS: u32 = 12;
/// Least height in cells.
const LEAST_HEIGHT: u32 = 5;
/// A piece is a letter, or letters that run into each other: not longer than this, in metres and in heights.
const LENGTH_M: f32 = 1.6;
const LENGTH: f32 = 9.0;
/// Levels of 255 over which a letter keeps its shape, at least.
const LEAST_SPAN: u8 = 8;
/// A box that grows by more than this share (or two cells) is another shape.
const SAME_SHAPE: f32 = 0.22;
/// More pieces than this are texture.
const MOST_PIECES: usize = 1500;
const NONE: u32 = u32::MAX;

/// The pieces of a raster that are lighter, or darker, than what lies around them.
pub(crate) fn pieces(raster: &Raster, light: bool) -> Vec<Piece> {
    let level = levels(raster, light);
    let tree = Tree::new(raster, &level);
    let mut found = tree.families(&level, raster.cell_m);
    found.sort_by_key(|family| (std::cmp::Reverse(family.span), family.node));
    found.truncate(MOST_PIECES);
    let mut of_node: Vec<u32> = vec![NONE; level.len()];
    let mut pieces: Vec<Piece> = found
        .iter()
        .enumerate()
        .map(|(index, family)| {
            of_node[family.node as usize] = index as u32;
            Piece { cells: Vec::new(), extent: tree.extent[family.node as usize], span: family.span, tone: [0.0; 3] }
        })
        .collect();
    // From the root up, each cell learns the smallest piece that it is in; pieces know those that they lie in.
    let mut inside: Vec<u32> = vec![NONE; level.len()];
    let mut around: Vec<u32> = vec![NONE; pieces.len()];
    for &cell in tree.order.iter().rev() {
        let cell = cell as usize;
        let parent = tree.parent[cell] as usize;
        let outer = if parent == cell { NONE } else { inside[parent] };
        inside[cell] = match of_node[cell] {
            NONE => outer,
            own => {
                around[own as usize] = outer;
                own
            }
        };
    }
    for &cell in &tree.order {
        let mut piece = inside[cell as usize];
        while piece != NONE {
            pieces[piece as usize].cells.push(cell);
            piece = around[piece as usize];
        }
    }
    for piece in &mut pieces {
        let count = piece.cells.len().max(1) as f32;
        piece.tone = std::array::from_fn(|k| piece.cells.iter().map(|&cell| raster.tone[cell as usize][k]).sum::<f32>() / count);
    }
    // Of two shapes of one thing the one that lasts longer stays.
    let mut keep = vec![true; pieces.len()];
    for inner in 0..pieces.len() {
        let mut outer = around[inner];
        while outer != NONE {
            let (a, b) = (&pieces[inner], &pieces[outer as usize]);
            if b.cells.len() > 3 * a.cells.len() || b.extent.height() > 2 * a.extent.height() {
                break;
            }
            if keep[outer as usize] && keep[inner] {
                keep[if a.span > b.span { outer as usize } else { inner }] = false;
            }
            outer = around[outer as usize];
        }
    }
    let mut keep = keep.into_iter();
    pieces.retain(|_| keep.next().unwrap_or(false));
    pieces
}

/// Levels of light, high where the pieces are to be; 0 where nothing is known.
fn levels(raster: &Raster, light: bool) -> Vec<u8> {
    let level = |tone: &[f32; 3]| {
        if tone[0].is_nan() {
            return 0;
        }
        let eye = luminance(tone.map(|v| v * v * v)).cbrt().clamp(0.0, 1.0);
        1 + (253.0 * if light { eye } else { 1.0 - eye }) as u8
    };
    raster.tone.iter().map(level).collect()
}

/// The cells beside, below and above one of `count`.
struct Tree {
    /// Known cells from the highest level down.
    order: Vec<u32>,
    /// The next node down: for a cell that is no node its own node.
    parent: Vec<u32>,
    area: Vec<u32>,
    extent: Vec<CellBox>,
}

/// Nodes of one shape.
struct Family {
    /// Its member at half height.
    node: u32,
    span: u8,
}

impl Tree {
    fn new(raster: &Raster, level: &[u8]) -> Self {
        let (across, count) = (raster.across, level.len());
        let mut starts = [0u32; 257];
        level.iter().for_each(|&l| starts[usize::from(255 - l) + 1] += 1);
        (1..257).for_each(|l| starts[l] += starts[l - 1]);
        let unknown = level.iter().filter(|&&l| l == 0).count();
        let mut order = vec![0u32; count];
        for (cell, &l) in level.iter().enumerate() {
            let at = &mut starts[usize::from(255 - l)];
            order[*at as usize] = cell as u32;
            *at += 1;
        }
        order.truncate(count - unknown);
        let mut parent = vec![NONE; count];
        let mut root = vec![NONE; count];
        for &cell in &order {
            let p = cell as usize;
            (parent[p], root[p]) = (cell, cell);
            for n in four_around(p, across, count) {
                if root[n] == NONE {
                    continue;
                }
                let mut r = n;
                while root[r] as usize != r {
                    let next = root[r] as usize;
                    root[r] = root[next];
                    r = root[r] as usize;
                }
                if r != p {
                    (root[r], parent[r]) = (cell, cell);
                }
            }
        }
        drop(root);
        // Cells of one node get one parent.
        for &cell in order.iter().rev() {
            let q = parent[cell as usize] as usize;
            if level[parent[q] as usize] == level[q] {
                parent[cell as usize] = parent[q];
            }
        }
        let mut area = vec![0u32; count];
        let mut extent = vec![CellBox::NONE; count];
        for &cell in &order {
            let p = cell as usize;
            let (x, y) = ((p % across) as u16, (p / across) as u16);
            area[p] += 1;
            extent[p] = extent[p].join(&CellBox { x: (x, x), y: (y, y) });
            let q = parent[p] as usize;
            if q != p {
                area[q] += area[p];
                extent[q] = extent[q].join(&extent[p]);
            }
        }
        Self { order, parent, area, extent }
    }

    fn is_node(&self, cell: usize, level: &[u8]) -> bool {
        let parent = self.parent[cell] as usize;
        parent == cell || level[parent] != level[cell]
    }

    /// Shapes that letters can have and that last.
    fn families(&self, level: &[u8], cell_m: f32) -> Vec<Family> {
        let could_be = |p: usize| {
            let (w, h) = (self.extent[p].width() as f32, self.extent[p].height() as f32);
            let filled = self.area[p] as f32 / (w * h);
            self.area[p] >= LEAST_CELLS
                && self.extent[p].height() >= LEAST_HEIGHT
                && HEIGHT_M.contains(&(h * cell_m))
                && w * cell_m <= LENGTH_M
                && w <= LENGTH * h
                && if w > 0.5 * h { (0.12..0.92).contains(&filled) } else { filled > 0.3 }
        };
        let same = |small: usize, large: usize| {
            let (a, b) = (&self.extent[small], &self.extent[large]);
            let grown = |a: u32, b: u32| (b - a) as f32 <= (SAME_SHAPE * a as f32).max(2.0);
            grown(a.width(), b.width()) && grown(a.height(), b.height()) && self.area[large] < 4 * self.area[small]
        };
        // The first node of the family that a node's largest child is in.
        let mut first: Vec<u32> = vec![NONE; level.len()];
        let mut from: Vec<u32> = vec![NONE; level.len()];
        let mut families = Vec::new();
        for &cell in &self.order {
            let p = cell as usize;
            if !self.is_node(p, level) || !could_be(p) {
                continue;
            }
            let child = from[p];
            first[p] = match child {
                NONE => cell,
                child if same(first[child as usize] as usize, p) => first[child as usize],
                _ => cell,
            };
            let q = self.parent[p] as usize;
            if q == p {
                continue;
            }
            if from[q] == NONE || self.area[from[q] as usize] < self.area[p] {
                from[q] = cell;
            }
            // The family ends here when the next one down is another shape.
            if could_be(q) && same(first[p] as usize, q) {
                continue;
            }
            let span = level[first[p] as usize] - level[q];
            if span >= LEAST_SPAN {
                let half = level[q] + span / 2;
                families.push(Family { node: self.at_level(p, half, &from, level), span });
            }
        }
        families
    }

    /// The member of a family, from its last one, that is nearest to a level from below.
    fn at_level(&self, last: usize, wanted: u8, from: &[u32], level: &[u8]) -> u32 {
        let mut p = last;
        while level[p] < wanted && from[p] != NONE && level[from[p] as usize] <= wanted {
            p = from[p] as usize;
        }
        p as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Light on 120 x 60 cells of 5 mm, from 0 to 1.
    fn raster(light: impl Fn(usize, usize) -> f32) -> Raster {
        let tone = (0..120 * 60).map(|i| [light(i % 120, i / 120); 3]).collect();
        Raster { across: 120, cell_m: 0.005, tone }
    }

    /// An upright bar with a foot, 12 x 20 cells.
    fn letter(x: usize, y: usize, left: usize) -> bool {
        (left..left + 12).contains(&x) && (20..40).contains(&y) && (x < left + 4 || y < 24)
    }

    #[test]
    fn letters_stand_out_from_a_ground_that_runs_from_dark_to_light() {
        // No one level parts these two from their ground.
        let ground = |x: usize| 0.2 + 0.005 * x as f32;
        let raster = raster(|x, y| ground(x) + if letter(x, y, 10) || letter(x, y, 90) { 0.15 } else { 0.0 });
        assert!(ground(90) > ground(14) + 0.2);
        let mut found: Vec<CellBox> = pieces(&raster, true).iter().map(|piece| piece.extent).collect();
        // The light end of the ground is a hill, too.
        found.retain(|extent| extent.height() < 60);
        found.sort_by_key(|extent| extent.x.0);
        assert_eq!(found, [10, 90].map(|left| CellBox { x: (left, left + 11), y: (20, 39) }));
        let dark = pieces(&raster, false);
        assert!(dark.iter().all(|piece| piece.extent.x != (10, 21) && piece.extent.x != (90, 101)));
    }

    #[test]
    fn the_unknown_is_no_ground() {
        let raster = raster(|x, y| if letter(x, y, 50) { 0.6 } else { f32::NAN });
        assert!(pieces(&raster, true).is_empty() && pieces(&raster, false).is_empty());
    }

    #[test]
    fn a_letter_on_a_plate_is_found_beside_the_plate() {
        let plate = |x: usize, y: usize| (20..100).contains(&x) && (12..48).contains(&y);
        let raster = raster(|x, y| if letter(x, y, 50) { 0.9 } else if plate(x, y) { 0.6 } else { 0.1 });
        let found = pieces(&raster, true);
        let letter = found.iter().find(|piece| piece.extent.x == (50, 61)).expect("the letter");
        assert_eq!((letter.cells.len(), letter.extent.y), (4 * 20 + 8 * 4, (20, 39)));
        assert!((letter.tone[0] - 0.9).abs() < 1e-4 && letter.span > 60);
    }
}
