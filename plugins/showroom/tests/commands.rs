//! Commands lead to facts, without a graphics device.

use bevy::asset::AssetPlugin;
use bevy::camera::visibility::RenderLayers;
use bevy::input::InputPlugin;
use bevy::prelude::*;
use bevy_panorbit_camera::PanOrbitCamera;
use gridvox_car::testing::box_pack;
use gridvox_livery::mips::MipPatch;
use gridvox_showroom::{
    EnvironmentId, OnStage, PaintSlot, PaintUploads, RedrawNeeded, ShowroomCommand, ShowroomEvent, ShowroomPlugin, ViewAngle,
    ViewId, ViewLayout, ViewLight, Views,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn app() -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, AssetPlugin::default(), InputPlugin, bevy::transform::TransformPlugin))
        .add_plugins(ShowroomPlugin { livery_size: 64, environment: EnvironmentId::default() });
    app.finish();
    app.cleanup();
    app
}

fn send(app: &mut App, command: ShowroomCommand) {
    app.world_mut().write_message(command);
}

fn facts(app: &mut App) -> Vec<ShowroomEvent> {
    app.world_mut().resource_mut::<Messages<ShowroomEvent>>().drain().collect()
}

fn step_until(app: &mut App, fact: impl Fn(&ShowroomEvent) -> bool) -> ShowroomEvent {
    let start = Instant::now();
    loop {
        app.update();
        if let Some(found) = facts(app).into_iter().find(&fact) {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "the fact never came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_car_and_its_light_come_on_stage() {
    let mut app = app();
    send(&mut app, ShowroomCommand::ShowCar(Arc::new(box_pack())));
    app.update();
    let id = box_pack().manifest.id;
    assert!(facts(&mut app).contains(&ShowroomEvent::CarShown { id: id.clone() }));
    assert_eq!(app.world().resource::<OnStage>().car().map(|car| car.manifest.id.clone()), Some(id));
    assert!(app.world().resource::<RedrawNeeded>().is_needed());
    step_until(&mut app, |fact| *fact == ShowroomEvent::EnvironmentShown(EnvironmentId::default()));
    step_until(&mut app, |fact| *fact == ShowroomEvent::FirstPictureDrawn);
    // then it rests
    app.update();
    assert!(!app.world().resource::<RedrawNeeded>().is_needed());
    let active = app.world_mut().query::<&Camera>().iter(app.world()).filter(|camera| camera.is_active).count();
    assert_eq!(active, 0);

    // another car takes the first one's place
    send(&mut app, ShowroomCommand::ShowCar(Arc::new(box_pack())));
    app.update();
    let cars = app.world_mut().query::<&gridvox_showroom::car::CarOnStage>().iter(app.world()).count();
    assert_eq!(cars, 1);
}

#[test]
fn a_wrong_environment_is_one_sentence_and_the_old_one_stays() {
    let mut app = app();
    step_until(&mut app, |fact| matches!(fact, ShowroomEvent::EnvironmentShown(_)));
    send(&mut app, ShowroomCommand::SetEnvironment(EnvironmentId::File("nowhere/at_all.hdr".into())));
    let fact = step_until(&mut app, |fact| matches!(fact, ShowroomEvent::Failed(_)));
    let ShowroomEvent::Failed(sentence) = fact else { unreachable!("just matched") };
    assert!(sentence.contains("at_all.hdr"), "{sentence}");
    assert_eq!(app.world().resource::<OnStage>().environment(), Some(&EnvironmentId::default()));
}

#[test]
fn the_last_of_several_wishes_counts() {
    let mut app = app();
    send(&mut app, ShowroomCommand::SetEnvironment(EnvironmentId::Bundled("clear_sky".into())));
    send(&mut app, ShowroomCommand::SetEnvironment(EnvironmentId::Bundled("overcast".into())));
    step_until(&mut app, |fact| matches!(fact, ShowroomEvent::EnvironmentShown(_)));
    while app.world().resource::<OnStage>().is_loading() {
        app.update();
        std::thread::sleep(Duration::from_millis(2));
    }
    let expected = EnvironmentId::Bundled("overcast".into());
    assert_eq!(app.world().resource::<OnStage>().environment(), Some(&expected));
}

#[test]
fn views_follow_layout_size_and_paint() {
    let mut app = app();
    app.update();
    assert_eq!(app.world().resource::<Views>().shown().len(), 1);
    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Split));
    send(&mut app, ShowroomCommand::ResizeView { view: ViewId::SECOND, width: 640, height: 3 });
    send(&mut app, ShowroomCommand::ShowPaint { view: ViewId::SECOND, slot: PaintSlot::B });
    app.update();
    let views = app.world().resource::<Views>().clone();
    assert_eq!(views.shown().len(), 2);
    let second = views.view(ViewId::SECOND);
    assert_eq!(second.size, UVec2::new(640, 16));
    assert_eq!(second.slot, PaintSlot::B);
    let image = app.world().resource::<Assets<Image>>().get(&second.image).expect("the view has a picture");
    assert_eq!(image.size(), UVec2::new(640, 16));
}

