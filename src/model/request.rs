//! What does a kind ask for, and what does a door bring back?

use bytes::Bytes;
use url::Url;

use super::{Secret, Timestamp};

/// One HTTP request, as a kind wants it; the door adds user agent, validators, secrets and limits.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    /// Name and value; never secrets (those go into `auth`).
    pub headers: Vec<(String, String)>,
    pub body: Option<Body>,
    pub auth: Auth,
    /// May be asked with If-None-Match and If-Modified-Since.
    pub conditional: bool,
    /// Must obey the host's robots.txt (pages made for people, not feeds or APIs).
    pub robots: bool,
}

impl Request {
    /// A plain conditional GET.
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::Get,
            url,
            headers: Vec::new(),
            body: None,
            auth: Auth::None,
            conditional: true,
            robots: false,
        }
    }

    /// A POST of JSON, as receivers send it.
    pub fn post_json(url: Url, json: String) -> Self {
        Self {
            method: Method::Post,
            url,
            headers: Vec::new(),
            body: Some(Body { content_type: "application/json".into(), bytes: json.into() }),
            auth: Auth::None,
            conditional: false,
            robots: false,
        }
    }

    /// The same request with one more header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Patch,
    Put,
}

/// What a request sends.
#[derive(Clone, Debug)]
pub struct Body {
    pub content_type: String,
    pub bytes: Bytes,
}

/// A secret that the door adds to the request and never lets cross to another host.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    #[default]
    None,
    /// `name: prefix + secret`, for example `Authorization: Bearer …`.
    Header { name: String, prefix: String, secret: Secret },
    /// A query parameter of this name, for example Stack Exchange's `key`.
    Query { name: String, secret: Secret },
    /// The whole address is the secret (a chat service's webhook): `url` of the request is only a
    /// redacted stand-in for logs.
    Url { secret: Secret },
    /// `Authorization: Bearer …` with a token that the door gets, keeps while it is valid, and gets again when it is refused.
    Token(Box<TokenGrant>),
}

/// How to get a token.
#[derive(Clone, Debug)]
pub enum TokenGrant {
    /// OAuth 2 client credentials (RFC 6749, section 4.4); `access_token` and `expires_in` of the answer count.
    ClientCredentials {
        url: Url,
        client_id: String,
        client_secret: Secret,
        scope: Option<String>,
        /// Id and secret go into the form instead of into an `Authorization: Basic` header.
        in_form: bool,
    },
    /// A login: a POST of a JSON object with `fields` and the secret; the token is at a JSON pointer of the answer.
    Login {
        url: Url,
        fields: Vec<(String, String)>,
        /// Name of the field that holds the secret, and the secret.
        secret: (String, Secret),
        /// For example `/accessJwt`.
        token: String,
    },
}

/// An answer with a status of 2xx; the door turns everything else into a [`super::FetchProblem`] or "unchanged".
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    /// Where the answer came from after redirects; relative links are resolved against it.
    pub url: Url,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Decompressed, at most as long as the door's cap.
    pub body: Bytes,
    pub received_at: Timestamp,
}

impl Response {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}
