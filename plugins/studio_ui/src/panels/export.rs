//! The package for Automobilista 2.

use bevy_egui::egui::{self, Align, Button, DragValue, Layout, RichText, TextEdit, Ui, WidgetInfo, WidgetType, vec2};

use super::Commands;
use crate::command::{Ask, EXPORT_SIZES, ExportForm, StudioCommand};
use crate::model::{ExportDone, ExportState};
use crate::theme;
use crate::widgets::{primary_button, remark, segmented, soft, wide_button};

/// Livery slots that AMS2 keeps for players.
const SLOTS: std::ops::RangeInclusive<u32> = 51..=99;

/// The export panel.
pub fn export_panel(ui: &mut Ui, export: &ExportState, has_livery: bool, out: &mut Commands) {
    soft(ui, "A package for Automobilista 2.");
    let form = &export.form;
    let mut new = form.clone();
    row(ui, "Name", |ui| {
        let hint = RichText::new("Team and number").color(theme::TEXT_FAINT);
        let field = TextEdit::singleline(&mut new.name).hint_text(hint).desired_width(f32::INFINITY).margin(vec2(8.0, 6.0));
        ui.add(field).widget_info(|| {
            let label = Some("Name of the livery in the game".to_owned());
            WidgetInfo { label, ..WidgetInfo::text_edit(true, &form.name, &form.name, "Team and number") }
        });
    });
    row(ui, "Slot", |ui| {
        ui.add(DragValue::new(&mut new.slot).range(SLOTS)).widget_info(|| {
            let info = WidgetInfo::labeled(WidgetType::DragValue, true, "Livery slot in the game");
            WidgetInfo { value: Some(f64::from(form.slot)), ..info }
        });
        soft(ui, "51 and up are free");
    });
    row(ui, "Size", |ui| {
        let choices = EXPORT_SIZES.map(|size| (size, size.to_string()));
        let choices: Vec<(u32, &str)> = choices.iter().map(|(size, text)| (*size, text.as_str())).collect();
        if let Some(size) = segmented(ui, form.size_px, &choices) {
            new.size_px = size;
        }
    });
    folder_row(ui, "Folder", form, Ask::ExportFolder, out);
    folder_row(ui, "Install", form, Ask::InstallFolder, out);
    if new != *form {
        out.push(StudioCommand::SetExport(new));
    }
    let ready = has_livery && form.folder.is_some() && !export.running;
    let label = if export.running { "Writing the package…" } else { "Export" };
    let reason = match (has_livery, &form.folder) {
        (false, _) => "Make or open a livery first.",
        (_, None) => "Choose a folder first.",
        _ => "Ctrl+E",
    };
    if primary_button(ui, ready, label).on_hover_text(reason).on_disabled_hover_text(reason).clicked() {
        out.push(StudioCommand::Export);
    }
    if let Some(done) = &export.done {
        package(ui, done, out);
    }
}

fn row(ui: &mut Ui, name: &str, contents: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(48.0, theme::CONTROL_HEIGHT), egui::Sense::hover());
        ui.painter().text(rect.left_center(), egui::Align2::LEFT_CENTER, name, theme::regular(12.0), theme::TEXT_SOFT);
        contents(ui);
    });
}

fn folder_row(ui: &mut Ui, name: &str, form: &ExportForm, ask: Ask, out: &mut Commands) {
    let (chosen, empty, hint) = match ask {
        Ask::InstallFolder => (&form.install, "not now", "The game's folder: the livery is put in place, with a backup first"),
        _ => (&form.folder, "choose…", "The package is written below this folder"),
    };
    row(ui, name, |ui| {
        if ask == Ask::InstallFolder && chosen.is_some() {
            let clear = Button::new(RichText::new("Clear").size(12.0)).small().frame_when_inactive(false);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.add(clear).clicked() {
                    out.push(StudioCommand::SetExport(ExportForm { install: None, ..form.clone() }));
                }
                folder_button(ui, chosen.as_deref(), empty, hint, ask, out);
            });
        } else {
            folder_button(ui, chosen.as_deref(), empty, hint, ask, out);
        }
    });
}

fn folder_button(ui: &mut Ui, chosen: Option<&std::path::Path>, empty: &str, hint: &str, ask: Ask, out: &mut Commands) {
    let text = chosen.map_or(empty.to_owned(), |path| path.display().to_string());
    let color = if chosen.is_some() { theme::TEXT } else { theme::TEXT_FAINT };
    let button = Button::new(RichText::new(text.clone()).font(theme::regular(12.0)).color(color))
        .fill(theme::WELL)
        .truncate()
        .min_size(vec2(ui.available_width(), theme::CONTROL_HEIGHT));
    let response = ui.add(button);
    let what = if ask == Ask::InstallFolder { "The game's folder" } else { "Folder for the package" };
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("{what}: {text}")));
    if response.on_hover_text(if chosen.is_some() { text } else { hint.to_owned() }).clicked() {
        out.push(StudioCommand::Ask(ask));
    }
}

fn package(ui: &mut Ui, done: &ExportDone, out: &mut Commands) {
    ui.separator();
    let files = if done.files == 1 { "1 file".to_owned() } else { format!("{} files", done.files) };
    ui.label(RichText::new(format!("Package written · {files}")).font(theme::medium(12.5)).color(theme::GOOD));
    for (index, step) in done.next_steps.iter().enumerate() {
        soft(ui, format!("{}. {step}", index + 1));
    }
    for warning in &done.warnings {
        remark(ui, theme::WARN, warning);
    }
    if wide_button(ui, true, "Show folder").on_hover_text(done.folder.display().to_string()).clicked() {
        out.push(StudioCommand::ShowFolder(done.folder.clone()));
    }
}
