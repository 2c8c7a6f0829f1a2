//! The panels: plain functions over what they show, which push commands and do nothing else.

pub mod angles;
pub mod browser;
pub mod car;
pub mod compare;
pub mod docking;
pub mod drop;
pub mod environment;
pub mod export;
pub mod finish;
pub mod help;
pub mod import;
pub mod marking;
pub mod notices;
pub mod photo;
pub mod picture;
pub mod result;
pub mod photo_match;
pub mod run;
mod softbox;
pub mod top_bar;
pub mod view;
pub mod view_area;
mod view_header;

use crate::command::StudioCommand;

/// What the panels asked for in this frame.
pub type Commands = Vec<StudioCommand>;

#[cfg(test)]
mod tests;
