//! A photo over the view that looks through its lens: left of a line the photo, right of it the render over the photo.

use bevy::math::Vec2;
use bevy_egui::egui::{
    self, Align, Align2, Button, Color32, CornerRadius, Frame, Layout, Margin, Rect, RichText, Slider, TextureId, Ui, UiBuilder, pos2, vec2,
};
use gridvox_showroom::photo_match::letterbox;

use super::Commands;
use crate::command::StudioCommand;
use crate::theme;
use crate::widgets::dragged_line;

/// What a match shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MatchView {
    /// The photo, once it is on the graphics card.
    pub picture: Option<TextureId>,
    /// Pixels of the photo's camera.
    pub size_px: (u32, u32),
    /// The photo's name.
    pub name: String,
    /// Its place among the photos that have a camera, from 0, and how many there are.
    pub place: (usize, usize),
    /// Where the line stands, 0..=1 of the photo's width.
    pub line: f32,
    /// How much of the photo the render hides, 0..=1.
    pub opacity: f32,
    /// What to know about the photo's lens.
    pub note: Option<String>,
}

/// Where the photo lies in a view.
pub fn photo_rect(view: Rect, size_px: (u32, u32)) -> Rect {
    let (corner, scale) = letterbox(size_px, Vec2::new(view.width(), view.height()));
    let size = vec2(size_px.0 as f32, size_px.1 as f32) * scale;
    Rect::from_min_size(view.min + vec2(corner.x, corner.y), size)
}

/// Draws the photo over the render; returns what lies on the picture, or the whole view while the line has the pointer.
pub(super) fn match_overlay(ui: &mut Ui, rect: Rect, view: &MatchView, out: &mut Commands) -> Vec<Rect> {
    let photo = photo_rect(rect, view.size_px);
    let painter = ui.painter().with_clip_rect(rect);
    let x = photo.left() + photo.width() * view.line;
    if let Some(picture) = view.picture {
        let part = |from: f32, to: f32, strength: f32| {
            let at = |share: f32| photo.left() + photo.width() * share;
            let place = Rect::from_min_max(pos2(at(from), photo.top()), pos2(at(to), photo.bottom()));
            let uv = Rect::from_min_max(pos2(from, 0.0), pos2(to, 1.0));
            painter.image(picture, place, uv, Color32::WHITE.gamma_multiply(strength));
        };
        part(0.0, view.line, 1.0);
        part(view.line, 1.0, 1.0 - view.opacity);
    }
    // what the photo does not show steps back
    let shade = Color32::from_black_alpha(150);
    for beside in [
        Rect::from_min_max(rect.min, pos2(photo.left(), rect.bottom())),
        Rect::from_min_max(pos2(photo.right(), rect.top()), rect.max),
        Rect::from_min_max(pos2(photo.left(), rect.top()), pos2(photo.right(), photo.top())),
        Rect::from_min_max(pos2(photo.left(), photo.bottom()), pos2(photo.right(), rect.bottom())),
    ] {
        painter.rect_filled(beside, 0, shade);
    }
    let label = |place: egui::Pos2, align: Align2, text: &str| {
        let words = ui.painter().layout_no_wrap(text.to_owned(), theme::medium(12.0), theme::TEXT);
        let frame = align.anchor_size(place, words.size() + vec2(18.0, 10.0));
        painter.rect_filled(frame, CornerRadius::same(theme::RADIUS), Color32::from_black_alpha(165));
        painter.galley(frame.min + vec2(9.0, 5.0), words, theme::TEXT);
    };
    let top = photo.top().max(rect.top()) + 8.0;
    if view.line > 0.15 {
        label(pos2(x - 10.0, top + 30.0), Align2::RIGHT_TOP, "Photo");
    }
    if view.line < 0.85 {
        label(pos2(x + 10.0, top + 30.0), Align2::LEFT_TOP, "Render");
    }
    let (to, has) = dragged_line(ui, "Line between photo and render", x, photo.intersect(rect).y_range());
    let moved = to.map(|to| ((to - photo.left()) / photo.width()).clamp(0.0, 1.0));
    if let Some(moved) = moved.filter(|moved| *moved != view.line) {
        out.push(StudioCommand::SetMatchLine(moved));
    }
    let mut lying = vec![bar(ui, rect, view, out)];
    if has {
        lying.push(rect);
    }
    lying
}

