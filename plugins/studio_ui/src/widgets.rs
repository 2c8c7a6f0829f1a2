//! The few controls that egui lacks: headings, meters, segmented choices and the one button that matters.

use bevy_egui::egui::{
    self, Align, Align2, Button, Color32, Context, CornerRadius, Frame, Id, Image, Layout, Margin, Modal, ModalResponse, Rect, Response, RichText, Sense, Stroke,
    StrokeKind, TextWrapMode, TextureHandle, Ui, UiBuilder, load::SizedTexture, pos2, vec2,
};

use crate::theme::{self, GAP_SMALL};

/// A line of medium weight over what belongs together within a panel.
pub fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(GAP_SMALL);
    ui.label(RichText::new(text).font(theme::medium(12.5)).color(theme::TEXT));
    ui.add_space(-GAP_SMALL);
}

/// A window over everything else, with the room around its contents that a page has.
pub fn modal(context: &Context, name: &str, width: f32, contents: impl FnOnce(&mut Ui)) -> ModalResponse<()> {
    let frame = Frame::window(&context.global_style()).inner_margin(Margin::same(20));
    Modal::new(Id::new(name)).frame(frame).show(context, |ui| {
        ui.set_width(width);
        contents(ui);
    })
}

/// Text of lesser weight that wraps.
pub fn soft(ui: &mut Ui, text: impl Into<String>) -> Response {
    ui.add(egui::Label::new(RichText::new(text).size(12.0).color(theme::TEXT_SOFT)).wrap())
}

/// Height of a line of small text in a list of facts, in points.
const FACT_HEIGHT: f32 = 18.0;

/// Something at the left and something at the right of one line of small text.
fn line(ui: &mut Ui, left: impl FnOnce(&mut Ui), right: impl FnOnce(&mut Ui)) -> Response {
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = FACT_HEIGHT;
        ui.horizontal(|ui| {
            left(ui);
            ui.with_layout(Layout::right_to_left(Align::Center), right);
        });
    })
    .response
}

/// A name and its value on one line.
pub fn fact(ui: &mut Ui, name: &str, value: impl Into<String>) -> Response {
    let name = RichText::new(name).size(12.0).color(theme::TEXT_SOFT);
    let value = RichText::new(value).font(theme::medium(12.0)).color(theme::TEXT);
    let response = line(
        ui,
        |ui| {
            ui.label(name);
        },
        |ui| {
            ui.add(egui::Label::new(value).truncate());
        },
    );
    ui.add_space(-GAP_SMALL);
    response
}

/// A button over the whole width.
pub fn wide_button(ui: &mut Ui, enabled: bool, text: &str) -> Response {
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    let button = Button::new(text).wrap_mode(TextWrapMode::Truncate);
    ui.add_enabled_ui(enabled, |ui| ui.add_sized(size, button)).inner
}

/// The button that does what the painter came for; at most one per card.
pub fn primary_button(ui: &mut Ui, enabled: bool, text: &str) -> Response {
    let size = vec2(ui.available_width(), 34.0);
    ui.add_enabled_ui(enabled, |ui| {
        if enabled {
            let widgets = &mut ui.visuals_mut().widgets;
            for (state, fill) in [
                (&mut widgets.inactive, theme::ACCENT),
                (&mut widgets.hovered, theme::ACCENT_HOVER),
                (&mut widgets.active, theme::ACCENT),
            ] {
                state.weak_bg_fill = fill;
                state.fg_stroke.color = theme::ON_ACCENT;
            }
        }
        ui.add_sized(size, Button::new(RichText::new(text).font(theme::semibold(13.5))))
    })
    .inner
}

/// A choice of a few, side by side in one well. Returns the newly chosen one.
pub fn segmented<T: PartialEq + Copy>(ui: &mut Ui, current: T, choices: &[(T, &str)]) -> Option<T> {
    segmented_in_columns(ui, current, choices, choices.len())
}

/// As [`segmented`], in rows of so many, for choices whose names would not fit side by side.
pub fn segmented_in_columns<T: PartialEq + Copy>(
    ui: &mut Ui,
    current: T,
    choices: &[(T, &str)],
    columns: usize,
) -> Option<T> {
    let (width, columns) = (ui.available_width(), columns.max(1));
    let row = theme::CONTROL_HEIGHT - 4.0;
    let height = row * choices.len().div_ceil(columns) as f32 + 4.0;
    let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(theme::RADIUS), theme::WELL);
    let each = (width - 4.0) / columns as f32;
    let mut chosen = None;
    for (index, &(value, label)) in choices.iter().enumerate() {
        let corner = pos2(each * (index % columns) as f32, row * (index / columns) as f32);
        let cell = Rect::from_min_size(rect.min + vec2(2.0, 2.0) + corner.to_vec2(), vec2(each, row));
        let mut cell_ui = ui.new_child(UiBuilder::new().max_rect(cell).layout(Layout::top_down(Align::Center)));
        if segment(&mut cell_ui, cell, value == current, label).clicked() && value != current {
            chosen = Some(value);
        }
    }
    chosen
}

