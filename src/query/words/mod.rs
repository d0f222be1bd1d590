//! Which words does a text consist of, and where do they stand in it?
//!
//! One function makes the words of posts and of queries, so that both always mean the same:
//! `™ ℠ ®` are dropped; NFKC; case is folded; marks are stripped in Latin and Greek; what UAX #29 calls a
//! word is one (`node.js`, `don't`), except that Han, kana, Hangul, Thai, Lao, Khmer and Myanmar are split
//! into grapheme clusters; an emoji is a word; a final `'s` is dropped.
//!
//! Two departures from the letter of UAX #29, both for text as people write it: every apostrophe counts as
//! `'`, and underscores around a word (emphasis in Markdown) are not part of it.

mod ascii;
mod script;
mod unicode;

#[cfg(test)]
mod tests;

use xxhash_rust::xxh3::xxh3_64;

/// Longest normalised word kept, in bytes; the rest is cut at a character (in posts and queries alike).
pub const MAX_WORD: usize = 255;

/// Longest text that is looked at, in bytes; far above what a post may hold, so that places fit 32 bits.
pub const MAX_INPUT: usize = 64 << 20;

/// The words of a text in order; a word's position is its index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WordList {
    /// All normalised words, one after the other.
    letters: String,
    places: Vec<Place>,
    /// [`hash`] of every word, side by side, so that looking for one is a scan over integers.
    hashes: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// One past the word's last byte in `letters`.
    letters_end: u32,
    start: u32,
    end: u32,
    sigil: Option<Sigil>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sigil {
    At,
    Hash,
}

/// One word of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// The word as it is compared.
    pub text: &'a str,
    /// Its first byte in the original text.
    pub start: usize,
    /// One past its last byte in the original text.
    pub end: usize,
    /// `@` or `#`, where it stands directly before the word and starts something (not the `@` of an address).
    pub sigil: Option<char>,
}

/// The words of `text`.
pub fn words(text: &str) -> WordList {
    let text = cut(text, MAX_INPUT);
    let mut list = WordList::default();
    if text.is_empty() {
        return list;
    }
    // English prose has a word for every six bytes; one more allocation for denser texts does no harm.
    list.letters.reserve(text.len());
    list.places.reserve(text.len() / 6 + 1);
    list.hashes.reserve(text.len() / 6 + 1);
    if text.is_ascii() {
        ascii::split(text, 0, &mut list);
        return list;
    }
    let mut scratch = unicode::Scratch::default();
    for (start, chunk) in chunks(text) {
        if chunk.is_ascii() {
            ascii::split(chunk, start, &mut list);
        } else {
            unicode::split(chunk, start, &mut scratch, &mut list);
        }
    }
    list
}

/// What equality of words is decided by first.
pub fn hash(word: &str) -> u64 {
    xxh3_64(word.as_bytes())
}

impl WordList {
    /// How many words there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The word at a position.
    pub fn get(&self, position: usize) -> Option<Word<'_>> {
        let place = self.places.get(position)?;
        let sigil = place.sigil.map(Sigil::char);
        Some(Word { text: self.text(position), start: place.start as usize, end: place.end as usize, sigil })
    }

    /// The normalised word at a position; empty where there is none.
    pub fn text(&self, position: usize) -> &str {
        let start = match position.checked_sub(1) {
            None => 0,
            Some(before) => self.places.get(before).map_or(0, |place| place.letters_end as usize),
        };
        let end = self.places.get(position).map_or(start, |place| place.letters_end as usize);
        self.letters.get(start..end).unwrap_or_default()
    }

    /// Every word in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Word<'_>> {
        (0..self.len()).map(|position| Word {
            text: self.text(position),
            start: self.places[position].start as usize,
            end: self.places[position].end as usize,
            sigil: self.places[position].sigil.map(Sigil::char),
        })
    }

    /// [`hash`] of every word in order.
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// Positions of a word, in order.
    pub fn positions<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let wanted = hash(word);
        let found = self.hashes.iter().enumerate().filter(move |(_, hash)| **hash == wanted);
        found.map(|(position, _)| position).filter(move |position| self.text(*position) == word)
    }

    /// Takes the letters written to `self.letters` since the last word as the next word, unless nothing is left of them.
    fn finish(&mut self, start: usize, end: usize, sigil: Option<Sigil>) {
        let from = self.places.last().map_or(0, |place| place.letters_end as usize);
        let word = self.letters.get(from..).unwrap_or_default();
        let kept = tidy(word).len();
        self.letters.truncate(from + kept);
        if kept == 0 {
            return;
        }
        self.hashes.push(hash(&self.letters[from..]));
        let letters_end = self.letters.len() as u32;
        self.places.push(Place { letters_end, start: start as u32, end: end as u32, sigil });
    }
}

impl Sigil {
    fn of(character: char) -> Option<Self> {
        match character {
            '@' => Some(Self::At),
            '#' => Some(Self::Hash),
            _ => None,
        }
    }

    fn char(self) -> char {
        match self {
            Self::At => '@',
            Self::Hash => '#',
        }
    }
}

/// The word within its bound and without what a cut or a final `'s` leaves hanging: then the words of a word are the word itself.
fn tidy(word: &str) -> &str {
    // Nearly every word is: it ends with a letter or digit, and not with an `s` that could be a possessive.
    if word.len() <= MAX_WORD
        && word.as_bytes().last().is_some_and(|last| last.is_ascii_alphanumeric() && !matches!(last, b's' | b'S'))
    {
        return word;
    }
    let mut word = cut(word, MAX_WORD);
    loop {
        let shorter = without_possessive(word).trim_end_matches(|c: char| c.is_ascii_punctuation());
        if shorter.len() == word.len() {
            return word;
        }
        word = shorter;
    }
}

/// The word without its final `'s`, as often as it has one.
fn without_possessive(word: &str) -> &str {
    let mut word = word;
    while let Some(shorter) = word.strip_suffix("'s").or_else(|| word.strip_suffix("'S")) {
        word = shorter;
    }
    word
}

/// The longest start of `text` that has at most `bound` bytes.
fn cut(text: &str, bound: usize) -> &str {
    let mut end = bound.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The stretches between ASCII white space, with their places. No word reaches over it, whatever is normalised.
fn chunks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut place = 0;
    text.split(|c: char| c.is_ascii_whitespace() || c == '\x0b').filter_map(move |chunk| {
        let start = place;
        // White space in ASCII is one byte long.
        place += chunk.len() + 1;
        (!chunk.is_empty()).then_some((start, chunk))
    })
}
