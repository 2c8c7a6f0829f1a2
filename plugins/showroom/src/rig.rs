//! Lights on stage: the common one, and those of views that are lit by themselves.
//!
//! Each has its surroundings, its sun, the car's shadow on the ground, and the car standing in it, all in layers of their
//! own, so that a view shows one of them and pays for one of them. Surfaces know whether a sun shines and how dark the
//! ground is, hence the car per light; the copies share their meshes. Ground and distance are each view's own, because how
//! soft they are is the view's.

use crate::backdrop::{self, Backdrop};
use crate::car::{self, CarOnStage, CarPart, Dressing, SHARED_LAYER, StandsIn, dome_layer, layer_in, paint_layer};
use crate::contact;
use crate::environment::EnvironmentId;
use crate::finish::{self, FinishMaterial, LightOnSurfaces};
use crate::focus::Openings;
use crate::layout::{ViewId, ViewLayout};
use crate::light::Surroundings;
use crate::pace::{self, RedrawNeeded};
use crate::paint::{PaintSlot, PaintTextures};
use crate::softbox::Softbox;
use crate::stage::{OnStage, SharedTextures, SunLight, backdrop_material, ground_shadow_image};
use crate::views::Views;
use bevy::camera::visibility::RenderLayers;
use bevy::prelude::*;
use bevy::render::renderer::RenderAdapterInfo;

/// Stops that a user can add to or take from the exposure.
pub(crate) const EXPOSURE_STOPS: f32 = 6.0;

/// A light that one view has for itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewLight {
    /// Which surroundings.
    pub environment: EnvironmentId,
    /// Degrees added to the surroundings' own rotation.
    pub rotation_deg: f32,
    /// Stops added to the surroundings' own exposure, -6 to 6.
    pub exposure_stops: f32,
}

/// One light on stage. The first is the common one; the others belong to the view with the same index.
#[derive(Default)]
pub(crate) struct Rig {
    pub surroundings: Option<Surroundings>,
    /// Surroundings whose pictures get to the graphics card in this frame, and their order. A camera lit by pictures that
    /// are not there yet would be dark for a moment, and need shaders of its own for it.
    pub arriving: Option<(Surroundings, u64)>,
    pub rotation_deg: f32,
    pub exposure_stops: f32,
    pub softbox: Option<Softbox>,
    pub environment_order: u64,
    pub environment_done: u64,
    pub shadow_order: u64,
    pub shadow_done: u64,
    /// What was asked for last.
    pub wanted: Option<EnvironmentId>,
    /// Car, surroundings, their rotation in whole degrees, hidden parts and softbox of the last shadow.
    pub baked_for: Option<(String, EnvironmentId, i32, Vec<usize>, Option<Softbox>)>,
    pub ground_shadow: Option<Handle<Image>>,
    /// The hash of the car that stands in it.
    dressed: Option<String>,
    /// Grows with every change that cameras have to hear of.
    revision: u64,
    settled: u64,
}

impl Rig {
    /// Whether surroundings or a shadow are being made.
    pub fn is_loading(&self) -> bool {
        self.environment_done < self.environment_order || self.shadow_done < self.shadow_order
    }

    /// Something about it changed.
    pub fn touch(&mut self) {
        self.revision += 1;
    }

    /// Another car: nothing stands in it any more.
    pub fn undress(&mut self) {
        self.dressed = None;
        self.touch();
    }

    /// Out of use: its pictures leave the graphics card, and what is still on its way comes too late.
    fn clear(&mut self) {
        let (environment, shadow) = (self.environment_order + 1, self.shadow_order + 1);
        *self = Self {
            environment_order: environment,
            environment_done: environment,
            shadow_order: shadow,
            shadow_done: shadow,
            revision: self.revision + 1,
            ..Self::default()
        };
    }

    pub fn turn(&mut self, degrees: f32) {
        if degrees.is_finite() && self.rotation_deg != degrees.rem_euclid(360.0) {
            self.rotation_deg = degrees.rem_euclid(360.0);
            self.touch();
        }
    }

