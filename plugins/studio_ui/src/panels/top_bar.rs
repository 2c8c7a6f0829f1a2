//! The bar over everything: files, steps, views.

use bevy_egui::egui::{
    Align, Align2, Button, Color32, CornerRadius, Label, Layout, PopupCloseBehavior, Rect, RichText, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo,
    WidgetType, containers::menu::{MenuButton, MenuConfig}, vec2,
};
use gridvox_car::ViewPreset;
use gridvox_editor::OpenLivery;
use gridvox_showroom::ViewLayout;

use super::Commands;
use crate::command::{Ask, StudioCommand};
use crate::dock::{Dock, DockChange, PanelId};
use crate::model::file_name;
use crate::settings::SCALES;
use crate::theme;
use crate::views::label;

/// What the bar shows beside its own labels.
pub struct TopBarView<'a> {
    /// The open livery.
    pub open: &'a OpenLivery,
    /// How many views.
    pub layout: ViewLayout,
    /// Notices that the log holds.
    pub log_length: usize,
    /// Where the panels lie.
    pub dock: &'a Dock,
    /// The panels are shown.
    pub shows_panels: bool,
    /// Scale in percent that was asked for, and the one that is drawn.
    pub scale: (Option<u16>, u16),
}

/// Width of the menus, in points.
const MENU_WIDTH: f32 = 290.0;
/// Room of the buttons at the bar's right end, in points.
const RIGHT_END: f32 = 420.0;
/// Room of the words that say so.
const NOT_SAVED: f32 = 90.0;

/// The whole bar.
pub fn top_bar(ui: &mut Ui, view: &TopBarView<'_>, out: &mut Commands) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP_SMALL;
        brand(ui);
        ui.add_space(theme::GAP_LARGE);
        file_menu(ui, view, out);
        edit_menu(ui, view, out);
        view_menu(ui, out);
        window_menu(ui, view, out);
        ui.add_space(theme::GAP);
        title(ui, view.open);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if quiet(ui, true, "Help").on_hover_text("F1").clicked() {
                out.push(StudioCommand::ToggleHelp);
            }
            let log = if view.log_length == 0 { "Log".to_owned() } else { format!("Log {}", view.log_length) };
            if quiet(ui, true, &log).on_hover_text("Everything the studio said").clicked() {
                out.push(StudioCommand::ToggleLog);
            }
            ui.add_space(theme::GAP);
            if let Some(layout) = layout_choice(ui, view.layout) {
                out.push(StudioCommand::SetLayout(layout));
            }
            ui.add_space(theme::GAP);
            if quiet(ui, view.open.redo.is_some(), "Redo").on_hover_text(step("Redo", &view.open.redo, "Ctrl+Y")).clicked() {
                out.push(StudioCommand::Redo);
            }
            if quiet(ui, view.open.undo.is_some(), "Undo").on_hover_text(step("Undo", &view.open.undo, "Ctrl+Z")).clicked() {
                out.push(StudioCommand::Undo);
            }
        });
    });
}

/// How many views: layout, name, keys, columns and rows of its sign.
const LAYOUTS: [(ViewLayout, &str, &str, (usize, usize)); 4] = [
    (ViewLayout::Single, "One view", "Ctrl+1", (1, 1)),
    (ViewLayout::Split, "Two views", "Ctrl+2", (2, 1)),
    (ViewLayout::Four, "Four views", "Ctrl+4", (2, 2)),
    (ViewLayout::Eight, "Eight views", "Ctrl+8", (4, 2)),
];

