//! The 3D views as the window uses them: which there are, where they lie, which one the pointer steers.

use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use bevy_egui::egui::{self, TextureId};
use bevy_egui::{EguiTextureHandle, EguiUserTextures};
use gridvox_car::{PhotoCamera, ViewPreset};
use gridvox_showroom::{PaintSlot, ShowroomCommand, ViewId, ViewLayout, ViewPointer, Views};

use crate::marks;
use crate::model::Studio;
use crate::panels::view_area::{ViewAreaView, ViewPlace, ViewState};

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

/// What the window knows about its views.
#[derive(Resource)]
pub(crate) struct StudioViews {
    layout: ViewLayout,
    presets: [Option<ViewPreset>; 2],
    /// Which version each view shows.
    slots: [PaintSlot; 2],
    /// Where the line of a wipe stands, 0..=1.
    wipe: f32,
    /// Where a view stood last, for fitting the car again.
    homes: [ViewPreset; 2],
    textures: [Option<TextureId>; 2],
    sizes: [UVec2; 2],
    /// How each view sees the car.
    cameras: [Option<PhotoCamera>; 2],
    hovered: ViewId,
    pointer: ViewPointer,
    /// Where the steered view lies, unless a drag holds it.
    holds: Option<egui::Rect>,
}

impl Default for StudioViews {
    fn default() -> Self {
        let homes = [ViewPreset::FrontLeft, ViewPreset::RearRight];
        Self {
            layout: ViewLayout::Single,
            presets: homes.map(Some),
            slots: [PaintSlot::A; 2],
            wipe: 0.5,
            homes,
            textures: [None; 2],
            sizes: [UVec2::ZERO; 2],
            cameras: [None; 2],
            hovered: ViewId::First,
            pointer: ViewPointer::default(),
            holds: None,
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
            ViewLayout::Single | ViewLayout::Wipe => ViewId::First,
            ViewLayout::Split => self.hovered,
        }
    }

    pub fn set_wipe(&mut self, fraction: f32) {
        self.wipe = fraction.clamp(0.0, 1.0);
    }

    pub fn set_layout(&mut self, layout: ViewLayout, showroom: &mut MessageWriter<ShowroomCommand>) {
        let slots = match layout {
            ViewLayout::Wipe => PaintSlot::ALL,
            _ if self.layout == ViewLayout::Wipe => [PaintSlot::A; 2],
            _ => self.slots,
        };
        for (view, slot) in ViewId::ALL.into_iter().zip(slots) {
            self.slots[view.index()] = slot;
            showroom.write(ShowroomCommand::ShowPaint { view, slot });
        }
        self.layout = layout;
        showroom.write(ShowroomCommand::SetLayout(layout));
    }

    pub fn set_preset(&mut self, view: ViewId, preset: ViewPreset, showroom: &mut MessageWriter<ShowroomCommand>) {
        self.presets[view.index()] = Some(preset);
        self.homes[view.index()] = preset;
        showroom.write(ShowroomCommand::SetView { view, preset });
    }

    /// Shows the other version in the view under the pointer.
    pub fn blink(&mut self, showroom: &mut MessageWriter<ShowroomCommand>) {
        let view = self.hovered();
        let slot = match self.slots[view.index()] {
            PaintSlot::A => PaintSlot::B,
            PaintSlot::B => PaintSlot::A,
        };
        self.slots[view.index()] = slot;
        showroom.write(ShowroomCommand::ShowPaint { view, slot });
    }

    pub fn fit(&mut self, showroom: &mut MessageWriter<ShowroomCommand>) {
        for view in ViewId::ALL {
            self.set_preset(view, self.homes[view.index()], showroom);
        }
    }

    /// The camera of a view, once it stands.
    pub fn camera(&self, view: ViewId) -> Option<&PhotoCamera> {
        self.cameras[view.index()].as_ref()
    }

    pub fn shown(&self, studio: &Studio, preparing: bool) -> ViewAreaView {
        let view = |index: usize| ViewState {
            picture: self.textures[index],
            preset: self.presets[index],
            kept: self.slots[index] == PaintSlot::B,
        };
        let photo = studio.marked_photo();
        let marks = ViewId::ALL.map(|id| match (photo, self.camera(id)) {
            (Some(photo), Some(camera)) => marks::shown(&photo.marks, camera, studio.picker.as_deref()),
            _ => Vec::new(),
        });
        ViewAreaView {
            layout: self.layout,
            views: [view(0), view(1)],
            wipe: self.wipe,
            marking: photo.is_some(),
            marks,
            drag_hovers: studio.drag_hovers,
            preparing,
        }
    }

    /// Takes over where the views lie; `covered` while something lies over the whole window.
    pub fn place(&mut self, context: &egui::Context, places: &[ViewPlace], covered: bool) {
        let scale = context.pixels_per_point();
        for place in places {
            let size = place.rect.size() * scale;
            self.sizes[place.view.index()] = UVec2::new(size.x.round() as u32, size.y.round() as u32);
            if self.layout == ViewLayout::Wipe {
                self.sizes[ViewId::Second.index()] = self.sizes[place.view.index()];
            }
            if place.dragged {
                self.presets[place.view.index()] = None;
            }
        }
        let steered = places.iter().find(|place| place.dragged).or(places.iter().find(|place| place.hovered));
        let window = context.viewport_rect().size();
        self.pointer = match steered.filter(|_| !covered) {
            Some(place) => {
                self.hovered = place.view;
                self.holds = (!place.dragged).then_some(place.rect);
                ViewPointer {
                    view: Some(place.view),
                    view_size: Vec2::new(place.rect.width(), place.rect.height()),
                    window_size: Vec2::new(window.x, window.y),
                }
            }
            None => ViewPointer { view: None, ..self.pointer },
        };
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<StudioViews>().add_systems(PreUpdate, (register_pictures, steer_views, note_cameras));
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

/// Where the views' cameras stand, as the engine describes cameras.
fn note_cameras(
    pictures: Option<Res<Views>>,
    cameras: Query<(&Transform, &Projection)>,
    mut views: ResMut<StudioViews>,
) {
    let Some(pictures) = pictures else { return };
    for view in ViewId::ALL {
        let shown = pictures.view(view);
        if let Ok((stands, Projection::Perspective(lens))) = cameras.get(shown.camera) {
            let size = shown.size.as_vec2();
            views.cameras[view.index()] = Some(PhotoCamera {
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
        place.is_some_and(|place| !rect.contains(egui::pos2(place.x, place.y)))
    };
    let left = views.holds.is_some_and(has_left);
    pointer.set_if_neq(ViewPointer { view: views.pointer.view.filter(|_| !left), ..views.pointer });
    let Some(pictures) = pictures else { return };
    for view in ViewId::ALL {
        let (wanted, has) = (views.sizes[view.index()], pictures.view(view).size);
        if wanted.min_element() >= 16 && wanted != has {
            showroom.write(ShowroomCommand::ResizeView { view, width: wanted.x, height: wanted.y });
        }
    }
}
