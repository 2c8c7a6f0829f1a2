//! Other shapes of one car: smooth warps, proportions of a car family, ride height, steering and turned wheels.
//!
//! Training sees many shapes, so that a network learns cars and not one mesh; stress tests bend a mesh to ask what an
//! inexact model costs. Everything is mirror-symmetric, and texture coordinates, parts and triangles stay as they are.

use crate::model::{CarModel, Mesh};
use glam::{Mat3, Vec3};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use std::f32::consts::TAU;

/// The most that the waves of [`Shape::random`] move a point at strength 1, in metres.
pub const MAX_WAVE_M: f32 = 0.015;
/// Waves in a random shape: enough to look irregular.
const WAVES: usize = 5;
/// Wavelengths in metres: shorter ones would look like dents.
const WAVELENGTH_M: std::ops::Range<f32> = 1.2..4.0;
/// Distance at which tangents are followed to turn normals, in metres.
const TANGENT_M: f32 = 0.004;

/// How a car's shape differs from its mesh. [`Shape::default`] changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Scale along each axis about the ground below the car's middle.
    pub scale: Vec3,
    /// Proportions that differ within a family of cars.
    pub family: Family,
    /// Smooth bumps over the whole body.
    pub waves: Vec<Wave>,
    /// How much higher the body stands, in metres; the wheels stay on the ground.
    pub ride_height_m: f32,
    /// How far the body leans forward, in radians.
    pub rake_rad: f32,
    /// How far the front wheels turn to the car's left, in radians.
    pub steering_rad: f32,
    /// How far all wheels are turned about their axles, in radians, rolling forward.
    pub wheel_spin_rad: f32,
}

/// Proportions, each in metres that the outermost point of its region moves.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Family {
    /// The nose reaches farther forward.
    pub nose_length_m: f32,
    /// The upper side of the nose lies higher.
    pub nose_height_m: f32,
    /// The tail reaches farther back.
    pub tail_length_m: f32,
    /// The upper side of the tail lies higher.
    pub tail_height_m: f32,
    /// The roof lies higher.
    pub roof_height_m: f32,
    /// The cabin sits farther forward.
    pub cabin_shift_m: f32,
    /// Each front wing reaches farther out.
    pub front_width_m: f32,
    /// Each rear wing reaches farther out.
    pub rear_width_m: f32,
    /// The cabin's sides lean farther out.
    pub cabin_width_m: f32,
}

/// A standing wave of displacement that is even in X.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wave {
    /// Largest displacement along each axis, in metres.
    pub amplitude_m: Vec3,
    /// Radians per metre along each axis.
    pub frequency: Vec3,
    /// Radians.
    pub phase: f32,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            scale: Vec3::ONE,
            family: Family::default(),
            waves: Vec::new(),
            ride_height_m: 0.0,
            rake_rad: 0.0,
            steering_rad: 0.0,
            wheel_spin_rad: 0.0,
        }
    }
}

impl Shape {
    /// A shape drawn from the whole family; `strength` 1 is as far as real cars of one class differ, 0 leaves the body
    /// as it is and only turns the wheels.
    pub fn random(seed: u64, strength: f32) -> Self {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut within = |most: f32| random.random_range(-1.0f32..=1.0) * most;
        let scale = Vec3::new(within(0.03), within(0.04), within(0.04)) * strength + 1.0;
        let family = Family {
            nose_length_m: within(0.12) * strength,
            nose_height_m: within(0.05) * strength,
            tail_length_m: within(0.12) * strength,
            tail_height_m: within(0.07) * strength,
            roof_height_m: within(0.06) * strength,
            cabin_shift_m: within(0.18) * strength,
            front_width_m: within(0.04) * strength,
            rear_width_m: within(0.04) * strength,
            cabin_width_m: within(0.05) * strength,
        };
        let (ride_height_m, rake_rad) = (within(0.03) * strength, within(0.012) * strength);
        // Mostly straight ahead, sometimes at full lock.
        let (steering_rad, wheel_spin_rad) = (within(1.0).powi(3) * 0.45, within(TAU * 0.5));
        let waves = Self::waves(seed, MAX_WAVE_M * strength).waves;
        Self { scale, family, waves, ride_height_m, rake_rad, steering_rad, wheel_spin_rad }
    }

