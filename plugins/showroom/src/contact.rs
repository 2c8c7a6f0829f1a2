//! How much light the ground gets around and below the car, baked on the CPU.
//!
//! The car becomes a field of columns seen from above: what is over each cell of the ground, slab by slab. From every cell,
//! rays go out to the sky; those that pass through a slab with anything in it are hidden, and each ray counts by the light that
//! the surroundings send along it. So the shadow below the car is soft under an overcast sky, and falls to one side when
//! a softbox stands on the other. The sun has a shadow map where the ground is looked at; panels that mirror the ground
//! or face it cannot ask that, so the sun's shadow is baked as well, for them.

use crate::environment::FilteredLight;
use crate::softbox::Softbox;
use glam::{Quat, Vec2, Vec3};
use gridvox_car::CarModel;
use rayon::prelude::*;
use std::f32::consts::{PI, TAU};

/// Texels along X and Z; 4 cm apart for a GT3 car with its surroundings.
pub const SIZE: (usize, usize) = (192, 256);

/// Ground around the car's bounding box that is part of the bake, in metres; the shadow has faded out there.
const MARGIN_M: f32 = 2.4;

/// Rays around and up. Rows of equal elevation are turned against each other, so 14 x 8 look like more.
const AROUND: usize = 14;
const UP: usize = 8;

/// Step along a ray, in cells.
const STEP: f32 = 0.9;

/// A baked ground shadow.
#[derive(Debug, Clone, PartialEq)]
pub struct GroundShadow {
    /// Smallest x and z, in metres.
    pub corner: Vec2,
    /// Size along x and z, in metres.
    pub extent: Vec2,
    /// Light that arrives, 0..=255, row by row of constant z: of the sky's light, of all with the sun's, of a softbox's;
    /// the last channel is spare.
    pub texels: Vec<[u8; 4]>,
}

/// Where the shadow of a car with these bounds lies: corner and extent, in metres.
pub fn place((least, most): (Vec3, Vec3)) -> (Vec2, Vec2) {
    let corner = Vec2::new(least.x, least.z) - MARGIN_M;
    let extent = Vec2::new(most.x, most.z) + MARGIN_M - corner;
    if corner.is_finite() && extent.is_finite() && extent.min_element() > 0.0 {
        (corner, extent)
    } else {
        (Vec2::splat(-1.0), Vec2::splat(2.0))
    }
}

/// That place as the shaders want it: corner, and 1 / extent.
pub fn shader_area(bounds: (Vec3, Vec3)) -> glam::Vec4 {
    let (corner, extent) = place(bounds);
    corner.extend(1.0 / extent.x).extend(1.0 / extent.y)
}

impl GroundShadow {
    /// Shares of the sky's light, of all with the sun's and of a softbox's that arrive at a place on the ground; 1 outside.
    pub fn at(&self, x: f32, z: f32) -> [f32; 3] {
        let p = (Vec2::new(x, z) - self.corner) / self.extent * Vec2::new(SIZE.0 as f32, SIZE.1 as f32);
        if p.min_element() < 0.0 || p.x >= SIZE.0 as f32 || p.y >= SIZE.1 as f32 {
            return [1.0; 3];
        }
        let [sky, all, lamp, _] = self.texels[p.y as usize * SIZE.0 + p.x as usize];
        [sky, all, lamp].map(|texel| f32::from(texel) / 255.0)
    }
}

/// What the car's sides reflect, on average over liveries.
const PAINT: f32 = 0.4;

/// A direction, the light that comes along it, and what the car's side sends back along it where it is in the way.
struct Ray {
    direction: Vec3,
    light: f32,
    returned: f32,
}

/// Where the car is, as a stack of slabs over each cell of the ground.
struct Columns {
    /// Bit by bit from the ground up.
    slabs: Vec<u64>,
    slab_m: f32,
    top: f32,
}

/// Slabs of a column.
const SLABS: usize = u64::BITS as usize;

impl Columns {
    /// Whether anything is between two heights.
    fn meets(&self, cell: usize, low: f32, high: f32) -> bool {
        let slab = |height: f32| ((height / self.slab_m) as usize).min(SLABS - 1);
        let (low, high) = (slab(low), slab(high));
        let between = (u64::MAX << low) & (u64::MAX >> (SLABS - 1 - high));
        self.slabs[cell] & between != 0
    }
}

