//! What the showroom can be asked to do, and what it tells afterwards.

use crate::environment::EnvironmentId;
use crate::finish::PaintFinish;
use crate::paint::PaintSlot;
use crate::views::{ViewId, ViewLayout};
use bevy::prelude::*;
use gridvox_car::{CarPack, ViewPreset};
use std::sync::Arc;

/// A wish. Each is answered by a [`ShowroomEvent`] or seen at once.
#[derive(Message, Debug, Clone)]
pub enum ShowroomCommand {
    /// Puts a car on stage in place of the one before.
    ShowCar(Arc<CarPack>),
    /// Changes the surroundings; the old ones stay until the new ones are ready.
    SetEnvironment(EnvironmentId),
    /// Turns the surroundings about the vertical axis, in degrees, added to their own rotation.
    SetEnvironmentRotation(f32),
    /// Makes pictures brighter by this many stops, added to the surroundings' own exposure; -6 to 6.
    SetExposure(f32),
    /// Finishes the paint of the whole car.
    SetFinish(PaintFinish),
    /// How blurred the distance is, 0..1; `None` is the surroundings' own.
    SetBackdropBlur(Option<f32>),
    /// One view, or two side by side.
    SetLayout(ViewLayout),
    /// Moves a view's camera to a named place.
    SetView {
        /// Which view.
        view: ViewId,
        /// Where it goes.
        preset: ViewPreset,
    },
    /// The size of a view's picture in pixels; the panel that shows it asks for it.
    ResizeView {
        /// Which view.
        view: ViewId,
        /// Pixels, 16..=8192.
        width: u32,
        /// Pixels, 16..=8192.
        height: u32,
    },
    /// Shows another livery in a view, for comparing two versions.
    ShowPaint {
        /// Which view.
        view: ViewId,
        /// Which livery.
        slot: PaintSlot,
    },
    /// Draws every view again.
    Redraw,
}

/// A fact.
#[derive(Message, Debug, Clone, PartialEq)]
pub enum ShowroomEvent {
    /// A car stands on stage.
    CarShown {
        /// The car's id.
        id: String,
    },
    /// New surroundings light the car.
    EnvironmentShown(EnvironmentId),
    /// The first complete picture has been drawn: everything is loaded and compiled.
    FirstPictureDrawn,
    /// Paint arrived on the graphics card; the views show it with their next picture.
    PaintUploaded,
    /// A wish could not be granted: one sentence for the user.
    Failed(String),
}
