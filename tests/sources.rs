//! Do sources come into sources.toml as README says: found at an address, out of a list, and back into one?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::collector::Collector;
use common::home::{Home, feed};
use common::spawned::{Ended, Spawned, overheard};
use common::until;
use common::web::{Page, Web};

const OURS: &str = "# Where we listen.   \n\n";

fn html(body: &str) -> Page {
    Page::Ok { content_type: "text/html", body: body.to_owned().into(), headers: Vec::new() }
}

fn sources(home: &Home) -> String {
    std::fs::read_to_string(home.sources()).unwrap()
}

async fn home() -> (Home, Web, String) {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let ours = format!("{OURS}{}", feed(&web, "news"));
    (Home::new(&ours, &collector), web, ours)
}

fn import(home: &Home, list: &str, more: &[&str]) -> Ended {
    home.write("list.opml", list);
    let file = home.dir.path().join("list.opml");
    let arguments = [&["sources", "import", file.to_str().unwrap()], more].concat();
    overheard(home, &arguments)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_that_a_page_names_is_tried_and_appended_and_the_daemon_takes_it_in() {
    let (home, web, ours) = home().await;
    web.set("news.test", "/feed.xml", Page::rss(&[]));
    let head = "<html><head><link rel=alternate type=application/rss+xml title=Comments href=/comments/feed>\
                <link rel=alternate type=application/atom+xml title=Blog href=posts.php></head></html>";
    web.set("blog.test", "/", html(head));
    web.set("blog.test", "/posts.php", Page::rss(&[("/1", "Acme \u{1b}[31mships", ""), ("/2", "Acme hires", "")]));
    let url = web.url("blog.test", "/");
    let asked = overheard(&home, &["sources", "add", &url]);
    assert_eq!(asked.code, 1, "{}{}", asked.out, asked.err);
    assert!(asked.out.contains("--yes") && asked.out.contains("[[source]]"), "{}", asked.out);
    assert!(asked.out.contains("2 posts") && asked.out.contains("Acme hires"), "{}", asked.out);
    assert!(!asked.out.contains('\u{1b}'), "nothing foreign acts on the terminal");
    assert_eq!(sources(&home), ours, "nothing is written before somebody agrees");
    assert_eq!(overheard(&home, &["sources", "add", &url, "--dry-run"]).code, 0);
    assert_eq!(sources(&home), ours);

    let daemon = Spawned::start(&home).await;
    let added = overheard(&home, &["sources", "add", &url, "--yes", "--tag", "Our Blog", "--every", "15m"]);
    assert_eq!(added.code, 0, "{}{}", added.out, added.err);
    assert!(added.out.contains("by itself"), "{}", added.out);
    let block = format!(
        "\n[[source]]\nname = \"blog.test\"\nkind = \"rss\"\nurl = \"{}\"\nevery = \"15m\"\ntags = [\"our-blog\"]\n",
        web.url("blog.test", "/posts.php")
    );
    assert_eq!(sources(&home), format!("{ours}{block}"), "byte for byte, and behind it");
    until("the new source", async || {
        let list = daemon.get("/api/v1/sources").await;
        list["sources"].as_array()?.iter().any(|source| source["name"] == "blog.test").then_some(())
    })
    .await;
    let again = overheard(&home, &["sources", "add", &url, "--yes"]);
    assert!(again.code == 1 && again.out.contains("`blog.test`"), "{}{}", again.out, again.err);
    assert!(daemon.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_does_not_name_is_looked_for_where_it_usually_is_and_not_for_long() {
    let (home, web, ours) = home().await;
    web.set("quiet.test", "/", html("<p>Hello"));
    web.set("quiet.test", "/rss.xml", Page::rss(&[("/1", "Found", "")]));
    let found = overheard(&home, &["sources", "add", &web.url("quiet.test", "/"), "--dry-run"]);
    assert!(found.code == 0 && found.out.contains("/rss.xml"), "{}{}", found.out, found.err);

    home.write("sources.toml", &format!("{ours}[hosts.\"*.test\"]\nper_second = 100\n"));
    web.set("none.test", "/", html("<p>Hello"));
    let none = overheard(&home, &["sources", "add", &web.url("none.test", "/"), "--yes"]);
    assert!(none.code == 1 && none.out.contains("No way"), "{}{}", none.out, none.err);
    assert!(web.count("none.test") <= 12, "{}", web.count("none.test"));
    let robots = Page::Ok {
        content_type: "text/plain",
        body: format!("Sitemap: {}\n", web.url("maps.test", "/list")).into(),
        headers: Vec::new(),
    };
    web.set("maps.test", "/", html("<p>Welcome</p>"));
    web.set("maps.test", "/robots.txt", robots);
    let sitemap = format!("<urlset><url><loc>{}</loc></url></urlset>", web.url("maps.test", "/a-page"));
    web.set("maps.test", "/list", html(&sitemap));
    let map = overheard(&home, &["sources", "add", &web.url("maps.test", "/"), "--dry-run"]);
    assert!(map.out.contains("sitemap ("), "{}{}", map.out, map.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_cannot_be_met_is_told_and_nothing_is_written() {
    let (home, web, ours) = home().await;
    web.set("blog.test", "/feed.xml", Page::rss(&[("/1", "One", "")]));
    let url = web.url("blog.test", "/feed.xml");
    for (arguments, code, said) in [
        (vec!["sources", "add", "mailto:jane@acme.example", "--yes"], 2, "address"),
        (vec!["sources", "add", &url, "--yes", "--kind", "rsss"], 2, "did you mean `rss`"),
        (vec!["sources", "add", &url, "--yes", "--every", "1s"], 2, "too short"),
        (vec!["sources", "add", &url, "--yes", "--kind", "bluesky"], 1, "No way"),
    ] {
        let ended = overheard(&home, &arguments);
        assert_eq!(ended.code, code, "{arguments:?} {}{}", ended.out, ended.err);
        assert!(format!("{}{}", ended.out, ended.err).contains(said), "{arguments:?} {}{}", ended.out, ended.err);
        assert_eq!(sources(&home), ours);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_imported_with_its_folders_and_every_fault_has_its_line() {
    let (home, web, ours) = home().await;
    let list = format!(
        "<opml>\n<body><outline text='Cloud News'>\n\
         <outline text='News' xmlUrl='https://a.example/feed?x=1&y=2'/>\n\
         <outline text='Again' xmlUrl='http://www.a.example/feed?y=2&amp;x=1'/>\n\
         <outline text='Ours' xmlUrl='{}'/>\n\
         <outline type='rss' text='Broken'/>\n\
         <outline text='Übersee' type='rss' xmlUrl='https://b.example/feed'>\n",
        web.url("news.test", "/feed.xml")
    );
    let asked = import(&home, &list, &[]);
    assert!(asked.code == 1 && asked.out.contains("2 to add, 2 skipped"), "{}{}", asked.out, asked.err);
    assert_eq!(sources(&home), ours);
    let done = import(&home, &list, &["--yes", "--tag", "imported", "--every", "1h"]);
    assert_eq!(done.code, 1, "a fault was told: {}{}", done.out, done.err);
    assert!(
        done.out.contains("list.opml:6:") && done.out.contains("2 added, 2 skipped, 1 with faults"),
        "{}",
        done.out
    );
    let rest = "every = \"1h\"\ntags = [\"cloud-news\", \"imported\"]\n";
    let block =
        |name: &str, url: &str| format!("\n[[source]]\nname = \"{name}\"\nkind = \"rss\"\nurl = \"{url}\"\n{rest}");
    let blocks = block("news-2", "https://a.example/feed?x=1&y=2") + &block("ubersee", "https://b.example/feed");
    assert_eq!(sources(&home), format!("{ours}{blocks}"));
    assert_eq!(overheard(&home, &["check"]).code, 0);
    let again = import(&home, "https://a.example/feed?x=1&y=2\n", &["--yes"]);
    assert!(again.code == 0 && again.out.contains("0 to add, 1 skipped"), "{}", again.out);
    let unreadable = import(&home, "<html><p>Log in</p></html>", &["--yes"]);
    assert!(unreadable.code == 2 && unreadable.err.contains("not a list of feeds"), "{}", unreadable.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_sources_than_may_be_are_refused_before_anything_is_written() {
    let (home, _web, ours) = home().await;
    let list: String = (0..10_000).map(|number| format!("https://a.example/{number}\n")).collect();
    let ended = import(&home, &list, &["--yes"]);
    assert!(ended.code == 2 && ended.err.contains("10001"), "{}{}", ended.out, ended.err);
    assert_eq!(sources(&home), ours);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_makes_the_same_sources_again_and_no_secret_leaves() {
    let (home, _web, _) = home().await;
    home.write("config/token", "hush-hush");
    let blocks = "[[source]]\nname = \"blog\"\nkind = \"rss\"\nurl = \"https://jane:hush-hush@acme.example/feed?a=1&b=2\"\ntags = [\"one\", \"two\"]\n\
         [[source]]\nname = \"videos\"\nkind = \"youtube\"\nchannel = \"UCacmeacmeacmeacmeacme01\"\nevery = \"1h\"\n\
         [[source]]\nname = \"hn\"\nkind = \"hacker_news\"\nquery = \"\\\"acme cloud\\\"\"\n\
         [[source]]\nname = \"forum\"\nkind = \"discourse\"\nurl = \"https://community.acme.example\"\napi_key = { file = \"HOME/config/token\" }\n";
    home.write("sources.toml", blocks);
    let file = home.dir.path().join("out.opml");
    let exported = overheard(&home, &["sources", "export", file.to_str().unwrap()]);
    assert!(exported.code == 0 && exported.out.contains("4 sources"), "{}{}", exported.out, exported.err);
    assert!(exported.out.contains("Without their secrets: blog, forum"), "{}", exported.out);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("hush") && !text.contains("config/token"), "{text}");
    assert!(text.contains("feeds/videos.xml?channel_id=") && text.contains("https://community.acme.example/posts.rss"));
    assert_eq!(overheard(&home, &["sources", "export", file.to_str().unwrap()]).code, 2, "never over a file");

    home.write("sources.toml", "");
    let back = import(&home, &text, &["--yes"]);
    assert_eq!(back.code, 0, "{}{}", back.out, back.err);
    let kept: toml::Table = toml::from_str(&sources(&home)).unwrap();
    let mut meant: toml::Table = toml::from_str(&blocks.replace("jane:hush-hush@", "")).unwrap();
    meant["source"][3].as_table_mut().unwrap().remove("api_key");
    assert_eq!(kept, meant);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_from_elsewhere_cannot_make_a_secret_go_where_it_says() {
    let (home, _web, ours) = home().await;
    let block = "[[source]]&#10;name = 'x'&#10;kind = 'discourse'&#10;url = 'https://evil.example'&#10;api_key = { file = '/etc/passwd' }";
    let list = format!("<opml><body>\n<outline text='x' overheard:source=\"{block}\"/></body></opml>");
    let ended = import(&home, &list, &["--yes"]);
    assert!(ended.code == 1 && ended.out.contains(":2:") && ended.out.contains("secret"), "{}{}", ended.out, ended.err);
    assert_eq!(sources(&home), ours);
}
