//! The seen paint on a coarse grid, and the way of an answer per cell back to every texel.

use gridvox_car::AtlasMaps;
use rayon::prelude::*;

use crate::bake::Baked;
use crate::color::LinearRgb;

/// Cells along the texture's edge at most; one is 2 cm wide on a car.
const MOST_CELLS: usize = 256;
/// A cell is at least so many texels wide: a preview asks less.
const LEAST_STEP: usize = 4;
/// Cells to each side that tell how the answer changes with the photo's colour.
const REACH: usize = 3;
/// Changes of colour smaller than this share are taken for paint rather than for light.
const FAINT: f32 = 0.05;
/// How far the slope may be from the ratio of answer and colour.
const SLOPE: (f32, f32) = (0.7, 3.0);

/// Cells around a texel with their weights.
pub type Around = [(usize, f32); 4];

/// The texels whose colours are replaced: those with a weight above 0.
pub struct Paint<'a> {
    pub color: &'a mut [LinearRgb],
    pub weight: &'a [f32],
}

/// Means over square blocks of texels that carry one part.
pub struct Coarse {
    /// Cells along the texture's edge.
    cells: usize,
    /// Texels along a cell's edge.
    step: usize,
    /// Part index + 1; 0 where nothing is seen.
    part: Vec<u16>,
    /// A seen texel near the middle.
    pub texel: Vec<u32>,
    /// Mean colour in the photo.
    pub color: Vec<LinearRgb>,
}

impl Coarse {
    /// Gathers what is seen; the texture's edge is a power of two.
    pub fn new(baked: &Baked, maps: &AtlasMaps) -> Self {
        let size = maps.size as usize;
        let cells = (size / LEAST_STEP).clamp(1, MOST_CELLS);
        let step = size / cells;
        let gathered: Vec<(u16, u32, LinearRgb)> =
            (0..cells * cells).into_par_iter().map(|cell| gathered(baked, maps, (cell % cells, cell / cells), size, step)).collect();
        Self {
            cells,
            step,
            part: gathered.iter().map(|c| c.0).collect(),
            texel: gathered.iter().map(|c| c.1).collect(),
            color: gathered.iter().map(|c| c.2).collect(),
        }
    }

    /// Cells in which something is seen.
    pub fn seen(&self) -> Vec<usize> {
        (0..self.part.len()).filter(|&cell| self.part[cell] != 0).collect()
    }

    /// Pairs of places in `seen`, which is in order, whose cells touch and show the same part.
    pub fn neighbours(&self, seen: &[usize]) -> Vec<(u32, u32)> {
        let mut place = vec![u32::MAX; self.part.len()];
        seen.iter().enumerate().for_each(|(i, &cell)| place[cell] = i as u32);
        let mut pairs = Vec::new();
        for &cell in seen {
            let right = (cell % self.cells + 1 < self.cells).then_some(cell + 1);
            let below = (cell / self.cells + 1 < self.cells).then_some(cell + self.cells);
            let beside = right.into_iter().chain(below).filter(|&other| self.part[other] == self.part[cell]);
            pairs.extend(beside.map(|other| (place[cell], place[other])));
        }
        pairs
    }

    /// Replaces each seen texel's colour by `answer`'s, which is given per cell, with the photo's fine detail: what a
    /// texel differs by from the cells around it counts as much as the answer changes with the colour there.
    pub fn carry(&self, answer: &[LinearRgb], paint: Paint<'_>, maps: &AtlasMaps) {
        let slopes: Vec<[f32; 3]> =
            (0..self.part.len()).into_par_iter().map(|cell| self.slope(cell, answer)).collect();
        self.replace(paint, maps, |color, around| {
            std::array::from_fn(|k| {
                let of = |&(cell, w): &(usize, f32)| w * (answer[cell][k] + slopes[cell][k] * (color[k] - self.color[cell][k]));
                around.iter().filter(|(_, w)| *w > 0.0).map(of).sum::<f32>().max(0.0)
            })
        });
    }

    /// Replaces each seen texel's colour by what `new` makes of it and of the cells around it. These are of the texel's part,
    /// and their weights sum to 1; where none is near, the colour stays.
    pub fn replace(&self, paint: Paint<'_>, maps: &AtlasMaps, new: impl Fn(LinearRgb, &Around) -> LinearRgb + Sync) {
        let size = maps.size as usize;
        let rows = paint.color.par_chunks_mut(size).zip(paint.weight.par_chunks(size)).enumerate();
        rows.for_each(|(y, (colors, weights))| {
            for (x, (color, _)) in colors.iter_mut().zip(weights).enumerate().filter(|(_, (_, weight))| **weight > 0.0) {
                if let Some(around) = self.around(x, y, maps.part[y * size + x]) {
                    *color = new(*color, &around);
                }
            }
        });
    }

