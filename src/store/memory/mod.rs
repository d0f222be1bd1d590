//! What does the store answer, told in the plainest way?
//!
//! The same view from plain maps, with nothing on the disk: for tests, which hold it against
//! [`Store`](super::Store) too, and for rehearsals that keep nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::issues::in_order;
use super::key::day;
use super::{Delivery, DeliveryFilter, Down, Flooded, Followed, HeldDay, Story};
use crate::model::{
    Candidate, Corrected, Counts, Day, Event, FLOOD_WINDOW, Handle, Issue, Mark, Memory, Outbox, Pending, Position,
    PostId, Seen, SourceState, Spent, Standing, StoryId, Timestamp, View, ViewError,
};

mod conversations;
mod days;
mod floods;
mod state;

use state::{KnownPost, State, ended};

/// The store without a disk.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<State>);

impl Clone for InMemory {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.state().clone()))
    }
}

impl InMemory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`Store::resolve`](super::Store::resolve).
    pub fn resolve(&self, story: StoryId) -> StoryId {
        self.state().resolve(story)
    }

    /// See [`Store::story`](super::Store::story).
    pub fn story(&self, story: StoryId) -> Option<Story> {
        let state = self.state();
        let id = state.resolve(story);
        let known = state.stories.get(&id)?;
        let members = known.members.iter().copied().collect();
        Some(Story { id, opened_at: known.opened_at, last_joined_at: known.last_joined_at, members })
    }

    /// See [`Store::sources`](super::Store::sources).
    pub fn sources(&self) -> Vec<(String, SourceState)> {
        self.state().sources.iter().map(|(name, source)| (name.clone(), source.state.clone())).collect()
    }

    /// See [`Store::issues`](super::Store::issues).
    pub fn issues(&self) -> Vec<Issue> {
        let mut issues: Vec<Issue> = self.state().issues.values().cloned().collect();
        in_order(&mut issues);
        issues
    }

    /// See [`Store::all_corrected`](super::Store::all_corrected).
    pub fn all_corrected(&self) -> Vec<Corrected> {
        let mut all: Vec<Corrected> = self.state().corrected.values().cloned().collect();
        super::feedback::in_order(&mut all);
        all
    }

    /// See [`Store::downs`](super::Store::downs).
    pub fn downs(&self) -> Vec<Down> {
        self.state().downs.iter().map(|(from, until)| Down { from: *from, until: *until }).collect()
    }

    /// See [`Store::deliveries`](super::Store::deliveries).
    pub fn deliveries(&self, filter: &DeliveryFilter) -> Vec<Delivery> {
        let state = self.state();
        let story = filter.story.map(|story| state.resolve(story));
        let wanted = |delivery: &&Delivery| {
            filter.stage.is_none_or(|stage| stage == delivery.state.stage())
                && filter.receiver.as_ref().is_none_or(|receiver| *receiver == delivery.alert.receiver)
                && story.is_none_or(|story| story == state.resolve(delivery.alert.story))
        };
        let mut found: Vec<Delivery> = state.deliveries.values().filter(wanted).cloned().collect();
        found.sort_by_key(|delivery| std::cmp::Reverse(ended(delivery)));
        found.truncate(filter.limit());
        found
    }

    /// See [`Store::counts`](super::Store::counts).
    pub fn counts(&self, from: Timestamp) -> Vec<(Timestamp, String, Counts)> {
        let counted = |((day, source), counts): (&(u16, String), &Counts)| {
            (Timestamp::from_seconds(i64::from(*day) * 86_400), source.clone(), *counts)
        };
        self.state().counts.range((day(from), String::new())..).map(counted).collect()
    }

    /// See [`Store::days_over`](super::Store::days_over).
    pub fn days_over(&self, today: Day) -> Vec<(String, Day)> {
        let state = self.state();
        let mut days: Vec<(Day, String)> = state.held.keys().map(|key| (key.day, key.watch.clone())).collect();
        days.dedup();
        days.into_iter().filter(|(day, _)| *day < today).map(|(day, watch)| (watch, day)).collect()
    }

    /// See [`Store::held`](super::Store::held).
    pub fn held(&self, watch: &str, day: Day) -> HeldDay {
        self.state().held_day(watch, day)
    }

    /// See [`Store::floods_over`](super::Store::floods_over).
    pub fn floods_over(&self, now: Timestamp) -> Vec<(Timestamp, String)> {
        let state = self.state();
        let mut found: Vec<(Timestamp, String)> =
            state.flooded.keys().map(|(window, receiver, _)| (*window, receiver.clone())).collect();
        found.dedup();
        found.into_iter().filter(|(window, _)| *window + FLOOD_WINDOW <= now).collect()
    }

    /// See [`Store::flooded`](super::Store::flooded).
    pub fn flooded(&self, receiver: &str, window: Timestamp) -> Flooded {
        self.state().flooded_in(receiver, window)
    }

    /// See [`Store::followed`](super::Store::followed).
    pub fn followed(&self) -> Vec<Followed> {
        self.state().followed.values().cloned().collect()
    }

    /// See [`Store::blanked`](super::Store::blanked).
    pub fn blanked(&self) -> HashMap<PostId, Timestamp> {
        let state = self.state();
        state.standing.iter().filter_map(|(post, record)| Some((*post, record.blank_to?))).collect()
    }

    /// See [`Store::sweep`](super::Store::sweep).
    pub fn sweep(&self, now: Timestamp, configured: &dyn Fn(&str) -> bool) {
        self.state().sweep(now, configured);
    }
}

