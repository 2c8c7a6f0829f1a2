//! Where the time goes: spans that cost nothing unless somebody listens to their target.

/// Target of the spans of [`timed`], for a subscriber's filter.
pub const TARGET: &str = "gridvox_time";

/// Times what is left of the enclosing block under a name.
macro_rules! timed {
    ($name:literal) => {
        let _timed = tracing::info_span!(target: $crate::timed::TARGET, $name).entered();
    };
}

pub(crate) use timed;
