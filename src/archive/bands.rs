//! Which archived posts may say nearly the same as a new one?
//!
//! The bands of a post (see `dedup::near`) are values of the index, so that what finds copies survives a restart and takes
//! no memory.

use std::collections::HashMap;

use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocSet, Searcher, TERMINATED};

use super::Archive;
use super::error::ArchiveError;
use super::record::Record;
use super::schema::{BAND_END, BAND_START, Key};
use super::search::failed;

/// Most posts of one segment that one band finds: what more have is no trace of a copy.
const MAX_FOUND: usize = 64;

impl Archive {
    /// The posts that share at least `least` of the bands, those that share most and then the newest first, at most `limit`.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn sharing(&self, bands: &[u64], least: u32, limit: usize) -> Result<Vec<Record>, ArchiveError> {
        self.reading(|searcher| {
            let mut counted: Vec<(u32, DocAddress)> = self.sharers(bands, searcher)?;
            counted.retain(|(shared, _)| *shared >= least);
            counted.sort_unstable_by(|a, b| b.cmp(a));
            counted.iter().take(limit).map(|(_, address)| self.load(searcher, *address)).collect()
        })
    }

    fn sharers(&self, bands: &[u64], searcher: &Searcher) -> Result<Vec<(u32, DocAddress)>, ArchiveError> {
        let mut shared: HashMap<DocAddress, u32> = HashMap::new();
        for (ordinal, segment) in searcher.segment_readers().iter().enumerate() {
            let index = segment.inverted_index(self.fields.values()).map_err(failed)?;
            for band in bands {
                let term = self.fields.term(Key::Band, &band.to_be_bytes());
                let Some(mut posts) = index.read_postings(&term, IndexRecordOption::Basic).map_err(read_failed)? else {
                    continue;
                };
                let mut found = 0;
                while posts.doc() != TERMINATED && found < MAX_FOUND {
                    if segment.alive_bitset().is_none_or(|alive| alive.is_alive(posts.doc())) {
                        *shared.entry(DocAddress::new(ordinal as u32, posts.doc())).or_default() += 1;
                        found += 1;
                    }
                    posts.advance();
                }
            }
        }
        Ok(shared.into_iter().map(|(address, times)| (times, address)).collect())
    }

    /// Every band that an archived post has.
    ///
    /// # Errors
    /// The index cannot be read.
    pub fn each_band(&self, visit: &mut dyn FnMut(u64)) -> Result<(), ArchiveError> {
        self.reading(|searcher| {
            for segment in searcher.segment_readers() {
                let index = segment.inverted_index(self.fields.values()).map_err(failed)?;
                let mut terms = index.terms().range().ge(BAND_START).lt(BAND_END).into_stream().map_err(read_failed)?;
                while terms.advance() {
                    if let Some(band) = terms.key().get(1..).and_then(|key| key.try_into().ok()) {
                        visit(u64::from_be_bytes(band));
                    }
                }
            }
            Ok(())
        })
    }
}

fn read_failed(why: std::io::Error) -> ArchiveError {
    ArchiveError::damaged(why)
}
