//! How are stories and comments of Hacker News found?
//!
//! Through the public search API at hn.algolia.com (looked up 2026-11-21): no key; about 10,000 requests an
//! hour and address; `search_by_date` gives newest first and does not tolerate typing errors; one query
//! reaches at most 1,000 posts; a post can be found seconds to minutes after it was written.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::model::{
    Duration, Engagement, Fault, Next, PostType, Progress, RawAuthor, RawPost, ReadError, Reading, Rejection, Request,
    Response, Settings, Source, SourceKind, TextForm, Timestamp,
};
use crate::parse::json;

pub static KIND: Kind = Kind;

pub struct Kind;

/// Where the API is, unless the settings say otherwise.
const API: &str = "https://hn.algolia.com/api/v1";
/// Where the posts themselves are.
const SITE: &str = "https://news.ycombinator.com";
/// Posts on one page.
const PER_PAGE: usize = 100;
/// Most pages of one poll: what the API reaches with one query.
const MAX_PAGES: u32 = 10;
/// How far behind the newest post known the next poll begins, so that what is indexed late is not lost.
const OVERLAP: Duration = Duration::minutes(10);
/// Note that carries from page to page which moment (seconds since the Unix epoch) the poll goes back to.
const SINCE: &str = "since";
/// Of the API's own tags, those that say something about a post.
const TAGS: [&str; 5] = ["ask_hn", "show_hn", "launch_hn", "job", "poll"];

/// What can be set for a source of this kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Words that posts must contain, as typed into hn.algolia.com; a phrase in double quotes. Without it
    /// every new post is read.
    query: Option<String>,
    /// What to listen to: stories, comments, or both.
    #[serde(default = "both")]
    types: Vec<What>,
    /// Address of the API, for another instance of it.
    #[serde(default = "api")]
    url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum What {
    Story,
    Comment,
}

fn both() -> Vec<What> {
    vec![What::Story, What::Comment]
}

fn api() -> String {
    API.to_owned()
}

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "hacker_news"
    }

    fn summary(&self) -> &'static str {
        "Stories and comments of Hacker News, all or by a search"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "hn-acme"
kind = "hacker_news"
query = '"acme cloud"'
every = "2m"
"#
    }

    fn recognise(&self, url: &Url) -> Option<String> {
        let block = "[[source]]\nname = \"hacker-news\"\nkind = \"hacker_news\"\n";
        match url.host_str()? {
            "news.ycombinator.com" => Some(block.to_owned()),
            "hn.algolia.com" => {
                let query = url.query_pairs().find(|(name, _)| matches!(name.as_ref(), "q" | "query"))?.1.into_owned();
                Some(format!("{block}query = {}\n", toml::Value::String(query)))
            }
            _ => None,
        }
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let options: Options = settings.read()?;
        let mut faults = Vec::new();
        if options.types.is_empty() {
            let fault = settings.fault("types", "nothing to listen to");
            faults.push(fault.hint("leave it out for both, or write `[\"story\", \"comment\"]`"));
        }
        match json::base(settings, "url", &options.url) {
            Ok(api) if faults.is_empty() => Ok(Box::new(Search { api, options })),
            Ok(_) => Err(faults),
            Err(fault) => {
                faults.push(fault);
                Err(faults)
            }
        }
    }
}

/// One configured search. The cursor is the moment of the newest post seen, in seconds since the Unix epoch.
#[derive(Debug)]
struct Search {
    api: Url,
    options: Options,
}

impl Source for Search {
    fn next(&self, progress: &Progress) -> Next {
        if progress.page > 0 && progress.next.is_none() {
            return Next::Done;
        }
        let since = if progress.page == 0 { progress.cursor.as_ref() } else { progress.notes.get(SINCE) };
        let bound = since
            .and_then(|since| since.parse().ok())
            .map(|newest: i64| format!("created_at_i>{}", (Timestamp::from_seconds(newest) - OVERLAP).seconds()));
        let (page, per_page) = (progress.page.to_string(), PER_PAGE.to_string());
        let parameters = [("query", self.options.query.as_deref().unwrap_or_default()), ("tags", self.tags())];
        let paging = [("hitsPerPage", per_page.as_str()), ("page", page.as_str())];
        let bound = bound.as_deref().map(|bound| ("numericFilters", bound));
        let url = json::call(&self.api, "search_by_date", parameters.into_iter().chain(paging).chain(bound));
        Next::Http(Box::new(Request::get(url)))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let (answer, repaired) = json::parse(response, "an answer of the Hacker News search API")?;
        let Some(hits) = json::list(&answer, "hits") else { return Err(no_hits(&answer)) };
        let progress = self.progress_after(progress, hits, &answer, response.received_at);
        Ok(Reading { posts: hits.iter().map(post).collect(), progress, repaired, wait: None })
    }
}

