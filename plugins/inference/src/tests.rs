//! The plugin with an engine made of closures: no weights, no window, no GPU.

use std::path::Path;
use std::time::{Duration, Instant};

use gridvox_vision::{GenerateOptions, Report, Update as News};
use image::{GrayImage, Rgba};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn analysis() -> Analysis {
    Analysis {
        has_car: true,
        refusal: None,
        view: None,
        azimuth_deg: Some(40.0),
        elevation_deg: Some(8.0),
        quality: 77,
        measures: Default::default(),
        warnings: Vec::new(),
        width: 640,
        height: 480,
    }
}

fn report() -> Report {
    let camera = gridvox_vision::report::CameraReport {
        world_from_camera: [[0.0; 4]; 4],
        focal_px: 1000.0,
        principal_point: [320.0, 240.0],
        width: 640,
        height: 480,
        k1: 0.0,
    };
    Report {
        camera: camera.clone(),
        cameras: vec![camera],
        coverage: Default::default(),
        scores: Default::default(),
        evidence: Vec::new(),
        timings_secs: Default::default(),
        warnings: Vec::new(),
    }
}

fn livery(shade: u8) -> RgbaImage {
    RgbaImage::from_pixel(8, 8, Rgba([shade, shade, shade, 255]))
}

/// Previews 1 and 2 and a result of shade 3; a photo named `panic` panics, one named `wait` runs until it is cancelled.
fn factory() -> EngineFactory {
    Arc::new(|| {
        Ok(Engine {
            analyze: Box::new(|path| match path.to_str() {
                Some("broken") => Err("The photo is broken.".into()),
                _ => Ok(Analyzed {
                    photo: path.to_path_buf(),
                    size_px: (640, 480),
                    thumbnail: Arc::new(livery(9)),
                    picture: Arc::new(livery(9)),
                    analysis: analysis(),
                }),
            }),
            generate: Box::new(|request, cancel, update| {
                update(News::Stage { stage: Stage::Analyse, fraction: 0.0 });
                for shade in [1, 2] {
                    update(News::Preview(Arc::new(livery(shade))));
                }
                match request.photos[0].to_str() {
                    Some("panic") => panic!("a hole in the mesh"),
                    Some("wait") => {
                        while !cancel.is_cancelled() {
                            std::thread::yield_now();
                        }
                        Err("Stopped on request; nothing was changed.".into())
                    }
                    _ => Ok(Generated {
                        livery: livery(3),
                        confidence: GrayImage::new(8, 8),
                        cameras: vec![None],
                        report: report(),
                    }),
                }
            }),
        })
    })
}

/// Everything the plugin said, kept over the frames.
#[derive(Resource, Default)]
struct Heard {
    events: Vec<InferenceEvent>,
    placed: Vec<(u8, bool)>,
}

fn listen(
    mut heard: ResMut<Heard>,
    mut events: MessageReader<InferenceEvent>,
    mut editor: MessageReader<EditorCommand>,
) {
    heard.events.extend(events.read().cloned());
    for command in editor.read() {
        if let EditorCommand::PlaceGenerated { image, complete, .. } = command {
            heard.placed.push((image.get_pixel(0, 0).0[0], *complete));
        }
    }
}

fn app() -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, InferencePlugin { engine: factory() }))
        .init_resource::<Heard>()
        .add_systems(Update, listen);
    app.finish();
    app.cleanup();
    app
}

fn send(app: &mut App, command: InferenceCommand) {
    app.world_mut().write_message(command);
}

fn generate(photo: &str) -> InferenceCommand {
    InferenceCommand::Generate(Box::new(GenerateRequest {
        car: Arc::new(gridvox_car::testing::box_pack()),
        photos: vec![photo.into()],
        options: GenerateOptions::default(),
    }))
}

