//! What happens in one attempt to deliver an alert?

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use url::Url;

use super::{Destination, lock};
use crate::clock::Clock;
use crate::http::{Client, Deadline, HttpError, Outgoing, redact};
use crate::model::{Alert, Answer, Duration, Handle, Receiver, Rendered, Request, Verdict};
use crate::receiver::sample;

/// Longest time for one attempt, from connecting to the end of the answer.
pub const ATTEMPT_TIME: Duration = Duration::seconds(15);
/// Most bytes of an answer that are read; receivers say what they have to say in a few words.
pub const MAX_ANSWER: usize = 64 * 1024;

/// The daemon's standard output, or what stands for it.
pub type Output = Arc<Mutex<dyn Write + Send>>;

/// Makes attempts; knows neither outbox nor journal.
pub struct Sender {
    client: ArcSwap<Client>,
    output: Output,
    clock: Clock,
}

/// What came of sending a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub verdict: Verdict,
    pub took: Duration,
}

impl Sender {
    /// A sender; `output` takes the lines of receivers that print.
    pub fn new(client: Client, output: Output, clock: Clock) -> Self {
        Self { client: ArcSwap::from_pointee(client), output, clock }
    }

    /// Attempts from now on go through this client.
    pub fn use_client(&self, client: Client) {
        self.client.store(Arc::new(client));
    }

    /// Sends an alert once and says what the answer means. `previous` is the handle of an earlier alert of its story.
    pub async fn send(&self, to: &Destination, alert: &Alert, previous: Option<&Handle>) -> Verdict {
        match to.receiver.render(alert, previous, self.clock.now()) {
            Rendered::Http(request) => self.post(to, &request).await,
            Rendered::Line(line) => self.print(to.receiver.as_ref(), line).await,
        }
    }

    /// Sends a marked sample alert the way every alert goes.
    pub async fn send_sample(&self, to: &Destination) -> Tried {
        let started = self.clock.now();
        let verdict = self.send(to, &sample::alert(&to.name, started), None).await;
        Tried { verdict, took: self.clock.now().since(started) }
    }

    async fn post(&self, to: &Destination, request: &Request) -> Verdict {
        match self.exchange(to, request).await {
            Ok(answer) if (300..=399).contains(&answer.status) => redirected(&answer, &request.url),
            Ok(answer) => to.receiver.verdict(&answer),
            Err(HttpError::PrivateAddress { host }) => {
                let why = format!(
                    "{host} is a private address; set `allow_private = true` for this receiver if that is meant"
                );
                Verdict::Retry { why, after: None }
            }
            Err(error) => Verdict::Retry { why: error.to_string(), after: None },
        }
    }

    async fn exchange(&self, to: &Destination, request: &Request) -> Result<Answer, HttpError> {
        let deadline = Deadline::after(ATTEMPT_TIME);
        let outgoing = Outgoing { allow_private: to.allow_private, ..Outgoing::new(request, deadline) };
        let client = self.client.load_full();
        let incoming = client.send(&outgoing).await?;
        let (status, headers) = (incoming.status(), incoming.headers());
        // The status has decided already: a body that breaks off must not make us send again what was taken.
        let body = incoming.start(MAX_ANSWER).await.unwrap_or_default();
        Ok(Answer { status, headers, body, received_at: self.clock.now() })
    }

    /// Prints on a thread where waiting for a slow reader holds up nothing else.
    async fn print(&self, receiver: &dyn Receiver, line: String) -> Verdict {
        let output = self.output.clone();
        let written = tokio::task::spawn_blocking(move || {
            let mut output = lock(&output);
            output.write_all(line.as_bytes())?;
            output.flush()
        })
        .await;
        let cannot =
            |why: String| Verdict::Retry { why: format!("cannot write to standard output: {why}"), after: None };
        match written {
            Ok(Ok(())) => receiver.verdict(&Answer { received_at: self.clock.now(), ..Answer::default() }),
            Ok(Err(error)) => cannot(error.to_string()),
            Err(error) => cannot(error.to_string()),
        }
    }
}

/// A redirect is never followed: it would send the alert, and its secrets, where nobody configured it to go.
fn redirected(answer: &Answer, asked: &Url) -> Verdict {
    let location = answer.headers.iter().find(|(name, _)| name == "location");
    let target = location.and_then(|(_, target)| asked.join(target).ok());
    let target = target.map_or_else(String::new, |target| format!(" to {}", redact(&target)));
    Verdict::Refused {
        why: format!(
            "HTTP {}: it redirects{target}, and alerts follow no redirect; set the address that answers itself",
            answer.status
        ),
    }
}

impl Tried {
    /// Whether the receiver took it.
    pub fn delivered(&self) -> bool {
        matches!(self.verdict, Verdict::Delivered { .. })
    }
}

impl fmt::Display for Tried {
    /// `delivered in 40ms` · `not delivered: HTTP 404: no_service; an alert would become a dead letter`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Delivered { .. } => write!(f, "delivered in {}", self.took),
            Verdict::Retry { why, after: None } => {
                write!(f, "not delivered: {why}; an alert would be sent again later")
            }
            Verdict::Retry { why, after: Some(after) } => {
                write!(f, "not delivered: {why}; it asks for {after} of patience, then an alert would be sent again")
            }
            Verdict::Refused { why } => write!(f, "not delivered: {why}; an alert would become a dead letter"),
        }
    }
}
