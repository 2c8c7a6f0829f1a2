//! Draws the window: bar, panels, views and whatever lies over them.

use std::path::Path;

use bevy::camera::visibility::RenderLayers;
use bevy::prelude::*;
use bevy::window::{Monitor, PrimaryMonitor, PrimaryWindow};
use bevy_egui::egui::{self, Frame, LayerId, Margin, Panel, Ui, UiBuilder};
use bevy_egui::{EguiContexts, PrimaryEguiContext};
use gridvox_editor::OpenLivery;
use image::RgbaImage;

use crate::command::StudioCommand;
use crate::dock::{Dock, PanelId, Side};
use crate::model::{PhotoState, Studio};
use crate::pacing::Pacing;
use crate::panels::{self, Commands as Wishes};
use crate::theme;
use crate::views::StudioViews;

/// Height of the top bar, in points.
const BAR_HEIGHT: f32 = 44.0;

/// Makes a window that is larger than the screen as large as the screen, once both are known. Some desktops do it.
pub(crate) fn fit_window_to_screen(
    mut windows: Query<&mut Window, With<PrimaryWindow>>,
    screens: Query<(&Monitor, Has<PrimaryMonitor>)>,
    mut done: Local<bool>,
) {
    let screen = screens.iter().max_by_key(|(_, primary)| *primary).map(|(screen, _)| screen);
    let (false, Some(screen), Ok(mut window)) = (*done, screen, windows.single_mut()) else { return };
    *done = true;
    let room = screen.physical_size().as_vec2() / screen.scale_factor as f32;
    let size = Vec2::new(window.width(), window.height());
    let fitted = size.min(room);
    if fitted != size && fitted.min_element() > 0.0 {
        window.resolution.set(fitted.x, fitted.y);
    }
}

/// A camera of its own draws the panels over the whole window; the views have theirs, which draw into pictures.
pub(crate) fn spawn_ui_camera(mut commands: Commands) {
    commands.spawn((
        Name::new("panels"),
        Camera2d,
        Camera {
            order: 100,
            clear_color: ClearColorConfig::Custom(Color::srgb_u8(13, 13, 13)),
            ..default()
        },
        Msaa::Off,
        RenderLayers::none(),
        PrimaryEguiContext,
    ));
}

pub(crate) fn draw_window(
    mut contexts: EguiContexts,
    mut studio: ResMut<Studio>,
    mut views: ResMut<StudioViews>,
    mut pacing: ResMut<Pacing>,
    open: Res<OpenLivery>,
    mut commands: MessageWriter<StudioCommand>,
    mut themed: Local<bool>,
) -> Result {
    let context = contexts.ctx_mut()?.clone();
    if !*themed {
        theme::apply(&context);
        *themed = true;
        // Fonts and style count from the next pass on.
        pacing.draw_on();
        return Ok(());
    }
    if context.input(|input| !input.raw.events.is_empty()) {
        pacing.draw_on();
    }
    // What the window writes here, textures and typed text, is no change that asks for another frame.
    let studio = studio.bypass_change_detection();
    if scale(&context, studio) {
        pacing.draw_on();
    }
    upload_pictures(&context, studio, views.matched().map(|matched| matched.photo.as_path()));

    let mut out = Wishes::new();
    let covered = studio.import.is_some() || studio.shows_help || studio.shows_angles || studio.browser.is_some() || studio.dropped.is_some();
    crate::shortcuts::shortcuts(&context, views.layout(), covered, &mut out);
    let mut ui = Ui::new(
        context.clone(),
        "studio".into(),
        UiBuilder::new().layer_id(LayerId::background()).max_rect(context.viewport_rect()),
    );
    let dock = studio.dock();
    bar(&mut ui, studio, &dock, &views, &open, &mut out);
    let hidden: &[Side] = match (studio.shows_panels, studio.marked_photo()) {
        (false, _) => &Side::ALL,
        // points are set side by side on photo and car, which takes the room
        (true, Some(_)) => &[Side::Right, Side::Bottom],
        (true, None) => &[],
    };
    let contents = |ui: &mut Ui, panel: PanelId, out: &mut Wishes| panel_contents(ui, panel, studio, &views, &open, out);
    let centre = panels::docking::docked_panels(&mut ui, &dock, hidden, &mut out, contents);
    let mut ui = ui.new_child(UiBuilder::new().id_salt("centre").max_rect(centre));
    ui.set_clip_rect(centre);
    if let Some(photo) = studio.marked_photo() {
        let width = (centre.width() * 0.5).round();
        Panel::left("sheet").exact_size(width).resizable(false).show_separator_line(false).frame(Frame::new()).show(&mut ui, |ui| {
            panels::marking::photo_sheet(ui, photo, studio.sheet, studio.shows_outline, &mut out);
        });
    }
    views.look_under(&context, studio);
    let shown = views.shown(studio, pacing.is_starting());
    let places = panels::view_area::view_area(&mut ui, &shown, &mut out);
    views.place(&context, &places, covered);

    overlays(&context, studio, &mut out);
    if studio.settings_unsaved && !context.input(|input| input.pointer.any_down()) {
        out.push(StudioCommand::RememberWindow);
    }
    if !out.is_empty() {
        pacing.draw_on();
    }
    commands.write_batch(out);
    Ok(())
}