impl Search {
    fn tags(&self) -> &'static str {
        match (self.options.types.contains(&What::Story), self.options.types.contains(&What::Comment)) {
            (true, false) => "story",
            (false, true) => "comment",
            _ => "(story,comment)",
        }
    }

    fn progress_after(&self, before: &Progress, hits: &[Value], answer: &Value, now: Timestamp) -> Progress {
        let mut progress = Progress { page: before.page.saturating_add(1), next: None, ..before.clone() };
        if before.page == 0 {
            match &before.cursor {
                Some(cursor) => progress.notes.insert(SINCE.to_owned(), cursor.clone()),
                None => progress.notes.remove(SINCE),
            };
        }
        // A date of the site in our future would make the next polls blind.
        let dated = hits.iter().filter_map(|hit| json::date(hit, "created_at_i")).filter(|date| *date <= now);
        let known = before.cursor.as_deref().and_then(|cursor| cursor.parse().ok());
        let newest = dated.map(Timestamp::seconds).chain(known).max();
        progress.cursor = newest.map(|newest| newest.to_string());
        // The first poll of all reads one page: what is older was not listened to.
        let pages = json::count(answer, "nbPages").unwrap_or(0).min(u64::from(MAX_PAGES));
        let more = u64::from(progress.page) < pages && hits.len() >= PER_PAGE;
        if more && progress.notes.contains_key(SINCE) {
            progress.next = Some(progress.page.to_string());
        } else {
            progress.notes.remove(SINCE);
        }
        progress
    }
}

/// The API tells errors as `{"message": …}`.
fn no_hits(answer: &Value) -> ReadError {
    match json::text(answer, "message") {
        Some(message) => ReadError::Api { why: message.to_owned(), wait: None },
        None => ReadError::WrongFormat {
            expected: "an answer of the Hacker News search API",
            why: "it has no list `hits`".to_owned(),
        },
    }
}

/// Key of the post with this number: the same from every source of this kind.
fn key(id: u64) -> String {
    format!("hn:{id}")
}

fn post(hit: &Value) -> Result<RawPost, Rejection> {
    let id = json::id(hit, "objectID").ok_or_else(|| json::rejection("it has no `objectID`", hit))?;
    let labels = json::texts(hit, "_tags");
    let comment = json::text(hit, "comment_text");
    let is_comment = comment.is_some() || labels.iter().any(|label| label == "comment");
    let post_type = if is_comment {
        PostType::Comment
    } else if labels.iter().any(|label| label == "ask_hn") {
        PostType::Question
    } else {
        PostType::Story
    };
    Ok(RawPost {
        key: key(id),
        url: format!("{SITE}/item?id={id}"),
        target: json::text(hit, "url").filter(|_| !is_comment).map(str::to_owned),
        thread: json::id(hit, "story_id").filter(|_| is_comment).map(key),
        post_type,
        title: json::text(hit, "title").filter(|_| !is_comment).map(json::as_html).unwrap_or_default(),
        text: comment.or(json::text(hit, "story_text")).unwrap_or_default().to_owned(),
        form: TextForm::Html,
        author: json::text(hit, "author").map(author),
        published: json::date(hit, "created_at_i").or_else(|| json::date(hit, "created_at")),
        updated: None,
        lang: None,
        tags: labels.into_iter().filter(|label| TAGS.contains(&label.as_str())).collect(),
        engagement: Engagement {
            likes: json::count(hit, "points"),
            replies: json::count(hit, "num_comments"),
            shares: None,
        },
    })
}

fn author(name: &str) -> RawAuthor {
    RawAuthor { name: name.to_owned(), handle: Some(name.to_owned()), url: Some(format!("{SITE}/user?id={name}")) }
}
