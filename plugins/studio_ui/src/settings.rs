//! What the window remembers: where its panels lie and how large it draws them.
//!
//! The file is `window.toml` beside the saved angles, written whole or not at all. A file that can't be understood is copied
//! aside, and the window starts as on the first day.

use std::path::{Path, PathBuf};

use gridvox_car::FileError;
use gridvox_car::files::{KeptFileError, read_kept, write_kept};
use gridvox_showroom::SavedAngles;
use serde::{Deserialize, Serialize};

use crate::dock::Dock;

/// A layout of all panels is far below it.
const MAX_FILE_BYTES: u64 = 1 << 16;

/// The interface's scales in percent of what the screen asks for, in the order in which keys go through them.
pub const SCALES: [u16; 9] = [80, 90, 100, 110, 125, 140, 160, 180, 200];

/// Points that a window has at least, whatever scale is asked for: below, words would be cut off.
const LEAST_ROOM: (f32, f32) = (1000.0, 600.0);

/// Why the settings could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The system gives the user no such folder.
    #[error(transparent)]
    NoFolder(#[from] gridvox_showroom::AnglesError),
    /// The file can't be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file can't be understood; a copy was made.
    #[error("The window's layout can't be read ({reason}): it was kept as {}, and the panels lie as at first.", .copy.display())]
    Broken { reason: String, copy: PathBuf },
    /// The settings can't be turned into a file.
    #[error("The window's layout can't be written ({0}): reset it in the Window menu.")]
    Unwritable(String),
}

impl From<KeptFileError> for SettingsError {
    fn from(error: KeptFileError) -> Self {
        match error {
            KeptFileError::File(error) => Self::File(error),
            KeptFileError::Broken { reason, copy } => Self::Broken { reason, copy },
        }
    }
}

/// What is remembered; what is absent is as the studio comes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WindowSettings {
    /// Scale of the interface in percent of what the screen asks for, 80..=200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_percent: Option<u16>,
    /// Where the panels lie, once they were moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub panels: Option<Dock>,
}

impl WindowSettings {
    /// Where this user's file lies.
    pub(crate) fn path() -> Result<PathBuf, SettingsError> {
        Ok(SavedAngles::path()?.with_file_name("window.toml"))
    }

    /// Reads the file; nothing is remembered where there is none. After [`SettingsError::Broken`] it may be written over.
    pub(crate) fn read(path: &Path) -> Result<Self, SettingsError> {
        Ok(read_kept(path, MAX_FILE_BYTES, Self::parse)?)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let scale = settings.scale_percent.map(|scale| scale.clamp(SCALES[0], SCALES[SCALES.len() - 1]));
        Ok(Self { scale_percent: scale, panels: settings.panels.map(Dock::checked).transpose()? })
    }

    /// Writes the file, and makes its folder where there is none yet.
    pub(crate) fn write(&self, path: &Path) -> Result<(), SettingsError> {
        let text = toml::to_string(self).map_err(|error| SettingsError::Unwritable(error.to_string()))?;
        Ok(write_kept(path, &text)?)
    }

    /// The factor on what the screen asks for, in a window of this many unscaled points. A scale that would cut words off
    /// is the largest one that does not.
    pub fn zoom(&self, window: (f32, f32)) -> f32 {
        let wanted = f32::from(self.scale_percent.unwrap_or(100)) / 100.0;
        let most = (window.0 / LEAST_ROOM.0).min(window.1 / LEAST_ROOM.1).max(f32::from(SCALES[0]) / 100.0);
        // whole percents, or a window that is being resized would draw its letters anew with every pixel
        wanted.min((most * 100.0).floor() / 100.0)
    }

    /// The scale so many steps larger or smaller.
    pub fn step_scale(&self, step: i32) -> u16 {
        let now = self.scale_percent.unwrap_or(100);
        let nearest = (0..SCALES.len()).min_by_key(|index| SCALES[*index].abs_diff(now)).unwrap_or(0) as i32;
        SCALES[(nearest + step).clamp(0, SCALES.len() as i32 - 1) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dock::{DockChange, PanelId, Place, Side};

    fn changed() -> WindowSettings {
        let mut dock = Dock::standard(956.0);
        dock.change(DockChange::Move(PanelId::Light, Place::Group(Side::Bottom, 0)));
        dock.change(DockChange::Close(PanelId::Car));
        dock.change(DockChange::Resize(Side::Left, 401.0));
        WindowSettings { scale_percent: Some(125), panels: Some(dock) }
    }

    #[test]
    fn a_layout_comes_back_from_its_file() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("settings/window.toml");
        assert_eq!(WindowSettings::read(&path).expect("no file is no error"), WindowSettings::default());
        for settings in [changed(), WindowSettings::default()] {
            settings.write(&path).expect("written");
            let again = WindowSettings::read(&path).expect("read");
            assert_eq!(again.scale_percent, settings.scale_percent);
            let shares = |settings: &WindowSettings| settings.panels.clone().map(|dock| format!("{dock:.3?}"));
            assert_eq!(shares(&again), shares(&settings));
        }
    }

    #[test]
    fn a_broken_file_is_copied_aside_and_named() {
        let good = toml::to_string(&changed()).expect("text");
        let twice = good.replace("\"finish\"", "\"photo\"");
        let unknown = good.replace("\"finish\"", "\"spoiler\"");
        assert!(twice != good && unknown != good);
        for text in ["panels = 3", "scale_percent = \"large\"", "\u{1}", twice.as_str(), unknown.as_str(), &good[..good.len() / 2]] {
            let folder = tempfile::tempdir().expect("a scratch folder");
            let path = folder.path().join("window.toml");
            std::fs::write(&path, text).expect("written");
            let Err(SettingsError::Broken { copy, .. }) = WindowSettings::read(&path) else { panic!("{text:?} was read") };
            assert_eq!(std::fs::read_to_string(&copy).expect("the copy is there"), *text);
        }
    }

    #[test]
    fn a_scale_never_cuts_words_off() {
        let scaled = |percent| WindowSettings { scale_percent: percent, panels: None };
        assert_eq!(scaled(None).zoom((1600.0, 1000.0)), 1.0);
        assert_eq!(scaled(Some(125)).zoom((1600.0, 1000.0)), 1.25);
        for window in [(1280.0, 720.0), (1600.0, 1000.0), (1000.0, 640.0)] {
            for percent in SCALES {
                let zoom = scaled(Some(percent)).zoom(window);
                assert!(zoom >= 0.8 && zoom <= f32::from(percent) / 100.0);
                assert!(zoom <= 0.8 || window.0 / zoom >= LEAST_ROOM.0 - 0.5 && window.1 / zoom >= LEAST_ROOM.1 - 0.5);
            }
        }
    }

    #[test]
    fn keys_go_through_the_scales_and_stop_at_their_ends() {
        let mut settings = WindowSettings::default();
        settings.scale_percent = Some(settings.step_scale(1));
        assert_eq!(settings.scale_percent, Some(110));
        for _ in 0..20 {
            settings.scale_percent = Some(settings.step_scale(1));
        }
        assert_eq!(settings.scale_percent, Some(200));
        assert_eq!(WindowSettings { scale_percent: Some(80), panels: None }.step_scale(-1), 80);
    }
}
