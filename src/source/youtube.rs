//! How are videos of YouTube and the comments on them found?
//!
//! Videos of a channel or a playlist through its feed (`/feeds/videos.xml`), no account: the newest 15, whose star rating counts
//! the likes; it may be 15 minutes old. Comments through the Data API, version 3, with a key: `commentThreads` costs one unit of
//! 10,000 a day, which begin anew at midnight Pacific time; 100 threads a page, newest first, with up to five replies each. A
//! spent quota is HTTP 403 with the reason `quotaExceeded` (read in its documentation, 2026-11-22).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::model::{
    Auth, Duration, Engagement, Fault, Lack, Next, Post, PostType, Progress, Rank, RawAuthor, RawPost, ReadError,
    Reading, Recognised, Rejection, Request, Response, Secret, SeenPage, Settings, Source, SourceKind, TextForm,
    Thread, Timestamp,
};
use crate::parse::step::Step;
use crate::parse::{charset, feed, json};

#[cfg(test)]
mod tests;

pub static KIND: Kind = Kind;

pub struct Kind;

/// Where the videos are, and the feeds, unless the settings say otherwise.
const SITE: &str = "https://www.youtube.com";
/// Where the API is, unless the settings say otherwise.
const API: &str = "https://www.googleapis.com/youtube/v3";
const EXPECTED: &str = "an answer of the YouTube API";
/// Threads on one page, the most that the API gives.
const PER_PAGE: &str = "100";
/// Most pages of comments in one poll: 500 threads for five units.
const MAX_PAGES: u32 = 5;
/// How far behind the newest comment known a poll goes back: comments are held back for a while when they look like spam.
const OVERLAP: Duration = Duration::hours(1);
/// The wait when the API says "too fast" without saying for how long.
const DEFAULT_WAIT: Duration = Duration::minutes(1);
/// When the quota of a day begins anew, behind midnight UTC: midnight Pacific standard time.
const QUOTA_RESET: Duration = Duration::hours(8);
/// Note that carries from page to page which moment (seconds since the Unix epoch) the poll goes back to.
const SINCE: &str = "since";

/// What can be set for a source of this kind. One of `channel`, `playlist` and `video` must be there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Id of a channel, `UC` and 22 more characters: "Share channel", then "Copy channel ID" on its page.
    channel: Option<String>,
    /// Id of a playlist, as `list` in its address.
    playlist: Option<String>,
    /// Id of a video, as `v` in its address; its comments are read.
    video: Option<String>,
    /// Key of a project with the YouTube Data API v3, without which comments cannot be read.
    api_key: Option<Secret>,
    /// What to listen to: stories (videos), comments, or both. Without it all that can be had.
    types: Option<Vec<What>>,
    /// Address of the site, for a stand-in of it.
    #[serde(default = "site")]
    url: String,
    /// Address of the API, for a stand-in of it.
    #[serde(default = "api")]
    api_url: String,
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

fn api() -> String {
    API.to_owned()
}

/// What stands before a channel's id in its page.
const EXTERNAL_ID: [&str; 3] =
    ["itemprop=\"identifier\" content=\"", "itemprop=\"channelId\" content=\"", "\"externalId\":\""];

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "youtube"
    }

    fn summary(&self) -> &'static str {
        "Videos of a YouTube channel or playlist, and with a key the comments on them"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "acme-videos"
