//! How do posts that come by themselves become pages?
//!
//! [`Door::listen`] opens a subscription in its turn, as any other request; [`Stream::turn`] cuts what comes into frames by
//! number, size and time and hands each to the source's reader. Whoever takes the pages makes each durable before
//! the next turn: nothing is read meanwhile, so the other side waits, and nothing is dropped.

use std::sync::Arc;

use url::Url;

use super::events::Events;
use super::problem::{self, Refusal};
use super::settings::Limit;
use super::{Door, Page, Policy, hops, tokens};
use crate::http::{Deadline, Heard, Incoming, Opened, Outgoing, Socket};
use crate::model::{
    Auth, Duration, FetchProblem, Progress, ReadError, Reading, Request, Response, Source, Subscription, Timestamp,
};

/// A frame is closed with so many messages, or so many bytes, or so long after its first message.
const FRAME_MESSAGES: usize = 500;
const FRAME_BYTES: usize = 4 << 20;
const FRAME_TIME: Duration = Duration(200);
/// A cursor that moved without posts is handed out so long after the last page, and deletions too, or when there are so many.
const CURSOR_TIME: Duration = Duration::seconds(10);
const MOST_DELETED: usize = 1_000;
/// Largest message of a WebSocket.
const MAX_MESSAGE: usize = 1 << 20;
/// After so much silence a WebSocket is asked for a sign of life.
const PING_AFTER: Duration = Duration::seconds(30);
/// After so much silence the other side counts as gone.
const DEAD_AFTER: Duration = Duration::seconds(60);
/// Most redirects that are followed when a stream is opened.
const MAX_REDIRECTS: usize = 5;
/// Longest that the `retry:` of a server keeps us away.
const MAX_RETRY: Duration = Duration::minutes(5);

/// A subscription that is open. Dropping it ends it.
#[derive(Debug)]
pub struct Stream {
    door: Door,
    source: Arc<dyn Source>,
    policy: Policy,
    url: Url,
    progress: Progress,
    wire: Wire,
    /// What ended it while a frame was being filled; told after that frame.
    broken: Option<FetchProblem>,
    /// Deletions that wait for the next page.
    deleted: Vec<String>,
    handed_out: Timestamp,
}

#[derive(Debug)]
enum Wire {
    Socket(Box<Socket>),
    Events(Box<Incoming>, Events),
}

/// What was gathered for the next page.
#[derive(Default)]
struct Frame {
    body: String,
    messages: usize,
    closes: Option<Timestamp>,
}

/// What came of one attempt to open a stream.
enum Hop {
    Open(Wire),
    /// It is somewhere else.
    Redirect(Url),
}

/// What came over the wire.
enum Came {
    Message(String),
    Sign,
}

impl Door {
    /// Subscribes for a source that stands at `progress`, in its turn under the limit of the host.
    ///
    /// # Errors
    /// Also for [`Subscription::Push`], where there is nobody to ask.
    pub async fn listen(
        &self,
        source: Arc<dyn Source>,
        progress: Progress,
        subscription: &Subscription,
        policy: Policy,
    ) -> Result<Stream, FetchProblem> {
        let asking = &policy;
        let request = match subscription {
            Subscription::WebSocket(request) | Subscription::Events(request) => request,
            Subscription::Push => {
                return Err(FetchProblem::Unreadable { why: "its posts are pushed; nothing is asked".to_owned() });
            }
        };
        let wire = match &request.auth {
            Auth::Token(grant) => {
                let token = self.token(grant, None, request, asking).await?;
                match self.open(subscription, &tokens::bearing(request, token.clone()), asking).await {
                    Err(FetchProblem::Refused { status: 401 }) => {
                        let token = self.token(grant, Some(&token), request, asking).await?;
                        self.open(subscription, &tokens::bearing(request, token), asking).await?
                    }
                    opened => opened?,
                }
            }
            Auth::None | Auth::Header { .. } | Auth::Query { .. } | Auth::Url { .. } => {
                self.open(subscription, request, asking).await?
            }
        };
        let (door, url) = (self.clone(), request.url.clone());
        let handed_out = self.now();
        Ok(Stream { door, source, policy, url, progress, wire, broken: None, deleted: Vec::new(), handed_out })
    }

