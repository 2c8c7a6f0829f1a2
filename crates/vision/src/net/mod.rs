//! The network that sees a car in a photo: layers for the CPU, the correspondence network and its weights.
//!
//! A photo goes in, and for each cell of a grid come out: whether it shows the car, which part it shows, where on the
//! car it lies (normalised object coordinates) and how sure that is. The pose solver turns these into a camera. Nothing
//! in here knows a particular car: coordinates are normalised by the car's bounding box.

pub mod conv;
mod correspondence;
mod error;
mod gemm;
pub mod look;
pub mod network;
pub mod norm;
pub mod shuffle;
pub mod weights;

#[cfg(test)]
mod check;

pub use correspondence::{Correspondence, CropRect};
pub use error::ModelError;
pub use look::CorrespondenceNet;
pub use network::{Network, NetworkConfig};
