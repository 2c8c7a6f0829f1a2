//! Bringing in a car from a mesh file. The program's own command line does it, in a process that a hostile file may end and
//! that can be stopped at any time.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bevy::prelude::*;
use crossbeam_channel::{Receiver, Sender, unbounded};
use gridvox_car::bundled;
use gridvox_car::import::{ImportOptions, LookMaterial, Nose};
use gridvox_editor::WindowWaker;

use crate::StudioSystems;
use crate::command::StudioCommand;
use crate::desk::{Desk, Request};
use crate::model::{Studio, file_name};
use crate::notices::Weight;

/// What the painter says about the mesh.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImportForm {
    /// The car's name for people.
    pub name: String,
    /// Which of the materials carry the livery.
    pub paint: Vec<bool>,
    /// Length in metres, where the mesh's own unit is not to tell it.
    pub length_m: Option<f32>,
    /// Where the nose points in the file, where shape and names are not to tell it.
    pub nose: Option<Nose>,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
pub enum ImportPhase {
    /// The file is being read for the first time.
    Looking,
    /// The painter chooses among these.
    Choosing(Vec<LookMaterial>),
    /// It is being brought in.
    Running(Vec<LookMaterial>, Instant),
    /// The file is nothing that can be used.
    Unusable,
}

/// A mesh that becomes a car.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportState {
    /// The mesh.
    pub file: PathBuf,
    /// What was said about it.
    pub form: ImportForm,
    /// How far it is.
    pub phase: ImportPhase,
    /// Why it did not work; one sentence.
    pub problem: Option<String>,
}

impl ImportState {
    /// A file of which nothing is known yet.
    pub fn new(file: PathBuf) -> Self {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().replace(['_', '-'], " ");
        Self { file, form: ImportForm { name, ..ImportForm::default() }, phase: ImportPhase::Looking, problem: None }
    }

    /// Its materials, once they are known.
    pub fn materials(&self) -> &[LookMaterial] {
        match &self.phase {
            ImportPhase::Choosing(materials) | ImportPhase::Running(materials, _) => materials,
            ImportPhase::Looking | ImportPhase::Unusable => &[],
        }
    }

    /// Whether it can be brought in now.
    pub fn can_run(&self) -> bool {
        matches!(self.phase, ImportPhase::Choosing(_)) && self.form.paint.contains(&true) && !self.form.name.trim().is_empty()
    }
}

/// What came of a process.
enum Fact {
    Looked(Result<Vec<LookMaterial>, String>),
    /// The car's id with what was found, or why there is none.
    Imported(Result<(String, Vec<String>), String>),
}

/// The running process, and what it says.
#[derive(Resource)]
pub(crate) struct ImportDesk {
    /// This program, which knows `car look` and `car import`.
    program: Option<PathBuf>,
    sender: Sender<(u64, Fact)>,
    facts: Receiver<(u64, Fact)>,
    waker: WindowWaker,
    running: Arc<Mutex<Option<Child>>>,
    /// Facts of earlier processes are of no interest.
    number: u64,
}

impl ImportDesk {
    pub fn new(waker: WindowWaker) -> Self {
        let (sender, facts) = unbounded();
        Self { program: std::env::current_exe().ok(), sender, facts, waker, running: Arc::default(), number: 0 }
    }

    /// Reads a file's materials.
    pub fn look(&mut self, file: &Path) {
        let arguments = ["car".into(), "look".into(), file.into(), "--json".into(), "--contained".into()];
        self.start(&arguments, |output| {
            let parsed = output.and_then(|(said, _)| LookMaterial::parse(&said).ok_or_else(|| "The file could not be read: export it as .glb again.".into()));
            Fact::Looked(parsed)
        });
    }

    /// Makes a car of a file in the user's own folder.
    pub fn import(&mut self, state: &ImportState) -> Result<(), String> {
        let chosen: Vec<&str> =
            state.materials().iter().zip(&state.form.paint).filter(|(_, paint)| **paint).map(|(m, _)| m.name.as_str()).collect();
        let paint = ImportOptions::paint_of(&chosen).map_err(|_| "These are too many materials: choose fewer.".to_owned())?;
        let (id, folder) = bundled::own_place(&state.form.name).ok_or("Your system names no folder for a program's data: set GRIDVOX_CARS.")?;
        let mut arguments: Vec<PathBuf> = vec!["car".into(), "import".into(), state.file.clone(), "--contained".into()];
        arguments.extend(["--paint".into(), paint.as_str().into(), "--out".into(), folder.clone()]);
        arguments.extend(["--name".into(), state.form.name.trim().into()]);
        if let Some(length) = state.form.length_m {
            arguments.extend(["--length".into(), length.to_string().into()]);
        }
        if let Some(nose) = state.form.nose {
            arguments.extend(["--nose".into(), nose.to_string().to_lowercase().into()]);
        }
        self.start(&arguments, move |output| {
            if output.is_err() {
                // It was not there before; nothing else can lie in it.
                let _ = std::fs::remove_dir_all(&folder);
            }
            let notes = |said: &str| said.lines().filter_map(|line| line.strip_prefix("note: ")).map(str::to_owned).collect();
            Fact::Imported(output.map(|(_, said)| (id, notes(&said))))
        });
        Ok(())
    }

