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
