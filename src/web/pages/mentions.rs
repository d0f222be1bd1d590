//! `/`: what was said lately, and does everything work?

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::search::{Row, rows};
use super::{ago, page};
use crate::model::{Health, Sources, words};
use crate::pipeline::supervise::Daemon;

/// Mentions on the first page.
const SHOWN: usize = 50;
/// Sources shown that need a look.
const TROUBLED: usize = 20;

#[derive(Template)]
#[template(config = ".askama.toml", path = "mentions.html")]
struct Mentions {
    rows: Vec<Row>,
    total: usize,
    /// `3 sources are`.
    listened: String,
    /// `1 of 3 sources needs a look`.
    troubled_of: String,
    /// Troubled sources that are not shown.
    more: usize,
    /// Sources that need a look, at most [`TROUBLED`]: name, state, last error, since.
    troubled: Vec<(String, &'static str, String, String)>,
    warnings: Vec<String>,
    error: Option<String>,
}

/// Shows the newest mentions and what is wrong.
pub async fn show(State(daemon): State<Arc<Daemon>>) -> Response {
    let now = daemon.clock.now();
    let found = tokio::task::spawn_blocking({
        let daemon = daemon.clone();
        move || daemon.recent_mentions(SHOWN)
    })
    .await;
    let (found, error) = match found {
        Ok(Ok(found)) => (Some(found), None),
        Ok(Err(error)) => (None, Some(error.to_string())),
        Err(error) => (None, Some(error.to_string())),
    };
    let health = daemon.board.health();
    let mut troubled: Vec<_> = health
        .iter()
        .filter(|source| !matches!(source.health, Health::Ok | Health::Quiet | Health::Pending))
        .map(|source| {
            let error = source.last_error.clone().unwrap_or_default();
            (source.name.clone(), source.health.name(), error, ago(source.since, now))
        })
        .collect();
    let (sources, count) = (words::count(health.len() as u64, "source"), troubled.len());
    troubled.truncate(TROUBLED);
    page(&Mentions {
        total: found.as_ref().map_or(0, |found| found.total),
        rows: found.map(|found| rows(found.results, now)).unwrap_or_default(),
        listened: format!("{sources} {}", if health.len() == 1 { "is" } else { "are" }),
        troubled_of: format!("{count} of {sources} {} a look", if count == 1 { "needs" } else { "need" }),
        more: count - troubled.len(),
        troubled,
        warnings: daemon.condition().problems,
        error,
    })
}
