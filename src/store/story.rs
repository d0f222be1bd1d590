//! How does a story gain, lose and pass on its members?

use super::key;
use super::layers::Layers;
use super::record::{PostRecord, StoryRecord, encode_alias};
use crate::model::{PostId, StoryId, Timestamp, ViewError};

impl Layers {
    /// Makes `post` a member of a story, opening the story if it is not there; `story` is resolved. Does not write the
    /// post's own record.
    pub fn join(&mut self, story: StoryId, post: PostId, at: Timestamp) -> Result<(), ViewError> {
        let known = self.story(story)?;
        if known.is_none() && story.0 == post {
            // A story of one is told from its only member's record.
            return Ok(());
        }
        let known = known.unwrap_or(StoryRecord { opened_at: at, last_joined_at: at, absorbed: Vec::new() });
        let known = StoryRecord { last_joined_at: known.last_joined_at.max(at), ..known };
        self.write_out(story, &known)?;
        self.put(&key::member(story, post), Default::default());
        Ok(())
    }

    /// Writes a story's record, and a member of its own for the one member that a story without a record has.
    fn write_out(&mut self, story: StoryId, record: &StoryRecord) -> Result<(), ViewError> {
        if self.story_record(story)?.is_none() && self.story(story)?.is_some() {
            self.put(&key::member(story, story.0), Default::default());
        }
        self.put_story(story, record);
        Ok(())
    }

    /// Everything of `absorbed` moves to `survivor`, and its id resolves to it from now on.
    pub fn merge(&mut self, survivor: StoryId, absorbed: StoryId, at: Timestamp) -> Result<(), ViewError> {
        let (survivor, absorbed) = (self.resolve(survivor)?, self.resolve(absorbed)?);
        if survivor == absorbed {
            return Ok(());
        }
        let moving = self.members(absorbed)?;
        let fresh = StoryRecord { opened_at: at, last_joined_at: at, absorbed: Vec::new() };
        let mut stays = self.story(survivor)?.unwrap_or(fresh);
        let mut ids = vec![absorbed];
        if let Some(goes) = self.story(absorbed)? {
            stays.opened_at = stays.opened_at.min(goes.opened_at);
            stays.last_joined_at = stays.last_joined_at.max(goes.last_joined_at);
            ids.extend(goes.absorbed);
        }
        for id in &ids {
            self.put(&key::alias(*id), encode_alias(survivor));
        }
        stays.absorbed.extend(ids);
        self.write_out(survivor, &stays)?;
        self.remove(&key::story(absorbed));
        for post in moving {
            self.move_member(post, absorbed, survivor)?;
        }
        self.move_told(absorbed, survivor)
    }

    fn move_member(&mut self, post: PostId, from: StoryId, to: StoryId) -> Result<(), ViewError> {
        self.remove(&key::member(from, post));
        self.put(&key::member(to, post), Default::default());
        if let Some(record) = self.post(post)? {
            self.put_post(post, &PostRecord { story: to, ..record });
        }
        Ok(())
    }

    fn move_told(&mut self, from: StoryId, to: StoryId) -> Result<(), ViewError> {
        let moving = self.told(from)?;
        if moving.receivers.is_empty() {
            return Ok(());
        }
        let mut told = self.told(to)?;
        for (receiver, handle) in moving.receivers {
            let known = told.receivers.entry(receiver).or_default();
            *known = known.take().or(handle);
        }
        self.remove(&key::told(from));
        self.put_told(to, &told)
    }

    /// Takes a post out of a story, and ends the story with its last member; `story` is resolved.
    pub fn leave(&mut self, story: StoryId, post: PostId) -> Result<(), ViewError> {
        let Some(record) = self.story_record(story)? else {
            self.remove(&key::told(story));
            return Ok(());
        };
        self.remove(&key::member(story, post));
        if self.scan(&key::members(story))?.next().transpose()?.is_some() {
            return Ok(());
        }
        for id in record.absorbed {
            self.remove(&key::alias(id));
        }
        self.remove(&key::story(story));
        self.remove(&key::told(story));
        Ok(())
    }
}