/// Marks the cells and slabs that the car's surfaces pass through, by points on them that are closer than cells.
fn columns(model: &CarModel, corner: Vec2, cell: Vec2) -> Columns {
    let heights = model.parts.iter().flat_map(|part| part.mesh.positions.iter().map(|p| p.y));
    let top = heights.fold(0.0, f32::max);
    let slab_m = (top / (SLABS as f32 - 0.5)).max(1e-3);
    let spacing = 0.5 * cell.min_element();
    let mut slabs = vec![0; SIZE.0 * SIZE.1];
    for part in &model.parts {
        for triangle in part.mesh.indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|k| part.mesh.positions[triangle[k] as usize]);
            let longest = (b - a).length().max((c - a).length()).max((c - b).length());
            let steps = (longest / spacing).ceil().clamp(1.0, 1000.0) as usize;
            let (along, across) = ((b - a) / steps as f32, (c - a) / steps as f32);
            for i in 0..=steps {
                for j in 0..=steps - i {
                    let p = a + along * i as f32 + across * j as f32;
                    let place = (Vec2::new(p.x, p.z) - corner) / cell;
                    if place.min_element() >= 0.0 && place.x < SIZE.0 as f32 && place.y < SIZE.1 as f32 {
                        let slab = ((p.y.max(0.0) / slab_m) as usize).min(SLABS - 1);
                        slabs[place.y as usize * SIZE.0 + place.x as usize] |= 1 << slab;
                    }
                }
            }
        }
    }
    Columns { slabs, slab_m, top }
}

/// Bakes the shadow of a car on level ground at Y = 0. `rotation_rad` turns the surroundings about +Y.
pub fn bake(model: &CarModel, light: &FilteredLight, rotation_rad: f32, softbox: Option<&Softbox>) -> GroundShadow {
    let (corner, extent) = place(model.bounds());
    let cell = extent / Vec2::new(SIZE.0 as f32, SIZE.1 as f32);
    let columns = columns(model, corner, cell);

    // rays with equal shares of the cosine-weighted sky, each with the light that comes along it
    let turn = Quat::from_rotation_y(-rotation_rad);
    let mut rays = Vec::with_capacity(AROUND * UP);
    for up in 0..UP {
        let sin2 = (up as f32 + 0.5) / UP as f32;
        let (sin, cos) = (sin2.sqrt(), (1.0 - sin2).sqrt());
        for around in 0..AROUND {
            let azimuth = (around as f32 + 0.618 * up as f32) / AROUND as f32 * TAU;
            let direction = Vec3::new(sin * azimuth.sin(), cos, sin * azimuth.cos());
            rays.push(Ray { direction, light: 1e-6, returned: 0.0 });
        }
    }
    let luminance = |colour: Vec3| colour.dot(Vec3::new(0.2126, 0.7152, 0.0722));
    // all light of the surroundings goes to the nearest ray
    let level = 2.min(light.specular.levels.len() - 1);
    for (towards, radiance, angle) in light.specular.texels(level) {
        let towards = turn.inverse() * towards;
        let nearest = rays.iter_mut().max_by(|a, b| a.direction.dot(towards).total_cmp(&b.direction.dot(towards)));
        if let (Some(ray), true) = (nearest, towards.y > 0.0) {
            ray.light += luminance(radiance) * angle * towards.y;
        }
    }
    for ray in &mut rays {
        let facing = turn * -Vec3::new(ray.direction.x, 0.0, ray.direction.z).normalize_or(Vec3::X);
        ray.returned = PAINT * luminance(light.diffuse.sample(0, facing)) * PI / (AROUND * UP) as f32;
    }
    let whole: f32 = rays.iter().map(|ray| ray.light).sum();

    let sun = light.sun.map(|sun| Quat::from_rotation_y(rotation_rad) * Vec3::from(sun.direction));
    let sun_share = light.sun_share();
    let lamp: Vec<Vec3> = softbox.into_iter().flat_map(Softbox::points).collect();
    let mut texels = vec![[255; 4]; SIZE.0 * SIZE.1];
    texels.par_chunks_mut(SIZE.0).enumerate().for_each(|(z, row)| {
        for (x, texel) in row.iter_mut().enumerate() {
            let from = Vec2::new(x as f32, z as f32) + 0.5;
            // beside the car rays end on its sides, below it on its dark floor
            let beside = if columns.slabs[z * SIZE.0 + x] == 0 { 1.0 } else { 0.0 };
            let arrives = |ray: &Ray| if hidden(&columns, from, ray.direction, cell) { ray.returned * beside } else { ray.light };
            let sky = (rays.iter().map(arrives).sum::<f32>() / whole).min(1.0);
            let sunlit = if sun.is_some_and(|sun| hidden(&columns, from, sun, cell)) { 0.0 } else { 1.0 };
            let all = sky + (sunlit - sky) * sun_share;
            let place = corner + from * cell;
            let to = |point: &Vec3| (*point - Vec3::new(place.x, 0.0, place.y)).normalize_or(Vec3::Y);
            let dark = lamp.iter().filter(|point| hidden(&columns, from, to(point), cell)).count();
            let lamp = 1.0 - dark as f32 / lamp.len().max(1) as f32;
            *texel = [sky, all, lamp, 1.0].map(|share| (share * 255.0 + 0.5) as u8);
        }
    });
    let [sky, all, lamp] = [0, 1, 2].map(|kind| {
        let one: Vec<u8> = texels.iter().map(|texel| texel[kind]).collect();
        fade_edges(&blurred(&one))
    });
    let texels = sky.into_iter().zip(all).zip(lamp).map(|((sky, all), lamp)| [sky, all, lamp, 255]).collect();
    GroundShadow { corner, extent, texels }
}

