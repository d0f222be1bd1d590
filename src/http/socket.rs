//! How is a WebSocket opened, guarded as every other request is, and read within bounds?

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use reqwest::dns::{Name, Resolve};
use reqwest::header::{HeaderValue, USER_AGENT};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use url::{Host, Url};

use super::client::{CONNECT_TIME, Client, Outgoing, headers, target, tls};
use super::error::HttpError;
use super::guard::{Resolver, Way};

/// Addresses of one name that are tried, one after the other.
const MOST_ADDRESSES: usize = 4;

/// What came of the asking for a WebSocket.
#[derive(Debug)]
pub enum Opened {
    Open(Box<Socket>),
    /// The server answered with a status of its own instead.
    Refused {
        status: u16,
        retry_after: Option<String>,
        /// Where a redirect leads to, as the server says.
        location: Option<String>,
    },
}

/// An open WebSocket. Pings of the server are answered while it is read.
#[derive(Debug)]
pub struct Socket(WebSocketStream<Box<dyn Wire>>);

/// One thing that came over a WebSocket.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Text(String),
    /// A message that is no text; what is in it is not told.
    Binary,
    /// A ping or a pong: the other side lives.
    Sign,
    /// The other side ends it, in its own words.
    Closed(String),
}

/// A connection, with or without TLS.
trait Wire: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> Wire for T {}

impl Client {
    /// Opens a WebSocket (`wss:`, `ws:`) whose messages have at most `max_message` bytes. A redirect is told and not followed.
    pub async fn open_socket(&self, outgoing: &Outgoing<'_>, max_message: usize) -> Result<Opened, HttpError> {
        outgoing.deadline.bound(self.handshake(outgoing, max_message)).await
    }

    async fn handshake(&self, outgoing: &Outgoing<'_>, max_message: usize) -> Result<Opened, HttpError> {
        let target = target(outgoing.request, outgoing.url)?;
        let web = as_web(&target)?;
        let way = self.guard.way(&web, outgoing.allow_private)?;
        if self.proxy && way == Way::Guarded {
            // Past the proxy it must not go, and through it only requests of HTTP can.
            return Err(HttpError::Malformed { why: "a WebSocket cannot go through the configured proxy".into() });
        }
        let wire = self.connect(&web, way).await?;
        let mut asking = target.as_str().into_client_request().map_err(HttpError::of_socket)?;
        asking.headers_mut().extend(headers(outgoing)?);
        if let Ok(agent) = HeaderValue::from_str(&self.user_agent) {
            asking.headers_mut().insert(USER_AGENT, agent);
        }
        let config = WebSocketConfig::default().max_message_size(Some(max_message)).max_frame_size(Some(max_message));
        match tokio_tungstenite::client_async_with_config(asking, wire, Some(config)).await {
            Ok((stream, _)) => Ok(Opened::Open(Box::new(Socket(stream)))),
            Err(tungstenite::Error::Http(answer)) => {
                let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
                let (retry_after, location) = (header("retry-after"), header("location"));
                Ok(Opened::Refused { status: answer.status().as_u16(), retry_after, location })
            }
            Err(error) => Err(HttpError::of_socket(error)),
        }
    }

    /// A connection to the host of a URL, with TLS where its scheme says so.
    async fn connect(&self, web: &Url, way: Way) -> Result<Box<dyn Wire>, HttpError> {
        let host = web.host().ok_or_else(|| HttpError::Malformed { why: "the address has no host".into() })?;
        let port = web.port_or_known_default().unwrap_or(443);
        let addresses = match host {
            Host::Ipv4(address) => vec![IpAddr::V4(address)],
            Host::Ipv6(address) => vec![IpAddr::V6(address)],
            Host::Domain(name) => self.addresses(name, way).await?,
        };
        let tcp = reach_one(&addresses, port).await?;
        // Small messages must not wait for larger ones; a connection without that is as good.
        let _ = tcp.set_nodelay(true);
        if web.scheme() != "https" {
            return Ok(Box::new(tcp));
        }
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.to_owned())
                .map_err(|_| HttpError::Malformed { why: "the host has no name that TLS knows".into() })?,
            Host::Ipv4(address) => ServerName::from(IpAddr::V4(address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::V6(address)),
        };
        let mut config = tls()?;
        // Nobody speaks HTTP/2 for us here.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let wrapped = TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
        let wire = wrapped.map_err(|error| HttpError::Unreachable { why: error.to_string() })?;
        Ok(Box::new(wire))
    }

    /// The addresses of a name that this way may lead to: those that were judged are those connected to.
    async fn addresses(&self, name: &str, way: Way) -> Result<Vec<IpAddr>, HttpError> {
        let resolver = Resolver { guard: self.guard.clone(), way, lookup: self.lookup.clone() };
        let known = Name::from_str(name)
            .map_err(|_| HttpError::Malformed { why: "the host has no name that can be looked up".into() })?;
        let found = resolver.resolve(known).await.map_err(HttpError::of_lookup)?;
        Ok(found.map(|address| address.ip()).take(MOST_ADDRESSES).collect())
    }
}

impl Socket {
    /// What comes next. Safe to drop at any time.
    pub async fn next(&mut self) -> Result<Heard, HttpError> {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => Ok(Heard::Text(text.as_str().to_owned())),
            Some(Ok(Message::Binary(_))) => Ok(Heard::Binary),
            Some(Ok(Message::Close(said))) => {
                Ok(Heard::Closed(said.map(|said| said.reason.as_str().to_owned()).unwrap_or_default()))
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(Heard::Sign),
            Some(Err(error)) => Err(HttpError::of_socket(error)),
            None => Ok(Heard::Closed(String::new())),
        }
    }

    /// Asks the other side for a sign of life.
    pub async fn ping(&mut self) -> Result<(), HttpError> {
        self.0.send(Message::Ping(Default::default())).await.map_err(HttpError::of_socket)
    }
}

/// The address as the guard judges it: `wss:` as `https:`.
fn as_web(target: &Url) -> Result<Url, HttpError> {
    let scheme = match target.scheme() {
        "wss" => "https",
        "ws" => "http",
        other => return Err(HttpError::Malformed { why: format!("`{other}:` is no address of a WebSocket") }),
    };
    let mut web = target.clone();
    web.set_scheme(scheme).map_err(|()| HttpError::Malformed { why: "the address has no host".into() })?;
    Ok(web)
}

async fn reach_one(addresses: &[IpAddr], port: u16) -> Result<TcpStream, HttpError> {
    let mut why = "the name has no address".to_owned();
    for address in addresses {
        let connecting = TcpStream::connect(SocketAddr::new(*address, port));
        match tokio::time::timeout(CONNECT_TIME.to_std(), connecting).await {
            Ok(Ok(tcp)) => return Ok(tcp),
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => why = format!("no connection within {} s", CONNECT_TIME.0 / 1000),
        }
    }
    Err(HttpError::Unreachable { why })
}