kind = "youtube"
channel = "UCacmeacmeacmeacmeacme01"
every = "15m"
"#
    }

    fn recognise(&self, url: &Url) -> Option<String> {
        let host = url.host_str()?;
        if !["youtube.com", "www.youtube.com", "m.youtube.com"].contains(&host) {
            return None;
        }
        let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let segments: Vec<&str> = url.path_segments()?.collect();
        let (key, id) = match segments[..] {
            ["channel", id, ..] => ("channel", id.to_owned()),
            ["playlist"] => ("playlist", value("list")?),
            ["feeds", "videos.xml"] => match value("channel_id") {
                Some(channel) => ("channel", channel),
                None => ("playlist", value("playlist_id")?),
            },
            _ => return None,
        };
        let is_right = if key == "channel" { is_channel(&id) } else { is_id(&id) };
        let name: String = id.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        is_right.then(|| format!("[[source]]\nname = \"youtube-{name}\"\nkind = \"youtube\"\n{key} = \"{id}\"\n"))
    }

    /// Pages of handles (`/@acme`, `/c/acme`, `/user/acme`) name the channel by its id.
    fn recognise_page(&self, page: &SeenPage) -> Vec<Recognised> {
        let url = &page.response.url;
        if !url.host_str().is_some_and(|host| host == "youtube.com" || host.ends_with(".youtube.com")) {
            return Vec::new();
        }
        let linked = page.links.iter().find_map(|link| self.recognise(&link.url));
        let block = linked.or_else(|| {
            let text = String::from_utf8_lossy(&page.response.body);
            let id = EXTERNAL_ID.iter().find_map(|mark| text.split_once(mark)?.1.split('"').next())?;
            let channel =
                is_channel(id).then(|| Url::parse(&format!("https://www.youtube.com/channel/{id}")).ok())??;
            self.recognise(&channel)
        });
        let why = "the page says which channel it is of".to_owned();
        block.map(|block| Recognised { block, why, rank: Rank::Site }).into_iter().collect()
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let options: Options = settings.read()?;
        let mut faults = faults(settings, &options);
        let site = json::base(settings, "url", &options.url).map_err(|fault| faults.extend(fault));
        let api = json::base(settings, "api_url", &options.api_url).map_err(|fault| faults.extend(fault));
        let (Ok(site), Ok(api), true) = (site, api, faults.is_empty()) else { return Err(faults) };
        let subject = match (options.channel, options.playlist, options.video) {
            (Some(channel), ..) => Subject::Channel(channel),
            (_, Some(playlist), _) => Subject::Playlist(playlist),
            (_, _, video) => Subject::Video(video.unwrap_or_default()),
        };
        let lists = match (options.types, &subject) {
            (Some(types), _) => types,
            (None, Subject::Video(_)) => vec![What::Comment],
            (None, Subject::Channel(_)) if options.api_key.is_some() => vec![What::Story, What::Comment],
            (None, Subject::Channel(_) | Subject::Playlist(_)) => vec![What::Story],
        };
        Ok(Box::new(YouTube { site, api, subject, key: options.api_key, lists }))
    }
}

