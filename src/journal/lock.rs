//! Who may write to a data directory?

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The right to write to a data directory. Ends when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct DataLock {
    file: File,
    path: PathBuf,
}

/// Why a data directory could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it. `holder` is what that one wrote: `process 4711`, with its address once it listens.
    #[error(
        "{} is in use by another overheard ({holder}): stop that one, or give this one its own with --data DIR",
        dir.display()
    )]
    Held { dir: PathBuf, holder: String },
    #[error("cannot lock {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl DataLock {
    /// Takes `dir`, made if it is not there, for this process alone.
    pub fn acquire(dir: &Path) -> Result<Self, LockError> {
        let path = dir.join("lock");
        let failed = |source| LockError::Io { path: path.clone(), source };
        fs::create_dir_all(dir).map_err(failed)?;
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { dir: dir.to_owned(), holder: holder(&path) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let mut lock = Self { file, path };
        lock.write(&format!("process {}", std::process::id()))?;
        Ok(lock)
    }

    /// Adds where this process listens, for the message that a second one shows.
    pub fn announce(&mut self, address: &str) -> Result<(), LockError> {
        self.write(&format!("process {} at {address}", std::process::id()))
    }

    fn write(&mut self, text: &str) -> Result<(), LockError> {
        let written = self
            .file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)).map(drop))
            .and_then(|()| self.file.write_all(text.as_bytes()));
        written.map_err(|source| LockError::Io { path: self.path.clone(), source })
    }
}

/// What the holder wrote. It may be writing just now, or be older than this text.
fn holder(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let shown: String = text.trim().chars().filter(|c| !c.is_control()).take(200).collect();
    if shown.is_empty() { "an unknown process".to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_and_told_who_the_first_is() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = DataLock::acquire(dir.path()).unwrap();
        first.announce("http://127.0.0.1:7700").unwrap();
        let refused = DataLock::acquire(dir.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {} at http://127.0.0.1:7700", std::process::id())), "{refused}");
        drop(first);
        DataLock::acquire(dir.path()).unwrap();
    }
}
