//! In which order does a post pass through Overheard?
//!
//! [`decide`] is the line: each stage is called once, in order, on one post of one page. It does no I/O
//! but asks a [`Memory`](crate::model::Memory). The daemon ([`supervise`]) feeds it from the door in ([`schedule`]) and writes what
//! it decides ([`writer`]); [`rehearse`] runs the same line and keeps nothing.

pub mod backtest;
mod board;
mod cap;
pub mod count;
pub mod coverage;
pub mod data;
mod days;
mod deaf;
pub mod discover;
pub mod doors;
mod ears;
pub mod evaluate;
pub mod explain;
pub mod feedback;
mod floods;
pub mod forget;
pub mod holds;
mod judge;
pub mod lessons;
pub mod look;
mod nearby;
mod ours;
mod overlay;
mod pace;
pub mod push;
mod rates;
pub mod rehearse;
pub mod schedule;
mod stream;
pub mod subscribe;
pub mod supervise;
mod threads;
mod upkeep;
pub mod usage;
pub mod writer;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use url::Url;

use cap::{Exhausted, Room};
use judge::Around;
use lessons::Lessons;

use crate::dedup;
use crate::model::event::{Decided, PageRead, Validators};
use crate::model::{
    Alert, Author, Bands, Candidate, Duration, JoinedBy, Mark, Match, Outcome, Post, PostId, Progress, RawPost,
    Reading, Rejection, Score, Scoring, Sense, Source, Standing, StoryDecision, StoryId, SuppressedAlert, Timestamp,
    Update, ViewError,
};
use crate::normalize::{self, Origin};
use crate::query::{self, Facts, Subject};
use crate::route::{Routed, Tree};
use crate::score::{self, Baselines};
use crate::watch::{Exclusion, WatchSet, first_true};

pub use board::Board;
pub use nearby::Nearby;
pub use ours::Ours;
pub use overlay::Overlay;

/// What the line decides by; swapped whole on a reload.
#[derive(Clone, Debug)]
pub struct Rules {
    pub watches: Arc<WatchSet>,
    pub routes: Arc<Tree>,
    /// What nobody wants to be told of.
    pub exclusions: Arc<Vec<Exclusion>>,
    /// When a day begins, for daily caps.
    pub time_zone: TimeZone,
    /// On the first poll of a source, older posts alert nobody.
    pub first_poll_alert_age: Duration,
    /// Who speaks for us.
    pub team: Arc<Ours>,
    /// Mentions with at least this score have their conversation followed.
    pub follow_score: u8,
    /// What a score is made of.
    pub scoring: Arc<Scoring>,
    /// Most alerts to a receiver in ten minutes; one that is not in here has no bound.
    pub max_alerts: Arc<HashMap<String, u32>>,
}

/// One page of a poll as the door hands it over.
#[derive(Clone, Debug)]
pub struct Page {
    pub source: String,
    pub kind: String,
    /// Where the answer came from; relative links are resolved against it.
    pub base: Url,
    pub received_at: Timestamp,
    pub reading: Reading,
    /// The source was never read to the end before.
    pub first_poll: bool,
    /// Set on the last page of a poll: what the frame of its posts makes durable with them.
    pub end: Option<PollEnd>,
    /// The page bound was reached before a known post.
    pub gap: bool,
    /// Says which posts' conversations can be followed; without it none can.
    pub asked: Option<Arc<dyn Source>>,
}

/// What a poll leaves behind for the next one.
#[derive(Clone, Debug)]
pub struct PollEnd {
    pub progress: Progress,
    pub validators: Option<Validators>,
}

/// What was decided on a page.
#[derive(Debug)]
pub struct Decision {
    pub read: PageRead,
    /// Every post that the page lists, new or not: what is remembered of them is kept.
    pub listed: Vec<PostId>,
    /// Posts known to us that the site deleted.
    pub deleted: Vec<PostId>,
}

