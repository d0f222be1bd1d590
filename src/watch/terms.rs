//! Which words and patterns do the watches name, and which number has each?
//!
//! A post is turned into these numbers once; all else is done with numbers. A word that no watch names has none.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::query::eval::wildcard_matches;
use crate::query::hash;

/// The number of a word or pattern.
pub(super) type Term = u32;

/// No word of any watch; also the largest number that a program can hold, so there are fewer terms than this.
pub(super) const NO_TERM: Term = (1 << 27) - 1;

/// Numbered words and patterns.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// The texts of all terms, one after the other.
    letters: String,
    /// One past the last byte of each term in `letters`.
    ends: Vec<u32>,
    /// How often each is named.
    uses: Vec<u32>,
    /// Words by their hash; open addressing, at most half full.
    words: Vec<Slot>,
    word_count: usize,
    patterns: HashMap<u64, Vec<Pattern>, BuildHasherDefault<Hashed>>,
    /// Lengths in bytes that stems have, in order.
    stem_lengths: Vec<usize>,
    /// A bit for the hash of each stem: most stems of most words are of no pattern.
    stem_filter: Vec<u64>,
    /// The patterns that each word fits, word by word, known once [`Terms::fit`] was called.
    fitting: Vec<Term>,
    /// Where the patterns of each term begin in `fitting`; one more for the end of the last.
    fitting_from: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// The upper half of the word's hash.
    tag: u32,
    term: Term,
}

const FREE: Slot = Slot { tag: 0, term: NO_TERM };

#[derive(Clone, Copy, Debug)]
struct Pattern {
    term: Term,
    /// Nothing but a stem and `*`: every word with the stem fits.
    is_prefix: bool,
}

/// Bits of the filter of stems.
const FILTER_BITS: usize = 1 << 16;

impl Default for Terms {
    fn default() -> Self {
        Self {
            letters: String::new(),
            ends: Vec::new(),
            uses: Vec::new(),
            words: vec![FREE; 16],
            word_count: 0,
            patterns: HashMap::default(),
            stem_lengths: Vec::new(),
            stem_filter: Vec::new(),
            fitting: Vec::new(),
            fitting_from: Vec::new(),
        }
    }
}

impl Terms {
    /// How many terms there are; their numbers are below.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The word or pattern of a number.
    pub(super) fn text(&self, term: Term) -> &str {
        let end = |index: usize| self.ends.get(index).map_or(0, |end| *end as usize);
        let term = term as usize;
        self.letters.get(term.checked_sub(1).map_or(0, end)..end(term)).unwrap_or_default()
    }

    /// How often watches name it.
    pub(super) fn uses(&self, term: Term) -> u32 {
        self.uses.get(term as usize).copied().unwrap_or_default()
    }

    /// The number of a word, of which the hash is known.
    pub(super) fn word(&self, hash: u64, text: &str) -> Option<Term> {
        let slot = self.words.get(self.slot_of(hash, text))?;
        (slot.term != NO_TERM).then_some(slot.term)
    }

    /// Where a word is, or would be.
    fn slot_of(&self, hash: u64, text: &str) -> usize {
        let mask = self.words.len() - 1;
        let mut at = hash as usize & mask;
        while let Some(slot) = self.words.get(at) {
            let is_it = slot.tag == (hash >> 32) as u32 && self.text(slot.term) == text;
            if slot.term == NO_TERM || is_it {
                break;
            }
            at = (at + 1) & mask;
        }
        at
    }

