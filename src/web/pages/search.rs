//! `/search?query=`: what was said about this?

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::{ago, page};
use crate::model::Timestamp;
use crate::pipeline::look::{DEFAULT_LIMIT, FoundPost, SearchQuestion, SortBy};
use crate::pipeline::supervise::Daemon;
use crate::web::api;

/// One post in a list.
pub struct Row {
    pub found: FoundPost,
    pub age: String,
    /// Only http and https links become links.
    pub link: Option<String>,
    /// Stands in for a title: replies have none.
    pub headline: String,
}

/// Posts as the lists show them.
pub fn rows(found: Vec<FoundPost>, now: Timestamp) -> Vec<Row> {
    let row = |found: FoundPost| {
        let by = found.author.as_ref().map(|author| format!(" by {author}")).unwrap_or_default();
        let headline = format!("{}{by}", found.post_type.word());
        let web = found.url.starts_with("https://") || found.url.starts_with("http://");
        Row {
            age: ago(Some(found.published.unwrap_or(found.received)), now),
            link: web.then(|| found.url.clone()),
            headline,
            found,
        }
    };
    found.into_iter().map(row).collect()
}

#[derive(Template)]
#[template(config = ".askama.toml", path = "search.html")]
struct Search {
    query: String,
    best: bool,
    rows: Vec<Row>,
    total: usize,
    error: Option<String>,
    /// Address of the next page of results.
    next: Option<usize>,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub struct Form {
    #[serde(default)]
    query: String,
    #[serde(default)]
    sort: SortBy,
    #[serde(default)]
    offset: usize,
}

/// Shows results, or what is wrong with the query.
pub async fn show(State(daemon): State<Arc<Daemon>>, Query(form): Query<Form>) -> Response {
    let now = daemon.clock.now();
    let ask = SearchQuestion { query: form.query.clone(), sort: form.sort, limit: DEFAULT_LIMIT, offset: form.offset };
    let (found, error) = match api::search::run(daemon, ask).await {
        Ok(found) => (Some(found), None),
        Err(error) => (None, Some(error.sentence())),
    };
    let total = found.as_ref().map_or(0, |found| found.total);
    let after = form.offset.saturating_add(DEFAULT_LIMIT);
    page(&Search {
        query: form.query,
        best: form.sort == SortBy::Best,
        rows: found.map(|found| rows(found.results, now)).unwrap_or_default(),
        total,
        error,
        next: (after < total).then_some(after),
    })
}
