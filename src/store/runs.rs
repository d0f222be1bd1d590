//! Which runs are there, and how do many become few?
//!
//! What was written lately becomes a run of its own. When runs of like size pile up they are merged into one, a little with
//! every frame, so that nothing ever waits for it: each record is rewritten about as often as the runs quadruple.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sled::IVec;

use super::disk::Disk;
use super::failed;
use super::filter::Filter;
use super::run::{Merged, Run, RunWriter, remove_blocks};
use crate::model::ViewError;

/// Runs of like size that are merged into one.
const LIKE: usize = 4;
/// Runs at most; beyond, the neighbours that are smallest together are merged whatever their sizes.
const MANY: usize = 16;
/// Records merged for each block of garbage removed.
const RECORDS_A_BLOCK: usize = 64;

/// All runs, and the sled that they lie in.
#[derive(Debug)]
pub struct Runs {
    disk: Arc<Disk>,
    /// Oldest first.
    runs: Vec<Arc<Run>>,
    next_number: u32,
    merging: Option<Merging>,
    /// Runs that were merged into others; removed when nobody reads them any more.
    replaced: Vec<Arc<Run>>,
    /// Numbers of runs whose blocks are to be removed.
    garbage: Vec<u32>,
}

/// A merge under way.
struct Merging {
    /// The runs being merged, as they stand in the list.
    sources: Vec<u32>,
    merged: Merged,
    writer: RunWriter,
    /// Nothing older is left for a removal to hide.
    oldest: bool,
}

impl std::fmt::Debug for Merging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Merging({:?})", self.sources)
    }
}

/// What must be known of the runs to open them again.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Manifest {
    runs: Vec<ManifestRun>,
    next_number: u32,
    garbage: Vec<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ManifestRun {
    number: u32,
    records: u64,
    #[serde(with = "super::record::bytes")]
    filter: Vec<u8>,
}

impl Runs {
    /// Runs as [`Runs::close`] left them; `None` if the manifest cannot be one.
    pub fn open(disk: Disk, manifest: Manifest) -> Option<Self> {
        let open = |run: ManifestRun| {
            let filter = Filter::decode(&run.filter)?;
            Some(Arc::new(Run { number: run.number, records: run.records, filter }))
        };
        Some(Self {
            disk: Arc::new(disk),
            runs: manifest.runs.into_iter().map(open).collect::<Option<_>>()?,
            next_number: manifest.next_number,
            merging: None,
            replaced: Vec::new(),
            garbage: manifest.garbage,
        })
    }

