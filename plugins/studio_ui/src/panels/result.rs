//! How good the finished livery is and where its texels come from.

use bevy_egui::egui::{Align, Layout, RichText, Ui, WidgetInfo, WidgetType};
use gridvox_inference::FinishedLivery;

use super::Commands;
use crate::command::StudioCommand;
use crate::confidence::{INVENTED, MIRRORED, SEEN, color32};
use crate::theme;
use crate::widgets::{fact, heading, legend, meter, remark, shares, soft, wide_button};

/// The result panel; without a result it says what will be here.
pub fn result_panel(ui: &mut Ui, result: Option<&FinishedLivery>, shows_confidence: bool, out: &mut Commands) {
    let Some(result) = result else {
        soft(ui, "Scores, coverage and timings appear here once a livery is made from a photo.");
        return;
    };
    let report = &result.report;
    let scores = &report.scores;
    ui.horizontal(|ui| {
        let overall = RichText::new(format!("{:.0}", scores.overall)).font(theme::semibold(34.0));
        ui.label(overall.color(theme::score_color(scores.overall)));
        ui.vertical(|ui| {
            ui.add_space(theme::GAP_LARGE);
            ui.label(RichText::new("of 100, as the studio").size(12.0).color(theme::TEXT_SOFT));
            ui.add_space(-theme::GAP);
            ui.label(RichText::new("expects it to be").size(12.0).color(theme::TEXT_SOFT));
        });
    });
    for (name, score, hint) in [
        ("Everything in its place", scores.accuracy, "How far stripes and logos are expected to lie from where they are on the real car"),
        ("On the right part", scores.semantic, "How much of the paint is expected to come from the same part of the real car"),
        ("Colours come out true", scores.colour, "How near the paint is expected to be to the real one, without the photo's light"),
    ] {
        meter(ui, name, score, theme::score_color(score)).on_hover_text(hint);
    }
    // a measurement, which no score is made of: the photo's light is in it
    let hint = "The livery drawn from the photo's camera under the photo's light, against the photo itself, as CIEDE2000: below 2 \
                nobody sees a difference, 5 is seen side by side, 10 at once";
    let close = match scores.colour_delta_e {
        d if d < 2.0 => "the same",
        d if d < 5.0 => "close",
        d if d < 10.0 => "seen side by side",
        _ => "seen at once",
    };
    fact(ui, "Difference from the photo", format!("ΔE {:.1}, {close}", scores.colour_delta_e)).on_hover_text(hint);

    heading(ui, "Where the paint comes from");
    let coverage = report.coverage;
    shares(ui, &[
        (coverage.seen, color32(SEEN)),
        (coverage.mirrored, color32(MIRRORED)),
        (coverage.invented, color32(INVENTED)),
    ]);
    let percent = |share: f32| format!("{:.0} %", share * 100.0);
    legend(ui, color32(SEEN), "Seen in a photo", &percent(coverage.seen));
    legend(ui, color32(MIRRORED), "Mirrored from the other side", &percent(coverage.mirrored));
    legend(ui, color32(INVENTED), "Filled in", &percent(coverage.invented));
    ui.add_space(theme::GAP_SMALL);
    let label = if shows_confidence { "Show the livery" } else { "Show it on the car" };
    if wide_button(ui, true, label).on_hover_text("C").clicked() {
        out.push(StudioCommand::ToggleConfidence);
    }
    if wide_button(ui, true, "Lay it over the photo").on_hover_text("From the photo's own camera (M)").clicked() {
        out.push(StudioCommand::ToggleMatch);
    }
    for warning in &report.warnings {
        remark(ui, theme::WARN, warning);
    }
    timings(ui, result);
}

fn timings(ui: &mut Ui, result: &FinishedLivery) {
    let timings = &result.report.timings_secs;
    let total = timings.get("total").copied().unwrap_or_else(|| timings.values().sum());
    ui.separator();
    let id = ui.make_persistent_id("timings");
    let header = bevy_egui::egui::collapsing_header::CollapsingState::load_with_default_open(ui.ctx(), id, false);
    let (sign, ..) = header
        .show_header(ui, |ui| {
            ui.label(RichText::new("Time").size(12.0).color(theme::TEXT_SOFT));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(RichText::new(format!("{total:.1} s")).font(theme::medium(12.0)));
            });
        })
        .body_unindented(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for stage in gridvox_inference::Stage::ALL {
                if let Some(secs) = timings.get(stage.key()) {
                    fact(ui, stage.label(), format!("{secs:.2} s"));
                }
            }
        });
    sign.widget_info(|| WidgetInfo::labeled(WidgetType::CollapsingHeader, true, "Time by step"));
}
