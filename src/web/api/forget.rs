//! `POST /api/v1/forget {"what": …}`: forget a post or an author while the daemon runs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::pipeline::forget::{self, Found};
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
}

/// Forgets, or says what would be forgotten. What takes longer than the answer may goes on by itself.
pub async fn forget(
    State(daemon): State<Arc<Daemon>>,
    Json(order): Json<ForgetOrder>,
) -> Result<Json<Found>, ApiError> {
    let work = tokio::spawn(async move {
        let history = daemon.history().clone();
        let found = tokio::task::spawn_blocking(move || forget::find(&history, &order.what)).await?;
        if !order.only_look && !found.is_empty() {
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
