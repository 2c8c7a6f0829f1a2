//! Training samples of the albedo network: points of a photo with the paint that they really have.

use std::sync::Arc;

use glam::{Vec2, Vec3};
use gridvox_car::{AtlasMaps, CarModel, MaterialKind};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::LEAST_COS;
use super::canvas::Canvas;
use super::harsh::{self, Harsh};
use super::kept::Kept;
use super::lens::Lens;
use super::light::black_body;
use super::livery::{Design, Detail, Family};
use super::photo::{scenery, sun_direction};
use super::shade::{Finish, Ground, Paint, Scenery, Trim, shade_surroundings};
use super::subject::{Frame, Subject};
use super::traced::{Rays, Traced, Tracer};
use super::view;
use crate::color::LinearRgb;
use crate::net::albedo::{CONTEXT, Point};

/// Painted points that are only asked for.
const ASKED: usize = 96;

/// Size of the frames that points are picked from.
const FRAME: (usize, usize) = (320, 184);
/// Frames that a stream keeps for another livery and light.
const KEPT_FRAMES: usize = 40;
/// How often a kept frame is used again, so that rasterising stays a small part of the cost.
const USES_PER_FRAME: f64 = 20.0;
/// A frame that shows less paint is thrown away, pixels.
const LEAST_PAINT: usize = 600;
/// Edge of an environment's map, in texels.
const LIGHT_PX: usize = 64;
/// Edge of the map that says how shut in a painted place is, in texels.
const OCCLUSION_PX: u32 = 256;

/// Points of one photo.
#[derive(Debug, Clone)]
pub struct PointSample {
    /// First those of [`CONTEXT`], in that order, then painted ones that are only asked for.
    pub points: Vec<Point>,
    /// Linear RGB of each point's paint; `None` where there is none.
    pub albedo: Vec<Option<LinearRgb>>,
}

/// A car to draw points from.
#[derive(Clone)]
pub struct PointSubject {
    subject: Subject,
    /// The same shape as rays meet it.
    tracer: Arc<Tracer>,
    /// By texel of the car's atlas; other shapes of one car share it.
    occlusion: Arc<AtlasMaps>,
}

impl PointSubject {
    /// Prepares a car and `shapes` other shapes of it.
    pub fn family(model: &CarModel, shapes: usize, rng: &mut impl Rng) -> Vec<Self> {
        let occlusion = Arc::new(AtlasMaps::compute(model, OCCLUSION_PX));
        let own = std::iter::once(model.clone());
        own.chain((0..shapes).map(|_| super::subject::varied(model, rng)))
            .map(|model| Self { subject: Subject::new(&model), tracer: Arc::new(Tracer::new(&model)), occlusion: occlusion.clone() })
            .collect()
    }

    fn occlusion(&self, uv: Vec2) -> f32 {
        let size = OCCLUSION_PX as f32;
        let at = (uv * size).floor().clamp(Vec2::ZERO, Vec2::splat(size - 1.0));
        let texel = at.y as usize * OCCLUSION_PX as usize + at.x as usize;
        if self.occlusion.part[texel] == 0 { 1.0 } else { self.occlusion.occlusion[texel] }
    }
}

/// A frame with its samples by what they show.
struct Sorted {
    subject: usize,
    frame: Frame,
    paint: Vec<u32>,
    other: Vec<u32>,
    surroundings: Vec<u32>,
}

/// An endless, seeded row of samples.
pub struct PointStream {
    rng: Pcg64Mcg,
    families: Vec<Family>,
    harsh: f64,
    kept: Kept<Sorted>,
}

impl PointStream {
    /// A stream of points with liveries of these families; this share of photos is under harsh light, the others have that of
    /// the other networks.
    pub fn under(harsh: f64, seed: u64, families: &[Family]) -> Self {
        let (rng, families) = (Pcg64Mcg::seed_from_u64(seed), families.to_vec());
        Self { rng, families, harsh, kept: Kept::new(KEPT_FRAMES, USES_PER_FRAME) }
    }

