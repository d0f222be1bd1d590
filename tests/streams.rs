//! Do posts that come by themselves reach the archive whole: over breaks, over a slow disk, and only from whom they may?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::collector::{Collector, SECRET};
use common::home::Home;
use common::inside::Inside;
use futures_util::{SinkExt, StreamExt};
use overheard::model::Health;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

/// Microseconds of the first event.
const BEGIN: u64 = 1_790_000_000_000_000;
const SECOND: u64 = 1_000_000;

/// Plays Jetstream: sends every event from the asked cursor on, and closes when it was told to.
#[derive(Clone)]
struct Jet {
    port: u16,
    events: Arc<Mutex<Vec<(u64, String)>>>,
    asked: Arc<Mutex<Vec<String>>>,
    sent: Arc<AtomicUsize>,
    cut: tokio::sync::watch::Sender<usize>,
}

impl Jet {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = tokio::sync::watch::Sender::new(0);
        let jet = Self { port, events: Arc::default(), asked: Arc::default(), sent: Arc::default(), cut };
        let server = jet.clone();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tokio::spawn(server.clone().serve(tcp));
            }
        });
        jet
    }

    /// Events a second apart, each one post.
    fn add(&self, numbers: std::ops::Range<u64>, text: &str) {
        let mut events = self.events.lock().unwrap();
        for number in numbers {
            let time_us = BEGIN + number * SECOND;
            let record = json!({"text": format!("Acme post {number} {text}"), "createdAt": "2026-09-21T13:00:00Z"});
            let commit = json!({"operation": "create", "collection": "app.bsky.feed.post", "rkey": format!("k{number}"), "record": record});
            let event = json!({"did": "did:plc:acme", "time_us": time_us, "kind": "commit", "commit": commit});
            events.push((time_us, event.to_string()));
        }
    }

    async fn serve(self, tcp: TcpStream) {
        let mut asked = String::new();
        let note = |request: &Request, response: Response| {
            asked = request.uri().to_string();
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(tcp, note).await.unwrap();
        let cursor = asked.split_once("cursor=").and_then(|(_, cursor)| cursor.parse().ok()).unwrap_or(0);
        self.asked.lock().unwrap().push(asked);
        let (mut out, mut back) = socket.split();
        let events: Vec<String> = self
            .events
            .lock()
            .unwrap()
            .iter()
            .filter(|(at, _)| *at >= cursor)
            .map(|(_, event)| event.clone())
            .collect();
        let mut cut = self.cut.subscribe();
        let sent = self.sent.clone();
        let sending = async {
            for event in events {
                if out.send(Message::text(event)).await.is_err() {
                    return;
                }
                sent.fetch_add(1, Ordering::Relaxed);
            }
            std::future::pending::<()>().await;
        };
        // Reading answers the pings.
        let reading = async { while back.next().await.is_some_and(|came| came.is_ok()) {} };
        tokio::select! {
            () = sending => {}
            () = reading => {}
            _ = cut.changed() => {}
        }
    }

    fn source(&self) -> String {
        format!(
            "[[source]]\nname = \"sky\"\nkind = \"bluesky\"\neverything = true\nstream = \"ws://jet.test:{}/subscribe\"\n",
            self.port
        )
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_behind_its_cursor_after_a_cut_and_after_a_restart() {
    let (jet, collector) = (Jet::start().await, Collector::start().await);
    let home = Home::new(&jet.source(), &collector);
    jet.add(0..20, "about the weather");
    let inside = Inside::start(&home).await;
    let new = |inside: &Inside| inside.health("sky").counts.mention;
    inside.until("twenty posts", async || (new(&inside) == 20).then_some(())).await;
    assert_eq!(inside.health("sky").health, Health::Ok);
    assert_eq!(inside.health("sky").next_due, None, "nobody asks it at any time");

    jet.add(20..30, "about the sea");
    jet.cut.send_replace(1);
    inside.until("ten more", async || (new(&inside) == 30).then_some(())).await;
    assert_eq!(inside.health("sky").counts.already_seen, 6, "five seconds earlier: what is known is known");
    let again = format!("cursor={}", BEGIN + 14 * SECOND);
    assert!(jet.asked()[1].ends_with(&again), "{:?}", jet.asked());

    let now = inside.stop().await;
    jet.add(30..35, "about the hills");
    let inside = Inside::start_at(&home, now).await.unwrap();
    inside.until("what came meanwhile", async || (new(&inside) == 5).then_some(())).await;
    assert!(jet.asked().last().unwrap().ends_with(&format!("cursor={}", BEGIN + 24 * SECOND)));
    assert_eq!(inside.search("acme").total, 35);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_broken_is_seen_and_recovers() {
    let (jet, collector) = (Jet::start().await, Collector::start().await);
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let broken = jet.source().replace(&jet.port.to_string(), &nobody.local_addr().unwrap().port().to_string());
    drop(nobody);
    let home = Home::new(&broken, &collector);
    let inside = Inside::start(&home).await;
    inside.until("a failure", async || (inside.health("sky").failures > 1).then_some(())).await;
    assert_eq!(inside.health("sky").health, Health::Failing);
    jet.add(0..1, "x");
    home.write("sources.toml", &jet.source());
    inside.daemon.reload().await.unwrap();
    inside.until("the post", async || (inside.health("sky").counts.mention == 1).then_some(())).await;
    assert_eq!(inside.health("sky").health, Health::Failing, "it may break at the same message again");
    inside.hands.advance(overheard::model::Duration::minutes(1));
    let heard = async || (inside.health("sky").health == Health::Ok).then_some(());
    inside.until("a minute without a break", heard).await;
    assert_eq!(inside.health("sky").failures, 0);
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_loses_nothing_while_the_writer_stands_still() {
    const BURST: u64 = 20_000;
    let (jet, collector) = (Jet::start().await, Collector::start().await);
    // Nobody watches for it: what counts is that every post arrives.
    let source = jet.source().replace("everything = true", "words = [\"acme\"]");
    let home = Home::new(&source, &collector);
    home.write("config/watches.toml", "[[watch]]\nname = \"other\"\nquery = \"anvil\"\n");
    jet.add(0..BURST, &"x".repeat(700));
    let inside = Inside::start(&home).await;
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let writer = inside.daemon.writer.clone();
    let held = tokio::spawn(async move { writer.aside(move |_| wait.recv().is_ok()).await });
    // Sender and socket fill up, and then nobody reads.
    let mut before = usize::MAX;
    let full = inside
        .until("a full socket", async || {
            let sent = jet.sent.load(Ordering::Relaxed);
            (sent > 0 && std::mem::replace(&mut before, sent) == sent).then_some(sent)
        })
        .await;
    assert!(full < BURST as usize, "{full} messages were taken without being durable");
    go_on.send(()).unwrap();
    assert!(held.await.unwrap().unwrap());
    let arrived = || inside.health("sky").counts.unmatched;
    common::until_within(std::time::Duration::from_secs(300), common::PATIENCE / 1000, "every post", async || {
        inside.hands.advance(overheard::model::Duration(100));
        (arrived() == BURST).then_some(())
    })
    .await;
    assert_eq!(inside.health("sky").gaps, 0);
    inside.stop().await;
}

const PUSHED: &str =
    "[[source]]\nname = \"app\"\nkind = \"webhook_in\"\nsecret = { file = \"HOME/config/hook.secret\" }\n\n";

/// One POST as a program behind a reverse proxy makes it: status and body.
async fn push(inside: &Inside, path: &str, token: &str, body: &str) -> (u16, Value) {
    let mut tcp = TcpStream::connect(inside.daemon.address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: overheard.acme.example\r\nOrigin: https://app.acme.example\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    tcp.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn pushed_posts_are_taken_from_whom_they_may_come_and_are_durable_when_it_is_said() {
    let collector = Collector::start().await;
    let home = Home::new(PUSHED, &collector);
    // In daemon and source the same file is read; a line break at its end is nobody's secret.
    home.write("config/hook.secret", SECRET);
    let inside = Inside::start(&home).await;
    let item = |id: &str| json!({"id": id, "url": format!("https://app.acme.example/{id}"), "title": "Acme is down", "text": "for me"});
    let body = json!([item("1"), {"id": "2"}]).to_string();
    assert_eq!(inside.health("app").health, Health::Pending);

    for (path, token, body, status, code) in [
        ("/in/app", "wrong", body.as_str(), 401, "unauthorized"),
        ("/in/app", "", &body, 401, "unauthorized"),
        ("/in/nobody", SECRET, &body, 404, "no_such_source"),
        ("/in/app", SECRET, "<html>", 422, "unreadable"),
    ] {
        let (got, told) = push(&inside, path, token, body).await;
        assert_eq!((got, told["error"]["code"].as_str()), (status, Some(code)), "{path} {told}");
    }
    assert_eq!(inside.health("app").health, Health::Failing, "what an authorised sender sends cannot be read");

    let (status, told) = push(&inside, "/in/app", SECRET, &body).await;
    assert_eq!(
        (status, &told["counts"]["mention"], &told["counts"]["rejected"]),
        (200, &json!(1), &json!(1)),
        "{told}"
    );
    assert_eq!(told["rejected"][0]["why"], "it has neither `title` nor `text`");
    assert_eq!(inside.health("app").health, Health::Ok);
    let (_, told) = push(&inside, "/in/app", SECRET, &body).await;
    assert_eq!(told["counts"]["already_seen"], 1, "sent again, it is known");
    inside.until("the alert", async || collector.received().into_iter().next()).await;
    assert_eq!(inside.titles("acme"), ["Acme is down"]);

    let large = "x".repeat((4 << 20) + 1);
    assert_eq!(push(&inside, "/in/app", SECRET, &large).await.0, 413);
    inside.stop().await;
}
