//! Takes the other plugins' facts into what the panels show.

use std::sync::Arc;

use bevy::prelude::*;
use gridvox_car::CarPack;
use gridvox_car::bundled::DEFAULT_CAR;
use gridvox_editor::{EditorCommand, EditorEvent, OpenLivery};
use gridvox_inference::{FinishedLivery, InferenceEvent};
use gridvox_showroom::{PaintSlot, PaintUploads, ShowroomCommand, ShowroomEvent};

use crate::carry_out::{compare, window};
use crate::command::StudioCommand;
use crate::dock::PanelId;
use crate::desk::{Answer, Desk, OutlineSource, Request};
use crate::dialogs::Dialogs;
use crate::drops;
use crate::marks;
use crate::model::{CarState, KeptVersion, PhotoState, RunState, Studio, file_name};
use crate::notices::Weight;
use crate::spec_map::SpecState;
use crate::views::StudioViews;

pub(crate) fn take_inference_facts(
    mut events: MessageReader<InferenceEvent>,
    mut studio: ResMut<Studio>,
    desk: Res<Desk>,
) {
    for event in events.read() {
        match event {
            InferenceEvent::Analyzed(analyzed) => {
                if let Some(photo) = studio.photo_mut(&analyzed.photo) {
                    photo.state = PhotoState::Read(analyzed.clone());
                }
            }
            InferenceEvent::AnalysisFailed { photo, message } => {
                if let Some(entry) = studio.photo_mut(photo) {
                    entry.state = PhotoState::Unreadable(message.clone());
                }
                studio.notices.say(Weight::Error, message.as_str());
            }
            InferenceEvent::Started(_) | InferenceEvent::PhotoAnalyzed(..) => {}
            InferenceEvent::Progress { stage, fraction, .. } => {
                if let Some(run) = &mut studio.run {
                    run.stage = *stage;
                    run.fraction = fraction.clamp(0.0, 1.0);
                }
            }
            InferenceEvent::Preview(_) => {
                if let Some(run) = &mut studio.run {
                    run.previewed = true;
                }
            }
            InferenceEvent::Finished(_, finished) => {
                let run = studio.run.take();
                let secs = run.as_ref().map_or(0.0, |run| run.since.elapsed().as_secs_f32());
                if let Some(run) = run {
                    ask_for_outlines(&run, finished, &mut studio, &desk);
                }
                studio.result = Some(finished.clone());
                window::show_panel(PanelId::Result, &mut studio);
                studio.notices.say(Weight::Good, format!("The livery is on the car after {secs:.1} seconds."));
            }
            InferenceEvent::Cancelled(_) => {
                studio.run = None;
                studio.notices.say(Weight::Good, "Stopped; the livery is as it was before.");
            }
            InferenceEvent::Failed { message, .. } => {
                studio.run = None;
                studio.notices.say(Weight::Error, message.as_str());
            }
        }
    }
}

/// The photos get the car's outline from the cameras that were found.
fn ask_for_outlines(run: &RunState, finished: &FinishedLivery, studio: &mut Studio, desk: &Desk) {
    for (path, camera) in run.photos.iter().zip(&finished.cameras) {
        let Some(photo) = studio.photo_mut(path) else { continue };
        photo.set_camera(None);
        if let (Some(camera), Some(read)) = (camera, photo.read()) {
            let (photo, car, size) = (path.clone(), run.car.clone(), read.thumbnail.dimensions());
            desk.ask(Request::Outline { photo, car, size, source: OutlineSource::Camera(*camera) });
        }
    }
}

pub(crate) fn take_editor_facts(
    mut events: MessageReader<EditorEvent>,
    open: Res<OpenLivery>,
    mut studio: ResMut<Studio>,
    desk: Res<Desk>,
) {
    for event in events.read() {
        match event {
            EditorEvent::LiveryChanged => {
                compare::follow(&mut studio, &open, &desk);
                if open.blank && studio.result.is_some() && studio.run.is_none() {
                    studio.result = None;
                }
            }
            EditorEvent::LiveryOpened(path) => {
                studio.result = None;
                studio.notices.say(Weight::Good, format!("Opened {}.", file_name(path)));
            }
            EditorEvent::LiverySaved(path) => {
                studio.notices.say(Weight::Good, format!("Saved as {}", path.display()));
            }
            EditorEvent::Failed(message) => studio.notices.say(Weight::Error, message.as_str()),
        }
    }
}

pub(crate) fn take_showroom_facts(
    mut events: MessageReader<ShowroomEvent>,
    mut studio: ResMut<Studio>,
    mut views: ResMut<StudioViews>,
) {
    for event in events.read() {
        match event {
            ShowroomEvent::ViewLit { view, environment } => views.note_light(*view, environment.clone()),
            ShowroomEvent::EnvironmentShown(_) => studio.light.preparing = false,
            ShowroomEvent::Inspecting(shown) => studio.inspection = *shown,
            ShowroomEvent::Failed(message) => {
                studio.light.preparing = false;
                studio.notices.say(Weight::Error, message.as_str());
            }
            _ => {}
        }
    }
}

