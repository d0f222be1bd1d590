//! Is what was deleted or is to be forgotten really gone, from every place?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::collector::Collector;
use common::home::{Home, feed};
use common::inside::Inside;
use common::spawned::overheard;
use common::web::{Page, Web};
use overheard::model::{Duration, Event, Ledger, Position, PostId};
use overheard::pipeline::data::Data;
use overheard::pipeline::forget;

/// A daemon with one feed, and receivers of its mentions.
struct Place {
    web: Web,
    _hook: Collector,
    home: Home,
}

impl Place {
    async fn new() -> Self {
        let (web, hook) = (Web::start().await, Collector::start().await);
        let home = Home::new(&feed(&web, "news"), &hook);
        let place = Self { web, _hook: hook, home };
        place.says(&[("/1", "Acme zebrafinch"), ("/2", "Acme stays")]);
        place
    }

    fn says(&self, posts: &[(&str, &str)]) {
        let items: Vec<_> = posts.iter().map(|(path, title)| (*path, *title, "told by quokkaberry")).collect();
        self.web.set("news.test", "/feed.xml", Page::rss(&items));
    }

    /// A feed that says who wrote each post: path, title and author.
    fn told_by(&self, posts: &[(&str, &str, &str)]) {
        let item = |(path, title, author): &(&str, &str, &str)| {
            format!(
                "<item><guid>{path}</guid><link>http://site.test{path}</link><title>{title}</title><dc:creator>{author}</dc:creator></item>"
            )
        };
        let items: String = posts.iter().map(item).collect();
        let feed = format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>F</title>{items}</channel></rss>"
        );
        let page = Page::Ok { content_type: "application/rss+xml", body: feed.into(), headers: Vec::new() };
        self.web.set("news.test", "/feed.xml", page);
    }
}

async fn delivered(inside: &Inside) {
    inside.until("the mentions", async || (inside.health("news").counts.mention >= 2).then_some(())).await;
    inside.until("the deliveries", async || inside.nothing_waits().then_some(())).await;
}

