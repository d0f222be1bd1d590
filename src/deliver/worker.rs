//! Which alert of one receiver is sent when?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use metrics::{counter, histogram};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::health::result_name;
use super::{Destination, Shared, backoff, lock};
use crate::model::event::{DeliveryAttempt, DeliveryResult};
use crate::model::{Alert, AlertId, Duration, Pending, StoryId, Timestamp, Verdict};

/// Most requests to one receiver at a time.
pub const MAX_IN_FLIGHT: usize = 4;
/// Most alerts read from the outbox at once.
pub const READ_AHEAD: usize = 32;
/// From so many failures in a row on, the receiver is left alone for a while and then asked with one alert at a time.
const PATIENCE: u32 = 3;
/// The longest that a failing receiver is left alone: after that one alert shows whether it is back.
const LONGEST_PAUSE: Duration = Duration::minutes(5);
/// When to look again where nothing tells: the outbox cannot be read, or an earlier alert of the story goes first.
const LOOK_AGAIN: Duration = Duration::seconds(5);

/// The worker of one receiver.
pub struct Worker {
    shared: Arc<Shared>,
    name: String,
    destination: watch::Receiver<Arc<Destination>>,
    wake: Arc<Notify>,
    stop: CancellationToken,
    in_flight: JoinSet<Landed>,
    /// Stories with an alert in flight: their next one waits.
    flying: BTreeSet<StoryId>,
    /// Stories with an alert that will be sent again, and which: later ones wait for it.
    held: BTreeMap<StoryId, AlertId>,
    pace: Pace,
}

/// How an attempt ended.
struct Landed {
    story: StoryId,
    alert: AlertId,
    result: DeliveryResult,
    at: Timestamp,
    /// The patience that the receiver asked for.
    after: Option<Duration>,
    /// The verdict is in the journal; it is not only when the daemon stops.
    recorded: bool,
}

/// How fast a receiver may be asked.
#[derive(Default)]
struct Pace {
    failures: u32,
    not_before: Option<Timestamp>,
}

impl Worker {
    pub fn new(
        shared: Arc<Shared>,
        mut destination: watch::Receiver<Arc<Destination>>,
        wake: Arc<Notify>,
        stop: CancellationToken,
    ) -> Self {
        let name = destination.borrow_and_update().name.clone();
        Self {
            shared,
            name,
            destination,
            wake,
            stop,
            in_flight: JoinSet::new(),
            flying: BTreeSet::new(),
            held: BTreeMap::new(),
            pace: Pace::default(),
        }
    }

    /// Sends what is due until told to stop; then waits for what is in flight.
    pub async fn run(mut self) {
        self.hold_unfinished();
        while !self.stop.is_cancelled() {
            let next_look = self.launch();
            tokio::select! {
                () = self.stop.cancelled() => break,
                Some(landed) = self.in_flight.join_next() => self.land(landed),
                () = self.wake.notified() => {}
                changed = self.destination.changed() => match changed {
                    Ok(()) => self.set_pace(Pace::default()),
                    Err(_) => break,
                },
                () = sleep(&self.shared.clock, next_look) => {}
            }
        }
        while let Some(landed) = self.in_flight.join_next().await {
            self.land(landed);
        }
    }

    /// Alerts that were tried before hold back later ones of their story: read anew after a restart.
    fn hold_unfinished(&mut self) {
        self.held.clear();
        match self.shared.outbox.due(&self.name, Timestamp(i64::MAX), READ_AHEAD) {
            Ok(waiting) => {
                let tried = waiting.into_iter().filter(|pending| pending.attempts > 0);
                self.held.extend(tried.map(|pending| (pending.alert.story, pending.alert.id)));
            }
            Err(error) => warn!(receiver = self.name, %error, "the outbox cannot be read"),
        }
    }

    /// Starts what is due and may start. When to look again if nothing happens before; `None` when only a landing,
    /// a wake or a new configuration can bring something to do.
    fn launch(&mut self) -> Option<Timestamp> {
        let now = self.shared.clock.now();
        if let Some(until) = self.pace.not_before.filter(|until| *until > now) {
            return Some(until);
        }
        let most = if self.pace.failures < PATIENCE { MAX_IN_FLIGHT } else { 1 };
        if self.in_flight.len() >= most {
            return None;
        }
        let look = || {
            self.shared.outbox.due(&self.name, now, READ_AHEAD).and_then(|due| {
                let next = if due.is_empty() { self.shared.outbox.next_due(&self.name)? } else { None };
                Ok((due, next))
            })
        };
        let (due, next) = match look() {
            Ok((due, next)) => (due, next),
            Err(error) => {
                warn!(receiver = self.name, %error, "the outbox cannot be read");
                return Some(now + LOOK_AGAIN);
            }
        };
        if due.is_empty() {
            return next;
        }
        self.start_all(due, most);
        if self.in_flight.is_empty() {
            // Each waits for an earlier alert of its story, unless that one has left the outbox meanwhile.
            self.hold_unfinished();
            return Some(now + LOOK_AGAIN);
        }
        None
    }

