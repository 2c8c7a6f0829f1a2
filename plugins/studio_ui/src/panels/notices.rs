//! Notices over the views, and the log of all of them.

use std::time::Instant;

use bevy_egui::egui::{
    self, Align2, Area, Button, Color32, Context, CornerRadius, Frame, Margin, Order, RichText, ScrollArea, Stroke, vec2,
};

use super::Commands;
use crate::command::StudioCommand;
use crate::notices::{Notice, Notices, Weight};
use crate::theme;

fn color(weight: Weight) -> Color32 {
    match weight {
        Weight::Good => theme::GOOD,
        Weight::Warning => theme::WARN,
        Weight::Error => theme::BAD,
    }
}

/// The notices that are due, at the bottom of the window's middle.
pub fn toasts(context: &Context, notices: &Notices, out: &mut Commands) {
    let anchor = Area::new("notices".into()).order(Order::Foreground).anchor(Align2::CENTER_BOTTOM, vec2(0.0, -56.0));
    anchor.show(context, |ui| {
        ui.set_max_width(520.0);
        for notice in notices.on_screen() {
            toast(ui, notice, out);
        }
    });
}

fn toast(ui: &mut egui::Ui, notice: &Notice, out: &mut Commands) {
    Frame::new()
        .fill(theme::CARD)
        .stroke(Stroke::new(1.0, theme::LINE))
        .corner_radius(CornerRadius::same(8))
        .shadow(ui.visuals().popup_shadow)
        .inner_margin(Margin::symmetric(12, 8))
        .show(ui, |ui| {
            ui.horizontal_top(|ui| {
                let (dot, _) = ui.allocate_exact_size(vec2(8.0, 18.0), egui::Sense::hover());
                ui.painter().circle_filled(dot.center(), 4.0, color(notice.weight));
                let text = RichText::new(&notice.text).size(13.0).color(theme::TEXT);
                ui.vertical(|ui| {
                    ui.set_max_width(400.0);
                    ui.add(egui::Label::new(text).wrap());
                });
                ui.spacing_mut().interact_size.y = 18.0;
                let button = Button::new(RichText::new("Dismiss").size(12.0).color(theme::TEXT_SOFT)).small();
                if ui.add(button.frame_when_inactive(false)).clicked() {
                    out.push(StudioCommand::DismissNotice(notice.id));
                }
            });
        });
}

/// Everything the studio said, newest first.
pub fn log(context: &Context, notices: &Notices, out: &mut Commands) {
    let mut open = true;
    egui::Window::new("Log")
        .open(&mut open)
        .collapsible(false)
        .default_size(vec2(520.0, 320.0))
        .anchor(Align2::RIGHT_TOP, vec2(-16.0, 56.0))
        .show(context, |ui| {
            ScrollArea::vertical().auto_shrink([false, true]).show(ui, |ui| {
                if notices.log().next().is_none() {
                    ui.label(RichText::new("Nothing has been said yet.").color(theme::TEXT_SOFT));
                }
                for notice in notices.log() {
                    entry(ui, notice);
                }
            });
        });
    if !open {
        out.push(StudioCommand::ToggleLog);
    }
}

fn entry(ui: &mut egui::Ui, notice: &Notice) {
    ui.horizontal_top(|ui| {
        let (dot, _) = ui.allocate_exact_size(vec2(8.0, 18.0), egui::Sense::hover());
        ui.painter().circle_filled(dot.center(), 3.5, color(notice.weight));
        let ago = Instant::now().duration_since(notice.at).as_secs();
        let ago = if ago < 60 { "now".to_owned() } else { format!("{} min", ago / 60) };
        ui.add_sized(vec2(48.0, 18.0), egui::Label::new(RichText::new(ago).size(12.0).color(theme::TEXT_FAINT)));
        ui.add(egui::Label::new(RichText::new(&notice.text).size(12.5)).wrap().selectable(true));
    });
}
