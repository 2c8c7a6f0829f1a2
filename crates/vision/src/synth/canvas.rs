//! Clutter: random shapes with random fills, behind the car as background and before it as things in the way.

use glam::{Vec2, Vec3, Vec4};
use rand::Rng;

use super::inks::from_hsv;
use super::noise;

/// A picture of shapes, premultiplied linear RGBA, looked up by 0..1 coordinates.
#[derive(Debug, Clone)]
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Vec4>,
}

#[derive(Debug, Clone, Copy)]
enum Fill {
    Flat,
    Noise { scale: f32 },
    Stripes { direction: Vec2, period: f32 },
    Ramp { direction: Vec2 },
}

fn colour(rng: &mut impl Rng) -> Vec3 {
    let saturation = if rng.random_bool(0.4) { rng.random_range(0.4..1.0) } else { rng.random_range(0.0..0.3) };
    from_hsv(rng.random_range(0.0..360.0), saturation, rng.random_range(0.03..1.0f32))
}

impl Canvas {
    /// Background: a ramp or noise with up to 40 shapes on it, opaque.
    pub fn background(width: usize, height: usize, rng: &mut impl Rng) -> Self {
        let (a, b) = (colour(rng), colour(rng));
        let seed: u32 = rng.random();
        let scale = rng.random_range(1.0..30.0f32);
        let noisy = rng.random_bool(0.4);
        let flat = rng.random_bool(0.25);
        let mut canvas = Self::filled(width, height, |p| {
            let t = match (flat, noisy) {
                (true, _) => 0.0,
                (_, true) => noise::fractal(Vec3::new(p.x, p.y, 0.0) * scale, 3, seed),
                _ => p.y,
            };
            a.lerp(b, t).extend(1.0)
        });
        let shapes = if rng.random_bool(0.2) { 0 } else { rng.random_range(1..40) };
        let largest = rng.random_range(0.05..0.6f32);
        for _ in 0..shapes {
            canvas.shape(largest, rng);
        }
        canvas
    }

    /// One to three things that stand in the way, transparent elsewhere.
    pub fn occluders(width: usize, height: usize, rng: &mut impl Rng) -> Self {
        let mut canvas = Self::filled(width, height, |_| Vec4::ZERO);
        for _ in 0..rng.random_range(1..4) {
            canvas.shape(rng.random_range(0.04..0.3), rng);
        }
        canvas
    }

    fn filled(width: usize, height: usize, f: impl Fn(Vec2) -> Vec4) -> Self {
        let pixels = (0..width * height)
            .map(|i| f(Vec2::new((i % width) as f32 + 0.5, (i / width) as f32 + 0.5) / Vec2::new(width as f32, height as f32)))
            .collect();
        Self { width, height, pixels }
    }

    fn shape(&mut self, largest: f32, rng: &mut impl Rng) {
        let aspect = self.width as f32 / self.height as f32;
        let centre = Vec2::new(rng.random_range(-0.1..1.1) * aspect, rng.random_range(-0.1..1.1));
        let mut half = Vec2::new(rng.random_range(0.2..1.0), rng.random_range(0.2..1.0)) * largest;
        let kind = rng.random_range(0..4);
        if kind == 3 {
            // A pole, cable or kerb.
            half = Vec2::new(rng.random_range(0.004..0.03), 2.0);
        }
        let angle = if rng.random_bool(0.5) { 0.0 } else { rng.random_range(-1.6..1.6) };
        let along = Vec2::from_angle(angle);
        let fill = match rng.random_range(0..5) {
            0 => Fill::Noise { scale: rng.random_range(3.0..60.0) },
            1 => Fill::Stripes {
                direction: Vec2::from_angle(rng.random_range(0.0..3.2)),
                period: rng.random_range(0.01..0.15),
            },
            2 => Fill::Ramp { direction: Vec2::from_angle(rng.random_range(0.0..6.3)) },
            _ => Fill::Flat,
        };
        let (a, b) = (colour(rng), colour(rng));
        let seed: u32 = rng.random();
        let opacity = if rng.random_bool(0.9) { 1.0 } else { rng.random_range(0.3..1.0) };
        let reach = Vec2::splat(half.length().min(3.0));
        let to_px = |v: f32| v * self.height as f32;
        let span = |low: f32, high: f32, end: usize| (low.max(0.0) as usize).min(end)..(high.max(0.0).ceil() as usize).min(end);
        let (low, high) = (centre - reach, centre + reach);
        for y in span(to_px(low.y), to_px(high.y), self.height) {
            for x in span(to_px(low.x), to_px(high.x), self.width) {
                let p = Vec2::new(x as f32 + 0.5, y as f32 + 0.5) / self.height as f32;
                let d = p - centre;
                let local = Vec2::new(d.dot(along), d.dot(along.perp())) / half;
                let inside = match kind {
                    0 => local.length_squared() < 1.0,
                    1 => local.length_squared() < 0.6 + 0.8 * noise::value((local * 2.0).extend(0.0), seed),
                    _ => local.abs().max_element() < 1.0,
                };
                if !inside {
                    continue;
                }
                let t = match fill {
                    Fill::Flat => 0.0,
                    Fill::Noise { scale } => noise::fractal((p * scale).extend(0.0), 2, seed),
                    Fill::Stripes { direction, period } => f32::from((p.dot(direction) / period).rem_euclid(1.0) < 0.5),
                    Fill::Ramp { direction } => (d.dot(direction) / reach.x * 0.5 + 0.5).clamp(0.0, 1.0),
                };
                let under = &mut self.pixels[y * self.width + x];
                *under = *under * (1.0 - opacity) + a.lerp(b, t).extend(1.0) * opacity;
            }
        }
    }

    /// Premultiplied colour at `uv` in 0..1, nearest.
    pub fn at(&self, uv: Vec2) -> Vec4 {
        let x = ((uv.x * self.width as f32).max(0.0) as usize).min(self.width - 1);
        let y = ((uv.y * self.height as f32).max(0.0) as usize).min(self.height - 1);
        self.pixels[y * self.width + x]
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn backgrounds_are_opaque_and_occluders_leave_most_of_the_picture_free() {
        let mut rng = rand_pcg::Pcg64Mcg::seed_from_u64(4);
        let mut covered = 0.0;
        for _ in 0..40 {
            let back = Canvas::background(56, 32, &mut rng);
            assert!(back.pixels.iter().all(|p| (p.w - 1.0).abs() < 1e-5 && p.is_finite()));
            let front = Canvas::occluders(56, 32, &mut rng);
            covered += front.pixels.iter().map(|p| p.w).sum::<f32>() / front.pixels.len() as f32 / 40.0;
        }
        assert!((0.02..0.5).contains(&covered), "{covered}");
    }
}
