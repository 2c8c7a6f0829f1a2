//! Photos and network answers made up for tests and benches of the solver, independent of the training renderer.
//!
//! The photo has what makes refinement hard: a livery of loud bands and spots that are no edges of the car, reflections
//! with a horizon, a cluttered background, a shadow, blur and noise. The answers carry smooth bias, noise and nonsense.

use super::{PointPair, PreparedCar};
use crate::net::{Correspondence, CropRect};
use glam::{Vec2, Vec3};
use gridvox_car::raster::RasterOptions;
use gridvox_car::{MaterialKind, PhotoCamera};
use image::{Rgb, RgbImage};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

/// How wrong a simulated network is.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    /// Standard deviation of the coordinates from cell to cell, in the unit of [`Correspondence::coords`].
    pub noise: f32,
    /// Amplitude of errors that vary smoothly over the car, same unit.
    pub bias: f32,
    /// Share of 8 x 8 blocks that hold nonsense, 0..1.
    pub nonsense: f64,
    /// How far the mask's edge wanders, cells.
    pub wander: f32,
}

impl Faults {
    /// About what a small network does after long training.
    pub const TYPICAL: Self = Self { noise: 0.03, bias: 0.02, nonsense: 0.1, wander: 0.5 };
    /// About what it does after an hour.
    pub const WEAK: Self = Self { noise: 0.12, bias: 0.15, nonsense: 0.2, wander: 3.0 };
}

/// A camera around the car by azimuth and elevation in degrees, 35 mm equivalent focal length, the share of the picture's
/// width that 4.6 m fill, roll in degrees.
pub fn camera(angles_deg: Vec2, focal_35mm: f32, share: f32, roll_deg: f32, size: (u32, u32)) -> PhotoCamera {
    let focal_px = focal_35mm / 43.267 * (size.0 as f32).hypot(size.1 as f32);
    let distance = focal_px * 4.6 / (share * size.0 as f32);
    let (a, e) = (angles_deg.x.to_radians(), angles_deg.y.to_radians());
    let away = Vec3::new(a.sin() * e.cos(), e.sin(), a.cos() * e.cos());
    let target = Vec3::new(0.1, 0.5, -0.1);
    let right = away.cross(Vec3::Y).normalize();
    let up = Vec3::Y + right * roll_deg.to_radians().tan();
    PhotoCamera::look_at(target + away * distance, target, up, focal_px, size.0, size.1)
}

/// A random camera as photographers choose them.
pub fn random_camera(seed: u64, size: (u32, u32)) -> PhotoCamera {
    let mut rng = Pcg64Mcg::seed_from_u64(seed ^ 0xca3e);
    let angles = Vec2::new(rng.random_range(0.0..360.0), rng.random_range(1.0f32..5.5).powi(2));
    let focal = rng.random_range(24f32.ln()..200f32.ln()).exp();
    camera(angles, focal, rng.random_range(0.5..0.75), rng.random_range(-4.0..4.0), size)
}

/// Points that a painter would mark: spread over what `camera` sees of the car, each click `jitter_px` off.
///
/// # Panics
/// When `camera` sees no car.
pub fn pairs(car: &PreparedCar, camera: &PhotoCamera, count: usize, jitter_px: f32, seed: u64) -> Vec<PointPair> {
    let mut rng = Pcg64Mcg::seed_from_u64(seed ^ 0xc11c);
    let buffer = car.scene().render(camera, RasterOptions::default());
    let on_car: Vec<usize> = (0..buffer.part.len()).filter(|&i| buffer.hit(i)).collect();
    let width = buffer.width as usize;
    let pixel = |i: usize| Vec2::new((i % width) as f32 + 0.5, (i / width) as f32 + 0.5);
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < count {
        let drawn: Vec<usize> = (0..200).map(|_| on_car[rng.random_range(0..on_car.len())]).collect();
        let apart = |i: usize| chosen.iter().map(|&c| pixel(c).distance(pixel(i))).fold(f32::MAX, f32::min);
        chosen.extend(drawn.into_iter().max_by(|&a, &b| apart(a).total_cmp(&apart(b))));
    }
    let mut off = || jitter_px * gaussian(&mut rng);
    chosen.iter().map(|&i| PointPair { photo_px: pixel(i) + Vec2::new(off(), off()), car_point: buffer.position[i] }).collect()
}

