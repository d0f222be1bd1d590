//! What can go wrong with the journal, and what should the operator do?

use std::io;
use std::path::PathBuf;

/// Why the journal could not be opened, written, copied or compacted.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused. `what` says what was tried.
    #[error("{what} {}: {source}", path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    /// A newer Overheard wrote this.
    #[error(
        "{} is newer than this binary (version {found}; this one reads up to {reads}): upgrade overheard or restore a backup",
        path.display()
    )]
    Newer { path: PathBuf, found: u16, reads: u16 },
    /// A file with a segment's name that is none.
    #[error("{} is not a segment of a journal: {why}", path.display())]
    NotASegment { path: PathBuf, why: String },
    /// One frame would be larger than a frame may be.
    #[error("a frame of {bytes} bytes is larger than a frame may be ({limit})")]
    TooLarge { bytes: usize, limit: usize },
    /// What an append left behind could not be taken back; nothing more is written until the journal is opened again.
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
            Self::Newer { .. } | Self::NotASegment { .. } | Self::TooLarge { .. } | Self::Broken { .. } => false,
        }
    }
}

/// A place in the journal that cannot be read any more. What follows it can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{segment} is damaged at byte {offset} for {bytes} bytes: {why}")]
pub struct Damage {
    /// File name of the segment.
    pub segment: String,
    pub offset: u64,
    /// Bytes skipped.
    pub bytes: u64,
    pub why: String,
}
