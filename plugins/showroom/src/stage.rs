//! The stage: which car stands in which light. One resource, changed only by commands and finished work.

use crate::backdrop::{self, Backdrop, BackdropScene};
use crate::car::{self, CarOnStage, Dressing};
use crate::commands::{ShowroomCommand, ShowroomEvent};
use crate::contact::{self, GroundShadow};
use crate::environment::{EnvironmentError, EnvironmentId, PreparedEnvironment};
use crate::finish::{self, FinishMaterial, PaintFinish};
use crate::gpu::{self, PipelineProgress};
use crate::light::{SHADOW_MAP_PX, Surroundings};
use crate::paint::{PaintPlugin, PaintTextures, PaintUploads};
use crate::pace::{self, RedrawNeeded};
use crate::views;
use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::RenderLayers;
use bevy::image::{ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::light::DirectionalLightShadowMap;
use bevy::prelude::*;
use bevy::render::RenderApp;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat, TextureUsages};
use crossbeam_channel::{Receiver, Sender};
use gridvox_car::CarPack;
use std::sync::Arc;

/// Stops that a user can add to or take from the exposure.
const EXPOSURE_STOPS: f32 = 6.0;

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
            .add_plugins((pace::plugin, views::plugin))
            .add_systems(PreUpdate, take_finished_work)
            .add_systems(
                Update,
                (apply_stage_commands, turn_stage.run_if(resource_changed::<OnStage>)).chain(),
            )
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
            app.init_asset::<Image>().init_asset::<Mesh>().init_asset::<FinishMaterial>().init_asset::<Backdrop>();
        }
        app.add_plugins((gpu::plugin, PaintPlugin { size: self.livery_size }))
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
        let blank = vec![255; contact::SIZE.0 * contact::SIZE.1];
        Self { ground_shadow: world.resource_mut::<Assets<Image>>().add(ground_shadow_image(blank)) }
    }
}

