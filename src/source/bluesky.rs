//! How are the posts of Bluesky read?
//!
//! Two ways (read in the documents of Jetstream and the lexicons of atproto, 2026-11-22):
//!
//! **The stream.** Jetstream sends every post of the whole network as JSON over a WebSocket, some dozens a second, without an account:
//! `wantedCollections`, `wantedDids` (at most 10,000), and `cursor`, a time in microseconds from which it plays again what it
//! kept (about a day). A source resumes some seconds earlier; posts read twice are known. Nobody wants all posts in an archive, so
//! `words` lets through those that contain one of them; watches then decide as for every other source.
//!
//! **The search.** `app.bsky.feed.searchPosts` needs an account: an app password logs in at its server
//! (`com.atproto.server.createSession`, 30 logins in five minutes and 300 a day; a token is kept for an hour). 100 posts a page, newest first. The
//! servers of Bluesky allow 3,000 requests in five minutes for each address.
//!
//! A post's key is its `at://` address, which names its author's DID and never changes. Replies are followed through the public
//! `app.bsky.feed.getPostThread`, without an account.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::model::{
    Auth, Engagement, Fault, Lack, Next, Post, PostType, Progress, RawAuthor, RawPost, ReadError, Reading, Rejection,
    Request, Response, Secret, Settings, Source, SourceKind, Subscription, TextForm, Thread, Timestamp, TokenGrant,
};
use crate::parse::json;

pub static KIND: Kind = Kind;

pub struct Kind;

const EXPECTED: &str = "an answer of Bluesky";
const EXPECTED_EVENTS: &str = "events of Jetstream";
/// The collection of posts.
const POSTS: &str = "app.bsky.feed.post";
/// One of Bluesky's own public instances of Jetstream.
const STREAM: &str = "wss://jetstream2.us-east.bsky.network/subscribe";
/// Answers without an account.
const PUBLIC: &str = "https://public.api.bsky.app/xrpc/app.bsky.feed.getPostThread";
/// Microseconds that a resumed stream begins before its cursor: other instances number a little differently.
const EARLIER: u64 = 5_000_000;
/// Posts a page of a search, and most pages of one poll.
const PAGE: &str = "100";
const MAX_PAGES: u32 = 10;
/// Most words of the filter, and most authors that Jetstream takes in an address of bearable length.
const MAX_WORDS: usize = 500;
const MAX_DIDS: usize = 100;
/// How deep replies are read, and how many.
const DEPTH: &str = "10";
const MAX_REPLIES: usize = 1_000;
/// Note that carries from page to page which moment the poll goes back to.
const SINCE: &str = "since";

/// What can be set for a source of this kind.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Of the stream of all posts, those are kept that contain one of these: in the text, its links, its tags, or the title of a linked
    /// page; small and capital letters are the same. They keep the archive small; which posts matter is for the watches.
    #[serde(default)]
    words: Vec<String>,
    /// `true` keeps every post of the network, some millions a day: instead of `words`.
    #[serde(default)]
    everything: bool,
    /// Only posts of these authors, by DID (`did:plc:…`); alone, all of their posts.
    #[serde(default)]
    dids: Vec<String>,
    /// Another instance of Jetstream.
    #[serde(default = "stream")]
    stream: String,
    /// Instead of listening to the stream, searches for this again and again; needs `identifier` and `app_password`.
    query: Option<String>,
    /// The handle (or e-mail) of the account that searches.
    identifier: Option<String>,
    /// An app password of that account, made in its settings; never the account's own.
    app_password: Option<Secret>,
    /// The server that the account lives on.
    #[serde(default = "service")]
    service: String,
}

fn stream() -> String {
    STREAM.to_owned()
}

fn service() -> String {
    "https://bsky.social".to_owned()
}

impl SourceKind for Kind {
    fn name(&self) -> &'static str {
        "bluesky"
    }

    fn summary(&self) -> &'static str {
        "Posts on Bluesky, as they are written (the whole network, filtered by words) or by a search"
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn sample(&self) -> &'static str {
        r#"[[source]]
