//! How many attributes may one tag of this page have?
//!
//! html5ever compares every attribute with all earlier ones of its tag: 40,000 of them in 270 kB take it seconds. Which
//! bytes are a tag only a parser knows (scripts and comments hold what looks like tags), so that every `<` before
//! a letter is read as one, all at the same time: for every state that a reader of tags can be in, the most attributes
//! that any of them has seen. That is never less than what the parser will see.

/// The states of a reader of tags.
#[derive(Clone, Copy)]
enum State {
    TagName,
    /// Where an attribute's name may start.
    Before,
    Name,
    /// Behind a name, where `=` may follow.
    After,
    /// Behind `=`.
    Value,
    DoubleQuoted,
    SingleQuoted,
    Unquoted,
}

use State::{After, Before, DoubleQuoted, Name, SingleQuoted, TagName, Unquoted, Value};

const STATES: [State; 8] = [TagName, Before, Name, After, Value, DoubleQuoted, SingleQuoted, Unquoted];

/// Attributes seen by the readers in each state; `None` where none is.
type Readers = [Option<usize>; STATES.len()];

/// Whether a tag may have more than `limit` attributes.
pub(super) fn more_than(limit: usize, html: &[u8]) -> bool {
    let mut readers = Readers::default();
    let mut at = 0;
    while at < html.len() {
        if readers == Readers::default() {
            let Some(next) = html[at..].iter().position(|byte| *byte == b'<') else { return false };
            at += next;
        }
        readers = step(&readers, html[at]);
        if html[at] == b'<' && html.get(at + 1).is_some_and(u8::is_ascii_alphabetic) {
            readers[TagName as usize].get_or_insert(0);
        }
        if readers.iter().flatten().any(|seen| *seen > limit) {
            return true;
        }
        at += 1;
    }
    false
}

fn step(readers: &Readers, byte: u8) -> Readers {
    let mut next = Readers::default();
    for (state, seen) in STATES.into_iter().zip(readers) {
        let Some(seen) = seen else { continue };
        let Some((to, more)) = follow(state, byte) else { continue };
        next[to as usize] = next[to as usize].max(Some(seen + more));
    }
    next
}

/// The next state and how many attributes have begun; `None` at the end of the tag.
fn follow(state: State, byte: u8) -> Option<(State, usize)> {
    let space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c');
    Some(match (state, byte) {
        (DoubleQuoted, b'"') | (SingleQuoted, b'\'') => (Before, 0),
        (DoubleQuoted | SingleQuoted, _) => (state, 0),
        (_, b'>') => return None,
        (Value, _) if space => (Value, 0),
        (Value, b'"') => (DoubleQuoted, 0),
        (Value, b'\'') => (SingleQuoted, 0),
        (Value | Unquoted, _) if !space => (Unquoted, 0),
        (Name | After, b'=') => (Value, 0),
        (Name | After, _) if space => (After, 0),
        (_, b'/') => (Before, 0),
        (_, _) if space => (Before, 0),
        (Before | After, _) => (Name, 1),
        (_, _) => (state, 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_counted_as_a_parser_would_and_never_less() {
        for (html, count) in [
            ("plain text", 0),
            ("<a>", 0),
            ("<a b c=d e='f g' h=\"i j\" k = l>", 5),
            ("<a/b/c>", 2),
            ("<a =b>", 1),
            ("<a b=c'd e>", 2),
            ("<a b='>' c d>", 3),
            ("<a b=\"x\"c=\"y\">", 2),
            ("<a b c><d e>", 2),
            // whoever reads the first quote as the start of a value sees the tag behind it as text
            ("<x y='<a b c d e>", 4),
            ("<!-- <a b c d> -->", 3),
            ("a < b c d", 0),
        ] {
            assert!(!more_than(count, html.as_bytes()), "{html}: more than {count}");
            assert!(count == 0 || more_than(count - 1, html.as_bytes()), "{html}: less than {count}");
        }
    }
}
