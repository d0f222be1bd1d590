//! What does one version of the watch make of the posts, and what is different under another one?

use std::collections::HashSet;

use super::question::BacktestError;
use super::replay::{Judged, Replay, Watched};
use super::report::{Amount, Change, Delta, Findings, Overlap, Searched};
use super::sample::{Samples, Shown};
use super::tally::Tally;
use crate::archive::{AgeTo, Archive, Record, Window};
use crate::model::{ClauseHit, Match, Post, StoryId};
use crate::pipeline::Rules;
use crate::query::{Because, Query, Subject, why_not, words};
use crate::watch::WatchSpec;

/// Most other watches in a report; each costs a count over the archive.
const MAX_OVERLAPS: usize = 20;

/// Where a back-test runs.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub archive: &'a Archive,
    pub watch: &'a str,
    pub window: Window,
    pub samples: usize,
    /// Two versions are compared.
    pub changed: bool,
}

/// The watch under one configuration.
pub(super) struct Side<'a> {
    place: Place<'a>,
    rules: &'a Rules,
    spec: &'a WatchSpec,
    replay: Replay<'a>,
    tally: Tally<'a>,
    samples: Samples,
}

/// What one side says of a post, as far as the other side is concerned.
pub(super) enum Said {
    NotFound,
    Excluded { exclusion: String },
    Mention { score: u8, hits: Vec<ClauseHit> },
}

impl<'a> Side<'a> {
    /// `None` when the rules have no such watch.
    pub fn new(place: Place<'a>, rules: &'a Rules) -> Option<Self> {
        let spec = rules.watches.get(place.watch)?;
        let replay = Replay::new(place.archive, rules, place.watch, place.window);
        let tally = Tally::new(&rules.time_zone, place.watch);
        Some(Self { place, rules, spec, replay, tally, samples: Samples::new(place.samples) })
    }

    pub fn query(&self) -> &'a Query {
        &self.spec.query
    }

    /// Judges a post and counts it.
    pub fn see(&mut self, record: &Record, watched: Watched) -> Result<Said, BacktestError> {
        let mention = match self.replay.judge(record, watched)? {
            Judged::NotFound => return Ok(Said::NotFound),
            Judged::Excluded(exclusion) => {
                self.tally.exclude(&exclusion);
                return Ok(Said::Excluded { exclusion });
            }
            Judged::Mention(mention) => mention,
        };
        self.tally.add(&mention);
        let decided = mention.decided;
        let (score, hits) = (decided.score.total, clauses_of(decided.matches, self.place.watch));
        let said = Said::Mention { score, hits: if self.place.changed { hits.clone() } else { Vec::new() } };
        let why = named(&hits);
        self.samples.add(Shown { post: decided.post, story: record.story, score, hits, why });
        Ok(said)
    }

    /// The figures.
    pub fn finish(self, archive: &Searched) -> Result<Findings, BacktestError> {
        let others = self.tally.others();
        let stories = self.replay.stories().len();
        let mut findings = self.tally.findings(self.spec.query.source(), stories, self.place.window, archive);
        let mentions = findings.mentions;
        for other in others.into_iter().take(MAX_OVERLAPS) {
            let spec = self.rules.watches.get(&other.name);
            let all = spec.and_then(|spec| count(&self.place, &spec.query));
            findings.overlaps.push(Overlap {
                share_of_this: share(other.posts, mentions),
                share_of_other: all.map(|all| share(other.posts, all)),
                watch: other.name,
                both: other.posts,
            });
        }
        findings.samples = self.samples.into_samples();
        Ok(findings)
    }
}

/// How many posts of the window a query is true of; `None` where that cannot be counted within the bounds.
fn count(place: &Place<'_>, query: &Query) -> Option<usize> {
    place.archive.count_within(query, place.window, AgeTo::Arrival).ok()
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) }
}

fn clauses_of(matches: Vec<Match>, watch: &str) -> Vec<ClauseHit> {
    matches.into_iter().find(|found| found.watch == watch).map(|found| found.clauses).unwrap_or_default()
}

fn named(hits: &[ClauseHit]) -> Vec<String> {
    hits.iter().map(|hit| hit.clause.clone()).collect()
}

/// The difference between two sides, post by post.
pub(super) struct Versus {
    added: (usize, Samples),
    removed: (usize, Samples),
    kept: usize,
}

impl Versus {
    pub fn new(samples: usize) -> Self {
        Self { added: (0, Samples::new(samples)), removed: (0, Samples::new(samples)), kept: 0 }
    }

    pub fn compare(&mut self, record: &Record, before: Option<Said>, after: Option<Said>) {
        let shown = |score, hits, why| Shown { post: record.post.clone(), story: record.story, score, hits, why };
        match (before, after) {
            (Some(Said::Mention { .. }), Some(Said::Mention { .. })) => self.kept += 1,
            (Some(Said::Mention { score, hits }), after) => {
                self.removed.0 += 1;
                self.removed.1.add(shown(score, hits, gone_because(after)));
            }
            (before, Some(Said::Mention { score, hits })) => {
                self.added.0 += 1;
                let freed = freed_from(before);
                let why = named(&hits).into_iter().chain(freed).collect();
                self.added.1.add(shown(score, hits, why));
            }
            (
                None | Some(Said::NotFound | Said::Excluded { .. }),
                None | Some(Said::NotFound | Said::Excluded { .. }),
            ) => {}
        }
    }

    pub fn finish(mut self, before: Option<&Side<'_>>, after: Option<&Side<'_>>) -> Change {
        if let Some(after) = after {
            self.removed.1.explain(|post| failing(after.query(), post));
        }
        let none = HashSet::new();
        let (before, after) = (stories(before, &none), stories(after, &none));
        let delta =
            |(posts, samples): (usize, Samples), stories| Delta { posts, stories, samples: samples.into_samples() };
        Change {
            added: delta(self.added, after.difference(before).count()),
            removed: delta(self.removed, before.difference(after).count()),
            kept: Amount { posts: self.kept, stories: before.intersection(after).count() },
        }
    }
}

fn stories<'s>(side: Option<&'s Side<'_>>, none: &'s HashSet<StoryId>) -> &'s HashSet<StoryId> {
    side.map_or(none, |side| side.replay.stories())
}

/// The clauses of a query that keep a post out.
fn failing(query: &Query, post: &Post) -> Vec<String> {
    let (title, text) = (words(&post.title), words(&post.text));
    let subject = Subject { post, title: &title, text: &text, now: post.received, facts: None };
    why_not(query.expr(), &subject).iter().map(Because::sentence).collect()
}

/// What keeps a post out that was a mention; the clauses that fail are found later, for what is shown.
fn gone_because(after: Option<Said>) -> Vec<String> {
    match after {
        None => vec!["the changed file has no such watch".to_owned()],
        Some(Said::Excluded { exclusion }) => vec![format!("held back by the exclusion `{exclusion}`")],
        Some(Said::NotFound | Said::Mention { .. }) => Vec::new(),
    }
}

/// What kept a post out that is a mention now, besides the query.
fn freed_from(before: Option<Said>) -> Option<String> {
    match before {
        Some(Said::Excluded { exclusion }) => Some(format!("was held back by the exclusion `{exclusion}`")),
        None | Some(Said::NotFound | Said::Mention { .. }) => None,
    }
}
