//! What the car's surfaces look like: one shader for paint, glass, rubber, metal and carbon.
//!
//! `assets/shaders/finish.wgsl` adds to Bevy's standard material what cars need: baked occlusion that also dims
//! reflections, the car's own shadow seen in reflections of the ground, the slight waviness of lacquer, metal flakes and
//! a woven look for carbon.

use crate::paint::PaintTextures;
use bevy::asset::uuid_handle;
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{ExtendedMaterial, MaterialExtension, MaterialExtensionKey, MaterialExtensionPipeline};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError};
use bevy::shader::{Shader, ShaderRef};
use gridvox_car::{Material as CarMaterial, MaterialKind};

/// The material of every part of the car.
pub type FinishMaterial = ExtendedMaterial<StandardMaterial, Finish>;

pub(crate) const FINISH_SHADER: Handle<Shader> = uuid_handle!("5a1f0b2e-6f0b-4e53-9b43-7b8f6f0d2c11");

/// From light to pixels; both materials import it.
const DEVELOP_SHADER: Handle<Shader> = uuid_handle!("a3b0f7d4-51c9-4d0e-8f5c-2c1f9c0a7e42");

/// What the standard material does not know.
#[derive(Asset, AsBindGroup, Reflect, Debug, Clone)]
#[bind_group_data(FinishKey)]
pub struct Finish {
    /// Numbers for the shader.
    #[uniform(100)]
    pub surface: Surface,
    /// How much sky the ground sees around the car, 0..1; see [`crate::contact`].
    #[texture(101)]
    #[sampler(102)]
    pub ground_shadow: Handle<Image>,
    /// The livery of painted parts; the standard material's own texture lookup can't be told how much a pixel covers.
    #[texture(103)]
    #[sampler(104)]
    pub livery: Option<Handle<Image>>,
    /// A sun shines.
    pub sunny: bool,
}

/// What makes another shader of it. Software Vulkan runs both sides of every branch, so what is known before stays out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FinishKey {
    painted: bool,
    sunny: bool,
}

impl From<&Finish> for FinishKey {
    fn from(finish: &Finish) -> Self {
        Self { painted: finish.livery.is_some(), sunny: finish.sunny }
    }
}

/// Numbers for the shader.
#[derive(ShaderType, Reflect, Debug, Clone, Copy, PartialEq)]
pub struct Surface {
    /// The ground shadow's place: smallest x and z in metres, and 1 / size along both.
    pub shadow_area: Vec4,
    /// Slope of the lacquer's waves.
    pub orange_peel: f32,
    /// Share of the base coat's light that comes from metal flakes, 0..1.
    pub flakes: f32,
    /// 1 shows a carbon weave.
    pub weave: f32,
    /// Strength of the baked occlusion, 0..1.
    pub occlusion: f32,
}

impl MaterialExtension for Finish {
    fn vertex_shader() -> ShaderRef {
        FINISH_SHADER.into()
    }

    fn fragment_shader() -> ShaderRef {
        FINISH_SHADER.into()
    }

    fn specialize(
        _: &MaterialExtensionPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        _: &MeshVertexBufferLayoutRef,
        key: MaterialExtensionKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        let FinishKey { painted, sunny } = key.bind_group_data;
        if let Some(fragment) = &mut descriptor.fragment {
            fragment.shader_defs.extend(painted.then(|| "PAINTED".into()));
            fragment.shader_defs.extend(sunny.then(|| "SUN".into()));
        }
        Ok(())
    }
}

/// Slope of the waves in a race car's lacquer: enough to move a reflection's edge, too little to see by itself.
const ORANGE_PEEL: f32 = 0.0035;

/// How the paint of the whole car is finished, as painters name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PaintFinish {
    /// Colour under thick, polished lacquer.
    #[default]
    Gloss,
    /// Lacquer with a soft sheen.
    Satin,
    /// No lacquer: wrap film or flat paint.
    Matte,
    /// Metal flakes in the colour, under gloss lacquer.
    Metallic,
    /// Coloured mirror film.
    Chrome,
}

