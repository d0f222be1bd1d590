//! Whose turn is it to ask a host, and who must wait because the host said so?

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::settings::Limit;
use super::spacing::Spacing;
use crate::clock::Clock;
use crate::model::{Budget, Duration, FetchProblem, Timestamp};

/// Longest wait that a host can ask of us at once; after it we ask whether that was meant.
const MAX_HOLD: Duration = Duration::days(30);
/// Slowest pace that a robots.txt can ask of us.
const MAX_CRAWL_DELAY: Duration = Duration::days(1);
/// A pace that outlives a restart; of a faster one the restart itself makes up for.
const SLOW: Duration = Duration::seconds(10);
/// How often the time between two requests is doubled at most for a host that said "too many", and when it is halved
/// again after the last such word.
const MOST_SLOWED: u32 = 6;
const SLOWED_FOR: Duration = Duration::minutes(10);
/// Limits kept in mind at once; beyond it new hosts must wait.
const MAX_LANES: usize = 20_000;
/// Below this many limits, idle ones are not looked for.
const FEW_LANES: usize = 512;
/// How long new hosts wait when there are too many limits.
const FULL_WAIT: Duration = Duration::minutes(1);

/// All limits in use. One that is idle is forgotten.
pub(super) struct Lanes {
    clock: Clock,
    known: Mutex<Known>,
}

struct Known {
    lanes: HashMap<String, Arc<Lane>>,
    /// Number of lanes at which idle ones are looked for next.
    sweep_at: usize,
}

/// One limit: requests go in single file (or as many abreast as is configured), an interval apart.
struct Lane(Mutex<State>);

struct State {
    spacing: Spacing,
    interval: Duration,
    /// What robots.txt asked for.
    crawl_delay: Duration,
    turns: Arc<Semaphore>,
    concurrent: usize,
    hold: Option<Hold>,
    /// How often the time between two requests was doubled, and when that changed last.
    slowed: (u32, Timestamp),
}

#[derive(Clone)]
struct Hold {
    until: Timestamp,
    why: String,
}

/// The right to make one request; given back when dropped.
pub(super) struct Turn {
    _turn: OwnedSemaphorePermit,
    lane: Arc<Lane>,
    /// The place among all requests of the daemon; may be kept longer than the turn, until the answer is read.
    pub slot: OwnedSemaphorePermit,
}

/// Why a request cannot go out at this moment.
enum Not {
    /// Too near to the one before.
    Yet(Duration),
    /// The host asked us to wait.
    Before(Hold),
}

impl Lanes {
    pub fn new(clock: Clock) -> Self {
        Self { clock, known: Mutex::new(Known { lanes: HashMap::new(), sweep_at: FEW_LANES }) }
    }

    /// Waits for a turn. The place in the lane comes first and the place in the daemon last, so that whoever waits
    /// for a slow host keeps nobody else out.
    ///
    /// `jitter` is the part of the interval that is added at random to a wait.
    pub async fn turn(
        &self,
        limit: &Limit,
        slots: &Arc<Semaphore>,
        patience: Duration,
        jitter: f64,
    ) -> Result<Turn, FetchProblem> {
        let lane = self.lane(&limit.key)?;
        let own = if limit.waits == limit.key { None } else { Some(self.lane(&limit.waits)?) };
        let patient = |now| {
            own.iter().try_for_each(|own| own.state().patient(now, patience))?;
            lane.state().patient(now, patience)
        };
        let turns = lane.state().adapt(limit, self.clock.now());
        patient(self.clock.now())?;
        let turn = turns.acquire_owned().await.map_err(closed)?;
        loop {
            let slot = slots.clone().acquire_owned().await.map_err(closed)?;
            let now = self.clock.now();
            let held = own.as_ref().map_or(Ok(()), |own| own.state().held(now));
            let refused = held.and_then(|()| lane.state().take(now));
            let wake = match refused {
                Ok(()) => return Ok(Turn { _turn: turn, lane, slot }),
                Err(Not::Yet(wait)) => now + wait + jittered(limit.interval, jitter),
                Err(Not::Before(hold)) => hold.until,
            };
            drop(slot);
            patient(now)?;
            self.clock.sleep_until(wake).await;
        }
    }

    /// Lets nobody ask under this limit before `until`, at most for [`MAX_HOLD`]; returns the moment that counts.
    pub fn hold(&self, key: &str, until: Timestamp, why: &str) -> Timestamp {
        let now = self.clock.now();
        let until = until.min(now + MAX_HOLD);
        // Without room for another limit there is also nobody to be let through under it.
        let Ok(lane) = self.lane(key) else { return until };
        let mut state = lane.state();
        if state.hold.as_ref().is_none_or(|hold| hold.until < until) {
            state.hold = Some(Hold { until, why: why.to_owned() });
        }
        state.hold.as_ref().map_or(until, |hold| hold.until)
    }

    /// Every limit under which nobody may ask yet, and until when: because the host asked for it, or because its pace is
    /// so slow that a restart must not forget who was asked last.
    pub fn holds(&self) -> Vec<(String, Timestamp)> {
        let now = self.clock.now();
        let known = self.known();
        let until = |lane: &Lane| {
            let state = lane.state();
            let held = state.hold.as_ref().map(|hold| hold.until);
            let paced = state.spacing.free_at().filter(|_| state.interval >= SLOW);
            held.max(paced).filter(|until| *until > now)
        };
        let mut holds: Vec<_> =
            known.lanes.iter().filter_map(|(key, lane)| Some((key.clone(), until(lane)?))).collect();
        holds.sort();
        holds
    }

