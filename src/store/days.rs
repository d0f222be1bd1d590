//! What did each watch spend of its daily cap, and what did the cap hold back?
//!
//! Only what the journal says was decided is counted here, so that a replay counts the same. Each story is one small
//! record until its day is told, so that all are counted once however many there are.

use std::collections::{BTreeMap, HashMap};

use super::codec::{pack, unpack};
use super::key;
use super::layers::Layers;
use super::read::wrong_key;
use super::record::{HeldRecord, SpentRecord};
use super::{Store, sweep};
use crate::model::event::Decided;
use crate::model::{Day, Digest, Position, PostId, Reason, Spent, StoryId, SuppressedAlert, ViewError};

/// What a daily cap held back, and no digest told of yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldDay {
    /// Digests of this day that were sent before: each counts stories of its own.
    pub digests: u32,
    /// The last frame that this is known from.
    pub through: Position,
    /// By receiver.
    pub receivers: BTreeMap<String, HeldBack>,
}

/// What was held back from one receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldBack {
    /// The cap when the last of the stories listed was held back.
    pub cap: u32,
    /// All stories, but not those that the receiver was told of since.
    pub stories: u64,
    /// Those with the highest scores first, at most [`Digest::MAX_LISTED`].
    pub best: Vec<Held>,
}

/// A story that was held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub story: StoryId,
    /// Its member with the highest score.
    pub post: PostId,
    /// 0–100.
    pub score: u8,
    /// Why it would have gone to the receiver.
    pub reason: Reason,
}

impl HeldBack {
    /// What comes of stories that were held back, each once.
    pub(super) fn of(stories: impl IntoIterator<Item = (StoryId, HeldRecord)>) -> Self {
        let mut all: Vec<(StoryId, HeldRecord)> = stories.into_iter().collect();
        all.sort_by(|(a, left), (b, right)| right.score.cmp(&left.score).then_with(|| a.cmp(b)));
        let cap = all.iter().take(Digest::MAX_LISTED).map(|(_, record)| record).max_by_key(|record| record.position);
        Self {
            cap: cap.map_or(0, |record| record.cap),
            stories: all.len() as u64,
            best: all
                .into_iter()
                .take(Digest::MAX_LISTED)
                .map(|(story, HeldRecord { post, score, reason, .. })| Held { story, post, score, reason })
                .collect(),
        }
    }
}

/// The member that stands for a story is the one with the highest score, the first of equals.
pub(super) fn held_again(known: HeldRecord, again: HeldRecord) -> HeldRecord {
    if again.score > known.score { HeldRecord { position: known.position.min(again.position), ..again } } else { known }
}

/// Adds what was held back of a story, which may be there already under an id that it absorbed.
pub(super) fn hold(stories: &mut HashMap<StoryId, HeldRecord>, story: StoryId, record: HeldRecord) {
    let record = match stories.remove(&story) {
        Some(known) => held_again(known, record),
        None => record,
    };
    stories.insert(story, record);
}

impl Store {
    /// The watches and local days before `today` of which something was held back that no digest told of, the oldest
    /// day first.
    pub fn days_over(&self, today: Day) -> Result<Vec<(String, Day)>, ViewError> {
        self.read(|layers| layers.days_over(today))
    }

    /// What was held back of a watch on a local day and not told of yet. Goes through all of it.
    pub fn held(&self, watch: &str, day: Day) -> Result<HeldDay, ViewError> {
        self.read(|layers| layers.held(watch, day))
    }
}

impl Layers {
    /// See [`crate::model::Memory::spent`].
    pub fn spent(&self, watch: &str, day: Day, story: StoryId) -> Result<Spent, ViewError> {
        let record = self.spent_record(watch, day)?;
        Ok(Spent { stories: record.stories, counted: self.is_counted(watch, day, story)? })
    }

    fn spent_record(&self, watch: &str, day: Day) -> Result<SpentRecord, ViewError> {
        let bytes = self.get(&key::of_day(key::SPENT, day, watch))?;
        bytes.map_or(Ok(SpentRecord::default()), |bytes| unpack(&bytes))
    }

    fn put_spent(&mut self, watch: &str, day: Day, record: &SpentRecord) -> Result<(), ViewError> {
        self.put(&key::of_day(key::SPENT, day, watch), pack(record)?);
        Ok(())
    }

