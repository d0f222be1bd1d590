//! What does an answer mean that its kind could not read, or that refuses us in words of its own?

use super::problem::{self, Refusal};
use super::{Door, Policy, hops};
use crate::model::{Duration, FetchProblem, ReadError, Response, Timestamp};

/// What of an answer counts besides what its kind says of the body.
pub(super) struct Told {
    /// Who waits when the answer asks for it.
    waits: String,
    status: u16,
    received_at: Timestamp,
    refusal: Option<Refusal>,
    /// For how long its headers ask us to wait.
    asked: Option<Duration>,
}

impl Told {
    /// Whether the status says no, whatever the body is.
    pub fn is_refusal(&self) -> bool {
        self.refusal.is_some()
    }
}

impl Door {
    /// What an answer says besides its body.
    pub(super) fn told(&self, response: &Response, policy: &Policy) -> Told {
        let header = |name: &str| hops::header(&response.headers, name);
        let (status, received_at) = (response.status, response.received_at);
        let refusal = (status >= 400).then(|| problem::of_status(status, header, true, received_at));
        let asked = problem::wait_said(header, received_at);
        Told { waits: self.limit_key(&response.url, policy), status, received_at, refusal, asked }
    }

    /// Lets nobody ask where an answer came from before its wait is over; returns the moment that counts.
    pub(super) fn hold_after(&self, told: &Told, wait: Duration, why: &str) -> Timestamp {
        self.lanes().hold(&told.waits, told.received_at + wait, why)
    }

    /// The problem of an answer, from its status and from what its kind says of it. A wait in the body counts, and so does
    /// a longer one in the headers; without one the status decides. Only 400 says nothing by itself: there the body's words do.
    pub(super) fn unread(&self, told: &Told, error: Option<ReadError>) -> FetchProblem {
        let (words, wait) = match error.map(problem::of_reading) {
            Some((words, wait)) => (Some(words), wait),
            None => (None, None),
        };
        if let (Some(FetchProblem::Unreadable { why }), Some(wait)) = (&words, wait) {
            let wait = wait.max(told.asked.unwrap_or_default());
            return FetchProblem::Limited { until: self.hold_after(told, wait, why), why: why.clone() };
        }
        let status = told.status;
        match (&told.refusal, words) {
            (None, Some(words)) => words,
            (Some(_), Some(words)) if status == 400 => words,
            (Some(Refusal::Wait(wait)), _) => {
                let why = format!("HTTP {status}");
                FetchProblem::Limited { until: self.hold_after(told, *wait, &why), why }
            }
            (Some(Refusal::Problem(problem)), _) => problem.clone(),
            (None, None) => FetchProblem::Status { status },
        }
    }
}
