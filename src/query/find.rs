//! Where in a text is what a clause looks for?
//!
//! Both the answer and the explanation look for places in [`each_place`], so that they cannot disagree.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::Subject;
use super::ast::{NearOperand, Scope, TextClause};
use super::words::{WordList, words};
use crate::model::Field;

/// The texts that a scope covers.
pub(super) fn fields(scope: Scope) -> &'static [Field] {
    match scope {
        Scope::Either => &[Field::Title, Field::Text],
        Scope::Only(Field::Title) => &[Field::Title],
        Scope::Only(Field::Text) => &[Field::Text],
    }
}

/// A text with its words.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    words: &'a WordList,
    original: &'a str,
}

impl<'a> Subject<'a> {
    pub(super) fn text_of(&self, field: Field) -> Text<'a> {
        match field {
            Field::Title => Text { words: self.title, original: &self.post.title },
            Field::Text => Text { words: self.text, original: &self.post.text },
        }
    }
}

/// Receives the place of something found, in bytes of the original text; answers whether to look on.
type Visit<'v> = &'v mut dyn FnMut(Range<usize>) -> bool;

/// Visits every place in a text that makes a clause true; `false` once a visit has answered so.
pub(super) fn each_place(clause: &TextClause, text: Text<'_>, visit: Visit<'_>) -> bool {
    match clause {
        TextClause::Phrase(words) => phrases(words, text.words).all(|at| visit(text.place(at, words.len()))),
        TextClause::Sigil { sigil, words } => phrases(words, text.words)
            .filter(|at| text.words.get(*at).is_some_and(|word| word.sigil == Some(*sigil)))
            .all(|at| visit(text.place(at, words.len()))),
        TextClause::ExactCase { words, written } => each_exact(words, written, text, visit),
        TextClause::Raw(characters) => {
            text.original.match_indices(characters.as_str()).all(|(at, found)| visit(at..at + found.len()))
        }
        TextClause::Wildcard(pattern) => matching(pattern, text.words).all(|at| visit(text.place(at, 1))),
        TextClause::Loose { words, extra } => each_loose(words, *extra as usize, text, visit),
        TextClause::Near { left, right, distance, ordered } => {
            each_near(left, right, *distance as usize, *ordered, text, visit)
        }
    }
}

impl Text<'_> {
    /// The bytes of `count` words from a position on.
    fn place(&self, position: usize, count: usize) -> Range<usize> {
        let start = self.words.get(position).map_or(0, |word| word.start);
        let end = self.words.get(position + count.max(1) - 1).map_or(start, |word| word.end);
        start..end
    }
}

/// Positions at which the words stand next to each other in order.
fn phrases<'a>(words: &'a [String], list: &'a WordList) -> impl Iterator<Item = usize> + 'a {
    let (first, rest) = words.split_first().map_or(("", words), |(first, rest)| (first.as_str(), rest));
    let follows = move |at: usize| rest.iter().enumerate().all(|(index, word)| list.text(at + 1 + index) == word);
    list.positions(first).filter(move |at| follows(*at))
}

fn each_exact(wanted: &[String], written: &str, text: Text<'_>, visit: Visit<'_>) -> bool {
    let mut found = phrases(wanted, text.words).peekable();
    if found.peek().is_none() {
        return true;
    }
    let written_words = words(written);
    let is_exact = |at: usize| {
        written_words.iter().enumerate().all(|(index, word)| {
            let place = text.place(at + index, 1);
            same_characters(written.get(word.start..word.end), text.original.get(place))
        })
    };
    found.filter(|at| is_exact(*at)).all(|at| visit(text.place(at, wanted.len())))
}

/// Whether two texts are written with the same characters, however accents are encoded.
fn same_characters(left: Option<&str>, right: Option<&str>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left == right || left.nfc().eq(right.nfc()),
        _ => false,
    }
}

/// Positions of the words that fit a pattern.
fn matching<'a>(pattern: &'a str, list: &'a WordList) -> impl Iterator<Item = usize> + 'a {
    let (stem, _) = pattern.split_at(pattern.find(['*', '?']).unwrap_or(pattern.len()));
    // Most words do not begin so: that is seen without looking at the pattern.
    let fits = move |word: &str| word.as_bytes().starts_with(stem.as_bytes()) && wildcard_matches(pattern, word);
    (0..list.len()).filter(move |at| fits(list.text(*at)))
}

