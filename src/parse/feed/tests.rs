//! Does the reader keep what stands in a feed, however broken, and know it again the next time?

use super::*;
use crate::model::{PostType, TextForm, Timestamp};
use crate::parse::date;

fn answer(body: impl Into<Vec<u8>>, content_type: Option<&str>) -> Response {
    Response {
        status: 200,
        url: "https://www.acme.example/news/feed".parse().expect("a URL"),
        headers: content_type.map(|value| ("content-type".to_owned(), value.to_owned())).into_iter().collect(),
        body: body.into().into(),
        received_at: Timestamp(0),
    }
}

fn feed(body: impl Into<Vec<u8>>) -> Feed {
    let answer = answer(body, None);
    let feed = read(&answer).expect("a feed");
    assert_eq!(Ok(&feed), read(&answer).as_ref(), "the second reading differs");
    feed
}

fn posts(body: impl Into<Vec<u8>>) -> Vec<RawPost> {
    feed(body).posts.into_iter().map(|post| post.expect("a post")).collect()
}

fn post(item: &str) -> RawPost {
    let [post] = &posts(rss(item))[..] else { panic!("one post in {item}") };
    post.clone()
}

fn entry(entry: &str) -> RawPost {
    let [post] = &posts(atom(entry))[..] else { panic!("one post in {entry}") };
    post.clone()
}

fn rss(items: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:slash=\"http://purl.org/rss/1.0/modules/slash/\" \
         xmlns:media=\"http://search.yahoo.com/mrss/\" xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\">\
         <channel><title>Acme</title><link>https://acme.example/</link>{items}</channel></rss>"
    )
}

fn atom(entries: &str) -> String {
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:thr=\"http://purl.org/syndication/thread/1.0\">\
         <title>Acme</title>{entries}</feed>"
    )
}

const TWO: &str = "<item><title>one</title><guid>1</guid></item><item><title>two</title><guid>second</guid></item>";

fn two() -> String {
    rss(TWO)
}

fn two_with(old: &str, new: &str) -> Vec<u8> {
    let feed = two();
    assert!(feed.contains(old));
    feed.replacen(old, new, 1).into_bytes()
}

fn titles(feed: &Feed) -> Vec<&str> {
    feed.posts.iter().flatten().map(|post| &post.title[..]).collect()
}

#[test]
fn what_stands_around_a_feed_costs_nothing() {
    for (body, mended) in [
        (two().into_bytes(), &[][..]),
        (format!("\u{feff}{}", two()).into_bytes(), &[]),
        (format!("\n\n  {}", two()).into_bytes(), &[]),
        (format!("\u{feff}\n{}", two()).into_bytes(), &[]),
        (format!("<!-- <rss> & -->{}", two()).into_bytes(), &[]),
        (format!("{}<!-- generated -->\n<p>junk & more", two()).into_bytes(), &["bare & escaped"]),
        (format!("Warning: x() in /a.php on line 3\n{}", two()).into_bytes(), &["text before the feed left out"]),
        (format!("<br />\n<b>Warning</b>: x & y<br />\n{}", two()).into_bytes(), &["text before the feed left out"]),
        ([&[0xff, 0xfe][..], &two().encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()].concat(), &[]),
    ] {
        let feed = feed(body.clone());
        assert_eq!(
            (titles(&feed), &feed.repaired[..]),
            (vec!["one", "two"], &mended.iter().map(|m| m.to_string()).collect::<Vec<_>>()[..]),
            "{:.60}",
            String::from_utf8_lossy(&body)
        );
    }
}

