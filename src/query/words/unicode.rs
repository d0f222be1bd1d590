//! How is a stretch of any text split into words?

use std::ops::Range;

use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};
use unicode_segmentation::UnicodeSegmentation;

use super::script::{
    is_alphanumeric, is_folded, is_ignorable, is_pictograph, is_plain_split, is_split, marks_are_stripped,
};
use super::{Sigil, WordList, without_possessive};

/// What one chunk is normalised into; kept between chunks for its memory.
#[derive(Default)]
pub(super) struct Scratch {
    folded: String,
    /// Where each piece that was normalised by itself begins in `folded`, and its place in the chunk.
    pieces: Vec<(usize, Range<usize>)>,
}

/// Appends the words of `chunk`, which starts at byte `base` of the original text and holds no white space of ASCII.
pub(super) fn split(chunk: &str, base: usize, scratch: &mut Scratch, list: &mut WordList) {
    scratch.fold(chunk);
    Splitter { scratch, base, list }.segments(0..scratch.folded.len());
}

/// Takes the words out of a folded chunk.
struct Splitter<'a> {
    scratch: &'a Scratch,
    base: usize,
    list: &'a mut WordList,
}

impl<'a> Splitter<'a> {
    fn text(&self, range: Range<usize>) -> &'a str {
        self.scratch.folded.get(range).unwrap_or_default()
    }

    /// Takes what UAX #29 calls words; those in one of the split scripts are split further.
    fn segments(&mut self, range: Range<usize>) {
        for (at, segment) in self.text(range.clone()).split_word_bound_indices() {
            let start = range.start + at;
            if is_plain_segment(segment) {
                self.push(start, segment);
            } else if segment.contains(is_alphanumeric) {
                if segment.contains(is_split) { self.clusters(start, segment) } else { self.word(start, segment) }
            } else if segment.starts_with(is_pictograph) {
                self.push(start, segment);
            }
        }
    }

    /// Takes every grapheme cluster of the split scripts as a word, and the words between them.
    fn clusters(&mut self, start: usize, segment: &str) {
        let mut between = start;
        for (at, cluster) in segment.grapheme_indices(true).filter(|(_, cluster)| cluster.starts_with(is_split)) {
            self.between(between..start + at);
            self.word(start + at, cluster);
            between = start + at + cluster.len();
        }
        self.between(between..start + segment.len());
    }

    fn between(&mut self, range: Range<usize>) {
        // A possessive ending belongs to the word before, which is a cluster.
        let text = without_possessive(self.text(range.clone()));
        for (at, segment) in text.split_word_bound_indices() {
            if segment.contains(is_alphanumeric) {
                self.word(range.start + at, segment);
            }
        }
    }

    /// Takes a word without what hangs on it: an ending, underscores, marks that belong to nothing.
    fn word(&mut self, start: usize, segment: &str) {
        let owned = without_possessive(segment);
        let trimmed = owned.trim_start_matches(|c: char| !is_alphanumeric(c) || is_combining_mark(c));
        let kept = trimmed.trim_end_matches(|c: char| !is_alphanumeric(c) && !is_combining_mark(c));
        self.push(start + (owned.len() - trimmed.len()), without_possessive(kept));
    }

    fn push(&mut self, start: usize, word: &str) {
        self.list.letters.push_str(word);
        let place = self.scratch.original(start..start + word.len());
        // Underscores between sigil and word (`@_acme`) are part of the handle.
        let sigil = sigil(self.text(0..start).trim_end_matches('_'));
        self.list.finish(self.base + place.start, self.base + place.end, sigil);
    }
}

/// Whether a segment is one character of a split script: most of Chinese and Japanese is.
fn is_plain_segment(segment: &str) -> bool {
    segment.len() == 3 && segment.starts_with(is_plain_split)
}

/// The sigil that the text before a word ends with, unless it stands in the middle of something.
fn sigil(before: &str) -> Option<Sigil> {
    let mut before = before.chars().rev();
    let sigil = before.next().and_then(Sigil::of)?;
    (!before.next().is_some_and(|c| is_alphanumeric(c) || c == '_')).then_some(sigil)
}