#[test]
fn a_wipe_sees_two_liveries_from_one_place() {
    let mut app = app();
    app.update();
    let places = |app: &mut App| {
        let mut cameras = app.world_mut().query::<(&ViewId, &Transform)>();
        let mut places: Vec<_> = cameras.iter(app.world()).map(|(view, place)| (view.index(), *place)).collect();
        places.sort_by_key(|(index, _)| *index);
        places
    };
    let apart = places(&mut app);
    assert_ne!(apart[0].1, apart[1].1);
    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Wipe));
    app.update();
    app.update();
    let together = places(&mut app);
    assert_eq!(together[0].1, together[1].1);
    assert_eq!(app.world().resource::<Views>().shown().len(), 2);
    // and apart again, each at its own place
    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Split));
    app.update();
    app.update();
    let again = places(&mut app);
    assert!((again[1].1.translation - apart[1].1.translation).length() < 1e-3);
}

#[test]
fn paint_wakes_the_views() {
    let mut app = app();
    step_until(&mut app, |fact| *fact == ShowroomEvent::FirstPictureDrawn);
    app.update();
    let uploads = app.world().resource::<PaintUploads>().clone();
    let patch = MipPatch { level: 6, x: 0, y: 0, width: 1, height: 1, rgba: vec![9; 4] };
    uploads.send(vec![patch]).expect("the queue is empty");
    app.update();
    assert!(facts(&mut app).contains(&ShowroomEvent::PaintUploaded));
    let active = app.world_mut().query::<&Camera>().iter(app.world()).filter(|camera| camera.is_active).count();
    assert_eq!(active, 1, "the one view that is shown draws");
}

fn rest(app: &mut App) {
    let start = Instant::now();
    while app.world().resource::<RedrawNeeded>().is_needed() || app.world().resource::<OnStage>().is_loading() {
        app.update();
        assert!(start.elapsed() < Duration::from_secs(60), "it never rests");
        std::thread::sleep(Duration::from_millis(2));
    }
    app.update();
}

fn azimuths(app: &mut App) -> Vec<i32> {
    let mut cameras = app.world_mut().query::<(&ViewId, &PanOrbitCamera, &Projection)>();
    let mut places: Vec<_> =
        cameras.iter(app.world()).map(|(view, orbit, lens)| (*view, ViewAngle::of_orbit(orbit, lens).azimuth_deg)).collect();
    places.sort_by_key(|(view, _)| *view);
    places.into_iter().map(|(_, azimuth)| azimuth.round() as i32 % 360).collect()
}

