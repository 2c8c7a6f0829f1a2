//! Light on a car by rays: what falls on a place past the car itself, and what its lacquer mirrors of the car and the floor.
//!
//! The shading of pictures that teach how to find a car ([`super::shade`]) makes do with what a rasteriser knows: open surroundings,
//! and a guess at what the car hides of them. But paint is told from light by small differences: a sill that mirrors the shaded
//! floor, an arch that sends its own colour back. So points that the albedo network learns from are lit by rays, and so are photos.

use std::f32::consts::{PI, TAU};

use glam::{Vec2, Vec3};
use gridvox_car::CarModel;
use gridvox_car::bvh::Bvh;
use rand::Rng;

use super::livery::Spot;
use super::shade::{Finish, Paint, Scenery, Surface, floor_light, highlight, surface};
use super::subject::{Frame, Subject};
use crate::color::LinearRgb;

/// Rays by which what is met on the car gathers its own light.
const GATHERED_THERE: usize = 2;
/// Roughness that stands for the cone of a gathering ray.
const CONE: f32 = 0.5;
/// A ray starts this far off the surface, and along itself, in metres: curved panels are facets.
const OFF_M: (f32, f32) = (0.003, 0.002);
/// Beyond this nothing of the car can be met, metres.
const PAST_CAR_M: f32 = 12.0;

/// Cells of the floor's map along its shorter side, rays of each, and how far it reaches beside the car in metres.
const FLOOR_CELLS: usize = 40;
const FLOOR_RAYS: usize = 32;
const FLOOR_BESIDE_M: f32 = 1.5;

/// How many rays a sample is worth.
#[derive(Debug, Clone, Copy)]
pub struct Rays {
    /// These gather the light that falls on it.
    pub gathered: usize,
    /// These look for what a layer mirrors that is not quite smooth.
    pub mirrored: usize,
    /// Whether gathering rays tell how the light differs from what the environment sends by its harmonics. These are smoother than
    /// lamps are, so only where rays are few.
    pub beside_harmonics: bool,
}

impl Rays {
    /// For a sample that stands alone.
    pub const ALONE: Self = Self { gathered: 24, mirrored: 3, beside_harmonics: false };
    /// For one of several that make a pixel.
    pub const OF_PIXEL: Self = Self { gathered: 6, mirrored: 1, beside_harmonics: true };
}

/// A car as rays meet it.
#[derive(Debug, Clone)]
pub struct Tracer {
    bvh: Bvh,
    triangles: Vec<Triangle>,
    floor: Floor,
}

#[derive(Debug, Clone, Copy)]
struct Triangle {
    part: u16,
    normals: [Vec3; 3],
    uvs: [Vec2; 3],
}

/// What a ray meets on the car.
struct Met {
    part: u16,
    position: Vec3,
    /// On the side that the ray comes from.
    normal: Vec3,
    uv: Vec2,
}

/// How much of an even sky the floor sees past the car.
#[derive(Debug, Clone)]
struct Floor {
    corner: Vec2,
    cell: f32,
    size: (usize, usize),
    open: Vec<f32>,
}

/// A direction across `n`, this share of the full turn about it.
fn across(n: Vec3, turn: f32) -> Vec3 {
    let (side, up) = n.any_orthonormal_pair();
    let (sin, cos) = (TAU * turn).sin_cos();
    side * cos + up * sin
}

/// A direction about `n`, as the cosine weights them, from two numbers in 0..1.
fn by_cosine(n: Vec3, u: f32, turn: f32) -> Vec3 {
    n * (1.0 - u).max(0.0).sqrt() + across(n, turn) * u.sqrt()
}

/// Share of light that a smooth face of index 1.5 mirrors (Fresnel).
fn face(cosine: f32) -> f32 {
    let inside = (1.0 - (1.0 - cosine * cosine) / 2.25).sqrt();
    let across = (cosine - 1.5 * inside) / (cosine + 1.5 * inside);
    let along = (1.5 * cosine - inside) / (1.5 * cosine + inside);
    0.5 * (across * across + along * along)
}

