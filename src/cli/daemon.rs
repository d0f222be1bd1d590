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
/// How long a command listens to an answer that comes line by line.
const LISTEN: Duration = Duration::hours(1);

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
        self.answer(&self.posting(path, body)?)
    }

    /// POST of JSON with the daemon's token; every line of the answer is taken as it comes.
    pub fn post_for_lines(
        &self,
        path: &str,
        body: &impl Serialize,
        take: &mut dyn FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let request = self.posting(path, body)?;
        self.runtime.block_on(async {
            let outgoing = Outgoing { allow_private: true, ..Outgoing::new(&request, Deadline::after(LISTEN)) };
            let mut incoming = self.http.send(&outgoing).await.context("the daemon does not answer")?;
            let status = incoming.status();
            if !(200..300).contains(&status) {
                return Err(refused(status, &incoming.whole(MAX_ANSWER).await?));
            }
            let mut lines = Lines::default();
            while let Some(piece) = incoming.chunk().await.context("the daemon broke off")? {
                lines.add(&piece, take)?;
            }
            lines.end(take)
        })
    }

    fn posting(&self, path: &str, body: &impl Serialize) -> anyhow::Result<Request> {
        let mut request = Request::post_json(self.base.join(path)?, serde_json::to_string(body)?);
        let (name, prefix) = ("Authorization".to_owned(), "Bearer ".to_owned());
        request.auth = Auth::Header { name, prefix, secret: self.token.clone() };
        Ok(request)
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

/// The beginning of a line whose end has not come yet.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn add(&mut self, piece: &[u8], take: &mut dyn FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<()> {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.0.extend_from_slice(part);
            anyhow::ensure!(
                self.0.len() <= MAX_ANSWER,
                "the daemon's answer has a line of more than {MAX_ANSWER} bytes"
            );
            if part.ends_with(b"\n") {
                take(&std::mem::take(&mut self.0))?;
            }
        }
        Ok(())
    }

    fn end(self, take: &mut dyn FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<()> {
        if self.0.is_empty() { Ok(()) } else { take(&self.0) }
    }
}

fn refused(status: u16, body: &[u8]) -> anyhow::Error {
    refusal(body).unwrap_or_else(|| anyhow!("the daemon answers HTTP {status}"))
}

/// The JSON of a good answer, or the daemon's own words of a bad one.
fn answer<T: DeserializeOwned>(status: u16, body: &[u8]) -> anyhow::Result<T> {
    if (200..300).contains(&status) {
        return serde_json::from_slice(body).context("the daemon answered something else than expected");
    }
    Err(refused(status, body))
}

/// The daemon's own words in an error answer.
pub fn refusal(body: &[u8]) -> Option<anyhow::Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_whole_however_they_come() {
        let mut taken = Vec::new();
        let mut take = |line: &[u8]| {
            taken.push(String::from_utf8_lossy(line).trim_end().to_owned());
            Ok(())
        };
        let mut lines = Lines::default();
        for piece in ["{\"a\":", "1}\n{\"b\":2}\n{", "\"c\":3}"] {
            lines.add(piece.as_bytes(), &mut take).expect("lines");
        }
        lines.end(&mut take).expect("the last line");
        assert_eq!(taken, ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]);
    }
}
