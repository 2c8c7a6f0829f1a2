//! Harsh light: lamps, windows and a sun that are some hundred times as bright as what surrounds them.
//!
//! Most pictures of surroundings that are taken with their true contrast are of this kind: the car has a lit side and a dark
//! one, and what its lacquer mirrors is either nearly black or far brighter than white paint.

use std::f32::consts::{PI, TAU};

use glam::{Vec2, Vec3};
use rand::Rng;

use super::inks::luminance;
use super::light::{Environment, Panel, Sun, black_body, skyline};
use super::noise;

/// Light with the floor that it falls on.
pub struct Harsh {
    /// From everywhere, the lit floor included.
    pub environment: Environment,
    /// From one direction.
    pub sun: Sun,
    /// The floor's albedo, linear RGB.
    pub floor: Vec3,
}

/// Radiance by direction above the horizon.
type Above = Box<dyn Fn(Vec3) -> Vec3>;

/// A random kind of it on a map of `size * size` texels. The mean irradiance over all directions is around 2, so that white
/// paint shows somewhat less than 1.
pub fn random(size: usize, sun_direction: Vec3, rng: &mut impl Rng) -> Harsh {
    let tint = tint(rng);
    let seed: u32 = rng.random();
    // Asphalt to white paint, as often dark as bright.
    let grey = log_uniform(rng, 0.03, 0.85);
    let mut floor = Vec3::new(grey, grey * rng.random_range(0.88..1.08), grey * rng.random_range(0.75..1.1)).min(Vec3::splat(0.88));
    let mut sun = Vec3::ZERO;
    let above: Above = match rng.random_range(0..10) {
        0..3 => dark_room(tint, rng),
        3..6 => hall(tint, seed, rng),
        6 | 7 => {
            let low = (1.0 - sun_direction.y / 0.5).clamp(0.0, 1.0);
            let warm = black_body(rng.random_range(5000.0..6500.0)).lerp(black_body(rng.random_range(2000.0..4500.0)), low);
            sun = warm * log_uniform(rng, 2.0, 40.0);
            sky(sun_direction, warm, seed, rng)
        }
        8 => {
            floor = floor.max(Vec3::splat(0.5));
            cyclorama(tint, rng)
        }
        _ => street(rng),
    };
    let dome = Environment::new(32, |d| if d.y < 0.0 { Vec3::ZERO } else { above(d) });
    let lit = floor * (dome.irradiance(Vec3::Y) + sun * sun_direction.y.max(0.0)) / PI;
    let uneven = rng.random_range(0.0..0.8f32);
    let environment = Environment::new(size, |d| {
        if d.y >= 0.0 {
            return above(d);
        }
        let patch = noise::fractal(d / (0.1 - d.y) * 0.8, 3, seed ^ 7);
        // far ground lies in less light than that around the car
        lit * (1.0 - uneven + 2.0 * uneven * patch) * (0.4 + 0.6 * (-d.y * 4.0).min(1.0))
    });
    let faces = [Vec3::X, Vec3::Y, Vec3::Z, -Vec3::X, -Vec3::Y, -Vec3::Z];
    let level = faces.iter().map(|&n| luminance(environment.irradiance(n))).sum::<f32>() / 6.0 + 0.25 * luminance(sun);
    let scale = rng.random_range(1.5..3.0) / level.max(1e-4);
    Harsh { environment: environment.scaled(scale), sun: Sun { direction: sun_direction, irradiance: sun * scale }, floor }
}

fn log_uniform(rng: &mut impl Rng, low: f32, high: f32) -> f32 {
    rng.random_range(low.ln()..high.ln()).exp()
}

fn tint(rng: &mut impl Rng) -> Vec3 {
    black_body(log_uniform(rng, 2600.0, 11_000.0)).lerp(Vec3::ONE, rng.random_range(0.2..0.8))
}

/// A unit vector so high above the horizon.
fn at(azimuth: f32, up: f32) -> Vec3 {
    let flat = (1.0 - up * up).max(0.0).sqrt();
    Vec3::new(flat * azimuth.cos(), up, flat * azimuth.sin())
}

