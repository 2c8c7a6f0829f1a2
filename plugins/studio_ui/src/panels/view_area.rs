//! The middle of the window: the 3D views with what lies on them.

use bevy::math::Vec2;
use bevy_egui::egui::{
    self, Button, Color32, CornerRadius, Frame, Margin, Rect, RichText, Sense, Stroke, StrokeKind, TextureId, Ui, UiBuilder, pos2, vec2,
};
use gridvox_car::ViewPreset;
use gridvox_showroom::{SavedAngles, ViewId, ViewLayout, ViewLight};

use super::Commands;
use super::photo::cover;
use super::photo_match::{MatchView, match_overlay};
use super::top_bar::placeholder;
use super::view_header::header;
use crate::command::StudioCommand;
use crate::grid::cells;
use crate::marks::ShownMark;
use crate::theme;
use crate::views::{label, short_label};
use crate::widgets::{dragged_line, mark_dot};
use super::compare::difference_scale;

/// What the area shows.
pub struct ViewAreaView {
    /// How many.
    pub layout: ViewLayout,
    /// All views, by [`ViewId::index`].
    pub views: [ViewState; ViewId::COUNT],
    /// Where the line of a wipe stands, 0..=1 of the width.
    pub wipe: f32,
    /// A click sets a point on the car.
    pub marking: bool,
    /// A version of the livery was kept.
    pub keeps_version: bool,
    /// The view that the View panel is about.
    pub active: ViewId,
    /// The car shows how far two versions differ.
    pub difference: bool,
    /// Bundled environments: id and name.
    pub environments: Vec<(String, String)>,
    /// The common light.
    pub light: ViewLight,
    /// Angles that were saved.
    pub angles: SavedAngles,
    /// What lies under the pointer: the view, the part's index, and words about it.
    pub under: Option<Under>,
    /// Parts that are hidden.
    pub hidden_parts: usize,
    /// The photo that the first view lies over.
    pub matched: Option<MatchView>,
    /// Files hover over the window.
    pub drag_hovers: bool,
    /// Words over the views while the first picture is on its way.
    pub preparing: bool,
}

/// What lies under the pointer.
#[derive(Debug, Clone, PartialEq)]
pub struct Under {
    /// In which view.
    pub view: ViewId,
    /// The part's index in the car's model.
    pub part: usize,
    /// Its name.
    pub name: String,
    /// Texture coordinates, where it carries paint.
    pub uv: Option<Vec2>,
}

/// What a view shows.
#[derive(Debug, Clone, Default)]
pub struct ViewState {
    /// The picture, once it is drawn.
    pub picture: Option<TextureId>,
    /// Width over height of the picture.
    pub aspect: Option<f32>,
    /// The preset that it stands at.
    pub preset: Option<ViewPreset>,
    /// The saved angle that it stands at.
    pub saved: Option<usize>,
    /// It shows the kept version of the livery.
    pub kept: bool,
    /// It goes around the car by itself.
    pub turning: bool,
    /// Its own light, where it has one.
    pub light: Option<ViewLight>,
    /// The focal length of its lens in millimetres.
    pub lens_mm: Option<f32>,
    /// Points on the car.
    pub marks: Vec<ShownMark>,
}

/// Where a view came to lie and whether the pointer may steer it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ViewPlace {
    /// Which view.
    pub view: ViewId,
    /// In points.
    pub rect: Rect,
    /// The pointer is over the picture and over nothing that lies on it.
    pub hovered: bool,
    /// A drag began on the picture and goes on.
    pub dragged: bool,
}

/// Draws the views; returns where they lie.
pub fn view_area(ui: &mut Ui, view: &ViewAreaView, out: &mut Commands) -> Vec<ViewPlace> {
    let area = ui.available_rect_before_wrap();
    ui.painter().rect_filled(area, 0, theme::BACKDROP);
    let cells = match view.layout {
        ViewLayout::Wipe => vec![area],
        layout => cells(area, layout.views().len()),
    };
    let mut shown: Vec<_> =
        view.layout.views().iter().zip(cells).map(|(&id, rect)| one_view(ui, id, rect, view, out)).collect();
    if view.layout == ViewLayout::Wipe && wipe_line(ui, area, view.wipe, out) {
        for place in &mut shown {
            (place.hovered, place.dragged) = (false, false);
        }
    }
    if view.drag_hovers {
        let r = area.shrink(8.0);
        ui.painter().rect_filled(r, CornerRadius::same(12), Color32::from_black_alpha(140));
        ui.painter().rect_stroke(r, CornerRadius::same(12), Stroke::new(2.0, theme::ACCENT), StrokeKind::Inside);
        ui.painter().text(r.center(), egui::Align2::CENTER_CENTER, "Drop it anywhere", theme::semibold(20.0), theme::TEXT);
    }
    shown
}

