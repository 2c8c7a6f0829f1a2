//! The plugin without a window: commands in, facts and the open livery out.

use std::time::{Duration, Instant};

use image::Rgba;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Resource, Default)]
struct Heard(Vec<EditorEvent>);

fn app() -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, EditorPlugin))
        .add_message::<bevy::window::RequestRedraw>()
        .init_resource::<Heard>()
        .add_systems(Update, |mut heard: ResMut<Heard>, mut events: MessageReader<EditorEvent>| {
            heard.0.extend(events.read().cloned());
        });
    app.finish();
    app.cleanup();
    app
}

#[track_caller]
fn run_until(app: &mut App, reached: impl Fn(&[EditorEvent], &OpenLivery) -> bool) {
    let start = Instant::now();
    while !reached(&app.world().resource::<Heard>().0, app.world().resource::<OpenLivery>()) {
        assert!(start.elapsed() < PATIENCE, "it never came: {:?}", app.world().resource::<Heard>().0);
        app.update();
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn red() -> Arc<RgbaImage> {
    Arc::new(RgbaImage::from_pixel(512, 512, Rgba([200, 10, 10, 255])))
}

#[test]
fn a_placed_livery_is_saved_and_opened_again() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("livery.png");
    let mut app = app();
    app.world_mut().write_message(EditorCommand::PlaceGenerated { image: red(), job: 1, complete: true });
    run_until(&mut app, |_, open| !open.blank);
    app.world_mut().write_message(EditorCommand::SaveLivery(file.clone()));
    run_until(&mut app, |events, _| events.contains(&EditorEvent::LiverySaved(file.clone())));
    assert!(!app.world().resource::<OpenLivery>().unsaved);

    app.world_mut().write_message(EditorCommand::Clear);
    run_until(&mut app, |_, open| open.blank);
    app.world_mut().write_message(EditorCommand::OpenLivery(file.clone()));
    run_until(&mut app, |events, _| events.contains(&EditorEvent::LiveryOpened(file.clone())));
    let open = app.world().resource::<OpenLivery>();
    assert_eq!(open.image.texel(9, 9), Some(Rgba([200, 10, 10, 255])));
    assert_eq!(open.path.as_deref(), Some(file.as_path()));
}

#[test]
fn a_file_that_is_no_livery_gives_one_sentence_and_changes_nothing() {
    let mut app = app();
    app.world_mut().write_message(EditorCommand::OpenLivery("/nowhere/at all.png".into()));
    run_until(&mut app, |events, _| events.iter().any(|event| matches!(event, EditorEvent::Failed(_))));
    assert!(app.world().resource::<OpenLivery>().blank);
}
