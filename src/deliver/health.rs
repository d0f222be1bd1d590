//! How does a receiver do?

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::Serialize;

use super::lock;
use crate::model::Timestamp;
use crate::model::event::{DeliveryAttempt, DeliveryResult};

/// How a receiver does, since this process started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReceiverHealth {
    pub name: String,
    /// What came of the last attempt; `None` before the first.
    pub last: Option<LastAttempt>,
    /// When it last took an alert.
    pub last_delivered: Option<Timestamp>,
    /// Attempts in a row that it did not take and that will be repeated.
    pub failures: u32,
    /// It is left alone until then: it asked for patience, or it failed several times in a row.
    pub waiting_until: Option<Timestamp>,
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastAttempt {
    pub at: Timestamp,
    /// `delivered`, `retry` or `dead`.
    pub result: &'static str,
    /// Why it was not taken.
    pub why: Option<String>,
    pub took_ms: u64,
}

/// Every name of a result.
pub const RESULTS: [&str; 3] = ["delivered", "retry", "dead"];

/// The name of a result in metrics and JSON.
pub fn result_name(result: &DeliveryResult) -> &'static str {
    match result {
        DeliveryResult::Delivered { .. } => "delivered",
        DeliveryResult::Retry { .. } => "retry",
        DeliveryResult::Dead { .. } => "dead",
    }
}

/// The health of every configured receiver.
#[derive(Default)]
pub struct Healths(Mutex<BTreeMap<String, ReceiverHealth>>);

impl Healths {
    /// How a receiver does; pending, with nothing known, before its first attempt.
    pub fn of(&self, name: &str) -> ReceiverHealth {
        let known = lock(&self.0).get(name).cloned();
        known.unwrap_or_else(|| ReceiverHealth { name: name.to_owned(), ..ReceiverHealth::default() })
    }

    /// Notes an attempt.
    pub fn attempted(&self, attempt: &DeliveryAttempt) {
        let why = match &attempt.result {
            DeliveryResult::Delivered { .. } => None,
            DeliveryResult::Retry { why, .. } | DeliveryResult::Dead { why } => Some(why.clone()),
        };
        let delivered = matches!(attempt.result, DeliveryResult::Delivered { .. });
        let last = LastAttempt { at: attempt.at, result: result_name(&attempt.result), why, took_ms: attempt.took_ms };
        self.change(&attempt.receiver, |health| {
            health.last = Some(last);
            health.last_delivered = if delivered { Some(attempt.at) } else { health.last_delivered };
        });
    }

    /// Notes how patient we are with it.
    pub fn paced(&self, name: &str, failures: u32, waiting_until: Option<Timestamp>) {
        self.change(name, |health| {
            health.failures = failures;
            health.waiting_until = waiting_until;
        });
    }

    /// Forgets a receiver that is configured no more.
    pub fn forget(&self, name: &str) {
        lock(&self.0).remove(name);
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut ReceiverHealth)) {
        let mut healths = lock(&self.0);
        let unknown = || ReceiverHealth { name: name.to_owned(), ..ReceiverHealth::default() };
        change(healths.entry(name.to_owned()).or_insert_with(unknown));
    }
}