/// The layouts as signs side by side in one well; returns the newly chosen one.
fn layout_choice(ui: &mut Ui, current: ViewLayout) -> Option<ViewLayout> {
    const CELL: Vec2 = vec2(32.0, theme::CONTROL_HEIGHT - 4.0);
    const SIGN: Vec2 = vec2(18.0, 13.0);
    let size = vec2(CELL.x * LAYOUTS.len() as f32 + 4.0, theme::CONTROL_HEIGHT);
    let (well, _) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect_filled(well, CornerRadius::same(theme::RADIUS), theme::WELL);
    let mut chosen = None;
    for (index, (layout, name, keys, (columns, rows))) in LAYOUTS.into_iter().enumerate() {
        let cell = Rect::from_min_size(well.min + vec2(2.0 + CELL.x * index as f32, 2.0), CELL);
        let response = ui.interact(cell, ui.id().with(("layout", index)), Sense::click());
        let selected = layout == current;
        response.widget_info(|| WidgetInfo::selected(WidgetType::RadioButton, true, selected, name));
        let fill = match (selected, response.hovered()) {
            (true, _) => theme::CONTROL_ACTIVE,
            (false, true) => theme::CONTROL,
            (false, false) => Color32::TRANSPARENT,
        };
        ui.painter().rect_filled(cell, CornerRadius::same(theme::RADIUS - 1), fill);
        if response.has_focus() {
            let stroke = Stroke::new(1.0, theme::ACCENT);
            ui.painter().rect_stroke(cell, CornerRadius::same(theme::RADIUS - 1), stroke, StrokeKind::Inside);
        }
        let color = if selected { Color32::WHITE } else { theme::TEXT_SOFT };
        let sign = Rect::from_center_size(cell.center().round(), SIGN);
        let pane = vec2((SIGN.x + 1.0) / columns as f32 - 1.0, (SIGN.y + 1.0) / rows as f32 - 1.0);
        for pane_index in 0..columns * rows {
            let at = vec2((pane_index % columns) as f32 * (pane.x + 1.0), (pane_index / columns) as f32 * (pane.y + 1.0));
            ui.painter().rect_filled(Rect::from_min_size(sign.min + at, pane), 1, color);
        }
        if response.on_hover_text(format!("{name} ({keys})")).clicked() && !selected {
            chosen = Some(layout);
        }
    }
    chosen
}

fn brand(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(16.0, 16.0), Sense::hover());
    // Four places on the grid, the first of them taken.
    for (index, color) in [theme::ACCENT, theme::TEXT_FAINT, theme::TEXT_FAINT, theme::TEXT_FAINT].into_iter().enumerate() {
        let column = (index % 2) as f32;
        let row = (index / 2) as f32;
        let place = rect.min + vec2(column * 9.0, row * 9.0);
        ui.painter().rect_filled(Rect::from_min_size(place, vec2(7.0, 7.0)), 2, color);
    }
    ui.add_space(theme::GAP_SMALL);
    ui.label(RichText::new("GridVox").font(theme::semibold(15.0)).color(theme::TEXT));
}

/// The open livery's name, as a window title would say it.
fn title(ui: &mut Ui, open: &OpenLivery) {
    let name = match (&open.path, open.blank) {
        (Some(path), _) => file_name(path),
        (None, true) => "No livery".to_owned(),
        (None, false) => "Unnamed livery".to_owned(),
    };
    let (rect, _) = ui.allocate_exact_size(vec2(1.0, 18.0), Sense::hover());
    ui.painter().rect_filled(rect, 0, theme::LINE);
    ui.add_space(theme::GAP);
    let room = ui.available_width() - RIGHT_END - if open.unsaved { NOT_SAVED } else { 0.0 };
    ui.scope(|ui| {
        ui.set_max_width(room.max(0.0));
        ui.add(Label::new(RichText::new(name).size(13.0).color(theme::TEXT_SOFT)).truncate());
    });
    if open.unsaved {
        ui.label(RichText::new("· not saved").size(13.0).color(theme::TEXT_FAINT));
    }
}

fn step(verb: &str, name: &Option<String>, keys: &str) -> String {
    match name {
        Some(name) => format!("{verb}: {name} ({keys})"),
        None => format!("Nothing to {} ({keys})", verb.to_lowercase()),
    }
}

fn quiet(ui: &mut Ui, enabled: bool, text: &str) -> bevy_egui::egui::Response {
    ui.add_enabled(enabled, Button::new(RichText::new(text).font(theme::medium(13.0))).frame_when_inactive(false))
}

