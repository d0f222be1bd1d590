//! How are questions and answers of a Stack Exchange site found?
//!
//! Through the API 2.3 at api.stackexchange.com (looked up 2026-11-21): 300 requests a day and address without
//! a key, 10,000 with one (free, from stackapps.com), counted anew at midnight UTC; at most 100 items a page. `backoff` in
//! an answer asks for so many seconds of silence, `quota_remaining` counts down; errors are `error_id`, `error_name`,
//! `error_message`. The built-in filter `withbody` adds the bodies. A search finds questions only, so a poll asks
//! for the questions with new activity and then for the new answers to them: two requests as a rule.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::model::{
    Auth, Duration, Engagement, Fault, Next, Post, PostType, Progress, RawAuthor, RawPost, ReadError, Reading,
    Rejection, Request, Response, Secret, Settings, Source, SourceKind, TextForm, Thread, Timestamp,
};
use crate::parse::json;

#[cfg(test)]
mod tests;
mod thread;

pub static KIND: Kind = Kind;

pub struct Kind;

const EXPECTED: &str = "an answer of the Stack Exchange API";
/// Where the API is, unless the settings say otherwise.
const API: &str = "https://api.stackexchange.com/2.3";
/// Items on one page, and most questions whose answers one request asks for: the API's bound for both.
const PER_PAGE: usize = 100;
/// Most pages of questions in one poll, and most pages of answers to the questions of one page.
const MAX_PAGES: u32 = 5;
/// Most tags of one source.
const MAX_TAGS: usize = 20;
/// How far behind the newest activity known the next poll begins, so that what is indexed late is not lost.
const OVERLAP: Duration = Duration::minutes(15);
/// The wait when the API says "too many" without saying for how long.
const DEFAULT_WAIT: Duration = Duration::minutes(5);
/// Note that carries from page to page which moment (seconds since the Unix epoch) the poll goes back to.
const SINCE: &str = "since";
/// Note with the step that a poll could not take because the API asked for silence; the next poll takes it first.
const RESUME: &str = "resume";

/// Sites whose host is not `NAME.stackexchange.com`: the API's name and the host.
const HOSTS: [(&str, &str); 8] = [
    ("stackoverflow", "stackoverflow.com"),
    ("serverfault", "serverfault.com"),
    ("superuser", "superuser.com"),
    ("askubuntu", "askubuntu.com"),
    ("stackapps", "stackapps.com"),
    ("mathoverflow.net", "mathoverflow.net"),
    ("meta", "meta.stackexchange.com"),
    ("meta.stackoverflow", "meta.stackoverflow.com"),
];

/// What can be set for a source of this kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Which site: the API's name for it (`stackoverflow`, `unix`) or its host (`unix.stackexchange.com`).
    site: String,
    /// Tags of which a question must have at least one. Without tags and query every question is read.
    #[serde(default)]
    tagged: Vec<String>,
    /// Words that a question must contain, as the site's own search understands them.
    query: Option<String>,
    /// Key of an application registered at stackapps.com: 10,000 requests a day instead of 300.
    key: Option<Secret>,
    /// Address of the API, for another instance of it.
    #[serde(default = "api")]
    url: String,
}

fn api() -> String {
    API.to_owned()
}

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "stack_exchange"
    }

    fn summary(&self) -> &'static str {
        "Questions and answers of Stack Overflow or another Stack Exchange site"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "stackoverflow-acme"
kind = "stack_exchange"
site = "stackoverflow"
tagged = ["acme"]
every = "15m"
"#
    }

    fn recognise(&self, url: &Url) -> Option<String> {
        let site = site_of_host(url.host_str()?.trim_start_matches("www."))?;
        let mut block = format!("[[source]]\nname = \"{}\"\nkind = \"stack_exchange\"\n", site.replace('.', "-"));
        block.push_str(&format!("site = \"{site}\"\nevery = \"15m\"\n"));
        if let Some(tags) = url.path().strip_prefix("/questions/tagged/") {
            let tags = tags.replace("%20", "+").replace("%23", "#").to_lowercase();
            let tags = tags.trim_end_matches('/').split('+').filter(|tag| !["", "or", "and"].contains(tag));
            let tags = tags.map(|tag| toml::Value::String(tag.to_owned())).collect();
            block.push_str(&format!("tagged = {}\n", toml::Value::Array(tags)));
        }
        Some(block)
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let mut options: Options = settings.read()?;
        let mut faults: Vec<Fault> = tag_faults(settings, &options.tagged);
        let site = api_name(&options.site);
        if site.is_none() {
            let fault = settings.fault("site", format!("`{}` is no site of Stack Exchange", options.site));
            faults.push(fault.hint("write the API's name (`stackoverflow`) or the host (`unix.stackexchange.com`)"));
        }
        if options.query.as_ref().is_some_and(|query| query.trim().is_empty()) {
            let fault = settings.fault("query", "there is nothing to search for");
            faults.push(fault.hint("leave it out to read every question"));
        }
        let api = json::base(settings, "url", &options.url).map_err(|fault| faults.extend(fault));
        let (Some(site), Ok(api), true) = (site, api, faults.is_empty()) else { return Err(faults) };
        options.site = site;
        Ok(Box::new(Site { api, options }))
    }
}

