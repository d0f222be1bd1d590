//! Does every kind of raw post become the post that it should?

use proptest::prelude::*;

use super::*;
use crate::model::{RawAuthor, TextForm};

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn base() -> Url {
    Url::parse("https://www.acme.example/blog/feed.xml").expect("a URL")
}

fn raw() -> RawPost {
    RawPost {
        key: "acme:1".into(),
        url: "https://acme.example/blog/1".into(),
        title: "Acme is down".into(),
        text: "<p>Again.</p>".into(),
        ..RawPost::default()
    }
}

fn normal(raw: RawPost) -> Result<Post, Rejection> {
    post(raw, &Origin { source: "acme-blog", kind: "rss", base: &base(), received_at: NOW })
}

fn good(raw: RawPost) -> Post {
    normal(raw).expect("a post")
}

#[test]
fn a_whole_post_is_brought_into_our_form() {
    let post = good(RawPost {
        url: "/blog/1?utm_source=feed".into(),
        target: Some("http://www.other.example/news/?fbclid=1".into()),
        thread: Some("acme:0".into()),
        title: "Acme &amp; friends\n are <b>down</b>".into(),
        text: "<p>See <a href='../status'>status</a> and <a href='https://m.acme.example/blog/1'>this</a>.</p>".into(),
        author: Some(RawAuthor { name: "Jane".into(), handle: None, url: Some("/u/jane".into()) }),
        published: Some(Timestamp(NOW.0 - 1)),
        lang: Some("en-US".into()),
        tags: vec!["Outage".into(), "#outage".into(), " R&amp;D ".into(), "".into()],
        ..raw()
    });
    assert_eq!(
        post,
        Post {
            id: PostId::of("acme:1"),
            key: "acme:1".into(),
            source: "acme-blog".into(),
            kind: "rss".into(),
            site: "acme.example".into(),
            url: "https://www.acme.example/blog/1?utm_source=feed".into(),
            canonical_url: "https://acme.example/blog/1".into(),
            target: Some("https://other.example/news".into()),
            thread: Some(PostId::of("acme:0")),
            post_type: crate::model::PostType::Story,
            title: "Acme & friends are down".into(),
            text: "See status and this.".into(),
            author: Some(crate::model::Author {
                name: "Jane".into(),
                handle: "Jane".into(),
                url: Some("https://www.acme.example/u/jane".into())
            }),
            published: Some(Timestamp(NOW.0 - 1)),
            updated: None,
            received: NOW,
            lang: Some("en".into()),
            tags: vec!["outage".into(), "r&d".into()],
            links: vec!["https://acme.example/status".into()],
            engagement: crate::model::Engagement::default(),
        }
    );
}

#[test]
fn what_says_nothing_or_has_no_identity_is_rejected_with_what_was_there() {
    for (raw, why, what) in [
        (
            RawPost { key: "acme:1".into(), text: "<img src=x>".into(), ..RawPost::default() },
            "neither title, text, page, author nor date",
            "acme:1",
        ),
        (RawPost { key: " ".into(), url: "".into(), ..raw() }, "neither id nor page of its own", "Acme is down"),
        (
            RawPost { key: "".into(), url: "javascript:x".into(), ..raw() },
            "neither id nor page of its own",
            "javascript:x",
        ),
        (RawPost { key: "".into(), url: "/".into(), ..raw() }, "neither id nor page of its own", "/"),
    ] {
        assert_eq!(normal(raw), Err(Rejection { why: why.into(), what: what.into() }));
    }
}

#[test]
fn a_picture_without_words_is_a_post() {
    let post = good(RawPost { title: " ".into(), text: "<img src=x>".into(), ..raw() });
    assert_eq!((post.title.as_str(), post.text.as_str()), ("", ""));
}

#[test]
fn a_post_without_a_page_of_its_own_shares_no_canonical_url() {
    for url in
        ["", "javascript:alert(1)", "mailto:x@acme.example", "https://www.acme.example/blog/feed.xml", "/", "/en/"]
    {
        let one = good(RawPost { url: url.into(), ..raw() });
        let two = good(RawPost { url: url.into(), key: "acme:2".into(), ..raw() });
        assert_eq!(one.canonical_url, format!("urn:overheard:{}", one.id), "{url}");
        assert_ne!(one.canonical_url, two.canonical_url, "{url}");
        assert!(one.url.starts_with("https://www.acme.example/"), "{url}");
    }
}

#[test]
fn without_a_key_the_page_is_the_identity() {
    let one = good(RawPost { key: "".into(), ..raw() });
    let two = good(RawPost { key: "".into(), url: "http://www.acme.example/blog/1/?utm_id=3".into(), ..raw() });
    assert_eq!((one.key.as_str(), one.id), ("https://acme.example/blog/1", two.id));
}

