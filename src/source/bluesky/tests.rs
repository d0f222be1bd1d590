//! Does the stream let through what it should, and does a search go back as far as it must?

use serde_json::json;

use super::*;
use crate::model::SecretValue;

fn load(text: &str) -> Result<Box<dyn Source>, Vec<Fault>> {
    let password = format!("app_password = {{ {:?} = \"hunter2\" }}", SecretValue::KEY).replace("\\0", "\\u0000");
    let text = text.replace("PASSWORD", &password);
    KIND.load(&Settings::parse("source.x", &text).expect("TOML"))
}

fn response(body: String) -> Response {
    let url = Url::parse("wss://jetstream.acme.example/subscribe").expect("a URL");
    Response { status: 200, url, headers: Vec::new(), body: body.into(), received_at: Timestamp(1_790_000_000_000) }
}

fn event(operation: &str, time_us: u64, rkey: &str, record: &Value) -> String {
    let commit = json!({"operation": operation, "collection": POSTS, "rkey": rkey, "record": record});
    json!({"did": "did:plc:acme", "time_us": time_us, "kind": "commit", "commit": commit}).to_string() + "\n"
}

#[test]
fn what_cannot_work_is_a_fault() {
    for (settings, key) in [
        ("", "words"),
        ("words = ['']", "words"),
        ("words = ['acme']\neverything = true", "everything"),
        ("dids = ['acme.example']", "dids"),
        ("words = ['acme']\nstream = 'https://acme.example'", "stream"),
        ("words = ['acme']\nidentifier = 'acme.example'", "identifier"),
        ("query = 'acme'", "query"),
        ("query = 'acme'\nidentifier = 'acme.example'", "query"),
        ("query = 'acme'\nidentifier = 'a.example'\nwords = ['x']\nPASSWORD", "words"),
        ("query = 'acme'\nidentifier = 'a.example'\nservice = 'bsky'\nPASSWORD", "service"),
    ] {
        let faults = load(settings).err().unwrap_or_else(|| panic!("{settings} is taken"));
        assert!(faults.iter().any(|fault| fault.key == format!("source.x.{key}")), "{settings}: {faults:?}");
    }
    for settings in ["everything = true", "dids = ['did:plc:acme']", "query = 'a'\nidentifier = 'a.example'\nPASSWORD"]
    {
        assert!(load(settings).is_ok(), "{settings}");
    }
}

#[test]
fn a_broken_stream_is_taken_up_some_seconds_before_its_last_event() {
    let source = load("words = ['acme']\ndids = ['did:plc:a', 'did:plc:b']").expect("a source");
    let asked = |cursor: Option<&str>| {
        let progress = Progress { cursor: cursor.map(str::to_owned), ..Progress::default() };
        match source.next(&progress) {
            Next::Subscribe(subscription) => subscription.url().expect("a URL").query().unwrap_or_default().to_owned(),
            Next::Http(_) | Next::Done => panic!("it subscribes"),
        }
    };
    let always = "wantedCollections=app.bsky.feed.post&wantedDids=did%3Aplc%3Aa&wantedDids=did%3Aplc%3Ab";
    assert_eq!(asked(None), always);
    assert_eq!(asked(Some("1790000000000000")), format!("{always}&cursor=1789999995000000"));
    assert_eq!(asked(Some("nonsense")), always);
    let body = event("create", 7_000_000, "a", &json!({"text": "x"})) + &event("create", 6_000_000, "b", &json!({}));
    let read = source.read(&Progress::default(), &response(body)).expect("a reading");
    assert_eq!(read.progress.cursor.as_deref(), Some("7000000"), "what no word lets through moves the cursor too");
    assert_eq!(read.posts, []);
}