name = "bluesky-acme"
kind = "bluesky"
words = ["acme"]
"#
    }

    /// Searches and hashtags of the web application.
    fn recognise(&self, url: &Url) -> Option<String> {
        if !matches!(url.host_str()?, "bsky.app" | "www.bsky.app") {
            return None;
        }
        let words = match url.path().trim_matches('/').split_once('/') {
            None if url.path().trim_matches('/') == "search" => url.query_pairs().find(|(key, _)| key == "q")?.1,
            Some(("hashtag", tag)) => {
                let pair = format!("t={tag}");
                Cow::Owned(url::form_urlencoded::parse(pair.as_bytes()).next()?.1.into_owned())
            }
            _ => return None,
        };
        let words: String = words.chars().filter(|c| *c != '"').collect();
        let name: String =
            words.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        let (name, words) = (name.trim_matches('-'), toml::Value::from(words.trim()));
        let name = if name.is_empty() { "search" } else { name.get(..40).unwrap_or(name) };
        (words.as_str() != Some(""))
            .then(|| format!("[[source]]\nname = \"bluesky-{name}\"\nkind = \"bluesky\"\nwords = [{words}]\n"))
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Source>, Vec<Fault>> {
        let options: Options = settings.read()?;
        match &options.query {
            Some(query) => Ok(Box::new(search(settings, &options, query)?)),
            None => Ok(Box::new(firehose(settings, options)?)),
        }
    }
}

fn search(settings: &Settings<'_>, options: &Options, query: &str) -> Result<Search, Vec<Fault>> {
    let mut faults = Vec::new();
    if query.trim().is_empty() {
        faults.push(settings.fault("query", "there is nothing to search for"));
    }
    for (key, given) in
        [("words", !options.words.is_empty()), ("dids", !options.dids.is_empty()), ("everything", options.everything)]
    {
        if given {
            faults.push(settings.fault(key, format!("`{key}` is for the stream, and `query` is for the search")));
        }
    }
    let service = json::base(settings, "service", &options.service).map_err(|wrong| faults.extend(wrong)).ok();
    let (Some(identifier), Some(password)) = (&options.identifier, &options.app_password) else {
        let fault = settings.fault("query", "searching needs an account: `identifier` and `app_password`");
        faults.push(fault.hint("without an account, take out `query` and listen to the stream with `words`"));
        return Err(faults);
    };
    let Some(service) = service.filter(|_| faults.is_empty()) else { return Err(faults) };
    let login = TokenGrant::Login {
        url: json::call(&service, "xrpc/com.atproto.server.createSession", []),
        fields: vec![("identifier".to_owned(), identifier.trim_start_matches('@').to_owned())],
        secret: ("password".to_owned(), password.clone()),
        token: "/accessJwt".to_owned(),
    };
    Ok(Search { service, query: query.to_owned(), login })
}

fn firehose(settings: &Settings<'_>, options: Options) -> Result<Firehose, Vec<Fault>> {
    let mut faults = Vec::new();
    if options.words.is_empty() && options.dids.is_empty() && !options.everything {
        let fault = settings.fault("words", "the stream is every post of the network: say which words are of interest");
        faults.push(fault.hint("for example words = [\"acme\"]; everything = true keeps all"));
    }
    if options.everything && !options.words.is_empty() {
        faults.push(settings.fault("everything", "either `words` or `everything`"));
    }
    if options.words.iter().any(|word| word.trim().is_empty()) || options.words.len() > MAX_WORDS {
        faults.push(settings.fault("words", format!("these must be at most {MAX_WORDS} words, none of them empty")));
    }
    if options.dids.len() > MAX_DIDS || options.dids.iter().any(|did| !is_did(did)) {
        let fault = settings.fault("dids", format!("these must be at most {MAX_DIDS} DIDs"));
        faults.push(fault.hint("a DID looks like did:plc:ewvi7nxzyoun6zhxrhs64oiz; a handle is none"));
    }
    let url = Url::parse(&options.stream).ok().filter(|url| matches!(url.scheme(), "wss" | "ws") && url.has_host());
    if options.identifier.is_some() || options.app_password.is_some() {
        faults.push(settings.fault("identifier", "the stream needs no account; `query` searches with it"));
    }
    let Some(mut url) = url else {
        let fault = settings.fault("stream", format!("`{}` is no address of a stream", options.stream));
        faults.push(fault.hint(format!("for example {STREAM}")));
        return Err(faults);
    };
    if !faults.is_empty() {
        return Err(faults);
    }
    url.set_query(None);
    url.query_pairs_mut()
        .append_pair("wantedCollections", POSTS)
        .extend_pairs(options.dids.iter().map(|did| ("wantedDids", did)));
    Ok(Firehose { url, words: options.words.iter().map(|word| word.trim().to_lowercase()).collect() })
}

