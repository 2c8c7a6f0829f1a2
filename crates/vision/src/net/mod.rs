//! The networks: layers for the CPU, what they are built of, and their weights on disk.
//!
//! The correspondence network sees a photo, and for each cell of a grid says whether it shows the car, which part, where on
//! the car that lies (normalised object coordinates) and how sure that is; the pose solver turns these into a camera. The
//! albedo network then tells paint from light, the atlas network puts inks on what nothing shows, the lettering network finds
//! words, and the reading network says whether they are mirrored. None of them knows a particular car: places are normalised by the car's bounding box.
//! Only the direct network does, which evaluation sets beside them.

pub mod albedo;
pub mod atlas;
pub mod conv;
mod correspondence;
pub mod direct;
mod encoder;
mod error;
mod gemm;
mod layers;
pub mod lettering;
pub mod look;
pub mod network;
pub mod norm;
pub mod reading;
pub mod shuffle;
pub mod softmax;
pub(crate) mod spread;
pub mod weights;

#[cfg(test)]
pub(crate) mod check;

pub use albedo::{AlbedoConfig, AlbedoNetwork, HarshAlbedo};
pub use atlas::{AtlasConfig, AtlasNetwork};
pub use correspondence::{Correspondence, CropRect};
pub use direct::{DirectConfig, DirectNetwork, DirectPainter};
pub use error::ModelError;
pub use lettering::{LetteringConfig, LetteringNetwork};
pub use look::{CorrespondenceNet, Proportions};
#[cfg(test)]
pub(crate) use look::read_out;
pub use network::{Network, NetworkConfig};
pub use reading::{ReadingConfig, ReadingNetwork};
pub use weights::Model;
