//! `GET /api/v1/sources`: how does each source do?

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::model::{SourceHealth, Timestamp};
use crate::pipeline::supervise::Daemon;

/// The answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct SourceList {
    /// The daemon's time.
    pub as_of: Timestamp,
    /// In the order of the configuration.
    pub sources: Vec<SourceHealth>,
}

/// Lists every configured source.
pub async fn list(State(daemon): State<Arc<Daemon>>) -> Json<SourceList> {
    Json(SourceList { as_of: daemon.clock.now(), sources: daemon.sources() })
}
