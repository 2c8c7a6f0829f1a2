//! Draws the window: bar, side panels, views and whatever lies over them.

use std::path::Path;

use bevy::camera::visibility::RenderLayers;
use bevy::prelude::*;
use bevy::window::{Monitor, PrimaryMonitor, PrimaryWindow};
use bevy_egui::egui::{self, Frame, LayerId, Margin, Panel, ScrollArea, Stroke, Ui, UiBuilder};
use bevy_egui::{EguiContexts, PrimaryEguiContext};
use gridvox_editor::OpenLivery;
use image::RgbaImage;

use crate::command::StudioCommand;
use crate::model::{PhotoState, Studio};
use crate::pacing::Pacing;
use crate::panels::{self, Commands as Wishes};
use crate::theme;
use crate::views::StudioViews;

/// Width of the left panel, in points.
const LEFT_WIDTH: f32 = 320.0;
/// Width of the right panel, in points.
const RIGHT_WIDTH: f32 = 308.0;
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
    upload_pictures(&context, studio, views.matched().map(|matched| matched.photo.as_path()));

    let mut out = Wishes::new();
    let covered = studio.shows_help || studio.shows_angles || studio.browser.is_some() || studio.dropped.is_some();
    crate::shortcuts::shortcuts(&context, views.layout(), covered, &mut out);
    let mut ui = Ui::new(
        context.clone(),
        "studio".into(),
        UiBuilder::new().layer_id(LayerId::background()).max_rect(context.viewport_rect()),
    );
    bar(&mut ui, studio, &views, &open, &mut out);
    if studio.shows_panels {
        left_panel(&mut ui, studio, &open, &mut out);
        // Points are set side by side on photo and car, which takes the room.
        if studio.marked_photo().is_none() {
            right_panel(&mut ui, studio, &open, &mut out);
        }
    }
    if let Some(photo) = studio.marked_photo() {
        let width = (ui.available_rect_before_wrap().width() * 0.5).round();
        Panel::left("sheet").exact_size(width).resizable(false).show_separator_line(false).frame(Frame::new()).show(&mut ui, |ui| {
            panels::marking::photo_sheet(ui, photo, studio.sheet, studio.shows_outline, &mut out);
        });
    }
    views.look_under(&context, studio);
    let shown = views.shown(studio, pacing.is_starting());
    let places = panels::view_area::view_area(&mut ui, &shown, &mut out);
    views.place(&context, &places, covered);

    overlays(&context, studio, &mut out);
    if !out.is_empty() {
        pacing.draw_on();
    }
    commands.write_batch(out);
    Ok(())
}

fn bar(ui: &mut Ui, studio: &Studio, views: &StudioViews, open: &OpenLivery, out: &mut Wishes) {
    let frame = Frame::new().fill(theme::PANEL).inner_margin(Margin::symmetric(theme::GAP_LARGE as i8, 0));
    Panel::top("bar").exact_size(BAR_HEIGHT).resizable(false).show_separator_line(false).frame(frame).show(ui, |ui| {
        let view = panels::top_bar::TopBarView { open, layout: views.layout(), log_length: studio.notices.log().count() };
        panels::top_bar::top_bar(ui, &view, out);
    });
}

fn side(ui: &mut Ui, panel: Panel, width: f32, name: &str, contents: impl FnOnce(&mut Ui)) {
    let frame = Frame::new().fill(theme::PANEL).stroke(Stroke::NONE);
    panel.exact_size(width).resizable(false).show_separator_line(false).frame(frame).show(ui, |ui| {
        ScrollArea::vertical().id_salt(name).auto_shrink([false, false]).show(ui, |ui| {
            Frame::new().inner_margin(Margin { left: 12, right: 12, top: 2, bottom: 12 }).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = theme::GAP;
                contents(ui);
            });
        });
    });
}

fn left_panel(ui: &mut Ui, studio: &Studio, open: &OpenLivery, out: &mut Wishes) {
    side(ui, Panel::left("left"), LEFT_WIDTH, "left", |ui| {
        panels::photo::photo_panel(ui, studio, out);
        panels::car::car_panel(ui, &studio.cars, &studio.car, open.base_color, studio.finish, out);
        panels::environment::environment_panel(ui, &studio.environments, &studio.light, out);
    });
}

fn right_panel(ui: &mut Ui, studio: &Studio, open: &OpenLivery, out: &mut Wishes) {
    side(ui, Panel::right("right"), RIGHT_WIDTH, "right", |ui| {
        panels::result::result_panel(ui, studio.result.as_deref(), studio.shows_confidence, out);
        panels::export::export_panel(ui, &studio.export, !open.blank, out);
    });
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
