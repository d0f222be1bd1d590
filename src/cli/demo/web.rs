//! What does the recorded web of the demo answer?

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

/// One recorded answer: host, path, media type, body.
type Recorded = (&'static str, &'static str, &'static str, &'static str);

const RECORDED: &[Recorded] = &[
    ("news.test", "/feed.xml", "application/rss+xml", include_str!("recorded/news.xml")),
    ("blog.test", "/atom.xml", "application/atom+xml", include_str!("recorded/blog.xml")),
    ("hn.test", "/api/v1/search_by_date", "application/json", include_str!("recorded/hacker_news.json")),
    ("forum.test", "/posts.json", "application/json", include_str!("recorded/forum.json")),
    ("qa.test", "/questions", "application/json", include_str!("recorded/questions.json")),
    ("qa.test", "/2.3/questions", "application/json", include_str!("recorded/questions.json")),
    ("reviews.test", "/acme-cloud", "text/html; charset=utf-8", include_str!("recorded/reviews.html")),
];

/// Starts the web on a free port of loopback; it ends with the runtime.
pub async fn start() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // An error ends only the demo's web; the daemon then says that it cannot reach it.
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    Ok(address)
}

async fn answer(request: Request) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let path = request.uri().path();
    match RECORDED.iter().find(|recorded| recorded.0 == host && recorded.1 == path) {
        Some((.., media_type, body)) => ([(header::CONTENT_TYPE, *media_type)], *body).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