impl Tracer {
    /// Prepares a car.
    pub fn new(model: &CarModel) -> Self {
        let bvh = Bvh::of_car(model);
        let triangles = model.parts.iter().zip(1..).flat_map(|(part, id)| {
            let mesh = &part.mesh;
            mesh.indices.chunks_exact(3).map(move |t| {
                let at = [t[0], t[1], t[2]].map(|i| i as usize);
                Triangle { part: id, normals: at.map(|i| mesh.normals[i]), uvs: at.map(|i| mesh.uvs.get(i).copied().unwrap_or_default()) }
            })
        });
        let triangles = triangles.collect();
        let floor = Floor::below(&bvh, model.bounds());
        Self { bvh, triangles, floor }
    }

    fn meets(&self, from: Vec3, ray: Vec3) -> Option<Met> {
        let hit = self.bvh.closest_hit(from, ray, PAST_CAR_M)?;
        let triangle = &self.triangles[hit.triangle as usize];
        let weights = hit.weights.to_array();
        let normal: Vec3 = triangle.normals.iter().zip(weights).map(|(&n, w)| n * w).sum();
        let normal = normal.normalize_or(-ray);
        let uv: Vec2 = triangle.uvs.iter().zip(weights).map(|(&uv, w)| uv * w).sum();
        Some(Met { part: triangle.part, position: from + ray * hit.t, normal: if normal.dot(ray) > 0.0 { -normal } else { normal }, uv })
    }
}

impl Floor {
    fn below(bvh: &Bvh, (low, high): (Vec3, Vec3)) -> Self {
        let corner = Vec2::new(low.x, low.z) - FLOOR_BESIDE_M;
        let span = Vec2::new(high.x, high.z) + FLOOR_BESIDE_M - corner;
        let cell = span.min_element() / FLOOR_CELLS as f32;
        let size = ((span.x / cell).ceil() as usize, (span.y / cell).ceil() as usize);
        let open = (0..size.0 * size.1).map(|i| {
            let at = corner + (Vec2::new((i % size.0) as f32, (i / size.0) as f32) + 0.5) * cell;
            let from = Vec3::new(at.x, 0.002, at.y);
            let free = (0..FLOOR_RAYS).filter(|&k| {
                // a golden spiral, turned from cell to cell
                let ray = by_cosine(Vec3::Y, (k as f32 + 0.5) / FLOOR_RAYS as f32, (k as f32 + i as f32 * 0.37) * 0.618_034);
                !bvh.any_hit(from, ray, PAST_CAR_M)
            });
            free.count() as f32 / FLOOR_RAYS as f32
        });
        let open = open.collect();
        Self { corner, cell, size, open }
    }

    fn open(&self, p: Vec3) -> f32 {
        let at = (Vec2::new(p.x, p.z) - self.corner) / self.cell - 0.5;
        let base = at.floor();
        let f = at - base;
        let cell = |dx: f32, dy: f32| {
            let (x, y) = (base.x + dx, base.y + dy);
            let inside = x >= 0.0 && y >= 0.0 && x < self.size.0 as f32 && y < self.size.1 as f32;
            if inside { self.open[y as usize * self.size.0 + x as usize] } else { 1.0 }
        };
        let top = cell(0.0, 0.0) * (1.0 - f.x) + cell(1.0, 0.0) * f.x;
        let bottom = cell(0.0, 1.0) * (1.0 - f.x) + cell(1.0, 1.0) * f.x;
        top * (1.0 - f.y) + bottom * f.y
    }
}

/// A car in its scenery.
pub struct Traced<'a> {
    /// The car as rays meet it.
    pub tracer: &'a Tracer,
    /// The same car.
    pub subject: &'a Subject,
    /// What the camera sees of it, and where the sun does not shine on the floor.
    pub frame: &'a Frame,
    /// What lights it; occluders are not looked at.
    pub scenery: &'a Scenery,
    /// The livery.
    pub paint: &'a Paint<'a>,
    /// How the paint takes light.
    pub finish: &'a Finish,
    /// What each sample is worth.
    pub rays: Rays,
}

