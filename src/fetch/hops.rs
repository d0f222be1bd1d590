//! How does one request find its answer over redirects, each hop polite and guarded?

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use url::Url;

use super::lanes::Turn;
use super::problem::{self, Refusal};
use super::robots::{self, Verdict};
use super::{Current, Door, Policy, names, words};
use crate::http::{Deadline, Incoming, Outgoing};
use crate::model::{Auth, Duration, FetchProblem, Method, Request, Timestamp};
use crate::telemetry::POLL_LATENESS;

/// Largest body of a refusal that is read; a larger one counts as empty.
const MAX_REFUSAL: usize = 256 * 1024;
/// Most redirects that are followed.
pub(super) const MAX_REDIRECTS: usize = 10;

/// What is to be got.
pub(super) struct Errand<'a> {
    pub request: &'a Request,
    /// Where to begin: the request's own address, or one that it was moved to for good.
    pub start: Url,
    /// Headers that make it conditional; with any, 304 is an answer.
    pub conditions: Vec<(String, String)>,
    pub policy: &'a Policy,
    /// A body over the cap is cut off instead of refused.
    pub cut_off: bool,
}

/// A 2xx, a 304 or a refusal in JSON, with its body.
pub(super) struct Arrived {
    pub status: u16,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// Where the permanent redirects from the start on led, before any other.
    pub moved: Option<Url>,
    /// The place among all requests: bodies in memory are bounded by the number of places.
    pub slot: OwnedSemaphorePermit,
}

/// How far a request has got.
struct Walk {
    /// As it goes on from here: a redirect may have taken its method and body.
    request: Request,
    url: Url,
    /// All redirects so far were permanent.
    permanent: bool,
    moved: Option<Url>,
    /// Time that servers may still take.
    left: Duration,
    /// Private addresses are allowed for the next hop.
    allow_private: bool,
    /// When the first request should have gone out, until it has.
    due: Option<Timestamp>,
}

/// One hop's outcome.
enum Hop {
    /// The turn is kept until the body is read: a host that drips is a host that hangs.
    Arrived(Incoming, Turn),
    Redirect {
        to: Url,
        status: u16,
    },
}

impl Door {
    /// Follows a request to its answer.
    pub(super) async fn follow(&self, errand: &Errand<'_>) -> Result<Arrived, FetchProblem> {
        let current = self.current();
        let mut walk = Walk::begin(errand);
        for _ in 0..=MAX_REDIRECTS {
            if walk.request.robots {
                let policy = Policy { allow_private: walk.allow_private, ..errand.policy.clone() };
                // Boxed, because robots.txt is itself got by following a request.
                Box::pin(self.permitted(&current, &walk.url, &policy)).await?;
            }
            match self.hop(&current, errand, &mut walk).await? {
                Hop::Arrived(incoming, turn) => return arrive(incoming, turn, errand, walk).await,
                Hop::Redirect { to, status } => walk = walk.redirect(errand, to, status)?,
            }
        }
        Err(FetchProblem::TooManyRedirects { limit: MAX_REDIRECTS })
    }