#[test]
fn words_are_found_in_text_links_tags_and_cards() {
    let source = load("words = ['Acme', '#anvil']").expect("a source");
    let facet = |feature: Value| json!([{"index": {"byteStart": 0, "byteEnd": 1}, "features": [feature]}]);
    for (record, through) in [
        (json!({"text": "ACME is down"}), true),
        (json!({"text": "we love acmeists"}), true),
        (json!({"text": "nothing"}), false),
        (json!({"text": "x", "facets": facet(json!({"uri": "https://acme.example/x"}))}), true),
        (json!({"text": "x", "facets": facet(json!({"tag": "Anvil"}))}), true),
        (json!({"text": "x", "tags": ["anvil"]}), true),
        (json!({"text": "x", "embed": {"external": {"uri": "https://a.example", "title": "Acme sold"}}}), true),
        (json!({"text": "x", "embed": {"media": {"external": {"description": "of acme"}}}}), true),
        (json!({"text": "x", "embed": {"record": {"uri": "at://acme"}}}), false),
    ] {
        let read = source.read(&Progress::default(), &response(event("create", 1, "a", &record))).expect("a reading");
        assert_eq!(read.posts.len(), usize::from(through), "{record}");
    }
}

#[test]
fn edits_and_deletions_are_told_and_other_events_passed_over() {
    let source = load("everything = true").expect("a source");
    let other = json!({"did": "did:plc:acme", "time_us": 9, "kind": "identity", "identity": {}}).to_string();
    let body = [
        event("create", 1, "a", &json!({"text": "one"})),
        event("update", 2, "a", &json!({"text": "two"})),
        event("delete", 3, "b", &Value::Null),
        event("create", 4, "not/a/key", &json!({"text": "x"})),
        other,
    ];
    let read = source.read(&Progress::default(), &response(body.concat())).expect("a reading");
    let keys: Vec<_> =
        read.posts.iter().map(|post| post.as_ref().map(|post| &*post.text).map_err(|no| &*no.why)).collect();
    assert_eq!(keys, [Ok("one"), Ok("two"), Err("its address is none of a post")]);
    assert_eq!(read.deleted, ["at://did:plc:acme/app.bsky.feed.post/b"]);
    assert_eq!(read.progress.cursor.as_deref(), Some("9"));
}

#[test]
fn links_stand_where_their_bytes_are_and_wrong_places_break_nothing() {
    let link = |start: u64, end: u64| json!({"index": {"byteStart": start, "byteEnd": end}, "features": [{"uri": "https://acme.example/?a=1&b=\"2\""}]});
    let href = "<a href=\"https://acme.example/?a=1&amp;b=&quot;2&quot;\">";
    for (text, facets, expected) in [
        ("né <here>!", json!([link(4, 10)]), format!("né {href}&lt;here&gt;</a>!")),
        ("né x", json!([link(2, 3)]), "né x".to_owned()),
        ("abc", json!([link(2, 99)]), "abc".to_owned()),
        ("abc", json!([link(2, 1), link(1, 2), link(0, 2)]), format!("{href}ab</a>c")),
        ("a\nb", json!([{"index": 7}, 7, {"features": []}]), "a<br>b".to_owned()),
    ] {
        assert_eq!(html(&json!({"text": text, "facets": facets})), expected, "{text}");
    }
}

fn page(moments: &[i64], cursor: Option<&str>) -> Response {
    let view = |moment: &i64| {
        let written = Timestamp(*moment * 1000).to_string();
        json!({"uri": format!("at://did:plc:acme/app.bsky.feed.post/k{moment}"), "author": {}, "indexedAt": written,
               "record": {"text": "acme", "createdAt": written}})
    };
    response(json!({"posts": moments.iter().map(view).collect::<Vec<_>>(), "cursor": cursor}).to_string())
}