impl Traced<'_> {
    /// Linear RGB that a sample of the frame sends to the camera, and its own colour.
    pub fn at(&self, sample: usize, rng: &mut impl Rng) -> (Vec3, LinearRgb) {
        let g = &self.frame.gbuffer;
        let met = Met { part: g.part[sample], position: g.position[sample], normal: g.normal[sample], uv: g.uv[sample] };
        let surface = self.surface(&met);
        let to_eye = (self.frame.view.camera.eye() - met.position).normalize_or(Vec3::Y);
        (self.seen(&met, &surface, to_eye, rng), surface.albedo.to_array())
    }

    fn surface(&self, met: &Met) -> Surface {
        let part = self.subject.part(met.part);
        surface(part, &Spot { position: met.position, normal: met.normal, class: part.class }, met.uv, self.scenery, self.paint, self.finish)
    }

    fn seen(&self, met: &Met, surface: &Surface, to_eye: Vec3, rng: &mut impl Rng) -> Vec3 {
        // a smooth normal may face away at a silhouette
        let n = (met.normal + to_eye * (0.08 - met.normal.dot(to_eye)).max(0.0)).normalize_or(to_eye);
        let facing = n.dot(to_eye);
        let (falls, open) = self.falls(met, self.rays.gathered, true, rng);
        let sun = self.sunlight(met);
        let sun_facing = n.dot(self.scenery.sun.direction).max(0.0);
        let light = falls + sun * sun_facing;
        let metallic = surface.metallic;
        let f0 = Vec3::splat(0.04).lerp(surface.albedo, metallic);
        let beyond = ((face(facing) - 0.04) / 0.96).max(0.0);
        let grazing = f0 + (Vec3::ONE - f0) * beyond * (1.0 - surface.roughness);
        let half = (self.scenery.sun.direction + to_eye).normalize_or(n);
        let highlight = |roughness: f32| highlight(n.dot(half), roughness) * sun_facing;
        let mirror = n * (2.0 * facing) - to_eye;
        // what a rough layer mirrors is spread widely: the car hides as much of it as of all light
        let rough = if surface.roughness > 0.3 {
            self.around(met.position, mirror, surface.roughness) * open + surface.albedo * light / PI * (1.0 - open)
        } else {
            self.mirrored(met, n, to_eye, surface.roughness, rng)
        };
        let diffuse = surface.albedo * (1.0 - metallic) * light / PI * (1.0 - beyond * (1.0 - surface.roughness)) * 0.96;
        let mut colour = diffuse + grazing * (rough + sun * highlight(surface.roughness)) + surface.emission;
        if surface.coat > 0.0 {
            let share = surface.coat * (0.04 + 0.96 * beyond * (1.0 - surface.coat_roughness * surface.coat_roughness));
            let glint = self.mirrored(met, n, to_eye, surface.coat_roughness, rng) + sun * highlight(surface.coat_roughness);
            colour = colour * (1.0 - share) + glint * share;
        }
        colour
    }

    /// Irradiance of all but the sun, and the share of it that the car leaves free. Few rays miss a small window, so what they meet is
    /// told beside what the environment has there, whose sum is known, as far as the car leaves it free (control variates, Owen 2013,
    /// 8.9).
    fn falls(&self, met: &Met, rays: usize, by_car: bool, rng: &mut impl Rng) -> (Vec3, f32) {
        let environment = &self.scenery.environment;
        let start = met.position + met.normal * OFF_M.0;
        let shift: (f32, f32) = (rng.random(), rng.random());
        let (mut sum, mut known, mut free) = (Vec3::ZERO, Vec3::ZERO, 0.0);
        for k in 0..rays {
            let ray = by_cosine(met.normal, (k as f32 + shift.0) / rays as f32, k as f32 * 0.618_034 + shift.1);
            let from = start + ray * OFF_M.1;
            if self.rays.beside_harmonics {
                known += environment.radiance(ray, CONE);
            }
            match self.tracer.meets(from, ray) {
                None => {
                    sum += self.around(from, ray, CONE);
                    free += 1.0;
                }
                Some(other) if by_car => sum += self.sent_back(&other, 1, rng),
                Some(_) => {}
            }
        }
        let (each, free) = (PI / rays as f32, free / rays as f32);
        if !self.rays.beside_harmonics {
            return (sum * each, free);
        }
        let missed = environment.irradiance(met.normal) - known * each;
        ((sum * each + missed * free).max(Vec3::ZERO), free)
    }

    fn sunlight(&self, met: &Met) -> Vec3 {
        let sun = &self.scenery.sun;
        if sun.irradiance.max_element() <= 0.0 || met.normal.dot(sun.direction) <= 0.0 {
            return Vec3::ZERO;
        }
        let from = met.position + met.normal * OFF_M.0 + sun.direction * OFF_M.1;
        if self.tracer.bvh.any_hit(from, sun.direction, PAST_CAR_M) { Vec3::ZERO } else { sun.irradiance }
    }

    /// What a smooth layer mirrors of the surroundings and of the car.
    fn mirrored(&self, met: &Met, n: Vec3, to_eye: Vec3, roughness: f32, rng: &mut impl Rng) -> Vec3 {
        let alpha = roughness * roughness;
        let smooth = alpha < 0.003;
        let rays = if smooth { 1 } else { self.rays.mirrored };
        let mut sum = Vec3::ZERO;
        for k in 0..rays {
            // facets of GGX (Walter et al. 2007)
            let u = 0.95 * (k as f32 + rng.random::<f32>()) / rays as f32;
            let facet = if smooth { n } else { by_slope(n, alpha * (u / (1.0 - u)).sqrt(), rng.random()) };
            let ray = facet * (2.0 * facet.dot(to_eye)) - to_eye;
            let ray = (ray + n * (0.01 - ray.dot(n)).max(0.0)).normalize_or(n);
            let from = met.position + met.normal * OFF_M.0 + ray * OFF_M.1;
            sum += match self.tracer.meets(from, ray) {
                Some(other) => self.sent_back(&other, GATHERED_THERE, rng),
                None => self.around(from, ray, roughness * 0.7),
            };
        }
        sum / rays as f32
    }

    /// What a place on the car sends back of all light, from its colour alone.
    fn sent_back(&self, met: &Met, rays: usize, rng: &mut impl Rng) -> Vec3 {
        let surface = self.surface(met);
        let light = self.falls(met, rays, false, rng).0 + self.sunlight(met) * met.normal.dot(self.scenery.sun.direction).max(0.0);
        surface.albedo * light / PI + surface.emission
    }

    /// What lies in a direction beside the car.
    fn around(&self, from: Vec3, ray: Vec3, roughness: f32) -> Vec3 {
        let ground = self.scenery.ground.as_ref().filter(|_| ray.y < -0.02);
        if let Some(ground) = ground {
            let p = from + ray * (from.y.max(0.0) / -ray.y);
            if p.length() < ground.reach_m {
                return ground.albedo(p) * floor_light(p, self.tracer.floor.open(p), self.frame, self.scenery) / PI;
            }
        }
        self.scenery.environment.radiance(ray, roughness)
    }
}

