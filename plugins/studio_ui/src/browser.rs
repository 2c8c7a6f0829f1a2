//! The studio's own file browser, for machines without a desktop portal or zenity.

use std::path::{Path, PathBuf};

use crate::command::Ask;
use crate::desk::{ENVIRONMENT_ENDINGS, LIVERY_ENDINGS, MESH_ENDINGS, PHOTO_ENDINGS, has_ending};

/// Entries that a folder shows at most; beyond that the painter types the path.
const MAX_ENTRIES: usize = 2000;

/// What the browser shows.
#[derive(Debug, Clone)]
pub struct Browser {
    /// The question it answers.
    pub ask: Ask,
    /// The folder as last listed.
    pub listing: Listing,
    /// What stands in the path field.
    pub typed: String,
}

/// A folder's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The question it was listed for.
    pub ask: Ask,
    /// The folder.
    pub folder: PathBuf,
    /// Its folders, sorted.
    pub folders: Vec<String>,
    /// Its files that fit the question, sorted.
    pub files: Vec<String>,
    /// Why it is empty.
    pub trouble: Option<String>,
}

impl Ask {
    /// The dialog's title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Photos => "Open photos of the car",
            Self::Environment => "Open an environment",
            Self::Car => "Open a car pack",
            Self::Mesh => "Bring in a car",
            Self::Livery => "Open a livery",
            Self::SpecMap => "Open a spec map",
            Self::SaveLivery => "Save the livery",
            Self::Picture => "Save the picture",
            Self::Turntable => "Save the turntable",
            Self::TurntableFolder => "Write the turntable's pictures to",
            Self::ExportFolder => "Write packages to",
            Self::InstallFolder => "The game's folder",
        }
    }

    /// The name that a new file begins with, where the answer is one.
    pub fn new_file(self) -> Option<&'static str> {
        match self {
            Self::SaveLivery => Some("livery.png"),
            Self::Picture => Some("car.png"),
            Self::Turntable => Some("turntable.gif"),
            _ => None,
        }
    }

    /// Whether the answer is a folder.
    pub fn wants_folder(self) -> bool {
        matches!(self, Self::Car | Self::ExportFolder | Self::InstallFolder | Self::TurntableFolder)
    }

    /// Endings of files that fit, without a dot.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Photos => &PHOTO_ENDINGS,
            Self::Environment => &ENVIRONMENT_ENDINGS,
            Self::Mesh => &MESH_ENDINGS,
            Self::Livery | Self::SpecMap => &LIVERY_ENDINGS,
            Self::SaveLivery => &["png"],
            Self::Picture => &["png", "jpg", "webp"],
            Self::Turntable => &["gif"],
            Self::Car | Self::ExportFolder | Self::InstallFolder | Self::TurntableFolder => &[],
        }
    }
}

/// Lists a folder; hidden names are left out.
pub(crate) fn list(ask: Ask, folder: &Path) -> Listing {
    let mut listing =
        Listing { ask, folder: folder.to_path_buf(), folders: Vec::new(), files: Vec::new(), trouble: None };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            listing.trouble = Some(format!("This folder cannot be opened ({error})."));
            return listing;
        }
    };
    for entry in entries.flatten().take(MAX_ENTRIES) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        if path.is_dir() {
            listing.folders.push(name);
        } else if has_ending(&path, ask.endings()) {
            listing.files.push(name);
        }
    }
    listing.folders.sort_by_key(|name| name.to_lowercase());
    listing.files.sort_by_key(|name| name.to_lowercase());
    listing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_shows_what_fits_the_question() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        for name in ["b.JPG", "a.png", "notes.txt", ".hidden.png"] {
            std::fs::write(folder.path().join(name), "").expect("written");
        }
        std::fs::create_dir(folder.path().join("more")).expect("made");
        let listing = list(Ask::Photos, folder.path());
        assert_eq!((listing.folders, listing.files), (vec!["more".to_owned()], vec!["a.png".to_owned(), "b.JPG".to_owned()]));
        assert!(list(Ask::Car, folder.path()).files.is_empty());
        assert!(list(Ask::Photos, &folder.path().join("nowhere")).trouble.is_some());
    }
}
