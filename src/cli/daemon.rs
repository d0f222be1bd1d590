//! Is a daemon running on this data, and how do commands talk to it?

use std::path::Path;

use anyhow::{Context, anyhow};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::http::{Client as HttpClient, ClientSettings, Deadline, Outgoing};
use crate::model::{Auth, Duration, Request, Secret};
use crate::pipeline::supervise::DaemonFile;

/// How long a command waits for the daemon.
const PATIENCE: Duration = Duration::minutes(5);
/// How long a command waits to see whether a daemon is there at all.
const KNOCK: Duration = Duration::seconds(2);
/// Largest answer taken.
const MAX_ANSWER: usize = 256 << 20;

/// A running daemon.
pub struct Client {
    base: Url,
    token: Secret,
    http: HttpClient,
    runtime: tokio::runtime::Runtime,
}

impl Client {
    /// The daemon that runs on the data directory, if one answers.
    pub fn find(data: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(data.join("daemon.json")).ok()?;
        let file: DaemonFile = serde_json::from_str(&text).ok()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let base = Url::parse(&format!("http://{}", file.address)).ok()?;
        let http = HttpClient::new(&ClientSettings::default()).ok()?;
        let client = Self { base, token: Secret::new(file.token), http, runtime };
        let knock = Request::get(client.base.join("/healthz").ok()?);
        client.send(&knock, KNOCK).is_ok_and(|(status, _)| status == 200).then_some(client)
    }

    /// GET with query parameters; the JSON answer as `T`.
    pub fn get<T: DeserializeOwned>(&self, path: &str, ask: &[(&str, String)]) -> anyhow::Result<T> {
        let mut url = self.base.join(path)?;
        url.query_pairs_mut().extend_pairs(ask);
        self.answer(&Request::get(url))
    }

    /// As [`Client::get`]; where the daemon says 404 with a body of form `N`, that.
    pub fn look_up<T: DeserializeOwned, N: DeserializeOwned>(
        &self,
        path: &str,
        ask: &[(&str, String)],
    ) -> anyhow::Result<Result<T, N>> {
        let mut url = self.base.join(path)?;
        url.query_pairs_mut().extend_pairs(ask);
        let (status, body) = self.send(&Request::get(url), PATIENCE).context("the daemon does not answer")?;
        if status == 404
            && let Ok(not_there) = serde_json::from_slice(&body)
        {
            return Ok(Err(not_there));
        }
        answer(status, &body).map(Ok)
    }

    /// POST of JSON with the daemon's token; the JSON answer as `T`.
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        let mut request = Request::post_json(self.base.join(path)?, serde_json::to_string(body)?);
        let (name, prefix) = ("Authorization".to_owned(), "Bearer ".to_owned());
        request.auth = Auth::Header { name, prefix, secret: self.token.clone() };
        self.answer(&request)
    }

    fn answer<T: DeserializeOwned>(&self, request: &Request) -> anyhow::Result<T> {
        let (status, body) = self.send(request, PATIENCE).context("the daemon does not answer")?;
        answer(status, &body)
    }

    fn send(&self, request: &Request, patience: Duration) -> anyhow::Result<(u16, bytes::Bytes)> {
        self.runtime.block_on(async {
            // The address is the daemon's own: loopback or wherever the operator made it listen.
            let outgoing = Outgoing { allow_private: true, ..Outgoing::new(request, Deadline::after(patience)) };
            let incoming = self.http.send(&outgoing).await?;
            Ok((incoming.status(), incoming.whole(MAX_ANSWER).await?))
        })
    }
}

/// The JSON of a good answer, or the daemon's own words of a bad one.
fn answer<T: DeserializeOwned>(status: u16, body: &[u8]) -> anyhow::Result<T> {
    if (200..300).contains(&status) {
        return serde_json::from_slice(body).context("the daemon answered something else than expected");
    }
    Err(refusal(body).unwrap_or_else(|| anyhow!("the daemon answers HTTP {status}")))
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
