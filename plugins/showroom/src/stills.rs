//! Pictures without a window: one start of the renderer draws many shots.
//!
//! The same stage as in the studio, drawn by a program of its own that is stepped by hand, so it works without a display
//! and on software Vulkan, and draws the same picture each time.

use crate::aperture::{self, Aperture, Exposure as LensExposure};
use crate::backdrop::{self, Backdrop, BackdropDome};
use crate::car::{self, Dressing, SHARED_LAYER, paint_layer};
use crate::contact;
use crate::environment::{EnvironmentError, EnvironmentId, PreparedEnvironment};
use crate::finish::{self, FinishMaterial, LightOnSurfaces, PaintFinish};
use crate::gpu::{self, NoDevice, PipelineProgress};
use crate::lens::PhotoLens;
use crate::light::Surroundings;
use crate::mirrored::Mirrored;
use crate::paint::{PRIMER, PaintSlot, PaintTextures, PaintUploads};
use crate::softbox::Softbox;
use crate::spec;
use crate::stage::{SharedTextures, StagePlugin, SunLight, backdrop_material, ground_shadow_image, without};
use crate::views::photographic;
use bevy::app::{PluginGroup, TerminalCtrlCHandlerPlugin};
use bevy::camera::{Hdr, RenderTarget};
use bevy::camera::visibility::RenderLayers;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::ecs::system::RunSystemOnce;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{TextureFormat, TextureUsages};
use bevy::render::storage::ShaderBuffer;
use bevy::render::renderer::{RenderDevice, RenderQueue};
use bevy::render::texture::GpuImage;
use bevy::render::{RenderApp, RenderPlugin};
use bevy::time::TimeUpdateStrategy;
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use gridvox_car::{CarPack, PhotoCamera, ViewPreset, frame_camera};
use gridvox_livery::mips;
use half::f16;
use image::{Rgba, RgbaImage, imageops};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

/// Largest edge of a shot in pixels; common devices end at 8192.
pub(crate) const MAX_EDGE: u32 = 8192;

/// Longest edge of what is drawn at once: larger pictures are put together from tiles, so that no graphics card is too small.
const TILE_PX: u32 = 2048;

/// Frames that may pass until all shaders are compiled and all textures have arrived.
const WARM_UP_FRAMES: usize = 120;

/// Frames in a row without anything waiting that end the warm-up.
const CALM_FRAMES: usize = 2;

/// Edge of the picture that the warm-up draws.
const WARM_UP_PX: u32 = 64;

