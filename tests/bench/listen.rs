//! What does it cost to listen to very many sources, is everybody asked in time, and is nobody asked too fast?
//!
//! `cargo bench --bench listen -- SCENARIO [SOURCES [HOSTS [SECONDS]]]`; `OVERHEARD_BINARY` names another daemon than the
//! one that cargo built. Scenarios:
//!
//! - `many`: 10,000 sources on 2,000 hosts, each due once a minute, on a web that takes 5–300 ms to answer, where every twentieth
//!   answer brings something new and 3.5 % are faults (500, 429 with Retry-After, 403, hanging, cut off). What the web saw proves how it was asked.
//! - `quiet`: the same, each on a host of its own, without faults and with nothing new after the first round: what polling itself costs.
//! - `changed`: 1,000 feeds of 25 real posts and 1,000 watches, read once (P1) and found unchanged (P2). Needs
//!   `OVERHEARD_CORPORA`, the folder of the corpora.
//! - `idle`: the same feeds and watches between polls (P17), in the first life and after a restart.
//!
//! CPU time and memory are the daemon's alone, read from the system. Nothing is asserted.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench stops at the first surprise and prints what it measured"
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "listen/feeds.rs"]
mod feeds;
#[path = "listen/web.rs"]
mod web;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::collector::Collector;
use common::home::Home;
use common::spawned::Spawned;
use feeds::{ITEMS, Usage};
use web::{Asked, Said, SlowWeb, Weather};

/// How often the bench looks; looking costs the daemon something too.
const LOOK: Duration = Duration::from_millis(500);
/// Longest wait for a round of polls.
const PATIENCE: Duration = Duration::from_secs(600);
/// The pace of a host that nobody said anything about.
const LIMIT: Duration = Duration::from_secs(1);
/// Polls of goal P3: feeds, and seconds between two polls of each.
const P3_FEEDS: f64 = 100_000.0;
const P3_SECONDS: f64 = 300.0;
/// A web without latency and faults.
const CALM: Weather = Weather { latency: (0, 0), faults: false, news: 0 };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let number =
        |place: usize, otherwise: usize| arguments.get(place).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load of the machine before: {}", load.trim());
    let rough = Weather { latency: (5, 300), faults: true, news: 5 };
    let quiet = Weather { faults: false, news: 0, ..rough };
    match arguments.first().map(String::as_str) {
        Some("many") => runtime.block_on(many(rough, number(1, 10_000), number(2, 2_000), number(3, 120) as u64)),
        Some("quiet") => runtime.block_on(many(quiet, number(1, 10_000), number(2, 10_000), number(3, 120) as u64)),
        Some("changed") => runtime.block_on(changed(number(1, 1_000), number(2, 1_000))),
        Some("idle") => runtime.block_on(idle(number(1, 1_000), number(2, 1_000), number(3, 60) as u64)),
        Some(_) | None => println!("skipped: say `many`, `quiet`, `changed` or `idle`"),
    }
}

/// One line of the table.
fn row(what: &str, figure: String, goal: &str) {
    println!("{what:<52} {figure:>16}   {goal}");
}

/// A goal, and whether it was reached.
fn at_most(figure: f64, goal: f64, unit: &str) -> String {
    format!("≤ {goal} {unit}: {}", if figure <= goal { "reached" } else { "MISSED" })
}

