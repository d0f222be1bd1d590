//! Is no kind ever silently deaf, whatever its site answers?
//!
//! Walks `KINDS` and names none: the sample of each is asked by the real daemon, once for every way in which a site can answer, each at a
//! host of its own on loopback. What must come of it is the same for all, and stands in [`CASES`]; where the wire or the format of
//! a kind rightly makes a difference, [`Kindred`] says which and why. Kinds whose posts are pushed are pushed the same bodies.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request as Asked, StatusCode, header};
use axum::response::Response as Told;
use bytes::Bytes;
use common::collector::Collector;
use common::home::Home;
use common::inside::paths;
use overheard::clock::{Clock, Moved};
use overheard::config::sample::source_of;
use overheard::config::{Config, SourceConfig};
use overheard::model::{
    Deafness, Duration, FetchProblem, Health, Lack, Next, Progress, ReadError, Reading, Request, Response, Source,
    SourceHealth, SourceKind, Sources, Subscription, Timestamp,
};
use overheard::pipeline::push::{PushError, Pushed};
use overheard::pipeline::supervise::Daemon;
use url::Url;

/// 2026-11-21 12:00 UTC: the fixtures are from then.
const NOW: Timestamp = Timestamp(1_795_262_400_000);
/// What the sites ask for that ask for a wait: longer than any kind's own interval.
const WAIT: Duration = Duration::hours(2);
/// Most requests of one poll: ten pages, and what a kind asks once.
const MOST_ASKED: usize = 12;

const LOGIN: &str = "<!doctype html><html><head><title>Log in</title></head><body><form action=\"/login\"><input name=\"user\">\
                     <input type=\"password\" name=\"password\"></form></body></html>";
const PAGE: &str = "<!doctype html><html><head><title>Acme</title></head><body><h1>Welcome</h1><p>Under construction.</p></body></html>";

/// One way to answer.
struct Case {
    name: &'static str,
    answer: Answer,
    /// What the source's health must be.
    health: &'static [Health],
    /// What must be said to be wrong where it is not well.
    reason: &'static [Deafness],
}

