//! Which sources cannot be heard any more, and who must be told of it?
//!
//! Looked at once a minute. What is wrong long enough joins an [`Issue`] of its host, or of the network when hardly anybody
//! can be reached; an issue is told of when it is opened and when it is closed, and never in between.

use std::collections::{BTreeMap, BTreeSet};

use super::Rules;
use crate::model::{
    Alert, DeafSource, Deafness, Duration, Health, Issue, Post, PostId, PostType, Score, SourceHealth, StoryId,
    Timestamp,
};
use crate::query::{self, Facts, Subject};

/// So many askings in a row must have failed.
const FAILURES: u32 = 3;
/// And for so long at least: a site that is restarted is no issue.
const TROUBLED: Duration = Duration::minutes(10);
/// A wait is an issue when it is this long ...
const LONG_WAIT: Duration = Duration::hours(6);
/// ... or when one wait has followed the other for so long.
const ONLY_WAITS: Duration = Duration::hours(1);
/// Read in a lesser way for this long.
const DEGRADED: Duration = Duration::minutes(30);
/// An issue is closed when all its sources have been heard for this long.
const SETTLED: Duration = Duration::minutes(30);
/// With so many hosts, or more, out of reach ...
const NETWORK_HOSTS: usize = 3;
/// ... and this part of all hosts, the fault is likely on our side.
const NETWORK_SHARE: f64 = 0.6;

/// A source as it is now.
#[derive(Clone, Debug)]
pub struct Ear {
    pub seen: SourceHealth,
    /// The host that it asks, or `pushed to NAME`.
    pub host: String,
    /// It brings far less than it did: in words how much.
    pub shrunk: Option<String>,
    /// It was stale a minute ago too: a machine that slept is no issue.
    pub stale_before: bool,
}

/// Every issue that is new or stands otherwise than before.
pub fn changes(open: &[Issue], ears: &[Ear], now: Timestamp) -> Vec<Issue> {
    let deaf: BTreeMap<&str, DeafSource> =
        ears.iter().filter_map(|ear| Some((ear.seen.name.as_str(), deafness(ear, now)?))).collect();
    let by_name: BTreeMap<&str, &Ear> = ears.iter().map(|ear| (ear.seen.name.as_str(), ear)).collect();
    let mut issues = open.to_vec();
    for issue in &mut issues {
        issue.sources.iter_mut().for_each(|source| update(source, &deaf, &by_name, now));
        let heard = issue.sources.iter().map(|source| source.until).collect::<Option<Vec<_>>>();
        issue.closed = heard.and_then(|heard| heard.into_iter().max()).filter(|last| now.since(*last) >= SETTLED);
    }
    let known: BTreeSet<String> = open.iter().flat_map(|issue| &issue.sources).map(|of| of.source.clone()).collect();
    let network = is_network(ears);
    for ear in ears.iter().filter(|ear| !known.contains(&ear.seen.name)) {
        let Some(source) = deaf.get(ear.seen.name.as_str()) else { continue };
        let subject = if network && source.reason == Deafness::Unreachable { Issue::NETWORK } else { &ear.host };
        join(&mut issues, subject, source.clone(), now);
    }
    // Those that were open stand first, in their order; new ones follow.
    let mut before = open.iter();
    issues.retain(|issue| before.next() != Some(issue));
    issues
}

/// Takes a source into the open issue of its subject, or opens one.
fn join(issues: &mut Vec<Issue>, subject: &str, source: DeafSource, now: Timestamp) {
    let open = issues.iter_mut().find(|issue| issue.subject == subject && issue.closed.is_none());
    match open {
        Some(issue) if issue.sources.len() < Issue::MAX_SOURCES => issue.sources.push(source),
        // It names enough of them.
        Some(_) => {}
        None => issues.push(Issue {
            id: Issue::id(subject, now),
            subject: subject.to_owned(),
            sources: vec![source],
            opened: now,
            closed: None,
        }),
    }
}

fn update(source: &mut DeafSource, deaf: &BTreeMap<&str, DeafSource>, ears: &BTreeMap<&str, &Ear>, now: Timestamp) {
    match (deaf.get(source.source.as_str()), ears.get(source.source.as_str())) {
        (Some(still), _) => {
            // What it answers (a moment, a number) may change with each asking; only another reason is news.
            if source.reason != still.reason {
                *source = DeafSource { since: source.since, ..still.clone() };
            }
            source.until = None;
        }
        // Not configured any more: nobody waits for it.
        (None, None) => source.until = source.until.or(Some(now)),
        (None, Some(ear)) if is_heard(ear, source.since) => source.until = source.until.or(ear.seen.last_answered),
        // Not asked yet since the start, or failing for too short a time to say.
        (None, Some(_)) => {}
    }
}

