//! How is one HTTP exchange made, and its answer read within bounds?

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use url::Url;

use super::error::HttpError;
use super::guard::{Guard, Lookup, Resolver, SystemLookup, Way, normal_host};
use crate::model::{Auth, Duration, Method, Request};

/// Longest wait for a connection, TLS included.
pub(super) const CONNECT_TIME: Duration = Duration::seconds(10);
/// Longest silence in the middle of an answer.
const READ_TIME: Duration = Duration::seconds(20);
/// As good as never.
const NEVER: Duration = Duration::days(36_500);
/// How long an unused connection is kept, and how many for one host. Polls of a source are minutes apart, so that only
/// its pages and its neighbours on the host use one again; with thousands of hosts each one kept costs memory and a file handle.
const IDLE_TIME: Duration = Duration::seconds(5);
const IDLE_CONNECTIONS: usize = 2;
/// Room taken at once for a body whose length was announced; more is taken as it comes.
const FIRST_ROOM: usize = 64 * 1024;

/// Who we are and what the operator said about hosts.
#[derive(Clone, Debug, Default)]
pub struct ClientSettings {
    /// The whole User-Agent header; see [`user_agent`].
    pub user_agent: String,
    /// Names (or patterns like `*.test`) with an address of their own. Being named here allows that address.
    pub resolve: BTreeMap<String, IpAddr>,
    /// Hosts (or patterns) that may have private addresses.
    pub allow_private: BTreeSet<String>,
    /// The only proxy ever used; the environment's are ignored. Names are then resolved by the proxy, so that their
    /// addresses cannot be guarded here. Hosts with private addresses allowed are asked directly.
    pub proxy: Option<Url>,
}

/// `Overheard/0.1.0 (+https://…; mailto:you@example.org)`: who asks, and whom to write to.
pub fn user_agent(contact: Option<&str>) -> String {
    let project = concat!("Overheard/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY"));
    let contact: String = contact.unwrap_or_default().chars().filter(|c| matches!(c, ' '..='~')).collect();
    if contact.is_empty() { format!("{project})") } else { format!("{project}; {contact})") }
}

/// Makes exchanges. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    pub(super) guard: Guard,
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) user_agent: String,
    /// A proxy is configured.
    pub(super) proxy: bool,
    /// Connects to public addresses only, or through the proxy.
    guarded: reqwest::Client,
    /// Connects to private addresses too; kept apart so that no connection of it serves a guarded request.
    open: reqwest::Client,
    /// The same two, for answers that may be silent for as long as they like.
    guarded_streams: reqwest::Client,
    open_streams: reqwest::Client,
}

/// One hop of a request.
#[derive(Clone, Debug)]
pub struct Outgoing<'a> {
    pub request: &'a Request,
    /// Where this hop goes: the request's own address, or one that it was redirected to. The secret of the
    /// request is added only while scheme, host and port are those of the request's own address.
    pub url: &'a Url,
    /// Headers of this hop besides those of the request: validators, signatures.
    pub headers: &'a [(String, String)],
    /// Private addresses are allowed for this hop, whatever the settings say of its host.
    pub allow_private: bool,
    pub deadline: Deadline,
}

impl<'a> Outgoing<'a> {
    /// The first hop of a request, to public addresses.
    pub fn new(request: &'a Request, deadline: Deadline) -> Self {
        Self { request, url: &request.url, headers: &[], allow_private: false, deadline }
    }
}

/// When an exchange is given up, body included, in real time.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    seconds: u64,
}

impl Deadline {
    /// `time` from now on, at most a day.
    pub fn after(time: Duration) -> Self {
        let time = time.min(Duration::days(1));
        Self { at: Instant::now() + time.to_std(), seconds: time.0.div_ceil(1000) }
    }

    /// No end at all: whoever reads decides for how long.
    fn never() -> Self {
        Self { at: Instant::now() + NEVER.to_std(), seconds: NEVER.0 / 1000 }
    }

    /// Runs something until the deadline at the latest.
    pub async fn bound<T>(self, work: impl Future<Output = Result<T, HttpError>>) -> Result<T, HttpError> {
        match tokio::time::timeout_at(self.at, work).await {
            Ok(result) => result,
            Err(_) => Err(HttpError::TimedOut { seconds: self.seconds }),
        }
    }
}

