//! Which posts have two words near each other?

use tantivy::postings::{Postings, TermInfo};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, DocSet, InvertedIndexReader, SegmentReader, TERMINATED, Term};

use crate::query::ast::NearOperand;

use super::computed::Computed;
use super::terms::each_word;

/// Where something stands: post and position, in order.
type Places = Vec<(DocId, u32)>;

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
        for (post, _) in &left {
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

    /// Whether a place on the left is near one on the right; a word is never near itself.
    fn holds(&self, left: &[(DocId, u32)], right: &[(DocId, u32)]) -> bool {
        right.iter().any(|(_, at)| {
            let from = left.partition_point(|(_, other)| other.saturating_add(self.distance) < *at);
            let to = if self.ordered { *at } else { at.saturating_add(self.distance).saturating_add(1) };
            left[from..].iter().take_while(|(_, other)| *other < to).any(|(_, other)| other != at)
        })
    }
}

/// The places of each post; never an empty slice.
fn by_post(places: &[(DocId, u32)]) -> impl Iterator<Item = &[(DocId, u32)]> {
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
            NearOperand::Word(word) => {
                if let Some(term) = index.get_term_info(&Term::from_field_text(field, word))? {
                    add_places(index, &term, &wanted, &mut places)?;
                }
            }
            NearOperand::Wildcard(pattern) => {
                each_word(index, pattern, |term| add_places(index, term, &wanted, &mut places))?;
            }
        }
    }
    places.sort_unstable();
    Ok(places)
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
            places.extend(positions.iter().map(|position| (postings.doc(), *position)));
        }
        postings.advance();
    }
    Ok(())
}