fn is_heard(ear: &Ear, since: Timestamp) -> bool {
    let answers = matches!(ear.seen.health, Health::Ok | Health::Quiet) && ear.seen.degraded.is_none();
    answers && ear.shrunk.is_none() && ear.seen.last_answered.is_some_and(|answered| answered > since)
}

/// What is wrong with a source, if it has been for long enough.
fn deafness(ear: &Ear, now: Timestamp) -> Option<DeafSource> {
    let seen = &ear.seen;
    let troubled = seen.troubled_since.map(|since| now.since(since)).unwrap_or_default();
    let overdue = seen.next_due.map(|due| now.since(due)).unwrap_or_default();
    let waits = seen.next_due.map(|due| due.since(now)).unwrap_or_default();
    let said = || seen.last_error.clone().unwrap_or_default();
    let (reason, why, since) = match seen.reason {
        Some(Deafness::Gone) => (Deafness::Gone, said(), seen.troubled_since),
        Some(Deafness::Limited) if waits >= LONG_WAIT || troubled >= ONLY_WAITS => {
            (Deafness::Limited, said(), seen.troubled_since)
        }
        Some(Deafness::Limited) => return None,
        Some(reason) if seen.failures >= FAILURES && troubled >= TROUBLED => (reason, said(), seen.troubled_since),
        Some(_) => return None,
        None if seen.health == Health::Stale && ear.stale_before && overdue >= TROUBLED => {
            (Deafness::Stale, "it was not asked in time".to_owned(), seen.last_answered.or(seen.next_due))
        }
        None if seen.degraded_since.is_some_and(|since| now.since(since) >= DEGRADED) => {
            (Deafness::Degraded, seen.degraded.clone().unwrap_or_default(), seen.degraded_since)
        }
        None => (Deafness::Shrinking, ear.shrunk.clone()?, Some(now)),
    };
    Some(DeafSource {
        source: seen.name.clone(),
        kind: seen.kind.clone(),
        reason,
        why,
        since: since.unwrap_or(now),
        until: None,
    })
}

/// Whether hardly any host can be reached; those that fail for the first time count too.
fn is_network(ears: &[Ear]) -> bool {
    let hosts: BTreeSet<&str> = ears.iter().map(|ear| ear.host.as_str()).collect();
    let out = |ear: &&Ear| ear.seen.reason == Some(Deafness::Unreachable);
    let out_of_reach: BTreeSet<&str> = ears.iter().filter(out).map(|ear| ear.host.as_str()).collect();
    out_of_reach.len() >= NETWORK_HOSTS && out_of_reach.len() as f64 >= hosts.len() as f64 * NETWORK_SHARE
}

/// Whom an issue is told to: everybody whom the routes choose for it, once when it is opened and once when it is closed.
pub fn alerts(issue: &Issue, is_new: bool, rules: &Rules, now: Timestamp) -> Vec<Alert> {
    if !is_new && issue.closed.is_none() {
        return Vec::new();
    }
    let post = post_of(issue, now);
    let (title, text, facts) = (query::words(&post.title), query::words(&post.text), Facts::default());
    let subject = Subject { post: &post, title: &title, text: &text, now, facts: Some(&facts) };
    let alert = |routed: crate::route::Routed| Alert {
        id: alert_id(issue, &routed.receiver),
        receiver: routed.receiver,
        story: StoryId(PostId::of(&issue.id)),
        post: post.clone(),
        matches: Vec::new(),
        score: Score::default(),
        reason: routed.reason,
        decided_at: now,
        sample: false,
        digest: None,
        issue: Some(issue.clone()),
        sense: None,
    };
    rules.routes.decide(&subject).into_iter().map(alert).collect()
}

fn alert_id(issue: &Issue, receiver: &str) -> String {
    let what = if issue.closed.is_some() { "closed" } else { "opened" };
    let hash = blake3::hash(format!("{}\n{what}\n{receiver}", issue.id).as_bytes()).to_hex();
    format!("alert_{}", &hash[..24])
}

/// The issue as the routes see it: `type:issue`, with source and kind of its first source, and the reasons as tags.
fn post_of(issue: &Issue, now: Timestamp) -> Post {
    let first = issue.sources.first();
    let tags: BTreeSet<String> = issue.sources.iter().map(|source| source.reason.name().to_owned()).collect();
    Post {
        source: first.map(|source| source.source.clone()).unwrap_or_default(),
        kind: first.map(|source| source.kind.clone()).unwrap_or_default(),
        site: issue.subject.clone(),
        post_type: PostType::Issue,
        title: issue.title(),
        text: issue.text(),
        published: Some(issue.closed.unwrap_or(issue.opened)),
        tags: tags.into_iter().collect(),
        ..Post::bare(&issue.id, now)
    }
}

#[cfg(test)]
mod tests;
