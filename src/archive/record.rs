//! What does the archive keep of a post, and what does a frame of the journal change in it?

use serde::{Deserialize, Serialize};

use crate::model::{
    Alert, AlertId, Answered, Bands, Corrected, Event, Match, Outcome, Post, PostId, Reason, Score, Sense, Standing,
    StoryId, SuppressedAlert, Update, event::Decided, event::ThreadRead, is_mention,
};
use crate::query::Facts;

use super::queue::{Change, News};

/// Room for what a record holds beside its words, in bytes; more is taken where it is needed.
const BESIDE_WORDS: usize = 1 << 10;

/// A post as it stands in the archive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub post: Post,
    /// The end it came to when it was last read; never `Rejected` or `AlreadySeen`.
    pub outcome: Outcome,
    pub story: StoryId,
    /// Without parts for a post that no watch matched.
    pub score: Score,
    pub matches: Vec<Match>,
    /// The alerts that it raised.
    pub alerts: Vec<Told>,
    /// Why nothing more was sent, when something might have been.
    pub held_back: Vec<SuppressedAlert>,
    /// What became of it since.
    #[serde(default)]
    pub standing: Standing,
    /// What its words say, for a post that a watch matched.
    #[serde(default)]
    pub sense: Option<Sense>,
    /// What people said of it, without its words.
    #[serde(default)]
    pub corrected: Option<Box<Corrected>>,
    /// By what copies of it are found.
    #[serde(default)]
    pub bands: Bands,
}

/// An alert that a post raised, and why it went to its receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub alert: AlertId,
    pub receiver: String,
    pub reason: Reason,
}

impl Record {
    /// Whether it is one of the mentions, for retention too: a watch matched, and no exclusion holds it back.
    pub fn is_mention(&self) -> bool {
        is_mention(&self.matches, &self.held_back)
    }

    /// What a query may ask that is not in the post itself. Only mentions have a score.
    pub fn facts(&self) -> Facts {
        let mut owners: Vec<String> = self.matches.iter().filter_map(|found| found.owner.clone()).collect();
        owners.sort();
        owners.dedup();
        let sense = self.sense_by_people();
        Facts {
            watches: self.matches.iter().map(|found| found.watch.clone()).collect(),
            owners,
            score: self.is_mention().then(|| f64::from(self.score.total)),
            outcome: Some(self.outcome),
            labels: sense.iter().flat_map(Sense::label_names).collect(),
            sentiment: sense.as_ref().and_then(|sense| sense.sentiment.value()).map(f64::from),
            ..Facts::default()
        }
    }

    /// What its words say, and where people said otherwise, what they said.
    pub fn sense_by_people(&self) -> Option<Sense> {
        let Some(corrected) = &self.corrected else { return self.sense.clone() };
        let mut sense = self.sense.clone().unwrap_or_default();
        corrected.onto(&mut sense);
        Some(sense)
    }

    /// Takes in what became of it. Taking the same in twice changes nothing.
    pub(super) fn take(&mut self, news: &News) {
        match news {
            News::Thread { engagement, accepted, closed } => {
                self.post.engagement = engagement.unwrap_or_default().over(self.post.engagement);
                self.standing.accepted = accepted.or(self.standing.accepted);
                self.standing.closed |= closed;
            }
            News::Said { engagement, tags } => {
                // The tags of a post that its site deleted are not kept any more.
                let tags = if self.standing.deleted.is_none() { &tags[..] } else { &[] };
                Update::take_into(*engagement, tags, &mut self.post);
            }
            News::Answered(answered) => {
                self.standing.answered.get_or_insert_with(|| answered.clone());
            }
            News::Feedback(feedback) => {
                let fresh = || Box::new(Corrected::new(feedback.post, feedback.at));
                let mut corrected = self.corrected.take().unwrap_or_else(fresh);
                corrected.take(feedback);
                corrected.blank();
                self.corrected = Some(corrected).filter(|corrected| !corrected.is_empty());
            }
            News::Deleted(at) => {
                self.post.blank();
                self.bands = Bands::default();
                self.matches.iter_mut().for_each(Match::blank);
                self.sense.iter_mut().for_each(Sense::blank);
                self.standing.deleted = Some(*at);
            }
        }
    }

    /// The bytes that are stored: MessagePack, fields by place.
    pub(super) fn encode(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::with_capacity(self.post.title.len() + self.post.text.len() + BESIDE_WORDS);
        rmp_serde::encode::write(&mut bytes, self).map_err(|why| why.to_string())?;
        Ok(bytes)
    }

