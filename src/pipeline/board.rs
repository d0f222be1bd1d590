//! How is each source doing right now?

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{counter, gauge};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::model::{
    Counts, Deafness, Duration, FetchProblem, Health, HealthChange, Outcome, SourceHealth, Sources, Timestamp,
};
use crate::telemetry::{POLLS, POSTS, SOURCE_HEALTH};

/// A source that brought nothing new for this long is quiet.
const QUIET_AFTER: Duration = Duration::days(7);
/// A source that was not asked for this many of its intervals past its time is stale.
const STALE_INTERVALS: u64 = 3;

/// The health of every configured source. Cheap to clone; clones share it.
#[derive(Clone, Debug)]
pub struct Board {
    clock: Clock,
    sources: Arc<Mutex<Entries>>,
}

/// What a restart must not forget of a source that could not be heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub since: Timestamp,
    /// Askings in a row that failed.
    pub failures: u32,
}

/// In the order of the configuration, found by name.
#[derive(Debug, Default)]
struct Entries {
    list: Vec<Entry>,
    place: HashMap<String, usize>,
    /// A state changed since the histories were taken last.
    is_news: bool,
}

#[derive(Debug)]
struct Entry {
    every: Duration,
    seen: SourceHealth,
}

impl Board {
    /// An empty board.
    pub fn new(clock: Clock) -> Self {
        Self { clock, sources: Arc::default() }
    }

    /// Takes the configured sources (name, kind, interval) in their order; what is known of those that stay is kept.
    pub fn configure(&self, sources: impl IntoIterator<Item = (String, String, Duration)>) {
        let mut entries = self.lock();
        let mut known: HashMap<String, SourceHealth> =
            entries.list.drain(..).map(|entry| (entry.seen.name.clone(), entry.seen)).collect();
        entries.list.extend(sources.into_iter().map(|(name, kind, every)| {
            let fresh = || SourceHealth { name: name.clone(), ..SourceHealth::default() };
            let seen = known.remove(&name).filter(|seen| seen.kind == kind).unwrap_or_else(fresh);
            Entry { every, seen: SourceHealth { kind, ..seen } }
        }));
        entries.place = entries.list.iter().enumerate().map(|(at, entry)| (entry.seen.name.clone(), at)).collect();
        known.values().filter(|gone| gone.since.is_some()).for_each(|gone| publish(gone, false));
    }

    /// The source will be asked next at `due`.
    pub fn due(&self, source: &str, due: Timestamp) {
        self.update(source, |seen| seen.next_due = Some(due));
    }

    /// Whether a poll of the source is due or under way.
    pub fn is_due(&self, source: &str) -> bool {
        let (now, entries) = (self.clock.now(), self.lock());
        let entry = entries.place.get(source).and_then(|at| entries.list.get(*at));
        entry.and_then(|entry| entry.seen.next_due).is_some_and(|due| due <= now)
    }

    /// The source is asked now.
    pub fn asked(&self, source: &str) {
        let now = self.clock.now();
        self.update(source, |seen| seen.last_asked = Some(now));
    }

    /// The source's stream is open, or brought something: it is not due at any time.
    pub fn listening(&self, source: &str) {
        let now = self.clock.now();
        self.update(source, |seen| {
            seen.last_answered = Some(now);
            seen.next_due = None;
        });
    }

    /// How many askings in a row ended with a problem.
    pub fn failures(&self, source: &str) -> u32 {
        let entries = self.lock();
        entries.place.get(source).and_then(|at| entries.list.get(*at)).map_or(0, |entry| entry.seen.failures)
    }

    /// The source was troubled when the daemon ran last: since then, and so often.
    pub fn was_troubled(&self, source: &str, trouble: &Trouble) {
        self.update(source, |seen| {
            seen.troubled_since = Some(trouble.since);
            seen.failures = trouble.failures;
        });
    }

    /// Every source that is troubled.
    pub fn troubled(&self) -> BTreeMap<String, Trouble> {
        let trouble = |entry: &Entry| {
            let since = entry.seen.troubled_since?;
            Some((entry.seen.name.clone(), Trouble { since, failures: entry.seen.failures }))
        };
        self.lock().list.iter().filter_map(trouble).collect()
    }

    /// What is known of a source's states from before the daemon started.
    pub fn had_history(&self, source: &str, before: Vec<HealthChange>) {
        self.update(source, |seen| {
            let since = std::mem::replace(&mut seen.history, before);
            since.into_iter().for_each(|change| note_change(&mut seen.history, change));
        });
    }

    /// The history of every source that has one, if any changed since this was asked last.
    pub fn new_histories(&self) -> Option<BTreeMap<String, Vec<HealthChange>>> {
        let mut entries = self.lock();
        if !std::mem::take(&mut entries.is_news) {
            return None;
        }
        let with_history = entries.list.iter().filter(|entry| !entry.seen.history.is_empty());
        Some(with_history.map(|entry| (entry.seen.name.clone(), entry.seen.history.clone())).collect())
    }