/// The name for screen readers.
fn spoken(id: ViewId) -> String {
    format!("View {} of the car", id.index() + 1)
}

fn one_view(ui: &mut Ui, id: ViewId, rect: Rect, view: &ViewAreaView, out: &mut Commands) -> ViewPlace {
    let state = &view.views[id.index()];
    let mut response = ui.interact(rect, ui.id().with(("view", id.index())), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, spoken(id)));
    if view.marking {
        response = response.on_hover_cursor(egui::CursorIcon::Crosshair);
    }
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    if let Some(texture) = state.picture {
        // a picture from before the view changed its shape keeps its own
        let uv = state.aspect.map_or(whole, |aspect| cover(aspect, rect.width() / rect.height()));
        ui.painter().image(texture, rect, uv, Color32::WHITE);
    }
    if view.preparing {
        placeholder(ui, rect, "Preparing the showroom…");
    }
    if let (ViewLayout::Wipe, Some(texture)) = (view.layout, view.views[ViewId::SECOND.index()].picture) {
        let right = Rect::from_min_max(pos2(rect.left() + rect.width() * view.wipe, rect.top()), rect.max);
        let uv = Rect::from_min_max(pos2(view.wipe, 0.0), whole.max);
        ui.painter().image(texture, right, uv, Color32::WHITE);
    }
    for mark in &state.marks {
        let place = rect.min + vec2(mark.place.x, mark.place.y) * rect.size();
        mark_dot(&ui.painter().with_clip_rect(rect), place, mark.index, mark.hidden);
    }
    if let Some(under) = view.under.as_ref().filter(|under| under.view == id) {
        name_part(ui, rect, under, view.layout.views().len() <= 2);
    }
    part_menu(&response, view, id, out);
    // what lies on the picture takes the pointer from it
    let matched = view.matched.as_ref().filter(|_| id == ViewId::FIRST);
    let mut lying = matched.map_or_else(Vec::new, |matched| match_overlay(ui, rect, matched, out));
    lying.extend(header(ui, id, rect, view, out));
    if matched.is_none() && view.layout.views().len() <= 2 {
        lying.push(preset_bar(ui, id, rect, state.preset, out));
    }
    if view.difference && id == ViewId::FIRST {
        let raised = matched.is_none() && view.layout.views().len() <= 2 && rect.width() < 940.0;
        difference_legend(ui, rect, if raised { 46.0 } else { 0.0 });
    }
    if view.active == id && view.layout.views().len() > 1 && view.layout != ViewLayout::Wipe {
        let stroke = Stroke::new(1.0, theme::ACCENT.gamma_multiply(0.8));
        ui.painter().rect_stroke(rect, 0, stroke, StrokeKind::Inside);
    }
    let beside = |pointer: egui::Pos2| !lying.iter().any(|rect| rect.contains(pointer));
    let hovered = response.hovered() && ui.ctx().pointer_hover_pos().is_none_or(beside);
    let dragged = response.dragged() && ui.input(|input| input.pointer.press_origin()).is_none_or(beside);
    if let (true, true, Some(pointer)) = (view.marking, response.clicked(), response.interact_pointer_pos()) {
        let share = (pointer - rect.min) / rect.size();
        out.push(StudioCommand::MarkCar(id, Vec2::new(share.x, share.y)));
    } else if response.double_clicked() && matched.is_none() {
        out.push(StudioCommand::FitViews);
    }
    if matched.is_some() && (dragged || hovered && ui.input(|input| input.smooth_scroll_delta.y != 0.0)) {
        out.push(StudioCommand::LeaveMatch { stays: true });
    }
    ViewPlace { view: id, rect, hovered, dragged }
}

