//! The studio's window: panels, views, shortcuts, dialogs, drag and drop.
//!
//! Panels (in [`panels`]) are plain functions that read [`Studio`] and push [`StudioCommand`]s; they open no file, run no
//! model and query no entity. Systems carry the commands out or pass them on to the showroom, the editor and the
//! inference thread, and take those plugins' facts back into [`Studio`]. Reading cars, listing folders and writing
//! packages happen on a thread of their own. The window sleeps while nothing changes ([`pacing`]).

mod browser;
mod carry_out;
mod chords;
mod command;
mod confidence;
mod desk;
mod dialogs;
pub mod difference;
pub mod dock;
mod drops;
mod facts;
mod grid;
mod imports;
mod marks;
mod model;
mod notices;
mod outline;
mod pacing;
pub mod panels;
mod pictures;
mod screenshot;
mod settings;
mod shortcuts;
mod spec_map;
mod startup;
pub mod theme;
#[cfg(test)]
mod testing;
mod views;
pub mod widgets;
mod window;

pub use browser::{Browser, Listing};
pub use command::{Ask, DropAnswer, EXPORT_SIZES, ExportForm, StudioCommand};
pub use imports::{ImportForm, ImportPhase, ImportState};
pub use marks::{Mark, Picker, Sheet};
pub use model::{CarState, Choice, DifferenceState, ExportDone, ExportState, KeptVersion, LightState, PhotoEntry, PhotoState, RunState, Studio};
pub use pictures::{PictureForm, PictureState};
pub use notices::{Notice, Notices, Weight, capitalized};
pub use screenshot::ScreenshotTo;
pub use settings::{SCALES, WindowSettings};
pub use spec_map::{SpecMap, SpecState};
pub use startup::StartedAt;

use std::path::PathBuf;

use bevy::prelude::*;
use bevy_egui::{EguiGlobalSettings, EguiPlugin, EguiPrimaryContextPass};
use gridvox_editor::WindowWaker;
use gridvox_showroom::EnvironmentId;

use desk::{Desk, Request};
use dialogs::Dialogs;

/// What the studio opens at its start.
#[derive(Debug, Clone, Default)]
pub struct StudioStart {
    /// A bundled car's id or a car pack's folder; the first bundled car where it is not given.
    pub car: Option<String>,
    /// Photos to put on the list.
    pub photos: Vec<PathBuf>,
    /// A livery to open.
    pub livery: Option<PathBuf>,
    /// The light that the showroom starts with.
    pub environment: EnvironmentId,
    /// Saves a picture of the window once the livery is there, and ends the program.
    pub screenshot: Option<PathBuf>,
    /// Writes what the start's time went into, and ends the program after the first picture.
    pub startup_report: bool,
}

/// When this plugin does its part of a frame.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub enum StudioSystems {
    /// Takes facts into [`Studio`].
    Facts,
    /// Carries commands out.
    CarryOut,
}

/// The plugin.
#[derive(Default)]
pub struct StudioUiPlugin {
    /// What to open first.
    pub start: StudioStart,
}

/// What [`open_first`] has still to do.
#[derive(Resource)]
struct Start(StudioStart);

impl Plugin for StudioUiPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(EguiPlugin::default())
            .add_message::<StudioCommand>()
            .init_resource::<Studio>()
            .insert_resource(Start(self.start.clone()))
            .configure_sets(Update, (StudioSystems::Facts, StudioSystems::CarryOut).chain())
            .add_systems(Startup, (window::spawn_ui_camera, open_first))
            .add_systems(
                Update,
                (
                    (
                        drops::take_drops,
                        facts::take_inference_facts,
                        facts::take_editor_facts,
                        facts::take_showroom_facts,
                        facts::take_answers,
                    )
                        .chain()
                        .in_set(StudioSystems::Facts),
                    carry_out::carry_out_commands.in_set(StudioSystems::CarryOut),
                    window::fit_window_to_screen,
                ),
            )
            .add_systems(EguiPrimaryContextPass, window::draw_window);
        app.world_mut().resource_mut::<EguiGlobalSettings>().auto_create_primary_context = false;
        chords::plugin(app);
        pacing::plugin(app);
        imports::plugin(app);
        pictures::plugin(app);
        startup::plugin(app, self.start.startup_report);
        views::plugin(app);
        if let Some(path) = &self.start.screenshot {
            screenshot::plugin(app, path.clone());
        }
    }

    fn finish(&self, app: &mut App) {
        let waker = WindowWaker::of(app);
        app.insert_resource(desk::start(waker.clone()))
            .insert_resource(pictures::PictureDesk::new(waker.clone()))
            .insert_resource(imports::ImportDesk::new(waker.clone()))
            .insert_resource(Dialogs::new(waker));
    }
}

/// Opens what the command line named, and the first bundled car where it named none.
fn open_first(start: Res<Start>, mut studio: ResMut<Studio>, mut commands: MessageWriter<StudioCommand>, desk: Res<Desk>) {
    desk.ask(Request::ListBundled);
    desk.ask(Request::ReadSettings);
    desk.ask(Request::ReadAngles);
    let Start(start) = &*start;
    studio.light.light = start.environment.clone();
    match &start.car {
        Some(car) => {
            commands.write(StudioCommand::ChooseCar(car.clone()));
        }
        None => studio.wants_default_car = true,
    }
    if let Some(livery) = &start.livery {
        commands.write(StudioCommand::OpenLivery(livery.clone()));
    }
    if !start.photos.is_empty() {
        commands.write(StudioCommand::AddPhotos(start.photos.clone()));
    }
}