impl PaintFinish {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Gloss, Self::Satin, Self::Matte, Self::Metallic, Self::Chrome];

    /// The name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Gloss => "Gloss",
            Self::Satin => "Satin",
            Self::Matte => "Matte",
            Self::Metallic => "Metallic",
            Self::Chrome => "Chrome",
        }
    }

    fn coat(self) -> Coat {
        let gloss = Coat {
            roughness: 0.45,
            metallic: 0.0,
            lacquer: 1.0,
            lacquer_roughness: 0.03,
            flakes: 0.0,
            orange_peel: ORANGE_PEEL,
        };
        match self {
            Self::Gloss => gloss,
            Self::Satin => Coat { lacquer: 0.8, lacquer_roughness: 0.42, orange_peel: 0.0, ..gloss },
            // a trace of lacquer keeps the shader that is compiled already
            Self::Matte => Coat { roughness: 0.85, lacquer: 0.001, lacquer_roughness: 1.0, orange_peel: 0.0, ..gloss },
            Self::Metallic => Coat { roughness: 0.38, flakes: 0.7, ..gloss },
            Self::Chrome => Coat { roughness: 0.1, metallic: 1.0, lacquer: 0.001, ..gloss },
        }
    }

    /// Finishes a painted part.
    fn apply(self, base: &mut StandardMaterial, surface: &mut Surface) {
        let coat = self.coat();
        base.perceptual_roughness = coat.roughness;
        base.metallic = coat.metallic;
        base.clearcoat = coat.lacquer;
        base.clearcoat_perceptual_roughness = coat.lacquer_roughness;
        surface.flakes = coat.flakes;
        surface.orange_peel = coat.orange_peel;
    }
}

/// What a paint finish is made of: the colour's roughness and metal, the lacquer over it, and what lies between.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Coat {
    roughness: f32,
    metallic: f32,
    lacquer: f32,
    lacquer_roughness: f32,
    flakes: f32,
    orange_peel: f32,
}

/// Finishes every painted part anew.
pub(crate) fn finish_paint(finishes: &mut Assets<FinishMaterial>, wanted: PaintFinish) {
    let painted: Vec<_> =
        finishes.iter().filter(|(_, finish)| finish.extension.livery.is_some()).map(|(id, _)| id).collect();
    for id in painted {
        if let Some(mut finish) = finishes.get_mut(id) {
            let FinishMaterial { base, extension } = &mut *finish;
            wanted.apply(base, &mut extension.surface);
        }
    }
}

/// The material for a part; paint gets the live livery of `slot`.
pub fn finish_for(
    material: &CarMaterial,
    paint: &PaintTextures,
    slot: crate::PaintSlot,
    ground_shadow: &Handle<Image>,
    shadow_area: Vec4,
    sunny: bool,
) -> FinishMaterial {
    let colour = material.base_color;
    let mut base = StandardMaterial {
        base_color: LinearRgba::new(colour.x, colour.y, colour.z, colour.w).into(),
        metallic: material.metallic,
        perceptual_roughness: material.roughness.clamp(0.045, 1.0),
        emissive: LinearRgba::rgb(material.emissive.x, material.emissive.y, material.emissive.z),
        double_sided: material.double_sided,
        cull_mode: (!material.double_sided).then_some(bevy::render::render_resource::Face::Back),
        // every part has a trace of lacquer, so that one pipeline draws all but the painted ones
        clearcoat: material.clearcoat.max(0.001),
        clearcoat_perceptual_roughness: material.clearcoat_roughness.clamp(0.02, 1.0),
        ..default()
    };
    let mut surface = Surface { shadow_area, orange_peel: 0.0, flakes: 0.0, weave: 0.0, occlusion: 1.0 };
    let mut livery = None;
    match material.kind {
        MaterialKind::Paint => {
            base.base_color = Color::WHITE;
            livery = Some(paint.textures[slot.index()].clone());
            PaintFinish::default().apply(&mut base, &mut surface);
        }
        MaterialKind::Glass => {
            // light that glass reflects is not thinned by its transparency, so its colour counts as premultiplied
            base.alpha_mode = AlphaMode::Premultiplied;
            base.base_color = LinearRgba::new(colour.x * 0.3, colour.y * 0.3, colour.z * 0.3, colour.w.clamp(0.15, 0.8)).into();
            base.perceptual_roughness = 0.045;
            base.reflectance = 0.55;
            surface.occlusion = 0.6;
        }
        MaterialKind::Lamp => {
            base.reflectance = 0.7;
            base.clearcoat = base.clearcoat.max(0.5);
        }
        MaterialKind::Rubber => {
            base.reflectance = 0.35;
        }
        MaterialKind::Carbon => {
            surface.weave = 1.0;
            base.clearcoat = base.clearcoat.max(0.35);
            base.clearcoat_perceptual_roughness = 0.12;
        }
        MaterialKind::Interior => {
            base.reflectance = 0.35;
        }
        MaterialKind::Metal => {}
    }
    FinishMaterial { base, extension: Finish { surface, ground_shadow: ground_shadow.clone(), livery, sunny } }
}