    /// One exchange in its turn.
    async fn hop(&self, current: &Current, errand: &Errand<'_>, walk: &mut Walk) -> Result<Hop, FetchProblem> {
        let (settings, policy) = (&current.settings, errand.policy);
        let limit = settings.limit(&walk.url, policy.limit.as_ref());
        let turn = self.lanes().turn(&limit, &current.slots, policy.patience, settings.jitter).await?;
        if let Some(due) = walk.due.take() {
            metrics::histogram!(POLL_LATENESS).record(self.now().since(due).0 as f64 / 1000.0);
        }
        let outgoing = Outgoing {
            request: &walk.request,
            url: &walk.url,
            headers: &errand.conditions,
            allow_private: walk.allow_private,
            deadline: Deadline::after(walk.left),
        };
        let began = Instant::now();
        let incoming = current.client.send(&outgoing).await.map_err(|error| timed(error, policy))?;
        walk.left = Duration(walk.left.0.saturating_sub(began.elapsed().as_millis() as u64));
        let status = incoming.status();
        if matches!(status, 200..=299) || (status == 304 && !errand.conditions.is_empty()) {
            return Ok(Hop::Arrived(incoming, turn));
        }
        if let Some(location) = incoming.header("location").filter(|_| matches!(status, 301 | 302 | 303 | 307 | 308)) {
            return Ok(Hop::Redirect { to: target(&walk.url, &location, &walk.request.auth)?, status });
        }
        let json = incoming.header("content-type").is_some_and(|media| media.contains("json"));
        let now = self.now();
        let headers = incoming.headers();
        let header = |name: &str| header(&headers, name);
        let refusal = problem::of_status(status, header, walk.permanent, now);
        if matches!(status, 400..=409 | 411..=499) && json && !errand.cut_off {
            if let (Refusal::Wait(_), Some(wait)) = (&refusal, problem::wait_said(header, now)) {
                self.lanes().hold(&limit.waits, now + wait, &format!("HTTP {status}"));
            }
            if let Refusal::Wait(_) = refusal {
                self.lanes().slow_down(&limit);
            }
            // Many APIs tell in the body why they refuse, and some only there for how long: their kind reads it.
            return Ok(Hop::Arrived(incoming, turn));
        }
        let refusal = match errand.cut_off {
            // Of a robots.txt the status decides.
            true => refusal,
            false => in_words(incoming, &headers, refusal).await,
        };
        match refusal {
            Refusal::Problem(problem) => Err(problem),
            Refusal::Wait(wait) => {
                let why = format!("HTTP {status}");
                self.lanes().slow_down(&limit);
                Err(FetchProblem::Limited { until: self.lanes().hold(&limit.waits, now + wait, &why), why })
            }
        }
    }

    /// Whether the host's robots.txt lets us ask for a page; slows us down where it asks for that.
    async fn permitted(&self, current: &Current, url: &Url, policy: &Policy) -> Result<(), FetchProblem> {
        let origin = url.origin().ascii_serialization();
        let verdict = match self.robots().known(&origin, self.now()) {
            Some(verdict) => verdict,
            None => {
                let verdict = self.ask_robots(url, policy).await?;
                self.robots().learn(origin, verdict.clone(), self.now());
                verdict
            }
        };
        if let Some(delay) = verdict.delay() {
            self.lanes().crawl_delay(&current.settings.limit(url, policy.limit.as_ref()), delay)?;
        }
        verdict.permits(url)
    }

    async fn ask_robots(&self, url: &Url, policy: &Policy) -> Result<Verdict, FetchProblem> {
        let wrong = |_| FetchProblem::Unreachable { why: "the address has no place for a robots.txt".into() };
        let request = Request { conditional: false, ..Request::get(url.join("/robots.txt").map_err(wrong)?) };
        let policy = Policy { max_body: robots::MAX_BYTES, due: None, ..policy.clone() };
        let start = request.url.clone();
        let errand = Errand { request: &request, start, conditions: Vec::new(), policy: &policy, cut_off: true };
        match self.follow(&errand).await {
            Ok(arrived) => self.in_reader(move || Verdict::read(&arrived.body)).await,
            Err(problem) => Verdict::without(&problem).ok_or(problem),
        }
    }
}

impl Walk {
    fn begin(errand: &Errand<'_>) -> Self {
        let (request, url) = (errand.request.clone(), errand.start.clone());
        let moved = (url != request.url).then(|| url.clone());
        let (left, due) = (errand.policy.time, errand.policy.due);
        let walk = Self { request, url, permanent: true, moved, left, allow_private: false, due };
        walk.at_its_host(errand)
    }

    /// What the operator allowed for the source's own host says nothing of one that it leads to.
    fn at_its_host(self, errand: &Errand<'_>) -> Self {
        let own_host = self.url.host() == errand.request.url.host();
        Self { allow_private: errand.policy.allow_private && own_host, ..self }
    }

