//! How are issues, pull requests, comments, releases and discussions of GitHub found?
//!
//! Through the REST API, version 2022-11-28: 60 requests an hour and address without a token, 5,000 with one; its search 10 and
//! 30 a minute, 1,000 results a query; 100 items a page, the next one in `Link`. `x-ratelimit-remaining` and `x-ratelimit-reset`
//! (Unix time) count down, a spent quota is 403 or 429, and so is a "secondary rate limit", after which one waits as
//! `retry-after` says or a minute. An answer of 304 costs nothing where a token goes with the request. Discussions through the
//! GraphQL API, which wants a token, else from the repository's feed (read in its documentation, 2026-11-22).
//!
//! Comments on the lines of a pull request are not read.

mod discussion;
mod post;
mod settings;
#[cfg(test)]
mod tests;

use serde_json::Value;
use url::Url;

use self::settings::{Options, Sort, What, api_of, faults, is_repo};
use crate::model::{
    Auth, Duration, Engagement, Fault, FetchProblem, Lack, Next, Post, Progress, RawPost, ReadError, Reading,
    Rejection, Request, Response, Secret, Settings, Source, SourceKind, Thread, Timestamp,
};
use crate::parse::step::Step;
use crate::parse::{feed, json};

pub static KIND: Kind = Kind;

pub struct Kind;

/// Where the posts themselves are, and the feeds, unless the settings say otherwise.
const SITE: &str = "https://github.com";
/// Where the API of [`SITE`] is.
const API: &str = "https://api.github.com";
const EXPECTED: &str = "an answer of the GitHub API";
/// Bodies as HTML and as they were written; the search knows only the latter.
const ACCEPT_FULL: &str = "application/vnd.github.full+json";
const ACCEPT: &str = "application/vnd.github+json";
const VERSION: &str = "2022-11-28";
/// Items on one page, the most that the API gives.
const PER_PAGE: &str = "100";
/// Releases on the one page that is read of them.
const RELEASES: &str = "30";
/// Most pages of one list in one poll.
const MAX_PAGES: u32 = 5;
/// The wait when the API says "too many" without saying for how long: "at least one minute".
const DEFAULT_WAIT: Duration = Duration::minutes(1);
/// What GitHub permits without and with a token: 60 and 5,000 requests an hour.
const PACE: (Duration, Duration) = (Duration::minutes(1), Duration(720));
/// What its search permits without and with a token: 10 and 30 requests a minute.
const SEARCH_PACE: (Duration, Duration) = (Duration::seconds(6), Duration::seconds(2));
/// Note that carries from page to page which moments the poll goes back to; the notation of the cursor.
const SINCE: &str = "since";
/// Note of a list that the repository does not have.
const MISSING: &str = "missing";

/// First segments of addresses that are no owners.
const NO_OWNERS: [&str; 20] = [
    "about",
    "apps",
    "collections",
    "contact",
    "customer-stories",
    "enterprise",
    "events",
    "explore",
    "features",
    "login",
    "marketplace",
    "notifications",
    "orgs",
    "pricing",
    "search",
    "settings",
    "site",
    "sponsors",
    "topics",
    "users",
];

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "github"
    }

    fn summary(&self) -> &'static str {
        "Issues, pull requests, comments, releases and discussions of a GitHub repository, or issues found by a search"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "github-acme-anvil"