    /// Starts what may start, the earliest decided first, until `most` are in flight.
    fn start_all(&mut self, mut due: Vec<Pending>, most: usize) {
        due.sort_by_key(|pending| pending.alert.decided_at);
        for pending in due {
            if self.in_flight.len() >= most {
                return;
            }
            if self.may_start(&pending.alert) {
                self.start(pending);
            }
        }
    }

    fn may_start(&self, alert: &Alert) -> bool {
        let its_turn = self.held.get(&alert.story).is_none_or(|first| *first == alert.id);
        its_turn && !self.flying.contains(&alert.story) && !lock(&self.shared.under_way).contains(&alert.id)
    }

    fn start(&mut self, pending: Pending) {
        self.flying.insert(pending.alert.story);
        let under_way = UnderWay::start(&self.shared, &pending.alert.id);
        let (shared, destination) = (self.shared.clone(), self.destination.borrow().clone());
        self.in_flight.spawn(async move {
            let landed = attempt(&shared, &destination, pending).await;
            drop(under_way);
            landed
        });
    }

    fn land(&mut self, landed: Result<Landed, JoinError>) {
        let landed = match landed {
            Ok(landed) => landed,
            Err(error) => {
                // A panic in the receiver's kind. Its story stays closed in this process, so that it is not tried for ever.
                error!(receiver = self.name, %error, "an attempt to deliver broke off");
                return self.set_pace(self.pace.after_failure(None, self.shared.clock.now()));
            }
        };
        self.flying.remove(&landed.story);
        if !landed.recorded {
            return self.stop.cancel();
        }
        match landed.result {
            DeliveryResult::Retry { ref why, .. } => {
                self.held.insert(landed.story, landed.alert.clone());
                let pace = self.pace.after_failure(landed.after, landed.at);
                if pace.failures == PATIENCE {
                    warn!(receiver = self.name, why, "takes no alerts; they wait in the outbox");
                }
                return self.set_pace(pace);
            }
            DeliveryResult::Dead { ref why } => {
                warn!(receiver = self.name, alert = landed.alert, why, "alert not taken; kept as a dead letter");
            }
            DeliveryResult::Delivered { .. } if self.pace.failures >= PATIENCE => {
                info!(receiver = self.name, "takes alerts again");
            }
            DeliveryResult::Delivered { .. } => {}
        }
        self.held.remove(&landed.story);
        self.set_pace(Pace::default());
    }

    fn set_pace(&mut self, pace: Pace) {
        self.shared.healths.paced(&self.name, pace.failures, pace.not_before);
        self.pace = pace;
    }
}

impl Pace {
    /// The pace after one more failure: a receiver that asks for patience gets it for all its alerts, and one that
    /// fails again and again is left alone longer and longer.
    fn after_failure(&self, asked: Option<Duration>, now: Timestamp) -> Self {
        let failures = self.failures.saturating_add(1);
        let pause = failures.checked_sub(PATIENCE).map(|more| backoff::ceiling(more).min(LONGEST_PAUSE));
        let wait = backoff::asked(asked).into_iter().chain(pause).max();
        let until = wait.map(|wait| now + wait);
        Self { failures, not_before: self.not_before.max(until) }
    }
}

/// Marks an alert as under way until dropped, however its attempt ends.
struct UnderWay {
    shared: Arc<Shared>,
    alert: AlertId,
}

impl UnderWay {
    fn start(shared: &Arc<Shared>, alert: &AlertId) -> Self {
        lock(&shared.under_way).insert(alert.clone());
        Self { shared: shared.clone(), alert: alert.clone() }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        lock(&self.shared.under_way).remove(&self.alert);
    }
}

async fn sleep(clock: &crate::clock::Clock, until: Option<Timestamp>) {
    match until {
        Some(moment) => clock.sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// One attempt from the outbox into the journal.
async fn attempt(shared: &Shared, destination: &Destination, pending: Pending) -> Landed {
    let Alert { ref id, story, .. } = pending.alert;
    // Without its handle an alert stands alone instead of in its thread: better than not being sent.
    let previous = shared.outbox.handle(&destination.name, story).ok().flatten();
    let started = shared.clock.now();
    let verdict = shared.sender.send(destination, &pending.alert, previous.as_ref()).await;
    let at = shared.clock.now();
    let took = at.since(started);
    let after = match &verdict {
        Verdict::Retry { after, .. } => *after,
        Verdict::Delivered { .. } | Verdict::Refused { .. } => None,
    };
    let result = backoff::result(verdict, &pending, at);
    let receiver = destination.name.clone();
    counter!("overheard_deliveries_total", "receiver" => receiver.clone(), "result" => result_name(&result))
        .increment(1);
    histogram!("overheard_delivery_seconds", "receiver" => receiver.clone()).record(took.as_seconds());
    let attempt = DeliveryAttempt { alert: id.clone(), receiver, at, took_ms: took.0, result: result.clone() };
    shared.healths.attempted(&attempt);
    let recorded = shared.recorder.record(attempt).await;
    Landed { story, alert: id.clone(), result, at, after, recorded }
}
