//! What can be set for a source of Mastodon, and what can be wrong with it?

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::{Fault, Secret, Settings};

/// What can be set for a source of this kind. At most one of `tag`, `account` and `query`; with none of them the public timeline is read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// Address of the instance that is asked. It shows what its people wrote and whom they follow elsewhere.
    pub url: String,
    /// A tag, with or without `#`.
    pub tag: Option<String>,
    /// An account, as `acme` or, of another instance, `acme@social.example`.
    pub account: Option<String>,
    /// Words as typed into the instance's search; needs a `token`, and an instance that searches posts.
    pub query: Option<String>,
    /// Only what was written at this instance. Does not go with `account` and `query`.
    #[serde(default)]
    pub local: bool,
    /// Token of an application of yours: Preferences, Development, with the scope `read:statuses` (and `read:search`).
    pub token: Option<Secret>,
    /// Whether new posts are streamed instead of asked for; needs a `token`. Does not go with `account` and `query`.
    #[serde(default)]
    pub stream: bool,
    /// Address of the streaming server, where it is not that of the instance.
    pub streaming_url: Option<String>,
}

/// Whether it can be a tag, without its `#`.
pub(super) fn is_tag(tag: &str) -> bool {
    !tag.is_empty() && tag.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '·'))
}

/// Whether it can be an account, without its first `@`.
pub(super) fn is_account(account: &str) -> bool {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    match account.split_once('@') {
        Some((name, host)) => is_name(name) && is_name(host),
        None => is_name(account),
    }
}

/// Everything wrong with the settings, but for addresses that cannot be read.
pub(super) fn faults(settings: &Settings<'_>, options: &Options) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |key, what: String, hint| faults.push(settings.fault(key, what).hint(hint));
    let Options { tag, account, query, local, token, stream, streaming_url, .. } = options;
    let given: Vec<&str> = [("tag", tag), ("account", account), ("query", query)]
        .into_iter()
        .filter_map(|(key, value)| value.as_ref().map(|_| key))
        .collect();
    if let [_, key, ..] = given[..] {
        fault(key, "there is more than one of `tag`, `account` and `query`".into(), "make it two sources");
    }
    if let Some(tag) = tag.as_deref().filter(|tag| !is_tag(tag.trim().trim_start_matches('#'))) {
        fault("tag", format!("`{tag}` is no tag"), "one tag without spaces: `acme`");
    }
    if let Some(account) = account.as_deref().filter(|account| !is_account(account.trim().trim_start_matches('@'))) {
        fault("account", format!("`{account}` is no account"), "write `acme` or `acme@social.example`");
    }
    if query.as_ref().is_some_and(|query| query.trim().is_empty()) {
        fault("query", "there is nothing to search for".into(), "leave it out to read the public timeline");
    }
    let of_one = account.is_some() || query.is_some();
    if *local && of_one {
        fault("local", "neither an account nor a search is told apart so".into(), "leave `local` out");
    }
    if *stream && of_one {
        fault("stream", "only tags and the public timeline can be streamed".into(), "leave `stream` out");
    }
    if (*stream || query.is_some()) && token.is_none() {
        fault("token", "search and streaming need a `token`".into(), "make one under Preferences, Development");
    }
    if streaming_url.is_some() && !stream {
        fault("streaming_url", "nothing is streamed".into(), "write `stream = true`, or leave it out");
    }
    faults
}
