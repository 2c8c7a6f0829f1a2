//! How the paint is finished: one finish for the whole car, its base colour, a spec map that finishes it by texel, and what can be
//! inspected in false colours.

use bevy_egui::egui::{Button, Color32, RichText, Ui, vec2};
use gridvox_showroom::{Inspection, PaintFinish};

use super::Commands;
use crate::command::{Ask, StudioCommand};
use crate::model::file_name;
use crate::spec_map::SpecState;
use crate::theme;
use crate::widgets::{color_row, fact, heading, picture, remark, segmented_in_columns, soft, wide_button};

/// Side of a spec map's picture, in points.
const PICTURE: f32 = 84.0;

/// The finish panel.
pub fn finish_panel(
    ui: &mut Ui,
    finish: PaintFinish,
    inspection: Inspection,
    base_color: [u8; 3],
    spec: &SpecState,
    out: &mut Commands,
) {
    let finishes = PaintFinish::ALL.map(|finish| (finish, finish.label()));
    if let Some(wanted) = segmented_in_columns(ui, finish, &finishes, 3) {
        out.push(StudioCommand::SetFinish(wanted));
    }
    if let Some(color) = color_row(ui, "Base colour", "Base colour", base_color) {
        out.push(StudioCommand::SetBaseColor(color));
    }
    ui.separator();
    heading(ui, "Spec map");
    spec_map(ui, spec, out);
    ui.separator();
    heading(ui, "Inspect");
    let shown = Inspection::ALL.map(|inspection| (inspection, inspection.label()));
    if let Some(wanted) = segmented_in_columns(ui, inspection, &shown, 3) {
        out.push(StudioCommand::Inspect(wanted));
    }
    soft(ui, inspection.legend());
}

fn spec_map(ui: &mut Ui, spec: &SpecState, out: &mut Commands) {
    match spec {
        SpecState::None => {
            let text = "A picture in the livery's layout that finishes the paint by texel: red is metal, green roughness, blue takes \
                        the clear coat away.";
            soft(ui, text);
        }
        SpecState::Reading { path, .. } => {
            soft(ui, format!("Reading {}…", file_name(path)));
        }
        SpecState::Shown(_) => {}
        SpecState::Refused { reason, .. } => remark(ui, theme::BAD, reason),
    }
    let shown = spec.map();
    if let Some(map) = shown {
        ui.horizontal(|ui| {
            picture(ui, PICTURE, map.texture.as_ref()).on_hover_text(map.path.display().to_string());
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                let name = RichText::new(file_name(&map.path)).font(theme::medium(12.0)).color(theme::TEXT);
                ui.add(bevy_egui::egui::Label::new(name).truncate());
                let percent = |share: f32| format!("{:.0} %", share * 100.0);
                let [metal, rough, coat] = map.means;
                let names = [("Metal", metal, METAL), ("Roughness", rough, ROUGH), ("Clear coat", coat, COAT)];
                for (name, mean, color) in names {
                    crate::widgets::legend(ui, color, name, &percent(mean));
                }
            });
        });
        fact(ui, "Size", format!("{0} × {0} px", map.picture.width()));
    }
    ui.horizontal(|ui| {
        let label = if shown.is_some() { "Another map…" } else { "Choose a map…" };
        let half = (ui.available_width() - theme::GAP) * if shown.is_some() { 0.62 } else { 1.0 };
        let button = Button::new(label).min_size(vec2(half, theme::CONTROL_HEIGHT));
        if ui.add(button).on_hover_text("A square picture of 512 to 8192 pixels, as made for iRacing").clicked() {
            out.push(StudioCommand::Ask(Ask::SpecMap));
        }
        if shown.is_some() && wide_button(ui, true, "Take it off").clicked() {
            out.push(StudioCommand::ClearSpecMap);
        }
    });
}

/// What the map's channels are painted with.
const METAL: Color32 = Color32::from_rgb(226, 82, 74);
const ROUGH: Color32 = Color32::from_rgb(92, 190, 96);
const COAT: Color32 = Color32::from_rgb(84, 136, 240);
