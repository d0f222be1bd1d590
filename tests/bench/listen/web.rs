//! How does a bench play a web of thousands of hosts that is slow and has faults, and know afterwards who asked what when?

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;

/// How long a host that says "too many" asks to be left alone.
const RETRY_AFTER: Duration = Duration::from_secs(20);
/// Out of so many answers, so many are of each fault.
const OUT_OF: u32 = 1_000;
const ERRORS: u32 = 10;
const TOO_MANY: u32 = 10;
const HANGS: u32 = 5;
const CUT_OFF: u32 = 5;
const REFUSED: u32 = 5;

/// What the web is like.
#[derive(Clone, Copy)]
pub struct Weather {
    /// Milliseconds that an answer takes: at least, at most.
    pub latency: (u64, u64),
    /// Whether answers are faulty at all.
    pub faults: bool,
    /// Out of 100 answers without fault, this many bring a new item.
    pub news: u32,
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Said {
    New,
    Unchanged,
    Error,
    TooMany,
    Hang,
    CutOff,
    Refused,
}

/// One request that came in.
#[derive(Clone, Copy)]
pub struct Asked {
    /// Number of the host.
    pub host: u32,
    pub at: Instant,
    pub said: Said,
}

struct Shared {
    weather: Weather,
    /// By feed: how many items it has.
    items: Mutex<HashMap<u32, u32>>,
    asked: Mutex<Vec<Asked>>,
    /// By host: not to be asked before this.
    closed: Mutex<HashMap<u32, Instant>>,
    early: Mutex<u64>,
    body: Box<dyn Fn(u32, u32) -> String + Send + Sync>,
}

/// A running web. Clones share it.
#[derive(Clone)]
pub struct SlowWeb {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl SlowWeb {
    /// Starts a web on a runtime of its own; `body` makes a feed out of its number and how often it changed.
    pub async fn start(weather: Weather, body: impl Fn(u32, u32) -> String + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared {
            weather,
            items: Mutex::default(),
            asked: Mutex::default(),
            closed: Mutex::default(),
            early: Mutex::default(),
            body: Box::new(body),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, shared }
    }

    /// The address of a feed on a host, both by number.
    pub fn url(&self, host: usize, feed: usize) -> String {
        format!("http://h{host}.test:{}/{feed}", self.address.port())
    }

    /// How many requests came in.
    pub fn count(&self) -> usize {
        self.shared.asked.lock().unwrap().len()
    }

    /// Every request, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// Requests to a host before the end of the time that it asked for.
    pub fn early(&self) -> u64 {
        *self.shared.early.lock().unwrap()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    let at = Instant::now();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host: u32 = host.trim_start_matches('h').split('.').next().unwrap_or_default().parse().unwrap_or_default();
    let feed: u32 = uri.path().trim_start_matches('/').parse().unwrap_or_default();
    let (said, changed) = shared.decide(feed, headers.get(header::IF_NONE_MATCH));
    if shared.closed.lock().unwrap().get(&host).is_some_and(|until| at < *until) {
        *shared.early.lock().unwrap() += 1;
    }
    shared.asked.lock().unwrap().push(Asked { host, at, said });
    let (least, most) = shared.weather.latency;
    let latency = Duration::from_millis(fastrand::u64(least..=most));
    tokio::time::sleep_until(tokio::time::Instant::now() + latency).await;
    shared.say(said, host, feed, changed).await
}

impl Shared {
    /// What to answer, and how often the feed has changed.
    fn decide(&self, feed: u32, known: Option<&header::HeaderValue>) -> (Said, u32) {
        let dice = if self.weather.faults { fastrand::u32(..OUT_OF) } else { OUT_OF };
        let mut bound = 0;
        for (share, said) in [
            (ERRORS, Said::Error),
            (TOO_MANY, Said::TooMany),
            (HANGS, Said::Hang),
            (CUT_OFF, Said::CutOff),
            (REFUSED, Said::Refused),
        ] {
            bound += share;
            if dice < bound {
                return (said, 0);
            }
        }
        let mut items = self.items.lock().unwrap();
        let changed = items.entry(feed).or_default();
        if known.is_some() && fastrand::u32(..100) < self.weather.news {
            *changed += 1;
        }
        let unchanged = known.is_some_and(|known| known == tag(*changed).as_str());
        (if unchanged { Said::Unchanged } else { Said::New }, *changed)
    }

    async fn say(&self, said: Said, host: u32, feed: u32, changed: u32) -> Response {
        let status = |status: u16| Response::builder().status(status);
        let feed_type = "application/rss+xml";
        match said {
            Said::New => {
                let body = (self.body)(feed, changed);
                let response = status(200).header(header::ETAG, tag(changed)).header(header::CONTENT_TYPE, feed_type);
                response.body(Body::from(body)).unwrap()
            }
            Said::Unchanged => status(304).body(Body::empty()).unwrap(),
            Said::Error => status(500).body(Body::empty()).unwrap(),
            Said::TooMany => {
                self.closed.lock().unwrap().insert(host, Instant::now() + RETRY_AFTER);
                status(429).header(header::RETRY_AFTER, RETRY_AFTER.as_secs()).body(Body::empty()).unwrap()
            }
            Said::Hang => std::future::pending().await,
            Said::CutOff => {
                let pieces = [Ok(Bytes::from_static(b"<rss><channel>")), Err(std::io::Error::other("cut off"))];
                let body = Body::from_stream(futures_util::stream::iter(pieces));
                status(200).header(header::CONTENT_TYPE, feed_type).body(body).unwrap()
            }
            Said::Refused => status(403).body(Body::empty()).unwrap(),
        }
    }
}

fn tag(changed: u32) -> String {
    format!("\"{changed}\"")
}
