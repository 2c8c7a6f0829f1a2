//! Photos made in the program: cars with invented liveries under invented light, with everything known about them.
//!
//! Training data ([`sample`], [`points`], [`cells`]), tests of pose and bake ([`photo`]) and hard cases for evaluation ([`stress`])
//! come from here. The rasteriser says what a camera sees; liveries, light, surroundings and the camera's character are
//! drawn from seeds, far wider than reality, because the network has to work on photos that no renderer here made. Pictures
//! for finding the car have shadows from a shadow map and reflections from blurred environments; photos, and points whose
//! paint is asked for, are lit by rays ([`traced`]).

pub mod canvas;
pub mod cells;
pub mod faces;
pub mod flat;
pub mod harsh;
pub mod inks;
mod kept;
pub mod lens;
pub mod lettering;
mod letters;
pub mod light;
pub mod livery;
pub mod noise;
mod patterns;
pub mod photo;
pub mod points;
pub mod sample;
pub mod shade;
pub mod stress;
pub mod subject;
pub mod traced;
pub mod view;
pub mod writing;

pub use cells::{CellSample, CellStream};
pub use livery::{Design, Family, HELD_OUT};
pub use points::{PointSample, PointStream};
pub use sample::{Sample, SampleStream, Target};
pub use subject::Subject;

/// Networks learn from paint that is seen at no flatter angle than this cosine.
pub(crate) const LEAST_COS: f32 = 0.2;
