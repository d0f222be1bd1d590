//! `/sources`: how does each source do?

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{ago, page};
use crate::model::{Budget, HealthChange, Issue, SourceHealth, Timestamp};
use crate::pipeline::supervise::Daemon;

/// Closed issues shown, the newest first.
const CLOSED_SHOWN: usize = 5;

#[derive(Template)]
#[template(config = ".askama.toml", path = "sources.html")]
struct List {
    sources: Vec<SourceHealth>,
    /// The open ones, then the last closed ones.
    issues: Vec<Issue>,
    now: Timestamp,
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

    /// What an issue says in words, line by line.
    fn lines(issue: &Issue) -> Vec<String> {
        issue.text().lines().map(str::to_owned).collect()
    }

    /// In words: `failing (unreachable)`.
    fn state(change: &HealthChange) -> String {
        change.in_words()
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

/// Shows every configured source.
pub async fn show(State(daemon): State<Arc<Daemon>>) -> Response {
    let mut issues = daemon.issues();
    let open = issues.iter().filter(|issue| issue.closed.is_none()).count();
    issues.truncate(open + CLOSED_SHOWN);
    page(&List { sources: daemon.sources(), issues, now: daemon.clock.now() })
}
