//! Carries commands out: changes what the panels show, and passes the rest on to the other plugins.

pub(crate) mod compare;
mod picture;
pub(crate) mod window;

use std::sync::Arc;
use std::time::Instant;

use bevy::prelude::*;
use gridvox_car::CarPack;
use gridvox_editor::{EditorCommand, OpenLivery};
use gridvox_inference::{ENOUGH_PAIRS, GenerateOptions, GenerateRequest, InferenceCommand, Stage};
use gridvox_showroom::{EnvironmentId, SavedAngles, ShowroomCommand, ViewId, ViewLayout};

use crate::command::{Ask, DropAnswer, StudioCommand};
use crate::desk::{Desk, OutlineSource, Request};
use crate::dialogs::{self, Dialogs};
use crate::imports::{self, ImportDesk};
use crate::marks::{self, Sheet, Spot};
use crate::model::{CarState, PhotoEntry, PhotoState, RunState, Studio};
use crate::notices::Weight;
use crate::pictures::PictureDesk;
use crate::views::StudioViews;

/// The plugins that commands are passed on to.
#[derive(bevy::ecs::system::SystemParam)]
pub(crate) struct Outlets<'w> {
    showroom: MessageWriter<'w, ShowroomCommand>,
    editor: MessageWriter<'w, EditorCommand>,
    inference: MessageWriter<'w, InferenceCommand>,
    exit: MessageWriter<'w, AppExit>,
    desk: Res<'w, Desk>,
    dialogs: ResMut<'w, Dialogs>,
    views: ResMut<'w, StudioViews>,
    pictures: ResMut<'w, PictureDesk>,
    imports: ResMut<'w, ImportDesk>,
}

pub(crate) fn carry_out_commands(
    mut commands: MessageReader<StudioCommand>,
    mut studio: ResMut<Studio>,
    open: Res<OpenLivery>,
    mut outlets: Outlets,
) {
    for command in commands.read() {
        carry_out(command.clone(), &mut studio, &open, &mut outlets);
    }
}

