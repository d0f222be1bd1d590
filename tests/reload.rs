//! Is a changed configuration taken whole or not at all, and is it said what changed?
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::collector::Collector;
use common::home::{Home, feed};
use common::spawned::Spawned;
use common::until;
use common::web::{Page, Web};
use serde_json::Value;

const ACME: &str = "[[watch]]\nname = \"acme\"\nowner = \"kim\"\nquery = \"acme\"\n";
const CLOUD: &str = "\n[[watch]]\nname = \"cloud\"\nowner = \"kim\"\nquery = \"cloud\"\n";

/// Every message of the daemon's log, with what it says beside it.
fn logged(home: &Home) -> Vec<Value> {
    let log = std::fs::read_to_string(home.dir.path().join("log")).unwrap();
    log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn messages(home: &Home, level: &str) -> Vec<String> {
    let of_level = logged(home).into_iter().filter(|entry| entry["level"] == level);
    of_level.filter_map(|entry| Some(entry["message"].as_str()?.to_owned())).collect()
}

/// What the last reload changed, as the log says.
fn changes(home: &Home) -> Option<String> {
    let reload = logged(home).into_iter().rfind(|entry| entry["message"] == "configuration reloaded")?;
    Some(reload["changes"].as_str()?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_edit_shows_its_faults_and_changes_nothing_and_a_good_one_says_what_it_changed() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&feed(&web, "news"), &collector);
    home.write("config/watches.toml", &format!("{ACME}{CLOUD}"));
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", "Again.")]));
    let spawned = Spawned::start(&home).await;
    until("the webhook", async || collector.received().pop()).await;

    let bad = format!("{ACME}must_match = [\"Globex\"]\n\n[[exclusion]]\nname = \"jobs\"\nquery = \"hiring AND (\"\n");
    home.write("config/watches.toml", &bad);
    let faults = async || Some(messages(&home, "ERROR")).filter(|errors| errors.len() >= 3);
    let errors = until("the faults in the log", faults).await;
    assert!(errors[0].contains("the old one runs on"), "{errors:#?}");
    assert!(errors[1].contains("watches.toml:5:15: watch.acme.must_match: the query does not find"), "{errors:#?}");
    assert!(errors[2].contains("watches.toml:9:21: exclusion.jobs.query: `(` is never closed"), "{errors:#?}");
    let health = spawned.get("/readyz").await;
    assert_eq!(health["ready"], true, "it still does its work: {health}");
    assert!(health["problems"][0].as_str().unwrap_or_default().contains("(2 faults)"), "{health}");
    let asked = spawned.get("/api/v1/search?query=watch:acme").await;
    assert_eq!(asked["total"], 1, "{asked}");

    let good = "[[watch]]\nname = \"acme\"\nowner = \"lee\"\nquery = \"acme\"\n\n[[watch]]\nname = \"globex\"\nowner = \"kim\"\nquery = \"globex\"\n\n[[exclusion]]\nname = \"jobs\"\nquery = \"hiring\"\n";
    home.write("config/watches.toml", good);
    let said = until("the reload", async || changes(&home)).await;
    assert_eq!(said, "watches: 1 added (globex), 1 removed (cloud), 1 altered (acme); exclusions: 1 added (jobs)");
    assert_eq!(spawned.get("/readyz").await["problems"], Value::Array(Vec::new()));
    assert!(spawned.stop());
}
