//! The studio's own file browser as a panel.

use bevy_egui::egui::{self, Align, Button, Context, Key, Layout, RichText, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};

use super::Commands;
use crate::browser::Browser;
use crate::command::StudioCommand;
use crate::theme::{self, GAP_SMALL};
use crate::widgets::{modal, soft};

/// Folders, fitting files and a field to type or paste a path into. Returns what stands in that field.
pub fn file_browser(context: &Context, browser: &Browser, out: &mut Commands) -> String {
    let mut typed = browser.typed.clone();
    let response = modal(context, "browser", 560.0, |ui| {
        ui.label(RichText::new(browser.ask.title()).font(theme::semibold(16.0)));
        ui.horizontal(|ui| {
            if ui.button("Up").clicked()
                && let Some(parent) = browser.listing.folder.parent()
            {
                out.push(StudioCommand::BrowseTo(parent.to_path_buf()));
            }
            let field = TextEdit::singleline(&mut typed).desired_width(f32::INFINITY).margin(vec2(8.0, 6.0));
            let field = ui.add(field);
            field.widget_info(|| {
                let label = Some("Folder or file".to_owned());
                WidgetInfo { label, ..WidgetInfo::text_edit(true, &typed, &typed, "") }
            });
            if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
                out.push(StudioCommand::BrowseTo(typed.trim().into()));
            } else if context.memory(|memory| memory.focused().is_none()) {
                // a path can be typed or pasted at once
                field.request_focus();
            }
        });
        ScrollArea::vertical().max_height(340.0).min_scrolled_height(340.0).auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            entries(ui, browser, out);
        });
        ui.add_space(GAP_SMALL);
        ui.horizontal(|ui| answers(ui, browser, &typed, out));
    });
    if response.should_close() {
        out.push(StudioCommand::BrowseCancel);
    }
    typed
}

fn entries(ui: &mut Ui, browser: &Browser, out: &mut Commands) {
    let listing = &browser.listing;
    if let Some(trouble) = &listing.trouble {
        soft(ui, trouble.as_str());
    } else if listing.folders.is_empty() && listing.files.is_empty() {
        soft(ui, if browser.ask.wants_folder() { "This folder holds no others." } else { "Nothing here fits." });
    }
    for name in &listing.folders {
        if line(ui, &format!("{name}/"), theme::TEXT_SOFT) {
            out.push(StudioCommand::BrowseTo(listing.folder.join(name)));
        }
    }
    for name in &listing.files {
        if line(ui, name, theme::TEXT) {
            out.push(StudioCommand::BrowsePick(listing.folder.join(name)));
        }
    }
}

fn line(ui: &mut Ui, name: &str, color: egui::Color32) -> bool {
    let text = RichText::new(name).font(theme::regular(13.0)).color(color);
    let size = vec2(ui.available_width(), 24.0);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.add(Button::new(text).right_text("").frame_when_inactive(false).truncate().min_size(size)).clicked()
    })
    .inner
}

fn answers(ui: &mut Ui, browser: &Browser, typed: &str, out: &mut Commands) {
    let verb = match browser.ask {
        ask if ask.wants_folder() => "Take this folder",
        ask if ask.new_file().is_some() => "Save",
        _ => "Open",
    };
    if ui.button(verb).clicked() {
        out.push(if browser.ask.wants_folder() || browser.ask.new_file().is_some() {
            StudioCommand::BrowsePick(typed.trim().into())
        } else {
            StudioCommand::BrowseTo(typed.trim().into())
        });
    }
    if ui.button("Cancel").clicked() {
        out.push(StudioCommand::BrowseCancel);
    }
}
