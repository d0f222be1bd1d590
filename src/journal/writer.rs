//! How does an event become durable?

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use super::format::{self, HEADER, SegmentHeader};
use super::history::{History, Known, Shared};
use super::segment::SegmentReader;
use super::{Damage, JournalError, UNFINISHED, file_name, segments_in, sync_dir};
use crate::model::{Event, Position};

/// A segment takes no more frames once it has so many bytes.
const ROLL_AT: u64 = 64 << 20;
/// Most memory kept between two appends for what is to be written.
const KEPT_BUFFER: usize = 1 << 20;

/// The one writer of a journal. Blocks; the daemon gives it a thread.
#[derive(Debug)]
pub struct Journal {
    pub(super) shared: Arc<Shared>,
    pub(super) open: OpenSegment,
    next: Position,
    /// Why nothing more is written until the journal is opened again.
    broken: Option<String>,
    buffer: Vec<u8>,
    pub(super) roll_at: u64,
    pub(super) create: fn(&Path) -> io::Result<Box<dyn AppendFile>>,
}

/// The segment that is being written.
#[derive(Debug)]
pub(super) struct OpenSegment {
    pub(super) file: Box<dyn AppendFile>,
    salt: u64,
    /// Bytes that are durable and count.
    pub(super) length: u64,
}

/// What the writer needs of a file; tests put one in that fails.
pub(super) trait AppendFile: Send + Debug {
    /// Writes behind what counts.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes it durable.
    fn sync(&mut self) -> io::Result<()>;
    /// Takes back everything behind `length`.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl AppendFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length)).map(drop)
    }
}

/// What opening found and mended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Segment files there were.
    pub segments: usize,
    /// Position of the last durable frame; 0 for a new journal.
    pub last: Position,
    /// Bytes behind the last whole frame that were cut off: a frame whose writing was cut short. 0 after a clean stop.
    pub cut_bytes: u64,
    /// Damaged places in the last segment, skipped. Those of older segments are reported by [`History::replay`].
    pub damage: Vec<Damage>,
}

impl Journal {
    /// Opens or makes the journal in `dir`. Cuts off a torn tail; reports and skips other damage.
    ///
    /// # Errors
    /// The folder cannot be read or written, or a newer Overheard wrote it.
    pub fn open(dir: &Path) -> Result<(Self, Recovery), JournalError> {
        fs::create_dir_all(dir).map_err(JournalError::io("cannot make", dir))?;
        remove_unfinished(dir)?;
        let mut segments = segments_in(dir)?;
        // Opening reads the header: nothing is touched where any segment is newer than this binary.
        for first in &segments {
            SegmentReader::open(dir, *first, None)?;
        }
        let mut recovery = Recovery { segments: segments.len(), ..Recovery::default() };
        let reopened = match segments.last() {
            None => None,
            Some(first) => reopen(dir, *first, &mut recovery)?,
        };
        let (open, fresh) = match reopened {
            Some(open) => (open, None),
            None => (OpenSegment::create(dir, Position(recovery.last.0 + 1), create)?, Some(recovery.last.0 + 1)),
        };
        segments.extend(fresh.map(Position));
        segments.dedup();
        let shared = Arc::new(Shared::new(dir, Known { segments, open_length: open.length, last: recovery.last }));
        let next = Position(recovery.last.0 + 1);
        Ok((Self { shared, open, next, broken: None, buffer: Vec::new(), roll_at: ROLL_AT, create }, recovery))
    }

