//! Textures as grids of shared tiles.

use std::fmt;
use std::sync::{Arc, OnceLock};

use image::{Rgba, RgbaImage};
use rayon::prelude::*;

use crate::linear::Weighted;
use crate::mips;
use crate::{LiveryError, PixelRect};

/// A tile's side. One tile is what a change re-uploads at least: 256 KiB, about a millisecond to blend and filter.
pub const TILE_PX: u32 = 256;
/// Smallest texture side a document may have.
pub const MIN_SIZE: u32 = 512;
/// Largest texture side a document may have.
pub const MAX_SIZE: u32 = 8192;

pub(crate) const TILE_TEXELS: usize = (TILE_PX * TILE_PX) as usize;

/// What a tile's alpha channel holds, known without looking at every texel again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Every alpha is 0.
    Transparent,
    /// Anything in between.
    Mixed,
    /// Every alpha is 255.
    Opaque,
}

/// [`TILE_PX`] x [`TILE_PX`] texels that never change once made.
pub struct Tile {
    texels: Box<[[u8; 4]]>,
    coverage: Coverage,
    mean: OnceLock<Weighted>,
}

impl Tile {
    /// Takes rows of sRGB texels with straight alpha.
    ///
    /// # Panics
    /// If there are not exactly `TILE_PX * TILE_PX` texels.
    pub fn new(texels: Box<[[u8; 4]]>) -> Self {
        assert_eq!(texels.len(), TILE_TEXELS, "a tile has {TILE_PX} x {TILE_PX} texels");
        let (and, or) = texels.iter().fold((u8::MAX, 0), |(and, or), t| (and & t[3], or | t[3]));
        let coverage = match (and, or) {
            (_, 0) => Coverage::Transparent,
            (u8::MAX, _) => Coverage::Opaque,
            _ => Coverage::Mixed,
        };
        Self { texels, coverage, mean: OnceLock::new() }
    }

    /// A tile of one colour.
    pub fn filled(color: [u8; 4]) -> Self {
        Self::new(vec![color; TILE_TEXELS].into_boxed_slice())
    }

    /// All texels, row by row.
    pub fn texels(&self) -> &[[u8; 4]] {
        &self.texels
    }

    /// One row of texels; `y` counts from the tile's top.
    pub fn row(&self, y: u32) -> &[[u8; 4]] {
        let start = (y * TILE_PX) as usize;
        &self.texels[start..start + TILE_PX as usize]
    }

    /// What the alpha channel holds.
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// The tile reduced to one texel, kept for the mip levels that lie above tiles.
    pub(crate) fn mean(&self) -> Weighted {
        *self.mean.get_or_init(|| mips::tile_mean(self))
    }
}

impl PartialEq for Tile {
    fn eq(&self, other: &Self) -> bool {
        self.texels == other.texels
    }
}

impl fmt::Debug for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tile").field("coverage", &self.coverage).finish_non_exhaustive()
    }
}

/// A square sRGB texture with straight alpha, as a grid of shared tiles. A clone copies one pointer.
#[derive(Debug, Clone, PartialEq)]
pub struct TiledImage {
    size: u32,
    tiles: Arc<Vec<Arc<Tile>>>,
}

impl TiledImage {
    /// A texture of one colour, whose positions all share one tile.
    pub fn filled(size: u32, color: [u8; 4]) -> Result<Self, LiveryError> {
        check_size(size, size)?;
        let count = (size / TILE_PX).pow(2) as usize;
        Ok(Self { size, tiles: Arc::new(vec![Arc::new(Tile::filled(color)); count]) })
    }

    /// Cuts a picture into tiles. Its side must be a multiple of [`TILE_PX`] from [`MIN_SIZE`] to [`MAX_SIZE`].
    pub fn from_rgba(image: &RgbaImage) -> Result<Self, LiveryError> {
        check_size(image.width(), image.height())?;
        let size = image.width();
        let tiles = (0..(size / TILE_PX).pow(2) as usize)
            .into_par_iter()
            .map(|index| Arc::new(cut(image, tile_rect(size, index))))
            .collect();
        Ok(Self { size, tiles: Arc::new(tiles) })
    }

    /// As [`Self::from_rgba`], but takes over the tiles of `previous` wherever the texels are the same, so that
    /// [`Self::diff`] and the compositor see only what really changed.
    pub fn from_rgba_sharing(image: &RgbaImage, previous: &Self) -> Result<Self, LiveryError> {
        let mut new = Self::from_rgba(image)?;
        if new.size == previous.size {
            let kept = new
                .tiles
                .par_iter()
                .zip(previous.tiles.par_iter())
                .map(|(new, old)| Arc::clone(if new == old { old } else { new }))
                .collect();
            new.tiles = Arc::new(kept);
        }
        Ok(new)
    }