fn carry_out(command: StudioCommand, studio: &mut Studio, open: &OpenLivery, to: &mut Outlets) {
    match command {
        StudioCommand::Ask(Ask::SaveLivery) if open.blank => studio.notices.say(Weight::Warning, NOTHING_TO_SAVE),
        StudioCommand::Ask(ask) => to.dialogs.ask(ask, studio, &to.desk),
        StudioCommand::AddPhotos(paths) => add_photos(paths, studio, to),
        StudioCommand::RemovePhoto(index) => remove_photo(index, studio),
        StudioCommand::SelectPhoto(index) => {
            studio.selected_photo = index;
            studio.sheet = Sheet::default();
        }
        StudioCommand::ToggleMarking => toggle_marking(studio, to),
        StudioCommand::MarkPhoto(photo_px) => {
            if let Some(photo) = studio.photos.get_mut(studio.selected_photo) {
                marks::set_on_photo(&mut photo.marks, photo_px);
            }
        }
        StudioCommand::MarkCar(view, place) => mark_car(view, place, studio, to),
        StudioCommand::RemoveMark(index) => {
            let photo = studio.photos.get_mut(studio.selected_photo).filter(|photo| index < photo.marks.len());
            if let Some(photo) = photo {
                photo.marks.remove(index);
                outline_by_marks(studio, to);
            }
        }
        StudioCommand::ClearMarks => {
            if let Some(photo) = studio.photos.get_mut(studio.selected_photo) {
                photo.marks.clear();
                outline_by_marks(studio, to);
            }
        }
        StudioCommand::MoveSheet(sheet) => studio.sheet = sheet,
        StudioCommand::ToggleOutline => studio.shows_outline = !studio.shows_outline,
        StudioCommand::ChooseCar(id) => load_car(id, studio, to),
        StudioCommand::OpenCar(folder) => load_car(folder.to_string_lossy().into_owned(), studio, to),
        StudioCommand::BringIn(file) => {
            to.dialogs.remember(&file);
            imports::begin(file, studio, &mut to.imports);
        }
        StudioCommand::SetImport(form) => {
            if let Some(state) = &mut studio.import {
                state.form = form;
            }
        }
        StudioCommand::RunImport => imports::run_import(studio, &mut to.imports),
        StudioCommand::LeaveImport => imports::leave(studio, &mut to.imports),
        StudioCommand::SetLight(environment) => set_light(environment, studio, to),
        StudioCommand::SetRotation(degrees) => {
            studio.light.rotation_deg = degrees;
            to.showroom.write(ShowroomCommand::SetEnvironmentRotation(degrees));
        }
        StudioCommand::SetExposure(ev) => {
            studio.light.exposure_ev = ev;
            to.showroom.write(ShowroomCommand::SetExposure(ev));
        }
        StudioCommand::SetSoftbox(softbox) => {
            studio.light.softbox_on = softbox.is_some();
            studio.light.softbox = softbox.unwrap_or(studio.light.softbox);
            to.showroom.write(ShowroomCommand::SetSoftbox(softbox));
        }
        StudioCommand::BlurBackdrop(view, blur) => to.views.blur(&[view], blur, &mut to.showroom),
        StudioCommand::BlurAllBackdrops(blur) => to.views.blur(&ViewId::ALL, blur, &mut to.showroom),
        StudioCommand::SetLens(view, focal_mm) => {
            to.showroom.write(ShowroomCommand::SetLens { view, focal_mm });
        }
        StudioCommand::OpenAperture(view, f_number) => to.views.open_aperture(view, f_number, &mut to.showroom),
        StudioCommand::ActivateView(view) => to.views.activate(view),
        StudioCommand::SetQuality(quality) => studio.quality = quality,
        StudioCommand::SetColorBoost(boost) => studio.color_boost = boost,
        StudioCommand::Generate => generate(studio, to),
        StudioCommand::CancelRun => {
            to.inference.write(InferenceCommand::Cancel);
        }
        StudioCommand::ToggleConfidence => toggle_confidence(studio, to),
        StudioCommand::ToggleDifference => compare::toggle(studio, open, to),
        StudioCommand::OpenSpecMap(path) => window::open_spec_map(path, studio, to),
        StudioCommand::ClearSpecMap => window::clear_spec_map(studio, to),
        StudioCommand::OpenLivery(path) => {
            to.dialogs.remember(&path);
            to.editor.write(EditorCommand::OpenLivery(path));
        }
        StudioCommand::Save => match &open.path {
            _ if open.blank => studio.notices.say(Weight::Warning, NOTHING_TO_SAVE),
            Some(path) => {
                to.editor.write(EditorCommand::SaveLivery(path.clone()));
            }
            None => to.dialogs.ask(Ask::SaveLivery, studio, &to.desk),
        },
        StudioCommand::SaveTo(path) => {
            to.editor.write(EditorCommand::SaveLivery(path));
        }
        StudioCommand::ClearLivery => {
            to.editor.write(EditorCommand::Clear);
        }
        StudioCommand::SetBaseColor(color) => {
            to.editor.write(EditorCommand::SetBaseColor(color));
        }
        StudioCommand::SetFinish(finish) => {
            studio.finish = finish;
            to.showroom.write(ShowroomCommand::SetFinish(finish));
        }
        StudioCommand::Inspect(inspection) => {
            to.showroom.write(ShowroomCommand::Inspect(inspection));
        }
        StudioCommand::Undo => {
            to.editor.write(EditorCommand::Undo);
        }
        StudioCommand::Redo => {
            to.editor.write(EditorCommand::Redo);
        }
        StudioCommand::SetExport(form) => studio.export.form = form,
        StudioCommand::SetExportFolder(folder) => studio.export.form.folder = Some(folder),
        StudioCommand::SetInstallFolder(folder) => studio.export.form.install = Some(folder),
        StudioCommand::Export => export(studio, open, to),
        StudioCommand::SetPicture(form) => studio.picture.form = form,
        StudioCommand::AskPicture => picture::ask(studio, to),
        StudioCommand::TakePicture(path) => picture::take(path, studio, open, to),
        StudioCommand::StopPicture => to.pictures.stop(),
        StudioCommand::ShowFolder(folder) => {
            to.desk.ask(Request::ShowFolder(folder));
        }
        StudioCommand::KeepVersion if open.blank => studio.notices.say(Weight::Warning, NOTHING_TO_SAVE),
        StudioCommand::KeepVersion => {
            to.desk.ask(Request::Levels { livery: open.image.clone(), revision: open.revision });
        }
        StudioCommand::Blink if to.views.matched().is_some() => to.views.blink_match(),
        StudioCommand::Blink if studio.kept.is_none() => {
            studio.notices.say(Weight::Warning, NOTHING_KEPT);
        }
        StudioCommand::Blink => to.views.blink(&mut to.showroom),
        StudioCommand::SetWipe(fraction) => to.views.set_wipe(fraction),
        StudioCommand::SaveAngle => save_angle(studio, to),
        StudioCommand::ShowAngle(view, index) => {
            let angle = studio.angles.as_ref().and_then(|angles| angles.list().get(index));
            if let Some(angle) = angle.map(|saved| saved.angle) {
                let view = view.unwrap_or(to.views.hovered());
                to.views.show_angle(view, angle, &mut to.showroom);
            }
        }
        StudioCommand::RenameAngle(index, name) => change_angles(studio, to, |angles| angles.rename(index, &name)),
        StudioCommand::DeleteAngle(index) => change_angles(studio, to, |angles| angles.delete(index).is_some()),
        StudioCommand::ToggleAngles => studio.shows_angles = !studio.shows_angles,
        StudioCommand::ToggleTurntable(view) => {
            let view = view.unwrap_or(to.views.hovered());
            to.views.toggle_turntable(view, &mut to.showroom);
        }
        StudioCommand::IsolatePart(part) => hide_parts(part, studio, to, |part, _, other| part != other),
        StudioCommand::HidePart(part) => hide_parts(part, studio, to, |part, was_hidden, other| was_hidden || part == other),
        StudioCommand::ShowAllParts => set_hidden(Vec::new(), studio, to),
        StudioCommand::ToggleMatch if to.views.matched().is_some() => to.views.leave_match(false, &mut to.showroom),
        StudioCommand::ToggleMatch => step_match(0, studio, to),
        StudioCommand::LeaveMatch { stays } => to.views.leave_match(stays, &mut to.showroom),
        StudioCommand::StepMatch(step) if to.views.matched().is_some() => step_match(step, studio, to),
        StudioCommand::StepMatch(_) => {}
        StudioCommand::SetMatchLine(share) => to.views.set_match_line(share),
        StudioCommand::SetMatchOpacity(share) => to.views.set_match_opacity(share),
        StudioCommand::SetLayout(ViewLayout::Wipe) if studio.kept.is_none() => {
            studio.notices.say(Weight::Warning, NOTHING_KEPT);
        }
        StudioCommand::ShowVersion(view, slot) => to.views.show_version(view, slot, &mut to.showroom),
        StudioCommand::LightView(view, light) => to.views.light(view, light, &mut to.showroom),
        StudioCommand::SetLayout(layout) => to.views.set_layout(layout, &mut to.showroom),
        StudioCommand::SetView(slot, preset) => to.views.set_preset(slot, preset, &mut to.showroom),
        StudioCommand::SetHoveredView(preset) => {
            let slot = to.views.hovered();
            to.views.set_preset(slot, preset, &mut to.showroom);
        }
        StudioCommand::FitViews => to.views.fit(&mut to.showroom),
        StudioCommand::BrowseTo(path) => {
            if let Some(browser) = &studio.browser {
                match dialogs::browse_to(browser.ask, path) {
                    Ok(pick) => carry_out(pick, studio, open, to),
                    Err(listing) => {
                        to.desk.ask(listing);
                    }
                }
            }
        }
        StudioCommand::BrowsePick(path) => {
            if let Some(browser) = studio.browser.take() {
                to.dialogs.remember(&path);
                if let Some(command) = dialogs::meaning(browser.ask, vec![path]) {
                    carry_out(command, studio, open, to);
                }
            }
        }
        StudioCommand::BrowseCancel => studio.browser = None,
        StudioCommand::AnswerDrop(answer) => {
            if let Some(path) = studio.dropped.take() {
                match answer {
                    DropAnswer::Livery => carry_out(StudioCommand::OpenLivery(path), studio, open, to),
                    DropAnswer::Photo => add_photos(vec![path], studio, to),
                    DropAnswer::Neither => {}
                }
            }
        }
        StudioCommand::DismissNotice(id) => studio.notices.dismiss(id),
        StudioCommand::ToggleLog => studio.shows_log = !studio.shows_log,
        StudioCommand::ToggleHelp => studio.shows_help = !studio.shows_help,
        StudioCommand::TogglePanels => studio.shows_panels = !studio.shows_panels,
        StudioCommand::Dock(change) => window::dock(change, studio),
        StudioCommand::SetScale(scale) => window::scale(scale, studio),
        StudioCommand::StepScale(step) => window::scale(Some(studio.settings.step_scale(step)), studio),
        StudioCommand::RememberWindow => window::remember(studio, to),
        StudioCommand::Escape => escape(studio, to),
        StudioCommand::Quit => {
            to.exit.write(AppExit::Success);
        }
    }
}