fn is_channel(id: &str) -> bool {
    id.len() == 24 && id.starts_with("UC") && is_id(id)
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn faults(settings: &Settings<'_>, options: &Options) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |key, what: String, hint| faults.push(settings.fault(key, what).hint(hint));
    let Options { channel, playlist, video, api_key, types, .. } = options;
    let subjects = [("channel", channel), ("playlist", playlist), ("video", video)];
    let given: Vec<_> = subjects.into_iter().filter_map(|(key, id)| Some((key, id.as_deref()?))).collect();
    match given[..] {
        [] => fault("channel", "none of `channel`, `playlist` and `video` is there".into(), "write one of them"),
        [_] => {}
        [_, (key, _), ..] => {
            fault(key, "there is more than one of `channel`, `playlist` and `video`".into(), "make it two sources")
        }
    }
    for (key, id) in given {
        let is_right = if key == "channel" { is_channel(id) } else { is_id(id) };
        let hint = "write the id alone; a channel's is `UC` and 22 more characters, not its name";
        if !is_right {
            fault(key, format!("`{id}` is no id of a {key}"), hint);
        }
    }
    let wants = |what| types.as_ref().is_some_and(|types| types.contains(&what));
    if types.as_ref().is_some_and(Vec::is_empty) {
        fault("types", "nothing to listen to".into(), "leave it out, or write `[\"story\", \"comment\"]`");
    }
    if (wants(What::Comment) || video.is_some()) && api_key.is_none() {
        fault("api_key", "comments cannot be read without `api_key`".into(), "make a key at console.cloud.google.com");
    }
    if wants(What::Comment) && playlist.is_some() {
        fault("types", "the comments of a playlist cannot be had".into(), "name its channel, or one of its videos");
    }
    if wants(What::Story) && video.is_some() {
        fault("types", "of one video only the comments are new".into(), "leave `types` out");
    }
    faults
}

#[derive(Debug)]
enum Subject {
    Channel(String),
    Playlist(String),
    Video(String),
}

/// One configured channel, playlist or video. The cursor is the moment of the newest comment seen, in seconds since the Unix
/// epoch; a feed is always read whole.
#[derive(Debug)]
struct YouTube {
    site: Url,
    api: Url,
    subject: Subject,
    key: Option<Secret>,
    /// At least one.
    lists: Vec<What>,
}

impl Source for YouTube {
    fn next(&self, progress: &Progress) -> Next {
        let Some(step) = self.step(progress) else { return Next::Done };
        Next::Http(Box::new(match self.lists[step.list] {
            What::Story => self.videos(),
            What::Comment => self.comments(&step),
        }))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let list = self.step(progress).map_or(0, |step| step.list);
        match self.lists[list] {
            What::Story => self.read_videos(progress, response),
            What::Comment => self.read_comments(progress, response),
        }
    }

    fn feed(&self) -> Option<Url> {
        match &self.subject {
            Subject::Channel(_) | Subject::Playlist(_) => Some(self.videos().url),
            Subject::Video(_) => None,
        }
    }

    fn follow(&self, post: &Post) -> Option<Request> {
        let key = self.key.as_ref()?;
        let (sort, id) = post.key.strip_prefix("youtube:")?.split_once(':')?;
        let (path, of, part) = match sort {
            "v" => ("commentThreads", "videoId", "snippet,replies"),
            // A reply's id is its thread's, a dot, and its own: replies have no replies.
            "c" if !id.contains('.') => ("comments", "parentId", "snippet"),
            _ => return None,
        };
        let mut parameters = vec![("part", part), (of, id), ("maxResults", PER_PAGE), ("textFormat", "html")];
        parameters.extend((sort == "v").then_some(("order", "time")));
        Some(with_key(json::call(&self.api, path, parameters), key))
    }

    fn read_thread(&self, post: &Post, response: &Response) -> Result<Thread, ReadError> {
        let (answer, _) = json::parse(response, EXPECTED)?;
        let Some(items) = json::list(&answer, "items") else { return Err(api_error(&answer, response.received_at)) };
        let root = post.key.starts_with("youtube:v:").then_some(post.key.as_str());
        // Replies to a comment do not say which video they are about; its address does.
        let video = root.map_or_else(|| video_of(&post.url), |root| root.rsplit(':').next().map(str::to_owned));
        let replies = items.iter().flat_map(|item| thread(item, video.as_deref()));
        Ok(Thread { replies: replies.collect(), ..Thread::default() })
    }

    fn lacks(&self) -> Option<Lack> {
        (!self.lists.contains(&What::Comment))
            .then_some(Lack { fields: &["replies"], why: "feeds of YouTube do not count comments" })
    }
}

impl YouTube {
    fn step(&self, progress: &Progress) -> Option<Step> {
        if progress.page == 0 {
            return Some(Step::FIRST);
        }
        Step::read(progress.next.as_deref()?).filter(|step| step.list < self.lists.len())
    }

    fn videos(&self) -> Request {
        let parameter = match &self.subject {
            Subject::Channel(id) => ("channel_id", id.as_str()),
            Subject::Playlist(id) | Subject::Video(id) => ("playlist_id", id.as_str()),
        };
        let url = json::call(&self.site, "feeds/videos.xml", [parameter]);
        // "Unchanged" would end a poll that goes on to the comments.
        Request { conditional: self.lists.len() == 1, ..Request::get(url) }
    }

    fn comments(&self, step: &Step) -> Request {
        let of = match &self.subject {
            Subject::Channel(id) => ("allThreadsRelatedToChannelId", id.as_str()),
            Subject::Video(id) | Subject::Playlist(id) => ("videoId", id.as_str()),
        };
        let fixed =
            [("part", "snippet,replies"), of, ("order", "time"), ("maxResults", PER_PAGE), ("textFormat", "html")];
        let token = step.at.as_deref().map(|token| ("pageToken", token));
        let url = json::call(&self.api, "commentThreads", fixed.into_iter().chain(token));
        match &self.key {
            Some(key) => with_key(url, key),
            None => Request::get(url),
        }
    }

    fn read_videos(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let feed = feed::read(response)?;
        let text = charset::decode(&response.body, response.header("content-type")).0;
        let likes = likes(&text);
        let mut progress = Progress { page: progress.page.saturating_add(1), next: None, ..progress.clone() };
        progress.next = (self.lists.len() > 1).then(|| "1 1".to_owned());
        Ok(Reading {
            posts: feed.posts.into_iter().map(|item| video(item?, &likes)).collect(),
            progress,
            repaired: feed.repaired,
            ..Reading::default()
        })
    }

    fn read_comments(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let (answer, repaired) = json::parse(response, EXPECTED)?;
        let Some(items) = json::list(&answer, "items") else { return Err(api_error(&answer, response.received_at)) };
        Ok(Reading {
            posts: items.iter().flat_map(|item| thread(item, None)).collect(),
            progress: self.progress_after(progress, items, &answer, response.received_at),
            repaired,
            ..Reading::default()
        })
    }

    fn progress_after(&self, before: &Progress, items: &[Value], answer: &Value, now: Timestamp) -> Progress {
        let Some(step) = self.step(before) else { return Progress { next: None, ..before.clone() } };
        let mut progress = Progress { page: before.page.saturating_add(1), next: None, ..before.clone() };
        if step.page == 1 {
            match &before.cursor {
                Some(cursor) => progress.notes.insert(SINCE.to_owned(), cursor.clone()),
                None => progress.notes.remove(SINCE),
            };
        }
        let written = |item: &Value| json::date(item.pointer("/snippet/topLevelComment/snippet")?, "publishedAt");
        // A date of the site in our future would make the next polls blind.
        let dates: Vec<i64> =
            items.iter().filter_map(written).filter(|date| *date <= now).map(Timestamp::seconds).collect();
        let known = before.cursor.as_deref().and_then(|cursor| cursor.parse().ok());
        progress.cursor = dates.iter().copied().chain(known).max().map(|newest| newest.to_string());
        let since = progress.notes.get(SINCE).and_then(|since| since.parse::<i64>().ok());
        // The first poll of all reads one page: what is older was not listened to.
        let more = match (since, dates.iter().min()) {
            (Some(since), Some(oldest)) => {
                *oldest > (Timestamp::from_seconds(since) - OVERLAP).seconds() && step.page < MAX_PAGES
            }
            _ => false,
        };
        let token = json::text(answer, "nextPageToken").filter(|token| more && !token.contains(' '));
        progress.next =
            token.map(|token| Step { list: step.list, page: step.page + 1, at: Some(token.to_owned()) }.written());
        if progress.next.is_none() {
            progress.notes.remove(SINCE);
            let list = step.list + 1;
            progress.next = (list < self.lists.len()).then(|| Step::of_list(list).written());
        }
        progress
    }
}

fn with_key(url: Url, key: &Secret) -> Request {
    Request { auth: Auth::Query { name: "key".to_owned(), secret: key.clone() }, ..Request::get(url) }
}

fn key_of_video(id: &str) -> String {
    format!("youtube:v:{id}")
}

/// The id of the video that an address shows.
fn video_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let id = url.query_pairs().find(|(name, _)| name == "v").map(|(_, id)| id.into_owned())?;
    is_id(&id).then_some(id)
}

