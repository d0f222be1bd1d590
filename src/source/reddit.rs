//! How are posts and comments of Reddit found?
//!
//! Without an account through its Atom feeds, at most 100 items each. Since June 2026 Reddit lets an address ask about once
//! a minute, whatever the path, and answers 429 over it; a feed has no scores and no counts. With the id and secret of an
//! application ("script" or "web app") through the API at oauth.reddit.com: 100 requests a minute, averaged over ten, as
//! `x-ratelimit-remaining` and `x-ratelimit-reset` (seconds) say; 100 items a page, 1,000 a listing; a token lives a day or less
//! (read in its documentation and in reports of feed readers, 2026-11-22). The search finds posts, never comments.
//!
//! When the API refuses, the feeds stand in, [`Reading::degraded`] says so, and the API is tried again every half hour.
//! Posts have the same keys and the same words from both.

mod post;
mod settings;
#[cfg(test)]
mod tests;

use serde_json::Value;
use url::Url;

use self::settings::{Options, What, bare, faults, is_subreddit};
use crate::model::{
    Auth, Duration, Fault, FetchProblem, Lack, Next, Post, Progress, RawPost, ReadError, Reading, Rejection, Request,
    Response, Settings, Source, SourceKind, Thread, Timestamp, TokenGrant,
};
use crate::parse::{feed, json};

pub static KIND: Kind = Kind;

pub struct Kind;

/// Where the posts themselves are, and the feeds, unless the settings say otherwise.
const SITE: &str = "https://www.reddit.com";
/// Where the API is, unless the settings say otherwise.
const API: &str = "https://oauth.reddit.com";
const EXPECTED: &str = "an answer of the Reddit API";
/// What feeds are asked for as.
const ACCEPT: &str = "application/atom+xml, application/xml;q=0.9";
/// Items on one page, the most that Reddit gives.
const PER_PAGE: &str = "100";
/// Most pages of one listing in one poll through the API: what a listing reaches.
const MAX_PAGES: u32 = 10;
/// Most pages of one feed in one poll; each takes a minute.
const MAX_FEED_PAGES: u32 = 3;
/// What Reddit permits without an account: one request in this time.
const FEED_PACE: Duration = Duration::minutes(1);
/// What Reddit permits an application: 100 requests a minute.
const API_PACE: Duration = Duration(600);
/// How long the feeds stand in before the API is tried again.
const RETRY_API: Duration = Duration::minutes(30);
/// Note that carries from page to page which posts the poll goes back to; the notation of the cursor.
const SINCE: &str = "since";
/// Note of why the feeds stand in for the API.
const REFUSED: &str = "refused";
/// Note of when the API is tried again, in seconds since the Unix epoch.
const RETRY_AT: &str = "retry_at";

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "reddit"
    }

    fn summary(&self) -> &'static str {
        "Posts and comments of subreddits, or posts found by a search, with or without an account"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "reddit-acme"
