//! How does an alert reach its receiver, once, even when things break?
//!
//! The outbox holds what is to be sent; it is a view of the journal and outlives every crash. Each receiver
//! has a worker of its own, so that one that hangs, fails or asks us to slow down holds up nobody else. An
//! attempt ends in a verdict, and nothing counts before the verdict is in the journal: a crash in between
//! repeats the attempt under the same id, by which the receiver knows it. What is not taken is asked again
//! later and later, for three days; then, or when refused, it is a dead letter that a person may replay.

mod attempt;
mod backoff;
mod health;
mod pace;
mod recorder;
mod sender;
mod worker;

pub use backoff::{FIRST_WAIT, GIVE_UP, LONGEST_RETRY_AFTER, LONGEST_WAIT};
pub use health::{LastAttempt, ReceiverHealth};
pub use pace::MAX_IN_FLIGHT;
pub use sender::{ATTEMPT_TIME, MAX_ANSWER, Output, Sender, Tried};
pub use worker::READ_AHEAD;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::http::Client;
use crate::model::{AlertId, Duration, Ledger, Outbox, Receiver};
use health::Healths;
use recorder::Recorder;
use worker::Worker;

/// A configured receiver, as the door out needs it.
#[derive(Clone, Debug)]
pub struct Destination {
    pub name: String,
    /// It may be at a private address.
    pub allow_private: bool,
    pub receiver: Arc<dyn Receiver>,
}

/// What the door out works with.
pub struct Parts {
    pub outbox: Arc<dyn Outbox>,
    pub ledger: Arc<dyn Ledger>,
    pub client: Client,
    /// Where lines for the daemon's standard output go.
    pub output: Output,
    pub clock: Clock,
}

/// The door out: one worker for each receiver. Needs a tokio runtime around it.
pub struct Deliverer {
    shared: Arc<Shared>,
    workers: Mutex<BTreeMap<String, Running>>,
    tasks: TaskTracker,
    /// Workers take nothing more, and end when what they have under way has landed.
    stop: CancellationToken,
    /// Workers end at once.
    abandon: CancellationToken,
}

/// What all workers share.
struct Shared {
    outbox: Arc<dyn Outbox>,
    sender: Sender,
    recorder: Recorder,
    clock: Clock,
    healths: Healths,
    /// Alerts under way: a receiver that is removed and comes back gets a new worker while the old one's land.
    under_way: Mutex<BTreeSet<AlertId>>,
}

/// What the deliverer holds of a running worker.
struct Running {
    destination: watch::Sender<Arc<Destination>>,
    wake: Arc<Notify>,
    stop: CancellationToken,
}

impl Deliverer {
    /// A door out without receivers; [`Deliverer::reconfigure`] gives it some. It stops when `stop` is cancelled.
    pub fn new(parts: Parts, stop: CancellationToken) -> Self {
        let Parts { outbox, ledger, client, output, clock } = parts;
        let shared = Shared {
            outbox,
            sender: Sender::new(client, output, clock.clone()),
            recorder: Recorder::new(ledger, clock.clone()),
            clock,
            healths: Healths::default(),
            under_way: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
            workers: Mutex::default(),
            tasks: TaskTracker::new(),
            stop,
            abandon: CancellationToken::new(),
        }
    }

    /// Takes over a new configuration: workers of receivers that stay go on with the new settings, at once even if they
    /// were waiting; those of removed ones end, and their alerts stay in the outbox until the receiver is back.
    pub fn reconfigure(&self, client: Client, destinations: Vec<Destination>) {
        self.shared.sender.use_client(client);
        let mut workers = lock(&self.workers);
        let mut before = std::mem::take(&mut *workers);
        for destination in destinations.into_iter().map(Arc::new) {
            let name = destination.name.clone();
            let handle = match before.remove(&name) {
                Some(handle) => {
                    handle.destination.send_replace(destination);
                    handle
                }
                None => self.start(destination),
            };
            workers.insert(name, handle);
        }
        for (name, removed) in before {
            removed.stop.cancel();
            self.shared.healths.forget(&name);
        }
    }

    fn start(&self, destination: Arc<Destination>) -> Running {
        let (sender, receiver) = watch::channel(destination);
        let handle = Running { destination: sender, wake: Arc::default(), stop: self.stop.child_token() };
        let worker = Worker::new(self.shared.clone(), receiver, handle.wake.clone(), handle.stop.clone());
        let abandon = self.abandon.clone();
        self.tasks.spawn(async move {
            // A worker dropped in the middle takes everything that it has under way with it.
            abandon.run_until_cancelled(worker.run()).await;
        });
        handle
    }

    /// Says that a receiver's outbox may hold something new. Nothing happens for one that is not configured.
    pub fn wake(&self, receiver: &str) {
        if let Some(handle) = lock(&self.workers).get(receiver) {
            handle.wake.notify_one();
        }
    }

    /// How each configured receiver does, by name.
    pub fn health(&self) -> Vec<ReceiverHealth> {
        let names: Vec<String> = lock(&self.workers).keys().cloned().collect();
        names.into_iter().map(|name| self.shared.healths.of(&name)).collect()
    }

    /// Sends a marked sample alert to a configured receiver, the way every alert goes; journals nothing.
    /// `None` when there is no such receiver.
    pub async fn send_sample(&self, receiver: &str) -> Option<Tried> {
        let destination = lock(&self.workers).get(receiver).map(|handle| handle.destination.borrow().clone())?;
        Some(self.shared.sender.send_sample(&destination).await)
    }

    /// Waits until everything under way has landed and its verdicts are in the journal, after the stop was asked for;
    /// at most `within`, then abandons the rest: it is repeated after the next start. Whether all landed.
    pub async fn stopped(&self, within: Duration) -> bool {
        self.stop.cancel();
        self.tasks.close();
        let landed = tokio::select! {
            () = self.tasks.wait() => true,
            () = self.shared.clock.sleep(within) => false,
        };
        self.abandon.cancel();
        landed
    }
}

/// A lock whose holder panicked holds nothing half done here: every change under one is a single step.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
