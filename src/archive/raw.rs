//! Which words has every text that holds certain characters?
//!
//! `raw:` may begin and end inside words, and what surrounds it decides how it is split. This finds what is
//! certain all the same, so that not every post has to be read.

use tantivy::query::Query;
use tantivy::schema::Field;

use crate::query::words;

use super::terms::wildcard;

/// Longest run of letters that is looked up; words are cut not far above.
const MAX_RUN: usize = 200;
/// Shortest beginning of a word that is looked up.
const MIN_STEM: usize = 2;

/// Something that every text with the characters has.
#[derive(Debug, PartialEq, Eq)]
enum Certain {
    /// These words next to each other.
    Words(Vec<String>),
    /// A word that begins so.
    Stem(String),
}

/// Queries that find every post with these characters in a field; none if nothing is certain.
pub(super) fn candidates(
    field: Field,
    characters: &str,
    phrase: impl Fn(Field, &[String]) -> Box<dyn Query>,
) -> Vec<Box<dyn Query>> {
    let query = |certain| match certain {
        Certain::Words(words) => phrase(field, &words),
        Certain::Stem(stem) => Box::new(wildcard(field, &format!("{stem}*"))),
    };
    certain(characters).into_iter().map(query).collect()
}

fn certain(characters: &str) -> Vec<Certain> {
    let enclosed = enclosed(characters).iter().map(|word| word.text.to_owned()).collect::<Vec<_>>();
    let enclosed = (!enclosed.is_empty()).then_some(Certain::Words(enclosed));
    enclosed.into_iter().chain(runs(characters)).collect()
}

/// The words between the first and the last white space: nothing reaches over it.
fn enclosed(characters: &str) -> crate::query::WordList {
    let space = |c: char| c.is_ascii_whitespace();
    let inner = characters.find(space).zip(characters.rfind(space)).and_then(|(from, to)| characters.get(from..to));
    words(inner.unwrap_or_default())
}

/// Runs of ASCII letters and digits with a sign before them that ends every word: a word begins there, and goes on
/// at least as long as the run.
fn runs(characters: &str) -> impl Iterator<Item = Certain> {
    let bytes = characters.as_bytes();
    let starts = (1..bytes.len()).filter(|at| bytes[*at].is_ascii_alphanumeric() && ends_words(bytes[at - 1]));
    starts.filter_map(|start| {
        let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let run = characters.get(start..start + length)?.to_ascii_lowercase();
        let is_whole = bytes.get(start + length).is_some_and(|byte| ends_words(*byte));
        match run.len() {
            MAX_RUN.. => None,
            _ if is_whole => Some(Certain::Words(vec![run])),
            MIN_STEM.. => Some(Certain::Stem(run)),
            _ => None,
        }
    })
}

/// White space and the signs of ASCII that never stand inside a word.
fn ends_words(byte: u8) -> bool {
    byte.is_ascii_whitespace() || (byte.is_ascii_punctuation() && !b"_.':,;\"".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_surroundings_can_change_is_certain() {
        let words = |words: &[&str]| Certain::Words(words.iter().map(|word| (*word).to_owned()).collect());
        let stem = |stem: &str| Certain::Stem(stem.to_owned());
        let cases = [
            ("C++", vec![]),
            ("acme", vec![]),
            ("$ACME", vec![stem("acme")]),
            ("($ACME)", vec![words(&["acme"])]),
            ("x/acme-cloud.", vec![words(&["acme"]), stem("cloud")]),
            (
                " the C++ way of ",
                vec![
                    words(&["the", "c", "way", "of"]),
                    words(&["the"]),
                    words(&["c"]),
                    words(&["way"]),
                    words(&["of"]),
                ],
            ),
            ("is Café Acme's", vec![words(&["cafe"]), stem("caf"), stem("acme")]),
            ("x.y", vec![]),
            ("$x.y", vec![]),
            ("é$ é", vec![]),
            ("a 東京 b", vec![words(&["東", "京"])]),
        ];
        for (characters, expected) in cases {
            assert_eq!(certain(characters), expected, "{characters}");
        }
    }
}
