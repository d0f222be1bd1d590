//! What of a post's words can be learned from?
//!
//! Words, pairs of neighbours, words within reach of a negation, signs between words (`!!`, `:(`), and what the
//! untrained reading said of it. Each is known by a hash, so that no table of words is kept; what a hash stands for is told
//! from the text at hand.

use super::Known;
use crate::query::{WordList, words};

/// Words of a post that are looked at, title first: what a post is about stands at its beginning.
pub const MAX_WORDS: usize = 256;
/// Words behind a negation that are read as denied, unless a sign ends the clause before.
const DENIED: u8 = 3;
/// Signs of one gap between words that are looked at: `!!!!` is `!!!`.
const SIGNS: usize = 3;

/// How far the weight of all words of a post may be expected to move the log-odds of an answer; so for pairs, for signs,
/// and for each thing that the untrained reading said. Chosen on the ground truth of VADER (MIT).
const WORDS_MATTER: f32 = 2.0;
const PAIRS_MATTER: f32 = 1.0;
const SIGNS_MATTER: f32 = 1.0;
const READING_MATTERS: f32 = 1.5;
const USUAL_MATTERS: f32 = 1.0;

const NEGATIONS: &[&str] = &[
    "not", "no", "never", "cannot", "without", "nothing", "nobody", "none", "neither", "nor", "hardly", "barely",
    "cant", "wont", "dont", "didnt", "isnt", "wasnt", "doesnt", "couldnt", "wouldnt", "shouldnt", "havent", "hasnt",
];

/// What a feature stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Word,
    Denied,
    Handle,
    Pair,
    Sign,
    /// There is a link.
    Link,
    /// Something that the untrained reading said.
    Reading,
    /// Stands in every post: what is usual here.
    Usual,
}

/// One thing to learn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Feature {
    pub hash: u32,
    pub value: f32,
    what: What,
    /// Index of the word, or of the first of two, in the stream.
    at: u16,
}

impl Feature {
    /// Whether it stands in every post.
    pub fn is_usual(&self) -> bool {
        self.what == What::Usual
    }
}

/// The words of a post in one row: title, then text, at most [`MAX_WORDS`], without those of links.
#[derive(Debug)]
pub struct Stream<'a> {
    parts: [Part<'a>; 2],
    /// Which part, and which word of it.
    places: Vec<(u8, u32)>,
}

#[derive(Debug)]
struct Part<'a> {
    text: &'a str,
    words: WordList,
}

impl<'a> Stream<'a> {
    /// Reads the words of a title and a text.
    pub fn new(title: &'a str, text: &'a str) -> Self {
        let parts = [title, text].map(|text| Part { text: start_of(text), words: words(start_of(text)) });
        let mut places = Vec::with_capacity(MAX_WORDS.min(parts[0].words.len() + parts[1].words.len()));
        for (number, part) in parts.iter().enumerate() {
            let links = links(part.text);
            for (at, word) in part.words.iter().enumerate() {
                if places.len() < MAX_WORDS && !links.iter().any(|(from, to)| (*from..*to).contains(&word.start)) {
                    places.push((number as u8, at as u32));
                }
            }
        }
        Self { parts, places }
    }

    /// Everything to learn from: the words, and what the untrained reading `known` of the post.
    pub fn features(&self, known: &Known<'_>) -> Vec<Feature> {
        let mut found = Vec::with_capacity(self.places.len() * 5 / 2 + 16);
        self.add_words(&mut found);
        let mut from = level(&mut found, 0, WORDS_MATTER);
        self.add_pairs(&mut found);
        from = level(&mut found, from, PAIRS_MATTER);
        self.add_signs(&mut found);
        level(&mut found, from, SIGNS_MATTER);
        for (number, value) in known.values().into_iter().enumerate() {
            if value != 0.0 {
                let hash = mix(number as u64, What::Reading);
                found.push(Feature { hash, value: value * READING_MATTERS, what: What::Reading, at: 0 });
            }
        }
        found.push(Feature { hash: mix(0, What::Usual), value: USUAL_MATTERS, what: What::Usual, at: 0 });
        found
    }

    /// What a feature stands for, to be shown: `refund`, `not working`, `usual here`.
    pub fn name(&self, feature: &Feature) -> String {
        let at = usize::from(feature.at);
        let word = |at: usize| self.places.get(at).map_or("", |(part, word)| self.word(*part, *word));
        match feature.what {
            What::Word => word(at).to_owned(),
            What::Denied => format!("not … {}", word(at)),
            What::Handle => format!("@{}", word(at)),
            What::Pair => format!("{} {}", word(at), word(at + 1)),
            What::Sign => signs(self.gap_before(at)),
            What::Link => "a link".to_owned(),
            What::Reading => "the untrained reading".to_owned(),
            What::Usual => "what is usual here".to_owned(),
        }
    }

