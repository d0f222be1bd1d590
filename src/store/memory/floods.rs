//! How many alerts was each receiver sent in ten minutes, and what was held back, told in the plainest way?

use std::collections::HashMap;

use super::state::State;
use crate::model::event::Decided;
use crate::model::{Position, SuppressedAlert, Timestamp, flood_window};
use crate::store::days::{HeldBack, held_again, hold};
use crate::store::floods::{Flooded, SENT_KEPT};
use crate::store::record::HeldRecord;

impl State {
    pub fn apply_floods(&mut self, position: Position, decided: &Decided) {
        let story = self.resolve(decided.story.story);
        for alert in &decided.alerts {
            *self.sent.entry((flood_window(alert.decided_at), alert.receiver.clone())).or_default() += 1;
        }
        for why in &decided.held_back {
            let SuppressedAlert::Flood { receiver, cap, window, route } = why else { continue };
            let key = (*window, receiver.clone(), story);
            let (post, score) = (decided.post.id, decided.score.total);
            let fresh = HeldRecord { post, score, cap: *cap, reason: route.clone(), position };
            let record = match self.flooded.remove(&key) {
                Some(known) => held_again(known, fresh),
                None => fresh,
            };
            self.flooded.insert(key, record);
        }
    }

    pub fn end_flood(&mut self, receiver: &str, window: Timestamp, through: Position) {
        self.flooded.retain(|(at, to, _), record| *at != window || to != receiver || record.position > through);
    }

    pub fn flooded_in(&self, receiver: &str, window: Timestamp) -> Flooded {
        let mut stories = HashMap::new();
        for ((_, _, story), record) in self.flooded.iter().filter(|((at, to, _), _)| *at == window && to == receiver) {
            let story = self.resolve(*story);
            if !self.told.get(&story).is_some_and(|told| told.contains_key(receiver)) {
                hold(&mut stories, story, record.clone());
            }
        }
        Flooded { through: self.position, back: HeldBack::of(stories) }
    }

    pub fn sweep_sent(&mut self, now: Timestamp) {
        self.sent.retain(|(window, _), _| now.since(*window) <= SENT_KEPT);
    }
}
