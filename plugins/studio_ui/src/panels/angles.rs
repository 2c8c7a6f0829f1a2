//! The saved angles: to look from, to rename, to delete.

use bevy_egui::egui::{Align, Button, Context, Id, Layout, RichText, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};
use gridvox_showroom::SavedAngles;

use super::Commands;
use crate::command::StudioCommand;
use crate::theme::{self, GAP, GAP_LARGE};
use crate::widgets::{modal, soft};

/// Width of a name, in points.
const NAME_WIDTH: f32 = 230.0;
/// Saved angles that have keys of their own.
pub const WITH_KEYS: usize = 9;

/// The keys of a saved angle.
pub fn keys(index: usize) -> String {
    if index < WITH_KEYS { format!("Alt+{}", index + 1) } else { String::new() }
}

/// The list over the window; any click beside it closes it.
pub fn angles_overlay(context: &Context, angles: &SavedAngles, out: &mut Commands) {
    let response = modal(context, "angles", 440.0, |ui| {
        let closes = ui.horizontal(|ui| {
            ui.label(RichText::new("Saved angles").font(theme::semibold(18.0)));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.button("Close").clicked()).inner
        });
        if closes.inner {
            out.push(StudioCommand::ToggleAngles);
        }
        ui.add_space(GAP);
        if angles.list().is_empty() {
            soft(ui, "None yet: A saves the angle of the view under the pointer.");
            return;
        }
        let height = (context.content_rect().height() - 180.0).clamp(120.0, 520.0);
        ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            ui.set_width(ui.available_width() - GAP_LARGE);
            for index in 0..angles.list().len() {
                row(ui, angles, index, out);
            }
        });
    });
    if response.backdrop_response.clicked() {
        out.push(StudioCommand::ToggleAngles);
    }
}

fn row(ui: &mut Ui, angles: &SavedAngles, index: usize, out: &mut Commands) {
    let name = &angles.list()[index].name;
    ui.horizontal(|ui| {
        let id = Id::new(("angle name", index));
        // what is being typed counts when the field is left
        let mut typed = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_else(|| name.clone());
        let field = TextEdit::singleline(&mut typed).id(id.with("field")).desired_width(NAME_WIDTH).margin(vec2(8.0, 5.0));
        let field = ui.add(field);
        field.widget_info(|| {
            let label = Some(format!("Name of {name}"));
            WidgetInfo { label, ..WidgetInfo::text_edit(true, name, &typed, "") }
        });
        if field.changed() {
            ui.data_mut(|data| data.insert_temp(id, typed.clone()));
        }
        if field.lost_focus() {
            ui.data_mut(|data| data.remove::<String>(id));
            if typed != *name {
                out.push(StudioCommand::RenameAngle(index, typed));
            }
        }
        ui.label(RichText::new(keys(index)).size(12.0).color(theme::TEXT_FAINT));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let delete = Button::new(RichText::new("Delete").size(12.0).color(theme::TEXT_SOFT)).frame_when_inactive(false);
            if ui.add(delete).on_hover_text(format!("Delete {name}")).clicked() {
                out.push(StudioCommand::DeleteAngle(index));
            }
            if ui.add(Button::new(RichText::new("Look").size(12.0))).on_hover_text(format!("Look from {name}")).clicked() {
                out.push(StudioCommand::ShowAngle(None, index));
                out.push(StudioCommand::ToggleAngles);
            }
        });
    });
}