/// A normal that is tilted by this slope towards a side, a share of the full turn.
fn by_slope(n: Vec3, slope: f32, turn: f32) -> Vec3 {
    (n + across(n, turn) * slope).normalize_or(n)
}

#[cfg(test)]
mod tests {
    use gridvox_car::{MaterialKind, PhotoCamera};
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    use super::super::light::{Environment, Sun};
    use super::super::shade::{Effort, Ground, Trim, shade};
    use super::super::view::{self, View};
    use super::*;

    fn scenery(sky: f32, sun: Vec3, ground: Option<Ground>) -> Scenery {
        Scenery {
            environment: Environment::new(16, |_| Vec3::splat(sky)),
            sun: Sun { direction: Vec3::new(1.0, 1.0, 0.2).normalize(), irradiance: sun },
            ground,
            backdrop: None,
            occluders: None,
            trim: Trim::plain(),
            unlit: false,
        }
    }

    fn matte() -> Finish {
        Finish { metallic: 0.0, roughness: 1.0, coat: 0.0, coat_roughness: 0.1, dirt: 0.0 }
    }

    struct Scene {
        subject: Subject,
        tracer: Tracer,
        frame: Frame,
    }

    impl Scene {
        /// The left side of the car, seen from its height.
        fn new() -> Self {
            let model = gridvox_car::testing::box_car();
            let camera: PhotoCamera = view::orbit(model.bounds(), 90.0, 4.0, 60.0, 0.9, 120, 70);
            let subject = Subject::new(&model);
            let frame = subject.frame(View { camera, photo_min: Vec2::ZERO, photo_max: Vec2::new(120.0, 70.0) }, 1, Vec3::new(1.0, 1.0, 0.2).normalize());
            Self { tracer: Tracer::new(&model), subject, frame }
        }

