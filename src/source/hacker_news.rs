//! How are stories and comments of Hacker News found?
//!
//! Through the public search API at hn.algolia.com (looked up 2026-11-21): no key; about 10,000 requests an
//! hour and address; `search_by_date` gives newest first and does not tolerate typing errors; one query
//! reaches at most 1,000 posts; a post can be found seconds to minutes after it was written. The order of the front page
//! is in the site's own API at hacker-news.firebaseio.com (looked up 2026-11-22): no key, no stated limit.

mod front_page;
mod thread;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::model::{
    Duration, Engagement, Fault, FetchProblem, Next, Post, PostType, Progress, RawAuthor, RawPost, ReadError, Reading,
    Rejection, Request, Response, Settings, Source, SourceKind, TextForm, Thread, Timestamp,
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
    /// `true`: only the 30 stories of the front page, in their order. Each has the tag `front-page`, the first ten
    /// `front-page-top` too, and its place as `rank` (1 is first) beside likes and replies. A story that leaves the page
    /// keeps its tags and its last rank: nothing says when it left.
    #[serde(default)]
    front_page: bool,
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
        let api = json::base(settings, "url", &options.url)?;
        if options.types.is_empty() {
            let fault = settings.fault("types", "nothing to listen to");
            return Err(vec![fault.hint("leave it out for both, or write `[\"story\", \"comment\"]`")]);
        }
        if options.front_page && settings.span_of("types").is_some() {
            let fault = settings.fault("types", "only stories stand on the front page");
            return Err(vec![fault.hint("take `types` or `front_page` out")]);
        }
        if options.front_page && options.query.is_some() {
            let fault = settings.fault("query", "the front page is read whole");
            return Err(vec![fault.hint("a watch chooses what matters; take `query` or `front_page` out")]);
        }
        Ok(Box::new(Search { api, options }))
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
        if self.options.front_page {
            return Next::Http(Box::new(Request::get(front_page::asked(&self.api, progress))));
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
        if self.options.front_page && progress.page == 0 {
            return front_page::ranks(progress, response);
        }
        let (answer, repaired) = json::parse(response, "an answer of the Hacker News search API")?;
        let Some(hits) = json::list(&answer, "hits") else { return Err(no_hits(&answer)) };
        if self.options.front_page {
            return Ok(front_page::stories(progress, hits, repaired));
        }
        let progress = self.progress_after(progress, hits, &answer, response.received_at);
        Ok(Reading { posts: hits.iter().map(post).collect(), progress, repaired, ..Reading::default() })
    }

    /// Without the ranks, the search still knows which stories stand on the front page.
    fn fall_back(&self, progress: &Progress, _: &FetchProblem) -> Option<Progress> {
        (self.options.front_page && progress.page == 0).then(|| front_page::unranked(progress))
    }

    fn follow(&self, post: &Post) -> Option<Request> {
        let number = thread::number(&post.key)?;
        Some(Request::get(json::call(&self.api, &format!("items/{number}"), [])))
    }

    fn read_thread(&self, post: &Post, response: &Response) -> Result<Thread, ReadError> {
        thread::read(post, response)
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
    if ["title", "comment_text", "story_text"].iter().all(|field| json::text(hit, field).is_none()) {
        return Err(json::rejection("it has neither title nor text", hit));
    }
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
            ..Engagement::default()
        },
    })
}