    /// Slows a limit down to what a robots.txt asks for, at most to [`MAX_CRAWL_DELAY`].
    pub fn crawl_delay(&self, limit: &Limit, delay: Duration) -> Result<(), FetchProblem> {
        let lane = self.lane(&limit.key)?;
        let mut state = lane.state();
        state.crawl_delay = delay.min(MAX_CRAWL_DELAY);
        state.adapt(limit, self.clock.now());
        Ok(())
    }

    /// The host said "too many": those who wait for it are spread out, further with each such word.
    pub fn slow_down(&self, limit: &Limit) {
        let now = self.clock.now();
        // Without room for another limit there is nobody to be slowed down.
        let Ok(lane) = self.lane(&limit.key) else { return };
        let mut state = lane.state();
        let times = state.slowed(now).0;
        state.slowed = ((times + 1).min(MOST_SLOWED), now);
        state.adapt(limit, now);
    }

    /// How a limit stands. Nothing is remembered of one that nobody used lately.
    pub fn budget(&self, limit: &Limit) -> Budget {
        let now = self.clock.now();
        let known = self.known();
        let hold = |key: &str| known.lanes.get(key).and_then(|lane| lane.state().held(now).err());
        let hold = [&limit.waits, &limit.key].into_iter().find_map(|key| match hold(key) {
            Some(Not::Before(hold)) => Some(hold),
            Some(Not::Yet(_)) | None => None,
        });
        let (waits_until, why) = hold.map(|hold| (hold.until, hold.why)).unzip();
        let (interval, slowed) = known.lanes.get(&limit.key).map_or((limit.interval, false), |lane| {
            let mut state = lane.state();
            state.adapt(limit, now);
            (state.interval, state.slowed.0 > 0)
        });
        Budget { limit: limit.waits.clone(), interval, slowed, waits_until, why }
    }

    fn lane(&self, key: &str) -> Result<Arc<Lane>, FetchProblem> {
        let now = self.clock.now();
        let mut known = self.known();
        if let Some(lane) = known.lanes.get(key) {
            return Ok(lane.clone());
        }
        if known.lanes.len() >= known.sweep_at {
            known.sweep(now);
        }
        if known.lanes.len() >= MAX_LANES {
            let why = "too many hosts are asked at once".to_owned();
            return Err(FetchProblem::Limited { until: now + FULL_WAIT, why });
        }
        let lane = Arc::new(Lane::new(now));
        known.lanes.insert(key.to_owned(), lane.clone());
        Ok(lane)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// The server has answered, or it is certain that it does not: the limit's next request keeps its distance from now.
    pub fn answered(&self, now: Timestamp) {
        self.lane.state().spacing.answered(now);
    }
}

impl Known {
    /// Forgets every lane that nobody is in and whose memory binds nobody any more.
    fn sweep(&mut self, now: Timestamp) {
        self.lanes.retain(|_, lane| Arc::strong_count(lane) > 1 || !lane.state().is_idle(now));
        self.sweep_at = (self.lanes.len() * 2).clamp(FEW_LANES, MAX_LANES);
        self.lanes.shrink_to(self.sweep_at);
    }
}

impl Lane {
    fn new(now: Timestamp) -> Self {
        let interval = Duration(1);
        Self(Mutex::new(State {
            spacing: Spacing::new(interval, now),
            interval,
            crawl_delay: Duration::default(),
            turns: Arc::new(Semaphore::new(1)),
            concurrent: 1,
            hold: None,
            slowed: (0, now),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes over what is configured now; what went out before still counts. Returns where to queue.
    fn adapt(&mut self, limit: &Limit, now: Timestamp) -> Arc<Semaphore> {
        self.slowed = self.slowed(now);
        let asked_for = limit.interval.max(self.crawl_delay);
        self.interval = Duration(asked_for.0.saturating_mul(1 << self.slowed.0));
        self.spacing.set_interval(self.interval);
        if self.concurrent != limit.concurrent {
            self.concurrent = limit.concurrent;
            self.turns = Arc::new(Semaphore::new(limit.concurrent));
        }
        self.turns.clone()
    }

    /// How often the time between two requests is doubled at `now`: once less for each [`SLOWED_FOR`] without another word.
    fn slowed(&self, now: Timestamp) -> (u32, Timestamp) {
        let (times, since) = self.slowed;
        let passed = u32::try_from(now.since(since).0 / SLOWED_FOR.0).unwrap_or(u32::MAX);
        if passed == 0 { (times, since) } else { (times.saturating_sub(passed), now) }
    }

    fn held(&mut self, now: Timestamp) -> Result<(), Not> {
        if let Some(hold) = self.hold.as_ref().filter(|hold| hold.until > now) {
            return Err(Not::Before(hold.clone()));
        }
        self.hold = None;
        Ok(())
    }

    fn take(&mut self, now: Timestamp) -> Result<(), Not> {
        self.held(now)?;
        self.spacing.take(now).map_err(Not::Yet)
    }

    /// An error when the host's wait is longer than anybody wants to sit out.
    fn patient(&self, now: Timestamp, patience: Duration) -> Result<(), FetchProblem> {
        match &self.hold {
            Some(hold) if hold.until > now + patience => {
                Err(FetchProblem::Limited { until: hold.until, why: hold.why.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn is_idle(&self, now: Timestamp) -> bool {
        self.spacing.is_idle(now) && self.slowed(now).0 == 0 && self.hold.as_ref().is_none_or(|hold| hold.until <= now)
    }
}

fn jittered(interval: Duration, jitter: f64) -> Duration {
    Duration((interval.0 as f64 * jitter.clamp(0.0, 1.0) * fastrand::f64()) as u64)
}

/// No semaphore here is ever closed; if one were, the daemon would be ending.
fn closed(_: tokio::sync::AcquireError) -> FetchProblem {
    FetchProblem::Unreachable { why: "the daemon is stopping".into() }
}

#[cfg(test)]
mod tests;
