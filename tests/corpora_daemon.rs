//! Does the daemon read the feed suites of others, served as a web, without a panic, a hang or a silent loss?
//!
//! Needs `OVERHEARD_CORPORA`, the folder of the suites; without it nothing is tested, and the test says so.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says why it was skipped")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::collector::Collector;
use common::home::Home;
use common::spawned::Spawned;
use common::web::{Page, Web};
use serde_json::Value;

/// Folders of the corpora that hold feeds, good and bad.
const SUITES: [&str; 5] = ["feeds-feedparser", "feeds-gofeed", "feeds-feed-rs", "feeds-newsboat", "attack-xml-bombs"];
/// Larger files are no feeds.
const MAX_FILE: u64 = 4 << 20;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => files(&path, found),
            path => found.push(path),
        }
    }
}

/// Every source's health, once each was asked and has answered or failed.
async fn all_asked(daemon: &Spawned, number: usize) -> Vec<Value> {
    let asked = async || {
        let answer = daemon.get("/api/v1/sources").await;
        let sources = answer["sources"].as_array().cloned().unwrap_or_default();
        let done = |source: &&Value| !source["last_answered"].is_null() || !source["last_error"].is_null();
        (sources.iter().filter(done).count() == number).then_some(sources)
    };
    common::until_within(Duration::from_secs(500), "every source's first poll", asked).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_feed_of_the_suites_is_read_or_told_as_unreadable() {
    let Some(corpora) = std::env::var_os("OVERHEARD_CORPORA").map(PathBuf::from) else {
        println!("skipped: OVERHEARD_CORPORA does not name the folder of the corpora");
        return;
    };
    let (web, collector) = (Web::start().await, Collector::start().await);
    let mut found = Vec::new();
    SUITES.iter().for_each(|suite| files(&corpora.join(suite), &mut found));
    found.retain(|file| {
        let feed = file
            .extension()
            .is_some_and(|ending| ["xml", "json", "rss", "atom", "rdf"].iter().any(|known| ending == *known));
        feed && std::fs::metadata(file).unwrap().len() <= MAX_FILE
    });
    found.sort();
    let mut sources = String::new();
    for (number, file) in found.iter().enumerate() {
        let host = format!("f{number}.test");
        let content_type = if file.extension().is_some_and(|ending| ending == "json") {
            "application/json"
        } else {
            "application/xml"
        };
        let body = std::fs::read(file).unwrap().into();
        web.set(&host, "/feed", Page::Ok { content_type, body, headers: Vec::new() });
        let url = web.url(&host, "/feed");
        sources += &format!("[[source]]\nname = \"f{number}\"\nkind = \"rss\"\nurl = \"{url}\"\nevery = \"7d\"\n\n");
    }
    let home = Home::new(&sources, &collector);
    let daemon = Spawned::start(&home).await;
    let health = all_asked(&daemon, found.len()).await;

    let mut errors: BTreeMap<String, usize> = BTreeMap::new();
    let (mut read, mut posts, mut mended, mut rejected) = (0, 0, 0, 0);
    for source in &health {
        let counts = source["counts"].as_object().cloned().unwrap_or_default();
        posts += counts.values().filter_map(Value::as_u64).sum::<u64>();
        rejected += counts["rejected"].as_u64().unwrap_or_default();
        mended += usize::from(source["repaired"].as_array().is_some_and(|repairs| !repairs.is_empty()));
        match source["last_error"].as_str() {
            Some(error) => *errors.entry(error.chars().take(90).collect()).or_default() += 1,
            None => read += 1,
        }
    }
    println!(
        "{} files: {read} read ({mended} mended), {posts} posts, {rejected} of them rejected; not readable:",
        found.len()
    );
    errors.iter().for_each(|(error, number)| println!("{number:5}  {error}"));
    let searchable = daemon.get("/api/v1/search?limit=1").await;
    assert!(searchable["total"].as_u64().is_some(), "the daemon lives and answers");
    let log = std::fs::read_to_string(home.dir.path().join("log")).unwrap();
    assert!(
        !log.contains("panicked"),
        "a panic: {}",
        log.lines().find(|line| line.contains("panicked")).unwrap_or_default()
    );
    assert!(daemon.stop(), "a clean end");
}
