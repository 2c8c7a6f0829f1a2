//! Taking pictures of the car.

use std::path::PathBuf;

use gridvox_editor::OpenLivery;
use gridvox_showroom::PaintSlot;

use super::Outlets;
use crate::command::Ask;
use crate::model::Studio;
use crate::notices::Weight;
use crate::pictures::{Subject, fresh_folder};

/// Asks where the next picture goes, if one can be taken.
pub(super) fn ask(studio: &mut Studio, to: &mut Outlets) {
    if studio.car.pack().is_none() {
        studio.notices.say(Weight::Warning, "Choose a car first, then take its picture.");
    } else if studio.picture.running.is_some() {
        studio.notices.say(Weight::Warning, "A picture is being drawn already: wait for it, or stop it.");
    } else {
        to.dialogs.ask(studio.picture.form.ask(), studio, &to.desk);
    }
}

/// Takes the active view's picture.
pub(super) fn take(path: PathBuf, studio: &mut Studio, open: &OpenLivery, to: &mut Outlets) {
    to.dialogs.remember(&path);
    let form = studio.picture.form;
    let view = to.views.active();
    let (Some(car), Some((shot, environment)), None) =
        (studio.car.pack().cloned(), to.views.shot(view, &form, studio), studio.picture.running)
    else {
        studio.notices.say(Weight::Warning, "The view is still being prepared: take the picture in a moment.");
        return;
    };
    let kept = studio.kept.as_ref().filter(|_| to.views.slot(view) == PaintSlot::B);
    let (livery, spec) = match kept {
        Some(kept) => (kept.image.clone(), kept.spec.clone()),
        None => (open.image.clone(), studio.spec.map().map(|map| map.picture.clone())),
    };
    let hidden = studio.hidden_parts.clone();
    let subject = Subject { car, livery, base_color: open.base_color, spec, environment, hidden };
    let out = if form.ask() == Ask::TurntableFolder { fresh_folder(&path) } else { path };
    studio.picture.running = Some(0.0);
    studio.picture.done.clear();
    to.pictures.take(subject, shot, form.kind, out);
}