kind = "github"
repo = "acme/anvil"
every = "15m"
"#
    }

    fn recognise(&self, url: &Url) -> Option<String> {
        if !["github.com", "www.github.com"].contains(&url.host_str()?) {
            return None;
        }
        let segments: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
        if segments[..] == ["search"] {
            let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value);
            let finds_issues = value("type").is_some_and(|sort| ["issues", "pullrequests"].contains(&&*sort));
            let query = value("q").filter(|query| finds_issues && !query.trim().is_empty())?.into_owned();
            let query = toml::Value::String(query);
            return Some(format!("[[source]]\nname = \"github-search\"\nkind = \"github\"\nquery = {query}\n"));
        }
        let [owner, name, rest @ ..] = &segments[..] else { return None };
        let repo = format!("{owner}/{}", name.trim_end_matches(".git"));
        if NO_OWNERS.contains(owner) || !is_repo(&repo) {
            return None;
        }
        let what = match rest.first() {
            Some(&"releases" | &"releases.atom") => "what = [\"releases\"]\n",
            Some(&"discussions" | &"discussions.atom") => "what = [\"discussions\"]\n",
            Some(&"issues" | &"pull" | &"pulls") => "what = [\"issues\", \"comments\"]\n",
            _ => "",
        };
        let named = repo.to_lowercase().replace(['/', '_', '.'], "-");
        let named = named.trim_matches('-');
        Some(format!("[[source]]\nname = \"github-{named}\"\nkind = \"github\"\nrepo = \"{repo}\"\n{what}"))
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let options: Options = settings.read()?;
        let mut faults = faults(settings, &options);
        let site = json::base(settings, "url", &options.url).map_err(|fault| faults.extend(fault));
        let api = options.api_url.as_deref().map(|api| json::base(settings, "api_url", api)).transpose();
        let api = api.map_err(|fault| faults.extend(fault));
        let (Ok(site), Ok(api), true) = (site, api, faults.is_empty()) else { return Err(faults) };
        let (api, graphql) = api_of(&site, api.as_ref());
        let wrong = |_| vec![settings.fault("url", "it is no address of a site")];
        let (api, graphql) = (Url::parse(&api).map_err(wrong)?, Url::parse(&graphql).map_err(wrong)?);
        let lists = match options.what {
            _ if options.query.is_some() => vec![List::Search],
            Some(what) => what.into_iter().map(List::of).collect(),
            None => vec![List::Issues, List::Comments, List::Releases],
        };
        let host = site.host_str().unwrap_or_default();
        Ok(Box::new(GitHub {
            home: site.as_str().trim_end_matches('/').to_owned(),
            prefix: if host == "github.com" { "github:".to_owned() } else { format!("github:{host}:") },
            site,
            api,
            graphql,
            repo: options.repo,
            query: options.query,
            sort: options.sort,
            bots: options.bots,
            token: options.token,
            lists,
        }))
    }
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Issues,
    Comments,
    Releases,
    Discussions,
    Search,
}

impl List {
    fn of(what: What) -> Self {
        match what {
            What::Issues => Self::Issues,
            What::Comments => Self::Comments,
            What::Releases => Self::Releases,
            What::Discussions => Self::Discussions,
        }
    }

    /// Its word in the cursor and in what we say.
    fn word(self) -> &'static str {
        match self {
            Self::Issues => "issues",
            Self::Comments => "comments",
            Self::Releases => "releases",
            Self::Discussions => "discussions",
            Self::Search => "search",
        }
    }
}

/// One configured source. The cursor holds the moment of the newest item of each list, in seconds since the Unix epoch:
/// `issues=1795262400 comments=1795262460`.
#[derive(Debug)]
struct GitHub {
    site: Url,
    /// `site` without a slash at its end.
    home: String,
    api: Url,
    graphql: Url,
    /// What all keys of this site begin with.
    prefix: String,
    repo: Option<String>,
    query: Option<String>,
    sort: Sort,
    bots: bool,
    token: Option<Secret>,
    /// At least one.
    lists: Vec<List>,
}

impl Source for GitHub {
    fn next(&self, progress: &Progress) -> Next {
        let Some(step) = self.step(progress) else { return Next::Done };
        Next::Http(Box::new(self.request(progress, &step)))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let step = self.step(progress).unwrap_or(Step::FIRST);
        let list = self.list(&step);
        let found = match list {
            List::Discussions if self.token.is_none() => self.in_feed(response)?,
            List::Discussions => self.in_graph(response)?,
            List::Issues | List::Comments | List::Releases | List::Search => self.in_rest(list, response)?,
        };
        let missing = progress.notes.get(MISSING).map(|list| format!("the repository has no {list}"));
        Ok(Reading {
            progress: self.progress_after(progress, &step, &found, response.received_at),
            posts: found.posts,
            repaired: found.repaired,
            degraded: missing,
            ..Reading::default()
        })
    }

    /// A repository may have its issues switched off (410, or 404 of the feed of discussions): the other lists are read all
    /// the same.
    fn fall_back(&self, progress: &Progress, problem: &FetchProblem) -> Option<Progress> {
        let step = self.step(progress)?;
        let absent = matches!(problem, FetchProblem::Gone | FetchProblem::Status { status: 404 | 410 });
        let is_alone = self.lists.len() == 1 || progress.page > 0 && progress.notes.contains_key(MISSING);
        if !absent || is_alone || self.list(&step) == List::Releases {
            return None;
        }
        let next = self.list_after(&step)?;
        let mut after = Progress { page: progress.page.saturating_add(1), next: Some(next), ..progress.clone() };
        note_start(progress, &mut after);
        after.notes.insert(MISSING.to_owned(), self.list(&step).word().to_owned());
        Some(after)
    }

