//! Packages for simulators: one module per simulator, and the encoders that they share.
//!
//! Only this crate knows a simulator's file layout. Every export takes a finished livery, checks it and says in words what
//! it noticed, writes either everything or nothing, keeps a copy of each file of the player's that it changes, and ends
//! with what the player has to do next.
//!
//! It paints nothing and renders nothing: a preview picture comes from outside.

pub mod ams2;
pub mod dds;
mod error;
mod staging;

pub use error::ExportError;

use std::path::PathBuf;

/// What an export did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportReport {
    /// Every file of the package, written now or found unchanged.
    pub files: Vec<PathBuf>,
    /// Copies of files that were there before and were changed.
    pub backups: Vec<PathBuf>,
    /// What the player does next, in order, one sentence or two each.
    pub next_steps: Vec<String>,
    /// What looks wrong or unusual; the export went through all the same.
    pub warnings: Vec<String>,
}
