//! The dialog in which a mesh becomes a car.

use bevy_egui::egui::{Align, Context, DragValue, Layout, RichText, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};
use gridvox_car::import::Nose;

use super::Commands;
use crate::command::StudioCommand;
use crate::imports::{ImportForm, ImportPhase, ImportState};
use crate::model::file_name;
use crate::theme::{self, GAP_SMALL};
use crate::widgets::{bar, heading, modal, primary_button, remark, segmented, soft, tick, wide_button};

/// Metres that a car can be set to.
const LENGTHS_M: std::ops::RangeInclusive<f32> = 1.0..=12.0;
/// Set first when the painter wants to say the length.
const USUAL_LENGTH_M: f32 = 4.6;

/// Which materials carry the livery, and what the file does not tell by itself.
pub fn import_dialog(context: &Context, state: &ImportState, out: &mut Commands) {
    let response = modal(context, "import", 480.0, |ui| {
        ui.label(RichText::new("Bring in a car").font(theme::semibold(16.0)));
        soft(ui, file_name(&state.file));
        ui.add_space(GAP_SMALL);
        match &state.phase {
            ImportPhase::Looking => {
                soft(ui, "Looking at the mesh…");
            }
            ImportPhase::Choosing(_) | ImportPhase::Running(..) => form(ui, state, out),
            ImportPhase::Unusable => {}
        }
        if let Some(problem) = &state.problem {
            ui.add_space(GAP_SMALL);
            remark(ui, theme::BAD, problem);
        }
        ui.add_space(GAP_SMALL);
        if let ImportPhase::Running(_, since) = &state.phase {
            soft(ui, format!("Laying the paint out and naming the panels… {} s. Large meshes take half a minute.", since.elapsed().as_secs()));
            ui.ctx().request_repaint_after(std::time::Duration::from_secs(1));
        } else if !matches!(state.phase, ImportPhase::Unusable) {
            let hint = "Choose the materials that carry the livery, and give the car a name.";
            let button = primary_button(ui, state.can_run(), "Bring it in");
            if button.on_disabled_hover_text(hint).clicked() {
                out.push(StudioCommand::RunImport);
            }
        }
        let away = if matches!(state.phase, ImportPhase::Running(..)) { "Stop" } else { "Cancel" };
        if wide_button(ui, true, away).clicked() {
            out.push(StudioCommand::LeaveImport);
        }
    });
    if response.should_close() {
        out.push(StudioCommand::LeaveImport);
    }
}

fn form(ui: &mut Ui, state: &ImportState, out: &mut Commands) {
    let mut new = state.form.clone();
    let choosing = matches!(state.phase, ImportPhase::Choosing(_));
    ui.add_enabled_ui(choosing, |ui| {
        heading(ui, "Which materials carry the livery?");
        ScrollArea::vertical().max_height(220.0).auto_shrink([false, true]).show(ui, |ui| {
            for (material, paint) in state.materials().iter().zip(&mut new.paint) {
                ui.horizontal(|ui| {
                    tick(ui, paint, &material.name);
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        let text = RichText::new(share(material.share)).font(theme::regular(12.0)).color(theme::TEXT_SOFT);
                        ui.allocate_ui_with_layout(vec2(44.0, 16.0), Layout::right_to_left(Align::Center), |ui| {
                            ui.set_min_width(44.0);
                            ui.label(text);
                        });
                        ui.allocate_ui(vec2(70.0, 6.0), |ui| bar(ui, material.share, theme::ACCENT, 4.0));
                    });
                });
            }
        });
        details(ui, &mut new);
    });
    if new != state.form {
        out.push(StudioCommand::SetImport(new));
    }
}

fn details(ui: &mut Ui, form: &mut ImportForm) {
    heading(ui, "Name");
    let field = ui.add(TextEdit::singleline(&mut form.name).desired_width(f32::INFINITY).margin(vec2(8.0, 6.0)).char_limit(60));
    let name = form.name.clone();
    field.widget_info(|| WidgetInfo { label: Some("Name of the car".into()), ..WidgetInfo::text_edit(true, &name, &name, "") });
    heading(ui, "Length");
    if let Some(own) = segmented(ui, form.length_m.is_some(), &[(false, "As the mesh says"), (true, "In metres")]) {
        form.length_m = own.then_some(USUAL_LENGTH_M);
    }
    if let Some(length) = &mut form.length_m {
        let value = ui.add(DragValue::new(length).range(LENGTHS_M).speed(0.01).fixed_decimals(2).suffix(" m"));
        let spoken = format!("{length:.2} metres");
        value.widget_info(|| {
            let info = WidgetInfo::labeled(bevy_egui::egui::WidgetType::DragValue, true, "Length of the car");
            WidgetInfo { current_text_value: Some(spoken.clone()), ..info }
        });
    }
    heading(ui, "The nose points to");
    let ways = ["+x", "-x", "+y", "-y", "+z", "-z"].map(|way| way.parse::<Nose>().ok());
    let words = ["+X", "−X", "+Y", "−Y", "+Z", "−Z"];
    let mut choices: Vec<(Option<Nose>, &str)> = vec![(None, "Find out")];
    choices.extend(ways.into_iter().zip(words));
    if let Some(nose) = segmented(ui, form.nose, &choices) {
        form.nose = nose;
    }
}

fn share(share: f32) -> String {
    if share < 0.01 { "< 1 %".into() } else { format!("{:.0} %", 100.0 * share) }
}