    fn follow(&self, post: &Post) -> Option<Request> {
        if let Some((repo, number)) = self.numbered(&post.key, "discussions") {
            return self.token.as_ref().map(|_| self.discussion_of(&repo, number));
        }
        let (repo, number) = self.place_of(&post.key)?;
        // One request tells both what was answered and whether it was closed.
        let url = json::call(&self.api, &format!("repos/{repo}/issues/{number}/timeline"), [("per_page", PER_PAGE)]);
        Some(self.rest(url, ACCEPT_FULL))
    }

    fn read_thread(&self, post: &Post, response: &Response) -> Result<Thread, ReadError> {
        if self.numbered(&post.key, "discussions").is_some() {
            return self.discussion_thread(post, response);
        }
        let (answer, _) = json::parse(response, EXPECTED)?;
        let Some(events) = answer.as_array() else { return Err(refusal(&answer)) };
        Ok(self.timeline(post, events, next_page(response).is_none()))
    }

    fn pace(&self) -> Option<Duration> {
        let (without, with) = if self.query.is_some() { SEARCH_PACE } else { PACE };
        Some(if self.token.is_some() { with } else { without })
    }

    fn lacks(&self) -> Option<Lack> {
        let all = |of: &[List]| self.lists.iter().all(|list| of.contains(list));
        if self.token.is_none() && all(&[List::Discussions]) {
            let why = "the feed of discussions does not count them; give a `token`";
            return Some(Lack { fields: &["likes", "replies"], why });
        }
        let why = "comments and releases of GitHub have no count of replies";
        all(&[List::Comments, List::Releases]).then_some(Lack { fields: &["replies"], why })
    }
}

/// What one answer held, whichever way it came.
struct Found {
    posts: Vec<Result<RawPost, Rejection>>,
    repaired: Vec<String>,
    /// The moments that the list is sorted by, of all items that say them.
    moments: Vec<Timestamp>,
    /// Where the page behind it is; see [`Step::at`].
    next: Option<String>,
}

impl GitHub {
    fn step(&self, progress: &Progress) -> Option<Step> {
        if progress.page == 0 {
            return Some(Step::FIRST);
        }
        Step::read(progress.next.as_deref()?).filter(|step| step.list < self.lists.len())
    }

    fn list(&self, step: &Step) -> List {
        self.lists.get(step.list).copied().unwrap_or(List::Issues)
    }

    fn list_after(&self, step: &Step) -> Option<String> {
        let next = Step::of_list(step.list + 1);
        (next.list < self.lists.len()).then(|| next.written())
    }

    fn request(&self, progress: &Progress, step: &Step) -> Request {
        let list = self.list(step);
        let repo = self.repo.as_deref().unwrap_or_default();
        if list == List::Discussions {
            if self.token.is_some() {
                return self.discussions(repo, step.at.as_deref());
            }
            let order = format!("sort:date_{}", self.sort.word());
            let path = format!("{repo}/discussions.atom");
            let url = json::call(&self.site, &path, [("discussions_q", order.as_str())]);
            return Request { conditional: self.may_end(step), ..Request::get(url) };
        }
        let accept = if list == List::Search { ACCEPT } else { ACCEPT_FULL };
        let further = step.at.as_deref().and_then(|at| self.at_api(at));
        let url = further.unwrap_or_else(|| self.first_page(list, repo, self.since(progress, step)));
        Request { conditional: self.may_end(step), ..self.rest(url, accept) }
    }

    /// Whether "unchanged" may end the poll here: nothing else is asked, or nothing that an unchanged list leaves open. A
    /// comment moves its issue to the top.
    fn may_end(&self, step: &Step) -> bool {
        let moved_by_comments = self.sort == Sort::Updated && self.lists == [List::Issues, List::Comments];
        step.page == 1 && step.list == 0 && (self.lists.len() == 1 || moved_by_comments)
    }

    /// What the list may be bounded by; a request that is compared with the last one must stay the same.
    fn since(&self, progress: &Progress, step: &Step) -> Option<i64> {
        let bounded = matches!(self.list(step), List::Issues | List::Comments) && !self.may_end(step);
        let since = if progress.page == 0 { progress.cursor.as_ref() } else { progress.notes.get(SINCE) };
        since.filter(|_| bounded).and_then(|since| seen(since, self.list(step)))
    }

