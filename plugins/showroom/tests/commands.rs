//! Commands lead to facts, without a graphics device.

use bevy::asset::AssetPlugin;
use bevy::input::InputPlugin;
use bevy::prelude::*;
use gridvox_car::testing::box_pack;
use gridvox_livery::mips::MipPatch;
use gridvox_showroom::views::ViewId;
use gridvox_showroom::{
    EnvironmentId, OnStage, PaintSlot, PaintUploads, RedrawNeeded, ShowroomCommand, ShowroomEvent, ShowroomPlugin, ViewLayout,
    Views,
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
    send(&mut app, ShowroomCommand::ResizeView { view: ViewId::Second, width: 640, height: 3 });
    send(&mut app, ShowroomCommand::ShowPaint { view: ViewId::Second, slot: PaintSlot::B });
    app.update();
    let views = app.world().resource::<Views>().clone();
    assert_eq!(views.shown().len(), 2);
    let second = views.view(ViewId::Second);
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
