//! Does a poll of Reddit ask for everything new at the pace it may, and find the same posts with and without an account?

use super::*;
use crate::model::Secret;
use serde_json::json;

/// 2026-11-21 12:00 UTC.
const NOW: Timestamp = Timestamp(1_795_262_400_000);
const LISTING: &[u8] = include_bytes!("../../../tests/fixtures/reddit/api.json");
const COMMENTS: &[u8] = include_bytes!("../../../tests/fixtures/reddit/api_comments.json");
const FEED: &[u8] = include_bytes!("../../../tests/fixtures/reddit/feed.xml");
const FEED_OF_COMMENTS: &[u8] = include_bytes!("../../../tests/fixtures/reddit/feed_comments.xml");

fn source(settings: &str) -> Box<dyn Source> {
    KIND.load(&Settings::parse("source.reddit", settings).expect("TOML")).expect("a source")
}

/// A source with credentials, as the loader of the configuration would make it.
fn with_account(lists: Vec<List>) -> Reddit {
    Reddit {
        site: Url::parse(SITE).expect("a URL"),
        api: Url::parse(API).expect("a URL"),
        grant: Some(TokenGrant::ClientCredentials {
            url: Url::parse("https://www.reddit.com/api/v1/access_token").expect("a URL"),
            client_id: "abc".into(),
            client_secret: Secret::new("hunter2"),
            scope: None,
            in_form: false,
        }),
        subreddits: "acme".into(),
        query: None,
        lists,
    }
}

fn asked(source: &dyn Source, progress: &Progress) -> Option<String> {
    match source.next(progress) {
        Next::Http(request) => Some(request.url.to_string()),
        Next::Subscribe(_) | Next::Done => None,
    }
}

fn answer(body: &[u8], headers: &[(&str, &str)], received_at: Timestamp) -> Response {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let url = Url::parse("https://www.reddit.com/r/acme/new/.rss").expect("a URL");
    Response { status: 200, url, headers, body: body.to_vec().into(), received_at }
}

fn read(source: &dyn Source, progress: &Progress, body: &[u8]) -> Reading {
    source.read(progress, &answer(body, &[], NOW)).expect("a reading")
}

fn listing(ids: &[&str], after: Option<&str>) -> Vec<u8> {
    let children: Vec<Value> =
        ids.iter().map(|id| json!({"kind": "t3", "data": {"name": format!("t3_{id}"), "title": "x"}})).collect();
    json!({"kind": "Listing", "data": {"children": children, "after": after}}).to_string().into_bytes()
}

#[test]
fn settings_become_the_addresses_asked() {
    for (settings, url) in [
        ("subreddits = [\"acme\", \"r/AcmeCloud\"]", "https://www.reddit.com/r/acme+AcmeCloud/new/.rss?limit=100"),
        ("subreddits = [\"acme\"]\ntypes = [\"comment\"]", "https://www.reddit.com/r/acme/comments/.rss?limit=100"),
        (
            "query = '\"acme cloud\"'",
            "https://www.reddit.com/search.rss?q=%22acme+cloud%22&sort=new&type=link&limit=100",
        ),
        (
            "query = \"acme\"\nsubreddits = [\"sysadmin\"]\nurl = \"http://127.0.0.1:7000/x/\"",
            "http://127.0.0.1:7000/x/r/sysadmin/search.rss?q=acme&sort=new&type=link&restrict_sr=on&limit=100",
        ),
    ] {
        assert_eq!(asked(&*source(settings), &Progress::default()).as_deref(), Some(url));
    }
    let url = asked(&with_account(vec![List::Posts]), &Progress::default());
    assert_eq!(url.as_deref(), Some("https://oauth.reddit.com/r/acme/new?limit=100&raw_json=1"));
}

