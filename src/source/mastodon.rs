//! How are posts of a Mastodon instance, or of another one with its API, found?
//!
//! Timelines of a tag, an account, or all that the instance knows are open on most instances; search and streaming want a token.
//! 40 posts a page; `min_id` gives what follows a post, oldest first, so that nothing is skipped however much there was,
//! and the `Link` header says where to go on. 300 requests in 5 minutes for an address, 300 for an account, as `X-RateLimit-Remaining` and
//! `X-RateLimit-Reset` (a date) say. A stream sends `update`, `status.update` and `delete`, which names only the instance's own
//! number of a post (read in its documentation and in recorded answers of version 4.6, 2026-11-22).
//!
//! The `uri` that a post has at its home is its key, so that what several instances show is one post.

mod settings;
mod status;
#[cfg(test)]
mod tests;

use serde_json::Value;
use url::Url;

use self::settings::{Options, faults, is_account, is_tag};
use crate::model::{
    Auth, Duration, Fault, Next, Post, Progress, Rank, ReadError, Reading, Recognised, Request, Response, Secret,
    SeenPage, Settings, Source, SourceKind, Subscription, Thread, Timestamp,
};
use crate::parse::{date, json};

pub static KIND: Kind = Kind;

pub struct Kind;

const EXPECTED: &str = "an answer of a Mastodon instance";
/// Posts on one page, the most that the API gives.
const PER_PAGE: usize = 40;
/// Most pages of a timeline in one poll: 1,000 posts. The next poll goes on where it ended.
const MAX_PAGES: u32 = 25;
/// Most pages of a search in one poll.
const MAX_SEARCH_PAGES: u32 = 5;
/// 300 requests in 5 minutes.
const PACE: Duration = Duration::seconds(1);
/// Longest wait that a header is believed.
const MAX_WAIT: Duration = Duration::hours(24);
/// Longest id of a post; Mastodon's have 18 digits.
const MAX_ID: usize = 40;
/// Note of an account and its number at the instance, so that it is looked up once: `acme 110`.
const ACCOUNT: &str = "account";
/// Note of the last posts of a stream, a line each: its number at the instance, a space, its key. What is deleted has only its number.
const RECENT: &str = "recent";
/// How many posts that note knows.
const MAX_RECENT: usize = 64;
/// Hosts with addresses like `/@name` that are no instances.
const OTHERS: [&str; 6] = ["youtube.com", "medium.com", "tiktok.com", "threads.net", "threads.com", "lobste.rs"];

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "mastodon"
    }

    fn summary(&self) -> &'static str {
        "Posts of a Mastodon instance: of a tag, an account, a search, or all; asked for or streamed"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "fediverse-acme"
