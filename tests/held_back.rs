//! Is what is held back kept, counted, and told of when it is time?

mod common;

use common::collector::Collector;
use common::home::{Home, feed};
use common::inside::Inside;
use common::web::{Page, Web};
use overheard::model::Sources;

const ACME: &str = "[[watch]]\nname = \"acme\"\nowner = \"kim\"\nquery = \"acme\"\n";
const JOBS: &str = "\n[[exclusion]]\nname = \"jobs\"\nquery = '\"is hiring\"'\n";

async fn one_feed() -> (Web, Collector, Home) {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&feed(&web, "news"), &collector);
    web.set("news.test", "/feed.xml", Page::rss(&[]));
    (web, collector, home)
}

fn lists(web: &Web, items: &[(&str, &str, &str)]) {
    web.set("news.test", "/feed.xml", Page::rss(items));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclusion_suppresses_and_its_reason_is_kept() {
    let (web, collector, home) = one_feed().await;
    home.write("config/watches.toml", &format!("{ACME}{JOBS}"));
    lists(&web, &[("/1", "Acme is hiring", "Come to us."), ("/2", "Acme is down", "Again.")]);
    let inside = Inside::start(&home).await;
    inside.until("the webhook", async || collector.received().into_iter().next()).await;
    inside.next_poll("news").await;

    assert_eq!(collector.titles(), ["Acme is down"]);
    let counts = inside.health("news").counts;
    assert_eq!((counts.suppressed, counts.mention), (1, 1));
    assert_eq!(inside.titles("outcome:suppressed"), ["Acme is hiring"]);
    assert_eq!(inside.titles("watch:acme"), ["Acme is down", "Acme is hiring"], "it was matched all the same");
    let found = inside.search("hiring").results.remove(0);
    assert_eq!(found.held_back, ["the exclusion jobs holds it back (\"is hiring\")"]);
    assert_eq!((found.watches.len(), found.score.is_some()), (1, true));
    let mentions = inside.daemon.recent_mentions(10).unwrap().results;
    assert_eq!(mentions.iter().map(|found| found.title.text.as_str()).collect::<Vec<_>>(), ["Acme is down"]);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_an_exclusion_is_true_of_is_no_mention_any_more() {
    let (web, collector, home) = one_feed().await;
    home.write("config/watches.toml", &format!("{ACME}{JOBS}"));
    lists(&web, &[("/1", "Acme is down", "Again.")]);
    let inside = Inside::start(&home).await;
    inside.until("the webhook", async || collector.received().into_iter().next()).await;
    lists(&web, &[("/1", "Acme is hiring", "Again.")]);
    inside.until("the edit", async || (inside.health("news").counts.edited == 1).then_some(())).await;

    assert_eq!(inside.search("acme").results[0].held_back.len(), 1, "the edit carries the reason");
    assert!(inside.daemon.recent_mentions(10).unwrap().results.is_empty());
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_exclusion_the_next_post_comes_through() {
    let (web, collector, home) = one_feed().await;
    home.write("config/watches.toml", &format!("{ACME}{JOBS}"));
    lists(&web, &[("/1", "Acme is hiring", "Come to us.")]);
    let inside = Inside::start(&home).await;
    inside.until("the first", async || (inside.health("news").counts.suppressed == 1).then_some(())).await;
    home.write("config/watches.toml", ACME);
    let changes = inside.daemon.reload().await.unwrap();
    assert_eq!(changes.to_string(), "exclusions: 1 removed (jobs)");
    lists(&web, &[("/1", "Acme is hiring", "Come to us."), ("/2", "Acme is hiring again", "Come back.")]);
    inside.until("the webhook", async || collector.received().into_iter().next()).await;

    assert_eq!(collector.titles(), ["Acme is hiring again"], "what was suppressed stays so");
    assert_eq!(inside.titles("outcome:suppressed"), ["Acme is hiring"]);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_looks_only_at_its_scope() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&[feed(&web, "news"), feed(&web, "forum")].concat(), &collector);
    let scoped = "scope = { sources = [\"forum\"], kinds = [\"rss\"] }\n";
    home.write("config/watches.toml", &format!("{ACME}{scoped}"));
    lists(&web, &[("/1", "Acme is down", "Says the news.")]);
    web.set("forum.test", "/feed.xml", Page::rss(&[("/2", "Acme down?", "Asks the forum.")]));
    let inside = Inside::start(&home).await;
    inside
        .until("both polls", async || {
            inside.daemon.board.health().iter().all(|source| source.counts.total() == 1).then_some(())
        })
        .await;
    inside.until("the webhook", async || collector.received().into_iter().next()).await;

    assert_eq!(collector.titles(), ["Acme down?"]);
    assert_eq!(inside.titles("watch:acme"), ["Acme down?"]);
    assert_eq!(
        inside.titles("acme source:forum kind:rss"),
        ["Acme down?"],
        "a search with the same words says the same"
    );
    inside.stop().await;
}
