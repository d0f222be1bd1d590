//! What are the bytes of a record?
//!
//! Records of posts, dedup keys and stories are laid out by hand: there are millions, and sled keeps up to 22 bytes
//! without an allocation. All others are MessagePack with field names. Each begins with a version byte.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sled::IVec;

use crate::model::event::Validators;
use crate::model::{
    Alert, Counts, Handle, Mark, Position, PostId, Progress, Reason, SourceState, Standing, StoryId, Timestamp,
    ViewError,
};

use super::codec::{Bytes, VERSION, versioned};
use super::typed::NO_NUMBER;
use super::{Delivery, DeliveryState, Followed};

/// Most sources remembered as listing one post; more are not.
const MAX_LISTERS: usize = 32;

const EXPIRED: u8 = 1;
const OTHER_STORY: u8 = 2;
/// Not set by versions that kept no marks and took 8 bytes for the moment.
const MARKED: u8 = 4;

/// What is remembered of a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostRecord {
    pub content_hash: u64,
    pub story: StoryId,
    pub joined_at: Timestamp,
    /// It left the archive; remembered only while a source lists it.
    pub expired: bool,
    /// The sources that listed it.
    pub listed: Vec<Listed>,
}

/// A source that listed a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The source's number.
    pub source: u16,
    /// The day when it did last.
    pub day: u16,
    /// What it said of it last.
    pub mark: Mark,
}

impl PostRecord {
    pub fn encode(&self, id: PostId) -> IVec {
        let own = self.story.0 == id;
        let flags = MARKED | if self.expired { EXPIRED } else { 0 } | if own { 0 } else { OTHER_STORY };
        let mut bytes = Vec::with_capacity(32);
        bytes.extend([VERSION, flags]);
        bytes.extend(self.content_hash.to_be_bytes());
        // Milliseconds of some thousand years need no more.
        let joined_at = self.joined_at.0.clamp(-(1 << 47), (1 << 47) - 1);
        bytes.extend(&joined_at.to_be_bytes()[2..]);
        if !own {
            bytes.extend(self.story.0.0);
        }
        for Listed { source, day, mark } in self.listed.iter().take(MAX_LISTERS) {
            bytes.extend([*source, *day, mark.0].into_iter().flat_map(u16::to_be_bytes));
        }
        IVec::from(bytes)
    }

    pub fn decode(id: PostId, bytes: &[u8]) -> Result<Self, ViewError> {
        let mut bytes = Bytes(versioned(bytes)?);
        let flags = bytes.u8()?;
        let content_hash = bytes.u64()?;
        let marked = flags & MARKED != 0;
        let joined_at = if marked { bytes.i48()? } else { bytes.u64()? as i64 };
        let story = if flags & OTHER_STORY == 0 { id } else { bytes.id()? };
        let mut listed = Vec::new();
        while !bytes.0.is_empty() {
            let (source, day) = (bytes.u16()?, bytes.u16()?);
            let mark = if marked { Mark(bytes.u16()?) } else { Mark::NOTHING };
            listed.push(Listed { source, day, mark });
        }
        let joined_at = Timestamp(joined_at);
        Ok(Self { content_hash, story: StoryId(story), joined_at, expired: flags & EXPIRED != 0, listed })
    }

    /// Notes that a source listed the post; says whether that was news.
    pub fn list(&mut self, source: u16, day: u16) -> bool {
        if let Some(known) = self.listed.iter_mut().find(|listed| listed.source == source) {
            let news = known.day < day;
            known.day = day.max(known.day);
            return news;
        }
        let room = self.listed.len() < MAX_LISTERS;
        if room {
            self.listed.push(Listed { source, day, mark: Mark::NOTHING });
        }
        room
    }

    /// Notes what a source that listed the post says of it.
    pub fn say(&mut self, source: u16, mark: Mark) {
        if let Some(known) = self.listed.iter_mut().find(|listed| listed.source == source) {
            known.mark = mark;
        }
    }

    /// What a source said of it last; none where that cannot be kept, or nothing else of the post is.
    pub fn said(&self, source: Option<u16>) -> Option<Mark> {
        if self.expired || source == Some(NO_NUMBER) {
            return None;
        }
        let known = self.listed.iter().find(|listed| Some(listed.source) == source).map(|listed| listed.mark);
        known.or((self.listed.len() < MAX_LISTERS).then_some(Mark::NOTHING))
    }
}

/// Which story a post with this key joined last, and on which day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DedupRecord {
    pub story: StoryId,
    pub day: u16,
}

