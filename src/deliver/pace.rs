//! How fast may a receiver be asked?

use super::backoff;
use crate::model::{Duration, Timestamp};

/// Most requests to one receiver at a time.
pub const MAX_IN_FLIGHT: usize = 4;
/// From so many failures in a row on, the receiver is left alone for a while and then asked with one alert at a time.
pub const PATIENCE: u32 = 3;
/// The longest that a failing receiver is left alone: after that one alert shows whether it is back.
const LONGEST_PAUSE: Duration = Duration::minutes(5);

/// How fast a receiver may be asked; the default is at full speed.
#[derive(Default)]
pub struct Pace {
    /// Attempts in a row that it did not take and that will be repeated.
    pub failures: u32,
    /// Nothing is sent before.
    pub not_before: Option<Timestamp>,
}

impl Pace {
    /// Until when nothing is sent, if that is after `now`.
    pub fn waits(&self, now: Timestamp) -> Option<Timestamp> {
        self.not_before.filter(|until| *until > now)
    }

    /// Most requests at a time.
    pub fn most_in_flight(&self) -> usize {
        if self.failures < PATIENCE { MAX_IN_FLIGHT } else { 1 }
    }

    /// The pace after one more failure: a receiver that asks for patience gets it for all its alerts, and one that
    /// fails again and again is left alone longer and longer.
    pub fn after_failure(&self, asked: Option<Duration>, now: Timestamp) -> Self {
        let failures = self.failures.saturating_add(1);
        let pause = failures.checked_sub(PATIENCE).map(|more| backoff::ceiling(more).min(LONGEST_PAUSE));
        let wait = backoff::asked(asked).into_iter().chain(pause).max();
        let until = wait.map(|wait| now + wait);
        Self { failures, not_before: self.not_before.max(until) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_receiver_is_left_alone_longer_and_longer_but_never_for_more_than_minutes() {
        let mut pace = Pace::default();
        let mut pauses = Vec::new();
        for _ in 0..10 {
            pace = pace.after_failure(None, Timestamp(0));
            pauses.push(pace.not_before.map(|until| until.since(Timestamp(0)).to_string()));
        }
        let told: Vec<&str> = pauses.iter().map(|pause| pause.as_deref().unwrap_or("-")).collect();
        assert_eq!(told, ["-", "-", "10s", "20s", "40s", "1m20s", "2m40s", "5m", "5m", "5m"]);
    }

    #[test]
    fn a_receiver_that_asks_for_patience_gets_it_at_once_within_the_bound() {
        for (asked, until) in [(120, 120), (0, 0), (u64::MAX, 6 * 3600)] {
            let pace = Pace::default().after_failure(Some(Duration::seconds(asked)), Timestamp(0));
            assert_eq!(pace.not_before, Some(Timestamp::from_seconds(until)), "{asked} s");
        }
        let longer = Pace { failures: 1, not_before: Some(Timestamp(9_000)) };
        let pace = longer.after_failure(Some(Duration::seconds(1)), Timestamp(0));
        assert_eq!(pace.not_before, Some(Timestamp(9_000)), "what was asked before still holds");
    }
}
