//! Between stored sRGB values and linear light, by table.

use std::sync::LazyLock;

/// Linear RGB multiplied by `weight`, where `weight = alpha + COLOR_FLOOR`.
///
/// Sums of these average colours by coverage, so hidden texels do not bleed into visible ones. The floor keeps the colour
/// of areas that are transparent altogether: simulators that read alpha as a paint effect still show their colour.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Weighted(pub [f32; 4]);

/// Small enough to stay far below one 8-bit step, large enough to survive f32 sums of 2^13 x 2^13 texels.
const COLOR_FLOOR: f32 = 1.0 / 65536.0;

static DECODE: LazyLock<[f32; 256]> = LazyLock::new(|| std::array::from_fn(|v| decode_exact(v as f32 / 255.0)));

/// Index: linear light in 0..=65535. The darkest sRGB step spans 20 entries, so the table is exact to a 40th of a step.
static ENCODE: LazyLock<Box<[u8]>> =
    LazyLock::new(|| (0..=u16::MAX).map(|v| (encode_exact(f32::from(v) / 65535.0) * 255.0 + 0.5) as u8).collect());

fn decode_exact(v: f32) -> f32 {
    if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

fn encode_exact(v: f32) -> f32 {
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

/// Both tables, looked up once per run of texels.
#[derive(Clone, Copy)]
pub(crate) struct Tables {
    decode: &'static [f32; 256],
    encode: &'static [u8],
}

impl Tables {
    pub fn get() -> Self {
        Self { decode: &DECODE, encode: &ENCODE }
    }

    /// sRGB with straight alpha to a weighted sum of one texel.
    #[inline]
    pub fn weigh(&self, texel: [u8; 4]) -> Weighted {
        let weight = f32::from(texel[3]) / 255.0 + COLOR_FLOOR;
        let [r, g, b] = [texel[0], texel[1], texel[2]].map(|v| self.decode[usize::from(v)] * weight);
        Weighted([r, g, b, weight])
    }

    /// As [`Self::weigh`] for texels whose alpha is a value of its own: `[linear red, green, blue, alpha]`.
    #[inline]
    pub fn weigh_alike(&self, texel: [u8; 4]) -> Weighted {
        let [r, g, b] = [texel[0], texel[1], texel[2]].map(|v| self.decode[usize::from(v)]);
        Weighted([r, g, b, f32::from(texel[3]) / 255.0])
    }

    /// The way back from [`Self::weigh_alike`].
    #[inline]
    pub fn unweigh_alike(&self, mean: Weighted) -> [u8; 4] {
        let [r, g, b, alpha] = mean.0;
        let encode = |v: f32| self.encode[((v * 65535.0 + 0.5) as usize).min(65535)];
        [encode(r), encode(g), encode(b), (alpha * 255.0 + 0.5) as u8]
    }

    /// The mean of weighted texels back to sRGB with straight alpha.
    #[inline]
    pub fn unweigh(&self, mean: Weighted) -> [u8; 4] {
        let [r, g, b, weight] = mean.0;
        let to_index = 65535.0 / weight;
        let encode = |v: f32| self.encode[((v * to_index + 0.5) as usize).min(65535)];
        let alpha = ((weight - COLOR_FLOOR) * 255.0 + 0.5) as u8;
        [encode(r), encode(g), encode(b), alpha]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_survives_the_way_there_and_back() {
        let tables = Tables::get();
        for v in 0..=255 {
            for alpha in [0, 1, 17, 128, 254, 255] {
                assert_eq!(tables.unweigh(tables.weigh([v, 255 - v, v / 2, alpha])), [v, 255 - v, v / 2, alpha]);
            }
        }
    }

    #[test]
    fn the_curve_is_that_of_iec_61966_2_1() {
        // Published pairs: 8-bit 188 is half of the light within a step, 118 the photographer's 18 % grey.
        assert!((DECODE[188] - 0.502_886).abs() < 1e-5);
        assert!((DECODE[118] - 0.181_164).abs() < 1e-5);
        assert_eq!(ENCODE[32768], 188);
        assert_eq!(ENCODE[65535], 255);
    }
}
