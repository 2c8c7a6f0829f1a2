//! The photos, what they show, and the button that makes a livery of them.

use bevy_egui::egui::{
    self, Align, Button, CornerRadius, Image, Layout, Rect, RichText, Sense, Slider, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType,
    load::SizedTexture, vec2,
};
use gridvox_inference::{Analyzed, ENOUGH_PAIRS, Quality};

use super::Commands;
use super::run::run_progress;
use crate::command::{Ask, StudioCommand};
use crate::marks;
use crate::model::{PhotoEntry, PhotoState, Studio};
use crate::theme;
use crate::widgets::{drop_zone, fact, meter, named_slider, outline, primary_button, remark, segmented, soft, tick};

/// Height of the large thumbnail, in points.
const PICTURE_HEIGHT: f32 = 152.0;
/// Side of the small thumbnails under it, in points.
const STRIP_HEIGHT: f32 = 40.0;

/// The photo panel.
pub fn photo_panel(ui: &mut Ui, studio: &Studio, out: &mut Commands) {
    let Some(photo) = studio.photos.get(studio.selected_photo) else {
        let zone = drop_zone(ui, 132.0, studio.drag_hovers, "Drop a photo of the real car", "or click to choose one");
        if zone.clicked() {
            out.push(StudioCommand::Ask(Ask::Photos));
        }
        soft(ui, "A sharp three-quarter view in even light works best. Two photos, one of each side, leave nothing to guess.");
        return;
    };
    if !matches!(photo.state, PhotoState::Unreadable(_)) {
        picture(ui, photo, studio);
    }
    strip(ui, studio, out);
    match &photo.state {
        PhotoState::Reading => {
            ui.horizontal(|ui| {
                ui.add(egui::Spinner::new().size(14.0).color(theme::ACCENT));
                soft(ui, format!("Looking at {}…", photo.name()));
            });
        }
        PhotoState::Unreadable(message) => remark(ui, theme::BAD, message),
        PhotoState::Read(read) => {
            analysis(ui, read);
            points(ui, studio, photo, out);
        }
    }
    ui.separator();
    match &studio.run {
        Some(run) => run_progress(ui, run, out),
        None => settings_and_start(ui, studio, out),
    }
}

fn picture(ui: &mut Ui, photo: &PhotoEntry, studio: &Studio) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), PICTURE_HEIGHT), Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(8), theme::WELL);
    if let Some(texture) = &photo.texture {
        let size = texture.size_vec2();
        let scale = (rect.width() / size.x).min(rect.height() / size.y);
        let fitted = Rect::from_center_size(rect.center(), size * scale);
        let sized = SizedTexture::from_handle(texture);
        Image::from_texture(sized).corner_radius(CornerRadius::same(8)).paint_at(ui, fitted);
        if let (true, Some(lines)) = (studio.shows_outline, &photo.outline_texture) {
            Image::from_texture(SizedTexture::from_handle(lines)).paint_at(ui, fitted);
        }
    }
    outline(ui, rect);
    if studio.drag_hovers {
        ui.painter().rect_stroke(rect, CornerRadius::same(8), Stroke::new(2.0, theme::ACCENT), StrokeKind::Inside);
    }
    let mut facts = photo.path.display().to_string();
    if let PhotoState::Read(read) = &photo.state {
        facts += &format!("\n{} × {} px", read.size_px.0, read.size_px.1);
    }
    response.on_hover_text(facts);
}

/// The other photos, to choose from and to remove.
fn strip(ui: &mut Ui, studio: &Studio, out: &mut Commands) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP_SMALL;
        if studio.photos.len() > 1 {
            for (index, photo) in studio.photos.iter().enumerate() {
                let (rect, response) = ui.allocate_exact_size(vec2(STRIP_HEIGHT * 1.4, STRIP_HEIGHT), Sense::click());
                ui.painter().rect_filled(rect, CornerRadius::same(5), theme::WELL);
                if let Some(texture) = &photo.texture {
                    let size = texture.size_vec2();
                    let uv = cover(size.x / size.y, rect.width() / rect.height());
                    let sized = SizedTexture::from_handle(texture);
                    Image::from_texture(sized).uv(uv).corner_radius(CornerRadius::same(5)).paint_at(ui, rect);
                }
                if index == studio.selected_photo {
                    let stroke = Stroke::new(2.0, theme::ACCENT);
                    ui.painter().rect_stroke(rect, CornerRadius::same(5), stroke, StrokeKind::Inside);
                }
                let selected = index == studio.selected_photo;
                let name = format!("Photo {}: {}", index + 1, photo.name());
                response.widget_info(|| WidgetInfo::selected(WidgetType::SelectableLabel, true, selected, &name));
                if response.on_hover_text(photo.name()).clicked() {
                    out.push(StudioCommand::SelectPhoto(index));
                }
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let remove = Button::new(RichText::new("Remove").size(12.0).color(theme::TEXT_SOFT)).small().frame_when_inactive(false);
            if ui.add(remove).clicked() {
                out.push(StudioCommand::RemovePhoto(studio.selected_photo));
            }
            if ui.add(Button::new(RichText::new("Add…").size(12.0)).small()).on_hover_text("Ctrl+O").clicked() {
                out.push(StudioCommand::Ask(Ask::Photos));
            }
            if studio.photos.len() == 1
                && let Some(photo) = studio.photos.first()
            {
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(egui::Label::new(RichText::new(photo.name()).size(12.0).color(theme::TEXT_SOFT)).truncate());
                });
            }
        });
    });
}