/// Why no picture was made.
#[derive(Debug, thiserror::Error)]
pub enum StillError {
    /// There is no device to draw with.
    #[error(transparent)]
    NoDevice(#[from] NoDevice),
    /// The surroundings can't be used.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// A picture of this size can't be drawn.
    #[error("a picture of {width} x {height} pixels can't be drawn: use 1 to {MAX_EDGE} pixels along each side")]
    Size {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// A livery is not square, or not a power of two.
    #[error("a livery is square with 64, 128, .. 8192 pixels, this one has {width} x {height}: scale it first")]
    Livery {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// A spec map is not square, or not a power of two.
    #[error("a spec map is square with 64, 128, .. 8192 pixels, this one has {width} x {height}: scale it first")]
    SpecMap {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// A shot names a livery or surroundings that the scene lacks.
    #[error("a shot asks for {what} {index}, but the scene has {count}: this is a mistake in the program")]
    Missing {
        /// `livery` or `environment`.
        what: &'static str,
        /// The index asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// The camera's numbers make no sense.
    #[error("a shot's camera is broken: focal length, place, aperture and distance of focus have to be numbers that a lens can have")]
    Camera,
    /// A shader was refused.
    #[error("the graphics driver refuses one of the showroom's shaders: update the driver, or use software Vulkan")]
    Shader,
    /// It was stopped.
    #[error("the picture was stopped")]
    Stopped,
    /// Drawing did not finish.
    #[error("the graphics device stopped answering ({0}): try again, or use software Vulkan")]
    Device(String),
}

/// What stands on stage for a series of shots.
#[derive(Debug, Clone)]
pub struct StillScene {
    /// The car.
    pub car: Arc<CarPack>,
    /// Liveries that shots choose from; without any, the car is in primer.
    pub liveries: Vec<Arc<RgbaImage>>,
    /// Metal, roughness and clear coat by texel, in the place of the finish's own; see [`spec`].
    pub spec: Option<Arc<RgbaImage>>,
    /// Surroundings that shots choose from.
    pub environments: Vec<EnvironmentId>,
    /// Parts of the car that are left out, by their index in its model.
    pub hidden: Vec<usize>,
}

impl StillScene {
    /// A scene with one livery, or primer, and one environment.
    pub fn new(car: Arc<CarPack>, livery: Option<Arc<RgbaImage>>, environment: EnvironmentId) -> Self {
        Self { car, liveries: livery.into_iter().collect(), spec: None, environments: vec![environment], hidden: Vec::new() }
    }
}

/// Where a shot is taken from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StillCamera {
    /// Exactly this camera, without its distortion, at its own size.
    Photo(PhotoCamera),
    /// A named view that frames the car.
    Preset(ViewPreset),
    /// Around the car: degrees as in [`frame_camera`], framing the car.
    Orbit {
        /// 0 = front, 90 = the car's left.
        azimuth_deg: f32,
        /// Above the horizon.
        elevation_deg: f32,
        /// Vertical field of view.
        fov_deg: f32,
    },
}

/// One picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StillShot {
    /// Where it is taken from.
    pub camera: StillCamera,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Index in [`StillScene::liveries`]; ignored without liveries.
    pub livery: usize,
    /// How the paint is finished.
    pub finish: PaintFinish,
    /// Index in [`StillScene::environments`].
    pub environment: usize,
    /// Degrees added to the surroundings' own rotation.
    pub rotation_deg: f32,
    /// Stops added to the surroundings' own exposure.
    pub exposure_stops: f32,
    /// How blurred the distance is, 0..1; `None` is the surroundings' own.
    pub backdrop_blur: Option<f32>,
    /// A softbox beside the car.
    pub softbox: Option<Softbox>,
    /// Leaves ground and distance out; the picture has straight alpha.
    pub transparent: bool,
    /// Points of each pixel that are averaged in linear light; 1 is what the views draw. An aperture's own samples smooth edges
    /// as well.
    pub supersample: u32,
    /// Depth of field; everything is sharp without it.
    pub aperture: Option<Aperture>,
}

impl StillShot {
    /// A shot of the first livery in the first environment.
    pub fn new(camera: StillCamera, width: u32, height: u32) -> Self {
        Self {
            camera,
            width,
            height,
            livery: 0,
            finish: PaintFinish::default(),
            environment: 0,
            rotation_deg: 0.0,
            exposure_stops: 0.0,
            backdrop_blur: None,
            softbox: None,
            transparent: false,
            supersample: 1,
            aperture: None,
        }
    }

    /// A shot with a photo's camera, at its own size.
    pub fn photo(camera: PhotoCamera) -> Self {
        Self::new(StillCamera::Photo(camera), camera.width, camera.height)
    }

    /// The camera of the shot, for a car.
    pub fn photo_camera(&self, car: &CarPack) -> PhotoCamera {
        let bounds = car.model.bounds();
        match self.camera {
            StillCamera::Photo(camera) => camera.scaled_to(self.width, self.height),
            StillCamera::Preset(preset) => preset.camera(bounds, self.width, self.height),
            StillCamera::Orbit { azimuth_deg, elevation_deg, fov_deg } => {
                frame_camera(bounds, azimuth_deg, elevation_deg, fov_deg, self.width, self.height)
            }
        }
    }
}

/// The wide picture of a car for a simulator's menu: Automobilista 2 asks for 2048 x 600 pixels.
pub fn menu_shot() -> StillShot {
    StillShot::new(StillCamera::Preset(ViewPreset::FrontLeft), 2048, 600)
}

/// Draws shots, in order.
pub fn render(scene: &StillScene, shots: &[StillShot]) -> Result<Vec<RgbaImage>, StillError> {
    let mut pictures = Vec::with_capacity(shots.len());
    render_each(scene, shots, |_, picture| pictures.push(picture))?;
    Ok(pictures)
}

/// Draws shots and hands over each picture as soon as it is ready.
pub fn render_each(
    scene: &StillScene,
    shots: &[StillShot],
    mut ready: impl FnMut(usize, RgbaImage),
) -> Result<(), StillError> {
    for shot in shots {
        check(scene, shot)?;
    }
    let mut darkroom = Darkroom::open(scene)?;
    for (index, shot) in shots.iter().enumerate() {
        ready(index, darkroom.shoot(shot)?);
    }
    Ok(())
}

fn check(scene: &StillScene, shot: &StillShot) -> Result<(), StillError> {
    let (width, height) = (shot.width, shot.height);
    if !(1..=MAX_EDGE).contains(&width) || !(1..=MAX_EDGE).contains(&height) {
        return Err(StillError::Size { width, height });
    }
    if shot.livery >= scene.liveries.len().max(1) {
        return Err(StillError::Missing { what: "livery", index: shot.livery, count: scene.liveries.len() });
    }
    if shot.environment >= scene.environments.len() {
        return Err(StillError::Missing {
            what: "environment",
            index: shot.environment,
            count: scene.environments.len(),
        });
    }
    let camera = shot.photo_camera(&scene.car);
    let lens_is_real = shot.aperture.is_none_or(|lens| {
        let real = |value: f32| value.is_finite() && value > 0.0;
        real(lens.f_number) && lens.focus_m.is_none_or(real)
    });
    if !(camera.focal_px.is_finite() && camera.focal_px > 0.0 && camera.world_from_camera.is_finite() && lens_is_real) {
        return Err(StillError::Camera);
    }
    Ok(())
}

/// Hears how many samples are drawn, of how many, and may stop the work.
pub type Progress<'a> = dyn FnMut(u32, u32) -> ControlFlow<()> + 'a;

/// Pieces of a picture that are drawn one after the other.
fn tiles(width: u32, height: u32) -> Vec<URect> {
    let starts = |edge: u32| (0..edge).step_by(TILE_PX as usize);
    let tile = |x: u32, y: u32| URect::new(x, y, (x + TILE_PX).min(width), (y + TILE_PX).min(height));
    starts(height).flat_map(|y| starts(width).map(move |x| tile(x, y))).collect()
}

/// The camera that sees a piece of another's picture.
fn cut(camera: &PhotoCamera, tile: URect) -> PhotoCamera {
    let principal_point = camera.principal_point - tile.min.as_vec2();
    PhotoCamera { width: tile.width(), height: tile.height(), principal_point, ..*camera }
}

/// A renderer with a car on stage, for shots one after the other.
pub struct Darkroom {
    app: App,
    scene: StillScene,
    surroundings: Vec<Option<Surroundings>>,
    target: Handle<Image>,
    camera: Entity,
    size: UVec2,
    lit: Option<(usize, i32, Option<f32>, Option<Softbox>)>,
    painted: Option<usize>,
    finished: PaintFinish,
    /// The picture is linear light in 16-bit floats, as depth of field needs it.
    linear: bool,
    warm: bool,
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
        let mirrored = app.world_mut().resource_mut::<Assets<ShaderBuffer>>().add(Mirrored::of(&car.model).buffer());
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
            let dressing = Dressing { paint: &paint, ground_shadow, shadow_area: area, light, mirrored };
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
        let samples = self.samples(shot);
        self.keep_light_linear(samples.len() > 1);
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
        let mut picture = self.picture(self.read_back(4)?)?;
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
            let bytes = self.read_back(8)?;
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

    fn lit_by(&self, shot: &StillShot) -> Result<&Surroundings, StillError> {
        let count = self.surroundings.len();
        let missing = StillError::Missing { what: "environment", index: shot.environment, count };
        self.surroundings.get(shot.environment).and_then(Option::as_ref).ok_or(missing)
    }

    fn light(&mut self, shot: &StillShot) -> Result<(), StillError> {
        let softbox = shot.softbox.and_then(Softbox::within_limits);
        let wanted = (shot.environment, (shot.rotation_deg * 10.0).round() as i32, shot.backdrop_blur, softbox);
        if self.lit == Some(wanted) {
            return Ok(());
        }
        if self.surroundings[shot.environment].is_none() {
            let prepared = PreparedEnvironment::load(&self.scene.environments[shot.environment])?;
            let mut images = self.app.world_mut().resource_mut::<Assets<Image>>();
            self.surroundings[shot.environment] = Some(Surroundings::new(prepared, &mut images));
        }
        // a camera that is lit by pictures that are not on the graphics card yet needs shaders of its own
        self.set_active(false);
        self.app.update();
        self.set_active(true);
        let surroundings = self.lit_by(shot)?.clone();
        let turn = surroundings.rotation_rad(shot.rotation_deg);
        let shadow = contact::bake(&self.scene.car.model, &surroundings.prepared.light, turn, softbox.as_ref());
        let area = contact::shader_area(self.scene.car.model.bounds());

        let world = self.app.world_mut();
        let shared = world.resource::<SharedTextures>().clone();
        let mut images = world.resource_mut::<Assets<Image>>();
        images
            .insert(&shared.ground_shadow, ground_shadow_image(shadow.texels))
            .map_err(|error| StillError::Device(error.to_string()))?;
        let material = backdrop_material(&surroundings, shot.rotation_deg, shot.backdrop_blur, area, softbox.as_ref(), &shared);
        finish::light_all(&mut world.resource_mut::<Assets<FinishMaterial>>(), &surroundings.on_surfaces(softbox.as_ref()));
        let mut domes = world.query_filtered::<Entity, Or<(With<BackdropDome>, With<SunLight>)>>();
        let old: Vec<_> = domes.iter(world).collect();
        for entity in old {
            world.despawn(entity);
        }
        let material = world.resource_mut::<Assets<Backdrop>>().add(material);
        let sphere = world.resource_mut::<Assets<Mesh>>().add(backdrop::sphere());
        let dome = backdrop::dome(sphere, material);
        world.spawn(dome);
        if let Some(sun) = surroundings.sun(turn) {
            let bounds = self.scene.car.model.bounds();
            world.spawn((SunLight { bounds }, RenderLayers::from_layers(&[0, 1, 2]), sun));
        }
        world.entity_mut(self.camera).insert(surroundings.environment_light(turn));
        // other lights are other shaders
        self.warm = false;
        self.lit = Some(wanted);
        Ok(())
    }

    fn set_active(&mut self, active: bool) {
        if let Some(mut camera) = self.app.world_mut().get_mut::<Camera>(self.camera) {
            camera.is_active = active;
        }
    }

    fn paint(&mut self, shot: &StillShot) -> Result<(), StillError> {
        let Some(livery) = self.scene.liveries.get(shot.livery) else { return Ok(()) };
        if self.painted == Some(shot.livery) {
            return Ok(());
        }
        let uploads = self.app.world().resource::<PaintUploads>();
        let picture = fitted(livery, uploads.size());
        uploads.send(mips::whole(&picture)).map_err(|error| StillError::Device(error.to_string()))?;
        self.painted = Some(shot.livery);
        Ok(())
    }

    fn finish(&mut self, wanted: PaintFinish) {
        if self.finished == wanted {
            return;
        }
        finish::finish_paint(&mut self.app.world_mut().resource_mut::<Assets<FinishMaterial>>(), wanted);
        self.finished = wanted;
        // some finishes have shaders of their own
        self.warm = false;
    }

    /// Draws small pictures until shaders, meshes and textures are all there.
    fn warm_up(&mut self) -> Result<(), StillError> {
        self.resize(UVec2::splat(WARM_UP_PX));
        let mut calm = 0;
        for _ in 0..WARM_UP_FRAMES {
            self.app.update();
            self.wait()?;
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

    fn wait(&self) -> Result<(), StillError> {
        let device = self.app.world().resource::<RenderDevice>();
        let failed = |error: wgpu::PollError| StillError::Device(error.to_string());
        device.poll(wgpu::PollType::wait_indefinitely()).map(|_| ()).map_err(failed)
    }

    /// The target's pixels, of so many bytes each, row by row.
    fn read_back(&self, pixel_bytes: usize) -> Result<Vec<u8>, StillError> {
        let render_world = self.app.sub_app(RenderApp).world();
        let device = render_world.resource::<RenderDevice>();
        let queue = render_world.resource::<RenderQueue>();
        let images = render_world.resource::<RenderAssets<GpuImage>>();
        let lost = || StillError::Device("the picture is not there".to_owned());
        let image = images.get(&self.target).ok_or_else(lost)?;
        let (width, height) = (self.size.x, self.size.y);
        let row = RenderDevice::align_copy_bytes_per_row(width as usize * pixel_bytes);
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("still"),
            size: row as u64 * u64::from(height),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("still") });
        encoder.copy_texture_to_buffer(
            image.texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &buffer,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(row as u32),
                    rows_per_image: Some(height),
                },
            },
            wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        );
        queue.submit([encoder.finish()]);
        let (sender, receiver) = crossbeam_channel::bounded(1);
        buffer.slice(..).map_async(wgpu::MapMode::Read, move |result| {
            // the receiver waits below, in this function
            let _ = sender.send(result);
        });
        self.wait()?;
        receiver
            .recv_timeout(Duration::from_secs(30))
            .map_err(|error| StillError::Device(error.to_string()))?
            .map_err(|error| StillError::Device(error.to_string()))?;
        let rows = buffer.slice(..).get_mapped_range();
        let mut pixels = Vec::with_capacity(width as usize * height as usize * pixel_bytes);
        for line in rows.chunks_exact(row) {
            pixels.extend_from_slice(&line[..width as usize * pixel_bytes]);
        }
        drop(rows);
        buffer.unmap();
        Ok(pixels)
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

fn still_target(size: UVec2, linear: bool) -> Image {
    let format = if linear { TextureFormat::Rgba16Float } else { TextureFormat::Rgba8UnormSrgb };
    let mut image = Image::new_target_texture(size.x, size.y, format, None);
    image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
    image.copy_on_resize = false;
    image
}

fn livery_size(scene: &StillScene) -> Result<u32, StillError> {
    let mut largest = 0;
    for livery in &scene.liveries {
        let (width, height) = livery.dimensions();
        if !spec::fits(livery) {
            return Err(StillError::Livery { width, height });
        }
        largest = largest.max(width);
    }
    Ok(if largest == 0 { 64 } else { largest })
}

/// The livery at the texture's size, opaque: what is transparent shows primer.
fn fitted(livery: &RgbaImage, size: u32) -> RgbaImage {
    let mut picture = if livery.width() == size {
        livery.clone()
    } else {
        imageops::resize(livery, size, size, imageops::FilterType::Triangle)
    };
    for pixel in picture.pixels_mut() {
        if pixel.0[3] < 255 {
            let alpha = u32::from(pixel.0[3]);
            let over = |top: u8, below: u8| ((u32::from(top) * alpha + u32::from(below) * (255 - alpha) + 127) / 255) as u8;
            let [r, g, b, _] = pixel.0;
            *pixel = Rgba([over(r, PRIMER[0]), over(g, PRIMER[1]), over(b, PRIMER[2]), 255]);
        }
    }
    picture
}

/// From premultiplied alpha, as drawn over nothing, to straight alpha.
fn straighten(picture: &mut RgbaImage) {
    for pixel in picture.pixels_mut() {
        let alpha = f32::from(pixel.0[3]) / 255.0;
        if alpha <= 0.0 {
            pixel.0 = [0; 4];
        } else if alpha < 1.0 {
            // the target stores sRGB, and light was multiplied before it was encoded
            for channel in &mut pixel.0[..3] {
                let encoded = f32::from(*channel) / 255.0;
                *channel = ((encoded.powf(2.2) / alpha).min(1.0).powf(1.0 / 2.2) * 255.0 + 0.5) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridvox_car::testing::box_pack;

    fn scene() -> StillScene {
        StillScene::new(Arc::new(box_pack()), None, EnvironmentId::default())
    }

    #[test]
    fn impossible_shots_are_refused_before_anything_starts() {
        let preset = StillCamera::Preset(ViewPreset::Front);
        let refused = |shot| render(&scene(), &[shot]).expect_err("impossible");
        assert!(matches!(refused(StillShot::new(preset, 0, 100)), StillError::Size { .. }));
        assert!(matches!(refused(StillShot::new(preset, 100, 9000)), StillError::Size { .. }));
        let shot = StillShot { livery: 1, ..StillShot::new(preset, 64, 64) };
        assert!(matches!(refused(shot), StillError::Missing { what: "livery", .. }));
        let shot = StillShot { environment: 1, ..StillShot::new(preset, 64, 64) };
        assert!(matches!(refused(shot), StillError::Missing { what: "environment", .. }));
        let mut camera = PhotoCamera::look_at(Vec3::ONE, Vec3::ZERO, Vec3::Y, 100.0, 64, 64);
        camera.focal_px = f32::NAN;
        assert!(matches!(refused(StillShot::photo(camera)), StillError::Camera));
    }

    #[test]
    fn a_spec_map_and_a_lens_that_cannot_be_are_refused() {
        let shot = StillShot::new(StillCamera::Preset(ViewPreset::Front), 64, 64);
        let mapped = StillScene { spec: Some(Arc::new(RgbaImage::new(64, 32))), ..scene() };
        assert!(matches!(render(&mapped, &[shot]), Err(StillError::SpecMap { width: 64, height: 32 })));
        for (f_number, focus_m) in [(0.0, None), (f32::NAN, None), (2.8, Some(-1.0)), (2.8, Some(f32::INFINITY))] {
            let aperture = Some(Aperture { f_number, focus_m, samples: 4 });
            assert!(matches!(render(&scene(), &[StillShot { aperture, ..shot }]), Err(StillError::Camera)));
        }
    }

    #[test]
    fn tiles_cover_a_picture_once_and_see_what_it_sees() {
        let camera = PhotoCamera::look_at(Vec3::new(4.0, 1.5, 6.0), Vec3::ZERO, Vec3::Y, 6000.0, 7680, 4320);
        let tiles = tiles(7680, 4320);
        assert_eq!(tiles.len(), 12);
        assert_eq!(tiles.iter().map(|tile| tile.size().element_product()).sum::<u32>(), 7680 * 4320);
        let point = Vec3::new(0.4, 0.3, 0.2);
        let whole = camera.project(point).expect("in front").truncate();
        let tile = *tiles.iter().find(|tile| tile.contains(whole.as_uvec2())).expect("one of them shows it");
        let seen = cut(&camera, tile).project(point).expect("in front").truncate();
        assert!((seen + tile.min.as_vec2() - whole).length() < 1e-2, "{seen} in {tile:?} is not {whole}");
    }

    #[test]
    fn a_livery_that_is_not_square_is_refused() {
        let mut scene = scene();
        scene.liveries = vec![Arc::new(RgbaImage::new(64, 32))];
        let shot = StillShot::new(StillCamera::Preset(ViewPreset::Front), 64, 64);
        assert!(matches!(render(&scene, &[shot]), Err(StillError::Livery { width: 64, height: 32 })));
    }

    #[test]
    fn a_transparent_livery_shows_primer() {
        let clear = RgbaImage::from_pixel(64, 64, Rgba([255, 0, 0, 0]));
        assert_eq!(fitted(&clear, 64).get_pixel(3, 3).0, PRIMER);
        let red = RgbaImage::from_pixel(64, 64, Rgba([255, 0, 0, 255]));
        assert_eq!(fitted(&red, 128).get_pixel(3, 3).0, [255, 0, 0, 255]);
    }
}
