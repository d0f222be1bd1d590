//! Which posts have two words, or two phrases, near each other?

use tantivy::postings::{Postings, TermInfo};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, DocSet, InvertedIndexReader, SegmentReader, TERMINATED, Term};

use crate::query::ast::NearOperand;
use crate::query::eval::is_near;

use super::computed::Computed;
use super::terms::each_word;

/// Where something stands: post, first and last position, in order.
type Places = Vec<Place>;
type Place = (DocId, u32, u32);

/// Two sides, and how near they must stand.
#[derive(Clone, Debug)]
pub(super) struct Near {
    pub(super) left: Vec<NearOperand>,
    pub(super) right: Vec<NearOperand>,
    pub(super) distance: u32,
    /// Left before right.
    pub(super) ordered: bool,
}

impl Near {
    /// The posts that have both sides near each other in a field.
    pub(super) fn in_field(self, field: Field) -> Computed {
        Computed::new("near", move |segment, posts| self.find(field, segment, posts))
    }

    fn find(&self, field: Field, segment: &SegmentReader, posts: &mut BitSet) -> tantivy::Result<()> {
        let index = segment.inverted_index(field)?;
        let left = places(&index, field, &self.left, |_| true)?;
        let mut has_left = BitSet::with_max_value(segment.max_doc());
        for (post, ..) in &left {
            has_left.insert(*post);
        }
        let right = places(&index, field, &self.right, |post| has_left.contains(post))?;
        let mut left = by_post(&left).peekable();
        for right in by_post(&right) {
            while left.next_if(|left| left[0].0 < right[0].0).is_some() {}
            if left.peek().is_some_and(|left| left[0].0 == right[0].0 && self.holds(left, right)) {
                posts.insert(right[0].0);
            }
        }
        Ok(())
    }

    /// Whether a place on the left is near one on the right; nothing is near what it overlaps.
    fn holds(&self, left: &[Place], right: &[Place]) -> bool {
        let longest = self.left.iter().map(NearOperand::words).max().unwrap_or(1) as u32;
        let reach = self.distance.saturating_add(longest);
        right.iter().any(|(_, first, last)| {
            let from = left.partition_point(|(_, other, _)| other.saturating_add(reach) <= *first);
            let to = last.saturating_add(self.distance);
            let mut candidates = left[from..].iter().take_while(|(_, other, _)| *other <= to);
            candidates.any(|(_, start, end)| is_near((*start, *end), (*first, *last), self.distance, self.ordered))
        })
    }
}

/// The places of each post; never an empty slice.
fn by_post(places: &[Place]) -> impl Iterator<Item = &[Place]> {
    places.chunk_by(|one, next| one.0 == next.0)
}

/// Where any of the operands stands, in the posts that are wanted.
fn places(
    index: &InvertedIndexReader,
    field: Field,
    operands: &[NearOperand],
    wanted: impl Fn(DocId) -> bool,
) -> tantivy::Result<Places> {
    let mut places = Places::new();
    for operand in operands {
        match operand {
            NearOperand::Word(word) => places.extend(places_of(index, field, word, &wanted)?),
            NearOperand::Phrase(words) => places.extend(phrases(index, field, words, &wanted)?),
            NearOperand::Wildcard(pattern) => {
                each_word(index, pattern, |term| add_places(index, term, &wanted, &mut places))?;
            }
        }
    }
    places.sort_unstable();
    Ok(places)
}

fn places_of(
    index: &InvertedIndexReader,
    field: Field,
    word: &str,
    wanted: impl Fn(DocId) -> bool,
) -> tantivy::Result<Places> {
    let mut places = Places::new();
    if let Some(term) = index.get_term_info(&Term::from_field_text(field, word))? {
        add_places(index, &term, wanted, &mut places)?;
    }
    Ok(places)
}

/// Where the words stand next to each other in order.
fn phrases(
    index: &InvertedIndexReader,
    field: Field,
    words: &[String],
    wanted: impl Fn(DocId) -> bool,
) -> tantivy::Result<Places> {
    let Some((first, rest)) = words.split_first() else { return Ok(Places::new()) };
    let mut found = places_of(index, field, first, wanted)?;
    for word in rest {
        let next = places_of(index, field, word, |post| found.binary_search_by_key(&post, |place| place.0).is_ok())?;
        found.retain_mut(|(post, _, last)| {
            *last = last.saturating_add(1);
            next.binary_search(&(*post, *last, *last)).is_ok()
        });
    }
    Ok(found)
}

fn add_places(
    index: &InvertedIndexReader,
    term: &TermInfo,
    wanted: impl Fn(DocId) -> bool,
    places: &mut Places,
) -> tantivy::Result<()> {
    let mut postings = index.read_postings_from_terminfo(term, IndexRecordOption::WithFreqsAndPositions)?;
    let mut positions = Vec::new();
    while postings.doc() != TERMINATED {
        if wanted(postings.doc()) {
            postings.positions(&mut positions);
            places.extend(positions.iter().map(|position| (postings.doc(), *position, *position)));
        }
        postings.advance();
    }
    Ok(())
}