/// Draws everything as large as the painter wants it; true when that changes.
fn scale(context: &egui::Context, studio: &mut Studio) -> bool {
    let window = context.viewport_rect().size() * context.zoom_factor();
    let zoom = studio.settings.zoom((window.x, window.y));
    studio.window_height = window.y / zoom;
    let changes = (context.zoom_factor() - zoom).abs() > 1e-3;
    if changes {
        context.set_zoom_factor(zoom);
    }
    changes
}

fn bar(ui: &mut Ui, studio: &Studio, dock: &Dock, views: &StudioViews, open: &OpenLivery, out: &mut Wishes) {
    let frame = Frame::new().fill(theme::PANEL).inner_margin(Margin::symmetric(theme::GAP_LARGE as i8, 0));
    let drawn = (ui.ctx().zoom_factor() * 100.0).round() as u16;
    Panel::top("bar").exact_size(BAR_HEIGHT).resizable(false).show_separator_line(false).frame(frame).show(ui, |ui| {
        let view = panels::top_bar::TopBarView {
            open,
            layout: views.layout(),
            log_length: studio.notices.log().count(),
            dock,
            shows_panels: studio.shows_panels,
            scale: (studio.settings.scale_percent, drawn),
        };
        panels::top_bar::top_bar(ui, &view, out);
    });
}

/// What a panel shows.
fn panel_contents(ui: &mut Ui, panel: PanelId, studio: &Studio, views: &StudioViews, open: &OpenLivery, out: &mut Wishes) {
    match panel {
        PanelId::Photo => panels::photo::photo_panel(ui, studio, out),
        PanelId::Car => panels::car::car_panel(ui, &studio.cars, &studio.car, out),
        PanelId::Finish => panels::finish::finish_panel(ui, studio.finish, studio.inspection, open.base_color, &studio.spec, out),
        PanelId::Light => panels::environment::environment_panel(ui, &studio.environments, &studio.light, out),
        PanelId::View => panels::view::view_panel(ui, &views.view_panel(), out),
        PanelId::Compare => {
            let active = views.active();
            let view = panels::compare::CompareView {
                open,
                kept: studio.kept.as_ref(),
                difference: studio.difference,
                layout: views.layout(),
                active,
                shows_kept: views.shows_kept(active),
            };
            panels::compare::compare_panel(ui, &view, out);
        }
        PanelId::Result => panels::result::result_panel(ui, studio.result.as_deref(), studio.shows_confidence, out),
        PanelId::Picture => {
            panels::picture::picture_panel(ui, &studio.picture, views.active(), studio.car.pack().is_some(), out);
        }
        PanelId::Export => panels::export::export_panel(ui, &studio.export, !open.blank, out),
    }
}

fn overlays(context: &egui::Context, studio: &mut Studio, out: &mut Wishes) {
    panels::notices::toasts(context, &studio.notices, out);
    if studio.shows_log {
        panels::notices::log(context, &studio.notices, out);
    }
    if let (true, Some(angles)) = (studio.shows_angles, &studio.angles) {
        panels::angles::angles_overlay(context, angles, out);
    }
    if studio.shows_help {
        panels::help::help_overlay(context, out);
    }
    if let Some(path) = &studio.dropped {
        panels::drop::drop_question(context, path, out);
    }
    if let Some(import) = &studio.import {
        panels::import::import_dialog(context, import, out);
    }
    if let Some(browser) = &studio.browser {
        let typed = panels::browser::file_browser(context, browser, out);
        if let Some(browser) = &mut studio.browser {
            browser.typed = typed;
        }
    }
}

/// Gives the panels the pictures that came in since the last frame.
fn upload_pictures(context: &egui::Context, studio: &mut Studio, matched: Option<&Path>) {
    let upload = |path: &Path, picture: &RgbaImage| {
        let size = [picture.width() as usize, picture.height() as usize];
        let picture = egui::ColorImage::from_rgba_unmultiplied(size, picture.as_raw());
        context.load_texture(path.to_string_lossy().into_owned(), picture, egui::TextureOptions::LINEAR)
    };
    if let Some(kept) = studio.kept.as_mut().filter(|kept| kept.texture.is_none()) {
        kept.texture = Some(upload(Path::new("kept version"), &kept.thumbnail));
    }
    if let Some(map) = studio.spec.map_mut().filter(|map| map.texture.is_none()) {
        map.texture = Some(upload(&map.path, &map.thumbnail));
    }
    for choice in studio.cars.iter_mut().chain(&mut studio.environments).filter(|choice| choice.texture.is_none()) {
        choice.texture = choice.picture.as_ref().map(|picture| upload(Path::new(&choice.id), picture));
    }
    for (index, photo) in studio.photos.iter_mut().enumerate() {
        let PhotoState::Read(read) = &photo.state else { continue };
        if photo.texture.is_none() {
            photo.texture = Some(upload(&photo.path, &read.thumbnail));
        }
        if let (None, Some(outline)) = (&photo.outline_texture, &photo.outline) {
            photo.outline_texture = Some(upload(&photo.path, outline));
        }
        let is_large = studio.marking && index == studio.selected_photo || matched == Some(photo.path.as_path());
        if is_large && photo.sheet_texture.is_none() {
            photo.sheet_texture = Some(upload(&photo.path, &read.picture));
        } else if !is_large {
            photo.sheet_texture = None;
        }
    }
}
