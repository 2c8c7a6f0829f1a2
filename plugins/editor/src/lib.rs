//! gridvox_editor
