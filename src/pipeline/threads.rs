//! When is the conversation of a mention read again, and what comes of it?
//!
//! One task looks which conversations are due and lets a few sources be asked at once, each for one conversation after
//! the other, through the same door as polls and behind them. Replies go through the very line as a page; how the
//! post stands now is journaled beside them, with the moment of the next reading.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use metrics::counter;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::supervise::Daemon;
use super::{Page, data, doors};
use crate::archive::{Archive, ArchiveError, Record};
use crate::config::SourceConfig;
use crate::fetch::{Conversation, Door, ThreadPage};
use crate::model::event::{ThreadEnd, ThreadRead};
use crate::model::{
    Duration, Event, FetchProblem, Ledger, Memory, PostId, Reading, Rejection, Thread, Timestamp, next_reading,
};
use crate::store::Followed;
use crate::telemetry::{THREADS, THREADS_ENDED};

/// Most conversations followed at once; beyond it those with the lowest score, of equals the oldest, are let go.
pub const MAX_FOLLOWED: usize = 5_000;
/// Sources asked for conversations at once.
const CONCURRENT: usize = 4;
/// Conversations read for one source before others get their turn.
const IN_A_ROW: usize = 8;
/// How often it is looked which conversations are due.
const LOOK_EVERY: Duration = Duration::seconds(15);
/// How long a conversation that is due lets polls of its source go first.
const BEHIND_POLLS: Duration = Duration::minutes(2);
/// Most replies taken from one reading.
const MAX_REPLIES: usize = 2_000;

/// Reads conversations again until `stop`.
pub async fn run(daemon: Arc<Daemon>, door: Door, stop: CancellationToken) {
    let mut at_work: JoinSet<String> = JoinSet::new();
    let mut busy: HashSet<String> = HashSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(ended) = at_work.join_next() => match ended {
                Ok(source) => drop(busy.remove(&source)),
                // It broke in the middle of one; the rest are found again.
                Err(_) if at_work.is_empty() => busy.clear(),
                Err(_) => {}
            },
            () = daemon.clock.sleep(LOOK_EVERY) => {}
        }
        match due(&daemon).await {
            Ok(sources) => {
                for (source, due) in sources {
                    if at_work.len() >= CONCURRENT || !busy.insert(source.clone()) {
                        continue;
                    }
                    let (daemon, door) = (daemon.clone(), door.clone());
                    at_work.spawn(async move {
                        read_in_turn(&daemon, &door, due).await;
                        source
                    });
                }
            }
            Err(error) => tracing::warn!("cannot look which conversations are due: {error:#}"),
        }
    }
}

/// The conversations that are due, by source, the longest due first. Lets those go for which there is no room.
async fn due(daemon: &Arc<Daemon>) -> anyhow::Result<BTreeMap<String, Vec<Followed>>> {
    let store = daemon.store.clone();
    let mut followed = tokio::task::spawn_blocking(move || store.followed()).await??;
    let now = daemon.clock.now();
    for crowded in beyond(&mut followed, MAX_FOLLOWED) {
        daemon.writer.record(vec![ended(&crowded, ThreadEnd::Crowded, now)]).await?;
    }
    followed.sort_by_key(|followed| followed.next);
    let mut sources: BTreeMap<String, Vec<Followed>> = BTreeMap::new();
    for followed in followed.into_iter().filter(|followed| followed.next <= now) {
        let of_source = sources.entry(followed.source.clone()).or_default();
        if of_source.len() < IN_A_ROW {
            of_source.push(followed);
        }
    }
    Ok(sources)
}

/// Takes out what is beyond the bound: the lowest score, and of equals the oldest, goes first.
fn beyond(followed: &mut Vec<Followed>, bound: usize) -> Vec<Followed> {
    if followed.len() <= bound {
        return Vec::new();
    }
    followed.sort_by_key(|followed| std::cmp::Reverse((followed.score, followed.since)));
    followed.split_off(bound)
}

async fn read_in_turn(daemon: &Arc<Daemon>, door: &Door, due: Vec<Followed>) {
    for followed in due {
        let waits = daemon.clock.now().since(followed.next);
        if waits < BEHIND_POLLS && daemon.board.is_due(&followed.source) {
            return;
        }
        if let Err(error) = read(daemon, door, &followed).await {
            tracing::warn!(
                source = followed.source,
                "a conversation could not be read and is asked for again: {error:#}"
            );
            return;
        }
    }
}

