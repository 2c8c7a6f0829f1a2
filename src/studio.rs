//! `gridvox studio`: the window, composed of the plugins.

use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::time::Instant;

use bevy::log::{Level, LogPlugin};
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::window::{PresentMode, WindowResolution};
use color_eyre::eyre::eyre;
use gridvox_editor::EditorPlugin;
use gridvox_inference::InferencePlugin;
use gridvox_showroom::{EnvironmentId, ShowroomPlugin};
use gridvox_studio_ui::{StartedAt, StudioStart, StudioUiPlugin};

/// What the window opens with.
#[derive(Debug, Clone, Default)]
pub struct StudioOptions {
    /// A bundled car's id or a car pack's folder.
    pub car: Option<String>,
    /// Photos of the real car.
    pub photos: Vec<PathBuf>,
    /// A livery to open.
    pub livery: Option<PathBuf>,
    /// A bundled environment's id, or an .hdr or .exr file.
    pub environment: Option<String>,
    /// Make the livery from the photos, save a picture of the whole window here, and end.
    pub screenshot: Option<PathBuf>,
    /// Say what the start's time went into, and end after the first picture.
    pub startup_report: bool,
}

/// Size of a new window, in points; a smaller screen makes it smaller.
const WINDOW_SIZE: (u32, u32) = (1600, 1000);

/// Opens the window and returns when it is closed.
pub fn run(options: StudioOptions) -> color_eyre::Result<()> {
    let started = Instant::now();
    check_display()?;
    gridvox_showroom::gpu::probe().map_err(|error| eyre!("{error}"))?;
    let environment = options.environment.as_deref().map(EnvironmentId::parse).unwrap_or_default();
    let start = StudioStart {
        car: options.car,
        photos: options.photos,
        livery: options.livery,
        environment: environment.clone(),
        screenshot: options.screenshot,
        startup_report: options.startup_report,
    };
    let mut app = quietly(|| compose(start, environment, started)).ok_or_else(|| eyre!(NO_WINDOW))?;
    match app.run() {
        AppExit::Success => Ok(()),
        AppExit::Error(_) => Err(eyre!("The studio ended early; the lines above say why.")),
    }
}

/// The program's own news; what the graphics stack says is for developers, who set `RUST_LOG`.
const LOG_FILTER: &str = "warn,gridvox_studio_ui=info,gridvox_showroom=info,wgpu=off,naga=off,winit=error";

const NO_WINDOW: &str = "The studio needs a screen: start it in a desktop session, or use `gridvox demo` and the other \
                         commands, which work without one.";

fn check_display() -> color_eyre::Result<()> {
    let has = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if cfg!(target_os = "linux") && !has("DISPLAY") && !has("WAYLAND_DISPLAY") {
        return Err(eyre!(NO_WINDOW));
    }
    Ok(())
}

/// Runs what may panic because the system has no window to give, and swallows the panic's text.
fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(hook);
    result.ok()
}

fn compose(start: StudioStart, environment: EnvironmentId, started: Instant) -> App {
    let window = Window {
        title: "GridVox".into(),
        name: Some("gridvox".into()),
        resolution: WindowResolution::new(WINDOW_SIZE.0, WINDOW_SIZE.1),
        resize_constraints: bevy::window::WindowResizeConstraints {
            min_width: 1000.0,
            min_height: 640.0,
            ..default()
        },
        present_mode: PresentMode::AutoVsync,
        ..default()
    };
    let plugins = DefaultPlugins
        .set(WindowPlugin { primary_window: Some(window), ..default() })
        .set(AssetPlugin { file_path: gridvox_car::bundled::assets_dir().to_string_lossy().into_owned(), ..default() })
        .set(LogPlugin { filter: LOG_FILTER.into(), level: Level::INFO, ..default() })
        .set(RenderPlugin { render_creation: gridvox_showroom::gpu::settings().into(), ..default() })
        // The window draws on demand: a picture that is one frame late would stay on screen.
        .disable::<PipelinedRenderingPlugin>();
    let mut app = App::new();
    app.insert_resource(StartedAt(started)).add_plugins((
        plugins,
        ShowroomPlugin { environment, ..default() },
        EditorPlugin,
        InferencePlugin::with_bundled_models(),
        StudioUiPlugin { start },
    ));
    app
}
