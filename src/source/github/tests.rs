//! Does a poll of GitHub ask for everything new within what it may, and is a conversation read to its end?

use super::*;
use crate::model::PostType;
use serde_json::json;

/// 2026-11-21 12:00 UTC.
const NOW: Timestamp = Timestamp(1_795_262_400_000);
const ISSUES: &[u8] = include_bytes!("../../../tests/fixtures/github/issues.json");
const DISCUSSIONS: &[u8] = include_bytes!("../../../tests/fixtures/github/discussions.json");
const FEED: &[u8] = include_bytes!("../../../tests/fixtures/github/discussions_feed.xml");

fn source(settings: &str) -> Box<dyn Source> {
    KIND.load(&Settings::parse("source.github", settings).expect("TOML")).expect("a source")
}

/// The settings with a token, as the loader of the configuration would hand it over.
fn with_token(settings: &str) -> Box<dyn Source> {
    let secret = format!("{:?} = \"hunter2\"", crate::model::SecretValue::KEY).replace("\\0", "\\u0000");
    source(&format!("{settings}\ntoken = {{ {secret} }}\n"))
}

fn request(source: &dyn Source, progress: &Progress) -> Option<Request> {
    match source.next(progress) {
        Next::Http(request) => Some(*request),
        Next::Subscribe(_) | Next::Done => None,
    }
}

fn asked(source: &dyn Source, progress: &Progress) -> String {
    request(source, progress).expect("a request").url.to_string()
}

fn answer(body: &[u8], link: Option<&str>) -> Response {
    let headers = link.map(|link| ("link".to_owned(), link.to_owned())).into_iter().collect();
    let url = Url::parse("https://api.github.com/repos/acme/anvil/issues").expect("a URL");
    Response { status: 200, url, headers, body: body.to_vec().into(), received_at: NOW }
}

fn read(source: &dyn Source, progress: &Progress, body: &[u8]) -> Progress {
    source.read(progress, &answer(body, None)).expect("a reading").progress
}

fn at(cursor: &str) -> Progress {
    Progress { cursor: Some(cursor.to_owned()), ..Progress::default() }
}

const NEXT: &str = "<https://api.github.com/repositories/7/issues?page=2&per_page=100>; rel=\"next\", \
                    <https://api.github.com/repositories/7/issues?page=9>; rel=\"last\"";

#[test]
fn one_list_is_asked_after_the_other_and_each_from_where_it_stood() {
    let source = source("repo = \"acme/anvil\"");
    let first = at("comments=1795200000 issues=1795210000");
    let base = "https://api.github.com/repos/acme/anvil";
    assert_eq!(
        asked(&*source, &first),
        format!("{base}/issues?state=all&sort=created&direction=desc&per_page=100&since=2026-11-20T21%3A26%3A40Z")
    );
    let second = read(&*source, &first, ISSUES);
    assert_eq!(
        asked(&*source, &second),
        format!("{base}/issues/comments?sort=created&direction=desc&per_page=100&since=2026-11-20T18%3A40%3A00Z")
    );
    let third = read(&*source, &second, b"[]");
    assert_eq!(asked(&*source, &third), format!("{base}/releases?per_page=30"));
    let end = read(&*source, &third, b"[]");
    assert!(request(&*source, &end).is_none());
    assert_eq!(end.cursor.as_deref(), Some("comments=1795200000 issues=1795257000"));
    assert!(end.notes.is_empty(), "{:?}", end.notes);
}

#[test]
fn pages_are_turned_back_to_what_is_known_and_never_away_from_the_api() {
    let source = source("repo = \"acme/anvil\"\nwhat = [\"issues\"]");
    for (cursor, link, page) in [
        (None, Some(NEXT), None),
        (
            Some("issues=1795100000"),
            Some(NEXT),
            Some("https://api.github.com/repositories/7/issues?page=2&per_page=100"),
        ),
        (Some("issues=1795250000"), Some(NEXT), None),
        (Some("issues=1795100000"), None, None),
        (Some("issues=1795100000"), Some("<https://evil.example/x>; rel=\"next\""), None),
    ] {
        let start = Progress { cursor: cursor.map(str::to_owned), ..Progress::default() };
        // The oldest issue of the answer was made at 1795197600.
        let after = source.read(&start, &answer(ISSUES, link)).expect("a reading").progress;
        assert_eq!(
            request(&*source, &after).map(|asked| asked.url.to_string()).as_deref(),
            page,
            "{cursor:?} {link:?}"
        );
    }
}