/// What is answered, to the first request and to those that follow.
#[derive(Clone, Copy)]
enum Answer {
    /// The kind's own recorded answer, done something to.
    Recorded(fn(&[u8]) -> Vec<u8>),
    /// The same with another charset in its content type.
    Charset(&'static str),
    /// 200 with this page.
    Page(&'static str),
    /// This status without a body, always.
    Status(u16),
    /// This status with an error of an API in JSON, always.
    Error(u16),
    /// This status with a `Retry-After`, and from then on the recorded answer.
    Wait(u16, RetryAfter),
    /// The recorded answer with a validator, and from then on 304.
    Unchanged,
}

#[derive(Clone, Copy)]
enum RetryAfter {
    Seconds,
    Date,
    None,
}

use Answer::{Charset, Error, Page, Recorded, Status, Unchanged, Wait};
use Deafness::{Blocked as Refused, Failing as Errors, FoundNothing, Unreadable, Wall};
use Health::{Blocked, Failing, Gone, Limited, Ok as Well};

const CASES: [Case; 28] = [
    Case { name: "good", answer: Recorded(<[u8]>::to_vec), health: &[Well], reason: &[] },
    Case { name: "unchanged", answer: Unchanged, health: &[Well], reason: &[] },
    // A page of which nothing is left is one in which nothing is found.
    Case { name: "empty", answer: Page(""), health: &[Failing], reason: &[Unreadable, FoundNothing] },
    Case { name: "garbage", answer: Recorded(garbage), health: &[Failing], reason: &[Unreadable, FoundNothing] },
    // Of a feed or a page what is whole is kept, and then it is well; a list in JSON that is not whole is none.
    Case { name: "cut", answer: Recorded(cut), health: &[Well, Failing], reason: &[Unreadable] },
    Case { name: "latin", answer: Recorded(latin), health: &[Well], reason: &[] },
    Case { name: "charset", answer: Charset("windows-1252"), health: &[Well], reason: &[] },
    Case { name: "nocharset", answer: Charset("no-such-charset"), health: &[Well], reason: &[] },
    Case { name: "html", answer: Page(PAGE), health: &[Failing], reason: &[Unreadable, FoundNothing] },
    Case { name: "login", answer: Page(LOGIN), health: &[Blocked], reason: &[Wall] },
    // Nobody gave it a validator.
    Case { name: "unasked304", answer: Status(304), health: &[Failing], reason: &[Errors] },
    Case { name: "refused401", answer: Status(401), health: &[Blocked], reason: &[Refused] },
    Case { name: "refused403", answer: Status(403), health: &[Blocked], reason: &[Refused] },
    Case { name: "json401", answer: Error(401), health: &[Blocked], reason: &[Refused] },
    Case { name: "json403", answer: Error(403), health: &[Blocked], reason: &[Refused] },
    Case { name: "missing", answer: Status(404), health: &[Failing], reason: &[Errors] },
    Case { name: "json404", answer: Error(404), health: &[Failing], reason: &[Errors] },
    Case { name: "gone", answer: Status(410), health: &[Gone], reason: &[Deafness::Gone] },
    Case { name: "broken500", answer: Status(500), health: &[Failing], reason: &[Errors] },
    Case { name: "json500", answer: Error(500), health: &[Failing], reason: &[Errors] },
    Case { name: "broken502", answer: Status(502), health: &[Failing], reason: &[Errors] },
    Case { name: "broken503", answer: Status(503), health: &[Failing], reason: &[Errors] },
    Case {
        name: "many-seconds",
        answer: Wait(429, RetryAfter::Seconds),
        health: &[Limited],
        reason: &[Deafness::Limited],
    },
    Case { name: "many-date", answer: Wait(429, RetryAfter::Date), health: &[Limited], reason: &[Deafness::Limited] },
    Case { name: "many", answer: Wait(429, RetryAfter::None), health: &[Limited], reason: &[Deafness::Limited] },
    Case { name: "json429", answer: Error(429), health: &[Limited], reason: &[Deafness::Limited] },
    Case { name: "wait503", answer: Wait(503, RetryAfter::Seconds), health: &[Limited], reason: &[Deafness::Limited] },
    Case { name: "wait403", answer: Wait(403, RetryAfter::Seconds), health: &[Limited], reason: &[Deafness::Limited] },
];

fn garbage(_: &[u8]) -> Vec<u8> {
    let mut random = 7_u32;
    let noise = std::iter::repeat_with(|| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 24) as u8
    });
    noise.take(20_000).collect()
}

fn cut(body: &[u8]) -> Vec<u8> {
    body[..body.len() * 2 / 3].to_vec()
}

/// One letter in the encoding of fifty years ago, whatever the rest is.
fn latin(body: &[u8]) -> Vec<u8> {
    let is_word = |part: &[u8]| part[..2].iter().all(u8::is_ascii_lowercase) && part[2] == b' ';
    let at = body.windows(3).rposition(is_word).unwrap() + 1;
    [&body[..at], b"\xe9", &body[at + 1..]].concat()
}

/// What a kind is asked over, which makes a difference.
#[derive(Clone, Copy, PartialEq)]
enum Kindred {
    /// Answers to requests: every case means the same.
    Asked,
    /// A stream: there is no body before it is open, so every 2xx that does not open it is a failure, and so is a redirect or a 304.
    Streamed,
    /// Nobody is asked: statuses mean nothing, bodies are refused to whoever sends them.
    Pushed,
}

fn kindred(source: &dyn Source) -> Kindred {
    match source.next(&Progress::default()) {
        Next::Http(_) => Kindred::Asked,
        Next::Subscribe(subscription) if subscription.url().is_some() => Kindred::Streamed,
        Next::Subscribe(_) | Next::Done => Kindred::Pushed,
    }
}

/// A source that knows its site's hosts under other names.
#[derive(Debug)]
struct Elsewhere {
    real: Arc<dyn Source>,
    case: &'static str,
    kind: &'static str,
    port: u16,
}

