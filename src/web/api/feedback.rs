//! `/api/v1/feedback`: what do people say of posts, and how are posts read by that?

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::model::{Event, Ledger};
use crate::pipeline::feedback::{self, FeedbackError, FeedbackOrder};
use crate::pipeline::supervise::Daemon;
use crate::web::errors::ApiError;

/// What to list.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedbackQuestion {
    /// Address, id or alert of a post: how it is read, and what was said of it. All feedback without it.
    pub post: Option<String>,
}

/// `GET`: everything that stands with the precision of each watch; with `post` how that one is read.
pub async fn list(
    State(daemon): State<Arc<Daemon>>,
    ask: Result<Query<FeedbackQuestion>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(ask) = ask.map_err(|error| bad_request(error.body_text()))?;
    off_the_async_threads(move || {
        let now = daemon.clock.now();
        if let Some(post) = &ask.post {
            let record = feedback::find(&daemon.archive, &daemon.store, post, now)?;
            let read = feedback::read(&record, &daemon.store, &daemon.lessons)?;
            return Ok(Json(read).into_response());
        }
        let config = daemon.config();
        let watches: Vec<&str> = config.watches.specs().iter().map(|spec| spec.name.as_str()).collect();
        let list = feedback::list(&daemon.store, &watches, Some(&daemon.lessons), now)?;
        Ok(Json(list).into_response())
    })
    .await
}

/// `POST`: takes what somebody says of a post, and answers how the post is read now.
pub async fn give(
    State(daemon): State<Arc<Daemon>>,
    order: Result<Json<FeedbackOrder>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(order) = order.map_err(|error| bad_request(error.body_text()))?;
    let asked = daemon.clone();
    let (record, said) = off_the_async_threads(move || {
        let now = asked.clock.now();
        let record = feedback::find(&asked.archive, &asked.store, &order.post, now)?;
        let said = feedback::checked(&order, &record, now)?;
        Ok((record, said))
    })
    .await?;
    let event = Event::Feedback(Box::new(said));
    daemon.writer.record(vec![event]).await.map_err(|error| unavailable(error.to_string()))?;
    off_the_async_threads(move || {
        let read = feedback::read(&record, &daemon.store, &daemon.lessons)?;
        Ok(Json(read).into_response())
    })
    .await
}

async fn off_the_async_threads<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FeedbackError> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(refused),
        Err(error) => Err(unavailable(error.to_string())),
    }
}

fn refused(error: FeedbackError) -> ApiError {
    match &error {
        FeedbackError::NoPost(_) => ApiError::new(StatusCode::NOT_FOUND, "not_found", error.to_string()),
        FeedbackError::Unavailable(_) | FeedbackError::Store(_) => unavailable(error.to_string()),
        FeedbackError::Nothing
        | FeedbackError::TakeBackAlone
        | FeedbackError::Sentiment(_)
        | FeedbackError::Label { .. }
        | FeedbackError::Both(_)
        | FeedbackError::Child { .. }
        | FeedbackError::Watch { .. }
        | FeedbackError::NoWatch
        | FeedbackError::WatchAlone
        | FeedbackError::Long => bad_request(error.to_string()).hint(error.hint()),
    }
}

fn bad_request(message: String) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "bad_request", message)
}

fn unavailable(message: String) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
}