kind = "reddit"
subreddits = ["acme", "acmecloud"]
every = "5m"
"#
    }

    fn recognise(&self, url: &Url) -> Option<String> {
        let host = url.host_str()?;
        if host != "reddit.com" && !host.ends_with(".reddit.com") {
            return None;
        }
        let segments: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
        let names = match segments[..] {
            ["r", names, ..] => names.split(['+', ',']).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let query = url.query_pairs().find(|(name, _)| name == "q").map(|(_, query)| query.into_owned());
        let query = query.filter(|query| segments.last() == Some(&"search") && !query.trim().is_empty());
        if names.iter().any(|name: &String| !is_subreddit(name)) || names.is_empty() && query.is_none() {
            return None;
        }
        let called = names.first().map_or("search".to_owned(), |name| name.to_lowercase().replace('_', "-"));
        let mut block = format!("[[source]]\nname = \"reddit-{}\"\nkind = \"reddit\"\n", called.trim_matches('-'));
        if !names.is_empty() {
            let names = names.into_iter().map(toml::Value::String).collect();
            block.push_str(&format!("subreddits = {}\n", toml::Value::Array(names)));
        }
        if let Some(query) = query {
            block.push_str(&format!("query = {}\n", toml::Value::String(query)));
        }
        Some(block)
    }

    fn pace_at(&self, url: &Url) -> Option<Duration> {
        let host = url.host_str()?;
        (host == "reddit.com" || host.ends_with(".reddit.com")).then_some(FEED_PACE)
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let options: Options = settings.read()?;
        let mut faults = faults(settings, &options);
        let site = json::base(settings, "url", &options.url).map_err(|fault| faults.extend(fault));
        let api = json::base(settings, "api_url", &options.api_url).map_err(|fault| faults.extend(fault));
        let (Ok(site), Ok(api), true) = (site, api, faults.is_empty()) else { return Err(faults) };
        let grant = match (options.client_id, options.client_secret) {
            (Some(client_id), Some(client_secret)) => Some(TokenGrant::ClientCredentials {
                url: json::call(&site, "api/v1/access_token", []),
                client_id,
                client_secret,
                scope: None,
                in_form: false,
            }),
            _ => None,
        };
        let subreddits: Vec<&str> = options.subreddits.iter().map(|name| bare(name)).collect();
        let lists = match &options.types {
            _ if options.query.is_some() => vec![List::Search],
            Some(types) => types.iter().map(|what| List::of(*what)).collect(),
            None => vec![List::Posts, List::Comments],
        };
        Ok(Box::new(Reddit { site, api, grant, subreddits: subreddits.join("+"), query: options.query, lists }))
    }
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Posts,
    Comments,
    Search,
}

impl List {
    fn of(what: What) -> Self {
        match what {
            What::Story => Self::Posts,
            What::Comment => Self::Comments,
        }
    }

    /// How the full names of what it lists begin.
    fn prefix(self) -> &'static str {
        match self {
            Self::Posts | Self::Search => "t3_",
            Self::Comments => "t1_",
        }
    }
}

/// One request of a poll. Notation: index of the list, page from 1, full name of the last item before the page.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    list: usize,
    page: u32,
    after: Option<String>,
}

impl Step {
    const FIRST: Self = Self { list: 0, page: 1, after: None };

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let (list, page) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { list, page, after: parts.next().map(str::to_owned) })
    }

    fn written(&self) -> String {
        let after = self.after.as_ref().map(|after| format!(" {after}")).unwrap_or_default();
        format!("{} {}{after}", self.list, self.page)
    }
}

/// One configured source. The cursor holds the full name of the newest post and the newest comment seen: `t3_1abc t1_2def`.
#[derive(Debug)]
struct Reddit {
    site: Url,
    api: Url,
    /// How to get a token for the API; none when it is read without an account.
    grant: Option<TokenGrant>,
    /// Joined by `+`; empty for all of Reddit.
    subreddits: String,
    query: Option<String>,
    /// At least one.
    lists: Vec<List>,
}

impl Source for Reddit {
    fn next(&self, progress: &Progress) -> Next {
        let Some(step) = self.step(progress) else { return Next::Done };
        let through_api = self.through_api(progress);
        let url = self.address(through_api, &step);
        Next::Http(Box::new(if through_api { self.with_token(url) } else { of_feed(url) }))
    }

    fn feed(&self) -> Option<Url> {
        let first = self.step(&Progress::default())?;
        Some(self.address(false, &first))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let through_api = self.through_api(progress);
        let found = if through_api { from_listing(response)? } else { from_feed(response)? };
        let mut reading = Reading {
            progress: self.progress_after(progress, &found, through_api, response.received_at),
            posts: found.posts,
            deleted: found.deleted,
            repaired: found.repaired,
            wait: wait(response),
            ..Reading::default()
        };
        if !through_api && self.grant.is_some() {
            let why = progress.notes.get(REFUSED).map_or("the API refuses us", String::as_str);
            reading.degraded = Some(format!("read through the feeds, without likes and replies: {why}"));
            // The pace of this source is that of the API.
            reading.wait = reading.wait.max(Some(FEED_PACE));
        }
        Ok(reading)
    }