#[test]
fn each_group_of_layouts_keeps_its_angles() {
    let mut app = app();
    send(&mut app, ShowroomCommand::ShowCar(Arc::new(box_pack())));
    rest(&mut app);
    let angle = ViewAngle { azimuth_deg: 77.0, elevation_deg: 9.0, distance_m: 7.0, focus_m: [0.0, 0.6, 0.0], fov_deg: 20.0 };
    send(&mut app, ShowroomCommand::SetAngle { view: ViewId::FIRST, angle });
    app.update();
    std::thread::sleep(Duration::from_millis(800));
    rest(&mut app);
    assert_eq!(azimuths(&mut app)[0], 77);

    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Eight));
    rest(&mut app);
    assert_eq!(azimuths(&mut app), [0, 45, 90, 135, 180, 225, 270, 315]);
    send(&mut app, ShowroomCommand::SetView { view: ViewId::ALL[5], preset: gridvox_car::ViewPreset::Top });
    app.update();
    std::thread::sleep(Duration::from_millis(800));
    rest(&mut app);
    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Four));
    rest(&mut app);
    assert_eq!(azimuths(&mut app)[..4], [45, 315, 135, 225]);
    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Split));
    rest(&mut app);
    assert_eq!(azimuths(&mut app)[..2], [77, 225], "the angle from before is not lost");
    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Eight));
    rest(&mut app);
    assert_eq!(azimuths(&mut app)[5], 90, "nor is the one among the eight");
}

/// How many cameras of views are drawing.
fn drawing(app: &mut App) -> Vec<usize> {
    let mut cameras = app.world_mut().query::<(&ViewId, &Camera)>();
    let mut drawing: Vec<_> =
        cameras.iter(app.world()).filter(|(_, camera)| camera.is_active).map(|(view, _)| view.index()).collect();
    drawing.sort_unstable();
    drawing
}

#[test]
fn only_what_changed_and_is_shown_is_drawn() {
    let mut app = app();
    send(&mut app, ShowroomCommand::ShowCar(Arc::new(box_pack())));
    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Four));
    rest(&mut app);
    assert_eq!(drawing(&mut app), Vec::<usize>::new());
    // one view's livery
    send(&mut app, ShowroomCommand::ShowPaint { view: ViewId::ALL[2], slot: PaintSlot::B });
    app.update();
    assert_eq!(drawing(&mut app), [2]);
    rest(&mut app);
    // all of the scene, but no hidden view
    send(&mut app, ShowroomCommand::Redraw);
    app.update();
    assert_eq!(drawing(&mut app), [0, 1, 2, 3]);
    rest(&mut app);
    // a hidden view
    send(&mut app, ShowroomCommand::ShowPaint { view: ViewId::ALL[6], slot: PaintSlot::B });
    app.update();
    assert_eq!(drawing(&mut app), Vec::<usize>::new());
    assert!(!app.world().resource::<RedrawNeeded>().is_needed());
}

