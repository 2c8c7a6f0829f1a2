//! What the car's surfaces look like: one shader for paint, glass, rubber, metal and carbon.
//!
//! `assets/shaders/finish.wgsl` adds to Bevy's standard material what cars need: baked daylight that also dims
//! reflections, the car as its own surfaces mirror it, the ground as it is seen from the place of a panel, with the car's own shadow on it, the slight waviness of
//! lacquer, metal and pearl flakes, tinted coats, woven carbon and panes of glass.

pub use crate::coat::PaintFinish;

use crate::car::Dressing;
use crate::film;
use crate::inspect::Inspection;
use crate::mirrored;
use crate::pane;
use crate::softbox::Lamp;
use bevy::asset::uuid_handle;
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{ExtendedMaterial, MaterialExtension, MaterialExtensionKey, MaterialExtensionPipeline};
use bevy::prelude::*;
use bevy::render::storage::ShaderBuffer;
use bevy::render::render_resource::{AsBindGroup, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError};
use bevy::shader::{Shader, ShaderRef};
use gridvox_car::{Material as CarMaterial, MaterialKind};

/// The material of every part of the car.
pub type FinishMaterial = ExtendedMaterial<StandardMaterial, Finish>;

pub(crate) const FINISH_SHADER: Handle<Shader> = uuid_handle!("5a1f0b2e-6f0b-4e53-9b43-7b8f6f0d2c11");

/// From light to pixels; both materials import it.
const DEVELOP_SHADER: Handle<Shader> = uuid_handle!("a3b0f7d4-51c9-4d0e-8f5c-2c1f9c0a7e42");

/// A lamp near the car; both materials import it.
const SOFTBOX_SHADER: Handle<Shader> = uuid_handle!("7d2f4c1b-90ae-4b7e-a6b3-3e5c81d2f604");

/// How carbon fibre is woven.
const WEAVE_SHADER: Handle<Shader> = uuid_handle!("0c6e2a57-8d1b-4a35-b1c8-60d6f3f5a917");

/// What a ray meets on the car.
const MIRRORED_SHADER: Handle<Shader> = uuid_handle!("4b6f8e0d-2c35-4e71-8f0a-b8d2e94c7a16");

/// False colours.
const INSPECT_SHADER: Handle<Shader> = uuid_handle!("9c1d7e60-5b3a-4f0e-a7c2-4e8b1f6d3a95");

/// Width of a tow of carbon fibre in metres, as in the cloth of body panels.
const TOW_M: f32 = 0.004;

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
    /// Finish by texel of painted parts; see [`crate::spec`].
    #[texture(105)]
    pub spec_map: Option<Handle<Image>>,
    /// The livery of the car that its surfaces mirror.
    #[texture(106)]
    pub mirrored_livery: Handle<Image>,
    /// The car that its surfaces mirror; see [`crate::mirrored`].
    #[storage(107, read_only)]
    pub mirrored: Handle<ShaderBuffer>,
    /// Smooth enough to mirror the car.
    pub mirrors: bool,
    /// Light is gathered by rays of its own: pictures for keeping have the time, and samples enough to be without noise.
    pub gathers: bool,
    /// What it shows in place of its paint in its light.
    #[reflect(ignore)]
    pub inspection: Inspection,
    /// Carbon fibre, which takes more light to show.
    pub woven: bool,
    /// A pane of glass.
    pub pane: bool,
    /// A sun shines.
    pub sunny: bool,
}

/// What makes another shader of it. Software Vulkan runs both sides of every branch, so what is known before stays out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FinishKey {
    painted: bool,
    mapped: bool,
    mirrors: bool,
    gathers: bool,
    inspection: Inspection,
    woven: bool,
    pane: bool,
    sunny: bool,
    softbox: bool,
}

impl From<&Finish> for FinishKey {
    fn from(finish: &Finish) -> Self {
        Self {
            painted: finish.livery.is_some(),
            mapped: finish.spec_map.is_some(),
            mirrors: finish.mirrors,
            gathers: finish.mirrors && finish.gathers,
            inspection: finish.inspection,
            woven: finish.woven,
            pane: finish.pane,
            sunny: finish.sunny,
            softbox: finish.surface.lamp.is_lit(),
        }
    }
}

