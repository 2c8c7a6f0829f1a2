//! Undo and redo: earlier layer stacks, which cost only the tiles that the next state no longer shares.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use crate::document::LayerStack;
use crate::tile::{TILE_TEXELS, Tile};

#[derive(Debug, Clone)]
struct Step {
    name: String,
    stack: LayerStack,
    bytes: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct History {
    undo: VecDeque<Step>,
    redo: Vec<Step>,
    budget: usize,
}

impl History {
    pub fn new(budget: usize) -> Self {
        Self { undo: VecDeque::new(), redo: Vec::new(), budget }
    }

    pub fn record(&mut self, name: String, before: LayerStack, now: &LayerStack) {
        self.redo.clear();
        let bytes = bytes_only_in(&before, now);
        self.undo.push_back(Step { name, stack: before, bytes });
        self.trim();
    }

    pub fn undo(&mut self, stack: &mut LayerStack) -> Option<String> {
        let step = self.undo.pop_back()?;
        let later = std::mem::replace(stack, step.stack);
        let bytes = bytes_only_in(&later, stack);
        self.redo.push(Step { name: step.name.clone(), stack: later, bytes });
        Some(step.name)
    }

    pub fn redo(&mut self, stack: &mut LayerStack) -> Option<String> {
        let step = self.redo.pop()?;
        let earlier = std::mem::replace(stack, step.stack);
        let bytes = bytes_only_in(&earlier, stack);
        self.undo.push_back(Step { name: step.name.clone(), stack: earlier, bytes });
        Some(step.name)
    }

    pub fn undo_names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.undo.iter().map(|step| step.name.as_str())
    }

    pub fn redo_name(&self) -> Option<&str> {
        self.redo.last().map(|step| step.name.as_str())
    }

    pub fn set_budget(&mut self, bytes: usize) {
        self.budget = bytes;
        self.trim();
    }

    pub fn bytes(&self) -> usize {
        self.undo.iter().chain(&self.redo).map(|step| step.bytes).sum()
    }

    fn trim(&mut self) {
        while self.undo.len() > 1 && self.bytes() > self.budget {
            self.undo.pop_front();
        }
    }
}

/// Bytes of the tiles of `kept` that `current` does not share, each counted once.
fn bytes_only_in(kept: &LayerStack, current: &LayerStack) -> usize {
    fn tiles(stack: &LayerStack) -> impl Iterator<Item = *const Tile> {
        stack.layers.iter().flat_map(|layer| layer.image.tiles()).map(Arc::as_ptr)
    }
    let shared: HashSet<_> = tiles(current).collect();
    let alone: HashSet<_> = tiles(kept).filter(|tile| !shared.contains(tile)).collect();
    alone.len() * TILE_TEXELS * size_of::<[u8; 4]>()
}
