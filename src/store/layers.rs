//! How are records read and written quickly, and all of a frame or nothing?
//!
//! Three layers: what was written lately in memory, a filter that knows which keys sled surely does not have, and
//! sled. Writing goes to memory; when that is full, a run of neighbouring keys moves down, which costs sled a third of
//! what keys in random order do. While a snapshot is taken nothing moves down, so sled holds still for it.

use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;

use sled::IVec;

use super::disk::{Disk, DiskScan};
use super::failed;
use super::filter::Filter;
use super::record::Meta;
use crate::model::ViewError;

/// Records kept in memory before the oldest runs move to sled; about 10 MB.
const IN_MEMORY: usize = 1 << 17;
/// Records kept in memory at most while a snapshot is taken; beyond, the snapshot is given up.
const IN_MEMORY_FROZEN: usize = 1 << 20;
/// Records that move down at once at least.
const RUN: usize = 256;

/// Written records by key; `None` is a removal that sled has not seen.
pub type Records = BTreeMap<IVec, Option<IVec>>;

/// All layers together.
#[derive(Debug)]
pub struct Layers {
    pub meta: Meta,
    memory: Records,
    filter: Filter,
    /// The filter that is being made anew.
    next_filter: Option<Filter>,
    disk: Arc<Disk>,
    /// What the keys written since [`Layers::begin`] held before.
    undo: Option<Vec<(IVec, Option<Option<IVec>>)>>,
    /// The key behind the last run that moved down.
    moved: IVec,
    frozen: Frozen,
    /// [`IN_MEMORY`] and [`IN_MEMORY_FROZEN`]; tests want less.
    pub room: usize,
    pub frozen_room: usize,
}

/// Whether sled must hold still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frozen {
    No,
    Yes,
    /// It could not: too much came in.
    GivenUp,
}

