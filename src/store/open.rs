//! When is what lies on the disk trusted?
//!
//! Only after a clean stop, and only if every byte is as that stop left it: the mark of a clean stop lists all files of sled with their
//! lengths and checksums. sled is never asked to open anything else, since it may panic or answer wrongly on damaged files.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, RwLock};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::disk::Disk;
use super::layers::Layers;
use super::record::{Meta, pack, unpack};
use super::runs::{Manifest, Runs};
use super::{Store, StoreError, failed};
use crate::model::{Position, ViewError};

/// Version of the records in the store, and of the snapshots made of them. The store of an older version is made anew.
pub const SCHEMA: u16 = 1;

/// What stands between the name of a folder that was set aside and its number.
const SET_ASIDE: &str = "set-aside-";

/// Tries until sled's last thread has let go of its files, and the pause between two.
const LET_GO: (u32, std::time::Duration) = (200, std::time::Duration::from_millis(10));

/// What opening a store found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// There was none.
    Fresh,
    /// It was stopped cleanly with everything up to here.
    Clean { position: Position },
    /// It could not be trusted and was moved to `to`; an empty one takes its place.
    SetAside { why: String, to: PathBuf },
}

/// The mark of a clean stop, behind a version and before a checksum.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    meta: Meta,
    runs: Manifest,
    /// Every file of sled: path below its folder, length, checksum.
    files: Vec<(String, u64, u64)>,
}

/// Why a store is not trusted, or why that could not even be asked.
enum Doubt {
    Distrust(String),
    Error(StoreError),
}

impl From<String> for Doubt {
    fn from(why: String) -> Self {
        Self::Distrust(why)
    }
}

impl Store {
    /// Opens the store in the folder `dir`. What was not stopped cleanly is set aside; then, and when fresh, the
    /// store is empty and the caller fills it with [`restore`](super::restore).
    ///
    /// # Errors
    /// The folder cannot be read or written, or a newer Overheard wrote it.
    pub fn open(dir: &Path) -> Result<(Self, Opened), StoreError> {
        let (layers, opened) = match trusted(dir) {
            Ok(Some(layers)) => {
                let position = layers.meta.position;
                (layers, Opened::Clean { position })
            }
            Ok(None) => (empty(dir)?, Opened::Fresh),
            Err(Doubt::Distrust(why)) => {
                let to = set_aside(dir)?;
                (empty(dir)?, Opened::SetAside { why, to })
            }
            Err(Doubt::Error(error)) => return Err(error),
        };
        // From here on the files change; without a mark nobody takes them for whole.
        remove_mark(dir)?;
        let store = Self { dir: dir.to_owned(), layers: RwLock::new(Some(layers)), taking_snapshot: Mutex::new(()) };
        Ok((store, opened))
    }

    /// Stops the store cleanly: everything is on the disk, and the next opening trusts it. Afterwards every call is an error.
    ///
    /// # Errors
    /// sled or the disk refuses; the next opening makes the store anew.
    pub fn mark_clean(&self) -> Result<(), StoreError> {
        let _still = self.one_snapshot();
        let layers = self.layers.write().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let Some(layers) = layers else { return Ok(()) };
        let (meta, runs) = layers.close()?;
        let sled = sled_dir(&self.dir);
        wait_until_closed(&sled).map_err(StoreError::io("cannot close", &sled))?;
        let files = checksums(&sled, true).map_err(StoreError::io("cannot read", &sled))?;
        write_mark(&self.dir, &Mark { meta, runs, files })
    }
}

fn sled_dir(dir: &Path) -> PathBuf {
    dir.join("sled")
}

fn mark_path(dir: &Path) -> PathBuf {
    dir.join("clean")
}

fn empty(dir: &Path) -> Result<Layers, StoreError> {
    fs::create_dir_all(dir).map_err(StoreError::io("cannot make", dir))?;
    open_layers(Disk::open(&sled_dir(dir))?, Meta::default(), Manifest::default()).map_err(|why| failed(why).into())
}

/// The store as the last clean stop left it; `None` where there is none.
fn trusted(dir: &Path) -> Result<Option<Layers>, Doubt> {
    let sled = sled_dir(dir);
    if !sled.exists() {
        return Ok(None);
    }
    let mark = read_mark(dir)?;
    let found = checksums(&sled, false).map_err(|error| format!("it cannot be read: {error}"))?;
    if let Some(different) = first_difference(&mark.files, &found) {
        return Err(Doubt::Distrust(format!("{different} is not as it was left")));
    }
    let disk = Disk::open(&sled).map_err(|ViewError { why, .. }| format!("it cannot be opened: {why}"))?;
    Ok(Some(open_layers(disk, mark.meta, mark.runs)?))
}

fn open_layers(disk: Disk, meta: Meta, runs: Manifest) -> Result<Layers, String> {
    let runs = Runs::open(disk, runs).ok_or("its mark is not of its runs")?;
    Ok(Layers::new(runs, meta))
}