#[test]
fn anchors_that_name_a_post_keep_posts_of_one_page_apart() {
    for (anchor, kept) in [
        ("#comment-12", true),
        ("#v1.2.3", true),
        ("#2026-01-31", true),
        ("#comments", false),
        ("#xtor=RSS-12", false),
        ("#:~:text=12", false),
    ] {
        let page = good(RawPost { url: format!("https://acme.example/a/{anchor}"), ..raw() }).canonical_url;
        assert_eq!(page, format!("https://acme.example/a{}", if kept { anchor } else { "" }));
    }
}

#[test]
fn front_pages_and_the_post_itself_are_no_target() {
    for target in ["https://other.example/", "http://acme.example/blog/1/", "ftp://x.example/a", "", "https://"] {
        assert_eq!(good(RawPost { target: Some(target.into()), ..raw() }).target, None, "{target}");
    }
}

#[test]
fn a_root_is_no_reply_to_itself() {
    assert_eq!(good(RawPost { thread: Some("acme:1".into()), ..raw() }).thread, None);
}

#[test]
fn dates_that_cannot_be_are_dropped() {
    let day = 86_400_000;
    for (date, kept) in
        [(NOW.0 + day, true), (NOW.0 + day + 1, false), (0, false), (-1, false), (i64::MAX, false), (1, true)]
    {
        let post = good(RawPost { published: Some(Timestamp(date)), updated: Some(Timestamp(date)), ..raw() });
        assert_eq!((post.published.is_some(), post.updated.is_some()), (kept, kept), "{date}");
    }
}

#[test]
fn languages_are_primary_subtags() {
    for (tag, language) in [
        ("en-US", Some("en")),
        ("DE_ch", Some("de")),
        ("gsw", Some("gsw")),
        ("und", None),
        ("english", None),
        ("", None),
        ("日本", None),
    ] {
        assert_eq!(good(RawPost { lang: Some(tag.into()), ..raw() }).lang.as_deref(), language, "{tag}");
    }
}

#[test]
fn plain_text_keeps_its_lines_and_gives_its_addresses() {
    let post = good(RawPost {
        form: TextForm::Plain,
        title: "1 < 2 &amp; <b>3</b>".into(),
        text: "See https://acme.example/a_(b), (http://www.other.example/x?utm_source=1).\nxhttp://third.example/\n\n\nhttps:// ftp://no.example".into(),
        ..raw()
    });
    assert_eq!(post.title, "1 < 2 & <b>3</b>");
    assert_eq!(
        post.text,
        "See https://acme.example/a_(b), (http://www.other.example/x?utm_source=1).\nxhttp://third.example/\n\nhttps:// ftp://no.example"
    );
    assert_eq!(post.links, ["https://acme.example/a_(b)", "https://other.example/x", "https://third.example/"]);
}

#[test]
fn everything_is_bounded() {
    let many = |part: &str| part.repeat(1_000_000 / part.len());
    let links: String = (0..10_000).map(|n| format!("<a href=https://acme.example/{n}>ü</a>")).collect();
    let post = good(RawPost {
        key: many("k"),
        title: many("ü"),
        text: links + &many("wörd "),
        tags: (0..1000).map(|n| format!("{n}{}", "t".repeat(1000))).collect(),
        author: Some(RawAuthor { name: many("n"), handle: Some(many("h")), url: Some(many("u")) }),
        ..raw()
    });
    assert!(post.key.len() <= MAX_KEY);
    assert!(post.title.len() <= Post::MAX_TITLE);
    assert!(post.text.len() <= Post::MAX_TEXT);
    assert_eq!((post.links.len(), post.tags.len()), (Post::MAX_LINKS, Post::MAX_TAGS));
    assert!(post.tags.iter().all(|tag| tag.len() <= MAX_TAG));
    assert_eq!(post.id, PostId::of(&post.key));
    let author = post.author.expect("an author");
    assert!(author.name.len() <= 200 && author.handle.len() <= 200 && author.url.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_input_panics_and_normal_text_stays_normal(title in any::<String>(), text in "(<[a-z/!-]{0,4}|[ -~]|&[a-z#0-9]{1,4};|\\PC|\n){0,80}", url in any::<String>(), plain in any::<bool>()) {
        let form = if plain { TextForm::Plain } else { TextForm::Html };
        let raw = RawPost { title, text, url: url.clone(), target: Some(url), form, ..raw() };
        if let Ok(post) = normal(raw.clone()) {
            prop_assert_eq!(&tidy::line(&post.title, Post::MAX_TITLE), &post.title);
            prop_assert_eq!(&tidy::lines(&post.text, Post::MAX_TEXT), &post.text);
            prop_assert_eq!(Ok(post), normal(raw));
        }
    }

    #[test]
    fn canonical_urls_are_stable(path in "[a-zA-Z0-9/%.;_-]{0,30}", query in "[a-z0-9=&%+;.]{0,30}") {
        if let Ok(url) = Url::parse(&format!("https://www.acme.example/{path}?{query}")) {
            let once = canonical_url(&url);
            let again = Url::parse(&once).map(|url| canonical_url(&url));
            prop_assert_eq!(again, Ok(once));
        }
    }
}