impl Scratch {
    /// Fills `folded` with the chunk in NFKC, case folded, marks stripped; piece by piece, to know what came from where.
    fn fold(&mut self, chunk: &str) {
        self.folded.clear();
        self.pieces.clear();
        let mut base = None;
        let mut start = 0;
        while start < chunk.len() {
            let end = piece_end(chunk, start);
            self.pieces.push((self.folded.len(), start..end));
            self.fold_piece(&chunk[start..end], chunk[end..].chars().next(), &mut base);
            start = end;
        }
    }

    /// `base` is the last character before that is no mark.
    fn fold_piece(&mut self, piece: &str, next: Option<char>, base: &mut Option<char>) {
        let Some(first) = piece.chars().next() else { return };
        let is_single = piece.len() == first.len_utf8();
        if is_single && first.is_ascii() {
            *base = Some(first);
            self.folded.push(first.to_ascii_lowercase());
        } else if is_single && is_folded(first) {
            *base = Some(first);
            self.folded.push(first);
        } else if matches!(first, '®' | '™' | '℠') {
            // What it separates stays separate (`Acme®Cloud`); what goes on goes on (`Acme®'s`).
            if next.is_some_and(is_alphanumeric) {
                self.folded.push(' ');
            }
        } else if is_single && stands_alone(first) {
            *base = Some(first);
            self.folded.extend(fold_case(first));
        } else {
            let stripped = piece.nfkd().filter(|c| !is_stripped(*c, base));
            self.folded.extend(stripped.flat_map(fold_case).nfc());
        }
    }

    /// The place in the chunk that a stretch of `folded` was made from.
    fn original(&self, folded: Range<usize>) -> Range<usize> {
        let piece_at = |at: usize| {
            let after = self.pieces.partition_point(|(start, _)| *start <= at);
            after.checked_sub(1).and_then(|index| self.pieces.get(index)).map_or(0..0, |(_, place)| place.clone())
        };
        piece_at(folded.start).start..piece_at(folded.end.saturating_sub(1)).end
    }
}

/// One past the piece of text at `start` that can be normalised by itself.
fn piece_end(chunk: &str, start: usize) -> usize {
    let mut characters = chunk[start..].char_indices().skip(1);
    characters.find(|(_, c)| starts_piece(*c)).map_or(chunk.len(), |(at, _)| start + at)
}

/// Whether nothing before a character can combine with it.
fn starts_piece(character: char) -> bool {
    if character < '\u{300}' || is_folded(character) || stands_alone(character) {
        return true;
    }
    let first = std::iter::once(character).nfkd().next().unwrap_or(character);
    canonical_combining_class(first) == 0 && is_nfc_quick(std::iter::once(first)) == IsNormalized::Yes
}

/// Whether a character is no mark and is left as it is by NFKC, whatever is beside it: most letters are, and
/// asking is much quicker than normalising. Not for Latin and Greek, which may carry marks inside.
fn stands_alone(character: char) -> bool {
    !marks_are_stripped(character)
        && !is_ignorable(character)
        && canonical_combining_class(character) == 0
        && is_nfkc_quick(std::iter::once(character)) == IsNormalized::Yes
        && !is_combining_mark(character)
}

fn is_stripped(character: char, base: &mut Option<char>) -> bool {
    if is_ignorable(character) {
        // Joiners and tags make one picture of several; how it is shown (variation selectors) does not matter.
        let is_shape = matches!(character, '\u{200d}' | '\u{e0020}'..='\u{e007f}');
        return !(is_shape && base.is_some_and(is_pictograph));
    }
    if !is_combining_mark(character) {
        *base = Some(character);
        return false;
    }
    // The iota subscript is a mark of Greek that folding would make a letter.
    character == '\u{345}' || base.is_some_and(marks_are_stripped)
}

/// Full case folding (`ß` is `ss`, `ς` is `σ`), and every apostrophe as `'`.
fn fold_case(character: char) -> impl Iterator<Item = char> {
    let character = match character {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => '\'',
        other => other,
    };
    character.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}
