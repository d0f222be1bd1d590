//! How are all the posts that a query is true of visited, one after the other, in the order in which they arrived?

use std::ops::ControlFlow;

use aho_corasick::AhoCorasick;
use tantivy::collector::{Collector, Count, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::store::StoreReader;
use tantivy::{DocAddress, DocId, Score, Searcher, SegmentOrdinal, SegmentReader, TantivyDocument};

use crate::model::{StoryId, Timestamp};
use crate::query::Query;

use super::Archive;
use super::age::AgeTo;
use super::error::ArchiveError;
use super::plan::{self, Plan};
use super::record::Record;
use super::schema::{Fields, RECEIVED};
use super::search::{MAX_MEMBERS, failed};
use super::verify::is_true;

/// Most posts that one walk visits; their places (24 bytes each) are held meanwhile. Tests reach it sooner.
pub const MAX_VISITED: usize = if cfg!(test) { 2_000 } else { 2_000_000 };
/// Most posts that one walk asks one by one because the index cannot tell. Tests reach it sooner.
pub const MAX_ASKED: usize = if cfg!(test) { 1_000 } else { 1_000_000 };

/// Posts that are read at once.
const CHUNK: usize = 64;
/// Blocks of stored posts kept unpacked for each segment: merged segments hold stretches of several times.
const BLOCKS: usize = 32;

/// Moments of arrival: `from` and later, before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Window {
    /// Every moment but the last.
    pub const ALWAYS: Self = Self { from: Timestamp(i64::MIN), until: Timestamp(i64::MAX) };

    /// Whether a moment lies within.
    pub fn holds(&self, moment: Timestamp) -> bool {
        self.from <= moment && moment < self.until
    }
}

/// What happens on a walk.
#[derive(Debug)]
pub enum Step {
    /// The next post that the query is true of.
    Found(Box<Record>),
    /// So many of the posts that the index found were looked at; told at the beginning and after a few each time.
    Looked { done: usize, of: usize },
}

