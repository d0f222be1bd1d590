//! What does the daemon do from time to time, so that data stays small and restarts stay quick?

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use super::supervise::Daemon;
use super::{days, floods, forget};
use crate::config::{Retention, Watcher};
use crate::journal::Keep;
use crate::model::event::{Decided, DeliveryAttempt, PageRead, Stub};
use crate::model::{
    Duration, Event, FLOOD_WINDOW, Ledger, Memory, Position, PostId, Timestamp, Update, View, flood_window, is_mention,
};
use crate::store::{Store, blank_alert};

/// How often posts that are too old are let go and forgotten keys are swept.
const EVERY: Duration = Duration::hours(1);
/// How often the journal's old segments are rewritten without what is not needed.
const COMPACT_EVERY: Duration = Duration::days(1);
/// How often the store's state is saved, so that a start after a crash need not replay everything.
const SNAPSHOT_EVERY: Duration = Duration::minutes(10);
/// Frames that a snapshot must save us from replaying to be worth its while.
const SNAPSHOT_FRAMES: u64 = 1_000;
/// So long after a start it is still seen to that the words of a deleted post are gone: a daemon that is restarted
/// every day compacts all the same.
const BLANKED_LATELY: Duration = Duration::days(2);
/// How long until what daily caps held back is told again, when it could not be told.
const TELL_AGAIN: Duration = Duration::minutes(1);
/// So long after ten minutes receivers are told what their bounds held back in them: what was read before is decided by then.
const FLOOD_GRACE: Duration = Duration::seconds(5);
/// An expiry that every view has long applied.
const OLD_NEWS: Duration = Duration::days(7);

/// Reloads on changed files and keeps the data small, until `stop`.
pub async fn run(daemon: Arc<Daemon>, mut watcher: Watcher, stop: CancellationToken) {
    let mut due = Due::after(daemon.clock.now());
    due.compact = due.compact.min(first_blanking(&daemon.store, daemon.clock.now()));
    let mut saved = daemon.store.position();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            // What came of it is in log, metric and page.
            () = watcher.changed() => drop(daemon.reload().await),
            // In another time zone another day may be over.
            () = daemon.reloaded() => due.days = daemon.clock.now(),
            () = daemon.clock.sleep_until(due.next()) => {
                let now = daemon.clock.now();
                if let Err(error) = due.work(&daemon, now, &mut saved).await {
                    tracing::warn!("upkeep did not end well and is tried again later: {error:#}");
                }
            }
        }
    }
}

/// When the words of a post deleted lately are to be gone from the journal.
fn first_blanking(store: &Store, now: Timestamp) -> Timestamp {
    // A store that cannot be asked is made anew; the next compaction comes anyway.
    let lately = store.blanked().unwrap_or_default().into_values().filter(|at| now.since(*at) < BLANKED_LATELY);
    lately.map(|at| at + COMPACT_EVERY).min().unwrap_or(now + COMPACT_EVERY)
}

struct Due {
    /// When to look for days that are over: at the next midnight, and at once after a start.
    days: Timestamp,
    /// When to look for what bounds of receivers held back: after each ten minutes, and at once after a start.
    floods: Timestamp,
    tidy: Timestamp,
    compact: Timestamp,
    snapshot: Timestamp,
}

impl Due {
    fn after(now: Timestamp) -> Self {
        Self { days: now, floods: now, tidy: now + EVERY, compact: now + COMPACT_EVERY, snapshot: now + SNAPSHOT_EVERY }
    }

    fn next(&self) -> Timestamp {
        self.days.min(self.floods).min(self.tidy).min(self.compact).min(self.snapshot)
    }

    /// Does what is due; each comes again later also when it failed.
    async fn work(&mut self, daemon: &Arc<Daemon>, now: Timestamp, saved: &mut Position) -> anyhow::Result<()> {
        if now >= self.days {
            self.days = now + TELL_AGAIN;
            let zone = daemon.config().daemon.time_zone.zone.clone();
            tell_days(daemon, now, zone.clone()).await?;
            // What was read before midnight may be decided after it.
            self.days = now.end_of_day(&zone).min(now + EVERY);
        }
        if now >= self.floods {
            self.floods = now + TELL_AGAIN;
            tell_floods(daemon, now).await?;
            self.floods = flood_window(now) + FLOOD_WINDOW + FLOOD_GRACE;
        }
        if now >= self.snapshot {
            self.snapshot = now + SNAPSHOT_EVERY;
            snapshot(daemon, saved).await?;
        }
        if now >= self.tidy {
            self.tidy = now + EVERY;
            expire(daemon, now).await?;
            sweep(daemon, now).await?;
        }
        if now >= self.compact {
            self.compact = now + COMPACT_EVERY;
            compact(daemon, now).await?;
        }
        Ok(())
    }
}