/// The stream of all posts. The cursor is Jetstream's: microseconds since 1970.
#[derive(Debug)]
struct Firehose {
    url: Url,
    /// In lower case; with none, every post is let through.
    words: Vec<String>,
}

impl Source for Firehose {
    fn next(&self, progress: &Progress) -> Next {
        let mut url = self.url.clone();
        if let Some(cursor) = progress.cursor.as_deref().and_then(|cursor| cursor.parse::<u64>().ok()) {
            url.query_pairs_mut().append_pair("cursor", &cursor.saturating_sub(EARLIER).to_string());
        }
        Next::Subscribe(Box::new(Subscription::WebSocket(Request { conditional: false, ..Request::get(url) })))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let text = String::from_utf8_lossy(&response.body);
        let mut reading = Reading { progress: progress.clone(), ..Reading::default() };
        let mut newest = progress.cursor.as_deref().and_then(|cursor| cursor.parse::<u64>().ok());
        let (mut lines, mut events) = (0, 0);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            lines += 1;
            let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
            let Some(moment) = json::id(&event, "time_us") else { continue };
            events += 1;
            newest = newest.max(Some(moment));
            self.take(&event, moment, &mut reading);
        }
        if lines > 0 && events == 0 {
            let beginning: String = text.trim_start().chars().take(60).filter(|c| !c.is_control()).collect();
            return Err(ReadError::WrongFormat {
                expected: EXPECTED_EVENTS,
                why: format!("it begins with `{beginning}`"),
            });
        }
        if events < lines {
            reading.repaired.push(format!("{} lines were no events", lines - events));
        }
        reading.progress.cursor = newest.map(|newest| newest.to_string());
        Ok(reading)
    }

    fn follow(&self, post: &Post) -> Option<Request> {
        follow(post)
    }

    fn read_thread(&self, post: &Post, response: &Response) -> Result<Thread, ReadError> {
        read_thread(post, response)
    }

    fn lacks(&self) -> Option<Lack> {
        let why = "the stream tells of a post at the moment when it is written; a search (`query`) brings the counts";
        Some(Lack { fields: &["likes", "replies", "shares"], why })
    }
}

impl Firehose {
    fn take(&self, event: &Value, moment: u64, reading: &mut Reading) {
        let Some(commit) = event.get("commit").filter(|commit| json::text(commit, "collection") == Some(POSTS)) else {
            return;
        };
        let uri = json::text(event, "did").zip(json::text(commit, "rkey")).and_then(|(did, rkey)| uri(did, rkey));
        let record = commit.get("record").unwrap_or(&Value::Null);
        match (json::text(commit, "operation"), uri) {
            (Some("delete"), Some(uri)) => reading.deleted.push(uri),
            (Some("create" | "update"), uri) if self.lets_through(record) => {
                let seen = Timestamp(i64::try_from(moment / 1000).unwrap_or(i64::MAX));
                let uri = uri.ok_or_else(|| json::rejection("its address is none of a post", event));
                reading.posts.push(uri.and_then(|uri| post(&uri, record, None, Some(seen), event)));
            }
            _ => {}
        }
    }

    fn lets_through(&self, record: &Value) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let mut text = json::text(record, "text").unwrap_or_default().to_lowercase();
        let card = card(record).unwrap_or(&Value::Null);
        let more = ["uri", "title", "description"].into_iter().filter_map(|key| json::text(card, key));
        let features = features(record).into_iter().filter_map(|(_, feature)| match feature {
            Feature::Link(uri) => Some(uri),
            Feature::Tag(tag) => Some(tag),
            Feature::Other => None,
        });
        for part in more.chain(features) {
            text.push('\n');
            text.push_str(&part.to_lowercase());
        }
        json::texts(record, "tags").iter().for_each(|tag| text.extend(["\n", &tag.to_lowercase()]));
        self.words.iter().any(|word| text.contains(word.trim_start_matches('#')))
    }
}

