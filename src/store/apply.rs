//! What does each event change in the store?

use super::codec::{pack, unpack};
use super::key::{self, day};
use super::layers::Layers;
use super::record::{CountsRecord, DedupRecord, DeliveryRecord, PostRecord, SourceRecord};
use super::{DeliveryState, Down, Stage};
use crate::model::event::{Decided, DeliveryAttempt, DeliveryResult, PageRead, Stub};
use crate::model::{Alert, Event, Mark, Position, PostId, Timestamp, Update, ViewError};

impl Layers {
    /// Applies one frame, whole or not at all; one that was applied before changes nothing.
    pub fn apply(&mut self, position: Position, events: &[Event]) -> Result<(), ViewError> {
        if position <= self.meta.position {
            return Ok(());
        }
        self.make_room()?;
        self.whole(|layers| {
            for event in events {
                layers.apply_event(position, event)?;
            }
            layers.meta.position = position;
            Ok(())
        })
    }

    fn apply_event(&mut self, position: Position, event: &Event) -> Result<(), ViewError> {
        match event {
            Event::Page(page) => self.apply_page(position, page),
            Event::SourceGone { source, at: _, why } => {
                let record = self.source_record(source)?.unwrap_or_default();
                self.put_source(source, &SourceRecord { gone: Some(why.clone()), ..record })
            }
            Event::Delivery(attempt) => self.apply_delivery(attempt),
            Event::Replayed { alert, at, by: _ } => self.apply_replayed(alert, *at),
            Event::DayOver { watch, day, at: _, through, alerts } => {
                self.end_day(watch, *day, *through)?;
                alerts.iter().try_for_each(|alert| self.apply_alert(alert))
            }
            Event::FloodOver { receiver, window, at: _, through, alerts } => {
                self.end_flood(receiver, *window, *through)?;
                alerts.iter().try_for_each(|alert| self.apply_alert(alert))
            }
            Event::Issue { issue, alerts } => {
                self.put_issue(issue)?;
                alerts.iter().try_for_each(|alert| self.apply_alert(alert))
            }
            Event::Down { from, until } => self.put_down(Down { from: *from, until: *until }),
            Event::Expired { posts, at: _ } => posts.iter().try_for_each(|post| self.apply_expired(*post)),
            Event::Thread(read) => self.apply_thread(read),
            Event::Forgotten { posts, authors, at: _ } => self.apply_forgotten(posts, authors),
            Event::Readmitted { marks, at: _ } => {
                marks.iter().for_each(|mark| self.remove(&key::forgotten(*mark)));
                Ok(())
            }
            Event::Deleted { posts, at } => self.apply_deleted(posts, *at),
            Event::Feedback(feedback) => self.apply_feedback(feedback),
        }
    }

    fn apply_page(&mut self, position: Position, page: &PageRead) -> Result<(), ViewError> {
        let lister = self.lister_or_new(&page.source)?.number;
        for decided in &page.posts {
            self.apply_decided(position, decided, lister, page.at)?;
            self.apply_conversation(decided, &page.source)?;
        }
        page.stubs.iter().try_for_each(|stub| self.apply_stub(stub, lister, page.at))?;
        page.updates.iter().try_for_each(|update| self.apply_update(update, lister, page.at))?;
        self.add_counts(page)?;
        let before = self.source_record(&page.source)?.unwrap_or_default();
        // A source that was read is not gone: its configuration must have changed.
        let mut record = SourceRecord { gone: None, last_read: page.at, ..before };
        if let Some(progress) = &page.progress {
            record.progress = progress.clone();
            record.validators = page.validators.clone();
            record.first_polled = record.first_polled.or(Some(page.at));
            record.position = position;
        }
        self.put_source(&page.source, &record)
    }

    fn apply_decided(
        &mut self,
        position: Position,
        decided: &Decided,
        lister: u16,
        at: Timestamp,
    ) -> Result<(), ViewError> {
        let (id, received) = (decided.post.id, decided.post.received);
        let story = self.resolve(decided.story.story)?;
        let before = self.post(id)?;
        let mut record = before.clone().unwrap_or(PostRecord {
            content_hash: 0,
            story,
            joined_at: received,
            expired: false,
            listed: Vec::new(),
        });
        record.content_hash = decided.content_hash;
        record.list(lister, day(at));
        record.say(lister, Mark::of(&decided.post.engagement, &decided.post.tags));
        // What expired is no member any more; read anew, it joins anew.
        let member_of = before.filter(|post| !post.expired).map(|post| post.story);
        if member_of != Some(story) {
            if let Some(other) = member_of {
                self.leave(other, id)?;
            }
            self.join(story, id, received)?;
            record = PostRecord { story, joined_at: received, expired: false, ..record };
        }
        self.put_post(id, &record);
        for key in &decided.story.keys {
            self.put(&key::dedup(key), DedupRecord { story, day: day(received) }.encode());
        }
        for absorbed in &decided.story.absorbs {
            self.merge(story, *absorbed, received)?;
        }
        decided.alerts.iter().try_for_each(|alert| self.apply_alert(alert))?;
        self.apply_caps(position, decided, story)?;
        self.apply_floods(position, decided, story)
    }

