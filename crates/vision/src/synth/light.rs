//! Procedural light: skies, studios and halls as small prefiltered octahedral maps, and one sun.
//!
//! The same map lights the paint, shows in its reflections and stands behind the car, as an HDRI would.

use std::f32::consts::PI;

use glam::{Vec2, Vec3};
use rand::Rng;

use super::noise;

/// Incoming light from all directions, linear RGB radiance, in ever blurrier levels.
#[derive(Debug, Clone)]
pub struct Environment {
    levels: Vec<Level>,
    harmonics: [Vec3; 9],
}

#[derive(Debug, Clone)]
struct Level {
    size: usize,
    texels: Vec<Vec3>,
}

/// A sun or a lamp far away.
#[derive(Debug, Clone, Copy)]
pub struct Sun {
    /// Unit vector from the car to the sun.
    pub direction: Vec3,
    /// Irradiance on a surface that faces it, linear RGB; zero is no sun.
    pub irradiance: Vec3,
}

/// Octahedral coordinates in 0..1 of a direction.
fn encode(d: Vec3) -> Vec2 {
    let n = d / (d.x.abs() + d.y.abs() + d.z.abs()).max(1e-9);
    let flat = Vec2::new(n.x, n.z);
    let sign = Vec2::new(1f32.copysign(flat.x), 1f32.copysign(flat.y));
    let folded = if n.y >= 0.0 { flat } else { (Vec2::ONE - Vec2::new(flat.y.abs(), flat.x.abs())) * sign };
    folded * 0.5 + 0.5
}

fn decode(uv: Vec2) -> Vec3 {
    let f = uv * 2.0 - 1.0;
    let y = 1.0 - f.x.abs() - f.y.abs();
    let sign = Vec2::new(1f32.copysign(f.x), 1f32.copysign(f.y));
    let flat = if y >= 0.0 { f } else { (Vec2::ONE - Vec2::new(f.y.abs(), f.x.abs())) * sign };
    Vec3::new(flat.x, y, flat.y).normalize()
}

impl Level {
    fn sample(&self, uv: Vec2) -> Vec3 {
        let p = uv * self.size as f32 - 0.5;
        let base = p.floor();
        let f = p - base;
        let clamp = |v: f32| (v.max(0.0) as usize).min(self.size - 1);
        let (x0, x1) = (clamp(base.x), clamp(base.x + 1.0));
        let (y0, y1) = (clamp(base.y) * self.size, clamp(base.y + 1.0) * self.size);
        let top = self.texels[y0 + x0].lerp(self.texels[y0 + x1], f.x);
        let bottom = self.texels[y1 + x0].lerp(self.texels[y1 + x1], f.x);
        top.lerp(bottom, f.y)
    }

    /// Half the size, blurred a little beyond its texels.
    fn blurred(&self) -> Self {
        let size = self.size / 2;
        let reach = 0.9 / size as f32;
        let texels = (0..size * size)
            .map(|i| {
                let uv = (Vec2::new((i % size) as f32, (i / size) as f32) + 0.5) / size as f32;
                let d = decode(uv);
                let side = d.any_orthonormal_vector();
                let up = d.cross(side);
                let mut sum = self.sample(uv) * 2.0;
                for (a, b) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (0.7, 0.7), (-0.7, 0.7), (0.7, -0.7), (-0.7, -0.7)] {
                    sum += self.sample(encode(d + (side * a + up * b) * reach * 2.2));
                }
                sum / 10.0
            })
            .collect();
        Self { size, texels }
    }
}

impl Environment {
    /// Samples `radiance` on a map of `size * size` texels, a power of two from 16, and blurs it.
    pub fn new(size: usize, radiance: impl Fn(Vec3) -> Vec3) -> Self {
        let texels = (0..size * size)
            .map(|i| radiance(decode((Vec2::new((i % size) as f32, (i / size) as f32) + 0.5) / size as f32)))
            .collect();
        let mut levels = vec![Level { size, texels }];
        while levels.last().is_some_and(|l| l.size > 4) {
            levels.extend(levels.last().map(Level::blurred));
        }
        let harmonics = harmonics(levels.iter().find(|l| l.size <= 16).unwrap_or(&levels[0]));
        Self { levels, harmonics }
    }

