//! How are stories and comments of Lobsters, and of other sites that run its software, found?
//!
//! Lists of stories are JSON, 25 a page (`/newest.json`, `/newest/page/2.json`, `/t/TAG,TAG.json`, `/hottest.json`); new
//! comments are only there as a feed of the newest 20 (`/comments.rss`), without scores; a story's page (`/s/ID.json`) has all
//! of its comments. No account, no key; lists are kept for 45 seconds; more than 60 requests a minute or 5 a second are turned
//! away with 429 and Retry-After, and a second is asked for between two (read in the sources of the software, 2026-11-22).

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::model::{
    Duration, Engagement, Fault, Next, Post, PostType, Progress, RawAuthor, RawPost, ReadError, Reading, Rejection,
    Request, Response, Settings, Source, SourceKind, TextForm, Thread, Timestamp,
};
use crate::parse::{feed, json};

#[cfg(test)]
mod tests;

pub static KIND: Kind = Kind;

pub struct Kind;

/// The site that the software was written for.
const SITE: &str = "https://lobste.rs";
const EXPECTED: &str = "an answer of Lobsters";
/// Most pages of one list in one poll: 250 stories.
const MAX_PAGES: u32 = 10;
/// Most tags of one source; their names stand in the address.
const MAX_TAGS: usize = 20;
/// How far behind the newest post known a poll goes back, so that a story that was held back is not lost.
const OVERLAP: Duration = Duration::minutes(10);
/// The second between two requests that the site asks for, and one to spare.
const PACE: Duration = Duration::seconds(2);
/// Notes that carry from page to page which moment (seconds since the Unix epoch) each list is read back to.
const SINCE: [&str; 2] = ["since", "since_comments"];

/// What can be set for a source of this kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Address of the site, for another one that runs the software of Lobsters.
    #[serde(default = "site")]
    url: String,
    /// Tags of which a story must have at least one. Without them all stories are read.
    #[serde(default)]
    tags: Vec<String>,
    /// Which stories: the newest, or those on the front page.
    #[serde(default)]
    list: Shown,
    /// What to listen to: stories, comments, or both. Without it both, or with `tags` or the front page stories, as the site
    /// has no such lists of comments.
    types: Option<Vec<What>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Shown {
    #[default]
    Newest,
    Hottest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum What {
    Story,
    Comment,
}

fn site() -> String {
    SITE.to_owned()
}

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "lobsters"
    }

    fn summary(&self) -> &'static str {
        "Stories and comments of Lobsters or a site with the same software"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "lobsters"
kind = "lobsters"
every = "5m"
"#
    }

    fn recognise(&self, url: &Url) -> Option<String> {
        if url.host_str()?.trim_start_matches("www.") != "lobste.rs" {
            return None;
        }
        let block = "[[source]]\nname = \"lobsters\"\nkind = \"lobsters\"\n";
        let tags = url.path().strip_prefix("/t/").and_then(|tags| tags.split(['/', '.']).next()).unwrap_or_default();
        let tags: Vec<&str> = tags.split(',').filter(|tag| is_tag(tag)).take(MAX_TAGS).collect();
        if tags.is_empty() {
            return Some(block.to_owned());
        }
        let tags = tags.into_iter().map(|tag| toml::Value::String(tag.to_owned())).collect();
        Some(format!("{block}tags = {}\n", toml::Value::Array(tags)))
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let options: Options = settings.read()?;
        let mut faults = faults(settings, &options);
        let url = json::base(settings, "url", &options.url).map_err(|fault| faults.extend(fault));
        let (Ok(url), true) = (url, faults.is_empty()) else { return Err(faults) };
        let place = url.as_str().trim_end_matches('/').split_once("://").map(|(_, place)| place.to_owned());
        let only_stories = !options.tags.is_empty() || options.list == Shown::Hottest;
        let lists = match options.types {
            Some(types) => types,
            None if only_stories => vec![What::Story],
            None => vec![What::Story, What::Comment],
        };
        Ok(Box::new(Site {
            place: place.unwrap_or_default(),
            url,
            tags: options.tags.join(","),
            hottest: options.list == Shown::Hottest,
            lists,
        }))
    }
}

