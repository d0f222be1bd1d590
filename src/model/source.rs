//! What must a source kind be able to say, without network, clock or disk?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Duration, Fault, RawPost, Rejection, Request, Response, Settings};

/// One configured place to listen: says what to ask and how to read the answer. Pure.
///
/// The door calls `next` with the progress so far, fulfils the request, hands the answer to `read`,
/// and goes on with the progress that `read` returned, until `next` says `Done` or the page bound is reached.
pub trait Source: Send + Sync + std::fmt::Debug {
    /// What to do now. A poll starts with [`Progress::start_poll`] of what the last poll left.
    fn next(&self, progress: &Progress) -> Next;

    /// Reads one answer. Never panics on any bytes; what cannot be read at all is an error, single bad items are rejections.
    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError>;
}

/// What a source wants done next.
#[derive(Debug)]
pub enum Next {
    Http(Box<Request>),
    /// The poll is complete.
    Done,
}

/// How far a source has been read. Plain data: the journal keeps it, kinds give it meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Where the next poll takes up; the kind's own notation.
    pub cursor: Option<String>,
    /// Pages of the running poll read so far.
    pub page: u32,
    /// Where the next page of the running poll is; the kind's own notation. `None` with `page > 0` ends the poll.
    pub next: Option<String>,
    /// What the kind found out and need not ask again (resolved ids, names), or carries from page to page.
    pub notes: BTreeMap<String, String>,
}

impl Progress {
    /// The progress with which the next poll starts: same cursor and notes, no pages read.
    pub fn start_poll(&self) -> Self {
        Self { page: 0, next: None, ..self.clone() }
    }
}

/// What one answer held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// In the order of the answer; each becomes one counted outcome.
    pub posts: Vec<Result<RawPost, Rejection>>,
    /// Progress after this page.
    pub progress: Progress,
    /// What had to be mended to read it, in words: `bare & escaped`, `1 item cut off`.
    pub repaired: Vec<String>,
    /// The site asks not to be asked again for this long (`backoff`, a spent quota).
    pub wait: Option<Duration>,
}

/// Why an answer could not be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not the format of this kind (HTML instead of a feed, an error page, a consent page).
    #[error("not {expected}: {why}")]
    WrongFormat { expected: &'static str, why: String },
    /// Refused before parsing: too deep, too large.
    #[error("refused before parsing: {why}")]
    Hostile { why: String },
    /// The API answered with an error of its own.
    #[error("the API says: {why}")]
    Api { why: String, wait: Option<Duration> },
}

/// A kind of source; [`crate::source::KINDS`] lists them all.
pub trait SourceKind: Sync {
    /// The word for `kind = "…"`.
    fn name(&self) -> &'static str;
    /// One line for `overheard kinds` and the reference.
    fn summary(&self) -> &'static str;
    /// JSON schema of the settings, from their doc comments.
    fn schema(&self) -> schemars::Schema;
    /// A `[[source]]` block that `overheard check` accepts.
    fn sample(&self) -> &'static str;
    /// A `[[source]]` block for a page address that this kind knows how to listen to.
    fn recognise(&self, url: &Url) -> Option<String>;
    /// A source from its settings (the block without what all kinds share), or everything wrong with them.
    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>>;
}
