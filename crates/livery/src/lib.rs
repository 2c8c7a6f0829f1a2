//! gridvox_livery
