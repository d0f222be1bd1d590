//! Which token does a request carry, and how is it got without asking for it more than once?
//!
//! A kind only says how a token is to be had ([`TokenGrant`]). It is got when the first request needs it, kept until shortly
//! before it ends, and shared by all sources that name the same grant; whoever needs it meanwhile waits for the one
//! who is asking. When the site does not take it, one new token is got and the request made once more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::hops::{Arrived, Errand};
use super::problem::{self, Refusal};
use super::{Door, Policy, hops};
use crate::model::{Auth, Body, Duration, FetchProblem, Request, Secret, Timestamp, TokenGrant};

/// How long a token is kept whose end is not told, and the longest that any is kept.
const LIFE: Duration = Duration::hours(1);
const LONGEST_LIFE: Duration = Duration::days(7);
/// A token is not used any more so long before its end, or a tenth of its life where that is less.
const MARGIN: Duration = Duration::minutes(1);
/// A refusal is believed for so long: sources that share a grant must not knock one after the other.
const REFUSAL_KEPT: Duration = Duration::minutes(1);
/// Largest answer that holds a token, and the longest token, in bytes.
const MAX_ANSWER: usize = 64 * 1024;
const MAX_TOKEN: usize = 16 * 1024;
/// Grants kept in mind at once; beyond it, those that nobody is using are forgotten.
const MAX_GRANTS: usize = 1_000;
/// How much of what the site says of a refusal is told, in characters.
const MAX_SAID: usize = 160;
/// What an API built on atproto says with 400 where others say 401.
const EXPIRED: &str = "ExpiredToken";

/// All tokens in use, by a hash of their grants.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<blake3::Hash, Arc<Slot>>>);

/// Locked while its token is being got, so that one asks and the others wait.
type Slot = tokio::sync::Mutex<Held>;

/// What is known of a grant.
#[derive(Default)]
enum Held {
    #[default]
    Nothing,
    Token {
        token: Secret,
        until: Timestamp,
    },
    Refused {
        problem: FetchProblem,
        until: Timestamp,
    },
}

impl Tokens {
    fn slot(&self, grant: &TokenGrant) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MAX_GRANTS {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(fingerprint(grant)).or_default().clone()
    }
}

impl Door {
    /// The token of a grant; a new one where the one known is over, or is the one that was `refused`.
    pub(super) async fn token(
        &self,
        grant: &TokenGrant,
        refused: Option<&Secret>,
        request: &Request,
        policy: &Policy,
    ) -> Result<Secret, FetchProblem> {
        let slot = self.tokens().slot(grant);
        let mut held = slot.lock().await;
        let now = self.now();
        match &*held {
            Held::Token { token, until }
                if *until > now && refused.is_none_or(|old| old.expose() != token.expose()) =>
            {
                return Ok(token.clone());
            }
            Held::Refused { problem, until } if *until > now => return Err(problem.clone()),
            Held::Nothing | Held::Token { .. } | Held::Refused { .. } => {}
        }
        let got = self.get_token(grant, request, policy).await;
        let now = self.now();
        *held = match &got {
            Ok((token, life)) => Held::Token { token: token.clone(), until: now + usable(*life) },
            Err(problem @ FetchProblem::NoToken { .. }) => {
                Held::Refused { problem: problem.clone(), until: now + REFUSAL_KEPT }
            }
            // Nobody refused it; the next one may be luckier.
            Err(_) => Held::Nothing,
        };
        got.map(|(token, _)| token)
    }