impl DedupRecord {
    pub fn encode(&self) -> IVec {
        let mut bytes = [VERSION; 13];
        bytes[1..11].copy_from_slice(&self.story.0.0);
        bytes[11..].copy_from_slice(&self.day.to_be_bytes());
        IVec::from(&bytes[..])
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, ViewError> {
        let mut bytes = Bytes(versioned(bytes)?);
        Ok(Self { story: StoryId(bytes.id()?), day: bytes.u16()? })
    }
}

/// A story with more than its first member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryRecord {
    pub opened_at: Timestamp,
    pub last_joined_at: Timestamp,
    /// Every id that resolves to this story.
    pub absorbed: Vec<StoryId>,
}

impl StoryRecord {
    pub fn encode(&self) -> IVec {
        let mut bytes = Vec::with_capacity(17 + 10 * self.absorbed.len());
        bytes.push(VERSION);
        bytes.extend(self.opened_at.0.to_be_bytes());
        bytes.extend(self.last_joined_at.0.to_be_bytes());
        bytes.extend(self.absorbed.iter().flat_map(|story| story.0.0));
        IVec::from(bytes)
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, ViewError> {
        let mut bytes = Bytes(versioned(bytes)?);
        let (opened_at, last_joined_at) = (Timestamp(bytes.u64()? as i64), Timestamp(bytes.u64()? as i64));
        let mut absorbed = Vec::new();
        while !bytes.0.is_empty() {
            absorbed.push(StoryId(bytes.id()?));
        }
        Ok(Self { opened_at, last_joined_at, absorbed })
    }
}

/// The story that an absorbed one became.
pub fn encode_alias(story: StoryId) -> IVec {
    let mut bytes = [VERSION; 11];
    bytes[1..].copy_from_slice(&story.0.0);
    IVec::from(&bytes[..])
}

pub fn decode_alias(bytes: &[u8]) -> Result<StoryId, ViewError> {
    Bytes(versioned(bytes)?).id().map(StoryId)
}

/// A source's number, and the last day on which a page of it was read; 0 for none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListerRecord {
    pub number: u16,
    pub day: u16,
}

impl ListerRecord {
    pub fn encode(&self) -> IVec {
        let [a, b] = self.number.to_be_bytes();
        let [c, d] = self.day.to_be_bytes();
        IVec::from(&[VERSION, a, b, c, d][..])
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, ViewError> {
        let mut bytes = Bytes(versioned(bytes)?);
        Ok(Self { number: bytes.u16()?, day: bytes.u16()? })
    }
}

/// How far applying has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    pub position: Position,
    /// Number that the next new source gets.
    pub next_source: u16,
}

/// Where a source stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRecord {
    pub progress: Progress,
    pub validators: Option<Validators>,
    pub first_polled: Option<Timestamp>,
    pub gone: Option<String>,
    /// Frame that holds this progress.
    pub position: Position,
    pub last_read: Timestamp,
}

impl From<SourceRecord> for SourceState {
    fn from(record: SourceRecord) -> Self {
        let SourceRecord { progress, validators, first_polled, gone, position: _, last_read: _ } = record;
        Self { progress, validators, first_polled, gone }
    }
}

/// Who was told of a story, with the handle of the last delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldRecord {
    pub receivers: BTreeMap<String, Option<Handle>>,
}

/// An alert and how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    pub alert: Alert,
    pub attempts: u32,
    pub first_due: Timestamp,
    pub state: DeliveryState,
}

impl From<DeliveryRecord> for Delivery {
    fn from(record: DeliveryRecord) -> Self {
        let DeliveryRecord { alert, attempts, first_due, state } = record;
        Self { alert, attempts, first_due, state }
    }
}

/// How far a watch is with its alerts of one local day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentRecord {
    /// Stories that raised at least one alert.
    pub stories: u32,
    /// Digests that told what the cap held back.
    pub digests: u32,
}

/// A story that a daily cap held back from a receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRecord {
    /// Its member with the highest score.
    pub post: PostId,
    pub score: u8,
    pub cap: u32,
    pub reason: Reason,
    /// The frame that held it back first.
    pub position: Position,
}

/// How a conversation is followed; its root stands in the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowedRecord {
    pub post: PostId,
    pub source: String,
    pub score: u8,
    pub since: Timestamp,
    pub next: Timestamp,
    pub readings: u32,
    pub validators: Option<Validators>,
}

impl FollowedRecord {
    pub fn of(self, conversation: PostId) -> Followed {
        let Self { post, source, score, since, next, readings, validators } = self;
        Followed { conversation, post, source, score, since, next, readings, validators }
    }
}

impl From<Followed> for FollowedRecord {
    fn from(followed: Followed) -> Self {
        let Followed { conversation: _, post, source, score, since, next, readings, validators } = followed;
        Self { post, source, score, since, next, readings, validators }
    }
}

/// What became of a post since it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingRecord {
    pub standing: Standing,
    /// What was written of it by then is kept no more. Stays when the site brings the post back with other words.
    pub blank_to: Option<Timestamp>,
}

