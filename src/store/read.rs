//! What can be asked of the store?

use std::sync::PoisonError;

use super::codec::unpack;
use super::layers::{Layers, Scan};
use super::record::{CountsRecord, DeliveryRecord, SourceRecord};
use super::{Delivery, Stage, Store, failed, key};
use crate::model::{Alert, Candidate, Counts, Pending, Position, PostId, SourceState, StoryId, Timestamp, ViewError};

/// Which deliveries to list.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Only this stage; else all.
    pub stage: Option<Stage>,
    /// Only this receiver; else all.
    pub receiver: Option<String>,
    /// Only this story (merged ids resolved); else all.
    pub story: Option<StoryId>,
    /// At most so many; 0 is [`DeliveryFilter::MAX`], and so is more.
    pub limit: usize,
}

impl DeliveryFilter {
    /// Most deliveries listed at once.
    pub const MAX: usize = 1_000;

    pub(super) fn limit(&self) -> usize {
        if self.limit == 0 { Self::MAX } else { self.limit.min(Self::MAX) }
    }
}

/// A story with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    pub id: StoryId,
    pub opened_at: Timestamp,
    pub last_joined_at: Timestamp,
    /// In order of id, not of joining; only those the archive still holds.
    pub members: Vec<PostId>,
}

impl Store {
    /// The story that an id stands for, after merges; the id itself when it was never merged.
    pub fn resolve(&self, story: StoryId) -> Result<StoryId, ViewError> {
        self.read(|layers| layers.resolve(story))
    }

    /// A story with its members, by its id or that of one it absorbed.
    pub fn story(&self, story: StoryId) -> Result<Option<Story>, ViewError> {
        self.read(|layers| {
            let id = layers.resolve(story)?;
            let Some(record) = layers.story(id)? else { return Ok(None) };
            let members = layers.members(id)?;
            let (opened_at, last_joined_at) = (record.opened_at, record.last_joined_at);
            Ok(Some(Story { id, opened_at, last_joined_at, members }))
        })
    }

    /// Every source that was ever read, by name.
    pub fn sources(&self) -> Result<Vec<(String, SourceState)>, ViewError> {
        let records = self.read(Layers::sources)?;
        Ok(records.into_iter().map(|(name, record)| (name, record.into())).collect())
    }

    /// Position of the frame that holds each source's newest progress, for the journal's retention.
    pub fn progress_positions(&self) -> Result<Vec<(String, Position)>, ViewError> {
        let records = self.read(Layers::sources)?;
        Ok(records.into_iter().map(|(name, record)| (name, record.position)).collect())
    }

    /// Deliveries, newest first: pending ones by when they were due first, others by when they ended.
    pub fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<Delivery>, ViewError> {
        let records = self.read(|layers| layers.deliveries(filter))?;
        Ok(records.into_iter().map(Delivery::from).collect())
    }

    /// One alert with how far it has come.
    pub fn delivery(&self, alert: &str) -> Result<Option<Delivery>, ViewError> {
        Ok(self.read(|layers| layers.delivery(alert))?.map(Delivery::from))
    }

    /// One alert by its id.
    pub fn alert(&self, alert: &str) -> Result<Option<Alert>, ViewError> {
        Ok(self.delivery(alert)?.map(|delivery| delivery.alert))
    }

    /// How many alerts are in a stage. Goes through all of them.
    pub fn count(&self, stage: Stage) -> Result<usize, ViewError> {
        self.read(|layers| {
            let mut count = 0;
            for entry in layers.scan(&[key::LOG, stage as u8])? {
                entry?;
                count += 1;
            }
            Ok(count)
        })
    }

    /// Posts by outcome for each day (its midnight, UTC) and source, from the day of `from` on.
    pub fn counts(&self, from: Timestamp) -> Result<Vec<(Timestamp, String, Counts)>, ViewError> {
        self.read(|layers| {
            let mut found = Vec::new();
            for entry in layers.scan_from(&[key::COUNTS], &key::counts(key::day(from), ""))? {
                let (key, value) = entry?;
                let (day, source) = key::counts_parts(&key).ok_or_else(wrong_key)?;
                let record: CountsRecord = unpack(&value)?;
                found.push((Timestamp::from_seconds(i64::from(day) * 86_400), source.to_owned(), record.counts));
            }
            Ok(found)
        })
    }
}

