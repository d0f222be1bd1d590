//! How are the posts of a tag read whole, of which the forum's search gives only excerpts?
//!
//! `/t/ID.json` gives the first 20 posts of a topic, `/t/ID/N.json` 20 around number N, at least five of them before it: one request
//! for each topic in which the search found something new, at most [`MAX_TOPICS`] in a poll. Of what lies further apart, or in more
//! topics, the excerpt has to do; so it has where the search itself needs more than one page. A post that was read once is not
//! handed on again: its excerpt would be taken for an edit.

use serde_json::Value;
use url::Url;

use super::{EXPECTED, Forum, api_error};
use crate::model::{FetchProblem, Progress, ReadError, Reading, Response};
use crate::parse::json;

/// Most topics that are asked for in one poll.
const MAX_TOPICS: usize = 6;
/// How many posts of a topic the forum gives at once from its beginning.
const AT_ONCE: u64 = 20;
/// How far before the post that is asked for posts are given for certain.
const BEFORE: u64 = 5;
/// What the place of such a step begins with.
const WORD: &str = "topics";

/// What is left to ask: topics, each with its newest new post. Notation: `topics 512 71:3 64:25`, the number of the newest post known first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Topics {
    since: u64,
    left: Vec<(u64, u64)>,
}

impl Topics {
    /// Where a poll stands that asks for topics.
    pub(super) fn of(progress: &Progress) -> Option<Self> {
        let mut parts = progress.next.as_deref()?.strip_prefix(WORD)?.split_whitespace();
        let since = parts.next()?.parse().ok()?;
        let topic = |part: &str| {
            let (topic, number) = part.split_once(':')?;
            Some((topic.parse().ok()?, number.parse().ok()?))
        };
        Some(Self { since, left: parts.take(MAX_TOPICS).filter_map(topic).collect() })
    }

    /// Topics in which what is newer than `since` can be had with one request each, in the order of the search.
    pub(super) fn with_news(items: &[Value], since: u64) -> Self {
        let mut found: Vec<(u64, u64, u64)> = Vec::new();
        for item in items.iter().filter(|item| is_new(item, since)) {
            let (Some(topic), Some(number)) = (json::id(item, "topic_id"), json::id(item, "post_number")) else {
                continue;
            };
            match found.iter_mut().find(|(known, ..)| *known == topic) {
                Some((_, oldest, newest)) => (*oldest, *newest) = ((*oldest).min(number), (*newest).max(number)),
                None => found.push((topic, number, number)),
            }
        }
        let near = |(_, oldest, newest): &(u64, u64, u64)| *newest <= AT_ONCE || newest - oldest <= BEFORE;
        let left = found.into_iter().filter(near).take(MAX_TOPICS);
        Self { since, left: left.map(|(topic, _, newest)| (topic, newest)).collect() }
    }

    /// Whether an item of the search is read whole later.
    pub(super) fn hold(&self, item: &Value) -> bool {
        json::id(item, "topic_id").is_some_and(|topic| self.left.iter().any(|(held, _)| *held == topic))
    }

    /// The place of the step that asks for the first of them; none where nothing is left.
    pub(super) fn written(&self) -> Option<String> {
        let left = self.left.iter().map(|(topic, number)| format!(" {topic}:{number}"));
        (!self.left.is_empty()).then(|| format!("{WORD} {}{}", self.since, left.collect::<String>()))
    }

    /// The address of the first topic.
    pub(super) fn address(&self, forum: &Url) -> Option<Url> {
        let (topic, number) = self.left.first()?;
        let path = if *number <= AT_ONCE { format!("t/{topic}.json") } else { format!("t/{topic}/{number}.json") };
        Some(json::call(forum, &path, []))
    }

    fn without_first(mut self) -> Self {
        self.left.drain(..self.left.len().min(1));
        self
    }