fn segment(ui: &mut Ui, cell: Rect, selected: bool, label: &str) -> Response {
    ui.scope(|ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        let (rest, text) =
            if selected { (theme::CONTROL_ACTIVE, Color32::WHITE) } else { (Color32::TRANSPARENT, theme::TEXT_SOFT) };
        widgets.inactive.weak_bg_fill = rest;
        widgets.inactive.fg_stroke.color = text;
        widgets.hovered.weak_bg_fill = if selected { rest } else { theme::CONTROL };
        for state in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
            state.corner_radius = CornerRadius::same(theme::RADIUS - 1);
        }
        ui.spacing_mut().button_padding = vec2(2.0, 0.0);
        ui.spacing_mut().interact_size.y = cell.height();
        let text = RichText::new(label).font(theme::medium(12.0));
        let response = ui.add_sized(cell.size(), Button::new(text).wrap_mode(TextWrapMode::Truncate));
        response.widget_info(|| egui::WidgetInfo::selected(egui::WidgetType::RadioButton, ui.is_enabled(), selected, label));
        response
    })
    .inner
}

/// A choice of a few by their pictures, two in a row. Returns the newly chosen one.
pub fn pictured<T: PartialEq + Copy>(
    ui: &mut Ui,
    current: Option<T>,
    choices: &[(T, &str, Option<&TextureHandle>)],
    aspect: f32,
) -> Option<T> {
    const COLUMNS: usize = 2;
    let gap = GAP_SMALL + 2.0;
    let width = (ui.available_width() - gap * (COLUMNS - 1) as f32) / COLUMNS as f32;
    let size = vec2(width, (width / aspect).round());
    let rows = choices.len().div_ceil(COLUMNS) as f32;
    let (all, _) = ui.allocate_exact_size(vec2(ui.available_width(), rows * (size.y + gap) - gap), Sense::hover());
    let mut chosen = None;
    for (index, &(value, name, texture)) in choices.iter().enumerate() {
        let cell = vec2((size.x + gap) * (index % COLUMNS) as f32, (size.y + gap) * (index / COLUMNS) as f32);
        let rect = Rect::from_min_size(all.min + cell, size);
        let response = ui.interact(rect, ui.id().with(("pictured", name)), Sense::click());
        let selected = current == Some(value);
        response.widget_info(|| egui::WidgetInfo::selected(egui::WidgetType::RadioButton, ui.is_enabled(), selected, name));
        tile(ui, rect, name, texture, selected, &response);
        if response.clicked() && !selected {
            chosen = Some(value);
        }
    }
    chosen
}

fn tile(ui: &Ui, rect: Rect, name: &str, texture: Option<&TextureHandle>, selected: bool, response: &Response) {
    const NAME_HEIGHT: f32 = 20.0;
    let (corners, below) = (CornerRadius::same(theme::RADIUS), theme::RADIUS);
    ui.painter().rect_filled(rect, corners, theme::WELL);
    if let Some(texture) = texture {
        Image::from_texture(SizedTexture::from_handle(texture)).fit_to_exact_size(rect.size()).corner_radius(corners).paint_at(ui, rect);
    }
    let strip = Rect::from_min_max(pos2(rect.left(), rect.bottom() - NAME_HEIGHT), rect.max);
    let strip_corners = CornerRadius { sw: below, se: below, ..CornerRadius::ZERO };
    ui.painter().rect_filled(strip, strip_corners, Color32::from_black_alpha(180));
    let text = if selected { Color32::WHITE } else { theme::TEXT };
    ui.painter().text(strip.left_center() + vec2(7.0, 0.0), Align2::LEFT_CENTER, name, theme::medium(11.5), text);
    let frame = match (selected, response.hovered() || response.has_focus()) {
        (true, _) => Stroke::new(2.0, theme::ACCENT),
        (false, true) => Stroke::new(1.5, theme::TEXT_SOFT),
        (false, false) => Stroke::new(1.0, theme::LINE),
    };
    ui.painter().rect_stroke(rect, corners, frame, StrokeKind::Inside);
}

/// A name, and a well that shows an sRGB colour and opens a picker; `of_what` names it for screen readers. Returns a new colour.
pub fn color_row(ui: &mut Ui, name: &str, of_what: &str, color: [u8; 3]) -> Option<[u8; 3]> {
    let mut wanted = color;
    ui.horizontal(|ui| {
        ui.label(RichText::new(name).size(12.0).color(theme::TEXT_SOFT));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let well = ui.color_edit_button_srgb(&mut wanted);
            let [r, g, b] = color;
            well.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::ColorButton, true, format!("{of_what}: {r}, {g}, {b}")));
        });
    });
    (wanted != color).then_some(wanted)
}

