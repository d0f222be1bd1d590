//! What may be forgotten, and when?
//!
//! - A **dedup key** is forgotten when its story takes no members any more: eight days after a member joined
//!   last, one more than dedup waits.
//! - What is remembered of a **post** is forgotten when it left the archive and no source lists it any more. A feed
//!   that answers "unchanged" for months still lists what it listed when it was read last; so a source lists a post
//!   no more when pages of that source were read 30 days after the last one with the post, or when it is not configured any more.
//!   Who listed what and when is told by [`Memory::listed`](crate::model::Memory::listed), is written at
//!   most once a day for a post, and is not in the journal: when it is lost with the store, posts are kept longer, never
//!   shorter, because the days of the sources are lost with it.
//! - The **log of deliveries** keeps the newest [`LOG`] delivered and dead ones, each at most as long as [`KEPT`] says.
//! - What a watch **spent** of its daily cap is forgotten two days after the day, once what the cap held back was told.
//! - How many alerts a receiver was **sent** in ten minutes is forgotten a day later.
//! - **Counts**, closed **issues** and the times without the daemon are kept 400 days. A **source** that is not configured is forgotten 30 days after it was read last; if it
//!   comes back, its first poll alerts nobody.
//!
//! Stories end with their last member, when that leaves the archive; no sweep is needed for them.

use std::collections::HashMap;

use sled::IVec;

use super::layers::Layers;
use super::read::wrong_key;
use super::record::{DedupRecord, ListerRecord, PostRecord};
use super::typed::NO_NUMBER;
use super::{Stage, Store, floods, issues, key};
use crate::model::{Duration, PostId, Timestamp, ViewError};

/// Days without a new member after which the keys of a story are forgotten.
pub(super) const KEY_DAYS: u16 = 8;
/// Days that a source must have been read without a post before it counts as listing it no more.
pub(super) const UNLISTED_DAYS: u16 = 30;
/// Days that counts are kept.
pub(super) const COUNT_DAYS: u16 = 400;
/// Days that it is remembered what a watch spent of its daily cap, once all of it was told.
pub(super) const SPENT_DAYS: u16 = 2;
/// Most delivered, and most dead, alerts kept.
pub(super) const LOG: usize = 10_000;
/// How long alerts of a stage are kept after they ended; pending ones for ever.
pub(super) const KEPT: [(Stage, Duration); 2] =
    [(Stage::Delivered, Duration::days(30)), (Stage::Dead, Duration::days(90))];
/// Records looked at together, while nobody else can write.
const STEP: usize = 512;

/// What a sweep forgot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub keys: u64,
    pub posts: u64,
    pub deliveries: u64,
    pub sources: u64,
}

impl Store {
    /// Forgets what is needed no more; others read and write in between. Meant for once a day, off the hot path: it goes
    /// through everything. `configured` says whether a source is still in the configuration.
    ///
    /// # Errors
    /// sled cannot be read or written; what was forgotten by then stays forgotten.
    pub fn sweep(&self, now: Timestamp, configured: &dyn Fn(&str) -> bool) -> Result<Swept, ViewError> {
        let today = key::day(now);
        let mut swept = Swept::default();
        let listers = self.read(|layers| layers.listers(configured))?;
        swept.keys = self.sweep_table(key::DEDUP, |layers, _, value| layers.is_quiet(value, today))?;
        swept.posts = self.sweep_table(key::POST, |_, key, value| {
            let Some(id) = key::last_post(key) else { return Ok(false) };
            Ok(is_forgotten(&PostRecord::decode(id, value)?, &listers))
        })?;
        self.sweep_table(key::COUNTS, |_, key, _| {
            let (day, _) = key::counts_parts(key).ok_or_else(wrong_key)?;
            Ok(day.saturating_add(COUNT_DAYS) < today)
        })?;
        self.sweep_table(key::ISSUE, |_, _, value| issues::is_old_issue(value, now))?;
        self.sweep_table(key::DOWN, |_, key, _| issues::is_old_down(key, now))?;
        for table in [key::ALERTED, key::SPENT] {
            self.sweep_table(table, |layers, key, _| layers.is_spent_long_ago(key, today))?;
        }
        self.sweep_table(key::SENT, |_, key, _| floods::is_over_long_ago(key, now))?;
        for table in [key::STANDING, key::MENTIONED] {
            self.sweep_table(table, |layers, key, _| {
                let post = key::last_post(key).ok_or_else(wrong_key)?;
                Ok(layers.post(post)?.is_none())
            })?;
        }
        for (stage, kept) in KEPT {
            swept.deliveries += self.sweep_log(stage, now - kept)?;
        }
        swept.sources = self.write(|layers| layers.forget_sources(now, configured))?;
        Ok(swept)
    }