/// Numbers for the shader.
#[derive(ShaderType, Reflect, Debug, Clone, Copy, PartialEq)]
pub struct Surface {
    /// The ground shadow's place: smallest x and z in metres, and 1 / size along both.
    pub shadow_area: Vec4,
    /// The ground as the surroundings' picture holds it: linear RGB radiance, and the height of the picture's camera in
    /// metres.
    pub ground: Vec4,
    /// A softbox near the car.
    pub lamp: Lamp,
    /// What pearl flakes reflect by angle, from [`film::table`].
    pub film: [Vec4; film::ANGLES],
    /// Paint as other parts mirror it, from [`crate::coat::Coat::as_mirrored`].
    pub paint: Vec4,
    /// Slope of the lacquer's waves.
    pub orange_peel: f32,
    /// Share of the base coat's light that comes from metal flakes, 0..1.
    pub flakes: f32,
    /// How far flakes lie tilted, 0..1.
    pub glint: f32,
    /// Share of the surface that pearl flakes cover, 0..1.
    pub pearl: f32,
    /// 1: the colour is a clear coat over silver.
    pub candy: f32,
    /// Tows of carbon fibre per metre.
    pub tows: f32,
    /// Distance from the middle in metres at which the ground gives way to the distance.
    pub ground_reach: f32,
    /// Share of the sun's light that gets here, 0..1: less behind windows.
    pub sunlight: f32,
}

/// What surfaces have to know of the light beside its pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LightOnSurfaces {
    /// A sun shines.
    pub sunny: bool,
    /// See [`Surface::ground`].
    pub ground: Vec4,
    /// See [`Surface::ground_reach`].
    pub ground_reach: f32,
    /// A softbox near the car, in the showroom's unit of light.
    pub lamp: Lamp,
}

impl LightOnSurfaces {
    /// Before any light is there.
    pub const DARK: Self = Self {
        sunny: false,
        ground: Vec4::new(0.0, 0.0, 0.0, 1.6),
        ground_reach: 60.0,
        lamp: Lamp { middle: Vec4::ZERO, side: Vec4::ZERO, up: Vec4::ZERO, light: Vec4::ZERO },
    };

    fn shine_on(&self, finish: &mut Finish) {
        finish.sunny = self.sunny;
        finish.surface.ground = self.ground;
        finish.surface.ground_reach = self.ground_reach;
        finish.surface.lamp = self.lamp;
    }

    /// Lights the finishes that are lit otherwise, of some or all.
    pub(crate) fn shine(&self, finishes: &mut Assets<FinishMaterial>, on: impl Iterator<Item = AssetId<FinishMaterial>>) {
        for id in on {
            let lit = |finish: &Finish| {
                let Surface { ground, ground_reach, lamp, .. } = finish.surface;
                Self { sunny: finish.sunny, ground, ground_reach, lamp } == *self
            };
            if finishes.get(id).is_some_and(|finish| !lit(&finish.extension))
                && let Some(mut finish) = finishes.get_mut(id)
            {
                self.shine_on(&mut finish.extension);
            }
        }
    }
}

