//! The panels in the states a painter meets, without a GPU: what they say and what a click asks for.

mod docking;
mod names;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bevy::math::{Vec2, Vec3};
use bevy_egui::egui::accesskit::Role;
use bevy_egui::egui::{Panel, Ui, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use gridvox_showroom::{EnvironmentId, PaintSlot, SavedAngles, PictureKind, Softbox, ViewAngle, ViewId, ViewLayout, ViewLight};
use gridvox_inference::{Analysis, Analyzed, FinishedLivery, Stage};
use image::{GrayImage, RgbaImage};

use super::Commands;
use super::photo_match::MatchView;
use super::top_bar::TopBarView;
use super::view_area::{Under, ViewAreaView, view_area};
use crate::command::{Ask, ExportForm, StudioCommand};
use crate::dock::Dock;
use crate::model::{CarState, Choice, ExportDone, ExportState, LightState, PhotoEntry, PhotoState, RunState, Studio};
use crate::marks::{Mark, Sheet, ShownMark};
use crate::notices::Weight;
use crate::pictures::PictureState;
use crate::theme;

type Out = Rc<RefCell<Commands>>;

/// A panel in a window of the side panel's width; fonts count from the second frame on.
fn harness<'a>(panel: impl FnMut(&mut Ui, &mut Commands) + 'a) -> (Harness<'a>, Out) {
    sized_harness(320.0, panel)
}

/// As wide as the smallest window.
fn wide_harness<'a>(panel: impl FnMut(&mut Ui, &mut Commands) + 'a) -> (Harness<'a>, Out) {
    sized_harness(1000.0, panel)
}

fn sized_harness<'a>(width: f32, mut panel: impl FnMut(&mut Ui, &mut Commands) + 'a) -> (Harness<'a>, Out) {
    let out = Out::default();
    let sink = out.clone();
    let mut themed = false;
    let mut harness = Harness::builder().with_size(vec2(width, 900.0)).build_ui(move |ui| {
        if !std::mem::replace(&mut themed, true) {
            theme::apply(ui.ctx());
            ui.ctx().request_repaint();
            return;
        }
        panel(ui, &mut sink.borrow_mut());
    });
    harness.run_steps(3);
    (harness, out)
}

fn analysis() -> Analysis {
    Analysis {
        has_car: true,
        refusal: None,
        view: Some(gridvox_car::ViewPreset::FrontLeft),
        azimuth_deg: Some(41.0),
        elevation_deg: Some(9.0),
        quality: 82,
        measures: Default::default(),
        warnings: vec!["The rear wing is cut off by the picture's edge.".into()],
        width: 1920,
        height: 1280,
    }
}

fn studio_with(state: PhotoState) -> Studio {
    let photo = PhotoEntry::new(PathBuf::from("/photos/car.jpg"), state);
    Studio { photos: vec![photo], car: CarState::Shown(Arc::new(gridvox_car::testing::box_pack())), ..Studio::default() }
}

fn read(analysis: Analysis) -> PhotoState {
    PhotoState::Read(Arc::new(Analyzed {
        photo: "/photos/car.jpg".into(),
        size_px: (1920, 1280),
        thumbnail: Arc::new(RgbaImage::new(72, 48)),
        picture: Arc::new(RgbaImage::new(96, 64)),
        analysis,
    }))
}

fn result() -> FinishedLivery {
    crate::testing::finished(RgbaImage::new(8, 8), GrayImage::new(8, 8))
}

#[test]
fn without_a_photo_the_card_asks_for_one() {
    let studio = Studio::default();
    let (mut harness, out) = harness(|ui, out| super::photo::photo_panel(ui, &studio, out));
    assert!(harness.query_by_label("Make livery").is_none());
    harness.get_by_label("Drop a photo of the real car").click();
    harness.run_steps(2);
    assert_eq!(*out.borrow(), [StudioCommand::Ask(Ask::Photos)]);
}

#[test]
fn a_photo_that_is_being_read_cannot_be_used_yet() {
    let studio = studio_with(PhotoState::Reading);
    let (mut harness, out) = harness(|ui, out| super::photo::photo_panel(ui, &studio, out));
    harness.get_by_label("Looking at car.jpg…");
    harness.get_by_label("Make livery").click();
    harness.run_steps(2);
    assert!(out.borrow().is_empty(), "the button is off: {:?}", out.borrow());
}