    /// The next sample, of one of the subjects; these must be the same ones, in the same order, at every call.
    ///
    /// # Panics
    /// When there is no subject.
    pub fn next(&mut self, subjects: &[PointSubject]) -> PointSample {
        assert!(!subjects.is_empty(), "a stream needs a car");
        let slot = self.kept.next(&mut self.rng, |rng| Sorted::random(subjects, rng));
        let kept = &self.kept[slot];
        let car = &subjects[kept.subject];
        let rng = &mut self.rng;
        let family = self.families[rng.random_range(0..self.families.len())];
        let design = Design::random(rng.random(), family, car.subject.bounds(), Detail::Coarse);
        let sun = kept.frame.shadow.sun_direction;
        let is_harsh = self.harsh > 0.0 && rng.random_bool(self.harsh);
        let scenery = if is_harsh { harsh_surroundings(rng, sun) } else { surroundings(LIGHT_PX, rng, sun) };
        let mut finish = finish(rng);
        if is_harsh && rng.random_bool(0.3) {
            finish.coat_roughness = rng.random_range(0.1..0.5);
        }

        let mut places: Vec<u32> = Vec::with_capacity(CONTEXT.total() + ASKED);
        let mut pick = |from: &[u32], count: usize, rng: &mut Pcg64Mcg| {
            places.extend((0..count).map(|_| from[rng.random_range(0..from.len())]));
        };
        // Cars that carry nothing but paint, or fill the picture, have more of what there is.
        let or_paint = |list: &'_ Vec<u32>| if list.is_empty() { kept.paint.clone() } else { list.clone() };
        pick(&kept.paint, CONTEXT.paint, rng);
        pick(&or_paint(&kept.other), CONTEXT.other, rng);
        pick(&or_paint(&kept.surroundings), CONTEXT.surroundings, rng);
        pick(&kept.paint, ASKED, rng);

        let paint = Paint::Design(&design);
        let (points, light, albedo) = shade_points(car, &kept.frame, &places, &scenery, &paint, &finish, rng);
        let lens = if is_harsh { Lens::metered_for_lamps(rng) } else { Lens::faithful(rng) };
        let developed = lens.develop_points(&light, rng);
        let mut sample = PointSample { points, albedo };
        sample.points.iter_mut().zip(developed).for_each(|(point, rgb)| point.rgb = rgb);
        if rng.random_bool(0.5) {
            sample.points.iter_mut().for_each(|point| *point = point.mirrored_car());
        }
        sample
    }
}

impl Sorted {
    /// One that shows enough paint.
    fn random(subjects: &[PointSubject], rng: &mut Pcg64Mcg) -> Self {
        loop {
            let subject = rng.random_range(0..subjects.len());
            let car = &subjects[subject].subject;
            let view = view::random(car.bounds(), FRAME.0, FRAME.1, rng);
            let sorted = Self::new(subject, car, car.frame(view, 1, sun_direction(rng)));
            if sorted.paint.len() >= LEAST_PAINT {
                return sorted;
            }
        }
    }

    fn new(subject: usize, car: &Subject, frame: Frame) -> Self {
        let g = &frame.gbuffer;
        let eye = frame.view.camera.eye();
        let (low, high) = (frame.view.photo_min, frame.view.photo_max);
        let (mut paint, mut other, mut surroundings) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..g.part.len() {
            let px = Vec2::new((i % g.width as usize) as f32 + 0.5, (i / g.width as usize) as f32 + 0.5);
            if px.cmplt(low).any() || px.cmpgt(high).any() {
                continue;
            }
            if g.part[i] == 0 {
                surroundings.push(i as u32);
            } else if car.part(g.part[i]).kind != MaterialKind::Paint {
                other.push(i as u32);
            } else if g.normal[i].dot((eye - g.position[i]).normalize_or(Vec3::Y)) > LEAST_COS {
                // what is seen flatter shows hardly anything of its paint
                paint.push(i as u32);
            }
        }
        Self { subject, frame, paint, other, surroundings }
    }
}

/// What each place shows: the point without its colour, the light that reaches the camera, and the paint.
fn shade_points(
    car: &PointSubject,
    frame: &Frame,
    places: &[u32],
    scenery: &Scenery,
    paint: &Paint,
    finish: &Finish,
    rng: &mut Pcg64Mcg,
) -> (Vec<Point>, Vec<Vec3>, Vec<Option<LinearRgb>>) {
    let g = &frame.gbuffer;
    let eye = frame.view.camera.eye();
    let traced = Traced { tracer: &car.tracer, subject: &car.subject, frame, scenery, paint, finish, rays: Rays::ALONE };
    let (mut points, mut light, mut albedo) = (Vec::new(), Vec::new(), Vec::new());
    for &place in places {
        let i = place as usize;
        if g.part[i] == 0 {
            let px = Vec2::new((i % g.width as usize) as f32 + 0.5, (i / g.width as usize) as f32 + 0.5);
            points.push(Point::surroundings(frame.view.camera.ray(px)));
            light.push(shade_surroundings(&car.subject, frame, px, scenery));
            albedo.push(None);
            continue;
        }
        let kind = car.subject.part(g.part[i]).kind;
        let painted = kind == MaterialKind::Paint;
        let occlusion = if painted { car.occlusion(g.uv[i]) } else { 1.0 };
        let (shown, colour) = traced.at(i, rng);
        let place = car.subject.normalised(g.position[i]);
        points.push(Point::on_car(kind, g.position[i], g.normal[i], place, eye, occlusion));
        light.push(shown);
        albedo.push(painted.then_some(colour));
    }
    (points, light, albedo)
}

