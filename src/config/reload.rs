//! When did a file of the configuration change?

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{Debouncer, RecommendedCache, new_debouncer};
use tokio::sync::mpsc;

use super::Paths;
use crate::clock::Clock;
use crate::model::Duration;

/// How long changes are collected before they are told: editors write a file in several steps.
const SETTLE: std::time::Duration = std::time::Duration::from_millis(300);

/// How often the files are looked at where the system tells nothing (network file systems, some mounts).
const LOOK_EVERY: Duration = Duration::seconds(10);

/// Tells when a file of the configuration changed.
///
/// It watches the folders, not the files: editors and Kubernetes replace a file by a new one, and a watch
/// on the old one would see nothing. What the system tells only means "look now": a change is a file whose
/// size, time or identity is another.
pub struct Watcher {
    files: Vec<PathBuf>,
    seen: Vec<Option<Stamp>>,
    clock: Clock,
    nudges: mpsc::Receiver<()>,
    /// Dropped, it stops watching; `None` where the system cannot watch.
    debouncer: Option<Debouncer<RecommendedWatcher, RecommendedCache>>,
}

/// What is different when a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    changed: Option<SystemTime>,
    /// Where a link leads: a mounted configuration changes by leading elsewhere.
    target: Option<PathBuf>,
}

impl Watcher {
    /// Watches the files of a configuration from now on.
    pub fn new(paths: &Paths, clock: Clock) -> Self {
        let files = paths.files().to_vec();
        let (nudge, nudges) = mpsc::channel(1);
        let mut debouncer = new_debouncer(SETTLE, None, move |_| {
            // A nudge that waits already says the same.
            let _ = nudge.try_send(());
        })
        .ok();
        if let Some(debouncer) = &mut debouncer {
            for folder in folders(&files) {
                // A folder that cannot be watched is still looked at from time to time.
                let _ = debouncer.watch(&folder, RecursiveMode::NonRecursive);
            }
        }
        Self { seen: stamps(&files), files, clock, nudges, debouncer }
    }

    /// Returns when a file is different from what it was when this was called last (or at the beginning).
    /// Safe to drop at any time.
    pub async fn changed(&mut self) {
        loop {
            tokio::select! {
                nudge = self.nudges.recv(), if self.debouncer.is_some() => {
                    if nudge.is_none() {
                        self.debouncer = None;
                    }
                }
                () = self.clock.sleep(LOOK_EVERY) => {}
            }
            let files = self.files.clone();
            // Aside, because a network file system that hangs would hold up the daemon.
            if let Ok(now) = tokio::task::spawn_blocking(move || stamps(&files)).await
                && now != self.seen
            {
                self.seen = now;
                return;
            }
        }
    }
}

fn folders(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let folder = |file: &PathBuf| match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    files.iter().map(folder).collect()
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| stamp(file)).collect()
}

fn stamp(file: &Path) -> Option<Stamp> {
    let about = std::fs::metadata(file).ok()?;
    Some(Stamp { length: about.len(), changed: about.modified().ok(), target: std::fs::canonicalize(file).ok() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn configuration() -> (tempfile::TempDir, Paths) {
        let root = tempfile::tempdir().expect("a folder");
        let paths = Paths { config: root.path().into(), sources: root.path().join("sources.toml"), data: None };
        for file in paths.files() {
            std::fs::write(file, "").expect("a file");
        }
        (root, paths)
    }

    #[tokio::test]
    async fn a_file_that_is_replaced_by_a_rename_is_noticed() {
        let (root, paths) = configuration();
        let (clock, _hands) = Clock::moved(Timestamp(0));
        let mut watcher = Watcher::new(&paths, clock);
        let new = root.path().join(".watches.toml.new");
        std::fs::write(&new, "[lists]").expect("a file");
        std::fs::rename(&new, paths.watches()).expect("replaced");
        // The clock stands still: only what the system tells can end this.
        watcher.changed().await;
    }

    #[tokio::test]
    async fn without_the_systems_help_a_look_from_time_to_time_notices() {
        let (_root, paths) = configuration();
        let (clock, hands) = Clock::moved(Timestamp(0));
        let mut watcher = Watcher::new(&paths, clock);
        watcher.debouncer = None;
        std::fs::write(paths.routes(), "[route]").expect("a file");
        let waiting = tokio::spawn(async move { watcher.changed().await });
        while hands.next_wake().is_none() {
            tokio::task::yield_now().await;
        }
        hands.advance(LOOK_EVERY);
        waiting.await.expect("noticed");
    }

    #[test]
    fn only_the_files_themselves_count() {
        let (root, paths) = configuration();
        let before = stamps(&paths.files());
        std::fs::write(root.path().join("notes.txt"), "another file").expect("a file");
        assert_eq!(stamps(&paths.files()), before);
        std::fs::remove_file(paths.daemon()).expect("no file");
        assert_ne!(stamps(&paths.files()), before);
    }

    #[test]
    fn a_file_without_a_folder_is_in_this_one() {
        assert_eq!(
            folders(&["sources.toml".into(), "config/daemon.toml".into()]),
            [".".into(), "config".into()].into()
        );
    }
}