/// A bar from 0 to 100 with its name and number above.
pub fn meter(ui: &mut Ui, name: &str, value: f32, color: Color32) -> Response {
    let name = RichText::new(name).size(12.0).color(theme::TEXT_SOFT);
    let number = RichText::new(format!("{value:.0}")).font(theme::semibold(12.0)).color(theme::TEXT);
    let response = line(
        ui,
        |ui| {
            ui.label(name);
        },
        |ui| {
            ui.label(number);
        },
    );
    ui.add_space(-GAP_SMALL);
    bar(ui, value / 100.0, color, 4.0);
    response
}

/// A plain filled bar; `fraction` from 0 to 1.
pub fn bar(ui: &mut Ui, fraction: f32, color: Color32, height: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let radius = CornerRadius::same((height / 2.0) as u8);
    ui.painter().rect_filled(rect, radius, theme::WELL);
    let width = rect.width() * fraction.clamp(0.0, 1.0);
    if width >= 1.0 {
        ui.painter().rect_filled(Rect::from_min_size(rect.min, vec2(width.max(height), height)), radius, color);
    }
}

/// Shares of a whole, side by side in one bar.
pub fn shares(ui: &mut Ui, parts: &[(f32, Color32)]) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 10.0), Sense::hover());
    let total: f32 = parts.iter().map(|(share, _)| share.max(0.0)).sum();
    ui.painter().rect_filled(rect, CornerRadius::same(3), theme::WELL);
    let mut left = rect.left();
    for &(share, color) in parts {
        let width = rect.width() * share.max(0.0) / total.max(f32::EPSILON);
        if width > 1.0 {
            let part = Rect::from_min_size(pos2(left, rect.top()), vec2(width - 1.0, rect.height()));
            ui.painter().rect_filled(part, CornerRadius::same(3), color);
        }
        left += width;
    }
}

/// A coloured square with a name: one entry of a legend.
pub fn legend(ui: &mut Ui, color: Color32, name: &str, value: &str) {
    let text = RichText::new(name).size(12.0).color(theme::TEXT_SOFT);
    let value = RichText::new(value).font(theme::medium(12.0));
    line(
        ui,
        |ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
            ui.painter().rect_filled(rect, CornerRadius::same(3), color);
            ui.label(text);
        },
        |ui| {
            ui.label(value);
        },
    );
    ui.add_space(-GAP_SMALL);
}

/// One sentence with a coloured edge.
pub fn remark(ui: &mut Ui, color: Color32, text: &str) {
    let response = Frame::new()
        .fill(color.linear_multiply(0.12))
        .corner_radius(CornerRadius::same(theme::RADIUS))
        .inner_margin(Margin { left: 12, right: 8, top: 6, bottom: 6 })
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.add(egui::Label::new(RichText::new(text).size(12.0).color(theme::TEXT)).wrap());
        })
        .response;
    let edge = Rect::from_min_max(response.rect.min, pos2(response.rect.left() + 3.0, response.rect.bottom()));
    ui.painter().rect_filled(edge, CornerRadius { nw: theme::RADIUS, sw: theme::RADIUS, ne: 0, se: 0 }, color);
}

/// A slider with its name above and the value at the right; true while it changes.
pub fn named_slider(ui: &mut Ui, name: &str, slider: egui::Slider<'_>, value: String) -> Response {
    let shown = RichText::new(name).size(12.0).color(theme::TEXT_SOFT);
    let spoken = value.clone();
    let value = RichText::new(value).font(theme::medium(12.0));
    line(
        ui,
        |ui| {
            ui.label(shown);
        },
        |ui| {
            ui.label(value);
        },
    );
    ui.add_space(-GAP_SMALL);
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = FACT_HEIGHT;
        ui.spacing_mut().slider_width = ui.available_width();
        let response = ui.add(slider.show_value(false));
        response.widget_info(|| {
            let info = egui::WidgetInfo::labeled(egui::WidgetType::Slider, true, name);
            egui::WidgetInfo { current_text_value: Some(spoken.clone()), ..info }
        });
        response
    })
    .inner
}

