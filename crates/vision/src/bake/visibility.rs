//! What of the car a photo shows, pixel by pixel, and how far each pixel is from the nearest edge.
//!
//! Depth at a texel's own place decides, not at the pixel's centre: the triangles that the pixels around it show are cut
//! with the texel's exact ray, so there is neither shadow acne on slanted panels nor leaking at edges.

use glam::{Vec2, Vec3};
use gridvox_car::raster::{Glass, Outputs};
use gridvox_car::{CarModel, GBuffer, PhotoCamera, RasterOptions, RasterScene};

use super::pyramid::PixelRect;

/// Depth, parts and edges of the car in a rectangle of the photo.
pub struct VisibilityMap {
    buffer: GBuffer,
    /// Distance to the nearest edge in map pixels, in thirds, capped.
    edge_thirds: Vec<u8>,
    /// The same to the nearest border between two painted parts.
    joint_thirds: Vec<u8>,
    origin: Vec2,
    scale: f32,
}

/// How near a visible point is to what could be mistaken for it, in photo pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sight {
    /// To an outline, a depth step, or a border between paint and anything else.
    pub edge_px: f32,
    /// To a border between two painted parts, with its dark gap.
    pub joint_px: f32,
}

/// A depth step between neighbouring pixels that no smooth surface makes, in metres.
const JUMP_M: f32 = 0.012;
/// Edge distances are kept up to this many map pixels.
const FAR_PX: u8 = 24;
/// A texel may lie this much behind the drawn surface, in metres: the atlas and the raster round differently.
const BIAS_M: f32 = 0.004;

impl VisibilityMap {
    /// Draws the car with `scale` map pixels per photo pixel. Edges are outlines, depth steps, and borders between paint
    /// and anything else.
    pub fn new(scene: &RasterScene, model: &CarModel, camera: &PhotoCamera, rect: PixelRect, scale: f32) -> Self {
        let view = window(camera, rect, scale);
        let options = RasterOptions { outputs: Outputs::Visibility, glass: Glass::Opaque, supersample: 1 };
        let buffer = scene.render(&view, options);
        let paint: Vec<bool> = std::iter::once(false).chain((0..model.parts.len()).map(|p| model.is_paint(p))).collect();
        let (edge_thirds, joint_thirds) = edge_distances(&buffer, &paint);
        Self { buffer, edge_thirds, joint_thirds, origin: Vec2::new(rect.x as f32, rect.y as f32), scale }
    }

    /// The drawn buffer: depth, part, triangle.
    pub fn buffer(&self) -> &GBuffer {
        &self.buffer
    }

    /// Photo position of a map pixel's centre.
    pub fn photo_px(&self, x: usize, y: usize) -> Vec2 {
        self.origin + Vec2::new(x as f32 + 0.5, y as f32 + 0.5) / self.scale
    }

    /// What the camera sees of a point of the surface; `None` where something hides it.
    pub fn look(&self, scene: &RasterScene, eye: Vec3, point: Vec3, projected: Vec3) -> Option<Sight> {
        let at = (projected.truncate() - self.origin) * self.scale;
        let (width, height) = (self.buffer.width as i32, self.buffer.height as i32);
        let (x, y) = (at.x.floor() as i32, at.y.floor() as i32);
        if x < 0 || y < 0 || x >= width || y >= height {
            return None;
        }
        let index = (y * width + x) as usize;
        let bias = BIAS_M + 0.0005 * projected.z;
        let thirds = self.edge_thirds[index];
        // Far from edges the pixel's own depth with its slope is enough.
        if thirds >= 9 {
            let slope = self.slope(x, y, index);
            let offset = at - Vec2::new(x as f32 + 0.5, y as f32 + 0.5);
            let surface = self.buffer.depth[index] + slope.dot(offset);
            return (projected.z <= surface + bias + slope.length() * 0.5).then_some(self.sight(index));
        }
        let ray = point - eye;
        let length = ray.length();
        let direction = ray / length;
        let mut seen = [u32::MAX; 9];
        let mut count = 0;
        for (dx, dy) in [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, -1), (-1, 1), (1, 1)] {
            let (nx, ny) = (x + dx, y + dy);
            if nx < 0 || ny < 0 || nx >= width || ny >= height {
                continue;
            }
            let id = self.buffer.triangle[(ny * width + nx) as usize];
            if id == u32::MAX || seen[..count].contains(&id) {
                continue;
            }
            seen[count] = id;
            count += 1;
            if let Some(t) = hit(scene, id, eye, direction)
                && t < length - bias * length / projected.z
            {
                return None;
            }
        }
        Some(self.sight(index))
    }

    fn sight(&self, index: usize) -> Sight {
        let photo_px = |thirds: u8| f32::from(thirds) / 3.0 / self.scale;
        Sight { edge_px: photo_px(self.edge_thirds[index]), joint_px: photo_px(self.joint_thirds[index]) }
    }

    /// Change of depth per map pixel, from the smoother side of each axis.
    fn slope(&self, x: i32, y: i32, index: usize) -> Vec2 {
        let (width, height) = (self.buffer.width as i32, self.buffer.height as i32);
        let depth = &self.buffer.depth;
        let side = |inside: bool, other: usize, sign: f32| {
            if inside && depth[other].is_finite() { sign * (depth[other] - depth[index]) } else { f32::INFINITY }
        };
        let pick = |a: f32, b: f32| {
            let v = if a.abs() < b.abs() { a } else { b };
            if v.is_finite() { v } else { 0.0 }
        };
        let row = width as usize;
        Vec2::new(
            pick(side(x > 0, index.wrapping_sub(1), -1.0), side(x + 1 < width, index + 1, 1.0)),
            pick(side(y > 0, index.wrapping_sub(row), -1.0), side(y + 1 < height, index + row, 1.0)),
        )
    }
}

