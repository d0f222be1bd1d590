//! How does a test receive webhooks, and check their signatures by itself?

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// The signing secret of every collector.
pub const SECRET: &str = "whsec_dGVzdHMtc2lnbi13aXRoLXRoaXMtc2VjcmV0LTAx";

/// One delivery as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    /// The `webhook-id` header.
    pub id: String,
    pub body: Value,
    /// Whether the Standard Webhooks signature fits id, timestamp and body.
    pub signed: bool,
    /// What the collector answered.
    pub answered: u16,
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    /// Statuses for the next deliveries; 200 when it is empty.
    script: Mutex<Vec<u16>>,
}

/// A running collector. Clones share it.
#[derive(Clone)]
pub struct Collector {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Collector {
    pub async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(take).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The next deliveries are answered with these statuses, then 200.
    pub fn answer_with(&self, statuses: &[u16]) {
        *self.shared.script.lock().unwrap() = statuses.iter().rev().copied().collect();
    }

    /// Everything received so far, in order.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Titles of the posts in deliveries that were taken, in order.
    pub fn titles(&self) -> Vec<String> {
        let taken = self.received().into_iter().filter(|received| received.answered == 200);
        taken.map(|received| received.body["data"]["post"]["title"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let status = shared.script.lock().unwrap().pop().unwrap_or(200);
    let id = header("webhook-id");
    let expected = signature(&id, &header("webhook-timestamp"), &body);
    shared.received.lock().unwrap().push(Received {
        signed: header("webhook-signature").split(' ').any(|given| given == expected),
        id,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        answered: status,
    });
    StatusCode::from_u16(status).unwrap()
}

/// Standard Webhooks, written out here so that the daemon's own code is not what checks it.
fn signature(id: &str, timestamp: &str, body: &[u8]) -> String {
    let base64 = base64::engine::general_purpose::STANDARD;
    let key = base64.decode(SECRET.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", base64.encode(mac.finalize().into_bytes()))
}