async fn many(weather: Weather, sources: usize, hosts: usize, seconds: u64) {
    let web = SlowWeb::start(weather, small_feed).await;
    let collector = Collector::start().await;
    let home = home(&web, &collector, sources, hosts, "1m");
    let daemon = Spawned::start(&home).await;
    let start = Usage::of(&daemon);
    println!("{sources} sources on {hosts} hosts, one poll a minute each, one request a second and host");
    row("memory when it answers first, MB", format!("{:.0}", start.now_mb), "");
    // Until everybody was asked once.
    common::until_within(PATIENCE, LOOK, "the first round", async || (web.count() >= sources).then_some(())).await;
    let first = Usage::of(&daemon);
    row("CPU s of the first round", format!("{:.2}", first.cpu), "");
    row("memory after the first round, MB", format!("{:.0}", first.now_mb), "");
    pass(10).await;

    let before = lateness(&daemon);
    let (usage, asked, began) = (Usage::of(&daemon), web.count(), Instant::now());
    pass(seconds).await;
    let (then, polls, took) = (Usage::of(&daemon), web.count() - asked, began.elapsed().as_secs_f64());
    let after = lateness(&daemon);
    let cpu = then.cpu - usage.cpu;
    row("polls a second", format!("{:.0}", polls as f64 / took), &format!("due: {:.0}", sources as f64 / 63.0));
    row("CPU share of one core, %", format!("{:.1}", cpu / took * 100.0), "");
    row("CPU µs a poll, with all that the daemon does beside", format!("{:.0}", cpu / polls as f64 * 1e6), "");
    row("memory steady, MB", format!("{:.0}", then.now_mb), "");
    row("memory at most, MB", format!("{:.0}", then.peak_mb), "P3 ≤ 256 MiB at 100,000 feeds");
    row("memory a source over the first start, kB", format!("{:.1}", then.now_mb * 1024.0 / sources as f64), "");
    for part in [0.5, 0.9, 0.99, 0.999] {
        let what = format!("lateness of {} % of polls at most, s", part * 100.0);
        row(&what, quantile(&before, &after, part), "");
    }
    timed(&daemon, "/api/v1/sources").await;
    timed(&daemon, "/sources").await;
    timed(&daemon, "/metrics").await;
    proof(&web);
    assert!(daemon.stop(), "a clean end");
}

/// What the web's own log says of how it was asked.
fn proof(web: &SlowWeb) {
    let asked = web.asked();
    let mut by_host: BTreeMap<u32, Vec<Asked>> = BTreeMap::new();
    let mut said: BTreeMap<Said, usize> = BTreeMap::new();
    for one in &asked {
        by_host.entry(one.host).or_default().push(*one);
        *said.entry(one.said).or_default() += 1;
    }
    let mut gaps: Vec<Duration> = Vec::new();
    for host in by_host.values() {
        gaps.extend(host.windows(2).map(|pair| pair[1].at.duration_since(pair[0].at)));
    }
    gaps.sort();
    let least = gaps.first().copied().unwrap_or_default();
    println!("the web's own log: {} requests to {} hosts: {said:?}", asked.len(), by_host.len());
    let goal = format!("limit {} ms", LIMIT.as_millis());
    row("least time between two requests of a host, ms", format!("{:.1}", least.as_secs_f64() * 1e3), &goal);
    for (under, name) in [(LIMIT, "1,000"), (LIMIT.mul_f64(0.99), "990"), (LIMIT.mul_f64(0.9), "900")] {
        let count = gaps.iter().filter(|gap| **gap < under).count();
        row(&format!("pairs less than {name} ms apart, of {}", gaps.len()), count.to_string(), "");
    }
    row("requests before a Retry-After was over", web.early().to_string(), "0");
    if let (Some(first), Some(_)) = (asked.first(), asked.last()) {
        let mut seconds: BTreeMap<u64, usize> = BTreeMap::new();
        for one in &asked {
            *seconds.entry(one.at.duration_since(first.at).as_secs()).or_default() += 1;
        }
        row("most requests in one second", seconds.values().max().unwrap_or(&0).to_string(), "");
    }
}

