//! `/sources`: how does each source do?

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{ago, page};
use crate::model::{SourceHealth, Sources, Timestamp};
use crate::pipeline::supervise::Daemon;

#[derive(Template)]
#[template(config = ".askama.toml", path = "sources.html")]
struct List {
    sources: Vec<SourceHealth>,
    now: Timestamp,
}

impl List {
    fn ago(&self, moment: &Option<Timestamp>) -> String {
        ago(*moment, self.now)
    }
}

/// Shows every configured source.
pub async fn show(State(daemon): State<Arc<Daemon>>) -> Response {
    page(&List { sources: daemon.board.health(), now: daemon.clock.now() })
}