#[test]
fn what_makes_feed_rs_refuse_a_whole_feed_costs_at_most_one_field() {
    for (body, kept, mended) in [
        (two_with("one", "R&D at AT&T"), ["R&D at AT&T", "two"], "bare & escaped (2 times)"),
        (two_with("<guid>1", "<link>https://acme.example/?a=1&b=2</link><guid>1"), ["one", "two"], "bare & escaped"),
        (two_with("one", "o&#0;n&#x1F;e"), ["one", "two"], "references to forbidden characters left out (2 times)"),
        (two_with("one", "caf&eacute;"), ["café", "two"], "HTML entities replaced"),
        (two_with("one", "o\u{8}n\u{0}e"), ["one", "two"], "wrong encoding or control characters"),
        (two_with("one", "1 < 2"), ["1 &lt; 2", "two"], "stray < escaped"),
        (two_with("one</title>", "one</titel>"), ["one", "two"], "tags that do not match"),
        (two_with("one</title>", "one"), ["one", "two"], "tags that do not match"),
        (two_with("</item>", ""), ["one", "two"], "tags that do not match"),
        (two_with("</item>", "</itme>"), ["one", "two"], "tags that do not match"),
        (two_with("<guid>1", "<description>a<br>b<p>c</description><guid>1"), ["one", "two"], "tags that do not match"),
        (
            two_with("<guid>1", "<description>a</b></p><b>b</description><guid>1"),
            ["one", "two"],
            "tags that do not match",
        ),
        (two_with("version=\"2.0\"", ""), ["one", "two"], "wrong version of RSS"),
        (two_with("version=\"2.0\"", "version='2'"), ["one", "two"], "wrong version of RSS"),
        (two_with("version=\"2.0\"", "version='2.0.1'"), ["one", "two"], "wrong version of RSS"),
        (two_with("<channel>", "<channel xml:base='http://[bad'>"), ["one", "two"], "unreadable xml:base left out"),
        (two_with("</channel></rss>", ""), ["one", "two"], "the feed is cut off"),
        (two_with("UTF-8", "x-unheard-of"), ["one", "two"], ""),
    ] {
        let feed = feed(body.clone());
        assert_eq!(titles(&feed), kept, "{}", String::from_utf8_lossy(&body));
        assert!(mended.is_empty() || feed.repaired.contains(&mended.to_owned()), "{:?} is not {mended}", feed.repaired);
    }
}

#[test]
fn older_versions_of_rss_are_no_fault() {
    for version in ["0.91", "0.92", "0.93", "0.94"] {
        let feed = feed(two_with("version=\"2.0\"", &format!("version=\"{version}\"")));
        assert_eq!((titles(&feed), &feed.repaired[..]), (vec!["one", "two"], &[][..]), "{version}");
    }
}

#[test]
fn a_wrong_tag_loses_nothing_of_the_other_fields() {
    let broken = post(
        "<item><title>one</titel><link>https://acme.example/1</link><description>a <b>b<br> c</description><pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate><guid>g1</guid></item>",
    );
    assert_eq!((&broken.title[..], &broken.url[..]), ("one", "https://acme.example/1"));
    assert_eq!((&broken.text[..], &broken.key[..]), ("a <b>b<br> c", "acme.example:g1"));
    assert_eq!(broken.published, date::parse("2026-01-05T10:00:00Z"));
}

#[test]
fn latin_1_that_calls_itself_utf_8_is_read_as_what_it_is() {
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode("Le café est fermé à midi, c’était écrit");
    let body = [
        rss("<item><title>@</title><guid>1</guid></item>").split('@').map(str::as_bytes).collect::<Vec<_>>()[0],
        &latin,
        b"</title><guid>1</guid></item></channel></rss>",
    ]
    .concat();
    let feed = feed(body);
    assert_eq!(titles(&feed), ["Le café est fermé à midi, c’était écrit"]);
    assert_eq!(feed.repaired, ["wrong encoding or control characters"]);
}

#[test]
fn the_encoding_of_the_answer_is_believed_before_that_of_the_document() {
    let (bytes, ..) = encoding_rs::WINDOWS_1251.encode("Сервис не работает");
    let body = [
        b"<?xml version='1.0' encoding='iso-8859-1'?><rss version='2.0'><channel><item><title>",
        &bytes[..],
        b"</title></item></channel></rss>",
    ]
    .concat();
    let feed = read(&answer(body, Some("application/rss+xml; charset=windows-1251"))).expect("a feed");
    assert_eq!(titles(&feed), ["Сервис не работает"]);
}

#[test]
fn of_a_feed_that_is_cut_off_every_whole_item_is_kept() {
    let feed_text = two();
    for end in feed_text.find("two").expect("the second title")..feed_text.len() {
        let feed = feed(&feed_text.as_bytes()[..end]);
        assert_eq!(titles(&feed)[0], "one", "{}", &feed_text[..end]);
        // The second one is a post as soon as its id is known, and until then a rejection: never a post under another name.
        let second = feed.posts.get(1).map(|post| post.as_ref().map(|post| &post.key[..]));
        assert!(matches!(second, Some(Err(_) | Ok("acme.example:second"))), "{second:?} of {}", &feed_text[..end]);
    }
}