fn menu(ui: &mut Ui, title: &str, contents: impl FnOnce(&mut Ui)) {
    menu_that_closes(ui, title, PopupCloseBehavior::CloseOnClick, contents);
}

fn menu_that_closes(ui: &mut Ui, title: &str, when: PopupCloseBehavior, contents: impl FnOnce(&mut Ui)) {
    let button = Button::new(RichText::new(title).font(theme::medium(13.0))).frame_when_inactive(false);
    MenuButton::from_button(button).config(MenuConfig::new().close_behavior(when)).ui(ui, |ui| {
        in_menu(ui);
        contents(ui);
    });
}

fn item(ui: &mut Ui, enabled: bool, text: &str, keys: &str) -> bool {
    let mut button = Button::new(RichText::new(text).font(theme::regular(13.0)))
        .frame_when_inactive(false)
        .min_size(vec2(ui.available_width(), 0.0));
    if !keys.is_empty() {
        button = button.shortcut_text(RichText::new(keys).size(12.0).color(theme::TEXT_FAINT));
    }
    let clicked = ui.add_enabled(enabled, button).clicked();
    if clicked {
        ui.close();
    }
    clicked
}

fn file_menu(ui: &mut Ui, view: &TopBarView<'_>, out: &mut Commands) {
    menu(ui, "File", |ui| {
        let mut push = |clicked: bool, command: StudioCommand| {
            if clicked {
                out.push(command);
            }
        };
        push(item(ui, true, "Open photo…", "Ctrl+O"), StudioCommand::Ask(Ask::Photos));
        push(item(ui, true, "Open livery…", "Ctrl+L"), StudioCommand::Ask(Ask::Livery));
        push(item(ui, true, "Open car pack…", ""), StudioCommand::Ask(Ask::Car));
        push(item(ui, true, "Open environment…", ""), StudioCommand::Ask(Ask::Environment));
        push(item(ui, true, "Open spec map…", ""), StudioCommand::Ask(Ask::SpecMap));
        ui.separator();
        let some = !view.open.blank;
        push(item(ui, some, "Save livery", "Ctrl+S"), StudioCommand::Save);
        push(item(ui, some, "Save livery as…", "Ctrl+Shift+S"), StudioCommand::Ask(Ask::SaveLivery));
        push(item(ui, some, "Export to AMS2", "Ctrl+E"), StudioCommand::Export);
        push(item(ui, true, "Take a picture…", "Ctrl+P"), StudioCommand::AskPicture);
        ui.separator();
        push(item(ui, true, "Quit", "Ctrl+Q"), StudioCommand::Quit);
    });
}

fn edit_menu(ui: &mut Ui, view: &TopBarView<'_>, out: &mut Commands) {
    menu(ui, "Edit", |ui| {
        if item(ui, view.open.undo.is_some(), "Undo", "Ctrl+Z") {
            out.push(StudioCommand::Undo);
        }
        if item(ui, view.open.redo.is_some(), "Redo", "Ctrl+Y") {
            out.push(StudioCommand::Redo);
        }
        ui.separator();
        if item(ui, !view.open.blank, "Take the livery off", "") {
            out.push(StudioCommand::ClearLivery);
        }
    });
}

