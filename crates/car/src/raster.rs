//! A CPU rasteriser for G-buffers: which part and triangle each pixel of a photo would see, how far away, and where on
//! the surface.
//!
//! Two passes: the first finds the nearest triangle of each pixel (in bands of rows, in parallel), the second casts each
//! pixel's ray at its triangle for attributes that are exact in perspective. Lens distortion bends vertices in the first
//! pass, so it is as good as the mesh is finely divided. Both sides of a triangle are drawn, because the inside of a
//! panel hides what lies behind it too; normals are turned to the camera then. Results do not depend on thread count.

use crate::camera::PhotoCamera;
use crate::model::{CarModel, MaterialKind};
use glam::{Mat4, Vec2, Vec3};
use rayon::prelude::*;

/// Rows in a band: enough bands for the threads, small enough for a core's cache.
const BAND_ROWS: usize = 16;
/// What lies nearer to the camera, in metres, is cut off.
const NEAR_M: f32 = 0.05;
/// How much farther backs of triangles count as, share of their depth: where two sheets lie in one place, as the outside and
/// the inside of a panel do in many meshes, the one that faces the camera is seen.
const BACK_BIAS: f32 = 2e-5;
/// Vertices per parallel work item.
const VERTEX_CHUNK: usize = 4096;

/// What [`RasterScene::render`] makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RasterOptions {
    /// Which buffers are filled.
    pub outputs: Outputs,
    /// What windows do.
    pub glass: Glass,
    /// Samples per pixel along each axis, 1 to 8. The buffers are as many times larger than the camera's image.
    pub supersample: u32,
}

/// Which buffers are filled; the others stay empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outputs {
    /// Depth, part and triangle: much faster.
    Visibility,
    /// Everything.
    Surface,
}

/// What windows and other glass do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glass {
    /// Glass is a surface like any other and hides what lies behind.
    Opaque,
    /// Glass is not there.
    Skip,
}

impl Default for RasterOptions {
    fn default() -> Self {
        Self { outputs: Outputs::Surface, glass: Glass::Opaque, supersample: 1 }
    }
}

impl RasterOptions {
    /// Depth, part and triangle only.
    pub fn visibility() -> Self {
        Self { outputs: Outputs::Visibility, ..Self::default() }
    }
}

/// What a camera sees of a car; row-major, `width * height` entries where a buffer is filled.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GBuffer {
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Metres along the view axis; infinite where there is background.
    pub depth: Vec<f32>,
    /// Part index + 1; 0 is background.
    pub part: Vec<u16>,
    /// Triangle counted through all parts in order; `u32::MAX` is background.
    pub triangle: Vec<u32>,
    /// Barycentric weights of the triangle's second and third vertex.
    pub bary: Vec<Vec2>,
    /// Texture coordinates.
    pub uv: Vec<Vec2>,
    /// Unit normals in the car's space, turned to the camera; zero where there is background.
    pub normal: Vec<Vec3>,
    /// Points in the car's space, in metres; zero where there is background.
    pub position: Vec<Vec3>,
}

impl GBuffer {
    /// Whether a pixel shows the car.
    pub fn hit(&self, index: usize) -> bool {
        self.part[index] != 0
    }
}

/// Renders a car once. For many pictures of one car, keep a [`RasterScene`].
pub fn render(model: &CarModel, camera: &PhotoCamera, options: RasterOptions) -> GBuffer {
    RasterScene::new(model).render(camera, options)
}

/// A car prepared for many pictures: all parts in flat lists.
#[derive(Debug, Clone)]
pub struct RasterScene {
    positions: Vec<Vec3>,
    normals: Vec<Vec3>,
    uvs: Vec<Vec2>,
    triangles: Vec<[u32; 3]>,
    /// Part index + 1 of each triangle.
    part_ids: Vec<u16>,
    /// Whether each part, by index, is glass.
    is_glass: Vec<bool>,
}

/// A triangle in the image: vertices in pixels with reciprocal depth.
#[derive(Clone, Copy)]
struct ScreenTriangle {
    v: [Vec3; 3],
    id: u32,
}

