//! The order of the steps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use glam::Vec2;
use gridvox_car::{AtlasMaps, CarPack, PartClass, PhotoCamera};
use image::{GrayImage, Rgba, RgbaImage};
use rayon::prelude::*;
use tracing::span::EnteredSpan;

use super::sight::{self, Look, Sight};
use super::view::{SolvedView, hints, pose_error};
use super::{GenerateError, GenerateOptions, Generated, Quality, SIZES, Stage, Update};
use crate::analyze;
use crate::bake::{self, Baked};
use crate::cancel::Cancel;
use crate::color::{self, LinearRgb};
use crate::complete::{self, Completed, Guide, Readers};
use crate::delight::{self, Delit, Palette};
use crate::net::{Correspondence, ModelError, Proportions};
use crate::photo::Photo;
use crate::pose::{self, PoseFailure, PoseSolution};
use crate::report::{self, CameraReport, Report, Scores};
use crate::synth::livery;
use crate::timed::timed;
use crate::vision::{KeptCar, Vision};

/// Side of the previews in texels.
pub const PREVIEW_PX: u32 = 512;

/// Makes a livery from photos of one car. `on_update` is called on this thread, in order; it should return quickly.
///
/// With several photos, those that cannot be used are left out with a warning as long as one can.
///
/// # Errors
/// Says in one sentence why there is no livery; nothing is left half done.
pub fn generate(
    vision: &Vision,
    car: &CarPack,
    photos: &[Photo],
    options: &GenerateOptions,
    cancel: &Cancel,
    on_update: &mut dyn FnMut(Update),
) -> Result<Generated, GenerateError> {
    check(car, photos, options)?;
    let mut job = Job {
        vision,
        car,
        prepared: vision.prepare(car),
        options,
        cancel,
        on_update,
        timings: BTreeMap::new(),
        warnings: Vec::new(),
        started: Instant::now(),
        running: None,
    };
    job.run(photos)
}

fn check(car: &CarPack, photos: &[Photo], options: &GenerateOptions) -> Result<(), GenerateError> {
    if photos.is_empty() {
        return Err(GenerateError::NoPhoto);
    }
    let size = options.size_px();
    if !SIZES.contains(&size) {
        return Err(GenerateError::Size(size));
    }
    if !(0.5..=1.5).contains(&options.color_boost) {
        return Err(GenerateError::ColorBoost(options.color_boost));
    }
    if !(0..car.model.parts.len()).any(|part| car.model.is_paint(part)) {
        return Err(GenerateError::NoPaint(car.dir.clone()));
    }
    let (low, high) = car.model.bounds();
    for (index, photo) in photos.iter().enumerate() {
        let (width, height) = photo.rgb.dimensions();
        for (at, pair) in options.pairs(index).iter().enumerate() {
            let px = pair.photo_px;
            let is_in_photo = px.cmpge(Vec2::ZERO).all() && px.cmple(Vec2::new(width as f32, height as f32)).all();
            let gap = (low - pair.car_point).max(pair.car_point - high).max_element();
            let place = match (is_in_photo, gap <= OFF_CAR_M) {
                (true, true) => continue,
                (false, _) => format!("at {:.0}, {:.0} outside the photo of {width} x {height} pixels", px.x, px.y),
                (true, false) => "beside the car".to_owned(),
            };
            return Err(GenerateError::Point { number: at + 1, place, name: photo.source_name.clone() });
        }
    }
    Ok(())
}

/// Points farther from the car's bounding box than this are on no car, metres.
const OFF_CAR_M: f32 = 0.05;
/// How each warning about a camera that may be wrong begins.
const LOOSE: &str = "The car fits this photo only loosely";

struct Job<'a> {
    vision: &'a Vision,
    car: &'a CarPack,
    prepared: Arc<KeptCar>,
    options: &'a GenerateOptions,
    cancel: &'a Cancel,
    on_update: &'a mut dyn FnMut(Update),
    timings: BTreeMap<String, f64>,
    warnings: Vec<String>,
    started: Instant,
    running: Option<(Stage, Instant, EnteredSpan)>,
}