const NOTHING_KEPT: &str = "No version is kept yet: K keeps the livery as it is now.";
const NOTHING_TO_SAVE: &str = "There is no livery yet: make one from a photo or open one first.";

fn add_photos(paths: Vec<std::path::PathBuf>, studio: &mut Studio, to: &mut Outlets) {
    for path in paths {
        to.dialogs.remember(&path);
        if let Some(index) = studio.photos.iter().position(|photo| photo.path == path) {
            studio.selected_photo = index;
            continue;
        }
        studio.photos.push(PhotoEntry::new(path.clone(), PhotoState::Reading));
        studio.selected_photo = studio.photos.len() - 1;
        to.inference.write(InferenceCommand::Analyze(path));
    }
}

fn remove_photo(index: usize, studio: &mut Studio) {
    if index < studio.photos.len() {
        studio.photos.remove(index);
        studio.marking &= !studio.photos.is_empty();
        studio.selected_photo = studio.selected_photo.min(studio.photos.len().saturating_sub(1));
    }
}

fn load_car(id_or_dir: String, studio: &mut Studio, to: &mut Outlets) {
    if to.desk.ask(Request::LoadCar(id_or_dir)) {
        studio.car = CarState::Loading { before: studio.car.pack().cloned() };
    }
}

fn set_light(environment: EnvironmentId, studio: &mut Studio, to: &mut Outlets) {
    if let EnvironmentId::File(path) = &environment {
        to.dialogs.remember(path);
    }
    studio.light.light = environment.clone();
    studio.light.preparing = true;
    to.showroom.write(ShowroomCommand::SetEnvironment(environment));
}

