//! Every control has a name that a screen reader can say, and says what it is.

use bevy_egui::egui::accesskit::Action;
use gridvox_car::import::LookMaterial;
use gridvox_livery::TiledImage;
use gridvox_showroom::{Inspection, PaintFinish, PictureKind};

use super::*;
use crate::dock::{DockChange, PanelId};
use crate::imports::{ImportPhase, ImportState};
use crate::model::{Choice, DifferenceState, KeptVersion};
use crate::pictures::{PictureForm, PictureState};
use crate::panels::docking::docked_panels;
use crate::panels::view::ViewPanelView;
use crate::spec_map::{SpecMap, SpecState};

/// Controls without a name, as role and place.
fn nameless(harness: &Harness<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for node in harness.root().children_recursive() {
        let node = node.accesskit_node();
        let acts = node.data().supports_action(Action::Click) || node.data().supports_action(Action::Focus);
        // words that can be selected say themselves, and what only scrolls is moved by what lies in it
        let is_control = acts && !matches!(node.role(), Role::Label | Role::ScrollBar);
        // the ground that a menu stands on is no control
        let is_ground = node.role() == Role::Unknown && node.children().next().is_some();
        if !is_control || is_ground || node.is_hidden() {
            continue;
        }
        if node.label().is_none_or(|label| label.trim().is_empty()) || node.role() == Role::Unknown {
            found.push(format!("{:?} {:?} at {:?}", node.role(), node.label(), node.raw_bounds()));
        }
    }
    found
}

/// How many controls there are.
fn controls(harness: &Harness<'_>) -> usize {
    let acts = |node: &egui_kittest::Node<'_>| node.accesskit_node().data().supports_action(Action::Click);
    harness.root().children_recursive().filter(acts).count()
}

/// Draws it, clicks what `opens` names, and looks at every control.
#[track_caller]
fn check<'a>(what: &str, opens: Option<&str>, panel: impl FnMut(&mut Ui, &mut Commands) + 'a) {
    let (mut harness, _) = wide_harness(panel);
    if let Some(opens) = opens {
        harness.get_by_label(opens).click();
        harness.run_steps(3);
    }
    assert!(controls(&harness) > 0, "{what} has no controls at all");
    let nameless = nameless(&harness);
    assert!(nameless.is_empty(), "{what}: {nameless:#?}");
}

fn kept() -> KeptVersion {
    let image = TiledImage::filled(512, [30, 60, 90, 255]).expect("a livery's size");
    KeptVersion { image, spec: None, revision: 4, thumbnail: Arc::new(RgbaImage::new(8, 8)), texture: None }
}

fn spec() -> SpecState {
    SpecState::Shown(SpecMap {
        path: "/maps/spec.png".into(),
        picture: Arc::new(RgbaImage::new(512, 512)),
        means: [0.2, 0.4, 0.9],
        thumbnail: Arc::new(RgbaImage::new(8, 8)),
        texture: None,
    })
}

#[test]
fn a_control_without_a_name_is_found() {
    let (harness, _) = wide_harness(|ui, _| {
        let (rect, _) = ui.allocate_exact_size(vec2(40.0, 20.0), bevy_egui::egui::Sense::hover());
        ui.interact(rect, ui.id().with("nameless"), bevy_egui::egui::Sense::click());
    });
    assert_eq!(nameless(&harness).len(), 1);
}

#[test]
fn every_control_of_the_panels_has_a_name() {
    let mut studio = studio_with(read(analysis()));
    studio.photos.push(PhotoEntry::new("/photos/other.jpg".into(), PhotoState::Reading));
    studio.photos[0].marks = marked(3);
    studio.photos[0].outline = Some(Arc::new(RgbaImage::new(72, 48)));
    studio.kept = Some(kept());
    studio.spec = spec();
    check("photos", None, |ui, out| crate::panels::photo::photo_panel(ui, &studio, out));
    check("no photo", None, |ui, out| crate::panels::photo::photo_panel(ui, &Studio::default(), out));
    let cars = [Choice::new("a", "Front engine"), Choice::new("b", "Mid engine")];
    check("car", None, |ui, out| crate::panels::car::car_panel(ui, &cars, &studio.car, out));
    for spec in [SpecState::None, studio.spec.clone()] {
        check("finish", None, |ui, out| {
            crate::panels::finish::finish_panel(ui, PaintFinish::default(), Inspection::default(), [9, 8, 7], &spec, out);
        });
    }
    let lights = [Choice::new("low_sun", "Low sun")];
    for softbox_on in [false, true] {
        let light = crate::LightState { softbox_on, ..studio.light.clone() };
        check("light", None, |ui, out| crate::panels::environment::environment_panel(ui, &lights, &light, out));
    }
    let view = ViewPanelView {
        count: 4,
        active: ViewId::SECOND,
        lens_mm: Some(50.2),
        matched: false,
        blur: Some(0.3),
        f_number: Some(2.8),
    };
    check("view", None, |ui, out| crate::panels::view::view_panel(ui, &view, out));
    let result = result();
    check("result", None, |ui, out| crate::panels::result::result_panel(ui, Some(&result), false, out));
    let form = ExportForm { folder: Some("/out".into()), install: Some("/game".into()), ..ExportForm::default() };
    let done = ExportDone { folder: "/out".into(), files: 1, next_steps: vec!["Start.".into()], warnings: Vec::new() };
    let export = ExportState { form, done: Some(done), ..ExportState::default() };
    for (kind, running) in [(PictureKind::Still, None), (PictureKind::Turntable(75), Some(0.3))] {
        let form = PictureForm { kind, ..PictureForm::default() };
        let picture = PictureState { form, running, done: vec!["/out/car.png".into()] };
        check("picture", None, |ui, out| crate::panels::picture::picture_panel(ui, &picture, ViewId::FIRST, true, out));
    }
    check("export", None, |ui, out| crate::panels::export::export_panel(ui, &export, true, out));
    let open = crate::testing::nothing_open();
    for kept in [None, studio.kept.as_ref()] {
        let difference = Some(DifferenceState { of: (1, 4), found: Some((0.2, 4.0, 30.0)) });
        let view = super::super::compare::CompareView {
            open: &open,
            kept,
            difference,
            layout: ViewLayout::Single,
            active: ViewId::FIRST,
            shows_kept: false,
        };
        check("compare", None, |ui, out| crate::panels::compare::compare_panel(ui, &view, out));
    }
}