fn author(name: &str) -> RawAuthor {
    RawAuthor { name: name.to_owned(), handle: Some(name.to_owned()), url: Some(format!("{SITE}/user?id={name}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Timestamp = Timestamp(1_795_170_000_000);

    fn source(settings: &str) -> Box<dyn Source> {
        KIND.load(&Settings::parse("source.hn", settings).expect("TOML")).expect("a source")
    }

    fn asked(source: &dyn Source, progress: &Progress) -> Option<String> {
        match source.next(progress) {
            Next::Http(request) => Some(request.url.to_string()),
            Next::Subscribe(_) | Next::Done => None,
        }
    }

    fn answer(body: &Value) -> Response {
        let url = Url::parse(API).expect("a URL");
        Response { status: 200, url, headers: Vec::new(), body: body.to_string().into(), received_at: NOW }
    }

    /// A page with `count` comments, the first of which was written at `newest`.
    fn page(count: usize, newest: i64, pages: u32) -> Value {
        let hits: Vec<Value> = (0..count)
            .map(
                |n| json!({"objectID": (1000 - n).to_string(), "comment_text": "x", "created_at_i": newest - n as i64}),
            )
            .collect();
        json!({"hits": hits, "nbPages": pages})
    }

    #[test]
    fn settings_become_the_question_asked() {
        for (settings, url) in [
            (
                "",
                "https://hn.algolia.com/api/v1/search_by_date?query=&tags=%28story%2Ccomment%29&hitsPerPage=100&page=0",
            ),
            (
                "query = '\"acme cloud\"'\ntypes = [\"comment\"]\nurl = \"http://127.0.0.1:7000/hn/\"",
                "http://127.0.0.1:7000/hn/search_by_date?query=%22acme+cloud%22&tags=comment&hitsPerPage=100&page=0",
            ),
        ] {
            assert_eq!(asked(&*source(settings), &Progress::default()).as_deref(), Some(url));
        }
    }

    #[test]
    fn wrong_settings_are_told_with_a_hint() {
        for (settings, key) in
            [("types = []", "source.hn.types"), ("url = \"hn\"", "source.hn.url"), ("qury = \"x\"", "source.hn.qury")]
        {
            let read = Settings::parse("source.hn", settings).expect("TOML");
            let faults = KIND.load(&read).expect_err("faults");
            assert_eq!((faults.len(), faults[0].key.as_str()), (1, key));
            assert!(faults[0].hint.is_some(), "{settings}");
        }
    }

    #[test]
    fn the_first_poll_reads_one_page_and_later_ones_read_back_to_the_newest_known_with_an_overlap() {
        let source = source("");
        let first =
            source.read(&Progress::default(), &answer(&page(100, 1_795_160_000, 40))).expect("a reading").progress;
        assert_eq!((first.cursor.as_deref(), asked(&*source, &first)), (Some("1795160000"), None));

        let second = first.start_poll();
        let url = asked(&*source, &second).expect("a request");
        assert!(url.ends_with("&page=0&numericFilters=created_at_i%3E1795159400"), "{url}");
        let second = source.read(&second, &answer(&page(100, 1_795_169_000, 2))).expect("a reading").progress;
        let url = asked(&*source, &second).expect("a request");
        assert!(url.ends_with("&page=1&numericFilters=created_at_i%3E1795159400"), "{url}");
        let second = source.read(&second, &answer(&page(3, 1_795_161_000, 2))).expect("a reading").progress;
        assert_eq!((second.cursor.as_deref(), asked(&*source, &second)), (Some("1795169000"), None));
        assert!(second.notes.is_empty());
    }

    #[test]
    fn a_poll_ends_where_the_api_does_even_if_it_promises_more() {
        let source = source("");
        let mut progress = Progress { cursor: Some("5".into()), ..Progress::default() };
        for _ in 0..MAX_PAGES {
            assert!(asked(&*source, &progress).is_some());
            progress = source.read(&progress, &answer(&page(100, 1_795_160_000, 999))).expect("a reading").progress;
        }
        assert_eq!(asked(&*source, &progress), None);
    }

    #[test]
    fn a_date_in_our_future_does_not_move_the_cursor_there() {
        let body = json!({"hits": [{"objectID": "1", "created_at_i": 9_999_999_999_i64}, {"objectID": "2", "created_at_i": 7}]});
        let reading = source("").read(&Progress::default(), &answer(&body)).expect("a reading");
        assert_eq!(reading.progress.cursor.as_deref(), Some("7"));
    }

    #[test]
    fn an_error_of_the_api_is_told_as_such() {
        let body = json!({"message": "page is too high", "status": 400});
        let error = source("").read(&Progress::default(), &answer(&body)).expect_err("an error");
        assert_eq!(error.to_string(), "the API says: page is too high");
    }

    #[test]
    fn its_pages_are_recognised() {
        for (url, query) in [
            ("https://news.ycombinator.com/newest", Some(None)),
            ("https://hn.algolia.com/?q=acme+%22cloud%22", Some(Some("query = 'acme \"cloud\"'"))),
            ("https://hn.algolia.com/about", None),
            ("https://acme.example/", None),
        ] {
            let block = KIND.recognise(&Url::parse(url).expect("a URL"));
            let found = block.as_deref().map(|block| block.lines().find(|line| line.starts_with("query")));
            assert_eq!(found, query, "{url}");
        }
    }
}
