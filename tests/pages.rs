//! Does a real browser show what a community manager should see?
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says why it was skipped")]

mod common;

use std::process::Command;

use common::collector::Collector;
use common::home::{Home, feed};
use common::inside::Inside;
use common::web::{Page, Web};

/// Debian's Chromium; `tests/setup.sh` installs it.
const CHROMIUM: &str = "chromium";

/// The page's elements after everything was loaded, as the browser has them.
fn dump(url: &str, width: u32) -> Option<String> {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(CHROMIUM)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"])
        .args(["--disable-background-networking", "--disable-component-update", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--window-size={width},900"))
        .arg(url)
        .output();
    match output {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "CI needs {CHROMIUM}: {error}");
            println!("skipped: {CHROMIUM} is not installed; `bash tests/setup.sh` installs it");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_shows_mentions_and_deaf_sources_in_a_browser() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&[feed(&web, "news"), feed(&web, "locked")].concat(), &collector);
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down &amp; out", "It is down since nine.")]));
    web.set("locked.test", "/feed.xml", Page::status(403));
    let inside = Inside::start(&home).await;
    inside.until("the webhook", async || collector.received().into_iter().next()).await;
    inside.until("the refusal", async || inside.health("locked").last_error).await;
    inside.search("");
    let url = format!("http://{}/", inside.daemon.address);
    let Some(page) = tokio::task::spawn_blocking(move || dump(&url, 390)).await.unwrap() else { return };
    assert!(page.contains("<mark>Acme</mark> is down &amp; out"), "{page}");
    assert!(page.contains("locked</a> is blocked"), "{page}");
    inside.stop().await;
}