impl Surface {
    /// Nothing special, with the ground's shadow at a place.
    pub fn plain(shadow_area: Vec4) -> Self {
        Self {
            shadow_area,
            ground: LightOnSurfaces::DARK.ground,
            lamp: Lamp::default(),
            film: film::table(),
            paint: PaintFinish::default().coat().as_mirrored(),
            orange_peel: 0.0,
            flakes: 0.0,
            glint: 0.0,
            pearl: 0.0,
            candy: 0.0,
            tows: 1.0 / TOW_M,
            ground_reach: LightOnSurfaces::DARK.ground_reach,
            sunlight: 1.0,
        }
    }
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
        let FinishKey { painted, mapped, mirrors, gathers, inspection, woven, pane, sunny, softbox } = key.bind_group_data;
        descriptor.primitive.polygon_mode = inspection.polygon_mode();
        if let Some(fragment) = &mut descriptor.fragment {
            if let Some(inspects) = inspection.shader_def() {
                fragment.shader_defs.extend(["INSPECTS".into(), inspects.into()]);
            }
            fragment.shader_defs.extend(painted.then(|| "PAINTED".into()));
            fragment.shader_defs.extend(mapped.then(|| "SPEC_MAP".into()));
            fragment.shader_defs.extend(mirrors.then(|| "MIRRORS".into()));
            fragment.shader_defs.extend(gathers.then(|| "GATHERS".into()));
            fragment.shader_defs.extend(woven.then(|| "WOVEN".into()));
            fragment.shader_defs.extend(pane.then(|| "PANE".into()));
            fragment.shader_defs.extend(softbox.then(|| "SOFTBOX".into()));
            fragment.shader_defs.extend(sunny.then(|| "SUN".into()));
        }
        Ok(())
    }
}

/// Changes the finishes that `which` picks. Others stay as they are on the graphics card.
fn change(
    finishes: &mut Assets<FinishMaterial>,
    which: impl Fn(&FinishMaterial) -> bool,
    mut change: impl FnMut(&mut FinishMaterial),
) {
    let picked: Vec<_> = finishes.iter().filter(|(_, finish)| which(finish)).map(|(id, _)| id).collect();
    for id in picked {
        if let Some(mut finish) = finishes.get_mut(id) {
            change(&mut finish);
        }
    }
}

/// Finishes every painted part anew, and tells all parts what the paint is that they mirror.
pub(crate) fn finish_paint(finishes: &mut Assets<FinishMaterial>, wanted: PaintFinish) {
    change(finishes, |_| true, |FinishMaterial { base, extension }| {
        extension.surface.paint = wanted.coat().as_mirrored();
        if extension.livery.is_some() {
            wanted.apply(base, &mut extension.surface);
            extension.woven = wanted.coat().weave;
        }
    });
}

/// Changes the car that all parts mirror.
pub(crate) fn mirror(finishes: &mut Assets<FinishMaterial>, car: &Handle<ShaderBuffer>) {
    change(finishes, |finish| finish.extension.mirrored != *car, |finish| finish.extension.mirrored = car.clone());
}

/// Gives the parts that show a livery a spec map, or takes it away.
pub(crate) fn set_spec_map(finishes: &mut Assets<FinishMaterial>, livery: &Handle<Image>, map: Option<&Handle<Image>>) {
    let shows = |finish: &FinishMaterial| finish.extension.livery.as_ref() == Some(livery);
    change(finishes, shows, |finish| finish.extension.spec_map = map.cloned());
}

/// The material for a part; paint gets the live livery of `slot`.
pub fn finish_for(
    material: &CarMaterial,
    slot: crate::PaintSlot,
    dressing: &Dressing,
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
    let mut surface = Surface::plain(dressing.shadow_area);
    let livery_of_car = &dressing.paint.textures[slot.index()];
    let mut livery = None;
    match material.kind {
        MaterialKind::Paint => {
            base.base_color = Color::WHITE;
            livery = Some(livery_of_car.clone());
            PaintFinish::default().apply(&mut base, &mut surface);
        }
        MaterialKind::Glass => {
            // light that glass reflects is not thinned by its transparency, so its colour counts as premultiplied
            base.alpha_mode = AlphaMode::Premultiplied;
            base.base_color = LinearRgba::new(0.0, 0.0, 0.0, 1.0 - pane::clearness(material)).into();
            base.perceptual_roughness = 0.045;
            // a pane is one layer of triangles, and mirrors on its inside as well
            base.double_sided = true;
            base.cull_mode = None;
        }
        MaterialKind::Lamp => {
            base.reflectance = 0.7;
            base.clearcoat = base.clearcoat.max(0.5);
        }
        MaterialKind::Rubber => {
            base.reflectance = 0.35;
        }
        MaterialKind::Carbon => {
            base.clearcoat = base.clearcoat.max(0.35);
            base.clearcoat_perceptual_roughness = 0.12;
        }
        MaterialKind::Interior => {
            base.reflectance = 0.35;
        }
        MaterialKind::Metal => {}
    }
    let mut extension = Finish {
        surface,
        ground_shadow: dressing.ground_shadow.clone(),
        livery,
        spec_map: None,
        mirrored_livery: livery_of_car.clone(),
        mirrored: dressing.mirrored.cloned().unwrap_or(mirrored::NOTHING),
        mirrors: dressing.mirrored.is_some() && !matches!(material.kind, MaterialKind::Rubber | MaterialKind::Interior),
        gathers: false,
        inspection: Inspection::default(),
        woven: material.kind == MaterialKind::Carbon,
        pane: material.kind == MaterialKind::Glass,
        sunny: false,
    };
    dressing.light.shine_on(&mut extension);
    FinishMaterial { base, extension }
}