impl Elsewhere {
    fn away(&self, mut request: Request) -> Request {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let scheme = if request.url.scheme().starts_with("ws") { "ws" } else { "http" };
        let rest = &request.url[url::Position::BeforePath..];
        let (kind, case, port) = (self.kind.replace('_', "-"), self.case, self.port);
        request.url = Url::parse(&format!("{scheme}://{host}.{kind}.{case}.test:{port}{rest}")).unwrap();
        request
    }

    fn home(&self, response: &Response) -> Response {
        let host = response.url.host_str().unwrap_or_default();
        let tail = format!(".{}.{}.test", self.kind.replace('_', "-"), self.case);
        let Some(host) = host.strip_suffix(&tail) else { return response.clone() };
        let scheme = if response.url.scheme().starts_with("ws") { "wss" } else { "https" };
        let rest = &response.url[url::Position::BeforePath..];
        Response { url: Url::parse(&format!("{scheme}://{host}{rest}")).unwrap(), ..response.clone() }
    }
}

impl Source for Elsewhere {
    fn next(&self, progress: &Progress) -> Next {
        match self.real.next(progress) {
            Next::Http(request) => Next::Http(Box::new(self.away(*request))),
            Next::Subscribe(subscription) => Next::Subscribe(Box::new(match *subscription {
                Subscription::WebSocket(request) => Subscription::WebSocket(self.away(request)),
                Subscription::Events(request) => Subscription::Events(self.away(request)),
                Subscription::Push => Subscription::Push,
            })),
            Next::Done => Next::Done,
        }
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        self.real.read(progress, &self.home(response))
    }

    fn fall_back(&self, progress: &Progress, problem: &FetchProblem) -> Option<Progress> {
        self.real.fall_back(progress, problem)
    }

    fn pace(&self) -> Option<Duration> {
        self.real.pace()
    }

    fn lacks(&self) -> Option<Lack> {
        self.real.lacks()
    }
}

/// A kind's recorded answers with what they are: those to its sample first.
fn recorded(kind: &dyn SourceKind) -> Vec<(Bytes, &'static str)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(kind.name());
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort_by_key(|path| (path.with_extension("toml").exists(), path.clone()));
    let types =
        [("json", "application/json"), ("xml", "application/xml"), ("html", "text/html"), ("txt", "text/plain")];
    let found = paths.iter().filter_map(|path| {
        let ending = path.extension()?.to_str()?;
        let (_, media) = types.iter().find(|(known, _)| *known == ending)?;
        Some((std::fs::read(path).unwrap().into(), *media))
    });
    found.collect()
}

