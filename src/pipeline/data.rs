//! How are journal and views opened, made to agree, copied and closed?

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use crate::archive::{self, Archive};
use crate::clock::Clock;
use crate::journal::{DataLock, History, Journal, Recovery};
use crate::model::{Position, View};
use crate::store::{self, Restored, Store};

/// How long the archive may take to make durable what it has been given.
pub const FLUSH: std::time::Duration = std::time::Duration::from_secs(60);

/// Where an archive goes that knows more than the journal.
const ASIDE: &str = "archive.set-aside";

/// Everything in a data directory, opened by one process.
#[derive(Debug)]
pub struct Data {
    pub dir: PathBuf,
    pub journal: Journal,
    pub store: Arc<Store>,
    pub archive: Arc<Archive>,
    /// Held as long as this process may write.
    pub lock: DataLock,
}

/// Where things are inside a data directory.
#[derive(Clone, Debug)]
pub struct Places {
    pub journal: PathBuf,
    pub store: PathBuf,
    pub archive: PathBuf,
    pub snapshots: PathBuf,
    /// Address and token of the running daemon.
    pub daemon: PathBuf,
    /// Waits that hosts asked for.
    pub holds: PathBuf,
    /// When the daemon ran last.
    pub alive: PathBuf,
    /// How the states of sources changed.
    pub histories: PathBuf,
}

impl Places {
    /// The places inside `dir`.
    pub fn of(dir: &Path) -> Self {
        Self {
            journal: dir.join("journal"),
            store: dir.join("store"),
            archive: dir.join("archive"),
            snapshots: dir.join("snapshots"),
            daemon: dir.join("daemon.json"),
            holds: dir.join("holds.json"),
            alive: dir.join("alive"),
            histories: dir.join("histories"),
        }
    }
}

/// What opening found out of order, in words for the operator.
pub type Findings = Vec<String>;

impl Data {
    /// Locks and opens a data directory, making it where there is none, and brings both views up to the
    /// journal's last frame.
    ///
    /// # Errors
    /// Another daemon holds the directory, the data is newer than this binary, or the disk refuses.
    pub fn open(dir: &Path, clock: &Clock) -> anyhow::Result<(Self, Findings)> {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make the data directory {}", dir.display()))?;
        let lock = DataLock::acquire(dir)?;
        let places = Places::of(dir);
        let (journal, recovery) = Journal::open(&places.journal)?;
        let mut findings = recovered(&recovery);

        let history = journal.history();
        let (archive, opened) = open_archive(&places.archive, history.last(), clock, &mut findings)?;
        if let Some(why) = &opened.set_aside {
            findings.push(format!("the archive was set aside ({why}) and is made again from the journal"));
        }
        let (store, opened) = Store::open(&places.store)?;
        if let store::Opened::SetAside { why, .. } = &opened {
            findings.push(format!("the store was set aside ({why}) and made again from the journal"));
        }
        let restored = store::restore(&store, &places.snapshots, history.last(), |after| history.replay(after))?;
        findings.extend(restored_in_words(&restored));

        catch_up(&archive, &history)?;
        let data = Self { dir: dir.to_owned(), journal, store: Arc::new(store), archive: Arc::new(archive), lock };
        Ok((data, findings))
    }

    /// Removes both views and the snapshots: the next opening makes them anew from the journal alone.
    pub fn discard_views(dir: &Path) -> anyhow::Result<()> {
        let lock = DataLock::acquire(dir)?;
        let places = Places::of(dir);
        for view in [&places.store, &places.archive, &places.snapshots] {
            match std::fs::remove_dir_all(view) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", view.display()));
                }
                _ => {}
            }
        }
        drop(lock);
        Ok(())
    }

    /// Makes everything durable and marks the store as stopped cleanly.
    pub fn close(self) -> anyhow::Result<()> {
        self.archive.flush(FLUSH)?;
        self.store.mark_clean()?;
        Ok(())
    }
}

/// Opens the archive. One that knows more than the journal is kept aside: the journal has lost its end.
///
/// # Errors
/// The journal is empty while the archive is not: somebody lost the journal, and nothing may be built from nothing.
fn open_archive(
    dir: &Path,
    last: Position,
    clock: &Clock,
    findings: &mut Findings,
) -> anyhow::Result<(Archive, archive::Opened)> {
    let (archive, opened) = Archive::open(dir, clock.clone())?;
    let known = archive.position();
    if known <= last {
        return Ok((archive, opened));
    }
    drop(archive);
    anyhow::ensure!(
        last > Position(0),
        "the journal is empty, but the archive in {} was made from {} frames of one: restore the journal from a backup, \
         or move the whole data directory away to begin anew",
        dir.display(),
        known.0
    );
    let aside = dir.with_file_name(ASIDE);
    // Only the last one is kept.
    let _ = std::fs::remove_dir_all(&aside);
    std::fs::rename(dir, &aside).with_context(|| format!("cannot set {} aside", dir.display()))?;
    findings.push(format!(
        "the journal ends at frame {}, but the archive knew frame {}: posts are LOST from the journal; what the archive had is kept in {}",
        last.0,
        known.0,
        aside.display()
    ));
    Ok(Archive::open(dir, clock.clone())?)
}

/// Applies to the archive what the journal has and it has not.
fn catch_up(archive: &Archive, history: &History) -> anyhow::Result<()> {
    for frame in history.replay(archive.position()) {
        match frame {
            Ok((position, events)) => archive.apply(position, &events)?,
            // The store's replay reported it already; what is after it still counts.
            Err(damage) => tracing::debug!(%damage, "skipped while the archive catches up"),
        }
    }
    archive.flush(FLUSH)?;
    Ok(())
}

fn recovered(recovery: &Recovery) -> Findings {
    let torn = (recovery.cut_bytes > 0)
        .then(|| format!("the journal ended in a torn frame; {} bytes were cut off", recovery.cut_bytes));
    torn.into_iter().chain(recovery.damage.iter().map(|damage| damage.to_string())).collect()
}

fn restored_in_words(restored: &Restored) -> Findings {
    let mut words: Findings =
        restored.bad_snapshots.iter().map(|why| format!("a snapshot was passed over: {why}")).collect();
    words.extend(restored.damage.iter().cloned());
    if restored.was_ahead {
        words.push("the store knew more than the journal and was made anew".to_owned());
    }
    words
}

/// Copies the journal and the snapshots into `to`, while writing goes on. Starting on the copy makes the views again.
///
/// # Errors
/// `to` exists and is not empty, or the disk refuses.
pub fn backup(history: &History, places: &Places, to: &Path) -> anyhow::Result<Position> {
    let occupied = std::fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some());
    anyhow::ensure!(!occupied, "{} is not empty; a backup goes into a new or empty folder", to.display());
    let target = Places::of(to);
    std::fs::create_dir_all(&target.snapshots)
        .with_context(|| format!("cannot make {}", target.snapshots.display()))?;
    // Snapshots first: one that is newer than the copied journal would be ahead of it.
    if places.snapshots.is_dir() {
        for entry in std::fs::read_dir(&places.snapshots)? {
            let entry = entry?;
            std::fs::copy(entry.path(), target.snapshots.join(entry.file_name()))?;
        }
    }
    Ok(history.copy_to(&target.journal)?)
}

/// Writes a file that only its owner can read, in place of an older one, in one step.
pub fn write_private(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let new = path.with_extension("new");
    // Left over from a crash in the middle of this; it may have other rights.
    let _ = std::fs::remove_file(&new);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    Ok(())
}