    fn word(&self, part: u8, word: u32) -> &str {
        self.parts.get(usize::from(part)).map_or("", |part| part.words.text(word as usize))
    }

    fn hash(&self, at: usize) -> u64 {
        let Some((part, word)) = self.places.get(at) else { return 0 };
        self.parts[usize::from(*part)].words.hashes().get(*word as usize).copied().unwrap_or_default()
    }

    fn add_words(&self, found: &mut Vec<Feature>) {
        let mut denied = 0;
        for at in 0..self.places.len() {
            let (part, number) = self.places[at];
            if ends_clause(self.gap_before(at)) {
                denied = 0;
            }
            let is_handle = self.parts[usize::from(part)].words.get(number as usize).and_then(|word| word.sigil);
            let what = match (is_handle, denied) {
                (Some('@'), _) => What::Handle,
                (_, 0) => What::Word,
                (_, _) => What::Denied,
            };
            found.push(Feature { hash: mix(self.hash(at), what), value: 1.0, what, at: at as u16 });
            denied = if is_negation(self.word(part, number)) { DENIED } else { denied.saturating_sub(1) };
        }
    }

    fn add_pairs(&self, found: &mut Vec<Feature>) {
        for at in 1..self.places.len() {
            let pair = self.hash(at - 1).rotate_left(23) ^ self.hash(at);
            found.push(Feature { hash: mix(pair, What::Pair), value: 1.0, what: What::Pair, at: (at - 1) as u16 });
        }
    }

    fn add_signs(&self, found: &mut Vec<Feature>) {
        for at in 0..=self.places.len() {
            let signs = signs(self.gap_before(at));
            if !signs.is_empty() {
                let hash = mix(crate::query::hash(&signs), What::Sign);
                found.push(Feature { hash, value: 1.0, what: What::Sign, at: at as u16 });
            }
        }
        if self.parts.iter().any(|part| part.text.contains("://")) {
            found.push(Feature { hash: mix(0, What::Link), value: 1.0, what: What::Link, at: 0 });
        }
    }

    /// What stands between a word and the one before it; behind the last one, for the index after it.
    fn gap_before(&self, at: usize) -> &str {
        let place = |at: usize| {
            let (part, word) = *self.places.get(at)?;
            Some((part, self.parts[usize::from(part)].words.get(word as usize)?))
        };
        let before = at.checked_sub(1).and_then(place);
        let (part, from, to) = match (before, place(at)) {
            (Some((part, before)), Some((same, word))) if part == same => (part, before.end, word.start),
            (_, Some((part, word))) => (part, 0, word.start),
            (Some((part, before)), None) => (part, before.end, self.parts[usize::from(part)].text.len()),
            (None, None) => return "",
        };
        self.parts[usize::from(part)].text.get(from..to).unwrap_or_default()
    }
}

/// Leaves each feature from `from` on once, and gives all of them together the length `matter`, so that long posts do not
/// speak louder than short ones. Returns where the next group begins.
fn level(found: &mut Vec<Feature>, from: usize, matter: f32) -> usize {
    found[from..].sort_by_key(|feature| (feature.hash, feature.at));
    let mut kept = from;
    for at in from..found.len() {
        if at == from || found[at].hash != found[kept - 1].hash {
            found[kept] = found[at];
            kept += 1;
        }
    }
    found.truncate(kept);
    let value = matter / ((kept - from).max(1) as f32).sqrt();
    found[from..].iter_mut().for_each(|feature| feature.value = value);
    kept
}

fn mix(hash: u64, what: What) -> u32 {
    let salted = hash ^ (what as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((salted ^ (salted >> 29)).wrapping_mul(0xFF51_AFD7_ED55_8CCD) >> 32) as u32
}

fn is_negation(word: &str) -> bool {
    word.ends_with("n't") || NEGATIONS.contains(&word)
}

fn ends_clause(gap: &str) -> bool {
    gap.contains(['.', '!', '?', ',', ';', ':', '\n'])
}

/// The first signs of a gap, without white space and what belongs to handles and tags.
fn signs(gap: &str) -> String {
    // A link between two words is none of the signs.
    let gap = gap.split("http").next().unwrap_or_default();
    gap.chars().filter(|sign| !sign.is_whitespace() && !matches!(sign, '@' | '#')).take(SIGNS).collect()
}

/// Where links stand.
fn links(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for scheme in ["http://", "https://", "www."] {
        for (from, _) in text.match_indices(scheme) {
            let end = text[from..].find(char::is_whitespace).map_or(text.len(), |length| from + length);
            found.push((from, end));
        }
    }
    found
}

/// The longest start of a text that may hold the words which are looked at.
pub fn start_of(text: &str) -> &str {
    /// Longer words than these on average are no prose.
    const BYTES: usize = MAX_WORDS * 16;
    let mut end = BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
