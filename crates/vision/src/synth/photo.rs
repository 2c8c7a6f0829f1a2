//! Whole photos with a known camera and livery, for tests of every later step.

use glam::Vec2;
use gridvox_car::{CarModel, PhotoCamera};
use image::{RgbImage, RgbaImage};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::canvas::Canvas;
use super::lens::Lens;
use super::light::{self, Environment, Sun};
use super::points;
use super::shade::{Effort, Finish, Ground, Paint, Scenery, Trim, shade};
use super::subject::Subject;
use super::traced::Tracer;
use super::view::View;
use glam::Vec3;

/// Edge of the map of what lights a photo.
const LIGHT_PX: usize = 128;

/// How the photo is lit and taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// No light at all: the picture shows the livery's own colours, before white.
    Flat,
    /// Soft studio light on a glossy car, neutral camera.
    Studio,
    /// Anything: any light, finish, backdrop, things in the way, any camera; drawn from the seed.
    Random(u64),
}

/// Renders a photo of a car that wears a livery texture. The camera says the size; `supersample` is 1 to 4.
///
/// ```
/// use gridvox_vision::synth::{photo, view};
/// let car = gridvox_car::testing::box_car();
/// let livery = image::RgbaImage::from_pixel(4, 4, image::Rgba([200, 30, 30, 255]));
/// let camera = view::orbit(car.bounds(), 60.0, 10.0, 50.0, 0.8, 120, 80);
/// let picture = photo::render(&car, &livery, &camera, photo::Look::Flat, 1);
/// assert_eq!(picture.dimensions(), (120, 80));
/// ```
pub fn render(model: &CarModel, livery: &RgbaImage, camera: &PhotoCamera, look: Look, supersample: u32) -> RgbImage {
    match look {
        Look::Flat => {
            let flat = Conditions::flat();
            let factor = supersample.clamp(1, 4);
            let light = light_of(model, livery, camera, &flat, factor);
            encoded(&light, camera.width as usize, camera.height as usize, factor as usize)
        }
        Look::Studio => render_under(model, livery, camera, &Conditions::studio(), supersample),
        Look::Random(seed) => render_under(model, livery, camera, &Conditions::random(seed, camera), supersample),
    }
}

/// Light, surroundings, the paint's finish and the camera's character.
pub struct Conditions {
    pub(super) scenery: Scenery,
    pub(super) finish: Finish,
    pub(super) lens: Lens,
    /// For noise.
    seed: u64,
}

impl Conditions {
    /// Anything that a photographer meets, but for things in the way; drawn from the seed.
    pub fn random(seed: u64, camera: &PhotoCamera) -> Self {
        let rng = &mut Pcg64Mcg::seed_from_u64(seed);
        let (width, height) = (camera.width as usize, camera.height as usize);
        let sun = sun_direction(rng);
        let mut scenery = scenery(rng, LIGHT_PX, sun, width / 4, height / 4);
        // Clutter would be seen as coarse blocks in a large photo.
        scenery.backdrop = None;
        scenery.occluders = None;
        let mut lens = Lens::random(rng);
        let scale = width as f32 / 400.0;
        lens.blur_px *= scale.min(2.0) * 0.5;
        lens.motion_px = [0.0; 2];
        Self { scenery, finish: Finish::random(rng), lens, seed }
    }

    /// Light, paint and cameras as the networks learn from that tell paint from light: without filters, which nothing could see
    /// through, and on a floor that is lit by the same light.
    pub fn learned(seed: u64, camera: &PhotoCamera) -> Self {
        let any = Self::random(seed, camera);
        let rng = &mut Pcg64Mcg::seed_from_u64(seed ^ 0x6c65_6172_6e);
        let mut scenery = points::surroundings(LIGHT_PX, rng, any.scenery.sun.direction);
        scenery.backdrop = None;
        let lens = Lens { blur_px: any.lens.blur_px, noise: any.lens.noise.min(0.02), jpeg: any.lens.jpeg, ..Lens::faithful(rng) };
        Self { scenery, finish: points::finish(rng), lens, seed }
    }

