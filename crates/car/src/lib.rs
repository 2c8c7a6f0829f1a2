//! Cars as the engine sees them: car packs, meshes and parts, the UV atlas, a CPU rasteriser and the photo camera.
//!
//! One frame serves the whole program, glTF's own: metres, right-handed, +Y up, the nose looks to +Z, the car's left
//! side (the driver's left) is +X, the ground is Y = 0 and the origin lies below the middle of the bounding box.
//! Texture coordinates have their origin at the top left of the image, as in glTF.

pub mod camera;
pub mod model;

pub use camera::PhotoCamera;
pub use model::{CarModel, Material, MaterialKind, Mesh, Part, PartClass};