fn tag_faults(settings: &Settings<'_>, tags: &[String]) -> Vec<Fault> {
    let wrong = |tag: &&String| tag.is_empty() || tag.contains(|c: char| c.is_whitespace() || matches!(c, ';' | ','));
    let mut faults: Vec<Fault> = tags
        .iter()
        .filter(wrong)
        .map(|tag| {
            settings
                .fault("tagged", format!("`{tag}` is no tag"))
                .hint("one tag is one text: `[\"acme\", \"acme-cloud\"]`")
        })
        .collect();
    if tags.len() > MAX_TAGS {
        faults
            .push(settings.fault("tagged", format!("there are more than {MAX_TAGS} tags")).hint("make it two sources"));
    }
    faults
}

/// The API's name of a site given by name or host.
fn api_name(site: &str) -> Option<String> {
    let site = site.trim().to_ascii_lowercase();
    if let Some(name) = site_of_host(&site) {
        return Some(name);
    }
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let known = HOSTS.iter().any(|(name, _)| *name == site) || !site.ends_with(".com");
    (!site.is_empty() && known && site.chars().all(named)).then_some(site)
}

fn site_of_host(host: &str) -> Option<String> {
    if let Some((name, _)) = HOSTS.iter().find(|(_, known)| *known == host) {
        return Some((*name).to_owned());
    }
    let name = host.strip_suffix(".stackexchange.com").or_else(|| {
        // `pt.stackoverflow.com` is called `pt.stackoverflow`.
        host.strip_suffix(".com").filter(|name| name.ends_with(".stackoverflow"))
    })?;
    (!["", "api", "www"].contains(&name)).then(|| name.to_owned())
}

fn host_of(site: &str) -> String {
    match HOSTS.iter().find(|(name, _)| *name == site) {
        Some((_, host)) => (*host).to_owned(),
        None if site.ends_with(".stackoverflow") => format!("{site}.com"),
        None => format!("{site}.stackexchange.com"),
    }
}

/// One request of a poll. Pages count from 1, as in the API.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Questions {
        page: u32,
    },
    /// Answers to the questions `of` (numbers joined by `;`) written since `since`; `then` is the page of questions behind.
    Answers {
        page: u32,
        since: i64,
        then: Option<u32>,
        of: String,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Questions { page } => write!(f, "questions {page}"),
            // No page 0 exists: it stands for "none".
            Self::Answers { page, since, then, of } => write!(f, "answers {page} {since} {} {of}", then.unwrap_or(0)),
        }
    }
}

impl FromStr for Step {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = text.split(' ').collect();
        let number = |text: &str| text.parse::<u32>().map_err(drop);
        match parts[..] {
            ["questions", page] => Ok(Self::Questions { page: number(page)? }),
            ["answers", page, since, then, of] => Ok(Self::Answers {
                page: number(page)?,
                since: since.parse().map_err(drop)?,
                then: Some(number(then)?).filter(|then| *then > 0),
                of: of.to_owned(),
            }),
            _ => Err(()),
        }
    }
}

/// One configured site. The cursor is the moment of the newest activity seen, in seconds since the Unix epoch.
#[derive(Debug)]
struct Site {
    api: Url,
    /// `site` is the API's name of it.
    options: Options,
}

