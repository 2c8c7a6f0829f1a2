//! How good a livery and its camera are: the project's one definition of each measure.
//!
//! The truth is the camera and the livery that a test photo was rendered with. [`Evaluator::score`] measures one
//! estimate against it, [`judge`] says whether the painter was told what to think of it, [`Method`] makes baselines,
//! [`EvalTable`] gathers many and [`plot::draw`] shows the painter's scores against the true errors. Failures stay in the
//! denominator: a refused photo counts with the worst correspondence and no semantic accuracy.
//!
//! - *Correspondence error*: over texels that the true camera sees at a cosine above 0.2, how far, in texels of a 2048
//!   texture, the place that the photo really shows where the estimate takes the texel's colour lies from the texel.
//!   Where both lie in one chart that is their distance in the texture, else metres times mean texels per metre; off the
//!   car, and at most, 64.
//! - *Semantic accuracy*: share of those texels whose source pixel shows the same part.
//! - *Colour*: mean CIEDE2000, weighted by surface area, over texels that the true camera sees, over those it sees only
//!   on the mirrored side, and over the rest; as they are, and after one linear RGB gain fitted on the seen ones. Beside the
//!   mirrored ones stand those *mirrored where alike*: the mirrored texels whose true paint is within a CIEDE2000 of 5 of the
//!   true paint at their mirror image. Nothing in the photo tells the others: a livery with another colour on its other side,
//!   or with words, which a true livery turns back readable instead of mirroring them. Their share of the mirrored surface is
//!   given, too.
//! - *Look*: structural similarity and FLIP of the car in its own colours from eight sides, over the pixels that show paint, see
//!   [`Looks`].
//! - *Pose*: rotation, focal length, distance, and root mean square reprojection at a long side of 1600 pixels.

mod baseline;
mod canvas;
mod color;
mod filter;
pub mod flip;
pub mod look;
pub mod plot;
pub mod rank;
mod table;
mod verdict;
mod words;
mod worst;

pub use baseline::Method;
pub use color::delta_e;
pub use look::{Likeness, Looks};
pub use table::{Case, EvalTable, Spread, Summary};
pub use verdict::{Answer, Verdict, judge};
pub use words::{FarWord, far_words};
pub use worst::Worst;

use color::{GainFit, delta_e_after_gain};
use glam::{Vec2, Vec3};
use gridvox_car::bvh::Bvh;
use gridvox_car::{AtlasMaps, CarModel, PhotoCamera};
use image::RgbaImage;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Errors are quoted in texels of a texture this wide.
pub const REFERENCE_TEXELS: f32 = 2048.0;
/// What a texel counts whose colour comes from beside the car, in texels.
pub const OFF_CAR_TEXELS: f32 = 64.0;
/// A camera is wrong when its median correspondence error exceeds this, in texels.
pub const WRONG_POSE_TEXELS: f32 = 32.0;
/// Texels seen at a flatter angle than this cosine are left out.
const LEAST_COSINE: f32 = 0.2;
/// A texel is hidden when something lies nearer to the camera by more than this, metres.
const OCCLUSION_BIAS_M: f32 = 0.004;
/// Both sides wear the same paint where the truth's two differ by at most this CIEDE2000.
const ALIKE_DELTA_E: f32 = 5.0;
/// So many texels are measured, evenly spread: enough for three digits.
const SAMPLED_TEXELS: usize = 120_000;

/// How a test photo was made.
#[derive(Debug, Clone, Copy)]
pub struct Truth<'a> {
    /// The photo's camera.
    pub camera: &'a PhotoCamera,
    /// The paint, any size.
    pub livery: &'a RgbaImage,
}

/// What was found out about the photo.
#[derive(Debug, Clone, Copy)]
pub struct Estimate<'a> {
    /// The solved camera, for the same photo size.
    pub camera: &'a PhotoCamera,
    /// The livery, any size; without it no colours are measured.
    pub livery: Option<&'a RgbaImage>,
}

