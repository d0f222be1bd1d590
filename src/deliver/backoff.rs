//! When is an alert that was not taken sent again, and when is it given up?

use crate::model::event::DeliveryResult;
use crate::model::{Duration, Pending, Timestamp, Verdict};

/// The wait after the first attempt is at least this long; every next one may be twice as long.
pub const FIRST_WAIT: Duration = Duration::seconds(5);
/// The longest wait that we choose ourselves.
pub const LONGEST_WAIT: Duration = Duration::hours(1);
/// The longest wait that a receiver may ask for; more than that is taken for a mistake.
pub const LONGEST_RETRY_AFTER: Duration = Duration::hours(6);
/// How long an alert is tried, counted from when it was first due; Standard Webhooks proposes days, not hours.
pub const GIVE_UP: Duration = Duration::days(3);

/// What comes of an attempt on `pending` that ended at `now` with this verdict.
pub fn result(verdict: Verdict, pending: &Pending, now: Timestamp) -> DeliveryResult {
    let (why, after) = match verdict {
        Verdict::Delivered { handle } => return DeliveryResult::Delivered { handle },
        Verdict::Refused { why } => return DeliveryResult::Dead { why },
        Verdict::Retry { why, after } => (why, after),
    };
    if now.since(pending.first_due) >= GIVE_UP {
        let attempts = pending.attempts.saturating_add(1);
        return DeliveryResult::Dead { why: format!("given up after {GIVE_UP} and {attempts} attempts: {why}") };
    }
    let chosen = wait(&pending.alert.id, pending.attempts);
    DeliveryResult::Retry { why, next: now + chosen.max(asked(after).unwrap_or_default()) }
}

/// The wait that a receiver asked for, within the bound.
pub fn asked(after: Option<Duration>) -> Option<Duration> {
    after.map(|after| after.min(LONGEST_RETRY_AFTER))
}

/// The longest wait after so many attempts before this one: doubles from twice [`FIRST_WAIT`] up to [`LONGEST_WAIT`].
pub fn ceiling(attempts: u32) -> Duration {
    let doubled = FIRST_WAIT.0.saturating_mul(1_u64.checked_shl(attempts.saturating_add(1)).unwrap_or(u64::MAX));
    Duration(doubled.min(LONGEST_WAIT.0))
}

/// Anything between [`FIRST_WAIT`] and the ceiling: spread so that alerts that failed together do not come
/// back together, and by the alert's id instead of by chance, so that a restart does not change it.
fn wait(alert: &str, attempts: u32) -> Duration {
    let spread = ceiling(attempts).0 - FIRST_WAIT.0;
    let point = xxhash_rust::xxh3::xxh3_64_with_seed(alert.as_bytes(), u64::from(attempts));
    Duration(FIRST_WAIT.0 + point % (spread + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receiver::sample;

    const DAY: i64 = 86_400_000;

    fn pending(attempts: u32) -> Pending {
        Pending { alert: sample::alert("it-ops", Timestamp(0)), attempts, first_due: Timestamp(0) }
    }

    fn retry(after: Option<Duration>) -> Verdict {
        Verdict::Retry { why: "HTTP 503".into(), after }
    }

    #[test]
    fn the_wait_doubles_from_seconds_to_an_hour() {
        let ceilings: Vec<String> = [0, 1, 2, 5, 8, 9, 30, 64, u32::MAX].map(|n| ceiling(n).to_string()).into();
        assert_eq!(ceilings, ["10s", "20s", "40s", "5m20s", "42m40s", "1h", "1h", "1h", "1h"]);
    }

    #[test]
    fn a_wait_is_spread_between_its_bounds_and_is_the_same_after_a_restart() {
        let waits: Vec<Duration> = (0..100).map(|n| wait(&format!("alert_{n}"), 6)).collect();
        assert!(waits.iter().all(|wait| (FIRST_WAIT..=ceiling(6)).contains(wait)));
        let (early, late) = (waits.iter().filter(|wait| **wait < Duration(ceiling(6).0 / 2)).count(), waits.len());
        assert!((30..70).contains(&early), "{early} of {late} in the first half");
        assert_eq!(waits, (0..100).map(|n| wait(&format!("alert_{n}"), 6)).collect::<Vec<_>>());
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_within_a_bound_but_not_for_less() {
        let own = Timestamp(0) + wait(&pending(0).alert.id, 0);
        for (after, next) in [
            (None, own),
            (Some(Duration::seconds(0)), own),
            (Some(Duration::minutes(2)), Timestamp(120_000)),
            (Some(Duration::days(400)), Timestamp(0) + LONGEST_RETRY_AFTER),
        ] {
            let expected = DeliveryResult::Retry { why: "HTTP 503".into(), next };
            assert_eq!(result(retry(after), &pending(0), Timestamp(0)), expected, "{after:?}");
        }
    }

    #[test]
    fn an_alert_is_given_up_after_three_days_or_when_refused() {
        for (verdict, now, dead) in [
            (retry(None), 3 * DAY - 1, None),
            (retry(None), 3 * DAY, Some("given up after 3d and 8 attempts: HTTP 503")),
            (Verdict::Refused { why: "HTTP 410".into() }, 0, Some("HTTP 410")),
            (Verdict::Delivered { handle: None }, 9 * DAY, None),
        ] {
            let why = match result(verdict.clone(), &pending(7), Timestamp(now)) {
                DeliveryResult::Dead { why } => Some(why),
                DeliveryResult::Delivered { .. } | DeliveryResult::Retry { .. } => None,
            };
            assert_eq!(why.as_deref(), dead, "{verdict:?} at {now}");
        }
    }
}
