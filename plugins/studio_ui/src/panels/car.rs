//! Which car is on stage.

use bevy_egui::egui::Ui;

use super::Commands;
use crate::command::{Ask, StudioCommand};
use crate::model::{CarState, Choice};
use crate::widgets::{fact, pictured, soft, wide_button};
use crate::theme;

/// Width over height of a car's picture.
const ASPECT: f32 = 1.78;

/// Choice of the bundled and the imported cars, a mesh, a folder of one's own, and the facts of the car on stage.
pub fn car_panel(ui: &mut Ui, cars: &[Choice], car: &CarState, out: &mut Commands) {
    let shown = car.pack();
    let current = shown.and_then(|pack| cars.iter().position(|known| known.id == pack.manifest.id));
    let choices: Vec<_> = cars.iter().enumerate().map(|(index, known)| (index, known.name.as_str(), known.texture.as_ref())).collect();
    if let Some(index) = pictured(ui, current, &choices, ASPECT) {
        out.push(StudioCommand::ChooseCar(cars[index].id.clone()));
    }
    if matches!(car, CarState::Loading { .. }) {
        soft(ui, "Opening the car…");
    } else if let (Some(pack), None) = (shown, current) {
        fact(ui, "Your car", pack.manifest.name.as_str());
    }
    if let Some(pack) = shown {
        let car = &pack.manifest;
        fact(ui, "Length × width × height", format!("{:.2} × {:.2} × {:.2} m", car.length_m, car.width_m, car.height_m));
        fact(ui, "Parts · triangles", format!("{} · {}", pack.model.parts.len(), thousands(pack.model.triangle_count())));
        ui.add_space(theme::GAP_SMALL);
    } else if matches!(car, CarState::None) {
        soft(ui, "The livery is made for the car that stands here.");
    }
    let hint = "A car that somebody modelled, as a .glb file; dropping it works too";
    if wide_button(ui, true, "Bring in a car…").on_hover_text(hint).clicked() {
        out.push(StudioCommand::Ask(Ask::Mesh));
    }
    if wide_button(ui, true, "Open car pack…").on_hover_text("A folder with car.toml and a GLB; dropping it works too").clicked() {
        out.push(StudioCommand::Ask(Ask::Car));
    }
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

#[cfg(test)]
mod tests {
    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!(super::thousands(999), "999");
        assert_eq!(super::thousands(84_512), "84\u{2009}512");
        assert_eq!(super::thousands(1_000_000), "1\u{2009}000\u{2009}000");
    }
}
