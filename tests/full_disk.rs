//! Does a full disk stop intake, say so, lose nothing, and go on when there is room?
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::collector::Collector;
use common::home::{Home, feed};
use common::inside::Inside;
use common::web::{Page, Web};

/// A small file system of its own for a data directory; needs root.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=200m", "tmpfs"]).arg(at).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(at.to_owned()));
        }
        println!("skipped: only root can mount a small disk to fill");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: files that are still open keep it until they are closed.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_intake_loses_nothing_and_intake_goes_on_by_itself() {
    let (web, collector) = (Web::start().await, Collector::start().await);
    let home = Home::new(&feed(&web, "news"), &collector);
    let Some(disk) = SmallDisk::mount(&home.data()) else { return };
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", "")]));
    let inside = Inside::start(&home).await;
    inside.until("the first webhook", async || collector.received().into_iter().next()).await;
    inside.until("its verdict", async || inside.nothing_waits().then_some(())).await;

    let filler = disk.0.join("filler");
    std::fs::write(&filler, vec![0; 170 << 20]).unwrap();
    web.set("news.test", "/feed.xml", Page::rss(&[("/1", "Acme is down", ""), ("/2", "Acme is up", "")]));
    let problem = inside.until("the stop", async || inside.daemon.condition().problems.pop()).await;
    assert!(problem.contains("disk") && !inside.daemon.condition().ready, "{problem}");
    assert_eq!(collector.titles(), ["Acme is down"]);
    assert_eq!(inside.titles("acme"), ["Acme is down"], "what was there can still be found");

    std::fs::remove_file(&filler).unwrap();
    inside.until("the second webhook", async || (collector.titles().len() == 2).then_some(())).await;
    assert!(inside.daemon.condition().ready);
    assert_eq!(inside.titles("acme"), ["Acme is down", "Acme is up"]);
    inside.stop().await;
}
