//! gridvox_showroom
