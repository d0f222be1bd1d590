//! Is what was deleted or is to be forgotten really gone, from every place?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::collector::Collector;
use common::home::{Home, feed};
use common::inside::Inside;
use common::web::{Page, Web};
use overheard::model::{Duration, Event, Ledger, Position, PostId};
use overheard::pipeline::data::Data;

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