    /// Only what does not pass by itself: a spent quota or a server in trouble is waited for.
    fn fall_back(&self, progress: &Progress, problem: &FetchProblem) -> Option<Progress> {
        let refused =
            matches!(problem, FetchProblem::Refused { .. } | FetchProblem::NoToken { .. } | FetchProblem::Wall { .. });
        if !refused || !self.through_api(progress) {
            return None;
        }
        let mut progress = progress.clone();
        progress.notes.insert(REFUSED.to_owned(), format!("the API says that {problem}"));
        progress.notes.remove(RETRY_AT);
        Some(progress)
    }

    fn follow(&self, post: &Post) -> Option<Request> {
        let (root, comment) = place(post)?;
        let path = match comment {
            Some(comment) => format!("comments/{root}/_/{comment}"),
            None => format!("comments/{root}"),
        };
        Some(match self.grant {
            Some(_) => {
                let parameters = [("limit", "500"), ("sort", "new"), ("context", "0"), ("raw_json", "1")];
                self.with_token(json::call(&self.api, &path, parameters))
            }
            None => of_feed(json::call(&self.site, &format!("{path}/.rss"), [("limit", PER_PAGE), ("sort", "new")])),
        })
    }

    fn read_thread(&self, post: &Post, response: &Response) -> Result<Thread, ReadError> {
        if self.grant.is_some() {
            return post::conversation(post, &json::parse(response, EXPECTED)?.0)
                .map(|thread| Thread { wait: wait(response), ..thread });
        }
        let found = from_feed(response)?;
        let is_reply = |reply: &Result<RawPost, Rejection>| {
            reply.as_ref().map_or(true, |reply| reply.key != post.key && reply.thread.is_some())
        };
        Ok(Thread {
            deleted: found.deleted.contains(&post.key),
            replies: found.posts.into_iter().filter(is_reply).collect(),
            wait: wait(response),
            ..Thread::default()
        })
    }

    fn pace(&self) -> Option<Duration> {
        Some(if self.grant.is_some() { API_PACE } else { FEED_PACE })
    }

    fn lacks(&self) -> Option<Lack> {
        self.grant.is_none().then_some(Lack {
            fields: &["likes", "replies"],
            why: "Reddit is read without an account; give `client_id` and `client_secret` of an application",
        })
    }
}

/// What one answer held, whichever way it came.
struct Found {
    posts: Vec<Result<RawPost, Rejection>>,
    deleted: Vec<String>,
    repaired: Vec<String>,
    /// Full names of all items, in the order of the answer, also of those that are no posts.
    names: Vec<String>,
    /// Where the API says that the next page begins.
    after: Option<String>,
}

impl Reddit {
    fn through_api(&self, progress: &Progress) -> bool {
        self.grant.is_some() && !progress.notes.contains_key(REFUSED)
    }

    fn step(&self, progress: &Progress) -> Option<Step> {
        if progress.page == 0 {
            return Some(Step::FIRST);
        }
        Step::read(progress.next.as_deref()?).filter(|step| step.list < self.lists.len())
    }

    fn address(&self, through_api: bool, step: &Step) -> Url {
        let list = self.lists.get(step.list).copied().unwrap_or(List::Posts);
        let within = if self.subreddits.is_empty() { String::new() } else { format!("r/{}/", self.subreddits) };
        let path = match (list, through_api) {
            (List::Posts, true) => "new",
            (List::Posts, false) => "new/.rss",
            (List::Comments, true) => "comments",
            (List::Comments, false) => "comments/.rss",
            (List::Search, true) => "search",
            (List::Search, false) => "search.rss",
        };
        let mut parameters = Vec::new();
        if let (List::Search, Some(query)) = (list, &self.query) {
            // It also finds subreddits and people.
            parameters.extend([("q", query.as_str()), ("sort", "new"), ("type", "link")]);
            parameters.extend((!within.is_empty()).then_some(("restrict_sr", "on")));
        }
        parameters.push(("limit", PER_PAGE));
        parameters.extend(through_api.then_some(("raw_json", "1")));
        parameters.extend(step.after.as_deref().map(|after| ("after", after)));
        json::call(if through_api { &self.api } else { &self.site }, &format!("{within}{path}"), parameters)
    }

