//! How are the posts of a Discourse forum read?
//!
//! Every Discourse forum answers its pages as JSON too (read from its sources and recorded answers, 2026-11-21).
//! `/posts.json` lists the 50 newest public posts whole; `before=ID` goes back, in older versions including
//! that post itself. `/search.json` finds 50 posts a page on at most 10 pages, of each only an excerpt of
//! 300 characters; what has a tag is therefore asked for again by topic, whole. Posts name their category in the former, topics
//! their tags only in the latter. Forums allow about 60 requests a minute and far fewer searches (8 a minute for visitors); over it they
//! answer 429, Retry-After, and `{"errors": […], "error_type": "rate_limit", "extras": {"wait_seconds": …}}`.

mod thread;
mod whole;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::model::{
    Auth, Duration, Engagement, Fault, FetchProblem, Next, Post, PostType, Progress, Rank, RawAuthor, RawPost,
    ReadError, Reading, Recognised, Rejection, Request, Response, Secret, SeenPage, Settings, Source, SourceKind,
    TextForm, Thread,
};
use crate::parse::json;

use whole::{Topics, is_new};

pub static KIND: Kind = Kind;

pub struct Kind;

const EXPECTED: &str = "an answer of a Discourse forum";
/// Most pages of a search that a forum gives.
const MAX_SEARCH_PAGES: u32 = 10;
/// Most pages of newest posts in one poll: 2,500 posts.
const MAX_PAGES: u32 = 50;
/// The wait when a forum says "too many" without saying for how long.
const DEFAULT_WAIT: Duration = Duration::minutes(1);
/// What the forum numbers as a like in `actions_summary`.
const LIKE: u64 = 2;
/// What the forum numbers as a post that people wrote; the others say that a topic was closed, moved and the like.
const WRITTEN: [u64; 2] = [1, 2];
/// Note that carries from page to page which post the poll goes back to.
const SINCE: &str = "since";

/// Note with the category's slug and the number that the forum gave for it.
const CATEGORY: &str = "category";

/// What can be set for a source of this kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Address of the forum, with its folder if it is not at the top of its host.
    url: String,
    /// Words as typed into the forum's search. Without it every new post is read, whole; with it only an
    /// excerpt of each post found. Better without, unless the forum is very busy.
    query: Option<String>,
    /// Only this category, without the ones below it: its slug (`support`, `products/cloud`) or its number.
    category: Option<Category>,
    /// Only topics with this tag. Found by the forum's search; new posts are then read whole with one more request a topic,
    /// for at most 6 topics a poll. Of the rest, and with `query`, only an excerpt.
    tag: Option<String>,
    /// Key of the forum's API, for a forum that visitors cannot read.
    api_key: Option<Secret>,
    /// Name of the user that the key acts as.
    #[serde(default = "system")]
    api_user: String,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Category {
    Number(u64),
    Slug(String),
}

impl Category {
    /// As the forum's search filters by it.
    fn term(&self) -> String {
        match self {
            Self::Number(number) => format!("category:{number}"),
            Self::Slug(slug) => format!("#{}", slug.replace('/', ":")),
        }
    }
}

fn system() -> String {
    "system".to_owned()
}

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "discourse"
    }

    fn summary(&self) -> &'static str {
        "Topics and replies of a Discourse forum, all or by a search"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "our-forum"
