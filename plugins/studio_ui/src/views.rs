//! The 3D views as the window uses them: which there are, where they lie, which one the pointer steers.

mod photo_match;

use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use bevy_egui::egui::{self, TextureId};
use bevy_egui::{EguiTextureHandle, EguiUserTextures};
use gridvox_car::{PhotoCamera, ViewPreset};
use bevy_panorbit_camera::PanOrbitCamera;
use gridvox_showroom::aperture;
use gridvox_showroom::photo_match::letterboxed;
use gridvox_showroom::{
    Aperture, EnvironmentId, Framed, OnStage, PaintSlot, PictureKind, ShowroomCommand, StillCamera, StillShot, Turning, ViewAngle, ViewId, ViewLayout, ViewLight, ViewPointer, Views,
};

use crate::StudioSystems;
use crate::marks::{self, Spot};
use crate::model::Studio;
use crate::pictures::PictureForm;
use crate::panels::view::ViewPanelView;
use crate::panels::view_area::{Under, ViewAreaView, ViewPlace, ViewState};

use photo_match::{PhotoMatch, follow_photo};

/// A preset's name for people.
pub fn label(preset: ViewPreset) -> &'static str {
    match preset {
        ViewPreset::Front => "Front",
        ViewPreset::FrontLeft => "Front left",
        ViewPreset::Left => "Left",
        ViewPreset::RearLeft => "Rear left",
        ViewPreset::Rear => "Rear",
        ViewPreset::RearRight => "Rear right",
        ViewPreset::Right => "Right",
        ViewPreset::FrontRight => "Front right",
        ViewPreset::Top => "Top",
    }
}

/// A preset's name where room is scarce.
pub fn short_label(preset: ViewPreset) -> &'static str {
    match preset {
        ViewPreset::FrontLeft => "FL",
        ViewPreset::RearLeft => "RL",
        ViewPreset::RearRight => "RR",
        ViewPreset::FrontRight => "FR",
        other => label(other),
    }
}

/// What the window knows about its views; lists go by [`ViewId::index`].
#[derive(Resource)]
pub(crate) struct StudioViews {
    layout: ViewLayout,
    presets: [Option<ViewPreset>; ViewId::COUNT],
    /// Which version each view shows.
    slots: [PaintSlot; ViewId::COUNT],
    /// Lights of views that have their own.
    lights: [Option<ViewLight>; ViewId::COUNT],
    /// How soft each view's backdrop is, where it is not as the surroundings were made.
    blurs: [Option<f32>; ViewId::COUNT],
    /// How far each view's lens is open, where it is no pinhole.
    openings: [Option<f32>; ViewId::COUNT],
    /// The view that the View panel is about: the one that was pressed last.
    active: ViewId,
    /// Where the line of a wipe stands, 0..=1.
    wipe: f32,
    /// Where a view stood last, for fitting the car again.
    homes: [ViewPreset; ViewId::COUNT],
    textures: [Option<TextureId>; ViewId::COUNT],
    sizes: [UVec2; ViewId::COUNT],
    /// Where each view's camera stands, and the shape of its picture.
    angles: [Option<ViewAngle>; ViewId::COUNT],
    aspects: [Option<f32>; ViewId::COUNT],
    /// The photo that the first view lies over.
    matched: Option<PhotoMatch>,
    /// Where the line between photo and render stands, 0..=1 of the photo's width.
    match_line: f32,
    /// How much of the photo the render hides, 0..=1; and before it was hidden.
    match_opacity: (f32, f32),
    /// How each view sees the car.
    cameras: [Option<PhotoCamera>; ViewId::COUNT],
    turning: [bool; ViewId::COUNT],
    /// Where the views lay in the last frame.
    places: Vec<ViewPlace>,
    /// What lies under the pointer.
    under: Option<(ViewId, Spot)>,
    hovered: ViewId,
    pointer: ViewPointer,
    /// Where the steered view lies, unless a drag holds it.
    holds: Option<egui::Rect>,
    /// The window's points in one point of the panels.
    zoom: f32,
}