fn generate(studio: &mut Studio, to: &mut Outlets) {
    let (true, Some(car)) = (studio.can_generate(), studio.car.pack()) else {
        if studio.run.is_none() {
            studio.notices.say(Weight::Warning, "Choose a car and add a photo that shows one, then make the livery.");
        }
        return;
    };
    let usable = studio.photos.iter().filter(|photo| photo.is_usable());
    let (photos, point_pairs) = usable.map(|photo| (photo.path.clone(), marks::pairs(&photo.marks))).unzip();
    let request = GenerateRequest {
        car: Arc::clone(car),
        photos,
        options: GenerateOptions {
            quality: studio.quality,
            color_boost: studio.color_boost,
            point_pairs,
            ..GenerateOptions::default()
        },
    };
    studio.run = Some(RunState {
        car: request.car.clone(),
        photos: request.photos.clone(),
        stage: Stage::Analyse,
        fraction: 0.0,
        since: Instant::now(),
        previewed: false,
    });
    studio.marking = false;
    uncover(studio, to);
    to.inference.write(InferenceCommand::Generate(Box::new(request)));
}

fn toggle_marking(studio: &mut Studio, to: &mut Outlets) {
    let Some(car) = studio.car.pack().cloned().filter(|_| studio.selected().is_some_and(|photo| photo.read().is_some())) else {
        if !std::mem::take(&mut studio.marking) {
            studio.notices.say(Weight::Warning, "Choose a car and add a photo first, then set points on both.");
        }
        return;
    };
    studio.marking = !studio.marking;
    studio.sheet = Sheet::default();
    to.views.leave_match(true, &mut to.showroom);
    if studio.marking && !studio.picker.as_ref().is_some_and(|picker| picker.is_for(&car, &studio.hidden_parts)) {
        to.desk.ask(Request::Picker { car, hidden: studio.hidden_parts.clone() });
    }
}

