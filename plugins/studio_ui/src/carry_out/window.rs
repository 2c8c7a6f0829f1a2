//! What the window itself is asked for: panels, scale, and the spec map that the Finish panel reads.

use std::path::PathBuf;

use gridvox_showroom::{PaintSlot, ShowroomCommand};

use super::Outlets;
use crate::desk::Request;
use crate::dock::{DockChange, PanelId};
use crate::model::Studio;
use crate::spec_map::SpecState;

/// Changes where the panels lie.
pub(super) fn dock(change: DockChange, studio: &mut Studio) {
    let before = studio.settings.panels.clone();
    if change == DockChange::Reset {
        studio.settings.panels = None;
    } else {
        let mut dock = studio.dock();
        if dock.change(change) {
            studio.settings.panels = Some(dock);
        }
    }
    // a panel that is asked for is to be seen
    studio.shows_panels |= matches!(change, DockChange::Show(_) | DockChange::Reset);
    studio.settings_unsaved |= studio.settings.panels != before;
}

/// Writes what the window remembers, once the hand that changes it has let go.
pub(super) fn remember(studio: &mut Studio, to: &mut Outlets) {
    if studio.settings_unsaved && to.desk.ask(Request::WriteSettings(studio.settings.clone())) {
        studio.settings_unsaved = false;
    }
}

/// Brings a panel to the front where it is open; nothing that the painter chose, so nothing to remember.
pub(crate) fn show_panel(panel: PanelId, studio: &mut Studio) {
    let mut dock = studio.dock();
    if dock.find(panel).is_some() && dock.change(DockChange::Show(panel)) {
        studio.settings.panels = Some(dock);
    }
}

/// Draws the interface larger or smaller.
pub(super) fn scale(scale: Option<u16>, studio: &mut Studio) {
    studio.settings_unsaved |= studio.settings.scale_percent != scale;
    studio.settings.scale_percent = scale;
}

/// Reads a spec map; the one before stays until it is there.
pub(super) fn open_spec_map(path: PathBuf, studio: &mut Studio, to: &mut Outlets) {
    to.dialogs.remember(&path);
    if to.desk.ask(Request::ReadSpecMap(path.clone())) {
        let before = studio.spec.map().cloned();
        studio.spec = SpecState::Reading { path, before };
    }
}

/// Takes the spec map off the livery; a version that was kept with one keeps it.
pub(super) fn clear_spec_map(studio: &mut Studio, to: &mut Outlets) {
    studio.spec = SpecState::None;
    to.showroom.write(ShowroomCommand::SetSpecMap { slot: PaintSlot::A, map: None });
}
