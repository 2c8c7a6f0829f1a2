//! The darkroom: a renderer without a window that is stepped by hand.

use super::shot::{check, livery_size};
use super::target::{read_back, still_target, straighten, wait};
use super::tiles::{cut, tiles};
use super::{StillError, StillScene, StillShot};
use crate::aperture::{self, Exposure as LensExposure};
use crate::backdrop::BackdropDome;
use crate::car::{self, Dressing, SHARED_LAYER, paint_layer};
use crate::contact;
use crate::environment::PreparedEnvironment;
use crate::finish::{self, FinishMaterial, LightOnSurfaces, PaintFinish};
use crate::gpu::{self, PipelineProgress};
use crate::inspect::Inspection;
use crate::lens::PhotoLens;
use crate::light::Surroundings;
use crate::mirrored::Mirrored;
use crate::paint::{PaintSlot, PaintTextures};
use crate::softbox::Softbox;
use crate::spec;
use crate::stage::{SharedTextures, StagePlugin, without};
use crate::views::photographic;
use bevy::app::{PluginGroup, TerminalCtrlCHandlerPlugin};
use bevy::camera::visibility::RenderLayers;
use bevy::camera::{Hdr, RenderTarget};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::ecs::system::RunSystemOnce;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::renderer::RenderDevice;
use bevy::render::storage::ShaderBuffer;
use bevy::time::TimeUpdateStrategy;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use gridvox_car::{CarPack, PhotoCamera};
use half::f16;
use image::{RgbaImage, imageops};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

/// Frames that may pass until all shaders are compiled and all textures have arrived.
const WARM_UP_FRAMES: usize = 120;

/// Frames in a row without anything waiting that end the warm-up.
const CALM_FRAMES: usize = 2;

/// Edge of the picture that the warm-up draws.
const WARM_UP_PX: u32 = 64;

/// From so many samples on light is gathered by rays: their noise is no longer seen.
const SMOOTH_SAMPLES: usize = 8;

/// Hears how many samples are drawn, of how many, and may stop the work.
pub type Progress<'a> = dyn FnMut(u32, u32) -> ControlFlow<()> + 'a;

/// A renderer with a car on stage, for shots one after the other.
pub struct Darkroom {
    pub(super) app: App,
    pub(super) scene: StillScene,
    pub(super) surroundings: Vec<Option<Surroundings>>,
    target: Handle<Image>,
    pub(super) camera: Entity,
    size: UVec2,
    pub(super) lit: Option<(usize, i32, Option<f32>, Option<Softbox>)>,
    pub(super) painted: Option<usize>,
    pub(super) finished: PaintFinish,
    gathers: bool,
    inspection: Inspection,
    /// The picture is linear light in 16-bit floats, as depth of field needs it.
    linear: bool,
    pub(super) warm: bool,
}

impl Darkroom {
    /// Starts the renderer and puts the car on stage.
    pub fn open(scene: &StillScene) -> Result<Self, StillError> {
        let livery_size = livery_size(scene)?;
        if let Some(map) = scene.spec.as_deref().filter(|map| !spec::fits(map)) {
            return Err(StillError::SpecMap { width: map.width(), height: map.height() });
        }
        // surroundings are read while the renderer starts
        let first = scene.environments.first().cloned().unwrap_or_default();
        let loading = std::thread::spawn(move || PreparedEnvironment::load(&first));
        gpu::probe()?;
        let mut app = headless_app(livery_size);
        let size = UVec2::splat(WARM_UP_PX);
        let target = app.world_mut().resource_mut::<Assets<Image>>().add(still_target(size, false));
        let camera = app
            .world_mut()
            .spawn((
                photographic(),
                // it draws as soon as its light is there
                Camera { clear_color: ClearColorConfig::Custom(Color::NONE), is_active: false, ..default() },
                RenderTarget::Image(target.clone().into()),
                RenderLayers::from_layers(&[SHARED_LAYER, paint_layer(PaintSlot::A)]),
            ))
            .id();
        let mut scene = scene.clone();
        if !scene.hidden.is_empty() {
            let model = without(&scene.car.model, &scene.hidden);
            scene.car = Arc::new(CarPack { model, ..CarPack::clone(&scene.car) });
        }
        let car = scene.car.clone();
        let mirrored = Mirrored::of(&car.model).unwrap_or_else(|refused| {
            warn!("{refused}");
            Mirrored::nothing()
        });
        let mirrored = app.world_mut().resource_mut::<Assets<ShaderBuffer>>().add(mirrored.buffer());
        let area = contact::shader_area(car.model.bounds());
        let map = scene.spec.clone();
        let put = move |mut commands: Commands,
                        mut meshes: ResMut<Assets<Mesh>>,
                        mut finishes: ResMut<Assets<FinishMaterial>>,
                        mut images: ResMut<Assets<Image>>,
                        paint: Res<PaintTextures>,
                        shared: Res<SharedTextures>| {
            let light = &LightOnSurfaces::DARK;
            let (ground_shadow, mirrored) = (&shared.ground_shadow, &mirrored);
            let dressing = Dressing { paint: &paint, ground_shadow, shadow_area: area, light, mirrored: Some(mirrored) };
            car::spawn(&mut commands, &mut meshes, &mut finishes, &car, &dressing);
            if let Some(map) = &map {
                let texture = images.add(spec::texture(map));
                for livery in &paint.textures {
                    finish::set_spec_map(&mut finishes, livery, Some(&texture));
                }
            }
        };
        app.world_mut().run_system_once(put).map_err(|error| StillError::Device(error.to_string()))?;

        let mut surroundings = vec![None; scene.environments.len()];
        let loaded = loading.join().map_err(|_| StillError::Device("a worker stopped".into()))??;
        if let Some(slot) = surroundings.first_mut() {
            let mut images = app.world_mut().resource_mut::<Assets<Image>>();
            *slot = Some(Surroundings::new(loaded, &mut images));
        }
        Ok(Self {
            app,
            scene,
            surroundings,
            target,
            camera,
            size,
            lit: None,
            painted: None,
            finished: PaintFinish::default(),
            gathers: false,
            inspection: Inspection::default(),
            linear: false,
            warm: false,
        })
    }

