//! Is a query true of a stored post, where the index alone cannot tell?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tantivy::store::StoreReader;
use tantivy::{DocId, SegmentReader, TantivyDocument};

use crate::query::{Query, Subject, words};

use super::age::AgeTo;
use super::error::ArchiveError;
use super::record::Record;
use super::schema::Fields;

/// Most stored posts that one search reads; a search that would need more is refused. Tests reach it sooner.
pub const MAX_READ: usize = if cfg!(test) { 1_000 } else { 100_000 };

/// Blocks of stored posts kept unpacked while a segment is read from front to back.
const BLOCKS: usize = 2;

/// A query to ask stored posts.
#[derive(Debug)]
pub(super) struct Verify {
    pub(super) query: Query,
    pub(super) age_to: AgeTo,
    /// Characters without which a post need not be asked: cheaper to look for than words are to make.
    pub(super) needles: Vec<Vec<String>>,
    pub(super) fields: Fields,
    /// Posts read so far, over all segments.
    pub(super) read: AtomicUsize,
}

/// [`Verify`] at work on one segment.
pub(super) struct Reader {
    verify: Arc<Verify>,
    store: StoreReader,
}

impl Verify {
    pub(super) fn reader(self: &Arc<Self>, segment: &SegmentReader) -> tantivy::Result<Reader> {
        Ok(Reader { verify: Arc::clone(self), store: segment.get_store_reader(BLOCKS)? })
    }
}

impl Reader {
    /// Whether the query is true of the segment's post with this number.
    pub(super) fn is_true_of(&mut self, post: DocId) -> Result<bool, ArchiveError> {
        if self.verify.read.fetch_add(1, Ordering::Relaxed) >= MAX_READ {
            return Err(ArchiveError::TooBroad {
                what: format!("this search would have to read more than {MAX_READ} posts one by one"),
                hint: "add a word, a field or an age that leaves fewer of them",
            });
        }
        let document: TantivyDocument = self.store.get(post).map_err(ArchiveError::damaged)?;
        let record = self.verify.fields.record_of(&document)?;
        let post = &record.post;
        let has = |needle: &String| post.title.contains(needle) || post.text.contains(needle);
        let has_all = self.verify.needles.iter().all(|group| group.iter().any(has));
        Ok(has_all && is_true(&self.verify.query, &record, self.verify.age_to))
    }
}

/// Whether a query is true of a stored post.
pub(super) fn is_true(query: &Query, record: &Record, age_to: AgeTo) -> bool {
    ask(record, age_to, |subject| query.matches(subject))
}

/// Asks something about a stored post as the live stream would see it.
pub(super) fn ask<T>(record: &Record, age_to: AgeTo, question: impl FnOnce(&Subject<'_>) -> T) -> T {
    let title = words(&record.post.title);
    let text = words(&record.post.text);
    let facts = record.facts();
    let now = age_to.now(&record.post);
    question(&Subject { post: &record.post, title: &title, text: &text, now, facts: Some(&facts) })
}
