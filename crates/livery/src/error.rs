//! What can go wrong with a livery, one sentence each.

use std::path::PathBuf;

/// A livery could not be made, opened or saved.
#[derive(Debug, thiserror::Error)]
pub enum LiveryError {
    /// The texture's side is not one that a document can have.
    #[error(
        "A livery of {width} x {height} pixels does not fit: use a square whose side is a multiple of 256 from 512 to 8192."
    )]
    UnsupportedSize {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// A picture file has a shape that no car's texture has.
    #[error(
        "This picture is {width} x {height} pixels, but a livery is a square of 512, 1024, 2048, 4096 or 8192 pixels: \
         resize it in your paint program and save it again: {path}"
    )]
    NotATexture {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The picture file.
        path: PathBuf,
    },
    /// The picture file is too large to open.
    #[error("This file has {found_mib} MiB, more than the {limit_mib} MiB that a livery may have: {path}")]
    FileTooLarge {
        /// The file's size, in MiB, rounded up.
        found_mib: u64,
        /// The most that is read, in MiB.
        limit_mib: u64,
        /// The picture file.
        path: PathBuf,
    },
    /// The file is not there or may not be read.
    #[error("The livery file cannot be read ({reason}); check that it is there and that you may open it: {path}")]
    Unreadable {
        /// The operating system's words.
        reason: String,
        /// The picture file.
        path: PathBuf,
    },
    /// The file is no picture that this program understands, or it is damaged.
    #[error("This file is not a picture that can be opened ({reason}); save the livery as PNG or TGA: {path}")]
    NotAPicture {
        /// The decoder's words.
        reason: String,
        /// The picture file.
        path: PathBuf,
    },
    /// The file cannot be written; what was there before is untouched.
    #[error("The livery cannot be saved ({reason}); check the folder and the free space: {path}")]
    Unwritable {
        /// The operating system's words.
        reason: String,
        /// Where the picture should have gone.
        path: PathBuf,
    },
}
