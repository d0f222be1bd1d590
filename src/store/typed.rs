//! Which records are there, as what they mean?

use super::codec::{pack, unpack};
use super::key;
use super::layers::Layers;
use super::record::{
    self, DedupRecord, DeliveryRecord, ListerRecord, PostRecord, SourceRecord, StoryRecord, ToldRecord,
};
use crate::model::{MAX_COUNTED, PostId, StoryId, ViewError};

/// Number of every source beyond those that have one of their own. What it listed is never forgotten.
pub const NO_NUMBER: u16 = u16::MAX;

impl Layers {
    pub fn post(&self, id: PostId) -> Result<Option<PostRecord>, ViewError> {
        self.get(&key::post(id))?.map(|bytes| PostRecord::decode(id, &bytes)).transpose()
    }

    pub fn put_post(&mut self, id: PostId, record: &PostRecord) {
        self.put(&key::post(id), record.encode(id));
    }

    pub fn dedup(&self, key: &[u8; 16]) -> Result<Option<DedupRecord>, ViewError> {
        self.get(&key::dedup(key))?.map(|bytes| DedupRecord::decode(&bytes)).transpose()
    }

    /// The story that an id stands for. Aliases always lead to the survivor in one step.
    pub fn resolve(&self, id: StoryId) -> Result<StoryId, ViewError> {
        let alias = self.get(&key::alias(id))?;
        alias.map_or(Ok(id), |bytes| record::decode_alias(&bytes))
    }

    /// The record of a story with more than its first member; `id` is resolved.
    pub fn story_record(&self, id: StoryId) -> Result<Option<StoryRecord>, ViewError> {
        self.get(&key::story(id))?.map(|bytes| StoryRecord::decode(&bytes)).transpose()
    }

    /// A story, also one that has only its first member and therefore no record; `id` is resolved.
    pub fn story(&self, id: StoryId) -> Result<Option<StoryRecord>, ViewError> {
        if let Some(record) = self.story_record(id)? {
            return Ok(Some(record));
        }
        let founder = self.post(id.0)?.filter(|post| post.story == id && !post.expired);
        Ok(founder.map(|post| StoryRecord {
            opened_at: post.joined_at,
            last_joined_at: post.joined_at,
            absorbed: Vec::new(),
        }))
    }

    pub fn put_story(&mut self, id: StoryId, record: &StoryRecord) {
        self.put(&key::story(id), record.encode());
    }

    /// Members of a story, by id; `id` is resolved.
    pub fn members(&self, id: StoryId) -> Result<Vec<PostId>, ViewError> {
        if self.story_record(id)?.is_none() {
            return Ok(self.story(id)?.map(|_| id.0).into_iter().collect());
        }
        self.scan(&key::members(id))?.map(|record| Ok(key::last_post(&record?.0).unwrap_or(id.0))).collect()
    }

    /// How many members a story has, at most [`MAX_COUNTED`]; `id` is resolved.
    pub fn count_members(&self, id: StoryId) -> Result<u32, ViewError> {
        if self.story_record(id)?.is_none() {
            return Ok(u32::from(self.story(id)?.is_some()));
        }
        let mut count = 0;
        for record in self.scan(&key::members(id))?.take(MAX_COUNTED as usize) {
            record?;
            count += 1;
        }
        Ok(count)
    }

    pub fn told(&self, story: StoryId) -> Result<ToldRecord, ViewError> {
        self.get(&key::told(story))?.map_or(Ok(ToldRecord::default()), |bytes| unpack(&bytes))
    }

    pub fn put_told(&mut self, story: StoryId, record: &ToldRecord) -> Result<(), ViewError> {
        self.put(&key::told(story), pack(record)?);
        Ok(())
    }

    pub fn source_record(&self, source: &str) -> Result<Option<SourceRecord>, ViewError> {
        self.get(&key::named(key::SOURCE, source))?.map(|bytes| unpack(&bytes)).transpose()
    }

    pub fn put_source(&mut self, source: &str, record: &SourceRecord) -> Result<(), ViewError> {
        self.put(&key::named(key::SOURCE, source), pack(record)?);
        Ok(())
    }

    pub fn delivery(&self, alert: &str) -> Result<Option<DeliveryRecord>, ViewError> {
        self.get(&key::named(key::DELIVERY, alert))?.map(|bytes| unpack(&bytes)).transpose()
    }

    pub fn put_delivery(&mut self, record: &DeliveryRecord) -> Result<(), ViewError> {
        self.put(&key::named(key::DELIVERY, &record.alert.id), pack(record)?);
        Ok(())
    }

    pub fn lister(&self, source: &str) -> Result<Option<ListerRecord>, ViewError> {
        self.get(&key::named(key::LISTER, source))?.map(|bytes| ListerRecord::decode(&bytes)).transpose()
    }

    pub fn put_lister(&mut self, source: &str, record: ListerRecord) {
        self.put(&key::named(key::LISTER, source), record.encode());
    }

    /// The number of a source, given to it if it has none.
    pub fn lister_or_new(&mut self, source: &str) -> Result<ListerRecord, ViewError> {
        if let Some(record) = self.lister(source)? {
            return Ok(record);
        }
        let record = ListerRecord { number: self.meta.next_source, day: 0 };
        self.meta.next_source = self.meta.next_source.saturating_add(1);
        self.put_lister(source, record);
        Ok(record)
    }
}