    /// Makes the frames durable with one write and one `fdatasync`, and returns their positions.
    ///
    /// # Errors
    /// The disk refuses (see [`JournalError::is_full`]) or a frame can never be written. Nothing of the
    /// frames counts then; the next append starts clean, at the same position.
    pub fn append(&mut self, frames: &[Vec<Event>]) -> Result<Vec<Position>, JournalError> {
        if let Some(why) = &self.broken {
            return Err(JournalError::Broken { why: why.clone() });
        }
        if frames.is_empty() {
            return Ok(Vec::new());
        }
        if self.open.length >= self.roll_at {
            self.roll()?;
        }
        let written = self.encode(frames).and_then(|()| self.write());
        let length = self.buffer.len() as u64;
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BUFFER);
        written?;
        let positions: Vec<Position> = (self.next.0..).take(frames.len()).map(Position).collect();
        self.next.0 += frames.len() as u64;
        self.open.length += length;
        self.shared.update(|known| {
            known.open_length = self.open.length;
            known.last = Position(self.next.0 - 1);
        });
        Ok(positions)
    }

    /// Position of the last durable frame.
    pub fn last(&self) -> Position {
        Position(self.next.0 - 1)
    }

    /// Closes the open segment, unless it is empty, and begins a new one, so that [`History::compact`]
    /// reaches every frame written so far.
    ///
    /// # Errors
    /// The disk refuses; the open segment stays open then.
    pub fn roll(&mut self) -> Result<(), JournalError> {
        if self.open.length == HEADER {
            return Ok(());
        }
        self.open = OpenSegment::create(&self.shared.dir, self.next, self.create)?;
        self.shared.update(|known| {
            known.segments.push(self.next);
            known.open_length = self.open.length;
        });
        Ok(())
    }

    /// The durable part, to replay, copy or compact; cheap, follows the writer.
    pub fn history(&self) -> History {
        History::new(self.shared.clone())
    }

    fn encode(&mut self, frames: &[Vec<Event>]) -> Result<(), JournalError> {
        for (frame, events) in frames.iter().enumerate() {
            let position = Position(self.next.0 + frame as u64);
            format::encode_frame(events, position, self.open.salt, &mut self.buffer)
                .map_err(|why| JournalError::Unwritable { frame, why })?;
        }
        Ok(())
    }

    /// Writes the buffer; on failure takes back what was written of it.
    fn write(&mut self) -> Result<(), JournalError> {
        let file = &mut self.open.file;
        let Err(source) = file.append(&self.buffer).and_then(|()| file.sync()) else { return Ok(()) };
        // The cut is made durable too: a frame that its writer believes lost must not come back later.
        if let Err(error) = file.cut(self.open.length).and_then(|()| file.sync()) {
            self.broken = Some(format!("a write failed ({source}) and could not be taken back ({error})"));
        }
        Err(JournalError::Io { what: "cannot write the journal in", path: self.shared.dir.clone(), source })
    }
}

impl OpenSegment {
    /// Makes a segment and makes it durable, so that losing power never leaves frames in a file without a name.
    fn create(
        dir: &Path,
        first: Position,
        create: fn(&Path) -> io::Result<Box<dyn AppendFile>>,
    ) -> Result<Self, JournalError> {
        let path = dir.join(file_name(first));
        let header = SegmentHeader::new(first);
        let made = create(&path)
            .and_then(|mut file| file.append(&header.encode()).and_then(|()| file.sync()).map(|()| file))
            .map_err(JournalError::io("cannot make", &path))
            .and_then(|file| sync_dir(dir).map(|()| file));
        match made {
            Ok(file) => Ok(Self { file, salt: header.salt, length: HEADER }),
            Err(error) => {
                // Where this fails too, the next try writes over the file: it holds nothing that counts.
                let _ = fs::remove_file(&path);
                Err(error)
            }
        }
    }
}

fn create(path: &Path) -> io::Result<Box<dyn AppendFile>> {
    Ok(Box::new(File::options().write(true).create(true).truncate(true).open(path)?))
}

/// Finds the end of the last segment and cuts off what is behind it. `None` when it cannot be written on.
fn reopen(dir: &Path, first: Position, recovery: &mut Recovery) -> Result<Option<OpenSegment>, JournalError> {
    let path = dir.join(file_name(first));
    let mut reader = SegmentReader::open(dir, first, None)?;
    let (last, good, damage) = reader.scan().map_err(JournalError::io("cannot read", &path))?;
    recovery.last = last.unwrap_or(Position(first.0.saturating_sub(1)));
    recovery.damage = damage;
    recovery.cut_bytes = reader.end() - good;
    if !reader.header_is_whole() {
        return Ok(None);
    }
    let Some(salt) = reader.salt() else { return Ok(None) };
    let failed = JournalError::io("cannot cut off the torn tail of", &path);
    let mut file = File::options().write(true).open(&path).map_err(&failed)?;
    file.cut(good).map_err(&failed)?;
    if recovery.cut_bytes > 0 {
        file.sync_all().map_err(&failed)?;
    }
    Ok(Some(OpenSegment { file: Box::new(file), salt, length: good }))
}

/// Removes files that a crash left half written beside the journal.
fn remove_unfinished(dir: &Path) -> Result<(), JournalError> {
    let failed = JournalError::io("cannot list", dir);
    for entry in fs::read_dir(dir).map_err(&failed)? {
        let path = entry.map_err(&failed)?.path();
        if path.extension().is_some_and(|extension| extension == UNFINISHED) {
            fs::remove_file(&path).map_err(JournalError::io("cannot remove", &path))?;
        }
    }
    Ok(())
}
