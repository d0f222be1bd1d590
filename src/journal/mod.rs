//! What happened, durably?
//!
//! The journal is the truth: append-only segment files of framed, checksummed, compressed batches of
//! [`Event`]s. [`Journal`] is the one writer; [`History`] is everything that is durable, for those
//! who only read, copy or shorten it, while the writer goes on.

use std::path::Path;

use crate::model::{Event, Position};

mod error;
mod lock;

pub use error::{Damage, JournalError};
pub use lock::{DataLock, LockError};

/// The one writer of a journal.
#[derive(Debug)]
pub struct Journal {}

/// What opening found and mended.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Segment files there were.
    pub segments: usize,
    /// Position of the last durable frame; 0 for a new journal.
    pub last: Position,
    /// Bytes of a torn last frame that were cut off; 0 after a clean stop.
    pub cut_bytes: u64,
    /// Damaged places in the last segment, skipped. Those of older segments are reported by [`History::replay`].
    pub damage: Vec<Damage>,
}

impl Journal {
    /// Opens or makes the journal in `dir`. Cuts off a torn tail; reports and skips other damage.
    pub fn open(_dir: &Path) -> Result<(Self, Recovery), JournalError> {
        Ok((Self {}, Recovery::default()))
    }

    /// Makes the frames durable with one write and one `fdatasync`, and returns their positions.
    /// On an error nothing of them counts and the next append starts clean.
    pub fn append(&mut self, _frames: &[Vec<Event>]) -> Result<Vec<Position>, JournalError> {
        Err(JournalError::Broken { why: "not built yet".to_owned() })
    }

    /// Position of the last durable frame.
    pub fn last(&self) -> Position {
        Position(0)
    }

    /// Closes the open segment and begins a new one, so that [`History::compact`] reaches every frame
    /// written so far.
    pub fn roll(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    /// The durable part, to replay, copy or compact; cheap, follows the writer.
    pub fn history(&self) -> History {
        History {}
    }
}

/// The durable frames of a journal, readable while its writer goes on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct History {}

impl History {
    /// Position of the last durable frame.
    pub fn last(&self) -> Position {
        Position(0)
    }

    /// Every frame after `after` that is durable now, in order, one in memory at a time. A damaged
    /// place is one `Err`; the frames after it follow.
    pub fn replay(&self, _after: Position) -> Replay {
        Replay {}
    }

    /// Copies what is durable now into the empty or new folder `to`, which is then a whole journal.
    /// Closed segments are hard-linked where the file system can.
    pub fn copy_to(&self, _to: &Path) -> Result<Position, JournalError> {
        Ok(Position(0))
    }

    /// Rewrites closed segments, event by event, as `keep` says. Positions stay; a frame without
    /// events vanishes. A crash at any moment leaves a whole journal.
    pub fn compact(&self, _keep: &mut dyn FnMut(Position, &Event) -> Keep) -> Result<Compacted, JournalError> {
        Ok(Compacted::default())
    }
}

/// What compaction does with an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Keep {
    Whole,
    Instead(Event),
    Drop,
}

/// What compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Segment files rewritten or removed.
    pub segments: usize,
    /// Bytes on disk given back.
    pub freed: u64,
}

/// Frames read back in order; see [`History::replay`].
#[derive(Debug)]
pub struct Replay {}

impl Iterator for Replay {
    type Item = Result<(Position, Vec<Event>), Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        None
    }
}
