//! The photo at a large size, to set points on.

use bevy::math::Vec2;
use bevy_egui::egui::{self, Align2, Color32, CornerRadius, CursorIcon, Pos2, Rect, Sense, TextureHandle, Ui, pos2, vec2};

use super::Commands;
use crate::command::StudioCommand;
use crate::marks::{Mark, Sheet};
use crate::model::PhotoEntry;
use crate::theme;
use crate::widgets::mark_dot;

/// Zoom per point that the wheel turned.
const ZOOM_PER_POINT: f32 = 1.0 / 250.0;

/// Where the photo lies on the window.
#[derive(Debug, Clone, Copy)]
struct Laid {
    area: Rect,
    /// Size of the photo in points.
    drawn: egui::Vec2,
    size_px: Vec2,
    sheet: Sheet,
}

impl Laid {
    fn new(area: Rect, size_px: (u32, u32), sheet: Sheet) -> Self {
        let size = vec2(size_px.0.max(1) as f32, size_px.1.max(1) as f32);
        let fit = (area.width() / size.x).min(area.height() / size.y);
        Self { area, drawn: size * (fit * sheet.zoom), size_px: Vec2::new(size.x, size.y), sheet }
    }

    fn place(&self, share: Vec2) -> Pos2 {
        let off = share - self.sheet.middle;
        self.area.center() + vec2(off.x * self.drawn.x, off.y * self.drawn.y)
    }

    fn share(&self, place: Pos2) -> Vec2 {
        let off = place - self.area.center();
        self.sheet.middle + Vec2::new(off.x / self.drawn.x, off.y / self.drawn.y)
    }

    fn photo_px(&self, place: Pos2) -> Option<Vec2> {
        let share = self.share(place);
        (share.cmpge(Vec2::ZERO).all() && share.cmple(Vec2::ONE).all()).then(|| share * self.size_px)
    }
}

/// The sheet over all room that there is; clicks set points, the wheel zooms, a drag moves.
pub fn photo_sheet(ui: &mut Ui, photo: &PhotoEntry, sheet: Sheet, shows_outline: bool, out: &mut Commands) {
    let area = ui.available_rect_before_wrap();
    ui.painter().rect_filled(area, 0, theme::BACKDROP);
    let Some(read) = photo.read() else { return };
    let laid = Laid::new(area, read.size_px, sheet);
    let response = ui.interact(area, ui.id().with("sheet"), Sense::click_and_drag()).on_hover_cursor(CursorIcon::Crosshair);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, "Photo to set points on"));

    let whole = Rect::from_min_max(laid.place(Vec2::ZERO), laid.place(Vec2::ONE));
    let painter = ui.painter().with_clip_rect(area);
    let all = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    let outline = photo.outline_texture.as_ref().filter(|_| shows_outline);
    for texture in photo.sheet_texture.iter().chain(outline).map(TextureHandle::id) {
        painter.image(texture, whole, all, Color32::WHITE);
    }
    for (index, mark) in photo.marks.iter().enumerate() {
        mark_dot(&painter, laid.place(mark.photo_px / laid.size_px), index, mark.car_point.is_none());
    }
    hint(&painter, area, &photo.marks);

    if response.clicked()
        && let Some(photo_px) = response.interact_pointer_pos().and_then(|pointer| laid.photo_px(pointer))
    {
        out.push(StudioCommand::MarkPhoto(photo_px));
    }
    let wheel = if response.hovered() { ui.input(|input| input.smooth_scroll_delta.y) } else { 0.0 };
    if let (true, Some(pointer)) = (wheel != 0.0, response.hover_pos()) {
        // What lies under the pointer stays there.
        let held = laid.share(pointer);
        let zoom = (sheet.zoom * (wheel * ZOOM_PER_POINT).exp()).clamp(1.0, 8.0);
        let middle = held + (sheet.middle - held) * (sheet.zoom / zoom);
        out.push(StudioCommand::MoveSheet(Sheet { zoom, middle }.bounded()));
    } else if response.dragged() && sheet.zoom > 1.0 {
        let drag = response.drag_delta();
        let middle = sheet.middle - Vec2::new(drag.x / laid.drawn.x, drag.y / laid.drawn.y);
        out.push(StudioCommand::MoveSheet(Sheet { middle, ..sheet }.bounded()));
    }
}

/// What to click next, at the upper edge.
fn hint(painter: &egui::Painter, area: Rect, marks: &[Mark]) {
    let text = match marks.last() {
        Some(mark) if mark.car_point.is_none() => format!("{} · Now click the same spot on the car", marks.len()),
        _ => format!("{} · Click a spot of the car in the photo", marks.len() + 1),
    };
    let words = painter.layout_no_wrap(text, theme::medium(13.0), theme::TEXT);
    let frame = Rect::from_center_size(pos2(area.center().x, area.top() + 28.0), words.size() + vec2(28.0, 14.0));
    painter.rect_filled(frame, CornerRadius::same(8), Color32::from_black_alpha(180));
    painter.galley(Align2::CENTER_CENTER.align_size_within_rect(words.size(), frame).min, words, theme::TEXT);
}