impl Source for Site {
    fn next(&self, progress: &Progress) -> Next {
        let Some(step) = step(progress) else { return Next::Done };
        let url = match &step {
            Step::Questions { page } => self.questions(*page, since(progress)),
            Step::Answers { page, since, of, .. } => self.answers(*page, *since, of),
        };
        Next::Http(Box::new(self.request(url)))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let (answer, repaired) = json::parse(response, EXPECTED)?;
        let items = match json::list(&answer, "items") {
            Some(items) if answer.get("error_id").is_none() => items,
            _ => return Err(api_error(&answer)),
        };
        let wait = wait(&answer, response.received_at);
        Ok(Reading {
            posts: items.iter().map(|item| self.post(item)).collect(),
            progress: progress_after(progress, items, &answer, response.received_at, wait.is_some()),
            repaired,
            wait,
            ..Reading::default()
        })
    }

    fn follow(&self, post: &Post) -> Option<Request> {
        Some(self.request(self.thread_of(post)?))
    }

    fn read_thread(&self, post: &Post, response: &Response) -> Result<Thread, ReadError> {
        self.thread(post, response)
    }
}

/// What to ask for now; `None` when the poll is complete.
fn step(progress: &Progress) -> Option<Step> {
    let noted = match progress.page {
        0 => progress.notes.get(RESUME),
        _ => Some(progress.next.as_ref()?),
    };
    Some(noted.and_then(|step| step.parse().ok()).unwrap_or(Step::Questions { page: 1 }))
}

/// The moment that the poll goes back to.
fn since(progress: &Progress) -> Option<i64> {
    let begins = progress.page == 0 && !progress.notes.contains_key(RESUME);
    let since = if begins { progress.cursor.as_ref() } else { progress.notes.get(SINCE) };
    since.and_then(|since| since.parse().ok())
}

fn progress_after(before: &Progress, items: &[Value], answer: &Value, now: Timestamp, silence: bool) -> Progress {
    let Some(taken) = step(before) else { return before.clone() };
    let since = since(before);
    let mut progress = Progress { page: before.page.saturating_add(1), next: None, ..before.clone() };
    progress.notes.remove(RESUME);
    progress.notes.remove(SINCE);
    if matches!(taken, Step::Questions { .. }) {
        // A date of the site in our future would make the next polls blind.
        let active = items.iter().filter_map(|item| json::date(item, "last_activity_date")).filter(|date| *date <= now);
        let known = before.cursor.as_deref().and_then(|cursor| cursor.parse().ok());
        progress.cursor = active.map(Timestamp::seconds).chain(known).max().map(|newest| newest.to_string());
    }
    let more = answer.get("has_more").and_then(Value::as_bool).unwrap_or(false) && !items.is_empty();
    let Some(step) = step_after(taken, items, more, since.is_some()) else { return progress };
    if let Some(since) = since {
        progress.notes.insert(SINCE.to_owned(), since.to_string());
    }
    if silence {
        // Going on now is what the API asked not to do.
        progress.notes.insert(RESUME.to_owned(), step.to_string());
    } else {
        progress.next = Some(step.to_string());
    }
    progress
}

/// `further`: not the first poll of all, which reads one page; what is older was not listened to.
fn step_after(taken: Step, items: &[Value], more: bool, further: bool) -> Option<Step> {
    let questions = |page| Step::Questions { page };
    match taken {
        Step::Questions { page } => {
            let then = (more && further && page < MAX_PAGES).then_some(page + 1);
            match answered(items) {
                Some((of, since)) => Some(Step::Answers { page: 1, since, then, of }),
                None => then.map(questions),
            }
        }
        Step::Answers { page, since, then, of } if more && page < MAX_PAGES => {
            Some(Step::Answers { page: page + 1, since, then, of })
        }
        Step::Answers { then, .. } => then.map(questions),
    }
}

/// The questions of a page that have answers, and the oldest activity on the page: answers before it were read before.
fn answered(items: &[Value]) -> Option<(String, i64)> {
    let with_answers = items.iter().filter(|item| json::count(item, "answer_count").is_some_and(|answers| answers > 0));
    let ids: Vec<String> =
        with_answers.filter_map(|item| json::id(item, "question_id")).take(PER_PAGE).map(|id| id.to_string()).collect();
    let oldest = items.iter().filter_map(|item| json::date(item, "last_activity_date")).min()?;
    (!ids.is_empty()).then(|| (ids.join(";"), oldest.seconds()))
}

impl Site {
    fn request(&self, url: Url) -> Request {
        // The API knows no validators.
        let mut request = Request { conditional: false, ..Request::get(url) };
        if let Some(secret) = self.options.key.clone() {
            request.auth = Auth::Query { name: "key".to_owned(), secret };
        }
        request
    }

