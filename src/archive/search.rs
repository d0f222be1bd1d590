//! What does a search give back?

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;
use tantivy::query::{AllQuery, BooleanQuery, Occur, Query as TantivyQuery};
use tantivy::{DocAddress, Searcher, TantivyError};

use crate::model::{Counts, Match, Outcome, Post, PostId, Score, Sense, Standing, StoryId, SuppressedAlert, Timestamp};
use crate::query::Query;

use super::Archive;
use super::age::AgeTo;
use super::collect::{Gather, Gathered, Order};
use super::error::ArchiveError;
use super::plan::{self, Plan};
use super::record::Record;
use super::schema::{DATED, Key, MENTION, RECEIVED};
use super::snippet::Snippet;
use super::terms;
use super::values;
use super::verify::{Verify, ask};
use super::writer::panic_text;

/// Most posts on one page.
pub const MAX_LIMIT: usize = 1_000;
/// Most posts before a page; for more, a query about the date goes on where the last page ended.
pub const MAX_OFFSET: usize = 100_000;
/// Most posts that one call of [`Archive::expired`] names.
pub const MAX_EXPIRED: usize = 1_000;
/// Most members of a story that are given back.
pub const MAX_MEMBERS: usize = 1_000;

/// What to look for, and which part of it to give back.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// Parsed for [`crate::query::Place::Search`].
    pub query: Query,
    pub sort: Sort,
    /// At most [`MAX_LIMIT`].
    pub limit: usize,
    /// At most [`MAX_OFFSET`].
    pub offset: usize,
    /// What `age` counts to.
    pub now: Timestamp,
}

/// Which posts come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By relevance (BM25 over title and text, the title counting double); of equal ones the newest.
    Best,
    /// By date: the site's, or that of reading where it gives none.
    #[default]
    Newest,
}

/// One page of what was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SearchPage {
    /// All posts that the query is true of.
    pub total: usize,
    pub found: Vec<Found>,
}

/// One post that a query is true of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    pub post: Post,
    pub outcome: Outcome,
    pub story: StoryId,
    pub score: Score,
    pub matches: Vec<Match>,
    /// Why it told nobody, or not everybody.
    pub held_back: Vec<SuppressedAlert>,
    /// What became of it since it was read.
    pub standing: Standing,
    /// What its words say, of a mention.
    pub sense: Option<Sense>,
    /// The whole title, with what the query found in it.
    pub title: Snippet,
    /// The part of the text with what the query found in it.
    pub text: Snippet,
}