/// An answer of any status; its body is still to be read.
#[derive(Debug)]
pub struct Incoming {
    response: reqwest::Response,
    deadline: Deadline,
}

impl Client {
    /// A client for these settings.
    pub fn new(settings: &ClientSettings) -> Result<Self, HttpError> {
        Self::with_lookup(settings, Arc::new(SystemLookup))
    }

    /// A client that resolves names in its own way.
    pub fn with_lookup(settings: &ClientSettings, lookup: Arc<dyn Lookup>) -> Result<Self, HttpError> {
        let resolve = settings.resolve.iter().map(|(host, address)| (normal_host(host), *address)).collect();
        let private = settings.allow_private.iter().map(|host| normal_host(host)).collect();
        let guard = Guard { resolve: Arc::new(resolve), private: Arc::new(private) };
        let build = |way: Way, proxy: Option<&Url>, silence: Option<Duration>| -> Result<reqwest::Client, HttpError> {
            let resolver = Resolver { guard: guard.clone(), way, lookup: lookup.clone() };
            let builder = builder(settings, tls()?).dns_resolver(Arc::new(resolver));
            let builder = match silence {
                Some(silence) => builder.read_timeout(silence.to_std()),
                None => builder,
            };
            let Some(proxy) = proxy else { return builder.build().map_err(|error| HttpError::of(error, 0)) };
            let proxy = reqwest::Proxy::all(proxy.clone()).map_err(|error| HttpError::of(error, 0))?;
            builder.proxy(proxy).build().map_err(|error| HttpError::of(error, 0))
        };
        let proxy = settings.proxy.as_ref();
        let guarded_way = if proxy.is_some() { Way::Proxied } else { Way::Guarded };
        let guarded = build(guarded_way, proxy, Some(READ_TIME))?;
        let open = build(Way::Open, None, Some(READ_TIME))?;
        let guarded_streams = build(guarded_way, proxy, None)?;
        let open_streams = build(Way::Open, None, None)?;
        let (proxy, user_agent) = (proxy.is_some(), settings.user_agent.clone());
        Ok(Self { guard, lookup, user_agent, proxy, guarded, open, guarded_streams, open_streams })
    }

    /// Makes one exchange; follows no redirect. Any status is an answer.
    pub async fn send(&self, outgoing: &Outgoing<'_>) -> Result<Incoming, HttpError> {
        let response = self.send_by(outgoing, &self.guarded, &self.open).await?;
        Ok(Incoming { response, deadline: outgoing.deadline })
    }

    /// Asks for an answer that has no end: the deadline is that of its beginning, and it may be silent in between.
    pub async fn stream(&self, outgoing: &Outgoing<'_>) -> Result<Incoming, HttpError> {
        let response = self.send_by(outgoing, &self.guarded_streams, &self.open_streams).await?;
        Ok(Incoming { response, deadline: Deadline::never() })
    }

    async fn send_by(
        &self,
        outgoing: &Outgoing<'_>,
        guarded: &reqwest::Client,
        open: &reqwest::Client,
    ) -> Result<reqwest::Response, HttpError> {
        let request = outgoing.request;
        let target = target(request, outgoing.url)?;
        let client = match self.guard.way(&target, outgoing.allow_private)? {
            Way::Open => open,
            Way::Guarded | Way::Proxied => guarded,
        };
        let mut builder = client.request(method(request.method), target).headers(headers(outgoing)?);
        if let Some(body) = &request.body {
            builder = builder.body(body.bytes.clone());
        }
        let deadline = outgoing.deadline;
        let sent = async { builder.send().await.map_err(|error| HttpError::of(error, deadline.seconds)) };
        deadline.bound(sent).await
    }
}