impl Default for StudioViews {
    fn default() -> Self {
        Self {
            layout: ViewLayout::Single,
            presets: [None; ViewId::COUNT],
            slots: [PaintSlot::A; ViewId::COUNT],
            lights: Default::default(),
            blurs: [None; ViewId::COUNT],
            openings: [None; ViewId::COUNT],
            active: ViewId::FIRST,
            wipe: 0.5,
            homes: [ViewPreset::FrontLeft; ViewId::COUNT],
            textures: [None; ViewId::COUNT],
            sizes: [UVec2::ZERO; ViewId::COUNT],
            angles: [None; ViewId::COUNT],
            aspects: [None; ViewId::COUNT],
            matched: None,
            match_line: 0.5,
            match_opacity: (1.0, 1.0),
            cameras: [None; ViewId::COUNT],
            turning: [false; ViewId::COUNT],
            places: Vec::new(),
            under: None,
            hovered: ViewId::FIRST,
            pointer: ViewPointer::default(),
            holds: None,
            zoom: 1.0,
        }
    }
}

impl StudioViews {
    pub fn layout(&self) -> ViewLayout {
        self.layout
    }

    /// The view under the pointer, or the one that was last.
    pub fn hovered(&self) -> ViewId {
        match self.layout {
            ViewLayout::Wipe => ViewId::FIRST,
            layout if layout.shows(self.hovered) => self.hovered,
            _ => ViewId::FIRST,
        }
    }

    pub fn set_wipe(&mut self, fraction: f32) {
        self.wipe = fraction.clamp(0.0, 1.0);
    }

    pub fn set_layout(&mut self, layout: ViewLayout, showroom: &mut MessageWriter<ShowroomCommand>) {
        if self.matched.take().is_some() {
            showroom.write(ShowroomCommand::LookAway { view: ViewId::FIRST, stays: false });
        }
        let pair = match layout {
            ViewLayout::Wipe => Some(PaintSlot::ALL),
            _ if self.layout == ViewLayout::Wipe => Some([PaintSlot::A; 2]),
            _ => None,
        };
        for (&view, slot) in ViewLayout::Wipe.views().iter().zip(pair.into_iter().flatten()) {
            self.show_version(view, slot, showroom);
        }
        self.layout = layout;
        showroom.write(ShowroomCommand::SetLayout(layout));
    }

    pub fn set_preset(&mut self, view: ViewId, preset: ViewPreset, showroom: &mut MessageWriter<ShowroomCommand>) {
        if view == ViewId::FIRST {
            self.leave_match(true, showroom);
        }
        self.presets[view.index()] = Some(preset);
        showroom.write(ShowroomCommand::SetView { view, preset });
    }

    pub fn show_version(&mut self, view: ViewId, slot: PaintSlot, showroom: &mut MessageWriter<ShowroomCommand>) {
        self.slots[view.index()] = slot;
        showroom.write(ShowroomCommand::ShowPaint { view, slot });
    }

    /// Shows the other version in the view under the pointer.
    pub fn blink(&mut self, showroom: &mut MessageWriter<ShowroomCommand>) {
        let view = self.hovered();
        let slot = match self.slots[view.index()] {
            PaintSlot::A => PaintSlot::B,
            PaintSlot::B => PaintSlot::A,
        };
        self.show_version(view, slot, showroom);
    }

    /// Lights a view by itself, or again as the first one.
    pub fn light(&mut self, view: ViewId, light: Option<ViewLight>, showroom: &mut MessageWriter<ShowroomCommand>) {
        self.lights[view.index()] = light.clone();
        showroom.write(ShowroomCommand::LightView { view, light });
    }

    /// How soft the backdrops of some views are.
    pub fn blur(&mut self, views: &[ViewId], blur: Option<f32>, showroom: &mut MessageWriter<ShowroomCommand>) {
        for &view in views {
            self.blurs[view.index()] = blur;
            showroom.write(ShowroomCommand::BlurBackdrop { view, blur });
        }
    }