kind = "mastodon"
url = "https://social.example"
tag = "acme"
every = "2m"
"#
    }

    fn recognise(&self, url: &Url) -> Option<String> {
        let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https"))?;
        if OTHERS.contains(&host.trim_start_matches("www.").trim_start_matches("m.")) {
            return None;
        }
        let segments: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
        let (key, value) = match segments[..] {
            ["tags", tag] => ("tag", Some(tag).filter(|tag| is_tag(tag))?),
            [account] | [account, _] => ("account", account.strip_prefix('@').filter(|account| is_account(account))?),
            _ => return None,
        };
        let name = format!("{host}-{value}").replace(|c: char| !c.is_ascii_alphanumeric(), "-").to_lowercase();
        let origin = toml::Value::String(url.origin().ascii_serialization());
        let value = toml::Value::String(value.to_owned());
        let name = name.trim_matches('-');
        Some(format!("[[source]]\nname = \"{name}\"\nkind = \"mastodon\"\nurl = {origin}\n{key} = {value}\n"))
    }

    /// An instance's front page is its public posts; what has an address of its own was recognised by that.
    fn recognise_page(&self, page: &SeenPage) -> Vec<Recognised> {
        if page.software != "mastodon" && !page.generator.starts_with("Mastodon") {
            return Vec::new();
        }
        let url = &page.response.url;
        let why = "its site says that it runs Mastodon".to_owned();
        let block = self.recognise(url).unwrap_or_else(|| {
            let name = url.host_str().unwrap_or_default().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
            let origin = toml::Value::String(url.origin().ascii_serialization());
            format!(
                "[[source]]\nname = \"{}\"\nkind = \"mastodon\"\nurl = {origin}\nlocal = true\n",
                name.trim_matches('-')
            )
        });
        vec![Recognised { block, why, rank: Rank::Site }]
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let options: Options = settings.read()?;
        let mut faults = faults(settings, &options);
        let url = json::base(settings, "url", &options.url).map_err(|fault| faults.extend(fault));
        let streaming = options.streaming_url.as_ref().unwrap_or(&options.url);
        let streaming = match &options.streaming_url {
            Some(_) => json::base(settings, "streaming_url", streaming).map_err(|fault| faults.extend(fault)),
            None => url.clone(),
        };
        let (Ok(url), Ok(streaming), true) = (url, streaming, faults.is_empty()) else { return Err(faults) };
        let what = match (options.tag, options.account, options.query) {
            (Some(tag), ..) => What::Tag(tag.trim().trim_start_matches('#').to_owned()),
            (_, Some(account), _) => What::Account(account.trim().trim_start_matches('@').to_owned()),
            (_, _, Some(query)) => What::Search(query),
            (None, None, None) => What::All,
        };
        let stream = options.stream.then_some(streaming);
        Ok(Box::new(Instance { url, what, local: options.local, token: options.token, stream }))
    }
}

#[derive(Debug)]
enum What {
    All,
    Tag(String),
    Account(String),
    Search(String),
}

/// One request of a poll.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Which number the account has at the instance.
    Lookup,
    /// What follows the post with this number, or the newest posts. Notation: `after 110`, `newest`.
    Timeline { after: Option<String> },
    /// Posts found, without the first so many, newest first. Notation: `found 40`.
    Search { offset: usize },
    /// Nothing is asked any more. Notation: `stream`.
    Stream,
}

impl Step {
    fn read(text: &str) -> Option<Self> {
        Some(match text.split_once(' ').unwrap_or((text, "")) {
            ("newest", "") => Self::Timeline { after: None },
            ("after", id) => Self::Timeline { after: Some(id.to_owned()).filter(|id| is_id(id)) },
            ("found", offset) => Self::Search { offset: offset.parse().ok()? },
            ("stream", "") => Self::Stream,
            _ => return None,
        })
    }

    fn written(&self) -> String {
        match self {
            Self::Lookup | Self::Timeline { after: None } => "newest".to_owned(),
            Self::Timeline { after: Some(id) } => format!("after {id}"),
            Self::Search { offset } => format!("found {offset}"),
            Self::Stream => "stream".to_owned(),
        }
    }
}

/// One configured instance. The cursor is the number that the newest post seen has there.
#[derive(Debug)]
struct Instance {
    url: Url,
    what: What,
    local: bool,
    token: Option<Secret>,
    /// The streaming server, where posts are streamed.
    stream: Option<Url>,
}

impl Source for Instance {
    fn next(&self, progress: &Progress) -> Next {
        let Some(step) = self.step(progress) else { return Next::Done };
        let request = self.with_token(Request::get(self.address(&step, progress)), &self.url);
        // "Unchanged" would end a poll that only begins.
        let conditional = self.stream.is_none() && step != Step::Lookup;
        match step {
            Step::Stream => Next::Subscribe(Box::new(Subscription::Events(Request { conditional: false, ..request }))),
            Step::Lookup | Step::Timeline { .. } | Step::Search { .. } => {
                Next::Http(Box::new(Request { conditional, ..request }))
            }
        }
    }