#[test]
fn wrong_settings_are_told_all_at_once_with_hints() {
    for (settings, keys) in [
        ("", &["subreddits"][..]),
        ("subreddits = [\"a b\", \"x\"]\nquery = \" \"", &["subreddits", "subreddits", "query"]),
        (
            "query = \"acme\"\ntypes = [\"comment\"]\nclient_id = \"abc\"\nurl = \"reddit\"",
            &["types", "client_secret", "url"],
        ),
        ("subreddits = [\"acme\"]\ntypes = []", &["types"]),
    ] {
        let read = Settings::parse("source.reddit", settings).expect("TOML");
        let faults = KIND.load(&read).expect_err("faults");
        let found: Vec<&str> = faults.iter().map(|fault| fault.key.trim_start_matches("source.reddit.")).collect();
        assert_eq!(found, keys, "{settings}");
        assert!(faults.iter().all(|fault| fault.hint.is_some()), "{settings}");
    }
}

#[test]
fn the_same_post_has_the_same_key_words_and_place_from_the_api_and_from_a_feed() {
    let api = with_account(vec![List::Posts]);
    let feed = source("subreddits = [\"acme\"]");
    for (listing, atom) in [(LISTING, FEED), (COMMENTS, FEED_OF_COMMENTS)] {
        let one = read(&api, &Progress::default(), listing);
        let two = read(&*feed, &Progress::default(), atom);
        let mut compared = 0;
        for post in two.posts.into_iter().flatten() {
            let same = one.posts.iter().flatten().find(|other| other.key == post.key).expect("the same post");
            let words =
                |post: &RawPost| post.text.split_whitespace().collect::<Vec<_>>().join("").replace("<p></p>", "");
            assert_eq!(words(same), words(&post), "{}", post.key);
            assert_eq!(
                (&same.url, &same.target, &same.thread, &same.author, same.published, same.post_type),
                (&post.url, &post.target, &post.thread, &post.author, post.published, post.post_type),
            );
            compared += 1;
        }
        assert!(compared > 0);
        assert!(two.deleted.iter().all(|key| one.deleted.contains(key)) && !two.deleted.is_empty());
    }
}

#[test]
fn what_was_deleted_or_removed_is_no_post_and_is_told() {
    let reading = read(&with_account(vec![List::Posts]), &Progress::default(), LISTING);
    assert_eq!(reading.deleted, ["reddit:t3_1acme02", "reddit:t3_1acme01"]);
    let reading = read(&*source("subreddits = [\"acme\"]"), &Progress::default(), FEED_OF_COMMENTS);
    assert_eq!(reading.deleted, ["reddit:t1_m0acme2"]);
}

#[test]
fn a_poll_reads_each_list_back_to_what_it_knows() {
    let source = with_account(vec![List::Posts, List::Comments]);
    let first = read(&source, &Progress::default(), &listing(&["1a5", "1a4"], Some("t3_1a4"))).progress;
    let url = asked(&source, &first).expect("the other list");
    assert!(url.contains("/r/acme/comments?"), "{url}");
    let first = read(&source, &first, COMMENTS).progress;
    assert_eq!((first.cursor.as_deref(), asked(&source, &first)), (Some("t3_1a5 t1_m0acme4"), None));

    let second = read(&source, &first.start_poll(), &listing(&["1b9", "1b8"], Some("t3_1b8"))).progress;
    let url = asked(&source, &second).expect("a second page");
    assert!(url.contains("/new?") && url.ends_with("&after=t3_1b8"), "{url}");
    let second = read(&source, &second, &listing(&["1a6", "1a5"], Some("t3_1a5"))).progress;
    let url = asked(&source, &second).expect("the other list");
    assert!(url.contains("/r/acme/comments?"), "{url}");
    assert_eq!(second.cursor.as_deref(), Some("t3_1b9 t1_m0acme4"));
}

