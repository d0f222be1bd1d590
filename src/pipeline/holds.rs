//! How do the waits that hosts asked for outlive a restart?
//!
//! They are kept in a file: a restart is no reason to ask again at once. When thousands of hosts ask at the same time,
//! the file is not written thousands of times, and nobody who polls waits for the disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::data;
use crate::fetch::Door;
use crate::model::Timestamp;

/// The file of waits. Cheap to clone; clones share it.
#[derive(Clone, Debug)]
pub struct Holds(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: PathBuf,
    /// Somebody is about to write what is known then.
    wanted: AtomicBool,
    /// One writes at a time.
    writing: Mutex<()>,
}

impl Holds {
    /// Waits kept at `place`.
    pub fn at(place: PathBuf) -> Self {
        Self(Arc::new(Inner { place, wanted: AtomicBool::new(false), writing: Mutex::default() }))
    }

    /// Lets nobody ask who was asked to wait before the restart.
    pub fn load(&self, door: &Door) {
        // Not there, or not readable: then nobody asked us to wait, as far as we know.
        let Ok(text) = std::fs::read(&self.0.place) else { return };
        let holds: BTreeMap<String, Timestamp> = serde_json::from_slice(&text).unwrap_or_default();
        for (key, until) in holds {
            door.hold(&key, until, "asked before the restart");
        }
    }

    /// Has all waits of a door written soon, on a thread that may block.
    pub fn save(&self, door: &Door) {
        if self.0.wanted.swap(true, Ordering::AcqRel) {
            return;
        }
        let (holds, door) = (self.clone(), door.clone());
        // Not waited for: what is lost when the process is killed before is one early request.
        drop(tokio::task::spawn_blocking(move || holds.save_now(&door)));
    }

    /// Writes all waits of a door.
    pub fn save_now(&self, door: &Door) {
        let _one = self.0.writing.lock().unwrap_or_else(PoisonError::into_inner);
        // Before they are read: a wait that comes after it is written by the next one.
        self.0.wanted.store(false, Ordering::Release);
        let holds: BTreeMap<String, Timestamp> = door.holds().into_iter().collect();
        let saved = serde_json::to_vec(&holds)
            .map_err(anyhow::Error::from)
            .and_then(|json| data::write_private(&self.0.place, &json));
        if let Err(error) = saved {
            tracing::warn!("cannot keep the waits that hosts asked for: {error:#}");
        }
    }
}
