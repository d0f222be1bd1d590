//! How much work is it to read thousands of feeds whole, and to find them unchanged?
//!
//! `OVERHEARD_BINARY=target/release/overheard OVERHEARD_CORPORA=DIR cargo test --bench replay -- [FEEDS] [WATCHES]`
//!
//! A web on loopback serves real posts as RSS, 25 a feed, each feed on a host of its own. The daemon is the
//! real binary; its CPU time and memory are read from the system. Prints one round in which everything is
//! new and archived (old posts of a first poll alert nobody), and one in which every feed answers 304.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops at the first surprise and prints what it measured"
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "listen/feeds.rs"]
mod feeds;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::collector::Collector;
use common::corpora::posts;
use common::home::Home;
use common::spawned::Spawned;
use common::web::{Page, Web};
use feeds::{ITEMS, Usage, body, watch_file};

/// How often the bench looks; looking costs the daemon something too.
const LOOK: Duration = Duration::from_millis(250);

fn main() {
    let Some(corpora) = std::env::var_os("OVERHEARD_CORPORA").map(PathBuf::from) else {
        println!("skipped: OVERHEARD_CORPORA does not name the folder of the corpora");
        return;
    };
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let (feeds, watches) = (numbers.first().copied().unwrap_or(1_000), numbers.get(1).copied().unwrap_or(1_000));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(&corpora, feeds, watches));
}

async fn run(corpora: &Path, feeds: usize, watches: usize) {
    let posts = posts(corpora);
    let (web, collector) = (Web::start().await, Collector::start().await);
    let mut bytes = 0;
    let mut sources = String::new();
    for feed in 0..feeds {
        let page = page(&posts, feed);
        if let Page::Ok { body, .. } = &page {
            bytes += body.len();
        }
        web.set(&format!("f{feed}.test"), "/feed.xml", page);
        let url = web.url(&format!("f{feed}.test"), "/feed.xml");
        sources += &format!("[[source]]\nname = \"f{feed}\"\nkind = \"rss\"\nurl = \"{url}\"\nevery = \"2m\"\n\n");
    }
    let home = Home::new(&sources, &collector);
    home.write("config/watches.toml", &watch_file(corpora, watches));
    home.write("config/routes.toml", "[[receiver]]\nname = \"out\"\nkind = \"console\"\n[route]\nreceiver = \"out\"\n");

    let started = Instant::now();
    let daemon = Spawned::start(&home).await;
    let ready = started.elapsed();
    let before = Usage::of(&daemon);
    let total = feeds * ITEMS;
    until_found(&daemon, total).await;
    let took = started.elapsed() - ready;
    let new = Usage::of(&daemon);
    println!("{feeds} feeds, {total} posts ({:.1} MB), {watches} watches; ready after {ready:.2?}", bytes as f64 / 1e6);
    println!(
        "new        {:6.2} CPU-s  {took:6.2?}  {:7.0} posts/s  {:4.0} MB at most",
        new.cpu - before.cpu,
        total as f64 / took.as_secs_f64(),
        new.peak_mb
    );
    let asked = web.asked().len();
    common::until_within(Duration::from_secs(400), LOOK, "the round of 304", async || {
        (web.asked().len() >= asked + feeds).then_some(())
    })
    .await;
    let unchanged = Usage::of(&daemon);
    println!("unchanged  {:6.2} CPU-s  (all of the time since, over {feeds} answers of 304)", unchanged.cpu - new.cpu);
    println!("memory now {:4.0} MB", unchanged.now_mb);
    assert!(daemon.stop(), "a clean end");
}

/// Waits until every post can be found.
async fn until_found(daemon: &Spawned, total: usize) {
    let found = async || {
        let found = daemon.get("/api/v1/search?limit=1").await["total"].as_u64().unwrap_or_default();
        (found as usize >= total).then_some(())
    };
    common::until_within(Duration::from_secs(600), LOOK, "all posts", found).await;
}

/// Feed number `feed` as the web serves it.
fn page(posts: &[(String, String)], feed: usize) -> Page {
    Page::Ok { content_type: "application/rss+xml", body: body(posts, feed).into(), headers: Vec::new() }
        .header("etag", format!("\"{feed}\""))
}