/// What the line learns from the posts that pass through it; in memory only.
#[derive(Default)]
pub struct Learned {
    pub baselines: Baselines,
    pub nearby: Nearby,
    /// What people taught; `None` where nobody is listened to.
    pub lessons: Option<Arc<Lessons>>,
}

impl Learned {
    /// What a mention's words say, after what people taught.
    fn read(&self, post: &Post, matches: &[Match]) -> Sense {
        let untrained = score::read(post, matches);
        judge::settled(match &self.lessons {
            Some(lessons) => lessons.read(post, &untrained).sense,
            None => untrained,
        })
    }
}

/// THE LINE: every post of a page through every stage, each to exactly one outcome.
///
/// # Errors
/// When the memory cannot be asked; nothing was decided then.
pub fn decide(
    page: Page,
    rules: &Rules,
    memory: &mut Overlay<'_>,
    learned: &mut Learned,
) -> Result<Decision, ViewError> {
    let Page { source, kind, base, received_at, reading, first_poll, end, gap, asked } = page;
    let origin = Origin { source: &source, kind: &kind, base: &base, received_at };
    let mut read =
        PageRead { source: source.clone(), at: received_at, repaired: reading.repaired, gap, ..PageRead::default() };
    let mut listed = Vec::with_capacity(reading.posts.len());
    for raw in reading.posts {
        let ended = decide_post(raw, &origin, first_poll, rules, memory, learned)?;
        read.counts.add(ended.outcome());
        match ended {
            Ended::Rejected(why) if read.rejected.len() < PageRead::MAX_REJECTED => read.rejected.push(why),
            Ended::Rejected(_) => {}
            Ended::AlreadySeen { post, update } => {
                listed.push(post);
                if let Some(update) = update.filter(|_| read.updates.len() < PageRead::MAX_UPDATES) {
                    memory.note_said(post, &source, update.mark());
                    read.updates.push(update);
                }
            }
            Ended::Decided { mut decided, opened_at } => {
                decided.follow &= asked.as_ref().is_some_and(|source| source.follow(&decided.post).is_some());
                listed.push(decided.post.id);
                memory.remember(&decided, opened_at)?;
                read.posts.push(*decided);
            }
        }
    }
    if let Some(end) = end {
        read.progress = Some(end.progress);
        read.validators = end.validators;
    }
    let deleted = newly_deleted(&reading.deleted, memory)?;
    Ok(Decision { read, listed, deleted })
}

/// Those of the posts that the site deleted which we know and did not know to be deleted.
fn newly_deleted(keys: &[String], memory: &Overlay<'_>) -> Result<Vec<PostId>, ViewError> {
    let mut deleted = Vec::new();
    for post in keys.iter().map(|key| PostId::of(key)) {
        let known = memory.seen(post)?.is_some() && memory.standing(post)?.deleted.is_none();
        if known && !deleted.contains(&post) {
            deleted.push(post);
        }
    }
    Ok(deleted)
}

/// How one post ended.
enum Ended {
    Rejected(Rejection),
    /// With what is said of it anew, where that matters.
    AlreadySeen {
        post: PostId,
        update: Option<Update>,
    },
    /// With the moment at which the post's story was opened.
    Decided {
        decided: Box<Decided>,
        opened_at: Timestamp,
    },
}

impl Ended {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Rejected(_) => Outcome::Rejected,
            Self::AlreadySeen { .. } => Outcome::AlreadySeen,
            Self::Decided { decided, .. } => decided.outcome,
        }
    }
}

