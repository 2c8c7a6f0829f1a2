//! Several files that appear together or not at all.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::ExportError;

/// Files written in full under temporary names beside their places, renamed into them by [`Staging::commit`].
///
/// What can fail in practice (rights, space) fails while writing; dropped before the commit, the stage removes its
/// temporary files and the folders it made. Renames follow the order of [`Staging::add`], so a file that others are named
/// in should come last.
#[derive(Default)]
pub(crate) struct Staging {
    written: Vec<(NamedTempFile, PathBuf)>,
    unchanged: Vec<PathBuf>,
    new_folders: Vec<PathBuf>,
}

impl Staging {
    /// Prepares one file. A file that has this content already is left alone.
    pub fn add(&mut self, path: PathBuf, bytes: &[u8]) -> Result<(), ExportError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        self.create_folders(folder)?;
        if path.is_dir() {
            return Err(ExportError::InTheWay(path));
        }
        if has_content(&path, bytes) {
            self.unchanged.push(path);
            return Ok(());
        }
        let fail = |e| ExportError::file(&path, e);
        let mut file = new_file_in(folder).map_err(fail)?;
        file.write_all(bytes).map_err(fail)?;
        file.as_file().sync_all().map_err(fail)?;
        self.written.push((file, path));
        Ok(())
    }

    /// Whether committing would replace a file that has other content now.
    pub fn replaces(&self, path: &Path) -> bool {
        self.written.iter().any(|(_, target)| target == path) && path.exists()
    }

    /// Gives every file its name and returns all paths, unchanged ones included.
    pub fn commit(mut self) -> Result<Vec<PathBuf>, ExportError> {
        let mut paths = std::mem::take(&mut self.unchanged);
        for (file, path) in std::mem::take(&mut self.written) {
            file.persist(&path).map_err(|e| ExportError::file(&path, e.error))?;
            paths.push(path);
        }
        paths.sort();
        Ok(paths)
    }

    fn create_folders(&mut self, folder: &Path) -> Result<(), ExportError> {
        let missing: Vec<&Path> =
            folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()).collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder).map_err(|e| ExportError::file(folder, e))?;
            self.new_folders.push(folder.to_owned());
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.written.clear();
        // Only empty folders go, so after a commit this does nothing.
        for folder in self.new_folders.iter().rev() {
            fs::remove_dir(folder).ok();
        }
    }
}

fn has_content(path: &Path, bytes: &[u8]) -> bool {
    let same_length = fs::metadata(path).is_ok_and(|info| info.is_file() && info.len() == bytes.len() as u64);
    same_length && fs::read(path).is_ok_and(|found| found == bytes)
}

/// Temporary files are private by default; what a player gets has the usual rights under their umask.
fn new_file_in(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gridvox-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_appear_together() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let mut staging = Staging::default();
        for name in ["a/b/one", "a/c/two"] {
            staging.add(dir.path().join(name), name.as_bytes()).expect("writable");
            assert!(!dir.path().join(name).exists());
        }
        assert_eq!(staging.commit().expect("renames").len(), 2);
        assert_eq!(fs::read(dir.path().join("a/c/two")).expect("there"), b"a/c/two");
    }

    #[test]
    fn a_stage_that_fails_leaves_no_trace() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        fs::write(dir.path().join("file"), "kept").expect("writable");
        let mut staging = Staging::default();
        staging.add(dir.path().join("new/folder/one"), b"1").expect("writable");
        let error = staging.add(dir.path().join("file/two"), b"2").expect_err("a file is no folder");
        assert!(error.to_string().contains("in the way"), "{error}");
        drop(staging);
        let left: Vec<_> = fs::read_dir(dir.path()).expect("there").map(|e| e.expect("entry").file_name()).collect();
        assert_eq!(left, ["file"]);
    }

    #[test]
    fn a_folder_in_the_way_is_named() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        fs::create_dir(dir.path().join("taken")).expect("creates");
        let error = Staging::default().add(dir.path().join("taken"), b"1").expect_err("a folder is there");
        assert!(matches!(error, ExportError::InTheWay(_)));
    }

    #[test]
    fn unchanged_files_are_not_written_again() {
        let dir = tempfile::tempdir().expect("a scratch folder");
        let path = dir.path().join("same");
        fs::write(&path, "content").expect("writable");
        let before = fs::metadata(&path).expect("there").modified().expect("has a time");
        let mut staging = Staging::default();
        staging.add(path.clone(), b"content").expect("writable");
        assert!(!staging.replaces(&path));
        assert_eq!(staging.commit().expect("nothing to do"), [path.clone()]);
        assert_eq!(fs::metadata(&path).expect("there").modified().expect("has a time"), before);
    }
}