pub(crate) fn ground_shadow_image(texels: Vec<u8>) -> Image {
    let mut image = Image::new(
        Extent3d { width: contact::SIZE.0 as u32, height: contact::SIZE.1 as u32, depth_or_array_layers: 1 },
        TextureDimension::D2,
        texels,
        TextureFormat::R8Unorm,
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
    Environment { order: u64, result: Box<Result<PreparedEnvironment, EnvironmentError>> },
    Shadow { order: u64, shadow: GroundShadow },
}

/// What stands on stage.
#[derive(Resource)]
pub struct OnStage {
    car: Option<Arc<CarPack>>,
    surroundings: Option<Surroundings>,
    /// Surroundings whose pictures get to the graphics card in this frame, and their order. A camera lit by pictures that
    /// are not there yet would be dark for a moment, and need shaders of its own for it.
    arriving: Option<(Surroundings, u64)>,
    rotation_deg: f32,
    exposure_stops: f32,
    finish: PaintFinish,
    blur: Option<f32>,
    baked_for: Option<(String, EnvironmentId, i32)>,
    environment_order: u64,
    environment_done: u64,
    shadow_order: u64,
    shadow_done: u64,
    backdrop: Option<Handle<Backdrop>>,
    done: Sender<Finished>,
    finished: Receiver<Finished>,
}

impl OnStage {
    /// An empty stage whose first surroundings are being read already, while the program still starts. Every later wish
    /// comes after this one, whenever it was written.
    fn lit_by(first: EnvironmentId) -> Self {
        let (done, finished) = crossbeam_channel::bounded(8);
        let mut stage = Self {
            car: None,
            surroundings: None,
            arriving: None,
            rotation_deg: 0.0,
            exposure_stops: 0.0,
            finish: PaintFinish::default(),
            blur: None,
            baked_for: None,
            environment_order: 0,
            environment_done: 0,
            shadow_order: 0,
            shadow_done: 0,
            backdrop: None,
            done,
            finished,
        };
        stage.load(first);
        stage
    }

    /// The car.
    pub fn car(&self) -> Option<&Arc<CarPack>> {
        self.car.as_ref()
    }

    /// The light.
    pub fn surroundings(&self) -> Option<&Surroundings> {
        self.surroundings.as_ref()
    }

    /// The surroundings' name.
    pub fn environment(&self) -> Option<&EnvironmentId> {
        self.surroundings.as_ref().map(|surroundings| &surroundings.prepared.id)
    }

    /// Degrees added to the surroundings' own rotation.
    pub fn rotation_deg(&self) -> f32 {
        self.rotation_deg
    }

    /// Stops added to the surroundings' own exposure.
    pub fn exposure_stops(&self) -> f32 {
        self.exposure_stops
    }

    /// How the paint is finished.
    pub fn finish(&self) -> PaintFinish {
        self.finish
    }

    /// The car's smallest and largest corner in metres, or those of a usual car.
    pub fn bounds(&self) -> (Vec3, Vec3) {
        match &self.car {
            Some(car) if car.model.triangle_count() > 0 => car.model.bounds(),
            _ => EMPTY_STAGE,
        }
    }

    /// Whether surroundings or a shadow are being made.
    pub fn is_loading(&self) -> bool {
        self.environment_done < self.environment_order || self.shadow_done < self.shadow_order
    }

    fn work(&self, name: &str, job: impl FnOnce() -> Finished + Send + 'static) -> bool {
        let done = self.done.clone();
        let run = move || {
            // the showroom is gone when this fails, and so is the need
            let _ = done.send(job());
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(run).is_ok()
    }

    fn load(&mut self, id: EnvironmentId) {
        self.environment_order += 1;
        let order = self.environment_order;
        let started = self.work("environment", move || {
            let result = Box::new(PreparedEnvironment::load(&id));
            Finished::Environment { order, result }
        });
        if !started {
            let result = Box::new(Err(EnvironmentError::NoThread));
            // a full channel has newer answers to show
            let _ = self.done.try_send(Finished::Environment { order, result });
        }
    }

    fn bake_shadow(&mut self) {
        let (Some(car), Some(surroundings)) = (&self.car, &self.surroundings) else { return };
        let turn = surroundings.rotation_rad(self.rotation_deg);
        let wanted = (car.hash.clone(), surroundings.prepared.id.clone(), turn.to_degrees().round() as i32);
        if self.baked_for.as_ref() == Some(&wanted) {
            return;
        }
        let (car, light) = (car.clone(), surroundings.prepared.light.clone());
        self.baked_for = Some(wanted);
        self.shadow_order += 1;
        let order = self.shadow_order;
        let job = move || Finished::Shadow { order, shadow: contact::bake(&car.model, &light, turn) };
        if !self.work("ground shadow", job) {
            self.shadow_done = self.shadow_order;
        }
    }
}

/// Marks the sun.
#[derive(Component)]
pub(crate) struct SunLight;

fn apply_stage_commands(
    mut messages: MessageReader<ShowroomCommand>,
    mut events: MessageWriter<ShowroomEvent>,
    mut stage: ResMut<OnStage>,
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut finishes: ResMut<Assets<FinishMaterial>>,
    on_stage: Query<Entity, With<CarOnStage>>,
    paint: Res<PaintTextures>,
    shared: Res<SharedTextures>,
    mut redraw: ResMut<RedrawNeeded>,
) {
    for message in messages.read() {
        match message {
            ShowroomCommand::ShowCar(car) => {
                for entity in &on_stage {
                    commands.entity(entity).despawn();
                }
                stage.car = Some(car.clone());
                let dressing = Dressing {
                    paint: &paint,
                    ground_shadow: &shared.ground_shadow,
                    shadow_area: contact::shader_area(stage.bounds()),
                    sunny: stage.surroundings.as_ref().is_some_and(Surroundings::has_sun),
                };
                car::spawn(&mut commands, &mut meshes, &mut finishes, car, &dressing);
                finish::finish_paint(&mut finishes, stage.finish);
                redraw.scene_changed();
                events.write(ShowroomEvent::CarShown { id: car.manifest.id.clone() });
            }
            ShowroomCommand::SetEnvironment(id) => stage.load(id.clone()),
            ShowroomCommand::SetEnvironmentRotation(degrees) if degrees.is_finite() => {
                stage.rotation_deg = degrees.rem_euclid(360.0);
            }
            ShowroomCommand::SetExposure(stops) if stops.is_finite() => {
                stage.exposure_stops = stops.clamp(-EXPOSURE_STOPS, EXPOSURE_STOPS);
            }
            ShowroomCommand::SetFinish(wanted) => {
                stage.finish = *wanted;
                finish::finish_paint(&mut finishes, *wanted);
                redraw.scene_changed();
            }
            ShowroomCommand::SetBackdropBlur(blur) => {
                stage.blur = blur.filter(|blur| blur.is_finite()).map(|blur| blur.clamp(0.0, 1.0));
            }
            _ => {}
        }
    }
}

fn take_finished_work(
    mut stage: ResMut<OnStage>,
    mut images: ResMut<Assets<Image>>,
    mut events: MessageWriter<ShowroomEvent>,
    shared: Res<SharedTextures>,
    mut redraw: ResMut<RedrawNeeded>,
) {
    if let Some((surroundings, order)) = stage.bypass_change_detection().arriving.take() {
        events.write(ShowroomEvent::EnvironmentShown(surroundings.prepared.id.clone()));
        stage.environment_done = stage.environment_done.max(order);
        stage.surroundings = Some(surroundings);
    }
    while let Ok(finished) = stage.bypass_change_detection().finished.try_recv() {
        match finished {
            // surroundings asked for earlier than the last ones are not wanted any more
            Finished::Environment { order, .. } if order < stage.environment_order => {}
            Finished::Environment { order, result } => {
                let stage = stage.bypass_change_detection();
                match *result {
                    Ok(prepared) => stage.arriving = Some((Surroundings::new(prepared, &mut images), order)),
                    Err(error) => {
                        stage.environment_done = order;
                        events.write(ShowroomEvent::Failed(error.to_string()));
                    }
                }
            }
            Finished::Shadow { order, shadow } => {
                let stage = stage.bypass_change_detection();
                stage.shadow_done = stage.shadow_done.max(order);
                if order == stage.shadow_order {
                    if images.insert(&shared.ground_shadow, ground_shadow_image(shadow.texels)).is_err() {
                        warn!("the ground's shadow was dropped");
                    }
                    redraw.scene_changed();
                }
            }
        }
    }
}

/// Ground, sun and shadow follow the stage.
fn turn_stage(
    mut stage: ResMut<OnStage>,
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut backdrops: ResMut<Assets<Backdrop>>,
    mut finishes: ResMut<Assets<FinishMaterial>>,
    suns: Query<Entity, With<SunLight>>,
    shared: Res<SharedTextures>,
) {
    let stage = stage.bypass_change_detection();
    let area = contact::shader_area(stage.bounds());
    let Some(surroundings) = &stage.surroundings else { return };
    let material = backdrop_material(surroundings, stage.rotation_deg, stage.blur, area, &shared);
    match &stage.backdrop {
        Some(handle) => {
            if let Some(mut shown) = backdrops.get_mut(handle) {
                *shown = material;
            }
        }
        None => {
            let handle = backdrops.add(material);
            commands.spawn(backdrop::dome(&mut meshes, handle.clone()));
            stage.backdrop = Some(handle);
        }
    }
    finish::let_sun_shine(&mut finishes, surroundings.has_sun());
    for sun in &suns {
        commands.entity(sun).despawn();
    }
    if let Some(sun) = surroundings.sun(surroundings.rotation_rad(stage.rotation_deg)) {
        commands.spawn((Name::new("sun"), SunLight, RenderLayers::from_layers(&[0, 1, 2]), sun));
    }
    stage.bake_shadow();
}

pub(crate) fn backdrop_material(
    surroundings: &Surroundings,
    rotation_deg: f32,
    blur: Option<f32>,
    shadow_area: Vec4,
    shared: &SharedTextures,
) -> Backdrop {
    let ground = &surroundings.prepared.look.ground;
    let turn = surroundings.rotation_rad(rotation_deg);
    Backdrop {
        scene: BackdropScene::new(ground, blur.unwrap_or(ground.blur), turn, shadow_area, surroundings.sun_share()),
        surroundings: surroundings.specular.clone(),
        ground_shadow: shared.ground_shadow.clone(),
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
    if !*first_told && stage.surroundings.is_some() && pipelines.waiting() == 0 && !redraw.is_needed() {
        *first_told = true;
        events.write(ShowroomEvent::FirstPictureDrawn);
    }
    if !*failure_told && pipelines.failed() > 0 {
        *failure_told = true;
        let sentence = "the graphics driver refuses one of the showroom's shaders: update the driver";
        events.write(ShowroomEvent::Failed(sentence.to_owned()));
    }
}
