//! What do the tests of the door in share: servers on loopback, a moved clock, a door between them?

mod limits;
mod manners;
mod polls;
mod redirects;
mod refusals;
mod streams;
mod tokens;
mod unchanged;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;

use axum::Router;
use axum::body::Body;
use axum::extract::Request as Asked;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response as Told};
use bytes::Bytes;

use super::*;
use crate::clock::Moved;
use crate::model::{Auth, Duration, Next, Progress, ReadError, Reading, Secret, Source, SourceState};

const START: &str = "2026-01-01T00:00:00Z";

/// Moves the hands to every moment that somebody waits for, until the work is done.
pub(super) async fn driven<T: Send + 'static>(
    clock: &Clock,
    hands: &Moved,
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    let work = tokio::spawn(work);
    while !work.is_finished() {
        if let Some(wake) = hands.next_wake() {
            hands.advance(wake.since(clock.now()));
        }
        tokio::task::yield_now().await;
    }
    work.await.expect("the work ended well")
}

/// A server on loopback, and what it was asked when, by the moved clock.
#[derive(Clone)]
struct Site {
    port: u16,
    log: Arc<Mutex<Vec<(Timestamp, Asking)>>>,
}

#[derive(Clone, Debug)]
struct Asking {
    path: String,
    headers: axum::http::HeaderMap,
    body: String,
}

impl Asking {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Site {
    async fn open(clock: &Clock, answer: impl Fn(Asking) -> Told + Clone + Send + Sync + 'static) -> Self {
        Self::open_with(clock, answer, |router| router).await
    }

    async fn open_with(
        clock: &Clock,
        answer: impl Fn(Asking) -> Told + Clone + Send + Sync + 'static,
        layer: impl FnOnce(Router) -> Router,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let site = Self { port, log: Arc::default() };
        let (log, clock) = (site.log.clone(), clock.clone());
        let router = Router::new().fallback(async move |asked: Asked| {
            let (path, headers) = (asked.uri().to_string(), asked.headers().clone());
            let body = axum::body::to_bytes(asked.into_body(), 1 << 20).await.expect("a body");
            let asking = Asking { path, headers, body: String::from_utf8_lossy(&body).into_owned() };
            log.lock().expect("a lock").push((clock.now(), asking.clone()));
            answer(asking)
        });
        let router = layer(router);
        tokio::spawn(async move { axum::serve(listener, router).await });
        site
    }

    fn url(&self, host: &str, path: &str) -> Url {
        Url::parse(&format!("http://{host}:{}{path}", self.port)).expect("a URL")
    }

    fn asked(&self) -> Vec<String> {
        self.log.lock().expect("a lock").iter().map(|(_, asking)| asking.path.clone()).collect()
    }

    fn times(&self) -> Vec<Timestamp> {
        self.log.lock().expect("a lock").iter().map(|(at, _)| *at).collect()
    }

    fn last(&self) -> Asking {
        self.log.lock().expect("a lock").last().expect("it was asked").1.clone()
    }
}

/// A door through which every `.test` name is loopback, on a clock that stands at [`START`].
struct Bench {
    door: Door,
    clock: Clock,
    hands: Moved,
}

fn settings() -> DoorSettings {
    let resolve = BTreeMap::from([("*.test".to_owned(), IpAddr::from([127, 0, 0, 1]))]);
    DoorSettings { resolve, jitter: 0.0, ..DoorSettings::default() }
}

impl Bench {
    fn new(settings: DoorSettings) -> Self {
        let (clock, hands) = Clock::moved(Timestamp::parse(START).expect("a date"));
        Self { door: Door::new(settings, clock.clone()).expect("a door"), clock, hands }
    }

    async fn ask_with(
        &self,
        request: Request,
        validators: Option<&Validators>,
        policy: Policy,
    ) -> Result<Fetched, FetchProblem> {
        let (door, validators) = (self.door.clone(), validators.cloned());
        let work = async move { door.ask(&request, validators.as_ref(), &policy).await };
        driven(&self.clock, &self.hands, work).await
    }

    async fn ask(&self, url: Url) -> Result<Fetched, FetchProblem> {
        self.ask_with(Request::get(url), None, Policy::default()).await
    }

    /// Asks again with what the last answer gave.
    async fn again(&self, url: &Url, validators: &Validators) -> Result<Fetched, FetchProblem> {
        self.ask_with(Request::get(url.clone()), Some(validators), Policy::default()).await
    }
}

fn answer(fetched: Result<Fetched, FetchProblem>) -> (Response, Validators) {
    match fetched {
        Ok(Fetched::Answer { response, validators }) => (response, validators),
        other => panic!("{other:?}"),
    }
}

fn problem(fetched: Result<Fetched, FetchProblem>) -> FetchProblem {
    fetched.map(|fetched| format!("{fetched:?}")).expect_err("a problem")
}

fn is_unchanged(fetched: &Result<Fetched, FetchProblem>) -> bool {
    matches!(fetched, Ok(Fetched::Unchanged { .. }))
}

fn redirect(status: u16, to: impl Into<String>) -> Told {
    (StatusCode::from_u16(status).expect("a status"), [("location", to.into())]).into_response()
}
