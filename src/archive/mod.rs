//! What was said, searchable?
//!
//! The view of the journal for reading: a tantivy index of every post, with the words of [`crate::query`] and
//! the post as it is. [`View::apply`] hands a frame to the one thread that writes; it commits after at most
//! 300 ms, together with the frame's position, so that a restart knows where to go on. What a query finds here
//! is exactly what it matches on the live stream: most of it the index alone decides, the rest is asked of the
//! stored posts. All of it can be made anew from the journal, and is, when the files turn out to be damaged.

mod age;
mod bands;
mod collect;
mod computed;
mod each;
mod error;
mod near;
mod open;
mod plan;
mod queue;
mod raw;
mod record;
mod schema;
mod search;
mod snippet;
mod terms;
mod tokens;
mod values;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

pub use age::AgeTo;
pub use each::{MAX_ASKED, MAX_COUNTED, MAX_VISITED, Step, Walk, Window};
pub use error::ArchiveError;
pub use open::{Opened, SCHEMA_VERSION};
pub use queue::Problem;
pub use record::{Record, Told};
pub use search::{Found, MAX_EXPIRED, MAX_LIMIT, MAX_MEMBERS, MAX_OFFSET, SearchPage, SearchRequest, Sort};
pub use snippet::{Snippet, highlighted};
pub use terms::MAX_EXPANSION;
pub use verify::MAX_READ;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tantivy::{IndexReader, TantivyError};

use crate::clock::Clock;
use crate::model::{Event, Position, PostId, View, ViewError};

use open::{Files, Sound};
use queue::{Queue, Task};
use schema::Fields;
use writer::{Batch, Writer, open_writer};

/// The posts, searchable. Dropping it commits what is queued and closes it in order.
pub struct Archive {
    files: Files,
    fields: Fields,
    reader: IndexReader,
    queue: Arc<Queue>,
    committed: Arc<AtomicU64>,
    /// Something could not be read: the next opening is to check every file.
    suspect: AtomicBool,
    thread: Option<JoinHandle<()>>,
}

/// How the archive does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveHealth {
    pub position: Position,
    /// Posts that are queued and not durable yet.
    pub waiting: usize,
    /// Why posts cannot be written at the moment; they wait, and the attempt is repeated.
    pub problem: Option<Problem>,
}

impl Archive {
    /// Opens the archive in `dir` (made if missing) and starts its writer.
    ///
    /// Files that are damaged are set aside, and those of an older schema removed: then the position is 0 and
    /// [`Opened::set_aside`] says why. After anything but an orderly end every file's checksum is compared.
    ///
    /// # Errors
    /// The data is newer than this program, another process writes to it, or the file system refuses.
    pub fn open(dir: &Path, clock: Clock) -> Result<(Self, Opened), ArchiveError> {
        let files = Files::new(dir);
        let fields = Fields::new();
        let (Sound { index, reader, position }, set_aside) = files.open(&fields)?;
        let tantivy = open_writer(&index).map_err(|why| match why {
            TantivyError::LockFailure(..) => ArchiveError::InUse { dir: dir.to_owned() },
            other => ArchiveError::Files { dir: dir.to_owned(), why: other.to_string() },
        })?;
        files.mark_open()?;
        let queue = Arc::new(Queue::default());
        let committed = Arc::new(AtomicU64::new(position.0));
        let writer = Writer {
            index,
            reader: reader.clone(),
            fields: fields.clone(),
            clock,
            queue: Arc::clone(&queue),
            committed: Arc::clone(&committed),
            tantivy: Some(tantivy),
            batch: Batch::default(),
        };
        let thread = std::thread::Builder::new()
            .name("archive".to_owned())
            .spawn(|| writer.run())
            .map_err(|why| files.files_error(why))?;
        let suspect = AtomicBool::new(false);
        let archive = Self { files, fields, reader, queue, committed, suspect, thread: Some(thread) };
        Ok((archive, Opened { position, set_aside }))
    }

    /// Removes the archive in `dir`, of whatever version: opening it then starts with nothing (`rebuild`).
    pub fn discard(dir: &Path) -> Result<(), ArchiveError> {
        Files::new(dir).discard()
    }

    /// Waits until all that was applied so far is durable and visible, at most `patience`.
    ///
    /// # Errors
    /// [`ArchiveError::Behind`] when the patience is over; the posts stay queued.
    pub fn flush(&self, patience: Duration) -> Result<(), ArchiveError> {
        self.queue.wait_for(self.queue.brought(), patience)
    }

    /// Removes posts so that no file holds them any more, and waits for it, at most `patience`.
    ///
    /// # Errors
    /// [`ArchiveError::Behind`] when the patience is over; it is done all the same.
    pub fn forget(&self, posts: Vec<PostId>, patience: Duration) -> Result<(), ArchiveError> {
        let number = self.queue.bring(Task::Forget(posts))?;
        self.queue.wait_for(number, patience)
    }

    /// How writing goes.
    pub fn health(&self) -> ArchiveHealth {
        let (waiting, problem) = self.queue.state();
        ArchiveHealth { position: self.position(), waiting, problem }
    }
}

impl View for Archive {
    fn position(&self) -> Position {
        Position(self.committed.load(Ordering::Acquire))
    }

    /// Queues the frame; blocks while the queue is full. Not for a thread that runs other tasks meanwhile.
    fn apply(&self, position: Position, events: &[Event]) -> Result<(), ViewError> {
        let task = Task::Frame { position, changes: record::changes(events) };
        match self.queue.bring(task) {
            Ok(_) => Ok(()),
            Err(why) => Err(ViewError { view: "archive", why: why.to_string() }),
        }
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.queue.stop();
        let ended = self.thread.take().is_some_and(|thread| thread.join().is_ok());
        let all_written = self.queue.state().0 == 0;
        if ended && all_written && !self.suspect.load(Ordering::Acquire) {
            // Without the mark the next opening takes a little longer; nothing else depends on it.
            let _ = self.files.mark_clean();
        }
    }
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").field("health", &self.health()).finish_non_exhaustive()
    }
}
