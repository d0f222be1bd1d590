//! What is each receiver told of what daily caps held back, once the local day is over?

use jiff::tz::TimeZone;

use crate::archive::{Archive, Record};
use crate::model::{
    Alert, AlertId, Coverage, Day, Digest, DigestEntry, Event, Post, PostId, Score, Timestamp, ViewError,
};
use crate::store::{Held, HeldBack, Store};

/// One event for every watch and day that is over and of which something waits to be told: with one digest for each
/// receiver, or with none where the receivers were told of every story by other watches meanwhile.
///
/// `heard` says for how much of a local day the sources could be heard.
///
/// # Errors
/// When the store cannot be asked. What the archive cannot give is told without.
pub fn over(
    store: &Store,
    archive: &Archive,
    now: Timestamp,
    zone: &TimeZone,
    heard: &dyn Fn(Day) -> Option<Coverage>,
) -> Result<Vec<Event>, ViewError> {
    let days = store.days_over(now.day(zone))?;
    let event = |(watch, day): (String, Day)| {
        let (held, coverage) = (store.held(&watch, day)?, heard(day));
        let alert = |(receiver, back): (&String, &HeldBack)| {
            let id = digest_id(&watch, day, receiver, held.digests);
            let (cap, coverage) = (back.cap, coverage.clone());
            let digest =
                Digest { watch: watch.clone(), cap, day, stories: 0, listed: Vec::new(), coverage, flood: None };
            telling(digest, id, receiver, back, archive, now)
        };
        let alerts = held.receivers.iter().filter_map(alert).collect();
        Ok(Event::DayOver { watch, day, at: now, through: held.through, alerts })
    };
    days.into_iter().map(event).collect()
}

/// The same for the same day, however often it is decided; another one for what came in after the day was told.
fn digest_id(watch: &str, day: Day, receiver: &str, before: u32) -> AlertId {
    let hash = blake3::hash(format!("digest\n{watch}\n{day}\n{receiver}\n{before}").as_bytes()).to_hex();
    format!("alert_{}", &hash[..24])
}

/// The alert that tells a receiver what was held back, with the stories put into `digest`; `None` when there are none.
pub(super) fn telling(
    digest: Digest,
    id: AlertId,
    receiver: &str,
    back: &HeldBack,
    archive: &Archive,
    now: Timestamp,
) -> Option<Alert> {
    let records: Vec<Option<Record>> = back.best.iter().map(|held| record_of(held, archive)).collect();
    let listed = back.best.iter().zip(&records).map(|(held, record)| entry(held, record.as_ref())).collect();
    let first = back.best.first()?;
    let (post, matches, score) = match records.into_iter().next().flatten() {
        Some(record) => (record.post, record.matches, record.score),
        None => (lost(first.post, now), Vec::new(), Score { total: first.score, parts: Vec::new() }),
    };
    let digest = Digest { stories: back.stories, listed, ..digest };
    Some(Alert {
        id,
        receiver: receiver.to_owned(),
        story: first.story,
        post,
        matches,
        score,
        reason: first.reason.clone(),
        decided_at: now,
        sample: false,
        digest: Some(digest),
        issue: None,
    })
}

fn record_of(held: &Held, archive: &Archive) -> Option<Record> {
    let found = archive.get(held.post);
    if let Err(error) = &found {
        tracing::warn!(%error, post = %held.post, "cannot look up what was held back; it is told of without its title");
    }
    found.ok().flatten()
}

fn entry(held: &Held, record: Option<&Record>) -> DigestEntry {
    let of_post = |part: fn(&Post) -> &String| record.map(|record| part(&record.post).clone()).unwrap_or_default();
    DigestEntry {
        story: held.story,
        post: held.post,
        title: of_post(|post| if post.title.is_empty() { &post.text } else { &post.title })
            .chars()
            .take(DigestEntry::MAX_TITLE)
            .collect(),
        url: of_post(|post| &post.url),
        site: of_post(|post| &post.site),
        score: held.score,
    }
}

/// A post of which only the id is known: it left the archive before it could be told of.
fn lost(id: PostId, now: Timestamp) -> Post {
    Post { id, ..Post::bare("", now) }
}