/// Whether a normalised word fits a pattern: `*` is any characters, `?` is one.
pub fn wildcard_matches(pattern: &str, word: &str) -> bool {
    let stem = pattern.find(['*', '?']).unwrap_or(pattern.len());
    let (stem, mut pattern) = pattern.split_at(stem);
    let Some(mut rest) = word.strip_prefix(stem) else { return false };
    // Where to go on when what follows the last `*` does not fit: `*` takes one character more.
    let mut retry: Option<(&str, &str)> = None;
    loop {
        let mut characters = pattern.chars();
        let mut left = rest.chars();
        match (characters.next(), left.next()) {
            (Some('*'), _) => {
                pattern = characters.as_str();
                retry = Some((pattern, rest));
            }
            (Some(wanted), Some(actual)) if wanted == '?' || wanted == actual => {
                pattern = characters.as_str();
                rest = left.as_str();
            }
            (None, None) => return true,
            (None, Some(_)) | (Some(_), _) => {
                let Some((after_star, from)) = retry else { return false };
                let mut shorter = from.chars();
                if shorter.next().is_none() {
                    return false;
                }
                pattern = after_star;
                rest = shorter.as_str();
                retry = Some((after_star, rest));
            }
        }
    }
}

/// Visits the words of every window of at most `words.len() + extra` positions that holds them all.
fn each_loose(words: &[String], extra: usize, text: Text<'_>, visit: Visit<'_>) -> bool {
    let mut distinct: Vec<(&str, usize)> = Vec::with_capacity(words.len());
    for word in words {
        match distinct.iter_mut().find(|(known, _)| known == word) {
            Some((_, needed)) => *needed += 1,
            None => distinct.push((word, 1)),
        }
    }
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (index, (word, needed)) in distinct.iter().enumerate() {
        let before = found.len();
        found.extend(text.words.positions(word).map(|at| (at, index)));
        if found.len() - before < *needed {
            return true;
        }
    }
    found.sort_unstable();
    let window = words.len() + extra;
    let mut counts = vec![0; distinct.len()];
    let (mut first, mut satisfied) = (0, 0);
    for (last, (at, index)) in found.iter().enumerate() {
        counts[*index] += 1;
        satisfied += usize::from(counts[*index] == distinct[*index].1);
        while found[first].0 + window <= *at {
            let (_, index) = found[first];
            satisfied -= usize::from(counts[index] == distinct[index].1);
            counts[index] -= 1;
            first += 1;
        }
        if satisfied == distinct.len() && !found[first..=last].iter().all(|(at, _)| visit(text.place(*at, 1))) {
            return false;
        }
    }
    true
}

/// Visits both sides of every pair that stands near enough; nothing is near what it overlaps.
fn each_near(
    left: &[NearOperand],
    right: &[NearOperand],
    distance: usize,
    ordered: bool,
    text: Text<'_>,
    visit: Visit<'_>,
) -> bool {
    let longest = left.iter().map(NearOperand::words).max().unwrap_or(1);
    let left = positions_of(left, text.words);
    if left.is_empty() {
        return true;
    }
    let place = |(first, last): (usize, usize)| text.place(first, last + 1 - first);
    for right in positions_of(right, text.words) {
        let from = left.partition_point(|(first, _)| first + longest + distance <= right.0);
        let candidates = left[from..].iter().take_while(|(first, _)| *first <= right.1 + distance);
        for left in candidates.filter(|left| is_near(**left, right, distance, ordered)) {
            if !visit(place(*left)) || !visit(place(right)) {
                return false;
            }
        }
    }
    true
}

/// Whether two stretches of words, each from its first to its last position, stand near enough to each other.
pub fn is_near<N>(left: (N, N), right: (N, N), distance: N, ordered: bool) -> bool
where
    N: Copy + Ord + std::ops::Sub<Output = N>,
{
    let follows = |one: (N, N), next: (N, N)| one.1 < next.0 && next.0 - one.1 <= distance;
    follows(left, right) || (!ordered && follows(right, left))
}

/// First and last position of any of the operands, in order. Allocates only when there are some.
pub(super) fn positions_of(operands: &[NearOperand], list: &WordList) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for operand in operands {
        match operand {
            NearOperand::Word(word) => found.extend(list.positions(word).map(|at| (at, at))),
            NearOperand::Phrase(words) => found.extend(phrases(words, list).map(|at| (at, at + words.len() - 1))),
            NearOperand::Wildcard(pattern) => found.extend(matching(pattern, list).map(|at| (at, at))),
        }
    }
    if operands.len() > 1 {
        found.sort_unstable();
        found.dedup();
    }
    found
}