/// The part under the pointer, in the view's lower left corner; above the presets where there are some.
fn name_part(ui: &Ui, rect: Rect, under: &Under, above: bool) {
    let text = match under.uv {
        Some(uv) => format!("{}   u {:.3}  v {:.3}", under.name, uv.x, uv.y),
        None => under.name.clone(),
    };
    let words = ui.painter().layout_no_wrap(text, theme::medium(12.0), theme::TEXT);
    let raised = if above { 44.0 } else { 0.0 };
    let size = words.size() + vec2(18.0, 8.0);
    let frame = Rect::from_min_size(pos2(rect.left() + 8.0, rect.bottom() - 8.0 - raised - size.y), size);
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(frame, CornerRadius::same(theme::RADIUS), Color32::from_black_alpha(165));
    painter.galley(frame.min + vec2(9.0, 4.0), words, theme::TEXT);
}

/// The scale of the differences on the car, in the view's lower right corner.
fn difference_legend(ui: &Ui, rect: Rect, raised: f32) {
    let frame = Rect::from_min_size(rect.max - vec2(212.0, 52.0 + raised), vec2(204.0, 44.0));
    ui.painter().rect_filled(frame, CornerRadius::same(theme::RADIUS), Color32::from_black_alpha(195));
    difference_scale(ui, Rect::from_min_size(frame.min + vec2(12.0, 8.0), vec2(frame.width() - 24.0, 30.0)));
}

/// What a right click offers: the part that was under the pointer then.
fn part_menu(response: &egui::Response, view: &ViewAreaView, id: ViewId, out: &mut Commands) {
    let key = response.id.with("part");
    if response.secondary_clicked() {
        let under = view.under.clone().filter(|under| under.view == id);
        response.ctx.data_mut(|data| data.insert_temp(key, under));
    }
    response.context_menu(|ui| {
        ui.set_min_width(200.0);
        if let Some(under) = ui.data(|data| data.get_temp::<Option<Under>>(key)).flatten() {
            if ui.button(format!("Only {}", under.name)).clicked() {
                out.push(StudioCommand::IsolatePart(Some(under.part)));
            }
            if ui.button(format!("Hide {}", under.name)).clicked() {
                out.push(StudioCommand::HidePart(Some(under.part)));
            }
        }
        if ui.add_enabled(view.hidden_parts > 0, Button::new("Show all parts")).clicked() {
            out.push(StudioCommand::ShowAllParts);
        }
        ui.separator();
        if ui.button("Turntable").clicked() {
            out.push(StudioCommand::ToggleTurntable(Some(id)));
        }
    });
}

/// The line between two versions, to be dragged; true while the pointer has it.
fn wipe_line(ui: &Ui, area: Rect, fraction: f32, out: &mut Commands) -> bool {
    let x = area.left() + area.width() * fraction;
    let (to, has) = dragged_line(ui, "Line between the versions", x, area.y_range());
    if let Some(moved) = to.map(|to| ((to - area.left()) / area.width()).clamp(0.02, 0.98)).filter(|moved| *moved != fraction) {
        out.push(StudioCommand::SetWipe(moved));
    }
    has
}

/// The presets as small buttons at the lower edge of a view.
fn preset_bar(ui: &mut Ui, id: ViewId, rect: Rect, preset: Option<ViewPreset>, out: &mut Commands) -> Rect {
    let narrow = rect.width() < 560.0;
    let width: f32 = if narrow { 330.0 } else { 520.0 };
    let bar = Rect::from_center_size(pos2(rect.center().x, rect.bottom() - 28.0), vec2(width.min(rect.width() - 16.0), 32.0));
    let mut bar_ui = ui.new_child(
        UiBuilder::new().id_salt(("presets", id.index())).max_rect(bar).layout(egui::Layout::top_down(egui::Align::Center)),
    );
    let shown = Frame::new()
        .fill(Color32::from_black_alpha(195))
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::symmetric(4, 3))
        .show(&mut bar_ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                ui.spacing_mut().button_padding = vec2(if narrow { 5.0 } else { 9.0 }, 3.0);
                ui.spacing_mut().interact_size.y = 24.0;
                for (index, &choice) in ViewPreset::ALL.iter().enumerate() {
                    let selected = preset == Some(choice);
                    let color = if selected { theme::ACCENT } else { theme::TEXT };
                    let name = if narrow { short_label(choice) } else { label(choice) };
                    let text = RichText::new(name).font(theme::medium(if narrow { 11.0 } else { 12.0 })).color(color);
                    let button = Button::new(text).frame_when_inactive(false).corner_radius(CornerRadius::same(5));
                    let hint = format!("{} ({})", label(choice), index + 1);
                    if ui.add(button).on_hover_text(hint).clicked() {
                        out.push(StudioCommand::SetView(id, choice));
                    }
                }
            });
        });
    shown.response.rect
}
