//! Which conversations are followed, which mentions are in them, and what became of posts since?

use std::collections::HashMap;

use super::codec::{pack, unpack};
use super::key;
use super::layers::Layers;
use super::read::wrong_key;
use super::record::{FollowedRecord, StandingRecord};
use super::{Store, failed};
use crate::model::event::{Decided, ThreadRead, Validators};
use crate::model::{
    Alert, Answered, MAX_ANSWERED, Mark, Match, Outcome, PostId, Standing, Timestamp, ViewError, is_mention,
    next_reading,
};

/// A conversation that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Its root.
    pub conversation: PostId,
    /// The mention for which it is followed.
    pub post: PostId,
    /// The source that brought the mention.
    pub source: String,
    /// The mention's, 0–100.
    pub score: u8,
    /// When the mention was read.
    pub since: Timestamp,
    /// When it is read next.
    pub next: Timestamp,
    /// Times that it was read so far.
    pub readings: u32,
    pub validators: Option<Validators>,
}

impl Store {
    /// Every conversation that is followed, by root.
    pub fn followed(&self) -> Result<Vec<Followed>, ViewError> {
        self.read(Layers::followed)
    }

    /// How the conversation with this root is followed, if it is.
    pub fn followed_in(&self, root: PostId) -> Result<Option<Followed>, ViewError> {
        let record = self.read(|layers| layers.get(&key::followed(root)))?;
        record.map(|bytes| Ok(unpack::<FollowedRecord>(&bytes)?.of(root))).transpose()
    }

    /// Every post that was deleted at its site, and when that was seen: what was written of it by then is kept no more.
    pub fn blanked(&self) -> Result<HashMap<PostId, Timestamp>, ViewError> {
        self.read(|layers| {
            let mut found = HashMap::new();
            for entry in layers.scan(&[key::STANDING])? {
                let (key, value) = entry?;
                let post = key::last_post(&key).ok_or_else(wrong_key)?;
                found.extend(unpack::<StandingRecord>(&value)?.blank_to.map(|at| (post, at)));
            }
            Ok(found)
        })
    }
}

/// How a mention that was just decided is followed; `None` when that is over before it began.
pub(super) fn begun(decided: &Decided, source: &str) -> Option<Followed> {
    let post = &decided.post;
    let (conversation, since) = (post.conversation(), post.received);
    Some(Followed {
        conversation,
        post: post.id,
        source: source.to_owned(),
        score: decided.score.total,
        since,
        next: next_reading(conversation, since, since)?,
        readings: 0,
        validators: None,
    })
}

/// The same after another reading; `None` when it is followed no more.
pub(super) fn read_again(known: Followed, read: &ThreadRead) -> Option<Followed> {
    let readings = known.readings.saturating_add(1);
    Some(Followed { next: read.next?, readings, validators: read.validators.clone(), ..known })
}

/// What a reading changes in the standing of its post.
pub(super) fn stand_after(known: &mut Standing, read: &ThreadRead) {
    known.accepted = read.accepted.or(known.accepted);
    known.closed |= read.closed;
}

/// Takes the words of deleted posts out of an alert; says whether there were any.
pub fn blank_alert(alert: &mut Alert, is_deleted: &dyn Fn(PostId) -> bool) -> bool {
    let mut found = false;
    if is_deleted(alert.post.id) {
        let before = alert.post.clone();
        alert.post.blank();
        alert.matches.iter_mut().for_each(Match::blank);
        found = alert.post != before;
    }
    for entry in alert.digest.iter_mut().flat_map(|digest| &mut digest.listed).filter(|entry| is_deleted(entry.post)) {
        found |= !entry.title.is_empty();
        entry.title.clear();
    }
    found
}

impl Layers {
    pub fn followed(&self) -> Result<Vec<Followed>, ViewError> {
        let mut found = Vec::new();
        for entry in self.scan(&[key::FOLLOWED])? {
            let (key, value) = entry?;
            let conversation = key::last_post(&key).ok_or_else(wrong_key)?;
            found.push(unpack::<FollowedRecord>(&value)?.of(conversation));
        }
        Ok(found)
    }

    pub fn standing_record(&self, post: PostId) -> Result<StandingRecord, ViewError> {
        self.get(&key::standing(post))?.map_or(Ok(StandingRecord::default()), |bytes| unpack(&bytes))
    }

    fn put_standing(&mut self, post: PostId, record: &StandingRecord) -> Result<(), ViewError> {
        self.put(&key::standing(post), pack(record)?);
        Ok(())
    }