/// Tells the receivers what daily caps held back on days that are over.
async fn tell_days(daemon: &Arc<Daemon>, now: Timestamp, zone: TimeZone) -> anyhow::Result<()> {
    let (store, archive, listener) = (daemon.store.clone(), daemon.archive.clone(), daemon.clone());
    let over = tokio::task::spawn_blocking(move || {
        if store.days_over(now.day(&zone))?.is_empty() {
            return Ok(Vec::new());
        }
        // What cannot be written at the moment is told of without its title.
        let _ = archive.flush(super::data::FLUSH);
        days::over(&store, &archive, now, &zone, &|day| listener.heard_on(day, &zone))
    });
    for event in over.await?? {
        daemon.writer.record(vec![event]).await?;
    }
    Ok(())
}

/// Tells the receivers what their own bounds held back in ten minutes that are over.
async fn tell_floods(daemon: &Arc<Daemon>, now: Timestamp) -> anyhow::Result<()> {
    let (store, archive) = (daemon.store.clone(), daemon.archive.clone());
    let zone = daemon.config().daemon.time_zone.zone.clone();
    let over = tokio::task::spawn_blocking(move || {
        if store.floods_over(now)?.is_empty() {
            return Ok(Vec::new());
        }
        // What cannot be written at the moment is told of without its title.
        let _ = archive.flush(super::data::FLUSH);
        floods::over(&store, &archive, now, &zone)
    });
    for event in over.await?? {
        daemon.writer.record(vec![event]).await?;
    }
    Ok(())
}

/// Saves the store's state when enough has happened since it was saved last.
async fn snapshot(daemon: &Arc<Daemon>, saved: &mut Position) -> anyhow::Result<()> {
    if daemon.store.position().0.saturating_sub(saved.0) < SNAPSHOT_FRAMES {
        return Ok(());
    }
    let (store, places) = (daemon.store.clone(), daemon.places().clone());
    *saved = tokio::task::spawn_blocking(move || store.snapshot(&places.snapshots)).await??.position;
    Ok(())
}

/// Lets go of posts that are older than the configuration keeps them.
async fn expire(daemon: &Arc<Daemon>, now: Timestamp) -> anyhow::Result<()> {
    let Retention { posts, mentions } = daemon.config().daemon.retention;
    loop {
        let archive = daemon.archive.clone();
        let old = tokio::task::spawn_blocking(move || archive.expired(now - posts, now - mentions)).await??;
        if old.is_empty() {
            return Ok(());
        }
        tracing::info!(posts = old.len(), "posts left the archive by age");
        daemon.writer.record(vec![Event::Expired { posts: old, at: now }]).await?;
        // The archive must have let go of these before it is asked for the next ones.
        let archive = daemon.archive.clone();
        tokio::task::spawn_blocking(move || archive.flush(super::data::FLUSH)).await??;
    }
}

async fn sweep(daemon: &Arc<Daemon>, now: Timestamp) -> anyhow::Result<()> {
    let (store, config) = (daemon.store.clone(), daemon.config());
    tokio::task::spawn_blocking(move || store.sweep(now, &|source| config.source(source).is_some())).await??;
    Ok(())
}

async fn compact(daemon: &Arc<Daemon>, now: Timestamp) -> anyhow::Result<()> {
    daemon.writer.aside(|journal| journal.roll()).await??;
    let retention = daemon.config().daemon.retention;
    let (history, store, archive) = (daemon.history().clone(), daemon.store.clone(), daemon.archive.clone());
    let done = tokio::task::spawn_blocking(move || {
        let newest = store.progress_positions()?;
        let newest: Vec<Position> = newest.into_iter().map(|(_, position)| position).collect();
        let (blanked, forgotten) = (store.blanked()?, store.forgotten()?);
        let mut keep = |position: Position, event: &Event| {
            let whole = keep(event, newest.contains(&position), &retention, &store, now);
            // Where a forgetting was cut short, this ends it.
            let left = forget::keep_without(event, &forgotten);
            if left == Keep::Whole { without_words(event, whole, &blanked) } else { left }
        };
        let done = history.compact(&mut keep)?;
        if blanked.values().any(|at| now.since(*at) < BLANKED_LATELY) {
            // The files of the archive hold what was deleted until they are written anew.
            archive.forget(Vec::new(), super::data::FLUSH)?;
        }
        anyhow::Ok(done)
    })
    .await??;
    if done.segments > 0 {
        tracing::info!(segments = done.segments, freed_bytes = done.freed, "the journal was compacted");
    }
    Ok(())
}

/// What is kept of an event, without the words of posts that their sites deleted after it.
fn without_words(event: &Event, kept: Keep, blanked: &HashMap<PostId, Timestamp>) -> Keep {
    if blanked.is_empty() || kept == Keep::Drop {
        return kept;
    }
    let mut left = match &kept {
        Keep::Instead(shorter) => shorter.as_ref().clone(),
        Keep::Whole | Keep::Drop => event.clone(),
    };
    if blank(&mut left, blanked) { Keep::Instead(Box::new(left)) } else { kept }
}

