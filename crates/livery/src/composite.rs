//! Blending the layers of one tile.

use std::sync::Arc;

use crate::document::LayerStack;
use crate::tile::{Coverage, TILE_TEXELS, Tile};

/// Everything that decides how one tile looks, from the lowest layer up. Two equal stacks give the same texels, and
/// because it holds the tiles themselves, an equal pointer always means an unchanged tile.
#[derive(Debug, Clone)]
pub(crate) struct TileStack {
    /// The base colour, or `None` where an opaque layer hides it.
    base: Option<[u8; 4]>,
    layers: Vec<(Arc<Tile>, f32)>,
}

impl PartialEq for TileStack {
    fn eq(&self, other: &Self) -> bool {
        self.base == other.base
            && self.layers.len() == other.layers.len()
            && self.layers.iter().zip(&other.layers).all(|(a, b)| Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1)
    }
}

impl TileStack {
    /// Collects what shows at one tile: from the top layer down to the first that hides everything below it.
    pub fn collect(stack: &LayerStack, index: usize) -> Self {
        let mut layers = Vec::new();
        let mut base = Some(stack.base);
        for layer in stack.layers.iter().rev().filter(|layer| layer.visible) {
            let opacity = layer.opacity.clamp(0.0, 1.0);
            let tile = &layer.image.tiles()[index];
            // Written so that an opacity that is no number hides the layer.
            if !(opacity > 0.0) || tile.coverage() == Coverage::Transparent {
                continue;
            }
            layers.push((Arc::clone(tile), opacity));
            if opacity == 1.0 && tile.coverage() == Coverage::Opaque {
                base = None;
                break;
            }
        }
        layers.reverse();
        Self { base, layers }
    }

    /// The blended tile. Where one layer alone decides, its own tile is shared; `base_tile` is the base colour's.
    pub fn blend(&self, base_tile: &Arc<Tile>) -> Arc<Tile> {
        let base_shows = self.base.is_some_and(|base| base[3] > 0);
        match self.layers.as_slice() {
            [] => Arc::clone(base_tile),
            [(only, 1.0)] if !base_shows => Arc::clone(only),
            layers => Arc::new(blend_over(self.base.unwrap_or_default(), layers)),
        }
    }
}

/// Porter-Duff "over" from below to above with premultiplied f32 sums, rounded once at the end.
fn blend_over(base: [u8; 4], layers: &[(Arc<Tile>, f32)]) -> Tile {
    let base_alpha = f32::from(base[3]) / 255.0;
    let below = [base[0], base[1], base[2]].map(|v| f32::from(v) * base_alpha);
    let mut sums = vec![[below[0], below[1], below[2], base_alpha]; TILE_TEXELS];
    for (tile, opacity) in layers {
        let to_alpha = opacity / 255.0;
        for (sum, texel) in sums.iter_mut().zip(tile.texels()) {
            let alpha = f32::from(texel[3]) * to_alpha;
            let rest = 1.0 - alpha;
            sum[0] = sum[0] * rest + f32::from(texel[0]) * alpha;
            sum[1] = sum[1] * rest + f32::from(texel[1]) * alpha;
            sum[2] = sum[2] * rest + f32::from(texel[2]) * alpha;
            sum[3] = sum[3] * rest + alpha;
        }
    }
    let finish = |sum: &[f32; 4]| {
        let straight = if sum[3] > 0.0 { 1.0 / sum[3] } else { 0.0 };
        let color = |v: f32| (v * straight + 0.5) as u8;
        [color(sum[0]), color(sum[1]), color(sum[2]), (sum[3] * 255.0 + 0.5) as u8]
    };
    Tile::new(sums.iter().map(finish).collect())
}