#[test]
fn only_where_unchanged_leaves_nothing_open_is_a_poll_ended_by_it() {
    for (settings, conditional) in [
        ("repo = \"a/b\"\nwhat = [\"issues\"]", true),
        ("repo = \"a/b\"\nwhat = [\"releases\"]", true),
        ("repo = \"a/b\"\nwhat = [\"issues\", \"comments\"]\nsort = \"updated\"", true),
        ("repo = \"a/b\"\nwhat = [\"issues\", \"comments\"]", false),
        ("repo = \"a/b\"", false),
        ("query = \"acme\"", true),
    ] {
        let first = request(&*source(settings), &at("issues=1795210000")).expect("a request");
        assert_eq!(first.conditional, conditional, "{settings}");
        assert!(!conditional || !first.url.as_str().contains("since"), "it must stay the same: {}", first.url);
    }
}

#[test]
fn the_pace_is_what_github_permits_and_a_token_goes_to_the_api_alone() {
    let paces = |settings: &str| (source(settings).pace(), with_token(settings).pace());
    assert_eq!(paces("repo = \"a/b\""), (Some(Duration::minutes(1)), Some(Duration(720))));
    assert_eq!(paces("query = \"acme\""), (Some(Duration::seconds(6)), Some(Duration::seconds(2))));
    let asked = request(&*with_token("repo = \"a/b\""), &Progress::default()).expect("a request");
    assert!(matches!(&asked.auth, Auth::Header { prefix, .. } if prefix == "Bearer "));
    assert!(asked.headers.contains(&("x-github-api-version".to_owned(), VERSION.to_owned())));
    let asked = request(&*source("repo = \"a/b\"\nwhat = [\"discussions\"]"), &Progress::default()).expect("a request");
    assert_eq!(asked.url.as_str(), "https://github.com/a/b/discussions.atom?discussions_q=sort%3Adate_created");
    assert!(matches!(asked.auth, Auth::None));
}

#[test]
fn a_server_of_ones_own_has_its_api_below_its_address() {
    let settings = "repo = \"a/b\"\nwhat = [\"discussions\"]\nurl = \"https://github.acme.example\"";
    let asked = request(&*with_token(settings), &Progress::default()).expect("a request");
    assert_eq!(asked.url.as_str(), "https://github.acme.example/api/graphql");
    let own = source("repo = \"a/b\"\nwhat = [\"issues\"]\nurl = \"https://github.acme.example/\"");
    assert!(
        self::asked(&*own, &Progress::default()).starts_with("https://github.acme.example/api/v3/repos/a/b/issues?")
    );
    let item = json!([{"number": 7, "title": "x"}]).to_string();
    let reading = own.read(&Progress::default(), &answer(item.as_bytes(), None)).expect("a reading");
    let post = reading.posts[0].as_ref().expect("a post");
    assert_eq!(
        (&*post.key, &*post.url),
        ("github:github.acme.example:a/b/issues/7", "https://github.acme.example/a/b/issues/7")
    );
}

#[test]
fn a_discussion_has_the_same_key_and_words_with_and_without_a_token() {
    let settings = "repo = \"acme/anvil\"\nwhat = [\"discussions\"]";
    let (api, feed) = (with_token(settings), source(settings));
    let from_api = api.read(&Progress::default(), &answer(DISCUSSIONS, None)).expect("a reading").posts;
    let from_feed = feed.read(&Progress::default(), &answer(FEED, None)).expect("a reading").posts;
    let (one, two) = (from_api[0].as_ref().expect("a post"), from_feed[0].as_ref().expect("a post"));
    assert_eq!((&one.key, &one.url, &one.title, &one.text), (&two.key, &two.url, &two.title, &two.text));
    let names = |post: &RawPost| post.author.as_ref().map(|author| author.name.clone());
    assert_eq!((names(one), one.published), (names(two), two.published));
    assert!(api.lacks().is_none());
    assert!(feed.lacks().is_some_and(|lack| lack.fields.contains(&"likes") && lack.why.contains("token")));
}

