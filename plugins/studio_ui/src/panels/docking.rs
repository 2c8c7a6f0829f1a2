//! The panels around the views: tabs, grips, and where a panel goes that is dragged by its tab.

use bevy_egui::egui::{
    self, Align2, Color32, CornerRadius, CursorIcon, Frame, Id, Key, LayerId, Layout, Margin, Order, Pos2, Rect,
    Response, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo, WidgetType, pos2, vec2,
};

use super::Commands;
use crate::command::StudioCommand;
use crate::dock::{Dock, DockChange, GRIP, Group, PanelId, Place, Places, Side, TABS};
use crate::theme;
use crate::widgets::hold;

/// A panel in the row at the bottom gets no wider, or its sliders would be as wide as the window.
const WIDEST: f32 = 420.0;
/// How much an arrow key moves a grip, in points.
const KEY_STEP: f32 = 16.0;
/// How far a pressed tab is moved before it is dragged, in points.
const DRAG_BEGINS: f32 = 8.0;
/// Room for a tab's closing sign.
const CLOSE: f32 = 16.0;

/// Draws the panels around what is left for the views, which is returned. `contents` draws a panel.
pub fn docked_panels(
    ui: &mut Ui,
    dock: &Dock,
    hidden: &[Side],
    out: &mut Commands,
    mut contents: impl FnMut(&mut Ui, PanelId, &mut Commands),
) -> Rect {
    let area = ui.available_rect_before_wrap();
    let places = dock.places(area, hidden);
    for &(side, index, rect) in &places.groups {
        let group = &dock.zone(side).groups[index];
        ui.painter().rect_filled(rect, 0, theme::PANEL);
        tabs(ui, group, side, rect, out);
        let body = Rect::from_min_max(rect.min + vec2(0.0, TABS), rect.max);
        ui.painter().rect_filled(body, 0, theme::CARD);
        let place = UiBuilder::new().id_salt(("panel", group.front)).max_rect(body).layout(Layout::top_down(egui::Align::Min));
        let mut inner = ui.new_child(place);
        inner.set_clip_rect(body.intersect(ui.clip_rect()));
        ScrollArea::vertical().id_salt(("scroll", group.front)).auto_shrink([false, false]).show(&mut inner, |ui| {
            Frame::new().inner_margin(Margin { left: 14, right: 14, top: 12, bottom: 14 }).show(ui, |ui| {
                ui.set_max_width(ui.available_width().min(WIDEST));
                ui.spacing_mut().item_spacing.y = theme::GAP;
                contents(ui, group.front, out);
            });
        });
    }
    grips(ui, dock, &places, area, out);
    drop_panel(ui, dock, &places, out);
    places.centre
}

/// The tabs of a group in one row, as wide as their words or as there is room.
fn tabs(ui: &mut Ui, group: &Group, side: Side, rect: Rect, out: &mut Commands) {
    const PADDING: f32 = 12.0;
    let words: Vec<_> = group
        .tabs
        .iter()
        .map(|tab| ui.painter().layout_no_wrap(tab.title().to_owned(), theme::medium(13.0), Color32::PLACEHOLDER))
        .collect();
    let sign = |tab: PanelId| if tab == group.front { CLOSE } else { 0.0 };
    let wanted: f32 = group.tabs.iter().zip(&words).map(|(tab, words)| words.size().x + 2.0 * PADDING + sign(*tab)).sum();
    let padding = if wanted > rect.width() {
        (PADDING - (wanted - rect.width()) / (2.0 * group.tabs.len() as f32)).max(3.0)
    } else {
        PADDING
    };
    let mut left = rect.left();
    for (&tab, words) in group.tabs.iter().zip(words) {
        let front = tab == group.front;
        let width = words.size().x + 2.0 * padding + sign(tab);
        let place = Rect::from_min_size(pos2(left, rect.top()), vec2(width, TABS)).intersect(rect);
        left += width;
        let id = Id::new(("tab", tab));
        let response = ui.interact(place, id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::selected(WidgetType::SelectableLabel, true, front, tab.title()));
        paint_tab(ui, &response, place, front);
        let at = pos2(place.left() + padding, (place.center().y - words.size().y * 0.5).round());
        let color = if front || response.hovered() { theme::TEXT } else { theme::TEXT_SOFT };
        ui.painter().with_clip_rect(place).galley(at, words, color);
        if front {
            let middle = pos2(place.right() - padding * 0.5 - CLOSE * 0.5, place.center().y);
            close_sign(ui, tab, Rect::from_center_size(middle, Vec2::splat(CLOSE)), out);
        }
        take_up(ui, tab, place);
        if response.clicked() && !front {
            out.push(StudioCommand::Dock(DockChange::Show(tab)));
        }
        if response.middle_clicked() {
            out.push(StudioCommand::Dock(DockChange::Close(tab)));
        }
        tab_menu(&response, tab, side, out);
        response.on_hover_text("Drag it to another side, or on other tabs; the right button says more");
    }
}