#[test]
fn what_makes_feed_rs_panic_is_read() {
    let many = "9".repeat(23);
    for item in [
        "<author>Jane—jane@e.com</author>".to_owned(),
        "<author>jane@e.com—Jane</author>".to_owned(),
        "<dc:creator>Zoë—zoe@e.com</dc:creator>".to_owned(),
        format!("<itunes:duration>{many}</itunes:duration>"),
        format!("<itunes:duration>{many}:00:00</itunes:duration>"),
        "<itunes:duration>9999999999999999:00:00</itunes:duration>".to_owned(),
        format!("<media:text start='{many}'>x</media:text>"),
    ] {
        let read = feed(rss(&format!("<item><title>one</title><guid>1</guid>{item}</item>")));
        assert_eq!(titles(&read), ["one"], "{item}");
    }
    assert_eq!(
        post("<item><author>jane@e.com (Jané)</author><guid>1</guid></item>").author.map(|author| author.name),
        Some("Jané".to_owned())
    );
}

#[test]
fn nesting_that_overflows_a_stack_is_refused_before_any_parser_sees_it() {
    for depth in [300, 1_000, 100_000] {
        for element in ["media:group", "x", "media:content"] {
            let (open, close) = (format!("<{element}>").repeat(depth), format!("</{element}>").repeat(depth));
            for item in [format!("<item>{open}{close}</item>"), format!("<item>{open}")] {
                let refused = read(&answer(rss(&item), None));
                assert!(matches!(refused, Err(ReadError::Hostile { .. })), "{depth} of {element}: {refused:?}");
            }
        }
    }
    let shallow =
        format!("<item><guid>1</guid>{}x{}</item>", "<media:group>".repeat(150), "</media:group>".repeat(150));
    assert_eq!(posts(rss(&shallow)).len(), 1);
}

#[test]
fn a_tag_of_too_many_attributes_is_refused() {
    let attributes: String = (0..1_000).map(|number| format!(" a{number}='x'")).collect();
    for item in [
        format!("<item{attributes}/>"),
        format!("<item><title{attributes}>x</title></item>"),
        format!("<item><x><y{attributes}/></x></item>"),
    ] {
        assert!(matches!(read(&answer(rss(&item), None)), Err(ReadError::Hostile { .. })), "{item:.40}");
    }
}

#[test]
fn the_key_of_words_is_the_same_whichever_reader_reads_them() {
    let item = "<item>\n<title> a  b </title><description>\n&lt;p&gt;c&lt;/p&gt; </description><pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate></item>";
    let strict = posts(rss(item));
    let forgiving = posts(rss(&format!("{item}<item><title>x</titel></item>")));
    assert_eq!(strict[0], forgiving[0]);
}

#[test]
fn a_feed_made_of_beginnings_is_read_in_one_pass() {
    // Each of these made a reader look to the end of the text once for every occurrence.
    for part in [
        "<!>",
        "<!x[",
        "<?x?>",
        "<![CDATA[x]]>",
        "<!---->",
        "<a xml:base ",
        "<a xml:base='",
        "&",
        "&#",
        "<",
        "</",
        "<x>",
        "</x>",
        "<br>",
        "<item>",
    ] {
        let many = part.repeat(20_000);
        assert!(read(&answer(many.clone(), None)).is_err(), "{part} is no feed");
        for items in [many.clone(), format!("<item><title>{many}</title></item>"), format!("<item><description>{many}")]
        {
            let outcome = read(&answer(rss(&items), None));
            let bounded = matches!(&outcome, Ok(feed) if feed.posts.len() <= scan::MAX_ITEMS);
            assert!(bounded || matches!(outcome, Err(ReadError::Hostile { .. })), "{part}");
        }
    }
}

#[test]
fn entities_of_a_dtd_are_not_expanded() {
    let bomb = format!(
        "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]>{}",
        two_with("one", "&b;&c;").escape_ascii()
    );
    let bomb =
        bomb.replace("\\\"", "\"").replace("\\n", "\n").replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "");
    assert_eq!(titles(&feed(bomb)), ["&b;&c;", "two"]);
}

#[test]
fn a_feed_of_too_many_items_is_read_up_to_the_bound() {
    let feed = feed(rss(&"<item><guid>1</guid></item>".repeat(scan::MAX_ITEMS + 2)));
    assert_eq!(feed.posts.len(), scan::MAX_ITEMS);
    assert_eq!(feed.repaired, [format!("2 items past the first {} left out", scan::MAX_ITEMS)]);
}

