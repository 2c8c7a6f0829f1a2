//! The stage: which car stands in which light. One resource, changed only by commands and finished work.

use crate::backdrop::{self, Backdrop, BackdropScene};
use crate::car::{self, CarOnStage, CarPart};
use crate::commands::{ShowroomCommand, ShowroomEvent};
use crate::contact::{self, GroundShadow};
use crate::detail::{self, Levels};
use crate::environment::{EnvironmentError, EnvironmentId, PreparedEnvironment};
use crate::finish::{self, FinishMaterial, PaintFinish};
use crate::focus;
use crate::inspect::Inspection;
use crate::gpu::{self, PipelineProgress};
use crate::light::{SHADOW_MAP_PX, Surroundings};
use crate::layout::ViewId;
use crate::mirrored::{self, Mirrored, TooManyTriangles};
use crate::paint::{PaintPlugin, PaintTextures, PaintUploads};
use crate::pace::{self, RedrawNeeded};
use crate::photo_match;
use crate::rig::{self, Rig, ViewLight};
use crate::softbox::Softbox;
use crate::spec;
use crate::stills::StillError;
use crate::sun_shadow;
use crate::turntable;
use crate::views;
use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::VisibilitySystems;
use bevy::image::{ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::light::DirectionalLightShadowMap;
use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::renderer::RenderDevice;
use bevy::render::storage::ShaderBuffer;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat, TextureUsages};
use crossbeam_channel::{Receiver, Sender};
use gridvox_car::{CarModel, CarPack};
use std::sync::Arc;

/// Bounds of a GT3 car, for framing an empty stage.
const EMPTY_STAGE: (Vec3, Vec3) = (Vec3::new(-1.02, 0.0, -2.31), Vec3::new(1.02, 1.28, 2.31));

/// The car, its light and its views, for a window.
pub struct ShowroomPlugin {
    /// Edge of the livery's texture in pixels, a power of two; it can't change while the program runs.
    pub livery_size: u32,
    /// The surroundings at the start.
    pub environment: EnvironmentId,
}

impl Default for ShowroomPlugin {
    fn default() -> Self {
        Self { livery_size: 2048, environment: EnvironmentId::default() }
    }
}

impl Plugin for ShowroomPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(StagePlugin { livery_size: self.livery_size })
            .add_message::<ShowroomCommand>()
            .add_message::<ShowroomEvent>()
            .insert_resource(OnStage::lit_by(self.environment.clone()))
            .add_plugins((pace::plugin, views::plugin, focus::plugin, photo_match::plugin, turntable::plugin))
            .add_systems(PreUpdate, take_finished_work)
            .add_systems(
                Update,
                (
                    apply_stage_commands,
                    rig::set_up_rigs.run_if(resource_changed::<OnStage>),
                    rig::light_views.after(views::apply_view_commands),
                )
                    .chain(),
            )
            .add_systems(PostUpdate, hide_parts.before(VisibilitySystems::VisibilityPropagate))
            .add_systems(Last, tell_progress);
    }
}

/// Materials and paint, without views; windows and stills share it.
pub(crate) struct StagePlugin {
    pub livery_size: u32,
}

impl Plugin for StagePlugin {
    fn build(&self, app: &mut App) {
        if app.get_sub_app(RenderApp).is_some() {
            app.add_plugins((finish::plugin, backdrop::plugin));
        } else {
            // tests of the logic run without a renderer
            app.init_asset::<Image>().init_asset::<Mesh>().init_asset::<ShaderBuffer>();
            app.init_asset::<FinishMaterial>().init_asset::<Backdrop>();
        }
        let nothing = Mirrored::nothing().buffer();
        if app.world_mut().resource_mut::<Assets<ShaderBuffer>>().insert(&mirrored::NOTHING, nothing).is_err() {
            warn!("the empty mirror picture was not registered");
        }
        app.add_plugins((gpu::plugin, sun_shadow::plugin, PaintPlugin { size: self.livery_size }))
            .insert_resource(DirectionalLightShadowMap { size: SHADOW_MAP_PX })
            .insert_resource(ClearColor(Color::BLACK))
            // all light comes from the surroundings
            .insert_resource(GlobalAmbientLight { brightness: 0.0, ..default() })
            .init_resource::<SharedTextures>();
    }
}

