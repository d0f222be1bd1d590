//! How is a post, or all of an author, forgotten, so that no file of the data directory holds it any more?
//!
//! The forgetting is journaled first (ids and hashes, no words): from then on nothing of it is taken in again, also
//! where the rest is cut short. Then the journal's segments are rewritten without the posts, and everything that was made
//! from them is made anew. Copies that were made before (backups) are the operator's.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use super::data::{self, Data, Places};
use super::supervise::Daemon;
use crate::clock::Clock;
use crate::journal::{History, Keep};
use crate::model::{Alert, Author, Event, Ledger, Memory, PageRead, Position, Post, PostId, Timestamp, ViewError};
use crate::normalize;
use crate::store::{Left, Store, forget_in_alert};

/// Posts in one frame of a forgetting: what is read of a frame is in memory at once, in every view.
const AT_ONCE: usize = 16_384;

/// What is to be forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub posts: Vec<PostId>,
    /// Whose posts are not taken any more: `handle@site`.
    pub authors: BTreeSet<String>,
    /// Nothing of the author was ever read: there is nothing to forget, only to keep out.
    #[serde(default)]
    pub unknown: bool,
}

/// What was kept out and is taken in again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// How many posts and authors.
    pub marks: usize,
}

impl Found {
    pub fn is_empty(&self) -> bool {
        self.posts.is_empty() && self.authors.is_empty()
    }

    /// Nothing more of it is taken in after the first; each is a frame of its own, so that a mass of posts never is in
    /// memory at once.
    fn events(&self, at: Timestamp) -> impl Iterator<Item = Event> + '_ {
        let mark = |author: &String| author.rsplit_once('@').map(|(handle, site)| Author::mark(handle, site));
        let authors: Vec<PostId> = self.authors.iter().filter_map(mark).collect();
        let authors = (!authors.is_empty()).then(|| Event::Forgotten { posts: Vec::new(), authors, at });
        let posts = self.posts.chunks(AT_ONCE);
        authors.into_iter().chain(posts.map(move |posts| {
            let (posts, authors) = (posts.to_vec(), Vec::new());
            Event::Forgotten { posts, authors, at }
        }))
    }
}

/// What was asked for: an address or the id or key of a post, or an author as `handle` or `handle@site`.
struct Asked<'a> {
    text: &'a str,
    canonical: Option<String>,
    handle: &'a str,
    site: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn new(text: &'a str) -> Self {
        let text = text.trim();
        let canonical = Url::parse(text).ok().filter(Url::has_host).map(|url| normalize::canonical_url(&url));
        let author = text.trim_start_matches('@');
        let (handle, site) = author.rsplit_once('@').map_or((author, None), |(handle, site)| (handle, Some(site)));
        Self { text, canonical, handle, site }
    }

    fn is_post(&self, post: &Post) -> bool {
        let same_page = self.canonical.as_ref().is_some_and(|page| *page == post.canonical_url);
        same_page || post.url == self.text || post.key == self.text || post.id.to_string() == self.text
    }

    /// The author of a post as `handle@site`, if that is who was asked for.
    fn author(&self, post: &Post) -> Option<String> {
        let author = post.author.as_ref().filter(|_| self.canonical.is_none() && !self.handle.is_empty())?;
        let handle = author.handle.trim_start_matches('@');
        let whole = self.site.is_some() && handle.eq_ignore_ascii_case(self.text.trim_start_matches('@'));
        let same = handle.to_lowercase() == self.handle.to_lowercase();
        let at_site = self.site.is_none_or(|site| site.eq_ignore_ascii_case(&post.site));
        (whole || same && at_site).then(|| format!("{}@{}", handle.to_lowercase(), post.site))
    }
}

/// Finds what is meant. Reads the whole journal, which is where everything is. An author of whom nothing was read yet is
/// found all the same, and said to be unknown.
pub fn find(history: &History, asked: &str) -> Found {
    let asked = Asked::new(asked);
    let (mut posts, mut authors) = (HashSet::new(), BTreeSet::new());
    // Damage was reported when the journal was opened.
    for (_, events) in history.replay(Position(0)).flatten() {
        for event in events {
            let Event::Page(read) = event else { continue };
            for decided in read.posts {
                let author = asked.author(&decided.post);
                if author.is_some() || asked.is_post(&decided.post) {
                    posts.insert(decided.post.id);
                }
                authors.extend(author);
            }
        }
    }
    // One of whom nothing was read yet can be kept out all the same.
    let mut unknown = false;
    if let (Some(site), true) = (asked.site, asked.canonical.is_none() && posts.is_empty() && !asked.handle.is_empty())
    {
        authors.insert(format!("{}@{}", asked.handle.to_lowercase(), site.to_lowercase()));
        unknown = true;
    }
    let mut posts: Vec<PostId> = posts.into_iter().collect();
    posts.sort();
    Found { posts, authors, unknown }
}

