//! Why a picture can't be made.

use super::shot::MAX_EDGE;
use crate::environment::EnvironmentError;
use crate::gpu::NoDevice;
use crate::inspect::NoLines;

/// Why no picture was made.
#[derive(Debug, thiserror::Error)]
pub enum StillError {
    /// There is no device to draw with.
    #[error(transparent)]
    NoDevice(#[from] NoDevice),
    /// The surroundings can't be used.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// A picture of this size can't be drawn.
    #[error("a picture of {width} x {height} pixels can't be drawn: use 1 to {MAX_EDGE} pixels along each side")]
    Size {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// A livery is not square, or not a power of two.
    #[error("a livery is square with 64, 128, .. 8192 pixels, this one has {width} x {height}: scale it first")]
    Livery {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// A spec map is not square, or not a power of two.
    #[error("a spec map is square with 64, 128, .. 8192 pixels, this one has {width} x {height}: scale it first")]
    SpecMap {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// A shot names a livery or surroundings that the scene lacks.
    #[error("a shot asks for {what} {index}, but the scene has {count}: this is a mistake in the program")]
    Missing {
        /// `livery` or `environment`.
        what: &'static str,
        /// The index asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// The camera's numbers make no sense.
    #[error("a shot's camera is broken: focal length, place, aperture and distance of focus have to be numbers that a lens can have")]
    Camera,
    /// A shader was refused.
    #[error("the graphics driver refuses one of the showroom's shaders: update the driver, or use software Vulkan")]
    Shader,
    /// It was stopped.
    #[error("the picture was stopped")]
    Stopped,
    /// No lines.
    #[error(transparent)]
    NoLines(#[from] NoLines),
    /// Drawing did not finish.
    #[error("the graphics device stopped answering ({0}): try again, or use software Vulkan")]
    Device(String),
}
