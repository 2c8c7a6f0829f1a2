//! Words cut out of the faces that are read standing up, as the reading network wants them.
//!
//! Roof and bonnet are left out: there words stand any way up.

use glam::Vec2;

use super::super::sheet::Face;
use super::{Leaf, Lettering, NO_WORD};
use crate::color::LinearRgb;
use crate::net::reading::WordPicture;
use crate::synth::writing::{MARGIN, framed};

/// This share of a word's cells is fainter than what counts as full strokes: most of the rest are blurred edges.
const EDGES_SHARE: f32 = 0.8;
/// Strokes and ground nearer than this, in cube roots of linear light, cannot be told apart.
const LEAST_CONTRAST: f32 = 0.06;

impl Lettering {
    /// Every word that is read standing up; `color` holds the seen sides.
    pub fn pictures(&self, color: &[LinearRgb]) -> Vec<WordPicture> {
        let words = |leaf: &Leaf| -> Vec<WordPicture> {
            (0..leaf.boxes.len()).filter_map(|index| leaf.picture(index, color)).collect()
        };
        self.leaves.iter().flat_map(words).collect()
    }
}

impl Leaf {
    fn picture(&self, index: usize, color: &[LinearRgb]) -> Option<WordPicture> {
        let rightward = rightward(self.sheet.face)?;
        let word = &self.boxes[index];
        let tones = Tones::of(self, index, color)?;
        // A reader's places: rightward, and down.
        let [a, b] = [word.low, word.high].map(|p| Vec2::new(rightward * p.x, -p.y));
        let at = |p: Vec2| {
            let cell = self.sheet.cell(Vec2::new(rightward * p.x, -p.y));
            let texel = cell.map(|cell| self.sheet.texel[cell]).filter(|&texel| texel != u32::MAX);
            texel.map_or(0.0, |texel| tones.strokes_at(color[texel as usize]))
        };
        // The box ends in the middle of the outermost cells.
        let half = Vec2::splat(0.5 * self.sheet.cell_m);
        Some(framed(a.min(b) - half, a.max(b) + half, MARGIN, at))
    }
}

/// Whether a reader's right is towards the rising or the falling side of a face's first direction; `None` where words may
/// stand any way up.
fn rightward(face: Face) -> Option<f32> {
    match face {
        Face::Right | Face::Front => Some(1.0),
        Face::Left | Face::Rear => Some(-1.0),
        Face::Top => None,
    }
}

/// What tells a word's strokes from its ground.
struct Tones {
    ground: [f32; 3],
    /// From ground to full strokes, by its squared length.
    along: [f32; 3],
}

impl Tones {
    fn of(leaf: &Leaf, index: usize, color: &[LinearRgb]) -> Option<Self> {
        let (word, sheet) = (&leaf.boxes[index], &leaf.sheet);
        let margin = MARGIN * (word.high.y - word.low.y);
        let (low, size) = (word.low - margin, word.high - word.low + 2.0 * margin);
        let (mut strokes, mut ground) = (Vec::new(), Vec::new());
        let steps = (size / sheet.cell_m).ceil();
        for y in 0..steps.y as usize {
            for x in 0..steps.x as usize {
                let Some(cell) = sheet.cell(low + (Vec2::new(x as f32, y as f32) + 0.5) * sheet.cell_m) else { continue };
                let texel = sheet.texel[cell];
                if texel == u32::MAX {
                    continue;
                }
                let c = seen(color[texel as usize]);
                if leaf.word[cell] == index as u16 {
                    strokes.push(c);
                } else if leaf.word[cell] == NO_WORD {
                    ground.push(c);
                }
            }
        }
        if strokes.is_empty() || ground.is_empty() {
            return None;
        }
        let mean = |of: &[[f32; 3]]| -> [f32; 3] {
            std::array::from_fn(|k| of.iter().map(|c| c[k]).sum::<f32>() / of.len() as f32)
        };
        let (middle, ground) = (mean(&strokes), mean(&ground));
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

    /// 0 for ground, 1 for strokes.
    fn strokes_at(&self, c: LinearRgb) -> f32 {
        self.value(seen(c)).clamp(0.0, 1.0)
    }
}

/// Light as the eye grades it.
fn seen(c: LinearRgb) -> [f32; 3] {
    c.map(|v| v.max(0.0).cbrt())
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
