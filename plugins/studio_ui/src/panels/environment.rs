//! The light around the car.

use bevy_egui::egui::{Slider, Ui};

use gridvox_showroom::EnvironmentId;

use super::{Commands, softbox};
use crate::command::{Ask, StudioCommand};
use crate::model::{LightState, file_name};
use crate::widgets::{named_slider, segmented_in_columns, soft, wide_button};

/// Environments side by side: their names fit in half the panel.
const COLUMNS: usize = 2;

/// Choice of the environment, its direction and its brightness.
pub fn environment_panel(ui: &mut Ui, bundled: &[(String, String)], light: &LightState, out: &mut Commands) {
    let current = match &light.light {
        EnvironmentId::Bundled(id) => bundled.iter().position(|(known, _)| known == id),
        EnvironmentId::File(_) => None,
    };
    let choices: Vec<(Option<usize>, &str)> =
        bundled.iter().enumerate().map(|(index, (_, name))| (Some(index), name.as_str())).collect();
    if let Some(Some(index)) = segmented_in_columns(ui, current, &choices, COLUMNS) {
        out.push(StudioCommand::SetLight(EnvironmentId::Bundled(bundled[index].0.clone())));
    }
    if let EnvironmentId::File(path) = &light.light {
        soft(ui, format!("From {}", file_name(path)));
    }
    if light.preparing {
        soft(ui, "Preparing the light…");
    }
    let mut rotation = light.rotation_deg;
    let shown = format!("{rotation:.0}°");
    if named_slider(ui, "Direction", Slider::new(&mut rotation, 0.0..=360.0), shown).changed() {
        out.push(StudioCommand::SetRotation(rotation));
    }
    let mut exposure = light.exposure_ev;
    let shown = format!("{exposure:+.1} EV");
    if named_slider(ui, "Exposure", Slider::new(&mut exposure, -3.0..=3.0), shown).changed() {
        out.push(StudioCommand::SetExposure((exposure * 10.0).round() / 10.0));
    }
    if wide_button(ui, true, "Open environment…").on_hover_text("An .hdr or .exr panorama; dropping it works too").clicked() {
        out.push(StudioCommand::Ask(Ask::Environment));
    }
    softbox::softbox_section(ui, &light.softbox, light.softbox_on, out);
}
