//! Files and folders that only the user may read.
//!
//! Some of them stand where others can write, such as a ready file in `/tmp`. So a link that somebody has put there is never
//! followed, and a file that somebody has left there is made private before anything is in it.

use std::fs;
use std::fs::File;
use std::fs::Permissions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::state::store::fix_of;

/// What only the user may read and write.
const PRIVATE: u32 = 0o600;

/// Writes a file that only the user may read, in place of what is in it.
///
/// # Errors
/// When it cannot be written, or is a link.
pub fn write_private(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    // Not to wait for the reader of a named pipe.
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let descriptor = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR).map_err(|error| match error {
        Errno::LOOP => io::Error::other("it is a symbolic link, and none is followed"),
        error => error.into(),
    })?;
    let mut file = File::from(descriptor);
    let found = file.metadata()?;
    if found.is_file() {
        // Whoever has no right to do that does not own it.
        if found.permissions().mode() & 0o077 != 0 {
            file.set_permissions(Permissions::from_mode(PRIVATE))?;
        }
        file.set_len(0)?;
    } else if !found.file_type().is_char_device() {
        return Err(io::Error::other("it is no file"));
    }
    file.write_all(content.as_ref())
}

/// Writes a file that only the user may read, whole: nobody sees it half written. A link in its place is replaced.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_whole(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Under a name that nobody can guess, with 0600.
    let mut partial = tempfile::Builder::new().prefix(".eks-auth-sim-").tempfile_in(folder)?;
    partial.write_all(content.as_ref())?;
    partial.persist(path)?;
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn what_is_written_is_private_whatever_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let ways: [fn(&Path, &str) -> io::Result<()>; 2] = [
            |path, text| write_private(path, text),
            |path, text| write_whole(path, text),
        ];
        for write in ways {
            let path = folder.path().join("file");
            write(&path, "long enough").unwrap();
            assert_eq!(mode(&path), 0o600);
            fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
            write(&path, "short").unwrap();
            assert_eq!(mode(&path), 0o600);
            assert_eq!(fs::read_to_string(&path).unwrap(), "short");
            fs::remove_file(&path).unwrap();
        }
        let made = folder.path().join("a/b");
        make_private_folder(&made).unwrap();
        assert_eq!((mode(&made), mode(made.parent().unwrap())), (0o700, 0o700));
    }

    #[test]
    fn no_planted_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, absent) = (folder.path().join("target"), folder.path().join("absent"));
        fs::write(&target, "somebody's").unwrap();
        for led_to in [&target, &absent] {
            let link = folder.path().join("link");
            symlink(led_to, &link).unwrap();
            let error = write_private(&link, "ours").unwrap_err();
            assert_eq!(error.to_string(), "it is a symbolic link, and none is followed");
            write_whole(&link, "ours").unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_file());
            assert_eq!(fs::read_to_string(&link).unwrap(), "ours");
            fs::remove_file(&link).unwrap();
        }
        assert_eq!(fs::read_to_string(&target).unwrap(), "somebody's");
        assert!(!absent.exists());
        write_private(Path::new("/dev/null"), "nothing").unwrap();
        // Nothing partial is left.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
