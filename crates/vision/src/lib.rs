//! gridvox_vision

pub mod net;