    /// Draws one shot.
    pub fn shoot(&mut self, shot: &StillShot) -> Result<RgbaImage, StillError> {
        self.shoot_watched(shot, &mut |_, _| ControlFlow::Continue(()))
    }

    /// Draws one shot, and tells how many of its samples are drawn, of how many; the answer may stop it.
    pub fn shoot_watched(&mut self, shot: &StillShot, progress: &mut Progress) -> Result<RgbaImage, StillError> {
        check(&self.scene, shot)?;
        self.light(shot)?;
        self.paint(shot)?;
        self.finish(shot.finish);
        self.inspect(shot.inspection)?;
        let samples = self.samples(shot);
        self.keep_light_linear(samples.len() > 1);
        self.gather_light(samples.len() >= SMOOTH_SAMPLES);
        let exposure = self.lit_by(shot)?.exposure(shot.exposure_stops);
        self.app.world_mut().entity_mut(self.camera).insert(exposure);
        self.aim(&samples[0]);
        let visibility = if shot.transparent { Visibility::Hidden } else { Visibility::Inherited };
        let world = self.app.world_mut();
        let mut domes = world.query_filtered::<&mut Visibility, With<BackdropDome>>();
        for mut dome in domes.iter_mut(world) {
            dome.set_if_neq(visibility);
        }
        if !self.warm {
            self.warm_up()?;
        }
        let mut picture = RgbaImage::new(shot.width, shot.height);
        let tiles = tiles(shot.width, shot.height);
        let (mut drawn, all) = (0, (tiles.len() * samples.len()) as u32);
        for tile in tiles {
            self.resize(tile.size());
            let mut told = || {
                drawn += 1;
                progress(drawn, all)
            };
            let piece = match samples.as_slice() {
                [camera] => {
                    let piece = self.snap(&cut(camera, tile), shot.transparent)?;
                    if told().is_break() {
                        return Err(StillError::Stopped);
                    }
                    piece
                }
                cameras => self.expose(&cameras.iter().map(|camera| cut(camera, tile)).collect::<Vec<_>>(), &mut told)?,
            };
            imageops::replace(&mut picture, &piece, i64::from(tile.min.x), i64::from(tile.min.y));
        }
        if !shot.transparent {
            for pixel in picture.pixels_mut() {
                pixel.0[3] = 255;
            }
        }
        Ok(picture)
    }

    /// The cameras whose mean is the shot.
    fn samples(&self, shot: &StillShot) -> Vec<PhotoCamera> {
        let camera = shot.photo_camera(&self.scene.car);
        match shot.aperture {
            _ if shot.inspection != Inspection::Paint => vec![camera],
            Some(aperture) => {
                let focus_m = aperture.focus_m.unwrap_or_else(|| aperture::autofocus(&self.scene.car.model, &camera));
                aperture.pinholes(&camera, focus_m)
            }
            None if shot.supersample > 1 => aperture::through_pixels(&camera, shot.supersample),
            None => vec![camera],
        }
    }