    fn with_token(&self, url: Url) -> Request {
        let auth = self.grant.clone().map_or(Auth::None, |grant| Auth::Token(Box::new(grant)));
        // The API knows no validators.
        Request { auth, conditional: false, ..Request::get(url) }
    }

    fn progress_after(&self, before: &Progress, found: &Found, through_api: bool, now: Timestamp) -> Progress {
        let Some(step) = self.step(before) else { return Progress { next: None, ..before.clone() } };
        let list = self.lists.get(step.list).copied().unwrap_or(List::Posts);
        let mut progress = Progress { page: before.page.saturating_add(1), next: None, ..before.clone() };
        if before.page == 0 {
            match &before.cursor {
                Some(cursor) => progress.notes.insert(SINCE.to_owned(), cursor.clone()),
                None => progress.notes.remove(SINCE),
            };
        }
        let numbers: Vec<u64> = found.names.iter().filter_map(|name| number(name, list.prefix())).collect();
        progress.cursor = moved(before.cursor.as_deref(), list.prefix(), numbers.iter().max().copied());
        let since = progress.notes.get(SINCE).and_then(|since| seen(since, list.prefix()));
        let more = match (since, numbers.iter().min()) {
            // The first poll of all reads one page of each list: what is older was not listened to.
            (Some(since), Some(oldest)) if *oldest > since => page_after(&step, found, through_api),
            _ => None,
        };
        let next_list = Step { list: step.list + 1, ..Step::FIRST };
        let next = more.or_else(|| (next_list.list < self.lists.len()).then_some(next_list));
        progress.next = next.map(|step| step.written());
        if progress.next.is_none() {
            progress.notes.remove(SINCE);
        }
        note_retry(&mut progress, through_api, now);
        progress
    }
}

/// Where the page behind this one is.
fn page_after(step: &Step, found: &Found, through_api: bool) -> Option<Step> {
    let most = if through_api { MAX_PAGES } else { MAX_FEED_PAGES };
    let after = if through_api { found.after.clone() } else { found.names.last().cloned() };
    let after = after.filter(|after| step.after.as_ref() != Some(after) && step.page < most)?;
    Some(Step { list: step.list, page: step.page + 1, after: Some(after) })
}

/// When the feeds stand in, notes when to try the API again; when that is past, the next poll does.
fn note_retry(progress: &mut Progress, through_api: bool, now: Timestamp) {
    if through_api || !progress.notes.contains_key(REFUSED) {
        return;
    }
    match progress.notes.get(RETRY_AT).and_then(|at| at.parse::<i64>().ok()) {
        None => {
            progress.notes.insert(RETRY_AT.to_owned(), (now + RETRY_API).seconds().to_string());
        }
        Some(at) if at <= now.seconds() && progress.next.is_none() => {
            progress.notes.remove(RETRY_AT);
            progress.notes.remove(REFUSED);
        }
        Some(_) => {}
    }
}

/// The number of a full name: Reddit counts up, in base 36.
fn number(name: &str, prefix: &str) -> Option<u64> {
    u64::from_str_radix(name.strip_prefix(prefix)?, 36).ok()
}

/// The number of the newest item with this prefix that a cursor knows.
fn seen(cursor: &str, prefix: &str) -> Option<u64> {
    cursor.split(' ').find_map(|name| number(name, prefix))
}