fn decide_post(
    raw: Result<RawPost, Rejection>,
    origin: &Origin<'_>,
    first_poll: bool,
    rules: &Rules,
    memory: &Overlay<'_>,
    learned: &mut Learned,
) -> Result<Ended, ViewError> {
    let post = match raw.and_then(|raw| normalize::post(raw, origin)) {
        Ok(post) => post,
        Err(rejection) => return Ok(Ended::Rejected(rejection)),
    };
    let content_hash = dedup::content_hash(&post);
    let known = memory.seen_by(post.id, origin.source)?;
    if let Some((_, said)) = known.filter(|(seen, _)| seen.content_hash == content_hash) {
        return Ok(Ended::AlreadySeen { post: post.id, update: said.and_then(|said| said_anew(&post, said)) });
    }
    let seen = known.map(|(seen, _)| seen);
    if is_forgotten(&post, memory)? {
        // Not even what it was: the id says it to whoever knows the post.
        let why = "forgotten on request".to_owned();
        return Ok(Ended::Rejected(Rejection { why, what: post.id.to_string() }));
    }
    learned.baselines.learn(&post);
    let (matches, excluded) = {
        let (title, text) = (query::words(&post.title), query::words(&post.text));
        let now = post.received;
        watch(&Subject { post: &post, title: &title, text: &text, now, facts: None }, rules)
    };
    let (story, opened_at) = match seen {
        Some(seen) => (stay_in(seen.story, learned.nearby.read(&post).bands()), post.received),
        None => find_story(&post, memory, &mut learned.nearby)?,
    };
    let (sense, score) = match matches.is_empty() {
        true => (None, Score::default()),
        false => {
            let sense = learned.read(&post, &matches);
            let around = Around::of(&post, &story, opened_at, memory)?;
            let score =
                judge::score(&post, &matches, Some(&sense), origin.received_at, around, rules, &learned.baselines);
            (Some(sense), score)
        }
    };
    let outcome = match (seen.is_some(), matches.is_empty(), excluded.is_some()) {
        (true, _, _) => Outcome::Edited,
        (false, true, _) => Outcome::Unmatched,
        (false, false, true) => Outcome::Suppressed,
        (false, false, false) => Outcome::Mention,
    };
    let mut decided = Decided {
        post,
        outcome,
        content_hash,
        matches,
        story,
        score,
        alerts: Vec::new(),
        held_back: excluded.into_iter().collect(),
        day: None,
        follow: false,
        answers: Vec::new(),
        standing: Standing::default(),
        sense,
        corrected: None,
    };
    converse(&mut decided, rules, memory)?;
    if outcome == Outcome::Mention {
        route(&mut decided, first_poll, rules, memory)?;
    }
    Ok(Ended::Decided { decided: Box::new(decided), opened_at })
}

/// What its source says of a post that it said otherwise last. What it does not say any more is no news.
fn said_anew(post: &Post, said: Mark) -> Option<Update> {
    let mark = Mark::of(&post.engagement, &post.tags);
    (mark != said && mark != Mark::NOTHING).then(|| Update::of(post))
}

/// Whether a post, or its author, is to be forgotten.
fn is_forgotten(post: &Post, memory: &Overlay<'_>) -> Result<bool, ViewError> {
    let author = match &post.author {
        Some(author) => memory.is_forgotten(Author::mark(&author.handle, &post.site))?,
        None => false,
    };
    Ok(author || memory.is_forgotten(post.id)?)
}

/// The watches that a post satisfies; and, if there are any, what holds it back all the same: the team wrote it, or an exclusion.
fn watch(subject: &Subject<'_>, rules: &Rules) -> (Vec<Match>, Option<SuppressedAlert>) {
    let matches = rules.watches.matches(subject);
    if matches.is_empty() {
        return (matches, None);
    }
    if rules.team.wrote(subject.post) {
        return (matches, Some(SuppressedAlert::OwnPost));
    }
    let excluded = first_true(&rules.exclusions, subject)
        .map(|(exclusion, clauses)| SuppressedAlert::Excluded { exclusion: exclusion.name.clone(), clauses });
    (matches, excluded)
}