fn mark_car(view: ViewId, place: Vec2, studio: &mut Studio, to: &mut Outlets) {
    let (Some(picker), Some(camera)) = (studio.picker.clone(), to.views.camera(view)) else {
        studio.notices.say(Weight::Warning, "The car is still being prepared for clicks: try again in a moment.");
        return;
    };
    let Some(Spot { point: spot, .. }) = picker.spot(camera, place) else {
        studio.notices.say(Weight::Warning, "That is beside the car: click the spot on the car itself.");
        return;
    };
    let Some(photo) = studio.photos.get_mut(studio.selected_photo) else { return };
    if marks::set_on_car(&mut photo.marks, spot) {
        outline_by_marks(studio, to);
    } else {
        studio.notices.say(Weight::Warning, "Click the spot on the photo first, then the same spot on the car.");
    }
}

/// Shows the camera that the selected photo's points give, where they are enough for one.
fn outline_by_marks(studio: &mut Studio, to: &mut Outlets) {
    let car = studio.car.pack().cloned();
    let Some(photo) = studio.photos.get_mut(studio.selected_photo) else { return };
    photo.set_camera(None);
    photo.marks_problem = None;
    let pairs = marks::pairs(&photo.marks);
    if let (Some(car), Some(read)) = (car, photo.read())
        && pairs.len() >= ENOUGH_PAIRS
    {
        let (path, size) = (photo.path.clone(), read.thumbnail.dimensions());
        let source = OutlineSource::Points { pairs, photo_size: read.size_px };
        to.desk.ask(Request::Outline { photo: path, car, size, source });
    }
}

fn toggle_confidence(studio: &mut Studio, to: &mut Outlets) {
    if studio.shows_confidence {
        uncover(studio, to);
    } else if let Some(result) = &studio.result
        && to.desk.ask(Request::ColorConfidence(result.confidence.clone()))
    {
        studio.shows_confidence = true;
        studio.difference = None;
    }
}

/// Shows the livery, if a map of it covers the car.
fn uncover(studio: &mut Studio, to: &mut Outlets) {
    if std::mem::take(&mut studio.shows_confidence) | studio.difference.take().is_some() {
        to.editor.write(EditorCommand::ShowMap(None));
    }
}

/// Hides what `hides` says of a part, of whether another is hidden already, and of that other.
fn hide_parts(part: Option<usize>, studio: &mut Studio, to: &mut Outlets, hides: impl Fn(usize, bool, usize) -> bool) {
    let part = part.or(to.views.under().map(|under| under.part));
    let (Some(part), Some(car)) = (part, studio.car.pack()) else {
        studio.notices.say(Weight::Warning, "Point at the part in a view first.");
        return;
    };
    let hidden = (0..car.model.parts.len()).filter(|&other| hides(part, studio.hidden_parts.contains(&other), other));
    set_hidden(hidden.collect(), studio, to);
}

