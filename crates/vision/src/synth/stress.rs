//! Photos that are hard for one reason each, with the truth about them.
//!
//! [`CELLS`] lists the reasons; [`draw`] makes a photo of one. Everything else about such a photo is fair: a clean glossy
//! car with a livery of the family that training never sees, light as it comes, and a camera whose colours can be believed.

use std::f32::consts::PI;

use glam::{Mat4, Vec2, Vec3};
use gridvox_car::variation::Shape;
use gridvox_car::{AtlasMaps, CarModel, PhotoCamera, RasterOptions, raster};
use image::{Rgba, RgbImage, RgbaImage, imageops};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use super::canvas::Canvas;
use super::livery::{self, Design, Detail, HELD_OUT, derive_seed};
use super::photo::{Conditions, render_under};
use super::shade::Finish;
use super::view;

/// A reason with its name on the command line, in files and in tables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Lower case, fit for file names.
    pub name: &'static str,
    /// What is hard.
    pub stress: Stress,
}

/// What makes a photo hard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stress {
    /// An uncommon focal length, 35 mm equivalent.
    Focal {
        /// Millimetres.
        mm: f32,
    },
    /// The photo's border cuts off a fifth to a third of the car.
    Crop,
    /// Things stand before a tenth to a third of the car.
    Occlusion,
    /// The paint is a tinted mirror.
    Chrome,
    /// Lamps in the dark, noise.
    Night,
    /// The whole car is black.
    BlackCar,
    /// Strong compression.
    Jpeg {
        /// 1..=100.
        quality: u8,
    },
    /// The photo was flipped left to right.
    Mirrored,
    /// Each side has a livery of its own.
    Asymmetric,
    /// The front wheels are turned.
    Steered,
    /// The photographed car differs smoothly from the mesh.
    Mismatch {
        /// Mean distance over the paint, metres.
        mean_m: f32,
    },
    /// A place without a car.
    NoCar,
    /// Two cars side by side.
    TwoCars,
}

/// What a photo shows, as far as the right answer depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// One car.
    #[default]
    Car,
    /// One car, flipped left to right: letters are mirror writing.
    MirroredCar,
    /// No car.
    NoCar,
    /// Two cars.
    TwoCars,
}

/// Every reason.
pub const CELLS: [Cell; 16] = [
    Cell { name: "focal_20mm", stress: Stress::Focal { mm: 20.0 } },
    Cell { name: "focal_200mm", stress: Stress::Focal { mm: 200.0 } },
    Cell { name: "crop", stress: Stress::Crop },
    Cell { name: "occlusion", stress: Stress::Occlusion },
    Cell { name: "chrome", stress: Stress::Chrome },
    Cell { name: "night", stress: Stress::Night },
    Cell { name: "black_car", stress: Stress::BlackCar },
    Cell { name: "jpeg_20", stress: Stress::Jpeg { quality: 20 } },
    Cell { name: "mirrored", stress: Stress::Mirrored },
    Cell { name: "asymmetric", stress: Stress::Asymmetric },
    Cell { name: "steered", stress: Stress::Steered },
    Cell { name: "mismatch_5mm", stress: Stress::Mismatch { mean_m: 0.005 } },
    Cell { name: "mismatch_10mm", stress: Stress::Mismatch { mean_m: 0.010 } },
    Cell { name: "mismatch_20mm", stress: Stress::Mismatch { mean_m: 0.020 } },
    Cell { name: "no_car", stress: Stress::NoCar },
    Cell { name: "two_cars", stress: Stress::TwoCars },
];

/// Photo size in pixels: three by two, as most cameras.
pub const PHOTO: (u32, u32) = (1200, 800);
/// Samples per pixel along each axis.
const SUPERSAMPLE: u32 = 2;
/// Quality of photos whose compression is not the point.
const JPEG_QUALITY: u8 = 92;
/// Focal lengths, 35 mm equivalent, that are not the point.
const FOCAL_MM: std::ops::Range<f32> = 30.0..90.0;
/// How much of the car the border cuts off, of its box's width.
const CUT: std::ops::Range<f32> = 0.2..0.33;
/// How much of the car is hidden.
const HIDDEN: std::ops::Range<f32> = 0.1..0.33;
/// sRGB of black paint.
const BLACK: [u8; 4] = [13, 13, 15, 255];
/// Steering, radians.
const STEERING_RAD: std::ops::Range<f32> = 0.35..0.5;
/// The middles of two cars lie this far from the middle between them, metres across and along.
const BESIDE_M: Vec3 = Vec3::new(1.45, 0.0, 0.35);

/// A photo with the truth about it.
#[derive(Debug, Clone)]
pub struct StressPhoto {
    /// The picture before compression.
    pub picture: RgbImage,
    /// How strongly it is to be compressed, 1..=100.
    pub jpeg_quality: u8,
    /// The camera in the space of the car that is seen; of two cars one each.
    pub cameras: Vec<PhotoCamera>,
    /// The paint that is seen, at the maps' size.
    pub livery: RgbaImage,
}

