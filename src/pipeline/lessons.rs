//! What has the daemon learned from the corrections of people, and how does it read a post by that?
//!
//! It is made at the start from all that stands in the store; the writer's thread takes in every correction when that is
//! durable. Others only read.

use std::sync::{PoisonError, RwLock};

use crate::model::{Corrected, Event, Post, PostId, Sense};
use crate::score::learn::{Adjusted, Learned, Relevance};
use crate::score::sense::{self, Text};
use crate::store::Store;

/// What was learned, shared by those who read posts.
#[derive(Debug)]
pub struct Lessons {
    learned: RwLock<Learned>,
}

/// How the words of a post are read without anything that was learned.
pub fn untrained(title: &str, text: &str, lang: Option<&str>) -> Sense {
    sense::read(&Text { title, text, lang }, None)
}

fn study(learned: &mut Learned, corrected: &Corrected) {
    learned.learn(corrected, &untrained(&corrected.title, &corrected.text, corrected.lang.as_deref()));
}

impl Lessons {
    /// Learns from everything that stands in the store, in order; takes about a tenth of a second for a thousand corrections.
    pub fn of(store: &Store) -> Self {
        let all = store.all_corrected().unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot read what people corrected; posts are read without it until the next start");
            Vec::new()
        });
        let mut learned = Learned::default();
        all.iter().for_each(|corrected| study(&mut learned, corrected));
        Self { learned: RwLock::new(learned) }
    }

    /// Takes in what a durable event changes.
    pub fn take(&self, event: &Event, store: &Store) {
        match event {
            Event::Feedback(feedback) => self.update(feedback.post, store),
            Event::Deleted { posts, .. } | Event::Forgotten { posts, .. } => self.forget(posts),
            Event::Page(_)
            | Event::SourceGone { .. }
            | Event::Delivery(_)
            | Event::Replayed { .. }
            | Event::DayOver { .. }
            | Event::FloodOver { .. }
            | Event::Issue { .. }
            | Event::Down { .. }
            | Event::Expired { .. }
            | Event::Thread(_)
            | Event::Readmitted { .. } => {}
        }
    }

    /// How a post is read after what was learned.
    pub fn read(&self, post: &Post, untrained: &Sense) -> Adjusted {
        self.learned().adjust(&post.title, &post.text, untrained)
    }

    /// How likely a post is what a watch is meant to find; `None` while nobody said anything of the watch's mentions.
    pub fn relevance(&self, watch: &str, post: &Post, untrained: &Sense) -> Option<Relevance> {
        self.learned().relevance(watch, &post.title, &post.text, untrained)
    }

    /// How many answers of people it has learned from.
    pub fn corrections(&self) -> usize {
        self.learned().corrections()
    }

    fn update(&self, post: PostId, store: &Store) {
        let corrected = store.corrected(post).unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot read a correction; it is learned from after the next start");
            None
        });
        let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
        match corrected {
            Some(corrected) => study(&mut learned, &corrected),
            None => learned.forget(&post.0),
        }
    }

    fn forget(&self, posts: &[PostId]) {
        if self.learned().is_empty() {
            return;
        }
        let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
        posts.iter().for_each(|post| learned.forget(&post.0));
    }

    fn learned(&self) -> std::sync::RwLockReadGuard<'_, Learned> {
        self.learned.read().unwrap_or_else(PoisonError::into_inner)
    }
}
