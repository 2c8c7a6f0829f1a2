//! Angles that a painter saved under a name: a short list in a file of the user's, written whole or not at all.
//!
//! The file is `angles.toml` in the user's configuration folder; `GRIDVOX_CONFIG` names another folder. A file that can't
//! be understood is copied aside before anything is written over it.

use crate::angle::ViewAngle;
use gridvox_car::FileError;
use gridvox_car::files::{KeptFileError, read_kept, write_kept};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Overrides the folder; tests and portable installations use it.
const FOLDER_VARIABLE: &str = "GRIDVOX_CONFIG";

/// A list of this many angles is far below it.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Angles that are kept.
pub const MAX_ANGLES: usize = 100;

/// Letters of a name.
pub const MAX_NAME: usize = 40;

/// Why saved angles could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum AnglesError {
    /// The system gives the user no such folder.
    #[error("there is no folder for settings: set {FOLDER_VARIABLE} to one to keep angles")]
    NoFolder,
    /// The file can't be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file can't be understood; a copy was made.
    #[error("the saved angles can't be read ({reason}): they were kept as {}, and the list starts anew", .copy.display())]
    Broken {
        /// What is wrong.
        reason: String,
        /// Where the broken file was copied to.
        copy: PathBuf,
    },
    /// The list can't be turned into a file.
    #[error("the saved angles can't be written ({0}): rename or delete the newest one")]
    Unwritable(String),
    /// The list is full.
    #[error("{MAX_ANGLES} angles are saved already: delete one first")]
    Full,
}

impl From<KeptFileError> for AnglesError {
    fn from(error: KeptFileError) -> Self {
        match error {
            KeptFileError::File(error) => Self::File(error),
            KeptFileError::Broken { reason, copy } => Self::Broken { reason, copy },
        }
    }
}

/// An angle with its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedAngle {
    /// What the painter calls it; different from all others.
    pub name: String,
    /// Where the camera stands.
    #[serde(flatten)]
    pub angle: ViewAngle,
}

/// The list, in the order in which they were saved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedAngles {
    #[serde(default, rename = "angle")]
    angles: Vec<SavedAngle>,
}

impl SavedAngles {
    /// Where this user's list lies.
    pub fn path() -> Result<PathBuf, AnglesError> {
        if let Some(folder) = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty()) {
            return Ok(PathBuf::from(folder).join("angles.toml"));
        }
        let folders = directories::ProjectDirs::from("", "", "gridvox").ok_or(AnglesError::NoFolder)?;
        Ok(folders.config_dir().join("angles.toml"))
    }

    /// Reads the list; an empty one where there is no file. After [`AnglesError::Broken`] the file may be written over.
    pub fn read(path: &Path) -> Result<Self, AnglesError> {
        Ok(read_kept(path, MAX_FILE_BYTES, Self::parse)?)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let list: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        match list.angles.iter().find(|saved| !saved.angle.is_sound()) {
            Some(odd) => Err(format!("`{}` is no angle that a camera can have", clean(&odd.name))),
            None if list.angles.len() > MAX_ANGLES => Err(format!("it holds more than {MAX_ANGLES}")),
            None => Ok(list),
        }
    }

    /// Writes the list, and makes its folder where there is none yet.
    pub fn write(&self, path: &Path) -> Result<(), AnglesError> {
        let text = toml::to_string(self).map_err(|error| AnglesError::Unwritable(error.to_string()))?;
        Ok(write_kept(path, &text)?)
    }

    /// The saved angles.
    pub fn list(&self) -> &[SavedAngle] {
        &self.angles
    }

    /// Saves an angle under the next free name, which is returned.
    pub fn save(&mut self, angle: ViewAngle) -> Result<&str, AnglesError> {
        if self.angles.len() >= MAX_ANGLES {
            return Err(AnglesError::Full);
        }
        let free = (1..).map(|number| format!("Angle {number}")).find(|name| !self.has(name, None)).unwrap_or_default();
        self.angles.push(SavedAngle { name: free, angle });
        Ok(self.angles.last().map_or("", |saved| saved.name.as_str()))
    }

    /// Gives an angle another name; a name that is taken gets a number. False where nothing changes.
    pub fn rename(&mut self, index: usize, name: &str) -> bool {
        let wanted = clean(name);
        if wanted.is_empty() || self.angles.get(index).is_none_or(|saved| saved.name == wanted) {
            return false;
        }
        let numbered = |number: u32| if number == 1 { wanted.clone() } else { format!("{wanted} {number}") };
        let free = (1..).map(numbered).find(|name| !self.has(name, Some(index)));
        if let (Some(saved), Some(free)) = (self.angles.get_mut(index), free) {
            saved.name = free;
        }
        true
    }

    /// Takes an angle off the list.
    pub fn delete(&mut self, index: usize) -> Option<SavedAngle> {
        (index < self.angles.len()).then(|| self.angles.remove(index))
    }

    fn has(&self, name: &str, besides: Option<usize>) -> bool {
        self.angles.iter().enumerate().any(|(index, saved)| Some(index) != besides && saved.name == name)
    }
}

