//! The small buttons in a view's upper left corner: from where it looks, in what light, and at which version.

use bevy_egui::egui::{
    self, Align, Button, Color32, CornerRadius, Layout, Rect, Response, RichText, Shape, Slider, Ui, UiBuilder,
    containers::menu::MenuButton, pos2, vec2,
};
use gridvox_car::ViewPreset;
use gridvox_showroom::{EnvironmentId, PaintSlot, ViewId, ViewLayout, ViewLight};

use super::Commands;
use super::angles::keys;
use super::view_area::{ViewAreaView, ViewState};
use crate::command::StudioCommand;
use crate::dock::{DockChange, PanelId};
use crate::theme;
use crate::views::{label, short_label};
use crate::widgets::named_slider;

/// Distance from the view's edges, in points.
const MARGIN: f32 = 8.0;
/// Height of the buttons.
const HEIGHT: f32 = 24.0;
/// Width of the menus.
const MENU_WIDTH: f32 = 200.0;
/// Views as wide as this say which lens they have.
const WITH_LENS: f32 = 300.0;
/// Below this width names are shortened.
const NARROW: f32 = 360.0;

/// Draws the buttons; returns where they lie.
pub(super) fn header(ui: &mut Ui, id: ViewId, rect: Rect, view: &ViewAreaView, out: &mut Commands) -> Vec<Rect> {
    let state = &view.views[id.index()];
    let place = Rect::from_min_size(rect.min + vec2(MARGIN, MARGIN), vec2(rect.width() - 2.0 * MARGIN, HEIGHT));
    let layout = Layout::left_to_right(Align::Center);
    let mut row = ui.new_child(UiBuilder::new().id_salt(("header", id.index())).max_rect(place).layout(layout));
    row.spacing_mut().item_spacing.x = theme::GAP_SMALL;
    row.spacing_mut().interact_size.y = HEIGHT;
    row.set_clip_rect(rect.intersect(ui.clip_rect()));
    match &view.matched {
        Some(matched) if id == ViewId::FIRST => {
            if chip(&mut row, &matched.name, true).on_hover_text("Leave the photo's camera (M)").clicked() {
                out.push(StudioCommand::LeaveMatch { stays: false });
            }
        }
        _ => angle_menu(&mut row, id, view, rect.width() < NARROW, out),
    }
    let several = view.layout.views().len() > 1 && view.layout != ViewLayout::Wipe;
    if several {
        light_menu(&mut row, id, state, view, out);
    }
    match (view.layout, state.kept) {
        (ViewLayout::Wipe, _) => {
            chip(&mut row, "Newest left, kept version right", false);
        }
        (_, kept) if kept || view.keeps_version => {
            let name = if kept { "Kept version" } else { "Newest" };
            let (other, hint) = match kept {
                true => (PaintSlot::A, "Show the newest here (B)"),
                false => (PaintSlot::B, "Show the kept version here (B)"),
            };
            if chip(&mut row, name, kept).on_hover_text(hint).clicked() {
                out.push(StudioCommand::ShowVersion(id, other));
            }
        }
        _ => {}
    }
    if view.hidden_parts > 0 && id == ViewId::FIRST {
        let name = match view.hidden_parts {
            1 => "1 part hidden".to_owned(),
            count => format!("{count} parts hidden"),
        };
        if chip(&mut row, &name, true).on_hover_text("Show all parts (Shift+X)").clicked() {
            out.push(StudioCommand::ShowAllParts);
        }
    }
    let mut lying = vec![row.min_rect()];
    if let Some(lens_mm) = state.lens_mm.filter(|_| rect.width() >= WITH_LENS) {
        lying.push(lens(ui, id, rect, lens_mm, out));
    }
    lying
}

/// The lens at the other end; a click goes to where it is changed.
fn lens(ui: &mut Ui, id: ViewId, rect: Rect, lens_mm: f32, out: &mut Commands) -> Rect {
    let place = Rect::from_min_size(pos2(rect.right() - MARGIN - 80.0, rect.top() + MARGIN), vec2(80.0, HEIGHT));
    let layout = Layout::right_to_left(Align::Center);
    let mut corner = ui.new_child(UiBuilder::new().id_salt(("lens", id.index())).max_rect(place).layout(layout));
    corner.spacing_mut().interact_size.y = HEIGHT;
    let text = format!("{lens_mm:.0} mm");
    let response = chip(&mut corner, &text, false);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, format!("Lens of view {}: {text}", id.index() + 1)));
    let shown = response.rect;
    if response.on_hover_text("Focal length on 36 mm film; a click opens the View panel").clicked() {
        out.push(StudioCommand::ActivateView(id));
        out.push(StudioCommand::Dock(DockChange::Show(PanelId::View)));
    }
    shown
}

fn chip_button(text: &str, strong: bool) -> Button<'static> {
    let color = if strong { theme::ACCENT } else { theme::TEXT };
    Button::new(RichText::new(text.to_owned()).font(theme::medium(12.0)).color(color))
        .fill(Color32::from_black_alpha(185))
        .corner_radius(CornerRadius::same(theme::RADIUS))
        .min_size(vec2(0.0, HEIGHT))
}

fn chip(ui: &mut Ui, text: &str, strong: bool) -> Response {
    ui.spacing_mut().button_padding = vec2(9.0, 2.0);
    ui.add(chip_button(text, strong))
}