    /// Opens a view's lens, or closes it to a pinhole.
    pub fn open_aperture(&mut self, view: ViewId, f_number: Option<f32>, showroom: &mut MessageWriter<ShowroomCommand>) {
        self.openings[view.index()] = f_number;
        showroom.write(ShowroomCommand::OpenAperture { view, f_number });
    }

    /// Whether a view shows the kept version.
    pub fn shows_kept(&self, view: ViewId) -> bool {
        self.slots[view.index()] == PaintSlot::B
    }

    /// The view that the View panel is about.
    pub fn active(&self) -> ViewId {
        match self.layout {
            ViewLayout::Wipe => ViewId::FIRST,
            layout if layout.shows(self.active) => self.active,
            _ => ViewId::FIRST,
        }
    }

    pub fn activate(&mut self, view: ViewId) {
        self.active = view;
    }

    /// What the View panel shows.
    pub fn view_panel(&self) -> ViewPanelView {
        let active = self.active();
        ViewPanelView {
            count: if self.layout == ViewLayout::Wipe { 1 } else { self.layout.views().len() },
            active,
            lens_mm: self.lens_mm(active),
            matched: active == ViewId::FIRST && self.matched.is_some(),
            blur: self.blurs[active.index()],
            f_number: self.openings[active.index()],
        }
    }

    /// The focal length of a view's lens in millimetres.
    fn lens_mm(&self, view: ViewId) -> Option<f32> {
        self.camera(view).map(gridvox_showroom::aperture::focal_mm)
    }

    /// Takes over which surroundings a view's own light has.
    pub fn note_light(&mut self, view: ViewId, environment: Option<EnvironmentId>) {
        let own = &mut self.lights[view.index()];
        *own = own.take().zip(environment).map(|(light, environment)| ViewLight { environment, ..light });
    }

    pub fn fit(&mut self, showroom: &mut MessageWriter<ShowroomCommand>) {
        for &view in self.layout.views() {
            self.set_preset(view, self.homes[view.index()], showroom);
        }
    }

    /// Where a view's camera stands.
    pub fn angle(&self, view: ViewId) -> Option<ViewAngle> {
        self.angles[view.index()]
    }

    pub fn show_angle(&mut self, view: ViewId, angle: ViewAngle, showroom: &mut MessageWriter<ShowroomCommand>) {
        if view == ViewId::FIRST {
            self.leave_match(true, showroom);
        }
        showroom.write(ShowroomCommand::SetAngle { view, angle });
    }

    pub fn toggle_turntable(&mut self, view: ViewId, showroom: &mut MessageWriter<ShowroomCommand>) {
        if view == ViewId::FIRST {
            self.leave_match(true, showroom);
        }
        showroom.write(ShowroomCommand::Turn { view, on: !self.turning[view.index()] });
    }

    /// What of the car lies under the pointer.
    pub fn under(&self) -> Option<&Spot> {
        self.under.as_ref().map(|(_, spot)| spot)
    }

    /// Finds what lies under the pointer.
    pub fn look_under(&mut self, context: &egui::Context, studio: &Studio) {
        let find = || {
            let pointer = context.pointer_hover_pos()?;
            let place = self.places.iter().find(|place| place.hovered && place.rect.contains(pointer))?;
            let share = (pointer - place.rect.min) / place.rect.size();
            let spot = studio.picker.as_ref()?.spot(self.camera(place.view)?, Vec2::new(share.x, share.y))?;
            Some((place.view, spot))
        };
        self.under = find().filter(|_| !context.input(|input| input.pointer.any_down()));
    }

    /// The camera of a view, once it stands.
    pub fn camera(&self, view: ViewId) -> Option<&PhotoCamera> {
        self.cameras[view.index()].as_ref()
    }

    /// The livery that a view shows.
    pub fn slot(&self, view: ViewId) -> PaintSlot {
        self.slots[view.index()]
    }

