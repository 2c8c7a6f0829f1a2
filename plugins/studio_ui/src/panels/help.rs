//! The list of shortcuts.

use bevy_egui::egui::{Align, Context, Layout, RichText, ScrollArea, Ui};

use super::Commands;
use crate::command::StudioCommand;
use crate::theme::{self, GAP_LARGE};
use crate::widgets::modal;

/// What and by which keys; `1 … 9` stands for each digit between.
type Line = (&'static str, &'static str);

const GROUPS: [(&str, &[Line]); 4] = [
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
            ("Show where the two differ", "D"),
            ("Lay the render over the photo", "M"),
            ("There: photo before, next photo", "Left, Right"),
            ("There: only the photo, and back", "B"),
            ("Open livery", "Ctrl+L"),
            ("Save livery", "Ctrl+S"),
            ("Save under another name", "Ctrl+Shift+S"),
            ("Export to AMS2", "Ctrl+E"),
            ("Take a picture", "Ctrl+P"),
            ("Undo", "Ctrl+Z"),
            ("Redo", "Ctrl+Y, Ctrl+Shift+Z"),
        ],
    ),
    (
        "Views",
        &[
            ("Turn around the car", "Left drag"),
            ("Move sideways", "Right drag"),
            ("Closer, further", "Wheel"),
            ("The presets, in the menu's order", "1 … 9"),
            ("Fit the car", "F, double click"),
            ("Save the angle", "A"),
            ("Go to a saved angle", "Alt+1 … 9"),
            ("One, two, four, eight views", "Ctrl+1, Ctrl+2, Ctrl+4, Ctrl+8"),
            ("More views, fewer views", "V, Shift+V"),
            ("Turntable", "T"),
            ("Show only the part under the pointer", "I"),
            ("Hide it, show all parts again", "X, Shift+X"),
        ],
    ),
    (
        "Window",
        &[
            ("Show or hide all panels", "H"),
            ("Move a panel", "drag its tab"),
            ("Larger, smaller, as the screen asks for", "Ctrl++, Ctrl+-, Ctrl+0"),
            ("This list", "F1"),
            ("Quit", "Ctrl+Q"),
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
    let response = modal(context, "help", 470.0, |ui| {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shortcuts::chords;
    use gridvox_showroom::ViewLayout;
    use std::collections::BTreeSet;

    /// Every chord that the list names.
    fn listed() -> BTreeSet<String> {
        let keys = GROUPS.iter().flat_map(|(_, lines)| lines.iter()).flat_map(|(_, keys)| keys.split(", "));
        keys.flat_map(|key| match key.strip_suffix("1 … 9") {
            Some(held) => (1..=9).map(|digit| format!("{held}{digit}")).collect(),
            None => vec![key.to_owned()],
        })
        .collect()
    }

    #[test]
    fn every_chord_is_on_the_list() {
        let listed = listed();
        for layout in [ViewLayout::Single, ViewLayout::Wipe] {
            for chord in chords(layout) {
                let label = chord.label();
                assert!(listed.contains(&label), "{label} asks for {:?} and is on no line", chord.command);
            }
        }
    }

    #[test]
    fn the_list_names_no_chord_that_does_nothing() {
        let known: BTreeSet<String> = chords(ViewLayout::Single).iter().map(|chord| chord.label()).collect();
        for key in listed() {
            // what is no key is said in small letters
            let words = key.contains(' ') || key.starts_with('.') || ["Wheel", "car pack"].contains(&key.as_str());
            assert!(words || known.contains(&key), "{key} does nothing");
        }
    }
}