/// Likes by the id of the video, from the text of a feed: the reader of feeds knows no such element.
fn likes(text: &str) -> BTreeMap<&str, u64> {
    let of = |entry: &'_ str| -> Option<(usize, usize, u64)> {
        let start = entry.find("<yt:videoId>")? + "<yt:videoId>".len();
        let end = start + entry[start..].find('<')?;
        let (_, count) = entry.split_once("<media:starRating count=\"")?;
        Some((start, end, count.split('"').next()?.parse().ok()?))
    };
    let entries = text.split("<entry>").skip(1);
    entries.filter_map(|entry| of(entry).map(|(start, end, count)| (&entry[start..end], count))).collect()
}

/// A video of a feed, whose id is `yt:video:ID`.
fn video(item: RawPost, likes: &BTreeMap<&str, u64>) -> Result<RawPost, Rejection> {
    let id = item.key.rsplit_once("yt:video:").map(|(_, id)| id.to_owned()).filter(|id| is_id(id));
    let Some(id) = id else {
        return Err(Rejection { why: "it is no video".into(), what: item.key.chars().take(120).collect() });
    };
    let engagement = Engagement { likes: likes.get(id.as_str()).copied(), ..Engagement::default() };
    Ok(RawPost { key: key_of_video(&id), post_type: PostType::Story, engagement, ..item })
}