/// One photo's measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseScore {
    /// Why there is no estimate.
    pub failure: Option<String>,
    /// The camera is missing or wrong; never of a method that looks for none.
    pub wrong_pose: bool,
    /// Texels at 2048; `None` of a method that looks for no camera.
    pub correspondence: Option<CorrespondenceScore>,
    /// Share of seen texels whose source pixel shows the same part, 0..1; `None` likewise.
    pub semantic_accuracy: Option<f32>,
    /// Errors of the camera; `None` when there is none.
    pub pose: Option<PoseError>,
    /// Colours; `None` without a livery.
    pub color: Option<ColorScore>,
    /// Mean structural similarity from eight sides, -1..1; `None` where it was not measured.
    #[serde(default)]
    pub ssim: Option<f32>,
    /// Mean FLIP from eight sides, 0..1, 0 for no difference; `None` likewise.
    #[serde(default)]
    pub flip: Option<f32>,
    /// Wall time from photo to livery, seconds; `None` where the result came out of another method's.
    #[serde(default)]
    pub secs: Option<f32>,
}

/// Distances in texels of a 2048 texture, and shares of texels below a distance, 0..1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct CorrespondenceScore {
    pub median: f32,
    pub p90: f32,
    pub pck1: f32,
    pub pck3: f32,
    pub pck5: f32,
}

/// Errors of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PoseError {
    /// Angle between the orientations, degrees.
    pub rotation_deg: f32,
    /// Error of the focal length, per cent of the true one.
    pub focal_percent: f32,
    /// Error of the distance to the car's centre, per cent of the true one.
    pub distance_percent: f32,
    /// Root mean square over the seen texels, pixels at a long side of 1600.
    pub reprojection_px: f32,
}

/// Mean CIEDE2000 by area; `None` where no texel belongs to the region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ColorScore {
    /// Texels that the true camera sees, as they are.
    pub visible_absolute: Option<f32>,
    /// The same after one linear RGB gain.
    pub visible_aligned: Option<f32>,
    /// Texels seen only on the mirrored side, as they are.
    pub mirrored_absolute: Option<f32>,
    /// The same after the gain.
    pub mirrored_aligned: Option<f32>,
    /// Those of them whose true paint is that of their mirror image, to a CIEDE2000 of 5, as they are.
    #[serde(default)]
    pub mirrored_alike_absolute: Option<f32>,
    /// The same after the gain.
    #[serde(default)]
    pub mirrored_alike_aligned: Option<f32>,
    /// Their share of the texels seen only on the mirrored side, 0..1.
    #[serde(default)]
    pub mirrored_alike_share: Option<f32>,
    /// All other texels, as they are.
    pub unseen_absolute: Option<f32>,
    /// The same after the gain.
    pub unseen_aligned: Option<f32>,
}

/// A car prepared for measuring many photos.
pub struct Evaluator<'a> {
    maps: &'a AtlasMaps,
    /// Where the estimate believes each texel to be, metres.
    believed: &'a [Vec3],
    bvh: Bvh,
    /// Texture coordinates and part index + 1 of every triangle; part 0 is not painted.
    triangles: Vec<([Vec2; 3], u16)>,
    centre: Vec3,
    texels: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Region {
    Visible,
    Mirrored,
    Unseen,
}

struct Source {
    error: f32,
    same_part: bool,
    reprojection_px2: f32,
}

impl<'a> Evaluator<'a> {
    /// Prepares a car. `maps` must be of `model`; their size sets where texels are measured, not the unit.
    pub fn new(model: &CarModel, maps: &'a AtlasMaps) -> Self {
        let mut triangles = Vec::with_capacity(model.triangle_count());
        for (index, part) in model.parts.iter().enumerate() {
            let id = if model.is_paint(index) { index as u16 + 1 } else { 0 };
            let mesh = &part.mesh;
            triangles.extend(
                mesh.indices
                    .chunks_exact(3)
                    .map(|t| (std::array::from_fn(|i| mesh.uvs.get(t[i] as usize).copied().unwrap_or_default()), id)),
            );
        }
        let covered: Vec<u32> = (0..maps.part.len() as u32).filter(|&t| is_inner(maps, t as usize)).collect();
        // an odd stride walks through all columns
        let stride = (covered.len() / SAMPLED_TEXELS).max(1) | 1;
        let (low, high) = model.bounds();
        Self {
            maps,
            believed: &maps.position,
            bvh: Bvh::of_car(model),
            triangles,
            centre: (low + high) * 0.5,
            texels: covered.into_iter().step_by(stride).collect(),
        }
    }

