//! Is a daemon running on this data, and how do commands talk to it?

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

/// How long a command waits for the daemon.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
/// How long a command waits to see whether a daemon is there at all.
const KNOCK: std::time::Duration = std::time::Duration::from_secs(2);

/// What a running daemon leaves in its data directory (`daemon.json`, mode 0600).
#[derive(Clone, Serialize, Deserialize)]
pub struct DaemonFile {
    pub address: SocketAddr,
    pub token: String,
    pub pid: u32,
}

/// A running daemon.
pub struct Client {
    base: Url,
    token: String,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Client {
    /// The daemon that runs on the data directory, if one answers.
    pub fn find(data: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(data.join("daemon.json")).ok()?;
        let file: DaemonFile = serde_json::from_str(&text).ok()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let base = Url::parse(&format!("http://{}", file.address)).ok()?;
        // Loopback over plain HTTP: no proxy of the environment may see the token.
        let http = crate::http::plain_client(PATIENCE).ok()?;
        let client = Self { base, token: file.token, http, runtime };
        let knock = client.http.get(client.base.join("/healthz").ok()?).timeout(KNOCK).send();
        let alive = client.runtime.block_on(knock).is_ok_and(|answer| answer.status().is_success());
        alive.then_some(client)
    }

    /// GET with query parameters; the JSON answer as `T`.
    pub fn get<T: DeserializeOwned>(&self, path: &str, ask: &[(&str, String)]) -> anyhow::Result<T> {
        let mut url = self.base.join(path)?;
        url.query_pairs_mut().extend_pairs(ask);
        self.answer(self.http.get(url))
    }

    /// POST of JSON with the daemon's token; the JSON answer as `T`.
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        let request = self.http.post(self.base.join(path)?).bearer_auth(&self.token);
        self.answer(request.header("content-type", "application/json").body(serde_json::to_vec(body)?))
    }

    fn answer<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> anyhow::Result<T> {
        self.runtime.block_on(async {
            let answer = request.send().await.context("the daemon does not answer")?;
            let status = answer.status();
            let body = answer.bytes().await.context("the daemon's answer broke off")?;
            if status.is_success() {
                return serde_json::from_slice(&body).context("the daemon answered something else than expected");
            }
            Err(refusal(&body).unwrap_or_else(|| anyhow!("the daemon answers HTTP {}", status.as_u16())))
        })
    }
}

/// The daemon's own words in an error answer.
fn refusal(body: &[u8]) -> Option<anyhow::Error> {
    #[derive(Deserialize)]
    struct Refusal {
        error: Words,
    }
    #[derive(Deserialize)]
    struct Words {
        message: String,
        hint: Option<String>,
    }
    let Refusal { error: Words { message, hint } } = serde_json::from_slice(body).ok()?;
    Some(match hint {
        Some(hint) => anyhow!("{message} ({hint})"),
        None => anyhow!(message),
    })
}