pub(crate) fn take_answers(
    desk: Res<Desk>,
    mut dialogs: ResMut<Dialogs>,
    mut studio: ResMut<Studio>,
    mut commands: MessageWriter<StudioCommand>,
    mut showroom: MessageWriter<ShowroomCommand>,
    mut editor: MessageWriter<EditorCommand>,
    (uploads, open): (Option<Res<PaintUploads>>, Res<OpenLivery>),
) {
    if let Some(command) = dialogs.take_answer() {
        commands.write(command);
    }
    while let Some(answer) = desk.next_answer() {
        match answer {
            Answer::Bundled { cars, environments } => {
                studio.environments = environments;
                if cars.is_empty() && matches!(studio.car, CarState::None) {
                    let text = "No bundled car was found: put the assets folder beside the program or set GRIDVOX_HOME.";
                    studio.notices.say(Weight::Error, text);
                }
                if std::mem::take(&mut studio.wants_default_car)
                    && let Some(car) = cars.iter().find(|car| car.id == DEFAULT_CAR).or(cars.first())
                {
                    commands.write(StudioCommand::ChooseCar(car.id.clone()));
                }
                studio.cars = cars;
            }
            Answer::Car(pack) => {
                showroom.write(ShowroomCommand::ShowCar(pack.clone()));
                studio.hidden_parts.clear();
                desk.ask(Request::Picker { car: pack.clone(), hidden: Vec::new() });
                if let Some(target) = &pack.manifest.sims.ams2 {
                    studio.export.form.slot = target.slots_from;
                }
                studio.export.done = None;
                forget_other_cars(&pack, &mut studio);
                studio.car = CarState::Shown(pack);
            }
            Answer::CarFailed(message) => {
                studio.car = studio.car.pack().cloned().map_or(CarState::None, CarState::Shown);
                studio.notices.say(Weight::Error, message);
            }
            Answer::Exported(done) => {
                studio.export.running = false;
                studio.notices.say(Weight::Good, format!("The package lies in {}", done.folder.display()));
                studio.export.done = Some(done);
            }
            Answer::ExportFailed(message) => {
                studio.export.running = false;
                studio.notices.say(Weight::Error, message);
            }
            Answer::Confidence(map) => {
                if studio.shows_confidence {
                    editor.write(EditorCommand::ShowMap(Some(map)));
                }
            }
            Answer::Levels { kept, patches } => match uploads.as_ref().map(|uploads| uploads.send_to(PaintSlot::B, patches)) {
                Some(Ok(())) => {
                    let map = studio.spec.map().map(|map| map.picture.clone());
                    studio.kept = Some(KeptVersion { spec: map.clone(), ..kept });
                    showroom.write(ShowroomCommand::SetSpecMap { slot: PaintSlot::B, map });
                    compare::follow(&mut studio, &open, &desk);
                    studio.notices.say(Weight::Good, "Kept. B shows this version, and B again the one you work on.");
                }
                _ => studio.notices.say(Weight::Warning, "The paint is still being updated: keep the version in a moment."),
            },
            Answer::Compared { difference, of } => {
                if let Some(shown) = studio.difference.as_mut().filter(|shown| shown.of == of) {
                    shown.found = Some((difference.share, difference.mean, difference.most));
                    editor.write(EditorCommand::ShowMap(Some(Arc::new(difference.map))));
                }
            }
            Answer::SpecMap(Ok(map)) => {
                showroom.write(ShowroomCommand::SetSpecMap { slot: PaintSlot::A, map: Some(map.picture.clone()) });
                studio.spec = SpecState::Shown(map);
            }
            Answer::SpecMap(Err(reason)) => {
                studio.notices.say(Weight::Error, reason.as_str());
                let before = studio.spec.map().cloned();
                studio.spec = SpecState::Refused { reason, before };
            }
            Answer::Settings(settings) => studio.settings = settings,
            Answer::Picker(picker) => studio.picker = Some(picker),
            Answer::Angles(angles) => studio.angles = Some(angles),
            Answer::Outline { photo, points, seen } => {
                if let Some(photo) = studio.photo_mut(&photo)
                    && points.is_none_or(|points| points == marks::pairs(&photo.marks).len())
                {
                    photo.marks_problem = seen.as_ref().err().cloned();
                    photo.set_camera(seen.ok());
                }
            }
            Answer::Dropped { path, kind } => {
                if let Some(command) = drops::meaning(path, kind, &mut studio) {
                    commands.write(command);
                }
            }
            Answer::Folder(listing) => dialogs.show_listing(listing, &mut studio),
            Answer::Failed(message) => studio.notices.say(Weight::Warning, message),
        }
    }
}

/// Points and outlines belong to one car.
fn forget_other_cars(pack: &CarPack, studio: &mut Studio) {
    if studio.car.pack().is_some_and(|before| before.hash == pack.hash) {
        return;
    }
    studio.picker = None;
    studio.marking = false;
    let mut forgotten = false;
    for photo in &mut studio.photos {
        forgotten |= !photo.marks.is_empty();
        photo.marks.clear();
        photo.marks_problem = None;
        photo.set_camera(None);
    }
    if forgotten {
        studio.notices.say(Weight::Warning, "The points were set on the other car: set them again on this one.");
    }
}
