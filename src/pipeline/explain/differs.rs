//! What would the configuration of now do otherwise than what was done?

use serde::{Deserialize, Serialize};

use super::{AlertShown, Evidence};
use crate::archive::Record;
use crate::config::Config;
use crate::model::{Outcome, SuppressedAlert};
use crate::pipeline::facts;
use crate::query::{Because, Subject, WordList, why, why_not, words};
use crate::watch::first_true;

/// One thing that would be otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    pub change: Change,
    /// The watch, the exclusion or the receiver.
    pub name: String,
    /// As a sentence.
    pub words: String,
    /// The clauses that decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Because>,
}

/// What sort of thing would be otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A watch would match that did not.
    Matches,
    /// A watch would not match that did.
    MatchesNoMore,
    Excluded,
    ExcludedNoMore,
    /// A receiver would be told that was not.
    Tells,
    /// A receiver would not be told that was.
    TellsNoMore,
}

/// The words of a post, to ask queries about it as of its arrival.
pub(super) struct Words {
    title: WordList,
    text: WordList,
}

impl Words {
    pub(super) fn of(record: &Record) -> Self {
        Self { title: words(&record.post.title), text: words(&record.post.text) }
    }

    /// What watches and exclusions are asked about, at the moment that the post was read.
    pub(super) fn subject<'a>(&'a self, record: &'a Record) -> Subject<'a> {
        let post = &record.post;
        Subject { post, title: &self.title, text: &self.text, now: post.received, facts: None }
    }
}

impl Evidence<'_> {
    pub(super) fn differs(&self, record: &Record, alerts: &[AlertShown]) -> Vec<Difference> {
        let Some(config) = self.config else { return Vec::new() };
        let lists = Words::of(record);
        let subject = lists.subject(record);
        let mut found = watches(config, record, &subject);
        found.extend(exclusions(config, record, &subject));
        found.extend(receivers(config, record, &subject, alerts));
        found
    }
}

fn watches(config: &Config, record: &Record, subject: &Subject<'_>) -> Vec<Difference> {
    let recorded = |name: &str| record.matches.iter().any(|found| found.watch == name);
    let now = config.watches.matching(subject);
    let specs = now.iter().filter_map(|number| config.watches.specs().get(*number));
    let mut found: Vec<Difference> = specs
        .filter(|spec| !recorded(&spec.name))
        .map(|spec| Difference {
            change: Change::Matches,
            name: spec.name.clone(),
            words: format!("the watch `{}` would match it now", spec.name),
            because: why(spec.query.expr(), subject),
        })
        .collect();
    for matched in &record.matches {
        let (said, because) = match config.watches.get(&matched.watch) {
            None => (format!("the watch `{}` is not there any more", matched.watch), Vec::new()),
            Some(spec) => match why_not(spec.query.expr(), subject) {
                because if because.is_empty() => continue,
                because => (format!("the watch `{}` would not match it any more", matched.watch), because),
            },
        };
        found.push(Difference { change: Change::MatchesNoMore, name: matched.watch.clone(), words: said, because });
    }
    found
}

/// The exclusion that was recorded, if one was.
fn recorded_exclusion(record: &Record) -> Option<&str> {
    record.held_back.iter().find_map(|why| match why {
        SuppressedAlert::Excluded { exclusion, .. } => Some(exclusion.as_str()),
        SuppressedAlert::StoryAlerted { .. }
        | SuppressedAlert::FirstPoll { .. }
        | SuppressedAlert::NoRoute
        | SuppressedAlert::OwnPost
        | SuppressedAlert::DailyCap { .. }
        | SuppressedAlert::Flood { .. } => None,
    })
}

fn exclusions(config: &Config, record: &Record, subject: &Subject<'_>) -> Option<Difference> {
    let now = first_true(&config.exclusions, subject);
    let (change, name, said, because) = match (recorded_exclusion(record), now) {
        (None, Some((exclusion, _))) if !record.matches.is_empty() => (
            Change::Excluded,
            exclusion.name.clone(),
            format!("the exclusion `{}` would hold it back now", exclusion.name),
            why(exclusion.query.expr(), subject),
        ),
        (Some(recorded), None) => (
            Change::ExcludedNoMore,
            recorded.to_owned(),
            format!("the exclusion `{recorded}` would not hold it back any more"),
            Vec::new(),
        ),
        (None, _) | (Some(_), Some(_)) => return None,
    };
    Some(Difference { change, name, words: said, because })
}

/// Receivers that the routes of now choose, beside those that they chose; only where they were asked at all.
fn receivers(config: &Config, record: &Record, subject: &Subject<'_>, alerts: &[AlertShown]) -> Vec<Difference> {
    let Some(chosen) = chosen(record, alerts) else { return Vec::new() };
    let facts = facts(&record.matches, &record.score);
    let routed = config.route.decide(&Subject { facts: Some(&facts), ..*subject });
    let now: Vec<&str> = routed.iter().map(|routed| routed.receiver.as_str()).collect();
    let difference = |change, name: &str, said: &str| Difference {
        change,
        name: name.to_owned(),
        words: format!("the routes of now {said} `{name}`"),
        because: Vec::new(),
    };
    let added = now.iter().filter(|name| !chosen.contains(*name));
    let lost = chosen.iter().filter(|name| !now.contains(*name));
    added
        .map(|name| difference(Change::Tells, name, "lead to"))
        .chain(lost.map(|name| difference(Change::TellsNoMore, name, "do not lead to")))
        .collect()
}

/// The receivers that the routes chose for a post; `None` where they were not asked.
fn chosen<'r>(record: &'r Record, alerts: &'r [AlertShown]) -> Option<Vec<&'r str>> {
    if record.outcome != Outcome::Mention {
        return None;
    }
    let mut chosen: Vec<&str> = record.alerts.iter().map(|told| told.receiver.as_str()).collect();
    chosen.extend(
        alerts
            .iter()
            .filter(|alert| alert.raised_by == record.post.id && !alert.digest)
            .map(|alert| alert.receiver.as_str()),
    );
    for why in &record.held_back {
        match why {
            SuppressedAlert::StoryAlerted { receiver, .. }
            | SuppressedAlert::DailyCap { receiver, .. }
            | SuppressedAlert::Flood { receiver, .. } => chosen.push(receiver),
            SuppressedAlert::NoRoute => {}
            SuppressedAlert::FirstPoll { .. } | SuppressedAlert::Excluded { .. } | SuppressedAlert::OwnPost => {
                return None;
            }
        }
    }
    chosen.sort_unstable();
    chosen.dedup();
    Some(chosen)
}