    /// Waves alone, which move no point by more than `most_m` metres along any axis.
    pub fn waves(seed: u64, most_m: f32) -> Self {
        let mut random = Pcg64Mcg::seed_from_u64(seed ^ 0x77a7e5);
        let mut signed = || random.random_range(-1.0f32..=1.0);
        let mut waves: Vec<Wave> = (0..WAVES)
            .map(|_| {
                let middle = (WAVELENGTH_M.start + WAVELENGTH_M.end) * 0.5;
                let reach = (WAVELENGTH_M.end - WAVELENGTH_M.start) * 0.5;
                let frequency = Vec3::new(signed(), signed(), signed()).normalize_or(Vec3::Z) * TAU
                    / (middle + reach * signed());
                let amplitude_m = Vec3::new(signed(), signed(), signed()).normalize_or(Vec3::Y);
                Wave { amplitude_m, frequency, phase: signed() * TAU * 0.5 }
            })
            .collect();
        let sum = waves.iter().map(|wave| wave.amplitude_m.abs()).sum::<Vec3>().max_element();
        waves.iter_mut().for_each(|wave| wave.amplitude_m *= most_m / sum);
        Self { waves, ..Self::default() }
    }

    /// Waves that move the paint of this car by `mean_m` metres on average over its surface: how a real car differs from a
    /// mesh of it.
    pub fn mismatch(model: &CarModel, seed: u64, mean_m: f32) -> Self {
        let mut shape = Self::waves(seed, MAX_WAVE_M);
        let mean = mean_shift(model, &shape.apply(model));
        // Places move in proportion to the amplitudes.
        shape.waves.iter_mut().for_each(|wave| wave.amplitude_m *= mean_m / mean.max(1e-9));
        shape
    }

    /// The car in this shape. Wheels stay round and on the ground; they move with the arches around them.
    pub fn apply(&self, model: &CarModel) -> CarModel {
        let mut shaped = model.clone();
        let warp = Warp::new(self, model);
        let mut wheel_of = vec![None; model.parts.len()];
        for (index, wheel) in model.wheels.iter().enumerate() {
            for &part in wheel.parts.iter().chain(&wheel.still) {
                wheel_of[part] = Some((index, wheel.parts.contains(&part)));
            }
        }
        shaped.parts.par_iter_mut().zip(&wheel_of).for_each(|(part, wheel)| match wheel {
            Some((wheel, spins)) => warp.turn_wheel(&mut part.mesh, model, *wheel, *spins),
            None => warp.bend(&mut part.mesh),
        });
        for wheel in &mut shaped.wheels {
            wheel.center = warp.wheel_center(wheel.center);
        }
        shaped
    }
}

/// How far the paint of one shape of a car lies from that of another, in metres: the mean over its surface.
fn mean_shift(model: &CarModel, other: &CarModel) -> f32 {
    let (mut sum, mut area) = (0.0f64, 0.0f64);
    for (index, (part, moved)) in model.parts.iter().zip(&other.parts).enumerate() {
        if !model.is_paint(index) {
            continue;
        }
        for triangle in part.mesh.indices.chunks_exact(3) {
            let [a, b, c] = part.mesh.corners(triangle);
            let size = f64::from((b - a).cross(c - a).length());
            let to = moved.mesh.corners(triangle);
            let shift = [a, b, c].iter().zip(to).map(|(from, to)| from.distance(to)).sum::<f32>() / 3.0;
            sum += size * f64::from(shift);
            area += size;
        }
    }
    (sum / area.max(1e-12)) as f32
}

/// A shape made ready for one car.
struct Warp<'a> {
    shape: &'a Shape,
    low: Vec3,
    high: Vec3,
    rake: Mat3,
}

impl<'a> Warp<'a> {
    fn new(shape: &'a Shape, model: &CarModel) -> Self {
        let (low, high) = model.bounds();
        Self { shape, low, high, rake: Mat3::from_rotation_x(shape.rake_rad) }
    }

