//! Safe files: whole or not at all when written, under a limit when read, copied aside before they are changed.
//!
//! Every file that the program writes goes through [`write_atomic`], and every file that it reads from outside goes
//! through [`read_limited`], so that a full disk or a hostile file costs one clear sentence and nothing else.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// More `.bak` copies than this of one file mean that something loops.
const MAX_BACKUPS: u32 = 9_999;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no such file.
    #[error("there is no file {}: check the path", .path.display())]
    NotFound {
        /// The file asked for.
        path: PathBuf,
    },
    /// The folder that should hold the file is not there.
    #[error("the folder {} does not exist: create it or choose another place", .folder.display())]
    NoFolder {
        /// The folder that is missing.
        folder: PathBuf,
    },
    /// The system refuses access.
    #[error("no permission for {}: choose another place or change its access rights", .path.display())]
    NoPermission {
        /// The file or folder refused.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("the disk is full, so {} was not written: free some space and try again", .path.display())]
    DiskFull {
        /// The file that was not written.
        path: PathBuf,
    },
    /// The file is larger than this program reads.
    #[error("{} has {} MB and the limit is {} MB: use a smaller file", .path.display(), megabytes(*.bytes), megabytes(*.limit))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size, or the bytes seen until the limit was passed.
        bytes: u64,
        /// The largest size that is read.
        limit: u64,
    },
    /// A folder stands where a file is wanted.
    #[error("{} is not a file: name a file", .path.display())]
    NotAFile {
        /// The path asked for.
        path: PathBuf,
    },
    /// Anything else that the system reports.
    #[error("{} failed for {}: {source}", .action, .path.display())]
    Other {
        /// `reading` or `writing`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

impl FileError {
    /// A folder could not be made.
    pub fn making(folder: &Path, source: io::Error) -> Self {
        Self::new("making the folder", folder, source)
    }

    pub(crate) fn new(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::NotFound => Self::NotFound { path },
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::NoPermission { path },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull { path },
            ErrorKind::IsADirectory => Self::NotAFile { path },
            _ => Self::Other { action, path, source },
        }
    }
}

/// Reads a whole file of at most `max_bytes`; never holds more than one byte above the limit in memory.
pub fn read_limited(path: &Path, max_bytes: u64) -> Result<Vec<u8>, FileError> {
    let fail = |source| FileError::new("reading", path, source);
    let file = File::open(path).map_err(fail)?;
    let info = file.metadata().map_err(fail)?;
    if info.is_dir() {
        return Err(FileError::NotAFile { path: path.to_owned() });
    }
    if info.len() > max_bytes {
        return Err(FileError::TooLarge { path: path.to_owned(), bytes: info.len(), limit: max_bytes });
    }
    // The length is only a hint: pipes report 0 and files may grow while they are read.
    let mut bytes = Vec::with_capacity(info.len() as usize);
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > max_bytes {
        return Err(FileError::TooLarge { path: path.to_owned(), bytes: bytes.len() as u64, limit: max_bytes });
    }
    Ok(bytes)
}

/// Writes a file so that readers see either the old one or the whole new one: a temporary file in the same folder,
/// flushed to the disk, then renamed. The folder has to exist.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let folder = place_for(path)?;
    let fail = |source| FileError::new("writing", path, source);
    let mut temp = temporary(folder).map_err(fail)?;
    temp.write_all(bytes).map_err(fail)?;
    share_like_other_files(temp.as_file(), path).map_err(fail)?;
    temp.as_file().sync_all().map_err(fail)?;
    temp.persist(path).map_err(|e| fail(e.error))?;
    // The new name is on the disk only once the folder is; some file systems can't sync folders, which is no failure.
    if let Ok(folder) = File::open(folder) {
        folder.sync_all().ok();
    }
    Ok(())
}

/// Fails before long work when `path` could not be written afterwards.
pub fn ensure_writable(path: &Path) -> Result<(), FileError> {
    let folder = place_for(path)?;
    temporary(folder).map(drop).map_err(|error| FileError::new("writing", folder, error))
}

/// The folder that a file would go to.
fn place_for(path: &Path) -> Result<&Path, FileError> {
    if path.is_dir() || path.file_name().is_none() {
        return Err(FileError::NotAFile { path: path.to_owned() });
    }
    let folder = folder_of(path);
    if folder.is_dir() { Ok(folder) } else { Err(FileError::NoFolder { folder: folder.to_owned() }) }
}

fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(".gridvox-").suffix(".part").tempfile_in(folder)
}

