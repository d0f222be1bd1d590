//! Is anything lost or told twice when the daemon is killed at random, or its files lose their tails?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use common::collector::Collector;
use common::home::{Home, feed, routes};
use common::spawned::{Spawned, binary};
use common::until;
use common::web::{Page, Web};
use serde_json::Value;

/// How often the daemon is killed.
const ROUNDS: usize = 30;
/// Feeds that bring something new in every round.
const FEEDS: usize = 10;

/// Titles that the daemon itself says it has: what it acknowledged.
async fn searchable(daemon: &Spawned) -> BTreeSet<String> {
    titles(&daemon.get("/api/v1/search?query=acme&limit=1000").await)
}

fn titles(answer: &Value) -> BTreeSet<String> {
    let results = answer["results"].as_array().cloned().unwrap_or_default();
    results.iter().map(|found| found["title"]["text"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Three new posts for each feed; what earlier rounds showed is gone from the web, so that only the daemon can know it.
fn publish(web: &Web, round: usize) {
    for source in 0..FEEDS {
        let posts: Vec<(String, String)> = (0..3)
            .map(|number| {
                (format!("/r{round}/{source}/{number}"), format!("Acme news {round} from {source} number {number}"))
            })
            .collect();
        let items: Vec<(&str, &str, &str)> =
            posts.iter().map(|(path, title)| (path.as_str(), title.as_str(), "")).collect();
        web.set(&format!("feed{source}.test"), "/feed.xml", Page::rss(&items));
    }
}

fn home(web: &Web, collector: &Collector) -> Home {
    let home = Home::new(&(0..FEEDS).map(|source| feed(web, &format!("feed{source}"))).collect::<String>(), collector);
    // Every post is to be told one by one, however many there are.
    let bound = "kind = \"webhook\"\nmax_alerts_per_10_minutes = 10000";
    home.write("config/routes.toml", &routes(collector).replace("kind = \"webhook\"", bound));
    home
}

/// Every title that arrived, with the ids that it arrived under.
fn arrived(collector: &Collector) -> BTreeMap<String, BTreeSet<String>> {
    let mut arrived: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for received in collector.received() {
        assert!(received.signed);
        let title = received.body["data"]["post"]["title"].as_str().unwrap_or_default().to_owned();
        arrived.entry(title).or_default().insert(received.id);
    }
    arrived
}

/// Cuts or zeroes the end of the newest file below a folder, as a power cut might.
fn damage(folder: &Path, random: &mut fastrand::Rng) {
    let mut files = Vec::new();
    list(folder, &mut files);
    let newest = files.into_iter().max_by_key(|file| std::fs::metadata(file).unwrap().modified().unwrap());
    let Some(file) = newest else { return };
    let length = std::fs::metadata(&file).unwrap().len();
    let cut = random.u64(1..=4096).min(length);
    let handle = std::fs::File::options().write(true).open(&file).unwrap();
    handle.set_len(length - cut).unwrap();
    if random.bool() {
        handle.set_len(length).unwrap();
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => list(&path, files),
            path => files.push(path),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_nothing_acknowledged_is_lost_and_nothing_is_told_under_two_ids() {
    let seed =
        std::env::var("OVERHEARD_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("OVERHEARD_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = home(&web, &collector);
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        publish(&web, round);
        collector.answer_with(if random.bool() { &[500, 503] } else { &[] });
        let daemon = Spawned::start(&home).await;
        // Something of this round is on its way; the kill comes a random part of its work later.
        let so_far = web.asked().len() + random.usize(1..=FEEDS);
        until("the round's requests", async || (web.asked().len() >= so_far).then_some(())).await;
        for _ in 0..random.usize(0..6) {
            acknowledged.extend(searchable(&daemon).await);
        }
        daemon.kill();
        if random.u8(0..4) == 0 {
            // Views only: what the journal acknowledged was synced, and no power cut takes that back.
            for view in ["store", "archive"] {
                damage(&home.data().join(view), &mut random);
            }
        }
    }
    let before_last: BTreeSet<String> = arrived(&collector).into_keys().collect();
    publish(&web, ROUNDS);
    let daemon = Spawned::start(&home).await;
    let last = format!("Acme news {ROUNDS} from");
    let complete = async || {
        let have = arrived(&collector);
        (have.keys().filter(|title| title.starts_with(&last)).count() == FEEDS * 3).then_some(())
    };
    until("the last round's webhooks", complete).await;
    let wait = async || {
        let have = searchable(&daemon).await;
        let expected = arrived(&collector);
        expected.keys().all(|title| have.contains(title)).then_some(have)
    };
    let have = until("everything to be searchable", wait).await;

    let lost: Vec<_> = acknowledged.union(&before_last).filter(|title| !have.contains(*title)).collect();
    assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), acknowledged.len());
    let told = arrived(&collector);
    let twice: Vec<_> = told.iter().filter(|(_, ids)| ids.len() > 1).collect();
    assert!(twice.is_empty(), "told under two ids: {twice:?}");
    let untold: Vec<_> = have.iter().filter(|title| !told.contains_key(*title)).collect();
    assert!(untold.is_empty(), "archived and matched, but never told: {untold:?}");
    assert!(daemon.stop(), "a clean end");

    let rebuilt = std::process::Command::new(binary()).args(home.flags()).arg("rebuild").output().unwrap();
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    let search = ["search", "acme", "--json", "--limit", "1000"];
    let found = std::process::Command::new(binary()).args(home.flags()).args(search).output().unwrap();
    assert_eq!(titles(&serde_json::from_slice(&found.stdout).unwrap()), have, "a rebuild knows the same posts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_with_a_torn_tail_starts_and_says_so() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = home(&web, &collector);
    publish(&web, 0);
    let daemon = Spawned::start(&home).await;
    until("the webhooks", async || (arrived(&collector).len() == FEEDS * 3).then_some(())).await;
    daemon.kill();
    let mut segments = Vec::new();
    list(&home.data().join("journal"), &mut segments);
    let segment = segments.into_iter().max().unwrap();
    let length = std::fs::metadata(&segment).unwrap().len();
    std::fs::File::options().write(true).open(&segment).unwrap().set_len(length - 7).unwrap();

    let daemon = Spawned::start(&home).await;
    let have =
        until("the posts", async || Some(searchable(&daemon).await).filter(|have| have.len() == FEEDS * 3)).await;
    assert_eq!(have.len(), FEEDS * 3);
    let ids = arrived(&collector);
    assert!(ids.values().all(|ids| ids.len() == 1), "what the torn frame held is told again at most under its old id");
    let log = std::fs::read_to_string(home.dir.path().join("log")).unwrap();
    assert!(log.contains("torn"), "{log}");
    assert!(daemon.stop());
}
