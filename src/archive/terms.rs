//! Which words of the index fit a pattern?

use tantivy::postings::TermInfo;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, InvertedIndexReader, TantivyError};

use crate::query::eval::wildcard_matches;

use super::computed::Computed;

/// Most words that one wildcard may stand for in one part (segment) of the index. Tests reach it sooner.
pub const MAX_EXPANSION: usize = if cfg!(test) { 1_000 } else { 100_000 };

/// What to do about a wildcard that stands for too many.
pub(super) const HINT: &str = "write more letters before the first `*` or `?`";

/// Posts with a word that fits a pattern.
pub(super) fn wildcard(field: Field, pattern: &str) -> Computed {
    let pattern = pattern.to_owned();
    Computed::new("wildcard", move |segment, posts| {
        let index = segment.inverted_index(field)?;
        each_word(&index, &pattern, |term| {
            let mut postings = index.read_block_postings_from_terminfo(term, IndexRecordOption::Basic)?;
            while !postings.docs().is_empty() {
                insert_all(postings.docs(), posts);
                postings.advance();
            }
            Ok(())
        })
    })
}

/// Visits the words of a segment that fit a pattern.
///
/// # Errors
/// `InvalidArgument` for more than [`MAX_EXPANSION`] of them.
pub(super) fn each_word(
    index: &InvertedIndexReader,
    pattern: &str,
    mut visit: impl FnMut(&TermInfo) -> tantivy::Result<()>,
) -> tantivy::Result<()> {
    let stem = &pattern[..pattern.find(['*', '?']).unwrap_or(pattern.len())];
    // No text has this byte, so it stands behind everything that begins with the stem.
    let end = [stem.as_bytes(), &[0xff]].concat();
    let mut words = index.terms().range().ge(stem).lt(end).into_stream()?;
    let mut found = 0;
    while words.advance() {
        if !std::str::from_utf8(words.key()).is_ok_and(|word| wildcard_matches(pattern, word)) {
            continue;
        }
        found += 1;
        if found > MAX_EXPANSION {
            let what = format!("`{pattern}` stands for more than {MAX_EXPANSION} words");
            return Err(TantivyError::InvalidArgument(what));
        }
        visit(words.value())?;
    }
    Ok(())
}

pub(super) fn insert_all(found: &[DocId], posts: &mut BitSet) {
    for post in found {
        posts.insert(*post);
    }
}