impl Layers {
    pub fn new(disk: Disk, filter: Filter) -> Self {
        Self {
            meta: Meta::default(),
            memory: Records::new(),
            filter,
            next_filter: None,
            disk: Arc::new(disk),
            undo: None,
            moved: IVec::default(),
            frozen: Frozen::No,
            room: IN_MEMORY,
            frozen_room: IN_MEMORY_FROZEN,
        }
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<IVec>, ViewError> {
        match self.memory.get(key) {
            Some(value) => Ok(value.clone()),
            None if self.filter.may_hold(key) => self.disk.get(key),
            None => Ok(None),
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
        Scan::new(&self.memory, &self.disk, prefix, from)
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
        let key = IVec::from(key);
        let before = self.memory.insert(key.clone(), value);
        if let Some(undo) = &mut self.undo {
            undo.push((key, before));
        }
    }

    /// Makes room in memory where there is little.
    pub fn make_room(&mut self) -> Result<(), ViewError> {
        if self.memory.len() <= self.room {
            return Ok(());
        }
        if self.frozen == Frozen::Yes {
            if self.memory.len() <= self.frozen_room {
                return Ok(());
            }
            self.frozen = Frozen::GivenUp;
        }
        self.move_down((self.memory.len() - self.room) * 2 + RUN)
    }

    /// Moves everything to sled.
    pub fn move_all_down(&mut self) -> Result<(), ViewError> {
        self.move_down(usize::MAX)
    }

    /// Moves up to `run` records to sled, from where the last run ended.
    fn move_down(&mut self, run: usize) -> Result<(), ViewError> {
        let mut left = run.min(self.memory.len());
        while left > 0 {
            let from = (Bound::Included(self.moved.clone()), Bound::Unbounded);
            let keys: Vec<IVec> = self.memory.range(from).take(left.min(RUN)).map(|(key, _)| key.clone()).collect();
            // Past the last key: once more from the first.
            self.moved = IVec::default();
            for key in keys {
                match self.memory.get(&key) {
                    Some(Some(value)) => {
                        self.filter.add(&key);
                        self.next_filter.iter_mut().for_each(|filter| filter.add(&key));
                        self.disk.put(&key, value.clone())?;
                    }
                    Some(None) if self.filter.may_hold(&key) => self.disk.remove(&key)?,
                    Some(None) | None => {}
                }
                self.memory.remove(&key);
                self.moved = key;
                left -= 1;
            }
        }
        Ok(())
    }

    /// Everything as it is now, to be read without holding anybody up, until [`Layers::thaw`].
    pub fn freeze(&mut self) -> Still {
        self.frozen = Frozen::Yes;
        Still { meta: self.meta, memory: self.memory.clone(), disk: self.disk.clone() }
    }

    /// Lets records move down again; says whether what was frozen held still all the time.
    pub fn thaw(&mut self) -> bool {
        std::mem::replace(&mut self.frozen, Frozen::No) == Frozen::Yes
    }

    /// Forgets everything.
    pub fn clear(&mut self) -> Result<(), ViewError> {
        self.disk.clear()?;
        (self.meta, self.memory) = (Meta::default(), Records::new());
        (self.filter, self.next_filter) = (Filter::default(), None);
        Ok(())
    }

    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Begins a filter without the keys that were removed; until it ends both learn every key that moves down.
    pub fn begin_filter(&mut self) {
        self.next_filter = Some(Filter::default());
    }

    /// Teaches the new filter up to `step` keys of sled; the last of them, if there was any.
    pub fn continue_filter(&mut self, from: &[u8], step: usize) -> Result<Option<IVec>, ViewError> {
        let Some(filter) = &mut self.next_filter else { return Ok(None) };
        let mut records = self.disk.scan(&[], from)?;
        let mut last = None;
        for _ in 0..step {
            let Some((key, _)) = records.advance()? else { break };
            filter.add(&key);
            last = Some(key);
        }
        Ok(last)
    }

    pub fn end_filter(&mut self) {
        self.filter = self.next_filter.take().unwrap_or_else(|| std::mem::take(&mut self.filter));
    }

    /// Closes sled. Fails where a [`Still`] is about.
    pub fn close(self) -> Result<(), ViewError> {
        let disk = Arc::into_inner(self.disk).ok_or_else(|| failed("it is still being read"))?;
        disk.close()
    }
}

/// The records of one moment.
pub struct Still {
    pub meta: Meta,
    memory: Records,
    disk: Arc<Disk>,
}

impl Still {
    /// Everything, in order.
    pub fn scan(&self) -> Result<Scan<'_>, ViewError> {
        Scan::new(&self.memory, &self.disk, &[], &[])
    }
}

/// Records of memory and sled together, in the order of their keys.
pub struct Scan<'a> {
    memory: Peekable<btree_map::Range<'a, IVec, Option<IVec>>>,
    disk: DiskScan<'a>,
    prefix: Vec<u8>,
}

impl<'a> Scan<'a> {
    fn new(memory: &'a Records, disk: &'a Disk, prefix: &[u8], from: &[u8]) -> Result<Self, ViewError> {
        let above = (Bound::Included(from.max(prefix)), Bound::Unbounded);
        let memory = memory.range::<[u8], _>(above).peekable();
        Ok(Self { memory, disk: disk.scan(prefix, from)?, prefix: prefix.to_vec() })
    }

    fn step(&mut self) -> Result<Option<(IVec, IVec)>, ViewError> {
        loop {
            let above = self.memory.peek().filter(|(key, _)| key.starts_with(&self.prefix)).copied();
            let Some((key, value)) = above else { return self.disk.advance() };
            match self.disk.peek()? {
                Some((below, _)) if below < key => return self.disk.advance(),
                Some((below, _)) if below == key => drop(self.disk.advance()?),
                _ => {}
            }
            self.memory.next();
            if let Some(value) = value {
                return Ok(Some((key.clone(), value.clone())));
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