        /// What painted samples send back, with their place and normal.
        fn light(&self, scenery: &Scenery, grey: u8, finish: &Finish) -> Vec<(Vec3, Vec3, f32)> {
            self.light_by(scenery, grey, finish, Rays::ALONE)
        }

        fn light_by(&self, scenery: &Scenery, grey: u8, finish: &Finish, rays: Rays) -> Vec<(Vec3, Vec3, f32)> {
            let livery = image::RgbaImage::from_pixel(4, 4, image::Rgba([grey, grey, grey, 255]));
            let paint = Paint::Texture(&livery);
            let traced = Traced { tracer: &self.tracer, subject: &self.subject, frame: &self.frame, scenery, paint: &paint, finish, rays };
            let g = &self.frame.gbuffer;
            let mut rng = Pcg64Mcg::seed_from_u64(4);
            let painted = (0..g.part.len()).filter(|&i| g.part[i] != 0 && self.subject.part(g.part[i]).kind == MaterialKind::Paint);
            painted.map(|i| (g.position[i], g.normal[i], traced.at(i, &mut rng).0.y)).collect()
        }
    }

    fn mean(values: impl Iterator<Item = f32>) -> f32 {
        let (sum, count) = values.fold((0.0, 0), |(sum, count), v| (sum + v, count + 1));
        assert!(count > 20, "only {count} places");
        sum / count as f32
    }

    #[test]
    fn an_open_panel_under_an_even_sky_shows_its_albedo_and_a_shut_in_one_less() {
        let scene = Scene::new();
        let light = scene.light(&scenery(1.0, Vec3::ZERO, None), 188, &matte());
        let albedo = to_linear_grey(188);
        let door = mean(light.iter().filter(|(p, n, _)| n.x > 0.95 && p.z.abs() < 0.6).map(|l| l.2));
        assert!((door / (0.96 * albedo + 0.04) - 1.0).abs() < 0.08, "{door} of {albedo}");
        let least = light.iter().map(|l| l.2).fold(f32::MAX, f32::min);
        assert!(least < 0.8 * door, "{least} beside {door}");
    }

    #[test]
    fn pictures_by_rays_agree_with_the_rasterisers_in_the_open_and_are_darker_where_the_car_is_in_the_way() {
        let scene = Scene::new();
        let scenery = scenery(1.0, Vec3::ZERO, None);
        let livery = image::RgbaImage::from_pixel(4, 4, image::Rgba([188, 188, 188, 255]));
        let picture = |effort| shade(&scene.subject, &scene.frame, &scenery, &Paint::Texture(&livery), &matte(), effort).0;
        let (raster, rays) = (picture(Effort::Full), picture(Effort::Rays(&scene.tracer)));
        assert_eq!(rays, picture(Effort::Rays(&scene.tracer)), "the same noise every time");
        let g = &scene.frame.gbuffer;
        let painted: Vec<usize> =
            (0..g.part.len()).filter(|&i| g.part[i] != 0 && scene.subject.part(g.part[i]).kind == MaterialKind::Paint).collect();
        let open = |light: &[Vec3]| {
            let door = painted.iter().filter(|&&i| g.normal[i].x > 0.95 && g.position[i].z.abs() < 0.6 && g.position[i].y > 0.6);
            mean(door.map(|&i| light[i].y))
        };
        assert!((open(&rays) / open(&raster) - 1.0).abs() < 0.08, "{} and {}", open(&rays), open(&raster));
        let least = |light: &[Vec3]| painted.iter().map(|&i| light[i].y).fold(f32::MAX, f32::min);
        assert!(least(&rays) < 0.8 * least(&raster), "{} and {}", least(&rays), least(&raster));
        assert!((0..g.part.len()).filter(|&i| g.part[i] == 0).all(|i| rays[i] == raster[i]), "what lies behind is the same");
    }

