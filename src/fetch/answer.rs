//! What does an answer mean that its kind could not read, or that refuses us in words of its own?

use url::Url;

use super::Door;
use super::problem::{self, Refusal};
use crate::model::{Duration, FetchProblem, ReadError, Response, Timestamp};

/// What of an answer counts besides what its kind says of the body.
pub(super) struct Told {
    url: Url,
    status: u16,
    retry_after: Option<String>,
    received_at: Timestamp,
}

impl Told {
    pub fn of(response: &Response) -> Self {
        Self {
            url: response.url.clone(),
            status: response.status,
            retry_after: response.header("retry-after").map(str::to_owned),
            received_at: response.received_at,
        }
    }

    /// Whether the status says no, whatever the body is.
    pub fn is_refusal(&self) -> bool {
        self.status >= 400
    }

    fn refusal(&self) -> Option<Refusal> {
        let refusal = || problem::of_status(self.status, self.retry_after.as_deref(), true, self.received_at);
        self.is_refusal().then(refusal)
    }
}

impl Door {
    /// Lets nobody ask where an answer came from before its wait is over; returns the moment that counts.
    pub(super) fn hold_after(&self, told: &Told, wait: Duration, why: &str) -> Timestamp {
        self.lanes().hold(&self.limit_key(&told.url), told.received_at + wait, why)
    }

    /// The problem of an answer, from its status and from what its kind says of it. A wait in the body counts, and so does
    /// a longer one in Retry-After; without one the status decides. Only 400 says nothing by itself: there the body's words do.
    pub(super) fn unread(&self, told: &Told, error: Option<ReadError>) -> FetchProblem {
        let (words, wait) = match error.map(problem::of_reading) {
            Some((words, wait)) => (Some(words), wait),
            None => (None, None),
        };
        let refusal = told.refusal();
        if let (Some(FetchProblem::Unreadable { why }), Some(wait)) = (&words, wait) {
            let asked = match (&refusal, &told.retry_after) {
                (Some(Refusal::Wait(asked)), Some(_)) => *asked,
                _ => Duration::default(),
            };
            return FetchProblem::Limited { until: self.hold_after(told, wait.max(asked), why), why: why.clone() };
        }
        let status = told.status;
        match (refusal, words) {
            (None, Some(words)) => words,
            (Some(_), Some(words)) if status == 400 => words,
            (Some(Refusal::Wait(wait)), _) => {
                let why = format!("HTTP {status}");
                FetchProblem::Limited { until: self.hold_after(told, wait, &why), why }
            }
            (Some(Refusal::Problem(problem)), _) => problem,
            (None, None) => FetchProblem::Status { status },
        }
    }
}