    /// Goes through a table step by step and removes what `forget` says.
    fn sweep_table(
        &self,
        table: u8,
        mut forget: impl FnMut(&Layers, &[u8], &[u8]) -> Result<bool, ViewError>,
    ) -> Result<u64, ViewError> {
        let mut from = IVec::from(&[table]);
        let mut forgotten = 0;
        loop {
            let (next, keys) = self.write(|layers| {
                let mut keys = Vec::new();
                let mut last = None;
                for entry in layers.scan_from(&[table], &from)?.take(STEP) {
                    let (key, value) = entry?;
                    if forget(layers, &key, &value)? {
                        keys.push(key.clone());
                    }
                    last = Some(key);
                }
                keys.iter().for_each(|key| layers.remove(key));
                layers.make_room()?;
                Ok((last, keys.len()))
            })?;
            forgotten += keys as u64;
            let Some(last) = next else { return Ok(forgotten) };
            from = behind(&last);
        }
    }

    /// Removes the deliveries of a stage that ended before `before`, and those beyond the newest [`LOG`].
    fn sweep_log(&self, stage: Stage, before: Timestamp) -> Result<u64, ViewError> {
        let old: Vec<String> = self.read(|layers| {
            let mut old = Vec::new();
            for (index, entry) in layers.scan(&[key::LOG, stage as u8])?.enumerate() {
                let (key, _) = entry?;
                let (at, alert) = key::log_parts(&key).ok_or_else(wrong_key)?;
                if index >= LOG || at < before {
                    old.push(alert.to_owned());
                }
            }
            Ok(old)
        })?;
        let mut forgotten = 0;
        for alerts in old.chunks(STEP) {
            forgotten += self.write(|layers| layers.forget_deliveries(alerts, stage))?;
        }
        Ok(forgotten)
    }
}

impl Layers {
    /// Number of each configured source, and the last day on which a page of it was read.
    fn listers(&self, configured: &dyn Fn(&str) -> bool) -> Result<HashMap<u16, u16>, ViewError> {
        let mut found = HashMap::new();
        for entry in self.scan(&[key::LISTER])? {
            let (key, value) = entry?;
            let name = key::name(&key).ok_or_else(wrong_key)?;
            if configured(name) {
                let lister = ListerRecord::decode(&value)?;
                found.insert(lister.number, lister.day);
            }
        }
        Ok(found)
    }

    /// Whether the story of a dedup record takes no members any more.
    fn is_quiet(&self, record: &[u8], today: u16) -> Result<bool, ViewError> {
        let record = DedupRecord::decode(record)?;
        if record.day.saturating_add(KEY_DAYS) >= today {
            return Ok(false);
        }
        let story = self.story(self.resolve(record.story)?)?;
        Ok(story.is_none_or(|story| key::day(story.last_joined_at).saturating_add(KEY_DAYS) < today))
    }

    fn forget_deliveries(&mut self, alerts: &[String], stage: Stage) -> Result<u64, ViewError> {
        let mut forgotten = 0;
        for alert in alerts {
            // It may have been replayed meanwhile.
            let Some(record) = self.delivery(alert)?.filter(|record| record.state.stage() == stage) else { continue };
            self.withdraw(&record);
            self.remove(&key::named(key::DELIVERY, alert));
            forgotten += 1;
        }
        self.make_room()?;
        Ok(forgotten)
    }

    fn forget_sources(&mut self, now: Timestamp, configured: &dyn Fn(&str) -> bool) -> Result<u64, ViewError> {
        let mut forgotten = 0;
        for (name, record) in self.sources()? {
            if !configured(&name) && record.last_read < now - Duration::days(u64::from(UNLISTED_DAYS)) {
                self.remove(&key::named(key::SOURCE, &name));
                self.remove(&key::named(key::LISTER, &name));
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }

    /// Whether nothing is left to write down of a page of this day with these posts.
    pub fn is_listed(&self, source: &str, posts: &[PostId], day: u16) -> Result<bool, ViewError> {
        let Some(lister) = self.lister(source)?.filter(|lister| lister.day >= day) else { return Ok(false) };
        for id in posts {
            if self.post(*id)?.is_some_and(|mut post| post.list(lister.number, day)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes down that a source listed these posts, as far as they are known.
    pub fn list(&mut self, source: &str, posts: &[PostId], day: u16) -> Result<(), ViewError> {
        self.make_room()?;
        self.whole(|layers| {
            let lister = layers.lister_or_new(source)?;
            layers.put_lister(source, ListerRecord { day: lister.day.max(day), ..lister });
            for id in posts {
                let Some(mut post) = layers.post(*id)? else { continue };
                if post.list(lister.number, day) {
                    layers.put_post(*id, &post);
                }
            }
            Ok(())
        })
    }
}

/// Whether a post left the archive and no source lists it any more.
fn is_forgotten(post: &PostRecord, listers: &HashMap<u16, u16>) -> bool {
    let lists_no_more = |(number, day): &(u16, u16)| match listers.get(number) {
        Some(read) => *read > day.saturating_add(UNLISTED_DAYS),
        None => *number != NO_NUMBER,
    };
    post.expired && post.listed.iter().all(lists_no_more)
}

/// The smallest key behind `key`.
fn behind(key: &[u8]) -> IVec {
    IVec::from([key, &[0]].concat())
}