    fn around(&self, x: usize, y: usize, part: u16) -> Option<Around> {
        let place = |v: usize| ((v as f32 + 0.5) / self.step as f32 - 0.5).max(0.0);
        let (px, py) = (place(x), place(y));
        let (fx, fy) = (px.fract(), py.fract());
        let corners = [(0, 0, (1.0 - fx) * (1.0 - fy)), (1, 0, fx * (1.0 - fy)), (0, 1, (1.0 - fx) * fy), (1, 1, fx * fy)];
        let around = corners.map(|(dx, dy, w)| {
            let cell = (py as usize + dy).min(self.cells - 1) * self.cells + (px as usize + dx).min(self.cells - 1);
            (cell, if self.part[cell] == part { w } else { 0.0 })
        });
        let total: f32 = around.iter().map(|(_, w)| w).sum();
        if total > 0.0 {
            return Some(around.map(|(cell, w)| (cell, w / total)));
        }
        // A sliver whose cell went to another part: the nearest cell of its own is a step away.
        let own = (y / self.step).min(self.cells - 1) * self.cells + (x / self.step).min(self.cells - 1);
        Some([(self.nearby(own, part)?, 1.0), (own, 0.0), (own, 0.0), (own, 0.0)])
    }

    fn nearby(&self, cell: usize, part: u16) -> Option<usize> {
        let (x, y) = ((cell % self.cells) as isize, (cell / self.cells) as isize);
        let offsets = (-2..=2isize).flat_map(|dy| (-2..=2isize).map(move |dx| (dx, dy)));
        offsets
            .map(|(dx, dy)| (dx * dx + dy * dy, x + dx, y + dy))
            .filter(|&(_, x, y)| x >= 0 && y >= 0 && x < self.cells as isize && y < self.cells as isize)
            .map(|(d, x, y)| (d, y as usize * self.cells + x as usize))
            .filter(|&(_, cell)| self.part[cell] == part)
            .min()
            .map(|(_, cell)| cell)
    }

    /// How the answer changes with the photo's colour around a cell (guided filter, He et al. 2013), kept near the
    /// ratio of the two where nothing changes.
    fn slope(&self, cell: usize, answer: &[LinearRgb]) -> [f32; 3] {
        let part = self.part[cell];
        if part == 0 {
            return [1.0; 3];
        }
        let (x, y) = (cell % self.cells, cell / self.cells);
        let (mut n, mut i1, mut a1, mut ii, mut ia) = (0.0f32, [0.0f32; 3], [0.0f32; 3], [0.0f32; 3], [0.0f32; 3]);
        for cy in y.saturating_sub(REACH)..=(y + REACH).min(self.cells - 1) {
            for other in cy * self.cells + x.saturating_sub(REACH)..=cy * self.cells + (x + REACH).min(self.cells - 1) {
                if self.part[other] != part {
                    continue;
                }
                n += 1.0;
                for k in 0..3 {
                    let (i, a) = (self.color[other][k], answer[other][k]);
                    (i1[k], a1[k], ii[k], ia[k]) = (i1[k] + i, a1[k] + a, ii[k] + i * i, ia[k] + i * a);
                }
            }
        }
        std::array::from_fn(|k| {
            let (i, a) = (i1[k] / n, a1[k] / n);
            let (variance, covariance) = ((ii[k] / n - i * i).max(0.0), ia[k] / n - i * a);
            let ratio = (a / i.max(1e-4)).min(20.0);
            let trust = (FAINT * i).powi(2) + 1e-5;
            ((covariance + trust * ratio) / (variance + trust)).clamp(SLOPE.0 * ratio, SLOPE.1 * ratio)
        })
    }
}