#[test]
fn a_refused_photo_says_why() {
    let refused = Analysis {
        has_car: false,
        refusal: Some("There is no car in this photo: choose one that shows a whole car.".into()),
        ..analysis()
    };
    let studio = studio_with(read(refused));
    let (mut harness, out) = harness(|ui, out| super::photo::photo_panel(ui, &studio, out));
    harness.get_by_label("There is no car in this photo: choose one that shows a whole car.");
    harness.get_by_label("Make livery").click();
    harness.run_steps(2);
    assert!(out.borrow().is_empty());
}

#[test]
fn a_good_photo_shows_its_analysis_and_starts_a_run() {
    let studio = studio_with(read(analysis()));
    let (mut harness, out) = harness(|ui, out| super::photo::photo_panel(ui, &studio, out));
    harness.get_by_label("82");
    harness.get_by_label("front left · 41°");
    harness.get_by_label("The rear wing is cut off by the picture's edge.");
    harness.get_by_label("Make livery").click();
    harness.run_steps(2);
    assert_eq!(*out.borrow(), [StudioCommand::Generate]);
}

#[test]
fn a_run_shows_its_stage_and_can_be_stopped() {
    let run = RunState {
        car: Arc::new(gridvox_car::testing::box_pack()),
        photos: vec!["/photos/car.jpg".into()],
        stage: Stage::Bake,
        fraction: 0.6,
        since: Instant::now(),
        previewed: true,
    };
    let studio = Studio { run: Some(run), ..studio_with(read(analysis())) };
    let (mut harness, out) = harness(|ui, out| super::photo::photo_panel(ui, &studio, out));
    harness.get_by_label("60 %");
    harness.get_by_label(Stage::Bake.label());
    harness.get_by_label("Stop").click();
    harness.run_steps(2);
    assert_eq!(*out.borrow(), [StudioCommand::CancelRun]);
}

#[test]
fn a_result_shows_scores_and_sources() {
    let result = result();
    let (mut harness, out) = harness(|ui, out| super::result::result_panel(ui, Some(&result), false, out));
    harness.get_by_label("91");
    harness.get_by_label("ΔE 3.4, close");
    harness.get_by_label("41 %");
    harness.get_by_label("Show it on the car").click();
    harness.run_steps(2);
    assert_eq!(*out.borrow(), [StudioCommand::ToggleConfidence]);
}

#[test]
fn an_export_needs_a_livery_and_a_folder() {
    let form = ExportForm { folder: Some("/out".into()), ..ExportForm::default() };
    let ready = ExportState { form, ..ExportState::default() };
    for (export, has_livery, starts) in [(&ExportState::default(), true, false), (&ready, false, false), (&ready, true, true)] {
        let (mut harness, out) = harness(|ui, out| super::export::export_panel(ui, export, has_livery, out));
        harness.get_by_label("Export").click();
        harness.run_steps(2);
        assert_eq!(out.borrow().contains(&StudioCommand::Export), starts, "livery: {has_livery}");
    }
}

#[test]
fn a_written_package_names_the_next_step() {
    let done = ExportDone {
        folder: "/out".into(),
        files: 4,
        next_steps: vec!["Start the game and choose livery 51.".into()],
        warnings: vec!["The car's own names are not known.".into()],
    };
    let export = ExportState { done: Some(done), ..ExportState::default() };
    let (mut harness, out) = harness(|ui, out| super::export::export_panel(ui, &export, true, out));
    harness.get_by_label("Package written · 4 files");
    harness.get_by_label("1. Start the game and choose livery 51.");
    harness.get_by_label("Show folder").click();
    harness.run_steps(2);
    assert_eq!(*out.borrow(), [StudioCommand::ShowFolder("/out".into())]);
}

#[test]
fn a_notice_can_be_dismissed() {
    let mut studio = Studio::default();
    studio.notices.say(Weight::Error, "The folder cannot be written.");
    let (mut harness, out) = harness(|ui, out| super::notices::toasts(ui.ctx(), &studio.notices, out));
    harness.get_by_label("The folder cannot be written.");
    harness.get_by_label("Dismiss").click_accesskit();
    harness.run_steps(2);
    assert_eq!(*out.borrow(), [StudioCommand::DismissNotice(1)]);
}

