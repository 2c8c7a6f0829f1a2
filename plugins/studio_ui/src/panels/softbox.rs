//! The softbox beside the car.

use bevy::color::{ColorToComponents, ColorToPacked, LinearRgba, Srgba};
use bevy_egui::egui::{Slider, Ui};
use gridvox_showroom::Softbox;

use super::Commands;
use crate::command::StudioCommand;
use crate::widgets::{color_row, heading, named_slider, segmented, tick};

/// Where photographers put one first.
const PLACES: [(f32, &str); 4] = [(35.0, "Front"), (90.0, "Left"), (150.0, "Rear"), (270.0, "Right")];

/// Switch, place, size, brightness and colour.
pub fn softbox_section(ui: &mut Ui, softbox: &Softbox, on: bool, out: &mut Commands) {
    heading(ui, "Softbox");
    let mut stands = on;
    let hint = "A flat lamp beside the car, in all views that have no light of their own; the paint mirrors it";
    if tick(ui, &mut stands, "Softbox beside the car").on_hover_text(hint).changed() {
        out.push(StudioCommand::SetSoftbox(stands.then_some(*softbox)));
    }
    if !on {
        return;
    }
    let mut wanted = *softbox;
    let current = PLACES.map(|(azimuth, _)| azimuth).into_iter().find(|azimuth| (azimuth - softbox.azimuth_deg).abs() < 0.5);
    if let Some(Some(azimuth)) = segmented(ui, current, &PLACES.map(|(azimuth, name)| (Some(azimuth), name))) {
        wanted.azimuth_deg = azimuth;
    }
    let [width, length] = &mut wanted.size_m;
    let numbers: [(&str, &mut f32, std::ops::RangeInclusive<f32>, f32, &str); 6] = [
        ("Around the car", &mut wanted.azimuth_deg, 0.0..=360.0, 1.0, "°"),
        ("Height", &mut wanted.height_m, 0.3..=6.0, 0.05, " m"),
        ("Distance", &mut wanted.distance_m, 1.5..=10.0, 0.05, " m"),
        ("Width", width, 0.2..=6.0, 0.05, " m"),
        ("Depth", length, 0.1..=6.0, 0.05, " m"),
        ("Brightness", &mut wanted.strength, 0.0..=40.0, 0.1, ""),
    ];
    for (name, number, range, step, unit) in numbers {
        let decimals = if step < 0.1 { 2 } else { usize::from(step < 1.0) };
        let shown = format!("{number:.decimals$}{unit}");
        // a slider rounds even what nobody moved
        let mut moved = *number;
        named_slider(ui, name, Slider::new(&mut moved, range).step_by(f64::from(step)), shown);
        if (moved - *number).abs() > 0.5 * step {
            *number = moved;
        }
    }
    let srgb = Srgba::from(LinearRgba::from_f32_array_no_alpha(wanted.colour)).to_u8_array_no_alpha();
    if let Some([r, g, b]) = color_row(ui, "Colour", "Colour of the softbox", srgb) {
        wanted.colour = LinearRgba::from(Srgba::rgb_u8(r, g, b)).to_f32_array_no_alpha();
    }
    if wanted != *softbox {
        out.push(StudioCommand::SetSoftbox(Some(wanted)));
    }
}