fn panel(towards: Vec3, light: Vec3, rng: &mut impl Rng) -> Panel {
    let side = if rng.random_bool(0.7) { Vec3::Y.cross(towards).normalize_or(Vec3::X) } else { towards.any_orthonormal_vector() };
    let half = Vec2::new(rng.random_range(0.1..0.8), rng.random_range(0.08..0.5));
    Panel { towards, side, half, soft: rng.random_range(0.02..0.25), light }
}

/// One or two soft boxes on one side of a dark room, sometimes with a faint one opposite.
fn dark_room(tint: Vec3, rng: &mut impl Rng) -> Above {
    let wall = tint * log_uniform(rng, 0.002, 0.08);
    let azimuth = rng.random_range(0.0..TAU);
    let mut panels = Vec::new();
    for _ in 0..rng.random_range(1..3) {
        let towards = at(azimuth + rng.random_range(-0.9..0.9), rng.random_range(0.0..0.85));
        panels.push(panel(towards, tint * log_uniform(rng, 4.0, 60.0), rng));
    }
    if rng.random_bool(0.4) {
        let towards = at(azimuth + PI + rng.random_range(-1.0..1.0), rng.random_range(0.0..0.7));
        panels.push(panel(towards, self::tint(rng) * log_uniform(rng, 0.3, 5.0), rng));
    }
    Box::new(move |d| panels.iter().fold(wall * (0.4 + 1.2 * d.y), |sum, panel| sum + panel.radiance(d)))
}

/// Rows of lamps under a dark ceiling, sometimes with windows on one side.
fn hall(tint: Vec3, seed: u32, rng: &mut impl Rng) -> Above {
    let wall = tint * log_uniform(rng, 0.02, 0.5);
    let ceiling = tint * log_uniform(rng, 0.01, 0.3);
    let (across, along) = (at(rng.random_range(0.0..TAU), 0.0), rng.random_range(1.0..8.0f32));
    let side = across.cross(Vec3::Y);
    let rows = rng.random_range(1.2..6.0f32);
    let (width, length) = (rng.random_range(0.1..0.35f32), rng.random_range(0.4..1.0f32));
    let shift = rng.random_range(0.0..1.0f32);
    let lamp = tint * log_uniform(rng, 6.0, 150.0);
    let window = rng.random_bool(0.4).then(|| {
        let towards = at(rng.random_range(0.0..TAU), rng.random_range(0.05..0.3));
        panel(towards, black_body(rng.random_range(5000.0..9000.0)) * log_uniform(rng, 2.0, 30.0), rng)
    });
    Box::new(move |d| {
        let outside = window.map_or(Vec3::ZERO, |window| window.radiance(d));
        if d.y < 0.3 {
            let tone = noise::unit((d.x * 6.0).floor() as i32, (d.y * 5.0).floor() as i32, (d.z * 6.0).floor() as i32, seed);
            return wall * (0.3 + 1.4 * tone) + outside;
        }
        let up = d / d.y;
        let (row, place) = ((up.dot(across) * rows * 0.5 + shift).rem_euclid(1.0), (up.dot(side) * along * 0.3).rem_euclid(1.0));
        outside + if row < width && place < length { lamp } else { ceiling }
    })
}

/// A clear sky that the sun outshines, over a dark skyline.
fn sky(sun: Vec3, warm: Vec3, seed: u32, rng: &mut impl Rng) -> Above {
    let zenith = Vec3::new(0.15, 0.33, 0.85) * rng.random_range(0.3..1.1f32);
    let horizon = Vec3::new(0.8, 0.88, 1.0).lerp(warm, rng.random_range(0.0..0.8)) * rng.random_range(0.4..1.3f32);
    let band = Vec3::new(0.09, 0.1, 0.08) * log_uniform(rng, 0.2, 3.0);
    let height = rng.random_range(0.0..0.6);
    let blocky = rng.random_bool(0.5);
    let glow = log_uniform(rng, 0.5, 12.0);
    Box::new(move |d| {
        if d.y < skyline(d, seed, height, blocky) {
            return band * (0.4 + 1.2 * noise::fractal(d * 12.0, 3, seed ^ 5));
        }
        zenith.lerp(horizon, (1.0 - d.y).powi(3)) + warm * glow * d.dot(sun).max(0.0).powi(40)
    })
}