    /// What one camera sees, as the views show it.
    fn snap(&mut self, camera: &PhotoCamera, transparent: bool) -> Result<RgbaImage, StillError> {
        // a changed projection is what makes the camera look at its target's size
        self.aim(camera);
        self.app.update();
        let mut picture = self.picture(read_back(&self.app, &self.target, self.size, 4)?)?;
        if transparent {
            straighten(&mut picture);
        }
        Ok(picture)
    }

    /// The mean of what cameras see, in linear light.
    fn expose(&mut self, cameras: &[PhotoCamera], told: &mut dyn FnMut() -> ControlFlow<()>) -> Result<RgbaImage, StillError> {
        let mut exposure = LensExposure::new(self.size.element_product() as usize);
        for camera in cameras {
            self.aim(camera);
            self.app.update();
            let bytes = read_back(&self.app, &self.target, self.size, 8)?;
            let half = |bytes: &[u8]| f16::from_le_bytes([bytes[0], bytes[1]]).to_f32();
            let light = |pixel: &[u8; 8]| [0, 2, 4, 6].map(|at| half(&pixel[at..]));
            exposure.add(bytes.as_chunks::<8>().0.iter().map(light));
            if told().is_break() {
                return Err(StillError::Stopped);
            }
        }
        self.picture(exposure.develop())
    }

    fn aim(&mut self, camera: &PhotoCamera) {
        let lens = Projection::custom(PhotoLens::new(camera));
        self.app.world_mut().entity_mut(self.camera).insert((PhotoLens::transform(camera), lens));
    }

    fn picture(&self, pixels: Vec<u8>) -> Result<RgbaImage, StillError> {
        let lost = || StillError::Device("the picture is not there".to_owned());
        RgbaImage::from_raw(self.size.x, self.size.y, pixels).ok_or_else(lost)
    }

    /// Whether the target gets linear light, or what a screen shows.
    fn keep_light_linear(&mut self, linear: bool) {
        if self.linear == linear {
            return;
        }
        self.linear = linear;
        let mut camera = self.app.world_mut().entity_mut(self.camera);
        if linear {
            camera.insert((Hdr, Tonemapping::None));
        } else {
            camera.remove::<Hdr>();
            camera.insert(photographic());
        }
        // another format and other shaders
        self.size = UVec2::ZERO;
        self.warm = false;
    }

    /// Whether surfaces gather their light by rays.
    fn gather_light(&mut self, gathers: bool) {
        if self.gathers != gathers {
            self.gathers = gathers;
            finish::gather_light(&mut self.app.world_mut().resource_mut::<Assets<FinishMaterial>>(), gathers);
            // other shaders
            self.warm = false;
        }
    }

    /// What surfaces show.
    fn inspect(&mut self, wanted: Inspection) -> Result<(), StillError> {
        if self.inspection == wanted {
            return Ok(());
        }
        wanted.check(self.app.world().resource::<RenderDevice>().features())?;
        self.inspection = wanted;
        finish::inspect(&mut self.app.world_mut().resource_mut::<Assets<FinishMaterial>>(), wanted);
        // other shaders
        self.warm = false;
        Ok(())
    }

    /// Draws small pictures until shaders, meshes and textures are all there.
    fn warm_up(&mut self) -> Result<(), StillError> {
        self.resize(UVec2::splat(WARM_UP_PX));
        let mut calm = 0;
        for _ in 0..WARM_UP_FRAMES {
            self.app.update();
            wait(&self.app)?;
            let progress = self.app.world().resource::<PipelineProgress>();
            if progress.failed() > 0 {
                return Err(StillError::Shader);
            }
            calm = if progress.waiting() == 0 { calm + 1 } else { 0 };
            if calm > CALM_FRAMES {
                self.warm = true;
                return Ok(());
            }
        }
        Err(StillError::Device("shaders are still being compiled".to_owned()))
    }

    fn resize(&mut self, size: UVec2) {
        if self.size == size {
            return;
        }
        self.size = size;
        let world = self.app.world_mut();
        self.target = world.resource_mut::<Assets<Image>>().add(still_target(size, self.linear));
        world.entity_mut(self.camera).insert(RenderTarget::Image(self.target.clone().into()));
    }
}

fn headless_app(livery_size: u32) -> App {
    let mut app = App::new();
    let plugins = DefaultPlugins
        .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
        .set(RenderPlugin {
            render_creation: gpu::settings().into(),
            synchronous_pipeline_compilation: true,
            ..default()
        })
        .disable::<WinitPlugin>()
        .disable::<PipelinedRenderingPlugin>()
        .disable::<LogPlugin>()
        .disable::<TerminalCtrlCHandlerPlugin>();
    app.add_plugins(plugins)
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(16)))
        .add_plugins(StagePlugin { livery_size });
    app.finish();
    app.cleanup();
    app
}
