//! What a photo tells about how far off its livery may be, and what error is to be expected from that.
//!
//! The formulas were fitted on photos whose truth is known (see the numbers at each constant), other ones than those that
//! evaluation reports; `gridvox eval --plot` shows how well they keep.

use gridvox_car::{AtlasMaps, CarPack};
use serde::{Deserialize, Serialize};

use crate::delight::{Delit, LightEvidence};
use crate::evaluate::OFF_CAR_TEXELS;
use crate::pipeline::SolvedView;
use crate::pose::EdgeEvidence;

/// Texels of a residual that the median texel is off by, where `texels` is the residual in texels: `sum + EXCESS * sum²`
/// with `sum = FLOW * flow + BORDER * border + OUTLINE * outline`. Fitted to the logarithms of the true errors of 49 right
/// cameras (0.1 to 12 texels, meshes that differ by 20 mm among them), whose order it keeps (Spearman 0.85) and which it
/// tells to a factor of 1.5; small residuals are mostly the search's own noise, hence the square.
const FLOW: f32 = 0.09;
/// See [`FLOW`].
const BORDER: f32 = 0.17;
/// See [`FLOW`].
const OUTLINE: f32 = 0.18;
/// See [`FLOW`].
const EXCESS: f32 = 1.92;
/// Share of the seen paint that comes from the same part from a wrong camera: 0.70 to 0.91 of 9.
const WRONG_CAMERA_SAME_PART: f32 = 0.8;
/// Expected CIEDE2000 per unit of the scatter around the inks, and per unit that the two networks' paints are apart. Fitted to the
/// logarithms of the true errors (3.3 to 19) of 90 photos in three groups: 24 by the showroom, 40 more with two path-traced
/// gradients, and eight path-traced with three tone curves each. Fitted to two groups they keep the order of the third by Spearman
/// 0.78, 0.80 and 0.87, and they tell the error to a factor of 1.28. The factor between the exposures by fit and by network,
/// likeness to the photo, how well the inks draw it, how sure places are of their inks, how far inks are apart, clipping, anchors
/// and the light's own spread added nothing beside these two that held on all three.
const BY_SCATTER: f32 = 1.07;
/// See [`BY_SCATTER`].
const BY_NETWORKS: f32 = 0.734;
/// The same per unit of the scatter, and per unit of lightness that the exposure may be wrong by, where one network alone was asked:
/// fitted to drafts of the same photos, of which it keeps the order by 0.66, 0.71 and 0.59 and which it tells to a factor of 1.4.
const ALONE_BY_SCATTER: f32 = 1.716;
/// See [`ALONE_BY_SCATTER`].
const BY_EXPOSURE: f32 = 0.133;
/// Logarithm of the factor between the exposures by fit and by network from which on it says no more: the fit is lost then, as it is
/// on black paint that mirrors.
const MOST_EXPOSURE: f32 = 1.0;

/// What one photo tells about how far off its livery may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// How the car's edges lie on the photo's; `None` where they were not looked for, as with a camera that was given.
    pub edges: Option<EdgeEvidence>,
    /// How sure it is that the camera is the right one at all, 0..1.
    pub certainty: f32,
    /// Texels of a 2048 texture that a shift of one pixel at 1600 moves paint by: the median of the seen paint.
    pub texels_per_px: f32,
    /// Share of the drawn paint that shows another part, or none, one pixel at 1600 farther in any direction.
    pub border_share: f32,
    /// What speaks for and against the colours.
    pub light: LightEvidence,
    /// Median CIEDE2000 between the drawn paint and the photo.
    pub colour_delta_e: f32,
}

impl Evidence {
    pub(super) fn of(view: &SolvedView<'_>, light: &Delit, colour_delta_e: f32, maps: &AtlasMaps, car: &CarPack) -> Self {
        let pose = view.pose.as_ref();
        Self {
            edges: pose.and_then(|pose| pose.evidence),
            certainty: pose.and_then(|pose| pose.certainty()).unwrap_or(1.0),
            texels_per_px: texels_per_px(view, maps, car),
            border_share: border_share(view, car),
            light: light.evidence,
            colour_delta_e,
        }
    }

    /// Texels that the car is expected to lie off where the camera is the right one.
    fn laid_texels(&self) -> Option<f32> {
        let edges = self.edges?;
        let px = FLOW * edges.flow_px + BORDER * edges.border_px + OUTLINE * edges.outline_px;
        let sum = px * self.texels_per_px;
        Some((sum + EXCESS * sum * sum).min(OFF_CAR_TEXELS))
    }

    /// Expected median correspondence error in texels of a 2048 texture, as evaluation measures it: that of a right camera
    /// as far as it is sure, else that of a wrong one. `None` where the edges were not looked for.
    pub fn expected_texels(&self) -> Option<f32> {
        Some(self.certainty * self.laid_texels()? + (1.0 - self.certainty) * OFF_CAR_TEXELS)
    }

    /// Expected share of the seen paint that takes its colour from the same part, 0..1: what lies nearer to another part than
    /// the expected error does not.
    pub fn expected_same_part(&self) -> f32 {
        let off_px = self.laid_texels().map_or(0.0, |texels| texels / self.texels_per_px.max(0.1));
        let same = (1.0 - self.border_share * off_px).max(WRONG_CAMERA_SAME_PART);
        self.certainty * same + (1.0 - self.certainty) * WRONG_CAMERA_SAME_PART
    }