#[test]
fn an_empty_feed_has_no_posts() {
    for body in [
        rss(""),
        atom(""),
        r#"{"version":"https://jsonfeed.org/version/1.1","items":[]}"#.to_owned(),
        "<rss/>".to_owned(),
        "<feed/>".to_owned(),
    ] {
        assert_eq!(feed(body).posts, []);
    }
}

#[test]
fn what_is_no_feed_says_what_it_is() {
    for (body, why) in [
        ("", "the answer is empty"),
        (" \n ", "the answer is empty"),
        ("Not found", "it is neither XML nor JSON, it begins “Not found”"),
        ("{\"error\": 1}", "it is JSON, but not a JSON Feed: it has no list of `items`"),
        ("<opml version='1.0'/>", "it is an OPML list of feeds; name its feeds one by one"),
        ("<urlset/>", "it is a sitemap"),
        ("<note/>", "it is XML with the root <note>"),
        ("<!DOCTYPE html><title>Acme\n news</title>", "it is a web page (“Acme news”)"),
        (
            "<html><head><title>Acme</title><link rel='alternate' type='application/rss+xml' href='/feed.xml'></head>",
            "it is a web page (“Acme”); it names this feed: https://www.acme.example/feed.xml",
        ),
        (
            "<html><base href='https://b.example/x/'><link rel='alternate nofollow' type='application/atom+xml' href='atom'>",
            "it is a web page; it names this feed: https://b.example/x/atom",
        ),
    ] {
        let wrong = ReadError::WrongFormat { expected: "a feed", why: why.to_owned() };
        assert_eq!(read(&answer(body, None)), Err(wrong), "{body}");
    }
    let deep = format!("<html>{}", "<div>".repeat(100_000));
    assert!(matches!(read(&answer(deep, None)), Err(ReadError::WrongFormat { .. })));
}

#[test]
fn keys_are_ids_then_links_then_words() {
    for (item, key) in [
        ("<guid>https://acme.example/?p=1</guid>", "https://acme.example/?p=1"),
        ("<guid isPermaLink='false'>tag:acme.example,2026:1</guid>", "tag:acme.example,2026:1"),
        ("<guid>urn:uuid:1</guid>", "urn:uuid:1"),
        ("<guid> 41 </guid>", "acme.example:41"),
        (
            "<guid/><link>https://acme.example/a?utm_source=rss&amp;id=7&amp;utm_medium=x#v2</link>",
            "https://acme.example/a?id=7#v2",
        ),
        ("<link>../a</link>", "https://www.acme.example/a"),
    ] {
        assert_eq!(post(&format!("<item><title>t</title>{item}</item>")).key, key, "{item}");
    }
    let rdf = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel/>\
               <item rdf:about='https://acme.example/1'><title>t</title><link>https://acme.example/1?x</link></item></rdf:RDF>";
    assert_eq!(posts(rdf)[0].key, "https://acme.example/1");
    let long = post(&format!("<item><guid>{}</guid><title>t</title></item>", "x".repeat(100_000))).key;
    assert!(long.starts_with("acme.example:") && long.len() == 45, "{long}");
}

#[test]
fn an_item_without_id_is_known_again_after_its_title_was_edited() {
    let key = |title| post(&format!("<item><title>{title}</title><link>https://acme.example/1</link></item>")).key;
    assert_eq!(key("Acme is down"), key("Acme is up again"));
}

#[test]
fn an_item_with_neither_id_nor_link_is_known_again_and_told_apart() {
    let keys = || {
        posts(rss("<item><title>a</title></item><item><title>b</title></item><item><title>a</title><pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate></item>")).into_iter().map(|post| post.key).collect::<Vec<_>>()
    };
    let first = keys();
    assert_eq!(first, keys());
    assert!(first[0] != first[1] && first[1] != first[2] && first[0] != first[2], "{first:?}");
}

#[test]
fn what_several_items_share_names_none_of_them() {
    let ids = "<item><title>a</title><guid>0</guid><link>https://acme.example/a</link></item><item><title>b</title><guid>0</guid><link>https://acme.example/b</link></item>";
    let keys: Vec<String> = posts(rss(ids)).into_iter().map(|post| post.key).collect();
    assert_eq!(keys, ["https://acme.example/a", "https://acme.example/b"]);
    let links = "<item><title>a</title><link>https://acme.example/</link></item><item><title>b</title><link>https://acme.example/</link></item>";
    let keys: Vec<String> = posts(rss(links)).into_iter().map(|post| post.key).collect();
    assert!(keys[0] != keys[1], "{keys:?}");
    // one item listed twice is one
    let twice = "<item><title>a</title><guid>7</guid><link>https://acme.example/a</link></item>".repeat(2);
    let keys: Vec<String> = posts(rss(&twice)).into_iter().map(|post| post.key).collect();
    assert_eq!(keys, ["acme.example:7", "acme.example:7"]);
}

