//! What can go wrong with the archive, and what does the operator do about it?

use std::path::PathBuf;

/// Why the archive could not be opened, searched or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The data belongs to a later version of this program.
    #[error(
        "the archive in {} was written by a newer Overheard (its schema is {found}, this one knows {known}): \
         start that version again, or run `overheard rebuild` to make the archive anew from the journal",
        dir.display()
    )]
    Newer { dir: PathBuf, found: u32, known: u32 },
    /// Another process writes to it.
    #[error("the archive in {} is in use by another Overheard: stop that one, or ask it through its API", dir.display())]
    InUse { dir: PathBuf },
    /// The operating system refuses to make, read or move a file.
    #[error("the archive's files in {} cannot be used: {why}", dir.display())]
    Files { dir: PathBuf, why: String },
    /// The query would look at more than is allowed.
    #[error("{what}; {hint}")]
    TooBroad { what: String, hint: &'static str },
    /// `limit` or `offset` is over its bound.
    #[error("{what} = {asked} is more than the {bound} allowed")]
    TooFar { what: &'static str, asked: usize, bound: usize },
    /// The index cannot be read; the next start checks it and makes it anew from the journal if need be.
    #[error("the archive cannot be read ({why}); restart, or run `overheard rebuild`")]
    Damaged { why: String },
    /// What was queued is not written yet, and the caller's patience is over.
    #[error("the archive has not written all posts yet: {why}")]
    Behind { why: String },
    /// The archive was closed.
    #[error("the archive is closed")]
    Closed,
}

impl ArchiveError {
    /// An error of reading, where nothing more is known than what tantivy says.
    pub(super) fn damaged(why: impl std::fmt::Display) -> Self {
        Self::Damaged { why: why.to_string() }
    }
}
