//! Keys; the help overlay lists them.

use bevy_egui::egui::{Context, Key, KeyboardShortcut, Modifiers};
use gridvox_car::ViewPreset;
use gridvox_showroom::ViewLayout;

use crate::command::{Ask, StudioCommand};
use crate::panels::Commands;

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };

const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// Reads this frame's keys. While a text field has the keyboard, only chords with Ctrl count, and none while something
/// `covers` the window.
pub fn shortcuts(context: &Context, layout: ViewLayout, covered: bool, out: &mut Commands) {
    if covered {
        close_by_key(context, out);
        return;
    }
    let typing = context.egui_wants_keyboard_input();
    // A chord with more modifiers comes first, or the shorter one would swallow it.
    let chords = [
        (CTRL_SHIFT, Key::S, StudioCommand::Ask(Ask::SaveLivery)),
        (CTRL_SHIFT, Key::Z, StudioCommand::Redo),
        (CTRL, Key::O, StudioCommand::Ask(Ask::Photos)),
        (CTRL, Key::L, StudioCommand::Ask(Ask::Livery)),
        (CTRL, Key::S, StudioCommand::Save),
        (CTRL, Key::E, StudioCommand::Export),
        (CTRL, Key::Q, StudioCommand::Quit),
        (CTRL, Key::Enter, StudioCommand::Generate),
        (CTRL, Key::Num1, StudioCommand::SetLayout(ViewLayout::Single)),
        (CTRL, Key::Num2, StudioCommand::SetLayout(ViewLayout::Split)),
        (CTRL, Key::Num4, StudioCommand::SetLayout(ViewLayout::Four)),
        (CTRL, Key::Num8, StudioCommand::SetLayout(ViewLayout::Eight)),
    ];
    let text_chords = [(CTRL, Key::Z, StudioCommand::Undo), (CTRL, Key::Y, StudioCommand::Redo)];
    let wipe = if layout == ViewLayout::Wipe { ViewLayout::Single } else { ViewLayout::Wipe };
    let plain = [
        (Key::W, StudioCommand::SetLayout(wipe)),
        (Key::F, StudioCommand::FitViews),
        (Key::C, StudioCommand::ToggleConfidence),
        (Key::K, StudioCommand::KeepVersion),
        (Key::B, StudioCommand::Blink),
        (Key::H, StudioCommand::TogglePanels),
        (Key::P, StudioCommand::ToggleMarking),
        (Key::O, StudioCommand::ToggleOutline),
        (Key::A, StudioCommand::SaveAngle),
        (Key::M, StudioCommand::ToggleMatch),
        (Key::T, StudioCommand::ToggleTurntable(None)),
        (Key::I, StudioCommand::IsolatePart(None)),
        (Key::ArrowLeft, StudioCommand::StepMatch(-1)),
        (Key::ArrowRight, StudioCommand::StepMatch(1)),
    ];
    context.input_mut(|input| {
        for (modifiers, key, command) in chords {
            if input.consume_shortcut(&KeyboardShortcut::new(modifiers, key)) {
                out.push(command);
            }
        }
        if input.consume_key(Modifiers::NONE, Key::F1) {
            out.push(StudioCommand::ToggleHelp);
        }
        if input.key_pressed(Key::Escape) {
            out.push(StudioCommand::Escape);
        }
        if typing {
            return;
        }
        for (modifiers, key, command) in text_chords {
            if input.consume_shortcut(&KeyboardShortcut::new(modifiers, key)) {
                out.push(command);
            }
        }
        if input.consume_key(Modifiers::SHIFT, Key::V) {
            out.push(StudioCommand::SetLayout(next_layout(layout, -1)));
        } else if input.consume_key(Modifiers::NONE, Key::V) {
            out.push(StudioCommand::SetLayout(next_layout(layout, 1)));
        }
        if input.consume_key(Modifiers::SHIFT, Key::X) {
            out.push(StudioCommand::ShowAllParts);
        } else if input.consume_key(Modifiers::NONE, Key::X) {
            out.push(StudioCommand::HidePart(None));
        }
        for (key, command) in plain {
            if input.consume_key(Modifiers::NONE, key) {
                out.push(command);
            }
        }
        for (index, key) in DIGITS.into_iter().enumerate() {
            if input.consume_key(Modifiers::ALT, key) {
                out.push(StudioCommand::ShowAngle(None, index));
            }
        }
        for (key, preset) in DIGITS.into_iter().zip(ViewPreset::ALL) {
            if input.consume_key(Modifiers::NONE, key) {
                out.push(StudioCommand::SetHoveredView(preset));
            }
        }
    });
}

/// Layouts by number of views.
const LAYOUTS: [ViewLayout; 4] = [ViewLayout::Single, ViewLayout::Split, ViewLayout::Four, ViewLayout::Eight];

/// More views, then one again; a wipe counts as one.
fn next_layout(layout: ViewLayout, step: i32) -> ViewLayout {
    let now = LAYOUTS.iter().position(|known| *known == layout).unwrap_or(0) as i32;
    LAYOUTS[(now + step).rem_euclid(LAYOUTS.len() as i32) as usize]
}

/// The keys that close what lies over the window.
fn close_by_key(context: &Context, out: &mut Commands) {
    let closes = |input: &bevy_egui::egui::InputState| input.key_pressed(Key::Escape) || input.key_pressed(Key::F1);
    if context.input(closes) {
        out.push(StudioCommand::Escape);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_goes_through_the_layouts_and_back() {
        let mut layout = ViewLayout::Single;
        for expected in [ViewLayout::Split, ViewLayout::Four, ViewLayout::Eight, ViewLayout::Single] {
            assert_eq!(next_layout(expected, -1), layout);
            layout = next_layout(layout, 1);
            assert_eq!(layout, expected);
        }
        assert_eq!(next_layout(ViewLayout::Wipe, 1), ViewLayout::Split);
    }
}