kind = "discourse"
url = "https://community.acme.example"
"#
    }

    /// Hosts do not tell; the addresses of topics do: `/t/some-words/123`.
    fn recognise(&self, url: &Url) -> Option<String> {
        let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https"))?;
        let (folder, topic) = url.path().split_once("/t/")?;
        let mut parts = topic.split('/');
        let (slug, number) = (parts.next()?, parts.next()?);
        let is_topic = !slug.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let origin = url.origin().ascii_serialization();
        let name = host.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let name = name.trim_matches('-');
        is_topic.then(|| {
            let forum = toml::Value::String(format!("{origin}{folder}"));
            format!("[[source]]\nname = \"{name}\"\nkind = \"discourse\"\nurl = {forum}\n")
        })
    }

    /// Every page says what made it, and where its search is: in the forum's folder.
    fn recognise_page(&self, page: &SeenPage) -> Vec<Recognised> {
        if !page.generator.starts_with("Discourse") && page.software != "discourse" {
            return Vec::new();
        }
        let url = &page.response.url;
        let search = page.links.iter().find(|link| link.rel == "search" && link.url.origin() == url.origin());
        let folder = search.and_then(|link| link.url.path().strip_suffix("/opensearch.xml")).unwrap_or_default();
        let forum = toml::Value::String(format!("{}{folder}", url.origin().ascii_serialization()));
        let host = url.host_str().unwrap_or_default().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let mut block =
            format!("[[source]]\nname = \"{}\"\nkind = \"discourse\"\nurl = {forum}\n", host.trim_matches('-'));
        let within = url.path().strip_prefix(folder).unwrap_or_default();
        if let Some(category) = within.strip_prefix("/c/") {
            let is_slug = |part: &&str| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit());
            let slugs: Vec<&str> = category.split('/').take_while(is_slug).take_while(|part| *part != "l").collect();
            if !slugs.is_empty() {
                block.push_str(&format!("category = {}\n", toml::Value::String(slugs.join("/"))));
            }
        } else if let Some(tag) = within.strip_prefix("/tag/").and_then(|tags| tags.split('/').next())
            && !tag.is_empty()
        {
            block.push_str(&format!("tag = {}\n", toml::Value::String(tag.to_owned())));
        }
        vec![Recognised { block, why: "the page says that Discourse made it".to_owned(), rank: Rank::Site }]
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let options: Options = settings.read()?;
        let url = json::base(settings, "url", &options.url)?;
        if options.query.as_ref().is_some_and(|query| query.trim().is_empty()) {
            let fault = settings.fault("query", "there is nothing to search for");
            return Err(vec![fault.hint("leave it out to read every new post")]);
        }
        let no_slug = |slug: &str| slug.is_empty() || slug.contains(|c: char| c.is_whitespace() || "?#&\"".contains(c));
        if let Some(Category::Slug(slug)) = &options.category
            && (no_slug(slug) || slug.starts_with('/') || slug.split('/').any(|part| matches!(part, "" | "." | "..")))
        {
            let fault = settings.fault("category", format!("`{slug}` is no slug of a category"));
            return Err(vec![fault.hint("what stands behind `/c/` in its address: `support` or `products/cloud`")]);
        }
        if let Some(tag) = options.tag.as_ref().filter(|tag| no_slug(tag) || tag.contains([',', '+', ':'])) {
            let fault = settings.fault("tag", format!("`{tag}` is no tag"));
            return Err(vec![fault.hint("what stands behind `/tag/` in its address: `billing`")]);
        }
        let place = url.as_str().trim_end_matches('/').split_once("://").map(|(_, place)| place.to_owned());
        Ok(Box::new(Forum { place: place.unwrap_or_default(), url, options }))
    }
}

/// One configured forum. The cursor is the number of the newest post seen.
#[derive(Debug)]
struct Forum {
    url: Url,
    /// Host, port and folder: what tells forums apart in keys.
    place: String,
    options: Options,
}