    /// A picture of what a view shows, and its light; `None` before its camera stands.
    pub fn shot(&self, view: ViewId, form: &PictureForm, studio: &Studio) -> Option<(StillShot, EnvironmentId)> {
        let (width, height) = form.size;
        let camera = match (form.kind, self.angle(view)) {
            (PictureKind::Turntable(_), Some(angle)) => StillCamera::Orbit {
                azimuth_deg: angle.azimuth_deg,
                elevation_deg: angle.elevation_deg,
                fov_deg: angle.fov_deg,
            },
            _ => StillCamera::Photo(letterboxed(self.camera(view)?, UVec2::new(width, height))),
        };
        let common = &studio.light;
        let own = self.lights[view.index()].as_ref();
        let light = own.cloned().unwrap_or_else(|| common.common());
        let shot = StillShot {
            finish: studio.finish,
            rotation_deg: light.rotation_deg,
            exposure_stops: light.exposure_stops,
            backdrop_blur: self.blurs[view.index()],
            softbox: (own.is_none() && common.softbox_on).then_some(common.softbox),
            transparent: form.transparent && form.can_be_transparent(),
            supersample: form.supersample,
            aperture: self.openings[view.index()].map(|f_number| Aperture { f_number, focus_m: None, samples: aperture::SAMPLES }),
            ..StillShot::new(camera, width, height)
        };
        Some((shot, light.environment))
    }

    pub fn shown(&self, studio: &Studio, preparing: bool) -> ViewAreaView {
        let photo = studio.marked_photo();
        let view = |id: ViewId| {
            let index = id.index();
            let marks = match (photo, self.camera(id)) {
                (Some(photo), Some(camera)) if self.layout.shows(id) => {
                    marks::shown(&photo.marks, camera, studio.picker.as_deref())
                }
                _ => Vec::new(),
            };
            ViewState {
                picture: self.textures[index],
                aspect: self.aspects[index],
                preset: self.presets[index],
                turning: self.turning[index],
                saved: studio.angles.as_ref().zip(self.angles[index]).and_then(|(angles, now)| {
                    angles.list().iter().position(|saved| saved.angle.is_near(&now))
                }),
                kept: self.slots[index] == PaintSlot::B,
                light: self.lights[index].clone(),
                lens_mm: self.lens_mm(id),
                marks,
            }
        };
        ViewAreaView {
            layout: self.layout,
            views: ViewId::ALL.map(view),
            wipe: self.wipe,
            marking: photo.is_some(),
            keeps_version: studio.kept.is_some(),
            active: self.active(),
            difference: studio.difference.is_some_and(|shown| shown.found.is_some()),
            environments: studio.environments.iter().map(|known| (known.id.clone(), known.name.clone())).collect(),
            light: studio.light.common(),
            angles: studio.angles.clone().unwrap_or_default(),
            under: self.under.as_ref().zip(studio.picker.as_ref()).and_then(|((view, spot), picker)| {
                let (name, painted) = picker.describe(spot.part)?;
                Some(Under { view: *view, part: spot.part, name, uv: painted.then_some(spot.uv) })
            }),
            hidden_parts: studio.hidden_parts.len(),
            matched: self.shown_match(studio),
            drag_hovers: studio.drag_hovers,
            preparing,
        }
    }