/// A name without line breaks and empty ends, at most [`MAX_NAME`] letters.
fn clean(name: &str) -> String {
    let letters: String = name.chars().filter(|letter| !letter.is_control()).take(MAX_NAME).collect();
    letters.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANGLE: ViewAngle =
        ViewAngle { azimuth_deg: 41.5, elevation_deg: 9.25, distance_m: 7.0, focus_m: [0.1, 0.6, -0.2], fov_deg: 22.0 };

    fn three() -> SavedAngles {
        let mut angles = SavedAngles::default();
        for _ in 0..3 {
            angles.save(ANGLE).expect("there is room");
        }
        angles
    }

    #[test]
    fn a_list_comes_back_from_its_file() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("settings/angles.toml");
        assert_eq!(SavedAngles::read(&path).expect("no file is no error"), SavedAngles::default());
        let mut angles = three();
        assert!(angles.rename(1, "Löwe \"links\"\n"));
        angles.write(&path).expect("written");
        let again = SavedAngles::read(&path).expect("read");
        assert_eq!(again, angles);
        assert_eq!(again.list()[1].name, "Löwe \"links\"");
        assert_eq!(again.list()[1].angle, ANGLE);
    }

    #[test]
    fn a_broken_file_is_copied_aside_and_named() {
        for text in ["angle = [[", "[[angle]]\nname = \"x\"\n", "\u{1}\u{2}"] {
            let folder = tempfile::tempdir().expect("a scratch folder");
            let path = folder.path().join("angles.toml");
            std::fs::write(&path, text).expect("written");
            let Err(AnglesError::Broken { copy, .. }) = SavedAngles::read(&path) else { panic!("{text:?} was read") };
            assert_eq!(std::fs::read_to_string(&copy).expect("the copy is there"), text);
        }
    }

    #[test]
    fn angles_that_no_camera_can_have_are_refused() {
        for odd in [
            ViewAngle { fov_deg: 0.0, ..ANGLE },
            ViewAngle { azimuth_deg: f32::NAN, ..ANGLE },
            ViewAngle { distance_m: -3.0, ..ANGLE },
            ViewAngle { focus_m: [0.0, f32::INFINITY, 0.0], ..ANGLE },
        ] {
            let mut angles = three();
            angles.save(odd).expect("there is room");
            let text = toml::to_string(&angles).expect("numbers are text");
            assert!(SavedAngles::parse(&text).is_err(), "{odd:?}");
        }
        assert!(SavedAngles::parse(&toml::to_string(&three()).expect("text")).is_ok());
    }

    #[test]
    fn names_are_never_given_twice() {
        let mut angles = three();
        assert_eq!(angles.list().iter().map(|saved| saved.name.as_str()).collect::<Vec<_>>(), ["Angle 1", "Angle 2", "Angle 3"]);
        assert!(angles.rename(2, "  Angle 1 "));
        assert_eq!(angles.list()[2].name, "Angle 1 2");
        assert!(!angles.rename(0, "Angle 1"), "it has that name");
        assert!(!angles.rename(0, " \n"), "no name at all");
        assert!(!angles.rename(9, "x"));
        assert_eq!(angles.delete(1).map(|saved| saved.name), Some("Angle 2".into()));
        assert_eq!(angles.save(ANGLE).expect("there is room"), "Angle 2", "a free name is used again");
        assert!(angles.delete(9).is_none());
    }

    #[test]
    fn the_list_has_an_end() {
        let mut angles = SavedAngles::default();
        for _ in 0..MAX_ANGLES {
            angles.save(ANGLE).expect("there is room");
        }
        assert!(matches!(angles.save(ANGLE), Err(AnglesError::Full)));
    }
}
