//! What does one status of Mastodon, or one event of its streams, say?

use serde_json::Value;
use url::Url;

use super::is_id;
use crate::model::{Engagement, PostType, RawAuthor, RawPost, Rejection, TextForm};
use crate::parse::json;

/// The number of a status or an account at the instance: a text of digits, in old versions a number.
pub(super) fn id(value: &Value) -> Option<&str> {
    value.as_str().filter(|id| is_id(id))
}

/// A status as a post. A boost is none of its own, and what was not said in public is not listened to.
pub(super) fn post(item: &Value) -> Result<RawPost, Rejection> {
    let key = json::text(item, "uri").or(json::text(item, "url"));
    let key = key.ok_or_else(|| json::rejection("it has no `uri`", item))?;
    if item.get("reblog").is_some_and(Value::is_object) {
        return Err(json::rejection("a boost of another post", item));
    }
    if !matches!(json::text(item, "visibility"), None | Some("public" | "unlisted")) {
        return Err(json::rejection("not written for the public", item));
    }
    let is_reply = item.get("in_reply_to_id").is_some_and(|parent| !parent.is_null());
    let tags = json::list(item, "tags").unwrap_or_default();
    Ok(RawPost {
        key: key.to_owned(),
        url: json::text(item, "url").unwrap_or(key).to_owned(),
        target: None,
        // A reply names only what it answers, by the instance's own number.
        thread: None,
        post_type: if is_reply { PostType::Comment } else { PostType::Story },
        title: json::text(item, "spoiler_text").map(json::as_html).unwrap_or_default(),
        text: text(item),
        form: TextForm::Html,
        author: item.get("account").and_then(author),
        published: json::date(item, "created_at"),
        updated: json::date(item, "edited_at"),
        lang: json::text(item, "language").map(str::to_owned),
        tags: tags.iter().filter_map(|tag| json::text(tag, "name").map(str::to_owned)).collect(),
        engagement: Engagement {
            likes: json::count(item, "favourites_count"),
            replies: json::count(item, "replies_count"),
            shares: json::count(item, "reblogs_count"),
            ..Engagement::default()
        },
    })
}

/// A reply of the conversation with this root.
pub(super) fn within(reply: RawPost, root: &str) -> RawPost {
    RawPost { thread: Some(root.to_owned()), post_type: PostType::Comment, ..reply }
}

/// The words, and what stands in its poll and in place of its pictures.
fn text(item: &Value) -> String {
    let mut text = json::text(item, "content").unwrap_or_default().to_owned();
    let options = item.get("poll").and_then(|poll| json::list(poll, "options")).unwrap_or_default();
    let options = options.iter().filter_map(|option| json::text(option, "title"));
    let pictures = json::list(item, "media_attachments").unwrap_or_default();
    let pictures = pictures.iter().filter_map(|picture| json::text(picture, "description"));
    for words in options.chain(pictures) {
        text.push_str(&format!("<p>{}</p>", json::as_html(words)));
    }
    text
}

/// The handle is `name@instance`, also of accounts of the instance itself, which are given without it.
fn author(account: &Value) -> Option<RawAuthor> {
    let acct = json::text(account, "acct").or(json::text(account, "username"))?;
    let url = json::text(account, "url");
    let host = url.and_then(|url| Url::parse(url).ok()?.host_str().map(str::to_owned));
    let handle = match host {
        Some(host) if !acct.contains('@') => format!("{acct}@{host}"),
        _ => acct.to_owned(),
    };
    let name = json::text(account, "display_name").or(json::text(account, "username")).unwrap_or(acct).to_owned();
    Some(RawAuthor { name, handle: Some(handle), url: url.map(str::to_owned) })
}

/// The events of a frame with their data. Lines with a colon in front keep the connection alive; an event without its closing empty
/// line was cut off.
pub(super) fn events(text: &str) -> Vec<(String, String)> {
    let mut events = Vec::new();
    let (mut event, mut data) = (String::new(), Vec::new());
    for line in text.lines() {
        if line.is_empty() {
            if !data.is_empty() {
                events.push((std::mem::take(&mut event), data.join("\n")));
            }
            event.clear();
            data.clear();
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => event = value.to_owned(),
            "data" => data.push(value),
            _ => {}
        }
    }
    events
}

/// The numbers and keys of the last posts, from a note.
pub(super) fn recent(note: Option<&String>) -> Vec<(String, String)> {
    let lines = note.map(String::as_str).unwrap_or_default().lines();
    lines.filter_map(|line| line.split_once(' ')).map(|(id, key)| (id.to_owned(), key.to_owned())).collect()
}