    /// Where a point of the body goes, before ride height and rake.
    fn body_point(&self, p: Vec3) -> Vec3 {
        let size = (self.high - self.low).max(Vec3::splat(1e-3));
        let at = (p - self.low) / size;
        let side = 2.0 * at.x - 1.0;
        let f = &self.shape.family;
        let (nose, tail) = (smooth(0.5, 1.0, at.z), smooth(0.5, 0.0, at.z));
        let (upper, cabin) = (smooth(0.15, 0.8, at.y), smooth(0.45, 1.0, at.y));
        let middle = (1.0 - nose) * (1.0 - tail);
        // The lower body widens, the cabin does so by itself.
        let lower = 1.0 - cabin;
        let mut moved = p;
        moved.x += side * (lower * (f.front_width_m * nose + f.rear_width_m * tail) + cabin * f.cabin_width_m);
        moved.y += upper * (f.nose_height_m * nose + f.tail_height_m * tail) + cabin * f.roof_height_m * middle;
        moved.z += f.nose_length_m * nose - f.tail_length_m * tail + f.cabin_shift_m * cabin * middle;
        for wave in &self.shape.waves {
            let along = (wave.frequency.y * p.y + wave.frequency.z * p.z + wave.phase).sin();
            let (odd, even) = (wave.frequency.x * p.x).sin_cos();
            moved += wave.amplitude_m * Vec3::new(odd, even, even) * along;
        }
        moved * self.shape.scale
    }

    fn point(&self, p: Vec3) -> Vec3 {
        self.rake * self.body_point(p) + Vec3::Y * self.shape.ride_height_m
    }

    fn bend(&self, mesh: &mut Mesh) {
        for (p, n) in mesh.positions.iter_mut().zip(&mut mesh.normals) {
            let (a, b) = n.any_orthonormal_pair();
            let along = |t: Vec3| self.point(*p + t * TANGENT_M) - self.point(*p - t * TANGENT_M);
            *n = along(a).cross(along(b)).normalize_or(*n);
            *p = self.point(*p);
        }
    }

    /// Wheels follow the body forward and outward, not up.
    fn wheel_center(&self, center: Vec3) -> Vec3 {
        Vec3 { y: center.y, ..self.body_point(center) }
    }

    fn turn_wheel(&self, mesh: &mut Mesh, model: &CarModel, wheel: usize, spins: bool) {
        let wheel = &model.wheels[wheel];
        let steering = if wheel.steers() { self.shape.steering_rad } else { 0.0 };
        let spin = if spins { self.shape.wheel_spin_rad } else { 0.0 };
        let turn = Mat3::from_rotation_y(steering) * Mat3::from_rotation_x(spin);
        let center = self.wheel_center(wheel.center);
        for p in &mut mesh.positions {
            *p = center + turn * (*p - wheel.center);
        }
        for n in &mut mesh.normals {
            *n = turn * *n;
        }
    }
}