    /// Takes over where the views lie; `covered` while something lies over the whole window.
    pub fn place(&mut self, context: &egui::Context, places: &[ViewPlace], covered: bool) {
        let scale = context.pixels_per_point();
        self.zoom = context.zoom_factor();
        self.places = places.to_vec();
        for place in places {
            let size = place.rect.size() * scale;
            self.sizes[place.view.index()] = UVec2::new(size.x.round() as u32, size.y.round() as u32);
            if self.layout == ViewLayout::Wipe {
                self.sizes[ViewId::SECOND.index()] = self.sizes[place.view.index()];
            }
        }
        let steered = places.iter().find(|place| place.dragged).or(places.iter().find(|place| place.hovered));
        let window = context.viewport_rect().size();
        self.pointer = match steered.filter(|_| !covered) {
            Some(place) => {
                self.hovered = place.view;
                if place.dragged || context.input(|input| input.pointer.any_pressed()) {
                    self.active = place.view;
                }
                self.holds = (!place.dragged).then_some(place.rect);
                ViewPointer {
                    view: Some(place.view),
                    view_size: Vec2::new(place.rect.width(), place.rect.height()) * self.zoom,
                    window_size: Vec2::new(window.x, window.y) * self.zoom,
                }
            }
            None => ViewPointer { view: None, ..self.pointer },
        };
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<StudioViews>()
        .add_systems(PreUpdate, (register_pictures, steer_views, note_cameras))
        .add_systems(Update, follow_photo.run_if(resource_changed::<Studio>).after(StudioSystems::CarryOut));
}

fn register_pictures(
    pictures: Option<Res<Views>>,
    mut views: ResMut<StudioViews>,
    mut textures: ResMut<EguiUserTextures>,
) {
    let Some(pictures) = pictures else { return };
    if views.textures.iter().all(Option::is_some) {
        return;
    }
    views.textures =
        ViewId::ALL.map(|view| Some(textures.add_image(EguiTextureHandle::Strong(pictures.view(view).image.clone()))));
}

/// Where the views' cameras stand, as the engine describes cameras, and at which presets.
fn note_cameras(
    pictures: Option<Res<Views>>,
    cameras: Query<(&Transform, &Projection, &PanOrbitCamera, &Framed, Has<Turning>)>,
    stage: Option<Res<OnStage>>,
    mut views: ResMut<StudioViews>,
) {
    let (Some(pictures), Some(stage)) = (pictures, stage) else { return };
    for &view in pictures.layout.views() {
        let (shown, index) = (pictures.view(view), view.index());
        let Ok((stands, lens, orbit, Framed(preset), turning)) = cameras.get(shown.camera) else { continue };
        views.angles[index] = Some(match (view, &views.matched) {
            (ViewId::FIRST, Some(matched)) => ViewAngle::of_camera(&letterboxed(&matched.camera, shown.size), stage.bounds()),
            _ => ViewAngle::of_orbit(orbit, lens),
        });
        views.aspects[index] = Some(shown.aspect());
        views.turning[index] = turning;
        views.presets[index] = *preset;
        views.homes[index] = preset.unwrap_or(views.homes[index]);
        if let (ViewId::FIRST, Some(matched)) = (view, &views.matched) {
            views.cameras[index] = Some(letterboxed(&matched.camera, shown.size));
        } else if let Projection::Perspective(lens) = lens {
            let size = shown.size.as_vec2();
            views.cameras[index] = Some(PhotoCamera {
                world_from_camera: stands.to_matrix(),
                focal_px: 0.5 * size.y / (0.5 * lens.fov).tan(),
                principal_point: size * 0.5,
                width: shown.size.x,
                height: shown.size.y,
                k1: 0.0,
            });
        }
    }
}

/// Tells the showroom how large the pictures are and which one the pointer steers.
fn steer_views(
    views: Res<StudioViews>,
    pictures: Option<Res<Views>>,
    window: Query<&Window, With<PrimaryWindow>>,
    mut pointer: ResMut<ViewPointer>,
    mut showroom: MessageWriter<ShowroomCommand>,
) {
    // the panels tell where the pointer was; a wheel that turns in the same frame as it leaves is not the view's
    let has_left = |rect: egui::Rect| {
        let place = window.iter().find_map(|window| window.cursor_position());
        place.is_some_and(|place| !rect.contains(egui::pos2(place.x, place.y) / views.zoom))
    };
    let left = views.holds.is_some_and(has_left);
    pointer.set_if_neq(ViewPointer { view: views.pointer.view.filter(|_| !left), ..views.pointer });
    let Some(pictures) = pictures else { return };
    for &view in views.layout.views() {
        let (wanted, has) = (views.sizes[view.index()], pictures.view(view).size);
        if wanted.min_element() >= 16 && wanted != has {
            showroom.write(ShowroomCommand::ResizeView { view, width: wanted.x, height: wanted.y });
        }
    }
}
