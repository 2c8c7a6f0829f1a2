//! Distances between pictures, for the tests and the comparison of encoders.

use image::RgbaImage;

/// How far a copy is from its original.
pub struct Distance {
    /// Over red, green and blue, in dB; infinite for equal pictures.
    pub psnr_db: f64,
    /// Mean CIE 1976 colour difference.
    pub mean_delta_e: f64,
    /// The largest one.
    pub max_delta_e: f64,
}

/// Compares colours, not alpha. Both have the same size.
pub fn distance(original: &RgbaImage, copy: &RgbaImage) -> Distance {
    assert_eq!(original.dimensions(), copy.dimensions());
    let texels = f64::from(original.width()) * f64::from(original.height());
    let (mut squares, mut sum, mut max_delta_e) = (0.0, 0.0, 0.0f64);
    for (a, b) in original.pixels().zip(copy.pixels()) {
        squares += (0..3).map(|i| (f64::from(a[i]) - f64::from(b[i])).powi(2)).sum::<f64>();
        let (a, b) = (lab(a.0), lab(b.0));
        let delta_e = (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt();
        sum += delta_e;
        max_delta_e = max_delta_e.max(delta_e);
    }
    let psnr_db = 10.0 * (255.0f64.powi(2) * 3.0 * texels / squares).log10();
    Distance { psnr_db, mean_delta_e: sum / texels, max_delta_e }
}

/// CIE L*a*b* under D65.
fn lab(rgb: [u8; 4]) -> [f64; 3] {
    let [r, g, b] = [rgb[0], rgb[1], rgb[2]].map(|v| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    });
    let x = (0.412_456_4 * r + 0.357_576_1 * g + 0.180_437_5 * b) / 0.950_47;
    let y = 0.212_672_9 * r + 0.715_152_2 * g + 0.072_175_0 * b;
    let z = (0.019_333_9 * r + 0.119_192_0 * g + 0.950_304_1 * b) / 1.088_83;
    let f = |t: f64| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 };
    [116.0 * f(y) - 16.0, 500.0 * (f(x) - f(y)), 200.0 * (f(y) - f(z))]
}
