//! Palettes: a few inks that stand apart, as liveries have them.

use glam::Vec3;
use rand::Rng;

/// Linear RGB from hue in degrees, saturation and value (of the sRGB-encoded colour) in 0..1.
pub fn from_hsv(hue: f32, saturation: f32, value: f32) -> Vec3 {
    let channel = |offset: f32| {
        let k = (offset + hue.rem_euclid(360.0) / 60.0).rem_euclid(6.0);
        value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0)
    };
    Vec3::new(to_linear(channel(5.0)), to_linear(channel(3.0)), to_linear(channel(1.0)))
}

/// One sRGB channel in 0..1 to linear.
pub fn to_linear(v: f32) -> f32 {
    if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// One linear channel to sRGB in 0..1.
pub fn to_srgb(v: f32) -> f32 {
    let v = v.clamp(0.0, 1.0);
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

/// Relative luminance of linear RGB.
pub fn luminance(c: Vec3) -> f32 {
    c.dot(Vec3::new(0.2126, 0.7152, 0.0722))
}

/// Three to five inks: a ground, accents around one or two hues that contrast with it, and black or white for letters.
pub fn palette(rng: &mut impl Rng) -> Vec<Vec3> {
    let hue = rng.random_range(0.0..360.0f32);
    let other = hue + [30.0, 150.0, 180.0, 210.0, -35.0, 120.0][rng.random_range(0..6)] + rng.random_range(-12.0..12.0);
    let vivid = |rng: &mut _, hue: f32| vivid(rng, hue);
    let white = from_hsv(hue, rng.random_range(0.0..0.05), rng.random_range(0.86..0.97));
    let black = from_hsv(hue, rng.random_range(0.0..0.4), rng.random_range(0.04..0.16));
    let grey = from_hsv(hue, rng.random_range(0.0..0.12), rng.random_range(0.3..0.75));
    let (first, second) = (vivid(rng, hue), vivid(rng, other));
    let mut inks = match rng.random_range(0..6) {
        0 => vec![white, first, second],
        1 => vec![black, first, second],
        2 => vec![first, white, second],
        3 => vec![first, black, second],
        4 => vec![grey, first, black],
        _ => vec![first, second, white],
    };
    if rng.random_bool(0.5) {
        inks.push(if rng.random_bool(0.5) { black } else { white });
    }
    if rng.random_bool(0.25) {
        let extra = vivid(rng, hue + 90.0);
        inks.push(extra);
    }
    inks
}

fn vivid(rng: &mut impl Rng, hue: f32) -> Vec3 {
    from_hsv(hue, rng.random_range(0.6..1.0), rng.random_range(0.3..1.0))
}

/// The ink among black, white and `inks` that is read best on `ground`.
pub fn readable(ground: Vec3, inks: &[Vec3], rng: &mut impl Rng) -> Vec3 {
    let contrast = |c: Vec3| {
        let (a, b) = (luminance(c) + 0.05, luminance(ground) + 0.05);
        (a / b).max(b / a)
    };
    let good: Vec<Vec3> = inks.iter().copied().filter(|&c| contrast(c) > 3.5).collect();
    if !good.is_empty() && rng.random_bool(0.5) {
        return good[rng.random_range(0..good.len())];
    }
    let (black, white) = (Vec3::splat(0.01), Vec3::splat(0.88));
    if contrast(black) > contrast(white) { black } else { white }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn primaries_and_the_transfer_curve() {
        assert!((from_hsv(0.0, 1.0, 1.0) - Vec3::X).length() < 1e-6);
        assert!((from_hsv(120.0, 1.0, 1.0) - Vec3::Y).length() < 1e-6);
        assert!((from_hsv(240.0, 1.0, 1.0) - Vec3::Z).length() < 1e-6);
        assert!((to_linear(0.5) - 0.214_041).abs() < 1e-5);
        assert!((to_srgb(to_linear(0.3)) - 0.3).abs() < 1e-6);
    }

    #[test]
    fn letters_can_be_read_on_any_ground() {
        let mut rng = rand_pcg::Pcg32::seed_from_u64(1);
        for _ in 0..200 {
            let inks = palette(&mut rng);
            let ink = luminance(readable(inks[0], &inks, &mut rng)) + 0.05;
            let ground = luminance(inks[0]) + 0.05;
            assert!((ink / ground).max(ground / ink) > 3.4);
        }
    }
}
