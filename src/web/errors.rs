//! How does an error look to a caller of the API?

use axum::Json;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The one shape of every error: `{"error": {"code": …, "message": …, "hint": …, "span": …}}`.
#[derive(Debug, Serialize)]
pub struct ApiError {
    #[serde(skip)]
    status: StatusCode,
    error: Body,
}

#[derive(Debug, Serialize)]
struct Body {
    /// A word that stays the same: `bad_query`, `bad_request`, `no_such_watch`, `not_found`, `forbidden`, `unavailable`.
    code: &'static str,
    /// A sentence for people.
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Bytes of the query that the error is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    span: Option<std::ops::Range<usize>>,
}

impl ApiError {
    /// An error with its HTTP status, code and sentence.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, error: Body { code, message: message.into(), hint: None, span: None } }
    }

    /// 400 about a place in a query.
    pub fn bad_query(message: impl Into<String>, hint: Option<String>, span: std::ops::Range<usize>) -> Self {
        let error = Body { code: "bad_query", message: message.into(), hint, span: Some(span) };
        Self { status: StatusCode::BAD_REQUEST, error }
    }

    /// The same error with what would be right.
    pub fn hint(mut self, hint: Option<String>) -> Self {
        self.error.hint = hint;
        self
    }

    /// The sentence and the hint, as a page shows them.
    pub fn sentence(&self) -> String {
        match &self.error.hint {
            Some(hint) => format!("{} ({hint})", self.error.message),
            None => self.error.message.clone(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}

/// The answer to every address that is none of ours.
pub async fn not_found(uri: Uri) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("there is nothing at {}", uri.path()))
}