fn view_menu(ui: &mut Ui, out: &mut Commands) {
    menu(ui, "View", |ui| {
        ui.menu_button(RichText::new("Look from").font(theme::regular(13.0)), |ui| {
            in_menu(ui);
            for (index, &preset) in ViewPreset::ALL.iter().enumerate() {
                let key = if index < 9 { (index + 1).to_string() } else { String::new() };
                if item(ui, true, label(preset), &key) {
                    out.push(StudioCommand::SetHoveredView(preset));
                }
            }
        });
        ui.separator();
        for (layout, name, keys, _) in LAYOUTS {
            if item(ui, true, name, keys) {
                out.push(StudioCommand::SetLayout(layout));
            }
        }
        ui.separator();
        if item(ui, true, "Fit the car", "F") {
            out.push(StudioCommand::FitViews);
        }
        if item(ui, true, "Save the angle", "A") {
            out.push(StudioCommand::SaveAngle);
        }
        if item(ui, true, "Saved angles…", "") {
            out.push(StudioCommand::ToggleAngles);
        }
        if item(ui, true, "Turntable", "T") {
            out.push(StudioCommand::ToggleTurntable(None));
        }
        if item(ui, true, "Show all parts", "Shift+X") {
            out.push(StudioCommand::ShowAllParts);
        }
        if item(ui, true, "Lay the render over the photo", "M") {
            out.push(StudioCommand::ToggleMatch);
        }
        ui.separator();
        if item(ui, true, "Keep this version to compare", "K") {
            out.push(StudioCommand::KeepVersion);
        }
        if item(ui, true, "Wipe between the two", "W") {
            out.push(StudioCommand::SetLayout(ViewLayout::Wipe));
        }
        if item(ui, true, "Show the kept version, or the newest", "B") {
            out.push(StudioCommand::Blink);
        }
        if item(ui, true, "Show where the two differ", "D") {
            out.push(StudioCommand::ToggleDifference);
        }
    });
}

/// As wide as its words need, and low enough for the lowest window.
fn in_menu(ui: &mut Ui) {
    ui.set_width(MENU_WIDTH);
    ui.spacing_mut().button_padding.y = 4.0;
    ui.spacing_mut().interact_size.y = 24.0;
}

/// Panels and how large everything is drawn.
fn window_menu(ui: &mut Ui, view: &TopBarView<'_>, out: &mut Commands) {
    // several panels are chosen in one go
    menu_that_closes(ui, "Window", PopupCloseBehavior::CloseOnClickOutside, |ui| {
        for panel in PanelId::ALL {
            let open = view.dock.find(panel).is_some();
            if checked_item(ui, open && view.shows_panels, panel.title()) {
                let change = if open && view.shows_panels { DockChange::Close(panel) } else { DockChange::Show(panel) };
                out.push(StudioCommand::Dock(change));
            }
        }
        ui.separator();
        if item(ui, true, if view.shows_panels { "Hide all panels" } else { "Show the panels" }, "H") {
            out.push(StudioCommand::TogglePanels);
        }
        if item(ui, true, "Reset the layout", "") {
            out.push(StudioCommand::Dock(DockChange::Reset));
        }
        ui.separator();
        let (asked, drawn) = view.scale;
        let wanted = asked.unwrap_or(100);
        let note = if drawn < wanted { format!("Interface {drawn} %, as large as this window allows") } else { format!("Interface {drawn} %") };
        ui.label(RichText::new(note).size(12.0).color(theme::TEXT_SOFT));
        if item(ui, drawn < SCALES[SCALES.len() - 1] && drawn >= wanted, "Larger", "Ctrl++") {
            out.push(StudioCommand::StepScale(1));
        }
        if item(ui, wanted > SCALES[0], "Smaller", "Ctrl+-") {
            out.push(StudioCommand::StepScale(-1));
        }
        if item(ui, asked.is_some(), "As the screen asks for", "Ctrl+0") {
            out.push(StudioCommand::SetScale(None));
        }
    });
}

/// A line of a menu with a mark at its end while it is on.
fn checked_item(ui: &mut Ui, on: bool, text: &str) -> bool {
    let button = Button::new(RichText::new(text).font(theme::regular(13.0)))
        .frame_when_inactive(false)
        .shortcut_text(RichText::new("   "))
        .min_size(vec2(ui.available_width(), 0.0));
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::selected(WidgetType::Checkbox, true, on, text));
    if on {
        let at = response.rect.right_center() - vec2(18.0, 0.0);
        let tick = [at + vec2(-4.0, 0.0), at + vec2(-1.0, 3.5), at + vec2(5.0, -4.0)];
        ui.painter().line(tick.to_vec(), Stroke::new(1.6, theme::ACCENT));
    }
    response.clicked()
}

/// The centre of a rectangle of text, for pictures that are not there yet.
pub(crate) fn placeholder(ui: &Ui, rect: Rect, text: &str) {
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, theme::regular(13.0), theme::TEXT_FAINT);
}
