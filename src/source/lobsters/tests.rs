//! Does a poll of Lobsters ask for everything new, and do stories and their comments find each other?

use super::*;
use serde_json::json;

/// 2026-11-21 12:00 UTC.
const NOW: Timestamp = Timestamp(1_795_262_400_000);
const NEWEST: &str = include_str!("../../../tests/fixtures/lobsters/newest.json");
const COMMENTS: &str = include_str!("../../../tests/fixtures/lobsters/comments.xml");

fn source(settings: &str) -> Box<dyn Source> {
    KIND.load(&Settings::parse("source.lobsters", settings).expect("TOML")).expect("a source")
}

fn asked(source: &dyn Source, progress: &Progress) -> Option<String> {
    match source.next(progress) {
        Next::Http(request) => Some(request.url.to_string()),
        Next::Subscribe(_) | Next::Done => None,
    }
}

fn answer(body: &str) -> Response {
    let url = Url::parse(SITE).expect("a URL");
    Response { status: 200, url, headers: Vec::new(), body: body.to_owned().into(), received_at: NOW }
}

fn stories(moments: &[i64]) -> String {
    let stories = moments.iter().map(|moment| json!({"short_id": format!("s{moment}"), "created_at": moment}));
    Value::Array(stories.collect()).to_string()
}

#[test]
fn settings_become_the_addresses_asked() {
    for (settings, url) in [
        ("", "https://lobste.rs/newest.json"),
        ("tags = [\"rust\", \"devops\"]", "https://lobste.rs/t/rust,devops.json"),
        ("list = \"hottest\"", "https://lobste.rs/hottest.json"),
        ("types = [\"comment\"]\nurl = \"https://gambe.example/x/\"", "https://gambe.example/x/comments.rss"),
    ] {
        assert_eq!(asked(&*source(settings), &Progress::default()).as_deref(), Some(url));
    }
}

#[test]
fn wrong_settings_are_told_all_at_once_with_hints() {
    for (settings, keys) in [
        ("tags = [\"a b\"]\nurl = \"x\"", &["tags", "url"][..]),
        ("tags = [\"rust\"]\nlist = \"hottest\"\ntypes = [\"comment\"]", &["list", "types"]),
        ("types = []", &["types"]),
    ] {
        let read = Settings::parse("source.lobsters", settings).expect("TOML");
        let faults = KIND.load(&read).expect_err("faults");
        let found: Vec<&str> = faults.iter().map(|fault| fault.key.trim_start_matches("source.lobsters.")).collect();
        assert_eq!(found, keys, "{settings}");
        assert!(faults.iter().all(|fault| fault.hint.is_some()), "{settings}");
    }
}

#[test]
fn a_poll_reads_stories_back_to_what_it_knows_and_then_comments() {
    let source = source("");
    let turn = |progress: &Progress, body: &str| source.read(progress, &answer(body)).expect("a reading").progress;
    let first = turn(&Progress::default(), &stories(&[9_000, 8_000]));
    assert_eq!(asked(&*source, &first).as_deref(), Some("https://lobste.rs/comments.rss"));
    let first = turn(&first, COMMENTS);
    assert_eq!((first.cursor.as_deref(), asked(&*source, &first)), (Some("9000 1795258800"), None));

    let second = turn(&first.start_poll(), &stories(&[99_000, 98_000]));
    assert_eq!(asked(&*source, &second).as_deref(), Some("https://lobste.rs/newest/page/2.json"));
    let second = turn(&second, &stories(&[97_000, 8_500, 8_000]));
    assert_eq!(asked(&*source, &second).as_deref(), Some("https://lobste.rs/comments.rss"));
    assert_eq!(second.cursor.as_deref(), Some("99000 1795258800"));
}

#[test]
fn a_comment_of_the_feed_names_its_story_as_the_story_names_itself() {
    let stories = source("").read(&Progress::default(), &answer(NEWEST)).expect("a reading").posts;
    let comments =
        source("types = [\"comment\"]").read(&Progress::default(), &answer(COMMENTS)).expect("a reading").posts;
    let keys: Vec<&str> = stories.iter().flatten().map(|story| story.key.as_str()).collect();
    let threads: Vec<Option<&str>> = comments.iter().flatten().map(|comment| comment.thread.as_deref()).collect();
    assert_eq!(threads, [Some(keys[0]), Some(keys[1])]);
}

#[test]
fn a_conversation_is_followed_on_the_page_of_its_story() {
    let source = source("");
    let story = Post {
        url: "https://lobste.rs/s/acme03/acme_cloud_eu_west".into(),
        ..Post::bare("lobsters:lobste.rs:s:acme03", NOW)
    };
    let request = source.follow(&story).expect("a request");
    assert_eq!(request.url.as_str(), "https://lobste.rs/s/acme03.json");
    let body = json!({"short_id": "acme03", "score": 40, "comment_count": 2, "comments": [
        {"short_id": "acmec2", "url": "https://lobste.rs/s/acme03/acme_cloud#c_acmec2", "created_at": "2026-11-21T05:00:00.000-06:00",
         "score": 5, "comment": "<p>Same here.</p>", "commenting_user": "bugs", "is_deleted": false, "parent_comment": null},
        {"short_id": "acmec3", "comment": "<em>Comment removed by author</em>", "is_deleted": true},
    ]});
    let thread = source.read_thread(&story, &answer(&body.to_string())).expect("a thread");
    let counts = thread.engagement.expect("counts");
    assert_eq!((counts.likes, counts.replies, thread.replies.len()), (Some(40), Some(2), 2));
    let reply = thread.replies[0].as_ref().expect("a reply");
    assert_eq!(
        (reply.key.as_str(), reply.thread.as_deref()),
        ("lobsters:lobste.rs:c:acmec2", Some(story.key.as_str()))
    );
    assert!(thread.replies[1].is_err(), "deleted");

    let comment = Post { url: reply.url.clone(), ..Post::bare("lobsters:lobste.rs:c:acmec2", NOW) };
    assert_eq!(source.follow(&comment).expect("a request").url, request.url);
    let thread = source.read_thread(&comment, &answer(&body.to_string())).expect("a thread");
    assert_eq!((thread.engagement.and_then(|counts| counts.likes), thread.deleted), (Some(5), false));
}
