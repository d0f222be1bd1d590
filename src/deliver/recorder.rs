//! When is a verdict safe?

use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;
use tracing::{info, warn};

use super::lock;
use crate::clock::Clock;
use crate::model::event::DeliveryAttempt;
use crate::model::{Duration, Event, Ledger, LedgerError};

/// How long to wait before a journal that cannot be written is asked again.
const RETRY: Duration = Duration::seconds(5);

/// Writes verdicts into the journal: those that come while it is busy go together into one frame.
/// At most as many wait as there are attempts under way.
pub struct Recorder {
    ledger: Arc<dyn Ledger>,
    clock: Clock,
    waiting: Mutex<Vec<Verdict>>,
    turn: tokio::sync::Mutex<()>,
}

/// A verdict that waits, and who wants to know that it is safe.
type Verdict = (DeliveryAttempt, oneshot::Sender<()>);

impl Recorder {
    pub fn new(ledger: Arc<dyn Ledger>, clock: Clock) -> Self {
        Self { ledger, clock, waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Returns once the attempt is in the journal and the views, however long the journal cannot be written: the
    /// attempt was made and must not be repeated only because nobody wrote it down. `false` only when the daemon stops.
    pub async fn record(&self, attempt: DeliveryAttempt) -> bool {
        let (recorded, safe) = oneshot::channel();
        lock(&self.waiting).push((attempt, recorded));
        let turn = self.turn.lock().await;
        let together = std::mem::take(&mut *lock(&self.waiting));
        if !together.is_empty() {
            self.write(together).await;
        }
        drop(turn);
        safe.await.is_ok()
    }

    async fn write(&self, together: Vec<Verdict>) {
        let (attempts, recorded): (Vec<_>, Vec<_>) = together.into_iter().unzip();
        let events: Vec<Event> = attempts.into_iter().map(Event::Delivery).collect();
        let mut refused = false;
        loop {
            match self.ledger.record(events.clone()).await {
                Ok(_) => break,
                Err(LedgerError::Stopping) => return,
                Err(error @ LedgerError::Unwritable { .. }) => {
                    if !refused {
                        warn!(%error, verdicts = events.len(), "deliveries wait until their verdicts can be written");
                    }
                    refused = true;
                }
            }
            self.clock.sleep(RETRY).await;
        }
        if refused {
            info!(verdicts = events.len(), "the journal takes verdicts again");
        }
        for recorded in recorded {
            // Who asked may have been abandoned meanwhile; the verdict is written all the same.
            let _ = recorded.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::{BoxFuture, join_all};
    use tokio::sync::Notify;

    use super::*;
    use crate::model::event::DeliveryResult;
    use crate::model::{Position, Timestamp};

    /// A journal that answers its first call only when told to, and notes how many events came with each.
    #[derive(Default)]
    struct Gate {
        open: Notify,
        answers: Mutex<Vec<Result<Position, LedgerError>>>,
        calls: Mutex<Vec<usize>>,
    }

    impl Ledger for Gate {
        fn record(&self, events: Vec<Event>) -> BoxFuture<'_, Result<Position, LedgerError>> {
            lock(&self.calls).push(events.len());
            let first = lock(&self.calls).len() == 1;
            Box::pin(async move {
                if first {
                    self.open.notified().await;
                }
                lock(&self.answers).pop().unwrap_or(Ok(Position(1)))
            })
        }
    }

    fn attempt(alert: &str) -> DeliveryAttempt {
        let result = DeliveryResult::Delivered { handle: None };
        DeliveryAttempt { alert: alert.into(), receiver: "it-ops".into(), at: Timestamp(0), took_ms: 1, result }
    }

    #[tokio::test]
    async fn verdicts_that_come_while_the_journal_is_busy_go_together() {
        let ledger = Arc::new(Gate::default());
        let recorder = Recorder::new(ledger.clone(), Clock::System);
        let (safe, ()) =
            tokio::join!(join_all(["a", "b", "c", "d"].map(|alert| recorder.record(attempt(alert)))), async {
                ledger.open.notify_one()
            });
        assert_eq!(safe, [true; 4]);
        assert_eq!(*lock(&ledger.calls), [1, 3]);
    }

    #[tokio::test]
    async fn a_full_disk_is_waited_for() {
        let (clock, hands) = Clock::moved(Timestamp(0));
        let full = || Err(LedgerError::Unwritable { why: "no space left".into() });
        let ledger = Arc::new(Gate { answers: Mutex::new(vec![full(), full()]), ..Gate::default() });
        ledger.open.notify_one();
        let recorder = Recorder::new(ledger.clone(), clock);
        let (safe, ()) = tokio::join!(recorder.record(attempt("a")), async {
            for calls in 1..=2 {
                while hands.next_wake().is_none() {
                    tokio::task::yield_now().await;
                }
                assert_eq!(lock(&ledger.calls).len(), calls);
                hands.advance(RETRY);
            }
        });
        assert!(safe);
        assert_eq!(*lock(&ledger.calls), [1, 1, 1]);
    }

    #[tokio::test]
    async fn a_verdict_is_not_safe_when_the_daemon_stops_first() {
        let ledger = Gate { answers: Mutex::new(vec![Err(LedgerError::Stopping)]), ..Gate::default() };
        ledger.open.notify_one();
        let recorder = Recorder::new(Arc::new(ledger), Clock::System);
        assert!(!recorder.record(attempt("a")).await);
    }
}
