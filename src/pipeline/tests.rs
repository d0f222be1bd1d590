//! What does the line decide on what a page says beside its posts?

use super::*;
use crate::model::{Match, Memory, Next, ReadError, Request, Response, Seen, SourceState, Spent};
use crate::query::{Names, Place, Query};
use crate::watch::WatchSpec;

/// Knows one post, and one author who is to be forgotten.
struct Known;

const KNOWN: &str = "acme:1";

impl Memory for Known {
    fn seen(&self, post: PostId) -> Result<Option<Seen>, ViewError> {
        Ok((post == PostId::of(KNOWN)).then_some(Seen { content_hash: 0, story: StoryId(post) }))
    }
    fn candidates(&self, keys: &[[u8; 16]]) -> Result<Vec<Option<crate::model::Candidate>>, ViewError> {
        Ok(vec![None; keys.len()])
    }
    fn alerted(&self, _: StoryId) -> Result<Vec<String>, ViewError> {
        Ok(Vec::new())
    }
    fn spent(&self, _: &str, _: crate::model::Day, _: StoryId) -> Result<Spent, ViewError> {
        Ok(Spent::default())
    }
    fn source(&self, _: &str) -> Result<SourceState, ViewError> {
        Ok(SourceState::default())
    }
    fn is_forgotten(&self, mark: PostId) -> Result<bool, ViewError> {
        Ok(mark == Author::mark("quillon", "acme.example"))
    }
}

/// A source whose conversations can be read, but those of one author cannot.
#[derive(Debug)]
struct Followable;

impl Source for Followable {
    fn next(&self, _: &Progress) -> Next {
        Next::Done
    }

    fn read(&self, _: &Progress, _: &Response) -> Result<Reading, ReadError> {
        Ok(Reading::default())
    }

    fn follow(&self, post: &Post) -> Option<Request> {
        let hidden = post.author.as_ref().is_some_and(|author| author.name == "hidden");
        (!hidden).then(|| Request::get(Url::parse("https://acme.example/").unwrap()))
    }
}

#[test]
fn only_what_its_source_can_follow_is_followed() {
    let read = decided(vec![raw(2, "sam", 1, None), raw(3, "hidden", 1, None)], &[]).read;
    let followed: Vec<bool> = read.posts.iter().map(|decided| decided.follow).collect();
    assert_eq!(followed, [true, false]);
}

fn rules() -> Rules {
    let query = Query::parse("acme", Place::Watch, &Names::default()).unwrap();
    Rules {
        watches: Arc::new(WatchSet::new(vec![WatchSpec::new("acme", query)])),
        routes: Arc::default(),
        exclusions: Arc::default(),
        time_zone: TimeZone::UTC,
        first_poll_alert_age: Duration::hours(1),
        team: Arc::new(Ours::new(&crate::config::Team {
            handles: vec!["help@acme.example".to_owned()],
            domains: Vec::new(),
        })),
        follow_score: 0,
        max_alerts: Arc::default(),
    }
}

fn raw(number: u8, author: &str, minutes: i64, thread: Option<u8>) -> RawPost {
    let key = |number| format!("acme:{number}");
    RawPost {
        key: key(number),
        url: format!("https://acme.example/{number}"),
        thread: thread.map(key),
        title: format!("Acme {number}"),
        author: Some(crate::model::RawAuthor { name: author.to_owned(), ..Default::default() }),
        published: Some(Timestamp(minutes * 60_000)),
        ..RawPost::default()
    }
}

fn decided(posts: Vec<RawPost>, deleted: &[&str]) -> Decision {
    let deleted = deleted.iter().map(|key| (*key).to_owned()).collect();
    let page = Page {
        source: "forum".to_owned(),
        kind: "rss".to_owned(),
        base: Url::parse("https://acme.example/").unwrap(),
        received_at: Timestamp(3_600_000),
        reading: Reading { posts: posts.into_iter().map(Ok).collect(), deleted, ..Reading::default() },
        first_poll: false,
        end: None,
        gap: false,
        asked: Some(Arc::new(Followable)),
    };
    decide(page, &rules(), &mut Overlay::new(&Known), &mut Baselines::default()).unwrap()
}

#[test]
fn of_what_a_site_says_it_deleted_only_known_posts_count_and_each_once() {
    let of = decided(vec![raw(2, "sam", 1, None)], &[KNOWN, "acme:2", "acme:99", KNOWN]);
    assert_eq!(of.deleted, [PostId::of(KNOWN), PostId::of("acme:2")]);
}

#[test]
fn a_reply_of_the_team_answers_what_was_there_before_it_in_whatever_order_a_page_lists_them() {
    let posts = vec![
        raw(5, "sam", 30, Some(2)),
        raw(4, "Help", 20, Some(2)),
        raw(3, "sam", 10, Some(2)),
        raw(2, "sam", 1, None),
    ];
    for posts in [posts.clone(), posts.into_iter().rev().collect::<Vec<_>>()] {
        let first_is_new = posts[0].key.ends_with('5');
        let read = decided(posts, &[]).read;
        let by_key = |key: &str| read.posts.iter().find(|decided| decided.post.key == key).unwrap();
        let answered = |key: &str| {
            let told = by_key("acme:4").answers.contains(&PostId::of(key));
            told || by_key(key).standing.answered.is_some()
        };
        assert_eq!(["acme:2", "acme:3", "acme:5"].map(answered), [true, true, false], "newest first: {first_is_new}");
        assert_eq!(by_key("acme:4").held_back, [SuppressedAlert::OwnPost]);
        assert_eq!(by_key("acme:4").outcome, Outcome::Suppressed);
        assert!(by_key("acme:5").follow && !by_key("acme:4").follow);
    }
}

#[test]
fn what_a_forgotten_author_writes_is_counted_and_not_kept() {
    let read = decided(vec![raw(2, "Quillon", 1, None), raw(3, "sam", 1, None)], &[]).read;
    assert_eq!((read.counts.rejected, read.counts.mention), (1, 1));
    assert_eq!(read.rejected[0].what, PostId::of("acme:2").to_string());
    let matched: Vec<&Match> = read.posts.iter().flat_map(|decided| &decided.matches).collect();
    assert_eq!((read.posts.len(), matched.len()), (1, 1));
}