impl Incoming {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The first header of this name; bytes that are no text are replaced.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
    }

    /// All headers, names in lower case, as [`crate::model::Response`] and [`crate::model::Answer`] want them.
    pub fn headers(&self) -> Vec<(String, String)> {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        self.response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
    }

    /// The whole body, decompressed; refused as soon as it is known to be larger than `limit` bytes.
    pub async fn whole(mut self, limit: usize) -> Result<Bytes, HttpError> {
        if self.response.content_length().is_some_and(|length| length > limit as u64) {
            return Err(HttpError::TooLarge { limit });
        }
        let body = self.read(limit).await?;
        if body.len() > limit { Err(HttpError::TooLarge { limit }) } else { Ok(body) }
    }

    /// The next piece of the body, decompressed, as it comes; `None` at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        let (deadline, response) = (self.deadline, &mut self.response);
        let next = async { response.chunk().await.map_err(|error| HttpError::of(error, deadline.seconds)) };
        deadline.bound(next).await
    }

    /// The first `limit` bytes of the body, decompressed.
    pub async fn start(mut self, limit: usize) -> Result<Bytes, HttpError> {
        let mut body = self.read(limit).await?;
        body.truncate(limit);
        Ok(body)
    }

    /// Reads until the end, or until just past `limit` bytes.
    async fn read(&mut self, limit: usize) -> Result<Bytes, HttpError> {
        let announced = self.response.content_length().unwrap_or_default();
        let mut body = BytesMut::with_capacity((announced as usize).min(FIRST_ROOM).min(limit));
        let (deadline, response) = (self.deadline, &mut self.response);
        let reading = async {
            while body.len() <= limit {
                match response.chunk().await.map_err(|error| HttpError::of(error, deadline.seconds))? {
                    Some(chunk) => body.extend_from_slice(&chunk),
                    None => break,
                }
            }
            Ok(())
        };
        deadline.bound(reading).await?;
        Ok(body.freeze())
    }
}

/// What both clients have in common. No redirects, no cookies, no environment.
fn builder(settings: &ClientSettings, tls: rustls::ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .user_agent(settings.user_agent.clone())
        .connect_timeout(CONNECT_TIME.to_std())
        .pool_idle_timeout(IDLE_TIME.to_std())
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
}

/// rustls with ring and Mozilla's roots: no C library, no file of the system.
pub(super) fn tls() -> Result<rustls::ClientConfig, HttpError> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::Malformed { why: error.to_string() })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // reqwest leaves a preconfigured backend as it is, so the offer of HTTP/2 is ours to make.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Patch => reqwest::Method::PATCH,
        Method::Put => reqwest::Method::PUT,
    }
}

/// The address that is really asked, with its secret where that is at home.
pub(super) fn target(request: &Request, hop: &Url) -> Result<Url, HttpError> {
    match &request.auth {
        Auth::Url { secret } if *hop == request.url => {
            let wrong = |_| HttpError::Malformed { why: "the secret address is not a URL".into() };
            Url::parse(secret.expose()).map_err(wrong)
        }
        Auth::Query { name, secret } if at_home(request, hop) => {
            let mut url = hop.clone();
            url.query_pairs_mut().append_pair(name, secret.expose());
            Ok(url)
        }
        // A grant is exchanged for a header by the door.
        Auth::None | Auth::Header { .. } | Auth::Query { .. } | Auth::Url { .. } | Auth::Token(_) => Ok(hop.clone()),
    }
}

fn at_home(request: &Request, hop: &Url) -> bool {
    hop.origin() == request.url.origin()
}

pub(super) fn headers(outgoing: &Outgoing<'_>) -> Result<HeaderMap, HttpError> {
    let request = outgoing.request;
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers.iter().chain(outgoing.headers) {
        insert(&mut headers, name, value, false)?;
    }
    if let Some(body) = &request.body {
        insert(&mut headers, CONTENT_TYPE.as_str(), &body.content_type, false)?;
    }
    if let Auth::Header { name, prefix, secret } = &request.auth
        && at_home(request, outgoing.url)
    {
        insert(&mut headers, name, &format!("{prefix}{}", secret.expose()), true)?;
    }
    Ok(headers)
}

fn insert(headers: &mut HeaderMap, name: &str, value: &str, secret: bool) -> Result<(), HttpError> {
    // Neither value is told: the one that cannot be sent may well be a secret with a line break at its end.
    let wrong = || HttpError::Malformed { why: format!("header `{}` cannot be sent as it is", name.escape_debug()) };
    let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
    value.set_sensitive(secret);
    headers.insert(key, value);
    Ok(())
}

#[cfg(test)]
mod tests;