impl Archive {
    /// Finds the posts that a query is true of.
    ///
    /// # Errors
    /// A bound is passed (the message says which, and what to do), or the index cannot be read.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchPage, ArchiveError> {
        within("limit", request.limit, MAX_LIMIT)?;
        within("offset", request.offset, MAX_OFFSET)?;
        let (order, keep) = (request.sort.order(), request.offset.saturating_add(request.limit));
        self.reading(|searcher| {
            let Gathered { total, first } =
                self.gather(searcher, (&request.query, None), AgeTo::Moment(request.now), order, keep)?;
            let page = first.iter().skip(request.offset);
            let found = page.map(|place| {
                let record = self.load(searcher, place.address())?;
                Ok(found(record, &request.query, request.now))
            });
            Ok(SearchPage { total, found: found.collect::<Result<_, ArchiveError>>()? })
        })
    }

    /// How many posts a query is true of.
    ///
    /// # Errors
    /// As [`Archive::search`].
    pub fn count(&self, query: &Query, now: Timestamp) -> Result<usize, ArchiveError> {
        self.counted(query, None, AgeTo::Moment(now))
    }

    pub(super) fn counted(
        &self,
        query: &Query,
        within: Option<Box<dyn TantivyQuery>>,
        age_to: AgeTo,
    ) -> Result<usize, ArchiveError> {
        self.reading(|searcher| Ok(self.gather(searcher, (query, within), age_to, Order::Largest, 0)?.total))
    }

    /// A post by its id.
    pub fn get(&self, post: PostId) -> Result<Option<Record>, ArchiveError> {
        Ok(self.records(&self.fields.having(Key::Id, &post.0), Order::Largest, RECEIVED, 1)?.pop())
    }

    /// The members of a story, the oldest first, at most [`MAX_MEMBERS`].
    pub fn members(&self, story: StoryId) -> Result<Vec<Record>, ArchiveError> {
        let mut members = self.records(&self.fields.in_story(story), Order::Smallest, DATED, MAX_MEMBERS)?;
        members.retain(|record| record.story == story);
        Ok(members)
    }

    /// The posts of a source that were read last, the newest first.
    pub fn latest_of(&self, source: &str, limit: usize) -> Result<Vec<Record>, ArchiveError> {
        let source = self.fields.having(Key::Source, values::wanted(source).as_bytes());
        self.records(&source, Order::Largest, RECEIVED, limit.min(MAX_LIMIT))
    }

    /// When the oldest post was read, if there is any.
    pub fn oldest(&self) -> Result<Option<Timestamp>, ArchiveError> {
        let first = self.records(&AllQuery, Order::Smallest, RECEIVED, 1)?;
        Ok(first.first().map(|record| record.post.received))
    }

    /// The archived posts by outcome.
    pub fn counts(&self) -> Result<Counts, ArchiveError> {
        self.reading(|searcher| {
            let of = |outcome: Outcome| {
                let query = self.fields.having(Key::Outcome, outcome.name().as_bytes());
                searcher.search(&query, &tantivy::collector::Count).map(|count| count as u64).map_err(failed)
            };
            Ok(Counts {
                rejected: of(Outcome::Rejected)?,
                already_seen: of(Outcome::AlreadySeen)?,
                edited: of(Outcome::Edited)?,
                unmatched: of(Outcome::Unmatched)?,
                suppressed: of(Outcome::Suppressed)?,
                mention: of(Outcome::Mention)?,
            })
        })
    }

    /// Posts that retention lets go: read before `posts_before`, or mentions read before `mentions_before`; at
    /// most [`MAX_EXPIRED`], those read first come first. Applying [`crate::model::Event::Expired`] removes them.
    pub fn expired(&self, posts_before: Timestamp, mentions_before: Timestamp) -> Result<Vec<PostId>, ArchiveError> {
        let mention: Box<dyn TantivyQuery> = Box::new(self.fields.having(Key::KeptAs, MENTION.as_bytes()));
        let read_before = |moment| plan::before(RECEIVED, moment);
        let post =
            BooleanQuery::new(vec![(Occur::Must, read_before(posts_before)), (Occur::MustNot, mention.box_clone())]);
        let mention = BooleanQuery::new(vec![(Occur::Must, read_before(mentions_before)), (Occur::Must, mention)]);
        let query = BooleanQuery::new(vec![(Occur::Should, Box::new(post)), (Occur::Should, Box::new(mention))]);
        let expired = self.records(&query, Order::Smallest, RECEIVED, MAX_EXPIRED)?;
        Ok(expired.into_iter().map(|record| record.post.id).collect())
    }

    fn gather(
        &self,
        searcher: &Searcher,
        (query, within): (&Query, Option<Box<dyn TantivyQuery>>),
        age_to: AgeTo,
        order: Order,
        keep: usize,
    ) -> Result<Gathered, ArchiveError> {
        let Plan { query: candidates, needles, exact } = plan::plan(query.expr(), &self.fields, age_to);
        let candidates = match within {
            Some(within) => Box::new(BooleanQuery::new(vec![(Occur::Must, candidates), (Occur::Must, within)])),
            None => candidates,
        };
        let read = AtomicUsize::new(0);
        let verify = (!exact)
            .then(|| Arc::new(Verify { query: query.clone(), age_to, needles, fields: self.fields.clone(), read }));
        searcher.search(&candidates, &Gather { order, key: DATED, keep, verify }).map_err(failed)?
    }

    /// The first posts that a query of the index finds.
    fn records(
        &self,
        query: &dyn TantivyQuery,
        order: Order,
        key: &'static str,
        keep: usize,
    ) -> Result<Vec<Record>, ArchiveError> {
        self.reading(|searcher| {
            let gathered = searcher.search(query, &Gather { order, key, keep, verify: None }).map_err(failed)??;
            gathered.first.iter().map(|place| self.load(searcher, place.address())).collect()
        })
    }

    pub(super) fn load(&self, searcher: &Searcher, address: DocAddress) -> Result<Record, ArchiveError> {
        self.fields.record_of(&searcher.doc(address).map_err(failed)?)
    }

    /// Runs something on what is committed now. A panic of the library is an error, and damage is remembered.
    pub(super) fn reading<T>(
        &self,
        read: impl FnOnce(&Searcher) -> Result<T, ArchiveError>,
    ) -> Result<T, ArchiveError> {
        self.reading_in(&self.reader.searcher(), read)
    }

    /// The same on what was committed at some moment before.
    pub(super) fn reading_in<T>(
        &self,
        searcher: &Searcher,
        read: impl FnOnce(&Searcher) -> Result<T, ArchiveError>,
    ) -> Result<T, ArchiveError> {
        let result = catch_unwind(AssertUnwindSafe(|| read(searcher)));
        let result = result.unwrap_or_else(|panic| Err(ArchiveError::damaged(panic_text(panic.as_ref()))));
        if matches!(result, Err(ArchiveError::Damaged { .. })) {
            self.suspect.store(true, Ordering::Release);
        }
        result
    }
}

impl Sort {
    fn order(self) -> Order {
        match self {
            Self::Best => Order::Best,
            Self::Newest => Order::Largest,
        }
    }
}

fn found(record: Record, query: &Query, now: Timestamp) -> Found {
    let mut hits = ask(&record, AgeTo::Moment(now), |subject| query.explain(subject)).unwrap_or_default();
    if hits.iter().all(|hit| hit.spans.is_empty()) {
        // The query names no words: what the watches found is marked instead.
        hits = record.matches.iter().flat_map(|found| found.clauses.iter().cloned()).collect();
    }
    let title = Snippet::of_title(&record.post.title, &hits);
    let text = Snippet::of_text(&record.post.text, &hits);
    let sense = record.sense_by_people();
    let Record { post, outcome, story, score, matches, alerts: _, held_back, standing, .. } = record;
    Found { post, outcome, story, score, matches, held_back, standing, sense, title, text }
}

fn within(what: &'static str, asked: usize, bound: usize) -> Result<(), ArchiveError> {
    if asked <= bound { Ok(()) } else { Err(ArchiveError::TooFar { what, asked, bound }) }
}

/// tantivy's error as ours. [`terms`] says with `InvalidArgument` that a bound was passed.
pub(super) fn failed(why: TantivyError) -> ArchiveError {
    match why {
        TantivyError::InvalidArgument(what) => ArchiveError::TooBroad { what, hint: terms::HINT },
        other => ArchiveError::damaged(other),
    }
}
