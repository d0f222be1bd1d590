//! How is a stretch of any text split into words?

use std::ops::Range;

use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_segmentation::UnicodeSegmentation;

use super::script::{is_ignorable, is_pictograph, is_plain_split, is_split, marks_are_stripped};
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
    let folded = scratch.folded.as_str();
    for (start, segment) in folded.split_word_bound_indices() {
        let Some(first) = segment.chars().next() else { continue };
        let sigil = sigil(&folded[..start]);
        if !segment.contains(char::is_alphanumeric) {
            if is_pictograph(first) {
                push(scratch, start, segment, sigil, base, list);
            }
        } else if segment.contains(is_split) {
            split_segment(scratch, start, segment, sigil, base, list);
        } else {
            push(scratch, start, segment, sigil, base, list);
        }
    }
}

/// Splits what UAX #29 leaves whole at grapheme clusters of the split scripts; the rest stays together.
fn split_segment(
    scratch: &Scratch,
    start: usize,
    segment: &str,
    sigil: Option<Sigil>,
    base: usize,
    list: &mut WordList,
) {
    let mut waiting = 0..0;
    for (at, cluster) in segment.grapheme_indices(true) {
        let end = at + cluster.len();
        if !cluster.starts_with(is_split) {
            waiting.end = end;
            continue;
        }
        for range in [waiting, at..end] {
            let sigil = sigil.filter(|_| range.start == 0);
            push(scratch, start + range.start, &segment[range], sigil, base, list);
        }
        waiting = end..end;
    }
    let sigil = sigil.filter(|_| waiting.start == 0);
    push(scratch, start + waiting.start, &segment[waiting], sigil, base, list);
}

/// Appends one word, if there is anything in it.
fn push(scratch: &Scratch, start: usize, word: &str, sigil: Option<Sigil>, base: usize, list: &mut WordList) {
    let is_text = word.contains(char::is_alphanumeric);
    if !is_text && !word.starts_with(is_pictograph) {
        return;
    }
    let hangs = |c: char| is_text && !c.is_alphanumeric() && !is_combining_mark(c);
    let leads = |c: char| is_text && (!c.is_alphanumeric() || is_combining_mark(c));
    let owned = without_possessive(word);
    let trimmed = owned.trim_start_matches(leads);
    let start = start + (owned.len() - trimmed.len());
    let kept = without_possessive(trimmed.trim_end_matches(hangs));
    list.letters.push_str(kept);
    let place = scratch.original(start..start + kept.len());
    list.finish(base + place.start, base + place.end, sigil);
}

/// The sigil that the text before a word ends with, unless it stands in the middle of something.
fn sigil(before: &str) -> Option<Sigil> {
    let mut before = before.chars().rev();
    let sigil = before.next().and_then(Sigil::of)?;
    (!before.next().is_some_and(|c| c.is_alphanumeric() || c == '_')).then_some(sigil)
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
        if first.is_ascii() && piece.len() == 1 {
            *base = Some(first);
            self.folded.push(first.to_ascii_lowercase());
        } else if is_plain_split(first) && piece.len() == first.len_utf8() {
            *base = Some(first);
            self.folded.push(first);
        } else if matches!(first, '®' | '™' | '℠') {
            // What it separates stays separate (`Acme®Cloud`); what goes on goes on (`Acme®'s`).
            if next.is_some_and(char::is_alphanumeric) {
                self.folded.push(' ');
            }
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
    if character < '\u{300}' || is_plain_split(character) {
        return true;
    }
    let first = std::iter::once(character).nfkd().next().unwrap_or(character);
    canonical_combining_class(first) == 0 && is_nfc_quick(std::iter::once(first)) == IsNormalized::Yes
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
    base.is_some_and(marks_are_stripped)
}

/// Full case folding (`ß` is `ss`, `ς` is `σ`), and every apostrophe as `'`.
fn fold_case(character: char) -> impl Iterator<Item = char> {
    let character = match character {
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => '\'',
        other => other,
    };
    character.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}
