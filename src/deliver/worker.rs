//! Which alert of one receiver is sent when?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use metrics::gauge;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::attempt::{Landed, UnderWay, attempt, count};
use super::health::RESULTS;
use super::pace::{PATIENCE, Pace};
use super::{Destination, Shared, lock};
use crate::clock::Clock;
use crate::model::event::DeliveryResult;
use crate::model::{Alert, AlertId, Duration, Pending, StoryId, Timestamp, ViewError};

/// Most alerts read from the outbox at once.
pub const READ_AHEAD: usize = 32;
/// When to look again where nothing tells: the outbox cannot be read, or an earlier alert of the story goes first.
const LOOK_AGAIN: Duration = Duration::seconds(5);
/// The least time between two looks into the outbox that only the time asks for.
const BREATH: Duration = Duration(100);

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
    /// Stories with an alert that will be sent again, and which: later ones wait for it. Never more than the outbox holds.
    held: BTreeMap<StoryId, AlertId>,
    pace: Pace,
    /// The outbox could not be read at the last look; told once, not at every look.
    blind: bool,
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
            blind: false,
        }
    }

    /// Sends what is due until told to stop; then waits for what is in flight.
    pub async fn run(mut self) {
        // Counters start at nothing, so that the first dead letter counts as an increase.
        for result in RESULTS {
            count(&self.name, result, 0);
        }
        self.set_pace(Pace::default());
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

    /// Starts what is due and may start. When to look again if nothing happens before; `None` when only a landing,
    /// a wake or a new configuration can bring something to do.
    fn launch(&mut self) -> Option<Timestamp> {
        let now = self.shared.clock.now();
        if let Some(until) = self.pace.waits(now) {
            return Some(until);
        }
        let most = self.pace.most_in_flight();
        if self.in_flight.len() >= most {
            return None;
        }
        match self.look(now) {
            Ok((due, next)) => {
                self.blind = false;
                // An alert that came between the two looks is due already: look again, but never without a breath.
                let next = next.map(|next| next.max(now + BREATH));
                if due.is_empty() { next } else { self.start_all(due, most, now) }
            }
            Err(error) => {
                if !self.blind {
                    error!(receiver = self.name, %error, "alerts wait until the outbox can be read");
                }
                self.blind = true;
                Some(now + LOOK_AGAIN)
            }
        }
    }

    /// What is due, and when the next alert is if nothing is.
    fn look(&self, now: Timestamp) -> Result<(Vec<Pending>, Option<Timestamp>), ViewError> {
        let due = self.shared.outbox.due(&self.name, now, READ_AHEAD)?;
        let next = if due.is_empty() { self.shared.outbox.next_due(&self.name)? } else { None };
        Ok((due, next))
    }

    /// Starts what may start, the earliest decided first, until `most` are in flight. When to look again, as [`Self::launch`].
    fn start_all(&mut self, mut due: Vec<Pending>, most: usize, now: Timestamp) -> Option<Timestamp> {
        due.sort_by_key(|pending| pending.alert.decided_at);
        for pending in due {
            if self.in_flight.len() < most && self.may_start(&pending.alert) {
                self.start(pending);
            }
        }
        if !self.in_flight.is_empty() {
            return None;
        }
        // Each waits for an earlier alert of its story, unless that one has left the outbox meanwhile.
        self.hold_unfinished();
        Some(now + LOOK_AGAIN)
    }

    /// Alerts that were tried before hold back later ones of their story: read from the outbox, as after a restart.
    fn hold_unfinished(&mut self) {
        // An outbox that cannot be read is told of at the next look.
        let waiting = self.shared.outbox.due(&self.name, Timestamp(i64::MAX), READ_AHEAD).unwrap_or_default();
        let tried = waiting.into_iter().filter(|pending| pending.attempts > 0);
        self.held = tried.map(|pending| (pending.alert.story, pending.alert.id)).collect();
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
        match &landed.result {
            DeliveryResult::Retry { .. } => drop(self.held.insert(landed.story, landed.alert.clone())),
            DeliveryResult::Delivered { .. } => drop(self.held.remove(&landed.story)),
            DeliveryResult::Dead { why } => {
                self.held.remove(&landed.story);
                warn!(receiver = self.name, alert = landed.alert, why, "alert not taken; kept as a dead letter");
            }
        }
        let pace = match &landed.failed {
            Some(failed) => self.pace.after_failure(failed.after, landed.at),
            None => Pace::default(),
        };
        match (self.pace.failures < PATIENCE, pace.failures < PATIENCE) {
            (true, false) => warn!(receiver = self.name, "takes no alerts; they wait in the outbox"),
            (false, true) => info!(receiver = self.name, "takes alerts again"),
            (true, true) | (false, false) => {}
        }
        self.set_pace(pace);
    }

    fn set_pace(&mut self, pace: Pace) {
        gauge!("overheard_receiver_failures", "receiver" => self.name.clone()).set(f64::from(pace.failures));
        self.shared.healths.paced(&self.name, pace.failures, pace.not_before);
        self.pace = pace;
    }
}

async fn sleep(clock: &Clock, until: Option<Timestamp>) {
    match until {
        Some(moment) => clock.sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
