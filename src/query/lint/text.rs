//! Does one clause about words imply another, in one text?

use crate::query::ast::{NearOperand, TextClause};
use crate::query::eval::{is_near, wildcard_matches};

/// Whether a text that `one` is true of is one that `other` is true of.
pub(super) fn implies(one: &TextClause, other: &TextClause) -> bool {
    if one == other {
        return true;
    }
    let phrases = phrases(one);
    let in_a_phrase = |test: &dyn Fn(&[String]) -> bool| phrases.iter().any(|phrase| test(phrase));
    match other {
        TextClause::Phrase(wanted) => in_a_phrase(&|phrase| contains(phrase, wanted)),
        TextClause::Wildcard(pattern) => match one {
            TextClause::Wildcard(own) => is_wider(pattern, own),
            _ => in_a_phrase(&|phrase| phrase.iter().any(|word| wildcard_matches(pattern, word))),
        },
        TextClause::Sigil { sigil, words } => match one {
            TextClause::Sigil { sigil: own, words: longer } => own == sigil && longer.starts_with(words),
            _ => false,
        },
        TextClause::Loose { words, extra } => {
            let window = words.len() + *extra as usize;
            let together = |given: &[String]| has_all(given, words);
            match one {
                TextClause::Loose { words: given, extra } => given.len() + *extra as usize <= window && together(given),
                _ => in_a_phrase(&|phrase| phrase.windows(window.min(phrase.len()).max(1)).any(together)),
            }
        }
        TextClause::Near { left, right, distance, ordered } => {
            near_implies(one, left, right, *distance, *ordered)
                || in_a_phrase(&|phrase| stands_near(phrase, left, right, *distance as usize, *ordered))
        }
        TextClause::Raw(part) => matches!(one, TextClause::Raw(whole) if whole.contains(part.as_str())),
        TextClause::ExactCase { .. } => false,
    }
}

/// Words that stand next to each other in every text that a clause is true of.
fn phrases(clause: &TextClause) -> Vec<Vec<String>> {
    match clause {
        TextClause::Phrase(words) | TextClause::ExactCase { words, .. } | TextClause::Sigil { words, .. } => {
            vec![words.clone()]
        }
        TextClause::Loose { words, .. } => words.iter().map(|word| vec![word.clone()]).collect(),
        TextClause::Near { left, right, .. } => [left, right].into_iter().filter_map(|side| only(side)).collect(),
        TextClause::Wildcard(_) | TextClause::Raw(_) => Vec::new(),
    }
}

/// The words of a side of NEAR that has no alternative.
fn only(side: &[NearOperand]) -> Option<Vec<String>> {
    match side {
        [NearOperand::Word(word)] => Some(vec![word.clone()]),
        [NearOperand::Phrase(words)] => Some(words.clone()),
        _ => None,
    }
}

fn contains(phrase: &[String], wanted: &[String]) -> bool {
    !wanted.is_empty() && phrase.windows(wanted.len()).any(|window| window == wanted)
}

/// Whether all of `words` are among `given`, each as often.
fn has_all(given: &[String], words: &[String]) -> bool {
    let count = |list: &[String], word: &String| list.iter().filter(|other| *other == word).count();
    words.iter().all(|word| count(given, word) >= count(words, word))
}

/// Whether every word that fits `own` fits `wide`.
fn is_wider(wide: &str, own: &str) -> bool {
    let stem = own.split(['*', '?']).next().unwrap_or_default();
    wide == own || wide.strip_suffix('*').is_some_and(|wide| !wide.contains(['*', '?']) && stem.starts_with(wide))
}

fn near_implies(one: &TextClause, left: &[NearOperand], right: &[NearOperand], distance: u32, ordered: bool) -> bool {
    let TextClause::Near { left: own_left, right: own_right, distance: own, ordered: own_order } = one else {
        return false;
    };
    let same_way = all_within(own_left, left) && all_within(own_right, right);
    let other_way = all_within(own_left, right) && all_within(own_right, left);
    *own <= distance && ((same_way && (*own_order || !ordered)) || (other_way && !ordered))
}

/// Whether whatever stands where one of `own` is found is also found for one of `wide`, at the same place.
fn all_within(own: &[NearOperand], wide: &[NearOperand]) -> bool {
    own.iter().all(|own| wide.iter().any(|wide| own == wide || is_same_place(own, wide)))
}

fn is_same_place(own: &NearOperand, wide: &NearOperand) -> bool {
    match (own, wide) {
        (NearOperand::Word(word), NearOperand::Wildcard(pattern)) => wildcard_matches(pattern, word),
        (NearOperand::Wildcard(own), NearOperand::Wildcard(wide)) => is_wider(wide, own),
        _ => false,
    }
}

/// Whether both sides stand near enough to each other within a phrase.
fn stands_near(phrase: &[String], left: &[NearOperand], right: &[NearOperand], distance: usize, ordered: bool) -> bool {
    let right = places(phrase, right);
    places(phrase, left).iter().any(|left| right.iter().any(|right| is_near(*left, *right, distance, ordered)))
}

fn places(phrase: &[String], operands: &[NearOperand]) -> Vec<(usize, usize)> {
    let fits = |operand: &NearOperand, at: usize| match operand {
        NearOperand::Word(word) => phrase.get(at).is_some_and(|own| own == word),
        NearOperand::Phrase(words) => phrase.get(at..).is_some_and(|rest| rest.starts_with(words)),
        NearOperand::Wildcard(pattern) => phrase.get(at).is_some_and(|own| wildcard_matches(pattern, own)),
    };
    let of = |operand: &NearOperand| {
        let length = operand.words();
        (0..phrase.len()).filter(|at| fits(operand, *at)).map(|at| (at, at + length - 1)).collect::<Vec<_>>()
    };
    operands.iter().flat_map(of).collect()
}