/// Reads one conversation again, and journals what came of it.
async fn read(daemon: &Arc<Daemon>, door: &Door, followed: &Followed) -> anyhow::Result<()> {
    let (archive, post) = (daemon.archive.clone(), followed.post);
    let record = tokio::task::spawn_blocking(move || look_up(&archive, post)).await??;
    let (config, now) = (daemon.config(), daemon.clock.now());
    let over = |why| vec![ended(followed, why, now)];
    let Some(record) = record else { return journal(daemon, over(ThreadEnd::Expired)).await };
    if record.standing.deleted.is_some() {
        return journal(daemon, over(ThreadEnd::Deleted)).await;
    }
    let gone = daemon.store.source(&followed.source)?.gone.is_some();
    let Some(source) = config.source(&followed.source).filter(|source| source.enabled && !gone) else {
        return journal(daemon, over(ThreadEnd::NoSource)).await;
    };
    let (kind, known) = (source.source.clone(), followed.validators.as_ref());
    let events = match door.conversation(kind, &record.post, known, &doors::policy(source)).await {
        Ok(Conversation::NotFollowed) => over(ThreadEnd::CannotFollow),
        Ok(Conversation::Unchanged) => vec![as_before(followed, daemon.clock.now(), None)],
        Ok(Conversation::Read(page)) => {
            if page.thread.wait.is_some() {
                daemon.save_holds();
            }
            take(daemon, followed, &record, source, *page).await?
        }
        Err(problem) => after_problem(daemon, followed, &problem),
    };
    counter!(THREADS).increment(1);
    journal(daemon, events).await
}

/// The post, also when it waits for its commit.
fn look_up(archive: &Archive, post: PostId) -> Result<Option<Record>, ArchiveError> {
    if let Some(record) = archive.get(post)? {
        return Ok(Some(record));
    }
    archive.flush(data::FLUSH)?;
    archive.get(post)
}

async fn journal(daemon: &Daemon, events: Vec<Event>) -> anyhow::Result<()> {
    for event in &events {
        if let Event::Thread(read) = event
            && let Some(why) = read.ended
        {
            counter!(THREADS_ENDED, "reason" => why.name()).increment(1);
        }
    }
    daemon.writer.record(events).await?;
    Ok(())
}

/// Hands the replies to the line; what is left to journal says how the post stands.
async fn take(
    daemon: &Daemon,
    followed: &Followed,
    record: &Record,
    source: &SourceConfig,
    page: ThreadPage,
) -> anyhow::Result<Vec<Event>> {
    let ThreadPage { url, received_at, thread, validators } = page;
    let Thread { mut replies, engagement, accepted, closed, deleted, wait: _ } = thread;
    keep_some(&mut replies, MAX_REPLIES);
    if !replies.is_empty() {
        replies.iter_mut().flatten().for_each(|reply| reply.tags.extend(source.tags.iter().cloned()));
        let page = Page {
            source: source.name.clone(),
            kind: source.kind.to_owned(),
            base: url,
            received_at,
            reading: Reading { posts: replies, ..Reading::default() },
            // What was said long before we began to listen here is no news.
            first_poll: followed.readings == 0,
            end: None,
            gap: false,
            asked: Some(source.source.clone()),
        };
        daemon.writer.page(page).await?;
    }
    let accepted = accepted.map(|key| PostId::of(&key)).filter(|key| record.standing.accepted != Some(*key));
    let next = next_reading(followed.conversation, followed.since, received_at);
    let why = match (deleted, closed, next) {
        (true, _, _) => Some(ThreadEnd::Deleted),
        (_, true, _) => Some(ThreadEnd::Closed),
        (_, _, None) => Some(ThreadEnd::Done),
        (_, _, Some(_)) => None,
    };
    let read = ThreadRead {
        source: source.name.clone(),
        post: followed.post,
        conversation: followed.conversation,
        at: received_at,
        next: next.filter(|_| why.is_none()),
        ended: why,
        engagement: engagement.filter(|engagement| *engagement != record.post.engagement),
        accepted,
        closed: closed && !record.standing.closed,
        validators: Some(validators),
    };
    let mut events = vec![Event::Thread(Box::new(read))];
    if deleted {
        events.push(Event::Deleted { posts: vec![followed.post], at: received_at });
    }
    Ok(events)
}

