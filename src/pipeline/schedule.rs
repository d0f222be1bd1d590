//! When is a source due, and what happens when it is?
//!
//! One small task a source: it sleeps until the source is due, polls it page by page, hands each page to the
//! writer before the next is asked, and decides when to come back. A source that fails is asked less and less
//! often, within bounds; a wait that a site asks for is always sat out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::holds::Holds;
use super::pace::{Hints, Pace};
use super::push::{PushError, Pushed, Taken};
use super::stream::Ended;
use super::writer::{Kept, Writer};
use super::{Board, Page, PollEnd, doors, stream};
use crate::clock::Clock;
use crate::config::{Config, SourceConfig};
use crate::fetch::{self, Door, Policy, Turned};
use crate::model::event::Validators;
use crate::model::{
    Budget, Counts, Duration, Event, FetchProblem, Ledger, LedgerError, Memory, SourceState, Timestamp, ViewError,
};
use crate::store::Store;

/// Between the first askings of two sources after a start, so that not everybody is asked at once.
const STAGGER: Duration = Duration(10);
/// The first askings after a start are spread over at most this.
const LONGEST_STAGGER: Duration = Duration::minutes(2);
/// Up to this part of the interval is added at random, so that sources do not fall into step.
const JITTER: f64 = 0.1;
/// A source that cannot be reached is tried again at least this often: the fault may be our own network.
const LONGEST_WAIT_UNREACHABLE: Duration = Duration::minutes(15);
/// A source that refuses or answers with errors is tried again at least this often.
const LONGEST_WAIT_REFUSED: Duration = Duration::hours(6);
/// How often the interval is doubled at most.
const MOST_DOUBLINGS: u32 = 10;

/// Everything that listens. One task a source.
pub struct Listeners {
    parts: Arc<Parts>,
    running: Mutex<BTreeMap<String, Running>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What every listening task needs.
pub struct Parts {
    pub door: Door,
    pub writer: Writer,
    pub store: Arc<Store>,
    pub board: Board,
    pub clock: Clock,
    /// Where waits that hosts asked for outlive a restart.
    pub holds: Holds,
}

struct Running {
    version: u64,
    stop: CancellationToken,
}

/// Why a poll ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum PollError {
    #[error(transparent)]
    Fetch(#[from] FetchProblem),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    View(#[from] ViewError),
}

/// How one round ended.
enum Round {
    Polled(Result<Brought, PollError>),
    /// Posts came by themselves, until this.
    Streamed(Ended),
}

/// What a whole poll brought.
#[derive(Default)]
struct Brought {
    kept: Kept,
    first_poll: bool,
    /// A page was read, so that the source may stand elsewhere now.
    page: bool,
    hints: Hints,
}

impl Listeners {
    /// Nobody listens yet; everything ends when `stop` is cancelled.
    pub fn new(parts: Parts, stop: CancellationToken) -> Self {
        parts.holds.load(&parts.door);
        Self { parts: Arc::new(parts), running: Mutex::default(), tasks: TaskTracker::new(), stop }
    }

    /// Takes over a configuration: sources that did not change go on undisturbed.
    pub fn reconfigure(&self, config: &Config) -> anyhow::Result<()> {
        self.parts.door.reconfigure(doors::door_settings(config))?;
        let mut running = self.lock();
        let mut before = std::mem::take(&mut *running);
        let mut started = 0;
        for source in &config.sources {
            let kept = before.remove(&source.name).filter(|task| {
                let same = task.version == source.version;
                if !same {
                    task.stop.cancel();
                }
                same
            });
            let task = kept.unwrap_or_else(|| {
                started += 1;
                self.start(source.clone(), Duration(STAGGER.0 * (started - 1)).min(LONGEST_STAGGER))
            });
            running.insert(source.name.clone(), task);
        }
        before.values().for_each(|removed| removed.stop.cancel());
        Ok(())
    }

