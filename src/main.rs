//! GridVox.
fn main() {}