impl Source for Forum {
    fn next(&self, progress: &Progress) -> Next {
        if progress.page > 0 && progress.next.is_none() {
            return Next::Done;
        }
        if let Some(slug) = self.unresolved(progress) {
            let url = json::call(&self.url, &format!("c/{slug}/find_by_slug.json"), []);
            return Next::Http(Box::new(self.with_key(Request { conditional: false, ..Request::get(url) })));
        }
        let topics = Topics::of(progress).filter(|_| self.reads_whole());
        if let Some(url) = topics.as_ref().and_then(|topics| topics.address(&self.url)) {
            return Next::Http(Box::new(self.with_key(Request::get(url))));
        }
        let place = progress.next.as_deref().filter(|_| topics.is_none());
        let url = match self.search() {
            Some(query) => {
                let newest_first = format!("{query} order:latest");
                let page = place.map(|page| ("page", page));
                json::call(&self.url, "search.json", [("q", newest_first.as_str())].into_iter().chain(page))
            }
            None => json::call(&self.url, "posts.json", place.map(|before| ("before", before))),
        };
        Next::Http(Box::new(self.with_key(Request::get(url))))
    }

    /// Of the whole forum, of a category or of a tag; a search has none.
    fn feed(&self) -> Option<Url> {
        let path = match (&self.options.query, &self.options.category, &self.options.tag) {
            (None, None, None) => "posts.rss".to_owned(),
            (None, Some(Category::Slug(slug)), None) => format!("c/{slug}.rss"),
            (None, None, Some(tag)) => format!("tag/{tag}.rss"),
            (None, Some(Category::Number(_) | Category::Slug(_)), _) | (Some(_), _, _) => return None,
        };
        Some(json::call(&self.url, &path, []))
    }

    fn fall_back(&self, progress: &Progress, problem: &FetchProblem) -> Option<Progress> {
        Topics::of(progress).filter(|_| self.reads_whole())?.without(progress, problem)
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        if let Some(topics) = Topics::of(progress).filter(|_| self.reads_whole()) {
            return self.whole(topics, progress, response);
        }
        let (answer, repaired) = json::parse(response, EXPECTED)?;
        if let Some(slug) = self.unresolved(progress) {
            return resolved(slug, progress, &answer);
        }
        let list = if self.search().is_some() { "posts" } else { "latest_posts" };
        let items = match json::list(&answer, list) {
            Some(items) => items,
            // A search without results has no list of posts in some versions.
            None if answer
                .get("grouped_search_result")
                .is_some_and(|found| found.get("error").is_none_or(Value::is_null)) =>
            {
                &[]
            }
            None => return Err(api_error(&answer, list)),
        };
        let topics = topics(&answer);
        let category = self.category(progress);
        let is_told = |item: &Value| json::id(item, "category_id").is_some();
        if category.is_some() && !items.is_empty() && !items.iter().any(is_told) {
            let why = "its posts do not say which category they are in; give `query` or `tag`, or take `category` out";
            return Err(ReadError::FoundNothing { why: why.to_owned() });
        }
        let mut after = self.progress_after(progress, items, &answer);
        let held = if self.reads_whole() { self.hold(progress, &mut after, items) } else { Vec::new() };
        let wanted = items.iter().enumerate().filter(|(at, item)| {
            !held.contains(at) && (category.is_none() || json::id(item, "category_id") == category)
        });
        let posts = wanted.map(|(_, item)| self.post(item, &topics)).collect();
        Ok(Reading { posts, progress: after, repaired, ..Reading::default() })
    }

    fn follow(&self, post: &Post) -> Option<Request> {
        Some(self.with_key(Request::get(self.topic_of(post)?)))
    }

    fn read_thread(&self, post: &Post, response: &Response) -> Result<Thread, ReadError> {
        self.thread(post, response)
    }
}

