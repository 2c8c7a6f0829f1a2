//! Which car is on stage.

use bevy_egui::egui::{self, RichText, Ui};

use gridvox_showroom::PaintFinish;

use super::Commands;
use crate::command::{Ask, StudioCommand};
use crate::model::CarState;
use crate::widgets::{card, fact, segmented_in_columns, soft, wide_button};
use crate::theme;

/// Choice of the bundled cars, a folder of one's own, and the facts of the car on stage.
pub fn car_panel(
    ui: &mut Ui,
    cars: &[(String, String)],
    car: &CarState,
    base_color: [u8; 3],
    finish: PaintFinish,
    out: &mut Commands,
) {
    card(ui, "Car", |_| {}, |ui| {
        let shown = car.pack();
        let title = match (car, shown) {
            (CarState::Loading { .. }, _) => "Opening the car…".to_owned(),
            (_, Some(pack)) => pack.manifest.name.clone(),
            _ => "Choose a car".to_owned(),
        };
        egui::ComboBox::from_id_salt("car").width(ui.available_width()).selected_text(title).show_ui(ui, |ui| {
            for (id, name) in cars {
                let current = shown.is_some_and(|pack| pack.manifest.id == *id);
                if ui.selectable_label(current, name).clicked() && !current {
                    out.push(StudioCommand::ChooseCar(id.clone()));
                }
            }
        });
        if let Some(pack) = shown {
            let car = &pack.manifest;
            fact(ui, "Length × width × height", format!("{:.2} × {:.2} × {:.2} m", car.length_m, car.width_m, car.height_m));
            fact(ui, "Parts · triangles", format!("{} · {}", pack.model.parts.len(), thousands(pack.model.triangle_count())));
        } else if matches!(car, CarState::None) {
            soft(ui, "The livery is made for the car that stands here.");
        }
        let finishes = PaintFinish::ALL.map(|finish| (finish, finish.label()));
        if let Some(wanted) = segmented_in_columns(ui, finish, &finishes, 3) {
            out.push(StudioCommand::SetFinish(wanted));
        }
        base_color_row(ui, base_color, out);
        if wide_button(ui, true, "Open car pack…").on_hover_text("A folder with car.toml and a GLB; dropping it works too").clicked() {
            out.push(StudioCommand::Ask(Ask::Car));
        }
    });
}

/// `12345` as `12 345`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

/// The colour that shows where there is no livery.
fn base_color_row(ui: &mut Ui, base_color: [u8; 3], out: &mut Commands) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Base colour").size(12.0).color(theme::TEXT_SOFT));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let mut color = base_color;
            if ui.color_edit_button_srgb(&mut color).changed() && color != base_color {
                out.push(StudioCommand::SetBaseColor(color));
            }
        });
    });
}

#[cfg(test)]
mod tests {
    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!(super::thousands(999), "999");
        assert_eq!(super::thousands(84_512), "84\u{2009}512");
        assert_eq!(super::thousands(1_000_000), "1\u{2009}000\u{2009}000");
    }
}
