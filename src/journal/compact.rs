//! How does the journal forget, without ever being less than whole?

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::format::{self, HEADER, SegmentHeader};
use super::segment::{Frame, SegmentReader, Step};
use super::{History, JournalError, UNFINISHED, file_name, sync_dir};
use crate::model::{Event, Position};

/// What compaction does with an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Keep {
    Whole,
    Instead(Box<Event>),
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

impl History {
    /// Rewrites closed segments one at a time as `keep` says, while writing and reading go on. Positions stay;
    /// a frame that loses all its events vanishes, and a segment that loses all its frames too. A crash at any
    /// moment leaves each segment either as it was or rewritten. The open segment is left alone: see [`Journal::roll`](super::Journal::roll).
    ///
    /// # Errors
    /// The disk refuses; segments rewritten by then stay so.
    pub fn compact(&self, keep: &mut dyn FnMut(Position, &Event) -> Keep) -> Result<Compacted, JournalError> {
        let _still = self.shared.hold_still();
        let segments = self.shared.known().segments;
        let mut done = Compacted::default();
        for first in segments.split_last().map_or(&[][..], |(_open, closed)| closed) {
            if let Some(freed) = self.compact_segment(*first, keep)? {
                done.segments += 1;
                done.freed += freed;
            }
        }
        Ok(done)
    }

    /// Rewrites one segment if `keep` changes anything of it; returns the bytes given back.
    fn compact_segment(
        &self,
        first: Position,
        keep: &mut dyn FnMut(Position, &Event) -> Keep,
    ) -> Result<Option<u64>, JournalError> {
        let dir = &self.shared.dir;
        let path = dir.join(file_name(first));
        let unfinished = path.with_extension(UNFINISHED);
        let mut reader = SegmentReader::open(dir, first, None)?;
        let before = reader.end();
        let after = rewrite(&mut reader, &path, &unfinished, first, keep).map_err(|source| {
            // Where this fails too, the next opening removes it.
            let _ = fs::remove_file(&unfinished);
            JournalError::io("cannot compact", &path)(source)
        })?;
        match after {
            None => return Ok(None),
            Some(HEADER) => self.remove(first, &path, &unfinished)?,
            Some(_) => fs::rename(&unfinished, &path).map_err(JournalError::io("cannot replace", &path))?,
        }
        sync_dir(dir)?;
        Ok(Some(before.saturating_sub(after.unwrap_or(before))))
    }

    fn remove(&self, first: Position, path: &Path, unfinished: &Path) -> Result<(), JournalError> {
        self.shared.update(|known| known.segments.retain(|segment| *segment != first));
        for file in [path, unfinished] {
            fs::remove_file(file).map_err(JournalError::io("cannot remove", file))?;
        }
        Ok(())
    }
}

/// Writes what is kept of a segment to `unfinished`, durably, and returns its length; `None`, and no file, if that would be
/// the same as before. Damaged places are left out of what is rewritten.
fn rewrite(
    reader: &mut SegmentReader,
    path: &Path,
    unfinished: &Path,
    first: Position,
    keep: &mut dyn FnMut(Position, &Event) -> Keep,
) -> io::Result<Option<u64>> {
    let Some(salt) = reader.salt() else { return Ok(None) };
    let mut target: Option<BufWriter<File>> = None;
    let mut encoded = Vec::new();
    while let Some(step) = reader.step()? {
        let Step::Frame(frame) = step else { continue };
        let kept = judge(&frame, keep);
        if let (None, Some(target)) = (&kept, &mut target) {
            target.write_all(frame.bytes)?;
        }
        let Some(events) = kept else { continue };
        let target = match &mut target {
            Some(target) => target,
            none => none.insert(begin(path, unfinished, SegmentHeader { first, salt }, frame.start)?),
        };
        if !events.is_empty() {
            encoded.clear();
            format::encode_frame(&events, frame.position, salt, &mut encoded).map_err(io::Error::other)?;
            target.write_all(&encoded)?;
        }
    }
    let Some(target) = target else { return Ok(None) };
    let file = target.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    file.metadata().map(|file| Some(file.len()))
}

/// The events that are left of a frame; `None` if it stays as it is. A frame that cannot be read stays.
fn judge(frame: &Frame<'_>, keep: &mut dyn FnMut(Position, &Event) -> Keep) -> Option<Vec<Event>> {
    let events = format::decode_events(frame.payload()).ok()?;
    let mut left = Vec::with_capacity(events.len());
    let mut changed = false;
    for event in events {
        match keep(frame.position, &event) {
            Keep::Whole => left.push(event),
            Keep::Instead(event) => {
                changed = true;
                left.push(*event);
            }
            Keep::Drop => changed = true,
        }
    }
    changed.then_some(left)
}

/// A new file with the header and everything that stood before byte `until`.
fn begin(path: &Path, unfinished: &Path, header: SegmentHeader, until: u64) -> io::Result<BufWriter<File>> {
    let mut target = BufWriter::new(File::create(unfinished)?);
    target.write_all(&header.encode())?;
    let mut source = File::open(path)?;
    source.seek(SeekFrom::Start(HEADER))?;
    io::copy(&mut source.take(until - HEADER), &mut target)?;
    Ok(target)
}