#[test]
fn a_view_is_lit_by_itself_with_its_own_sun() {
    let mut app = app();
    send(&mut app, ShowroomCommand::ShowCar(Arc::new(box_pack())));
    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Four));
    rest(&mut app);
    let view = ViewId::ALL[2];
    let light = ViewLight {
        environment: EnvironmentId::Bundled("clear_sky".into()),
        rotation_deg: 30.0,
        exposure_stops: 1.0,
    };
    let before = app.world_mut().query::<&DirectionalLight>().iter(app.world()).count();
    assert_eq!(before, 0, "the studio has no sun");
    send(&mut app, ShowroomCommand::LightView { view, light: Some(light.clone()) });
    let wanted = ShowroomEvent::ViewLit { view, environment: Some(light.environment.clone()) };
    step_until(&mut app, |fact| *fact == wanted);
    rest(&mut app);
    let stage = app.world().resource::<OnStage>();
    assert_eq!(stage.environment_of(view), Some(&light.environment));
    assert_eq!(stage.environment(), Some(&EnvironmentId::default()));
    let suns: Vec<RenderLayers> =
        app.world_mut().query_filtered::<&RenderLayers, With<DirectionalLight>>().iter(app.world()).cloned().collect();
    let [sun] = &suns[..] else { panic!("{suns:?}") };
    let mut cameras = app.world_mut().query_filtered::<(&ViewId, &RenderLayers), With<Camera>>();
    for (id, layers) in cameras.iter(app.world()) {
        assert_eq!(layers.intersects(sun), *id == view, "{id:?}");
    }
    // its car is its own, and so is what casts the shadow
    let roots = |app: &mut App| app.world_mut().query::<&gridvox_showroom::car::CarOnStage>().iter(app.world()).count();
    assert_eq!(roots(&mut app), 2);

    send(&mut app, ShowroomCommand::LightView { view, light: None });
    rest(&mut app);
    assert_eq!(app.world_mut().query::<&DirectionalLight>().iter(app.world()).count(), 0);
    assert_eq!(roots(&mut app), 1);
    assert_eq!(app.world().resource::<OnStage>().environment_of(view), Some(&EnvironmentId::default()));

    // one that fails leaves the view in the common light, and says so
    let lost = ViewLight { environment: EnvironmentId::File("nowhere/at_all.hdr".into()), ..light };
    send(&mut app, ShowroomCommand::LightView { view, light: Some(lost) });
    step_until(&mut app, |fact| *fact == ShowroomEvent::ViewLit { view, environment: None });
    assert_eq!(app.world().resource::<OnStage>().environment_of(view), Some(&EnvironmentId::default()));
}

#[test]
fn a_view_behind_a_photo_sees_what_the_photo_sees() {
    use gridvox_car::PhotoCamera;
    use gridvox_showroom::photo_match::letterboxed;
    let mut app = app();
    send(&mut app, ShowroomCommand::ShowCar(Arc::new(box_pack())));
    send(&mut app, ShowroomCommand::ResizeView { view: ViewId::FIRST, width: 800, height: 900 });
    rest(&mut app);
    let camera = PhotoCamera::look_at(Vec3::new(4.0, 1.5, 6.0), Vec3::new(0.1, 0.6, 0.2), Vec3::Y, 1500.0, 1200, 800);
    let camera = PhotoCamera { principal_point: Vec2::new(560.0, 430.0), ..camera };
    let point = Vec3::new(1.0, 0.4, 2.0);
    let seen_at = |app: &mut App| {
        let size = app.world().resource::<Views>().view(ViewId::FIRST).size.as_vec2();
        let mut cameras = app.world_mut().query::<(&ViewId, &Transform, &Projection)>();
        let (_, stands, lens) =
            cameras.iter(app.world()).find(|(view, ..)| **view == ViewId::FIRST).expect("the first view is there");
        let clip = lens.get_clip_from_view() * stands.to_matrix().inverse() * point.extend(1.0);
        (Vec2::new(clip.x, -clip.y) / clip.w + 1.0) * 0.5 * size
    };
    send(&mut app, ShowroomCommand::LookThrough { view: ViewId::FIRST, camera });
    for size in [UVec2::new(800, 900), UVec2::new(1000, 400)] {
        send(&mut app, ShowroomCommand::ResizeView { view: ViewId::FIRST, width: size.x, height: size.y });
        rest(&mut app);
        let expected = letterboxed(&camera, size).project(point).expect("in front").truncate();
        let seen = seen_at(&mut app);
        assert!(seen.distance(expected) < 0.05, "{size}: {seen} {expected}");
    }
    // left, it stands where the photo was taken from and can be moved again
    send(&mut app, ShowroomCommand::LookAway { view: ViewId::FIRST, stays: true });
    rest(&mut app);
    let mut cameras = app.world_mut().query::<(&ViewId, &Transform, &Projection, &PanOrbitCamera)>();
    let (_, stands, lens, orbit) =
        cameras.iter(app.world()).find(|(view, ..)| **view == ViewId::FIRST).expect("the first view is there");
    assert!(stands.translation.distance(camera.eye()) < 0.01, "{}", stands.translation);
    assert!(matches!(lens, Projection::Perspective(_)) && orbit.enabled);

    // left without staying, it is where it was, also through another photo and into another layout
    let stood = azimuths(&mut app)[0];
    let other = PhotoCamera::look_at(Vec3::new(-4.0, 1.0, -6.0), Vec3::Y * 0.5, Vec3::Y, 1500.0, 1200, 800);
    for camera in [camera, other] {
        send(&mut app, ShowroomCommand::LookThrough { view: ViewId::FIRST, camera });
        rest(&mut app);
    }
    send(&mut app, ShowroomCommand::LookAway { view: ViewId::FIRST, stays: false });
    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Four));
    rest(&mut app);
    assert_eq!(azimuths(&mut app)[0], 45);
    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Single));
    rest(&mut app);
    assert_eq!(azimuths(&mut app)[0], stood);
}

