//! Ctrl, Shift and Alt as egui should hear of them.
//!
//! bevy_egui asks once per frame which of them are down. Two things follow. A chord that is struck within one frame, which
//! software Vulkan makes easy, arrives without its Ctrl, and types a letter. And egui is told the answer as an event with
//! every frame, asks for a frame after every event, and so the window would draw without end. Here keys get the modifiers
//! that were down when they were struck, and modifiers are told only when they change.

use bevy::input::keyboard::{Key, KeyCode, KeyboardFocusLost, KeyboardInput};
use bevy::prelude::*;
use bevy_egui::egui::{self, Event, Modifiers};
use bevy_egui::{EguiInput, EguiPreUpdateSet, helpers};

/// What is down, key by key.
#[derive(Default)]
struct Held {
    modifiers: Modifiers,
    told: Modifiers,
}

impl Held {
    /// True when the key is a modifier.
    fn take(&mut self, code: KeyCode, pressed: bool) -> bool {
        let mac = cfg!(target_os = "macos");
        match code {
            KeyCode::ControlLeft | KeyCode::ControlRight => {
                self.modifiers.ctrl = pressed;
                self.modifiers.command = if mac { self.modifiers.command } else { pressed };
            }
            KeyCode::SuperLeft | KeyCode::SuperRight if mac => {
                self.modifiers.mac_cmd = pressed;
                self.modifiers.command = pressed;
            }
            KeyCode::ShiftLeft | KeyCode::ShiftRight => self.modifiers.shift = pressed,
            KeyCode::AltLeft | KeyCode::AltRight => self.modifiers.alt = pressed,
            _ => return false,
        }
        true
    }
}

/// A key as it was struck.
struct Stroke {
    key: egui::Key,
    pressed: bool,
    modifiers: Modifiers,
}

fn correct_modifiers(
    mut keys: MessageReader<KeyboardInput>,
    mut lost: MessageReader<KeyboardFocusLost>,
    mut inputs: Query<&mut EguiInput>,
    mut held: Local<Held>,
) {
    if lost.read().count() > 0 {
        held.modifiers = Modifiers::NONE;
    }
    let (mut strokes, mut chorded) = (Vec::new(), Vec::new());
    for input in keys.read() {
        let pressed = input.state.is_pressed();
        if held.take(input.key_code, pressed) {
            continue;
        }
        let modifiers = held.modifiers;
        let key = helpers::bevy_to_egui_key(&input.logical_key).or(helpers::bevy_to_egui_physical_key(&input.key_code));
        strokes.extend(key.map(|key| Stroke { key, pressed, modifiers }));
        if let (true, true, Key::Character(text)) = (pressed, modifiers.command, &input.logical_key) {
            chorded.push(text.to_string());
        }
    }
    for mut input in &mut inputs {
        for event in &mut input.bypass_change_detection().events {
            if let Event::Key { key, pressed, modifiers, .. } = event
                && let Some(index) = strokes.iter().position(|stroke| stroke.key == *key && stroke.pressed == *pressed)
            {
                *modifiers = strokes.remove(index).modifiers;
            }
        }
        input.bypass_change_detection().events.retain(|event| match event {
            Event::ModifiersChanged(modifiers) => std::mem::replace(&mut held.told, *modifiers) != *modifiers,
            // a letter that belongs to a chord is no text
            Event::Text(text) => match chorded.iter().position(|letter| letter == text) {
                Some(index) => {
                    chorded.remove(index);
                    false
                }
                None => true,
            },
            _ => true,
        });
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(
        PreUpdate,
        correct_modifiers.after(EguiPreUpdateSet::ProcessInput).before(EguiPreUpdateSet::BeginPass),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::input::ButtonState;

    fn app() -> (App, Entity) {
        let mut app = App::new();
        app.add_message::<KeyboardInput>().add_message::<KeyboardFocusLost>().add_systems(Update, correct_modifiers);
        let input = app.world_mut().spawn(EguiInput::default()).id();
        (app, input)
    }

    /// Events of a frame after the correction.
    fn frame(app: &mut App, input: Entity, events: Vec<Event>) -> Vec<Event> {
        app.world_mut().get_mut::<EguiInput>(input).expect("just spawned").events = events;
        app.update();
        app.world().get::<EguiInput>(input).expect("just spawned").events.clone()
    }

    fn strike(app: &mut App, key_code: KeyCode, logical_key: Key, state: ButtonState) {
        let window = Entity::PLACEHOLDER;
        app.world_mut().write_message(KeyboardInput { key_code, logical_key, state, text: None, repeat: false, window });
    }

    fn key(pressed: bool, modifiers: Modifiers) -> Event {
        Event::Key { key: egui::Key::A, physical_key: None, pressed, repeat: false, modifiers }
    }

    #[test]
    fn modifiers_are_news_only_when_they_change() {
        let (mut app, input) = app();
        let mut kept = |modifiers| frame(&mut app, input, vec![Event::ModifiersChanged(modifiers), Event::Copy]).len();
        assert_eq!(kept(Modifiers::NONE), 1);
        assert_eq!(kept(Modifiers::CTRL), 2);
        assert_eq!(kept(Modifiers::CTRL), 1);
        assert_eq!(kept(Modifiers::NONE), 2);
    }

    #[test]
    fn a_chord_within_one_frame_is_a_chord() {
        use ButtonState::{Pressed, Released};
        let (mut app, input) = app();
        let letter = || Key::Character("a".into());
        strike(&mut app, KeyCode::ControlLeft, Key::Control, Pressed);
        strike(&mut app, KeyCode::KeyA, letter(), Pressed);
        strike(&mut app, KeyCode::KeyA, letter(), Released);
        strike(&mut app, KeyCode::ControlLeft, Key::Control, Released);
        // what bevy_egui makes of it: at the end of the frame no Ctrl is down
        let none = Modifiers::NONE;
        let heard = frame(&mut app, input, vec![Event::Text("a".into()), key(true, none), key(false, none)]);
        let ctrl = Modifiers { ctrl: true, command: !cfg!(target_os = "macos"), ..none };
        if !cfg!(target_os = "macos") {
            assert_eq!(heard, [key(true, ctrl), key(false, ctrl)]);
        }
        // and a plain letter afterwards is a letter
        strike(&mut app, KeyCode::KeyA, letter(), Pressed);
        let heard = frame(&mut app, input, vec![Event::Text("a".into()), key(true, none)]);
        assert_eq!(heard, [Event::Text("a".into()), key(true, none)]);
    }

    #[test]
    fn a_lost_focus_lets_go_of_ctrl() {
        let (mut app, input) = app();
        strike(&mut app, KeyCode::ControlLeft, Key::Control, ButtonState::Pressed);
        frame(&mut app, input, Vec::new());
        app.world_mut().write_message(KeyboardFocusLost);
        strike(&mut app, KeyCode::KeyA, Key::Character("a".into()), ButtonState::Pressed);
        assert_eq!(frame(&mut app, input, vec![key(true, Modifiers::CTRL)]), [key(true, Modifiers::NONE)]);
    }
}
