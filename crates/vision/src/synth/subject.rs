//! A car prepared for many synthetic photos, and what one camera and one sun see of it.

use glam::{Vec2, Vec3};
use rand::Rng;
use gridvox_car::raster::{Glass, Outputs};
use gridvox_car::{CarModel, GBuffer, MaterialKind, PartClass, PhotoCamera, RasterOptions, RasterScene};

use super::view::View;

/// Pixels along the edge of a shadow map: 2 cm on the car, finer than a training pixel.
const SHADOW_PX: u32 = 256;
/// A point this much deeper than the shadow map says, in metres, is in the shadow.
const SHADOW_BIAS_M: f32 = 0.05;
/// Far enough that the sun's rays are parallel, in metres.
const SUN_DISTANCE_M: f32 = 200.0;

/// A car ready to be rendered.
#[derive(Debug, Clone)]
pub struct Subject {
    scene: RasterScene,
    /// Class, surface and base colour by part index.
    parts: Vec<PartLook>,
    bounds: (Vec3, Vec3),
}

/// What shading needs to know of a part.
#[derive(Debug, Clone, Copy)]
pub struct PartLook {
    /// What the part is.
    pub class: PartClass,
    /// What it is made of.
    pub kind: MaterialKind,
    /// Linear RGB by the car file.
    pub base: Vec3,
}

impl Subject {
    /// Prepares a car.
    pub fn new(model: &CarModel) -> Self {
        let parts = model.parts.iter().map(|part| {
            let material = &model.materials[part.material];
            PartLook { class: part.class, kind: material.kind, base: material.base_color.truncate() }
        });
        Self { scene: RasterScene::new(model), parts: parts.collect(), bounds: model.bounds() }
    }

    /// Smallest and largest corner, metres; coordinates are normalised by these.
    pub fn bounds(&self) -> (Vec3, Vec3) {
        self.bounds
    }

    /// The look of a part by its index + 1, as G-buffers store it.
    pub fn part(&self, id: u16) -> &PartLook {
        &self.parts[id as usize - 1]
    }

    /// Place by the bounding box, -1..1 on each axis.
    pub fn normalised(&self, position: Vec3) -> Vec3 {
        let (low, high) = self.bounds;
        (position - (low + high) * 0.5) / ((high - low) * 0.5).max(Vec3::splat(1e-6))
    }

    /// Renders what `view` sees with `supersample * supersample` samples per pixel, and the sun's shadows.
    pub fn frame(&self, view: View, supersample: u32, sun_direction: Vec3) -> Frame {
        let options = RasterOptions { outputs: Outputs::Surface, glass: Glass::Opaque, supersample };
        let mut gbuffer = self.scene.render(&view.camera, options);
        // Streams keep many frames; shading does not look at these.
        (gbuffer.depth, gbuffer.triangle, gbuffer.bary) = Default::default();
        Frame {
            view,
            supersample,
            gbuffer,
            shadow: Shadow::new(self, sun_direction),
        }
    }
}

/// Another shape of a car: other proportions with a smooth warp, mirror-symmetric as cars are.
pub fn varied(model: &CarModel, rng: &mut impl Rng) -> CarModel {
    let seed: u64 = rng.random();
    gridvox_car::variation::Shape::random(seed, 1.0).apply(model)
}

/// One camera's picture of a car before light and paint.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The camera and the photo's frame, in pixels before supersampling.
    pub view: View,
    /// Samples per pixel along each axis.
    pub supersample: u32,
    /// `supersample` times as large as the view.
    pub gbuffer: GBuffer,
    /// Where the sun does not shine.
    pub shadow: Shadow,
}

/// The car seen from the sun.
#[derive(Debug, Clone)]
pub struct Shadow {
    /// Unit vector to the sun.
    pub sun_direction: Vec3,
    camera: PhotoCamera,
    depth: Vec<f32>,
}

impl Shadow {
    fn new(subject: &Subject, sun_direction: Vec3) -> Self {
        let (low, high) = subject.bounds;
        let (middle, size) = ((low + high) * 0.5, (high - low).length() * 1.05);
        let focal = SHADOW_PX as f32 * SUN_DISTANCE_M / size;
        let up = if sun_direction.y.abs() > 0.95 { Vec3::Z } else { Vec3::Y };
        let eye = middle + sun_direction * SUN_DISTANCE_M;
        let camera = PhotoCamera::look_at(eye, middle, up, focal, SHADOW_PX, SHADOW_PX);
        let depth = subject.scene.render(&camera, RasterOptions::visibility()).depth;
        Self { sun_direction, camera, depth }
    }

    /// How much of the sun reaches a point, 0..1.
    pub fn sunlight(&self, point: Vec3) -> f32 {
        let Some(p) = self.camera.project(point) else { return 1.0 };
        let mut lit = 0.0;
        for offset in [Vec2::new(-0.4, -0.4), Vec2::new(0.4, -0.4), Vec2::new(-0.4, 0.4), Vec2::new(0.4, 0.4)] {
            let at = p.truncate() + offset;
            let inside = at.min_element() >= 0.0 && at.max_element() < SHADOW_PX as f32;
            let depth = if inside { self.depth[at.y as usize * SHADOW_PX as usize + at.x as usize] } else { f32::INFINITY };
            lit += f32::from(p.z < depth + SHADOW_BIAS_M);
        }
        lit * 0.25
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::view;

    #[test]
    fn the_car_shades_the_ground_away_from_the_sun() {
        let subject = Subject::new(&gridvox_car::testing::box_car());
        let camera = view::orbit(subject.bounds(), 40.0, 10.0, 50.0, 0.8, 60, 40);
        let view = View { camera, photo_min: Vec2::ZERO, photo_max: Vec2::new(60.0, 40.0) };
        let frame = subject.frame(view, 2, Vec3::new(1.0, 1.0, 0.0).normalize());
        assert_eq!((frame.gbuffer.width, frame.gbuffer.height), (120, 80));
        assert_eq!(frame.shadow.sunlight(Vec3::new(-1.4, 0.0, 0.0)), 0.0, "right of the car lies its shadow");
        assert_eq!(frame.shadow.sunlight(Vec3::new(1.6, 0.0, 0.0)), 1.0);
        assert_eq!(frame.shadow.sunlight(Vec3::new(0.0, 0.0, 30.0)), 1.0);
        let middle = 40 * 120 + 60;
        assert!(frame.gbuffer.part[middle] > 0);
        assert!(subject.normalised(frame.gbuffer.position[middle]).abs().max_element() <= 1.001);
    }
}