/// What the journal says, in words; the files themselves are compressed.
fn journal(home: &Home) -> String {
    let (journal, _) = overheard::journal::Journal::open(&home.data().join("journal")).unwrap();
    let frames = journal.history().replay(Position(0));
    frames.map(|frame| format!("{frame:?}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_deleted_at_its_site_loses_its_words_and_keeps_its_counts() {
    let place = Place::new().await;
    let inside = Inside::start(&place.home).await;
    delivered(&inside).await;
    let post = inside.search("zebrafinch").results[0].id;
    let deleted = inside.now();
    inside.daemon.writer.record(vec![Event::Deleted { posts: vec![post], at: deleted }]).await.unwrap();
    assert_eq!(inside.titles("zebrafinch"), [""; 0]);
    assert_eq!(inside.titles("acme"), ["Acme stays"]);
    let blank = |inside: &Inside| {
        let found = inside.search("watch:acme").results.into_iter().find(|found| found.id == post).unwrap();
        assert_eq!((found.title.text.as_str(), found.snippet.text.as_str()), ("", ""));
        assert_eq!(found.standing.deleted, Some(deleted));
        assert!(found.score.is_some() && found.url.ends_with("/1"));
    };
    blank(&inside);

    // The feed still lists it: that does not bring it back.
    inside.next_poll("news").await;
    blank(&inside);
    inside.hands.advance(Duration::hours(25));
    inside.next_poll("news").await;
    inside.next_poll("news").await;
    let now = inside.stop().await;
    let told = journal(&place.home);
    assert!(!told.contains("zebrafinch"), "the words are in the journal after a day");
    assert!(told.contains("Acme stays"));

    Data::discard_views(&place.home.data()).unwrap();
    let inside = Inside::start_at(&place.home, now).await.unwrap();
    blank(&inside);
    assert_eq!(inside.search("watch:acme").total, 2);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_its_site_brings_back_with_other_words_is_there_again() {
    let place = Place::new().await;
    let inside = Inside::start(&place.home).await;
    delivered(&inside).await;
    let post = inside.search("zebrafinch").results[0].id;
    let event = Event::Deleted { posts: vec![post], at: inside.now() };
    inside.daemon.writer.record(vec![event]).await.unwrap();
    place.says(&[("/1", "Acme is back"), ("/2", "Acme stays")]);
    inside.until("the edit", async || (inside.health("news").counts.edited == 1).then_some(())).await;
    let back = inside.search("back").results.remove(0);
    assert_eq!((back.id, back.standing.deleted), (post, None));
    assert_ne!(back.id, PostId::of(""));
    inside.stop().await;
}

/// The files below the data directory in which a word can be read.
fn files_with(home: &Home, word: &str) -> Vec<String> {
    let (mut folders, mut found) = (vec![home.data()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            if bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes())) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// Nowhere, neither as it is nor in the compressed frames of the journal.
fn assert_nowhere(home: &Home, words: &[&str]) {
    for word in words {
        assert_eq!(files_with(home, word), [""; 0], "{word}");
        assert!(!journal(home).to_lowercase().contains(word), "{word} is in the journal");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_forgotten_post_and_the_next_poll_does_not_bring_it_back() {
    let place = Place::new().await;
    let inside = Inside::start(&place.home).await;
    delivered(&inside).await;
    inside.daemon.store.snapshot(&place.home.data().join("snapshots")).unwrap();
    let url = inside.search("zebrafinch").results[0].url.clone();
    let now = inside.stop().await;
    assert_ne!(files_with(&place.home, "zebrafinch"), [""; 0], "the word can be found in files at all");

    let inside = Inside::start_at(&place.home, now).await.unwrap();
    let found = forget::find(inside.daemon.history(), &url);
    assert_eq!((found.posts.len(), found.authors.len()), (1, 0));
    forget::running(&inside.daemon, &found).await.unwrap();
    assert_eq!(inside.titles("watch:acme"), ["Acme stays"]);
    // The feed lists it still, and has to be read anew.
    place.says(&[("/3", "Acme too"), ("/1", "Acme zebrafinch"), ("/2", "Acme stays")]);
    inside.until("the new post", async || (inside.health("news").counts.mention == 1).then_some(())).await;
    assert_eq!(inside.titles("watch:acme"), ["Acme stays", "Acme too"]);
    assert_eq!(inside.health("news").counts.rejected, 1, "it is counted that it was read and not taken");
    inside.until("the deliveries", async || inside.nothing_waits().then_some(())).await;
    let now = inside.stop().await;
    assert_nowhere(&place.home, &["zebrafinch"]);

    Data::discard_views(&place.home.data()).unwrap();
    let inside = Inside::start_at(&place.home, now).await.unwrap();
    inside.next_poll("news").await;
    assert_eq!(inside.titles("watch:acme"), ["Acme stays", "Acme too"]);
    inside.stop().await;
    assert_nowhere(&place.home, &["zebrafinch"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_author_is_not_listened_to_any_more() {
    let place = Place::new().await;
    place.told_by(&[("/1", "Acme zebrafinch", "Quillon"), ("/2", "Acme stays", "Sam")]);
    let inside = Inside::start(&place.home).await;
    delivered(&inside).await;
    let now = inside.stop().await;

    let found = {
        let (clock, _) = overheard::clock::Clock::moved(now);
        let (data, _) = Data::open(&place.home.data(), &clock).unwrap();
        let found = forget::find(&data.journal.history(), "quillon@site.test");
        data.close().unwrap();
        forget::offline(&place.home.data(), &clock, &found).unwrap();
        found
    };
    assert_eq!(found.authors.into_iter().collect::<Vec<_>>(), ["quillon@site.test"]);
    assert_nowhere(&place.home, &["zebrafinch", "quillon"]);

    place.told_by(&[("/3", "Acme wombatella", "quillon"), ("/4", "Acme too", "Sam"), ("/2", "Acme stays", "Sam")]);
    let inside = Inside::start_at(&place.home, now).await.unwrap();
    inside.until("the new post", async || (inside.health("news").counts.mention == 1).then_some(())).await;
    inside.until("the deliveries", async || inside.nothing_waits().then_some(())).await;
    assert_eq!(inside.titles("watch:acme"), ["Acme stays", "Acme too"]);
    inside.stop().await;
    assert_nowhere(&place.home, &["zebrafinch", "quillon", "wombatella"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_asks_first_and_says_how_many() {
    let place = Place::new().await;
    let inside = Inside::start(&place.home).await;
    delivered(&inside).await;
    let post = inside.search("zebrafinch").results[0].id.to_string();
    inside.stop().await;
    // Nobody answers: the input is closed.
    let asked = overheard(&place.home, &["forget", &post]);
    assert_eq!(asked.code, 1, "{}{}", asked.out, asked.err);
    assert!(
        asked.out.contains("To be forgotten: 1 post.") && asked.out.contains("Nothing was forgotten."),
        "{}",
        asked.out
    );
    let unknown = overheard(&place.home, &["forget", "https://elsewhere.example/1", "--yes"]);
    assert_eq!(unknown.code, 1, "{}{}", unknown.out, unknown.err);
    let done = overheard(&place.home, &["forget", &post, "--yes"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.out.contains("Backups made before still hold it"), "{}", done.out);
    assert_nowhere(&place.home, &["zebrafinch"]);
    let found = overheard(&place.home, &["search", "acme", "--json"]);
    assert!(found.out.contains("Acme stays"), "{}{}", found.out, found.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_of_whom_nothing_was_read_is_kept_out_only_on_demand_and_can_be_taken_in_again() {
    let place = Place::new().await;
    place.told_by(&[("/1", "Acme stays", "Sam"), ("/2", "Acme too", "Sam")]);
    let inside = Inside::start(&place.home).await;
    delivered(&inside).await;
    let now = inside.stop().await;

    let asked = overheard(&place.home, &["forget", "quillon@site.test", "--yes"]);
    assert_eq!(asked.code, 1, "{}{}", asked.out, asked.err);
    assert!(asked.out.contains("was ever read") && asked.out.contains("--in-advance"), "{}", asked.out);
    let undone = overheard(&place.home, &["forget", "quillon@site.test", "--undo"]);
    assert_eq!(undone.code, 1, "nothing was remembered: {}{}", undone.out, undone.err);

    let kept_out = overheard(&place.home, &["forget", "quillon@site.test", "--in-advance", "--yes"]);
    assert_eq!(kept_out.code, 0, "{}{}", kept_out.out, kept_out.err);
    assert_nowhere(&place.home, &["quillon"]);
    place.told_by(&[("/3", "Acme zebrafinch", "quillon"), ("/4", "Acme four", "Sam")]);
    let inside = Inside::start_at(&place.home, now).await.unwrap();
    inside.until("the new post", async || (inside.health("news").counts.mention == 1).then_some(())).await;
    assert_eq!(inside.health("news").counts.rejected, 1);

    let undone = forget::undo_running(&inside.daemon, "Quillon@site.test").await.unwrap();
    assert_eq!(undone.marks, 1);
    place.told_by(&[("/3", "Acme zebrafinch", "quillon"), ("/5", "Acme five", "Sam")]);
    inside.until("both", async || (inside.health("news").counts.mention == 3).then_some(())).await;
    assert_eq!(inside.titles("zebrafinch"), ["Acme zebrafinch"]);
    let now = inside.stop().await;

    // Also once everything is made anew.
    Data::discard_views(&place.home.data()).unwrap();
    let inside = Inside::start_at(&place.home, now).await.unwrap();
    assert_eq!(inside.titles("zebrafinch"), ["Acme zebrafinch"]);
    inside.stop().await;
    let again = overheard(&place.home, &["forget", "quillon@site.test", "--undo"]);
    assert_eq!(again.code, 1, "{}{}", again.out, again.err);
}
