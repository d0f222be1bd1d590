//! How does the door in fulfil a request politely?
//!
//! [`Door::poll`] runs a source: it asks what the source wants asked, hands the answer to the source's reader
//! and gives the page to the caller before the next one is asked. [`Door::ask`] makes a single request: in its turn
//! under the limit of its host ([`lanes`], [`spacing`]), within what robots.txt allows ([`robots`]), conditional
//! where the server gave validators ([`conditional`]), over redirects ([`hops`]), and with every failure told
//! as a [`FetchProblem`] ([`problem`]). A grant is exchanged for its token on the way ([`tokens`]). [`Door::listen`] opens what
//! brings posts by itself ([`stream`]).
//!
//! Waits for a turn use the daemon's clock; the time that a server takes is real.

mod answer;
mod conditional;
mod events;
mod hops;
mod lanes;
mod poll;
mod problem;
mod quota;
mod robots;
mod settings;
mod spacing;
mod stream;
mod thread;
mod tokens;
mod words;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Semaphore;
use url::Url;

use crate::clock::Clock;
use crate::http::{Client, HttpError, redact};
use crate::model::event::Validators;
use crate::model::{Auth, Budget, Duration, FetchProblem, Request, Response, Timestamp};

use hops::{Arrived, Errand};
use lanes::Lanes;
pub use poll::{Page, Poll, Turned};
pub use problem::shown;
use robots::Robots;
pub use settings::{DoorSettings, HostRules, LimitBy, Policy};
pub use stream::Stream;
pub use thread::{Conversation, ThreadPage};
use tokens::Tokens;

/// Metrics of the door.
pub mod names {
    /// Requests ended, by `result`: `answer`, `unchanged`, or the name of a [`crate::model::FetchProblem`].
    pub const REQUESTS: &str = "overheard_fetch_requests_total";
    /// Bytes of bodies, decompressed.
    pub const BYTES: &str = "overheard_fetch_bytes_total";
}

/// The door in. Cheap to clone; clones share limits and connections.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    clock: Clock,
    opened: Timestamp,
    lanes: Lanes,
    robots: Robots,
    tokens: Tokens,
    /// Readers at work at once: parsing is CPU time, so as many as there are cores.
    readers: Arc<Semaphore>,
    current: ArcSwap<Current>,
}

/// What a reload replaces.
struct Current {
    settings: DoorSettings,
    client: Client,
    /// Places for requests under way.
    slots: Arc<Semaphore>,
}

/// What came of a request.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one a request; a box would cost more than the room it saves")]
pub enum Fetched {
    /// The server says so (304), or sent the same body again. It answered all the same, and may have said how long it
    /// will stay so.
    Unchanged { received_at: Timestamp, fresh_for: Option<Duration> },
    /// A new body, and what makes the next request conditional.
    Answer { response: Response, validators: Validators },
}