impl Cell {
    /// The cell of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        CELLS.iter().find(|cell| cell.name == name)
    }
}

impl Stress {
    /// What its photos show.
    pub fn shows(self) -> Shows {
        match self {
            Self::Mirrored => Shows::MirroredCar,
            Self::NoCar => Shows::NoCar,
            Self::TwoCars => Shows::TwoCars,
            _ => Shows::Car,
        }
    }

    /// How the photographed car differs from its mesh.
    pub fn shape(self, seed: u64, model: &CarModel) -> Shape {
        let mut rng = Pcg64Mcg::seed_from_u64(derive_seed(seed, 1));
        match self {
            Self::Mismatch { mean_m } => Shape::mismatch(model, rng.random(), mean_m),
            Self::Steered => {
                let side = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
                let (steering_rad, wheel_spin_rad) = (side * rng.random_range(STEERING_RAD), rng.random_range(-PI..PI));
                Shape { steering_rad, wheel_spin_rad, ..Shape::default() }
            }
            _ => Shape::default(),
        }
    }
}

/// Draws a photo of the car; one seed gives one photo. `maps` must be of `model`.
pub fn draw(stress: Stress, seed: u64, model: &CarModel, maps: &AtlasMaps) -> StressPhoto {
    let rng = &mut Pcg64Mcg::seed_from_u64(derive_seed(seed, 2));
    let camera = camera(stress, model, rng);
    let mut livery = match stress {
        Stress::BlackCar => RgbaImage::from_pixel(maps.size, maps.size, Rgba(BLACK)),
        Stress::Asymmetric => two_sided(rng.random(), model, maps),
        Stress::Mirrored => with_words(model, maps, rng),
        _ => livery::random(rng.random(), HELD_OUT, model, maps),
    };
    let conditions = conditions(stress, rng.random(), model, &camera);
    let photographed = match stress {
        Stress::Mismatch { .. } | Stress::Steered => stress.shape(seed, model).apply(model),
        Stress::TwoCars => pair(model),
        _ => model.clone(),
    };
    let mut picture = render_under(&photographed, &livery, &camera, &conditions, SUPERSAMPLE);
    let cameras = match stress {
        Stress::TwoCars => [BESIDE_M, -BESIDE_M].map(|place| moved(&camera, -place)).to_vec(),
        Stress::Mirrored => {
            imageops::flip_horizontal_in_place(&mut picture);
            livery = mirrored_livery(&livery, maps);
            vec![mirrored_camera(&camera)]
        }
        _ => vec![camera],
    };
    let jpeg_quality = if let Stress::Jpeg { quality } = stress { quality } else { JPEG_QUALITY };
    StressPhoto { picture, jpeg_quality, cameras, livery }
}

/// From any side at a spectator's height; the whole car fills most of the picture unless that is the point.
fn camera(stress: Stress, model: &CarModel, rng: &mut impl Rng) -> PhotoCamera {
    let focal_mm = FOCAL_MM.start * (FOCAL_MM.end / FOCAL_MM.start).powf(rng.random());
    let focal_mm = if let Stress::Focal { mm } = stress { mm } else { focal_mm };
    let azimuth = match stress {
        // From where the front wheels are seen.
        Stress::Steered => rng.random_range(20.0..75.0) * if rng.random_bool(0.5) { 1.0 } else { -1.0 },
        // Cars side by side hide each other from the side.
        Stress::TwoCars => rng.random_range(-40.0..40.0) + if rng.random_bool(0.5) { 180.0 } else { 0.0 },
        _ => rng.random_range(0.0..360.0),
    };
    let elevation = 2.0 + 16.0 * rng.random::<f32>().powi(2);
    let fill = rng.random_range(0.75..0.92);
    let bounds = if stress == Stress::TwoCars { pair(model).bounds() } else { model.bounds() };
    let mut camera = view::orbit(bounds, azimuth, elevation, focal_mm, fill, PHOTO.0, PHOTO.1);
    match stress {
        Stress::Crop => {
            let (cut, from_left) = (rng.random_range(CUT), rng.random_bool(0.5));
            if let Some((low, high)) = view::projected_box(&camera, bounds) {
                let out = cut * (high.x - low.x);
                camera.principal_point.x += if from_left { -out - low.x } else { PHOTO.0 as f32 + out - high.x };
            }
        }
        // The same place, looking the other way.
        Stress::NoCar => camera.world_from_camera *= Mat4::from_rotation_y(PI),
        _ => {}
    }
    camera
}