/// The marks that what is meant may have left when it was forgotten, of those that are there. Only hashes are kept, so
/// that an author must be named with the site, and a post by its id, its key or the address that was its key.
pub fn marks(store: &Store, asked: &str) -> Result<Vec<PostId>, ViewError> {
    let asked = Asked::new(asked);
    let mut marks: Vec<PostId> = vec![PostId::of(asked.text)];
    marks.extend(asked.text.parse::<PostId>());
    marks.extend(asked.canonical.as_deref().map(PostId::of));
    if let (Some(site), None) = (asked.site, &asked.canonical) {
        marks.push(Author::mark(asked.handle, site));
    }
    let mut found = Vec::new();
    for mark in marks {
        if store.is_forgotten(mark)? && !found.contains(&mark) {
            found.push(mark);
        }
    }
    Ok(found)
}

/// Takes in again what was kept out, while no daemon runs. What was forgotten does not come back by itself.
///
/// # Errors
/// The data cannot be opened, or the disk refuses.
pub fn undo_offline(dir: &Path, clock: &Clock, asked: &str) -> anyhow::Result<Undone> {
    let (mut data, _) = Data::open(dir, clock)?;
    let marks = marks(&data.store, asked)?;
    let undone = Undone { marks: marks.len() };
    if !marks.is_empty() {
        data.journal.append(&[vec![Event::Readmitted { marks, at: clock.now() }]])?;
        drop(data);
        // Opening applies it.
        data = Data::open(dir, clock)?.0;
    }
    data.close()?;
    Ok(undone)
}

/// Takes in again what was kept out, while the daemon runs.
///
/// # Errors
/// The store cannot be asked, or the disk refuses.
pub async fn undo_running(daemon: &Arc<Daemon>, asked: &str) -> anyhow::Result<Undone> {
    let marks = marks(&daemon.store, asked)?;
    let undone = Undone { marks: marks.len() };
    if !marks.is_empty() {
        daemon.writer.record(vec![Event::Readmitted { marks, at: daemon.clock.now() }]).await?;
    }
    Ok(undone)
}

/// What the journal keeps of an event without posts that are to be forgotten.
pub(super) fn keep_without(event: &Event, forgotten: &HashSet<PostId>) -> Keep {
    if forgotten.is_empty() {
        return Keep::Whole;
    }
    let goes = |post: PostId| forgotten.contains(&post);
    match event {
        Event::Page(read) => {
            let of_posts = read.posts.iter().any(|decided| goes(decided.post.id));
            // Nearly every page stays as it is: it is not copied to find that out.
            let of_rest =
                read.stubs.iter().any(|stub| goes(stub.post)) || read.updates.iter().any(|update| goes(update.post));
            if !of_posts && !of_rest {
                return Keep::Whole;
            }
            let posts = read.posts.iter().filter(|decided| !goes(decided.post.id)).cloned().collect();
            let stubs = read.stubs.iter().filter(|stub| !goes(stub.post)).copied().collect();
            let updates = read.updates.iter().filter(|update| !goes(update.post)).cloned().collect();
            let (progress, validators) = (read.progress.clone(), read.validators.clone());
            let (source, rejected, repaired) = (read.source.clone(), read.rejected.clone(), read.repaired.clone());
            let (at, counts, gap) = (read.at, read.counts, read.gap);
            let left =
                PageRead { source, at, progress, validators, posts, stubs, rejected, repaired, counts, gap, updates };
            Keep::Instead(Box::new(Event::Page(Box::new(left))))
        }
        Event::DayOver { watch, day, at, through, alerts } => {
            let Some(alerts) = alerts_without(alerts, &goes) else { return Keep::Whole };
            let (watch, day, at, through) = (watch.clone(), *day, *at, *through);
            Keep::Instead(Box::new(Event::DayOver { watch, day, at, through, alerts }))
        }
        Event::FloodOver { receiver, window, at, through, alerts } => {
            let Some(alerts) = alerts_without(alerts, &goes) else { return Keep::Whole };
            let (receiver, window, at, through) = (receiver.clone(), *window, *at, *through);
            Keep::Instead(Box::new(Event::FloodOver { receiver, window, at, through, alerts }))
        }
        Event::Feedback(feedback) => {
            if goes(feedback.post) {
                Keep::Drop
            } else {
                Keep::Whole
            }
        }
        // An issue is about sources and has no words of anybody's.
        Event::SourceGone { .. }
        | Event::Issue { .. }
        | Event::Down { .. }
        | Event::Delivery(_)
        | Event::Replayed { .. }
        | Event::Expired { .. }
        | Event::Thread(_)
        | Event::Deleted { .. }
        | Event::Forgotten { .. }
        | Event::Readmitted { .. } => Keep::Whole,
    }
}

