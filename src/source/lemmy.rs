//! How are posts and comments of a Lemmy instance found?
//!
//! Through its API, version 3, which version 1.0 of the software still has: `/api/v3/post/list` (pages by `page_cursor`, older
//! versions by `page`), `/api/v3/comment/list`, `/api/v3/search`; 50 items a page, no account. Each instance sets its own
//! limits, as a rule 100 searches in ten minutes and far more of the rest; over them it answers 429, older versions 400 with
//! `{"error": "rate_limit_error"}` (read in its sources and in reports of its instances, 2026-11-22). Bodies are Markdown.
//!
//! The address of a post at its home instance (`ap_id`) is its key, so that what several instances show is one post.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::model::{
    Duration, Engagement, Fault, Next, Post, PostType, Progress, Rank, RawAuthor, RawPost, ReadError, Reading,
    Recognised, Rejection, Request, Response, SeenPage, Settings, Source, SourceKind, TextForm, Thread, Timestamp,
};
use crate::parse::json;
use crate::parse::step::Step;

#[cfg(test)]
mod tests;

pub static KIND: Kind = Kind;

pub struct Kind;

const EXPECTED: &str = "an answer of a Lemmy instance";
/// Items on one page, the most that the API gives.
const PER_PAGE: usize = 50;
/// Most pages of one list in one poll: 500 posts.
const MAX_PAGES: u32 = 10;
/// How far behind the newest post known a poll goes back: posts of other instances arrive late, with the date of their writing.
const OVERLAP: Duration = Duration::minutes(30);
/// 100 searches in ten minutes.
const SEARCH_PACE: Duration = Duration::seconds(6);
/// One request a second, far below what instances permit.
const LIST_PACE: Duration = Duration::seconds(1);
/// The wait when an instance says "too many" without saying for how long: the limit of its searches is over by then.
const DEFAULT_WAIT: Duration = Duration::minutes(10);
/// Notes that carry from page to page which moment (seconds since the Unix epoch) each list is read back to.
const SINCE: [&str; 2] = ["since", "since_comments"];
/// Instances whose names do not say what they run.
const INSTANCES: [&str; 6] =
    ["beehaw.org", "programming.dev", "sh.itjust.works", "feddit.org", "discuss.tchncs.de", "infosec.pub"];

/// What can be set for a source of this kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Address of the instance that is asked. It also shows what people of other instances write in the communities it knows.
    url: String,
    /// A community, as `selfhosted` or, of another instance, `selfhosted@lemmy.example`. Without it all that the instance knows.
    community: Option<String>,
    /// Words as typed into the instance's search. Without it every new post and comment is read.
    query: Option<String>,
    /// Only what was written in communities of this instance.
    #[serde(default)]
    local: bool,
    /// What to listen to: stories, comments, or both.
    #[serde(default = "both")]
    types: Vec<What>,
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

fn block(url: &Url, host: &str, community: Option<&str>) -> String {
    let origin = toml::Value::String(url.origin().ascii_serialization());
    let called = community.unwrap_or(host).replace(|c: char| !c.is_ascii_alphanumeric(), "-").to_lowercase();
    let mut block = format!("[[source]]\nname = \"lemmy-{called}\"\nkind = \"lemmy\"\nurl = {origin}\n");
    if let Some(community) = community {
        block.push_str(&format!("community = \"{community}\"\n"));
    }
    block
}

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "lemmy"
    }

    fn summary(&self) -> &'static str {
        "Posts and comments of a Lemmy instance: all, of a community, or found by a search"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "lemmy-selfhosted"
