//! Which watches could match a post, judging by what it has?

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use aho_corasick::AhoCorasick;

use super::anchor::{Anchor, Anchors, covers, post_keys};
use crate::model::Field;
use crate::query::ast::{Expr, Scope};
use crate::query::{Subject, WordList};

/// From anchors to the watches that need one of them. What it costs to ask grows with the post and with
/// the watches found, not with the watches there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    words: Buckets,
    values: Buckets,
    stems: Buckets,
    /// Lengths in bytes that stems have, in order.
    stem_lengths: Vec<usize>,
    characters: Option<AhoCorasick>,
    /// The watches for each pattern of `characters`.
    characters_of: Vec<Vec<u32>>,
    /// Watches that no anchor can rule out, in order.
    always: Vec<u32>,
}

/// Where the entries of a bucket begin and end.
type Range = (u32, u32);

/// Watches by the hash of an anchor.
#[derive(Clone, Debug, Default)]
struct Buckets {
    ranges: HashMap<u64, Range, BuildHasherDefault<Hashed>>,
    entries: Vec<(Scope, u32)>,
}

/// Hashes what is a hash already.
#[derive(Clone, Copy, Debug, Default)]
struct Hashed(u64);

impl Index {
    /// The index over queries, numbered from 0.
    pub(super) fn new<'a>(queries: impl Iterator<Item = &'a Expr>) -> Self {
        let mut index = Self::default();
        let (mut words, mut values, mut stems) = (Vec::new(), Vec::new(), Vec::new());
        let mut characters: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (number, expr) in queries.enumerate() {
            let number = number as u32;
            let Some(anchors) = Anchors::of(expr) else {
                index.always.push(number);
                continue;
            };
            for anchor in anchors.any_of {
                match anchor {
                    Anchor::Word { scope, hash } => words.push((hash, scope, number)),
                    Anchor::Value(key) => values.push((key, Scope::Either, number)),
                    Anchor::Stem { scope, stem } => {
                        index.stem_lengths.push(stem.len());
                        stems.push((stem_hash(stem.as_bytes()), scope, number));
                    }
                    Anchor::Characters(text) => characters.entry(text).or_default().push(number),
                }
            }
        }
        index.stem_lengths.sort_unstable();
        index.stem_lengths.dedup();
        index.words = Buckets::new(words);
        index.values = Buckets::new(values);
        index.stems = Buckets::new(stems);
        index.look_for_characters(characters);
        index
    }

    /// Numbers of the queries that could be true of a post, in order, each once.
    pub(super) fn candidates(&self, subject: &Subject<'_>) -> Vec<usize> {
        let mut found = self.always.clone();
        for (field, list) in [(Field::Title, subject.title), (Field::Text, subject.text)] {
            self.by_word(field, list, &mut found);
        }
        if !self.values.ranges.is_empty() {
            let mut values = Vec::new();
            post_keys(subject.post, |key| values.extend(self.values.range(key)));
            // What a value is about is part of its key; the scope says nothing.
            self.values.add(values, Field::Title, &mut found);
        }
        if let Some(characters) = &self.characters {
            self.by_characters(characters, subject, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|number| number as usize).collect()
    }

    fn by_word(&self, field: Field, list: &WordList, found: &mut Vec<u32>) {
        let words = list.hashes().iter().filter_map(|hash| self.words.range(*hash)).collect();
        self.words.add(words, field, found);
        if self.stem_lengths.is_empty() {
            return;
        }
        let mut stems = Vec::new();
        for position in 0..list.len() {
            self.by_stem(list.text(position).as_bytes(), &mut stems);
        }
        self.stems.add(stems, field, found);
    }

    fn by_stem(&self, word: &[u8], stems: &mut Vec<Range>) {
        let (mut hash, mut hashed) = (STEM_SEED, 0);
        for length in self.stem_lengths.iter().take_while(|length| **length <= word.len()) {
            hash = word[hashed..*length].iter().fold(hash, |hash, byte| next_hash(hash, *byte));
            hashed = *length;
            stems.extend(self.stems.range(hash));
        }
    }

    fn by_characters(&self, characters: &AhoCorasick, subject: &Subject<'_>, found: &mut Vec<u32>) {
        // Each pattern counts once, however often a text repeats it.
        let mut waiting = self.characters_of.iter().map(Some).collect::<Vec<_>>();
        for text in [&subject.post.title, &subject.post.text] {
            for place in characters.find_overlapping_iter(text) {
                let watches = waiting.get_mut(place.pattern().as_usize()).and_then(Option::take);
                found.extend(watches.into_iter().flatten());
            }
        }
    }

    fn look_for_characters(&mut self, wanted: BTreeMap<String, Vec<u32>>) {
        if wanted.is_empty() {
            return;
        }
        match AhoCorasick::new(wanted.keys()) {
            Ok(automaton) => {
                self.characters = Some(automaton);
                self.characters_of = wanted.into_values().collect();
            }
            // Too many or too long for an automaton: then these watches are asked about every post.
            Err(_) => {
                self.always.extend(wanted.into_values().flatten());
                self.always.sort_unstable();
            }
        }
    }
}

impl Buckets {
    fn new(mut anchors: Vec<(u64, Scope, u32)>) -> Self {
        anchors.sort_unstable_by_key(|(hash, _, number)| (*hash, *number));
        let mut buckets = Self { ranges: HashMap::default(), entries: Vec::with_capacity(anchors.len()) };
        for (hash, scope, number) in anchors {
            let start = buckets.entries.len() as u32;
            buckets.entries.push((scope, number));
            buckets.ranges.entry(hash).or_insert((start, start)).1 = start + 1;
        }
        buckets
    }

    fn range(&self, hash: u64) -> Option<Range> {
        self.ranges.get(&hash).copied()
    }

    /// Adds the watches of the buckets whose scope covers the text that they were found in. A long text
    /// names the same words again and again; each bucket is opened once.
    fn add(&self, mut buckets: Vec<Range>, field: Field, found: &mut Vec<u32>) {
        buckets.sort_unstable();
        buckets.dedup();
        for (start, end) in buckets {
            let entries = self.entries.get(start as usize..end as usize).unwrap_or_default();
            found.extend(entries.iter().filter(|(scope, _)| covers(*scope, field)).map(|(_, number)| *number));
        }
    }
}

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = stem_hash(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// FNV-1a: the hash of a stem is on the way to the hash of every word that starts with it.
const STEM_SEED: u64 = 0xcbf2_9ce4_8422_2325;

fn next_hash(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
}

fn stem_hash(stem: &[u8]) -> u64 {
    stem.iter().fold(STEM_SEED, |hash, byte| next_hash(hash, *byte))
}
