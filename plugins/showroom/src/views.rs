//! Views: cameras that draw into pictures of their own, which panels show.
//!
//! When a view draws and how finely is decided in [`crate::pace`].

use crate::car::{SHARED_LAYER, paint_layer};
use crate::commands::ShowroomCommand;
use crate::pace::RedrawNeeded;
use crate::paint::PaintSlot;
use crate::stage::OnStage;
use bevy::camera::visibility::RenderLayers;
use bevy::camera::RenderTarget;
use bevy::core_pipeline::tonemapping::{DebandDither, Tonemapping};
use bevy::prelude::*;
use bevy::render::render_resource::{TextureFormat, TextureUsages};
use bevy_panorbit_camera::{ActiveCameraData, FocusBoundsShape, PanOrbitCamera, PanOrbitCameraPlugin, PanOrbitCameraSystemSet};
use gridvox_car::{PhotoCamera, ViewPreset};
use std::f32::consts::{PI, TAU};

/// How long a camera takes to a named place, in seconds.
const FLIGHT_SECS: f32 = 0.7;

/// Sizes of a view's picture in pixels.
const SIZE_RANGE: std::ops::RangeInclusive<u32> = 16..=8192;

/// One of the two views.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ViewId {
    /// The view that is always there.
    #[default]
    First,
    /// The one beside it in a split layout.
    Second,
}

impl ViewId {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];

    /// 0 or 1.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// How many views are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ViewLayout {
    /// One view.
    #[default]
    Single,
    /// Two views side by side.
    Split,
    /// Two views in one place: the second sees what the first sees, for a line that wipes between two liveries.
    Wipe,
}

/// A view's picture and what it shows.
#[derive(Debug, Clone)]
pub struct ViewImage {
    /// sRGB picture; the handle stays the same when the size changes. While things move, it may be coarser than `size`.
    pub image: Handle<Image>,
    /// Pixels at rest.
    pub size: UVec2,
    /// Which livery is shown.
    pub slot: PaintSlot,
    /// The camera.
    pub camera: Entity,
    /// Pixels of the picture as it was drawn last.
    pub(crate) drawn: UVec2,
}

/// The views, by [`ViewId::index`].
#[derive(Resource, Debug, Clone)]
pub struct Views {
    /// Both views; the second one rests in a single layout.
    pub images: [ViewImage; 2],
    /// What is shown.
    pub layout: ViewLayout,
}

impl Views {
    /// The views that are shown.
    pub fn shown(&self) -> &[ViewImage] {
        match self.layout {
            ViewLayout::Single => &self.images[..1],
            ViewLayout::Split | ViewLayout::Wipe => &self.images,
        }
    }

    /// A view.
    pub fn view(&self, view: ViewId) -> &ViewImage {
        &self.images[view.index()]
    }
}

/// Which view gets the mouse. The panels write it each frame; no view moves without it.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Default)]
pub struct ViewPointer {
    /// The view under the pointer, or the one being dragged.
    pub view: Option<ViewId>,
    /// The view's size in the window, in logical pixels.
    pub view_size: Vec2,
    /// The window's size in logical pixels.
    pub window_size: Vec2,
}

/// A camera's place around the car.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    yaw: f32,
    pitch: f32,
    radius: f32,
    focus: Vec3,
    fov: f32,
}

impl Place {
    fn of_preset(preset: ViewPreset, bounds: (Vec3, Vec3), size: UVec2) -> Self {
        let camera = preset.camera(bounds, size.x, size.y);
        Self::of_camera(&camera, bounds, preset.azimuth_deg().to_radians(), preset.elevation_deg().to_radians())
    }

    fn of_camera(camera: &PhotoCamera, bounds: (Vec3, Vec3), yaw: f32, pitch: f32) -> Self {
        let forward = -camera.world_from_camera.z_axis.truncate();
        let radius = ((bounds.0 + bounds.1) * 0.5 - camera.eye()).dot(forward).max(0.5);
        let fov = 2.0 * (camera.height as f32 * 0.5 / camera.focal_px).atan();
        Self { yaw, pitch, radius, focus: camera.eye() + forward * radius, fov }
    }