/// White walls around a white floor, lit from above.
fn cyclorama(tint: Vec3, rng: &mut impl Rng) -> Above {
    let wall = tint * rng.random_range(0.2..1.1f32);
    let fall = rng.random_range(0.0..0.8f32);
    let panels: Vec<Panel> = (0..rng.random_range(1..4))
        .map(|_| {
            let towards = at(rng.random_range(0.0..TAU), rng.random_range(0.5..0.99));
            panel(towards, tint * log_uniform(rng, 2.0, 30.0), rng)
        })
        .collect();
    Box::new(move |d| panels.iter().fold(wall * (1.0 - fall * d.y), |sum, panel| sum + panel.radiance(d)))
}

/// Lamps of several colours under a black sky.
fn street(rng: &mut impl Rng) -> Above {
    let sky = Vec3::new(0.7, 0.8, 1.2) * log_uniform(rng, 0.003, 0.06);
    let lamps: Vec<(Vec3, f32, Vec3)> = (0..rng.random_range(2..10))
        .map(|_| {
            let towards = at(rng.random_range(0.0..TAU), rng.random_range(0.05..0.95));
            let width: f32 = rng.random_range(0.05..0.16);
            (towards, 1.0 / (width * width), tint(rng) * log_uniform(rng, 8.0, 120.0))
        })
        .collect();
    Box::new(move |d| lamps.iter().fold(sky, |sum, &(towards, sharp, light)| sum + light * ((d.dot(towards) - 1.0) * sharp).exp()))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn it_is_seeded_bright_enough_and_mostly_much_brighter_somewhere() {
        let mut contrasts = Vec::new();
        for seed in 0..60 {
            let draw = || random(64, at(1.0, 0.3), &mut rand_pcg::Pcg64Mcg::seed_from_u64(seed));
            let (light, twin) = (draw(), draw());
            let rays: Vec<Vec3> = (0..4000).map(|i| at(i as f32 * 2.399_963, 1.0 - (i as f32 + 0.5) / 2000.0)).collect();
            let radiance = |light: &Harsh, d: Vec3| luminance(light.environment.radiance(d, 0.0));
            let mean = rays.iter().map(|&d| radiance(&light, d)).sum::<f32>() / rays.len() as f32;
            let most = rays.iter().map(|&d| radiance(&light, d)).fold(luminance(light.sun.irradiance) * 100.0, f32::max);
            assert!(mean.is_finite() && mean > 0.02 && mean < 2.0, "{seed}: {mean}");
            assert_eq!(mean, rays.iter().map(|&d| radiance(&twin, d)).sum::<f32>() / rays.len() as f32);
            assert!(light.floor.min_element() > 0.0 && light.floor.max_element() < 0.9);
            contrasts.push(most / mean);
        }
        contrasts.sort_by(f32::total_cmp);
        assert!(contrasts[30] > 15.0, "the median contrast is {}", contrasts[30]);
    }

    #[test]
    fn a_bright_floor_sends_back_what_falls_on_it() {
        for seed in 0..40 {
            let light = random(64, at(1.0, 0.6), &mut rand_pcg::Pcg64Mcg::seed_from_u64(seed));
            let down = luminance(light.environment.irradiance(Vec3::Y) + light.sun.irradiance * light.sun.direction.y);
            let back = luminance(light.environment.irradiance(Vec3::NEG_Y));
            let share = luminance(light.floor);
            assert!(back < 1.3 * share * down + 0.25 * down && back > 0.2 * share * down, "{seed}: {back} of {down} on {share}");
        }
    }
}
