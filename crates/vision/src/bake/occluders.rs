//! People, posts and other cars before the car, as the network's mask shows them.

use glam::Vec2;
use gridvox_car::GBuffer;

use crate::net::Correspondence;
use crate::pieces::{four_around, pieces};

/// Cells of the network's grid where the car should show and something else does.
#[derive(Debug, Clone)]
pub struct Occluders {
    width: usize,
    height: usize,
    /// Photo position of the grid's corner and size of a cell.
    origin: Vec2,
    cell: Vec2,
    hidden: Vec<bool>,
    /// Share of the car's silhouette that is hidden, 0..1.
    pub share: f32,
}

/// Below this the network says that a cell does not show the car.
const NOT_CAR: f32 = 0.3;
/// A larger hidden share is not believed.
const MOST_HIDDEN: f32 = 0.35;
/// Fewer connected cells than this are the network's own mistakes.
const MIN_CELLS: usize = 14;

impl Occluders {
    /// Compares the mask with the drawn car: `depth` as the solved camera sees it, `photo_px` in photo pixels per buffer
    /// pixel from the photo's corner.
    pub fn find(net: &Correspondence, drawn: &GBuffer, photo_px_per_drawn: f32) -> Self {
        let (width, height) = (net.width, net.height);
        let inside: Vec<bool> = (0..width * height)
            .map(|i| {
                let at = net.photo_px(i % width, i / width) / photo_px_per_drawn;
                let (x, y) = (at.x.floor(), at.y.floor());
                x >= 0.0
                    && y >= 0.0
                    && (x as u32) < drawn.width
                    && (y as u32) < drawn.height
                    && drawn.hit(y as usize * drawn.width as usize + x as usize)
            })
            .collect();
        // The outline itself is uncertain by a cell or two.
        let core = erode(&erode(&inside, width), width);
        let suspect: Vec<bool> = (0..width * height).map(|i| core[i] && net.mask[i] < NOT_CAR).collect();
        let mut hidden = large_only(&suspect, width);
        let mut share = count(&hidden) / count(&inside).max(1.0);
        if share > MOST_HIDDEN {
            // So much cannot stand before a car whose camera was found; the mask is wrong.
            hidden.fill(false);
            share = 0.0;
        }
        hidden = dilate(&hidden, width);
        Self { width, height, origin: Vec2::new(net.crop.x, net.crop.y), cell: net.cell_px(), hidden, share }
    }

    /// 1 where the car shows, 0 where something hides it.
    pub fn clear_at(&self, photo_px: Vec2) -> f32 {
        let at = (photo_px - self.origin) / self.cell;
        let (x, y) = (at.x.floor(), at.y.floor());
        if x < 0.0 || y < 0.0 || x as usize >= self.width || y as usize >= self.height {
            return 1.0;
        }
        if self.hidden[y as usize * self.width + x as usize] { 0.0 } else { 1.0 }
    }
}

fn count(cells: &[bool]) -> f32 {
    cells.iter().filter(|&&c| c).count() as f32
}

fn erode(cells: &[bool], across: usize) -> Vec<bool> {
    (0..cells.len()).map(|i| cells[i] && four_around(i, across, cells.len()).all(|n| cells[n])).collect()
}

fn dilate(cells: &[bool], across: usize) -> Vec<bool> {
    (0..cells.len()).map(|i| cells[i] || four_around(i, across, cells.len()).any(|n| cells[n])).collect()
}

fn large_only(cells: &[bool], across: usize) -> Vec<bool> {
    let mut kept = vec![false; cells.len()];
    for piece in pieces(cells.len(), |cell| four_around(cell, across, cells.len()), |_, to| cells[to]) {
        if piece.len() >= MIN_CELLS {
            piece.into_iter().for_each(|cell| kept[cell as usize] = true);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::CropRect;
    use glam::Vec3;

    #[test]
    fn a_person_before_the_car_is_found_and_a_speck_is_not() {
        let (width, height) = (40, 20);
        let mut mask = vec![1.0; width * height];
        for y in 4..18 {
            for x in 10..14 {
                mask[y * width + x] = 0.05;
            }
        }
        mask[10 * width + 30] = 0.0;
        let net = Correspondence {
            width,
            height,
            crop: CropRect { x: 0.0, y: 0.0, w: 400.0, h: 200.0 },
            car_probability: 1.0,
            mask,
            part: vec![0; width * height],
            part_prob: vec![1.0; width * height],
            coords: vec![Vec3::ZERO; width * height],
            sigma: vec![0.1; width * height],
        };
        let drawn = GBuffer { width: 200, height: 100, part: vec![1; 20_000], ..GBuffer::default() };
        let found = Occluders::find(&net, &drawn, 2.0);
        assert_eq!(found.clear_at(Vec2::new(120.0, 100.0)), 0.0);
        assert_eq!(found.clear_at(Vec2::new(305.0, 105.0)), 1.0);
        assert_eq!(found.clear_at(Vec2::new(250.0, 100.0)), 1.0);
        assert!((found.share - 56.0 / 800.0).abs() < 1e-4, "{}", found.share);
    }
}
