//! Which post is an issue, a pull request, a comment or a release of the REST API?
//!
//! Issues and pull requests of a repository share one row of numbers. Bodies come as HTML where the API renders them, else as
//! the Markdown that was written, without the hidden hints that templates leave in it.

use serde_json::Value;
use url::Url;

use super::GitHub;
use crate::model::{Engagement, PostType, RawAuthor, RawPost, Rejection, TextForm};
use crate::parse::json;

/// Reactions that speak for a post.
const LIKED: [&str; 4] = ["+1", "heart", "hooray", "rocket"];
/// The label of issues that are questions, which GitHub gives every new repository.
const QUESTION: &str = "question";
/// Tag of pull requests, which are issues as well.
const PULL_REQUEST: &str = "pull-request";
/// Tag of releases that are not for everybody yet.
const PRERELEASE: &str = "prerelease";

impl GitHub {
    /// The key of what has this path below its repository.
    pub(super) fn key(&self, repo: &str, path: &str) -> String {
        format!("{}{}/{path}", self.prefix, repo.to_ascii_lowercase())
    }

    pub(super) fn issue(&self, item: &Value) -> Result<RawPost, Rejection> {
        let Some(number) = json::id(item, "number") else { return Err(json::rejection("it has no `number`", item)) };
        let Some(repo) = repo_of(item).or_else(|| self.repo.clone()) else {
            return Err(json::rejection("it does not say which repository it is of", item));
        };
        self.no_bot(item, "user")?;
        let is_pull = item.get("pull_request").is_some_and(Value::is_object);
        let mut tags = labels(item.get("labels").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default());
        let is_question = tags.iter().any(|tag| tag.eq_ignore_ascii_case(QUESTION));
        tags.extend(is_pull.then(|| PULL_REQUEST.to_owned()));
        let path = if is_pull { "pull" } else { "issues" };
        let (form, text) = body(item);
        Ok(RawPost {
            key: self.key(&repo, &format!("issues/{number}")),
            url: self.address(item, &format!("{repo}/{path}/{number}")),
            post_type: if is_question { PostType::Question } else { PostType::Story },
            title: in_form(form, json::text(item, "title").unwrap_or_default()),
            text,
            form,
            author: author(item, "user"),
            published: json::date(item, "created_at"),
            tags,
            engagement: Engagement {
                likes: likes(item),
                replies: json::count(item, "comments"),
                ..Engagement::default()
            },
            // `updated_at` also moves with labels and comments, which change nothing of what is written.
            ..RawPost::default()
        })
    }

    /// `root`: the key of the conversation it was asked for with; without one the comment itself must say.
    pub(super) fn comment(&self, item: &Value, root: Option<&str>) -> Result<RawPost, Rejection> {
        let Some(id) = json::id(item, "id") else { return Err(json::rejection("it has no `id`", item)) };
        let place = ["html_url", "issue_url"].iter().find_map(|key| issue_at(json::text(item, key)?));
        let of_root = || root.and_then(|root| self.place_of(root));
        let Some((repo, number)) = place.or_else(of_root) else {
            return Err(json::rejection("it does not say what it is a comment on", item));
        };
        self.no_bot(item, "user")?;
        let (form, text) = body(item);
        let published = json::date(item, "created_at");
        let thread = root.map_or_else(|| self.key(&repo, &format!("issues/{number}")), str::to_owned);
        Ok(RawPost {
            key: self.key(&repo, &format!("comments/{id}")),
            url: self.address(item, &format!("{repo}/issues/{number}#issuecomment-{id}")),
            thread: Some(thread),
            post_type: PostType::Comment,
            text,
            form,
            author: author(item, "user"),
            published,
            updated: json::date(item, "updated_at").filter(|updated| Some(*updated) != published),
            engagement: Engagement { likes: likes(item), ..Engagement::default() },
            ..RawPost::default()
        })
    }

    pub(super) fn release(&self, item: &Value) -> Result<RawPost, Rejection> {
        let Some(id) = json::id(item, "id") else { return Err(json::rejection("it has no `id`", item)) };
        if item.get("draft").and_then(Value::as_bool) == Some(true) {
            return Err(json::rejection("a draft, which is not published yet", item));
        }
        let tag = json::text(item, "tag_name");
        let repo = repo_of(item).or_else(|| self.repo.clone()).unwrap_or_default();
        let is_early = item.get("prerelease").and_then(Value::as_bool) == Some(true);
        let (form, text) = body(item);
        Ok(RawPost {
            key: self.key(&repo, &format!("releases/{id}")),
            url: self.address(item, &format!("{repo}/releases/tag/{}", tag.unwrap_or_default())),
            post_type: PostType::Article,
            title: in_form(form, json::text(item, "name").or(tag).unwrap_or_default()),
            text,
            form,
            // Most are published by a script, in the name of the people: a bot's release is a release.
            author: author(item, "author"),
            published: json::date(item, "published_at").or(json::date(item, "created_at")),
            tags: is_early.then(|| PRERELEASE.to_owned()).into_iter().collect(),
            engagement: Engagement { likes: likes(item), ..Engagement::default() },
            ..RawPost::default()
        })
    }

    fn address(&self, item: &Value, path: &str) -> String {
        json::text(item, "html_url").map_or_else(|| format!("{}/{path}", self.home), str::to_owned)
    }