/// Takes out the words of posts that were deleted after the event; says whether there were any.
fn blank(event: &mut Event, blanked: &HashMap<PostId, Timestamp>) -> bool {
    match event {
        Event::Page(read) => {
            let at = read.at;
            let is_deleted = |post: PostId| blanked.get(&post).is_some_and(|deleted| *deleted >= at);
            let mut found = false;
            for decided in read.posts.iter_mut().filter(|decided| is_deleted(decided.post.id)) {
                found |= decided.blank();
            }
            for update in read.updates.iter_mut().filter(|update| is_deleted(update.post)) {
                found |= !update.tags.is_empty();
                update.tags.clear();
            }
            found
        }
        Event::DayOver { alerts, at, .. } | Event::FloodOver { alerts, at, .. } => {
            let is_deleted = |post: PostId| blanked.get(&post).is_some_and(|deleted| *deleted >= *at);
            let mut found = false;
            alerts.iter_mut().for_each(|alert| found |= blank_alert(alert, &is_deleted));
            found
        }
        Event::Feedback(feedback) => {
            let deleted = blanked.get(&feedback.post).is_some_and(|deleted| *deleted >= feedback.at);
            deleted && feedback.blank()
        }
        Event::SourceGone { .. }
        | Event::Issue { .. }
        | Event::Down { .. }
        | Event::Delivery(_)
        | Event::Replayed { .. }
        | Event::Expired { .. }
        | Event::Thread(_)
        | Event::Deleted { .. }
        | Event::Forgotten { .. }
        | Event::Readmitted { .. } => false,
    }
}

/// What the journal still needs of an event. What cannot be decided is kept.
fn keep(event: &Event, holds_progress: bool, retention: &Retention, store: &Store, now: Timestamp) -> Keep {
    match event {
        Event::Page(read) => keep_page(read, holds_progress, retention, store, now),
        // The store forgets what was delivered long ago, but the alert stands in its page as long as mentions are kept:
        // without the verdict, a rebuild would send it again.
        Event::Delivery(DeliveryAttempt { at, .. })
        | Event::Replayed { at, .. }
        | Event::DayOver { at, .. }
        | Event::FloodOver { at, .. } => keep_if(now.since(*at) <= retention.mentions),
        Event::Issue { issue, .. } => {
            keep_if(issue.closed.is_none_or(|closed| now.since(closed) <= retention.mentions))
        }
        Event::Down { until, .. } => keep_if(now.since(*until) <= retention.mentions),
        Event::Expired { at, .. } => keep_if(now.since(*at) < OLD_NEWS),
        // A rebuild brings the posts back as they stand now, as long as there can be any.
        Event::Deleted { at, .. } => keep_if(now.since(*at) <= retention.mentions),
        Event::Thread(read) => keep_if(now.since(read.at) <= retention.mentions),
        // What people said is worth keeping when the post is long gone; who wants to can take it back or forget the post.
        Event::SourceGone { .. } | Event::Forgotten { .. } | Event::Readmitted { .. } | Event::Feedback(_) => {
            Keep::Whole
        }
    }
}

fn keep_if(needed: bool) -> Keep {
    if needed { Keep::Whole } else { Keep::Drop }
}

/// Posts past their age leave only the stub by which a source that still lists them is known to repeat itself.
fn keep_page(read: &PageRead, holds_progress: bool, retention: &Retention, store: &Store, now: Timestamp) -> Keep {
    let known = |id| !matches!(store.seen(id), Ok(None));
    let is_old = |decided: &&Decided| {
        let mentioned = is_mention(&decided.matches, &decided.held_back);
        let kept_for = if mentioned { retention.mentions } else { retention.posts };
        now.since(decided.post.received) > kept_for
    };
    let (old, posts): (Vec<&Decided>, Vec<&Decided>) = read.posts.iter().partition(is_old);
    let forgotten = read.stubs.iter().filter(|stub| !known(stub.post)).count();
    let are_old = now.since(read.at) > retention.posts.max(retention.mentions);
    let updates: Vec<&Update> = read.updates.iter().filter(|update| !are_old && known(update.post)).collect();
    let same = old.is_empty() && forgotten == 0 && updates.len() == read.updates.len();
    let needed = !posts.is_empty() || !read.stubs.is_empty() || !updates.is_empty();
    if same && (holds_progress || needed) {
        return Keep::Whole;
    }
    let new_stubs = old.iter().map(|decided| Stub {
        post: decided.post.id,
        content_hash: decided.content_hash,
        story: decided.story.story,
    });
    let stubs: Vec<Stub> = read.stubs.iter().cloned().chain(new_stubs).filter(|stub| known(stub.post)).collect();
    if posts.is_empty() && stubs.is_empty() && updates.is_empty() && !holds_progress {
        return Keep::Drop;
    }
    let (posts, updates) = (posts.into_iter().cloned().collect(), updates.into_iter().cloned().collect());
    let shorter = PageRead { posts, stubs, updates, ..read.clone() };
    Keep::Instead(Box::new(Event::Page(Box::new(shorter))))
}
