//! How fast the views draw: every view turns its light a little each frame, so that all of them draw anew.
//!
//! ```text
//! cargo run --release -p gridvox_showroom -p gridvox --example frame_rate -- [car] [frames] [width]
//! ```
//!
//! A frame's time is that of the program's own work and of the graphics card, one after the other; the window's swap
//! chain, which lets both overlap, is not there. What the systems of the main world take, the showroom's and Bevy's, is told
//! by itself: it is all work that is neither drawing nor the graphics driver's.

use bevy::app::{PluginGroup, TerminalCtrlCHandlerPlugin};
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice};
use bevy::window::ExitCondition;
use bevy::winit::WinitPlugin;
use gridvox_car::CarPack;
use gridvox_showroom::{EnvironmentId, ShowroomCommand, ShowroomEvent, ShowroomPlugin, ViewId, ViewLayout};
use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Width of each view where none is given; their height is nine sixteenths of it.
const WIDTH: u32 = 1280;
/// Frames before the measured ones, at most: pipelines and buffers grow in them.
const WARM_UP: usize = 30;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let car = CarPack::find(&arguments.next().unwrap_or_else(|| gridvox_car::bundled::DEFAULT_CAR.to_owned()))?;
    let frames: usize = arguments.next().map_or(Ok(240), |count| count.parse())?;
    let width: u32 = arguments.next().map_or(Ok(WIDTH), |width| width.parse())?;
    let height = width * 9 / 16;
    let mut app = headless();
    let device = app.world().get_resource::<RenderAdapterInfo>().map(|info| info.name.clone()).unwrap_or_default();
    send(&mut app, ShowroomCommand::ShowCar(Arc::new(car)));
    for view in ViewId::ALL {
        send(&mut app, ShowroomCommand::ResizeView { view, width, height });
    }
    let begun = Instant::now();
    while !drain(&mut app).contains(&ShowroomEvent::FirstPictureDrawn) {
        app.update();
        if begun.elapsed() > Duration::from_secs(120) {
            return Err("the first picture never came".into());
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{device}: the first picture came after {:.1} s", begun.elapsed().as_secs_f32())?;
    for (layout, views) in [(ViewLayout::Single, 1), (ViewLayout::Split, 2), (ViewLayout::Four, 4), (ViewLayout::Eight, 8)] {
        send(&mut app, ShowroomCommand::SetLayout(layout));
        measure(&mut app, &format!("{views} views of {width} x {height}"), frames, &mut out)?;
    }
    send(&mut app, ShowroomCommand::SetLayout(ViewLayout::Single));
    send(&mut app, ShowroomCommand::OpenAperture { view: ViewId::FIRST, f_number: Some(2.8) });
    measure(&mut app, "1 view with depth of field", frames, &mut out)?;
    Ok(())
}

/// Draws so many frames and says what they took.
fn measure(app: &mut App, what: &str, frames: usize, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let (mut own, mut whole, mut systems) = (Vec::new(), Vec::new(), Vec::new());
    let warm_up = WARM_UP.min(frames);
    for frame in 0..warm_up + frames {
        send(app, ShowroomCommand::SetEnvironmentRotation(frame as f32 * 0.5));
        send(app, ShowroomCommand::Redraw);
        let start = Instant::now();
        app.update();
        let busy = start.elapsed();
        app.world().resource::<RenderDevice>().poll(wgpu::PollType::wait_indefinitely())?;
        if frame >= warm_up {
            own.push(busy.as_secs_f32() * 1e3);
            systems.push(app.world().resource::<MainWorldTime>().spent.as_secs_f32() * 1e3);
            whole.push(start.elapsed().as_secs_f32() * 1e3);
        }
    }
    let (own, whole, systems) = (quantiles(own), quantiles(whole), quantiles(systems));
    writeln!(
        out,
        "{what}: {:.0} frames a second; a frame takes {:.2} ms (P95 {:.2}), of these the processor {:.2} (P95 {:.2}), and of \
         these the systems {:.2} (P95 {:.2})",
        1e3 / whole.0,
        whole.0,
        whole.1,
        own.0,
        own.1,
        systems.0,
        systems.1
    )?;
    Ok(())
}

/// When the main world began with a frame, and how long it took.
#[derive(Resource)]
struct MainWorldTime {
    began: Instant,
    spent: Duration,
}

fn headless() -> App {
    let mut app = App::new();
    let plugins = DefaultPlugins
        .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
        .set(AssetPlugin { file_path: gridvox_car::bundled::assets_dir().to_string_lossy().into_owned(), ..default() })
        .set(RenderPlugin { render_creation: gridvox_showroom::gpu::settings().into(), ..default() })
        .disable::<WinitPlugin>()
        .disable::<PipelinedRenderingPlugin>()
        .disable::<LogPlugin>()
        .disable::<TerminalCtrlCHandlerPlugin>();
    app.add_plugins((plugins, ShowroomPlugin { livery_size: 2048, environment: EnvironmentId::default() }));
    app.insert_resource(MainWorldTime { began: Instant::now(), spent: Duration::ZERO })
        .add_systems(First, |mut time: ResMut<MainWorldTime>| time.began = Instant::now())
        .add_systems(Last, |mut time: ResMut<MainWorldTime>| time.spent = time.began.elapsed());
    app.finish();
    app.cleanup();
    app
}

fn send(app: &mut App, command: ShowroomCommand) {
    app.world_mut().write_message(command);
}

fn drain(app: &mut App) -> Vec<ShowroomEvent> {
    app.world_mut().resource_mut::<Messages<ShowroomEvent>>().drain().collect()
}

/// Median and 95th percentile.
fn quantiles(mut values: Vec<f32>) -> (f32, f32) {
    values.sort_by(f32::total_cmp);
    let at = |share: f32| values.get((share * (values.len().max(1) - 1) as f32) as usize).copied().unwrap_or(f32::NAN);
    (at(0.5), at(0.95))
}
