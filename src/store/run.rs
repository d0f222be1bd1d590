//! How do records lie in sled?
//!
//! As runs: sorted records that never change, packed into blocks of some kilobytes under the run's number and the
//! block's first key. sled takes about 10 µs for each record of its own written in random order, and the same for a block of a hundred.

use std::sync::Arc;

use sled::IVec;

use super::block;
use super::disk::Disk;
use super::failed;
use super::filter::Filter;
use crate::model::ViewError;

/// Bytes of entries after which a block is closed.
const BLOCK: usize = 4 << 10;

/// A key and what a run says of it; `None` for a removal.
pub type Entry = (IVec, Option<IVec>);

/// Sorted records that never change.
#[derive(Debug)]
pub struct Run {
    /// Stands in front of the keys of its blocks; never used twice.
    pub number: u32,
    pub records: u64,
    pub filter: Filter,
}

impl Run {
    /// What the run says of a key; `None` if it says nothing. `hash` is the key's.
    pub fn get(&self, disk: &Disk, key: &[u8], hash: u64) -> Result<Option<Option<IVec>>, ViewError> {
        if !self.filter.may_hold(hash) {
            return Ok(None);
        }
        let Some((found, block)) = disk.at_or_before(&block_key(self.number, key))? else { return Ok(None) };
        if !found.starts_with(&self.number.to_be_bytes()) {
            return Ok(None);
        }
        Ok(block::find(&block, key).map(|value| value.map(IVec::from)))
    }
}

fn block_key(run: u32, key: &[u8]) -> Vec<u8> {
    [&run.to_be_bytes(), key].concat()
}

/// Writes a run, record by record in the order of their keys.
#[derive(Debug)]
pub struct RunWriter {
    run: Run,
    block: Vec<u8>,
    first: IVec,
}

impl RunWriter {
    /// Begins a run of about so many records.
    pub fn new(number: u32, records: usize) -> Self {
        let run = Run { number, records: 0, filter: Filter::new(records) };
        Self { run, block: Vec::with_capacity(BLOCK * 2), first: IVec::default() }
    }

    pub fn number(&self) -> u32 {
        self.run.number
    }

    pub fn add(&mut self, disk: &Disk, key: &IVec, value: Option<&IVec>) -> Result<(), ViewError> {
        if self.block.is_empty() {
            self.first = key.clone();
        }
        block::push(&mut self.block, key, value.map(|value| &**value)).map_err(failed)?;
        self.run.filter.add(Filter::hash(key));
        self.run.records += 1;
        if self.block.len() >= BLOCK { self.close_block(disk) } else { Ok(()) }
    }

    pub fn finish(mut self, disk: &Disk) -> Result<Run, ViewError> {
        self.close_block(disk)?;
        Ok(self.run)
    }

    fn close_block(&mut self, disk: &Disk) -> Result<(), ViewError> {
        if !self.block.is_empty() {
            disk.put(&block_key(self.run.number, &self.first), &self.block)?;
            self.block.clear();
        }
        Ok(())
    }
}

/// Removes up to `blocks` blocks of a run that nobody reads; `true` when none is left.
pub fn remove_blocks(disk: &Disk, run: u32, blocks: usize) -> Result<bool, ViewError> {
    let mut records = disk.records(&run.to_be_bytes())?;
    for _ in 0..blocks {
        match disk.next(&mut records)? {
            Some((key, _)) if key.starts_with(&run.to_be_bytes()) => disk.remove(&key)?,
            _ => return Ok(true),
        }
    }
    Ok(false)
}

/// Reads a run from some key on.
pub struct RunScan {
    /// Keeps the run's blocks from being removed.
    run: Arc<Run>,
    disk: Arc<Disk>,
    blocks: sled::Iter,
    block: IVec,
    /// Where in the block the next entry begins.
    at: usize,
    /// The entry that comes next, once it was looked at.
    peeked: Option<Option<Entry>>,
}

impl RunScan {
    pub fn new(run: Arc<Run>, disk: Arc<Disk>, from: &[u8]) -> Result<Self, ViewError> {
        let number = run.number.to_be_bytes();
        // The block that holds `from` may begin before it.
        let begins = disk.at_or_before(&block_key(run.number, from))?.map(|(key, _)| key);
        let begins = begins.filter(|key| key.starts_with(&number)).unwrap_or_else(|| (&number[..]).into());
        let blocks = disk.records(&begins)?;
        let mut scan = Self { run, disk, blocks, block: IVec::default(), at: 0, peeked: None };
        while scan.peek()?.is_some_and(|(key, _)| **key < *from) {
            scan.peeked = None;
        }
        Ok(scan)
    }

    /// The entry that [`RunScan::advance`] passes next.
    pub fn peek(&mut self) -> Result<Option<&Entry>, ViewError> {
        if self.peeked.is_none() {
            self.peeked = Some(self.read()?);
        }
        Ok(self.peeked.as_ref().and_then(Option::as_ref))
    }

    pub fn advance(&mut self) -> Result<Option<Entry>, ViewError> {
        self.peek()?;
        Ok(self.peeked.take().flatten())
    }

    fn read(&mut self) -> Result<Option<Entry>, ViewError> {
        if self.at >= self.block.len() {
            match self.disk.next(&mut self.blocks)? {
                Some((key, block)) if key.starts_with(&self.run.number.to_be_bytes()) => {
                    (self.block, self.at) = (block, 0)
                }
                _ => return Ok(None),
            }
        }
        let rest = self.block.get(self.at..).unwrap_or_default();
        let Some(((key, value), behind)) = block::split_first(rest) else {
            return Err(failed("a block cannot be read"));
        };
        self.at = self.block.len() - behind.len();
        Ok(Some((IVec::from(key), value.map(IVec::from))))
    }
}

/// Several runs as one: where they speak of the same key, the newest counts.
pub struct Merged {
    /// Newest first.
    scans: Vec<RunScan>,
}

impl Merged {
    /// `runs` are newest first.
    pub fn new<'a>(runs: impl Iterator<Item = &'a Arc<Run>>, disk: &Arc<Disk>, from: &[u8]) -> Result<Self, ViewError> {
        let scans = runs.map(|run| RunScan::new(run.clone(), disk.clone(), from));
        Ok(Self { scans: scans.collect::<Result<_, _>>()? })
    }

    /// The key that comes next.
    pub fn peek(&mut self) -> Result<Option<IVec>, ViewError> {
        let mut least: Option<IVec> = None;
        for scan in &mut self.scans {
            if let Some((key, _)) = scan.peek()?
                && least.as_ref().is_none_or(|least| key < least)
            {
                least = Some(key.clone());
            }
        }
        Ok(least)
    }

    pub fn advance(&mut self) -> Result<Option<Entry>, ViewError> {
        let Some(least) = self.peek()? else { return Ok(None) };
        let mut newest = None;
        for scan in &mut self.scans {
            if scan.peek()?.is_some_and(|(key, _)| *key == least) {
                let entry = scan.advance()?;
                newest = newest.or(entry);
            }
        }
        Ok(newest)
    }
}
