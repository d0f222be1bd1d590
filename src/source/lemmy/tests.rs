//! Does a poll of Lemmy ask for everything new, and is what several instances show one post?

use super::*;
use serde_json::json;

/// 2026-11-21 12:00 UTC.
const NOW: Timestamp = Timestamp(1_795_262_400_000);
const COMMENTS: &str = include_str!("../../../tests/fixtures/lemmy/comments.json");
const POSTS: &str = include_str!("../../../tests/fixtures/lemmy/posts.json");
const HERE: &str = "url = \"https://lemmy.example\"\n";

fn source(settings: &str) -> Box<dyn Source> {
    KIND.load(&Settings::parse("source.lemmy", &format!("{HERE}{settings}")).expect("TOML")).expect("a source")
}

fn asked(source: &dyn Source, progress: &Progress) -> Option<String> {
    match source.next(progress) {
        Next::Http(request) => {
            Some(request.url.as_str().trim_start_matches("https://lemmy.example/api/v3/").to_owned())
        }
        Next::Subscribe(_) | Next::Done => None,
    }
}

fn answer(body: &str) -> Response {
    let url = Url::parse("https://lemmy.example/").expect("a URL");
    Response { status: 200, url, headers: Vec::new(), body: body.to_owned().into(), received_at: NOW }
}

fn turn(source: &dyn Source, progress: &Progress, body: &str) -> Progress {
    source.read(progress, &answer(body)).expect("a reading").progress
}

/// A full page of posts, the first of which was written at `newest`.
fn page(newest: i64, next: Option<&str>) -> String {
    let posts: Vec<Value> = (0..PER_PAGE as i64)
        .map(|n| json!({"post": {"ap_id": format!("https://lemmy.example/post/{}", newest - n), "published": newest - n}}))
        .collect();
    json!({"posts": posts, "next_page": next}).to_string()
}

#[test]
fn settings_become_the_addresses_asked() {
    for (settings, url) in [
        ("", "post/list?sort=New&limit=50&type_=All"),
        (
            "community = \"!selfhosted@other.example\"\nlocal = true",
            "post/list?sort=New&limit=50&type_=Local&community_name=selfhosted%40other.example",
        ),
        ("types = [\"comment\"]", "comment/list?sort=New&limit=50&type_=All"),
        (
            "query = \"acme cloud\"\ntypes = [\"story\"]",
            "search?sort=New&limit=50&q=acme+cloud&type_=Posts&listing_type=All",
        ),
    ] {
        assert_eq!(asked(&*source(settings), &Progress::default()).as_deref(), Some(url));
    }
}

#[test]
fn wrong_settings_are_told_all_at_once_with_hints() {
    let settings = "url = \"lemmy\"\ncommunity = \"a b\"\nquery = \" \"\ntypes = []";
    let faults = KIND.load(&Settings::parse("source.lemmy", settings).expect("TOML")).expect_err("faults");
    let keys: Vec<&str> = faults.iter().map(|fault| fault.key.trim_start_matches("source.lemmy.")).collect();
    assert_eq!(keys, ["community", "query", "types", "url"]);
    assert!(faults.iter().all(|fault| fault.hint.is_some()));
}

#[test]
fn a_poll_reads_posts_back_to_what_it_knows_and_then_comments() {
    let source = source("");
    let first = turn(&*source, &Progress::default(), &page(900_000, Some("P1")));
    assert_eq!(asked(&*source, &first).as_deref(), Some("comment/list?sort=New&limit=50&type_=All"));
    let first = turn(&*source, &first, "{\"comments\": []}");
    assert_eq!((first.cursor.as_deref(), asked(&*source, &first)), (Some("900000 -"), None));

    let second = turn(&*source, &first.start_poll(), &page(910_000, Some("P2")));
    assert_eq!(asked(&*source, &second).as_deref(), Some("post/list?sort=New&limit=50&type_=All&page_cursor=P2"));
    // An instance that knows no cursors.
    let second = turn(&*source, &second, &page(905_000, None));
    assert_eq!(asked(&*source, &second).as_deref(), Some("post/list?sort=New&limit=50&type_=All&page=3"));
    let second = turn(&*source, &second, &page(890_000, None));
    assert_eq!(asked(&*source, &second).as_deref(), Some("comment/list?sort=New&limit=50&type_=All"));
    assert_eq!(second.cursor.as_deref(), Some("910000 -"));
}

#[test]
fn a_pinned_post_is_read_but_ends_no_poll() {
    let mut body: Value = serde_json::from_str(&page(910_000, Some("P2"))).expect("JSON");
    body["posts"][0]["post"]["featured_community"] = json!(true);
    body["posts"][0]["post"]["published"] = json!(1);
    let known = Progress { cursor: Some("900000 -".into()), ..Progress::default() };
    let next = asked(&*source(""), &turn(&*source(""), &known, &body.to_string())).expect("a request");
    assert!(next.ends_with("&page_cursor=P2"), "{next}");
}

#[test]
fn what_two_instances_show_has_one_key_and_a_comment_names_the_post_so() {
    let posts = source("").read(&Progress::default(), &answer(POSTS)).expect("a reading");
    let comments = source("types = [\"comment\"]").read(&Progress::default(), &answer(COMMENTS)).expect("a reading");
    let comment = comments.posts.iter().flatten().next().expect("a comment");
    assert!(posts.posts.iter().flatten().any(|post| Some(&post.key) == comment.thread.as_ref()));
    assert_eq!(posts.deleted, ["https://lemmy.example/post/903"]);
    assert_eq!(comments.deleted, ["https://feddit.example/comment/12"]);
}

#[test]
fn a_conversation_is_followed_at_the_home_of_its_post() {
    let source = source("");
    let root = Post::bare("https://feddit.example/post/77", NOW);
    let request = source.follow(&root).expect("a request");
    assert_eq!(
        request.url.as_str(),
        "https://feddit.example/api/v3/comment/list?post_id=77&type_=All&sort=New&max_depth=8"
    );
    let thread = source.read_thread(&root, &answer(COMMENTS)).expect("a thread");
    let keys: Vec<&str> = thread.replies.iter().flatten().map(|reply| reply.key.as_str()).collect();
    assert_eq!((keys, thread.replies.len()), (vec!["https://other.example/comment/31"], 2));

    let comment = Post::bare("https://other.example/comment/31", NOW);
    let url = source.follow(&comment).expect("a request").url;
    assert!(url.as_str().starts_with("https://other.example/api/v3/comment/list?parent_id=31&"), "{url}");
    let counts = source.read_thread(&comment, &answer(COMMENTS)).expect("a thread").engagement.expect("counts");
    assert_eq!((counts.likes, counts.replies), (Some(4), Some(2)));
    assert!(source.follow(&Post::bare("https://mastodon.example/users/x/statuses/1", NOW)).is_none());
}

#[test]
fn an_error_of_the_api_is_told_and_a_limit_is_waited_for() {
    for (error, wait) in [("couldnt_find_community", None), ("rate_limit_error", Some(DEFAULT_WAIT))] {
        let body = json!({"error": error}).to_string();
        let read = source("").read(&Progress::default(), &answer(&body)).expect_err("an error");
        assert_eq!(read, ReadError::Api { why: error.to_owned(), wait });
    }
}