    /// Radiance from a direction, blurred as a surface of this roughness (0..1) sees it.
    pub fn radiance(&self, direction: Vec3, roughness: f32) -> Vec3 {
        let last = self.levels.len() - 1;
        let level = roughness.clamp(0.0, 1.0) * last as f32;
        let low = level as usize;
        let uv = encode(direction);
        let sharp = self.levels[low].sample(uv);
        if low == last {
            return sharp;
        }
        sharp.lerp(self.levels[low + 1].sample(uv), level - low as f32)
    }

    /// Irradiance on a surface with this normal.
    pub fn irradiance(&self, n: Vec3) -> Vec3 {
        // Ramamoorthi and Hanrahan 2001, in the form with the cosine lobe's factors taken in.
        let h = &self.harmonics;
        let e = h[0]
            + h[1] * n.y
            + h[2] * n.z
            + h[3] * n.x
            + h[4] * (n.x * n.y)
            + h[5] * (n.y * n.z)
            + h[6] * (3.0 * n.z * n.z - 1.0)
            + h[7] * (n.x * n.z)
            + h[8] * (n.x * n.x - n.y * n.y);
        e.max(Vec3::ZERO)
    }
}

fn harmonics(level: &Level) -> [Vec3; 9] {
    let mut sums = [Vec3::ZERO; 9];
    let mut total = 0.0;
    for (i, &light) in level.texels.iter().enumerate() {
        let uv = (Vec2::new((i % level.size) as f32, (i / level.size) as f32) + 0.5) / level.size as f32;
        let f = uv * 2.0 - 1.0;
        let d = decode(uv);
        // Area of an octahedral texel on the sphere, up to a constant.
        let y = 1.0 - f.x.abs() - f.y.abs();
        let fold = if y >= 0.0 { f } else { Vec2::ONE - Vec2::new(f.y.abs(), f.x.abs()) };
        let weight = Vec3::new(fold.x, y, fold.y).length().powi(-3);
        total += weight;
        let basis = [
            0.282_095,
            0.488_603 * d.y,
            0.488_603 * d.z,
            0.488_603 * d.x,
            1.092_548 * d.x * d.y,
            1.092_548 * d.y * d.z,
            0.315_392 * (3.0 * d.z * d.z - 1.0),
            1.092_548 * d.x * d.z,
            0.546_274 * (d.x * d.x - d.y * d.y),
        ];
        sums.iter_mut().zip(basis).for_each(|(sum, b)| *sum += light * b * weight);
    }
    let lobes = [PI, 2.0 * PI / 3.0, 2.0 * PI / 3.0, 2.0 * PI / 3.0, PI / 4.0, PI / 4.0, PI / 4.0, PI / 4.0, PI / 4.0];
    let factors = [0.282_095, 0.488_603, 0.488_603, 0.488_603, 1.092_548, 1.092_548, 0.315_392, 1.092_548, 0.546_274];
    let mut out = [Vec3::ZERO; 9];
    for i in 0..9 {
        out[i] = sums[i] * (4.0 * PI / total) * lobes[i] * factors[i];
    }
    out
}

/// Linear RGB of a black body, of luminance 1 (fit by T. Helland, in sRGB).
pub fn black_body(kelvin: f32) -> Vec3 {
    let t = kelvin / 100.0;
    let red = if t <= 66.0 { 255.0 } else { 329.7 * (t - 60.0).powf(-0.133_204_76) };
    let green = if t <= 66.0 { 99.470_8 * t.ln() - 161.119_57 } else { 288.122_17 * (t - 60.0).powf(-0.075_514_85) };
    let blue = match t {
        t if t >= 66.0 => 255.0,
        t if t <= 19.0 => 0.0,
        t => 138.517_73 * (t - 10.0).ln() - 305.044_8,
    };
    let c = Vec3::new(red, green, blue).clamp(Vec3::ZERO, Vec3::splat(255.0)) / 255.0;
    let linear = Vec3::from_array(c.to_array().map(super::inks::to_linear));
    linear / super::inks::luminance(linear).max(1e-3)
}