fn is_tag(tag: &str) -> bool {
    !tag.is_empty() && tag.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '+'))
}

fn faults(settings: &Settings<'_>, options: &Options) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |key, what: String, hint| faults.push(settings.fault(key, what).hint(hint));
    for tag in options.tags.iter().filter(|tag| !is_tag(tag)) {
        fault("tags", format!("`{tag}` is no tag"), "one tag is one text: `[\"devops\", \"rust\"]`");
    }
    if options.tags.len() > MAX_TAGS {
        fault("tags", format!("there are more than {MAX_TAGS} tags"), "make it two sources");
    }
    let is_front_page = options.list == Shown::Hottest;
    if is_front_page && !options.tags.is_empty() {
        fault("list", "the front page cannot be had by tag".into(), "leave out `list` or `tags`");
    }
    match options.types.as_deref() {
        Some([]) => fault("types", "nothing to listen to".into(), "leave it out, or write `[\"story\", \"comment\"]`"),
        Some(types) if types.contains(&What::Comment) && (is_front_page || !options.tags.is_empty()) => {
            fault(
                "types",
                "the site lists comments only as a whole".into(),
                "make a source of its own of the comments",
            );
        }
        _ => {}
    }
    faults
}

/// One configured site. The cursor holds the moments of the newest story and the newest comment seen, in seconds since the
/// Unix epoch: `1795162800 1795163000`; `-` stands for none yet.
#[derive(Debug)]
struct Site {
    url: Url,
    /// Host, port and folder: what tells sites apart in keys.
    place: String,
    /// Joined by commas; empty for all stories.
    tags: String,
    hottest: bool,
    /// At least one.
    lists: Vec<What>,
}

impl Source for Site {
    fn next(&self, progress: &Progress) -> Next {
        let Some((list, page)) = self.step(progress) else { return Next::Done };
        let path = self.path(self.lists[list], page);
        // A poll asks for two lists; "unchanged" of the first one would end it.
        Next::Http(Box::new(Request {
            conditional: self.lists.len() == 1,
            ..Request::get(json::call(&self.url, &path, []))
        }))
    }

    fn feed(&self) -> Option<Url> {
        let path = match (&self.tags[..], &self.lists[..]) {
            ("", [What::Comment]) => "comments.rss".to_owned(),
            ("", _) => "rss".to_owned(),
            (tags, _) => format!("t/{tags}.rss"),
        };
        Some(json::call(&self.url, &path, []))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let list = self.step(progress).map_or(What::Story, |(list, _)| self.lists[list]);
        let (posts, repaired): (Vec<_>, Vec<String>) = match list {
            What::Story => {
                let (answer, repaired) = json::parse(response, EXPECTED)?;
                let Some(stories) = answer.as_array() else { return Err(api_error(&answer)) };
                (stories.iter().map(|story| self.story(story)).collect(), repaired)
            }
            What::Comment => {
                let feed = feed::read(response)?;
                (feed.posts.into_iter().map(|item| self.comment_of_feed(item?)).collect(), feed.repaired)
            }
        };
        let progress = self.progress_after(progress, &posts, response.received_at);
        Ok(Reading { posts, progress, repaired, ..Reading::default() })
    }

    fn follow(&self, post: &Post) -> Option<Request> {
        let story = story_of(&post.url)?;
        Some(Request::get(json::call(&self.url, &format!("s/{story}.json"), [])))
    }

    fn read_thread(&self, post: &Post, response: &Response) -> Result<Thread, ReadError> {
        let (answer, _) = json::parse(response, EXPECTED)?;
        let Some(comments) = json::list(&answer, "comments") else { return Err(api_error(&answer)) };
        let root = json::text(&answer, "short_id").map(|id| self.key_of_story(id));
        let mut thread = Thread::default();
        if root.as_deref() == Some(post.key.as_str()) {
            thread.engagement = Some(engagement(&answer, "comment_count"));
        }
        for item in comments {
            let key = json::text(item, "short_id").map(|id| self.key_of_comment(id));
            if key.as_deref() == Some(post.key.as_str()) {
                thread.engagement = Some(engagement(item, ""));
                thread.deleted = is_gone(item);
            } else {
                thread.replies.push(self.comment(item, root.clone()));
            }
        }
        Ok(thread)
    }

