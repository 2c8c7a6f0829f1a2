//! Sentences for the painter: on screen for a while, in the log for the session.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Notices that the log keeps.
const LOG_LENGTH: usize = 200;
/// Notices that are on screen at once.
const ON_SCREEN: usize = 4;
/// How long good news stays.
const GOOD_NEWS: Duration = Duration::from_secs(6);
/// How long trouble stays: long enough to read twice.
const TROUBLE: Duration = Duration::from_secs(20);

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Something worked.
    Good,
    /// Something to know.
    Warning,
    /// Something did not work.
    Error,
}

/// One sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Names it for dismissal.
    pub id: u64,
    /// How much it matters.
    pub weight: Weight,
    /// What happened and what to do.
    pub text: String,
    /// When it was said.
    pub at: Instant,
    /// Dismissed, or long enough on screen.
    pub gone: bool,
}

/// All notices of the session.
#[derive(Debug, Default)]
pub struct Notices {
    next: u64,
    log: VecDeque<Notice>,
}

impl Notices {
    /// Says something. The same sentence again replaces the one that is still on screen.
    pub fn say(&mut self, weight: Weight, text: impl Into<String>) {
        let text = capitalized(text.into());
        self.log.retain(|notice| notice.gone || notice.text != text);
        self.next += 1;
        self.log.push_back(Notice { id: self.next, weight, text, at: Instant::now(), gone: false });
        if self.log.len() > LOG_LENGTH {
            self.log.pop_front();
        }
        let on_screen = self.log.iter().filter(|notice| !notice.gone).count();
        for notice in self.log.iter_mut().filter(|notice| !notice.gone).take(on_screen.saturating_sub(ON_SCREEN)) {
            notice.gone = true;
        }
    }

    /// Writes something into the log without showing it.
    pub fn record(&mut self, weight: Weight, text: impl Into<String>) {
        self.say(weight, text);
        if let Some(last) = self.log.back_mut() {
            last.gone = true;
        }
    }

    /// Takes one off the screen; it stays in the log.
    pub fn dismiss(&mut self, id: u64) {
        if let Some(notice) = self.log.iter_mut().find(|notice| notice.id == id) {
            notice.gone = true;
        }
    }

    /// Takes off what was long enough on screen. Returns how long until the next one is due.
    pub fn expire(&mut self, now: Instant) -> Option<Duration> {
        let mut next: Option<Duration> = None;
        for notice in self.log.iter_mut().filter(|notice| !notice.gone) {
            let stays = if notice.weight == Weight::Good { GOOD_NEWS } else { TROUBLE };
            let left = stays.saturating_sub(now.duration_since(notice.at));
            if left.is_zero() {
                notice.gone = true;
            } else {
                next = Some(next.map_or(left, |next| next.min(left)));
            }
        }
        next
    }

    /// What is on screen, oldest first.
    pub fn on_screen(&self) -> impl Iterator<Item = &Notice> {
        self.log.iter().filter(|notice| !notice.gone)
    }

    /// Everything said, newest first.
    pub fn log(&self) -> impl Iterator<Item = &Notice> {
        self.log.iter().rev()
    }
}

/// Sentences of libraries begin small; on screen they stand alone.
pub fn capitalized(text: String) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if first.is_lowercase() => first.to_uppercase().chain(letters).collect(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_leave_the_screen_and_stay_in_the_log() {
        let mut notices = Notices::default();
        notices.say(Weight::Good, "Saved.");
        notices.say(Weight::Error, "The folder cannot be written.");
        let wait = notices.expire(Instant::now()).expect("two are waiting");
        assert!(wait <= GOOD_NEWS);
        notices.expire(Instant::now() + GOOD_NEWS);
        assert_eq!(notices.on_screen().count(), 1);
        assert_eq!(notices.expire(Instant::now() + TROUBLE), None);
        assert_eq!((notices.on_screen().count(), notices.log().count()), (0, 2));
        notices.record(Weight::Good, "The mesh is in metres.");
        assert_eq!((notices.on_screen().count(), notices.log().count()), (0, 3));
    }

    #[test]
    fn the_screen_never_fills_up() {
        let mut notices = Notices::default();
        for index in 0..10 {
            notices.say(Weight::Warning, format!("Warning {index}."));
        }
        notices.say(Weight::Warning, "Warning 9.");
        assert_eq!(notices.on_screen().count(), ON_SCREEN);
        assert_eq!(notices.log().count(), 10, "a repeated sentence is kept once");
        let newest = notices.log().next().map(|notice| notice.id);
        notices.dismiss(newest.expect("there is one"));
        assert_eq!(notices.on_screen().count(), ON_SCREEN - 1);
    }
}