/// A random kind of light with its sun. Mean irradiance is around pi, so that a white surface shows about 1.
pub fn random(size: usize, sun_direction: Vec3, rng: &mut impl Rng) -> (Environment, Sun) {
    let kelvin = (rng.random_range(2800f32.ln()..10_000f32.ln())).exp();
    let tint = black_body(kelvin).lerp(Vec3::ONE, 0.35);
    let ground = Vec3::splat(rng.random_range(0.04..0.4)) * Vec3::new(1.0, rng.random_range(0.85..1.1), rng.random_range(0.7..1.0));
    let seed: u32 = rng.random();
    let (environment, strength) = match rng.random_range(0..10) {
        0..4 => (open_sky(size, tint, ground, sun_direction, seed, rng), rng.random_range(0.5..5.0f32)),
        4 | 5 => (overcast(size, tint, ground, seed, rng), if rng.random_bool(0.2) { 0.4 } else { 0.0 }),
        6 | 7 => (studio(size, tint, rng), if rng.random_bool(0.3) { rng.random_range(0.3..1.5) } else { 0.0 }),
        8 => (hall(size, tint, seed, rng), 0.0),
        _ => (abstract_colours(size, seed, rng), if rng.random_bool(0.4) { rng.random_range(0.5..2.5) } else { 0.0 }),
    };
    let level = super::inks::luminance(environment.irradiance(Vec3::Y)).max(0.05);
    let scale = rng.random_range(1.6..3.2) / level;
    let scaled = environment.scaled(scale);
    let sun_tint = black_body(rng.random_range(3200.0..6500.0));
    let irradiance = if sun_direction.y > 0.02 { sun_tint * strength } else { Vec3::ZERO };
    (scaled, Sun { direction: sun_direction, irradiance })
}

impl Environment {
    /// As bright as `factor` says.
    pub(super) fn scaled(mut self, factor: f32) -> Self {
        self.levels.iter_mut().flat_map(|l| &mut l.texels).for_each(|t| *t *= factor);
        self.harmonics.iter_mut().for_each(|h| *h *= factor);
        self
    }
}

/// A black sky with a few lamps of one colour over dark ground; irradiance is some hundredths of a day's.
pub fn night(size: usize, tint: Vec3, rng: &mut impl Rng) -> Environment {
    let sky = Vec3::new(0.006, 0.007, 0.011) * rng.random_range(0.5..2.0f32);
    let ground = tint * rng.random_range(0.006..0.02f32);
    let lamps: Vec<(Vec3, f32, f32)> = (0..rng.random_range(3..9))
        .map(|_| {
            let (azimuth, up): (f32, f32) = (rng.random_range(0.0..2.0 * PI), rng.random_range(0.08..0.7));
            let flat = (1.0 - up * up).sqrt();
            let towards = Vec3::new(flat * azimuth.cos(), up, flat * azimuth.sin());
            (towards, rng.random_range(0.9985..0.9997), rng.random_range(2.0..12.0))
        })
        .collect();
    Environment::new(size, |d| {
        let back = if d.y < 0.0 { ground } else { sky + tint * 0.02 * (1.0 - d.y).powi(12) };
        lamps.iter().fold(back, |sum, (towards, edge, light)| {
            let facing = d.dot(*towards);
            sum + tint * if facing > *edge { *light } else { 0.03 * facing.max(0.0).powi(200) }
        })
    })
}