    /// Opens it, over redirects, each hop in the turn of its host and guarded as its own.
    async fn open(
        &self,
        subscription: &Subscription,
        request: &Request,
        policy: &Policy,
    ) -> Result<Wire, FetchProblem> {
        let mut url = request.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            match self.hop_to(subscription, request, &url, policy).await? {
                Hop::Open(wire) => return Ok(wire),
                Hop::Redirect(to) => url = to,
            }
        }
        Err(FetchProblem::TooManyRedirects { limit: MAX_REDIRECTS })
    }

    /// One attempt; the turn is given back as soon as it is open.
    async fn hop_to(
        &self,
        subscription: &Subscription,
        request: &Request,
        url: &Url,
        policy: &Policy,
    ) -> Result<Hop, FetchProblem> {
        let current = self.current();
        let limit = current.settings.limit(url, policy.limit.as_ref());
        let _turn = self.lanes().turn(&limit, &current.slots, policy.patience, current.settings.jitter).await?;
        let deadline = Deadline::after(policy.time);
        let asks_for_events = matches!(subscription, Subscription::Events(_));
        // Compressed, events would come in lumps.
        let plain = [("accept", "text/event-stream"), ("accept-encoding", "identity"), ("cache-control", "no-store")];
        let headers: Vec<(String, String)> = match asks_for_events {
            true => plain.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            false => Vec::new(),
        };
        // What the operator allowed for the source's own host says nothing of one that it leads to.
        let allow_private = policy.allow_private && url.host() == request.url.host();
        let outgoing = Outgoing { request, url, headers: &headers, allow_private, deadline };
        if asks_for_events {
            let incoming = current.client.stream(&outgoing).await.map_err(problem::of_http)?;
            let location = incoming.header("location").map(std::borrow::Cow::into_owned);
            if let Some(to) = redirected(request, url, incoming.status(), location.as_deref())? {
                return Ok(Hop::Redirect(to));
            }
            return self.events(incoming, &limit).map(Hop::Open);
        }
        match current.client.open_socket(&outgoing, MAX_MESSAGE).await.map_err(problem::of_http)? {
            Opened::Open(socket) => Ok(Hop::Open(Wire::Socket(socket))),
            Opened::Refused { status, retry_after, location } => {
                if let Some(to) = redirected(request, url, status, location.as_deref())? {
                    return Ok(Hop::Redirect(as_socket(to)));
                }
                let headers: Vec<_> = retry_after.map(|value| ("retry-after".to_owned(), value)).into_iter().collect();
                Err(self.refused(status, &headers, &limit))
            }
        }
    }

    fn events(&self, incoming: Incoming, limit: &Limit) -> Result<Wire, FetchProblem> {
        let status = incoming.status();
        if status != 200 {
            return Err(self.refused(status, &incoming.headers(), limit));
        }
        let media = incoming.header("content-type").unwrap_or_default().into_owned();
        if !media.trim_start().to_ascii_lowercase().starts_with("text/event-stream") {
            let media: String = media.chars().take(60).collect();
            return Err(FetchProblem::Unreadable {
                why: format!("it answers `{media}` instead of a stream of events"),
            });
        }
        Ok(Wire::Events(Box::new(incoming), Events::default()))
    }

    fn refused(&self, status: u16, headers: &[(String, String)], limit: &Limit) -> FetchProblem {
        let now = self.now();
        match problem::of_status(status, |name| hops::header(headers, name), true, now) {
            Refusal::Problem(problem) => problem,
            Refusal::Wait(wait) => {
                let why = format!("HTTP {status}");
                self.lanes().slow_down(limit);
                FetchProblem::Limited { until: self.lanes().hold(&limit.waits, now + wait, &why), why }
            }
        }
    }
}

impl Stream {
    /// The next page, as soon as something came. Each is the caller's to make durable before the next turn; after an error
    /// the stream is over. Safe to drop: what was not handed out comes again after the next [`Door::listen`].
    pub async fn turn(&mut self) -> Result<Page, FetchProblem> {
        loop {
            let page = self.page().await?;
            self.deleted.extend(page.reading.deleted.iter().cloned());
            let due = self.door.now().since(self.handed_out) >= CURSOR_TIME || self.deleted.len() >= MOST_DELETED;
            // Frames without posts, of which a filtered stream has many, are not worth a write each.
            if page.reading.posts.is_empty() && page.reading.degraded.is_none() && !due {
                continue;
            }
            self.handed_out = self.door.now();
            let deleted = std::mem::take(&mut self.deleted);
            return Ok(Page { reading: Reading { deleted, ..page.reading }, ..page });
        }
    }

    /// The next frame, read.
    async fn page(&mut self) -> Result<Page, FetchProblem> {
        let frame = self.frame().await?;
        let bytes = frame.body.len();
        let response = Response {
            status: 200,
            url: self.url.clone(),
            headers: vec![("content-type".to_owned(), self.wire.content_type().to_owned())],
            body: frame.body.into(),
            received_at: self.door.now(),
        };
        let received_at = response.received_at;
        let reading = self.read(response).await?;
        self.progress = reading.progress.clone();
        let url = self.url.clone();
        Ok(Page { url, received_at, bytes, reading, last: true, gap: false, validators: None, fresh_for: None })
    }

    async fn read(&self, response: Response) -> Result<Reading, FetchProblem> {
        let told = self.door.told(&response, &self.policy);
        let (source, progress) = (self.source.clone(), self.progress.clone());
        let read = move || source.read(&progress, &response);
        let reading = self.door.in_reader(read).await?.map_err(|error| self.door.unread(&told, Some(error)))?;
        if let Some(wait) = reading.wait {
            self.door.hold_after(&told, wait, "its answer says so");
        }
        Ok(reading)
    }