    fn first_page(&self, list: List, repo: &str, since: Option<i64>) -> Url {
        let since = since.map(|since| Timestamp::from_seconds(since).to_string());
        let since = since.as_deref().map(|since| ("since", since));
        let per_page = ("per_page", PER_PAGE);
        match list {
            List::Issues => {
                let fixed = [("state", "all"), ("sort", self.sort.word()), ("direction", "desc"), per_page];
                json::call(&self.api, &format!("repos/{repo}/issues"), fixed.into_iter().chain(since))
            }
            List::Comments => {
                let fixed = [("sort", "created"), ("direction", "desc"), per_page];
                json::call(&self.api, &format!("repos/{repo}/issues/comments"), fixed.into_iter().chain(since))
            }
            List::Releases | List::Discussions => {
                json::call(&self.api, &format!("repos/{repo}/releases"), [("per_page", RELEASES)])
            }
            List::Search => {
                let within = self.repo.as_ref().map(|repo| format!(" repo:{repo}")).unwrap_or_default();
                let query = format!("{}{within}", self.query.as_deref().unwrap_or_default().trim());
                let fixed = [("q", query.as_str()), ("sort", self.sort.word()), ("order", "desc"), per_page];
                json::call(&self.api, "search/issues", fixed)
            }
        }
    }

    /// An address that the API gave, if it is one of the API.
    fn at_api(&self, address: &str) -> Option<Url> {
        Url::parse(address).ok().filter(|url| url.origin() == self.api.origin())
    }

    fn rest(&self, url: Url, accept: &str) -> Request {
        self.with_token(Request::get(url).header("accept", accept))
    }

    fn with_token(&self, request: Request) -> Request {
        let request = request.header("x-github-api-version", VERSION);
        match self.token.clone() {
            Some(secret) => {
                let auth = Auth::Header { name: "Authorization".into(), prefix: "Bearer ".into(), secret };
                Request { auth, ..request }
            }
            None => request,
        }
    }

    fn in_rest(&self, list: List, response: &Response) -> Result<Found, ReadError> {
        let (answer, mut repaired) = json::parse(response, EXPECTED)?;
        let items = match list {
            List::Search => json::list(&answer, "items"),
            List::Issues | List::Comments | List::Releases | List::Discussions => answer.as_array().map(Vec::as_slice),
        };
        let Some(items) = items else { return Err(refusal(&answer)) };
        if answer.get("incomplete_results").and_then(Value::as_bool) == Some(true) {
            repaired.push("GitHub's search ran out of time and left some results out".to_owned());
        }
        let read = |item: &Value| match list {
            List::Comments => self.comment(item, None),
            List::Releases => self.release(item),
            List::Issues | List::Search | List::Discussions => self.issue(item),
        };
        let sorted_by = match list {
            List::Comments => "created_at",
            List::Releases => "published_at",
            List::Issues | List::Search | List::Discussions => self.sort.field(),
        };
        Ok(Found {
            posts: items.iter().map(read).collect(),
            repaired,
            moments: items.iter().filter_map(|item| json::date(item, sorted_by)).collect(),
            // They are few, and not sorted by when they were published.
            next: next_page(response).filter(|next| list != List::Releases && self.at_api(next).is_some()),
        })
    }

    fn in_graph(&self, response: &Response) -> Result<Found, ReadError> {
        let (answer, repaired) = json::parse(response, EXPECTED)?;
        let discussions = answer.pointer("/data/repository/discussions");
        let Some(nodes) = discussions.and_then(|found| json::list(found, "nodes")) else {
            return Err(refusal(&answer));
        };
        let sorted_by = if self.sort == Sort::Updated { "updatedAt" } else { "createdAt" };
        Ok(Found {
            posts: nodes.iter().map(|node| self.discussion(node)).collect(),
            repaired,
            moments: nodes.iter().filter_map(|node| json::date(node, sorted_by)).collect(),
            next: discussions.and_then(discussion::after),
        })
    }

    fn in_feed(&self, response: &Response) -> Result<Found, ReadError> {
        let feed = feed::read(response)?;
        let moments = feed.posts.iter().flatten().filter_map(|post| post.published).collect();
        let posts = feed.posts.into_iter().map(|post| self.fed(post?)).collect();
        Ok(Found { posts, repaired: feed.repaired, moments, next: None })
    }