#[test]
fn discussions_are_paged_by_their_cursor() {
    let source = with_token("repo = \"acme/anvil\"\nwhat = [\"discussions\"]");
    let second = read(&*source, &at("discussions=1795000000"), DISCUSSIONS);
    let body = request(&*source, &second).and_then(|asked| asked.body).expect("a body");
    let body: Value = serde_json::from_slice(&body.bytes).expect("JSON");
    assert_eq!(body["variables"]["after"], "Y3Vyc29yOnYyOpK5MjAyNi0xMS0yMQ==");
    assert_eq!((&body["variables"]["owner"], &body["variables"]["name"]), (&json!("acme"), &json!("anvil")));
    assert!(request(&*source, &read(&*source, &second, DISCUSSIONS)).is_none(), "the same page again ends it");
}

#[test]
fn bots_are_read_where_they_are_wanted() {
    let bots = source("repo = \"acme/anvil\"\nbots = true").read(&Progress::default(), &answer(ISSUES, None));
    assert_eq!(bots.expect("a reading").posts.iter().filter(|post| post.is_ok()).count(), 4);
    let people = source("repo = \"acme/anvil\"").read(&Progress::default(), &answer(ISSUES, None)).expect("a reading");
    let told = people.posts.iter().filter_map(|post| post.as_ref().err()).filter(|told| told.why.contains("bot"));
    assert_eq!((people.posts.iter().flatten().count(), told.count()), (3, 1));
}

#[test]
fn what_happened_to_an_issue_tells_its_replies_and_whether_it_is_closed() {
    let source = source("repo = \"acme/anvil\"");
    let post = Post::bare("github:acme/anvil/issues/42", NOW);
    let asked = source.follow(&post).expect("a request").url;
    assert_eq!(asked.as_str(), "https://api.github.com/repos/acme/anvil/issues/42/timeline?per_page=100");
    let comment = json!({"event": "commented", "id": 9, "html_url": "https://github.com/acme/anvil/issues/42#issuecomment-9",
        "user": {"login": "j-roe", "type": "User"}, "body": "Fixed in 2.4", "created_at": "2026-11-21T11:00:00Z"});
    let closed = json!({"event": "closed", "id": 1});
    let reopened = json!({"event": "reopened", "id": 2});
    for (events, replies, is_closed) in [
        (json!([{"event": "labeled"}, comment, closed]), 1, true),
        (json!([comment, closed, reopened]), 1, false),
        (json!([]), 0, false),
    ] {
        let thread = source.read_thread(&post, &answer(events.to_string().as_bytes(), None)).expect("a conversation");
        assert_eq!((thread.replies.len(), thread.closed), (replies, is_closed), "{events}");
        assert_eq!(thread.engagement.and_then(|counts| counts.replies), Some(replies as u64));
        let strays = thread.replies.iter().flatten().filter(|reply| reply.thread.as_ref() != Some(&post.key));
        assert_eq!(strays.count(), 0);
    }
    for key in ["github:acme/anvil/comments/9", "github:acme/anvil/releases/9", "hn:7", "github:github.x:a/b/issues/1"]
    {
        assert!(source.follow(&Post::bare(key, NOW)).is_none(), "{key}");
    }
}

