//! Does a poll of Mastodon skip nothing, and is a stream read event by event?

use super::*;
use serde_json::json;

/// 2026-11-21 12:00 UTC.
const NOW: Timestamp = Timestamp(1_795_262_400_000);
const STREAM: &str = include_str!("../../../tests/fixtures/mastodon/stream.txt");
const HERE: &str = "https://social.example";

fn source(settings: &str) -> Box<dyn Source> {
    let settings = format!("url = \"{HERE}\"\n{settings}");
    KIND.load(&Settings::parse("source.mastodon", &settings).expect("TOML")).expect("a source")
}

/// A source with a token, as the loader of the configuration would make it.
fn with_token(what: What, stream: bool) -> Instance {
    let url = Url::parse(HERE).expect("a URL");
    let stream = stream.then(|| url.clone());
    Instance { url, what, local: false, token: Some(Secret::new("hunter2")), stream }
}

fn asked(source: &dyn Source, progress: &Progress) -> Option<String> {
    match source.next(progress) {
        Next::Http(request) => Some(request.url.as_str().trim_start_matches(HERE).to_owned()),
        Next::Subscribe(subscription) => {
            Some(format!("stream {}", subscription.url()?.as_str().trim_start_matches(HERE)))
        }
        Next::Done => None,
    }
}

fn answer(body: &str, headers: &[(&str, &str)]) -> Response {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let url = Url::parse(HERE).expect("a URL");
    Response { status: 200, url, headers, body: body.to_owned().into(), received_at: NOW }
}

fn turn(source: &dyn Source, progress: &Progress, body: &str) -> Progress {
    source.read(progress, &answer(body, &[])).expect("a reading").progress
}

/// `count` posts, the newest with the number `newest`.
fn page(newest: usize, count: usize) -> String {
    let status =
        |n: usize| json!({"id": (newest - n).to_string(), "uri": format!("{HERE}/users/x/statuses/{}", newest - n)});
    Value::Array((0..count).map(status).collect()).to_string()
}

#[test]
fn settings_become_the_addresses_asked() {
    for (settings, url) in [
        ("", "/api/v1/timelines/public?limit=40"),
        ("tag = \"#Acme\"\nlocal = true", "/api/v1/timelines/tag/Acme?limit=40&local=true"),
        ("account = \"@acme@other.example\"", "/api/v1/accounts/lookup?acct=acme%40other.example"),
    ] {
        assert_eq!(asked(&*source(settings), &Progress::default()).as_deref(), Some(url));
    }
    let search = with_token(What::Search("acme cloud".into()), false);
    let Next::Http(request) = search.next(&Progress::default()) else { panic!("a request") };
    assert_eq!(request.url.as_str(), "https://social.example/api/v2/search?limit=40&q=acme+cloud&type=statuses");
    assert!(matches!(&request.auth, Auth::Header { prefix, .. } if prefix == "Bearer "));
}

#[test]
fn wrong_settings_are_told_all_at_once_with_hints() {
    for (settings, keys) in [
        ("tag = \"a b\"\naccount = \"x y\"", &["account", "tag", "account"][..]),
        ("query = \"acme\"\nlocal = true", &["local", "token"]),
        ("stream = true\naccount = \"acme\"", &["stream", "token"]),
        ("streaming_url = \"https://streaming.social.example\"", &["streaming_url"]),
        ("query = \" \"", &["query", "token"]),
    ] {
        let settings = format!("url = \"{HERE}\"\n{settings}");
        let read = Settings::parse("source.mastodon", &settings).expect("TOML");
        let faults = KIND.load(&read).expect_err("faults");
        let found: Vec<&str> = faults.iter().map(|fault| fault.key.trim_start_matches("source.mastodon.")).collect();
        assert_eq!(found, keys, "{settings}");
        assert!(faults.iter().all(|fault| fault.hint.is_some()), "{settings}");
    }
}

