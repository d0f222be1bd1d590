//! Which words of a text are about the name that is watched, and which about another?
//!
//! A word belongs to the name that stands nearest in its clause; a clause without a name goes on about what the one
//! before was about. In "I love Acme but Globex is terrible", terrible is Globex.

use super::letters::hash;
use super::lexicon::{LEXICON, WordEntry};
use super::tokens::{Kind, Token, Tokens};

/// What is left of words that are about something else.
const OTHERWISE: f32 = 0.1;
/// In a text about two, what is about ours is said with emphasis.
const OURS: f32 = 1.3;
/// "Better than Acme" is said against Acme.
const BEHIND_THAN: f32 = -1.3;
/// How strong the word beside a name must be so that it is said of that name.
const SAYS_SOMETHING: f32 = 1.0;
/// Shortest name that a handle may begin with: `@acme_support` for `acme`.
const MIN_HANDLE: usize = 4;

/// Names of what is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Hashes of each name's words.
    names: Vec<Vec<u64>>,
    /// Each name in lower case without spaces, as handles and hashtags write it.
    joined: Vec<String>,
}

/// What a token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Ours,
    /// Ours, behind `than`: what is said is said for the other.
    OursBehindThan,
    Other,
}

impl Names {
    /// From names as people write them: `Acme`, `acme cloud`, `@acme`.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut found = Self::default();
        for name in names {
            let name = name.trim().trim_start_matches(['@', '#', '$']).to_lowercase();
            let words: Vec<u64> =
                name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(hash).collect();
            if !words.is_empty() {
                found.names.push(words);
                found.joined.push(name.chars().filter(|c| c.is_alphanumeric()).collect());
            }
        }
        found
    }

    /// How much each token is about what is watched, −1 to 1; empty where all are alike: none of the names
    /// stands there, or nothing else does.
    pub fn about(&self, text: &str, found: &Tokens) -> Vec<f32> {
        let places = self.places(text, found);
        let ours = places.iter().any(|(_, named)| *named != Named::Other);
        let others = places.iter().any(|(_, named)| *named != Named::Ours);
        if !ours || !others {
            return Vec::new();
        }
        let mut about = Vec::with_capacity(found.tokens.len());
        let (mut next, mut topic, mut sentence) = (0, Named::Ours, 0);
        for (at, token) in found.tokens.iter().enumerate() {
            // Another topic is left with the end of its sentence.
            let own = found.clauses[usize::from(token.clause)].sentence;
            if own != sentence {
                (sentence, topic) = (own, Named::Ours);
            }
            while places.get(next).is_some_and(|(place, _)| *place <= at) {
                topic = places[next].1;
                next += 1;
            }
            let nearest = nearest(&places, next, at, token, found).unwrap_or(topic);
            about.push(match nearest {
                Named::Ours => OURS,
                Named::OursBehindThan => BEHIND_THAN,
                Named::Other => OTHERWISE,
            });
        }
        about
    }

    /// Every name in order of place.
    fn places(&self, text: &str, found: &Tokens) -> Vec<(usize, Named)> {
        let hashes: Vec<u64> =
            found.tokens.iter().map(|token| hash(&text[token.start as usize..token.end as usize])).collect();
        let mut places: Vec<(usize, Named)> = Vec::new();
        for (at, token) in found.tokens.iter().enumerate() {
            if self.is_ours(text, token, &hashes[at..]) {
                places.push((at, if behind_than(at, found) { Named::OursBehindThan } else { Named::Ours }));
            } else if is_other(at, found) {
                places.push((at, Named::Other));
            }
        }
        // Who is addressed together with the watched name is no other topic; nor is who it is only compared with.
        let with_ours: Vec<bool> = (0..places.len()).map(|index| stands_with_ours(&places, index, found)).collect();
        let mut index = 0;
        places.retain(|_| {
            index += 1;
            !with_ours[index - 1]
        });
        places
    }

    fn is_ours(&self, text: &str, token: &Token, hashes: &[u64]) -> bool {
        if self.names.iter().any(|name| hashes.starts_with(name)) {
            return true;
        }
        if token.kind != Kind::Address && !token.hashtag {
            return false;
        }
        let written = text[token.start as usize..token.end as usize].trim_start_matches('@');
        let letters: String = written.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        self.joined.iter().any(|name| letters == *name || (name.len() >= MIN_HANDLE && letters.starts_with(name)))
    }
}

/// The name nearest to a token within its clause: of those before `next` the last, of those from it the first.
fn nearest(places: &[(usize, Named)], next: usize, at: usize, token: &Token, found: &Tokens) -> Option<Named> {
    let in_clause = |index: usize| {
        let (place, named) = *places.get(index)?;
        (found.tokens[place].clause == token.clause).then_some((place.abs_diff(at), named))
    };
    let before = next.checked_sub(1).and_then(in_clause);
    let after = in_clause(next);
    match (before, after) {
        (Some(before), Some(after)) => Some(if after.0 < before.0 { after.1 } else { before.1 }),
        (before, after) => before.or(after).map(|(_, named)| named),
    }
}

/// Another name of which something is said: somebody addressed, or an unknown word with a capital, beside `is` or a
/// word of praise or blame. Places, days and bystanders are no topic.
fn is_other(at: usize, found: &Tokens) -> bool {
    let token = &found.tokens[at];
    let mostly_capitals = found.capitals * 2 > found.words;
    let name_like = token.kind == Kind::Word && token.entry == 0 && token.capital && !mostly_capitals;
    if !name_like && token.kind != Kind::Address {
        return false;
    }
    let says = |other: &Token| {
        let known = other.known();
        let sentiment = LEXICON.cue(known.cue).sentiment.unwrap_or(0.0);
        other.kind == Kind::Word && sentiment.abs() >= SAYS_SOMETHING
    };
    let before = at.checked_sub(1).map(|before| &found.tokens[before]);
    if before.is_some_and(|before| before.is(WordEntry::PLACES)) {
        return false;
    }
    let after = found.tokens.get(at + 1);
    let spoken_to = token.kind == Kind::Address && after.is_some_and(|after| after.is(WordEntry::YOU));
    let is_subject = after.is_some_and(|after| says(after) || after.is(WordEntry::BE)) || spoken_to;
    is_subject || before.is_some_and(says) || behind_than(at, found)
}

fn behind_than(at: usize, found: &Tokens) -> bool {
    at > 0 && found.tokens[at - 1].is(WordEntry::THAN)
}

fn stands_with_ours(places: &[(usize, Named)], index: usize, found: &Tokens) -> bool {
    let (at, named) = places[index];
    if named != Named::Other {
        return false;
    }
    let ours_beside = |other: Option<&(usize, Named)>| {
        other.is_some_and(|(place, named)| *named == Named::Ours && place.abs_diff(at) == 1)
    };
    let addressed = found.tokens[at].kind == Kind::Address
        && (ours_beside(places.get(index + 1))
            || ours_beside(index.checked_sub(1).and_then(|before| places.get(before))));
    addressed || (behind_than(at, found) && places.iter().any(|(place, named)| *named == Named::Ours && *place < at))
}