fn views(layout: ViewLayout) -> ViewAreaView {
    ViewAreaView {
        layout,
        views: Default::default(),
        wipe: 0.5,
        marking: false,
        keeps_version: false,
        active: ViewId::FIRST,
        difference: false,
        environments: vec![("low_sun".into(), "Low sun".into()), ("tunnel".into(), "Tunnel".into())],
        light: Studio::default().light.common(),
        angles: SavedAngles::default(),
        under: None,
        hidden_parts: 0,
        matched: None,
        drag_hovers: false,
        preparing: false,
    }
}

const ANGLE: ViewAngle =
    ViewAngle { azimuth_deg: 30.0, elevation_deg: 8.0, distance_m: 6.0, focus_m: [0.0, 0.6, 0.0], fov_deg: 22.0 };

#[test]
fn an_angle_is_saved_and_found_again_in_the_menu() {
    let mut view = views(ViewLayout::Single);
    view.angles.save(ANGLE).expect("there is room");
    view.angles.rename(0, "Side with number");
    view.views[0].saved = Some(0);
    let (mut harness, out) = harness(move |ui, out| {
        view_area(ui, &view, out);
    });
    for (line, wanted) in [
        ("Save this angle A", StudioCommand::SaveAngle),
        ("Side with number Alt+1", StudioCommand::ShowAngle(Some(ViewId::FIRST), 0)),
        ("Rename or delete…", StudioCommand::ToggleAngles),
    ] {
        harness.get_by_label("Angle of view 1: Side with number").click();
        harness.run_steps(3);
        harness.get_by_label(line).click();
        harness.run_steps(2);
        assert_eq!(out.borrow_mut().pop(), Some(wanted));
    }
}

#[test]
fn a_right_click_isolates_the_part_under_the_pointer() {
    let mut view = views(ViewLayout::Single);
    view.under = Some(Under { view: ViewId::FIRST, part: 3, name: "Door left".into(), uv: Some(Vec2::splat(0.5)) });
    view.hidden_parts = 2;
    let (mut harness, out) = harness(move |ui, out| {
        view_area(ui, &view, out);
    });
    for (line, wanted) in [
        ("Only Door left", StudioCommand::IsolatePart(Some(3))),
        ("Hide Door left", StudioCommand::HidePart(Some(3))),
        ("Show all parts", StudioCommand::ShowAllParts),
    ] {
        harness.get_by_label("View 1 of the car").click_secondary();
        harness.run_steps(3);
        harness.get_by_label(line).click();
        harness.run_steps(3);
        assert_eq!(out.borrow_mut().pop(), Some(wanted));
    }
}

#[test]
fn saved_angles_are_renamed_and_deleted_in_their_list() {
    let mut angles = SavedAngles::default();
    for _ in 0..2 {
        angles.save(ANGLE).expect("there is room");
    }
    let (mut harness, out) = wide_harness(move |ui, out| super::angles::angles_overlay(ui.ctx(), &angles, out));
    let field = harness.get_by_label("Name of Angle 2");
    field.focus();
    harness.run_steps(2);
    harness.get_by_label("Name of Angle 2").type_text("b");
    harness.run_steps(2);
    harness.key_press(bevy_egui::egui::Key::Enter);
    harness.run_steps(2);
    let renamed = out.borrow_mut().pop();
    assert!(matches!(&renamed, Some(StudioCommand::RenameAngle(1, name)) if name.contains('b')), "{renamed:?}");
    harness.get_all_by_label("Delete").next().expect("each has one").click();
    harness.run_steps(2);
    assert_eq!(out.borrow_mut().pop(), Some(StudioCommand::DeleteAngle(0)));
}

#[test]
fn a_match_steps_through_photos_and_is_left() {
    let mut view = views(ViewLayout::Single);
    view.matched = Some(MatchView {
        size_px: (1920, 1280),
        name: "car.jpg".into(),
        place: (0, 2),
        line: 0.5,
        opacity: 1.0,
        note: Some("The photo's lens bends its corners by 12 px; the render is straight.".into()),
        picture: None,
    });
    let (mut harness, out) = wide_harness(move |ui, out| {
        view_area(ui, &view, out);
    });
    harness.get_by_label("The photo's lens bends its corners by 12 px; the render is straight.");
    for name in ["Next photo (Right)", "Photo before (Left)", "Leave"] {
        harness.get_by_label(name).click();
        harness.run_steps(2);
    }
    let left = StudioCommand::LeaveMatch { stays: false };
    assert_eq!(*out.borrow(), [StudioCommand::StepMatch(1), StudioCommand::StepMatch(-1), left]);
}

