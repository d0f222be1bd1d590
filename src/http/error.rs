//! What can go wrong with one HTTP exchange, in words that carry every cause and no secret?

use std::error::Error;
use std::io;

use tokio_tungstenite::tungstenite::{self, error::CapacityError};
use url::Url;

use super::redact::redact;

/// Why an exchange brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The name does not resolve, no connection, TLS failed, connection cut.
    #[error("cannot reach it: {why}")]
    Unreachable { why: String },
    #[error("no answer within {seconds} s")]
    TimedOut { seconds: u64 },
    /// The host's address is private and that was not allowed.
    #[error("{host} is a private address")]
    PrivateAddress { host: String },
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    /// It came, but compressed in a way that cannot be undone.
    #[error("the answer cannot be decoded: {why}")]
    Garbled { why: String },
    /// The request cannot be made at all: not http(s), a header with a line break.
    #[error("not a request that can be made: {why}")]
    Malformed { why: String },
}

/// The resolver found no address that the connection may go to.
#[derive(Debug, thiserror::Error)]
#[error("{host} has only addresses that are not allowed")]
pub(super) struct Refused {
    pub host: String,
    /// Private addresses were allowed; what was found is worse.
    pub allowed: bool,
}

impl HttpError {
    /// For an address that is closed even with `allow_private`.
    pub(super) fn reserved(host: &str) -> Self {
        Self::Unreachable {
            why: format!("{host} is a link-local, metadata, multicast or reserved address, which is never asked"),
        }
    }

    /// What it means that a name could not be looked up.
    pub(super) fn of_lookup(error: Box<dyn Error + Send + Sync>) -> Self {
        match error.downcast::<Refused>() {
            Ok(refused) if refused.allowed => Self::reserved(&refused.host),
            Ok(refused) => Self::PrivateAddress { host: refused.host.clone() },
            Err(error) => Self::Unreachable { why: words(error.as_ref()) },
        }
    }

    /// What an error of a WebSocket means.
    pub(super) fn of_socket(error: tungstenite::Error) -> Self {
        match &error {
            tungstenite::Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => {
                Self::TooLarge { limit: *max_size }
            }
            tungstenite::Error::Url(_) | tungstenite::Error::HttpFormat(_) => Self::Malformed { why: words(&error) },
            _ => Self::Unreachable { why: words(&error) },
        }
    }

    /// What an error of the client means. `seconds` is the bound that a time-out broke.
    pub(super) fn of(error: reqwest::Error, seconds: u64) -> Self {
        if let Some(refused) = causes(&error).find_map(|cause| cause.downcast_ref::<Refused>()) {
            if refused.allowed {
                return Self::reserved(&refused.host);
            }
            return Self::PrivateAddress { host: refused.host.clone() };
        }
        if error.is_timeout() && !error.is_connect() {
            return Self::TimedOut { seconds };
        }
        let (malformed, garbled) = (error.is_builder(), error.is_decode() && is_garbled(&error));
        let why = words(&error.without_url());
        match (malformed, garbled) {
            (true, _) => Self::Malformed { why },
            (false, true) => Self::Garbled { why },
            (false, false) => Self::Unreachable { why },
        }
    }
}

/// An error and everything under it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}

/// The client calls every failure inside a body one of decoding. At the bottom of a real one is the decoder's own
/// complaint; at the bottom of a cut connection is the connection's.
fn is_garbled(error: &(dyn Error + 'static)) -> bool {
    let Some(complaint) = causes(error).last().and_then(|cause| cause.downcast_ref::<io::Error>()) else {
        return false;
    };
    matches!(complaint.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other)
}

/// What the layers of the client call any failure of the layer below; it tells nobody anything.
const LAYERS: [&str; 7] = [
    "builder error",
    "error sending request",
    "client error (Connect)",
    "client error (SendRequest)",
    "error decoding response body",
    "error resolving DNS",
    "request or response body error",
];

/// The whole chain in words, outermost first, without the names of mere layers; a cause that its parent already
/// spells out is not repeated.
fn words(error: &(dyn Error + 'static)) -> String {
    let mut told = String::new();
    for cause in causes(error) {
        let words = cause.to_string();
        let is_layer = LAYERS.contains(&words.as_str()) && cause.source().is_some();
        if is_layer || told.contains(&words) {
            continue;
        }
        if !told.is_empty() {
            told.push_str(": ");
        }
        told.push_str(&words);
    }
    redact_within(&told)
}

/// A text with every web address in it redacted.
fn redact_within(text: &str) -> String {
    let clean = |word: &str| match Url::parse(word.trim_matches(['(', ')', '<', '>', '"', '\'', ',', '`'])) {
        Ok(url) if url.has_host() => redact(&url),
        Ok(_) | Err(_) => word.to_owned(),
    };
    text.split(' ').map(clean).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Link(&'static str, #[source] Option<Box<Link>>);

    #[test]
    fn words_tell_the_whole_chain_once_and_redact_addresses() {
        let cause = Link("refused by (http://u:hunter2@example.com/x?key=hunter2)", None);
        let error = Link("cannot send", Some(Box::new(Link("send", Some(Box::new(cause))))));
        assert_eq!(words(&error), "cannot send: refused by http://example.com/x?key=…");
        let error = Link("error sending request", Some(Box::new(Link("connection refused", None))));
        assert_eq!(words(&error), "connection refused");
        assert_eq!(words(&Link("builder error", None)), "builder error");
    }
}