#[track_caller]
fn run_until(app: &mut App, reached: impl Fn(&Heard) -> bool) {
    let start = Instant::now();
    while !reached(app.world().resource::<Heard>()) {
        assert!(start.elapsed() < PATIENCE, "it never came: {:?}", app.world().resource::<Heard>().events);
        app.update();
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn finished(heard: &Heard) -> bool {
    heard.events.iter().any(|event| matches!(event, InferenceEvent::Finished(..)))
}

#[test]
fn a_run_reports_progress_and_its_result_reaches_the_editor() {
    let mut app = app();
    send(&mut app, generate("good"));
    run_until(&mut app, finished);
    let heard = app.world().resource::<Heard>();
    assert!(matches!(heard.events[0], InferenceEvent::Started(JobId(1))));
    assert!(heard.events.iter().any(|e| matches!(e, InferenceEvent::Progress { stage: Stage::Analyse, .. })));
    assert_eq!(heard.placed.last(), Some(&(3, true)), "the result is placed last: {:?}", heard.placed);
}

#[test]
fn only_the_latest_preview_is_shown() {
    let mut app = app();
    send(&mut app, generate("wait"));
    run_until(&mut app, |heard| !heard.placed.is_empty());
    assert!(app.world().resource::<Heard>().placed.len() <= 2);
    run_until(&mut app, |heard| heard.placed.last() == Some(&(2, false)));
    send(&mut app, InferenceCommand::Cancel);
    run_until(&mut app, |heard| matches!(heard.events.last(), Some(InferenceEvent::Cancelled(_))));
}

#[test]
fn what_a_cancelled_run_still_says_is_dropped() {
    let mut app = app();
    send(&mut app, generate("wait"));
    run_until(&mut app, |heard| !heard.placed.is_empty());
    send(&mut app, generate("good"));
    run_until(&mut app, finished);
    let heard = app.world().resource::<Heard>();
    assert!(heard.events.iter().any(|e| matches!(e, InferenceEvent::Cancelled(JobId(1)))));
    assert!(!heard.events.iter().any(|e| matches!(e, InferenceEvent::Failed { .. })), "{:?}", heard.events);
}

#[test]
fn a_panic_becomes_a_sentence_and_the_next_job_works() {
    let mut app = app();
    send(&mut app, generate("panic"));
    run_until(&mut app, |heard| heard.events.iter().any(|e| matches!(e, InferenceEvent::Failed { .. })));
    let message = app.world().resource::<Heard>().events.iter().find_map(|event| match event {
        InferenceEvent::Failed { message, .. } => Some(message.clone()),
        _ => None,
    });
    assert!(message.as_ref().is_some_and(|text| text.contains("a hole in the mesh")), "{message:?}");
    send(&mut app, generate("good"));
    run_until(&mut app, finished);
}

#[test]
fn photos_are_analysed_and_bad_ones_refused() {
    let mut app = app();
    send(&mut app, InferenceCommand::Analyze("car.jpg".into()));
    run_until(&mut app, |heard| !heard.events.is_empty());
    let InferenceEvent::Analyzed(analyzed) = &app.world().resource::<Heard>().events[0] else {
        panic!("{:?}", app.world().resource::<Heard>().events);
    };
    assert_eq!((analyzed.photo.as_path(), analyzed.analysis.quality), (Path::new("car.jpg"), 77));
    send(&mut app, InferenceCommand::Analyze("broken".into()));
    run_until(&mut app, |heard| {
        matches!(heard.events.last(), Some(InferenceEvent::AnalysisFailed { message, .. }) if message == "The photo is broken.")
    });
}

#[test]
fn an_engine_that_cannot_be_built_says_why() {
    let mut app = App::new();
    let engine: EngineFactory = Arc::new(|| Err("The weights are missing.".into()));
    app.add_plugins((MinimalPlugins, InferencePlugin { engine })).init_resource::<Heard>().add_systems(Update, listen);
    app.finish();
    app.cleanup();
    send(&mut app, generate("good"));
    run_until(&mut app, |heard| {
        matches!(heard.events.last(), Some(InferenceEvent::Failed { message, .. }) if message == "The weights are missing.")
    });
}
