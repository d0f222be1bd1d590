//! How does a request prove who asks, and what else does it carry?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::model::{Auth, Fault, Secret, Settings, TokenGrant};
use crate::parse::json as address;

/// Headers that are the door's own, or carry secrets.
const REFUSED: [&str; 8] =
    ["authorization", "cookie", "proxy-authorization", "host", "content-length", "user-agent", "connection", "te"];

/// How a request proves who asks: a secret in a header or in a query parameter, or OAuth 2 client credentials.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Access {
    /// Name of the header that carries `secret`: `Authorization`, `X-Api-Key`.
    header: Option<String>,
    /// What stands before the secret in the header: `"Bearer "`.
    #[serde(default)]
    prefix: String,
    /// Name of the query parameter that carries `secret`. Better a header, where the API takes one.
    parameter: Option<String>,
    /// The secret.
    secret: Option<Secret>,
    /// Where a token is to be had (OAuth 2 client credentials).
    token_url: Option<String>,
    /// Id of the client that the token is for.
    client_id: Option<String>,
    /// Secret of the client that the token is for.
    client_secret: Option<Secret>,
    /// What the token is to allow, where the API wants to know.
    scope: Option<String>,
    /// Id and secret of the client go into the form instead of into a header.
    #[serde(default)]
    in_form: bool,
}

impl Access {
    pub(super) fn auth(self, settings: &Settings<'_>) -> Result<Auth, Vec<Fault>> {
        let fault = |what: &str| {
            let hint = "`{ header = \"Authorization\", prefix = \"Bearer \", secret = { env = \"NAME\" } }`, \
                        `{ parameter = \"key\", secret = … }` or `{ token_url = …, client_id = …, client_secret = … }`";
            Err(vec![settings.fault("auth", what).hint(hint)])
        };
        match (self.header, self.parameter, self.token_url) {
            (Some(name), None, None) if is_token(&name) => match self.secret {
                Some(secret) => Ok(Auth::Header { name, prefix: self.prefix, secret }),
                None => fault("the header has no `secret`"),
            },
            (Some(name), None, None) => fault(&format!("`{name}` is no name of a header")),
            (None, Some(name), None) => match self.secret {
                Some(secret) => Ok(Auth::Query { name, secret }),
                None => fault("the parameter has no `secret`"),
            },
            (None, None, Some(written)) => {
                let url = address::base(settings, "auth.token_url", &written)?;
                let (Some(client_id), Some(client_secret)) = (self.client_id, self.client_secret) else {
                    return fault("`token_url` needs `client_id` and `client_secret`");
                };
                let (scope, in_form) = (self.scope, self.in_form);
                let grant = TokenGrant::ClientCredentials { url, client_id, client_secret, scope, in_form };
                Ok(Auth::Token(Box::new(grant)))
            }
            _ => fault("it names no way to prove who asks, or several"),
        }
    }
}

/// What is wrong with headers that were written down.
pub(super) fn header_faults(settings: &Settings<'_>, headers: &BTreeMap<String, String>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, value) in headers {
        if REFUSED.contains(&&*name.to_ascii_lowercase()) {
            let fault = settings.fault("headers", format!("`{name}` cannot be set here"));
            faults.push(fault.hint("a secret belongs into `auth`"));
        } else if !is_token(name) || value.chars().any(char::is_control) {
            faults
                .push(settings.fault("headers", format!("`{name}` is no header")).hint("`{ \"X-Version\" = \"2\" }`"));
        }
    }
    faults
}

/// A token of RFC 9110: what a header may be called.
fn is_token(name: &str) -> bool {
    let may = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(may)
}

/// A body of JSON with `{cursor}` and `{page}` filled in. A text that is nothing but a placeholder becomes the
/// value itself: null for the cursor of the first page, a number for the page.
pub(super) fn filled(template: &Value, cursor: Option<&str>, page: u64) -> Value {
    match template {
        Value::String(text) if text == "{cursor}" => json!(cursor),
        Value::String(text) if text == "{page}" => json!(page),
        Value::String(text) => {
            let text = text.replace("{page}", &page.to_string());
            Value::String(text.replace("{cursor}", cursor.unwrap_or_default()))
        }
        Value::Array(entries) => entries.iter().map(|entry| filled(entry, cursor, page)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), filled(value, cursor, page))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => template.clone(),
    }
}
