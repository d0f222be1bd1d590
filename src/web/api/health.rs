//! `GET /healthz`, `/readyz`, `/metrics`: does the daemon live, does it work, what does it count?

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::pipeline::supervise::{Condition, Daemon};
use crate::telemetry;

/// 200 as long as the process answers at all.
pub async fn alive() -> &'static str {
    "alive\n"
}

/// 200 when the daemon does its work; 503 with the reasons when it does not.
pub async fn ready(State(daemon): State<Arc<Daemon>>) -> (StatusCode, Json<Condition>) {
    let condition = daemon.condition();
    let status = if condition.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(condition))
}

/// Prometheus' text format.
pub async fn metrics() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], telemetry::render_metrics()).into_response()
}
