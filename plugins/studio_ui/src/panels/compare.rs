//! The newest livery beside a version that was kept.

use bevy_egui::egui::{Align2, Color32, Mesh, Rect, RichText, Sense, Shape, Ui, pos2, vec2};
use gridvox_editor::OpenLivery;
use gridvox_showroom::{PaintSlot, ViewId, ViewLayout};

use super::Commands;
use crate::command::StudioCommand;
use crate::difference::{MARKS, color32_at, place};
use crate::model::{DifferenceState, KeptVersion};
use crate::theme;
use crate::widgets::{fact, heading, picture, primary_button, segmented_in_columns, soft, wide_button};

/// Side of the kept version's picture, in points.
const PICTURE: f32 = 96.0;

/// What the panel shows.
pub struct CompareView<'a> {
    /// The livery.
    pub open: &'a OpenLivery,
    /// The version that was kept.
    pub kept: Option<&'a KeptVersion>,
    /// Where both differ, while the car shows it.
    pub difference: Option<DifferenceState>,
    /// How many views.
    pub layout: ViewLayout,
    /// The view that shows one of both.
    pub active: ViewId,
    /// It shows the kept version.
    pub shows_kept: bool,
}

/// Ways to look at two versions.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Newest,
    Kept,
    Wipe,
    Difference,
}

/// The panel.
pub fn compare_panel(ui: &mut Ui, view: &CompareView<'_>, out: &mut Commands) {
    let Some(kept) = view.kept else {
        let text = "Keep the livery as it is now; later ones can then be laid beside it, wiped over it, and searched for differences.";
        soft(ui, text);
        let reason = if view.open.blank { "Make or open a livery first." } else { "K" };
        let button = primary_button(ui, !view.open.blank, "Keep this version");
        if button.on_hover_text(reason).on_disabled_hover_text(reason).clicked() {
            out.push(StudioCommand::KeepVersion);
        }
        return;
    };
    let way = match (view.difference, view.layout, view.shows_kept) {
        (Some(_), ..) => Way::Difference,
        (_, ViewLayout::Wipe, _) => Way::Wipe,
        (_, _, true) => Way::Kept,
        _ => Way::Newest,
    };
    let choices = [(Way::Newest, "Newest"), (Way::Kept, "Kept"), (Way::Wipe, "Wipe"), (Way::Difference, "Difference")];
    if let Some(wanted) = segmented_in_columns(ui, way, &choices, 2) {
        leave(way, view.active, out);
        out.extend(match wanted {
            Way::Newest => None,
            Way::Kept => Some(StudioCommand::ShowVersion(view.active, PaintSlot::B)),
            Way::Wipe => Some(StudioCommand::SetLayout(ViewLayout::Wipe)),
            Way::Difference => Some(StudioCommand::ToggleDifference),
        });
    }
    ui.horizontal(|ui| {
        picture(ui, PICTURE, kept.texture.as_ref());
        ui.vertical(|ui| {
            ui.label(RichText::new("Kept version").font(theme::medium(12.5)));
            let same = kept.revision == view.open.revision;
            soft(ui, if same { "The newest is still the same." } else { "The newest has changed since." });
        });
    });
    if wide_button(ui, !view.open.blank, "Keep the newest instead").on_hover_text("K").clicked() {
        out.push(StudioCommand::KeepVersion);
    }
    if let Some(shown) = view.difference {
        differences(ui, &shown);
    }
}

fn leave(way: Way, active: ViewId, out: &mut Commands) {
    out.extend(match way {
        Way::Newest => None,
        Way::Kept => Some(StudioCommand::ShowVersion(active, PaintSlot::A)),
        Way::Wipe => Some(StudioCommand::SetLayout(ViewLayout::Single)),
        Way::Difference => Some(StudioCommand::ToggleDifference),
    });
}

fn differences(ui: &mut Ui, shown: &DifferenceState) {
    heading(ui, "How far the colours differ (ΔE)");
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::hover());
    difference_scale(ui, rect);
    let Some((share, mean, most)) = shown.found else {
        soft(ui, "Comparing…");
        return;
    };
    if share == 0.0 {
        soft(ui, "No colour differs visibly.");
        return;
    }
    let percent = match share * 100.0 {
        percent if percent < 0.1 => "below 0.1 %".to_owned(),
        percent if percent < 10.0 => format!("{percent:.1} %"),
        percent => format!("{percent:.0} %"),
    };
    fact(ui, "Texture that differs", percent);
    fact(ui, "There, on average", format!("ΔE {mean:.1}"));
    fact(ui, "At most", format!("ΔE {most:.1}"));
    ui.add_space(theme::GAP_SMALL);
    soft(ui, "1 is the least that an eye sees, 5 is seen side by side, 10 at once. What is the same is grey.");
}

/// The scale of differences: its colours over its marks.
pub(super) fn difference_scale(ui: &Ui, rect: Rect) {
    const STEPS: u32 = 32;
    let bar = Rect::from_min_size(rect.min, vec2(rect.width(), 10.0));
    let mut mesh = Mesh::default();
    for step in 0..=STEPS {
        let at = step as f32 / STEPS as f32;
        let x = bar.left() + bar.width() * at;
        mesh.colored_vertex(pos2(x, bar.top()), color32_at(at));
        mesh.colored_vertex(pos2(x, bar.bottom()), color32_at(at));
        if step > 0 {
            let last = 2 * step;
            mesh.add_triangle(last - 2, last - 1, last);
            mesh.add_triangle(last - 1, last, last + 1);
        }
    }
    ui.painter().add(Shape::mesh(mesh));
    for mark in MARKS {
        let at = place(mark);
        let x = bar.left() + bar.width() * at;
        let (align, text) = match at {
            at if at <= 0.0 => (Align2::LEFT_TOP, format!("ΔE {mark:.0}")),
            at if at >= 1.0 => (Align2::RIGHT_TOP, format!("{mark:.0} +")),
            _ => (Align2::CENTER_TOP, format!("{mark:.0}")),
        };
        ui.painter().text(pos2(x, bar.bottom() + 3.0), align, text, theme::regular(11.5), Color32::from_gray(200));
    }
}
