//! Does the HTTP front answer what it should, and refuse whom it should?
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::collector::Collector;
use common::home::{Home, feed};
use common::inside::{Inside, START};
use common::web::{Page, Web};
use overheard::model::{Duration, Event, Health, Ledger};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Status, headers in lower case, body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

/// Speaks HTTP by hand, so that a test can send any header it likes.
async fn send(inside: &Inside, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = tokio::net::TcpStream::connect(inside.daemon.address).await.unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "host") {
        request += &format!("host: {}\r\n", inside.daemon.address);
    }
    headers.iter().for_each(|(name, value)| request += &format!("{name}: {value}\r\n"));
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.unwrap();
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

async fn get(inside: &Inside, path: &str) -> Answer {
    send(inside, "GET", path, &[], "").await
}

async fn with_one_mention() -> (Inside, Web, Collector, Home) {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&feed(&web, "news"), &collector);
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme &lt;script&gt;is down", "It is down.")]));
    let inside = Inside::start(&home).await;
    inside.until("the webhook", async || collector.received().into_iter().next()).await;
    inside.search("");
    (inside, web, collector, home)
}

#[tokio::test(flavor = "multi_thread")]
async fn search_answers_with_highlights_and_says_what_is_wrong_with_a_query() {
    let (inside, _web, _collector, _home) = with_one_mention().await;
    let found = get(&inside, "/api/v1/search?query=acme%20AND%20down&sort=best").await.json();
    assert_eq!(found["total"], 1);
    let result = &found["results"][0];
    assert_eq!(result["title"]["highlights"][0], json!({ "start": 0, "end": 4 }));
    assert_eq!(result["watches"], json!(["acme"]));
    assert!(result["score"]["total"].as_u64().unwrap() > 0);

    let wrong = get(&inside, "/api/v1/search?query=acme%20AND%20(").await;
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.json()["error"]["code"], "bad_query");
    assert!(wrong.json()["error"]["span"]["start"].as_u64().unwrap() >= 9, "{}", wrong.body);
    for path in [
        "/api/v1/search?limit=0",
        "/api/v1/search?limit=1001",
        "/api/v1/search?limit=x",
        "/api/v1/search?sort=odd",
        "/api/v1/search?querry=x",
    ] {
        assert_eq!(get(&inside, path).await.status, 400, "{path}");
    }
    let far = get(&inside, "/api/v1/search?query=acme&offset=999999").await;
    assert_eq!((far.status, far.json()["error"]["code"].as_str()), (400, Some("bad_request")), "{}", far.body);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_our_own_host_is_answered() {
    let (inside, _web, _collector, _home) = with_one_mention().await;
    let port = inside.daemon.address.port();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        ("LOCALHOST".to_owned(), 200),
        (format!("[::1]:{port}"), 200),
        ("evil.example".to_owned(), 421),
        (format!("evil.example:{port}"), 421),
        ("127.0.0.1.evil.example".to_owned(), 421),
        (String::new(), 421),
    ] {
        assert_eq!(send(&inside, "GET", "/", &[("host", &host)], "").await.status, status, "{host}");
    }
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_something_needs_the_token_and_no_foreign_origin() {
    let (inside, _web, _collector, home) = with_one_mention().await;
    let left: Value = serde_json::from_str(&std::fs::read_to_string(home.data().join("daemon.json")).unwrap()).unwrap();
    let bearer = format!("Bearer {}", left["token"].as_str().unwrap());
    let own = format!("http://{}", inside.daemon.address);
    for (headers, status) in [
        (vec![], 401),
        (vec![("authorization", "Bearer wrong")], 401),
        (vec![("authorization", bearer.as_str())], 200),
        (vec![("authorization", bearer.as_str()), ("origin", own.as_str())], 200),
        (vec![("authorization", bearer.as_str()), ("origin", "http://evil.example")], 403),
        (vec![("authorization", bearer.as_str()), ("origin", "null")], 403),
    ] {
        assert_eq!(send(&inside, "POST", "/api/v1/reload", &headers, "").await.status, status, "{headers:?}");
    }
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(home.data().join("daemon.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "only the owner reads the token");
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_metrics_sources_and_deliveries_are_shown() {
    let (inside, _web, _collector, _home) = with_one_mention().await;
    inside.until("the verdict", async || inside.nothing_waits().then_some(())).await;
    assert_eq!(get(&inside, "/healthz").await.status, 200);
    assert_eq!(get(&inside, "/readyz").await.json()["ready"], true);
    let metrics = get(&inside, "/metrics").await.body;
    let counted = |line: &str| line.starts_with("overheard_posts_total{") && line.contains("outcome=\"mention\"");
    assert!(metrics.lines().any(counted), "{metrics}");
    let sources = get(&inside, "/api/v1/sources").await.json();
    assert_eq!(sources["sources"][0]["health"], "ok");
    let deliveries = get(&inside, "/api/v1/deliveries?state=delivered").await.json();
    assert_eq!(deliveries["deliveries"][0]["receiver"], "hook");
    assert_eq!(get(&inside, "/api/v1/nothing").await.status, 404);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_of_sources_comes_in_pages_and_can_be_searched() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let mut sources = feed(&web, "news");
    for number in 0..250 {
        sources.push_str(&format!("[[source]]\nname = \"off-{number}\"\nkind = \"webhook_in\"\nsecret = {{ file = \"HOME/config/hook.secret\" }}\n"));
    }
    let home = Home::new(&sources, &collector);
    let inside = Inside::start(&home).await;
    let first = get(&inside, "/api/v1/sources").await.json();
    assert_eq!((first["sources"].as_array().unwrap().len(), first["total"].as_u64()), (100, Some(251)));
    let (mut names, mut after) = (0, String::new());
    loop {
        let page = get(&inside, &format!("/api/v1/sources?limit=60{after}")).await.json();
        names += page["sources"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(names, 251);
    assert_eq!(get(&inside, "/api/v1/sources?query=OFF-24").await.json()["total"], 11);
    assert_eq!(get(&inside, "/api/v1/sources?after=nobody").await.status, 400);
    assert_eq!(get(&inside, "/api/v1/issues?limit=1").await.json()["next"], serde_json::Value::Null);
    let page = get(&inside, "/sources").await.body;
    assert_eq!((page.matches("<tr id=").count(), page.contains("1–100 of 251 sources")), (100, true));
    let page = get(&inside, "/sources?query=off&offset=200").await.body;
    assert_eq!((page.matches("<tr id=").count(), page.contains("201–250 of 250 sources")), (50, true));
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_listed_and_replayed_under_its_id() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&feed(&web, "news"), &collector);
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", "")]));
    collector.answer_with(&[404]);
    let inside = Inside::start(&home).await;
    let dead = inside.until("the refusal", async || {
        get(&inside, "/api/v1/deliveries?state=dead").await.json()["deliveries"][0]["id"].as_str().map(str::to_owned)
    });
    let dead = dead.await;
    let bearer = format!("Bearer {}", inside.daemon.token().expose());
    let replay = format!("/api/v1/deliveries/{dead}/replay");
    assert_eq!(send(&inside, "POST", &replay, &[("authorization", &bearer)], "").await.status, 200);
    inside.until("the second attempt", async || (collector.received().len() == 2).then_some(())).await;
    assert!(collector.received().iter().all(|received| received.id == dead));
    inside.until("the verdict", async || inside.nothing_waits().then_some(())).await;
    assert_eq!(
        send(&inside, "POST", &replay, &[("authorization", &bearer)], "").await.status,
        409,
        "it is dead no more"
    );
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_escape_what_came_from_outside_and_load_nothing_from_elsewhere() {
    let (inside, _web, _collector, _home) = with_one_mention().await;
    for path in ["/", "/search?query=acme", "/sources", "/deliveries"] {
        let page = get(&inside, path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains("<script"), "{path}: {}", page.body);
        assert!(page.head.contains("content-security-policy: default-src 'none'"), "{path}");
    }
    let page = get(&inside, "/search?query=acme%20AND%20(").await;
    assert!(page.body.contains("role=\"alert\""), "says what is wrong: {}", page.body);
    inside.stop().await;
}

const LONG: &str = "The dashboard of Acme Cloud shows errors since nine o'clock and nobody answers at the support desk";
const WATCHES: &str = "[[watch]]\nname = \"acme\"\nowner = \"kim\"\nquery = \"acme\"\n\n[[exclusion]]\nname = \"jobs\"\nquery = \"hiring\"\n";

/// A daemon that has read: a mention, an excluded post, one that was old already, one that nothing matches, and then
/// a copy of the first from another feed. A third feed refuses us.
async fn with_posts_of_every_end() -> (Inside, Web, Collector, Home) {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&[feed(&web, "news"), feed(&web, "copy"), feed(&web, "closed")].concat(), &collector);
    home.write("config/watches.toml", WATCHES);
    let old = (START - Duration::hours(5)).to_string();
    let item = |path: &str, title: &str, more: &str| {
        format!("<item><guid>{path}</guid><link>http://site.test{path}</link><title>{title}</title>{more}</item>")
    };
    let items = [
        item("/1", "Acme is down", &format!("<description>{LONG}</description>")),
        item("/2", "Acme is hiring", "<description>Come to us.</description>"),
        item("/3", "Acme was down", &format!("<pubDate>{old}</pubDate>")),
        item("/4", "Acmee and the weather", "<description>Sunny.</description>"),
    ];
    let body = format!("<rss version=\"2.0\"><channel><title>f</title>{}</channel></rss>", items.concat());
    let page = Page::Ok { content_type: "application/rss+xml", body: body.into(), headers: Vec::new() };
    web.set("news.test", "/feed.xml", page);
    web.set("copy.test", "/feed.xml", Page::rss(&[]));
    web.set("closed.test", "/feed.xml", Page::status(403));
    let inside = Inside::start(&home).await;
    inside.until("the webhook", async || collector.received().into_iter().next()).await;
    web.set("copy.test", "/feed.xml", Page::rss(&[("/copy", "Copied: Acme is down", LONG)]));
    inside.until("the copy", async || (inside.health("copy").counts.mention == 1).then_some(())).await;
    let blocked = async || (inside.health("closed").health == Health::Blocked).then_some(());
    inside.until("the refusal", blocked).await;
    inside.until("the verdict", async || inside.nothing_waits().then_some(())).await;
    inside.search("");
    (inside, web, collector, home)
}

async fn explained(inside: &Inside, post: &str) -> Value {
    get(inside, &format!("/api/v1/explain?post={post}")).await.json()
}

async fn why_not(inside: &Inside, post: &str) -> Value {
    get(inside, &format!("/api/v1/why-not?post={post}&watch=acme")).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_a_post_is_explained_whatever_its_end() {
    let (inside, _web, collector, _home) = with_posts_of_every_end().await;
    let told = explained(&inside, "http://site.test/1").await;
    assert_eq!(told["outcome"], "mention", "{told:#}");
    assert_eq!(told["matches"][0]["clauses"][0]["words"], json!(["Acme"]));
    assert_eq!(told["matches"][0]["now"], "unchanged");
    assert_eq!(told["score"]["parts"][0]["signal"], "relevance");
    assert_eq!(told["alerts"][0]["id"], collector.received()[0].id);
    assert_eq!(told["alerts"][0]["route"], json!(["(default)"]));
    assert_eq!(told["alerts"][0]["delivery"]["state"], "delivered");
    assert_eq!(told["story"]["total"], 2);
    assert_eq!(told["differs"], json!([]), "nothing was altered");

    let copy = explained(&inside, "http://site.test/copy").await;
    assert_eq!(copy["held_back"][0]["reason"], "story_alerted", "{copy:#}");
    assert_eq!(copy["story"]["joined"], json!({ "by": "same_text", "with": told["post"]["id"] }));
    assert_eq!(copy["alerts"][0]["raised_by"], told["post"]["id"], "who was told of the story");

    let excluded = why_not(&inside, "http://site.test/2").await;
    assert_eq!(
        (&excluded["matches"], &excluded["held_back"][0]["exclusion"]),
        (&json!(true), &json!("jobs")),
        "{excluded:#}"
    );
    assert!(excluded["answer"].to_string().contains("the exclusion jobs holds it back (hiring)"), "{excluded:#}");

    let old = why_not(&inside, "http://site.test/3").await;
    assert_eq!((&old["matches"], &old["held_back"][0]["reason"]), (&json!(true), &json!("first_poll")), "{old:#}");

    let unmatched = why_not(&inside, "http://site.test/4").await;
    assert_eq!(unmatched["matches"], false);
    assert_eq!(unmatched["because"][0]["clause"], "acme");
    assert!(unmatched["because"][0]["why"].as_str().unwrap().ends_with("only as part of `Acmee`"), "{unmatched:#}");
    assert_eq!(unmatched["title"]["highlights"][0], json!({ "start": 0, "end": 5 }), "what came near is marked");
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_post_that_is_not_there_everything_known_is_told() {
    let (inside, _web, _collector, _home) = with_posts_of_every_end().await;
    let unknown = get(&inside, "/api/v1/explain?post=http://closed.test/9").await;
    assert_eq!(unknown.status, 404);
    let unknown = unknown.json();
    assert_eq!(unknown["error"]["code"], "not_found");
    let source = &unknown["known"]["sources"][0];
    assert_eq!((&source["name"], &source["health"]["health"]), (&json!("closed"), &json!("blocked")), "{unknown:#}");
    assert!(source["words"][0].as_str().unwrap().contains("HTTP 403"), "{source:#}");
    assert_eq!(why_not(&inside, "http://closed.test/9").await["known"]["sources"], unknown["known"]["sources"]);
    let nowhere = explained(&inside, "https://elsewhere.example/x").await;
    assert!(nowhere["known"]["words"][1].as_str().unwrap().starts_with("no source listens to"), "{nowhere:#}");

    let known = inside.search("title:down").results.into_iter().find(|found| found.url.ends_with("/1")).unwrap();
    let expired = Event::Expired { posts: vec![known.id], at: inside.now() };
    inside.daemon.writer.record(vec![expired]).await.unwrap();
    inside.search("");
    for named in ["http://site.test/1".to_owned(), inside_alert(&inside)] {
        let expired = explained(&inside, &named).await;
        assert_eq!(expired["known"]["seen"]["post"], known.id.to_string(), "{named}: {expired:#}");
    }
    for path in ["/api/v1/explain", "/api/v1/explain?post=", "/api/v1/why-not?post=x", "/api/v1/explain?posts=x"] {
        let wrong = get(&inside, path).await;
        assert_eq!((wrong.status, &wrong.json()["error"]["code"]), (400, &json!("bad_request")), "{path}");
    }
    let wrong = get(&inside, "/api/v1/why-not?post=x&watch=acm").await;
    assert_eq!((wrong.status, &wrong.json()["error"]["hint"]), (400, &json!("did you mean `acme`?")));
    inside.stop().await;
}

/// The id of the one alert.
fn inside_alert(inside: &Inside) -> String {
    overheard::pipeline::look::deliveries(&inside.daemon.store, None, 1).unwrap().remove(0).id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_was_altered_or_added_later_is_told_apart_from_what_was_recorded() {
    let (inside, _web, _collector, home) = with_posts_of_every_end().await;
    let before = inside.search("acme").results.into_iter().find(|found| found.url.ends_with("/1")).unwrap();
    let altered = WATCHES.replace("query = \"acme\"", "query = \"acme AND outage\"");
    home.write(
        "config/watches.toml",
        &format!("{altered}\n[[watch]]\nname = \"new\"\nowner = \"kim\"\nquery = \"weather\"\n"),
    );
    inside.daemon.reload().await.unwrap();

    let told = explained(&inside, "http://site.test/1").await;
    assert_eq!(told["matches"][0]["version"], before.matches[0].version, "recorded with the mention");
    assert_eq!(before.matches[0].clauses[0].clause, "acme", "and so are the clauses");
    assert_eq!(told["matches"][0]["now"], "altered");
    assert_eq!(
        (&told["differs"][0]["change"], &told["differs"][0]["name"]),
        (&json!("matches_no_more"), &json!("acme")),
        "{told:#}"
    );
    let why = why_not(&inside, "http://site.test/1").await;
    assert_eq!((&why["matches"], &why["because"][0]["clause"]), (&json!(false), &json!("outage")), "{why:#}");
    assert_eq!(why["recorded"]["clauses"][0]["clause"], "acme");
    let late = get(&inside, "/api/v1/why-not?post=http://site.test/4&watch=new").await.json();
    assert_eq!((&late["matches"], &late["recorded"]), (&json!(true), &Value::Null));
    assert!(late["answer"][0].as_str().unwrap().contains("added or altered since"), "{late:#}");
    inside.stop().await;
}
