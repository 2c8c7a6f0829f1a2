//! From a photo of a race car to the texture of a car you own.
//!
//! The car's mesh is known and only the camera is not, so the photo is not redrawn: a small network sees which pixel
//! shows which place on the car, the camera follows from that, and the paint is *copied* from the photo, texel by
//! texel. What geometry cannot tell is added around that copy: light is taken off the paint, the far side is mirrored
//! with readable letters, and what no photo shows is filled with the livery's own inks.
//!
//! ```text
//! photo -> analyze -> net (correspondence) -> pose (camera) -> bake -> delight -> complete -> report
//! ```
//!
//! [`generate`] runs the whole way and streams previews; every step is also public on its own. Nothing here
//! draws on a screen or needs a GPU.

pub mod analyze;
pub mod bake;
pub mod cancel;
pub mod color;
pub mod complete;
pub mod delight;
pub mod evaluate;
pub mod net;
pub mod photo;
mod pieces;
pub mod pipeline;
pub mod pose;
pub mod report;
pub mod synth;
pub mod timed;
pub mod train;
pub mod vision;

pub use analyze::{Analysis, analyze};
pub use cancel::{Cancel, Cancelled};
pub use net::ModelError;
pub use photo::{Photo, PhotoError};
pub use pipeline::{GenerateError, GenerateOptions, Generated, Quality, Stage, Update, generate};
pub use report::{Report, Scores};
pub use vision::Vision;
