//! Copies the paint of a photo into the texture, texel by texel.
//!
//! Each texel of the atlas is a known place on the car; the camera says which pixel shows it. A texel is taken when the
//! camera sees it from the front (cos above [`MIN_COS`]), nothing lies before it, no outline is so near that an error of the
//! camera would bring in the wrong surface, and what is seen with it is more than a speck. Its colour is filtered over its
//! footprint in linear light, and its weight says how good a source the photo is for it.

mod blend;
mod occluders;
mod pyramid;
mod specks;
mod visibility;

pub use blend::{Blended, blend};
pub use occluders::Occluders;
pub use pyramid::{PhotoPyramid, PixelRect};
pub use visibility::{Sight, VisibilityMap, window};

use glam::{Mat2, Vec2, Vec3};
use gridvox_car::{AtlasMaps, CarModel, PhotoCamera, RasterScene};
use image::RgbImage;
use rayon::prelude::*;

use crate::color::LinearRgb;

/// Texels seen at a flatter angle than this cosine (83 degrees) are left out: their pixels hold too little. At 0.3, 0.2, 0.12 and
/// 0.06, means over 32 tuning photos are 19.6, 18.8, 17.7 and 17.7 for what no cosine above 0.2 shows, an SSIM of 0.650, 0.663,
/// 0.667 and 0.663, and 7.1, 5.9, 6.0 and 6.1 for what is seen.
pub const MIN_COS: f32 = 0.12;
/// The camera may be off by about a pixel even where it is good, so nothing is taken this near to an edge.
const MIN_EDGE_PX: f32 = 1.0;
/// Panel gaps are dark; what lies this near to one is continued from beside it.
const JOINT_PX: f32 = 1.0;
/// Weights rise over this many pixels from an edge.
const FEATHER_PX: f32 = 4.0;
/// The photo's rectangle is shrunk to at most this many pixels per texel of the livery: finer detail has no place in it.
const PIXELS_PER_TEXEL: f32 = 1.5;
/// Visibility is drawn with at most this many pixels.
const VISIBILITY_PIXELS: f32 = 4.0e6;

/// The paint as one photo shows it, `size * size` texels.
#[derive(Debug, Clone)]
pub struct Baked {
    /// Colour in linear light as in the photo, light included; black where the weight is 0.
    pub color: Vec<LinearRgb>,
    /// How good a source the photo is, 0 (not seen) to 1 (straight on, at full resolution).
    pub weight: Vec<f32>,
}

/// What one photo needs to be baked.
pub struct View<'a> {
    /// Upright pixels.
    pub photo: &'a RgbImage,
    /// The photo's camera.
    pub camera: &'a PhotoCamera,
    /// What stands before the car.
    pub occluders: Option<&'a Occluders>,
    /// How far off the camera may be, in photo pixels; edges are kept clear of by this much more.
    pub uncertainty_px: f32,
}

/// The rectangle of the photo that can show the car, or `None` when the camera sees nothing of it.
pub fn car_rect(model: &CarModel, camera: &PhotoCamera) -> Option<PixelRect> {
    let (mut low, mut high) = (Vec2::MAX, Vec2::MIN);
    for part in &model.parts {
        for p in part.mesh.positions.iter().step_by(3) {
            let px = camera.project(*p)?.truncate();
            (low, high) = (low.min(px), high.max(px));
        }
    }
    let size = Vec2::new(camera.width as f32, camera.height as f32);
    let low = (low - 8.0).floor().clamp(Vec2::ZERO, size);
    let high = (high + 8.0).ceil().clamp(Vec2::ZERO, size);
    let extent = high - low;
    (extent.min_element() >= 2.0).then(|| PixelRect {
        x: low.x as u32,
        y: low.y as u32,
        width: extent.x as u32,
        height: extent.y as u32,
    })
}