#[test]
fn the_accepted_answer_of_a_discussion_is_named() {
    let source = with_token("repo = \"acme/anvil\"\nwhat = [\"discussions\"]");
    let post = Post::bare("github:acme/anvil/discussions/88", NOW);
    assert!(source.follow(&post).is_some());
    assert!(self::source("repo = \"acme/anvil\"").follow(&post).is_none(), "GraphQL wants a token");
    let comment = |id: u64, answers: bool, below: Value| {
        json!({"databaseId": id, "url": format!("https://github.com/acme/anvil/discussions/88#discussioncomment-{id}"),
            "bodyHTML": "<p>x", "createdAt": "2026-11-21T11:00:00Z", "upvoteCount": 2, "isAnswer": answers,
            "author": {"__typename": "User", "login": "j-roe"}, "replies": {"nodes": below}})
    };
    let nodes = json!([comment(1, false, json!([comment(3, false, json!([]))])), comment(2, true, json!([]))]);
    let body = json!({"data": {"repository": {"discussion": {"closed": true, "upvoteCount": 5,
        "category": {"isAnswerable": true}, "comments": {"totalCount": 2, "nodes": nodes}}}}});
    let thread = source.read_thread(&post, &answer(body.to_string().as_bytes(), None)).expect("a conversation");
    let types: Vec<PostType> = thread.replies.iter().flatten().map(|reply| reply.post_type).collect();
    assert_eq!(types, [PostType::Answer, PostType::Comment, PostType::Answer]);
    assert_eq!(thread.accepted.as_deref(), Some("github:acme/anvil/discussioncomments/2"));
    assert!(thread.closed);
    let gone =
        json!({"data": {"repository": {"discussion": null}}, "errors": [{"type": "NOT_FOUND", "message": "no"}]});
    let thread = source.read_thread(&post, &answer(gone.to_string().as_bytes(), None)).expect("a conversation");
    assert!(thread.deleted);
}

#[test]
fn a_refusal_is_told_in_the_words_of_the_api_and_a_limit_is_waited_for() {
    let source = source("repo = \"acme/anvil\"");
    let secondary = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    for (body, why, waits) in [
        (json!({"message": "Not Found", "documentation_url": "x"}), "Not Found", false),
        (json!({"message": secondary}), secondary, true),
        (json!({"data": null, "errors": [{"type": "RATE_LIMITED", "message": "API quota"}]}), "API quota", true),
    ] {
        let error =
            source.read(&Progress::default(), &answer(body.to_string().as_bytes(), None)).expect_err("an error");
        let wait = waits.then_some(DEFAULT_WAIT);
        assert_eq!(error, ReadError::Api { why: why.to_owned(), wait });
    }
}

#[test]
fn a_repository_without_issues_is_read_without_them_and_says_so() {
    let source = source("repo = \"acme/anvil\"\nwhat = [\"issues\", \"releases\"]");
    let after = source.fall_back(&at("issues=1"), &FetchProblem::Gone).expect("another way");
    assert!(asked(&*source, &after).ends_with("/releases?per_page=30"));
    let reading = source.read(&after, &answer(b"[]", None)).expect("a reading");
    assert!(reading.degraded.is_some_and(|why| why.contains("no issues")));
    assert!(asked(&*source, &reading.progress.start_poll()).contains("/issues?"), "it is tried again");
    assert!(source.fall_back(&after, &FetchProblem::Gone).is_none(), "nothing is left to read");
    assert!(
        source.fall_back(&at("issues=1"), &FetchProblem::Status { status: 500 }).is_none(),
        "that passes by itself"
    );
}

#[test]
fn settings_that_make_no_sense_are_told_with_a_way_out() {
    for (settings, key) in [
        ("", "repo"),
        ("repo = \"acme\"", "repo"),
        ("repo = \"acme/anvil/issues\"", "repo"),
        ("repo = \"acme/..\"", "repo"),
        ("repo = \"a/b\"\nwhat = []", "what"),
        ("query = \" \"", "query"),
        ("query = \"x\"\nwhat = [\"issues\"]", "what"),
        ("repo = \"a/b\"\nurl = \"github\"", "url"),
    ] {
        let faults = KIND.load(&Settings::parse("source.x", settings).expect("TOML")).expect_err("faults");
        assert!(
            faults.iter().all(|fault| fault.key == format!("source.x.{key}") && fault.hint.is_some()),
            "{faults:#?}"
        );
    }
}