    fn lerp(self, to: Self, t: f32) -> Self {
        let turn = (to.yaw - self.yaw + PI).rem_euclid(TAU) - PI;
        Self {
            yaw: self.yaw + turn * t,
            pitch: self.pitch.lerp(to.pitch, t),
            radius: self.radius.lerp(to.radius, t),
            focus: self.focus.lerp(to.focus, t),
            fov: self.fov.lerp(to.fov, t),
        }
    }
}

/// A camera on its way to a named place.
#[derive(Component, Debug)]
pub(crate) struct Flight {
    from: Place,
    to: Place,
    elapsed_secs: f32,
}

/// When the cameras of a wipe are brought together; what draws comes after it.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct StandTogether;

/// What a view's camera was asked for last, for reframing when the view's shape changes.
#[derive(Component, Debug, Clone, Copy)]
struct Framed(Option<ViewPreset>);

pub(crate) fn view_target(size: UVec2) -> Image {
    let mut image = Image::new_target_texture(size.x, size.y, TextureFormat::Rgba8UnormSrgb, None);
    image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
    image.copy_on_resize = false;
    image
}

/// Components that make a camera of the showroom, for views and stills alike.
pub(crate) fn photographic() -> impl Bundle {
    (
        Camera3d::default(),
        Msaa::Sample4,
        // keeps a livery's colours; the filmic curves desaturate brand colours
        Tonemapping::KhronosPbrNeutral,
        DebandDither::Enabled,
    )
}

fn spawn_views(mut commands: Commands, mut images: ResMut<Assets<Image>>, redraw: Option<ResMut<RedrawNeeded>>) {
    let size = UVec2::new(1280, 720);
    let starts = [ViewPreset::FrontLeft, ViewPreset::RearRight];
    let views = ViewId::ALL.map(|view| {
        let image = images.add(view_target(size));
        let nominal = (Vec3::new(-1.0, 0.0, -2.3), Vec3::new(1.0, 1.28, 2.3));
        let place = Place::of_preset(starts[view.index()], nominal, size);
        let camera = commands
            .spawn((
                Name::new(format!("view {}", view.index() + 1)),
                view,
                photographic(),
                Camera { is_active: false, order: -2 + view.index() as isize, ..default() },
                RenderTarget::Image(image.clone().into()),
                Projection::Perspective(PerspectiveProjection { fov: place.fov, near: 0.05, ..default() }),
                Transform::default(),
                RenderLayers::from_layers(&[SHARED_LAYER, paint_layer(PaintSlot::A)]),
                Framed(Some(starts[view.index()])),
                PanOrbitCamera {
                    focus: place.focus,
                    target_focus: place.focus,
                    yaw: Some(place.yaw),
                    pitch: Some(place.pitch),
                    radius: Some(place.radius),
                    pitch_lower_limit: Some(0.4_f32.to_radians()),
                    pitch_upper_limit: Some(89.9_f32.to_radians()),
                    zoom_lower_limit: 1.2,
                    zoom_upper_limit: Some(26.0),
                    focus_bounds_shape: Some(FocusBoundsShape::Cuboid(Cuboid::new(3.4, 2.2, 6.0))),
                    focus_bounds_origin: Vec3::Y * 0.9,
                    use_real_time: true,
                    ..default()
                },
            ))
            .id();
        ViewImage { image, size, slot: PaintSlot::A, camera, drawn: size }
    });
    commands.insert_resource(Views { images: views, layout: ViewLayout::default() });
    if let Some(mut redraw) = redraw {
        redraw.scene_changed();
    }
}

type ViewCamera = (Entity, &'static ViewId, &'static mut PanOrbitCamera, &'static Projection, &'static mut Framed);

