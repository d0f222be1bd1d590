//! What does each event change, told in the plainest way?

use std::collections::{BTreeMap, BTreeSet};

use super::days::{HeldKey, SpentOn};
use crate::model::event::{Decided, DeliveryAttempt, DeliveryResult, PageRead};
use crate::model::{
    Alert, AlertId, Corrected, Counts, Day, Duration, Event, Handle, Issue, IssueId, Mark, Position, PostId,
    SourceState, StoryId, Timestamp,
};
use crate::store::issues::ISSUES_KEPT;
use crate::store::key::day;
use crate::store::record::{HeldRecord, StandingRecord};
use crate::store::sweep::{COUNT_DAYS, KEPT, KEY_DAYS, LOG, UNLISTED_DAYS};
use crate::store::{Delivery, DeliveryState, Followed, Stage};

#[derive(Clone, Debug, Default)]
pub struct State {
    pub position: Position,
    pub sources: BTreeMap<String, KnownSource>,
    /// On which day a page of a source was read last.
    pub read: BTreeMap<String, u16>,
    pub posts: BTreeMap<PostId, KnownPost>,
    pub keys: BTreeMap<[u8; 16], (StoryId, u16)>,
    pub stories: BTreeMap<StoryId, KnownStory>,
    pub became: BTreeMap<StoryId, StoryId>,
    pub told: BTreeMap<StoryId, BTreeMap<String, Option<Handle>>>,
    pub deliveries: BTreeMap<AlertId, Delivery>,
    pub counts: BTreeMap<(u16, String), Counts>,
    pub spent: BTreeMap<(Day, String), SpentOn>,
    pub held: BTreeMap<HeldKey, HeldRecord>,
    pub sent: BTreeMap<(Timestamp, String), u32>,
    /// By window, receiver and story.
    pub flooded: BTreeMap<(Timestamp, String, StoryId), HeldRecord>,
    pub issues: BTreeMap<IssueId, Issue>,
    pub downs: BTreeMap<Timestamp, Timestamp>,
    /// By root.
    pub followed: BTreeMap<PostId, Followed>,
    pub forgotten: BTreeSet<PostId>,
    pub standing: BTreeMap<PostId, StandingRecord>,
    /// Dates of mentions by root and post.
    pub mentioned: BTreeMap<(PostId, PostId), Timestamp>,
    pub corrected: BTreeMap<PostId, Corrected>,
}

#[derive(Clone, Debug, Default)]
pub struct KnownSource {
    pub state: SourceState,
    pub last_read: Timestamp,
}

#[derive(Clone, Debug)]
pub struct KnownPost {
    pub content_hash: u64,
    pub story: StoryId,
    pub expired: bool,
    /// By source: on which day it listed the post last, and what it said of it.
    pub listed: BTreeMap<String, (u16, Mark)>,
}

impl KnownPost {
    /// A source listed it.
    pub fn list(&mut self, source: &str, day: u16) -> &mut Mark {
        let (last, mark) = self.listed.entry(source.to_owned()).or_default();
        *last = day.max(*last);
        mark
    }
}

#[derive(Clone, Debug)]
pub struct KnownStory {
    pub opened_at: Timestamp,
    pub last_joined_at: Timestamp,
    pub members: BTreeSet<PostId>,
}

/// When a delivery ended, or was due first.
pub fn ended(delivery: &Delivery) -> Timestamp {
    match delivery.state {
        DeliveryState::Pending { .. } => delivery.first_due,
        DeliveryState::Delivered { at, .. } | DeliveryState::Dead { at, .. } => at,
    }
}

impl State {
    pub fn apply(&mut self, position: Position, event: &Event) {
        match event {
            Event::Page(page) => self.apply_page(position, page),
            Event::SourceGone { source, at: _, why } => {
                self.sources.entry(source.clone()).or_default().state.gone = Some(why.clone());
            }
            Event::Delivery(attempt) => self.apply_delivery(attempt),
            Event::Replayed { alert, at, by: _ } => self.apply_replayed(alert, *at),
            Event::DayOver { watch, day, at: _, through, alerts } => {
                self.end_day(watch, *day, *through);
                alerts.iter().for_each(|alert| self.apply_alert(alert));
            }
            Event::FloodOver { receiver, window, at: _, through, alerts } => {
                self.end_flood(receiver, *window, *through);
                alerts.iter().for_each(|alert| self.apply_alert(alert));
            }
            Event::Issue { issue, alerts } => {
                self.issues.insert(issue.id.clone(), issue.as_ref().clone());
                alerts.iter().for_each(|alert| self.apply_alert(alert));
            }
            Event::Down { from, until } => {
                self.downs.insert(*from, *until);
            }
            Event::Expired { posts, at: _ } => posts.iter().for_each(|post| self.apply_expired(*post)),
            Event::Thread(read) => self.apply_thread(read),
            Event::Forgotten { posts, authors, at: _ } => self.apply_forgotten(posts, authors),
            Event::Readmitted { marks, at: _ } => self.forgotten.retain(|mark| !marks.contains(mark)),
            Event::Deleted { posts, at } => self.apply_deleted(posts, *at),
            Event::Feedback(feedback) => self.apply_feedback(feedback),
        }
    }