    /// How a poll goes on without a topic that is not there any more, or not for us. After the last one the search is asked once
    /// more, so that the poll has an end and the source stands behind what it found.
    pub(super) fn without(self, progress: &Progress, problem: &FetchProblem) -> Option<Progress> {
        let absent = matches!(
            problem,
            FetchProblem::Gone | FetchProblem::Refused { .. } | FetchProblem::Status { status: 404 | 410 }
        );
        if !absent || self.left.is_empty() {
            return None;
        }
        let since = self.since;
        let next = self.without_first().written().unwrap_or_else(|| format!("{WORD} {since}"));
        Some(Progress { page: progress.page.saturating_add(1), next: Some(next), ..progress.clone() })
    }
}

/// Whether an item is newer than the newest known; one without a number may be.
pub(super) fn is_new(item: &Value, since: u64) -> bool {
    json::id(item, "id").is_none_or(|id| id > since)
}

impl Forum {
    /// Reads the first of the topics that are left; where none is, what was asked was only to end the poll.
    pub(super) fn whole(&self, at: Topics, progress: &Progress, response: &Response) -> Result<Reading, ReadError> {
        let (answer, repaired) = json::parse(response, EXPECTED)?;
        let (first, since) = (at.left.first().map(|(topic, _)| *topic), at.since);
        let progress =
            Progress { page: progress.page.saturating_add(1), next: at.without_first().written(), ..progress.clone() };
        let Some(topic) = first else { return Ok(Reading { progress, repaired, ..Reading::default() }) };
        let Some(items) = answer.get("post_stream").and_then(|stream| json::list(stream, "posts")) else {
            return Err(api_error(&answer, "post_stream.posts"));
        };
        let topics = [(topic, &answer)].into_iter().collect();
        let posts = items.iter().filter(|item| is_new(item, since)).map(|item| self.post(item, &topics)).collect();
        Ok(Reading { posts, progress, repaired, ..Reading::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::KIND;
    use super::*;
    use crate::model::{Next, Settings, Source, SourceKind, Timestamp};
    use serde_json::json;

    fn forum() -> Box<dyn Source> {
        let block = "url = \"https://community.acme.example\"\ntag = \"billing\"";
        KIND.load(&Settings::parse("source.forum", block).expect("TOML")).expect("a source")
    }

    fn asked(progress: &Progress) -> Option<String> {
        match forum().next(progress) {
            Next::Http(request) => Some(request.url[url::Position::BeforePath..].to_owned()),
            Next::Subscribe(_) | Next::Done => None,
        }
    }

    fn read(progress: &Progress, body: Value) -> (Vec<(String, String)>, Progress) {
        let url = Url::parse("https://community.acme.example/search.json").expect("a URL");
        let body = body.to_string().into();
        let response = Response { status: 200, url, headers: Vec::new(), body, received_at: Timestamp(0) };
        let reading = forum().read(progress, &response).expect("a reading");
        let posts = reading.posts.into_iter().flatten();
        let place = |key: &str| key.rsplitn(3, ':').take(2).collect::<Vec<_>>().join(" in ");
        (posts.map(|post| (place(&post.key), post.text)).collect(), reading.progress)
    }

    /// The hits with these ids, topics and numbers.
    fn found(hits: &[(u64, u64, u64)]) -> Value {
        let hit = |(id, topic, number): &(u64, u64, u64)| json!({"id": id, "topic_id": topic, "post_number": number, "blurb": "an…"});
        json!({"posts": hits.iter().map(hit).collect::<Vec<_>>(),
               "grouped_search_result": {"more_full_page_results": false, "error": null}})
    }

    fn topic(posts: &[(u64, u64, u64)]) -> Value {
        let post = |(id, topic, number): &(u64, u64, u64)| json!({"id": id, "topic_id": topic, "post_number": number, "cooked": "whole"});
        json!({"title": "T", "slug": "t", "tags": [{"id": 1, "name": "billing"}], "posts_count": 3,
               "post_stream": {"posts": posts.iter().map(post).collect::<Vec<_>>()}})
    }

    #[test]
    fn each_topic_with_news_is_asked_for_once_and_only_its_news_are_handed_on() {
        let known = Progress { cursor: Some("90".into()), ..Progress::default() };
        // The last topic's news lie too far apart for one request.
        let hits = found(&[(99, 7, 3), (98, 8, 40), (97, 7, 2), (96, 9, 60), (95, 9, 50), (90, 5, 1)]);
        let (posts, at) = read(&known, hits);
        let excerpt = |place: &str| (place.to_owned(), "an…".to_owned());
        assert_eq!(posts, [excerpt("60 in 9"), excerpt("50 in 9")]);
        assert_eq!(asked(&at).as_deref(), Some("/t/7.json"));
        let (posts, at) = read(&at, topic(&[(80, 7, 1), (97, 7, 2), (99, 7, 3)]));
        let whole = |place: &str| (place.to_owned(), "whole".to_owned());
        assert_eq!(posts, [whole("2 in 7"), whole("3 in 7")]);
        assert_eq!(asked(&at).as_deref(), Some("/t/8/40.json"));
        let (posts, at) = read(&at, topic(&[(70, 8, 39), (98, 8, 40)]));
        assert_eq!(posts, [whole("40 in 8")]);
        assert_eq!((asked(&at), at.cursor.as_deref(), at.notes.len()), (None, Some("99"), 0));
        let (posts, at) = read(&at.start_poll(), found(&[(99, 7, 3), (98, 8, 40)]));
        assert_eq!((posts, asked(&at)), (vec![], None), "an excerpt of what is known would be taken for an edit");
    }

    #[test]
    fn of_many_topics_some_are_read_whole_and_of_the_rest_an_excerpt_has_to_do() {
        let hits: Vec<(u64, u64, u64)> = (1..=10).rev().map(|number| (number, number, 1)).collect();
        let (posts, mut at) = read(&Progress::default(), found(&hits));
        assert_eq!(posts.len(), 10 - MAX_TOPICS);
        for _ in 0..MAX_TOPICS {
            assert!(asked(&at).is_some_and(|path| path.starts_with("/t/")));
            at = read(&at, topic(&[(20, 1, 1)])).1;
        }
        assert_eq!((asked(&at), at.cursor.as_deref()), (None, Some("10")));
    }

    #[test]
    fn a_topic_that_is_not_there_any_more_is_left_out_and_the_poll_has_an_end_all_the_same() {
        let absent = FetchProblem::Status { status: 404 };
        let (_, at) = read(&Progress::default(), found(&[(9, 7, 1), (8, 6, 1)]));
        assert_eq!(forum().fall_back(&at, &FetchProblem::TimedOut { seconds: 30 }), None);
        let at = forum().fall_back(&at, &absent).expect("another way");
        assert_eq!(asked(&at).as_deref(), Some("/t/6.json"));
        let at = forum().fall_back(&at, &absent).expect("another way");
        assert!(asked(&at).is_some_and(|path| path.starts_with("/search.json?q=tags%3Abilling")));
        assert_eq!(forum().fall_back(&at, &absent), None, "the search itself is not there");
        let (posts, at) = read(&at, found(&[(9, 7, 1)]));
        assert_eq!((posts, asked(&at), at.cursor.as_deref()), (vec![], None, Some("9")));
    }

    #[test]
    fn tags_are_read_as_words_and_as_objects() {
        let forum = forum();
        let url = Url::parse("https://community.acme.example/t/7.json").expect("a URL");
        let body = topic(&[(9, 7, 1)]).to_string().into();
        let response = Response { status: 200, url, headers: Vec::new(), body, received_at: Timestamp(0) };
        let at = Progress { page: 1, next: Some("topics 0 7:1".into()), ..Progress::default() };
        let post = forum.read(&at, &response).expect("a reading").posts.remove(0).expect("a post");
        assert_eq!(
            (post.tags, post.title.as_str(), post.engagement.replies),
            (vec!["billing".to_owned()], "T", Some(2))
        );
    }
}
