//! Is every source heard, looked at once a minute?

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::board::Trouble;
use super::coverage::Silences;
use super::data;
use super::deaf::{self, Ear};
use super::rates::{self, Rates};
use super::supervise::Daemon;
use crate::config::SourceConfig;
use crate::model::{Duration, Event, Health, HealthChange, Issue, Ledger, Sources, Timestamp};
use crate::telemetry::ISSUES_OPEN;

/// How often it is looked at.
const EVERY: Duration = Duration::minutes(1);
/// How often the rates are counted anew.
const RATES_EVERY: Duration = Duration::hours(1);
/// A daemon that was away for less than this missed nothing.
const SHORT: Duration = Duration::minutes(3);

/// What one run leaves for the next.
#[derive(Serialize, Deserialize)]
struct Alive {
    at: Timestamp,
    troubled: BTreeMap<String, Trouble>,
}

/// Looks once a minute until `stop`.
pub async fn run(daemon: Arc<Daemon>, stop: CancellationToken) {
    let mut ears = Ears::default();
    if let Err(error) = note_down(&daemon).await {
        tracing::warn!("cannot note for how long nobody listened: {error:#}");
    }
    loop {
        let next = daemon.clock.now() + EVERY;
        tokio::select! {
            () = stop.cancelled() => break,
            () = daemon.clock.sleep_until(next) => {}
        }
        if let Err(error) = ears.look(&daemon).await {
            tracing::warn!("cannot look whether all sources are heard; tried again in a minute: {error:#}");
        }
    }
    note_alive(&daemon);
    note_histories(&daemon);
}

/// Notes since when nobody listened, if that is for longer than a restart takes.
async fn note_down(daemon: &Daemon) -> anyhow::Result<()> {
    // Not there, or not readable: then nothing is known of another run.
    let last: Option<Alive> =
        std::fs::read(&daemon.places().alive).ok().and_then(|json| serde_json::from_slice(&json).ok());
    let now = daemon.clock.now();
    for (source, trouble) in last.iter().flat_map(|last| &last.troubled) {
        daemon.board.was_troubled(source, trouble);
    }
    if let Some(from) = last.map(|last| last.at).filter(|last| now.since(*last) > SHORT) {
        tracing::info!(since = %from, "nobody listened since the daemon ran last");
        daemon.writer.record(vec![Event::Down { from, until: now }]).await?;
    }
    note_alive(daemon);
    let histories = std::fs::read(&daemon.places().histories).ok().and_then(|json| serde_json::from_slice(&json).ok());
    let histories: BTreeMap<String, Vec<HealthChange>> = histories.unwrap_or_default();
    for (source, history) in histories {
        daemon.board.had_history(&source, history);
    }
    Ok(())
}

/// Keeps how the states of sources changed over a restart; written where one did.
fn note_histories(daemon: &Daemon) {
    let Some(histories) = daemon.board.new_histories() else { return };
    let written = serde_json::to_vec(&histories)
        .map_err(anyhow::Error::from)
        .and_then(|json| data::write_private(&daemon.places().histories, &json));
    if let Err(error) = written {
        tracing::debug!("cannot keep how the states of sources changed: {error:#}");
    }
}

/// What the next start knows this one by, with the waits that it must go on with.
fn note_alive(daemon: &Daemon) {
    daemon.save_holds();
    let alive = Alive { at: daemon.clock.now(), troubled: daemon.board.troubled() };
    let written = serde_json::to_vec(&alive)
        .map_err(anyhow::Error::from)
        .and_then(|json| data::write_private(&daemon.places().alive, &json));
    if let Err(error) = written {
        tracing::debug!("cannot note that the daemon runs: {error:#}");
    }
}

#[derive(Default)]
struct Ears {
    /// Sources that were stale when it was looked at last, and since when they were due: one that was asked in between
    /// is not stale for longer.
    stale: BTreeMap<String, Option<Timestamp>>,
    rates_due: Timestamp,
}

impl Ears {
    async fn look(&mut self, daemon: &Arc<Daemon>) -> anyhow::Result<()> {
        let now = daemon.clock.now();
        note_alive(daemon);
        note_histories(daemon);
        if now >= self.rates_due {
            self.rates_due = now + RATES_EVERY;
            let daemon = daemon.clone();
            tokio::task::spawn_blocking(move || count_rates(&daemon, now)).await??;
        }
        let ears = self.ears(daemon);
        let open: Vec<Issue> = daemon.store.issues()?.into_iter().take_while(|issue| issue.closed.is_none()).collect();
        for issue in deaf::changes(&open, &ears, now) {
            let is_new = open.iter().all(|known| known.id != issue.id);
            say(&issue, is_new);
            let alerts = deaf::alerts(&issue, is_new, &daemon.rules(), now);
            daemon.writer.record(vec![Event::Issue { issue: Box::new(issue), alerts }]).await?;
        }
        let still_open = daemon.store.issues()?.iter().filter(|issue| issue.closed.is_none()).count();
        metrics::gauge!(ISSUES_OPEN).set(still_open as f64);
        Ok(())
    }

    fn ears(&mut self, daemon: &Daemon) -> Vec<Ear> {
        let (config, rates) = (daemon.config(), daemon.rates());
        let configured: HashMap<&str, &SourceConfig> =
            config.sources.iter().map(|source| (source.name.as_str(), source)).collect();
        let sources = daemon.board.health();
        let stale = sources.iter().filter(|seen| seen.health == Health::Stale);
        let stale = stale.map(|seen| (seen.name.clone(), seen.next_due)).collect();
        let before = std::mem::replace(&mut self.stale, stale);
        let ear = |seen: crate::model::SourceHealth| {
            let url = configured.get(seen.name.as_str()).and_then(|source| source.first_asked());
            let host = url.and_then(|url| url.host_str().map(str::to_owned));
            Ear {
                host: host.unwrap_or_else(|| format!("pushed to {}", seen.name)),
                shrunk: rates.get(&seen.name).and_then(|rate| rate.shrunk.clone()),
                stale_before: before.get(&seen.name).is_some_and(|due| *due == seen.next_due),
                seen,
            }
        };
        sources.into_iter().map(ear).collect()
    }
}

fn count_rates(daemon: &Daemon, now: Timestamp) -> anyhow::Result<()> {
    let silences = Silences::of(&daemon.store.issues()?, daemon.store.downs()?, now);
    let counts = daemon.store.counts(now - Duration::days(rates::DAYS as u64 + 1))?;
    daemon.set_rates(Rates::of(&counts, &silences, now));
    Ok(())
}

fn say(issue: &Issue, is_new: bool) {
    let sources = issue.sources.len();
    match (is_new, issue.closed) {
        (true, _) => tracing::error!(issue = issue.id, sources, "{}", issue.title()),
        (false, Some(_)) => tracing::info!(issue = issue.id, sources, "{}", issue.title()),
        (false, None) => tracing::info!(issue = issue.id, deaf = issue.deaf().count(), "an open issue changed"),
    }
}