impl RasterScene {
    /// Flattens a car.
    pub fn new(model: &CarModel) -> Self {
        let vertices = model.parts.iter().map(|part| part.mesh.positions.len()).sum();
        let mut scene = Self {
            positions: Vec::with_capacity(vertices),
            normals: Vec::with_capacity(vertices),
            uvs: Vec::with_capacity(vertices),
            triangles: Vec::with_capacity(model.triangle_count()),
            part_ids: Vec::with_capacity(model.triangle_count()),
            is_glass: Vec::with_capacity(model.parts.len()),
        };
        for (index, part) in model.parts.iter().enumerate() {
            let base = scene.positions.len() as u32;
            let mesh = &part.mesh;
            scene.positions.extend(&mesh.positions);
            scene.normals.extend(&mesh.normals);
            scene.uvs.extend(&mesh.uvs);
            scene.triangles.extend(mesh.indices.chunks_exact(3).map(|t| [base + t[0], base + t[1], base + t[2]]));
            scene.part_ids.resize(scene.triangles.len(), index as u16 + 1);
            scene.is_glass.push(model.materials[part.material].kind == MaterialKind::Glass);
        }
        scene
    }

    /// Vertex indices of a triangle by its [`GBuffer::triangle`] id.
    pub fn triangle(&self, id: u32) -> [u32; 3] {
        self.triangles[id as usize]
    }

    /// All vertices' positions, in metres in the car's space.
    pub fn positions(&self) -> &[Vec3] {
        &self.positions
    }

    /// All vertices' texture coordinates.
    pub fn uvs(&self) -> &[Vec2] {
        &self.uvs
    }

    /// What a camera sees.
    pub fn render(&self, camera: &PhotoCamera, options: RasterOptions) -> GBuffer {
        let factor = options.supersample.clamp(1, 8);
        let camera = camera.scaled_to(camera.width * factor, camera.height * factor);
        let (width, height) = (camera.width as usize, camera.height as usize);
        if width == 0 || height == 0 {
            return GBuffer { width: camera.width, height: camera.height, ..GBuffer::default() };
        }
        let lens = Lens::new(&camera);
        let projected: Vec<Vec3> = self
            .positions
            .par_iter()
            .with_min_len(VERTEX_CHUNK)
            .map(|&p| lens.project(lens.camera_from_car.transform_point3(p)))
            .collect();
        let bands = self.bin(&lens, &projected, options.glass, height);

        let mut out = GBuffer {
            width: camera.width,
            height: camera.height,
            depth: vec![0.0; width * height],
            part: vec![0; width * height],
            triangle: vec![u32::MAX; width * height],
            ..GBuffer::default()
        };
        let band_px = width * BAND_ROWS;
        out.depth
            .par_chunks_mut(band_px)
            .zip(out.part.par_chunks_mut(band_px))
            .zip(out.triangle.par_chunks_mut(band_px))
            .enumerate()
            .for_each(|(band, ((depth, part), triangle))| {
                for t in bands.iter().flat_map(|chunk| &chunk[band]) {
                    draw(t, width, band * BAND_ROWS, depth, triangle);
                }
                for ((depth, part), &id) in depth.iter_mut().zip(part).zip(&*triangle) {
                    *depth = 1.0 / *depth;
                    if id != u32::MAX {
                        *part = self.part_ids[id as usize];
                    }
                }
            });
        if options.outputs == Outputs::Surface {
            self.resolve(&camera, &mut out);
        }
        out
    }

    /// Sorts triangles into bands of rows: for each chunk of triangles, each band's list. Order is kept.
    fn bin(&self, lens: &Lens, projected: &[Vec3], glass: Glass, height: usize) -> Vec<Vec<Vec<ScreenTriangle>>> {
        let bands = height.div_ceil(BAND_ROWS);
        let chunk = self.triangles.len().div_ceil(4 * rayon::current_num_threads()).max(1024);
        self.triangles
            .par_chunks(chunk)
            .enumerate()
            .map(|(index, triangles)| {
                let mut lists = vec![Vec::new(); bands];
                for (offset, t) in triangles.iter().enumerate() {
                    let id = (index * chunk + offset) as u32;
                    if glass == Glass::Skip && self.is_glass[self.part_ids[id as usize] as usize - 1] {
                        continue;
                    }
                    let v = t.map(|i| projected[i as usize]);
                    // A reciprocal depth that is not positive marks a vertex behind the near plane.
                    match v.iter().filter(|v| v.z > 0.0).count() {
                        3 => push(&mut lists, ScreenTriangle { v, id }, lens),
                        0 => {}
                        _ => {
                            let corners = t.map(|i| lens.camera_from_car.transform_point3(self.positions[i as usize]));
                            let polygon = clip_near(corners);
                            for k in 2..polygon.len() {
                                let v = [polygon[0], polygon[k - 1], polygon[k]].map(|p| lens.project(p));
                                push(&mut lists, ScreenTriangle { v, id }, lens);
                            }
                        }
                    }
                }
                lists
            })
            .collect()
    }