#[test]
fn a_view_says_when_it_shows_the_kept_version() {
    let mut view = views(ViewLayout::Split);
    view.views[0].kept = true;
    let places = Rc::new(RefCell::new(Vec::new()));
    let sink = places.clone();
    let (mut harness, out) = harness(move |ui, out| *sink.borrow_mut() = view_area(ui, &view, out));
    assert_eq!(places.borrow().iter().map(|place| place.view).collect::<Vec<_>>(), ViewLayout::Split.views());
    harness.get_by_label("Kept version").click();
    harness.run_steps(2);
    assert_eq!(*out.borrow(), [StudioCommand::ShowVersion(ViewId::FIRST, PaintSlot::A)]);
}

#[test]
fn every_view_has_its_angle_and_its_light() {
    let mut view = views(ViewLayout::Eight);
    view.views[6].light = Some(ViewLight { environment: EnvironmentId::Bundled("low_sun".into()), ..view.light.clone() });
    for (state, start) in view.views.iter_mut().zip(ViewLayout::Eight.starts()) {
        state.preset = Some(*start);
    }
    let (mut harness, out) = harness(move |ui, out| {
        view_area(ui, &view, out);
    });
    for index in 1..=8 {
        harness.get_by_label(&format!("View {index} of the car"));
    }
    harness.get_by_label("Light of view 7: Low sun").click();
    harness.run_steps(3);
    harness.get_by_label("Tunnel").click();
    harness.run_steps(2);
    harness.get_by_label("Light of view 7: Low sun").click();
    harness.run_steps(3);
    harness.get_by_label("As in the first view").click();
    harness.run_steps(2);
    let out = out.borrow();
    let [StudioCommand::LightView(first, Some(light)), StudioCommand::LightView(second, None)] = &out[..] else {
        panic!("{out:?}")
    };
    assert_eq!((first.index(), second.index()), (6, 6));
    assert_eq!(light.environment, EnvironmentId::Bundled("tunnel".into()));
}

#[test]
fn a_long_name_leaves_the_bars_buttons_alone() {
    let name = "/liveries/team_number_93_endurance_night_race_final_version_12_with_all_sponsors.png";
    for unsaved in [false, true] {
        let (harness, _) = wide_harness(move |ui, out| {
            let (open, dock) = (crate::testing::nothing_open(), Dock::standard(600.0));
            let open = gridvox_editor::OpenLivery { path: Some(name.into()), unsaved, blank: false, ..open };
            let view =
                TopBarView { open: &open, layout: ViewLayout::Single, log_length: 1234, dock: &dock, shows_panels: true, scale: (None, 100) };
            super::top_bar::top_bar(ui, &view, out);
        });
        let title = harness.get_by_value(&name[10..]).rect();
        let (window, undo) = (harness.get_by_label("Window").rect(), harness.get_by_label("Undo").rect());
        assert!(window.right() < title.left() && title.right() < undo.left(), "{window:?} {title:?} {undo:?}");
        assert!(title.width() > 60.0, "enough is left to know it by: {title:?}");
        assert!(harness.get_by_label("Help").rect().right() <= 1000.0);
    }
}

#[test]
fn every_menu_fits_the_lowest_window() {
    for menu in ["File", "Edit", "View", "Window"] {
        let (mut harness, _) = wide_harness(|ui, out| {
            Panel::top("bar").exact_size(44.0).show(ui, |ui| bar(ui, ViewLayout::Single, out));
        });
        harness.get_by_label(menu).click();
        harness.run_steps(3);
        let buttons = harness.root().children_recursive().filter(|node| node.accesskit_node().role() == Role::Button);
        let (lowest, count) = buttons.fold((0.0, 0), |(low, count), node| (node.rect().bottom().max(low), count + 1));
        assert!(count > 8 && lowest < 600.0, "{menu} reaches {lowest} with {count} buttons");
    }
}

fn bar(ui: &mut Ui, layout: ViewLayout, out: &mut Commands) {
    let (open, dock) = (crate::testing::nothing_open(), Dock::standard(900.0));
    let view = TopBarView { open: &open, layout, log_length: 0, dock: &dock, shows_panels: true, scale: (None, 100) };
    super::top_bar::top_bar(ui, &view, out);
}

