//! gridvox_sims