#[test]
fn a_poll_goes_forward_from_the_newest_post_known_until_it_has_all() {
    let source = source("tag = \"acme\"");
    let first = turn(&*source, &Progress::default(), &page(1_040, 40));
    assert_eq!((first.cursor.as_deref(), asked(&*source, &first)), (Some("1040"), None));

    let second = first.start_poll();
    let url = asked(&*source, &second).expect("a request");
    assert_eq!(url, "/api/v1/timelines/tag/acme?limit=40&min_id=1040");
    let link = "<https://social.example/api/v1/timelines/tag/acme?limit=40&max_id=1041>; rel=\"next\", \
                <https://social.example/api/v1/timelines/tag/acme?limit=40&min_id=1080>; rel=\"prev\"";
    let second = source.read(&second, &answer(&page(1_080, 40), &[("link", link)])).expect("a reading").progress;
    assert_eq!(asked(&*source, &second).as_deref(), Some("/api/v1/timelines/tag/acme?limit=40&min_id=1080"));
    let second = turn(&*source, &second, &page(1_083, 3));
    assert_eq!((second.cursor.as_deref(), asked(&*source, &second)), (Some("1083"), None));
}

#[test]
fn numbers_of_different_length_keep_their_order() {
    let source = source("");
    let known = Progress { cursor: Some("999".into()), ..Progress::default() };
    assert_eq!(turn(&*source, &known, &page(1_000, 1)).cursor.as_deref(), Some("1000"));
}

#[test]
fn an_account_is_looked_up_once() {
    let source = source("account = \"acme\"");
    let first = turn(&*source, &Progress::default(), "{\"id\": \"110\", \"username\": \"acme\", \"acct\": \"acme\"}");
    let url = "/api/v1/accounts/110/statuses?limit=40&exclude_reblogs=true";
    assert_eq!(asked(&*source, &first).as_deref(), Some(url));
    let first = turn(&*source, &first, &page(7, 3));
    assert_eq!(asked(&*source, &first), None);
    assert_eq!(asked(&*source, &first.start_poll()), Some(format!("{url}&min_id=7")));
    let other = super::tests::source("account = \"acme_support\"");
    assert_eq!(asked(&*other, &first.start_poll()).as_deref(), Some("/api/v1/accounts/lookup?acct=acme_support"));
}

#[test]
fn a_search_goes_back_to_the_newest_post_known() {
    let source = with_token(What::Search("acme".into()), false);
    let first = turn(&source, &Progress::default(), &page(1_040, 40));
    assert_eq!(asked(&source, &first), None);
    let second = turn(&source, &first.start_poll(), &page(1_100, 40));
    let url = asked(&source, &second).expect("a second page");
    assert!(url.ends_with("&offset=40"), "{url}");
    let second = turn(&source, &second, &page(1_060, 40));
    assert_eq!((second.cursor.as_deref(), asked(&source, &second)), (Some("1100"), None));
}

#[test]
fn a_stream_begins_where_the_last_poll_ended_and_is_read_event_by_event() {
    let source = with_token(What::Tag("acme".into()), true);
    let caught_up = turn(&source, &Progress::default(), &page(7, 3));
    assert_eq!(asked(&source, &caught_up).as_deref(), Some("stream /api/v1/streaming/hashtag?tag=acme"));
    let reading = source.read(&caught_up, &answer(STREAM, &[])).expect("a reading");
    let keys: Vec<&str> = reading.posts.iter().flatten().map(|post| post.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "https://other.example/users/wile_e/statuses/77",
            "https://social.example/users/bugs/statuses/115600000000000012"
        ]
    );
    assert_eq!(reading.deleted, ["https://other.example/users/wile_e/statuses/77"]);
    assert_eq!(reading.progress.cursor.as_deref(), Some("115600000000000012"));
    assert!(asked(&source, &reading.progress).expect("a subscription").starts_with("stream "));

    let later = "event: delete\ndata: 115600000000000012\n\nevent: delete\ndata: 1\n\n";
    let later = source.read(&reading.progress, &answer(later, &[])).expect("a reading");
    assert_eq!(
        later.deleted,
        ["https://social.example/users/bugs/statuses/115600000000000012"],
        "what is not known has no key"
    );
    let url = asked(&source, &later.progress.start_poll()).expect("a request");
    assert!(url.ends_with("&min_id=115600000000000012"), "after a break what came meanwhile is asked for: {url}");
}