    /// Asks for a token, in its turn, under the limit of its own host.
    async fn get_token(
        &self,
        grant: &TokenGrant,
        request: &Request,
        policy: &Policy,
    ) -> Result<(Secret, Duration), FetchProblem> {
        let asking = asking(grant);
        // What was allowed for the source's host says nothing of another one.
        let allow_private = policy.allow_private && asking.url.host() == request.url.host();
        // The source's own limit is for its site, not for who gives the token.
        let policy = Policy { max_body: MAX_ANSWER, allow_private, limit: None, due: None, ..policy.clone() };
        let start = asking.url.clone();
        let errand = Errand { request: &asking, start, conditions: Vec::new(), policy: &policy, cut_off: false };
        // Boxed: it is needed rarely, and would make every request's state larger.
        let arrived = Box::pin(self.follow(&errand)).await.map_err(of_token)?;
        if arrived.status >= 400 {
            return Err(self.refused_token(grant, &arrived));
        }
        read(grant, &arrived.body).map_err(|why| FetchProblem::NoToken { why })
    }

    fn refused_token(&self, grant: &TokenGrant, arrived: &Arrived) -> FetchProblem {
        let header = |name: &str| hops::header(&arrived.headers, name);
        let now = self.now();
        if let Refusal::Wait(wait) = problem::of_status(arrived.status, header, true, now) {
            let why = format!("HTTP {} for its token", arrived.status);
            let until = self.lanes().hold(&self.limit_key(url_of(grant), &Policy::default()), now + wait, &why);
            return FetchProblem::Limited { until, why };
        }
        let said = said(grant, &arrived.body).map(|said| format!(": {said}")).unwrap_or_default();
        FetchProblem::NoToken { why: format!("HTTP {}{said}", arrived.status) }
    }
}

/// The request with a token in the place of its grant. It goes to the request's own origin only, as every header of the kind.
pub(super) fn bearing(request: &Request, token: Secret) -> Request {
    let auth = Auth::Header { name: "Authorization".to_owned(), prefix: "Bearer ".to_owned(), secret: token };
    Request { auth, ..request.clone() }
}

/// Whether an asking ended so that a new token may help.
pub(super) fn is_refused(arrived: &Result<Arrived, FetchProblem>) -> bool {
    match arrived {
        Ok(arrived) if arrived.status == 400 => {
            let answer: Value = serde_json::from_slice(&arrived.body).unwrap_or_default();
            answer.get("error").and_then(Value::as_str) == Some(EXPIRED)
        }
        Ok(arrived) => arrived.status == 401,
        Err(problem) => *problem == FetchProblem::Refused { status: 401 },
    }
}

/// Tells a problem of the token's address from one of the source's.
fn of_token(problem: FetchProblem) -> FetchProblem {
    match problem {
        FetchProblem::Refused { status } | FetchProblem::Status { status: status @ ..500 } => {
            FetchProblem::NoToken { why: format!("HTTP {status}") }
        }
        FetchProblem::Gone => FetchProblem::NoToken { why: "HTTP 410".to_owned() },
        FetchProblem::Status { status } => {
            FetchProblem::Unreachable { why: format!("the address of its token answers HTTP {status}") }
        }
        FetchProblem::Unreachable { why } => {
            FetchProblem::Unreachable { why: format!("the address of its token: {why}") }
        }
        FetchProblem::TimedOut { .. }
        | FetchProblem::Limited { .. }
        | FetchProblem::Robots { .. }
        | FetchProblem::PrivateAddress { .. }
        | FetchProblem::TooManyRedirects { .. }
        | FetchProblem::TooLarge { .. }
        | FetchProblem::NoToken { .. }
        | FetchProblem::Wall { .. }
        | FetchProblem::FoundNothing { .. }
        | FetchProblem::ErrorItem { .. }
        | FetchProblem::Unreadable { .. } => problem,
    }
}

fn url_of(grant: &TokenGrant) -> &Url {
    match grant {
        TokenGrant::ClientCredentials { url, .. } | TokenGrant::Login { url, .. } => url,
    }
}

