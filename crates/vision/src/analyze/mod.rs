//! What a photo shows, before anything is made from it: is there a car, from where, and how good is the picture.

mod direction;
mod measure;

use gridvox_car::{PhotoCamera, ViewPreset};
use serde::{Deserialize, Serialize};

use self::direction::Direction;
use crate::net::{Correspondence, ModelError, Proportions};
use crate::photo::Photo;
use crate::vision::Vision;

/// What [`analyze`](crate::analyze) found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// Whether a car large enough to work with is in the picture.
    pub has_car: bool,
    /// One sentence why the photo cannot be used; `None` where it can.
    pub refusal: Option<String>,
    /// From where the car is seen; `None` without a car.
    pub view: Option<ViewPreset>,
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

/// Below this the network says that there is no car.
const CAR_PROBABILITY: f32 = 0.5;
/// Fewer cells than this cannot tell a car's place.
const MIN_CELLS: usize = 40;
/// A car smaller than this in the picture has no paint to copy, in photo pixels.
const MIN_CAR_PX: f32 = 120.0;

/// Looks at a photo without a car model: whether it shows a car, from where, and how well.
pub fn analyze(vision: &Vision, photo: &Photo) -> Result<Analysis, ModelError> {
    Ok(from_correspondence(photo, &vision.correspond(&photo.rgb, Proportions::USUAL)?))
}

/// The analysis of a photo whose correspondences are at hand.
pub fn from_correspondence(photo: &Photo, net: &Correspondence) -> Analysis {
    let (width, height) = photo.rgb.dimensions();
    let measures = measure::measure(&photo.rgb, net);
    let mut analysis = Analysis {
        has_car: true,
        refusal: None,
        view: None,
        azimuth_deg: None,
        elevation_deg: None,
        quality: 0,
        measures,
        warnings: Vec::new(),
        width,
        height,
    };
    let cells = net.mask.iter().filter(|&&m| m > 0.5).count();
    analysis.refusal = if net.car_probability < CAR_PROBABILITY || cells < MIN_CELLS {
        Some("No car was found in this photo; use one that shows the whole car, or set four points by hand.".into())
    } else if measures.car_px < MIN_CAR_PX {
        Some(format!(
            "The car is only {:.0} pixels large in this photo; use one where it is at least {MIN_CAR_PX:.0}.",
            measures.car_px
        ))
    } else {
        None
    };
    if analysis.refusal.is_some() {
        analysis.has_car = false;
        return analysis;
    }
    if let Some(direction) = Direction::find(net) {
        analysis.set_direction(direction);
    }
    analysis.judge();
    analysis
}

impl Analysis {
    /// Takes the direction from a solved camera, which knows better than the network alone.
    pub fn set_camera(&mut self, camera: &PhotoCamera) {
        self.set_direction(Direction::of_camera(camera));
    }

    fn set_direction(&mut self, Direction { azimuth_deg, elevation_deg }: Direction) {
        self.view = Some(ViewPreset::from_direction(azimuth_deg, elevation_deg));
        self.azimuth_deg = Some(azimuth_deg);
        self.elevation_deg = Some(elevation_deg);
    }

    /// Works out quality and warnings from the measures.
    ///
    /// The quality is 100 times the product of factors between 0 and 1: size (1 from 1200 pixels, 0.35 at 150),
    /// sharpness (1 up to a blur of 1.2 pixels when the car is 1600 pixels large, 0.2 from 8), exposure (falls with
    /// three times the blown-out and black shares beyond 3 %), noise (1 up to 4 levels, 0.5 from 25), JPEG blocks (1 up
    /// to 1.2, 0.6 from 2), truncation and occlusion (what is left of the car, at least 0.3).
    pub fn judge(&mut self) {
        let m = &self.measures;
        let ramp = |value: f32, good: f32, bad: f32, worst: f32| {
            1.0 - (1.0 - worst) * ((value - good) / (bad - good)).clamp(0.0, 1.0)
        };
        let blur_at_1600 = m.blur_px * 1600.0 / m.car_px.max(1.0);
        let clipped = (m.clipped_bright - 0.03).max(0.0) + (m.clipped_dark - 0.03).max(0.0);
        let factors = [
            ramp(m.car_px, 1200.0, 150.0, 0.35),
            ramp(blur_at_1600, 1.2, 8.0, 0.2),
            (1.0 - 3.0 * clipped).clamp(0.3, 1.0),
            ramp(m.noise, 4.0, 25.0, 0.5),
            ramp(m.blockiness, 1.2, 2.0, 0.6),
            (1.0 - m.truncation).max(0.3),
            (1.0 - m.occlusion).max(0.3),
        ];
        self.quality = (100.0 * factors.iter().product::<f32>()).round().clamp(1.0, 100.0) as u8;

        let percent = |share: f32| (share * 100.0).round();
        self.warnings.clear();
        let mut warn = |on: bool, words: String| {
            if on {
                self.warnings.push(words);
            }
        };
        warn(
            m.car_px < 700.0,
            format!("The car is only {:.0} pixels large: small lettering will not be readable.", m.car_px),
        );
        warn(
            m.car_share < 0.12 && m.car_px >= 700.0,
            format!("The car fills only {} % of the picture: a closer crop gives a better match.", percent(m.car_share)),
        );
        warn(
            blur_at_1600 > 3.0,
            format!("The car is blurred by about {:.1} pixels: edges of the livery will be soft.", m.blur_px),
        );
        warn(
            m.clipped_bright > 0.06,
            format!("{} % of the car is blown out: highlights there are filled from the paint around.", percent(m.clipped_bright)),
        );
        warn(
            m.clipped_dark > 0.15,
            format!("{} % of the car is black: dark paint and shadow cannot be told apart there.", percent(m.clipped_dark)),
        );
        warn(m.noise > 10.0, format!("The picture is noisy ({:.0} levels): flat paint will look grainy.", m.noise));
        warn(m.blockiness > 1.4, "The JPEG is strongly compressed: blocks will show in the paint.".into());
        warn(
            m.truncation > 0.03,
            format!("The picture's border cuts the car ({} % of its outline).", percent(m.truncation)),
        );
        warn(
            m.occlusion > 0.04,
            format!("Something hides {} % of the car: it is filled from the mirror or the inks.", percent(m.occlusion)),
        );
    }
}

#[cfg(test)]
mod tests;