#[test]
fn every_control_around_the_panels_has_a_name() {
    for menu in ["File", "Edit", "View", "Window"] {
        check(menu, Some(menu), |ui, out| bar(ui, ViewLayout::Split, out));
    }
    let mut dock = Dock::standard(900.0);
    dock.change(DockChange::Move(PanelId::Light, crate::dock::Place::Group(crate::dock::Side::Bottom, 0)));
    check("docked panels", None, |ui, out| {
        docked_panels(ui, &dock, &[], out, |_, _, _| {});
    });
    for layout in [ViewLayout::Single, ViewLayout::Wipe, ViewLayout::Eight] {
        let mut view = ViewAreaView { keeps_version: true, difference: true, hidden_parts: 2, ..views(layout) };
        view.views.iter_mut().for_each(|view| view.lens_mm = Some(50.0));
        check("views", None, |ui, out| {
            view_area(ui, &view, out);
        });
        check("angles of a view", Some("Angle of view 1: Own angle"), |ui, out| {
            view_area(ui, &view, out);
        });
    }
    let mut matched = views(ViewLayout::Single);
    matched.matched = Some(MatchView { name: "car.jpg".into(), size_px: (1920, 1280), place: (0, 2), opacity: 1.0, ..MatchView::default() });
    check("a matched photo", None, |ui, out| {
        view_area(ui, &matched, out);
    });
}

#[test]
fn every_control_over_the_window_has_a_name() {
    let mut angles = SavedAngles::default();
    angles.save(ANGLE).expect("there is room");
    check("saved angles", None, |ui, out| crate::panels::angles::angles_overlay(ui.ctx(), &angles, out));
    check("help", None, |ui, out| crate::panels::help::help_overlay(ui.ctx(), out));
    let mut import = ImportState::new("/meshes/car.glb".into());
    check("a mesh that is looked at", None, |ui, out| crate::panels::import::import_dialog(ui.ctx(), &import, out));
    let materials = ["body", "glass"].map(|name| LookMaterial { name: name.into(), share: 0.5, is_likely_paint: name == "body" });
    import.phase = ImportPhase::Choosing(materials.to_vec());
    import.form.paint = vec![true, false];
    import.form.length_m = Some(4.6);
    check("a mesh", None, |ui, out| crate::panels::import::import_dialog(ui.ctx(), &import, out));
    check("a drop", None, |ui, out| crate::panels::drop::drop_question(ui.ctx(), "/a.png".as_ref(), out));
    let listing = crate::Listing {
        ask: Ask::SpecMap,
        folder: "/maps".into(),
        folders: vec!["more".into()],
        files: vec!["spec.png".into()],
        trouble: None,
    };
    let browser = crate::Browser { ask: Ask::SpecMap, listing, typed: "/maps".into() };
    check("the file browser", None, |ui, out| {
        crate::panels::browser::file_browser(ui.ctx(), &browser, out);
    });
    let mut studio = Studio::default();
    studio.notices.say(Weight::Error, "The folder cannot be written.");
    check("notices", None, |ui, out| crate::panels::notices::toasts(ui.ctx(), &studio.notices, out));
    check("the log", None, |ui, out| crate::panels::notices::log(ui.ctx(), &studio.notices, out));
    let marked_studio = Studio { marking: true, ..studio_with(read(analysis())) };
    let photo = marked_studio.marked_photo().expect("it is read").clone();
    check("the sheet", None, |ui, out| crate::panels::marking::photo_sheet(ui, &photo, Sheet::default(), true, out));
}