    fn questions(&self, page: u32, since: Option<i64>) -> Url {
        let Options { tagged, query, .. } = &self.options;
        // `questions` wants all tags of a list, the search one of them.
        let path = if query.is_some() || tagged.len() > 1 { "search/advanced" } else { "questions" };
        let min = since.map(|since| (Timestamp::from_seconds(since) - OVERLAP).seconds().to_string());
        let tagged = (!tagged.is_empty()).then(|| tagged.join(";"));
        let chosen = [("q", query.clone()), ("tagged", tagged), ("min", min)];
        self.call(path, page, "activity", chosen.into_iter().filter_map(|(name, value)| Some((name, value?))))
    }

    fn answers(&self, page: u32, since: i64, of: &str) -> Url {
        self.call(&format!("questions/{of}/answers"), page, "creation", [("fromdate", since.to_string())])
    }

    fn call(&self, path: &str, page: u32, sort: &str, chosen: impl IntoIterator<Item = (&'static str, String)>) -> Url {
        let mut url = json::call(&self.api, path, [("site", self.options.site.as_str()), ("filter", "withbody")]);
        let (page, per_page) = (page.to_string(), PER_PAGE.to_string());
        url.query_pairs_mut()
            .extend_pairs([("order", "desc"), ("sort", sort), ("page", page.as_str()), ("pagesize", per_page.as_str())])
            .extend_pairs(chosen);
        url
    }

    fn key(&self, id: u64) -> String {
        format!("{}{id}", self.key_prefix())
    }

    /// What all keys of this site begin with.
    fn key_prefix(&self) -> String {
        format!("stackexchange:{}:", self.options.site)
    }

    fn post(&self, item: &Value) -> Result<RawPost, Rejection> {
        let question = json::id(item, "question_id");
        let answer = json::id(item, "answer_id");
        let Some(id) = answer.or(question) else {
            return Err(json::rejection("it has no `question_id` or `answer_id`", item));
        };
        let host = host_of(&self.options.site);
        let link = json::text(item, "link").filter(|_| answer.is_none()).map(str::to_owned);
        let path = if answer.is_some() { "a" } else { "questions" };
        Ok(RawPost {
            key: self.key(id),
            url: link.unwrap_or_else(|| format!("https://{host}/{path}/{id}")),
            target: None,
            thread: question.filter(|_| answer.is_some()).map(|question| self.key(question)),
            post_type: if answer.is_some() { PostType::Answer } else { PostType::Question },
            // An answer does not say what the title of its question says.
            title: json::text(item, "title").filter(|_| answer.is_none()).unwrap_or_default().to_owned(),
            text: json::text(item, "body").unwrap_or_default().to_owned(),
            form: TextForm::Html,
            author: item.get("owner").and_then(author),
            published: json::date(item, "creation_date"),
            updated: json::date(item, "last_edit_date"),
            lang: None,
            tags: json::texts(item, "tags"),
            engagement: Engagement {
                likes: json::count(item, "score"),
                replies: json::count(item, "answer_count"),
                ..Engagement::default()
            },
        })
    }
}

fn author(owner: &Value) -> Option<RawAuthor> {
    let name = json::text(owner, "display_name")?.to_owned();
    Some(RawAuthor { name, handle: None, url: json::text(owner, "link").map(str::to_owned) })
}

/// The silence that a good answer asks for.
fn wait(answer: &Value, now: Timestamp) -> Option<Duration> {
    let backoff = json::count(answer, "backoff").filter(|seconds| *seconds > 0).map(Duration::seconds);
    let spent = (json::count(answer, "quota_remaining") == Some(0)).then(|| until_midnight(now));
    backoff.max(spent)
}

fn until_midnight(now: Timestamp) -> Duration {
    let day = Duration::days(1).0;
    Duration(day - now.0.rem_euclid(day as i64) as u64)
}

/// What an answer without items says: `too many requests from this IP, more requests available in 3600 seconds`.
fn api_error(answer: &Value) -> ReadError {
    let Some(message) = json::text(answer, "error_message").or(json::text(answer, "error_name")) else {
        return ReadError::WrongFormat { expected: EXPECTED, why: "it has no list `items`".to_owned() };
    };
    let is_limit = json::text(answer, "error_name") == Some("throttle_violation");
    let said = message.split_once(" in ").and_then(|(_, tail)| tail.split(' ').next()?.parse().ok());
    let wait = is_limit.then(|| said.map_or(DEFAULT_WAIT, Duration::seconds));
    ReadError::Api { why: message.to_owned(), wait }
}