    /// Measures estimates that were made on another mesh than the photographed one, which this evaluator is of. `maps` must
    /// be of that mesh and of the same size.
    #[must_use]
    pub fn with_estimates_on(mut self, maps: &'a AtlasMaps) -> Self {
        assert_eq!(maps.size, self.maps.size, "both meshes need maps of one size");
        self.believed = &maps.position;
        self
    }

    /// Measures one estimate; `Err` holds why there is none.
    pub fn score(&self, truth: Truth<'_>, estimate: Result<Estimate<'_>, &str>) -> CaseScore {
        let estimate = match estimate {
            Ok(estimate) => estimate,
            Err(reason) => return CaseScore::failed(reason),
        };
        let regions: Vec<Region> = self.texels.par_iter().map(|&t| self.region(truth.camera, t)).collect();
        let sources: Vec<Source> = self
            .texels
            .par_iter()
            .zip(&regions)
            .filter(|(_, region)| **region == Region::Visible)
            .map(|(&t, _)| self.source(truth.camera, estimate.camera, t as usize))
            .collect();
        let errors = sources.iter().map(|s| s.error).collect();
        let correspondence = CorrespondenceScore::new(errors);
        let mean = |f: &dyn Fn(&Source) -> f32| sources.iter().map(f).sum::<f32>() / sources.len().max(1) as f32;
        CaseScore {
            failure: None,
            wrong_pose: correspondence.median > WRONG_POSE_TEXELS,
            correspondence: Some(correspondence),
            semantic_accuracy: Some(mean(&|s| f32::from(u8::from(s.same_part)))),
            pose: Some(PoseError {
                reprojection_px: mean(&|s| s.reprojection_px2).sqrt(),
                ..pose_error(truth.camera, estimate.camera, self.centre)
            }),
            color: estimate.livery.map(|livery| self.color(&regions, truth.livery, livery)),
            ssim: None,
            flip: None,
            secs: None,
        }
    }

    /// Measures a livery that was made without a camera: its colours alone.
    pub fn score_livery(&self, truth: Truth<'_>, livery: &RgbaImage) -> CaseScore {
        let regions: Vec<Region> = self.texels.par_iter().map(|&t| self.region(truth.camera, t)).collect();
        CaseScore {
            failure: None,
            wrong_pose: false,
            correspondence: None,
            semantic_accuracy: None,
            pose: None,
            color: Some(self.color(&regions, truth.livery, livery)),
            ssim: None,
            flip: None,
            secs: None,
        }
    }

    /// Whether the camera sees a texel at a fair angle.
    fn sees(&self, camera: &PhotoCamera, texel: usize) -> bool {
        let (point, normal) = (self.maps.position[texel], self.maps.normal[texel]);
        let to_eye = camera.eye() - point;
        let distance = to_eye.length();
        if normal.dot(to_eye) <= LEAST_COSINE * distance || !in_photo(camera, point) {
            return false;
        }
        let direction = to_eye / distance;
        !self.bvh.any_hit(point + direction * OCCLUSION_BIAS_M, direction, distance - 2.0 * OCCLUSION_BIAS_M)
    }

    fn region(&self, camera: &PhotoCamera, texel: u32) -> Region {
        let mirror = self.maps.mirror[texel as usize];
        if self.sees(camera, texel as usize) {
            Region::Visible
        } else if (mirror as usize) < self.maps.part.len() && self.sees(camera, mirror as usize) {
            Region::Mirrored
        } else {
            Region::Unseen
        }
    }

