//! The grounds of invented liveries: what covers the car below numbers and sponsors.
//!
//! Every pattern is a function of the place, in metres and in the -1..1 of the bounding box. A symmetric pattern looks
//! at |x| only.

use glam::{Vec3, Vec3Swizzles};
use gridvox_car::PartClass;
use rand::Rng;

use super::livery::{Family, Spot};
use super::noise;

/// A ground with its random choices made.
#[derive(Debug, Clone)]
pub struct Pattern {
    asymmetric: bool,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Plain,
    /// Fields of colour cut by planes, the last that applies wins.
    Fields(Vec<Cut>),
    Stripes(Vec<Stripe>),
    Gradient { direction: Vec3, from: f32, to: f32, dots: Option<f32>, middle: bool },
    Camouflage { scale: Vec3, blocks: Option<f32>, seed: u32, cuts: [f32; 3] },
    Splash { direction: Vec3, edge: f32, reach: f32, scale: f32, stretch: Vec3, spatter: bool, seed: u32 },
    Panels { inks: [u8; PartClass::ALL.len()] },
    Polygons { scale: Vec3, seed: u32, fade: Vec3, edge: f32, line: f32 },
}

#[derive(Debug, Clone, Copy)]
struct Cut {
    normal: Vec3,
    offset: f32,
    /// How much the cut's edge swings along the car.
    bend: f32,
    ink: usize,
}

#[derive(Debug, Clone, Copy)]
struct Stripe {
    across: Across,
    low: f32,
    high: f32,
    ink: usize,
}

/// What a stripe measures its width along.
#[derive(Debug, Clone, Copy)]
enum Across {
    /// From the centre line outward, on surfaces that look up, forward or back; metres.
    Centre,
    /// Height, with a slope and a bend along the car; metres.
    Height { slope: f32, bend: f32 },
    /// Along the car, leaning with height; metres.
    Length { lean: f32 },
}

/// Draws the choices of a pattern. `asymmetric` lets it tell left from right.
pub fn random(family: Family, inks: &[Vec3], asymmetric: bool, rng: &mut impl Rng) -> Pattern {
    let other = |rng: &mut _| other_ink(inks, rng);
    let kind = match family {
        Family::Plain => Kind::Plain,
        Family::Stripes => {
            let mut stripes = Vec::new();
            for _ in 0..rng.random_range(1..4) {
                stripe_set(&mut stripes, inks, rng);
            }
            Kind::Stripes(stripes)
        }
        Family::Gradient => Kind::Gradient {
            direction: Vec3::new(rng.random_range(-0.4..0.4), rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0))
                .normalize_or(Vec3::Z),
            from: rng.random_range(-0.8..0.0),
            to: rng.random_range(0.2..0.9),
            dots: rng.random_bool(0.3).then(|| rng.random_range(0.05..0.14)),
            middle: rng.random_bool(0.4),
        },
        Family::Camouflage => Kind::Camouflage {
            scale: Vec3::splat(rng.random_range(1.3..4.0)) * Vec3::new(1.0, rng.random_range(1.0..2.0), rng.random_range(0.5..1.0)),
            blocks: rng.random_bool(0.35).then(|| rng.random_range(0.05..0.14)),
            seed: rng.random(),
            cuts: [0.42, 0.53, rng.random_range(0.6..0.7)],
        },
        Family::Sponsors => {
            let cuts = (0..rng.random_range(1..4))
                .map(|_| Cut {
                    normal: Vec3::new(rng.random_range(-0.3..0.3), rng.random_range(-1.0..1.0), rng.random_range(-0.8..0.8)),
                    offset: rng.random_range(-0.3..0.3),
                    bend: rng.random_range(-0.5..0.5),
                    ink: other(rng),
                })
                .collect();
            Kind::Fields(cuts)
        }
        Family::Splash => Kind::Splash {
            direction: Vec3::new(0.0, rng.random_range(-0.6..0.6), if rng.random_bool(0.5) { 1.0 } else { -1.0 }),
            edge: rng.random_range(-0.5..0.4),
            reach: rng.random_range(0.3..0.9),
            scale: rng.random_range(1.5..4.0),
            stretch: Vec3::new(1.0, 1.6, rng.random_range(0.25..1.0)),
            spatter: rng.random_bool(0.6),
            seed: rng.random(),
        },
        Family::Panels => {
            let mut table = [0u8; PartClass::ALL.len()];
            table.iter_mut().for_each(|ink| *ink = rng.random_range(0..inks.len()) as u8);
            Kind::Panels { inks: table }
        }
        Family::Polygons => Kind::Polygons {
            scale: Vec3::splat(rng.random_range(1.2..3.2)) * Vec3::new(1.0, 1.3, rng.random_range(0.4..1.0)),
            seed: rng.random(),
            fade: Vec3::new(0.0, rng.random_range(-0.6..0.6), rng.random_range(-1.0..1.0)),
            edge: rng.random_range(-0.4..0.4),
            line: if rng.random_bool(0.4) { rng.random_range(0.01..0.04) } else { 0.0 },
        },
    };
    Pattern { asymmetric, kind }
}