    /// See [`crate::model::Memory::mentions_in`].
    pub fn mentions_in(&self, root: PostId) -> Result<Vec<(PostId, Timestamp)>, ViewError> {
        let mut found = Vec::new();
        for entry in self.scan(&key::mentions_in(root))? {
            let (key, value) = entry?;
            let dated = value.as_ref().try_into().map_err(|_| failed("a mention has no date"))?;
            let post = key::last_post(&key).ok_or_else(wrong_key)?;
            found.push((post, Timestamp(i64::from_be_bytes(dated))));
        }
        Ok(newest(found))
    }

    /// What was decided on a post that is about its conversation.
    pub fn apply_conversation(&mut self, decided: &Decided, source: &str) -> Result<(), ViewError> {
        let (post, conversation) = (&decided.post, decided.post.conversation());
        if is_mention(&decided.matches, &decided.held_back) {
            let dated = post.dated().0.to_be_bytes();
            self.put(&key::mentioned(conversation, post.id), (&dated[..]).into());
        }
        if says_standing(decided) {
            let known = self.standing_record(post.id)?;
            self.put_standing(post.id, &StandingRecord { standing: decided.standing.clone(), ..known })?;
        }
        for answered in &decided.answers {
            let mut record = self.standing_record(*answered)?;
            record.standing.answered.get_or_insert_with(|| Answered::by(post));
            self.put_standing(*answered, &record)?;
        }
        let key = key::followed(conversation);
        if !decided.follow || self.get(&key)?.is_some() {
            return Ok(());
        }
        if let Some(followed) = begun(decided, source) {
            self.put(&key, pack(&FollowedRecord::from(followed))?);
        }
        Ok(())
    }

    pub fn apply_thread(&mut self, read: &ThreadRead) -> Result<(), ViewError> {
        if read.accepted.is_some() || read.closed {
            let mut record = self.standing_record(read.post)?;
            stand_after(&mut record.standing, read);
            self.put_standing(read.post, &record)?;
        }
        if read.engagement.is_some() {
            self.forget_said(read)?;
        }
        let key = key::followed(read.conversation);
        let Some(known) = self.get(&key)? else { return Ok(()) };
        match read_again(unpack::<FollowedRecord>(&known)?.of(read.conversation), read) {
            Some(followed) => self.put(&key, pack(&FollowedRecord::from(followed))?),
            None => self.remove(&key),
        }
        Ok(())
    }

    /// Its conversation says otherwise than its source did last: whatever the next poll says is newer than that.
    fn forget_said(&mut self, read: &ThreadRead) -> Result<(), ViewError> {
        let (post, lister) = (self.post(read.post)?, self.lister(&read.source)?);
        if let (Some(mut record), Some(lister)) = (post, lister) {
            record.say(lister.number, Mark::NOTHING);
            self.put_post(read.post, &record);
        }
        Ok(())
    }

    pub fn apply_deleted(&mut self, posts: &[PostId], at: Timestamp) -> Result<(), ViewError> {
        for post in posts {
            let mut record = self.standing_record(*post)?;
            record.standing.deleted = Some(at);
            record.blank_to = Some(at);
            self.put_standing(*post, &record)?;
            self.blank_feedback(*post)?;
        }
        let mut blanked = Vec::new();
        for entry in self.scan(&[key::DELIVERY])? {
            let (key, value) = entry?;
            // Decoding all of them would take long; an id stands in the bytes as it is.
            let names = |post: &PostId| value.windows(post.0.len()).any(|bytes| bytes == post.0);
            if posts.iter().any(names) {
                blanked.extend(key::name(&key).map(str::to_owned));
            }
        }
        for alert in blanked {
            let Some(mut record) = self.delivery(&alert)? else { continue };
            if blank_alert(&mut record.alert, &|post| posts.contains(&post)) {
                self.put_delivery(&record)?;
            }
        }
        Ok(())
    }
}

/// Whether what is known of a post changes with it: of most posts nothing is, and nothing needs to be looked up.
pub(super) fn says_standing(decided: &Decided) -> bool {
    decided.outcome == Outcome::Edited || decided.standing != Standing::default()
}

/// The newest first, those of one moment by id; at most so many as one reply answers.
pub(super) fn newest(mut mentions: Vec<(PostId, Timestamp)>) -> Vec<(PostId, Timestamp)> {
    mentions.sort_by(|(a, left), (b, right)| right.cmp(left).then_with(|| a.cmp(b)));
    mentions.truncate(MAX_ANSWERED);
    mentions
}