#[test]
fn the_longer_of_content_and_summary_is_the_text() {
    for (item, text) in [
        (
            "<description>short</description><content:encoded><![CDATA[<p>long &amp; whole</p>]]></content:encoded>",
            "<p>long &amp; whole</p>",
        ),
        ("<description>this one is longer</description><content:encoded>short</content:encoded>", "this one is longer"),
        ("<description>&lt;b&gt;a&lt;/b&gt; &amp;amp; b</description>", "<b>a</b> &amp; b"),
        ("<description><p>naked <b>markup</b></p> and text</description>", "<p>naked <b>markup</b></p> and text"),
        ("<description>before <![CDATA[<i>in</i>]]> after &amp; more</description>", "before <i>in</i> after & more"),
        ("<media:group><media:description>from a video</media:description></media:group>", "from a video"),
        ("<itunes:summary>an episode</itunes:summary>", "an episode"),
        ("<dc:description>dublin</dc:description>", "dublin"),
    ] {
        assert_eq!(post(&format!("<item><guid>1</guid>{item}</item>")).text, text, "{item}");
    }
}

#[test]
fn titles_keep_their_words() {
    for (title, written, form) in [
        ("plain", "plain", TextForm::Plain),
        ("AT&amp;T", "AT&T", TextForm::Html),
        ("How to use &lt;AcmeButton&gt; in C++", "How to use &lt;AcmeButton> in C++", TextForm::Html),
        ("<![CDATA[A <b>bold</b> move]]>", "A <b>bold</b> move", TextForm::Html),
        ("&lt;em&gt;new&lt;/em&gt;", "<em>new</em>", TextForm::Html),
        ("&lt;blink&gt;new&lt;/blink&gt; &lt;blink&gt;", "<blink>new</blink> &lt;blink>", TextForm::Html),
        ("safe&lt;script&gt;run()&lt;/script&gt;", "safe<script>run()</script>", TextForm::Html),
    ] {
        let post = post(&format!("<item><guid>1</guid><title>{title}</title></item>"));
        assert_eq!((&post.title[..], post.form), (written, form), "{title}");
    }
    let atom = entry(
        "<entry><id>1</id><title>1 &lt; 2 &amp; &lt;b&gt;</title><content type='html'>&lt;p&gt;x&lt;/p&gt;</content></entry>",
    );
    assert_eq!((&atom.title[..], &atom.text[..]), ("1 &lt; 2 &amp; &lt;b&gt;", "<p>x</p>"));
}

#[test]
fn atom_says_more() {
    let read = entry(
        "<author><name>Editor</name></author>\
         <entry xml:base='https://blog.acme.example/2026/' xml:lang='de'><id>tag:acme.example,2026:1</id>\
         <title type='text'>A &amp; B</title><link rel='self' href='1.atom'/><link href='1.json' type='application/json'/>\
         <link href='1.html' type='text/html'/><link rel='related' href='https://other.example/page'/>\
         <link rel='replies' href='1/comments' thr:count='3'/><updated>2026-01-05T10:00:00Z</updated>\
         <author><name>Jane Doe</name><uri>/jane</uri><email>jane@acme.example</email></author>\
         <category term='outage' label='Outage'/><category term='de-1' label='Data centre'/><category term='acme' label='r/acme'/><category term='http://schemas.example/kind#post'/>\
         <content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>Down.</p></div></content></entry>",
    );
    assert_eq!(read.url, "https://blog.acme.example/2026/1.html");
    assert_eq!(read.target.as_deref(), Some("https://other.example/page"));
    assert_eq!(read.engagement.replies, Some(3));
    assert_eq!(read.published, date::parse("2026-01-05T10:00:00Z"));
    assert_eq!(read.lang.as_deref(), Some("de"));
    assert_eq!(read.tags, ["outage", "de-1", "Data centre", "acme"]);
    let author = read.author.expect("an author");
    assert_eq!((&author.name[..], author.url.as_deref()), ("Jane Doe", Some("https://blog.acme.example/jane")));
    assert!(read.text.contains("<p>Down.</p>"), "{}", read.text);
    assert_eq!(
        entry("<author><name>Editor</name></author><entry><id>1</id></entry>").author.map(|author| author.name),
        Some("Editor".into())
    );
}