/// A search with an account. The cursor is the moment of the newest post found, in milliseconds.
#[derive(Debug)]
struct Search {
    service: Url,
    query: String,
    login: TokenGrant,
}

impl Source for Search {
    fn next(&self, progress: &Progress) -> Next {
        if progress.page > 0 && progress.next.is_none() {
            return Next::Done;
        }
        let place = progress.next.as_deref().map(|place| ("cursor", place));
        let asked = [("q", self.query.as_str()), ("sort", "latest"), ("limit", PAGE)].into_iter().chain(place);
        let url = json::call(&self.service, "xrpc/app.bsky.feed.searchPosts", asked);
        Next::Http(Box::new(Request { auth: Auth::Token(Box::new(self.login.clone())), ..Request::get(url) }))
    }

    fn read(&self, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let (answer, repaired) = json::parse(response, EXPECTED)?;
        let Some(found) = json::list(&answer, "posts") else { return Err(api_error(&answer)) };
        let posts = found.iter().map(view).collect();
        Ok(Reading { posts, progress: progress_after(progress, found, &answer), repaired, ..Reading::default() })
    }

    fn follow(&self, post: &Post) -> Option<Request> {
        follow(post)
    }

    fn read_thread(&self, post: &Post, response: &Response) -> Result<Thread, ReadError> {
        read_thread(post, response)
    }
}

fn progress_after(before: &Progress, found: &[Value], answer: &Value) -> Progress {
    let mut progress = Progress { page: before.page.saturating_add(1), next: None, ..before.clone() };
    if before.page == 0 {
        match &before.cursor {
            Some(cursor) => progress.notes.insert(SINCE.to_owned(), cursor.clone()),
            None => progress.notes.remove(SINCE),
        };
    }
    let moments: Vec<i64> = found.iter().filter_map(moment).collect();
    let known = before.cursor.as_deref().and_then(|cursor| cursor.parse().ok());
    progress.cursor = moments.iter().copied().chain(known).max().map(|newest| newest.to_string());
    let since: Option<i64> = progress.notes.get(SINCE).and_then(|since| since.parse().ok());
    let place = json::text(answer, "cursor").map(str::to_owned).filter(|place| before.next.as_ref() != Some(place));
    progress.next = match (since, moments.iter().min()) {
        // The first poll of all reads one page: what is older was not listened to.
        (Some(since), Some(oldest)) if *oldest > since && progress.page < MAX_PAGES => place,
        _ => None,
    };
    if progress.next.is_none() {
        progress.notes.remove(SINCE);
    }
    progress
}

/// By which the search sorts: what the author says, but not after the network saw it.
fn moment(view: &Value) -> Option<i64> {
    let said = view.get("record").and_then(|record| json::date(record, "createdAt"));
    let seen = json::date(view, "indexedAt");
    match (said, seen) {
        (Some(said), Some(seen)) => Some(said.0.min(seen.0)),
        (said, seen) => said.or(seen).map(|moment| moment.0),
    }
}

fn api_error(answer: &Value) -> ReadError {
    let said: Vec<&str> = ["error", "message"].into_iter().filter_map(|key| json::text(answer, key)).collect();
    if said.is_empty() {
        return ReadError::WrongFormat { expected: EXPECTED, why: "it has no list `posts`".to_owned() };
    }
    ReadError::Api { why: said.join(": "), wait: None }
}

/// What to ask for the conversation of a post.
fn follow(post: &Post) -> Option<Request> {
    let mut url = Url::parse(PUBLIC).ok()?;
    post.key.starts_with("at://").then(|| {
        let asked = [("uri", post.key.as_str()), ("depth", DEPTH), ("parentHeight", "0")];
        url.query_pairs_mut().extend_pairs(asked);
        Request::get(url)
    })
}