    /// What the photo really shows where the estimate looks for a texel.
    fn source(&self, truth: &PhotoCamera, estimate: &PhotoCamera, texel: usize) -> Source {
        let point = self.maps.position[texel];
        let off = Source { error: OFF_CAR_TEXELS, same_part: false, reprojection_px2: 200.0 * 200.0 };
        let (Some(taken), Some(due)) = (estimate.project(self.believed[texel]), truth.project(point)) else { return off };
        let to_reference = 1600.0 / truth.width.max(truth.height) as f32;
        let reprojection_px2 = ((taken - due).truncate() * to_reference).length_squared();
        let off = Source { reprojection_px2, ..off };
        if !in_photo(truth, point) || !inside(truth, taken.truncate()) {
            return off;
        }
        let (eye, ray) = (truth.eye(), truth.ray(taken.truncate()));
        let Some(hit) = self.bvh.closest_hit(eye, ray, f32::INFINITY) else { return off };
        let size = self.maps.size as usize;
        let uv = Vec2::new((texel % size) as f32 + 0.5, (texel / size) as f32 + 0.5) / size as f32;
        let (corners, part) = self.triangles[hit.triangle as usize];
        let w = hit.weights;
        let apart_m = (eye + ray * hit.t - point).length();
        let by_metres = apart_m * self.maps.mean_texels_per_metre * REFERENCE_TEXELS / size as f32;
        let same_part = part == self.maps.part[texel];
        let in_texture = (corners[0] * w.x + corners[1] * w.y + corners[2] * w.z - uv).length() * REFERENCE_TEXELS;
        // one part may lie in several charts: a jump in the texture without one on the car is a seam
        let error = if same_part && in_texture < 4.0 * by_metres + 2.0 { in_texture } else { by_metres };
        Source { error: error.min(OFF_CAR_TEXELS), same_part, reprojection_px2 }
    }

