//! What can go wrong with a livery, one sentence each.

use std::path::PathBuf;

use gridvox_car::files::FileError;

/// A livery could not be made, opened or saved.
#[derive(Debug, thiserror::Error)]
pub enum LiveryError {
    /// The texture's side is not one that a document can have.
    #[error(
        "a livery of {width} x {height} pixels does not fit: use a square whose side is a multiple of 256 from 512 to 8192"
    )]
    UnsupportedSize {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// A picture file has a shape that no car's texture has.
    #[error(
        "{} has {width} x {height} pixels and a livery is a square of 512, 1024, 2048, 4096 or 8192: resize it in your \
         paint program and save it again", .path.display()
    )]
    NotATexture {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The picture file.
        path: PathBuf,
    },
    /// The file is no picture that this program understands, or it is damaged.
    #[error("{} is not a picture that can be opened ({reason}): save the livery as PNG or TGA", .path.display())]
    NotAPicture {
        /// The decoder's words.
        reason: String,
        /// The picture file.
        path: PathBuf,
    },
    /// The picture could not be turned into a file.
    #[error("the livery could not be stored as PNG ({reason}): {}", .path.display())]
    NotEncoded {
        /// The encoder's words.
        reason: String,
        /// Where the picture should have gone.
        path: PathBuf,
    },
    /// A file could not be read or written; what was there before is untouched.
    #[error(transparent)]
    File(#[from] FileError),
}
