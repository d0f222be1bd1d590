//! When may the next request go out under one limit?

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::model::{Duration, Timestamp};

/// Longest interval, and the furthest that a hand moves (146 years): governor counts nanoseconds and panics on overflow.
const MAX_INTERVAL: Duration = Duration::days(1);
const MAX_HAND: u64 = 1 << 62;

/// Lets one request through every interval; unused time is not saved up for a burst.
///
/// governor keeps the count; its time is a hand that is set before each question. So one clock rules everything,
/// and a new interval can be told of the last request by turning the hand back to it.
pub(super) struct Spacing {
    interval: Duration,
    limiter: RateLimiter<NotKeyed, InMemoryState, Hand, NoOpMiddleware<Nanos>>,
    hand: Hand,
    /// The moment that the hand counts from.
    origin: Timestamp,
    /// When the last request went out: at first when it was let through, and once it has been answered when the answer came,
    /// since only then it is certain that it had arrived. A connection that took long would else bring two requests together.
    last: Option<Timestamp>,
}

/// Nanoseconds since an origin.
#[derive(Clone, Debug, Default)]
struct Hand(Arc<AtomicU64>);

impl GovernorClock for Hand {
    type Instant = Nanos;
    fn now(&self) -> Nanos {
        Nanos::from(self.0.load(Ordering::Relaxed))
    }
}

impl Spacing {
    pub fn new(interval: Duration, now: Timestamp) -> Self {
        let hand = Hand::default();
        let interval = interval.clamp(Duration(1), MAX_INTERVAL);
        // `with_period` refuses only a period of zero.
        let quota = Quota::with_period(interval.to_std()).unwrap_or(Quota::per_second(std::num::NonZeroU32::MIN));
        let limiter = RateLimiter::direct_with_clock(quota, hand.clone());
        Self { interval, limiter, hand, origin: now, last: None }
    }

    /// Lets a request go out now, or says how long it has to wait.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        // After a clock that was set back this is more than an interval, which the limiter's own answer mends below.
        let early = self.free_at().map_or(Duration::default(), |free| free.since(now));
        if early > Duration::default() && early <= self.interval {
            return Err(early);
        }
        self.hand.0.store(nanoseconds(now.since(self.origin)), Ordering::Relaxed);
        let Err(refused) = self.limiter.check() else {
            self.last = Some(now);
            return Ok(());
        };
        let wait = refused.wait_time_from(self.hand.now());
        let wait = Duration(wait.as_nanos().div_ceil(1_000_000) as u64);
        if wait <= self.interval {
            return Err(wait);
        }
        // The system's clock was set back; without this the limit would stay closed until it has caught up.
        *self = Self::new(self.interval, now);
        let _ = self.limiter.check();
        Err(self.interval)
    }

    /// The last request was answered: the next one keeps its distance from this moment. A server that hangs is thereby asked
    /// less often than the limit allows, never more often.
    pub fn answered(&mut self, now: Timestamp) {
        self.last = Some(now);
    }

    /// Changes the pace from the last request on.
    pub fn set_interval(&mut self, interval: Duration) {
        let interval = interval.clamp(Duration(1), MAX_INTERVAL);
        if interval == self.interval {
            return;
        }
        let last = self.last;
        *self = Self::new(interval, last.unwrap_or(self.origin));
        if let Some(last) = last {
            let _ = self.take(last);
        }
    }

    /// When the next request could go out; `None` before the first.
    pub fn free_at(&self) -> Option<Timestamp> {
        self.last.map(|last| last + self.interval)
    }

    /// Whether a request could go out now, so that forgetting this spacing loses nothing.
    pub fn is_idle(&self, now: Timestamp) -> bool {
        self.last.is_none_or(|last| last + self.interval <= now)
    }
}

fn nanoseconds(length: Duration) -> u64 {
    length.0.saturating_mul(1_000_000).min(MAX_HAND)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::seconds(1);

    #[test]
    fn requests_go_out_an_interval_apart_and_never_in_bursts() {
        let mut spacing = Spacing::new(SECOND, Timestamp(0));
        for (now, answer) in [
            (0, Ok(())),
            (0, Err(Duration(1000))),
            (400, Err(Duration(600))),
            (999, Err(Duration(1))),
            (1000, Ok(())),
            (60_000, Ok(())),
            (60_000, Err(Duration(1000))),
            (61_500, Ok(())),
            (62_400, Err(Duration(100))),
        ] {
            assert_eq!(spacing.take(Timestamp(now)), answer, "at {now}");
        }
    }

    #[test]
    fn the_distance_counts_from_the_answer_since_a_request_may_arrive_late() {
        let mut spacing = Spacing::new(SECOND, Timestamp(0));
        assert_eq!(spacing.take(Timestamp(0)), Ok(()));
        spacing.answered(Timestamp(300));
        assert_eq!(spacing.take(Timestamp(1_000)), Err(Duration(300)));
        assert_eq!(spacing.take(Timestamp(1_300)), Ok(()));
        // One that hung for long.
        spacing.answered(Timestamp(31_300));
        assert_eq!(spacing.take(Timestamp(31_400)), Err(Duration(900)));
        assert_eq!(spacing.take(Timestamp(32_300)), Ok(()));
        assert_eq!(spacing.free_at(), Some(Timestamp(33_300)));
    }

    #[test]
    fn a_new_pace_counts_from_the_last_request() {
        let mut spacing = Spacing::new(SECOND, Timestamp(0));
        assert_eq!(spacing.take(Timestamp(500)), Ok(()));
        spacing.set_interval(Duration::seconds(10));
        assert_eq!(spacing.take(Timestamp(2_000)), Err(Duration(8_500)));
        spacing.set_interval(Duration(100));
        assert_eq!(spacing.take(Timestamp(2_000)), Ok(()));
    }

    #[test]
    fn a_clock_that_is_set_back_closes_a_limit_for_one_interval_only() {
        let mut spacing = Spacing::new(SECOND, Timestamp(0));
        assert_eq!(spacing.take(Timestamp(3_600_000)), Ok(()));
        assert_eq!(spacing.take(Timestamp(60_000)), Err(SECOND));
        assert_eq!(spacing.take(Timestamp(61_000)), Ok(()));
    }

    #[test]
    fn the_ends_of_time_break_nothing() {
        for now in [i64::MIN, -1, 0, i64::MAX] {
            let mut spacing = Spacing::new(Duration(u64::MAX), Timestamp(now));
            assert_eq!(spacing.take(Timestamp(now)), Ok(()));
            let _ = spacing.take(Timestamp(i64::MAX));
            spacing.set_interval(Duration(1));
            let _ = spacing.take(Timestamp(i64::MAX));
        }
    }
}