/// Bakes one photo. Returns nothing seen when the camera does not see the car.
pub fn bake(view: &View<'_>, model: &CarModel, scene: &RasterScene, maps: &AtlasMaps) -> Baked {
    let texels = maps.part.len();
    let mut baked = Baked { color: vec![[0.0; 3]; texels], weight: vec![0.0; texels] };
    let Some(rect) = car_rect(model, view.camera) else { return baked };
    let budget = (maps.size as f32 * maps.size as f32 * PIXELS_PER_TEXEL) as usize;
    let pyramid = PhotoPyramid::new(view.photo, rect, budget.max(1 << 20));
    let area = rect.width as f32 * rect.height as f32;
    let scale = (VISIBILITY_PIXELS.min(budget as f32 * 2.0) / area).sqrt().min(1.0);
    let visibility = VisibilityMap::new(scene, model, view.camera, rect, scale);
    let projector = Projector::new(view.camera);
    let edge_px = (MIN_EDGE_PX + view.uncertainty_px).max(1.0 / scale);

    let row = maps.size as usize;
    baked.color.par_chunks_mut(row).zip(baked.weight.par_chunks_mut(row)).enumerate().for_each(|(y, (colors, weights))| {
        for (x, (color, weight)) in colors.iter_mut().zip(weights).enumerate() {
            let texel = y * row + x;
            if maps.part[texel] == 0 {
                continue;
            }
            let (point, normal) = (maps.position[texel], maps.normal[texel]);
            let to_eye = (projector.eye - point).normalize();
            let cos = normal.dot(to_eye);
            if cos < MIN_COS {
                continue;
            }
            let Some((px, jacobian)) = projector.project(point, normal) else { continue };
            let Some(sight) = visibility.look(scene, projector.eye, point, px) else { continue };
            if sight.edge_px <= edge_px || sight.joint_px <= JOINT_PX {
                continue;
            }
            let feather = 0.1 + 0.9 * ((sight.edge_px - edge_px) / FEATHER_PX).min(1.0);
            let clear = view.occluders.map_or(1.0, |o| o.clear_at(px.truncate()));
            if clear <= 0.0 {
                continue;
            }
            let photo_from_texel = jacobian * maps.texel_m[texel].max(1e-5);
            let resolution = photo_from_texel.determinant().abs().sqrt().min(1.0);
            // A large texel beside an edge looks only at its own side.
            let (_, long, _) = pyramid::axes(photo_from_texel);
            let room = 2.0 * (sight.edge_px.min(sight.joint_px) - 0.3).max(0.1);
            *color = pyramid.sample(px.truncate(), photo_from_texel * (room / long).min(1.0));
            // Squared, and falling to nothing at the least cosine.
            let facing = (cos - 0.5 * MIN_COS) / (1.0 - 0.5 * MIN_COS);
            *weight = (facing * facing * feather * clear * resolution.max(0.05)).clamp(1e-4, 1.0);
        }
    });
    specks::drop_specks(&mut baked, maps);
    baked
}

/// A camera's projection and its derivative.
pub(crate) struct Projector<'a> {
    camera: &'a PhotoCamera,
    camera_from_world: glam::Mat4,
    /// The camera's place in the car's space.
    pub eye: Vec3,
}

impl<'a> Projector<'a> {
    /// Inverts the camera's transform once for many points.
    pub fn new(camera: &'a PhotoCamera) -> Self {
        Self { camera, camera_from_world: camera.camera_from_world(), eye: camera.eye() }
    }

    /// Pixel position and depth of a point, and how many pixels a metre along each of two tangents of the surface moves.
    pub fn project(&self, point: Vec3, normal: Vec3) -> Option<(Vec3, Mat2)> {
        let p = self.camera_from_world.transform_point3(point);
        let px = self.camera.project_view(p)?;
        let n = self.camera_from_world.transform_vector3(normal);
        let (t1, t2) = n.any_orthonormal_pair();
        let depth = -p.z;
        let q = Vec2::new(p.x, -p.y) / depth;
        // The lens term's own change is left out: under 1 % for any lens that this camera describes.
        let f = self.camera.focal_px * (1.0 + self.camera.k1 * q.length_squared()) / depth;
        let step = |t: Vec3| f * (Vec2::new(t.x, -t.y) + q * t.z);
        Some((px, Mat2::from_cols(step(t1), step(t2))))
    }
}

#[cfg(test)]
mod tests;