/// A box that is ticked or not, with its words; true when that changes.
pub fn tick(ui: &mut Ui, on: &mut bool, text: &str) -> Response {
    ui.scope(|ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        for state in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
            state.corner_radius = CornerRadius::same(4);
            state.bg_fill = theme::WELL;
            state.bg_stroke = Stroke::new(1.0, theme::TEXT_FAINT);
        }
        if *on {
            for state in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
                state.bg_fill = theme::ACCENT;
                state.bg_stroke = Stroke::NONE;
                state.fg_stroke = Stroke::new(2.0, theme::ON_ACCENT);
            }
        }
        let text = RichText::new(text).size(12.5).color(theme::TEXT);
        ui.add(egui::Checkbox::new(on, text))
    })
    .inner
}

/// A dashed outline with words in its middle, where files can be dropped.
pub fn drop_zone(ui: &mut Ui, height: f32, hot: bool, title: &str, hint: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let lit = hot || response.hovered();
    let color = if lit { theme::ACCENT } else { theme::TEXT_FAINT };
    let fill = if lit { theme::ACCENT.linear_multiply(0.08) } else { theme::WELL };
    ui.painter().rect_filled(rect, CornerRadius::same(8), fill);
    let r = rect.shrink(0.5);
    let outline = [r.left_top(), r.right_top(), r.right_bottom(), r.left_bottom(), r.left_top()];
    ui.painter().add(egui::Shape::dashed_line(&outline, Stroke::new(1.0, color), 5.0, 4.0));
    let center = rect.center();
    ui.painter().text(center - vec2(0.0, 9.0), Align2::CENTER_CENTER, title, theme::medium(13.0), theme::TEXT);
    ui.painter().text(center + vec2(0.0, 10.0), Align2::CENTER_CENTER, hint, theme::regular(12.0), theme::TEXT_FAINT);
    let label = title.to_owned();
    response.widget_info(move || egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &label));
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// A numbered point on a photo or on the car; a ring where it is `hollow`.
pub fn mark_dot(painter: &egui::Painter, place: egui::Pos2, index: usize, hollow: bool) {
    const RADIUS: f32 = 9.0;
    let color = theme::mark_color(index);
    painter.circle_filled(place, RADIUS + 1.5, Color32::from_black_alpha(180));
    let text = if hollow {
        painter.circle_stroke(place, RADIUS, Stroke::new(2.0, color));
        color
    } else {
        painter.circle_filled(place, RADIUS, color);
        Color32::BLACK
    };
    painter.text(place, Align2::CENTER_CENTER, (index + 1).to_string(), theme::semibold(11.0), text);
}

/// Where the pointer is that holds a grip, or that lets it go in this frame; `None` while none does. A press counts where it
/// was made, because slow software drawing can get the press and the first moves in one frame, or the last and the release.
pub fn hold(ui: &Ui, response: &Response, grip: Rect) -> Option<egui::Pos2> {
    let (pressed_at, down, pointer) = ui.input(|input| {
        let pressed = input.pointer.primary_pressed().then(|| input.pointer.press_origin()).flatten();
        (pressed, input.pointer.primary_down(), input.pointer.latest_pos())
    });
    let on_top = ui.ctx().layer_id_at(grip.center()).is_none_or(|layer| layer == ui.layer_id());
    let begins = on_top && pressed_at.is_some_and(|place| grip.contains(place));
    let held = begins || ui.data(|data| data.get_temp(response.id).unwrap_or(false));
    ui.data_mut(|data| data.insert_temp(response.id, held && down));
    pointer.filter(|_| held)
}

/// A vertical line that is dragged sideways: where the pointer drags it to, and whether it has the pointer.
pub fn dragged_line(ui: &Ui, name: &str, x: f32, range: egui::Rangef) -> (Option<f32>, bool) {
    let grip = Rect::from_x_y_ranges(egui::Rangef::new(x - 9.0, x + 9.0), range);
    let response = ui.interact(grip, ui.id().with(name), Sense::drag()).on_hover_cursor(egui::CursorIcon::ResizeHorizontal);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Slider, true, name));
    let held = hold(ui, &response, grip);
    let has = held.is_some() || response.hovered();
    let color = if has { theme::ACCENT } else { Color32::WHITE };
    ui.painter().vline(x, range, Stroke::new(2.0, color));
    ui.painter().circle_filled(pos2(x, range.center()), 9.0, color);
    (held.map(|pointer| pointer.x), has)
}

/// A square picture, so many points wide; an empty well until its texture is there.
pub fn picture(ui: &mut Ui, side: f32, texture: Option<&TextureHandle>) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(8), theme::WELL);
    if let Some(texture) = texture {
        Image::from_texture(SizedTexture::from_handle(texture)).corner_radius(CornerRadius::same(8)).paint_at(ui, rect);
    }
    outline(ui, rect);
    response
}

/// A thin frame around a picture that was just painted.
pub fn outline(ui: &Ui, rect: Rect) {
    ui.painter().rect_stroke(rect, CornerRadius::same(8), Stroke::new(1.0, theme::LINE), StrokeKind::Inside);
}
