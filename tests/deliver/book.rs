//! How do a journal and an outbox behave, without a disk?

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use overheard::model::event::{DeliveryAttempt, DeliveryResult};
use overheard::model::{
    Alert, AlertId, Event, Handle, Ledger, LedgerError, Outbox, Pending, Position, StoryId, Timestamp, ViewError,
};
use tokio::sync::watch;

/// Journal and outbox in one: what is recorded is applied at once. Outlives the deliverers of a test, as a disk does.
pub struct Book {
    rows: Mutex<BTreeMap<AlertId, Row>>,
    verdicts: watch::Sender<Vec<DeliveryAttempt>>,
    /// What the journal answers to the next recordings, before it writes again.
    pub refusals: Mutex<Vec<LedgerError>>,
    /// The journal does not answer while this is set.
    pub hangs: watch::Sender<bool>,
}

struct Row {
    alert: Alert,
    attempts: u32,
    first_due: Timestamp,
    /// When it is due; `None` once delivered or dead.
    next: Option<Timestamp>,
    handle: Option<Handle>,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            rows: Mutex::default(),
            verdicts: watch::channel(Vec::new()).0,
            refusals: Mutex::default(),
            hangs: watch::channel(false).0,
        }
    }
}

impl Book {
    /// Puts an alert into the outbox.
    pub fn put(&self, alert: Alert) {
        let due = alert.decided_at;
        let row = Row { attempts: 0, first_due: due, next: Some(due), handle: None, alert };
        lock(&self.rows).insert(row.alert.id.clone(), row);
    }

    /// Puts a dead letter back, as a person does.
    pub fn replay(&self, alert: &str, at: Timestamp) {
        if let Some(row) = lock(&self.rows).get_mut(alert) {
            (row.next, row.first_due) = (Some(at), at);
        }
    }

    /// The verdicts recorded, once there are `count` of them.
    pub async fn verdicts(&self, count: usize) -> Vec<DeliveryAttempt> {
        let mut verdicts = self.verdicts.subscribe();
        let told = verdicts.wait_for(|verdicts| verdicts.len() >= count).await;
        told.map(|verdicts| verdicts.clone()).unwrap_or_default()
    }

    /// The verdicts recorded so far.
    pub fn recorded(&self) -> usize {
        self.verdicts.borrow().len()
    }

    /// How many alerts wait for a receiver.
    pub fn waiting(&self, receiver: &str) -> usize {
        self.due(receiver, Timestamp(i64::MAX), usize::MAX).map_or(0, |due| due.len())
    }

    fn apply(&self, attempt: DeliveryAttempt) {
        if let Some(row) = lock(&self.rows).get_mut(&attempt.alert) {
            row.attempts += 1;
            row.next = match &attempt.result {
                DeliveryResult::Retry { next, .. } => Some(*next),
                DeliveryResult::Delivered { .. } | DeliveryResult::Dead { .. } => None,
            };
            if let DeliveryResult::Delivered { handle } = &attempt.result {
                row.handle.clone_from(handle);
            }
        }
        self.verdicts.send_modify(|verdicts| verdicts.push(attempt));
    }
}

impl Outbox for Book {
    fn due(&self, receiver: &str, now: Timestamp, limit: usize) -> Result<Vec<Pending>, ViewError> {
        let rows = lock(&self.rows);
        let due =
            rows.values().filter(|row| row.alert.receiver == receiver && row.next.is_some_and(|next| next <= now));
        let mut due: Vec<&Row> = due.collect();
        due.sort_by_key(|row| row.next);
        let pending =
            |row: &Row| Pending { alert: row.alert.clone(), attempts: row.attempts, first_due: row.first_due };
        Ok(due.into_iter().take(limit).map(pending).collect())
    }

    fn next_due(&self, receiver: &str) -> Result<Option<Timestamp>, ViewError> {
        let rows = lock(&self.rows);
        Ok(rows.values().filter(|row| row.alert.receiver == receiver).filter_map(|row| row.next).min())
    }

    fn handle(&self, receiver: &str, story: StoryId) -> Result<Option<Handle>, ViewError> {
        let rows = lock(&self.rows);
        let mut row = rows.values().filter(|row| row.alert.receiver == receiver && row.alert.story == story);
        Ok(row.find_map(|row| row.handle.clone()))
    }
}

impl Ledger for Book {
    fn record(&self, events: Vec<Event>) -> BoxFuture<'_, Result<Position, LedgerError>> {
        Box::pin(async move {
            let _ = self.hangs.subscribe().wait_for(|hangs| !*hangs).await;
            if let Some(refusal) = lock(&self.refusals).pop() {
                return Err(refusal);
            }
            for event in events {
                if let Event::Delivery(attempt) = event {
                    self.apply(attempt);
                }
            }
            Ok(Position(self.recorded() as u64))
        })
    }
}

pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
