//! `GET /api/v1/sources`: how does each source do?

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::seek::{Seek, seek};
use crate::model::{SourceHealth, Timestamp};
use crate::pipeline::supervise::Daemon;
use crate::web::errors::ApiError;

/// What may be asked.
#[derive(Debug, Default, Deserialize)]
pub struct Ask {
    /// Only sources whose name, kind or state has this in it.
    #[serde(default)]
    pub query: String,
    #[serde(flatten)]
    pub seek: Seek,
}

/// The answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct SourceList {
    /// The daemon's time.
    pub as_of: Timestamp,
    /// In the order of the configuration.
    pub sources: Vec<SourceHealth>,
    /// How many there are on all pages.
    pub total: usize,
    /// Where the next page begins: to be given as `after`.
    pub next: Option<String>,
}

/// Lists the configured sources, a page of them.
pub async fn list(State(daemon): State<Arc<Daemon>>, Query(ask): Query<Ask>) -> Result<Json<SourceList>, ApiError> {
    let mut sources = daemon.sources();
    sources.retain(|source| source.is_called(&ask.query));
    let total = sources.len();
    let gone = || ApiError::new(StatusCode::BAD_REQUEST, "bad_request", "`after` names no source of this list");
    let (sources, next) = seek(sources, &ask.seek, |source| &source.name).ok_or_else(gone)?;
    Ok(Json(SourceList { as_of: daemon.clock.now(), sources, total, next }))
}