/// Why a small text file that the program keeps for its user could not be read.
#[derive(Debug, thiserror::Error)]
pub enum KeptFileError {
    /// The file can't be read, or not be copied aside.
    #[error(transparent)]
    File(#[from] FileError),
    /// It can't be understood; a copy was made, so that it may be written over.
    #[error("the file can't be understood ({reason}): it was kept as {}", .copy.display())]
    Broken {
        /// What is wrong.
        reason: String,
        /// Where the broken file was copied to.
        copy: PathBuf,
    },
}

/// Reads a small text file that the program keeps for its user; the default where there is none.
pub fn read_kept<T: Default>(
    path: &Path,
    max_bytes: u64,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, KeptFileError> {
    let bytes = match read_limited(path, max_bytes) {
        Err(FileError::NotFound { .. }) => return Ok(T::default()),
        read => read?,
    };
    let parsed = std::str::from_utf8(&bytes).map_err(|error| error.to_string()).and_then(parse);
    parsed.or_else(|reason| match backup(path)? {
        Some(copy) => Err(KeptFileError::Broken { reason, copy }),
        // it is gone by now
        None => Ok(T::default()),
    })
}

/// Writes such a file, and makes its folder where there is none yet.
pub fn write_kept(path: &Path, text: &str) -> Result<(), FileError> {
    // what is wrong with the folder is told when the file is written
    let _ = fs::create_dir_all(folder_of(path));
    write_atomic(path, text.as_bytes())
}

/// Copies a file to the first free name of `name.bak`, `name.bak2`, `name.bak3` ..., before it is changed. Returns the
/// copy's path, or `None` where there is nothing to copy.
pub fn backup(path: &Path) -> Result<Option<PathBuf>, FileError> {
    let fail = |source| FileError::new("copying", path, source);
    let mut original = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(fail(e)),
    };
    if original.metadata().map_err(fail)?.is_dir() {
        return Err(FileError::NotAFile { path: path.to_owned() });
    }
    let folder = folder_of(path);
    let mut temp = tempfile::Builder::new().prefix(".gridvox-").suffix(".part").tempfile_in(folder).map_err(fail)?;
    io::copy(&mut original, temp.as_file_mut()).map_err(fail)?;
    share_like_other_files(temp.as_file(), path).map_err(fail)?;
    temp.as_file().sync_all().map_err(fail)?;
    let name = path.file_name().ok_or_else(|| FileError::NotAFile { path: path.to_owned() })?;
    for number in 1..=MAX_BACKUPS {
        let mut copy_name = name.to_owned();
        copy_name.push(if number == 1 { ".bak".to_owned() } else { format!(".bak{number}") });
        let copy = folder.join(copy_name);
        match temp.persist_noclobber(&copy) {
            Ok(_) => return Ok(Some(copy)),
            Err(e) if e.error.kind() == ErrorKind::AlreadyExists => temp = e.file,
            Err(e) => return Err(fail(e.error)),
        }
    }
    Err(fail(io::Error::other(format!("there are {MAX_BACKUPS} copies already"))))
}

/// The folder that holds a file; a bare name lies in the current one.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Temporary files are private to the user; a result has the rights of the file that it replaces, or the usual ones.
#[cfg(unix)]
fn share_like_other_files(file: &File, replaced: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    const USUAL: u32 = 0o644;
    let mode = fs::metadata(replaced).map_or(USUAL, |info| info.permissions().mode() & 0o777);
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn share_like_other_files(_file: &File, _replaced: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .expect("readable")
            .map(|e| e.expect("entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_place_that_takes_no_file_is_told_before_the_work() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(ensure_writable(&folder.path().join("livery.png")).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 0, "the probe was left behind");
        assert!(matches!(ensure_writable(&folder.path().join("no/such/livery.png")), Err(FileError::NoFolder { .. })));
        assert!(matches!(ensure_writable(folder.path()), Err(FileError::NotAFile { .. })));
    }

    #[test]
    fn a_written_file_replaces_the_old_one_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().expect("temp folder");
        let path = folder.path().join("livery.png");
        write_atomic(&path, b"first").expect("written");
        write_atomic(&path, b"second").expect("written again");
        assert_eq!(read_limited(&path, 100).expect("read"), b"second");
        assert_eq!(names(folder.path()), ["livery.png"]);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().expect("temp folder");
        let error = write_atomic(&folder.path().join("no/such/file.png"), b"x").expect_err("no folder");
        assert!(matches!(error, FileError::NoFolder { .. }), "{error:?}");
        assert!(error.to_string().contains("no/such does not exist"), "{error}");
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_folder_is_not_a_file() {
        let folder = tempfile::tempdir().expect("temp folder");
        assert!(matches!(write_atomic(folder.path(), b"x"), Err(FileError::NotAFile { .. })));
        assert!(matches!(read_limited(folder.path(), 10), Err(FileError::NotAFile { .. })));
        assert!(matches!(backup(folder.path()), Err(FileError::NotAFile { .. })));
    }

    #[test]
    fn the_limit_holds_for_files_and_for_endless_devices() {
        let folder = tempfile::tempdir().expect("temp folder");
        let path = folder.path().join("big");
        fs::write(&path, [0; 11]).expect("written");
        assert!(matches!(read_limited(&path, 10), Err(FileError::TooLarge { bytes: 11, limit: 10, .. })));
        assert_eq!(read_limited(&path, 11).expect("fits").len(), 11);
        assert!(matches!(read_limited(&folder.path().join("none"), 10), Err(FileError::NotFound { .. })));
        if Path::new("/dev/zero").exists() {
            assert!(matches!(read_limited(Path::new("/dev/zero"), 1000), Err(FileError::TooLarge { .. })));
        }
    }

    #[test]
    fn backups_never_overwrite_each_other() {
        let folder = tempfile::tempdir().expect("temp folder");
        let path = folder.path().join("car.xml");
        assert_eq!(backup(&path).expect("nothing to copy"), None);
        for text in ["one", "two", "three"] {
            fs::write(&path, text).expect("written");
            let copy = backup(&path).expect("copied").expect("there is a file");
            assert_eq!(fs::read_to_string(copy).expect("read"), text);
        }
        assert_eq!(names(folder.path()), ["car.xml", "car.xml.bak", "car.xml.bak2", "car.xml.bak3"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said_so() {
        let error = FileError::new("writing", Path::new("a.png"), io::Error::from_raw_os_error(28));
        assert!(error.to_string().starts_with("the disk is full"), "{error}");
    }
}
