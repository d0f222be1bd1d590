//! `POST /api/v1/backtest {"watch", "file_text"?, "since"?, "samples"?}`: what would a watch have found?
//!
//! Answers lines of JSON: `{"progress": …}` from time to time, then `{"report": …}`, or `{"error": …}` where it fails on
//! the way. A question that is wrong is answered with its HTTP status, as everywhere.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::model::{Duration, Fault, Severity};
use crate::pipeline::backtest::{BacktestError, Progress, Question, Report};
use crate::pipeline::supervise::Daemon;
use crate::web::errors::ApiError;

/// Largest question: the largest watch file that is read, escaped. Only who has the token may send so much.
pub const MAX_BODY: usize = 96 << 20;
/// Lines that wait for a slow reader. Of progress only the newest matters: when they do not fit, it is left out.
const LINES: usize = 8;
/// How often progress is told.
const TELL_EVERY: Duration = Duration(200);
/// What a caller is told to wait when all desks are taken.
const RETRY_AFTER: &str = "5";
/// Most faults of a changed file that an error names.
const MAX_FAULTS: usize = 20;

/// One line of the answer, as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    Progress(Progress),
    Report(Box<Report>),
    /// As in every other error answer.
    Error(serde_json::Value),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Told<'a> {
    Progress(Progress),
    Report(&'a Report),
}

/// Runs a back-test off the async threads and tells how far it is. Ends when nobody listens any more.
pub async fn run(State(daemon): State<Arc<Daemon>>, question: Result<Json<Question>, JsonRejection>) -> Response {
    let question = match question {
        Ok(Json(question)) => question,
        Err(error) => return ApiError::new(error.status(), "bad_request", error.body_text()).into_response(),
    };
    let Ok(desk) = daemon.desks.clone().try_acquire_owned() else { return all_taken() };
    let (lines, mut told) = mpsc::channel(LINES);
    tokio::task::spawn_blocking(move || {
        work(&daemon, &question, &lines);
        drop(desk);
    });
    let first = match told.recv().await {
        Some(Err(error)) => return ApiError::into_response(error),
        first => first,
    };
    let told = futures_util::stream::unfold((first, told), |(first, mut told)| async move {
        let line = match first {
            Some(line) => line,
            None => told.recv().await?,
        };
        Some((Ok::<_, Infallible>(line.unwrap_or_else(|error| line_of(&error))), (None, told)))
    });
    // Not compressed: a compressor would hold lines back.
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson"), (header::CONTENT_ENCODING, "identity")];
    (headers, Body::from_stream(told)).into_response()
}

/// Everybody else's turn first.
pub fn all_taken() -> Response {
    let message = "as many back-tests run as may at the same time; ask again in a few seconds";
    let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "busy", message);
    ([(header::RETRY_AFTER, RETRY_AFTER)], error).into_response()
}

fn work(daemon: &Daemon, question: &Question, lines: &mpsc::Sender<Result<Bytes, ApiError>>) {
    let mut last = None;
    let report = daemon.backtest(question, &mut |progress| {
        if lines.is_closed() || daemon.is_stopping() {
            return ControlFlow::Break(());
        }
        let now = daemon.clock.now();
        // The last place is for the report.
        if last.is_none_or(|last| now.since(last) >= TELL_EVERY) && lines.capacity() > 1 {
            last = Some(now);
            send(lines, Ok(line_of(&Told::Progress(progress))));
        }
        ControlFlow::Continue(())
    });
    match report {
        Ok(report) => send(lines, Ok(line_of(&Told::Report(&report)))),
        Err(BacktestError::Stopped) if lines.is_closed() => {}
        Err(error) => send(lines, Err(error.into())),
    }
}

fn send(lines: &mpsc::Sender<Result<Bytes, ApiError>>, line: Result<Bytes, ApiError>) {
    // Fails only when nobody listens.
    let _ = lines.try_send(line);
}

fn line_of(line: &impl Serialize) -> Bytes {
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text.into()
}

impl From<BacktestError> for ApiError {
    fn from(error: BacktestError) -> Self {
        let message = error.to_string();
        match error {
            BacktestError::NoWatch { name, hint } => {
                Self::new(StatusCode::NOT_FOUND, "no_such_watch", format!("there is no watch `{name}`"))
                    .hint(Some(hint))
            }
            BacktestError::Since { .. } | BacktestError::Samples { .. } | BacktestError::NoWatches { .. } => {
                Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
            }
            BacktestError::Faults(faults) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "faults", format!("{message}: {}", listed(&faults)))
            }
            BacktestError::Archive(_) | BacktestError::View(_) | BacktestError::Stopped => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
            }
        }
    }
}

fn listed(faults: &[Fault]) -> String {
    let errors = faults.iter().filter(|fault| fault.severity == Severity::Error);
    errors.take(MAX_FAULTS).map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
