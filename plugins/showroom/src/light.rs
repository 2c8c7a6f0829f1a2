//! Hands prepared surroundings to Bevy: cubemaps, a sun with a shadow, and the exposure of cameras.

use crate::environment::cubemap::Cubemap;
use crate::finish::LightOnSurfaces;
use crate::softbox::{Lamp, Softbox};
use crate::environment::PreparedEnvironment;
use bevy::asset::RenderAssetUsages;
use bevy::camera::Exposure;
use bevy::image::{ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::light::{CascadeShadowConfig, CascadeShadowConfigBuilder};
use bevy::prelude::*;
use bevy::render::render_resource::{
    Extent3d, TextureDataOrder, TextureDimension, TextureFormat, TextureUsages, TextureViewDescriptor, TextureViewDimension,
};

/// Bevy shows a luminance of 1.2 cd/m2 as 1 at an exposure of 0, so one unit of a picture's radiance is lit with this.
const UNIT: f32 = 1.2;

/// Edge of the sun's shadow map in texels.
pub(crate) const SHADOW_MAP_PX: usize = 2048;

/// The surroundings on the graphics card.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// What they were made from.
    pub prepared: PreparedEnvironment,
    /// GGX-filtered radiance, a cube with levels.
    pub specular: Handle<Image>,
    /// Cosine-filtered radiance, a cube.
    pub diffuse: Handle<Image>,
}

impl Surroundings {
    /// Makes the textures.
    pub fn new(prepared: PreparedEnvironment, images: &mut Assets<Image>) -> Self {
        let specular = images.add(cube_image(&prepared.light.specular));
        let diffuse = images.add(cube_image(&prepared.light.diffuse));
        Self { prepared, specular, diffuse }
    }

    /// The light of a camera, with the surroundings turned about +Y.
    pub fn environment_light(&self, rotation_rad: f32) -> EnvironmentMapLight {
        EnvironmentMapLight {
            diffuse_map: self.diffuse.clone(),
            specular_map: self.specular.clone(),
            intensity: UNIT,
            rotation: Quat::from_rotation_y(rotation_rad),
            ..default()
        }
    }

    /// The exposure of a camera, brighter by some stops.
    pub fn exposure(&self, stops: f32) -> Exposure {
        Exposure { ev100: -(self.prepared.gain().log2() + stops) }
    }

    /// The whole rotation in radians, from the surroundings' own and an added one in degrees.
    pub fn rotation_rad(&self, added_deg: f32) -> f32 {
        (self.prepared.look.rotation + added_deg).to_radians()
    }

    /// A softbox in the picture's unit of light.
    pub fn lamp(&self, softbox: Option<&Softbox>) -> Lamp {
        softbox.map_or_else(Lamp::default, |softbox| softbox.lamp(1.0 / self.prepared.gain()))
    }

    /// What surfaces have to know of it, and of a softbox.
    pub fn on_surfaces(&self, softbox: Option<&Softbox>) -> LightOnSurfaces {
        let PreparedEnvironment { look, light, .. } = &self.prepared;
        let ground = light.diffuse.sample(0, Vec3::NEG_Y) * UNIT;
        LightOnSurfaces {
            sunny: light.sun.is_some(),
            ground: ground.extend(look.ground.eye_m.max(0.2)),
            ground_reach: look.ground.reach_m.max(4.0),
            lamp: { let lamp = self.lamp(softbox); Lamp { light: lamp.light * UNIT, ..lamp } },
        }
    }

    /// The sun's light, where there is one.
    pub fn sun(&self, rotation_rad: f32) -> Option<(DirectionalLight, CascadeShadowConfig, Transform)> {
        let sun = self.prepared.light.sun?;
        let irradiance = Vec3::from(sun.irradiance);
        let strength = irradiance.max_element().max(1e-6);
        let colour = irradiance / strength;
        let direction = Quat::from_rotation_y(rotation_rad) * Vec3::from(sun.direction);
        let light = DirectionalLight {
            color: Color::linear_rgb(colour.x, colour.y, colour.z),
            illuminance: strength * UNIT,
            shadow_maps_enabled: true,
            shadow_depth_bias: 0.004,
            shadow_normal_bias: 1.4,
            ..default()
        };
        // one cascade, which `sun_shadow` lays around the car; the ground beyond it shows the picture's own light
        let cascades = CascadeShadowConfigBuilder {
            num_cascades: 1,
            minimum_distance: 0.1,
            maximum_distance: 500.0,
            first_cascade_far_bound: 500.0,
            overlap_proportion: 0.1,
        }
        .build();
        let up = if direction.y.abs() > 0.99 { Vec3::Z } else { Vec3::Y };
        Some((light, cascades, Transform::IDENTITY.looking_to(-direction, up)))
    }
}

/// A cubemap as Bevy's image-based light wants it: six layers with a cube view.
fn cube_image(cube: &Cubemap) -> Image {
    let mut image = Image::new_uninit(
        Extent3d { width: cube.size as u32, height: cube.size as u32, depth_or_array_layers: 6 },
        TextureDimension::D2,
        TextureFormat::Rgba16Float,
        RenderAssetUsages::RENDER_WORLD,
    );
    let mut data = Vec::with_capacity(cube.levels.iter().map(|level| level.len() * 8).sum());
    for level in &cube.levels {
        data.extend_from_slice(bytemuck::cast_slice(level));
    }
    image.data = Some(data);
    image.data_order = TextureDataOrder::MipMajor;
    image.texture_descriptor.mip_level_count = cube.levels.len() as u32;
    image.texture_descriptor.usage = TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST;
    image.texture_view_descriptor =
        Some(TextureViewDescriptor { dimension: Some(TextureViewDimension::Cube), ..default() });
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        address_mode_u: ImageAddressMode::ClampToEdge,
        address_mode_v: ImageAddressMode::ClampToEdge,
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        mipmap_filter: ImageFilterMode::Linear,
        ..default()
    });
    image
}
