//! What the showroom can be asked to do, and what it tells afterwards.

use crate::angle::ViewAngle;
use crate::environment::EnvironmentId;
use crate::finish::PaintFinish;
use crate::inspect::Inspection;
use crate::layout::{ViewId, ViewLayout};
use crate::paint::PaintSlot;
use crate::rig::ViewLight;
use crate::softbox::Softbox;
use bevy::prelude::*;
use gridvox_car::{CarPack, PhotoCamera, ViewPreset};
use image::RgbaImage;
use std::sync::Arc;

/// A wish. Each is answered by a [`ShowroomEvent`] or seen at once.
#[derive(Message, Debug, Clone)]
pub enum ShowroomCommand {
    /// Puts a car on stage in place of the one before.
    ShowCar(Arc<CarPack>),
    /// Changes the common surroundings; the old ones stay until the new ones are ready.
    SetEnvironment(EnvironmentId),
    /// Turns the surroundings about the vertical axis, in degrees, added to their own rotation.
    SetEnvironmentRotation(f32),
    /// Makes pictures brighter by this many stops, added to the surroundings' own exposure; -6 to 6.
    SetExposure(f32),
    /// Puts a softbox beside the car in the common light, moves it, or takes it away; numbers are brought within its limits.
    SetSoftbox(Option<Softbox>),
    /// Finishes the paint of the whole car.
    SetFinish(PaintFinish),
    /// Shows the car in false colours, or its paint again.
    Inspect(Inspection),
    /// Hides parts of the car, by their index in its model, and shows all others.
    HideParts(Vec<usize>),
    /// Gives a livery a spec map, which finishes it by texel, or takes it away; see [`crate::spec`].
    SetSpecMap {
        /// Which livery.
        slot: PaintSlot,
        /// Square, a power of two from 64 to 8192 pixels.
        map: Option<Arc<RgbaImage>>,
    },
    /// How blurred the distance is in a view, 0..1; `None` is the surroundings' own.
    BlurBackdrop {
        /// Which view.
        view: ViewId,
        /// 0 is sharp.
        blur: Option<f32>,
    },
    /// Gives a view another lens; the camera moves so that the car stays as large as it is.
    SetLens {
        /// Which view.
        view: ViewId,
        /// Focal length in millimetres before a sensor 36 mm wide.
        focal_mm: f32,
    },
    /// Gives a view a lens of some width, sharp at the car's near side; `None` makes it a pinhole again.
    OpenAperture {
        /// Which view.
        view: ViewId,
        /// Focal length divided by the width of the opening, 0.7..=32.
        f_number: Option<f32>,
    },
    /// Lights a view by itself, or again as all the others. The first view always has the common light.
    LightView {
        /// Which view.
        view: ViewId,
        /// Its own light.
        light: Option<ViewLight>,
    },
    /// How many views are shown.
    SetLayout(ViewLayout),
    /// Moves a view's camera to a named place.
    SetView {
        /// Which view.
        view: ViewId,
        /// Where it goes.
        preset: ViewPreset,
    },
    /// Moves a view's camera to any angle.
    SetAngle {
        /// Which view.
        view: ViewId,
        /// Where it goes; ignored where its numbers make no sense.
        angle: ViewAngle,
    },
    /// Lets a view's camera go around the car by itself; a hand on it or another place for it ends that.
    Turn {
        /// Which view.
        view: ViewId,
        /// Or stops it.
        on: bool,
    },
    /// Puts a view behind a photo's lens, so that its picture lies exactly over the photo. There it follows no hand.
    LookThrough {
        /// Which view.
        view: ViewId,
        /// The photo's camera; its distortion is left out.
        camera: PhotoCamera,
    },
    /// Gives a view its own lens back.
    LookAway {
        /// Which view.
        view: ViewId,
        /// It stays where the photo was taken; else it goes back to where it was.
        stays: bool,
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
    /// New common surroundings light the car.
    EnvironmentShown(EnvironmentId),
    /// A view got a light of its own, or has the common one because its own failed.
    ViewLit {
        /// Which view.
        view: ViewId,
        /// Its own surroundings.
        environment: Option<EnvironmentId>,
    },
    /// What the car shows now: what was asked for, or its paint where the device can't draw that.
    Inspecting(Inspection),
    /// The first complete picture has been drawn: everything is loaded and compiled.
    FirstPictureDrawn,
    /// Paint arrived on the graphics card; the views show it with their next picture.
    PaintUploaded,
    /// A wish could not be granted: one sentence for the user.
    Failed(String),
}
