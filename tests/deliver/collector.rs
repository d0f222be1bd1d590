//! What does a receiver on the other end get, and what does it answer?

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::book::lock;

/// A server on loopback that keeps what it gets. Ends with the test's runtime.
pub struct Collector {
    pub url: String,
    heard: watch::Sender<Vec<Heard>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
}

/// One request as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    pub id: String,
    /// Seconds, as the header says.
    pub timestamp: i64,
    pub signature: String,
    pub body: Bytes,
}

/// What the server does with one request.
#[derive(Clone, Debug)]
pub enum Reply {
    Status(u16),
    /// With one header.
    With(u16, &'static str, String),
    /// Never answers.
    Hang,
}

impl Collector {
    /// A collector that gives these answers in turn, and then 200.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
        let (heard, _) = watch::channel(Vec::new());
        let replies = Arc::new(Mutex::new(replies.into_iter().collect()));
        let state = Shared { heard: heard.clone(), replies: replies.clone() };
        let app = Router::new().fallback(hear).with_state(state);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, heard, replies }
    }

    /// The requests that came, once there are `count` of them.
    pub async fn heard(&self, count: usize) -> Vec<Heard> {
        let mut heard = self.heard.subscribe();
        heard.wait_for(|heard| heard.len() >= count).await.expect("the collector runs").clone()
    }

    /// The requests that came so far.
    pub fn so_far(&self) -> usize {
        self.heard.borrow().len()
    }

    /// What to answer to the next request.
    pub fn then(&self, reply: Reply) {
        lock(&self.replies).push_back(reply);
    }
}

impl Heard {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Whether one of the signatures is what this key (in base64) gives; computed here, not by the code under test.
    pub fn is_signed_by(&self, key: &str) -> bool {
        let key = STANDARD.decode(key).expect("base64");
        let signed = [self.id.as_bytes(), b".", self.timestamp.to_string().as_bytes(), b".", &self.body].concat();
        let mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length").chain_update(signed);
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.signature.split(' ').any(|signature| signature == expected)
    }
}

#[derive(Clone)]
struct Shared {
    heard: watch::Sender<Vec<Heard>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
}

async fn hear(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let timestamp = header("webhook-timestamp").parse().unwrap_or_default();
    let heard = Heard { id: header("webhook-id"), timestamp, signature: header("webhook-signature"), body };
    let reply = lock(&shared.replies).pop_front().unwrap_or(Reply::Status(200));
    shared.heard.send_modify(|all| all.push(heard));
    let status = |status: u16| StatusCode::from_u16(status).expect("a status");
    match reply {
        Reply::Status(code) => status(code).into_response(),
        Reply::With(code, name, value) => (status(code), [(name, value)]).into_response(),
        Reply::Hang => std::future::pending().await,
    }
}