/// The camera of a rectangle of the photo, drawn at another scale.
pub fn window(camera: &PhotoCamera, rect: PixelRect, scale: f32) -> PhotoCamera {
    PhotoCamera {
        focal_px: camera.focal_px * scale,
        principal_point: (camera.principal_point - Vec2::new(rect.x as f32, rect.y as f32)) * scale,
        width: ((rect.width as f32 * scale).ceil() as u32).max(1),
        height: ((rect.height as f32 * scale).ceil() as u32).max(1),
        ..*camera
    }
}

/// Distance along a ray to a triangle (Möller and Trumbore 1997), a hair larger than drawn so that neighbours meet.
fn hit(scene: &RasterScene, id: u32, eye: Vec3, direction: Vec3) -> Option<f32> {
    const SLACK: f32 = 1e-3;
    let [a, b, c] = scene.triangle(id).map(|i| scene.positions()[i as usize]);
    let (ab, ac, from_a) = (b - a, c - a, eye - a);
    let p = direction.cross(ac);
    let determinant = ab.dot(p);
    if determinant.abs() < 1e-14 {
        return None;
    }
    let u = from_a.dot(p) / determinant;
    let q = from_a.cross(ab);
    let v = direction.dot(q) / determinant;
    (u >= -SLACK && v >= -SLACK && u + v <= 1.0 + SLACK).then(|| ac.dot(q) / determinant)
}

/// Distances to outlines and to joints between painted parts, by chamfer steps of 3 straight and 4 diagonal.
fn edge_distances(buffer: &GBuffer, paint: &[bool]) -> (Vec<u8>, Vec<u8>) {
    let (width, height) = (buffer.width as usize, buffer.height as usize);
    let mut edges = vec![FAR_PX * 3; width * height];
    let mut joints = edges.clone();
    let finite = |i: usize| Some(buffer.depth[i]).filter(|d| d.is_finite());
    // Looks at neighbours `a` and `b`, and at those before and after them on the same line.
    let mut compare = |a: usize, b: usize, before: Option<usize>, after: Option<usize>| {
        let (pa, pb) = (buffer.part[a], buffer.part[b]);
        let (da, db) = (buffer.depth[a], buffer.depth[b]);
        let edge = if paint[usize::from(pa)] != paint[usize::from(pb)] {
            true
        } else if da.is_infinite() || db.is_infinite() {
            da.is_infinite() != db.is_infinite()
        } else {
            let step_before = before.and_then(finite).map_or(0.0, |d| (da - d).abs());
            let step_after = after.and_then(finite).map_or(0.0, |d| (db - d).abs());
            (da - db).abs() > JUMP_M + 2.0 * step_before.min(step_after)
        };
        if edge {
            (edges[a], edges[b]) = (1, 1);
        } else if pa != pb {
            (joints[a], joints[b]) = (1, 1);
        }
    };
    for y in 0..height {
        for x in 0..width {
            let i = y * width + x;
            if x + 1 < width {
                compare(i, i + 1, (x > 0).then(|| i - 1), (x + 2 < width).then_some(i + 2));
            }
            if y + 1 < height {
                compare(i, i + width, (y > 0).then(|| i - width), (y + 2 < height).then_some(i + 2 * width));
            }
        }
    }
    chamfer(&mut edges, width);
    chamfer(&mut joints, width);
    (edges, joints)
}

/// Spreads distances from the pixels that hold small values, down and then up.
fn chamfer(distance: &mut [u8], width: usize) {
    let height = distance.len() / width;
    let mut relax = |x: usize, y: usize, sign: isize| {
        let at = |dx: isize, dy: isize| {
            let (x, y) = (x as isize + dx * sign, y as isize + dy * sign);
            (x >= 0 && y >= 0 && x < width as isize && y < height as isize).then(|| y as usize * width + x as usize)
        };
        let i = y * width + x;
        let mut best = distance[i];
        for (dx, dy, step) in [(-1, 0, 3), (0, -1, 3), (-1, -1, 4), (1, -1, 4)] {
            if let Some(n) = at(dx, dy) {
                best = best.min(distance[n].saturating_add(step));
            }
        }
        distance[i] = best;
    };
    for y in 0..height {
        for x in 0..width {
            relax(x, y, 1);
        }
    }
    for y in (0..height).rev() {
        for x in (0..width).rev() {
            relax(x, y, -1);
        }
    }
}
