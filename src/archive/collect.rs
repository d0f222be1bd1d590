//! Which of the posts that a query finds are shown, and how many are there?

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use super::error::ArchiveError;
use super::verify::{Reader, Verify};

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The best score; of equal ones the largest key.
    Best,
    /// The largest key.
    Largest,
    /// The smallest key.
    Smallest,
}

/// Counts the posts that a query finds, and keeps the first of them.
pub(super) struct Gather {
    pub(super) order: Order,
    /// The fast field that orders them, a moment in milliseconds.
    pub(super) key: &'static str,
    /// How many are kept.
    pub(super) keep: usize,
    /// Looked at for every post that the index found, where the index alone cannot tell.
    pub(super) verify: Option<Arc<Verify>>,
}

/// What was gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Every post that the query is true of.
    pub(super) total: usize,
    /// The first of them, at most as many as were to be kept.
    pub(super) first: Vec<Place>,
}

/// Where a post stands in the order, and in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The bits of a score that is not negative: they are in the order of the scores.
    score: u32,
    key: i64,
    /// Of posts that are equal otherwise, the one added last comes first.
    at: DocAddress,
}

impl Place {
    pub(super) fn address(&self) -> DocAddress {
        self.at
    }
}

/// The largest places seen, the smallest of them on top.
#[derive(Default)]
struct Largest {
    places: BinaryHeap<Reverse<Place>>,
    keep: usize,
}

impl Largest {
    fn see(&mut self, place: Place) {
        if self.places.len() < self.keep {
            self.places.push(Reverse(place));
            return;
        }
        let Some(mut smallest) = self.places.peek_mut() else { return };
        if smallest.0 < place {
            smallest.0 = place;
        }
    }

    fn in_order(self) -> Vec<Place> {
        self.places.into_sorted_vec().into_iter().map(|Reverse(place)| place).collect()
    }
}

/// [`Gather`] at work on one segment.
pub(super) struct GatherSegment {
    ordinal: SegmentOrdinal,
    order: Order,
    keys: Column<i64>,
    reader: Option<Reader>,
    total: usize,
    largest: Largest,
    failed: Option<ArchiveError>,
}

type Part = Result<(usize, Vec<Place>), ArchiveError>;

impl SegmentCollector for GatherSegment {
    type Fruit = Part;

    fn collect(&mut self, post: DocId, score: Score) {
        if self.failed.is_some() {
            return;
        }
        match self.reader.as_mut().map_or(Ok(true), |reader| reader.is_true_of(post)) {
            Ok(true) => {}
            Ok(false) => return,
            Err(why) => {
                self.failed = Some(why);
                return;
            }
        }
        self.total += 1;
        let key = self.keys.first(post).unwrap_or(i64::MIN);
        let key = if self.order == Order::Smallest { key.saturating_neg() } else { key };
        let score = if self.order == Order::Best { score.max(0.0).to_bits() } else { 0 };
        self.largest.see(Place { score, key, at: DocAddress::new(self.ordinal, post) });
    }

    fn harvest(self) -> Part {
        match self.failed {
            Some(why) => Err(why),
            None => Ok((self.total, self.largest.in_order())),
        }
    }
}

impl Collector for Gather {
    type Fruit = Result<Gathered, ArchiveError>;
    type Child = GatherSegment;

    fn for_segment(&self, ordinal: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<GatherSegment> {
        let reader = self.verify.as_ref().map(|verify| verify.reader(segment)).transpose()?;
        Ok(GatherSegment {
            ordinal,
            order: self.order,
            keys: segment.fast_fields().i64(self.key)?,
            reader,
            total: 0,
            largest: Largest { keep: self.keep, ..Largest::default() },
            failed: None,
        })
    }

    fn requires_scoring(&self) -> bool {
        self.order == Order::Best
    }

    fn merge_fruits(&self, parts: Vec<Part>) -> tantivy::Result<Self::Fruit> {
        Ok(self.merge(parts))
    }
}

impl Gather {
    fn merge(&self, parts: Vec<Part>) -> Result<Gathered, ArchiveError> {
        let mut total = 0;
        let mut largest = Largest { keep: self.keep, ..Largest::default() };
        for part in parts {
            let (found, first) = part?;
            total += found;
            first.into_iter().for_each(|place| largest.see(place));
        }
        Ok(Gathered { total, first: largest.in_order() })
    }
}