    /// Every instance gives a feed of each of its own accounts and of each tag.
    fn feed(&self) -> Option<Url> {
        let path = match &self.what {
            What::Account(account) if !account.contains('@') => format!("@{account}.rss"),
            What::Tag(tag) => format!("tags/{tag}.rss"),
            What::Account(_) | What::Search(_) | What::All => return None,
        };
        Some(json::call(&self.url, &path, []))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        if self.stream.is_some() && !is_json(&response.body) {
            return Ok(self.read_frame(progress, response));
        }
        let (answer, repaired) = json::parse(response, EXPECTED)?;
        let wait = wait(response);
        if let (What::Account(account), Some(id)) = (&self.what, answer.get("id").and_then(status::id)) {
            return Ok(Reading { progress: looked_up(progress, account, id), repaired, wait, ..Reading::default() });
        }
        let Some(statuses) = answer.as_array().map(Vec::as_slice).or_else(|| json::list(&answer, "statuses")) else {
            return Err(api_error(&answer));
        };
        Ok(Reading {
            posts: statuses.iter().map(status::post).collect(),
            progress: self.progress_after(progress, statuses, response),
            repaired,
            wait,
            ..Reading::default()
        })
    }

    /// Asks the post's home instance, which has all of the conversation, under the number in the post's address.
    fn follow(&self, post: &Post) -> Option<Request> {
        let home = Url::parse(&post.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let segments: Vec<&str> = home.path_segments()?.collect();
        let (name, id) = match segments[..] {
            [name, id] => (name.strip_prefix('@')?, id),
            _ => return None,
        };
        if name.is_empty() || !is_id(id) {
            return None;
        }
        let mut base = home.clone();
        base.set_path("");
        base.set_query(None);
        base.set_fragment(None);
        let url = json::call(&base, &format!("api/v1/statuses/{id}/context"), []);
        Some(self.with_token(Request::get(url), &base))
    }

    fn read_thread(&self, post: &Post, response: &Response) -> Result<Thread, ReadError> {
        let (answer, _) = json::parse(response, EXPECTED)?;
        let Some(replies) = json::list(&answer, "descendants") else { return Err(api_error(&answer)) };
        let ancestors = json::list(&answer, "ancestors").unwrap_or_default();
        let root = ancestors.first().and_then(|root| json::text(root, "uri")).unwrap_or(&post.key);
        let reply = |item: &Value| status::post(item).map(|reply| status::within(reply, root));
        Ok(Thread { replies: replies.iter().map(reply).collect(), wait: wait(response), ..Thread::default() })
    }

    fn pace(&self) -> Option<Duration> {
        Some(PACE)
    }
}

impl Instance {
    fn step(&self, progress: &Progress) -> Option<Step> {
        if progress.page > 0 {
            let step = Step::read(progress.next.as_deref()?)?;
            return (step != Step::Stream || self.stream.is_some()).then_some(step);
        }
        let after = progress.cursor.clone().filter(|id| is_id(id));
        Some(match &self.what {
            What::Account(account) if known_account(progress, account).is_none() => Step::Lookup,
            What::Account(_) | What::Tag(_) | What::All => Step::Timeline { after },
            What::Search(_) => Step::Search { offset: 0 },
        })
    }

    fn address(&self, step: &Step, progress: &Progress) -> Url {
        let limit = PER_PAGE.to_string();
        let (after, offset) = match step {
            Step::Timeline { after } => (after.as_deref(), None),
            Step::Search { offset } if *offset > 0 => (None, Some(offset.to_string())),
            Step::Search { .. } | Step::Lookup | Step::Stream => (None, None),
        };
        let mut parameters = vec![("limit", limit.as_str())];
        parameters.extend(self.local.then_some(("local", "true")));
        let path = match (&self.what, step, &self.stream) {
            (what, Step::Stream, Some(server)) => return self.streamed(what, server),
            (What::Account(account), Step::Lookup, _) => {
                return json::call(&self.url, "api/v1/accounts/lookup", [("acct", account.as_str())]);
            }
            (What::Account(account), ..) => {
                parameters.push(("exclude_reblogs", "true"));
                format!("api/v1/accounts/{}/statuses", known_account(progress, account).unwrap_or("0"))
            }
            (What::Search(query), ..) => {
                parameters.extend([("q", query.as_str()), ("type", "statuses")]);
                "api/v2/search".to_owned()
            }
            (What::Tag(tag), ..) => format!("api/v1/timelines/tag/{tag}"),
            (What::All, ..) => "api/v1/timelines/public".to_owned(),
        };
        parameters.extend(after.map(|after| ("min_id", after)));
        parameters.extend(offset.as_deref().map(|offset| ("offset", offset)));
        json::call(&self.url, &path, parameters)
    }