/// Lets every finish gather its light by rays, or take what was baked.
pub(crate) fn gather_light(finishes: &mut Assets<FinishMaterial>, gathers: bool) {
    change(finishes, |finish| finish.extension.gathers != gathers, |finish| finish.extension.gathers = gathers);
}

/// Shows every surface in false colours, or as it is.
pub(crate) fn inspect(finishes: &mut Assets<FinishMaterial>, inspection: Inspection) {
    change(finishes, |finish| finish.extension.inspection != inspection, |finish| finish.extension.inspection = inspection);
}

/// Lights every finish.
pub(crate) fn light_all(finishes: &mut Assets<FinishMaterial>, light: &LightOnSurfaces) {
    let all: Vec<_> = finishes.ids().collect();
    light.shine(finishes, all.into_iter());
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
    load_shader(app, &SOFTBOX_SHADER, "softbox.wgsl", include_str!("../../../assets/shaders/softbox.wgsl"));
    load_shader(app, &WEAVE_SHADER, "weave.wgsl", include_str!("../../../assets/shaders/weave.wgsl"));
    load_shader(app, &INSPECT_SHADER, "inspect.wgsl", include_str!("../../../assets/shaders/inspect.wgsl"));
    load_shader(app, &MIRRORED_SHADER, "mirrored.wgsl", include_str!("../../../assets/shaders/mirrored.wgsl"));
    load_shader(app, &FINISH_SHADER, "finish.wgsl", include_str!("../../../assets/shaders/finish.wgsl"));
    app.add_plugins(MaterialPlugin::<FinishMaterial>::default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_painted_parts_are_finished() {
        let mut finishes = Assets::<FinishMaterial>::default();
        let surface = Surface::plain(Vec4::ZERO);
        let part = |livery| FinishMaterial {
            base: StandardMaterial::default(),
            extension: Finish {
                surface,
                ground_shadow: Handle::default(),
                livery,
                spec_map: None,
                mirrored_livery: Handle::default(),
                mirrored: mirrored::NOTHING,
                mirrors: true,
                gathers: false,
                inspection: Inspection::default(),
                woven: false,
                pane: false,
                sunny: false,
            },
        };
        let (door, tyre) = (finishes.add(part(Some(Handle::default()))), finishes.add(part(None)));
        finish_paint(&mut finishes, PaintFinish::Carbon);
        assert_eq!([&door, &tyre].map(|part| finishes.get(part).is_some_and(|part| part.extension.woven)), [true, false]);
        finish_paint(&mut finishes, PaintFinish::Chrome);
        assert_eq!(finishes.get(&door).map(|finish| finish.extension.woven), Some(false));
        assert_eq!(finishes.get(&door).map(|finish| finish.base.metallic), Some(1.0));
        assert_eq!(finishes.get(&tyre).map(|finish| finish.base.metallic), Some(0.0));
        // but all mirror it
        let seen = PaintFinish::Chrome.coat().as_mirrored();
        assert!([&door, &tyre].into_iter().all(|part| finishes.get(part).is_some_and(|part| part.extension.surface.paint == seen)));
    }
}