/// The cursor with the newest item of one sort replaced, if this one is newer.
fn moved(cursor: Option<&str>, prefix: &str, newest: Option<u64>) -> Option<String> {
    let known = cursor.unwrap_or_default();
    let newest = newest.max(seen(known, prefix)).map(|newest| format!("{prefix}{}", base_36(newest)));
    let others = known.split(' ').filter(|name| name.starts_with('t') && !name.starts_with(prefix)).map(str::to_owned);
    let mut names: Vec<String> = others.chain(newest).collect();
    names.sort_unstable_by(|one, two| two.cmp(one));
    (!names.is_empty()).then(|| names.join(" "))
}

fn base_36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.extend(char::from_digit((number % 36) as u32, 36));
        number /= 36;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

fn of_feed(url: Url) -> Request {
    // A poll asks for several feeds; "unchanged" of the first one would end it.
    Request { conditional: false, ..Request::get(url) }.header("accept", ACCEPT)
}

/// The root of a post's conversation and, where it is a comment, its own id, from its address.
fn place(post: &Post) -> Option<(String, Option<String>)> {
    let url = Url::parse(&post.url).ok()?;
    let mut segments = url.path_segments()?.skip_while(|segment| *segment != "comments").skip(1);
    let is_id = |id: &&str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let root = segments.next().filter(is_id)?;
    let comment = segments.nth(1).filter(is_id).map(str::to_owned);
    Some((root.to_owned(), comment.filter(|_| post.key.starts_with("reddit:t1_"))))
}

fn from_listing(response: &Response) -> Result<Found, ReadError> {
    let (answer, repaired) = json::parse(response, EXPECTED)?;
    let Some(children) = answer.get("data").and_then(|data| json::list(data, "children")) else {
        return Err(api_error(&answer));
    };
    let items: Vec<&Value> = children.iter().map(|child| child.get("data").unwrap_or(child)).collect();
    let mut found = Found {
        posts: Vec::with_capacity(items.len()),
        deleted: Vec::new(),
        repaired,
        names: items.iter().filter_map(|item| post::full_name(item)).collect(),
        after: answer.pointer("/data/after").and_then(Value::as_str).map(str::to_owned),
    };
    for item in items {
        let read = post::of_listing(item);
        found.take(read);
    }
    Ok(found)
}

fn from_feed(response: &Response) -> Result<Found, ReadError> {
    let feed = feed::read(response)?;
    let names = feed.posts.iter().flatten().filter_map(post::full_name_in_feed).collect();
    let mut found = Found {
        posts: Vec::with_capacity(feed.posts.len()),
        deleted: Vec::new(),
        repaired: feed.repaired,
        names,
        after: None,
    };
    for item in feed.posts {
        match item {
            Ok(item) => found.take(post::of_feed(item)),
            Err(rejection) => found.posts.push(Err(rejection)),
        }
    }
    Ok(found)
}

impl Found {
    fn take(&mut self, read: Result<RawPost, post::Not>) {
        self.posts.push(read.map_err(|not| {
            self.deleted.extend(not.deleted);
            not.rejection
        }));
    }
}

/// The silence that an answer asks for: until the quota begins anew, when it is spent.
fn wait(response: &Response) -> Option<Duration> {
    let figure = |name| response.header(name)?.trim().parse::<f64>().ok().filter(|figure| figure.is_finite());
    let (remaining, reset) = (figure("x-ratelimit-remaining")?, figure("x-ratelimit-reset")?);
    (remaining < 1.0 && reset > 0.0).then(|| Duration::seconds(reset.ceil() as u64))
}

/// The API tells errors as `{"message": "Forbidden", "error": 403}`, with a `reason` where a subreddit is closed.
fn api_error(answer: &Value) -> ReadError {
    match json::text(answer, "reason").or(json::text(answer, "message")) {
        Some(why) => ReadError::Api { why: why.to_owned(), wait: None },
        None => ReadError::WrongFormat { expected: EXPECTED, why: "it has no list `children`".to_owned() },
    }
}
