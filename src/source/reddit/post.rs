//! What does one item of a listing or a feed of Reddit say?

use serde_json::Value;

use super::{EXPECTED, SITE, api_error};
use crate::model::{Engagement, Post, PostType, RawAuthor, RawPost, ReadError, Rejection, TextForm, Thread};
use crate::parse::json;

/// What stands in place of a text that its author or a moderator took away.
const GONE_TEXTS: [&str; 2] = ["[deleted]", "[removed]"];
/// What stands in place of such a title.
const GONE_TITLES: [&str; 4] = ["[deleted by user]", "[deleted]", "[ Removed by moderator ]", "[ Removed by Reddit ]"];
/// The account that subreddits let speak by rules.
const BOT: &str = "AutoModerator";
/// What stands around the body in the markup of Reddit.
const BODY: (&str, &str) = ("<!-- SC_OFF -->", "<!-- SC_ON -->");

/// Why an item is no post.
pub(super) struct Not {
    pub rejection: Rejection,
    /// Its key, when it was one once.
    pub deleted: Option<String>,
}

impl Not {
    fn a_post(why: &str, what: &str) -> Self {
        let what = what.chars().take(120).collect();
        Self { rejection: Rejection { why: why.to_owned(), what }, deleted: None }
    }

    fn there(key: &str) -> Self {
        let gone = Self::a_post("deleted or removed at the site", key);
        Self { deleted: Some(key.to_owned()), ..gone }
    }
}

/// Key of the post or comment with this full name (`t3_1abc`, `t1_2def`): the same from the API and the feeds.
fn key(full_name: &str) -> String {
    format!("reddit:{full_name}")
}