/// Textures that the materials of car and ground share.
#[derive(Resource, Clone)]
pub(crate) struct SharedTextures {
    pub ground_shadow: Handle<Image>,
}

impl FromWorld for SharedTextures {
    fn from_world(world: &mut World) -> Self {
        let blank = vec![[255; 4]; contact::SIZE.0 * contact::SIZE.1];
        Self { ground_shadow: world.resource_mut::<Assets<Image>>().add(ground_shadow_image(blank)) }
    }
}

pub(crate) fn ground_shadow_image(texels: Vec<[u8; 4]>) -> Image {
    let mut image = Image::new(
        Extent3d { width: contact::SIZE.0 as u32, height: contact::SIZE.1 as u32, depth_or_array_layers: 1 },
        TextureDimension::D2,
        texels.into_flattened(),
        TextureFormat::Rgba8Unorm,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.texture_descriptor.usage = TextureUsages::TEXTURE_BINDING | TextureUsages::COPY_DST;
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        address_mode_u: ImageAddressMode::ClampToEdge,
        address_mode_v: ImageAddressMode::ClampToEdge,
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        ..default()
    });
    image
}

enum Finished {
    Environment { rig: usize, order: u64, result: Box<Result<PreparedEnvironment, EnvironmentError>> },
    Shadow { rig: usize, order: u64, shadow: GroundShadow },
    Simplified { car: String, meshes: Vec<Option<Mesh>> },
    Mirrored { order: u64, car: Result<Mirrored, TooManyTriangles> },
}

/// What the car mirrors of itself.
#[derive(Default)]
pub(crate) struct MirroredCar {
    pub car: Handle<ShaderBuffer>,
    /// The car's hash and its hidden parts, of the last one asked for.
    wanted: (String, Vec<usize>),
    order: u64,
    done: u64,
}

/// What stands on stage.
#[derive(Resource)]
pub struct OnStage {
    pub(crate) car: Option<Arc<CarPack>>,
    bounds: (Vec3, Vec3),
    pub(crate) levels: Levels,
    pub(crate) finish: PaintFinish,
    pub(crate) inspection: Inspection,
    /// By [`crate::PaintSlot::index`].
    pub(crate) spec_maps: [Option<Handle<Image>>; 2],
    pub(crate) mirrored: MirroredCar,
    /// Parts that are not shown, by their index in the model.
    hidden: Vec<usize>,
    /// The common light, and those of the views that have their own.
    pub(crate) rigs: [Rig; ViewId::COUNT],
    /// Whether a view has its own, by [`ViewId::index`]; never the first.
    pub(crate) own: [bool; ViewId::COUNT],
    /// How blurred the distance is in each view, where it is not as the surroundings have it.
    pub(crate) blurs: [Option<f32>; ViewId::COUNT],
    done: Sender<Finished>,
    finished: Receiver<Finished>,
}

impl OnStage {
    /// An empty stage whose first surroundings are being read already, while the program still starts. Every later wish
    /// comes after this one, whenever it was written.
    fn lit_by(first: EnvironmentId) -> Self {
        let (done, finished) = crossbeam_channel::bounded(32);
        let mut stage = Self {
            car: None,
            bounds: EMPTY_STAGE,
            levels: Levels::default(),
            finish: PaintFinish::default(),
            inspection: Inspection::default(),
            spec_maps: [None, None],
            mirrored: MirroredCar { car: mirrored::NOTHING, ..default() },
            hidden: Vec::new(),
            rigs: Default::default(),
            own: [false; ViewId::COUNT],
            blurs: [None; ViewId::COUNT],
            done,
            finished,
        };
        stage.load(0, first);
        stage
    }

    /// The car.
    pub fn car(&self) -> Option<&Arc<CarPack>> {
        self.car.as_ref()
    }