impl Layers {
    /// The story that a dedup key leads to, if it is still there.
    pub fn candidate(&self, key: &[u8; 16]) -> Result<Option<Candidate>, ViewError> {
        let Some(record) = self.dedup(key)? else { return Ok(None) };
        let story = self.resolve(record.story)?;
        let found = self.story(story)?;
        Ok(found.map(|found| Candidate { story, opened_at: found.opened_at, last_joined_at: found.last_joined_at }))
    }

    pub fn due(&self, receiver: &str, now: Timestamp, limit: usize) -> Result<Vec<Pending>, ViewError> {
        let mut pending = Vec::new();
        let mut entries = self.scan_due(receiver)?.peekable();
        if let Some(Ok((first, _))) = entries.peek() {
            self.found_first_due(receiver, Some(first));
        }
        for entry in entries.take(limit) {
            let (key, _) = entry?;
            let (at, alert) = key::due_parts(receiver, &key).ok_or_else(wrong_key)?;
            if at > now {
                break;
            }
            if let Some(DeliveryRecord { alert, attempts, first_due, state: _ }) = self.delivery(alert)? {
                pending.push(Pending { alert, attempts, first_due });
            }
        }
        Ok(pending)
    }

    /// The keys of a receiver's due alerts, in order.
    fn scan_due(&self, receiver: &str) -> Result<Scan<'_>, ViewError> {
        let all = key::due_all(receiver);
        let begin = self.first_due.lock().unwrap_or_else(PoisonError::into_inner).get(receiver).cloned();
        self.scan_from(&all, begin.as_deref().unwrap_or(&all))
    }

    /// Remembers where a receiver's due alerts begin; without any, behind all that could be.
    fn found_first_due(&self, receiver: &str, first: Option<&[u8]>) {
        let begin = first.map_or_else(|| key::due(receiver, Timestamp(i64::MAX), ""), <[u8]>::to_vec);
        self.first_due.lock().unwrap_or_else(PoisonError::into_inner).insert(receiver.to_owned(), begin);
    }

    /// A due alert is written under `key`: it may be the first now.
    pub fn begin_due_at(&self, receiver: &str, key: &[u8]) {
        if let Some(begin) = self.first_due.lock().unwrap_or_else(PoisonError::into_inner).get_mut(receiver)
            && key < &begin[..]
        {
            *begin = key.to_vec();
        }
    }

    pub fn next_due(&self, receiver: &str) -> Result<Option<Timestamp>, ViewError> {
        let first = self.scan_due(receiver)?.next().transpose()?;
        self.found_first_due(receiver, first.as_ref().map(|(key, _)| &key[..]));
        first.map(|(key, _)| Ok(key::due_parts(receiver, &key).ok_or_else(wrong_key)?.0)).transpose()
    }

    pub fn sources(&self) -> Result<Vec<(String, SourceRecord)>, ViewError> {
        let mut found = Vec::new();
        for entry in self.scan(&[key::SOURCE])? {
            let (key, value) = entry?;
            let name = key::name(&key).ok_or_else(wrong_key)?;
            found.push((name.to_owned(), unpack(&value)?));
        }
        Ok(found)
    }

    fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<DeliveryRecord>, ViewError> {
        let story = filter.story.map(|story| self.resolve(story)).transpose()?;
        let mut newest = Vec::new();
        for stage in Stage::ALL.into_iter().filter(|stage| filter.stage.is_none_or(|wanted| wanted == *stage)) {
            let mut left = filter.limit();
            for entry in self.scan(&[key::LOG, stage as u8])? {
                let (key, told) = entry?;
                if !self.is_wanted(&told, filter.receiver.as_deref(), story)? {
                    continue;
                }
                let (at, alert) = key::log_parts(&key).ok_or_else(wrong_key)?;
                newest.push((at, alert.to_owned()));
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        newest.sort_by(|(a_at, a), (b_at, b)| b_at.cmp(a_at).then_with(|| a.cmp(b)));
        newest.truncate(filter.limit());
        newest.iter().filter_map(|(_, alert)| self.delivery(alert).transpose()).collect()
    }

    /// Whether a log entry's story and receiver are those wanted; `story` is resolved.
    fn is_wanted(&self, told: &[u8], receiver: Option<&str>, story: Option<StoryId>) -> Result<bool, ViewError> {
        let (of, to) = told.split_first_chunk().ok_or_else(wrong_key)?;
        if receiver.is_some_and(|receiver| receiver.as_bytes() != to) {
            return Ok(false);
        }
        match story {
            Some(story) => Ok(self.resolve(StoryId(PostId(*of)))? == story),
            None => Ok(true),
        }
    }
}

/// A key that this code did not make.
pub fn wrong_key() -> ViewError {
    failed("a key cannot be read")
}