    fn color(&self, regions: &[Region], truth: &RgbaImage, livery: &RgbaImage) -> ColorScore {
        let pairs: Vec<([u8; 3], [u8; 3], f64)> = self
            .texels
            .iter()
            .map(|&t| {
                let area = f64::from(self.maps.texel_m[t as usize]).powi(2);
                (self.pixel(livery, t), self.pixel(truth, t), area)
            })
            .collect();
        let mut fit = GainFit::default();
        for ((from, to, area), _) in pairs.iter().zip(regions).filter(|(_, region)| **region == Region::Visible) {
            fit.add(*from, *to, *area);
        }
        let gain = fit.gain();
        // of the chosen regions' texels, all or those that have the same true paint on both sides
        let mean = |region: Region, alike: Option<&[bool]>, difference: &(dyn Fn([u8; 3], [u8; 3]) -> f32 + Sync)| {
            let (sum, area) = (0..pairs.len())
                .into_par_iter()
                .filter(|&i| regions[i] == region && alike.is_none_or(|alike| alike[i]))
                .map(|i| (f64::from(difference(pairs[i].0, pairs[i].1)) * pairs[i].2, pairs[i].2))
                .collect::<Vec<_>>()
                .into_iter()
                .fold((0.0, 0.0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
            (area > 0.0).then(|| (sum / area) as f32)
        };
        let aligned = |a: [u8; 3], b: [u8; 3]| delta_e_after_gain(a, gain, b);
        let alike = self.alike(regions, truth);
        let mirrored_area = |of: &dyn Fn(usize) -> bool| -> f64 {
            (0..pairs.len()).filter(|&i| regions[i] == Region::Mirrored && of(i)).map(|i| pairs[i].2).sum()
        };
        let all_mirrored = mirrored_area(&|_| true);
        ColorScore {
            visible_absolute: mean(Region::Visible, None, &delta_e),
            visible_aligned: mean(Region::Visible, None, &aligned),
            mirrored_absolute: mean(Region::Mirrored, None, &delta_e),
            mirrored_aligned: mean(Region::Mirrored, None, &aligned),
            mirrored_alike_absolute: mean(Region::Mirrored, Some(&alike), &delta_e),
            mirrored_alike_aligned: mean(Region::Mirrored, Some(&alike), &aligned),
            mirrored_alike_share: (all_mirrored > 0.0).then(|| (mirrored_area(&|i| alike[i]) / all_mirrored) as f32),
            unseen_absolute: mean(Region::Unseen, None, &delta_e),
            unseen_aligned: mean(Region::Unseen, None, &aligned),
        }
    }

    /// Which mirrored texels have the true paint of their mirror image.
    fn alike(&self, regions: &[Region], truth: &RgbaImage) -> Vec<bool> {
        let texels = self.texels.par_iter().zip(regions);
        let is_alike = |(&texel, &region): (&u32, &Region)| {
            let mirror = || self.maps.mirror[texel as usize];
            region == Region::Mirrored && delta_e(self.pixel(truth, texel), self.pixel(truth, mirror())) <= ALIKE_DELTA_E
        };
        texels.map(is_alike).collect()
    }

    /// The pixel of a livery of any size at a texel of the maps.
    fn pixel(&self, livery: &RgbaImage, texel: u32) -> [u8; 3] {
        let (x, y) = (texel % self.maps.size, texel / self.maps.size);
        let at = |v: u32, size: u32| {
            (((v as f32 + 0.5) * size as f32 / self.maps.size as f32) as u32).min(size.saturating_sub(1))
        };
        let [r, g, b, _] = livery.get_pixel(at(x, livery.width()), at(y, livery.height())).0;
        [r, g, b]
    }
}

impl CaseScore {
    /// A photo without an estimate.
    pub fn failed(reason: &str) -> Self {
        Self {
            failure: Some(reason.to_owned()),
            wrong_pose: true,
            correspondence: Some(CorrespondenceScore::new(vec![OFF_CAR_TEXELS])),
            semantic_accuracy: Some(0.0),
            pose: None,
            color: None,
            ssim: None,
            flip: None,
            secs: None,
        }
    }

    /// The same with how alike both liveries look.
    #[must_use]
    pub fn with_look(self, look: Likeness) -> Self {
        Self { ssim: Some(look.ssim), flip: Some(look.flip), ..self }
    }

    /// Median correspondence error in texels; `None` of a method that looks for no camera.
    pub fn median_texels(&self) -> Option<f32> {
        self.correspondence.map(|correspondence| correspondence.median)
    }
}

impl CorrespondenceScore {
    fn new(mut errors: Vec<f32>) -> Self {
        errors.sort_by(f32::total_cmp);
        let below = |limit: f32| errors.partition_point(|&e| e <= limit) as f32 / errors.len().max(1) as f32;
        Self {
            median: quantile(&errors, 0.5).unwrap_or(OFF_CAR_TEXELS),
            p90: quantile(&errors, 0.9).unwrap_or(OFF_CAR_TEXELS),
            pck1: below(1.0),
            pck3: below(3.0),
            pck5: below(5.0),
        }
    }
}

/// Errors of an estimated camera; the reprojection is left 0. `centre` is the car's, in metres.
pub fn pose_error(truth: &PhotoCamera, estimate: &PhotoCamera, centre: Vec3) -> PoseError {
    let turn = |camera: &PhotoCamera| camera.world_from_camera.to_scale_rotation_translation().1.as_dquat();
    // the same relative to f32's acos, but exact for small angles
    let between = turn(truth).conjugate() * turn(estimate);
    let angle = 2.0 * between.xyz().length().atan2(between.w.abs());
    let percent = |a: f32, b: f32| 100.0 * (b / a - 1.0).abs();
    let to_reference = |camera: &PhotoCamera| camera.focal_px / camera.width.max(1) as f32;
    PoseError {
        rotation_deg: angle.to_degrees() as f32,
        focal_percent: percent(to_reference(truth), to_reference(estimate)),
        distance_percent: percent((truth.eye() - centre).length(), (estimate.eye() - centre).length()),
        reprojection_px: 0.0,
    }
}

/// Whether a texel and its neighbours carry one part: texels at a chart's edge only hold their nearest point.
fn is_inner(maps: &AtlasMaps, texel: usize) -> bool {
    let size = maps.size as usize;
    let part = maps.part[texel];
    let (x, y) = (texel % size, texel / size);
    part != 0
        && x > 0
        && y > 0
        && x + 1 < size
        && y + 1 < size
        && [texel - 1, texel + 1, texel - size, texel + size].iter().all(|&t| maps.part[t] == part)
}

fn inside(camera: &PhotoCamera, px: Vec2) -> bool {
    px.x >= 0.0 && px.y >= 0.0 && px.x < camera.width as f32 && px.y < camera.height as f32
}

fn in_photo(camera: &PhotoCamera, point: Vec3) -> bool {
    camera.project(point).is_some_and(|p| inside(camera, p.truncate()))
}

/// The value below which a share of the sorted values lies; `None` for nothing.
fn quantile(sorted: &[f32], share: f32) -> Option<f32> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((share * last as f32).round() as usize).copied()
}

#[cfg(test)]
mod tests;
