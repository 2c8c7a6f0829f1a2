//! The middle of the window: one or two 3D views with their presets.

use bevy::math::Vec2;
use bevy_egui::egui::{
    self, Button, Color32, CornerRadius, Frame, Margin, Rect, RichText, Sense, Stroke, StrokeKind, TextureId, Ui, UiBuilder, pos2, vec2,
};
use gridvox_car::ViewPreset;
use gridvox_showroom::{ViewId, ViewLayout};

use super::Commands;
use super::top_bar::placeholder;
use crate::command::StudioCommand;
use crate::marks::ShownMark;
use crate::theme;
use crate::views::{label, short_label};
use crate::widgets::mark_dot;

/// The views' names for screen readers.
const VIEW_NAMES: [&str; 2] = ["First view of the car", "Second view of the car"];
/// Space between two views, in points.
const GUTTER: f32 = 2.0;

/// What the area shows.
pub struct ViewAreaView {
    /// One or two.
    pub layout: ViewLayout,
    /// Both views.
    pub views: [ViewState; 2],
    /// Where the line of a wipe stands, 0..=1 of the width.
    pub wipe: f32,
    /// A click sets a point on the car.
    pub marking: bool,
    /// Points on the car, by view.
    pub marks: [Vec<ShownMark>; 2],
    /// Files hover over the window.
    pub drag_hovers: bool,
    /// Words over the views while the first picture is on its way.
    pub preparing: bool,
}

/// What a view shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct ViewState {
    /// The picture, once it is drawn.
    pub picture: Option<TextureId>,
    /// The preset that it stands at.
    pub preset: Option<ViewPreset>,
    /// It shows the kept version of the livery.
    pub kept: bool,
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
    let places = match view.layout {
        ViewLayout::Single | ViewLayout::Wipe => vec![(ViewId::First, area)],
        ViewLayout::Split => {
            let (first, second) = halves(area);
            vec![(ViewId::First, first), (ViewId::Second, second)]
        }
    };
    let mut shown: Vec<_> = places
        .into_iter()
        .map(|(id, rect)| {
            let over = (view.layout == ViewLayout::Wipe).then_some((view.views[1], view.wipe));
            one_view(ui, id, rect, view, over, out)
        })
        .collect();
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

/// Side by side in wide areas, one above the other in tall ones.
fn halves(area: Rect) -> (Rect, Rect) {
    if area.width() > area.height() * 1.1 {
        let (mut left, mut right) = area.split_left_right_at_fraction(0.5);
        left.max.x -= GUTTER / 2.0;
        right.min.x += GUTTER / 2.0;
        (left, right)
    } else {
        let (mut top, mut bottom) = area.split_top_bottom_at_fraction(0.5);
        top.max.y -= GUTTER / 2.0;
        bottom.min.y += GUTTER / 2.0;
        (top, bottom)
    }
}

fn one_view(
    ui: &mut Ui,
    id: ViewId,
    rect: Rect,
    view: &ViewAreaView,
    over: Option<(ViewState, f32)>,
    out: &mut Commands,
) -> ViewPlace {
    let state = view.views[id.index()];
    let mut response = ui.interact(rect, ui.id().with(("view", id.index())), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, VIEW_NAMES[id.index()]));
    if view.marking {
        response = response.on_hover_cursor(egui::CursorIcon::Crosshair);
    }
    if let Some(texture) = state.picture {
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter().image(texture, rect, uv, Color32::WHITE);
    }
    if view.preparing {
        placeholder(ui, rect, "Preparing the showroom…");
    }
    if let Some((ViewState { picture: Some(texture), .. }, fraction)) = over {
        let right = Rect::from_min_max(pos2(rect.left() + rect.width() * fraction, rect.top()), rect.max);
        let uv = Rect::from_min_max(pos2(fraction, 0.0), pos2(1.0, 1.0));
        ui.painter().image(texture, right, uv, Color32::WHITE);
        badge(ui, rect, "Newest left, kept version right");
    } else if state.kept {
        badge(ui, rect, "Kept version");
    }
    for mark in &view.marks[id.index()] {
        let place = rect.min + vec2(mark.place.x, mark.place.y) * rect.size();
        mark_dot(&ui.painter().with_clip_rect(rect), place, mark.index, mark.hidden);
    }
    let bar = preset_bar(ui, id, rect, state.preset, out);
    let hovered = response.hovered() && ui.ctx().pointer_hover_pos().is_none_or(|pointer| !bar.contains(pointer));
    if let (true, true, Some(pointer)) = (view.marking, response.clicked(), response.interact_pointer_pos()) {
        let share = (pointer - rect.min) / rect.size();
        out.push(StudioCommand::MarkCar(id, Vec2::new(share.x, share.y)));
    } else if response.double_clicked() {
        out.push(StudioCommand::FitViews);
    }
    ViewPlace { view: id, rect, hovered, dragged: response.dragged() }
}

/// The line between two versions, to be dragged; true while the pointer has it.
fn wipe_line(ui: &Ui, area: Rect, fraction: f32, out: &mut Commands) -> bool {
    let x = area.left() + area.width() * fraction;
    let grip = Rect::from_center_size(pos2(x, area.center().y), vec2(16.0, area.height()));
    let response = ui.interact(grip, ui.id().with("wipe"), Sense::drag()).on_hover_cursor(egui::CursorIcon::ResizeHorizontal);
    let has = response.hovered() || response.dragged();
    let color = if has { theme::ACCENT } else { Color32::WHITE };
    ui.painter().vline(x, area.y_range(), Stroke::new(2.0, color));
    ui.painter().circle_filled(pos2(x, area.center().y), 9.0, color);
    if let (true, Some(pointer)) = (response.dragged(), response.interact_pointer_pos()) {
        let moved = ((pointer.x - area.left()) / area.width()).clamp(0.02, 0.98);
        if moved != fraction {
            out.push(StudioCommand::SetWipe(moved));
        }
    }
    has
}

/// Words in the upper left corner of a view.
fn badge(ui: &Ui, rect: Rect, text: &str) {
    let words = ui.painter().layout_no_wrap(text.to_owned(), theme::medium(12.0), theme::TEXT);
    let frame = Rect::from_min_size(rect.min + vec2(12.0, 12.0), words.size() + vec2(20.0, 10.0));
    ui.painter().rect_filled(frame, CornerRadius::same(8), Color32::from_black_alpha(150));
    ui.painter().galley(frame.min + vec2(10.0, 5.0), words, theme::TEXT);
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
        .fill(Color32::from_black_alpha(150))
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