    pub fn expose(&mut self, stops: f32) {
        if stops.is_finite() && self.exposure_stops != stops.clamp(-EXPOSURE_STOPS, EXPOSURE_STOPS) {
            self.exposure_stops = stops.clamp(-EXPOSURE_STOPS, EXPOSURE_STOPS);
            self.touch();
        }
    }

    pub fn put(&mut self, softbox: Option<Softbox>) {
        let softbox = softbox.and_then(Softbox::within_limits);
        if self.softbox != softbox {
            self.softbox = softbox;
            self.touch();
        }
    }

    /// The texture of the ground's shadow; blank until it is baked.
    fn shadow_texture(&mut self, images: &mut Assets<Image>) -> Handle<Image> {
        let blank = || images.add(ground_shadow_image(vec![[255; 4]; contact::SIZE.0 * contact::SIZE.1]));
        self.ground_shadow.get_or_insert_with(blank).clone()
    }
}

/// Sun, shadow and car follow the lights.
pub(crate) fn set_up_rigs(
    mut stage: ResMut<OnStage>,
    mut commands: Commands,
    mut images: ResMut<Assets<Image>>,
    mut finishes: ResMut<Assets<FinishMaterial>>,
    paint: Res<PaintTextures>,
    device: Option<Res<RenderAdapterInfo>>,
    standing: Query<(Entity, &StandsIn, Has<SunLight>, Has<CarOnStage>), Without<CarPart>>,
    parts: Query<(&StandsIn, &MeshMaterial3d<FinishMaterial>), With<CarPart>>,
) {
    // A ray through the car costs the processor half a frame more; pictures for keeping are drawn with it there, too.
    let traces = !pace::draws_itself(device.as_deref());
    let stage = stage.bypass_change_detection();
    let bounds = stage.bounds();
    let area = contact::shader_area(bounds);
    let OnStage { car, levels, mirrored, rigs, own, finish, inspection, spec_maps, .. } = stage;
    for (index, rig) in rigs.iter_mut().enumerate() {
        let used = index == 0 || own[index];
        if !used {
            if rig.wanted.is_some() {
                for (entity, ..) in standing.iter().filter(|(_, place, ..)| place.0 == index) {
                    commands.entity(entity).despawn();
                }
                rig.clear();
            }
            continue;
        }
        let shadow_texture = rig.shadow_texture(&mut images);
        // the first light dresses the car even before it shines
        let softbox = rig.softbox;
        let on_surfaces = |surroundings: &Surroundings| surroundings.on_surfaces(softbox.as_ref());
        let light = rig.surroundings.as_ref().map_or(LightOnSurfaces::DARK, on_surfaces);
        let lit = rig.surroundings.is_some();
        if let (Some(car), true) = (&*car, index == 0 || lit)
            && rig.dressed.as_ref() != Some(&car.hash)
        {
            for (entity, ..) in standing.iter().filter(|(_, place, _, is_car)| place.0 == index && *is_car) {
                commands.entity(entity).despawn();
            }
            let (ground_shadow, light) = (&shadow_texture, &light);
            let dressing = Dressing { paint: &paint, ground_shadow, shadow_area: area, light, mirrored: traces.then_some(&mirrored.car) };
            car::spawn_in(index, &mut commands, levels.shown(), &mut finishes, car, &dressing);
            finish::finish_paint(&mut finishes, *finish);
            finish::inspect(&mut finishes, *inspection);
            for (livery, map) in paint.textures.iter().zip(spec_maps.iter()) {
                finish::set_spec_map(&mut finishes, livery, map.as_ref());
            }
            rig.dressed = Some(car.hash.clone());
            rig.touch();
        }
        let Some(surroundings) = &rig.surroundings else { continue };
        if rig.settled == rig.revision {
            continue;
        }
        rig.settled = rig.revision;
        let here = parts.iter().filter(|(place, _)| place.0 == index).map(|(_, material)| material.id());
        light.shine(&mut finishes, here);
        for (sun, ..) in standing.iter().filter(|(_, place, is_sun, _)| place.0 == index && *is_sun) {
            commands.entity(sun).despawn();
        }
        if let Some(sun) = surroundings.sun(surroundings.rotation_rad(rig.rotation_deg)) {
            // it shines on what its cameras see, and on the one livery that casts shadows for both
            let layers = [SHARED_LAYER, paint_layer(PaintSlot::A), paint_layer(PaintSlot::B)];
            let layers = RenderLayers::from_layers(&layers.map(|layer| layer_in(index, layer)));
            commands.spawn((Name::new("sun"), SunLight { bounds }, StandsIn(index), layers, sun));
        }
    }
    stage.bake_shadows();
    if traces {
        stage.mirror_car();
    }
}

