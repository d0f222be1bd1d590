//! How does an opened store come to stand where the journal ends?

use std::fmt::Display;
use std::path::Path;

use super::layers::Layers;
use super::record::{Meta, unpack};
use super::snapshot::{Reader, Unusable, snapshots_in};
use super::{Store, StoreError, failed, key};
use crate::model::{Event, Position, View, ViewError};

/// What [`restore`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// The snapshot that was loaded, if the store was empty and there was a whole one.
    pub snapshot: Option<Position>,
    /// Snapshots that were passed over, with the reason.
    pub bad_snapshots: Vec<String>,
    /// Frames applied after that.
    pub frames: u64,
    /// Damaged places of the journal that were skipped, in words.
    pub damage: Vec<String>,
    /// The store knew frames that the journal does not have, and was made anew.
    pub was_ahead: bool,
    /// Where the store stands now.
    pub position: Position,
}

/// Brings an opened store up to the journal's last frame: the newest whole snapshot in `snapshots` if the
/// store is empty, then every frame after it. `replay` is [`History::replay`](crate::journal::History::replay).
///
/// # Errors
/// sled or the disk refuses, or a snapshot is newer than this binary. Damage of snapshots and journal is no error but reported.
pub fn restore<I, E>(
    store: &Store,
    snapshots: &Path,
    last: Position,
    replay: impl FnOnce(Position) -> I,
) -> Result<Restored, StoreError>
where
    I: Iterator<Item = Result<(Position, Vec<Event>), E>>,
    E: Display,
{
    let mut done = Restored::default();
    if store.position() > last {
        // The journal is an older one, put back from a backup, or its disk lost what it said it had.
        done.was_ahead = true;
        store.write(Layers::clear)?;
    }
    if store.position() == Position(0) {
        load_newest(store, snapshots, last, &mut done)?;
    }
    for frame in replay(store.position()) {
        match frame {
            Ok((position, events)) => {
                store.apply(position, &events)?;
                done.frames += 1;
            }
            Err(damage) => done.damage.push(damage.to_string()),
        }
    }
    // Frames at the end may be gone, dropped by compaction or damaged; none of them is waited for.
    store.write(|layers| {
        layers.meta.position = layers.meta.position.max(last);
        Ok(())
    })?;
    done.position = store.position();
    Ok(done)
}

/// Loads the newest whole snapshot that is not ahead of the journal.
fn load_newest(store: &Store, dir: &Path, last: Position, done: &mut Restored) -> Result<(), StoreError> {
    for (position, path) in snapshots_in(dir)? {
        if position > last {
            done.bad_snapshots.push(format!("{} is ahead of the journal", path.display()));
            continue;
        }
        match Reader::open(&path).and_then(Reader::verify) {
            Ok(()) => {}
            Err(Unusable::Newer { found }) => {
                return Err(StoreError::Newer { path, found, reads: super::open::SCHEMA });
            }
            Err(Unusable::Damaged(why)) => {
                done.bad_snapshots.push(format!("{}: {why}", path.display()));
                continue;
            }
        }
        load(store, &path)?;
        done.snapshot = Some(position);
        return Ok(());
    }
    Ok(())
}

/// Loads a snapshot that was found whole into the empty store.
fn load(store: &Store, path: &Path) -> Result<(), StoreError> {
    let mut reader = Reader::open(path).map_err(ViewError::from)?;
    let records = reader.most as usize;
    store.write(|layers| {
        let mut meta = Meta::default();
        layers.load(records, |add| {
            reader.next_block(|key, value| {
                if key == key::META {
                    meta = unpack(value)?;
                    return Ok(());
                }
                add(&key.into(), &value.into())
            })
        })?;
        layers.meta = meta;
        Ok(())
    })?;
    Ok(())
}

impl From<Unusable> for ViewError {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Newer { found } => failed(format!("the snapshot is of version {found}")),
            Unusable::Damaged(why) => failed(format!("the snapshot cannot be read: {why}")),
        }
    }
}