    /// Closes sled and returns what [`Runs::open`] needs. Fails where somebody still reads.
    pub fn close(mut self) -> Result<Manifest, ViewError> {
        if let Some(merging) = self.merging.take() {
            self.garbage.push(merging.writer.number());
        }
        self.garbage.extend(self.replaced.iter().map(|run| run.number));
        let kept =
            |run: &Arc<Run>| ManifestRun { number: run.number, records: run.records, filter: run.filter.encode() };
        let runs = self.runs.iter().map(kept).collect();
        let disk = Arc::into_inner(self.disk).ok_or_else(|| failed("it is still being read"))?;
        disk.close()?;
        Ok(Manifest { runs, next_number: self.next_number, garbage: self.garbage })
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<IVec>, ViewError> {
        let hash = Filter::hash(key);
        for run in self.runs.iter().rev() {
            if let Some(value) = run.get(&self.disk, key, hash)? {
                return Ok(value);
            }
        }
        Ok(None)
    }

    /// Whether some run may say something of a key.
    pub fn may_hold(&self, key: &[u8]) -> bool {
        let hash = Filter::hash(key);
        self.runs.iter().any(|run| run.filter.may_hold(hash))
    }

    /// All runs as one, from `from` on.
    pub fn scan(&self, from: &[u8]) -> Result<Merged, ViewError> {
        Merged::new(self.runs.iter().rev(), &self.disk, from)
    }

    /// The runs as they are now, to be read by somebody else; none of them is removed meanwhile.
    pub fn still(&self) -> StillRuns {
        StillRuns { disk: self.disk.clone(), runs: self.runs.clone() }
    }

    /// Records in all runs, those counted twice that are in two.
    pub fn records(&self) -> u64 {
        self.runs.iter().map(|run| run.records).sum()
    }

    /// Begins a run that will be the newest, of about so many records.
    pub fn begin(&mut self, records: usize) -> RunWriter {
        let number = self.next_number;
        self.next_number += 1;
        RunWriter::new(number, records)
    }

    pub fn end(&mut self, writer: RunWriter) -> Result<(), ViewError> {
        let run = writer.finish(&self.disk)?;
        self.runs.push(Arc::new(run));
        Ok(())
    }

    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Merges up to `records` records, and removes some of what merges left behind.
    pub fn tidy(&mut self, records: usize) -> Result<(), ViewError> {
        self.remove_garbage(records / RECORDS_A_BLOCK + 1)?;
        if self.merging.is_none() {
            self.merging = self.window().map(|window| self.begin_merge(window)).transpose()?;
        }
        let Some(merging) = &mut self.merging else { return Ok(()) };
        for _ in 0..records {
            let Some((key, value)) = merging.merged.advance()? else { return self.end_merge() };
            if value.is_some() || !merging.oldest {
                merging.writer.add(&self.disk, &key, value.as_ref())?;
            }
        }
        Ok(())
    }

    /// Forgets everything.
    pub fn clear(&mut self) -> Result<(), ViewError> {
        self.merging = None;
        self.disk.clear()?;
        self.runs.clear();
        self.replaced.clear();
        self.garbage.clear();
        Ok(())
    }

    /// Which neighbours are to be merged now: the newest of like size, where there are enough.
    fn window(&self) -> Option<Range<usize>> {
        let mut first = self.runs.len();
        let mut sum = 0;
        while first > 0 && (sum == 0 || self.runs[first - 1].records <= sum * 2) {
            first -= 1;
            sum += self.runs[first].records;
        }
        if self.runs.len() - first >= LIKE {
            return Some(first..self.runs.len());
        }
        if self.runs.len() <= MANY {
            return None;
        }
        let sum = |window: &Range<usize>| self.runs[window.clone()].iter().map(|run| run.records).sum::<u64>();
        (0..=self.runs.len() - LIKE).map(|first| first..first + LIKE).min_by_key(sum)
    }

    fn begin_merge(&mut self, window: Range<usize>) -> Result<Merging, ViewError> {
        let runs = &self.runs[window.clone()];
        let sources = runs.iter().map(|run| run.number).collect();
        let records: u64 = runs.iter().map(|run| run.records).sum();
        let merged = Merged::new(runs.iter().rev(), &self.disk, &[])?;
        let writer = self.begin(records as usize);
        Ok(Merging { sources, merged, writer, oldest: window.start == 0 })
    }

    fn end_merge(&mut self) -> Result<(), ViewError> {
        let Some(Merging { sources, merged, writer, oldest: _ }) = self.merging.take() else { return Ok(()) };
        drop(merged);
        let run = Arc::new(writer.finish(&self.disk)?);
        let at = self.runs.iter().position(|run| sources.first() == Some(&run.number)).unwrap_or(0);
        self.replaced.extend(self.runs.splice(at..at + sources.len(), [run]));
        Ok(())
    }

    fn remove_garbage(&mut self, blocks: usize) -> Result<(), ViewError> {
        let (unread, read) = self.replaced.drain(..).partition(|run| Arc::strong_count(run) == 1);
        self.replaced = read;
        let unread: Vec<Arc<Run>> = unread;
        self.garbage.extend(unread.iter().map(|run| run.number));
        if let Some(number) = self.garbage.last()
            && remove_blocks(&self.disk, *number, blocks)?
        {
            self.garbage.pop();
        }
        Ok(())
    }
}

/// Runs of one moment.
pub struct StillRuns {
    disk: Arc<Disk>,
    runs: Vec<Arc<Run>>,
}

impl StillRuns {
    /// All of them as one.
    pub fn scan(&self) -> Result<Merged, ViewError> {
        Merged::new(self.runs.iter().rev(), &self.disk, &[])
    }
}
