//! Does a poll of YouTube ask for what can be had, and is its quota kept?

use super::*;
use serde_json::json;

/// 2026-11-21 12:00 UTC.
const NOW: Timestamp = Timestamp(1_795_262_400_000);
const FEED: &str = include_str!("../../../tests/fixtures/youtube/feed.xml");
const COMMENTS: &str = include_str!("../../../tests/fixtures/youtube/comments.json");
const CHANNEL: &str = "channel = \"UCacmeacmeacmeacmeacme01\"";

fn source(settings: &str) -> Box<dyn Source> {
    KIND.load(&Settings::parse("source.youtube", settings).expect("TOML")).expect("a source")
}

/// A source with a key, as the loader of the configuration would make it.
fn with_key(subject: Subject, lists: Vec<What>) -> YouTube {
    let url = |address| Url::parse(address).expect("a URL");
    YouTube { site: url(SITE), api: url(API), subject, key: Some(Secret::new("hunter2")), lists }
}

fn channel() -> Subject {
    Subject::Channel("UCacmeacmeacmeacmeacme01".into())
}

fn asked(source: &dyn Source, progress: &Progress) -> Option<String> {
    match source.next(progress) {
        Next::Http(request) => Some(request.url.to_string()),
        Next::Subscribe(_) | Next::Done => None,
    }
}

fn answer(body: &str) -> Response {
    let url = Url::parse("https://www.youtube.com/feeds/videos.xml").expect("a URL");
    Response { status: 200, url, headers: Vec::new(), body: body.to_owned().into(), received_at: NOW }
}

fn page(moments: &[i64], token: Option<&str>) -> String {
    let thread = |moment: &i64| json!({"snippet": {"videoId": "v", "topLevelComment": {"id": format!("c{moment}"), "snippet": {"publishedAt": moment}}}});
    json!({"items": moments.iter().map(thread).collect::<Vec<_>>(), "nextPageToken": token}).to_string()
}

#[test]
fn settings_become_the_addresses_asked() {
    let feed = "https://www.youtube.com/feeds/videos.xml";
    for (settings, url) in [
        (CHANNEL, format!("{feed}?channel_id=UCacmeacmeacmeacmeacme01")),
        ("playlist = \"PLacme-1\"", format!("{feed}?playlist_id=PLacme-1")),
    ] {
        assert_eq!(asked(&*source(settings), &Progress::default()), Some(url));
    }
    let video = with_key(Subject::Video("acmeVideo01".into()), vec![What::Comment]);
    let Next::Http(request) = video.next(&Progress::default()) else { panic!("a request") };
    assert!(
        request.url.as_str().starts_with(&format!("{API}/commentThreads?part=snippet%2Creplies&videoId=acmeVideo01&"))
    );
    assert!(
        matches!(&request.auth, Auth::Query { name, .. } if name == "key") && !request.url.as_str().contains("hunter2")
    );
}

#[test]
fn wrong_settings_are_told_all_at_once_with_hints() {
    for (settings, keys) in [
        ("", &["channel"][..]),
        ("channel = \"@acme\"\nplaylist = \"a b\"", &["playlist", "channel", "playlist"]),
        ("video = \"acmeVideo01\"", &["api_key"]),
        ("playlist = \"PL1\"\ntypes = [\"comment\"]", &["api_key", "types"]),
        ("channel = \"UCacmeacmeacmeacmeacme01\"\ntypes = []\napi_url = \"x\"", &["types", "api_url"]),
    ] {
        let read = Settings::parse("source.youtube", settings).expect("TOML");
        let faults = KIND.load(&read).expect_err("faults");
        let found: Vec<&str> = faults.iter().map(|fault| fault.key.trim_start_matches("source.youtube.")).collect();
        assert_eq!(found, keys, "{settings}");
        assert!(faults.iter().all(|fault| fault.hint.is_some()), "{settings}");
    }
}

#[test]
fn a_video_has_the_likes_that_its_feed_counts_and_none_where_it_does_not() {
    let posts = source(CHANNEL).read(&Progress::default(), &answer(FEED)).expect("a reading").posts;
    let likes: Vec<Option<u64>> = posts.iter().flatten().map(|post| post.engagement.likes).collect();
    assert_eq!(likes, [Some(312), None]);
    assert_eq!(source(CHANNEL).lacks().expect("a lack").fields, ["replies"]);
}