    /// Whether a story, or one that it absorbed, was alerted on this day.
    fn is_counted(&self, watch: &str, day: Day, story: StoryId) -> Result<bool, ViewError> {
        let story = self.resolve(story)?;
        let absorbed = self.story_record(story)?.map(|record| record.absorbed).unwrap_or_default();
        for id in std::iter::once(story).chain(absorbed) {
            if self.get(&key::alerted(day, watch, id))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Counts what was decided on a post against the caps of its watches; `story` is resolved.
    pub fn apply_caps(&mut self, position: Position, decided: &Decided, story: StoryId) -> Result<(), ViewError> {
        if let Some(day) = decided.day.filter(|_| !decided.alerts.is_empty()) {
            for found in decided.alerted_for() {
                self.count_story(&found.watch, day, story)?;
            }
        }
        decided.held_back.iter().try_for_each(|why| self.hold_back(position, decided, story, why))
    }

    fn count_story(&mut self, watch: &str, day: Day, story: StoryId) -> Result<(), ViewError> {
        if self.is_counted(watch, day, story)? {
            return Ok(());
        }
        let record = self.spent_record(watch, day)?;
        self.put(&key::alerted(day, watch, story), Default::default());
        self.put_spent(watch, day, &SpentRecord { stories: record.stories.saturating_add(1), ..record })
    }

    fn hold_back(
        &mut self,
        position: Position,
        decided: &Decided,
        story: StoryId,
        why: &SuppressedAlert,
    ) -> Result<(), ViewError> {
        let SuppressedAlert::DailyCap { receiver, watch, cap, day, route } = why else { return Ok(()) };
        let (post, score) = (decided.post.id, decided.score.total);
        let fresh = HeldRecord { post, score, cap: *cap, reason: route.clone(), position };
        let key = key::held(*day, watch, receiver, story);
        let record = match self.get(&key)? {
            Some(bytes) => held_again(unpack(&bytes)?, fresh),
            None => fresh,
        };
        self.put(&key, pack(&record)?);
        Ok(())
    }

    /// What the frames up to `through` held back was told of.
    pub fn end_day(&mut self, watch: &str, day: Day, through: Position) -> Result<(), ViewError> {
        let mut told = Vec::new();
        for entry in self.scan(&key::of_day(key::HELD, day, watch))? {
            let (key, bytes) = entry?;
            let record: HeldRecord = unpack(&bytes)?;
            if record.position <= through {
                told.push(key);
            }
        }
        told.iter().for_each(|key| self.remove(key));
        let record = self.spent_record(watch, day)?;
        self.put_spent(watch, day, &SpentRecord { digests: record.digests.saturating_add(1), ..record })
    }

    fn days_over(&self, today: Day) -> Result<Vec<(String, Day)>, ViewError> {
        let mut found = Vec::new();
        let mut from = vec![key::HELD];
        // Each step goes to the next watch or day: as many steps as there are of them.
        while let Some(entry) = self.scan_from(&[key::HELD], &from)?.next() {
            let (key, _) = entry?;
            let (day, watch) = key::of_day_parts(&key).ok_or_else(wrong_key)?;
            if day >= today {
                break;
            }
            found.push((watch.to_owned(), day));
            from = behind_all(key::of_day(key::HELD, day, watch));
        }
        Ok(found)
    }

    fn held(&self, watch: &str, day: Day) -> Result<HeldDay, ViewError> {
        let mut receivers: BTreeMap<String, HashMap<StoryId, HeldRecord>> = BTreeMap::new();
        for entry in self.scan(&key::of_day(key::HELD, day, watch))? {
            let (key, bytes) = entry?;
            let (receiver, story) = key::held_parts(&key).ok_or_else(wrong_key)?;
            let (story, record) = (self.resolve(story)?, unpack(&bytes)?);
            if self.told(story)?.receivers.contains_key(receiver) {
                continue;
            }
            hold(receivers.entry(receiver.to_owned()).or_default(), story, record);
        }
        Ok(HeldDay {
            digests: self.spent_record(watch, day)?.digests,
            through: self.meta.position,
            receivers: receivers.into_iter().map(|(receiver, stories)| (receiver, HeldBack::of(stories))).collect(),
        })
    }

    /// Whether what a key says of a watch and a local day is needed no more: the day is long over, in every time
    /// zone, and nothing of it waits to be told.
    pub fn is_spent_long_ago(&self, key: &[u8], today: u16) -> Result<bool, ViewError> {
        let (day, watch) = key::of_day_parts(key).ok_or_else(wrong_key)?;
        if key::local_day(day).saturating_add(sweep::SPENT_DAYS) >= today {
            return Ok(false);
        }
        Ok(self.scan(&key::of_day(key::HELD, day, watch))?.next().transpose()?.is_none())
    }
}

/// The smallest key behind all that begin with `prefix`.
pub(super) fn behind_all(mut prefix: Vec<u8>) -> Vec<u8> {
    while let Some(last) = prefix.pop() {
        if last < u8::MAX {
            prefix.push(last + 1);
            break;
        }
    }
    prefix
}
