//! Ground and distance in one: the surroundings' picture laid on the ground below the car and on the sky around it.
//!
//! One great sphere is drawn behind everything. `assets/shaders/backdrop.wgsl` follows each ray of sight: where it meets
//! the ground near the car, it shows what the picture's camera saw at that place, darkened by the car's shadow; farther
//! away the same formula turns into the distant picture, so there is no edge to see. For a studio the picture gives way
//! to a seamless paper curve.

use crate::environment::GroundLook;
use crate::finish::load_shader;
use crate::softbox::Lamp;
use bevy::asset::uuid_handle;
use bevy::camera::visibility::NoFrustumCulling;
use bevy::light::{NotShadowCaster, NotShadowReceiver};
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError};
use bevy::shader::{Shader, ShaderRef};

pub(crate) const BACKDROP_SHADER: Handle<Shader> = uuid_handle!("0c7d4a1c-3a52-4a6f-9d0b-43f7f2a7b6e9");

/// Radius of the sphere in metres; far beyond the ground's reach, near enough for depth.
const RADIUS_M: f32 = 500.0;

/// The ground and the distance.
#[derive(Asset, AsBindGroup, TypePath, Debug, Clone)]
#[bind_group_data(BackdropKey)]
pub struct Backdrop {
    /// Numbers for the shader.
    #[uniform(0)]
    pub scene: BackdropScene,
    /// The surroundings, filtered for rough surfaces in its levels.
    #[texture(1, dimension = "cube")]
    #[sampler(2)]
    pub surroundings: Handle<Image>,
    /// How much sky the ground sees around the car.
    #[texture(3)]
    #[sampler(4)]
    pub ground_shadow: Handle<Image>,
    /// The ground has its own depth and not the sphere's, which costs the graphics card its early test.
    pub deep: bool,
}

/// What makes another shader of it; see [`crate::finish::FinishKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BackdropKey {
    sunny: bool,
    grainy: bool,
    has_paper: bool,
    has_picture: bool,
    deep: bool,
    softbox: bool,
}

impl From<&Backdrop> for BackdropKey {
    fn from(Backdrop { scene, deep, .. }: &Backdrop) -> Self {
        Self {
            deep: *deep,
            sunny: scene.ground.w > 0.0,
            grainy: scene.ground.z > 0.0,
            has_paper: scene.floor.w > 0.0,
            has_picture: scene.floor.w < 1.0,
            softbox: scene.lamp.is_lit(),
        }
    }
}

/// Numbers for the shader; see [`GroundLook`].
#[derive(ShaderType, Debug, Clone, Copy, PartialEq)]
pub struct BackdropScene {
    /// Rotation of the world into the picture's frame: cosine and sine, unused, unused.
    pub turn: Vec4,
    /// The ground shadow's place: smallest x and z in metres, and 1 / size along both.
    pub shadow_area: Vec4,
    /// Linear RGB radiance below the car, share of the paper curve.
    pub floor: Vec4,
    /// Linear RGB radiance behind the car, blur of the distance.
    pub wall: Vec4,
    /// Height of the picture's camera, reach of the ground, grain, share of the sun in the ground's light.
    pub ground: Vec4,
    /// Linear RGB irradiance of open, level ground, divided by pi.
    pub level: Vec4,
    /// A softbox, in the picture's unit.
    pub lamp: Lamp,
}

impl BackdropScene {
    /// The numbers for a look, in surroundings without a softbox.
    pub fn new(look: &GroundLook, blur: f32, rotation_rad: f32, shadow_area: Vec4, sun_share: f32) -> Self {
        Self {
            turn: Vec4::new(rotation_rad.cos(), rotation_rad.sin(), 0.0, 0.0),
            shadow_area,
            floor: Vec3::from(look.floor).extend(look.seamless),
            wall: Vec3::from(look.wall).extend(blur),
            ground: Vec4::new(look.eye_m.max(0.2), look.reach_m.max(4.0), look.grain, sun_share),
            level: Vec4::ONE,
            lamp: Lamp::default(),
        }
    }
}

impl Material for Backdrop {
    fn fragment_shader() -> ShaderRef {
        BACKDROP_SHADER.into()
    }

    fn enable_prepass() -> bool {
        false
    }

    fn enable_shadows() -> bool {
        false
    }

    fn specialize(
        _: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        _: &MeshVertexBufferLayoutRef,
        key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        let BackdropKey { sunny, grainy, has_paper, has_picture, softbox, deep } = key.bind_group_data;
        if let Some(fragment) = &mut descriptor.fragment {
            let parts = [
                (sunny, "SUN"),
                (grainy, "GRAIN"),
                (has_paper, "PAPER"),
                (has_picture, "PICTURE"),
                (softbox, "SOFTBOX"),
                (deep, "DEEP"),
            ];
            fragment.shader_defs.extend(parts.into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name.into()));
        }
        // seen from inside
        descriptor.primitive.cull_mode = None;
        Ok(())
    }
}

/// Marks a view's ground and distance.
#[derive(Component)]
pub struct BackdropDome;

/// The sphere that all domes share.
pub(crate) fn sphere() -> Mesh {
    Sphere::new(RADIUS_M).mesh().ico(3).unwrap_or_else(|_| Sphere::new(RADIUS_M).mesh().build())
}

/// A dome's components; its mesh is a [`sphere`].
pub(crate) fn dome(sphere: Handle<Mesh>, material: Handle<Backdrop>) -> impl Bundle {
    (
        Name::new("backdrop"),
        BackdropDome,
        Mesh3d(sphere),
        MeshMaterial3d(material),
        NotShadowCaster,
        NotShadowReceiver,
        NoFrustumCulling,
    )
}

pub(crate) fn plugin(app: &mut App) {
    load_shader(app, &BACKDROP_SHADER, "backdrop.wgsl", include_str!("../../../assets/shaders/backdrop.wgsl"));
    app.add_plugins(MaterialPlugin::<Backdrop>::default());
}
