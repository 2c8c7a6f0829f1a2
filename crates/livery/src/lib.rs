//! The livery document: tiled textures, layers, the compositor, undo, mip levels in linear light, and picture files.
//!
//! A livery is a square RGBA texture of sRGB 8-bit values with straight alpha, cut into tiles of [`TILE_PX`] that are
//! shared behind [`std::sync::Arc`]. Sharing makes three things cheap: a snapshot for the exporter, an undo step, and
//! the question which tiles a change touched. The tiles on the processor are the truth; what a graphics card holds is
//! made from them through [`mips::patches`].
//!
//! Layers are blended on the stored sRGB values, as paint programs do, so that soft edges look as they did where they
//! were painted. Mip levels are filtered in linear light, because that is what a shader's texture unit expects.
//!
//! This crate draws no brush strokes and knows no simulator.

mod composite;
pub mod document;
mod error;
mod history;
mod linear;
pub mod mips;
pub mod png;
pub mod rect;
pub mod tile;

pub use document::{Layer, LayerStack, LiveryDocument};
pub use error::LiveryError;
pub use mips::MipPatch;
pub use png::{load_livery, save_livery};
pub use rect::PixelRect;
pub use tile::{TILE_PX, Tile, TiledImage};