    /// Ends what runs.
    pub fn stop(&mut self) {
        self.number += 1;
        if let Some(child) = self.running.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            // It may have ended by itself.
            let _ = child.kill();
        }
    }

    /// Runs the program; `tell` makes a fact of what it wrote on both outputs, or of the reason why it failed.
    fn start(&mut self, arguments: &[PathBuf], tell: impl FnOnce(Result<(String, String), String>) -> Fact + Send + 'static) {
        self.stop();
        let (sender, waker, number) = (self.sender.clone(), self.waker.clone(), self.number);
        self.running = Arc::default();
        let running = self.running.clone();
        let mut command = Command::new(self.program.as_deref().unwrap_or(Path::new("gridvox")));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let work = move || {
            // nobody listens when the window is gone
            let _ = sender.send((number, tell(run(command, &running))));
            waker.wake();
        };
        if let Err(error) = std::thread::Builder::new().name("import".into()).spawn(work) {
            tracing::error!(%error, "the import's thread did not start");
        }
    }
}

fn run(mut command: Command, running: &Mutex<Option<Child>>) -> Result<(String, String), String> {
    let mut child = command.spawn().map_err(|error| format!("The import could not be started ({error}): start the program again."))?;
    let outputs = (child.stdout.take(), child.stderr.take());
    *running.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
    let read = |from: &mut dyn Read| {
        let mut bytes = Vec::new();
        // What was cut off by its end is no answer; the exit status tells.
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (said, told) = std::thread::scope(|scope| {
        let errors = scope.spawn(|| outputs.1.map(|mut pipe| read(&mut pipe)).unwrap_or_default());
        let said = outputs.0.map(|mut pipe| read(&mut pipe)).unwrap_or_default();
        (said, errors.join().unwrap_or_default())
    });
    // Whoever wants to stop it does not wait for its end.
    let child = running.lock().unwrap_or_else(PoisonError::into_inner).take();
    if child.is_some_and(|mut child| child.wait().is_ok_and(|status| status.success())) {
        return Ok((said, told));
    }
    let reason = told.lines().find_map(|line| line.strip_prefix("error: "));
    Err(reason.unwrap_or("The mesh can't be decoded: export it as .glb without mesh compression.").to_owned())
}

fn take_import_facts(desk: Res<ImportDesk>, files: Res<Desk>, mut studio: ResMut<Studio>, mut commands: MessageWriter<StudioCommand>) {
    while let Ok((number, fact)) = desk.facts.try_recv() {
        let Some(state) = studio.import.as_mut().filter(|_| number == desk.number) else { continue };
        match fact {
            Fact::Looked(Ok(materials)) => {
                state.form.paint = materials.iter().map(|material| material.is_likely_paint).collect();
                state.phase = ImportPhase::Choosing(materials);
            }
            Fact::Looked(Err(reason)) => {
                state.problem = Some(reason);
                state.phase = ImportPhase::Unusable;
            }
            Fact::Imported(Ok((id, notes))) => {
                let text = format!("{} is among your cars now.", state.form.name.trim());
                studio.import = None;
                studio.notices.say(Weight::Good, text);
                for note in notes {
                    studio.notices.record(Weight::Good, note);
                }
                files.ask(Request::ListBundled);
                commands.write(StudioCommand::ChooseCar(id));
            }
            Fact::Imported(Err(reason)) => {
                state.phase = ImportPhase::Choosing(state.materials().to_vec());
                state.problem = Some(reason);
            }
        }
    }
}

/// Opens the dialog for a mesh.
pub(crate) fn begin(file: PathBuf, studio: &mut Studio, desk: &mut ImportDesk) {
    if studio.import.as_ref().is_some_and(|state| matches!(state.phase, ImportPhase::Running(..))) {
        studio.notices.say(Weight::Warning, format!("Another car is being brought in: drop {} again afterwards.", file_name(&file)));
        return;
    }
    desk.look(&file);
    studio.import = Some(ImportState::new(file));
}

/// Brings the mesh in as the dialog says.
pub(crate) fn run_import(studio: &mut Studio, desk: &mut ImportDesk) {
    let Some(state) = studio.import.as_mut().filter(|state| state.can_run()) else { return };
    match desk.import(state) {
        Ok(()) => {
            state.phase = ImportPhase::Running(state.materials().to_vec(), Instant::now());
            state.problem = None;
        }
        Err(reason) => state.problem = Some(reason),
    }
}

/// Closes the dialog, and stops what runs for it.
pub(crate) fn leave(studio: &mut Studio, desk: &mut ImportDesk) {
    desk.stop();
    studio.import = None;
}

pub(crate) fn plugin(app: &mut App) {
    app.add_systems(Update, take_import_facts.in_set(StudioSystems::Facts));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(script: &str) -> Result<(String, String), String> {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        run(command, &Mutex::default())
    }

    #[test]
    #[cfg(unix)]
    fn a_process_says_what_it_found_or_why_it_failed() {
        assert_eq!(of("echo a; echo 'note: b' >&2"), Ok(("a\n".into(), "note: b\n".into())));
        assert_eq!(of("echo 'error: No paint was found.' >&2; exit 1"), Err("No paint was found.".into()));
        let died = of("kill -9 $$").expect_err("it was killed");
        assert!(died.contains("can't be decoded"), "{died}");
    }

    #[test]
    fn it_can_run_once_paint_is_chosen_and_it_has_a_name() {
        let mut state = ImportState::new("/meshes/my_car-2.glb".into());
        assert_eq!((state.form.name.as_str(), state.can_run()), ("my car 2", false));
        let material = |name: &str| LookMaterial { name: name.into(), share: 0.5, is_likely_paint: false };
        state.phase = ImportPhase::Choosing(vec![material("body"), material("glass")]);
        state.form.paint = vec![false, false];
        assert!(!state.can_run());
        state.form.paint[0] = true;
        assert!(state.can_run());
        state.form.name = "  ".into();
        assert!(!state.can_run());
    }
}