    fn redirect(self, errand: &Errand<'_>, to: Url, status: u16) -> Result<Self, FetchProblem> {
        let permanent = self.permanent && matches!(status, 301 | 308);
        let moved = if permanent { Some(to.clone()) } else { self.moved };
        let request = redirected(self.request, &self.url, &to, status)?;
        Ok(Self { request, url: to, permanent, moved, ..self }.at_its_host(errand))
    }
}

/// What a refusal means that its page may tell, besides its status and headers. What cannot be read changes nothing.
async fn in_words(incoming: Incoming, headers: &[(String, String)], refusal: Refusal) -> Refusal {
    let status = incoming.status();
    if !words::may_tell(status, &refusal) {
        return refusal;
    }
    if words::is_challenge(|name| header(headers, name)) {
        return words::wall(status);
    }
    if matches!(refusal, Refusal::Wait(_))
        || header(headers, "content-type").is_some_and(|media| media.contains("json"))
    {
        return refusal;
    }
    let beginning = incoming.start(words::MAX_READ).await.unwrap_or_default();
    words::told(status, &beginning).unwrap_or(refusal)
}

/// Reads the body of the answer at the end.
async fn arrive(incoming: Incoming, turn: Turn, errand: &Errand<'_>, walk: Walk) -> Result<Arrived, FetchProblem> {
    let (status, headers, policy) = (incoming.status(), incoming.headers(), errand.policy);
    let body = match (status, errand.cut_off) {
        (304, _) => Ok(Bytes::new()),
        // The status says enough where its words cannot be had.
        (400.., _) => Ok(incoming.whole(policy.max_body.min(MAX_REFUSAL)).await.unwrap_or_default()),
        (_, true) => incoming.start(policy.max_body).await,
        (_, false) => incoming.whole(policy.max_body).await,
    };
    let body = body.map_err(|error| timed(error, policy))?;
    metrics::counter!(names::BYTES).increment(body.len() as u64);
    // The address that the kind asked for stands for a secret one; what lies behind it is nobody's business.
    let secret = matches!(errand.request.auth, Auth::Url { .. });
    let url = if secret { errand.request.url.clone() } else { walk.url };
    Ok(Arrived { status, url, headers, body, moved: walk.moved, slot: turn.slot })
}

/// The first header of this name (lower case).
pub(super) fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
}

/// Says the time of the whole asking, also where a late hop had only the rest of it.
fn timed(error: crate::http::HttpError, policy: &Policy) -> FetchProblem {
    match problem::of_http(error) {
        FetchProblem::TimedOut { .. } => FetchProblem::TimedOut { seconds: policy.time.0.div_ceil(1000) },
        other => other,
    }
}

/// The address that a redirect leads to, without the secret that the server may have echoed into it: at home it is
/// added again, and elsewhere it has no business.
pub(super) fn target(from: &Url, location: &str, auth: &Auth) -> Result<Url, FetchProblem> {
    let wrong = |_| FetchProblem::Unreachable { why: "it redirects to what is no address".into() };
    let mut to = from.join(location).map_err(wrong)?;
    to.set_fragment(None);
    let Auth::Query { name, secret } = auth else { return Ok(to) };
    let pairs = to.query_pairs().into_owned();
    let (echoed, kept): (Vec<_>, Vec<_>) = pairs.partition(|(key, value)| key == name || value == secret.expose());
    if !echoed.is_empty() {
        to.set_query(None);
    }
    if !echoed.is_empty() && !kept.is_empty() {
        to.query_pairs_mut().extend_pairs(kept);
    }
    Ok(to)
}

/// The request as it goes on after a redirect. What a POST carries is never handed to another host.
fn redirected(request: Request, from: &Url, to: &Url, status: u16) -> Result<Request, FetchProblem> {
    let keeps_method = matches!(status, 307 | 308) || request.method == Method::Get;
    if !keeps_method {
        return Ok(Request { method: Method::Get, body: None, ..request });
    }
    if request.body.is_some() && from.origin() != to.origin() {
        return Err(FetchProblem::Status { status });
    }
    Ok(request)
}
