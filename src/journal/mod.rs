//! What happened, durably?
//!
//! The journal is the truth: append-only segment files of framed, checksummed, compressed batches of
//! [`Event`](crate::model::Event)s. [`Journal`] is the one writer; [`History`] is everything that is durable, for those
//! who only read, copy or shorten it, while the writer goes on.
//!
//! Read in the order: `format` (the bytes), `segment` (reading one file), `writer`, `history`, `replay`, `compact`.

use std::fs::{self, File};
use std::path::Path;

use crate::model::Position;

mod compact;
mod error;
mod format;
mod history;
mod lock;
mod replay;
mod segment;
mod writer;

#[cfg(test)]
mod tests;

pub use compact::{Compacted, Keep};
pub use error::{Damage, JournalError};
pub use history::History;
pub use lock::{DataLock, LockError};
pub use replay::Replay;
pub use writer::{Journal, Recovery};

/// Where a file that is being written stays until it takes its place.
const UNFINISHED: &str = "tmp";
/// What the names of segments end with.
const SEGMENT: &str = "ohj";

/// The name of the segment that begins at `first`; names sort as positions do.
fn file_name(first: Position) -> String {
    format!("{:020}.{SEGMENT}", first.0)
}

/// The segments of a folder by their first positions, in order.
fn segments_in(dir: &Path) -> Result<Vec<Position>, JournalError> {
    let failed = JournalError::io("cannot list", dir);
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(&failed)? {
        let name = entry.map_err(&failed)?.file_name();
        let first = Path::new(&name).file_stem().and_then(|stem| stem.to_str()?.parse().ok()).map(Position);
        found.extend(first.filter(|first| *name == *file_name(*first)));
    }
    found.sort();
    Ok(found)
}

/// Makes a folder's own changes durable: files that were made, renamed or removed in it.
fn sync_dir(dir: &Path) -> Result<(), JournalError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(JournalError::io("cannot sync", dir))
}