    /// Light as it comes, on a clean glossy car, taken with a camera whose colours can be believed.
    pub(super) fn fair(seed: u64, camera: &PhotoCamera) -> Self {
        let mut lens = Lens::faithful(&mut Pcg64Mcg::seed_from_u64(seed ^ 0x6661_6972));
        lens.stops *= 0.5;
        let mut scenery = Self::random(seed, camera).scenery;
        scenery.trim = Trim { lamps: scenery.trim.lamps, ..Trim::plain() };
        Self { scenery, finish: Finish::glossy(), lens, seed }
    }

    /// Lamps in the dark, of one colour, and a sensor at its limit.
    pub(super) fn night(seed: u64, camera: &PhotoCamera) -> Self {
        let rng = &mut Pcg64Mcg::seed_from_u64(seed ^ 0x6e69_6768_74);
        let tint = light::black_body(rng.random_range(2400.0..5000.0));
        let environment = light::night(LIGHT_PX, tint, rng);
        let sun = Sun { direction: sun_direction(rng), irradiance: tint * rng.random_range(0.05..0.4f32) };
        let fair = Self::fair(seed, camera);
        let lens = Lens { stops: rng.random_range(-2.5..-1.0), noise: rng.random_range(0.015..0.035), ..fair.lens };
        Self { scenery: Scenery { environment, sun, ..fair.scenery }, lens, ..fair }
    }

    /// The sun, and the irradiance from all around on an upward surface in linear RGB.
    pub fn light(&self) -> (Sun, Vec3) {
        (self.scenery.sun, self.scenery.environment.irradiance(Vec3::Y))
    }

    fn flat() -> Self {
        let scenery = Scenery {
            environment: Environment::new(16, |_| Vec3::ONE),
            sun: Sun { direction: Vec3::Y, irradiance: Vec3::ZERO },
            ground: None,
            backdrop: None,
            occluders: None,
            trim: Trim::plain(),
            unlit: true,
        };
        let finish = Finish { metallic: 0.0, roughness: 1.0, coat: 0.0, coat_roughness: 0.3, dirt: 0.0 };
        Self { scenery, finish, lens: Lens::neutral(), seed: 1 }
    }

    fn studio() -> Self {
        let environment = Environment::new(LIGHT_PX, |d| {
            let ceiling = ((d.y - 0.55) * 6.0).clamp(0.0, 1.0);
            Vec3::splat(0.35 + 2.2 * ceiling + 0.5 * d.y.max(0.0))
        });
        let scenery = Scenery {
            environment,
            sun: Sun { direction: Vec3::new(0.4, 0.8, 0.45).normalize(), irradiance: Vec3::splat(0.8) },
            ground: Some(Ground::plain()),
            backdrop: None,
            occluders: None,
            trim: Trim::plain(),
            unlit: false,
        };
        Self { scenery, finish: Finish::glossy(), lens: Lens::neutral(), seed: 1 }
    }
}

/// As [`render`], under conditions that are known.
pub fn render_under(
    model: &CarModel,
    livery: &RgbaImage,
    camera: &PhotoCamera,
    conditions: &Conditions,
    supersample: u32,
) -> RgbImage {
    let factor = supersample.clamp(1, 4);
    let light = light_of(model, livery, camera, conditions, factor);
    let mut noise = Pcg64Mcg::seed_from_u64(conditions.seed ^ 0x6e6f_6973_65);
    conditions.lens.develop(&light, camera.width as usize, camera.height as usize, factor as usize, &mut noise)
}

/// Linear light on the sensor, `factor` samples per pixel along each axis.
fn light_of(
    model: &CarModel,
    livery: &RgbaImage,
    camera: &PhotoCamera,
    conditions: &Conditions,
    factor: u32,
) -> Vec<Vec3> {
    let subject = Subject::new(model);
    let photo_max = Vec2::new(camera.width as f32, camera.height as f32);
    let view = View { camera: *camera, photo_min: Vec2::ZERO, photo_max };
    let scenery = &conditions.scenery;
    let frame = subject.frame(view, factor, scenery.sun.direction);
    let tracer = (!scenery.unlit).then(|| Tracer::new(model));
    let effort = tracer.as_ref().map_or(Effort::Full, Effort::Rays);
    shade(&subject, &frame, scenery, &Paint::Texture(livery), &conditions.finish, effort).0
}

