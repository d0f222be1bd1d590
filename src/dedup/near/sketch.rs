//! What is kept of a post to find and to prove its copies?

use super::commons::Commons;
use super::fold::{self, Said, Shape, Word, mixed};
use super::strip;
use crate::model::Bands;

/// Most words kept of a post; the rest does not count.
pub(super) const MAX_WORDS: usize = 1_024;
/// Up to so many words, typing errors inside of words are forgiven one by one: there are too few words to do without them.
pub(super) const SHORT: usize = 56;
/// Most terms of a post; a power of two.
pub(super) const TERMS: usize = 32;
const TERM_BITS: u32 = TERMS.trailing_zeros();

/// Most quotations around a quotation that are looked through.
const MAX_WRAPPED: usize = 3;
/// Most numbers that are compared.
const MAX_NUMBERS: usize = 48;
/// A body with fewer words is read together with its title.
const MIN_BODY: usize = 12;

/// What is kept of a post.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Sketch {
    /// A hash a word, of all words or the first [`MAX_WORDS`].
    pub(super) words: Vec<u16>,
    /// Of a short post: the shape of each word.
    pub(super) shapes: Vec<Shape>,
    /// Words that are not the author's own, as ranges: quoted ones, and who is credited with them.
    pub(super) foreign: Vec<Foreign>,
    /// Hashes of the numbers and dates, sorted; at most [`MAX_NUMBERS`].
    pub(super) numbers: Vec<u16>,
    terms: Vec<u64>,
}

/// Words from `from` to before `to` that are not the author's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) from: u16,
    pub(super) to: u16,
}

/// The words of a post.
#[derive(Clone, Debug)]
pub struct Words(Vec<Word>);

impl Words {
    /// Reads a post. A title counts where the body is short: many bodies stand under one title.
    pub fn new(title: &str, text: &str) -> Self {
        let text = strip::strip(text);
        let mut words = Vec::with_capacity(text.len().min(fold::MAX_BYTES) / 5 + 16);
        read(text, &mut words);
        if words.len() < MIN_BODY && !title.is_empty() {
            let body = std::mem::take(&mut words);
            fold::fold(title, |word| words.push(word));
            words.extend(body);
        }
        words.truncate(MAX_WORDS);
        Self(words)
    }

    /// Counts the words of a post that opened a story.
    pub fn teach(&self, commons: &mut Commons) {
        commons.learn(&self.0);
    }
}

impl Sketch {
    /// Sketches a post without what it has in common with many stories.
    pub fn new(words: &Words, commons: &Commons) -> Self {
        match commons.strip(&words.0) {
            Some(words) => Self::of(&words),
            None => Self::of(&words.0),
        }
    }

    fn of(words: &[Word]) -> Self {
        let short = words.len() <= SHORT;
        Self {
            words: words.iter().map(key).collect(),
            shapes: if short { words.iter().map(|word| word.shape).collect() } else { Vec::new() },
            foreign: foreign(words),
            numbers: numbers(words),
            terms: terms(words),
        }
    }

    pub(super) fn is_short(&self) -> bool {
        !self.shapes.is_empty()
    }

    /// Under which this post is found, and copies of it are looked for: at most [`TERMS`]. None for a post that says too little.
    pub fn terms(&self) -> &[u64] {
        &self.terms
    }

    /// The least of its terms in each of [`Bands::MAX`] classes: for an index that every entry costs more than the memory.
    pub fn bands(&self) -> Bands {
        let mut bands: Vec<u64> = Vec::with_capacity(Bands::MAX);
        let class = |term: u64| term >> (64 - Bands::MAX.trailing_zeros());
        // Terms come in the order of their classes, the least of finer classes.
        for term in &self.terms {
            match bands.last_mut() {
                Some(last) if class(*last) == class(*term) => *last = (*last).min(*term),
                _ => bands.push(*term),
            }
        }
        Bands(bands)
    }

    /// How much memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.words.len() * 2
            + self.shapes.len() * 4
            + self.foreign.len() * 4
            + self.numbers.len() * 2
            + self.terms.len() * 8
    }
}

/// Reads a text; of one that somebody quotes as a whole, what is quoted.
fn read(text: &str, words: &mut Vec<Word>) {
    fold::fold(text, |word| words.push(word));
    let mut unwrapped;
    let mut text = text;
    for _ in 0..MAX_WRAPPED {
        let own = words.iter().filter(|word| word.said == Said::Own).count();
        if own == words.len() || own >= FEW {
            return;
        }
        unwrapped = fold::unwrap(text);
        text = &unwrapped;
        words.clear();
        fold::fold(text, |word| words.push(word));
    }
}

/// How many of a post's own words another has, where it quotes others; else `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) words: usize,
    pub(super) common: usize,
}

/// With fewer own words, a post says nothing but what it quotes.
const FEW: usize = 6;

impl Own {
    /// Whether what is common is more than what both quote, or what one quotes of the other.
    pub(super) fn agrees(self, is_shorter: bool) -> bool {
        self.words < FEW || (self.common >= FEW && self.common * if is_shorter { 2 } else { 6 } >= self.words)
    }
}

impl Sketch {
    /// How many words from `from` to before `to` are quoted.
    pub(super) fn quoted(&self, from: usize, to: usize) -> usize {
        let within = |range: &Foreign| (range.to as usize).min(to).saturating_sub((range.from as usize).max(from));
        self.foreign.iter().map(within).sum()
    }

    /// Counts own words of which none is common yet, if it quotes at all.
    pub(super) fn own(&self) -> Option<Own> {
        let all = self.words.len();
        (!self.foreign.is_empty()).then(|| Own { words: all - self.quoted(0, all), common: 0 })
    }
}

/// What is kept of a word.
pub(super) fn key(word: &Word) -> u16 {
    (word.hash >> 48) as u16
}

fn foreign(words: &[Word]) -> Vec<Foreign> {
    let mut ranges: Vec<Foreign> = Vec::new();
    for (at, _) in words.iter().enumerate().filter(|(_, word)| word.said != Said::Own) {
        let (at, next) = (at as u16, at as u16 + 1);
        match ranges.last_mut() {
            Some(last) if last.to == at => last.to = next,
            _ => ranges.push(Foreign { from: at, to: next }),
        }
    }
    ranges
}

fn numbers(words: &[Word]) -> Vec<u16> {
    let numbers = words.iter().filter(|word| word.shape.is_date());
    let mut numbers: Vec<u16> = numbers.take(MAX_NUMBERS).map(key).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The least hash of the pairs of words in each of [`TERMS`] classes of hashes.
fn terms(words: &[Word]) -> Vec<u64> {
    let mut least = [u64::MAX; TERMS];
    let mut add = |a: &Word, b: &Word| {
        if a.shape.weight() + b.shape.weight() < 3 {
            return;
        }
        let hash = mixed(a.hash.rotate_left(21) ^ b.hash.wrapping_mul(0xff51_afd7_ed55_8ccd));
        let class = &mut least[(hash >> (64 - TERM_BITS)) as usize];
        *class = (*class).min(hash);
    };
    for pair in words.windows(2) {
        add(&pair[0], &pair[1]);
    }
    if words.len() <= SHORT {
        // A wrong word between two right ones takes both of its pairs.
        for three in words.windows(3) {
            add(&three[0], &three[2]);
        }
    }
    least.into_iter().filter(|hash| *hash != u64::MAX).collect()
}
