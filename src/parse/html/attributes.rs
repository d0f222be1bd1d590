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

/// All readers of a page, fed piece by piece.
#[derive(Default)]
pub(super) struct Readers {
    /// For every state one more than the attributes that its readers have seen; 0 where there is no reader.
    seen: [u32; STATES.len()],
    /// The last byte was a `<`.
    behind_less: bool,
}

impl Readers {
    /// Reads the next piece; whether a tag has more than `limit` attributes by then.
    pub(super) fn find_more_than(&mut self, limit: u32, piece: &[u8]) -> bool {
        let mut at = 0;
        while at < piece.len() {
            if self.seen == [0; STATES.len()] && !self.behind_less {
                let Some(next) = piece[at..].iter().position(|byte| *byte == b'<') else { return false };
                at += next;
            }
            if self.step(piece[at]) > limit + 1 {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Takes one byte; the most that any reader has seen.
    fn step(&mut self, byte: u8) -> u32 {
        let mut next = [0; STATES.len()];
        let mut most = 0;
        for (state, seen) in STATES.into_iter().zip(self.seen).filter(|(_, seen)| *seen > 0) {
            if let Some((to, more)) = follow(state, byte) {
                let slot = &mut next[to as usize];
                *slot = (*slot).max(seen + more);
                most = most.max(*slot);
            }
        }
        if self.behind_less && byte.is_ascii_alphabetic() {
            next[TagName as usize] = next[TagName as usize].max(1);
        }
        self.behind_less = byte == b'<';
        self.seen = next;
        most
    }
}

/// The next state and how many attributes have begun; `None` at the end of the tag.
fn follow(state: State, byte: u8) -> Option<(State, u32)> {
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
            for size in [1, 3, 100] {
                let more_than = |limit| {
                    let mut readers = Readers::default();
                    html.as_bytes().chunks(size).any(|piece| readers.find_more_than(limit, piece))
                };
                assert!(!more_than(count), "{html}: more than {count}");
                assert!(count == 0 || more_than(count - 1), "{html}: less than {count}");
            }
        }
    }
}