fn set_hidden(hidden: Vec<usize>, studio: &mut Studio, to: &mut Outlets) {
    if studio.hidden_parts == hidden {
        return;
    }
    studio.hidden_parts = hidden.clone();
    if let Some(car) = studio.car.pack() {
        to.desk.ask(Request::Picker { car: car.clone(), hidden: hidden.clone() });
    }
    to.showroom.write(ShowroomCommand::HideParts(hidden));
}

fn save_angle(studio: &mut Studio, to: &mut Outlets) {
    let (Some(angles), Some(angle)) = (&mut studio.angles, to.views.angle(to.views.hovered())) else {
        studio.notices.say(Weight::Warning, "The saved angles could not be read, so none can be added: the log says why.");
        return;
    };
    let said = match angles.save(angle) {
        Ok(name) => (Weight::Good, format!("Saved as {name}. The view's angle menu goes back to it.")),
        Err(error) => (Weight::Warning, error.to_string()),
    };
    to.desk.ask(Request::WriteAngles(angles.clone()));
    studio.notices.say(said.0, said.1);
}

/// Changes the list and writes it, where something changed.
fn change_angles(studio: &mut Studio, to: &mut Outlets, change: impl FnOnce(&mut SavedAngles) -> bool) {
    if let Some(angles) = &mut studio.angles
        && change(angles)
    {
        to.desk.ask(Request::WriteAngles(angles.clone()));
    }
}

/// Puts the first view behind the lens of a photo that has a camera, so many further than the selected one.
fn step_match(step: i32, studio: &mut Studio, to: &mut Outlets) {
    let known: Vec<usize> = (0..studio.photos.len()).filter(|&index| studio.photos[index].camera.is_some()).collect();
    let now = known.iter().position(|&index| index == studio.selected_photo).unwrap_or(0) as i32;
    let Some(&index) = known.get((now + step).rem_euclid(known.len().max(1) as i32) as usize) else {
        let text = "No photo's camera is known yet: make a livery from the photo, or set points on it.";
        studio.notices.say(Weight::Warning, text);
        return;
    };
    studio.selected_photo = index;
    studio.marking = false;
    let photo = &studio.photos[index];
    if let Some(camera) = photo.camera {
        to.views.match_photo(photo.path.clone(), camera, &mut to.showroom);
    }
}

fn export(studio: &mut Studio, open: &OpenLivery, to: &mut Outlets) {
    let car: Option<&Arc<CarPack>> = studio.car.pack();
    match (car, &studio.export.form.folder) {
        _ if studio.export.running => {}
        (None, _) => studio.notices.say(Weight::Warning, "Choose a car first."),
        _ if open.blank => studio.notices.say(Weight::Warning, NOTHING_TO_SAVE),
        (_, None) => to.dialogs.ask(Ask::ExportFolder, studio, &to.desk),
        (Some(car), Some(_)) => {
            let mut form = studio.export.form.clone();
            if form.name.trim().is_empty() {
                form.name = "GridVox livery".into();
            }
            let light = studio.light.light.clone();
            let spec = studio.spec.map().map(|map| map.picture.clone());
            let request = Request::Export { car: car.clone(), livery: open.image.clone(), spec, form, light };
            studio.export.running = to.desk.ask(request);
            studio.export.done = None;
        }
    }
}

/// Closes what lies on top; with nothing open it stops the run. The modal dialogs close themselves.
fn escape(studio: &mut Studio, to: &mut Outlets) {
    if studio.shows_help {
        studio.shows_help = false;
    } else if studio.shows_angles {
        studio.shows_angles = false;
    } else if studio.import.is_some() {
        imports::leave(studio, &mut to.imports);
    } else if studio.browser.take().is_some() || studio.dropped.take().is_some() {
    } else if studio.shows_log {
        studio.shows_log = false;
    } else if studio.marking {
        studio.marking = false;
    } else if to.views.matched().is_some() {
        to.views.leave_match(false, &mut to.showroom);
    } else if studio.run.is_some() {
        to.inference.write(InferenceCommand::Cancel);
    }
}