impl View for InMemory {
    fn position(&self) -> Position {
        self.state().position
    }

    fn apply(&self, position: Position, events: &[Event]) -> Result<(), ViewError> {
        let mut state = self.state();
        if position > state.position {
            events.iter().for_each(|event| state.apply(position, event));
            state.position = position;
        }
        Ok(())
    }
}

impl Memory for InMemory {
    fn seen(&self, post: PostId) -> Result<Option<Seen>, ViewError> {
        let state = self.state();
        let seen = |post: &KnownPost| Seen { content_hash: post.content_hash, story: state.resolve(post.story) };
        Ok(state.posts.get(&post).map(seen))
    }

    fn seen_by(&self, post: PostId, source: &str) -> Result<Option<(Seen, Option<Mark>)>, ViewError> {
        let seen = self.seen(post)?;
        let state = self.state();
        let said = state.posts.get(&post).filter(|post| !post.expired);
        let said = said.map(|post| post.listed.get(source).map_or(Mark::NOTHING, |(_, mark)| *mark));
        Ok(seen.map(|seen| (seen, said)))
    }

    fn candidates(&self, keys: &[[u8; 16]]) -> Result<Vec<Option<Candidate>>, ViewError> {
        let state = self.state();
        let candidate = |key: &[u8; 16]| {
            let (story, _) = state.keys.get(key)?;
            let story = state.resolve(*story);
            let known = state.stories.get(&story)?;
            Some(Candidate { story, opened_at: known.opened_at, last_joined_at: known.last_joined_at })
        };
        Ok(keys.iter().map(candidate).collect())
    }

    fn alerted(&self, story: StoryId) -> Result<Vec<String>, ViewError> {
        let state = self.state();
        Ok(state.told.get(&state.resolve(story)).map(|told| told.keys().cloned().collect()).unwrap_or_default())
    }

    fn spent(&self, watch: &str, day: Day, story: StoryId) -> Result<Spent, ViewError> {
        let state = self.state();
        let stories = state.spent.get(&(day, watch.to_owned())).map_or(0, |spent| spent.stories.len());
        Ok(Spent { stories: stories as u32, counted: state.is_counted(watch, day, story) })
    }

    fn sent(&self, receiver: &str, window: Timestamp) -> Result<u32, ViewError> {
        Ok(self.state().sent.get(&(window, receiver.to_owned())).copied().unwrap_or_default())
    }

    fn source(&self, source: &str) -> Result<SourceState, ViewError> {
        Ok(self.state().sources.get(source).map(|source| source.state.clone()).unwrap_or_default())
    }

    fn standing(&self, post: PostId) -> Result<Standing, ViewError> {
        Ok(self.state().standing.get(&post).map(|record| record.standing.clone()).unwrap_or_default())
    }

    fn is_forgotten(&self, mark: PostId) -> Result<bool, ViewError> {
        Ok(self.state().forgotten.contains(&mark))
    }

    fn mentions_in(&self, root: PostId) -> Result<Vec<(PostId, Timestamp)>, ViewError> {
        Ok(self.state().mentions_in(root))
    }

    fn listed(&self, source: &str, posts: &[PostId], at: Timestamp) -> Result<(), ViewError> {
        let mut state = self.state();
        let today = day(at);
        let read = state.read.entry(source.to_owned()).or_default();
        *read = today.max(*read);
        for id in posts {
            if let Some(post) = state.posts.get_mut(id) {
                post.list(source, today);
            }
        }
        Ok(())
    }
}

impl Outbox for InMemory {
    fn due(&self, receiver: &str, now: Timestamp, limit: usize) -> Result<Vec<Pending>, ViewError> {
        let state = self.state();
        let due = state.pending(receiver).into_iter().filter(|(next, _)| *next <= now).take(limit);
        let pending = due.map(|(_, delivery)| Pending {
            alert: delivery.alert.clone(),
            attempts: delivery.attempts,
            first_due: delivery.first_due,
        });
        Ok(pending.collect())
    }

    fn next_due(&self, receiver: &str) -> Result<Option<Timestamp>, ViewError> {
        Ok(self.state().pending(receiver).first().map(|(next, _)| *next))
    }

    fn handle(&self, receiver: &str, story: StoryId) -> Result<Option<Handle>, ViewError> {
        let state = self.state();
        Ok(state.told.get(&state.resolve(story)).and_then(|told| told.get(receiver).cloned().flatten()))
    }
}