    /// How the limit stands under which a source is asked.
    pub fn budget(&self, source: &SourceConfig) -> Option<Budget> {
        let url = source.first_asked()?;
        Some(self.parts.door.budget(&url, doors::policy(source).limit.as_ref()))
    }

    fn start(&self, source: SourceConfig, delay: Duration) -> Running {
        let (version, stop) = (source.version, self.stop.child_token());
        let (parts, ended) = (self.parts.clone(), stop.clone());
        // Dropped in the middle of a poll, nothing is lost: what is not durable is read again.
        self.tasks.spawn(async move { ended.run_until_cancelled(listen(&parts, &source, delay)).await });
        Running { version, stop }
    }

    /// Takes what was pushed for a source.
    pub async fn push(&self, source: &SourceConfig, pushed: Pushed) -> Result<Taken, PushError> {
        self.parts.push(source, pushed).await
    }

    /// Keeps the waits that hosts asked for over a restart.
    pub fn save_holds(&self) {
        self.parts.holds.save(&self.parts.door);
    }

    /// Returns when every task has ended, after the stop was asked for.
    pub async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.parts.holds.save_now(&self.parts.door);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens to one source until it is gone for good, or the task is dropped.
async fn listen(parts: &Parts, source: &SourceConfig, delay: Duration) {
    if stream::is_pushed(source) {
        return;
    }
    let mut due = parts.clock.now() + delay;
    let mut pace = Pace::default();
    let mut breaks = 0;
    loop {
        parts.board.due(&source.name, due);
        parts.clock.sleep_until(due).await;
        parts.board.asked(&source.name);
        // Boxed, so that a source that waits keeps no room for a round under way.
        let wait = match Box::pin(round(parts, source, due)).await {
            Round::Streamed(Ended { error: PollError::Fetch(FetchProblem::Gone), .. }) => {
                return gone(parts, source).await;
            }
            Round::Streamed(ended) => {
                breaks = if ended.worked { 1 } else { breaks + 1 };
                match broke(parts, source, ended.error, breaks) {
                    Some(wait) => wait,
                    None => return,
                }
            }
            Round::Polled(Ok(brought)) => {
                recovered(parts, source);
                say_first(source, &brought);
                pace.after(source, brought.kept.counts.is_news(), &brought.hints)
            }
            Round::Polled(Err(PollError::Fetch(FetchProblem::Gone))) => return gone(parts, source).await,
            Round::Polled(Err(PollError::Fetch(problem))) => failed(parts, source, &problem),
            Round::Polled(Err(PollError::Ledger(LedgerError::Stopping))) => return,
            // Logged where it happened; the posts are still at the source.
            Round::Polled(Err(PollError::Ledger(LedgerError::Unwritable { .. }) | PollError::View(_))) => source.every,
        };
        due = parts.clock.now() + jittered(wait);
    }
}

/// One asking of a source, until it wants to be left alone, or until its stream breaks.
async fn round(parts: &Parts, source: &SourceConfig, due: Timestamp) -> Round {
    let state = match parts.store.source(&source.name) {
        Ok(state) => state,
        Err(error) => return Round::Polled(Err(error.into())),
    };
    let progress = state.progress.start_poll();
    if let Some(subscription) = stream::subscription(source, &progress) {
        return Round::Streamed(Box::pin(stream::run(parts, source, progress, &subscription)).await);
    }
    // Some are asked first for what came while nobody listened.
    let before = state.progress.clone();
    let polled = poll(parts, source, state, due).await;
    let after = match &polled {
        Ok(brought) if brought.page => parts.store.source(&source.name).unwrap_or_default().progress,
        // It stands where it stood.
        Ok(_) | Err(_) => before,
    };
    match (polled, stream::subscription(source, &after)) {
        (Ok(_), Some(subscription)) => {
            Round::Streamed(Box::pin(stream::run(parts, source, after, &subscription)).await)
        }
        (polled, _) => Round::Polled(polled),
    }
}

/// Notes that a stream broke and says how long to stay away; `None` when the daemon stops.
fn broke(parts: &Parts, source: &SourceConfig, error: PollError, breaks: u32) -> Option<Duration> {
    let problem = match error {
        PollError::Fetch(problem) => problem,
        PollError::Ledger(LedgerError::Stopping) => return None,
        // Logged where it happened; it goes on behind the last frame that is durable.
        PollError::Ledger(LedgerError::Unwritable { .. }) | PollError::View(_) => return Some(stream::AGAIN),
    };
    if parts.board.failed(&source.name, &problem) == 1 {
        tracing::warn!(source = source.name, %problem, "the stream broke; it is opened again by itself");
    }
    let wait = again(stream::AGAIN, breaks, &problem);
    let FetchProblem::Limited { until, .. } = problem else { return Some(wait) };
    parts.holds.save(&parts.door);
    Some(until.since(parts.clock.now()).max(wait))
}

/// Polls a source to its end: each page is durable before the next one is asked for.
async fn poll(
    parts: &Parts,
    source: &SourceConfig,
    mut state: SourceState,
    due: Timestamp,
) -> Result<Brought, PollError> {
    state.validators = state.validators.filter(|known| known.version == source.version);
    let first_poll = state.first_polled.is_none();
    let policy = Policy { due: Some(due), ..doors::policy(source) };
    let mut poll = parts.door.poll(source.source.clone(), &state, policy);
    let mut brought = Brought { first_poll, ..Brought::default() };
    while let Some(turned) = poll.turn().await? {
        let page = match turned {
            Turned::Page(page) => {
                brought.page = true;
                brought.hints.add(page.fresh_for, page.reading.every);
                parts.board.degraded(&source.name, page.reading.degraded.as_deref());
                page_of(source, *page, first_poll)
            }
            Turned::Unchanged { fresh_for, .. } => {
                brought.hints.add(fresh_for, None);
                continue;
            }
        };
        let (gap, repaired, asked_to_wait) = (page.gap, page.reading.repaired.clone(), page.reading.wait.is_some());
        let kept = parts.writer.page(page).await?;
        if asked_to_wait {
            parts.holds.save(&parts.door);
        }
        parts.board.page(&source.name, &kept.counts, &repaired, gap);
        brought.kept.counts.merge(&kept.counts);
        brought.kept.held_back_by_age += kept.held_back_by_age;
    }
    let Counts { rejected, .. } = brought.kept.counts;
    if rejected > 0 && rejected == brought.kept.counts.total() {
        // It answers, but brings nothing: that is deaf, not quiet.
        let why = format!("all {rejected} items were rejected; `overheard poll {}` says why", source.name);
        return Err(FetchProblem::Unreadable { why }.into());
    }
    Ok(brought)
}

/// A page as the line takes it.
pub fn page_of(source: &SourceConfig, page: fetch::Page, first_poll: bool) -> Page {
    let fetch::Page { url, received_at, mut reading, last, gap, validators, bytes: _, fresh_for: _ } = page;
    reading.posts.iter_mut().flatten().for_each(|post| post.tags.extend(source.tags.iter().cloned()));
    // Of an answer that gave nothing but faults, "unchanged" would be no good news: it is asked for in full again.
    let listed_only_faults = !reading.posts.is_empty() && reading.posts.iter().all(Result::is_err);
    let lost_all = reading.posts.is_empty() && !reading.repaired.is_empty();
    let validators = validators.filter(|_| !listed_only_faults && !lost_all);
    Page {
        source: source.name.clone(),
        kind: source.kind.to_owned(),
        base: url,
        received_at,
        first_poll,
        end: last.then(|| PollEnd {
            progress: reading.progress.clone(),
            validators: validators.map(|known| Validators { version: source.version, ..known }),
        }),
        gap,
        reading,
        asked: Some(source.source.clone()),
    }
}

pub(super) fn recovered(parts: &Parts, source: &SourceConfig) {
    if parts.board.answered(&source.name) > 0 {
        tracing::info!(source = source.name, "answers again");
    }
}

fn say_first(source: &SourceConfig, brought: &Brought) {
    if !brought.first_poll {
        return;
    }
    let Kept { counts, held_back_by_age, deleted: _ } = &brought.kept;
    tracing::info!(
        source = source.name,
        posts = counts.total(),
        mentions = counts.mention,
        held_back = held_back_by_age,
        "first poll done (held back: archived and matched, but too old to alert)"
    );
}

/// Notes the problem and says how long to leave the source alone.
fn failed(parts: &Parts, source: &SourceConfig, problem: &FetchProblem) -> Duration {
    let failures = parts.board.failed(&source.name, problem);
    if failures == 1 {
        tracing::warn!(source = source.name, %problem, "no answer that can be read; tried again by itself");
    }
    match problem {
        FetchProblem::Limited { until, .. } => {
            parts.holds.save(&parts.door);
            // Everybody on that host waits for the same moment: they come back spread over an interval.
            let spread = Duration((source.every.0 as f64 * fastrand::f64()) as u64);
            (*until + spread).since(parts.clock.now()).max(source.every)
        }
        problem => again(source.every, failures, problem),
    }
}

/// The wait after so many failures in a row, from `first` on.
fn again(first: Duration, failures: u32, problem: &FetchProblem) -> Duration {
    match problem {
        FetchProblem::Unreachable { .. } | FetchProblem::TimedOut { .. } => {
            backed_off(first, failures, LONGEST_WAIT_UNREACHABLE)
        }
        FetchProblem::Limited { .. }
        | FetchProblem::Refused { .. }
        | FetchProblem::NoToken { .. }
        | FetchProblem::Robots { .. }
        | FetchProblem::PrivateAddress { .. }
        | FetchProblem::TooManyRedirects { .. }
        | FetchProblem::TooLarge { .. }
        | FetchProblem::Gone
        | FetchProblem::Status { .. }
        | FetchProblem::Wall { .. }
        | FetchProblem::FoundNothing { .. }
        | FetchProblem::ErrorItem { .. }
        | FetchProblem::Unreadable { .. } => backed_off(first, failures, LONGEST_WAIT_REFUSED),
    }
}

/// Doubles the interval with each failure in a row after the first, up to `longest`; never below the interval.
fn backed_off(every: Duration, failures: u32, longest: Duration) -> Duration {
    let doublings = failures.saturating_sub(1).min(MOST_DOUBLINGS);
    Duration(every.0.saturating_mul(1 << doublings)).min(longest).max(every)
}

/// The site says that the source is gone for good: it is not asked again before the next start or a change of its block.
async fn gone(parts: &Parts, source: &SourceConfig) {
    let why = FetchProblem::Gone.to_string();
    tracing::error!(source = source.name, "{why}; remove it from sources.toml or give its new address");
    parts.board.failed(&source.name, &FetchProblem::Gone);
    parts.board.gone(&source.name, &why);
    let event = Event::SourceGone { source: source.name.clone(), at: parts.clock.now(), why };
    if let Err(error) = parts.writer.record(vec![event]).await {
        tracing::warn!(source = source.name, %error, "cannot note that the source is gone; it is asked again after a restart");
    }
}

fn jittered(wait: Duration) -> Duration {
    let more = (wait.0 as f64 * JITTER * fastrand::f64()) as u64;
    Duration(wait.0.saturating_add(more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_source_is_asked_less_and_less_often_within_bounds() {
        let every = Duration::minutes(2);
        let waits: Vec<String> =
            (1..=6).map(|failures| backed_off(every, failures, LONGEST_WAIT_UNREACHABLE).to_string()).collect();
        assert_eq!(waits, ["2m", "4m", "8m", "15m", "15m", "15m"]);
        assert_eq!(backed_off(Duration::days(1), 9, LONGEST_WAIT_UNREACHABLE), Duration::days(1));
    }
}
