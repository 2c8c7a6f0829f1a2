//! File dialogs: the desktop's own where there is one, else the studio's browser. Nothing waits for an answer; it comes
//! back over a channel, whenever the painter gives it.

use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy::tasks::IoTaskPool;
use crossbeam_channel::{Receiver, Sender, bounded};
use directories::UserDirs;
use gridvox_editor::WindowWaker;
use rfd::AsyncFileDialog;

use crate::browser::{Browser, Listing};
use crate::command::{Ask, StudioCommand};
use crate::desk::{Desk, Request, has_ending};
use crate::model::Studio;

/// An open dialog and the last folder it showed.
#[derive(Resource)]
pub(crate) struct Dialogs {
    sender: Sender<(Ask, Option<Vec<PathBuf>>)>,
    answers: Receiver<(Ask, Option<Vec<PathBuf>>)>,
    waker: WindowWaker,
    open: bool,
    native: bool,
    folder: PathBuf,
}

impl Dialogs {
    pub fn new(waker: WindowWaker) -> Self {
        // One dialog is open at a time, so one answer can wait.
        let (sender, answers) = bounded(1);
        let home = UserDirs::new();
        let pictures = home.as_ref().and_then(|dirs| dirs.picture_dir()).filter(|dir| dir.is_dir());
        let folder = pictures.or(home.as_ref().map(UserDirs::home_dir)).unwrap_or(Path::new("/")).to_path_buf();
        Self { sender, answers, waker, open: false, native: has_native_dialogs(), folder }
    }

    /// Remembers where the painter works.
    pub fn remember(&mut self, path: &Path) {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            self.folder = folder.to_path_buf();
        }
    }

    /// Opens the dialog for a question.
    pub fn ask(&mut self, ask: Ask, studio: &mut Studio, desk: &Desk) {
        if self.open || studio.browser.is_some() {
            return;
        }
        if !self.native {
            desk.ask(Request::ListFolder { ask, folder: self.folder.clone() });
            return;
        }
        self.open = true;
        let (sender, waker, folder) = (self.sender.clone(), self.waker.clone(), self.folder.clone());
        let task = async move {
            let answer = native(ask, &folder).await;
            // The window may be gone by now; then nobody needs the answer.
            let _ = sender.try_send((ask, answer));
            waker.wake();
        };
        IoTaskPool::get().spawn(task).detach();
    }

    /// The answer, once it is there, as the command that it means.
    pub fn take_answer(&mut self) -> Option<StudioCommand> {
        let (ask, answer) = self.answers.try_recv().ok()?;
        self.open = false;
        let paths = answer?;
        self.remember(paths.first()?);
        meaning(ask, paths)
    }

    /// Shows a listed folder in the studio's browser.
    pub fn show_listing(&mut self, listing: Listing, studio: &mut Studio) {
        if listing.trouble.is_none() {
            self.folder.clone_from(&listing.folder);
        }
        let typed = listing.ask.new_file().map_or_else(|| listing.folder.clone(), |name| listing.folder.join(name));
        let typed = typed.display().to_string();
        studio.browser = Some(Browser { ask: listing.ask, listing, typed });
    }
}

/// What a path typed into the browser means: a fitting file is the answer, anything else a folder to look into.
pub(crate) fn browse_to(ask: Ask, path: PathBuf) -> Result<StudioCommand, Request> {
    if !ask.wants_folder() && has_ending(&path, ask.endings()) {
        return Ok(StudioCommand::BrowsePick(path));
    }
    Err(Request::ListFolder { ask, folder: path })
}

/// The command that answers a question.
pub(crate) fn meaning(ask: Ask, paths: Vec<PathBuf>) -> Option<StudioCommand> {
    let first = paths.first()?.clone();
    Some(match ask {
        Ask::Photos => StudioCommand::AddPhotos(paths),
        Ask::Environment => StudioCommand::SetLight(gridvox_showroom::EnvironmentId::File(first)),
        Ask::Car => StudioCommand::OpenCar(first),
        Ask::Mesh => StudioCommand::BringIn(first),
        Ask::Livery => StudioCommand::OpenLivery(first),
        Ask::SpecMap => StudioCommand::OpenSpecMap(first),
        Ask::SaveLivery => StudioCommand::SaveTo(first.with_extension("png")),
        Ask::Picture | Ask::Turntable if !has_ending(&first, ask.endings()) => {
            StudioCommand::TakePicture(first.with_extension(ask.endings()[0]))
        }
        Ask::Picture | Ask::Turntable | Ask::TurntableFolder => StudioCommand::TakePicture(first),
        Ask::ExportFolder => StudioCommand::SetExportFolder(first),
        Ask::InstallFolder => StudioCommand::SetInstallFolder(first),
    })
}

async fn native(ask: Ask, folder: &Path) -> Option<Vec<PathBuf>> {
    let dialog = AsyncFileDialog::new().set_title(ask.title()).set_directory(folder);
    let path = |file: rfd::FileHandle| file.path().to_path_buf();
    match ask {
        Ask::Photos => {
            let files = dialog.add_filter("Photos", ask.endings()).pick_files().await?;
            Some(files.into_iter().map(path).collect())
        }
        Ask::Environment => Some(vec![path(dialog.add_filter("Panoramas", ask.endings()).pick_file().await?)]),
        Ask::Mesh => Some(vec![path(dialog.add_filter("Meshes", ask.endings()).pick_file().await?)]),
        Ask::SpecMap => Some(vec![path(dialog.add_filter("Spec maps", ask.endings()).pick_file().await?)]),
        Ask::Livery => Some(vec![path(dialog.add_filter("Liveries", ask.endings()).pick_file().await?)]),
        Ask::SaveLivery | Ask::Picture | Ask::Turntable => {
            let dialog = dialog.add_filter("Pictures", ask.endings()).set_file_name(ask.new_file().unwrap_or_default());
            Some(vec![path(dialog.save_file().await?)])
        }
        Ask::Car | Ask::ExportFolder | Ask::InstallFolder | Ask::TurntableFolder => Some(vec![path(dialog.pick_folder().await?)]),
    }
}

/// On Linux a dialog needs the desktop portal on the session bus, or zenity.
fn has_native_dialogs() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let on_path = |name: &str| {
        std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()))
    };
    std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some() || on_path("zenity")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_file_is_the_answer_and_a_typed_folder_is_shown() {
        let file = PathBuf::from("/photos/car.jpg");
        assert_eq!(browse_to(Ask::Photos, file.clone()).ok(), Some(StudioCommand::BrowsePick(file.clone())));
        assert!(browse_to(Ask::Photos, "/photos".into()).is_err());
        assert_eq!(meaning(Ask::Photos, vec![file.clone()]), Some(StudioCommand::AddPhotos(vec![file])));
        assert_eq!(meaning(Ask::SaveLivery, vec!["/a/b".into()]), Some(StudioCommand::SaveTo("/a/b.png".into())));
        assert_eq!(meaning(Ask::Car, Vec::new()), None);
    }
}