/// What a post means to its conversation, and the conversation to it.
fn converse(decided: &mut Decided, rules: &Rules, memory: &Overlay<'_>) -> Result<(), ViewError> {
    let (post, score) = (&decided.post, decided.score.total);
    match decided.outcome {
        // What has words again is there again.
        Outcome::Edited => {
            decided.standing = Standing { deleted: None, ..memory.standing(post.id)? };
            let corrected = memory.corrected(post.id)?;
            decided.corrected = corrected.map(|mut corrected| {
                corrected.blank();
                Box::new(corrected)
            });
        }
        Outcome::Mention => {
            let wanted = |found: &Match| {
                let follow = rules.watches.get(&found.watch).and_then(|watch| watch.follow);
                follow.unwrap_or(score >= rules.follow_score)
            };
            decided.follow = decided.matches.iter().any(wanted);
            // A page may list the team's reply before the post that it answers.
            let answered = memory.standing(post.conversation())?.answered;
            decided.standing.answered = answered.filter(|answered| answered.at >= post.dated());
        }
        Outcome::Rejected | Outcome::AlreadySeen | Outcome::Unmatched | Outcome::Suppressed => {}
    }
    if decided.outcome != Outcome::Edited && rules.team.wrote(post) {
        decided.answers = answers(post, memory)?;
    }
    Ok(())
}

/// What a reply of the team answers: the root, and the mentions in the conversation that were there before it.
fn answers(reply: &Post, memory: &Overlay<'_>) -> Result<Vec<PostId>, ViewError> {
    let Some(root) = reply.thread else { return Ok(Vec::new()) };
    let mentions = memory.mentions_in(root)?;
    let before = mentions.into_iter().filter(|(post, at)| *post != root && *at <= reply.dated());
    let mut answered = Vec::new();
    for post in std::iter::once(root).chain(before.map(|(post, _)| post)) {
        if memory.standing(post)?.answered.is_none() {
            answered.push(post);
        }
    }
    Ok(answered)
}

/// An edited post stays where it is and gets no new keys.
fn stay_in(story: StoryId, bands: Bands) -> StoryDecision {
    StoryDecision { story, joined_by: None, absorbs: Vec::new(), keys: Vec::new(), bands }
}

/// The story of a new post, and when it was opened.
fn find_story(post: &Post, memory: &Overlay<'_>, nearby: &mut Nearby) -> Result<(StoryDecision, Timestamp), ViewError> {
    let dedup::Keys { own, sought, text } = dedup::keys(post);
    let mut found = stories_of(&sought, memory)?;
    let reading = nearby.read(post);
    // Too short a text proves nothing; of the very same one there is nothing nearer to look for.
    let key = text.filter(|_| !found.iter().any(|(by, _)| *by == JoinedBy::SameText));
    if key.is_some() {
        let near: Vec<_> = nearby.like(&reading).into_iter().map(|key| (key, JoinedBy::NearText)).collect();
        found.extend(stories_of(&near, memory)?);
    }
    let mut story = dedup::decide(post, own, &found);
    if text.is_some() {
        story.bands = reading.bands();
    }
    if let Some(key) = key {
        nearby.keep(reading, key, story.joined_by.is_none());
    }
    let joined = found.iter().find(|(_, candidate)| candidate.story == story.story);
    let opened_at = joined.map_or(post.received, |(_, candidate)| candidate.opened_at);
    Ok((story, opened_at))
}

/// The stories that posts with these keys joined, with what that proves.
fn stories_of(sought: &[([u8; 16], JoinedBy)], memory: &Overlay<'_>) -> Result<Vec<(JoinedBy, Candidate)>, ViewError> {
    if sought.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<[u8; 16]> = sought.iter().map(|(key, _)| *key).collect();
    let found = memory.candidates(&keys)?.into_iter().zip(sought);
    Ok(found.filter_map(|(candidate, (_, by))| candidate.map(|candidate| (*by, candidate))).collect())
}

