//! The edges that a car shows from a camera: points in space with the direction that they run in the picture.

use super::PreparedCar;
use glam::{Vec2, Vec3};
use gridvox_car::raster::GBuffer;
use gridvox_car::{MaterialKind, PartClass, PhotoCamera};
use nalgebra::{Vector2, Vector3};
use rayon::prelude::*;

/// Why there is an edge, which decides how it looks in a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeKind {
    /// Car against background.
    Silhouette,
    /// A nearer piece of the car against a farther one.
    Occlusion,
    /// Two materials meet.
    Material,
    /// Two painted panels meet: a thin dark line.
    Seam,
    /// The surface turns sharply.
    Crease,
}

/// A place on an edge.
#[derive(Debug, Clone, Copy)]
pub struct ContourPoint {
    /// On the nearer surface, metres.
    pub point: Vector3<f64>,
    /// Unit normal of the edge in the picture, away from the nearer or inner side.
    pub normal: Vector2<f64>,
    /// Why there is an edge.
    pub kind: EdgeKind,
    /// How far the edge can be trusted to be there, 0..1.
    pub trust: f64,
}

/// Half width of the window that an edge's direction is read from, pixels.
const WINDOW: i32 = 3;
/// A step in depth, metres, beyond which two neighbouring pixels are two surfaces.
const DEPTH_STEP_M: f32 = 0.02;
/// Cosine between neighbouring normals below which the surface has a crease.
const CREASE_COSINE: f32 = 0.9;

#[derive(Clone, Copy)]
struct Candidate {
    near: u32,
    far: u32,
    kind: EdgeKind,
}

/// Edge points of the car in `buffer`, which `camera` rendered with all surface outputs; at most `budget` of them.
pub fn extract(car: &PreparedCar, buffer: &GBuffer, camera: &PhotoCamera, budget: usize) -> Vec<ContourPoint> {
    let (width, height) = (buffer.width as usize, buffer.height as usize);
    let margin = WINDOW as usize + 1;
    if width <= 2 * margin || height <= 2 * margin {
        return Vec::new();
    }
    let pixel_m = 1.0 / camera.focal_px;
    let rows: Vec<Vec<Candidate>> = (margin..height - margin)
        .into_par_iter()
        .map(|y| {
            let mut row = Vec::new();
            for x in margin..width - margin {
                let i = y * width + x;
                for j in [i + 1, i + width] {
                    if let Some(candidate) = classify(car, buffer, i, j, pixel_m) {
                        row.push(candidate);
                    }
                }
            }
            row
        })
        .collect();
    let all: Vec<Candidate> = rows.into_iter().flatten().collect();
    let mut kept = Vec::new();
    for (kind, share) in [
        (EdgeKind::Silhouette, 0.35),
        (EdgeKind::Occlusion, 0.2),
        (EdgeKind::Material, 0.25),
        (EdgeKind::Seam, 0.15),
        (EdgeKind::Crease, 0.05),
    ] {
        let of_kind: Vec<Candidate> = all.iter().filter(|c| c.kind == kind).copied().collect();
        let step = (of_kind.len() as f64 / (budget as f64 * share)).max(1.0);
        let count = (of_kind.len() as f64 / step) as usize;
        kept.extend((0..count).map(|n| of_kind[(n as f64 * step) as usize]));
    }
    kept.par_iter().filter_map(|c| locate(car, buffer, camera, *c)).collect()
}

