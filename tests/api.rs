//! Does the HTTP front answer what it should, and refuse whom it should?
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::collector::Collector;
use common::home::{Home, feed};
use common::inside::Inside;
use common::web::{Page, Web};
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