    /// Numbers a word, or counts one more use of it.
    pub(super) fn name_word(&mut self, text: &str) -> Term {
        let hash = hash(text);
        if let Some(term) = self.word(hash, text) {
            self.used(term);
            return term;
        }
        if (self.word_count + 1) * 2 > self.words.len() {
            self.grow();
        }
        let (at, term) = (self.slot_of(hash, text), self.add(text));
        if let Some(slot) = self.words.get_mut(at) {
            *slot = Slot { tag: (hash >> 32) as u32, term };
        }
        self.word_count += 1;
        term
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.words);
        self.words = vec![FREE; old.len() * 2];
        for slot in old.into_iter().filter(|slot| slot.term != NO_TERM) {
            let hash = hash(self.text(slot.term));
            let at = self.slot_of(hash, self.text(slot.term));
            if let Some(free) = self.words.get_mut(at) {
                *free = slot;
            }
        }
    }

    /// Numbers a pattern over one word, or counts one more use of it.
    pub(super) fn name_pattern(&mut self, text: &str) -> Term {
        if let Some(term) = self.pattern(text) {
            self.used(term);
            return term;
        }
        let stem = stem(text);
        let pattern = Pattern { term: self.add(text), is_prefix: text.strip_prefix(stem) == Some("*") };
        let hash = stem.bytes().fold(STEM_SEED, next_hash);
        self.patterns.entry(hash).or_default().push(pattern);
        if let Err(place) = self.stem_lengths.binary_search(&stem.len()) {
            self.stem_lengths.insert(place, stem.len());
        }
        self.stem_filter.resize(FILTER_BITS / 64, 0);
        let (index, bit) = filter_bit(hash);
        if let Some(bits) = self.stem_filter.get_mut(index) {
            *bits |= bit;
        }
        pattern.term
    }

    /// The number of a pattern.
    pub(super) fn pattern(&self, text: &str) -> Option<Term> {
        let hash = stem(text).bytes().fold(STEM_SEED, next_hash);
        let known = self.patterns.get(&hash)?;
        known.iter().find(|pattern| self.text(pattern.term) == text).map(|pattern| pattern.term)
    }

    /// Finds for every word the patterns that it fits, so that no post has to.
    pub(super) fn fit(&mut self) {
        if self.patterns.is_empty() {
            return;
        }
        let mut fitting = Vec::new();
        self.fitting_from = (0..=self.len() as Term)
            .map(|term| {
                let from = fitting.len() as u32;
                self.each_pattern(self.text(term), |pattern| fitting.push(pattern));
                from
            })
            .collect();
        self.fitting = fitting;
    }

    /// The patterns that a word fits, of which the number is known.
    pub(super) fn fitting(&self, word: Term) -> &[Term] {
        match self.fitting_from.get(word as usize..word as usize + 2) {
            Some(&[from, to]) => self.fitting.get(from as usize..to as usize).unwrap_or_default(),
            Some(_) | None => &[],
        }
    }

    /// Visits the patterns that a word fits.
    pub(super) fn each_pattern(&self, word: &str, mut visit: impl FnMut(Term)) {
        let bytes = word.as_bytes();
        let (mut hash, mut hashed) = (STEM_SEED, 0);
        for length in &self.stem_lengths {
            let Some(more) = bytes.get(hashed..*length) else { return };
            hash = more.iter().copied().fold(hash, next_hash);
            hashed = *length;
            let (index, bit) = filter_bit(hash);
            if self.stem_filter.get(index).is_some_and(|bits| bits & bit == 0) {
                continue;
            }
            for pattern in self.patterns.get(&hash).into_iter().flatten() {
                let text = self.text(pattern.term);
                let fits = match pattern.is_prefix {
                    true => word.starts_with(&text[..text.len() - 1]),
                    false => wildcard_matches(text, word),
                };
                if fits {
                    visit(pattern.term);
                }
            }
        }
    }

    fn add(&mut self, text: &str) -> Term {
        let term = self.ends.len() as Term;
        self.letters.push_str(text);
        self.ends.push(self.letters.len() as u32);
        self.uses.push(1);
        term
    }

    fn used(&mut self, term: Term) {
        if let Some(uses) = self.uses.get_mut(term as usize) {
            *uses += 1;
        }
    }
}

/// What a pattern begins with before its first wildcard.
pub(super) fn stem(pattern: &str) -> &str {
    &pattern[..pattern.find(['*', '?']).unwrap_or(pattern.len())]
}

fn filter_bit(hash: u64) -> (usize, u64) {
    let bit = (hash >> 40) as usize % FILTER_BITS;
    (bit / 64, 1 << (bit % 64))
}

/// FNV-1a: the hash of a stem is on the way to the hash of every word that starts with it.
const STEM_SEED: u64 = 0xcbf2_9ce4_8422_2325;

fn next_hash(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}

/// Hashes what is a hash already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().copied().fold(STEM_SEED, next_hash);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