    /// Repository and number of the issue that has this key.
    pub(super) fn place_of(&self, key: &str) -> Option<(String, u64)> {
        self.numbered(key, "issues")
    }

    /// Repository and number of a key whose path is `WHAT/NUMBER`.
    pub(super) fn numbered(&self, key: &str, what: &str) -> Option<(String, u64)> {
        let segments: Vec<&str> = key.strip_prefix(&self.prefix)?.split('/').collect();
        match segments[..] {
            [owner, name, found, number] if found == what => {
                let repo = format!("{owner}/{name}");
                // The key of another site has its host before the owner.
                super::settings::is_repo(&repo).then_some((repo, number.parse().ok()?))
            }
            _ => None,
        }
    }

    fn no_bot(&self, item: &Value, key: &str) -> Result<(), Rejection> {
        let Some(user) = item.get(key).filter(|_| !self.bots) else { return Ok(()) };
        let named = json::text(user, "login").is_some_and(|login| login.ends_with("[bot]"));
        let is_bot = ["type", "__typename"].iter().any(|key| json::text(user, key) == Some("Bot"));
        if named || is_bot { Err(json::rejection("written by a bot", item)) } else { Ok(()) }
    }

    /// [`GitHub::no_bot`] of what the GraphQL API gives.
    pub(super) fn no_bot_wrote(&self, item: &Value) -> Result<(), Rejection> {
        self.no_bot(item, "author")
    }
}

/// The repository that an item is of, from its addresses.
fn repo_of(item: &Value) -> Option<String> {
    let addresses = ["html_url", "repository_url", "url"].iter().filter_map(|key| json::text(item, key));
    addresses.filter_map(|address| Some(segments(address)?.0)).next()
}

/// Repository and number of the issue or pull request at an address of the site or the API.
fn issue_at(address: &str) -> Option<(String, u64)> {
    let (repo, path) = segments(address)?;
    match path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["issues" | "pull" | "pulls", number, ..] => Some((repo, number.parse().ok()?)),
        _ => None,
    }
}

/// `owner/name` of an address of the site or the API, and what stands behind it.
pub(super) fn segments(address: &str) -> Option<(String, Vec<String>)> {
    let url = Url::parse(address).ok()?;
    let all: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
    let from = match all[..] {
        ["repos", ..] => 1,
        ["api", "v3", "repos", ..] => 3,
        _ => 0,
    };
    let [owner, name, rest @ ..] = all.get(from..)? else { return None };
    let repo = format!("{owner}/{name}");
    super::settings::is_repo(&repo).then(|| (repo, rest.iter().map(|segment| (*segment).to_owned()).collect()))
}

/// The body and what it is written in, as either API names it.
pub(super) fn body(item: &Value) -> (TextForm, String) {
    match json::text(item, "body_html").or(json::text(item, "bodyHTML")) {
        Some(html) => (TextForm::Html, html.to_owned()),
        None => (TextForm::Plain, without_hints(json::text(item, "body").unwrap_or_default())),
    }
}

/// A title is plain; in a post of HTML it must be written as such.
pub(super) fn in_form(form: TextForm, plain: &str) -> String {
    match form {
        TextForm::Html => json::as_html(plain),
        TextForm::Plain => plain.to_owned(),
    }
}

/// Markdown without HTML comments: templates of issues are full of them, and nobody sees them.
fn without_hints(markdown: &str) -> String {
    let mut seen = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some((before, behind)) = rest.split_once("<!--") {
        seen.push_str(before);
        // One that is not closed hides all the rest.
        rest = behind.split_once("-->").map_or("", |(_, after)| after);
    }
    seen.push_str(rest);
    seen
}

/// Labels are texts or objects with a `name`.
pub(super) fn labels(labels: &[Value]) -> Vec<String> {
    labels.iter().filter_map(|label| label.as_str().or_else(|| json::text(label, "name"))).map(str::to_owned).collect()
}

fn likes(item: &Value) -> Option<u64> {
    let reactions = item.get("reactions")?.as_object()?;
    let counts = LIKED.iter().filter_map(|name| reactions.get(*name).and_then(json::number));
    Some(counts.fold(0, u64::saturating_add))
}

pub(super) fn author(item: &Value, key: &str) -> Option<RawAuthor> {
    let user = item.get(key)?;
    let login = json::text(user, "login")?.to_owned();
    let url = json::text(user, "html_url").or_else(|| json::text(user, "url").filter(|url| !url.contains("/users/")));
    Some(RawAuthor { name: login, handle: None, url: url.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_of_templates_are_no_part_of_what_somebody_wrote() {
        for (markdown, seen) in [
            ("<!-- Search first! -->It fails", "It fails"),
            ("a <!-- b --> c <!-- d", "a  c "),
            ("a --> b", "a --> b"),
            ("", ""),
        ] {
            assert_eq!(without_hints(markdown), seen);
        }
    }

    #[test]
    fn repositories_are_known_by_the_addresses_of_site_and_api() {
        for (address, repo) in [
            ("https://github.com/acme/anvil/issues/7#issuecomment-1", Some("acme/anvil")),
            ("https://api.github.com/repos/acme/anvil/issues/7", Some("acme/anvil")),
            ("https://github.acme.example/api/v3/repos/acme/anvil", Some("acme/anvil")),
            ("https://github.com/acme", None),
            ("acme/anvil", None),
        ] {
            assert_eq!(segments(address).map(|(repo, _)| repo).as_deref(), repo, "{address}");
        }
    }
}
