//! How is a stretch of plain ASCII split into words, quickly?
//!
//! The same words as the general way makes (a property test compares them), at many times its speed.

use super::{Sigil, WordList, without_possessive};

/// Appends the words of `chunk`, which starts at byte `base` of the original text.
pub(super) fn split(chunk: &str, base: usize, list: &mut WordList) {
    let bytes = chunk.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        at = end_of_word(bytes, start);
        push(chunk, start..at, base, list);
    }
}

fn push(chunk: &str, range: std::ops::Range<usize>, base: usize, list: &mut WordList) {
    let sigil = sigil(chunk.as_bytes(), range.start);
    let word = &chunk[range.clone()];
    let before = word.bytes().take_while(|byte| *byte == b'_').count();
    let after = word.bytes().rev().take_while(|byte| *byte == b'_').count();
    // What is left begins with a letter or digit; nothing is left where all are underscores.
    let Some(inner) = word.get(before..word.len() - after) else { return };
    let start = range.start + before;
    let kept = without_possessive(inner);
    let from = list.letters.len();
    list.letters.push_str(kept);
    list.letters.get_mut(from..).into_iter().for_each(str::make_ascii_lowercase);
    list.finish(base + start, base + start + kept.len(), sigil);
}

/// One past the last byte of the word that starts at `start`, as UAX #29 has it.
fn end_of_word(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        if is_word(bytes[at]) {
            at += 1;
            continue;
        }
        if !joins(bytes[at - 1], bytes[at], bytes.get(at + 1).copied().unwrap_or_default()) {
            break;
        }
        at += 1;
    }
    at
}

/// Whether each byte is part of a word: looked up, because it is asked of every byte of every post.
const IS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte == b'_' as usize;
        byte += 1;
    }
    table
};

fn is_word(byte: u8) -> bool {
    IS_WORD[byte as usize]
}

/// Whether `middle` is part of a word between these two (rules WB6, 7, 11 and 12).
fn joins(before: u8, middle: u8, after: u8) -> bool {
    let letters = before.is_ascii_alphabetic() && after.is_ascii_alphabetic();
    let digits = before.is_ascii_digit() && after.is_ascii_digit();
    match middle {
        b'.' | b'\'' => letters || digits,
        b':' => letters,
        b',' | b';' => digits,
        _ => false,
    }
}

/// The sigil directly before a word, unless it stands in the middle of something, as in `info@acme.example`.
fn sigil(bytes: &[u8], start: usize) -> Option<Sigil> {
    let sigil = Sigil::of(*bytes.get(start.checked_sub(1)?)? as char)?;
    let before = start.checked_sub(2).and_then(|index| bytes.get(index));
    (!before.is_some_and(|byte| is_word(*byte))).then_some(sigil)
}
