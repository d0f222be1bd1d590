//! `GET /api/v1/issues`: what has gone on for a while that somebody must know of?

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::model::{Issue, Timestamp};
use crate::pipeline::supervise::Daemon;

/// The answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct IssueList {
    /// The daemon's time.
    pub as_of: Timestamp,
    /// The open ones first, then the closed ones of the last 400 days, each the newest first.
    pub issues: Vec<Listed>,
}

/// One issue.
#[derive(Debug, Serialize, Deserialize)]
pub struct Listed {
    /// In one line.
    pub title: String,
    #[serde(flatten)]
    pub issue: Issue,
}

/// Lists every issue that is remembered.
pub async fn list(State(daemon): State<Arc<Daemon>>) -> Json<IssueList> {
    let listed = |issue: Issue| Listed { title: issue.title(), issue };
    Json(IssueList { as_of: daemon.clock.now(), issues: daemon.issues().into_iter().map(listed).collect() })
}