kind = "lemmy"
url = "https://lemmy.example"
community = "selfhosted"
every = "5m"
"#
    }

    fn recognise(&self, url: &Url) -> Option<String> {
        let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https"))?;
        let segments: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
        let community = match segments[..] {
            ["c", name] => Some(name).filter(|name| is_community(name)),
            _ => None,
        };
        let is_instance = host.contains("lemmy") || INSTANCES.contains(&host);
        let is_lemmy = is_instance || community.is_some_and(|name| name.contains('@'));
        is_lemmy.then(|| block(url, host, community))
    }

    /// Hosts do not tell, but nodeinfo and the data in the page do.
    fn recognise_page(&self, page: &SeenPage) -> Vec<Recognised> {
        let url = &page.response.url;
        let has_data = || {
            let text = String::from_utf8_lossy(&page.response.body);
            text.contains("window.isoData") && text.contains("lemmy")
        };
        let Some(host) = url.host_str().filter(|_| page.software == "lemmy" || has_data()) else { return Vec::new() };
        let community = url.path().strip_prefix("/c/").map(|rest| rest.split('/').next().unwrap_or_default());
        let why = "its site says that it runs Lemmy".to_owned();
        let block = block(url, host, community.filter(|name| is_community(name)));
        vec![Recognised { block, why, rank: Rank::Site }]
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let mut options: Options = settings.read()?;
        let mut faults = Vec::new();
        let mut fault = |key, what: String, hint| faults.push(settings.fault(key, what).hint(hint));
        options.community = options.community.map(|name| name.trim().trim_start_matches('!').to_owned());
        if let Some(name) = options.community.as_deref().filter(|name| !is_community(name)) {
            fault("community", format!("`{name}` is no community"), "write `selfhosted` or `selfhosted@lemmy.example`");
        }
        if options.query.as_ref().is_some_and(|query| query.trim().is_empty()) {
            fault("query", "there is nothing to search for".into(), "leave it out to read every new post");
        }
        if options.types.is_empty() {
            fault("types", "nothing to listen to".into(), "leave it out for both, or write `[\"story\", \"comment\"]`");
        }
        let url = json::base(settings, "url", &options.url).map_err(|fault| faults.extend(fault));
        let (Ok(url), true) = (url, faults.is_empty()) else { return Err(faults) };
        let lists = match (&options.query, options.types.contains(&What::Story), options.types.contains(&What::Comment))
        {
            (Some(_), ..) => vec![List::Search],
            (None, true, true) => vec![List::Posts, List::Comments],
            (None, true, false) => vec![List::Posts],
            (None, false, _) => vec![List::Comments],
        };
        Ok(Box::new(Instance { url, options, lists }))
    }
}

