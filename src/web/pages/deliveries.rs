//! `/deliveries`: what was sent, what waits, what was refused?

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{ago, page};
use crate::pipeline::look::{self, DeliveryRow};
use crate::pipeline::supervise::Daemon;

/// Deliveries on the page.
const SHOWN: usize = 200;

struct Row {
    delivery: DeliveryRow,
    age: String,
}

#[derive(Template)]
#[template(config = ".askama.toml", path = "deliveries.html")]
struct List {
    rows: Vec<Row>,
    error: Option<String>,
}

/// Shows the newest deliveries.
pub async fn show(State(daemon): State<Arc<Daemon>>) -> Response {
    let now = daemon.clock.now();
    let (rows, error) = match look::deliveries(&daemon.store, None, SHOWN) {
        Ok(rows) => (rows, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let row = |delivery: DeliveryRow| Row { age: ago(Some(delivery.decided_at), now), delivery };
    page(&List { rows: rows.into_iter().map(row).collect(), error })
}