async fn changed(feeds: usize, watches: usize) {
    let Some(corpora) = corpora() else { return };
    let (web, bytes) = real_web(&corpora, feeds).await;
    let collector = Collector::start().await;
    let home = home(&web, &collector, feeds, feeds, "2m");
    home.write("config/watches.toml", &feeds::watch_file(&corpora, watches));
    home.write("config/routes.toml", "[[receiver]]\nname = \"out\"\nkind = \"console\"\n[route]\nreceiver = \"out\"\n");
    let daemon = Spawned::start(&home).await;
    let (before, began) = (Usage::of(&daemon), Instant::now());
    common::until_within(PATIENCE, LOOK, "the first round", async || (web.count() >= feeds).then_some(())).await;
    until_found(&daemon, feeds * ITEMS).await;
    let (new, took) = (Usage::of(&daemon), began.elapsed());
    println!("{feeds} feeds of {ITEMS} items ({:.1} MB), {watches} watches, {took:.1?}", bytes as f64 / 1e6);
    let cpu = new.cpu - before.cpu;
    row("P1 CPU s until all is searchable", format!("{cpu:.2}"), &at_most(cpu, 1.0, "CPU s"));
    row("   of it before the first poll (start), CPU s", format!("{:.2}", before.cpu), "");
    row("P1 memory at most, MB", format!("{:.0}", new.peak_mb), &at_most(new.peak_mb, 120.0, "MB"));
    pass(5).await;
    let asked = web.count();
    let begun = async || (web.count() > asked).then_some(());
    common::until_within(PATIENCE, LOOK, "the begin of the round of 304", begun).await;
    // Not before: two minutes of waiting are no part of it.
    let (settled, began) = (Usage::of(&daemon), Instant::now());
    let round = async || (web.count() >= asked + feeds).then_some(());
    common::until_within(PATIENCE, LOOK, "the round of 304", round).await;
    pass(1).await;
    let unchanged = Usage::of(&daemon);
    let cpu = unchanged.cpu - settled.cpu;
    let scale = 1_000.0 / feeds as f64;
    println!("the round of 304 took {:.1?}; the daemon's idle work meanwhile is counted with it", began.elapsed());
    row("P2 CPU s of 1,000 answers of 304", format!("{:.2}", cpu * scale), &at_most(cpu * scale, 0.03, "CPU s"));
    let share = cpu / feeds as f64 * P3_FEEDS / P3_SECONDS * 100.0;
    row("P3 extrapolated: share of one core, %", format!("{share:.1}"), &at_most(share, 10.0, "% (100,000 in 5 min)"));
    row("memory now, MB", format!("{:.0}", unchanged.now_mb), "");
    assert!(daemon.stop(), "a clean end");
}

async fn idle(feeds: usize, watches: usize, seconds: u64) {
    let Some(corpora) = corpora() else { return };
    let (web, _) = real_web(&corpora, feeds).await;
    let collector = Collector::start().await;
    let home = home(&web, &collector, feeds, feeds, "1h");
    home.write("config/watches.toml", &feeds::watch_file(&corpora, watches));
    home.write("config/routes.toml", "[[receiver]]\nname = \"out\"\nkind = \"console\"\n[route]\nreceiver = \"out\"\n");
    for life in ["first life", "after a restart"] {
        let (began, asked) = (Instant::now(), web.count());
        let daemon = Spawned::start(&home).await;
        let ready = async || is_ready(&daemon).then_some(());
        common::until_within(PATIENCE, Duration::from_millis(2), "readiness", ready).await;
        let ready = began.elapsed().as_secs_f64() * 1e3;
        let at_start = Usage::of(&daemon);
        let round = async || (web.count() >= asked + feeds).then_some(());
        common::until_within(PATIENCE, LOOK, "a round", round).await;
        pass(15).await;
        let (before, began) = (Usage::of(&daemon), Instant::now());
        pass(seconds).await;
        let after = Usage::of(&daemon);
        let share = (after.cpu - before.cpu) / began.elapsed().as_secs_f64() * 100.0;
        println!("{life}: {feeds} feeds, {watches} watches");
        row("P17 ms from exec to ready", format!("{ready:.0}"), &at_most(ready, 300.0, "ms"));
        row("    CPU s until ready", format!("{:.2}", at_start.cpu), "");
        row("    memory when ready, MB", format!("{:.0}", at_start.now_mb), "");
        row("P17 memory between polls, MB", format!("{:.0}", after.now_mb), &at_most(after.now_mb, 40.0, "MB"));
        row("    memory at most, MB", format!("{:.0}", after.peak_mb), "");
        row("P17 CPU share, %", format!("{share:.2}"), &at_most(share, 0.3, "%"));
        assert!(daemon.stop(), "a clean end");
    }
}

fn corpora() -> Option<PathBuf> {
    let corpora = std::env::var_os("OVERHEARD_CORPORA").map(PathBuf::from);
    if corpora.is_none() {
        println!("skipped: OVERHEARD_CORPORA does not name the folder of the corpora");
    }
    corpora
}