    /// The whole texture as one picture.
    pub fn to_rgba(&self) -> RgbaImage {
        self.crop(PixelRect::square(self.size))
    }

    /// A copy of the part of `rect` that lies inside.
    pub fn crop(&self, rect: PixelRect) -> RgbaImage {
        let rect = rect.intersection(&PixelRect::square(self.size));
        let mut out = RgbaImage::new(rect.width, rect.height);
        for index in self.tiles_touching(rect) {
            let place = tile_rect(self.size, index);
            let part = place.intersection(&rect);
            for y in part.y..part.bottom() {
                let from = &self.tiles[index].row(y - place.y)[(part.x - place.x) as usize..][..part.width as usize];
                let to = (((y - rect.y) * rect.width + part.x - rect.x) * 4) as usize;
                out.as_flat_samples_mut().samples[to..to + from.len() * 4].copy_from_slice(from.as_flattened());
            }
        }
        out
    }

    /// Writes a picture over the texture with its top left corner at `(x, y)`, alpha included; what sticks out is cut.
    /// Only touched tiles are made anew. Returns the rectangle that was written.
    pub fn put(&mut self, x: u32, y: u32, patch: &RgbaImage) -> PixelRect {
        let wanted = PixelRect::new(x, y, patch.width(), patch.height());
        let rect = wanted.intersection(&PixelRect::square(self.size));
        let touched: Vec<usize> = self.tiles_touching(rect).collect();
        let size = self.size;
        let tiles = Arc::make_mut(&mut self.tiles);
        for index in touched {
            let place = tile_rect(size, index);
            let part = place.intersection(&rect);
            let mut texels: Box<[[u8; 4]]> = tiles[index].texels().into();
            for row in part.y..part.bottom() {
                for column in part.x..part.right() {
                    let at = (row - place.y) * TILE_PX + column - place.x;
                    texels[at as usize] = patch.get_pixel(column - x, row - y).0;
                }
            }
            tiles[index] = Arc::new(Tile::new(texels));
        }
        rect
    }

    /// Pixels along one side.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Tiles along one side.
    pub fn tiles_per_side(&self) -> u32 {
        self.size / TILE_PX
    }

    /// Every tile, row by row.
    pub fn tiles(&self) -> &[Arc<Tile>] {
        &self.tiles
    }

    /// Replaces the tile at an index of [`Self::tiles`].
    pub fn set_tile(&mut self, index: usize, tile: Arc<Tile>) {
        Arc::make_mut(&mut self.tiles)[index] = tile;
    }

    /// Where the tile at an index of [`Self::tiles`] lies.
    pub fn tile_rect(&self, index: usize) -> PixelRect {
        tile_rect(self.size, index)
    }

    /// Indices of the tiles that share a texel with `rect`, ascending.
    pub fn tiles_touching(&self, rect: PixelRect) -> impl Iterator<Item = usize> + use<> {
        let rect = rect.intersection(&PixelRect::square(self.size));
        let side = self.tiles_per_side();
        let columns = if rect.is_empty() { 0..0 } else { rect.x / TILE_PX..rect.right().div_ceil(TILE_PX) };
        let rows = rect.y / TILE_PX..rect.bottom().div_ceil(TILE_PX);
        rows.flat_map(move |y| columns.clone().map(move |x| (y * side + x) as usize))
    }

    /// The texel at `(x, y)`, or `None` outside.
    pub fn texel(&self, x: u32, y: u32) -> Option<Rgba<u8>> {
        if x >= self.size || y >= self.size {
            return None;
        }
        let tile = &self.tiles[((y / TILE_PX) * self.tiles_per_side() + x / TILE_PX) as usize];
        Some(Rgba(tile.row(y % TILE_PX)[(x % TILE_PX) as usize]))
    }

    /// The tiles in which both differ: shared tiles are equal at a glance, others are compared by content. Textures of
    /// different size differ everywhere.
    pub fn diff(&self, other: &Self) -> Vec<PixelRect> {
        if self.size == other.size && Arc::ptr_eq(&self.tiles, &other.tiles) {
            return Vec::new();
        }
        let differs = |index: &usize| match other.tiles.get(*index) {
            Some(theirs) if self.size == other.size => {
                !Arc::ptr_eq(&self.tiles[*index], theirs) && self.tiles[*index] != *theirs
            }
            _ => true,
        };
        (0..self.tiles.len()).filter(differs).map(|index| self.tile_rect(index)).collect()
    }
}