/// Tells every finish whether a sun shines.
pub(crate) fn let_sun_shine(finishes: &mut Assets<FinishMaterial>, sunny: bool) {
    let changed: Vec<_> = finishes.iter().filter(|(_, finish)| finish.extension.sunny != sunny).map(|(id, _)| id).collect();
    for id in changed {
        if let Some(mut finish) = finishes.get_mut(id) {
            finish.extension.sunny = sunny;
        }
    }
}

/// Registers a shader: the file in the bundled `assets/shaders`, else the copy that was built in.
pub(crate) fn load_shader(app: &mut App, handle: &Handle<Shader>, name: &str, built_in: &'static str) {
    let path = gridvox_car::bundled::assets_dir().join("shaders").join(name);
    let source = std::fs::read_to_string(&path).unwrap_or_else(|_| built_in.to_owned());
    let shader = Shader::from_wgsl(source, path.to_string_lossy());
    if app.world_mut().resource_mut::<Assets<Shader>>().insert(handle, shader).is_err() {
        warn!("the shader {name} was not registered");
    }
}

pub(crate) fn plugin(app: &mut App) {
    load_shader(app, &DEVELOP_SHADER, "develop.wgsl", include_str!("../../../assets/shaders/develop.wgsl"));
    load_shader(app, &FINISH_SHADER, "finish.wgsl", include_str!("../../../assets/shaders/finish.wgsl"));
    app.add_plugins(MaterialPlugin::<FinishMaterial>::default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finishes_differ_as_painters_expect() {
        let coat = PaintFinish::coat;
        assert!(coat(PaintFinish::Satin).lacquer_roughness > coat(PaintFinish::Gloss).lacquer_roughness);
        assert!(coat(PaintFinish::Matte).lacquer < 0.01 && coat(PaintFinish::Matte).roughness > 0.7);
        assert!(coat(PaintFinish::Metallic).flakes > 0.5);
        assert!(coat(PaintFinish::Chrome).metallic == 1.0 && coat(PaintFinish::Chrome).roughness < 0.15);
        // one pipeline for all of them
        assert!(PaintFinish::ALL.into_iter().all(|finish| coat(finish).lacquer > 0.0));
    }

    #[test]
    fn only_painted_parts_are_finished() {
        let mut finishes = Assets::<FinishMaterial>::default();
        let surface = Surface { shadow_area: Vec4::ZERO, orange_peel: 0.0, flakes: 0.0, weave: 0.0, occlusion: 1.0 };
        let part = |livery| FinishMaterial {
            base: StandardMaterial::default(),
            extension: Finish { surface, ground_shadow: Handle::default(), livery, sunny: false },
        };
        let (door, tyre) = (finishes.add(part(Some(Handle::default()))), finishes.add(part(None)));
        finish_paint(&mut finishes, PaintFinish::Chrome);
        assert_eq!(finishes.get(&door).map(|finish| finish.base.metallic), Some(1.0));
        assert_eq!(finishes.get(&tyre).map(|finish| finish.base.metallic), Some(0.0));
    }
}
