//! What can go wrong with the journal, and what should the operator do?

use std::io;
use std::path::{Path, PathBuf};

/// Why the journal could not be opened, written, copied or compacted.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused. `what` says what was tried: `cannot write`.
    #[error("{what} {}: {source}", path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    /// A newer Overheard wrote this.
    #[error(
        "{} is newer than this binary (version {found}; this one reads up to {reads}): upgrade overheard or restore a backup",
        path.display()
    )]
    Newer { path: PathBuf, found: u16, reads: u16 },
    /// A frame that can never be written: too large, or with an event that has no bytes. `frame` counts
    /// from 0 among those of the append, of which nothing was written.
    #[error("frame {frame} cannot be written: {why}")]
    Unwritable { frame: usize, why: String },
    /// What a failed append left behind could not be taken back; nothing more is written until the journal is opened again.
    #[error("the journal must be opened again: {why}")]
    Broken { why: String },
}

impl JournalError {
    /// The disk or the quota is full.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::Newer { .. } | Self::Unwritable { .. } | Self::Broken { .. } => false,
        }
    }

    /// For `map_err`: the error of trying `what` on `path`.
    pub(super) fn io(what: &'static str, path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { what, path: path.clone(), source }
    }
}

/// A place in the journal that cannot be read any more. What follows it can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal's segment {segment} is damaged at byte {offset} for {bytes} bytes: {why}")]
pub struct Damage {
    /// File name of the segment.
    pub segment: String,
    pub offset: u64,
    /// Bytes skipped.
    pub bytes: u64,
    pub why: String,
}