/// The comments of one item: a thread with its first replies, or a comment alone.
fn thread(item: &Value, video: Option<&str>) -> Vec<Result<RawPost, Rejection>> {
    let Some(top) = item.pointer("/snippet/topLevelComment") else { return vec![comment(item, None, video)] };
    let about = item.get("snippet").and_then(|snippet| json::text(snippet, "videoId")).or(video);
    let replies = item.get("replies").and_then(|replies| json::list(replies, "comments")).unwrap_or_default();
    let count = item.get("snippet").and_then(|snippet| json::count(snippet, "totalReplyCount"));
    let first = comment(top, count, about);
    [first].into_iter().chain(replies.iter().map(|reply| comment(reply, None, about))).collect()
}

fn comment(item: &Value, replies: Option<u64>, video: Option<&str>) -> Result<RawPost, Rejection> {
    let id = json::text(item, "id").ok_or_else(|| json::rejection("it has no `id`", item))?;
    let Some(snippet) = item.get("snippet") else { return Err(json::rejection("it has no `snippet`", item)) };
    // A comment on the channel itself is about no video.
    let video = json::text(snippet, "videoId").or(video);
    let plain = || json::text(snippet, "textOriginal").map(json::as_html);
    Ok(RawPost {
        key: format!("youtube:c:{id}"),
        url: match video {
            Some(video) => format!("{SITE}/watch?v={video}&lc={id}"),
            None => format!("{SITE}/channel/{}", json::text(snippet, "channelId").unwrap_or_default()),
        },
        target: None,
        thread: video.map(key_of_video),
        post_type: PostType::Comment,
        title: String::new(),
        text: json::text(snippet, "textDisplay").map(str::to_owned).or_else(plain).unwrap_or_default(),
        form: TextForm::Html,
        author: author(snippet),
        published: json::date(snippet, "publishedAt"),
        updated: json::date(snippet, "updatedAt").filter(|_| snippet.get("updatedAt") != snippet.get("publishedAt")),
        lang: None,
        tags: Vec::new(),
        engagement: Engagement { likes: json::count(snippet, "likeCount"), replies, ..Engagement::default() },
    })
}

/// The shown name is the handle, with its `@`; older accounts have a name alone.
fn author(snippet: &Value) -> Option<RawAuthor> {
    let name = json::text(snippet, "authorDisplayName")?;
    let handle = name.strip_prefix('@').map(str::to_owned);
    let url = json::text(snippet, "authorChannelUrl").map(str::to_owned);
    Some(RawAuthor { name: handle.clone().unwrap_or_else(|| name.to_owned()), handle, url })
}

/// The API tells errors as `{"error": {"message": …, "errors": [{"reason": "quotaExceeded"}]}}`.
fn api_error(answer: &Value, now: Timestamp) -> ReadError {
    let Some(error) = answer.get("error") else {
        return ReadError::WrongFormat { expected: EXPECTED, why: "it has no list `items`".to_owned() };
    };
    let reason = error.pointer("/errors/0/reason").and_then(Value::as_str).unwrap_or_default();
    let wait = match reason {
        "quotaExceeded" | "dailyLimitExceeded" => Some(until_quota(now)),
        "rateLimitExceeded" | "userRateLimitExceeded" => Some(DEFAULT_WAIT),
        _ => None,
    };
    let message = json::text(error, "message").unwrap_or("an error without a word");
    let why = if reason.is_empty() { message.to_owned() } else { format!("{message} ({reason})") };
    ReadError::Api { why, wait }
}

fn until_quota(now: Timestamp) -> Duration {
    let day = Duration::days(1).0;
    let into = (now - QUOTA_RESET).0.rem_euclid(day as i64) as u64;
    Duration(day - into)
}
