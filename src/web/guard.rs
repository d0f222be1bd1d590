//! Who may ask, and who may change something?

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use subtle::ConstantTimeEq;

use super::errors::ApiError;
use crate::pipeline::supervise::Daemon;

/// Where posts are pushed to.
pub const PUSHED: &str = "/in/";

/// Refuses requests whose Host header is not the address that we listen on: a page elsewhere that points
/// its own name at loopback (DNS rebinding) must not read the archive.
pub async fn known_host(request: Request, next: Next) -> Result<Response, ApiError> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    // What is pushed comes through whatever proxy stands before us, and proves itself.
    if !is_ours(host) && !request.uri().path().starts_with(PUSHED) {
        return Err(ApiError::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", "this is not the host you asked for"));
    }
    Ok(next.run(request).await)
}

fn is_ours(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name).trim_start_matches('[').trim_end_matches(']');
    if name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    // Rebinding needs a name; a literal address is where the caller really connected to.
    name.parse::<IpAddr>().is_ok()
}

/// Lets a request pass that carries the daemon's token and, when a browser sent it, comes from our own page.
pub async fn needs_token(
    State(daemon): State<Arc<Daemon>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if !same_origin(request.headers()) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", "the request comes from another site"));
    }
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if !bool::from(given.as_bytes().ct_eq(daemon.token().expose().as_bytes())) {
        let message = "this needs the token in daemon.json of the data directory, as `Authorization: Bearer …`";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message));
    }
    Ok(next.run(request).await)
}

/// Browsers send Origin on every request that changes something; commands send none.
fn same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()) else { return true };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    origin.split_once("://").is_some_and(|(_, origin)| origin == host)
}