impl Job<'_> {
    fn run(&mut self, photos: &[Photo]) -> Result<Generated, GenerateError> {
        let small = self.options.previews.then(|| self.prepared.maps(self.car, PREVIEW_PX));
        let size = self.options.size_px();
        let (car, prepared) = (self.car, self.prepared.clone());
        // The large maps are computed while the network looks at the photos.
        let views = std::thread::scope(|scope| {
            scope.spawn(move || prepared.maps(car, size));
            self.solve_all(photos, small.as_deref())
        })?;

        self.begin(Stage::Bake, 0.55)?;
        let maps = self.prepared.maps(self.car, size);
        let mut baked = Vec::with_capacity(views.len());
        for view in &views {
            self.cancel.check()?;
            baked.push(bake::bake(&view.to_bake(), &self.car.model, self.prepared.scene(), &maps));
        }
        if baked.iter().all(|b| b.weight.iter().all(|&w| w == 0.0)) {
            let reason = "the camera that was found sees none of its paint".to_owned();
            return Err(GenerateError::Pose { reason, name: photos[0].source_name.clone() });
        }

        self.begin(Stage::Delight, 0.68)?;
        let quality = self.options.quality;
        let (lights, blended, palette) = self.delight(baked, &views, &maps, Some(quality))?;

        self.begin(Stage::Complete, 0.76)?;
        let classes = livery::classes(&self.car.model);
        // A draft, like a preview, is left to the vote, which takes a quarter of the time, and to letters that are easily found.
        let is_draft = size <= PREVIEW_PX;
        let guide = if is_draft { None } else { self.guide(&classes) };
        let readers = self.vision.readers();
        let readers = if is_draft { Readers { finder: None, ..readers } } else { readers };
        let done = complete::complete(blended.0, &blended.1, &maps, &palette, guide.as_ref(), readers)?;
        drop(blended.1);
        if done.symmetry.agreement.is_some_and(|a| a < 0.6) {
            self.warnings.push(format!(
                "The two sides differ ({:.0} % alike where both show): check what was mirrored.",
                done.symmetry.trust() * 100.0
            ));
        }
        if done.coverage.invented > 0.3 {
            self.warnings.push(format!(
                "{:.0} % of the car shows on no photo and was continued from the inks: add a photo of the other end.",
                done.coverage.invented * 100.0
            ));
        }
        self.cancel.check()?;
        let livery = encode(&done, size, self.options.color_boost);
        if self.options.previews {
            (self.on_update)(Update::Preview(Arc::new(preview_of(&livery))));
        }
        let confidence =
            GrayImage::from_raw(size, size, done.confidence.clone()).unwrap_or_else(|| GrayImage::new(size, size));

        self.begin(Stage::Report, 0.94)?;
        let (scores, evidence) = report::score(&views, &lights, &done.color, &maps, self.car);
        let scores = Scores { mirrored_log_odds: done.mirrored_log_odds, ..scores };
        if scores.reads_backwards() {
            self.warnings.insert(0, "The writing on this photo reads backwards: flip the photo and try again.".into());
        }
        if scores.is_loose() && !self.warnings.iter().any(|warning| warning.starts_with(LOOSE)) {
            let advice = "compare the livery with the photo before you use it";
            self.warnings.insert(0, format!("{LOOSE} (accuracy {:.0} of 100): {advice}.", scores.accuracy));
        }
        self.finish_stage();
        self.timings.insert("total".into(), self.started.elapsed().as_secs_f64());
        let described: Vec<CameraReport> = views.iter().map(|view| CameraReport::from(&view.camera)).collect();
        let report = Report {
            camera: described[0].clone(),
            cameras: described,
            coverage: done.coverage,
            scores,
            evidence,
            timings_secs: std::mem::take(&mut self.timings),
            warnings: std::mem::take(&mut self.warnings),
        };
        let camera = |photo: &Photo| views.iter().find(|view| std::ptr::eq(view.photo, photo)).map(|view| view.camera);
        let cameras = photos.iter().map(camera).collect();
        Ok(Generated { livery, confidence, cameras, report })
    }

    /// Solves each photo's camera; the first preview comes as soon as the first camera is roughly known.
    fn solve_all<'p>(&mut self, photos: &'p [Photo], small: Option<&AtlasMaps>) -> Result<Vec<SolvedView<'p>>, GenerateError> {
        let mut views: Vec<SolvedView<'p>> = Vec::new();
        let mut first_error = None;
        for (index, photo) in photos.iter().enumerate() {
            match self.solve(photo, index, photos.len(), small, &views) {
                Ok(view) => {
                    views.push(view);
                    let was_shown = self.options.cameras.first().copied().flatten().is_none();
                    if was_shown && index + 1 == photos.len() && self.options.size_px() == PREVIEW_PX {
                        continue; // the livery itself comes as fast as a better preview
                    }
                    self.show(&views, small)?;
                }
                Err(error @ (GenerateError::Cancelled(_) | GenerateError::Model(_))) => return Err(error),
                Err(error) => {
                    if photos.len() > 1 {
                        self.warnings.push(format!("One photo was left out. {error}"));
                    }
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if views.is_empty() => Err(error),
            _ => Ok(views),
        }
    }

    fn solve<'p>(
        &mut self,
        photo: &'p Photo,
        index: usize,
        count: usize,
        small: Option<&AtlasMaps>,
        before: &[SolvedView<'p>],
    ) -> Result<SolvedView<'p>, GenerateError> {
        let fraction = |inside: f32| 0.5 * (index as f32 + inside) / count as f32;
        self.begin(Stage::Analyse, fraction(0.0))?;
        if let Some(camera) = self.options.cameras.get(index).copied().flatten() {
            let camera = fitted(camera, photo);
            let view = SolvedView::new(photo, camera, None, None, &self.prepared);
            let analysis = view.analysis_without_network();
            self.warnings.extend(analysis.warnings.iter().cloned());
            (self.on_update)(Update::Analysis(analysis));
            return Ok(view);
        }
        self.begin(Stage::Correspond, fraction(0.05))?;
        let bounds = self.car.model.bounds();
        let usual = Proportions::of(bounds);
        let net = self.vision.correspond(&photo.rgb, usual)?;
        let mut analysis = analyze::from_correspondence(photo, &net);
        let hints = hints(photo, self.options.pairs(index));
        if let Some(reason) = analysis.refusal.take_if(|_| hints.point_pairs.len() < pose::ENOUGH_PAIRS) {
            return Err(GenerateError::NoCar { reason, name: photo.source_name.clone() });
        }
        self.begin(Stage::Pose, fraction(0.5))?;
        let solved = pose::solve(&net, bounds, photo.rgb.dimensions(), &hints);
        if before.is_empty() && small.is_some() && let Ok(solution) = &solved {
            // What did not recognise the car says nothing about its parts or about what hides it.
            let believed = (!solution.by_hand).then(|| net.clone());
            let rough = [SolvedView::new(photo, solution.camera, believed, Some(solution.clone()), &self.prepared)];
            self.show(&rough, small)?;
        }
        self.begin(Stage::Refine, fraction(0.65))?;
        let edges = self.prepared.edges();
        let refines = self.options.refine;
        let lay = |net: Correspondence, solved: Result<PoseSolution, PoseFailure>| -> Look {
            let solution = match solved? {
                solution if refines => pose::refine(edges, &photo.rgb, &net, &solution, &hints)?,
                solution => pose::weighed(edges, &photo.rgb, &net, solution),
            };
            Ok(Sight { net, solution })
        };
        let mut seen = lay(net, solved);
        if refines && hints.point_pairs.is_empty() {
            seen = sight::surest(seen, usual, |proportions| {
                self.cancel.check()?;
                let net = self.vision.correspond(&photo.rgb, proportions)?;
                let solved = pose::solve(&net, bounds, photo.rgb.dimensions(), &hints);
                Ok(lay(net, solved))
            })?;
        }
        let Sight { net, solution: refined } = seen.map_err(|failure| pose_error(failure, photo))?;
        if refined.by_hand && refined.support == Some(0.0) {
            let words = "The camera is as the points set by hand give it, for the car's edges were not found in the photo: \
                         compare the livery's edges with the photo.";
            self.warnings.push(words.into());
        } else if refined.certainty().is_some_and(|certainty| certainty < 1.0) {
            self.warnings.push(format!("{LOOSE}: compare the livery's edges with the photo."));
        }
        let believed = (!refined.by_hand).then_some(net);
        let view = SolvedView::new(photo, refined.camera, believed, Some(refined), &self.prepared);
        if analysis.refusal.is_some() || view.net.is_none() {
            analysis = view.analysis_without_network();
        } else {
            view.refine_analysis(&mut analysis);
        }
        self.warnings.extend(analysis.warnings.iter().cloned());
        (self.on_update)(Update::Analysis(analysis));
        Ok(view)
    }

    /// Sends a preview, where there are maps of its size: a whole livery, by what is quick and near enough.
    fn show(&mut self, views: &[SolvedView<'_>], small: Option<&AtlasMaps>) -> Result<(), ModelError> {
        let Some(small) = small else { return Ok(()) };
        timed!("preview");
        let bake = |view: &SolvedView<'_>| bake::bake(&view.to_bake(), &self.car.model, self.prepared.scene(), small);
        let (_, blended, palette) = self.delight(views.iter().map(bake).collect(), views, small, None)?;
        let done = complete::complete(blended.0, &blended.1, small, &palette, None, Readers::default())?;
        let preview = encode(&done, small.size, self.options.color_boost);
        (self.on_update)(Update::Preview(Arc::new(preview)));
        Ok(())
    }

    /// The completion network with this car, if there is one.
    fn guide<'b>(&'b self, classes: &'b [PartClass]) -> Option<Guide<'b>> {
        Some(Guide { network: self.vision.atlas()?, classes, bounds: self.car.model.bounds() })
    }

    /// Takes the light off each photo, then blends them: lights, (colour, weight), inks. Drafts ask the first network alone, for
    /// one answer; previews, which have no quality, do so without making it agree with few inks.
    #[expect(clippy::type_complexity, reason = "three results of one step, named where they are used")]
    fn delight(
        &self,
        mut baked: Vec<Baked>,
        views: &[SolvedView<'_>],
        maps: &AtlasMaps,
        quality: Option<Quality>,
    ) -> Result<(Vec<Delit>, (Vec<LinearRgb>, Vec<f32>), Palette), ModelError> {
        let networks = self.vision.albedo();
        let (asked, answers) = if quality == Some(Quality::High) { (networks.len(), delight::answers(maps.size)) } else { (1, 1) };
        let delight = |(baked, view): (&mut Baked, &SolvedView<'_>)| {
            let context = view.light_points(self.car, maps, answers * delight::LOOKS);
            let scene = delight::Scene {
                networks: &networks[..asked],
                answers,
                context: &context,
                bounds: self.car.model.bounds(),
                eye: view.camera.eye(),
                agree: quality.is_some(),
            };
            delight::delight(baked, maps, &scene, view.tyres(self.car))
        };
        let mut lights = baked.iter_mut().zip(views).map(delight).collect::<Result<Vec<Delit>, _>>()?;
        if lights.len() == 1 {
            let Baked { color, weight } = baked.remove(0);
            let palette = lights[0].palette.clone();
            return Ok((lights, (color, weight), palette));
        }
        let blended = bake::blend(baked, maps);
        for (light, gain) in lights.iter_mut().zip(&blended.gains) {
            light.light.gain = std::array::from_fn(|k| light.light.gain[k] * gain[k]);
        }
        let joint = Baked { color: blended.color, weight: blended.weight };
        let palette = delight::palette_of(&joint, maps);
        Ok((lights, (joint.color, joint.weight), palette))
    }

    fn begin(&mut self, stage: Stage, fraction: f32) -> Result<(), GenerateError> {
        self.finish_stage();
        self.cancel.check()?;
        self.running = Some((stage, Instant::now(), stage.span()));
        (self.on_update)(Update::Stage { stage, fraction });
        Ok(())
    }

    fn finish_stage(&mut self) {
        if let Some((stage, since, _span)) = self.running.take() {
            *self.timings.entry(stage.key().into()).or_default() += since.elapsed().as_secs_f64();
        }
    }
}

/// A given camera for the photo's real size.
fn fitted(camera: PhotoCamera, photo: &Photo) -> PhotoCamera {
    let (width, height) = photo.rgb.dimensions();
    if (camera.width, camera.height) == (width, height) { camera } else { camera.scaled_to(width, height) }
}

fn encode(done: &Completed, size: u32, boost: f32) -> RgbaImage {
    let mut pixels = vec![0u8; done.color.len() * 4];
    pixels.par_chunks_exact_mut(4).zip(&done.color).for_each(|(out, &c)| {
        let c = if boost == 1.0 { c } else { color::boost_saturation(c, boost) };
        out[..3].copy_from_slice(&color::encode_rgb(c));
        out[3] = 255;
    });
    RgbaImage::from_raw(size, size, pixels).unwrap_or_else(|| RgbaImage::new(size, size))
}

/// The livery at the preview's size, averaged in linear light.
fn preview_of(livery: &RgbaImage) -> RgbaImage {
    let step = (livery.width() / PREVIEW_PX).max(1);
    if step == 1 {
        return livery.clone();
    }
    let mut preview = RgbaImage::new(PREVIEW_PX, PREVIEW_PX);
    preview.enumerate_pixels_mut().for_each(|(x, y, out)| {
        let mut sum = [0.0f32; 3];
        for dy in 0..step {
            for dx in 0..step {
                let [r, g, b, _] = livery.get_pixel(x * step + dx, y * step + dy).0;
                let c = color::decode_rgb([r, g, b]);
                sum = std::array::from_fn(|k| sum[k] + c[k]);
            }
        }
        let [r, g, b] = color::encode_rgb(sum.map(|c| c / (step * step) as f32));
        *out = Rgba([r, g, b, 255]);
    });
    preview
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