    /// Gathers messages until the frame is full, or its time is over.
    async fn frame(&mut self) -> Result<Frame, FetchProblem> {
        if let Some(problem) = self.broken.take() {
            return Err(problem);
        }
        let clock = self.door.0.clock.clone();
        let mut frame = Frame::default();
        let mut heard = clock.now();
        let mut pinged = !self.wire.can_ping();
        while !frame.is_full() {
            let silent_until = heard + if pinged { DEAD_AFTER } else { PING_AFTER };
            let wake = frame.closes.unwrap_or(silent_until);
            let came = tokio::select! {
                biased;
                came = self.wire.next() => Some(came),
                () = clock.sleep_until(wake) => None,
            };
            match came {
                Some(Ok(Came::Message(message))) => frame.add(&message, clock.now()),
                Some(Ok(Came::Sign)) => {}
                Some(Err(problem)) if frame.messages > 0 => {
                    self.broken = Some(self.after_break(problem));
                    break;
                }
                Some(Err(problem)) => return Err(self.after_break(problem)),
                None if frame.closes.is_some() => break,
                None if pinged => {
                    let why = format!("nothing came for {} s", DEAD_AFTER.0 / 1000);
                    return Err(FetchProblem::Unreachable { why });
                }
                None => {
                    self.wire.ping().await?;
                    pinged = true;
                    continue;
                }
            }
            heard = clock.now();
            pinged = !self.wire.can_ping();
        }
        Ok(frame)
    }

    /// Keeps away for as long as the server asked to.
    fn after_break(&self, problem: FetchProblem) -> FetchProblem {
        let Wire::Events(_, Events { retry: Some(retry), .. }) = &self.wire else { return problem };
        let key = self.door.limit_key(&self.url, &self.policy);
        self.door.lanes().hold(&key, self.door.now() + (*retry).min(MAX_RETRY), "its stream says so");
        problem
    }
}

impl Wire {
    fn content_type(&self) -> &'static str {
        match self {
            Self::Socket(_) => "application/x-ndjson; charset=utf-8",
            Self::Events(..) => "text/event-stream; charset=utf-8",
        }
    }

    fn can_ping(&self) -> bool {
        matches!(self, Self::Socket(_))
    }

    async fn ping(&mut self) -> Result<(), FetchProblem> {
        match self {
            Self::Socket(socket) => socket.ping().await.map_err(problem::of_http),
            Self::Events(..) => Ok(()),
        }
    }

    /// What comes next. Safe to drop at any time.
    async fn next(&mut self) -> Result<Came, FetchProblem> {
        match self {
            Self::Socket(socket) => match socket.next().await.map_err(problem::of_http)? {
                // A line break inside of a message would cut it in two; between the words of JSON a space is as good.
                Heard::Text(text) => Ok(Came::Message(format!("{}\n", text.replace(['\n', '\r'], " ")))),
                Heard::Sign => Ok(Came::Sign),
                Heard::Binary => Err(FetchProblem::Unreadable { why: "its messages are no text".to_owned() }),
                Heard::Closed(why) => Err(closed(&why)),
            },
            Self::Events(incoming, events) => {
                if let Some(event) = events.next() {
                    return Ok(Came::Message(event));
                }
                let Some(bytes) = incoming.chunk().await.map_err(problem::of_http)? else { return Err(closed("")) };
                events.take(&bytes)?;
                Ok(events.next().map_or(Came::Sign, Came::Message))
            }
        }
    }
}

/// Where a redirect leads to; `None` for an answer that is none.
fn redirected(request: &Request, from: &Url, status: u16, to: Option<&str>) -> Result<Option<Url>, FetchProblem> {
    let to = to.filter(|_| matches!(status, 301 | 302 | 303 | 307 | 308));
    to.map(|to| hops::target(from, to, &request.auth)).transpose()
}

/// A WebSocket is redirected to as `https:` by many servers, which know no other word for it.
fn as_socket(mut to: Url) -> Url {
    let scheme = match to.scheme() {
        "https" => "wss",
        "http" => "ws",
        _ => return to,
    };
    // It fails for schemes that have no host; these have one.
    let _ = to.set_scheme(scheme);
    to
}

fn closed(why: &str) -> FetchProblem {
    let why: String = why.chars().filter(|c| !c.is_control()).take(100).collect();
    let why = if why.is_empty() { "it closed the stream".to_owned() } else { format!("it closed the stream: {why}") };
    FetchProblem::Unreachable { why }
}

impl Frame {
    fn add(&mut self, message: &str, now: Timestamp) {
        self.body.push_str(message);
        self.messages += 1;
        self.closes.get_or_insert(now + FRAME_TIME);
    }

    fn is_full(&self) -> bool {
        self.messages >= FRAME_MESSAGES || self.body.len() >= FRAME_BYTES
    }
}

/// What is pushed to us is read as what was asked for.
impl Door {
    /// Reads one push.
    pub async fn read_pushed(
        &self,
        source: Arc<dyn Source>,
        progress: Progress,
        response: Response,
    ) -> Result<Result<Reading, ReadError>, FetchProblem> {
        self.in_reader(move || source.read(&progress, &response)).await
    }
}