/// Feeds of real posts on a web without faults, and how many bytes they are.
async fn real_web(corpora: &std::path::Path, feeds: usize) -> (SlowWeb, usize) {
    let posts = common::corpora::posts(corpora);
    let bodies: Vec<String> = (0..feeds).map(|feed| feeds::body(&posts, feed)).collect();
    let bytes = bodies.iter().map(String::len).sum();
    (SlowWeb::start(CALM, move |feed, _| bodies[feed as usize].clone()).await, bytes)
}

/// A daemon with these sources, each always asked at its full pace.
fn home(web: &SlowWeb, collector: &Collector, sources: usize, hosts: usize, every: &str) -> Home {
    let blocks: String = (0..sources)
        .map(|feed| {
            let url = web.url(feed % hosts, feed);
            format!("[[source]]\nname = \"f{feed}\"\nkind = \"rss\"\nurl = \"{url}\"\nevery = \"{every}\"\nslowest = \"{every}\"\n\n")
        })
        .collect();
    Home::new(&blocks, collector)
}

/// A feed of five short posts, the newest of them numbered by how often it changed.
fn small_feed(feed: u32, changed: u32) -> String {
    let item = |number: u32| {
        format!(
            "<item><guid>{feed}-{number}</guid><pubDate>Sat, 04 Jan 2020 10:00:00 GMT</pubDate><link>http://posts.test/{feed}/{number}</link><title>Note {number} of the people who write feed {feed}</title><description>Word {} comes after word {} in note {number}, and nothing else happened here today.</description></item>",
            feed.wrapping_mul(31).wrapping_add(number),
            feed.wrapping_mul(17)
        )
    };
    let items: String = (changed..changed + 5).rev().map(item).collect();
    format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Feed {feed}</title>{items}</channel></rss>")
}

/// Waits until every post can be found.
async fn until_found(daemon: &Spawned, total: usize) {
    let found = async || {
        let found = daemon.get("/api/v1/search?limit=1").await["total"].as_u64().unwrap_or_default();
        (found as usize >= total).then_some(())
    };
    common::until_within(PATIENCE, LOOK, "all posts", found).await;
}

/// What the daemon answers at a path, with its headers; empty when it does not.
fn raw(daemon: &Spawned, path: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(&daemon.address) else { return String::new() };
    let mut answer = Vec::new();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", daemon.address);
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

fn is_ready(daemon: &Spawned) -> bool {
    raw(daemon, "/readyz").starts_with("HTTP/1.1 200")
}

/// How long a look at all sources takes, and what it costs the daemon.
async fn timed(daemon: &Spawned, path: &str) {
    let (before, began) = (Usage::of(daemon), Instant::now());
    let answer = tokio::task::block_in_place(|| raw(daemon, path));
    let cpu = Usage::of(daemon).cpu - before.cpu;
    let figure = format!("{:.2?}", began.elapsed());
    row(&format!("GET {path}"), figure, &format!("{:.1} MB, {cpu:.2} CPU s", answer.len() as f64 / 1e6));
}

/// Upper bounds of lateness in seconds, each with the polls so far that were no later.
fn lateness(daemon: &Spawned) -> Vec<(String, f64)> {
    let metrics = tokio::task::block_in_place(|| raw(daemon, "/metrics"));
    let buckets = metrics.lines().filter_map(|line| {
        let (bound, count) = line.strip_prefix("overheard_poll_lateness_seconds_bucket{le=\"")?.split_once("\"}")?;
        Some((bound.to_owned(), count.trim().parse().ok()?))
    });
    buckets.collect()
}

/// The bound that this part of the polls between two looks stayed below.
fn quantile(before: &[(String, f64)], after: &[(String, f64)], part: f64) -> String {
    let count = |place: usize| after[place].1 - before.get(place).map_or(0.0, |(_, count)| *count);
    let Some(last) = after.len().checked_sub(1) else { return "not known".to_owned() };
    let found = (0..=last).find(|place| count(*place) >= part * count(last));
    found.map_or("not known".to_owned(), |place| after[place].0.clone())
}

/// Lets real time pass, in seconds: what is measured takes it.
async fn pass(seconds: u64) {
    tokio::time::sleep_until(tokio::time::Instant::now() + Duration::from_secs(seconds)).await;
}