fn apply_view_commands(
    mut messages: MessageReader<ShowroomCommand>,
    mut commands: Commands,
    mut views: ResMut<Views>,
    mut redraw: ResMut<RedrawNeeded>,
    mut cameras: Query<ViewCamera>,
    stage: Res<OnStage>,
) {
    for message in messages.read() {
        match *message {
            ShowroomCommand::SetLayout(layout) if views.layout != layout => {
                if views.layout == ViewLayout::Wipe {
                    // the second view gets its own place back
                    for (.., mut orbit, _, _) in &mut cameras {
                        orbit.force_update = true;
                    }
                }
                views.layout = layout;
                redraw.scene_changed();
            }
            ShowroomCommand::SetView { view, preset } => {
                let size = views.view(view).size;
                for (entity, id, orbit, projection, mut framed) in &mut cameras {
                    if *id != view {
                        continue;
                    }
                    framed.0 = Some(preset);
                    let (from, to) = (current_place(&orbit, projection), Place::of_preset(preset, stage.bounds(), size));
                    commands.entity(entity).insert(Flight { from, to, elapsed_secs: 0.0 });
                }
            }
            ShowroomCommand::ResizeView { view, width, height } => {
                let size = UVec2::new(width, height).clamp(UVec2::splat(*SIZE_RANGE.start()), UVec2::splat(*SIZE_RANGE.end()));
                let shown = &mut views.bypass_change_detection().images[view.index()];
                if shown.size == size {
                    continue;
                }
                shown.size = size;
                views.set_changed();
                redraw.scene_changed();
                // a view that nobody has moved keeps the car framed
                for (entity, id, orbit, projection, framed) in &mut cameras {
                    if let (true, Some(preset)) = (*id == view, framed.0) {
                        let to = Place::of_preset(preset, stage.bounds(), size);
                        let from = current_place(&orbit, projection);
                        commands.entity(entity).insert(Flight { from, to, elapsed_secs: FLIGHT_SECS });
                    }
                }
            }
            ShowroomCommand::ShowPaint { view, slot } if views.view(view).slot != slot => {
                views.images[view.index()].slot = slot;
                let camera = views.view(view).camera;
                commands.entity(camera).insert(RenderLayers::from_layers(&[SHARED_LAYER, paint_layer(slot)]));
                redraw.scene_changed();
            }
            ShowroomCommand::Redraw => redraw.scene_changed(),
            _ => {}
        }
    }
}

fn current_place(orbit: &PanOrbitCamera, projection: &Projection) -> Place {
    let fov = match projection {
        Projection::Perspective(perspective) => perspective.fov,
        _ => 0.4,
    };
    Place {
        yaw: orbit.yaw.unwrap_or(orbit.target_yaw),
        pitch: orbit.pitch.unwrap_or(orbit.target_pitch),
        radius: orbit.radius.unwrap_or(orbit.target_radius),
        focus: orbit.focus,
        fov,
    }
}

fn fly(
    time: Res<Time<Real>>,
    mut commands: Commands,
    mut cameras: Query<(Entity, &mut Flight, &mut PanOrbitCamera, &mut Projection)>,
) {
    for (entity, mut flight, mut orbit, mut projection) in &mut cameras {
        flight.elapsed_secs += time.delta_secs();
        let t = (flight.elapsed_secs / FLIGHT_SECS).clamp(0.0, 1.0);
        let place = flight.from.lerp(flight.to, t * t * (3.0 - 2.0 * t));
        orbit.yaw = Some(place.yaw);
        orbit.target_yaw = place.yaw;
        orbit.pitch = Some(place.pitch);
        orbit.target_pitch = place.pitch;
        orbit.radius = Some(place.radius);
        orbit.target_radius = place.radius;
        orbit.focus = place.focus;
        orbit.target_focus = place.focus;
        orbit.force_update = true;
        if let Projection::Perspective(perspective) = &mut *projection {
            perspective.fov = place.fov;
        }
        if t >= 1.0 {
            commands.entity(entity).remove::<Flight>();
        }
    }
}