    fn pace(&self) -> Option<Duration> {
        Some(PACE)
    }
}

impl Site {
    /// Index of the list and page from 1 that are to be asked for. Notation: `0 2`.
    fn step(&self, progress: &Progress) -> Option<(usize, u32)> {
        if progress.page == 0 {
            return Some((0, 1));
        }
        let (list, page) = progress.next.as_deref()?.split_once(' ')?;
        let (list, page) = (list.parse().ok()?, page.parse().ok()?);
        (list < self.lists.len()).then_some((list, page))
    }

    fn path(&self, list: What, page: u32) -> String {
        let (name, ending) = match list {
            What::Comment => ("comments".to_owned(), "rss"),
            What::Story if self.hottest => ("hottest".to_owned(), "json"),
            What::Story if self.tags.is_empty() => ("newest".to_owned(), "json"),
            What::Story => (format!("t/{}", self.tags), "json"),
        };
        if page == 1 { format!("{name}.{ending}") } else { format!("{name}/page/{page}.{ending}") }
    }

    fn progress_after(&self, before: &Progress, posts: &[Result<RawPost, Rejection>], now: Timestamp) -> Progress {
        let Some((list, page)) = self.step(before) else { return Progress { next: None, ..before.clone() } };
        let what = self.lists[list];
        let mut progress = Progress { page: before.page.saturating_add(1), next: None, ..before.clone() };
        let known = seen(before.cursor.as_deref());
        if before.page == 0 {
            for (note, seen) in SINCE.into_iter().zip(known) {
                match seen {
                    Some(seen) => progress.notes.insert(note.to_owned(), seen.to_string()),
                    None => progress.notes.remove(note),
                };
            }
        }
        // A date of the site in our future would make the next polls blind.
        let dates = posts.iter().flatten().filter_map(|post| post.published).filter(|date| *date <= now);
        let dates: Vec<i64> = dates.map(Timestamp::seconds).collect();
        let mut newest = known;
        newest[what as usize] = known[what as usize].max(dates.iter().copied().max());
        progress.cursor = newest
            .iter()
            .any(Option::is_some)
            .then(|| newest.map(|moment| moment.map_or("-".to_owned(), |moment| moment.to_string())).join(" "));
        let since = progress.notes.get(SINCE[what as usize]).and_then(|since| since.parse::<i64>().ok());
        let more = match (since, dates.iter().min()) {
            // The first poll of all reads one page: what is older was not listened to. The front page is in no order of time.
            (Some(since), Some(oldest)) => {
                *oldest > (Timestamp::from_seconds(since) - OVERLAP).seconds() && page < MAX_PAGES && !self.hottest
            }
            _ => false,
        };
        progress.next = match more {
            true => Some(format!("{list} {}", page + 1)),
            false => (list + 1 < self.lists.len()).then(|| format!("{} 1", list + 1)),
        };
        if progress.next.is_none() {
            SINCE.iter().for_each(|note| drop(progress.notes.remove(*note)));
        }
        progress
    }

    /// Stories and comments are numbered apart.
    fn key_of_story(&self, id: &str) -> String {
        format!("lobsters:{}:s:{id}", self.place)
    }

    fn key_of_comment(&self, id: &str) -> String {
        format!("lobsters:{}:c:{id}", self.place)
    }

    fn story(&self, item: &Value) -> Result<RawPost, Rejection> {
        let id = json::text(item, "short_id").ok_or_else(|| json::rejection("it has no `short_id`", item))?;
        let own = json::text(item, "comments_url").or(json::text(item, "short_id_url")).map(str::to_owned);
        Ok(RawPost {
            key: self.key_of_story(id),
            url: own.unwrap_or_else(|| json::call(&self.url, &format!("s/{id}"), []).to_string()),
            // A story of text has an empty address.
            target: json::text(item, "url").map(str::to_owned),
            thread: None,
            post_type: PostType::Story,
            title: json::text(item, "title").map(json::as_html).unwrap_or_default(),
            text: json::text(item, "description").unwrap_or_default().to_owned(),
            form: TextForm::Html,
            author: self.author(item, "submitter_user"),
            published: json::date(item, "created_at"),
            updated: None,
            lang: None,
            tags: json::texts(item, "tags"),
            engagement: engagement(item, "comment_count"),
        })
    }