#[test]
fn a_poll_reads_the_videos_and_then_comments_back_to_what_it_knows() {
    let source = with_key(channel(), vec![What::Story, What::Comment]);
    let turn = |progress: &Progress, body: &str| source.read(progress, &answer(body)).expect("a reading").progress;
    let first = turn(&Progress::default(), FEED);
    let url = asked(&source, &first).expect("the comments");
    assert!(
        url.contains("allThreadsRelatedToChannelId=UCacmeacmeacmeacmeacme01") && url.contains("order=time"),
        "{url}"
    );
    let first = turn(&first, &page(&[90_000, 80_000], Some("T1")));
    assert_eq!((first.cursor.as_deref(), asked(&source, &first)), (Some("90000"), None));

    let second = turn(&first.start_poll(), FEED);
    let second = turn(&second, &page(&[990_000, 980_000], Some("T2")));
    let url = asked(&source, &second).expect("a second page");
    assert!(url.ends_with("&pageToken=T2"), "{url}");
    let second = turn(&second, &page(&[100_000, 80_000], Some("T3")));
    assert_eq!((second.cursor.as_deref(), asked(&source, &second)), (Some("990000"), None));
    assert!(second.notes.is_empty());
}

#[test]
fn a_comment_and_its_replies_belong_to_the_conversation_of_the_video() {
    let source = with_key(channel(), vec![What::Comment]);
    let posts = source.read(&Progress::default(), &answer(COMMENTS)).expect("a reading").posts;
    let videos = super::tests::source(CHANNEL).read(&Progress::default(), &answer(FEED)).expect("a reading").posts;
    let video = videos.iter().flatten().next().expect("a video");
    let threads: Vec<Option<&String>> = posts.iter().flatten().map(|post| post.thread.as_ref()).collect();
    assert_eq!(threads, [Some(&video.key), Some(&video.key)]);
}

#[test]
fn a_conversation_is_followed_with_a_key() {
    let source = with_key(channel(), vec![What::Comment]);
    let video = Post { url: format!("{SITE}/watch?v=acmeVideo01"), ..Post::bare("youtube:v:acmeVideo01", NOW) };
    let url = source.follow(&video).expect("a request").url;
    assert!(url.as_str().contains("/commentThreads?") && url.as_str().contains("videoId=acmeVideo01"), "{url}");
    let thread = source.read_thread(&video, &answer(COMMENTS)).expect("a thread");
    assert_eq!(thread.replies.iter().flatten().filter(|reply| reply.thread.as_deref() == Some(&video.key)).count(), 2);

    let comment =
        Post { url: format!("{SITE}/watch?v=acmeVideo01&lc=UgAcme01"), ..Post::bare("youtube:c:UgAcme01", NOW) };
    let url = source.follow(&comment).expect("a request").url;
    assert!(url.as_str().contains("/comments?") && url.as_str().contains("parentId=UgAcme01"), "{url}");
    let body =
        json!({"items": [{"id": "UgAcme01.1", "snippet": {"textDisplay": "x", "parentId": "UgAcme01"}}]}).to_string();
    let thread = source.read_thread(&comment, &answer(&body)).expect("a thread");
    assert_eq!(thread.replies[0].as_ref().ok().and_then(|reply| reply.thread.as_deref()), Some(video.key.as_str()));

    assert!(source.follow(&Post::bare("youtube:c:UgAcme01.1", NOW)).is_none(), "a reply has no replies");
    assert!(super::tests::source(CHANNEL).follow(&video).is_none(), "not without a key");
}

#[test]
fn a_spent_quota_is_waited_for_until_midnight_at_youtube() {
    let source = with_key(channel(), vec![What::Comment]);
    for (reason, wait) in
        [("quotaExceeded", Some(Duration::hours(20))), ("rateLimitExceeded", Some(DEFAULT_WAIT)), ("keyInvalid", None)]
    {
        let body = json!({"error": {"code": 403, "message": "No.", "errors": [{"reason": reason, "domain": "youtube.quota"}]}});
        let error = source.read(&Progress::default(), &answer(&body.to_string())).expect_err("an error");
        assert_eq!(error, ReadError::Api { why: format!("No. ({reason})"), wait });
    }
}

#[test]
fn its_pages_are_recognised() {
    for (url, line) in [
        (
            "https://www.youtube.com/channel/UCacmeacmeacmeacmeacme01/videos",
            Some("channel = \"UCacmeacmeacmeacmeacme01\""),
        ),
        ("https://m.youtube.com/playlist?list=PLacme-1", Some("playlist = \"PLacme-1\"")),
        ("https://www.youtube.com/feeds/videos.xml?playlist_id=PL1", Some("playlist = \"PL1\"")),
        ("https://www.youtube.com/@acme", None),
        ("https://youtube.acme.example/channel/UCacmeacmeacmeacmeacme01", None),
    ] {
        let block = KIND.recognise(&Url::parse(url).expect("a URL"));
        assert_eq!(block.as_deref().map(|block| block.lines().last().unwrap_or_default()), line, "{url}");
    }
}