#[test]
fn without_an_account_it_asks_once_a_minute_and_says_what_is_missing() {
    let feed = source("subreddits = [\"acme\"]");
    assert_eq!(feed.pace(), Some(Duration::minutes(1)));
    let lack = feed.lacks().expect("a lack");
    assert!(lack.fields.contains(&"likes") && lack.why.contains("client_id"), "{lack:?}");
    let api = with_account(vec![List::Posts]);
    assert!(api.lacks().is_none() && api.pace() < feed.pace());
}

#[test]
fn when_the_api_refuses_the_feeds_stand_in_and_the_api_is_tried_again() {
    let source = with_account(vec![List::Posts]);
    let start = Progress { cursor: Some("t3_1acme04".into()), ..Progress::default() };
    let in_trouble = FetchProblem::Status { status: 503 };
    assert_eq!(source.fall_back(&start, &in_trouble), None, "that passes by itself");

    let no_token = FetchProblem::NoToken { why: "HTTP 401".to_owned() };
    assert!(source.fall_back(&start, &no_token).is_some(), "nor does a refused token come back by itself");
    let fallen = source.fall_back(&start, &FetchProblem::Refused { status: 403 }).expect("a way on");
    let url = asked(&source, &fallen).expect("a request");
    assert!(url.starts_with("https://www.reddit.com/r/acme/new/.rss"), "{url}");
    assert_eq!(source.fall_back(&fallen, &FetchProblem::Refused { status: 403 }), None, "there is no third way");
    let reading = read(&source, &fallen, FEED);
    let degraded = reading.degraded.expect("words");
    assert!(degraded.contains("without likes") && degraded.contains("403"), "{degraded}");
    assert_eq!(reading.wait, Some(Duration::minutes(1)));
    assert_eq!(reading.progress.cursor.as_deref(), Some("t3_1acme05"));

    let soon =
        source.read(&reading.progress.start_poll(), &answer(FEED, &[], NOW + Duration::minutes(5))).expect("a reading");
    assert!(asked(&source, &soon.progress.start_poll()).expect("a request").contains(".rss"));
    let late = source.read(&soon.progress.start_poll(), &answer(FEED, &[], NOW + RETRY_API)).expect("a reading");
    assert!(late.degraded.is_some(), "this one was still read from the feed");
    let url = asked(&source, &late.progress.start_poll()).expect("a request");
    assert!(url.starts_with(API), "{url}");
    assert_eq!(read(&source, &late.progress.start_poll(), LISTING).degraded, None);
}

#[test]
fn a_spent_quota_is_waited_for() {
    let source = with_account(vec![List::Posts]);
    for (remaining, reset, wait) in [("0.0", "212", Some(212)), ("598.0", "212", None), ("many", "212", None)] {
        let headers = [("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", reset)];
        let reading = source.read(&Progress::default(), &answer(LISTING, &headers, NOW)).expect("a reading");
        assert_eq!(reading.wait, wait.map(Duration::seconds), "{remaining}");
    }
}

#[test]
fn an_error_of_the_api_is_told_as_such() {
    let body = json!({"reason": "private", "message": "Forbidden", "error": 403}).to_string();
    let error = with_account(vec![List::Posts]).read(&Progress::default(), &answer(body.as_bytes(), &[], NOW));
    assert_eq!(error.expect_err("an error").to_string(), "the API says: private");
}

fn known(key: &str, path: &str) -> Post {
    Post { url: format!("{SITE}/r/acme/comments/{path}"), ..Post::bare(key, NOW) }
}