fn read_thread(post: &Post, response: &Response) -> Result<Thread, ReadError> {
    let (answer, _) = json::parse(response, EXPECTED)?;
    if json::text(&answer, "error") == Some("NotFound") {
        return Ok(Thread { deleted: true, ..Thread::default() });
    }
    let Some(root) = answer.get("thread") else { return Err(api_error(&answer)) };
    if root.get("notFound").and_then(Value::as_bool) == Some(true) {
        return Ok(Thread { deleted: true, ..Thread::default() });
    }
    let Some(own) = root.get("post") else {
        return Err(ReadError::Api { why: "its author lets nobody read it without an account".to_owned(), wait: None });
    };
    // A followed post may be a reply itself.
    let above = own.pointer("/record/reply/root/uri").and_then(Value::as_str);
    let root_key = above.unwrap_or(&post.key);
    let mut waiting: Vec<&Value> = json::list(root, "replies").unwrap_or_default().iter().rev().collect();
    let mut replies = Vec::new();
    while let Some(node) = waiting.pop().filter(|_| replies.len() < MAX_REPLIES) {
        waiting.extend(json::list(node, "replies").unwrap_or_default().iter().rev());
        // Blocked and deleted replies have no post.
        let Some(reply) = node.get("post") else { continue };
        replies.push(view(reply).map(|reply| RawPost { thread: Some(root_key.to_owned()), ..reply }));
    }
    let closed = own.pointer("/viewer/replyDisabled").and_then(Value::as_bool) == Some(true);
    Ok(Thread { replies, engagement: Some(engagement(own)), closed, ..Thread::default() })
}

/// A post as answers show it: the record, with its author and its counts.
fn view(view: &Value) -> Result<RawPost, Rejection> {
    let address = json::text(view, "uri").and_then(|address| address.strip_prefix("at://"));
    let parts: Vec<&str> = address.unwrap_or_default().split('/').collect();
    let address = match parts[..] {
        [did, POSTS, rkey] => uri(did, rkey),
        _ => None,
    };
    let Some(address) = address else { return Err(json::rejection("its address is none of a post", view)) };
    let record = view.get("record").unwrap_or(&Value::Null);
    let seen = json::date(view, "indexedAt");
    let post = post(&address, record, view.get("author"), seen, view)?;
    Ok(RawPost { engagement: engagement(view), ..post })
}

fn engagement(view: &Value) -> Engagement {
    let (reposts, quotes) = (json::count(view, "repostCount"), json::count(view, "quoteCount"));
    let shares = reposts.map(|reposts| reposts + quotes.unwrap_or_default());
    Engagement {
        likes: json::count(view, "likeCount"),
        replies: json::count(view, "replyCount"),
        shares,
        ..Engagement::default()
    }
}

/// A post from its record. `seen` is when the network saw it: nobody writes later than that, whatever the record says.
fn post(
    uri: &str,
    record: &Value,
    author: Option<&Value>,
    seen: Option<Timestamp>,
    item: &Value,
) -> Result<RawPost, Rejection> {
    let text = html(record);
    if text.is_empty() {
        return Err(json::rejection("it has no words: a picture alone, or nothing", item));
    }
    let (did, rkey) = parts(uri);
    let said = json::date(record, "createdAt");
    let thread = record.pointer("/reply/root/uri").and_then(Value::as_str).filter(|root| root.starts_with("at://"));
    let tagged = features(record).into_iter().filter_map(|(_, feature)| match feature {
        Feature::Tag(tag) => Some(tag.to_owned()),
        Feature::Link(_) | Feature::Other => None,
    });
    let mut tags = json::texts(record, "tags");
    tags.extend(tagged);
    tags.dedup();
    Ok(RawPost {
        key: uri.to_owned(),
        // The DID, since a handle may change and the stream does not tell it.
        url: format!("https://bsky.app/profile/{did}/post/{rkey}"),
        target: None,
        thread: thread.map(str::to_owned),
        post_type: if thread.is_some() { PostType::Comment } else { PostType::Story },
        title: String::new(),
        text,
        form: TextForm::Html,
        author: Some(self::author(did, author)),
        published: match (said, seen) {
            (Some(said), Some(seen)) => Some(Timestamp(said.0.min(seen.0))),
            (said, seen) => said.or(seen),
        },
        updated: None,
        lang: json::texts(record, "langs").into_iter().next(),
        tags,
        engagement: Engagement::default(),
    })
}