/// What a network with `faults` would say about the car seen by `camera`.
pub fn field(car: &PreparedCar, camera: &PhotoCamera, faults: Faults, seed: u64) -> Correspondence {
    let mut rng = Pcg64Mcg::seed_from_u64(seed ^ 0xf1e1d);
    let (low, high) = car.bounds();
    let (centre, half) = ((low + high) * 0.5, (high - low) * 0.5);
    let crop = crop_around(car, camera, &mut rng);
    let (width, height) = (288usize, 192usize);
    let zoom = width as f32 / crop.w;
    let view = PhotoCamera {
        focal_px: camera.focal_px * zoom,
        principal_point: (camera.principal_point - Vec2::new(crop.x, crop.y)) * zoom,
        width: width as u32,
        height: height as u32,
        ..*camera
    };
    let buffer = car.scene().render(&view, RasterOptions::default());
    let n = width * height;
    let mut field = Correspondence {
        width,
        height,
        crop,
        car_probability: 0.98,
        mask: vec![0.02; n],
        part: vec![0; n],
        part_prob: vec![0.9; n],
        coords: vec![Vec3::ZERO; n],
        sigma: vec![faults.noise.hypot(faults.bias * 0.5).max(0.01); n],
    };
    let waves: [f32; 9] = std::array::from_fn(|_| rng.random_range(0.0..6.0));
    let blocks: Vec<Option<Vec3>> = (0..n.div_ceil(64))
        .map(|_| {
            let point = Vec3::from_array(std::array::from_fn(|_| rng.random_range(-1.0..1.0)));
            rng.random_bool(faults.nonsense).then_some(point)
        })
        .collect();
    for i in 0..n {
        let (x, y) = ((i % width) as f32, (i / width) as f32);
        let dx = faults.wander * (x * 0.07 + waves[6]).sin() * (y * 0.09 + waves[7]).cos();
        let dy = faults.wander * (x * 0.06 + waves[8]).cos() * (y * 0.08 + waves[6]).sin();
        let (x, y) = ((x + dx).clamp(0.0, 287.0) as usize, (y + dy).clamp(0.0, 191.0) as usize);
        if buffer.part[y * width + x] != 0 {
            field.mask[i] = 0.97;
        }
    }
    for i in (0..n).filter(|&i| buffer.part[i] != 0) {
        let (x, y) = (i % width, i / width);
        field.part[i] = car.class(buffer.part[i]) as u8;
        let mut coords = (buffer.position[i] - centre) / half;
        for axis in 0..3 {
            let wave = (x as f32 * 0.03 + waves[axis]).sin() * (y as f32 * 0.04 + waves[axis + 3]).cos();
            coords[axis] += faults.bias * wave + faults.noise * gaussian(&mut rng);
        }
        field.coords[i] = blocks[(y / 8) * (width / 8) + x / 8].unwrap_or(coords);
    }
    field
}

