//! How does a topic of a forum go on?
//!
//! `/t/ID.json` gives the first 20 posts of a topic, `/t/ID/N.json` those around number N; both name its counts, whether it is closed
//! or archived, and with the plugin "solved" the accepted answer.

use serde_json::Value;
use url::Url;

use super::{EXPECTED, Forum, api_error, engagement};
use crate::model::{Post, ReadError, Response, Thread};
use crate::parse::json;

/// How many posts of a topic the forum gives at once; from there on the ones around the newest known are asked for.
const AT_ONCE: u64 = 20;

impl Forum {
    /// The address of the topic that a post stands in, around the newest reply known.
    pub(super) fn topic_of(&self, post: &Post) -> Option<Url> {
        let (topic, number) = self.place_of(&post.key)?;
        let newest =
            if number == 1 { post.engagement.replies.map_or(1, |replies| replies.saturating_add(1)) } else { number };
        let path = if newest <= AT_ONCE { format!("t/{topic}.json") } else { format!("t/{topic}/{newest}.json") };
        Some(json::call(&self.url, &path, []))
    }

    /// Topic and number of the post with this key, if it is one of this forum.
    fn place_of(&self, key: &str) -> Option<(u64, u64)> {
        let (topic, number) =
            key.strip_prefix("discourse:")?.strip_prefix(self.place.as_str())?.strip_prefix(':')?.split_once(':')?;
        Some((topic.parse().ok()?, number.parse().ok()?))
    }

    pub(super) fn thread(&self, post: &Post, response: &Response) -> Result<Thread, ReadError> {
        let (answer, _) = json::parse(response, EXPECTED)?;
        let Some(items) = answer.get("post_stream").and_then(|stream| json::list(stream, "posts")) else {
            return Err(api_error(&answer, "post_stream.posts"));
        };
        let Some((topic, number)) = self.place_of(&post.key) else {
            let why = format!("`{}` is no post of this forum", post.key);
            return Err(ReadError::WrongFormat { expected: EXPECTED, why });
        };
        let topics = [(topic, &answer)].into_iter().collect();
        let own = items.iter().find(|item| json::id(item, "post_number") == Some(number));
        // Far down a long topic its first post is not among those given: its likes are not known, the number of replies is.
        let counted = own.unwrap_or(&Value::Null);
        let is_reply = |item: &&Value| json::id(item, "post_number").is_some_and(|given| given > 1 && given != number);
        Ok(Thread {
            replies: items.iter().filter(is_reply).map(|item| self.post(item, &topics)).collect(),
            engagement: (own.is_some() || number == 1).then(|| engagement(counted, &answer, number == 1)),
            accepted: accepted(&answer, items).map(|number| self.key(topic, number)),
            closed: is_true(&answer, "closed") || is_true(&answer, "archived"),
            deleted: is_deleted(&answer) || own.is_some_and(is_deleted),
            wait: None,
        })
    }
}

/// Number of the post that was accepted as the answer: named by the topic, or marked itself.
fn accepted(topic: &Value, items: &[Value]) -> Option<u64> {
    let named = topic.get("accepted_answer").and_then(|answer| json::id(answer, "post_number"));
    let marked =
        || items.iter().find(|item| is_true(item, "accepted_answer")).and_then(|item| json::id(item, "post_number"));
    named.or_else(marked)
}

fn is_true(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool) == Some(true)
}

fn is_deleted(value: &Value) -> bool {
    json::text(value, "deleted_at").is_some() || is_true(value, "user_deleted")
}

#[cfg(test)]
mod tests {
    use super::super::{KIND, Kind};
    use crate::model::{Engagement, Post, Response, Settings, Source, SourceKind, Thread, Timestamp};
    use serde_json::{Value, json};

    fn forum() -> Box<dyn Source> {
        let kind: &Kind = &KIND;
        let settings =
            Settings::parse("source.forum", "url = \"https://community.acme.example:8443/forum/\"").expect("TOML");
        kind.load(&settings).expect("a source")
    }

