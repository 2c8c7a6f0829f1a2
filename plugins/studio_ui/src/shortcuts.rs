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
    ];
    let text_chords = [(CTRL, Key::Z, StudioCommand::Undo), (CTRL, Key::Y, StudioCommand::Redo)];
    let other = match layout {
        ViewLayout::Single => ViewLayout::Split,
        ViewLayout::Split | ViewLayout::Wipe => ViewLayout::Single,
    };
    let wipe = if layout == ViewLayout::Wipe { ViewLayout::Single } else { ViewLayout::Wipe };
    let plain = [
        (Key::W, StudioCommand::SetLayout(wipe)),
        (Key::F, StudioCommand::FitViews),
        (Key::C, StudioCommand::ToggleConfidence),
        (Key::K, StudioCommand::KeepVersion),
        (Key::B, StudioCommand::Blink),
        (Key::V, StudioCommand::SetLayout(other)),
        (Key::H, StudioCommand::TogglePanels),
        (Key::P, StudioCommand::ToggleMarking),
        (Key::O, StudioCommand::ToggleOutline),
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
        for (key, command) in plain {
            if input.consume_key(Modifiers::NONE, key) {
                out.push(command);
            }
        }
        for (key, preset) in DIGITS.into_iter().zip(ViewPreset::ALL) {
            if input.consume_key(Modifiers::NONE, key) {
                out.push(StudioCommand::SetHoveredView(preset));
            }
        }
    });
}

/// The keys that close what lies over the window.
fn close_by_key(context: &Context, out: &mut Commands) {
    let closes = |input: &bevy_egui::egui::InputState| input.key_pressed(Key::Escape) || input.key_pressed(Key::F1);
    if context.input(closes) {
        out.push(StudioCommand::Escape);
    }
}
