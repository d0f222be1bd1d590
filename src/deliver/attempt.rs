//! What is done with one alert, from the outbox to the journal?

use std::sync::Arc;

use metrics::{counter, histogram};

use super::health::result_name;
use super::{Destination, Shared, backoff, lock};
use crate::model::event::{DeliveryAttempt, DeliveryResult};
use crate::model::{Alert, AlertId, Duration, Pending, StoryId, Timestamp, Verdict};

/// How an attempt ended.
pub struct Landed {
    pub story: StoryId,
    pub alert: AlertId,
    pub result: DeliveryResult,
    pub at: Timestamp,
    /// The receiver could not take it, though it might later: with the patience that it asked for, if it did.
    pub failed: Option<Failed>,
    /// The verdict is in the journal; it is not only when the daemon stops.
    pub recorded: bool,
}

/// How a receiver could not take an alert.
pub struct Failed {
    pub after: Option<Duration>,
}

/// Counts attempts with this result.
pub fn count(receiver: &str, result: &'static str, attempts: u64) {
    counter!("overheard_deliveries_total", "receiver" => receiver.to_owned(), "result" => result).increment(attempts);
}

/// One attempt from the outbox into the journal.
pub async fn attempt(shared: &Shared, destination: &Destination, pending: Pending) -> Landed {
    let Alert { ref id, story, .. } = pending.alert;
    // Without its handle an alert stands alone instead of in its thread: better than not being sent.
    let previous = shared.outbox.handle(&destination.name, story).ok().flatten();
    let started = shared.clock.now();
    let verdict = shared.sender.send(destination, &pending.alert, previous.as_ref()).await;
    let at = shared.clock.now();
    let took = at.since(started);
    let failed = match &verdict {
        Verdict::Retry { after, .. } => Some(Failed { after: *after }),
        Verdict::Delivered { .. } | Verdict::Refused { .. } => None,
    };
    let result = backoff::result(verdict, &pending, at);
    let receiver = destination.name.clone();
    count(&receiver, result_name(&result), 1);
    histogram!("overheard_delivery_seconds", "receiver" => receiver.clone()).record(took.as_seconds());
    let attempt = DeliveryAttempt { alert: id.clone(), receiver, at, took_ms: took.0, result: result.clone() };
    shared.healths.attempted(&attempt);
    let recorded = shared.recorder.record(attempt).await;
    Landed { story, alert: id.clone(), result, at, failed, recorded }
}

/// Marks an alert as under way until dropped, however its attempt ends.
pub struct UnderWay {
    shared: Arc<Shared>,
    alert: AlertId,
}

impl UnderWay {
    /// Marks it.
    pub fn start(shared: &Arc<Shared>, alert: &AlertId) -> Self {
        lock(&shared.under_way).insert(alert.clone());
        Self { shared: shared.clone(), alert: alert.clone() }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        lock(&self.shared.under_way).remove(&self.alert);
    }
}