#[test]
fn an_answer_in_a_thread_is_a_comment_of_what_it_answers() {
    let [root, reply] = &posts(atom(
        "<entry><id>7</id><title>a</title></entry><entry><id>8</id><title>b</title><thr:in-reply-to ref='7'/></entry>",
    ))[..] else {
        panic!("two")
    };
    assert_eq!((root.post_type, reply.post_type), (PostType::Article, PostType::Comment));
    assert_eq!((root.thread.as_ref(), reply.thread.as_ref()), (None, Some(&root.key)));
}

#[test]
fn replies_are_counted_where_the_feed_counts_them() {
    assert_eq!(post("<item><guid>1</guid><slash:comments>12</slash:comments></item>").engagement.replies, Some(12));
    assert_eq!(post("<item><guid>1</guid><slash:comments>many</slash:comments></item>").engagement.replies, None);
}

#[test]
fn a_submission_stands_where_it_is_discussed_and_points_to_its_page() {
    let submission = post(
        "<item><guid>https://acme.example/s/1</guid><link>https://other.example/news</link><comments>https://acme.example/s/1</comments></item>",
    );
    assert_eq!(
        (&submission.url[..], submission.target.as_deref()),
        ("https://acme.example/s/1", Some("https://other.example/news"))
    );
    let article = post(
        "<item><guid>1</guid><link>https://acme.example/news</link><comments>https://acme.example/news#comments</comments></item>",
    );
    assert_eq!((&article.url[..], article.target), ("https://acme.example/news", None));
}

#[test]
fn dates_of_every_form_reach_the_post() {
    for date in [
        "Mon, 05 Jan 2026 10:00:00 GMT",
        "2026-01-05 10:00:00",
        "Mon, 05 Jan 2026 12:00:00 EET",
        "Mon Jan  5 10:00:00 2026",
        "lun, 05 janvier 2026 10:00:00 GMT",
        "1767607200",
        "01/05/2026 10:00 AM",
    ] {
        for field in ["pubDate", "dc:date"] {
            let post = post(&format!("<item><guid>1</guid><{field}>{date}</{field}></item>"));
            assert_eq!(post.published, date::parse("2026-01-05T10:00:00Z"), "{date} in {field}");
        }
    }
    assert_eq!(post("<item><guid>1</guid><pubDate>soon</pubDate></item>").published, None);
}

#[test]
fn formats_that_feed_rs_does_not_know_are_read() {
    let atom_03 = "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><entry><id>1</id><title mode='escaped' type='text/html'>a &amp;amp; b</title><issued>2026-01-05T10:00:00Z</issued><modified>2026-01-06T10:00:00Z</modified></entry></feed>";
    let rss_090 = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://my.netscape.com/rdf/simple/0.9/'><item><title>a</title><link>https://acme.example/1</link></item></rdf:RDF>";
    let userland = "<rss version='2.0' xmlns='http://backend.userland.com/rss2'><channel><item><title>a</title></item></channel></rss>";
    let shouting =
        "<RSS VERSION='2.0'><CHANNEL><ITEM><TITLE>a</TITLE><LINK>https://acme.example/1</LINK></ITEM></CHANNEL></RSS>";
    let cdf = "<CHANNEL HREF='https://acme.example/'><ITEM HREF='https://acme.example/1' LASTMOD='2026-01-05'><TITLE>a</TITLE><ABSTRACT>b</ABSTRACT></ITEM></CHANNEL>";
    let prefixed =
        "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry><a:id>1</a:id><a:title>a</a:title></a:entry></a:feed>";
    let single = "<entry xmlns='http://www.w3.org/2005/Atom'><id>1</id><title>a</title></entry>";
    for feed in [atom_03, rss_090, userland, shouting, cdf, prefixed, single] {
        let [post] = &posts(feed)[..] else { panic!("one post in {feed}") };
        assert!(post.title.starts_with('a') && !post.key.is_empty(), "{post:?} of {feed}");
    }
    assert_eq!(posts(atom_03)[0].published, date::parse("2026-01-05T10:00:00Z"));
    assert_eq!(posts(cdf)[0].url, "https://acme.example/1");
}

