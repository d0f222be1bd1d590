//! `POST /api/v1/reload`: take the configuration files as they are now, or say what is wrong with them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::pipeline::supervise::Daemon;

/// 200 with what changed, or 422 with every fault while the old configuration runs on.
pub async fn reload(State(daemon): State<Arc<Daemon>>) -> Response {
    match daemon.reload().await {
        Ok(changes) => Json(serde_json::json!({ "changes": changes.to_string() })).into_response(),
        Err(faults) => {
            (StatusCode::UNPROCESSABLE_ENTITY, Json(serde_json::json!({ "faults": faults }))).into_response()
        }
    }
}