#[test]
fn the_turntable_turns_until_it_is_switched_off() {
    let mut app = app();
    send(&mut app, ShowroomCommand::ShowCar(Arc::new(box_pack())));
    rest(&mut app);
    let before = azimuths(&mut app);
    send(&mut app, ShowroomCommand::Turn { view: ViewId::FIRST, on: true });
    for _ in 0..6 {
        app.update();
        std::thread::sleep(Duration::from_millis(150));
    }
    assert!(app.world().resource::<RedrawNeeded>().is_needed(), "it goes on");
    assert_eq!(drawing(&mut app), [0]);
    send(&mut app, ShowroomCommand::Turn { view: ViewId::FIRST, on: false });
    rest(&mut app);
    let after = azimuths(&mut app);
    assert_ne!(before[0], after[0]);
    assert_eq!(before[1..], after[1..], "the others stand");
    app.update();
    assert_eq!(drawing(&mut app), Vec::<usize>::new());
}

#[test]
fn hidden_parts_are_hidden_in_every_light() {
    use gridvox_showroom::car::CarPart;
    let mut app = app();
    send(&mut app, ShowroomCommand::ShowCar(Arc::new(box_pack())));
    rest(&mut app);
    let hidden = |app: &mut App| {
        let mut parts = app.world_mut().query::<(&CarPart, &Visibility)>();
        let mut hidden: Vec<usize> =
            parts.iter(app.world()).filter(|(_, v)| **v == Visibility::Hidden).map(|(part, _)| part.0).collect();
        hidden.sort_unstable();
        hidden.dedup();
        let shown = parts.iter(app.world()).filter(|(_, v)| **v != Visibility::Hidden).map(|(part, _)| part.0);
        assert!(shown.into_iter().all(|part| !hidden.contains(&part)), "a copy is still shown");
        hidden
    };
    send(&mut app, ShowroomCommand::HideParts(vec![0]));
    // a light that comes later
    let light = ViewLight {
        environment: EnvironmentId::Bundled("clear_sky".into()),
        rotation_deg: 0.0,
        exposure_stops: 0.0,
    };
    send(&mut app, ShowroomCommand::LightView { view: ViewId::SECOND, light: Some(light) });
    step_until(&mut app, |fact| matches!(fact, ShowroomEvent::ViewLit { .. }));
    rest(&mut app);
    assert_eq!(hidden(&mut app), [0]);
    send(&mut app, ShowroomCommand::HideParts(Vec::new()));
    rest(&mut app);
    assert_eq!(hidden(&mut app), Vec::<usize>::new());
}

