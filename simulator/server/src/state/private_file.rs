//! Files and folders that only the user may read.

use std::fs;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use crate::state::store::fix_of;

/// Writes a file that only the user may read.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content.as_ref())
}

/// Writes a file that only the user may read, whole: nobody sees it half written.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_whole(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}", std::process::id()));
    let partial = PathBuf::from(partial);
    write_private(&partial, content)?;
    fs::rename(&partial, path)
}

/// Makes a folder that only the user may enter, where it is not there yet.
///
/// # Errors
/// When it cannot be made.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The same error of a file of a simulator, which names it and the fix.
pub(crate) fn named(path: &Path, error: &io::Error) -> io::Error {
    let fix = fix_of(error);
    io::Error::new(error.kind(), format!("`{}`: {error}; fix: {fix}", path.display()))
}