fn check_size(width: u32, height: u32) -> Result<(), LiveryError> {
    let fits = width == height && width.is_multiple_of(TILE_PX) && (MIN_SIZE..=MAX_SIZE).contains(&width);
    if fits { Ok(()) } else { Err(LiveryError::UnsupportedSize { width, height }) }
}

fn tile_rect(size: u32, index: usize) -> PixelRect {
    let side = size / TILE_PX;
    let index = index as u32;
    PixelRect::new(index % side * TILE_PX, index / side * TILE_PX, TILE_PX, TILE_PX)
}

fn cut(image: &RgbaImage, rect: PixelRect) -> Tile {
    let (all, _) = image.as_raw().as_chunks::<4>();
    let mut texels = Vec::with_capacity(TILE_TEXELS);
    for y in rect.y..rect.bottom() {
        let start = (y * image.width() + rect.x) as usize;
        texels.extend_from_slice(&all[start..start + rect.width as usize]);
    }
    Tile::new(texels.into_boxed_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(size: u32) -> RgbaImage {
        RgbaImage::from_fn(size, size, |x, y| Rgba([x as u8, y as u8, (x / 256 * 16 + y / 256) as u8, 255]))
    }

    #[test]
    fn a_picture_comes_back_as_it_went_in() {
        for size in [512, 768, 1024] {
            let image = pattern(size);
            let tiled = TiledImage::from_rgba(&image).expect("a size that fits");
            assert_eq!(tiled.tiles().len(), (size / 256).pow(2) as usize);
            assert_eq!(tiled.to_rgba(), image);
            assert_eq!(tiled.texel(300, 511), Some(*image.get_pixel(300, 511)));
            assert_eq!(tiled.texel(size, 0), None);
        }
    }

    #[test]
    fn sizes_outside_the_rule_are_refused_with_the_numbers() {
        for (w, h) in [(256, 256), (512, 768), (600, 600), (8448, 8448), (0, 0)] {
            let error = TiledImage::from_rgba(&RgbaImage::new(w, h)).expect_err("does not fit").to_string();
            assert!(error.contains(&format!("{w} x {h}")), "{error}");
        }
    }

    #[test]
    fn a_patch_makes_only_touched_tiles_anew() {
        let before = TiledImage::from_rgba(&pattern(1024)).expect("fits");
        let mut after = before.clone();
        let written = after.put(1000, 250, &RgbaImage::from_pixel(100, 10, Rgba([1, 2, 3, 4])));
        assert_eq!(written, PixelRect::new(1000, 250, 24, 10));
        let changed = after.diff(&before);
        assert_eq!(changed, vec![PixelRect::new(768, 0, 256, 256), PixelRect::new(768, 256, 256, 256)]);
        let shared = before.tiles().iter().zip(after.tiles()).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
        assert_eq!(shared, 14);
        let mut expected = pattern(1024);
        for y in 250..260 {
            for x in 1000..1024 {
                expected.put_pixel(x, y, Rgba([1, 2, 3, 4]));
            }
        }
        assert_eq!(after.to_rgba(), expected);
        assert_eq!(before.to_rgba(), pattern(1024), "the snapshot kept its texels");
    }

    #[test]
    fn equal_tiles_are_taken_over_from_the_previous_picture() {
        let first = TiledImage::from_rgba(&pattern(1024)).expect("fits");
        let mut image = pattern(1024);
        image.put_pixel(700, 700, Rgba([9, 9, 9, 9]));
        let second = TiledImage::from_rgba_sharing(&image, &first).expect("fits");
        let shared = first.tiles().iter().zip(second.tiles()).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
        assert_eq!(shared, 15);
        assert_eq!(second.diff(&first), vec![PixelRect::new(512, 512, 256, 256)]);
        assert_eq!(second.diff(&TiledImage::filled(512, [0; 4]).expect("fits")).len(), 16);
    }

    #[test]
    fn coverage_tells_the_alpha_channel() {
        assert_eq!(Tile::filled([1, 2, 3, 0]).coverage(), Coverage::Transparent);
        assert_eq!(Tile::filled([1, 2, 3, 255]).coverage(), Coverage::Opaque);
        let mut texels = vec![[0, 0, 0, 255]; TILE_TEXELS];
        texels[77][3] = 254;
        assert_eq!(Tile::new(texels.into_boxed_slice()).coverage(), Coverage::Mixed);
    }
}
