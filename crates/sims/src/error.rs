//! Why an export stopped, one sentence each. Nothing is half-written when one of these comes back.

use std::io;
use std::path::{Path, PathBuf};

/// An export did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The livery's shape fits no car's texture.
    #[error(
        "the livery has {width} x {height} pixels: a car's texture is a square of 512, 1024, 2048, 4096 or 8192 pixels"
    )]
    LiveryShape {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// The wanted texture size is not one that games load.
    #[error("a texture of {0} pixels can't be exported: choose 1024, 2048, 4096 or 8192")]
    TextureSize(u32),
    /// The slot number is not one that the game could have.
    #[error("{0} is not a livery slot: choose a number from 1 to 999, in most cars 51 or above")]
    Slot(u32),
    /// The car pack's name of the vehicle can't be a folder.
    #[error("the car pack says that its folder in the game is \"{0}\", which is no folder name: correct its car.toml")]
    VehicleName(String),
    /// The folder given as the game's is missing.
    #[error("the game's folder {} does not exist: give the folder that holds the game's program", .0.display())]
    NoInstallFolder(PathBuf),
    /// The folder given as the game's is another one.
    #[error(
        "{} is not the folder of Automobilista 2, as there is no Vehicles{}Textures in it: in Steam choose Manage, Browse \
         local files, and give that folder", .0.display(), std::path::MAIN_SEPARATOR
    )]
    NotTheGame(PathBuf),
    /// The list of liveries in the game's folder can't be changed safely.
    #[error("{} can't be changed safely because {reason}: correct or rename this file and export again", .path.display())]
    BrokenXml {
        /// The list of liveries.
        path: PathBuf,
        /// What is wrong with it and in which line.
        reason: String,
    },
    /// The disk is full.
    #[error("the disk is full, so nothing was exported: free some space and try again ({})", .0.display())]
    DiskFull(PathBuf),
    /// The system refuses access.
    #[error("no permission for {}: choose another folder or change its access rights", .0.display())]
    NoPermission(PathBuf),
    /// A file is where a folder should be, or the other way round.
    #[error("{} is in the way: rename or remove it, or choose another folder", .0.display())]
    InTheWay(PathBuf),
    /// A file was read or written in vain.
    #[error("the export stopped at {} ({source}): check the folder and try again", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ExportError {
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(path),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::NoPermission(path),
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory | io::ErrorKind::AlreadyExists => {
                Self::InTheWay(path)
            }
            _ => Self::File { path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Filling a disk needs rights that a test has not, so the system's number for it stands in.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_apart() {
        let error = ExportError::file(Path::new("a.dds"), io::Error::from_raw_os_error(28));
        assert!(error.to_string().starts_with("the disk is full"), "{error}");
    }
}
