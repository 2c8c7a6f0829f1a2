//! The colour of pearl: light that interferes in the film of a pigment.
//!
//! A pearl pigment is a flake of glass, a few hundred nanometres thick, between two thin coats of titania. What both sides
//! reflect adds up or cancels out, by colour and by angle: Airy's sum for a film with equal sides (Born and Wolf,
//! Principles of Optics, 7.6.1). The colours come from integrating over the visible spectrum, once, so the shader only
//! looks them up.

use bevy::math::{Vec3, Vec4};
use std::f32::consts::TAU;
use std::sync::OnceLock;

/// Angles in the table, evenly spaced in the cosine against the surface, from 0 to 1.
pub const ANGLES: usize = 8;

/// Index of the flake's glass; the light's angle in the flake follows from it and from the angle in the air alone.
const GLASS: f32 = 1.46;

/// Optical thickness of the flakes in nanometres: the third half wave reflects orange face on, and blue at the edge.
const THICKNESS_NM: f32 = 455.0;

/// Half the spread of thickness from flake to flake, as a share.
const SPREAD: f32 = 0.08;

/// Share of the light that one coat of titania reflects.
const SIDE: f32 = 0.2;

/// Share of light that a film reflects: optical thickness and wavelength in nanometres, cosine of the angle in the film.
fn airy(thickness: f32, wavelength: f32, cosine: f32) -> f32 {
    let sine = (TAU * thickness * cosine / wavelength).sin();
    let contrast = 4.0 * SIDE * sine * sine;
    contrast / ((1.0 - SIDE) * (1.0 - SIDE) + contrast)
}

/// The eye's sensitivity at a wavelength in nanometres, as CIE 1931 XYZ: Wyman, Sloan and Shirley, "Simple analytic
/// approximations to the CIE XYZ color matching functions", JCGT 2(2), 2013.
fn observer(wavelength: f32) -> Vec3 {
    let lobe = |height: f32, peak: f32, below: f32, above: f32| {
        let t = (wavelength - peak) / if wavelength < peak { below } else { above };
        height * (-0.5 * t * t).exp()
    };
    Vec3::new(
        lobe(1.056, 599.8, 37.9, 31.0) + lobe(0.362, 442.0, 16.0, 26.7) + lobe(-0.065, 501.1, 20.4, 26.2),
        lobe(0.821, 568.8, 46.9, 40.5) + lobe(0.286, 530.9, 16.3, 31.1),
        lobe(1.217, 437.0, 11.8, 36.0) + lobe(0.681, 459.0, 26.0, 13.8),
    )
}

/// Linear sRGB of an XYZ colour (IEC 61966-2-1).
fn linear_srgb(xyz: Vec3) -> Vec3 {
    Vec3::new(
        Vec3::new(3.2406, -1.5372, -0.4986).dot(xyz),
        Vec3::new(-0.9689, 1.8758, 0.0415).dot(xyz),
        Vec3::new(0.0557, -0.2040, 1.0570).dot(xyz),
    )
}

/// Share of white light that the pearl's flakes reflect, as linear sRGB, at a cosine in the air. Colours beyond the
/// screen's are brought to its edge, so nothing reflects more than it gets.
pub fn reflectance(cosine: f32) -> Vec3 {
    let within = (1.0 - (1.0 - cosine * cosine) / (GLASS * GLASS)).sqrt();
    let (mut seen, mut white) = (Vec3::ZERO, Vec3::ZERO);
    for wavelength in (380..=780).step_by(5) {
        let wavelength = wavelength as f32;
        let mean: f32 = (-4..=4)
            .map(|step| airy(THICKNESS_NM * (1.0 + SPREAD * step as f32 / 4.0), wavelength, within))
            .sum::<f32>()
            / 9.0;
        seen += observer(wavelength) * mean;
        white += observer(wavelength);
    }
    (linear_srgb(seen) / linear_srgb(white)).clamp(Vec3::ZERO, Vec3::ONE)
}

/// [`reflectance`] at [`ANGLES`] cosines from 0 to 1, for the shader.
pub fn table() -> [Vec4; ANGLES] {
    static TABLE: OnceLock<[Vec4; ANGLES]> = OnceLock::new();
    *TABLE.get_or_init(|| std::array::from_fn(|i| reflectance(i as f32 / (ANGLES - 1) as f32).extend(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_reflects_what_theory_says() {
        // nothing where both sides cancel out, and (2 r / (1 + r^2))^2 with r^2 = SIDE where they add up
        assert!(airy(500.0, 1000.0, 1.0) < 1e-6);
        let most = 4.0 * SIDE / ((1.0 + SIDE) * (1.0 + SIDE));
        assert!((airy(250.0, 1000.0, 1.0) - most).abs() < 1e-5);
        // a slanted ray sees a film that is thinner by the cosine
        assert!((airy(500.0, 500.0, 0.8) - airy(400.0, 500.0, 1.0)).abs() < 1e-6);
    }

    #[test]
    fn the_observer_sees_white_as_white() {
        let white: Vec3 = (380..=780).step_by(5).map(|wavelength| observer(wavelength as f32)).sum();
        assert!((white / white.y - Vec3::ONE).abs().max_element() < 0.02, "{white}");
    }

    #[test]
    fn pearl_runs_through_the_colours_and_gains_no_light() {
        let hue = |cosine: f32| {
            let c = reflectance(cosine);
            (3.0_f32.sqrt() * (c.y - c.z)).atan2(2.0 * c.x - c.y - c.z).to_degrees()
        };
        let (face, slant, edge) = (hue(1.0), hue(0.6), hue(0.1));
        assert!((0.0..60.0).contains(&face), "orange face on: {face}");
        assert!((60.0..180.0).contains(&slant), "green at a slant: {slant}");
        assert!((-170.0..-90.0).contains(&edge), "blue at the edge: {edge}");
        let most = 4.0 * SIDE / ((1.0 + SIDE) * (1.0 + SIDE));
        assert!(table().iter().all(|c| c.min_element() >= 0.0 && c.truncate().max_element() <= 1.3 * most));
    }
}