/// A band of trees, stands or houses above the horizon: the height it reaches in a direction.
pub(super) fn skyline(d: Vec3, seed: u32, height: f32, blocky: bool) -> f32 {
    let around = Vec3::new(d.x, 0.0, d.z).normalize_or(Vec3::X) * if blocky { 5.0 } else { 9.0 };
    let around = if blocky { (around * 2.0).floor() * 0.5 } else { around };
    height * noise::fractal(around, if blocky { 1 } else { 4 }, seed)
}

fn open_sky(size: usize, tint: Vec3, ground: Vec3, sun: Vec3, seed: u32, rng: &mut impl Rng) -> Environment {
    let zenith = Vec3::new(0.18, 0.36, 0.8) * rng.random_range(0.4..1.2f32);
    let horizon = Vec3::new(0.75, 0.85, 1.0) * tint;
    let clouds = rng.random_range(0.0..1.0f32);
    let glow = rng.random_range(0.5..4.0f32);
    let height = if rng.random_bool(0.7) { rng.random_range(0.05..0.5) } else { 0.0 };
    let blocky = rng.random_bool(0.4);
    let band = Vec3::new(rng.random_range(0.02..0.3), rng.random_range(0.03..0.3), rng.random_range(0.02..0.25));
    Environment::new(size, |d| {
        if d.y < 0.0 {
            let patch = noise::fractal(d / (0.08 - d.y) * 0.7, 3, seed ^ 7);
            return ground * (0.6 + 0.8 * patch);
        }
        if d.y < skyline(d, seed, height, blocky) {
            return band * (0.4 + 1.2 * noise::fractal(d * 14.0, 3, seed ^ 5));
        }
        let t = (1.0 - d.y).powi(3);
        let cloud = ((noise::fractal(d / (d.y + 0.25) * 1.7, 4, seed) - 0.65 + 0.4 * clouds) * 4.0).clamp(0.0, 1.0);
        let sky = zenith.lerp(horizon, t).lerp(Vec3::splat(1.15) * tint, cloud * 0.9);
        sky + tint * glow * d.dot(sun).max(0.0).powi(24)
    })
}

fn overcast(size: usize, tint: Vec3, ground: Vec3, seed: u32, rng: &mut impl Rng) -> Environment {
    let height = rng.random_range(0.0..0.4);
    let blocky = rng.random_bool(0.5);
    let band = Vec3::splat(rng.random_range(0.03..0.35));
    let steep = rng.random_range(0.2..2.0f32);
    Environment::new(size, |d| {
        if d.y < 0.0 {
            return ground * (0.7 + 0.5 * noise::fractal(d / (0.08 - d.y), 3, seed ^ 7));
        }
        if d.y < skyline(d, seed, height, blocky) {
            return band * (0.4 + noise::fractal(d * 12.0, 3, seed ^ 5));
        }
        tint * (1.0 + steep * d.y) / (1.0 + steep) * (0.8 + 0.4 * noise::fractal(d * 2.0, 3, seed))
    })
}

/// A soft box or a window: a lit rectangle far away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Panel {
    /// Unit vector to its middle.
    pub towards: Vec3,
    /// Unit vector along its width.
    pub side: Vec3,
    /// Half its width and height by its distance.
    pub half: Vec2,
    /// Width of its soft edge, likewise.
    pub soft: f32,
    /// Radiance, linear RGB.
    pub light: Vec3,
}

impl Panel {
    /// What it adds in a direction.
    pub fn radiance(&self, d: Vec3) -> Vec3 {
        let facing = d.dot(self.towards);
        if facing < 0.1 {
            return Vec3::ZERO;
        }
        let at = Vec2::new(d.dot(self.side), d.dot(self.towards.cross(self.side))) / facing;
        let edge = ((self.half - at.abs()) / self.soft).clamp(Vec2::ZERO, Vec2::ONE);
        self.light * edge.x * edge.y
    }
}