/// In a wipe the second camera stands where the first one stands.
fn stand_together(
    views: Res<Views>,
    first: Query<(&ViewId, &Transform, &Projection)>,
    mut commands: Commands,
) {
    if views.layout != ViewLayout::Wipe {
        return;
    }
    let of = |wanted: ViewId| first.iter().find(|(view, ..)| **view == wanted);
    let (Some((_, place, lens)), Some((_, stands, sees))) = (of(ViewId::First), of(ViewId::Second)) else { return };
    let fov = |lens: &Projection| match lens {
        Projection::Perspective(perspective) => perspective.fov,
        _ => 0.0,
    };
    if place != stands || fov(lens) != fov(sees) {
        commands.entity(views.view(ViewId::Second).camera).insert((*place, lens.clone()));
    }
}

fn aim_pointer(
    pointer: Res<ViewPointer>,
    views: Res<Views>,
    mut active: ResMut<ActiveCameraData>,
    mut commands: Commands,
    mut framed: Query<&mut Framed>,
    buttons: Option<Res<ButtonInput<MouseButton>>>,
) {
    let entity = pointer.view.map(|view| views.view(view).camera);
    let (viewport_size, window_size) = (Some(pointer.view_size), Some(pointer.window_size));
    active.set_if_neq(ActiveCameraData { entity, viewport_size, window_size, manual: true });
    // a hand on the view ends flights and framing
    if let (Some(entity), Some(buttons)) = (entity, buttons)
        && buttons.any_just_pressed([MouseButton::Left, MouseButton::Right])
    {
        commands.entity(entity).remove::<Flight>();
        if let Ok(mut framed) = framed.get_mut(entity) {
            framed.0 = None;
        }
    }
}

/// Light and exposure follow the stage.
pub(crate) fn light_views(
    stage: Res<OnStage>,
    mut commands: Commands,
    cameras: Query<Entity, With<ViewId>>,
    mut redraw: ResMut<RedrawNeeded>,
) {
    let Some(surroundings) = stage.surroundings() else { return };
    for camera in &cameras {
        commands.entity(camera).insert((
            surroundings.environment_light(surroundings.rotation_rad(stage.rotation_deg())),
            surroundings.exposure(stage.exposure_stops()),
        ));
    }
    redraw.scene_changed();
}

pub(crate) fn plugin(app: &mut App) {
    if !app.is_plugin_added::<PanOrbitCameraPlugin>() {
        app.add_plugins(PanOrbitCameraPlugin);
    }
    app.init_resource::<ViewPointer>()
        .add_systems(PreStartup, spawn_views)
        .add_systems(Update, (apply_view_commands, fly, aim_pointer).chain())
        .add_systems(PostUpdate, stand_together.after(PanOrbitCameraSystemSet).in_set(StandTogether))
        .add_systems(Update, light_views.run_if(resource_changed::<OnStage>).after(apply_view_commands));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_on_the_way_turns_the_short_way() {
        let place = |yaw: f32| Place { yaw, pitch: 0.1, radius: 5.0, focus: Vec3::ZERO, fov: 0.4 };
        let middle = place(0.1).lerp(place(TAU - 0.1), 0.5);
        assert!(middle.yaw.abs() < 1e-4, "{}", middle.yaw);
    }

    #[test]
    fn a_preset_place_sees_what_its_camera_sees() {
        let bounds = (Vec3::new(-1.0, 0.0, -2.3), Vec3::new(1.0, 1.28, 2.3));
        let place = Place::of_preset(ViewPreset::FrontLeft, bounds, UVec2::new(1200, 800));
        let camera = ViewPreset::FrontLeft.camera(bounds, 1200, 800);
        let rotation = Quat::from_rotation_y(place.yaw) * Quat::from_rotation_x(-place.pitch);
        let eye = place.focus + rotation * Vec3::Z * place.radius;
        assert!((eye - camera.eye()).length() < 1e-3, "{eye} {}", camera.eye());
    }
}