fn author(did: &str, view: Option<&Value>) -> RawAuthor {
    // What stands for a handle that could not be verified.
    let handle = view.and_then(|view| json::text(view, "handle")).filter(|handle| *handle != "handle.invalid");
    let name = view.and_then(|view| json::text(view, "displayName")).or(handle).unwrap_or(did);
    RawAuthor {
        name: json::as_html(name),
        handle: handle.map(str::to_owned),
        url: Some(format!("https://bsky.app/profile/{did}")),
    }
}

/// The text with its links, then the card of a linked page and what pictures show.
fn html(record: &Value) -> String {
    let text = json::text(record, "text").unwrap_or_default();
    let mut html = String::with_capacity(text.len());
    let mut done = 0;
    for (place, feature) in features(record) {
        let Feature::Link(link) = feature else { continue };
        // Places count bytes; what overlaps, or cuts a letter in two, is left as it is.
        let (Some(before), Some(shown)) = (text.get(done..place.start), text.get(place.clone())) else { continue };
        html.push_str(&escaped(before));
        html.push_str(&format!("<a href=\"{}\">{}</a>", escaped(link), escaped(shown)));
        done = place.end;
    }
    html.push_str(&escaped(text.get(done..).unwrap_or_default()).replace('\n', "<br>"));
    if let Some(card) = card(record) {
        let words = |key: &str| escaped(json::text(card, key).unwrap_or_default());
        html.push_str(&format!(
            "<p><a href=\"{}\">{}</a></p><p>{}</p>",
            words("uri"),
            words("title"),
            words("description")
        ));
    }
    let media = record.get("embed").map(|embed| embed.get("media").unwrap_or(embed)).unwrap_or(&Value::Null);
    for alt in json::list(media, "images").unwrap_or_default().iter().filter_map(|image| json::text(image, "alt")) {
        html.push_str(&format!("<p>{}</p>", escaped(alt)));
    }
    html
}

fn escaped(plain: &str) -> String {
    json::as_html(plain).replace('"', "&quot;")
}

/// The card of a linked page.
fn card(record: &Value) -> Option<&Value> {
    let embed = record.get("embed")?;
    embed.get("media").unwrap_or(embed).get("external")
}

/// What a part of the text is.
enum Feature<'v> {
    Link(&'v str),
    Tag(&'v str),
    Other,
}

/// The marked parts of the text, by bytes, in their order.
fn features(record: &Value) -> Vec<(std::ops::Range<usize>, Feature<'_>)> {
    let place = |facet: &Value| {
        let at = |key: &str| facet.pointer(key).and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok());
        Some(at("/index/byteStart")?..at("/index/byteEnd")?)
    };
    let mut found = Vec::new();
    for facet in json::list(record, "facets").unwrap_or_default() {
        let Some(place) = place(facet) else { continue };
        for feature in json::list(facet, "features").unwrap_or_default() {
            let link = json::text(feature, "uri").map(Feature::Link);
            let feature = link.or(json::text(feature, "tag").map(Feature::Tag)).unwrap_or(Feature::Other);
            found.push((place.clone(), feature));
        }
    }
    found.sort_by_key(|(place, _)| place.start);
    found
}

/// The address of a post: its key.
fn uri(did: &str, rkey: &str) -> Option<String> {
    (is_did(did) && is_record_key(rkey)).then(|| format!("at://{did}/{POSTS}/{rkey}"))
}

/// Author and number of a post's address.
fn parts(uri: &str) -> (&str, &str) {
    let rest = uri.strip_prefix("at://").unwrap_or(uri);
    (rest.split('/').next().unwrap_or_default(), rest.rsplit('/').next().unwrap_or_default())
}

/// A DID as atproto writes it: `did:METHOD:ID`.
fn is_did(text: &str) -> bool {
    let Some((method, id)) = text.strip_prefix("did:").and_then(|rest| rest.split_once(':')) else { return false };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:%-".contains(&byte);
    !method.is_empty()
        && method.bytes().all(|byte| byte.is_ascii_lowercase())
        && id.bytes().all(allowed)
        && text.len() <= 2048
        && !id.is_empty()
        && !id.ends_with([':', '%'])
}

/// The last part of an address.
fn is_record_key(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_~.:-".contains(&byte);
    (1..=512).contains(&text.len()) && text.bytes().all(allowed) && !matches!(text, "." | "..")
}

#[cfg(test)]
mod tests;