/// A button with a menu below it.
fn chip_menu(ui: &mut Ui, text: &str, strong: bool, name: String, contents: impl FnOnce(&mut Ui)) {
    ui.spacing_mut().button_padding = vec2(9.0, 2.0);
    // room for the arrow
    let button = chip_button(&format!("{text}\u{2003}"), strong);
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_width(MENU_WIDTH);
        contents(ui);
    });
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &name));
    let tip = pos2(response.rect.right() - 11.0, response.rect.center().y + 2.0);
    let arrow = vec![tip, tip - vec2(3.5, 4.0), tip + vec2(3.5, -4.0)];
    ui.painter().add(Shape::convex_polygon(arrow, theme::TEXT_SOFT, egui::Stroke::NONE));
}

/// One line of a menu with a mark when it is the current one.
fn choice(ui: &mut Ui, current: bool, text: &str, keys: &str) -> Response {
    let color = if current { theme::ACCENT } else { theme::TEXT };
    let mut button = Button::new(RichText::new(text).font(theme::regular(13.0)).color(color))
        .frame_when_inactive(false)
        .min_size(vec2(ui.available_width(), 0.0));
    if !keys.is_empty() {
        button = button.shortcut_text(RichText::new(keys).size(12.0).color(theme::TEXT_FAINT));
    }
    ui.add(button)
}

fn angle_menu(ui: &mut Ui, id: ViewId, view: &ViewAreaView, narrow: bool, out: &mut Commands) {
    let state = &view.views[id.index()];
    let saved = state.saved.and_then(|index| view.angles.list().get(index));
    let name = match (state.preset, saved) {
        _ if state.turning => "Turntable",
        (Some(preset), _) if narrow => short_label(preset),
        (Some(preset), _) => label(preset),
        (None, Some(saved)) => saved.name.as_str(),
        (None, None) => "Own angle",
    };
    chip_menu(ui, name, false, format!("Angle of view {}: {name}", id.index() + 1), |ui| {
        for (index, &preset) in ViewPreset::ALL.iter().enumerate() {
            if choice(ui, state.preset == Some(preset), label(preset), &(index + 1).to_string()).clicked() {
                out.push(StudioCommand::SetView(id, preset));
            }
        }
        ui.separator();
        if choice(ui, state.turning, "Turntable", "T").clicked() {
            out.push(StudioCommand::ToggleTurntable(Some(id)));
        }
        for (index, saved) in view.angles.list().iter().enumerate() {
            let current = state.preset.is_none() && state.saved == Some(index);
            if choice(ui, current, &saved.name, &keys(index)).clicked() {
                out.push(StudioCommand::ShowAngle(Some(id), index));
            }
        }
        if choice(ui, false, "Save this angle", "A").clicked() {
            out.push(StudioCommand::SaveAngle);
        }
        if !view.angles.list().is_empty() && choice(ui, false, "Rename or delete…", "").clicked() {
            out.push(StudioCommand::ToggleAngles);
        }
    });
}

fn light_menu(ui: &mut Ui, id: ViewId, state: &ViewState, view: &ViewAreaView, out: &mut Commands) {
    let known = |environment: &EnvironmentId| match environment {
        EnvironmentId::Bundled(wanted) => view.environments.iter().find(|(known, _)| known == wanted),
        EnvironmentId::File(_) => None,
    };
    let first = id == ViewId::FIRST;
    let own = state.light.as_ref();
    let current = own.map(|light| &light.environment).or(first.then_some(&view.light.environment));
    let name = current.map_or("Same light", |current| known(current).map_or("Own light", |(_, name)| name.as_str()));
    chip_menu(ui, name, own.is_some(), format!("Light of view {}: {name}", id.index() + 1), |ui| {
        if !first && choice(ui, own.is_none(), "As in the first view", "").clicked() {
            out.push(StudioCommand::LightView(id, None));
        }
        if !first {
            ui.separator();
        }
        for (environment, name) in &view.environments {
            let environment = EnvironmentId::Bundled(environment.clone());
            if choice(ui, current == Some(&environment), name, "").clicked() {
                out.push(match first {
                    true => StudioCommand::SetLight(environment),
                    false => StudioCommand::LightView(id, Some(ViewLight { environment, ..own.unwrap_or(&view.light).clone() })),
                });
            }
        }
        if let Some(own) = own {
            ui.separator();
            own_light(ui, id, own, out);
        }
    });
}

/// Direction and brightness of a view's own light.
fn own_light(ui: &mut Ui, id: ViewId, own: &ViewLight, out: &mut Commands) {
    let mut light = own.clone();
    let shown = format!("{:.0}°", light.rotation_deg);
    let turned = named_slider(ui, "Direction", Slider::new(&mut light.rotation_deg, 0.0..=360.0), shown).changed();
    let shown = format!("{:+.1} EV", light.exposure_stops);
    let exposed = named_slider(ui, "Exposure", Slider::new(&mut light.exposure_stops, -3.0..=3.0), shown).changed();
    if turned || exposed {
        light.exposure_stops = (light.exposure_stops * 10.0).round() / 10.0;
        out.push(StudioCommand::LightView(id, Some(light)));
    }
}