fn studio(size: usize, tint: Vec3, rng: &mut impl Rng) -> Environment {
    let wall = Vec3::splat(rng.random_range(0.01..0.7f32)) * tint;
    let floor = Vec3::splat(rng.random_range(0.02..0.7f32)) * tint;
    let boxes: Vec<Panel> = (0..rng.random_range(1..7))
        .map(|_| {
            let azimuth = rng.random_range(0.0..2.0 * PI);
            let up: f32 = rng.random_range(0.0..1.0);
            let flat = (1.0 - up * up).sqrt();
            let towards = Vec3::new(flat * azimuth.cos(), up, flat * azimuth.sin());
            Panel {
                towards,
                side: towards.any_orthonormal_vector(),
                half: Vec2::new(rng.random_range(0.1..0.9), rng.random_range(0.05..0.5)),
                soft: rng.random_range(0.02..0.3),
                light: tint * rng.random_range(0f32..3.4).exp(),
            }
        })
        .collect();
    Environment::new(size, |d| {
        let back = if d.y < 0.0 { floor } else { wall.lerp(floor, (1.0 - d.y).powi(6)) };
        boxes.iter().fold(back, |sum, panel| sum + panel.radiance(d))
    })
}

fn hall(size: usize, tint: Vec3, seed: u32, rng: &mut impl Rng) -> Environment {
    let walls = Vec3::new(rng.random_range(0.05..0.6), rng.random_range(0.05..0.6), rng.random_range(0.05..0.6));
    let floor = Vec3::splat(rng.random_range(0.05..0.5));
    let lamps = rng.random_range(2.0..7.0f32);
    let light = rng.random_range(0.7f32..3.2).exp();
    let ceiling = rng.random_range(0.0..0.3f32);
    Environment::new(size, |d| {
        if d.y < -0.02 {
            let at = d / -d.y;
            return floor * (0.6 + 0.6 * noise::fractal(at, 3, seed));
        }
        if d.y > 0.35 {
            let at = d / d.y * lamps;
            let lit = at.x.rem_euclid(2.0) < 0.35 && at.z.rem_euclid(4.0) < 3.0;
            return if lit { tint * light } else { tint * ceiling };
        }
        let panel = noise::unit((d.x * 7.0).floor() as i32, (d.y * 6.0).floor() as i32, (d.z * 7.0).floor() as i32, seed);
        walls * (0.3 + panel)
    })
}

fn abstract_colours(size: usize, seed: u32, rng: &mut impl Rng) -> Environment {
    let scale = rng.random_range(0.8..4.0f32);
    let contrast = rng.random_range(1.0..4.0f32);
    let saturation = rng.random_range(0.0..0.8f32);
    Environment::new(size, |d| {
        let channel = |i: u32| noise::fractal(d * scale, 3, seed ^ (i * 77)).powf(contrast) * 2.0;
        let colour = Vec3::new(channel(1), channel(2), channel(3));
        Vec3::splat(channel(0)).lerp(colour, saturation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_survive_the_octahedron() {
        for i in 0..200 {
            let d = Vec3::new((i as f32).sin(), (i as f32 * 1.7).cos(), (i as f32 * 0.3).sin()).normalize();
            assert!((decode(encode(d)) - d).length() < 1e-4, "{d}");
        }
    }

    #[test]
    fn uniform_light_gives_pi_everywhere() {
        let env = Environment::new(32, |_| Vec3::ONE);
        for n in [Vec3::X, -Vec3::Y, Vec3::ONE.normalize()] {
            assert!((env.irradiance(n) - PI).length() < 0.05, "{}", env.irradiance(n));
            assert!((env.radiance(n, 0.7) - 1.0).length() < 1e-4);
        }
    }

    #[test]
    fn light_from_above_falls_on_what_looks_up() {
        // A cosine-free half sphere: pi on top, pi / 2 on the side, none below (up to the ringing of three bands).
        let env = Environment::new(64, |d| if d.y > 0.0 { Vec3::ONE } else { Vec3::ZERO });
        assert!((env.irradiance(Vec3::Y).x - PI).abs() < 0.15);
        assert!((env.irradiance(Vec3::X).x - PI / 2.0).abs() < 0.1);
        assert!(env.irradiance(-Vec3::Y).x < 0.15);
    }
}