    /// What retention let go is known as expired, unless it was read anew since.
    fn apply_stub(&mut self, stub: &Stub, lister: u16, at: Timestamp) -> Result<(), ViewError> {
        if self.post(stub.post)?.is_some() {
            return Ok(());
        }
        let Stub { post, content_hash, story } = *stub;
        let mut record = PostRecord { content_hash, story, joined_at: at, expired: true, listed: Vec::new() };
        record.list(lister, day(at));
        self.put_post(post, &record);
        Ok(())
    }

    fn apply_update(&mut self, update: &Update, lister: u16, at: Timestamp) -> Result<(), ViewError> {
        let Some(mut record) = self.post(update.post)? else { return Ok(()) };
        record.list(lister, day(at));
        record.say(lister, update.mark());
        self.put_post(update.post, &record);
        Ok(())
    }

    fn add_counts(&mut self, page: &PageRead) -> Result<(), ViewError> {
        if page.counts.total() == 0 {
            return Ok(());
        }
        let key = key::counts(day(page.at), &page.source);
        let mut record: CountsRecord = self.get(&key)?.map_or(Ok(CountsRecord::default()), |bytes| unpack(&bytes))?;
        record.counts.merge(&page.counts);
        self.put(&key, pack(&record)?);
        Ok(())
    }

    /// Puts an alert into the outbox, due at once.
    fn apply_alert(&mut self, alert: &Alert) -> Result<(), ViewError> {
        if self.delivery(&alert.id)?.is_some() {
            return Ok(());
        }
        if alert.is_of_story() {
            let story = self.resolve(alert.story)?;
            let mut told = self.told(story)?;
            told.receivers.entry(alert.receiver.clone()).or_default();
            self.put_told(story, &told)?;
        }
        let due = alert.decided_at;
        let state = DeliveryState::Pending { next: due, why: None };
        self.enter(&DeliveryRecord { alert: alert.clone(), attempts: 0, first_due: due, state })
    }

    fn apply_delivery(&mut self, attempt: &DeliveryAttempt) -> Result<(), ViewError> {
        let Some(record) = self.delivery(&attempt.alert)? else { return Ok(()) };
        if record.state.stage() != Stage::Pending {
            return Ok(());
        }
        self.withdraw(&record);
        let state = match &attempt.result {
            DeliveryResult::Delivered { .. } => DeliveryState::Delivered { at: attempt.at, took_ms: attempt.took_ms },
            DeliveryResult::Retry { why, next } => DeliveryState::Pending { next: *next, why: Some(why.clone()) },
            DeliveryResult::Dead { why } => DeliveryState::Dead { at: attempt.at, why: why.clone() },
        };
        // What tells of many stories is not the message of one of them.
        if let DeliveryResult::Delivered { handle: Some(handle) } = &attempt.result
            && record.alert.is_of_story()
        {
            let story = self.resolve(record.alert.story)?;
            let mut told = self.told(story)?;
            // Nobody asks for the handles of a story that ended, or of a sample.
            if let Some(known) = told.receivers.get_mut(&record.alert.receiver) {
                *known = Some(handle.clone());
                self.put_told(story, &told)?;
            }
        }
        self.enter(&DeliveryRecord { attempts: record.attempts.saturating_add(1), state, ..record })
    }

    fn apply_replayed(&mut self, alert: &str, at: Timestamp) -> Result<(), ViewError> {
        let Some(record) = self.delivery(alert)? else { return Ok(()) };
        let DeliveryState::Dead { why, .. } = &record.state else { return Ok(()) };
        let state = DeliveryState::Pending { next: at, why: Some(why.clone()) };
        self.withdraw(&record);
        self.enter(&DeliveryRecord { attempts: 0, first_due: at, state, ..record })
    }

    fn apply_expired(&mut self, id: PostId) -> Result<(), ViewError> {
        let Some(record) = self.post(id)?.filter(|post| !post.expired) else { return Ok(()) };
        self.leave(record.story, id)?;
        self.put_post(id, &PostRecord { expired: true, ..record });
        Ok(())
    }

    /// Writes a delivery with its places in the lists.
    fn enter(&mut self, record: &DeliveryRecord) -> Result<(), ViewError> {
        if let DeliveryState::Pending { next, .. } = &record.state {
            let key = key::due(&record.alert.receiver, *next, &record.alert.id);
            self.begin_due_at(&record.alert.receiver, &key);
            self.put(&key, Default::default());
        }
        let told = [&record.alert.story.0.0, record.alert.receiver.as_bytes()].concat();
        self.put(&log_key(record), told.into());
        self.put_delivery(record)
    }

    /// Takes a delivery out of the lists.
    pub fn withdraw(&mut self, record: &DeliveryRecord) {
        if let DeliveryState::Pending { next, .. } = &record.state {
            self.remove(&key::due(&record.alert.receiver, *next, &record.alert.id));
        }
        self.remove(&log_key(record));
    }
}

/// Where a delivery stands in the log of its stage: pending ones by when they were due first.
fn log_key(record: &DeliveryRecord) -> Vec<u8> {
    let at = match &record.state {
        DeliveryState::Pending { .. } => record.first_due,
        DeliveryState::Delivered { at, .. } | DeliveryState::Dead { at, .. } => *at,
    };
    key::log(record.state.stage() as u8, at, &record.alert.id)
}
