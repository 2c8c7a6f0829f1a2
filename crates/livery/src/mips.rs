//! Mip levels, filtered in linear light by coverage.
//!
//! Each level is the box mean of the one below (2 x 2 texels; three wherever a side is odd), kept in f32 down the whole
//! chain and rounded to 8 bits once per level, so that small levels do not drift. Averaging stored sRGB values instead
//! darkens every edge between light and dark: half black, half white must become 188, not 128.

use image::RgbaImage;
use rayon::prelude::*;

use crate::linear::{Tables, Weighted};
use crate::rect::PixelRect;
use crate::tile::{TILE_PX, Tile, TiledImage};

/// Levels that lie within one tile, below the one where the tile is a single texel.
const TILE_LEVELS: u32 = TILE_PX.ilog2();

/// A rectangle of texels to write into one mip level of a texture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MipPatch {
    /// 0 is the full size.
    pub level: u32,
    /// First column, in texels of this level.
    pub x: u32,
    /// First row, in texels of this level.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// sRGB with straight alpha, `width * height * 4` bytes, row by row without padding.
    pub rgba: Vec<u8>,
}

/// What the alpha channel means when texels are averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlphaUse {
    /// How much of the texel is covered: colours count by it, so hidden texels do not bleed.
    Coverage,
    /// A value of its own, such as a paint effect: colours count alike.
    Value,
}

/// Number of levels of a texture, the full size included: 12 for 2048.
pub fn level_count(width: u32, height: u32) -> u32 {
    width.max(height).max(1).ilog2() + 1
}

/// All levels from the picture itself down to 1 x 1; alpha is coverage.
pub fn chain(image: &RgbaImage) -> Vec<RgbaImage> {
    chain_with(image, AlphaUse::Coverage)
}

/// As [`chain`], with a choice of what alpha means.
pub fn chain_with(image: &RgbaImage, alpha: AlphaUse) -> Vec<RgbaImage> {
    let mut levels = vec![image.clone()];
    let (width, height) = image.dimensions();
    if width == 0 || height == 0 {
        return levels;
    }
    let (texels, _) = image.as_raw().as_chunks::<4>();
    let tables = Tables::get();
    let weigh = |&texel: &[u8; 4]| match alpha {
        AlphaUse::Coverage => tables.weigh(texel),
        AlphaUse::Value => tables.weigh_alike(texel),
    };
    let unweigh = |mean: &Weighted| match alpha {
        AlphaUse::Coverage => tables.unweigh(*mean),
        AlphaUse::Value => tables.unweigh_alike(*mean),
    };
    let mut level = None;
    while levels.len() < level_count(width, height) as usize {
        let next = match &level {
            None => Level::halved(width, height, texels, weigh),
            Some(Level { width, height, texels }) => Level::halved(*width, *height, texels, |&texel| texel),
        };
        let mut rgba = vec![0; next.texels.len() * 4];
        rgba.as_chunks_mut::<4>().0.par_iter_mut().zip(&next.texels).for_each(|(out, mean)| *out = unweigh(mean));
        levels.push(RgbaImage::from_raw(next.width, next.height, rgba).expect("the buffer has the level's size"));
        level = Some(next);
    }
    levels
}

/// What has to be written into every level of a texture after the texels of `rect` changed: one patch per level, each
/// covering all texels of that level that the change reaches. Equal to the same rectangles of [`chain`].
///
/// Cost: the tiles that `rect` touches, once each, whatever the texture's size.
pub fn patches(image: &TiledImage, rect: PixelRect) -> Vec<MipPatch> {
    let rect = rect.intersection(&PixelRect::square(image.size()));
    if rect.is_empty() {
        return Vec::new();
    }
    let tables = Tables::get();
    let mut patches: Vec<MipPatch> =
        (0..level_count(image.size(), image.size())).map(|level| empty_patch(image.size(), rect, level)).collect();
    patches[0].rgba = image.crop(rect).into_raw();

    let (inside, above) = patches[1..].split_at_mut(TILE_LEVELS as usize - 1);
    let touched: Vec<usize> = image.tiles_touching(rect).collect();
    let reduced: Vec<Vec<Level>> =
        touched.par_iter().map(|&index| tile_levels(&image.tiles()[index])).collect();
    for (&index, levels) in touched.iter().zip(&reduced) {
        let place = image.tile_rect(index);
        for (patch, level) in inside.iter_mut().zip(levels) {
            let corner = (place.x >> patch.level, place.y >> patch.level);
            copy_into(patch, level, corner, &tables);
        }
    }

    let side = image.tiles_per_side();
    let mut grid =
        Level { width: side, height: side, texels: image.tiles().par_iter().map(|tile| tile.mean()).collect() };
    for patch in above {
        copy_into(patch, &grid, (0, 0), &tables);
        grid = Level::halved(grid.width, grid.height, &grid.texels, |&texel| texel);
    }
    patches
}

