//! Which real parts do the tests put around the daemon?
#![expect(dead_code, reason = "every test binary uses some of it")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

pub mod collector;
pub mod corpora;
pub mod home;
pub mod inside;
pub mod spawned;
pub mod web;

use std::time::Duration;

/// Longest that a test waits for something that must happen; only a failing test waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Returns as soon as `what` gives a value; fails the test when it does not in time.
pub async fn until<T>(name: &str, what: impl AsyncFnMut() -> Option<T>) -> T {
    until_within(PATIENCE, Duration::from_millis(5), name, what).await
}

/// As [`until`], with another patience, looking as often as is said.
pub async fn until_within<T>(
    patience: Duration,
    look: Duration,
    name: &str,
    mut what: impl AsyncFnMut() -> Option<T>,
) -> T {
    let mut ticks = tokio::time::interval(look);
    let found = tokio::time::timeout(patience, async {
        loop {
            if let Some(found) = what().await {
                return found;
            }
            ticks.tick().await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("{name} did not happen within {patience:?}"))
}