/// What is left of digests; `None` when nothing in them is to be forgotten.
fn alerts_without(alerts: &[Alert], goes: &impl Fn(PostId) -> bool) -> Option<Vec<Alert>> {
    let mut left = Vec::with_capacity(alerts.len());
    let mut same = true;
    for alert in alerts {
        let mut alert = alert.clone();
        let what = forget_in_alert(&mut alert, goes);
        same &= what == Left::All;
        if what != Left::Nothing {
            left.push(alert);
        }
    }
    (!same).then_some(left)
}

/// Forgets while no daemon runs; opens the data at `dir` by itself.
///
/// # Errors
/// The data cannot be opened, or the disk refuses; then it may be tried again.
pub fn offline(dir: &Path, clock: &Clock, found: &Found) -> anyhow::Result<()> {
    let (mut data, _) = Data::open(dir, clock)?;
    for event in found.events(clock.now()) {
        data.journal.append(&[vec![event]])?;
    }
    data.journal.roll()?;
    let forgotten: HashSet<PostId> = found.posts.iter().copied().collect();
    data.journal.history().compact(&mut |_, event| keep_without(event, &forgotten))?;
    drop(data);
    Data::discard_views(dir)?;
    remove_copies(dir)?;
    let (data, _) = Data::open(dir, clock)?;
    data.close()
}

/// Forgets while the daemon runs.
///
/// # Errors
/// The disk refuses; then it may be tried again.
pub async fn running(daemon: &Arc<Daemon>, found: &Found) -> anyhow::Result<()> {
    // The store is made anew each time: two at once would take it from each other.
    let _one_at_a_time = daemon.forgetting.lock().await;
    for event in found.events(daemon.clock.now()) {
        daemon.writer.record(vec![event]).await?;
    }
    daemon.writer.aside(|journal| journal.roll()).await??;
    let (history, archive, posts) = (daemon.history().clone(), daemon.archive.clone(), found.posts.clone());
    let rewritten = tokio::task::spawn_blocking(move || {
        let forgotten: HashSet<PostId> = posts.iter().copied().collect();
        history.compact(&mut |_, event| keep_without(event, &forgotten))?;
        // It dropped the posts when the frames came; now its files are written anew without them.
        archive.forget(Vec::new(), data::FLUSH)?;
        anyhow::Ok(())
    });
    rewritten.await??;
    let (history, store, places) = (daemon.history().clone(), daemon.store.clone(), daemon.places().clone());
    daemon.writer.aside(move |_| make_store_anew(&history, &store, &places)).await??;
    remove_copies(daemon.dir())
}

/// The store's files keep what was removed from them: only new ones do not have it. The writer stands still meanwhile.
fn make_store_anew(history: &History, store: &Store, places: &Places) -> anyhow::Result<()> {
    remove(&places.snapshots)?;
    store.make_anew(&places.snapshots, history.last(), |after| history.replay(after))?;
    Ok(())
}

/// Removes what was set aside earlier, with everything in it.
fn remove_copies(dir: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().contains(".set-aside") {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn remove(dir: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mass_of_posts_is_forgotten_in_frames_of_bounded_size_and_authors_first() {
        let posts: Vec<PostId> = (0..2 * AT_ONCE + 1).map(|number| PostId::of(&number.to_string())).collect();
        let found = Found { posts: posts.clone(), authors: ["kim@acme.example".to_owned()].into(), unknown: false };
        let mut told = Vec::new();
        let mut sizes = Vec::new();
        for event in found.events(Timestamp(0)) {
            let Event::Forgotten { posts, authors, at: _ } = event else { panic!("another event") };
            sizes.push((posts.len(), authors.len()));
            told.extend(posts);
        }
        assert_eq!(sizes, [(0, 1), (AT_ONCE, 0), (AT_ONCE, 0), (1, 0)]);
        assert_eq!(told, posts);
    }
}
