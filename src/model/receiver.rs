//! What must a receiver kind be able to say, without network, clock or disk?

use serde::{Deserialize, Serialize};

use super::{Alert, Duration, Fault, Request, Settings, Timestamp};

/// One configured place to send alerts to: says how an alert becomes a request and what the answer means. Pure.
pub trait Receiver: Send + Sync + std::fmt::Debug {
    /// The alert as this receiver wants it. `now` is the moment of this attempt (signatures carry it);
    /// `previous` is the handle of an earlier alert of the same story, for kinds that edit or thread.
    fn render(&self, alert: &Alert, previous: Option<&Handle>, now: Timestamp) -> Rendered;

    /// What the answer to a rendered request means.
    fn verdict(&self, answer: &Answer) -> Verdict;
}

/// What is to be sent, and how.
#[derive(Debug)]
pub enum Rendered {
    Http(Box<Request>),
    /// A block of text for the daemon's standard output.
    Line(String),
}

/// What came back from a receiver.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// HTTP status; 0 for a line that was written.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// At most the first 64 KiB.
    pub body: bytes::Bytes,
    pub received_at: Timestamp,
}

/// What an answer means for a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Delivered {
        handle: Option<Handle>,
    },
    /// Try again, not before `after` where the receiver said so.
    Retry {
        why: String,
        after: Option<Duration>,
    },
    /// It will never take this alert.
    Refused {
        why: String,
    },
}

impl Verdict {
    /// What an HTTP status says by itself: 2xx taken; 408, 425, 429 and 5xx later (obeying Retry-After
    /// in seconds or as a date); everything else refused.
    pub fn of_status(answer: &Answer) -> Self {
        let why = || format!("HTTP {}", answer.status);
        match answer.status {
            200..=299 => Self::Delivered { handle: None },
            408 | 425 | 429 | 500..=599 => Self::Retry { why: why(), after: answer.retry_after() },
            _ => Self::Refused { why: why() },
        }
    }
}

impl Answer {
    /// The wait that a Retry-After header asks for, counted from `received_at`.
    pub fn retry_after(&self) -> Option<Duration> {
        let (_, value) = self.headers.iter().find(|(name, _)| name == "retry-after")?;
        retry_after(value, self.received_at)
    }
}

/// Seconds of a wait that has no end in sight.
const FOR_EVER: u64 = 100 * 365 * 86_400;

/// Reads Retry-After: seconds, or an HTTP date counted from `now`. A date in the past is no wait.
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that is too large means "for ever".
        return Some(Duration::seconds(value.parse().unwrap_or(FOR_EVER)));
    }
    let Ok(date) = jiff::fmt::rfc2822::parse(value) else {
        // The last day of the calendar lies behind what can be told apart, and means the same.
        return value.contains(" 9999 ").then_some(Duration::seconds(FOR_EVER));
    };
    Some(Timestamp(date.timestamp().as_millisecond()).since(now))
}

/// What a receiver gave to find a message again (message id, ticket id); journaled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle(pub String);

/// A kind of receiver; [`crate::receiver::KINDS`] lists them all.
pub trait ReceiverKind: Sync {
    /// The word for `kind = "…"`.
    fn name(&self) -> &'static str;
    /// One line for `overheard kinds` and the reference.
    fn summary(&self) -> &'static str;
    /// JSON schema of the settings, from their doc comments.
    fn schema(&self) -> schemars::Schema;
    /// A `[[receiver]]` block that `overheard check` accepts once its secrets are set.
    fn sample(&self) -> &'static str;
    /// A receiver from its settings (the block without what all kinds share), or everything wrong with them.
    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Receiver>, Vec<Fault>>;
}