fn other_ink(inks: &[Vec3], rng: &mut impl Rng) -> usize {
    if inks.len() < 2 { 0 } else { rng.random_range(1..inks.len()) }
}

fn stripe_set(stripes: &mut Vec<Stripe>, inks: &[Vec3], rng: &mut impl Rng) {
    let across = match rng.random_range(0..4) {
        0 => Across::Centre,
        1 | 2 => Across::Height { slope: rng.random_range(-0.12..0.12), bend: rng.random_range(-0.06..0.06) },
        _ => Across::Length { lean: rng.random_range(-1.2..1.2) },
    };
    let mut at = match across {
        Across::Centre => rng.random_range(0.0..0.35f32),
        Across::Height { .. } => rng.random_range(0.15..0.75),
        Across::Length { .. } => rng.random_range(-2.0..1.6),
    };
    for _ in 0..rng.random_range(1..4) {
        let width = rng.random_range(0.03..0.28f32);
        stripes.push(Stripe { across, low: at, high: at + width, ink: other_ink(inks, rng) });
        at += width + rng.random_range(0.015..0.12);
    }
}

impl Pattern {
    /// The ink at a spot whose place in the bounding box is `q`.
    pub fn ink(&self, spot: &Spot, mut q: Vec3, inks: &[Vec3]) -> Vec3 {
        let mut p = spot.position;
        if !self.asymmetric {
            p.x = p.x.abs();
            q.x = q.x.abs();
        }
        match &self.kind {
            Kind::Plain => inks[0],
            Kind::Fields(cuts) => {
                let wins = cuts.iter().rev().find(|c| q.dot(c.normal) + c.bend * (q.z * 1.5).sin() > c.offset);
                wins.map_or(inks[0], |c| inks[c.ink])
            }
            Kind::Stripes(stripes) => {
                let wins = stripes.iter().rev().find(|s| s.covers(p, spot.normal));
                wins.map_or(inks[0], |s| inks[s.ink])
            }
            Kind::Gradient { direction, from, to, dots, middle } => {
                gradient(inks, p, (q.dot(*direction) - from) / (to - from), *dots, *middle)
            }
            Kind::Camouflage { scale, blocks, seed, cuts } => {
                let p = blocks.map_or(p, |size| (p / size).round() * size);
                let t = noise::fractal(p * *scale, 3, *seed);
                let index = cuts.iter().filter(|&&cut| t > cut).count();
                inks[index % inks.len()]
            }
            Kind::Splash { direction, edge, reach, scale, stretch, spatter, seed } => {
                let swirl = noise::fractal(p * *scale * *stretch, 3, *seed) - 0.5;
                let t = q.dot(*direction) - edge + 2.0 * reach * swirl;
                if *spatter && t > -0.7 {
                    let (id, margin) = noise::cell(p * (*scale * 4.0), *seed);
                    if margin > 0.45 - 0.1 * t && (id & 255) as f32 / 255.0 < 0.5 + t {
                        return inks[1 % inks.len()];
                    }
                }
                match t {
                    t if t > 0.25 => inks[1 % inks.len()],
                    t if t > 0.0 => inks[2 % inks.len()],
                    _ => inks[0],
                }
            }
            Kind::Panels { inks: table } => inks[table[spot.class as usize] as usize % inks.len()],
            Kind::Polygons { scale, seed, fade, edge, line } => {
                let (id, margin) = noise::cell(p * *scale, *seed);
                if margin < *line {
                    return inks[1 % inks.len()] * 0.2;
                }
                let pick = (id & 0xffff) as f32 / 65535.0;
                let toward = q.dot(*fade) - edge + (pick - 0.5) * 1.2;
                let ink = if toward < 0.0 { 0 } else { 1 + (id >> 16) as usize % (inks.len() - 1).max(1) };
                let shade = 0.78 + 0.22 * ((id >> 24) as f32 / 255.0);
                inks[ink % inks.len()] * shade
            }
        }
    }
}

fn gradient(inks: &[Vec3], p: Vec3, t: f32, dots: Option<f32>, middle: bool) -> Vec3 {
    let t = t.clamp(0.0, 1.0);
    let (a, b) = (inks[0], inks[1 % inks.len()]);
    if let Some(size) = dots {
        let at = (p.zy() / size).fract_gl() - 0.5;
        let radius = 0.72 * t.sqrt();
        return if at.length_squared() < radius * radius { b } else { a };
    }
    if middle && inks.len() > 2 {
        return if t < 0.5 { a.lerp(inks[2], 2.0 * t) } else { inks[2].lerp(b, 2.0 * t - 1.0) };
    }
    a.lerp(b, t)
}

impl Stripe {
    fn covers(&self, p: Vec3, normal: Vec3) -> bool {
        let at = match self.across {
            Across::Centre if normal.x.abs() > 0.75 => return false,
            Across::Centre => p.x,
            Across::Height { slope, bend } => p.y + slope * p.z + bend * p.z * p.z,
            Across::Length { lean } => p.z + lean * p.y,
        };
        at >= self.low && at < self.high
    }
}