    fn to_linear_grey(grey: u8) -> f32 {
        crate::color::decode_rgb([grey; 3])[0]
    }

    #[test]
    fn few_rays_see_a_small_window_without_grain() {
        let scene = Scene::new();
        let window = Vec3::new(1.0, 0.3, 0.1).normalize();
        let hall = Environment::new(64, |d| Vec3::splat(if d.dot(window) > 0.96 { 20.0 } else { 0.05 }));
        let scenery = Scenery { environment: hall, ..scenery(0.0, Vec3::ZERO, None) };
        let door = |rays: Rays| {
            let light = scene.light_by(&scenery, 188, &matte(), rays);
            let door: Vec<f32> = light.iter().filter(|(p, n, _)| n.x > 0.95 && p.z.abs() < 0.6 && p.y > 0.6).map(|l| l.2).collect();
            let level = mean(door.iter().copied());
            (level, mean(door.iter().map(|v| (v - level).powi(2))).sqrt() / level)
        };
        let (level, grain) = door(Rays { beside_harmonics: false, ..Rays::OF_PIXEL });
        let (smooth, left) = door(Rays::OF_PIXEL);
        assert!(left < 0.3 * grain && (smooth / level - 1.0).abs() < 0.15, "{left} of {grain}, {smooth} beside {level}");
    }

    #[test]
    fn lacquer_mirrors_the_floor_and_the_cars_shade_on_it() {
        let scene = Scene::new();
        let floor = Ground { base: Vec3::splat(0.8), other: Vec3::splat(0.8), ..Ground::plain() };
        let glossy = Finish { coat: 1.0, coat_roughness: 0.0, ..matte() };
        let low = |scenery: &Scenery, finish: &Finish| {
            let light = scene.light(scenery, 0, finish);
            mean(light.into_iter().filter(|(p, n, _)| n.x > 0.95 && p.y < 0.6).map(|l| l.2))
        };
        let sky = scenery(1.0, Vec3::ZERO, Some(floor));
        let black_floor = scenery(1.0, Vec3::ZERO, Some(Ground { base: Vec3::ZERO, other: Vec3::ZERO, ..Ground::plain() }));
        let bright = low(&sky, &glossy) - low(&sky, &matte());
        let dark = low(&black_floor, &glossy) - low(&black_floor, &matte());
        assert!(bright > dark + 0.008, "{bright} beside {dark}");
        assert!(scene.tracer.floor.open(Vec3::ZERO) < 0.2 && scene.tracer.floor.open(Vec3::new(9.0, 0.0, 0.0)) == 1.0);
        let beside = scene.tracer.floor.open(Vec3::new(1.15, 0.0, 0.0));
        assert!(beside > 0.3 && beside < 0.8, "{beside}");
    }

    #[test]
    fn what_turns_from_the_sun_gets_none() {
        let scene = Scene::new();
        let sunny = scene.light(&scenery(0.0, Vec3::splat(2.0), None), 188, &matte());
        let (mut lit, mut shaded) = (0, 0);
        for (_, normal, light) in sunny {
            let facing = normal.dot(Vec3::new(1.0, 1.0, 0.2).normalize());
            if facing < -0.05 {
                assert!(light < 0.2, "{light} at {facing}");
            }
            lit += usize::from(facing > 0.3 && light > 0.1);
            shaded += usize::from(facing > 0.3 && light < 0.05);
        }
        assert!(lit > 200 && shaded > 0, "{lit} lit, {shaded} in the car's own shade");
    }
}