impl Archive {
    /// Visits every post that arrived in a window and that a query is true of, in the order of arrival, until the
    /// visitor breaks off; says whether it did. What is committed meanwhile is not seen.
    ///
    /// # Errors
    /// A bound is passed (the message says which, and what to do), or the index cannot be read.
    pub fn each(
        &self,
        query: &Query,
        window: Window,
        age_to: AgeTo,
        visit: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ArchiveError> {
        let searcher = self.reader.searcher();
        let Plan { query: candidates, needles, exact } = plan::plan(query.expr(), &self.fields, age_to);
        let keep = if exact { MAX_VISITED } else { MAX_ASKED };
        let gather = Arrivals { window, keep };
        let places = self.reading_in(&searcher, |searcher| searcher.search(&candidates, &gather).map_err(failed))?;
        if places.len() > keep {
            return Err(too_many(exact));
        }
        let asks = (!exact).then(|| Asks::new(query, age_to, &needles)).transpose()?;
        let walk = Walk { fields: &self.fields, stores: stores(&searcher)?, asks };
        let mut looked = Step::Looked { done: 0, of: places.len() };
        for (number, chunk) in places.chunks(CHUNK).enumerate() {
            if visit(looked).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            for record in self.reading_in(&searcher, |_| walk.read(chunk))? {
                if visit(Step::Found(Box::new(record))).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            looked = Step::Looked { done: number * CHUNK + chunk.len(), of: places.len() };
        }
        Ok(visit(looked))
    }

    /// The members of a story in the order of a walk, at most [`MAX_MEMBERS`].
    pub fn members_by_arrival(&self, story: StoryId) -> Result<Vec<Record>, ArchiveError> {
        let searcher = self.reader.searcher();
        let members = self.reading_in(&searcher, |searcher| {
            let gather = Arrivals { window: Window::ALWAYS, keep: MAX_MEMBERS };
            let places = searcher.search(&self.fields.in_story(story), &gather).map_err(failed)?;
            let walk = Walk { fields: &self.fields, stores: stores(searcher)?, asks: None };
            walk.read(&places)
        });
        let mut members = members?;
        members.retain(|record| record.story == story);
        Ok(members)
    }

    /// How many posts that arrived in a window a query is true of.
    ///
    /// # Errors
    /// As [`Archive::search`].
    pub fn count_within(&self, query: &Query, window: Window, age_to: AgeTo) -> Result<usize, ArchiveError> {
        self.counted(query, Some(plan::arrived(window)), age_to)
    }

    /// How many posts arrived in a window.
    pub fn arrived(&self, window: Window) -> Result<usize, ArchiveError> {
        let searcher = self.reader.searcher();
        let query = plan::arrived(window);
        self.reading_in(&searcher, |searcher| searcher.search(&query, &Count).map_err(failed))
    }
}

fn too_many(exact: bool) -> ArchiveError {
    let hint = "look at a shorter time, or add a word or a field that leaves fewer of them";
    let what = match exact {
        true => format!("the query is true of more than {MAX_VISITED} posts"),
        false => format!("the index cannot decide this query alone, and more than {MAX_ASKED} posts are left to ask"),
    };
    ArchiveError::TooBroad { what, hint }
}

/// Where a post is, and when it arrived.
type Place = (i64, DocAddress);

/// Collects the posts of a window in the order of arrival; one more than `keep` when there are more.
struct Arrivals {
    window: Window,
    keep: usize,
}

struct ArrivalsOfSegment {
    ordinal: SegmentOrdinal,
    window: Window,
    keep: usize,
    received: Column<i64>,
    places: Vec<Place>,
}

impl Collector for Arrivals {
    type Fruit = Vec<Place>;
    type Child = ArrivalsOfSegment;

    fn for_segment(&self, ordinal: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<ArrivalsOfSegment> {
        let received = segment.fast_fields().i64(RECEIVED)?;
        Ok(ArrivalsOfSegment { ordinal, window: self.window, keep: self.keep, received, places: Vec::new() })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, parts: Vec<Vec<Place>>) -> tantivy::Result<Vec<Place>> {
        let mut places = parts.concat();
        places.sort_unstable();
        places.truncate(self.keep + 1);
        Ok(places)
    }
}

impl SegmentCollector for ArrivalsOfSegment {
    type Fruit = Vec<Place>;

    fn collect(&mut self, post: DocId, _: Score) {
        let received = self.received.first(post).unwrap_or(i64::MIN);
        if self.places.len() <= self.keep && self.window.holds(Timestamp(received)) {
            self.places.push((received, DocAddress::new(self.ordinal, post)));
        }
    }

    fn harvest(self) -> Vec<Place> {
        self.places
    }
}

/// What to ask stored posts where the index alone cannot tell.
struct Asks<'a> {
    query: &'a Query,
    age_to: AgeTo,
    /// Of each at least one must occur among the stored bytes, which hold the texts as they are.
    needles: Vec<AhoCorasick>,
}

impl<'a> Asks<'a> {
    fn new(query: &'a Query, age_to: AgeTo, needles: &[Vec<String>]) -> Result<Self, ArchiveError> {
        let needles = needles.iter().map(AhoCorasick::new).collect::<Result<_, _>>();
        Ok(Self { query, age_to, needles: needles.map_err(ArchiveError::damaged)? })
    }
}

/// Reads the posts of a walk.
struct Walk<'a> {
    fields: &'a Fields,
    /// One for each segment, in order.
    stores: Vec<StoreReader>,
    /// `None` where every place is one that the query is true of.
    asks: Option<Asks<'a>>,
}

fn stores(searcher: &Searcher) -> Result<Vec<StoreReader>, ArchiveError> {
    let open = |segment: &SegmentReader| segment.get_store_reader(BLOCKS).map_err(ArchiveError::damaged);
    searcher.segment_readers().iter().map(open).collect()
}

impl Walk<'_> {
    fn read(&self, places: &[Place]) -> Result<Vec<Record>, ArchiveError> {
        let mut records = Vec::with_capacity(places.len());
        for (_, place) in places {
            records.extend(self.record(*place)?);
        }
        Ok(records)
    }

    /// The post at a place, if the query is true of it.
    fn record(&self, place: DocAddress) -> Result<Option<Record>, ArchiveError> {
        let store = self.stores.get(place.segment_ord as usize);
        let store = store.ok_or_else(|| ArchiveError::damaged("a post is in no segment"))?;
        let Some(asks) = &self.asks else { return Ok(Some(self.load(store, place)?)) };
        let bytes = store.get_document_bytes(place.doc_id).map_err(ArchiveError::damaged)?;
        if !asks.needles.iter().all(|needles| needles.is_match(bytes.as_slice())) {
            return Ok(None);
        }
        let record = self.load(store, place)?;
        Ok(is_true(asks.query, &record, asks.age_to).then_some(record))
    }

    fn load(&self, store: &StoreReader, place: DocAddress) -> Result<Record, ArchiveError> {
        let document: TantivyDocument = store.get(place.doc_id).map_err(ArchiveError::damaged)?;
        self.fields.record_of(&document)
    }
}