    /// The common light.
    pub fn surroundings(&self) -> Option<&Surroundings> {
        self.rigs[0].surroundings.as_ref()
    }

    /// The common surroundings' name.
    pub fn environment(&self) -> Option<&EnvironmentId> {
        self.surroundings().map(|surroundings| &surroundings.prepared.id)
    }

    /// The name of the surroundings that light a view.
    pub fn environment_of(&self, view: ViewId) -> Option<&EnvironmentId> {
        self.rigs[self.rig_of(view)].surroundings.as_ref().map(|surroundings| &surroundings.prepared.id)
    }

    /// Degrees added to the common surroundings' own rotation.
    pub fn rotation_deg(&self) -> f32 {
        self.rigs[0].rotation_deg
    }

    /// Stops added to the common surroundings' own exposure.
    pub fn exposure_stops(&self) -> f32 {
        self.rigs[0].exposure_stops
    }

    /// The softbox beside the car in the common light.
    pub fn softbox(&self) -> Option<Softbox> {
        self.rigs[0].softbox
    }

    /// How the paint is finished.
    pub fn finish(&self) -> PaintFinish {
        self.finish
    }

    /// The car's smallest and largest corner in metres, or those of a usual car.
    pub fn bounds(&self) -> (Vec3, Vec3) {
        self.bounds
    }

    /// Whether surroundings, a shadow or what the car mirrors of itself are being made.
    pub fn is_loading(&self) -> bool {
        self.mirrored.done < self.mirrored.order || self.rigs.iter().any(Rig::is_loading)
    }

    /// The light of a view: its own once it shines, else the common one.
    pub(crate) fn rig_of(&self, view: ViewId) -> usize {
        let index = view.index();
        if self.own[index] && self.rigs[index].surroundings.is_some() { index } else { 0 }
    }

    fn work(&self, name: &str, job: impl FnOnce() -> Finished + Send + 'static) -> bool {
        let done = self.done.clone();
        let run = move || {
            // the showroom is gone when this fails, and so is the need
            let _ = done.send(job());
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(run).is_ok()
    }

    fn load(&mut self, rig: usize, id: EnvironmentId) {
        // what lights another view is there already
        let known = self.rigs.iter().filter_map(|rig| rig.surroundings.as_ref());
        let known = known.into_iter().find(|known| known.prepared.id == id).cloned();
        let wanted = &mut self.rigs[rig];
        wanted.environment_order += 1;
        wanted.wanted = Some(id.clone());
        let order = wanted.environment_order;
        if let Some(known) = known.filter(|_| matches!(id, EnvironmentId::Bundled(_))) {
            wanted.arriving = Some((known, order));
            return;
        }
        let started = self.work("environment", move || {
            let result = Box::new(PreparedEnvironment::load(&id));
            Finished::Environment { rig, order, result }
        });
        if !started {
            let result = Box::new(Err(EnvironmentError::NoThread));
            // a full channel has newer answers to show
            let _ = self.done.try_send(Finished::Environment { rig, order, result });
        }
    }

    /// Lights a view by itself, or as all the others.
    fn light_view(&mut self, view: ViewId, light: Option<&ViewLight>) {
        let index = view.index();
        let Some(light) = light else {
            self.own[index] = false;
            return;
        };
        self.own[index] = index > 0;
        let rig = &mut self.rigs[index];
        rig.turn(light.rotation_deg);
        rig.expose(light.exposure_stops);
        if rig.wanted.as_ref() != Some(&light.environment) {
            self.load(index, light.environment.clone());
        }
    }

    pub(crate) fn bake_shadows(&mut self) {
        for index in 0..self.rigs.len() {
            let rig = &mut self.rigs[index];
            if rig.shadow_done < rig.shadow_order {
                // while a slider moves one bake follows the other
                continue;
            }
            let (Some(car), Some(surroundings)) = (&self.car, &rig.surroundings) else { continue };
            let turn = surroundings.rotation_rad(rig.rotation_deg);
            let degrees = turn.to_degrees().round() as i32;
            let softbox = rig.softbox;
            let wanted = (car.hash.clone(), surroundings.prepared.id.clone(), degrees, self.hidden.clone(), softbox);
            if rig.baked_for.as_ref() == Some(&wanted) {
                continue;
            }
            let (car, light, hidden) = (car.clone(), surroundings.prepared.light.clone(), self.hidden.clone());
            rig.baked_for = Some(wanted);
            rig.shadow_order += 1;
            let order = rig.shadow_order;
            let job = move || {
                let shadow = match hidden.is_empty() {
                    true => contact::bake(&car.model, &light, turn, softbox.as_ref()),
                    false => contact::bake(&without(&car.model, &hidden), &light, turn, softbox.as_ref()),
                };
                Finished::Shadow { rig: index, order, shadow }
            };
            if !self.work("ground shadow", job) {
                self.rigs[index].shadow_done = order;
            }
        }
    }
}

impl OnStage {
    /// Lays the car out for its own mirror pictures, anew when it or its hidden parts are others.
    pub(crate) fn mirror_car(&mut self) {
        let Some(car) = self.car.clone() else { return };
        let mirrored = &mut self.mirrored;
        let wanted = (car.hash.clone(), self.hidden.clone());
        if mirrored.done < mirrored.order || mirrored.wanted == wanted {
            return;
        }
        mirrored.order += 1;
        let (order, hidden) = (mirrored.order, wanted.1.clone());
        mirrored.wanted = wanted;
        let job = move || {
            let car = match hidden.is_empty() {
                true => Mirrored::of(&car.model),
                false => Mirrored::of(&without(&car.model, &hidden)),
            };
            Finished::Mirrored { order, car }
        };
        if !self.work("mirrored car", job) {
            self.mirrored.done = order;
        }
    }

