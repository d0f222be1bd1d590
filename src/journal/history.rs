//! What is durable by now, and how is it read and copied while writing goes on?

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{JournalError, Replay, file_name, segments_in, sync_dir};
use crate::model::Position;

/// The durable frames of a journal, readable while its writer goes on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct History {
    pub(super) shared: Arc<Shared>,
}

/// What writer and readers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub dir: PathBuf,
    known: Mutex<Known>,
    /// Held by whoever replaces or links closed segments.
    rewriting: Mutex<()>,
}

/// What is durable. Closed segments change only by compaction, the last one only grows.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// First positions of all segments in order; the last is the open one.
    pub segments: Vec<Position>,
    /// Bytes of the open segment that count.
    pub open_length: u64,
    pub last: Position,
}

impl Shared {
    pub fn new(dir: &Path, known: Known) -> Self {
        Self { dir: dir.to_owned(), known: Mutex::new(known), rewriting: Mutex::new(()) }
    }

    pub fn update(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.lock());
    }

    pub fn known(&self) -> Known {
        self.lock().clone()
    }

    /// Keeps closed segments as they are while the guard lives.
    pub fn hold_still(&self) -> MutexGuard<'_, ()> {
        self.rewriting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first segment from `first` on, and up to which byte it may be read if it is the open one.
    pub fn segment_from(&self, first: Position) -> Option<(Position, Option<u64>)> {
        let known = self.lock();
        let index = known.segments.partition_point(|segment| *segment < first);
        let segment = *known.segments.get(index)?;
        let open = index + 1 == known.segments.len();
        Some((segment, open.then_some(known.open_length)))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl History {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Position of the last durable frame.
    pub fn last(&self) -> Position {
        self.shared.lock().last
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        let known = self.shared.known();
        let length =
            |first: &Position| fs::metadata(self.shared.dir.join(file_name(*first))).map_or(0, |file| file.len());
        known.segments.iter().map(length).sum()
    }

    /// Every frame after `after` that is durable now, in order, one in memory at a time. Segments before are
    /// not opened. A damaged place is one `Err`; the frames behind it follow.
    pub fn replay(&self, after: Position) -> Replay {
        Replay::new(self.shared.clone(), after)
    }

    /// Copies what is durable now into the new or empty folder `to`, which is then a whole journal, and
    /// returns its last position. Closed segments are hard-linked where the file system can; nothing ever writes to them.
    ///
    /// # Errors
    /// `to` holds a journal, or the disk refuses; what was copied by then stays.
    pub fn copy_to(&self, to: &Path) -> Result<Position, JournalError> {
        let failed = JournalError::io("cannot copy the journal to", to);
        fs::create_dir_all(to).map_err(&failed)?;
        if !segments_in(to)?.is_empty() {
            return Err(failed(io::Error::new(io::ErrorKind::AlreadyExists, "there is a journal already")));
        }
        let _still = self.shared.hold_still();
        let known = self.shared.known();
        let Some((open, closed)) = known.segments.split_last() else { return Ok(known.last) };
        for first in closed {
            let (from, to) = (self.shared.dir.join(file_name(*first)), to.join(file_name(*first)));
            fs::hard_link(&from, &to).or_else(|_| copy(&from, &to, u64::MAX)).map_err(&failed)?;
        }
        let (from, copied) = (self.shared.dir.join(file_name(*open)), to.join(file_name(*open)));
        copy(&from, &copied, known.open_length).map_err(&failed)?;
        sync_dir(to)?;
        Ok(known.last)
    }
}

/// Copies the first `length` bytes of a file and makes the copy durable.
fn copy(from: &Path, to: &Path, length: u64) -> io::Result<()> {
    let mut target = File::create_new(to)?;
    io::copy(&mut File::open(from)?.take(length), &mut target)?;
    target.sync_all()
}