    /// Fills the surface buffers by casting each pixel's ray at the triangle that it shows.
    fn resolve(&self, camera: &PhotoCamera, out: &mut GBuffer) {
        let (width, pixels) = (out.width as usize, out.depth.len());
        out.bary = vec![Vec2::ZERO; pixels];
        out.uv = vec![Vec2::ZERO; pixels];
        out.normal = vec![Vec3::ZERO; pixels];
        out.position = vec![Vec3::ZERO; pixels];
        let eye = camera.eye();
        let forward = -camera.world_from_camera.z_axis.truncate();
        let rows = out
            .triangle
            .par_chunks(width)
            .zip(out.depth.par_chunks_mut(width))
            .zip(out.bary.par_chunks_mut(width))
            .zip(out.uv.par_chunks_mut(width))
            .zip(out.normal.par_chunks_mut(width))
            .zip(out.position.par_chunks_mut(width));
        rows.enumerate().for_each(|(y, (((((triangle, depth), bary), uv), normal), position))| {
            for x in (0..width).filter(|&x| triangle[x] != u32::MAX) {
                let ray = camera.ray(Vec2::new(x as f32 + 0.5, y as f32 + 0.5));
                let t = self.triangles[triangle[x] as usize].map(|i| i as usize);
                let [a, b, c] = t.map(|i| self.positions[i]);
                let w = barycentric(eye, ray, a, b, c);
                let mix = |v: [Vec3; 3]| v[0] * w.x + v[1] * w.y + v[2] * w.z;
                bary[x] = Vec2::new(w.y, w.z);
                let [ta, tb, tc] = t.map(|i| self.uvs[i]);
                uv[x] = ta * w.x + tb * w.y + tc * w.z;
                position[x] = mix([a, b, c]);
                depth[x] = (position[x] - eye).dot(forward);
                let n = mix(t.map(|i| self.normals[i])).normalize_or(-ray);
                // The side is the triangle's, not the smooth normal's, which may lean over at a silhouette.
                let face = (b - a).cross(c - a);
                normal[x] = if face.dot(ray) > 0.0 { -n } else { n };
            }
        });
    }
}

/// A camera's projection with what every vertex needs.
struct Lens {
    camera_from_car: Mat4,
    focal_px: f32,
    center: Vec2,
    size: Vec2,
    k1: f32,
    /// Beyond this squared radius a barrel distortion would fold the picture back on itself.
    max_r2: f32,
}

impl Lens {
    fn new(camera: &PhotoCamera) -> Self {
        Self {
            camera_from_car: camera.camera_from_world(),
            focal_px: camera.focal_px,
            center: camera.principal_point,
            size: Vec2::new(camera.width as f32, camera.height as f32),
            k1: camera.k1,
            max_r2: if camera.k1 < 0.0 { -1.0 / (3.0 * camera.k1) } else { f32::INFINITY },
        }
    }

    /// Pixel position and reciprocal depth; the latter is 0 in front of the near plane.
    fn project(&self, p: Vec3) -> Vec3 {
        if -p.z < NEAR_M * 0.999 {
            return Vec3::ZERO;
        }
        let inverse = -1.0 / p.z;
        let n = Vec2::new(p.x, -p.y) * inverse;
        let bend = 1.0 + self.k1 * n.length_squared().min(self.max_r2);
        (self.center + self.focal_px * bend * n).extend(inverse)
    }
}

/// The part of a triangle, in the camera's space, beyond the near plane.
fn clip_near(corners: [Vec3; 3]) -> Vec<Vec3> {
    let mut polygon = Vec::with_capacity(4);
    for i in 0..3 {
        let (a, b) = (corners[i], corners[(i + 1) % 3]);
        let (da, db) = (-a.z - NEAR_M, -b.z - NEAR_M);
        if da >= 0.0 {
            polygon.push(a);
        }
        if (da >= 0.0) != (db >= 0.0) {
            let mut cut = a.lerp(b, da / (da - db));
            cut.z = -NEAR_M;
            polygon.push(cut);
        }
    }
    polygon
}

