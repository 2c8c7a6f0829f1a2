//! Views: cameras that draw into pictures of their own, which panels show.
//!
//! When a view draws and how finely is decided in [`crate::pace`].

use crate::angle::{Flight, ViewAngle, fly, fov};
use crate::car::{SHARED_LAYER, paint_layer};
use crate::commands::ShowroomCommand;
use crate::layout::{ANGLE_SETS, ViewId, ViewLayout};
use crate::pace::RedrawNeeded;
use crate::paint::PaintSlot;
use crate::photo_match::{Matched, letterboxed};
use crate::stage::OnStage;
use crate::turntable::Turning;
use bevy::camera::RenderTarget;
use bevy::camera::visibility::RenderLayers;
use bevy::core_pipeline::tonemapping::{DebandDither, Tonemapping};
use bevy::input::mouse::{AccumulatedMouseMotion, AccumulatedMouseScroll};
use bevy::prelude::*;
use bevy::render::render_resource::{TextureFormat, TextureUsages};
use bevy_panorbit_camera::{ActiveCameraData, FocusBoundsShape, PanOrbitCamera, PanOrbitCameraPlugin, PanOrbitCameraSystemSet};
use gridvox_car::ViewPreset;

/// Sizes of a view's picture in pixels.
const SIZE_RANGE: std::ops::RangeInclusive<u32> = 16..=8192;

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

impl ViewImage {
    /// Width over height of the picture as it was drawn last, which may be from before its place changed its shape.
    pub fn aspect(&self) -> f32 {
        self.drawn.x as f32 / self.drawn.y.max(1) as f32
    }
}

/// The views, by [`ViewId::index`].
#[derive(Resource, Debug, Clone)]
pub struct Views {
    /// All views; those that the layout does not show rest.
    pub images: [ViewImage; ViewId::COUNT],
    /// What is shown.
    pub layout: ViewLayout,
}