#[test]
fn json_feeds_need_not_be_to_the_letter() {
    let json = r#"{"home_page_url": "https://acme.example/", "author": {"name": "Editor"}, "language": "fr", "items": [
        {"id": 41, "url": "/41", "external_url": "https://other.example/", "title": "a < b", "content_html": "<p>x</p>", "summary": "x",
         "date_published": "2026-01-05T10:00:00+00:00", "tags": ["one", " two ", 3], "authors": [{"name": "Jane", "url": "https://jane.example"}]},
        {"id": "https://acme.example/42", "content_text": "only text"}, "nonsense"]}"#;
    let feed = feed(json);
    assert_eq!(feed.repaired, ["no version of JSON Feed", "ids that are no strings"]);
    let [Ok(first), Ok(second), Err(third)] = &feed.posts[..] else { panic!("{:?}", feed.posts) };
    assert_eq!((&first.key[..], &first.url[..]), ("acme.example:41", "https://www.acme.example/41"));
    assert_eq!(first.target.as_deref(), Some("https://other.example/"));
    assert_eq!((&first.title[..], &first.text[..]), ("a &lt; b", "<p>x</p>"));
    assert_eq!((&first.tags[..], first.lang.as_deref()), (&["one".to_owned(), "two".to_owned()][..], Some("fr")));
    assert_eq!(first.author.as_ref().map(|author| &author.name[..]), Some("Jane"));
    assert_eq!(
        (&second.url[..], &second.text[..], second.form),
        ("https://acme.example/42", "only text", TextForm::Plain)
    );
    assert_eq!(second.author.as_ref().map(|author| &author.name[..]), Some("Editor"));
    assert_eq!(third.what, "\"nonsense\"");
}