    /// Makes the car's simpler meshes; without a thread for it, the whole ones do.
    pub(crate) fn simplify_car(&mut self) {
        let Some(car) = self.car.clone() else { return };
        self.work("level of detail", move || Finished::Simplified { meshes: detail::simple_meshes(&car.model), car: car.hash.clone() });
    }
}

/// A car without some of its parts.
pub(crate) fn without(model: &CarModel, hidden: &[usize]) -> CarModel {
    let mut rest = model.clone();
    for &part in hidden {
        if let Some(part) = rest.parts.get_mut(part) {
            part.mesh = Default::default();
        }
    }
    rest
}

/// Marks the sun.
#[derive(Component)]
pub(crate) struct SunLight {
    /// Of what throws shadows, in metres.
    pub bounds: (Vec3, Vec3),
}

fn apply_stage_commands(
    mut messages: MessageReader<ShowroomCommand>,
    mut events: MessageWriter<ShowroomEvent>,
    mut stage: ResMut<OnStage>,
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut finishes: ResMut<Assets<FinishMaterial>>,
    mut images: ResMut<Assets<Image>>,
    on_stage: Query<Entity, With<CarOnStage>>,
    (paint, device): (Res<PaintTextures>, Option<Res<RenderDevice>>),
    mut redraw: ResMut<RedrawNeeded>,
) {
    for message in messages.read() {
        match message {
            ShowroomCommand::ShowCar(car) => {
                for entity in &on_stage {
                    commands.entity(entity).despawn();
                }
                stage.levels = Levels::of(car::part_meshes(&mut meshes, car::meshes_of(&car.model)));
                stage.car = Some(car.clone());
                stage.bounds = if car.model.triangle_count() > 0 { car.model.bounds() } else { EMPTY_STAGE };
                stage.hidden.clear();
                // until it is laid out it mirrors no car rather than another
                stage.mirrored.car = mirrored::NOTHING;
                stage.mirrored.wanted = default();
                stage.rigs.iter_mut().for_each(Rig::undress);
                redraw.scene_changed();
                events.write(ShowroomEvent::CarShown { id: car.manifest.id.clone() });
            }
            ShowroomCommand::SetEnvironment(id) => stage.load(0, id.clone()),
            ShowroomCommand::SetEnvironmentRotation(degrees) => stage.rigs[0].turn(*degrees),
            ShowroomCommand::SetExposure(stops) => stage.rigs[0].expose(*stops),
            ShowroomCommand::SetSoftbox(softbox) => stage.rigs[0].put(*softbox),
            ShowroomCommand::BlurBackdrop { view, blur } => {
                let blur = blur.filter(|blur| blur.is_finite()).map(|blur| blur.clamp(0.0, 1.0));
                stage.blurs[view.index()] = blur;
            }
            ShowroomCommand::LightView { view, light } => stage.light_view(*view, light.as_ref()),
            ShowroomCommand::HideParts(hidden) => {
                stage.hidden.clone_from(hidden);
                redraw.scene_changed();
            }
            ShowroomCommand::SetFinish(wanted) => {
                stage.finish = *wanted;
                finish::finish_paint(&mut finishes, *wanted);
                redraw.scene_changed();
            }
            ShowroomCommand::Inspect(wanted) => {
                let possible = device.as_ref().map_or(Ok(()), |device| wanted.check(device.features()));
                stage.inspection = if possible.is_ok() { *wanted } else { Inspection::Paint };
                if let Err(reason) = possible {
                    events.write(ShowroomEvent::Failed(reason.to_string()));
                }
                events.write(ShowroomEvent::Inspecting(stage.inspection));
                finish::inspect(&mut finishes, stage.inspection);
                redraw.scene_changed();
            }
            ShowroomCommand::SetSpecMap { map: Some(map), .. } if !spec::fits(map) => {
                let refused = StillError::SpecMap { width: map.width(), height: map.height() };
                events.write(ShowroomEvent::Failed(refused.to_string()));
            }
            ShowroomCommand::SetSpecMap { slot, map } => {
                let map = map.as_deref().map(|map| images.add(spec::texture(map)));
                finish::set_spec_map(&mut finishes, &paint.textures[slot.index()], map.as_ref());
                stage.spec_maps[slot.index()] = map;
                redraw.scene_changed();
            }
            _ => {}
        }
    }
}

/// Hidden parts are gone in every light, and so are their shadows.
fn hide_parts(stage: Res<OnStage>, mut parts: Query<(Ref<CarPart>, &mut Visibility)>) {
    for (part, mut visibility) in &mut parts {
        if stage.is_changed() || part.is_added() {
            let hidden = stage.hidden.contains(&part.0);
            visibility.set_if_neq(if hidden { Visibility::Hidden } else { Visibility::Inherited });
        }
    }
}

fn take_finished_work(
    mut stage: ResMut<OnStage>,
    mut images: ResMut<Assets<Image>>,
    (mut buffers, mut finishes, mut meshes): (ResMut<Assets<ShaderBuffer>>, ResMut<Assets<FinishMaterial>>, ResMut<Assets<Mesh>>),
    mut events: MessageWriter<ShowroomEvent>,
    mut redraw: ResMut<RedrawNeeded>,
) {
    for index in 0..ViewId::COUNT {
        let Some((surroundings, order)) = stage.bypass_change_detection().rigs[index].arriving.take() else { continue };
        let id = surroundings.prepared.id.clone();
        events.write(match ViewId::new(index).filter(|_| index > 0) {
            Some(view) => ShowroomEvent::ViewLit { view, environment: Some(id) },
            None => ShowroomEvent::EnvironmentShown(id),
        });
        let rig = &mut stage.rigs[index];
        rig.environment_done = rig.environment_done.max(order);
        rig.surroundings = Some(surroundings);
        rig.touch();
    }
    while let Ok(finished) = stage.bypass_change_detection().finished.try_recv() {
        let quiet = stage.bypass_change_detection();
        match finished {
            // surroundings asked for earlier than the last ones are not wanted any more
            Finished::Environment { rig, order, .. } if order < quiet.rigs[rig].environment_order => {}
            Finished::Environment { rig, order, result } => match *result {
                Ok(prepared) => quiet.rigs[rig].arriving = Some((Surroundings::new(prepared, &mut images), order)),
                Err(error) => {
                    quiet.rigs[rig].environment_done = order;
                    quiet.rigs[rig].wanted = quiet.rigs[rig].surroundings.as_ref().map(|old| old.prepared.id.clone());
                    events.write(ShowroomEvent::Failed(error.to_string()));
                    if let Some(view) = ViewId::new(rig).filter(|_| rig > 0) {
                        let environment = quiet.rigs[rig].wanted.clone();
                        quiet.own[rig] &= environment.is_some();
                        events.write(ShowroomEvent::ViewLit { view, environment });
                        stage.set_changed();
                    }
                }
            },
            Finished::Shadow { rig: index, order, shadow } => {
                let rig = &mut quiet.rigs[index];
                rig.shadow_done = rig.shadow_done.max(order);
                if order == rig.shadow_order
                    && let Some(texture) = &rig.ground_shadow
                {
                    if images.insert(texture, ground_shadow_image(shadow.texels)).is_err() {
                        warn!("the ground's shadow was dropped");
                    }
                    redraw.scene_changed();
                }
                quiet.bake_shadows();
            }
            Finished::Simplified { car, .. } if quiet.car.as_ref().is_none_or(|current| current.hash != car) => {}
            Finished::Simplified { meshes: made, .. } => quiet.levels.add(car::part_meshes(&mut meshes, made)),
            Finished::Mirrored { order, car } => {
                quiet.mirrored.done = order;
                let current = (quiet.car.as_ref().map_or("", |car| &car.hash), &quiet.hidden);
                if current == (quiet.mirrored.wanted.0.as_str(), &quiet.mirrored.wanted.1) {
                    let car = car.unwrap_or_else(|refused| {
                        events.write(ShowroomEvent::Failed(refused.to_string()));
                        Mirrored::nothing()
                    });
                    quiet.mirrored.car = buffers.add(car.buffer());
                    finish::mirror(&mut finishes, &quiet.mirrored.car);
                    redraw.scene_changed();
                }
                quiet.mirror_car();
            }
        }
    }
}

pub(crate) fn backdrop_material(
    surroundings: &Surroundings,
    rotation_deg: f32,
    blur: Option<f32>,
    shadow_area: Vec4,
    softbox: Option<&Softbox>,
    shared: &SharedTextures,
) -> Backdrop {
    let ground = &surroundings.prepared.look.ground;
    let turn = surroundings.rotation_rad(rotation_deg);
    let light = &surroundings.prepared.light;
    let scene = BackdropScene::new(ground, blur.unwrap_or(ground.blur), turn, shadow_area, light.sun_share());
    let level = (light.level_irradiance() / std::f32::consts::PI).max(Vec3::splat(1e-6)).extend(0.0);
    Backdrop {
        scene: BackdropScene { level, lamp: surroundings.lamp(softbox), ..scene },
        surroundings: surroundings.specular.clone(),
        ground_shadow: shared.ground_shadow.clone(),
        deep: false,
    }
}

fn tell_progress(
    stage: Res<OnStage>,
    pipelines: Res<PipelineProgress>,
    redraw: Res<RedrawNeeded>,
    uploads: Res<PaintUploads>,
    mut events: MessageWriter<ShowroomEvent>,
    mut seen: Local<(bool, u64, bool)>,
) {
    let (first_told, uploads_told, failure_told) = &mut *seen;
    if *uploads_told != uploads.sent() {
        *uploads_told = uploads.sent();
        events.write(ShowroomEvent::PaintUploaded);
    }
    if !*first_told && stage.surroundings().is_some() && pipelines.waiting() == 0 && !redraw.is_needed() {
        *first_told = true;
        events.write(ShowroomEvent::FirstPictureDrawn);
    }
    if !*failure_told && pipelines.failed() > 0 {
        *failure_told = true;
        let sentence = "the graphics driver refuses one of the showroom's shaders: update the driver";
        events.write(ShowroomEvent::Failed(sentence.to_owned()));
    }
}