/// The part that a cell shows most, a seen texel of it near the middle, and its mean colour.
fn gathered(baked: &Baked, maps: &AtlasMaps, cell: (usize, usize), size: usize, step: usize) -> (u16, u32, LinearRgb) {
    let (x0, y0) = (cell.0 * step, cell.1 * step);
    let texels = || (0..step * step).map(move |i| (y0 + i / step) * size + x0 + i % step);
    let mut counts: Vec<(u16, u32)> = Vec::new();
    for texel in texels().filter(|&t| baked.weight[t] > 0.0) {
        match counts.iter_mut().find(|(part, _)| *part == maps.part[texel]) {
            Some((_, count)) => *count += 1,
            None => counts.push((maps.part[texel], 1)),
        }
    }
    let Some(&(part, count)) = counts.iter().max_by_key(|(part, count)| (*count, u16::MAX - *part)) else {
        return (0, 0, [0.0; 3]);
    };
    let middle = step as f32 * 0.5 - 0.5;
    let (mut sum, mut nearest) = ([0.0f32; 3], (f32::MAX, 0u32));
    for texel in texels().filter(|&t| baked.weight[t] > 0.0 && maps.part[t] == part) {
        sum = std::array::from_fn(|k| sum[k] + baked.color[texel][k]);
        let (x, y) = ((texel % size - x0) as f32 - middle, (texel / size - y0) as f32 - middle);
        nearest = if x * x + y * y < nearest.0 { (x * x + y * y, texel as u32) } else { nearest };
    }
    (part, nearest.1, sum.map(|s| s / count as f32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::delta_e;
    use glam::Vec3;

    const SIZE: usize = 1024;

    /// A flat sheet of two parts, left and right, all of it seen, as a photo that shows `color` of each texel.
    fn sheet(color: impl Fn(usize, usize) -> LinearRgb) -> (AtlasMaps, Baked) {
        let texels = SIZE * SIZE;
        let maps = AtlasMaps {
            size: SIZE as u32,
            position: vec![Vec3::ZERO; texels],
            normal: vec![Vec3::Y; texels],
            part: (0..texels).map(|i| if i % SIZE < SIZE / 2 { 1 } else { 2 }).collect(),
            mirror: vec![u32::MAX; texels],
            texel_m: vec![0.005; texels],
            occlusion: vec![1.0; texels],
            mean_texels_per_metre: 200.0,
        };
        let color = (0..texels).map(|i| color(i % SIZE, i / SIZE)).collect();
        (maps, Baked { color, weight: vec![1.0; texels] })
    }

    /// Fine stripes, 3 texels wide, on a ground that changes from red to white in the middle of each part.
    fn paint(x: usize, y: usize) -> LinearRgb {
        match (y % 12 < 3, (x % 512) < 256) {
            (true, _) => [0.04, 0.05, 0.2],
            (_, true) => [0.6, 0.05, 0.04],
            (_, false) => [0.8, 0.8, 0.8],
        }
    }

    /// Mean difference after carrying an answer that is right for every cell.
    fn carried(light: impl Fn(usize, usize, LinearRgb) -> LinearRgb) -> f32 {
        let (maps, mut baked) = sheet(|x, y| light(x, y, paint(x, y)));
        let coarse = Coarse::new(&baked, &maps);
        let (_, truth) = sheet(paint);
        let answer = Coarse::new(&truth, &maps).color;
        coarse.carry(&answer, Paint { color: &mut baked.color, weight: &baked.weight }, &maps);
        baked.color.iter().zip(&truth.color).map(|(a, b)| delta_e(*a, *b)).sum::<f32>() / truth.color.len() as f32
    }

    #[test]
    fn an_even_light_comes_off_and_fine_detail_stays() {
        let error = carried(|_, _, paint| [paint[0] * 0.5, paint[1] * 0.4, paint[2] * 0.3]);
        assert!(error < 0.5, "{error}");
    }

    #[test]
    fn a_mirror_image_comes_off_and_fine_detail_stays() {
        let mirrored = |x: usize, y: usize| 0.12 + 0.1 * ((x + y) as f32 * 0.006).sin();
        let before = {
            let (_, baked) = sheet(|x, y| paint(x, y).map(|v| v * 0.6 + mirrored(x, y)));
            let (_, truth) = sheet(paint);
            baked.color.iter().zip(&truth.color).map(|(a, b)| delta_e(*a, *b)).sum::<f32>() / truth.color.len() as f32
        };
        let after = carried(|x, y, paint| paint.map(|v| v * 0.6 + mirrored(x, y)));
        assert!(before > 10.0 && after < 1.5, "{before} became {after}");
    }

    #[test]
    fn parts_do_not_bleed_into_each_other() {
        let (maps, mut baked) = sheet(|_, _| [0.3; 3]);
        let coarse = Coarse::new(&baked, &maps);
        let half = coarse.cells / 2;
        let answer: Vec<LinearRgb> =
            (0..coarse.color.len()).map(|cell| if cell % coarse.cells < half { [0.1; 3] } else { [0.7; 3] }).collect();
        coarse.carry(&answer, Paint { color: &mut baked.color, weight: &baked.weight }, &maps);
        for (color, part) in baked.color.iter().zip(&maps.part) {
            let due = if *part == 1 { 0.1 } else { 0.7 };
            assert!((color[0] - due).abs() < 1e-3, "{color:?} on part {part}");
        }
    }

    #[test]
    fn what_is_not_seen_stays_as_it_was() {
        let (maps, mut baked) = sheet(|_, _| [0.3; 3]);
        (0..SIZE * SIZE).filter(|i| i / SIZE < 400).for_each(|i| (baked.color[i], baked.weight[i]) = ([0.0; 3], 0.0));
        let coarse = Coarse::new(&baked, &maps);
        assert!(coarse.seen().iter().all(|cell| cell / coarse.cells >= 100));
        let answer = vec![[0.5; 3]; coarse.color.len()];
        coarse.carry(&answer, Paint { color: &mut baked.color, weight: &baked.weight }, &maps);
        for (i, color) in baked.color.iter().enumerate() {
            assert_eq!(color[0] > 0.0, i / SIZE >= 400);
        }
    }
}
