//! Colour differences as people see them: CIEDE2000 between sRGB colours, and the gain that two pictures differ by.

use palette::color_difference::Ciede2000;
use palette::white_point::D65;
use palette::{FromColor, Lab, LinSrgb, Srgb};

/// CIELAB of an sRGB colour under D65.
pub fn lab(srgb: [u8; 3]) -> Lab<D65, f32> {
    Lab::from_color(Srgb::new(srgb[0], srgb[1], srgb[2]).into_linear::<f32>())
}

/// CIEDE2000 between two sRGB colours; 1 is just noticeable.
pub fn delta_e(a: [u8; 3], b: [u8; 3]) -> f32 {
    lab(a).difference(lab(b))
}

/// CIEDE2000 between `a` times a linear gain and `b`.
pub(super) fn delta_e_after_gain(a: [u8; 3], gain: [f32; 3], b: [u8; 3]) -> f32 {
    let linear = linear(a);
    let scaled: [f32; 3] = std::array::from_fn(|i| (linear[i] * gain[i]).clamp(0.0, 1.0));
    Lab::<D65, f32>::from_color(LinSrgb::from(scaled)).difference(lab(b))
}

/// Linear RGB in 0..1.
pub(super) fn linear(srgb: [u8; 3]) -> [f32; 3] {
    let c: LinSrgb<f32> = Srgb::new(srgb[0], srgb[1], srgb[2]).into_linear();
    [c.red, c.green, c.blue]
}

/// Sums for the linear RGB gain that takes one picture's colours closest to another's by least squares.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct GainFit {
    cross: [f64; 3],
    square: [f64; 3],
}

impl GainFit {
    /// Adds a pair of sRGB colours.
    pub(super) fn add(&mut self, from: [u8; 3], to: [u8; 3], weight: f64) {
        let (from, to) = (linear(from), linear(to));
        for i in 0..3 {
            self.cross[i] += weight * f64::from(from[i] * to[i]);
            self.square[i] += weight * f64::from(from[i] * from[i]);
        }
    }

    /// The gain per channel, within a factor of four.
    pub(super) fn gain(&self) -> [f32; 3] {
        std::array::from_fn(|i| {
            if self.square[i] > 1e-9 { (self.cross[i] / self.square[i]).clamp(0.25, 4.0) as f32 } else { 1.0 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference Formula" (2005), table 1.
    const SHARMA: [([f32; 3], [f32; 3], f32); 15] = [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 3.1571, -77.2803], [50.0, 0.0, -82.7485], 2.8615),
        ([50.0, 2.8361, -74.0200], [50.0, 0.0, -82.7485], 3.4412),
        ([50.0, -1.3802, -84.2814], [50.0, 0.0, -82.7485], 1.0),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, 2.49, -0.001], [50.0, -2.49, 0.0009], 7.1792),
        ([50.0, 2.5, 0.0], [50.0, 0.0, -2.5], 4.3065),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([50.0, 2.5, 0.0], [61.0, -5.0, 29.0], 22.8977),
        ([50.0, 2.5, 0.0], [56.0, -27.0, -3.0], 31.9030),
        ([50.0, 2.5, 0.0], [58.0, 24.0, 15.0], 19.4535),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
        ([63.0109, -31.0961, -5.8663], [62.8187, -29.7946, -4.0864], 1.2630),
        ([6.7747, -0.2908, -2.4247], [5.8714, -0.0985, -2.2286], 0.6377),
        ([2.0776, 0.0795, -1.1350], [0.9033, -0.0636, -0.5514], 0.9082),
    ];

    #[test]
    fn it_agrees_with_the_published_table() {
        for (a, b, expected) in SHARMA {
            let [a, b] = [a, b].map(|c| Lab::<D65, f32>::new(c[0], c[1], c[2]));
            assert!((a.difference(b) - expected).abs() < 2e-3, "{a:?} {b:?}: {} is not {expected}", a.difference(b));
        }
    }

    #[test]
    fn black_and_white_are_a_hundred_apart() {
        assert!((delta_e([0; 3], [255; 3]) - 100.0).abs() < 0.05);
        assert_eq!(delta_e([10, 200, 30], [10, 200, 30]), 0.0);
    }

    #[test]
    fn one_gain_takes_a_tint_away() {
        let mut fit = GainFit::default();
        let colours = [[200u8, 60, 30], [90, 90, 90], [30, 60, 220], [180, 180, 40]];
        let tinted = colours.map(|c| {
            let l = linear(c);
            let back: Srgb<u8> = Srgb::from_linear(LinSrgb::new(l[0] * 0.8, l[1] * 0.6, l[2] * 0.5));
            [back.red, back.green, back.blue]
        });
        for (c, t) in colours.into_iter().zip(tinted) {
            fit.add(t, c, 1.0);
        }
        for (c, t) in colours.into_iter().zip(tinted) {
            assert!(delta_e(t, c) > 5.0 && delta_e_after_gain(t, fit.gain(), c) < 1.2);
        }
    }
}