/// Posts of one source and day by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountsRecord {
    pub counts: Counts,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(source: u16, day: u16, mark: u16) -> Listed {
        Listed { source, day, mark: Mark(mark) }
    }

    #[test]
    fn hand_laid_records_come_back_as_they_were() {
        let id = PostId::of("hn:1");
        let listers = [vec![listed(3, 19_000, 7)], vec![], vec![listed(1, 2, 0), listed(3, 4, u16::MAX)]];
        for (story, listed) in [id, PostId::of("hn:0"), id].into_iter().zip(listers) {
            for joined_at in [-1, 0, 1_795_000_000_000, (1 << 47) - 1].map(Timestamp) {
                let (story, listed) = (StoryId(story), listed.clone());
                let record = PostRecord { content_hash: 9, story, joined_at, expired: true, listed };
                assert_eq!(PostRecord::decode(id, &record.encode(id)), Ok(record));
            }
        }
        let dedup = DedupRecord { story: StoryId(id), day: 19_000 };
        assert_eq!(DedupRecord::decode(&dedup.encode()), Ok(dedup));
        let absorbed = vec![StoryId(id), StoryId(PostId::of("hn:0"))];
        let story = StoryRecord { opened_at: Timestamp(1), last_joined_at: Timestamp(2), absorbed };
        assert_eq!(StoryRecord::decode(&story.encode()), Ok(story));
        let lister = ListerRecord { number: 7, day: 19_000 };
        assert_eq!(ListerRecord::decode(&lister.encode()), Ok(lister));
        assert_eq!(decode_alias(&encode_alias(StoryId(id))), Ok(StoryId(id)));
    }

    #[test]
    fn a_post_in_its_own_story_with_one_source_needs_no_allocation_in_sled() {
        let id = PostId::of("hn:1");
        let record = PostRecord {
            content_hash: 9,
            story: StoryId(id),
            joined_at: Timestamp(1),
            expired: false,
            listed: vec![listed(3, 19_000, 7)],
        };
        assert!(record.encode(id).len() <= 22);
    }

    #[test]
    fn a_record_of_the_time_before_marks_is_read_as_one_of_which_nothing_was_said() {
        let id = PostId::of("hn:1");
        let (hash, joined_at) = (9_u64.to_be_bytes(), 1_795_000_000_000_i64.to_be_bytes());
        let listers = [3_u16, 19_000, 4, 19_001].map(u16::to_be_bytes).concat();
        let bytes = [&[VERSION, EXPIRED][..], &hash, &joined_at, &listers].concat();
        let record = PostRecord::decode(id, &bytes).unwrap();
        assert_eq!((record.content_hash, record.joined_at, record.expired), (9, Timestamp(1_795_000_000_000), true));
        assert_eq!(record.listed, [listed(3, 19_000, 0), listed(4, 19_001, 0)]);
    }

    #[test]
    fn a_post_knows_what_each_source_said_of_it_where_there_is_room() {
        let story = StoryId(PostId::of("hn:1"));
        let mut record =
            PostRecord { content_hash: 0, story, joined_at: Timestamp(0), expired: false, listed: Vec::new() };
        record.list(1, 100);
        record.say(1, Mark(7));
        record.say(2, Mark(8));
        let said = |record: &PostRecord| [Some(1), Some(2), None, Some(NO_NUMBER)].map(|source| record.said(source));
        let nothing = Some(Mark::NOTHING);
        assert_eq!(said(&record), [Some(Mark(7)), nothing, nothing, None]);
        assert_eq!((3..99).filter(|source| record.list(*source, 100)).count(), MAX_LISTERS - 1);
        assert_eq!(said(&record), [Some(Mark(7)), None, None, None]);
        record.expired = true;
        assert_eq!(said(&record), [None; 4]);
    }

    #[test]
    fn cut_and_foreign_bytes_are_errors() {
        let bytes = DedupRecord { story: StoryId(PostId::of("hn:1")), day: 1 }.encode();
        for wrong in [&bytes[..12], &[][..], &[99, 0, 0]] {
            assert!(DedupRecord::decode(wrong).is_err());
        }
    }

    #[test]
    fn a_post_knows_on_which_day_each_source_listed_it_last() {
        let id = PostId::of("hn:1");
        let story = StoryId(id);
        let listed = vec![listed(1, 100, 7)];
        let mut record = PostRecord { content_hash: 0, story, joined_at: Timestamp(0), expired: false, listed };
        let news = [(1, 100, false), (1, 99, false), (1, 101, true), (2, 100, true), (2, 100, false)];
        for (source, day, expected) in news {
            assert_eq!(record.list(source, day), expected, "source {source} on day {day}");
        }
        let known: Vec<_> = record.listed.iter().map(|listed| (listed.source, listed.day, listed.mark.0)).collect();
        assert_eq!(known, [(1, 101, 7), (2, 100, 0)]);
    }
}
