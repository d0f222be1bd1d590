//! Does a receiver get a bounded number of alerts in ten minutes, and the rest in one digest?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::collector::Collector;
use common::home::{Home, feed, routes};
use common::inside::Inside;
use common::web::{Page, Web};
use overheard::model::Timestamp;
use overheard::pipeline::data::Data;

/// A daemon whose one feed lists so many fresh mentions, with what its receiver's block says of its bound.
async fn place(mentions: usize, bound: &str) -> (Web, Collector, Home) {
    let (web, hook) = (Web::start().await, Collector::start().await);
    let home = Home::new(&feed(&web, "news"), &hook);
    home.write(
        "config/routes.toml",
        &routes(&hook).replace("kind = \"webhook\"", &format!("kind = \"webhook\"\n{bound}")),
    );
    home.write("config/watches.toml", "[[watch]]\nname = \"acme\"\nowner = \"kim\"\nquery = \"acme\"\n");
    says(&web, mentions);
    (web, hook, home)
}

fn says(web: &Web, mentions: usize) {
    let item =
        |number| (format!("/{number}"), format!("Acme {number}"), format!("All that is known of case {number}."));
    let items: Vec<_> = (0..mentions).map(item).collect();
    let items: Vec<_> =
        items.iter().map(|(path, title, text)| (path.as_str(), title.as_str(), text.as_str())).collect();
    web.set("news.test", "/feed.xml", Page::rss(&items));
}

fn at(moment: &str) -> Timestamp {
    Timestamp::parse(moment).unwrap()
}

async fn mentioned(inside: &Inside, count: u64) {
    inside.until("the mentions", async || (inside.health("news").counts.mention == count).then_some(())).await;
    inside.until("the deliveries", async || inside.nothing_waits().then_some(())).await;
}

fn count(hook: &Collector, kind: &str) -> usize {
    hook.received().iter().filter(|received| received.body["type"] == kind).count()
}

/// Of each digest the window, its number of stories, and how many it lists.
fn digests(hook: &Collector) -> Vec<(String, u64, usize)> {
    let received = hook.received();
    let digests = received.iter().map(|received| &received.body["data"]["digest"]).filter(|digest| !digest.is_null());
    digests
        .map(|digest| {
            let listed = digest["listed"].as_array().unwrap().len();
            (digest["flood"].as_str().unwrap().to_owned(), digest["stories"].as_u64().unwrap(), listed)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_poll_with_many_fresh_posts_tells_a_few_of_them_and_the_rest_in_one_digest() {
    let (web, hook, home) = place(40, "max_alerts_per_10_minutes = 3").await;
    let inside = Inside::start_at(&home, at("2026-11-20T20:01:00Z")).await.unwrap();
    mentioned(&inside, 40).await;
    assert_eq!((count(&hook, "mention.alert"), count(&hook, "mention.digest")), (3, 0));
    let held: Vec<String> = inside.search("acme").results.into_iter().flat_map(|found| found.held_back).collect();
    let why = "hook has had its 3 alerts of ten minutes: it is told after 2026-11-20 20:10:00 UTC";
    assert!(held.len() >= 20 && held.iter().all(|held| held == why), "{held:?}");

    inside.hands.advance(at("2026-11-20T20:10:30Z").since(inside.now()));
    inside.until("the digest", async || digests(&hook).pop()).await;
    assert_eq!(digests(&hook), [("2026-11-20T20:00:00Z".to_owned(), 37, 10)]);

    // The next ten minutes have room again.
    says(&web, 42);
    mentioned(&inside, 42).await;
    assert_eq!((count(&hook, "mention.alert"), count(&hook, "mention.digest")), (5, 1));
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bound_held_back_is_told_once_also_after_a_restart_and_a_rebuild() {
    let (_web, hook, home) = place(5, "max_alerts_per_10_minutes = 3").await;
    let inside = Inside::start_at(&home, at("2026-11-20T20:01:00Z")).await.unwrap();
    mentioned(&inside, 5).await;
    inside.stop().await;
    for moment in ["2026-11-20T23:00:00Z", "2026-11-21T12:00:00Z"] {
        Data::discard_views(&home.data()).unwrap();
        let inside = Inside::start_at(&home, at(moment)).await.unwrap();
        inside.until("the digest", async || digests(&hook).pop()).await;
        inside.next_poll("news").await;
        inside.until("the verdict", async || inside.nothing_waits().then_some(())).await;
        inside.stop().await;
    }
    assert_eq!(digests(&hook), [("2026-11-20T20:00:00Z".to_owned(), 2, 2)]);
    assert_eq!(count(&hook, "mention.alert"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_without_a_bound_of_its_own_has_sixty_alerts_in_ten_minutes() {
    let (_web, hook, home) = place(70, "").await;
    let inside = Inside::start_at(&home, at("2026-11-20T20:01:00Z")).await.unwrap();
    mentioned(&inside, 70).await;
    assert_eq!(count(&hook, "mention.alert"), 60);
    inside.stop().await;
}
