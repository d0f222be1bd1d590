//! `/sources`: how does each source do?

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::{ago, page};
use crate::model::{Budget, Issue, SourceHealth, Timestamp, words};
use crate::pipeline::supervise::Daemon;

/// Closed issues shown, the newest first.
const CLOSED_SHOWN: usize = 5;
/// Open issues shown, the newest first.
const OPEN_SHOWN: usize = 20;
/// Sources on one page.
const PAGE: usize = 100;

#[derive(Template)]
#[template(config = ".askama.toml", path = "sources.html")]
struct List {
    sources: Vec<SourceHealth>,
    /// The open ones, then the last closed ones.
    issues: Vec<Issue>,
    /// Open issues that are not shown.
    more_issues: usize,
    query: String,
    /// `101–200 of 9800 sources`.
    shown: String,
    /// Where the next page begins.
    next: Option<usize>,
    now: Timestamp,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub struct Form {
    #[serde(default)]
    query: String,
    #[serde(default)]
    offset: usize,
}

impl List {
    fn budget(&self, source: &SourceHealth) -> String {
        source.budget.as_ref().map(|budget| in_words(budget, self.now)).unwrap_or_default()
    }

    /// In words: `about 12 posts a day`, `heard for 97 % of the last 7 days`.
    fn expected(&self, source: &SourceHealth) -> String {
        let rate = source.expected_per_day.map(|rate| match rate {
            rate if rate >= 10.0 => format!("about {rate:.0} a day"),
            rate => format!("about {rate:.1} a day"),
        });
        rate.unwrap_or_default()
    }

    fn heard(&self, source: &SourceHealth) -> String {
        let percent =
            |part: Option<f64>| part.map_or("–".to_owned(), |part| format!("{:.0} %", (part * 100.0).floor()));
        format!("{} · {}", percent(source.coverage_day), percent(source.coverage_week))
    }

    /// `2 polls`.
    fn gaps(&self, source: &SourceHealth) -> String {
        words::count(source.gaps, "poll")
    }

    /// What an issue says in words, line by line.
    fn lines(issue: &Issue) -> Vec<String> {
        issue.text().lines().map(str::to_owned).collect()
    }

    fn moment(&self, moment: &Timestamp) -> String {
        ago(Some(*moment), self.now)
    }

    fn ago(&self, moment: &Option<Timestamp>) -> String {
        ago(*moment, self.now)
    }
}

/// In words: `one request in 1s on blog.acme.example, waits 5m (HTTP 429)`.
fn in_words(budget: &Budget, now: Timestamp) -> String {
    let Budget { limit, interval, slowed, waits_until, why } = budget;
    let slowed = if *slowed { ", slowed down since it said \"too many\"" } else { "" };
    let waits = waits_until.map(|until| format!(", waits {} as it asked us", until.since(now))).unwrap_or_default();
    let why = why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    format!("one request in {interval} on {limit}{slowed}{waits}{why}")
}

/// Shows the configured sources, a page of them.
pub async fn show(State(daemon): State<Arc<Daemon>>, Query(form): Query<Form>) -> Response {
    let (issues, more_issues) = some(daemon.issues());
    let mut sources = daemon.sources();
    sources.retain(|source| source.is_called(&form.query));
    let (all, from) = (sources.len(), form.offset.min(sources.len()));
    let sources: Vec<SourceHealth> = sources.into_iter().skip(from).take(PAGE).collect();
    let until = from + sources.len();
    let counted = words::count(all as u64, "source");
    let shown = if all == until && from == 0 { counted } else { format!("{}–{until} of {counted}", from + 1) };
    let next = (until < all).then_some(until);
    page(&List { sources, issues, more_issues, query: form.query, shown, next, now: daemon.clock.now() })
}

/// The issues that are shown, of all in their order, and how many open ones are not.
fn some(issues: Vec<Issue>) -> (Vec<Issue>, usize) {
    let (open, closed): (Vec<Issue>, Vec<Issue>) = issues.into_iter().partition(|issue| issue.closed.is_none());
    let more = open.len().saturating_sub(OPEN_SHOWN);
    (open.into_iter().take(OPEN_SHOWN).chain(closed.into_iter().take(CLOSED_SHOWN)).collect(), more)
}
