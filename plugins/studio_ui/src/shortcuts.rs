//! Keys; the help overlay lists them.

use bevy_egui::egui::{Context, Event, Key, KeyboardShortcut, Modifiers};
use gridvox_car::ViewPreset;
use gridvox_showroom::ViewLayout;

use crate::command::{Ask, StudioCommand};
use crate::panels::Commands;

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };

const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// Keys and what they ask for.
pub(crate) struct Chord {
    pub modifiers: Modifiers,
    pub key: Key,
    pub command: StudioCommand,
    /// It counts also while a text field has the keyboard.
    pub while_typing: bool,
}

#[cfg(test)]
impl Chord {
    /// As the help writes it.
    pub fn label(&self) -> String {
        let key = match self.key {
            Key::Escape => "Esc",
            Key::ArrowLeft => "Left",
            Key::ArrowRight => "Right",
            Key::Plus | Key::Equals => "+",
            Key::Minus => "-",
            key => key.name(),
        };
        let Modifiers { command, shift, alt, .. } = self.modifiers;
        let held = [(command, "Ctrl+"), (shift, "Shift+"), (alt, "Alt+")];
        held.into_iter().filter(|(held, _)| *held).map(|(_, name)| name).chain([key]).collect()
    }
}

/// All chords. One with more modifiers comes first, or the shorter one would swallow it.
pub(crate) fn chords(layout: ViewLayout) -> Vec<Chord> {
    let anytime = |modifiers, key, command| Chord { modifiers, key, command, while_typing: true };
    let plain = |modifiers, key, command| Chord { modifiers, key, command, while_typing: false };
    let none = Modifiers::NONE;
    let wipe = if layout == ViewLayout::Wipe { ViewLayout::Single } else { ViewLayout::Wipe };
    let mut chords = vec![
        anytime(CTRL_SHIFT, Key::S, StudioCommand::Ask(Ask::SaveLivery)),
        plain(CTRL_SHIFT, Key::Z, StudioCommand::Redo),
        anytime(CTRL, Key::O, StudioCommand::Ask(Ask::Photos)),
        anytime(CTRL, Key::L, StudioCommand::Ask(Ask::Livery)),
        anytime(CTRL, Key::S, StudioCommand::Save),
        anytime(CTRL, Key::E, StudioCommand::Export),
        anytime(CTRL, Key::P, StudioCommand::AskPicture),
        anytime(CTRL, Key::Q, StudioCommand::Quit),
        anytime(CTRL, Key::Enter, StudioCommand::Generate),
        anytime(CTRL, Key::Num1, StudioCommand::SetLayout(ViewLayout::Single)),
        anytime(CTRL, Key::Num2, StudioCommand::SetLayout(ViewLayout::Split)),
        anytime(CTRL, Key::Num4, StudioCommand::SetLayout(ViewLayout::Four)),
        anytime(CTRL, Key::Num8, StudioCommand::SetLayout(ViewLayout::Eight)),
        anytime(CTRL, Key::Num0, StudioCommand::SetScale(None)),
        anytime(CTRL, Key::Plus, StudioCommand::StepScale(1)),
        anytime(CTRL, Key::Equals, StudioCommand::StepScale(1)),
        anytime(CTRL, Key::Minus, StudioCommand::StepScale(-1)),
        anytime(none, Key::F1, StudioCommand::ToggleHelp),
        anytime(none, Key::Escape, StudioCommand::Escape),
        plain(CTRL, Key::Z, StudioCommand::Undo),
        plain(CTRL, Key::Y, StudioCommand::Redo),
        plain(Modifiers::SHIFT, Key::V, StudioCommand::SetLayout(next_layout(layout, -1))),
        plain(none, Key::V, StudioCommand::SetLayout(next_layout(layout, 1))),
        plain(Modifiers::SHIFT, Key::X, StudioCommand::ShowAllParts),
        plain(none, Key::X, StudioCommand::HidePart(None)),
        plain(none, Key::W, StudioCommand::SetLayout(wipe)),
        plain(none, Key::D, StudioCommand::ToggleDifference),
        plain(none, Key::F, StudioCommand::FitViews),
        plain(none, Key::C, StudioCommand::ToggleConfidence),
        plain(none, Key::K, StudioCommand::KeepVersion),
        plain(none, Key::B, StudioCommand::Blink),
        plain(none, Key::H, StudioCommand::TogglePanels),
        plain(none, Key::P, StudioCommand::ToggleMarking),
        plain(none, Key::O, StudioCommand::ToggleOutline),
        plain(none, Key::A, StudioCommand::SaveAngle),
        plain(none, Key::M, StudioCommand::ToggleMatch),
        plain(none, Key::T, StudioCommand::ToggleTurntable(None)),
        plain(none, Key::I, StudioCommand::IsolatePart(None)),
        plain(none, Key::ArrowLeft, StudioCommand::StepMatch(-1)),
        plain(none, Key::ArrowRight, StudioCommand::StepMatch(1)),
    ];
    let angles = DIGITS.into_iter().enumerate();
    chords.extend(angles.map(|(index, key)| plain(Modifiers::ALT, key, StudioCommand::ShowAngle(None, index))));
    let presets = DIGITS.into_iter().zip(ViewPreset::ALL);
    chords.extend(presets.map(|(key, preset)| plain(none, key, StudioCommand::SetHoveredView(preset))));
    chords
}

/// Reads this frame's keys. While a text field has the keyboard, only chords with Ctrl count, and none while something
/// `covers` the window.
pub fn shortcuts(context: &Context, layout: ViewLayout, covered: bool, out: &mut Commands) {
    if covered {
        close_by_key(context, out);
        return;
    }
    // most frames have no key; the list is made for those that do
    if !context.input(|input| input.events.iter().any(|event| matches!(event, Event::Key { pressed: true, .. }))) {
        return;
    }
    let typing = context.egui_wants_keyboard_input();
    context.input_mut(|input| {
        for chord in chords(layout).into_iter().filter(|chord| chord.while_typing || !typing) {
            // Escape is also the widgets' that have the keyboard
            let struck = match chord.key {
                Key::Escape => input.key_pressed(Key::Escape),
                key => input.consume_shortcut(&KeyboardShortcut::new(chord.modifiers, key)),
            };
            if struck {
                out.push(chord.command);
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
