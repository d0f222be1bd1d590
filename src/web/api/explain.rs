//! `GET /api/v1/explain?post=` and `/api/v1/why-not?post=&watch=`: what happened to a post, and why?

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::pipeline::explain::{Answer, Evidence, ExplainError, NotThere};
use crate::pipeline::supervise::Daemon;
use crate::web::errors::ApiError;

/// What is asked of a post.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainQuestion {
    /// Its address, or the id of a post, a story or an alert.
    pub post: String,
}

/// What is asked of a post and a watch.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhyNotQuestion {
    /// As in [`ExplainQuestion`].
    pub post: String,
    /// Name of a watch.
    pub watch: String,
}

/// Everything that was decided on a post: 200, or 404 with what is known without it.
pub async fn explain(
    State(daemon): State<Arc<Daemon>>,
    ask: Result<Query<ExplainQuestion>, QueryRejection>,
) -> Result<Response, ApiError> {
    let ask = given(ask)?;
    not_empty("post", &ask.post)?;
    off_the_async_threads(move || {
        let config = daemon.config();
        Evidence::of_daemon(&daemon, &config).explain(&ask.post)
    })
    .await
}

/// Why a watch did not bring a post to anybody: 200, or 404 with what is known without it.
pub async fn why_not(
    State(daemon): State<Arc<Daemon>>,
    ask: Result<Query<WhyNotQuestion>, QueryRejection>,
) -> Result<Response, ApiError> {
    let ask = given(ask)?;
    not_empty("post", &ask.post)?;
    not_empty("watch", &ask.watch)?;
    off_the_async_threads(move || {
        let config = daemon.config();
        Evidence::of_daemon(&daemon, &config).why_not(&ask.post, &ask.watch, &config.watches)
    })
    .await
}

fn given<T>(ask: Result<Query<T>, QueryRejection>) -> Result<T, ApiError> {
    match ask {
        Ok(Query(ask)) => Ok(ask),
        Err(error) => Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_request", error.body_text())),
    }
}

fn not_empty(name: &str, value: &str) -> Result<(), ApiError> {
    match value.trim().is_empty() {
        true => Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_request", format!("`{name}` is empty"))),
        false => Ok(()),
    }
}

async fn off_the_async_threads<T: Serialize + Send + 'static>(
    work: impl FnOnce() -> Result<Answer<T>, ExplainError> + Send + 'static,
) -> Result<Response, ApiError> {
    let unavailable = |why: String| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", why);
    let answer = tokio::task::spawn_blocking(work).await.map_err(|error| unavailable(error.to_string()))?;
    match answer {
        Ok(Answer::Found(found)) => Ok(Json(found).into_response()),
        Ok(Answer::Unknown(known)) => Ok((StatusCode::NOT_FOUND, Json(NotThere::from(*known))).into_response()),
        Err(error @ ExplainError::NoWatch { .. }) => {
            Err(ApiError::new(StatusCode::BAD_REQUEST, "no_such_watch", error.to_string()).hint(error.hint()))
        }
        Err(error @ (ExplainError::Archive(_) | ExplainError::Store(_))) => Err(unavailable(error.to_string())),
    }
}
