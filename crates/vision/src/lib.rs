//! gridvox_vision