    fn progress_after(&self, before: &Progress, step: &Step, found: &Found, now: Timestamp) -> Progress {
        let list = self.list(step);
        let mut progress = Progress { page: before.page.saturating_add(1), next: None, ..before.clone() };
        note_start(before, &mut progress);
        // A date of the site in our future would make the next polls blind.
        let moments: Vec<i64> =
            found.moments.iter().filter(|moment| **moment <= now).map(|moment| moment.seconds()).collect();
        progress.cursor = moved(before.cursor.as_deref(), list, moments.iter().max().copied());
        let since = progress.notes.get(SINCE).and_then(|since| seen(since, list));
        let more = match (since, moments.iter().min()) {
            // The first poll of all reads one page of each list: what is older was not listened to.
            (Some(since), Some(oldest)) if *oldest >= since && step.page < MAX_PAGES => {
                let at = found.next.clone().filter(|next| step.at.as_ref() != Some(next));
                at.map(|at| Step { list: step.list, page: step.page + 1, at: Some(at) }.written())
            }
            _ => None,
        };
        progress.next = more.or_else(|| self.list_after(step));
        if progress.next.is_none() {
            progress.notes.remove(SINCE);
            progress.notes.remove(MISSING);
        }
        progress
    }

    /// The replies in what happened to an issue, and whether it was closed. `whole`: there is nothing behind these events.
    fn timeline(&self, post: &Post, events: &[Value], whole: bool) -> Thread {
        let called = |event: &Value| json::text(event, "event").map(str::to_owned);
        // A list of comments has no events in it.
        let is_comment =
            |event: &&Value| called(event).map_or_else(|| event.get("body").is_some(), |name| name == "commented");
        let replies: Vec<_> =
            events.iter().filter(is_comment).map(|item| self.comment(item, Some(&post.key))).collect();
        let ends = events.iter().filter_map(called).rfind(|name| ["closed", "reopened", "merged"].contains(&&**name));
        let counted = whole.then_some(replies.len() as u64).or(post.engagement.replies);
        Thread {
            engagement: Some(Engagement { replies: counted, ..post.engagement }),
            closed: ends.is_some_and(|end| end != "reopened"),
            replies,
            ..Thread::default()
        }
    }
}

/// Notes at the first step of a poll what it goes back to.
fn note_start(before: &Progress, progress: &mut Progress) {
    if before.page > 0 {
        return;
    }
    progress.notes.remove(MISSING);
    match &before.cursor {
        Some(cursor) => progress.notes.insert(SINCE.to_owned(), cursor.clone()),
        None => progress.notes.remove(SINCE),
    };
}

/// The moment of the newest item of a list that a cursor knows, in seconds since the Unix epoch.
fn seen(cursor: &str, list: List) -> Option<i64> {
    cursor.split(' ').find_map(|part| part.strip_prefix(list.word())?.strip_prefix('=')?.parse().ok())
}

/// The cursor with the newest moment of one list replaced, if this one is newer.
fn moved(cursor: Option<&str>, list: List, newest: Option<i64>) -> Option<String> {
    let known = cursor.unwrap_or_default();
    let newest = newest.max(seen(known, list)).map(|newest| format!("{}={newest}", list.word()));
    let own = format!("{}=", list.word());
    let others = known.split(' ').filter(|part| part.contains('=') && !part.starts_with(&own)).map(str::to_owned);
    let mut parts: Vec<String> = others.chain(newest).collect();
    parts.sort_unstable();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Where `Link` says that the next page is.
fn next_page(response: &Response) -> Option<String> {
    let link = response.header("link")?.split(',').find(|link| link.contains("rel=\"next\""))?;
    let url = response.url.join(link.split_once('<')?.1.split_once('>')?.0).ok()?;
    Some(url.into())
}

/// What an answer says that is not what was asked for.
fn refusal(answer: &Value) -> ReadError {
    let errors = json::list(answer, "errors").and_then(|errors| errors.first());
    let message = json::text(answer, "message").or_else(|| json::text(errors?, "message"));
    let Some(message) = message else {
        return ReadError::WrongFormat { expected: EXPECTED, why: "it has no list of items".to_owned() };
    };
    let spent = errors.and_then(|error| json::text(error, "type")) == Some("RATE_LIMITED");
    let said = message.to_lowercase();
    let is_limit = spent || said.contains("rate limit") || said.contains("abuse detection");
    ReadError::Api { why: message.to_owned(), wait: is_limit.then_some(DEFAULT_WAIT) }
}
