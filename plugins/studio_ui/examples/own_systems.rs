//! What the program's own systems cost in each drawn frame, without Bevy's and the graphics driver's.
//!
//! ```text
//! cargo run --release -p gridvox_studio_ui -p gridvox --features gridvox_studio_ui/trace --example own_systems -- [car] [frames]
//! ```
//!
//! Opens the studio's window with all its plugins and lets four views turn their light, so that each frame draws them anew. The
//! processor's time of each system (a thread's own clock, so what else the machine does is not in it) comes from Bevy's spans;
//! systems of the main and of the render world count, and the commands that they leave. Then light and livery change a few times,
//! and the frame that costs most is told.

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use gridvox_editor::{EditorCommand, EditorPlugin};
use gridvox_inference::InferencePlugin;
use gridvox_showroom::{EnvironmentId, ShowroomCommand, ShowroomEvent, ShowroomPlugin, ViewLayout};
use gridvox_studio_ui::{StartedAt, StudioStart, StudioUiPlugin};
use rustix::time::{ClockId, clock_gettime};
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Frames before the measured ones: pipelines, buffers and panels settle in them.
const WARM_UP: usize = 20;
/// Frames between one change of light or livery and the next; half as many frames as are measured have them.
const CHANGES_EVERY: usize = 8;
const LIVERY: &str = "samples/photo_front_left.livery.png";
const LIGHTS: [&str; 4] = ["low_sun", "night_track", "overcast", "soft_studio"];

static MEASURING: AtomicBool = AtomicBool::new(false);
/// Milliseconds of each system in the frame that is drawn now.
static SPENT: Mutex<Vec<(String, f64)>> = Mutex::new(Vec::new());

struct Listener;

/// A system's name, and when it was entered, by its thread's own clock.
struct Named(String);
struct Entered(f64);

struct NameOf(Option<String>);

impl Visit for NameOf {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "name" {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, format!("{value:?}").trim_matches('"'));
    }
}

fn thread_ms() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 * 1e-6
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Listener {
    fn on_new_span(&self, about: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if !matches!(about.metadata().name(), "system" | "system_commands") {
            return;
        }
        let mut name = NameOf(None);
        about.record(&mut name);
        let own = name.0.filter(|name| name.contains("gridvox"));
        if let (Some(name), Some(span)) = (own, context.span(id)) {
            span.extensions_mut().insert(Named(name));
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id).filter(|span| span.extensions().get::<Named>().is_some()) {
            span.extensions_mut().replace(Entered(thread_ms()));
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let now = thread_ms();
        let Some(span) = context.span(id) else { return };
        let Some(Entered(before)) = span.extensions_mut().remove::<Entered>() else { return };
        if MEASURING.load(Ordering::Relaxed) && let Some(Named(name)) = span.extensions().get::<Named>() {
            SPENT.lock().unwrap_or_else(PoisonError::into_inner).push((name.clone(), now - before));
        }
    }
}

/// The frames so far.
#[derive(Resource, Default)]
struct Frames {
    wanted: usize,
    drawn: Option<usize>,
    by_system: HashMap<String, f64>,
    sums: Vec<f64>,
    /// With the system that took most of it.
    changing: Vec<(f64, String)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let car = arguments.next();
    let wanted = arguments.next().map_or(Ok(120), |count| count.parse())?;
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Listener))?;
    let plugins = DefaultPlugins
        .set(AssetPlugin { file_path: gridvox_car::bundled::assets_dir().to_string_lossy().into_owned(), ..default() })
        .set(RenderPlugin { render_creation: gridvox_showroom::gpu::settings().into(), ..default() })
        .disable::<LogPlugin>()
        .disable::<PipelinedRenderingPlugin>();
    let mut app = App::new();
    app.insert_resource(StartedAt(Instant::now()))
        .insert_resource(Frames { wanted, ..default() })
        .add_plugins((
            plugins,
            ShowroomPlugin { environment: EnvironmentId::default(), ..default() },
            EditorPlugin,
            InferencePlugin::with_bundled_models(),
            StudioUiPlugin { start: StudioStart { car, ..default() } },
        ))
        .add_systems(First, turn_light);
    app.run();
    Ok(())
}

/// Ends the frame before, and has all views drawn anew in this one.
fn turn_light(
    mut frames: ResMut<Frames>,
    mut facts: MessageReader<ShowroomEvent>,
    mut commands: MessageWriter<ShowroomCommand>,
    mut editor: MessageWriter<EditorCommand>,
    mut exit: MessageWriter<AppExit>,
) {
    let first = facts.read().any(|fact| *fact == ShowroomEvent::FirstPictureDrawn);
    if first && frames.drawn.is_none() {
        commands.write(ShowroomCommand::SetLayout(ViewLayout::Four));
        frames.drawn = Some(0);
    }
    let Some(drawn) = frames.drawn else { return };
    let spent = std::mem::take(&mut *SPENT.lock().unwrap_or_else(PoisonError::into_inner));
    let changing = drawn > WARM_UP + frames.wanted;
    if changing {
        let sum = spent.iter().map(|(_, ms)| ms).sum();
        let most = spent.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        frames.changing.push((sum, most.map_or(String::new(), |(name, ms)| format!("{ms:.1} ms {name}"))));
    } else if drawn > WARM_UP {
        frames.sums.push(spent.iter().map(|(_, ms)| ms).sum());
        for (name, ms) in spent {
            *frames.by_system.entry(name).or_default() += ms;
        }
    }
    MEASURING.store(drawn >= WARM_UP, Ordering::Relaxed);
    if changing && frames.changing.len() % CHANGES_EVERY == 0 {
        let change = frames.changing.len() / CHANGES_EVERY;
        if change % 2 == 0 {
            commands.write(ShowroomCommand::SetEnvironment(EnvironmentId::parse(LIGHTS[change / 2 % LIGHTS.len()])));
        } else {
            let livery = gridvox_car::bundled::assets_dir().join(LIVERY);
            editor.write(if change % 4 == 1 { EditorCommand::OpenLivery(livery) } else { EditorCommand::Clear });
        }
    }
    if frames.changing.len() * 2 >= frames.wanted {
        _ = table(&frames);
        exit.write(AppExit::Success);
        return;
    }
    commands.write(ShowroomCommand::SetEnvironmentRotation(drawn as f32 * 0.5));
    commands.write(ShowroomCommand::Redraw);
    frames.drawn = Some(drawn + 1);
}

fn table(frames: &Frames) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let count = frames.sums.len() as f64;
    let mut sums = frames.sums.clone();
    sums.sort_by(f64::total_cmp);
    let at = |share: f64| sums[(share * (count - 1.0)) as usize];
    writeln!(out, "own systems at four views, {count} frames: median {:.3} ms a frame, P95 {:.3}, mean {:.3}", at(0.5), at(0.95), sums.iter().sum::<f64>() / count)?;
    let mut systems: Vec<_> = frames.by_system.iter().collect();
    systems.sort_by(|a, b| b.1.total_cmp(a.1));
    for (name, ms) in systems.iter().take(25) {
        writeln!(out, "{:8.4} ms  {name}", *ms / count)?;
    }
    writeln!(out, "{} systems in all", systems.len())?;
    if let Some((longest, most)) = frames.changing.iter().max_by(|a, b| a.0.total_cmp(&b.0)) {
        writeln!(out, "{} frames while light and livery change: at most {longest:.1} ms, of which {most}", frames.changing.len())?;
    }
    Ok(())
}
