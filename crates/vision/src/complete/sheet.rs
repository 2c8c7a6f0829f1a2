//! A face of the car laid flat: the atlas cuts a word at every panel gap, the eye does not.

use glam::{Vec2, Vec3};
use gridvox_car::AtlasMaps;
use rayon::prelude::*;

use super::dilate;

/// A side from which the car is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// The car's left side.
    Left,
    /// The car's right side.
    Right,
    /// Bonnet and roof.
    Top,
    /// The nose.
    Front,
    /// The tail.
    Rear,
}

impl Face {
    /// Every face.
    pub const ALL: [Self; 5] = [Self::Left, Self::Right, Self::Top, Self::Front, Self::Rear];

    /// The face that a piece of surface belongs to; bonnets slope, so what looks up a fair bit is read from above.
    pub fn of(normal: Vec3) -> Self {
        let n = normal.abs();
        match (n.x >= n.y && n.x >= n.z, n.y >= n.z, normal) {
            (true, _, n) if n.x > 0.0 => Self::Left,
            (true, _, _) => Self::Right,
            (_, true, _) => Self::Top,
            (.., n) if n.z > 0.0 => Self::Front,
            _ => Self::Rear,
        }
    }

    /// Place along the direction that mirroring turns about within a word, and across it.
    pub fn project(self, p: Vec3) -> Vec2 {
        match self {
            Self::Left | Self::Right => Vec2::new(p.z, p.y),
            Self::Top => Vec2::new(p.x, p.z),
            Self::Front | Self::Rear => Vec2::new(p.x, p.y),
        }
    }

    /// Whether a piece of surface shows on this face: its own, and on sides and ends what slopes towards them, for words run
    /// around corners and over shoulders.
    pub fn shows(self, normal: Vec3) -> bool {
        Self::of(normal) == self || (self != Self::Top && self.outward(normal) > SLOPING)
    }

    /// How far out a point lies, so that what is outside hides what is inside.
    fn outward(self, p: Vec3) -> f32 {
        match self {
            Self::Left => p.x,
            Self::Right => -p.x,
            Self::Top => p.y,
            Self::Front => p.z,
            Self::Rear => -p.z,
        }
    }
}

/// A face's known texels on a grid.
pub struct Sheet {
    /// Which face.
    pub face: Face,
    /// Edge of a cell in metres.
    pub cell_m: f32,
    /// Cells per row.
    pub across: usize,
    /// A texel for each cell, `u32::MAX` where none is known.
    pub texel: Vec<u32>,
    origin: Vec2,
}

/// Cosine up to which a surface shows on a face that is not its own.
const SLOPING: f32 = 0.35;
/// Widest gap between panels in metres.
const PANEL_GAP_M: f32 = 0.008;
/// Room around the car in cells.
const ROOM: f32 = 4.0;

impl Sheet {
    /// Lays out a face; `None` where nothing of it is known.
    pub fn new(face: Face, known: &[bool], maps: &AtlasMaps) -> Option<Self> {
        let texels: Vec<u32> = (0..known.len())
            .into_par_iter()
            .filter(|&i| known[i] && maps.part[i] != 0 && face.shows(maps.normal[i]))
            .map(|i| i as u32)
            .collect();
        if texels.len() < 50 {
            return None;
        }
        let place = |t: u32| face.project(maps.position[t as usize]);
        let low = texels.iter().fold(Vec2::MAX, |low, &t| low.min(place(t)));
        let high = texels.iter().fold(Vec2::MIN, |high, &t| high.max(place(t)));
        let cell_m = 1.0 / maps.mean_texels_per_metre.max(10.0);
        let origin = low - ROOM * cell_m;
        let extent = (high - low) / cell_m + 2.0 * ROOM;
        let (across, down) = (extent.x as usize + 1, extent.y as usize + 1);
        let mut sheet = Self { face, cell_m, across, texel: vec![u32::MAX; across * down], origin };
        for &t in &texels {
            let Some(cell) = sheet.cell(place(t)) else { continue };
            let outward = |t: u32| face.outward(maps.position[t as usize]);
            let there = sheet.texel[cell];
            if there == u32::MAX || outward(t) > outward(there) {
                sheet.texel[cell] = t;
            }
        }
        let mut filled: Vec<bool> = sheet.texel.iter().map(|&t| t != u32::MAX).collect();
        let rings = (PANEL_GAP_M / cell_m).ceil() as usize;
        dilate::spread_wide(&mut sheet.texel, &mut filled, across, rings.max(1));
        Some(sheet)
    }

    /// Rows.
    pub fn down(&self) -> usize {
        self.texel.len() / self.across
    }

    /// The cell at a place of the face.
    pub fn cell(&self, at: Vec2) -> Option<usize> {
        let c = (at - self.origin) / self.cell_m;
        let inside = c.x >= 0.0 && c.y >= 0.0 && (c.x as usize) < self.across;
        let cell = c.y as usize * self.across + c.x as usize;
        (inside && cell < self.texel.len()).then_some(cell)
    }

    /// The middle of a cell.
    pub fn place(&self, cell: usize) -> Vec2 {
        let (x, y) = ((cell % self.across) as f32, (cell / self.across) as f32);
        self.origin + (Vec2::new(x, y) + 0.5) * self.cell_m
    }

    /// Up to eight cells around one, the straight ones first.
    pub fn around(&self, cell: usize) -> impl Iterator<Item = usize> + use<> {
        // Divisions of 32 bits take a third of the time.
        let (across, cells) = (self.across as u32, self.texel.len() as u32);
        let (x, y) = ((cell as u32 % across) as isize, (cell as u32 / across) as isize);
        let (across, down) = (across as isize, (cells / across) as isize);
        [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, -1), (-1, 1), (1, 1)].into_iter().filter_map(move |(dx, dy)| {
            let (x, y) = (x + dx, y + dy);
            (x >= 0 && y >= 0 && x < across && y < down).then(|| (y * across + x) as usize)
        })
    }
}