impl Views {
    /// The views that are shown.
    pub fn shown(&self) -> &[ViewImage] {
        &self.images[..self.layout.views().len()]
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

/// When the cameras of a wipe are brought together; what draws comes after it.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct StandTogether;

/// The preset that a view's camera stands at, for reframing when the view's shape changes; none after a hand moved it.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framed(pub Option<ViewPreset>);

/// Where the views of each group of layouts stood when it was left.
type KeptAngles = [Vec<(ViewAngle, Framed)>; ANGLE_SETS];

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

/// A view's usual lens.
fn perspective() -> PerspectiveProjection {
    PerspectiveProjection { near: 0.05, ..default() }
}

fn spawn_views(mut commands: Commands, mut images: ResMut<Assets<Image>>, redraw: Option<ResMut<RedrawNeeded>>) {
    let nominal = (Vec3::new(-1.0, 0.0, -2.3), Vec3::new(1.0, 1.28, 2.3));
    let views = ViewId::ALL.map(|view| {
        // the others get their size when they are shown
        let size = if view == ViewId::FIRST { UVec2::new(1280, 720) } else { UVec2::splat(*SIZE_RANGE.start()) };
        let image = images.add(view_target(size));
        let start = ViewLayout::Split.starts().get(view.index()).copied().unwrap_or(ViewPreset::FrontLeft);
        let place = ViewAngle::of_preset(start, nominal, size);
        let camera = commands
            .spawn((
                Name::new(format!("view {}", view.index() + 1)),
                view,
                photographic(),
                Camera { is_active: false, order: view.index() as isize - ViewId::COUNT as isize, ..default() },
                RenderTarget::Image(image.clone().into()),
                Projection::Perspective(PerspectiveProjection { fov: place.fov_deg.to_radians(), ..perspective() }),
                Transform::default(),
                RenderLayers::from_layers(&[SHARED_LAYER, paint_layer(PaintSlot::A)]),
                Framed(Some(start)),
                PanOrbitCamera {
                    focus: place.focus_m.into(),
                    target_focus: place.focus_m.into(),
                    yaw: Some(place.azimuth_deg.to_radians()),
                    pitch: Some(place.elevation_deg.to_radians()),
                    radius: Some(place.distance_m),
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

type ViewCamera = (&'static mut PanOrbitCamera, &'static mut Projection, &'static mut Framed);

pub(crate) fn apply_view_commands(
    mut messages: MessageReader<ShowroomCommand>,
    mut commands: Commands,
    mut views: ResMut<Views>,
    mut redraw: ResMut<RedrawNeeded>,
    mut cameras: Query<ViewCamera>,
    matched: Query<&Matched>,
    mut kept: Local<KeptAngles>,
    stage: Res<OnStage>,
) {
    for message in messages.read() {
        match *message {
            ShowroomCommand::SetLayout(layout) if views.layout != layout => {
                change_layout(&mut views, layout, &mut cameras, &mut kept, &mut commands, stage.bounds());
                redraw.scene_changed();
            }
            ShowroomCommand::SetView { view, preset } => {
                let shown = views.view(view);
                let Ok((orbit, lens, mut framed)) = cameras.get_mut(shown.camera) else { continue };
                framed.set_if_neq(Framed(Some(preset)));
                let to = ViewAngle::of_preset(preset, stage.bounds(), shown.size);
                commands.entity(shown.camera).insert(Flight::new(ViewAngle::of_orbit(&orbit, &lens), to));
            }
            ShowroomCommand::SetAngle { view, angle } if angle.is_sound() => {
                let camera = views.view(view).camera;
                let Ok((orbit, lens, mut framed)) = cameras.get_mut(camera) else { continue };
                framed.set_if_neq(Framed(None));
                commands.entity(camera).insert(Flight::new(ViewAngle::of_orbit(&orbit, &lens), angle));
            }
            ShowroomCommand::SetLens { view, focal_mm } if focal_mm.is_finite() && focal_mm > 0.0 => {
                let shown = views.view(view);
                let Ok((mut orbit, mut lens, mut framed)) = cameras.get_mut(shown.camera) else { continue };
                // a photo's lens is the photo's
                if fov(&lens).is_none() {
                    continue;
                }
                let mut angle = ViewAngle::of_orbit(&orbit, &lens).with_lens(focal_mm, shown.size);
                let farthest = orbit.zoom_upper_limit.unwrap_or(f32::MAX);
                angle.distance_m = angle.distance_m.clamp(orbit.zoom_lower_limit, farthest);
                if angle.is_sound() {
                    framed.set_if_neq(Framed(None));
                    commands.entity(shown.camera).remove::<Flight>();
                    angle.apply(&mut orbit, &mut lens);
                }
            }
            ShowroomCommand::LookThrough { view, camera } => {
                let entity = views.view(view).camera;
                let Ok((mut orbit, mut lens, mut framed)) = cameras.get_mut(entity) else { continue };
                let now = ViewAngle::of_orbit(&orbit, &lens);
                let stood = matched.get(entity).map_or((now, *framed), |matched| matched.stood);
                framed.set_if_neq(Framed(None));
                // it comes to rest, or it would move on behind the lens
                now.apply(&mut orbit, &mut lens);
                // a lens that is no perspective can't be moved by the mouse
                orbit.enabled = false;
                commands.entity(entity).remove::<Flight>().insert(Matched { camera, made_for: None, stood });
                redraw.view_changed(view);
            }
            ShowroomCommand::LookAway { view, stays } => {
                let shown = views.view(view);
                let Ok(Matched { camera, stood, .. }) = matched.get(shown.camera) else { continue };
                let Ok((mut orbit, mut lens, mut framed)) = cameras.get_mut(shown.camera) else { continue };
                *lens = Projection::Perspective(perspective());
                orbit.enabled = true;
                let (angle, stands) = match (stays, *stood) {
                    (true, _) => (ViewAngle::of_camera(&letterboxed(camera, shown.size), stage.bounds()), Framed(None)),
                    (false, (_, Framed(Some(preset)))) => {
                        (ViewAngle::of_preset(preset, stage.bounds(), shown.size), Framed(Some(preset)))
                    }
                    (false, stood) => stood,
                };
                angle.apply(&mut orbit, &mut lens);
                framed.set_if_neq(stands);
                commands.entity(shown.camera).remove::<Matched>();
                redraw.view_changed(view);
            }
            ShowroomCommand::ResizeView { view, width, height } => {
                let size = UVec2::new(width, height).clamp(UVec2::splat(*SIZE_RANGE.start()), UVec2::splat(*SIZE_RANGE.end()));
                let shown = &mut views.bypass_change_detection().images[view.index()];
                if shown.size == size {
                    continue;
                }
                shown.size = size;
                let camera = shown.camera;
                views.set_changed();
                redraw.view_changed(view);
                // a view that nobody has moved keeps the car framed
                if let Ok((.., Framed(Some(preset)))) = cameras.get(camera) {
                    commands.entity(camera).insert(Flight::jump(ViewAngle::of_preset(*preset, stage.bounds(), size)));
                }
            }
            ShowroomCommand::ShowPaint { view, slot } if views.view(view).slot != slot => {
                views.images[view.index()].slot = slot;
            }
            ShowroomCommand::Redraw => redraw.scene_changed(),
            _ => {}
        }
    }
}

/// Shows other views, each at the angle that it had in this group of layouts before.
fn change_layout(
    views: &mut Views,
    layout: ViewLayout,
    cameras: &mut Query<ViewCamera>,
    kept: &mut KeptAngles,
    commands: &mut Commands,
    bounds: (Vec3, Vec3),
) {
    let (from, to) = (views.layout, layout);
    views.layout = to;
    if from.angle_set() == to.angle_set() {
        if from == ViewLayout::Wipe {
            // the second view gets its own place back
            for (mut orbit, ..) in cameras.iter_mut() {
                orbit.force_update = true;
            }
        }
        return;
    }
    let camera = |view: usize| views.images[view].camera;
    let now = |view: usize| {
        let (orbit, lens, framed) = cameras.get(camera(view)).ok()?;
        Some((ViewAngle::of_orbit(orbit, lens), *framed))
    };
    kept[from.angle_set()] = (0..from.starts().len()).filter_map(now).collect();
    for (index, start) in to.starts().iter().enumerate() {
        let preset = || {
            let angle = ViewAngle::of_preset(*start, bounds, views.images[index].size);
            (angle, Framed(Some(*start)))
        };
        let (angle, stands) = kept[to.angle_set()].get(index).copied().unwrap_or_else(preset);
        if let Ok((mut orbit, mut lens, mut framed)) = cameras.get_mut(camera(index)) {
            angle.apply(&mut orbit, &mut lens);
            framed.set_if_neq(stands);
            let angle = match stands.0 {
                Some(preset) => ViewAngle::of_preset(preset, bounds, views.images[index].size),
                None => angle,
            };
            commands.entity(camera(index)).insert(Flight::jump(angle));
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
    let (Some((_, place, lens)), Some((_, stands, sees))) = (of(ViewId::FIRST), of(ViewId::SECOND)) else { return };
    if place != stands || fov(lens) != fov(sees) {
        commands.entity(views.view(ViewId::SECOND).camera).insert((*place, lens.clone()));
    }
}

fn aim_pointer(
    pointer: Res<ViewPointer>,
    views: Res<Views>,
    mut active: ResMut<ActiveCameraData>,
    mut commands: Commands,
    mut framed: Query<&mut Framed>,
    buttons: Option<Res<ButtonInput<MouseButton>>>,
    (motion, scroll): (Option<Res<AccumulatedMouseMotion>>, Option<Res<AccumulatedMouseScroll>>),
) {
    let entity = pointer.view.map(|view| views.view(view).camera);
    let (viewport_size, window_size) = (Some(pointer.view_size), Some(pointer.window_size));
    active.set_if_neq(ActiveCameraData { entity, viewport_size, window_size, manual: true });
    let (Some(entity), Some(buttons)) = (entity, buttons) else { return };
    // a hand on the view ends flights, and framing where it moves
    if buttons.any_just_pressed([MouseButton::Left, MouseButton::Right]) {
        commands.entity(entity).remove::<(Flight, Turning)>();
    }
    let holds = buttons.any_pressed([MouseButton::Left, MouseButton::Right]);
    let moves = holds && motion.is_some_and(|motion| motion.delta != Vec2::ZERO);
    if (moves || scroll.is_some_and(|scroll| scroll.delta.y != 0.0))
        && let Ok(mut framed) = framed.get_mut(entity)
    {
        commands.entity(entity).remove::<Flight>();
        framed.set_if_neq(Framed(None));
    }
}

pub(crate) fn plugin(app: &mut App) {
    if !app.is_plugin_added::<PanOrbitCameraPlugin>() {
        app.add_plugins(PanOrbitCameraPlugin);
    }
    app.init_resource::<ViewPointer>()
        .add_systems(PreStartup, spawn_views)
        .add_systems(Update, (apply_view_commands, fly, aim_pointer).chain())
        .add_systems(PostUpdate, stand_together.after(PanOrbitCameraSystemSet).in_set(StandTogether));
}