#[test]
fn the_bar_offers_one_two_four_and_eight_views() {
    let (mut harness, out) = wide_harness(|ui, out| bar(ui, ViewLayout::Split, out));
    for name in ["One view", "Two views", "Four views", "Eight views"] {
        harness.get_by_label(name).click();
        harness.run_steps(2);
    }
    let wanted = [ViewLayout::Single, ViewLayout::Four, ViewLayout::Eight].map(StudioCommand::SetLayout);
    assert_eq!(*out.borrow(), wanted, "the one that is shown is no choice");
}

#[test]
fn every_light_is_one_click_away() {
    let names = ["Soft studio", "Overcast", "Clear sky", "Low sun", "Pit garage", "Night track", "Tunnel", "White cyclorama"];
    let bundled = names.map(|name| Choice::new(name.to_lowercase(), name));
    let studio = Studio::default();
    let (mut harness, out) = harness(|ui, out| super::environment::environment_panel(ui, &bundled, &studio.light, out));
    for name in names {
        let place = harness.get_by_label(name).rect();
        assert!(place.width() > 100.0, "{name} has {} points for its name", place.width());
    }
    harness.get_by_label("White cyclorama").click();
    harness.run();
    let wanted = EnvironmentId::Bundled("white cyclorama".into());
    assert!(out.borrow().iter().any(|c| matches!(c, StudioCommand::SetLight(light) if *light == wanted)), "{:?}", out.borrow());
}

#[test]
fn a_softbox_is_put_beside_the_car_moved_and_taken_away() {
    let softbox = Softbox { strength: 9.0, ..Softbox::default() };
    for (on, label, wanted) in [
        (false, "Softbox beside the car", Some(softbox)),
        (true, "Rear", Some(Softbox { azimuth_deg: 150.0, ..softbox })),
        (true, "Softbox beside the car", None),
    ] {
        let light = LightState { softbox, softbox_on: on, ..Studio::default().light };
        let (mut harness, out) = harness(|ui, out| super::environment::environment_panel(ui, &[], &light, out));
        assert_eq!(harness.query_by_label("Rear").is_some(), on, "what is not there has no place");
        harness.get_by_label(label).click();
        harness.run_steps(2);
        assert_eq!(*out.borrow(), [StudioCommand::SetSoftbox(wanted)]);
    }
}

#[test]
fn a_picture_is_chosen_taken_and_stopped() {
    let mut state = PictureState::default();
    let pressed = |state: &PictureState, label: &str| {
        let (mut harness, out) = harness(|ui, out| super::picture::picture_panel(ui, state, ViewId::FIRST, true, out));
        harness.get_by_label(label).click();
        harness.run_steps(2);
        out.take()
    };
    assert_eq!(pressed(&state, "Take the picture…"), [StudioCommand::AskPicture]);
    let turned = pressed(&state, "Turntable");
    let [StudioCommand::SetPicture(form)] = turned.as_slice() else { panic!("{turned:?}") };
    assert!(matches!(form.kind, PictureKind::Turntable(_)) && form.size.0 <= 1920, "{form:?}");
    state.form = *form;
    let files = pressed(&state, "PNG files");
    assert!(matches!(files.as_slice(), [StudioCommand::SetPicture(form)] if form.ask() == Ask::TurntableFolder), "{files:?}");
    state.running = Some(0.4);
    assert_eq!(pressed(&state, "Stop the picture"), [StudioCommand::StopPicture]);
}

fn marked(count: usize) -> Vec<Mark> {
    let mark = |i: usize| Mark { photo_px: Vec2::new(100.0 * i as f32, 50.0), car_point: Some(Vec3::new(0.1 * i as f32, 0.5, 1.0)) };
    (0..count).map(mark).collect()
}

#[test]
fn points_are_listed_and_taken_away_one_by_one() {
    let mut studio = studio_with(read(analysis()));
    studio.photos[0].marks = marked(3);
    let (mut harness, out) = harness(|ui, out| super::photo::photo_panel(ui, &studio, out));
    harness.get_by_label("3 of 4: so many steer the camera, 4 or more find it by themselves.");
    for name in ["2 ×", "Clear", "Set points"] {
        harness.get_by_label(name).click();
        harness.run_steps(2);
    }
    assert_eq!(*out.borrow(), [StudioCommand::RemoveMark(1), StudioCommand::ClearMarks, StudioCommand::ToggleMarking]);
    assert!(harness.query_by_label("Outline").is_none(), "no camera is known yet");
}

