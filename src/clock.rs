//! What time is it, and who moves it?

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::model::{Duration, Timestamp};

/// The one source of time. Cheap to clone; clones share a moved clock.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The system's time.
    #[default]
    System,
    /// The system's time, so many milliseconds away from it: for playing what was recorded.
    Away(i64),
    /// A time that stands still until [`Moved::advance`] moves it.
    Moved(Moved),
}

/// The hands of a clock that a test moves.
#[derive(Clone, Debug)]
pub struct Moved(Arc<Mutex<Hands>>);

#[derive(Debug)]
struct Hands {
    now: Timestamp,
    /// Who sleeps until when; the number keeps sleepers of one moment apart and in order.
    sleepers: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
    slept: u64,
}

impl Clock {
    /// A clock that stands at `start` until its hands are moved.
    pub fn moved(start: Timestamp) -> (Self, Moved) {
        let hands = Moved(Arc::new(Mutex::new(Hands { now: start, sleepers: BTreeMap::new(), slept: 0 })));
        (Self::Moved(hands.clone()), hands)
    }

    /// A clock that shows `start` now and runs as fast as the system's.
    pub fn starting_at(start: Timestamp) -> Self {
        Self::Away(start.0 - Self::System.now().0)
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp(jiff::Timestamp::now().as_millisecond()),
            Self::Away(by) => Timestamp(Self::System.now().0.saturating_add(*by)),
            Self::Moved(hands) => hands.lock().now,
        }
    }

    /// Returns when it is `moment` or later. Safe to drop at any time.
    pub async fn sleep_until(&self, moment: Timestamp) {
        match self {
            Self::System | Self::Away(_) => tokio::time::sleep(moment.since(self.now()).to_std()).await,
            Self::Moved(hands) => hands.wait(moment).await,
        }
    }

    /// Returns after `length`. Safe to drop at any time.
    pub async fn sleep(&self, length: Duration) {
        self.sleep_until(self.now() + length).await;
    }
}

impl Moved {
    /// Moves the hands forward and wakes everybody whose moment has come, in the order of their moments.
    pub fn advance(&self, by: Duration) {
        let mut hands = self.lock();
        hands.now = hands.now + by;
        let now = hands.now;
        while let Some(entry) = hands.sleepers.first_entry() {
            if entry.key().0 > now {
                break;
            }
            // A sleeper that was dropped no longer listens; that is its right.
            let _ = entry.remove().send(());
        }
    }

    /// The earliest moment that somebody sleeps until.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let mut hands = self.lock();
        hands.sleepers.retain(|_, sleeper| !sleeper.is_closed());
        hands.sleepers.keys().next().map(|(moment, _)| *moment)
    }

    async fn wait(&self, moment: Timestamp) {
        let woken = {
            let mut hands = self.lock();
            if hands.now >= moment {
                return;
            }
            hands.slept += 1;
            let (sleeper, woken) = oneshot::channel();
            let key = (moment, hands.slept);
            hands.sleepers.insert(key, sleeper);
            woken
        };
        // The sender is only dropped together with the clock; then nobody will ever move it again.
        if woken.await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleepers_wake_when_the_hands_pass_their_moment() {
        let (clock, hands) = Clock::moved(Timestamp(0));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep(Duration::minutes(5)).await;
                clock.now()
            }
        });
        while hands.next_wake().is_none() {
            tokio::task::yield_now().await;
        }
        hands.advance(Duration::minutes(4));
        assert_eq!(hands.next_wake(), Some(Timestamp(300_000)));
        hands.advance(Duration::minutes(1));
        assert_eq!(sleeper.await.ok(), Some(Timestamp(300_000)));
    }
}
