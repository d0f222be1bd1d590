//! `POST /api/v1/forget {"what": …}`: forget a post or an author while the daemon runs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::pipeline::forget::{self, Found, Undone};
use crate::pipeline::supervise::Daemon;
use crate::web::errors::ApiError;

/// What to do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgetOrder {
    /// Address, id or key of a post; or an author as `handle@site` or `handle`.
    pub what: String,
    /// Only says what would be forgotten.
    #[serde(default)]
    pub only_look: bool,
    /// Also keeps out an author of whom nothing was ever read.
    #[serde(default)]
    pub in_advance: bool,
}

/// What to take in again.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UndoOrder {
    /// An author as `handle@site`; or a post by its id or key.
    pub what: String,
}

/// `POST /api/v1/forget/undo {"what": …}`: takes in again what was kept out since it was forgotten.
pub async fn undo(State(daemon): State<Arc<Daemon>>, Json(order): Json<UndoOrder>) -> Result<Json<Undone>, ApiError> {
    let failed = |why: String| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "forget_failed", why);
    forget::undo_running(&daemon, &order.what).await.map(Json).map_err(|error| failed(format!("{error:#}")))
}

/// Forgets, or says what would be forgotten. What takes longer than the answer may goes on by itself.
pub async fn forget(
    State(daemon): State<Arc<Daemon>>,
    Json(order): Json<ForgetOrder>,
) -> Result<Json<Found>, ApiError> {
    let ForgetOrder { what, only_look, in_advance } = order;
    let work = tokio::spawn(async move {
        let history = daemon.history().clone();
        let found = tokio::task::spawn_blocking(move || forget::find(&history, &what)).await?;
        let wanted = !found.unknown || in_advance;
        if !only_look && !found.is_empty() && wanted {
            forget::running(&daemon, &found).await?;
        }
        anyhow::Ok(found)
    });
    let failed = |why: String| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "forget_failed", why);
    match work.await {
        Ok(Ok(found)) => Ok(Json(found)),
        Ok(Err(error)) => Err(failed(format!("{error:#}"))),
        Err(error) => Err(failed(error.to_string())),
    }
}
