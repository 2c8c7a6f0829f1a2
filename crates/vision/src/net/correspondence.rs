//! What the network says about a photo, cell by cell, in plain arrays.

use glam::{Vec2, Vec3};
use gridvox_car::PartClass;
use serde::{Deserialize, Serialize};

/// The rectangle of a photo that a grid covers, in photo pixels; it may reach beyond the photo's edges.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CropRect {
    /// Left edge, pixels.
    pub x: f32,
    /// Top edge, pixels.
    pub y: f32,
    /// Width, pixels, above 0.
    pub w: f32,
    /// Height, pixels, above 0.
    pub h: f32,
}

/// Dense correspondences between a photo and a car, row-major over `width * height` cells.
///
/// Every vector has `width * height` entries. Entries of cells whose `mask` is low are meaningless.
#[derive(Debug, Clone, PartialEq)]
pub struct Correspondence {
    /// Cells per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// What the grid covers.
    pub crop: CropRect,
    /// Probability that the whole photo shows a car at all, 0..1.
    pub car_probability: f32,
    /// Probability that the cell shows the car, 0..1.
    pub mask: Vec<f32>,
    /// Most likely part, an index in [`PartClass::ALL`].
    pub part: Vec<u8>,
    /// Probability of that part given that the cell shows the car, 0..1.
    pub part_prob: Vec<f32>,
    /// Place on the car, `(p - centre) / half_extent` of the car's bounding box, so -1..1 on each axis. Left and right
    /// are told apart: +x is the car's left side.
    pub coords: Vec<Vec3>,
    /// Standard deviation of one axis of `coords`, in the same units.
    pub sigma: Vec<f32>,
}

impl Correspondence {
    /// Index of a cell in the vectors.
    pub fn index(&self, ix: usize, iy: usize) -> usize {
        iy * self.width + ix
    }

    /// Centre of a cell, in photo pixels (the first pixel's centre is (0.5, 0.5)).
    pub fn photo_px(&self, ix: usize, iy: usize) -> Vec2 {
        Vec2::new(
            self.crop.x + (ix as f32 + 0.5) / self.width as f32 * self.crop.w,
            self.crop.y + (iy as f32 + 0.5) / self.height as f32 * self.crop.h,
        )
    }

    /// Size of a cell, in photo pixels.
    pub fn cell_px(&self) -> Vec2 {
        Vec2::new(self.crop.w / self.width as f32, self.crop.h / self.height as f32)
    }

    /// The most likely part of a cell.
    pub fn part_class(&self, index: usize) -> PartClass {
        PartClass::ALL[self.part[index] as usize]
    }

    /// Share of the grid that shows the car, 0..1.
    pub fn coverage(&self) -> f32 {
        let seen = self.mask.iter().filter(|&&p| p > 0.5).count();
        seen as f32 / self.mask.len().max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_lie_in_the_middle_of_their_share_of_the_crop() {
        let grid = Correspondence {
            width: 4,
            height: 2,
            crop: CropRect { x: 100.0, y: -20.0, w: 80.0, h: 40.0 },
            car_probability: 1.0,
            mask: vec![1.0; 8],
            part: vec![16; 8],
            part_prob: vec![1.0; 8],
            coords: vec![Vec3::ZERO; 8],
            sigma: vec![0.1; 8],
        };
        assert_eq!(grid.photo_px(0, 0), Vec2::new(110.0, -10.0));
        assert_eq!(grid.photo_px(3, 1), Vec2::new(170.0, 10.0));
        assert_eq!(grid.cell_px(), Vec2::new(20.0, 20.0));
        assert_eq!(grid.part_class(grid.index(3, 1)), PartClass::Glass);
    }
}