#[test]
fn a_conversation_is_followed_through_the_api_with_all_its_branches() {
    let source = with_account(vec![List::Posts]);
    let root = known("reddit:t3_1acme05", "1acme05/uploads_to_acme_cloud_fail/");
    let request = source.follow(&root).expect("a request");
    assert!(request.url.as_str().starts_with("https://oauth.reddit.com/comments/1acme05?"), "{}", request.url);
    let comment = |id: &str, body: &str, replies: Value| json!({"kind": "t1", "data": {"name": format!("t1_{id}"), "link_id": "t3_1acme05", "body": body, "score": 3, "replies": replies}});
    let more = json!({"kind": "more", "data": {"name": "t1_zz", "id": "zz", "children": ["zz"]}});
    let below = json!({"kind": "Listing", "data": {"children": [comment("b", "below", json!("")), more]}});
    let body = json!([
        {"kind": "Listing", "data": {"children": [{"kind": "t3", "data": {"name": "t3_1acme05", "title": "x", "score": 50, "num_comments": 3, "locked": true}}]}},
        {"kind": "Listing", "data": {"children": [comment("a", "above", below), comment("c", "[removed]", json!(""))]}},
    ]);
    let thread = source.read_thread(&root, &answer(body.to_string().as_bytes(), &[], NOW)).expect("a thread");
    let replies: Vec<_> =
        thread.replies.iter().map(|reply| reply.as_ref().map(|reply| reply.key.as_str()).map_err(drop)).collect();
    assert_eq!(replies, [Ok("reddit:t1_a"), Ok("reddit:t1_b"), Err(())]);
    assert!(thread.replies.iter().flatten().all(|reply| reply.thread.as_deref() == Some("reddit:t3_1acme05")));
    let engagement = thread.engagement.expect("counts");
    assert_eq!((engagement.likes, engagement.replies, thread.closed, thread.deleted), (Some(50), Some(3), true, false));

    let reply = known("reddit:t1_a", "1acme05/uploads_to_acme_cloud_fail/a/");
    let request = source.follow(&reply).expect("a request");
    assert!(request.url.path() == "/comments/1acme05/_/a", "{}", request.url);
    let thread = source.read_thread(&reply, &answer(body.to_string().as_bytes(), &[], NOW)).expect("a thread");
    assert_eq!((thread.replies.len(), thread.engagement.and_then(|counts| counts.likes)), (2, Some(3)));
}

#[test]
fn a_conversation_is_followed_through_its_feed_without_an_account() {
    let source = source("subreddits = [\"acme\"]");
    let root = known("reddit:t3_1acme05", "1acme05/uploads_to_acme_cloud_fail/");
    let request = source.follow(&root).expect("a request");
    assert_eq!(request.url.as_str(), "https://www.reddit.com/comments/1acme05/.rss?limit=100&sort=new");
    let thread = source.read_thread(&root, &answer(FEED_OF_COMMENTS, &[], NOW)).expect("a thread");
    let keys: Vec<&str> = thread.replies.iter().flatten().map(|reply| reply.key.as_str()).collect();
    assert_eq!((keys, thread.engagement), (vec!["reddit:t1_m0acme4"], None));
    assert!(source.follow(&known("reddit:t3_1", "?x")).is_none());
}

#[test]
fn its_pages_are_recognised() {
    for (url, line) in [
        ("https://www.reddit.com/r/acme/", Some("subreddits = [\"acme\"]")),
        ("https://old.reddit.com/r/acme+Acme_Cloud/comments/1/x/", Some("subreddits = [\"acme\", \"Acme_Cloud\"]")),
        ("https://www.reddit.com/search/?q=acme+cloud", Some("query = \"acme cloud\"")),
        ("https://www.reddit.com/user/wile_e", None),
        ("https://reddit.acme.example/r/acme", None),
    ] {
        let block = KIND.recognise(&Url::parse(url).expect("a URL"));
        let found = block.as_deref().map(|block| block.lines().last().unwrap_or_default());
        assert_eq!(found, line, "{url}");
    }
}

#[test]
fn whoever_reads_reddit_without_an_account_keeps_its_pace() {
    for (url, pace) in [
        ("https://www.reddit.com/r/acme/.rss", Some(FEED_PACE)),
        ("https://old.reddit.com/r/acme/.rss", Some(FEED_PACE)),
        ("https://reddit.com.acme.example/.rss", None),
        ("https://notreddit.com/.rss", None),
    ] {
        assert_eq!(KIND.pace_at(&Url::parse(url).expect("a URL")), pace, "{url}");
    }
}
