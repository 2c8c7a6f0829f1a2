//! Finds a sun in a picture and takes it out, so that it can be a light with a sharp shadow.
//!
//! Image-based light has no shadows of its own: a sun left in the picture would shine through the car. Only a compact,
//! strong peak counts; softboxes and bright clouds stay where they are.

use super::equirect::Equirect;
use glam::Vec3;
use serde::{Deserialize, Serialize};

/// Half the opening of the cone that a sun may fill, in degrees: a hazy sun with its halo.
const CONE_DEG: f32 = 2.4;

/// The ring around the cone, in degrees, whose light replaces the sun's.
const RING_DEG: f32 = 4.5;

/// The peak must be this many times brighter than the average of its hemisphere's light.
const MIN_PEAK_RATIO: f32 = 60.0;

/// The peak must bring at least this share of all light on a surface that faces it.
const MIN_SHARE: f32 = 0.22;

/// A compact source at infinity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sun {
    /// Unit direction towards it, in the picture's frame.
    pub direction: [f32; 3],
    /// Irradiance on a surface that faces it, linear RGB in the picture's unit.
    pub irradiance: [f32; 3],
}

fn luminance(colour: Vec3) -> f32 {
    colour.dot(Vec3::new(0.2126, 0.7152, 0.0722))
}

/// Takes the sun out of a picture, where there is one.
pub fn take_out(picture: &mut Equirect) -> Option<Sun> {
    let mut peak = (0.0_f32, Vec3::Y);
    let mut average = 0.0;
    for y in 0..picture.height {
        let solid = picture.solid_angle(y);
        for x in 0..picture.width {
            let l = luminance(picture.pixels[y * picture.width + x]);
            average += l * solid;
            if l > peak.0 {
                peak = (l, picture.direction(x, y));
            }
        }
    }
    average /= 4.0 * std::f32::consts::PI;
    if peak.0 < MIN_PEAK_RATIO * average || peak.1.y < 0.02 {
        return None;
    }

    // what stands around the peak, and what a surface facing it receives
    let (cone, ring) = (CONE_DEG.to_radians().cos(), RING_DEG.to_radians().cos());
    let (mut around, mut around_weight, mut facing) = (Vec3::ZERO, 0.0, 0.0);
    for y in 0..picture.height {
        let solid = picture.solid_angle(y);
        for x in 0..picture.width {
            let d = picture.direction(x, y);
            let cos = d.dot(peak.1);
            let radiance = picture.pixels[y * picture.width + x];
            facing += luminance(radiance) * solid * cos.max(0.0);
            if cos < cone && cos > ring {
                around += radiance * solid;
                around_weight += solid;
            }
        }
    }
    let around = around / f32::max(around_weight, 1e-9);

    let (mut irradiance, mut centre) = (Vec3::ZERO, Vec3::ZERO);
    for y in 0..picture.height {
        let solid = picture.solid_angle(y);
        for x in 0..picture.width {
            let d = picture.direction(x, y);
            if d.dot(peak.1) >= cone {
                let above = (picture.pixels[y * picture.width + x] - around).max(Vec3::ZERO) * solid;
                irradiance += above;
                centre += d * luminance(above);
            }
        }
    }
    if luminance(irradiance) < MIN_SHARE * facing {
        return None;
    }
    for y in 0..picture.height {
        for x in 0..picture.width {
            if picture.direction(x, y).dot(peak.1) >= cone {
                let pixel = &mut picture.pixels[y * picture.width + x];
                // the halo stays, softly limited
                *pixel = pixel.min(around * 1.6);
            }
        }
    }
    Some(Sun { direction: centre.normalize().to_array(), irradiance: irradiance.to_array() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sun_is_found_measured_and_taken_out() {
        let towards = Vec3::new(0.4, 0.6, -0.3).normalize();
        let radius = 0.8_f32.to_radians();
        let mut picture = Equirect::from_fn(512, |d| {
            let sky = if d.y > 0.0 { Vec3::new(0.3, 0.4, 0.6) } else { Vec3::splat(0.1) };
            if d.dot(towards) > radius.cos() { sky + Vec3::splat(4000.0) } else { sky }
        });
        let sun = take_out(&mut picture).expect("there is a sun");
        assert!(Vec3::from(sun.direction).dot(towards) > 0.9999);
        let expected = 4000.0 * std::f32::consts::TAU * (1.0 - radius.cos());
        assert!((sun.irradiance[1] / expected - 1.0).abs() < 0.06, "{:?} is not {expected}", sun.irradiance);
        let left = picture.pixels.iter().map(|p| p.max_element()).fold(0.0, f32::max);
        assert!(left < 1.2, "{left} is left");
        assert!(take_out(&mut picture).is_none());
    }

    #[test]
    fn a_softbox_is_no_sun() {
        let mut picture = Equirect::from_fn(256, |d| {
            if d.y > 0.85 { Vec3::splat(30.0) } else { Vec3::splat(0.05) }
        });
        let before = picture.clone();
        assert!(take_out(&mut picture).is_none());
        assert_eq!(before, picture);
    }
}