#[test]
fn four_points_make_a_refused_photo_usable() {
    let refused = Analysis { has_car: false, refusal: Some("No car was found in this photo.".into()), ..analysis() };
    let mut studio = studio_with(read(refused));
    studio.photos[0].marks = marked(3);
    assert!(!studio.can_generate());
    studio.photos[0].marks = marked(4);
    studio.photos[0].outline = Some(Arc::new(RgbaImage::new(72, 48)));
    let (mut harness, out) = harness(|ui, out| super::photo::photo_panel(ui, &studio, out));
    harness.get_by_label("The next livery is made with the camera that these points give.");
    harness.get_by_label("Outline").click();
    harness.run_steps(2);
    harness.get_by_label("Make livery").click();
    harness.run_steps(2);
    assert_eq!(*out.borrow(), [StudioCommand::ToggleOutline, StudioCommand::Generate]);
}

#[test]
fn points_that_fit_nothing_say_so() {
    let mut studio = studio_with(read(analysis()));
    studio.photos[0].marks = marked(5);
    studio.photos[0].marks_problem = Some("Point 2 lies 310 pixels off.".into());
    let (harness, _) = harness(|ui, out| super::photo::photo_panel(ui, &studio, out));
    harness.get_by_label("Point 2 lies 310 pixels off.");
}

#[test]
fn a_click_on_the_sheet_is_a_pixel_of_the_photo() {
    for (sheet, expected) in [
        (Sheet::default(), Vec2::new(960.0, 640.0)),
        (Sheet { zoom: 2.0, middle: Vec2::new(0.3, 0.6) }, Vec2::new(576.0, 768.0)),
    ] {
        let studio = Studio { marking: true, ..studio_with(read(analysis())) };
        let photo = studio.marked_photo().expect("it is read").clone();
        let (mut harness, out) = harness(|ui, out| super::marking::photo_sheet(ui, &photo, sheet, true, out));
        harness.get_by_label("Photo to set points on").click();
        harness.run_steps(2);
        let out = out.borrow();
        let Some(StudioCommand::MarkPhoto(px)) = out.first() else { panic!("{out:?}") };
        assert!(px.distance(expected) < 1.0, "{px} is not {expected}");
    }
}

#[test]
fn a_click_on_a_view_sets_a_point_only_while_points_are_set() {
    for marking in [false, true] {
        let mark = ShownMark { index: 1, place: Vec2::new(0.25, 0.25), hidden: false };
        let mut view = ViewAreaView { marking, ..views(ViewLayout::Single) };
        view.views[0].marks = if marking { vec![mark] } else { Vec::new() };
        let (mut harness, out) = harness(move |ui, out| {
            view_area(ui, &view, out);
        });
        harness.get_by_label("View 1 of the car").click();
        harness.run_steps(2);
        let wanted = StudioCommand::MarkCar(ViewId::FIRST, Vec2::splat(0.5));
        assert_eq!(*out.borrow(), if marking { vec![wanted] } else { Vec::new() });
    }
}

#[test]
fn a_mesh_asks_which_materials_carry_the_livery() {
    let mut import = crate::imports::ImportState::new("/meshes/my_car.glb".into());
    let material = |name: &str, paint| gridvox_car::import::LookMaterial { name: name.into(), share: 0.5, is_likely_paint: paint };
    import.phase = crate::imports::ImportPhase::Choosing(vec![material("body", false), material("glass", false)]);
    import.form.paint = vec![false, false];
    let (mut harness, out) = wide_harness({
        let import = import.clone();
        move |ui, out| super::import::import_dialog(ui.ctx(), &import, out)
    });
    harness.get_by_label("Bring it in").click();
    harness.run_steps(2);
    assert!(!out.borrow().contains(&StudioCommand::RunImport), "nothing is chosen yet");
    harness.get_by_label("body").click();
    harness.run_steps(2);
    let chosen = crate::imports::ImportForm { paint: vec![true, false], ..import.form.clone() };
    assert!(out.borrow().contains(&StudioCommand::SetImport(chosen.clone())), "{:?}", out.borrow());

    import.form = chosen;
    let (mut harness, out) = wide_harness(move |ui, out| super::import::import_dialog(ui.ctx(), &import, out));
    harness.get_by_label("Bring it in").click();
    harness.run_steps(2);
    harness.get_by_label("Cancel").click();
    harness.run_steps(2);
    assert_eq!(*out.borrow(), [StudioCommand::RunImport, StudioCommand::LeaveImport]);
}
