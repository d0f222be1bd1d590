//! What do people say of posts, as it stands?

use super::codec::{pack, unpack};
use super::layers::Layers;
use super::{Store, key};
use crate::model::{Corrected, Feedback, PostId, ViewError};

impl Store {
    /// What stands of everything that was said of a post.
    pub fn corrected(&self, post: PostId) -> Result<Option<Corrected>, ViewError> {
        self.read(|layers| layers.corrected(post))
    }

    /// Everything that stands, in the order in which it was said.
    pub fn all_corrected(&self) -> Result<Vec<Corrected>, ViewError> {
        let mut all: Vec<Corrected> = self.read(|layers| {
            layers.scan(&[key::FEEDBACK])?.map(|entry| unpack(&entry?.1)).collect::<Result<_, ViewError>>()
        })?;
        in_order(&mut all);
        Ok(all)
    }
}

/// As it was said; of one moment by post.
pub(super) fn in_order(all: &mut [Corrected]) {
    all.sort_by_key(|corrected| (corrected.at, corrected.post));
}

/// What stands after this was said; `None` when nothing does any more.
pub(super) fn after(before: Option<Corrected>, feedback: &Feedback) -> Option<Corrected> {
    let mut corrected = before.unwrap_or_else(|| Corrected::new(feedback.post, feedback.at));
    corrected.take(feedback);
    Some(corrected).filter(|corrected| !corrected.is_empty())
}

impl Layers {
    pub(super) fn corrected(&self, post: PostId) -> Result<Option<Corrected>, ViewError> {
        self.get(&key::feedback(post))?.map(|bytes| unpack(&bytes)).transpose()
    }

    pub fn apply_feedback(&mut self, feedback: &Feedback) -> Result<(), ViewError> {
        let key = key::feedback(feedback.post);
        match after(self.corrected(feedback.post)?, feedback) {
            Some(corrected) => self.put(&key, pack(&corrected)?),
            None => self.remove(&key),
        }
        Ok(())
    }

    /// The words of a deleted post are not kept here either; what was said of it is.
    pub fn blank_feedback(&mut self, post: PostId) -> Result<(), ViewError> {
        if let Some(mut corrected) = self.corrected(post)? {
            corrected.blank();
            self.put(&key::feedback(post), pack(&corrected)?);
        }
        Ok(())
    }
}
