//! How is sled asked, when any call of it may panic?
//!
//! The one place that calls sled. After an error or a panic nothing more is asked of it: every further call is
//! the first one's error, until the store is opened again and made anew.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::OnceLock;

use sled::IVec;

use super::failed;
use crate::model::ViewError;

/// Bytes of sled's page cache. Its real use is a multiple, and the layers above keep what is new.
const CACHE: u64 = 8 << 20;

/// A sled database with one tree.
#[derive(Debug)]
pub struct Disk {
    db: sled::Db,
    broken: OnceLock<String>,
}

impl Disk {
    /// Opens or makes the database in `dir`.
    pub fn open(dir: &Path) -> Result<Self, ViewError> {
        // Nobody relies on what sled has on disk before a clean stop, so its own syncing is off.
        let config = sled::Config::new().path(dir).cache_capacity(CACHE).flush_every_ms(None);
        guarded(|| config.open()).map(|db| Self { db, broken: OnceLock::new() }).map_err(failed)
    }

    pub fn put(&self, key: &[u8], value: &[u8]) -> Result<(), ViewError> {
        self.ask(|| self.db.insert(key, value).map(drop))
    }

    pub fn remove(&self, key: &[u8]) -> Result<(), ViewError> {
        self.ask(|| self.db.remove(key).map(drop))
    }

    /// The record with the greatest key that is not greater than `key`.
    pub fn at_or_before(&self, key: &[u8]) -> Result<Option<(IVec, IVec)>, ViewError> {
        self.ask(|| self.db.range::<&[u8], _>(..=key).next_back().transpose())
    }

    /// Records from `from` on, for [`Disk::next`].
    pub fn records(&self, from: &[u8]) -> Result<sled::Iter, ViewError> {
        self.ask(|| Ok(self.db.range(from..)))
    }

    pub fn next(&self, records: &mut sled::Iter) -> Result<Option<(IVec, IVec)>, ViewError> {
        self.ask(|| records.next().transpose())
    }

    pub fn clear(&self) -> Result<(), ViewError> {
        self.ask(|| self.db.clear())
    }

    /// Writes everything to its files (without making them durable) and closes them.
    pub fn close(self) -> Result<(), ViewError> {
        self.ask(|| self.db.flush().map(drop))?;
        let closed = guarded(|| {
            drop(self.db);
            Ok(())
        });
        closed.map_err(failed)
    }

    pub(super) fn ask<T>(&self, call: impl FnOnce() -> sled::Result<T>) -> Result<T, ViewError> {
        if let Some(why) = self.broken.get() {
            return Err(failed(why));
        }
        // Whoever failed first says why.
        guarded(call).map_err(|why| failed(self.broken.get_or_init(|| why)))
    }
}

fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => {
            let text: &dyn Display = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
                (Some(text), _) => text,
                (None, Some(text)) => text,
                (None, None) => &"without a message",
            };
            Err(format!("sled panicked: {text}"))
        }
    }
}
