//! What does the daemon show over HTTP?
//!
//! The router below is the table of contents. Everything is read from the [`Daemon`]'s parts; the few calls
//! that change something need the token that the daemon leaves in its data directory.

pub mod api;
mod errors;
mod guard;
mod pages;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware;
use axum::routing::{MethodRouter, get, post};
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::pipeline::supervise::Daemon;

/// Largest request body taken.
const MAX_BODY: usize = 64 << 10;
/// A request that takes longer is answered with 408.
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(30);
/// No script, nothing from elsewhere, nobody frames us.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Every address that the daemon answers.
pub fn router(daemon: Arc<Daemon>) -> Router {
    let changes = Router::new()
        .route("/api/v1/deliveries/{alert}/replay", post(api::deliveries::replay))
        .route("/api/v1/receivers/{name}/test", post(api::deliveries::test))
        .route("/api/v1/backtest", large(post(api::backtest::run), api::backtest::MAX_BODY))
        .route("/api/v1/count", large(post(api::count::run), api::count::MAX_BODY))
        .route("/api/v1/backup", post(api::backup::make))
        .route("/api/v1/feedback", post(api::feedback::give))
        .route("/api/v1/forget", post(api::forget::forget))
        .route("/api/v1/forget/undo", post(api::forget::undo))
        .route("/api/v1/reload", post(api::reload::reload))
        .route_layer(middleware::from_fn_with_state(daemon.clone(), guard::needs_token));
    Router::new()
        .route("/", get(pages::mentions::show))
        .route("/search", get(pages::search::show))
        .route("/sources", get(pages::sources::show))
        .route("/deliveries", get(pages::deliveries::show))
        .route("/style.css", get(pages::style))
        .route("/healthz", get(api::health::alive))
        .route("/readyz", get(api::health::ready))
        .route("/metrics", get(api::health::metrics))
        .route("/api/v1/search", get(api::search::search))
        .route("/api/v1/explain", get(api::explain::explain))
        .route("/api/v1/why-not", get(api::explain::why_not))
        .route("/api/v1/sources", get(api::sources::list))
        .route("/api/v1/issues", get(api::issues::list))
        .route("/api/v1/feedback", get(api::feedback::list))
        .route("/api/v1/deliveries", get(api::deliveries::list))
        .merge(changes)
        .route(&format!("{}{{name}}", guard::PUSHED), post(api::push::take))
        .fallback(errors::not_found)
        .layer(
            ServiceBuilder::new()
                .layer(CatchPanicLayer::new())
                .layer(TimeoutLayer::with_status_code(axum::http::StatusCode::REQUEST_TIMEOUT, DEADLINE))
                .layer(DefaultBodyLimit::max(MAX_BODY))
                .layer(CompressionLayer::new())
                .layer(fixed(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
                .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
                .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
                .layer(fixed(header::CACHE_CONTROL, "no-store"))
                .layer(middleware::from_fn(guard::known_host)),
        )
        .with_state(daemon)
}

/// Takes larger bodies than others.
fn large(route: MethodRouter<Arc<Daemon>>, bytes: usize) -> MethodRouter<Arc<Daemon>> {
    route.layer(DefaultBodyLimit::max(bytes))
}

fn fixed(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// Serves until `stop`, then finishes what runs.
pub fn serve(
    listener: TcpListener,
    daemon: Arc<Daemon>,
    stop: CancellationToken,
) -> BoxFuture<'static, io::Result<()>> {
    let serving = axum::serve(listener, router(daemon)).with_graceful_shutdown(stop.cancelled_owned());
    Box::pin(async move { serving.await })
}