/// 0 at `from`, 1 at `to`, level at both ends.
fn smooth(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::box_car;

    #[test]
    fn the_usual_shape_changes_nothing() {
        let car = box_car();
        let same = Shape::default().apply(&car);
        for (a, b) in car.parts.iter().zip(&same.parts) {
            for (p, q) in a.mesh.positions.iter().zip(&b.mesh.positions) {
                assert!(p.distance(*q) < 1e-5, "{}", a.name);
            }
            for (n, m) in a.mesh.normals.iter().zip(&b.mesh.normals) {
                assert!(n.dot(*m) > 0.9999, "{}: {n} {m}", a.name);
            }
        }
    }

    #[test]
    fn waves_stay_within_their_limit_and_move_something() {
        let car = box_car();
        for seed in 0..5 {
            let shaped = Shape::waves(seed, 0.015).apply(&car);
            let pairs = car.parts.iter().zip(&shaped.parts);
            let most = pairs
                .flat_map(|(a, b)| a.mesh.positions.iter().zip(&b.mesh.positions))
                .map(|(p, q)| (*p - *q).abs().max_element())
                .fold(0.0, f32::max);
            assert!(most <= 0.01501 && most > 0.003, "{most}");
        }
    }

    #[test]
    fn a_mismatch_moves_the_paint_by_what_it_says_on_average() {
        let car = box_car();
        for (seed, mean_m) in [(1, 0.005), (2, 0.010), (3, 0.020)] {
            let shaped = Shape::mismatch(&car, seed, mean_m).apply(&car);
            let shifts: Vec<f32> = (0..car.parts.len())
                .filter(|&part| car.is_paint(part))
                .flat_map(|part| car.parts[part].mesh.positions.iter().zip(&shaped.parts[part].mesh.positions))
                .map(|(p, q)| p.distance(*q))
                .collect();
            // The panels are evenly divided, so vertices stand for the surface up to their edges.
            let mean = shifts.iter().sum::<f32>() / shifts.len() as f32;
            assert!((mean / mean_m - 1.0).abs() < 0.15, "{mean} is not {mean_m}");
            let most = shifts.iter().copied().fold(0.0, f32::max);
            assert!(most > 1.2 * mean_m && most < 4.0 * mean_m, "smooth, but not the same everywhere: {most}");
        }
    }

    #[test]
    fn normals_stay_square_to_the_surface() {
        let car = Shape::random(3, 1.0).apply(&box_car());
        for part in &car.parts {
            let mesh = &part.mesh;
            for t in mesh.indices.chunks_exact(3) {
                let [a, b, c] = [t[0], t[1], t[2]].map(|i| mesh.positions[i as usize]);
                let face = (b - a).cross(c - a).normalize();
                let n = mesh.normals[t[0] as usize];
                assert!((n.length() - 1.0).abs() < 1e-4);
                // Panels are flat, so a vertex normal and its small faces differ by little more than the bend.
                let least = if part.name.starts_with("wheel") { 0.95 } else { 0.99 };
                assert!(face.dot(n) > least, "{}: {}", part.name, face.dot(n));
            }
        }
    }

    #[test]
    fn random_shapes_are_repeatable_symmetric_and_different() {
        let car = box_car();
        let (a, again, b) = (Shape::random(1, 1.0), Shape::random(1, 1.0), Shape::random(2, 1.0));
        assert_eq!(a, again);
        assert_ne!(a, b);
        let straight = Shape { steering_rad: 0.0, wheel_spin_rad: 0.0, ..a };
        let shaped = straight.apply(&car);
        let (low, high) = shaped.bounds();
        assert!((low.x + high.x).abs() < 1e-3, "{low} {high}");
        assert!(low.y.abs() < 1e-3, "the wheels stand on the ground: {}", low.y);
    }

    #[test]
    fn steering_turns_the_front_wheels_to_the_left_about_their_middle() {
        let car = box_car();
        let shaped = Shape { steering_rad: 0.3, ..Shape::default() }.apply(&car);
        let turned = |name: &str| {
            let part = car.part_index(name).expect(name);
            let (before, after) = (&car.parts[part].mesh, &shaped.parts[part].mesh);
            let foremost = (0..before.positions.len())
                .max_by(|&i, &j| before.positions[i].z.total_cmp(&before.positions[j].z))
                .expect("vertices");
            after.positions[foremost].x - before.positions[foremost].x
        };
        assert!(turned("wheel_front_left") > 0.05 && turned("wheel_front_right") > 0.05);
        assert_eq!(turned("wheel_rear_left"), 0.0);
    }

    #[test]
    fn proportions_move_what_they_say() {
        let car = box_car();
        let (low, high) = car.bounds();
        let family = Family { nose_length_m: 0.1, tail_length_m: -0.05, ..Family::default() };
        let (new_low, new_high) = Shape { family, ..Shape::default() }.apply(&car).bounds();
        assert!((new_high.z - high.z - 0.1).abs() < 5e-3, "{}", new_high.z - high.z);
        assert!((new_low.z - low.z - 0.05).abs() < 5e-3, "{}", new_low.z - low.z);
    }
}
