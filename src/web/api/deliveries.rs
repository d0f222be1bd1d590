//! `/api/v1/deliveries`: what was sent, what waits, what was refused; and replaying or testing.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::model::{AlertId, Event, Ledger, Timestamp};
use crate::pipeline::look::{self, DeliveryRow, Stage};
use crate::pipeline::supervise::Daemon;
use crate::web::errors::ApiError;

/// Which deliveries to list.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuestion {
    /// `pending`, `delivered` or `dead`; all without it.
    pub state: Option<StageWord>,
    /// At most so many; 0 or nothing is 1,000.
    #[serde(default)]
    pub limit: usize,
}

/// A state in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageWord {
    Pending,
    Delivered,
    Dead,
}

impl From<StageWord> for Stage {
    fn from(word: StageWord) -> Self {
        match word {
            StageWord::Pending => Self::Pending,
            StageWord::Delivered => Self::Delivered,
            StageWord::Dead => Self::Dead,
        }
    }
}

/// The answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeliveryList {
    /// The daemon's time.
    pub as_of: Timestamp,
    /// Newest first.
    pub deliveries: Vec<DeliveryRow>,
}

/// What replaying did.
#[derive(Debug, Serialize, Deserialize)]
pub struct Replayed {
    pub alert: AlertId,
}

/// Lists deliveries.
pub async fn list(
    State(daemon): State<Arc<Daemon>>,
    Query(ask): Query<DeliveryQuestion>,
) -> Result<Json<DeliveryList>, ApiError> {
    let found = look::deliveries(&daemon.store, ask.state.map(Stage::from), ask.limit);
    Ok(Json(DeliveryList { as_of: daemon.clock.now(), deliveries: found.map_err(|error| unavailable(&error))? }))
}

/// Puts a dead letter back into the outbox, with the same id.
pub async fn replay(State(daemon): State<Arc<Daemon>>, Path(alert): Path<AlertId>) -> Result<Json<Replayed>, ApiError> {
    match look::delivery(&daemon.store, &alert).map_err(|error| unavailable(&error))? {
        Some(delivery) if delivery.is_dead() => {}
        Some(_) => {
            let message = "only a dead letter can be replayed; this alert is not one";
            return Err(ApiError::new(StatusCode::CONFLICT, "not_dead", message));
        }
        None => return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("there is no alert {alert}"))),
    }
    let event = Event::Replayed { alert: alert.clone(), at: daemon.clock.now(), by: "api".to_owned() };
    daemon.writer.record(vec![event]).await.map_err(|error| unavailable(&error))?;
    Ok(Json(Replayed { alert }))
}

/// What came of sending a sample.
#[derive(Debug, Serialize, Deserialize)]
pub struct Tested {
    pub receiver: String,
    pub result: String,
}

/// Sends a marked sample to a configured receiver.
pub async fn test(State(daemon): State<Arc<Daemon>>, Path(receiver): Path<String>) -> Result<Json<Tested>, ApiError> {
    match daemon.deliverer.send_sample(&receiver).await {
        Some(tried) => Ok(Json(Tested { receiver, result: tried.to_string() })),
        None => Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("there is no receiver `{receiver}`"))),
    }
}

fn unavailable(error: &impl std::fmt::Display) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", error.to_string())
}
