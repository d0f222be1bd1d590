//! Do sources that hang, flood, lie or refuse leave the others alone, and does health tell each case apart?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::collector::Collector;
use common::home::{Home, feed};
use common::inside::Inside;
use common::web::{Page, Web};
use overheard::model::{Duration, Health};

/// 200 MB of zeros as gzip: about 200 kB.
fn bomb() -> Vec<u8> {
    use std::process::{Command, Stdio};
    let mut zeros = Command::new("head").args(["-c", "200000000", "/dev/zero"]).stdout(Stdio::piped()).spawn().unwrap();
    let packed = Command::new("gzip").arg("-c").stdin(zeros.stdout.take().unwrap()).output().unwrap().stdout;
    zeros.wait().unwrap();
    packed
}

/// Resident memory of this process in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_sources_are_told_apart_and_good_ones_keep_their_pace() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let bad = [
        ("flood", Page::Flood(200_000_000), Health::Failing, "larger than"),
        ("bomb", Page::Gzip(bomb().into()), Health::Failing, "larger than"),
        ("busy", Page::status(429).header("retry-after", "120"), Health::Limited, "wait until"),
        ("inward", Page::status(302).header("location", "http://10.1.2.3/feed"), Health::Blocked, "private address"),
        (
            "garbage",
            Page::Ok { content_type: "text/html", body: vec![0xff; 5000].into(), headers: Vec::new() },
            Health::Failing,
            "cannot be read",
        ),
        (
            "page",
            Page::Ok { content_type: "text/html", body: "<html><body>Hello</body></html>".into(), headers: Vec::new() },
            Health::Failing,
            "cannot be read",
        ),
        ("refuses", Page::status(403), Health::Blocked, "refuses"),
        ("broken", Page::status(500), Health::Failing, "500"),
        ("gone", Page::status(410), Health::Gone, "gone"),
        ("circle", Page::status(301).header("location", "/feed.xml"), Health::Failing, "redirects"),
    ];
    let mut sources = feed(&web, "good") + &feed(&web, "hangs");
    for (name, page, ..) in &bad {
        sources += &feed(&web, name);
        web.set(&format!("{name}.test"), "/feed.xml", page.clone());
    }
    web.set("hangs.test", "/feed.xml", Page::Hang);
    web.set("good.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", "")]));
    let home = Home::new(&sources, &collector);
    let before = resident();
    let inside = Inside::start(&home).await;
    inside.until("the webhook", async || collector.received().into_iter().next()).await;

    for (name, _, health, words) in &bad {
        let seen =
            inside.until(name, async || Some(inside.health(name)).filter(|seen| seen.last_error.is_some())).await;
        assert_eq!(seen.health, *health, "{name}: {:?}", seen.last_error);
        let error = seen.last_error.unwrap_or_default();
        assert!(error.contains(words), "{name}: {error}");
    }
    // The one that hangs is still being waited for; the good one is polled again and again meanwhile.
    for _ in 0..3 {
        inside.next_poll("good").await;
    }
    assert_eq!(inside.health("good").health, Health::Ok);
    assert_eq!(web.count("hangs.test"), 1, "asked once, and not answered");
    let grown = resident().saturating_sub(before);
    assert!(grown < 300 << 20, "memory grew by {grown} bytes");
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_an_api_asks_for_in_the_body_of_an_error_is_sat_out() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let throttled = r#"{"error_id":502,"error_name":"throttle_violation","error_message":"too many requests from this IP, more requests available in 80 seconds"}"#;
    web.set("qa.test", "/2.3/questions", Page::Error { status: 400, json: throttled });
    web.set("qb.test", "/2.3/questions", Page::Error { status: 400, json: r#"{"items":[],"has_more":false}"# });
    let source = |name: &str| {
        let url = web.url(&format!("{name}.test"), "/2.3");
        format!(
            "[[source]]\nname = \"{name}\"\nkind = \"stack_exchange\"\nsite = \"stackoverflow\"\nurl = \"{url}\"\nevery = \"10s\"\n\n"
        )
    };
    let home = Home::new(&[source("qa"), source("qb")].concat(), &collector);
    let inside = Inside::start(&home).await;
    let seen = async |name: &str| inside.until("an error", async || inside.health(name).last_error).await;
    assert!(seen("qa").await.contains("80 seconds"));
    assert_eq!(inside.health("qa").health, Health::Limited);
    assert!(seen("qb").await.contains("HTTP 400"));
    let asked_at = inside.now();
    inside.until("the next asking", async || (web.count("qa.test") == 2).then_some(())).await;
    assert!(inside.now().since(asked_at) >= Duration::seconds(75), "waited {}", inside.now().since(asked_at));
    inside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_a_host_asks_for_is_sat_out_also_over_a_restart() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    web.set("busy.test", "/feed.xml", Page::status(429).header("retry-after", "600"));
    let home = Home::new(&feed(&web, "busy"), &collector);
    let inside = Inside::start(&home).await;
    inside.until("the 429", async || (inside.health("busy").health == Health::Limited).then_some(())).await;
    let asked_at = inside.now();
    let now = inside.stop().await;

    web.set("busy.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", "")]));
    let inside = Inside::start_at(&home, now).await.unwrap();
    inside.until("the webhook", async || collector.received().into_iter().next()).await;
    assert!(inside.now().since(asked_at) >= Duration::seconds(595), "waited {}", inside.now().since(asked_at));
    assert_eq!(web.count("busy.test"), 2);
    inside.stop().await;
}
