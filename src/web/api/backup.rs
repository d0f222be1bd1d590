//! `POST /api/v1/backup {"dir": …}`: copy the data while the daemon runs.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::model::Position;
use crate::pipeline::supervise::Daemon;
use crate::web::errors::ApiError;

/// What to do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupOrder {
    /// An absolute path on the daemon's machine; must not exist or be empty.
    pub dir: PathBuf,
}

/// What was done.
#[derive(Debug, Serialize, Deserialize)]
pub struct BackupDone {
    /// Position of the last frame in the copy.
    pub position: Position,
}

/// Copies the journal as it is now.
pub async fn make(
    State(daemon): State<Arc<Daemon>>,
    Json(order): Json<BackupOrder>,
) -> Result<Json<BackupDone>, ApiError> {
    match daemon.backup(order.dir).await {
        Ok(position) => Ok(Json(BackupDone { position })),
        Err(error) => Err(ApiError::new(StatusCode::CONFLICT, "backup_failed", format!("{error:#}"))),
    }
}