impl Forum {
    /// What is typed into the forum's search, where its newest posts do not do.
    fn search(&self) -> Option<String> {
        let Options { query, category, tag, .. } = &self.options;
        if query.is_none() && tag.is_none() {
            return None;
        }
        let tag = tag.as_ref().map(|tag| format!("tags:{tag}"));
        let terms = [query.clone(), category.as_ref().map(Category::term), tag];
        Some(terms.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }

    /// Whether what the search finds is asked for whole: with words too, other posts of a topic would come along.
    fn reads_whole(&self) -> bool {
        self.options.tag.is_some() && self.options.query.is_none()
    }

    /// The places of those items that are not handed on as they are: known ones, and those that are read whole next.
    fn hold(&self, before: &Progress, after: &mut Progress, items: &[Value]) -> Vec<usize> {
        let known = if before.page == 0 { before.cursor.as_ref() } else { before.notes.get(SINCE) };
        let since = known.and_then(|known| known.parse().ok()).unwrap_or(0);
        let topics = match (before.page, &after.next) {
            (0, None) => Some(Topics::with_news(items, since)),
            (_, _) => None,
        };
        after.next = topics.as_ref().and_then(Topics::written).or(after.next.take());
        let is_held = |item: &Value| !is_new(item, since) || topics.as_ref().is_some_and(|topics| topics.hold(item));
        items.iter().enumerate().filter(|(_, item)| is_held(item)).map(|(at, _)| at).collect()
    }

    /// The slug of a category whose number must be asked for first.
    fn unresolved(&self, progress: &Progress) -> Option<&str> {
        match &self.options.category {
            Some(Category::Slug(slug)) if self.search().is_none() && self.category(progress).is_none() => Some(slug),
            _ => None,
        }
    }

    /// The number of the category that posts are chosen by here, not by the forum's search.
    fn category(&self, progress: &Progress) -> Option<u64> {
        if self.search().is_some() {
            return None;
        }
        match self.options.category.as_ref()? {
            Category::Number(number) => Some(*number),
            Category::Slug(slug) => {
                let (known, number) = progress.notes.get(CATEGORY)?.split_once(' ')?;
                number.parse().ok().filter(|_| known == slug)
            }
        }
    }

    fn with_key(&self, request: Request) -> Request {
        let Some(secret) = self.options.api_key.clone() else { return request };
        let request = request.header("Api-Username", self.options.api_user.clone());
        Request { auth: Auth::Header { name: "Api-Key".to_owned(), prefix: String::new(), secret }, ..request }
    }

    fn progress_after(&self, before: &Progress, items: &[Value], answer: &Value) -> Progress {
        let mut progress = Progress { page: before.page.saturating_add(1), next: None, ..before.clone() };
        if before.page == 0 {
            match &before.cursor {
                Some(cursor) => progress.notes.insert(SINCE.to_owned(), cursor.clone()),
                None => progress.notes.remove(SINCE),
            };
        }
        let ids: Vec<u64> = items.iter().filter_map(|item| json::id(item, "id")).collect();
        let known = before.cursor.as_deref().and_then(|cursor| cursor.parse().ok());
        progress.cursor = ids.iter().copied().chain(known).max().map(|newest| newest.to_string());
        let since: Option<u64> = progress.notes.get(SINCE).and_then(|since| since.parse().ok());
        progress.next = match (since, ids.iter().min()) {
            // The first poll of all reads one page: what is older was not listened to.
            (Some(since), Some(oldest)) if *oldest > since => self.page_after(before, *oldest, progress.page, answer),
            _ => None,
        };
        if progress.next.is_none() {
            progress.notes.remove(SINCE);
        }
        progress
    }

    /// Where the page behind the one with `oldest` is; always further back, so that a page that repeats itself ends the poll.
    fn page_after(&self, before: &Progress, oldest: u64, pages: u32, answer: &Value) -> Option<String> {
        if self.search().is_some() {
            let found = answer.get("grouped_search_result")?;
            let more = found.get("more_full_page_results").and_then(Value::as_bool).unwrap_or(false);
            return (more && pages < MAX_SEARCH_PAGES).then(|| (pages + 1).to_string());
        }
        let last: Option<u64> = before.next.as_deref().and_then(|before| before.parse().ok());
        (pages < MAX_PAGES && last.is_none_or(|last| oldest < last)).then(|| oldest.to_string())
    }

    /// Topic and number in it name a post, so that a reply knows the key of its topic's first post without having seen it.
    fn key(&self, topic: u64, number: u64) -> String {
        format!("discourse:{}:{topic}:{number}", self.place)
    }

    fn post(&self, item: &Value, topics: &BTreeMap<u64, &Value>) -> Result<RawPost, Rejection> {
        let (Some(topic), Some(number)) = (json::id(item, "topic_id"), json::id(item, "post_number")) else {
            return Err(json::rejection("it has no `topic_id` or `post_number`", item));
        };
        if json::id(item, "post_type").is_some_and(|form| !WRITTEN.contains(&form)) {
            return Err(json::rejection("a note of the forum, not written by anyone", item));
        }
        if item.get("user_deleted").and_then(Value::as_bool) == Some(true) {
            return Err(json::rejection("deleted by its author", item));
        }
        let found = topics.get(&topic).copied().unwrap_or(&Value::Null);
        let title = json::text(item, "topic_title").or(json::text(found, "title")).unwrap_or_default();
        let slug = json::text(item, "topic_slug").or(json::text(found, "slug")).unwrap_or("-");
        let is_root = number == 1;
        Ok(RawPost {
            key: self.key(topic, number),
            url: self.address(&if is_root {
                format!("t/{slug}/{topic}")
            } else {
                format!("t/{slug}/{topic}/{number}")
            }),
            target: None,
            thread: (!is_root).then(|| self.key(topic, 1)),
            post_type: if is_root { PostType::Story } else { PostType::Comment },
            // A reply does not say what the title of its topic says.
            title: if is_root { json::as_html(title) } else { String::new() },
            text: json::text(item, "cooked").or(json::text(item, "blurb")).unwrap_or_default().to_owned(),
            form: TextForm::Html,
            author: self.author(item),
            published: json::date(item, "created_at"),
            updated: json::date(item, "updated_at"),
            lang: None,
            tags: tags(found),
            engagement: engagement(item, found, is_root),
        })
    }

    fn address(&self, path: &str) -> String {
        json::call(&self.url, path, []).to_string()
    }

    fn author(&self, item: &Value) -> Option<RawAuthor> {
        let handle = json::text(item, "username")?;
        let name = json::text(item, "name").or(json::text(item, "display_username")).unwrap_or(handle);
        let url = Some(self.address(&format!("u/{handle}")));
        Some(RawAuthor { name: json::as_html(name), handle: Some(handle.to_owned()), url })
    }
}

/// Notes the number of a category; the poll begins with the next request.
fn resolved(slug: &str, progress: &Progress, answer: &Value) -> Result<Reading, ReadError> {
    let Some(number) = answer.get("category").and_then(|category| json::id(category, "id")) else {
        return Err(api_error(answer, "category"));
    };
    let mut progress = progress.clone();
    progress.notes.insert(CATEGORY.to_owned(), format!("{slug} {number}"));
    Ok(Reading { progress, ..Reading::default() })
}

/// The topics that an answer of the search describes, by number.
fn topics(answer: &Value) -> BTreeMap<u64, &Value> {
    let topics = json::list(answer, "topics").unwrap_or_default();
    topics.iter().filter_map(|topic| Some((json::id(topic, "id")?, topic))).collect()
}

/// Words, or in newer versions objects with a name.
fn tags(topic: &Value) -> Vec<String> {
    let tags = json::list(topic, "tags").unwrap_or_default();
    tags.iter().filter_map(|tag| tag.as_str().or(json::text(tag, "name"))).map(str::to_owned).collect()
}

/// Likes and replies. Of a topic's first post the forum counts as replies only those that name it; all posts
/// behind it are meant, where their number is given.
fn engagement(item: &Value, topic: &Value, is_root: bool) -> Engagement {
    let actions = json::list(item, "actions_summary");
    let liked = actions.unwrap_or_default().iter().find(|action| json::id(action, "id") == Some(LIKE));
    let liked = liked.and_then(|action| json::count(action, "count"));
    // `actions_summary` leaves out what is zero.
    let likes = json::count(item, "like_count").or(liked).or(actions.map(|_| 0));
    let in_topic = json::count(topic, "posts_count").or(json::count(item, "posts_count"));
    let named = json::count(item, "reply_count").filter(|replies| !is_root || *replies > 0);
    let replies = in_topic.filter(|_| is_root).map(|posts| posts.saturating_sub(1)).or(named);
    Engagement { likes, replies, ..Engagement::default() }
}

/// What an answer without posts says.
fn api_error(answer: &Value, list: &str) -> ReadError {
    let said = json::texts(answer, "errors").join("; ");
    let overloaded = answer.pointer("/grouped_search_result/error").and_then(Value::as_str).unwrap_or_default();
    let message = json::text(answer, "message").unwrap_or_default();
    let Some(why) = [said.as_str(), overloaded, message].into_iter().find(|why| !why.is_empty()) else {
        return ReadError::WrongFormat { expected: EXPECTED, why: format!("it has no list `{list}`") };
    };
    let wait = answer
        .pointer("/extras/wait_seconds")
        .and_then(Value::as_f64)
        .map(|wait| Duration::seconds(wait.ceil() as u64));
    let is_limit = json::text(answer, "error_type") == Some("rate_limit");
    ReadError::Api { why: why.to_owned(), wait: wait.or(is_limit.then_some(DEFAULT_WAIT)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use serde_json::json;

    fn source(settings: &str) -> Box<dyn Source> {
        KIND.load(&Settings::parse("source.forum", settings).expect("TOML")).expect("a source")
    }

    fn forum() -> Box<dyn Source> {
        source("url = \"https://community.acme.example/forum/\"")
    }

    fn asked(source: &dyn Source, progress: &Progress) -> Option<String> {
        match source.next(progress) {
            Next::Http(request) => Some(request.url.to_string()),
            Next::Subscribe(_) | Next::Done => None,
        }
    }

    fn read(source: &dyn Source, progress: &Progress, body: Value) -> Result<Reading, ReadError> {
        let url = Url::parse("https://community.acme.example/forum/posts.json").expect("a URL");
        let body = body.to_string().into();
        source.read(progress, &Response { status: 200, url, headers: Vec::new(), body, received_at: Timestamp(0) })
    }

    fn page(ids: &[u64]) -> Value {
        let posts: Vec<Value> =
            ids.iter().map(|id| json!({"id": id, "topic_id": 1, "post_number": id, "cooked": "x"})).collect();
        json!({"latest_posts": posts})
    }

    #[test]
    fn a_category_is_chosen_from_the_newest_posts_and_its_number_asked_for_once() {
        let forum = source("url = \"https://community.acme.example/forum/\"\ncategory = \"products/cloud\"");
        let first = Progress::default();
        let asked_first = asked(&*forum, &first).expect("a request");
        assert!(asked_first.ends_with("/forum/c/products/cloud/find_by_slug.json"), "{asked_first}");
        let known = read(&*forum, &first, json!({"category": {"id": 12}})).expect("a category").progress;
        assert!(asked(&*forum, &known).is_some_and(|url| url.ends_with("/forum/posts.json")));
        let mut page = page(&[5, 4]);
        page["latest_posts"][0]["category_id"] = 12.into();
        page["latest_posts"][1]["category_id"] = 3.into();
        let reading = read(&*forum, &known, page).expect("posts");
        assert_eq!((reading.posts.len(), reading.progress.cursor.as_deref()), (1, Some("5")));
        assert!(asked(&*forum, &reading.progress.start_poll()).is_some_and(|url| url.ends_with("/forum/posts.json")));
        let error = read(&*forum, &known, self::page(&[5])).expect_err("an old forum");
        assert!(matches!(error, ReadError::FoundNothing { .. }), "{error}");
        let gone = read(&*forum, &first, json!({"errors": ["not found"]})).expect_err("no category");
        assert_eq!(gone.to_string(), "the API says: not found");
    }

    #[test]
    fn a_tag_is_found_by_the_search_together_with_words_and_category() {
        for (settings, query) in [
            ("tag = \"billing\"", "tags%3Abilling+order%3Alatest"),
            ("tag = \"billing\"\ncategory = 12", "category%3A12+tags%3Abilling+order%3Alatest"),
            ("query = \"acme\"\ncategory = \"products/cloud\"", "acme+%23products%3Acloud+order%3Alatest"),
        ] {
            let forum = source(&format!("url = \"https://community.acme.example\"\n{settings}"));
            let url = asked(&*forum, &Progress::default()).expect("a request");
            assert_eq!(url, format!("https://community.acme.example/search.json?q={query}"));
        }
        for (settings, key) in
            [("category = \"/c/x\"", "category"), ("category = \"a/../b\"", "category"), ("tag = \"a b\"", "tag")]
        {
            let block = format!("url = \"https://community.acme.example\"\n{settings}");
            let faults = KIND.load(&Settings::parse("source.forum", &block).expect("TOML")).expect_err("a fault");
            assert_eq!((faults.len(), &*faults[0].key), (1, &*format!("source.forum.{key}")));
        }
    }

    #[test]
    fn a_reply_names_the_first_post_of_its_topic_as_it_names_itself() {
        let body = json!({"latest_posts": [
            {"id": 9, "topic_id": 4, "post_number": 3, "cooked": "reply", "topic_title": "T", "topic_slug": "t"},
            {"id": 7, "topic_id": 4, "post_number": 1, "cooked": "root", "topic_title": "T", "topic_slug": "t"},
        ]});
        let posts = read(&*forum(), &Progress::default(), body).expect("a reading").posts;
        let [Ok(reply), Ok(root)] = &posts[..] else { panic!("two posts") };
        assert_eq!(reply.key, "discourse:community.acme.example/forum:4:3");
        assert_eq!(reply.thread.as_ref(), Some(&root.key));
        assert_eq!((root.thread.as_ref(), root.title.as_str(), reply.title.as_str()), (None, "T", ""));
        assert_eq!(root.url, "https://community.acme.example/forum/t/t/4");
        assert_eq!(reply.url, "https://community.acme.example/forum/t/t/4/3");
    }

    #[test]
    fn newest_posts_are_read_back_to_the_newest_known() {
        let forum = forum();
        let first = read(&*forum, &Progress::default(), page(&[50, 49, 48])).expect("a reading").progress;
        assert_eq!((first.cursor.as_deref(), asked(&*forum, &first)), (Some("50"), None));

        let second = read(&*forum, &first.start_poll(), page(&[99, 98, 80])).expect("a reading").progress;
        let before = "https://community.acme.example/forum/posts.json?before=80";
        assert_eq!(asked(&*forum, &second).as_deref(), Some(before));
        let second = read(&*forum, &second, page(&[80, 79, 50])).expect("a reading").progress;
        assert_eq!((second.cursor.as_deref(), asked(&*forum, &second)), (Some("99"), None));
        assert!(second.notes.is_empty());
    }

    #[test]
    fn an_empty_search_and_a_wrong_address_are_told_with_a_hint() {
        for (settings, key) in [
            ("url = \"https://acme.example\"\nquery = \" \"", "source.forum.query"),
            ("url = \"community\"", "source.forum.url"),
        ] {
            let faults = KIND.load(&Settings::parse("source.forum", settings).expect("TOML")).expect_err("faults");
            assert_eq!((faults.len(), faults[0].key.as_str(), faults[0].hint.is_some()), (1, key, true));
        }
    }

    #[test]
    fn a_page_that_repeats_itself_ends_the_poll() {
        let forum = forum();
        let mut progress = Progress { cursor: Some("1".into()), ..Progress::default() };
        progress = read(&*forum, &progress, page(&[99, 98])).expect("a reading").progress;
        assert!(asked(&*forum, &progress).is_some());
        progress = read(&*forum, &progress, page(&[99, 98])).expect("a reading").progress;
        assert_eq!(asked(&*forum, &progress), None);
    }

    #[test]
    fn a_search_asks_for_the_newest_first_and_for_more_only_while_there_is_more() {
        let forum = source("url = \"https://community.acme.example\"\nquery = '\"acme cloud\"'");
        let url = "https://community.acme.example/search.json?q=%22acme+cloud%22+order%3Alatest";
        assert_eq!(asked(&*forum, &Progress::default()).as_deref(), Some(url));
        let found = |more: bool| {
            json!({"posts": [{"id": 9, "topic_id": 1, "post_number": 2, "blurb": "x"}],
                   "grouped_search_result": {"more_full_page_results": more, "error": null}})
        };
        let known = Progress { cursor: Some("5".into()), ..Progress::default() };
        let progress = read(&*forum, &known, found(true)).expect("a reading").progress;
        assert_eq!(asked(&*forum, &progress), Some(format!("{url}&page=2")));
        let progress = read(&*forum, &known, found(false)).expect("a reading").progress;
        assert_eq!(asked(&*forum, &progress), None);
        let nothing = json!({"grouped_search_result": {"term": "x"}});
        assert_eq!(read(&*forum, &known, nothing).expect("a reading").posts, []);
    }

    #[test]
    fn errors_of_the_forum_are_told_with_the_wait_that_they_ask_for() {
        for (body, error, wait) in [
            (
                json!({"errors": ["Slow down."], "error_type": "rate_limit", "extras": {"wait_seconds": 24}}),
                "the API says: Slow down.",
                Some(Duration::seconds(24)),
            ),
            (
                json!({"errors": ["Too many."], "error_type": "rate_limit"}),
                "the API says: Too many.",
                Some(DEFAULT_WAIT),
            ),
            (json!({"errors": ["Log in."], "error_type": "not_logged_in"}), "the API says: Log in.", None),
            (json!({"grouped_search_result": {"error": "under load"}}), "the API says: under load", None),
            (json!({"users": []}), "not an answer of a Discourse forum: it has no list `latest_posts`", None),
        ] {
            let told = read(&*forum(), &Progress::default(), body).expect_err("an error");
            let waits = if let ReadError::Api { wait, .. } = &told { *wait } else { None };
            assert_eq!((told.to_string().as_str(), waits), (error, wait));
        }
    }

    #[test]
    fn a_key_goes_into_the_headers_as_a_secret() {
        // As the loader of the configuration hands it over once the secret is read.
        let key = "api_key = { \"\\u0000resolved\" = \"k\" }";
        let forum = source(&format!("url = \"https://acme.example\"\napi_user = \"ear\"\n{key}"));
        let Next::Http(request) = forum.next(&Progress::default()) else { panic!("a request") };
        assert_eq!(request.headers, [("Api-Username".to_owned(), "ear".to_owned())]);
        let Auth::Header { name, secret, .. } = &request.auth else { panic!("a header") };
        assert_eq!((name.as_str(), secret.expose()), ("Api-Key", "k"));
    }

    #[test]
    fn topics_are_recognised_by_their_path() {
        for (url, forum) in [
            ("https://community.acme.example/t/uploads-fail/512/3?u=me", Some("https://community.acme.example")),
            ("https://acme.example:8443/forum/t/x/1", Some("https://acme.example:8443/forum")),
            ("https://acme.example/t/x", None),
            ("https://acme.example/t/x/y", None),
            ("https://acme.example/", None),
        ] {
            let block = KIND.recognise(&Url::parse(url).expect("a URL"));
            let expected = forum.map(|forum| format!("url = \"{forum}\""));
            assert_eq!(block.as_deref().and_then(|block| block.lines().last()), expected.as_deref(), "{url}");
        }
    }
}