    /// A page of the source was read and its posts are durable.
    pub fn page(&self, source: &str, counts: &Counts, repaired: &[String], gap: bool) {
        let now = self.clock.now();
        for (outcome, name) in Outcome::ALL {
            if counts.get(outcome) > 0 {
                counter!(POSTS, "source" => source.to_owned(), "outcome" => name).increment(counts.get(outcome));
            }
        }
        self.update(source, |seen| {
            seen.counts.merge(counts);
            seen.repaired = repaired.to_vec();
            seen.gaps += u64::from(gap);
            if counts.is_news() {
                seen.last_new = Some(now);
            }
        });
    }

    /// A poll ended with answers that could be read (a 304 is one). Returns how many before it failed in a row.
    pub fn answered(&self, source: &str) -> u32 {
        let now = self.clock.now();
        counter!(POLLS, "source" => source.to_owned(), "result" => "answered").increment(1);
        let mut failures = 0;
        self.update(source, |seen| {
            seen.last_answered = Some(now);
            seen.last_error = None;
            seen.reason = None;
            seen.troubled_since = None;
            failures = std::mem::take(&mut seen.failures);
            enter(seen, Health::Ok, now);
            note_state(seen, now);
        });
        failures
    }

    /// The last answer was read in a lesser way than the one configured, or in the right one again.
    pub fn degraded(&self, source: &str, how: Option<&str>) {
        let now = self.clock.now();
        self.update(source, |seen| {
            seen.degraded = how.map(str::to_owned);
            seen.degraded_since = how.and(seen.degraded_since.or(Some(now)));
        });
    }

    /// A poll ended with a problem. Returns how many ended so in a row.
    pub fn failed(&self, source: &str, problem: &FetchProblem) -> u32 {
        let now = self.clock.now();
        counter!(POLLS, "source" => source.to_owned(), "result" => problem.name()).increment(1);
        let mut failures = 0;
        self.update(source, |seen| {
            seen.last_error = Some(problem.to_string());
            seen.reason = Some(Deafness::of(problem));
            seen.troubled_since = seen.troubled_since.or(seen.last_answered).or(Some(now));
            seen.failures = seen.failures.saturating_add(1);
            failures = seen.failures;
            enter(seen, problem.health(), now);
            note_state(seen, now);
        });
        failures
    }

    /// The source said earlier that it is gone and is not asked any more.
    pub fn gone(&self, source: &str, why: &str) {
        let now = self.clock.now();
        self.update(source, |seen| {
            seen.last_error = Some(why.to_owned());
            seen.reason = Some(Deafness::Gone);
            seen.troubled_since = seen.troubled_since.or(seen.last_answered).or(Some(now));
            seen.next_due = None;
            enter(seen, Health::Gone, now);
            note_state(seen, now);
        });
    }

    fn update(&self, source: &str, change: impl FnOnce(&mut SourceHealth)) {
        let mut entries = self.lock();
        let place = entries.place.get(source).copied();
        if let Some(entry) = place.and_then(|at| entries.list.get_mut(at)) {
            let before = entry.seen.history.last().map(|change| change.at);
            change(&mut entry.seen);
            let is_news = entry.seen.history.last().map(|change| change.at) != before;
            entries.is_news |= is_news;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sources for Board {
    fn health(&self) -> Vec<SourceHealth> {
        let now = self.clock.now();
        self.lock().list.iter().map(|entry| SourceHealth { health: state(entry, now), ..entry.seen.clone() }).collect()
    }
}

/// The state that a source is in at `now`: time passes even when nothing happens.
fn state(entry: &Entry, now: Timestamp) -> Health {
    let seen = &entry.seen;
    let overdue = seen.next_due.map_or(Duration::default(), |due| now.since(due));
    if seen.health != Health::Gone && overdue > Duration(entry.every.0.saturating_mul(STALE_INTERVALS)) {
        return Health::Stale;
    }
    let news = seen.last_new.or(seen.since);
    if seen.health == Health::Ok && news.is_some_and(|news| now.since(news) > QUIET_AFTER) {
        return Health::Quiet;
    }
    seen.health
}

fn enter(seen: &mut SourceHealth, health: Health, now: Timestamp) {
    if seen.health == health && seen.since.is_some() {
        return;
    }
    if seen.since.is_some() {
        publish(seen, false);
    }
    seen.health = health;
    seen.since = Some(now);
    publish(seen, true);
}

/// Notes the state that a source is in now, where it is another one than the last noted.
fn note_state(seen: &mut SourceHealth, at: Timestamp) {
    let reason = seen.reason.or(seen.degraded.is_some().then_some(Deafness::Degraded));
    let change = HealthChange { at, health: seen.health, reason };
    note_change(&mut seen.history, change);
}

fn note_change(history: &mut Vec<HealthChange>, change: HealthChange) {
    let same = |last: &HealthChange| (last.health, last.reason) == (change.health, change.reason);
    if history.last().is_some_and(same) {
        return;
    }
    history.push(change);
    let beyond = history.len().saturating_sub(SourceHealth::MAX_HISTORY);
    history.drain(..beyond);
}

/// Counts the source into the state that it is in, or out of it. States that it never was in are not there at all: with
/// thousands of sources they would be most of what is remembered.
fn publish(seen: &SourceHealth, is: bool) {
    let value = f64::from(u8::from(is));
    gauge!(SOURCE_HEALTH, "source" => seen.name.clone(), "state" => seen.health.name()).set(value);
}