#[test]
fn a_search_goes_back_to_what_it_knows_and_no_further() {
    let source = load("query = 'acme'\nidentifier = '@acme.example'\nPASSWORD").expect("a source");
    let first = source.read(&Progress::default(), &page(&[900, 800], Some("100"))).expect("a reading").progress;
    assert_eq!((first.cursor.as_deref(), first.next.as_deref()), (Some("900000"), None), "the first poll is one page");
    let start = first.start_poll();
    let second = source.read(&start, &page(&[1100, 1000], Some("100"))).expect("a reading").progress;
    assert_eq!((second.cursor.as_deref(), second.next.as_deref()), (Some("1100000"), Some("100")));
    let Next::Http(request) = source.next(&second) else { panic!("it asks on") };
    assert_eq!(request.url.query(), Some("q=acme&sort=latest&limit=100&cursor=100"));
    assert!(matches!(&request.auth, Auth::Token(grant) if matches!(&**grant, TokenGrant::Login { fields, .. }
        if fields[0].1 == "acme.example")));
    let third = source.read(&second, &page(&[950, 850], Some("200"))).expect("a reading").progress;
    assert_eq!((third.cursor.as_deref(), third.next.as_deref()), (Some("1100000"), None));
    assert!(matches!(source.next(&third), Next::Done));
}

#[test]
fn replies_join_the_conversation_of_the_root() {
    let node = |rkey: &str, replies: Value| {
        let uri = format!("at://did:plc:jo/app.bsky.feed.post/{rkey}");
        json!({"post": {"uri": uri, "author": {"handle": "jo.example"}, "record": {"text": rkey}, "replyCount": 2,
               "repostCount": 1, "quoteCount": 1, "likeCount": 5}, "replies": replies})
    };
    let gone = json!({"uri": "at://did:plc:jo/app.bsky.feed.post/x", "notFound": true});
    let thread = node("root", json!([node("a", json!([node("b", json!([]))])), gone, node("c", json!([]))]));
    let source = load("everything = true").expect("a source");
    let post = Post::bare("at://did:plc:jo/app.bsky.feed.post/root", Timestamp(0));
    let asked = source.follow(&post).expect("a request").url;
    assert!(asked.as_str().contains("uri=at%3A%2F%2Fdid%3Aplc%3Ajo%2Fapp.bsky.feed.post%2Froot"), "{asked}");
    assert!(source.follow(&Post::bare("hn:1", Timestamp(0))).is_none());
    let read = source.read_thread(&post, &response(json!({"thread": thread}).to_string())).expect("a thread");
    let replies: Vec<_> = read.replies.iter().flatten().map(|reply| (&*reply.text, reply.thread.as_deref())).collect();
    assert_eq!(replies, ["a", "b", "c"].map(|text| (text, Some(post.key.as_str()))));
    assert_eq!(
        read.engagement,
        Some(Engagement { likes: Some(5), replies: Some(2), shares: Some(2), ..Engagement::default() })
    );
    for body in [json!({"error": "NotFound", "message": "Post not found"}), json!({"thread": gone})] {
        let read = source.read_thread(&post, &response(body.to_string())).expect("a thread");
        assert!(read.deleted, "{body}");
    }
}

#[test]
fn addresses_are_told_from_what_is_none() {
    for (did, right) in [
        ("did:plc:ewvi7nxzyoun6zhxrhs64oiz", true),
        ("did:web:acme.example%3A8443", true),
        ("did:method:-:_:.:%ab", true),
        ("did:plc:", false),
        ("did:PLC:a", false),
        ("did:plc:a:", false),
        ("did:plc:a/b", false),
        ("DID:plc:a", false),
        ("acme.example", false),
    ] {
        assert_eq!(is_did(did), right, "{did}");
    }
    for (key, right) in [("3k2yihcrp6f2c", true), ("~1.2-3_self:x", true), ("", false), (".", false), ("a/b", false)] {
        assert_eq!(is_record_key(key), right, "{key}");
    }
}

#[test]
fn pages_of_the_web_application_become_words() {
    for (page, words) in [
        ("https://bsky.app/search?q=%22acme+cloud%22", Some("words = [\"acme cloud\"]")),
        ("https://bsky.app/hashtag/caf%C3%A9", Some("words = [\"café\"]")),
        ("https://bsky.app/search?q=", None),
        ("https://bsky.app/profile/acme.example", None),
        ("https://acme.example/search?q=x", None),
    ] {
        let block = KIND.recognise(&Url::parse(page).expect("a URL"));
        assert_eq!(block.is_some(), words.is_some(), "{page}");
        assert!(words.is_none_or(|words| block.is_some_and(|block| block.contains(words))), "{page}");
    }
}