    /// The record of stored bytes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        rmp_serde::from_slice(bytes).map_err(|why| why.to_string())
    }
}

impl From<&Decided> for Record {
    fn from(decided: &Decided) -> Self {
        Self {
            post: decided.post.clone(),
            outcome: decided.outcome,
            story: decided.story.story,
            score: decided.score.clone(),
            matches: decided.matches.clone(),
            alerts: decided.alerts.iter().map(Told::from).collect(),
            held_back: decided.held_back.clone(),
            standing: decided.standing.clone(),
            sense: decided.sense.clone(),
            corrected: decided.corrected.clone(),
            bands: decided.story.bands.clone(),
        }
    }
}

impl From<&Alert> for Told {
    fn from(alert: &Alert) -> Self {
        Self { alert: alert.id.clone(), receiver: alert.receiver.clone(), reason: alert.reason.clone() }
    }
}

/// What a frame changes in the archive. Moves of whole stories come first: they are about posts that are there
/// already, and what the frame says of a post counts more than what was there.
pub(super) fn changes(events: &[Event]) -> Vec<Change> {
    let mut moves = Vec::new();
    let mut posts = Vec::new();
    for event in events {
        match event {
            Event::Page(page) => {
                for decided in &page.posts {
                    keep(decided, &mut moves, &mut posts);
                    let answered = || News::Answered(Answered::by(&decided.post));
                    decided.answers.iter().for_each(|post| stand(*post, answered(), &mut posts));
                }
                for Update { post, engagement, tags } in page.updates.iter().cloned() {
                    stand(post, News::Said { engagement, tags }, &mut posts);
                }
            }
            Event::Feedback(feedback) => stand(feedback.post, News::Feedback(feedback.clone()), &mut posts),
            Event::Thread(read) => posts_of_thread(read, &mut posts),
            Event::Forgotten { posts: forgotten, .. } => posts.extend(forgotten.iter().copied().map(Change::Drop)),
            Event::Deleted { posts: deleted, at } => {
                deleted.iter().for_each(|post| stand(*post, News::Deleted(*at), &mut posts));
            }
            Event::Expired { posts: expired, at: _ } => posts.extend(expired.iter().copied().map(Change::Drop)),
            Event::SourceGone { .. }
            | Event::Delivery(_)
            | Event::Replayed { .. }
            | Event::DayOver { .. }
            | Event::Readmitted { .. }
            | Event::FloodOver { .. }
            | Event::Issue { .. }
            | Event::Down { .. } => {}
        }
    }
    moves.extend(posts);
    moves
}

/// Only what changed is worth writing a post anew.
fn posts_of_thread(read: &ThreadRead, posts: &mut Vec<Change>) {
    let ThreadRead { post, engagement, accepted, closed, .. } = read;
    if engagement.is_some() || accepted.is_some() || *closed {
        let (engagement, accepted, closed) = (*engagement, *accepted, *closed);
        stand(*post, News::Thread { engagement, accepted, closed }, posts);
    }
}

/// Adds what became of a post: to the post itself where this frame brings it, since only what was committed before can
/// be looked up.
fn stand(post: PostId, what: News, posts: &mut Vec<Change>) {
    for change in posts.iter_mut().rev() {
        match change {
            Change::Keep(record) if record.post.id == post => return record.take(&what),
            Change::Stand { post: known, news } if *known == post => return news.push(what),
            Change::Keep(_) | Change::Stand { .. } | Change::Drop(_) | Change::Merge { .. } => {}
        }
    }
    posts.push(Change::Stand { post, news: vec![what] });
}

/// Adds a post; stories that it proved to be the same move along, in the archive and in this frame.
fn keep(decided: &Decided, moves: &mut Vec<Change>, posts: &mut Vec<Change>) {
    let into = decided.story.story;
    for from in decided.story.absorbs.iter().copied() {
        for change in moves.iter_mut().chain(posts.iter_mut()) {
            match change {
                Change::Keep(record) if record.story == from => record.story = into,
                Change::Merge { into: earlier, .. } if *earlier == from => *earlier = into,
                Change::Keep(_) | Change::Merge { .. } | Change::Drop(_) | Change::Stand { .. } => {}
            }
        }
        moves.push(Change::Merge { from, into });
    }
    posts.push(Change::Keep(Box::new(Record::from(decided))));
}