/// A photo of the car by `camera`.
pub fn photo(car: &PreparedCar, camera: &PhotoCamera, seed: u64) -> RgbImage {
    let mut rng = Pcg64Mcg::seed_from_u64(seed ^ 0x9407);
    let paint = Paint::random(&mut rng);
    let scenery = Scenery::random(&mut rng, car.bounds());
    let factor = 2;
    let large = camera.scaled_to(camera.width * factor, camera.height * factor);
    let buffer = car.scene().render(&large, RasterOptions::default());
    let (width, height) = (large.width as usize, large.height as usize);
    let eye = large.eye();
    let mut linear: Vec<Vec3> = (0..width * height)
        .into_par_iter()
        .map(|i| {
            let ray = large.ray(Vec2::new((i % width) as f32 + 0.5, (i / width) as f32 + 0.5));
            if buffer.part[i] == 0 {
                return scenery.behind(eye, ray);
            }
            let kind = car.kind(buffer.part[i]);
            let (position, normal) = (buffer.position[i], buffer.normal[i]);
            let x = i % width;
            let seam = kind == MaterialKind::Paint
                && [1, width].into_iter().any(|step| {
                    (step == width || x > 0) && i >= step && {
                        let other = buffer.part[i - step];
                        let near = (buffer.position[i - step] - position).length() < 0.05;
                        other != 0 && other != buffer.part[i] && near && car.kind(other) == MaterialKind::Paint
                    }
                });
            if seam {
                return Vec3::splat(0.01);
            }
            let (albedo, gloss) = match kind {
                MaterialKind::Paint => (paint.at(position), 1.0),
                MaterialKind::Glass => (Vec3::splat(0.015), 1.5),
                MaterialKind::Lamp => (Vec3::splat(0.5), 1.0),
                MaterialKind::Rubber => (Vec3::splat(0.02), 0.1),
                MaterialKind::Metal => (Vec3::splat(0.3), 1.0),
                MaterialKind::Carbon => (Vec3::splat(0.03), 0.5),
                MaterialKind::Interior => (Vec3::splat(0.01), 0.0),
            };
            scenery.shade(albedo, gloss, normal, ray)
        })
        .collect();
    if rng.random_bool(0.5) {
        blur(&mut linear, width, height);
    }
    let noise: f32 = rng.random_range(0.002..0.02);
    let exposure: f32 = rng.random_range(0.7..1.4);
    RgbImage::from_fn(camera.width, camera.height, |x, y| {
        let (x, y) = (x as usize * 2, y as usize * 2);
        let at = |dx: usize, dy: usize| linear[(y + dy) * width + x + dx];
        let c = (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) * (0.25 * exposure);
        Rgb(c.to_array().map(|v| {
            let v = v.clamp(0.0, 1.0).powf(1.0 / 2.2) + noise * gaussian(&mut rng);
            (v * 255.0).round().clamp(0.0, 255.0) as u8
        }))
    })
}

fn crop_around(car: &PreparedCar, camera: &PhotoCamera, rng: &mut Pcg64Mcg) -> CropRect {
    let (low, high) = car.bounds();
    let corners = (0..8).filter_map(|i| {
        let pick = |k: usize| if i >> k & 1 == 0 { low[k] } else { high[k] };
        Some(camera.project(Vec3::new(pick(0), pick(1), pick(2)))?.truncate())
    });
    let (min, max) = corners.fold((Vec2::MAX, Vec2::MIN), |(a, b), p| (a.min(p), b.max(p)));
    let middle = (min + max) * 0.5 + (max - min) * Vec2::new(rng.random_range(-0.05..0.05), rng.random_range(-0.05..0.05));
    let margin: f32 = rng.random_range(1.1..1.4);
    let w = ((max.x - min.x) * margin).max((max.y - min.y) * margin * 1.5);
    CropRect { x: middle.x - w * 0.5, y: middle.y - w / 3.0, w, h: w / 1.5 }
}

/// About normal, by the sum of uniform variables.
fn gaussian(rng: &mut Pcg64Mcg) -> f32 {
    (0..6).map(|_| rng.random_range(-0.5f32..0.5)).sum::<f32>() * std::f32::consts::SQRT_2
}

fn colour(rng: &mut Pcg64Mcg) -> Vec3 {
    Vec3::from_array(std::array::from_fn(|_| rng.random_range(0.05f32..0.95).powi(2)))
}

/// Bands and spots in space.
struct Paint {
    base: Vec3,
    bands: Vec<(Vec3, f32, f32, Vec3)>,
    spots: Vec<(Vec3, Vec3, Vec3)>,
}

impl Paint {
    fn random(rng: &mut Pcg64Mcg) -> Self {
        let direction = |rng: &mut Pcg64Mcg| {
            Vec3::from_array(std::array::from_fn(|_| rng.random_range(-1.0f32..1.0))).normalize_or(Vec3::Y)
        };
        let bands = (0..rng.random_range(3..10))
            .map(|_| (direction(rng), rng.random_range(-1.5..1.5), rng.random_range(0.03..0.3), colour(rng)))
            .collect();
        let spots = (0..rng.random_range(20..80))
            .map(|_| {
                let place = Vec3::new(rng.random_range(-1.0..1.0), rng.random_range(0.2..1.2), rng.random_range(-2.3..2.3));
                let half = Vec3::from_array(std::array::from_fn(|_| rng.random_range(0.03..0.25)));
                (place, half, colour(rng))
            })
            .collect();
        Self { base: colour(rng), bands, spots }
    }

