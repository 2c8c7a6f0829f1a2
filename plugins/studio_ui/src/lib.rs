//! gridvox_studio_ui
