//! Draws only when something changes.
//!
//! The window starts drawing without pause, because shaders compile and pictures load in the background and a sleeping
//! window would stay black. Once the showroom's first picture is there and a few frames are out, it sleeps until an
//! event: input, a worker's news, a notice that is due.
//!
//! Asleep it takes no processor time: `awk '{print $14 + $15}' /proc/PID/stat`, asked twice 20 s apart, gives the same
//! number of hundredths. `RUST_LOG=gridvox_studio_ui=trace,gridvox_showroom=trace` says why a frame was drawn, and how long
//! the systems of the main world took: everything but drawing and the graphics driver.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy::window::RequestRedraw;
use bevy::winit::{UpdateMode, WinitSettings};
use gridvox_editor::{EditorEvent, EditorSystems};
use gridvox_inference::InferenceEvent;
use gridvox_showroom::ShowroomEvent;

use crate::command::StudioCommand;
use crate::model::Studio;

/// Frames drawn after the last event: one to see it, one for layouts that settle in the second pass.
const FRAMES_AFTER_EVENT: u8 = 3;
/// Frames after the first picture before the window may sleep.
const FRAMES_AFTER_START: u8 = 6;
/// The longest sleep; nothing needs it, it only bounds the effect of a lost wake-up.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// Wake-ups that differ by less are one.
const SAME_TIME: Duration = Duration::from_millis(100);
/// After this long without a first picture the window goes to sleep anyway and reacts to events.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many frames are still owed.
#[derive(Resource)]
pub(crate) struct Pacing {
    frames: u8,
    starting: bool,
    since: Instant,
    /// When this frame's systems began.
    began: Instant,
    /// When a notice is due, and how long that was away when it was first known.
    alarm: Option<(Instant, Duration)>,
    /// Never sleep, as for a screenshot.
    pub restless: bool,
}

impl Default for Pacing {
    fn default() -> Self {
        Self { frames: FRAMES_AFTER_EVENT, starting: true, since: Instant::now(), began: Instant::now(), alarm: None, restless: false }
    }
}

impl Pacing {
    /// Something changed: draws a few frames.
    pub fn draw_on(&mut self) {
        self.frames = self.frames.max(FRAMES_AFTER_EVENT);
    }

    /// How long to sleep when a notice is due after some time. The answer stays the same until another one is: a window
    /// that is told another time draws at once, and would so draw without end.
    fn sleep(&mut self, now: Instant, due: Option<Duration>) -> Duration {
        let set = |(at, _): &(Instant, Duration), due: Duration| {
            let time = now + due;
            time.saturating_duration_since(*at).max(at.saturating_duration_since(time)) < SAME_TIME
        };
        self.alarm = due.map(|due| self.alarm.filter(|alarm| set(alarm, due)).unwrap_or((now + due, due)));
        self.alarm.map_or(LONGEST_SLEEP, |(_, away)| away + Duration::from_millis(20))
    }

    /// The first picture is still on its way.
    pub fn is_starting(&self) -> bool {
        self.starting
    }
}

pub(crate) fn plugin(app: &mut App) {
    app.init_resource::<Pacing>()
        .insert_resource(WinitSettings::continuous())
        .add_message::<RequestRedraw>()
        .add_systems(First, |mut pacing: ResMut<Pacing>| pacing.began = Instant::now())
        .add_systems(PostUpdate, (note_changes, set_pace).chain().after(EditorSystems::Upload))
        .add_systems(Last, tell_time);
}

fn tell_time(pacing: Res<Pacing>) {
    trace!(ms = pacing.began.elapsed().as_secs_f32() * 1e3, "the systems are done");
}

fn note_changes(
    mut pacing: ResMut<Pacing>,
    commands: MessageReader<StudioCommand>,
    editor: MessageReader<EditorEvent>,
    inference: MessageReader<InferenceEvent>,
    mut showroom: MessageReader<ShowroomEvent>,
    studio: Res<Studio>,
) {
    let mut readers = (commands, editor, inference);
    let news = readers.0.read().count() + readers.1.read().count() + readers.2.read().count();
    for event in showroom.read() {
        pacing.draw_on();
        if matches!(event, ShowroomEvent::FirstPictureDrawn) && pacing.starting {
            pacing.starting = false;
            pacing.frames = FRAMES_AFTER_START;
        }
    }
    if pacing.starting && pacing.since.elapsed() > PATIENCE {
        pacing.starting = false;
        warn!("no picture of the car after {} s; the window waits for events now", PATIENCE.as_secs());
    }
    if news > 0 || studio.is_changed() {
        trace!(news, changed = studio.is_changed(), "something changed");
        pacing.draw_on();
    }
}

fn set_pace(
    mut pacing: ResMut<Pacing>,
    mut settings: ResMut<WinitSettings>,
    mut studio: ResMut<Studio>,
    mut redraw: MessageWriter<RequestRedraw>,
) {
    // Not a change that counts: the frames are asked for right here.
    let notices = &mut studio.bypass_change_detection().notices;
    let before = notices.on_screen().count();
    let now = Instant::now();
    let due = notices.expire(now);
    if notices.on_screen().count() != before {
        pacing.draw_on();
    }
    let mode = if pacing.starting || pacing.restless {
        UpdateMode::Continuous
    } else {
        UpdateMode::reactive_low_power(pacing.sleep(now, due))
    };
    if settings.focused_mode != mode {
        *settings = WinitSettings { focused_mode: mode, unfocused_mode: mode };
    }
    trace!(frames = pacing.frames, mode = ?settings.focused_mode, "the window drew");
    if pacing.frames > 0 {
        pacing.frames -= 1;
        redraw.write(RequestRedraw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_sleep_stays_the_same_until_another_notice_is_due() {
        let mut pacing = Pacing::default();
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        assert_eq!(pacing.sleep(start, None), LONGEST_SLEEP);
        let first = pacing.sleep(start, Some(8 * second));
        assert!(first >= 8 * second && first < 9 * second);
        assert_eq!(pacing.sleep(start + 3 * second, Some(5 * second)), first, "the same notice");
        let sooner = pacing.sleep(start + 3 * second, Some(2 * second));
        assert!(sooner >= 2 * second && sooner < 3 * second, "another notice");
        assert_eq!(pacing.sleep(start + 6 * second, None), LONGEST_SLEEP);
    }
}