/// A whole picture as one patch per level.
pub fn whole(image: &RgbaImage) -> Vec<MipPatch> {
    chain(image)
        .into_iter()
        .zip(0..)
        .map(|(image, level)| MipPatch {
            level,
            x: 0,
            y: 0,
            width: image.width(),
            height: image.height(),
            rgba: image.into_raw(),
        })
        .collect()
}

/// A tile reduced to one texel.
pub(crate) fn tile_mean(tile: &Tile) -> Weighted {
    tile_levels(tile).last().expect("a tile has levels below it").texels[0]
}

struct Level {
    width: u32,
    height: u32,
    texels: Vec<Weighted>,
}

impl Level {
    /// The level above one of `width` x `height` texels.
    fn halved<T: Sync>(width: u32, height: u32, below: &[T], weigh: impl Fn(&T) -> Weighted + Sync) -> Self {
        let (w, h) = ((width / 2).max(1), (height / 2).max(1));
        let mut texels = vec![Weighted::default(); (w * h) as usize];
        let row_of = |y: u32| &below[(y * width) as usize..][..width as usize];
        let rows = texels.par_chunks_exact_mut(w as usize).enumerate().with_min_len(16);
        if width.is_multiple_of(2) && height.is_multiple_of(2) {
            rows.for_each(|(y, out)| {
                let (upper, lower) = (row_of(y as u32 * 2), row_of(y as u32 * 2 + 1));
                let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
                for (out, (a, b)) in out.iter_mut().zip(pairs) {
                    let [a, b, c, d] = [&a[0], &a[1], &b[0], &b[1]].map(|texel| weigh(texel).0);
                    *out = Weighted(std::array::from_fn(|i| ((a[i] + b[i]) + (c[i] + d[i])) * 0.25));
                }
            });
        } else {
            let columns: Vec<Taps> = (0..w).map(|x| taps(x, width, w)).collect();
            rows.for_each(|(y, out)| {
                for (out, column) in out.iter_mut().zip(&columns) {
                    for (row, by_row) in taps(y as u32, height, h) {
                        for &(x, by_column) in column {
                            let texel = weigh(&row_of(row)[x as usize]).0;
                            for (sum, value) in out.0.iter_mut().zip(texel) {
                                *sum += value * by_row * by_column;
                            }
                        }
                    }
                }
            });
        }
        Self { width: w, height: h, texels }
    }
}

/// Source texels under one texel of the level above, with their shares of it.
type Taps = [(u32, f32); 3];

fn taps(index: u32, from: u32, to: u32) -> Taps {
    let scale = from as f32 / to as f32;
    let (start, end) = (index as f32 * scale, (index + 1) as f32 * scale);
    let first = start as u32;
    std::array::from_fn(|i| {
        let texel = first + i as u32;
        let share = (end.min(texel as f32 + 1.0) - start.max(texel as f32)).max(0.0) / scale;
        (texel.min(from - 1), share)
    })
}

/// Levels 1 to 8 of a tile.
fn tile_levels(tile: &Tile) -> Vec<Level> {
    let tables = Tables::get();
    let mut levels = vec![Level::halved(TILE_PX, TILE_PX, tile.texels(), |&texel| tables.weigh(texel))];
    while let Some(Level { width: 2.., height, texels }) = levels.last() {
        let width = levels.last().map_or(1, |level| level.width);
        let next = Level::halved(width, *height, texels, |&texel| texel);
        levels.push(next);
    }
    levels
}

/// The rectangle of a level that the texels of `rect` reach. Levels at which a tile is one texel are taken whole: they
/// hold at most 32 x 32 texels.
fn empty_patch(size: u32, rect: PixelRect, level: u32) -> MipPatch {
    let part = if level < TILE_LEVELS {
        let (x, y) = (rect.x >> level, rect.y >> level);
        let (right, bottom) = (rect.right().div_ceil(1 << level), rect.bottom().div_ceil(1 << level));
        PixelRect::new(x, y, right - x, bottom - y)
    } else {
        PixelRect::square((size >> level).max(1))
    };
    let PixelRect { x, y, width, height } = part;
    MipPatch { level, x, y, width, height, rgba: vec![0; (width * height * 4) as usize] }
}

/// Copies what a level and a patch have in common; the level's first texel lies at `corner`.
fn copy_into(patch: &mut MipPatch, level: &Level, corner: (u32, u32), tables: &Tables) {
    let target = PixelRect::new(patch.x, patch.y, patch.width, patch.height);
    let part = target.intersection(&PixelRect::new(corner.0, corner.1, level.width, level.height));
    let (out, _) = patch.rgba.as_chunks_mut::<4>();
    for y in part.y..part.bottom() {
        let from = ((y - corner.1) * level.width + part.x - corner.0) as usize;
        let to = ((y - target.y) * target.width + part.x - target.x) as usize;
        let width = part.width as usize;
        for (out, &mean) in out[to..to + width].iter_mut().zip(&level.texels[from..from + width]) {
            *out = tables.unweigh(mean);
        }
    }
}
