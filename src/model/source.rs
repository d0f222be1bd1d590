//! What must a source kind be able to say, without network, clock or disk?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Duration, Engagement, Fault, FetchProblem, Post, RawPost, Rejection, Request, Response, Settings};

/// One configured place to listen: says what to ask and how to read the answer. Pure.
///
/// The door calls `next` with the progress so far, fulfils the request, hands the answer to `read`,
/// and goes on with the progress that `read` returned, until `next` says `Done` or the page bound is reached.
pub trait Source: Send + Sync + std::fmt::Debug {
    /// What to do now. A poll starts with [`Progress::start_poll`] of what the last poll left.
    fn next(&self, progress: &Progress) -> Next;

    /// Reads one answer. Never panics on any bytes; what cannot be read at all is an error, single bad items are rejections.
    ///
    /// What a subscription brings is read the same way, a frame at a time (see [`Subscription`]).
    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError>;

    /// How to go on in this poll although the asking failed so: the progress to ask with instead. `None`, as most
    /// kinds say, ends the poll with the problem. What is read then says in [`Reading::degraded`] what is missing.
    fn fall_back(&self, _progress: &Progress, _problem: &FetchProblem) -> Option<Progress> {
        None
    }

    /// What to ask to see how the conversation of one of its posts goes on; `None` where the kind cannot say.
    fn follow(&self, _post: &Post) -> Option<Request> {
        None
    }

    /// Reads the answer to what [`Source::follow`] asked.
    fn read_thread(&self, _post: &Post, _response: &Response) -> Result<Thread, ReadError> {
        Err(ReadError::WrongFormat { expected: "a conversation", why: "this kind follows none".to_owned() })
    }

    /// The least time between two requests that the site permits, where its rules say so. It slows the limit of its
    /// host down, and is never undercut by what the operator configures.
    fn pace(&self) -> Option<Duration> {
        None
    }

    /// Fields of the query language that its posts never have as it is configured (`likes`, `replies`, `author`), and why.
    fn lacks(&self) -> Option<Lack> {
        None
    }

    /// The address of a feed in which any reader finds about the same posts without an account; `None` where there is none.
    fn feed(&self) -> Option<Url> {
        None
    }
}

/// A page that somebody wants listened to, as it was answered.
#[derive(Clone, Debug)]
pub struct SeenPage {
    /// The answer itself; its URL is the one after redirects.
    pub response: Response,
    /// What `<meta name="generator">` says; empty where nothing does.
    pub generator: String,
    /// What the site's nodeinfo calls its software, in small letters; empty where it was not asked or has none.
    pub software: String,
    /// The `<link>`s of its head, in their order.
    pub links: Vec<PageLink>,
}

/// A `<link>` of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageLink {
    /// Its relations, in small letters: `alternate`.
    pub rel: String,
    /// Its media type in small letters, without parameters; empty where it says none.
    pub media: String,
    /// Resolved against the page.
    pub url: Url,
    pub title: String,
}

/// A way to listen to a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// A `[[source]]` block.
    pub block: String,
    /// What it was recognised by, in words.
    pub why: String,
    /// How much is known by it.
    pub rank: Rank,
}

/// How good a way of listening is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The site's own interface, which says the most.
    Site,
    /// A feed.
    Feed,
    /// A list of addresses or a guess.
    Last,
}

/// What a source's posts never have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lack {
    /// Fields as the query language calls them.
    pub fields: &'static [&'static str],
    /// Why, and what would help, in words: `read without an account; give client_id and client_secret`.
    pub why: &'static str,
}

/// What a source wants done next.
#[derive(Debug)]
pub enum Next {
    Http(Box<Request>),
    /// Nothing is asked: posts come by themselves from now on.
    Subscribe(Box<Subscription>),
    /// The poll is complete.
    Done,
}

/// How posts come by themselves. What comes is cut into frames by number, size and time; each is handed to
/// [`Source::read`] as the body of a [`Response`] and made durable with the progress that `read` returns. After a break
/// the door subscribes again with what `next` says of that progress.
#[derive(Clone, Debug)]
pub enum Subscription {
    /// A WebSocket (`wss:`, `ws:`). A frame holds its text messages, one a line.
    WebSocket(Request),
    /// Server-sent events. A frame holds whole events as they came: `event:` and `data:` lines, each closed by an empty line.
    Events(Request),
    /// The site sends them to `/in/NAME` of the daemon. A frame is the body of one POST, with its headers; the kind
    /// checks who sent it and says [`ReadError::Unauthorised`] where it must.
    Push,
}

impl Subscription {
    /// Where it is subscribed to; none where posts are pushed to us.
    pub fn url(&self) -> Option<&Url> {
        match self {
            Self::WebSocket(request) | Self::Events(request) => Some(&request.url),
            Self::Push => None,
        }
    }
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
    /// How often the site says that it changes (`ttl`, `sy:updatePeriod`): asking more often is of no use.
    pub every: Option<Duration>,
    /// Keys of posts that the site says were deleted since.
    pub deleted: Vec<String>,
    /// It was read in a lesser way than the one configured; what that means, in words.
    pub degraded: Option<String>,
}

/// How the conversation of a post stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thread {
    /// Replies, with `thread` set to the key of the conversation's root; those that are known already may be among them.
    pub replies: Vec<Result<RawPost, Rejection>>,
    /// The post's own counts now.
    pub engagement: Option<Engagement>,
    /// Key of the reply that the asker or the site took as the answer.
    pub accepted: Option<String>,
    /// No more replies are taken.
    pub closed: bool,
    /// The post itself was deleted at the site.
    pub deleted: bool,
    /// As in [`Reading::wait`].
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
    /// A page that asks for consent, a login or proof of being human stands in place of the content.
    #[error("a page in place of the content: {why}")]
    Wall { why: String },
    /// It can be read, but what should hold the posts is not there (a selector that finds nothing).
    #[error("nothing was found: {why}")]
    FoundNothing { why: String },
    /// The only post is one that tells of an error.
    #[error("an error in place of posts: {why}")]
    ErrorItem { why: String },
    /// What was pushed does not prove who sent it.
    #[error("not authorised: {why}")]
    Unauthorised { why: String },
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
    /// `[[source]]` blocks for a page that was looked at, best first: for what its address alone does not say.
    fn recognise_page(&self, _page: &SeenPage) -> Vec<Recognised> {
        Vec::new()
    }
    /// The least time between two requests that this kind's site permits to whoever reads it without an account; `None` for
    /// an address of another site. It holds for sources of other kinds there too, such as an imported feed.
    fn pace_at(&self, _url: &Url) -> Option<Duration> {
        None
    }
    /// A source from its settings (the block without what all kinds share), or everything wrong with them.
    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>>;
}
