//! How many alerts was each receiver sent in ten minutes, and what did its bound hold back?
//!
//! The same as [`days`](super::days) does for the daily caps of watches, and with its records: only what the journal says
//! was decided is counted, and each story held back is one small record until its digest tells of it.

use std::collections::HashMap;

use super::Store;
use super::codec::{pack, unpack};
use super::days::{HeldBack, behind_all, held_again, hold};
use super::key;
use super::layers::Layers;
use super::read::wrong_key;
use super::record::HeldRecord;
use crate::model::event::Decided;
use crate::model::{Duration, FLOOD_WINDOW, Position, StoryId, SuppressedAlert, Timestamp, ViewError, flood_window};

/// How long it is remembered how many alerts were sent: long after clocks that disagree.
pub(super) const SENT_KEPT: Duration = Duration::days(1);

/// What the bound of a receiver held back in ten minutes, and no digest told of yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flooded {
    /// The last frame that this is known from.
    pub through: Position,
    pub back: HeldBack,
}

impl Store {
    /// When ten minutes began that are over at `now`, and the receiver whose bound held something back in them that no
    /// digest told of; the oldest first.
    pub fn floods_over(&self, now: Timestamp) -> Result<Vec<(Timestamp, String)>, ViewError> {
        self.read(|layers| layers.floods_over(now))
    }

    /// What was held back from a receiver in the ten minutes that began at `window` and not told of yet. Goes through
    /// all of it.
    pub fn flooded(&self, receiver: &str, window: Timestamp) -> Result<Flooded, ViewError> {
        self.read(|layers| layers.flooded(receiver, window))
    }
}

impl Layers {
    /// See [`crate::model::Memory::sent`].
    pub fn sent(&self, receiver: &str, window: Timestamp) -> Result<u32, ViewError> {
        let bytes = self.get(&key::of_window(key::SENT, window, receiver))?;
        bytes.map_or(Ok(0), |bytes| unpack(&bytes))
    }

    /// Counts what was decided on a post against the bounds of the receivers; `story` is resolved.
    pub fn apply_floods(&mut self, position: Position, decided: &Decided, story: StoryId) -> Result<(), ViewError> {
        for alert in &decided.alerts {
            let window = flood_window(alert.decided_at);
            let sent = self.sent(&alert.receiver, window)?.saturating_add(1);
            self.put(&key::of_window(key::SENT, window, &alert.receiver), pack(&sent)?);
        }
        for why in &decided.held_back {
            let SuppressedAlert::Flood { receiver, cap, window, route } = why else { continue };
            let (post, score) = (decided.post.id, decided.score.total);
            let fresh = HeldRecord { post, score, cap: *cap, reason: route.clone(), position };
            let key = key::flooded(*window, receiver, story);
            let record = match self.get(&key)? {
                Some(bytes) => held_again(unpack(&bytes)?, fresh),
                None => fresh,
            };
            self.put(&key, pack(&record)?);
        }
        Ok(())
    }

    /// What the frames up to `through` held back was told of.
    pub fn end_flood(&mut self, receiver: &str, window: Timestamp, through: Position) -> Result<(), ViewError> {
        let mut told = Vec::new();
        for entry in self.scan(&key::of_window(key::FLOODED, window, receiver))? {
            let (key, bytes) = entry?;
            let record: HeldRecord = unpack(&bytes)?;
            if record.position <= through {
                told.push(key);
            }
        }
        told.iter().for_each(|key| self.remove(key));
        Ok(())
    }

    fn floods_over(&self, now: Timestamp) -> Result<Vec<(Timestamp, String)>, ViewError> {
        let mut found = Vec::new();
        let mut from = vec![key::FLOODED];
        // Each step goes to the next receiver or window: as many steps as there are of them.
        while let Some(entry) = self.scan_from(&[key::FLOODED], &from)?.next() {
            let (key, _) = entry?;
            let (window, receiver) = key::of_window_parts(&key).ok_or_else(wrong_key)?;
            if window + FLOOD_WINDOW > now {
                break;
            }
            found.push((window, receiver.to_owned()));
            from = behind_all(key::of_window(key::FLOODED, window, receiver));
        }
        Ok(found)
    }

    fn flooded(&self, receiver: &str, window: Timestamp) -> Result<Flooded, ViewError> {
        let mut stories = HashMap::new();
        for entry in self.scan(&key::of_window(key::FLOODED, window, receiver))? {
            let (key, bytes) = entry?;
            let story = self.resolve(StoryId(key::last_post(&key).ok_or_else(wrong_key)?))?;
            if !self.told(story)?.receivers.contains_key(receiver) {
                hold(&mut stories, story, unpack(&bytes)?);
            }
        }
        Ok(Flooded { through: self.meta.position, back: HeldBack::of(stories) })
    }
}

/// Whether what a key says of ten minutes is needed no more.
pub fn is_over_long_ago(key: &[u8], now: Timestamp) -> Result<bool, ViewError> {
    let (window, _) = key::of_window_parts(key).ok_or_else(wrong_key)?;
    Ok(now.since(window) > SENT_KEPT)
}
