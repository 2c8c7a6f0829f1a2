//! The livery beside the version that was kept: where both differ.

use gridvox_editor::OpenLivery;

use super::{NOTHING_KEPT, Outlets, uncover};
use crate::desk::{Desk, Request};
use crate::model::{DifferenceState, Studio};
use crate::notices::Weight;

/// Shows the differences, or the livery again.
pub(super) fn toggle(studio: &mut Studio, open: &OpenLivery, to: &mut Outlets) {
    if studio.difference.is_some() {
        uncover(studio, to);
    } else if studio.kept.is_none() {
        studio.notices.say(Weight::Warning, NOTHING_KEPT);
    } else {
        studio.shows_confidence = false;
        studio.difference = Some(DifferenceState { of: (u64::MAX, u64::MAX), found: None });
        follow(studio, open, &to.desk);
    }
}

/// Compares again where one of both versions has changed since. The editor counts a map on the car as no change.
pub(crate) fn follow(studio: &mut Studio, open: &OpenLivery, desk: &Desk) {
    let (Some(shown), Some(kept)) = (&mut studio.difference, &studio.kept) else { return };
    let of = (open.revision, kept.revision);
    if shown.of != of && desk.ask(Request::Compare { newest: open.image.clone(), kept: kept.image.clone(), of }) {
        shown.of = of;
    }
}