    pub fn resolve(&self, story: StoryId) -> StoryId {
        self.became.get(&story).copied().unwrap_or(story)
    }

    fn apply_page(&mut self, position: Position, page: &PageRead) {
        self.read.entry(page.source.clone()).or_default();
        for stub in &page.stubs {
            let (content_hash, story) = (stub.content_hash, stub.story);
            let listed = [(page.source.clone(), (day(page.at), Mark::NOTHING))].into();
            self.posts.entry(stub.post).or_insert(KnownPost { content_hash, story, expired: true, listed });
        }
        for decided in &page.posts {
            self.apply_decided(decided, &page.source, page.at);
            self.apply_caps(position, decided);
            self.apply_floods(position, decided);
            self.apply_conversation(decided, &page.source);
        }
        for update in &page.updates {
            if let Some(post) = self.posts.get_mut(&update.post) {
                *post.list(&page.source, day(page.at)) = update.mark();
            }
        }
        if page.counts.total() > 0 {
            self.counts.entry((day(page.at), page.source.clone())).or_default().merge(&page.counts);
        }
        let source = self.sources.entry(page.source.clone()).or_default();
        source.last_read = page.at;
        source.state.gone = None;
        if let Some(progress) = &page.progress {
            source.state.progress = progress.clone();
            source.state.validators = page.validators.clone();
            source.state.first_polled.get_or_insert(page.at);
        }
    }

    fn apply_decided(&mut self, decided: &Decided, source: &str, at: Timestamp) {
        let (id, received) = (decided.post.id, decided.post.received);
        let story = self.resolve(decided.story.story);
        let known = self.posts.get(&id).cloned();
        let member_of = known.as_ref().filter(|post| !post.expired).map(|post| post.story);
        if let Some(other) = member_of.filter(|other| *other != story) {
            self.leave(other, id);
        }
        if member_of != Some(story) {
            let fresh = KnownStory { opened_at: received, last_joined_at: received, members: BTreeSet::new() };
            let joined = self.stories.entry(story).or_insert(fresh);
            joined.last_joined_at = joined.last_joined_at.max(received);
            joined.members.insert(id);
        }
        let listed = known.map(|post| post.listed).unwrap_or_default();
        let mut post = KnownPost { content_hash: decided.content_hash, story, expired: false, listed };
        *post.list(source, day(at)) = Mark::of(&decided.post.engagement, &decided.post.tags);
        self.posts.insert(id, post);
        for key in &decided.story.keys {
            self.keys.insert(*key, (story, day(received)));
        }
        for absorbed in &decided.story.absorbs {
            self.merge(story, *absorbed);
        }
        for alert in &decided.alerts {
            self.apply_alert(alert);
        }
    }

    fn apply_alert(&mut self, alert: &Alert) {
        if self.deliveries.contains_key(&alert.id) {
            return;
        }
        if alert.is_of_story() {
            let story = self.resolve(alert.story);
            self.told.entry(story).or_default().entry(alert.receiver.clone()).or_default();
        }
        let state = DeliveryState::Pending { next: alert.decided_at, why: None };
        let delivery = Delivery { alert: alert.clone(), attempts: 0, first_due: alert.decided_at, state };
        self.deliveries.insert(alert.id.clone(), delivery);
    }

    fn merge(&mut self, survivor: StoryId, absorbed: StoryId) {
        let (survivor, absorbed) = (self.resolve(survivor), self.resolve(absorbed));
        if survivor == absorbed {
            return;
        }
        for became in self.became.values_mut().filter(|became| **became == absorbed) {
            *became = survivor;
        }
        self.became.insert(absorbed, survivor);
        for post in self.posts.values_mut().filter(|post| post.story == absorbed && !post.expired) {
            post.story = survivor;
        }
        if let (Some(goes), Some(stays)) = (self.stories.remove(&absorbed), self.stories.get_mut(&survivor)) {
            stays.opened_at = stays.opened_at.min(goes.opened_at);
            stays.last_joined_at = stays.last_joined_at.max(goes.last_joined_at);
            stays.members.extend(goes.members);
        }
        if let Some(moving) = self.told.remove(&absorbed) {
            let told = self.told.entry(survivor).or_default();
            for (receiver, handle) in moving {
                let known = told.entry(receiver).or_default();
                *known = known.take().or(handle);
            }
        }
    }

    pub fn leave(&mut self, story: StoryId, post: PostId) {
        let left = self.stories.get_mut(&story).is_some_and(|known| {
            known.members.remove(&post);
            !known.members.is_empty()
        });
        if !left {
            self.stories.remove(&story);
            self.told.remove(&story);
            self.became.retain(|_, became| *became != story);
        }
    }

