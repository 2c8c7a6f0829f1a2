//! The question about a dropped picture that could be a livery or a photo.

use std::path::Path;

use bevy_egui::egui::{Context, RichText};

use super::Commands;
use crate::command::{DropAnswer, StudioCommand};
use crate::model::file_name;
use crate::theme;
use crate::widgets::{modal, primary_button, soft, wide_button};

/// Asks what the square picture is.
pub fn drop_question(context: &Context, path: &Path, out: &mut Commands) {
    let response = modal(context, "dropped", 340.0, |ui| {
        ui.label(RichText::new("Livery or photo?").font(theme::semibold(16.0)));
        soft(ui, format!("{} is square like a livery texture. What should the studio do with it?", file_name(path)));
        ui.add_space(theme::GAP_SMALL);
        if primary_button(ui, true, "Open as livery").clicked() {
            out.push(StudioCommand::AnswerDrop(DropAnswer::Livery));
        }
        if wide_button(ui, true, "Use as photo of the car").clicked() {
            out.push(StudioCommand::AnswerDrop(DropAnswer::Photo));
        }
        if wide_button(ui, true, "Neither").clicked() {
            out.push(StudioCommand::AnswerDrop(DropAnswer::Neither));
        }
    });
    if response.should_close() {
        out.push(StudioCommand::AnswerDrop(DropAnswer::Neither));
    }
}