impl Door {
    /// A door with nothing in mind of any host.
    ///
    /// # Errors
    /// When the proxy or the contact cannot be used.
    pub fn new(settings: DoorSettings, clock: Clock) -> Result<Self, HttpError> {
        let readers = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self(Arc::new(Inner {
            opened: clock.now(),
            lanes: Lanes::new(clock.clone()),
            clock,
            robots: Robots::default(),
            tokens: Tokens::default(),
            readers: Arc::new(Semaphore::new(readers)),
            current: ArcSwap::from_pointee(Current::new(settings)?),
        })))
    }

    /// Takes new settings; who was asked when, and who asked us to wait, stays in mind. Requests under way end under
    /// the old settings.
    ///
    /// # Errors
    /// As for [`Door::new`]; the old settings stay.
    pub fn reconfigure(&self, settings: DoorSettings) -> Result<(), HttpError> {
        self.0.current.store(Arc::new(Current::new(settings)?));
        Ok(())
    }

    /// Makes one request in its turn. `validators` are those that an earlier answer to the same request gave.
    /// A status that refuses is a problem, whatever the body says.
    pub async fn ask(
        &self,
        request: &Request,
        validators: Option<&Validators>,
        policy: &Policy,
    ) -> Result<Fetched, FetchProblem> {
        let (fetched, _slot) = self.ask_holding(request, validators, policy).await?;
        match &fetched {
            Fetched::Answer { response, .. } if response.status >= 400 => {
                Err(self.unread(&self.told(response, policy), None))
            }
            Fetched::Answer { .. } | Fetched::Unchanged { .. } => Ok(fetched),
        }
    }

    /// Who waits when a server asks us to: the host, domain or group of a URL, or one source alone.
    pub fn limit_key(&self, url: &Url, policy: &Policy) -> String {
        self.current().settings.limit(url, policy.limit.as_ref()).waits
    }

    /// How the limit stands that requests to a URL fall under.
    pub fn budget(&self, url: &Url, limit: Option<&LimitBy>) -> Budget {
        self.lanes().budget(&self.current().settings.limit(url, limit))
    }

    /// Lets nobody ask under a limit before `until` (at most 30 days ahead): from a `backoff`, or kept from before a restart.
    pub fn hold(&self, key: &str, until: Timestamp, why: &str) {
        self.0.lanes.hold(key, until, why);
    }

    /// Every limit under which nobody may ask yet, and until when, to be kept over a restart.
    pub fn holds(&self) -> Vec<(String, Timestamp)> {
        self.0.lanes.holds()
    }

    /// [`Door::ask`], with the place among all requests, to be kept while the answer is read. A refusal in JSON (4xx) is an
    /// answer here: its kind may read from it for how long we should wait.
    async fn ask_holding(
        &self,
        request: &Request,
        validators: Option<&Validators>,
        policy: &Policy,
    ) -> Result<(Fetched, Option<tokio::sync::OwnedSemaphorePermit>), FetchProblem> {
        let known = conditional::known(request, validators);
        let arrived = self.arrive_with_token(request, known, policy).await;
        let answered = arrived.map(|arrived| self.judge(request, known, policy, arrived));
        let result = match &answered {
            Ok((Fetched::Unchanged { .. }, _)) => "unchanged",
            Ok((Fetched::Answer { response, .. }, _)) if response.status >= 400 => {
                problem::name_of_status(response.status)
            }
            Ok((Fetched::Answer { .. }, _)) => "answer",
            Err(problem) => problem.name(),
        };
        metrics::counter!(names::REQUESTS, "result" => result).increment(1);
        tracing::debug!(url = redact(&request.url), result, "asked");
        answered
    }

    /// [`Door::arrive`], with the token of the request's grant where it has one, and with another one if that is not taken.
    async fn arrive_with_token(
        &self,
        request: &Request,
        known: Option<&Validators>,
        policy: &Policy,
    ) -> Result<Arrived, FetchProblem> {
        let Auth::Token(grant) = &request.auth else { return self.arrive(request, known, policy).await };
        let token = self.token(grant, None, request, policy).await?;
        let arrived = self.arrive(&tokens::bearing(request, token.clone()), known, policy).await;
        if !tokens::is_refused(&arrived) {
            return arrived;
        }
        let token = self.token(grant, Some(&token), request, policy).await?;
        self.arrive(&tokens::bearing(request, token), known, policy).await
    }

    /// Gets the answer from where the request was moved to for good, else from its own address.
    async fn arrive(
        &self,
        request: &Request,
        known: Option<&Validators>,
        policy: &Policy,
    ) -> Result<Arrived, FetchProblem> {
        let full = known.is_some_and(|known| conditional::is_full_due(known, self.0.opened, self.now()));
        let conditions = if full { Vec::new() } else { conditional::headers(known) };
        let own = Errand { request, start: request.url.clone(), conditions, policy, cut_off: false };
        let moved = known.and_then(|known| known.moved_to.as_deref()).and_then(|moved| Url::parse(moved).ok());
        let Some(start) = moved else { return self.follow(&own).await };
        let direct = Errand { start, conditions: own.conditions.clone(), ..own };
        match self.follow(&direct).await {
            // "For good" was not so: the redirect may have been a mistake of a day.
            Err(problem) if problem::blames_address(&problem) => {}
            Ok(arrived) if problem::status_blames_address(arrived.status) => {}
            answered => return answered,
        }
        self.follow(&Errand { start: request.url.clone(), ..direct }).await
    }

    /// Whether what arrived is new.
    fn judge(
        &self,
        request: &Request,
        known: Option<&Validators>,
        policy: &Policy,
        arrived: Arrived,
    ) -> (Fetched, Option<tokio::sync::OwnedSemaphorePermit>) {
        let received_at = self.now();
        let Arrived { status, url, headers, body, moved, slot } = arrived;
        let header = |name: &str| hops::header(&headers, name);
        if let Some(wait) = quota::spent(header, received_at) {
            self.lanes().hold(&self.limit_key(&url, policy), received_at + wait, "its quota is spent");
        }
        let body_hash = conditional::body_hash(&body);
        if status == 304 || (status < 400 && known.is_some_and(|known| known.body_hash == body_hash)) {
            return (Fetched::Unchanged { received_at, fresh_for: quota::fresh_for(header) }, None);
        }
        let response = Response { status, url, headers, body, received_at };
        let validators = conditional::learn(request, known, &response, body_hash, moved.as_ref());
        if validators.moved_to != known.and_then(|known| known.moved_to.clone()) {
            let to = validators.moved_to.as_deref().and_then(|to| Url::parse(to).ok());
            tracing::info!(from = redact(&request.url), to = to.as_ref().map(redact), "moved for good");
        }
        (Fetched::Answer { response, validators }, Some(slot))
    }

    fn current(&self) -> Arc<Current> {
        self.0.current.load_full()
    }

    fn lanes(&self) -> &Lanes {
        &self.0.lanes
    }

    fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    fn robots(&self) -> &Robots {
        &self.0.robots
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("settings", &self.current().settings).finish_non_exhaustive()
    }
}

impl Current {
    fn new(settings: DoorSettings) -> Result<Self, HttpError> {
        let settings = settings.normal();
        let client = Client::new(&settings.client())?;
        let slots = Arc::new(Semaphore::new(settings.concurrent.clamp(1, Semaphore::MAX_PERMITS)));
        Ok(Self { settings, client, slots })
    }
}

#[cfg(test)]
mod tests;