#[test]
fn each_view_has_its_own_backdrop() {
    use gridvox_showroom::backdrop::{Backdrop, BackdropDome};
    let mut app = app();
    send(&mut app, ShowroomCommand::ShowCar(Arc::new(box_pack())));
    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Four));
    rest(&mut app);
    let third = ViewId::ALL[2];
    send(&mut app, ShowroomCommand::BlurBackdrop { view: third, blur: Some(0.0) });
    app.update();
    assert_eq!(drawing(&mut app), [2], "the others have not changed");
    rest(&mut app);
    // by view: how blurred the one dome is that its camera sees
    let blurs = |app: &mut App| {
        let mut domes = app.world_mut().query_filtered::<(&RenderLayers, &MeshMaterial3d<Backdrop>), With<BackdropDome>>();
        let domes: Vec<(RenderLayers, Handle<Backdrop>)> =
            domes.iter(app.world()).map(|(layers, material)| (layers.clone(), material.0.clone())).collect();
        let mut cameras = app.world_mut().query_filtered::<(&ViewId, &RenderLayers), With<Camera>>();
        let mut seen: Vec<(ViewId, f32)> = Vec::new();
        for (view, layers) in cameras.iter(app.world()).filter(|(view, _)| view.index() < 4) {
            let own: Vec<_> = domes.iter().filter(|(dome, _)| layers.intersects(dome)).collect();
            let [(_, material)] = own[..] else { panic!("{view:?} sees {} domes", own.len()) };
            let look = app.world().resource::<Assets<Backdrop>>().get(material).expect("it was added");
            seen.push((*view, look.scene.wall.w));
        }
        seen.sort_by_key(|(view, _)| *view);
        seen.into_iter().map(|(_, blur)| blur).collect::<Vec<f32>>()
    };
    let made = blurs(&mut app);
    assert!(made[2] == 0.0 && made[0] > 0.0 && made[0] == made[1] && made[1] == made[3], "{made:?}");
    send(&mut app, ShowroomCommand::BlurBackdrop { view: third, blur: Some(f32::NAN) });
    rest(&mut app);
    assert_eq!(blurs(&mut app), [made[0]; 4], "what is no number is no wish");
}

#[test]
fn a_lens_changes_one_view_and_can_be_opened() {
    use bevy::post_process::dof::DepthOfField;
    let mut app = app();
    send(&mut app, ShowroomCommand::ShowCar(Arc::new(box_pack())));
    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Split));
    for view in [ViewId::FIRST, ViewId::SECOND] {
        send(&mut app, ShowroomCommand::ResizeView { view, width: 900, height: 600 });
    }
    rest(&mut app);
    let angles = |app: &mut App| {
        let mut cameras = app.world_mut().query::<(&ViewId, &PanOrbitCamera, &Projection)>();
        let mut angles: Vec<_> =
            cameras.iter(app.world()).map(|(view, orbit, lens)| (*view, ViewAngle::of_orbit(orbit, lens))).collect();
        angles.sort_by_key(|(view, _)| *view);
        angles
    };
    let before = angles(&mut app);
    send(&mut app, ShowroomCommand::SetLens { view: ViewId::SECOND, focal_mm: 100.0 });
    app.update();
    assert_eq!(drawing(&mut app), [1]);
    rest(&mut app);
    let after = angles(&mut app);
    assert_eq!(after[0], before[0]);
    let fov_deg = 2.0 * (12.0_f32 / 100.0).atan().to_degrees();
    assert!((after[1].1.fov_deg - fov_deg).abs() < 1e-3, "{:?}", after[1]);
    assert!(after[1].1.distance_m > before[1].1.distance_m);
    for nonsense in [f32::NAN, 0.0, -5.0] {
        send(&mut app, ShowroomCommand::SetLens { view: ViewId::SECOND, focal_mm: nonsense });
    }
    rest(&mut app);
    assert_eq!(angles(&mut app), after);

    let blurred = |app: &mut App| {
        let mut open = app.world_mut().query::<(&ViewId, &DepthOfField)>();
        open.iter(app.world()).map(|(view, dof)| (view.index(), dof.aperture_f_stops)).collect::<Vec<_>>()
    };
    send(&mut app, ShowroomCommand::OpenAperture { view: ViewId::FIRST, f_number: Some(2.0) });
    app.update();
    assert_eq!((blurred(&mut app), drawing(&mut app)), (vec![(0, 2.0)], vec![0]));
    send(&mut app, ShowroomCommand::OpenAperture { view: ViewId::FIRST, f_number: None });
    rest(&mut app);
    assert_eq!(blurred(&mut app), []);
}
