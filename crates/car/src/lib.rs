//! Cars as the engine sees them: car packs, meshes and parts, the UV atlas, a CPU rasteriser and the photo camera.
//!
//! One frame serves the whole program, glTF's own: metres, right-handed, +Y up, the nose looks to +Z, the car's left
//! side (the driver's left) is +X, the ground is Y = 0 and the origin lies below the middle of the bounding box.
//! Texture coordinates have their origin at the top left of the image, as in glTF.

pub mod atlas;
pub mod bundled;
pub mod bvh;
pub mod camera;
pub mod detail;
pub mod error;
pub mod export;
pub mod files;
pub mod glb;
pub mod groups;
pub mod import;
pub mod info;
pub mod manifest;
mod mirror;
pub mod model;
mod normals;
pub mod pack;
pub mod raster;
mod surface;
#[doc(hidden)]
pub mod testing;
pub mod variation;
pub mod views;

pub use atlas::AtlasMaps;
pub use camera::PhotoCamera;
pub use error::{CarError, MeshError};
pub use export::export_glb;
pub use files::FileError;
pub use info::CarInfo;
pub use manifest::{Ams2Target, CarManifest, PaintSpec, SimTargets};
pub use mirror::pair_parts;
pub use model::{CarModel, Material, MaterialKind, Mesh, Part, PartClass, Wheel};
pub use normals::smooth_normals;
pub use pack::{CarPack, CarPackInfo};
pub use raster::{GBuffer, RasterOptions, RasterScene};
pub use variation::Shape;
pub use views::{ViewPreset, frame_camera};
