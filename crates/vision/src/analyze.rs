//! What a photo shows, before anything is made from it: is there a car, from where, and how good is the picture.

use serde::{Deserialize, Serialize};

use crate::net::ModelError;
use crate::photo::Photo;
use crate::vision::Vision;

/// From where the car is seen, in steps of 45 degrees around it. Left and right are the car's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ViewClass {
    Front,
    FrontLeft,
    Left,
    RearLeft,
    Rear,
    RearRight,
    Right,
    FrontRight,
    Top,
}

/// Above this elevation, in degrees, a picture shows the car from the top.
const TOP_FROM_ELEVATION_DEG: f32 = 60.0;

impl ViewClass {
    /// The class of a direction, both in degrees: azimuth 0 = front, 90 = the car's left side, 180 = rear.
    pub fn from_direction(azimuth_deg: f32, elevation_deg: f32) -> Self {
        if elevation_deg > TOP_FROM_ELEVATION_DEG {
            return Self::Top;
        }
        const AROUND: [ViewClass; 8] = [
            ViewClass::Front,
            ViewClass::FrontLeft,
            ViewClass::Left,
            ViewClass::RearLeft,
            ViewClass::Rear,
            ViewClass::RearRight,
            ViewClass::Right,
            ViewClass::FrontRight,
        ];
        let step = (azimuth_deg / 45.0).round() as i32;
        AROUND[step.rem_euclid(8) as usize]
    }

    /// Words for a person, such as `front left`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::FrontLeft => "front left",
            Self::Left => "left side",
            Self::RearLeft => "rear left",
            Self::Rear => "rear",
            Self::RearRight => "rear right",
            Self::Right => "right side",
            Self::FrontRight => "front right",
            Self::Top => "top",
        }
    }
}

/// What [`analyze`](crate::analyze) found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// Whether a car large enough to work with is in the picture.
    pub has_car: bool,
    /// One sentence why the photo cannot be used; `None` where it can.
    pub refusal: Option<String>,
    /// From where the car is seen; `None` without a car.
    pub view: Option<ViewClass>,
    /// Azimuth of the camera in degrees, 0..360: 0 = front, 90 = the car's left side.
    pub azimuth_deg: Option<f32>,
    /// Elevation of the camera in degrees above the horizon.
    pub elevation_deg: Option<f32>,
    /// How good a source the picture is, 0..=100; 0 without a car.
    pub quality: u8,
    /// The numbers behind the quality.
    pub measures: Measures,
    /// What the painter should know, one sentence each.
    pub warnings: Vec<String>,
    /// Upright photo width in pixels.
    pub width: u32,
    /// Upright photo height in pixels.
    pub height: u32,
}

/// Numbers measured on the car's pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Share of the picture that the car fills, 0..1.
    pub car_share: f32,
    /// Longest side of the car's box, in photo pixels.
    pub car_px: f32,
    /// Blur of the sharpest edges on the car as the radius of a Gaussian, in photo pixels; about 0.7 is crisp.
    pub blur_px: f32,
    /// Share of the car that is blown out, 0..1.
    pub clipped_bright: f32,
    /// Share of the car that is black, 0..1.
    pub clipped_dark: f32,
    /// Standard deviation of the noise on flat paint, in steps of 8 bits.
    pub noise: f32,
    /// Strength of JPEG's 8-pixel grid on the car: 1 is none, above 1.3 shows.
    pub blockiness: f32,
    /// Share of the car's outline that the picture's border cuts, 0..1.
    pub truncation: f32,
    /// Share of the car that something hides, 0..1; 0 where it cannot be told.
    pub occlusion: f32,
}

/// Looks at a photo without a car model: whether it shows a car, from where, and how well.
pub fn analyze(_vision: &Vision, photo: &Photo) -> Result<Analysis, ModelError> {
    let (width, height) = photo.rgb.dimensions();
    Ok(Analysis {
        has_car: false,
        refusal: Some("The network that finds cars in photos is not installed.".into()),
        view: None,
        azimuth_deg: None,
        elevation_deg: None,
        quality: 0,
        measures: Measures::default(),
        warnings: Vec::new(),
        width,
        height,
    })
}