    fn comment(&self, item: &Value, thread: Option<String>) -> Result<RawPost, Rejection> {
        let id = json::text(item, "short_id").ok_or_else(|| json::rejection("it has no `short_id`", item))?;
        if is_gone(item) {
            return Err(json::rejection("deleted or removed at the site", item));
        }
        let own = json::text(item, "url").or(json::text(item, "short_id_url")).map(str::to_owned);
        Ok(RawPost {
            key: self.key_of_comment(id),
            url: own.unwrap_or_else(|| json::call(&self.url, &format!("c/{id}"), []).to_string()),
            target: None,
            thread,
            post_type: PostType::Comment,
            // A comment does not say what the title of its story says.
            title: String::new(),
            text: json::text(item, "comment").unwrap_or_default().to_owned(),
            form: TextForm::Html,
            author: self.author(item, "commenting_user"),
            published: json::date(item, "created_at"),
            updated: json::date(item, "last_edited_at").or_else(|| json::date(item, "updated_at")),
            lang: None,
            tags: Vec::new(),
            engagement: engagement(item, ""),
        })
    }

    /// A comment of the feed: its id is the address `…/c/ID`, its link leads to its place below the story.
    fn comment_of_feed(&self, item: RawPost) -> Result<RawPost, Rejection> {
        let id = item.key.rsplit_once("/c/").or_else(|| item.url.rsplit_once("#c_")).map(|(_, id)| id.to_owned());
        let Some(id) = id.filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())) else {
            return Err(Rejection { why: "it is no comment".into(), what: item.key.chars().take(120).collect() });
        };
        Ok(RawPost {
            key: self.key_of_comment(&id),
            thread: story_of(&item.url).map(|story| self.key_of_story(&story)),
            post_type: PostType::Comment,
            title: String::new(),
            target: None,
            text: if item.form == TextForm::Plain { json::as_html(&item.text) } else { item.text },
            form: TextForm::Html,
            author: item.author.map(|author| self.named(author.name.trim())),
            tags: Vec::new(),
            engagement: Engagement::default(),
            ..item
        })
    }

    /// Older versions give an account whole, newer ones only its name.
    fn author(&self, item: &Value, key: &str) -> Option<RawAuthor> {
        let name = json::text(item, key).or_else(|| json::text(item.get(key)?, "username"))?;
        Some(self.named(name))
    }

    fn named(&self, name: &str) -> RawAuthor {
        let url = json::call(&self.url, &format!("~{name}"), []).to_string();
        RawAuthor { name: name.to_owned(), handle: Some(name.to_owned()), url: Some(url) }
    }
}

/// The moments of the newest story and the newest comment that a cursor knows.
fn seen(cursor: Option<&str>) -> [Option<i64>; 2] {
    let mut moments = cursor.unwrap_or_default().split(' ').map(|moment| moment.parse().ok());
    [moments.next().flatten(), moments.next().flatten()]
}

/// The id of the story that an address leads to or lies below: `/s/ID/some_words#c_…`.
fn story_of(address: &str) -> Option<String> {
    let id = address.split_once("/s/")?.1.split(['/', '#', '?', '.']).next()?;
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())).then(|| id.to_owned())
}

fn is_gone(item: &Value) -> bool {
    ["is_deleted", "is_moderated"].iter().any(|key| item.get(key).and_then(Value::as_bool) == Some(true))
}

fn engagement(item: &Value, replies: &str) -> Engagement {
    Engagement { likes: json::count(item, "score"), replies: json::count(item, replies), ..Engagement::default() }
}

fn api_error(answer: &Value) -> ReadError {
    match json::text(answer, "error") {
        Some(error) => ReadError::Api { why: error.to_owned(), wait: None },
        None => ReadError::WrongFormat { expected: EXPECTED, why: "it is no list of stories and no story".to_owned() },
    }
}
