//! Light on paint, glass, rubber and ground: from a frame and a scenery to linear RGB.

use glam::{Vec2, Vec3};
use gridvox_car::MaterialKind;
use image::RgbaImage;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use super::canvas::Canvas;
use super::inks::{from_hsv, to_linear};
use super::light::{Environment, Sun};
use super::livery::{Design, Spot};
use super::noise;
use super::subject::{Frame, PartLook, Subject};
use super::traced::{Rays, Traced, Tracer};

/// Where the paint's ink comes from.
pub enum Paint<'a> {
    /// A design, evaluated on the car.
    Design(&'a Design),
    /// A livery texture.
    Texture(&'a RgbaImage),
}

/// How the paint takes light.
#[derive(Debug, Clone, Copy)]
pub struct Finish {
    /// 0..1.
    pub metallic: f32,
    /// Perceptual roughness below the clear coat, 0..1.
    pub roughness: f32,
    /// Strength of the clear coat, 0..1.
    pub coat: f32,
    /// Perceptual roughness of the clear coat, 0..1.
    pub coat_roughness: f32,
    /// Share of dirt near the ground, 0..1.
    pub dirt: f32,
}

impl Finish {
    /// A clean glossy car.
    pub fn glossy() -> Self {
        Self { metallic: 0.0, roughness: 0.5, coat: 1.0, coat_roughness: 0.05, dirt: 0.0 }
    }

    /// Matte to chrome.
    pub fn random(rng: &mut impl Rng) -> Self {
        let metallic = match rng.random_range(0..10) {
            0..6 => 0.0,
            6..9 => rng.random_range(0.1..0.7),
            _ => 1.0,
        };
        let matte = rng.random_bool(0.2);
        Self {
            metallic,
            roughness: rng.random_range(if metallic == 1.0 { 0.02..0.4 } else { 0.2..0.8 }),
            coat: if matte { 0.0 } else { rng.random_range(0.4..1.0) },
            coat_roughness: rng.random_range(0.0..0.35),
            dirt: if rng.random_bool(0.3) { rng.random_range(0.0..0.8) } else { 0.0 },
        }
    }
}

/// What surrounds the car.
pub struct Scenery {
    /// Light from everywhere.
    pub environment: Environment,
    /// Light from one direction; must be the frame's sun direction.
    pub sun: Sun,
    /// The floor, or none where the car floats before its backdrop.
    pub ground: Option<Ground>,
    /// Clutter instead of the environment behind the car.
    pub backdrop: Option<Canvas>,
    /// Things before the car.
    pub occluders: Option<Canvas>,
    /// Colour of the parts that carry no livery.
    pub trim: Trim,
    /// Shows albedo alone, without any light.
    pub unlit: bool,
}

/// Colours of what is not painted.
#[derive(Debug, Clone, Copy)]
pub struct Trim {
    /// Rims, linear RGB.
    pub rim: Vec3,
    /// Tyres, carbon and black plastic.
    pub dark: f32,
    /// Behind the windows.
    pub cockpit: Vec3,
    /// Lamps' own light.
    pub lamps: f32,
    /// Whether the car file's base colours are used rather than these.
    pub by_file: bool,
}

impl Trim {
    /// A dark car with silver rims.
    pub fn plain() -> Self {
        Self { rim: Vec3::splat(0.35), dark: 0.03, cockpit: Vec3::splat(0.015), lamps: 0.0, by_file: true }
    }

    /// Rims of any colour, darker and lighter trim.
    pub fn random(rng: &mut impl Rng) -> Self {
        let saturation = if rng.random_bool(0.4) { rng.random_range(0.4..1.0) } else { 0.05 };
        let tint = Vec3::new(rng.random_range(0.6..1.2), rng.random_range(0.7..1.1), rng.random_range(0.6..1.2));
        Self {
            rim: from_hsv(rng.random_range(0.0..360.0), saturation, rng.random_range(0.05..0.9)),
            dark: rng.random_range(0.008..0.09),
            cockpit: tint * rng.random_range(0.003..0.12f32),
            lamps: if rng.random_bool(0.35) { rng.random_range(0.5..12.0) } else { 0.0 },
            by_file: rng.random_bool(0.5),
        }
    }
}

/// A floor at Y = 0.
#[derive(Debug, Clone, Copy)]
pub struct Ground {
    /// Linear RGB.
    pub base: Vec3,
    /// Linear RGB of the texture's other tone.
    pub other: Vec3,
    /// What covers it.
    pub cover: Cover,
    /// Where it ends, metres from the car.
    pub reach_m: f32,
    /// How much the floor mirrors, 0..1.
    pub gloss: f32,
    /// For its texture.
    pub seed: u32,
}

/// A floor's texture; sizes in metres.
#[derive(Debug, Clone, Copy)]
pub enum Cover {
    /// Asphalt, concrete, grass, gravel.
    Grain {
        /// Of a grain.
        size: f32,
    },
    /// Tiles or slabs with joints.
    Tiles {
        /// Of a tile.
        size: f32,
    },
    /// Painted lines or kerbs.
    Lines {
        /// Across the lines.
        direction: Vec2,
        /// From line to line.
        spacing: f32,
        /// Of a line.
        width: f32,
    },
}

impl Ground {
    /// Grey concrete.
    pub fn plain() -> Self {
        let tone = Vec3::splat(0.2);
        Self { base: tone, other: tone * 0.8, cover: Cover::Grain { size: 0.5 }, reach_m: 40.0, gloss: 0.0, seed: 1 }
    }

    /// Any floor.
    pub fn random(rng: &mut impl Rng) -> Self {
        let grey = Vec3::splat(rng.random_range(0.02..0.75));
        let hue = rng.random_range(0.0..360.0);
        let base = match rng.random_range(0..6) {
            0 => Vec3::new(0.05, 0.12, 0.02) * rng.random_range(0.5..2.5f32),
            1 => Vec3::new(0.3, 0.2, 0.1) * rng.random_range(0.3..1.8f32),
            2 => from_hsv(hue, rng.random_range(0.2..1.0), rng.random_range(0.1..0.9)),
            _ => grey,
        };
        let cover = match rng.random_range(0..4) {
            0 => Cover::Tiles { size: rng.random_range(0.3..3.0) },
            1 => Cover::Lines {
                direction: Vec2::from_angle(rng.random_range(0.0..3.2)),
                spacing: rng.random_range(0.8..7.0),
                width: rng.random_range(0.08..0.9),
            },
            _ => Cover::Grain { size: rng.random_range(0.03..1.5) },
        };
        Self {
            base,
            other: base * rng.random_range(0.3..1.6f32) + Vec3::splat(if rng.random_bool(0.2) { 0.4 } else { 0.0 }),
            cover,
            reach_m: rng.random_range(5.0..80.0),
            gloss: if rng.random_bool(0.25) { rng.random_range(0.1..0.7) } else { 0.0 },
            seed: rng.random(),
        }
    }

    pub(super) fn albedo(&self, p: Vec3) -> Vec3 {
        match self.cover {
            Cover::Grain { size } => self.base.lerp(self.other, noise::fractal(p / size, 2, self.seed)),
            Cover::Tiles { size } => {
                let at = (Vec2::new(p.x, p.z) / size).fract_gl();
                let joint = at.min_element() < 0.03;
                let cell = (p / size).floor();
                let tone = noise::unit(cell.x as i32, 0, cell.z as i32, self.seed);
                if joint { self.other } else { self.base * (0.8 + 0.4 * tone) }
            }
            Cover::Lines { direction, spacing, width } => {
                let at = Vec2::new(p.x, p.z).dot(direction).rem_euclid(spacing);
                let grain = 0.8 + 0.4 * noise::value(p * 6.0, self.seed);
                if at < width { self.other * grain } else { self.base * grain }
            }
        }
    }
}

/// How a point on the car reflects.
pub(super) struct Surface {
    pub albedo: Vec3,
    pub metallic: f32,
    pub roughness: f32,
    pub coat: f32,
    pub coat_roughness: f32,
    pub emission: Vec3,
}

/// How [`shade`] computes samples.
#[derive(Clone, Copy)]
pub enum Effort<'a> {
    /// Every other one, like the black squares of a chessboard, from what a rasteriser knows; the others repeat a neighbour.
    /// With two samples per pixel along each axis both computed ones lie on its diagonal.
    Half,
    /// Every one, from what a rasteriser knows.
    Full,
    /// Every one, the car by rays.
    Rays(&'a Tracer),
}

/// Shades the samples of a frame: linear RGB, and for each sample whether it shows the unobstructed car (1 or 0).
pub fn shade(
    subject: &Subject,
    frame: &Frame,
    scenery: &Scenery,
    paint: &Paint,
    finish: &Finish,
    effort: Effort,
) -> (Vec<Vec3>, Vec<u8>) {
    let half = matches!(effort, Effort::Half);
    let traced = match effort {
        Effort::Rays(tracer) => Some(Traced { tracer, subject, frame, scenery, paint, finish, rays: Rays::OF_PIXEL }),
        Effort::Half | Effort::Full => None,
    };
    let (width, height) = (frame.gbuffer.width as usize, frame.gbuffer.height as usize);
    let camera = frame.view.camera.scaled_to(width as u32, height as u32);
    let eye = camera.eye();
    let mut colours = vec![Vec3::ZERO; width * height];
    let mut visible = vec![0u8; width * height];
    let rows = colours.par_chunks_mut(width).zip(visible.par_chunks_mut(width)).enumerate();
    rows.with_min_len(16).for_each(|(y, (colours, visible))| {
        let rng = &mut Pcg64Mcg::seed_from_u64(y as u64);
        for x in 0..width {
            let i = y * width + x;
            let px = Vec2::new(x as f32 + 0.5, y as f32 + 0.5);
            let uv = px / Vec2::new(width as f32, height as f32);
            let front = scenery.occluders.as_ref().map(|c| c.at(uv));
            if half && (x ^ y) & 1 == 1 {
                visible[x] = u8::from(frame.gbuffer.part[i] != 0 && front.is_none_or(|f| f.w < 0.5));
                continue;
            }
            if let Some(front) = front.filter(|f| f.w > 0.99) {
                colours[x] = front.truncate() * light_level(scenery);
                continue;
            }
            let mut colour = if frame.gbuffer.part[i] != 0 {
                visible[x] = 1;
                match &traced {
                    Some(traced) => traced.at(i, rng).0,
                    None => shade_car(subject, frame, i, scenery, paint, finish),
                }
            } else {
                background(subject, frame, scenery, eye, camera.ray(px), uv)
            };
            if let Some(front) = front.filter(|f| f.w > 0.0) {
                colour = colour * (1.0 - front.w) + front.truncate() * light_level(scenery);
                visible[x] = u8::from(front.w < 0.5 && visible[x] == 1);
            }
            colours[x] = colour;
        }
        if half {
            for x in (0..width).filter(|x| (x ^ y) & 1 == 1) {
                colours[x] = colours[(x ^ 1).min(width - 1)];
            }
        }
    });
    (colours, visible)
}

/// Linear RGB that a sample of the frame sends to the camera where it shows the car.
fn shade_car(
    subject: &Subject,
    frame: &Frame,
    sample: usize,
    scenery: &Scenery,
    paint: &Paint,
    finish: &Finish,
) -> Vec3 {
    let g = &frame.gbuffer;
    let part = subject.part(g.part[sample]);
    let spot = Spot { position: g.position[sample], normal: g.normal[sample], class: part.class };
    let surface = surface(part, &spot, g.uv[sample], scenery, paint, finish);
    if scenery.unlit {
        return surface.albedo;
    }
    let to_eye = (frame.view.camera.eye() - spot.position).normalize_or(Vec3::Y);
    reflect(&surface, &spot, to_eye, subject, frame, scenery)
}

/// Shades a sample of the frame that shows no car; `px` is its place in samples.
pub fn shade_surroundings(subject: &Subject, frame: &Frame, px: Vec2, scenery: &Scenery) -> Vec3 {
    let size = Vec2::new(frame.gbuffer.width as f32, frame.gbuffer.height as f32);
    let camera = frame.view.camera.scaled_to(frame.gbuffer.width, frame.gbuffer.height);
    background(subject, frame, scenery, camera.eye(), camera.ray(px), px / size)
}

fn light_level(scenery: &Scenery) -> f32 {
    (scenery.environment.irradiance(Vec3::Y).element_sum() / 3.0).clamp(0.2, 6.0) / std::f32::consts::PI
}

fn texture(image: &RgbaImage, uv: Vec2) -> Vec3 {
    let (w, h) = (image.width() as f32, image.height() as f32);
    let p = uv.fract_gl() * Vec2::new(w, h) - 0.5;
    let base = p.floor();
    let f = p - base;
    let at = |dx: f32, dy: f32| {
        let x = (base.x + dx).clamp(0.0, w - 1.0) as u32;
        let y = (base.y + dy).clamp(0.0, h - 1.0) as u32;
        let [r, g, b, _] = image.get_pixel(x, y).0;
        Vec3::new(f32::from(r), f32::from(g), f32::from(b)) / 255.0
    };
    let top = at(0.0, 0.0).lerp(at(1.0, 0.0), f.x);
    let srgb = top.lerp(at(0.0, 1.0).lerp(at(1.0, 1.0), f.x), f.y);
    Vec3::from_array(srgb.to_array().map(to_linear))
}

pub(super) fn surface(part: &PartLook, spot: &Spot, uv: Vec2, scenery: &Scenery, paint: &Paint, finish: &Finish) -> Surface {
    let trim = &scenery.trim;
    let by_file = |ours: Vec3| if trim.by_file { part.base } else { ours };
    let dull = |albedo: Vec3, roughness: f32, coat: f32| Surface {
        albedo,
        metallic: 0.0,
        roughness,
        coat,
        coat_roughness: 0.1,
        emission: Vec3::ZERO,
    };
    match part.kind {
        MaterialKind::Paint => {
            let ink = match paint {
                Paint::Design(design) => design.ink(spot),
                Paint::Texture(image) => texture(image, uv),
            };
            let low = (1.0 - spot.position.y / 0.7).clamp(0.0, 1.0);
            let dirt = if finish.dirt > 0.0 { finish.dirt * low * noise::fractal(spot.position * 5.0, 3, 77) } else { 0.0 };
            Surface {
                albedo: ink.lerp(Vec3::new(0.16, 0.12, 0.08), dirt),
                metallic: finish.metallic * (1.0 - dirt),
                roughness: finish.roughness,
                coat: finish.coat * (1.0 - dirt),
                coat_roughness: finish.coat_roughness,
                emission: Vec3::ZERO,
            }
        }
        MaterialKind::Glass => {
            // Seats, cage and dashboard as soft dark shapes.
            let inside = noise::fractal(spot.position * 3.0, 2, 5);
            dull(trim.cockpit * (0.3 + 1.4 * inside), 0.5, 1.0)
        }
        MaterialKind::Lamp => {
            let glow = noise::value(spot.position * 14.0, 3);
            Surface { emission: Vec3::splat(trim.lamps * glow * glow), ..dull(by_file(Vec3::splat(0.5)) * (0.4 + 0.6 * glow), 0.25, 1.0) }
        }
        MaterialKind::Rubber => dull(by_file(Vec3::splat(trim.dark * 0.7)), 0.85, 0.05),
        MaterialKind::Metal => Surface { metallic: 0.8, ..dull(by_file(trim.rim), 0.35, 0.2) },
        MaterialKind::Carbon => dull(by_file(Vec3::splat(trim.dark)), 0.5, 0.7),
        MaterialKind::Interior => dull(by_file(Vec3::splat(trim.dark)), 0.8, 0.0),
    }
}

fn reflect(
    surface: &Surface,
    spot: &Spot,
    to_eye: Vec3,
    subject: &Subject,
    frame: &Frame,
    scenery: &Scenery,
) -> Vec3 {
    let n = spot.normal;
    let facing = n.dot(to_eye).clamp(0.02, 1.0);
    let fresnel = (1.0 - facing).powi(5);
    let mirror = n * (2.0 * n.dot(to_eye)) - to_eye;
    // Without a ray tracer: what is low and looks down sees a dark floor.
    let low = (1.0 - spot.position.y / 0.5).clamp(0.0, 1.0);
    let open = 1.0 - low * (0.55 - 0.45 * n.y).clamp(0.0, 0.95);
    let sun = &scenery.sun;
    let sun_facing = n.dot(sun.direction).max(0.0);
    let sunlight = if sun.irradiance.x > 0.0 && sun_facing > 0.0 {
        sun.irradiance * frame.shadow.sunlight(spot.position + n * 0.02)
    } else {
        Vec3::ZERO
    };
    let environment = &scenery.environment;
    let light = environment.irradiance(n) * open + sunlight * sun_facing;
    let diffuse = surface.albedo * (1.0 - surface.metallic) * light / std::f32::consts::PI;
    let f0 = Vec3::splat(0.04).lerp(surface.albedo, surface.metallic);
    let grazing = f0 + (Vec3::ONE - f0) * fresnel * (1.0 - surface.roughness);
    let half = (sun.direction + to_eye).normalize_or(n);
    let highlight = |roughness: f32| highlight(n.dot(half), roughness) * sun_facing;
    let floor = floor_in_mirror(spot.position, mirror, subject, frame, scenery);
    let mirrored = |roughness: f32| match floor {
        Some(floor) => floor * open,
        None => environment.radiance(mirror, roughness) * if mirror.y < 0.0 { open } else { 1.0 },
    };
    let specular = grazing * (mirrored(surface.roughness) + sunlight * highlight(surface.roughness));
    let mut colour = diffuse + specular + surface.emission;
    if surface.coat > 0.0 {
        let share = surface.coat * (0.04 + 0.96 * fresnel);
        let glint = mirrored(surface.coat_roughness) + sunlight * highlight(surface.coat_roughness);
        colour = colour * (1.0 - share) + glint * share;
    }
    colour
}

/// How bright the sun's mirror image is where the normal and the middle between sun and eye have this cosine (GGX).
pub(super) fn highlight(cosine: f32, roughness: f32) -> f32 {
    let a2 = (roughness * roughness).max(0.02).powi(2);
    let d = cosine.max(0.0).powi(2) * (a2 - 1.0) + 1.0;
    (a2 / (4.0 * std::f32::consts::PI * d * d)).min(40.0)
}

/// 1 on the floor below the car, falling to 0 half a metre beside it.
fn under_car(p: Vec3, subject: &Subject) -> f32 {
    let (low, high) = subject.bounds();
    let half = Vec2::new(high.x - low.x, high.z - low.z) * Vec2::new(0.46, 0.48);
    let out = (Vec2::new(p.x, p.z).abs() - half).max(Vec2::ZERO).length();
    (1.0 - (out / 0.45).min(1.0)).powi(2)
}

/// Irradiance on the floor, of whose even sky the car leaves this share open.
pub(super) fn floor_light(p: Vec3, open: f32, frame: &Frame, scenery: &Scenery) -> Vec3 {
    let sun = &scenery.sun;
    let mut light = scenery.environment.irradiance(Vec3::Y) * open;
    if sun.irradiance.x > 0.0 {
        light += sun.irradiance * sun.direction.y.max(0.0) * frame.shadow.sunlight(p);
    }
    light
}

/// The floor as a mirror at `from` shows it, where it looks down at one.
fn floor_in_mirror(from: Vec3, mirror: Vec3, subject: &Subject, frame: &Frame, scenery: &Scenery) -> Option<Vec3> {
    let ground = scenery.ground.as_ref().filter(|_| mirror.y < -0.02)?;
    let p = from + mirror * (from.y / -mirror.y);
    (p.length() < ground.reach_m)
        .then(|| ground.albedo(p) * floor_light(p, 1.0 - 0.9 * under_car(p, subject), frame, scenery) / std::f32::consts::PI)
}

fn background(subject: &Subject, frame: &Frame, scenery: &Scenery, eye: Vec3, ray: Vec3, uv: Vec2) -> Vec3 {
    let environment = &scenery.environment;
    let behind = || match &scenery.backdrop {
        Some(canvas) => canvas.at(uv).truncate() * light_level(scenery),
        None => environment.radiance(ray, 0.0),
    };
    let Some(ground) = scenery.ground.as_ref().filter(|_| ray.y < -1e-3) else { return behind() };
    let p = eye + ray * (eye.y / -ray.y);
    let distance = p.length();
    if distance > ground.reach_m {
        return behind();
    }
    let under = under_car(p, subject);
    let mut colour = ground.albedo(p) * floor_light(p, 1.0 - 0.9 * under, frame, scenery) / std::f32::consts::PI;
    if ground.gloss > 0.0 {
        let mirror = ray * Vec3::new(1.0, -1.0, 1.0);
        let share = ground.gloss * (0.05 + 0.95 * (1.0 + ray.y).clamp(0.0, 1.0).powi(5)) * (1.0 - 0.8 * under);
        colour = colour * (1.0 - share) + environment.radiance(mirror, 0.25) * share;
    }
    let fade = ((distance / ground.reach_m - 0.7) / 0.3).clamp(0.0, 1.0);
    if fade > 0.0 { colour.lerp(behind(), fade) } else { colour }
}