/// A tab that the pointer holds, and where it was pressed.
#[derive(Clone, Copy)]
struct Held {
    panel: PanelId,
    from: Pos2,
}

fn held_id() -> Id {
    Id::new("the tab that is held")
}

/// Notes where a tab is pressed: slow software drawing can get the first moves in the same frame.
fn take_up(ui: &Ui, panel: PanelId, place: Rect) {
    let pressed = ui.input(|input| input.pointer.primary_pressed().then(|| input.pointer.press_origin()).flatten());
    let on_top = ui.ctx().layer_id_at(place.center()).is_none_or(|layer| layer == ui.layer_id());
    if let Some(from) = pressed.filter(|from| on_top && place.contains(*from)) {
        ui.data_mut(|data| data.insert_temp(held_id(), Held { panel, from }));
    }
}

fn paint_tab(ui: &Ui, response: &Response, place: Rect, front: bool) {
    if front {
        ui.painter().rect_filled(place, 0, theme::CARD);
        let line = Rect::from_min_size(place.min, vec2(place.width(), 2.0));
        ui.painter().rect_filled(line, 0, theme::ACCENT);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(place.shrink(1.0), CornerRadius::same(3), Stroke::new(1.0, theme::ACCENT), StrokeKind::Inside);
    }
}

fn close_sign(ui: &mut Ui, tab: PanelId, place: Rect, out: &mut Commands) {
    let response = ui.interact(place, Id::new(("close", tab)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Close {}", tab.title())));
    let lit = response.hovered() || response.has_focus();
    if lit {
        ui.painter().rect_filled(place, CornerRadius::same(4), theme::CONTROL_HOVER);
    }
    let stroke = Stroke::new(1.2, if lit { Color32::WHITE } else { theme::TEXT_FAINT });
    let r = Rect::from_center_size(place.center(), Vec2::splat(7.0));
    ui.painter().line_segment([r.left_top(), r.right_bottom()], stroke);
    ui.painter().line_segment([r.right_top(), r.left_bottom()], stroke);
    if response.on_hover_text("Close; the Window menu opens it again").clicked() {
        out.push(StudioCommand::Dock(DockChange::Close(tab)));
    }
}

/// The same by menu, for hands that do not drag.
fn tab_menu(response: &Response, tab: PanelId, side: Side, out: &mut Commands) {
    response.context_menu(|ui| {
        ui.set_min_width(170.0);
        for to in Side::ALL {
            let text = format!("Move to the {}", to.title());
            if ui.add_enabled(to != side, egui::Button::new(text)).clicked() {
                out.push(StudioCommand::Dock(DockChange::Move(tab, Place::Group(to, usize::MAX))));
            }
        }
        ui.separator();
        if ui.button("Close").clicked() {
            out.push(StudioCommand::Dock(DockChange::Close(tab)));
        }
        if ui.button("Reset all panels").clicked() {
            out.push(StudioCommand::Dock(DockChange::Reset));
        }
    });
}

/// What resizes sides and groups, by pointer or by arrow keys.
fn grips(ui: &mut Ui, dock: &Dock, places: &Places, area: Rect, out: &mut Commands) {
    for &(side, rect) in &places.sides {
        let name = format!("Size of the panels at the {}", side.title());
        let across = side != Side::Bottom;
        let Some(moved) = grip(ui, &name, rect, across) else { continue };
        let size = match (moved, side) {
            (Moved::To(to), Side::Left) => to.x - area.left() - GRIP * 0.5,
            (Moved::To(to), Side::Right) => area.right() - to.x - GRIP * 0.5,
            (Moved::To(to), Side::Bottom) => area.bottom() - to.y - GRIP * 0.5,
            (Moved::By(by), Side::Left) => dock.zone(side).size + by,
            (Moved::By(by), Side::Right | Side::Bottom) => dock.zone(side).size - by,
        };
        push_change(dock, DockChange::Resize(side, size), out);
    }
    for &(side, index, rect, both) in &places.borders {
        let group = &dock.zone(side).groups;
        let name = format!("Border between {} and {}", group[index].front.title(), group[index + 1].front.title());
        let across = side == Side::Bottom;
        let Some(moved) = grip(ui, &name, rect, across) else { continue };
        let sum = group[index].share + group[index + 1].share;
        let length = (if across { both.width() } else { both.height() }) - GRIP;
        let share = match moved {
            Moved::To(to) => sum * (if across { to.x - both.left() } else { to.y - both.top() } - GRIP * 0.5) / length,
            Moved::By(by) => group[index].share + sum * by / length,
        };
        push_change(dock, DockChange::Divide(side, index, share), out);
    }
}

/// Asks for a change that is one: a grip that is held still asks for nothing.
fn push_change(dock: &Dock, change: DockChange, out: &mut Commands) {
    if dock.clone().change(change) {
        out.push(StudioCommand::Dock(change));
    }
}

/// What a grip asks for.
enum Moved {
    To(Pos2),
    By(f32),
}

/// A grip that is dragged sideways (`across`) or up and down.
fn grip(ui: &mut Ui, name: &str, rect: Rect, across: bool) -> Option<Moved> {
    let cursor = if across { CursorIcon::ResizeHorizontal } else { CursorIcon::ResizeVertical };
    let response = ui.interact(rect, Id::new(name), Sense::click_and_drag()).on_hover_cursor(cursor);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::ResizeHandle, true, name));
    let held = hold(ui, &response, rect);
    if held.is_some() || response.hovered() || response.has_focus() {
        let line = if across { rect.shrink2(vec2(1.5, 0.0)) } else { rect.shrink2(vec2(0.0, 1.5)) };
        ui.painter().rect_filled(line, 1, theme::ACCENT);
    }
    if let Some(to) = held {
        ui.ctx().set_cursor_icon(cursor);
        return Some(Moved::To(to));
    }
    if !response.has_focus() {
        return None;
    }
    // arrows would else go on to the next widget
    let filter = egui::EventFilter { horizontal_arrows: across, vertical_arrows: !across, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let (less, more) = if across { (Key::ArrowLeft, Key::ArrowRight) } else { (Key::ArrowUp, Key::ArrowDown) };
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    match (pressed(less), pressed(more)) {
        (true, false) => Some(Moved::By(-KEY_STEP)),
        (false, true) => Some(Moved::By(KEY_STEP)),
        _ => None,
    }
}

/// While a tab is dragged: shows where it would go, and lets it go there.
fn drop_panel(ui: &Ui, dock: &Dock, places: &Places, out: &mut Commands) {
    let Some(Held { panel, from }) = ui.data(|data| data.get_temp::<Held>(held_id())) else { return };
    let Some(pointer) = ui.input(|input| input.pointer.latest_pos()) else { return };
    let (down, given_up) = ui.input(|input| (input.pointer.primary_down(), input.key_pressed(Key::Escape)));
    if !down || given_up {
        ui.data_mut(|data| data.remove::<Held>(held_id()));
    }
    if given_up || from.distance(pointer) < DRAG_BEGINS {
        return;
    }
    ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
    let painter = ui.ctx().layer_painter(LayerId::new(Order::Tooltip, Id::new("docking")));
    let target = dock.target(places, pointer);
    if let Some((_, rect)) = target {
        painter.rect_filled(rect.shrink(3.0), CornerRadius::same(8), theme::ACCENT.gamma_multiply(0.16));
        painter.rect_stroke(rect.shrink(3.0), CornerRadius::same(8), Stroke::new(2.0, theme::ACCENT), StrokeKind::Inside);
    }
    let words = painter.layout_no_wrap(panel.title().to_owned(), theme::medium(13.0), theme::TEXT);
    let label = Rect::from_min_size(pointer + vec2(14.0, 10.0), words.size() + vec2(20.0, 12.0));
    painter.rect_filled(label, CornerRadius::same(theme::RADIUS), theme::CONTROL);
    painter.galley(Align2::CENTER_CENTER.align_size_within_rect(words.size(), label).min, words, theme::TEXT);
    if let (false, Some((place, _))) = (down, target) {
        push_change(dock, DockChange::Move(panel, place), out);
    }
}