fn hidden(columns: &Columns, from: Vec2, direction: Vec3, cell: Vec2) -> bool {
    let along = Vec2::new(direction.x, direction.z) / cell;
    let speed = along.length();
    let at = |p: Vec2| (p.y as usize) * SIZE.0 + p.x as usize;
    let inside = |p: Vec2| p.x >= 0.0 && p.y >= 0.0 && p.x < SIZE.0 as f32 && p.y < SIZE.1 as f32;
    if speed < 1e-3 {
        return columns.slabs[at(from)] != 0;
    }
    let (mut below, mut t) = (0.0, 0.4 / speed);
    loop {
        let p = from + along * t;
        if below > columns.top || !inside(p) {
            return false;
        }
        // what the ray climbs within this step
        let height = direction.y * (t + 0.5 * STEP / speed);
        if columns.meets(at(p), below, height) {
            return true;
        }
        below = height;
        t += STEP / speed;
    }
}

/// A small tent filter hides the rays' pattern.
fn blurred(texels: &[u8]) -> Vec<u8> {
    let pass = |source: &[f32], step: usize, count: usize, limit: usize| -> Vec<f32> {
        (0..source.len())
            .map(|index| {
                let place = index / step % count;
                let at = |offset: i64| source[(index as i64 + offset.clamp(-(place as i64), (limit - 1 - place) as i64) * step as i64) as usize];
                (at(-1) + 2.0 * at(0) + at(1)) / 4.0
            })
            .collect()
    };
    let source: Vec<f32> = texels.iter().map(|&t| f32::from(t)).collect();
    let across = pass(&source, 1, SIZE.0, SIZE.0);
    pass(&across, SIZE.0, SIZE.1, SIZE.1).into_iter().map(|t| (t + 0.5) as u8).collect()
}