/// Turns a mention into alerts, one a receiver and story, or into the reasons why there is none.
fn route(decided: &mut Decided, first_poll: bool, rules: &Rules, memory: &Overlay<'_>) -> Result<(), ViewError> {
    let post = &decided.post;
    let age = post.received.since(post.dated());
    if first_poll && age > rules.first_poll_alert_age {
        decided.held_back.push(SuppressedAlert::FirstPoll { published: post.published });
        return Ok(());
    }
    let told = already_told(&decided.story, memory)?;
    let day = post.received.day(&rules.time_zone);
    let Room { open, exhausted } = cap::room(decided, day, rules, memory)?;
    let all = receivers_of(post, &decided.matches, &decided.score, decided.sense.as_ref(), rules);
    // A watch without room chooses nobody; who is chosen only because of it waits for the digest.
    let chosen = match (&exhausted, open.is_empty()) {
        (None, _) => all.clone(),
        (Some(_), true) => Vec::new(),
        (Some(_), false) => receivers_of(post, &open, &decided.score, decided.sense.as_ref(), rules),
    };
    let only_then = |routed: &Routed| chosen.iter().all(|other| other.receiver != routed.receiver);
    let waiting: Vec<_> = all.into_iter().filter(only_then).map(|routed| (routed, exhausted.clone())).collect();
    for (routed, waits) in chosen.into_iter().map(|routed| (routed, None)).chain(waiting) {
        let receiver = routed.receiver.clone();
        if told.contains(&receiver) {
            decided.held_back.push(SuppressedAlert::StoryAlerted { receiver, story: decided.story.story });
            continue;
        }
        decided.day = Some(day);
        if let Some(Exhausted { watch, cap, day }) = waits {
            decided.held_back.push(SuppressedAlert::DailyCap { receiver, watch, cap, day, route: routed.reason });
        } else if let Some((cap, window)) = cap::flooded(&receiver, decided.post.received, rules, memory)? {
            decided.held_back.push(SuppressedAlert::Flood { receiver, cap, window, route: routed.reason });
        } else {
            decided.alerts.push(alert(decided, routed, &open));
        }
    }
    if decided.alerts.is_empty() && decided.held_back.is_empty() {
        decided.held_back.push(SuppressedAlert::NoRoute);
    }
    Ok(())
}

fn alert(decided: &Decided, routed: Routed, matches: &[Match]) -> Alert {
    let story = decided.story.story;
    Alert {
        id: alert_id(story, &routed.receiver),
        receiver: routed.receiver,
        story,
        post: decided.post.clone(),
        matches: matches.to_vec(),
        score: decided.score.clone(),
        reason: routed.reason,
        decided_at: decided.post.received,
        sample: false,
        digest: None,
        issue: None,
        sense: decided.sense.clone(),
    }
}

/// Whom the routes choose for a post with these matches and this score.
fn receivers_of(post: &Post, matches: &[Match], score: &Score, sense: Option<&Sense>, rules: &Rules) -> Vec<Routed> {
    // Most routes ask for watch, owner and score alone; words are dear.
    let words = |text| if rules.routes.reads_text() { query::words(text) } else { query::WordList::default() };
    let (title, text, facts) = (words(&post.title), words(&post.text), facts(matches, score, sense));
    rules.routes.decide(&Subject { post, title: &title, text: &text, now: post.received, facts: Some(&facts) })
}

/// What routes and searches may ask of a mention beyond its post.
pub fn facts(matches: &[Match], score: &Score, sense: Option<&Sense>) -> Facts {
    Facts {
        watches: matches.iter().map(|found| found.watch.clone()).collect(),
        owners: matches.iter().filter_map(|found| found.owner.clone()).collect(),
        score: (!matches.is_empty()).then(|| f64::from(score.total)),
        labels: sense.into_iter().flat_map(Sense::label_names).collect(),
        sentiment: sense.and_then(|sense| sense.sentiment.value()).map(f64::from),
        ..Facts::default()
    }
}

/// Receivers that were told of this story, or of one that it now absorbs.
fn already_told(story: &StoryDecision, memory: &Overlay<'_>) -> Result<Vec<String>, ViewError> {
    let mut told = memory.alerted(story.story)?;
    for absorbed in &story.absorbs {
        told.extend(memory.alerted(*absorbed)?);
    }
    Ok(told)
}

/// The same story and receiver always give the same id, so that a repeated delivery is known as one.
fn alert_id(story: StoryId, receiver: &str) -> String {
    let hash = blake3::hash(format!("{story}\n{receiver}").as_bytes()).to_hex();
    format!("alert_{}", &hash[..24])
}

#[cfg(test)]
mod tests;
