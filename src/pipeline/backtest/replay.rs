//! What would the line have decided on the posts of the archive, had these rules been in force?

use std::collections::{HashMap, HashSet};

use super::question::BacktestError;
use crate::archive::{Archive, Record, Window};
use crate::model::event::Decided;
use crate::model::{
    Candidate, Day, Match, Memory, Outcome, Post, PostId, Seen, SourceState, Spent, StoryDecision, StoryId,
    SuppressedAlert, Timestamp, ViewError,
};
use crate::pipeline::judge::{self, Around};
use crate::pipeline::{Overlay, Rules, receivers_of, route, watch};
use crate::query::{Subject, words};
use crate::score::{self, Baselines, StoryPace};

/// Posts of a source that tell what is usual there: enough for the score to compare with, few enough to be read.
const USUAL: usize = 30;
/// Sources of which that is asked; for more, engagement is rated on the fixed scale.
const MAX_SOURCES: usize = 500;

/// Posts of the archive, passed through the line once more in the order of their arrival.
pub(super) struct Replay<'a> {
    archive: &'a Archive,
    rules: &'a Rules,
    watch: &'a str,
    window: Window,
    told: Told,
    /// Stories with a mention.
    stories: HashSet<StoryId>,
    /// When the members of stories with several arrived, the earliest first.
    arrivals: HashMap<StoryId, Vec<Timestamp>>,
    baselines: Baselines,
    /// Sources that the baselines know.
    usual: HashSet<String>,
}

/// What the line says of a post.
pub(super) enum Judged {
    /// The watch does not match it.
    NotFound,
    Excluded(String),
    Mention(Box<Mention>),
}

/// A mention with what was decided on it.
pub(super) struct Mention {
    pub decided: Decided,
    /// Receivers that are told of it only because of the watch.
    pub only: Vec<String>,
}

/// The watches that match a post, and the exclusion that holds it back all the same.
pub(super) type Watched = (Vec<Match>, Option<SuppressedAlert>);

/// The first stage of the line; it remembers nothing, so that any thread may do it.
pub(super) fn watched(post: &Post, rules: &Rules) -> Watched {
    let (title, text) = (words(&post.title), words(&post.text));
    watch(&Subject { post, title: &title, text: &text, now: post.received, facts: None }, rules)
}

impl<'a> Replay<'a> {
    pub fn new(archive: &'a Archive, rules: &'a Rules, watch: &'a str, window: Window) -> Self {
        let told = Told::default();
        let (stories, arrivals, usual) = (HashSet::new(), HashMap::new(), HashSet::new());
        Self { archive, rules, watch, window, told, stories, arrivals, baselines: Baselines::default(), usual }
    }

    /// The stories with a mention so far.
    pub fn stories(&self) -> &HashSet<StoryId> {
        &self.stories
    }

    /// Passes the next post through the rest of the line.
    pub fn judge(&mut self, record: &Record, watched: Watched) -> Result<Judged, BacktestError> {
        let (matches, excluded) = watched;
        if !self.finds(&matches) {
            return Ok(Judged::NotFound);
        }
        if let Some(SuppressedAlert::OwnPost) = excluded {
            return Ok(Judged::NotFound);
        }
        if let Some(SuppressedAlert::Excluded { exclusion, .. }) = excluded {
            return Ok(Judged::Excluded(exclusion));
        }
        if self.stories.insert(record.story) && record.story.0 != record.post.id {
            self.meet(record)?;
        }
        let decided = self.decide(record, matches)?;
        let around = self.around(record)?;
        let only = self.only_because_of_the_watch(&decided, around);
        Ok(Judged::Mention(Box::new(Mention { decided, only })))
    }

    /// A story that began with a post which the walk does not visit: whom had it been told to before?
    fn meet(&mut self, record: &Record) -> Result<(), BacktestError> {
        let members = self.archive.members_by_arrival(record.story)?;
        for earlier in members.iter().take_while(|member| member.post.id != record.post.id) {
            let (matches, excluded) = watched(&earlier.post, self.rules);
            // A post of the walk speaks for itself when its turn comes, if that is not over.
            let visited = self.window.holds(earlier.post.received) && self.finds(&matches);
            if !visited && !matches.is_empty() && excluded.is_none() {
                self.decide(earlier, matches)?;
            }
        }
        Ok(())
    }

    fn finds(&self, matches: &[Match]) -> bool {
        matches.iter().any(|found| found.watch == self.watch)
    }

    fn decide(&mut self, record: &Record, matches: Vec<Match>) -> Result<Decided, BacktestError> {
        self.learn(&record.post)?;
        let (post, now) = (&record.post, record.post.received);
        let sense = judge::settled(score::read(post, &matches));
        let around = self.around(record)?;
        let score = judge::score(post, &matches, Some(&sense), now, around, self.rules, &self.baselines);
        let story = StoryDecision {
            story: record.story,
            joined_by: None,
            absorbs: Vec::new(),
            keys: Vec::new(),
            bands: Default::default(),
        };
        let mut decided = Decided {
            post: record.post.clone(),
            outcome: Outcome::Mention,
            content_hash: 0,
            matches,
            story,
            score,
            alerts: Vec::new(),
            held_back: Vec::new(),
            day: None,
            follow: false,
            answers: Vec::new(),
            standing: Default::default(),
            sense: Some(sense),
            corrected: None,
        };
        route(&mut decided, false, self.rules, &Overlay::new(&self.told))?;
        self.told.remember(&decided, self.rules);
        Ok(decided)
    }