#[test]
fn an_item_without_anything_is_rejected_and_the_others_are_kept() {
    let feed =
        feed(rss("<item/><item><pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate></item><item><title>a</title></item>"));
    assert_eq!(feed.posts.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn no_bytes_make_it_panic() {
    let feed = two();
    let insertions: [&[u8]; 12] =
        [b"<", b">", b"&", b"<![CDATA[", b"]]>", b"<!--", b"</", b"\0", b"\xff", b"<item>", b"\"", b"<?"];
    for at in (0..feed.len()).rev().take(150) {
        for insertion in insertions {
            let body = [&feed.as_bytes()[..at], insertion, &feed.as_bytes()[at..]].concat();
            // Any answer will do, as long as there is one and it is the same the second time.
            assert_eq!(read(&answer(body.clone(), None)), read(&answer(body, None)));
        }
    }
}

#[test]
fn a_feed_broken_in_one_place_keeps_its_posts() {
    let one = "<item><title>One</title><link>https://acme.example/1</link></item>";
    let two = "<item><title>Two</title><link>https://acme.example/2</link></item>";
    let mut lost = Vec::new();
    for broken in [
        format!("<rss version=2.0><channel>{one}{two}</channel></rss>"),
        format!("<rss version=\"2.0\" version=\"2.0\"><channel>{one}{two}</channel></rss>"),
        format!("<rss><channel><item class=><title>One</title></item>{two}</channel></rss>"),
        format!("<rss><channel>{one}{two}"),
        format!("<rss><channel>{one}{two}</channel></rss"),
        format!("<rss><channel>{one}{two}</channel></rss>\n<!-- cached --> </html> 12 & <br>"),
        format!("<channel>{one}{two}</channel>"),
        format!("<?xml version='1.0'?>\n\n<?xml version='1.0'?><rss><channel>{one}{two}</channel></rss>"),
        format!("\u{feff} \u{feff}junk & <b>more<rss><channel>{one}{two}</channel></rss>"),
        format!("<rss><channel><x:y>z</x:y><title>A & B</title>{one}<nope:item/>{two}</channel></rss>"),
        format!("<rss><channel><description><![CDATA[never closed</description>{one}{two}</channel></rss>"),
        format!("<rss><channel><!-- never closed {one}{two}</channel></rss>"),
        format!("<rss><channel><title>Acme</titel>{one}{two}</channel></rss>"),
        format!("<rss><channel><title>Acme{one}{two}</channel></rss>"),
        format!("<rss><channel><title Acme</title>{one}{two}</channel></rss>"),
        format!("<rss><channel><image><title>x</image>{one}</item></item>{two}</channel></channel></rss>"),
        format!("<rss><channel><1st>x</1st><a b='<'>{one}{two}</channel></rss>"),
        format!("<rss><channel>{one}<item><title>Two</title><description>a <b>c</i> <p>d & &foo; &#2; <3 <</description></item></rss>"),
        format!("<rss><channel>{one}<item><title>Two</title><enclosure url=a.mp3 length=1></item></channel></rss>"),
        format!("<RSS><Channel>{}{two}</CHANNEL></RSS>", one.to_uppercase().replace("ONE", "One")),
        format!("<rdf:RDF><channel><items><rdf:Seq><rdf:li></items></channel>{one}{two}</rdf:RDF>"),
        "<rss><channel><item><title>One</title><item><title>Two</title></channel></rss>".to_owned(),
        "<rss><channel><item><title>One</title></item><title>Two</title></item></channel></rss>"
            .replace("</item><title>Two", "</item><item><title>Two"),
        "<feed><entry><id>1</id><title>One<entry><id>2</id><title>Two</entry></feed>".to_owned(),
        "<feed><entry><title type=html>One</title><content type=xhtml><div><p>x</content></entry><entry><title>Two</title></feed>"
            .to_owned(),
    ] {
        let read = read(&answer(broken.clone(), None));
        if !read.as_ref().is_ok_and(|read| titles(read) == ["One", "Two"]) {
            lost.push(format!("{broken}\n    {read:?}"));
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

#[test]
fn an_item_says_the_same_in_whichever_of_its_forms() {
    for (item, expected) in [
        ("<entry><id>/p/1</id></entry>", "https://www.acme.example/p/1"),
        ("<entry><id>p1</id></entry>", "acme.example:p1"),
        ("<entry xml:base='https://blog.acme.example/a/'><id>p1</id></entry>", "https://blog.acme.example/a/p1"),
        ("<entry><id xml:base='/a/'>p1</id></entry>", "https://www.acme.example/a/p1"),
        (
            "<entry xml:base='https://blog.acme.example/'><id>tag:acme.example,2026:1</id></entry>",
            "tag:acme.example,2026:1",
        ),
    ] {
        assert_eq!(entry(item).key, expected, "{item}");
    }
    for (entries, lang) in [
        ("<entry><id>1</id><title xml:lang='de'>x</title></entry>", "de"),
        (
            "<entry xml:lang='fr'><id>1</id><title xml:lang='de'>x</title><content xml:lang='nl'>y</content></entry>",
            "nl",
        ),
        ("<entry xml:lang='fr'><id>1</id><title>x</title></entry>", "fr"),
    ] {
        assert_eq!(entry(entries).lang.as_deref(), Some(lang), "{entries}");
    }
    for (links, url) in [
        (
            "<link rel='enclosure'>https://acme.example/a</link><link rel='alternate'>https://acme.example/b</link>",
            "https://acme.example/b",
        ),
        ("<link rel='enclosure' href='https://acme.example/a.mp3'/><link href='/b'/>", "https://www.acme.example/b"),
    ] {
        assert_eq!(entry(&format!("<entry><id>1</id>{links}</entry>")).url, url, "{links}");
    }
    let twice =
        entry("<entry><id>1</id><issued>2026-01-01T00:00:00Z</issued><issued>2026-01-02T00:00:00Z</issued></entry>");
    assert_eq!(twice.published, date::parse("2026-01-02T00:00:00Z"));
    let escaped = entry("<entry><id>1</id><content type='application/docbook+xml'>&lt;para/></content></entry>");
    assert_eq!((&escaped.text[..], escaped.form), ("<para/>", TextForm::Plain));
    let only_a_link = post("<item><link>https://acme.example/1</link></item>");
    assert_eq!(only_a_link.title, "https://acme.example/1");
}

#[test]
fn what_the_answer_says_counts_where_the_feed_says_nothing() {
    let text = "<feed><entry><id>1</id><title>x</title><link href='page'/></entry></feed>";
    let read = |headers: &[(&str, &str)]| {
        let mut answer = answer(text, None);
        answer.headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let post = super::read(&answer).expect("a feed").posts.remove(0).expect("a post");
        (post.url, post.lang)
    };
    let own = "https://www.acme.example/news/page".to_owned();
    for (place, url) in [
        ("https://blog.acme.example/a/feed", "https://blog.acme.example/a/page"),
        ("/a/feed.xml", "https://www.acme.example/a/page"),
        ("feed.xml", &own[..]),
        ("http://backend:8080/a/feed", &own[..]),
        ("http://10.0.0.1/a/feed", &own[..]),
        ("javascript:alert(1)", &own[..]),
    ] {
        assert_eq!(read(&[("content-location", place)]).0, url, "{place}");
    }
    assert_eq!(read(&[("content-language", "de")]).1.as_deref(), Some("de"));
    assert_eq!(read(&[("content-language", "de, en")]).1, None);
}
