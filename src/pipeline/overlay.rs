//! What has been decided already but is not in the store yet?
//!
//! Pages that share one write to the journal are decided one after the other before any of them is durable.
//! The overlay lets the later ones know of the earlier ones; it is dropped when the store has applied them.

use std::collections::HashMap;

use crate::model::event::Decided;
use crate::model::{Candidate, Memory, PostId, Seen, StoryId, Timestamp, ViewError};

/// A memory with the newest decisions laid over it.
pub struct Overlay<'a> {
    below: &'a dyn Memory,
    seen: HashMap<PostId, Seen>,
    keys: HashMap<[u8; 16], StoryId>,
    stories: HashMap<StoryId, Candidate>,
    absorbed: HashMap<StoryId, StoryId>,
    alerted: HashMap<StoryId, Vec<String>>,
}

impl<'a> Overlay<'a> {
    /// Nothing laid over `below` yet.
    pub fn new(below: &'a dyn Memory) -> Self {
        Self {
            below,
            seen: HashMap::new(),
            keys: HashMap::new(),
            stories: HashMap::new(),
            absorbed: HashMap::new(),
            alerted: HashMap::new(),
        }
    }

    /// Lays a decision over what is known; its story was opened at `opened_at`.
    pub fn remember(&mut self, decided: &Decided, opened_at: Timestamp) {
        let (post, story) = (&decided.post, decided.story.story);
        self.seen.insert(post.id, Seen { content_hash: decided.content_hash, story });
        for key in &decided.story.keys {
            self.keys.insert(*key, story);
        }
        if !decided.story.keys.is_empty() {
            self.stories.insert(story, Candidate { story, opened_at, last_joined_at: post.received });
        }
        for absorbed in &decided.story.absorbs {
            self.absorbed.insert(*absorbed, story);
            let told = self.alerted.remove(absorbed).unwrap_or_default();
            self.alerted.entry(story).or_default().extend(told);
        }
        if !decided.alerts.is_empty() {
            let told = decided.alerts.iter().map(|alert| alert.receiver.clone());
            self.alerted.entry(story).or_default().extend(told);
        }
    }

    fn resolve(&self, story: StoryId) -> StoryId {
        let mut story = story;
        // Each step goes to an older story, so this ends.
        while let Some(survivor) = self.absorbed.get(&story) {
            story = *survivor;
        }
        story
    }

    /// What is known of a story that the store knows, with what was decided since.
    fn newest(&self, known: Candidate) -> Candidate {
        let story = self.resolve(known.story);
        self.stories.get(&story).copied().unwrap_or(Candidate { story, ..known })
    }

    /// What is known of a post, laid over or below.
    pub fn seen(&self, post: PostId) -> Result<Option<Seen>, ViewError> {
        match self.seen.get(&post) {
            Some(seen) => Ok(Some(*seen)),
            None => self.below.seen(post),
        }
    }

    /// See [`Memory::candidates`].
    pub fn candidates(&self, keys: &[[u8; 16]]) -> Result<Vec<Option<Candidate>>, ViewError> {
        let below = self.below.candidates(keys)?;
        let laid_over = keys.iter().map(|key| self.keys.get(key).copied());
        Ok(laid_over
            .zip(below)
            .map(|(over, below)| match (over, below) {
                (Some(story), _) => self.stories.get(&self.resolve(story)).copied(),
                (None, Some(known)) => Some(self.newest(known)),
                (None, None) => None,
            })
            .collect())
    }

    /// See [`Memory::alerted`].
    pub fn alerted(&self, story: StoryId) -> Result<Vec<String>, ViewError> {
        let mut told = self.below.alerted(story)?;
        told.extend(self.alerted.get(&story).into_iter().flatten().cloned());
        Ok(told)
    }
}
