//! What would the line have decided on the posts of the archive, had these rules been in force?

use std::collections::{HashMap, HashSet};

use super::question::BacktestError;
use crate::archive::{Archive, Record, Window};
use crate::model::event::Decided;
use crate::model::{
    Candidate, Match, Memory, Outcome, Post, PostId, Seen, SourceState, StoryDecision, StoryId, ViewError,
};
use crate::pipeline::{Overlay, Rules, facts, route};
use crate::query::{Subject, words};
use crate::score::{self, Baselines, Sight};
use crate::watch::first_true;

/// Posts of a source that tell what is usual there.
const USUAL: usize = 100;
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

impl<'a> Replay<'a> {
    pub fn new(archive: &'a Archive, rules: &'a Rules, watch: &'a str, window: Window) -> Self {
        let told = Told::default();
        let (stories, usual) = (HashSet::new(), HashSet::new());
        Self { archive, rules, watch, window, told, stories, baselines: Baselines::default(), usual }
    }

    /// The stories with a mention so far.
    pub fn stories(&self) -> &HashSet<StoryId> {
        &self.stories
    }

    /// Passes the next post through the line.
    pub fn judge(&mut self, record: &Record, subject: &Subject<'_>) -> Result<Judged, BacktestError> {
        let matches = self.rules.watches.matches(subject);
        if !matches.iter().any(|found| found.watch == self.watch) {
            return Ok(Judged::NotFound);
        }
        if let Some((exclusion, _)) = first_true(&self.rules.exclusions, subject) {
            return Ok(Judged::Excluded(exclusion.name.clone()));
        }
        if self.stories.insert(record.story) && record.story.0 != record.post.id {
            self.meet(record)?;
        }
        let decided = self.decide(record, matches, subject)?;
        let only = self.only_because_of_the_watch(&decided, subject);
        Ok(Judged::Mention(Box::new(Mention { decided, only })))
    }

    /// A story that began with a post which the walk does not visit: whom had it been told to before?
    fn meet(&mut self, record: &Record) -> Result<(), BacktestError> {
        let members = self.archive.members_by_arrival(record.story)?;
        for earlier in members.iter().take_while(|member| member.post.id != record.post.id) {
            let received = earlier.post.received;
            let (title, text) = (words(&earlier.post.title), words(&earlier.post.text));
            let subject = Subject { post: &earlier.post, title: &title, text: &text, now: received, facts: None };
            let matches = self.rules.watches.matches(&subject);
            // A post of the walk speaks for itself when its turn comes, if that is not over.
            let visited = self.window.holds(received) && matches.iter().any(|found| found.watch == self.watch);
            if !visited && !matches.is_empty() && first_true(&self.rules.exclusions, &subject).is_none() {
                self.decide(earlier, matches, &subject)?;
            }
        }
        Ok(())
    }

    fn decide(
        &mut self,
        record: &Record,
        matches: Vec<Match>,
        subject: &Subject<'_>,
    ) -> Result<Decided, BacktestError> {
        self.learn(&record.post)?;
        let (post, now) = (&record.post, subject.now);
        let score = score::score(&Sight { post, matches: &matches, now, baselines: &self.baselines });
        let story = StoryDecision { story: record.story, joined_by: None, absorbs: Vec::new(), keys: Vec::new() };
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
        };
        route(&mut decided, false, self.rules, &Overlay::new(&self.told))?;
        self.told.remember(&decided);
        Ok(decided)
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

    fn only_because_of_the_watch(&self, decided: &Decided, subject: &Subject<'_>) -> Vec<String> {
        let mut receivers: Vec<String> = decided.alerts.iter().map(|alert| alert.receiver.clone()).collect();
        let mut others = decided.matches.clone();
        others.retain(|found| found.watch != self.watch);
        if others.is_empty() || receivers.is_empty() {
            return receivers;
        }
        let sight = Sight { post: &decided.post, matches: &others, now: subject.now, baselines: &self.baselines };
        let facts = facts(&others, &score::score(&sight));
        let without = self.rules.routes.decide(&Subject { facts: Some(&facts), ..*subject });
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
}

impl Told {
    fn remember(&mut self, decided: &Decided) {
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

    fn source(&self, _: &str) -> Result<SourceState, ViewError> {
        Ok(SourceState::default())
    }
}