/// What a view's camera was lit by last, how blurred the distance was, and whether its lens was open.
type Lit = (usize, u64, PaintSlot, Option<f32>, bool);

/// The ground and the distance of each view, and the sphere that they share.
#[derive(Default)]
pub(crate) struct Domes {
    sphere: Option<Handle<Mesh>>,
    materials: [Option<Handle<Backdrop>>; ViewId::COUNT],
}

impl Domes {
    fn show(
        &mut self,
        view: ViewId,
        look: Backdrop,
        commands: &mut Commands,
        meshes: &mut Assets<Mesh>,
        backdrops: &mut Assets<Backdrop>,
    ) {
        match &self.materials[view.index()] {
            Some(handle) => {
                if let Some(mut shown) = backdrops.get_mut(handle) {
                    *shown = look;
                }
            }
            None => {
                let handle = backdrops.add(look);
                let sphere = self.sphere.get_or_insert_with(|| meshes.add(backdrop::sphere())).clone();
                commands.spawn((backdrop::dome(sphere, handle.clone()), RenderLayers::layer(dome_layer(view))));
                self.materials[view.index()] = Some(handle);
            }
        }
    }
}

/// Light, exposure, ground and distance, layers: each view's camera follows its light and shows its livery.
pub(crate) fn light_views(
    (stage, openings): (Res<OnStage>, Res<Openings>),
    views: Res<Views>,
    mut commands: Commands,
    (mut meshes, mut backdrops): (ResMut<Assets<Mesh>>, ResMut<Assets<Backdrop>>),
    mut redraw: ResMut<RedrawNeeded>,
    mut lit: Local<[Option<Lit>; ViewId::COUNT]>,
    mut domes: Local<Domes>,
) {
    for &view in views.layout.views() {
        // both sides of a wipe are one view to the eye
        let own = if views.layout == ViewLayout::Wipe { 0 } else { view.index() };
        let index = if views.layout == ViewLayout::Wipe { 0 } else { stage.rig_of(view) };
        let (blur, open) = (stage.blurs[own], openings.0[own].is_some());
        let (rig, shown) = (&stage.rigs[index], views.view(view));
        let (Some(surroundings), Some(ground_shadow)) = (&rig.surroundings, &rig.ground_shadow) else { continue };
        let now = (index, rig.revision, shown.slot, blur, open);
        if lit[view.index()] == Some(now) {
            continue;
        }
        lit[view.index()] = Some(now);
        let shared = SharedTextures { ground_shadow: ground_shadow.clone() };
        let area = contact::shader_area(stage.bounds());
        let look = backdrop_material(surroundings, rig.rotation_deg, blur, area, rig.softbox.as_ref(), &shared);
        // a blur by depth has to know that the ground reaches up to the car
        let look = Backdrop { deep: open, ..look };
        domes.show(view, look, &mut commands, &mut meshes, &mut backdrops);
        let [shared, paint] = [SHARED_LAYER, paint_layer(shown.slot)].map(|layer| layer_in(index, layer));
        commands.entity(shown.camera).insert((
            surroundings.environment_light(surroundings.rotation_rad(rig.rotation_deg)),
            surroundings.exposure(rig.exposure_stops),
            RenderLayers::from_layers(&[shared, paint, dome_layer(view)]),
        ));
        redraw.view_changed(view);
    }
}
