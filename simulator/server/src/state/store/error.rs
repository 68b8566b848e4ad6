//! Why a state directory cannot be used: which file it is, what is lost with it, and the fix.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Why a state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file is not what a simulator has written.
    #[error("`{file}` is damaged: {problem}; {lost}; fix: {fix}")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What is lost with it.
        lost: &'static str,
        /// What puts it right.
        fix: String,
    },
    /// Another release made it.
    #[error(
        "`{file}` has format {found}, and this release reads format {known}: nothing is lost; fix: start the release that \
         wrote it, or name another directory with --state-dir"
    )]
    Format {
        /// The file.
        file: PathBuf,
        /// The format that it has.
        found: u32,
        /// The format that is read.
        known: u32,
    },
    /// The World's file is not there, and other files say that it was.
    #[error(
        "`{file}` is not there, though `{beside}` says that a simulator has kept its World here: the World, the certificate \
         authority and the ports are lost with it; fix: put the file back from a backup, or name another directory with \
         --state-dir, since a new World does not go with the client files here"
    )]
    Gone {
        /// The World's file.
        file: PathBuf,
        /// What is there.
        beside: PathBuf,
    },
    /// Another simulator has it open.
    #[error(
        "another eks-auth-sim uses the state directory `{directory}`: it has `{file}` locked; fix: end it, or name another \
         directory with --state-dir"
    )]
    InUse {
        /// The directory.
        directory: PathBuf,
        /// The file that is locked.
        file: PathBuf,
    },
    /// The system does not let us at a file.
    #[error("cannot use `{file}`: {source}; fix: {fix}")]
    Io {
        /// The file.
        file: PathBuf,
        /// The system's word.
        source: io::Error,
        /// What puts it right.
        fix: &'static str,
    },
    /// It was made from another scenario.
    #[error(
        "the state directory `{0}` was made from another scenario: leave --scenario out, or use an empty directory"
    )]
    OtherScenario(PathBuf),
    /// A disk did not take what was written, and nobody knows what of it is there.
    #[error(
        "the disk did not confirm what was written to `{0}`, so that nothing further is; fix: save the World with `ctl \
         snapshot` to another disk, end this simulator and check the disk"
    )]
    Unconfirmed(PathBuf),
}

/// What puts an error of the system right.
pub(crate) fn fix_of(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "give the user that runs eks-auth-sim leave to read and write it (chown, chmod), or name another directory with \
             --state-dir"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "mount the file system for writing, or name another directory with --state-dir"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free space on its file system",
        io::ErrorKind::FileTooLarge => "raise the limit of a file's size (ulimit -f)",
        io::ErrorKind::IsADirectory => "move the directory away that is in the file's place",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "move the file away that is in the directory's place, or name another directory with --state-dir"
        }
        _ => "check the disk, or name another directory with --state-dir",
    }
}

/// What a file of a state directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// The logs.
    Logs,
    /// The World, with what goes with it.
    World,
}

impl Holds {
    /// The name of the file that does.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs.redb",
            Self::World => "state.redb",
        }
    }
}

/// A file of a state directory, which knows what is lost with it.
#[derive(Clone, Debug)]
pub(super) struct StateFile {
    directory: PathBuf,
    holds: Holds,
}

impl StateFile {
    pub(super) fn new(directory: &Path, holds: Holds) -> Self {
        Self {
            directory: directory.to_owned(),
            holds,
        }
    }

    /// The directory that it is in.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where it is.
    pub(super) fn path(&self) -> PathBuf {
        self.directory.join(self.holds.name())
    }

    /// Where it is until it is whole, so that nothing half made has its name.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.directory.join(format!("{}.new", self.holds.name()))
    }

    /// It is not what a simulator has written.
    pub(super) fn damaged(&self, problem: impl Display) -> StoreError {
        let (file, directory) = (self.path(), self.directory.display());
        let (lost, fix) = match self.holds {
            Holds::Logs => (
                "the logs are lost with it, the World is not",
                format!(
                    "put it back from a backup, or move it away (mv {0} {0}.damaged) to go on with the World and without \
                     the logs so far",
                    file.display()
                ),
            ),
            Holds::World => (
                "the World, the certificate authority and the ports are lost with it",
                format!(
                    "put it back from a backup, or move the directory away (mv {directory} {directory}.damaged) to begin a \
                     new World, into which `ctl restore` puts a snapshot"
                ),
            ),
        };
        StoreError::Damaged {
            file,
            // One line, whatever it quotes.
            problem: problem.to_string().replace(['\n', '\r'], " "),
            lost,
            fix,
        }
    }

    /// The system does not let us at it.
    pub(super) fn io(&self, source: io::Error) -> StoreError {
        StoreError::Io {
            file: self.path(),
            fix: fix_of(&source),
            source,
        }
    }

    /// What redb says of it.
    pub(super) fn redb(&self, error: redb::Error) -> StoreError {
        match error {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => StoreError::InUse {
                directory: self.directory.clone(),
                file: self.path(),
            },
            // redb's word for what is no database (`StorageError::not_a_database`), and std's for a file that ends too early.
            redb::Error::Io(error)
                if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
            {
                self.damaged(error)
            }
            redb::Error::Io(error) => self.io(error),
            redb::Error::PreviousIo | redb::Error::DatabaseClosed => self.io(io::Error::other(error.to_string())),
            error => self.damaged(error),
        }
    }
}