/// Names a grant without keeping its secret.
fn fingerprint(grant: &TokenGrant) -> blake3::Hash {
    let asking = asking(grant);
    let mut hasher = blake3::Hasher::new();
    let basic = match &asking.auth {
        Auth::Header { secret, .. } => secret.expose(),
        Auth::None | Auth::Query { .. } | Auth::Url { .. } | Auth::Token(_) => "",
    };
    let body = asking.body.as_ref().map(|body| body.bytes.as_ref()).unwrap_or_default();
    for part in [asking.url.as_str().as_bytes(), basic.as_bytes(), body] {
        hasher.update(&(part.len() as u64).to_be_bytes()).update(part);
    }
    hasher.finalize()
}

/// The request that gets a token.
fn asking(grant: &TokenGrant) -> Request {
    match grant {
        TokenGrant::ClientCredentials { url, client_id, client_secret, scope, in_form } => {
            let mut form = Serializer::new(String::new());
            form.append_pair("grant_type", "client_credentials");
            if let Some(scope) = scope {
                form.append_pair("scope", scope);
            }
            if *in_form {
                form.append_pair("client_id", client_id).append_pair("client_secret", client_secret.expose());
            }
            let body = Body { content_type: "application/x-www-form-urlencoded".into(), bytes: form.finish().into() };
            let auth = if *in_form { Auth::None } else { basic(client_id, client_secret) };
            let request = Request { auth, body: Some(body), ..Request::post_json(url.clone(), String::new()) };
            request.header("Accept", "application/json")
        }
        TokenGrant::Login { url, fields, secret: (name, secret), .. } => {
            let mut object: serde_json::Map<String, Value> =
                fields.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect();
            object.insert(name.clone(), Value::from(secret.expose()));
            Request::post_json(url.clone(), Value::from(object).to_string()).header("Accept", "application/json")
        }
    }
}

/// `Authorization: Basic …`, with id and secret encoded as RFC 6749 (section 2.3.1) wants it.
fn basic(client_id: &str, client_secret: &Secret) -> Auth {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(client_secret.expose()));
    let secret = Secret::new(STANDARD.encode(pair));
    Auth::Header { name: "Authorization".to_owned(), prefix: "Basic ".to_owned(), secret }
}

/// The token in an answer, and how long it lasts.
fn read(grant: &TokenGrant, body: &[u8]) -> Result<(Secret, Duration), String> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| "the answer is no JSON".to_owned())?;
    let place = match grant {
        TokenGrant::ClientCredentials { .. } => "/access_token",
        TokenGrant::Login { token, .. } => token.as_str(),
    };
    let Some(token) = answer.pointer(place).and_then(Value::as_str).filter(|token| !token.is_empty()) else {
        // Some say what is wrong with a status of 200.
        let said = said(grant, body).map(|said| format!(": {said}")).unwrap_or_default();
        return Err(format!("the answer has no token at `{place}`{said}"));
    };
    if token.len() > MAX_TOKEN {
        return Err(format!("the token is longer than {MAX_TOKEN} bytes"));
    }
    let told = answer.get("expires_in");
    let seconds = told.and_then(|life| life.as_f64().or_else(|| life.as_str()?.trim().parse().ok()));
    let life = seconds.filter(|seconds| *seconds >= 0.0).map_or(LIFE, |seconds| Duration((seconds * 1000.0) as u64));
    Ok((Secret::new(token), life.min(LONGEST_LIFE)))
}

/// How much of a token's life it is used for.
fn usable(life: Duration) -> Duration {
    Duration(life.0 - MARGIN.0.min(life.0 / 10))
}

/// What the site says of a refusal, unless it repeats the secret.
fn said(grant: &TokenGrant, body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let words = |key: &str| answer.get(key).and_then(Value::as_str);
    let parts: Vec<&str> = ["error", "error_description", "message"].into_iter().filter_map(words).collect();
    let said = parts.join(", ");
    let secret = match grant {
        TokenGrant::ClientCredentials { client_secret, .. } => client_secret,
        TokenGrant::Login { secret: (_, secret), .. } => secret,
    };
    let clean: String = said.chars().filter(|c| !c.is_control()).take(MAX_SAID).collect();
    (!clean.is_empty() && !said.contains(secret.expose())).then_some(clean)
}
