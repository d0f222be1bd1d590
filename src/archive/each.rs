//! How are all the posts that a query is true of visited, one after the other, in the order in which they arrived?

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

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
const CHUNK: usize = 128;
/// Threads that read, beside the one that visits. Few, because the line has to go on meanwhile.
const READERS: usize = 2;
/// Chunks that each of them may be ahead.
const AHEAD: usize = 1;
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

/// Which posts a walk visits.
#[derive(Clone, Copy, Debug)]
pub struct Walk<'a> {
    pub query: &'a Query,
    pub window: Window,
    pub age_to: AgeTo,
}

/// What happens on a walk.
#[derive(Debug)]
pub enum Step<T> {
    /// The next post that the query is true of, as it was prepared.
    Found(T),
    /// So many of the posts that the index found were looked at; told at the beginning and after a few each time.
    Looked { done: usize, of: usize },
}

impl Archive {
    /// Visits every post that arrived in a window and that a query is true of, in the order of arrival, until the
    /// visitor breaks off; says whether it did. What is committed meanwhile is not seen. Posts are read, and prepared
    /// for the visitor, ahead of it on other threads.
    ///
    /// # Errors
    /// A bound is passed (the message says which, and what to do), or the index cannot be read.
    pub fn each<T: Send>(
        &self,
        walk: Walk<'_>,
        prepare: &(dyn Fn(Record) -> T + Sync),
        visit: &mut dyn FnMut(Step<T>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ArchiveError> {
        let searcher = self.reader.searcher();
        let Plan { query: candidates, needles, exact } = plan::plan(walk.query.expr(), &self.fields, walk.age_to);
        let keep = if exact { MAX_VISITED } else { MAX_ASKED };
        let gather = Arrivals { window: walk.window, keep };
        let found = self.reading_in(&searcher, |searcher| searcher.search(&candidates, &gather).map_err(failed))?;
        if found.total > keep {
            return Err(too_many(exact));
        }
        let (places, of) = (found.places.as_slice(), found.places.len());
        let asks = || (!exact).then(|| Asks::new(&walk, &needles)).transpose();
        std::thread::scope(|scope| {
            let mut readers = Vec::with_capacity(READERS);
            for first in 0..READERS.min(of.div_ceil(CHUNK)) {
                let stored = Stored { fields: &self.fields, stores: stores(&searcher)?, asks: asks()? };
                let (sender, receiver) = sync_channel(AHEAD);
                let (own, searcher) = (places.chunks(CHUNK).skip(first).step_by(READERS), &searcher);
                let read = move || self.read_ahead(searcher, &stored, own, prepare, &sender);
                let thread = std::thread::Builder::new().name("archive-reader".to_owned());
                thread.spawn_scoped(scope, read).map_err(ArchiveError::damaged)?;
                readers.push(receiver);
            }
            visit_all(&readers, of, visit)
        })
    }

    /// Reads chunk after chunk until nobody takes them any more.
    fn read_ahead<'p, T>(
        &self,
        searcher: &Searcher,
        stored: &Stored<'_>,
        chunks: impl Iterator<Item = &'p [Place]>,
        prepare: &(dyn Fn(Record) -> T + Sync),
        taken: &SyncSender<Read<T>>,
    ) {
        for chunk in chunks {
            let read = self.reading_in(searcher, |_| stored.read(chunk));
            let read = read.map(|records| records.into_iter().map(prepare).collect());
            if taken.send(read).is_err() {
                return;
            }
        }
    }

    /// The members of a story in the order of a walk, at most [`MAX_MEMBERS`].
    pub fn members_by_arrival(&self, story: StoryId) -> Result<Vec<Record>, ArchiveError> {
        let searcher = self.reader.searcher();
        let members = self.reading_in(&searcher, |searcher| {
            let gather = Arrivals { window: Window::ALWAYS, keep: MAX_MEMBERS };
            let found = searcher.search(&self.fields.in_story(story), &gather).map_err(failed)?;
            let stored = Stored { fields: &self.fields, stores: stores(searcher)?, asks: None };
            stored.read(&found.places)
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
        let Plan { query: candidates, exact: true, .. } = plan::plan(query.expr(), &self.fields, age_to) else {
            return self.counted(query, Some(plan::arrived(window)), age_to);
        };
        let searcher = self.reader.searcher();
        let count = Arrivals { window, keep: 0 };
        let found = self.reading_in(&searcher, |searcher| searcher.search(&candidates, &count).map_err(failed))?;
        Ok(found.total)
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

/// A chunk as it was read.
type Read<T> = Result<Vec<T>, ArchiveError>;

/// Visits what the readers read, who take turns.
fn visit_all<T>(
    readers: &[Receiver<Read<T>>],
    of: usize,
    visit: &mut dyn FnMut(Step<T>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, ArchiveError> {
    let chunks = of.div_ceil(CHUNK);
    for (number, reader) in readers.iter().cycle().take(chunks).enumerate() {
        if visit(Step::Looked { done: number * CHUNK, of }).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let read = reader.recv().map_err(|_| ArchiveError::damaged("a reader ended early"))?;
        for found in read? {
            if visit(Step::Found(found)).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(visit(Step::Looked { done: of, of }))
}

/// Where a post is, and when it arrived.
type Place = (i64, DocAddress);

/// Collects the first posts of a window in the order of arrival, and counts all.
struct Arrivals {
    window: Window,
    keep: usize,
}

struct ArrivalsOfSegment {
    ordinal: SegmentOrdinal,
    window: Window,
    keep: usize,
    received: Column<i64>,
    arrived: Arrived,
}

/// Posts of a window.
#[derive(Default)]
struct Arrived {
    total: usize,
    /// At most as many as were to be kept.
    places: Vec<Place>,
}

impl Collector for Arrivals {
    type Fruit = Arrived;
    type Child = ArrivalsOfSegment;

    fn for_segment(&self, ordinal: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<ArrivalsOfSegment> {
        let received = segment.fast_fields().i64(RECEIVED)?;
        Ok(ArrivalsOfSegment { ordinal, window: self.window, keep: self.keep, received, arrived: Arrived::default() })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, parts: Vec<Arrived>) -> tantivy::Result<Arrived> {
        let total = parts.iter().map(|part| part.total).sum();
        let mut places: Vec<Place> = parts.into_iter().flat_map(|part| part.places).collect();
        places.sort_unstable();
        places.truncate(self.keep);
        Ok(Arrived { total, places })
    }
}

impl SegmentCollector for ArrivalsOfSegment {
    type Fruit = Arrived;

    fn collect(&mut self, post: DocId, _: Score) {
        let received = self.received.first(post).unwrap_or(i64::MIN);
        if !self.window.holds(Timestamp(received)) {
            return;
        }
        self.arrived.total += 1;
        if self.arrived.places.len() < self.keep {
            self.arrived.places.push((received, DocAddress::new(self.ordinal, post)));
        }
    }

    fn harvest(self) -> Arrived {
        self.arrived
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
    fn new(walk: &Walk<'a>, needles: &[Vec<String>]) -> Result<Self, ArchiveError> {
        let Walk { query, age_to, window: _ } = *walk;
        let needles = needles.iter().map(AhoCorasick::new).collect::<Result<_, _>>();
        Ok(Self { query, age_to, needles: needles.map_err(ArchiveError::damaged)? })
    }
}

/// Reads the posts of a walk.
struct Stored<'a> {
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

impl Stored<'_> {
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