/// Plays every site in every way, and notes when it was asked.
#[derive(Clone)]
struct Sites {
    clock: Clock,
    recorded: Arc<BTreeMap<String, Vec<(Bytes, &'static str)>>>,
    /// By kind and case.
    asked: Arc<Mutex<BTreeMap<String, Vec<Timestamp>>>>,
}

impl Sites {
    async fn open(clock: Clock) -> (Self, u16) {
        let kinds = overheard::source::KINDS.iter();
        let recorded = kinds.map(|kind| (kind.name().replace('_', "-"), recorded(*kind))).collect();
        let sites = Self { clock, recorded: Arc::new(recorded), asked: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new().fallback(answer).with_state(sites.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (sites, port)
    }

    /// What a kind's site answers at a path: what its ending says, where it says anything.
    fn good(&self, kind: &str, path: &str) -> (Bytes, &'static str) {
        let all = &self.recorded[kind];
        let wanted = [(".rss", "application/xml"), (".xml", "application/xml"), (".json", "application/json")];
        let wanted = wanted.iter().find(|(ending, _)| path.ends_with(ending)).map(|(_, media)| *media);
        let found = all.iter().find(|(_, media)| wanted.is_none_or(|wanted| wanted == *media));
        found.or(all.first()).unwrap_or_else(|| panic!("{kind} has no recorded answer")).clone()
    }

    fn times(&self, source: &str) -> Vec<Timestamp> {
        self.asked.lock().unwrap().get(source).cloned().unwrap_or_default()
    }
}

async fn answer(State(sites): State<Sites>, asked: Asked<Body>) -> Told {
    let host = asked.headers()[header::HOST].to_str().unwrap().split(':').next().unwrap().to_owned();
    let mut labels = host.trim_end_matches(".test").rsplit('.');
    let (case, kind) = (labels.next().unwrap(), labels.next().unwrap());
    if asked.uri().path() == "/robots.txt" {
        return told(404, "text/plain", Bytes::new(), None);
    }
    let first = {
        let mut all = sites.asked.lock().unwrap();
        let times = all.entry(format!("{kind}.{case}")).or_default();
        times.push(sites.clock.now());
        times.len() == 1
    };
    let (body, media) = sites.good(kind, asked.uri().path());
    let case = CASES.iter().find(|known| known.name == case).unwrap();
    match case.answer {
        Recorded(change) => told(200, media, change(&body).into(), None),
        Charset(charset) => told(200, &format!("{media}; charset={charset}"), body, None),
        Page(page) => told(200, "text/html", Bytes::from_static(page.as_bytes()), None),
        Status(status) => told(status, "text/plain", Bytes::new(), None),
        Error(status) => {
            told(status, "application/json", Bytes::from_static(b"{\"error\":\"no\",\"message\":\"no\"}"), None)
        }
        Wait(status, said) if first => {
            let until = sites.clock.now() + WAIT;
            let said = match said {
                RetryAfter::Seconds => Some(("retry-after", (WAIT.0 / 1000).to_string())),
                RetryAfter::Date => Some(("retry-after", http_date(until))),
                RetryAfter::None => None,
            };
            told(status, "text/plain", Bytes::new(), said)
        }
        Wait(..) => told(200, media, body, None),
        Unchanged if asked.headers().contains_key(header::IF_NONE_MATCH) => told(304, media, Bytes::new(), None),
        Unchanged => told(200, media, body, Some(("etag", "\"one\"".to_owned()))),
    }
}

fn told(status: u16, media: &str, body: Bytes, more: Option<(&str, String)>) -> Told {
    let mut told = Told::builder().status(StatusCode::from_u16(status).unwrap()).header(header::CONTENT_TYPE, media);
    if let Some((name, value)) = more {
        told = told.header(name, value);
    }
    told.body(Body::from(body)).unwrap()
}

/// `Sat, 21 Nov 2026 14:00:00 GMT`, rounded up; all within the day that the test lives.
fn http_date(at: Timestamp) -> String {
    let seconds = (at.since(NOW).0.div_ceil(1000)) + 12 * 3600;
    assert!(seconds < 24 * 3600);
    format!("Sat, 21 Nov 2026 {:02}:{:02}:{:02} GMT", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn name(kind: &str, case: &str) -> String {
    format!("{}.{case}", kind.replace('_', "-"))
}

/// Every kind in every case.
fn sources(port: u16) -> Vec<SourceConfig> {
    let mut all = Vec::new();
    for kind in overheard::source::KINDS {
        for case in &CASES {
            let sample = source_of(kind.sample()).unwrap_or_else(|faults| panic!("{faults:#?}"));
            let source = Elsewhere { real: sample.source.clone(), case: case.name, kind: kind.name(), port };
            let version = sample.version.wrapping_add(all.len() as u64);
            all.push(SourceConfig { name: name(kind.name(), case.name), source: Arc::new(source), version, ..sample });
        }
    }
    all
}

struct Bench {
    daemon: Arc<Daemon>,
    hands: Moved,
    sites: Sites,
    sources: Vec<SourceConfig>,
    _home: Home,
}

impl Bench {
    async fn start() -> Self {
        let home = Home::new("", &Collector::start().await);
        let (mut config, _) = Config::load(&paths(&home)).unwrap_or_else(|faults| panic!("{faults:#?}"));
        let (clock, hands) = Clock::moved(NOW);
        let (sites, port) = Sites::open(clock.clone()).await;
        let sources = sources(port);
        config.sources = sources.clone();
        overheard::telemetry::start_metrics();
        overheard::telemetry::start_logs();
        let output = Arc::new(Mutex::new(Vec::<u8>::new()));
        let daemon = Daemon::start(config, paths(&home), clock, output, overheard::web::serve).await.unwrap();
        Self { daemon, hands, sites, sources, _home: home }
    }

    fn health(&self) -> BTreeMap<String, SourceHealth> {
        self.daemon.board.health().into_iter().map(|health| (health.name.clone(), health)).collect()
    }

    /// Moves the clock on until something holds of every source.
    async fn until_all(&self, what: &str, step: Duration, holds: impl Fn(&SourceConfig, &SourceHealth) -> bool) {
        common::until(what, async || {
            let health = self.health();
            let missing = self.sources.iter().filter(|source| !holds(source, &health[&source.name])).count();
            if missing > 0 {
                self.hands.advance(step);
            }
            (missing == 0).then_some(())
        })
        .await;
    }

    fn case(&self, source: &SourceConfig) -> (&'static Case, Kindred) {
        let (_, case) = source.name.split_once('.').unwrap();
        (CASES.iter().find(|known| known.name == case).unwrap(), kindred(&*source.source))
    }
}

/// What must be said to be wrong in a case for such a kind.
fn reason(case: &Case, kindred: Kindred) -> &'static [Deafness] {
    match (kindred, case.answer) {
        (Kindred::Asked, _) => case.reason,
        // It opens no stream: 2xx is a status like others.
        (Kindred::Streamed, Recorded(_) | Charset(_) | Page(_) | Unchanged) => &[Errors],
        (Kindred::Streamed, Status(_) | Error(_) | Wait(..)) => case.reason,
        (Kindred::Pushed, _) => &[],
    }
}

/// What must come of a case for such a kind.
fn expected(case: &Case, kindred: Kindred) -> &'static [Health] {
    match (kindred, case.answer) {
        (Kindred::Asked, _) => case.health,
        (Kindred::Streamed, Recorded(_) | Charset(_) | Page(_) | Unchanged) => &[Failing],
        (Kindred::Streamed, Status(_) | Error(_) | Wait(..)) => case.health,
        (Kindred::Pushed, _) => &[Health::Pending],
    }
}

/// Two hours of one daemon that every site treats as badly as it can.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_site_answers_is_counted_shown_in_the_right_health_and_obeyed() {
    let bench = Bench::start().await;
    // As each was when its first poll had ended.
    let first = Mutex::new(BTreeMap::new());
    let tried = |source: &SourceConfig, health: &SourceHealth| {
        let ended = bench.case(source).1 == Kindred::Pushed || health.last_answered.is_some() || health.failures > 0;
        if ended {
            first.lock().unwrap().entry(source.name.clone()).or_insert_with(|| health.clone());
        }
        ended
    };
    bench.until_all("a first poll of all", Duration(250), tried).await;
    let health = first.into_inner().unwrap();
    let mut wrong = Vec::new();
    for source in &bench.sources {
        let (case, kindred) = bench.case(source);
        let (seen, expected) = (&health[&source.name], expected(case, kindred));
        let told = match seen.health {
            Well => seen.counts.total() > 0,
            Health::Pending => kindred == Kindred::Pushed,
            Blocked | Failing | Gone | Limited | Health::Quiet | Health::Stale => {
                seen.last_error.is_some() && seen.reason.is_some()
            }
        };
        let reasons = reason(case, kindred);
        let named = seen.reason.is_none_or(|said| reasons.contains(&said));
        if !expected.contains(&seen.health) || !told || !named {
            let (counts, error, said) = (seen.counts.total(), &seen.last_error, seen.reason.map(Deafness::name));
            let seen = seen.health;
            wrong.push(format!(
                "{}: {seen:?}, not {expected:?}; {said:?}, not {reasons:?}; {counts} posts, {error:?}",
                source.name
            ));
        }
        let asked = bench.sites.times(&source.name).len();
        assert!(asked <= MOST_ASKED, "{} asks {asked} times for pages that repeat themselves", source.name);
    }
    assert_eq!(wrong, Vec::<String>::new());

    waits_are_sat_out(&bench).await;
    bench.daemon.stop().await;
}

/// Nobody asks before the time, and afterwards everybody does.
async fn waits_are_sat_out(bench: &Bench) {
    let waits = |source: &SourceConfig| match (bench.case(source), &source.name) {
        ((Case { answer: Wait(..), .. }, Kindred::Asked), name) => Some(name.clone()),
        _ => None,
    };
    let asked_again = |source: &SourceConfig, health: &SourceHealth| {
        waits(source).is_none() || health.last_answered.is_some() && health.health == Well
    };
    bench.until_all("answers after the waits", Duration::seconds(20), asked_again).await;
    for name in bench.sources.iter().filter_map(waits) {
        let times = bench.sites.times(&name);
        let least = if name.ends_with(".many") { Duration::minutes(1) } else { WAIT };
        let pause = times[1].since(times[0]);
        assert!(pause >= least, "{name}: asked again after {pause}, not {least}");
    }
    // Meanwhile the others were asked again as well: by validator, or not at all.
    let health = bench.health();
    for source in &bench.sources {
        let times = bench.sites.times(&source.name).len();
        match (bench.case(source), &health[&source.name]) {
            ((Case { name: "gone", .. }, Kindred::Asked | Kindred::Streamed), _) => {
                // A kind may ask another of its lists in the same poll, at its site's pace, before it believes that all is gone.
                let asked = bench.sites.times(&source.name);
                let last = asked[times - 1].since(asked[0]);
                assert!(last < Duration::minutes(5), "{}: what is gone is not asked again: {asked:?}", source.name)
            }
            ((Case { name: "unchanged", .. }, Kindred::Asked), seen) => {
                assert!(times > 1 && seen.health == Well, "{}: {seen:?}", source.name)
            }
            _ => {}
        }
    }
}

/// Who may push shows the stand-in that every secret of a sample has.
fn pushed(token: &str, body: &[u8]) -> Pushed {
    let headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
    Pushed { headers, body: Bytes::copy_from_slice(body), received_at: NOW }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_pushed_is_counted_or_refused_with_a_word() {
    let bench = Bench::start().await;
    let good = |source: &SourceConfig| bench.sites.good(source.name.split('.').next().unwrap(), "").0;
    let mut tried = 0;
    for source in &bench.sources {
        let (case, kindred) = bench.case(source);
        let body = match case.answer {
            Recorded(change) => change(&good(source)),
            Page(page) => page.as_bytes().to_vec(),
            Charset(_) | Status(_) | Error(_) | Wait(..) | Unchanged => continue,
        };
        if kindred != Kindred::Pushed {
            let refused = bench.daemon.push(&source.name, pushed("stand-in", &body)).await;
            assert!(matches!(refused, Err(PushError::NoSuchSource)), "{}: nobody pushes to it", source.name);
            continue;
        }
        tried += 1;
        let refused = bench.daemon.push(&source.name, pushed("wrong", &body)).await;
        assert!(matches!(refused, Err(PushError::Unauthorised(_))), "{}: {refused:?}", source.name);
        assert_eq!(bench.health()[&source.name].health, Health::Pending, "{}: anybody can knock", source.name);
        let taken = bench.daemon.push(&source.name, pushed("stand-in", &body)).await;
        let seen = bench.health()[&source.name].clone();
        match taken {
            Ok(taken) => {
                assert!(taken.counts.total() > 0 && case.health.contains(&Well) && seen.health == Well, "{seen:?}")
            }
            Err(PushError::Unreadable(why)) => {
                assert!(
                    !why.is_empty() && case.name != "good" && seen.health == Failing,
                    "{}: {why} {seen:?}",
                    source.name
                )
            }
            Err(other) => panic!("{}: {other}", source.name),
        }
    }
    assert!(tried > 0, "a kind takes pushes");
    bench.daemon.stop().await;
}