    fn streamed(&self, what: &What, server: &Url) -> Url {
        let local = if self.local { "/local" } else { "" };
        match what {
            What::Tag(tag) => json::call(server, &format!("api/v1/streaming/hashtag{local}"), [("tag", tag.as_str())]),
            What::All | What::Account(_) | What::Search(_) => {
                json::call(server, &format!("api/v1/streaming/public{local}"), [])
            }
        }
    }

    /// The token is the instance's: nobody else is shown it.
    fn with_token(&self, request: Request, asked: &Url) -> Request {
        let Some(secret) = self.token.clone().filter(|_| asked.origin() == self.url.origin()) else { return request };
        let auth = Auth::Header { name: "Authorization".to_owned(), prefix: "Bearer ".to_owned(), secret };
        Request { auth, ..request }
    }

    fn progress_after(&self, before: &Progress, statuses: &[Value], response: &Response) -> Progress {
        let page = before.page.saturating_add(1);
        let mut progress = Progress { page, next: None, ..before.clone() };
        let newest = statuses.iter().filter_map(|item| status::id(item.get("id")?)).max_by_key(|id| order(id));
        let known = before.cursor.as_deref().filter(|id| is_id(id));
        progress.cursor = newest.into_iter().chain(known).max_by_key(|id| order(id)).map(str::to_owned);
        let next = match self.step(before) {
            Some(Step::Timeline { after: Some(after) }) if statuses.len() >= PER_PAGE && page < MAX_PAGES => {
                let linked = linked(response, "prev", "min_id");
                let further = linked.or_else(|| newest.map(str::to_owned));
                further.filter(|id| order(id) > order(&after)).map(|id| Step::Timeline { after: Some(id) })
            }
            Some(Step::Search { offset }) if statuses.len() >= PER_PAGE && page < MAX_SEARCH_PAGES => {
                let oldest = statuses.iter().filter_map(|item| status::id(item.get("id")?)).min_by_key(|id| order(id));
                // The first poll of all reads one page: what is older was not listened to. Later pages come behind the cursor.
                let since = before.notes.get(SINCE).map(String::as_str).or(known.filter(|_| before.page == 0));
                let goes_on = matches!((oldest, since), (Some(oldest), Some(since)) if order(oldest) > order(since));
                if let (true, Some(since)) = (goes_on, since) {
                    progress.notes.insert(SINCE.to_owned(), since.to_owned());
                }
                goes_on.then_some(Step::Search { offset: offset + PER_PAGE })
            }
            _ => None,
        };
        let next = next.or_else(|| self.stream.as_ref().map(|_| Step::Stream));
        progress.next = next.map(|step| step.written());
        if progress.next.is_none() {
            progress.notes.remove(SINCE);
        }
        progress
    }

