//! What can be set for a source of Reddit, and what can be wrong with it?

use schemars::JsonSchema;
use serde::Deserialize;

use super::{API, SITE};
use crate::model::{Fault, Secret, Settings};

/// Most subreddits of one source; their names stand in the address.
const MAX_SUBREDDITS: usize = 100;

/// What can be set for a source of this kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// Names of subreddits, without `r/`; all of them are asked for at once. Can be left out when there is a `query`.
    #[serde(default)]
    pub subreddits: Vec<String>,
    /// Words as typed into Reddit's search, in these subreddits or everywhere. The search finds posts, not comments.
    pub query: Option<String>,
    /// What to listen to: stories, comments, or both. Without it both, or with a `query` stories, which are all that it finds.
    pub types: Option<Vec<What>>,
    /// Id of an application registered at reddit.com/prefs/apps. With it and the secret the API is asked: likes and replies
    /// are known, and 100 requests a minute are allowed instead of one.
    pub client_id: Option<String>,
    /// Secret of that application.
    pub client_secret: Option<Secret>,
    /// Address of the site, for a stand-in of it.
    #[serde(default = "site")]
    pub url: String,
    /// Address of the API, for a stand-in of it.
    #[serde(default = "api")]
    pub api_url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Story,
    Comment,
}

fn site() -> String {
    SITE.to_owned()
}

fn api() -> String {
    API.to_owned()
}

/// A name without the `r/` that people write before it.
pub(super) fn bare(name: &str) -> &str {
    let name = name.trim().trim_matches('/');
    name.strip_prefix("r/").unwrap_or(name)
}

pub(super) fn is_subreddit(name: &str) -> bool {
    (2..=24).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

pub(super) fn faults(settings: &Settings<'_>, options: &Options) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |key, what: String, hint| faults.push(settings.fault(key, what).hint(hint));
    for name in options.subreddits.iter().filter(|name| !is_subreddit(bare(name))) {
        fault("subreddits", format!("`{name}` is no subreddit"), "one name is one text: `[\"acme\", \"acmecloud\"]`");
    }
    if options.subreddits.len() > MAX_SUBREDDITS {
        fault("subreddits", format!("there are more than {MAX_SUBREDDITS} subreddits"), "make it two sources");
    }
    match options.query.as_deref().map(str::trim) {
        Some("") => fault("query", "there is nothing to search for".into(), "leave it out to read every post"),
        None if options.subreddits.is_empty() => {
            fault("subreddits", "neither `subreddits` nor `query` is there".into(), "write at least one of them");
        }
        _ => {}
    }
    match options.types.as_deref() {
        Some([]) => fault("types", "nothing to listen to".into(), "leave it out, or write `[\"story\", \"comment\"]`"),
        Some(types) if options.query.is_some() && types.contains(&What::Comment) => {
            fault("types", "Reddit's search finds no comments".into(), "leave out `query` or `types`");
        }
        _ => {}
    }
    let why = "`client_id` and `client_secret` belong together";
    match (&options.client_id, &options.client_secret) {
        (Some(_), None) => fault("client_secret", "`client_secret` is missing".into(), why),
        (None, Some(_)) => fault("client_id", "`client_id` is missing".into(), why),
        _ => {}
    }
    faults
}
