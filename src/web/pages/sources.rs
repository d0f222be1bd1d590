//! `/sources`: how does each source do?

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{ago, page};
use crate::model::{Budget, SourceHealth, Timestamp};
use crate::pipeline::supervise::Daemon;

#[derive(Template)]
#[template(config = ".askama.toml", path = "sources.html")]
struct List {
    sources: Vec<SourceHealth>,
    now: Timestamp,
}

impl List {
    fn budget(&self, source: &SourceHealth) -> String {
        source.budget.as_ref().map(|budget| in_words(budget, self.now)).unwrap_or_default()
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
    page(&List { sources: daemon.sources(), now: daemon.clock.now() })
}
