//! What can be set for a source of GitHub, and what is wrong with it?

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::model::{Fault, Secret, Settings};

/// Longest name of an owner or a repository, in characters.
const MAX_NAME: usize = 100;
/// Longest search that GitHub takes, in characters.
const MAX_QUERY: usize = 256;

/// What can be set for a source of this kind. One of `repo` and `query` must be there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    /// A repository: `owner/name`.
    pub repo: Option<String>,
    /// What of the repository to listen to: issues (with pull requests), comments on them, releases, discussions. Without
    /// a token discussions come from a feed that has no likes and no replies.
    pub what: Option<Vec<What>>,
    /// Issues and pull requests of all repositories, or of `repo`, as GitHub's own search understands it:
    /// `"acme cloud" in:title,body is:issue`.
    pub query: Option<String>,
    /// Which issues, pull requests and results come: those made since the last poll, or with `updated` also those that
    /// somebody changed or commented on.
    #[serde(default)]
    pub sort: Sort,
    /// Also what bots write; without it, it is counted as rejected. Releases are read whoever made them.
    #[serde(default)]
    pub bots: bool,
    /// A personal access token with no rights but to read what is public: 5,000 requests an hour instead of 60.
    pub token: Option<Secret>,
    /// Address of the site, for a GitHub Enterprise Server.
    #[serde(default = "site")]
    pub url: String,
    /// Address of the API. Without it `https://api.github.com`, or `/api/v3` of a server of your own.
    pub api_url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Issues,
    Comments,
    Releases,
    Discussions,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sort {
    #[default]
    Created,
    Updated,
}

impl Sort {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
        }
    }

    /// The field of an issue with the moment that it is sorted by.
    pub fn field(self) -> &'static str {
        match self {
            Self::Created => "created_at",
            Self::Updated => "updated_at",
        }
    }
}

fn site() -> String {
    super::SITE.to_owned()
}

/// Where the REST and the GraphQL API of a site are.
pub(super) fn api_of(site: &Url, api: Option<&Url>) -> (String, String) {
    let is_own = site.as_str().trim_end_matches('/') != super::SITE;
    match api.map(|api| api.as_str().trim_end_matches('/')) {
        Some(api) => {
            // On a server of one's own REST is at `/api/v3` and GraphQL at `/api/graphql`.
            let base = api.strip_suffix("/v3").unwrap_or(api);
            (api.to_owned(), format!("{base}/graphql"))
        }
        None if is_own => {
            let site = site.as_str().trim_end_matches('/');
            (format!("{site}/api/v3"), format!("{site}/api/graphql"))
        }
        None => (super::API.to_owned(), format!("{}/graphql", super::API)),
    }
}

pub(super) fn is_repo(repo: &str) -> bool {
    let named = |name: &str| {
        let right = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        (1..=MAX_NAME).contains(&name.len()) && name.chars().all(right) && name.contains(|c| c != '.')
    };
    repo.split_once('/').is_some_and(|(owner, name)| named(owner) && named(name))
}

pub(super) fn faults(settings: &Settings<'_>, options: &Options) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |key, what: String, hint: &str| faults.push(settings.fault(key, what).hint(hint));
    let Options { repo, what, query, .. } = options;
    match (repo, query) {
        (None, None) => fault("repo", "neither `repo` nor `query` is there".into(), "write `repo = \"owner/name\"`"),
        (Some(repo), _) if !is_repo(repo) => {
            fault("repo", format!("`{repo}` is no repository"), "write the owner and the name: `acme/anvil`");
        }
        _ => {}
    }
    if let Some(query) = query {
        let length = query.trim().chars().count();
        if length == 0 {
            fault("query", "there is nothing to search for".into(), "leave it out to listen to a repository");
        }
        if length > MAX_QUERY {
            fault("query", format!("it has more than {MAX_QUERY} characters"), "make it two sources");
        }
        if what.is_some() {
            let hint = "leave `what` out, or write `is:issue` or `is:pr` into the query";
            fault("what", "a search finds issues and pull requests only".into(), hint);
        }
    }
    if what.as_ref().is_some_and(Vec::is_empty) {
        fault(
            "what",
            "nothing to listen to".into(),
            "leave it out, or write `[\"issues\", \"comments\", \"releases\"]`",
        );
    }
    faults
}
