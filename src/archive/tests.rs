//! Does the archive find what the live stream matches, and lose nothing?

mod durable;
mod each;
mod found;
mod kept;
mod same;
mod same_real;

use std::ops::ControlFlow;
use std::time::Duration;

use tempfile::TempDir;

use super::{AgeTo, Archive, ArchiveError, MAX_LIMIT, SearchPage, SearchRequest, Sort, Step, Walk, Window};
use crate::clock::Clock;
use crate::model::event::Decided;
use crate::model::{
    Event, Match, Outcome, PageRead, Position, Post, PostId, Priority, Role, Score, StoryDecision, StoryId,
    SuppressedAlert, Timestamp, View,
};
use crate::query::{Names, Place, Query};

/// Longer than any commit takes: nothing that works waits for its end.
const PATIENCE: Duration = Duration::from_secs(60);

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A post with nothing but an id and words.
pub(super) fn post(key: &str, title: &str, text: &str) -> Post {
    Post {
        id: PostId::of(key),
        key: key.to_owned(),
        source: "our-forum".to_owned(),
        kind: "discourse".to_owned(),
        site: "forum.example".to_owned(),
        url: format!("https://forum.example/t/{key}"),
        canonical_url: format!("https://forum.example/t/{key}"),
        target: None,
        thread: None,
        post_type: Default::default(),
        title: title.to_owned(),
        text: text.to_owned(),
        author: None,
        published: None,
        updated: None,
        received: NOW,
        lang: None,
        tags: Vec::new(),
        links: Vec::new(),
        engagement: Default::default(),
    }
}

/// The post, decided on: a story of its own, no watch matched.
fn decided(post: Post) -> Decided {
    Decided {
        outcome: Outcome::Unmatched,
        content_hash: 0,
        matches: Vec::new(),
        story: StoryDecision {
            story: StoryId(post.id),
            joined_by: None,
            absorbs: Vec::new(),
            keys: Vec::new(),
            bands: Default::default(),
        },
        score: Score::default(),
        alerts: Vec::new(),
        held_back: Vec::new(),
        day: None,
        follow: false,
        answers: Vec::new(),
        standing: Default::default(),
        sense: None,
        corrected: None,
        post,
    }
}

/// The post, matched by a watch.
fn mention(post: Post, watch: &str, owner: &str, score: u8) -> Decided {
    let matched = Match {
        watch: watch.to_owned(),
        version: String::new(),
        role: Role::Brand,
        owner: Some(owner.to_owned()),
        priority: Priority::Normal,
        clauses: Vec::new(),
    };
    let score = Score { total: score, parts: Vec::new() };
    Decided { outcome: Outcome::Mention, matches: vec![matched], score, ..decided(post) }
}

/// The mention, held back by an exclusion.
fn suppressed(mention: Decided) -> Decided {
    let excluded = SuppressedAlert::Excluded { exclusion: "jobs".to_owned(), clauses: Vec::new() };
    Decided { outcome: Outcome::Suppressed, held_back: vec![excluded], ..mention }
}

/// The frame of a page with these posts.
fn page(posts: Vec<Decided>) -> Vec<Event> {
    vec![Event::Page(Box::new(PageRead { source: "our-forum".to_owned(), at: NOW, posts, ..PageRead::default() }))]
}

fn open(dir: &TempDir) -> (Archive, super::Opened) {
    Archive::open(dir.path(), Clock::moved(NOW).0).unwrap()
}

/// An archive of these posts.
fn archive_of(posts: Vec<Decided>) -> (TempDir, Archive) {
    let dir = TempDir::new().unwrap();
    let (archive, _) = open(&dir);
    archive.apply(Position(1), &page(posts)).unwrap();
    archive.flush(PATIENCE).unwrap();
    (dir, archive)
}

fn query(text: &str) -> Query {
    Query::parse(text, Place::Search, &Names::default()).unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn search(archive: &Archive, text: &str, sort: Sort) -> SearchPage {
    archive.search(&SearchRequest { query: query(text), sort, limit: MAX_LIMIT, offset: 0, now: NOW }).unwrap()
}

/// Keys of what a query finds, in order.
fn keys(archive: &Archive, text: &str) -> Vec<String> {
    search(archive, text, Sort::Newest).found.into_iter().map(|found| found.post.key).collect()
}

const ALWAYS: Window = Window::ALWAYS;

/// Keys of what a walk visits, in order.
fn walked(archive: &Archive, text: &str, window: Window, age_to: AgeTo) -> Result<Vec<String>, ArchiveError> {
    walked_for(archive, &query(text), window, age_to)
}

fn walked_for(archive: &Archive, query: &Query, window: Window, age_to: AgeTo) -> Result<Vec<String>, ArchiveError> {
    let mut keys = Vec::new();
    let ended = archive.each(Walk { query, window, age_to }, &|record| record.post.key, &mut |step| {
        if let Step::Found(key) = step {
            keys.push(key);
        }
        ControlFlow::Continue(())
    })?;
    assert_eq!(ended, ControlFlow::Continue(()), "{query}");
    Ok(keys)
}
