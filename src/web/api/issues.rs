//! `GET /api/v1/issues`: what has gone on for a while that somebody must know of?

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::seek::{Seek, seek};
use crate::model::{Issue, Timestamp};
use crate::pipeline::supervise::Daemon;
use crate::web::errors::ApiError;

/// The answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct IssueList {
    /// The daemon's time.
    pub as_of: Timestamp,
    /// The open ones first, then the closed ones of the last 400 days, each the newest first.
    pub issues: Vec<Listed>,
    /// How many there are on all pages.
    pub total: usize,
    /// Where the next page begins: to be given as `after`.
    pub next: Option<String>,
}

/// One issue.
#[derive(Debug, Serialize, Deserialize)]
pub struct Listed {
    /// In one line.
    pub title: String,
    #[serde(flatten)]
    pub issue: Issue,
}

/// Lists the issues that are remembered, a page of them.
pub async fn list(State(daemon): State<Arc<Daemon>>, Query(ask): Query<Seek>) -> Result<Json<IssueList>, ApiError> {
    let issues = daemon.issues();
    let total = issues.len();
    let gone = || ApiError::new(StatusCode::BAD_REQUEST, "bad_request", "`after` names no issue of this list");
    let (issues, next) = seek(issues, &ask, |issue| &issue.id).ok_or_else(gone)?;
    let listed = |issue: Issue| Listed { title: issue.title(), issue };
    Ok(Json(IssueList { as_of: daemon.clock.now(), issues: issues.into_iter().map(listed).collect(), total, next }))
}
