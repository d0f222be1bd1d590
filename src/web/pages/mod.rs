//! Which pages are there for people?
//!
//! Server-rendered, no script. Everything that came from outside is plain text and escaped by the templates.

pub mod deliveries;
pub mod mentions;
pub mod search;
pub mod sources;

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::model::{Duration, Timestamp};

/// The one style sheet.
pub async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (headers, include_str!("../templates/style.css")).into_response()
}

/// A rendered template; one that cannot be rendered is a 500.
fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot render a page");
            (StatusCode::INTERNAL_SERVER_ERROR, "this page cannot be shown; the log says why").into_response()
        }
    }
}

/// How long ago, for people: `3m`, `2h10m`, `5d`.
fn ago(moment: Option<Timestamp>, now: Timestamp) -> String {
    match moment {
        None => "never".to_owned(),
        Some(moment) if now.since(moment) < Duration::minutes(1) => "just now".to_owned(),
        Some(moment) => format!("{} ago", Duration(now.since(moment).0 / 60_000 * 60_000)),
    }
}
