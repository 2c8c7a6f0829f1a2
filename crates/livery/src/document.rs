//! The livery that a painter has open: layers over a base colour, what they add up to, and the way back.

use std::sync::Arc;

use rayon::prelude::*;

use crate::composite::TileStack;
use crate::history::History;
use crate::tile::{Tile, TiledImage};
use crate::{LiveryError, PixelRect};

/// What undo may hold on to beyond the open livery: a few hundred strokes at 2048, a dozen whole repaints at 4096.
pub const DEFAULT_HISTORY_BYTES: usize = 1 << 29;

/// One layer, blended normally over what lies below.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// What the painter calls it.
    pub name: String,
    /// Hidden layers keep their texels.
    pub visible: bool,
    /// 0 (invisible) to 1; it multiplies the texels' alpha. Values outside are clamped.
    pub opacity: f32,
    /// The texels, of the document's size.
    pub image: TiledImage,
}

impl Layer {
    /// A visible layer at full opacity.
    pub fn new(name: impl Into<String>, image: TiledImage) -> Self {
        Self { name: name.into(), visible: true, opacity: 1.0, image }
    }
}

/// Everything a painter can change and take back. A clone shares all tiles.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerStack {
    /// The colour below all layers, sRGB with straight alpha.
    pub base: [u8; 4],
    /// From the lowest to the topmost.
    pub layers: Vec<Layer>,
}

impl LayerStack {
    /// The topmost layer of that name.
    pub fn layer_mut(&mut self, name: &str) -> Option<&mut Layer> {
        self.layers.iter_mut().rev().find(|layer| layer.name == name)
    }

    /// Replaces the texels of the topmost layer of that name, or puts a new layer on top.
    pub fn set_layer(&mut self, name: &str, image: TiledImage) {
        match self.layer_mut(name) {
            Some(layer) => layer.image = image,
            None => self.layers.push(Layer::new(name, image)),
        }
    }
}

/// An open livery.
///
/// Change it through [`Self::edit`], or through [`Self::begin`], [`Self::change`] and [`Self::commit`] where one undo step
/// spans several updates, such as a stroke or the previews of a running job. Then [`Self::composite`] blends the tiles
/// whose layers changed; it finds them itself, so nothing has to be marked dirty.
#[derive(Debug, Clone)]
pub struct LiveryDocument {
    size: u32,
    stack: LayerStack,
    blended: TiledImage,
    blended_from: Vec<TileStack>,
    base_tile: Arc<Tile>,
    history: History,
    pending: Option<(String, LayerStack)>,
}

impl LiveryDocument {
    /// An empty livery of one colour. `size` is a multiple of 256 from 512 to 8192.
    pub fn new(size: u32, base: [u8; 4]) -> Result<Self, LiveryError> {
        Ok(Self::with_stack(TiledImage::filled(size, base)?, LayerStack { base, layers: Vec::new() }))
    }

    /// A livery whose one layer is the given texture, as opened from a file.
    pub fn from_image(name: impl Into<String>, image: TiledImage, base: [u8; 4]) -> Result<Self, LiveryError> {
        let mut document = Self::new(image.size(), base)?;
        document.stack.layers.push(Layer::new(name, image));
        document.composite();
        Ok(document)
    }

    fn with_stack(blended: TiledImage, stack: LayerStack) -> Self {
        Self {
            size: blended.size(),
            blended_from: (0..blended.tiles().len()).map(|index| TileStack::collect(&stack, index)).collect(),
            base_tile: Arc::clone(&blended.tiles()[0]),
            blended,
            stack,
            history: History::new(DEFAULT_HISTORY_BYTES),
            pending: None,
        }
    }

    /// Pixels along one side.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// The layers and the base colour.
    pub fn stack(&self) -> &LayerStack {
        &self.stack
    }

    /// Makes one change that can be undone under `name`.
    pub fn edit<R>(&mut self, name: impl Into<String>, change: impl FnOnce(&mut LayerStack) -> R) -> R {
        self.begin(name);
        let result = self.change(change);
        self.commit();
        result
    }

    /// Opens an undo step; one that is open already is committed first.
    pub fn begin(&mut self, name: impl Into<String>) {
        self.commit();
        self.pending = Some((name.into(), self.stack.clone()));
    }

    /// Changes the layers inside the open undo step, or without any where none is open.
    ///
    /// # Panics
    /// If a layer of another size than the document's was put in.
    pub fn change<R>(&mut self, change: impl FnOnce(&mut LayerStack) -> R) -> R {
        let result = change(&mut self.stack);
        for layer in &self.stack.layers {
            assert_eq!(layer.image.size(), self.size, "the layer {:?} has another size than the livery", layer.name);
        }
        result
    }

    /// Closes the open undo step. A step that changed nothing leaves no trace.
    pub fn commit(&mut self) {
        if let Some((name, before)) = self.pending.take()
            && before != self.stack
        {
            self.history.record(name, before, &self.stack);
        }
    }

    /// Takes back everything since [`Self::begin`].
    pub fn roll_back(&mut self) {
        if let Some((_, before)) = self.pending.take() {
            self.stack = before;
        }
    }

    /// Takes the last step back and returns its name; an open step is committed first.
    pub fn undo(&mut self) -> Option<String> {
        self.commit();
        self.history.undo(&mut self.stack)
    }

    /// Does the last undone step again and returns its name.
    pub fn redo(&mut self) -> Option<String> {
        self.commit();
        self.history.redo(&mut self.stack)
    }

    /// Names of the steps that can be undone, oldest first.
    pub fn undo_names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.history.undo_names()
    }

    /// Name of the step that [`Self::redo`] would do.
    pub fn redo_name(&self) -> Option<&str> {
        self.history.redo_name()
    }

    /// Limits what undo and redo hold beyond the open livery. The latest step stays whatever its size.
    pub fn set_history_bytes(&mut self, bytes: usize) {
        self.history.set_budget(bytes);
    }

    /// Bytes of tiles that only undo and redo hold.
    pub fn history_bytes(&self) -> usize {
        self.history.bytes()
    }

    /// Blends the tiles whose layers changed since the last call, and returns where texels differ now.
    pub fn composite(&mut self) -> Vec<PixelRect> {
        let (stack, blended) = (&self.stack, &self.blended);
        let base_tile = if self.base_tile.texels()[0] == stack.base {
            Arc::clone(&self.base_tile)
        } else {
            Arc::new(Tile::filled(stack.base))
        };
        let changed: Vec<(usize, TileStack, Option<Arc<Tile>>)> = self
            .blended_from
            .par_iter()
            .enumerate()
            .filter_map(|(index, before)| {
                let now = TileStack::collect(stack, index);
                (now != *before).then(|| {
                    let tile = now.blend(&base_tile);
                    let differs = tile != blended.tiles()[index];
                    (index, now, differs.then_some(tile))
                })
            })
            .collect();
        self.base_tile = base_tile;
        let mut dirty = Vec::new();
        for (index, now, tile) in changed {
            self.blended_from[index] = now;
            if let Some(tile) = tile {
                self.blended.set_tile(index, tile);
                dirty.push(self.blended.tile_rect(index));
            }
        }
        dirty
    }

    /// The livery as it was at the last [`Self::composite`]. A clone of it is a snapshot that costs nothing and that later
    /// changes do not touch: hand it to an exporter's thread.
    pub fn image(&self) -> &TiledImage {
        &self.blended
    }
}
