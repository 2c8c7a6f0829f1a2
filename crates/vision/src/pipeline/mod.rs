//! The whole way from photos to a finished livery, with progress, previews and a way to stop.

mod run;
mod sight;
mod view;

pub use run::{PREVIEW_PX, generate};
pub(crate) use view::SolvedView;

use std::path::PathBuf;
use std::sync::Arc;

use gridvox_car::PhotoCamera;
use image::{GrayImage, RgbaImage};
use serde::{Deserialize, Serialize};
use tracing::span::EnteredSpan;

use crate::analyze::Analysis;
use crate::cancel::Cancelled;
use crate::net::ModelError;
use crate::pose::PointPair;
use crate::report::Report;

/// How much time to spend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// A quick look: 512 pixels unless said otherwise. Of the networks that tell paint from light only the usual one is asked, and
    /// what nothing shows is left to a vote.
    Draft,
    /// The real thing: 2048 pixels unless said otherwise.
    #[default]
    High,
}

impl Quality {
    /// The livery's size in pixels where the user names none.
    pub fn default_size(self) -> u32 {
        match self {
            Self::Draft => 512,
            Self::High => 2048,
        }
    }
}

/// Liveries come in these sizes, in pixels.
pub const SIZES: [u32; 4] = [512, 1024, 2048, 4096];

/// What a painter can ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateOptions {
    /// Draft or high.
    pub quality: Quality,
    /// One of [`SIZES`]; `None` takes the quality's own.
    pub size: Option<u32>,
    /// Multiplies the paint's saturation, 0.5..=1.5; 1 leaves it as measured.
    pub color_boost: f32,
    /// Cameras that are known or were set by hand, one per photo; `None` solves that photo's camera.
    pub cameras: Vec<Option<PhotoCamera>>,
    /// Whether the car's edges are laid on the photo's; without it the camera is that of the network's places alone, which
    /// only shows what the step is worth.
    pub refine: bool,
    /// Points marked on each photo and on the car, by photo; one to three steer its camera, four or more give it where
    /// the network cannot. Photos beyond the list's end have none.
    pub point_pairs: Vec<Vec<PointPair>>,
    /// Whether [`Update::Preview`] is wanted; the livery is the same without, and sooner.
    pub previews: bool,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self {
            quality: Quality::High,
            size: None,
            color_boost: 1.0,
            cameras: Vec::new(),
            refine: true,
            point_pairs: Vec::new(),
            previews: true,
        }
    }
}

impl GenerateOptions {
    /// The livery's size in pixels.
    pub fn size_px(&self) -> u32 {
        self.size.unwrap_or(self.quality.default_size())
    }

    /// The points marked on a photo, by its place in the list.
    pub fn pairs(&self, photo: usize) -> &[PointPair] {
        self.point_pairs.get(photo).map_or(&[], Vec::as_slice)
    }
}

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Looks at the photos.
    Analyse,
    /// Finds which pixel shows which place on the car.
    Correspond,
    /// Solves the camera.
    Pose,
    /// Fits the camera to the picture's edges.
    Refine,
    /// Copies the paint.
    Bake,
    /// Takes the light off the paint.
    Delight,
    /// Mirrors and fills what no photo shows.
    Complete,
    /// Measures the result against the photos.
    Report,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 8] = [
        Self::Analyse,
        Self::Correspond,
        Self::Pose,
        Self::Refine,
        Self::Bake,
        Self::Delight,
        Self::Complete,
        Self::Report,
    ];

    /// Words for a progress bar.
    pub fn label(self) -> &'static str {
        match self {
            Self::Analyse => "Looking at the photo",
            Self::Correspond => "Finding the car in it",
            Self::Pose => "Solving the camera",
            Self::Refine => "Fitting the edges",
            Self::Bake => "Copying the paint",
            Self::Delight => "Taking the light off",
            Self::Complete => "Filling what is hidden",
            Self::Report => "Measuring the result",
        }
    }

    /// For whoever listens to where the time goes.
    fn span(self) -> EnteredSpan {
        macro_rules! named {
            ($name:literal) => {
                tracing::info_span!(target: crate::timed::TARGET, $name)
            };
        }
        let span = match self {
            Self::Analyse => named!("analyse"),
            Self::Correspond => named!("correspond"),
            Self::Pose => named!("pose"),
            Self::Refine => named!("refine"),
            Self::Bake => named!("bake"),
            Self::Delight => named!("delight"),
            Self::Complete => named!("complete"),
            Self::Report => named!("report"),
        };
        span.entered()
    }

    /// Key in the report's timings.
    pub fn key(self) -> &'static str {
        match self {
            Self::Analyse => "analyse",
            Self::Correspond => "correspond",
            Self::Pose => "pose",
            Self::Refine => "refine",
            Self::Bake => "bake",
            Self::Delight => "delight",
            Self::Complete => "complete",
            Self::Report => "report",
        }
    }
}

/// News from a running job, in the order of events.
#[derive(Debug, Clone)]
pub enum Update {
    /// A stage begins; `fraction` of the whole job, 0..1, lies behind.
    Stage {
        /// What begins.
        stage: Stage,
        /// 0..1, never falling.
        fraction: f32,
    },
    /// What the photo shows, once per photo in their order.
    Analysis(Analysis),
    /// The livery so far, 512 pixels square; texels that are still unknown are filled plausibly.
    Preview(Arc<RgbaImage>),
}

/// A finished livery.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The texture, square, opaque.
    pub livery: RgbaImage,
    /// Where each texel comes from, same size: 200..=255 seen in a photo (higher is surer), 120..=170 mirrored from
    /// the other side, 1..=79 invented, 0 outside the paint.
    pub confidence: GrayImage,
    /// The solved camera of each photo in the order given; `None` where a photo was left out.
    pub cameras: Vec<Option<PhotoCamera>>,
    /// Cameras, scores, timings, warnings.
    pub report: Report,
}

/// Why there is no livery.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// No photo was given.
    #[error("There is no photo to work from: add at least one picture of the car.")]
    NoPhoto,
    /// A size that liveries do not come in.
    #[error("A livery of {0} pixels cannot be made: choose 512, 1024, 2048 or 4096.")]
    Size(u32),
    /// Out of range.
    #[error("The colour boost {0} is out of range: choose a value from 0.5 to 1.5.")]
    ColorBoost(f32),
    /// The photo shows no car.
    #[error("{reason} The photo is {name}.")]
    NoCar {
        /// One sentence.
        reason: String,
        /// The photo's name.
        name: String,
    },
    /// The camera could not be found.
    #[error("The car in the photo could not be matched to this model: {reason}. The photo is {name}.")]
    Pose {
        /// One sentence.
        reason: String,
        /// The photo's name.
        name: String,
    },
    /// A point marked by hand cannot be one.
    #[error("Point {number} cannot be used, it lies {place}: set it again. The photo is {name}.")]
    Point {
        /// Its place among the photo's points, from 1.
        number: usize,
        /// Where it lies instead.
        place: String,
        /// The photo's name.
        name: String,
    },
    /// The car carries nothing to paint.
    #[error("This car has no paint with texture coordinates, so no livery can be made for it: {}", .0.display())]
    NoPaint(PathBuf),
    /// The network could not be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Stopped on request.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}