fn conditions(stress: Stress, seed: u64, model: &CarModel, camera: &PhotoCamera) -> Conditions {
    let mut conditions = if stress == Stress::Night { Conditions::night(seed, camera) } else { Conditions::fair(seed, camera) };
    let rng = &mut Pcg64Mcg::seed_from_u64(derive_seed(seed, 3));
    let (width, height) = (PHOTO.0 as usize, PHOTO.1 as usize);
    match stress {
        Stress::Chrome => {
            conditions.finish = Finish { metallic: 1.0, roughness: 0.03, coat: 0.0, coat_roughness: 0.0, dirt: 0.0 };
        }
        Stress::Occlusion => conditions.scenery.occluders = Some(occluders(model, camera, rng)),
        Stress::NoCar => {
            if rng.random_bool(0.5) {
                conditions.scenery.backdrop = Some(Canvas::background(width, height, rng));
                conditions.scenery.ground = None;
            }
            // A backdrop may be one flat colour, which would be too easy.
            conditions.scenery.occluders = Some(Canvas::occluders(width, height, rng));
        }
        _ => {}
    }
    conditions
}

/// Things that hide as much of the car as they should.
fn occluders(model: &CarModel, camera: &PhotoCamera, rng: &mut impl Rng) -> Canvas {
    let small = raster::render(model, &camera.scaled_to(PHOTO.0 / 6, PHOTO.1 / 6), RasterOptions::visibility());
    let middle = 0.5 * (HIDDEN.start + HIDDEN.end);
    let mut best: Option<(f32, Canvas)> = None;
    for _ in 0..40 {
        let canvas = Canvas::occluders(PHOTO.0 as usize, PHOTO.1 as usize, rng);
        let off = (hidden_share(&small, &canvas) - middle).abs();
        if best.as_ref().is_none_or(|(least, _)| off < *least) {
            best = Some((off, canvas));
        }
        if off < middle - HIDDEN.start {
            break;
        }
    }
    best.expect("at least one was drawn").1
}

fn hidden_share(drawn: &gridvox_car::GBuffer, canvas: &Canvas) -> f32 {
    let (mut car, mut hidden) = (0.0f32, 0.0f32);
    for i in (0..drawn.part.len()).filter(|&i| drawn.hit(i)) {
        let (x, y) = (i % drawn.width as usize, i / drawn.width as usize);
        let uv = Vec2::new(x as f32 + 0.5, y as f32 + 0.5) / Vec2::new(drawn.width as f32, drawn.height as f32);
        car += 1.0;
        hidden += canvas.at(uv).w.min(1.0);
    }
    hidden / car.max(1.0)
}

/// A livery with sponsors: without words nothing tells a flipped photo from a fair one.
fn with_words(model: &CarModel, maps: &AtlasMaps, rng: &mut impl Rng) -> RgbaImage {
    loop {
        let design = Design::random(rng.random(), HELD_OUT, model.bounds(), Detail::Fine);
        if design.words().len() > 1 {
            return livery::paint(&design, maps, &livery::classes(model));
        }
    }
}

/// One livery on the left side and another on the right.
fn two_sided(seed: u64, model: &CarModel, maps: &AtlasMaps) -> RgbaImage {
    let mut livery = livery::random(seed, HELD_OUT, model, maps);
    let right = livery::random(derive_seed(seed, 4), HELD_OUT, model, maps);
    for (texel, (pixel, other)) in livery.pixels_mut().zip(right.pixels()).enumerate() {
        if maps.part[texel] != 0 && maps.position[texel].x < 0.0 {
            *pixel = *other;
        }
    }
    livery
}

/// The livery of the car that a flipped photo shows.
fn mirrored_livery(livery: &RgbaImage, maps: &AtlasMaps) -> RgbaImage {
    let mut mirrored = livery.clone();
    for (texel, pixel) in mirrored.pixels_mut().enumerate() {
        let from = maps.mirror[texel];
        if (from as usize) < maps.mirror.len() {
            *pixel = *livery.get_pixel(from % maps.size, from / maps.size);
        }
    }
    mirrored
}

/// The camera of the flipped photo: reflected in the car's middle plane.
fn mirrored_camera(camera: &PhotoCamera) -> PhotoCamera {
    let flip = Mat4::from_scale(Vec3::new(-1.0, 1.0, 1.0));
    let principal_point = Vec2::new(camera.width as f32 - camera.principal_point.x, camera.principal_point.y);
    PhotoCamera { world_from_camera: flip * camera.world_from_camera * flip, principal_point, ..*camera }
}

fn moved(camera: &PhotoCamera, by: Vec3) -> PhotoCamera {
    PhotoCamera { world_from_camera: Mat4::from_translation(by) * camera.world_from_camera, ..*camera }
}

/// The car twice, side by side.
fn pair(model: &CarModel) -> CarModel {
    let mut both = CarModel { parts: Vec::new(), wheels: Vec::new(), materials: model.materials.clone() };
    for place in [BESIDE_M, -BESIDE_M] {
        both.parts.extend(model.parts.iter().cloned().map(|mut part| {
            part.mirror = None;
            part.mesh.positions.iter_mut().for_each(|p| *p += place);
            part
        }));
    }
    both
}

#[cfg(test)]
mod tests;