    fn post(key: &str, replies: Option<u64>) -> Post {
        let key = format!("discourse:community.acme.example:8443/forum:{key}");
        Post { engagement: Engagement { replies, ..Engagement::default() }, ..Post::bare(&key, Timestamp(0)) }
    }

    fn read(post: &Post, body: &Value) -> Thread {
        let url = "https://community.acme.example:8443/forum/t/7.json".parse().expect("a URL");
        let response = Response {
            status: 200,
            url,
            headers: Vec::new(),
            body: body.to_string().into(),
            received_at: Timestamp(0),
        };
        forum().read_thread(post, &response).expect("a conversation")
    }

    #[test]
    fn a_topic_is_asked_for_around_its_newest_reply() {
        let asked = |post: &Post| forum().follow(post).map(|request| request.url.path().to_owned());
        for (key, replies, path) in [
            ("7:1", Some(3), Some("/forum/t/7.json")),
            ("7:1", None, Some("/forum/t/7.json")),
            ("7:1", Some(90), Some("/forum/t/7/91.json")),
            ("7:45", Some(1), Some("/forum/t/7/45.json")),
            ("7", None, None),
            ("x:1", None, None),
        ] {
            assert_eq!(asked(&post(key, replies)).as_deref(), path, "{key}");
        }
        assert!(asked(&Post::bare("discourse:other.example:7:1", Timestamp(0))).is_none());
    }

    #[test]
    fn a_topic_tells_replies_counts_answer_and_whether_it_is_closed() {
        let body = json!({
            "id": 7, "slug": "uploads", "title": "Uploads stall", "posts_count": 4, "closed": true, "archived": false,
            "accepted_answer": {"post_number": 3, "username": "sam"},
            "post_stream": {"posts": [
                {"topic_id": 7, "post_number": 1, "post_type": 1, "cooked": "<p>Help", "actions_summary": [{"id": 2, "count": 5}]},
                {"topic_id": 7, "post_number": 2, "post_type": 1, "cooked": "<p>Same", "username": "kim"},
                {"topic_id": 7, "post_number": 3, "post_type": 1, "cooked": "<p>Restart", "username": "sam"},
                {"topic_id": 7, "post_number": 4, "post_type": 3, "cooked": "", "action_code": "closed.enabled"},
            ], "stream": [1, 2, 3, 4]},
        });
        let thread = read(&post("7:1", None), &body);
        let keys: Vec<Option<&str>> = thread
            .replies
            .iter()
            .map(|reply| reply.as_ref().ok().and_then(|reply| reply.key.rsplit(':').next()))
            .collect();
        assert_eq!(keys, [Some("2"), Some("3"), None]);
        assert!(thread.replies.iter().flatten().all(|reply| reply.thread.as_deref() == Some(&*post("7:1", None).key)));
        assert_eq!(thread.engagement, Some(Engagement { likes: Some(5), replies: Some(3), ..Engagement::default() }));
        assert_eq!(thread.accepted, Some(post("7:3", None).key));
        assert!(thread.closed && !thread.deleted);
    }

    #[test]
    fn a_reply_has_its_own_counts_and_what_is_not_given_is_not_known() {
        let body = json!({"posts_count": 90, "post_stream": {"posts": [
            {"topic_id": 7, "post_number": 45, "reply_count": 2, "actions_summary": [], "user_deleted": true, "cooked": ""},
            {"topic_id": 7, "post_number": 46, "cooked": "x", "accepted_answer": true},
        ]}});
        let thread = read(&post("7:45", None), &body);
        assert_eq!(thread.engagement, Some(Engagement { likes: Some(0), replies: Some(2), ..Engagement::default() }));
        assert_eq!((thread.replies.len(), thread.deleted, thread.accepted), (1, true, Some(post("7:46", None).key)));
        let of_root = read(&post("7:1", None), &body);
        assert_eq!(of_root.engagement, Some(Engagement { likes: None, replies: Some(89), ..Engagement::default() }));
        assert_eq!(read(&post("7:60", None), &body).engagement, None);
    }
}