    /// Reads whole events of a stream.
    fn read_frame(&self, before: &Progress, response: &Response) -> Reading {
        let text = String::from_utf8_lossy(&response.body);
        let mut reading = Reading { progress: before.clone(), ..Reading::default() };
        let mut recent: Vec<(String, String)> = status::recent(before.notes.get(RECENT));
        for (event, data) in status::events(&text) {
            match event.as_str() {
                "update" | "status.update" => {
                    let Ok(item) = serde_json::from_str::<Value>(&data) else {
                        reading.repaired.push(format!("an event `{event}` that is no JSON left out"));
                        continue;
                    };
                    if let Some(id) = item.get("id").and_then(status::id) {
                        note(&mut recent, id, json::text(&item, "uri"));
                        let known = reading.progress.cursor.take().filter(|known| order(known) > order(id));
                        reading.progress.cursor = Some(known.unwrap_or_else(|| id.to_owned()));
                    }
                    reading.posts.push(status::post(&item));
                }
                "delete" => {
                    let gone = recent.iter().find(|(id, _)| *id == data.trim());
                    reading.deleted.extend(gone.map(|(_, key)| key.clone()));
                }
                // Announcements, changed filters and the like.
                _ => {}
            }
        }
        reading.progress.page = before.page.max(1);
        reading.progress.next = Some(Step::Stream.written());
        if !recent.is_empty() {
            let lines: Vec<String> = recent.iter().map(|(id, key)| format!("{id} {key}")).collect();
            reading.progress.notes.insert(RECENT.to_owned(), lines.join("\n"));
        }
        reading
    }
}

/// Note that carries from page to page of a search which post the poll goes back to.
const SINCE: &str = "since";

/// Remembers the key of a post, and forgets the oldest.
fn note(recent: &mut Vec<(String, String)>, id: &str, key: Option<&str>) {
    let Some(key) = key.filter(|key| !key.contains(char::is_whitespace) && key.len() <= 512) else { return };
    recent.retain(|(known, _)| known != id);
    recent.push((id.to_owned(), key.to_owned()));
    let surplus = recent.len().saturating_sub(MAX_RECENT);
    recent.drain(..surplus);
}

fn looked_up(before: &Progress, account: &str, id: &str) -> Progress {
    let after = before.cursor.clone().filter(|id| is_id(id));
    let next = Some(Step::Timeline { after }.written());
    let mut progress = Progress { page: before.page.saturating_add(1), next, ..before.clone() };
    progress.notes.insert(ACCOUNT.to_owned(), format!("{account} {id}"));
    progress
}

/// The number of the account, if it was looked up.
fn known_account<'p>(progress: &'p Progress, account: &str) -> Option<&'p str> {
    let (known, id) = progress.notes.get(ACCOUNT)?.split_once(' ')?;
    (known == account && is_id(id)).then_some(id)
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= MAX_ID && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Newer posts have greater numbers; other software's have letters, and all the same length.
fn order(id: &str) -> (usize, &str) {
    (id.len(), id)
}

/// A parameter of the address that a `Link` header gives for a relation.
fn linked(response: &Response, relation: &str, parameter: &str) -> Option<String> {
    let wanted = format!("rel=\"{relation}\"");
    let link = response.header("link")?.split(',').find(|link| link.contains(&wanted))?;
    let address = link.split_once('<')?.1.split_once('>')?.0;
    let url = response.url.join(address).ok()?;
    let value = url.query_pairs().find(|(name, _)| name == parameter).map(|(_, value)| value.into_owned());
    value.filter(|id| is_id(id))
}

/// The silence that an answer asks for: until the quota begins anew, when it is spent.
fn wait(response: &Response) -> Option<Duration> {
    let remaining = response.header("x-ratelimit-remaining")?.trim().parse::<u64>().ok()?;
    let reset: Timestamp = date::parse(response.header("x-ratelimit-reset")?)?;
    (remaining == 0 && reset > response.received_at).then(|| reset.since(response.received_at).min(MAX_WAIT))
}

/// Whether it is an answer to a request, and not a frame of a stream.
fn is_json(body: &[u8]) -> bool {
    let start = body.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte));
    matches!(start, Some(b'{' | b'['))
}

/// The API tells errors as `{"error": "This method requires an authenticated user"}`.
fn api_error(answer: &Value) -> ReadError {
    match json::text(answer, "error_description").or(json::text(answer, "error")) {
        Some(error) => ReadError::Api { why: error.to_owned(), wait: None },
        None => ReadError::WrongFormat { expected: EXPECTED, why: "it is no list of posts".to_owned() },
    }
}
