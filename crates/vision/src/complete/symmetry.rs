//! How alike the car's two sides are, measured where both are seen.

use gridvox_car::AtlasMaps;

use crate::color::{LinearRgb, delta_e};

/// The measure and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Symmetry {
    /// Share of the compared texels that agree with their mirror image; `None` where too few could be compared.
    pub agreement: Option<f32>,
    /// Compared surface in square metres.
    pub compared_m2: f32,
}

/// Colours this near are the same paint under what is left of the light.
const SAME_DELTA_E: f32 = 12.0;
/// Less surface than this, in square metres, tells nothing.
const MIN_COMPARED_M2: f32 = 0.05;
/// What is expected of a livery that was not compared: most are symmetric but for their lettering.
const EXPECTED: f32 = 0.8;

impl Symmetry {
    /// How far the mirror can be trusted, 0..1.
    pub fn trust(&self) -> f32 {
        self.agreement.unwrap_or(EXPECTED).clamp(0.0, 1.0)
    }
}

/// Compares texels that are known with their mirror texels that are known, too.
pub fn measure(color: &[LinearRgb], known: &[bool], maps: &AtlasMaps) -> Symmetry {
    let (mut same, mut all) = (0.0f32, 0.0f32);
    // A few thousand comparisons are plenty.
    let stride = (color.len() / 200_000).max(1);
    for i in (0..color.len()).step_by(stride) {
        let m = maps.mirror[i] as usize;
        if !known[i] || m >= known.len() || !known[m] || m == i || maps.part[i] == 0 {
            continue;
        }
        // Along the centre line a texel's mirror is its neighbour.
        if maps.position[i].x.abs() < 3.0 * maps.texel_m[i] {
            continue;
        }
        let area = maps.texel_m[i].powi(2) * stride as f32;
        all += area;
        if delta_e(color[i], color[m]) < SAME_DELTA_E {
            same += area;
        }
    }
    Symmetry { agreement: (all > MIN_COMPARED_M2).then(|| same / all), compared_m2: all }
}
