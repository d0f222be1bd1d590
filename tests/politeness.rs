//! Are hundreds of sources asked no faster than their hosts allow, at the start and when everybody says "too many"?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use common::collector::Collector;
use common::home::Home;
use common::inside::{Inside, START};
use overheard::clock::Clock;
use overheard::model::{Duration, Timestamp};
use overheard::telemetry::render_metrics;

const SOURCES: usize = 300;
const HOSTS: usize = 60;
/// Between two requests to a host that nobody said anything about: a second, less what the log may be off, since a
/// request that is on its way while the clock is moved is noted at its next moment.
const LEAST: Duration = Duration(900);
const RETRY_AFTER: Duration = Duration::minutes(2);

/// A web that notes on the daemon's clock when each host was asked.
#[derive(Clone, Default)]
struct Web(Arc<Seen>);

#[derive(Default)]
struct Seen {
    clock: OnceLock<Clock>,
    asked: Mutex<Vec<(String, Timestamp)>>,
    answered: AtomicUsize,
    /// Every host says "too many".
    full: AtomicBool,
    /// By host: when it said so last.
    refused: Mutex<BTreeMap<String, Timestamp>>,
}

impl Web {
    async fn start(&self) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        port
    }

    fn now(&self) -> Timestamp {
        self.0.clock.get().map_or(START, Clock::now)
    }

    fn asked(&self) -> Vec<(String, Timestamp)> {
        self.0.asked.lock().unwrap().clone()
    }
}

async fn answer(State(web): State<Web>, headers: HeaderMap) -> Response {
    let (now, host) = (web.now(), headers[header::HOST].to_str().unwrap().to_owned());
    web.0.asked.lock().unwrap().push((host.clone(), now));
    let response = if web.0.full.load(Ordering::SeqCst) {
        web.0.refused.lock().unwrap().insert(host, now);
        let wait = (RETRY_AFTER.0 / 1000).to_string();
        (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, wait)]).into_response()
    } else {
        let feed = "<rss version=\"2.0\"><channel><title>Feed</title><item><guid>1</guid><title>Rain</title></item></channel></rss>";
        ([(header::CONTENT_TYPE, "application/rss+xml"), (header::ETAG, "\"1\"")], feed).into_response()
    };
    web.0.answered.fetch_add(1, Ordering::SeqCst);
    response
}

/// How many polls have sent their request, as the daemon counts them.
fn sent() -> usize {
    let metrics = render_metrics();
    let count = metrics.lines().find_map(|line| line.strip_prefix("overheard_poll_lateness_seconds_count "));
    count.map_or(0, |count| count.parse().unwrap())
}

/// Moves the clock from one moment that somebody waits for to the next, never while a request is on its way.
async fn until(inside: &Inside, web: &Web, name: &str, mut done: impl FnMut() -> bool) {
    common::until_within(common::PATIENCE, std::time::Duration::from_millis(1), name, async || {
        if web.0.answered.load(Ordering::SeqCst) != sent() {
            return None;
        }
        if done() {
            return Some(());
        }
        if let Some(next) = inside.hands.next_wake() {
            inside.hands.advance(next.since(inside.now()));
        }
        None
    })
    .await;
}

/// Times of the requests to each host.
fn by_host(asked: &[(String, Timestamp)]) -> BTreeMap<&str, Vec<Timestamp>> {
    let mut hosts: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
    for (host, at) in asked {
        hosts.entry(host).or_default().push(*at);
    }
    hosts
}

fn least_gap(asked: &[(String, Timestamp)]) -> Option<Duration> {
    let hosts = by_host(asked);
    hosts.values().flat_map(|times| times.windows(2)).map(|pair| pair[1].since(pair[0])).min()
}

/// The most requests within any time of a length.
fn most_within(asked: &[(String, Timestamp)], length: Duration) -> usize {
    let mut times: Vec<Timestamp> = asked.iter().map(|(_, at)| *at).collect();
    times.sort();
    let from = |first: &Timestamp| times.iter().filter(|at| **at >= *first && at.since(*first) < length).count();
    times.iter().map(from).max().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_sources_start_one_by_one_and_keep_to_the_pace_of_their_hosts_also_after_everybody_said_too_many() {
    let (web, collector) = (Web::default(), Collector::start().await);
    let port = web.start().await;
    let block = |number: usize| {
        let url = format!("http://h{}.test:{port}/{number}", number % HOSTS);
        format!(
            "[[source]]\nname = \"f{number}\"\nkind = \"rss\"\nurl = \"{url}\"\nevery = \"30s\"\nslowest = \"30s\"\n"
        )
    };
    let home = Home::new(&(0..SOURCES).map(block).collect::<String>(), &collector);
    let inside = Inside::start(&home).await;
    assert!(web.0.clock.set(inside.daemon.clock.clone()).is_ok());

    until(&inside, &web, "the first round", || web.asked().len() >= SOURCES).await;
    let first = web.asked();
    let at_once = most_within(&first, Duration(100));
    assert!(at_once <= SOURCES / 10, "{at_once} of {SOURCES} were asked within a tenth of a second of the start");
    assert!(least_gap(&first).unwrap() >= LEAST, "{:?}", least_gap(&first));

    web.0.full.store(true, Ordering::SeqCst);
    until(&inside, &web, "every host says too many", || web.0.refused.lock().unwrap().len() == HOSTS).await;
    web.0.full.store(false, Ordering::SeqCst);
    let refused = web.0.refused.lock().unwrap().clone();
    let before = web.asked().len();
    until(&inside, &web, "everybody is heard again", || web.asked().len() >= before + SOURCES).await;

    let asked = web.asked();
    assert!(least_gap(&asked).unwrap() >= LEAST, "{:?}", least_gap(&asked));
    for (host, times) in by_host(&asked) {
        let after = times.iter().find(|at| **at > refused[host]).unwrap();
        assert!(after.since(refused[host]) >= RETRY_AFTER, "{host} was asked after {}", after.since(refused[host]));
    }
    let at_once = most_within(&asked[before..], Duration(100));
    assert!(at_once <= SOURCES / 10, "{at_once} of {SOURCES} came back within a tenth of a second");
    inside.stop().await;
}