    fn at(&self, p: Vec3) -> Vec3 {
        let band = self.bands.iter().rev().find(|(d, c, w, _)| (p.dot(*d) - c).abs() < *w).map(|b| b.3);
        let spot = self.spots.iter().find(|(place, half, _)| ((p - *place).abs() / half).max_element() < 1.0).map(|s| s.2);
        spot.or(band).unwrap_or(self.base)
    }
}

/// Sky, ground and clutter.
struct Scenery {
    sky: Vec3,
    ground: Vec3,
    sun: Vec3,
    blocks: Vec<(f32, f32, f32, Vec3)>,
    footprint: Vec2,
    grain: f32,
}

impl Scenery {
    fn random(rng: &mut Pcg64Mcg, bounds: (Vec3, Vec3)) -> Self {
        let blocks = (0..rng.random_range(5..40))
            .map(|_| (rng.random_range(-3.2..3.2), rng.random_range(0.02..0.3), rng.random_range(0.02..0.3), colour(rng)))
            .collect();
        let sun = Vec3::new(rng.random_range(-1.0..1.0), rng.random_range(0.4..1.5), rng.random_range(-1.0..1.0));
        Self {
            sky: colour(rng) * 0.3 + Vec3::splat(0.35),
            ground: colour(rng) * 0.2 + Vec3::splat(0.08),
            sun: sun.normalize(),
            blocks,
            footprint: Vec2::new(bounds.1.x, bounds.1.z),
            grain: rng.random_range(0.0..0.5),
        }
    }

    fn behind(&self, eye: Vec3, ray: Vec3) -> Vec3 {
        if ray.y < -0.002 {
            let at = eye - ray * (eye.y / ray.y);
            let outside = (Vec2::new(at.x, at.z).abs() - self.footprint).max(Vec2::ZERO).length();
            let shade = 0.15 + 0.85 * (outside / 0.4).min(1.0);
            let grain = ((at.x * 9.0).sin() * (at.z * 7.3).cos() + (at.x * 31.0 + at.z * 17.0).sin()) * 0.25;
            return self.ground * (shade * (1.0 + self.grain * grain));
        }
        self.above(ray)
    }

    fn above(&self, ray: Vec3) -> Vec3 {
        let azimuth = ray.x.atan2(ray.z);
        let inside = |b: &&(f32, f32, f32, Vec3)| (azimuth - b.0).abs() < b.1 && ray.y < b.2;
        self.blocks.iter().find(inside).map_or(self.sky * (1.0 - 0.3 * ray.y), |b| b.3)
    }

    fn shade(&self, albedo: Vec3, gloss: f32, normal: Vec3, ray: Vec3) -> Vec3 {
        let ambient = self.ground.lerp(self.sky, normal.y * 0.5 + 0.5);
        let light = ambient + Vec3::splat(1.1 * normal.dot(self.sun).max(0.0));
        let mirrored = ray - normal * (2.0 * ray.dot(normal));
        let fresnel = 0.04 + 0.96 * (1.0 + ray.dot(normal)).clamp(0.0, 1.0).powi(5);
        let seen = if mirrored.y > 0.0 { self.above(mirrored) } else { self.ground };
        albedo * light + seen * (fresnel * gloss).min(1.0)
    }
}

/// 3 x 3 box, at the doubled size.
fn blur(linear: &mut Vec<Vec3>, width: usize, height: usize) {
    let source = std::mem::take(linear);
    *linear = (0..source.len())
        .into_par_iter()
        .map(|i| {
            let (x, y) = (i % width, i / width);
            let mut sum = Vec3::ZERO;
            for dy in [y.saturating_sub(1), y, (y + 1).min(height - 1)] {
                for dx in [x.saturating_sub(1), x, (x + 1).min(width - 1)] {
                    sum += source[dy * width + dx];
                }
            }
            sum / 9.0
        })
        .collect();
}
