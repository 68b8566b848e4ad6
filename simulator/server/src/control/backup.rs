//! A state directory as a `.tar.gz`, made of what is in memory while the simulator goes on.

use std::io;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::Builder;
use tar::Header;

use super::api::SNAPSHOT_LIMIT;
use crate::state::State;
use crate::state::store::StoreError;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub(super) enum BackupError {
    /// The archive cannot be made.
    #[error("the backup cannot be made: {0}")]
    Archive(#[from] io::Error),
    /// The simulator has a temporary folder only.
    #[error("this simulator has no state directory: start it with --state-dir, or save its World with `ctl snapshot`")]
    NoStateDirectory,
    /// A file cannot be made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `ctl` reads no more.
    #[error(
        "the backup is larger than {SNAPSHOT_LIMIT} bytes, the most that one has: end the simulator and copy the directory"
    )]
    TooLarge,
}

impl BackupError {
    /// The HTTP status that says it.
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::NoStateDirectory => 409,
            Self::Archive(_) | Self::Store(_) | Self::TooLarge => 500,
        }
    }
}

/// The archive: World and logs as they are at one moment each, the World first.
pub(super) fn backup(state: &State) -> Result<Vec<u8>, BackupError> {
    let files = state.backup()?.ok_or(BackupError::NoStateDirectory)?;
    let seconds = u64::try_from(state.clients_now().unix_millis() / 1000).unwrap_or_default();
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in files {
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(seconds);
        archive.append_data(&mut header, name, content.as_slice())?;
    }
    let archive = archive.into_inner()?.finish()?;
    if archive.len() > SNAPSHOT_LIMIT {
        return Err(BackupError::TooLarge);
    }
    Ok(archive)
}
