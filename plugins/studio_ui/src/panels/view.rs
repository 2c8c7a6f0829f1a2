//! One view's lens and backdrop.

use bevy_egui::egui::{Slider, Ui};
use gridvox_showroom::ViewId;

use super::Commands;
use crate::command::StudioCommand;
use crate::widgets::{heading, named_slider, segmented, soft, tick, wide_button};

/// What the panel shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ViewPanelView {
    /// Views that are shown.
    pub count: usize,
    /// The one that this is about.
    pub active: ViewId,
    /// The focal length of its lens in millimetres, once it stands.
    pub lens_mm: Option<f32>,
    /// It looks through a photo's lens, which stays as it is.
    pub matched: bool,
    /// How soft its backdrop is, 0..=1; `None` is as its surroundings were made.
    pub blur: Option<f32>,
    /// How far its lens is open; `None` sees everything sharply.
    pub f_number: Option<f32>,
}

/// Lenses that photographers carry, in millimetres.
const LENSES: [(u32, &str); 5] = [(24, "24"), (35, "35"), (50, "50"), (85, "85"), (135, "135")];
/// Lenses that the slider goes through.
const LENS_RANGE: std::ops::RangeInclusive<f32> = 18.0..=200.0;
/// What the switch of the depth of field starts with.
const F_NUMBER: f32 = 2.8;
/// Softness of a backdrop that a product picture would have.
const SOFT: f32 = 0.6;

/// The panel.
pub fn view_panel(ui: &mut Ui, view: &ViewPanelView, out: &mut Commands) {
    if view.count > 1 {
        const NAMES: [&str; ViewId::COUNT] = ["1", "2", "3", "4", "5", "6", "7", "8"];
        let choices: Vec<(ViewId, &str)> = ViewId::ALL.into_iter().zip(NAMES).take(view.count).collect();
        if let Some(chosen) = segmented(ui, view.active, &choices) {
            out.push(StudioCommand::ActivateView(chosen));
        }
    }
    lens(ui, view, out);
    heading(ui, "Backdrop");
    let choices = [(None, "As made"), (Some(0.0), "Sharp"), (Some(SOFT), "Soft")];
    if let Some(blur) = segmented(ui, view.blur, &choices) {
        out.push(StudioCommand::BlurBackdrop(view.active, blur));
    }
    let mut blur = view.blur.unwrap_or(0.5) * 100.0;
    let shown = view.blur.map_or_else(|| "as made".to_owned(), |_| format!("{blur:.0} %"));
    if named_slider(ui, "Softness", Slider::new(&mut blur, 0.0..=100.0), shown).changed() {
        out.push(StudioCommand::BlurBackdrop(view.active, Some((blur / 100.0).clamp(0.0, 1.0))));
    }
    if view.count > 1 && wide_button(ui, true, "The same in all views").clicked() {
        out.push(StudioCommand::BlurAllBackdrops(view.blur));
    }
}

fn lens(ui: &mut Ui, view: &ViewPanelView, out: &mut Commands) {
    heading(ui, "Lens");
    if view.matched {
        soft(ui, "The photo's own lens, until the photo is left (M).");
        return;
    }
    let now = view.lens_mm.unwrap_or(50.0);
    let current = LENSES.iter().map(|(mm, _)| *mm).find(|mm| (*mm as f32 - now).abs() < 0.5);
    let choices = LENSES.map(|(mm, name)| (Some(mm), name));
    if let Some(Some(mm)) = segmented(ui, current, &choices) {
        out.push(StudioCommand::SetLens(view.active, mm as f32));
    }
    let mut mm = now.clamp(*LENS_RANGE.start(), *LENS_RANGE.end());
    let slider = Slider::new(&mut mm, LENS_RANGE).logarithmic(true);
    let response = named_slider(ui, "Focal length", slider, format!("{now:.0} mm"));
    if response.on_hover_text("On 36 mm film; the camera moves so that the car stays as large as it is").changed() {
        out.push(StudioCommand::SetLens(view.active, mm));
    }
    let mut open = view.f_number.is_some();
    let hint = "A quick preview, sharp at the near side of the car; pictures are taken with the real thing";
    if tick(ui, &mut open, "Depth of field").on_hover_text(hint).changed() {
        out.push(StudioCommand::OpenAperture(view.active, open.then_some(F_NUMBER)));
    }
    if let Some(mut f_number) = view.f_number {
        let shown = format!("f/{f_number:.1}");
        let slider = Slider::new(&mut f_number, 1.0..=16.0).logarithmic(true);
        if named_slider(ui, "Aperture", slider, shown).changed() {
            out.push(StudioCommand::OpenAperture(view.active, Some((f_number * 10.0).round() / 10.0)));
        }
    }
}
