//! What did each watch spend of its daily cap, told in the plainest way?

use std::collections::{BTreeMap, BTreeSet};

use super::state::State;
use crate::model::event::Decided;
use crate::model::{Day, Position, StoryId, SuppressedAlert};
use crate::store::days::{HeldBack, HeldDay, held_again};
use crate::store::key::local_day;
use crate::store::record::HeldRecord;
use crate::store::sweep::SPENT_DAYS;

/// What a watch spent on one local day.
#[derive(Clone, Debug, Default)]
pub struct SpentOn {
    pub stories: BTreeSet<StoryId>,
    pub digests: u32,
}

/// Sorts by day, watch, receiver, story.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldKey {
    pub day: Day,
    pub watch: String,
    pub receiver: String,
    pub story: StoryId,
}

impl State {
    pub fn is_counted(&self, watch: &str, day: Day, story: StoryId) -> bool {
        let story = self.resolve(story);
        let spent = self.spent.get(&(day, watch.to_owned()));
        spent.is_some_and(|spent| spent.stories.iter().any(|counted| self.resolve(*counted) == story))
    }

    pub fn apply_caps(&mut self, position: Position, decided: &Decided) {
        let story = self.resolve(decided.story.story);
        if let Some(day) = decided.day.filter(|_| !decided.alerts.is_empty()) {
            for found in decided.alerted_for() {
                if !self.is_counted(&found.watch, day, story) {
                    self.spent.entry((day, found.watch.clone())).or_default().stories.insert(story);
                }
            }
        }
        for why in &decided.held_back {
            let SuppressedAlert::DailyCap { receiver, watch, cap, day, route } = why else { continue };
            let key = HeldKey { day: *day, watch: watch.clone(), receiver: receiver.clone(), story };
            let (post, score) = (decided.post.id, decided.score.total);
            let fresh = HeldRecord { post, score, cap: *cap, reason: route.clone(), position };
            let record = match self.held.remove(&key) {
                Some(known) => held_again(known, fresh),
                None => fresh,
            };
            self.held.insert(key, record);
        }
    }

    pub fn end_day(&mut self, watch: &str, day: Day, through: Position) {
        self.held.retain(|key, record| key.day != day || key.watch != watch || record.position > through);
        self.spent.entry((day, watch.to_owned())).or_default().digests += 1;
    }

    pub fn held_day(&self, watch: &str, day: Day) -> HeldDay {
        let mut receivers: BTreeMap<String, BTreeMap<StoryId, HeldRecord>> = BTreeMap::new();
        for (key, record) in self.held.iter().filter(|(key, _)| key.day == day && key.watch == watch) {
            let story = self.resolve(key.story);
            if self.told.get(&story).is_some_and(|told| told.contains_key(&key.receiver)) {
                continue;
            }
            let stories = receivers.entry(key.receiver.clone()).or_default();
            let record = match stories.remove(&story) {
                Some(known) => held_again(known, record.clone()),
                None => record.clone(),
            };
            stories.insert(story, record);
        }
        HeldDay {
            digests: self.spent.get(&(day, watch.to_owned())).map_or(0, |spent| spent.digests),
            through: self.position,
            receivers: receivers.into_iter().map(|(receiver, stories)| (receiver, HeldBack::of(stories))).collect(),
        }
    }

    pub fn sweep_spent(&mut self, today: u16) {
        let held = &self.held;
        self.spent.retain(|(day, watch), _| {
            let waits = held.keys().any(|key| key.day == *day && key.watch == *watch);
            waits || local_day(*day) + SPENT_DAYS >= today
        });
    }
}