/// Everything around the car, where floor and the light from below mostly agree, as they do in reality.
pub(super) fn surroundings(light_px: usize, rng: &mut Pcg64Mcg, sun: Vec3) -> Scenery {
    let mut scenery = scenery(rng, light_px, sun, 24, 16);
    scenery.occluders = None;
    let sun = &mut scenery.sun;
    if rng.random_bool(0.6) {
        // Clear days: the sun alone is several times as bright as all of the sky.
        sun.irradiance *= rng.random_range(0f32..1.8).exp();
    }
    if rng.random_bool(0.5) {
        let low = (1.0 - sun.direction.y / 0.45).clamp(0.0, 1.0);
        sun.irradiance *= Vec3::ONE.lerp(black_body(rng.random_range(1900.0..4000.0)), low);
    }
    if let Some(ground) = &mut scenery.ground
        && rng.random_bool(0.75)
    {
        let up = scenery.environment.irradiance(Vec3::Y) + scenery.sun.irradiance * scenery.sun.direction.y.max(0.0);
        let below = scenery.environment.radiance(Vec3::NEG_Y, 1.0);
        let tone = (below * std::f32::consts::PI / up.max(Vec3::splat(1e-3))).clamp(Vec3::splat(0.02), Vec3::splat(0.85));
        ground.other = (ground.other / ground.base.max(Vec3::splat(0.01)) * tone).min(Vec3::splat(0.9));
        ground.base = tone;
    }
    scenery
}

/// Everything around the car under harsh light, with a floor that is lit by the same.
fn harsh_surroundings(rng: &mut impl Rng, sun: Vec3) -> Scenery {
    let Harsh { environment, sun, floor } = harsh::random(LIGHT_PX, sun, rng);
    let other = floor * rng.random_range(0.5..1.4f32);
    Scenery {
        environment,
        sun,
        ground: rng.random_bool(0.9).then(|| Ground { base: floor, other, ..Ground::random(rng) }),
        backdrop: rng.random_bool(0.15).then(|| Canvas::background(24, 16, rng)),
        occluders: None,
        trim: Trim::random(rng),
        unlit: false,
    }
}

/// Paint as most cars wear it: lacquered, sometimes matte, sometimes with metal flakes.
pub(super) fn finish(rng: &mut Pcg64Mcg) -> Finish {
    let matte = rng.random_bool(0.12);
    Finish {
        metallic: if rng.random_bool(0.85) { 0.0 } else { rng.random_range(0.1..0.6) },
        roughness: rng.random_range(0.3..0.8),
        coat: if matte { 0.0 } else { rng.random_range(0.6..1.0) },
        coat_roughness: rng.random_range(0.0..0.25),
        dirt: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::albedo::Shown;

    /// The 5th and 95th percentile over painted points of how bright they are for their paint, in natural logarithms.
    fn spread(sample: &PointSample) -> f32 {
        let points = sample.points.iter().zip(&sample.albedo);
        let mut ratios: Vec<f32> = points
            .filter_map(|(point, albedo)| {
                let paint = albedo.map(crate::color::luminance).filter(|&paint| paint > 0.1)?;
                Some((crate::color::luminance(point.rgb).max(1e-3) / paint).ln())
            })
            .collect();
        ratios.sort_by(f32::total_cmp);
        let at = |share: f32| ratios.get((share * ratios.len() as f32) as usize).copied().unwrap_or(0.0);
        at(0.95) - at(0.05)
    }

    #[test]
    fn harsh_light_is_less_even_than_the_usual_one() {
        let mut rng = Pcg64Mcg::seed_from_u64(3);
        let cars = PointSubject::family(&gridvox_car::testing::box_car(), 0, &mut rng);
        let median = |harsh: f64| {
            let mut stream = PointStream::under(harsh, 11, &Family::TRAINING);
            let mut spreads: Vec<f32> = (0..120).map(|_| spread(&stream.next(&cars))).collect();
            spreads.sort_by(f32::total_cmp);
            spreads[60]
        };
        let (usual, harsh) = (median(0.0), median(1.0));
        assert!(harsh > usual + 0.2 && usual > 0.3, "{harsh} and {usual}");
    }

    #[test]
    fn samples_are_seeded_and_painted_points_know_their_paint() {
        let mut rng = Pcg64Mcg::seed_from_u64(3);
        let cars = PointSubject::family(&gridvox_car::testing::box_car(), 1, &mut rng);
        let mut stream = PointStream::under(0.5, 7, &Family::TRAINING);
        let mut again = PointStream::under(0.5, 7, &Family::TRAINING);
        for _ in 0..20 {
            let (sample, twin) = (stream.next(&cars), again.next(&cars));
            assert_eq!(sample.points.len(), CONTEXT.total() + ASKED);
            assert_eq!(sample.albedo, twin.albedo);
            for (point, albedo) in sample.points.iter().zip(&sample.albedo) {
                assert_eq!(albedo.is_some(), point.shown == Shown::Car(MaterialKind::Paint));
                assert!(point.rgb.iter().all(|v| (0.0..=1.0).contains(v)));
                assert!(point.place.abs().max_element() < 1.01);
            }
            assert!(sample.albedo[..CONTEXT.paint].iter().all(Option::is_some));
            assert!(sample.albedo[CONTEXT.total()..].iter().all(Option::is_some));
        }
    }
}
