//! How does a question go on: which answers has it, and which one was accepted?
//!
//! `/questions/ID/answers` gives the answers with their scores, `/answers/ID` one answer with its own; one request each of the
//! 300 or 10,000 a day. Comments are not read.

use serde_json::Value;
use url::Url;

use super::{EXPECTED, Site, api_error, wait};
use crate::model::{Engagement, Post, PostType, ReadError, Response, Thread};
use crate::parse::json;

impl Site {
    /// What to ask for a question's answers, or for an answer itself.
    pub(super) fn thread_of(&self, post: &Post) -> Option<Url> {
        let id: u64 = post.key.strip_prefix(&self.key_prefix())?.parse().ok()?;
        let path = match post.post_type {
            PostType::Answer => format!("answers/{id}"),
            PostType::Story
            | PostType::Comment
            | PostType::Article
            | PostType::Review
            | PostType::Question
            | PostType::Issue => {
                format!("questions/{id}/answers")
            }
        };
        Some(self.call(&path, 1, "creation", []))
    }

    pub(super) fn thread(&self, post: &Post, response: &Response) -> Result<Thread, ReadError> {
        let (answer, _) = json::parse(response, EXPECTED)?;
        let items = match json::list(&answer, "items") {
            Some(items) if answer.get("error_id").is_none() => items,
            _ => return Err(api_error(&answer)),
        };
        let accepted = items.iter().find(|item| item.get("is_accepted").and_then(Value::as_bool) == Some(true));
        let accepted = accepted.and_then(|item| json::id(item, "answer_id")).map(|id| self.key(id));
        let wait = wait(&answer, response.received_at);
        if post.post_type == PostType::Answer {
            let likes = items.first().and_then(|item| json::count(item, "score"));
            let engagement = likes.map(|likes| Engagement { likes: Some(likes), ..post.engagement });
            // What the API does not give any more was deleted.
            return Ok(Thread { engagement, accepted, deleted: items.is_empty(), wait, ..Thread::default() });
        }
        let all = answer.get("has_more").and_then(Value::as_bool) != Some(true);
        let replies = if all { Some(items.len() as u64) } else { post.engagement.replies };
        Ok(Thread {
            replies: items.iter().map(|item| self.post(item)).collect(),
            engagement: Some(Engagement { replies, ..post.engagement }),
            accepted,
            wait,
            ..Thread::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::KIND;
    use crate::model::{
        Duration, Engagement, Post, PostType, Response, Settings, Source, SourceKind, Thread, Timestamp,
    };
    use serde_json::{Value, json};

    fn site() -> Box<dyn Source> {
        KIND.load(&Settings::parse("source.so", "site = \"stackoverflow\"").expect("TOML")).expect("a source")
    }

    fn post(id: u64, post_type: PostType) -> Post {
        Post { post_type, ..Post::bare(&format!("stackexchange:stackoverflow:{id}"), Timestamp(0)) }
    }

    fn read(post: &Post, body: &Value) -> Thread {
        let url = "https://api.stackexchange.com/2.3/questions/7/answers".parse().expect("a URL");
        let response = Response {
            status: 200,
            url,
            headers: Vec::new(),
            body: body.to_string().into(),
            received_at: Timestamp(0),
        };
        site().read_thread(post, &response).expect("a conversation")
    }

    #[test]
    fn a_question_is_followed_by_its_answers_and_an_answer_by_itself() {
        for (asked, path) in [
            (post(7, PostType::Question), Some("/2.3/questions/7/answers")),
            (post(8, PostType::Answer), Some("/2.3/answers/8")),
            (Post::bare("stackexchange:unix:7", Timestamp(0)), None),
        ] {
            let request = site().follow(&asked);
            assert_eq!(request.as_ref().map(|request| request.url.path()), path);
        }
    }

    #[test]
    fn answers_are_replies_and_the_accepted_one_is_named() {
        let body = json!({"items": [
            {"answer_id": 9, "question_id": 7, "score": 3, "is_accepted": true, "body": "<p>Restart"},
            {"answer_id": 8, "question_id": 7, "score": -1, "is_accepted": false, "body": "<p>Wait"},
        ], "has_more": false, "backoff": 10, "quota_remaining": 200});
        let thread = read(&post(7, PostType::Question), &body);
        let keys: Vec<&str> = thread.replies.iter().flatten().map(|reply| &reply.key[..]).collect();
        assert_eq!(keys, ["stackexchange:stackoverflow:9", "stackexchange:stackoverflow:8"]);
        assert!(
            thread
                .replies
                .iter()
                .flatten()
                .all(|reply| reply.thread.as_deref() == Some("stackexchange:stackoverflow:7"))
        );
        assert_eq!(thread.accepted.as_deref(), Some("stackexchange:stackoverflow:9"));
        assert_eq!(thread.engagement, Some(Engagement { likes: None, replies: Some(2), ..Engagement::default() }));
        assert_eq!(thread.wait, Some(Duration::seconds(10)));
    }

    #[test]
    fn an_answer_tells_its_score_and_a_deleted_one_is_gone() {
        let body = json!({"items": [{"answer_id": 9, "question_id": 7, "score": 3, "is_accepted": true}]});
        let thread = read(&post(9, PostType::Answer), &body);
        assert_eq!(thread.engagement.and_then(|engagement| engagement.likes), Some(3));
        assert!(thread.replies.is_empty() && !thread.deleted && thread.accepted.is_some());
        assert!(read(&post(9, PostType::Answer), &json!({"items": []})).deleted);
    }
}