/// Adds a triangle to the bands whose pixel centres it may cover.
fn push(lists: &mut [Vec<ScreenTriangle>], mut t: ScreenTriangle, lens: &Lens) {
    let [a, b, c] = t.v.map(Vec3::truncate);
    let (low, high) = (a.min(b).min(c), a.max(b).max(c));
    let outside = high.x < 0.5 || low.x > lens.size.x - 0.5 || high.y < 0.5 || low.y > lens.size.y - 0.5;
    let area = (b - a).perp_dot(c - a);
    if outside || area == 0.0 || !area.is_finite() {
        return;
    }
    // Most triangles of a distant car cover no pixel's centre.
    let (x0, x1) = (first_center(low.x), last_center(high.x, lens.size.x));
    let (y0, y1) = (first_center(low.y), last_center(high.y, lens.size.y));
    if x0 > x1 || y0 > y1 {
        return;
    }
    if area < 0.0 {
        // Counter-clockwise with Y up: a front.
        t.v.swap(1, 2);
    } else {
        t.v.iter_mut().for_each(|v| v.z *= 1.0 - BACK_BIAS);
    }
    for list in &mut lists[y0 / BAND_ROWS..=y1 / BAND_ROWS] {
        list.push(t);
    }
}

/// The first pixel whose centre is not left of (or above) an edge.
fn first_center(edge: f32) -> usize {
    // Truncation and not `ceil`, which is a call into the C library on the oldest processors of this family.
    let whole = (edge - 0.5).max(0.0) as usize;
    whole + usize::from(whole as f32 + 0.5 < edge)
}

/// The last of `size` pixels whose centre is not right of (or below) an edge; edges are at least half a pixel in.
fn last_center(edge: f32, size: f32) -> usize {
    (edge - 0.5).max(0.0).min(size - 1.0) as usize
}

/// Draws a triangle's pixels in one band; `inverse_depth` grows toward the camera.
fn draw(t: &ScreenTriangle, width: usize, first_row: usize, inverse_depth: &mut [f32], ids: &mut [u32]) {
    let rows = inverse_depth.len() / width;
    let [a, b, c] = t.v.map(Vec3::truncate);
    let (low, high) = (a.min(b).min(c), a.max(b).max(c));
    let (x0, x1) = (first_center(low.x), last_center(high.x, width as f32));
    let y0 = first_center(low.y).max(first_row);
    let y1 = last_center(high.y, (first_row + rows) as f32);

    let scale = 1.0 / (b - a).perp_dot(c - a);
    // Weights of b and c are linear in the pixel's place.
    let (ac, ab) = ((c - a) * scale, (b - a) * scale);
    let (dwb_dx, dwc_dx) = (ac.y, -ab.y);
    let (z, dz_b, dz_c) = (t.v[0].z, t.v[1].z - t.v[0].z, t.v[2].z - t.v[0].z);
    if x0 > x1 {
        return;
    }
    for y in y0..y1 + 1 {
        let p = Vec2::new(x0 as f32 + 0.5, y as f32 + 0.5) - a;
        let mut wb = p.perp_dot(ac);
        let mut wc = ab.perp_dot(p);
        let row = (y - first_row) * width;
        let span = row + x0..row + x1 + 1;
        for (nearest, id) in inverse_depth[span.clone()].iter_mut().zip(&mut ids[span]) {
            let here = z + wb * dz_b + wc * dz_c;
            // One branch: most pixels of a small triangle's box fail one of these.
            if (wb >= 0.0) & (wc >= 0.0) & (wb + wc <= 1.0) & (here > *nearest) {
                *nearest = here;
                *id = t.id;
            }
            wb += dwb_dx;
            wc += dwc_dx;
        }
    }
}

/// Weights of the place where a ray meets a triangle's plane, moved into the triangle where rounding or the lens left it.
fn barycentric(eye: Vec3, ray: Vec3, a: Vec3, b: Vec3, c: Vec3) -> Vec3 {
    let (ab, ac, from_a) = (b - a, c - a, eye - a);
    let p = ray.cross(ac);
    let determinant = ab.dot(p);
    if determinant.abs() < 1e-20 {
        return Vec3::splat(1.0 / 3.0);
    }
    let wb = from_a.dot(p) / determinant;
    let wc = ray.dot(from_a.cross(ab)) / determinant;
    let w = Vec3::new(1.0 - wb - wc, wb, wc).max(Vec3::ZERO);
    w / w.element_sum()
}
