//! Which car is on stage.

use bevy_egui::egui::{self, Ui, WidgetInfo, WidgetType};

use super::Commands;
use crate::command::{Ask, StudioCommand};
use crate::model::CarState;
use crate::widgets::{fact, soft, wide_button};
use crate::theme;

/// Choice of the bundled cars, a folder of one's own, and the facts of the car on stage.
pub fn car_panel(ui: &mut Ui, cars: &[(String, String)], car: &CarState, out: &mut Commands) {
    let shown = car.pack();
    let title = match (car, shown) {
        (CarState::Loading { .. }, _) => "Opening the car…".to_owned(),
        (_, Some(pack)) => pack.manifest.name.clone(),
        _ => "Choose a car".to_owned(),
    };
    let list = egui::ComboBox::from_id_salt("car").width(ui.available_width()).selected_text(title.as_str());
    let list = list.show_ui(ui, |ui| {
        for (id, name) in cars {
            let current = shown.is_some_and(|pack| pack.manifest.id == *id);
            if ui.selectable_label(current, name).clicked() && !current {
                out.push(StudioCommand::ChooseCar(id.clone()));
            }
        }
    });
    list.response.widget_info(|| WidgetInfo::labeled(WidgetType::ComboBox, true, format!("Car: {title}")));
    if let Some(pack) = shown {
        let car = &pack.manifest;
        fact(ui, "Length × width × height", format!("{:.2} × {:.2} × {:.2} m", car.length_m, car.width_m, car.height_m));
        fact(ui, "Parts · triangles", format!("{} · {}", pack.model.parts.len(), thousands(pack.model.triangle_count())));
        ui.add_space(theme::GAP_SMALL);
    } else if matches!(car, CarState::None) {
        soft(ui, "The livery is made for the car that stands here.");
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