/// The part of a picture that fills a frame of another aspect.
pub(super) fn cover(picture: f32, frame: f32) -> Rect {
    let size = if picture > frame { vec2(frame / picture, 1.0) } else { vec2(1.0, picture / frame) };
    Rect::from_center_size(egui::pos2(0.5, 0.5), size)
}

fn analysis(ui: &mut Ui, read: &Analyzed) {
    let found = &read.analysis;
    if let Some(refusal) = &found.refusal {
        remark(ui, theme::BAD, refusal);
        return;
    }
    if !found.has_car {
        remark(ui, theme::BAD, "No car was found in this photo: choose one that shows the whole car.");
        return;
    }
    let quality = f32::from(found.quality);
    meter(ui, "Photo quality", quality, theme::score_color(quality));
    let view = found.view.map_or("unclear", |view| view.label());
    let view = match found.azimuth_deg {
        Some(azimuth) => format!("{view} · {azimuth:.0}°"),
        None => view.to_owned(),
    };
    fact(ui, "Seen from", view);
    for warning in &found.warnings {
        remark(ui, theme::WARN, warning);
    }
}

/// Points that find or steer the camera, and whether the car's outline lies over the photo.
fn points(ui: &mut Ui, studio: &Studio, photo: &PhotoEntry, out: &mut Commands) {
    ui.horizontal(|ui| {
        let (label, hint) = match studio.marking {
            true => ("Done", "P"),
            false => ("Set points", "Click the same spots on photo and car where the camera comes out wrong or not at all (P)"),
        };
        let enabled = studio.run.is_none() && studio.car.pack().is_some();
        if ui.add_enabled(enabled, Button::new(RichText::new(label).size(12.0)).small()).on_hover_text(hint).clicked() {
            out.push(StudioCommand::ToggleMarking);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let mut shown = studio.shows_outline;
            let hint = "The car as the camera sees it, over the photo (O)";
            if photo.outline.is_some() && tick(ui, &mut shown, "Outline").on_hover_text(hint).changed() {
                out.push(StudioCommand::ToggleOutline);
            }
        });
    });
    if photo.marks.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP_SMALL;
        for index in 0..photo.marks.len() {
            let name = RichText::new(format!("{} ×", index + 1)).font(theme::medium(12.0)).color(theme::mark_color(index));
            if ui.add(Button::new(name).small()).on_hover_text("Remove this point").clicked() {
                out.push(StudioCommand::RemoveMark(index));
            }
        }
        let clear = Button::new(RichText::new("Clear").size(12.0).color(theme::TEXT_SOFT)).small().frame_when_inactive(false);
        if ui.add(clear).clicked() {
            out.push(StudioCommand::ClearMarks);
        }
    });
    let set = marks::pairs(&photo.marks).len();
    match &photo.marks_problem {
        Some(problem) => remark(ui, theme::BAD, problem),
        None if set == 0 => {}
        None if set < ENOUGH_PAIRS => {
            soft(ui, format!("{set} of {ENOUGH_PAIRS}: so many steer the camera, {ENOUGH_PAIRS} or more find it by themselves."));
        }
        None => {
            soft(ui, "The next livery is made with the camera that these points give.");
        }
    }
}

fn settings_and_start(ui: &mut Ui, studio: &Studio, out: &mut Commands) {
    if let Some(quality) = segmented(ui, studio.quality, &[(Quality::Draft, "Draft · 512"), (Quality::High, "High · 2048")]) {
        out.push(StudioCommand::SetQuality(quality));
    }
    let mut boost = studio.color_boost;
    let shown = format!("{:.0} %", boost * 100.0);
    if named_slider(ui, "Colour strength", Slider::new(&mut boost, 0.5..=1.5), shown).changed() {
        out.push(StudioCommand::SetColorBoost((boost * 20.0).round() / 20.0));
    }
    let label = if studio.result.is_some() { "Make livery again" } else { "Make livery" };
    let button = primary_button(ui, studio.can_generate(), label);
    let reason = match (studio.car.pack(), studio.photos.iter().any(PhotoEntry::is_usable)) {
        (Some(_), true) => "Ctrl+Enter",
        (Some(_), false) => "Add a photo that shows a car first.",
        _ => "Choose a car first.",
    };
    if button.on_hover_text(reason).on_disabled_hover_text(reason).clicked() {
        out.push(StudioCommand::Generate);
    }
}
