//! `GET /api/v1/search?query=&sort=newest|best&limit=&offset=`: what was said?

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;

use crate::pipeline::look::{ArchiveError, SearchAnswer, SearchError, SearchQuestion};
use crate::pipeline::supervise::Daemon;
use crate::web::errors::ApiError;

/// Answers a search.
pub async fn search(
    State(daemon): State<Arc<Daemon>>,
    ask: Result<Query<SearchQuestion>, QueryRejection>,
) -> Result<Json<SearchAnswer>, ApiError> {
    let Query(ask) = ask.map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "bad_request", error.body_text()))?;
    run(daemon, ask).await.map(Json)
}

/// Searches off the async threads: a query over the whole archive may take a while.
pub async fn run(daemon: Arc<Daemon>, ask: SearchQuestion) -> Result<SearchAnswer, ApiError> {
    let answer = tokio::task::spawn_blocking(move || daemon.search(&ask)).await;
    let failed = |why: String| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", why);
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(SearchError::Query(error))) => {
            Err(ApiError::bad_query(error.to_string(), error.hint(), error.span.clone()))
        }
        Ok(Err(
            error @ (SearchError::Limit { .. }
            | SearchError::Archive(ArchiveError::TooBroad { .. } | ArchiveError::TooFar { .. })),
        )) => Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_request", error.to_string())),
        Ok(Err(error @ (SearchError::Archive(_) | SearchError::Store(_)))) => Err(failed(error.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}
