//! What goes when posts are to be forgotten?

use std::collections::HashSet;

use super::codec::{pack, unpack};
use super::key;
use super::layers::Layers;
use super::read::wrong_key;
use super::record::FollowedRecord;
use super::{Store, failed};
use crate::model::{Alert, Match, Post, PostId, ViewError};

/// What is left of an alert when posts are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It spoke of none of them.
    All,
    /// It is a digest that speaks of others too.
    Some,
    Nothing,
}

/// Takes what an alert says of forgotten posts out of it.
pub fn forget_in_alert(alert: &mut Alert, is_forgotten: &dyn Fn(PostId) -> bool) -> Left {
    let of_post = is_forgotten(alert.post.id);
    let Some(digest) = &mut alert.digest else { return if of_post { Left::Nothing } else { Left::All } };
    let listed = digest.listed.len();
    digest.listed.retain(|entry| !is_forgotten(entry.post));
    if of_post {
        alert.post = Post { id: alert.post.id, ..Post::bare("", alert.post.received) };
        alert.matches.iter_mut().for_each(Match::blank);
    }
    if of_post || digest.listed.len() < listed { Left::Some } else { Left::All }
}

impl Store {
    /// Posts, and marks of authors, that are to be forgotten.
    pub fn forgotten(&self) -> Result<HashSet<PostId>, ViewError> {
        self.read(|layers| {
            let mark =
                |entry: Result<(sled::IVec, sled::IVec), ViewError>| key::last_post(&entry?.0).ok_or_else(wrong_key);
            layers.scan(&[key::FORGOTTEN])?.map(mark).collect()
        })
    }
}

impl Layers {
    pub fn apply_forgotten(&mut self, posts: &[PostId], authors: &[PostId]) -> Result<(), ViewError> {
        for mark in posts.iter().chain(authors) {
            self.put(&key::forgotten(*mark), Default::default());
        }
        let posts: HashSet<PostId> = posts.iter().copied().collect();
        for post in &posts {
            if let Some(record) = self.post(*post)?.filter(|post| !post.expired) {
                self.leave(record.story, *post)?;
            }
            self.remove(&key::post(*post));
            self.remove(&key::standing(*post));
            self.remove(&key::feedback(*post));
        }
        self.forget_conversations(&posts)?;
        self.forget_alerts(&posts)
    }

    fn forget_conversations(&mut self, posts: &HashSet<PostId>) -> Result<(), ViewError> {
        let mut gone = Vec::new();
        for entry in self.scan(&[key::FOLLOWED])? {
            let (key, value) = entry?;
            if posts.contains(&unpack::<FollowedRecord>(&value)?.post) {
                gone.push(key);
            }
        }
        for entry in self.scan(&[key::MENTIONED])? {
            let (key, _) = entry?;
            if key::last_post(&key).is_some_and(|post| posts.contains(&post)) {
                gone.push(key);
            }
        }
        gone.iter().for_each(|key| self.remove(key));
        Ok(())
    }

    fn forget_alerts(&mut self, posts: &HashSet<PostId>) -> Result<(), ViewError> {
        let mut names = Vec::new();
        for entry in self.scan(&[key::DELIVERY])? {
            names.push(key::name(&entry?.0).ok_or_else(wrong_key)?.to_owned());
        }
        for name in names {
            let mut record = self.delivery(&name)?.ok_or_else(|| failed("an alert is not there"))?;
            match forget_in_alert(&mut record.alert, &|post| posts.contains(&post)) {
                Left::All => {}
                Left::Some => self.put(&key::named(key::DELIVERY, &name), pack(&record)?),
                Left::Nothing => {
                    self.withdraw(&record);
                    self.remove(&key::named(key::DELIVERY, &name));
                }
            }
        }
        Ok(())
    }
}