/// The newest replies come last in most answers.
fn keep_some<T>(replies: &mut Vec<Result<T, Rejection>>, bound: usize) {
    if replies.len() > bound {
        replies.drain(..replies.len() - bound);
    }
}

/// What is to be done after an asking that failed: nothing is lost by waiting for the next reading.
fn after_problem(daemon: &Daemon, followed: &Followed, problem: &FetchProblem) -> Vec<Event> {
    let now = daemon.clock.now();
    tracing::debug!(source = followed.source, post = %followed.post, %problem, "a conversation could not be read");
    match problem {
        FetchProblem::Gone | FetchProblem::Status { status: 404 } => vec![ended(followed, ThreadEnd::Deleted, now)],
        FetchProblem::Limited { until, .. } => {
            daemon.save_holds();
            vec![as_before(followed, now, Some(*until))]
        }
        FetchProblem::Unreachable { .. }
        | FetchProblem::TimedOut { .. }
        | FetchProblem::NoToken { .. }
        | FetchProblem::Refused { .. }
        | FetchProblem::Robots { .. }
        | FetchProblem::PrivateAddress { .. }
        | FetchProblem::TooManyRedirects { .. }
        | FetchProblem::TooLarge { .. }
        | FetchProblem::Status { .. }
        | FetchProblem::Wall { .. }
        | FetchProblem::FoundNothing { .. }
        | FetchProblem::ErrorItem { .. }
        | FetchProblem::Unreadable { .. } => vec![as_before(followed, now, None)],
    }
}

/// Nothing new. It is read again at its next reading; or at `again`, when the host asked to be left alone until then.
fn as_before(followed: &Followed, at: Timestamp, again: Option<Timestamp>) -> Event {
    let next = match (next_reading(followed.conversation, followed.since, at), again) {
        (Some(next), Some(again)) => Some(next.min(again).max(at)),
        (next, again) => again.or(next),
    };
    let why = if next.is_none() { Some(ThreadEnd::Done) } else { None };
    event(followed, at, next, why)
}

fn ended(followed: &Followed, why: ThreadEnd, at: Timestamp) -> Event {
    event(followed, at, None, Some(why))
}

fn event(followed: &Followed, at: Timestamp, next: Option<Timestamp>, ended: Option<ThreadEnd>) -> Event {
    Event::Thread(Box::new(ThreadRead {
        source: followed.source.clone(),
        post: followed.post,
        conversation: followed.conversation,
        at,
        next,
        ended,
        engagement: None,
        accepted: None,
        closed: false,
        validators: followed.validators.clone(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(number: u8, score: u8, since: i64) -> Followed {
        Followed {
            conversation: PostId([number; 10]),
            post: PostId([number; 10]),
            source: "forum".to_owned(),
            score,
            since: Timestamp(since),
            next: Timestamp(since),
            readings: 0,
            validators: None,
        }
    }

    #[test]
    fn where_there_is_no_room_the_lowest_score_goes_first_and_of_equals_the_oldest() {
        let mut all = vec![followed(1, 90, 1), followed(2, 60, 5), followed(3, 60, 9), followed(4, 70, 2)];
        let numbers = |all: &[Followed]| all.iter().map(|followed| followed.conversation.0[0]).collect::<Vec<_>>();
        assert_eq!(numbers(&beyond(&mut all, 3)), [2]);
        assert_eq!(numbers(&beyond(&mut all, 1)), [4, 3]);
        assert_eq!(numbers(&beyond(&mut all, 1)), [0; 0]);
    }

    #[test]
    fn a_host_that_asks_for_silence_is_left_alone_and_the_conversation_is_not_lost() {
        let minute = 60_000;
        let next = |at: i64, until: i64| match as_before(&followed(0, 60, 0), Timestamp(at), Some(Timestamp(until))) {
            Event::Thread(read) => read.next.map(|next| next.0 / minute),
            other => panic!("{other:?}"),
        };
        assert_eq!(next(10 * minute, 15 * minute), Some(15));
        assert_eq!(next(8 * 24 * 60 * minute, 9 * 24 * 60 * minute), Some(9 * 24 * 60), "the last one is made up for");
    }
}
