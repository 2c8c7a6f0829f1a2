//! The showroom: a car under image-based light, in a window's views and in headless pictures.
//!
//! [`ShowroomPlugin`] owns the car on stage, its live paint, the surroundings and the views. Others talk to it with
//! [`ShowroomCommand`] and listen to [`ShowroomEvent`]; paint arrives through [`PaintUploads`]. [`stills`] renders the
//! same stage without a window. Nothing here knows what a livery means or how a panel looks.

pub mod angle;
pub mod aperture;
pub mod backdrop;
pub mod car;
mod coat;
pub mod commands;
pub mod contact;
mod detail;
pub mod environment;
pub mod film;
pub mod finish;
mod focus;
pub mod gpu;
mod inspect;
pub mod layout;
pub mod lens;
pub mod light;
mod mirrored;
mod names;
pub mod pace;
pub mod paint;
mod pane;
pub mod photo_match;
pub mod picture;
pub mod rig;
pub mod saved_angles;
pub mod sheet;
pub mod softbox;
pub mod spec;
pub mod stage;
pub mod stills;
mod sun_shadow;
pub mod turntable;
pub mod views;

pub use angle::ViewAngle;
pub use aperture::Aperture;
pub use commands::{ShowroomCommand, ShowroomEvent};
pub use environment::{EnvironmentError, EnvironmentId, EnvironmentInfo, PreparedEnvironment, bundled_environments};
pub use finish::PaintFinish;
pub use inspect::{Inspection, NoLines};
pub use pace::RedrawNeeded;
pub use picture::{PictureError, PictureJob, PictureKind};
pub use paint::{PaintBusy, PaintSlot, PaintUploads};
pub use layout::{ViewId, ViewLayout};
pub use rig::ViewLight;
pub use softbox::Softbox;
pub use saved_angles::{AnglesError, SavedAngle, SavedAngles};
pub use stage::{OnStage, ShowroomPlugin};
pub use stills::{StillCamera, StillError, StillScene, StillShot};
pub use turntable::Turning;
pub use views::{Framed, ViewImage, ViewPointer, Views};