fn first_difference(left: &[(String, u64, u64)], found: &[(String, u64, u64)]) -> Option<String> {
    let gone = left.iter().find(|file| !found.contains(file));
    let new = found.iter().find(|(path, ..)| !left.iter().any(|(known, ..)| known == path));
    gone.or(new).map(|(path, ..)| format!("its file {path}"))
}

fn read_mark(dir: &Path) -> Result<Mark, Doubt> {
    let path = mark_path(dir);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Doubt::Distrust("it was not stopped cleanly".into()));
        }
        Err(error) => return Err(Doubt::Distrust(format!("its mark cannot be read: {error}"))),
    };
    let damaged = || "its mark is damaged".to_owned();
    let (summed, sum) = bytes.split_last_chunk::<8>().ok_or_else(damaged)?;
    if xxh3_64(summed) != u64::from_be_bytes(*sum) {
        return Err(damaged().into());
    }
    let (version, mark) = summed.split_first_chunk::<2>().ok_or_else(damaged)?;
    let found = u16::from_be_bytes(*version);
    match found.cmp(&SCHEMA) {
        std::cmp::Ordering::Greater => Err(Doubt::Error(StoreError::Newer { path, found, reads: SCHEMA })),
        std::cmp::Ordering::Less => Err(Doubt::Distrust(format!("it is of version {found}, this is {SCHEMA}"))),
        std::cmp::Ordering::Equal => unpack(mark).map_err(|_| damaged().into()),
    }
}

fn write_mark(dir: &Path, mark: &Mark) -> Result<(), StoreError> {
    let path = mark_path(dir);
    let mut bytes = SCHEMA.to_be_bytes().to_vec();
    bytes.extend_from_slice(&pack(mark)?);
    bytes.extend(xxh3_64(&bytes).to_be_bytes());
    write_whole(&path, |file| file.write_all(&bytes)).map_err(StoreError::io("cannot write", &path))
}

fn remove_mark(dir: &Path) -> Result<(), StoreError> {
    let path = mark_path(dir);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("cannot remove", &path)(error)),
        _ => sync_dir(dir).map_err(StoreError::io("cannot sync", dir)),
    }
}

/// Moves the folder out of the way; only the newest one set aside is kept.
fn set_aside(dir: &Path) -> Result<PathBuf, StoreError> {
    let earlier = set_aside_before(dir).map_err(StoreError::io("cannot list", dir))?;
    let number = earlier.iter().map(|(number, _)| *number).max().unwrap_or(0) + 1;
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let to = dir.with_file_name(format!("{name}.{SET_ASIDE}{number}"));
    fs::rename(dir, &to).map_err(StoreError::io("cannot set aside", dir))?;
    for (_, path) in earlier {
        // One that stays costs room but no answer.
        let _ = fs::remove_dir_all(&path);
    }
    Ok(to)
}

/// Folders that were set aside earlier, with their numbers.
fn set_aside_before(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let (Some(parent), Some(name)) = (dir.parent(), dir.file_name().and_then(|name| name.to_str())) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(parent)? {
        let path = entry?.path();
        let suffix = path
            .file_name()
            .and_then(|file| file.to_str()?.strip_prefix(name)?.strip_prefix('.')?.strip_prefix(SET_ASIDE));
        found.extend(suffix.and_then(|number| number.parse().ok()).map(|number| (number, path.clone())));
    }
    Ok(found)
}

/// sled's own threads may hold its files a moment longer than its handle lives.
fn wait_until_closed(sled: &Path) -> io::Result<()> {
    let file = File::open(sled.join("db"))?;
    let (tries, pause) = LET_GO;
    for _ in 0..tries {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(pause),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "sled does not let go of its files"))
}

/// Every file below `dir` with its length and checksum, in order; made durable first if `sync` says so.
fn checksums(dir: &Path, sync: bool) -> io::Result<Vec<(String, u64, u64)>> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut file = File::open(&path)?;
            if sync {
                file.sync_all()?;
            }
            let mut sum = Summing { sum: Xxh3::new(), length: 0 };
            io::copy(&mut file, &mut sum)?;
            let name = path.strip_prefix(dir).unwrap_or(&path).to_string_lossy().into_owned();
            found.push((name, sum.length, sum.sum.digest()));
        }
        if sync {
            sync_dir(&folder)?;
        }
    }
    found.sort();
    Ok(found)
}

/// Takes bytes in and keeps their number and checksum.
struct Summing {
    sum: Xxh3,
    length: u64,
}

impl Write for Summing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sum.update(bytes);
        self.length += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a file so that under its name there is ever only a whole one, durably.
pub fn write_whole(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let unfinished = path.with_extension("tmp");
    let mut file = File::create(&unfinished)?;
    let written = write(&mut file).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        // Where this fails too, the next writing writes over it.
        let _ = fs::remove_file(&unfinished);
    }
    written?;
    path.parent().map_or(Ok(()), sync_dir)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
