//! Whether the painter is told what to think of a result: the question that matters for photos that cannot work.

use serde::{Deserialize, Serialize};

use crate::synth::stress::Shows;

/// What came back for a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// No livery, and the reason why.
    Refusal,
    /// A livery.
    Livery {
        /// The camera is that of a car in the photo.
        right_camera: bool,
        /// The report warns of the match, see [`Scores::is_doubtful`](crate::Scores::is_doubtful).
        doubtful: bool,
    },
}

/// What that is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The livery of a car in the photo, from the right camera.
    Right,
    /// A wrong livery that the report warns of.
    Warned,
    /// A refusal with its reason.
    Refused,
    /// A wrong livery without a warning: from a wrong camera, of no car, or in mirror writing.
    ConfidentWrong,
}

impl Verdict {
    /// Every verdict, best first.
    pub const ALL: [Self; 4] = [Self::Right, Self::Warned, Self::Refused, Self::ConfidentWrong];

    /// Words for a table.
    pub fn label(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Warned => "warned",
            Self::Refused => "refused",
            Self::ConfidentWrong => "confident wrong",
        }
    }
}

/// Judges an answer by what the photo shows. Of two cars either will do.
pub fn judge(shows: Shows, answer: Answer) -> Verdict {
    match answer {
        Answer::Refusal => Verdict::Refused,
        Answer::Livery { right_camera: true, .. } if matches!(shows, Shows::Car | Shows::TwoCars) => Verdict::Right,
        Answer::Livery { doubtful: true, .. } => Verdict::Warned,
        Answer::Livery { .. } => Verdict::ConfidentWrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_livery_is_forgiven_only_with_a_warning() {
        let livery = |right_camera, doubtful| Answer::Livery { right_camera, doubtful };
        let cases = [
            (Shows::Car, livery(true, false), Verdict::Right),
            (Shows::Car, livery(true, true), Verdict::Right),
            (Shows::Car, livery(false, true), Verdict::Warned),
            (Shows::Car, livery(false, false), Verdict::ConfidentWrong),
            (Shows::Car, Answer::Refusal, Verdict::Refused),
            (Shows::TwoCars, livery(true, false), Verdict::Right),
            (Shows::TwoCars, livery(false, false), Verdict::ConfidentWrong),
            // Its camera fits the mirrored car, and yet its words are mirror writing.
            (Shows::MirroredCar, livery(true, false), Verdict::ConfidentWrong),
            (Shows::MirroredCar, livery(true, true), Verdict::Warned),
            (Shows::NoCar, livery(false, false), Verdict::ConfidentWrong),
            (Shows::NoCar, Answer::Refusal, Verdict::Refused),
        ];
        for (shows, answer, expected) in cases {
            assert_eq!(judge(shows, answer), expected, "{shows:?} {answer:?}");
        }
    }
}
