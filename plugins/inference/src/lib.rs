//! gridvox_inference
