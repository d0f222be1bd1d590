//! How are records read and written quickly, and all of a frame or nothing?
//!
//! Writing goes to a map in memory. When that is full it becomes a run in sled, which never changes; reading asks
//! memory first and then the runs, newest first.

use std::collections::{BTreeMap, HashMap, btree_map};
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Mutex;

use sled::IVec;

use super::record::Meta;
use super::run::Merged;
use super::runs::{Manifest, Runs, StillRuns};
use crate::model::ViewError;

/// Records kept in memory before they become a run; about 5 MB.
const IN_MEMORY: usize = 1 << 16;
/// Records merged for each record written: merging keeps up while runs quadruple less often.
const MERGED: usize = 8;

/// Written records by key; `None` is a removal.
type Records = BTreeMap<IVec, Option<IVec>>;

/// All layers together.
#[derive(Debug)]
pub struct Layers {
    pub meta: Meta,
    memory: Records,
    runs: Runs,
    /// What the keys written since [`Layers::whole`] began held before.
    undo: Option<Vec<(IVec, Option<Option<IVec>>)>>,
    /// Records written since the runs were tidied last.
    written: usize,
    /// By receiver: no key of its due alerts that is alive lies before this one. Without it every look into an outbox
    /// would walk over all that was ever delivered from it.
    pub first_due: Mutex<HashMap<String, Vec<u8>>>,
    /// [`IN_MEMORY`]; tests want less.
    pub room: usize,
}

impl Layers {
    pub fn new(runs: Runs, meta: Meta) -> Self {
        Self {
            meta,
            memory: Records::new(),
            runs,
            undo: None,
            written: 0,
            first_due: Mutex::default(),
            room: IN_MEMORY,
        }
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<IVec>, ViewError> {
        match self.memory.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.runs.get(key),
        }
    }

    pub fn put(&mut self, key: &[u8], value: IVec) {
        self.write(key, Some(value));
    }

    pub fn remove(&mut self, key: &[u8]) {
        self.write(key, None);
    }

    /// Everything whose key begins with `prefix`, in order.
    pub fn scan(&self, prefix: &[u8]) -> Result<Scan<'_>, ViewError> {
        self.scan_from(prefix, prefix)
    }

    /// Everything whose key begins with `prefix`, from `from` on.
    pub fn scan_from(&self, prefix: &[u8], from: &[u8]) -> Result<Scan<'_>, ViewError> {
        Ok(Scan::new(&self.memory, self.runs.scan(from)?, prefix, from))
    }

    /// Runs `change` whole: when it fails, nothing of it is left.
    pub fn whole<T>(&mut self, change: impl FnOnce(&mut Self) -> Result<T, ViewError>) -> Result<T, ViewError> {
        let meta = self.meta;
        self.undo = Some(Vec::new());
        let done = change(self);
        let undo = self.undo.take().unwrap_or_default();
        if done.is_err() {
            self.meta = meta;
            for (key, before) in undo.into_iter().rev() {
                match before {
                    Some(before) => self.memory.insert(key, before),
                    None => self.memory.remove(&key),
                };
            }
        }
        done
    }

    fn write(&mut self, key: &[u8], value: Option<IVec>) {
        self.written += 1;
        let key = IVec::from(key);
        let before = self.memory.insert(key.clone(), value);
        if let Some(undo) = &mut self.undo {
            undo.push((key, before));
        }
    }

    /// Makes room in memory where there is little, and does its share of merging.
    pub fn make_room(&mut self) -> Result<(), ViewError> {
        if self.memory.len() > self.room {
            self.move_down()?;
        }
        self.runs.tidy(std::mem::take(&mut self.written) * MERGED)
    }

    /// Makes a run of everything that is in memory.
    fn move_down(&mut self) -> Result<(), ViewError> {
        if self.memory.is_empty() {
            return Ok(());
        }
        let mut writer = self.runs.begin(self.memory.len());
        for (key, value) in &self.memory {
            // Nothing below that a removal would hide: it was written and removed in memory.
            if value.is_some() || self.runs.may_hold(key) {
                writer.add(self.runs.disk(), key, value.as_ref())?;
            }
        }
        self.runs.end(writer)?;
        self.memory.clear();
        Ok(())
    }

    /// Fills empty layers with sorted records, about `records` of them, straight into a run.
    pub fn load<E: From<ViewError>>(
        &mut self,
        records: usize,
        mut next: impl FnMut(&mut dyn FnMut(&IVec, &IVec) -> Result<(), ViewError>) -> Result<bool, E>,
    ) -> Result<(), E> {
        let mut writer = self.runs.begin(records);
        let disk = self.runs.disk();
        while next(&mut |key, value| writer.add(disk, key, Some(value)))? {}
        self.runs.end(writer)?;
        Ok(())
    }

    /// Everything as it is now, to be read without holding anybody up.
    pub fn still(&self) -> Still {
        let most = self.runs.records() + self.memory.len() as u64;
        Still { meta: self.meta, most, memory: self.memory.clone(), runs: self.runs.still() }
    }

    /// Forgets everything.
    pub fn clear(&mut self) -> Result<(), ViewError> {
        self.runs.clear()?;
        (self.meta, self.memory) = (Meta::default(), Records::new());
        self.first_due = Mutex::default();
        Ok(())
    }

    /// What a panic inside sled leaves.
    #[cfg(test)]
    pub fn break_disk(&mut self, why: &'static str) -> Result<(), ViewError> {
        self.runs.disk().ask(|| std::panic::panic_any(why))
    }

    /// Moves everything to sled and closes it. Fails where a [`Still`] is about.
    pub fn close(mut self) -> Result<(Meta, Manifest), ViewError> {
        self.move_down()?;
        Ok((self.meta, self.runs.close()?))
    }
}

/// The records of one moment.
pub struct Still {
    pub meta: Meta,
    /// Records at most.
    pub most: u64,
    memory: Records,
    runs: StillRuns,
}

impl Still {
    /// Everything, in order.
    pub fn scan(&self) -> Result<Scan<'_>, ViewError> {
        Ok(Scan::new(&self.memory, self.runs.scan()?, &[], &[]))
    }
}

/// Records of memory and runs together, in the order of their keys.
pub struct Scan<'a> {
    memory: Peekable<btree_map::Range<'a, IVec, Option<IVec>>>,
    runs: Merged,
    prefix: Vec<u8>,
}

impl<'a> Scan<'a> {
    fn new(memory: &'a Records, runs: Merged, prefix: &[u8], from: &[u8]) -> Self {
        let above = (Bound::Included(from), Bound::Unbounded);
        Self { memory: memory.range::<[u8], _>(above).peekable(), runs, prefix: prefix.to_vec() }
    }

    fn step(&mut self) -> Result<Option<(IVec, IVec)>, ViewError> {
        loop {
            let above = self.memory.peek().copied();
            let below = self.runs.peek()?;
            let (key, value) = match (above, below) {
                (Some((key, value)), below) if below.as_ref().is_none_or(|below| key <= below) => {
                    if below.as_ref() == Some(key) {
                        self.runs.advance()?;
                    }
                    self.memory.next();
                    (key.clone(), value.clone())
                }
                _ => match self.runs.advance()? {
                    Some(entry) => entry,
                    None => return Ok(None),
                },
            };
            if !key.starts_with(&self.prefix) {
                return Ok(None);
            }
            if let Some(value) = value {
                return Ok(Some((key, value)));
            }
        }
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<(IVec, IVec), ViewError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
