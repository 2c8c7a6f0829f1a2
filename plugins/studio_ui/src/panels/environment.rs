//! The light around the car.

use bevy_egui::egui::{Slider, Ui};

use gridvox_showroom::EnvironmentId;

use super::{Commands, softbox};
use crate::command::{Ask, StudioCommand};
use crate::model::{Choice, LightState, file_name};
use crate::widgets::{named_slider, pictured, soft, wide_button};

/// Width over height of an environment's picture.
const ASPECT: f32 = 2.25;

/// Choice of the environment, its direction and its brightness.
pub fn environment_panel(ui: &mut Ui, bundled: &[Choice], light: &LightState, out: &mut Commands) {
    let current = match &light.light {
        EnvironmentId::Bundled(id) => bundled.iter().position(|known| known.id == *id),
        EnvironmentId::File(_) => None,
    };
    let choices: Vec<_> = bundled.iter().enumerate().map(|(index, known)| (index, known.name.as_str(), known.texture.as_ref())).collect();
    if let Some(index) = pictured(ui, current, &choices, ASPECT) {
        out.push(StudioCommand::SetLight(EnvironmentId::Bundled(bundled[index].id.clone())));
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
