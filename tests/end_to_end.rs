//! The whole program from outside: from a photo file to the simulator's texture, and what it says to bad input.
//!
//! Everything here goes through public interfaces and files alone. What needs trained weights or a Vulkan device says
//! `SKIPPED: reason` where they are missing.

#[path = "end_to_end/bad_input.rs"]
mod bad_input;
#[path = "end_to_end/chain.rs"]
mod chain;
#[path = "end_to_end/commands.rs"]
mod commands;
#[path = "end_to_end/points.rs"]
mod points;
#[path = "end_to_end/support.rs"]
mod support;
