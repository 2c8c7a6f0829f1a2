//! Taking a picture of the car.

use bevy_egui::egui::{RichText, Ui};
use gridvox_showroom::{PictureKind, ViewId};

use super::Commands;
use crate::command::StudioCommand;
use crate::pictures::{PictureForm, PictureState, sizes};
use crate::theme;
use crate::widgets::{bar, fact, heading, primary_button, segmented, segmented_in_columns, soft, wide_button};

/// How long a turntable takes, as frames.
const ROUNDS: [(u32, &str); 3] = [(75, "3 s"), (125, "5 s"), (250, "10 s")];
/// Points of each pixel.
const EDGES: [(u32, &str); 3] = [(1, "As shown"), (16, "Fine"), (64, "Finest")];

/// The panel; `active` is the view that the picture shows.
pub fn picture_panel(ui: &mut Ui, picture: &PictureState, active: ViewId, has_car: bool, out: &mut Commands) {
    let form = &picture.form;
    let mut new = *form;
    let turntable = matches!(form.kind, PictureKind::Turntable(_));
    let kinds = [
        (PictureKind::Still, "One view"),
        (PictureKind::Sheet, "Eight angles"),
        (if turntable { form.kind } else { PictureKind::Turntable(ROUNDS[1].0) }, "Turntable"),
    ];
    if let Some(kind) = segmented(ui, form.kind, &kinds) {
        new.kind = kind;
    }
    let known = sizes(new.kind);
    if !known.iter().any(|(_, size)| *size == new.size) {
        new.size = known[known.len().min(3) - 1].1;
    }
    heading(ui, "Size");
    let choices: Vec<_> = known.iter().map(|&(name, size)| (size, name)).collect();
    if let Some(size) = segmented_in_columns(ui, form.size, &choices, 4) {
        new.size = size;
    }
    fact(ui, "Pixels", format!("{} × {}", new.size.0, new.size.1));
    if let PictureKind::Turntable(frames) = form.kind {
        heading(ui, "Once around");
        if let Some(frames) = segmented(ui, frames, &ROUNDS) {
            new.kind = PictureKind::Turntable(frames);
        }
        if let Some(gif) = segmented(ui, form.gif, &[(true, "GIF"), (false, "PNG files")]) {
            new.gif = gif;
        }
    }
    heading(ui, "Edges");
    if let Some(supersample) = segmented(ui, form.supersample, &EDGES) {
        new.supersample = supersample;
    }
    if form.can_be_transparent() {
        heading(ui, "Background");
        if let Some(transparent) = segmented(ui, form.transparent, &[(false, "As shown"), (true, "Transparent")]) {
            new.transparent = transparent;
        }
    }
    if new != *form {
        out.push(StudioCommand::SetPicture(new));
    }
    ui.add_space(theme::GAP_SMALL);
    match picture.running {
        Some(share) => running(ui, share, out),
        None => start(ui, form, active, has_car, out),
    }
    if let (None, Some(file)) = (picture.running, picture.done.first()) {
        ui.label(RichText::new("Picture saved").font(theme::medium(12.5)).color(theme::GOOD));
        soft(ui, file.display().to_string());
        if let Some(folder) = file.parent()
            && wide_button(ui, true, "Show folder").clicked()
        {
            out.push(StudioCommand::ShowFolder(folder.to_path_buf()));
        }
    }
}

fn start(ui: &mut Ui, form: &PictureForm, active: ViewId, has_car: bool, out: &mut Commands) {
    soft(ui, match form.kind {
        PictureKind::Sheet => format!("In the light of view {}, with its livery and finish.", active.index() + 1),
        _ => format!("View {} as it stands: angle, lens, light, livery, finish.", active.index() + 1),
    });
    let hint = if has_car { "Ctrl+P" } else { "Choose a car first." };
    if primary_button(ui, has_car, "Take the picture…").on_hover_text(hint).on_disabled_hover_text(hint).clicked() {
        out.push(StudioCommand::AskPicture);
    }
}

fn running(ui: &mut Ui, share: f32, out: &mut Commands) {
    fact(ui, "Drawing the picture", format!("{:.0} %", share * 100.0));
    bar(ui, share, theme::ACCENT, 6.0);
    ui.add_space(theme::GAP_SMALL);
    if wide_button(ui, true, "Stop the picture").clicked() {
        out.push(StudioCommand::StopPicture);
    }
}