fn is_full_name(name: &str) -> bool {
    let id = name.strip_prefix("t3_").or_else(|| name.strip_prefix("t1_"));
    id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The full name of an item of a listing, if it is a post or a comment.
pub(super) fn full_name(item: &Value) -> Option<String> {
    json::text(item, "name").filter(|name| is_full_name(name)).map(str::to_owned)
}

/// The full name of an item of a feed; the reader of feeds puts the host before ids.
pub(super) fn full_name_in_feed(item: &RawPost) -> Option<String> {
    let name = item.key.rsplit(':').next()?;
    is_full_name(name).then(|| name.to_owned())
}

/// A post or a comment of a listing.
pub(super) fn of_listing(item: &Value) -> Result<RawPost, Not> {
    let Some(name) = full_name(item) else {
        return Err(Not { rejection: json::rejection("it is no post and no comment", item), deleted: None });
    };
    let key = key(&name);
    if is_gone(item) {
        return Err(Not::there(&key));
    }
    let author = json::text(item, "author").filter(|author| !GONE_TEXTS.contains(author));
    let is_comment = name.starts_with("t1_");
    if is_comment && author == Some(BOT) {
        return Err(Not::a_post("written by a bot of the site", &key));
    }
    let title = json::text(item, "title").filter(|_| !is_comment).map(json::as_html);
    let subreddit = json::text(item, "subreddit");
    Ok(RawPost {
        url: permalink(item, &name),
        target: target(item).filter(|_| !is_comment),
        thread: json::text(item, "link_id").filter(|_| is_comment).map(self::key),
        post_type: if is_comment { PostType::Comment } else { PostType::Story },
        title: title.unwrap_or_default(),
        text: text(item, is_comment),
        form: TextForm::Html,
        author: author.map(self::author),
        published: json::date(item, "created_utc"),
        updated: json::date(item, "edited"),
        lang: None,
        tags: subreddit.into_iter().chain(json::text(item, "link_flair_text")).map(str::to_owned).collect(),
        engagement: engagement(item, is_comment),
        key,
    })
}

fn is_gone(item: &Value) -> bool {
    let is = |key, gone: &[&str]| json::text(item, key).is_some_and(|text| gone.contains(&text));
    is("body", &GONE_TEXTS)
        || is("selftext", &GONE_TEXTS)
        || is("title", &GONE_TITLES)
        || json::text(item, "removed_by_category").is_some()
}

fn text(item: &Value, is_comment: bool) -> String {
    let (html, plain) = if is_comment { ("body_html", "body") } else { ("selftext_html", "selftext") };
    match json::text(item, html) {
        Some(html) => body(html).unwrap_or(html).to_owned(),
        None => json::text(item, plain).map(json::as_html).unwrap_or_default(),
    }
}

/// What stands between the marks of a body.
fn body(html: &str) -> Option<&str> {
    let (_, body) = html.split_once(BODY.0)?;
    Some(body.split_once(BODY.1).map_or(body, |(body, _)| body))
}

/// Comments of old recordings have no `permalink`.
fn permalink(item: &Value, name: &str) -> String {
    if let Some(path) = json::text(item, "permalink") {
        return at_site(path);
    }
    let id = &name[3..];
    match json::text(item, "link_id").and_then(|root| root.strip_prefix("t3_")) {
        Some(root) => format!("{SITE}/comments/{root}/_/{id}/"),
        None => format!("{SITE}/comments/{id}/"),
    }
}

/// A path of Reddit as an address of its main site, whichever of its hosts was asked.
fn at_site(address: &str) -> String {
    let path = match address.split_once("://") {
        Some((_, rest)) => {
            rest.split_once('/').filter(|(host, _)| *host == "reddit.com" || host.ends_with(".reddit.com"))
        }
        None => return format!("{SITE}/{}", address.trim_start_matches('/')),
    };
    path.map_or_else(|| address.to_owned(), |(_, path)| format!("{SITE}/{path}"))
}

/// The page that a link post points to; a post of text points to itself.
fn target(item: &Value) -> Option<String> {
    if item.get("is_self").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    let target = json::text(item, "url_overridden_by_dest").or(json::text(item, "url"))?;
    other_page(target, &permalink(item, "t3_"))
}

fn other_page(target: &str, own: &str) -> Option<String> {
    let target = if target.starts_with('/') { at_site(target) } else { target.to_owned() };
    (at_site(&target) != own).then_some(target)
}

fn author(name: &str) -> RawAuthor {
    RawAuthor { name: name.to_owned(), handle: Some(name.to_owned()), url: Some(format!("{SITE}/user/{name}")) }
}

/// A score is hidden for the first hours of a comment in some subreddits.
fn engagement(item: &Value, is_comment: bool) -> Engagement {
    let hidden = ["score_hidden", "hide_score"].iter().any(|key| item.get(key).and_then(Value::as_bool) == Some(true));
    Engagement {
        likes: json::count(item, "score").filter(|_| !hidden),
        replies: json::count(item, "num_comments").filter(|_| !is_comment),
        shares: json::count(item, "num_crossposts").filter(|_| !is_comment),
        ..Engagement::default()
    }
}

/// A post or a comment of a feed, with the words that the API gives.
pub(super) fn of_feed(item: RawPost) -> Result<RawPost, Not> {
    let Some(name) = full_name_in_feed(&item) else {
        return Err(Not::a_post("it is no post and no comment", &item.key));
    };
    let key = key(&name);
    let is_comment = name.starts_with("t1_");
    let text = match body(&item.text) {
        Some(body) => body.to_owned(),
        // A post without a body has only the line `submitted by …`.
        None if is_comment => item.text.clone(),
        None => String::new(),
    };
    let words = text.replace("<div class=\"md\">", "").replace("</div>", "").replace("<p>", "").replace("</p>", "");
    if GONE_TEXTS.contains(&words.trim()) || GONE_TITLES.contains(&item.title.trim()) {
        return Err(Not::there(&key));
    }
    let handle = item.author.as_ref().map(|author| author.name.trim_start_matches("/u/").to_owned());
    let handle = handle.filter(|handle| !GONE_TEXTS.contains(&handle.as_str()));
    if is_comment && handle.as_deref() == Some(BOT) {
        return Err(Not::a_post("written by a bot of the site", &key));
    }
    let url = at_site(&item.url);
    Ok(RawPost {
        target: linked(&item.text).filter(|_| !is_comment).and_then(|target| other_page(&target, &url)),
        thread: root(&url).filter(|_| is_comment),
        url,
        post_type: if is_comment { PostType::Comment } else { PostType::Story },
        // The title of a comment is `/u/who on what was commented`.
        title: if is_comment { String::new() } else { item.title },
        text,
        author: handle.as_deref().map(author),
        // Feeds of comments say only when one was changed.
        published: item.published.or(item.updated),
        updated: item.updated.filter(|updated| item.published.is_some_and(|published| published != *updated)),
        engagement: Engagement::default(),
        key,
        ..item
    })
}

/// Key of the conversation that the address of a comment names.
fn root(url: &str) -> Option<String> {
    let id = url.split_once("/comments/")?.1.split('/').next()?;
    Some(key(&format!("t3_{id}")))
}

/// What the words `[link]` behind a post of a feed point to.
fn linked(html: &str) -> Option<String> {
    let before = html.split_once("\">[link]</a>")?.0;
    let (_, address) = before.rsplit_once("href=\"")?;
    Some(address.replace("&amp;", "&"))
}

/// The conversation around a post, from a listing of the root and one of the comments.
pub(super) fn conversation(post: &Post, answer: &Value) -> Result<Thread, ReadError> {
    let [root, comments] = answer.as_array().map(Vec::as_slice).unwrap_or_default() else {
        return Err(match api_error(answer) {
            ReadError::WrongFormat { .. } => {
                ReadError::WrongFormat { expected: EXPECTED, why: "it is no pair of listings".to_owned() }
            }
            error => error,
        });
    };
    let mut thread = Thread::default();
    let mut waiting: Vec<&Value> = children(comments).rev().collect();
    let is_own = |item: &Value| full_name(item).is_some_and(|name| key(&name) == post.key);
    if let Some(root) = children(root).next() {
        let is = |key| root.get(key).and_then(Value::as_bool) == Some(true);
        thread.closed = is("locked") || is("archived");
        if is_own(root) {
            own(&mut thread, root);
        }
    }
    while let Some(item) = waiting.pop() {
        waiting.extend(item.get("replies").map(children).into_iter().flatten().rev());
        if is_own(item) {
            own(&mut thread, item);
        } else if full_name(item).is_some() {
            thread.replies.push(of_listing(item).map_err(|not| not.rejection));
        }
    }
    Ok(thread)
}

fn own(thread: &mut Thread, item: &Value) {
    thread.deleted = is_gone(item);
    thread.engagement = Some(engagement(item, item.get("link_id").is_some()));
}

/// The items of a listing, without what stands in place of comments that were not sent.
fn children(listing: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    let children = listing.pointer("/data/children").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    children.iter().filter(|child| json::text(child, "kind") != Some("more")).filter_map(|child| child.get("data"))
}