#[test]
fn a_stream_remembers_only_its_last_posts() {
    let source = with_token(What::All, true);
    let update =
        |n: usize| format!("event: update\ndata: {}\n\n", json!({"id": n.to_string(), "uri": format!("{HERE}/{n}")}));
    let frame: String = (1..=MAX_RECENT + 10).map(update).collect();
    let progress = turn(&source, &Progress::default(), &frame);
    assert_eq!(progress.notes[RECENT].lines().count(), MAX_RECENT);
}

#[test]
fn a_spent_quota_is_waited_for() {
    for (remaining, reset, wait) in [
        ("0", "2026-11-21T12:03:00.449153Z", Some(Duration(180_449))),
        ("1", "2026-11-21T12:03:00.449153Z", None),
        ("0", "2026-11-21T11:59:00Z", None),
        ("0", "2199-01-01T00:00:00Z", Some(MAX_WAIT)),
        ("0", "soon", None),
    ] {
        let headers = [("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", reset)];
        let reading = source("").read(&Progress::default(), &answer("[]", &headers)).expect("a reading");
        assert_eq!(reading.wait, wait, "{remaining} {reset}");
    }
}

#[test]
fn a_conversation_is_followed_at_the_home_of_its_post_and_the_token_stays_here() {
    let source = with_token(What::All, false);
    let away = Post {
        url: "https://other.example/@wile_e/77".into(),
        ..Post::bare("https://other.example/users/wile_e/statuses/77", NOW)
    };
    let request = source.follow(&away).expect("a request");
    assert_eq!(request.url.as_str(), "https://other.example/api/v1/statuses/77/context");
    assert!(matches!(request.auth, Auth::None));
    let here =
        Post { url: format!("{HERE}/@bugs/12"), ..Post::bare("https://social.example/users/bugs/statuses/12", NOW) };
    assert!(matches!(source.follow(&here).expect("a request").auth, Auth::Header { .. }));
    let lemmy =
        Post { url: "https://lemmy.example/post/904".into(), ..Post::bare("https://lemmy.example/post/904", NOW) };
    assert!(source.follow(&lemmy).is_none());

    let body = json!({"ancestors": [], "descendants": [{"id": "13", "uri": "https://social.example/users/x/statuses/13", "visibility": "public"}]});
    let thread = source.read_thread(&away, &answer(&body.to_string(), &[])).expect("a thread");
    let reply = thread.replies[0].as_ref().expect("a reply");
    assert_eq!(reply.thread.as_deref(), Some(away.key.as_str()));
    let body = json!({"ancestors": [{"uri": "https://x.example/1"}, {"uri": "https://x.example/2"}], "descendants": [{"uri": "https://x.example/3"}]});
    let thread = source.read_thread(&away, &answer(&body.to_string(), &[])).expect("a thread");
    assert_eq!(thread.replies[0].as_ref().expect("a reply").thread.as_deref(), Some("https://x.example/1"));
}

#[test]
fn its_pages_are_recognised() {
    for (url, line) in [
        ("https://mastodon.social/@acme", Some("account = \"acme\"")),
        ("https://mastodon.social/@acme@other.example/115", Some("account = \"acme@other.example\"")),
        ("https://mastodon.social/tags/AcmeCloud", Some("tag = \"AcmeCloud\"")),
        ("https://www.youtube.com/@acme", None),
        ("https://medium.com/@acme/post-1", None),
        ("https://acme.example/about", None),
    ] {
        let block = KIND.recognise(&Url::parse(url).expect("a URL"));
        assert_eq!(block.as_deref().map(|block| block.lines().last().unwrap_or_default()), line, "{url}");
    }
}
