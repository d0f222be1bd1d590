//! Does the whole line do what it says, from a feed on the web to a signed webhook, over edits, restarts and reloads?

mod common;

use common::collector::Collector;
use common::home::{Home, feed};
use common::inside::{Inside, START};
use common::web::{Page, Web};
use overheard::model::{Duration, Health, View};
use overheard::pipeline::data::Data;

const LONG: &str = "The dashboard of Acme Cloud shows errors since nine o'clock and nobody answers at the support desk";

async fn one_feed() -> (Web, Collector, Home) {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&feed(&web, "news"), &collector);
    (web, collector, home)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matching_post_reaches_the_webhook_signed_and_with_its_reason() {
    let (web, collector, home) = one_feed().await;
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", LONG), ("/2", "Weather", "Sunny.")]));
    let inside = Inside::start(&home).await;
    let received = inside.until("the webhook", async || collector.received().into_iter().next()).await;

    assert!(received.signed, "the signature fits");
    let data = &received.body["data"];
    assert_eq!(data["post"]["title"], "Acme is down");
    assert_eq!(data["post"]["url"], "http://site.test/1");
    assert_eq!(data["receiver"], "hook");
    assert!(data.to_string().contains("(default)"), "names the route: {data:#}");
    assert!(data.to_string().contains("acme"), "names the clause: {data:#}");
    assert_eq!(inside.titles("acme"), ["Acme is down"]);
    assert_eq!(inside.titles(""), ["Acme is down", "Weather"], "what no watch matched is archived too");
    inside.next_poll("news").await;
    assert_eq!(collector.received().len(), 1, "a post read again alerts nobody");
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_a_story_alert_once_and_are_all_kept() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&[feed(&web, "news"), feed(&web, "copy")].concat(), &collector);
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", LONG)]));
    web.set("copy.test", "/feed.xml", Page::rss(&[]));
    let inside = Inside::start(&home).await;
    inside.until("the webhook", async || collector.received().into_iter().next()).await;
    web.set("copy.test", "/feed.xml", Page::rss(&[("/other/page", "Copied: Acme is down", LONG)]));
    inside.until("the copy", async || (inside.health("copy").counts.mention == 1).then_some(())).await;

    let found = inside.search("acme");
    assert_eq!(found.total, 2);
    assert_eq!(found.results[0].story, found.results[1].story);
    inside.next_poll("copy").await;
    assert_eq!(collector.titles(), ["Acme is down"]);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_post_is_archived_anew_and_alerts_nobody() {
    let (web, collector, home) = one_feed().await;
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", LONG)]));
    let inside = Inside::start(&home).await;
    inside.until("the webhook", async || collector.received().into_iter().next()).await;
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down (solved)", LONG)]));
    inside.until("the edit", async || (inside.health("news").counts.edited == 1).then_some(())).await;

    assert_eq!(inside.titles("acme"), ["Acme is down (solved)"]);
    inside.next_poll("news").await;
    assert_eq!(collector.received().len(), 1);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_posts_of_a_new_source_are_archived_but_alert_nobody() {
    let (web, collector, home) = one_feed().await;
    let dated = |path: &str, title: &str, hours: u64| {
        let date = (START - Duration::hours(hours)).to_string();
        format!(
            "<item><guid>{path}</guid><link>http://site.test{path}</link><title>{title}</title><pubDate>{date}</pubDate></item>"
        )
    };
    let body = |items: &[String]| Page::Ok {
        content_type: "application/rss+xml",
        body: format!("<rss version=\"2.0\"><channel><title>f</title>{}</channel></rss>", items.concat()).into(),
        headers: Vec::new(),
    };
    let (old, late) = (dated("/1", "Acme was down", 5), dated("/2", "Acme news found late", 4));
    web.set("news.test", "/feed.xml", body(std::slice::from_ref(&old)));
    let inside = Inside::start(&home).await;
    inside.until("the first poll", async || (inside.health("news").counts.mention == 1).then_some(())).await;
    // A site's date is no watermark: what appears after the first poll is new, whatever its date says.
    web.set("news.test", "/feed.xml", body(&[old, late]));
    inside.until("the webhook", async || collector.received().into_iter().next()).await;

    assert_eq!(collector.titles(), ["Acme news found late"]);
    assert_eq!(inside.titles("acme"), ["Acme news found late", "Acme was down"]);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_feed_is_asked_conditionally_and_writes_nothing() {
    let (web, collector, home) = one_feed().await;
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", LONG)]).header("etag", "\"v1\""));
    let inside = Inside::start(&home).await;
    inside.until("the webhook", async || collector.received().into_iter().next()).await;
    inside.until("the verdict", async || inside.nothing_waits().then_some(())).await;
    let position = inside.daemon.store.position();
    inside.next_poll("news").await;

    let last = web.asked().into_iter().rev().find(|asked| asked.host == "news.test").unwrap();
    assert_eq!(last.headers["if-none-match"], "\"v1\"");
    assert_eq!(inside.daemon.store.position(), position);
    assert_eq!(inside.health("news").health, Health::Ok);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_it_stopped() {
    let (web, collector, home) = one_feed().await;
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", LONG)]).header("etag", "\"v1\""));
    collector.answer_with(&[503, 503]);
    let inside = Inside::start(&home).await;
    inside.until("the first attempt", async || collector.received().into_iter().next()).await;
    let now = inside.stop().await;
    let asked = web.count("news.test");
    let inside = Inside::start_at(&home, now).await.unwrap();
    inside.until("the delivery", async || collector.titles().pop()).await;
    inside.until("a poll", async || (web.count("news.test") > asked).then_some(())).await;

    let ids: Vec<String> = collector.received().into_iter().map(|received| received.id).collect();
    assert!(ids.len() >= 3 && ids.iter().all(|id| *id == ids[0]), "one id over retries and restarts: {ids:?}");
    assert!(web.asked()[asked].headers.contains_key("if-none-match"), "validators survive");
    assert_eq!(inside.titles("acme"), ["Acme is down"]);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn views_made_anew_answer_as_before_and_alert_nobody() {
    let (web, collector, home) = one_feed().await;
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", LONG), ("/2", "Weather", "Sunny.")]));
    let inside = Inside::start(&home).await;
    inside.until("the webhook", async || collector.received().into_iter().next()).await;
    let before = inside.search("");
    let now = inside.stop().await;
    Data::discard_views(&home.data()).unwrap();
    let inside = Inside::start_at(&home, now).await.unwrap();
    inside.next_poll("news").await;

    assert_eq!(format!("{:?}", inside.search("").results), format!("{:?}", before.results));
    assert_eq!(collector.received().len(), 1);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_while_running_is_a_whole_daemon() {
    let (web, collector, home) = one_feed().await;
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", LONG)]));
    let inside = Inside::start(&home).await;
    inside
        .until("the delivery", async || {
            inside.nothing_waits().then_some(()).filter(|()| !collector.titles().is_empty())
        })
        .await;
    let copy = home.dir.path().join("copy");
    inside.daemon.backup(copy.clone()).await.unwrap();
    let again = inside.daemon.backup(copy.clone()).await;
    assert!(again.is_err(), "a backup never overwrites");
    let now = inside.stop().await;

    std::fs::remove_dir_all(home.data()).unwrap();
    std::fs::rename(&copy, home.data()).unwrap();
    let inside = Inside::start_at(&home, now).await.unwrap();
    assert_eq!(inside.titles("acme"), ["Acme is down"]);
    inside.next_poll("news").await;
    assert_eq!(collector.received().len(), 1, "what was delivered before the backup is not sent again");
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_the_same_data_is_refused() {
    let (web, collector, home) = one_feed().await;
    web.set("news.test", "/feed.xml", Page::rss(&[]));
    let inside = Inside::start(&home).await;
    let refused = Inside::start_at(&home, START).await.err().map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(refused.contains(&std::process::id().to_string()), "names who holds it: {refused}");
    drop(collector);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_configuration_changes_nothing_and_a_good_one_is_taken() {
    let (web, collector, home) = one_feed().await;
    web.set("news.test", "/feed.xml", Page::rss(&[]));
    let inside = Inside::start(&home).await;
    home.write("config/watches.toml", "[[watch]]\nname = \"acme\"\nquery = \"acme AND (\"\n");
    let problem = async || inside.daemon.condition().problems.pop();
    let problem = inside.until("the rejection", problem).await;
    assert!(problem.contains("watches.toml:3"), "says where: {problem}");
    assert_eq!(inside.daemon.config().watches.specs().len(), 1, "the old one runs on");

    home.write("config/watches.toml", "[[watch]]\nname = \"weather\"\nquery = \"weather\"\n");
    inside.until("the change", async || inside.daemon.config().watches.get("weather").map(|_| ())).await;
    assert!(inside.daemon.condition().problems.is_empty());
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", LONG), ("/2", "Weather", "Sunny.")]));
    inside.until("the webhook", async || collector.received().into_iter().next()).await;
    assert_eq!(collector.titles(), ["Weather"]);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_post_of_a_page_ends_in_one_counted_outcome() {
    let (web, collector, home) = one_feed().await;
    let item = |path: &str, title: &str, text: &str| {
        format!("<item><guid>{path}</guid><title>{title}</title><description>{text}</description></item>")
    };
    let (news, weather) = (item("1", "Acme is down", LONG), item("2", "Weather", "Sunny."));
    let nothing = "<item><guid>3</guid></item>";
    let body = format!("<rss version=\"2.0\"><channel>{news}{weather}{weather}{nothing}</channel></rss>");
    let page = Page::Ok { content_type: "application/rss+xml", body: body.into(), headers: Vec::new() };
    web.set("news.test", "/feed.xml", page);
    let inside = Inside::start(&home).await;
    inside.until("the poll", async || (inside.health("news").counts.total() > 0).then_some(())).await;
    let counts = inside.health("news").counts;
    assert_eq!((counts.mention, counts.unmatched, counts.already_seen, counts.rejected), (1, 1, 1, 1), "{counts:?}");
    drop(collector);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_past_their_age_leave_the_archive_and_are_still_known() {
    let (web, collector, home) = one_feed().await;
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", LONG), ("/2", "Weather", "Sunny.")]));
    let inside = Inside::start(&home).await;
    inside.until("the webhook", async || collector.received().into_iter().next()).await;
    assert_eq!(inside.titles(""), ["Acme is down", "Weather"]);
    inside.hands.advance(Duration::days(31));
    let gone = async || (inside.titles("") == ["Acme is down"]).then_some(());
    inside.until("the other post's end", gone).await;
    web.set("news.test", "/feed.xml", Page::rss(&[("/2", "Weather", "Sunny."), ("/1", "Acme is down", LONG)]));
    inside
        .until("it to be listed again", async || (inside.health("news").counts.already_seen == 2).then_some(()))
        .await;
    assert_eq!(inside.health("news").counts.unmatched, 1, "what is listed still is not new");
    let journal = home.data().join("journal");
    let segments = || std::fs::read_dir(&journal).unwrap().count();
    inside.until("the journal's compaction", async || (segments() > 1).then_some(())).await;
    let now = inside.stop().await;

    Data::discard_views(&home.data()).unwrap();
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", LONG), ("/2", "Weather", "Sunny.")]));
    let inside = Inside::start_at(&home, now).await.unwrap();
    inside.until("a poll", async || (inside.health("news").counts.already_seen == 2).then_some(())).await;
    assert_eq!(inside.titles(""), ["Acme is down"], "a rebuild brings nothing back");
    assert_eq!(collector.received().len(), 1, "and alerts nobody");
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_built_from_a_journal_that_somebody_lost() {
    let (web, collector, home) = one_feed().await;
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", LONG)]));
    let inside = Inside::start(&home).await;
    inside.until("the webhook", async || collector.received().into_iter().next()).await;
    let now = inside.stop().await;
    let journal = home.data().join("journal");
    let kept = home.dir.path().join("kept");
    std::fs::rename(&journal, &kept).unwrap();

    for _ in 0..2 {
        let refused = Inside::start_at(&home, now).await.err().map(|error| format!("{error:#}")).unwrap_or_default();
        assert!(refused.contains("restore the journal from a backup"), "{refused}");
    }
    std::fs::remove_dir_all(&journal).unwrap();
    std::fs::rename(&kept, &journal).unwrap();
    let inside = Inside::start_at(&home, now).await.unwrap();
    assert_eq!(inside.titles("acme"), ["Acme is down"]);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_file_is_not_taken() {
    let (web, _collector, home) = one_feed().await;
    web.set("news.test", "/feed.xml", Page::rss(&[]));
    let inside = Inside::start(&home).await;
    for name in ["config/watches.toml", "config/routes.toml", "sources.toml"] {
        let before = std::fs::read_to_string(home.dir.path().join(name)).unwrap();
        home.write(name, "");
        assert!(inside.daemon.reload().await.is_err(), "{name}");
        home.write(name, &before);
    }
    assert!(inside.daemon.reload().await.is_ok(), "as it was");
    inside.stop().await;
}
