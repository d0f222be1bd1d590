//! Is somebody told when a source goes deaf, once, and once more when it is heard again?

mod common;

use common::collector::Collector;
use common::home::{Home, feed, routes};
use common::inside::Inside;
use common::web::{Page, Web};
use std::sync::{Arc, Mutex};

use common::inside::paths;
use overheard::clock::Clock;
use overheard::config::Config;
use overheard::model::{
    Duration, FetchProblem, Next, Progress, ReadError, Reading, Request, Response, Source, SourceHealth, Sources,
};
use overheard::pipeline::supervise::Daemon;

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

#[tokio::test(flavor = "multi_thread")]
async fn the_states_that_a_source_was_in_are_known_over_a_restart() {
    let (web, _collector, home) = one_feed().await;
    let inside = Inside::start(&home).await;
    inside.next_poll("news").await;
    for page in [Page::status(403), Page::status(401), Page::status(500)] {
        web.set("news.test", "/feed.xml", page);
        inside.next_poll("news").await;
    }
    let states = |inside: &Inside| -> Vec<String> {
        seen(inside, "news").history.iter().map(overheard::model::HealthChange::in_words).collect()
    };
    assert_eq!(states(&inside), ["ok", "blocked", "failing"], "another status with the same meaning is no change");
    let now = inside.stop().await;

    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Weather", LONG)]));
    let inside = Inside::start_at(&home, now + Duration::minutes(1)).await.unwrap();
    inside.next_poll("news").await;
    inside.until("the history", async || (states(&inside).len() > 1).then_some(())).await;
    assert_eq!(states(&inside), ["ok", "blocked", "failing", "ok"]);
    for _ in 0..40 {
        for page in [Page::status(403), Page::rss(&[("/1", "Weather", LONG)])] {
            web.set("news.test", "/feed.xml", page);
            sleep_over(&inside, Duration::hours(7)).await;
        }
    }
    let history = seen(&inside, "news").history;
    assert_eq!(history.len(), SourceHealth::MAX_HISTORY);
    assert!(history.windows(2).all(|pair| pair[0].at <= pair[1].at && pair[0].health != pair[1].health));
    inside.stop().await;
}

/// Has another way, of two pages, when its own fails. Remembers it if it was gone to its end.
#[derive(Debug)]
struct TwoWays(String);

impl Source for TwoWays {
    fn next(&self, progress: &Progress) -> Next {
        let path = match (progress.notes.contains_key("lesser"), progress.page) {
            (false, 0) => "/own",
            (true, 0) => "/lesser",
            (true, 1) => "/lesser2",
            _ => return Next::Done,
        };
        let address = format!("{}{path}", self.0).parse();
        address.map_or(Next::Done, |address| Next::Http(Box::new(Request::get(address))))
    }

    fn read(&self, progress: &Progress, _: &Response) -> Result<Reading, ReadError> {
        let degraded = progress.notes.contains_key("lesser").then(|| "without its words".to_owned());
        Ok(Reading {
            progress: Progress { page: progress.page + 1, ..progress.clone() },
            degraded,
            ..Reading::default()
        })
    }

    fn fall_back(&self, progress: &Progress, _: &FetchProblem) -> Option<Progress> {
        let notes = [("lesser".to_owned(), String::new())].into();
        progress.notes.is_empty().then(|| Progress { notes, ..progress.clone() })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unchanged_is_said_of_the_way_that_was_asked_and_no_other() {
    let (web, _collector, home) = one_feed().await;
    let tagged = |body: &str, tag: &str| Page::json(body).header("etag", format!("\"{tag}\""));
    web.set("two.test", "/own", tagged("1", "own"));
    web.set("two.test", "/lesser", tagged("2", "lesser"));
    let (mut config, _) = Config::load(&paths(&home)).unwrap_or_else(|faults| panic!("{faults:#?}"));
    config.sources[0].source = Arc::new(TwoWays(web.url("two.test", "")));
    overheard::telemetry::start_metrics();
    let (clock, hands) = Clock::moved(common::inside::START);
    let output = Arc::new(Mutex::new(Vec::<u8>::new()));
    let daemon = Daemon::start(config, paths(&home), clock, output, overheard::web::serve).await;
    let daemon = daemon.unwrap_or_else(|error| panic!("{error:#}"));
    let news = || daemon.board.health().remove(0);
    let polled = async || {
        let before = news();
        common::until("the next poll", async || {
            hands.advance(Duration::seconds(5));
            let now = news();
            (now.last_answered > before.last_answered || now.failures > before.failures).then_some(now)
        })
        .await
    };
    assert_eq!(polled().await.degraded, None);
    // The other way breaks off in the middle: where the source stands, and by which validators, stays as it was.
    web.set("two.test", "/own", Page::status(503));
    let seen = polled().await;
    assert!(seen.degraded.is_some() && seen.failures == 1, "{seen:?}");
    web.set("two.test", "/own", tagged("1", "own"));
    let seen = polled().await;
    assert_eq!((seen.degraded, seen.failures), (None, 0), "its own way says that nothing changed");
    let asked: Vec<String> =
        web.asked().into_iter().filter(|asked| asked.host == "two.test").map(|asked| asked.path).collect();
    assert_eq!(asked.last().map(String::as_str), Some("/own"), "{asked:?}");
    assert_eq!(asked.iter().filter(|path| *path == "/lesser").count(), 1, "{asked:?}");

    // Now to its end; and what is then unchanged is the lesser way.
    web.set("two.test", "/own", Page::status(503));
    web.set("two.test", "/lesser2", Page::json("3"));
    assert!(polled().await.degraded.is_some());
    assert!(polled().await.degraded.is_some());
    let last = web.asked().pop().map(|asked| (asked.path, asked.headers.contains_key("if-none-match")));
    assert_eq!(last, Some(("/lesser".to_owned(), true)));
    daemon.stop().await;
}
