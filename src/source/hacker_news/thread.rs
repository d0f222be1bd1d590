//! How does a conversation on Hacker News go on?
//!
//! `/items/ID` of the search API gives an item with all of its comments, each inside of the one it replies to, in one
//! answer. Deleted ones have neither text nor author.

use serde_json::Value;

use super::{author, key};
use crate::model::{Engagement, Post, PostType, RawPost, ReadError, Rejection, Response, TextForm, Thread};
use crate::parse::json;

const EXPECTED: &str = "an item of the Hacker News search API";
/// Most comments of one conversation that are read.
const MAX_REPLIES: usize = 2_000;

/// The number of the item that a key names.
pub(super) fn number(key: &str) -> Option<u64> {
    key.strip_prefix("hn:")?.parse().ok()
}

pub(super) fn read(post: &Post, response: &Response) -> Result<Thread, ReadError> {
    let (item, _) = json::parse(response, EXPECTED)?;
    let (Some(id), Some(children)) = (json::id(&item, "id"), json::list(&item, "children")) else {
        let why = json::text(&item, "error").or(json::text(&item, "message"));
        return Err(match why {
            Some(why) => ReadError::Api { why: why.to_owned(), wait: None },
            None => ReadError::WrongFormat { expected: EXPECTED, why: "it has no `id` or no `children`".to_owned() },
        });
    };
    if number(&post.key) != Some(id) {
        return Err(ReadError::WrongFormat { expected: EXPECTED, why: format!("it is item {id}, not `{}`", post.key) });
    }
    let root = json::id(&item, "story_id").unwrap_or(id);
    let mut replies = Vec::new();
    let mut open: Vec<&Value> = children.iter().rev().collect();
    while let Some(comment) = open.pop() {
        if replies.len() >= MAX_REPLIES {
            break;
        }
        replies.push(reply(comment, root));
        open.extend(json::list(comment, "children").unwrap_or_default().iter().rev());
    }
    let written = replies.iter().filter(|reply| reply.is_ok()).count() as u64;
    Ok(Thread {
        engagement: Some(Engagement {
            likes: json::count(&item, "points"),
            replies: Some(written),
            ..Engagement::default()
        }),
        deleted: is_deleted(&item),
        replies,
        ..Thread::default()
    })
}

fn is_deleted(item: &Value) -> bool {
    ["author", "text", "title", "url"].iter().all(|field| json::text(item, field).is_none())
}

fn reply(comment: &Value, root: u64) -> Result<RawPost, Rejection> {
    let id = json::id(comment, "id").ok_or_else(|| json::rejection("it has no `id`", comment))?;
    let Some(text) = json::text(comment, "text") else {
        return Err(json::rejection("deleted, or without a text", comment));
    };
    Ok(RawPost {
        key: key(id),
        url: format!("{}/item?id={id}", super::SITE),
        thread: Some(key(root)),
        post_type: PostType::Comment,
        text: text.to_owned(),
        form: TextForm::Html,
        author: json::text(comment, "author").map(author),
        published: json::date(comment, "created_at_i").or_else(|| json::date(comment, "created_at")),
        engagement: Engagement { likes: json::count(comment, "points"), ..Engagement::default() },
        ..RawPost::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use serde_json::json;

    fn thread(key: &str, body: &Value) -> Result<Thread, ReadError> {
        let url = "https://hn.algolia.com/api/v1/items/1".parse().expect("a URL");
        let response = Response {
            status: 200,
            url,
            headers: Vec::new(),
            body: body.to_string().into(),
            received_at: Timestamp(0),
        };
        read(&Post::bare(key, Timestamp(0)), &response)
    }

    #[test]
    fn comments_at_every_depth_are_replies_to_the_story() {
        let body = json!({"id": 1, "type": "story", "title": "Acme is down", "author": "jane", "points": 7, "story_id": 1, "children": [
            {"id": 2, "author": "kim", "text": "Again?", "created_at_i": 1_795_000_000, "children": [
                {"id": 3, "author": "sam", "text": "Yes.", "children": []},
                {"id": 4, "author": null, "text": null, "children": [{"id": 5, "author": "lee", "text": "Late", "children": []}]},
            ]},
        ]});
        let found = thread("hn:1", &body).expect("a conversation");
        let keys: Vec<Option<&str>> =
            found.replies.iter().map(|reply| reply.as_ref().ok().map(|reply| &reply.key[..])).collect();
        assert_eq!(keys, [Some("hn:2"), Some("hn:3"), None, Some("hn:5")]);
        assert!(found.replies.iter().flatten().all(|reply| reply.thread.as_deref() == Some("hn:1")));
        assert_eq!(found.engagement, Some(Engagement { likes: Some(7), replies: Some(3), ..Engagement::default() }));
        assert!(!found.deleted);
    }

    #[test]
    fn a_comment_has_its_own_replies_and_the_story_as_its_root() {
        let body = json!({"id": 9, "story_id": 1, "parent_id": 1, "text": "x", "author": "a", "points": null, "children": [{"id": 10, "text": "y"}]});
        let found = thread("hn:9", &body).expect("a conversation");
        let [Ok(reply)] = &found.replies[..] else { panic!("one reply") };
        assert_eq!((reply.key.as_str(), reply.thread.as_deref()), ("hn:10", Some("hn:1")));
    }

    #[test]
    fn a_deleted_item_another_item_and_an_error_are_told_apart() {
        assert!(
            thread("hn:9", &json!({"id": 9, "author": null, "text": null, "children": []})).expect("an item").deleted
        );
        for (body, said) in [
            (json!({"id": 8, "children": []}), "not an item of the Hacker News search API: it is item 8, not `hn:9`"),
            (json!({"status": 404, "error": "Not Found"}), "the API says: Not Found"),
            (json!({}), "not an item of the Hacker News search API: it has no `id` or no `children`"),
        ] {
            assert_eq!(thread("hn:9", &body).expect_err("an error").to_string(), said);
        }
    }

    #[test]
    fn a_conversation_that_never_ends_is_cut_off() {
        let children: Vec<Value> = (2..5_000).map(|id| json!({"id": id, "text": "x"})).collect();
        let found = thread("hn:1", &json!({"id": 1, "author": "a", "children": children})).expect("a conversation");
        assert_eq!(found.replies.len(), MAX_REPLIES);
    }
}
