//! Is somebody told when a source goes deaf, once, and once more when it is heard again?

mod common;

use common::collector::Collector;
use common::home::{Home, feed, routes};
use common::inside::Inside;
use common::web::{Page, Web};
use overheard::model::{Duration, SourceHealth};

const LONG: &str = "Nothing works since this morning, and nobody answers.";

async fn one_feed() -> (Web, Collector, Home) {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&feed(&web, "news"), &collector);
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Weather", LONG)]));
    (web, collector, home)
}

/// What each webhook said happened.
fn kinds(collector: &Collector) -> Vec<String> {
    collector.received().iter().map(|hook| hook.body["type"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Lets much time pass at once, as for a machine that slept, and then so little that a slow answer is no long one.
async fn sleep_over(inside: &Inside, time: Duration) {
    let before = inside.health("news");
    inside.hands.advance(time);
    let asked = async || {
        let now = inside.health("news");
        inside.hands.advance(Duration(250));
        (now.last_answered > before.last_answered || now.failures > before.failures).then_some(())
    };
    common::until_within(common::PATIENCE, std::time::Duration::from_millis(50), "the poll after it", asked).await;
}

/// The webhook with this number, with the clock moved in larger steps: an issue takes its time.
async fn webhook(inside: &Inside, collector: &Collector, number: usize) -> serde_json::Value {
    let received = async || {
        inside.hands.advance(Duration::seconds(20));
        collector.received().into_iter().nth(number)
    };
    inside.until("a webhook", received).await.body
}

fn seen(inside: &Inside, name: &str) -> SourceHealth {
    inside.daemon.sources().into_iter().find(|source| source.name == name).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_source_is_told_of_once_and_once_when_it_is_heard_again_over_a_restart() {
    let (web, collector, home) = one_feed().await;
    let inside = Inside::start(&home).await;
    inside.next_poll("news").await;
    web.set("news.test", "/feed.xml", Page::status(403));
    let opened = webhook(&inside, &collector, 0).await;
    assert_eq!(opened["type"], "issue.opened");
    let data = &opened["data"];
    assert_eq!(data["post"]["title"], "news.test refuses us: source news is deaf");
    assert_eq!(data["post"]["type"], "issue");
    let source = &data["issue"]["sources"][0];
    assert_eq!((&source["source"], &source["reason"]), (&"news".into(), &"blocked".into()));
    assert_eq!(source["why"], "it refuses us: HTTP 403");
    inside.until("the verdict", async || inside.nothing_waits().then_some(())).await;
    sleep_over(&inside, Duration::hours(3)).await;
    assert!(inside.nothing_waits() && kinds(&collector).len() == 1, "not told again while it lasts");
    let issues = inside.daemon.issues();
    assert_eq!((issues.len(), issues[0].closed), (1, None));
    let now = inside.stop().await;

    let inside = Inside::start_at(&home, now + Duration::minutes(1)).await.unwrap();
    inside.next_poll("news").await;
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Weather", LONG), ("/2", "Weather again", LONG)]));
    let closed = webhook(&inside, &collector, 1).await;
    assert_eq!(closed["type"], "issue.closed");
    assert_eq!(closed["data"]["post"]["title"], "Heard again: source news (news.test)");
    assert_eq!(closed["data"]["story"], opened["data"]["story"], "a receiver can show them together");
    assert_eq!(kinds(&collector), ["issue.opened", "issue.closed"]);
    let coverage = seen(&inside, "news").coverage_day.unwrap();
    assert!((0.0..0.5).contains(&coverage), "it was deaf for hours: {coverage}");
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_routes_send_an_issue_where_it_belongs() {
    let (web, collector, home) = one_feed().await;
    let operator = Collector::start().await;
    let other = routes(&operator).replace("name = \"hook\"", "name = \"ops\"");
    let receiver = other.split("\n\n").next().unwrap();
    let child = "\n[[route.routes]]\nmatch = \"type:issue AND tag:blocked AND site:news.test\"\nreceiver = \"ops\"\n";
    home.write("config/routes.toml", &format!("{receiver}\n\n{}{child}", routes(&collector)));
    web.set("news.test", "/feed.xml", Page::status(403));
    let inside = Inside::start(&home).await;
    webhook(&inside, &operator, 0).await;
    assert_eq!((kinds(&operator), kinds(&collector)), (vec!["issue.opened".to_owned()], Vec::new()));
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_only_quiet_or_restarted_is_no_issue() {
    let (web, collector, home) = one_feed().await;
    let inside = Inside::start(&home).await;
    inside.next_poll("news").await;
    web.set("news.test", "/feed.xml", Page::status(503));
    inside.next_poll("news").await;
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Weather", LONG)]));
    for _ in 0..8 {
        sleep_over(&inside, Duration::hours(24)).await;
    }
    assert_eq!(inside.daemon.issues(), []);
    assert_eq!(kinds(&collector), Vec::<String>::new());
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_without_the_daemon_is_no_time_of_silence() {
    let (_web, _collector, home) = one_feed().await;
    let inside = Inside::start(&home).await;
    inside.next_poll("news").await;
    sleep_over(&inside, Duration::days(2)).await;
    assert_eq!(seen(&inside, "news").coverage_day, Some(1.0));
    let now = inside.stop().await;
    let inside = Inside::start_at(&home, now + Duration::hours(12)).await.unwrap();
    inside.next_poll("news").await;
    let downs = async || (!inside.daemon.store.downs().unwrap().is_empty()).then_some(());
    inside.until("the time without it to be noted", downs).await;
    let coverage = seen(&inside, "news").coverage_day.unwrap();
    assert!((0.49..0.51).contains(&coverage), "half of the day nobody listened: {coverage}");
    assert_eq!(inside.daemon.store.downs().unwrap().len(), 1);
    inside.stop().await;
}