    /// Expected mean CIEDE2000 of the seen paint against the true one.
    pub fn expected_delta_e(&self) -> f32 {
        let light = &self.light;
        if let Some(apart) = light.networks_apart {
            return (BY_SCATTER * light.scatter + BY_NETWORKS * apart).min(100.0);
        }
        // What a gain moves CIELAB's lightness by: its cube root, so a third of the logarithm.
        let exposure = light.gain_apart.max(1.0).ln().min(MOST_EXPOSURE) * (light.lightness + 16.0) / 3.0;
        (ALONE_BY_SCATTER * light.scatter + BY_EXPOSURE * exposure).min(100.0)
    }
}

/// Drawn pixels of painted parts.
fn drawn_paint(view: &SolvedView<'_>, car: &CarPack) -> impl Iterator<Item = usize> {
    let drawn = &view.drawn;
    (0..drawn.part.len()).filter(move |&i| drawn.part[i] != 0 && car.model.is_paint(usize::from(drawn.part[i]) - 1))
}

fn texels_per_px(view: &SolvedView<'_>, maps: &AtlasMaps, car: &CarPack) -> f32 {
    let camera = &view.camera;
    let eye = camera.eye();
    let photo_px = camera.width.max(camera.height) as f32 / 1600.0;
    let texels_per_metre = maps.mean_texels_per_metre * 2048.0 / maps.size as f32;
    let mut each: Vec<f32> = drawn_paint(view, car)
        .step_by(17)
        .map(|i| {
            let to_eye = eye - view.drawn.position[i];
            let distance = to_eye.length();
            let facing = (view.drawn.normal[i].dot(to_eye) / distance).max(0.2);
            // Across the slant a pixel is as wide as it is, along it wider.
            texels_per_metre * photo_px * distance / camera.focal_px * 0.5 * (1.0 + 1.0 / facing)
        })
        .collect();
    if each.is_empty() {
        return 0.0;
    }
    let middle = each.len() / 2;
    *each.select_nth_unstable_by(middle, f32::total_cmp).1
}

fn border_share(view: &SolvedView<'_>, car: &CarPack) -> f32 {
    let (width, drawn) = (view.drawn.width as usize, &view.drawn);
    let (mut other, mut all) = (0usize, 0usize);
    for i in drawn_paint(view, car) {
        for n in [i.wrapping_sub(1), i + 1, i.wrapping_sub(width), i + width] {
            all += 1;
            other += usize::from(drawn.part.get(n).is_none_or(|&part| part != drawn.part[i]));
        }
    }
    // Counted one pixel of the drawing away, which is not one at 1600.
    other as f32 / all.max(1) as f32 * drawn.width.max(drawn.height) as f32 / 1600.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(flow_px: f32, border_px: f32, outline_px: f32) -> Evidence {
        let edges = EdgeEvidence { flow_px, border_px, outline_px, ..EdgeEvidence::default() };
        Evidence { edges: Some(edges), certainty: 1.0, texels_per_px: 1.6, border_share: 0.018, ..Evidence::default() }
    }

    #[test]
    fn the_farther_the_edges_lie_off_the_more_is_expected_to_be_wrong() {
        let (near, far) = (laid(0.2, 0.2, 0.25), laid(4.0, 1.5, 1.5));
        let texels = |told: Evidence| told.expected_texels().expect("edges were looked for");
        assert!(texels(near) < 0.5 && texels(far) > 4.0, "{} {}", texels(near), texels(far));
        assert!(near.expected_same_part() > 0.99 && far.expected_same_part() < 0.97);
        let unsure = Evidence { certainty: 0.0, ..near };
        assert_eq!((texels(unsure), unsure.expected_same_part()), (OFF_CAR_TEXELS, WRONG_CAMERA_SAME_PART));
        let given = Evidence { edges: None, ..near };
        assert_eq!((given.expected_texels(), given.expected_same_part()), (None, 1.0));
    }

    #[test]
    fn doubts_about_light_raise_the_expected_difference() {
        let even = LightEvidence { scatter: 2.0, gain_apart: 1.0, lightness: 60.0, ..LightEvidence::default() };
        let expected = |light| Evidence { light, ..Evidence::default() }.expected_delta_e();
        let plain = expected(even);
        assert!((plain - 2.0 * ALONE_BY_SCATTER).abs() < 1e-3, "{plain}");
        assert!(expected(LightEvidence { scatter: 5.0, ..even }) > plain + 5.0);
        let [doubted, lost] = [2.0, 50.0].map(|gain_apart| expected(LightEvidence { gain_apart, ..even }));
        assert!(doubted > plain + 2.0 && lost > doubted && lost < doubted + 2.0, "{plain} {doubted} {lost}");
        assert!(expected(LightEvidence { gain_apart: 50.0, lightness: 8.0, ..even }) < plain + 1.5, "black paint hides an exposure");
        let [agreed, apart] = [1.0, 9.0].map(|apart| expected(LightEvidence { networks_apart: Some(apart), ..even }));
        assert!(agreed < plain && apart > agreed + 5.0, "{agreed} {plain} {apart}");
    }
}
