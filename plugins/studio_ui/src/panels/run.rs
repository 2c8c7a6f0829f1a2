//! How far the run is.

use bevy_egui::egui::{self, Align, Layout, RichText, Ui};
use gridvox_inference::Stage;

use super::Commands;
use crate::command::StudioCommand;
use crate::model::RunState;
use crate::theme;
use crate::widgets::{bar, soft, wide_button};

/// The stages with a bar, and the way to stop.
pub fn run_progress(ui: &mut Ui, run: &RunState, out: &mut Commands) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Making the livery").font(theme::medium(13.0)));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(format!("{:.0} %", run.fraction * 100.0)).font(theme::semibold(13.0)));
        });
    });
    bar(ui, run.fraction, theme::ACCENT, 6.0);
    ui.add_space(theme::GAP_SMALL);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for stage in Stage::ALL {
            stage_row(ui, stage, run.stage);
        }
    });
    if run.previewed {
        soft(ui, "What is known so far is on the car already.");
    }
    if wide_button(ui, true, "Stop").on_hover_text("Esc").clicked() {
        out.push(StudioCommand::CancelRun);
    }
}

fn stage_row(ui: &mut Ui, stage: Stage, now: Stage) {
    let (color, text) = if stage < now {
        (theme::GOOD, theme::TEXT_SOFT)
    } else if stage == now {
        (theme::ACCENT, theme::TEXT)
    } else {
        (theme::CONTROL_ACTIVE, theme::TEXT_FAINT)
    };
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(12.0, 18.0), egui::Sense::hover());
        ui.painter().circle_filled(rect.center(), if stage == now { 4.0 } else { 3.0 }, color);
        ui.label(RichText::new(stage.label()).size(12.0).color(text));
    });
}