    fn apply_delivery(&mut self, attempt: &DeliveryAttempt) {
        let Some(delivery) = self.deliveries.get_mut(&attempt.alert) else { return };
        if delivery.state.stage() != Stage::Pending {
            return;
        }
        delivery.attempts += 1;
        let at = attempt.at;
        let (story, receiver) = (delivery.alert.story, delivery.alert.receiver.clone());
        let is_of_story = delivery.alert.is_of_story();
        match &attempt.result {
            DeliveryResult::Retry { why, next } => {
                delivery.state = DeliveryState::Pending { next: *next, why: Some(why.clone()) };
            }
            DeliveryResult::Dead { why } => delivery.state = DeliveryState::Dead { at, why: why.clone() },
            DeliveryResult::Delivered { handle } => {
                delivery.state = DeliveryState::Delivered { at, took_ms: attempt.took_ms };
                let story = self.resolve(story);
                let known = self.told.get_mut(&story).and_then(|told| told.get_mut(&receiver));
                if let (Some(known), Some(handle)) = (known.filter(|_| is_of_story), handle) {
                    *known = Some(handle.clone());
                }
            }
        }
    }

    fn apply_replayed(&mut self, alert: &str, at: Timestamp) {
        let Some(delivery) = self.deliveries.get_mut(alert) else { return };
        if let DeliveryState::Dead { why, .. } = &delivery.state {
            delivery.state = DeliveryState::Pending { next: at, why: Some(why.clone()) };
            delivery.attempts = 0;
            delivery.first_due = at;
        }
    }

    fn apply_expired(&mut self, id: PostId) {
        let Some(post) = self.posts.get_mut(&id).filter(|post| !post.expired) else { return };
        post.expired = true;
        let story = post.story;
        self.leave(story, id);
    }

    pub fn sweep(&mut self, now: Timestamp, configured: &dyn Fn(&str) -> bool) {
        let today = day(now);
        let Self { stories, became, .. } = self;
        self.keys.retain(|_, (story, joined)| {
            let story = became.get(story).unwrap_or(story);
            let last = stories.get(story).map_or(0, |story| day(story.last_joined_at));
            *joined + KEY_DAYS >= today || last + KEY_DAYS >= today
        });
        let read = &self.read;
        let lists = |source: &String, last: &u16| {
            configured(source) && read.get(source).is_some_and(|read| *read <= last + UNLISTED_DAYS)
        };
        self.posts.retain(|_, post| !post.expired || post.listed.iter().any(|(source, (last, _))| lists(source, last)));
        let posts = &self.posts;
        self.standing.retain(|post, _| posts.contains_key(post));
        self.mentioned.retain(|(_, post), _| posts.contains_key(post));
        self.counts.retain(|(day, _), _| day + COUNT_DAYS >= today);
        self.sweep_spent(today);
        self.sweep_sent(now);
        self.issues.retain(|_, issue| issue.closed.is_none_or(|closed| closed >= now - ISSUES_KEPT));
        self.downs.retain(|from, _| *from >= now - ISSUES_KEPT);
        for (stage, kept) in KEPT {
            self.sweep_log(stage, now - kept);
        }
        let long_ago = now - Duration::days(u64::from(UNLISTED_DAYS));
        let gone = |name: &String, source: &KnownSource| !configured(name) && source.last_read < long_ago;
        let gone = self.sources.iter().filter(|(name, source)| gone(name, source)).map(|(name, _)| name.clone());
        for name in gone.collect::<Vec<_>>() {
            self.sources.remove(&name);
            self.read.remove(&name);
            for post in self.posts.values_mut() {
                post.listed.remove(&name);
            }
        }
    }

    fn sweep_log(&mut self, stage: Stage, before: Timestamp) {
        let of_stage = self.deliveries.values().filter(|delivery| delivery.state.stage() == stage);
        let mut log: Vec<_> = of_stage.map(|delivery| (ended(delivery), delivery.alert.id.clone())).collect();
        log.sort_by(|(a_at, a), (b_at, b)| b_at.cmp(a_at).then_with(|| a.cmp(b)));
        for (index, (at, alert)) in log.into_iter().enumerate() {
            if index >= LOG || at < before {
                self.deliveries.remove(&alert);
            }
        }
    }

    /// Pending alerts of a receiver with when they are due, the longest due first.
    pub fn pending(&self, receiver: &str) -> Vec<(Timestamp, &Delivery)> {
        let due = |delivery: &Delivery| match delivery.state {
            DeliveryState::Pending { next, .. } => Some(next),
            DeliveryState::Delivered { .. } | DeliveryState::Dead { .. } => None,
        };
        let to = self.deliveries.values().filter(|delivery| delivery.alert.receiver == receiver);
        let mut pending: Vec<_> = to.filter_map(|delivery| Some((due(delivery)?, delivery))).collect();
        pending.sort_by_key(|(next, _)| *next);
        pending
    }
}