    /// What was known around a post when it arrived.
    fn around(&mut self, record: &Record) -> Result<Around, BacktestError> {
        let post = &record.post;
        let answered = record.standing.answered.as_ref();
        let answered = answered.is_some_and(|answered| answered.at >= post.dated() && answered.at <= post.received);
        if record.story.0 == post.id {
            return Ok(Around { story: StoryPace { others: 0, opened_at: post.received }, answered });
        }
        if !self.arrivals.contains_key(&record.story) {
            let members = self.archive.members_by_arrival(record.story)?;
            self.arrivals.insert(record.story, members.iter().map(|member| member.post.received).collect());
        }
        let arrivals = self.arrivals.get(&record.story).map(Vec::as_slice).unwrap_or_default();
        let others = arrivals.iter().take_while(|arrival| **arrival < post.received).count();
        let opened_at = arrivals.first().copied().unwrap_or(post.received);
        Ok(Around { story: StoryPace { others: others as u32, opened_at }, answered })
    }

    /// What is usual at the post's source: what its latest posts in the archive gathered.
    fn learn(&mut self, post: &Post) -> Result<(), BacktestError> {
        let counts = &post.engagement;
        let counted = counts.likes.or(counts.replies).or(counts.shares).is_some();
        if !counted || self.usual.len() >= MAX_SOURCES || self.usual.contains(&post.source) {
            return Ok(());
        }
        self.usual.insert(post.source.clone());
        for usual in self.archive.latest_of(&post.source, USUAL)? {
            self.baselines.learn(&usual.post);
        }
        Ok(())
    }

    fn only_because_of_the_watch(&self, decided: &Decided, around: Around) -> Vec<String> {
        let mut receivers: Vec<String> = decided.alerts.iter().map(|alert| alert.receiver.clone()).collect();
        let mut others = decided.matches.clone();
        others.retain(|found| found.watch != self.watch);
        if others.is_empty() || receivers.is_empty() {
            return receivers;
        }
        let (post, now, sense) = (&decided.post, decided.post.received, decided.sense.as_ref());
        let score = judge::score(post, &others, sense, now, around, self.rules, &self.baselines);
        let without = receivers_of(post, &others, &score, sense, self.rules);
        receivers.retain(|receiver| without.iter().all(|routed| routed.receiver != *receiver));
        receivers
    }
}

/// Who was told of which story in the replay: all that the line must remember there.
#[derive(Debug, Default)]
struct Told {
    /// The receivers by their number.
    receivers: Vec<String>,
    numbers: HashMap<String, u16>,
    told: HashSet<(StoryId, u16)>,
    /// Stories that watches with a daily cap alerted on each day.
    spent: HashMap<(String, Day), HashSet<StoryId>>,
}

impl Told {
    fn remember(&mut self, decided: &Decided, rules: &Rules) {
        let is_capped = |watch: &str| rules.watches.get(watch).is_some_and(|spec| spec.max_alerts_per_day.is_some());
        if let Some(day) = decided.day.filter(|_| !decided.alerts.is_empty()) {
            for found in decided.alerted_for().iter().filter(|found| is_capped(&found.watch)) {
                self.spent.entry((found.watch.clone(), day)).or_default().insert(decided.story.story);
            }
        }
        for alert in &decided.alerts {
            // There are far fewer receivers than numbers; one more is told again.
            let Ok(next) = u16::try_from(self.receivers.len()) else { continue };
            let number = *self.numbers.entry(alert.receiver.clone()).or_insert(next);
            if number == next {
                self.receivers.push(alert.receiver.clone());
            }
            self.told.insert((alert.story, number));
        }
    }
}

impl Memory for Told {
    fn seen(&self, _: PostId) -> Result<Option<Seen>, ViewError> {
        Ok(None)
    }

    fn candidates(&self, keys: &[[u8; 16]]) -> Result<Vec<Option<Candidate>>, ViewError> {
        Ok(vec![None; keys.len()])
    }

    fn alerted(&self, story: StoryId) -> Result<Vec<String>, ViewError> {
        let told = |(number, _): &(usize, &String)| {
            u16::try_from(*number).is_ok_and(|number| self.told.contains(&(story, number)))
        };
        Ok(self.receivers.iter().enumerate().filter(told).map(|(_, receiver)| receiver.clone()).collect())
    }

    fn spent(&self, watch: &str, day: Day, story: StoryId) -> Result<Spent, ViewError> {
        let spent = self.spent.get(&(watch.to_owned(), day));
        let stories = spent.map_or(0, |stories| u32::try_from(stories.len()).unwrap_or(u32::MAX));
        Ok(Spent { stories, counted: spent.is_some_and(|stories| stories.contains(&story)) })
    }

    fn source(&self, _: &str) -> Result<SourceState, ViewError> {
        Ok(SourceState::default())
    }
}
