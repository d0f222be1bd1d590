//! What did the journal say, frame by frame?

use std::io;
use std::sync::Arc;

use super::history::Shared;
use super::segment::{SegmentReader, Step};
use super::{Damage, JournalError, file_name, format};
use crate::model::{Event, Position};

/// Frames read back in order; see [`History::replay`](super::History::replay).
#[derive(Debug)]
pub struct Replay {
    shared: Arc<Shared>,
    /// Frames up to here are skipped.
    after: Position,
    /// The last frame that was durable when reading began.
    last: Position,
    /// The segment being read.
    reader: Option<(Position, SegmentReader)>,
    /// Lowest first position that the next segment may have.
    next_segment: Position,
}

impl Replay {
    pub(super) fn new(shared: Arc<Shared>, after: Position) -> Self {
        let known = shared.known();
        // The last segment that may hold the frame wanted first.
        let index = known.segments.partition_point(|first| first.0 <= after.0 + 1).saturating_sub(1);
        let next_segment = known.segments.get(index).copied().unwrap_or_default();
        Self { shared, after, last: known.last, reader: None, next_segment }
    }

    /// Opens the next segment; `None` when there is none.
    fn open_next(&mut self) -> Option<Result<(), Damage>> {
        loop {
            let (first, end) = self.shared.segment_from(self.next_segment)?;
            self.next_segment = Position(first.0 + 1);
            match SegmentReader::open(&self.shared.dir, first, end) {
                Ok(reader) => {
                    self.reader = Some((first, reader));
                    return Some(Ok(()));
                }
                // Compaction removed it since the list was asked.
                Err(JournalError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Some(Err(unread(first, 0, 0, &error))),
            }
        }
    }
}

/// A segment, from `offset` on, that the disk does not give.
fn unread(first: Position, offset: u64, bytes: u64, why: &dyn std::fmt::Display) -> Damage {
    Damage { segment: file_name(first), offset, bytes, why: why.to_string() }
}

impl Iterator for Replay {
    type Item = Result<(Position, Vec<Event>), Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.after < self.last {
            let Some((first, reader)) = &mut self.reader else {
                match self.open_next()? {
                    Ok(()) => continue,
                    Err(damage) => return Some(Err(damage)),
                }
            };
            let (first, at, end) = (*first, reader.at(), reader.end());
            match reader.step() {
                Ok(None) => self.reader = None,
                Ok(Some(Step::Damaged(damage))) => return Some(Err(damage)),
                Ok(Some(Step::Frame(frame))) if frame.position <= self.after => {}
                Ok(Some(Step::Frame(frame))) if frame.position > self.last => return None,
                Ok(Some(Step::Frame(frame))) => {
                    self.after = frame.position;
                    let bytes = frame.bytes.len() as u64;
                    let events = format::decode_events(frame.payload()).map_err(|why| unread(first, at, bytes, &why));
                    return Some(events.map(|events| (self.after, events)));
                }
                Err(error) => {
                    self.reader = None;
                    return Some(Err(unread(first, at, end - at, &error)));
                }
            }
        }
        None
    }
}
