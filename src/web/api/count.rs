//! `POST /api/v1/count {"queries": […]}`: of how many archived posts is each query true?

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::backtest::all_taken;
use crate::pipeline::count::{self, CountError, CountQuestion};
use crate::pipeline::supervise::Daemon;
use crate::web::errors::ApiError;

/// Largest question: as many queries as may be asked, each as long as it may be.
pub const MAX_BODY: usize = 16 << 20;

/// Counts off the async threads.
pub async fn run(State(daemon): State<Arc<Daemon>>, ask: Result<Json<CountQuestion>, JsonRejection>) -> Response {
    let ask = match ask {
        Ok(Json(ask)) => ask,
        Err(error) => return ApiError::new(error.status(), "bad_request", error.body_text()).into_response(),
    };
    let Ok(desk) = daemon.desks.clone().try_acquire_owned() else { return all_taken() };
    let counted = tokio::task::spawn_blocking(move || {
        let answer = count::count(&daemon.archive, &ask, &daemon.clock);
        drop(desk);
        answer
    });
    let unavailable = |why: String| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", why).into_response();
    match counted.await {
        Ok(Ok(answer)) => Json(answer).into_response(),
        Ok(Err(error @ CountError::TooMany { .. })) => {
            ApiError::new(StatusCode::BAD_REQUEST, "bad_request", error.to_string()).into_response()
        }
        Ok(Err(CountError::Query { number, error })) => {
            let said = format!("query {number}: {error}");
            ApiError::bad_query(said, error.hint(), error.span.clone()).into_response()
        }
        Ok(Err(CountError::Archive(error))) => unavailable(error.to_string()),
        Err(error) => unavailable(error.to_string()),
    }
}