fn classify(car: &PreparedCar, buffer: &GBuffer, i: usize, j: usize, pixel_m: f32) -> Option<Candidate> {
    let (a, b) = (buffer.part[i], buffer.part[j]);
    let order = |near_is_i: bool, kind| {
        let (near, far) = if near_is_i { (i, j) } else { (j, i) };
        Some(Candidate { near: near as u32, far: far as u32, kind })
    };
    if a == 0 || b == 0 {
        return if a == b { None } else { order(b == 0, EdgeKind::Silhouette) };
    }
    let (class_a, class_b) = (car.class(a), car.class(b));
    let in_wheel = class_a == PartClass::Wheels && class_b == PartClass::Wheels;
    let in_cockpit = car.kind(a) == MaterialKind::Interior && car.kind(b) == MaterialKind::Interior;
    if in_wheel || in_cockpit {
        // spokes turn and cockpits hide behind reflections
        return None;
    }
    let apart = buffer.position[j] - buffer.position[i];
    let step = apart.dot(buffer.normal[i]).abs().min(apart.dot(buffer.normal[j]).abs());
    let i_is_near = buffer.depth[i] <= buffer.depth[j];
    if step > DEPTH_STEP_M + 2.0 * pixel_m * buffer.depth[i].min(buffer.depth[j]) {
        return order(i_is_near, EdgeKind::Occlusion);
    }
    if a != b {
        let same = car.kind(a) == car.kind(b);
        return order(i_is_near, if same { EdgeKind::Seam } else { EdgeKind::Material });
    }
    if buffer.normal[i].dot(buffer.normal[j]) < CREASE_COSINE {
        return order(i_is_near, EdgeKind::Crease);
    }
    None
}

fn locate(car: &PreparedCar, buffer: &GBuffer, camera: &PhotoCamera, c: Candidate) -> Option<ContourPoint> {
    let width = buffer.width as usize;
    let (near, far) = (c.near as usize, c.far as usize);
    let place = |i: usize| Vec2::new((i % width) as f32 + 0.5, (i / width) as f32 + 0.5);
    let middle = (place(near) + place(far)) * 0.5;
    let (part_near, part_far) = (buffer.part[near], buffer.part[far]);
    let border_depth = (buffer.depth[near] + buffer.depth[far]) * 0.5;
    // +1 on the far or outer side, -1 on the near or inner side, 0 for neither
    let side = |i: usize| -> f32 {
        let part = buffer.part[i];
        let choose = |inner: bool, outer: bool| f32::from(i8::from(outer) - i8::from(inner));
        match c.kind {
            EdgeKind::Silhouette => choose(part != 0, part == 0),
            EdgeKind::Occlusion => choose(buffer.depth[i] < border_depth, buffer.depth[i] >= border_depth),
            EdgeKind::Material | EdgeKind::Seam => choose(part == part_near, part == part_far),
            EdgeKind::Crease => {
                let (n, m) = (buffer.normal[i].dot(buffer.normal[near]), buffer.normal[i].dot(buffer.normal[far]));
                if part == part_near { choose(n > m, n <= m) } else { 0.0 }
            }
        }
    };
    let (mut inner, mut outer) = ((Vec2::ZERO, 0.0f32), (Vec2::ZERO, 0.0f32));
    let (cx, cy) = ((near % width) as i32, (near / width) as i32);
    for dy in -WINDOW..=WINDOW {
        for dx in -WINDOW..=WINDOW {
            let i = (cy + dy) as usize * width + (cx + dx) as usize;
            let offset = place(i) - middle;
            if offset.length_squared() > (WINDOW * WINDOW) as f32 {
                continue;
            }
            match side(i) {
                s if s < 0.0 => inner = (inner.0 + offset, inner.1 + 1.0),
                s if s > 0.0 => outer = (outer.0 + offset, outer.1 + 1.0),
                _ => {}
            }
        }
    }
    if inner.1 < 3.0 || outer.1 < 3.0 {
        return None;
    }
    let across = outer.0 / outer.1 - inner.0 / inner.1;
    // two straight halves of the window lie about 0.85 of its radius apart; less means a corner or a sliver
    let straight = across.length() / (0.85 * WINDOW as f32);
    if straight < 0.45 {
        return None;
    }
    let normal = across.normalize();
    let forward = -camera.world_from_camera.z_axis.truncate();
    let ray = camera.ray(middle);
    let point: Vec3 = camera.eye() + ray * (buffer.depth[near] / ray.dot(forward));
    let wheel = car.class(part_near) == PartClass::Wheels;
    Some(ContourPoint {
        point: Vector3::new(f64::from(point.x), f64::from(point.y), f64::from(point.z)),
        normal: Vector2::new(f64::from(normal.x), f64::from(normal.y)),
        kind: c.kind,
        trust: f64::from(straight.min(1.0)) * if wheel { 0.3 } else { 1.0 },
    })
}
