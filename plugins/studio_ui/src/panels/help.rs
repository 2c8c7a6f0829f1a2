//! The list of shortcuts.

use bevy_egui::egui::{Align, Context, Layout, RichText, ScrollArea, Ui};

use super::Commands;
use crate::command::StudioCommand;
use crate::theme::{self, GAP_LARGE};
use crate::widgets::modal;

const GROUPS: [(&str, &[(&str, &str)]); 3] = [
    (
        "Livery",
        &[
            ("Open photo", "Ctrl+O"),
            ("Make livery", "Ctrl+Enter"),
            ("Stop, or close what is open", "Esc"),
            ("Set points on photo and car", "P"),
            ("Show the car's outline over the photo", "O"),
            ("Show where the paint comes from", "C"),
            ("Keep this version to compare", "K"),
            ("Show the kept version, or the newest", "B"),
            ("Wipe between the two", "W"),
            ("Lay the render over the photo", "M"),
            ("There: photo before, next photo", "Left, Right"),
            ("There: only the photo, and back", "B"),
            ("Open livery", "Ctrl+L"),
            ("Save livery", "Ctrl+S"),
            ("Save under another name", "Ctrl+Shift+S"),
            ("Export to AMS2", "Ctrl+E"),
            ("Undo, redo", "Ctrl+Z, Ctrl+Y"),
        ],
    ),
    (
        "Views",
        &[
            ("Turn around the car", "Left drag"),
            ("Move sideways", "Right drag"),
            ("Closer, further", "Wheel"),
            ("The presets, in the menu's order", "1 … 9"),
            ("Fit the car", "F"),
            ("Save the angle, go to a saved one", "A, Alt+1 … 9"),
            ("One, two, four, eight views", "Ctrl+1, 2, 4, 8"),
            ("More views, fewer views", "V, Shift+V"),
            ("Turntable", "T"),
            ("Show only the part under the pointer", "I"),
            ("Hide it, show all parts again", "X, Shift+X"),
            ("Show or hide panels", "H"),
        ],
    ),
    (
        "Dropping files on the window",
        &[
            ("Photos of the car", ".jpg .png .webp …"),
            ("Environments", ".hdr .exr"),
            ("A square PNG", "asks: livery or photo"),
            ("A folder with car.toml", "car pack"),
        ],
    ),
];

/// The overlay; any click beside it closes it.
pub fn help_overlay(context: &Context, out: &mut Commands) {
    let response = modal(context, "help", 440.0, |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new("Shortcuts").font(theme::semibold(18.0)));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.button("Close").clicked()).inner
        })
        .inner
        .then(|| out.push(StudioCommand::ToggleHelp));
        // a low window scrolls
        let height = (context.content_rect().height() - 140.0).max(200.0);
        ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(ui, |ui| {
            // room for the scroll bar
            ui.set_width(ui.available_width() - GAP_LARGE);
            for (title, lines) in GROUPS {
                group(ui, title, lines);
            }
        });
    });
    if response.backdrop_response.clicked() {
        out.push(StudioCommand::ToggleHelp);
    }
}

fn group(ui: &mut Ui, title: &str, lines: &[(&str, &str)]) {
    ui.add_space(GAP_LARGE);
    ui.label(RichText::new(title).font(theme::medium(12.0)).color(theme::ACCENT));
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = theme::GAP_SMALL;
        for (what, keys) in lines {
            ui.horizontal(|ui| {
                ui.label(RichText::new(*what).color(theme::TEXT));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.label(RichText::new(*keys).font(theme::medium(12.5)).color(theme::TEXT_SOFT));
                });
            });
        }
    });
}