fn is_community(name: &str) -> bool {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    match name.split_once('@') {
        Some((name, host)) => is_name(name) && is_name(host),
        None => is_name(name),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Posts,
    Comments,
    Search,
}

impl List {
    /// Which moment of the cursor belongs to it.
    fn slot(self) -> usize {
        match self {
            Self::Posts | Self::Search => 0,
            Self::Comments => 1,
        }
    }
}

/// One configured instance. The cursor holds the moments of the newest post and the newest comment seen, in seconds since the
/// Unix epoch: `1795162800 1795163000`; `-` stands for none yet. A search has only the first.
#[derive(Debug)]
struct Instance {
    url: Url,
    options: Options,
    /// At least one.
    lists: Vec<List>,
}

impl Source for Instance {
    fn next(&self, progress: &Progress) -> Next {
        let Some(step) = self.step(progress) else { return Next::Done };
        // A poll asks for two lists; "unchanged" of the first one would end it.
        let conditional = self.lists.len() == 1;
        Next::Http(Box::new(Request { conditional, ..Request::get(self.address(&step)) }))
    }

    fn feed(&self) -> Option<Url> {
        let path = match (&self.options.query, &self.options.community) {
            (None, Some(community)) => format!("feeds/c/{community}.xml"),
            (None, None) if self.options.local => "feeds/local.xml".to_owned(),
            (None, None) => "feeds/all.xml".to_owned(),
            (Some(_), _) => return None,
        };
        Some(json::call(&self.url, &path, [("sort", "New")]))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let (answer, repaired) = json::parse(response, EXPECTED)?;
        let (posts, comments) = (json::list(&answer, "posts"), json::list(&answer, "comments"));
        if posts.is_none() && comments.is_none() {
            return Err(api_error(&answer));
        }
        let lists = [posts.unwrap_or_default(), comments.unwrap_or_default()];
        let mut reading = Reading {
            progress: self.progress_after(progress, lists, &answer, response.received_at),
            repaired,
            ..Reading::default()
        };
        for view in lists.into_iter().flatten() {
            reading.deleted.extend(gone(view));
            reading.posts.push(post(view));
        }
        Ok(reading)
    }

    /// Asks the post's home instance, which has all of the conversation, under the number in the post's address.
    fn follow(&self, post: &Post) -> Option<Request> {
        let home = Url::parse(&post.key).ok().filter(|home| matches!(home.scheme(), "http" | "https"))?;
        let (sort, number) = home.path().trim_start_matches('/').split_once('/')?;
        let number = number.parse::<u64>().ok()?.to_string();
        let of = match sort {
            "post" => "post_id",
            "comment" => "parent_id",
            _ => return None,
        };
        let mut base = home.clone();
        base.set_path("");
        let parameters = [(of, number.as_str()), ("type_", "All"), ("sort", "New"), ("max_depth", "8")];
        Some(Request::get(json::call(&base, "api/v3/comment/list", parameters)))
    }

    fn read_thread(&self, post: &Post, response: &Response) -> Result<Thread, ReadError> {
        let (answer, _) = json::parse(response, EXPECTED)?;
        let Some(comments) = json::list(&answer, "comments") else { return Err(api_error(&answer)) };
        let mut thread = Thread::default();
        for view in comments {
            let is_own = |part| view.get(part).and_then(|part| json::text(part, "ap_id")) == Some(post.key.as_str());
            let root = view.get("post").unwrap_or(&Value::Null);
            thread.closed |= is(root, "locked");
            if is_own("comment") {
                thread.engagement = Some(engagement(view, &view["comment"]));
                thread.deleted = gone(view).is_some();
                continue;
            }
            thread.deleted |= is_own("post") && (is(root, "removed") || is(root, "deleted"));
            thread.replies.push(self::post(view));
        }
        Ok(thread)
    }

    fn pace(&self) -> Option<Duration> {
        Some(if self.options.query.is_some() { SEARCH_PACE } else { LIST_PACE })
    }
}

impl Instance {
    fn step(&self, progress: &Progress) -> Option<Step> {
        if progress.page == 0 {
            return Some(Step::FIRST);
        }
        Step::read(progress.next.as_deref()?).filter(|step| step.list < self.lists.len())
    }

    fn address(&self, step: &Step) -> Url {
        let Options { community, query, local, types, .. } = &self.options;
        let whose = if *local { "Local" } else { "All" };
        let (limit, page) = (PER_PAGE.to_string(), step.page.to_string());
        let mut parameters = vec![("sort", "New"), ("limit", limit.as_str())];
        let path = match self.lists[step.list] {
            List::Posts => "post/list",
            List::Comments => "comment/list",
            List::Search => "search",
        };
        match query {
            Some(query) => {
                let sort = match types[..] {
                    [What::Story] => "Posts",
                    [What::Comment] => "Comments",
                    _ => "All",
                };
                parameters.extend([("q", query.as_str()), ("type_", sort), ("listing_type", whose)]);
            }
            None => parameters.push(("type_", whose)),
        }
        parameters.extend(community.as_deref().map(|community| ("community_name", community)));
        match &step.at {
            Some(cursor) => parameters.push(("page_cursor", cursor)),
            None if step.page > 1 => parameters.push(("page", &page)),
            None => {}
        }
        json::call(&self.url, &format!("api/v3/{path}"), parameters)
    }

    fn progress_after(&self, before: &Progress, lists: [&[Value]; 2], answer: &Value, now: Timestamp) -> Progress {
        let Some(step) = self.step(before) else { return Progress { next: None, ..before.clone() } };
        let slot = self.lists[step.list].slot();
        let mut progress = Progress { page: before.page.saturating_add(1), next: None, ..before.clone() };
        let mut seen = seen(before.cursor.as_deref());
        if before.page == 0 {
            for (note, seen) in SINCE.into_iter().zip(seen) {
                match seen {
                    Some(seen) => progress.notes.insert(note.to_owned(), seen.to_string()),
                    None => progress.notes.remove(note),
                };
            }
        }
        let dates = lists.map(|list| moments(list, now));
        seen[slot] = seen[slot].max(dates.iter().flatten().copied().max());
        let written = |moment: Option<i64>| moment.map_or("-".to_owned(), |moment| moment.to_string());
        progress.cursor = seen.iter().any(Option::is_some).then(|| seen.map(written).join(" "));
        let since = progress.notes.get(SINCE[slot]).and_then(|since| since.parse::<i64>().ok());
        // The first poll of all reads one page of each list: what is older was not listened to.
        let more = since.is_some_and(|since| {
            let bound = Timestamp::from_seconds(since) - OVERLAP;
            let goes_on = |(list, dates): (&&[Value], &Vec<i64>)| {
                list.len() >= PER_PAGE && dates.iter().min().is_some_and(|oldest| *oldest > bound.seconds())
            };
            step.page < MAX_PAGES && lists.iter().zip(&dates).any(goes_on)
        });
        let next = if more {
            let at = json::text(answer, "next_page").map(str::to_owned);
            Some(Step { page: step.page + 1, at, ..step })
        } else {
            let list = step.list + 1;
            (list < self.lists.len()).then(|| Step::of_list(list))
        };
        progress.next = next.map(|step| step.written());
        if progress.next.is_none() {
            SINCE.iter().for_each(|note| drop(progress.notes.remove(*note)));
        }
        progress
    }
}

/// When the items of a list were written, in seconds. Posts pinned to the top are in no order of time, and a date in our
/// future would make the next polls blind.
fn moments(list: &[Value], now: Timestamp) -> Vec<i64> {
    let pinned = |view: &&Value| {
        let post = view.get("post").filter(|_| view.get("comment").is_none());
        post.is_some_and(|post| is(post, "featured_community") || is(post, "featured_local"))
    };
    let dates = list.iter().filter(|view| !pinned(view)).filter_map(|view| published(own(view)?));
    dates.filter(|date| *date <= now).map(Timestamp::seconds).collect()
}

/// The moments of the newest post and the newest comment that a cursor knows.
fn seen(cursor: Option<&str>) -> [Option<i64>; 2] {
    let mut moments = cursor.unwrap_or_default().split(' ').map(|moment| moment.parse().ok());
    [moments.next().flatten(), moments.next().flatten()]
}

fn is(item: &Value, key: &str) -> bool {
    item.get(key).and_then(Value::as_bool) == Some(true)
}

/// The comment or the post that a view is of; the view of a comment holds its post as well.
fn own(view: &Value) -> Option<&Value> {
    view.get("comment").or_else(|| view.get("post"))
}

fn published(item: &Value) -> Option<Timestamp> {
    json::date(item, "published").or_else(|| json::date(item, "published_at"))
}

/// The key of what was deleted by its author or removed by a moderator.
fn gone(view: &Value) -> Option<String> {
    let item = own(view).filter(|item| is(item, "deleted") || is(item, "removed"))?;
    json::text(item, "ap_id").map(str::to_owned)
}

fn post(view: &Value) -> Result<RawPost, Rejection> {
    let item = own(view).ok_or_else(|| json::rejection("it is no post and no comment", view))?;
    let key = json::text(item, "ap_id").ok_or_else(|| json::rejection("it has no `ap_id`", item))?;
    if gone(view).is_some() {
        return Err(json::rejection("deleted or removed at the site", item));
    }
    let is_comment = view.get("comment").is_some();
    let root = view.get("post").and_then(|post| json::text(post, "ap_id"));
    let text = if is_comment { "content" } else { "body" };
    Ok(RawPost {
        key: key.to_owned(),
        url: key.to_owned(),
        target: json::text(item, "url").filter(|_| !is_comment).map(str::to_owned),
        thread: root.filter(|_| is_comment).map(str::to_owned),
        post_type: if is_comment { PostType::Comment } else { PostType::Story },
        title: json::text(item, "name").filter(|_| !is_comment).unwrap_or_default().to_owned(),
        text: json::text(item, text).unwrap_or_default().to_owned(),
        form: TextForm::Plain,
        author: view.get("creator").and_then(author),
        published: published(item),
        updated: json::date(item, "updated").or_else(|| json::date(item, "updated_at")),
        lang: None,
        tags: view
            .get("community")
            .and_then(|community| json::text(community, "name"))
            .into_iter()
            .map(str::to_owned)
            .collect(),
        engagement: engagement(view, item),
    })
}

/// The handle is `name@instance`: names are given anew at each instance.
fn author(creator: &Value) -> Option<RawAuthor> {
    let name = json::text(creator, "name")?;
    let url = json::text(creator, "actor_id").or(json::text(creator, "ap_id"));
    let host = url.and_then(|url| Url::parse(url).ok()?.host_str().map(str::to_owned));
    let handle = host.map_or(name.to_owned(), |host| format!("{name}@{host}"));
    let shown = json::text(creator, "display_name").unwrap_or(name).to_owned();
    Some(RawAuthor { name: shown, handle: Some(handle), url: url.map(str::to_owned) })
}

/// Counts stand beside the item; from version 1.0 on also in it.
fn engagement(view: &Value, item: &Value) -> Engagement {
    let counts = view.get("counts").unwrap_or(item);
    let replies = json::count(counts, "comments").or_else(|| json::count(counts, "child_count"));
    Engagement {
        likes: json::count(counts, "upvotes").or_else(|| json::count(counts, "score")),
        replies,
        ..Engagement::default()
    }
}

/// The API tells errors as `{"error": "couldnt_find_community"}`.
fn api_error(answer: &Value) -> ReadError {
    let Some(error) = json::text(answer, "error") else {
        let why = "it has no list `posts` or `comments`".to_owned();
        return ReadError::WrongFormat { expected: EXPECTED, why };
    };
    let is_limit = matches!(error, "rate_limit_error" | "too_many_requests");
    ReadError::Api { why: error.to_owned(), wait: is_limit.then_some(DEFAULT_WAIT) }
}