/// The bake ends where the shadow has all but gone; the last of it is faded so that no edge shows.
fn fade_edges(texels: &[u8]) -> Vec<u8> {
    texels
        .iter()
        .enumerate()
        .map(|(index, &texel)| {
            let (x, z) = ((index % SIZE.0) as f32 + 0.5, (index / SIZE.0) as f32 + 0.5);
            let margin = (x / SIZE.0 as f32).min(1.0 - x / SIZE.0 as f32).min(z / SIZE.1 as f32).min(1.0 - z / SIZE.1 as f32);
            let keep = (margin / 0.12).clamp(0.0, 1.0);
            let keep = keep * keep * (3.0 - 2.0 * keep);
            (255.0 - (255.0 - f32::from(texel)) * keep + 0.5) as u8
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Sun;
    use crate::environment::equirect::Equirect;
    use gridvox_car::testing::box_car;

    fn even() -> FilteredLight {
        FilteredLight::filter(Equirect::from_fn(32, |_| Vec3::ONE))
    }

    #[test]
    fn it_is_dark_below_the_car_and_light_far_from_it() {
        let car = box_car();
        let shadow = bake(&car, &even(), 0.0, None);
        let (least, most) = car.bounds();
        assert!(shadow.at(0.0, 0.0)[0] < 0.25, "{}", shadow.at(0.0, 0.0)[0]);
        assert!(shadow.at(most.x + 2.2, 0.0)[0] > 0.97);
        let (near, far) = (shadow.at(most.x + 0.15, 0.0)[0], shadow.at(most.x + 1.2, 0.0)[0]);
        assert!(near < far && far < 1.0, "{near} {far}");
        // the car is alike on both sides, so is its shadow in even light
        assert!((shadow.at(least.x - 0.3, 0.4)[0] - shadow.at(most.x + 0.3, 0.4)[0]).abs() < 0.08);
        assert!(shadow.at(100.0, 0.0)[0] == 1.0);
    }

    #[test]
    fn light_from_one_side_throws_the_shadow_to_the_other() {
        let car = box_car();
        let lamp = Vec3::new(1.0, 0.5, 0.0).normalize();
        let picture = Equirect::from_fn(64, |d| Vec3::splat(if d.dot(lamp) > 0.85 { 8.0 } else { 0.05 }));
        let light = FilteredLight::filter(picture);
        let (_, most) = car.bounds();
        let shadow = bake(&car, &light, 0.0, None);
        assert!(shadow.at(most.x + 0.5, 0.0)[0] > shadow.at(-most.x - 0.5, 0.0)[0] + 0.25);
        // half a turn of the surroundings throws it back
        let turned = bake(&car, &light, std::f32::consts::PI, None);
        assert!(turned.at(-most.x - 0.5, 0.0)[0] > turned.at(most.x + 0.5, 0.0)[0] + 0.25);
    }

    #[test]
    fn the_sun_throws_its_own_shadow() {
        let car = box_car();
        let (_, most) = car.bounds();
        let mut light = even();
        light.sun = Some(Sun { direction: Vec3::new(1.0, 0.8, 0.0).normalize().to_array(), irradiance: [9.0; 3] });
        let shadow = bake(&car, &light, 0.0, None);
        let (lit, shaded) = (shadow.at(most.x + 0.4, 0.0), shadow.at(-most.x - 0.4, 0.0));
        assert!((lit[0] - shaded[0]).abs() < 0.08, "the sky comes from both sides: {lit:?} {shaded:?}");
        assert!(shaded[1] < 0.5 && lit[1] > 0.8, "{lit:?} {shaded:?}");
    }

    #[test]
    fn a_softbox_throws_a_shadow_away_from_itself() {
        let car = box_car();
        let (_, most) = car.bounds();
        let shadow = bake(&car, &even(), 0.0, Some(&Softbox { azimuth_deg: 90.0, ..Softbox::default() }));
        let (lit, shaded) = (shadow.at(most.x + 0.4, 0.0), shadow.at(-most.x - 0.4, 0.0));
        assert!(lit[2] > 0.9 && shaded[2] < 0.5, "{lit:?} {shaded:?}");
        assert!((lit[1] - shaded[1]).abs() < 0.08, "the sky comes from both sides: {lit:?} {shaded:?}");
    }

    #[test]
    fn light_passes_between_a_wing_and_the_floor() {
        let mut car = box_car();
        car.parts.truncate(1);
        let corners = |y: f32| [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(x, z)| Vec3::new(x, y, z));
        let mesh = &mut car.parts[0].mesh;
        mesh.positions = [corners(0.1), corners(0.9)].concat();
        mesh.indices = vec![0, 1, 2, 0, 2, 3, 4, 5, 6, 4, 6, 7];
        let (corner, extent) = place(car.bounds());
        let cell = extent / Vec2::new(SIZE.0 as f32, SIZE.1 as f32);
        let columns = columns(&car, corner, cell);
        let middle = SIZE.1 / 2 * SIZE.0 + SIZE.0 / 2;
        assert!(columns.meets(middle, 0.05, 0.15) && columns.meets(middle, 0.85, 0.95));
        assert!(!columns.meets(middle, 0.2, 0.8));
        // the outline is as wide as the plates, to a cell
        let filled = (0..SIZE.0).filter(|x| columns.slabs[SIZE.1 / 2 * SIZE.0 + x] != 0).count() as f32 * cell.x;
        assert!((filled - 2.0).abs() < 2.0 * cell.x, "{filled}");
    }

    #[test]
    fn an_empty_model_throws_no_shadow() {
        let shadow = bake(&CarModel::default(), &even(), 0.0, None);
        assert!(shadow.texels.iter().all(|&t| t == [255; 4]));
    }
}