/// Averages and encodes without any exposure.
fn encoded(light: &[Vec3], width: usize, height: usize, factor: usize) -> RgbImage {
    RgbImage::from_fn(width as u32, height as u32, |x, y| {
        let mut sum = Vec3::ZERO;
        for dy in 0..factor {
            for dx in 0..factor {
                sum += light[(y as usize * factor + dy) * width * factor + x as usize * factor + dx];
            }
        }
        let mean = sum / (factor * factor) as f32;
        image::Rgb(mean.to_array().map(|v| (super::inks::to_srgb(v) * 255.0 + 0.5) as u8))
    })
}

/// Where the sun stands: anywhere above 5 degrees, higher more often.
pub fn sun_direction(rng: &mut impl Rng) -> Vec3 {
    let azimuth: f32 = rng.random_range(0.0..std::f32::consts::TAU);
    let up: f32 = rng.random_range(0.09..0.98);
    let flat = (1.0 - up * up).sqrt();
    Vec3::new(flat * azimuth.cos(), up, flat * azimuth.sin())
}

/// Everything around the car, at random, for a sun in this direction. Canvases have the given size.
pub fn scenery(rng: &mut impl Rng, light_px: usize, sun: Vec3, canvas_w: usize, canvas_h: usize) -> Scenery {
    let (environment, sun) = light::random(light_px, sun, rng);
    let clutter = rng.random_bool(0.4);
    Scenery {
        environment,
        sun,
        ground: rng.random_bool(if clutter { 0.6 } else { 0.9 }).then(|| Ground::random(rng)),
        backdrop: clutter.then(|| Canvas::background(canvas_w.max(16), canvas_h.max(16), rng)),
        occluders: rng.random_bool(0.4).then(|| Canvas::occluders(canvas_w.max(16), canvas_h.max(16), rng)),
        trim: Trim::random(rng),
        unlit: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::view;

    #[test]
    fn flat_light_shows_the_liverys_own_colour() {
        let car = gridvox_car::testing::box_car();
        let livery = RgbaImage::from_pixel(8, 8, image::Rgba([200, 60, 30, 255]));
        let camera = view::orbit(car.bounds(), 90.0, 5.0, 60.0, 0.9, 160, 90);
        let picture = render(&car, &livery, &camera, Look::Flat, 2);
        let near = |px: &image::Rgb<u8>| px.0.iter().zip([200u8, 60, 30]).all(|(a, b)| a.abs_diff(b) < 22);
        let painted = picture.pixels().filter(|px| near(px)).count() as f32 / (160.0 * 90.0);
        assert!(painted > 0.12, "only {painted} of the picture shows the paint");
    }

    #[test]
    fn cameras_of_the_learned_photos_keep_colours_and_the_others_need_not() {
        let car = gridvox_car::testing::box_car();
        let camera = view::orbit(car.bounds(), 30.0, 12.0, 35.0, 0.8, 60, 40);
        let kept = |conditions: &Conditions| (0.8..1.2).contains(&conditions.lens.saturation) && conditions.finish.metallic < 0.6;
        let seeds = 0..40;
        assert!(seeds.clone().all(|seed| kept(&Conditions::learned(seed, &camera))));
        assert!(seeds.clone().filter(|&seed| !kept(&Conditions::random(seed, &camera))).count() > 8);
        let skies: Vec<Vec3> = seeds.map(|seed| Conditions::learned(seed, &camera).light().1).collect();
        assert_eq!(skies[7], Conditions::learned(7, &camera).light().1);
        assert!(skies.windows(2).all(|two| two[0] != two[1]));
    }

    #[test]
    fn one_seed_is_one_photo() {
        let car = gridvox_car::testing::box_car();
        let livery = RgbaImage::from_pixel(8, 8, image::Rgba([20, 60, 230, 255]));
        let camera = view::orbit(car.bounds(), 30.0, 12.0, 35.0, 0.8, 60, 40);
        let take = |seed| render(&car, &livery, &camera, Look::Random(seed), 1);
        assert_eq!(take(5), take(5));
        assert_ne!(take(5), take(6));
    }
}