/// Which photo, how much of the render, and the way out.
fn bar(ui: &mut Ui, rect: Rect, view: &MatchView, out: &mut Commands) -> Rect {
    let width = 460.0_f32.min(rect.width() - 16.0);
    let note = if view.note.is_some() { 22.0 } else { 0.0 };
    let place = Rect::from_center_size(pos2(rect.center().x, rect.bottom() - 30.0 - note / 2.0), vec2(width, 40.0 + note));
    let layout = Layout::top_down(Align::Center);
    let mut bar = ui.new_child(UiBuilder::new().id_salt("match").max_rect(place).layout(layout));
    let frame = Frame::new()
        .fill(Color32::from_black_alpha(190))
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::symmetric(8, 4));
    let shown = frame.show(&mut bar, |ui| {
        ui.set_width(width - 16.0);
        ui.horizontal(|ui| {
            ui.spacing_mut().interact_size.y = 26.0;
            let (index, count) = view.place;
            let step = |ui: &mut Ui, sign: &str, hint: &str| {
                let button = Button::new(RichText::new(sign).font(theme::medium(15.0))).frame_when_inactive(false);
                let response = ui.add_enabled(count > 1, button.min_size(vec2(24.0, 26.0)));
                response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, count > 1, hint));
                response.on_hover_text(hint).clicked()
            };
            if step(ui, "‹", "Photo before (Left)") {
                out.push(StudioCommand::StepMatch(-1));
            }
            let name = if count > 1 { format!("{} of {count}", index + 1) } else { "Photo".to_owned() };
            ui.label(RichText::new(name).font(theme::medium(12.0)).color(theme::TEXT)).on_hover_text(&view.name);
            if step(ui, "›", "Next photo (Right)") {
                out.push(StudioCommand::StepMatch(1));
            }
            ui.add_space(theme::GAP);
            ui.label(RichText::new("Render").size(12.0).color(theme::TEXT_SOFT));
            let mut opacity = view.opacity * 100.0;
            ui.spacing_mut().slider_width = (ui.available_width() - 118.0).max(40.0);
            let slider = ui.add(Slider::new(&mut opacity, 0.0..=100.0).show_value(false));
            slider.widget_info(|| egui::WidgetInfo::slider(true, f64::from(opacity), "Opacity of the render"));
            if slider.changed() {
                out.push(StudioCommand::SetMatchOpacity(opacity / 100.0));
            }
            ui.label(RichText::new(format!("{opacity:.0} %")).font(theme::medium(12.0)));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let leave = Button::new(RichText::new("Leave").font(theme::medium(12.0)));
                if ui.add(leave).on_hover_text("M; dragging the view leaves it, too").clicked() {
                    out.push(StudioCommand::LeaveMatch { stays: false });
                }
            });
        });
        if let Some(note) = &view.note {
            ui.label(RichText::new(note).size(11.5).color(theme::TEXT_SOFT));
        }
    });
    shown.response.rect
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_photo_keeps_its_shape_in_every_view() {
        for (width, height) in [(972.0, 956.0), (652.0, 300.0), (301.0, 900.0)] {
            let view = Rect::from_min_size(pos2(320.0, 44.0), vec2(width, height));
            let photo = photo_rect(view, (1920, 1280));
            assert!((photo.width() / photo.height() - 1.5).abs() < 1e-4);
            assert!(view.expand(1e-3).contains_rect(photo));
            assert!((photo.center() - view.center()).length() < 1e-3);
            assert!((photo.width() - width).abs() < 1e-3 || (photo.height() - height).abs() < 1e-3);
        }
    }
}
