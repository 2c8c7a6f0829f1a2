//! The softbox beside the car.

use bevy::color::{ColorToComponents, ColorToPacked, LinearRgba, Srgba};
use bevy_egui::egui::{Align, Layout, RichText, Slider, Ui, WidgetInfo, WidgetType};
use gridvox_showroom::Softbox;

use super::Commands;
use crate::command::StudioCommand;
use crate::theme;
use crate::widgets::{heading, named_slider, segmented, tick};

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
    colour_row(ui, &mut wanted.colour);
    if wanted != *softbox {
        out.push(StudioCommand::SetSoftbox(Some(wanted)));
    }
}

fn colour_row(ui: &mut Ui, colour: &mut [f32; 3]) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Colour").size(12.0).color(theme::TEXT_SOFT));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let [r, g, b] = Srgba::from(LinearRgba::from_f32_array_no_alpha(*colour)).to_u8_array_no_alpha();
            let mut srgb = [r, g, b];
            let well = ui.color_edit_button_srgb(&mut srgb);
            well.widget_info(|| WidgetInfo::labeled(WidgetType::ColorButton, true, format!("Colour of the softbox: {r}, {g}, {b}")));
            if srgb != [r, g, b] {
                *colour = LinearRgba::from(Srgba::rgb_u8(srgb[0], srgb[1], srgb[2])).to_f32_array_no_alpha();
            }
        });
    });
}
