//! `POST /in/NAME`: take posts that somebody sends, as the kind of the source reads them.

use std::sync::Arc;

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::pipeline::push::{MAX_BODY, PushError, Pushed};
use crate::pipeline::supervise::Daemon;
use crate::web::errors::ApiError;

/// 200 with the counts once the posts are durable; 400, 401, 404, 413, 422 or 503 with the reason, and then none is.
///
/// Neither Origin nor the daemon's token is asked for: the kind knows who may send.
pub async fn take(State(daemon): State<Arc<Daemon>>, Path(name): Path<String>, request: Request) -> Response {
    // Before the body is read: so many bodies are in memory at most.
    let Some(_place) = daemon.place_for_push() else { return refused(&PushError::Stopped).into_response() };
    if disagrees(request.headers()) {
        let message = "there are several Authorization headers, and they say different things";
        return ApiError::new(StatusCode::BAD_REQUEST, "bad_request", message).into_response();
    }
    let headers = texts(request.headers());
    let Ok(body) = to_bytes(request.into_body(), MAX_BODY).await else {
        let message = format!("the body is cut off, or larger than {MAX_BODY} bytes");
        return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message).into_response();
    };
    let pushed = Pushed { headers, body, received_at: daemon.clock.now() };
    match daemon.push(&name, pushed).await {
        Ok(taken) => Json(taken).into_response(),
        Err(error) => refused(&error).into_response(),
    }
}

/// Whether it cannot be told who sends: a proxy before us may have looked at another header than we would.
fn disagrees(headers: &HeaderMap) -> bool {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let first = given.next();
    given.any(|other| Some(other) != first)
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn refused(error: &PushError) -> ApiError {
    let (status, code) = match error {
        PushError::NoSuchSource => (StatusCode::NOT_FOUND, "no_such_source"),
        PushError::Unauthorised(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
        PushError::Unreadable(_) => (StatusCode::UNPROCESSABLE_ENTITY, "unreadable"),
        PushError::Stopped => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    ApiError::new(status, code, error.to_string())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn several_authorizations_are_taken_only_where_they_are_the_same() {
        for (given, wrong) in [
            (&[][..], false),
            (&["Bearer a"], false),
            (&["Bearer a", "Bearer a"], false),
            (&["Bearer a", "Bearer b"], true),
        ] {
            let mut headers = HeaderMap::new();
            for value in given {
                headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
            }
            assert_eq!(disagrees(&headers), wrong, "{given:?}");
        }
    }
}
